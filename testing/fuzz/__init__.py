# SPDX-License-Identifier: MIT
"""Fuzzing: random inputs for all that reads what a server or a caller gives.

Each module here is a subject. The first line of its docstring is the invariant; its `check(rng)` makes one random
input and asserts the invariant. The same seed makes the same input.

    python3 -m testing.fuzz                                   every subject, 5,000 rounds each
    python3 -m testing.fuzz sse diffs --seconds 60 --seed 7   two of them, a minute each
    python3 -m testing.fuzz sse --atheris --seconds 60        guided by coverage, where atheris is installed

The offline suite (testing/test_fuzz.py) runs a few hundred rounds of each.
"""

from __future__ import annotations

import random
from typing import Any

SUBJECTS = (
    *("sse", "frames", "multipart", "diffs", "bodies"),
    *("binding", "names", "config", "transcript"),
)
LONG_SUBJECTS = ("server_diffs",)  # need real releases in .servers/
KEYS = ("self", "msg", "message", "error", "data", "type", "detail", "event_id", "path", "value", "__type__")
LETTERS = 'ab/\\.: %"\r\n\0\x7f_-é漢😀\u2028\ud800\udfff'
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2.5, 1e400, float("nan"), 10**20, 10**400, -(10**9)),
    *("", "x", "0", "None", "a" * 200, "\ud800", "data:image/png;base64,AA==", "../../etc/passwd", "[", "__type__"),
    *([], {}, [None], [[]], {"": None}, {"path": "x"}, {"self": 1}),
)


def text(rng: random.Random, longest: int = 12) -> str:
    return "".join(rng.choice(LETTERS) for _ in range(rng.randrange(longest + 1)))


def json_value(rng: random.Random, depth: int = 3) -> Any:
    """Any JSON value, odd ones often."""
    kind = rng.randrange(8 if depth else 5)
    if kind < 3:
        return rng.choice(ODD)
    if kind == 3:
        return text(rng)
    if kind == 4:
        return rng.randrange(-3, 10)
    if kind == 5:
        return {text(rng, 3): json_value(rng, depth - 1) for _ in range(rng.randrange(4))}
    return [json_value(rng, depth - 1) for _ in range(rng.randrange(5))]


def mutated(rng: random.Random, tree: Any) -> Any:
    """A copy of the tree with one node, anywhere, replaced, removed, doubled or added."""
    if not isinstance(tree, (dict, list)) or not tree or rng.randrange(8) == 0:
        return json_value(rng, 2)
    keys: list[Any] = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
    key = rng.choice(keys)
    changed: Any = tree.copy()
    action = rng.randrange(12)
    if action == 0:
        del changed[key]
    elif action == 1:
        if isinstance(changed, list):
            changed.insert(key, changed[key])
        else:
            changed[rng.choice(KEYS)] = json_value(rng, 2)
    else:
        changed[key] = mutated(rng, changed[key])
    return changed


class FromBytes(random.Random):
    """A generator whose choices are the bytes of an input, so that a guided fuzzer can steer them.

    What is wanted beyond them is random, but always the same, since zeros for ever would make some methods hang.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = data
        self._at = 0

    def getrandbits(self, k: int) -> int:
        size = (k + 7) // 8
        piece = self._data[self._at : self._at + size]
        if len(piece) < size:
            return super().getrandbits(k)
        self._at += size
        return int.from_bytes(piece, "big") & ((1 << k) - 1)

    def random(self) -> float:
        return self.getrandbits(53) / (1 << 53)
