#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The gradio_lite_client founders. To update a copied file, replace it whole.
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
    Records       what users get besides values, and files on their way in
    Formats       bytes to values and back: event streams, multipart forms, diffs (pure)
    Values        JSON trees: files in them, arguments, the API as text (pure)
    Network       URLs, headers, proxies, certificates, sockets: what requests have to know
    Transport     HTTP and WebSockets; knows nothing about Gradio
    Hub           the Hugging Face Hub, for Spaces
    App           what an app says of itself: its addresses and endpoints
    Session       the one stream on which a server reports all jobs of a session
    Conversation  how a Gradio server is asked to run a function
    Job           one call, as users see it: a future
    Call          one call, from its arguments to its outcome
    Client        what users hold
    Command line  python -m gradio_lite_client

Threads, all daemons, none while nothing runs: `gradio-job-N` (at most `max_workers`) carry out submitted jobs,
`gradio-stream` (one per session with pending jobs) reads events and delivers them, and `gradio-heartbeat` keeps a
session alive for apps that ask for it. Each lock guards a few fields, which its class names; none is held while code of
the user runs.

The library contacts the host it is given (for a Space also the Hub), those of URLs given to `handle_file()`, and where
these redirect to; no other. It does not print, apart from `view_api()` and `verbose=True`.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Python has put the current or the script's folder first, where files of an app may lie: an `email.py`, say.
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False) or hasattr(sys, "frozen")):
        try:
            real = sys.modules["os"].path.realpath  # PYTHONPATH may name the folder, too
            real("")
        except (KeyError, OSError):  # python -S, or a folder that is gone
            real = str
        sys.path[:] = [folder for folder in sys.path[1:] if real(folder) not in (real(sys.path[0]), real(""), ".", "")]

import concurrent.futures
import io
import itertools
import json
import logging
import os
import re
import socket
import threading
import time
import weakref
from base64 import b64encode
from collections import Counter, deque, namedtuple
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse
from queue import SimpleQueue
from types import SimpleNamespace
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

TYPE_CHECKING = False  # as type checkers know. `typing` and its tuples would add a seventh to the time an import takes
if TYPE_CHECKING:
    import ssl
    from argparse import ArgumentParser, Namespace
    from http.cookiejar import CookieJar
    from typing import IO, Any, NoReturn, TextIO, TypeAlias

    Future = concurrent.futures.Future[Any]
    JsonObject = dict[str, Any]
else:
    Future, JsonObject = concurrent.futures.Future, dict  # which take no parameters in Python 3.8
    Any = object  # for programs that evaluate the annotations of functions they are given

__version__ = "2.0.0"
__all__ = ["Client", "FileData", "Job", "OutputUpdate", "ProgressUnit", "Status", "StatusUpdate"]
__all__ += ["__version__", "file", "handle_file", "main"]
__all__ += ["AppError", "ConnectionFailed", "ConnectionLost", "GradioError", "HTTPError", "ProtocolError", "TimedOut"]
__all__ += ["AuthenticationError", "InvalidAPIEndpointError", "QueueError", "TooManyRequestsError", "ValidationError"]
__all__ += ["SpaceDuplicationError", "SpaceError"]

Json: TypeAlias = "Any"  # what json.loads returns
Message: TypeAlias = "dict[str, Any]"  # one message of a Gradio queue
News: TypeAlias = "Message | GradioError"  # what one of our threads tells another of a job
Edits: TypeAlias = "list[list[Any]]"  # [[operation, path, value], ...]
Match: TypeAlias = "Callable[[Any], bool]"
USER_AGENT = f"gradio_lite_client/{__version__}"
logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())


# === Errors ===========================================================================================================
# Where a builtin means the same, an error is that one, too. A wrong argument is a TypeError, an unknown endpoint or a
# missing file a ValueError. The words of servers are made safe here, for terminals and logs.

MAX_ERROR_TEXT = 20_000  # characters, which nobody reads


class GradioError(Exception):
    """Base of all errors of this library; attributes that do not apply are None."""

    url: str | None = None  # that was asked, without a login that it may hold
    status: int | None = None  # HTTP
    endpoint: str | None = None  # its api_name, or fn_index=N
    event_id: str | None = None  # the server's name for the job
    last_status: StatusUpdate | None = None
    retry_after: float | None = None  # seconds after which the server wants to be asked again
    location: str | None = None  # where a redirect leads that has not been followed, without a login or a query

    def __init__(self, message: str = "", **details: Any):
        super().__init__(printable(str(message)[:MAX_ERROR_TEXT]))
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
        self.message, self.title, self.duration = self.args[0], title, duration
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


def shown(url: str) -> str:
    """The URL as errors and logs may show it: without a query, and without a login, even if that spoils the URL."""
    match = re.match("[^/?#@]*//", url)
    start = match.group() if match else ""
    rest = url[len(start) :]
    login, _, place = rest.rpartition("@")
    if re.search("[/?#]", login):  # a login that is not encoded, or a path or a query with an @: none is shown
        is_login = re.match(r"[^/?#]*:(?!\d*[/?#])", rest) or not re.search("[?#]", login)
        start, place = start + "…", f"@{place}" if is_login else ""
    return "".join(filter(str.isprintable, start + re.split("[?#]", place)[0]))[:1000]


def one_line(text: str, most: int = 200) -> str:
    """The text as errors and logs may show it: cut, on one line, without control characters."""
    return printable(" ".join(text[:most].split()))


def printable(text: str) -> str:
    """The text without characters that control a terminal or hide others, but for the ends of lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in text)


# === Records ==========================================================================================================
# What users get besides values, and files on their way in.


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


class FileFields(JsonObject):
    """A dict that describes a file. Shown without what its URLs may hold of secrets: logins and signed queries."""

    def __repr__(self) -> str:
        fields = {key: shown(str(value)) if "://" in str(value) else value for key, value in self.items()}
        return f"{type(self).__name__}({fields!r})"

    def copy(self) -> FileFields:
        """Of the same file; dict's own method would give a mere dict."""
        twin = type(self)(self)
        vars(twin).update(vars(self))
        return twin


class FileData(FileFields):
    """A file on the server, as the dict the server sent (`path`, `url`, `orig_name`, `size`, `mime_type`, …).

    Outputs hold these with `Client(download_files=False)`, and for files that could not be downloaded. An instance can
    be passed back to the app as an argument.
    """

    home = ""  # the address of the app that sent it: to another, the file itself goes
    local = ""  # where its contents are, if they have been downloaded

    def download(self, dest: str | None, anywhere: bool = True) -> Any:
        """To a path or, for None, into memory; also, if `anywhere`, from another host. The client sets one that can."""
        text = "There is nowhere to read this FileData from: it is a copy, was not made by a Client, or its medium "
        raise ValueError(text + "was still being made when it arrived. The result of the job has all of it.")

    def read(self) -> bytes:
        """Download the file into memory. Blocks; raises what the client raises."""
        return bytes(self.download(None))

    def save(self, dest: str | os.PathLike[str]) -> str:
        """Download to a file, whose path is returned. Blocks; raises what the client raises, and OSError.

        If `dest` is a folder, the file gets its own name there, with a number if that is taken. Any other `dest` is the
        file itself, which is replaced if it exists; folders that it needs are made.
        """
        return str(self.download(os.fspath(dest)))

    def __getstate__(self) -> dict[str, str]:
        """A copy or pickle is of the dict and where it is from: the client that can read the file has no copies."""
        return {"home": self.home, "local": self.local}


class DownloadedPath(str):
    """The path of a downloaded file, which remembers the server's file: as an argument for a file, it means that."""

    file: FileData


class LocalFile(FileFields):
    """A file to upload, made by `handle_file()` and by nothing else: only these are ever read from the disk."""

    source: str | bytes = b""  # path or URL, or contents


# === Formats ==========================================================================================================
# Bytes to values and back. Pure: no sockets, files, clocks or threads.

MAX_EVENT_BYTES = 256 * 1024 * 1024  # an event or answer larger than this is taken for an attack on our memory
UPLOAD_CHUNK = 256 * 1024  # few system calls, little memory
MAX_UNZIPPED_VALUES = 1_000_000  # which take some 70 MB of memory, out of a few KB
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA  # WebSocket frames (RFC 6455)
QUOTA_HINT = "ZeroGPU counts by user: pass token=…, or the x-ip-token of your app's visitor in headers= of the call."
MAX_MOVED = 2**30  # bytes of lists and texts that one diff may have moved: more take seconds


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes | bytearray]:
    """Lines without their ends. Only CR, LF and CRLF end a line (WHATWG, Server-sent events, section 9.2.5)."""
    rest = bytearray()
    after_cr = False
    for chunk in filter(None, chunks):
        if after_cr and chunk[:1] == b"\n":
            chunk = chunk[1:]
        after_cr = chunk.endswith(b"\r")
        if b"\r" in chunk:  # hardly ever, and to look for two bytes takes long
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *others = chunk.split(b"\n")
        rest += first
        if len(rest) > MAX_EVENT_BYTES:
            raise ProtocolError(f"The server sent a line of more than {MAX_EVENT_BYTES} bytes.")
        if others:
            line, rest = rest, bytearray(others[-1])  # before the line is used, which may be large
            yield line
            yield from others[:-1]


