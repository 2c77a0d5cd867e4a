"""Record what real servers say: testing/corpus/VERSION.json, one file for each release.

    python3 testing/record.py [VERSION ...]

Each file holds the config and /info of testing/apps/main.py, cut to what a client reads, and for some calls the
server's messages word for word, with the outputs that the client made of them. The offline suite replays these: here
an old release lives on after it no longer installs.
"""

import json
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
import gradio_lite_client as glc  # noqa: E402
from testing.servers import Server  # noqa: E402
from testing.versions import RELEASES, Release  # noqa: E402

CORPUS = Path(__file__).resolve().parent / "corpus"
CALLS: List[Tuple[str, Tuple[Any, ...]]] = [
    ("/add", (1, 2)),
    ("/several", ("ab", 2)),
    ("/nothing", ("x",)),
    ("/panel", ("x",)),
    ("/refresh", ("x",)),
    ("/stream", (3,)),
    ("/nested", ()),
    ("/shrinking", ()),
    ("/pairs", (3,)),
    ("/chat", ("a b",)),
    ("/late", (2,)),
    ("/late_crash", (2,)),
    ("/once", ("x",)),
    ("/never", ()),
    ("/remember", ("ab",)),
    ("/work", (2,)),
    ("/talk", ("x",)),
    ("/refuse", ("x",)),
    ("/crash", ("x",)),
    ("/make_file", ("a b.txt", 5)),
    ("/new_image", (2, 2)),
    ("/gallery", ()),
    ("/pathlike", ()),
]
DEPENDENCY_KEYS = {
    *("id", "inputs", "outputs", "backend_fn", "queue", "api_name", "api_visibility", "show_api", "batch"),
    *("cancels", "types", "every", "connection", "max_batch_size"),
}
CONFIG_KEYS = {
    *("version", "protocol", "api_prefix", "enable_queue", "root", "max_file_size", "connect_heartbeat", "is_space"),
    *("space_id", "show_api", "show_error", "username"),
}
COMPONENT_KEYS = {"id", "type", "skip_api", "api_info"}
PROPS = {"value", "label", "choices", "minimum", "maximum", "file_count", "multiselect", "type"}


def trimmed(config: Dict[str, Any]) -> Dict[str, Any]:
    """The config without what only a browser needs."""
    kept = {key: config[key] for key in config if key in CONFIG_KEYS}
    kept["components"] = [
        {
            **{key: component[key] for key in component if key in COMPONENT_KEYS},
            "props": {key: value for key, value in component["props"].items() if key in PROPS},
        }
        for component in config["components"]
    ]
    kept["dependencies"] = [
        {key: value for key, value in dependency.items() if key in DEPENDENCY_KEYS}
        for dependency in config["dependencies"]
    ]
    return kept


def info_of(client: glc.Client) -> Any:
    prefix = client.config.get("api_prefix") or ""
    with urllib.request.urlopen(f"{client.src}{prefix}/info?all_endpoints=true") as answer:
        info = json.load(answer).get("named_endpoints") or {}
    lists = ("parameters", "returns")
    unread = ("example_input", "type", "serializer")
    return {
        name: {
            key: [without(item, unread) for item in end[key]] if key in lists else end[key] for key in without(end, ())
        }
        for name, end in info.items()
    }


def without(item: Dict[str, Any], keys: Sequence[str]) -> Dict[str, Any]:
    return {key: value for key, value in item.items() if key not in (*keys, "code_snippets")}


def record_call(client: glc.Client, name: str, args: Tuple[Any, ...]) -> Dict[str, Any]:
    heard: List[glc.Message] = []
    understand = glc.parse_message

    def listen(text: str) -> "Optional[glc.Message]":
        message = understand(text)
        heard.extend([message] if message else [])
        return message

    glc.parse_message = listen
    try:
        job = client.submit(*args, api_name=name)
        error = job.exception(timeout=60)
    finally:
        glc.parse_message = understand
    said = [message for message in heard if message["msg"] not in ("heartbeat", "close_stream")]
    return {
        "messages": said,
        "outputs": job.outputs(),
        "error": None if error is None else [type(error).__name__, str(error).replace(client.src, "URL")],
    }


def record(release: Release) -> Path:
    with Server(release) as server, tempfile.TemporaryDirectory() as folder:
        with glc.Client(server.url, download_files=folder) as client:
            recording = {
                "config": trimmed(client.config),
                "info": info_of(client),
                "api": client.view_api(print_info=False, return_format="str"),
                "calls": {name: record_call(client, name, args) for name, args in CALLS},
            }
        text = json.dumps(recording, indent=1, ensure_ascii=False)
        for place, stands_for in ((folder, "FOLDER"), (server._folder, "TMP"), (server.url.rstrip("/"), "URL")):
            text = text.replace(place, stands_for)
    path = CORPUS / (release.gradio + ".json")
    path.write_text(text + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    for version in sys.argv[1:] or RELEASES:
        print(record(RELEASES[version]))
