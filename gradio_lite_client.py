#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# gradio_lite_client 1.0.0, from the distribution `gradio-lite-client`. To update a copied file, replace it whole.
"""Call any Gradio app as an API. One file, standard library only, Python 3.8 and newer.

    from gradio_lite_client import Client, handle_file

    with Client("http://127.0.0.1:7860") as client:
        client.view_api()
        print(client.predict("Ada", api_name="/greet"))          # blocks until the result is there

        job = client.submit(handle_file("speech.wav"), api_name="/transcribe")
        for text in job:                                         # every value a generator yields
            print(text, job.status().code)
        job.cancel()

The file reads from top to bottom; a section uses only names of its own and of earlier sections.

    Errors        what can go wrong, as exceptions
    Records       what users get besides values
    Formats       bytes to values and back: event streams, multipart forms, diffs (pure)
    Values        JSON trees: files in them, arguments, types, the API as text (pure)
    Transport     HTTP over kept-alive sockets; knows nothing about Gradio
    Hub           the Hugging Face Hub, for Spaces
    Conversation  how a Gradio server is asked to run a function
    Job           one call, as a future
    Client        what users hold
    Command line  python -m gradio_lite_client

Threads, all daemons, none while nothing runs: `gradio-job-N` (one per submitted job that is being carried out, at
most `max_workers`) and `gradio-stream` (one per session with pending jobs; reads and delivers, nothing else). For apps
that ask for it, `gradio-heartbeat` shows from the first call to the end of the session that it is in use. Every lock
guards a few fields, which its class names, and is never held while code of the user runs, nor, with one exception
(`Session._turn`), during I/O.

The library contacts the host it is given (for a Space also the Hub), those of URLs given to `handle_file()`, and where
these redirect to; no other. It does not print, apart from `view_api()` and `verbose=True`.
"""

from __future__ import annotations

import concurrent.futures
import io
import itertools
import json
import logging
import os
import re
import select
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, nullcontext, suppress
from datetime import datetime
from enum import Enum
from functools import partial
from queue import SimpleQueue
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

TYPE_CHECKING = False  # as type checkers know. `typing` and its tuples would add a seventh to the time an import takes
if TYPE_CHECKING:
    import ssl
    from argparse import Namespace
    from http.cookiejar import CookieJar
    from typing import IO, Any, NoReturn, TextIO, TypeAlias

    Future = concurrent.futures.Future[Any]
    JsonObject = dict[str, Any]
else:
    Future, JsonObject = concurrent.futures.Future, dict  # which take no parameters in Python 3.8
    Any = object  # for programs that evaluate the annotations of functions they are given

__version__ = "1.0.0"
__all__ = [
    "AppError",
    "AuthenticationError",
    "Client",
    "ConnectionFailed",
    "ConnectionLost",
    "FileData",
    "GradioError",
    "HTTPError",
    "InvalidAPIEndpointError",
    "Job",
    "OutputUpdate",
    "ProgressUnit",
    "ProtocolError",
    "QueueError",
    "SpaceDuplicationError",
    "SpaceError",
    "Status",
    "StatusUpdate",
    "TimedOut",
    "TooManyRequestsError",
    "ValidationError",
    "__version__",
    "file",
    "handle_file",
    "main",
]

Json: TypeAlias = "Any"  # what json.loads returns
Message: TypeAlias = "dict[str, Any]"  # one message of a Gradio queue
USER_AGENT = f"gradio_lite_client/{__version__}"
logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())


# === Errors ===========================================================================================================
# GradioError
# ├─ ConnectionFailed (also ConnectionError)     could not talk to the server
# │  ├─ ConnectionLost                           an answer was on its way, and it stopped
# │  └─ TimedOut (also TimeoutError)             the server was silent for too long
# ├─ HTTPError                                   an HTTP status that is not success
# │  ├─ AuthenticationError (also ValueError)    401, 403
# │  └─ TooManyRequestsError                     429
# ├─ ProtocolError                               the server sent what this client cannot read
# ├─ QueueError                                  the app's queue is full or stopped
# ├─ AppError (also ValueError)                  the app's own code failed
# │  └─ ValidationError                          the app's validators refused the arguments
# ├─ InvalidAPIEndpointError (also ValueError)   the app does not offer this function to API callers
# └─ SpaceError                                  a Space that does not run
#    └─ SpaceDuplicationError
# A wrong argument is a TypeError, an unknown endpoint or a missing file a ValueError.


class GradioError(Exception):
    """Base of all errors of this library; attributes that do not apply are None."""

    url: str | None = None  # that was asked, without a login that it may hold
    status: int | None = None  # HTTP
    endpoint: str | None = None  # its api_name, or fn_index=N
    event_id: str | None = None  # the server's name for the job
    last_status: StatusUpdate | None = None
    retry_after: str | None = None  # the server's Retry-After header, as it came, or the seconds that the Hub says

    def __init__(self, message: str = "", **details: Any):
        super().__init__(message)
        self.__dict__.update(details)


class ConnectionFailed(GradioError, ConnectionError):
    """The server could not be reached, or the connection broke before it answered."""


class ConnectionLost(ConnectionFailed):
    """The connection broke while a result was on its way. The server may have run the function."""


class TimedOut(ConnectionFailed, TimeoutError):
    """The server sent nothing for longer than the client's `timeout`, or a Space took too long to start."""


class HTTPError(GradioError):
    """The server answered with an HTTP error; `status`, `url` and `body` (its first 64 KB) say which."""

    body: bytes = b""
    words: str = ""  # the server's own, as found in the body


class AuthenticationError(HTTPError, ValueError):
    """The app wants a login or a token, or refused the one it got."""


class TooManyRequestsError(HTTPError):
    """Something in front of the app limits the rate of requests; see `retry_after`."""


class ProtocolError(GradioError):
    """The server sent something that this client cannot read."""


class QueueError(GradioError):
    """The app's queue is full or has been stopped; the job did not start."""


class AppError(GradioError, ValueError):
    """The app's code raised an error. What it sent besides is in the attributes; unknown fields are in `details`.

    An exceeded ZeroGPU quota is `details["quota"]`: the seconds "requested", "left" and "retry_after", each or None.
    """

    def __init__(
        self,
        /,
        message: str = "",
        title: str = "Error",
        duration: float | None = 10,
        visible: bool = True,
        print_exception: bool = True,
        **details: Any,
    ):
        super().__init__(message)
        self.message, self.title, self.duration = message, title, duration
        self.visible, self.print_exception, self.details = visible, print_exception, details


class ValidationError(AppError):
    """The app's validators refused the arguments; nothing was run."""


class InvalidAPIEndpointError(GradioError, ValueError):
    """The app does not offer this function to API callers."""


class SpaceError(GradioError):
    """A Hugging Face Space that cannot be found, or that does not run and will not without its owner."""

    stage: str | None = None  # the Hub's word for what it does instead: PAUSED, BUILD_ERROR, RUNTIME_ERROR, ...


class SpaceDuplicationError(SpaceError):
    """A step of duplicating a Space failed; the text says which, and what exists already."""


class _Cancelled(GradioError):
    """Ends a conversation after `Job.cancel()`; users never see it."""


class _Retired(GradioError):
    """The session must not be used for new jobs; users never see it."""


# === Records ==========================================================================================================
# What users get besides values, and files on their way in. Plain data, but for FileData, which can fetch its contents.


class Status(Enum):
    """Where a job is. Ordered: `Status.IN_QUEUE < Status.FINISHED`."""

    STARTING = "STARTING"
    JOINING_QUEUE = "JOINING_QUEUE"
    QUEUE_FULL = "QUEUE_FULL"
    IN_QUEUE = "IN_QUEUE"
    SENDING_DATA = "SENDING_DATA"
    PROCESSING = "PROCESSING"
    PROGRESS = "PROGRESS"
    LOG = "LOG"
    ITERATING = "ITERATING"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"

    def __lt__(self, other: Status) -> bool:
        return list(Status).index(self) < list(Status).index(other)


class Record:
    """Plain data, shown and compared by its attributes."""

    def __eq__(self, other: object) -> bool:
        return vars(other) == vars(self) if type(other) is type(self) else NotImplemented

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


class ProgressUnit(Record):
    """One bar of a `gr.Progress`; nested bars arrive as several units."""

    def __init__(
        self,
        index: float | None = None,
        length: float | None = None,
        unit: str | None = None,
        progress: float | None = None,  # 0 to 1, where the app gives no index and length
        desc: str | None = None,
    ):
        self.index, self.length, self.unit, self.progress, self.desc = index, length, unit, progress, desc


class StatusUpdate(Record):
    """What was last heard of a job. Fields the server did not send are None."""

    def __init__(
        self,
        code: Status,
        rank: int | None = None,  # jobs before this one in the queue
        queue_size: int | None = None,
        eta: float | None = None,  # seconds
        success: bool | None = None,  # set when the job has ended
        time: datetime | None = None,
        progress_data: list[ProgressUnit] | None = None,
        log: tuple[str, str] | None = None,  # text and level of a gr.Info or gr.Warning
        type: str = "status",
    ):
        self.code, self.rank, self.queue_size, self.eta = code, rank, queue_size, eta
        self.success, self.time = success, time
        self.progress_data, self.log, self.type = progress_data, log, type


class OutputUpdate(Record):
    """One value of a job, as `async for` over the job yields it."""

    def __init__(self, outputs: Any, success: bool = True, type: str = "output", final: bool = False):
        self.outputs, self.success, self.type, self.final = outputs, success, type, final


class FileData(JsonObject):
    """A file on the server, as the dict the server sent (`path`, `url`, `orig_name`, `size`, `mime_type`, …).

    Outputs hold these with `Client(download_files=False)`. An instance can be passed back to the app as an argument.
    """

    download: Callable[[str | None], Any] | None = None  # to a path or, for None, into memory; set by the client

    def read(self) -> bytes:
        """Download the file into memory. Blocks; raises what the client raises."""
        return bytes(self._source()(None))

    def save(self, dest: str | os.PathLike[str]) -> str:
        """Download to the file `dest`, or into it under the file's own name if it is a directory. Returns the path."""
        return str(self._source()(os.fspath(dest)))

    def _source(self) -> Callable[[str | None], Any]:
        if self.download is None:
            raise ValueError("This FileData is a copy, or was not made by a Client: there is nowhere to read it from.")
        return self.download

    def __getstate__(self) -> None:
        """Nothing: a copy or pickle is of the dict alone, since the client that can read the file has no copies."""


class LocalFile(JsonObject):
    """A file to upload, made by `handle_file()` and by nothing else: only these are ever read from the disk."""

    source: str | bytes | IO[bytes] = b""  # path or URL, contents, open file
    start = 0  # where the contents of an open file begin


# === Formats ==========================================================================================================
# Bytes to values and back. Pure: no sockets, files, clocks or threads.

MAX_EVENT_BYTES = 256 * 1024 * 1024  # an event or answer larger than this is taken for an attack on our memory
UPLOAD_CHUNK = 256 * 1024  # few system calls, little memory


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends. Only CR, LF and CRLF end a line (WHATWG, Server-sent events, section 9.2.5)."""
    rest = bytearray()
    after_cr = False
    for chunk in filter(None, chunks):
        if after_cr and chunk[:1] == b"\n":
            chunk = chunk[1:]
        after_cr = chunk.endswith(b"\r")
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *others = chunk.split(b"\n")
        rest += first
        if len(rest) > MAX_EVENT_BYTES:
            raise ProtocolError(f"The server sent a line of more than {MAX_EVENT_BYTES} bytes.")
        if others:
            line, rest = bytes(rest), bytearray(others[-1])  # before the line is used, which may be large
            yield line
            yield from others[:-1]


def iter_sse(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each event in a stream of server-sent events (WHATWG), however it is cut into chunks.

    An event that the end of the stream cuts short is dropped, as the standard says.
    """
    data: list[bytes] = []
    size = 0
    for number, line in enumerate(split_lines(chunks)):
        if number == 0 and line.startswith(b"\xef\xbb\xbf"):
            line = line[3:]
        if not line:
            if data:
                event = b"\n".join(data).decode("utf-8", "replace")
                data, size = [], 0
                yield event
        elif line == b"data" or line.startswith(b"data:"):
            data.append(line[6:] if line[5:6] == b" " else line[5:])
            size += len(line)  # not of the value: even empty ones need memory
            if size > MAX_EVENT_BYTES:
                raise ProtocolError(f"The server sent an event of more than {MAX_EVENT_BYTES} bytes.")


class Frame(Record):
    """One WebSocket frame (RFC 6455, section 5)."""

    def __init__(self, opcode: int, data: bytes = b"", fin: bool = True):
        self.opcode, self.data, self.fin = opcode, data, fin


CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def apply_mask(key: bytes, data: bytes) -> bytes:
    """The data XORed with the repeated key, as two large integers: much faster than byte by byte."""
    repeated = (key * (len(data) // 4 + 1))[: len(data)]
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")
    return mixed.to_bytes(len(data), "big")


def encode_frame(frame: Frame, key: bytes) -> bytes:
    """The bytes of a client's frame; these are always masked, with a key of four unpredictable bytes."""
    size = len(frame.data)
    short, wide = (size, 0) if size < 126 else (126, 2) if size < 1 << 16 else (127, 8)
    head = bytes([frame.fin << 7 | frame.opcode, 0x80 | short]) + (size.to_bytes(wide, "big") if wide else b"")
    return head + key + apply_mask(key, frame.data)


def read_frame(read_exactly: Callable[[int], bytes]) -> Frame:
    """The next frame of a server, or ProtocolError. What `read_exactly` raises passes through."""
    first, second = read_exactly(2)
    fin, opcode, size = bool(first & 0x80), first & 0x0F, second & 0x7F
    if first & 0x70 or second & 0x80 or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
        raise ProtocolError(f"The server sent a WebSocket frame with the illegal head {first:#04x} {second:#04x}.")
    if opcode >= CLOSE and (size > 125 or not fin):
        raise ProtocolError("The server sent a WebSocket control frame that is too long or fragmented.")
    if size >= 126:
        size = int.from_bytes(read_exactly(2 if size == 126 else 8), "big")
    if size > MAX_EVENT_BYTES:
        raise ProtocolError(f"The server sent a WebSocket frame of {size} bytes.")
    return Frame(opcode, read_exactly(size), fin)


def accept_key(key: str) -> str:
    """What a server has to answer to a handshake with this key (RFC 6455, section 4.2.2)."""
    from base64 import b64encode
    from hashlib import sha1  # only servers before 4.0 need any of this

    return b64encode(sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()


class Part:
    """One file of a multipart form: its name, media type, exact size, and a function that reads its next bytes."""

    def __init__(self, name: str, mime_type: str, size: int, read: Callable[[int], bytes]):
        self.name, self.mime_type, self.size, self.read = name, mime_type, size, read


class Multipart:
    """A multipart/form-data body (RFC 7578) of files, all in one form field; iterating sends it, once."""

    def __init__(self, field: str, parts: Sequence[Part], boundary: str):
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._parts = [(self._head(field, part, boundary), part) for part in parts]
        self._end = f"--{boundary}--\r\n".encode()
        self.length = sum(len(head) + part.size + 2 for head, part in self._parts) + len(self._end)

    @staticmethod
    def _head(field: str, part: Part, boundary: str) -> bytes:
        # RFC 7578 section 4.2 and WHATWG: UTF-8 names, with only these three characters escaped.
        name = part.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        return (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
            f"Content-Type: {part.mime_type}\r\n\r\n"
        ).encode("utf-8", "replace")

    def __iter__(self) -> Iterator[bytes]:
        for head, part in self._parts:
            yield head
            left = part.size
            while left:
                chunk = part.read(min(left, UPLOAD_CHUNK))
                if not chunk:
                    raise ValueError(f"File {part.name!r} became shorter while it was being uploaded.")
                left -= len(chunk)
                yield chunk
            yield b"\r\n"
        yield self._end


Edits: TypeAlias = "list[list[Any]]"  # [[operation, path, value], ...]


def apply_edits(value: Json, edits: Edits) -> Json:
    """A new value: `value` with a server's diff applied. Shares with `value` whatever no edit touches.

    The format is that of Gradio 4.17 to 6: `replace`, `append` (to a string), `add`, `delete`, each with a path.
    Servers delete from lists only at the end, but many releases give a wrong index, so the last element goes.
    """
    root = [value]
    own = {id(root): root}  # the containers made here: these may be changed
    edit = None
    try:
        for edit in edits:
            operation, path, new = edit
            parent: Any = root
            key: Any = 0
            for step in path:
                child = parent[key]
                if id(child) not in own:
                    parent[key] = child = child.copy()
                    own[id(child)] = child
                parent, key = child, step
            if operation == "add" and isinstance(parent, list):
                parent.insert(key, new)
            elif operation in ("add", "replace"):
                parent[key] = new
            elif operation == "append":
                parent[key] = parent[key] + new
            elif operation == "delete" and path:
                parent.pop(-1 if isinstance(parent, list) else key)
            else:
                raise ValueError(f"unknown operation {operation!r}")
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        text = f"The server sent a diff that does not fit the value before it: {str(edit)[:200]} ({error!r})."
        raise ProtocolError(text) from error
    return root[0]


def are_edits(data: list[Any]) -> bool:
    """Whether these outputs, which should be values, are diffs."""
    if not all(isinstance(output, list) for output in data):
        return False
    operations = ("replace", "append", "add", "delete")
    edits = [edit for output in data for edit in output]
    return bool(edits) and all(isinstance(edit, list) and len(edit) == 3 and edit[0] in operations for edit in edits)


def parse_json(text: str | bytes, url: str) -> Json:
    """The JSON value, or a ProtocolError that says what came from `url` instead."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        start = text[:4096] if isinstance(text, str) else text[:4096].decode("utf-8", "replace")
        raise ProtocolError(f"Expected JSON from {url}, got {describe_body(start)}", url=url) from error


def json_or_none(text: str | bytes) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def as_list(value: Json) -> list[Any]:
    return value if isinstance(value, list) else []


def as_dict(value: Json) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


# --- what servers say of errors


def describe_body(text: str) -> str:
    """A line about a body that is not what it should be: an HTML page's title, or how it starts."""
    title = re.search(r"<title[^<>]*>([^<]*)</title", text, re.I)
    if title:
        return f"an HTML page titled {' '.join(title.group(1).split())!r}"
    return f"{text[:200]!r}" if text.strip() else "an empty answer"


def error_text(body: bytes) -> str:
    """The server's own words in the body of an HTTP error."""
    with suppress(RecursionError):
        return _words(body)[:1000]
    return ""


def _words(body: bytes) -> str:
    """`detail` may be text, a dict or a list."""
    text = body.decode("utf-8", "replace")
    answer = json_or_none(text)
    if answer is None and text.strip() != "null":
        if "Traceback (most recent call last)" in text:  # servers 5.0 to 6.8
            return text.strip().splitlines()[-1]
        return describe_body(text) if text.lstrip()[:1] == "<" else text.strip()[:500]
    detail = answer.get("detail", answer.get("error", answer)) if isinstance(answer, dict) else answer
    if isinstance(detail, dict):
        words = [detail[key] for key in ("error", "auth_message", "message") if detail.get(key)]
        return ": ".join(str(word) for word in words) or json.dumps(detail)
    if isinstance(detail, list):
        return "; ".join(_complaint(item) for item in detail)
    return "" if detail is None else str(detail)


def _complaint(item: Json) -> str:
    """One entry of a 422's `detail`: of Gradio's validators or of FastAPI's."""
    if not isinstance(item, dict):
        return str(item)
    place = item.get("parameter_name") or ".".join(map(str, as_list(item.get("loc"))))
    text = str(item.get("message") or item.get("msg") or item)
    return f"{place}: {text}" if place else text


QUOTA_HINT = (
    "ZeroGPU counts the seconds of each user: pass token=…, or for a visitor of your own app that visitor's x-ip-token "
    "in headers= of the call."
)


def quota_in(text: str) -> dict[str, int | None] | None:
    """The seconds in what a ZeroGPU Space says of an exceeded quota; None for those it does not name, or other texts.

    As in "You have exceeded your free GPU quota (60s requested vs. 12s left). Try again in 0:12:34".
    """
    if not re.search(r"exceeded your [\w ]{0,40}GPU quota|ZeroGPU quota exceeded", text):
        return None
    requested, left = (re.search(rf"(\d{{1,9}})s {word}", text) for word in ("requested", "left"))
    again = re.search(r"\bin (?:(-?\d{1,9}) days?, )?(\d{1,9}):(\d\d):(\d\d)", text)
    days, hours, minutes, seconds = (int(part or 0) for part in again.groups()) if again else (0, 0, 0, 0)
    return {
        "requested": int(requested.group(1)) if requested else None,
        "left": int(left.group(1)) if left else None,
        "retry_after": max(0, ((days * 24 + hours) * 60 + minutes) * 60 + seconds) if again else None,
    }


# === Values ===========================================================================================================
# JSON trees: the files in them, arguments, types, the API as text. Pure.

FILE_MARK = {"_type": "gradio.FileData"}
UNMARKED_FIELDS = {"url", "size", "orig_name", "mime_type"}
REQUIRED = object()  # marks a parameter without a value while arguments are bound
Match: TypeAlias = "Callable[[Any], bool]"


def walk(tree: Json, match: Match, replace: Callable[[Any], Any]) -> Json:
    """A copy of the tree in which each node that matches has been replaced; replaced nodes are not searched."""
    if match(tree):
        return replace(tree)
    if isinstance(tree, dict):
        return {key: walk(value, match, replace) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [walk(value, match, replace) for value in tree]
    return tree


def contains(tree: Json, match: Match) -> bool:
    if match(tree):
        return True
    if isinstance(tree, dict):
        return any(contains(value, match) for value in tree.values())
    return isinstance(tree, (list, tuple)) and any(contains(value, match) for value in tree)


def is_marked_file(value: Json) -> bool:
    """A file object as servers since 4.21 send it."""
    if not isinstance(value, dict) or not isinstance(value.get("path"), str):
        return False
    return as_dict(value.get("meta")).get("_type") == FILE_MARK["_type"]


def is_unmarked_file(value: Json) -> bool:
    """A file object as servers 4.0 to 4.20 send it: every field, no mark."""
    return isinstance(value, dict) and isinstance(value.get("path"), str) and value.keys() >= UNMARKED_FIELDS


def is_data_url(value: Json) -> bool:
    return isinstance(value, str) and value.startswith("data:") and ";base64," in value[:200]


def is_old_file(value: Json) -> bool:
    """A file object as 3.x servers send it: on their disk, as a stream, or as base64."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or "data" not in value:
        return False
    return value.get("is_file") is True or value.get("is_stream") is True or is_data_url(value["data"])


def modern_file(old: Mapping[str, Any]) -> dict[str, Any]:
    """A 3.x file object in the shape of later servers."""
    stream = old.get("is_stream") is True
    url = old["data"] if not stream and not old.get("is_file") else None
    name = old.get("orig_name") or re.split(r"[/\\]", old["name"])[-1]
    fields = {"path": old["name"], "url": url, "orig_name": name, "size": old.get("size"), "is_stream": stream}
    return {**fields, "mime_type": old.get("mime_type"), "meta": dict(FILE_MARK)}


def old_file(kind: str, modern: Mapping[str, Any]) -> Json:
    """A file that a 3.x server sent, as it wants it back."""
    url = modern.get("url")
    if kind == "image":
        if not is_data_url(url):
            raise TypeError("An image of Gradio 3 cannot be a file on its disk: download it, and pass handle_file(…).")
        return url
    fields = {"name": modern["path"], "data": url if is_data_url(url) else None, "is_file": not is_data_url(url)}
    return {**fields, "orig_name": modern.get("orig_name"), "size": modern.get("size")}


def modern_output(kind: str, value: Json) -> Json:
    """What a component of a 3.x server returned, in the shape of 4.x. The one place that knows these."""
    if kind == "image" and is_data_url(value):
        suffix = re.sub(r"\W.*", "", value[len("data:image/") :][:10])
        value = {"name": f"image.{suffix}", "data": value}
    elif kind == "gallery" and isinstance(value, list):
        pairs = [item if isinstance(item, list) and len(item) == 2 else [item, None] for item in value]
        value = [{"image": image, "caption": caption} for image, caption in pairs]
    elif kind == "video" and is_old_file(value):  # until 3.25
        value = {"video": value, "subtitles": None}
    elif kind == "video" and isinstance(value, list) and len(value) == 2:
        value = {"video": value[0], "subtitles": value[1]}
    elif kind == "annotatedimage" and isinstance(value, list) and len(value) == 2:
        notes = [item for item in as_list(value[1]) if isinstance(item, list) and len(item) == 2]
        value = {"image": value[0], "annotations": [{"image": image, "label": label} for image, label in notes]}
    elif kind == "highlightedtext" and isinstance(value, list):
        spans = [item for item in value if isinstance(item, list) and len(item) == 2]
        value = [{"token": token, "class_or_confidence": mark} for token, mark in spans]
    elif kind == "label" and isinstance(value, dict):
        value = {"label": value.get("label"), "confidences": value.get("confidences")}
    elif kind == "chatbot":
        value = walk(value, is_old_file, lambda old: {"file": modern_file(old), "alt_text": old.get("alt_text")})
    return walk(value, is_old_file, modern_file)


def file_argument(version: tuple[int, ...], name: str, size: int, mime_type: str, path: str) -> dict[str, Any]:
    """What a server takes for a file that has been uploaded to `path`."""
    old = {"name": path, "data": None, "is_file": True, "orig_name": name, "size": size}
    return old if version < (4,) else modern_file({**old, "mime_type": mime_type})


def takes_base64(version: tuple[int, ...], kind: str) -> bool:
    """Whether a component wants a file's contents in the arguments: images until 4.0, all before /upload came."""
    return version < (3, 19) or (version < (4,) and kind == "image")


def base64_argument(kind: str, name: str, mime_type: str, encoded: str) -> Json:
    url = f"data:{mime_type};base64,{encoded}"
    return url if kind == "image" else {"name": name, "data": url, "is_file": False}


def fit_argument(version: tuple[int, ...], kind: str, value: Any) -> Any:
    """An argument in the shape that the release wants, where releases differ: a video is an object only in 4 and 5."""
    if kind == "video" and not (4,) <= version < (6,):
        value = as_dict(value).get("video", value)
    elif kind == "video" and "path" in as_dict(value):  # marked or, until 4.20, not
        value = {"video": value, "subtitles": None}
    if version < (4,):
        value = walk(value, is_marked_file, lambda item: item if is_local_file(item) else old_file(kind, item))
    return value


def is_local_file(value: Any) -> bool:
    return isinstance(value, LocalFile)


def safe_name(name: Any) -> str:
    """A file name that every operating system takes and that stays in its folder, as near to `name` as possible."""
    text = re.split(r"[/\\]", name)[-1] if isinstance(name, str) else ""
    text = re.sub(r'[\x00-\x1f\x7f<>:"|?*\ud800-\udfff]', "_", text).strip(" .")
    stem, dot, suffix = text.rpartition(".")
    if not dot:
        stem, suffix = text, ""
    suffix = suffix.encode()[:60].decode("utf-8", "ignore")
    stem = stem.encode()[: 118 - len(suffix.encode())].decode("utf-8", "ignore")
    text = f"{stem}{dot}{suffix}".strip(" .") or "file"
    is_device = re.match(r"(?i)(con(in\$|out\$)?|prn|aux|nul|(com|lpt)[0-9¹²³]) *(\.|$)", text)  # of Windows
    return f"_{text}" if is_device else text


def parameter_name(text: str) -> str:
    """A keyword from a component's label."""
    return "".join(char for char in text if char.isalnum() or char in " _").replace(" ", "_").lower()


def type_name(
    schema: Json,
    definitions: Mapping[str, Any] | None = None,
    opened: tuple[str, ...] = (),
    left: Iterator[int] | None = None,
) -> str:
    """A Python type, as text, for the JSON Schema of a component's value.

    `opened` are the references on the way, `left` the steps: a small schema that refers to itself can be a huge type.
    """
    left = left or iter(range(1000))
    if not isinstance(schema, dict) or len(opened) > 10 or next(left, None) is None:
        return "Any"
    definitions = as_dict(schema.get("$defs")) or definitions or {}

    def inner(part: Json) -> str:
        return type_name(part, definitions, (*opened, ""), left)

    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        known = None if name in opened else definitions.get(name)  # schemas may refer to themselves
        return type_name(known, definitions, (*opened, name), left)
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(choices, list):
        return f"Literal[{', '.join(map(repr, choices))}]"
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(key), list):
            return " | ".join(dict.fromkeys(inner(part) for part in schema[key])) or "Any"
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(inner({**schema, "type": one}) for one in kind) or "Any"
    if kind == "array":
        return _list_type(schema, inner)
    if kind == "object":
        return _dict_type(schema, inner)
    simple = {"string": "str", "number": "float", "integer": "int", "boolean": "bool", "null": "None"}
    return simple.get(str(kind), "Any")


def _list_type(schema: Mapping[str, Any], inner: Callable[[Any], str]) -> str:
    items = schema.get("items")
    parts = as_dict(items).get("prefixItems", schema.get("prefixItems", items))
    if isinstance(parts, list):
        return f"tuple[{', '.join(map(inner, parts))}]"
    return f"list[{inner(items)}]"


def _dict_type(schema: Mapping[str, Any], inner: Callable[[Any], str]) -> str:
    properties = as_dict(schema.get("properties"))
    if "path" in properties and ("orig_name" in properties or "mime_type" in properties):
        return "filepath"
    fields = [f"{name}: {inner(part)}" for name, part in properties.items()]
    if schema.get("additionalProperties"):
        fields.append(f"str, {inner(schema['additionalProperties'])}")
    return f"dict({', '.join(fields)})"


def bind_arguments(
    parameters: Sequence[Mapping[str, Any]], args: Sequence[Any], keywords: Mapping[str, Any], where: str
) -> list[Any]:
    """One value per parameter, as Python binds a call: positional, keyword, default. TypeError on any mistake."""
    names = [str(parameter["parameter_name"]) for parameter in parameters]

    def wrong(text: str) -> TypeError:
        return TypeError(f"{text} {where} takes ({', '.join(map(_usage, parameters))}).")

    if len(args) > len(parameters):
        raise wrong(f"Too many arguments: {len(args)} given, but")
    defaults = [item.get("parameter_default") if item.get("parameter_has_default") else REQUIRED for item in parameters]
    values = [*args, *defaults[len(args) :]]
    for name, value in keywords.items():
        if name not in names:
            raise wrong(f"Parameter `{name}` is not a valid key-word argument{_similar(name, names)}.")
        if names.index(name) < len(args):
            raise wrong(f"Parameter `{name}` is already set as a positional argument.")
        values[names.index(name)] = value
    missing = [name for name, value in zip(names, values) if value is REQUIRED]
    if missing:
        raise wrong(f"No value provided for required argument: {', '.join(missing)}.")
    for value, parameter in zip(values, parameters):
        _check_argument(value, parameter)
    return values


def _usage(parameter: Mapping[str, Any]) -> str:
    default = f"={parameter.get('parameter_default')!r}" if parameter.get("parameter_has_default") else ""
    return str(parameter["parameter_name"]) + (default if len(default) < 40 else "=…")


def _similar(name: str, names: Sequence[str]) -> str:
    from difflib import get_close_matches  # only after a mistake

    close = get_close_matches(name, names, 1)
    return f" (did you mean `{close[0]}`?)" if close else ""


def _check_argument(value: Any, parameter: Mapping[str, Any]) -> None:
    name = parameter["parameter_name"]
    kind = str(as_dict(parameter.get("python_type")).get("type")).lower()
    values = value if isinstance(value, (list, tuple)) else [value]
    is_file = kind.startswith(("filepath", "list[filepath"))
    if is_file and any(isinstance(one, (str, bytes, os.PathLike)) for one in values):
        raise TypeError(f"Parameter `{name}` takes a file: wrap it in handle_file(), as in {name}=handle_file(…).")
    if value is None or type(value) in (bool, float):
        return
    try:
        # Not what cannot be encoded, either: servers end the whole stream over it. Names of files may be such.
        json.dumps(walk(value, is_local_file, repr), ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"The value for parameter `{name}` cannot be sent as JSON: {error}.") from error


def reveal(value: Json) -> Json:
    """The value inside a component update (`gr.update(value=…)`); an update without a value stays as it is."""
    if isinstance(value, dict) and value.get("__type__") == "update" and "value" in value:
        return value["value"]
    return value


def describe_endpoint(info: Mapping[str, Any], call: str) -> str:
    """The lines of `view_api()` about one endpoint; `call` is how it is named in a call."""
    names = [str(parameter["parameter_name"]) for parameter in info["parameters"]]
    returns = [parameter_name(str(item.get("label", "value"))) for item in info["returns"]]
    result = ", ".join(returns)
    lines = [f" - predict({', '.join([*names, call])}) -> {f'({result})' if len(returns) > 1 else result}"]
    if info.get("oauth_token"):
        lines += [f"    Acts on your behalf: your Hugging Face token is {info['oauth_token']}. Client(oauth_token=…)"]
    takes = [_describe_parameter(parameter) for parameter in info["parameters"]]
    gives = [_describe_value(name, item) for name, item in zip(returns, info["returns"])]
    lines += ["    Parameters:", *(takes or ["     - None"]), "    Returns:", *(gives or ["     - None"])]
    return "\n".join(lines) + "\n"


def kind_of(item: Mapping[str, Any]) -> str:
    return str(item["python_type"].get("type", "Any"))


def _describe_parameter(parameter: Mapping[str, Any]) -> str:
    need = " (required)"
    if parameter.get("parameter_has_default"):
        default: Json = parameter.get("parameter_default")
        shown = f'handle_file("{default.get("url") or default["path"]}")' if is_marked_file(default) else default
        optional = " | None" if default is None and "None" not in kind_of(parameter) else ""
        need = f"{optional} (not required, defaults to:   {shown})"
    return _describe_value(parameter["parameter_name"], parameter, need)


def _describe_value(name: str, item: Mapping[str, Any], need: str = "") -> str:
    kind, text = kind_of(item), item["python_type"].get("description")
    known = text and "filepath" not in kind  # what servers say of files is about their code
    return f"     - [{item.get('component')}] {name}: {kind}{need}{f' ({text})' if known else ' ' * bool(need)} "


def describe_api(api: Mapping[str, Any], all_endpoints: bool | None) -> str:
    """The text of `view_api()`."""
    named, unnamed = api["named_endpoints"], api["unnamed_endpoints"]
    lines = ["Client.predict() Usage Info", "---------------------------", f"Named API endpoints: {len(named)}", ""]
    lines += [describe_endpoint(info, f'api_name="{name}"') for name, info in named.items()]
    if all_endpoints or (all_endpoints is None and not named):
        lines += [f"Unnamed API endpoints: {len(unnamed)}", ""]
        lines += [describe_endpoint(info, f"fn_index={number}") for number, info in unnamed.items()]
    elif unnamed:
        lines.append(f"Unnamed API endpoints: {len(unnamed)}, to view, run Client.view_api(all_endpoints=True)\n")
    return "\n".join(lines)


# === Transport ========================================================================================================
# HTTP/1.1 over kept-alive sockets. Knows nothing about Gradio; raises the errors above and no others.

IDLE_SECONDS = 2.0  # uvicorn drops idle connections after 5 s; its clock starts before ours, by more on a busy machine
MAX_TIMEOUT = 2_000_000  # in ms about the largest number that sockets take
REDIRECTS = (301, 302, 303, 307, 308)
MAX_REDIRECTS = 10  # as urllib
CLOSING_SECONDS = 2.0  # for the end of a WebSocket
MAX_ERROR_BODY = 64 * 1024  # a page of words is less
READ_SIZE = 64 * 1024  # what servers write at a time; larger reads are not faster
MAX_LINE = 64 * 1024  # in what surrounds a body; as http.client
MAX_FIELDS = 256  # of a head; http.client takes 100
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # OpenSSL itself reads SSL_CERT_FILE and SSL_CERT_DIR

Headers: TypeAlias = "Mapping[str, str]"
Body: TypeAlias = "bytes | Multipart | None"


class Origin(str):
    """What credentials belong to: the scheme, host and port of a URL, as its start."""

    scheme: str
    host: str
    port: int


def origin_of(url: str) -> Origin:
    """The origin of an http(s) URL; ValueError for anything else."""
    try:
        parts = urlsplit(url)
        usual = 443 if parts.scheme == "https" else 80
        host, port = parts.hostname, parts.port or usual
        host = host if not host or host.isascii() else host.encode("idna").decode()
    except ValueError as error:
        raise ValueError(f"{error}: {without_login(url)!r}.") from error
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"Not an http:// or https:// URL: {without_login(url)!r}.")
    shown = f"[{host}]" if ":" in host else host
    origin = Origin(f"{parts.scheme}://{shown}" + ("" if port == usual else f":{port}"))
    origin.scheme, origin.host, origin.port = parts.scheme, host, port
    return origin


def is_secured(first: Origin, other: Origin) -> bool:
    """Whether the other is the same server, but with TLS."""
    return first.host == other.host and (first.port, other.port) == (80, 443)


def without_login(url: str) -> str:
    """The URL as errors may show it: without the user and password that it may hold."""
    return re.sub(r"\A([^/?#]*//)[^/?#]*@", r"\1", url)


def is_loopback(host: str) -> bool:
    return re.fullmatch(r"(.*\.)?localhost|127(\.\d+){3}|::1", host) is not None


class Abort:
    """Lets another thread end a request that is blocked on its socket. `_lock` guards both fields."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self.aborted = False

    def __call__(self) -> None:
        with self._lock:
            self.aborted = True
            if self._connection:
                self._connection.abort()

    def watch(self, connection: Connection | None) -> None:
        """From now on this connection is meant; None when the request is over."""
        with self._lock:
            self._connection = connection
            if connection and self.aborted:
                connection.abort()


class NotHTTP(ValueError):
    """The peer sends something else."""


class Incoming:
    """The bytes that arrive at a socket: by line, by number, or as they come.

    The socket limits each wait; no wait begins after `deadline`, so that single bytes do not go on for ever.
    """

    def __init__(self, sock: socket.socket):
        self._sock = sock
        self._data = b""
        self._at = 0
        self.deadline: float | None = None

    def __bool__(self) -> bool:
        """Whether there are bytes that have been received and not been read."""
        return self._at < len(self._data)

    def _receive(self) -> bytes:
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise socket.timeout("timed out")
        return self._sock.recv(READ_SIZE)

    def wait(self) -> bool:
        """Wait until there are some. False at the end."""
        if not self:
            self._data, self._at = self._receive(), 0
        return bool(self)

    def some(self, most: int) -> bytes:
        """At least one byte; none at the end."""
        self.wait()
        start = self._at
        self._at = min(start + most, len(self._data))
        return self._data[start : self._at]  # no copy, if this is all of it

    def exactly(self, size: int) -> Iterator[bytes]:
        """So many bytes, in the pieces that arrive; EOFError if the end comes first."""
        while size:
            piece = self.some(size)
            if not piece:
                raise EOFError(f"{size} bytes are missing")
            size -= len(piece)
            yield piece

    def line(self) -> bytes:
        """A line without its end."""
        while True:
            end = self._data.find(b"\n", self._at)
            if end >= 0:
                line = self._data[self._at : end]
                self._at = end + 1
                return line[:-1] if line.endswith(b"\r") else line
            rest = self._data[self._at :]
            more = self._receive()
            if not more:
                raise NotHTTP(f"a line that is cut short: {rest[:80]!r}" if rest else "it closed the connection")
            if len(rest) > MAX_LINE:
                raise NotHTTP(f"a line that does not end: {rest[:80]!r}")
            self._data, self._at = rest + more, 0


class Connection:
    """One socket to an origin (or to a proxy on the way), used for one request at a time."""

    def __init__(self, sock: socket.socket, origin: Origin, proxy: str = "", tunnel: bool = False):
        self.sock = sock
        self.incoming = Incoming(sock)
        self.origin = origin
        self.absolute = bool(proxy) and not tunnel  # a proxy wants whole URLs, unless it is
        self.tunnel = tunnel  # asked to pass on everything
        self.proxy_headers = login_in(proxy, "Proxy-Authorization")
        self.kept = False  # after a request: no tunnel and no TLS are missing, and the server may have closed it
        self.reusable = True
        self.idle_since = 0.0
        self.thread = 0  # that uses it
        self.pid = os.getpid()  # a forked child has its parent's sockets, but must not touch what goes over them

    def limit(self, each: float | None, together: float | None = None) -> None:
        """How many seconds each wait from now on may last, and all of them."""
        self.sock.settimeout(each)
        self.incoming.deadline = None if together is None else time.monotonic() + together

    def ask(self, head: bytes, body: Body, timeout: float | None) -> None:
        """Send a request and wait for the first byte of its answer, which then has as long to become complete."""
        unsent: OSError | None = None
        self.limit(timeout)
        try:
            self._send(head, body)
        except OSError as error:
            # A server may refuse a large upload without reading it all: its answer is worth more than this error.
            unsent = ConnectionResetError(str(error)) if type(error).__name__ == "SSLEOFError" else error
            if not isinstance(unsent, (BrokenPipeError, ConnectionResetError)):
                raise
            self.reusable = False
        self.limit(timeout, timeout)
        try:
            if not self.incoming.wait():
                raise ConnectionResetError("it closed the connection")
        except Exception as error:
            raise unsent or error from None

    def _send(self, head: bytes, body: Body) -> None:
        data = memoryview(b"" if isinstance(body, Multipart) else body or b"")
        rest = (data[start : start + UPLOAD_CHUNK] for start in range(READ_SIZE, len(data), UPLOAD_CHUNK))
        chunks: Iterable[bytes | memoryview] = body if isinstance(body, Multipart) else rest
        self.sock.sendall(head + data[:READ_SIZE])  # one packet for most requests
        for chunk in chunks:
            self.sock.sendall(chunk)  # the timeout is for one, not for all

    def is_stale(self) -> bool:
        """Whether the idle connection is of no use: closed or about to be, talking unasked, or another process's."""
        if self.incoming or self.pid != os.getpid() or time.monotonic() - self.idle_since > IDLE_SECONDS:
            return True
        try:
            if hasattr(select, "poll"):
                poll = select.poll()
                poll.register(self.sock, select.POLLIN)
                return bool(poll.poll(0))
            return bool(select.select([self.sock], [], [], 0)[0])
        except (OSError, ValueError):
            return True

    def abort(self) -> None:
        """Wake a thread that is blocked on this connection. May be called from any thread."""
        self.reusable = False
        if self.pid == os.getpid():
            with suppress(OSError):  # not by a TLS socket's own method, after which the other thread sends in the clear
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self.sock.close()


class Response:
    """An answer (RFC 9112): its head, which is read here, and its body, which is still to be read.

    Leaving its `with` block gives the connection back, or closes it. Not `http.client`, since importing that, with
    `email` and `ssl`, takes longer than connecting and calling.
    """

    def __init__(self, http: Http, connection: Connection, url: str):
        self.url = url
        self.connection = connection
        self._http = http
        self._incoming = connection.incoming
        self._closed = False
        self.status = 0
        try:
            while self.status < 200 and self.status != 101:
                self._read_head()
        except ConnectionError as error:  # not one that came before the first byte, after which a GET is sent again
            raise NotHTTP("the head of the answer was cut short") from error
        # How long the body is: RFC 9112, section 6.3.
        encoding = self.headers.get("transfer-encoding", "").lower()
        if encoding not in ("", "chunked"):
            raise NotHTTP(f"the transfer encoding {encoding[:80]!r}")
        self._chunked = bool(encoding)
        self._length: int | None = None  # until the connection closes
        if self.status in (101, 204, 304):
            self._length = 0
        elif "content-length" in self.headers and not self._chunked:
            length = self.headers["content-length"]
            if not re.fullmatch(r"[0-9]{1,18}", length):
                raise NotHTTP(f"the length {length[:80]!r}")
            self._length = int(length)
        options = [option.strip() for option in self.headers.get("connection", "").lower().split(",")]
        framed = self._chunked or self._length is not None
        kept = "close" not in options if self._newer else "keep-alive" in options
        self.reusable = framed and kept and self.status != 101
        self.ended = self._length == 0

    def _read_head(self) -> None:
        first = self._incoming.line()
        match = re.fullmatch(rb"HTTP/1\.([0-9]) ([1-9][0-9][0-9])(?: (.*))?", first)
        if not match:
            raise NotHTTP(f"no HTTP but {first[:80]!r}")
        self._newer = match[1] != b"0"
        self.status = int(match[2])
        self.reason = (match[3] or b"").decode("latin-1")
        self.headers: dict[str, str] = {}  # by their names in lower case
        self.cookies: list[str] = []
        for _ in range(MAX_FIELDS):
            line = self._incoming.line()
            if not line:
                return
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or name != name.strip():
                raise NotHTTP(f"the header {line[:80]!r}")
            name, value = name.lower(), value.strip()
            if name == "set-cookie":
                self.cookies.append(value)
            self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value
        raise NotHTTP(f"more than {MAX_FIELDS} headers")

    def chunks(self) -> Iterator[bytes]:
        """The body as it arrives, decompressed, however long that takes in all. ConnectionLost if it is cut short."""
        self._incoming.deadline = None
        return self._body()

    def _body(self) -> Iterator[bytes]:
        encoding = self.headers.get("content-encoding", "identity").strip().lower()
        if encoding in ("identity", ""):
            return self._pieces()
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise ProtocolError(f"{self.url} answered in an encoding that was not asked for: {encoding}.", url=self.url)
        return self._unzipped()

    def _unzipped(self) -> Iterator[bytes]:
        import zlib  # rarely needed, and missing from some embedded Pythons

        unzip = zlib.decompressobj(47)  # gzip or zlib, by its header
        try:
            for data in self._pieces():
                while data:
                    unzip = zlib.decompressobj(47) if unzip.eof else unzip  # one of several, one after the other
                    yield unzip.decompress(data, READ_SIZE)
                    data = unzip.unconsumed_tail or unzip.unused_data
            yield unzip.flush()
        except zlib.error as error:
            raise ProtocolError(f"{self.url} sent broken compressed data: {error}.", url=self.url) from error
        if not unzip.eof:
            raise ConnectionLost(f"{self.url} sent a compressed answer that was cut short.", url=self.url)

    def _pieces(self) -> Iterator[bytes]:
        try:
            yield from self._received()
        except (OSError, ValueError, EOFError) as error:
            raise connection_error(error, self.url, answered=True) from error

    def _received(self) -> Iterator[bytes]:
        if self._chunked:
            while True:
                line = self._incoming.line()
                match = re.fullmatch(rb"([0-9A-Fa-f]{1,15})[ \t]*(;.*)?", line)
                if not match:
                    raise NotHTTP(f"a chunk that starts with {line[:80]!r}")
                if int(match[1], 16) == 0:
                    break
                yield from self._incoming.exactly(int(match[1], 16))
                if self._incoming.line():
                    raise NotHTTP("a chunk that is longer than it says")
            while self._incoming.line():
                pass  # trailers
        elif self._length is not None:
            yield from self._incoming.exactly(self._length)
        else:
            yield from iter(partial(self._incoming.some, READ_SIZE), b"")
            if not self.connection.reusable:
                raise ConnectionResetError("it was given up")  # by abort(), which looks like an end
        self.ended = True

    def read(self) -> bytes:
        """The whole body, which has to arrive within the time for the answer, and to fit into memory."""
        body = bytearray()
        for piece in self._body():
            body += piece
            if len(body) > MAX_EVENT_BYTES:
                raise ProtocolError(f"{self.url} sent more than {MAX_EVENT_BYTES} bytes.", url=self.url)
        return bytes(body)

    def json(self) -> Json:
        """The body as JSON, or the error that its status and contents amount to."""
        if self.status != 200:
            raise http_error(self)
        return parse_json(self.read(), self.url)

    def start(self) -> bytes:
        """Up to 64 KB of the body, for error messages; what goes wrong on the way ends it."""
        body = b""
        limit = self.connection.sock.gettimeout()
        self.connection.limit(limit, limit)
        with suppress(GradioError):
            for chunk in self._body():
                body += chunk
                if len(body) > MAX_ERROR_BODY:
                    break
        return body[:MAX_ERROR_BODY]

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            # After an error of the app, uvicorn closes the connection a moment later without having said so.
            self._http.give_back(self.connection, self.ended and self.reusable and self.status < 500)

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Http:
    """Requests, over connections that are kept alive. Usable from any number of threads.

    The parameters are those of Client. `_lock` guards `_idle`, `_busy`, `_jars` and `closed`. Headers granted to an
    origin are sent to no other.
    """

    def __init__(
        self,
        user_agent: str,
        timeout: float | None = 60.0,
        ssl_verify: bool | str | os.PathLike[str] | ssl.SSLContext = True,
        proxy: str | None = None,
        trust_env: bool = True,
    ):
        if timeout is not None and not (isinstance(timeout, (int, float)) and 0 < timeout <= MAX_TIMEOUT):
            raise ValueError(f"timeout={timeout!r}: it takes seconds, from more than 0 to {MAX_TIMEOUT}, or None.")
        self.timeout = timeout
        self._user_agent = user_agent
        self._ssl_verify = ssl_verify
        self._proxy = proxy
        self._trust_env = trust_env
        self._granted: dict[Origin, dict[str, str]] = {}
        self._lock = threading.RLock()
        self._idle: dict[Origin, list[Connection]] = {}
        self._busy: dict[Connection, Abort] = {}  # and who may end the request on it
        self._jars: dict[Origin, CookieJar] = {}
        self._tls: ssl.SSLContext | None = None
        self.closed = False

    def after_fork(self) -> None:
        """In a child: let go of the parent's connections, and of locks that a thread of the parent may have held."""
        self._lock = threading.RLock()
        for origin, jar in self._jars.items():  # these have locks, too
            self._jars[origin] = type(jar)()
            for cookie in jar:
                self._jars[origin].set_cookie(cookie)
        self._drop_all()  # which leaves them open for the parent
        self._busy, self._idle = {}, {}

    def grant(self, origin: Origin, headers: Headers) -> None:
        """Send these headers with every request to this origin."""
        for name, value in headers.items():
            check_header(name, value)
        self._granted.setdefault(origin, {}).update(headers)

    def request(
        self,
        method: str,
        url: str,
        body: Body = None,
        headers: Headers | None = None,
        timeout: float | str | None = "default",
        redirects: str = "same origin",
        abort: Abort | None = None,
    ) -> Response:
        """Send a request and return its answer as soon as the head is there. `timeout` is for each wait.

        `redirects` is "none", "same origin" or "any"; only GETs follow those that would change the method. `headers`
        and a login in the URL stay with its origin. Nothing is sent twice, but a GET on a kept connection that proves
        closed.
        """
        limit = self.timeout if isinstance(timeout, str) else timeout
        first = origin = origin_of(url)
        if "@" in url:
            url, headers = without_login(url), {**login_in(url), **(headers or {})}
        for _ in range(MAX_REDIRECTS):
            response = self._send(origin, method, url, body, headers, limit, abort or Abort())
            if response.status not in REDIRECTS or redirects == "none":
                return response
            if method != "GET" and (response.status not in (307, 308) or isinstance(body, Multipart)):
                return response
            with response:
                target = response.headers.get("location", "")
                response.read()
            try:
                target = urljoin(url, target)
                origin = origin_of(target)
            except ValueError as error:
                raise ProtocolError(f"{url} redirects to {target[:200]!r}.", url=url) from error
            if first.scheme == "https" and origin.scheme == "http":
                raise ConnectionFailed(f"{url} redirects from https to {target}: refused.", url=url)
            if is_secured(first, origin):
                self.grant(origin, self._granted.get(first, {}))
                first = origin
            if origin != first:
                headers = None
                if redirects != "any":
                    raise ConnectionFailed(f"{url} redirects to another host, {target[:200]}: refused.", url=url)
            url = target
        raise ConnectionFailed(f"{url[:200]}: more than {MAX_REDIRECTS} redirects.", url=url)

    def _send(
        self,
        origin: Origin,
        method: str,
        url: str,
        body: Body,
        headers: Headers | None,
        timeout: float | None,
        abort: Abort,
    ) -> Response:
        try:
            while True:
                connection = self._take(origin, abort, tunnel="Upgrade" in (headers or {}))
                try:
                    if not connection.kept:
                        self._prepare(connection)
                    connection.ask(self._head(connection, method, url, body, headers), body, timeout)
                    response = Response(self, connection, url)
                    self._keep_cookies(origin, url, response.cookies)
                    return response
                except BaseException as error:
                    self.give_back(connection, False)
                    died = connection.kept and isinstance(error, ConnectionError)  # without a byte of an answer
                    if not died or method != "GET" or self.closed:
                        raise
        except GradioError:
            raise
        except (OSError, NotHTTP, UnicodeError) as error:  # the last: no host has such a name
            raise connection_error(error, url, closed=self.closed) from error

    def _head(self, connection: Connection, method: str, url: str, body: Body, headers: Headers | None) -> bytes:
        origin = connection.origin
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = quote_path(target, safe="/?%:@!$&'()*+,;=[]")
        fields = {"Host": str(origin).split("://", 1)[1], "User-Agent": self._user_agent, "Accept": "*/*"}
        fields["Accept-Encoding"] = "identity"
        if connection.absolute:
            target = f"{origin}{target}"
            fields.update(connection.proxy_headers)
        if body is not None:
            fields["Content-Type"] = body.content_type if isinstance(body, Multipart) else "application/json"
            fields["Content-Length"] = str(body.length if isinstance(body, Multipart) else len(body))
        for extra in (self._granted.get(origin), headers):
            for name, value in (extra or {}).items():
                check_header(name, value)
                fields = {known: fields[known] for known in fields if known.lower() != name.lower()}
                fields[name] = value
        cookies = self._cookies(origin, url)
        if cookies:
            own = [fields.pop(name) for name in list(fields) if name.lower() == "cookie"]
            fields["Cookie"] = "; ".join([*own, cookies])
        return encode_head(f"{method} {target} HTTP/1.1", fields)

    # --- connections

    def _take(self, origin: Origin, abort: Abort, tunnel: bool) -> Connection:
        """An idle connection or a new one. `tunnel`: a proxy is to pass on everything, as protocol upgrades need."""
        while True:
            with self._lock:
                idle = self._idle.get(origin)
                kept = idle.pop() if idle and not tunnel else None
            if kept is None:
                return self._open(origin, abort, tunnel)
            if not kept.is_stale():
                return self._occupy(kept, abort)
            kept.close()

    def _occupy(self, connection: Connection, abort: Abort) -> Connection:
        """The connection, which from now on can be aborted."""
        with self._lock:
            abort.watch(connection)
            connection.thread = threading.get_ident()
            self._busy[connection] = abort  # an interrupt before it leaves nothing behind
            closed = self.closed
        if closed:
            self.give_back(connection, False)
            raise ConnectionFailed("The client has been closed.")
        return connection

    def give_back(self, connection: Connection, reusable: bool) -> None:
        with self._lock:
            abort = self._busy.pop(connection, None)
            if abort:
                abort.watch(None)
            reusable = reusable and connection.reusable and not self.closed
            if reusable:
                connection.kept = True
                connection.idle_since = time.monotonic()
                self._idle.setdefault(connection.origin, []).append(connection)
        if not reusable:
            connection.close()

    def _open(self, origin: Origin, abort: Abort, tunnel: bool) -> Connection:
        """A new connection, to the first address that takes one."""
        proxy = self._proxy_for(origin)
        place = origin_of(proxy) if proxy else origin
        tunnel = bool(proxy) and (tunnel or origin.scheme == "https")
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        for family, _, _, _, address in found:
            try:
                connection = Connection(socket.socket(family), origin, proxy, tunnel)
                return self._connect(self._occupy(connection, abort), address)
            except OSError:
                if abort.aborted or address is found[-1][-1]:
                    raise
        raise OSError("the host has no address")

    def _connect(self, connection: Connection, address: Any) -> Connection:
        try:
            connection.limit(self.timeout or MAX_TIMEOUT)  # without one, nothing would end it
            connection.sock.connect(address)
            if not connection.reusable:
                raise ConnectionAbortedError("given up")  # in the moment before connect()
            return connection
        except BaseException:
            self.give_back(connection, False)
            raise

    def _prepare(self, connection: Connection) -> None:
        """What comes before the first request. The connection is known as busy by now, so that it can be aborted."""
        keep_alive(connection.sock)
        if connection.tunnel:
            self._tunnel(connection)
        if connection.origin.scheme == "https":
            plain, host = connection.sock, connection.origin.host
            # Not under the lock, since it reads files. Two threads may make two of the same.
            self._tls = self._tls or make_tls_context(self._ssl_verify, self._trust_env)
            secure = self._tls.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
            connection.sock, connection.incoming = secure, Incoming(secure)
            if not connection.reusable:
                raise ConnectionAbortedError("given up")  # when neither socket could be shut down
            secure.do_handshake()

    def close(self) -> None:
        """Close every connection; requests in flight fail, later ones raise. May be called twice, from any thread."""
        with self._lock:
            self.closed = True
            idle = [connection for connections in self._idle.values() for connection in connections]
            busy = list(self._busy)
            self._idle.clear()
        for connection in busy:
            connection.abort()  # its thread closes it
            if connection.thread == threading.get_ident():  # which is this one: an interrupt has left it
                self.give_back(connection, False)
        for connection in idle:
            connection.close()

    def _drop_all(self) -> None:
        for connection in [*self._busy, *(one for idle in self._idle.values() for one in idle)]:
            connection.close()

    def __del__(self) -> None:
        # A client that is dropped without close() must not leave sockets to the garbage collector's warnings. Nobody
        # uses those that are busy: an interrupt has left them.
        if hasattr(self, "_busy"):
            self._drop_all()

    # --- proxies

    def _proxy_for(self, origin: Origin) -> str:
        """The URL of the proxy on the way to the origin; empty if there is none."""
        if is_loopback(origin.host):
            return ""
        url = self._proxy or (system_proxy(origin) if self._trust_env else "")
        if not url:
            return ""
        url = url if "://" in url else f"http://{url}"
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ConnectionFailed(
                f"The proxy for {origin} is a {parts.scheme!r} proxy; only http:// proxies are supported. "
                "Change proxy= or the *_PROXY variables, or list the host in NO_PROXY."
            )
        return url

    def _tunnel(self, connection: Connection) -> None:
        """Ask the proxy for a tunnel (RFC 9110, section 9.3.6)."""
        origin = connection.origin
        host = f"{origin.host}:{origin.port}" if ":" not in origin.host else f"[{origin.host}]:{origin.port}"
        fields = {"Host": host, "User-Agent": self._user_agent, **connection.proxy_headers}
        connection.ask(encode_head(f"CONNECT {host} HTTP/1.1", fields), None, self.timeout)
        answer = Response(self, connection, host)
        if answer.status != 200:
            raise ConnectionFailed(
                f"The proxy refused a tunnel to {host}: {answer.status} {answer.reason}.", status=answer.status
            )

    # --- cookies: one jar per origin, because cookies themselves know nothing of ports

    def _keep_cookies(self, origin: Origin, url: str, cookies: list[str]) -> None:
        if not cookies:
            return
        from email.message import Message
        from http.cookiejar import CookieJar
        from urllib.request import Request

        with self._lock:
            jar = self._jars.setdefault(origin, CookieJar())
        answer: Any = Message()
        answer.info = lambda: answer  # all that a jar asks of an answer
        for cookie in cookies:
            answer["Set-Cookie"] = cookie
        jar.extract_cookies(answer, Request(url))

    def _cookies(self, origin: Origin, url: str) -> str:
        jar = self._jars.get(origin)
        if jar is None:
            return ""
        from urllib.request import Request

        request = Request(url)
        jar.add_cookie_header(request)
        return request.get_header("Cookie") or ""


class WebSocket:
    """A client's end of a WebSocket (RFC 6455): text messages both ways. Use as a context manager."""

    def __init__(self, http: Http, url: str, headers: Headers, abort: Abort):
        from base64 import b64encode

        key = b64encode(os.urandom(16)).decode()
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        upgrade["Sec-WebSocket-Key"] = key
        self._url = url
        self._response = http.request("GET", url, headers={**headers, **upgrade}, abort=abort)
        if self._response.status != 101:
            raise http_error(self._response)
        self._connection = self._response.connection
        self._connection.limit(None)  # servers ping, but not all of them; TCP keep-alive finds a dead one
        if self._response.headers.get("sec-websocket-accept") != accept_key(key):
            self._response.close()
            raise ProtocolError(f"{url} does not speak WebSocket, though it says so.", url=url)

    def send(self, text: str) -> None:
        self._send(Frame(TEXT, text.encode()))

    def _send(self, frame: Frame) -> None:
        try:
            self._connection.sock.sendall(encode_frame(frame, os.urandom(4)))
        except OSError as error:
            raise connection_error(error, self._url, answered=True) from error

    def _read_exactly(self, size: int) -> bytes:
        try:
            return b"".join(self._connection.incoming.exactly(size))
        except EOFError as error:
            raise ConnectionLost(f"{self._url} closed the WebSocket without saying so.", url=self._url) from error
        except (OSError, ValueError) as error:
            raise connection_error(error, self._url, answered=True) from error

    def __iter__(self) -> Iterator[str]:
        """The messages, until the server closes; pings are answered on the way."""
        parts: list[bytes] = []
        size = 0
        while True:
            frame = read_frame(self._read_exactly)
            if frame.opcode == CLOSE:
                return
            if frame.opcode == PING:
                self._send(Frame(PONG, frame.data))
            elif frame.opcode < CLOSE:
                if (frame.opcode == CONTINUATION) != bool(parts):
                    raise ProtocolError(f"{self._url} sent WebSocket fragments out of order.", url=self._url)
                parts.append(frame.data)
                size += len(frame.data) + 64  # about what an empty fragment needs
                if size > MAX_EVENT_BYTES:
                    raise ProtocolError(f"{self._url} sent a message of more than {MAX_EVENT_BYTES} bytes.")
                if frame.fin:
                    yield b"".join(parts).decode("utf-8", "replace")
                    parts, size = [], 0

    def __enter__(self) -> WebSocket:
        return self

    def __exit__(self, *_: object) -> None:
        # Servers keep a worker busy until the closing handshake is complete, so it is worth a moment.
        with suppress(GradioError, OSError):
            self._connection.limit(CLOSING_SECONDS, CLOSING_SECONDS)
            self._send(Frame(CLOSE, (1000).to_bytes(2, "big")))
            while read_frame(self._read_exactly).opcode != CLOSE:
                pass
        self._response.close()


def quote_path(path: str, safe: str = "/") -> str:
    """The path as it stands in a URL. JSON can hold names that are no Unicode; those exist on no server."""
    return quote(path, safe, errors="surrogatepass")


def encode_head(first: str, fields: Headers) -> bytes:
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in fields.items()), "", ""]).encode()


