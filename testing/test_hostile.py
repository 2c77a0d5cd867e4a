# SPDX-License-Identifier: MIT
"""Servers that mean harm, in every protocol: nothing local is read or overwritten, nothing secret goes elsewhere, every
call ends soon with a result or an error of this library, and other jobs of the same client go on.

    python3 -m unittest testing.test_hostile
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import json
import socket
import unittest
from pathlib import Path
from typing import Any, Iterator
from unittest import mock

import gradio_lite_client as glc
from testing.faults import (
    PLACES,
    PROTOCOLS,
    QUEUED,
    RECORD,
    RESULT,
    SHARED,
    Fault,
    RawApp,
    chunk,
    config_of,
    event_stream,
    forever,
    frame,
    http_bytes,
    instead,
    json_bytes,
    messages_of,
)
from testing.support import DEADLINE, MS, ClientCase

PATIENCE = 300 * MS
BOUND = 2 * PATIENCE + 5000 * MS  # twice the timeout, and what a busy machine adds
MARK = {"meta": {"_type": "gradio.FileData"}}
SHAPES = ("ws", "sse", "sse_v3", "http")  # one of each kind of conversation
Json = Any


class HostileCase(ClientCase):
    def raw_app(self, protocol: str, **more: Any) -> RawApp:
        app: RawApp = self.enter(RawApp(protocol, **more))
        return app

    def ends(self, kind: str, client: glc.Client, *args: Any) -> Any:
        """Call: the value, or the error, which must be one of this library."""
        with RECORD.timed(kind, BOUND):
            try:
                return client.predict(*(args or ("x", None)))
            except glc.GradioError as error:
                self.assertEqual(error.endpoint, "/predict")
                self.assertLess(len(str(error)), 2000)
                return error

    def goes_on(self, app: RawApp, client: glc.Client) -> None:
        app.heal()
        app.say(messages_of(app.protocol))
        app.answers["run"] = json_bytes({"data": [RESULT]})
        self.assertEqual(client.predict("x", None), RESULT)

    def gives(self, app: RawApp, value: Json) -> None:
        """From now on this is the result."""
        app.say(messages_of(app.protocol, value=value))
        app.answers["run"] = json_bytes({"data": [value]})


def files_named(path: str, url: str | None = None, name: str | None = None) -> dict[str, Json]:
    """All that some release of Gradio would send for a file."""
    fields = {"url": url, "size": 5, "orig_name": name or path, "mime_type": "text/plain", "is_stream": False}
    return {
        "marked": {"path": path, **fields, **MARK},
        "marked, a stream": {"path": path, **fields, **MARK, "is_stream": True},
        "marked, bare": {"path": path, **MARK},
        "unmarked": {"path": path, **fields},
        "old": {"name": path, "data": None, "is_file": True, "orig_name": name or path, "size": 5},
        "old, with data": {"name": path, "data": "data:text/plain;base64,aGVsbG8=", "is_file": False},
        "text": path,
        "video": {"video": {"path": path, **fields, **MARK}, "subtitles": None},
        "gallery": [{"image": {"path": path, **fields, **MARK}, "caption": None}],
    }


class LocalFileTest(HostileCase):
    """What the server names is on the server: nothing of the same name is read here, and nothing is written over."""

    def setUp(self) -> None:
        super().setUp()
        self.secret = self.folder() / "secret.txt"
        self.secret.write_text("do not tell")
        self.opened: list[str] = []
        real = builtins.open

        def opening(file: Any, *args: Any, **options: Any) -> Any:
            self.opened.append(str(file))
            return real(file, *args, **options)

        self.patch(builtins, "open", opening)

    def check_untouched(self, app: RawApp) -> None:
        self.assertNotIn(str(self.secret), self.opened)
        self.assertEqual(self.secret.read_text(), "do not tell")
        for body in app.bodies:
            self.assertNotIn(b"do not tell", body)

    def test_defaults(self) -> None:
        for protocol in PROTOCOLS:
            for shape, default in files_named(str(self.secret)).items():
                for kind in ("file", "video", "json", "gallery") if protocol == "sse_v3" else ("file",):
                    with self.subTest(protocol, shape=shape, kind=kind):
                        config = config_of(protocol)
                        config["components"][1].update(type=kind, props={"value": default})
                        app = self.raw_app(protocol)
                        app.answers["config"] = json_bytes(config)
                        parameter = {"parameter_has_default": True, "parameter_default": default}
                        named = {"parameters": [{}, parameter], "returns": [{}]}
                        app.answers["info"] = json_bytes({"named_endpoints": {"/predict": named}})
                        client = self.client(app.url)
                        self.assertIn("/predict", str(client.view_api(print_info=False, return_format="str")))
                        with contextlib.suppress(TypeError):  # text where a file is wanted
                            self.assertEqual(self.ends("file of ours as a default", client, "x"), RESULT)
                        client.close()
                        self.check_untouched(app)
                        self.assertNotIn("upload", app.seen.queue)

    def test_outputs_and_outputs_as_arguments(self) -> None:
        for protocol in PROTOCOLS:
            app = self.raw_app(protocol)
            client = self.client(app.url)
            keeping = self.client(app.url, download_files=False)
            for shape, value in files_named(str(self.secret)).items():
                with self.subTest(protocol, shape=shape):
                    self.gives(app, value)
                    for one in (client, keeping):
                        output = self.ends("file of ours as an output", one)
                        if not isinstance(output, str):
                            with contextlib.suppress(TypeError):  # a dict with a mark, of a server that marks no files
                                self.ends("file of ours as an output", one, "x", output)
                        if isinstance(output, glc.FileData):
                            self.assertIn(output.read(), (b"contents of a file", b"hello"))
                    self.check_untouched(app)
            client.close()
            keeping.close()
        for path in self.files():
            self.assertIn((self.downloads / path).read_bytes(), (b"contents of a file", b"hello"))

    NAMES = (
        *("..", ".", "/", "\\", "", " ", "...", "../../../../evil.txt", "..\\..\\evil.txt", "/etc/cron.d/evil"),
        *("C:\\Windows\\evil.txt", "C:evil.txt", "\\\\host\\share\\evil", "//host/share/evil", "~/.ssh/evil", "~"),
        *("nul", "CON", "aux.txt", "COM1.log", "lpt¹", "a\0b", "\0", "a\nb", "a\r\nX-Evil: 1", "a:b", "a:$DATA"),
        *("x" * 4096, "é" * 4096, "x." + "y" * 4096, "\ud800", "\u202etxt.exe", ".bashrc", "a. . .", 'a|b<c>d?e*f"g'),
        *("file:///etc/passwd", "http://127.0.0.1:1/x", "%2e%2e%2fevil", "..%2fevil", "a/../../evil", "-rf", "$(evil)"),
    )

    def test_names(self) -> None:
        """As the file's name and as its path, saved by the client and by FileData."""
        place = self.folder()
        for protocol in SHAPES:
            app = self.raw_app(protocol)
            client = self.client(app.url)
            keeping = self.client(app.url, download_files=False)
            shape = {"ws": "old", "sse": "unmarked"}.get(protocol, "marked")
            for name in self.NAMES:
                for value in (files_named("/srv/x", name=name)[shape], files_named(name)[shape]):
                    with self.subTest(protocol, name=name[:30]):
                        self.gives(app, value)
                        output = self.ends("hostile name", client)
                        if isinstance(output, glc.FileData):  # a path that cannot be asked for, or of another host
                            with self.assertRaises(glc.GradioError):
                                output.read()
                        else:
                            path = Path(output)
                            self.assertEqual(path.parent.parent, self.downloads)
                            self.assertEqual(path.name, glc.safe_name(path.name))
                            self.assertEqual(path.read_bytes(), b"contents of a file")
                        if protocol == "sse_v3":
                            output = self.ends("hostile name", keeping)
                            with contextlib.suppress(glc.GradioError):
                                self.assertEqual(Path(output.save(place)).parent, place)
            client.close()
            keeping.close()
        self.assertEqual({path.name for path in self.downloads.parent.glob("*evil*")}, set())
        self.assertEqual(self.secret.read_text(), "do not tell")
        for found in self.files():
            self.assertEqual(len(Path(found).parts), 2, found)

    def test_addresses(self) -> None:
        """The server's URLs for its files are not asked, wherever they lead."""
        evil = self.raw_app("sse_v3")
        evil.answers["other"] = http_bytes(b"stolen")
        for protocol in PROTOCOLS:
            app = self.raw_app(protocol, root=evil.url)
            client = self.client(app.url, headers={"Authorization": "secret"})
            for url in (
                evil.url + "/x",
                f"//{evil.host}/x",
                self.secret.as_uri(),
                "ftp://127.0.0.1/x",
                "data:;base64,%%%",
            ):
                for shape, value in files_named("/srv/a.txt", url=url).items():
                    with self.subTest(protocol, url=url, shape=shape):
                        self.gives(app, value)
                        self.ends("address of a file", client)
            client.close()
            self.check_untouched(app)
        self.assertEqual(list(evil.seen.queue), [])

    def test_data_that_are_none(self) -> None:
        """Contents in the message itself, in broken base64."""
        app = self.raw_app("ws")
        client = self.client(app.url)
        for data in ("data:a/b;base64,=", "data:a/b;base64,a", "data:;base64,\u00e9", "data:a/b;base64," + "A" * 4097):
            with self.subTest(data[:30]):
                self.gives(app, {"name": "a", "data": data, "is_file": False})
                output = self.ends("broken base64", client)
                if not isinstance(output, str):
                    self.raises(glc.ProtocolError, output.read)
        client.close()


