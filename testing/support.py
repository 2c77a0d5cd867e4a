# SPDX-License-Identifier: MIT
"""What every offline test stands on: deadlines, threads that report, servers and clients that are closed again.

No test sleeps and hopes: it pushes the next message or waits, with a deadline, for what it expects. A test that
hangs is ended after three times `DEADLINE` with the stacks of all threads. After each test no thread, socket or
unread warning of the module may be left.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import queue
import signal
import socket
import sys
import tempfile
import threading
import time
import unittest
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator
from unittest import mock

import gradio_lite_client as glc
from testing.fake import RawServer, ScriptedServer, Stream
from testing.standin import StandIn

MS = float(os.environ.get("TEST_MS", "1")) / 1000  # the unit of every wait: slow machines can stretch it
DEADLINE = 20_000 * MS  # for what a healthy program does at once
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so shells start what runs in the background, CI perhaps
    signal.signal(signal.SIGINT, signal.default_int_handler)
if "TEST_SWITCH" in os.environ:  # seconds after which another thread may run: tiny ones bring races to light
    sys.setswitchinterval(float(os.environ["TEST_SWITCH"]))


def gradio_threads() -> list[str]:
    """The module's threads that are alive."""
    alive = [thread for thread in threading.enumerate() if thread.is_alive()]
    return sorted(thread.name for thread in alive if thread.name.startswith("gradio-"))


def open_sockets() -> set[str]:
    """The sockets of this process; empty where the system does not tell."""
    found = set()
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                place = os.readlink(f"/proc/self/fd/{name}")
                if place.startswith("socket:"):
                    found.add(place)
    return found


def ways_to_cut(data: bytes) -> Iterator[list[bytes]]:
    """The data whole, byte by byte, with empty chunks between, and cut in two at every position."""
    yield [data]
    yield [data[i : i + 1] for i in range(len(data))]
    yield [piece for i in range(len(data)) for piece in (b"", data[i : i + 1], b"")]
    for i in range(len(data) + 1):
        yield [data[:i], data[i:]]


