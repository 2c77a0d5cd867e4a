# SPDX-License-Identifier: MIT
"""What the diff function of a real release makes of two values turns the first into the second.

Each installed release that sends diffs is asked in a process of its own. By hand:

    python3 -m testing.fuzz.server_diffs             2,000 pairs for each release
    python3 -m testing.fuzz.server_diffs --record    write testing/corpus/diffs.json, which the offline suite checks
"""

from __future__ import annotations

import atexit
import functools
import json
import random
import subprocess
import sys
from typing import Any

from testing.fuzz import diffs
from testing.servers import PLACE, executable
from testing.versions import RELEASES, parse

PAIRS_RECORDED = 60
# Runs on the release's own Python; a line of JSON in, a line out.
PROGRAM = """
import json, sys
from gradio.utils import diff
print("ready", flush=True)
for line in sys.stdin:
    print(json.dumps(diff(*json.loads(line))), flush=True)
"""


class Differ:
    """The diff function of one release."""

    def __init__(self, version: str) -> None:
        command = [str(executable(PLACE / version, "python")), "-c", PROGRAM]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdin and self._process.stdout
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        atexit.register(self.close)
        while self._stdout.readline() not in ("ready\n", ""):
            pass

    def __call__(self, old: Any, new: Any) -> Any:
        self._stdin.write(json.dumps([old, new]) + "\n")
        self._stdin.flush()
        return json.loads(self._stdout.readline())

    def close(self) -> None:
        self._stdin.close()
        self._process.wait(10)
        self._stdout.close()


def versions() -> list[str]:
    """Installed releases whose diffs the module uses."""
    found = [version for version in RELEASES if parse(version) >= (4, 17) and (PLACE / version / "stamp").exists()]
    return [version for version in found if not (5, 29, 1) <= parse(version) < (5, 36)]


@functools.lru_cache(maxsize=None)
def differ(version: str) -> Differ:
    return Differ(version)


def pair(rng: random.Random) -> tuple[Any, Any]:
    old = diffs.tree(rng, 4)
    return old, diffs.evolved(rng, old) if rng.randrange(4) else diffs.tree(rng, 4)


def check_on(version: str, rng: random.Random) -> None:
    old, new = pair(rng)
    diffs.assert_applies(old, new, differ(version)(old, new))


def check(rng: random.Random) -> None:
    assert versions(), "no release is installed that sends diffs"
    check_on(rng.choice(versions()), rng)


def record() -> None:
    """For each release: [[old, new, edits], ...]. Releases that say the same share an entry."""
    recorded: dict[str, Any] = {}
    for version in versions():
        rng = random.Random(1)
        pairs = [pair(rng) for _ in range(10 * PAIRS_RECORDED)]
        rows = [[old, new, differ(version)(old, new)] for old, new in pairs]
        recorded[version] = [row for row in rows if row[2] and len(json.dumps(row)) < 700][:PAIRS_RECORDED]
    merged: dict[str, Any] = {}
    for version, rows in recorded.items():
        names = [names for names, known in merged.items() if known == rows]
        if names:
            merged[f"{names[0]} {version}"] = merged.pop(names[0])
        else:
            merged[version] = rows
    lines = [f'"{names}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]" for names, rows in merged.items()]
    diffs.CORPUS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{diffs.CORPUS.name}: {len(recorded)} releases, {diffs.CORPUS.stat().st_size:,} bytes")


def main() -> int:
    if sys.argv[1:] == ["--record"]:
        record()
        return 0
    for version in versions():
        for seed in range(2000):
            check_on(version, random.Random(seed))
        print(f"{version}: 2,000 pairs", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
