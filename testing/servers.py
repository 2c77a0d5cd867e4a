"""Real Gradio servers: install a release into its own environment, run an app of testing/apps on it.

    python3 testing/servers.py                          the releases, and which are installed
    python3 testing/servers.py install [VERSION ...]    all, if none is named
    python3 testing/servers.py run VERSION [APP] [OPTIONS OF THE APP]

Environments live in .servers/, which is ignored by git and may be deleted at any time. Packages come from
whatever index pip and uv are configured for. Interpreters are those of this machine; none is downloaded.
"""

import glob
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, List, Optional, Type

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
from testing.versions import RELEASES, Release  # noqa: E402

PLACE = ROOT / ".servers"
APPS = Path(__file__).resolve().parent / "apps"
INSTALL_DEADLINE = 600.0
READY_DEADLINE = 180.0
STOP_DEADLINE = 5.0
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class NotInstalled(Exception):
    """This release cannot run here; the text says why."""


# --- install ---


def find_python(version: str) -> Optional[str]:
    """An interpreter such as "3.12" of this machine that starts."""
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    candidates = sorted(glob.glob(os.path.join(root, "versions", version + ".*", "bin", "python")), reverse=True)
    if sys.version_info[:2] == tuple(int(part) for part in version.split(".")):
        candidates.insert(0, sys.executable)
    candidates += filter(None, [shutil.which("python" + version)])
    for candidate in candidates:  # a pyenv shim exists for versions that are not switched on: try it
        check = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
        try:
            found = subprocess.run(
                [candidate, "-c", check], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if found.returncode == 0 and found.stdout.decode().strip() == version:
            return candidate
    return None


def call(*command: str) -> None:
    """Run a command; NotInstalled with the end of its output if it fails."""
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "UV_NATIVE_TLS": "1"},  # trust the system's certificates; uv has a list of its own
            timeout=INSTALL_DEADLINE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(str(error)) from error
    if done.returncode:
        last = done.stdout.decode(errors="replace").strip().splitlines()[-8:]
        raise NotInstalled("%s failed: %s" % (os.path.basename(command[0]), " | ".join(last)))


def executable(environment: Path, name: str) -> Path:
    return environment / ("Scripts" if os.name == "nt" else "bin") / (name + (".exe" if os.name == "nt" else ""))


def uv() -> str:
    """The installer: uv of this machine, else one of our own."""
    found = shutil.which("uv")
    own = executable(PLACE / "tools", "uv")
    if found is None and not os.access(own, os.X_OK):  # or cut off while it was installed
        if find_spec("ensurepip") is None:
            raise NotInstalled("this Python has no venv, which Debian has in the package python3-venv")
        call(sys.executable, "-m", "venv", "--clear", str(PLACE / "tools"))
        call(str(executable(PLACE / "tools", "python")), "-m", "pip", "install", "-q", "uv")
    return found or str(own)


def stamp_of(release: Release) -> List[Any]:
    return [release.gradio, list(release.python), release.exclude_newer, list(release.extra)]


def is_installed(release: Release) -> bool:
    """With the packages that the table asks for, on whichever of its interpreters."""
    try:
        stamp = json.loads((PLACE / release.gradio / "stamp").read_text())
    except (OSError, ValueError):
        return False
    wanted = stamp_of(release)
    return bool(stamp[:1] + stamp[2:] == wanted[:1] + wanted[2:])


def python_of(release: Release) -> str:
    """The version of Python that an installed release runs on, as its environment says."""
    said = (PLACE / release.gradio / "pyvenv.cfg").read_text()
    found = re.search(r"(?m)^version(?:_info)? = (\S+)", said)
    return found.group(1) if found else "?"


def install(release: Release) -> str:
    """Path of a Python that has this release; at once if it is there already. Raises NotInstalled."""
    place = PLACE / release.gradio
    python = str(executable(place, "python"))
    if is_installed(release):
        return python
    interpreters = [path for path in map(find_python, release.python) if path]
    if not interpreters:
        raise NotInstalled("needs Python %s" % " or ".join(release.python))
    problems: List[str] = []
    for interpreter in interpreters[:2]:
        age = ["--exclude-newer", release.exclude_newer] if release.exclude_newer else []
        try:
            shutil.rmtree(place, ignore_errors=True)
            PLACE.mkdir(exist_ok=True)
            call(uv(), "venv", "--quiet", "--no-project", "--python", interpreter, str(place))
            wanted = ["gradio==" + release.gradio] + list(release.extra)
            call(uv(), "pip", "install", "--quiet", "--python", python, *(age + wanted))
            call(python, "-c", "import gradio")
            (place / "stamp").write_text(json.dumps(stamp_of(release)))
            return python
        except (NotInstalled, OSError) as problem:  # the checkout may be read-only, the disk full
            problems.append(str(problem))
    raise NotInstalled("; ".join(problems))


