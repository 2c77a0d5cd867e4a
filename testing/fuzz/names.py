# SPDX-License-Identifier: MIT
"""Any name becomes one that every system takes, that stays in its folder, and that is not changed a second time."""

from __future__ import annotations

import random
import re
import string
from typing import Any

import gradio_lite_client as glc
from testing.fuzz import LETTERS, json_value, text

RESERVED = ("con", "CONIN$", "PRN", "aux", "Nul", "COM1", "lpt9", "com¹")
PARTS: tuple[str, ...] = (*RESERVED, *(".", "..", " ", "/", "\\", ".tar.gz", ".txt", "a" * 130, "漢" * 50, "x", "_"))


def reserved(name: str) -> bool:
    stem = name.split(".")[0].rstrip(" ").lower()  # as Windows reads it
    return (
        stem in ("con", "conin$", "conout$", "prn", "aux", "nul")
        or re.fullmatch(r"(com|lpt)[0-9¹²³]", stem) is not None
    )


def check(rng: random.Random) -> None:
    name: Any = "".join(rng.choice(PARTS) if rng.randrange(2) else text(rng, 3) for _ in range(rng.randrange(6)))
    if rng.randrange(20) == 0:
        name = json_value(rng)
    safe = glc.safe_name(name)
    assert safe and safe.strip(" .") == safe, (name, safe)
    assert not set(safe) & set('/\\<>:"|?*\x7f') and min(safe) >= " ", (name, safe)
    assert len(safe.encode()) <= 120, (name, safe)
    assert not reserved(safe), (name, safe)
    assert glc.safe_name(safe) == safe or safe.startswith("_"), (name, safe, glc.safe_name(safe))
    if isinstance(name, str) and name and not set(name) - set(string.ascii_letters) and len(name) < 119:
        assert reserved(name) or safe == name

    label = text(rng) + "".join(rng.choice(LETTERS + "A b") for _ in range(4))
    keyword = glc.parameter_name(label)
    assert glc.parameter_name(keyword) == keyword, (label, keyword)
    try:
        url = glc.Routes("http://127.0.0.1:1", "/gradio_api").file(str(name))
    except glc.ProtocolError:
        assert {".", ".."} & set(re.split(r"[/\\]", str(name)))
        return
    assert re.fullmatch(r"http://127\.0\.0\.1:1/gradio_api/file=[!-~]*", url), (name, url)
