"""The same calls through the official client and through ours, on real servers: do they give the same values?

    python3 testing/differential.py [VERSION ...]
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
from testing.servers import Server, install_official  # noqa: E402
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
    "chatbot": [{"role": "user", "content": "hi"}],
    "uploadbutton": FILE + "text.txt",
    "fileexplorer": [["main.py"]],
    "timer": 2,
    "browserstate": {"a": 1},
    "datetime": "2026-01-02 03:04:05",
    "highlightedtext": [{"token": "the", "class_or_confidence": None}],
    "label": {"label": "cat", "confidences": [{"label": "cat", "confidence": 0.75}]},
    "annotatedimage": {"image": FILE + "image.png", "annotations": [{"image": FILE + "image.png", "label": "box"}]},
    "video": {"video": FILE + "text.txt", "subtitles": None},
    "imageslider": [FILE + "image.png", FILE + "image.png"],
    "downloadbutton": FILE + "text.txt",
    "dialogue": [{"speaker": "A", "text": "hello"}],
}
CHATS: Dict[str, Any] = {"3": [["hi", "ho"]], "4": [["hi", "ho"]]}  # what `take_chatbot` is given by these
BESIDE: List[Tuple[str, List[Any], List[Any]]] = [  # what callers give for a component beside a text and a state,
    ("button", ["text"], ["Run", "text", "kept"]),  # and what the function gets. Here the official client fails
    ("button", ["V", "text"], ["V", "text", "kept"]),
    ("duplicatebutton", ["text"], ["Copy", "text", "kept"]),  # and here
    ("duplicatebutton", ["V", "text"], ["V", "text", "kept"]),
    ("deeplinkbutton", ["text"], ["Share", "text", "kept"]),  # and here
    ("deeplinkbutton", ["V", "text"], ["V", "text", "kept"]),
    ("uploadbutton", [FILE + "text.txt", "text"], [".txt of 9 bytes", "text", "kept"]),
    ("dataset", [1, "text"], [["two"], "text", "kept"]),
    ("html", [], ["<b>h</b>", "default", "kept"]),  # before 4.23 it knows no defaults
    ("html", ["V", "text"], ["V", "text", "kept"]),
    ("markdown", [], ["# m", "default", "kept"]),
    ("markdown", ["V", "text"], ["V", "text", "kept"]),
    ("timer", [], [5, "default", "kept"]),
    ("timer", [7, "text"], [7, "text", "kept"]),
    ("browserstate", [], [{"k": 1}, "default", "kept"]),  # it always wants a value
    ("browserstate", ["V", "text"], ["V", "text", "kept"]),
    ("state", ["text"], ["hidden", "text", "kept"]),
]
OTHERS = ("/gallery_elsewhere", "/mixed", "/updates", "/update_file", "/growing", "/stream_audio")
PICTURE, BOX = "picture 4x3 128", "picture 4x3 76"
BACK: Dict[str, Dict[str, Any]] = {  # what a function sees of what `make_…` returned, by the first digits of releases
    "image": {"": PICTURE},
    "imageeditor": {"": {"background": PICTURE, "layers": ["picture 4x3 9"], "composite": PICTURE}},
    "imageslider": {"": ["picture 4x3 1", "picture 4x3 2"]},
    "audio": {"": ".wav of 1644 bytes"},
    "video": {"": ".mp4 of 17 bytes", "4.8": None},  # which wants ffprobe
    "file": {"": ".txt of 4 bytes"},
    "files": {"": [".txt of 3 bytes", ".txt of 0 bytes"]},
    "gallery": {
        "": [["picture 4x3 1", "first"], ["picture 4x3 2", None]],
        "4.8": {"root": [{"image": "picture 4x3 1", "caption": "first"}, {"image": "picture 4x3 2"}]},
    },
    "model3d": {"": ".obj of 8 bytes"},
    "downloadbutton": {"": ".txt of 4 bytes"},
    "uploadbutton": {"": ".txt of 2 bytes", "3": None},  # sends the path of its own disk, as a mere text
    "chatbot": {
        "": [["hi", "**ho**"], [[PICTURE], None]],
        "3": [["hi", "**ho**"], [[PICTURE], None]],
        "5": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "**ho**"},
            {"role": "user", "content": [PICTURE]},
        ],
        "6": [
            {"role": "user", "content": [{"text": "hi", "type": "text"}]},
            {"role": "assistant", "content": [{"text": "**ho**", "type": "text"}]},
            {"role": "user", "content": [{"file": PICTURE, "type": "file"}]},
        ],
    },
    "multimodaltextbox": {"": {"text": "see", "files": [PICTURE]}},
    "annotatedimage": {
        "": [PICTURE, [[BOX, "box"]]],
        "4.8": {"image": PICTURE, "annotations": [{"image": BOX, "label": "box"}]},
    },
    "label": {
        "": {"cat": 0.75, "dog": 0.25},
        "3": {
            "label": "cat",
            "confidences": [{"label": "cat", "confidence": 0.75}, {"label": "dog", "confidence": 0.25}],
        },
    },
    "highlightedtext": {
        "": [{"token": "the"}, {"token": "cat", "class_or_confidence": "noun"}],
        "3": [["the", None], ["cat", "noun"]],
    },
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
    # of the app `components`
    **{("", name): "a file elsewhere fails the official client's call, ours gives FileData" for name in OTHERS[:2]},
    ("", "/update"): "an update of a value alone is that value here; the official client leaves such values out",
    ("", "/growing"): IN_A_FILE,
    ("", "/stream_audio"): "a medium that is still being made is fetched when it is complete",
    ("", "/make_plot"): "3.x: the official client writes the value into a JSON file and returns its path",
    **{("", "/make_" + name): "Altair numbers its views" for name in ("lineplot", "barplot", "scatterplot")},
    **{("", "/beside_" + name): "a button's own text is filled in" for name in ("button", "duplicate", "deeplink")},
    ("", "/beside_browserstate"): "the app's default is known here; the official client always wants a value",
    ("", "/beside_upload"): "both refuse what is no file, ours before it is sent",
    ("", "/beside_state"): "an argument too many is an error, which the official client leaves out",
    ("3.", "/beside_"): "3.x: the official client knows no defaults",
    ("4.8", "/beside_"): "before 4.23 the official client knows no defaults",
    ("4.19", "/beside_"): "before 4.23 the official client knows no defaults",
    ("6.", "/take_video"): "a video in the shape of 5 is made to fit",
    ("6.", "/see_video"): "a video in the shape of 5 is made to fit",
    ("6.", "/take_chatbot"): "messages in the shape of 5 are made to fit",
    ("6.", "/see_chatbot"): "messages in the shape of 5 are made to fit",
    ("3.", "/make_image"): "3.x sends images without a name: ours is image.png, the official client's is random",
    ("3.", "/make_video"): "3.x: ours is the value of 4.x and later, as everywhere",
    ("3.", "/make_uploadbutton"): "3.x sends a path of its disk as text, which the official client takes for base64",
    ("3.", "/make_"): IN_A_FILE,
    ("3.", "/take_"): NO_UPLOAD + ", and takes other arguments for paths",
    ("3.", "/see_"): NO_UPLOAD + ", and takes other arguments for paths",
}


METHODS = ("__init__", "predict", "submit", "view_api", "duplicate")  # of Client; of Job, all that are public
OF_ITERATION = ("__iter__", "__next__", "__aiter__", "__await__")
Signatures = Dict[str, List[List[str]]]  # function: name, kind and default of each parameter
QUIET = "nothing prints unless it is asked to"
AS_OPTION = "an option of its own here, instead of httpx_kwargs"
OLD_NAME = "a name that earlier official clients had"
SIGNATURE_DIFFERENCES: Dict[Tuple[str, str], str] = {  # (function, what is different): reason
    ("Client.__init__", "httpx_kwargs place"): "by name alone, as programs give it",
    ("Client.__init__", "analytics_enabled default"): "there is nothing that it could switch off",
    ("Job.fail", "added"): "for the thread that carries the job out",
    ("Job.finish", "added"): "for the thread that carries the job out",
    ("Job.publish", "added"): "for the thread that carries the job out",
    ("Job.updates", "added"): "what `async for` yields, without asyncio",
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


def reason_for(version: str, name: str, mine: Any, other: Any) -> str:
    """Why the answers differ. Nothing explains that ours fails alone, but for a mistake of the caller."""
    if mine[0] == "ERROR" and other[0] == "ERROR" and name.startswith(("/take", "/see", "/beside", "/make", "/stream")):
        return "both fail, each in its words"
    found = [
        (prefix, endpoint)
        for prefix, endpoint in DIFFERENCES
        if version.startswith(prefix) and name.startswith(endpoint)
    ]
    if not found or (mine[0] == "ERROR" and other[0] != "ERROR" and name not in ("/crash", "/beside_state")):
        return ""
    return DIFFERENCES[max(found, key=lambda pair: (len(pair[1]), len(pair[0])))]


def components_calls(version: str, ready: Dict[str, Any]) -> List[Tuple[str, List[Any]]]:
    kinds = [str(kind).lower() for kind in ready["components"]]
    calls: List[Tuple[str, List[Any]]] = [("/make_" + kind, []) for kind in kinds]
    for kind in kinds:
        if kind in TAKEN:
            given = CHATS.get(version[0], TAKEN[kind]) if kind == "chatbot" else TAKEN[kind]
            calls += [("/take_" + kind, [given]), ("/see_" + kind, [given])]
    offered = [str(kind).lower() for kind in ready["beside"]]
    for kind, args, _ in BESIDE:
        listed = version < "4" and kind.endswith("button")  # there, buttons are inputs like others
        if kind in offered and not (listed and len(args) == 1):
            calls.append(("/beside_" + kind, args))
    return calls + [(name, []) for name in OTHERS]


def round_trips(version: str, url: str, kinds: List[str], folder: str) -> Tuple[int, int, int]:
    """What one call returned is given to the next, as local paths and as FileData. Equal, skipped, wrong."""
    import gradio_lite_client

    equal = skipped = wrong = 0
    for download_files in (folder, False):
        with gradio_lite_client.Client(url, download_files=download_files) as client:
            for kind in (kind for kind in kinds if kind in BACK):
                expected = BACK[kind][max(filter(version.startswith, BACK[kind]), key=len)]
                if expected is None:
                    skipped += 1
                    continue
                try:
                    made = client.predict(api_name="/make_" + kind)
                    seen: Any = json.loads(client.predict(made, api_name="/see_" + kind))
                except Exception as error:
                    seen = str(error)
                equal, wrong = (equal + 1, wrong) if seen == expected else (equal, wrong + 1)
                if seen != expected:
                    print("%-7s %-18s sent back: %.300s" % (version, kind, seen))
    return equal, skipped, wrong


def compare(version: str, app: str) -> Tuple[int, int, int]:
    """Equal, explained and unexplained differences."""
    import gradio_lite_client

    equal = explained = unexplained = 0
    with Server(RELEASES[version], app) as server, tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        calls = CALLS
        if app == "components":
            calls = components_calls(version, server.ready)
            kinds = [str(kind).lower() for kind in server.ready["components"]]
            equal, explained, unexplained = round_trips(version, server.url, kinds, folder)
        ours = call_all(gradio_lite_client, server.url, calls, folder)
        official = through_official(version, server.url, calls, folder)
    for (name, args), mine, other in zip(calls, ours, official):
        for kind, given, seen in BESIDE:
            if name == "/beside_" + kind and args == given and mine[-1] != json.dumps(seen):
                unexplained += 1
                print("%-7s %s%s gave %s" % (version, name, tuple(args), mine))
        if json.dumps(mine, sort_keys=True) == json.dumps(other, sort_keys=True):
            equal += 1
            continue
        reason = reason_for(version, name, mine, other)
        explained, unexplained = (explained + 1, unexplained) if reason else (explained, unexplained + 1)
        print("%-7s %-18s %s" % (version, name, reason or "NOT EXPLAINED"))
        print("        ours     %.300s\n        official %.300s" % (json.dumps(mine), json.dumps(other)))
    return equal, explained, unexplained


def signatures(client_module: Any, job: Any) -> Signatures:
    functions = {"Client." + name: getattr(client_module.Client, name) for name in METHODS}
    functions["handle_file"] = client_module.handle_file
    wanted = (name for name in dir(job) if not name.startswith("_") or name in OF_ITERATION)
    functions.update(("Job." + name, getattr(job, name)) for name in wanted if callable(getattr(job, name)))
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


def main(versions: List[str]) -> int:
    totals = list(compare_signatures())
    if versions == ["--signatures"]:
        print("%d equal, %d explained differences, %d not explained" % tuple(totals))
        return 1 if totals[2] else 0
    for version in versions or VERSIONS:
        for app in ("main", "components"):
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
