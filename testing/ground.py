# SPDX-License-Identifier: MIT
"""Where attacks are tried: each in a process of its own, whose memory and time are measured and limited.

testing/attacks.py holds the attacks. An attack is a function of a Ground: it raises Gained("what it got"), or returns
because the client did not let it. One that needs more memory or processor time than its limits has gained that.
The figures hold for the whole process, scripted servers included, so that what the client needs is at most that much.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import faulthandler
import json
import os
import queue
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, NoReturn, TypeVar, Union
from unittest import mock
from urllib.parse import quote

from .attacked import VARIABLE, glc
from .fake import Reply, Request, ScriptedServer, Upgrade, WebSocket
from .standin import VERSIONS
from .support import MS, config, dependency

ROOT = Path(__file__).resolve().parent.parent
MB = 1 << 20
MOST_MEGABYTES = 200  # the worst answer of 1 MB may cost this, and
MOST_SECONDS = 2.0  # this, of the processor
ADDRESS_SPACE = 4 << 30  # bytes; so that an attack that succeeds does not take the machine with it
PATIENCE = 60_000 * MS  # seconds after which a process is ended
SHARED = ("sse_v1", "sse_v2", "sse_v2.1", "sse_v3")
QUEUED = ("ws", "sse", *SHARED)
Json = Any
_T = TypeVar("_T")


class Gained(Exception):
    """An attack got something; the text says what."""


class Attack(NamedTuple):
    name: str
    number: str  # of the kind of fault
    about: str
    gains: str  # what version 1.0.0 let it have
    run: Callable[[Ground], None]
    megabytes: float
    seconds: float


class Verdict(NamedTuple):
    gained: str  # empty if the attack failed
    megabytes: float
    cpu: float
    seconds: float


ATTACKS: Dict[str, Attack] = {}


def attack(
    number: str,
    about: str,
    gains: str,
    megabytes: float = MOST_MEGABYTES,
    seconds: float = MOST_SECONDS,
    name: str = "",
) -> Callable[[Callable[[Ground], None]], Callable[[Ground], None]]:
    """Enter the function into the list of attacks."""

    def enter(run: Callable[[Ground], None]) -> Callable[[Ground], None]:
        key = f"{number}-{name or run.__name__}".replace("_", "-")
        assert key not in ATTACKS, key
        ATTACKS[key] = Attack(key, number, about, gains, run, megabytes, seconds)
        return run

    return enter


# ---- servers of the attacker ---------------------------------------------------------------------


def done(*values: Json, **more: Json) -> dict[str, Json]:
    return {"msg": "process_completed", "output": {"data": list(values)}, "success": True, **more}


def failed(words: Json, **output: Json) -> dict[str, Json]:
    return {"msg": "process_completed", "output": {"error": words, **output}, "success": False}


def yields(*values: Json, **more: Json) -> dict[str, Json]:
    """A step of a generator: its outputs, or from the second step on how each differs from the one before."""
    output = {"data": list(values), "is_generating": True}
    return {"msg": "process_generating", "output": output, "success": True, **more}


def file_of(path: str, **more: Json) -> dict[str, Json]:
    fields = {"path": path, "url": None, "orig_name": path, "size": 5, "mime_type": None, "is_stream": False}
    return {**fields, "meta": {"_type": "gradio.FileData"}, **more}


Said = Union[Dict[str, Json], bytes, Callable[[], Any]]  # a message, bytes of the stream, or what happens in between
SSE = {"Content-Type": "text/event-stream"}


class App(ScriptedServer):
    """An app with one function, /predict, that says what the attacker likes. All requests are in `requests`."""

    def __init__(
        self, protocol: str = "sse_v3", said: Iterable[Said] = (), inputs: Iterable[int] = (1,), **more: Any
    ) -> None:
        self.protocol = protocol
        self.said: Callable[[str], Iterable[Said]] = lambda event_id: list(said) or [done("ok")]
        self._joined: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.joins = 0
        outputs = more.pop("outputs", (1,))
        tls = more.pop("tls", False)
        entry = dependency("predict", inputs, outputs, types={"generator": True}, **more.pop("entry", {}))
        direct = protocol == "http"
        if direct:
            entry["queue"], entry["types"] = False, {"generator": False}
        self.config = config(
            entry,
            version=more.pop("version", VERSIONS.get(protocol, "6.31.0")),
            protocol="sse_v3" if direct else protocol,
            **more,
        )
        super().__init__(tls=tls)
        self.on("GET", "/config", lambda request: self.config)
        self.on("GET", "/info", {"named_endpoints": {}, "unnamed_endpoints": {}})
        self.on("POST", "/upload", lambda request: [f"/srv/{n}" for n in range(request.body.count(b"filename="))])
        self.on("GET", "/file=*", b"contents of a file")
        self.on("POST", "/queue/join", self.join)
        self.on("GET", "/queue/data", lambda request: Reply(200, SSE, self._stream()))
        self.on("POST", "/queue/data", {})
        self.on("POST", "/run/predict", lambda request: self._direct())
        for path in ("/reset", "/cancel", "/stream/*"):
            self.on("POST", path, {"success": True})
        if protocol == "ws":
            self.on("GET", "/queue/join", Upgrade(self._talk))
        elif protocol == "sse":
            self.on("GET", "/queue/join", lambda request: Reply(200, SSE, self._pieces("id")))

    def both(self, path: str, *answers: Any) -> None:
        """Answer so whether it is a GET or a POST."""
        for method in ("GET", "POST"):
            self.on(method, path, *answers)

    def close(self) -> None:
        self._joined.put("")
        super().close()

    def join(self, request: Request, event_id: str = "") -> Json:
        self.joins += 1
        event_id = event_id or ("id" if self.joins == 1 else f"id{self.joins}")
        self._joined.put(event_id)
        return {"event_id": event_id}

    def _stream(self) -> Iterator[bytes]:
        """What there is to say of the next job; nothing if all of that has been said."""
        yield b": hello\n\n"
        if not self.joins or not self._joined.empty():
            event_id = self._joined.get()
            if event_id:
                yield from self._pieces(event_id)

    def _messages(self, event_id: str) -> Iterator[dict[str, Json] | bytes]:
        if self.protocol == "ws":
            yield {"msg": "send_hash"}
        if self.protocol in ("ws", "sse"):
            yield {"msg": "send_data", "event_id": event_id}
        yield {"msg": "process_starts", "event_id": event_id}
        for item in self.said(event_id):
            if callable(item):
                item()
            elif isinstance(item, bytes):
                yield item
            else:
                yield {"event_id": event_id, **item}

    def _pieces(self, event_id: str) -> Iterator[bytes]:
        for item in self._messages(event_id):
            yield item if isinstance(item, bytes) else b"data: " + json.dumps(item).encode() + b"\n\n"

    def _talk(self, socket: WebSocket, request: Request) -> None:
        for item in self._messages("id"):
            if isinstance(item, bytes):
                socket.frame(1, item)
                continue
            socket.send(item)
            if item["msg"] in ("send_hash", "send_data"):
                socket.receive()
        socket.close()
        socket.receive()

    def _direct(self) -> Json:
        for item in self.said("id"):
            if callable(item):
                item()
            elif isinstance(item, dict) and item["msg"] == "process_completed":
                return item["output"] if item["success"] else Reply.json(item["output"], 500)
        raise AssertionError("a direct call has one answer")


class Thief(App):
    """Another origin, to which nothing that is meant for the first may come. It wants a login, and takes any."""

    def __init__(self, *secrets: str, **more: Any) -> None:
        super().__init__(**more)
        self._secrets = secrets
        self.on("POST", "/login", Reply.json({"success": True}, headers={"Set-Cookie": "session=1"}))

    def check(self) -> None:
        for request in self.requests:
            check_request(request, self._secrets, f"{request.method} {request.path} of another origin")


def spellings(secret: str) -> set[str]:
    """The ways in which a secret may be written."""
    found = {secret, quote(secret, safe=""), quote(secret)}
    for user in ("ada:", ""):
        found.add(base64.b64encode(f"{user}{secret}".encode()).decode())
    return found


def check_request(request: Request, secrets: Iterable[str], where: str) -> None:
    text = f"{request.target} {request.headers} {request.body!r}"
    for secret in secrets:
        for spelled in spellings(secret):
            if spelled in text:
                raise Gained(f"{secret} in {where}")


# ---- the ground ----------------------------------------------------------------------------------


class Figures:
    megabytes = cpu = seconds = 0.0


class Ground:
    """What an attack stands on. With `full`, attacks have the size of the fault that was found, else a smaller one."""

    def __init__(self, full: bool, stack: contextlib.ExitStack):
        self.full = full
        self.megabytes = self.cpu = self.seconds = 0.0
        self._stack = stack

    def size(self, small: int, full: int) -> int:
        return full if self.full else small

    def enter(self, manager: contextlib.AbstractContextManager[_T]) -> _T:
        return self._stack.enter_context(manager)

    def folder(self) -> Path:
        return Path(os.path.realpath(self.enter(tempfile.TemporaryDirectory())))

    def server(self, **options: Any) -> ScriptedServer:
        return self.enter(ScriptedServer(**options))

    def app(self, protocol: str = "sse_v3", said: Iterable[Said] = (), **more: Any) -> App:
        return self.enter(App(protocol, said, **more))

    def client(self, src: str, *args: Any, **options: Any) -> Any:
        """A client, which is closed at the end."""
        defaults = {"download_files": self.folder(), "timeout": 10.0, "trust_env": False}
        return self.enter(glc.Client(src, *args, **{**defaults, **options}))

    def tries(self, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """The value, or the error that a caller has to expect; anything else is a fault."""
        try:
            return function(*args, **keywords)
        except (glc.GradioError, TypeError, ValueError) as error:
            return error

    @contextlib.contextmanager
    def cost(self) -> Iterator[Figures]:
        """Measure this block instead of the whole attack; of several, the worst is reported."""
        before, began, cpu = resident(reset=True), time.monotonic(), time.process_time()
        figures = Figures()
        try:
            yield figures
        finally:
            figures.megabytes = max(0.0, (peak() - before) / MB)
            figures.cpu, figures.seconds = time.process_time() - cpu, time.monotonic() - began
            self.megabytes = max(self.megabytes, figures.megabytes)
            self.cpu, self.seconds = max(self.cpu, figures.cpu), max(self.seconds, figures.seconds)

    @contextlib.contextmanager
    def each(self, what: str) -> Iterator[None]:
        """The same, and the block has to keep to the limits for one answer: else the attack ends here."""
        with self.cost() as figures:
            yield
        if figures.megabytes > MOST_MEGABYTES or figures.cpu > MOST_SECONDS * MS * 1000:
            raise Gained(f"{figures.megabytes:.0f} MB and {figures.cpu:.1f} s of the processor for {what}")

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """Nothing of the standard library may print or warn."""
        import io
        import warnings

        err = io.StringIO()
        with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stderr(err):
            warnings.simplefilter("always")
            yield
        if warned:
            raise Gained(f"a warning: {str(warned[0].message)[:200]}")
        if err.getvalue():
            raise Gained(f"words on stderr: {err.getvalue()[:200]}")


def wait_until(condition: Callable[[], Any], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def status_field(name: str) -> int:
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024


def resident(reset: bool = False) -> int:
    """The bytes this process has in memory; where the system does not tell, the most it ever had."""
    try:
        if reset:
            with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
                file.write("5")
        return status_field("VmRSS")
    except OSError:
        return peak()


def peak() -> int:
    """The most bytes since the last reset. Not getrusage(), where Linux counts the parent's memory before exec()."""
    with contextlib.suppress(OSError):
        return status_field("VmHWM")
    with contextlib.suppress(ImportError):
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return 0


