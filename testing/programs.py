"""Third-party programs written for gradio_client, unchanged, with this file in its place: is the result the same?

    python3 testing/programs.py [PROGRAM ...]

Each program of PROGRAMS is installed from the package index into an environment of its own in .servers/, and does its
main job on a real local app twice: with the official client that it was installed with, and with gradio_lite_client
registered as `gradio_client` by the recipe of the README. Prints a table, and ends with a line of counts.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
from testing.servers import PLACE, NotInstalled, Server, call, environment_of_server, executable, find_python, uv  # noqa: E402
from testing.versions import RELEASES  # noqa: E402

DEADLINE = 120.0  # of one run

# What every script below may use: `url` of the app, `folder` with a picture and a text, `show` for what is compared.
START = """
import json, os, sys, warnings
warnings.simplefilter("ignore")
url, folder = sys.argv[1:]
os.chdir(folder)
PICTURE = os.path.join(folder, "picture.png")

def plain(value):
    if isinstance(value, str) and os.path.isfile(value):
        with open(value, "rb") as file:
            return "file %s of %d bytes" % (os.path.splitext(value)[1], len(file.read()))
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value

def show(name, function):
    try:
        outcome = plain(function())
    except Exception as error:
        outcome = "%s: %s" % (type(error).__name__, str(error)[:200])
    print("@" + json.dumps([name, outcome], default=str), flush=True)
"""

AGENT_TOOLS = """
def tool(api_name):
    return Tool.from_space(url, name="tool", description="a tool", api_name=api_name)

for name in ("/predict", "/caption", "/sound"):
    show("inputs of " + name, lambda: [tool(name).inputs, tool(name).output_type])
show("image from text", lambda: str(tool("/picture").forward("a boat")))
show("image from image", lambda: str(tool("/mirror").forward(PICTURE)))
show("image as an object", lambda: tool("/caption").forward(Image.open(PICTURE)).split(" of ")[0])
show("caption", lambda: tool("/caption").forward(image=PICTURE))
show("audio", lambda: str(tool("/sound").forward("hello")))
show("error of the app", lambda: tool("/fail").forward("boat"))
"""


class Program(NamedTuple):
    python: Tuple[str, ...]
    packages: Tuple[str, ...]
    release: str  # of the server
    script: str
    exclude_newer: str = ""
    first: str = ""  # what comes before the recipe


PROGRAMS = {
    "smolagents": Program(
        ("3.12", "3.11", "3.10"),
        ("smolagents", "gradio_client<2", "pillow", "soundfile", "numpy"),  # it passes hf_token=, which 2 refuses
        "6.31.0",
        "from PIL import Image\nfrom smolagents import Tool, tools\ntools.AgentAudio = str  # else it needs torch\n"
        + AGENT_TOOLS,
    ),
    "transformers": Program(
        ("3.12", "3.11", "3.10"),
        (
            "transformers==4.47.1",
            "gradio_client<2",
            "pillow",
            "soundfile",
            "numpy",
        ),  # the last with agents have it, too
        "6.31.0",
        "from PIL import Image\nfrom transformers import Tool\n" + AGENT_TOOLS,
    ),
    "hf-gradio": Program(
        ("3.12", "3.11", "3.10"),
        ("hf-gradio",),
        "6.31.0",
        """
import contextlib, io
from hf_gradio import cli

def printed(function, **arguments):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        function(**arguments)
    return json.loads(out.getvalue())

def predict(endpoint, payload):
    given = {"space_id_or_url": url, "endpoint": endpoint, "payload": json.dumps(payload)}
    return printed(cli.predict, **given, download_files=folder, token=None)

show("info", lambda: printed(cli.info, space_id_or_url=url, token=None))
show("predict", lambda: predict("/predict", {"text": "a boat"}))
show("predict a file", lambda: predict("/picture", {"text": "a boat"}))
show("pass a file", lambda: predict("/caption", {"image": {"path": PICTURE, "meta": {"_type": "gradio.FileData"}}}))
show("error of the app", lambda: predict("/fail", {"text": "boat"}))
""",
    ),
    "daggr": Program(
        ("3.12", "3.11", "3.10"),
        ("daggr",),
        "6.31.0",
        """
import asyncio
from daggr import Graph, GradioNode, FnNode
from daggr.executor import AsyncExecutor
from daggr.session import ExecutionSession
import gradio as gr

