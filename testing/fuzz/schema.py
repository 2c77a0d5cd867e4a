# SPDX-License-Identifier: MIT
"""A schema made from a type is shown as that type; any other JSON as some text, after a bounded number of steps."""

from __future__ import annotations

import random
from typing import Any
from unittest import mock

import gradio_lite_client as glc
from testing.fuzz import json_value, mutated

SIMPLE = {"string": "str", "number": "float", "integer": "int", "boolean": "bool", "null": "None"}
FILE = {"type": "object", "properties": {"path": {"type": "string"}, "orig_name": {"type": "string"}}}
STEPS = 20_000  # for one schema: a hundredth of a second


def typed(rng: random.Random, depth: int, definitions: dict[str, Any]) -> tuple[Any, str]:
    """A schema, and the type that it means. New definitions are added to those given."""
    kind = rng.randrange(10 if depth else 4)
    if kind < 2:
        name = rng.choice(list(SIMPLE))
        return {"type": name}, SIMPLE[name]
    if kind == 2:
        choices = [rng.choice(("a", "b'", 1, None, True)) for _ in range(rng.randrange(1, 4))]
        return {"type": "string", "enum": choices}, f"Literal[{', '.join(map(repr, choices))}]"
    if kind == 3:
        return rng.choice(((FILE, "filepath"), ({"const": "x"}, "Literal['x']"), ({}, "Any"), (True, "Any")))
    parts = [typed(rng, depth - 1, definitions) for _ in range(rng.randrange(1, 4))]
    schema, shown = parts[0]
    if kind == 4:
        is_tuple = isinstance(schema, dict) and "prefixItems" in schema  # servers leave out the list around these
        return {"type": "array", "items": schema}, shown if is_tuple else f"list[{shown}]"
    if kind == 5:
        return {"type": "array", "prefixItems": [part for part, _ in parts]}, f"tuple[{', '.join(t for _, t in parts)}]"
    if kind == 6:
        fields = {f"f{i}": part for i, (part, _) in enumerate(parts)}
        names = ", ".join(f"f{i}: {shown}" for i, (_, shown) in enumerate(parts))
        return {"type": "object", "properties": fields}, f"dict({names})"
    if kind == 7:
        return {"type": "object", "additionalProperties": schema or {"x": 1}}, f"dict(str, {shown})"
    if kind == 8:
        name = f"D{len(definitions)}"
        definitions[name] = schema
        return {"$ref": f"#/$defs/{name}"}, shown
    unique = list(dict.fromkeys(shown for _, shown in parts))
    return {rng.choice(("anyOf", "oneOf", "allOf")): [part for part, _ in parts]}, " | ".join(unique)


def tangled(rng: random.Random) -> Any:
    """Definitions that name each other, many times."""
    names = [f"D{i}" for i in range(rng.randrange(1, 30))]
    references = [{"$ref": f"#/$defs/{name}"} for name in names]

    def union() -> Any:
        members = [rng.choice(references) for _ in range(rng.randrange(1, 30))]
        fields = {f"f{i}": member for i, member in enumerate(members)}
        return rng.choice(({"anyOf": members}, {"type": "object", "properties": fields}, {"prefixItems": members}))

    return {"$defs": {name: {"type": "array", **union()} for name in names}, **rng.choice(references)}


def shown(schema: Any) -> str:
    steps = 0
    known = glc.type_name

    def counting(*args: Any) -> str:
        nonlocal steps
        steps += 1
        assert steps <= STEPS, "too many steps for this schema"
        return known(*args)

    with mock.patch.object(glc, "type_name", counting):
        result = glc.type_name(schema)
    assert isinstance(result, str) and result, (schema, result)
    return result


def check(rng: random.Random) -> None:
    definitions: dict[str, Any] = {}
    schema, expected = typed(rng, 3, definitions)
    if isinstance(schema, dict):
        schema = {**schema, "$defs": definitions}
    result = shown(schema)
    assert result == expected, (schema, result, expected)
    for _ in range(3):
        schema = mutated(rng, schema)
        shown(schema)
    shown(json_value(rng))
    shown(tangled(rng))
