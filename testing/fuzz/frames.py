# SPDX-License-Identifier: MIT
"""What is sent in WebSocket frames arrives, whatever comes between; any other bytes give messages or GradioError."""

from __future__ import annotations

import io
import random
import struct
from typing import Any
from unittest import mock

import gradio_lite_client as glc
from testing.fake import accept_key

SIZES = (0, 1, 2, 124, 125, 126, 127, 128, 300, 65535, 65536)


def server_frame(opcode: int, data: bytes, fin: bool = True) -> bytes:
    """As a server sends it: not masked."""
    size = len(data)
    if size < 126:
        length = bytes([size])
    else:
        length = b"\x7e" + struct.pack(">H", size) if size < 65536 else b"\x7f" + struct.pack(">Q", size)
    return bytes([(128 if fin else 0) + opcode]) + length + data


def unmask(data: bytes) -> tuple[int, bytes, bytes]:
    """Opcode and contents of a client's frame, and what follows it."""
    size, at = data[1] & 127, 2
    assert data[1] & 128, "a client's frame must be masked"
    if size > 125:
        width = 2 if size == 126 else 8
        size, at = int.from_bytes(data[2 : 2 + width], "big"), 2 + width
    key, end = data[at : at + 4], at + 4 + size
    return data[0] & 15, bytes(byte ^ key[i % 4] for i, byte in enumerate(data[at + 4 : end])), data[end:]


class Wire:
    """A connection, what is read from it and the response after an upgrade, without a network."""

    status = 101
    url = "ws"

    def __init__(self, received: bytes) -> None:
        self.sent = b""
        self.headers: dict[str, str] = {}
        self._received = io.BytesIO(received)
        self.connection = self.reader = self

    def request(self, *args: Any, headers: dict[str, str], **keywords: Any) -> Wire:
        self.headers = {"sec-websocket-accept": accept_key(headers["Sec-WebSocket-Key"])}
        return self

    def limit(self, *seconds: Any, **keywords: Any) -> None:
        pass

    def read(self, size: int) -> bytes:
        data = self._received.read(size)
        if len(data) < size:
            raise EOFError("it closed the connection")
        return data

    def failure(self, error: Exception, url: str, lost: bool) -> Exception:
        return glc.ConnectionLost(str(error))

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        pass


def read(wire: Wire) -> tuple[list[str], bool]:
    """The messages, and whether the end was orderly."""
    messages: list[str] = []
    anything: Any = wire
    socket = glc.WebSocket(anything, "ws://x", {}, glc.Abort())
    try:
        for message in socket:
            messages.append(message)
    except glc.GradioError as error:
        assert type(error) in (glc.ProtocolError, glc.ConnectionLost), repr(error)
        return messages, False
    return messages, True


def check(rng: random.Random) -> None:
    data = bytes(rng.randrange(256) for _ in range(8)) * 10000
    opcode, content = rng.choice((1, 2, 9, 10)), data[: rng.choice(SIZES)]
    key = bytes(rng.randrange(256) for _ in range(4))
    assert unmask(glc.encode_frame(opcode, content, key) + b"rest") == (opcode, content, b"rest")

    stream, expected, pings = [], [], []
    for _ in range(rng.randrange(6)):
        message = data[: rng.choice(SIZES[:9])]
        expected.append(message.decode("utf-8", "replace"))
        opcode = rng.choice((1, 2))
        while rng.randrange(3) == 0:  # a first or further fragment, perhaps an empty one
            size = rng.randrange(len(message) + 1)
            stream.append(server_frame(opcode, message[:size], fin=False))
            message, opcode = message[size:], 0
            if rng.randrange(2):
                pings.append(data[: rng.randrange(126)])
                stream += [server_frame(9, pings[-1]), server_frame(10, b"")]
        stream.append(server_frame(opcode, message))
    wire = Wire(b"".join([*stream, server_frame(8, b"\x03\xe8")]))
    assert read(wire) == (expected, True)
    for ping in pings:
        opcode, answer, wire.sent = unmask(wire.sent)
        assert (opcode, answer) == (10, ping)
    assert wire.sent == b""

    broken = bytearray(b"".join(stream))
    for _ in range(rng.randrange(1, 4)):
        if broken:
            broken[rng.randrange(len(broken))] = rng.randrange(256)
    with mock.patch.object(glc, "MAX_EVENT_BYTES", rng.choice((10, 1000, 1 << 28))):
        read(Wire(bytes(broken[: rng.randrange(len(broken) + 1)])))
        read(Wire(data[: rng.randrange(40)]))
