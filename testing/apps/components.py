"""An endpoint for every component that has a value: `make_…` returns one, `take_…` gives back what it was given.

    python components.py --port N

Prints a JSON line with the app's url when ready, like main.py. Components that the installed Gradio lacks are left out.
"""

import datetime
import os
import tempfile
from typing import Any, Callable, Dict, List, Tuple

import functions
import gradio as gr
from main import free_port, run_until_stdin_ends


def written(name: str, content: bytes) -> str:
    return str(functions.new_file(name, content))


def picture(name: str = "p.png", grey: int = 128) -> str:
    return written(name, functions.make_png(4, 3, grey))


def sound() -> str:
    return str(functions.make_wav(os.path.join(tempfile.mkdtemp(), "s.wav")))


def plot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as pyplot

    figure = pyplot.figure(figsize=(1, 1))
    figure.add_subplot().plot([1, 2])
    return figure


CHAT = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "**ho**"}]
MAKE: Dict[str, Tuple[Dict[str, Any], Callable[[], Any]]] = {  # component: options, and what makes a value
    "Image": ({}, picture),
    "ImageEditor": ({}, lambda: {"background": picture(), "layers": [picture("l.png", 9)], "composite": picture()}),
    "ImageSlider": ({}, lambda: (picture("a.png", 1), picture("b.png", 2))),
    "Audio": ({}, sound),
    "Video": ({}, lambda: written("v.mp4", b"not really a film")),
    "File": ({}, lambda: written("f.txt", b"text")),
    "Files": ({"file_count": "multiple"}, lambda: [written("1.txt", b"one"), written("2.txt", b"")]),
    "Gallery": ({}, lambda: [(picture("a.png", 1), "first"), picture("b.png", 2)]),
    "Model3D": ({}, lambda: written("m.obj", b"v 0 0 0\n")),
    "DownloadButton": ({}, lambda: written("d.txt", b"down")),
    "Chatbot": ({}, lambda: CHAT),
    "MultimodalTextbox": ({}, lambda: {"text": "see", "files": [picture()]}),
    "Dataframe": ({"headers": ["a", "b"]}, lambda: [[1, "x"], [2.5, None]]),
    "Plot": ({}, plot),
    "Label": ({}, lambda: {"cat": 0.75, "dog": 0.25}),
    "HighlightedText": ({}, lambda: [("the", None), ("cat", "noun")]),
    "AnnotatedImage": ({}, lambda: (picture(), [((0, 0, 2, 2), "box")])),
    "JSON": ({}, lambda: {"a": [1, {"b": None}], "ü": "\u2028"}),
    "Dropdown": ({"choices": ["a", "b"]}, lambda: "b"),
    "Dropdowns": ({"choices": ["a", "b"], "multiselect": True}, lambda: ["b", "a"]),
    "Slider": ({"minimum": 0, "maximum": 10}, lambda: 3.5),
    "Number": ({}, lambda: 7),
    "Checkbox": ({}, lambda: True),
    "CheckboxGroup": ({"choices": ["a", "b"]}, lambda: ["a"]),
    "Radio": ({"choices": ["a", "b"]}, lambda: "a"),
    "ColorPicker": ({}, lambda: "#00ff00"),
    "DateTime": ({}, lambda: datetime.datetime(2026, 1, 2, 3, 4, 5)),
    "Code": ({}, lambda: "print(1)\n"),
    "Markdown": ({}, lambda: "# title\n"),
    "HTML": ({}, lambda: "<b>x</b>"),
    "ParamViewer": ({}, lambda: {"x": {"type": "int", "description": "a number", "default": "1"}}),
    "Textbox": ({}, lambda: "text\r\nmore\u0085"),
    "BrowserState": ({}, lambda: "kept"),
}
CLASSES = {"Files": "File", "Dropdowns": "Dropdown"}


def same(value: Any) -> Any:
    return value


def build() -> Tuple[Any, List[str]]:
    made: List[str] = []
    with gr.Blocks() as demo:
        for kind, (options, make) in MAKE.items():
            constructor = getattr(gr, CLASSES.get(kind, kind), None)
            if constructor is None:
                continue
            options = dict(options)
            if kind == "Chatbot" and gr.__version__.startswith("5."):
                options["type"] = "messages"
            if kind in ("Image", "ImageEditor", "ImageSlider", "Audio"):
                options["type"] = "filepath"
            if kind == "Dataframe":
                options["type"] = "array"
            given, back, shown = constructor(**options), constructor(**options), constructor(**options)
            gr.Button(kind).click(make, None, shown, api_name="make_" + kind.lower())
            gr.Button(kind).click(same, given, back, api_name="take_" + kind.lower())
            made.append(kind)
    return demo, made


def start() -> Dict[str, Any]:
    demo, made = build()
    port = free_port()
    demo.queue()
    demo.launch(server_name="127.0.0.1", server_port=port, prevent_thread_lock=True, quiet=True, show_error=True)
    return {"url": "http://127.0.0.1:%d/" % port, "components": made}


if __name__ == "__main__":
    run_until_stdin_ends(start)
