"""Show gradio_lite_client at work on a real Gradio app.

    python3 examples/demo.py            shows it, in about ten seconds
    python3 examples/demo.py --serve    keeps the app running, at http://127.0.0.1:7860 or the next free port
    python3 examples/demo.py --readme   runs the Python blocks of README.md and compares what they print

The first run installs Gradio into .servers/: about 400 MB, a minute. Where Gradio cannot run, for whatever reason, the
tests' stand-in serves instead; --readme counts that as a failure.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from gradio_lite_client import Client, handle_file  # noqa: E402
from testing.servers import Server, find_python, install, is_installed  # noqa: E402
from testing.versions import RELEASES  # noqa: E402

PATIENCE = {"PIP_RETRIES": "1", "PIP_TIMEOUT": "5", "UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "5"}
README_URL = "http://127.0.0.1:7860"  # in the README; the app's own takes its place

STANDIN = "the tests' stand-in for Gradio"

STEPS = [
    (
        "What the app offers",
        """
client.view_api()
""",
    ),
    (
        "Call an endpoint and wait for the result; defaults are the app's own",
        """
print(client.predict("Ada", api_name="/greet"))
print(client.predict(name="Ada", mark="?", api_name="/greet"))
""",
    ),
    (
        "A generator's values as they come; the result is the last one",
        """
job = client.submit(4, api_name="/count")
for text in job:
    print(repr(text))
print("result:", repr(job.result()))
""",
    ),
    (
        "Progress, without polling",
        """
for update in client.submit(1, api_name="/work").updates():
    if update.type == "status":
        print(update.code.value, [f"{bar.index}/{bar.length} {bar.desc}" for bar in update.progress_data or []])
    else:
        print("output:", update.outputs)
""",
    ),
    (
        "A file up, a file down",
        """
from gradio_lite_client import handle_file
path = client.predict(handle_file(b"hello files", "hello.txt"), api_name="/shout")
print(os.path.basename(path), "contains", open(path).read())
""",
    ),
    (
        "The queue: two jobs wait behind the first",
        """
first = client.submit(2, api_name="/work")
while not first.running() and not first.done():
    time.sleep(0.01)
second, third = [client.submit(1, api_name="/work") for _ in range(2)]
while third.status().rank is None and not third.done():
    time.sleep(0.01)
for job in (second, third):
    print(job.status().code.value, "rank", job.status().rank, "of", job.status().queue_size)
""",
    ),
    (
        "Cancel: a plain function that runs goes on, waiting jobs do not start",
        """
print("cancel:", [job.cancel() for job in (first, second, third)])
print("first:", first.result())
print("third:", third.status().code.value)
""",
    ),
    (
        "Cancel a generator: it stops after its current step, and what it gave stays",
        """
job = client.submit(100, api_name="/count")
for text in job:
    if len(job.outputs()) == 3:
        print("cancel:", job.cancel())
print(job.status().code.value, "after", repr(job.outputs()[-1]))
""",
    ),
    (
        "Mistakes are caught before anything is sent",
        """
try:
    client.predict("Ada", marc="?", api_name="/greet")
except TypeError as error:
    print("TypeError:", error)
""",
    ),
]


@contextlib.contextmanager
def some_app() -> Iterator[Tuple[str, str]]:
    """The URL of a real app, or of the tests' stand-in where Gradio cannot run, and what it runs on."""
    for name, value in PATIENCE.items():  # or an index that never answers would be waited for
        os.environ.setdefault(name, value)
    with contextlib.ExitStack() as stack:
        try:
            releases = list(RELEASES.values())
            release = next((release for release in releases if any(map(find_python, release.python))), releases[0])
            if not is_installed(release):
                print("Installing Gradio %s: about 400 MB, a minute, once ..." % release.gradio, flush=True)
            install(release)
            app = stack.enter_context(Server(release, str(ROOT / "examples" / "app")))
            engine = "Gradio " + release.gradio
        except Exception as problem:  # no network, venv, disk, permission, ...
            reason = " ".join(str(problem).split()) or type(problem).__name__
            print("Gradio cannot run here: %.300s" % reason, flush=True)
            app, engine = stack.enter_context(standin()), STANDIN
        yield app.url, engine