# ---- running -------------------------------------------------------------------------------------


def look_up_here(host: Any, *rest: Any, **more: Any) -> Any:
    """socket.getaddrinfo() for this machine alone: no attack asks a server for names."""
    if host in ("127.0.0.1", "localhost", "::1", b"127.0.0.1", b"localhost"):
        return look_up(host, *rest, **more)
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


look_up = socket.getaddrinfo


def run_here(one: Attack, full: bool, patience: float = PATIENCE) -> Verdict:
    """Try the attack in this process, which ends if that takes too long."""
    faulthandler.dump_traceback_later(patience, exit=True)
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    gained = ""
    ground = Ground(full, contextlib.ExitStack())
    ground.enter(mock.patch.object(socket, "getaddrinfo", look_up_here))
    before, began, cpu = resident(), time.monotonic(), time.process_time()
    try:
        one.run(ground)
    except Gained as what:
        gained = str(what)
    except MemoryError:
        gained = f"all memory: more than {ADDRESS_SPACE >> 30} GB"
    except BaseException as error:
        import traceback

        place = traceback.extract_tb(error.__traceback__)[-1]
        gained = f"{type(error).__name__} in {os.path.basename(place.filename)}:{place.lineno}: {str(error)[:200]}"
    if not ground.seconds:  # it has not measured a part of itself
        ground.megabytes = max(0.0, (peak() - before) / MB)
        ground.cpu, ground.seconds = time.process_time() - cpu, time.monotonic() - began
    if not gained and ground.megabytes > one.megabytes:
        gained = f"{ground.megabytes:.0f} MB of memory"
    if not gained and ground.cpu > one.seconds * MS * 1000:
        gained = f"{ground.cpu:.1f} s of the processor"
    return Verdict(gained, ground.megabytes, ground.cpu, ground.seconds)