def wait_until(condition: Callable[[], Any], what: str = "it", timeout: float = DEADLINE) -> None:
    """For what happens in another thread that tells nobody."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen in {timeout} s")
        time.sleep(MS)


class Running:
    """A function in a thread; `result()` waits for it and returns or raises what it does."""

    def __init__(self, function: Callable[..., Any], *args: Any, **keywords: Any):
        self._outcome: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue()
        self._call = partial(function, *args, **keywords)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self._outcome.put((self._call(), None))
        except BaseException as error:
            self._outcome.put((None, error))

    def result(self, timeout: float = DEADLINE) -> Any:
        value, error = self._outcome.get(timeout=timeout)
        self.thread.join(timeout)
        if error is not None:
            raise error
        return value


class TestCase(unittest.TestCase):
    """Fails if a test leaves a thread or a socket, or if anything went wrong where nobody could catch it."""

    maxDiff = 4000

    def setUp(self) -> None:
        faulthandler.dump_traceback_later(3 * DEADLINE, exit=True, file=sys.__stderr__ or 2)
        self.addCleanup(faulthandler.cancel_dump_traceback_later)
        self._sockets = open_sockets()
        self._stray: list[str] = []
        self.addCleanup(self._check_nothing_left)
        if hasattr(sys, "unraisablehook"):
            self.patch(sys, "unraisablehook", lambda args: self._stray.append(repr(args.exc_value)))
        self.patch(threading, "excepthook", lambda args: self._stray.append(f"{args.thread}: {args.exc_value!r}"))
        variables = {name: "" for name in os.environ if name.lower().endswith("_proxy")}
        if variables:
            self.patch_environ(**dict.fromkeys(variables))

    def _check_nothing_left(self) -> None:
        self.assertEqual(gradio_threads(), [])
        left = open_sockets() - self._sockets
        if left:  # in a cycle of objects that nobody has collected yet?
            for _ in range(3):  # PyPy closes what one collection finds in the next
                gc.collect()
            left = open_sockets() - self._sockets
        self.assertEqual(left, set())
        self.assertEqual(self._stray, [])

    def enter(self, manager: Any) -> Any:
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def patch(self, target: Any, name: str, value: Any) -> None:
        self.enter(mock.patch.object(target, name, value))

    def patch_environ(self, **variables: str | None) -> None:
        """Set environment variables, or remove those that are None, until the end of the test."""
        self.enter(mock.patch.dict(os.environ))
        for name, value in variables.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def folder(self) -> Path:
        return Path(os.path.realpath(self.enter(tempfile.TemporaryDirectory())))

    def raises(self, kind: type[BaseException], function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """The error that the call raises, which must be of exactly this class."""
        try:
            value = function(*args, **keywords)
        except kind as error:
            self.assertIs(type(error), kind)
            return error
        self.fail(f"{kind.__name__} was not raised, but {value!r} was returned")


def http_reply(body: bytes = b"ok", *headers: str, status: str = "200 OK") -> bytes:
    """The bytes of an answer that keeps the connection."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def receive_head(sock: socket.socket) -> bytes:
    """A request's head, for a RawServer."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(1 << 16)
        if not piece:
            return b""
        data += piece
    return data


class HttpCase(TestCase):
    def serve(self, **options: Any) -> ScriptedServer:
        server: ScriptedServer = self.enter(ScriptedServer(**options))
        return server

    def raw(self, talk: Callable[[socket.socket], object], **options: Any) -> RawServer:
        server: RawServer = self.enter(RawServer(talk, **options))
        return server

    def answering(self, data: bytes) -> str:
        """The URL of a server that answers every request with these bytes and closes the connection."""

        def talk(sock: socket.socket) -> None:
            receive_head(sock)
            sock.sendall(data)

        return self.raw(talk).url

    def http(self, **options: Any) -> glc.Http:
        http = glc.Http("test/1", **{"timeout": DEADLINE, "trust_env": False, **options})
        self.addCleanup(http.close)
        return http

    def get(self, http: glc.Http, url: str, method: str = "GET", *args: Any, **options: Any) -> tuple[int, bytes]:
        with http.request(method, url, *args, **options) as response:
            return response.status, response.read()

    def resolve(self, **hosts: str) -> None:
        """Until the end of the test, these host names are 127.0.0.1, and no others are known."""
        known = socket.getaddrinfo

        def getaddrinfo(host: Any, *args: Any, **keywords: Any) -> Any:
            if host in ("127.0.0.1", "localhost"):  # which a bare system may not know
                return known("127.0.0.1", *args, **keywords)
            if str(host).replace(".", "_") not in hosts:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return known("127.0.0.1", *args, **keywords)

        self.patch(socket, "getaddrinfo", getaddrinfo)


def config(*dependencies: Any, version: str = "6.31.0", protocol: str = "sse_v3", **more: Any) -> dict[str, Any]:
    """A small config: a textbox (1), a number (2), a state (3), a file (4), JSON (5), a column (6)."""
    kinds = ("textbox", "number", "state", "file", "json", "column")
    return {
        "version": version,
        "protocol": protocol,
        "components": [
            {
                "id": number,
                "type": kind,
                "props": {},
                "api_info": {"type": "string"},
                "skip_api": kind in ("state", "column"),
            }
            for number, kind in enumerate(kinds, 1)
        ],
        "dependencies": list(dependencies) or [dependency()],
        **more,
    }


def dependency(name: Any = "predict", inputs: Any = (1,), outputs: Any = (1,), **more: Any) -> dict[str, Any]:
    return {"api_name": name, "inputs": list(inputs), "outputs": list(outputs), "backend_fn": True, **more}


class ClientCase(HttpCase):
    def setUp(self) -> None:
        super().setUp()
        self.downloads = self.folder()
        names = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "HF_ENDPOINT")
        self.patch_environ(**dict.fromkeys(names), HF_HOME=str(self.downloads / "no-token"))

    def app(self, protocol: str = "", version: str = "", **options: Any) -> StandIn:
        app: StandIn = self.enter(StandIn(protocol, version, **options))
        return app

    def client(self, src: str, *args: Any, **options: Any) -> glc.Client:
        client = glc.Client(src, *args, **{"download_files": self.downloads, "timeout": DEADLINE, **options})
        self.addCleanup(client.close)
        return client

    def scripted(self, *dependencies: Any, **more: Any) -> ScriptedServer:
        """A server with a config, a queue that says "id" to every join, and a stream for each session."""
        server = self.serve()
        server.on("GET", "/config", config(*dependencies, **more))
        server.on("POST", "/queue/join", {"event_id": "id"})
        server.on("GET", "/queue/data", Stream)
        return server

    def completed(self, *data: Any, event_id: str = "id") -> dict[str, Any]:
        output = {"data": list(data)}
        return {"msg": "process_completed", "event_id": event_id, "output": output, "success": True}

    def files(self) -> list[str]:
        """What the download folder holds, temporary files included."""
        return sorted(str(path.relative_to(self.downloads)) for path in self.downloads.rglob("*") if path.is_file())

    def first(self, job: glc.Job) -> Any:
        return Running(next, iter(job)).result()

    def values(self, job: glc.Job) -> list[Any]:
        found: list[Any] = Running(list, job).result()
        return found

    def paths(self, server: ScriptedServer) -> list[str]:
        seen = (request for request in server.requests if "/heartbeat/" not in request.path)
        return [f"{request.method} {request.path}" for request in seen]
