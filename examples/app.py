"""The app of the demo: a few functions that show what an API client has to cope with. Run as a script, needs Gradio."""

import json
import os
import sys
import tempfile
import time
from typing import Any, Callable, Iterator, List, Tuple


def make_functions(gr: Any) -> Tuple[Callable[..., Any], ...]:
    """The app's functions; `gr` is Gradio, or the tests' stand-in for it."""

    def greet(name: str, mark: str = "!") -> str:
        return "Hello " + name + mark

    def count(to: float) -> Iterator[str]:
        words = ""
        for number in range(int(to)):
            words += "%d " % number
            time.sleep(0.2)
            yield words

    def work(seconds: float, progress: Any = gr.Progress()) -> str:  # noqa: B008 - how Gradio finds it
        for step in range(5):
            progress((step + 1, 5), desc="working", unit="steps")
            time.sleep(seconds / 5)
        return "done"

    def shout(text_file: str) -> str:
        with open(text_file, encoding="utf-8") as source:
            text = source.read()
        path = os.path.join(tempfile.mkdtemp(), "LOUD.txt")
        with open(path, "w", encoding="utf-8") as result:
            result.write(text.upper())
        return path

    def tally(word: str, words: List[str]) -> Tuple[int, List[str]]:
        return words.count(word), [*words, word]

    return greet, count, work, shout, tally


def serve() -> str:
    import gradio as gr

    greet, count, work, shout, tally = make_functions(gr)
    with gr.Blocks() as demo:
        name, mark, number, seconds = gr.Textbox(label="name"), gr.Textbox("!", label="mark"), gr.Number(), gr.Number()
        text, upload, download = gr.Textbox(label="output"), gr.File(label="text file"), gr.File(label="loud file")
        words, seen = gr.State([]), gr.Number(label="seen")
        gr.Button("greet").click(greet, [name, mark], text, api_name="greet")
        gr.Button("count").click(count, number, text, api_name="count")
        gr.Button("work").click(work, seconds, text, api_name="work")  # one call at a time: others queue
        gr.Button("shout").click(shout, upload, download, api_name="shout")
        gr.Button("tally").click(tally, [name, words], [seen, words], api_name="tally")
    return str(demo.queue().launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)[1])


if __name__ == "__main__":
    stdout, sys.stdout = sys.stdout, sys.stderr  # Gradio prints, too
    print(json.dumps({"url": serve(), "version": "newest"}), file=stdout, flush=True)
    sys.stdin.read()  # ends with the demo
    os._exit(0)
