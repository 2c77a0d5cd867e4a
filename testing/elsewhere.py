# SPDX-License-Identifier: MIT
"""The file inside programs that need packages: frozen, under gevent, and those of the README for Tk, Qt and Jupyter.

    python3 -m testing.elsewhere [NAME ...]

Installs what it needs into .servers/elsewhere and, where that is permitted, what the system lacks. Exits with 1 if a
program does not print what it should; one that cannot run here is a failure only in CI.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

from examples.demo import README_URL, standin
from testing.networks import install_packages
from testing.servers import PLACE, ROOT, call, executable
from testing.standin import StandIn

PACKAGES = ["gevent", "ipykernel", "nbclient", "pyinstaller", "PySide6-Essentials"]
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

TK = """
import faulthandler, tkinter
faulthandler.dump_traceback_later(60, exit=True)
mainloop = tkinter.Tk.mainloop

def used(root):  # in place of the program's root.mainloop(): somebody presses the button, and reads it
    [button] = root.winfo_children()

    def press():
        button.invoke()
        print(button["text"])  # the old one: nothing waits for the answer
        look()

    def look():
        if button["text"] == "Greet":
            root.after(10, look)
        else:
            print(button["text"])
            root.destroy()

    root.after(10, press)
    mainloop(root)

tkinter.Tk.mainloop = used
"""

QT = """
import faulthandler, os
faulthandler.dump_traceback_later(60, exit=True)
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from PySide6 import QtCore, QtWidgets
run = QtWidgets.QApplication.exec

def used():  # in place of the program's app.exec(): somebody presses the button
    def press():
        [button] = QtWidgets.QApplication.topLevelWidgets()
        button.click()
        print(button.text())  # the old one: nothing waits for the answer

    QtCore.QTimer.singleShot(10, press)
    run()

def set_text(button, text):
    print(text, QtCore.QThread.currentThread() is button.thread())
    QtWidgets.QApplication.quit()

QtWidgets.QApplication.exec = staticmethod(used)
QtWidgets.QPushButton.setText = set_text
"""

JUPYTER = """
import nbformat
from nbclient import NotebookClient

imports = "import asyncio\\nfrom gradio_lite_client import Client"
cells = [nbformat.v4.new_code_cell(code) for code in (imports, {cell!r})]
book = nbformat.v4.new_notebook(cells=cells)
NotebookClient(book, timeout=60, extra_arguments=["--log-level=ERROR"]).execute()  # its port is not encrypted, it warns
said = "".join(output.text for output in cells[1].outputs).splitlines()
print(*(line for line in said if not line.isupper()), sep="\\n")  # statuses may be merged
"""

WANTED: Dict[str, List[str]] = {
    "frozen": ["3 3", "content"],
    "gevent": ["True", "True 3"],
    "Tk": ["Greet", "Hello Ada!"],
    "Qt": ["Greet", "Hello Ada! True"],
    "Jupyter": ["0 ", "0 1 ", "0 1 2 ", "Hello Ada!"],
}
NEEDED = {  # by programs of the README: what shows that the system has it, and Debian's packages
    "Tk": ("import tkinter; tkinter.Tk()", ["python3-tk", "xvfb", "xauth"]),
    "Qt": (
        "from PySide6 import QtWidgets",
        ["libegl1", "libgl1", "libxkbcommon0", "libdbus-1-3", "libfontconfig1", "libglib2.0-0"],
    ),
}


def freeze(python: str, folder: str) -> List[str]:
    """The command of a single executable made of the program and the file."""
    program = Path(folder, "program.py")
    program.write_text(FROZEN)
    options = ["--onefile", "--paths", str(ROOT), "--specpath", folder]
    dist, work = os.path.join(folder, "dist"), os.path.join(folder, "work")
    call(python, "-m", "PyInstaller", *options, "--distpath", dist, "--workpath", work, str(program))
    return [os.path.join(dist, "program" + (".exe" if os.name == "nt" else ""))]


def of_readme(name: str, url: str) -> str:
    """The program of the README for this event loop, with a user who presses its button; for Jupyter, the cell."""
    word = {"Tk": "import tkinter", "Qt": "PySide6", "Jupyter": "import asyncio"}[name]
    readme = (ROOT / "README.md").read_text(encoding="utf-8").replace(README_URL, url.rstrip("/"))
    [program] = [code for code in re.findall(r"^```py\w*\n(.*?)^```", readme, re.M | re.S) if word in code]
    lines = [line for line in program.splitlines() if line]
    assert len(lines) <= 10, "the README promises short programs: %s has %d lines" % (name, len(lines))
    if name == "Jupyter":
        return JUPYTER.format(cell=textwrap.dedent("\n".join(line for line in lines if line.startswith(" "))))
    return {"Tk": TK, "Qt": QT}[name] + str(program)


def execute(name: str, *command: str, folder: str = ".") -> Tuple[int, str]:
    """Its exit code and output. Windows of Tk are shown where nobody sees them, if that can be had."""
    display = ["xvfb-run", "-a"] if name == "Tk" and shutil.which("xvfb-run") else []
    done = subprocess.run(
        [*display, *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=DEADLINE,
        text=True,
    )
    return done.returncode, done.stdout


def lacks(name: str, python: str) -> str:
    """Why a program cannot run here, after an attempt to install what it needs."""
    code, packages = NEEDED.get(name, ("", []))
    if execute(name, python, "-c", code)[0]:
        install_packages(packages)
    status, said = execute(name, python, "-c", code)
    return said.strip().split("\n")[-1] if status else ""


def run(name: str, python: str, url: str) -> bool:
    problem = lacks(name, python)
    if problem:
        print("%-8s not run: %s" % (name, problem))
        return not os.environ.get("CI")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "gradio_lite_client.py", folder)
        if name == "frozen":
            command = freeze(python, folder)
        else:
            command = [python, "-c", GEVENT if name == "gevent" else of_readme(name, url)]
        status, said = execute(name, *command, url, os.path.join(folder, "files"), folder=folder)
    good = status == 0 and said.split("\n")[:-1] == WANTED[name]
    print("%-8s %s" % (name, "works" if good else "FAILED with code %d:\n%s" % (status, said)))
    return good


def main() -> int:
    place = PLACE / "elsewhere"
    python, stamp, wanted = str(executable(place, "python")), place / "stamp", " ".join(PACKAGES)
    if not stamp.exists() or stamp.read_text() != wanted:
        PLACE.mkdir(exist_ok=True)
        call(sys.executable, "-m", "venv", "--clear", str(place))
        call(python, "-m", "pip", "install", "-q", *PACKAGES)
        stamp.write_text(wanted)
    with StandIn() as app, standin() as demo:

        def late(request: Any) -> Any:
            time.sleep(0.3)  # so that a program that waits for it in its event loop is seen to
            return demo.respond(request)

        demo.on("POST", demo.api + "/queue/join", late)
        urls = {name: app.url if name in ("frozen", "gevent") else demo.url for name in WANTED}
        results = [run(name, python, urls[name]) for name in sys.argv[1:] or WANTED]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
