"""One table of functions, served by a real Gradio (main.py) and by the tests' stand-in for it.

`make_endpoints(gr)` needs a few names of Gradio only: Error, Info, Warning, Progress, Request, update, and where there
is one set_static_paths.
The constants are what the functions return, so that tests need not repeat it.

Standard library only; no annotations as strings here, since Gradio reads those of `gr.Request`.
"""

import hashlib
import inspect
import os
import shutil
import struct
import tempfile
import threading
import time
import wave
import zlib
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

Json = Any
Component = Tuple[str, Dict[str, Any]]  # type as in Gradio's config, arguments of its constructor


class Endpoint(NamedTuple):
    """A function and how it is offered.

    inputs and outputs: a state in the outputs is the state of the inputs, in order.
    options, all absent by default:
        queue       False: not queued
        visibility  "undocumented" (callable, not listed), "private" (no name at all), "unnamed" (no name
                    is given; Gradio 4 and later name it after the function, which is the name here)
        batch       True: takes and returns lists; with max_batch_size
        line        functions of the same line share one worker; others run several at a time
        cancels     name of an earlier endpoint whose running jobs the browser's click would stop
        js          JavaScript that runs in the browser; without fn there is nothing to call
    """

    name: str
    fn: Optional[Callable[..., Any]]
    inputs: List[Component]
    outputs: List[Component]
    options: Dict[str, Any]

    @property
    def is_generator(self) -> bool:
        return inspect.isgeneratorfunction(self.fn)


NESTED: List[Json] = [  # what `nested` yields: lists that grow and shrink, changes of type, at several depths
    {"rows": [1, 2, {"k": "x"}], "text": "w0 ", "gone": None},
    {"rows": [1, 2, {"k": "xx"}, 0], "text": "w0 w1 ", "new": {"deep": [[1, 2, 3], [4]]}},
    {"rows": [1], "text": "w0", "new": {"deep": [[1], [4, 5]]}},
    {"rows": [], "text": "", "new": {"deep": []}, "wide": ["a", "b", "c", "d", "e"]},
    {"rows": {"now": "a dict"}, "text": "\u2028\u0085", "wide": ["a"]},
    {"rows": None, "wide": ["a", {"b": [True, 1.5, "\U0001f600"]}]},
]
SHRINKING: List[Json] = [["a", "b", "c", "d", "e"], ["a", "b"], [], [["x", "y"], ["z"]], [["x"]]]
NOT_A_FILE: Json = {"path": "/etc/hostname", "note": "looks like a file and is none", "nested": [{"path": "x"}]}
WORDS = ["w0 ", "w1 ", "w2 ", "w3 "]  # `stream` yields their running concatenation


def make_png(width: int, height: int, grey: int = 128) -> bytes:
    """A valid grey PNG; the tests upload what this makes and compare what comes back."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = (b"\0" + bytes([grey]) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def make_wav(path: str, frames: int = 800) -> str:
    """Write a short valid WAV file; its path."""
    with wave.open(path, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"".join(struct.pack("<h", (i % 40) * 300) for i in range(frames)))
    return path


def make_text(size: int) -> str:
    """`size` characters that show where something is missing."""
    return "".join("%07d\n" % i for i in range(size // 8 + 1))[:size]


class Journal:
    """What functions did, in order, and permits for those that wait to be let on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: List[str] = []
        self._permits: Dict[str, threading.Semaphore] = {}

    def write(self, event: str, tag: str) -> None:
        with self._lock:
            self._lines.append("%s %s" % (event, tag))

    def read(self, tag: str) -> List[str]:
        """The events of one tag, or all lines if it is empty."""
        with self._lock:
            lines = list(self._lines)
        return [line.rpartition(" ")[0] for line in lines if line.rpartition(" ")[2] == tag] if tag else lines

    def permits(self, tag: str) -> threading.Semaphore:
        with self._lock:
            return self._permits.setdefault(tag, threading.Semaphore(0))


def path_of(upload: Any) -> Optional[str]:
    """The path of what a file component passes: a path, or in Gradio 3 an open temporary file."""
    return upload if upload is None or isinstance(upload, str) else str(upload.name)


