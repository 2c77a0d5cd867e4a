"""Show gradio_lite_client at work on a real Gradio app: python3 examples/demo.py

The first run installs Gradio into .servers/, which takes a minute. Where that is impossible, a stand-in serves instead.
"""

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from gradio_lite_client import Client  # noqa: E402
from testing.servers import NotInstalled, Server, install  # noqa: E402
from testing.versions import RELEASES  # noqa: E402

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
import asyncio

async def watch():
    async for update in client.submit(1, api_name="/work"):
        if update.type == "status":
            print(update.code.value, [f"{bar.index}/{bar.length} {bar.desc}" for bar in update.progress_data or []])
        else:
            print("output:", update.outputs)

asyncio.run(watch())
""",
    ),
    (
        "A file up, a file down",
        """
from gradio_lite_client import handle_file

path = client.predict(handle_file(b"hello files", "hello.txt"), api_name="/shout")
print(path.rsplit("/", 1)[-1], "contains", open(path).read())
""",
    ),
    (
        "The queue: a second job waits behind the first, and is cancelled",
        """
first = client.submit(1, api_name="/work")
second = client.submit(1, api_name="/work")
async def until_queued():
    async for update in second:
        if update.type == "status" and update.rank is not None:
            return update
print("second job:", asyncio.run(until_queued()))
print("cancelled:", second.cancel(), "- first:", first.result())
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
    """The URL of a real app, or of the tests' stand-in where Gradio cannot be installed, and what it runs on."""
    newest = next(iter(RELEASES.values()))
    try:
        print("Installing Gradio %s, unless it is there ..." % newest.gradio, flush=True)
        install(newest)
    except NotInstalled as problem:
        print("Gradio cannot be installed here (%s)." % problem)
        with standin() as app:
            yield app.url, "the tests' stand-in for Gradio"
        return
    with Server(newest, str(ROOT / "examples" / "app")) as server:
        yield server.url, "Gradio " + newest.gradio


def standin() -> Any:
    from examples.app import make_functions
    from testing.apps.functions import Endpoint
    from testing.standin import StandIn, gradio

    greet, count, work, shout = make_functions(gradio())
    text, number, file = ("textbox", {"label": "output"}), ("number", {}), ("file", {"label": "loud file"})
    name, mark = ("textbox", {"label": "name"}), ("textbox", {"label": "mark", "value": "!"})
    table = [
        Endpoint("greet", greet, [name, mark], [text], {}),
        Endpoint("count", count, [number], [text], {}),
        Endpoint("work", work, [number], [text], {"line": "work"}),
        Endpoint("shout", shout, [("file", {"label": "text file"})], [file], {}),
    ]
    return StandIn(endpoints=table)


def main() -> None:
    with some_app() as (url, engine), tempfile.TemporaryDirectory() as folder:
        print("An app on %s at %s" % (engine, url))
        with Client(url, download_files=folder) as client:
            names: Dict[str, Any] = {"client": client}
            for title, code in STEPS:
                print("\n# %s\n" % title + "".join(">>> %s\n" % line for line in code.strip().splitlines()))
                exec(code, names)
        print("\n# The same from a shell\n")
        for words in (["predict", url, "/greet", "Ada", "mark=."], ["predict", url, "/greeet", "Ada"]):
            print("$ python3 -m gradio_lite_client " + " ".join(words), flush=True)
            subprocess.run([sys.executable, str(ROOT / "gradio_lite_client.py"), *words], check=False)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
