"""Stand-ins for the apps that the samples of Gradio's client guide call, each with a single endpoint.

Options and the ready line are those of main.py, with "urls" by app in place of "url".
"""

import os
import tempfile
import time
from typing import Any, Dict, Iterator

import gradio as gr
from functions import Endpoint, make_png
from main import build, parse_arguments, run_until_stdin_ends, serve

WHISPER = "This is a test of the whisper speech recognition model."
STEP = 0.3  # seconds: the pace of what takes time


def calculate(num1: float, operation: str, num2: float) -> float:
    if operation == "add":
        return num1 + num2
    if operation == "subtract":
        return num1 - num2
    if operation == "multiply":
        return num1 * num2
    if num2 == 0:
        raise gr.Error("Cannot divide by zero!")
    return num1 / num2


def translate(text: str) -> str:
    return "Bonjour"


def transcribe(audio: str) -> str:
    time.sleep(3 * STEP)
    return WHISPER


def draw(text: str, steps: float = 10) -> str:
    handle, path = tempfile.mkstemp(".png")
    with os.fdopen(handle, "wb") as picture:
        picture.write(make_png(int(steps), len(text)))
    return path


def count_up(number: float) -> Iterator[str]:
    for i in range(int(number)):
        yield str(i)
        time.sleep(STEP)


def spell(text: str) -> Iterator[str]:
    for letter in text:
        yield letter
        time.sleep(STEP)


def count(word, list_of_words):  # type: ignore[no-untyped-def] # 3.28 chokes on List[str]
    return list_of_words.count(word), list_of_words + [word]


def count_demo() -> Any:
    with gr.Blocks() as demo:
        words = gr.State([])
        textbox = gr.Textbox()
        number = gr.Number()
        textbox.submit(count, inputs=[textbox, words], outputs=[number, words])
    return demo


CALCULATOR = [
    ("number", {"label": "num1"}),
    ("radio", {"choices": ["add", "subtract", "multiply", "divide"], "label": "operation"}),
    ("number", {"label": "num2"}),
]
TEXT = ("textbox", {"label": "text"})
STEPS = ("slider", {"minimum": 1, "maximum": 50, "step": 1, "value": 10, "label": "steps"})
AUDIO = ("audio", {"type": "filepath", "label": "audio"})
OUTPUT = ("textbox", {"label": "output"})
LINE = {"line": "slow"}
ENDPOINTS = {
    "calculator": Endpoint("predict", calculate, list(CALCULATOR), [("number", {"label": "output"})], {}),
    "en2fr": Endpoint("predict", translate, [TEXT], [OUTPUT], {}),
    "whisper": Endpoint("predict", transcribe, [AUDIO], [OUTPUT], dict(LINE)),
    "image_generator": Endpoint("predict", draw, [TEXT, STEPS], [("image", {"label": "output"})], {}),
    "count_generator": Endpoint("count", count_up, [("number", {"label": "number"})], [OUTPUT], {}),
    "test-yield": Endpoint("predict", spell, [TEXT], [OUTPUT], {}),
}


def start() -> Dict[str, Any]:
    options = parse_arguments()
    demos = {name: build([endpoint], {}) for name, endpoint in ENDPOINTS.items()}
    demos["count"] = count_demo()
    return {"urls": {name: serve(demo, options) for name, demo in demos.items()}}


if __name__ == "__main__":
    run_until_stdin_ends(start)