def standin() -> Any:
    from examples.app import make_functions
    from testing.apps.functions import Endpoint
    from testing.standin import StandIn, gradio

    greet, count, work, shout, tally = make_functions(gradio())
    number: Any = ("number", {})
    words: Any = ("state", {"value": []})
    text, file = ("textbox", {"label": "output"}), ("file", {"label": "loud file"})
    name, mark = ("textbox", {"label": "name"}), ("textbox", {"label": "mark", "value": "!"})
    seen = ("number", {"label": "seen"})
    table: List[Endpoint] = [
        Endpoint("greet", greet, [name, mark], [text], {}),
        Endpoint("count", count, [number], [text], {}),
        Endpoint("work", work, [number], [text], {"line": "work"}),
        Endpoint("shout", shout, [("file", {"label": "text file"})], [file], {}),
        Endpoint("tally", tally, [name, words], [seen, ("state", {})], {}),
    ]
    for port in range(7860, 7960):  # as Gradio does
        with contextlib.suppress(OSError):
            return StandIn(endpoints=table, port=port)
    return StandIn(endpoints=table)


def typed(code: str) -> str:
    """The code as it looks in an interactive Python."""
    lines = code.strip().splitlines()
    return "".join("%s %s\n" % ("..." if line.startswith(" ") else ">>>", line) for line in lines)


def show(url: str, folder: str) -> None:
    with Client(url, download_files=folder) as client:
        names: Dict[str, Any] = {"client": client}
        exec("import os, time", names)
        for title, code in STEPS:
            print("\n# %s\n\n%s" % (title, typed(code)), flush=True)
            exec(code, names)
    print("\n# The same from a shell")
    url = url.rstrip("/")
    for words in (["/greet", "Ada", "mark=."], ["/count", "4"], ["/greeet", "Ada"]):
        words = ["predict", url, *words]
        print("\n$ python3 -m gradio_lite_client " + " ".join(words), flush=True)
        command = [sys.executable, "-m", "gradio_lite_client", *words]
        done = subprocess.run(command, cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        lines = done.stdout.decode().splitlines()
        print("\n".join(lines[:8] + ["... and %d more lines" % (len(lines) - 8)] * (len(lines) > 8)))


def run_readme(url: str, folder: str) -> int:
    """Run every Python block of the README in a folder with a notes.txt. Returns how many went wrong.

    A block prints the text block that follows or, among other things, the comments of its print() lines.
    """
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace(README_URL, url.rstrip("/"))
    blocks = re.findall(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", text, re.M | re.S)
    os.environ["GRADIO_TEMP_DIR"] = folder
    before = os.getcwd()
    os.chdir(folder)
    wrong = 0
    try:
        Path("notes.txt").write_text("some notes", encoding="utf-8")
        for number, (code, expected) in enumerate(blocks, 1):
            print("block %d: %s" % (number, code.splitlines()[0]), flush=True)
            out = io.StringIO()
            try:
                with Client(url) as client, contextlib.redirect_stdout(out):
                    exec(code, {"Client": Client, "handle_file": handle_file, "client": client})
            except Exception as error:
                wrong += 1
                print("  failed: %s: %s" % (type(error).__name__, error))
                continue
            given = [line.rstrip() for line in out.getvalue().strip().splitlines()]
            rest = iter(given)
            comments = re.findall(r"print\(.*\)  # (.*)", code)
            if not all(line in rest for line in comments) or (expected and given != expected.splitlines()):
                wrong += 1
                print("  printed something else:\n" + "\n".join(given))
    finally:
        os.chdir(before)
    print("%d blocks, %d wrong" % (len(blocks), wrong))
    return wrong


def serve(url: str) -> None:
    """Keep the app running until Ctrl-C."""
    url = url.rstrip("/")
    print("Try, from another shell in %s:" % ROOT)
    for words in ("info %s" % url, "predict %s /greet Ada" % url, "predict %s /count 20" % url):
        print("    python3 gradio_lite_client.py " + words)
    print("Ctrl-C ends it.", flush=True)
    while True:
        time.sleep(3600)


def main(arguments: List[str]) -> int:
    if arguments not in ([], ["--serve"], ["--readme"]):
        print(__doc__)
        return 0 if arguments == ["--help"] else 2
    with some_app() as (url, engine), tempfile.TemporaryDirectory() as folder:
        print("An app on %s at %s" % (engine, url), flush=True)
        if arguments == ["--serve"]:
            serve(url)
        if arguments == ["--readme"]:
            return 1 if run_readme(url, folder) or engine == STANDIN else 0
        show(url, folder)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(0 if sys.argv[1:] == ["--serve"] else 130)
    except BrokenPipeError:  # as in `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