def where_stuck(stacks: bytes) -> str:
    """The innermost lines of this file's or the module's in the main thread, which faulthandler shows last."""
    lines = [line.strip() for line in stacks.decode("utf-8", "replace").rpartition("\n\n")[2].splitlines()]
    own = [line for line in lines if "lib/python" not in line and line.startswith("File")]
    return ", ".join(re.sub(r'File ".*/(.*)", line (\d+) in .*', r"\1:\2", line) for line in own[:2])


def judge(patience: float, code: int, out: bytes, err: bytes) -> Verdict:
    """What a process that ran run_here() has left behind."""
    try:
        verdict = Verdict(*json.loads(out.splitlines()[-1]))
    except (IndexError, ValueError, TypeError):
        if err.startswith(b"Timeout ("):  # of faulthandler
            return Verdict(f"it does not end within {patience:.0f} s: {where_stuck(err)}", 0, 0, patience)
        return Verdict(f"the process: code {code}, {err[-500:]!r}", 0, 0, 0)
    if not verdict.gained and err:
        return verdict._replace(gained=f"words on stderr: {err[-300:]!r}")
    return verdict


def run_forked(name: str, full: bool, patience: float) -> Verdict:
    """Try the attack in a copy of this process, which has one thread: faster than to start and import again."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        pid = os.fork()
        if not pid:
            for file, number in ((open(os.devnull, "rb"), 0), (out, 1), (err, 2)):
                os.dup2(file.fileno(), number)
            os.environ.update(TMPDIR=folder, HOME=folder, HF_HOME=os.path.join(folder, "none"))
            tempfile.tempdir = folder
            run_and_print(name, full, patience)
        _, status = os.waitpid(pid, 0)
        for file in (out, err):
            file.seek(0)
        return judge(patience, os.WEXITSTATUS(status) if os.WIFEXITED(status) else -status, out.read(), err.read())


def run_started(name: str, full: bool, patience: float) -> Verdict:
    """The same where a process cannot be copied."""
    command = [sys.executable, "-m", "testing.attacks", "--one", name, "--patience", str(patience)]
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "TEMP": folder, "TMPDIR": folder, "HOME": folder, "HF_HOME": os.path.join(folder, "none")}
        process = subprocess.run([*command, *["--full"] * full], cwd=ROOT, env=env, capture_output=True)
    return judge(patience, process.returncode, process.stdout, process.stderr)


def run_and_print(name: str, full: bool, patience: float) -> NoReturn:
    """Try the attack here, and end, whatever threads it has left."""
    print(json.dumps(run_here({**ATTACKS, **CONTROLS}[name], full, patience)), flush=True)
    sys.stderr.flush()
    os._exit(0)


def serve(full: bool, patience: float) -> None:
    """Try the attacks whose names come on stdin, each apart; a verdict on stdout for each."""
    run = run_forked if hasattr(os, "fork") else run_started
    for line in sys.stdin:
        print(json.dumps(run(line.strip(), full, patience)), flush=True)


class Helper:
    """A process that tries one attack after the other, with nothing of this one's environment that matters."""

    def __init__(self, full: bool = False, module: str | None = None, patience: float = PATIENCE):
        skip = ("HF_", "HUGGING", "GRADIO_", "SSL_", "REQUESTS_", "CURL_", "PYTHONWARNINGS", "COVERAGE")
        env = {k: v for k, v in os.environ.items() if not k.startswith(skip) and not k.lower().endswith("_proxy")}
        if module:
            env[VARIABLE] = os.path.abspath(module)
        command = [sys.executable, "-m", "testing.attacks", "--serve", "--patience", str(patience), *["--full"] * full]
        self._process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> Helper:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, one: Attack) -> Verdict:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{one.name}\n".encode())
        self._process.stdin.flush()
        return Verdict(*json.loads(self._process.stdout.readline()))


