"""Servers for the tests: scripted HTTP, raw sockets, a proxy, and a small Gradio.

Every server listens on 127.0.0.1, starts in its constructor and is a context manager. Leaving the
`with` block closes every connection at once, waits for every thread, and raises the first
exception that a handler of the test raised meanwhile. Nothing waits without a deadline.

    with ScriptedServer() as server:
        server.on("GET", "/config", {"version": "6.31.0"})     # dict or list: JSON
        server.on("GET", "/queue/data", Stream)                # the test drives the stream
        ...
        stream = server.next_stream()
        stream.push({"msg": "heartbeat"})
        stream.end()
        assert server.wait_for("POST", "/queue/join")[0].json()["fn_index"] == 2

`python3 -m testing.fake --port 7860` runs the stand-in for a Gradio app by hand.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import copy
import hashlib
import inspect
import io
import json
import mimetypes
import os
import queue
import re
import select
import shutil
import socket
import ssl
import struct
import tempfile
import threading
import time
import types
from collections import deque
from http.client import responses as REASONS
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    Generator,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from .apps.functions import make_endpoints

Json = Any
Reader = Union[io.BufferedReader, socket.SocketIO]  # what socket.makefile("rb") gives
Headers = Union[Mapping[str, str], Sequence[Tuple[str, str]]]

DEADLINE = 20.0  # seconds that anything here waits before it gives up with an AssertionError
CERTS = Path(__file__).with_name("certs")
CA_FILE = str(CERTS / "ca.pem")  # what a client must trust to talk to a server made with tls=True
CERTIFICATE = str(CERTS / "server.pem")  # for localhost, 127.0.0.1, huggingface.co and *.hf.space

_T = TypeVar("_T")
_L = TypeVar("_L", bound="Listener")


# ---- connections and threads ---------------------------------------------------------------------


class Listener:
    """Accepts connections and runs `serve(sock, number)` for each in a thread of its own.

    `sock` is closed when `serve` returns. `connections` counts what was accepted so far.
    """

    def __init__(self, port: int = 0, tls: bool = False) -> None:
        self.connections = 0
        self.errors: list[BaseException] = []  # raised by the test's handlers
        self.closed = threading.Event()
        self.tls = tls
        self._lock = threading.RLock()  # guards everything below and subclasses' records
        self._changed = threading.Condition(self._lock)
        self._sockets: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._context: ssl.SSLContext | None = None
        if tls:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(CERTIFICATE)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(1024)  # bursts of connections must not be refused
        self.port: int = self._listener.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"
        self.spawn(self._accept)

    def __enter__(self: _L) -> _L:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close()
        if kind is None and self.errors:
            raise self.errors[0]

    def close(self) -> None:
        """Drop every connection and wait for the threads. May be called twice."""
        with self._changed:
            self.closed.set()
            sockets = list(self._sockets)
            self._changed.notify_all()
        with contextlib.suppress(OSError):  # wakes accept() on every platform
            socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE).close()
        for sock in sockets:
            _wake(sock)
        deadline = time.monotonic() + DEADLINE
        with self._changed:
            self._threads.discard(threading.current_thread())
            self._changed.wait_for(lambda: not self._threads, deadline - time.monotonic())
            left = [thread.name for thread in self._threads]
        self._listener.close()
        assert not left, f"threads of {type(self).__name__} that did not end: {left}"

    def spawn(self, target: Callable[..., None], *args: object) -> None:
        """Run `target` in a daemon thread that `close()` waits for."""

        def run() -> None:
            try:
                target(*args)
            except OSError:
                pass  # the other side went away, which is none of a test's concern
            except BaseException as error:
                self.errors.append(error)
            finally:
                with self._changed:
                    self._threads.discard(thread)
                    self._changed.notify_all()

        name = f"{type(self).__name__}.{getattr(target, '__name__', 'thread').strip('_')}"
        thread = threading.Thread(target=run, name=name, daemon=True)
        with self._changed:
            self._threads.add(thread)
        thread.start()

    def serve(self, sock: socket.socket, number: int) -> None:
        raise NotImplementedError

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            with self._changed:
                if self.closed.is_set():
                    sock.close()
                    return
                self.connections += 1
                self._sockets.add(sock)
                self._changed.notify_all()
            self.spawn(self._connection, sock, self.connections)

    def _connection(self, sock: socket.socket, number: int) -> None:
        sock.settimeout(DEADLINE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain = sock
        try:
            if self._context is not None:
                sock = self._context.wrap_socket(plain, server_side=True)
                with self._changed:
                    self._sockets.discard(plain)
                    self._sockets.add(sock)
                    if self.closed.is_set():
                        return
            self.serve(sock, number)
        finally:
            with self._changed:
                self._sockets.discard(plain)
                self._sockets.discard(sock)
            with contextlib.suppress(OSError):
                sock.close()

    def _wait(self, condition: Callable[[], _T], what: Callable[[], str], timeout: float) -> _T:
        with self._changed:
            value = self._changed.wait_for(condition, timeout)
            if not value:
                raise AssertionError(what())
            return value


def _wake(sock: socket.socket) -> None:
    """Make a blocked read of another thread return; sends FIN unless the socket lingers for 0 s."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def reset(sock: socket.socket) -> None:
    """Make closing `sock` send a TCP reset instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class RawServer(Listener):
    """Hands every connection to `talk(sock)`, which may send whatever bytes it likes.

    Returning closes the connection (FIN); call `reset(sock)` before for a TCP reset. To never
    answer, wait with `server.closed.wait()`.
    """

    def __init__(
        self, talk: Callable[[socket.socket], object], port: int = 0, tls: bool = False
    ) -> None:
        self._talk = talk
        super().__init__(port, tls)

    def serve(self, sock: socket.socket, number: int) -> None:
        self._talk(sock)


# ---- HTTP ----------------------------------------------------------------------------------------


class Request(NamedTuple):
    """A request as it arrived. `connection` numbers the TCP connections of a server from 1."""

    method: str
    path: str  # percent-decoded, without the query
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes
    connection: int
    target: str  # the request line's second word, untouched

    def json(self) -> Json:
        return json.loads(self.body)

    @property
    def cookies(self) -> dict[str, str]:
        pairs = (pair.partition("=") for pair in self.headers.get("cookie", "").split(";"))
        return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}


class Reply(NamedTuple):
    """An answer. A `body` that is not bytes or str is written piece by piece.

    `Content-Length` is added for bytes and str; an iterable is sent in chunks unless `headers` has
    a `Content-Length`. `close=True` announces and performs the end of the connection.
    """

    status: int = 200
    headers: Headers = ()
    body: bytes | str | Iterable[bytes] = b""
    close: bool = False

    @staticmethod
    def json(value: Json, status: int = 200, headers: Headers = ()) -> Reply:
        pairs = [("Content-Type", "application/json"), *_pairs(headers)]
        return Reply(status, pairs, json.dumps(value, separators=(",", ":")).encode())


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return list(headers.items() if isinstance(headers, Mapping) else headers)


class Stream:
    """A `text/event-stream` answer that the test drives from its own thread.

    Use the class itself as the reply (`server.on("GET", "/queue/data", Stream)`): every request
    then opens a stream of its own; `server.next_stream()` gives it once its headers are sent.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.ended = False  # by this side
        self.was_cut = False
        self._lost = threading.Event()
        self._started = threading.Event()
        self._lock = threading.Lock()  # guards writing, and is held while writing
        self._sock: socket.socket | None = None

    def start(self, sock: socket.socket) -> None:
        """Send the headers. The server calls this."""
        head = "Content-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-store\r\n"
        with self._lock:
            self._sock = sock
            sock.sendall(f"HTTP/1.1 200 OK\r\n{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        self._started.set()

    def push(self, *messages: Json) -> None:
        """Send messages as Gradio does, one `data:` line each, all in one chunk."""
        text = "".join(f"data: {json.dumps(item, separators=(',', ':'))}\n\n" for item in messages)
        self.raw(text.encode())

    def comment(self, text: str = "ping") -> None:
        self.raw(f": {text}\n\n".encode())

    def raw(self, data: bytes) -> None:
        """Send bytes of the body, in a chunk of their own."""
        self._send(b"%x\r\n%s\r\n" % (len(data), data))

    def stall(self, data: bytes = b"data: ") -> None:
        """Announce a chunk larger than `data`, send `data`, and leave the client waiting."""
        self._send(b"%x\r\n%s" % (len(data) + 1000, data))

    def end(self) -> None:
        """End the answer properly; the connection stays usable."""
        with self._lock:
            if not self.ended:
                self.ended = True
                self._write(b"0\r\n\r\n")

    def cut(self, rst: bool = True) -> None:
        """End the connection in the middle of the answer: TCP reset, or FIN as a killed server."""
        with self._lock:
            self.ended = self.was_cut = True
            sock = self._sock
            assert sock is not None, "the stream has not started"
            with contextlib.suppress(OSError):
                if rst:
                    reset(sock)
                # The connection's thread is waiting. This wakes it and sends nothing; the thread
                # then closes the socket, which sends FIN or RST.
                sock.shutdown(socket.SHUT_RD)
        self.wait_lost()

    @property
    def lost(self) -> bool:
        """True once the connection is gone, whoever ended it."""
        return self._lost.is_set()

    def wait_lost(self, timeout: float = DEADLINE) -> None:
        """Wait until the connection is gone, for tests that the client hangs up."""
        assert self._lost.wait(timeout), "the stream's connection is still open"

    def wait_started(self) -> None:
        self._started.wait(DEADLINE)

    def is_lost_within(self, seconds: float) -> bool:
        return self._lost.wait(seconds)

    def mark_lost(self) -> None:
        self._lost.set()

    def _send(self, data: bytes) -> None:
        with self._lock:
            assert not self.ended, "the stream has ended"
            self._write(data)

    def _write(self, data: bytes) -> None:
        assert self._sock is not None, "the stream has not started"
        with contextlib.suppress(OSError):  # the client hung up; `lost` tells
            self._sock.sendall(data)


def websocket_key(key: str) -> str:
    """The value of Sec-WebSocket-Accept for a Sec-WebSocket-Key."""
    guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    return base64.b64encode(hashlib.sha1((key + guid).encode()).digest()).decode()


TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class WebSocket:
    """Frames over a connection whose request has been read. Call `accept` first."""

    def __init__(self, sock: socket.socket, reader: Reader) -> None:
        self._sock = sock
        self._reader = reader
        self._lock = threading.Lock()  # guards writing, and is held while writing
        self.close_code: int | None = None  # what the client sent

    def accept(self, request: Request) -> None:
        accept = websocket_key(request.headers["sec-websocket-key"])
        head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self._sock.sendall(f"{head}Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())

    def send(self, message: Json) -> None:
        self.frame(TEXT, json.dumps(message, separators=(",", ":")).encode())

    def frame(self, opcode: int, payload: bytes = b"", fin: bool = True) -> None:
        size = len(payload)
        if size < 126:
            head = bytes([opcode | fin << 7, size])
        elif size < 1 << 16:
            head = bytes([opcode | fin << 7, 126]) + size.to_bytes(2, "big")
        else:
            head = bytes([opcode | fin << 7, 127]) + size.to_bytes(8, "big")
        with self._lock:
            self._sock.sendall(head + payload)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame. The client must answer with one: `receive` then gives None."""
        self.frame(CLOSE, code.to_bytes(2, "big") + reason.encode())

    def read_frame(self) -> tuple[int, bool, bytes]:
        """The next frame's opcode, FIN bit and payload; EOFError at the end of the connection."""
        first, second = self._exactly(2)
        size = second & 127
        if size > 125:
            size = int.from_bytes(self._exactly(2 if size == 126 else 8), "big")
        assert second & 128, "a client must mask its frames"
        mask = int.from_bytes(self._exactly(4) * (size // 4 + 1), "big") >> 8 * (4 - size % 4)
        payload = self._exactly(size)
        data = (int.from_bytes(payload, "big") ^ mask).to_bytes(size, "big")
        return first & 15, bool(first & 128), data

    def receive(self) -> Json:
        """The next message's JSON; `None` once the client has closed or gone. Answers pings."""
        text = b""
        while True:
            try:
                opcode, fin, data = self.read_frame()
            except (OSError, EOFError):
                return None
            if opcode == PING:
                self.frame(PONG, data)
            elif opcode == CLOSE:
                self.close_code = int.from_bytes(data[:2], "big")
                return None
            elif opcode != PONG:
                text += data
                if fin:
                    return json.loads(text)

    def _exactly(self, size: int) -> bytes:
        data = self._reader.read(size) or b""
        if len(data) < size:
            raise EOFError
        return data


class Upgrade(NamedTuple):
    """Accept a WebSocket and hand it to `talk(socket, request)`; returning ends the connection."""

    talk: Callable[[WebSocket, Request], object]


Answer = Union[Reply, Stream, Upgrade, Dict[str, Any], List[Any], str, bytes, None]
Handler = Callable[[Request], Answer]


def read_request(reader: Reader, connection: int = 0, body: bool = True) -> Request | None:
    """Read one request, `None` at the end of the connection."""
    line = reader.readline(1 << 16).decode("latin-1")
    if not line.endswith("\n"):
        return None
    method, target, _ = line.split()
    headers: dict[str, str] = {}
    for raw in iter(reader.readline, b""):
        name, colon, value = raw.decode("latin-1").partition(":")
        if not colon:
            break
        name = name.strip().lower()
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    url = urlsplit(target if "://" in target else "//host" + target)
    data = _read_body(reader, headers) if body else b""
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    return Request(method, unquote(url.path), query, headers, data, connection, target)


def _read_body(reader: Reader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return reader.read(int(headers.get("content-length", 0))) or b""
    parts = []
    while True:
        size = int(reader.readline().split(b";")[0], 16)
        parts.append(reader.read(size) or b"")
        reader.readline()
        if not size:
            return b"".join(parts)


def write_reply(sock: socket.socket, reply: Reply, method: str = "GET") -> None:
    status, headers, body, close = reply
    pairs = _pairs(headers)
    names = {name.lower() for name, _ in pairs}
    if isinstance(body, str):
        body = body.encode()
    chunked = not isinstance(body, bytes) and "content-length" not in names
    if chunked:
        pairs.append(("Transfer-Encoding", "chunked"))
    elif isinstance(body, bytes) and "content-length" not in names and status not in (204, 304):
        pairs.append(("Content-Length", str(len(body))))
    if close:
        pairs.append(("Connection", "close"))
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in pairs]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    if method == "HEAD":
        sock.sendall(head)
    elif isinstance(body, bytes):
        sock.sendall(head + body)
    else:
        sock.sendall(head)
        for part in body:
            if part:
                sock.sendall(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
        if chunked:
            sock.sendall(b"0\r\n\r\n")


class ScriptedServer(Listener):
    """HTTP/1.1 with keep-alive that gives scripted answers and records what arrives.

    An answer is a `Reply`; a dict or list (sent as JSON); a str or bytes (200); `None` (hang up
    without a word); `Stream`; `Upgrade`; or a function from the request to one of these. What is
    not scripted is a 404. Idle connections are closed after `idle` seconds.
    """

    def __init__(self, port: int = 0, tls: bool = False, idle: float = DEADLINE) -> None:
        self._routes: dict[tuple[str, str], list[Answer | Handler]] = {}
        self._unread: set[tuple[str, str]] = set()
        self._requests: list[Request] = []
        self._streams: queue.Queue[Stream] = queue.Queue()
        self._idle = idle
        super().__init__(port, tls)

    def on(
        self, method: str, path: str, *answers: Answer | Handler, read_body: bool = True
    ) -> None:
        """Answer `method path` with the answers in turn; the last one stays.

        A `path` that ends in `*` stands for all that begin so. `method` may be `*`. With
        `read_body=False` the answer is sent before the body is read, and the connection closed.
        """
        with self._changed:
            self._routes[method, path] = list(answers)
            if not read_body:
                self._unread.add((method, path))

    @property
    def requests(self) -> list[Request]:
        """What has arrived so far, in order."""
        with self._changed:
            return list(self._requests)

    def wait_for(
        self, method: str, path: str, n: int = 1, timeout: float = DEADLINE
    ) -> list[Request]:
        """The first `n` or more requests of `method path`, as soon as so many have arrived."""

        def matching() -> list[Request]:
            found = [r for r in self._requests if (r.method, r.path) == (method, path)]
            return found if len(found) >= n else []

        def what() -> str:
            seen = [f"{request.method} {request.target}" for request in self._requests]
            return f"{n} x {method} {path} did not arrive in {timeout} s; arrived: {seen}"

        return self._wait(matching, what, timeout)

    def next_stream(self, timeout: float = DEADLINE) -> Stream:
        """The next stream that a client opened, in the order they were opened."""
        try:
            return self._streams.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no stream was opened in {timeout} s") from None

    def answer(self, request: Request) -> Answer:
        """The answer to a request; called in the connection's thread."""
        route = self._route(request.method, request.path)
        if route is None:
            return Reply.json({"detail": "Not Found"}, 404)
        with self._changed:
            answers = self._routes[route]
            reply = answers.pop(0) if len(answers) > 1 else answers[0]
        return reply(request) if callable(reply) else reply

    def serve(self, sock: socket.socket, number: int) -> None:
        stream: Stream | None = None
        with contextlib.closing(sock.makefile("rb")) as reader:
            try:
                while not self.closed.is_set():
                    if stream is not None:
                        # Wait for the stream's end or the client's. Not by reading: TLS answers
                        # an end it can see with an alert, and a cut sends nothing.
                        select.select([sock], [], [])
                        if stream.was_cut:
                            return
                    sock.settimeout(self._idle)
                    request = self._read(sock, reader, number)
                    if request is None:
                        return
                    stream = None
                    answer = self._answer(request)
                    if isinstance(answer, Stream):
                        stream = answer
                        stream.start(sock)
                        self.opened(stream)
                    elif isinstance(answer, Upgrade):
                        sock.settimeout(3600)
                        web_socket = WebSocket(sock, reader)
                        web_socket.accept(request)
                        answer.talk(web_socket, request)
                        return
                    elif answer is None:
                        return
                    else:
                        write_reply(sock, answer, request.method)
                        if answer.close or request.headers.get("connection") == "close":
                            return
            finally:
                if stream is not None:
                    self.hung_up(stream)

    def opened(self, stream: Stream) -> None:
        """A stream's headers have been sent."""
        self._streams.put(stream)

    def hung_up(self, stream: Stream) -> None:
        """A stream's connection is about to be closed."""
        stream.mark_lost()

    def _route(self, method: str, path: str) -> tuple[str, str] | None:
        with self._changed:
            for candidate in ((method, path), ("*", path)):
                if candidate in self._routes:
                    return candidate
            for known, pattern in self._routes:
                if known in ("*", method) and pattern[-1:] == "*" and path.startswith(pattern[:-1]):
                    return known, pattern
        return None

    def _read(self, sock: socket.socket, reader: Reader, number: int) -> Request | None:
        try:
            request = read_request(reader, number, body=False)
        except (socket.timeout, ValueError):
            return None
        if request is None:
            return None
        sock.settimeout(DEADLINE)
        if self._route(request.method, request.path) not in self._unread:
            if request.headers.get("expect", "").lower() == "100-continue":
                sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            request = request._replace(body=_read_body(reader, request.headers))
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()
        return request

    def _answer(self, request: Request) -> Reply | Stream | Upgrade | None:
        try:
            answer = self.answer(request)
        except Exception as error:
            self.errors.append(error)
            answer = Reply(500, {"Content-Type": "text/plain"}, "Internal Server Error")
        if isinstance(answer, (dict, list)):
            answer = Reply.json(answer)
        elif isinstance(answer, (str, bytes)):
            answer = Reply(body=answer)
        if answer is not None and self._route(request.method, request.path) in self._unread:
            assert isinstance(answer, Reply), "read_body=False needs a plain answer"
            answer = answer._replace(close=True)
        return answer


class ProxyServer(Listener):
    """A forward proxy: CONNECT for TLS and absolute URLs for plain HTTP.

    `login` ("user", "password") demands Basic credentials. `hosts` says where a host name really
    is, so that a test can use any name: `{"app.hf.space": server.host}`. `tunnels` and `requests`
    record what was asked for, refused attempts included.
    """

    def __init__(
        self,
        login: tuple[str, str] | None = None,
        hosts: Mapping[str, str] | None = None,
        port: int = 0,
    ) -> None:
        self.tunnels: list[str] = []  # "host:port" of each CONNECT
        self.requests: list[Request] = []  # all requests to the proxy itself
        self._hosts = dict(hosts or {})
        self._expected = ""
        if login:
            self._expected = "Basic " + base64.b64encode(":".join(login).encode()).decode()
        super().__init__(port)

    def serve(self, sock: socket.socket, number: int) -> None:
        with contextlib.closing(sock.makefile("rb", 0)) as reader:  # unbuffered: bytes go on
            request = read_request(reader, number, body=False)
            if request is None:
                return
            with self._changed:
                self.requests.append(request)
                if request.method == "CONNECT":
                    self.tunnels.append(request.target)
            if request.headers.get("proxy-authorization", "") != self._expected:
                refused = {"Proxy-Authenticate": 'Basic realm="test"'}
                return write_reply(sock, Reply(407, refused, "log in", close=True))
            connect = request.method == "CONNECT"
            url = urlsplit("//" + request.target if connect else request.target)
            place = self._hosts.get(url.hostname or "", f"{url.hostname}:{url.port or 80}")
            host, _, port = place.rpartition(":")
            try:
                other = socket.create_connection((host, int(port)), timeout=DEADLINE)
            except OSError as error:
                return write_reply(sock, Reply(502, (), str(error), close=True))
            with other:
                if connect:
                    sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    lines = [
                        f"{request.method} {url._replace(scheme='', netloc='').geturl()} HTTP/1.1"
                    ]
                    skip = ("proxy-authorization", "proxy-connection", "connection")
                    lines += [f"{k}: {v}" for k, v in request.headers.items() if k not in skip]
                    other.sendall(
                        "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
                    )
                self._relay(sock, other)

    def _relay(self, one: socket.socket, other: socket.socket) -> None:
        while not self.closed.is_set():
            for sock in select.select([one, other], [], [])[0]:
                data = sock.recv(1 << 16)
                if not data:
                    return
                (other if sock is one else one).sendall(data)


# ---- what functions of the app see of gradio -----------------------------------------------------


class Error(Exception):
    def __init__(
        self,
        message: str = "Error raised.",
        duration: float | None = 10,
        visible: bool = True,
        title: str = "Error",
        print_exception: bool = True,
    ) -> None:
        super().__init__(message)
        self.fields = {"error": message, "duration": duration, "visible": visible, "title": title}


class FunctionRequest:
    """gr.Request: who called."""

    def __init__(self, headers: dict[str, str], session_hash: str | None, username: str) -> None:
        self.headers = headers
        self.session_hash = self.state_key = session_hash
        self.username = username or None


class Progress:
    """gr.Progress. Unlike the real one it sends every step."""

    def __init__(self, track_tqdm: bool = False) -> None:
        pass

    def __call__(
        self,
        progress: Any,
        desc: str | None = None,
        total: float | None = None,
        unit: str = "steps",
    ) -> None:
        at, length = progress if isinstance(progress, tuple) else (None, total)
        rest = None if isinstance(progress, tuple) else progress
        _tell("progress", progress_data=[*_bars(), _bar(at, length, rest, desc, unit)])

    def tqdm(
        self,
        iterable: Iterable[_T],
        desc: str | None = None,
        total: float | None = None,
        unit: str = "steps",
    ) -> Iterator[_T]:
        items = list(iterable)
        bar = _bar(0, len(items), None, desc, unit)
        bars = _bars()
        bars.append(bar)
        _tell("progress", progress_data=[dict(bar) for bar in bars])
        for index, item in enumerate(items, 1):
            yield item
            bar["index"] = index
            _tell("progress", progress_data=[dict(bar) for bar in bars])
        bars.remove(bar)


_current = threading.local()  # .event: what this thread runs; .bars: its open progress bars


def _bar(index: Any, length: Any, progress: Any, desc: str | None, unit: str) -> dict[str, Any]:
    return dict(index=index, length=length, unit=unit, progress=progress, desc=desc)


def _bars() -> list[dict[str, Any]]:
    bars: list[dict[str, Any]] = _current.__dict__.setdefault("bars", [])
    return bars


def _tell(msg: str, **fields: Any) -> None:
    event: _Event | None = getattr(_current, "event", None)
    if event is not None:  # direct calls have nobody to tell
        event.send(msg, **fields)


def _logger(level: str) -> Callable[..., None]:
    def log(
        message: str = "",
        duration: float | None = 10,
        visible: bool = True,
        title: str | None = None,
    ) -> None:
        title = level.capitalize() if title is None else title
        _tell("log", log=message, level=level, duration=duration, visible=visible, title=title)

    return log


def gradio(version: str = "6.31.0") -> Any:
    """The names of the `gradio` module that functions need."""

    def update(**fields: Any) -> dict[str, Any]:
        return {"__type__": "update", **fields}

    def validate(is_valid: bool, message: str) -> dict[str, Any]:
        return {"__type__": "validate", "is_valid": is_valid, "message": message}

    return types.SimpleNamespace(
        __version__=version,
        Error=Error,
        Info=_logger("info"),
        Warning=_logger("warning"),
        Success=_logger("success"),
        Progress=Progress,
        Request=FunctionRequest,
        skip=update,
        update=update,
        validate=validate,
    )


# ---- values --------------------------------------------------------------------------------------

VERSIONS = {  # the release a protocol stands for unless told otherwise: its last one, or nearly
    "ws": "3.50.2",
    "sse": "4.8.0",
    "sse_v1": "4.16.0",
    "sse_v2": "4.20.1",
    "sse_v2.1": "4.21.0",
    "sse_v3": "6.31.0",
}
FILES = ("file", "image", "audio", "video", "model3d", "downloadbutton", "uploadbutton")
SKIPPED = ("state", "button", "column", "row", "form", "group")  # no part of the API

_FILE_SCHEMA: Json = {
    "title": "FileData",
    "type": "object",
    "properties": {
        "path": {"title": "Path", "type": "string"},
        "url": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None, "title": "Url"},
        "orig_name": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "meta": {
            "type": "object",
            "properties": {"_type": {"const": "gradio.FileData", "type": "string"}},
        },
    },
    "required": ["path"],
}
KINDS: dict[str, tuple[Json, str, Json]] = {  # schema, Python type, example
    "textbox": ({"type": "string"}, "str", "Hello!!"),
    "number": ({"type": "number"}, "float", 3),
    "slider": ({"type": "number"}, "float", 0),
    "checkbox": ({"type": "boolean"}, "bool", True),
    "dropdown": ({"type": "string"}, "str", None),
    "radio": ({"type": "string"}, "str", None),
    "json": (
        {"type": {}, "description": "any valid json"},
        "str | float | bool | list | dict",
        {"foo": "bar"},
    ),
    "chatbot": (
        {"type": "array", "items": {"type": "object"}, "title": "ChatbotDataMessages"},
        "list[dict(role: str, content: str)]",
        [{"role": "user", "content": "Hello!"}],
    ),
    "gallery": (
        {
            "type": "array",
            "title": "GalleryData",
            "items": {
                "type": "object",
                "properties": {"image": _FILE_SCHEMA, "caption": {"type": "string"}},
            },
        },
        "list[dict(image: filepath, caption: str | None)]",
        None,
    ),
    "multimodaltextbox": (
        {
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                "files": {"type": "array", "items": _FILE_SCHEMA},
            },
        },
        "dict(text: str, files: list[filepath])",
        {"text": "sample text", "files": []},
    ),
    **dict.fromkeys(
        FILES, (_FILE_SCHEMA, "filepath", {"path": "https://example.com/sample.bin", "meta": {}})
    ),
}


class Component(NamedTuple):
    id: int
    kind: str
    props: dict[str, Any]

    @property
    def skipped(self) -> bool:
        return self.kind in SKIPPED

    @property
    def many(self) -> bool:
        return self.props.get("file_count") in ("multiple", "directory")

    def describe(self) -> tuple[Json, str, Json]:
        """Schema, Python type and example."""
        schema, python_type, example = KINDS.get(self.kind, KINDS["json"])
        choices = [choice[1] for choice in self.props.get("choices", [])]
        if choices:
            literal = ", ".join(map(repr, choices))
            return {"type": "string", "enum": choices}, f"Literal[{literal}]", choices[0]
        if self.many:
            return {"type": "array", "items": schema}, f"list[{python_type}]", [example]
        return schema, python_type, example


def diff(old: Json, new: Json, path: Sequence[Json] = (), naive: bool = False) -> list[Json]:
    """The edits that make `new` of `old`. Servers before 5.29.1 are `naive` about what a deletion
    does to the indexes of the elements that follow it."""
    here = list(path)
    if type(old) is not type(new):
        return [["replace", here, new]]
    edits: list[Json] = []
    if isinstance(new, list):
        for i in range(min(len(old), len(new))):
            edits += diff(old[i], new[i], [*here, i], naive)
        for i in range(len(new), len(old)):
            edits.append(["delete", [*here, i if naive else len(new)], None])
        for i in range(len(old), len(new)):
            edits.append(["add", [*here, i], new[i]])
    elif isinstance(new, dict):
        edits += [["delete", [*here, key], None] for key in old if key not in new]
        for key, value in new.items():
            if key in old:
                edits += diff(old[key], value, [*here, key], naive)
            else:
                edits.append(["add", [*here, key], value])
    elif old != new:
        if isinstance(new, str) and new.startswith(old):
            return [["append", here, new[len(old) :]]]
        return [["replace", here, new]]
    return edits


def parse_multipart(body: bytes, content_type: str) -> list[tuple[str, str | None, bytes]]:
    """(field name, file name, content) of each part; the file name is None if there is none."""
    boundary = content_type.partition("boundary=")[2].strip('"').encode()
    parts = []
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        names = dict(re.findall(r'(name|filename)="((?:[^"\\]|\\.)*)"', head.decode()))
        parts.append((names.get("name", ""), names.get("filename"), content[:-2]))
    return parts


# ---- the stand-in for a Gradio app ---------------------------------------------------------------


class _Function:
    """An endpoint of the table with its components; what Gradio calls a dependency."""

    def __init__(
        self, number: int, name: Any, fn: Any, inputs: Any, outputs: Any, options: Any
    ) -> None:
        self.id: int = number
        self.name: str = name
        self.fn: Callable[..., Any] | None = fn
        self.inputs: list[Component] = inputs
        self.outputs: list[Component] = outputs
        self.visibility: str = options.get("visibility", "public")
        self.queued: bool = options.get("queue") is not False
        self.batch: bool = bool(options.get("batch"))
        self.line = options.get("line", number)  # functions of one line wait for the same workers
        self.limit: int = 1 if "line" in options else options.get("workers", 8)
        self.js: str | None = options.get("js")
        self.cancels: list[int] = options.get("cancels", [])
        self.validator: Callable[..., Any] | None = options.get("validator")
        self.is_generator = inspect.isgeneratorfunction(fn)
        self.average: float | None = None
        self.parameters = [] if fn is None else list(inspect.signature(fn).parameters.values())
        named = [p for p in self.parameters if not self._is_special(p)]
        self.named: list[inspect.Parameter | None] = [*named, *[None] * len(inputs)]

    def special(self, request: FunctionRequest) -> dict[str, Any]:
        """Arguments that Gradio adds by itself. (gr.Progress is its own default.)"""
        wants = [p.name for p in self.parameters if p.annotation is FunctionRequest]
        return dict.fromkeys(wants, request)

    @staticmethod
    def _is_special(parameter: inspect.Parameter) -> bool:
        is_request = parameter.annotation is FunctionRequest
        return is_request or isinstance(parameter.default, Progress)


class _Mailbox:
    """Messages for one stream. `None` ends it without a word."""

    def __init__(self, lock: threading.RLock) -> None:
        self.ready = threading.Condition(lock)
        self.messages: deque[dict[str, Any] | None] = deque()
        self.pending: set[str] = set()  # events whose completion has not been sent yet
        self.known = True  # false once the client is lost

    def put(self, message: dict[str, Any] | None) -> None:
        with self.ready:
            self.messages.append(message)
            self.ready.notify_all()


class _Event:
    """A job on its way through the queue."""

    def __init__(
        self, app: StandIn, function: _Function, mailbox: _Mailbox, request: FunctionRequest
    ) -> None:
        self.id = os.urandom(16).hex()
        self.function = function
        self.mailbox = mailbox
        self.request = request
        self.data: Json = None
        self.arguments: Json = None  # the data that the function was called with
        self.simple = False  # no diffs wanted
        self.data_ready = threading.Event()  # ws and sse send it when asked
        self.alive = True  # false: nobody listens; a generator stops, messages are dropped
        self.has_worker = False
        self.has_yielded = False
        self.ended = threading.Event()  # the function has returned, or its generator is closed
        self.gone = threading.Event()  # the WebSocket is closed
        self._app = app

    def send(self, msg: str, **fields: Any) -> None:
        if self.alive:
            self.mailbox.put(self._app.message(msg, self.id, fields))

    def complete(self, output: Json, success: bool = True, title: str | None = None) -> None:
        if self.alive:
            self.mailbox.put(self._app.completion(self.id, output, success, title))


_SINCE: dict[
    tuple[str, str], tuple[int, ...]
] = {  # (message, field): the first release that has it
    ("process_starts", "eta"): (4, 11),
    ("process_generating", "time_limit"): (5, 0),
    ("process_completed", "title"): (5, 2),
    ("process_completed", "used_cache"): (6, 12),
    ("process_completed", "cache_duration"): (6, 12),
    ("process_completed", "avg_time"): (6, 12),
    ("log", "duration"): (4, 37, 1),
    ("log", "visible"): (4, 37, 1),
    ("log", "title"): (5, 2),
    ("unexpected_error", "session_not_found"): (5, 38),
    ("output", "render_config"): (4, 31),
    ("output", "changed_state_ids"): (4, 32),
    ("output", "used_cache"): (6, 12),
    ("file", "is_stream"): (4, 18),
    ("file", "meta"): (4, 21),
}


class StandIn(ScriptedServer):
    """A Gradio app without Gradio: the endpoints of testing/apps/functions.py, or a table like it.

    Routes set with `on` come first. `respond(request)` is the app's own answer, for a test that
    delays or spoils it: `app.on("POST", app.api + "/queue/join", lambda r: late(app.respond(r)))`.

    protocol, version    what it speaks and says it is; either can be derived from the other
    endpoints            a table like that of `make_endpoints(gradio())`
    show_error           tell the text of every exception, not only of gr.Error
    auth                 (user, password)
    mount                path of the app, such as "/sub"
    root                 what the server believes to be its own URL, right by default
    max_size             of each queue; more jobs are refused
    max_file_size        of uploads, in bytes
    info                 False: /info answers 404
    api_open             False: queued functions cannot be called directly
    heartbeat            seconds between heartbeats
    """

    def __init__(
        self,
        protocol: str = "",
        version: str = "",
        endpoints: Sequence[Any] | None = None,
        *,
        show_error: bool = False,
        auth: tuple[str, str] | None = None,
        mount: str = "",
        root: str = "",
        max_size: int | None = None,
        max_file_size: int | None = None,
        info: bool = True,
        api_open: bool = True,
        heartbeat: float = 15.0,
        port: int = 0,
        tls: bool = False,
    ) -> None:
        self.version = version or VERSIONS[protocol or "sse_v3"]
        self.v = tuple(int(part) for part in re.findall(r"\d+", self.version)[:3])
        self.protocol = protocol or _protocol_of(self.v)
        self.single = self.protocol in ("ws", "sse")  # one connection per job
        self.show_error = show_error
        self.auth = auth
        self.mount = mount.rstrip("/")
        self.root = root
        self.max_size = max_size
        self.max_file_size = max_file_size
        self.info = info
        self.api_open = api_open
        self.heartbeat = heartbeat
        self.api = self.mount + ("/gradio_api" if self.v >= (5,) else "")
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="standin-"))
        self.components: list[Component] = []
        self.functions: list[_Function] = []
        self.by_name: dict[str, _Function] = {}
        self.stopped = False
        self._closing = False
        self._app_id = int.from_bytes(os.urandom(7), "big")
        self._logins: dict[str, str] = {}  # token: user
        self._sessions: dict[str, _Mailbox] = {}
        self._states: dict[tuple[str, int], Json] = {}  # (session hash, component id): value
        self._lines: dict[Any, list[_Event]] = {}  # waiting
        self._running: list[_Event] = []
        self._busy: dict[Any, int] = {}  # workers at work in a line
        self._pumped: dict[Stream, _Mailbox] = {}
        self._load(make_endpoints(gradio(self.version)) if endpoints is None else endpoints)
        super().__init__(port, tls)
        self.url += self.mount

    def close(self) -> None:
        with self._changed:
            self._closing = True  # no job starts from now on
            running = list(self._running)
        wake = self.by_name.get("wake")
        for event in running:
            event.alive = False
            event.data_ready.set()
            event.gone.set()
            if wake and wake.fn and event.function.name in ("sleep", "steps") and event.arguments:
                wake.fn(event.arguments[-1], 1000)  # functions.py: let those that wait end now
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop_queue(self) -> None:
        """As `demo.close()` does: streams say so from now on, and joining is refused."""
        with self._changed:
            self.stopped = True
            for mailbox in list(self._pumped.values()):
                mailbox.ready.notify_all()

    def session_state(self, session_hash: str) -> list[Json]:
        """What the app holds for a session, for tests."""
        with self._changed:
            return [value for (key, _), value in self._states.items() if key == session_hash]

    @property
    def waiting(self) -> int:
        """How many jobs wait for a worker."""
        with self._changed:
            return sum(map(len, self._lines.values()))

    # -- the table --

    def _load(self, endpoints: Sequence[Any]) -> None:
        self._component("button", {"value": "run"})
        for name, fn, inputs, outputs, options in endpoints:
            options = dict(options)
            ins = [self._component(kind, props) for kind, props in inputs]
            states = [component for component in ins if component.kind == "state"]
            outs = [
                states.pop(0) if kind == "state" and states else self._component(kind, props)
                for kind, props in outputs
            ]
            cancelled = options.pop("cancels", None)
            self._function_of(name, fn, ins, outs, options)
            if cancelled is not None:  # Gradio makes a function of its own for that
                options = {"queue": False, "cancels": [self.by_name[cancelled].id]}
                self._function_of(f"cancel_{name}", None, [], [], options)

    def _function_of(self, name: str, *rest: Any) -> None:
        function = _Function(len(self.functions), name, *rest)
        self.functions.append(function)
        self.by_name[name] = function

    def _component(self, kind: str, props: dict[str, Any]) -> Component:
        props = dict(props, name=kind)
        if "choices" in props:
            pairs = [c if isinstance(c, (list, tuple)) else (c, c) for c in props["choices"]]
            props["choices"] = [list(pair) for pair in pairs]
        component = Component(len(self.components) + 1, kind, props)
        self.components.append(component)
        return component

    def _function(self, number: Json) -> _Function | None:
        known = isinstance(number, int) and 0 <= number < len(self.functions)
        return self.functions[number] if known else None

    # -- routes --

    def answer(self, request: Request) -> Answer:
        scripted = self._route(request.method, request.path) is not None
        return super().answer(request) if scripted else self.respond(request)

    def respond(self, request: Request) -> Answer:
        """The app's own answer to a request."""
        path = request.path
        if self.mount:
            if path == self.mount:
                return Reply(307, {"Location": self._origin(request) + self.mount + "/"})
            if not path.startswith(self.mount + "/"):
                return _refuse(404, "Not Found")
            path = path[len(self.mount) :]
        prefix = self.api[len(self.mount) :]
        if path in ("/", "/config", "/config/", "/login", "/login/"):
            name = path.strip("/")
        elif path.startswith(prefix + "/"):
            name = path[len(prefix) + 1 :]
        else:
            return _refuse(404, "Not Found")
        name, _, rest = name.partition("=" if name.startswith("file=") else "/")
        if name in ("queue", "upload"):
            name, rest = f"{name}_{rest}".rstrip("_/"), ""
        route = getattr(self, f"_{request.method.replace('HEAD', 'GET')}_{name}", None)
        if route is None:
            others = [method for method in ("GET", "POST") if hasattr(self, f"_{method}_{name}")]
            return _refuse(405, "Method Not Allowed") if others else _refuse(404, "Not Found")
        is_public = name in ("", "login", "app_id", "reset", "cancel", "heartbeat")
        if self.auth and not is_public and not self._user(request):
            if request.headers.get("upgrade"):
                return Reply(403, close=True)
            detail: Json = "Not authenticated"
            if self.v >= (5, 36):
                detail = {"error": detail, "auth_message": None}
            return _refuse(401, detail)
        try:
            answer: Answer = route(request, rest)
        except _BadBody as error:
            return _refuse(422, error.args[0])
        return answer

    def _GET_(self, request: Request, rest: str) -> Answer:
        config = dict(self._config(request))
        if self.auth and not self._user(request):
            config = {"auth_required": True, "auth_message": None, "version": self.version}
        script = f"<script>window.gradio_config = {json.dumps(config)};</script>"
        return Reply(200, {"Content-Type": "text/html; charset=utf-8"}, f"<html>{script}</html>")

    def _GET_config(self, request: Request, rest: str) -> Answer:
        return self._config(request)

    def _GET_info(self, request: Request, rest: str) -> Answer:
        if not self.info or self.v < (3, 26):
            return _refuse(404, "Not Found")
        return self._info(request.query.get("all_endpoints", "").lower() == "true")

    def _POST_login(self, request: Request, rest: str) -> Answer:
        form = dict(parse_qsl(request.body.decode()))
        missing = [name for name in ("username", "password") if name not in form]
        if missing:
            return _refuse(422, [_missing("body", name) for name in missing])
        if not self.auth:
            return Reply(302, {"Location": self._origin(request) + self.mount + "/"})
        if (form["username"].strip(), form["password"]) != self.auth:
            return _refuse(400, "Incorrect credentials.")
        token = os.urandom(16).hex()
        self._logins[token] = self.auth[0]
        suffix = f"-{self._app_id}" if self.v >= (3, 44, 4) else ""
        cookies = [
            f"access-token{suffix}={token}; HttpOnly; Path=/; SameSite=none; Secure",
            f"access-token-unsecure{suffix}={token}; HttpOnly; Path=/; SameSite=lax",
        ]
        return Reply.json({"success": True}, headers=[("Set-Cookie", text) for text in cookies])

    def _GET_app_id(self, request: Request, rest: str) -> Answer:
        return {"app_id": self._app_id}

    def _user(self, request: Request) -> str:
        cookies = request.cookies
        suffix = f"-{self._app_id}" if self.v >= (3, 44, 4) else ""
        names = (f"access-token{suffix}", f"access-token-unsecure{suffix}")
        return next((self._logins[t] for t in map(cookies.get, names) if t in self._logins), "")

    def _origin(self, request: Request) -> str:
        scheme = request.headers.get("x-forwarded-proto", "https" if self.tls else "http")
        return f"{scheme}://{request.headers.get('host', self.host)}"

    def _root(self, request: Request | None) -> str:
        if self.root:
            return self.root
        if self.v < (4, 18):
            return self.mount
        return (self._origin(request) if request else f"http://{self.host}") + self.mount

    # -- description --

    def _config(self, request: Request) -> dict[str, Any]:
        config: dict[str, Any] = {
            "version": self.version + ("\n" if self.v < (3, 39) else ""),
            "mode": "blocks",
            "dev_mode": False,
            "analytics_enabled": False,
            "components": [self._describe(component) for component in self.components],
            "dependencies": [self._dependency(function) for function in self.functions],
            "layout": {"id": 0, "children": [{"id": c.id} for c in self.components]},
            "css": None,
            "title": "Gradio",
            "enable_queue": True,
            "show_error": self.show_error,
            "is_colab": False,
        }
        since: list[tuple[tuple[int, ...], str, Json]] = [
            ((3, 23), "root", self._root(request)),
            ((3, 36), "space_id", None),
            ((3, 44, 4), "app_id", self._app_id),
            ((4,), "protocol", self.protocol),
            ((4, 28), "max_file_size", self.max_file_size),
            ((4, 29), "connect_heartbeat", any(c.kind == "state" for c in self.components)),
            ((4, 38), "username", self._user(request) or None),
            ((5,), "api_prefix", "/gradio_api"),
        ]
        config.update((name, value) for version, name, value in since if self.v >= version)
        if self.v < (6,):
            config["show_api"] = True
        return config

    def _describe(self, component: Component) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "id": component.id,
            "type": component.kind,
            "props": component.props,
        }
        if self.v >= (4,):
            entry["skip_api"] = component.skipped
        if not component.skipped and self.v >= (3, 26):
            schema, _, example = component.describe()
            entry["api_info"] = schema
            entry["example_inputs"] = example
            if self.v < (4,):
                entry["api_info"] = {"info": schema, "serialized_info": component.kind in FILES}
                entry["example_inputs"] = {"raw": example, "serialized": example}
            if self.v >= (5,):
                entry["api_info_as_input"] = entry["api_info_as_output"] = schema
        return entry

    def _dependency(self, function: _Function) -> dict[str, Any]:
        button = self.components[0].id
        has_backend = function.fn is not None or (bool(function.cancels) and self.v < (4, 35))
        queued = function.queued and function.fn is not None
        entry: dict[str, Any] = {
            "targets": [[button, "click"]] if self.v >= (3, 45) else [button],
            "inputs": [component.id for component in function.inputs],
            "outputs": [component.id for component in function.outputs],
            "backend_fn": has_backend,
            "js": function.js,
            "queue": False if not queued else True if self.v >= (4, 32) else None,
            "api_name": self._api_name(function),
            "scroll_to_output": False,
            "show_progress": "full",
            "batch": function.batch,
            "max_batch_size": 4,
            "cancels": function.cancels,
            "collects_event_data": False,
        }
        if self.v < (3, 45):
            entry["trigger"] = "click"
        if self.v >= (3, 20):
            entry["types"] = {"generator": function.is_generator, "continuous": False}
        if self.v >= (4, 35):
            cancel_only = function.fn is None and bool(function.cancels)
            entry["types"] = {"generator": function.is_generator, "cancel": cancel_only}
        if (4, 12) <= self.v < (6,):
            entry["show_api"] = function.visibility in ("public", "unnamed")
        if self.v >= (4, 32):
            entry.update(id=function.id, rendered_in=None)
        if self.v >= (5,):
            entry.update(connection="sse", time_limit=None, stream_every=0.5)
        if self.v >= (6,):
            visible = "public" if function.visibility == "unnamed" else function.visibility
            entry["api_visibility"] = visible if function.fn else "private"
        return entry

    def _api_name(self, function: _Function) -> Json:
        if function.visibility == "private" and self.v < (6,):
            return False
        if function.fn is None:
            name = "js_fn" if function.js else function.name
            return name if self.v >= (4, 12) else None
        return None if function.visibility == "unnamed" and self.v < (4,) else function.name

    def _info(self, everything: bool) -> dict[str, Any]:
        named = {}
        shown = ("public", "unnamed", "undocumented") if everything else ("public", "unnamed")
        for function in self.functions:
            name = self._api_name(function)
            if function.fn is None or not isinstance(name, str) or function.visibility not in shown:
                continue
            inputs = zip(function.inputs, function.named)
            entry: dict[str, Any] = {
                "parameters": [
                    self._parameter(component, parameter, position)
                    for position, (component, parameter) in enumerate(inputs)
                    if not component.skipped
                ],
                "returns": [self._return(c) for c in function.outputs if not c.skipped],
            }
            if (4, 31, 4) <= self.v < (6,):
                entry["show_api"] = function.visibility != "undocumented"
            if self.v >= (5, 38):
                entry["description"] = inspect.getdoc(function.fn) or ""
            if self.v >= (6,):
                entry["api_visibility"] = (
                    "undocumented" if function.visibility == "undocumented" else "public"
                )
            named["/" + name] = entry
        return {"named_endpoints": named, "unnamed_endpoints": {}}

    def _return(self, component: Component) -> dict[str, Any]:
        schema, python_type, _ = component.describe()
        return {
            "label": component.props.get("label", f"value_{component.id}"),
            "type": schema,
            "python_type": {"type": python_type, "description": ""},
            "component": component.kind.capitalize(),
        }

    def _parameter(
        self, component: Component, parameter: inspect.Parameter | None, position: int
    ) -> dict[str, Any]:
        entry = self._return(component)
        entry["label"] = component.props.get("label", f"parameter_{component.id}")
        entry["example_input"] = component.describe()[2]
        if self.v < (4,):
            entry["serializer"] = "StringSerializable"
        if self.v >= (4, 23):
            default = component.props.get("value")
            if parameter is not None and parameter.default is not parameter.empty:
                default = parameter.default if default is None else default
            entry["parameter_name"] = parameter.name if parameter else f"param_{position}"
            entry["parameter_has_default"] = default is not None
            entry["parameter_default"] = default
        return entry

    # -- files --

    def _POST_upload(self, request: Request, rest: str) -> Answer:
        content_type = request.headers.get("content-type", "")
        if not content_type.startswith("multipart/form-data"):
            return _refuse(400 if self.v >= (4,) else 422, "Invalid content type.")
        paths = []
        for field, filename, content in parse_multipart(request.body, content_type):
            if field != "files":
                continue
            if self.max_file_size is not None and len(content) > self.max_file_size:
                limit = self.max_file_size
                text = f"File size exceeded maximum allowed size of {limit} bytes."
                return Reply(413, {"Content-Type": "text/plain"}, text)
            paths.append(self._store(filename or "blob", content))
        return paths

    def _store(self, name: str, content: bytes) -> str:
        folder = os.path.join(self.folder, hashlib.sha256(content).hexdigest())
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, re.split(r"[/\\]", name)[-1][:200])
        Path(path).write_bytes(content)
        return path

    def _GET_file(self, request: Request, rest: str) -> Answer:
        path = os.path.realpath(rest)
        if not path.startswith(self.folder + os.sep):
            return _refuse(403, f"File not allowed: {rest}.")
        if not os.path.isfile(path):
            return _refuse(403 if self.v >= (5,) else 404, f"File not found: {rest}.")
        size = os.path.getsize(path)
        headers = {
            "Content-Type": mimetypes.guess_type(path)[0] or "application/octet-stream",
            "Accept-Ranges": "bytes",
        }
        found = re.match(r"bytes=(\d+)-(\d*)$", request.headers.get("range", ""))
        start, stop = 0, size
        if found:
            start = int(found[1])
            stop = min(size, int(found[2]) + 1) if found[2] else size
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        headers["Content-Length"] = str(stop - start)
        return Reply(206 if found else 200, headers, _pieces(path, start, stop))

    def _file_data(self, path: str, kind: str = "file") -> dict[str, Any]:
        """The object that stands for a file that a function returned."""
        if not os.path.realpath(path).startswith(self.folder + os.sep):
            path = self._store(os.path.basename(path), Path(path).read_bytes())
        size, name = os.path.getsize(path), os.path.basename(path)
        if self.v < (4,):
            return {"name": path, "data": None, "is_file": True, "orig_name": name, "size": size}
        url = None
        if self.v >= (4, 18):
            target = quote(path) if self.v >= (6, 28) else path
            url = f"{self._root(None)}{self.api[len(self.mount) :]}/file={target}"
        mime_type = mimetypes.guess_type(name)[0] if kind == "gallery" and self.v >= (5,) else None
        value = {
            "path": path,
            "url": url,
            "size": size if kind == "file" else None,
            "orig_name": name,
            "mime_type": mime_type,
        }
        more = {"is_stream": False, "meta": {"_type": "gradio.FileData"}}
        return {**value, **self._having("file", more)}

    def _path(self, value: Json, kind: str) -> str:
        """The path in a file object that a client sent."""
        if self.v < (4,):
            if isinstance(value, str) and kind == "image":
                return self._inline(value, "image.png")
            if value.get("is_file"):
                return str(value["name"])
            return self._inline(str(value["data"]), str(value["name"]))
        if not isinstance(value, dict) or "path" not in value:
            raise ValueError(f"1 validation error for FileData: Input should be a file: {value!r}")
        needs_meta = self.v >= (5, 5) and kind != "image"
        if needs_meta and value.get("meta") != {"_type": "gradio.FileData"}:
            raise ValueError("The 'meta' field must be explicitly provided in the input data.")
        path: str = os.path.realpath(value["path"])
        if not path.startswith(self.folder + os.sep):
            raise ValueError(f"Cannot move {path} to the gradio cache dir: it was not uploaded.")
        return path

    def _inline(self, data: str, name: str) -> str:
        return self._store(name, base64.b64decode(data.partition(",")[2]))

    def _take(self, component: Component, value: Json) -> Json:
        """What the function gets for a value that the client sent."""
        kind = component.kind
        if value is None:
            return None
        if kind == "video" and (4,) <= self.v < (6,):
            value = value["video"]
        if kind in FILES:
            if component.many:
                return [self._path(item, kind) for item in value]
            return self._path(value, kind)
        if kind == "multimodaltextbox":
            files = [self._path(item, kind) for item in value.get("files", [])]
            return {"text": value["text"], "files": files}
        if kind == "gallery":
            return [(self._path(item["image"], "image"), item.get("caption")) for item in value]
        if kind in ("dropdown", "radio") and self.v >= (5,):
            choices = [choice[1] for choice in component.props.get("choices", [])]
            if value not in choices:
                raise Error(f"Value: {value} is not in the list of choices: {choices}")
        return str(value) if kind == "textbox" else value

    def _give(self, component: Component, value: Json) -> Json:
        """What the client gets for a value that the function returned."""
        if isinstance(value, dict) and value.get("__type__") == "update":
            if "value" in value:
                value = dict(value, value=self._give(component, value["value"]))
            return value
        kind = component.kind
        if value is None or component.skipped:
            return None
        if kind in FILES:
            if component.many:
                return [self._file_data(path) for path in value]
            if kind == "image" and self.v < (4,):
                data = base64.b64encode(Path(value).read_bytes()).decode()
                return f"data:image/png;base64,{data}"
            file = self._file_data(value, kind)
            if kind == "video" and self.v < (4,):
                return [file, None]
            return {"video": file, "subtitles": None} if kind == "video" and self.v < (6,) else file
        if kind == "gallery":
            items = [item if isinstance(item, tuple) else (item, None) for item in value]
            if self.v < (4,):
                return [[self._file_data(path), caption] for path, caption in items]
            return [{"image": self._file_data(path, kind), "caption": text} for path, text in items]
        if kind == "multimodaltextbox":
            return {
                "text": value["text"],
                "files": [self._file_data(path) for path in value["files"]],
            }
        if kind == "chatbot" and self.v >= (6,):
            return [
                dict(
                    item,
                    metadata=None,
                    options=None,
                    content=[{"text": item["content"], "type": "text"}],
                )
                for item in value
            ]
        if kind in ("number", "slider") and self.v < (4, 11):
            return float(value)
        return value

    # -- calling functions --

    def _steps(
        self, function: _Function, data: list[Json], request: FunctionRequest
    ) -> Generator[list[Json], None, None]:
        """What a call gives, ready for the client: one value per output, for each step."""
        assert function.fn is not None, "a function of the browser has no backend"
        self._check_length(function, data)
        arguments = []
        for component, value in zip(function.inputs, data):
            if component.kind == "state":
                value = self._state(request.state_key, component)
            else:
                value = self._take(component, value)
            arguments.append([value] if function.batch else value)
        result = function.fn(*arguments, **function.special(request))
        if not function.is_generator:
            if function.batch:
                result = tuple(column[0] for column in result)
            yield self._outputs(function, result, request)
            return
        try:
            for step in result:
                yield self._outputs(function, step, request)
        finally:
            result.close()

    @staticmethod
    def _check_length(function: _Function, data: list[Json]) -> None:
        needed, got = len(function.inputs), len(data)
        if got < needed:
            text = "An event handler didn't receive enough input values"
            raise ValueError(f"{text} (needed: {needed}, got: {got}).")

    def _outputs(self, function: _Function, result: Json, request: FunctionRequest) -> list[Json]:
        outputs = function.outputs
        several = len(outputs) != 1 or (function.batch and isinstance(result, tuple))
        values = list(result or ()) if several else [result]
        if len(values) < len(outputs):
            raise ValueError(f"A function returned {len(values)} values for {len(outputs)} outputs")
        for component, value in zip(outputs, values):
            if component.kind == "state" and request.state_key is not None:
                with self._changed:
                    self._states[request.state_key, component.id] = value
        return [self._give(component, value) for component, value in zip(outputs, values)]

    def _state(self, session_hash: str | None, component: Component) -> Json:
        initial = copy.deepcopy(component.props.get("value"))
        if session_hash is None:
            return initial
        with self._changed:
            return self._states.setdefault((session_hash, component.id), initial)

    def _output(
        self, function: _Function, data: list[Json], generating: bool, start: float
    ) -> dict[str, Any]:
        duration = time.monotonic() - start
        average = duration if function.average is None else function.average
        flag = None if function.batch else generating
        output = {
            "data": data,
            "is_generating": flag,
            "duration": duration,
            "average_duration": average,
        }
        more: dict[str, Json] = {
            "render_config": None,
            "changed_state_ids": [],
            "used_cache": None,
        }
        return {**output, **self._having("output", more)}

    def _failure(self, error: BaseException, late: bool = False) -> dict[str, Any]:
        """The output object of a call that failed."""
        if isinstance(error, Error):
            fields = dict(error.fields)
            if self.v < (5, 2):
                fields["error"] = repr(fields["error"])
                del fields["title"]
            if self.v < (4, 37, 1):
                fields = {"error": fields["error"]}
            return fields
        if self.show_error:
            shown: dict[str, Any] = {"error": str(error)}
            return {**shown, "visible": True} if self.v >= (6,) else shown
        return {"error": "None" if late and (3, 42) <= self.v < (4, 24) else None}

    def _POST_run(self, request: Request, rest: str) -> Answer:
        body: dict[str, Any] = _body(request)
        function = self._function(body.get("fn_index"))
        if function is None:
            function = self.by_name.get(rest.strip("/"))
        if function is not None and function.cancels and self.v < (4, 35):
            with self._changed:
                mailbox = self._sessions.get(body.get("session_hash", ""))
                for number in function.cancels:
                    self._stop_running(mailbox, number)
            return self._output(function, [], False, time.monotonic())
        if function is None:
            text = "Internal Server Error"
            if (5,) <= self.v < (6, 9):
                text = "Traceback (most recent call last):\n  ...\nKeyError: 'no such function'\n"
            return Reply(500, {"Content-Type": "text/plain"}, text)
        if function.queued and not self.api_open:
            return _refuse(
                404,
                "This API endpoint does not accept direct HTTP POST requests. "
                "Please join the queue to use this API.",
            )
        start = time.monotonic()
        steps = self._steps(function, body["data"], self._caller(request, body))
        try:
            data = next(steps, None)
        except Exception as error:
            return Reply.json(self._failure(error), 500)
        finally:
            steps.close()
        generating = function.is_generator and data is not None
        if data is None:
            data = [None] * len(function.outputs)
        return Reply.json(self._output(function, data, generating, start))

    _POST_api = _POST_run

    def _caller(self, request: Request, body: Mapping[str, Json]) -> FunctionRequest:
        caller = FunctionRequest(request.headers, body.get("session_hash"), self._user(request))
        if self.v < (4, 29):
            caller.session_hash = None  # not told to functions yet
        return caller

    # -- the queue --

    def message(self, msg: str, event_id: str | None, fields: dict[str, Any]) -> dict[str, Any]:
        """A message as this version words it."""
        named = not self.single or (msg == "send_data" and self.protocol == "sse")
        id_field = {"event_id": event_id} if named and (event_id or self.v >= (4, 39)) else {}
        return {"msg": msg, **id_field, **self._having(msg, fields)}

    def completion(
        self, event_id: str, output: Json, success: bool = True, title: str | None = None
    ) -> dict[str, Any]:
        """The last message of an event. An empty output means cancelled."""
        fields: dict[str, Json] = {"output": output, "success": success, "title": title}
        fields.update(used_cache=None, cache_duration=output.get("duration"))
        fields.update(avg_time=output.get("average_duration"))
        return self.message("process_completed", event_id, fields)

    def _having(self, what: str, fields: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in fields.items() if self.v >= _SINCE.get((what, k), ())}

    def _POST_queue_join(self, request: Request, rest: str) -> Answer:
        if self.single:
            return _refuse(405, "Method Not Allowed")
        body = _body(request)
        if body.get("session_hash") is None:
            known = self.v >= (4, 20)
            return _refuse(400, "Session hash not found." if known else "No session hash provided.")
        if body.get("fn_index") is None:
            return _refuse(400, "No function index provided.")
        function = self._function(body["fn_index"])
        if function is None:
            return Reply(500, {"Content-Type": "text/plain"}, "Internal Server Error")
        invalid = self._validate(function, body["data"])
        if invalid:
            return _refuse(422, invalid)
        with self._changed:
            if self.stopped:
                return _refuse(503, "Queue is stopped.")
            if self.max_size is not None and self.waiting >= self.max_size:
                text = f"Queue is full. Max size is {self.max_size} and size is {self.waiting}."
                return _refuse(503, text)
            mailbox = self._sessions.get(body["session_hash"])
            if mailbox is None:
                mailbox = self._sessions[body["session_hash"]] = _Mailbox(self._lock)
            mailbox.known = True
            event = _Event(self, function, mailbox, self._caller(request, body))
            event.data = body["data"]
            event.simple = bool(body.get("simple_format")) and self.v >= (4, 20)
            event.data_ready.set()
            self._enqueue(event)
        return {"event_id": event.id}

    def _validate(self, function: _Function, data: list[Json]) -> list[Json]:
        """What a validator refuses; nothing if there is none or all is well."""
        if function.validator is None or self.v < (5, 45):
            return []
        verdicts = function.validator(*data)
        verdicts = verdicts if isinstance(verdicts, (list, tuple)) else [verdicts]
        pairs = zip(verdicts, function.named)
        found = [dict(v, parameter_name=parameter and parameter.name) for v, parameter in pairs]
        return [] if all(verdict["is_valid"] for verdict in found) else found

    def _GET_queue_data(self, request: Request, rest: str) -> Answer:
        if self.single:
            return _refuse(405, "Method Not Allowed")
        with self._changed:
            mailbox = self._sessions.get(request.query.get("session_hash", ""))
            if mailbox is None or not mailbox.known:
                mailbox = _Mailbox(self._lock)
                text = "404: Not Found" if self.v >= (5, 38) else "404: Session not found."
                fields = {"message": text, "session_not_found": True, "success": False}
                mailbox.put(self.message("unexpected_error", None, fields))
                mailbox.put(None)
            stream = Stream(request)
            self._pumped[stream] = mailbox
        return stream

    def _POST_queue_data(self, request: Request, rest: str) -> Answer:
        body = _body(request)
        with self._changed:
            found = [e for e in self._running if e.id == body.get("event_id")]
        if self.protocol != "sse" or not found:
            return Reply(500, {"Content-Type": "text/plain"}, "Internal Server Error")
        found[0].data = body["data"]
        found[0].data_ready.set()
        return Reply.json(None)

    def _GET_queue_join(self, request: Request, rest: str) -> Answer:
        if self.protocol == "ws":
            return Upgrade(self._converse)
        if self.protocol != "sse":
            return _refuse(405, "Method Not Allowed")
        function = self._function(int(request.query.get("fn_index", -1)))
        if function is None:
            return Reply(500, {"Content-Type": "text/plain"}, "Internal Server Error")
        caller = self._caller(request, request.query)
        event = _Event(self, function, _Mailbox(self._lock), caller)
        if "data" in request.query:
            event.data = json.loads(request.query["data"])
            event.data_ready.set()
        stream = Stream(request)
        with self._changed:
            self._pumped[stream] = event.mailbox
            self._enqueue(event)
        return stream

    def _converse(self, web_socket: WebSocket, request: Request) -> None:
        """One job over a WebSocket (Gradio 3)."""
        web_socket.send({"msg": "send_hash"})
        hello = web_socket.receive()
        function = self._function((hello or {}).get("fn_index"))
        if function is None:
            return
        event = _Event(self, function, _Mailbox(self._lock), self._caller(request, hello))
        event.gone.clear()
        with self._changed:
            self._enqueue(event)
        self.spawn(self._pump_web_socket, event, web_socket)
        while True:
            message = web_socket.receive()
            if message is None:
                break
            event.data = message["data"]
            event.data_ready.set()
        event.gone.set()
        event.data_ready.set()
        self._drop(event.mailbox)

    def _pump_web_socket(self, event: _Event, web_socket: WebSocket) -> None:
        for messages, end in self._batches(event.mailbox, lambda: event.gone.is_set()):
            for message in messages:
                web_socket.send(message)
            if end:
                web_socket.close(1000)

    def _enqueue(self, event: _Event) -> None:
        """Call with the lock held."""
        function = event.function
        if self.single and self.max_size is not None and self.waiting >= self.max_size:
            event.mailbox.put({"msg": "queue_full"})
            event.mailbox.put(None)
            return
        event.mailbox.pending.add(event.id)
        line = self._lines.setdefault(function.line, [])
        line.append(event)
        self._estimate(line, len(line) - 1)
        self._start_next(function)

    def _estimate(self, line: list[_Event], first: int = 0) -> None:
        for rank in range(first, len(line)):
            average = line[rank].function.average
            fields: dict[str, Any] = {"rank": rank, "queue_size": len(line)}
            fields["rank_eta"] = None if average is None else average * (rank + 1)
            if self.v < (4, 11):
                fields.update(avg_event_process_time=average, queue_eta=1.0)
                fields["avg_event_concurrent_process_time"] = average
            line[rank].send("estimation", **fields)

    def _start_next(self, function: _Function) -> None:
        """Give free workers of a line to those who wait. Call with the lock held."""
        line = self._lines.get(function.line, [])
        while line and self._busy.get(function.line, 0) < function.limit and not self._closing:
            event = line.pop(0)
            event.has_worker = True
            self._busy[function.line] = self._busy.get(function.line, 0) + 1
            self._running.append(event)
            self.spawn(self._work, event)
            self._estimate(line)

    def _free_worker(self, event: _Event) -> None:
        """Call with the lock held."""
        if event.has_worker:
            event.has_worker = False
            self._busy[event.function.line] -= 1
            self._start_next(event.function)

    def _work(self, event: _Event) -> None:
        start = time.monotonic()
        _current.event = event
        try:
            if self._fetch_data(event):
                event.send("process_starts", eta=event.function.average)
                self._perform(event, start)
                if event.alive and event.function.average is None:
                    event.function.average = time.monotonic() - start
                if self.protocol == "ws":  # the worker waits for the end of the closing handshake
                    event.gone.wait(DEADLINE)
        finally:
            _current.event = None
            with self._changed:
                self._running.remove(event)
                self._free_worker(event)
            event.ended.set()

    def _fetch_data(self, event: _Event) -> bool:
        if not self.single or event.data_ready.is_set():
            return True
        event.send("send_data")
        event.data_ready.wait(5 if self.protocol == "sse" else DEADLINE)
        if event.data is None:
            event.mailbox.put(None)
        return event.data is not None

    def _perform(self, event: _Event, start: float) -> None:
        """Run the function and send what comes out of it."""
        function = event.function
        last: list[Json] | None = None
        event.arguments = event.data
        steps = self._steps(function, event.data, event.request)
        try:
            for data in steps:
                if not event.alive:
                    return
                if function.is_generator:
                    shown = self._shown(event, last, data)
                    output = self._output(function, shown, True, start)
                    event.send("process_generating", output=output, success=True, time_limit=None)
                last = data
                event.has_yielded = function.is_generator
                self._check_length(function, event.data)  # /stream may have replaced it
        except Exception as error:
            failure = self._failure(error, late=last is not None)
            title = failure.get("title", "Error") if last is None else None
            event.complete(failure, success=False, title=title)
            return
        finally:
            steps.close()
        repeats = function.is_generator and self.protocol in ("ws", "sse", "sse_v1")
        data = [None] * len(function.outputs) if last is None else last
        output = self._output(function, data, repeats and last is not None, start)
        event.complete(output)

    def _shown(self, event: _Event, last: list[Json] | None, data: list[Json]) -> list[Json]:
        if last is None or event.simple or self.protocol in ("ws", "sse", "sse_v1"):
            return data
        edits = []
        for component, old, new in zip(event.function.outputs, last, data):
            wrapped = component.kind == "json" and isinstance(new, dict) and self.v >= (4, 44)
            if wrapped and old != new:  # these releases compare it as one thing
                edits.append([["replace", [], new]])
            else:
                edits.append(diff(old, new, naive=self.v < (5, 29, 1)))
        return edits

    # -- streams --

    def opened(self, stream: Stream) -> None:
        mailbox = self._pumped.get(stream)
        if mailbox is None:
            super().opened(stream)
        else:
            self.spawn(self._pump, stream, mailbox)

    def hung_up(self, stream: Stream) -> None:
        stream.mark_lost()
        with self._changed:
            mailbox = self._pumped.pop(stream, None)
            if mailbox is None:
                return
            survives = (4, 19, 2) <= self.v < (4, 24)  # these releases forgot to look
            if (stream.was_cut or not stream.ended) and not survives:
                self._drop(mailbox)
            mailbox.ready.notify_all()

    def cut_streams(self) -> None:
        """Break every open event stream with a TCP reset, as a bad network does."""
        with self._changed:
            streams = list(self._pumped)
        for stream in streams:
            stream.cut()

    def _drop(self, mailbox: _Mailbox) -> None:
        """The client is lost: forget its waiting jobs, stop its generators."""
        with self._changed:
            for line in self._lines.values():
                for event in [event for event in line if event.mailbox is mailbox]:
                    line.remove(event)
                    event.ended.set()
                    mailbox.pending.discard(event.id)
            for event in self._running:
                if event.mailbox is mailbox:
                    event.alive = False
            # What ran stays pending for ever: later streams of this session do not end. Sic.
            mailbox.messages.clear()
            mailbox.known = False
            mailbox.ready.notify_all()

    def _batches(
        self, mailbox: _Mailbox, lost: Callable[[], bool]
    ) -> Iterator[tuple[list[dict[str, Any]], bool]]:
        """Messages as they come, and whether they end the stream."""
        while True:
            with self._changed:
                mailbox.ready.wait_for(
                    lambda: mailbox.messages or lost() or self.stopped or self.closed.is_set(),
                    self.heartbeat,
                )
                if lost() or self.closed.is_set():
                    return
                messages, end = self._collect(mailbox)
            yield messages, end
            if end:
                return
            if self.stopped and self.closed.wait(0.05 if self.v < (6, 11) else self.heartbeat):
                return

    def _collect(self, mailbox: _Mailbox) -> tuple[list[dict[str, Any]], bool]:
        """Everything that waits in the mailbox. Call with the lock held."""
        messages: list[dict[str, Any]] = []
        if self.stopped and not self.single:
            text = "Server stopped unexpectedly."
            fields = {"message": text, "session_not_found": False, "success": False}
            return [self.message("unexpected_error", None, fields)], False
        while mailbox.messages:
            message = mailbox.messages.popleft()
            if message is None:
                return messages, True
            messages.append(message)
            if message["msg"] != "process_completed":
                continue
            if self.single:
                return messages, True
            event_id = message["event_id"]
            if event_id not in mailbox.pending and self.v < (5, 46):
                fields = {"message": repr(event_id), "session_not_found": False, "success": False}
                messages.append(self.message("unexpected_error", None, fields))
                return messages, True
            mailbox.pending.discard(event_id)
            if not mailbox.pending:
                if self.protocol == "sse_v3":
                    messages.append(self.message("close_stream", None, {}))
                return messages, True
        if not messages and self.protocol != "ws":
            messages.append(self.message("heartbeat", None, {}))
        return messages, False

    def _pump(self, stream: Stream, mailbox: _Mailbox) -> None:
        for messages, end in self._batches(mailbox, lambda: stream.lost or stream.ended):
            with contextlib.suppress(AssertionError):  # a test cut it in this very moment
                stream.push(*messages)
            if end and messages and messages[-1]["msg"] == "unexpected_error":
                with self._changed:
                    self._pumped.pop(stream, None)  # not the client's doing: the jobs live on
                stream.cut(rst=False)  # the real one crashes here
            elif end:
                stream.end()

    def _POST_stream(self, request: Request, rest: str) -> Answer:
        """New data for a job. Only functions that take streams of input expect it, but the next
        step of any generator, and any job that waits, fails if it is too short."""
        event_id, _, close = rest.partition("/")
        with self._changed:
            waiting = [event for line in self._lines.values() for event in line]
            found = [event for event in waiting + self._running if event.id == event_id]
            if not found or self.v < (5,):
                return Reply(404)
            if not close:
                found[0].data = _body(request, "data")["data"]
        return {"msg": "success"}

    def _GET_heartbeat(self, request: Request, rest: str) -> Answer:
        if self.v < (4, 25):
            return _refuse(404, "Not Found")
        stream = Stream(request)
        self.spawn(self._beat, stream)
        return stream

    def _beat(self, stream: Stream) -> None:
        stream.wait_started()
        stream.raw(b"data: ALIVE\n\n")
        while not stream.is_lost_within(self.heartbeat):
            stream.raw(b"data: ALIVE\n\n")

    # -- cancelling --

    def _POST_cancel(self, request: Request, rest: str) -> Answer:
        if self.v < (4, 31):
            return _refuse(404, "Not Found")
        body = _body(request, "session_hash", "fn_index", "event_id")
        event_id = body["event_id"]
        with self._changed:
            mailbox = self._sessions.get(body["session_hash"])
            stopped = self._stop_running(mailbox, body["fn_index"])
            if self.v >= (6, 14):  # before that release the job still runs when its turn comes
                for line in self._lines.values():
                    line[:] = [event for event in line if event.id != event_id]
            named = [event for event in self._running if event.id == event_id]
        for event in stopped:
            if event.function.is_generator:
                event.ended.wait(DEADLINE)  # of its current step
        if mailbox is not None and event_id in mailbox.pending:
            mailbox.put(self.completion(event_id, {}))
        for event in named:  # with another fn_index this waits for the generator, to no effect
            if event.function.is_generator:
                event.ended.wait(DEADLINE)
        return {"success": True}

    def _stop_running(self, mailbox: _Mailbox | None, number: Json) -> list[_Event]:
        """Silence all running jobs of a function in a session. Call with the lock held."""
        mine = [event for event in self._running if event.mailbox is mailbox]
        found = [event for event in mine if event.function.id == number]
        for event in found:
            event.alive = False
            if not event.function.is_generator:
                self._free_worker(event)  # the thread runs on, unheard
        return found

    def _POST_reset(self, request: Request, rest: str) -> Answer:
        body = _body(request)
        if self.v >= (4, 35):
            return {"success": True}
        with self._changed:
            mine = [event for event in self._running if event.id == body.get("event_id")]
            found = [event for event in mine if event.has_yielded]
            for event in found:
                event.alive = False  # it stops at its next step, without a further message
        return {"success": bool(found)}


