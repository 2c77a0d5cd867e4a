"""Servers for the tests: scripted HTTP, raw sockets and a proxy.

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
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import queue
import select
import socket
import struct
import threading
import time
from http.client import responses as REASONS
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    NamedTuple,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)
from urllib.parse import parse_qsl, unquote, urlsplit

from testing.system import needs_module

if TYPE_CHECKING:
    import ssl

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
            ssl = needs_module("ssl")
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(CERTIFICATE)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind(("127.0.0.1", port))
            self._listener.listen(1024)  # bursts of connections must not be refused
        except OSError:
            self._listener.close()
            raise
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

    def __init__(self, talk: Callable[[socket.socket], object], port: int = 0, tls: bool = False) -> None:
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
        self._lock = threading.Lock()  # guards writing, and is held while writing
        self._sock: socket.socket | None = None

    def start(self, sock: socket.socket) -> None:
        """Send the headers. The server calls this."""
        head = "Content-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-store\r\n"
        with self._lock:
            self._sock = sock
            sock.sendall(f"HTTP/1.1 200 OK\r\n{head}Transfer-Encoding: chunked\r\n\r\n".encode())

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

    def settle(self) -> None:
        """Wait until what is being sent has been sent: OpenSSL does not stand two threads in one connection."""
        with self._lock:
            pass

    @property
    def lost(self) -> bool:
        """True once the connection is gone, whoever ended it."""
        return self._lost.is_set()

    def wait_lost(self, timeout: float = DEADLINE) -> None:
        """Wait until the connection is gone, for tests that the client hangs up."""
        assert self._lost.wait(timeout), "the stream's connection is still open"

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


def accept_key(key: str) -> str:
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
        accept = accept_key(request.headers["sec-websocket-key"])
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

    def on(self, method: str, path: str, *answers: Answer | Handler, read_body: bool = True) -> None:
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

    def wait_for(self, method: str, path: str, n: int = 1, timeout: float = DEADLINE) -> list[Request]:
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
                        stream.settle()
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
                        answer = answer._replace(close=answer.close or request.headers.get("connection") == "close")
                        write_reply(sock, answer, request.method)
                        if answer.close:
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
        self, login: tuple[str, str] | None = None, hosts: Mapping[str, str] | None = None, port: int = 0
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
                    lines = [f"{request.method} {url._replace(scheme='', netloc='').geturl()} HTTP/1.1"]
                    skip = ("proxy-authorization", "proxy-connection", "connection")
                    lines += [f"{k}: {v}" for k, v in request.headers.items() if k not in skip]
                    other.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
                self._relay(sock, other)

    def _relay(self, one: socket.socket, other: socket.socket) -> None:
        while not self.closed.is_set():
            for sock in select.select([one, other], [], [])[0]:
                data = sock.recv(1 << 16)
                if not data:
                    return
                (other if sock is one else one).sendall(data)
