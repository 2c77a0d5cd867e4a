"""Endpoints for every component that has a value, and for the odd cases of values.

    python components.py --port N

`make_…` returns a value of the component, `take_…` gives back what it was given, `see_…` tells as text what it was
given, `beside_…` the same of a component beside a text and a state. Some more are named in build_others().
Prints a JSON line with the app's url when ready, like main.py. Components that the installed Gradio lacks are left out.
"""

import datetime
import json
import os
import tempfile
import time
from typing import Any, Callable, Dict, Iterator, List, Tuple

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


def table() -> Any:
    import pandas

    return pandas.DataFrame({"x": [1, 2], "y": [2.5, 1]})


SPEAKS_MESSAGES = int(gr.__version__.split(".")[0]) >= 5  # chats: Gradio 3 and 4 have pairs


def chat() -> Any:
    if not SPEAKS_MESSAGES:
        return [["hi", "**ho**"], [(picture(),), None]]
    content = {"path": picture()}
    return [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "**ho**"},
        dict(role="user", content=content),
    ]


FOLDER = os.path.dirname(os.path.abspath(__file__))
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
    "Chatbot": ({}, chat),
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
    "UploadButton": ({}, lambda: written("u.txt", b"up")),
    "FileExplorer": ({"root_dir": FOLDER}, lambda: [os.path.join(FOLDER, "main.py")]),
    "LinePlot": ({"x": "x", "y": "y"}, table),
    "BarPlot": ({"x": "x", "y": "y"}, table),
    "ScatterPlot": ({"x": "x", "y": "y"}, table),
    "Timer": ({"value": 2}, lambda: 3),
    "Dialogue": ({"speakers": ["A", "B"]}, lambda: [{"speaker": "A", "text": "hello"}]),
}
CLASSES = {"Files": "File", "Dropdowns": "Dropdown"}
BESIDE: Dict[str, Callable[[], Any]] = {  # what is no usual input, but can be one
    "Button": lambda: gr.Button("Run"),
    "DuplicateButton": lambda: gr.DuplicateButton(value="Copy"),
    "DeepLinkButton": lambda: gr.DeepLinkButton("Share"),
    "UploadButton": lambda: gr.UploadButton("Up"),
    "Dataset": lambda: gr.Dataset(components=[gr.Textbox(visible=False)], samples=[["one"], ["two"]]),
    "HTML": lambda: gr.HTML("<b>h</b>"),
    "Markdown": lambda: gr.Markdown("# m"),
    "Timer": lambda: gr.Timer(5),
    "Navbar": lambda: gr.Navbar(),
    "BrowserState": lambda: gr.BrowserState({"k": 1}),
    "State": lambda: gr.State("hidden"),
}


def same(value: Any) -> Any:
    return value


def seen(value: Any) -> Any:
    """What a function got, in words that are the same for the same contents."""
    name = getattr(value, "name", value)  # of a temporary file, as 3.x has them
    if isinstance(name, str) and os.path.isfile(name):
        suffix = os.path.splitext(name)[1]
        if suffix not in (".png", ".webp"):
            return "%s of %d bytes" % (suffix, os.path.getsize(name))
        import PIL.Image

        with PIL.Image.open(name) as image:
            return "picture %dx%d %s" % (image.width, image.height, image.convert("L").getpixel((0, 0)))
    if isinstance(value, (list, tuple)):
        return [seen(item) for item in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    fields = value if isinstance(value, dict) else vars(value)  # of GalleryData and others of early 4.x
    path = fields.get("path", fields.get("name"))
    if isinstance(path, str) and os.path.isfile(path):
        return seen(path)
    return {key: seen(item) for key, item in fields.items() if item is not None}


def tell(*values: Any) -> str:
    return json.dumps(seen(values[0] if len(values) == 1 else values))


def sounds() -> Iterator[bytes]:
    with open(sound(), "rb") as whole:
        content = whole.read()
    for _ in range(3):
        yield content
        time.sleep(0.05)


def build_others(web: str) -> None:
    """Values with something about them. `web` is another server."""
    button = gr.Button()

    def offer(name: str, function: Callable[..., Any], inputs: Any, outputs: Any) -> None:
        button.click(function, inputs, outputs, api_name=name)

    offer("stream_audio", sounds, None, gr.Audio(streaming=True))
    offer("gallery_elsewhere", lambda: [picture(), web + "/r.png"], None, [gr.Gallery(), gr.Textbox()][0])
    offer(
        "mixed",
        lambda: (written("a.txt", b"a"), [web + "/r.png"], "text"),
        None,
        [gr.File(), gr.Gallery(), gr.Textbox()],
    )
    change = gr.update(value="b", choices=["a", "b", "c"])
    offer("updates", lambda: (change, gr.update(value="b"), gr.update(visible=False)), None,
          [gr.Dropdown(["a", "b"]), gr.Dropdown(["a", "b"]), gr.Textbox()])  # fmt: skip
    offer("update_file", lambda: gr.update(value=written("f.txt", b"text"), label="L"), None, gr.File())

    def growing() -> Iterator[Any]:
        file = written("f.txt", b"text")
        for count in range(1, 6):
            yield file, "x" * count, [[str(count), None]]

    offer("growing", growing, None, [gr.File(), gr.Textbox(), gr.JSON()])


def build(web: str = "http://127.0.0.1:9") -> Tuple[Any, List[str], List[str]]:
    made: List[str] = []
    beside: List[str] = []
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
            try:
                given, back, shown = constructor(**options), constructor(**options), constructor(**options)
            except TypeError:  # FileExplorer before 4.13
                continue
            button = gr.Button(kind)
            button.click(make, None, shown, api_name="make_" + kind.lower())
            button.click(same, given, back, api_name="take_" + kind.lower())
            button.click(tell, given, gr.Textbox(), api_name="see_" + kind.lower())
            made.append(kind)
        for kind, create in BESIDE.items():
            if hasattr(gr, kind):
                inputs = [create(), gr.Textbox("default"), gr.State("kept")]
                gr.Button(kind).click(tell, inputs, gr.Textbox(), api_name="beside_" + kind.lower())
                beside.append(kind)
        build_others(web)
    return demo, made, beside


def start() -> Dict[str, Any]:
    demo, made, beside = build()
    port = free_port()
    demo.queue()
    demo.launch(server_name="127.0.0.1", server_port=port, prevent_thread_lock=True, quiet=True, show_error=True)
    return {"url": "http://127.0.0.1:%d/" % port, "components": made, "beside": beside}


if __name__ == "__main__":
    run_until_stdin_ends(start)