def run_all(names: List[str], full: bool, module: str | None) -> Iterator[tuple[Attack, Verdict]]:
    """All of them, in order, some at a time: a few wait more than they compute."""
    jobs = min(8, 1 + (os.cpu_count() or 1))
    free: queue.SimpleQueue[Helper] = queue.SimpleQueue()

    def run(one: Attack) -> Verdict:
        helper = free.get()
        try:
            return helper.run(one)
        finally:
            free.put(helper)

    chosen = [ATTACKS[name] for name in names]
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(jobs) as pool:
        for _ in range(jobs):
            free.put(stack.enter_context(Helper(full, module, PATIENCE * (4 if full else 1))))
        yield from zip(chosen, pool.map(run, chosen))


def hold(ground: Ground) -> None:
    """Needs 300 MB."""
    with ground.cost():
        held = b"x" * (300 * MB)
    del held


def be_busy(ground: Ground) -> None:
    with ground.cost():
        end = time.process_time() + 0.5
        while time.process_time() < end:
            pass


def gain(ground: Ground) -> None:
    raise Gained("something")


def speak(ground: Ground) -> None:
    print("hello", file=sys.stderr)


def do(name: str, run: Callable[[Ground], Any], seconds: float = MOST_SECONDS) -> Attack:
    return Attack(f"control-{name}", "control", "", "", run, MOST_MEGABYTES, seconds)


