# SPDX-License-Identifier: MIT
"""Long runs; see the package. Exits with 1 if an invariant did not hold, and prints how to see it again."""

from __future__ import annotations

import argparse
import base64
import importlib
import itertools
import random
import subprocess
import sys
import tempfile
import time
import traceback
from typing import Any, Sequence

from testing.fuzz import LONG_SUBJECTS, SUBJECTS, FromBytes

GUIDED_INPUT_BYTES = 4096


def load(subject: str) -> Any:
    return importlib.import_module(f"testing.fuzz.{subject}")


def run(subject: str, rounds: int | None, seconds: float | None, seed: int) -> bool:
    """Whether the invariant held in all rounds; prints a line, and the trace of the first failure."""
    module = load(subject)
    start, done = time.monotonic(), 0
    for number in itertools.count(seed):
        try:
            module.check(random.Random(number))
        except Exception:
            traceback.print_exc()
            again = f"python3 -m testing.fuzz {subject} --seed {number} --rounds 1"
            print(f"{subject}: failed in round {done}. Again: {again}")
            return False
        done += 1
        passed = time.monotonic() - start
        if done == rounds or (seconds is not None and passed > seconds):
            break
    print(
        f"{subject}: {done:,} rounds from seed {seed} in {passed:.1f} s: {module.__doc__.splitlines()[0]}", flush=True
    )
    return True


def guide(subject: str, seconds: float | None, given: str | None) -> None:
    """Let atheris look for inputs that reach new code. It ends the process."""
    import atheris

    with atheris.instrument_imports(include=["gradio_lite_client"]):
        import gradio_lite_client  # noqa: F401
    module = load(subject)

    def one(data: bytes) -> None:
        module.check(FromBytes(data))

    if given is not None:
        one(base64.b64decode(given))
        return
    place = tempfile.mkdtemp(prefix="fuzz-")
    options = [f"-max_total_time={int(seconds or 60)}", f"-max_len={GUIDED_INPUT_BYTES}", f"-artifact_prefix={place}/"]
    atheris.Setup([sys.argv[0], *options, "-len_control=0", "-timeout=60", "-print_final_stats=1"], one)
    atheris.Fuzz()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m testing.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(SUBJECTS + LONG_SUBJECTS))
    parser.add_argument("--rounds", type=int, help="inputs for each subject (5,000 if --seconds is not given)")
    parser.add_argument("--seconds", type=float, help="time for each subject")
    parser.add_argument("--seed", type=int, default=0, help="of the first round; the next has the next number")
    parser.add_argument("--atheris", action="store_true", help="guided by coverage; needs the package atheris")
    parser.add_argument("--base64", help="run the one input that atheris printed")
    options = parser.parse_args(arguments)
    for subject in options.subjects:
        if subject not in SUBJECTS + LONG_SUBJECTS:
            parser.error(f"there is no subject {subject}")
    subjects = options.subjects or SUBJECTS
    if options.atheris or options.base64:
        if len(subjects) == 1:
            guide(subjects[0], options.seconds, options.base64)
            return 0
        own = [sys.executable, "-m", "testing.fuzz", "--atheris", "--seconds", str(options.seconds or 60)]
        return max(subprocess.call([*own, subject]) for subject in subjects)
    rounds = options.rounds or (None if options.seconds else 5000)
    held = [run(subject, rounds, options.seconds, options.seed) for subject in subjects]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
