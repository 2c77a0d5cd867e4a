# SPDX-License-Identifier: MIT
"""Any split of any bytes gives the events that the standard's text asks for, or ProtocolError after some of them."""

from __future__ import annotations

import random
import re
from typing import Iterator
from unittest import mock

import gradio_lite_client as glc

PIECES = (
    *(b"data: ", b"data:", b"data", b":", b" ", b"event: x", b"id", b"\r", b"\n", b"\r\n", b"\n\n", b"\r\n\r\n"),
    *(b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xff", b"\0", b'{"msg":"log"}', b"x" * 30, "漢😀".encode()),
)


def events_of(data: bytes) -> list[str]:
    """A reading of the whole, with nothing in common with the module's."""
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    *lines, _cut_short = re.split(b"\r\n|\r|\n", data)
    events: list[str] = []
    block: list[bytes] = []
    for line in lines:
        found = re.fullmatch(b"data(?:: ?(.*))?", line, re.S)
        if found:
            block.append(found.group(1) or b"")
        elif not line and block:
            events.append(b"\n".join(block).decode("utf-8", "replace"))
            block = []
    return events


def cut(rng: random.Random, data: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(data):
        end = start + rng.choice((0, 1, 1, 2, 5, 20, len(data)))
        yield data[start:end]
        start = end
    yield b""


def check(rng: random.Random) -> None:
    if rng.randrange(4):
        data = b"".join(rng.choice(PIECES) for _ in range(rng.randrange(40)))
    else:
        data = bytes(rng.randrange(256) for _ in range(rng.randrange(60)))
    expected = events_of(data)
    chunks = list(cut(rng, data))
    events = list(glc.iter_sse(chunks))
    assert events == expected, (chunks, events, expected)
    for event in events:
        message = glc.parse_message(event)
        assert message is None or isinstance(message["msg"], str)
    got: list[str] = []
    with mock.patch.object(glc, "MAX_EVENT_BYTES", rng.randrange(60)):
        try:
            for event in glc.iter_sse(chunks):
                got.append(event)
        except glc.ProtocolError:
            assert got == expected[: len(got)], (chunks, got, expected)
        else:
            assert got == expected, (chunks, got, expected)
