# SPDX-License-Identifier: MIT
"""What a server's diff makes of a value is the value it was made from; other diffs raise ProtocolError or nothing."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path
from typing import Any

import gradio_lite_client as glc
from testing.fuzz import json_value, mutated
from testing.standin import diff

CORPUS = Path(__file__).resolve().parent.parent / "corpus" / "diffs.json"  # what real releases made: server_diffs.py
FLAWS = ("unshifted", "miscounted")  # of the releases whose diffs are used
LEAVES: tuple[Any, ...] = (None, True, False, 0, 1, 2.5, "", "x", "xy", "xyz", "é\u2028", "0", "-1")
KEYS = ("a", "b", "0", "1", "-1", "", "path", "é")


def tree(rng: random.Random, depth: int) -> Any:
    kind = rng.randrange(5 if depth else 1)
    if kind in (1, 2):
        return [tree(rng, depth - 1) for _ in range(rng.randrange(5))]
    if kind > 2:
        return {rng.choice(KEYS): tree(rng, depth - 1) for _ in range(rng.randrange(5))}
    return rng.choice(LEAVES)


def evolved(rng: random.Random, value: Any) -> Any:
    """The next value of a generator: often much like the one before."""
    for _ in range(rng.randrange(4)):
        value = _changed(rng, value)
    return value


def _changed(rng: random.Random, value: Any) -> Any:
    if not isinstance(value, (list, dict)) or not value or rng.randrange(6) == 0:
        return value + rng.choice(("", "x", "w w")) if isinstance(value, str) else tree(rng, 2)
    if isinstance(value, list):
        at = rng.randrange(len(value))
        return rng.choice(
            (value[:at], [*value, tree(rng, 2)], [*value[:at], _changed(rng, value[at]), *value[at + 1 :]])
        )
    key = rng.choice(list(value))
    rest = {name: part for name, part in value.items() if name != key}
    return rng.choice((rest, {**value, rng.choice(KEYS): tree(rng, 2)}, {**value, key: _changed(rng, value[key])}))


def assert_applies(old: Any, new: Any, edits: Any) -> None:
    before = json.dumps([old, edits])
    result = glc.apply_edits(old, edits)
    assert result == new, (old, new, edits, result)
    assert json.dumps([old, edits]) == before, "apply_edits() changed what it was given"


def check(rng: random.Random) -> None:
    values = [tree(rng, 4)]
    for _ in range(rng.randrange(1, 5)):
        values.append(evolved(rng, values[-1]) if rng.randrange(4) else tree(rng, 4))
    flaw = rng.choice(FLAWS)
    for old, new in zip(values, values[1:]):
        edits = json.loads(json.dumps(diff(old, new, flaw)))
        assert_applies(old, new, edits)
        wrong = mutated(rng, edits) if edits and rng.randrange(4) else json_value(rng)
        before = json.dumps([old, wrong])
        with contextlib.suppress(glc.ProtocolError):
            glc.apply_edits(old, wrong)
        assert json.dumps([old, wrong]) == before, "apply_edits() changed what it was given"
        assert glc.are_edits([wrong]) in (True, False)
