# SPDX-License-Identifier: MIT
"""An app made of bytes, each of whose answers can be spoiled, and a record of how long what was tried took to end.

with RawApp("sse_v3") as app:
    app.spoil("stream", cut(100))                 # that answer ends after 100 bytes
    Client(app.url).predict("x")                  # ConnectionLost
    app.heal()
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
import time
from collections import defaultdict
from typing import Any, Callable, Iterator, Sequence

from .fake import CLOSE, DEADLINE, TEXT, Listener, Request, accept_key, read_request, reset
from .standin import VERSIONS

PROTOCOLS = ("ws", "sse", "sse_v1", "sse_v2", "sse_v2.1", "sse_v3", "http")
QUEUED = PROTOCOLS[:-1]
SHARED = PROTOCOLS[2:-1]
PLACES = {  # what is asked during one call, in this order, besides "config", "info", "upload" and "file"
    "http": ("run",),
    "ws": ("join",),
    "sse": ("join", "data"),
    **dict.fromkeys(SHARED, ("join", "stream")),
}
RESULT = "ab"
VALUES = ["a", "ab"]  # what the generator of queued protocols yields
DRIP = 0.05  # seconds from byte to byte

Fault = Callable[["RawApp", socket.socket, bytes], object]  # gets the healthy answer; unless it returns KEPT …
KEPT = "kept"  # … the connection ends after it


# ---- what was tried ------------------------------------------------------------------------------


class Record:
    """How long each thing that was tried took to end, by kind."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = defaultdict(list)

    @contextlib.contextmanager
    def timed(self, kind: str, bound: float) -> Iterator[None]:
        """Fails if the block takes longer."""
        began = time.monotonic()
        yield
        took = time.monotonic() - began
        self.times[kind].append(took)
        assert took < bound, f"{kind} took {took:.1f} s"

    def report(self) -> str:
        lines = [f"{'kind':44} {'tried':>6} {'longest':>9}"]
        lines += [f"{kind:44} {len(times):6} {max(times):7.2f} s" for kind, times in sorted(self.times.items())]
        everything = [took for times in self.times.values() for took in times]
        lines.append(f"{'all':44} {len(everything):6} {max(everything, default=0):7.2f} s")
        return "\n".join(lines)


RECORD = Record()


# ---- answers -------------------------------------------------------------------------------------