def login_in(url: str, header: str = "Authorization") -> dict[str, str]:
    """The header for the user and password in a URL (RFC 7617), if there are any."""
    parts = urlsplit(url)
    if parts.username is None:
        return {}
    from base64 import b64encode

    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return {header: f"Basic {b64encode(login).decode()}"}


def check_header(name: str, value: str) -> None:
    is_text = isinstance(name, str) and isinstance(value, str)
    if not is_text or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or re.search(r"[\r\n\x00]", value):
        raise ValueError(f"Not a legal HTTP header: {name!r}.")
    if name.lower() in ("content-length", "transfer-encoding"):
        raise ValueError(f"The header {name} says how a body is sent, which is for the client to say: leave it out.")


def keep_alive(sock: socket.socket) -> None:
    """Send small packets at once, and let the system notice a peer that has vanished (after about a minute)."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPALIVE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def system_proxy(origin: Origin) -> str:
    """What the *_PROXY variables or the system's settings say."""
    if sys.platform not in ("darwin", "win32") and not any(name.lower().endswith("_proxy") for name in os.environ):
        return ""
    from urllib.request import getproxies, proxy_bypass  # as slow to import as all else together

    proxies = getproxies()
    bypassed = proxy_bypass(origin.host) or proxy_bypass(f"{origin.host}:{origin.port}")
    return "" if bypassed else proxies.get(origin.scheme) or proxies.get("all") or ""


def make_tls_context(verify: bool | str | os.PathLike[str] | ssl.SSLContext, trust_env: bool) -> ssl.SSLContext:
    """The TLS settings that `ssl_verify` names: True, False, the path of a CA file or folder, or a context itself."""
    try:
        import ssl  # slow to import, not needed for http, and missing from some embedded Pythons
    except ImportError as error:
        raise ConnectionFailed("https needs Python's ssl module, which this Python was built without.") from error

    if isinstance(verify, ssl.SSLContext):
        return verify
    cafile: str | None = None
    capath: str | None = None
    if not isinstance(verify, bool):
        cafile, capath = ca_place(os.fspath(verify))
    elif not trust_env:  # the default would read SSL_CERT_FILE and SSL_CERT_DIR
        place = ssl.get_default_verify_paths()
        cafile = place.openssl_cafile if os.path.exists(place.openssl_cafile) else None
        capath = place.openssl_capath if os.path.exists(place.openssl_capath) else None
    context = ssl.create_default_context(cafile=cafile, capath=capath)
    for path in filter(None, map(os.environ.get, CA_VARIABLES if verify is True and trust_env else ())):
        if os.path.exists(path):
            context.load_verify_locations(*ca_place(path))
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


def ca_place(path: str) -> tuple[str | None, str | None]:
    return (None, path) if os.path.isdir(path) else (path, None)


def connection_error(error: Exception, url: str, answered: bool = False, closed: bool = False) -> GradioError:
    """The error of this library for one of the standard library's, in words that help."""
    where = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
    reason = str(error) or type(error).__name__
    if closed:
        return ConnectionFailed(f"The client was closed during a request to {where}.", url=url)
    if isinstance(error, socket.timeout):
        return TimedOut(f"{where} sent nothing for the time that Client(timeout=…) allows.", url=url)
    if hasattr(error, "verify_message"):  # ssl.SSLCertVerificationError, without importing ssl
        hint = "Set SSL_CERT_FILE or ssl_verify= to the CA that signed it, or ssl_verify=False to connect unchecked."
        return ConnectionFailed(f"The TLS certificate of {where} is not trusted: {reason}. {hint}", url=url)
    if answered:
        return ConnectionLost(f"{where} broke off its answer: {reason}.", url=url)
    if isinstance(error, socket.gaierror):
        return ConnectionFailed(f"The host name in {where} cannot be resolved: {reason}.", url=url)
    return ConnectionFailed(
        f"Could not talk to {where}: {reason}. Is the app running, and is the address right?", url=url
    )


def http_error(response: Response) -> HTTPError:
    """The error for an answer that is not success. Reads (the start of) its body and closes it."""
    with response:
        body = response.start()
    words, status, url, wait = error_text(body), response.status, response.url, response.headers.get("retry-after")
    kinds: dict[int, type[HTTPError]] = {401: AuthenticationError, 403: AuthenticationError, 429: TooManyRequestsError}
    text = f"{url} answered {status}" + (f": {words}" if words else ".")
    if status == 401:
        text = f"{text.rstrip('.')}. Log in with auth=(user, password), or pass a token, cookies or headers."
    elif status == 429:
        text = f"{text.rstrip('.')}. Too many requests to the API, please try again later."
        text += f" Try again after {wait} (Retry-After)." if wait else ""
    elif status in REDIRECTS:
        text = f"{url} redirects to {response.headers.get('location')!r}; use that address instead."
    return kinds.get(status, HTTPError)(text, status=status, url=url, body=body, words=words, retry_after=wait)


# === Hub ==============================================================================================================
# The Hugging Face Hub's REST API: finds Spaces, waits for them, duplicates them. Asked only when a Space is addressed.

SPACE_ID = r"(?a)[A-Za-z0-9][\w-]*/(?!\.)(?:[\w-]|\.(?!\.))+"
SPACE_DOMAIN = ".hf.space"
STARTING_STAGES = ("BUILDING", "APP_STARTING", "SLEEPING", "STOPPED")  # a Space in these will run, if it is waited for
BROKEN_STAGES = {
    "PAUSED": "its owner has paused it, and has to restart it",
    "NO_APP_FILE": "it has no app file; its owner has to add one",
    "CONFIG_ERROR": "its configuration is wrong; its owner has to correct it",
    "BUILD_ERROR": "it cannot be built; its owner finds out why in the build log",
    "RUNTIME_ERROR": "its app has crashed; its owner finds out why in the container log",
    "DELETING": "it is being deleted",
}
SPACE_START_SECONDS = 30 * 60.0  # building a large Space takes this long
SPACE_POLL_SECONDS = 3.0  # the Hub allows an anonymous caller 500 requests in five minutes
BASIC_HARDWARE = "cpu-basic"  # free; only the sleep time of other hardware can be set


class Token:  # no Record: these show what they hold
    """A Hugging Face token, and whether the caller passed it or it was found on this machine."""

    def __init__(self, value: str, passed: bool):
        if re.search(r"[\r\n]", value):
            place = "passed" if passed else "found in the environment or in the saved file"
            raise ValueError(f"The Hugging Face token that was {place} has a line break in it.")
        self.value, self.passed = value, passed


def find_token(given: str | bool | None, search: bool) -> Token | None:
    """The token to use: the one given; none for False or ""; else, if `search`, that of the environment or the file.

    True insists: AuthenticationError if the search finds none.
    """
    if isinstance(given, str):
        return Token(given.strip(), passed=True) if given.strip() else None
    if given is False or not search or (given is None and env_flag("HF_HUB_DISABLE_IMPLICIT_TOKEN")):
        return None
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    home = os.environ.get("HF_HOME") or os.path.join(cache, "huggingface")
    path = os.environ.get("HF_TOKEN_PATH") or os.path.join(home, "token")
    path = os.path.expandvars(os.path.expanduser(path))
    value = os.environ.get("HF_TOKEN", "").strip() or os.environ.get("HUGGING_FACE_HUB_TOKEN", "").strip()
    if not value:
        with suppress(OSError, ValueError), open(path, encoding="utf-8") as stored:
            value = stored.read().strip()
    if given is True and not value:
        raise AuthenticationError(
            f"token=True, but there is none in HF_TOKEN, in HUGGING_FACE_HUB_TOKEN or in the file {path}."
        )
    return Token(value, passed=False) if value else None


def env_flag(name: str) -> bool:
    return os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE")


def token_headers(token: Token | None, app: Origin) -> dict[str, str]:
    """What an app gets: a token that the caller passed; one found on this machine only if the app is a Space."""
    if token is None or not (token.passed or (app.scheme == "https" and app.host.endswith(SPACE_DOMAIN))):
        return {}
    return {"x-hf-authorization": f"Bearer {token.value}"}


