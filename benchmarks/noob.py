"""The tasks through noob-gradio, a small asynchronous client, as far as it can: it refuses handle_file() for a file.

python3 -c "import noob; noob.main()" TASK URL OPTIONS
"""

import asyncio
import os
import sys
import tempfile
import time
from typing import Any, Awaitable, Callable, Dict, List

import noob_gradio
from measure import Figures, Measured, median, run


def task(body: Callable[..., Awaitable[Figures]]) -> Callable[..., Figures]:
    """Run the body with a client that has called once: what is loaded late has been loaded."""

    async def carry_out(url: str, options: Dict[str, Any]) -> Figures:
        with tempfile.TemporaryDirectory() as folder:
            async with noob_gradio.Client(url, download_files=folder) as client:
                await client.predict("x", api_name="/noop")
                return await body(client, **options)

    return lambda url, **options: asyncio.run(carry_out(url, options))


async def calls(client: Any, name: str, times: int, value: Any = "x") -> Figures:
    seconds: List[float] = []
    with Measured() as figures:
        for _ in range(times):
            start = time.perf_counter()
            await client.predict(value, api_name="/" + name)
            seconds.append(time.perf_counter() - start)
    return {"seconds": median(seconds), "cpu": figures["cpu"] / times, "memory": figures["memory"]}


async def jobs(client: Any, count: int) -> Figures:
    with Measured() as figures:
        started = [client.predict("x", api_name="/noop") for _ in range(count)]
        results = await asyncio.gather(*started, return_exceptions=True)
        figures["lost"] = sum(result != ["x"] for result in results)
    return figures


async def download(client: Any, megabytes: int) -> Figures:
    with Measured() as figures:
        (path,) = await client.predict(megabytes, api_name="/make")
    assert os.path.getsize(path) == megabytes * 1_000_000
    return figures


def main() -> None:
    run({body.__name__: task(body) for body in (calls, jobs, download)})
    sys.stdout.flush()
    os._exit(0)
