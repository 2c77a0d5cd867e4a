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
import shutil
import subprocess
import sys
import tempfile
import threading
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
READY_DEADLINE = 90.0
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
        call(sys.executable, "-m", "venv", "--clear", str(PLACE / "tools"))
        call(str(executable(PLACE / "tools", "python")), "-m", "pip", "install", "-q", "uv")
    return found or str(own)


def stamp_of(release: Release) -> str:
    return json.dumps([release.gradio, release.python, release.exclude_newer, release.extra])


def is_installed(release: Release) -> bool:
    try:
        return (PLACE / release.gradio / "stamp").read_text() == stamp_of(release)
    except OSError:
        return False


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
        shutil.rmtree(place, ignore_errors=True)
        PLACE.mkdir(exist_ok=True)
        age = ["--exclude-newer", release.exclude_newer] if release.exclude_newer else []
        try:
            call(uv(), "venv", "--quiet", "--no-project", "--python", interpreter, str(place))
            wanted = ["gradio==" + release.gradio] + list(release.extra)
            call(uv(), "pip", "install", "--quiet", "--python", python, *(age + wanted))
            call(python, "-c", "import gradio")
        except NotInstalled as problem:
            problems.append(str(problem))
            continue
        (place / "stamp").write_text(stamp_of(release))
        return python
    raise NotInstalled("; ".join(problems))


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
            print("%-8s %-9s %s" % (release.gradio, release.protocol, "installed" if is_installed(release) else "-"))
        return 0
    if action == "install":
        failed = 0
        for name in rest or RELEASES:
            try:
                print("%-8s %s" % (name, install(RELEASES[name])), flush=True)
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
