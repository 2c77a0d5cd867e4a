"""A small app for testing/proxies.py, on the Gradio that is installed: what has to work through any proxy.

    python network.py [OPTIONS OF main.py]

Serves it twice: at `url`, and at `kept` under the path /kept, for proxies that pass a prefix on. Its functions run
side by side.
"""

import os
import shutil
import tempfile
import time
from typing import Any, Dict, Iterator

import gradio as gr
import main

KEPT = "/kept"
states: Dict[str, str] = {}  # of each tag of `count`: it "runs", or has "ended", in whatever way


def echo(text: Any) -> Any:
    return text


def count(number: Any, seconds: Any, tag: Any) -> Iterator[str]:
    states[tag] = "runs"
    try:
        for i in range(int(number)):
            if i:
                time.sleep(float(seconds))
            yield "%s %d" % (tag, i)
    finally:
        states[tag] = "ended"


def sleep(seconds: Any) -> str:
    time.sleep(float(seconds))
    return "slept"


def copy(upload: Any) -> str:
    path = upload if isinstance(upload, str) else upload.name  # Gradio 3 passes an open file
    return str(shutil.copy(path, os.path.join(tempfile.mkdtemp(), os.path.basename(path))))


def state(tag: Any) -> str:
    return states.get(tag, "")


def build() -> Any:
    with gr.Blocks() as demo:
        button = gr.Button("run")
        text, tag, answer = gr.Textbox(), gr.Textbox(), gr.Textbox()
        number, seconds = gr.Number(), gr.Number()
        upload, download = gr.File(), gr.File()
        button.click(echo, text, answer, api_name="echo")
        button.click(count, [number, seconds, tag], answer, api_name="count")
        button.click(sleep, seconds, answer, api_name="sleep")
        button.click(copy, upload, download, api_name="copy")
        button.click(state, tag, answer, api_name="state", queue=False)
    return demo


def start() -> Dict[str, Any]:
    options = main.parse_arguments()
    url = main.serve(build(), options)
    options.mount, options.port = KEPT, 0
    return {"url": url, "kept": main.serve(build(), options)}


if __name__ == "__main__":
    main.run_until_stdin_ends(start)