def new_file(name: str, content: bytes) -> str:
    path = os.path.join(tempfile.mkdtemp(), name)
    Path(path).write_bytes(content)
    return path


def make_endpoints(gr: Any) -> List[Endpoint]:  # a table: long, flat, read by looking things up
    journal_of_app = Journal()
    speaks_messages = int(getattr(gr, "__version__", "6").split(".")[0]) >= 5  # chats: Gradio 3 and 4 have pairs

    # --- values ---

    def add(a: float, b: float = 3) -> float:
        return a + b

    def echo(text: str) -> str:
        return text

    def echo_json(value: Json) -> Json:
        return value

    def blob(size: float) -> str:
        return make_text(int(size))

    def several(text: str, number: float) -> Tuple[str, float, Json]:
        return text.upper(), number * 2, {"text": text, "number": number}

    def nothing(text: str) -> None:
        return None

    def greet(name: str = "Ada", mark: str = "!", times: float = 2, loud: bool = False) -> str:
        greeting = "Hello " + name + mark * int(times)
        return greeting.upper() if loud else greeting

    def pathlike() -> Json:
        return NOT_A_FILE

    def refresh(text: str) -> Any:
        return gr.update(value="fresh " + text)

    def panel(text: str) -> Any:
        return "shown " + text, gr.update(visible=True)

    def shout(texts: List[str], marks: List[str]) -> List[List[Any]]:  # batch: lists of samples in, one per output
        return [[text.upper() + mark for text, mark in zip(texts, marks)], list(map(len, texts))]

    # --- generators ---

    def stream(words: float) -> Iterator[str]:
        text = ""
        for word in WORDS[: int(words)]:
            text += word
            yield text

    def nested() -> Iterator[Json]:
        for value in NESTED:
            yield value

    def shrinking() -> Iterator[Json]:
        for value in SHRINKING:
            yield value

    def pairs(count: float) -> Iterator[Tuple[str, float]]:
        for i in range(int(count)):
            yield "t" * (i + 1), i

    def chat(message: str) -> Iterator[Json]:
        answer = ""
        for word in message.split():
            answer += word + " "
            if speaks_messages:
                yield [{"role": "user", "content": message}, {"role": "assistant", "content": answer}]
            else:
                yield [[message, answer]]

    def late(count: float) -> Iterator[str]:
        for i in range(int(count)):
            yield str(i)
        raise gr.Error("too late")

    def late_crash(count: float) -> Iterator[str]:
        for i in range(int(count)):
            yield str(i)
        raise RuntimeError("crashed late")

    def once(text: str) -> Iterator[str]:
        yield text

    def never() -> Iterator[str]:
        yield from ()

    def many(count: float) -> Iterator[float]:
        for i in range(int(count)):
            yield i

    def remember(word: str, seen: List[str]) -> Iterator[Tuple[str, List[str]]]:
        for letter in word:
            seen = seen + [letter]
            yield "".join(seen), seen

    # --- state, progress, messages, errors, the request ---

    def count(word: str, list_of_words: List[str]) -> Tuple[float, List[str]]:
        return list_of_words.count(word), list_of_words + [word]

    def work(steps: float, progress: Any = gr.Progress()) -> str:
        progress(0, desc="begin")
        for i in range(int(steps)):
            time.sleep(0.25)  # servers look at progress ten times a second
            progress((i + 1, int(steps)), desc="work", unit="steps")
        time.sleep(0.25)
        return "worked"

    def talk(text: str) -> str:
        gr.Info("info " + text)
        time.sleep(0.3)  # a client shows the latest status, so let it see this one
        gr.Warning("warning " + text)
        time.sleep(0.3)
        return "said " + text

    def refuse(text: str) -> str:
        raise gr.Error("custom boom " + text)

    def crash(text: str) -> str:
        raise RuntimeError("boom " + text)

    def whoami(request: gr.Request) -> Tuple[Optional[str], Optional[str]]:
        try:
            header = request.headers["x-test"]
        except (KeyError, AttributeError):
            header = None
        return header, getattr(request, "session_hash", None)

    # --- time: what is running, and letting it on ---

    def sleep(seconds: float, tag: str) -> str:
        """Runs for so long, or until wake(tag)."""
        journal_of_app.write("start", tag)
        journal_of_app.permits(tag).acquire(timeout=float(seconds))
        journal_of_app.write("end", tag)
        return "slept " + tag

    def steps(count: float, seconds: float, tag: str) -> Iterator[str]:
        """Yields at once, then waits so long, or for a wake(tag), before each further step."""
        journal_of_app.write("start", tag)
        try:
            for i in range(int(count)):
                if i:
                    journal_of_app.permits(tag).acquire(timeout=float(seconds))
                journal_of_app.write("step %d" % i, tag)
                yield "%s %d" % (tag, i)
            journal_of_app.write("end", tag)
        finally:
            journal_of_app.write("closed", tag)

    def journal(tag: str) -> List[str]:
        return journal_of_app.read(tag)

    def wake(tag: str, permits: float = 1) -> str:
        for _ in range(int(permits)):
            journal_of_app.permits(tag).release()
        return tag

    def halt() -> str:
        return "halted"

    def quick(text: str) -> str:
        return "quick " + text

    def secret(text: str) -> str:
        return "secret " + text

    def discreet(text: str) -> str:
        return "discreet " + text

    def nameless(text: str) -> str:
        return "nameless " + text

    # --- files ---

    def copy_file(upload: Any) -> Optional[str]:
        path = path_of(upload)
        return path and shutil.copy(path, os.path.join(tempfile.mkdtemp(), os.path.basename(path)))

    def copy_files(uploads: Any) -> List[Optional[str]]:
        return [copy_file(upload) for upload in uploads or []]

    def digest(upload: Any) -> Json:
        path = path_of(upload)
        if path is None:
            return None
        content = Path(path).read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        return {"name": os.path.basename(path), "size": len(content), "sha256": sha256}

    def make_file(name: str, size: float) -> str:
        return new_file(name, make_text(int(size)).encode())

    def make_files(count: float) -> List[str]:
        return [new_file("file%d.txt" % i, str(i).encode()) for i in range(int(count))]

    def same_image(image: Optional[str]) -> Optional[str]:
        return image

    def new_image(width: float, height: float) -> str:
        return new_file("new.png", make_png(int(width), int(height)))

    def same_audio(sound: Optional[str]) -> Optional[str]:
        return sound

    def gallery() -> List[Tuple[str, str]]:
        return [(new_file("%d.png" % i, make_png(4, 4, i)), "caption %d" % i) for i in range(2)]

    def pages(count: float) -> Iterator[str]:
        for i in range(int(count)):
            yield new_file("page%d.txt" % i, str(i).encode())

    def rewrite(count: float, tag: str) -> Iterator[str]:
        """Yields one file that the server serves where it is, each time with other contents of the same size."""
        folder = tempfile.mkdtemp(dir=os.environ.get("GRADIO_TEMP_DIR"))  # served by releases without static paths
        getattr(gr, "set_static_paths", lambda paths: None)([folder])
        path = os.path.join(folder, "one.txt")
        for i in range(int(count)):
            if i:
                journal_of_app.permits(tag).acquire(timeout=60)
            Path(path).write_bytes(b"%d" % i)
            yield path

    text: Component = ("textbox", {})
    tag: Component = ("textbox", {"label": "tag"})
    number: Component = ("number", {})
    seconds: Component = ("number", {"label": "seconds"})
    anything: Component = ("json", {})
    a_file: Component = ("file", {})
    some_files: Component = ("file", {"file_count": "multiple"})
    image: Component = ("image", {"type": "filepath"})
    audio: Component = ("audio", {"type": "filepath"})
    slow = {"line": "slow"}
    direct = {"queue": False}

    table = [
        Endpoint("add", add, [("number", {"label": "a"}), ("number", {"value": 3, "label": "b"})], [number], {}),
        Endpoint("echo", echo, [("textbox", {"label": "text"})], [text], {}),
        Endpoint("echo_json", echo_json, [anything], [anything], {}),
        Endpoint("blob", blob, [number], [text], {}),
        Endpoint("several", several, [text, number], [text, number, anything], {}),
        Endpoint("nothing", nothing, [text], [], {}),
        Endpoint(
            "greet",
            greet,
            [
                ("textbox", {"value": "Ada", "label": "name"}),
                ("dropdown", {"choices": ["!", "?"], "value": "!", "label": "mark"}),
                ("slider", {"minimum": 0, "maximum": 9, "step": 1, "value": 2, "label": "times"}),
                ("checkbox", {"value": False, "label": "loud"}),
            ],
            [text],
            {},
        ),
        Endpoint("pathlike", pathlike, [], [anything], {}),
        Endpoint("refresh", refresh, [text], [text], {}),
        Endpoint("panel", panel, [text], [text, ("column", {})], {}),
        Endpoint("shout", shout, [text, text], [text, number], {"batch": True, "max_batch_size": 4}),
        Endpoint("stream", stream, [number], [text], {}),
        Endpoint("nested", nested, [], [anything], {}),
        Endpoint("shrinking", shrinking, [], [anything], {}),
        Endpoint("pairs", pairs, [number], [text, number], {}),
        Endpoint("chat", chat, [text], [("chatbot", {})], {}),
        Endpoint("late", late, [number], [text], {}),
        Endpoint("late_crash", late_crash, [number], [text], {}),
        Endpoint("once", once, [text], [text], {}),
        Endpoint("never", never, [], [text], {}),
        Endpoint("many", many, [number], [number], {}),
        Endpoint("remember", remember, [text, ("state", {"value": []})], [text, ("state", {})], {}),
        Endpoint("count", count, [text, ("state", {"value": []})], [number, ("state", {})], {}),
        Endpoint("work", work, [number], [text], {}),
        Endpoint("talk", talk, [text], [text], {}),
        Endpoint("refuse", refuse, [text], [text], {}),
        Endpoint("crash", crash, [text], [text], {}),
        Endpoint("whoami", whoami, [], [text, text], {}),
        Endpoint("sleep", sleep, [seconds, tag], [text], slow),
        Endpoint("steps", steps, [number, seconds, tag], [text], slow),
        Endpoint("journal", journal, [tag], [anything], direct),
        Endpoint("wake", wake, [tag, ("number", {"value": 1, "label": "permits"})], [text], direct),
        Endpoint("halt", halt, [], [text], {"queue": False, "cancels": "steps"}),
        Endpoint("quick", quick, [text], [text], direct),
        Endpoint("quick_stream", stream, [number], [text], direct),
        Endpoint("quick_refuse", refuse, [text], [text], direct),
        Endpoint("secret", secret, [text], [text], {"visibility": "private"}),
        Endpoint("discreet", discreet, [text], [text], {"visibility": "undocumented"}),
        Endpoint("nameless", nameless, [text], [text], {"visibility": "unnamed"}),
        Endpoint("browser_only", None, [text], [text], {"js": "text => text"}),
        Endpoint("stop_button", None, [], [], {"cancels": "steps"}),
        Endpoint("copy_file", copy_file, [a_file], [a_file], {}),
        Endpoint("copy_files", copy_files, [some_files], [some_files], {}),
        Endpoint("digest", digest, [a_file], [anything], {}),
        Endpoint("make_file", make_file, [text, number], [a_file], {}),
        Endpoint("make_files", make_files, [number], [some_files], {}),
        Endpoint("same_image", same_image, [image], [image], {}),
        Endpoint("new_image", new_image, [number, number], [image], {}),
        Endpoint("same_audio", same_audio, [audio], [audio], {}),
        Endpoint("gallery", gallery, [], [("gallery", {})], {}),
        Endpoint("pages", pages, [number], [a_file], {}),
        Endpoint("rewrite", rewrite, [number, tag], [a_file], {}),
    ]
    for endpoint in table:  # Gradio 3.28 takes every annotation for a class; the one that it must see is one
        if endpoint.fn not in (None, whoami):
            endpoint.fn.__annotations__ = {}
    return table
