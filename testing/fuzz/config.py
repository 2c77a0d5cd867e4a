# SPDX-License-Identifier: MIT
"""Whatever a server answers, Client() and its methods return, or raise an error that the module documents."""

from __future__ import annotations

import functools
import io
import itertools
import json
import random
import socket
from pathlib import Path
from typing import Any, Callable, Optional
from unittest import mock

import gradio_lite_client as glc
from testing.fuzz import json_value, mutated
from testing.fuzz.binding import MISTAKES

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
VALUE_ERRORS = ("This Gradio app might have multiple endpoints", "Cannot find a function", "Invalid function index")
MAX_REQUESTS = 100


@functools.lru_cache(maxsize=None)
def recorded() -> list[tuple[Any, Any]]:
    """Config and /info of each release."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(CORPUS.glob("*.*.*.json"))]
    return [(record["config"], record["info"]) for record in records]


def small(rng: random.Random) -> tuple[Any, Any]:
    """A recorded config cut to a few endpoints, and their /info: a mutation hits something that is used."""
    config, info = rng.choice(recorded())
    start = rng.randrange(len(config["dependencies"]))
    dependencies = config["dependencies"][start : start + rng.randrange(1, 4)]
    used = {number for dependency in dependencies for number in dependency["inputs"] + dependency["outputs"]}
    components = [component for component in config["components"] if component["id"] in used]
    names = [f"/{str(dependency.get('api_name')).lstrip('/')}" for dependency in dependencies]
    named = {name: info[name] for name in names if name in info}
    return {**config, "dependencies": dependencies, "components": components}, {"named_endpoints": named}


class FakeSocket:
    """Answers one request with what the server of this round says to its path."""

    def __init__(self, answer: Callable[[str], bytes]) -> None:
        self._answer = answer
        self._sent = b""
        self._left: Optional[io.BytesIO] = None

    def send(self, data: memoryview) -> int:
        self._sent += data
        return len(data)

    def recv_into(self, buffer: memoryview) -> int:
        if self._left is None:
            target = self._sent.split(b" ", 2)[1].decode("ascii")
            body = self._answer(target.split("?")[0])
            head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
            self._left = io.BytesIO(head + body)
        return self._left.readinto(buffer)

    def _nothing(self, *args: Any) -> None:
        pass

    def gettimeout(self) -> float:
        return 5.0

    setsockopt = settimeout = shutdown = close = _nothing


def server(rng: random.Random, config: Any, info: Any) -> Callable[[str], bytes]:
    outputs = [json_value(rng) for _ in range(rng.randrange(4))]
    completed = {"msg": "process_completed", "event_id": "e", "output": {"data": outputs}, "success": True}
    answers = {
        "config": config,
        "info": info,
        "join": {"event_id": "e"} if rng.randrange(4) else json_value(rng),
        "data": mutated(rng, completed),
    }

    def answer(path: str) -> bytes:
        name = path.rsplit("/", 1)[-1]
        text = json.dumps(answers.get(name, {"data": outputs}))
        return f"data: {text}\n\n".encode() if name == "data" else text.encode()

    return answer


def attempt(call: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """What the call returns; None after an error that callers are told to expect. A bug's TypeError is none."""
    try:
        return call(*args, **keywords)
    except glc.GradioError:
        return None
    except TypeError as error:
        if not str(error).startswith(MISTAKES):
            raise
    except ValueError as error:
        if not str(error).startswith(VALUE_ERRORS):
            raise
    return None


def check(rng: random.Random) -> None:
    config, info = small(rng)
    for _ in range(rng.randrange(3)):
        config = mutated(rng, config)
    for _ in range(rng.randrange(3)):
        info = mutated(rng, info)
    answer = server(rng, config, info)
    left = itertools.count(MAX_REQUESTS, -1)

    class Socket(FakeSocket):
        def __init__(self, family: int) -> None:
            super().__init__(answer)

        def connect(self, address: Any) -> None:
            if next(left) < 0:  # a server that always says the same may be asked again and again
                raise ConnectionRefusedError

    with mock.patch.object(socket, "socket", Socket), mock.patch.object(glc, "logger"):
        client = attempt(glc.Client, "http://127.0.0.1:1", download_files=False, timeout=5.0)
        if client is None:
            return
        with client:
            attempt(use, rng, client)


def use(rng: random.Random, client: glc.Client) -> None:
    assert repr(client)
    text = attempt(client.view_api, all_endpoints=True, print_info=False, return_format="str")
    assert text is None or "Named API endpoints" in text
    api = attempt(client.view_api, print_info=False, return_format="dict")
    if api is not None:
        json.dumps(api)
    app = attempt(glc.App, client.src, client.config)
    for number, endpoint in list(app.endpoints.items() if app else ())[:3]:
        args = [json_value(rng, 1) for _ in endpoint.taken]
        attempt(client.predict, *args, fn_index=number)
        job = attempt(client.submit, *args, fn_index=number)
        if job is not None:
            attempt(job.result, 20)
            attempt(list, job)
            attempt(job.outputs)
