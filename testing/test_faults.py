# SPDX-License-Identifier: MIT
"""What networks and servers do to a client, in every protocol: it ends, soon, with the error that it should be.

    python3 -m unittest testing.test_faults
    python3 -m testing.test_faults --report     these and the hostile servers, with counts and longest times

Beside these are the tests of single connections and sessions in test_gradio_lite_client.py; testing/README.md has the
table of all. `Trial.fault()` runs one: it asserts the class of the error, what it names, how long it took, and that the
same client goes on.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import types
import unittest
import warnings
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator
from unittest import mock

import gradio_lite_client as glc
from testing.fake import CA_FILE, CERTS, ProxyServer, Reply, Stream, reset
from testing.faults import (
    PLACES,
    PROTOCOLS,
    QUEUED,
    RECORD,
    RESULT,
    SHARED,
    VALUES,
    Fault,
    RawApp,
    chunk,
    cut,
    drip,
    event_stream,
    head_size,
    http_bytes,
    instead,
    json_bytes,
    messages_of,
    silent,
)
from testing.standin import StandIn
from testing.support import DEADLINE, MS, ClientCase, Running, gradio_threads, receive_head, wait_until
from testing.system import OTHER_USER, has_other_users, is_root, needs, needs_module

HERE = Path(__file__).resolve().parent
PATIENCE = 400 * MS  # the client's timeout where a test waits for it
BOUND = 2 * PATIENCE + 5000 * MS  # twice the timeout, and what a busy machine adds


class Trial(ClientCase):
    """Tries faults on an app made of bytes."""

    def raw_app(self, protocol: str, **more: Any) -> RawApp:
        app: RawApp = self.enter(RawApp(protocol, **more))
        return app

    def fault(
        self, kind: str, app: RawApp, client: glc.Client, place: str, expected: type[BaseException], *faults: Fault
    ) -> Any:
        """Spoil an answer and call: the error, which must be of exactly this class and say what it is about."""
        app.heal()
        app.spoil(place, *faults)
        with RECORD.timed(kind, BOUND):
            error = self.raises(expected, client.predict, "x", None)
        if isinstance(error, glc.GradioError):
            self.assertEqual(error.endpoint, "/predict")
            self.assertIsInstance(error.last_status, glc.StatusUpdate)
            self.assertTrue(str(error))
            if place in ("stream", "data"):
                self.assertEqual(error.event_id, "id")
        return error

    def goes_on(self, app: RawApp, client: glc.Client) -> None:
        app.heal()
        self.assertEqual(client.predict("x", None), RESULT)

    def handed(self) -> Any:
        return glc.handle_file(b"some bytes", "a.txt")


class HealthyTest(Trial):
    """The app made of bytes is one: otherwise the faults below would prove nothing."""

    def test_every_protocol(self) -> None:
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                app = self.raw_app(protocol)
                client = self.client(app.url)
                self.assertEqual(client.predict("x", None), RESULT)
                self.assertEqual(self.values(client.submit("x", None)), VALUES if protocol in QUEUED else [RESULT])
                self.assertEqual(client.predict("x", self.handed()), RESULT)
                app.say(messages_of(protocol, value={"path": "/srv/a.txt", "meta": {"_type": "gradio.FileData"}}))
                client.close()


class CutTest(Trial):
    """The connection ends after every number of bytes of every answer."""

    def expected(self, app: RawApp, place: str, size: int) -> type[BaseException] | None:
        """What becomes of a call if this answer ends there; None: it succeeds."""
        answer = app.answer(place)
        if size >= app.enough(place):
            return None
        if place == "stream":
            return glc.ConnectionLost  # a job that the server has taken
        return glc.ConnectionFailed if size < head_size(answer) else glc.ConnectionLost

    def test_at_every_byte_of_a_call(self) -> None:
        for protocol in PROTOCOLS:
            app = self.raw_app(protocol)
            client = self.client(app.url)
            for place in PLACES[protocol]:
                steps = 5 if protocol in ("sse_v1", "sse_v2", "sse_v2.1") else 1  # they differ from sse_v3 in little
                for size in range(0, len(app.answer(place)), steps):
                    with self.subTest(protocol, place=place, size=size):
                        expected = self.expected(app, place, size)
                        if expected:
                            self.fault("cut at a byte", app, client, place, expected, cut(size))
                        else:
                            app.heal()
                            app.spoil(place, cut(size))
                            with RECORD.timed("cut at a byte", BOUND):
                                self.assertEqual(client.predict("x", None), RESULT)
                            wait_until(lambda: not gradio_threads())  # or what is broken is the next job's stream
            self.goes_on(app, client)
            client.close()

    def test_reset_instead_of_an_end(self) -> None:
        for protocol in PROTOCOLS:
            app = self.raw_app(protocol)
            client = self.client(app.url)
            for place in PLACES[protocol]:
                half = (head_size(app.answer(place)) + app.enough(place)) // 2
                for size, expected in ((0, glc.ConnectionFailed), (half, glc.ConnectionLost)):
                    with self.subTest(protocol, place=place, size=size):
                        if place == "stream":
                            expected = glc.ConnectionLost
                        self.fault("reset", app, client, place, expected, cut(size, rst=True))
                        self.goes_on(app, client)
            client.close()

    def test_at_every_byte_of_the_config(self) -> None:
        app = self.raw_app("sse_v3")
        answer = app.answer("config")
        for size in range(len(answer)):
            with self.subTest(size=size):
                app.spoil("config", cut(size))
                with RECORD.timed("cut at a byte", BOUND):
                    kind = glc.ConnectionFailed if size < head_size(answer) else glc.ConnectionLost
                    self.raises(kind, self.client, app.url)

    def test_at_every_byte_of_the_info(self) -> None:
        app = self.raw_app("sse_v3")
        client = self.client(app.url)
        answer = app.answer("info")
        for size in range(len(answer)):
            with self.subTest(size=size):
                app.spoil("info", cut(size))
                with RECORD.timed("cut at a byte", BOUND):
                    kind = glc.ConnectionFailed if size < head_size(answer) else glc.ConnectionLost
                    self.raises(kind, client.view_api, print_info=False)

    def test_at_every_byte_of_a_download(self) -> None:
        """Plain and in chunks: no half file, no empty file, no temporary file."""
        app = self.raw_app("sse_v3")
        client = self.client(app.url)
        app.say(messages_of("sse_v3", value={"path": "/srv/a.txt", "meta": {"_type": "gradio.FileData"}}))
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for answer in (
            app.answer("file"),
            head + chunk(b"contents ") + chunk(b"of a file") + b"0\r\n\r\n",
            head + b"0009\r\ncontents \r\n09\r\nof a file\r\n00\r\n\r\n",  # zeros in front
        ):
            app.answers["file"] = answer
            for size in range(len(answer)):
                with self.subTest(answer=answer, size=size):
                    kind = glc.ConnectionFailed if size < head_size(answer) else glc.ConnectionLost
                    error = self.fault("download cut at a byte", app, client, "file", kind, cut(size))
                    self.assertEqual((error.event_id, error.url), ("id", app.url + "/file=/srv/a.txt"))
                    self.assertEqual(self.files(), [])
            app.heal()
            self.assertEqual(Path(client.predict("x", None)).read_bytes(), b"contents of a file")
            for name in self.files():
                (self.downloads / name).unlink()

    def test_compressed_data_that_end_too_early(self) -> None:
        import gzip

        app = self.raw_app("sse_v3")
        config = app.answer("config")
        body = config.partition(b"\r\n\r\n")[2]
        squeezed = gzip.compress(body)
        for size in [*range(20), *range(20, len(squeezed), 7), len(squeezed) - 1]:
            with self.subTest(size=size):
                app.spoil("config", instead(http_bytes(squeezed[:size], "Content-Encoding: gzip")))
                with RECORD.timed("gzip cut at a byte", BOUND):
                    self.raises(glc.ProtocolError, self.client, app.url)
        app.spoil("config", instead(http_bytes(squeezed, "Content-Encoding: gzip")))
        self.assertEqual(self.client(app.url).predict("x", None), RESULT)

    def test_upload(self) -> None:
        """At every byte of its answer; and before anything of the body has been read."""
        large = glc.handle_file(bytes(5_000_000), "a.bin")
        for protocol in PROTOCOLS:
            app = self.raw_app(protocol)
            client = self.client(app.url)
            answer = app.answer("upload")
            for size in range(len(answer)) if protocol == "sse_v3" else (0, len(answer) - 1):
                with self.subTest(protocol, size=size):
                    app.spoil("upload", cut(size))
                    kind = glc.ConnectionFailed if size < head_size(answer) else glc.ConnectionLost
                    with RECORD.timed("upload cut", BOUND):
                        error = self.raises(kind, client.predict, "x", self.handed())
                    self.assertEqual((error.endpoint, error.url), ("/predict", app.url + "/upload"))
            app.spoil("upload", cut(0, rst=True))
            with RECORD.timed("upload cut", BOUND):
                self.raises(glc.ConnectionFailed, client.predict, "x", large)
            self.goes_on(app, client)
            client.close()


class WaitTest(Trial):
    """Servers that take their time: silence and single bytes. All protocols at once, since most of it is waiting."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(glc, "STREAM_SILENCE", PATIENCE)
        self.hurried: set[str] = set()  # addresses that are spoiled: all others have time, however busy the machine is
        real = glc.Http.request

        def request(http: glc.Http, method: str, url: str, *args: Any, **options: Any) -> glc.Response:
            if f"{method} {url.partition('?')[0]}" not in self.hurried and options.get("timeout", 0) is not None:
                options["timeout"] = DEADLINE
            return real(http, method, url, *args, **options)

        self.patch(glc.Http, "request", request)

    @contextlib.contextmanager
    def hurry(self, app: RawApp, place: str) -> Iterator[None]:
        """Wait for the answers at this place no longer than PATIENCE."""
        paths = {"join": "/queue/join", "stream": "/queue/data", "data": "/queue/data", "run": "/run/predict"}
        gets = place in ("config", "info", "stream") or (place == "join" and app.protocol in ("ws", "sse"))
        address = f"{'GET' if gets else 'POST'} {app.url}{paths.get(place, '/' + place)}"
        self.hurried.add(address)
        yield
        self.hurried.discard(address)

    def fault(self, kind: str, app: RawApp, client: glc.Client, place: str, *rest: Any) -> Any:
        with self.hurry(app, place):
            return super().fault(kind, app, client, place, *rest)

    def stream_of(self, protocol: str) -> str:
        """Where the messages of a job come from."""
        return "stream" if protocol in SHARED else PLACES[protocol][0]

    def without_streams(self, protocol: str) -> list[str]:
        """The places whose answers are not held back by any proxy."""
        return [place for place in PLACES[protocol] if protocol in ("ws", "http") or place != self.stream_of(protocol)]

    def in_each(self, protocols: tuple[str, ...], trial: Callable[[str], object]) -> None:
        running = {protocol: Running(trial, protocol) for protocol in protocols}
        for protocol, one in running.items():
            with self.subTest(protocol):
                one.result()

    def patient(self, app: RawApp) -> glc.Client:
        """A client that does not wait long."""
        return self.client(app.url, timeout=PATIENCE)

    def test_silence(self) -> None:
        """Before the answer, and in the middle of it; where it is neither the function at work nor a proxy."""

        def trial(protocol: str) -> None:
            app = self.raw_app(protocol)
            client = self.patient(app)
            for place in self.without_streams(protocol):
                head = head_size(app.answer(place))
                streams = place == "join" and protocol == "ws"
                for size in (head + 1,) if place == "run" else (0, head // 2) if streams else (0, head // 2, head + 1):
                    error = self.fault("silence", app, client, place, glc.TimedOut, silent(size))
                    self.assertIn("timeout", str(error))
            self.goes_on(app, client)
            client.close()

        self.in_each(PROTOCOLS, trial)

    def test_silence_that_is_allowed(self) -> None:
        """A function may take its time, and a proxy may hold back what the server says meanwhile, even the head of a
        stream: the caller can limit its own wait, or close, and is not left waiting."""

        def trial(protocol: str) -> None:
            app = self.raw_app(protocol)
            place = self.stream_of(protocol)
            enough = app.enough(place)
            for size in (
                (0,) if protocol == "http" else (enough // 2, enough - 5) if protocol == "ws" else (0, 5, enough - 5)
            ):
                client = self.patient(app)
                app.spoil(place, silent(size))
                with self.hurry(app, place):
                    job = client.submit("x", None)
                    self.raises(concurrent.futures.TimeoutError, job.result, 2 * PATIENCE)
                with RECORD.timed("silence, then close()", BOUND):
                    client.close()
                    self.raises(glc.ConnectionLost, job.result, DEADLINE)

        self.in_each(PROTOCOLS, trial)

    def test_a_proxy_that_holds_everything_back(self) -> None:
        """It passes on a little when it has much, and the rest at the end (N1)."""

        def trial(protocol: str) -> None:
            app = self.raw_app(protocol)
            client = self.patient(app)
            place = self.stream_of(protocol)
            beats = chunk(b'data: {"msg":"heartbeat"}\n\n' * 34)  # at once, however busy the machine is

            def held(app: RawApp, sock: socket.socket, answer: bytes) -> None:
                size = head_size(answer)
                for part in (answer[:size] + beats, beats, answer[size:]):
                    app.closed.wait(2 * PATIENCE)
                    sock.sendall(part)

            app.spoil(place, held)
            with self.hurry(app, place):
                self.assertEqual(client.predict("x", None), RESULT)
            client.close()

        self.in_each(("sse", *SHARED), trial)

    def test_heartbeats_that_stay_away(self) -> None:
        """After two that came one by one, each of them a sign of life, silence is a sign of death."""

        def trial(protocol: str) -> None:
            app = self.raw_app(protocol)
            client = self.patient(app)
            size = head_size(app.answer("stream"))

            def dying(app: RawApp, sock: socket.socket, answer: bytes) -> None:
                sock.sendall(answer[:size])
                for _ in range(2):
                    sock.sendall(chunk(b'data: {"msg":"heartbeat"}\n\n'))
                    app.closed.wait(PATIENCE / 2)
                app.go.wait(DEADLINE)

            error = self.fault("no more heartbeats", app, client, "stream", glc.ConnectionLost, dying)
            self.assertIn("sent nothing", str(error))
            self.goes_on(app, client)
            client.close()

        self.in_each(SHARED, trial)

    def test_single_bytes(self) -> None:
        """Of a head, and of a short answer. Streams and results may come at any speed."""

        def trial(protocol: str) -> None:
            app = self.raw_app(protocol)
            client = self.patient(app)
            for place in self.without_streams(protocol):
                answer = app.answer(place)
                whole_answer = place == "join" and protocol in SHARED
                for at_once in (0, head_size(answer)) if whole_answer else (0,) if place != "run" else ():
                    self.fault("single bytes", app, client, place, glc.TimedOut, drip(at_once))
            self.goes_on(app, client)
            client.close()

        self.in_each(PROTOCOLS, trial)

    def test_without_a_job(self) -> None:
        """The config, the info, the answer to an upload."""

        def trial(place: str) -> None:
            app = self.raw_app("sse_v3")
            for at_once in (0, head_size(app.answer(place))):
                for kind, fault in (("silence", silent(at_once)), ("single bytes", drip(at_once))):
                    with self.patient(app) as client:
                        calls: dict[str, Callable[[], object]] = {
                            "config": lambda: self.patient(app),
                            "info": lambda client=client: client.view_api(print_info=False),  # type: ignore[misc]
                            "upload": lambda client=client: client.predict("x", self.handed()),  # type: ignore[misc]
                        }
                        app.spoil(place, fault)
                        with self.hurry(app, place), RECORD.timed(kind, BOUND):
                            self.raises(glc.TimedOut, calls[place])
                        app.heal()

        self.in_each(("config", "info", "upload"), trial)

    def test_an_error_whose_text_does_not_come(self) -> None:
        head = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 999\r\n\r\nhalf"

        def trial(protocol: str) -> None:
            app = self.raw_app(protocol)
            client = self.patient(app)
            for kind, fault in (("silence", silent(len(head))), ("single bytes", drip(len(head)))):

                def spoiled(app: RawApp, sock: socket.socket, answer: bytes, fault: Fault = fault) -> None:
                    fault(app, sock, head + bytes(995))

                error = self.fault(kind, app, client, PLACES[protocol][0], glc.HTTPError, spoiled)
                self.assertEqual((error.status, error.body[:4]), (500, b"half"))
                if protocol in SHARED:
                    self.fault(kind, app, client, "stream", glc.ConnectionLost, spoiled)
            client.close()

        self.in_each(PROTOCOLS, trial)

    def test_a_slow_download_is_no_fault(self) -> None:
        app = self.raw_app("sse_v3")
        client = self.client(app.url, timeout=1000 * MS)
        app.say(messages_of("sse_v3", value={"path": "/srv/a.txt", "meta": {"_type": "gradio.FileData"}}))
        app.spoil("file", drip(head_size(app.answer("file")), pause=100 * MS))  # 1.8 s in all
        self.hurried.add(f"GET {app.url}/file=/srv/a.txt")
        self.assertEqual(Path(client.predict("x", None)).read_bytes(), b"contents of a file")

    def test_heartbeats_only(self) -> None:
        """A server that is alive is believed, for as long as the caller likes."""
        self.patch(glc, "STREAM_SILENCE", 5 * PATIENCE)

        def trial(protocol: str) -> None:
            app = self.raw_app(protocol)
            client = self.patient(app)
            beat = bytes([0x89, 0]) if protocol == "ws" else chunk(b'data: {"msg":"heartbeat"}\n\n')

            def beats(app: RawApp, sock: socket.socket, answer: bytes) -> None:
                sock.sendall(answer[: head_size(answer)])
                while not app.go.wait(PATIENCE / 4):
                    sock.sendall(beat)

            app.spoil(PLACES[protocol][0 if protocol in ("ws", "sse") else 1], beats)
            with self.hurry(app, "stream"):
                job = client.submit("x", None)
                self.raises(concurrent.futures.TimeoutError, job.result, 6 * PATIENCE)
            with RECORD.timed("heartbeats only, then close()", BOUND):
                client.close()
                self.raises(glc.ConnectionLost, job.result, DEADLINE)

        self.in_each(QUEUED, trial)

    def test_a_network_that_has_gone_is_found_by_the_system(self) -> None:
        """Half-open connections: those without a limit to their silence have TCP keep-alive."""
        app = self.raw_app("ws")
        client = self.client(app.url)
        app.spoil("join", silent(app.enough("join") // 2))
        made: list[socket.socket] = []

        class Socket(socket.socket):
            def connect(self, address: Any) -> None:
                made.append(self)
                super().connect(address)

        with mock.patch.object(socket, "socket", Socket):
            job = client.submit("x", None)
            wait_until(lambda: "join" in app.seen.queue)
        for sock in made:
            self.assertTrue(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
            if hasattr(socket, "TCP_KEEPIDLE"):
                names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
                idle, interval, count = (sock.getsockopt(socket.IPPROTO_TCP, name) for name in names)
                self.assertEqual((idle, interval, count), (30, 10, 4))
        self.assertTrue(made)
        client.close()
        self.raises(glc.ConnectionLost, job.result, DEADLINE)


class AnswerTest(Trial):
    """Answers of proxies and of servers in trouble, in the place of the app's."""

    PAGE = b"<html><head><title>Something is wrong</title></head><body>...</body></html>"
    STATUSES: dict[int, tuple[str, type[glc.GradioError]]] = {
        404: ("Not Found", glc.HTTPError),
        408: ("Request Timeout", glc.HTTPError),
        413: ("Content Too Large", glc.HTTPError),
        429: ("Too Many Requests", glc.TooManyRequestsError),
        500: ("Internal Server Error", glc.HTTPError),
        502: ("Bad Gateway", glc.HTTPError),
        503: ("Service Unavailable", glc.HTTPError),
        504: ("Gateway Timeout", glc.HTTPError),
    }

    def page(self, status: int) -> bytes:
        words, _ = self.STATUSES[status]
        more = ["Retry-After: 7"] if status == 429 else []
        return http_bytes(self.PAGE, "Content-Type: text/html", *more, status=f"{status} {words}")

    def check(self, error: Any, status: int) -> None:
        self.assertEqual((error.status, error.retry_after), (status, 7.0 if status == 429 else None))
        self.assertIn("an HTML page titled 'Something is wrong'", str(error))

    def test_pages_instead_of_answers(self) -> None:
        self.patch(glc, "MAX_REFUSALS", 0)
        for protocol in PROTOCOLS:
            app = self.raw_app(protocol)
            client = self.client(app.url)
            for place in PLACES[protocol]:
                for status, (_, kind) in self.STATUSES.items():
                    with self.subTest(protocol, place=place, status=status):
                        if place == "stream" and status not in glc.REFUSED_FOR_NOW:
                            kind = glc.ConnectionLost
                        error = self.fault("HTTP error", app, client, place, kind, instead(self.page(status)))
                        if place == "stream":
                            self.assertIn(f"answered {status}: an HTML page titled", str(error))
                        else:
                            self.check(error, status)
                        self.goes_on(app, client)
            client.close()

    def test_pages_instead_of_the_rest(self) -> None:
        app = self.raw_app("sse_v3")
        client = self.client(app.url)
        app.say(messages_of("sse_v3", value={"path": "/srv/a.txt", "meta": {"_type": "gradio.FileData"}}))
        for status, (_, kind) in self.STATUSES.items():
            page = instead(self.page(status))
            with self.subTest(status):
                app.spoil("file", page, page)
                with RECORD.timed("HTTP error", BOUND):
                    item = client.predict("x", None)  # a file is not worth the call
                self.check(self.raises(kind, item.read), status)
                self.assertEqual(self.files(), [])
                app.spoil("upload", page)
                with RECORD.timed("HTTP error", BOUND):
                    self.check(self.raises(kind, client.predict, "x", self.handed()), status)
                app.spoil("config", page)
                with RECORD.timed("HTTP error", BOUND):
                    error = self.raises(glc.ProtocolError if status in (404, 408, 413) else kind, self.client, app.url)
                if status not in (404, 408, 413):
                    self.check(error, status)
                app.heal()
                app.spoil("info", page)
                with RECORD.timed("HTTP error", BOUND):
                    if status == 429:
                        self.check(self.raises(kind, client.view_api, print_info=False), status)
                    else:  # the config has to do
                        another = self.client(app.url)
                        self.assertIn("/predict", str(another.view_api(print_info=False, return_format="str")))
                        another.close()

    def test_what_is_no_answer(self) -> None:
        page = http_bytes(self.PAGE, "Content-Type: text/html")
        short = json_bytes({"event_id": "id"})
        answers: list[tuple[str, Fault, type[glc.GradioError]]] = [
            ("a page", instead(page), glc.ProtocolError),
            ("nothing", instead(http_bytes(b"")), glc.ProtocolError),
            ("no HTTP", instead(b"SSH-2.0-OpenSSH_9.6\r\n"), glc.ConnectionFailed),
            ("a longer length", cut_of(short.replace(b": 17", b": 99")), glc.ConnectionLost),
            ("a shorter length", instead(short.replace(b": 17", b": 9")), glc.ProtocolError),
            ("no length", cut_of(short.replace(b"Content-Length: 17", b"X: 1")[:-1]), glc.ProtocolError),
        ]
        for protocol in PROTOCOLS:
            app = self.raw_app(protocol)
            client = self.client(app.url)
            place = PLACES[protocol][0]
            for name, fault, kind in answers:
                if protocol == "ws" and kind is not glc.ConnectionFailed:
                    kind = glc.HTTPError  # a handshake is refused by any other status than 101
                if protocol == "sse" and kind is glc.ProtocolError:
                    kind = glc.ConnectionLost  # a stream without messages
                with self.subTest(protocol, name=name):
                    self.fault("no answer", app, client, place, kind, fault)
                    self.goes_on(app, client)
            client.close()

    def test_redirects(self) -> None:
        """In circles, and out of the app."""
        for protocol in PROTOCOLS:
            app = self.raw_app(protocol)
            client = self.client(app.url)
            for place in PLACES[protocol]:
                path = {"run": "/run/predict", "stream": "/queue/data", "data": "/queue/data"}.get(place, "/queue/join")
                for location in (path, "http://127.0.0.1:1/x", "file:///etc/passwd"):
                    with self.subTest(protocol, place=place, location=location):
                        kind: type[glc.GradioError] = glc.ConnectionFailed
                        if location.startswith("file"):
                            kind = glc.ProtocolError
                        elif location.startswith("http"):
                            kind = glc.AuthenticationError  # perhaps a login in front of the app
                        if place == "stream" and kind is not glc.AuthenticationError:
                            kind = glc.ConnectionLost
                        answer = http_bytes(b"", f"Location: {location}", status="307 Temporary Redirect")
                        self.fault("redirect", app, client, place, kind, instead(answer))
                        self.goes_on(app, client)
            client.close()


def cut_of(data: bytes) -> Fault:
    """Other bytes, then the end of the connection."""
    return lambda app, sock, answer: sock.sendall(data)


class EarlyEndTest(Trial):
    """Servers that close properly before the job is complete."""

    def test_a_proper_end_too_early(self) -> None:
        for protocol in QUEUED:
            app = self.raw_app(protocol)
            client = self.client(app.url)
            place = PLACES[protocol][0 if protocol in ("ws", "sse") else 1]
            messages = messages_of(protocol)[: -2 if protocol == "sse_v3" else -1]
            for count in range(len(messages)):
                with self.subTest(protocol, count=count):
                    app.say(messages[:count])
                    answer = app.answers[place]
                    app.say(messages_of(protocol))
                    ended = (
                        (lambda app, sock, whole, rest=answer: sock.sendall(whole[: head_size(whole)] + rest))
                        if protocol == "ws"
                        else instead(answer)
                    )
                    empty = instead(event_stream([]))
                    faults = [ended, empty] if protocol in SHARED and count else [ended]
                    error = self.fault("proper end too early", app, client, place, glc.ConnectionLost, *faults)
                    if count > 4:
                        self.assertIn(error.last_status.code, (glc.Status.ITERATING, glc.Status.PROCESSING))
                    self.goes_on(app, client)
            client.close()

    def test_what_the_server_still_has_the_client_gets(self) -> None:
        """A stream that ends between two messages is opened again, and the job goes on where it was."""
        for protocol in SHARED:
            app = self.raw_app(protocol)
            client = self.client(app.url)
            messages = messages_of(protocol)
            for count in range(1, len(messages)):
                with self.subTest(protocol, count=count):
                    parts = [instead(event_stream(part)) for part in (messages[:count], messages[count:])]
                    app.spoil("stream", *parts)
                    with RECORD.timed("stream ended and reopened", BOUND):
                        self.assertEqual(self.values(client.submit("x", None)), VALUES)
                    app.heal()
            client.close()

    def test_a_server_that_was_stopped_and_started_again(self) -> None:
        for protocol in QUEUED:
            with self.subTest(protocol):
                app = self.app(protocol)
                client = self.client(app.url)
                job = client.submit(300, f"restart-{protocol}", api_name="/sleep")
                wait_until(job.running)
                with RECORD.timed("server stopped and started again", BOUND):
                    app.close()
                    error = self.raises(glc.ConnectionLost, job.result, DEADLINE)
                self.assertEqual((error.endpoint, error.last_status.code), ("/sleep", glc.Status.PROCESSING))
                self.assertEqual(bool(error.event_id), protocol != "ws")  # there, jobs have no names
                with RECORD.timed("no server", BOUND):
                    self.raises(glc.ConnectionFailed, client.predict, "x", api_name="/echo")
                self.app(protocol, port=app.port)
                self.assertEqual(client.predict("x", api_name="/echo"), "x")
                client.close()

    def test_a_server_that_was_stopped_during_a_direct_call(self) -> None:
        app = self.raw_app("http")
        client = self.client(app.url)
        app.spoil("run", silent())
        job = client.submit("x", None)
        wait_until(lambda: "run" in app.seen.queue)
        with RECORD.timed("server stopped and started again", BOUND):
            app.close()
            self.raises(glc.ConnectionFailed, job.result, DEADLINE)
        with RECORD.timed("no server", BOUND):
            self.raises(glc.ConnectionFailed, client.predict, "x", None)
        self.goes_on(self.raw_app("http", port=app.port), client)


class OthersTest(Trial):
    """What happens to one job is no concern of another."""

    def test_a_job_goes_on_while_others_fail(self) -> None:
        page = Reply(502, {"Content-Type": "text/html"}, "<title>Bad Gateway</title>")
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                app = self.app("sse_v3" if protocol == "http" else protocol)
                client = self.client(app.url, skip_queue=protocol == "http")
                tag = f"others-{protocol}"
                good = client.submit(300, tag, api_name="/sleep")
                wait_until(good.running)
                path = f"{app.api}/run/echo" if protocol == "http" else f"{app.api}/queue/join"
                for reply in (page, None, Reply(200, {"Content-Length": "100"}, [b"half"], close=True)):
                    app.on("*", path, reply)
                    with RECORD.timed("fault beside a job", BOUND):
                        error = client.submit("x", api_name="/echo").exception(DEADLINE)
                    self.assertIsInstance(error, glc.GradioError)
                app._routes.clear()
                client.predict(tag, 1, api_name="/wake")
                self.assertEqual(good.result(DEADLINE), f"slept {tag}")
                client.close()


class DiskTest(Trial):
    def sent(self) -> tuple[RawApp, glc.Client]:
        app = self.raw_app("sse_v3")
        app.say(messages_of("sse_v3", value={"path": "/srv/a.txt", "meta": {"_type": "gradio.FileData"}}))
        return app, self.client(app.url)

    def test_a_full_disk(self) -> None:
        """At any point of writing: OSError, as for any file, and nothing is left behind."""
        real = open
        for step in ("open", "write", "close", "replace"):
            with self.subTest(step):
                _, client = self.sent()
                full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

                def opened(*args: Any, step: str = step, full: OSError = full) -> Any:
                    if step == "open":
                        raise full
                    out = real(*args)
                    if step == "replace":
                        return out
                    spoilt = mock.MagicMock(wraps=out)
                    spoilt.__enter__.return_value = spoilt

                    def leave(*rest: object) -> None:
                        out.close()
                        if step == "close":
                            raise full

                    spoilt.__exit__.side_effect = leave
                    if step == "write":
                        spoilt.write.side_effect = full
                    return spoilt

                with contextlib.ExitStack() as stack:
                    stack.enter_context(mock.patch.object(glc, "open", opened, create=True))
                    if step == "replace":
                        stack.enter_context(mock.patch.object(os, "replace", side_effect=full))
                    with RECORD.timed("disk full or read-only", BOUND):
                        error = self.raises(OSError, client.predict, "x", None)
                self.assertEqual(error.errno, errno.ENOSPC)
                self.assertEqual(self.files(), [])
                self.assertTrue(Path(client.predict("x", None)).exists())
                for name in self.files():
                    (self.downloads / name).unlink()
                client.close()

    def test_a_folder_that_cannot_be_written_to(self) -> None:
        app, _ = self.sent()
        blocked = self.downloads / "a file"
        blocked.write_text("no folder")
        client = self.client(app.url, download_files=blocked / "below")
        with RECORD.timed("disk full or read-only", BOUND), self.assertRaises(OSError):
            client.predict("x", None)
        self.assertEqual(self.files(), ["a file"])

    def test_a_folder_that_is_read_only(self) -> None:
        needs("a user who is not root", has_other_users() or not is_root())
        app, _ = self.sent()
        self.downloads.chmod(0o755)
        closed = self.downloads / "read-only"
        closed.mkdir(0o555)
        client = self.client(app.url, download_files=closed)
        with contextlib.ExitStack() as stack:
            if is_root():  # for whom no folder is read-only
                os.seteuid(OTHER_USER)
                stack.callback(os.seteuid, 0)
            with RECORD.timed("disk full or read-only", BOUND):
                self.raises(PermissionError, client.predict, "x", None)
        self.assertEqual(self.files(), [])


class ProxyFaultTest(Trial):
    """A proxy that dies; `app.example` is known to it alone."""

    def test_before_and_during_a_tunnel(self) -> None:
        self.resolve()
        tunnel = b"HTTP/1.1 200 Connection established\r\n\r\n"
        for name, data, kind in (
            ("without a word", b"", glc.ConnectionFailed),
            ("half a head", tunnel[:-3], glc.ConnectionFailed),
            ("in the handshake", tunnel, glc.ConnectionFailed),
            ("with a page", AnswerTest().page(502), glc.ConnectionFailed),
        ):
            for rst in (False, True):
                with self.subTest(name, rst=rst):

                    def talk(sock: socket.socket, data: bytes = data, rst: bool = rst) -> None:
                        receive_head(sock)
                        sock.sendall(data)
                        if data == tunnel:
                            sock.recv(1)  # of the handshake
                        if rst:
                            reset(sock)

                    proxy = self.raw(talk)
                    with RECORD.timed("proxy dies", BOUND):
                        self.raises(kind, self.client, "https://app.example", proxy=proxy.url)

    def test_silence_and_single_bytes(self) -> None:
        self.resolve()
        tunnel = b"HTTP/1.1 200 Connection established\r\n" + b"X-Slow: 1\r\n" * 50 + b"\r\n"
        for data, pause in ((b"", 0), (tunnel, DEADLINE), (tunnel, 0.02)):
            with self.subTest(pause=pause):
                if pause == DEADLINE:
                    needs_module("ssl")

                def talk(sock: socket.socket, data: bytes = data, pause: float = pause) -> None:
                    receive_head(sock)
                    at_once = len(data) if pause == DEADLINE else 0  # then the TLS handshake is what never comes
                    sock.sendall(data[:at_once])
                    for position in range(at_once, len(data)):
                        if proxy.closed.wait(pause):
                            return
                        sock.sendall(data[position : position + 1])
                    proxy.closed.wait(DEADLINE)

                proxy = self.raw(talk)
                with RECORD.timed("proxy dies", BOUND):
                    self.raises(glc.TimedOut, self.client, "https://app.example", proxy=proxy.url, timeout=PATIENCE)

    def test_in_the_middle_of_a_job(self) -> None:
        self.resolve()
        for protocol in QUEUED:
            with self.subTest(protocol):
                app = self.app(protocol)
                proxy = ProxyServer(hosts={"app.example": app.host})
                client = self.client("http://app.example", proxy=proxy.url)
                job = client.submit(300, f"proxy-{protocol}", api_name="/sleep")
                wait_until(job.running)
                with RECORD.timed("proxy dies", BOUND):
                    proxy.close()
                    self.raises(glc.ConnectionLost, job.result, DEADLINE)
                with RECORD.timed("proxy dies", BOUND):
                    self.raises(glc.ConnectionFailed, client.predict, "x", api_name="/echo")
                with ProxyServer(hosts={"app.example": app.host}, port=proxy.port):
                    self.assertEqual(client.predict("x", api_name="/echo"), "x")
                    client.close()


class TlsFaultTest(Trial):
    def setUp(self) -> None:
        super().setUp()
        names = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        self.patch_environ(**dict.fromkeys(names))

    def test_certificates_that_are_refused(self) -> None:
        self.resolve(app_example="127.0.0.1")
        good = RawApp("sse_v3", tls=True)
        self.enter(good)
        with mock.patch("testing.fake.CERTIFICATE", str(CERTS / "expired.pem")):
            expired = self.raw_app("sse_v3", tls=True)
        for name, url, verify, words in (
            ("unknown authority", good.url, True, "unable to get local issuer|self.signed"),
            ("another host", f"https://app.example:{good.port}", CA_FILE, "doesn't match|not valid for|mismatch"),
            ("expired", expired.url, str(CERTS / "expired.pem"), "expired"),
        ):
            with self.subTest(name):
                with RECORD.timed("TLS", BOUND):
                    error = self.raises(glc.ConnectionFailed, self.client, url, ssl_verify=verify, trust_env=False)
                self.assertRegex(str(error), words)
                self.assertIn("ssl_verify", str(error))
                self.assertEqual("SSL_CERT_FILE" in str(error), name == "unknown authority")
        for url in (good.url, expired.url):
            self.client(url, ssl_verify=False).close()

    def test_cut_at_every_step_of_a_job(self) -> None:
        """The end of a TLS connection is an end like any other."""
        for protocol in PROTOCOLS:
            app = self.raw_app(protocol, tls=True)
            client = self.client(app.url, ssl_verify=CA_FILE)
            self.assertEqual(client.predict("x", None), RESULT)
            for place in PLACES[protocol]:
                answer = app.answer(place)
                head = head_size(answer)
                for size in (0, head // 2, (head + app.enough(place)) // 2):
                    with self.subTest(protocol, place=place, size=size):
                        kind = glc.ConnectionFailed if size < head and place != "stream" else glc.ConnectionLost
                        self.fault("TLS", app, client, place, kind, cut(size))
                        self.goes_on(app, client)
            client.close()

    def test_a_handshake_that_does_not_end(self) -> None:
        needs_module("ssl")
        server = self.raw(lambda sock: server.closed.wait(DEADLINE))
        url = server.url.replace("http", "https")
        with RECORD.timed("TLS", BOUND):
            self.raises(glc.TimedOut, self.client, url, timeout=PATIENCE)


class CloseTest(Trial):
    """close() in the middle of everything."""

    def hanging(self, protocol: str, place: str, size: int) -> None:
        app = self.raw_app(protocol)
        client = self.client(app.url, timeout=None)
        app.say(messages_of(protocol, value={"path": "/srv/a.txt", "meta": {"_type": "gradio.FileData"}}))
        app.spoil(place, silent(size))
        value = glc.handle_file(bytes(8_000_000), "a.bin") if place == "upload" else None
        job = Running(client.view_api, print_info=False) if place == "info" else client.submit("x", value)
        while app.seen.get(timeout=DEADLINE) != place:
            pass
        with RECORD.timed("close() in the middle", BOUND):
            client.close()
            if isinstance(job, Running):
                with self.assertRaises(glc.ConnectionFailed):
                    job.result()
            else:
                error = self.raises(glc.ConnectionLost, job.result, DEADLINE)
                self.assertEqual(error.endpoint, "/predict")
        self.assertEqual(gradio_threads(), [])
        self.assertEqual(self.files(), [])

    def test_in_every_request(self) -> None:
        for protocol in PROTOCOLS:
            for place in (*PLACES[protocol], "info", "upload", *(["file"] if protocol == "sse_v3" else [])):
                with RawApp(protocol) as app:
                    sizes = (0, 10, head_size(app.answer(place)) + 2)
                for size in sizes:
                    with self.subTest(protocol, place=place, size=size):
                        self.hanging(protocol, place, size)

    def test_in_a_body_that_ends_with_its_connection(self) -> None:
        """The end that close() makes is not the end of a file."""
        app = self.raw_app("sse_v3")

        def half(app: RawApp, sock: socket.socket, answer: bytes) -> None:
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nhalf of it")
            app.go.wait(DEADLINE)

        app.spoil("file", half)
        http = self.http()
        with http.request("GET", app.url + "/file=/srv/a.txt") as response:
            chunks = response.chunks()
            self.assertEqual(next(chunks), b"half of it")
            http.close()
            self.raises(glc.ConnectionLost, next, chunks)

    def test_in_a_handshake(self) -> None:
        """Before the first request: a tunnel, or TLS, in a job's thread."""
        self.resolve()
        for through in ("tunnel", "TLS"):
            with self.subTest(through):
                heard = threading.Event()

                def talk(sock: socket.socket, heard: threading.Event = heard) -> None:
                    sock.recv(1)
                    heard.set()
                    server.closed.wait(DEADLINE)

                server = self.raw(talk)
                proxy = server.url if through == "tunnel" else None
                http = self.http(proxy=proxy, timeout=None)
                url = "https://app.example/" if proxy else server.url.replace("http", "https")
                waiting = Running(self.get, http, url)
                self.assertTrue(heard.wait(DEADLINE))
                with RECORD.timed("close() in the middle", BOUND):
                    http.close()
                    self.raises(glc.ConnectionFailed, waiting.result)

    def test_an_abort_between_the_socket_and_its_tls(self) -> None:
        """When neither of the two can be shut down."""
        app = self.raw_app("sse_v3", tls=True)
        http = self.http(ssl_verify=CA_FILE)
        real = glc.make_tls_context(CA_FILE, trust_env=False)

        def wrap(*args: Any, **options: Any) -> Any:
            wrapped = real.wrap_socket(*args, **options)
            http.close()
            return wrapped

        self.patch(glc, "make_tls_context", lambda *_: types.SimpleNamespace(wrap_socket=wrap))
        self.raises(glc.ConnectionFailed, self.get, http, app.url + "/config")


class InterruptTest(Trial):
    """Ctrl-C, as the real signal, in the thread that waits."""

    def setUp(self) -> None:
        super().setUp()
        needs("signals for threads", hasattr(signal, "pthread_kill"))

    def interrupt(self, ready: Callable[[], Any], function: Callable[..., object], *args: Any, **keywords: Any) -> None:
        """Call the function, which waits; the signal comes when `ready()` is true."""

        def heard(number: int, where: object) -> None:
            arrived.set()
            signal.default_int_handler(number, None)

        def send() -> None:
            go.wait(DEADLINE)
            wait_until(ready)
            while (
                not arrived.is_set()
            ):  # again, if it came in the moment before a system call that it should have ended
                signal.pthread_kill(thread, signal.SIGINT)
                arrived.wait(200 * MS)

        thread = threading.main_thread().ident or 0
        go, arrived = threading.Event(), threading.Event()
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, heard))
        sender = Running(send)
        try:
            with RECORD.timed("Ctrl-C", BOUND), self.assertRaises(KeyboardInterrupt):
                go.set()
                function(*args, **keywords)
        finally:
            arrived.set()
        sender.result()

    def test_in_predict(self) -> None:
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                app = self.app("sse_v3" if protocol == "http" else protocol)
                client = self.client(app.url, skip_queue=protocol == "http")
                tag = f"interrupt-{protocol}"
                wake, journal = app.by_name["wake"].fn, app.by_name["journal"].fn
                assert wake and journal

                def runs(journal: Callable[[str], list[str]] = journal, tag: str = tag) -> bool:
                    return "start" in journal(tag)  # so the client does nothing but wait

                self.interrupt(runs, client.predict, 300, tag, api_name="/sleep")
                wake(tag, 9)
                self.assertEqual(client.predict("x", api_name="/echo"), "x")
                client.close()

    def test_in_result_and_in_an_iterator(self) -> None:
        """The job is not the caller's wait: it goes on."""
        for wait in (lambda job: job.result(), list):
            app = self.app()
            client = self.client(app.url)
            job = client.submit(300, "interrupt", api_name="/sleep")
            self.interrupt(job.running, wait, job)
            client.predict("interrupt", 1, api_name="/wake")
            self.assertEqual(job.result(DEADLINE), "slept interrupt")
            client.close()

    def test_in_an_upload(self) -> None:
        path = self.downloads / "large"
        path.write_bytes(bytes(8_000_000))
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                app = self.raw_app(protocol)
                client = self.client(app.url)
                app.spoil("upload", silent())

                def uploads(app: RawApp = app) -> bool:
                    return "upload" in app.seen.queue

                self.interrupt(uploads, client.predict, "x", glc.handle_file(path))
                self.goes_on(app, client)
                client.close()

    def test_in_a_download(self) -> None:
        app = self.raw_app("sse_v3")
        client = self.client(app.url)
        app.say(messages_of("sse_v3", value={"path": "/srv/a.txt", "meta": {"_type": "gradio.FileData"}}))
        app.answers["file"] = http_bytes(bytes(500_000), "Content-Type: text/plain")
        app.spoil("file", silent(head_size(app.answers["file"]) + 400_000))

        def waits_for_more() -> bool:
            """A part of the file is on the disk: a moment before, Ctrl-C may come between open() and its `with`."""
            return any((self.downloads / name).stat().st_size for name in self.files())

        self.interrupt(waits_for_more, client.predict, "x", None)
        self.assertEqual(self.files(), [])


class SlicesTest(Trial):
    """Ctrl-C where it does not end the waits of the main thread, as on Windows: here, another thread gets it."""

    def setUp(self) -> None:
        super().setUp()
        needs("signals for threads", hasattr(signal, "pthread_sigmask"))

    CODE = """
import signal, sys, threading
import gradio_lite_client as glc
glc.SLICE = 0.05
threading.Thread(target=threading.Event().wait, daemon=True).start()  # gets the signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
client = None if {silent} else glc.Client({url!r})
submit = lambda: client.submit(300, {tag!r}, api_name="/sleep")
try:
    print("ready", flush=True)
    {wait}
except KeyboardInterrupt:
    print("interrupted", flush=True)
client and client.close()
print(*(thread.name for thread in threading.enumerate() if thread.name.startswith("gradio-")), flush=True)
"""
    WAITS = (
        "client.predict(300, {tag!r}, api_name='/sleep')",
        "submit().result()",
        "submit().result(300)",
        "submit().exception()",
        "list(submit())",
        "list(submit().updates(0.2))",
        "sys.exit(glc.main(['predict', {url!r}, '/sleep', '300', {tag!r}, '-q']))",
    )

    def interrupted(self, wait: str, ready: Callable[[], object], **names: Any) -> list[str]:
        """The lines that a program prints from the signal on, which comes when it waits."""
        names = {"silent": False, "tag": "", **names}
        command = [sys.executable, "-c", self.CODE.format(wait=wait.format(**names), **names)]
        with subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            self.addCleanup(process.kill)
            assert process.stdout
            self.assertEqual(process.stdout.readline().strip(), b"ready")
            wait_until(ready)
            process.send_signal(signal.SIGINT)
            with RECORD.timed("Ctrl-C where it ends no wait", 2000 * MS):
                return process.communicate(timeout=DEADLINE)[0].decode().splitlines()

    def test_every_wait(self) -> None:
        app = self.app()
        journal, wake = app.by_name["journal"].fn, app.by_name["wake"].fn
        assert journal and wake
        for number, wait in enumerate(self.WAITS):
            with self.subTest(wait):
                tag = f"slices-{number}"
                said = self.interrupted(wait, partial(journal, tag), url=app.url, tag=tag)
                wake(tag, 1)
                if "glc.main" in wait:
                    # The server has started it; the client may not have heard of that yet.
                    self.assertRegex(said[0], "interrupted; the (function cannot be stopped, and goes on|job has been)")
                else:
                    self.assertEqual(said, ["interrupted", ""])

    def test_a_wait_for_the_app(self) -> None:
        server = self.serve()
        server.on("GET", "/config", Stream)
        for count, wait in enumerate(("glc.Client({url!r})", "sys.exit(glc.main(['info', {url!r}]))")):

            def asked(count: int = count) -> bool:
                return len(server.requests) > count

            self.assertIn("interrupted", self.interrupted(wait, asked, url=server.url, silent=True)[0])

    def test_timeouts(self) -> None:
        self.patch(glc, "SLICE", 1 * MS)
        job = glc.Job("/f", tuple)
        for ask in (job.result, job.exception):
            with self.assertRaises(concurrent.futures.TimeoutError):
                ask(5 * MS)
        failed = glc.Job("/f", tuple)
        failed.fail(glc.TimedOut("the job's own"))
        self.raises(glc.TimedOut, failed.result, 5 * MS)
        client = self.client(self.app().url)
        self.assertEqual(client.predict("x", api_name="/echo"), "x")
        self.raises(glc.AppError, client.predict, "x", api_name="/refuse")
        self.raises(glc.ConnectionFailed, glc.Client, "http://127.0.0.1:1")


class ForkTest(Trial):
    def setUp(self) -> None:
        super().setUp()
        needs("fork", hasattr(os, "fork"))

    def child(self, work: Callable[[], object], kind: str = "fork") -> None:
        """Run this in a forked child; fails unless it returns."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of threads and forks, since 3.12: this is the test of that
            pid = os.fork()
        if pid == 0:
            code = 1
            try:
                work()
                code = 0
            except BaseException:
                import traceback

                traceback.print_exc(file=sys.__stderr__)
            finally:
                os._exit(code)
        deadline = time.monotonic() + DEADLINE
        with RECORD.timed(kind, BOUND):
            while True:
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    break
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                    self.fail("the child hangs")
                time.sleep(MS)
        self.assertEqual(status, 0)

    def test_in_the_middle_of_a_job(self) -> None:
        """The child is told what to do; the parent's job, stream and connections know nothing of it."""
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                app = self.app("sse_v3" if protocol == "http" else protocol)
                client = self.client(app.url, skip_queue=protocol == "http", download_files=False)
                tag = f"fork-{protocol}"
                job = client.submit(300, tag, api_name="/sleep")
                client.predict("x", api_name="/count")  # with State: a heartbeat, where there is one
                item = client.predict("a.txt", 5, api_name="/make_file")
                wait_until(job.running)

                async def awaited(job: glc.Job = job) -> Any:
                    return await job

                def work(client: glc.Client = client, url: str = app.url, item: Any = item) -> None:
                    for use in (
                        lambda: client.predict("x", api_name="/echo"),
                        lambda: client.submit("x", api_name="/echo"),
                        client.view_api,
                        client.reset_session,
                        lambda: setattr(client, "session_hash", "x"),
                        item.read,
                    ):
                        error = self.raises(glc.ConnectionFailed, use)
                        self.assertIn("make a new Client", str(error))
                    error = self.raises(glc.ConnectionFailed, asyncio.run, awaited())
                    self.assertIn("the parent process's", str(error))
                    client.close()
                    client.__del__()
                    with glc.Client(url, download_files=False) as own:
                        self.assertEqual(own.predict("child", api_name="/echo"), "child")

                self.child(work)
                self.assertEqual(client.predict("parent", api_name="/echo"), "parent")
                client.predict(tag, 1, api_name="/wake")
                self.assertEqual(job.result(DEADLINE), f"slept {tag}")
                client.close()

    def test_a_child_that_cancels_or_drops_what_is_the_parents(self) -> None:
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                app = self.app("sse_v3" if protocol == "http" else protocol)
                client = self.client(app.url, skip_queue=protocol == "http")
                job = client.submit(300, f"fork-{protocol}", api_name="/sleep")
                client.predict("x", api_name="/count")
                wait_until(job.running)
                waiting = client.submit(300, f"fork-{protocol}", api_name="/sleep")
                self.child(client.__del__)
                self.child(job.cancel)
                self.child(waiting.cancel)
                client.predict(f"fork-{protocol}", 2, api_name="/wake")
                self.assertEqual(job.result(DEADLINE), f"slept fork-{protocol}")
                self.assertEqual(waiting.result(DEADLINE), f"slept fork-{protocol}")
                client.close()


class ExitTest(Trial):
    """The interpreter ends, whatever is going on, at once and without a word."""

    CODE = """
import faulthandler, sys, threading, time
import gradio_lite_client as glc
faulthandler.dump_traceback_later({patience}, exit=True)  # says where it hangs, if it does
client = glc.Client({url!r}, skip_queue={direct!r}, download_files={folder!r})
def run(function, *args, **keywords):
    def work():
        try:
            function(*args, **keywords)
        except glc.GradioError:
            pass
    threading.Thread(target=work, daemon=True).start()
jobs = [client.submit(300, {tag!r}, api_name="/sleep") for _ in range(3)]
many = client.submit(10 ** 6, api_name="/many")
run(client.predict, 300, {tag!r}, api_name="/sleep")
run(list, many)
run(lambda: [client.predict("x", api_name="/count") for _ in range(10 ** 6)])
run(lambda: [client.predict("a.txt", 10 ** 5, api_name="/make_file") for _ in range(10 ** 6)])
next(iter(many))
{end}
"""

    ENDS = {  # the last statement of the program, its exit code, and how what it says ends
        "the end of the program": ("", 0, b""),
        "while it closes": ("run(client.close)", 0, b""),
        "a moment later": ("time.sleep(0.05)", 0, b""),
        "sys.exit()": ("sys.exit(3)", 3, b""),
        "Ctrl-C in result()": ("jobs[0].result()", -signal.SIGINT, b"KeyboardInterrupt"),
    }

    def test_at_any_point(self) -> None:
        apps = {protocol: self.app("sse_v3" if protocol == "http" else protocol) for protocol in PROTOCOLS}
        self.addCleanup(self.wake_all, apps)
        rows = [(protocol, name) for protocol in PROTOCOLS for name in list(self.ENDS)[: 5 if protocol == "ws" else 1]]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            for (protocol, name), done in zip(rows, pool.map(lambda row: self.run_one(apps[row[0]], *row), rows)):
                _, code, last = self.ENDS[name]
                with self.subTest(protocol, name=name):
                    self.assertEqual(done.returncode, code, done.stderr.decode())
                    self.assertEqual(done.stderr.split()[-1:], last.split())

    def wake_all(self, apps: dict[str, StandIn]) -> None:
        """Functions that were called directly know nothing of the end of their caller."""
        for protocol, app in apps.items():
            wake = app.by_name["wake"].fn
            assert wake
            for name in self.ENDS:
                wake(f"exit-{protocol}-{name}", 1000)

    def run_one(self, app: StandIn, protocol: str, name: str) -> subprocess.CompletedProcess[bytes]:
        text = self.CODE.format(
            url=app.url,
            patience=DEADLINE / 2,
            direct=protocol == "http",
            folder=str(self.downloads),
            tag=f"exit-{protocol}-{name}",
            end=f"print('end', flush=True)\n{self.ENDS[name][0]}",
        )
        command = [sys.executable, "-X", "dev", "-W", "error", "-c", text]
        with subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout
            self.assertEqual(process.stdout.readline().split(), [b"end"], (protocol, name))
            if name.startswith("Ctrl-C"):
                process.send_signal(signal.SIGINT)
            with RECORD.timed("interpreter exit", 2000 * MS):
                out, err = process.communicate(timeout=DEADLINE)
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def main(arguments: list[str]) -> int:
    if arguments != ["--report"]:
        print(__doc__)
        return 2
    from testing import test_faults, test_hostile  # as modules: this one runs under another name

    suite = unittest.TestSuite(map(unittest.defaultTestLoader.loadTestsFromModule, (test_faults, test_hostile)))
    result = unittest.TextTestRunner(verbosity=0).run(suite)
    print(RECORD.report())
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
