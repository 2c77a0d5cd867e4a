# SPDX-License-Identifier: MIT
"""The body of any HTTP error gives a text, never an error of its own."""

from __future__ import annotations

import json
import random

import gradio_lite_client as glc
from testing.fuzz import json_value, mutated, text

SAMPLES = (
    {"detail": "Not Found"},
    {"detail": {"error": "Not authenticated", "auth_message": None}},
    {"detail": [{"loc": ["body", 0], "msg": "field required", "type": "missing"}]},
    {"detail": [{"parameter_name": "a", "message": "too short", "is_valid": False}]},
    {"error": "broken"},
    [1, 2],
)
TEXTS = (
    "",
    " ",
    "<html><title> a\nb</title>",
    "<title",
    "Traceback (most recent call last)\nx",
    "null",
    "{",
    "[" * 5000,
)


def check(rng: random.Random) -> None:
    kind = rng.randrange(4)
    if kind == 0:
        body = (rng.choice(TEXTS) + text(rng)).encode("utf-8", "replace")
    elif kind == 1:
        body = bytes(rng.randrange(256) for _ in range(rng.randrange(20)))
    else:
        body = json.dumps(mutated(rng, rng.choice(SAMPLES)) if kind == 2 else json_value(rng)).encode()
    words = glc.error_text(body)
    assert isinstance(words, str), (body, words)
    assert isinstance(glc.describe_body(body.decode("utf-8", "replace")), str)