class Hub:
    """The Hub's REST API, as one caller sees it. HF_ENDPOINT names another Hub."""

    def __init__(self, http: Http, token: Token | None):
        self.url = hub_url()
        self.http = http
        self.token = token
        self._headers = {"Authorization": f"Bearer {token.value}"} if token else {}
        if env_flag("HF_HUB_OFFLINE"):
            raise ConnectionFailed(
                "HF_HUB_OFFLINE is set, so Spaces cannot be looked up. Use the URL of the app instead.", url=self.url
            )

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """GET, or POST a body. Raises HTTPError for any answer that is not success."""
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.url}/api/{path}"
        with self.http.request("GET" if body is None else "POST", url, data, headers=self._headers) as response:
            if not 200 <= response.status < 300:
                error = http_error(response)
                reset = re.search(r";\s*t=(\d+)", response.headers.get("ratelimit", ""))
                if error.status == 429 and reset and not error.retry_after:
                    error.retry_after = reset.group(1)
                raise error
            return as_dict(parse_json(response.read() or b"{}", url))

    def space(self, name: str) -> dict[str, Any]:
        """What the Hub says of a Space, by its id or, if it is public, by the subdomain of its app. Else SpaceError.

        The Hub does not tell missing ones from private ones.
        """
        try:
            return self.ask(f"spaces/{name}" if "/" in name else f"spaces/by-subdomain/{name}")
        except HTTPError as error:
            if error.status not in (401, 403, 404):
                raise
            raise SpaceError(
                f"Could not find Space: {name}. If it is a private Space, please provide its id (user/name) and a "
                f"Hugging Face token that may read it. The Hub says: {error.words or error.status}",
                status=error.status,
                url=error.url,
            ) from error

    def user(self) -> str:
        """The name of the token's owner."""
        try:
            return str(self.ask("whoami-v2")["name"])
        except (AuthenticationError, KeyError) as error:
            words = error.words if isinstance(error, HTTPError) else "no name"
            raise AuthenticationError(
                f"The Hub does not know who you are: pass token=…, or set HF_TOKEN. The Hub says: {words}", url=self.url
            ) from error


def hub_url() -> str:
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def space_in(src: str) -> str | None:
    """The Space that `src` names: an id (`user/name`) or the address of its page."""
    page = re.match(rf"(?:(?:https?://)?(?:www\.)?(?:huggingface|hf)\.co|{re.escape(hub_url())})/spaces/", src, re.I)
    space_id = "/".join(re.split(r"[/?#]", src[page.end() :])[:2]) if page else src
    return space_id if re.fullmatch(SPACE_ID, space_id) and not space_id.startswith("localhost/") else None


def start_space(hub: Hub, space_id: str, tell: Callable[[str], None]) -> str:
    """Wait until the Space runs, waking it if it sleeps, and return the URL of its app.

    Blocks for as long as building takes, at most SPACE_START_SECONDS; Ctrl-C ends the wait. The Hub tells nobody when
    a stage changes, so it is asked again and again, as often as it permits. SpaceError if the Space cannot run,
    TimedOut if it does not.
    """
    deadline = time.monotonic() + SPACE_START_SECONDS
    seen, host = "", ""
    while True:
        pause = SPACE_POLL_SECONDS
        try:
            stage, host = _stage_of(hub, space_id)
        except HTTPError as error:
            if not seen or (error.status != 429 and (error.status or 0) < 500):
                raise
            logger.info("The Hub does not answer (%s); asking again.", error)
            stage = seen
            if re.fullmatch(r"\d{1,9}", error.retry_after or ""):
                pause = max(pause, float(str(error.retry_after)))
        if stage not in STARTING_STAGES:
            return host
        if stage != seen:
            seen = stage
            tell(f"The Space {space_id} is {stage.lower().replace('_', ' ')}; waiting for it.")
            if stage in ("SLEEPING", "STOPPED"):
                with suppress(GradioError):  # a visit wakes it, whatever comes of it
                    headers = token_headers(hub.token, origin_of(host))
                    hub.http.request("GET", host, headers=headers, redirects="none").close()
        left = deadline - time.monotonic()
        if left < 0:
            raise TimedOut(f"The Space {space_id} is still {stage} after {SPACE_START_SECONDS:.0f} s.", url=host)
        threading.Event().wait(min(pause, left))


def _stage_of(hub: Hub, space_id: str) -> tuple[str, str]:
    """The Space's stage and the URL of its app. SpaceError if it will not run without its owner."""
    info = hub.space(space_id)
    host = info.get("host")
    stage = str(as_dict(info.get("runtime")).get("stage", "RUNNING"))
    if stage in BROKEN_STAGES or not isinstance(host, str) or not host.startswith(("http://", "https://")):
        why = BROKEN_STAGES.get(stage, "the Hub names no host for it")
        raise SpaceError(f"The Space {space_id} does not run ({stage}): {why}.", stage=stage, url=hub.url)
    return stage, host


def space_settings(
    private: bool, secrets: Mapping[str, str] | None, variables: Mapping[str, str] | None
) -> dict[str, Any]:
    """How a duplicate is made, besides its name and hardware."""
    given = {field: values for field, values in (("secrets", secrets), ("variables", variables)) if values}
    lists = {field: [{"key": key, "value": values[key]} for key in values] for field, values in given.items()}
    return {"visibility": "private" if private else "public", **lists}


def duplicate_space(
    hub: Hub,
    from_id: str,
    to_id: str | None,
    hardware: str | None,
    sleep_minutes: float,
    settings: Mapping[str, Any],
    tell: Callable[[str], None],
) -> str:
    """The id of the duplicate, made unless it exists. One request carries all `settings`: nothing stays half done."""
    source = space_in(from_id.strip())
    if source is None:
        raise ValueError(f"Not a Space: {from_id!r}. It takes user/name, or the address of the Space's page.")
    name = to_id or source.split("/")[-1]
    if not re.fullmatch(SPACE_ID, name if "/" in name else f"user/{name}"):
        raise ValueError(f"Not a name for a Space: to_id={name!r}.")
    target = name if "/" in name else f"{hub.user()}/{name}"
    try:
        existing: dict[str, Any] | None = hub.space(target)
    except SpaceError as error:
        if error.status == 403:
            raise
        existing = None
    page = f"{hub.url}/spaces/{target}"
    if existing is None:
        wanted = hardware or _hardware_of(hub.space(source))
        chosen = {"hardware": wanted, **_sleep_of(wanted, sleep_minutes)} if wanted else {}
        try:
            hub.ask(f"spaces/{source}/duplicate", {"repository": target, **settings, **chosen})
            tell(f"Created {page}, a duplicate of {source}.")
            return target
        except GradioError as error:
            if error.status != 409:  # that somebody else was faster
                step = f"duplicating {source} to {target}"
                unknown = f"{target} may exist or not; if so, delete it at {page}/settings"
                raise _failed(step, "nothing has been created", unknown, error) from error
        existing = hub.space(target)
    tell(f"Using your existing Space {page}.")
    if "secrets" in settings or "variables" in settings:
        logger.warning("%s exists already: its secrets and variables are left as they are.", target)
    if hardware and hardware != (_hardware_of(existing) or BASIC_HARDWARE):
        try:
            hub.ask(f"spaces/{target}/hardware", {"flavor": hardware, **_sleep_of(hardware, sleep_minutes)})
        except GradioError as error:
            step = f"changing the hardware of {target} to {hardware}"
            unknown = f"{target} exists, and may have been changed: see {page}/settings"
            raise _failed(step, f"{target} exists, unchanged", unknown, error) from error
    return target


def _hardware_of(info: Mapping[str, Any]) -> str | None:
    """A Space's hardware; of one that does not run, the hardware it would run on."""
    hardware = as_dict(as_dict(info.get("runtime")).get("hardware"))
    return hardware.get("current") or hardware.get("requested")


def _sleep_of(hardware: str, minutes: float) -> dict[str, int]:
    if hardware == BASIC_HARDWARE:
        return {}
    return {"sleepTimeSeconds": -1 if minutes < 0 else max(1, round(minutes * 60))}


def _failed(step: str, unchanged: str, unknown: str, error: GradioError) -> SpaceDuplicationError:
    refused = isinstance(error, HTTPError) and (error.status or 0) < 500
    words = (isinstance(error, HTTPError) and error.words) or str(error)
    text = f"The Hub {'refused' if refused else 'failed at'} {step} ({error.status or 'no answer'}): "
    text += f"{words.rstrip('.?')}. As it stands, {unchanged if refused else unknown}."
    return SpaceDuplicationError(text, status=error.status, url=error.url, retry_after=error.retry_after)


# === Conversation =====================================================================================================
# How a Gradio server is asked to run a function. Each shape of conversation is one generator of the server's messages;
# the table PROTOCOLS says which shape an app speaks; a Transcript reduces the messages to status and outputs.

SKIPPED = set("accordion box column dataset form group interpretation row sidebar state tab tabitem tabs".split())
MAX_STREAMS_IN_VAIN = 20  # one after the other, each brief, none of which ends a job
STREAM_SILENCE = 45.0  # servers send a heartbeat every 15 s: three missed ones are a dead connection


class Routes:
    """The URLs of an app, built from the address that the user gave, never from what the server believes it to be."""

    def __init__(self, base: str, prefix: str = ""):
        self.base = base.rstrip("/")
        self.api = self.base + prefix
        self.config = f"{self.base}/config"
        self.login = f"{self.base}/login"
        self.info = f"{self.api}/info"
        self.join = f"{self.api}/queue/join"
        self.data = f"{self.api}/queue/data"
        self.cancel = f"{self.api}/cancel"
        self.reset = f"{self.api}/reset"
        self.upload = f"{self.api}/upload"
        self.status = f"{self.api}/queue/status"

    def run(self, name: str) -> str:
        return f"{self.api}/run/{quote_path(name.lstrip('/'), safe='')}"

    def call(self, name: str) -> str:
        return f"{self.api}/call/{quote_path(name.lstrip('/'), safe='')}"

    def stream(self, name: str) -> str:
        """Of a job, by its event id, or of a medium, by its path."""
        return f"{self.api}/stream/{quote_path(name)}"

    def heartbeat(self, session_hash: str) -> str:
        return f"{self.api}/heartbeat/{session_hash}"

    def file(self, path: str) -> str:
        return f"{self.api}/file={quote_path(path)}"


class Endpoint:
    """One function of an app: its entry in the config, with the components it takes and gives."""

    def __init__(self, number: int, dependency: Mapping[str, Any], components: Mapping[Any, Mapping[str, Any]]):
        self.number = number
        self.dependency = dependency
        name = dependency.get("api_name")
        visibility = dependency.get("api_visibility", "public")
        hidden = name is False or (name == "false" and visibility == "private")
        self.name = f"/{name.lstrip('/')}" if isinstance(name, str) and name and not hidden else None
        self.private = hidden or visibility == "private"
        self.public = not self.private and visibility == "public" and dependency.get("show_api") is not False
        self.callable = bool(dependency.get("backend_fn", True))
        kinds = as_dict(dependency.get("types"))
        self.generator = bool(kinds.get("generator") or kinds.get("continuous"))
        self.inputs, self.outputs = (
            [components.get(key, {}) if isinstance(key, (int, str)) else {} for key in as_list(dependency.get(side))]
            for side in ("inputs", "outputs")
        )
        self.taken = [index for index, component in enumerate(self.inputs) if not is_skipped(component)]
        self.given = [index for index, component in enumerate(self.outputs) if not is_skipped(component)]
        self.input_types = [str(component.get("type")) for component in self.inputs]
        self.output_types = [str(component.get("type")) for component in self.outputs]
        self.stateful = "state" in [*self.input_types, *self.output_types]

    def __str__(self) -> str:
        return self.name or f"fn_index={self.number}"


def is_skipped(component: Mapping[str, Any]) -> bool:
    """Whether API callers neither send nor see the component's value."""
    skipped = component.get("skip_api")
    return skipped if isinstance(skipped, bool) else str(component.get("type")) in SKIPPED


class App:
    """What an app says of itself in its config. ProtocolError if it is none."""

    def __init__(self, base: str, config: Json):
        if not isinstance(config, dict) or not isinstance(config.get("dependencies"), list):
            raise ProtocolError(f"{base} answered with JSON that is not the config of a Gradio app.", url=base)
        self.config = config
        self.version_text = str(config.get("version", "")).strip()
        self.version = tuple(int(digits) for digits in re.findall(r"\d{1,9}", self.version_text)[:3])
        prefix = str(config.get("api_prefix") or "").strip("/")
        self.routes = Routes(base, f"/{prefix}" if prefix else "")
        self.queue = bool(config.get("enable_queue", True))
        self.max_file_size = config.get("max_file_size")
        self.protocol = str(config.get("protocol", "ws"))
        if self.protocol == "http" or self.protocol not in PROTOCOLS:  # the former is ours: no app has it
            if not self.protocol.startswith("sse_v"):
                raise ProtocolError(f"{base} speaks {self.protocol!r}, a protocol this client does not know.", url=base)
            newest = list(PROTOCOLS)[-1]
            logger.warning("%s speaks %s, which is newer than this client; trying %s.", base, self.protocol, newest)
            self.protocol = newest
        components = [entry for entry in as_list(config.get("components")) if isinstance(entry, dict)]
        by_id = {entry.get("id"): entry for entry in components if isinstance(entry.get("id"), (int, str))}
        self.endpoints: dict[int, Endpoint] = {}
        self.names: dict[str, Endpoint] = {}  # of all that can be called
        for index, dependency in enumerate(config["dependencies"]):
            if isinstance(dependency, dict):
                number = dependency.get("id", index)
                if isinstance(number, int):
                    endpoint = self.endpoints[number] = Endpoint(number, dependency, by_id)
                    if endpoint.name and endpoint.callable and not endpoint.private:
                        self.names.setdefault(endpoint.name, endpoint)
        self.listed = [name for name, endpoint in self.names.items() if endpoint.public]


class Call:
    """One call on its way: all that carrying it out takes."""

    def __init__(
        self,
        http: Http,
        app: App,
        endpoint: Endpoint,
        session: Session,
        data: list[Any],
        headers: Mapping[str, str],
        job: Job,
    ):
        self.http, self.app, self.endpoint, self.session = http, app, endpoint, session
        self.data, self.headers = data, headers
        self.job = job
        self.abort = Abort()  # of the requests that are for this call alone
        job._on_cancel(self.abort)
        self.extra: dict[str, Any] = {}  # further keys for the body
        self.event_id = ""  # the server's name for it, as soon as it has one

    def body(self) -> bytes:
        """The one request body that every server takes: old ones insist on keys that are not used."""
        body = {
            "data": self.data,
            "fn_index": self.endpoint.number,
            "session_hash": self.session.hash,
            "event_id": self.event_id or None,
            "event_data": None,
            "trigger_id": None,
            **self.extra,
        }
        return json.dumps(body).encode()


def speak_http(call: Call) -> Generator[Message, None, None]:
    """One POST whose answer is the result: no queue, no progress. Waits as long as the function runs."""
    yield {"msg": "process_starts"}
    url = call.app.routes.run(call.endpoint.name or "predict")
    output: Json = None
    while True:
        if call.job.cancelled():
            raise _Cancelled("The job was cancelled before its next step.")
        with call.http.request("POST", url, call.body(), headers=call.headers, timeout=None) as response:
            response.connection.limit(call.http.timeout)  # the function has ended
            if response.status != 200:
                yield from explain_refusal(call, url, http_error(response))
                return
            before, output = output, response.json()
        # Until 3.19 each POST is one step of a generator, and the one after the last brings nothing.
        if call.app.version >= (3, 20) or not as_dict(output).get("is_generating"):
            break
        yield {"msg": "process_generating", "success": True, "output": output}
    yield {"msg": "process_completed", "success": True, "output": before or output}


def explain_refusal(call: Call, url: str, error: HTTPError) -> Generator[Message, None, None]:
    """What a direct call that failed means: the function failed, the queue has to be used, or just that error."""
    answer = as_dict(json_or_none(error.body))
    if error.status == 500 and "error" in answer:
        yield {"msg": "process_completed", "success": False, "output": answer}
    elif error.status in (401, 404) and call.app.queue and call.endpoint.dependency.get("queue") is not False:
        logger.debug("%s does not take direct calls: joining the queue.", url)
        yield from PROTOCOLS[call.app.protocol].speak(call)
    else:
        raise error


def speak_ws(call: Call) -> Generator[Message, None, None]:
    """A WebSocket for each call; the server asks for what it needs (3.x)."""
    with WebSocket(call.http, call.app.routes.join, call.headers, call.abort) as socket:
        for text in socket:
            message = parse_message(text)
            if message["msg"] == "send_hash":
                socket.send(json.dumps({"session_hash": call.session.hash, "fn_index": call.endpoint.number}))
            elif message["msg"] == "send_data":
                socket.send(call.body().decode())
            yield message


def speak_sse(call: Call) -> Generator[Message, None, None]:
    """A stream for each call; the server says when it wants the data, which are then POSTed (4.0 to 4.8)."""
    query = urlencode({"fn_index": call.endpoint.number, "session_hash": call.session.hash})
    url = f"{call.app.routes.join}?{query}"
    complete = False
    try:
        # Some of these servers send a single heartbeat, so later silence does not mean that the connection is dead.
        with call.http.request("GET", url, headers=call.headers, abort=call.abort) as response:
            if response.status != 200:
                raise refusal(response)
            response.connection.limit(None)
            for text in iter_sse(response.chunks()):
                message = parse_message(text)
                call.event_id = str(message.get("event_id") or call.event_id)
                complete = message["msg"] == "process_completed"
                yield message
                if message["msg"] == "send_data":
                    with call.http.request("POST", call.app.routes.data, call.body(), headers=call.headers) as answer:
                        answer.json()  # nothing, but errors
    finally:
        if call.event_id and not complete and call.endpoint.generator:  # 4.0 does not always notice that nobody listens
            post(call, call.app.routes.reset, {"event_id": call.event_id})


def join_queue(call: Call) -> str:
    """POST the call into the queue; the event id that it gets."""
    if call.job.cancelled():
        raise _Cancelled("The job was cancelled before it was sent.")
    with call.http.request("POST", call.app.routes.join, call.body(), headers=call.headers) as response:
        if response.status in (422, 503):
            raise refusal(response)
        answer = response.json()
    event_id = as_dict(answer).get("event_id")
    if not isinstance(event_id, str) or not event_id:
        raise ProtocolError(f"{response.url} gave no event id but {str(answer)[:200]!r}.", url=response.url)
    call.event_id = event_id  # known from here on, wherever an interrupt comes
    return event_id


def speak_shared(call: Call) -> Generator[Message, None, None]:
    """Join the queue; the messages arrive on the one stream of the session (4.9 and newer)."""
    session = call.session
    started = complete = cancelled = False

    def plan() -> tuple[str, ...]:
        return cancel_steps(call.app, call.endpoint, started, *session.company(call.event_id))

    def cancel() -> None:  # runs in the thread that cancels: decides at once, leaves the requests to the job's thread
        steps = plan()
        if "close" in steps:
            session.retire(call.event_id)
        session.tell(call.event_id, {"msg": "cancelled", "steps": steps})

    messages = session.messages(partial(join_queue, call), call.endpoint.number)
    try:
        for message in messages:
            kind = message["msg"]
            started = started or kind.startswith("process_")
            complete = kind == "process_completed"
            if kind == "joined":
                call.job._on_cancel(cancel, lambda: bool(plan()))
            elif kind == "cancelled" or cancelled:
                cancelled = True
                otherwise = ("later",) if call.endpoint.generator else ()  # when no other job is in the way
                if complete or stop(call, message.get("steps") or plan() or otherwise):
                    raise _Cancelled("The job was cancelled.")
            else:
                yield message
                if kind == "process_streaming":  # an app that takes a stream of inputs waits for more: there is no more
                    post(call, f"{call.app.routes.stream(call.event_id)}/close", {})
    except (GeneratorExit, KeyboardInterrupt, RuntimeError):  # nobody listens any more, or no thread can be had
        if call.event_id and not complete:
            stop(call, plan())
        raise
    finally:
        messages.close()


NO_FUNCTION = 1_000_000  # /cancel stops all jobs of a function in a session: this is a function that has none


def cancel_steps(app: App, endpoint: Endpoint, started: bool, alone: bool, only: bool) -> tuple[str, ...]:
    """How to make the server stop one job of a shared stream and harm no other. Measured on 4.13 to 6.31.

    `started`: the function runs. `alone`: no other job of the session is pending. `only`: none of this function is.
    "empty"   give the job an empty input, so that it fails before its next step (5.0 and newer)
    "remove"  take it out of the queue (6.14 and newer; on 4.31 to 4.34 this only tidies up after a reset)
    "stop"    stop all running jobs of the function in the session (4.35 and newer)
    "reset"   stop a generator that has yielded (until 4.34)
    "close"   close the stream: the server drops what the session has in its queue, and stops generators
    "later"   nothing can be done now: see again after its next message
    """
    version, dependency = app.version, endpoint.dependency
    can_empty = version >= (5,) and endpoint.inputs and not dependency.get("batch")
    if version >= (6, 14) and not started:
        return ("empty", "remove") if endpoint.generator and can_empty else ("remove",)
    if can_empty:
        return ("empty",)
    if alone and not (4, 19, 2) <= version < (4, 24):
        return ("close",)
    if not endpoint.generator:
        return ()
    if not started:
        return ("later",)
    if version < (4, 35):
        return ("reset", "remove") if version >= (4, 31) else ("reset",)
    return ("stop",) if only else ()


def stop(call: Call, steps: Iterable[str]) -> bool:
    """Send the requests that the steps stand for. False: try again after the job's next message."""
    routes, session, event_id = call.app.routes, call.session, call.event_id
    for step in steps:
        if step == "later":
            return False
        if step == "close":
            session.retire(event_id)
        elif step == "empty":
            post(call, routes.stream(event_id), {**json.loads(call.body()), "event_id": None, "data": []})
        elif step == "reset":
            if post(call, routes.reset, {"event_id": event_id}) != {"success": True}:
                return False
        else:
            fn_index = call.endpoint.number if step == "stop" else NO_FUNCTION
            post(call, routes.cancel, {"session_hash": session.hash, "fn_index": fn_index, "event_id": event_id})
    return True


def post(call: Call, url: str, body: Mapping[str, Any]) -> Json:
    """Tell the server something about a job that nobody waits for. If that fails, so be it. Returns its answer."""
    try:
        with call.http.request("POST", url, json.dumps(body).encode(), headers=call.headers, timeout=5) as response:
            return json_or_none(response.start())
    except GradioError as error:
        logger.debug("Could not tell %s: %s", url, error)
        return None


def refusal(response: Response) -> GradioError:
    """The error for a call that the queue did not take."""
    error = http_error(response)
    refused: GradioError
    if error.status == 422:
        refused = ValidationError(error.words, title="Validation failed")
    elif "ueue" in error.words:  # "Queue is full. Max size is 1 and size is 1.", "Queue is stopped."
        refused = QueueError(f"The app did not take the job: {error.words}")
    else:
        return error
    refused.status, refused.url, refused.retry_after = error.status, error.url, error.retry_after
    return refused


class Worker(threading.Thread):
    """A daemon thread in the service of one client, which is known by its `http`.

    Ctrl-C in `start()` may come before or after the thread begins. So only the thread itself says what it does.
    """

    def __init__(self, http: Http, name: str, run: Callable[[], None]):
        super().__init__(name=f"gradio-{name}", target=run, daemon=True)
        self.http = http


class Waiting:
    """A job that waits for messages: the number of its function, and where its thread looks for them."""

    def __init__(self, number: int):
        self.number = number
        self.inbox: SimpleQueue[Message | GradioError] = SimpleQueue()


