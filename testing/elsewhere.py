# SPDX-License-Identifier: MIT
"""The file inside programs that need packages: frozen by PyInstaller, under gevent, beside a Qt event loop.

    python3 -m testing.elsewhere [NAME ...]

Installs what it needs into .servers/elsewhere; exits with 1 if a program does not print what it should.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List

from testing.servers import PLACE, ROOT, call, executable
from testing.standin import StandIn

PACKAGES = ["gevent", "pyinstaller", "PySide6-Essentials"]
DEADLINE = 120.0

FROZEN = """
import sys
from gradio_lite_client import Client, handle_file

with Client(sys.argv[1], download_files=sys.argv[2]) as client:
    print(client.predict(1, 2, api_name="/add"), len(list(client.submit(3, 0, "tag", api_name="/steps"))))
    with open(client.predict(handle_file(b"content", "a.txt"), api_name="/copy_file")) as copied:
        print(copied.read())
"""

GEVENT = """
from gevent import monkey
monkey.patch_all()
import sys
import gevent
from gradio_lite_client import Client

ticks = 0

def tick():  # starves if a call blocks the hub instead of its greenlet
    global ticks
    while True:
        gevent.sleep(0.01)
        ticks += 1

gevent.spawn(tick)
with Client(sys.argv[1]) as client:
    calls = [gevent.spawn(client.predict, n, 1, api_name="/add") for n in range(20)]
    gevent.joinall(calls, raise_error=True)
    print([call.value for call in calls] == [n + 1 for n in range(20)])
    job = client.submit(0.2, "tag", api_name="/sleep")
    job.result(timeout=30)
    print(ticks >= 10, len(list(client.submit(3, 0, "tag", api_name="/steps"))))
"""

QT = """
import os
os.environ["QT_QPA_PLATFORM"] = "offscreen"
import sys
from PySide6.QtCore import QCoreApplication, QObject, Qt, QThread, QTimer, Signal
from gradio_lite_client import Client

class Bridge(QObject):
    done = Signal(object)

app = QCoreApplication([])
client = Client(sys.argv[1])
bridge = Bridge()
ticks = []
timer = QTimer()
timer.timeout.connect(lambda: ticks.append(1))
timer.start(10)

def arrived(value):
    print(value, len(ticks) >= 10, QThread.currentThread() is app.thread())
    app.quit()

bridge.done.connect(arrived, Qt.ConnectionType.QueuedConnection)
client.submit(0.2, "tag", api_name="/sleep", result_callbacks=[bridge.done.emit])
QTimer.singleShot(60_000, app.quit)
app.exec()
client.close()
"""

WANTED: Dict[str, List[str]] = {
    "frozen": ["3 3", "content"],
    "gevent": ["True", "True 3"],
    "qt": ["slept tag True True"],
}


def freeze(python: str, folder: str) -> List[str]:
    """The command of a single executable made of the program and the file."""
    program = Path(folder, "program.py")
    program.write_text(FROZEN)
    options = ["--onefile", "--paths", str(ROOT), "--specpath", folder]
    dist, work = os.path.join(folder, "dist"), os.path.join(folder, "work")
    call(python, "-m", "PyInstaller", *options, "--distpath", dist, "--workpath", work, str(program))
    return [os.path.join(dist, "program" + (".exe" if os.name == "nt" else ""))]


def run(name: str, python: str, url: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "gradio_lite_client.py", folder)
        command = freeze(python, folder) if name == "frozen" else [python, "-c", GEVENT if name == "gevent" else QT]
        done = subprocess.run(
            [*command, url, os.path.join(folder, "files")],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=DEADLINE,
            text=True,
        )
    good = done.returncode == 0 and done.stdout.split("\n")[:-1] == WANTED[name]
    print("%-8s %s" % (name, "works" if good else "FAILED with code %d:\n%s" % (done.returncode, done.stdout)))
    return good


def main() -> int:
    place = PLACE / "elsewhere"
    python = str(executable(place, "python"))
    if not (place / "stamp").exists():
        PLACE.mkdir(exist_ok=True)
        call(sys.executable, "-m", "venv", "--clear", str(place))
        call(python, "-m", "pip", "install", "-q", *PACKAGES)
        (place / "stamp").touch()
    with StandIn() as app:
        results = [run(name, python, app.url) for name in sys.argv[1:] or WANTED]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
