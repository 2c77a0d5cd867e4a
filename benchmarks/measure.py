"""What the Python drivers share: figures of the own process, and one line of JSON for each task."""

import json
import resource
import sys
import threading
import time
from typing import Any, Callable, Dict, List

from memory import peak

Figures = Dict[str, float]


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Measured:
    """Figures of the block: seconds, CPU seconds, and the MB by which the peak of the memory rose."""

    def __enter__(self) -> Figures:
        self._memory, self._cpu, self._start = peak(), cpu(), time.perf_counter()
        self._figures: Figures = {}
        return self._figures

    def __exit__(self, *_: object) -> None:
        self._figures["seconds"] = time.perf_counter() - self._start
        self._figures["cpu"] = cpu() - self._cpu
        self._figures["memory"] = peak() - self._memory


def median(values: List[float]) -> float:
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def repeat(call: Callable[[], Any], times: int) -> Figures:
    """Figures of one of many calls: the median of the seconds, the mean of the rest."""
    seconds: List[float] = []
    with Measured() as figures:
        for _ in range(times):
            start = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - start)
    return {"seconds": median(seconds), "cpu": figures["cpu"] / times, "memory": figures["memory"]}


def run(tasks: Dict[str, Callable[..., Figures]]) -> None:
    """Carry out the task that the command line names: TASK URL OPTIONS, the last as JSON."""
    name, url, options = sys.argv[-3:]
    figures = tasks[name](url, **json.loads(options))
    figures.setdefault("peak", peak())
    figures.setdefault("threads", threading.active_count())
    print(json.dumps(figures), flush=True)
