# SPDX-License-Identifier: MIT
"""Arguments are bound as Python binds them: position, then name, then default; all mistakes are TypeErrors that say."""

from __future__ import annotations

import json
import random
from typing import Any

import gradio_lite_client as glc
from testing.fuzz import json_value, mutated

NAMES = ("a", "b", "c", "self", "api_name", "x y", "", "é", "args")
MISTAKES = (
    "Too many arguments: ",
    "Parameter `",
    "No value provided for required argument: ",
    "The value for parameter `",
)
UNSENDABLE: tuple[Any, ...] = (b"x", {b"x"}, object(), 1j, {(1, 2): 3}, [b""])
TYPES: tuple[Any, ...] = (None, {}, {"type": "str"}, {"type": "filepath"}, {"type": "list[filepath]"}, {"type": 5})


def expected(parameters: list[Any], args: list[Any], keywords: dict[str, Any]) -> list[Any] | None:
    """The values, in order; None if the call is wrong."""
    names = [parameter["parameter_name"] for parameter in parameters]
    given = dict(zip(names, args))
    if len(args) > len(names) or set(keywords) - set(names) or set(keywords) & set(given):
        return None
    given.update(keywords)
    defaults = {p["parameter_name"]: p.get("parameter_default") for p in parameters if p.get("parameter_has_default")}
    if set(names) - set(given) - set(defaults):
        return None
    sendable = (_is_sendable(given[name], p) for name, p in zip(names, parameters) if name in given)
    return [given.get(name, defaults.get(name)) for name in names] if all(sendable) else None


def _is_sendable(value: Any, parameter: Any) -> bool:
    """Not of defaults, which are the app's own."""
    kind = str((parameter["python_type"] or {}).get("type"))
    holds_text = any(isinstance(one, (str, bytes)) for one in (value if isinstance(value, list) else [value]))
    if holds_text and kind in ("filepath", "list[filepath]"):
        return False
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (TypeError, ValueError):
        return False
    return True


def check(rng: random.Random) -> None:
    names = list(NAMES)
    rng.shuffle(names)
    parameters: list[Any] = []
    for name in names[: rng.randrange(5)]:
        default = {"parameter_has_default": True, "parameter_default": json_value(rng, 1)} if rng.randrange(2) else {}
        parameters.append({"parameter_name": name, "python_type": rng.choice(TYPES), **default})

    def value() -> Any:
        return rng.choice(UNSENDABLE) if rng.randrange(8) == 0 else json_value(rng, 2)

    args = [value() for _ in range(rng.randrange(4))]
    free = names[len(args) :] if rng.randrange(4) else names
    keywords = {name: value() for name in free[: rng.randrange(4)]}
    result = expected(parameters, args, keywords)
    try:
        values = glc.bind_arguments(parameters, args, keywords, "/f of http://x")
    except TypeError as error:
        assert str(error).startswith(MISTAKES), str(error)
        assert result is None, (parameters, args, keywords, error)
    else:
        assert result is not None, (parameters, args, keywords)
        assert repr(values) == repr(result)

    found: list[Any] = []
    glc.walk(mutated(rng, args), glc.is_local_file, found.append)
    assert not found
