# SPDX-License-Identifier: MIT
"""Changes single places of the module at random and runs the offline suite on each: what survives, no test looks at.

    python3 -m testing.mutate --count 200 --seed 1             # may be interrupted and started again
    python3 -m testing.mutate --count 20 --seed 1 --list       # only show what would be tried
    python3 -m testing.mutate --only 0123abcd                  # one of them, again

A mutant first meets the tests of its section, then all. Places whose change nobody could notice, or should, are not
tried: annotations, docstrings, TYPE_CHECKING, `__repr__` and `__all__`, words for people (in messages, logs, help).
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Iterable, Iterator, NamedTuple, Sequence

ROOT = Path(__file__).resolve().parent.parent
MODULE, TESTS = "gradio_lite_client.py", "test_gradio_lite_client.py"
SPARED_TESTS = ("FileItselfTest", "VendoringTest.test_version")  # of the text of the file, not of what it does
WORDS_FOR_PEOPLE = {
    "logger",
    "tell",
    "_tell",
    "warn",
    "warning",
    "debug",
    "info",
    "print",
    "add_argument_group",
    "fail",
}
ERRORS = re.compile(r"(Error|Failed|Lost|TimedOut|Cancelled|Retired)$")
OPPOSITES = {
    **{ast.Eq: "!=", ast.NotEq: "==", ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in"},
    **{ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"},
}
SIGNS = {ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is", ast.IsNot: r"is\s+not", ast.In: "in", ast.NotIn: r"not\s+in"}
SIGNS.update({ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="})
RUNNER = """\
import faulthandler, sys, unittest
faulthandler.dump_traceback_later(float(sys.argv[1]), exit=True)
spared, names = sys.argv[2].split(","), sys.argv[3:]
loader = unittest.defaultTestLoader
found = loader.loadTestsFromNames(names) if names else loader.discover(".")
suite = unittest.TestSuite()
def add(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            add(test)
        elif not any(name in test.id() for name in spared):
            suite.addTest(test)
add(found)
result = unittest.TextTestRunner(open("/dev/null", "w"), failfast=True).run(suite)
bad = [test.id() for test, _ in result.failures + result.errors] + [test.id() for test in result.unexpectedSuccesses]
print("VERDICT", result.testsRun, *bad, flush=True)
"""


class Mutation(NamedTuple):
    start: int  # in the module's text, in bytes
    end: int
    new: str
    kind: str
    line: int
    old: str
    section: str

    @property
    def key(self) -> str:
        """A name that stays the same while the file does."""
        return hashlib.sha256(f"{self.start} {self.end} {self.new} {self.old}".encode()).hexdigest()[:8]

    def __str__(self) -> str:
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.key}  line {self.line:4}  {self.kind:10}  {old[:60]}  ->  {new[:60]}"


class Finder(ast.NodeVisitor):
    """All places that may be changed, and how."""

    def __init__(self, source: str) -> None:
        self.found: list[Mutation] = []
        self._source = source.encode()
        self._starts = [0]
        for line in self._source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._sections = [(n, m[1]) for n, line in enumerate(source.splitlines(), 1) if (m := SECTION.match(line))]
        self._docstrings: set[ast.AST] = set()
        self._silent = 0  # how deep in words for people

    def _at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column

    def _span(self, node: Any) -> tuple[int, int]:
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def _add(self, node: Any, new: str, kind: str, span: tuple[int, int] | None = None) -> None:
        start, end = span or self._span(node)
        section = next((name for line, name in reversed(self._sections) if line <= node.lineno), "")
        old = self._source[start:end].decode()
        self.found.append(Mutation(start, end, new, kind, node.lineno, old, section))

    def _text(self, node: Any) -> str:
        start, end = self._span(node)
        return self._source[start:end].decode()

    def _between(self, left: Any, right: Any, sign: str, new: str, kind: str) -> None:
        """Replace the sign that stands between two expressions."""
        start, end = self._span(left)[1], self._span(right)[0]
        found = re.search(rf"(?<![\w<>=!]){sign}(?![\w=])".encode(), self._source[start:end])
        if found:
            self._add(left, new, kind, (start + found.start(), start + found.end()))

    # --- what is left out

    def visit_FunctionDef(self, node: Any) -> None:
        if node.name in ("__repr__", "__getstate__"):
            return
        for part in (*node.decorator_list, node.args, *node.body):
            self.visit(part)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_arg(self, node: ast.arg) -> None:
        """Without its annotation."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        test = self._text(node.test)
        if "TYPE_CHECKING" in test or "__name__" in test:
            for part in node.orelse:
                self.visit(part)
            return
        self._add(node.test, f"not ({test})", "condition")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        names = {target.id for target in node.targets if isinstance(target, ast.Name)}
        if not names & {"__all__", "__version__", "TYPE_CHECKING", "USER_AGENT"}:
            self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Positions in these are not to be relied on before Python 3.12."""

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = (
            node.func.value.id if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) else ""
        )
        quiet = bool({name, owner} & WORDS_FOR_PEOPLE or ERRORS.search(name))
        self._silent += quiet
        self.generic_visit(node)
        self._silent -= quiet

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg != "metavar":  # words of the help
            self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._add(node, "pass", "raise")
        self._silent += 1
        self.generic_visit(node)
        self._silent -= 1

    # --- what is changed

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return  # a docstring
        if isinstance(node.value, ast.Call) and self._text(node.value.func).split(".")[0] not in WORDS_FOR_PEOPLE:
            self._add(node, "pass", "call")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value and self._text(node.value) != "None":
            self._add(node, "return None", "return")
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for left, sign, right in zip(operands, node.ops, operands[1:]):
            self._between(left, right, SIGNS[type(sign)], OPPOSITES[type(sign)], "comparison")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:]):
            self._between(left, right, old, new, "boolean")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._add(node, f"({self._text(node.operand)})", "boolean")
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._add(node.test, f"(not ({self._text(node.test)}))", "condition")
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        if not isinstance(node.test, ast.Constant):
            self._add(node.test, "False", "condition")
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._add(test, "True", "condition")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._add(node, str(not value), "constant")
        elif isinstance(value, (int, float)) and not self._silent:
            self._add(node, repr(value + 1), "constant")
        elif isinstance(value, str) and not self._silent and re.fullmatch(r"[\w./:=@-]{1,40}", value):
            self._add(node, repr(value + "x"), "constant")


SECTION = re.compile(r"# === (\w[\w ]*?) =+$")


def mutations(source: str) -> list[Mutation]:
    """All there are, in the order of the file."""
    finder = Finder(source)
    finder.visit(ast.parse(source))
    return sorted({one.key: one for one in finder.found}.values())


def mutated(source: str, one: Mutation) -> str:
    data = source.encode()
    return (data[: one.start] + one.new.encode() + data[one.end :]).decode()


def is_program(source: str, one: Mutation) -> bool:
    try:
        ast.parse(mutated(source, one))
    except SyntaxError:
        return False
    return True


def sample(source: str, count: int, seed: int) -> list[Mutation]:
    """So many of them, each kind as often as it occurs, but constants not more often than all others together."""
    found = mutations(source)
    chance = random.Random(seed)
    constants = [one for one in found if one.kind == "constant"]
    others = [one for one in found if one.kind != "constant"]
    chance.shuffle(constants)
    chance.shuffle(others)
    chosen: list[Mutation] = []
    while len(chosen) < count and (others or constants):
        turn = constants if constants and (not others or len(chosen) % 4 == 3) else others
        one = turn.pop()
        if is_program(source, one):
            chosen.append(one)
    return chosen


def classes_of(section: str) -> list[str]:
    """The test classes in the section of the same name; none means all tests."""
    current, found = "", []
    for line in (ROOT / TESTS).read_text("utf-8").splitlines():
        head, name = SECTION.match(line), re.match(r"class (\w+Test)\(", line)
        current = head[1] if head else current
        if name and current == section:
            found.append(f"{Path(TESTS).stem}.{name[1]}")
    return found


class Copy:
    """A copy of the checkout in which one mutant at a time is tested."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.decode()
        for name in filter(None, listed.splitlines()):
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.folder / name)

    def run(self, source: str, tests: Sequence[str], limit: float) -> tuple[str, float]:
        """The first test that fails, "" if none does; and how long it took."""
        (self.folder / MODULE).write_text(source, "utf-8")
        env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        command = [sys.executable, "-c", RUNNER, str(limit), ",".join(SPARED_TESTS), *tests]
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            os.chmod(scratch, 0o711)  # some tests act as another user
            env["TMPDIR"] = scratch
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                out = process.communicate(timeout=limit + 60)[0]
            except subprocess.TimeoutExpired:
                process.kill()
                out = process.communicate()[0]
        took = time.monotonic() - began
        verdicts = re.findall(rb"^VERDICT (\d+) ?(.*)$", out, re.M)
        if not verdicts:
            return ("the time" if took >= limit else f"its end, with code {process.returncode}"), took
        ran, bad = verdicts[-1]
        return (bad.decode().split(" ")[0] if bad else "" if int(ran) else "no test ran"), took