class Session:
    """One session hash, and the one stream on which the server reports all jobs of that session.

    The server sends a session's messages to whoever reads, so there must never be two streams, and drops the session's
    jobs when the stream is closed, so ours stays open until the server ends it. `_turn` is held during a join, so that
    jobs reach the server one after the other, over one connection. `_lock` guards what follows it, and `lost`.
    """

    def __init__(self, http: Http, routes: Routes):
        self.hash = os.urandom(16).hex()
        self.stateful = False  # functions with State have been called: the session is worth keeping
        self.disturbed = False  # a generator failed or was stopped
        self.lost = False  # its stream broke, and the server has forgotten what it had to say
        self.leave = Abort()  # called when no further jobs will come; those in flight go on
        self._http = http
        self._routes = routes
        self._url = f"{routes.data}?session_hash={self.hash}"
        self._abort = Abort()  # called when the session is retired: there will be no stream any more
        self._turn = threading.Lock()
        self._lock = threading.RLock()
        self._waiting: dict[str, Waiting] = {}  # by event id
        self._joining: list[int] = []  # the functions of joins whose answers are still on their way
        self._early: list[Message] = []  # what came before these answers, for jobs that are not known
        self._given_up = 0  # jobs over which the server may stumble, each time ending a stream
        self._reading = False
        self._beating = threading.Lock()  # held by the thread of the heartbeat

    @property
    def over(self) -> bool:
        """Whether later calls are better off with another session."""
        return self._abort.aborted or (self.lost and not self.stateful)

    def messages(self, join: Callable[[], str], number: int) -> Generator[Message, None, None]:
        """Join the queue by calling `join`, then yield a message "joined" with the event id, then each message."""
        job = Waiting(number)
        try:
            yield {"msg": "joined", "event_id": self._join(join, job)}
            while True:
                message = job.inbox.get()
                if isinstance(message, GradioError):
                    raise message
                yield message
                if message["msg"] == "process_completed":
                    return
        finally:
            with self._lock:
                # Not by the event id, which is not known here if an interrupt came as the join was over.
                others = {key: other for key, other in self._waiting.items() if other is not job}
                self._given_up += len(others) < len(self._waiting)
                self._waiting = others

    def _join(self, join: Callable[[], str], job: Waiting) -> str:
        """Have the reader deliver what comes for this job, after what came before the answer to the join."""
        # A signal handler may call while the main thread joins: it must not wait for a turn that its own thread has.
        with nullcontext() if threading.current_thread() is threading.main_thread() else self._turn:
            with self._lock:
                if self._abort.aborted:
                    raise _Retired("The session has ended.")
                self._joining.append(job.number)
            event_id = ""
            try:
                event_id = join()
            finally:
                with self._lock:
                    self._joining.remove(job.number)
                    early, self._early = self._early, []
                    taken = event_id in self._waiting
                    if event_id and not taken:
                        self._waiting[event_id] = job
                    for message in early:
                        self._deliver(message)
                    if self._waiting and not self._reading:
                        Worker(self._http, "stream", self._read).start()
            if taken:
                raise ProtocolError(f"{self._routes.join} gave a second job the event id {event_id!r}.")
            return event_id

    def tell(self, event_id: str, message: Message) -> None:
        """Wake the thread of this job with a message of our own."""
        with self._lock:
            job = self._waiting.get(event_id)
        if job:
            job.inbox.put(message)

    def company(self, event_id: str) -> tuple[bool, bool]:
        """Whether the job is alone in a session that can be done without; whether no other is of its function."""
        with self._lock:
            job = self._waiting.get(event_id)
            others = [other.number for other in self._waiting.values() if other is not job] + self._joining
            return not others and not self.stateful, job is not None and job.number not in others

    def retire(self, event_id: str) -> None:
        """Close the stream, if still no other job needs it, and take no further jobs."""
        with self._lock:
            alone, _ = self.company(event_id)
            if alone:
                self._abort()

    def beat(self) -> None:
        """Show the app that this session is in use, by a request that does not end."""
        if not (self._beating.locked() or self.leave.aborted or self._http.closed):
            Worker(self._http, "heartbeat", self._beat).start()

    def _beat(self) -> None:
        if not self._beating.acquire(blocking=False):
            return
        try:
            url = self._routes.heartbeat(self.hash)
            with self._http.request("GET", url, timeout=None, abort=self.leave) as response:
                for _ in response.chunks():
                    pass
        except GradioError as error:
            logger.debug("The heartbeat ended: %s", error)
        finally:
            self._beating.release()

    def _read(self) -> None:
        """The reader thread: read streams while a job waits and each brings something, and not for ever the same."""
        with self._lock:
            if self._reading or not self._waiting:
                return
            self._reading = True
        in_vain = 0
        while True:
            began = time.monotonic()
            with self._lock:
                waited = set(self._waiting)
            try:
                reopen = self._read_stream()
                reason = "the server ended the stream before the job was complete"
            except Exception as error:  # whatever it is, those who wait have to know
                reopen, reason = False, str(error)
                logger.debug("%s: %s", self._url.split("?")[0], error)
            with self._lock:
                waiting: dict[str, Waiting] = {}
                brief = time.monotonic() - began < 1.0
                in_vain = in_vain + 1 if brief and waited <= set(self._waiting) else 0
                if not reopen or in_vain > MAX_STREAMS_IN_VAIN + self._given_up:
                    waiting, self._waiting = self._waiting, {}
                    self.lost |= bool(waiting)
                if not self._waiting:
                    self._reading = False
                    break
        for event_id, job in waiting.items():
            job.inbox.put(
                ConnectionLost(f"The stream of job {event_id} was lost: {reason}", event_id=event_id, url=self._url)
            )

    def _read_stream(self) -> bool:
        """Read one stream to its end. Whether it is worth opening another: this one brought something."""
        silence = None if self._http.timeout is None else max(self._http.timeout, STREAM_SILENCE)
        brought = False
        with self._http.request("GET", self._url, timeout=silence, abort=self._abort) as response:
            if response.status != 200:
                raise http_error(response)
            for text in iter_sse(response.chunks()):
                message = parse_message(text)
                if message.get("msg") == "unexpected_error":
                    words = str(message.get("message"))
                    if re.fullmatch(r"'\w+'", words):  # servers 4.31 to 5.45 stumble over a cancelled job and hang up
                        return True
                    raise ConnectionLost(f"the server says {words!r}.")
                brought = self._deliver(message) or brought
        return brought

    def _deliver(self, message: Message) -> bool:
        event_id = message.get("event_id")
        if not isinstance(event_id, str) or message["msg"] in ("joined", "cancelled"):
            return False  # heartbeat, close_stream; what only this side says
        with self._lock:
            job = self._waiting.get(event_id)
            if job is None and self._joining:
                self._early.append(message)
            if message["msg"] == "process_completed":
                self._waiting.pop(event_id, None)
        if job:
            job.inbox.put(message)
        return True


def parse_message(text: str) -> Message:
    """A message of the server; what is none becomes one that everybody ignores."""
    message = json_or_none(text)
    if not isinstance(message, dict) or not isinstance(message.get("msg"), str):
        logger.warning("Ignored a message that is not one: %.200s", text)
        return {"msg": "unreadable"}
    return message


class Protocol:
    """How the servers of some releases speak. With `diffs`, a generator's values after the first come as edits."""

    def __init__(
        self,
        speak: Callable[[Call], Generator[Message, None, None]],
        diffs: bool = False,
        is_file: Match = is_marked_file,
    ):
        self.speak, self.diffs, self.is_file = speak, diffs, is_file


PROTOCOLS = {
    "http": Protocol(speak_http),
    "ws": Protocol(speak_ws),
    "sse": Protocol(speak_sse, is_file=is_unmarked_file),
    "sse_v1": Protocol(speak_shared, is_file=is_unmarked_file),
    "sse_v2": Protocol(speak_shared, diffs=True, is_file=is_unmarked_file),
    "sse_v2.1": Protocol(speak_shared, diffs=True),
    "sse_v3": Protocol(speak_shared, diffs=True),
}


def choose_protocol(app: App, endpoint: Endpoint, skip_queue: bool) -> str:
    """The row of PROTOCOLS for a call: as browsers choose, but generators always queue, as that brings every value."""
    direct = skip_queue or endpoint.dependency.get("queue") is False
    if (4, 30) <= app.version < (6,) and "json" in endpoint.output_types:
        direct = False  # run on 4.44 to 5.50: JSON outputs arrive as text like "root=[1]", or not at all
    # Batches break the queue of 4.0 to 4.10; run on 4.13 and 4.19: jobs of a batch get each other's results.
    breaks_queue = endpoint.dependency.get("batch") is True and (4,) <= app.version < (4, 24)
    if not app.queue or breaks_queue or (direct and not endpoint.generator):
        return "http"
    return app.protocol


def wants_whole_values(app: App, session: Session) -> bool:
    """Whether the server is to send whole values instead of diffs (`simple_format`)."""
    broken = (5, 29, 1) <= app.version < (5, 36)  # the diffs of these lose information
    # After a generator of the session failed or was stopped, servers confuse the next one with it.
    return app.version >= (4, 20) and (session.disturbed or broken)


class Step(Record):
    """What a message changed."""

    def __init__(
        self,
        status: StatusUpdate,
        values: list[Any] | None = None,  # all outputs, as they are now
        edits: list[Edits] | None = None,  # per output, how they differ from the step before, if that is known
        final: bool = False,
    ):
        self.status, self.values, self.edits, self.final = status, values, edits, final

    def after(self, previous: list[Any]) -> list[Any]:
        """The outputs, of which a job keeps either the values or the edits."""
        if self.edits is None:
            return self.values or []
        return [apply_edits(value, edit) for value, edit in zip(previous, self.edits)]


class Transcript:
    """Reduces the messages of one job to its status and outputs. Pure: recorded conversations are its tests."""

    def __init__(self, diffs: bool, version: tuple[int, ...], where: str):
        self._diffs = diffs
        self._version = version
        self._where = where
        self._values: list[Any] | None = None

    def feed(self, message: Message) -> Step | None:
        """What the message changed, or None. Raises the error that it reports. Unknown messages change nothing."""
        kind = message["msg"]
        if kind in ("process_generating", "process_streaming"):
            return self._generated(message, edited=self._diffs and kind == "process_generating")
        if kind == "process_completed":
            return Step(StatusUpdate(Status.FINISHED, success=True), self._data(message), final=True)
        status = self._status_of(kind, message)
        return None if status is None else Step(status)

    def _status_of(self, kind: str, message: Message) -> StatusUpdate | None:
        if kind == "send_hash":
            return StatusUpdate(Status.JOINING_QUEUE)
        if kind == "estimation":
            rank, size = whole(message.get("rank")), whole(message.get("queue_size"))
            return StatusUpdate(Status.IN_QUEUE, rank, size, number(message.get("rank_eta")))
        if kind == "send_data":
            return StatusUpdate(Status.SENDING_DATA)
        if kind == "process_starts":
            return StatusUpdate(Status.PROCESSING, eta=number(message.get("eta")))
        if kind == "progress":
            units = [unit for unit in as_list(message.get("progress_data")) if isinstance(unit, dict)]
            bars = [ProgressUnit(*map(unit.get, ("index", "length", "unit", "progress", "desc"))) for unit in units]
            return StatusUpdate(Status.PROGRESS, progress_data=bars)
        if kind == "log":
            return StatusUpdate(Status.LOG, log=(str(message.get("log")), str(message.get("level"))))
        if kind == "queue_full":
            raise QueueError(f"The queue of {self._where} is full; try again later.")
        return None

    def _generated(self, message: Message, edited: bool) -> Step:
        data = self._data(message)
        edits: list[Edits] | None = None
        status = StatusUpdate(Status.ITERATING)
        if edited and self._values is not None:
            if len(data) != len(self._values):
                raise ProtocolError(f"{self._where} sent diffs for {len(data)} outputs instead of {len(self._values)}.")
            edits = data
            data = [apply_edits(value, edit) for value, edit in zip(self._values, data)]
        elif edited and are_edits(data):
            # Servers mix a generator up with one before it that failed or was stopped: their first message is a diff of
            # what that one yielded. Of use only where all of it is replaced; the final message always is whole.
            if not all(edit and edit[0][:2] == ["replace", []] for edit in data):
                return Step(status)
            data = [apply_edits(None, edit) for edit in data]
        self._values = data
        return Step(status, data, edits)

    def _data(self, message: Message) -> list[Any]:
        """The outputs in the message; raises the error that it holds instead."""
        output = message.get("output")
        if not isinstance(output, dict):
            raise ProtocolError(f"{self._where} sent {message['msg']} without an output: {str(message)[:200]}")
        if message.get("success") is False or ("error" in output and "data" not in output):
            raise self._app_error(output, message.get("title"))
        if "data" not in output:  # how servers since 4.31 report a job that was stopped
            raise AppError(f"The app cancelled the job on {self._where} before it was complete.")
        if not isinstance(output["data"], list):
            raise ProtocolError(f"{self._where} sent outputs that are not a list: {str(output)[:200]}")
        return output["data"]

    def _app_error(self, output: Mapping[str, Any], title: Any) -> AppError:
        details = {key: value for key, value in output.items() if key not in ("error", "message")}
        if isinstance(title, str):
            details.setdefault("title", title)
        words = output.get("error")
        if words is None or (words == "None" and self._version < (4, 24)):
            words = (
                f"The app raised an error on {self._where} but does not say which: "
                "the upstream Gradio app has to set show_error=True in launch()."
            )
        words = str(words) or f"The app raised an error without a text on {self._where}."
        if self._version < (5, 2) and re.fullmatch(r"'([^'\\]|\\.)*'|\"([^\"\\]|\\.)*\"", words, re.S):
            from ast import literal_eval

            with suppress(ValueError, SyntaxError):
                words = literal_eval(words)  # gr.Error of these releases gives the repr of its text
        quota = quota_in(f"{details.get('title')}: {words}")
        if quota:
            details["quota"] = quota
            words = f"{re.sub('<[^<>]*>', '', words)} {QUOTA_HINT}"  # there is a link in some
        return AppError(words, **details)


def number(value: Json) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def whole(value: Json) -> int | None:
    return int(value) if number(value) is not None and abs(value) <= 1e15 else None  # a NaN is not, either


# === Job ==============================================================================================================
# One call, as a future. Knows nothing of HTTP: it is fed by the client.


class Job(Future):
    """A call in progress: a `concurrent.futures.Future` that also knows its status and its outputs so far.

    `result(timeout)` blocks; for a generator it gives the last value. Iterating yields every value once, as they come,
    for each iterator from the first; it ends with the job and raises its error if it failed. `await job` and
    `async for update in job` work in any running event loop. Outputs may share parts with each other: do not change
    them in place. Callbacks run in the thread that ends the job. `_lock` guards the private fields.
    """

    def __init__(self, name: str, stoppable: bool, show: Callable[[list[Any]], Any]):
        super().__init__()
        self._name = name
        self._stoppable = stoppable  # a generator can be stopped while it runs
        self._show = show
        self._lock = threading.RLock()  # used by itself: an interrupt may leave a Condition locked
        self._changed = threading.Condition(self._lock)
        self._status = StatusUpdate(Status.STARTING, time=datetime.now())
        self._outputs: list[Step] = []
        self._logs: list[StatusUpdate] = []
        self._wakers: list[Callable[[], None]] = []
        self._end: Callable[[], None] = lambda: None  # ends the conversation after cancel()
        self._can_end: Callable[[], bool] = lambda: True  # whether the server can stop this generator and no other job
        self._cancel_seen = False
        self.add_done_callback(Job._publish)  # type: ignore[arg-type] # the first, so all others see the final status

    def status(self) -> StatusUpdate:
        """What was last heard of the job. Does not block."""
        with self._lock:
            if self.done() and self._status.success is None:
                code = Status.CANCELLED if self.cancelled() else Status.FINISHED
                success = not self.cancelled() and self.exception() is None
                self._status = StatusUpdate(code, success=success, time=datetime.now())
            return self._status

    def outputs(self) -> list[Any]:
        """The values so far: those a generator has yielded, or the one result of a plain function. Does not block."""
        with self._lock:
            outputs = list(self._outputs)
        return list(self._shown(outputs))

    def __iter__(self) -> Iterator[Any]:
        return self._shown(self._arriving())

    def _shown(self, outputs: Iterable[Step]) -> Iterator[Any]:
        values: list[Any] = []
        for output in outputs:
            values = output.after(values)
            yield self._show(values)

    def _arriving(self) -> Iterator[Step]:
        """Every output, from the first; waits for those to come. At the end, raises what the job raised."""
        index = 0
        while True:
            with self._lock:
                while len(self._outputs) == index and not self.done():
                    self._changed.wait()
                arrived = self._outputs[index:]
            if not arrived:
                break
            index += len(arrived)
            yield from arrived
        error = None if self.cancelled() else self.exception()
        if error:
            raise error

    def cancel(self) -> bool:
        """Ask that this job delivers no result. Does not block; True if it will not, False if nothing has changed.

        True: it was waiting here or in the server's queue, or it is a generator, which stops after its current step
        (the server is told in the background). False: it has ended; or a plain function is already running, which no
        Gradio server can interrupt; or a generator that the server cannot stop without harm to other jobs: while
        another call of the same function is pending, on 4.35 to 4.44, and on newer ones if the function has no inputs.
        """
        if self.running() and not (self._stoppable and self._can_end()):
            return False
        try:
            return super().cancel()
        finally:  # even if a callback raises SystemExit
            if self.cancelled():
                with self._lock:
                    seen, self._cancel_seen = self._cancel_seen, True
                    end = self._end
                if not seen:
                    self.set_running_or_notify_cancel()  # without it concurrent.futures.wait() would not notice
                    end()

    def running(self) -> bool:
        """Whether the server has started the function and it has not ended."""
        return not self.done() and not self.status().code < Status.PROCESSING

    def __await__(self) -> Generator[Any, None, Any]:
        import asyncio  # a program that awaits has imported it

        return asyncio.wrap_future(self).__await__()

    async def __aiter__(self) -> AsyncIterator[StatusUpdate | OutputUpdate]:
        """Status and output updates. Statuses that nobody had time to look at are left out, outputs and logs never."""
        import asyncio

        loop = asyncio.get_running_loop()
        news = asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(news.set)

        with self._lock:
            self._wakers.append(wake)
        try:
            seen: StatusUpdate | None = None
            values = iter(self)
            taken = told = 0
            while True:
                news.clear()
                with self._lock:
                    status, count, logs = self.status(), len(self._outputs), self._logs[told:]
                for log in logs:
                    told += 1
                    yield log
                ended = status.success is not None
                while taken < count:  # so it is there: next() does not wait
                    taken += 1
                    yield OutputUpdate(next(values), final=ended and taken == count)
                if status is not seen and not status.log:
                    seen = status
                    yield status
                if ended:
                    break
                await news.wait()
        finally:
            with self._lock:
                self._wakers.remove(wake)
        next(values, None)  # raises what the job raised

    def __repr__(self) -> str:
        return f"<Job {self._name} {self.status().code.value}>"

    # The rest is for the thread that carries the job out.

    def _on_cancel(self, end: Callable[[], None], can_end: Callable[[], bool] = lambda: True) -> None:
        """Call `end` when the job is cancelled; now, if it already is."""
        with self._lock:
            self._end, self._can_end = end, can_end
            cancelled = self._cancel_seen
        if cancelled:
            end()

    def _publish(self, step: Step | None = None) -> None:
        """Note a step, or that the job has ended, and tell those who wait for news."""
        with self._lock:
            if step is None:
                self.status()  # notes how it ended, and when
            elif self.done():
                return
            else:
                self._status = step.status
                self._status.time = datetime.now()
                if step.status.log:
                    self._logs.append(step.status)
                self._stoppable |= step.status.code is Status.ITERATING  # before 3.20 none says so
                if step.values is not None or step.edits is not None:
                    self._outputs.append(step)
            self._changed.notify_all()
            wakers = list(self._wakers)
        for wake in wakers:
            wake()

    def _finish(self, values: list[Any]) -> None:
        with self._lock:
            if not self._outputs and not self.done():
                self._outputs.append(Step(self._status, values))
        self._settle(self.set_result, self._show(values))

    def _fail(self, error: BaseException) -> None:
        self._settle(self.set_exception, error)

    def _settle(self, settle: Callable[[Any], None], outcome: Any) -> None:
        self._on_cancel(lambda: None)  # the conversation's leads back here, which would keep results in memory
        with suppress(concurrent.futures.InvalidStateError):  # it has been cancelled
            settle(outcome)


# === Client ===========================================================================================================
# What users hold. The only place where jobs, conversations, files and the disk meet.

FILE_COMPONENTS = {"audio", "downloadbutton", "file", "image", "model3d", "uploadbutton", "video"}
COMPONENT_TYPES = {  # for servers that give no schema
    **dict.fromkeys("code colorpicker html markdown radio textbox".split(), "str"),
    **dict.fromkeys("number slider".split(), "float"),
    "checkbox": "bool",
    "checkboxgroup": "list[str]",
    "dataframe": "dict(headers: list[Any], data: list[list[Any]])",
}


def handle_file(filepath_or_url: str | os.PathLike[str] | bytes | IO[bytes], name: str | None = None) -> LocalFile:
    """Mark a file as an argument to upload: a path, an http(s) URL, bytes, or a file opened for reading in binary mode.

    `name` is the file name the app sees; bytes should have one with the right suffix. The contents are read when
    the job runs (of an open file from where it stands now, in any number of jobs of a client); those of a URL are
    fetched by this client and uploaded. ValueError if there is no such file, or it is open as text or not at all.
    """
    source, path, url = filepath_or_url, "", ""
    if isinstance(source, (str, os.PathLike)):
        source = path = os.fspath(source)
        url = path if is_url(path) else ""
        if not url and not os.path.exists(path):
            raise ValueError(f"File {path} does not exist on local filesystem and is not a valid URL.")
        if os.path.isdir(path):
            raise ValueError(f"{path} is a folder; handle_file() takes one file.")
        own = unquote(urlsplit(url).path) if url else path
    elif isinstance(source, (bytes, bytearray, memoryview)):
        source, own = bytes(source), ""
    elif hasattr(source, "read"):
        if hasattr(source, "encoding") or getattr(source, "closed", False):
            raise ValueError("handle_file() takes files that are open in binary mode, as by open(…, 'rb').")
        own = getattr(source, "name", "")
    else:
        raise TypeError(f"handle_file() takes a path, a URL, bytes or an open file, not {type(source).__name__}.")
    name = name or (os.path.basename(own) if isinstance(own, str) else "") or "file"
    marked = LocalFile(path=path or name, meta=dict(FILE_MARK), orig_name=name, **({"url": url} if url else {}))
    marked.source = source
    if not isinstance(source, (str, bytes)) and is_seekable(source):
        marked.start = source.tell()
    return marked


file = handle_file  # its old name


def is_seekable(stream: IO[bytes]) -> bool:
    return hasattr(stream, "seekable") and stream.seekable()


def is_spent(value: Any) -> bool:
    """Whether this is a file that has been read and cannot be read again: a pipe."""
    if not is_local_file(value) or isinstance(value.source, bytes):
        return False
    if isinstance(value.source, str):
        return not is_url(value.source) and not os.path.isfile(value.source)
    return not is_seekable(value.source)