def iter_sse(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each server-sent event (WHATWG). One that the end of the stream cuts short is dropped."""
    data = bytearray()  # each line with its end
    for number, line in enumerate(split_lines(chunks)):
        if number == 0 and line.startswith(b"\xef\xbb\xbf"):
            line = line[3:]
        if data and not line:
            event = str(memoryview(data)[:-1], "utf-8", "replace")
            data = bytearray()
            yield event
        elif line == b"data" or line.startswith(b"data:"):
            data += memoryview(line)[6 if line[5:6] == b" " else 5 :]  # lines may be large: the fewest copies
            data += b"\n"
            if len(data) > MAX_EVENT_BYTES:
                raise ProtocolError(f"The server sent an event of more than {MAX_EVENT_BYTES} bytes.")


def unzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What gzip has compressed, in pieces that are never large; ProtocolError if it is broken or cut short."""
    import zlib

    unzip, values = zlib.decompressobj(31), 0
    try:
        for data in chunks:
            while data:
                if unzip.eof:
                    raise zlib.error("they do not end where they should")
                piece = unzip.decompress(data, UPLOAD_CHUNK)
                values += piece.count(b",") + piece.count(b"[") + piece.count(b"{")
                if values > MAX_UNZIPPED_VALUES:
                    raise ProtocolError(f"The server sent compressed JSON of more than {MAX_UNZIPPED_VALUES} values.")
                yield piece
                data = unzip.unused_data or unzip.unconsumed_tail
        yield unzip.flush()
        if not unzip.eof:
            raise zlib.error("they are cut short")
    except zlib.error as error:
        raise ProtocolError(f"The server sent broken compressed data: {error}.") from error


def encode_frame(opcode: int, data: bytes, key: bytes) -> bytes:
    """A client's WebSocket frame, whose data is XORed with a key of four unpredictable bytes, again and again."""
    size = len(data)
    short, wide = (size, 0) if size < 126 else (126, 2) if size < 1 << 16 else (127, 8)
    head = bytes([0x80 | opcode, 0x80 | short]) + (size.to_bytes(wide, "big") if wide else b"")
    mask = int.from_bytes((key * (size // 4 + 1))[:size], "big")  # a large integer: much faster than byte by byte
    return head + key + (int.from_bytes(data, "big") ^ mask).to_bytes(size, "big")


def read_frame(read_exactly: Callable[[int], bytes]) -> tuple[int, bytes, bool]:
    """The next WebSocket frame of a server: opcode, data, and whether it is the last fragment. Or ProtocolError."""
    first, second = read_exactly(2)
    fin, opcode, size = bool(first & 0x80), first & 0x0F, second & 0x7F
    is_known = opcode in (CONTINUATION, TEXT, BINARY) or (opcode in (CLOSE, PING, PONG) and size < 126 and fin)
    if first & 0x70 or second & 0x80 or not is_known:
        raise ProtocolError(f"The server sent a WebSocket frame with the illegal head {first:#04x} {second:#04x}.")
    if size >= 126:
        size = int.from_bytes(read_exactly(2 if size == 126 else 8), "big")
    if size > MAX_EVENT_BYTES:
        raise ProtocolError(f"The server sent a WebSocket frame of {size} bytes.")
    return opcode, read_exactly(size), fin


Part = namedtuple("Part", "name mime_type size read")  # a file for a form: its exact size, what reads its next bytes


class Multipart:
    """A multipart/form-data body (RFC 7578) of files, all in one form field; iterating sends it, once."""

    def __init__(self, field: str, parts: Sequence[Part], boundary: str):
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._parts: list[tuple[bytes, Part]] = []
        for part in parts:
            # RFC 7578 section 4.2 and WHATWG: UTF-8 names, with only these three characters escaped.
            name = part.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
            is_type = re.fullmatch(r"[\w.+-]+/[\w.+-]+", part.mime_type, re.ASCII)  # not what a file's name made of it
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
            head += f"Content-Type: {part.mime_type if is_type else 'application/octet-stream'}\r\n\r\n"
            self._parts.append((head.encode("utf-8", "replace"), part))
        self._end = f"--{boundary}--\r\n".encode()
        self.length = sum(len(head) + part.size + 2 for head, part in self._parts) + len(self._end)

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


def apply_edits(value: Json, edits: Edits) -> Json:
    """A new value: `value` with the diff of a server since 4.17 applied. Shares with `value` what no edit touches."""
    root = [value]
    own = {id(root): root}  # the containers made here: these may be changed
    edit, moved = None, 0
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
                moved += len(parent)
                parent.insert(key, new)
            elif operation in ("add", "replace"):
                parent[key] = new
            elif operation == "append":
                moved += len(parent[key]) * (8 if isinstance(parent[key], list) else 1)  # bytes, or nearly
                parent[key] = parent[key] + new
            elif operation == "delete" and path:
                # Servers delete from lists only at the end, but the index that many releases give is wrong.
                parent.pop(-1 if isinstance(parent, list) else key)
            else:
                raise ValueError(f"unknown operation {operation!r}")
            if moved > MAX_MOVED:
                raise ValueError("so many changes of a large value would take too long")
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        text = f"The server sent a diff that does not fit the value before it: {str(edit)[:200]} ({error!r})."
        raise ProtocolError(text) from error
    return root[0]


def are_edits(data: list[Any]) -> bool:
    """Whether outputs that should be values are diffs."""
    edits = [edit for output in data for edit in (output if isinstance(output, list) else [None])]
    known = ("replace", "append", "add", "delete")
    return bool(edits) and all(isinstance(edit, list) and len(edit) == 3 and edit[0] in known for edit in edits)


def parse_json(text: str | bytes, url: str) -> Json:
    """The JSON value, or a ProtocolError that says what came from `url` instead."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        start = text[:4096] if isinstance(text, str) else text[:4096].decode("utf-8", "replace")
        raise ProtocolError(f"Expected JSON from {shown(url)}, got {describe_body(start)}", url=shown(url)) from error


def json_or_none(text: str | bytes) -> Json:
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    return None


def as_list(value: Json) -> list[Any]:
    return value if isinstance(value, list) else []


def as_dict(value: Json) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def describe_body(text: str) -> str:
    """A line about a body that is not what it should be: an HTML page's title, or how it starts."""
    title = re.search(r"<title[^<>]{0,200}>([^<]*)</title", text[:65536], re.I)
    if title:
        return f"an HTML page titled {one_line(title.group(1))!r}"
    return f"{text[:200]!r}" if text.strip() else "an empty answer"


def error_text(body: bytes) -> str:
    """The server's own words in the body of an HTTP error: plain text, or JSON whose `detail` is text, dict or list."""
    text = body.decode("utf-8", "replace").strip()
    answer = json_or_none(text)
    detail = answer.get("detail", answer.get("error", answer)) if isinstance(answer, dict) else answer
    if answer is None:
        detail = describe_body(text) if text[:1] == "<" else text[:500]
        if "Traceback (most recent call last)" in text:  # servers 5.0 to 6.8
            detail = text.splitlines()[-1]
    with suppress(RecursionError):
        return one_line("; ".join(map(_complaint, detail if isinstance(detail, list) else [detail])), 1000)
    return ""


def _complaint(item: Json) -> str:
    """One `detail`, or one entry in that of a 422, which Gradio's validators or FastAPI have written."""
    if not isinstance(item, dict):
        return "" if item is None else str(item)
    place = item.get("parameter_name") or ".".join(map(str, as_list(item.get("loc"))))
    words = [str(item[key]) for key in ("error", "auth_message", "message", "msg") if item.get(key)]
    text = ": ".join(words) or json.dumps(item)
    return f"{place}: {text}" if place else text


def quota_in(text: str) -> dict[str, int | None] | None:
    """The seconds in "You have exceeded your free GPU quota (60s requested vs. 12s left). Try again in 0:12:34"."""
    if not re.search(r"exceeded your [\w ]{0,40}GPU quota|ZeroGPU quota exceeded", text):
        return None
    found = {word: re.search(rf"(\d{{1,9}})s {word}", text) for word in ("requested", "left")}
    again = re.search(r"\bin (?:(-?\d{1,9}) days?, )?(\d{1,9}):(\d\d):(\d\d)", text)
    days, hours, minutes, seconds = (int(part or 0) for part in again.groups()) if again else (0, 0, 0, 0)
    retry_after = max(0, ((days * 24 + hours) * 60 + minutes) * 60 + seconds) if again else None
    return {**{word: int(one[1]) if one else None for word, one in found.items()}, "retry_after": retry_after}


# === Values ===========================================================================================================
# JSON trees: the files in them, arguments, the API as text. Pure.

FILE_MARK = {"_type": "gradio.FileData"}
# Letters and marks that nobody sees (Unicode, Default_Ignorable_Code_Point), and the Braille blank.
UNSEEN = r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
SIMPLE_TYPES = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"}  # of JSON Schema, in Python
TEXT_KINDS = set(  # components that take the path of a downloaded file as text; any other takes the file
    "browserstate button checkboxgroup code dataframe dropdown fileexplorer highlightedtext html json label markdown "
    "radio textbox".split()
)


def walk(tree: Json, match: Match, replace: Callable[[Any], Any]) -> Json:
    """A copy of the tree in which each node that matches has been replaced; replaced nodes are not searched."""
    if match(tree):
        return replace(tree)
    if isinstance(tree, dict):
        return {key: walk(value, match, replace) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [walk(value, match, replace) for value in tree]
    return tree


def nodes(tree: Json) -> Iterator[Json]:
    """The tree and all that is in it."""
    yield tree
    for child in tree.values() if isinstance(tree, dict) else as_list(tree):
        yield from nodes(child)


def edits_fit(value: Json, new: Json, edits: Edits, is_file: Match) -> bool:
    """Whether edits that make `new` of `value` do the same to copies of these in which each file is something else."""

    def containers(tree: Json, path: Sequence[Any]) -> Iterator[Json]:
        with suppress(LookupError, TypeError):
            for step in path:
                yield tree
                tree = tree[step]

    shifted: set[int] = set()  # lists of which elements were added or removed
    for operation, path, _ in edits:
        way = list(containers(value, path))
        if any(map(is_file, [*way, *containers(new, path)])):  # goes into a file
            return False
        # Into a place that an edit before may have made or moved:
        if len(way) < len(path) or shifted.intersection(map(id, way[:-1])) or (not path and len(edits) > 1):
            return False
        if operation in ("add", "delete"):
            shifted.update(map(id, way[-1:]))
    return True


def is_marked_file(value: Json) -> bool:
    """A file object as servers since 4.21 send it."""
    has_path = isinstance(value, dict) and isinstance(value.get("path"), str)
    return has_path and as_dict(value.get("meta")).get("_type") == FILE_MARK["_type"]


def is_unmarked_file(value: Json) -> bool:
    """A file object as servers 4.0 to 4.20 send it: every field, but no mark; of a stream the path alone."""
    has_path = isinstance(value, dict) and isinstance(value.get("path"), str)
    return has_path and (value.keys() >= {"url", "size", "orig_name", "mime_type"} or value.get("is_stream") is True)


def is_data_url(value: Json) -> bool:
    return isinstance(value, str) and value.startswith("data:") and ";base64," in value[:200]


def is_old_file(value: Json) -> bool:
    """A file object as 3.x servers send it: on their disk, as a stream, or as base64."""
    if not isinstance(value, dict) or not isinstance(value.get("name", 0), (str, type(None))):
        return False
    on_server = value.get("is_stream") is True or (value.get("is_file") is True and "data" in value)
    return (on_server and value["name"] is not None) or is_data_url(value.get("data"))  # subtitles have no name


def modern_file(old: Mapping[str, Any]) -> dict[str, Any]:
    """A 3.x file object in the shape of later servers."""
    is_stream = old.get("is_stream") is True
    url = old["data"] if not is_stream and not old.get("is_file") else None
    path = old["name"] or "file"
    name = old.get("orig_name") or re.split(r"[/\\]", path[-1000:])[-1]
    return {**file_argument(path, url, name, old.get("size"), old.get("mime_type")), "is_stream": is_stream}


def file_argument(path: str, url: str | None, name: str, size: int | None, mime_type: str | None) -> dict[str, Any]:
    """What servers since 4.0 take for a file that was uploaded to `path`, or whose contents are in its data URL."""
    fields = {"path": path, "url": url, "orig_name": name, "size": size, "mime_type": mime_type, "is_stream": False}
    return {**fields, "meta": dict(FILE_MARK)}


def old_file(kind: str, modern: Mapping[str, Any]) -> Json:
    """A file that a 3.x server sent, as it wants it back."""
    url = modern.get("url")
    if kind == "image":
        return url or modern["path"]
    fields = {"name": modern["path"], "data": url if is_data_url(url) else None, "is_file": not is_data_url(url)}
    return {**fields, "orig_name": modern.get("orig_name"), "size": modern.get("size")}


def modern_output(kind: str, value: Json) -> Json:
    """What a component of a 3.x server returned, in the shape of 4.x; see also `old_argument()`."""
    if as_dict(value).get("__type__") == "update":
        return {**value, "value": modern_output(kind, value["value"])} if "value" in value else value
    if kind == "image" and is_data_url(value):
        suffix = re.sub(r"\W.*", "", value[len("data:image/") :][:10])
        value = {"name": f"image.{suffix}", "data": value}
    elif kind == "gallery" and isinstance(value, list):
        pairs = [item if is_pair(item) else [item, None] for item in value]
        value = [{"image": image, "caption": caption} for image, caption in pairs]
    elif kind == "video" and value:
        video, subtitles = value if is_pair(value) else (value, None)  # a mere file until 3.25
        value = {"video": video, "subtitles": subtitles}
    elif kind == "annotatedimage" and is_pair(value):
        notes = filter(is_pair, as_list(value[1]))
        value = {"image": value[0], "annotations": [{"image": image, "label": label} for image, label in notes]}
    elif kind == "highlightedtext" and isinstance(value, list):
        value = [{"token": token, "class_or_confidence": mark} for token, mark in filter(is_pair, value)]
    elif kind == "chatbot":
        value = walk(value, is_old_file, lambda old: {"file": modern_file(old), "alt_text": old.get("alt_text")})
    return value if kind == "json" else walk(value, is_old_file, modern_file)  # JSON may look like one


def is_pair(value: Json) -> bool:
    return isinstance(value, list) and len(value) == 2


def old_argument(kind: str, value: Json) -> Json:
    """What `modern_output()` made, or a value like it, as a 3.x server wants it."""

    def old_attachment(item: Mapping[str, Any]) -> Json:
        file = item["file"]
        return {**old_file(kind, file), "mime_type": file.get("mime_type"), "alt_text": item.get("alt_text")}

    items = [item for item in as_list(value) if isinstance(item, dict)]
    if kind == "gallery" and items and all("image" in item for item in items):
        value = [[item["image"], item.get("caption")] for item in items]
    elif kind == "annotatedimage" and "image" in as_dict(value):
        notes = [as_dict(note) for note in as_list(value.get("annotations"))]
        value = [value["image"], [[note.get("image"), note.get("label")] for note in notes]]
    elif kind == "highlightedtext" and items and all("token" in item for item in items):
        value = [[item["token"], item.get("class_or_confidence")] for item in items]
    elif kind == "chatbot":
        value = walk(value, lambda item: is_marked_file(as_dict(item).get("file")), old_attachment)
    return walk(value, is_marked_file, partial(old_file, kind))


def takes_base64(version: tuple[int, ...], kind: str) -> bool:
    """Whether a component wants a file's contents in the arguments: images until 4.0, all before /upload came."""
    return version < (3, 19) or (version < (4,) and kind == "image")


def fit_argument(version: tuple[int, ...], kind: str, value: Any) -> Any:
    """An argument in the shape that the release wants, where releases differ: a video is an object only in 4 and 5."""
    if kind == "video" and not (4,) <= version < (6,):
        value = as_dict(value).get("video", value)
    elif kind == "video" and "path" in as_dict(value):  # marked or, until 4.20, not
        value = {"video": value, "subtitles": None}
    elif kind == "datetime" and isinstance(value, str):  # which takes no ISO 8601
        value = re.sub(r"\A(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d).*", r"\1 \2", value)
    elif kind == "chatbot" and version >= (6,) and isinstance(value, list):
        value = [message_parts(message) for message in value]
    return old_argument(kind, value) if version < (4,) else value


def message_parts(message: Any) -> Any:
    """A message of a chat with its content as the list of parts that Gradio 6 wants, of text or files."""
    content = as_dict(message).get("content")
    if isinstance(content, str):
        return {**message, "content": [{"type": "text", "text": content}]}
    if isinstance(content, dict):
        part = {"file": content, "alt_text": None} if is_marked_file(content) else content
        return {**message, "content": [{"type": "file", **part} if "file" in part else part]}
    return message


def is_local_file(value: Any) -> bool:
    return isinstance(value, LocalFile)


def is_marked(value: Any) -> bool:
    """Whether it is a file of ours, here or on a server, rather than data that looks like one."""
    return isinstance(value, FileFields)


def safe_name(name: Any) -> str:
    """A file name that every operating system takes and that stays in its folder, as near to `name` as possible."""
    text = name.replace("\\", "/").rpartition("/")[2] if isinstance(name, str) else ""
    text = text[:1000] + text[1000:][-1000:]  # less is kept below
    text = "".join(char if char.isprintable() and char not in '<>:"|?*' else "_" for char in re.sub(UNSEEN, "", text))
    text = text.lstrip(" .-~").rstrip(" .")  # no hidden file, and none that commands take for an option or a home
    stem, dot, suffix = text.rpartition(".") if "." in text else (text, "", "")
    suffix = suffix.encode()[:60].decode("utf-8", "ignore")
    stem = stem.encode()[: 118 - len(suffix.encode())].decode("utf-8", "ignore")
    text = f"{stem}{dot}{suffix}".strip(" .") or "file"
    is_device = re.match(r"(?i)(con(in\$|out\$)?|prn|aux|nul|(com|lpt)[0-9¹²³]) *(\.|$)", text)  # of Windows
    return f"_{text}" if is_device else text


def harmless_name(name: str) -> str:
    """Another name for what a Python that is started in the file's folder could import."""
    return f"file-{name}" if re.match(r"(?i)\w+\.(.*\.)?(pyw?|pyc|pyd|so)\Z", name) else name


def free_name(stem: str, suffix: str, is_taken: Callable[[str], bool]) -> str:
    """The stem and suffix, with a number between them if that is taken."""
    numbered = (f"{stem} ({count}){suffix}" for count in itertools.count(2))
    return next(name for name in itertools.chain([stem + suffix], numbered) if not is_taken(name))


def parameter_name(text: str) -> str:
    """A keyword from a component's label."""
    return "".join(char for char in text[:100] if char.isalnum() or char in " _").replace(" ", "_").lower()


def bind_arguments(
    parameters: Sequence[Mapping[str, Any]], args: Sequence[Any], keywords: Mapping[str, Any], where: str
) -> list[Any]:
    """One value per parameter, as Python binds a call: positional, keyword, default. TypeError on any mistake."""
    names = {str(parameter["parameter_name"]): parameter for parameter in parameters}

    def wrong(text: str) -> TypeError:
        usage = ", ".join(name + "=…" * bool(names[name].get("parameter_has_default")) for name in names)
        return TypeError(f"{text} {where} takes ({one_line(usage, 2000)}).")

    if len(args) > len(parameters):
        raise wrong(f"Too many arguments: {len(args)} given, but")
    given = dict(zip(names, args))
    for name, value in keywords.items():
        if name not in names:
            raise wrong(f"Parameter `{name}` is not a valid key-word argument{_similar(name, list(names))}.")
        if name in given:
            raise wrong(f"Parameter `{name}` is already set as a positional argument.")
        given[name] = value
    missing = [name for name in names if name not in given and not names[name].get("parameter_has_default")]
    if missing:
        raise wrong(f"No value provided for required argument: {one_line(', '.join(missing), 2000)}.")
    return [
        _argument(given[name], parameter) if name in given else parameter.get("parameter_default")
        for name, parameter in names.items()
    ]


def _similar(name: str, names: Sequence[str]) -> str:
    from difflib import get_close_matches  # only after a mistake

    close = get_close_matches(name, names, 1)
    return f" (did you mean `{close[0]}`?)" if close else ""


def _argument(value: Any, parameter: Mapping[str, Any]) -> Any:
    """A copy of the value as JSON, with files left for the upload. TypeError if it cannot be sent."""
    name, kind = parameter["parameter_name"], kind_of(parameter).lower()
    holds_files = "filepath" in kind or str(parameter.get("component")).lower() not in TEXT_KINDS
    items = value if isinstance(value, (list, tuple)) else [value]
    paths = [item for item in items if isinstance(item, (str, bytes, os.PathLike)) and type(item) is not DownloadedPath]
    if paths and kind.startswith(("filepath", "list[filepath")):
        raise TypeError(f"Parameter `{name}` takes a file: wrap it in handle_file(), as in {name}=handle_file(…).")
    try:
        value = as_json(value, holds_files)
        # Not what cannot be encoded, either: servers end the whole stream over it. Names of files may be such.
        json.dumps(walk(value, is_local_file, repr), ensure_ascii=False).encode()
        return value
    except Exception as error:  # objects may raise anything when they are asked what they hold
        raise TypeError(f"The value for parameter `{name}` cannot be sent as JSON: {error}.") from error


def as_json(value: Any, files: bool) -> Any:
    """A copy in JSON's own types, as far as values say what they hold. `files`: a downloaded path means its file."""
    if isinstance(value, DownloadedPath):
        return value.file if files else str(value)
    if value is None or isinstance(value, (str, int, float, LocalFile, FileData)):
        return value
    if isinstance(value, (bytes, bytearray, memoryview, os.PathLike)):
        raise TypeError(f"it holds {type(value).__name__}. If that is a file, wrap it in handle_file()")
    if isinstance(value, Mapping):
        if value.get("__type__") == "update" and "value" in value:  # as a job may have returned it
            return as_json(value["value"], files)
        if is_marked_file(value):
            raise TypeError("it holds a file as a mere dict: pass the FileData that came, or wrap it in handle_file()")
        return {as_json(key, False): as_json(item, files) for key, item in value.items()}
    if isinstance(value, (Sequence, Set)):
        return [as_json(item, files) for item in value]
    for name in ("tolist", "item", "isoformat"):  # arrays and scalars of numpy and others; dates and times
        if hasattr(value, name):
            return as_json(getattr(value, name)(), files)
    return float(value) if hasattr(value, "as_integer_ratio") else value  # Decimal, Fraction; others json refuses


def reveal(value: Json) -> Json:
    """An update (`gr.update(value=…)`) that holds a value and nothing else is that value; others stay as they are."""
    return value["value"] if as_dict(value).keys() == {"__type__", "value"} and value["__type__"] == "update" else value


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


def describe_endpoint(info: Mapping[str, Any], call: str) -> str:
    """The lines of `view_api()` about one endpoint; `call` is how it is named in a call."""
    names = [str(parameter["parameter_name"]) for parameter in info["parameters"]]
    returns = [parameter_name(str(item.get("label", "value"))) for item in info["returns"]]
    result = ", ".join(returns)
    lines = [f" - predict({', '.join([*names, call])}) -> {f'({result})' if len(returns) > 1 else result}"]
    if info.get("oauth_token"):
        lines += [f"    Acts on your behalf: your Hugging Face token is {info['oauth_token']}. Client(oauth_token=…)"]
    takes = [_describe_value(name, item, _need(item)) for name, item in zip(names, info["parameters"])]
    gives = [_describe_value(name, item) for name, item in zip(returns, info["returns"])]
    lines += ["    Parameters:", *(takes or ["     - None"]), "    Returns:", *(gives or ["     - None"])]
    return "\n".join(printable(line.replace("\n", " ")) for line in lines) + "\n"


def kind_of(item: Mapping[str, Any]) -> str:
    return str(as_dict(item.get("python_type")).get("type", "Any"))


def _need(parameter: Mapping[str, Any]) -> str:
    if not parameter.get("parameter_has_default"):
        return " (required)"
    default: Json = parameter.get("parameter_default")
    shown = f'handle_file("{default.get("url") or default["path"]}")' if is_marked_file(default) else default
    optional = " | None" if default is None and "None" not in kind_of(parameter) else ""
    return f"{optional} (not required, defaults to:   {str(shown)[:2000]})"


def _describe_value(name: str, item: Mapping[str, Any], need: str = "") -> str:
    kind, text = kind_of(item), item["python_type"].get("description")
    known = text and "filepath" not in kind  # what servers say of files is about their code
    return f"     - [{item.get('component')}] {name}: {kind}{need}{f' ({text})' if known else ' ' * bool(need)} "


def describe_status(update: StatusUpdate, seconds: float, room: int) -> str:
    """What a job has been doing for so many seconds, on a line of so many columns."""
    if update.progress_data:
        return "  ".join(describe_progress(unit, seconds, room) for unit in update.progress_data)
    text = update.code.value.lower().replace("_", " ")
    if update.rank is not None:
        text += f", place {update.rank + 1}" + (f" of {update.queue_size}" if update.queue_size else "")
    text += f", {seconds:.0f} s" if seconds >= 1 else ""
    return text + (f", about {update.eta:.0f} s in all" if update.eta else "")


def describe_progress(unit: ProgressUnit, seconds: float, room: int) -> str:
    """How far it is comes first, as the rest may not fit on the line. The bar takes what room the numbers leave."""
    done, length, text, bar = unit.index, unit.length, "", ""
    if done is None:
        done, length = unit.progress, 1
    elif unit.unit == "bytes":
        text = f"{done / 1e6:.1f}" + (f"/{length / 1e6:.1f} MB" if length else " MB")
        if seconds >= 1 and done > 0:
            text += f" {done / seconds / 1e6:.1f} MB/s"
            text += f" {(length - done) * seconds / done:.0f} s left" if length and length > done else ""
    else:
        text = f"{done:.12g}" + (f"/{length:.12g}" if length else "") + f" {unit.unit or ''}".rstrip()
    if done is not None and length and length > 0:
        text = text if unit.unit == "bytes" else f"{done / length:.0%} {text}".rstrip()
        cells = min(20 if room > 60 else 6, room - len(text) - 3)
        if cells > 2:
            bar = f"[{'#' * round(cells * min(1.0, max(0.0, done / length))):.<{cells}}]"
    return " ".join(filter(None, [bar, text, unit.desc or "progress"]))


# === Network ==========================================================================================================
# Where requests go, what may go with them, and what is trusted there. Sends nothing.

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")  # the first that is set

Headers: TypeAlias = "Mapping[str, str]"


def log_one_line(record: logging.LogRecord) -> bool:
    """What is logged may hold words of a server."""
    record.msg, record.args = one_line(record.getMessage(), 2000), ()
    return True


logger.addFilter(log_one_line)


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
        host, port = parts.hostname or "", parts.port or usual
        host = host if host.isascii() else host.encode("idna").decode()
        if parts.scheme not in ("http", "https") or not re.fullmatch(r"[!-~]{1,255}", host) or not url.isprintable():
            raise ValueError
    except ValueError:  # whose words may hold a part of the password
        raise ValueError(f"Not an http:// or https:// URL with a host: {shown(url)!r}.") from None
    literal = f"[{host}]" if ":" in host else host
    origin = Origin(f"{parts.scheme}://{literal}" + ("" if port == usual else f":{port}"))
    origin.scheme, origin.host, origin.port = parts.scheme, host, port
    return origin


def without_login(url: str) -> str:
    """The URL as requests need it: without the user and password that it may hold."""
    return re.sub(r"\A([^/?#]*//)[^/?#]*@", r"\1", url)


def is_loopback(host: str) -> bool:
    with suppress(OSError, UnicodeError):  # an address may be written in many ways
        v6 = ":" in host
        host = socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, host)) if v6 else host
        host = host if v6 else socket.inet_ntoa(socket.inet_aton(host))
    return re.fullmatch(r"(.*\.)?localhost\.?|(::ffff:)?127(\.\d+){3}|0\.0\.0\.0|::1?", host) is not None


def quote_path(path: str, safe: str = "/") -> str:
    """The path as it stands in a URL. JSON can hold names that are no Unicode; those exist on no server."""
    return quote(path, safe, errors="surrogatepass")


def login_in(url: str, header: str = "Authorization") -> dict[str, str]:
    """The header for the user and password in a URL (RFC 7617), if there are any."""
    parts = urlsplit(url)
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode("utf-8", "surrogatepass")
    return {} if parts.username is None else {header: f"Basic {b64encode(login).decode()}"}


def check_header(name: str, value: str) -> None:
    is_name = isinstance(name, str) and re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name)
    if not is_name or not isinstance(value, str) or re.search(r"[\0-\x08\n-\x1f\x7f\ud800-\udfff]", value):
        raise ValueError(f"Not a legal HTTP header: {str(name)[:100]!r}.")
    if name.lower() in ("content-length", "transfer-encoding"):
        raise ValueError(f"The header {name} says how a body is sent, which is for the client to say: leave it out.")


def seconds_until(text: str) -> float | None:
    """What a Retry-After header (RFC 9110, section 10.2.3) says, which is a number of seconds or a date."""
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII):
        return float(text)
    with suppress(LookupError, TypeError, ValueError, OverflowError):  # no date, or one that there is not
        return max(0.0, parsedate_to_datetime(text[:100]).timestamp() - time.time())
    return None


class Proxy:
    """A forward proxy, and what named it: "proxy=", a variable or the system's settings."""

    def __init__(self, url: str, source: str):
        self.source = source
        url = url if "://" in url else f"http://{url}"
        try:
            self.origin, self.headers = origin_of(url), login_in(url, "Proxy-Authorization")
            if self.origin.scheme != "http" or not re.fullmatch("[^/?#]*//[^/?#]*/?", url):
                raise ValueError
        except ValueError:
            text = f"{source} names {shown(url)!r} as the proxy: it has to be an http:// URL with a host and no path."
            raise ConnectionFailed(f"{text} Hosts that need none can be listed in NO_PROXY.") from None

    def __str__(self) -> str:
        return f"the proxy {self.origin} (set by {self.source})"


def find_proxy(given: str | None, trust_env: bool, origin: Origin) -> Proxy | None:
    """The proxy on the way to the origin: the one given, or that of the *_PROXY variables or the system's settings."""
    if is_loopback(origin.host) or not (given or trust_env):
        return None
    if given:
        return Proxy(given, "proxy=")
    from urllib.request import getproxies, proxy_bypass

    # Of the environment, but for HTTP_PROXY in a CGI script, where that is a header of the request; or of the system.
    proxies = getproxies()
    url = proxies.get(origin.scheme) or proxies.get("all")
    if not url or is_exempt(origin) or proxy_bypass(origin.host):
        return None
    variables = (f"{origin.scheme}_proxy", "all_proxy")
    named = (name for name, value in os.environ.items() if name.lower() in variables and value == url)
    return Proxy(url, next(named, "the system's settings"))


def is_exempt(origin: Origin) -> bool:
    """Whether NO_PROXY lists it: *, names with their subdomains, addresses, networks; each perhaps with a port."""
    from ipaddress import ip_address, ip_network

    host = origin.host.rstrip(".")
    for entry in re.split(r"[\s,]+", (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").lower()):
        match = re.fullmatch(r"(\[.*\]|[^:]*):(\d+)", entry)
        name, port = match.groups() if match else (entry, "")
        if port in ("", str(origin.port)):
            name = name.strip("[]")
            if name == "*" or f".{host}".endswith(f".{name.lstrip('*').strip('.')}"):
                return True
            with suppress(ValueError):  # one of them is no address
                if ip_address(host) in ip_network(name, strict=False):
                    return True
    return False


def make_tls_context(verify: bool | str | os.PathLike[str] | ssl.SSLContext, trust_env: bool) -> ssl.SSLContext:
    """The TLS settings that `ssl_verify` names: True, False, the path of a CA file or folder, or a context itself."""
    try:
        import ssl  # missing from some embedded Pythons
    except ImportError as error:
        raise ConnectionFailed("https needs Python's ssl module, which this Python was built without.") from error

    if isinstance(verify, ssl.SSLContext):
        return verify
    named = [] if isinstance(verify, bool) else [("ssl_verify=", os.fspath(verify))]
    is_default = verify is True and (trust_env or sys.platform == "win32")
    if is_default:
        named = [(name, os.environ[name]) for name in CA_VARIABLES if os.environ.get(name)][:1]
        is_default = not named or named[0][0] == "SSL_CERT_FILE"  # which OpenSSL itself adds to the system's
    elif verify is True:  # the default would read SSL_CERT_FILE and SSL_CERT_DIR
        system = ssl.get_default_verify_paths()
        named = [("", path) for path in (system.openssl_cafile, system.openssl_capath) if os.path.exists(path)]
    context = ssl.create_default_context() if is_default else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name, path in named:
        try:
            context.load_verify_locations(*(None, path) if os.path.isdir(path) else (path,))
        except OSError as error:
            raise ValueError(f"No certificates can be read from {path}, which {name} names: {error}.") from error
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    context.options &= ~0x80  # OP_IGNORE_UNEXPECTED_EOF, which Python 3.9 sets: a cut would look like an end
    return context


def keep_alive(sock: socket.socket) -> None:
    """Send small packets at once, and let the system notice a peer that has vanished (after about a minute)."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPALIVE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 4)):
        with suppress(AttributeError, OSError):  # each system has others
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def unsent(sock: socket.socket) -> int:
    """How many bytes the system holds that the other side has not taken yet; 0 where it does not tell."""
    with suppress(ImportError, OSError):
        from fcntl import ioctl
        from termios import TIOCOUTQ

        return int.from_bytes(ioctl(sock.fileno(), TIOCOUTQ, bytes(4)), sys.byteorder)
    return 0


# === Transport ========================================================================================================
# http.client over connections that are kept. Knows nothing about Gradio; raises the errors above and no others.

IDLE_SECONDS = 2.0  # uvicorn drops idle connections after 5 s; its clock starts before ours, by more on a busy machine
PROVEN_SECONDS = 0.05  # by then it shows if a server closes connections after each answer without saying so
MAX_COOKIES = 16 * 1024  # characters of an origin's, since servers take no larger heads; a full jar takes no more
# A jar of cookies prints a traceback about numbers that are too large or not there, and passes control characters on.
ODD_COOKIE = r"(?i)[^\t -~\x80-\xff]|\A[^;]*;.*?(\d{11}|max-age\s*(;|\Z))"
MAX_IDLE = 32  # connections; a program may have as few as 64 files and sockets
ADDRESS_SECONDS = 3.0  # for an address that does not answer, if the host has another
MAX_TIMEOUT = 2_000_000  # in ms about the largest number that sockets take
REDIRECTS = (301, 302, 303, 307, 308)
MAX_REDIRECTS = 10  # as urllib
CLOSING_SECONDS = 2.0  # for the end of a WebSocket
MAX_ERROR_BODY = 64 * 1024  # a page of words is less
MAX_ANSWER = 4 * 1024 * 1024  # that is no result, no file and no config
MAX_CONFIG = 32 * 1024 * 1024  # unzipped
READ_SIZE = 64 * 1024  # what servers write at a time; larger reads are not faster
PROXY_LOGIN = "Put user:password@ into the proxy's URL, percent-encoded."
DEFAULT: Any = object()  # a request's timeout, if that is the client's

Body: TypeAlias = "bytes | Multipart | None"


class Abort:
    """Lets another thread end a request that is blocked on its socket. `_lock` guards both fields."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._connection: Callable[[], Connection | None] = lambda: None  # weak: what nobody uses closes its socket
        self.aborted = False

    def __call__(self) -> None:
        with self._lock:
            self.aborted = True
            self.watch(self._connection())

    def watch(self, connection: Connection | None) -> None:
        """From now on this connection is meant; None when the request is over."""
        with self._lock:
            self._connection = weakref.ref(connection) if connection else lambda: None
            if connection and self.aborted:
                connection.abort()


class Reader(io.BufferedReader):
    """What http.client reads answers from, one after the other; it closes its file after each."""

    def close(self) -> None:
        pass

    flush = close


class Connection(io.RawIOBase):
    """One socket to an origin (or to a proxy on the way), used for one request at a time.

    http.client uses it as its socket, and reads from it. It takes the end of a connection for the end of whatever it
    reads, a line or a body; so the end is an EOFError here, and those who may expect it catch it. A connection that
    nobody refers to any more, because an interrupt came at any moment, closes its socket.
    """

    patience: float | None  # the time limit of each wait and, if `whole`, of all since then
    whole: bool
    since: float

    def __init__(self, origin: Origin, proxy: Proxy | None, tunnel: bool):
        self.origin, self.proxy = origin, proxy
        self.tunnel = tunnel  # the proxy is asked to pass on everything; otherwise it wants whole URLs
        self.reached = False  # what lies beyond the proxy
        self.answered = False  # whether the last request has a byte of an answer
        self.reusable = True  # False after abort() and after a request that was not taken whole
        self.idle_since = 0.0  # if it has been used before: the server may have closed it since then
        self._doing = ""  # what the server does, if a wait lasts too long
        self._sock: Any = None

    def use(self, sock: socket.socket, patience: float) -> None:
        self._sock, self._doing = sock, "could not be reached in"
        this: Any = weakref.proxy(self)  # or neither would go before the next garbage collection
        self.reader = Reader(this, READ_SIZE)
        self.limit(patience)
        if not self.reusable:
            raise ConnectionAbortedError("given up")  # when there was no socket that could be shut down

    def limit(self, each: float | None, whole: bool = False) -> None:
        """How many seconds each wait from now on may last; if `whole`, none begins later: drops have an end."""
        self._sock.settimeout(each)
        self.patience, self.whole, self.since = each, whole, time.monotonic()

    def _wait(self, act: Callable[[Any], int], data: Any) -> int:
        """Send or receive. As long as the other side takes what the system still holds, it is not silent."""
        before = -1
        while True:
            try:
                return act(data)
            except socket.timeout:
                left = unsent(self._sock)
                if left in (0, before):
                    raise
                before, self.since = left, time.monotonic()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.whole and self.patience and time.monotonic() > self.since + self.patience:
            self._doing = "did not complete its answer in"
            raise socket.timeout("timed out")
        size = self._wait(self._sock.recv_into, buffer)
        if not size:
            raise EOFError("it closed the connection")
        return size

    def sendall(self, data: Any) -> None:
        """Send all. Unlike that of a socket, each wait may last as long as the limit says."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._wait(self._sock.send, rest) :]
        except OSError:
            self.reusable = False
            raise

    def makefile(self, mode: str) -> Reader:
        return self.reader

    def ask(self, method: str, target: str, body: Body, fields: Headers, patience: float | None) -> HTTPResponse:
        """Send a request and read the head of its answer, which has `patience` to become complete."""
        if self.proxy and not self.tunnel:
            target, fields = f"{self.origin}{target}", {**fields, **self.proxy.headers}
        request = HTTPConnection(self.origin.host, self.origin.port)  # only writes: this is its socket
        request.sock = self
        self.answered, self._doing = False, "took nothing of what was sent for"
        self.limit(patience)
        try:
            request.request(method, target, body, {name: value.encode() for name, value in fields.items()})
        except OSError as error:
            # A server may refuse a large upload without reading it all: its answer is worth more than this error.
            if not self.reusable and not isinstance(error, socket.timeout):
                with suppress(OSError, EOFError, HTTPException):
                    return self._answer(method)
            raise
        return self._answer(method)

    def _answer(self, method: str) -> HTTPResponse:
        self.limit(self.patience, whole=True)
        self._doing = "sent nothing for"
        self.reader.peek(1)
        self.answered = True
        wire: Any = self
        while True:
            answer = HTTPResponse(wire, method=method)  # getresponse() takes early hints (103) for the answer
            answer.begin()
            if answer.status >= 200 or answer.status == 101:
                check_framing(answer)
                return answer

    def is_stale(self) -> bool:
        """Whether the idle connection is of no use: closed or about to be, or talking unasked."""
        try:
            self.limit(0)
            return bool(self.reader.peek(1))
        except (OSError, EOFError) as error:
            return type(error).__name__ not in ("BlockingIOError", "SSLWantReadError")  # there is nothing to read

    def abort(self) -> None:
        """Wake a thread that is blocked on this connection. May be called from any thread."""
        self.reusable = False
        if self._sock:
            with suppress(OSError):  # not by a TLS socket's own method, after which the other thread sends in the clear
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        if self._sock:
            self._sock.close()

    def failure(self, error: BaseException, url: str, lost: bool = False) -> GradioError:
        """The error of this library for one of the standard library's, in words that help."""
        where, reason = str(self.origin), str(error)[:200] or type(error).__name__
        if self.proxy:
            where = f"{where} through {self.proxy}" if self.reached else str(self.proxy)
        if isinstance(error, socket.timeout):
            return TimedOut(f"{where} {self._doing} the time that Client(timeout=…) allows.", url=url)
        code = getattr(error, "verify_code", None)
        if code is not None:  # ssl.SSLCertVerificationError, without importing ssl
            words = str(getattr(error, "verify_message", reason)).rstrip(".")
            text = f"The TLS certificate of {where} was refused: {words}. "
            if code not in (9, 10, 62, 64):  # OpenSSL's for those that are too new, too old, or for another host
                text += "Name the CA that signed it in SSL_CERT_FILE or ssl_verify=. "
            return ConnectionFailed(f"{text}ssl_verify=False connects unchecked.", url=url)
        if isinstance(error, HTTPException):
            reason = f"what it sends is no HTTP: {error!r:.200}"
        if lost:
            return ConnectionLost(f"{where} broke off its answer: {reason}.", url=url)
        if isinstance(error, socket.gaierror):
            return ConnectionFailed(f"The host name in {where} cannot be resolved: {reason}.", url=url)
        advice = "Is the app running, and is the address right?"
        if self.proxy and not self.reached:
            advice = "Is that proxy running, and is its address right?"
        elif re.search("ALERT|UNSUPPORTED", str(getattr(error, "reason", ""))):
            advice = "It may want a client certificate, or other TLS than usual: ssl_verify= takes an SSLContext."
        elif type(error).__name__.startswith("SSL"):
            advice = "Perhaps it speaks http there, and not https."
        elif isinstance(error, (EOFError, ConnectionResetError)) and self.origin.scheme == "http":
            advice += " Perhaps it speaks https there, and not http."
        return ConnectionFailed(f"Could not talk to {where}: {reason}. {advice}", url=url)


class Response:
    """An answer. Leaving its `with` block gives its connection back, or closes it."""

    def __init__(self, http: Http, connection: Connection, answer: HTTPResponse, url: str, gzip: bool):
        self.url, self.status, self.headers = url, answer.status, answer.headers
        self.connection = connection
        self._http, self._answer, self._gzip = http, answer, gzip
        self._whole = self._closed = False

    def limit(self, seconds: float | None) -> None:
        """How long each further wait for the body may last."""
        self.connection.limit(seconds)

    def chunks(self) -> Iterator[bytes]:
        """The body as it arrives, however long that takes in all. ConnectionLost if it is cut short."""
        self.connection.whole = False
        return self._body()

    def _body(self) -> Iterator[bytes]:
        encoding = self.headers.get("content-encoding", "").strip().lower()
        if encoding in ("identity", ""):
            return self._pieces()
        if encoding == "gzip" and self._gzip:
            return unzipped(self._pieces())
        text = f"{shown(self.url)} answered in an encoding that was not asked for: {one_line(encoding, 100)}."
        raise ProtocolError(text, url=shown(self.url))

    def _pieces(self) -> Iterator[bytes]:
        answer = self._answer
        try:
            yield from iter(partial(answer.read1, READ_SIZE), b"")
        except (OSError, EOFError, HTTPException) as error:
            is_end = isinstance(error, EOFError) and answer.length is None and not answer.chunked
            if not is_end or not self.connection.reusable:  # the end that abort() makes is none
                raise self.connection.failure(error, shown(self.url), lost=True) from error
        self._whole = True

    def read(self, most: int = MAX_ANSWER) -> bytes:
        """The whole body. Each 4 KB have to arrive within the time for the answer, unless limit() has changed that."""
        body, due = bytearray(), 0
        for piece in self._body():
            body += piece
            if len(body) >= due:
                due = len(body) + 4096
                self.connection.since = time.monotonic()
            if len(body) > most:
                raise ProtocolError(f"{shown(self.url)} sent more than {most} bytes.", url=shown(self.url))
        return bytes(body)

    def json(self, most: int = MAX_ANSWER) -> Json:
        """The body as JSON, or the error that its status and contents amount to."""
        if self.status != 200:
            raise http_error(self)
        return parse_json(self.read(most), self.url)

    def start(self) -> bytes:
        """Up to 64 KB of the body, for error messages; what goes wrong on the way ends it."""
        body = b""
        # Even where what was asked for may take its time:
        self.connection.limit(self.connection.patience or self._http.timeout, whole=True)
        with suppress(GradioError):
            for piece in self._body():
                body += piece
                if len(body) > MAX_ERROR_BODY:
                    break
        return body[:MAX_ERROR_BODY]

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            # After an error of the app, uvicorn closes the connection a moment later without having said so.
            keeps = self._whole and not self._answer.will_close and 101 < self.status < 500
            if self.connection.proxy and not self.connection.tunnel:  # some close after each answer, without a word
                keeps = keeps and "keep-alive" in self.headers.get("connection", "").lower()
            self._http.give_back(self.connection, keeps)

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Http:
    """Requests, over connections that are kept alive. Usable from any number of threads.

    The parameters are those of Client. `_lock` guards `_idle`, `_busy` and `closed`. Headers granted to an
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
        self.timeout, self.closed = timeout, False
        self._user_agent, self._ssl_verify, self._proxy, self._trust_env = user_agent, ssl_verify, proxy, trust_env
        self._granted: dict[Origin, dict[str, str]] = {}
        self._lock = threading.RLock()
        self._idle: deque[Connection] = deque()  # the one that was used last at its end
        self._busy: weakref.WeakKeyDictionary[Connection, Abort] = weakref.WeakKeyDictionary()
        self._proven: set[Origin] = set()  # servers that have left a connection open after an answer
        self._addresses: dict[Origin, Any] = {}  # that took the last connection
        self._jars: dict[Origin, CookieJar] = {}  # one per origin, because cookies themselves know nothing of ports
        self._context: ssl.SSLContext | None = None

    def grant(self, origin: Origin, headers: Headers) -> None:
        """Send these headers with every request to this origin."""
        for name, value in headers.items():
            check_header(name, value)
        self._granted.setdefault(origin, {}).update(headers)

    def is_home(self, origin: Origin) -> bool:
        """Whether it is one that was granted headers, be they none."""
        return origin in self._granted

    def request(
        self,
        method: str,
        url: str,
        body: Body = None,
        headers: Headers | None = None,
        timeout: float | None = DEFAULT,
        anywhere: bool = False,
        abort: Abort | None = None,
        gzip: bool = False,
    ) -> Response:
        """Send a request and return its answer as soon as the head is there. `timeout` is for each wait.

        Redirects are followed on the same origin, if `anywhere` to others too, but not if that changes the method.
        `headers` and a login in the URL stay with its origin. Only a GET on a kept connection that dies is sent again.
        """
        timeout = self.timeout if timeout is DEFAULT else timeout
        if gzip:
            from importlib.util import find_spec

            gzip = find_spec("zlib") is not None  # as it is in some embedded Pythons
        first = origin_of(url)
        sent: Headers | None = {**login_in(url), **(headers or {})}
        url = without_login(url)
        for _ in range(MAX_REDIRECTS):
            response = self._send(method, url, body, sent, timeout, abort or Abort(), gzip)
            may_repeat = method == "GET" or (response.status in (307, 308) and not isinstance(body, Multipart))
            if response.status not in REDIRECTS or not may_repeat:
                return response
            with response:
                target = redirect_target(url, response.headers.get("location", ""))
                origin = origin_of(target)
                if (first, origin) == (f"http://{first.host}", f"https://{first.host}"):  # the same server, with TLS
                    self.grant(origin, self._granted.get(first, {}))
                    first = origin
                if origin != first and not anywhere:
                    raise redirect_error(url, target, response.status)
                sent = sent if origin == first else None  # even on the way back: another has chosen the path
                response.start()
            url = target
        raise ConnectionFailed(f"{shown(url)}: more than {MAX_REDIRECTS} redirects.", url=shown(url))

    def _send(
        self, method: str, url: str, body: Body, sent: Headers | None, timeout: float | None, abort: Abort, gzip: bool
    ) -> Response:
        origin, parts = origin_of(url), urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        target = quote_path((parts.path or "/") + query, safe="/?%:@!$&'()*+,;=[]")
        fields = self._fields(origin, url, body, sent, gzip)
        while True:
            connection = self._take(method, origin, abort, tunnel="Upgrade" in (sent or {}))
            try:
                if not connection.idle_since:  # without a time limit, nothing would end this
                    self._open(connection, timeout or self.timeout or MAX_TIMEOUT)
                answer = connection.ask(method, target, body, fields, timeout)
                self._keep_cookies(origin, url, answer)
                if connection.idle_since:
                    self._proven.add(origin)
                return Response(self, connection, answer, url, gzip)
            except BaseException as error:
                self.give_back(connection, False)
                is_known = isinstance(error, (OSError, EOFError, HTTPException, UnicodeError))  # the last: a bad host
                if isinstance(error, GradioError) or not is_known:
                    raise
                died = connection.idle_since and not connection.answered and not isinstance(error, socket.timeout)
                if self.closed:
                    text = f"The client was closed during a request to {origin}."
                    raise ConnectionFailed(text, url=shown(url)) from error
                if not died or method != "GET" or abort.aborted:
                    raise connection.failure(error, shown(url)) from error

    def _fields(self, origin: Origin, url: str, body: Body, headers: Headers | None, gzip: bool) -> dict[str, str]:
        """The headers of a request; without `headers`, those of nobody but this client."""
        own = {"Host": origin.partition("://")[2], "User-Agent": self._user_agent, "Accept": "*/*"}
        fields: dict[str, str] = {}  # by names in one spelling, so that a later one replaces an earlier one
        for source in (own, {} if headers is None else self._granted.get(origin, {}), headers or {}):
            for name, value in source.items():
                check_header(name, value)
                fields[name.title()] = value
        # In place of a browser's copied headers, which ask for more than is understood here, or are of another body.
        fields["Accept-Encoding"] = "gzip" if gzip else "identity"
        if isinstance(body, Multipart):
            fields.update({"Content-Type": body.content_type, "Content-Length": str(body.length)})
        elif body is not None and "Content-Type" not in (headers or {}):
            fields["Content-Type"] = "application/json"
        if origin in self._jars and headers is not None:
            from urllib.request import Request

            request = Request(url)
            self._jars[origin].add_cookie_header(request)
            cookies = [value for _, value in (("", fields.pop("Cookie", "")), *request.header_items()) if value]
            if cookies:
                fields["Cookie"] = "; ".join(cookies)
        return fields

    def _keep_cookies(self, origin: Origin, url: str, answer: HTTPResponse) -> None:
        cookies = answer.headers.get_all("set-cookie", ())
        if cookies:
            from http.cookiejar import CookieJar
            from urllib.request import Request

            jar = self._jars.setdefault(origin, CookieJar())
            kept: Any = HTTPMessage()
            kept.info = lambda: kept  # all that a jar asks of an answer
            room = MAX_COOKIES - sum(len(cookie.name + (cookie.value or "")) for cookie in jar)
            for cookie in cookies:
                if len(cookie) <= min(room, 4096) and not re.search(ODD_COOKIE, cookie):
                    kept["Set-Cookie"] = cookie
                    room -= len(cookie)
            jar.extract_cookies(kept, Request(url))

    def _open(self, connection: Connection, timeout: float) -> None:
        """What comes before the first request: a socket to the first address that takes one, a tunnel, TLS."""
        if sys.platform in ("emscripten", "wasi"):
            raise ConnectionFailed("This Python, made for browsers, has no sockets: it cannot talk to servers.")
        origin, proxy = connection.origin, connection.proxy
        place = proxy.origin if proxy else origin
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        found.sort(key=lambda item: item[-1] != self._addresses.get(place))
        deadline = time.monotonic() + timeout
        for left in range(len(found), 0, -1):
            family, _, _, _, address = found[-left]
            share = max(deadline - time.monotonic(), 0.1) / left
            try:
                sock = socket.socket(family)
                connection.use(sock, share if left == 1 else min(share, ADDRESS_SECONDS))
                sock.connect(address)
                break
            except OSError:
                connection.close()
                if left == 1 or not connection.reusable:
                    raise
        else:
            raise OSError("the host has no address")
        self._addresses[place] = address
        keep_alive(sock)
        if proxy and connection.tunnel:  # RFC 9110, section 9.3.6
            there = f"[{origin.host}]:{origin.port}" if ":" in origin.host else f"{origin.host}:{origin.port}"
            fields = {"Host": there, "User-Agent": self._user_agent, **proxy.headers}
            answer = connection.ask("CONNECT", there, None, fields, timeout)
            if answer.status != 200:
                text = f"The tunnel to {there} was refused by {proxy}: {answer.status} {answer.reason[:100]!r}."
                kind = AuthenticationError if answer.status == 407 else ConnectionFailed
                raise kind(f"{text} {PROXY_LOGIN}" if answer.status == 407 else text, status=answer.status)
        connection.reached = True
        if origin.scheme == "https":
            # Not under the lock, since it reads files. Ragged ends, which may be cuts, are not to be suppressed.
            self._context = self._context or make_tls_context(self._ssl_verify, self._trust_env)
            sock = self._context.wrap_socket(sock, False, False, False, server_hostname=origin.host)
            connection.use(sock, timeout)
            sock.do_handshake()

    def _take(self, method: str, origin: Origin, abort: Abort, tunnel: bool) -> Connection:
        """An idle connection or a new one. `tunnel`: a proxy is to pass on everything, as protocol upgrades need."""
        while True:
            now = time.monotonic()
            least = 0.0 if method == "GET" or origin in self._proven else PROVEN_SECONDS
            with self._lock:
                fitting = (idle for idle in reversed(self._idle) if idle.origin == origin and not tunnel)
                connection = next((one for one in fitting if least <= now - one.idle_since < IDLE_SECONDS), None)
                if connection:
                    self._idle.remove(connection)
            if connection is None:
                proxy = find_proxy(self._proxy, self._trust_env, origin)
                connection = Connection(origin, proxy, proxy is not None and (tunnel or origin.scheme == "https"))
            elif connection.is_stale():
                connection.close()
                continue
            with self._lock:
                if self.closed:
                    raise ConnectionFailed("The client has been closed.")
                self._busy[connection] = abort
                abort.watch(connection)
            return connection

    def give_back(self, connection: Connection, reusable: bool) -> None:
        now, useless = time.monotonic(), [connection]
        with self._lock:
            self._busy.pop(connection).watch(None)
            if reusable and connection.reusable and not self.closed:
                connection.idle_since = now
                self._idle.append(useless.pop())
            while self._idle and (len(self._idle) > MAX_IDLE or now - self._idle[0].idle_since > IDLE_SECONDS):
                useless.append(self._idle.popleft())
        for connection in useless:
            connection.close()

    def close(self) -> None:
        """Close every connection; requests in flight fail, later ones raise. May be called twice, from any thread."""
        with self._lock:
            self.closed = True
            idle, self._idle, busy = self._idle, deque(), list(self._busy)
        for connection in busy:
            connection.abort()  # its thread closes it
        for connection in idle:
            connection.close()


class WebSocket:
    """A client's end of a WebSocket (RFC 6455): text messages both ways. Use as a context manager."""

    def __init__(self, http: Http, url: str, headers: Headers, abort: Abort):
        from hashlib import sha1

        key = b64encode(os.urandom(16)).decode()
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        upgrade["Sec-WebSocket-Key"] = key
        self._url = shown(url)
        self._response = http.request("GET", url, headers={**headers, **upgrade}, abort=abort)
        if self._response.status != 101:
            raise http_error(self._response)
        self._response.limit(None)  # servers ping, but not all of them; TCP keep-alive finds a dead one
        self._connection = self._response.connection
        accepted = sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()  # section 4.2.2
        if self._response.headers.get("sec-websocket-accept") != b64encode(accepted).decode():
            self._response.close()
            raise ProtocolError(f"{self._url} does not speak WebSocket, though it says so.", url=self._url)

    def send(self, data: str | bytes, opcode: int = TEXT) -> None:
        content = data.encode() if isinstance(data, str) else data
        self._do(self._connection.sendall, encode_frame(opcode, content, os.urandom(4)))

    def _read_exactly(self, size: int) -> bytes:
        return bytes(self._do(self._connection.reader.read, size))

    def _do(self, act: Callable[[Any], Any], argument: Any) -> Any:
        try:
            return act(argument)
        except (OSError, EOFError) as error:
            raise self._connection.failure(error, self._url, lost=True) from error

    def __iter__(self) -> Iterator[str]:
        """The messages, until the server closes; pings are answered on the way."""
        parts: list[bytes] = []
        size = 0
        while True:
            opcode, data, is_last = read_frame(self._read_exactly)
            if opcode == CLOSE:
                return
            if opcode == PING:
                self.send(data, PONG)
            elif opcode < CLOSE:
                if (opcode == CONTINUATION) != bool(parts):
                    raise ProtocolError(f"{self._url} sent WebSocket fragments out of order.", url=self._url)
                parts.append(data)
                size += len(data) + 64  # about what an empty fragment needs
                if size > MAX_EVENT_BYTES:
                    raise ProtocolError(f"{self._url} sent a message of more than {MAX_EVENT_BYTES} bytes.")
                if is_last:
                    yield b"".join(parts).decode("utf-8", "replace")
                    parts, size = [], 0

    def __enter__(self) -> WebSocket:
        return self

    def __exit__(self, *_: object) -> None:
        # Servers keep a worker busy until the closing handshake is complete, so it is worth a moment.
        with suppress(GradioError, OSError):
            self._connection.limit(CLOSING_SECONDS, whole=True)
            self.send((1000).to_bytes(2, "big"), CLOSE)
            while read_frame(self._read_exactly)[0] != CLOSE:
                pass
        self._response.close()


def check_framing(answer: HTTPResponse) -> None:
    """Where it is not clear how long a body is, http.client guesses; a proxy on the way may have guessed otherwise."""
    lengths = {text.strip() for text in answer.headers.get_all("content-length", ())}
    codings = [text.strip().lower() for text in answer.headers.get_all("transfer-encoding", ())]
    is_length = len(lengths) <= 1 and all(re.fullmatch(r"[0-9]{1,18}", text) for text in lengths)
    is_broken = any("Separator" in type(defect).__name__ for defect in answer.headers.defects)
    if is_broken or not is_length or codings not in ([], ["chunked"]):
        raise HTTPException("headers that do not say how long the answer is")


def redirect_target(url: str, location: str) -> str:
    """Where a redirect leads, without a login. ProtocolError if that is no address, ConnectionFailed if TLS ends."""
    try:
        target = without_login(urljoin(url, location)).partition("#")[0]
        scheme = origin_of(target).scheme
    except ValueError:
        raise ProtocolError(f"{shown(url)} redirects to {shown(location)!r}.", url=shown(url)) from None
    if (origin_of(url).scheme, scheme) == ("https", "http"):
        raise ConnectionFailed(f"{shown(url)} redirects from https to {shown(target)}: refused.", url=shown(url))
    return target


def http_error(response: Response, login: bool = True) -> HTTPError:
    """The error for an answer that is not success, which is closed. `login`: 401 and 403 are about one to the app."""
    with response:
        body = response.start()
    status, url, get, proxy = response.status, shown(response.url), response.headers.get, response.connection.proxy
    if status in REDIRECTS:
        return redirect_error(url, get("location", ""), status)
    words, wait = error_text(body), seconds_until(get("retry-after", ""))
    kind, advice = AuthenticationError if login and status in (401, 403) else HTTPError, ""
    if status == 401 and "basic" in str(response.headers.get_all("www-authenticate")).lower():
        advice = "Put user:password@ into the URL, percent-encoded: what is in front of it wants HTTP Basic."
    elif status == 401 and login:
        advice = "Log in with auth=(user, password), or pass a token, cookies or headers."
    elif status == 407:
        kind, advice = AuthenticationError, f"That was {proxy}. {PROXY_LOGIN}"
    elif status == 429:
        kind, advice = TooManyRequestsError, "Too many requests to the API, please try again later."
        advice += f" Try again after {wait:.0f} s (Retry-After)." if wait is not None else ""
    elif status in (500, 502, 503, 504) and proxy and not response.connection.tunnel:
        advice = f"It came through {proxy}, which may have said so itself."
    text = f"{url} answered {status}: {words}" if words else f"{url} answered {status}."
    text = f"{text.rstrip('.')}. {advice}" if advice else text
    return kind(text, status=status, url=url, body=body, words=words, retry_after=wait)


def redirect_error(url: str, target: str, status: int) -> HTTPError:
    """The error for a redirect that is not followed. To another address or a login, it is an AuthenticationError."""
    here, there = shown(url), shown(target)
    is_elsewhere = re.match("([^/]+:)?//", there) and there.split("/")[:3] != here.split("/")[:3]
    is_login = is_elsewhere or re.search(r"log-?in|sign-?in|auth|sso|saml|account", there, re.I)
    text = f"{here} redirects to {there!r}: use that address, if the app is there. If people log in there, pass the "
    text += "cookies or headers that a login gives: cookies=, headers=."
    return (AuthenticationError if is_login else HTTPError)(text, status=status, url=here, location=there)


# === Hub ==============================================================================================================
# The Hugging Face Hub's REST API: finds Spaces, waits for them, duplicates them. Asked only when a Space is addressed.

SPACE_ID = r"(?a)[A-Za-z0-9][\w-]*/(?!\.)(?:[\w-]|\.(?!\.))+"
SPACE_DOMAIN = ".hf.space"
STARTING_STAGES = ("BUILDING", "APP_STARTING", "SLEEPING", "STOPPED")  # a Space in these will run, if it is waited for
BROKEN_STAGES = ("PAUSED", "NO_APP_FILE", "CONFIG_ERROR", "BUILD_ERROR", "RUNTIME_ERROR", "DELETING")
SPACE_START_SECONDS = 30 * 60.0  # building a large Space takes this long
SPACE_POLL_SECONDS = 3.0  # the Hub allows an anonymous caller 500 requests in five minutes
BASIC_HARDWARE = "cpu-basic"  # free; only the sleep time of other hardware can be set
Tell: TypeAlias = "Callable[[str], None]"  # what happens, for those who look on


def find_token(given: str | bool | None, search: bool) -> str:
    """The token given; none for False or ""; else, if `search`, that of this machine, on which True insists."""
    if given is False or not (search or isinstance(given, str)):
        return ""
    token = given.strip() if isinstance(given, str) else ""
    if given is True or (given is None and not env_flag("HF_HUB_DISABLE_IMPLICIT_TOKEN")):
        token = os.environ.get("HF_TOKEN", "").strip() or os.environ.get("HUGGING_FACE_HUB_TOKEN", "").strip()
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
        home = os.environ.get("HF_HOME") or os.path.join(cache, "huggingface")
        path = os.path.expandvars(os.path.expanduser(os.environ.get("HF_TOKEN_PATH") or os.path.join(home, "token")))
        if not token:
            with suppress(OSError, ValueError), open(path, encoding="utf-8") as stored:
                token = stored.read().strip()
        if given and not token:
            raise AuthenticationError(f"token=True, but there is none in the variable HF_TOKEN or in the file {path}.")
    return token


def env_flag(name: str) -> bool:
    return os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE")


class Hub:
    """The Hub's REST API as one caller sees it, and that caller's token. HF_ENDPOINT names another Hub."""

    def __init__(self, http: Http, token: str | bool | None, search: bool = True):
        self.url = shown(hub_url())  # for what is said of it
        self.http = http
        self.token = find_token(token, search)
        self._passed = isinstance(token, str)  # rather than found on this machine

    def token_for(self, app: Origin) -> dict[str, str]:
        """What an app gets: a token that the caller passed; one found on this machine only if the app is a Space."""
        is_space = app.scheme == "https" and app.host.endswith(SPACE_DOMAIN)
        return {"x-hf-authorization": f"Bearer {self.token}"} if self.token and (self._passed or is_space) else {}

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """GET, or POST a body. Raises HTTPError for any answer that is not success."""
        url = f"{hub_url()}/api/{path}"
        if env_flag("HF_HUB_OFFLINE"):
            raise ConnectionFailed("HF_HUB_OFFLINE is set: instead of a Space, use the URL of its app.", url=self.url)
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        with self.http.request("GET" if body is None else "POST", url, data, headers=headers) as response:
            if not 200 <= response.status < 300:
                error = http_error(response)
                reset = re.search(r";\s*t=(\d+)", response.headers.get("ratelimit", ""))
                if error.status == 429 and reset and not error.retry_after:
                    error.retry_after = float(reset.group(1))
                raise error
            return as_dict(parse_json(response.read() or b"{}", url))

    def space(self, name: str) -> dict[str, Any]:
        """What the Hub says of a Space, by its id or, if it is public, by the subdomain of its app. Else SpaceError."""
        try:
            return self.ask(f"spaces/{name}" if "/" in name else f"spaces/by-subdomain/{name}")
        except HTTPError as error:
            if error.status not in (401, 403, 404):
                raise
            text = f"Could not find Space: {name}. If it is a private Space, please provide its id (user/name) and a "
            text += f"Hugging Face token that may read it. The Hub says: {error.words or error.status}"
            raise SpaceError(text, status=error.status, url=error.url) from error

    def user(self) -> str:
        """The name of the token's owner."""
        try:
            return str(self.ask("whoami-v2")["name"])
        except (AuthenticationError, KeyError) as error:
            text = "The Hub does not know who you are: pass token=…, or set HF_TOKEN. The Hub says: "
            raise AuthenticationError(text + getattr(error, "words", "no name"), url=self.url) from error

    def change(self, path: str, body: Mapping[str, Any], step: str) -> None:
        """POST a body. SpaceDuplicationError names the step, and says whether it may have been done all the same."""
        try:
            self.ask(path, body)
        except GradioError as error:
            is_refused = isinstance(error, HTTPError) and (error.status or 0) < 500
            words = (getattr(error, "words", "") or str(error)).rstrip(".?")
            text = f"The Hub did not {step} ({error.status or 'no answer'}): {words}. "
            text += "Nothing was changed." if is_refused else "It may have been done nevertheless."
            wait = error.retry_after
            raise SpaceDuplicationError(text, status=error.status, url=error.url, retry_after=wait) from error


def hub_url() -> str:
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def space_in(src: str) -> str | None:
    """The Space that `src` names: an id (`user/name`) or the address of its page."""
    page = re.match(rf"(?:(?:https?://)?(?:www\.)?(?:huggingface|hf)\.co|{re.escape(hub_url())})/spaces/", src, re.I)
    space_id = "/".join(re.split(r"[/?#]", src[page.end() :])[:2]) if page else src
    return space_id if re.fullmatch(SPACE_ID, space_id) and not space_id.startswith("localhost/") else None


def start_space(hub: Hub, space_id: str, tell: Tell) -> str:
    """Wait until the Space runs, waking it if it sleeps, and return the URL of its app. Ctrl-C ends the wait."""
    deadline = time.monotonic() + SPACE_START_SECONDS
    stage, host, info = "", "", {}
    while True:
        before, pause = stage, SPACE_POLL_SECONDS
        try:
            info = hub.space(space_id)
        except HTTPError as error:
            if not before or (error.status != 429 and (error.status or 0) < 500):
                raise
            pause = max(pause, error.retry_after or 0)
        host, stage = str(info.get("host")), str(as_dict(info.get("runtime")).get("stage", "RUNNING"))
        if stage in BROKEN_STAGES or not host.startswith(("http://", "https://")):
            why = f"see {hub.url}/spaces/{space_id}" if stage in BROKEN_STAGES else "the Hub names no host for it"
            raise SpaceError(f"The Space {space_id} does not run ({stage}): {why}.", stage=stage, url=hub.url)
        if stage not in STARTING_STAGES:
            return host
        if stage != before:
            tell(f"The Space {space_id} is {stage.lower().replace('_', ' ')}; waiting for it.")
            if stage in ("SLEEPING", "STOPPED"):
                with suppress(GradioError):  # a visit wakes it, whatever comes of it
                    hub.http.request("GET", host, headers=hub.token_for(origin_of(host))).close()
        left = deadline - time.monotonic()
        if left < 0:
            raise TimedOut(f"The Space {space_id} is still {stage} after {SPACE_START_SECONDS:.0f} s.", url=host)
        threading.Event().wait(min(pause, left))


def duplicate_space(
    hub: Hub, from_id: str, to_id: str | None, hardware: str | None, sleep: float, body: dict[str, Any], tell: Tell
) -> str:
    """The id of the duplicate, made unless it exists, in one request. `body` says what its settings will be."""
    source = space_in(from_id.strip())
    if source is None:
        raise ValueError(f"Not a Space: {shown(from_id)!r}. It takes user/name, or the address of the Space's page.")
    name = to_id or source.split("/")[-1]
    if not re.fullmatch(SPACE_ID, name if "/" in name else f"user/{name}"):
        raise ValueError(f"Not a name for a Space: to_id={name!r}.")
    target = name if "/" in name else f"{hub.user()}/{name}"
    page = f"{hub.url}/spaces/{target}"
    existing: JsonObject | None = None
    with suppress(SpaceError):  # which may also be one that this caller cannot see: the Hub makes nothing over it
        existing = hub.space(target)
    if existing is None:
        body = {**body, "repository": target, **_flavor("hardware", hardware or _hardware_of(hub.space(source)), sleep)}
        hub.change(f"spaces/{source}/duplicate", body, f"duplicate {source} to {target}")
        tell(f"Created {page}, a duplicate of {source}.")
        return target
    tell(f"Using your existing Space {page}.")
    if "secrets" in body or "variables" in body:
        logger.warning("%s exists already: its secrets and variables are left as they are.", target)
    if hardware and hardware != (_hardware_of(existing) or BASIC_HARDWARE):
        flavor = _flavor("flavor", hardware, sleep)
        hub.change(f"spaces/{target}/hardware", flavor, f"change the hardware of {target} to {hardware}")
    return target


def _hardware_of(info: Mapping[str, Any]) -> str | None:
    """A Space's hardware; of one that does not run, the hardware it would run on."""
    hardware = as_dict(as_dict(info.get("runtime")).get("hardware"))
    return hardware.get("current") or hardware.get("requested")


def _flavor(field: str, hardware: str | None, sleep_minutes: float) -> dict[str, Any]:
    if hardware in (None, BASIC_HARDWARE):
        return {field: hardware} if hardware else {}
    return {field: hardware, "sleepTimeSeconds": -1 if sleep_minutes < 0 else max(1, round(sleep_minutes * 60))}


# === App ==============================================================================================================
# What an app says of itself: its config, what its functions take and give, and where its server is asked.

MAX_FUNCTIONS = 10_000  # of an app, and values of a function; each takes more memory than the bytes that declare it
MAX_VALUES = 100_000  # of all functions
MAX_REPEATS = 10  # of one component with a large default among the inputs of a function
SKIPPED = set("accordion box column dataset form group interpretation row sidebar state tab tabitem tabs".split())
FILE_COMPONENTS = {"audio", "downloadbutton", "file", "image", "model3d", "uploadbutton", "video"}
Login: TypeAlias = "tuple[str, str]"  # user and password


# How the servers of some releases are talked to. With `diffs`, a generator's values after the first are edits.
Protocol = namedtuple("Protocol", "shape diffs is_file", defaults=(False, is_marked_file))
DIRECT = Protocol("direct")  # without the queue; no app names it
PROTOCOLS = {  # by their names in the config
    "ws": Protocol("websocket"),
    "sse": Protocol("stream", is_file=is_unmarked_file),
    "sse_v1": Protocol("shared stream", is_file=is_unmarked_file),
    "sse_v2": Protocol("shared stream", diffs=True, is_file=is_unmarked_file),
    "sse_v2.1": Protocol("shared stream", diffs=True),
    "sse_v3": Protocol("shared stream", diffs=True),
}


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

    def run(self, name: str | None) -> str:
        """By a name that is a plain word; else the number in the request says which function is meant."""
        word = re.fullmatch(r"/?(\w[\w.-]*)", name or "")
        return f"{self.api}/run/{quote_path(word[1] if word else 'predict')}"

    def stream(self, name: str) -> str:
        """Of a job, by its event id; or of a sound or a video, by its path."""
        return f"{self.api}/stream/{self._quoted(name)}"

    def heartbeat(self, session_hash: str) -> str:
        return f"{self.api}/heartbeat/{quote_path(session_hash, safe='')}"

    def file(self, path: str) -> str:
        return f"{self.api}/file={self._quoted(path)}"

    def _quoted(self, path: str) -> str:
        if {".", ".."} & set(re.split(r"[/\\]", path)):  # servers and proxies would read that as another address
            raise ProtocolError(f"{self.base} sent a file with a path that leads elsewhere: {path[:200]!r}.")
        return quote_path(path)


class Endpoint:
    """One function of an app: its entry in the config, with the components it takes and gives."""

    def __init__(self, number: int, dependency: Mapping[str, Any], components: Mapping[str, Mapping[str, Any]]):
        self.number, self.dependency = number, dependency
        name = dependency.get("api_name")
        visibility = dependency.get("api_visibility", "public")
        self.name = f"/{one_line(name.lstrip('/'), 1000)}" if isinstance(name, str) and name else None
        self.private = name is False or visibility == "private"
        self.public = not self.private and visibility == "public" and dependency.get("show_api") is not False
        self.callable = bool(dependency.get("backend_fn", True))
        types = as_dict(dependency.get("types"))
        self.generator = bool(types.get("generator") or types.get("continuous"))
        inputs, outputs = (list(map(str, as_list(dependency.get(side)))) for side in ("inputs", "outputs"))
        often = [key for key, count in Counter(inputs).items() if count > MAX_REPEATS]
        is_large = any(len(str(value_of(components.get(key, {})))) > 1000 for key in often)
        if len(inputs) + len(outputs) > MAX_FUNCTIONS or is_large:
            raise ProtocolError(f"The app has a function with {len(inputs)} inputs and {len(outputs)} outputs.")
        self.inputs, self.outputs = ([components.get(key, {}) for key in side] for side in (inputs, outputs))
        self.taken = [index for index, component in enumerate(self.inputs) if not is_skipped(component, as_input=True)]
        self.given = [index for index, component in enumerate(self.outputs) if not is_skipped(component)]
        self.input_types = [str(component.get("type")) for component in self.inputs]
        self.output_types = [str(component.get("type")) for component in self.outputs]
        self.settable = [index for index, kind in enumerate(self.input_types) if kind != "state"]
        self.stateful = "state" in [*self.input_types, *self.output_types]

    def __str__(self) -> str:
        return one_line(self.name or f"fn_index={self.number}")

    def as_users_see(self, values: list[Any]) -> Any:
        """Outputs without state and layout: the one there is, or a tuple."""
        if len(values) == len(self.outputs):
            values = [values[index] for index in self.given]
        seen = tuple(reveal(value) for value in values)
        return seen[0] if len(seen) == 1 else seen

    def bind(self, described: JsonObject, args: Sequence[Any], keywords: Mapping[str, Any], where: str) -> list[Any]:
        """A value for each input. Those that callers need not give, such as a button's label, are filled in."""
        places, parameters = self.taken, described["parameters"]
        if not keywords and len(args) == len(self.settable):  # programs of the official client give these, too
            known = dict(zip(places, parameters))
            places = self.settable
            parameters = [known.get(place, {"parameter_name": f"param_{place}"}) for place in places]
        data = [None if component.get("type") == "state" else value_of(component) for component in self.inputs]
        for place, value in zip(places, bind_arguments(parameters, args, keywords, where)):
            data[place] = value
        return data


def is_skipped(component: Mapping[str, Any], as_input: bool = False) -> bool:
    """Whether API callers neither send nor see the component's value."""
    skipped, kind = component.get("skip_api"), str(component.get("type"))
    return skipped if isinstance(skipped, bool) else kind in SKIPPED and not (as_input and kind == "dataset")


def value_of(component: Mapping[str, Any]) -> Json:
    """The value that a component has when the app's page is opened for the first time."""
    name = "default_value" if component.get("type") == "browserstate" else "value"
    return as_dict(component.get("props")).get(name)


class App:
    """What an app says of itself in its config. ProtocolError if it is none."""

    def __init__(self, base: str, config: Json):
        if not isinstance(config, dict) or not isinstance(config.get("dependencies"), list):
            raise ProtocolError(f"{base} answered with JSON that is not the config of a Gradio app.", url=base)
        self.config = config
        self.info: dict[str, Any] | None = None  # what the server says of its endpoints, once it has been asked
        self.version_text = one_line(str(config.get("version", "")), 100)
        self.version = tuple(int(digits) for digits in re.findall(r"\d{1,9}", self.version_text)[:3])
        prefix = str(config.get("api_prefix") or "").strip("/")
        if prefix and not re.fullmatch(r"\w[\w.~-]*(/\w[\w.~-]*)*", prefix, re.ASCII):
            raise ProtocolError(f"{base} names an api_prefix that is no plain path: {prefix[:200]!r}.", url=base)
        root = re.fullmatch(r"(https://[^/?#]+)(/--replicas/[\w-]+)/?", str(config.get("root")))
        ours = root and origin_of(root[1]) == origin_of(base) and origin_of(base).host.endswith(SPACE_DOMAIN)
        replica = root[2] if root and ours else ""  # of a Space: the others do not know our jobs. No other root counts
        self.routes = Routes(base, replica + (f"/{prefix}" if prefix else ""))
        self.queue = bool(config.get("enable_queue", True))
        self.max_file_size = config.get("max_file_size")
        protocol, newest = str(config.get("protocol", "ws")), list(PROTOCOLS)[-1]
        if protocol not in PROTOCOLS:
            if not protocol.startswith("sse_v"):
                raise ProtocolError(f"{base} speaks {protocol!r}, a protocol this client does not know.", url=base)
            logger.warning("%s speaks %s, which is newer than this client; trying %s.", base, protocol, newest)
        self.protocol = PROTOCOLS.get(protocol, PROTOCOLS[newest])
        components = {str(entry.get("id")): entry for entry in filter(as_dict, as_list(config.get("components")))}
        if len(config["dependencies"]) > MAX_FUNCTIONS:
            raise ProtocolError(f"{base} has more than {MAX_FUNCTIONS} functions.", url=base)
        self.endpoints: dict[int, Endpoint] = {}
        self.names: dict[str, Endpoint] = {}  # of all that can be called
        values = 0
        for index, dependency in enumerate(config["dependencies"]):
            number = as_dict(dependency).get("id", index)
            if isinstance(dependency, dict) and isinstance(number, int):
                endpoint = self.endpoints[number] = Endpoint(number, dependency, components)
                values += len(endpoint.inputs) + len(endpoint.outputs)
                if values > MAX_VALUES:
                    raise ProtocolError(f"The functions of {base} have more than {MAX_VALUES} values.", url=base)
                if endpoint.name and endpoint.callable and not endpoint.private:
                    self.names.setdefault(endpoint.name, endpoint)
        self.listed = [name for name, endpoint in self.names.items() if endpoint.public]

    def endpoint(self, api_name: str | None, fn_index: int | None) -> Endpoint:
        """The endpoint that a call means. ValueError names those there are."""
        names, listed, base = self.names, self.listed, self.routes.base
        there_are = f"{base} has: {one_line(', '.join(listed), 2000) or 'no named endpoint'}."
        if api_name is not None:
            found = names.get(str(api_name)) or names.get(f"/{api_name}")
            if found is None:
                close = _similar(str(api_name), listed)
                raise ValueError(f"Cannot find a function with `api_name`: {api_name}{close}. {there_are}")
            return found
        if fn_index is None:
            if len(listed) == 1:
                return names[listed[0]]
            text = "This Gradio app might have multiple endpoints. Please specify an `api_name` or `fn_index`."
            raise ValueError(f"{text} {there_are}")
        found = self.endpoints.get(fn_index) if isinstance(fn_index, int) else None
        if found is None or not found.callable:
            why = "there is none" if found is None else "it runs in the browser, not on the server"
            raise ValueError(f"Invalid function index: {fn_index!r}. {base}: {why}.")
        if found.private:
            raise InvalidAPIEndpointError(f"The app at {base} does not offer fn_index={fn_index} as an API.")
        return found


# --- the description of endpoints


def describe(endpoint: Endpoint, info: Json) -> dict[str, Any]:
    """An endpoint in the shape of the server's /info: what that says of it, completed from the config."""
    side, key = ("named_endpoints", endpoint.name) if endpoint.name else ("unnamed_endpoints", str(endpoint.number))
    given = as_dict(as_dict(as_dict(info).get(side)).get(key))
    described: dict[str, Any] = {key: given[key] for key in ("description", "oauth_token") if key in given}
    for key, word, components, shown in (
        ("parameters", "param", endpoint.inputs, endpoint.taken),
        ("returns", "value", endpoint.outputs, endpoint.given),
    ):
        known = as_list(given.get(key))
        described[key] = []
        names: set[str] = set()
        for place, index in enumerate(shown):
            said = as_dict(known[place]) if len(known) == len(shown) else {}
            item = describe_component(components[index], f"{word}_{index}", said)
            name = item["parameter_name"]
            if not isinstance(name, str) or not name or name in names:
                name = f"param_{place}"
            item["parameter_name"] = name = one_line(name) + "_" * (name in names)
            names.add(name)
            hidden = () if key == "parameters" else ("parameter_name", "parameter_has_default", "parameter_default")
            described[key].append({field: item[field] for field in item if field not in hidden})
    return described


def describe_component(component: Mapping[str, Any], name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """One parameter or return value: what the server says of it, completed from the component's entry in the config."""
    props = as_dict(component.get("props"))
    label = props.get("label")
    schema = as_dict(component.get("api_info"))
    schema = as_dict(schema.get("info", schema))
    kind = str(component.get("type", "any"))[:100]
    typed = SIMPLE_TYPES.get(str(schema.get("type")), "Any")
    if kind in FILE_COMPONENTS:
        typed = "list[filepath]" if props.get("file_count") in ("multiple", "directory") else "filepath"
    item = {
        "label": label if isinstance(label, str) and label else name,
        "parameter_name": parameter_name(label) if isinstance(label, str) else name,
        "parameter_has_default": value_of(component) not in (None, "", []),
        "parameter_default": value_of(component),
        "type": schema,
        "component": kind.capitalize(),
        **given,
    }
    said = as_dict(item.get("python_type")).get("type")
    if not isinstance(said, str) or ("filepath" in typed and "filepath" not in said):  # 3.x calls files `str`
        item["python_type"] = {"type": typed, "description": ""}
    if kind == "browserstate":  # only browsers have a value of their own for it
        item.update(parameter_has_default=True, parameter_default=value_of(component))
    return item


# === Session ==========================================================================================================
# The one stream on which a server reports all jobs of a session, and who waits for what it says.

MAX_STREAMS_IN_VAIN = 20  # one after the other, each brief, none of which ends a job
MAX_REFUSALS = 5  # of these
REFUSED_FOR_NOW = (429, 502, 503, 504)  # by what stands in front of the server
MAX_PAUSE = 30.0  # seconds until it is asked again
MAX_WAITING = 50 * 1024 * 1024  # bytes of messages that nobody has taken yet, about as they are in memory
STICKY = " If several servers answer at this address, what stands in front of them needs sticky sessions."
STREAM_SILENCE = 45.0  # servers send a heartbeat every 15 s: three missed ones are a dead connection


class Inbox:
    """Where a job's thread waits for messages of the server, or for an error that another of our threads puts there."""

    def __init__(self, number: int):
        self.number = number  # of the job's function, which tells its siblings
        self.heard = False  # whether a message has come
        self.beats = 0  # how often the server could have sent one, but has not
        self._items: SimpleQueue[tuple[News, int]] = SimpleQueue()
        self._came = self._taken = 0  # bytes; each number is changed by one thread only

    def put(self, item: News, size: int = 0) -> None:
        if not isinstance(item, GradioError):
            self.heard = True
            if self._came - self._taken > MAX_WAITING:
                item, size = ConnectionLost("The server says more of the job than can be kept while its files come."), 0
        self._came += size
        self._items.put((item, size))

    def __iter__(self) -> Iterator[Message]:
        """The messages, up to the last of the job; raises an error that arrives instead."""
        while True:
            item, size = self._items.get()
            self._taken += size
            if isinstance(item, GradioError):
                raise item
            yield item
            if item["msg"] == "process_completed":
                return


class Session:
    """One session hash, and the one stream on which the server reports all jobs of that session.

    With two streams, each would get only some of the messages; and the server drops the jobs of a session whose
    stream is closed. So there is one, open until the server ends it. Where there are no jobs, nor State, the session
    may go on under another hash. `_turn` is held during a join, so that jobs reach the server one after the other, over
    one connection. `_lock` guards what follows it, and the hash.
    """

    def __init__(self, http: Http, routes: Routes, session_hash: str = ""):
        self.hash = session_hash or os.urandom(16).hex()
        self.stateful = False  # functions with State have been called: the session is worth keeping
        self.generator_broke = False  # one failed or was stopped
        self._end_heartbeat = Abort()
        self._end_stream = Abort()
        self._http, self._routes = http, routes
        self._heart: Worker | None = None  # the thread of the heartbeat
        self._turn = threading.Lock()
        self._lock = threading.RLock()
        self._inboxes: dict[str, Inbox] = {}  # of the jobs that wait for messages, by event id
        self._joining: list[Inbox] = []  # of joins whose answers are still on their way
        self._early: list[tuple[News, int]] = []  # messages that came before the answer of their join, with sizes
        self._early_size = 0  # the sum of these sizes, in bytes
        self._counted = 0.0  # when it was last noted that nothing is heard of a job
        self._in_vain = 0  # streams in a row that ended within a second; when a job ends, the count begins anew
        self._reader_runs = False

    def join(self, inbox: Inbox, join: Callable[[], str]) -> None:
        """Put a job into the queue by calling `join`; all that the server says of it will come into the inbox."""
        # The main thread takes no turn: a signal handler may interrupt its join, and wait for a job of another thread.
        is_main = threading.current_thread() is threading.main_thread()
        with nullcontext() if is_main else self._turn:
            with self._lock:
                self._joining.append(inbox)
            event_id = ""
            try:
                event_id = join()
            finally:
                with self._lock:
                    self._joining.remove(inbox)
                    early, self._early, self._early_size = self._early, [], 0
                    taken = event_id in self._inboxes
                    if event_id and not taken:
                        self._inboxes[event_id] = inbox
                    for message, size in early:
                        self._deliver(message, size)
                    if self._inboxes and not self._reader_runs:
                        Worker(self._http, "stream", self._read).start()
            if taken:
                raise ProtocolError(f"{self._routes.join} gave a second job the event id {event_id!r}.")

    def leave(self, inbox: Inbox) -> None:
        """Hear no more of a job, whether or not its join was successful: an interrupt may have come in between."""
        with self._lock:
            self._inboxes = {event_id: other for event_id, other in self._inboxes.items() if other is not inbox}
            self._joining = [other for other in self._joining if other is not inbox]
            self._in_vain = 0
            if self._end_heartbeat.aborted:
                self.end()

    def end(self) -> None:
        """Hold nothing open any more but, while there are jobs, their stream; the session has been left."""
        with self._lock:
            self._end_heartbeat()
            if not (self._inboxes or self._joining):
                self._end_stream()
                self._end_stream = Abort()  # of a job that may still be waiting here

    def company(self, inbox: Inbox) -> tuple[bool, bool]:
        """Whether it is the only job, in a session without State; whether it is the only job of its function."""
        with self._lock:
            others = [other.number for other in (*self._inboxes.values(), *self._joining) if other is not inbox]
            return not others and not self.stateful, inbox.number not in others

    def drop(self, inbox: Inbox) -> None:
        """Close the stream, if still no other job needs it: the server drops the job."""
        with self._lock:
            if self.company(inbox)[0]:
                self._inboxes = {}
                self._renew()

    def _renew(self) -> None:
        """Go on under another hash. `_lock` is held."""
        self._end_stream()
        self.hash, self.generator_broke, self._end_stream = os.urandom(16).hex(), False, Abort()
        if not self._end_heartbeat.aborted:
            self._end_heartbeat()
            self._end_heartbeat, self._heart = Abort(), None

    def beat(self) -> None:
        """Show the app that this session is in use, by a request that does not end."""
        with self._lock:
            if not ((self._heart and self._heart.is_alive()) or self._end_heartbeat.aborted or self._http.closed):
                self._heart = Worker(self._http, "heartbeat", self._beat)
                self._heart.start()

    def _beat(self) -> None:
        url, abort = self._routes.heartbeat(self.hash), self._end_heartbeat
        with suppress(GradioError), self._http.request("GET", url, timeout=None, abort=abort) as response:
            deque(response.chunks(), maxlen=0)

    def _read(self) -> None:
        """The reader thread: read one stream after the other while a job waits, but no endless row of brief ones."""
        with self._lock:
            if self._reader_runs or not self._inboxes:
                return
            self._reader_runs = True
        refusals, runs = 0, True
        while runs:
            began = time.monotonic()
            problem: Exception | None = None
            with self._lock:
                url, abort = f"{self._routes.data}?{urlencode({'session_hash': self.hash})}", self._end_stream
            try:
                self._read_stream(url, abort)
            except Exception as error:  # whatever it is, those who wait have to know
                logger.debug("%s: %s", self._routes.data, error)
                problem = None if abort.aborted else error
            brief = time.monotonic() - began < 1.0
            refusals = refusals + 1 if problem else 0
            goes_on = problem is None or may_ask_again(problem, refusals)
            with self._lock:
                self._in_vain = self._in_vain + 1 if brief else 0
                if not goes_on or self._in_vain > MAX_STREAMS_IN_VAIN:
                    if self._inboxes and not (self._joining or self.stateful):  # nothing else goes with the hash
                        self._renew()
                    ended = ConnectionLost(f"the server ended it before the job was complete.{STICKY}")
                    self._lose(list(self._inboxes), problem or ended)
                runs = self._reader_runs = bool(self._inboxes)

    def _lose(self, event_ids: Sequence[str], problem: Exception) -> None:
        """Tell these jobs that no more will be heard of them. `_lock` is held."""
        is_refusal = isinstance(problem, AuthenticationError) or getattr(problem, "status", 0) in REFUSED_FOR_NOW
        kind: Any = type(problem) if is_refusal else ConnectionLost
        for event_id in event_ids:
            details = {**(vars(problem) if is_refusal else {}), "event_id": event_id, "url": self._routes.data}
            self._inboxes.pop(event_id).put(kind(f"The stream of job {event_id} was lost: {problem}", **details))

    def _read_stream(self, url: str, abort: Abort) -> None:
        """Read one stream to its end, or until another is worth a try."""
        with self._http.request("GET", url, timeout=None, abort=abort) as response:
            if response.status != 200:
                error = http_error(response)
                raise ConnectionLost(f"{error}{STICKY}") if error.status == 404 else error
            if response.headers.get("content-type", "text/event-stream").startswith("text/html"):
                body = response.start().decode("utf-8", "replace")
                raise ConnectionLost(f"{self._routes.data} is {describe_body(body)}.")
            self._count_silence()
            for message, size in live_messages(response, self._http.timeout):
                if isinstance(message, GradioError):
                    self._deliver(message, size)
                elif message["msg"] == "unexpected_error":
                    words = str(message.get("message"))[:500]
                    text, is_unknown = f"the server says {words!r}.", words.startswith("404")
                    # Those of 4.31 to 5.45 stumble over a cancelled job, name it, and hang up.
                    if re.fullmatch(r"'\w+'", words) or (is_unknown and self._count_silence(text)):
                        return
                    raise ConnectionLost(text + STICKY * is_unknown)
                elif message["msg"] == "heartbeat":
                    if self._count_silence(apart=3.0):
                        return
                else:
                    self._deliver(message, size)

    def _count_silence(self, reason: str = "the server says nothing of it.", apart: float = 0.0) -> bool:
        """Count the heartbeats of jobs the server says nothing of, which another replica may have. Give up after four.

        Returns whether another stream should be opened, which may reach that replica: no job needs this one.
        """
        now = time.monotonic()
        if now - self._counted < apart:  # proxies hold heartbeats back: those that come at once count once
            return False
        self._counted = now
        with self._lock:
            silent = {event_id: inbox for event_id, inbox in self._inboxes.items() if not inbox.heard}
            for inbox in silent.values():
                inbox.beats += 1
            lost = [event_id for event_id, inbox in silent.items() if inbox.beats >= 4]
            self._lose(lost, ConnectionLost(reason + STICKY))
            needed = self._joining or any(inbox.heard or inbox.beats < 2 for inbox in self._inboxes.values())
            return bool(silent) and not needed

    def _deliver(self, message: News, size: int) -> None:
        event_id = message.event_id if isinstance(message, GradioError) else message.get("event_id")
        if not isinstance(event_id, str):
            return  # close_stream
        with self._lock:
            inbox = self._inboxes.get(event_id)
            if inbox is None and self._joining:
                self._early.append((message, size))
                self._early_size += size
                if self._early_size > MAX_WAITING:
                    raise ConnectionLost("the server says more of unknown jobs than can be kept.")
            if inbox:
                inbox.put(message, size)
                if isinstance(message, GradioError) or message["msg"] == "process_completed":
                    del self._inboxes[event_id]


class Worker(threading.Thread):
    """A daemon thread of a client, which its `http` tells. Ctrl-C in start() may leave it running: it notes itself."""

    def __init__(self, http: Http, name: str, run: Callable[[], None]):
        super().__init__(name=f"gradio-{name}", target=run, daemon=True)
        self.http = http
        self.ending = threading.Event()  # the client is being closed: no pause is worth its time

    @classmethod
    def all_of(cls, http: Http) -> list[Worker]:
        """Those of a client that run, but for the thread that asks."""
        others = set(threading.enumerate()) - {threading.current_thread()}
        return [thread for thread in others if isinstance(thread, cls) and thread.http is http and thread.is_alive()]


def may_ask_again(error: Exception, times: int) -> bool:
    """Whether what refuses a stream for now may be asked again; waits until then."""
    if not isinstance(error, HTTPError) or error.status not in REFUSED_FOR_NOW or times > MAX_REFUSALS:
        return False
    pause = 2.0 ** (times - 1) if error.retry_after is None else error.retry_after
    worker = threading.current_thread()
    return pause <= MAX_PAUSE and isinstance(worker, Worker) and not worker.ending.wait(pause)


def live_messages(response: Response, timeout: float | None) -> Iterator[tuple[News, int]]:
    """The messages of a stream, each with the bytes that it takes.

    A silent stream is given up only after its heartbeats have been seen to arrive live: proxies hold back what is
    small (nginx until there are 1460 bytes or the end), the head of the answer included, and then let all of it go at
    once. So a heartbeat is live if nothing else came in the same moment, be it before or after.
    """
    quiet, last = 0.0, time.monotonic()  # how long nothing came after the last message; when something came last

    def read() -> Iterator[bytes]:
        nonlocal quiet, last
        for chunk in response.chunks():
            now = time.monotonic()
            quiet, last = quiet or now - last, now
            yield chunk

    beats, live = 0, False
    for text in iter_sse(read()):
        try:
            message = parse_message(text)
        except ProtocolError as error:
            yield error, 0  # for one job; the others go on
            continue
        if message is None:
            continue
        apart, quiet = quiet > STREAM_SILENCE / 90, 0.0  # half a second: what comes at once is there by then
        live = live or (apart and beats >= 2)
        beats = (beats if apart else 0) + (message["msg"] == "heartbeat")
        if timeout is not None:
            response.limit(max(timeout, STREAM_SILENCE) if live or beats >= 2 else None)
        # About what it takes in memory, where each value is an object.
        yield message, len(text) + 1000 + 48 * text.count(",") + 200 * (text.count("{") + text.count("["))


def parse_message(text: str) -> Message | None:
    """A message of the server; None for what is none, or ProtocolError if a job may miss it."""
    message = json_or_none(text)
    if isinstance(message, dict) and isinstance(message.get("msg"), str):
        return message
    event_id = re.match(r'\{[^{}]{0,1000}"event_id": ?"([^"]+)"', text) if message is None else None
    if event_id:
        words = "The server sent JSON that is nested too deeply, or whose numbers are too long."
        raise ProtocolError(words, event_id=event_id[1])
    logger.warning("Ignored a message that is not one: %.200r", text)
    return None


# === Conversation =====================================================================================================
# How a Gradio server is asked to run a function. Each shape of conversation is one generator of the server's messages.
# A Transcript reduces these to status and outputs.


class Cancelled(GradioError):
    """Ends a conversation after `Job.cancel()`. Users never see it."""


class Conversation:
    """What is said with a server about one call. It is also what the call's job tells of a cancel()."""

    def __init__(self, http: Http, app: App, endpoint: Endpoint, session: Session, headers: Headers):
        self.http, self.app, self.endpoint, self.session, self.headers = http, app, endpoint, session, headers
        self.data: list[Any] = []
        self.oauth_token: str | None = None
        self.whole = False  # the server is asked for whole values instead of diffs
        self.event_id = ""  # the server's name for the call, as soon as it has one
        self.started = self.yielded = self.complete = False  # the function, as far as it has been heard
        self.inbox = Inbox(endpoint.number)  # for what the server reports on the session's stream
        self.end_request = Abort()  # of the conversation itself
        self.end_transfer = Abort()  # of a file
        self._pid = os.getpid()

    def body(self, batched: bool = False) -> bytes:
        """The one request body that every server takes: old ones insist on keys that are not used."""
        body: dict[str, Any] = {"data": self.data, "fn_index": self.endpoint.number, "session_hash": self.session.hash}
        body.update(event_id=self.event_id or None, event_data=None, trigger_id=None)
        if batched:
            body.update(batched=True, data=[[value] for value in self.data])
        if self.whole:
            body["simple_format"] = True
        if self.oauth_token:
            body["oauth_token"] = self.oauth_token
        return json.dumps(body).encode()

    def hear(self, message: Message) -> None:
        """Note how far the function is."""
        msg = message["msg"]
        self.started = self.started or msg.startswith("process_")
        self.yielded = self.yielded or msg == "process_generating"
        self.complete = msg == "process_completed"

    def may_stop(self) -> bool:
        """Whether a cancel() can still keep the result from coming, although the function has been started."""
        can_stop = (self.endpoint.generator or self.yielded) and (not self.inbox.heard or self.way_to_cancel() != "")
        return self.complete or can_stop  # a complete job's files are on their way

    def stop(self) -> None:
        """Have the conversation end with Cancelled; the job's thread then tells the server."""
        if self._pid == os.getpid():  # a forked child must not touch what goes over its parent's sockets
            self.end_request()
            self.end_transfer()
            self.inbox.put(Cancelled("The job was cancelled."))

    def way_to_cancel(self) -> str:
        """How to make the server stop the job and harm no other; "" if it cannot. Run on 4.13 to 6.31.

        "stop"    stop all jobs of the function in the session (4.35 and newer; queued ones since 6.14)
        "remove"  take this one out of the queue (6.14 and newer)
        "empty"   give the job an empty input, so that it fails before its next step (5.0 and newer)
        "close"   close the stream: the server drops what the session has in its queue, and stops generators
        "reset"   stop a generator that has yielded (until 4.34)
        """
        alone, only = self.session.company(self.inbox)
        version, endpoint, started = self.app.version, self.endpoint, self.started
        if version >= (6, 14) and not started:
            return "stop" if only else "remove"
        if version >= (5,) and started and only:
            return "stop"
        if version >= (5,) and endpoint.inputs and not endpoint.dependency.get("batch"):
            return "empty"  # of a running function this leaves a traceback in the app's log
        if alone and not (4, 19, 2) <= version < (4, 24):
            return "close"
        if version < (4, 35):
            return "reset" if self.yielded else ""
        return "stop" if started and only else ""


def tell_to_stop(talk: Conversation) -> None:
    """Do what the way to cancel stands for."""
    way, routes, event_id = talk.way_to_cancel(), talk.app.routes, talk.event_id
    if way == "close":
        talk.session.drop(talk.inbox)
    elif way == "empty":
        post(talk, routes.stream(event_id), {**json.loads(talk.body()), "event_id": None, "data": []})
    elif way == "reset":
        post(talk, routes.reset, {"event_id": event_id})
    elif way in ("stop", "remove"):
        number = talk.endpoint.number if way == "stop" else 1_000_000  # none, so the one event is all it takes away
        post(talk, routes.cancel, {"session_hash": talk.session.hash, "fn_index": number, "event_id": event_id})


def post(talk: Conversation, url: str, body: Mapping[str, Any]) -> None:
    """Tell the server something about a job. Nobody waits for the answer: to /cancel it may take a step of the job."""
    data = json.dumps(body).encode()
    with suppress(GradioError), talk.http.request("POST", url, data, headers=talk.headers, timeout=1) as response:
        response.start()


# --- the shapes


def speak_direct(talk: Conversation) -> Generator[Message, None, None]:
    """One POST, told in the words of the queue: its answer is the result. Waits as long as the function runs."""
    yield {"msg": "process_starts"}
    url = talk.app.routes.run(talk.endpoint.name)
    http, last = talk.http, None
    batched = talk.endpoint.dependency.get("batch") is True  # untold, servers take each value for a batch
    one_by_one = talk.app.version < (4, 8)  # what these answer with, of an async generator
    if one_by_one:
        talk.event_id = os.urandom(16).hex()  # 4.0 finds the generator again by it
    body = talk.body(batched)
    while True:
        request = http.request("POST", url, body, headers=talk.headers, timeout=None, abort=talk.end_request)
        with request as response:
            response.limit(http.timeout)  # the function has ended
            error = refusal(response) if response.status != 200 else None
            output = as_dict(json_or_none(getattr(error, "body", b""))) if error else response.json(MAX_EVENT_BYTES)
        if not (one_by_one and as_dict(output).get("is_generating")):
            break
        last = output  # of a generator, whose next value is the answer to the same request
        yield {"msg": "process_generating", "output": last}
    if error is None:
        if batched:
            values: Any = as_dict(output).get("data")
            is_batch = isinstance(values, list) and all(map(as_list, values))
            output = {"data": [value[0] for value in values] if is_batch else None}
        yield {"msg": "process_completed", "success": True, "output": last or output}
    elif error.status == 500 and "error" in output:
        yield {"msg": "process_completed", "success": False, "output": output}
    elif error.status in (401, 404) and talk.app.queue and talk.endpoint.dependency.get("queue") is not False:
        logger.debug("%s does not take direct calls: joining the queue.", url)
        yield from SPEAK[talk.app.protocol.shape](talk)
    else:
        raise error


def speak_websocket(talk: Conversation) -> Generator[Message, None, None]:
    """A WebSocket for each call; the server asks, once each, for what it needs (3.x)."""
    numbers = {"session_hash": talk.session.hash, "fn_index": talk.endpoint.number}
    answers: dict[str, Callable[[], bytes]] = {"send_hash": json.dumps(numbers).encode, "send_data": talk.body}
    try:
        opened = WebSocket(talk.http, talk.app.routes.join, talk.headers, talk.end_request)
    except HTTPError as error:
        if type(error) is HTTPError and error.status and error.status < 500:
            error.args = (f"{error} This app speaks WebSocket: proxies in front of it have to pass on Upgrade.",)
        raise
    with opened as socket:
        for message in filter(None, map(parse_message, socket)):
            answer = answers.pop(message["msg"], None)
            if answer:
                socket.send(answer().decode())
            yield message


def speak_stream(talk: Conversation) -> Generator[Message, None, None]:
    """A stream for each call; the server says when it wants the data, which are then POSTed (4.0 to 4.8)."""
    routes = talk.app.routes
    url = f"{routes.join}?{urlencode({'fn_index': talk.endpoint.number, 'session_hash': talk.session.hash})}"
    try:
        # Some of these servers send a single heartbeat, so silence does not mean that the connection is dead.
        with talk.http.request("GET", url, headers=talk.headers, timeout=None, abort=talk.end_request) as response:
            if response.status != 200:
                raise refusal(response)
            unsent = True
            for message in filter(None, map(parse_message, iter_sse(response.chunks()))):
                talk.event_id = str(message.get("event_id") or talk.event_id)
                yield message
                if message["msg"] == "send_data" and unsent:
                    unsent = False
                    with talk.http.request("POST", routes.data, talk.body(), headers=talk.headers) as answer:
                        answer.json()  # nothing, but errors
    finally:
        if talk.event_id and not talk.complete and talk.endpoint.generator:
            post(talk, routes.reset, {"event_id": talk.event_id})  # 4.0 does not always notice that nobody listens


def speak_shared(talk: Conversation) -> Generator[Message, None, None]:
    """Join the queue; the messages arrive on the one stream of the session (4.9 and newer)."""
    waits = True
    try:
        talk.session.join(talk.inbox, partial(join_queue, talk))
        for message in talk.inbox:
            yield message
            if message["msg"] == "process_streaming" and waits:  # for more of a stream of inputs: there is none
                waits = False
                post(talk, f"{talk.app.routes.stream(talk.event_id)}/close", {})
    except (Cancelled, GeneratorExit, KeyboardInterrupt, RuntimeError):  # the last: no thread can be had
        if talk.event_id and not talk.complete:
            tell_to_stop(talk)
        raise
    finally:
        talk.session.leave(talk.inbox)


SPEAK: dict[str, Callable[[Conversation], Generator[Message, None, None]]] = {
    "direct": speak_direct,
    "websocket": speak_websocket,
    "stream": speak_stream,
    "shared stream": speak_shared,
}


def join_queue(talk: Conversation) -> str:
    """POST the call into the queue; the event id that it gets."""
    if talk.end_request.aborted:
        raise Cancelled("The job was cancelled before it was sent.")
    with talk.http.request("POST", talk.app.routes.join, talk.body(), headers=talk.headers) as response:
        if response.status != 200:
            raise refusal(response)
        answer = response.json()
    event_id = as_dict(answer).get("event_id")
    if not isinstance(event_id, str) or not re.fullmatch(r"[\w-]{1,200}", event_id, re.ASCII):
        raise ProtocolError(f"{response.url} gave no event id but {str(answer)[:200]!r}.", url=response.url)
    talk.event_id = event_id  # known from here on, wherever an interrupt comes
    return event_id


def refusal(response: Response) -> GradioError:
    """The error for a call that was not taken."""
    error = http_error(response)
    refused: GradioError = error
    if error.status == 422:
        refused = ValidationError(error.words, title="Validation failed")
    elif "ueue" in error.words:  # "Queue is full. Max size is 1 and size is 1.", "Queue is stopped."
        refused = QueueError(f"The app did not take the job: {error.words}")
    refused.status, refused.url, refused.retry_after = error.status, error.url, error.retry_after
    return refused


def choose_protocol(app: App, endpoint: Endpoint, skip_queue: bool) -> Protocol:
    """How to make a call: as browsers choose, but generators always queue, as that brings every value."""
    direct = skip_queue or endpoint.dependency.get("queue") is False
    if (4, 30) <= app.version < (6,) and "json" in endpoint.output_types:
        direct = False  # run on 4.44 to 5.50: JSON outputs arrive as text like "root=[1]", or not at all
    # Batches break the queue of 4.0 to 4.10; run on 4.13 and 4.19: jobs of a batch get each other's results.
    breaks_queue = endpoint.dependency.get("batch") is True and (4,) <= app.version < (4, 24)
    if not app.queue or breaks_queue or (direct and not endpoint.generator):
        return DIRECT
    return app.protocol


def wants_whole_values(app: App, session: Session) -> bool:
    """Whether the server is to send whole values instead of diffs (`simple_format`)."""
    broken = (5, 29, 1) <= app.version < (5, 36)  # the diffs of these lose information
    # After a generator of the session failed or was stopped, servers confuse the next one with it.
    return app.version >= (4, 20) and (session.generator_broke or broken)


# --- what the messages say


class Step(namedtuple("Step", "status values edits final", defaults=(None, None, False))):
    """What a message changed: the job's status; all outputs, or per output how it differs from the step before.

    Jobs keep steps: outputs that came as edits stay edits, which take less memory.
    """

    def after(self, previous: list[Any]) -> list[Any]:
        """The outputs, given those of the step before."""
        if self.edits is None:
            return self.values or []
        return [apply_edits(value, edit) for value, edit in zip(previous, self.edits)]


REPR = r"""(['"])(?:(?!\1)[^\\\n]|\\(?:[\\'"nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U000[0-9a-f]{5}))*\1"""  # of a str


class Transcript:
    """Reduces the messages of one job to its status and outputs. Pure: recorded conversations are its tests."""

    def __init__(self, diffs: bool, version: tuple[int, ...], where: str):
        self._diffs, self._version, self._where = diffs, version, where
        self._values: list[Any] | None = None

    def feed(self, message: Message) -> Step | None:
        """What the message changed, or None. Raises the error that it reports. Unknown messages change nothing."""
        msg = message["msg"]
        if msg in ("process_generating", "process_streaming"):
            return self._generated(message, edited=self._diffs and msg == "process_generating")
        if msg == "process_completed":
            return Step(StatusUpdate(Status.FINISHED, success=True), self._data(message), final=True)
        if msg == "queue_full":
            raise QueueError(f"The queue of {self._where} is full; try again later.")
        if msg == "send_hash":
            return Step(StatusUpdate(Status.JOINING_QUEUE))
        if msg == "estimation":
            rank, size = whole(message.get("rank")), whole(message.get("queue_size"))
            return Step(StatusUpdate(Status.IN_QUEUE, rank, size, number(message.get("rank_eta"))))
        if msg == "send_data":
            return Step(StatusUpdate(Status.SENDING_DATA))
        if msg == "process_starts":
            return Step(StatusUpdate(Status.PROCESSING, eta=number(message.get("eta"))))
        if msg == "progress":
            units = [progress_unit(unit) for unit in as_list(message.get("progress_data")) if isinstance(unit, dict)]
            return Step(StatusUpdate(Status.PROGRESS, progress_data=units))
        if msg == "log":
            text, level = (str(message.get(name))[:10_000] for name in ("log", "level"))
            return Step(StatusUpdate(Status.LOG, log=(text, level)))
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
        if isinstance(output, dict):
            if message.get("success") is False or ("error" in output and "data" not in output):
                raise self._app_error(output, message.get("title"))
            if "data" not in output:  # how servers since 4.31 report a job that was stopped
                raise AppError(f"The app cancelled the job on {self._where} before it was complete.")
            if isinstance(output["data"], list):
                return output["data"]
        raise ProtocolError(f"{self._where} sent {message['msg']} without outputs: {str(message)[:200]}")

    def _app_error(self, output: Mapping[str, Any], title: Any) -> AppError:
        details = {key: value for key, value in output.items() if key not in ("error", "message", "quota")}
        if isinstance(title, str):
            details.setdefault("title", title)
        words = output.get("error")
        if words is None or (words == "None" and self._version < (4, 24)):
            words = f"The app raised an error on {self._where} but does not say which: "
            words += "the upstream Gradio app has to set show_error=True in launch()."
        words = str(words)[:MAX_ERROR_TEXT] or f"The app raised an error without a text on {self._where}."
        if self._version < (5, 2) and re.fullmatch(REPR, words):  # gr.Error of these releases gives that of its text
            from ast import literal_eval

            words = literal_eval(words)
        quota = quota_in(f"{str(details.get('title'))[:200]}: {words}")
        if quota:
            details["quota"] = quota
            words = f"{re.sub('<[^<>]*>', '', words)} {QUOTA_HINT}"  # there is a link in some
        return AppError(words, **details)


def progress_unit(given: Mapping[str, Any]) -> ProgressUnit:
    index, length, progress = (number(given.get(name)) for name in ("index", "length", "progress"))
    unit, desc = (None if given.get(name) is None else str(given[name]) for name in ("unit", "desc"))
    return ProgressUnit(index, length, unit, progress, desc)


def number(value: Json) -> float | None:
    """A number that can be worked with: no NaN, no infinite or endless one."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= 1e15 else None


def whole(value: Json) -> int | None:
    return None if number(value) is None else int(value)


# === Job ==============================================================================================================
# One call, as a future, and the one cursor over its news. Knows nothing of HTTP or Gradio: a Call feeds it.

LOGS_KEPT = 1000  # by a job, of which nobody may read them: the oldest go
SLICE = 0.25 if os.name == "nt" else None  # seconds between two looks for Ctrl-C, where it does not end a wait itself
Update: TypeAlias = "StatusUpdate | OutputUpdate"


def slices(timeout: float | None) -> Iterator[float]:
    """How long to wait, one time after the other, until the timeout has passed: once, where Ctrl-C ends the wait."""
    in_main = threading.current_thread() is threading.main_thread()
    longest = SLICE if SLICE and in_main else threading.TIMEOUT_MAX
    end = time.monotonic() + (threading.TIMEOUT_MAX if timeout is None else timeout)
    while (left := end - time.monotonic()) > 0:
        yield min(left, longest)


class Job(Future):
    """A call in progress: a `concurrent.futures.Future` that also knows its status and its outputs so far.

    `result(timeout)` blocks; for a generator it gives the last value. Iterating yields every value once, as they come,
    for each iterator from the first; it ends with the job and raises its error if it failed. `updates()` yields all
    that happens, as does `async for update in job`; that and `await job` work in any running event loop. Outputs may
    share parts with each other: do not change them in place. Callbacks run in the thread that ends the job.
    """

    def __init__(self, name: str, show: Callable[[list[Any]], Any], canceller: Any = None):
        super().__init__()
        self.event_id: str | None = None  # the server's name for the job, when it has one
        self._name, self._show = name, show
        self._canceller = canceller  # asked `may_stop()` if the function runs; then told to `stop()`
        self._pid = os.getpid()
        self._lock = threading.RLock()  # guards all below. A signal handler may call into a job while it is held
        self._status = StatusUpdate(Status.STARTING, time=datetime.now())
        self._news: list[Step | StatusUpdate | None] = []  # outputs and logs in their order; None was a log
        self._logs: deque[int] = deque()  # where in the news they are
        self._last: Step | None = None  # the last output
        self._wakers: list[Callable[[], object]] = []  # of those who wait for news
        self._over = False  # the status is the final one
        self.add_done_callback(Job._end)  # type: ignore[arg-type] # before all others, whatever they raise

    def status(self) -> StatusUpdate:
        """What was last heard of the job. Does not block."""
        if self.done():
            self._end()
        return self._status

    def result(self, timeout: float | None = None) -> Any:
        """The result; of a generator, the last value. Blocks until it is there. Raises what the job raised,
        `concurrent.futures.TimeoutError` after `timeout` seconds, or `concurrent.futures.CancelledError`.
        """
        return super().result(self._wait(timeout))

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """What `result()` would raise, or None. Blocks as it does."""
        return super().exception(self._wait(timeout))

    def _wait(self, timeout: float | None) -> float | None:
        """Wait for the end where that takes slices. What is left of the timeout."""
        self._check_process()
        if SLICE is None:
            return timeout
        any(concurrent.futures.wait([self], seconds).done for seconds in slices(timeout))
        return 0

    def _check_process(self) -> None:
        """Before a wait: in a forked child it would have no end."""
        if self._pid != os.getpid() and not self.done():
            raise ConnectionFailed("The job is the parent process's, where it goes on: nothing is heard of it here.")

    def outputs(self) -> list[Any]:
        """The values so far: those a generator has yielded, or the one result of a plain function. Does not block."""
        arrived = itertools.takewhile(lambda update: update is not None, self._read(lambda: None))
        return [update.outputs for update in arrived if isinstance(update, OutputUpdate)]

    def __iter__(self) -> Iterator[Any]:
        return (update.outputs for update in self.updates() if isinstance(update, OutputUpdate))

    def __next__(self) -> Any:
        """The next value for all who ask in this way, in one thread; `iter(job)` gives iterators of one's own."""
        self._shared = getattr(self, "_shared", None) or iter(self)
        return next(self._shared)

    def updates(self, timeout: float | None = None) -> Iterator[Update]:
        """Statuses, logs and outputs, as they come, from the first. At the end, raises what the job raised.

        Statuses that nobody had time to look at are left out, outputs and logs never. The files of a job show up as
        progress in bytes. After `timeout` seconds without news, the last status is repeated.
        """
        gate = threading.Lock()  # closed while there is nothing to read
        for update in self._read(gate.release):
            if update is not None:
                yield update
                continue
            self._check_process()
            if not any(gate.acquire(timeout=seconds) for seconds in slices(timeout)):
                yield self.status()
        if not self.cancelled():
            self.result()

    async def __aiter__(self) -> AsyncIterator[Update]:
        """As `updates()`."""
        import asyncio  # a program that awaits has imported it

        loop, news = asyncio.get_running_loop(), asyncio.Event()
        for update in self._read(partial(loop.call_soon_threadsafe, news.set)):
            if update is not None:
                yield update
            else:
                self._check_process()
                await news.wait()
                news.clear()
        if not self.cancelled():
            self.result()

    def _read(self, wake: Callable[[], object]) -> Iterator[Update | None]:
        """The cursor of one reader: all news from the first, and None before it waits for more, which `wake` ends."""
        values: list[Any] = []
        told: StatusUpdate | None = None
        index = 0
        over = False
        self._wakers.append(wake)
        try:
            while not over:
                with self._lock:
                    over, status, arrived = self._over, self._status, self._news[index:]
                index += len(arrived)
                for item in arrived:
                    if isinstance(item, Step):
                        values = item.after(values)
                        final = item.final or (over and item is self._last)
                        yield OutputUpdate(self._show(values), final=final)
                    elif item is not None:
                        yield item
                if status is not told and not status.log:
                    yield status
                told = status
                if not over:
                    yield None
        finally:
            self._wakers.remove(wake)

    def _wake(self) -> None:
        for wake in tuple(self._wakers):
            with suppress(RuntimeError):  # the gate is open already, or the event loop has been closed
                wake()

    def __await__(self) -> Generator[Any, None, Any]:
        import asyncio

        self._check_process()
        return asyncio.wrap_future(self).__await__()

    def cancel(self) -> bool:
        """Ask that this job delivers no result. Does not block; True if it will not, False if nothing has changed.

        True: it was waiting here or in the server's queue, or it is a generator, which stops after its current step
        (the server is told in the background). False: it has ended; or a plain function is already running, which no
        Gradio server can interrupt; or a generator that no request stops without harm to other calls of its function.
        """
        canceller = self._canceller
        if self.running() and not (canceller and canceller.may_stop()):
            return False
        return super().cancel()  # which calls _end()

    def running(self) -> bool:
        """Whether the server has started the function and it has not ended."""
        return not self.done() and not self.status().code < Status.PROCESSING

    def __repr__(self) -> str:
        return f"<Job {self._name} {self.status().code.value}>"

    # The rest is for the Call that carries the job out.

    def publish(self, step: Step) -> None:
        """Note what has happened and wake those who wait for news. After the end of the job, nothing happens."""
        with self._lock:
            if self._over:
                return
            self._status = step.status
            self._status.time = datetime.now()
            if step.values is not None or step.edits is not None:
                self._news.append(step)
                self._last = step
            elif step.status.log:
                self._logs.append(len(self._news))
                self._news.append(step.status)
                if len(self._logs) > LOGS_KEPT:
                    self._news[self._logs.popleft()] = None
        self._wake()

    def finish(self, values: list[Any]) -> None:
        """End the job with its result, which is its only output if there has been none."""
        with self._lock:
            if self._last is None and not self._over:
                self._last = Step(self._status, values, final=True)
                self._news.append(self._last)
        self._settle(self.set_result, self._show(values))

    def fail(self, error: BaseException) -> None:
        """End the job with an error."""
        self._settle(self.set_exception, error)

    def _settle(self, settle: Callable[[Any], None], outcome: Any) -> None:
        self._canceller = None  # it knows the call, which would keep results in memory
        with suppress(concurrent.futures.InvalidStateError):  # it has been cancelled
            settle(outcome)

    def _end(self) -> None:
        """Note how the job has ended, and when."""
        with self._lock:
            if self._over:
                return
            code = Status.CANCELLED if self.cancelled() else Status.FINISHED
            success = not self.cancelled() and self.exception() is None
            self._status, self._over = StatusUpdate(code, success=success, time=datetime.now()), True
        self._wake()
        if self.cancelled():
            self.set_running_or_notify_cancel()  # without it concurrent.futures.wait() would not notice
            canceller, self._canceller = self._canceller, None
            if canceller:
                canceller.stop()


# === Call =============================================================================================================
# One call from its arguments to its outcome; its files; and the threads that carry out what was submitted.

TELL_SECONDS = 0.1  # between two updates about a file on its way
MAX_COPIED = 4_000_000  # nodes, of some 10 to 70 bytes, whose copying takes a second or two


def handle_file(filepath_or_url: str | os.PathLike[str] | bytes | IO[bytes], name: str | None = None) -> LocalFile:
    """Mark a file as an argument to upload: a path, an http(s) URL, bytes, or a file opened for reading in binary mode.

    `name` is the file name the app sees; bytes should have one with the right suffix. A path is read, and a URL fetched
    by this client and uploaded, when the job runs; an open file (from where it stands) and a pipe are read here.
    ValueError if there is no such file.
    """
    source: Any = filepath_or_url
    path = own = ""
    if isinstance(source, (str, os.PathLike)):
        source = path = own = os.fspath(source)
        if is_url(path):
            origin_of(path)
            own = unquote(re.split("[?#]", path.partition("://")[2])[0].partition("/")[2])
        elif os.path.isdir(path):
            raise ValueError(f"{path} is a folder; handle_file() takes one file.")
        elif not os.path.exists(path):
            path = shown(path) if ":/" in path else path  # a misspelt URL
            raise ValueError(f"File {path} does not exist on local filesystem and is not a valid URL.")
        elif not os.path.isfile(path):  # a pipe, which cannot be read twice
            with open(path, "rb") as pipe:
                source = pipe.read()
    elif hasattr(source, "read"):
        own, source = getattr(source, "name", ""), source.read()
    if not path and not isinstance(source, bytes):
        raise TypeError("handle_file() takes a path, a URL, bytes, or a file that is open in binary mode.")
    name = name or (os.path.basename(own) if isinstance(own, str) else "") or "file"
    url = {"url": path} if is_url(path) else {}
    marked = LocalFile(path=path or name, meta=dict(FILE_MARK), orig_name=name, **url)
    marked.source = source
    return marked


file = handle_file  # its old name


def is_url(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))


class Context:
    """What the calls of a client have in common. `_lock` guards `session` and `_own_folder`."""

    def __init__(
        self, http: Http, app: App, auth: Login | None, skip_queue: bool, folder: str | os.PathLike[str] | bool
    ):
        self.http, self.app, self.skip_queue, self.download_files = http, app, skip_queue, folder
        self._auth = auth
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self.session = Session(http, app.routes)  # of the next call
        self._own_folder = ""  # for files, if the caller names none

    @property
    def is_forked(self) -> bool:
        """Whether this is a child of the process that made the client, whose sockets and threads are the parent's."""
        return self._pid != os.getpid()

    def check(self) -> None:
        """ConnectionFailed where the client cannot be used."""
        if self.is_forked:
            raise ConnectionFailed("The Client is the parent process's: make a new Client after the fork.")
        if self.http.closed:
            raise ConnectionFailed("The client has been closed.")

    def begin_session(self, session_hash: str = "") -> None:
        """Have later calls belong to a new session."""
        self.check()
        with self._lock:
            left, self.session = self.session, Session(self.http, self.app.routes, session_hash)
        left.end()

    def folder(self) -> str:
        """Where files that come back go: as the caller or the environment says, else where only this user can look."""
        given = os.environ.get("GRADIO_TEMP_DIR") if self.download_files is True else self.download_files
        if given:
            return os.path.abspath(given)
        with self._lock:
            own, user = self._own_folder, getattr(os, "geteuid", int)()  # on Windows, all users are 0
            if not os.path.isdir(own) or os.lstat(own).st_uid != user:  # the first file, or it has been cleaned up
                import tempfile

                self._own_folder = os.path.abspath(tempfile.mkdtemp(prefix="gradio-"))
            return self._own_folder

    def logged_in(self, step: Callable[[], Any], *urls: str) -> Any:
        """The step's result; once more after another login, if one of these URLs says that the first is forgotten."""
        try:
            return step()
        except AuthenticationError as error:
            if self._auth is None or error.location or str(error.url).split("?")[0] not in urls:
                raise
        log_in(self.http, self.app.routes, self._auth)
        return step()


def log_in(http: Http, routes: Routes, auth: Login) -> None:
    """Log in; the transport keeps the cookies. AuthenticationError if the app refuses."""
    user, password = auth
    form = urlencode({"username": user, "password": password}, errors="surrogatepass").encode()
    with http.request("POST", routes.login, form, {"Content-Type": "application/x-www-form-urlencoded"}) as response:
        if response.status == 200 or (response.status == 302 and response.headers.get("set-cookie")):  # 3.16
            return
        error = http_error(response)
    words = f"Could not login to {routes.base} as {user!r}: {error.words or error}"
    raise AuthenticationError(words, url=routes.login, status=error.status)


class Call:
    """One call, from its arguments to its outcome, which its job gets."""

    def __init__(self, context: Context, endpoint: Endpoint, data: list[Any], headers: Headers, oauth: str | None):
        self.endpoint, self._context = endpoint, context
        self._where = f"{endpoint} of {context.app.routes.base}"
        # Run on 3.16 to 3.50: a session has one generator for each function, which further calls of it go on with.
        alone = context.app.version < (4,) and not endpoint.stateful
        session = Session(context.http, context.app.routes) if alone else context.session
        self._talk = Conversation(context.http, context.app, endpoint, session, headers)
        self._talk.data, self._talk.oauth_token = data, oauth
        self.job = Job(str(endpoint), endpoint.as_users_see, self._talk)
        self._transfers = Transfers(context, headers, self._talk.end_transfer, self.job.publish)

    def run(self, give_place_away: Callable[[], None] = lambda: None) -> None:
        """Carry the call out in this thread; `give_place_away` is for callbacks of its job, which may be slow."""
        routes = self._context.app.routes
        try:
            send_files = partial(self._transfers.send, self.endpoint, self._talk.data)
            self._talk.data = self._context.logged_in(send_files, routes.upload)
            values = self._context.logged_in(self._converse, routes.join, routes.run(self.endpoint.name))
            end = partial(self.job.finish, values)
        except BaseException as error:  # Ctrl-C in predict(), too. A job that was cancelled stays so
            end = partial(self.job.fail, self._explained(error))
        give_place_away()
        end()

    def _converse(self) -> list[Any]:
        """Have the server run the function, and publish what it says. The outputs of the end."""
        app, endpoint, talk = self._context.app, self.endpoint, self._talk
        protocol = choose_protocol(app, endpoint, self._context.skip_queue)
        session = talk.session
        session.stateful |= endpoint.stateful
        if app.config.get("connect_heartbeat"):
            session.beat()
        talk.whole = protocol.diffs and wants_whole_values(app, session)
        transcript = Transcript(protocol.diffs and not talk.whole, app.version, self._where)
        arrivals = Arrivals(self._transfers.fetch, app.protocol.is_file)
        conversation = SPEAK[protocol.shape](talk)
        try:
            for message in conversation:
                self._context.check()  # much may have arrived before
                if talk.end_request.aborted:
                    raise Cancelled("The job was cancelled.")
                talk.hear(message)
                self.job.event_id = talk.event_id or None
                step = transcript.feed(message)
                if step is None:
                    continue
                if step.values is not None and app.version < (4,):
                    values = list(map(modern_output, endpoint.output_types, step.values))
                    step = Step(step.status, values, step.edits, step.final)
                if step.final:
                    return arrivals.final(step.values or [])
                self.job.publish(arrivals.next(step))
        except BaseException:  # an interrupt or a full disk stops the generator, too
            session.generator_broke |= endpoint.generator
            raise
        finally:
            conversation.close()
        raise ConnectionLost(f"{app.routes.base} ended the conversation about {endpoint} without a result.")

    def _explained(self, error: BaseException) -> BaseException:
        """The error as the caller gets it."""
        if isinstance(error, (ConnectionFailed, HTTPError)) and self._context.http.closed:
            error = ConnectionLost(f"The client was closed before the job on {self.endpoint} was complete.")
        elif isinstance(error, RecursionError):
            error = ProtocolError(f"{self._where} sent a value that is nested too deeply.")
        if isinstance(error, GradioError):
            error.endpoint = error.endpoint or str(self.endpoint)
            error.event_id = error.event_id or self._talk.event_id or None
            error.last_status = self.job.status()
        return error


# --- files


class Transfers:
    """The files of a call on their way in and out: with its headers, ended by its abort, told to its job."""

    def __init__(self, context: Context, headers: Headers, abort: Abort, publish: Callable[[Step], None]):
        self._context, self._headers, self._abort, self._publish = context, headers, abort, publish
        self._due = 0.0  # when the job is to be told again

    def send(self, endpoint: Endpoint, data: list[Any]) -> list[Any]:
        """The arguments with each local file uploaded, or in base64, and replaced by what the server calls it."""
        version = self._context.app.version
        found: dict[int, LocalFile] = {}

        def goes_back(component: str, item: FileData) -> bool:
            """Whether the server can find the file again. It cannot find those of another app, and streams."""
            if is_url(item["path"]):  # at another host, which is not asked only because a server has named it
                return True
            is_ours = item.home in ("", self._context.app.routes.base) and item.get("is_stream") is not True
            if version < (4,) and component in ("image", "chatbot"):  # images take data, and chats files on its disk
                return is_ours and is_data_url(item.get("url")) == (component == "image")
            return is_ours

        def take(component: str, marked: FileFields) -> Any:
            if isinstance(marked, FileData):
                if goes_back(component, marked):
                    return marked
                marked = handle_file(marked.local or marked.download(None, anywhere=False), file_name(marked))
            assert isinstance(marked, LocalFile)
            if not takes_base64(version, component):
                return found.setdefault(id(marked), marked)
            from base64 import b64encode

            with ExitStack() as stack:
                part = self._open(marked, stack)
                data = f"data:{part.mime_type};base64,{b64encode(part.read(part.size)).decode()}"
            return file_argument(part.name, data, part.name, part.size, part.mime_type)

        kinds = endpoint.input_types
        data = [walk(value, is_marked, partial(take, kind)) for kind, value in zip(kinds, data)]
        uploaded = self._upload(found) if found else {}
        data = [walk(value, is_local_file, lambda marked: uploaded[id(marked)]) for value in data]
        return [fit_argument(version, kind, value) for kind, value in zip(kinds, data)]

    def _upload(self, found: Mapping[int, LocalFile]) -> dict[int, dict[str, Any]]:
        """Upload all files in one request. Returns what the server takes for each."""
        http, app = self._context.http, self._context.app
        url = app.routes.upload
        with ExitStack() as stack:
            parts = [self._open(marked, stack) for marked in found.values()]
            form = Multipart("files", parts, os.urandom(16).hex())
            with http.request("POST", url, form, headers=self._headers, abort=self._abort) as response:
                paths = response.json()
        if not isinstance(paths, list) or len(paths) != len(parts) or not all(isinstance(path, str) for path in paths):
            raise ProtocolError(f"{url} answered {str(paths)[:200]} to an upload of {len(parts)} files.", url=url)
        return {
            key: file_argument(path, None, part.name, part.size, part.mime_type)
            for key, part, path in zip(found, parts, paths)
        }

    def _open(self, marked: LocalFile, stack: ExitStack) -> Part:
        """The file as a part of a form, opened until the stack is closed."""
        from mimetypes import guess_type

        name, source = str(marked["orig_name"]), marked.source
        if isinstance(source, bytes):
            stream: IO[bytes] = io.BytesIO(source)
        elif is_url(source):  # stored first, as its size has to be known before it is sent
            import tempfile

            stream = stack.enter_context(tempfile.TemporaryFile())
            with self._context.http.request("GET", source, abort=self._abort, anywhere=True) as response:
                stream.writelines(self._received(response, name))
        else:
            with unreadable(name):
                stream = stack.enter_context(open(source, "rb"))
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        limit = self._context.app.max_file_size
        if isinstance(limit, (int, float)) and size > limit:  # run on 4.44 and 5.0: they take it
            raise ValueError(f"File {name} ({size} bytes) exceeds the maximum file size of the app, {limit} bytes.")

        def read(most: int) -> bytes:
            with unreadable(name):
                data = stream.read(most)
            self._tell(Status.SENDING_DATA, f"uploading {name}", stream.tell(), size)
            return data

        return Part(name, guess_type(name)[0] or "application/octet-stream", size, read)

    def fetch(self, item: Mapping[str, Any], known: Any = None, version: Any = None) -> tuple[Any, Any]:
        """A file the server sent, as a path or, if it is not or cannot be downloaded, as FileData; and its version.

        Or again `known`, made of `version`, if the server shows that it has no other contents, or has none any more.
        All releases of Gradio send an ETag.
        """
        given = FileData(item)
        outlives = Transfers(self._context, self._headers, Abort(), lambda _: None)  # may be used after the job
        vars(given).update(home=self._context.app.routes.base, download=partial(outlives.transfer, item))
        if self._context.download_files is False or is_url(item["path"]):  # no other host is asked without being told
            return given, None
        try:
            with self._ask_for(item) as response:
                now = tuple(map(response.headers.get, ("etag", "last-modified", "content-length")))
                is_same = response.status in (403, 404) or (response.status == 200 and any(now[:2]) and now == version)
                if known is not None and is_same:
                    return known, version
                folder, name = self._context.folder(), file_name(item)
                received = self._received(response, name)
                path = DownloadedPath(save(received, lambda sha256: os.path.join(folder, sha256, name), is_edited))
                path.file, given.local = given, str(path)
                del vars(given)["download"]
                return path, now
        except GradioError as error:
            lost = isinstance(error, ConnectionFailed) and error.status is None
            if lost or error.status in (401, 407):  # which have to do with more than this file
                raise
            logger.warning("%s was not downloaded: %s", file_name(item), error)
            return given, None

    def transfer(self, item: Mapping[str, Any], dest: str | None, anywhere: bool = True) -> str | bytes:
        """What FileData.download() does. It follows the file to another host without any credentials."""
        self._context.check()
        with self._ask_for(item, anywhere) as response:
            name = file_name(item)
            received = self._received(response, name)
            if dest is None:
                return b"".join(received)
            path = os.path.abspath(dest)
            if os.path.isdir(path):
                return save(received, lambda _: os.path.join(path, harmless_name(name)), reserve)
            if os.path.exists(path) and not os.path.isfile(path):
                raise ValueError(f"{path} is neither a file nor a folder.")
            return save(received, lambda _: path, lambda *_: False)

    def _ask_for(self, item: Mapping[str, Any], anywhere: bool = False) -> Any:
        """The answer to a request for the file; or the like of one, if the object holds the contents itself."""
        routes, path = self._context.app.routes, str(item["path"])
        if is_data_url(item.get("url")):
            from base64 import b64decode

            try:
                contents = b64decode(str(item["url"]).partition(",")[2])
            except ValueError as error:
                raise ProtocolError(f"{routes.base} sent a file in broken base64: {error}.") from error
            return nullcontext(SimpleNamespace(status=200, headers={}, chunks=lambda: [contents]))
        if is_url(path):
            return self._context.http.request("GET", path, abort=self._abort, anywhere=True)
        if item.get("is_stream"):  # since 5.0 a playlist, beside which the server offers all of it as one file
            url = routes.stream(re.sub(r"playlist\.m3u8$", "playlist-file", path))
        else:
            url = routes.file(path)

        def ask() -> Response:
            http, headers = self._context.http, self._headers
            response = http.request("GET", url, headers=headers, abort=self._abort, anywhere=anywhere)
            if response.status == 401 and origin_of(response.url) == origin_of(routes.base):
                raise http_error(response)
            return response

        return self._context.logged_in(ask, url)

    def _received(self, response: Response, name: str) -> Iterator[bytes]:
        if response.status != 200:
            raise http_error(response, login=False)
        length = response.headers.get("content-length", "")
        total, done = int(length) if length.isdecimal() else None, 0
        for chunk in response.chunks():
            yield chunk
            done += len(chunk)
            self._tell(Status.PROGRESS, f"downloading {name}", done, total)
        if total is None:
            self._tell(Status.PROGRESS, f"downloading {name}", done, done)

    def _tell(self, code: Status, desc: str, done: int, total: int | None) -> None:
        """Tell the job how many bytes of a file are done: not too often, but all of them."""
        now = time.monotonic()
        if done == total or now >= self._due:
            self._due = now + TELL_SECONDS
            unit = ProgressUnit(index=done, length=total, unit="bytes", desc=desc)
            self._publish(Step(StatusUpdate(code, progress_data=[unit])))


@contextmanager
def unreadable(name: str) -> Iterator[None]:
    """Say which file an OSError is about: it is none of the network."""
    try:
        yield
    except OSError as error:
        raise ValueError(f"File {name} could not be read: {error}") from error


def reserve(path: str, _: str = "") -> bool:
    """Whether the name was taken. If not, it is now, by an empty file: nobody else can have it meanwhile."""
    try:
        open(path, "xb").close()
    except FileExistsError:
        return True
    return False


def is_edited(path: str, contents: str) -> bool:
    """Whether there is a file that somebody has given other contents."""
    from filecmp import cmp

    return os.path.exists(path) and not cmp(path, contents, shallow=False)


def file_name(item: Mapping[str, Any]) -> str:
    name = safe_name(item.get("orig_name") or item["path"])
    if item.get("is_stream") and "." not in name:  # a sound of a server before 5.0: nothing else is said of it
        name += ".wav"
    return name


def save(chunks: Iterable[bytes], place: Callable[[str], str], is_taken: Callable[[str, str], bool]) -> str:
    """Write a file under a temporary name, then move it to `place(its sha256)` or, if that is taken, beside it."""
    import hashlib

    folder = os.path.dirname(place(""))
    os.makedirs(folder, exist_ok=True)
    temporary = os.path.join(folder, f".{os.urandom(8).hex()}.part")
    digest = hashlib.sha256()
    try:
        with open(temporary, "xb") as out:
            for chunk in chunks:
                digest.update(chunk)
                out.write(chunk)
        stem, suffix = os.path.splitext(place(digest.hexdigest()))
        path = free_name(stem, suffix, lambda path: is_taken(path, temporary))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    return path


class Arrivals:
    """Makes outputs for users out of those the server sends: files become what `fetch` makes of them.

    A file is fetched when its object arrives, and once more at the end, since the contents of a path may change.
    """

    def __init__(self, fetch: Callable[[Any, Any, Any], tuple[Any, Any]], is_file: Match):
        self._fetch, self._is_file = fetch, is_file
        self._values: list[Any] = []  # of the message before
        self._files: dict[Any, tuple[Any, Any, Any]] = {}  # the objects seen, what was made of each, and its version
        self._fresh: set[Any] = set()  # those that have been fetched for the message of now
        self._copied = 0  # nodes of values that a few edits have changed

    def next(self, step: Step) -> Step:
        """The step as a job keeps it: with values, or edits that lead to them."""
        if step.values is None:
            return step
        before, self._values, self._fresh = self._values, step.values, set()
        again = step.values == before  # a step that changes nothing may tell that a file has been rewritten
        if step.edits is None:
            return Step(step.status, self._arrived(step.values, again))
        triples = zip(before, step.values, step.edits)
        return Step(step.status, edits=[self._edits(old, new, edits, again) for old, new, edits in triples])

    def final(self, values: list[Any]) -> list[Any]:
        self._fresh = set()
        return list(self._arrived(values, again=True, final=True))

    def _edits(self, old: Json, new: Json, edits: Edits, again: bool) -> Edits:
        if not again and edits_fit(old, new, edits, self._is_file):
            return list(self._arrived(edits, again=True))
        self._copied += sum(1 for _ in nodes(new))
        if self._copied > MAX_COPIED:
            raise ProtocolError("The server changes a large value beside a file so often that memory would run out.")
        return [["replace", [], self._arrived(new, again)]]

    def _arrived(self, tree: Any, again: bool, final: bool = False) -> Any:
        """The tree with what users get for files; with `again`, also for those that were the same before."""

        def arrive(item: Mapping[str, Any]) -> Any:
            if item.get("is_stream") and not final:  # still being made
                return FileData(item)
            key = (item["path"], str(item.get("url")))
            before, made, version = self._files.get(key, (None, None, None))
            if (again or item != before) and key not in self._fresh:
                made, version = self._fetch(item, made, version)
                self._files[key] = item, made, version
            self._fresh.add(key)
            return made

        return walk(tree, self._is_file, arrive)


# --- the threads


def interruptible(http: Http, function: Callable[[], Any]) -> Any:
    """Call it; in a thread where Ctrl-C would not end the main thread's waits for the network."""
    if SLICE is None or threading.current_thread() is not threading.main_thread():
        return function()
    outcome = Job("", tuple)

    def work() -> None:
        try:
            outcome.set_result(function())
        except BaseException as error:
            outcome.fail(error)

    Worker(http, "call", work).start()
    return outcome.result()


class Workers:
    """Threads that carry out calls, at most `most` at a time; further calls wait. `_lock` guards what follows it."""

    def __init__(self, http: Http, most: int):
        self._http, self._most = http, max(1, most)
        self._names = itertools.count(1)
        self._lock = threading.RLock()
        self._ended = threading.Condition(self._lock)  # told when a call ends. `with` it, Ctrl-C could leave it locked
        self._queued: deque[Call] = deque()
        self._threads: set[threading.Thread] = set()  # those with a call, and those that will take one
        self._running: set[Call] = set()  # the calls of these threads

    def submit(self, call: Call) -> None:
        """Have the call carried out. It fails if the system gives no thread, and there is none that could."""
        with self._lock:
            self._queued.append(call)
        try:
            self._start()
        except RuntimeError as error:
            with self._lock:
                if self._threads:  # they will come to it
                    return
                waiting, self._queued = self._queued, deque()
            for call in waiting:
                call.job.fail(error)

    def wait_for_cancelled(self, seconds: float) -> None:
        """For the client to close its connections only when the server has been told of cancelled calls."""
        with self._lock:
            self._ended.wait_for(lambda: not any(call.job.cancelled() for call in self._running), seconds)

    def wait_for_all(self, seconds: float) -> None:
        """The client has been closed: all calls fail as soon as they are carried out, also those that waited."""
        with self._lock, suppress(RuntimeError):
            self._start()
            self._ended.wait_for(lambda: not self._queued and not self._running, seconds)

    def _start(self) -> None:
        """Start threads, as many as may run, while calls wait that none of the present ones will take."""
        with self._lock:
            while len(self._threads) < self._most and len(self._queued) > len(self._threads) - len(self._running):
                thread = Worker(self._http, f"job-{next(self._names)}", self._work)
                thread.start()
                self._threads.add(thread)

    def _work(self) -> None:
        """The life of a thread: carry out calls while any wait."""
        while True:
            with self._lock:
                thread = threading.current_thread()
                if not self._queued or len(self._running) >= self._most:
                    self._threads.discard(thread)
                    return
                call = self._queued.popleft()
                self._threads.add(thread)  # Ctrl-C in start() may have kept it from being noted
                self._running.add(call)
            call.run(partial(self._give_place_away, call))

    def _give_place_away(self, call: Call) -> None:
        """For the callbacks of a job, which may wait for other jobs: from now on this thread counts no more."""
        with self._lock, suppress(RuntimeError):  # this thread goes on with the next call when the callbacks have run
            self._running.discard(call)
            self._threads.discard(threading.current_thread())
            self._ended.notify_all()
            self._start()


# === Client ===========================================================================================================
# What users hold.


def connect(http: Http, src: Any, token: Any, auth: Login | None, oauth: Any, headers: Headers, tell: Tell) -> App:
    """The app that `src` means, which is waited for if it is a Space."""
    if not src or not isinstance(src, str):
        raise ValueError("Client() needs the address of an app, as in Client('http://127.0.0.1:7860').")
    if auth is not None and not (isinstance(auth, (tuple, list)) and len(auth) == 2):
        raise TypeError("auth= takes a tuple of two, (user, password).")
    src = src.strip()
    if re.match("(?i)https?:(?!//)", src):
        raise ValueError("src= is no address: two slashes follow http: or https:.")
    space_id = space_in(src)
    url = src if "://" in src else f"http://{src}"
    on_spaces = space_id is not None or origin_of(url).host.endswith(SPACE_DOMAIN)
    hub = Hub(http, token, search=on_spaces)
    if space_id is not None:
        url = start_space(hub, space_id, tell)
    origin = origin_of(url)
    granted = {**hub.token_for(origin), **login_in(url), **headers}
    http.grant(origin, granted)
    anywhere = not (auth or oauth or granted)  # credentials have one home, and redirects may lead to others
    find = partial(find_app, http, without_login(url), auth, anywhere)
    return find_space_app(hub, origin, find, tell) if on_spaces and space_id is None else find()


def find_app(http: Http, url: str, auth: Login | None, anywhere: bool) -> App:
    """The app that any of its URLs belongs to: its config is looked for there, then one folder up, and so on."""
    parts = urlsplit(url)
    folders = [folder for folder in parts.path.split("/") if folder]
    for depth in range(len(folders), -1, -1):
        app = app_at(http, "/".join([f"{parts.scheme}://{parts.netloc}", *folders[:depth]]), auth, anywhere)
        if app:
            return app
    with http.request("GET", url, anywhere=anywhere, gzip=True) as response:
        page = (response.read(MAX_CONFIG) if response.status == 200 else response.start()).decode("utf-8", "replace")
        embedded = re.search(r"window\.gradio_config\s*=\s*(?=\{)", page)
        if embedded:  # an app whose config route is blocked
            config = page[embedded.end() :].partition("</script>")[0].rstrip("; \n")
            return App(response.url.split("?")[0], parse_json(config, url))
    elsewhere = redirect_error(url, response.url, response.status)
    if shown(response.url) != shown(url) and isinstance(elsewhere, AuthenticationError):
        raise elsewhere
    where, answer = shown(url), f"{response.status}, {describe_body(page)}"
    raise ProtocolError(f"There is no Gradio app at {where}: it answered {answer}.", url=where)


def app_at(http: Http, base: str, auth: Login | None, anywhere: bool) -> App | None:
    """The app whose config is right below this URL, or None."""
    with http.request("GET", Routes(base).config, anywhere=anywhere, gzip=True) as response:
        where = re.sub(r"/config/?$", "", response.url.split("?")[0])
        if response.status == 401 and auth:
            log_in(http, Routes(where), auth)
            return app_at(http, where, None, anywhere)
        if response.status in (401, 403, 407, 429) or response.status >= 500:
            raise http_error(response)
        text = response.read(MAX_CONFIG)
    config = json_or_none(text) if response.status == 200 else None
    return App(where, config) if isinstance(config, dict) and "dependencies" in config else None


def find_space_app(hub: Hub, url: Origin, find: Callable[[], App], tell: Tell) -> App:
    """The app at a `*.hf.space` URL. Only if none runs there, the Hub is asked why, and the Space waited for."""
    try:
        return find()
    except (AuthenticationError, TooManyRequestsError):
        raise
    except (HTTPError, ProtocolError) as problem:
        try:
            space = hub.space(url.host[: -len(SPACE_DOMAIN)])
        except SpaceError as error:
            raise SpaceError(f"{problem} {error}", status=error.status, url=url) from problem
        except GradioError:  # offline, or without an answer
            raise problem from None
    start_space(hub, str(space.get("id")), tell)
    return find()


def from_httpx(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of httpx, as programs of the official client pass them, as those of Client."""
    names = {name: name for name in ("timeout", "cookies", "headers", "proxy", "trust_env")}
    names.update(proxies="proxy", verify="ssl_verify", follow_redirects="")
    unknown = [name for name in options if name not in names]
    if unknown:
        raise TypeError(f"httpx_kwargs= cannot have {', '.join(map(str, unknown))} here: {', '.join(names)} it can.")
    found = {names[name]: value for name, value in options.items() if names[name] and value is not None}
    if isinstance(found.get("proxy"), Mapping):  # by the scheme or the host that it is for
        found["proxy"] = next(iter(found["proxy"].values()), None)
    if hasattr(found.get("timeout"), "read"):  # an httpx.Timeout
        found["timeout"] = found["timeout"].read
    return found


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
      one is used, for Spaces only. False means none; True, that there must be a saved one. `oauth_token` goes to
      endpoints that declare it.
    - `download_files` is the folder for files that come back; by default GRADIO_TEMP_DIR or a new temporary one that
      only this user can look into. They are kept after close(). With False outputs hold FileData instead of paths.
    - `ssl_verify` is True, False, the path of a CA file or folder, or an SSLContext. `proxy` is an http:// URL, which
      loopback addresses never use. By default both are as the environment says, which `trust_env=False` ignores.
    - `timeout`, in seconds, limits each wait for the network, not the time a function may run; None waits for ever.
      An answer's head, and a short answer as a whole, must be complete within it; results and files may take longer, as
      long as something arrives. An event stream is given up, after 45 s at the earliest, only if heartbeats came one by
      one and then stay away.
    - `max_workers` limits the jobs in progress at a time; further ones wait here. `skip_queue=True` calls functions
      that are not generators by a direct POST: faster, without progress, if the app permits it. `api_name` is the
      endpoint for calls that name none.

    A forked process needs a new client, and so does an app that has been changed.
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
        httpx_kwargs: Mapping[str, Any] | None = None,
        analytics_enabled: bool | None = None,
    ):
        for name, value, kinds in (
            ("headers", headers or {}, Mapping),
            ("cookies", cookies or {}, Mapping),
            ("download_files", download_files or "", (bool, str, os.PathLike)),
            ("max_workers", max_workers, int),
        ):
            if not isinstance(value, kinds):
                raise TypeError(f"{name}= takes no {type(value).__name__}.")
        self._oauth_token, self._default_name = oauth_token, api_name
        tell = partial(_tell, verbose)
        src, token = src or space, hf_token if token is None else token
        more = from_httpx(httpx_kwargs or {})
        given = {**more.pop("headers", {}), **(headers or {})}
        cookies = {**more.pop("cookies", {}), **(cookies or {})}
        if cookies:
            given["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        network = {"timeout": timeout, "ssl_verify": ssl_verify, "proxy": proxy, "trust_env": trust_env, **more}
        self._http = Http(USER_AGENT, **network)
        try:
            app = partial(connect, self._http, src, token, auth, oauth_token, given, tell)
            self._app: App = interruptible(self._http, app)
        except BaseException:
            self._http.close()
            raise
        self.src, self.config = self._app.routes.base, self._app.config
        self.space_id = space_in(str(src).strip())  # None if src is the address of an app
        self._context = Context(self._http, self._app, auth, skip_queue, download_files)
        self._workers = Workers(self._http, max_workers)
        logger.debug("Connected to %s: Gradio %s", self.src, self._app.version_text)
        tell(f"Loaded as API: {self.src}")

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
        `sleep_timeout` minutes without requests (-1: never). An existing duplicate is used as it is, but for
        `hardware`, if given. Needs a token: `token=`, HF_TOKEN or a saved one. `options` are further ones of Client.
        Raises SpaceDuplicationError, which says what exists already, SpaceError, AuthenticationError.
        """
        unknown = set(options) - set(cls.__init__.__kwdefaults__ or ())
        if unknown:  # before anything is made
            raise TypeError(f"duplicate() does not take {', '.join(sorted(unknown))}.")
        body: dict[str, Any] = {"visibility": "private" if private else "public"}
        for field, values in (("secrets", secrets), ("variables", variables)):
            if values:
                body[field] = [{"key": key, "value": value} for key, value in values.items()]
        token = hf_token if token is None else token
        known = {**options, **from_httpx(options.get("httpx_kwargs") or {})}
        network = {name: known[name] for name in ("timeout", "ssl_verify", "proxy", "trust_env") if name in known}
        with closing(Http(USER_AGENT, **network)) as http:
            hub = Hub(http, token)
            wanted = (from_id, to_id, hardware, sleep_timeout, body, partial(_tell, verbose))
            target = interruptible(http, partial(duplicate_space, hub, *wanted))
        try:
            return cls(target, token, max_workers, verbose, **options)
        except GradioError as error:
            text = f"{hub.url}/spaces/{target} exists, but cannot be used yet: {error} "
            text += "Call duplicate() again later, or delete the Space in its settings."
            raise SpaceDuplicationError(text, url=error.url) from error

    def __repr__(self) -> str:
        return f"<Client {self.src} Gradio {self._app.version_text} {len(self._app.listed)} named endpoints>"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        import asyncio  # a program that has come here has imported it

        await asyncio.get_running_loop().run_in_executor(None, self.close)  # which may wait for threads

    def __del__(self) -> None:
        context = getattr(self, "_context", None)
        if context and not context.is_forked:  # or its threads would go on for as long as the server likes
            context.session.end()

    @property
    def session_hash(self) -> str:
        """The server's name for the session of the next call. Set one to go on with its State that no other uses."""
        return self._context.session.hash

    @session_hash.setter
    def session_hash(self, value: str) -> None:
        self._context.begin_session(str(value))

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
        call = self._call(args, api_name, fn_index, headers, kwargs)
        try:
            interruptible(self._http, call.run)
        except BaseException:  # Ctrl-C, while another thread carries it out
            call.job.cancel()
            raise
        return call.job.result()

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
        self._workers.submit(call)
        return call.job

    def reset_session(self) -> None:
        """Forget the app's state for this client: later calls belong to a new session. Jobs in flight go on."""
        self._context.begin_session()

    def close(self) -> None:
        """End every job (with ConnectionLost) and every thread, and close all sockets. May be called twice."""
        if self._context.is_forked:  # all of that is the parent's
            return
        self._workers.wait_for_cancelled(2)
        self._http.close()
        deadline = time.monotonic() + 5  # a callback of the user may take longer; its thread ends after it
        for thread in Worker.all_of(self._http):
            thread.ending.set()
        self._workers.wait_for_all(5)
        for thread in Worker.all_of(self._http):
            thread.join(max(0.0, deadline - time.monotonic()))

    def view_api(
        self, all_endpoints: bool | None = None, print_info: bool = True, return_format: str | None = None
    ) -> dict[str, Any] | str | None:
        """Print which endpoints the app has, what they take and what they return. The first time, blocks for a request.

        `return_format="str"` returns the text, "dict" the description of all endpoints as data. Endpoints without a
        name are shown if `all_endpoints` is true, or if there are no others.
        """
        info = self._load_info()
        public = [end for end in self._app.endpoints.values() if end.public and end.callable]
        named = {end.name: describe(end, info) for end in public if end.name}
        unnamed = {end.number: describe(end, info) for end in public if not end.name}
        api = {"named_endpoints": named, "unnamed_endpoints": unnamed}
        text = describe_api(api, all_endpoints) if print_info or return_format == "str" else None
        if print_info:
            print(text)
        if return_format == "dict":
            return api
        return text if return_format == "str" else None

    def _load_info(self) -> dict[str, Any]:
        """What the server, asked once, says of its endpoints; where it cannot, the config has to do."""
        app = self._app
        if app.info is None and app.version >= (3, 26):
            self._context.check()

            def ask() -> Json:
                query = "?all_endpoints=true" if app.version >= (4, 31, 4) else ""
                with self._http.request("GET", app.routes.info + query, gzip=True) as response:
                    return response.json(MAX_CONFIG)

            try:
                logged_in = partial(self._context.logged_in, ask, app.routes.info)
                app.info = as_dict(interruptible(self._http, logged_in))
            except (AuthenticationError, TooManyRequestsError):
                raise
            except (HTTPError, ProtocolError) as error:
                logger.warning("%s does not describe its endpoints (%s); using its config.", self.src, error)
                app.info = None if error.status in REFUSED_FOR_NOW else {}  # which may say more the next time
        return app.info or {}

    def _call(
        self, args: Sequence[Any], api_name: str | None, fn_index: int | None, headers: Any, keywords: dict[str, Any]
    ) -> Call:
        """Check a call completely. Nothing is sent but, once and if needed, the question what the endpoints take."""
        self._context.check()
        if api_name is None and fn_index is None:
            api_name = self._default_name
        endpoint = self._app.endpoint(api_name, fn_index)
        if not isinstance(headers or {}, Mapping):
            raise TypeError("headers= takes a mapping. A parameter of the app that is called so is passed by position.")
        headers = dict(headers or {})
        for name, value in headers.items():
            check_header(name, value)
        if headers and not self._http.is_home(origin_of(self.src)):
            raise AuthenticationError(f"Headers of a call do not go to {self.src}, where the app is: use that address.")
        if keywords or len(args) not in (len(endpoint.taken), len(endpoint.settable)) or self._oauth_token:
            self._load_info()
        described = describe(endpoint, self._app.info)
        try:
            data = endpoint.bind(described, args, keywords, f"{endpoint} of {self.src}")
        except TypeError:  # which names parameters, so far perhaps by their labels
            if self._app.info is not None or not self._load_info():
                raise
            return self._call(args, api_name, fn_index, headers, keywords)
        token = self._oauth_token if described.get("oauth_token") else None
        return Call(self._context, endpoint, data, headers, token)


# --- only for programs of the official client, which find this file in its place (README, "Coming from gradio_client")


is_http_url_like = is_url
is_file_obj_with_meta = is_marked_file


def traverse(tree: Json, replace: Callable[[Any], Any], match: Match) -> Json:
    return walk(tree, match, replace)


if not TYPE_CHECKING:  # which would take any misspelt name of this module for one of these

    def __getattr__(name: str) -> Any:
        """The modules of the official client, which are all this one, and its folder for files that come back."""
        if name in ("client", "data_classes", "exceptions", "utils"):
            return sys.modules[__name__]
        if name == "DEFAULT_TEMP_DIR":
            import tempfile

            globals()[name] = os.environ.get("GRADIO_TEMP_DIR") or tempfile.mkdtemp(prefix="gradio-")
            return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# === Command line =====================================================================================================
# python -m gradio_lite_client. Results on stdout, everything else on stderr. It uses what every program can use.

EXIT_CODES: dict[int, tuple[str, tuple[type, ...]]] = {  # for which errors, and those derived from them
    0: ("done", ()),
    1: ("the app raised an error, or the server answered with one", (Exception, GradioError)),
    2: ("wrong usage: a command, endpoint, value or file", (TypeError, ValueError, OSError, InvalidAPIEndpointError)),
    3: ("cannot connect: network, no app, Space is down", (ConnectionFailed, ProtocolError, SpaceError)),
    4: ("a login or token is missing, or was refused", (AuthenticationError,)),
    5: ("the server was silent for longer than --timeout", (TimedOut,)),
    6: ("queue full, rate limit or quota", (QueueError, TooManyRequestsError)),
    7: ("the connection broke while the result was on its way", (ConnectionLost,)),
    130: ("interrupted", (KeyboardInterrupt,)),
}
SHELL_WORDS = {  # what errors of the library advise, and how the command line spells that
    "Client(timeout=…)": "--timeout",
    "auth=(user, password)": "--auth USER:PASSWORD",
    "headers=": "-H",
    "cookies=": "--cookie",
    "ssl_verify=False": "--insecure",
    "ssl_verify=": "--cacert",
    "proxy=": "--proxy",
    "token=…": "--token",
    "specify an `api_name` or `fn_index`": "name the ENDPOINT",
    "is not a valid key-word argument": "is unknown; a text with = in it is written NAME=TEXT",
    "wrap it in handle_file(), as in": "write",
    "=handle_file(…)": "=@FILE",
}
CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]"


def write(stream: TextIO | None, text: str, before: str = "") -> None:
    """Write at once, whatever the stream can encode. Control characters, which are the app's, reach no terminal."""
    if stream is None:  # the program has no such stream
        return
    if stream is sys.stderr or stream.isatty():
        text = re.sub(CONTROLS, "\ufffd", text.replace("\r\n", "\n"))
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        stream.write(before * stream.isatty() + text.encode(encoding, "replace").decode(encoding))
        stream.flush()
    except (OSError, ValueError):
        if stream is not sys.stderr:  # the result does not depend on it
            raise


class Display(logging.Handler):
    """Prints results: text as it grows, else JSON. On stderr: the log, or a line that says how far it is."""

    def __init__(self, options: Namespace):
        super().__init__(logging.DEBUG if options.verbose > 1 else logging.INFO)
        readable = sys.stdout.isatty() and str(sys.stdout.encoding).lower().startswith("utf")
        self._to_json = partial(json.dumps, ensure_ascii=not readable)
        is_raw = options.output == "-"  # nothing is printed, but a file
        self._json, self._only_result = options.json and not is_raw, options.json or is_raw
        self._events, self._verbose = self._json and options.stream, options.verbose > 0
        silent = options.quiet or self._verbose or self._events or os.environ.get("TERM") == "dumb"
        self.live = False  # there is a line, which the next text replaces,
        self._room = 0  # of so many columns
        with suppress(AttributeError, OSError, ValueError):  # stderr is no terminal, or missing; stdout may be a pipe
            columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80
            self._room, self.live = columns - 3, not silent  # ^C may follow, and the last column stays free
        self._tells = self.live or self._verbose  # what the app says is shown
        self.keep: Callable[[Any], Any] = lambda value: value  # sees to the files in it
        self._phase: tuple[Any, float] = None, 0.0  # what the job does, and since when
        self._printed: list[Any] = []  # the last value that was
        self._open = False  # it was a text, and the cursor is on its line

    def emit(self, record: logging.LogRecord) -> None:
        self.say(self.format(record), stays=self._verbose)

    def say(self, text: str, stays: bool = False) -> None:
        """Put a text on the line, in place of the one before; or one that stays, where it does not share a line."""
        text = " ".join(text.split())
        if not stays:
            text = text[: self._room if text.isascii() else self._room // 2]  # others may take two columns each
        if self.live:
            write(sys.stderr, text + "\n" * stays, before=f"\r{' ' * (self._room + 2)}\r")
        elif stays:
            write(sys.stderr, text + "\n", before="\n" * (self._open and sys.stdout.isatty()))

    def update(self, update: StatusUpdate | OutputUpdate) -> None:
        """Show what has happened."""
        if isinstance(update, OutputUpdate):
            if self._events:
                self.event("output", output=self.keep(update.outputs))
            elif not self._only_result:
                self._print(self.keep(update.outputs), update.final)
        elif update.log:
            self.say(f"{update.log[1]}: {update.log[0]}", stays=self._tells)
            self.event("log", level=update.log[1], message=update.log[0])
        elif update.success is None:
            units = update.progress_data or ()
            phase = (update.code, update.rank, *(unit.desc for unit in units))
            if phase != self._phase[0]:
                self._phase = phase, time.monotonic()
            self.say(describe_status(update, time.monotonic() - self._phase[1], self._room), stays=self._verbose)
            place = {"rank": update.rank, "queue_size": update.queue_size, "eta": update.eta}
            self.event("status", status=update.code.value, **place, progress=[vars(unit) for unit in units])

    def finish(self, result: Any) -> None:
        """Print the result, or what of it has not been printed."""
        self.say("")
        value = self.keep(result)
        self.event("complete", output=value)
        if not self._events and self._printed != [value]:
            self._print(value, final=True)
        write(sys.stdout, "\n" * self._open)

    def event(self, event: str, **fields: Any) -> None:
        if self._events:
            write(sys.stdout, self._to_json({"event": event, **fields}) + "\n")

    def fail(self, **error: Any) -> None:
        """Make room for the error on stderr, which begins a line."""
        self.say("")
        write(sys.stdout, "\n" * self._open)
        self.event("error", **error)

    def _print(self, value: Any, final: bool) -> None:
        """Print one of several values: of a text that grows, only what is new; of no outputs, nothing."""
        if value == () and not self._json:
            return
        self.say("")
        self.live = False  # what stdout is piped to may share the terminal
        is_text = isinstance(value, str) and not self._json
        if is_text and self._open and value.startswith(self._printed[0]):
            text = value[len(self._printed[0]) :]
        else:
            indent = 2 if final and not self._printed else None  # one of several values is one line
            text = "\n" * self._open + (value if is_text else self._to_json(value, indent=indent) + "\n")
        write(sys.stdout, text)
        self._printed, self._open = [value], is_text


def fit(word: str, parameter: Mapping[str, Any]) -> Any:
    """The word as a value of the parameter's type: a file to upload, if it takes files; what stdin holds; or itself."""
    kind, schema = kind_of(parameter), as_dict(parameter.get("type"))
    is_list = kind.lower().startswith("list[")
    if word in ("-", "@-") and sys.stdin is None:
        raise TypeError("There is no stdin to read from.")
    if word.startswith("@") and "filepath" in kind:
        file = handle_file(sys.stdin.buffer, "stdin") if word == "@-" else handle_file(word[1:])
        return [file] if is_list else file
    text = re.sub(r"\n\Z", "", sys.stdin.read()) if word == "-" else word
    value = json_or_none(text.lower() if kind.startswith("bool") else text)
    choices = as_list(schema.get("enum") or as_dict(schema.get("items")).get("enum"))
    takes_text = re.fullmatch(r"(str|Literal\[.*\])( \| None)?", kind) and value not in choices
    if takes_text or text in choices or (value is None and text.strip() != "null"):
        if not re.search("str|Literal|Any|filepath", kind):  # of a text where a file belongs, the client says more
            raise TypeError(f"Parameter `{parameter['parameter_name']}` takes {kind}, not {text[:200]!r}.")
        value = text
    return [value] if is_list and value is not None and not isinstance(value, list) else value


def read_words(words: Sequence[str], parameters: Sequence[Mapping[str, Any]]) -> tuple[list[Any], dict[str, Any]]:
    """Keyword arguments; positional ones, if nothing is known of the parameters."""
    known = {str(parameter["parameter_name"]): parameter for parameter in parameters}
    names, last = iter(known), ""
    args: list[Any] = []
    keywords: dict[str, Any] = {}
    for word in words:
        [(name, sign, text)] = re.findall(r"(?s)\A(?:(\w+)(:?=))?(.*)", word)
        if not name:
            name = last = next(names, last)  # further files are for the last one
        json_value = {"parameter_name": name, "python_type": {"type": "JSON"}}
        value = fit(text, json_value if sign == ":=" else known.get(name, {}))
        if not name:
            args.append(value)
        elif name not in keywords:
            keywords[name] = value
        elif isinstance(value, list) and isinstance(keywords[name], list):
            keywords[name] += value  # name=@a name=@b
        else:
            raise TypeError(f"There are too many values: more than one for {name}.")
    return args, keywords


def pairs(lines: Iterable[str], sign: str, environment: Mapping[str, str]) -> dict[str, str]:
    """NAME=VALUE as a dict; the value of a NAME alone is looked up."""
    found = {}
    for line in lines:
        name, given, value = line.partition(sign)
        if not given and name not in environment:
            raise TypeError(f"Expected NAME{sign}VALUE.")  # it may be a secret, so it is not repeated
        found[name.strip()] = (value.strip() if sign == ":" else value) if given else environment[name]
    return found


def client_options(options: Namespace) -> dict[str, Any]:
    user, colon, password = (options.auth or "").partition(":")
    if user and not colon:
        from getpass import getpass

        with suppress(EOFError):
            password = getpass(f"\rPassword of {user}: ") if sys.stdin and sys.stdin.isatty() else ""
        if not password:
            raise TypeError(f"Nobody has typed the password of {user}: pass --auth USER:PASSWORD.")
    names = ("token", "ssl_verify", "proxy", "timeout", "skip_queue")
    found = {name: getattr(options, name) for name in names}
    found.update({"auth": (user, password)} if user else {})
    return {**found, "headers": pairs(options.headers, ":", {}), "cookies": pairs(options.cookies, "=", {})}


def run_info(options: Namespace, display: Display) -> None:
    """[ENDPOINT]: print what the endpoints take and return

    %(prog)s http://127.0.0.1:7860
    %(prog)s gradio/calculator /predict
    %(prog)s localhost:7860 --json | jq '.named_endpoints | keys'
    """
    with Client(options.src, **client_options(options)) as client:
        api: Any = client.view_api(print_info=False, return_format="dict")
    if options.words:
        name, named = f"/{options.words.lstrip('/')}", api["named_endpoints"]
        if name not in named:
            raise ValueError(f"{client.src} lists no {name}{_similar(name, list(named))}.")
        api = {"named_endpoints": {name: named[name]}, "unnamed_endpoints": {}}
    is_read = sys.stdout.isatty() and not options.json
    display.finish(describe_api(api, bool(api["unnamed_endpoints"])) if is_read else api)


def run_predict(options: Namespace, display: Display) -> None:
    """[ENDPOINT] [VALUE ...]: call an endpoint and print its result

    %(prog)s localhost:7860 /greet Ada mark=.
    %(prog)s localhost:7860 /shout @notes.txt -o .
    echo Ada | %(prog)s localhost:7860 /greet name=-

    The ENDPOINT may be left out if the app has only one. Values, in order or by name:
      VALUE  name=VALUE      read as the type that the endpoint takes
      @FILE  name=@FILE      upload a file or what a URL holds, or several; @- is stdin
      name:=JSON             JSON
      -  name=-  name:=-     from stdin
    Text that begins with - comes after --; text like a=b, or of others, by name.
    """
    from tempfile import TemporaryDirectory

    number, given = options.fn_index, client_options(options)
    with ExitStack() as stack:
        if options.output is not None:
            given["download_files"] = stack.enter_context(TemporaryDirectory())
            display.keep = partial(keep_files, options.output, {})
        client = stack.enter_context(Client(options.src, **given))
        api: Any = client.view_api(print_info=False, return_format="dict")
        named, unnamed = api["named_endpoints"], api["unnamed_endpoints"]
        words, name = list(options.words), None
        if number is None and len(named) == 1:
            [name] = named
        if number is None and words and (words[0].startswith("/") or f"/{words[0]}" in named):
            name = f"/{words.pop(0).lstrip('/')}"
        info = named.get(name) or unnamed.get(number) or {"parameters": []}
        args, keywords = read_words(words, info["parameters"])
        job = client.submit(*args, api_name=name, fn_index=number, **keywords)
        stack.callback(job.cancel)
        try:
            for update in job.updates(1.0 if display.live else None):
                display.update(update)
            display.finish(job.result())
        except KeyboardInterrupt as error:
            ran = "the job had ended" if job.done() else "the function cannot be stopped, and goes on"
            went = "the job has been cancelled" if job.cancel() else ran
            raise KeyboardInterrupt(f"interrupted; {went}") from error


def keep_files(output: str, kept: dict[str, str], value: Any) -> Any:
    """The value, with its files moved to where `output` says. `kept` tells where they are."""
    import shutil

    found: dict[str, None] = {}
    walk(value, lambda item: isinstance(item, DownloadedPath), found.setdefault)
    if output == "-":
        why = f"there are {len(found)}" if len(found) != 1 else "stdout is a terminal" * sys.stdout.isatty()
        if why:
            raise ValueError(f"-o - writes one file as it is, but {why}: name a folder.")
        with open(next(iter(found)), "rb") as stored:
            shutil.copyfileobj(stored, sys.stdout.buffer)
        return ()
    looks_like_a_file = os.path.exists(output) or os.path.splitext(output)[1] != ""
    is_name = len(found) == 1 and looks_like_a_file and not os.path.isdir(output)
    for path in found:
        if path in kept:
            continue
        os.makedirs((os.path.dirname(output) or ".") if is_name else output, exist_ok=True)
        if is_name:  # written to, not replaced: it may be a device, a link or a pipe
            kept.clear()
            with open(path, "rb") as stored, open(output, "wb") as out:
                shutil.copyfileobj(stored, out)
            kept[path] = output
        else:
            stem, suffix = os.path.splitext(os.path.join(output, harmless_name(os.path.basename(path))))
            kept[path] = shutil.move(path, free_name(stem, suffix, reserve))
    return walk(value, lambda item: isinstance(item, DownloadedPath), kept.__getitem__)


def run_duplicate(options: Namespace, display: Display) -> None:
    """[NAME]: make a Space of your own from another and print its URL

    %(prog)s gradio/calculator
    %(prog)s gradio/calculator mine --public --secret API_KEY
    %(prog)s user/chat --hardware t4-small --sleep-timeout 15
    """
    secrets, variables = pairs(options.secret, "=", os.environ), pairs(options.variable, "=", os.environ)
    space = {"private": not options.public, "hardware": options.hardware, "secrets": secrets, "variables": variables}
    more = {"sleep_timeout": options.sleep_timeout, **client_options(options)}
    with Client.duplicate(options.src, options.words, **space, **more) as client:
        display.finish({"url": client.src} if options.json else client.src)


COMMANDS = {"info": run_info, "predict": run_predict, "duplicate": run_duplicate}


def add_options(parser: ArgumentParser, command: str) -> None:
    """The words and options of a command, those first that are its own."""
    add = parser.add_argument
    many: dict[str, Any] = {"action": "append", "default": []}
    add("src", metavar="SRC", help="the URL of an app, host:port, or a Space (user/name)")
    if command == "info":
        add("words", metavar="ENDPOINT", nargs="?", help="only this one")
    elif command == "predict":
        add("words", metavar="VALUE", nargs="*", default=[], help="see above")
        add("-o", "--output", metavar="PATH", help="put files in this folder, or one file there; - is stdout")
        add("--stream", action="store_true", help="with --json: print a line for each event")
        add("--fn-index", metavar="NUMBER", type=int, help="call the function with this number")
    else:
        add("words", metavar="NAME", nargs="?", help="of the new one (default: that of the original)")
        add("--public", action="store_true", help="for everybody to see")
        add("--hardware", help="such as t4-small (default: that of the original)")
        add("--secret", metavar="NAME=VALUE", help="or the NAME of a variable; may be repeated", **many)
        add("--variable", metavar="NAME=VALUE", help="or the NAME of a variable; may be repeated", **many)
        add("--sleep-timeout", metavar="MINUTES", type=int, default=5, help="-1: never (default: 5)")
    add("--json", action="store_true", help="print JSON")
    add("-q", "--quiet", action="store_true", help="nothing but results and errors")
    add("-v", "--verbose", action="count", default=0, help="tell what happens; -vv: also where errors come from")
    add = parser.add_argument_group("connection").add_argument
    add("--auth", metavar="USER:PASSWORD", help="of a USER alone the password is asked for")
    add("--token", help="Hugging Face token (default: HF_TOKEN or the saved one)")
    add("-H", "--header", metavar="NAME:VALUE", dest="headers", help="for the app; may be repeated", **many)
    add("--cookie", metavar="NAME=VALUE", dest="cookies", help="for the app; may be repeated", **many)
    add("--timeout", metavar="SECONDS", type=float, default=60.0, help="for each wait for the network (default: 60)")
    add("--skip-queue", action="store_true", help="call functions directly, where the app permits it")
    add("--insecure", dest="ssl_verify", action="store_false", help="do not verify TLS certificates")
    add("--cacert", dest="ssl_verify", metavar="FILE", help="trust the certificates in this file or folder")
    add("--proxy", metavar="URL", help="http:// proxy (default: that of the *_PROXY variables)")


def parse(words: Sequence[str]) -> Namespace:
    """The options, with the command and its words. TypeError for wrong usage; --help ends the program."""
    import argparse
    from textwrap import dedent, indent

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            hint = r"\1: a value of the endpoint is written NAME=VALUE"  # theirs may be a secret
            message = re.sub(r"(?s)(unrecognized arguments: -+[\w-]*).*", hint, message)
            raise TypeError(f"{message}. See {self.prog} --help.")

    shape: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
    # python -OO leaves no docstrings
    helps = {name: re.split(": |\n\n", run.__doc__ or ": \n\n", maxsplit=2) for name, run in COMMANDS.items()}
    command = words[0] if words else ""
    if command in COMMANDS:
        taken, about, more = helps[command]
        text = f"{about}\n\n{indent(dedent(more), '  ')}"  # Python 3.13 has dedented it
        parser = Parser(f"{Parser().prog} {command}", f"%(prog)s SRC {taken} [OPTIONS]", text, **shape)
        parser.set_defaults(run=COMMANDS[command], stream=False, output=None)
        add_options(parser, command)
        return parser.parse_intermixed_args(words[1:])
    lines = ["Call Gradio apps. COMMAND --help shows how.", "", "commands:"]
    lines += [f"  {name:<10} {about}" for name, (_, about, _) in helps.items()]
    lines += ["", "exit codes:", *(f"  {code:<3}  {text}" for code, (text, _) in EXIT_CODES.items())]
    parser = Parser(usage="%(prog)s COMMAND ...", description="\n".join(lines), **shape)
    parser.add_argument("--version", action="version", version=f"gradio_lite_client {__version__}")
    parser.parse_known_args(words[:1])
    raise TypeError(f"The first word is a command{_similar(command, list(COMMANDS))}, as in: {parser.prog} info SRC")


def exit_code(error: BaseException) -> int:
    """As EXIT_CODES says."""
    if getattr(error, "status", None) in (401, 403):
        return 4
    if isinstance(error, AppError) and "quota" in error.details:
        return 6
    codes = {kind: code for code, (_, kinds) in EXIT_CODES.items() for kind in kinds}
    return next(codes[kind] for kind in type(error).__mro__ if kind in codes)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `--help` lists them."""
    try:
        return run_words(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:  # again, while it was said what became of the first
        return 130


def run_words(words: Sequence[str]) -> int:
    display, level = None, logger.level
    try:
        if sys.stdout is None:
            raise TypeError("There is no stdout to print to. To do without what is printed, use >/dev/null")
        options = parse(words)
        display = Display(options)
        logger.addHandler(display)
        logger.setLevel(display.level)
        display.say("connecting")
        options.run(options, display)
        return 0
    except BrokenPipeError:  # as in `… | head`
        return 0
    except (Exception, KeyboardInterrupt) as error:
        logger.debug("%s:", type(error).__name__, exc_info=error)
        code = exit_code(error)
        text = " ".join(str(error).split()) or EXIT_CODES[code][0]
        for spelling, ours in SHELL_WORDS.items():
            text = text.replace(spelling, ours)
        if display:
            with suppress(OSError, ValueError):  # Ctrl-C ends what stdout is piped to, too
                display.fail(error=type(error).__name__, message=text, code=code)
        write(sys.stderr, f"gradio-lite: {text}\n", before="\r")  # over the ^C
        return code
    finally:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            try:
                stream.flush()
            except (OSError, ValueError):  # else Python would fail with it as it ends, and exit with 120
                with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
                    os.dup2(nowhere.fileno(), stream.fileno())
        if display:
            logger.removeHandler(display)
            logger.setLevel(level)


if __name__ == "__main__":
    sys.exit(main())
