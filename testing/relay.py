"""A slow line: what do connecting and the first call take over it, with our client and with the official one?

    python3 testing/relay.py [VERSION ...]      bytes and seconds through 15 KB/s each way, as a table

Gradio itself compresses neither config nor info. So the rows "gzip" have nginx before the app, which compresses for
clients that ask for it, as Spaces and many proxies do. The official client runs in an environment of its own, which is
installed if need be.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Iterator, NamedTuple, Sequence

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
from testing.fake import Listener  # noqa: E402
from testing.networks import TO_APP, find_program, free_ports, start_nginx  # noqa: E402
from testing.servers import Server, environment_of_server, install_official  # noqa: E402
from testing.versions import RELEASES  # noqa: E402

VERSIONS = ("6.31.0", "4.44.1", "3.50.2")
SPEED = 15_000.0  # bytes a second, each way
PIECE = 1400  # about what a packet carries
BUFFER = 4096  # of the system, so that whoever sends notices that the line is slow
DEADLINE = 120.0
PROGRAM = """
import json, sys, time
from {module} import Client
began = time.monotonic()
client = Client(sys.argv[1], verbose=False)
for _ in range(2):
    print(json.dumps(time.monotonic() - began), flush=True)
    sys.stdin.readline()
    answer = client.predict("x", api_name="/echo")
    assert answer == "x", answer
"""


class Line:
    """One direction of the slow line, which all connections share."""

    def __init__(self, speed: float) -> None:
        self.bytes = 0
        self._speed = speed
        self._lock = threading.Lock()
        self._free = 0.0  # when it has carried everything so far

    def carry(self, size: int) -> float:
        """Take so many bytes; in how many seconds they have arrived."""
        with self._lock:
            self.bytes += size
            now = time.monotonic()
            self._free = max(now, self._free) + size / self._speed
            return self._free - now


class Relay(Listener):
    """Passes every connection on to `host:port`, as slowly as `speed` says. `up.bytes` and `down.bytes` count.

    Once `frozen` is set, nothing passes any more, and no connection ends.
    """

    def __init__(self, host: str, port: int, speed: float = SPEED) -> None:
        self._target = (host, port)
        self.up, self.down = Line(speed), Line(speed)
        self.frozen = threading.Event()
        super().__init__()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)  # its connections inherit it

    def serve(self, sock: socket.socket, number: int) -> None:
        other = socket.socket()
        with other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            other.connect(self._target)
            sock.settimeout(None)
            done = threading.Event()
            self.spawn(self._pass, other, sock, self.down, done)
            self._pass(sock, other, self.up, threading.Event())
            with contextlib.suppress(OSError):
                other.shutdown(socket.SHUT_RDWR)
            done.wait(DEADLINE)

    def _pass(self, source: socket.socket, target: socket.socket, line: Line, done: threading.Event) -> None:
        try:
            while True:
                data = source.recv(PIECE)
                if not data:
                    break
                if self.closed.wait(None if self.frozen.is_set() else line.carry(len(data))):
                    break
                target.sendall(data)
        finally:
            done.set()
            for end in (source, target):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


class Cost(NamedTuple):
    up: int
    down: int
    seconds: float


def measure(module: str, python: str, place: str, folder: str) -> list[Cost]:
    """What it has cost until the client was connected, and until it had its first answer."""
    costs = []
    host, _, port = place.partition(":")
    with Relay(host, int(port)) as relay:
        process = subprocess.Popen(
            [python, "-c", PROGRAM.format(module=module), relay.url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder,
            env={**environment_of_server(folder), "PYTHONPATH": str(ROOT) if module == "gradio_lite_client" else ""},
        )  # fmt: skip
        watch = threading.Timer(DEADLINE, process.kill)
        watch.start()
        try:
            assert process.stdin is not None and process.stdout is not None
            for line in process.stdout:
                costs.append(Cost(relay.up.bytes, relay.down.bytes, json.loads(line)))
                process.stdin.write("\n")
                process.stdin.flush()
        finally:
            watch.cancel()
            process.kill()
            process.communicate()
    return costs


@contextlib.contextmanager
def compressing(app: str, folder: Path) -> Iterator[str]:
    """The address of an nginx before the app that compresses JSON."""
    host, (port,) = "127.0.0.1", free_ports("127.0.0.1", 1)
    gzip = "gzip on; gzip_proxied any; gzip_types application/json;"
    passing = TO_APP.format(app=app)
    server = f"server {{ listen {host}:{port}; {gzip} location / {{ {passing} }} }}"
    nginx = start_nginx(folder, "nginx", server, [(host, port)])
    try:
        yield f"{host}:{port}"
    finally:
        nginx.stop()


def main(versions: Sequence[str]) -> int:
    failed = 0
    print(f"{SPEED / 1000:.0f} KB/s each way: bytes sent, bytes received, seconds")
    print(f"{'':38}{'connected':>26}{'first answer':>26}")
    for version in versions or VERSIONS:
        clients = (("gradio_lite_client", sys.executable), ("gradio_client", install_official(version)))
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            app = stack.enter_context(Server(RELEASES[version])).url.split("/")[2]
            ways = {"plain": app}
            if find_program("nginx"):
                ways["gzip"] = stack.enter_context(compressing(app, Path(folder)))
            for way, place in ways.items():
                for module, python in clients:
                    costs = measure(module, python, place, folder)
                    cells = [f"{cost.up:9} {cost.down:8} {cost.seconds:7.2f}" for cost in costs]
                    failed += len(costs) < 2
                    row = f"{version:10}{way:8}{module:20}"
                    print(row + "".join(cells or ["    did not connect"]), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    sys.exit(main(sys.argv[1:]))