class ElsewhereTest(HostileCase):
    """Nothing secret leaves the app's origin."""

    SECRETS = {"headers": {"Authorization": "secret"}, "cookies": {"a": "secret"}, "token": "secret"}

    def test_redirects_to_another_origin(self) -> None:
        evil = self.raw_app("sse_v3")
        for protocol in PROTOCOLS:
            app = self.raw_app(protocol)
            client = self.client(app.url, **self.SECRETS)
            self.gives(app, files_named("/srv/a.txt")["old" if protocol == "ws" else "marked"])
            for place in (*PLACES[protocol], "info", "upload", "file"):
                for status in ("302 Found", "307 Temporary"):
                    for target in (evil.url + "/x", f"//{evil.host}/x", f"http://user:pass@{evil.host}/x"):
                        with self.subTest(protocol, place=place, status=status):
                            app.spoil(place, instead(http_bytes(b"", f"Location: {target}", status=status)))
                            with RECORD.timed("redirect to another origin", BOUND), self.assertRaises(glc.GradioError):
                                if place == "info":
                                    client.view_api(print_info=False)
                                    raise glc.HTTPError  # a POST that is not followed is one of these
                                result = client.predict("x", glc.handle_file(b"a") if place == "upload" else None)
                                if place == "file":  # which is asked for elsewhere only by whoever reads it
                                    raise glc.HTTPError if isinstance(result, glc.FileData) else ValueError(result)
                            app.heal()
            client.close()
        self.assertEqual(list(evil.seen.queue), [])

    def test_redirects_to_what_is_no_address(self) -> None:
        """For a config, whose redirects are followed anywhere, and for the others."""
        for target in (
            *(
                "",
                "http://",
                "https:///x",
                "http://[",
                "http://[::1",
                "http://a:99999/",
                "http://a:x/",
                "//",
                "file:///x",
            ),
            *(
                "http://" + "a" * 64 + ".example/",
                "http://.example/",
                "http://a..b/",
                "http://\xff\xff/",
                "javascript:1",
            ),
            *(
                "data:text/html,x",
                "ftp://127.0.0.1/",
                "http://127.0.0.1:0/",
                "http:x",
                "\x00",
                "http://a\tb/",
                "?" * 5000,
            ),
        ):
            answer = http_bytes(b"", f"Location: {target}".encode().decode("latin-1"), status="307 Temporary Redirect")
            app = self.raw_app("sse_v3")
            client = self.client(app.url)
            self.resolve()
            with self.subTest(target[:40]):
                app.spoil("join", instead(answer))
                self.assertIsInstance(self.ends("redirect to no address", client), glc.GradioError)
                app.spoil("config", instead(answer))
                with RECORD.timed("redirect to no address", BOUND), self.assertRaises(glc.GradioError):
                    self.client(app.url)
                client.close()
            app.close()

    def test_cookies_for_others(self) -> None:
        """None is kept for another host, port or path, none is broken enough to do harm."""
        other = self.raw_app("sse_v3")
        cookies = (
            *("a=1; Domain=example.com", "a=1; Domain=.com", "a=1; Domain=127.0.0.1", f"a=1; Domain={other.host}"),
            *(
                "a=1; Domain=localhost",
                "a=1; Path=/elsewhere",
                "a=1; Secure",
                "=",
                ";",
                "a",
                "a=1; Max-Age=9e99",
                "a=\x01",
            ),
            *("a=1; Expires=never", "a=1; Version=x", 'a="1', "a=1; Port=x", "a=" + "x" * 8000, "\xff=\xff", "a=1,b=2"),
            *("__Host-a=1; Path=/x", "a=1; Expires=Thu, 01 Jan 99999 00:00:00 GMT", "a=1; Max-Age=" + "9" * 5000),
        )
        for cookie in cookies:
            with self.subTest(cookie[:40]):
                app = self.raw_app("sse_v3")
                app.answers["config"] = app.answers["config"].replace(
                    b"\r\n", f"\r\nSet-Cookie: {cookie}\r\n".encode("latin-1"), 1
                )
                with mock.patch("warnings.warn"):  # how http.cookiejar complains
                    client = self.client(app.url)
                    self.assertEqual(self.ends("hostile cookie", client), RESULT)
                sent = [header for header in app.heads if b"cookie" in header.lower()]
                if any(word in cookie for word in ("example", ".com", "Path=/", "Secure")):
                    self.assertEqual(sent, [])
                client._http.request("GET", other.url + "/info").close()
                client.close()
        self.assertFalse([head for head in other.heads if b"cookie" in head.lower()])


class FloodTest(HostileCase):
    """What does not end, ends: by the limits of lines, heads and bodies, or by the timeout."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(glc, "MAX_EVENT_BYTES", 200_000)
        self.patch(glc, "CLOSING_SECONDS", PATIENCE)

    def test_every_flood(self) -> None:
        ok = b"HTTP/1.1 200 OK\r\n"
        chunked = ok + b"Transfer-Encoding: chunked\r\n\r\n"
        block = b"x" * 50_000
        floods: dict[str, Fault] = {
            "line of a status": forever(b"HTTP/1.1 200 ", block),
            "line of a header": forever(ok + b"X: ", block),
            "headers": forever(ok, b"X: y\r\n" * 1000),
            "100 Continue": forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
            "body": forever(ok + b"\r\n", block),
            "body of an error": forever(b"HTTP/1.1 500 No\r\n\r\n", block),
            "chunks": forever(chunked, chunk(block)),
            "chunk size": forever(chunked, b"0" * 50_000),
            "chunk extension": forever(chunked + b"5;", block),
            "trailers": forever(chunked + chunk(b"[1]") + b"0\r\n", b"X: y\r\n" * 1000),
        }
        for protocol in PROTOCOLS:
            app = self.raw_app(protocol)
            client = self.client(app.url, timeout=PATIENCE)
            known = SHARED[:-1] + ("sse",)  # for floods that only time ends: as the others
            for place in PLACES[protocol]:
                for name, fault in floods.items():
                    in_stream = place == "stream" or (place == "join" and protocol == "sse")
                    timed = name in ("trailers", "100 Continue")
                    if timed and (in_stream or place == "run" or protocol in known):
                        continue  # a server that is alive is believed, as with heartbeats
                    with self.subTest(protocol, place=place, name=name):
                        app.spoil(place, fault)
                        self.assertIsInstance(self.ends("flood", client), glc.GradioError)
            client._http.timeout = DEADLINE
            self.goes_on(app, client)
            client.close()

    def test_in_streams(self) -> None:
        """Lines, events, fragments without end: even empty ones."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
        for name, start, data in (
            ("line", b"data: ", b"x" * 50_000),
            ("event", b"", b"data: x\n" * 1000),
            ("empty lines of data", b"", b"data\n" * 1000),
            ("line of a comment", b": ", b"x" * 50_000),
            ("line that is no field", b"", b"\xff" * 50_000),
        ):
            for protocol in ("sse_v3", "sse"):
                with self.subTest(protocol, name=name):
                    app = self.raw_app(protocol)
                    client = self.client(app.url)
                    place = PLACES[protocol][-1] if protocol != "sse" else "join"
                    app.spoil(place, forever(head + start, data))
                    error = self.ends("flood", client)
                    self.assertIn("more than 200000 bytes", str(error))
                    client.close()
        for name, frames in (
            ("fragments", frame(b"x" * 1000, 0, fin=False)),
            ("empty fragments", frame(b"", 0, fin=False) * 1000),
            ("a huge frame", bytes([0x81, 127]) + (1 << 62).to_bytes(8, "big")),
        ):
            with self.subTest(name):
                app = self.raw_app("ws")
                client = self.client(app.url)
                app.answers["join"] = frame(b"x", 1, fin=False) if "fragments" in name else b""

                def flood(app: RawApp, sock: socket.socket, answer: bytes, frames: bytes = frames) -> None:
                    forever(answer, frames)(app, sock, answer)

                app.spoil("join", flood)
                self.assertIsInstance(self.ends("flood", client), glc.ProtocolError)
                client.close()

    def test_after_the_end_of_a_websocket(self) -> None:
        """The closing handshake is no reason to listen for ever."""
        app = self.raw_app("ws")
        client = self.client(app.url)
        app.spoil("join", lambda app, sock, answer: forever(answer[:-4], frame(b"{}") * 100)(app, sock, answer))
        with RECORD.timed("flood", BOUND):
            self.assertEqual(client.predict("x", None), RESULT)

    def test_while_the_client_says_goodbye(self) -> None:
        """A download that floods can be ended by close()."""
        app = self.raw_app("sse_v3")
        self.gives(app, files_named("/srv/a")["marked"])
        client = self.client(app.url)
        app.spoil("file", forever(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000))
        job = client.submit("x", None)
        while app.seen.get(timeout=DEADLINE) != "file":
            pass
        with RECORD.timed("flood", BOUND):
            client.close()
            self.raises(glc.ConnectionLost, job.result, DEADLINE)
        self.assertEqual(self.files(), [])


def nested(depth: int, kind: str = "list") -> bytes:
    return b"[" * depth + b"]" * depth if kind == "list" else b'{"a":' * depth + b"1" + b"}" * depth


def places(tree: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a JSON tree."""
    yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def changed(tree: Json, path: tuple[Any, ...], value: Json) -> Json:
    if not path:
        return value
    tree = copy.copy(tree)
    tree[path[0]] = changed(tree[path[0]], path[1:], value)
    return tree


class ValueTest(HostileCase):
    """JSON that is too deep, too large, or something else than it should be."""

    DEPTHS = (100, 900, 990, 100_000)
    NUMBERS = (b"9" * 400, b"9" * 5_000, b"-1e999", b"1e999", b"NaN", b"-0", b"1" + b"0" * 100_000)

    def spoiled(self, answer: bytes, value: bytes) -> bytes:
        """An answer with this JSON in the place of "VALUE"."""
        head, _, body = answer.partition(b"\r\n\r\n")
        body = body.replace(b'"VALUE"', value)
        names = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
        return b"\r\n".join([*names, b"Content-Length: %d" % len(body), b"", b""]) + body

    def hostile_values(self) -> list[bytes]:
        return [nested(depth, kind) for depth in self.DEPTHS for kind in ("list", "dict")] + list(self.NUMBERS)

    def test_in_results(self) -> None:
        for protocol in (*SHAPES, "sse_v1"):
            app = self.raw_app(protocol)
            client = self.client(app.url)
            for value in self.hostile_values():
                for field in ("output", "rank", "eta", "progress"):
                    with self.subTest(protocol, value=value[:20], field=field):
                        self.say_raw(app, field, value)
                        given = self.ends("hostile value", client)
                        if len(value) < 600 and field != "output":
                            self.assertEqual(given, RESULT)
            self.goes_on(app, client)
            client.close()

    def say_raw(self, app: RawApp, field: str, value: bytes) -> None:
        """A conversation in which one message has this JSON."""
        named = {} if app.protocol == "ws" else {"event_id": "id"}
        messages = messages_of(app.protocol, value="VALUE" if field == "output" else RESULT)
        extra: dict[str, dict[str, Any]] = {
            "rank": {"msg": "estimation", "rank": "VALUE", "queue_size": "VALUE", "rank_eta": "VALUE", **named},
            "eta": {"msg": "process_starts", "eta": "VALUE", **named},
            "progress": {"msg": "progress", "progress_data": [{"index": "VALUE", "length": "VALUE"}], **named},
        }
        if field in extra:
            messages.insert(-2, extra[field])
        texts = [json.dumps(message).encode().replace(b'"VALUE"', value) for message in messages]
        app.answers["run"] = self.spoiled(json_bytes({"data": ["VALUE" if field == "output" else RESULT]}), value)
        if app.protocol == "ws":
            close = frame((1000).to_bytes(2, "big"), 8)
            app.answers["join"] = b"".join(map(long_frame, texts)) + close
        else:
            place = "join" if app.protocol == "sse" else "stream"
            events = b"".join(chunk(b"data: " + text + b"\n\n") for text in texts)
            app.answers[place] = event_stream([], end=False) + events + b"0\r\n\r\n"

    def test_in_the_config_and_the_info(self) -> None:
        for value in self.hostile_values():
            for place in (
                "version",
                "protocol",
                "max_file_size",
                "components",
                "props",
                "label",
                "dependencies",
                "id",
                "inputs",
            ):
                with self.subTest(value[:20], place=place):
                    config = config_of("sse_v3", max_file_size=None)
                    component, entry = config["components"][0], config["dependencies"][0]
                    holder = {"props": component, "label": component["props"], "id": entry, "inputs": entry}.get(
                        place, config
                    )
                    holder[place] = "VALUE"
                    app = self.raw_app("sse_v3")
                    app.answers["config"] = self.spoiled(json_bytes(config), value)
                    self.use(app)
            for place in ("parameter_default", "parameter_name", "type", "python_type", "label"):
                with self.subTest(value[:20], place=place):
                    app = self.raw_app("sse_v3")
                    parameter = {"parameter_has_default": True, place: "VALUE"}
                    named = {"/predict": {"parameters": [parameter, parameter], "returns": [{place: "VALUE"}]}}
                    app.answers["info"] = self.spoiled(json_bytes({"named_endpoints": named}), value)
                    self.use(app)

    def use(self, app: RawApp) -> None:
        """Connect, look and call: all of it works, or is an error that a caller expects."""
        with RECORD.timed("hostile value", BOUND), contextlib.suppress(glc.GradioError, TypeError, ValueError):
            with self.client(app.url) as client:
                with contextlib.suppress(glc.GradioError):
                    client.view_api(print_info=False)
                client.predict("x", None)
        app.close()

    def test_in_short_answers(self) -> None:
        app = self.raw_app("sse_v3")
        client = self.client(app.url)
        for value in (
            *self.hostile_values(),
            b"null",
            b"[]",
            b"{}",
            b'""',
            b"[[]]",
            b"[null]",
            b'["a","b"]',
            b'{"event_id":[]}',
        ):
            for place, argument in (("join", None), ("upload", glc.handle_file(b"a", "a"))):
                for template in ('"VALUE"', '{"event_id":"VALUE"}', '["VALUE"]', '{"detail":"VALUE"}'):
                    for status in ("200 OK", "422 No", "500 No", "503 No"):
                        with self.subTest(value[:20], place=place, template=template, status=status):
                            body = template.encode().replace(b'"VALUE"', value)
                            app.spoil(place, instead(http_bytes(body, status=status)))
                            self.assertIsInstance(self.ends("hostile value", client, "x", argument), glc.GradioError)
        self.goes_on(app, client)

    WRONG: tuple[Json, ...] = (None, True, -1, 1e300, "wrong", [], {"a": 1}, ["replace"])

    def test_wrong_types_in_messages(self) -> None:
        for protocol in (*SHAPES, "sse_v1"):
            app = self.raw_app(protocol)
            client = self.client(app.url)
            whole = messages_of(protocol) if protocol != "http" else {"data": [RESULT], "is_generating": False}
            for path in places(whole):
                for wrong in self.WRONG:
                    if path and path[-1] == "event_id" and wrong == "id":
                        continue
                    with self.subTest(protocol, path=path, wrong=wrong):
                        spoiled = changed(whole, path, wrong)
                        if protocol == "http":
                            app.answers["run"] = json_bytes(spoiled)
                        else:
                            app.say(spoiled if isinstance(spoiled, list) else [spoiled])
                            if protocol in SHARED:  # and no second stream
                                app.spoil("stream", *self.once(app))
                        self.ends("wrong type", client)
            self.goes_on(app, client)
            client.close()

    def once(self, app: RawApp) -> list[Fault]:
        """The stream, and after it another that brings nothing."""
        return [instead(app.answers["stream"]), instead(event_stream([]))]


def long_frame(data: bytes) -> bytes:
    return frame(data) if len(data) < 1 << 16 else bytes([0x81, 127]) + len(data).to_bytes(8, "big") + data


class MessageTest(HostileCase):
    """Messages that should not be, beside those of a job that goes on."""

    BAD: dict[str, list[Json]] = {
        "two completions": [{"msg": "process_completed", "success": True, "output": {"data": [n]}} for n in (1, 2)],
        "a completion without output": [{"msg": "process_completed", "success": True}],
        "no data": [{"msg": "process_completed", "success": True, "output": {}}],
        "data that are none": [{"msg": "process_completed", "success": True, "output": {"data": "x"}}],
        "an error that is none": [{"msg": "process_completed", "success": False, "output": {"error": [{}]}}],
        "fields of an error": [
            {"msg": "process_completed", "success": False, "output": {"error": "x", "self": 1, "message": 2, "args": 3}}
        ],
        "more values than outputs": [{"msg": "process_completed", "success": True, "output": {"data": [1] * 1000}}],
        "no values": [{"msg": "process_completed", "success": True, "output": {"data": []}}],
        "values after the end": [
            {"msg": "process_completed", "success": True, "output": {"data": [1]}},
            {"msg": "process_generating", "success": True, "output": {"data": [2]}},
        ],
        "queue_full after the start": [{"msg": "process_starts"}, {"msg": "queue_full"}],
        "cancelled, though nobody asked": [{"msg": "cancelled", "steps": ["close", "reset", 5]}],
        "joined again": [{"msg": "joined"}, {"msg": "process_completed", "success": True, "output": {"data": [1]}}],
        "a message without a name": [{"nothing": 1}, {"msg": 5}, {"msg": None}, [], "text", 5, None],
        "a log of anything": [
            {"msg": "log", "log": {"a": [1]}, "level": []},
            {"msg": "progress", "progress_data": {"a": 1}},
        ],
    }
    DIFFS: tuple[Json, ...] = (
        *([["replace", [], 1], 5], [["replace"]], [["add", ["a"], 1]], [["add", [5], 1]], [["delete", [], None]]),
        *(
            [["append", [], 1]],
            [["append", [0], "x"]],
            [["explode", [], 1]],
            [["replace", [0, 0, 0], 1]],
            [[None, None, None]],
        ),
        *([["replace", [{}], 1]], [["replace", [[]], 1]], [["add", [10**30], 1]], [["delete", ["__class__"], None]]),
        *(
            [["replace", "text", 1]],
            [["replace", 5, 1]],
            {"a": 1},
            "text",
            5,
            [["add", [True], 1]] * 1000,
            [["add", [-1e300], 1]],
        ),
    )

    def beside(self, protocol: str, kind: str, messages: list[Json]) -> Any:
        """What becomes of a job that gets these, while another on the same stream must not notice."""
        server = self.scripted(protocol=protocol, version="6.31.0" if protocol == "sse_v3" else "4.20.0")
        server.on("POST", "/queue/join", {"event_id": "good"}, {"event_id": "bad"})
        client = self.client(server.url)
        good = client.submit("x")
        stream = server.next_stream()
        stream.push({"msg": "process_starts", "event_id": "good"}, {"msg": "process_starts", "event_id": "unknown"})
        bad = client.submit("x")
        server.wait_for("POST", "/queue/join", 2)
        with RECORD.timed(kind, BOUND):
            stream.push(*({**m, "event_id": "bad"} if isinstance(m, dict) else m for m in messages))
            stream.push({"msg": "process_completed", "event_id": ["bad"], "output": {"data": [1]}})
            stream.push(self.completed("y", event_id="unknown"), self.completed("late", event_id="bad"))
            error = bad.exception(DEADLINE)
            self.assertTrue(error is None or isinstance(error, glc.GradioError), error)
            stream.push(self.completed("fine", event_id="good"))
            self.assertEqual(good.result(DEADLINE), "fine")
        stream.end()
        self.assertEqual(good.outputs(), ["fine"])
        client.close()
        return error if error else bad.result()

    def test_beside_a_job_on_the_same_stream(self) -> None:
        for protocol in SHARED:
            for name, messages in self.BAD.items():
                with self.subTest(protocol, name=name):
                    self.beside(protocol, "hostile message", messages)
        self.assertEqual(self.beside("sse_v3", "hostile message", self.BAD["two completions"]), 1)
        self.assertEqual(self.beside("sse_v3", "hostile message", self.BAD["values after the end"]), 1)

    def test_diffs(self) -> None:
        for protocol in ("sse_v2", "sse_v2.1", "sse_v3"):
            for edits in self.DIFFS:
                with self.subTest(protocol, edits=str(edits)[:40]):
                    values = [["a"], edits]
                    messages = [{"msg": "process_generating", "success": True, "output": {"data": [v]}} for v in values]
                    given = self.beside(protocol, "bad diff", messages)
                    self.assertTrue(isinstance(given, glc.ProtocolError) or given == "late", given)

    def test_streams_that_end_nothing(self) -> None:
        """A stream that ends too early is opened again, but not for ever."""
        for protocol in SHARED:
            with self.subTest(protocol):
                app = self.raw_app(protocol)
                client = self.client(app.url)
                app.say(messages_of(protocol)[:2])
                error = self.ends("hostile message", client)
                self.assertIs(type(error), glc.ConnectionLost)
                self.assertLess(len(app.heads), glc.MAX_STREAMS_IN_VAIN + 5)
                client.close()

    def test_on_a_connection_of_its_own(self) -> None:
        for protocol in ("ws", "sse"):
            app = self.raw_app(protocol)
            client = self.client(app.url)
            for name, messages in self.BAD.items():
                with self.subTest(protocol, name=name):
                    app.say([*messages_of(protocol)[:3], *messages])
                    self.ends("hostile message", client)
                    self.goes_on(app, client)
            client.close()

    def test_frames(self) -> None:
        """Bytes that are no WebSocket."""
        app = self.raw_app("ws")
        client = self.client(app.url)
        for name, data in (
            ("masked", bytes([0x81, 0x85]) + bytes(9)),
            ("reserved bits", bytes([0xF1, 5]) + b"hello"),
            ("an unknown opcode", bytes([0x83, 1]) + b"x"),
            ("a continuation of nothing", frame(b"x", 0)),
            ("a long ping", bytes([0x89, 126, 1, 0]) + bytes(256)),
            ("a fragmented ping", frame(b"x", 9, fin=False)),
            ("no UTF-8", frame(b"\xff\xfe\xfd")),
            ("binary", frame(b"\x00\x01", 2)),
            ("a close with one byte", frame(b"x", 8)),
            ("a text within a text", frame(b"x", 1, fin=False) + frame(b"y", 1)),
        ):
            with self.subTest(name):
                app.answers["join"] = data
                self.assertIsInstance(self.ends("hostile message", client), glc.GradioError)
        self.goes_on(app, client)

    def test_unreadable_events(self) -> None:
        """They are passed over; the job they may have been for ends with the stream."""
        for protocol in QUEUED:
            app = self.raw_app(protocol)
            client = self.client(app.url)
            for text in (b"\xff\xfe", b"{", b"[" * 100_000, b'"\\ud800"', b"9" * 5000, b"null", b""):
                with self.subTest(protocol, text=text[:10]):
                    whole = app.answers[PLACES[protocol][0 if protocol in ("ws", "sse") else -1]]
                    if protocol == "ws":
                        app.answers["join"] = long_frame(text) + whole
                    else:
                        head, rest = whole[: whole.index(b"\r\n\r\n") + 4], whole[whole.index(b"\r\n\r\n") + 4 :]
                        place = "join" if protocol == "sse" else "stream"
                        app.answers[place] = head + chunk(b"data: " + text + b"\n\n") + rest
                    self.assertEqual(self.ends("hostile message", client), RESULT)
                    app.say(messages_of(protocol))
            client.close()


if __name__ == "__main__":
    unittest.main()