def install_official(version: str) -> str:
    """Path of a Python that has the official client: the newest, or for 3.x servers the last that spoke to them."""
    place, wanted = PLACE / "official", ["gradio_client"]
    if version.startswith("3."):
        place, wanted = PLACE / "official-3", ["gradio_client==1.13.3", "websockets<14"]
    python = executable(place, "python")
    if not (place / "stamp").exists():
        interpreter = find_python("3.12") or find_python("3.11") or find_python("3.10")
        call(uv(), "venv", "--quiet", "--clear", "--no-project", "--python", str(interpreter), str(place))
        call(uv(), "pip", "install", "--quiet", "--python", str(python), *wanted)
        (place / "stamp").write_text(" ".join(wanted))
    return str(python)


# --- run ---


def environment_of_server(folder: str) -> Dict[str, str]:
    """No telemetry, no Hub, no proxies, nothing of ours on the path, and all files in one folder."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in PROXY_VARIABLES and not name.startswith(("PYTHON", "GRADIO_", "HF_", "COVERAGE_"))
    }
    cache = os.path.join(folder, "gradio")
    os.makedirs(cache, exist_ok=True)
    environment.update(
        GRADIO_ANALYTICS_ENABLED="False",
        GRADIO_TEMP_DIR=cache,
        HF_HUB_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_HOME=os.path.join(folder, "hub"),
        MPLCONFIGDIR=os.path.join(folder, "matplotlib"),
        PYTHONUNBUFFERED="1",
        TMPDIR=folder,
        TEMP=folder,
        TMP=folder,
    )
    return environment


class Server:
    """An app on a real Gradio, in a process of its own.

    with Server(RELEASES["6.31.0"], "main", "--show-error") as server:
        Client(server.url)

    Entering waits until the app serves. Leaving ends the process and removes its files.
    """

    def __init__(self, release: Release, app: str = "main", *arguments: str) -> None:
        self.release = release
        self.command = [str(APPS / (app + ".py"))] + list(arguments)
        self.ready: Dict[str, Any] = {}  # the line that the app printed
        self.pid = 0

    def __enter__(self) -> "Server":
        python = install(self.release)
        self._folder = tempfile.mkdtemp(prefix="gradio-server-")
        self._log = open(os.path.join(self._folder, "log"), "w+b")
        self._process = subprocess.Popen(
            [python] + self.command,
            stdin=subprocess.PIPE,  # its end tells the app to end, even if this process is killed
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment_of_server(self._folder),
            cwd=self._folder,
        )
        self.pid = self._process.pid
        try:
            self.ready = self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return str(self.ready["url"])

    def log(self) -> str:
        """What the server wrote to stderr so far."""
        try:
            return Path(self._log.name).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.terminate()
        try:
            self._process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait_until_ready(self) -> Dict[str, Any]:
        lines: queue.Queue[bytes] = queue.Queue()
        stdout = self._process.stdout
        assert stdout is not None
        threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=READY_DEADLINE)
        except queue.Empty:
            line = b""
        if not line:  # it ended, or the time is over
            last = self.log().strip().splitlines()[-12:]
            raise NotInstalled("%s did not start: %s" % (self.command[0], " | ".join(last) or "no output"))
        ready: Dict[str, Any] = json.loads(line.decode())
        return ready


# --- command line ---


def main(arguments: List[str]) -> int:
    action, rest = (arguments[0], arguments[1:]) if arguments else ("list", [])
    if action == "list":
        for release in RELEASES.values():
            state = "installed, Python " + python_of(release) if is_installed(release) else "-"
            print("%-8s %-9s %s" % (release.gradio, release.protocol, state))
        return 0
    if action == "install":
        failed = 0
        for name in rest or RELEASES:
            try:
                path = install(RELEASES[name])
                print("%-8s Python %-8s %s" % (name, python_of(RELEASES[name]), path), flush=True)
            except NotInstalled as problem:
                failed += 1
                print("%-8s not installed: %s" % (name, problem), flush=True)
        return 1 if failed else 0
    if action == "run" and rest:
        with Server(RELEASES[rest[0]], *(rest[1:] or ["main"])) as server:
            print(json.dumps(server.ready), flush=True)
            try:
                threading.Event().wait()
            except KeyboardInterrupt:
                return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
