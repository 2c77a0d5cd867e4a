"""The app that the benchmarks call, for Gradio 4 to 6.

Options and the ready line are those of testing/apps/main.py.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator, List

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "testing" / "apps"))
from functions import Endpoint
from main import build, parse_arguments, run_until_stdin_ends, serve

TURNS = 20  # messages of a chat


def noop(text: str) -> str:
    return text


def count(to: float) -> Iterator[str]:
    for i in range(int(to)):
        yield str(i)


def grow(to: float) -> Iterator[str]:
    text = ""
    for _ in range(int(to)):
        text += "word "
        yield text


def chat(to: float) -> Iterator[List[Dict[str, str]]]:
    turns = [{"role": ("user", "assistant")[i % 2], "content": "turn %d" % i} for i in range(TURNS)]
    for text in grow(to):
        turns[-1] = {"role": "assistant", "content": text}
        yield turns


def big(megabytes: float) -> str:
    return "x" * int(megabytes * 1_000_000)


def size(file: str) -> int:
    bytes_there = os.path.getsize(file)
    os.unlink(file)  # or the uploads of a whole run would fill the disk
    return bytes_there


def make(megabytes: float) -> str:
    path = os.path.join(tempfile.gettempdir(), "made-%d.bin" % megabytes)
    if not os.path.exists(path):
        block = os.urandom(1_000_000)
        with open(path, "wb") as out:
            for _ in range(int(megabytes)):
                out.write(block)
    return path


TEXT, NUMBER, FILE = ("textbox", {}), ("number", {}), ("file", {})  # type: Any, Any, Any
ENDPOINTS = [
    Endpoint("noop", noop, [TEXT], [TEXT], {}),
    Endpoint("direct", noop, [TEXT], [TEXT], {"queue": False}),
    Endpoint("count", count, [NUMBER], [TEXT], {}),
    Endpoint("grow", grow, [NUMBER], [TEXT], {}),
    Endpoint("chat", chat, [NUMBER], [("chatbot", {})], {}),
    Endpoint("big", big, [NUMBER], [TEXT], {}),
    Endpoint("size", size, [FILE], [NUMBER], {}),
    Endpoint("make", make, [NUMBER], [FILE], {}),
]


def start() -> Dict[str, Any]:
    numbers: Dict[str, int] = {}
    return {"url": serve(build(ENDPOINTS, numbers), parse_arguments()), "functions": numbers}


if __name__ == "__main__":
    run_until_stdin_ends(start)