def http_bytes(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def json_bytes(value: Any) -> bytes:
    return http_bytes(compact(value), "Content-Type: application/json")


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def event_stream(messages: Sequence[Any], end: bool = True) -> bytes:
    """Each message in a chunk of its own."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(chunk(b"data: " + compact(m) + b"\n\n") for m in messages) + (b"0\r\n\r\n" if end else b"")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def frame(data: bytes, opcode: int = TEXT, fin: bool = True) -> bytes:
    size = len(data)
    head = bytes([opcode | fin << 7, size]) if size < 126 else bytes([opcode | fin << 7, 126]) + size.to_bytes(2, "big")
    return head + data


def config_of(protocol: str, **more: Any) -> dict[str, Any]:
    queued = protocol != "http"
    entry = {
        "api_name": "predict",
        "inputs": [1, 2],
        "outputs": [1],
        "backend_fn": True,
        "types": {"generator": queued},
    }
    kinds = ("textbox", "file")
    return {
        "version": VERSIONS.get(protocol, "6.31.0"),
        "protocol": protocol if queued else "sse_v3",
        "enable_queue": queued,
        "components": [
            {"id": number, "type": kind, "props": {}, "api_info": {"type": "string"}, "skip_api": False}
            for number, kind in enumerate(kinds, 1)
        ],
        "dependencies": [entry],
        **more,
    }


def messages_of(protocol: str, event_id: str = "id", value: Any = RESULT) -> list[dict[str, Any]]:
    """What a server says in the course of one job."""
    named = {} if protocol == "ws" else {"event_id": event_id}
    first, second = VALUES
    edits = [["append", [], second[len(first) :]]] if protocol in ("sse_v2", "sse_v2.1", "sse_v3") else second
    asked = [{"msg": "send_data", **named}] if protocol in ("ws", "sse") else []
    generating = [{"msg": "process_generating", "output": {"data": [data]}, **named} for data in (first, edits)]
    done = {"msg": "process_completed", "output": {"data": [value]}, "success": True, **named}
    messages: list[dict[str, Any]] = [{"msg": "send_hash"}] if protocol == "ws" else []
    messages += [{"msg": "estimation", "rank": 0, **named}, *asked, {"msg": "process_starts", **named}]
    messages += [*generating, done, *([{"msg": "close_stream"}] if protocol == "sse_v3" else [])]
    return messages


class RawApp(Listener):
    """One endpoint, /predict, in one protocol: fixed bytes for each request. `seen` gets the places asked for."""

    def __init__(self, protocol: str, port: int = 0, tls: bool = False, **more: Any) -> None:
        self.protocol = protocol
        self.seen: queue.Queue[str] = queue.Queue()
        self.heads: list[bytes] = []  # the headers of every request
        self.bodies: list[bytes] = []
        self.go = threading.Event()  # what silent servers wait for
        self.answers = {
            "config": json_bytes(config_of(protocol, **more)),
            "info": json_bytes({"named_endpoints": {}, "unnamed_endpoints": {}}),
            "upload": json_bytes(["/srv/up.txt"]),
            "file": http_bytes(b"contents of a file", "Content-Type: text/plain"),
            "run": json_bytes({"data": [RESULT]}),
            "data": json_bytes(None),
            "tell": json_bytes({"success": True}),  # reset, cancel, stream/…
            "other": http_bytes(b"<html><title>Not here</title></html>", status="404 Not Found"),
        }
        self.say(messages_of(protocol))
        self._spoiled: dict[str, list[Fault]] = {}
        super().__init__(port, tls)

    def close(self) -> None:
        self.go.set()
        super().close()

    def say(self, messages: Sequence[Any]) -> None:
        """What jobs are told from now on."""
        if self.protocol == "ws":
            frames = [frame(compact(message)) for message in messages] + [frame((1000).to_bytes(2, "big"), CLOSE)]
            self.answers["join"] = b"".join(frames)  # after the handshake, which depends on the request
        elif self.protocol == "sse":
            self.answers["join"] = event_stream(messages)
        else:
            self.answers["join"] = json_bytes({"event_id": "id"})
            self.answers["stream"] = event_stream(messages)

    def spoil(self, place: str, *faults: Fault) -> None:
        """The next answers there suffer these faults in turn, the last one for good."""
        self._spoiled[place] = list(faults)

    def heal(self) -> None:
        self._spoiled.clear()
        while not self.seen.empty():
            self.seen.get()

    def answer(self, place: str, request: Request | None = None) -> bytes:
        """The healthy one, in full."""
        body = self.answers[place]
        if place != "join" or self.protocol != "ws":
            return body
        accept = accept_key(request.headers["sec-websocket-key"] if request else "")
        return (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
        ).encode() + body

    def enough(self, place: str) -> int:
        """With so many bytes of this answer the job is complete: its last message has arrived."""
        done = compact(messages_of(self.protocol)[-2 if self.protocol == "sse_v3" else -1])
        text = self.answer(place)
        if done not in text:
            return len(text)
        return text.index(done) + len(done) + (0 if self.protocol == "ws" else 2)

    def serve(self, sock: socket.socket, number: int) -> None:
        with contextlib.closing(sock.makefile("rb")) as reader:
            while True:
                request = read_request(reader, number, body=False)
                if request is None:
                    return
                place = self._place(request)
                faults = self._spoiled.get(place, [])
                fault = faults.pop(0) if len(faults) > 1 else faults[0] if faults else None
                refused = fault is not None and place == "upload"  # before its body is read
                if not refused:
                    self.bodies.append(reader.read(int(request.headers.get("content-length", 0))) or b"")
                self.heads.append(repr(request.headers).encode())
                self.seen.put(place)
                left = (fault or whole)(self, sock, self.answer(place, request))
                if left != KEPT or refused or (place == "join" and self.protocol == "ws"):
                    self._finish(sock, reader)
                    return

    def _place(self, request: Request) -> str:
        path = request.path
        places = {"/config": "config", "/info": "info", "/upload": "upload", "/run/predict": "run"}
        places.update({"/queue/join": "join", "/queue/data": "stream" if request.method == "GET" else "data"})
        if path.startswith(("/reset", "/cancel", "/stream/")) and request.method == "POST":
            return "tell"
        return "file" if path.startswith(("/file=", "/stream/")) else places.get(path, "other")

    @staticmethod
    def _finish(sock: socket.socket, reader: Any) -> None:
        """FIN, and not a reset because of something that was not read."""
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
            while reader.read1(1 << 16):
                pass


# ---- faults --------------------------------------------------------------------------------------


def whole(app: RawApp, sock: socket.socket, answer: bytes) -> str:
    sock.sendall(answer)
    return KEPT


def cut(size: int, rst: bool = False) -> Fault:
    """Only the first bytes, then the end of the connection."""

    def fault(app: RawApp, sock: socket.socket, answer: bytes) -> None:
        sock.sendall(answer[:size])
        if rst:
            reset(sock)
            sock.close()

    return fault


def silent(size: int = 0) -> Fault:
    """The first bytes, then nothing, but an open connection: a server that hangs, or a network that is gone."""

    def fault(app: RawApp, sock: socket.socket, answer: bytes) -> None:
        sock.sendall(answer[:size])
        app.go.wait(DEADLINE)

    return fault


def drip(at_once: int = 0, pause: float = DRIP) -> Fault:
    """The first bytes, then one at a time."""

    def fault(app: RawApp, sock: socket.socket, answer: bytes) -> None:
        sock.sendall(answer[:at_once])
        for position in range(at_once, len(answer)):
            if app.closed.wait(pause):
                return
            sock.sendall(answer[position : position + 1])

    return fault


def instead(data: bytes) -> Fault:
    """Other bytes than the app's."""
    return lambda app, sock, answer: whole(app, sock, data)


def forever(head: bytes, data: bytes) -> Fault:
    """A head, then the same again and again."""

    def fault(app: RawApp, sock: socket.socket, answer: bytes) -> None:
        sock.sendall(head)
        while not app.closed.is_set():
            sock.sendall(data)

    return fault


def head_size(answer: bytes) -> int:
    return answer.index(b"\r\n\r\n") + 4
