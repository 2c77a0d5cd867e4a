# SPDX-License-Identifier: MIT
"""Three loads that show whether anything is lost, doubled or left behind. Prints figures; exits with 1 if anything is.

    python3 -m testing.stress                    on the stand-in, in a process of its own
    python3 -m testing.stress 6.31.0             on a real release, installed as testing/servers.py says
    python3 -m testing.stress http://host:7860   on testing/apps/main.py, wherever it runs

jobs        from many threads on one client, some cancelled at a random moment: each ends once, with its own result
            or, exactly if cancel() returned True, cancelled; no function has run twice
predicts    one after the other, through the queue for at most a minute, then those left without queue
clients     opened and closed, each with an upload, a download and a job that is still running
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import CancelledError
from functools import partial
from pathlib import Path
from typing import Any, Iterator, Tuple

import gradio_lite_client as glc
from testing.servers import Server
from testing.support import gradio_threads, open_sockets
from testing.versions import RELEASES

DEADLINE = 300.0  # seconds for any one job
QUEUED_SECONDS = 60.0  # some releases take 50 ms for each call through the queue
GROWTH = 6 << 20  # bytes of memory that may come and stay between a tenth of the calls and all of them
SUFFIX = ".bin"
CONTENT = bytes(range(256)) * 40

Row = Tuple[str, int, glc.Job, bool]  # tag, kind, job, whether cancel() returned True


def memory() -> int:
    """Resident bytes of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def megabytes(*figures: int) -> str:
    return " / ".join(f"{figure / 1e6:.1f}" for figure in figures) + " MB"


class Load:
    """One load: what went wrong, and a line of figures when it is over. A context manager."""

    def __init__(self, name: str, count: int, folder: str):
        self.name, self.count, self.folder = name, count, folder
        self.problems: list[str] = []
        self.figures: list[str] = []

    def __enter__(self) -> Load:
        self._sockets = open_sockets()
        self.memory = [memory()]
        self._start, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        seconds, cpu = time.perf_counter() - self._start, time.process_time() - self._cpu
        threads, sockets, files = gradio_threads(), open_sockets() - self._sockets, self._temporary_files()
        for what, left in (("threads", threads), ("sockets", sockets), ("temporary files", files)):
            if left and kind is None:
                self.problems.append(f"{len(left)} {what} left: {sorted(left)[:3]}")
        self.memory.append(memory())
        rate = f"{self.count} in {seconds:.2f} s, {self.count / seconds:.0f}/s, {cpu:.2f} CPU-s"
        left_over = f"left: {len(threads)} threads, {len(sockets)} sockets, {len(files)} files"
        print("; ".join([f"{self.name:9} {rate}", *self.figures, megabytes(*self.memory), left_over]), flush=True)

    def _temporary_files(self) -> list[str]:
        """What is in the folder for temporary files, without complete downloads (and files of a stand-in in here)."""
        found = (str(path.relative_to(self.folder)) for path in Path(self.folder).rglob("*") if path.is_file())
        return [path for path in found if not path.endswith(SUFFIX)]

    def check(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)


def submit(client: glc.Client, tag: str, kind: int) -> glc.Job:
    if kind == 0:
        return client.submit(tag, api_name="/echo")
    if kind == 1:
        return client.submit(0, tag, api_name="/sleep")
    return client.submit(3, 0, tag, api_name="/steps")


def values_of(tag: str, kind: int) -> list[str]:
    return [[tag], [f"slept {tag}"], [f"{tag} {i}" for i in range(3)]][kind]


def cancel(rows: list[Row], at: int) -> None:
    tag, kind, job, cancelled = rows[at]
    rows[at] = (tag, kind, job, job.cancel() or cancelled)


