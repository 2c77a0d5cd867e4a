"""What is measured, and what it has to reach."""

from types import MappingProxyType
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

OURS, FLOOR, JAVASCRIPT, OFFICIAL, NOOB = "ours", "floor", "javascript", "official", "noob"
ALL = (OURS, JAVASCRIPT, FLOOR, OFFICIAL)
EVERYBODY = (*ALL, NOOB)  # the last has no connect, no streams, no jobs, and speaks to 5 and 6 alone
PYTHON = (OURS, FLOOR, OFFICIAL)
BARE = (OURS, FLOOR)
TITLES = {
    OURS: "this client",
    FLOOR: "floor",
    JAVASCRIPT: "JavaScript",
    OFFICIAL: "official Python",
    NOOB: "noob-gradio",
}


class Goal(NamedTuple):
    """A figure of ours is at most `limit` times that of another client, or `limit` itself."""

    metric: str
    limit: float
    against: Optional[str] = None


class Row(NamedTuple):
    key: str
    title: str
    server: str  # "VERSION APP ARGUMENTS"
    task: str
    options: Dict[str, Any]
    clients: Tuple[str, ...]
    metrics: Tuple[str, ...]
    goals: Tuple[Goal, ...]
    rounds: int = 5
    per_client: Mapping[str, Mapping[str, Any]] = MappingProxyType({})  # other options


class Growth(NamedTuple):
    key: str
    title: str
    unit: str
    server: str  # {n} is the size
    task: str
    options: Dict[str, Any]
    varied: str  # the option that is the size, or "" if the server has it
    sizes: Tuple[int, ...]
    rounds: int = 1
    metrics: Tuple[str, ...] = ("seconds", "memory")


SIX, FIVE, FOUR = "6.31.0 tasks", "5.50.0 tasks", "4.44.1 tasks"
SLOW = {OFFICIAL: {"times": 20}}
TRANSFER = (Goal("seconds", 1.05, FLOOR), Goal("seconds", 1.0, OFFICIAL), Goal("seconds", 1.0, JAVASCRIPT))
STREAM = (Goal("seconds", 1.1, FLOOR), Goal("cpu", 1.2, OFFICIAL), Goal("memory", 0.2, OFFICIAL))


def noop(key: str, title: str, server: str) -> Row:
    times = 100 if server == SIX else 20
    options = {"name": "noop", "times": times}
    clients = ALL if server == FOUR else EVERYBODY
    goals = (Goal("seconds", 1.1, FLOOR), Goal("seconds", 1.0, JAVASCRIPT))
    return Row(key, title, server, "calls", options, clients, ("seconds", "cpu"), goals, per_client=SLOW)


def skip(key: str, title: str, server: str) -> Row:
    options = {"name": "noop", "times": 200}
    goals = (Goal("seconds", 1.2, FLOOR),)
    return Row(
        key, title, server, "direct", options, BARE, ("seconds",), goals, per_client={OURS: {"skip_queue": True}}
    )


ROWS: List[Row] = [
    Row(
        "start", "process start to first result, a script of 3 lines", SIX, "start", {}, EVERYBODY,
        ("seconds", "exit", "peak"),
        (Goal("seconds", 1.45, FLOOR), Goal("seconds", 0.75, JAVASCRIPT), Goal("peak", 22.0)), rounds=11,
    ),
    Row(
        "cli", "the same from the command line", SIX, "cli", {}, BARE, ("seconds",),
        (Goal("seconds", 1.6, FLOOR),), rounds=11,
    ),
    Row(
        "import", "import", SIX, "import", {}, (*PYTHON, NOOB), ("seconds", "peak"),
        (Goal("seconds", 1.5, FLOOR), Goal("peak", 20.0)), rounds=11,
    ),
    Row("connect", "connect", SIX, "connect", {"times": 30}, ALL, ("seconds",), (Goal("seconds", 1.2, FLOOR),)),
    noop("noop-6", "no-op predict() on 6", SIX),
    skip("skip-6", "the same with skip_queue on 6 (floor: a direct POST)", SIX),
    Row(
        "direct", "unqueued endpoint", SIX, "direct", {"name": "direct", "times": 200}, ALL, ("seconds", "cpu"),
        (Goal("seconds", 1.2, FLOOR), Goal("seconds", 1.0, JAVASCRIPT)), rounds=11, per_client=SLOW,
    ),
    Row(
        "jobs", "200 jobs at once", SIX, "jobs", {"count": 200}, EVERYBODY,
        ("seconds", "cpu", "threads", "memory", "lost"),
        (Goal("seconds", 1.1, FLOOR), Goal("cpu", 0.1, OFFICIAL), Goal("lost", 0)), rounds=4,
    ),
    Row(
        "first", "first streamed output", SIX, "first_output", {"times": 30}, ALL, ("seconds",),
        (Goal("seconds", 1.2, FLOOR),),
    ),
    Row(
        "big", "output of 5 MB", SIX, "calls", {"name": "big", "times": 10, "value": 5}, EVERYBODY,
        ("seconds", "cpu", "memory"), (Goal("seconds", 1.2, FLOOR),), rounds=4,
    ),
    Row(
        "upload", "upload of 200 MB", SIX, "upload", {"path": "200"}, ALL, ("seconds", "cpu", "memory"),
        (*TRANSFER, Goal("memory", 4.0)), rounds=7,
    ),
    Row(
        "download", "download of 200 MB, with its sha256", SIX, "download", {"megabytes": 200}, EVERYBODY,
        ("seconds", "cpu", "memory"), (*TRANSFER, Goal("memory", 4.0)), rounds=15,
    ),
    Row(
        "grow", "4,000 streamed outputs of a text that grows to 20 KB", SIX, "stream", {"name": "grow", "count": 4000},
        ALL, ("seconds", "cpu", "memory"), STREAM, rounds=3,
    ),
    Row(
        "handed", "the same in bare code with one hand-over between threads: CPU", SIX, "handed",
        {"name": "grow", "count": 4000}, (FLOOR,), ("cpu",), (), rounds=3,
    ),
    Row(
        "chat", "4,000 streamed outputs of a chat of 20 messages", SIX, "stream", {"name": "chat", "count": 4000},
        ALL, ("seconds", "cpu", "memory"), STREAM, rounds=3,
    ),
    noop("noop-5", "no-op predict() on 5", FIVE),
    skip("skip-5", "the same with skip_queue on 5", FIVE),
    noop("noop-4", "no-op predict() on 4", FOUR),
    skip("skip-4", "the same with skip_queue on 4", FOUR),
    Row(
        "connect-1000", "connect to an app with 1,000 endpoints", "6.31.0 many 1000", "connect", {"times": 3}, ALL,
        ("seconds", "memory"), (Goal("seconds", 1.2, FLOOR),), rounds=4,
    ),
]  # fmt: skip
GROWTHS: List[Growth] = [
    Growth("growth-jobs", "jobs at once", "job", SIX, "jobs", {}, "count", (1, 10, 100, 1000), 3),
    Growth(
        "growth-outputs", "streamed outputs", "output", SIX, "stream", {"name": "count"}, "count",
        (1, 10, 100, 1000, 10000), 3,
    ),
    Growth("growth-upload", "megabytes uploaded", "MB", SIX, "upload", {}, "path", (1, 10, 100, 1000, 2000), 3),
    Growth(
        "growth-endpoints", "endpoints", "endpoint", "6.31.0 many {n}", "connect", {"times": 3}, "", (10, 100, 1000), 3
    ),
]  # fmt: skip