class _BadBody(Exception):
    """A request body that fails the schema."""


def _body(request: Request, *required: str) -> dict[str, Any]:
    try:
        body = request.json()
    except ValueError:
        raise _BadBody([{"type": "json_invalid", "loc": ["body", 0]}]) from None
    if not isinstance(body, dict) or "json" not in request.headers.get("content-type", ""):
        raise _BadBody([_missing("body", value=body)])
    needs_data = request.path.endswith(("/queue/join", "/queue/data")) or "/run/" in request.path
    names = [*required, *(["data"] if needs_data else [])]
    problems = [_missing("body", name, value=body) for name in names if name not in body]
    if problems:
        raise _BadBody(problems)
    return body


def _missing(*where: str, value: Json = None) -> dict[str, Any]:
    return {"type": "missing", "loc": list(where), "msg": "Field required", "input": value}


def _refuse(status: int, detail: Json) -> Reply:
    return Reply.json({"detail": detail}, status)


def _pieces(path: str, start: int, stop: int) -> Iterator[bytes]:
    with open(path, "rb") as file:
        file.seek(start)
        while start < stop:
            data = file.read(min(1 << 18, stop - start))
            start += len(data)
            yield data


def _protocol_of(version: tuple[int, ...]) -> str:
    first = [
        ((4, 22), "sse_v3"),
        ((4, 21), "sse_v2.1"),
        ((4, 17), "sse_v2"),
        ((4, 9), "sse_v1"),
        ((4,), "sse"),
    ]
    return next((name for known, name in first if version >= known), "ws")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Run the stand-in for a Gradio app.")
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--protocol", choices=list(VERSIONS), default="")
    parser.add_argument("--version", default="", help="of Gradio, such as 5.50.0")
    parser.add_argument("--auth", metavar="USER:PASSWORD")
    parser.add_argument("--mount", default="", metavar="PATH")
    parser.add_argument("--show-error", action="store_true")
    options = parser.parse_args(arguments)
    user, _, password = (options.auth or "").partition(":")
    app = StandIn(
        options.protocol,
        options.version,
        auth=(user, password) if user else None,
        mount=options.mount,
        show_error=options.show_error,
        port=options.port,
    )
    with app:
        print(f"A stand-in for Gradio {app.version} ({app.protocol}) runs on {app.url}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            app.closed.wait()


if __name__ == "__main__":
    main()