class Campaign:
    """The mutants of a sample, and what became of each, which is kept in a file from run to run."""

    def __init__(self, source: str, state: Path, limit: float):
        self._source = source
        self._digest = hashlib.sha256(source.encode()).hexdigest()[:16]
        self._state = state
        self._limit = limit
        self._lock = threading.Lock()  # guards the file and what follows
        self._limits: dict[str, float] = {}  # of time, for a section's tests, and for all
        self.outcomes: dict[str, str] = {}  # by key: the test that noticed, or ""
        if state.exists():
            for line in state.read_text("utf-8").splitlines():
                entry = json.loads(line)
                if entry["file"] == self._digest:
                    self.outcomes[entry["key"]] = entry["noticed"]

    def prepare(self, sections: Iterable[str], copy: Copy) -> None:
        """How long the tests of these sections, and all, take on the file as it is, where none may fail."""
        for section in [*dict.fromkeys(sections), ""]:
            wrong, took = copy.run(self._source, classes_of(section), self._limit)
            if wrong:
                raise SystemExit(f"On the file as it is the tests fail: {wrong} ({section or 'all'})")
            self._limits[section] = 20 + 4 * took

    def try_one(self, one: Mutation, copy: Copy) -> str:
        noticed = ""
        for section in dict.fromkeys([one.section, ""]):
            if not noticed:
                limit = self._limits.get(section, self._limit)
                noticed, _ = copy.run(mutated(self._source, one), classes_of(section), limit)
        entry = {"file": self._digest, "key": one.key, "noticed": noticed, "what": str(one)}
        with self._lock:
            self.outcomes[one.key] = noticed
            with self._state.open("a", encoding="utf-8") as log:
                log.write(json.dumps(entry) + "\n")
            print(f"{'noticed ' if noticed else 'SURVIVES'}  {one}  {f'by {noticed}' if noticed else ''}", flush=True)
        return noticed

    def run(self, chosen: Sequence[Mutation], jobs: int) -> Iterator[Mutation]:
        """Try those that are not known yet, so many at a time. The survivors."""
        copies: SimpleQueue[Copy] = SimpleQueue()

        def with_copy(one: Mutation) -> None:
            copy = copies.get()
            try:
                self.try_one(one, copy)
            finally:
                copies.put(copy)

        left = [one for one in chosen if one.key not in self.outcomes]
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
            for number in range(jobs):
                place = os.path.join(folder, str(number))
                os.mkdir(place)
                copies.put(Copy(place))
            if left:
                copy = copies.get()
                self.prepare((one.section for one in left), copy)
                copies.put(copy)
            list(pool.map(with_copy, left))
        yield from (one for one in chosen if not self.outcomes[one.key])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run the offline suite on mutants of the module; show survivors.")
    parser.add_argument("--count", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="which (default: 1)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default: 2)")
    parser.add_argument("--limit", type=float, default=600.0, metavar="SECONDS", help="for the suite (default: 600)")
    parser.add_argument("--state", type=Path, default=ROOT / "build" / "mutants.jsonl", help="what is known already")
    parser.add_argument("--list", action="store_true", help="only show the sample")
    parser.add_argument("--only", metavar="KEY", nargs="+", help="try these, wherever they are, known or not")
    options = parser.parse_args(arguments)
    source = (ROOT / MODULE).read_text("utf-8")
    if options.only:
        chosen = [one for one in mutations(source) if one.key in options.only]
    else:
        chosen = sample(source, options.count, options.seed)
    if options.list:
        print(*chosen, sep="\n")
        return 0
    options.state.parent.mkdir(parents=True, exist_ok=True)
    campaign = Campaign(source, options.state, options.limit)
    for one in chosen if options.only else ():
        campaign.outcomes.pop(one.key, None)
    survivors = list(campaign.run(chosen, options.jobs))
    print(f"\n{len(survivors)} of {len(chosen)} mutants survive.", *survivors, sep="\n")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