CONTROLS = {  # attacks that succeed, but for the last: they show that it is noticed
    one.name: one
    for one in (
        do("gain", gain),
        do("memory", hold),
        do("time", be_busy, 0.3),
        do("hang", lambda ground: threading.Event().wait()),
        do("crash", lambda ground: 1 // 0),
        do("words", speak),
        do("death", lambda ground: os._exit(3)),
        do("nothing", lambda ground: None),
    )
}


def report(names: List[str], full: bool, module: str | None) -> int:
    """Print a table of the attacks; how many succeed."""
    successes = 0
    before = dict(run_all(names, full, module)) if module else {}
    print(
        "| attack | what it does | what it gains on 1.0.0 | what now | MB | CPU s | s |\n|---|---|---|---|---|---|---|"
    )
    for one, now in run_all(names, full, None):
        old = before[one].gained if module else one.gains
        successes += bool(now.gained)
        words = " ".join((now.gained or "nothing").split()).replace("|", "\\|")
        figures = f"{now.megabytes:.0f} | {now.cpu:.2f} | {now.seconds:.2f}"
        print(f"| {one.name} | {one.about} | {old or 'nothing'} | {words} | {figures} |", flush=True)
    print(f"\n{len(names)} attacks, of which {successes} succeed.")
    return successes


def main() -> int:
    parser = argparse.ArgumentParser(description="Try the attacks on the client.")
    parser.add_argument("names", nargs="*", help="attacks, or the beginnings of their names (default: all)")
    parser.add_argument("--report", action="store_true", help="in full size, as a table")
    parser.add_argument("--module", metavar="PATH", help="with --report: another version of the file, to compare with")
    parser.add_argument("--list", action="store_true", help="only show which there are")
    parser.add_argument("--full", action="store_true", help="in full size")
    parser.add_argument("--patience", type=float, default=PATIENCE, help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--one", metavar="NAME", help="try it in this process, and print the verdict as JSON")
    options = parser.parse_args()
    if options.one:
        run_and_print(options.one, options.full, options.patience)
    if options.serve:
        serve(options.full, options.patience)
        return 0
    chosen = [
        name
        for name in ATTACKS
        if not options.names or any(f"{name}-".startswith(f"{start}-") or name == start for start in options.names)
    ]
    if options.list:
        print("\n".join(f"{name:44} {ATTACKS[name].about}" for name in chosen))
        return 0
    if options.report:
        return min(1, report(chosen, True, options.module))
    successes = 0
    for one, verdict in run_all(chosen, options.full, options.module):
        successes += bool(verdict.gained)
        figures = f"{verdict.megabytes:5.0f} MB {verdict.cpu:6.2f} s CPU {verdict.seconds:6.2f} s"
        print(f"{'GAINED' if verdict.gained else 'failed'} {figures}  {one.name}  {verdict.gained}", flush=True)
    print(f"{len(chosen)} attacks, of which {successes} succeed.")
    return min(1, successes)


def in_background(function: Callable[[], Any]) -> queue.SimpleQueue[Any]:
    """Where the function's value, or its error, will be."""
    outcome: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put(function())
        except BaseException as error:
            outcome.put(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome
