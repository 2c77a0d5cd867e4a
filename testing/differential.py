"""The same calls through the official client and through ours, on real servers: do they give the same values?

    python3 testing/differential.py [VERSION ...]
    python3 testing/differential.py --cli [VERSION ...]     the same for the official command line, hf-gradio
    python3 testing/differential.py --signatures            what the functions of both take: a part of every run

The official client runs in an environment of its own. Files are compared by name and contents. Every difference has to
be one of DIFFERENCES, where the reason stands. Prints a table, and ends with a line of counts. Without versions, the
same is done for Spaces, with a fake Hub: testing/official_hub.py.
"""

import hashlib
import inspect
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
from testing.servers import PLACE, Server, call, executable, find_python, uv  # noqa: E402
from testing.versions import RELEASES  # noqa: E402

VERSIONS = ("6.31.0", "5.50.0", "4.44.1", "4.19.2", "4.8.0", "3.50.2", "3.41.2")
FILE = "FILE:"  # marks an argument that is a file to upload
CALLS: List[Tuple[str, List[Any]]] = [
    ("/add", [1, 2]),
    ("/add", [1]),
    ("/echo", ["a\u2028b\u0085c\r\nd😀"]),
    ("/several", ["ab", 2]),
    ("/nothing", ["x"]),
    ("/refresh", ["x"]),
    ("/panel", ["x"]),
    ("/stream", [4]),
    ("/nested", []),
    ("/shrinking", []),
    ("/pairs", [3]),
    ("/chat", ["a b c"]),
    ("/late", [2]),
    ("/once", ["x"]),
    ("/remember", ["ab"]),
    ("/refuse", ["x"]),
    ("/crash", ["x"]),
    ("/quick", ["x"]),
    ("/make_file", ["a b.txt", 9]),
    ("/make_files", [2]),
    ("/new_image", [4, 3]),
    ("/gallery", []),
    ("/copy_file", [FILE + "text.txt"]),
    ("/digest", [FILE + "text.txt"]),
    ("/same_image", [FILE + "image.png"]),
    ("/same_audio", [FILE + "sound.wav"]),
]
TAKEN: Dict[str, Any] = {  # what `take_…` of testing/apps/components.py is given
    "image": FILE + "image.png",
    "imageeditor": {"background": FILE + "image.png", "layers": [], "composite": FILE + "image.png"},
    "audio": FILE + "sound.wav",
    "file": FILE + "text.txt",
    "files": [FILE + "text.txt", FILE + "image.png"],
    "gallery": [{"image": FILE + "image.png", "caption": "c"}],
    "model3d": FILE + "text.txt",
    "multimodaltextbox": {"text": "t", "files": [FILE + "text.txt"]},
    "dataframe": {"headers": ["a", "b"], "data": [[1, "x"]]},
    "json": {"a": [1, None]},
    "dropdown": "a",
    "dropdowns": ["a"],
    "slider": 2,
    "number": 1.5,
    "checkbox": True,
    "checkboxgroup": ["b"],
    "radio": "b",
    "colorpicker": "#123456",
    "code": "x = 1",
    "markdown": "*m*",
    "html": "<i>h</i>",
    "textbox": "t\u2028",
}
QUOTES = "servers before 5.2 put quotes around the text of a gr.Error: ours takes them off"
IN_A_FILE = "3.x: the official client writes the value into a JSON file and returns its path"
NO_UPLOAD = "3.x: the official client fails on handle_file()"
DIFFERENCES: Dict[Tuple[str, str], str] = {  # (version prefix, endpoint): reason
    ("", "/refresh"): "a component update: the official client returns the update, ours the value in it",
    ("", "/crash"): "our text about an error that the app hides names the endpoint",
    **{(version, "/late"): QUOTES for version in ("3.", "4.", "5.0")},
    **{(version, "/refuse"): QUOTES for version in ("3.", "4.", "5.0")},
    **{(version, "/add"): "ours takes the default from the config, where /info has none" for version in ("3.", "4.")},
    **{("4.19", name): "the official client fails on diffs of lists that shrink" for name in ("/nested", "/shrinking")},
    **{("3.", name): IN_A_FILE for name in ("/several", "/nested", "/shrinking", "/chat")},
    **{("3.", name): NO_UPLOAD for name in ("/copy_file", "/digest", "/same_image", "/same_audio")},
    ("3.", "/quick"): "3.x: the official client fails on unqueued functions",
    ("3.", "/new_image"): "3.x sends images without a name: ours is image.png, the official client's is random",
    ("3.", "/gallery"): "3.x: the official client returns a folder, ours what 4.x and later return",
}


CLI_VERSIONS = ("6.31.0", "5.50.0", "4.44.1")
CLI_CALLS: List[List[str]] = [  # COPY stands for the path of a file to upload
    ["info"],
    ["predict", "/add", '{"a": 1}'],
    ["predict", "/add", '{"a": 1, "b": 2.5}'],
    ["predict", "/echo", '{"text": "a\\u2028\u00fc\U0001f600"}'],
    ["predict", "/echo_json", '{"value": {"a": [1, null]}}'],
    ["predict", "/several", '{"text": "x", "number": 2}'],
    ["predict", "/nothing", '{"text": "x"}'],
    ["predict", "/greet", "{}"],
    ["predict", "/stream", '{"words": 3}'],
    ["predict", "/pairs", '{"count": 3}'],
    ["predict", "/chat", '{"message": "a b"}'],
    ["predict", "/refresh", '{"text": "x"}'],
    ["predict", "/never", "{}"],
    ["predict", "/copy_file", '{"upload": {"path": "COPY", "meta": {"_type": "gradio.FileData"}}}'],
    ["predict", "/gallery", "{}"],
    ["predict", "add", '{"a": 1}'],
    ["predict", "/add", '{"b": 1}'],
    ["predict", "/nosuch", "{}"],
    ["predict", "/refuse", '{"text": "x"}'],
    ["predict", "/add", "1"],
]
CLI_DIFFERENCES: Dict[Tuple[str, ...], str] = {  # how a call begins: why it ends differently
    ("predict", "/refresh"): "a component update: the official one prints the update, ours the value in it",
    ("predict", "add"): "ours finds an endpoint without its slash, too",
    ("predict", "/add", '{"b": 1}'): "wrong usage ends with 2, and one line on stderr",
    ("predict", "/nosuch"): "wrong usage ends with 2, and one line on stderr",
    ("predict", "/add", "1"): "ours takes values by their order, the official one JSON objects only",
}


METHODS = ("__init__", "predict", "submit", "view_api", "duplicate")  # of Client; of Job, all that are public
OF_ITERATION = ("__iter__", "__next__", "__aiter__", "__await__")
Signatures = Dict[str, List[List[str]]]  # function: name, kind and default of each parameter
QUIET = "nothing prints unless it is asked to"
AS_OPTION = "an option of its own here, instead of httpx_kwargs"
OLD_NAME = "a name that earlier official clients had"
SIGNATURE_DIFFERENCES: Dict[Tuple[str, str], str] = {  # (function, what is different): reason
    ("Client.__init__", "src default"): "space= may stand in its place; without either it is a ValueError",
    ("Client.__init__", "verbose default"): QUIET,
    ("Client.__init__", "httpx_kwargs missing"): "there is no httpx: timeout=, proxy= and cookies= are options",
    ("Client.__init__", "download_files default"): "True: the folder is looked up when a file comes; it is the same",
    ("Client.__init__", "_skip_components missing"): "private: what the browser alone handles is always left out",
    ("Client.__init__", "analytics_enabled missing"): "there is no telemetry",
    ("Client.__init__", "api_name added"): "the endpoint of calls that name none",
    **{("Client.__init__", name + " added"): AS_OPTION for name in ("cookies", "proxy", "trust_env", "timeout")},
    ("Client.__init__", "skip_queue added"): "direct calls are a choice",
    **{("Client.__init__", name + " added"): OLD_NAME for name in ("space", "hf_token")},
    ("Client.duplicate", "verbose default"): QUIET,
    ("Client.duplicate", "variables added"): "the Hub takes them as it takes secrets",
    ("Client.duplicate", "hf_token added"): OLD_NAME,
    ("Client.duplicate", "options added"): "the further ones of Client",
    ("handle_file", "name added"): "bytes have none of their own",
    ("Job.__next__", "missing"): "each iter(job) begins at the first value: a job is no iterator itself",
    ("Job.__await__", "added"): "a job can be awaited",
}


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


def prepare(folder: str) -> None:
    sys.path.insert(0, str(ROOT / "testing" / "apps"))
    import functions

    Path(folder, "text.txt").write_bytes(b"some text")
    Path(folder, "image.png").write_bytes(functions.make_png(4, 3))
    functions.make_wav(os.path.join(folder, "sound.wav"))


def call_all(client_module: Any, url: str, calls: List[Tuple[str, List[Any]]], folder: str) -> List[Any]:
    """What each call gives: outputs and result, or the error."""
    output = tempfile.mkdtemp(dir=folder)
    client = client_module.Client(url, download_files=output, **({"verbose": False}))
    answers: List[Any] = []
    for name, args in calls:
        given = [replaced(arg, folder, client_module.handle_file) for arg in args]
        try:
            job = client.submit(*given, api_name=name)
            outcome: Any = job.result(timeout=60)
            answers.append([comparable(job.outputs(), output), comparable(outcome, output)])
        except Exception as error:
            answers.append(["ERROR", str(error)])
    return answers


def replaced(value: Any, folder: str, handle_file: Any) -> Any:
    if isinstance(value, str) and value.startswith(FILE):
        return handle_file(os.path.join(folder, value[len(FILE) :]))
    if isinstance(value, dict):
        return {key: replaced(item, folder, handle_file) for key, item in value.items()}
    return [replaced(item, folder, handle_file) for item in value] if isinstance(value, list) else value


def comparable(value: Any, folder: str) -> Any:
    """The value with local files replaced by their name and a hash of their contents."""
    if isinstance(value, str) and os.path.isabs(value) and os.path.isfile(value):
        digest = hashlib.sha256(Path(value).read_bytes()).hexdigest()[:12]
        return "%s%s %s" % (FILE, os.path.basename(value), digest)
    if isinstance(value, dict):
        return {key: comparable(item, folder) for key, item in value.items()}
    return [comparable(item, folder) for item in value] if isinstance(value, (list, tuple)) else value


def through_official(version: str, url: str, calls: List[Tuple[str, List[Any]]], folder: str) -> List[Any]:
    python = install_official(version)
    request = json.dumps({"url": url, "calls": calls, "folder": folder})
    done = subprocess.run(
        [python, __file__, "--official"], input=request, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, timeout=300, env=dict(os.environ, GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1"),
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    if not lines:
        return [["ERROR", "the official client does not connect: " + done.stderr.strip()[-200:]]] * len(calls)
    answers: List[Any] = json.loads(lines[-1])
    return answers


def reason_for(version: str, name: str) -> str:
    for (prefix, endpoint), reason in DIFFERENCES.items():
        if version.startswith(prefix) and name.startswith(endpoint):
            return reason
    return ""


def compare(version: str, app: str) -> Tuple[int, int, int]:
    """Equal, explained and unexplained differences."""
    import gradio_lite_client

    equal = explained = unexplained = 0
    with Server(RELEASES[version], app) as server, tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        calls = CALLS
        if app == "components":
            kinds = [str(kind).lower() for kind in server.ready["components"]]
            calls = [("/make_" + kind, []) for kind in kinds]
            calls += [("/take_" + kind, [TAKEN[kind]]) for kind in kinds if kind in TAKEN]
        ours = call_all(gradio_lite_client, server.url, calls, folder)
        official = through_official(version, server.url, calls, folder)
    for (name, _), mine, other in zip(calls, ours, official):
        if json.dumps(mine, sort_keys=True) == json.dumps(other, sort_keys=True):
            equal += 1
            continue
        reason = reason_for(version, name)
        explained, unexplained = (explained + 1, unexplained) if reason else (explained, unexplained + 1)
        print("%-7s %-18s %s" % (version, name, reason or "NOT EXPLAINED"))
        print("        ours     %.300s\n        official %.300s" % (json.dumps(mine), json.dumps(other)))
    return equal, explained, unexplained


def signatures(client_module: Any, job: Any) -> Signatures:
    functions = {"Client." + name: getattr(client_module.Client, name) for name in METHODS}
    functions["handle_file"] = client_module.handle_file
    wanted = (name for name in dir(job) if not name.startswith("_") or name in OF_ITERATION)
    functions.update(("Job." + name, getattr(job, name)) for name in wanted)
    return {
        name: [
            [
                parameter.name,
                parameter.kind.name,
                "" if parameter.default is parameter.empty else repr(parameter.default),
            ]
            for parameter in inspect.signature(function).parameters.values()
        ]
        for name, function in functions.items()
    }


def places(parameters: List[List[str]]) -> Dict[str, str]:
    """Where a caller puts each parameter: the number of a positional one, else its kind."""
    return {name: str(i) if kind.startswith("POSITIONAL") else kind for i, (name, kind, _) in enumerate(parameters)}


def deviations(mine: Signatures, official: Signatures) -> Iterator[Tuple[str, str]]:
    """(function, what is different) of each name, place and default that is not the same."""
    for function in {**official, **mine}:
        if function not in mine or function not in official:
            yield function, "added" if function in mine else "missing"
            continue
        here, there = places(mine[function]), places(official[function])
        defaults = [{name: default for name, _, default in found[function]} for found in (mine, official)]
        for name in {**there, **here}:
            if name not in here or name not in there:
                yield function, name + (" added" if name in here else " missing")
                continue
            if here[name] != there[name]:
                yield function, name + " place"
            if defaults[0][name] != defaults[1][name]:
                yield function, name + " default"


def compare_signatures() -> Tuple[int, int, int]:
    """Equal functions, explained and unexplained differences."""
    import gradio_lite_client

    command = [install_official(VERSIONS[0]), __file__, "--official-signatures"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=300)
    official: Signatures = json.loads(done.stdout)
    mine = signatures(gradio_lite_client, gradio_lite_client.Job)
    found = list(deviations(mine, official))
    explained = [deviation for deviation in found if deviation in SIGNATURE_DIFFERENCES]
    for function, what in found:
        print("%-16s %-25s %s" % (function, what, SIGNATURE_DIFFERENCES.get((function, what), "NOT EXPLAINED")))
    equal = {*mine, *official} - {function for function, _ in found}
    return len(equal), len(explained), len(found) - len(explained)


def install_official_cli() -> str:
    place = PLACE / "official-cli"
    if not (place / "stamp").exists():
        interpreter = find_python("3.12") or find_python("3.11") or find_python("3.10")
        call(uv(), "venv", "--quiet", "--clear", "--no-project", "--python", str(interpreter), str(place))
        call(uv(), "pip", "install", "--quiet", "--python", str(executable(place, "python")), "hf-gradio")
        (place / "stamp").write_text("hf-gradio")
    return str(executable(place, "hf-gradio"))


def through_cli(command: List[str], url: str, words: List[str], folder: str) -> Tuple[int, Any]:
    """Exit code and, if that is 0, what was printed."""
    path = os.path.join(folder, "text.txt")
    output = tempfile.mkdtemp(dir=folder)
    words = [words[0], url, *(word.replace("COPY", path) for word in words[1:])]
    words += ["--download-files", output] if words[0] == "predict" else []
    environment = dict(os.environ, GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1", TERM="dumb")
    done = subprocess.run(
        [*command, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    printed = json.loads(done.stdout.decode()) if done.returncode == 0 else None
    return done.returncode, comparable(printed, output)


def compare_cli(version: str) -> Tuple[int, int, int]:
    """Equal, explained and unexplained differences of the command lines: exit code and JSON."""
    equal = explained = unexplained = 0
    official = [install_official_cli()]
    with Server(RELEASES[version]) as server, tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        for words in CLI_CALLS:
            mine = through_cli([sys.executable, str(ROOT / "gradio_lite_client.py")], server.url, words, folder)
            other = through_cli(official, server.url, words, folder)
            if mine == other:
                equal += 1
                continue
            begins = (tuple(words[:length]) for length in (3, 2))
            reason = next((CLI_DIFFERENCES[begin] for begin in begins if begin in CLI_DIFFERENCES), "")
            explained, unexplained = (explained + 1, unexplained) if reason else (explained, unexplained + 1)
            print("%-7s %s: %s" % (version, " ".join(words), reason or "NOT EXPLAINED"))
            print("        ours     %.300s\n        official %.300s" % (json.dumps(mine), json.dumps(other)))
    return equal, explained, unexplained


def main(versions: List[str]) -> int:
    if versions[:1] == ["--cli"]:
        counts = [compare_cli(version) for version in versions[1:] or CLI_VERSIONS]
        print("%d equal, %d explained differences, %d not explained" % tuple(map(sum, zip(*counts))))
        return 1 if sum(count[2] for count in counts) else 0
    totals = list(compare_signatures())
    if versions == ["--signatures"]:
        print("%d equal, %d explained differences, %d not explained" % tuple(totals))
        return 1 if totals[2] else 0
    for version in versions or VERSIONS:
        for app in ("main", "components") if version >= "6" else ("main",):
            totals = [total + count for total, count in zip(totals, compare(version, app))]
    status = 0
    if not versions:
        from testing import official_hub  # uses this module

        status = official_hub.main()
    print("%d equal, %d explained differences, %d not explained" % tuple(totals))
    return 1 if totals[2] else status


if __name__ == "__main__":
    if sys.argv[1:] == ["--official"]:
        import gradio_client

        asked = json.load(sys.stdin)
        print(json.dumps(call_all(gradio_client, asked["url"], asked["calls"], asked["folder"])))
    elif sys.argv[1:] == ["--official-signatures"]:
        import gradio_client

        print(json.dumps(signatures(gradio_client, gradio_client.client.Job)))
    else:
        sys.exit(main(sys.argv[1:]))
