"""What testing/proxies.py does with a client, in a process of its own: how a client meets proxies depends on variables,
and one that hangs can be ended.

A probe is a function from a URL and options to nothing, or an exception. `Probe` runs one; it tells, in lines of JSON,
what happened meanwhile, and last how it went: {"outcome": "ok" or the error's class, "at": the step, "text": ...}.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
from testing.servers import PROXY_VARIABLES  # noqa: E402

DEADLINE = 60.0  # for a probe, unless its row says otherwise


class Failed(Exception):
    """A probe or a row did not give what it has to."""


# ---- in the process ------------------------------------------------------------------------------

Function = Callable[..., None]
PROBES: dict[str, Function] = {}


def probe(function: Function) -> Function:
    PROBES[function.__name__] = function
    return function


class At(Exception):
    """What failed, and in which step."""

    def __init__(self, step: str, error: BaseException) -> None:
        super().__init__(step)
        self.step, self.error = step, error


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    try:
        yield
    except At:
        raise
    except Exception as error:
        raise At(name, error) from error


def tell(**news: Any) -> None:
    print(json.dumps(news), flush=True)


def connect(url: str, **options: Any) -> Any:
    import gradio_lite_client as glc

    if "certificate" in options:
        context = ssl.create_default_context(cafile=options.pop("ssl_verify"))
        context.load_cert_chain(options.pop("certificate"))
        options["ssl_verify"] = context
    with step("connect"):
        return glc.Client(url, **{"download_files": tempfile.mkdtemp(), **options})


def new_tag() -> str:
    return os.urandom(4).hex()


@probe
def main_job(url: str, size: int = 200_000, **options: Any) -> None:
    """Connect, predict, stream, upload, download, cancel."""
    with connect(url, **options) as client:
        with step("predict"):
            check_equal(client.predict("é\u2028x", api_name="/echo"), "é\u2028x")
        with step("stream"):
            tag = new_tag()
            values = list(client.submit(4, 0.1, tag, api_name="/count"))
            check_equal(values, ["%s %d" % (tag, i) for i in range(4)])
        copy_file(client, size)
        with step("cancel"):
            cancel(client)


def check_equal(found: Any, wanted: Any) -> None:
    if found != wanted:
        raise AssertionError("%.200r instead of %.200r" % (found, wanted))


def copy_file(client: Any, size: int) -> None:
    """Up and down again."""
    import gradio_lite_client as glc

    source = Path(tempfile.mkdtemp(), "ä b.bin")
    source.write_bytes(os.urandom(size))
    with step("upload and download"):
        copy = client.predict(glc.handle_file(source), api_name="/copy")
        if Path(copy).read_bytes() != source.read_bytes():
            raise AssertionError("another file came back")


def cancel(client: Any) -> None:
    """A generator that runs. Where a proxy holds messages back, only the server knows that it does."""
    tag = new_tag()
    job = client.submit(10_000, 0.1, tag, api_name="/count")
    wait_for(client, tag, "runs")
    check_equal(job.cancel(), True)
    check_equal(job.cancelled(), True)
    wait_for(client, tag, "ended")


def wait_for(client: Any, tag: str, state: str) -> None:
    deadline = time.monotonic() + 20
    while client.predict(tag, api_name="/state") != state:
        if time.monotonic() > deadline:
            raise AssertionError("the server does not say %r of the function within 20 s" % state)
        time.sleep(0.2)


@probe
def once(url: str, **options: Any) -> None:
    """Connect and predict."""
    with connect(url, **options) as client, step("predict"):
        check_equal(client.predict("x", api_name="/echo"), "x")


@probe
def files(url: str, size: int = 200_000, **options: Any) -> None:
    with connect(url, **options) as client:
        copy_file(client, size)


@probe
def live(url: str, **options: Any) -> None:
    """Values arrive when they are made."""
    with connect(url, **options) as client, step("stream"):
        arrivals = [time.monotonic() for _ in client.submit(4, 0.5, new_tag(), api_name="/count")]
        check_equal(len(arrivals), 4)
        if arrivals[-1] - arrivals[0] < 1.0:
            raise AssertionError("all values arrived together")


@probe
def long_job(url: str, seconds: float, **options: Any) -> None:
    with connect(url, **options) as client, step("a function that runs for %g s" % seconds):
        check_equal(client.predict(seconds, api_name="/sleep"), "slept")


@probe
def silenced(url: str, before: float, seconds: float, **options: Any) -> None:
    """A function that runs long. After a while nothing more arrives; the job has to end by itself."""
    with connect(url, **options) as client:
        job = client.submit(1000, api_name="/sleep")
        time.sleep(before)
        tell(running=True)
        began = time.monotonic()
        try:
            job.result(seconds)
        except Exception as error:
            tell(job=type(error).__name__, text=str(error), seconds=time.monotonic() - began)


@probe
def calls(url: str, count: int, at_once: int = 1, pauses: Sequence[float] = (0,), **options: Any) -> None:
    """Many calls, with these pauses before them in turn; one that fails is not tried again."""
    failed: list[BaseException] = []

    def call(pause: float, number: int) -> None:
        time.sleep(pause)
        try:
            check_equal(client.predict(str(number), api_name="/echo"), str(number))
        except Exception as error:
            failed.append(error)

    with connect(url, **options) as client, ThreadPoolExecutor(at_once) as pool:
        for pause, number in zip(itertools.cycle(pauses), range(count)):
            pool.submit(call, pause, number)
    with step("%d of %d calls" % (len(failed), count)):
        if failed:
            raise failed[0]


@probe
def interrupted(url: str, steps: int, **options: Any) -> None:
    """A job that something happens to. Afterwards the same client has to work."""
    with connect(url, **options) as client:
        tag = new_tag()
        job = client.submit(steps, 0.4, tag, api_name="/count")
        with step("start"):
            check_equal(next(iter(job)), tag + " 0")
        tell(running=True)
        with step("the job"):
            try:
                check_equal(job.result(DEADLINE - 15), "%s %d" % (tag, steps - 1))
                check_equal(len(job.outputs()), steps)
                tell(job="")
            except Exception as error:
                tell(job=type(error).__name__, text=str(error))
        sys.stdin.readline()
        with step("a call afterwards"):
            check_equal(client.predict("x", api_name="/echo"), "x")


@probe
def many_clients(url: str, clients: int, jobs: int, each: float, **options: Any) -> None:
    """Each client makes its jobs at once. Tells how each ended, and when."""

    def run(number: int) -> None:
        with connect(url, **options) as client:
            ends: list[float] = []
            began = time.monotonic()
            submitted = [client.submit(str(i), api_name="/echo") for i in range(jobs)]
            for job in submitted:
                job.add_done_callback(lambda job: ends.append(time.monotonic() - began))
            wait(submitted, each)
            hanging = sum(not job.done() for job in submitted)
            errors = [job.exception() for job in submitted if job.done()]
            found = sorted({"%s: %s" % (type(error).__name__, error) for error in errors if error})
            tell(hanging=hanging, failed=sum(error is not None for error in errors), longest=max(ends + [0]))
            for text in found:
                tell(error=text)

    with ThreadPoolExecutor(clients) as pool:
        for future in [pool.submit(run, number) for number in range(clients)]:
            future.result()


@probe
def new_connections(url: str, first: float, later: float, hole: str, **options: Any) -> None:
    """The host has several addresses of which one answers; the clock runs."""
    host, _, port = url.split("/")[2].rpartition(":")
    found = [item[4][0] for item in socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)]
    with step("the system has to put the silent address first"):
        check_equal(found[0], hole)
    began = time.monotonic()
    with connect(url, **options) as client:
        with step("connect in %g s" % first):
            check_within(began, first)
        began = time.monotonic()
        jobs = [client.submit(0.2, api_name="/sleep") for _ in range(3)]
        with step("three jobs, several new connections, in %g s" % later):
            for job in jobs:
                job.result(DEADLINE)
            check_within(began, later)


def check_within(began: float, limit: float) -> None:
    if time.monotonic() - began > limit:
        raise AssertionError("it took %.1f s" % (time.monotonic() - began))


def run_probe() -> None:
    """In the process of a row: do what stdin says, and print how it went."""
    given = json.loads(sys.stdin.readline())
    began = time.monotonic()
    at = ""
    error: BaseException | None = None
    try:
        PROBES[given.pop("probe")](**given)
    except At as problem:
        at, error = problem.step, problem.error
    except Exception as problem:
        error = problem
    seconds = round(time.monotonic() - began, 1)
    if error is None:
        tell(outcome="ok", seconds=seconds)
    else:
        details = {name: getattr(error, name, None) for name in ("status", "retry_after")}
        tell(outcome=type(error).__name__, at=at, text=str(error), seconds=seconds, **details)
    sys.stdout.flush()
    os._exit(0)  # whatever the client has left behind


# ---- here ----------------------------------------------------------------------------------------


class Probe:
    """A process that runs a probe. `finish` gives all that it told, its outcome last."""

    def __init__(self, folder: Path, what: str, given: dict[str, Any], deadline: float, env: dict[str, str]) -> None:
        own = tempfile.mkdtemp(dir=str(folder))
        inherited = {key: value for key, value in os.environ.items() if key.lower() not in PROXY_VARIABLES}
        names = ("PATH", "LANG", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH")
        environment = {key: inherited[key] for key in names if key in inherited}
        environment.update(HOME=own, TMPDIR=own, HF_HUB_OFFLINE="1", **env)
        self._deadline = time.monotonic() + deadline
        self._allowed = deadline
        self._log = Path(own, "stderr")
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, __file__, ], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                env=environment, cwd=own, text=True,
            )  # fmt: skip
        self._news: queue.Queue[str] = queue.Queue()
        self._told: list[dict[str, Any]] = []
        threading.Thread(target=self._read, daemon=True).start()
        self.send(json.dumps({"probe": what, **given}))

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._news.put(line)
        self._news.put("")

    def send(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def next(self) -> dict[str, Any]:
        """What it tells next."""
        end = ""
        try:
            line = self._news.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except queue.Empty:
            line = ""
            end = "hangs: not done after %g s" % self._allowed
        if not line:
            self.stop()
            end = end or "ended early: " + self._log.read_text().strip()[-500:]
            raise Failed("%s; told so far: %s" % (end, self._told[-3:]) if self._told else end)
        news: dict[str, Any] = json.loads(line)
        self._told.append(news)
        return news

    def finish(self) -> list[dict[str, Any]]:
        while "outcome" not in self.next():
            pass
        self.stop()
        return self._told

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def describe(last: dict[str, Any]) -> str:
    if last["outcome"] == "ok":
        return "no error"
    return "%s (%s, after %s s): %s" % (last["outcome"], last["at"] or "?", last["seconds"], last["text"])


if __name__ == "__main__":
    run_probe()
