#!/usr/bin/env python3
"""Ours, other clients and the floor, in turn, on real Gradio servers: benchmarks/results.md and results.svg.

    python3 benchmarks/bench.py [--quick] [--rounds N] [--only ROW ...] [--resume] [--report]

Installs what it needs into .servers/. `--only` measures these rows and keeps the figures of the others; `--resume` goes
on with a run that was cut off; `--report` writes the report again. The rows and their goals are in rows.py.
"""

import argparse
import datetime
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Union

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE)]
import report  # noqa: E402
from measure import median  # noqa: E402
from rows import FLOOR, GROWTHS, JAVASCRIPT, NOOB, OFFICIAL, OURS, ROWS, Growth, Row  # noqa: E402

from testing.servers import PLACE, NotInstalled, Server, call, executable, install_official, uv  # noqa: E402
from testing.versions import RELEASES  # noqa: E402

STORE = PLACE / "benchmarks.json"
DEADLINE = 120.0  # of one process
WARM_UP = 60  # calls: for its first seconds a server of 5 answers at half the speed
QUICK_ROUNDS = 2
QUICK_LONGEST = 200  # of a growth
KEYS = [row.key for row in ROWS] + [growth.key for growth in GROWTHS]
Figures = Dict[str, float]


class Tools(NamedTuple):
    """The programs that run the drivers."""

    plain: str  # the Python of the official client, in an empty environment: no .pth files, no packages
    official: str
    node: Optional[str]
    javascript: str  # the module
    noob: Optional[str]  # a Python that has it

    def versions(self) -> Dict[str, str]:
        show = "import platform; print(platform.python_version())"
        client = "import importlib.metadata as m; print(m.version('gradio_client'))"
        module = hashlib.sha256((ROOT / "gradio_lite_client.py").read_bytes()).hexdigest()
        found = {
            "this client": "sha256 %s…" % module[:12],
            "Python": output(self.plain, "-c", show),
            "official Python client": output(self.official, "-c", client),
        }
        if self.node:
            package = json.loads((Path(self.javascript).parents[1] / "package.json").read_text())
            found.update({"Node": output(self.node, "--version"), "JavaScript client": package["version"]})
        if self.noob:
            found["noob-gradio"] = output(self.noob, "-c", "import noob_gradio; print(noob_gradio.__version__)")
        return found