better = GradioNode(url, api_name="/predict", inputs={"text": "a boat"}, outputs={"words": gr.Textbox()}, name="better")
drawn = GradioNode(url, api_name="/picture", inputs={"text": better.words}, outputs={"image": gr.Image()}, name="drawn")
told = GradioNode(url, api_name="/caption", inputs={"image": drawn.image}, outputs={"words": gr.Textbox()}, name="told")
failed = GradioNode(url, api_name="/fail", inputs={"text": "boat"}, outputs={"words": gr.Textbox()}, name="failed")
graph = Graph("main", nodes=[better, drawn, told, failed])

async def run():
    session, executor = ExecutionSession(graph), AsyncExecutor(graph)
    session.results["better"] = await executor.execute_node(session, "better")
    session.results["drawn"] = await executor.execute_node(session, "drawn")
    return [session.results["better"], plain({"image": str(session.results["drawn"]["image"])}),
            await executor.execute_node(session, "told")]

show("three nodes", lambda: asyncio.run(run()))
show("error of the app", lambda: asyncio.run(AsyncExecutor(graph).execute_node(ExecutionSession(graph), "failed")))
""",
        first="import gradio",  # which daggr brings, and which needs the official client that it came with
    ),
    "trackio": Program(
        ("3.12", "3.11", "3.10"),
        ("trackio",),
        "6.31.0",
        """
from trackio.remote_client import RemoteClient
from gradio_client import handle_file

client = RemoteClient(url, httpx_kwargs={"timeout": 20}, write_token="secret")
show("call", lambda: client.predict("a boat", api_name="/predict"))
show("by name", lambda: client.predict(text="a boat", api_name="/predict"))
show("file", lambda: client.predict(handle_file(PICTURE), api_name="/caption"))
show("error of the app", lambda: client.predict("boat", api_name="/fail"))
show("unknown endpoint", lambda: client.predict("boat", api_name="/none").split(".")[0])
show("nobody there", lambda: RemoteClient("http://127.0.0.1:9/").predict("boat", api_name="/none"))
""",
    ),
    "herecobot": Program(
        ("3.12", "3.11", "3.10"),
        ("herecobot", "gradio_client"),
        "6.31.0",
        """
from herecobot import Hereco

client = Hereco(api_key="hrc_none", space_url=url)
show("ask", lambda: client.ask("hello"))
show("chat", lambda: client.chat.create(message="hello").output_text)
""",
    ),
    "gradio-tools": Program(
        ("3.10", "3.9"),
        ("gradio-tools",),
        "3.41.2",
        """
import gradio_tools.tools as tools
from gradio_client import Client
from gradio_tools.tools.gradio_tool import GradioTool

class Counter(GradioTool):
    def create_job(self, query):
        return self.client.submit(float(query), api_name="/count")

    def postprocess(self, output):
        return output

prompts = tools.StableDiffusionPromptGeneratorTool(src=url)
show("prompt", lambda: prompts.postprocess(prompts.create_job("a boat").result()))
counter = Counter("counter", "counts", url)
def last():
    job = counter.create_job("3")
    return [counter.postprocess(job.result()), job.outputs(), str(job.status().code), job.done()]
show("a generator", last)
""",
        "2023-10-01",
    ),
    "keywords": Program(
        ("3.12", "3.11", "3.10"),
        ("gradio_client",),
        "6.31.0",
        """
import gradio_client
from gradio_client import Client, exceptions, utils
from gradio_client.client import DEFAULT_TEMP_DIR, Job
from gradio_client.data_classes import FileData
from gradio_client.utils import Status

client = Client(url, verbose=False, httpx_kwargs={"timeout": 20, "trust_env": False}, analytics_enabled=False)
show("keywords", lambda: client.predict("a boat", api_name="/predict"))
show("space", lambda: client.space_id)

def hash_of_ours():
    client.session_hash = "mine"
    return [client.predict("a boat", api_name="/predict"), client.session_hash]
show("session hash", hash_of_ours)

def by_next():
    job = client.submit(3, api_name="/count")
    return [next(job), next(job), isinstance(job, Job), job.result()]
show("next(job)", by_next)

def event_id():
    job = client.submit("a boat", api_name="/predict")
    job.result()
    return type(job.communicator.event_id).__name__
show("event id", event_id)

def caught():
    try:
        client.predict("boat", api_name="/fail")
    except gradio_client.exceptions.AppError as error:
        return [str(error), error.title, utils.Status is Status, issubclass(exceptions.ValidationError, Exception)]
show("exceptions", caught)
show("folder", lambda: isinstance(DEFAULT_TEMP_DIR, str) and isinstance(FileData, type))
tree = {"a": [{"path": "b", "meta": {"_type": "gradio.FileData"}}, 1]}
show("traverse", lambda: utils.traverse(tree, lambda item: item["path"], utils.is_file_obj_with_meta))
show("URLs", lambda: [utils.is_http_url_like(text) for text in ("http://a", "https://a/b", "ftp://a", "a", "")])
show("API", lambda: client.view_api(print_info=False, return_format="dict")["named_endpoints"]["/caption"])
""",
    ),
}
DIFFERENCES = {  # (program, step): why ours differs
    ("hf-gradio", "pass a file"): "only handle_file() makes a file of ours an argument, not a dict with its path",
    ("trackio", "unknown endpoint"): "client.src has no slash at its end",
    ("trackio", "nobody there"): "the words of the error",
    ("keywords", "event id"): "job.event_id",
}


def install(name: str) -> str:
    """Path of a Python that has the program and the official client."""
    program = PROGRAMS[name]
    place = PLACE / "programs" / name
    python, stamp, wanted = str(executable(place, "python")), place / "stamp", repr(program[:2] + program[4:])
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    interpreter = next(filter(None, map(find_python, program.python)), None)
    if interpreter is None:
        raise NotInstalled("needs Python %s" % " or ".join(program.python))
    age = ["--exclude-newer", program.exclude_newer] if program.exclude_newer else []
    call(uv(), "venv", "--quiet", "--clear", "--no-project", "--python", interpreter, str(place))
    call(uv(), "pip", "install", "--quiet", "--python", python, *age, *program.packages)
    stamp.write_text(wanted)
    return python


def recipe() -> str:
    """The lines of the README that register this file as gradio_client."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = [block for block in re.findall(r"^```python\n(.*?)^```", readme, re.M | re.S) if "sys.modules" in block]
    assert len(found) == 1, "the README has %d recipes that set sys.modules" % len(found)
    return str(found[0])


def run(python: str, program: Program, url: str, folder: str, ours: bool) -> Dict[str, Any]:
    """What each step of the script showed."""
    register = "import sys\n%s\nsys.path.append(%r)\n%s\n" % (program.first, str(ROOT), recipe()) if ours else ""
    script = os.path.join(folder, "program.py")
    Path(script).write_text(register + START + program.script, encoding="utf-8")
    done = subprocess.run(
        [python, script, url, folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=environment_of_server(folder),
        cwd=folder,
        timeout=DEADLINE,
    )
    shown = dict(json.loads(line[1:]) for line in done.stdout.decode().splitlines() if line.startswith("@"))
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        shown["the script itself"] = "exit code %d: %s" % (done.returncode, " ".join(last)[:300])
    return shown


def compare(name: str, show_all: bool = False) -> Tuple[int, int, int]:
    """How many steps are equal, differ for a reason, and differ without one."""
    program = PROGRAMS[name]
    counts = [0, 0, 0]
    python = install(name)
    with Server(RELEASES[program.release], "programs", "--show-error") as server:
        shown: List[Dict[str, Any]] = []
        for ours in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                make_files(folder)
                text = json.dumps(run(python, program, server.url, folder, ours))
                shown.append(json.loads(text.replace(folder, "FOLDER").replace(server.url.rstrip("/"), "URL")))
    official, mine = shown
    for step in dict.fromkeys([*official, *mine]):
        reason = DIFFERENCES.get((name, step), "")
        verdict = 0 if step in mine and mine.get(step) == official.get(step) else 1 if reason else 2
        counts[verdict] += 1
        print("%-13s %-20s %s" % (name, step, ("the same", reason, "DIFFERENT")[verdict]))
        if verdict or show_all:
            print(
                "    official %.300s\n    ours     %.300s"
                % (json.dumps(official.get(step)), json.dumps(mine.get(step)))
            )
    return counts[0], counts[1], counts[2]


def make_files(folder: str) -> None:
    sys.path.insert(0, str(ROOT / "testing" / "apps"))
    from functions import make_png

    Path(folder, "picture.png").write_bytes(make_png(4, 3))


def main(names: List[str]) -> int:
    same = explained = different = missing = 0
    for name in names or PROGRAMS:
        try:
            row = compare(name)
        except NotInstalled as problem:
            missing += 1
            print("%-13s not run: %s" % (name, problem))
            continue
        same, explained, different = same + row[0], explained + row[1], different + row[2]
    print("%d steps the same, %d explained, %d not; %d programs not run" % (same, explained, different, missing))
    return 1 if different or (missing and "CI" in os.environ) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