def is_url(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def connect(
    http: Http,
    src: str,
    token: str | bool | None,
    auth: tuple[str, str] | None,
    headers: Headers,
    tell: Callable[[str], None],
) -> App:
    """The app that `src` means, which is waited for if it is a Space. Its origin is granted all credentials."""
    space_id = space_in(src)
    url = src if "://" in src else f"http://{src}"
    on_spaces = space_id is not None or origin_of(url).host.endswith(SPACE_DOMAIN)
    found = find_token(token, search=on_spaces)
    if space_id is not None:
        url = start_space(Hub(http, found), space_id, tell)
    origin = origin_of(url)
    http.grant(origin, {**token_headers(found, origin), **login_in(url), **headers})
    url = without_login(url)
    if on_spaces and space_id is None:
        return find_space_app(http, url, auth, found, tell)
    return find_app(http, url, auth)


def find_app(http: Http, url: str, auth: tuple[str, str] | None) -> App:
    """The app that any of its URLs belongs to: its config is looked for there, then one folder up, and so on."""
    parts = urlsplit(url)
    folders = [folder for folder in parts.path.split("/") if folder]
    for depth in range(len(folders), -1, -1):
        app = _app_at(http, "/".join([f"{parts.scheme}://{parts.netloc}", *folders[:depth]]), auth)
        if app:
            return app
    with http.request("GET", url, redirects="any") as response:
        page = (response.read() if response.status == 200 else response.start()).decode("utf-8", "replace")
        embedded = re.search(r"window\.gradio_config\s*=\s*(?=\{)", page)
        if embedded:  # an app whose config route is blocked
            config = page[embedded.end() :].partition("</script>")[0].rstrip("; \n")
            return App(response.url.split("?")[0], parse_json(config, url))
    raise ProtocolError(
        f"There is no Gradio app at {url}: it answered {response.status}, {describe_body(page)}.", url=url
    )


def _app_at(http: Http, base: str, auth: tuple[str, str] | None) -> App | None:
    with http.request("GET", Routes(base).config, redirects="any") as response:
        where = re.sub(r"/config/?$", "", response.url.split("?")[0])
        if response.status == 401 and auth:
            here, there = origin_of(base), origin_of(where)
            if here != there and not is_secured(here, there):
                raise AuthenticationError(
                    f"{base} redirects to {where}, which wants a login. A password is not passed on: use that address.",
                    url=where,
                    status=401,
                )
            log_in(http, Routes(where), auth)
            return _app_at(http, where, None)
        if response.status in (401, 403, 429) or response.status >= 500:
            raise http_error(response)
        text = response.read()
    config = json_or_none(text) if response.status == 200 else None
    return App(where, config) if isinstance(config, dict) and "dependencies" in config else None


def find_space_app(
    http: Http, url: str, auth: tuple[str, str] | None, token: Token | None, tell: Callable[[str], None]
) -> App:
    """The app at a `*.hf.space` URL. Only if none runs there, the Hub is asked why, and the Space waited for."""
    try:
        return find_app(http, url, auth)
    except (AuthenticationError, TooManyRequestsError):
        raise
    except (HTTPError, ProtocolError) as error:
        problem: GradioError = error
    subdomain = origin_of(url).host[: -len(SPACE_DOMAIN)]
    try:
        hub = Hub(http, token)
        space_id = str(hub.space(subdomain).get("id") or subdomain)
    except SpaceError as error:
        raise SpaceError(f"{problem} {error}", status=error.status, url=url) from problem
    except GradioError as error:  # offline, or without an answer
        logger.info("The Hub cannot be asked about %s: %s", url, error)
        raise problem from error
    start_space(hub, space_id, tell)
    return find_app(http, url, auth)


def log_in(http: Http, routes: Routes, auth: tuple[str, str]) -> None:
    """Log in; the transport keeps the cookies. AuthenticationError if the app refuses."""
    user, password = auth
    form = urlencode({"username": user, "password": password}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    with http.request("POST", routes.login, form, kind, redirects="none") as response:
        if response.status == 302 and response.headers.get("set-cookie"):  # 3.16
            return
        if response.status in REDIRECTS:
            raise AuthenticationError(
                f"{routes.base} has no login by password: pass headers= or cookies= instead of auth=.",
                url=routes.login,
                status=response.status,
            )
        if response.status != 200:
            error = http_error(response)
            raise AuthenticationError(
                f"Could not login to {routes.base} as {user!r}: {error.words or error}",
                url=routes.login,
                status=response.status,
            )


def call_each(functions: Sequence[Callable[[], None]]) -> None:
    """Call all in order, even if one raises, as callbacks do that call sys.exit()."""
    with ExitStack() as stack:
        for function in reversed(functions):
            stack.callback(function)


def show(endpoint: Endpoint, values: list[Any]) -> Any:
    """Outputs as users get them: without state and layout; the one there is, or a tuple."""
    if len(values) == len(endpoint.outputs):
        values = [values[index] for index in endpoint.given]
    shown = tuple(reveal(value) for value in values)
    return shown[0] if len(shown) == 1 else shown


def modern_outputs(endpoint: Endpoint, values: list[Any]) -> list[Any]:
    return [modern_output(kind, reveal(value)) for kind, value in zip(endpoint.output_types, values)]


def describe(endpoint: Endpoint, given: Any) -> dict[str, Any]:
    """An endpoint in the shape of the server's /info: what the server says of it, completed from the config."""
    given = as_dict(given)
    described: dict[str, Any] = {key: given[key] for key in ("description", "oauth_token") if key in given}
    for key, kind, components, shown in (
        ("parameters", "param", endpoint.inputs, endpoint.taken),
        ("returns", "value", endpoint.outputs, endpoint.given),
    ):
        known = as_list(given.get(key))
        described[key] = []
        names: set[str] = set()
        for place, index in enumerate(shown):
            said = as_dict(known[place]) if len(known) == len(shown) else {}
            item = describe_component(components[index], f"{kind}_{index}", said)
            name = item["parameter_name"]
            if not isinstance(name, str) or not name or name in names:
                name = f"param_{place}"
            item["parameter_name"] = name = name + "_" * (name in names)
            names.add(name)
            described[key].append(item)
    return described


def describe_component(component: Mapping[str, Any], name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """One parameter or return value: what the server says of it, completed from the component's entry in the config."""
    props = as_dict(component.get("props"))
    label = props.get("label")
    schema = as_dict(component.get("api_info"))
    schema = schema.get("info", schema)
    kind = str(component.get("type", "any"))
    if kind in FILE_COMPONENTS:
        typed = "list[filepath]" if props.get("file_count") in ("multiple", "directory") else "filepath"
    else:
        typed = COMPONENT_TYPES.get(kind) or type_name(schema)
    item = {
        "label": label if isinstance(label, str) and label else name,
        "parameter_name": parameter_name(label) if isinstance(label, str) else name,
        "parameter_has_default": props.get("value") not in (None, "", []),
        "parameter_default": props.get("value"),
        "type": schema,
        "python_type": {"type": typed, "description": ""},
        "component": kind.capitalize(),
        **given,
    }
    said = as_dict(item["python_type"]).get("type")
    if "filepath" in typed and "filepath" not in str(said):  # 3.x calls these `str`
        item["python_type"] = {"type": typed, "description": ""}
    elif not isinstance(said, str):
        item["python_type"] = {"type": "Any"}
    return item


def default_folder() -> str:
    """Where files that come back go, unless the caller says."""
    import tempfile

    return os.environ.get("GRADIO_TEMP_DIR") or os.path.join(tempfile.gettempdir(), "gradio")


def file_name(item: Mapping[str, Any]) -> str:
    return safe_name(item.get("orig_name") or item["path"])


def save(chunks: Iterable[bytes], folder: str, place: Callable[[str], str]) -> str:
    """Write a file under a temporary name in `folder`, then move it to `place(its sha256)`, whose path is returned."""
    import hashlib

    os.makedirs(folder, exist_ok=True)
    temporary = os.path.join(folder, f".{os.urandom(8).hex()}.part")
    digest = hashlib.sha256()
    try:
        with open(temporary, "xb") as out:
            for chunk in chunks:
                digest.update(chunk)
                out.write(chunk)
        path = place(digest.hexdigest())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    return path


class Arrivals:
    """Makes outputs for users out of those the server sends: files become what `fetch` makes of them, each once."""

    def __init__(self, fetch: Callable[[Any], Any], is_file: Match):
        self._fetch = fetch
        self._is_file = is_file
        self._found = False  # from the first file on, outputs are kept whole: edits would not fit local paths
        self._fetched: dict[Any, Any] = {}

    def next(self, step: Step) -> Step:
        """The step as a job keeps it: with whole values, or edits alone."""
        self._found = self._found or contains(step.values if step.edits is None else step.edits, self._is_file)
        if self._found:
            return Step(step.status, walk(step.values, self._is_file, self._streaming))
        return step if step.edits is None else Step(step.status, edits=step.edits)

    def final(self, values: list[Any]) -> list[Any]:
        return list(walk(values, self._is_file, self._arrived)) if contains(values, self._is_file) else values

    def _streaming(self, item: Mapping[str, Any]) -> Any:
        """A medium that is still being made can only be fetched when the job is complete."""
        return FileData(item) if item.get("is_stream") else self._arrived(item)

    def _arrived(self, item: Mapping[str, Any]) -> Any:
        key = (item["path"], str(item.get("url")))
        if key not in self._fetched:
            self._fetched[key] = self._fetch(item)
        return self._fetched[key]


def _tell(verbose: bool, text: str) -> None:
    logger.info(text)
    if verbose:
        print(text)


def _call_back(callback: Callable[..., Any], job: Future) -> None:
    if not job.cancelled() and job.exception() is None:
        result = job.result()
        callback(*result) if isinstance(result, tuple) else callback(result)


class Client:
    """A connection to one Gradio app. Usable from any number of threads; a context manager.

    `src` is an http(s) URL of the app (any of its pages will do), `host:port`, or a Hugging Face Space: its id
    (`user/name`), the address of its page or of its app. Connecting blocks for a request or a few, and until a Space
    that sleeps or is being built has started: up to SPACE_START_SECONDS, whatever `timeout` is.

    - `auth=(user, password)` logs in to an app with a login. `headers` and `cookies` go with every request to the app's
      origin and to no other. `token` is a Hugging Face token for the Hub and the app; by default HF_TOKEN or the saved
      one is used, for Spaces only. False means none; True, that there must be a saved one.
    - `download_files` is the folder for files that come back (default: GRADIO_TEMP_DIR, or `gradio` in the system's
      temporary folder); with False outputs hold FileData instead of local paths.
    - `ssl_verify` is True, False, the path of a CA file or folder, or an SSLContext. SSL_CERT_FILE, SSL_CERT_DIR,
      REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE are honoured. `proxy` is an http:// URL, by default that of the *_PROXY
      variables; loopback addresses never use one. `trust_env=False` ignores all these variables.
    - `timeout`, in seconds, limits each wait for the network (to connect, for an answer, between two parts of one), not
      the time a function may run; None waits for ever. No further wait begins when the head of an answer, or all of one
      that is no result, file or event stream, has taken that long. A silent event stream is given up after 45 s at the
      earliest.
    - `max_workers` limits the jobs in progress at a time; further ones wait here.
    - `skip_queue=True` calls functions that are not generators by a direct POST: faster, without progress, if the app
      permits it. `api_name` is the endpoint for calls that name none. `oauth_token` goes to endpoints that declare it.

    A process that has been forked can go on with the client, in a session of its own; jobs stay with their process.
    A client knows the app as it was when it connected, functions by their numbers: after the app has been changed, make
    a new one.

    Raises AuthenticationError, ConnectionFailed, TimedOut, ProtocolError (no Gradio app there), HTTPError, SpaceError.
    """

    def __init__(
        self,
        src: str | None = None,
        token: str | bool | None = None,
        max_workers: int = 40,
        verbose: bool = False,
        auth: tuple[str, str] | None = None,
        *,
        api_name: str | None = None,
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
        download_files: str | os.PathLike[str] | bool = True,
        ssl_verify: bool | str | os.PathLike[str] | ssl.SSLContext = True,
        proxy: str | None = None,
        trust_env: bool = True,
        timeout: float | None = 60.0,
        skip_queue: bool = False,
        oauth_token: str | None = None,
        space: str | None = None,
        hf_token: str | None = None,
    ):
        src = src or space
        if not src or not isinstance(src, str):
            raise ValueError("Client() needs the address of an app, as in Client('http://127.0.0.1:7860').")
        if auth is not None and not (isinstance(auth, (tuple, list)) and len(auth) == 2):
            raise TypeError("auth= takes a tuple of two, (user, password).")
        self._download_files = download_files
        self._skip_queue = skip_queue
        self._auth = auth
        self._oauth_token = oauth_token
        self._default_name = api_name
        self._max_workers = max(1, max_workers)
        self._http = Http(USER_AGENT, timeout, ssl_verify, proxy, trust_env)
        self._numbers = itertools.count(1)  # of threads
        self._info: dict[str, Any] | None = None
        self._known: dict[tuple[int, bool], dict[str, Any]] = {}  # descriptions of endpoints: by the config alone?
        self._moved: Callable[[str, str, int | None, int], None] | None = None  # is told how far each file is
        tell = partial(_tell, verbose)
        given = dict(headers or {})
        if cookies:
            given["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        try:
            self._app = connect(self._http, src.strip(), hf_token if token is None else token, auth, given, tell)
        except BaseException:
            self._http.close()
            raise
        self.src = self._app.routes.base
        self.config: dict[str, Any] = self._app.config
        self._forked = threading.Lock()
        self._begin()
        logger.debug("Connected to %s: Gradio %s, %s", self.src, self._app.version_text, self._app.protocol)
        tell(f"Loaded as API: {self.src}")

    def _begin(self) -> None:
        """Make what belongs to one process."""
        self._lock = threading.RLock()  # guards all below
        self._waiting: deque[Call] = deque()
        self._running = 0  # jobs that have a thread
        self._starting = 0  # threads that have not taken a job yet; Ctrl-C may leave some uncounted
        self._session = Session(self._http, self._app.routes)
        self._reading = threading.RLock()  # held while a piece is read of an open file, which several jobs may upload
        self._pid = os.getpid()  # last: from now on this is not done again

    def _own(self) -> None:
        """In a forked child, begin anew: the parent reads its session's stream, and its locks may be held for ever."""
        if self._pid != os.getpid():
            with self._forked:
                if self._pid != os.getpid():
                    self._http.after_fork()
                    self._begin()

    @classmethod
    def duplicate(
        cls,
        from_id: str,
        to_id: str | None = None,
        token: str | bool | None = None,
        private: bool = True,
        hardware: str | None = None,
        secrets: Mapping[str, str] | None = None,
        sleep_timeout: int = 5,
        max_workers: int = 40,
        verbose: bool = False,
        *,
        variables: Mapping[str, str] | None = None,
        hf_token: str | None = None,
        **options: Any,
    ) -> Client:
        """Make a Space of your own from another, unless you have it already, and connect to it once it runs.

        `to_id` is a name or `namespace/name`; by default the original's name under your account. The hardware is that
        of the original unless you choose; other than cpu-basic is billed to you, and is put to sleep after
        `sleep_timeout` minutes without requests (-1: never). `secrets` and `variables` are set when the Space is made.
        An existing duplicate is used as it is, but for `hardware`, if given. Needs a token: `token=`, HF_TOKEN or a
        saved one. `options` are further ones of Client; those of the network are for the Hub, too.
        Raises SpaceDuplicationError, which says what exists already, SpaceError, AuthenticationError.
        """
        unknown = set(options) - set(cls.__init__.__kwdefaults__ or ())
        if unknown:  # before anything is made
            raise TypeError(f"duplicate() does not take {', '.join(sorted(unknown))}.")
        token = hf_token if token is None else token
        network = {name: options[name] for name in ("timeout", "ssl_verify", "proxy", "trust_env") if name in options}
        with closing(Http(USER_AGENT, **network)) as http:
            hub = Hub(http, find_token(token, search=True))
            settings = space_settings(private, secrets, variables)
            tell = partial(_tell, verbose)
            target = duplicate_space(hub, from_id, to_id, hardware, sleep_timeout, settings, tell)
        try:
            return cls(target, token, max_workers, verbose, **options)
        except GradioError as error:
            raise SpaceDuplicationError(
                f"{hub.url}/spaces/{target} exists, but cannot be used yet: {error} "
                "Call duplicate() again later, or delete the Space in its settings.",
                url=error.url,
            ) from error

    def __repr__(self) -> str:
        return f"<Client {self.src} Gradio {self._app.version_text} {len(self._app.listed)} named endpoints>"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        session = getattr(self, "_session", None)
        if session and self._pid == os.getpid():  # or the thread of its heartbeat would go on for ever
            session.leave()

    @property
    def session_hash(self) -> str:
        """The server's name for the session of the next call."""
        self._own()
        return self._session.hash

    # --- calling

    def predict(
        self,
        /,
        *args: Any,
        api_name: str | None = None,
        fn_index: int | None = None,
        headers: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Call an endpoint and return its result; a generator's last value. Blocks, in the calling thread.

        Several outputs come as a tuple. Files are passed as `handle_file(…)`, and come back as paths of local files.
        Raises TypeError or ValueError for a wrong call before anything is sent; AppError if the app fails; QueueError,
        ConnectionLost, TimedOut and the other errors of this module. Ctrl-C cancels the call, as `Job.cancel()` can.
        """
        return self._result(self._call(args, api_name, fn_index, headers, kwargs))

    def submit(
        self,
        /,
        *args: Any,
        api_name: str | None = None,
        fn_index: int | None = None,
        headers: Mapping[str, str] | None = None,
        result_callbacks: Callable[..., Any] | Sequence[Callable[..., Any]] | None = None,
        **kwargs: Any,
    ) -> Job:
        """Start a call in the background and return its Job. Wrong arguments raise here, as in `predict()`: the first
        call that names or omits some blocks for a request.

        `result_callbacks` are called with the outputs as arguments if the job succeeds, in order, in its thread.
        """
        callbacks = [result_callbacks] if callable(result_callbacks) else result_callbacks or ()
        if not isinstance(callbacks, Sequence) or not all(map(callable, callbacks)):
            raise TypeError("result_callbacks= takes a function or a list of functions.")
        call = self._call(args, api_name, fn_index, headers, kwargs)
        for callback in callbacks:
            call.job.add_done_callback(partial(_call_back, callback))
        with self._lock:
            self._check_open()
            self._waiting.append(call)
        call_each(self._start_waiting())
        return call.job

    def reset_session(self) -> None:
        """Forget the app's state for this client: later calls belong to a new session. Jobs in flight go on."""
        self._own()
        with self._lock:
            left, self._session = self._session, Session(self._http, self._app.routes)
        left.leave()  # or its heartbeat would go on

    def close(self) -> None:
        """End every job (with ConnectionLost) and every thread, and close all sockets. May be called twice."""
        self._own()
        self._http.close()
        with self._lock:
            waiting = list(self._waiting)  # where they stay until they have ended: Ctrl-C may come before
        reason = "The client was closed before the job started."
        call_each([partial(call.job._fail, ConnectionLost(reason, endpoint=str(call.endpoint))) for call in waiting])
        with self._lock:
            self._waiting.clear()
        deadline = time.monotonic() + 5  # a callback of the user may take longer; its thread ends after it
        for thread in threading.enumerate():
            mine = isinstance(thread, Worker) and thread.http is self._http
            if mine and thread is not threading.current_thread() and thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))

    # --- describing

    def view_api(
        self, all_endpoints: bool | None = None, print_info: bool = True, return_format: str | None = None
    ) -> dict[str, Any] | str | None:
        """Print which endpoints the app has, what they take and what they return. The first time, blocks for a request.

        `return_format="str"` returns the text, "dict" the description of all endpoints as data. Endpoints without a
        name are shown if `all_endpoints` is true, or if there are no others.
        """
        api = self._api()
        text = describe_api(api, all_endpoints)
        if print_info:
            print(text)
        if return_format == "dict":
            return api
        return text if return_format == "str" else None

    def _api(self) -> dict[str, Any]:
        """All public endpoints, in the shape of the server's /info. Made anew each time: callers may change it."""
        info = self._load_info()
        public = [end for end in self._app.endpoints.values() if end.public and end.callable]
        named = {end.name: describe(end, info.get(end.name)) for end in public if end.name}
        unnamed = {end.number: describe(end, None) for end in public if not end.name}
        return {"named_endpoints": named, "unnamed_endpoints": unnamed}

    def _describe(self, endpoint: Endpoint) -> dict[str, Any]:
        info = self._info  # once: another thread may just have asked the server
        key = (endpoint.number, info is None)
        if key not in self._known:
            self._known[key] = describe(endpoint, (info or {}).get(str(endpoint.name)))
        return self._known[key]

    def _load_info(self) -> dict[str, Any]:
        """What the server, asked once, says of its named endpoints; where it cannot, the config has to do."""
        if self._info is not None:
            return self._info
        self._own()
        info: Json = None
        if self._app.version >= (3, 26):
            query = "?all_endpoints=true" if self._app.version >= (4, 31, 4) else ""
            try:
                with self._http.request("GET", self._app.routes.info + query) as response:
                    info = response.json()
            except (HTTPError, ProtocolError) as error:
                if isinstance(error, (AuthenticationError, TooManyRequestsError)):
                    raise
                logger.warning("%s does not describe its endpoints (%s); using its config.", self.src, error)
                if error.status in (502, 503, 504):  # for now: it is asked again
                    return {}
        self._info = as_dict(as_dict(info).get("named_endpoints"))
        return self._info

    # --- preparing

    def _endpoint(self, api_name: str | None, fn_index: int | None) -> Endpoint:
        """The endpoint that a call means. ValueError names those there are."""
        names, listed = self._app.names, self._app.listed
        if api_name is None and fn_index is None:
            api_name = self._default_name
        if api_name is not None:
            found = names.get(str(api_name)) or names.get(f"/{api_name}")
            if found is None:
                close = _similar(str(api_name), listed)
                raise ValueError(
                    f"Cannot find a function with `api_name`: {api_name}{close}. {self.src} has: {', '.join(listed)}."
                )
            return found
        if fn_index is None:
            if len(listed) == 1:
                return names[listed[0]]
            raise ValueError(
                "This Gradio app might have multiple endpoints. Please specify an `api_name` or `fn_index`. "
                f"{self.src} has: {', '.join(listed) or 'no named endpoint'}."
            )
        found = self._app.endpoints.get(fn_index) if isinstance(fn_index, int) else None
        if found is None or not found.callable:
            why = "there is none" if found is None else "it runs in the browser, not on the server"
            raise ValueError(f"Invalid function index: {fn_index!r}. {self.src}: {why}.")
        if found.private:
            raise InvalidAPIEndpointError(f"The app at {self.src} does not offer fn_index={fn_index} as an API.")
        return found

    def _call(
        self,
        args: Sequence[Any],
        api_name: str | None,
        fn_index: int | None,
        headers: Headers | None,
        keywords: Mapping[str, Any],
    ) -> Call:
        """Check a call completely. Nothing is sent but, once and if needed, the question what the endpoints take."""
        self._own()
        endpoint = self._endpoint(api_name, fn_index)
        if not isinstance(headers or {}, Mapping):
            raise TypeError(
                "headers= takes a mapping. A parameter of the app with that name is passed by its position."
            )
        for name, value in (headers or {}).items():
            check_header(name, value)
        if keywords or len(args) != len(endpoint.taken) or self._oauth_token:
            self._load_info()
        values = bind_arguments(self._describe(endpoint)["parameters"], args, keywords, f"{endpoint} of {self.src}")
        data: list[Any] = [None] * len(endpoint.inputs)
        for index, value in zip(endpoint.taken, values):
            data[index] = walk(value, is_local_file, self._checked)  # a copy: callers may change theirs
        job = Job(str(endpoint), endpoint.generator, partial(show, endpoint))
        session = self._current_session()
        return Call(self._http, self._app, endpoint, session, data, dict(headers or {}), job)

    def _checked(self, marked: LocalFile) -> LocalFile:
        source = marked.source
        if isinstance(source, bytes):
            self._check_size(marked, len(source))
        elif isinstance(source, str) and os.path.isfile(source):
            self._check_size(marked, os.path.getsize(source))
        return marked

    def _check_size(self, marked: LocalFile, size: int) -> None:
        limit = self._app.max_file_size
        if isinstance(limit, (int, float)) and size > limit:
            name = marked["orig_name"]
            raise ValueError(
                f"File {name} has {size} bytes, which exceeds the maximum file size of the app, {limit} bytes."
            )

    def _current_session(self) -> Session:
        with self._lock:
            if self._session.over:
                self.reset_session()
            return self._session

    # --- carrying out

    def _check_open(self) -> None:
        if self._http.closed:
            raise ConnectionFailed("The client has been closed.")

    def _start_waiting(self) -> list[Callable[[], None]]:
        """Start threads for waiting jobs, as many as may run. Returns what is left to do: fail those that get none."""
        left: list[Callable[[], None]] = []
        while True:
            with self._lock:
                free = self._max_workers - self._running - self._starting
                if self._http.closed or free <= 0 or len(self._waiting) <= self._starting:
                    return left
                try:
                    Worker(self._http, f"job-{next(self._numbers)}", self._work).start()
                    self._starting += 1
                except RuntimeError as error:  # the system gives no more threads; those there are take the first jobs
                    left.append(partial(self._waiting.pop().job._fail, error))

    def _result(self, call: Call) -> Any:
        """Carry the job out in the calling thread. Its result."""
        self._check_open()
        try:
            self._carry_out(call)()
        except BaseException:
            call.job.cancel()
            raise
        return call.job.result()

    def _work(self) -> None:
        """A job's thread. Its place is given away before callbacks run: these may wait for other jobs."""
        with self._lock:
            self._starting = max(0, self._starting - 1)
            if self._http.closed or not self._waiting or self._running >= self._max_workers:
                return
            call = self._waiting.popleft()
            self._running += 1
        try:
            end = self._carry_out(call)
        except BaseException as error:  # as read() of a user's file may raise; nobody else would hear of it
            end = partial(call.job._fail, error)
        with self._lock:
            self._running -= 1
        call_each([end, *self._start_waiting()])

    def _carry_out(self, call: Call) -> Callable[[], None]:
        """Have the server run the job. Returns what is left to do: setting the outcome, which runs callbacks."""
        job, endpoint = call.job, call.endpoint
        try:
            values = self._converse(call)
            return lambda: job._finish(values)
        except Exception as problem:
            error: Exception = problem
            if isinstance(problem, ConnectionFailed) and self._http.closed:
                error = ConnectionLost(f"The client was closed before the job on {endpoint} was complete.")
            elif isinstance(problem, RecursionError):
                error = ProtocolError(f"{endpoint} of {self.src} sent a value that is nested too deeply.")
            if isinstance(error, GradioError):
                error.endpoint = error.endpoint or str(endpoint)
                error.event_id = error.event_id or call.event_id or None
                error.last_status = job.status()
            return lambda: job._fail(error)

    def _converse(self, call: Call) -> list[Any]:
        """Upload, call, and return the final outputs; after another login, if the server has forgotten the first."""
        routes = self._app.routes
        try:
            return self._attempt(call)
        except AuthenticationError as error:
            before_it_runs = (routes.upload, routes.join, routes.run(call.endpoint.name or "predict"))
            refused = str(error.url).split("?")[0] in before_it_runs
            if self._auth is None or not refused or contains(call.data, is_spent):
                raise
        log_in(self._http, routes, self._auth)
        return self._attempt(call)

    def _attempt(self, call: Call) -> list[Any]:
        if not call.job.cancelled():
            call.data = self._send_files(call)
        while not call.job.cancelled():
            if call.session.over:
                call.session = self._current_session()
            call.session.stateful |= call.endpoint.stateful
            try:
                return self._talk(call)
            except _Retired:  # between the question whether it was over and the join
                continue
        raise _Cancelled("The job was cancelled before it was sent.")

    def _complete(self, call: Call) -> Protocol:
        """Add to the call's body what the server needs to know besides the values. Returns how the call is spoken."""
        protocol = PROTOCOLS[choose_protocol(self._app, call.endpoint, self._skip_queue)]
        whole = protocol.diffs and wants_whole_values(self._app, call.session)
        call.extra = {"simple_format": True} if whole else {}
        if self._oauth_token and self._describe(call.endpoint).get("oauth_token"):
            call.extra["oauth_token"] = self._oauth_token
        return protocol

    def _talk(self, call: Call) -> list[Any]:
        """Have one conversation with the server, publish what it says, and return the final outputs."""
        job, endpoint, session, app = call.job, call.endpoint, call.session, self._app
        if self.config.get("connect_heartbeat"):
            session.beat()
        protocol = self._complete(call)
        if app.version < (3, 28) and not endpoint.stateful:
            # Run on 3.16: a session has one generator for each function, which further calls of it go on with.
            call.session = Session(self._http, app.routes)
        diffs = protocol.diffs and "simple_format" not in call.extra
        transcript = Transcript(diffs, app.version, f"{endpoint} of {self.src}")
        arrivals = Arrivals(partial(self._fetch, headers=call.headers), PROTOCOLS[app.protocol].is_file)
        conversation = protocol.speak(call)
        try:
            for message in conversation:
                step = transcript.feed(message)
                if step is None:
                    continue
                if step.values is not None and app.version < (4,):
                    step.values = modern_outputs(endpoint, step.values)
                if step.final:
                    return arrivals.final(step.values or [])
                job._publish(arrivals.next(step))
        except BaseException:  # an interrupt or a full disk stops the generator, too
            session.disturbed |= endpoint.generator
            raise
        finally:
            conversation.close()
        raise ConnectionLost(f"{self.src} ended the conversation about {endpoint} without a result.")

    # --- files

    def _send_files(self, call: Call) -> list[Any]:
        """The arguments with each local file uploaded, or in base64, and replaced by what the server calls it."""
        version = self._app.version
        found: dict[int, LocalFile] = {}

        def take(kind: str, marked: LocalFile) -> Any:
            return self._encode(marked, kind) if takes_base64(version, kind) else found.setdefault(id(marked), marked)

        data = [
            walk(fit_argument(version, kind, value), is_local_file, partial(take, kind))
            for kind, value in zip(call.endpoint.input_types, call.data)
        ]
        uploaded = self._upload(found, call.headers, call.abort) if found else {}
        return [walk(value, is_local_file, lambda marked: uploaded[id(marked)]) for value in data]

    def _upload(self, found: Mapping[int, LocalFile], headers: Headers, abort: Abort) -> dict[int, dict[str, Any]]:
        """Upload all files in one request. Returns what the server takes for each."""
        url = self._app.routes.upload
        with ExitStack() as stack:
            parts = [self._open(marked, stack) for marked in found.values()]
            form = Multipart("files", parts, os.urandom(16).hex())
            with self._http.request("POST", url, form, headers=headers, abort=abort) as response:
                paths = response.json()
        if not isinstance(paths, list) or len(paths) != len(parts) or not all(isinstance(path, str) for path in paths):
            raise ProtocolError(f"{url} answered {str(paths)[:200]} to an upload of {len(parts)} files.", url=url)
        return {
            key: file_argument(self._app.version, part.name, part.size, part.mime_type, path)
            for key, part, path in zip(found, parts, paths)
        }

    def _encode(self, marked: LocalFile, kind: str) -> Json:
        from base64 import b64encode

        with ExitStack() as stack:
            part = self._open(marked, stack)
            encoded = b64encode(part.read(part.size)).decode()
        return base64_argument(kind, part.name, part.mime_type, encoded)

    def _open(self, marked: LocalFile, stack: ExitStack) -> Part:
        """The file as a part of a form, opened until the stack is closed."""
        from mimetypes import guess_type

        name = str(marked["orig_name"])
        stream = self._stream(marked, name, stack)
        turn: Any = self._reading if stream is marked.source else nullcontext()  # other jobs may read it, elsewhere
        start = at = marked.start
        with turn:
            size = stream.seek(0, os.SEEK_END) - start
        self._check_size(marked, size)

        def read(most: int) -> bytes:
            nonlocal at
            try:
                with turn:
                    stream.seek(at)
                    data = stream.read(most)
            except OSError as error:  # which is none of the network
                raise ValueError(f"File {name} could not be read: {error}") from error
            at += len(data)
            if self._moved:
                self._moved("uploading", name, size, at - start)
            return data

        return Part(name, guess_type(name)[0] or "application/octet-stream", size, read)

    def _stream(self, marked: LocalFile, name: str, stack: ExitStack) -> IO[bytes]:
        """What the file is read from. Its size has to be known before it is sent: URLs and pipes are stored first."""
        source = marked.source
        if isinstance(source, bytes):
            return io.BytesIO(source)
        if isinstance(source, str) and is_url(source):
            chunks = self._get(source, name, redirects="any")
        else:
            try:
                stream = stack.enter_context(open(source, "rb")) if isinstance(source, str) else source
            except OSError as error:
                raise ValueError(f"File {name} could not be read: {error}") from error
            if is_seekable(stream):
                return stream
            chunks = iter(partial(stream.read, UPLOAD_CHUNK), b"")
        import tempfile

        stored = stack.enter_context(tempfile.TemporaryFile())
        stored.writelines(chunks)
        stored.seek(0)
        return stored

    def _fetch(self, item: Mapping[str, Any], headers: Headers) -> Any:
        """A file the server sent, as users get it: a local path, or the object they can fetch it with."""
        if self._download_files is False:
            given = FileData(item)
            given.download = partial(self._transfer, item, headers)
            return given
        folder = os.path.abspath(default_folder() if self._download_files is True else self._download_files)
        try:
            return save(self._contents(item, headers), folder, lambda sha: os.path.join(folder, sha, file_name(item)))
        except PermissionError as error:  # as in the default folder, if another user has made it
            error.strerror = f"{error.strerror}; choose another folder with Client(download_files=…)"
            raise

    def _transfer(self, item: Mapping[str, Any], headers: Headers, dest: str | None) -> str | bytes:
        if dest is None:
            return b"".join(self._contents(item, headers))
        path = os.path.abspath(os.path.join(dest, file_name(item)) if os.path.isdir(dest) else dest)
        return save(self._contents(item, headers), os.path.dirname(path), lambda sha: path)

    def _contents(self, item: Mapping[str, Any], headers: Headers) -> Iterator[bytes]:
        self._own()
        path, url = str(item["path"]), item.get("url")
        if is_data_url(url):
            from base64 import b64decode

            try:
                yield b64decode(str(url).partition(",")[2])
            except ValueError as error:
                raise ProtocolError(f"{self.src} sent a file in broken base64: {error}.") from error
            return
        if item.get("is_stream"):  # since 5.0 a playlist, beside which the server offers all of it as one file
            url = self._app.routes.stream(re.sub(r"playlist\.m3u8$", "playlist-file", path))
        else:
            url = self._app.routes.file(path)
        yield from self._get(url, file_name(item), headers=headers)

    def _get(self, url: str, name: str, **options: Any) -> Iterator[bytes]:
        with self._http.request("GET", url, **options) as response:
            if response.status != 200:
                raise http_error(response)
            length = response.headers.get("content-length", "")
            done = 0
            for chunk in response.chunks():
                yield chunk
                done += len(chunk)
                if self._moved:
                    self._moved("downloading", name, int(length) if length.isdecimal() else None, done)


# === Command line =====================================================================================================
# python -m gradio_lite_client. Results on stdout, everything else on stderr. COMMANDS, at the end, says what there is.

EXIT_CODES = """\
exit codes:
  0    done
  1    the app raised an error, or the server answered with one
  2    wrong usage: a command, an endpoint, a parameter, a value or a file
  3    cannot connect: no network, TLS, no Gradio app, or a Space that is down
  4    a login or token is missing, or was refused
  5    the server was silent for longer than --timeout
  6    queue full, rate limit or quota
  7    the connection broke while the result was on its way
  130  interrupted; the server has been told to cancel the job"""
CODES: dict[type, int] = {  # of errors and those derived from them
    Exception: 1,
    GradioError: 1,
    InvalidAPIEndpointError: 2,
    TypeError: 2,
    ValueError: 2,
    OSError: 2,
    ConnectionFailed: 3,
    ProtocolError: 3,
    SpaceError: 3,
    AuthenticationError: 4,
    TimedOut: 5,
    QueueError: 6,
    TooManyRequestsError: 6,
    ConnectionLost: 7,
}
SPELLINGS = {  # what errors of the library advise, and how the command line spells that
    "Client(timeout=…)": "--timeout",
    "Client(download_files=…)": "-o",
    "auth=(user, password)": "--auth USER:PASSWORD",
    "ssl_verify=False": "--insecure",
    "ssl_verify=": "--cacert",
    "token=…": "--token",
    "specify an `api_name` or `fn_index`": "name the ENDPOINT",
}
NOTES = {  # on files, in the words of the official command line, as programs read them
    "parameters": 'Must include {"path": "<local path or url>", "meta": {"_type": "gradio.FileData"}}. '
    "The meta key signals that the file will be uploaded to the remote server.",
    "returns": "The returned file path on disk.",
}


def is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def write(stream: TextIO | None, text: str) -> None:
    """Write at once, whatever the stream can encode; a terminal gets no control characters of the app."""
    if stream is None:  # a program without a console
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if is_terminal(stream):
        text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\ufffd", text.replace("\r\n", "\n"))
    try:
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()
    except OSError:
        if stream is not sys.stderr:  # the result does not depend on it
            raise


def to_json(value: Json, indent: int | None = None) -> str:
    """JSON for stdout: in ASCII, but for people who look at a terminal."""
    readable = is_terminal(sys.stdout) and str(sys.stdout.encoding).lower().startswith("utf")
    return json.dumps(value, indent=indent, ensure_ascii=not readable)


class Terminal(logging.Handler):
    """stderr: what the library logs, if wanted, and on a terminal one line that shows where the command is."""

    def __init__(self, options: Namespace):
        super().__init__(logging.DEBUG if options.debug else logging.INFO)
        self.logs = options.verbose or options.debug
        self.live = is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb" and not (options.quiet or self.logs)
        self._length = 0  # of the line
        self._shown = 0.0  # when it last showed how much of a file had moved

    def __enter__(self) -> Terminal:
        self._level = logger.level
        logger.addHandler(self)
        logger.setLevel(self.level)
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        logger.removeHandler(self)
        logger.setLevel(self._level)

    def emit(self, record: logging.LogRecord) -> None:
        self.show(record.getMessage(), stays=self.logs)

    def show(self, text: str, stays: bool = False) -> None:
        """Show a line, which stays, or is replaced by the next."""
        if not stays and not self.live:
            return
        from shutil import get_terminal_size

        self.clear()
        text = " ".join(text.split())
        if not stays:
            columns = get_terminal_size().columns
            text = text[: columns - 1]
            while width(text) >= columns:
                text = text[:-1]
            self._length = width(text)
        write(sys.stderr, text + "\n" * stays)

    def clear(self) -> None:
        if self._length:
            with suppress(OSError):  # as in write(), which would not let the control characters pass
                sys.stderr.write("\r" + " " * self._length + "\r")
                sys.stderr.flush()
            self._length = 0

    def update(self, update: StatusUpdate) -> None:
        if update.log:
            self.show(f"{update.log[1]}: {update.log[0]}", stays=self.live)
        else:
            self.show(describe_status(update))

    def moved(self, what: str, name: str, size: int | None, done: int) -> None:
        """`done` bytes of a file have been uploaded or downloaded so far."""
        if done == size or time.monotonic() - self._shown > 0.1:
            self._shown = time.monotonic()
            self.show(f"{what} {name} {bar(done, size)}{done / 1e6:.1f} MB")


def width(text: str) -> int:
    """The columns that a text takes on a terminal."""
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def bar(done: float | None, length: float | None) -> str:
    if done is None or not length:
        return ""
    filled = round(20 * min(1.0, max(0.0, done / length)))
    return f"[{'#' * filled:.<20}] {done / length:.0%} "


def describe_status(update: StatusUpdate) -> str:
    text = update.code.value.lower().replace("_", " ")
    if update.rank is not None:
        text += f", place {update.rank + 1}" + (f" of {update.queue_size}" if update.queue_size else "")
    if update.eta:
        text += f", about {update.eta:.0f} s"
    return "  ".join(map(describe_progress, update.progress_data or ())) or text


def describe_progress(unit: ProgressUnit) -> str:
    index, length = number(unit.index), number(unit.length)
    if index is None:
        return f"{unit.desc or 'progress'} {bar(number(unit.progress), 1)}"
    of = f"/{length:.12g}" if length else ""
    return f"{unit.desc or 'progress'} {bar(index, length)}{index:.12g}{of} {unit.unit or ''}"


# --- from words to arguments


def stdin() -> TextIO:
    if sys.stdin is None:
        raise TypeError("There is no stdin to read from.")
    return sys.stdin


def read_stdin() -> str:
    text = stdin().read()
    return text[:-1] if text.endswith("\n") else text


def file_named(name: str) -> LocalFile:
    return handle_file(stdin().buffer.read(), "stdin") if name == "-" else handle_file(name)


TEXT_KIND = r"(str|Literal\[.*\])( \| None)?"


def fit_word(word: str, parameter: Mapping[str, Any]) -> Any:
    """What a word of the command line means for a parameter: a file to upload, what stdin holds, or itself."""
    kind = kind_of(parameter)
    if word.startswith("@") and not re.fullmatch(TEXT_KIND, kind):
        marked = file_named(word[1:])
        return [marked] if kind.lower().startswith("list[") else marked
    return fit(read_stdin() if word == "-" else word, parameter)


def fit(text: str, parameter: Mapping[str, Any]) -> Any:
    """The text as a value of the parameter's type. TypeError if it is none."""
    kind, name = kind_of(parameter), parameter["parameter_name"]
    schema = as_dict(parameter.get("type"))
    for choice in as_list(schema.get("enum")):
        if text == (choice if isinstance(choice, str) else json.dumps(choice)):
            return choice
    if re.fullmatch(TEXT_KIND, kind):
        return text
    value = json_or_none(text.lower() if kind.startswith("bool") else text)
    listed = re.fullmatch(r"(?i)list\[(.*)\]( \| None)?", kind)
    if listed and not isinstance(value, list) and not (listed[2] and text == "null"):
        items = {"type": schema.get("items"), "python_type": {"type": listed[1]}, "parameter_name": name}
        return [fit(text, items)]
    if text == "null":
        return None
    if re.fullmatch(r"(int|float|number)( \| (int|float|None))*", kind) and number(value) is None:
        raise TypeError(f"Parameter `{name}` takes a number, not {text!r}.")
    if re.fullmatch(r"bool( \| None)?", kind) and not isinstance(value, bool):
        raise TypeError(f"Parameter `{name}` takes true or false, not {text!r}.")
    if kind.startswith("filepath") and not isinstance(value, dict):
        raise TypeError(f"Parameter `{name}` takes a file: write {name}=@{text}")
    return text if value is None else value


def is_upload(item: Json) -> bool:
    """Whether this is a file object that a person has written, not one that a server has sent."""
    return is_marked_file(item) and item.keys() == {"path", "meta"}


def parsed(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TypeError(f"Not JSON: {text[:200]} ({error}).") from error


def given_json(text: str) -> Json:
    """JSON of the command line. File objects as in the official one, a path and a mark and no more, are uploads."""
    return walk(parsed(text), is_upload, lambda item: handle_file(item["path"]))


def read_words(words: Sequence[str], parameters: Sequence[Mapping[str, Any]]) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments."""
    known = {str(parameter["parameter_name"]): parameter for parameter in parameters}
    needed = [name for name, parameter in known.items() if not parameter.get("parameter_has_default")]
    if not words and sys.stdin and not is_terminal(sys.stdin) and [kind_of(known[name]) for name in needed] == ["str"]:
        return [], {needed[0]: read_stdin()}
    if list(words) == ["-"] and parameters:
        text = read_stdin()
        value = json_or_none(text)
        if isinstance(value, dict) and value.keys() <= known.keys():  # nobody has typed it: files in it are not read
            return [], value
        return [fit(text, parameters[0])], {}
    args: list[Any] = []
    keywords: dict[str, Any] = {}
    for word in words:
        match = re.match(r"(\w+)(:?=)(.*)", word, re.S)
        if match is None:
            args.append(fit_word(word, parameters[len(args)]) if len(args) < len(parameters) else word)
            continue
        name, sign, text = match.groups()
        if sign == ":=":
            value = parsed(read_stdin()) if text == "-" else given_json(text)
        else:
            value = fit_word(text, known[name]) if name in known else text
        repeated = isinstance(keywords.get(name), list) and isinstance(value, list)  # name=@a name=@b
        keywords[name] = keywords[name] + value if repeated else value
    return args, keywords


def choose_endpoint(client: Client, options: Namespace) -> tuple[Endpoint, list[str]]:
    """The endpoint that the command line means, and the words that are values."""
    first = options.endpoint or ""
    listed = client._app.listed
    is_value = not first or re.match(r"[{@-]|\w+:?=", first) or (len(listed) == 1 and f"/{first}" != listed[0])
    if options.fn_index is None and (first.startswith("/") or not is_value):
        return client._endpoint(first, None), options.values
    values = options.values if options.endpoint is None else [first, *options.values]
    return client._endpoint(None, options.fn_index), values


# --- results


class Printer:
    """Prints what a call gives, in the form that the options ask for, and shows on the terminal where it is."""

    def __init__(self, options: Namespace, terminal: Terminal, returns: Sequence[Mapping[str, Any]], named: bool):
        self._names: list[str] = []
        for item in returns:
            self._names.append(free_name(str(item.get("label") or "value"), "", self._names.__contains__))
        self._form = "raw" if options.raw else "named" if named else "plain"
        self._folder = options.download_files
        self._stream = options.stream or (self._form == "plain" and not options.no_stream)
        self._events = options.stream and self._form == "named"
        self._terminal = terminal
        self._values: Iterator[Any] | None = None
        self._seen = 0
        self._last: Any = None  # what has been printed,
        self._open = False  # and whether it is a text, with the cursor still on its line
        self._kept = Arrivals(partial(keep_file, self._folder), is_received)  # the files, each saved once

    def update(self, job: Job) -> None:
        """Called in the thread of the call, after each message of the server."""
        if job.done():
            return
        if job.status().code is not Status.ITERATING:
            self._tell(job.status())
        self._values = self._values or iter(job)
        while self._stream and self._folder != "-" and self._seen < len(job._outputs):
            self._seen += 1
            self._show(self._shaped(next(self._values)))

    def _tell(self, status: StatusUpdate) -> None:
        self._terminal.update(status)
        if status.log:
            self.event("log", level=status.log[1], message=status.log[0])
        elif status.progress_data is not None:
            self.event("progress", progress=[vars(unit) for unit in status.progress_data])
        else:
            place = {"rank": status.rank, "queue_size": status.queue_size, "eta": status.eta}
            self.event("status", status=status.code.value, **place)

    def finish(self, result: Any) -> None:
        """Print the result, or what of it has not been printed."""
        self._terminal.clear()
        if self._folder == "-":
            return pour(result, self._terminal)
        value = self._shaped(result)
        if self._events:
            return self.event("complete", output=value)
        nothing = result == () and self._form == "plain"
        if not nothing and (not self._seen or value != self._last):
            self._show(value, indent=None if self._seen else 2)

    def end_line(self) -> None:
        """What follows, maybe an error, begins a line."""
        write(sys.stdout, "\n" * self._open)
        self._open = False

    def event(self, event: str, **fields: Any) -> None:
        if self._events:
            write(sys.stdout, to_json({"event": event, **fields}) + "\n")

    def _shaped(self, result: Any) -> Any:
        """A value of the job in the form that is to be printed, with the paths of its files where they are wanted."""
        outputs = list(result) if isinstance(result, tuple) else [result]
        if self._folder:
            outputs = self._kept.final(outputs)
        if self._form == "named":
            return dict(zip(self._names, outputs))
        return outputs[0] if self._form == "plain" and len(outputs) == 1 else outputs

    def _show(self, value: Any, indent: int | None = None) -> None:
        """Print one of several values: of a text that grows, only what is new."""
        self._terminal.clear()
        if self._events:
            return self.event("output", output=value)
        self._terminal.live = self._terminal.live and not is_terminal(sys.stdout)  # they would share a line
        is_text = isinstance(value, str)  # which only a single output can be
        if is_text and self._open and value.startswith(self._last):
            write(sys.stdout, value[len(self._last) :])
        else:
            write(sys.stdout, "\n" * self._open + (value if is_text else to_json(value, indent) + "\n"))
        self._last, self._open = value, is_text


def is_received(item: Any) -> bool:
    return isinstance(item, FileData) and item.download is not None


def free_name(stem: str, suffix: str, is_taken: Callable[[str], bool]) -> str:
    """The stem and suffix, with a number between them if that is taken."""
    numbered = (f"{stem} ({count}){suffix}" for count in itertools.count(2))
    return next(name for name in itertools.chain([stem + suffix], numbered) if not is_taken(name))


def keep_file(folder: str, item: FileData) -> str:
    """Download a file into the folder, under a name that is free there. Returns its path."""
    return item.save(free_name(*os.path.splitext(os.path.join(folder, file_name(item))), os.path.lexists))


def pour(outputs: Any, terminal: Terminal) -> None:
    """Write the contents of the one file in the outputs to stdout."""
    import shutil
    import tempfile

    found: list[FileData] = []
    walk(outputs, is_received, found.append)
    if len(found) != 1:
        raise ValueError(f"-o - writes one file to stdout, but there are {len(found)}.")
    if sys.stdout is None:
        raise ValueError("There is no stdout to write to.")
    with tempfile.TemporaryDirectory() as folder, open(found[0].save(folder), "rb") as stored:
        terminal.clear()
        shutil.copyfileobj(stored, sys.stdout.buffer)
    sys.stdout.flush()


# --- what an app offers


def endpoint_json(info: Mapping[str, Any]) -> dict[str, Any]:
    """An endpoint in the shape of the official command line."""
    parameters = []
    for item in info["parameters"]:
        optional = bool(item.get("parameter_has_default"))
        default = item.get("parameter_default") if optional else None
        kind = flat_schema(item, NOTES["parameters"])
        parameters.append({"name": item["parameter_name"], "required": not optional, "default": default, "type": kind})
    returns = [{"name": item.get("label"), "type": flat_schema(item, NOTES["returns"])} for item in info["returns"]]
    return {"parameters": parameters, "returns": returns, "description": info.get("description") or ""}


def flat_schema(item: Mapping[str, Any], note: str) -> Json:
    """The JSON Schema of a value without references, and with the type "filepath" for files."""
    schema = as_dict(item.get("type"))
    definitions = as_dict(schema.get("$defs"))
    a_file = {"type": "filepath", "description": note}
    left = iter(range(1000))

    def is_special(part: Json) -> bool:
        return isinstance(part, dict) and ("$ref" in part or type_name(part) == "filepath")

    def resolve(part: Mapping[str, Any], opened: tuple[str, ...] = ()) -> Json:
        if "$ref" not in part:
            return a_file
        name = str(part["$ref"]).rsplit("/", 1)[-1]
        known = definitions.get(name, {})
        if name in opened or next(left, None) is None:  # schemas may refer to themselves, or double with each step
            return {}
        return walk(known, is_special, partial(resolve, opened=(*opened, name)))

    if kind_of(item) == "filepath":  # 3.x does not say it in the schema
        return a_file
    flat = walk({key: part for key, part in schema.items() if key != "$defs"}, is_special, resolve)
    return {**flat, "items": a_file} if kind_of(item) == "list[filepath]" else flat


def endpoint_table(name: str, info: Mapping[str, Any]) -> str:
    """An endpoint for people: a line for each parameter and each value that it returns."""
    rows = []
    for item in info["parameters"]:
        default = f"default {to_json(item.get('parameter_default'))}"
        need = default if item.get("parameter_has_default") else "required"
        rows.append((item["parameter_name"], kind_of(item), need))
    rows += [(f"-> {item.get('label')}", kind_of(item), "") for item in info["returns"]]
    cells = [[text if len(text) <= 40 else f"{text[:37]}..." for text in row] for row in rows]
    first, second = (max((len(row[column]) for row in cells), default=0) for column in (0, 1))
    lines = [f"    {row[0]:{first}}  {row[1]:{second}}  {row[2]}".rstrip() for row in cells]
    about = " ".join(str(info.get("description") or "").split())
    return "\n".join([f"{name}  {about}".rstrip(), *lines, ""])


def example(parameter: Mapping[str, Any]) -> Any:
    """A value for a parameter in code that runs."""
    a_file = {"path": "file.txt", "meta": dict(FILE_MARK)}
    guesses = {"str": "Hello!", "float": 1, "int": 1, "bool": True, "filepath": a_file}
    value, guess = parameter.get("example_input"), guesses.get(kind_of(parameter))
    if parameter.get("parameter_has_default"):
        value = parameter.get("parameter_default")
    elif not value or (guess is not None and not isinstance(value, type(guess))):
        value = guess
    return walk(value, is_marked_file, lambda item: {**a_file, "path": item.get("url") or item["path"]})


def as_code(value: Json, literal: Callable[[Any], str]) -> str:
    """The value as an expression in which files are wrapped in handle_file()."""
    if is_marked_file(value):
        return f"handle_file({literal(value['path'])})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {as_code(item, literal)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(as_code(item, literal) for item in value) + "]"
    return literal(value)


def snippet(language: str, client: Client, endpoint: Endpoint, values: Mapping[str, Any]) -> str:
    """Code that calls the endpoint with these values."""
    from keyword import iskeyword
    from shlex import quote as quoted

    name, number, src = endpoint.name, endpoint.number, json.dumps(client.src)
    if language == "python":
        own = ("self", "api_name", "fn_index", "headers")  # of predict()
        named = all(key.isidentifier() and not iskeyword(key) and key not in own for key in values)
        given = [f"{key}=" * named + as_code(value, repr) for key, value in values.items()]
        given.append(f"api_name={name!r}" if name else f"fn_index={number}")
        imports = f"from {module_name()} import Client, handle_file"
        return f"{imports}\n\nclient = Client({src})\nprint(client.predict({', '.join(given)}))"
    if language == "javascript":
        imports = 'import { Client, handle_file } from "@gradio/client";'
        call = f"client.predict({json.dumps(name or number)}, {as_code(dict(values), json.dumps)})"
        calls = f"const client = await Client.connect({src});\nconst result = await {call};"
        return f"{imports}\n\n{calls}\nconsole.log(result.data);"
    if language == "cli":
        words = [client.src, name or f"--fn-index={number}"]
        for key, value in values.items():
            word = f"@{value['path']}" if is_marked_file(value) else value
            words.append(f"{key}={word}" if isinstance(word, str) else f"{key}:={json.dumps(word)}")
        return f"{program()} predict {' '.join(map(quoted, words))}"
    data: list[Any] = [None] * len(endpoint.inputs)
    for index, value in zip(endpoint.taken, values.values()):
        data[index] = value
    body = quoted(json.dumps({"data": data} if name else {"data": data, "fn_index": number}))
    curl = f"curl -s -H 'Content-Type: application/json' -d {body}"
    if client._app.version < (4, 20) or not name:
        return f"{curl} {quoted(client._app.routes.run(name or 'predict'))}"
    url = client._app.routes.call(name)  # through the queue: a second request gets the result
    event = r"""sed 's/.*"event_id" *: *"\([^"]*\)".*/\1/'"""
    return f"{curl} {quoted(url)} \\\n  | {event} \\\n  | xargs -I EVENT curl -sN {quoted(url + '/EVENT')}"


# --- commands


def pairs(lines: Iterable[str], sign: str, environment: Mapping[str, str]) -> dict[str, str]:
    """NAME=VALUE as a dict; the value of a NAME alone is looked up."""
    found = {}
    for line in lines:
        name, given, value = line.partition(sign)
        if not given and name not in environment:
            variable = ", or the name of a variable" if environment else ""
            raise TypeError(f"Expected NAME{sign}VALUE{variable}.")  # it may be a secret, so it is not repeated
        found[name.strip()] = (value.strip() if sign == ":" else value) if given else environment[name]
    return found


def open_client(options: Namespace, terminal: Terminal) -> Client:
    folder = options.download_files
    if folder and folder != "-" and os.path.exists(folder) and not os.path.isdir(folder):
        raise TypeError(f"-o takes a folder, but {folder} is a file.")
    user, colon, password = (options.auth or "").partition(":")
    if options.auth and not colon:
        from getpass import getpass

        try:
            password = getpass(f"Password of {user}: ")
        except EOFError as error:
            raise TypeError(f"Nobody has typed the password of {user}: pass --auth USER:PASSWORD.") from error
    auth = (user, password) if options.auth else None
    client = Client(options.src, options.token, auth=auth, **client_options(options))
    client._moved = terminal.moved
    return client


def client_options(options: Namespace) -> dict[str, Any]:
    return {
        "headers": pairs(options.H, ":", {}),
        "cookies": pairs(options.cookie, "=", {}),
        "download_files": not (options.download_files or options.no_download),  # for -o, they are fetched when printed
        "ssl_verify": options.cacert or not options.insecure,
        "proxy": options.proxy,
        "timeout": options.timeout,
        "skip_queue": options.skip_queue,
    }


def run_info(options: Namespace, terminal: Terminal) -> str:
    with open_client(options, terminal) as client:
        api = client._api()
        infos = api["named_endpoints"] or {f"--fn-index {key}": info for key, info in api["unnamed_endpoints"].items()}
        if options.endpoint or options.snippet:
            endpoint = client._endpoint(options.endpoint, None)
            infos = {str(endpoint): client._describe(endpoint)}
            if options.snippet:
                values = {item["parameter_name"]: example(item) for item in infos[str(endpoint)]["parameters"]}
                return snippet(options.snippet, client, endpoint, values)
    if options.json or not is_terminal(sys.stdout):
        return to_json({name: endpoint_json(info) for name, info in infos.items()}, 2)
    return "\n".join(endpoint_table(name, info) for name, info in infos.items())


def run_predict(options: Namespace, terminal: Terminal) -> str:
    options.no_download = options.no_download or options.download_files == "False"  # as the official one spells it
    options.download_files = None if options.no_download else options.download_files
    with open_client(options, terminal) as client:
        endpoint, words = choose_endpoint(client, options)
        client._load_info()
        info = client._describe(endpoint)
        whole = len(words) == 1 and words[0].lstrip().startswith("{")  # all arguments as one JSON object
        args, keywords = ([], given_json(words[0])) if whole else read_words(words, info["parameters"])
        call = client._call(args, None, endpoint.number, None, keywords)
        if options.dry_run:
            return "\n".join(map(to_json, rehearse(client, call)))
        printer = Printer(options, terminal, info["returns"], named=options.json or whole)
        call.job._wakers.append(partial(printer.update, call.job))
        try:
            printer.finish(client._result(call))
        except BrokenPipeError:
            raise
        except Exception as error:
            printer.event("error", error=type(error).__name__, message=str(error), code=exit_code(error))
            raise
        finally:
            printer.end_line()
    return ""


def rehearse(client: Client, call: Call) -> list[dict[str, Any]]:
    """The requests that a call would send, apart from those that only read."""
    requests: list[dict[str, Any]] = []
    app = call.app

    def upload(found: Mapping[int, LocalFile], headers: Headers, abort: Abort) -> dict[int, dict[str, Any]]:
        names = {key: str(marked["orig_name"]) for key, marked in found.items()}
        requests.append({"method": "POST", "url": app.routes.upload, "files": list(names.values())})
        return {key: file_argument(app.version, name, 0, "", f"(uploaded {name})") for key, name in names.items()}

    client._upload = upload  # type: ignore[method-assign]
    call.data = client._send_files(call)
    speak = client._complete(call).speak
    urls: dict[Any, str] = {speak_http: app.routes.run(call.endpoint.name or "predict"), speak_sse: app.routes.data}
    method = "WEBSOCKET" if speak is speak_ws else "POST"
    return [*requests, {"method": method, "url": urls.get(speak, app.routes.join), "body": json.loads(call.body())}]


def run_upload(options: Namespace, terminal: Terminal) -> str:
    with open_client(options, terminal) as client:
        files = dict(enumerate(map(file_named, options.files)))
        if options.dry_run:
            names = [marked["orig_name"] for marked in files.values()]
            return to_json({"method": "POST", "url": client._app.routes.upload, "files": names})
        uploaded = list(client._upload(files, {}, Abort()).values())
    paths = [str(item.get("path") or item.get("name")) for item in uploaded]
    return to_json(uploaded, 2) if options.json else "\n".join(paths)


def run_download(options: Namespace, terminal: Terminal) -> str:
    options.no_download = True  # by the client: the paths are made here
    with open_client(options, terminal) as client:
        items = [{"path": unquote(path.rpartition("file=")[2]) if is_url(path) else path} for path in options.paths]
        if options.dry_run:
            urls = [client._app.routes.file(item["path"]) for item in items]
            return "\n".join(to_json({"method": "GET", "url": url}) for url in urls)
        files = [client._fetch(item, {}) for item in items]
        if options.download_files == "-":
            pour(files, terminal)
            return ""
        paths = [keep_file(options.download_files or ".", item) for item in files]
    return to_json(paths, 2) if options.json else "\n".join(paths)


class Rehearsal(Hub):
    """The Hub, seen with the command's options. What would change something there is collected instead of sent."""

    def __init__(self, options: Namespace):
        http = Http(USER_AGENT, options.timeout, options.cacert or not options.insecure, options.proxy)
        super().__init__(http, find_token(options.token, search=True))
        self.requests: list[dict[str, Any]] = []
        self.close = http.close

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if body is None:
            return super().ask(path)
        self.requests.append({"method": "POST", "url": f"{self.url}/api/{path}", "body": body})
        return {}


def run_duplicate(options: Namespace, terminal: Terminal) -> str:
    private, hardware, sleep = not options.public, options.hardware, options.sleep_timeout
    secrets, variables = pairs(options.secret, "=", os.environ), pairs(options.variable, "=", os.environ)
    if options.dry_run:
        with closing(Rehearsal(options)) as hub:
            settings = space_settings(private, dict.fromkeys(secrets, "***"), variables)  # they are not for a terminal
            duplicate_space(hub, options.src, options.to, hardware, sleep, settings, logger.info)
        return "\n".join(map(to_json, hub.requests))
    more = {"variables": variables, **client_options(options)}
    with Client.duplicate(options.src, options.to, options.token, private, hardware, secrets, sleep, **more) as client:
        return to_json({"url": client.src}) if options.json else client.src


def run_status(options: Namespace, terminal: Terminal) -> str:
    report: dict[str, Any] = {}
    space_id = space_in(options.src)
    if space_id:
        with closing(Rehearsal(options)) as hub:
            info = hub.space(space_id)
        stage = as_dict(info.get("runtime")).get("stage")
        report = {"space": space_id, "stage": stage, "hardware": _hardware_of(info)}
    if report.get("stage") not in (*STARTING_STAGES, *BROKEN_STAGES):
        with open_client(options, terminal) as client:
            app = client._app
            report.update(url=client.src, version=app.version_text, protocol=app.protocol, queue=app.queue)
            with suppress(HTTPError, ProtocolError), client._http.request("GET", app.routes.status) as response:
                report["queue_size"] = response.json().get("queue_size")
            report["endpoints"] = len(app.listed)
    if options.json or not is_terminal(sys.stdout):
        return to_json(report, 2)
    return "\n".join(f"{name:10}  {value}" for name, value in report.items())


def run_completion(options: Namespace, terminal: Terminal) -> str:
    spelled = re.compile(r"(?<!\S)--?[a-zA-Z][\w-]*(?=.*  )")
    words = {name: " ".join(spelled.findall(own + OPTIONS)) for name, (_, _, _, own) in COMMANDS.items()}
    lines = [f"complete -c gradio-lite -n __fish_use_subcommand -f -a {name}" for name in words]
    lines += [f"complete -c gradio-lite -n '__fish_seen_subcommand_from {name}' -a '{words[name]}'" for name in words]
    if options.shell != "fish":
        lines = ["autoload -U +X bashcompinit && bashcompinit"] if options.shell == "zsh" else []
        lines += ["_gradio_lite() {", f"  local words='{' '.join(words)}'", '  case "${COMP_WORDS[1]}" in']
        lines += [f"    {name}) [ $COMP_CWORD -gt 1 ] && words='{words[name]}' ;;" for name in words]
        lines += ["  esac", '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))', "}"]
        lines += ["complete -o default -F _gradio_lite gradio-lite"]
    return "\n".join(lines)


def run_start(options: Namespace, terminal: Terminal) -> str:
    """Without a command there is only --version."""
    if not options.version:
        raise TypeError(f"A command is needed: {', '.join(COMMANDS)}. See {program()} --help.")
    if not options.verbose:
        return f"gradio_lite_client {__version__}"
    import hashlib

    digest, tls = "unknown: this does not run from its source file", "no TLS: this Python has no ssl module"
    path = globals().get("__file__") or ""
    if os.path.isfile(path) and not path.endswith((".pyc", ".so", ".pyd")):  # else in a zip, frozen, compiled
        with open(path, "rb") as source:
            digest = hashlib.sha256(source.read()).hexdigest()
    with suppress(ImportError):
        import ssl

        tls = ssl.OPENSSL_VERSION
    return f"gradio_lite_client {__version__}\nsha256 {digest}\nPython {sys.version.split()[0]}, {tls}"


OPTIONS = """\
-h --help  show this help; COMMAND --help shows more
--json  print JSON
-q --quiet  nothing but results and errors
--auth LOGIN  USER:PASSWORD; of a USER alone the password is asked for
--token TOKEN  Hugging Face token (default: HF_TOKEN or the saved one)
-H HEADER...  NAME:VALUE, to be sent to the app; may be repeated
--cookie COOKIE...  NAME=VALUE, to be sent to the app; may be repeated
--insecure  do not verify TLS certificates
--cacert FILE  trust the certificates in this file or folder
--proxy URL  http:// proxy (default: that of the *_PROXY variables)
--timeout SECONDS  for each wait for the network (default: 60)
--skip-queue  call functions directly, where the app permits it
--dry-run  print what would be sent; only ask what the app offers
-v --verbose  tell what happens
--debug  tell more, and where errors come from
"""
FILES = """\
-o --download-files DIR  put files there; - writes the only one to stdout
"""
PREDICT = """\
--raw  print the list of outputs as JSON
--stream  print every value; with --json a line for each event
--no-stream  print the final value only
--no-download  print where files are instead of downloading them
--fn-index NUMBER  call the function with this number
"""
DUPLICATE = """\
--public  for everybody to see
--hardware NAME  such as t4-small (default: that of the original)
--secret SECRET...  NAME=VALUE, or the NAME of a variable; may be repeated
--variable VARIABLE...  NAME=VALUE, or the NAME of a variable; may be repeated
--sleep-timeout MINUTES  -1: never (default: 5)
"""
ABOUT_PREDICT = """\
call an endpoint and print its result

The ENDPOINT may be left out if the app has only one. VALUES, in order or by name:
  VALUE  name=VALUE     read as the type that the endpoint takes
  @FILE  name=@FILE     upload a file, or the contents of a URL; @- is stdin
  name=@FILE name=@FILE  several files
  name:=JSON            JSON
  '{"name": VALUE, ...}'  all arguments as JSON; then the result is JSON by names
  -  name=-             text from stdin; - alone may be a JSON object of all
Without VALUES, what is piped in fills the one text that the endpoint requires.
Text that starts with - comes after --; text like a=b is given by name: text=a=b."""
SNIPPET = "--snippet {python,javascript,curl,cli}  print code that calls the ENDPOINT\n"
COMMANDS = {  # what runs it and returns what is still to be printed, its words, what it does, its own options
    "info": (run_info, "SRC [ENDPOINT]", "print what the endpoints take and return", SNIPPET),
    "predict": (run_predict, "SRC [ENDPOINT] [VALUES ...]", ABOUT_PREDICT, FILES + PREDICT),
    "upload": (run_upload, "SRC FILES ...", "upload files and print their paths on the server", ""),
    "download": (run_download, "SRC PATHS ...", "download files by their paths on the server", FILES),
    "duplicate": (run_duplicate, "SRC [TO]", "make a Space of your own from another", DUPLICATE),
    "status": (run_status, "SRC", "print version, protocol, queue and Space", ""),
    "completion": (run_completion, "SHELL", "print a script that completes commands in bash, zsh or fish", ""),
}
ABOUT = "Call Gradio apps. SRC is the URL of an app, host:port, or a Space (user/name).\n\ncommands:\n"
START = (
    run_start,
    "",
    ABOUT + "\n".join(f"  {name:11} {about.splitlines()[0]}" for name, (_, _, about, _) in COMMANDS.items()),
    "--version  show the version; with -v also hash, Python and TLS\n",
)


def program() -> str:
    """How this was called: it may be a copy under any name."""
    if __name__ != "__main__":
        return "gradio-lite"
    return f"python -m {__spec__.name}" if __spec__ else os.path.basename(sys.argv[0])


def module_name() -> str:
    if __name__ != "__main__":
        return __name__
    stem = os.path.splitext(os.path.basename(sys.argv[0]))[0]  # "-" if this has come through stdin
    return __spec__.name if __spec__ else stem if stem != "-" else "gradio_lite_client"


def parse(words: Sequence[str]) -> Namespace:
    """The options, with the command and its words. TypeError for wrong usage; --help ends the program."""
    import argparse

    def fail(message: str) -> NoReturn:
        raise TypeError(f"{message}. See {parser.prog} --help.")

    name = words[0] if words and not words[0].startswith("-") else ""
    run, positional, about, own = COMMANDS.get(name, START)
    parser = argparse.ArgumentParser(
        f"{program()} {name if name in COMMANDS else ''}".rstrip(),
        usage=f"%(prog)s {positional or 'COMMAND SRC ...'} [OPTIONS]",
        description=about,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    parser.error = fail  # type: ignore[method-assign]
    if name and name not in COMMANDS:
        fail(f"There is no command {name!r}{_similar(name, list(COMMANDS))}")
    if not name and set(words) & set(COMMANDS):
        fail("The command comes first, before its options")
    for bracket, word, dots in re.findall(r"(\[?)(\w+)( \.\.\.)?", positional):
        count = ("*" if dots else "?") if bracket else "+" if dots else None
        choices = ["bash", "zsh", "fish"] if word == "SHELL" else None
        parser.add_argument(word.lower(), nargs=count, choices=choices, help=argparse.SUPPRESS)
    group = parser.add_argument_group("options")
    for line in (own + OPTIONS).splitlines():
        spelled, _, about = line.partition("  ")
        *spellings, last = spelled.split()  # the last is what it takes, unless it is one more spelling
        default = re.search(r"default: (\d+)", about)
        if last.startswith("-"):
            group.add_argument(*spellings, last, help=about, action="help" if last == "--help" else "store_true")
        else:
            repeated = last.endswith("...")
            group.add_argument(
                *spellings,
                help=about,
                metavar=last.rstrip("."),
                action="append" if repeated else "store",
                default=[] if repeated else default and int(default[1]),
                type={"SECONDS": float, "MINUTES": int, "NUMBER": int}.get(last, str),
                choices=last.strip("{}").split(",") if last.startswith("{") else None,
            )
    parser.set_defaults(run=run, download_files=None, no_download=False)
    return parser.parse_intermixed_args(words[1:] if name else words)


def exit_code(error: Exception) -> int:
    """As EXIT_CODES says."""
    if getattr(error, "status", None) in (401, 403):
        return CODES[AuthenticationError]
    if isinstance(error, AppError) and "quota" in error.details:
        return CODES[QueueError]
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)


def complain(error: Exception, debug: bool) -> int:
    """Say what went wrong, in one line, and return the exit code."""
    if debug:
        import traceback

        write(sys.stderr, "".join(traceback.format_exception(type(error), error, error.__traceback__)))
    text = " ".join(str(error).split()) or type(error).__name__
    for spelling, ours in SPELLINGS.items():
        text = text.replace(spelling, ours)
    write(sys.stderr, f"{program()}: {text}\n")
    return exit_code(error)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `--help` lists them."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        options = parse(words)
        with Terminal(options) as terminal:
            text = options.run(options, terminal)
        write(sys.stdout, text + "\n" if text else "")
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # as in `… | head`: what is left to write goes nowhere
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        return complain(error, "--debug" in words)
    return 0


if __name__ == "__main__":
    sys.exit(main())
