"""The app that the third-party programs of testing/programs.py call. Options and ready line are those of main.py."""

import os
import tempfile
import time
from typing import Any, Dict, Iterator

import gradio as gr
from functions import Endpoint, make_png, make_wav
from main import build, parse_arguments, run_until_stdin_ends, serve


def stored(suffix: str, contents: bytes) -> str:
    handle, path = tempfile.mkstemp(suffix)
    with os.fdopen(handle, "wb") as out:
        out.write(contents)
    return path


def predict(text: str) -> str:
    return text + ", in high detail"


def picture(text: str) -> str:
    return stored(".png", make_png(len(text), 2))


def mirror(image: str) -> str:
    with open(image, "rb") as source:
        return stored(".png", source.read())


def caption(image: str) -> str:
    return "a picture of %d bytes" % os.path.getsize(image)


def sound(text: str) -> str:
    path = stored(".wav", b"")
    make_wav(path, 10 * len(text))
    return path


def chat(message: str) -> str:
    return "You said: " + message


def fail(text: str) -> str:
    raise gr.Error("There is no " + text)


def count(to: float) -> Iterator[str]:
    for number in range(int(to)):
        time.sleep(0.1)
        yield str(number)


TEXT, WORDS = ("textbox", {"label": "text"}), ("textbox", {"label": "words"})
IMAGE = ("image", {"type": "filepath", "label": "image"})
ENDPOINTS = [
    Endpoint("predict", predict, [TEXT], [WORDS], {}),
    Endpoint("picture", picture, [TEXT], [IMAGE], {}),
    Endpoint("mirror", mirror, [IMAGE], [IMAGE], {}),
    Endpoint("caption", caption, [IMAGE], [WORDS], {}),
    Endpoint("sound", sound, [TEXT], [("audio", {"type": "filepath", "label": "sound"})], {}),
    Endpoint("chat", chat, [("textbox", {"label": "message"})], [WORDS], {}),
    Endpoint("fail", fail, [TEXT], [WORDS], {}),
    Endpoint("count", count, [("number", {"label": "to"})], [WORDS], {}),
]


def start() -> Dict[str, Any]:
    return {"url": serve(build(ENDPOINTS, {}), parse_arguments())}


if __name__ == "__main__":
    run_until_stdin_ends(start)
