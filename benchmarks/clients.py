"""The tasks through a Python client: ours, or the official one, with the same code.

python3 -c "import clients; clients.main()" MODULE TASK URL OPTIONS
"""

import importlib
import os
import sys
import tempfile
import threading
import time
from typing import Any, Callable, List

from measure import Figures, Measured, median, repeat, run

MODULE = sys.argv[1]


def open_client(url: str, **options: Any) -> Any:
    return importlib.import_module(MODULE).Client(url, verbose=False, **options)


def close(client: Any) -> None:
    if hasattr(client, "__exit__"):
        client.__exit__(None, None, None)


def ready(url: str, **options: Any) -> Any:
    """A client that has called once: what is loaded late has been loaded."""
    client = open_client(url, **options)
    client.predict("x", api_name="/noop")
    return client


def connect(url: str, times: int) -> Figures:
    return repeat(lambda: close(open_client(url)), times)


def calls(url: str, name: str, times: int, value: Any = "x") -> Figures:
    client = ready(url)
    return repeat(lambda: client.predict(value, api_name="/" + name), times)


def direct(url: str, name: str, times: int, skip_queue: bool = False) -> Figures:
    client = ready(url, skip_queue=True) if skip_queue else ready(url)
    return repeat(lambda: client.predict("x", api_name="/" + name), times)


def jobs(url: str, count: int) -> Figures:
    client = ready(url)
    with Measured() as figures:
        started = [client.submit("x", api_name="/noop") for _ in range(count)]
        figures["threads"] = threading.active_count()
        figures["lost"] = sum(job.exception() is not None or job.result() != "x" for job in started)
    return figures


def first_output(url: str, times: int) -> Figures:
    client = ready(url)
    seconds: List[float] = []
    for _ in range(times):
        start = time.perf_counter()
        job = client.submit(3, api_name="/count")
        outputs = iter(job)
        next(outputs)
        seconds.append(time.perf_counter() - start)
        assert len(list(outputs)) == 2
    return {"seconds": median(seconds)}


def stream(url: str, name: str, count: int) -> Figures:
    client = ready(url)
    with Measured() as figures:
        outputs = sum(1 for _ in client.submit(count, api_name="/" + name))
    return {**figures, "outputs": outputs}


def upload(url: str, path: str) -> Figures:
    client = ready(url)
    handle_file = importlib.import_module(MODULE).handle_file
    with tempfile.NamedTemporaryFile(suffix=".bin") as small:
        small.write(b"small")
        small.flush()
        assert client.predict(handle_file(small.name), api_name="/size") == 5
    with Measured() as figures:
        assert client.predict(handle_file(path), api_name="/size") == os.path.getsize(path)
    return figures


def download(url: str, megabytes: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        client = ready(url, download_files=folder)
        client.predict(1, api_name="/make")
        with Measured() as figures:
            path = client.predict(megabytes, api_name="/make")
        assert os.path.getsize(path) == megabytes * 1_000_000
    return figures


def main() -> None:
    tasks: List[Callable[..., Figures]] = [connect, calls, direct, jobs, first_output, stream, upload, download]
    run({task.__name__: task for task in tasks})
    sys.stdout.flush()
    os._exit(0)  # the official client's threads take a second to end, and that is measured elsewhere