def output(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode().strip()


def install() -> Tools:
    official = install_official("6")
    plain = PLACE / "plain"
    if not executable(plain, "python").exists():
        base = output(official, "-c", "import sys; print(sys._base_executable)")
        call(base, "-m", "venv", "--without-pip", "--clear", str(plain))
    javascript = PLACE / "official-javascript"
    module = javascript / "node_modules" / "@gradio" / "client" / "dist" / "index.js"
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and not module.exists():
        javascript.mkdir(exist_ok=True)
        try:
            call(npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(javascript), "@gradio/client")
        except NotInstalled as problem:
            print("no JavaScript client: %s" % problem, flush=True)
    return Tools(
        str(executable(plain, "python")),
        official,
        node if module.exists() else None,
        str(module),
        install_noob(official),
    )


def install_noob(official: str) -> Optional[str]:
    """A Python with noob-gradio, beside the official client's."""
    place = PLACE / "noob-gradio"
    python = str(executable(place, "python"))
    try:
        if not (place / "stamp").exists():
            call(uv(), "venv", "--quiet", "--clear", "--no-project", "--python", official, str(place))
            call(uv(), "pip", "install", "--quiet", "--python", python, "noob-gradio")
            (place / "stamp").write_text("noob-gradio")
    except NotInstalled as problem:
        print("no noob-gradio: %s" % problem, flush=True)
        return None
    return python


def environment() -> Dict[str, str]:
    """Bytecode is cached as usual, output is not held back, and no client asks for news of itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GRADIO_", "HF_"))}
    paths = os.pathsep.join([str(ROOT), str(HERE)])
    return {**kept, "PYTHONPATH": paths, "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}


PEAK = "import memory\nprint(memory.peak(), flush=True)\n"
SCRIPTS = {
    OURS: "from gradio_lite_client import Client\n"
    "with Client({url!r}) as client:\n    print(client.predict('x', api_name='/noop'), flush=True)\n",
    OFFICIAL: "from gradio_client import Client\nclient = Client({url!r}, verbose=False)\n"
    "print(client.predict('x', api_name='/noop'), flush=True)\n",
    NOOB: "import asyncio\nfrom noob_gradio import Client\nasync def main():\n"
    "    async with Client({url!r}) as client:\n"
    "        print(await client.predict('x', api_name='/noop'), flush=True)\n"
    "asyncio.run(main())\n",
    FLOOR: "import floor\nprint(floor.first_result({url!r}), flush=True)\n",
}
IMPORTS = {OURS: "gradio_lite_client", OFFICIAL: "gradio_client", NOOB: "noob_gradio", FLOOR: "http.client, json"}
TIMED_IMPORT = "import time\nstart = time.perf_counter()\nimport {}\nprint(time.perf_counter() - start)\n"


def command(tools: Tools, client: str, task: str, url: str, options: Dict[str, Any]) -> List[str]:
    python = {OFFICIAL: tools.official, NOOB: tools.noob or ""}.get(client, tools.plain)
    asked = [task, url, json.dumps(options)]
    if client == JAVASCRIPT:
        return [str(tools.node), str(HERE / "javascript.mjs"), tools.javascript, *asked]
    if task == "cli" and client == OURS:
        return [python, "-m", "gradio_lite_client", "predict", url, "/noop", "x"]
    if task in ("start", "cli"):
        return [python, "-c", SCRIPTS[client].format(url=url) + (PEAK if task == "start" else "")]
    if task == "import":
        return [python, "-c", TIMED_IMPORT.format(IMPORTS[client]) + PEAK]
    if client == FLOOR:
        return [python, "-c", "import floor; floor.main()", *asked]
    if client == NOOB:
        return [python, "-c", "import noob; noob.main()", *asked]
    return [python, "-c", "import clients; clients.main()", IMPORTS[client], *asked]


def run(tools: Tools, client: str, task: str, url: str, options: Dict[str, Any]) -> Figures:
    """Figures of one process that carries out one task."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command(tools, client, task, url, options), stdout=subprocess.PIPE, stderr=errors, env=environment()
        )
        assert process.stdout is not None
        deadline = threading.Timer(DEADLINE, process.kill)
        deadline.start()
        try:
            with process.stdout:
                first = process.stdout.readline()
                seconds = time.perf_counter() - start
                rest = process.stdout.read().decode()
            process.wait()
        finally:
            deadline.cancel()
            process.kill()
        ended = time.perf_counter() - start
        if process.returncode:
            errors.seek(0)
            raise RuntimeError("%s %s failed: %s" % (client, task, errors.read().decode(errors="replace")[-2000:]))
    if task == "start":
        last = json.loads(rest)
        return {"seconds": seconds, "exit": ended, "peak": last["peak"] if isinstance(last, dict) else last}
    if task == "cli":
        return {"seconds": seconds}
    if task == "import":
        return {"seconds": float(first), "peak": float(rest)}
    figures: Figures = json.loads(first)
    return figures


