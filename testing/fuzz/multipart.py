# SPDX-License-Identifier: MIT
"""Any files with any names arrive as they are, in a body of the length that was said; a shrunk file is a ValueError."""

from __future__ import annotations

import io
import random
from typing import Callable

import gradio_lite_client as glc
from testing.fuzz import text

BOUNDARY = "b0undary"
CONTENTS = (b"", b"\r\n", b"--", b"x" * 1000, b"\r\n--b0undar\r\n", bytes(range(256)))


def in_short_reads(rng: random.Random, content: bytes) -> Callable[[int], bytes]:
    stream = io.BytesIO(content)
    return lambda size: stream.read(rng.randrange(1, size + 1))


def files_in(body: bytes) -> list[tuple[str, bytes]]:
    """Name, as it is written, and contents of each part, by the text of RFC 2046."""
    start, *parts = (b"\r\n" + body).split(b"\r\n--" + BOUNDARY.encode())
    assert (start, parts.pop()) == (b"", b"--\r\n")
    found = []
    for part in parts:
        head, _, content = part.partition(b"\r\n\r\n")
        empty, disposition, kind = head.split(b"\r\n")
        assert (empty, kind) == (b"", b"Content-Type: text/x")
        before, name, after = disposition.split(b'filename="', 1)[0], disposition.split(b'filename="', 1)[1][:-1], b'"'
        assert before == b'Content-Disposition: form-data; name="files"; ' and disposition.endswith(after)
        found.append((name.decode(), content))
    return found


def check(rng: random.Random) -> None:
    files = [
        (text(rng), b"".join(rng.choice(CONTENTS) for _ in range(rng.randrange(4)))) for _ in range(rng.randrange(1, 4))
    ]
    grows = rng.choice((b"", b"more than there was at first"))
    parts = [glc.Part(name, "text/x", len(content), in_short_reads(rng, content + grows)) for name, content in files]
    form = glc.Multipart("files", parts, BOUNDARY)
    body = b"".join(form)
    assert len(body) == form.length
    received = files_in(body)
    assert [content for _, content in received] == [content for _, content in files]
    for (name, _), (written, _) in zip(files, received):
        assert not set(written) & set('"\r\n')
        escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        assert written == escaped.encode("utf-8", "replace").decode(), (name, written)
    shrunk = glc.Part("a", "text/x", rng.randrange(2, 9), io.BytesIO(b"x").read)
    try:
        list(glc.Multipart("files", [shrunk], BOUNDARY))
    except ValueError as error:
        assert "became shorter" in str(error)
    else:
        raise AssertionError("a file that shrank was sent")
