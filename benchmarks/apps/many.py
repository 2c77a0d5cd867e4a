"""An app with as many endpoints as its first argument says, with three components each."""

import sys
from pathlib import Path
from typing import Any, Dict

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "testing" / "apps"))
from functions import Endpoint
from main import build, parse_arguments, run_until_stdin_ends, serve


def join(first: str, second: str) -> str:
    return first + second


def start() -> Dict[str, Any]:
    text: Any = ("textbox", {})
    count = int(sys.argv[1])
    endpoints = [Endpoint("join_%d" % i, join, [text, text], [text], {}) for i in range(count)]
    return {"url": serve(build(endpoints, {}), parse_arguments(sys.argv[2:])), "endpoints": count}


if __name__ == "__main__":
    run_until_stdin_ends(start)