def jobs(url: str, load: Load, threads: int) -> None:
    """Each thread submits its share in a tight loop and cancels a third of it, at random moments."""
    made: list[Row] = []
    ended: collections.Counter[str] = collections.Counter()
    lock = threading.Lock()

    def note(tag: str, _: Any) -> None:
        with lock:
            ended[tag] += 1

    def submit_share(number: int, client: glc.Client) -> None:
        rng = random.Random(number)
        own: list[Row] = []
        for index in range(load.count // threads):
            tag, kind = f"{number}-{index}-{os.urandom(4).hex()}", rng.randrange(3)
            job = submit(client, tag, kind)
            job.add_done_callback(partial(note, tag))
            own.append((tag, kind, job, False))
            if rng.randrange(8) == 0:  # while nearly all still wait
                cancel(own, rng.randrange(index + 1))
        rest = list(range(len(own)))
        rng.shuffle(rest)
        for at in rest:  # and when some have ended, and some run
            if rng.randrange(4) == 0:
                cancel(own, at)
            else:
                concurrent.futures.wait([own[at][2]], DEADLINE)
        with lock:
            made.extend(own)

    with glc.Client(url, download_files=f"{load.folder}/downloads") as client:
        workers = [threading.Thread(target=submit_share, args=(number, client)) for number in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(DEADLINE)
        load.check(len(made) == load.count, f"{load.count} jobs submitted, {len(made)} known")
        for row in made:
            check_job(load, *row)
        load.memory.append(memory())
        starts = collections.Counter(line for line in client.predict("", api_name="/journal") if line[:6] == "start ")
    for tag, kind, job, _ in made:
        load.check(ended[tag] == 1, f"{tag}: {ended[tag]} calls of its callback")
        ran = starts[f"start {tag}"]
        load.check(ran < 2, f"{tag}: the function ran {ran} times")
        load.check(ran == 1 or kind == 0 or job.cancelled(), f"{tag}: a result without a run")
    load.figures.append(f"{sum(job.cancelled() for _, _, job, _ in made)} cancelled")


def check_job(load: Load, tag: str, kind: int, job: glc.Job, cancelled: bool) -> None:
    expected = values_of(tag, kind)
    try:
        result = job.result(DEADLINE)
    except CancelledError:
        load.check(cancelled, f"{tag}: cancelled by nobody")
        load.check(job.outputs() == expected[: len(job.outputs())], f"{tag}: outputs {job.outputs()}")
    except Exception as error:
        load.problems.append(f"{tag}: {error!r}")
    else:
        load.check(not cancelled, f"{tag}: a result after cancel() returned True")
        load.check(result == expected[-1], f"{tag}: result {result!r}")
        load.check(job.outputs() == expected, f"{tag}: outputs {job.outputs()}")


def predicts(url: str, load: Load) -> None:
    queued = 0
    with glc.Client(url, download_files=f"{load.folder}/downloads") as client:
        start = time.perf_counter()
        for number in range(load.count):
            if time.perf_counter() - start < QUEUED_SECONDS:
                queued += 1
                result = client.predict(f"quick {number}", api_name="/echo")
            else:
                result = client.predict(str(number), api_name="/quick")
            load.check(result == f"quick {number}", f"call {number} gave {result!r}")
            if number in (load.count // 10, load.count // 2):
                load.memory.append(memory())
        growth = memory() - load.memory[1]
    load.check(growth < GROWTH, f"memory grew by {megabytes(growth)}")
    load.figures.append(f"{queued} through the queue")


def clients(url: str, load: Load) -> None:
    for number in range(load.count):
        content = CONTENT + b"%d" % number
        with glc.Client(url, download_files=f"{load.folder}/downloads") as client:
            path = client.predict(glc.handle_file(content, f"{number}{SUFFIX}"), api_name="/copy_file")
            load.check(Path(path).read_bytes() == content, f"client {number}: another file")
            job = client.submit(3, 0.02, f"client {number}", api_name="/steps") if number % 2 else None
            if job is not None and number % 4 == 1:
                next(iter(job))
        if job is not None:
            error = job.exception(0)
            load.check(error is None or type(error) is glc.ConnectionLost, f"client {number}: {error!r}")
        if number == load.count // 2:
            load.memory.append(memory())


def run(url: str, count: int = 500, threads: int = 20, calls: int = 10_000, opened: int = 200) -> list[str]:
    """All three loads on the app; what went wrong."""
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, size in (("jobs", count), ("predicts", calls), ("clients", opened)):
            known, tempfile.tempdir = tempfile.tempdir, folder
            try:
                with Load(name, size, folder) as load:
                    if name == "jobs":
                        jobs(url, load, threads)
                    elif name == "predicts":
                        predicts(url, load)
                    else:
                        clients(url, load)
            finally:
                tempfile.tempdir = known
            problems += load.problems
    return problems


@contextlib.contextmanager
def stand_in() -> Iterator[str]:
    command = [sys.executable, "-m", "testing.standin", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


@contextlib.contextmanager
def app(name: str) -> Iterator[str]:
    """The URL of what the command line names."""
    if not name:
        with stand_in() as url:
            yield url
    elif name in RELEASES:
        with Server(RELEASES[name]) as server:
            yield server.url
    else:
        yield name


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m testing.stress", description=__doc__.splitlines()[0])
    parser.add_argument("app", nargs="?", default="", metavar="URL | VERSION")
    parser.add_argument("--calls", type=int, default=10_000, help="predicts, one after the other")
    options = parser.parse_args()
    with app(options.app) as url:
        print(f"{options.app or 'stand-in'} on {url}", flush=True)
        problems = run(url, calls=options.calls)
    print("\n".join(problems[:20]) or "nothing lost, doubled or left", flush=True)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