class Bench:
    """One run: keeps one server at a time, stores figures after each row."""

    def __init__(self, tools: Tools, options: argparse.Namespace) -> None:
        self.tools = tools
        self.options = options
        self.stored: Dict[str, Any] = {}
        if STORE.exists() and (options.only or options.resume or options.report):
            self.stored = json.loads(STORE.read_text())
        self._server: Optional[Server] = None
        self._name = ""
        self._stack = ExitStack()
        self._files: Dict[str, str] = {}

    def __enter__(self) -> "Bench":
        self._folder = tempfile.mkdtemp(prefix="gradio-bench-")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """Of the server of this name, which is started and warmed up after the one before is stopped."""
        if name != self._name:
            self._stack.close()
            version, app, *arguments = name.split()
            server = Server(RELEASES[version], str(HERE / "apps" / app), *arguments)
            self._stack.enter_context(server)
            self._server, self._name = server, name
            if app == "tasks":
                run(self.tools, FLOOR, "calls", server.url, {"name": "noop", "times": WARM_UP})
        assert self._server is not None
        return self._server.url

    def _prepared(self, options: Dict[str, Any]) -> Dict[str, Any]:
        """The options, with a file in place of its size."""
        if "path" not in options:
            return options
        path = os.path.join(self._folder, "%s.bin" % options["path"])
        if not os.path.exists(path):
            with open(path, "wb") as file:  # written, not sparse: every client finds it in the system's cache
                for _ in range(int(options["path"])):
                    file.write(b"x" * 1_000_000)
        return {**options, "path": path}

    def _rounds(self, rounds: int) -> int:
        return int(self.options.rounds or (min(rounds, QUICK_ROUNDS) if self.options.quick else rounds))

    def measure(self, row: Row) -> Dict[str, Any]:
        """Client: metric: its figure in each round; None if it failed or has none."""
        found: Dict[str, Dict[str, List[Optional[float]]]] = {}
        for _ in range(self._rounds(row.rounds)):
            for client in row.clients:
                if (client == JAVASCRIPT and not self.tools.node) or (client == NOOB and not self.tools.noob):
                    continue
                options = self._prepared({**row.options, **row.per_client.get(client, {})})
                figures: Figures = {}
                try:
                    figures = run(self.tools, client, row.task, self.url(row.server), options)
                except RuntimeError as problem:
                    print(problem, flush=True)
                for metric in row.metrics:
                    found.setdefault(client, {}).setdefault(metric, []).append(figures.get(metric))
        return found

    def measure_growth(self, growth: Growth) -> Dict[str, Any]:
        """Client: metric: the median figure for each size."""
        found: Dict[str, Dict[str, Dict[int, float]]] = {}
        for size in growth.sizes:
            if self.options.quick and size > QUICK_LONGEST:
                continue
            options = self._prepared({**growth.options, **({growth.varied: size} if growth.varied else {})})
            url = self.url(growth.server.format(n=size))
            for client in (OURS, FLOOR):
                all_figures = [
                    run(self.tools, client, growth.task, url, options) for _ in range(self._rounds(growth.rounds))
                ]
                for metric in growth.metrics:
                    found.setdefault(client, {}).setdefault(metric, {})[size] = median([f[metric] for f in all_figures])
        return found

    def run(self) -> None:
        wanted: List[Any] = [*ROWS, *GROWTHS]
        wanted.sort(key=lambda row: "many" in row.server)  # stable: the rows of one server stay together
        wanted.sort(key=lambda row: ("4", "5", "6").index(row.server[0]), reverse=True)
        name = datetime.datetime.now().strftime("%Y-%m-%d %H:%M")
        if self.options.resume and self.stored:
            name = max(entry["run"] for entry in self.stored.values())
        row: Union[Row, Growth]
        for row in wanted:
            done = self.options.resume and self.stored.get(row.key, {}).get("run") == name
            if done or (self.options.only and row.key not in self.options.only):
                continue
            start = time.perf_counter()
            try:
                figures = self.measure(row) if isinstance(row, Row) else self.measure_growth(row)
            except (NotInstalled, RuntimeError) as problem:
                print("%-18s not run: %s" % (row.key, problem), flush=True)
                continue
            versions = dict(self.tools.versions(), machine=machine())
            self.stored[row.key] = {"run": name, "quick": self.options.quick, "figures": figures, "versions": versions}
            STORE.write_text(json.dumps(self.stored, indent=1))
            self.stored = json.loads(STORE.read_text())  # sizes are text now, as they are after a restart
            seconds = time.perf_counter() - start
            for line in report.lines(row, self.stored[row.key]["figures"]):
                print("%-18s %4.0f s  %s" % (row.key, seconds, line), flush=True)


def machine() -> str:
    model = platform.machine()
    try:
        names = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
        model = names[0] if names else model
    except OSError:
        pass
    return "%d cores (%s), %s" % (os.cpu_count() or 0, model, platform.system())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds, small sizes: about five minutes")
    parser.add_argument("--rounds", type=int, help="instead of each row's own number")
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=KEYS)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    tools = install()
    with Bench(tools, options) as bench:
        if not options.report:
            bench.run()
        (HERE / "results.md").write_text(report.markdown(bench.stored, HERE / "notes.md"))
        (HERE / "results.svg").write_text(report.picture(bench.stored))
    missed = report.missed(bench.stored)
    print("missed: %s" % ", ".join(missed) if missed else "every goal is met")
    return 0


if __name__ == "__main__":
    sys.exit(main())
