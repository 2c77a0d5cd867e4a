"""A Gradio app without Gradio: every protocol, enough of each release to test a client against.

    with StandIn("sse_v3") as app:                  # or StandIn(version="4.19.2"), StandIn("ws"), ...
        Client(app.url).predict(1, 2, api_name="/add")

It serves the functions of testing/apps/functions.py, which real releases serve with testing/apps/main.py.
What differs between releases is decided by version, as measured on real ones.

    python3 -m testing.standin --port 7860 --version 4.44.1
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import copy
import hashlib
import inspect
import json
import mimetypes
import os
import re
import shutil
import tempfile
import threading
import time
import types
from collections import deque
from email.utils import formatdate
from pathlib import Path
from typing import Any, Callable, Generator, Iterable, Iterator, Mapping, NamedTuple, Sequence, TypeVar
from urllib.parse import parse_qsl, quote

from .apps.functions import make_endpoints
from .fake import DEADLINE, Answer, Json, Reply, Request, ScriptedServer, Stream, Upgrade, WebSocket

_T = TypeVar("_T")


# ---- what functions of the app see of gradio -----------------------------------------------------


class Error(Exception):
    def __init__(
        self,
        message: str = "Error raised.",
        duration: float | None = 10,
        visible: bool = True,
        title: str = "Error",
        print_exception: bool = True,
    ) -> None:
        super().__init__(message)
        self.fields = {"error": message, "duration": duration, "visible": visible, "title": title}


class FunctionRequest:
    """gr.Request: who called."""

    def __init__(self, headers: dict[str, str], session_hash: str | None, username: str) -> None:
        self.headers = headers
        self.session_hash = self.state_key = session_hash
        self.username = username or None


class Progress:
    """gr.Progress. Unlike the real one it sends every step."""

    def __init__(self, track_tqdm: bool = False) -> None:
        pass

    def __call__(self, progress: Any, desc: str | None = None, total: float | None = None, unit: str = "steps") -> None:
        at, length = progress if isinstance(progress, tuple) else (None, total)
        rest = None if isinstance(progress, tuple) else progress
        _tell("progress", progress_data=[*_bars(), _bar(at, length, rest, desc, unit)])

    def tqdm(
        self, iterable: Iterable[_T], desc: str | None = None, total: float | None = None, unit: str = "steps"
    ) -> Iterator[_T]:
        items = list(iterable)
        bar = _bar(0, len(items), None, desc, unit)
        bars = _bars()
        bars.append(bar)
        _tell("progress", progress_data=[dict(bar) for bar in bars])
        for index, item in enumerate(items, 1):
            yield item
            bar["index"] = index
            _tell("progress", progress_data=[dict(bar) for bar in bars])
        bars.remove(bar)


_current = threading.local()  # .event: what this thread runs; .bars: its open progress bars


def _bar(index: Any, length: Any, progress: Any, desc: str | None, unit: str) -> dict[str, Any]:
    return dict(index=index, length=length, unit=unit, progress=progress, desc=desc)


def _bars() -> list[dict[str, Any]]:
    bars: list[dict[str, Any]] = _current.__dict__.setdefault("bars", [])
    return bars


def _tell(msg: str, **fields: Any) -> None:
    event: _Event | None = getattr(_current, "event", None)
    if event is not None:  # direct calls have nobody to tell
        event.send(msg, **fields)


def _logger(level: str) -> Callable[..., None]:
    def log(message: str = "", duration: float | None = 10, visible: bool = True, title: str | None = None) -> None:
        title = level.capitalize() if title is None else title
        _tell("log", log=message, level=level, duration=duration, visible=visible, title=title)

    return log


def gradio(version: str = "6.31.0", static: list[str] | None = None) -> Any:
    """The names of the `gradio` module that functions need. `static` gets folders whose files are served in place."""

    def update(**fields: Any) -> dict[str, Any]:
        return {"__type__": "update", **fields}

    def validate(is_valid: bool, message: str) -> dict[str, Any]:
        return {"__type__": "validate", "is_valid": is_valid, "message": message}

    return types.SimpleNamespace(
        __version__=version,
        Error=Error,
        Info=_logger("info"),
        Warning=_logger("warning"),
        Success=_logger("success"),
        Progress=Progress,
        Request=FunctionRequest,
        set_static_paths=[].extend if static is None else static.extend,
        skip=update,
        update=update,
        validate=validate,
    )


# ---- values --------------------------------------------------------------------------------------

VERSIONS = {  # the release a protocol stands for unless told otherwise: its last one, or nearly
    "ws": "3.50.2",
    "sse": "4.8.0",
    "sse_v1": "4.16.0",
    "sse_v2": "4.20.1",
    "sse_v2.1": "4.21.0",
    "sse_v3": "6.31.0",
}
FILES = ("file", "image", "audio", "video", "model3d", "downloadbutton", "uploadbutton")
STEP = 0.001  # seconds between the steps of a generator; a real server is no faster
ROOT_ROUTES = ("", "config", "login")  # all others have the prefix, if there is one
SKIPPED = ("state", "button", "column", "row", "form", "group")  # no part of the API

_FILE_SCHEMA: Json = {
    "title": "FileData",
    "type": "object",
    "properties": {
        "path": {"title": "Path", "type": "string"},
        "url": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None, "title": "Url"},
        "orig_name": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "meta": {"type": "object", "properties": {"_type": {"const": "gradio.FileData", "type": "string"}}},
    },
    "required": ["path"],
}
_SAMPLE: Json = {"path": "https://example.com/sample.bin", "meta": {"_type": "gradio.FileData"}}
KINDS: dict[str, tuple[Json, str, Json]] = {  # schema, Python type, example
    "textbox": ({"type": "string"}, "str", "Hello!!"),
    "number": ({"type": "number"}, "float", 3),
    "slider": ({"type": "number"}, "float", 0),
    "checkbox": ({"type": "boolean"}, "bool", True),
    "dropdown": ({"type": "string"}, "str", None),
    "radio": ({"type": "string"}, "str", None),
    "json": ({"type": {}, "description": "any valid json"}, "str | float | bool | list | dict", {"foo": "bar"}),
    "chatbot": (
        {"type": "array", "items": {"type": "object"}, "title": "ChatbotDataMessages"},
        "list[dict(role: str, content: str)]",
        [{"role": "user", "content": "Hello!"}],
    ),
    "gallery": (
        {
            "type": "array",
            "title": "GalleryData",
            "items": {"type": "object", "properties": {"image": _FILE_SCHEMA, "caption": {"type": "string"}}},
        },
        "list[dict(image: filepath, caption: str | None)]",
        None,
    ),
    "multimodaltextbox": (
        {
            "type": "object",
            "properties": {"text": {"type": "string"}, "files": {"type": "array", "items": _FILE_SCHEMA}},
        },
        "dict(text: str, files: list[filepath])",
        {"text": "sample text", "files": []},
    ),
    **dict.fromkeys(
        FILES,
        (_FILE_SCHEMA, "filepath", {"path": "https://example.com/sample.bin", "meta": {"_type": "gradio.FileData"}}),
    ),
}


class Component(NamedTuple):
    id: int
    kind: str
    props: dict[str, Any]

    @property
    def skipped(self) -> bool:
        return self.kind in SKIPPED

    @property
    def many(self) -> bool:
        return self.props.get("file_count") in ("multiple", "directory")

    def describe(self) -> tuple[Json, str, Json]:
        """Schema, Python type and example."""
        schema, python_type, example = KINDS.get(self.kind, KINDS["json"])
        choices = [choice[1] for choice in self.props.get("choices", [])]
        if choices:
            literal = ", ".join(map(repr, choices))
            return {"type": "string", "enum": choices}, f"Literal[{literal}]", choices[0]
        if self.many:
            return {"type": "array", "items": schema}, f"list[{python_type}]", [example]
        return schema, python_type, example


def diff(old: Json, new: Json, flaw: str, path: Sequence[Json] = ()) -> list[Json]:
    """The edits that make `new` of `old`, with the flaw in how a release tells where elements leave a list.

    "unshifted"    each by its index in the old list, although those before it are gone by then
    "cut"          the index is right, but all that is left of the path; inner lists are counted in
    "miscounted"   the index is right in the outermost list, too small inside
    """
    here = list(path)
    if type(old) is not type(new):
        return [["replace", here, new]]
    edits: list[Json] = []
    if isinstance(new, list):
        shared = min(len(old), len(new))
        for i in range(shared):
            edits += diff(old[i], new[i], flaw, [*here, i])
        edits += [["delete", [*here, i], None] for i in range(shared, len(old))]
        edits += [["add", [*here, i], new[i]] for i in range(shared, len(new))]
        deletions = [edit for edit in edits if edit[0] == "delete" and isinstance(edit[1][-1], int)]
        for before, edit in enumerate(deletions if flaw != "unshifted" else []):
            *parents, index = edit[1]
            edit[1] = [*(parents if flaw == "miscounted" else []), index - before]
    elif isinstance(new, dict):
        for key, value in old.items():
            edits += diff(value, new[key], flaw, [*here, key]) if key in new else [["delete", [*here, key], None]]
        edits += [["add", [*here, key], value] for key, value in new.items() if key not in old]
    elif old != new:
        if isinstance(new, str) and new.startswith(old):
            return [["append", here, new[len(old) :]]]
        return [["replace", here, new]]
    return edits


def parse_multipart(body: bytes, content_type: str) -> list[tuple[str, str | None, bytes]]:
    """(field name, file name, content) of each part; the file name is None if there is none."""
    boundary = content_type.partition("boundary=")[2].strip('"').encode()
    parts = []
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        names = dict(re.findall(r'(name|filename)="((?:[^"\\]|\\.)*)"', head.decode()))
        parts.append((names.get("name", ""), names.get("filename"), content[:-2]))
    return parts


# ---- the stand-in for a Gradio app ---------------------------------------------------------------


class _Function:
    """An endpoint of the table with its components; what Gradio calls a dependency."""

    def __init__(self, number: int, name: Any, fn: Any, inputs: Any, outputs: Any, options: Any) -> None:
        self.id: int = number
        self.name: str = name
        self.fn: Callable[..., Any] | None = fn
        self.inputs: list[Component] = inputs
        self.outputs: list[Component] = outputs
        self.visibility: str = options.get("visibility", "public")
        self.queued: bool = options.get("queue") is not False
        self.batch: bool = bool(options.get("batch"))
        self.line = options.get("line", number)  # functions of one line wait for the same workers
        self.limit: int = 1 if "line" in options else options.get("workers", 8)
        self.js: str | None = options.get("js")
        self.cancels: list[int] = options.get("cancels", [])
        self.validator: Callable[..., Any] | None = options.get("validator")
        self.is_generator = inspect.isgeneratorfunction(fn)
        self.average: float | None = None
        self.parameters = [] if fn is None else list(inspect.signature(fn).parameters.values())
        named = [p for p in self.parameters if not self._is_special(p)]
        self.named: list[inspect.Parameter | None] = [*named, *[None] * len(inputs)]

    def special(self, request: FunctionRequest) -> dict[str, Any]:
        """Arguments that Gradio adds by itself. (gr.Progress is its own default.)"""
        wants = [p.name for p in self.parameters if p.annotation is FunctionRequest]
        return dict.fromkeys(wants, request)

    @staticmethod
    def _is_special(parameter: inspect.Parameter) -> bool:
        is_request = parameter.annotation is FunctionRequest
        return is_request or isinstance(parameter.default, Progress)


class _Mailbox:
    """Messages for one stream. `None` ends it without a word."""

    def __init__(self, lock: threading.RLock) -> None:
        self.ready = threading.Condition(lock)
        self.messages: deque[dict[str, Any] | None] = deque()
        self.pending: set[str] = set()  # events whose completion has not been sent yet
        self.known = True  # false once the client is lost

    def put(self, message: dict[str, Any] | None) -> None:
        with self.ready:
            self.messages.append(message)
            self.ready.notify_all()


class _Heartbeat(Stream):
    """Shows by its connection that a session is still there."""


class _Event:
    """A job on its way through the queue."""

    def __init__(self, app: StandIn, function: _Function, mailbox: _Mailbox, request: FunctionRequest) -> None:
        self.id = os.urandom(16).hex()
        self.function = function
        self.mailbox = mailbox
        self.request = request
        self.data: Json = None
        self.arguments: Json = None  # the data that the function was called with
        self.simple = False  # no diffs wanted
        self.data_ready = threading.Event()  # ws and sse send it when asked
        self.alive = True  # false: nobody listens; a generator stops, messages are dropped
        self.has_worker = False
        self.has_yielded = False
        self.ended = threading.Event()  # the function has returned, or its generator is closed
        self.gone = threading.Event()  # the WebSocket is closed
        self._app = app

    def send(self, msg: str, **fields: Any) -> None:
        if self.alive:
            self.mailbox.put(self._app.message(msg, self.id, fields))

    def complete(self, output: Json, success: bool = True, title: str | None = None) -> None:
        if self.alive:
            self.mailbox.put(self._app.completion(self.id, output, success, title))


_SINCE: dict[tuple[str, str], tuple[int, ...]] = {  # (message, field): the first release that has it
    ("process_starts", "eta"): (4, 11),
    ("process_generating", "time_limit"): (5, 0),
    ("process_completed", "title"): (5, 2),
    ("process_completed", "used_cache"): (6, 12),
    ("process_completed", "cache_duration"): (6, 12),
    ("process_completed", "avg_time"): (6, 12),
    ("log", "duration"): (4, 37, 1),
    ("log", "visible"): (4, 37, 1),
    ("log", "title"): (5, 2),
    ("unexpected_error", "session_not_found"): (5, 38),
    ("output", "render_config"): (4, 31),
    ("output", "changed_state_ids"): (4, 32),
    ("output", "used_cache"): (6, 12),
    ("file", "is_stream"): (4, 18),
    ("file", "meta"): (4, 21),
}


class StandIn(ScriptedServer):
    """A Gradio app without Gradio: the endpoints of testing/apps/functions.py, or a table like it.

    Routes set with `on` come first. `respond(request)` is the app's own answer, for a test that
    delays or spoils it: `app.on("POST", app.api + "/queue/join", lambda r: late(app.respond(r)))`.

    protocol, version    what it speaks and says it is; either can be derived from the other
    endpoints            a table like that of `make_endpoints(gradio())`
    show_error           tell the text of every exception, not only of gr.Error
    auth                 (user, password)
    mount                path of the app, such as "/sub"
    root                 what the server believes to be its own URL, right by default
    max_size             how many jobs may wait; more are refused
    max_file_size        of uploads, in bytes
    info                 False: /info answers 404
    api_open             False: queued functions cannot be called directly
    heartbeat            seconds between heartbeats
    """

    def __init__(
        self,
        protocol: str = "",
        version: str = "",
        endpoints: Sequence[Any] | None = None,
        *,
        show_error: bool = False,
        auth: tuple[str, str] | None = None,
        mount: str = "",
        root: str = "",
        max_size: int | None = None,
        max_file_size: int | None = None,
        info: bool = True,
        api_open: bool = True,
        heartbeat: float = 15.0,
        port: int = 0,
        tls: bool = False,
    ) -> None:
        self.version = version or VERSIONS[protocol or "sse_v3"]
        self.v = tuple(int(part) for part in re.findall(r"\d+", self.version)[:3])
        self.protocol = protocol or _protocol_of(self.v)
        self.single = self.protocol in ("ws", "sse")  # one connection per job
        self.show_error = show_error
        self.auth = auth
        self.mount = mount.rstrip("/")
        self.root = root
        self.max_size = max_size
        self.max_file_size = max_file_size
        self.info = info
        self.api_open = api_open
        self.heartbeat = heartbeat
        self.api = self.mount + ("/gradio_api" if self.v >= (5,) else "")
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="standin-"))
        self.components: list[Component] = []
        self.functions: list[_Function] = []
        self.by_name: dict[str, _Function] = {}
        self._closing = False
        self._app_id = int.from_bytes(os.urandom(7), "big")
        self._logins: dict[str, str] = {}  # token: user
        self._sessions: dict[str, _Mailbox] = {}
        self._states: dict[tuple[str, int], Json] = {}  # (session hash, component id): value
        self._lines: dict[Any, list[_Event]] = {}  # waiting
        self._running: list[_Event] = []
        self._busy: dict[Any, int] = {}  # workers at work in a line
        self._pumped: dict[Stream, _Mailbox] = {}
        self._static: list[str] = []
        self._load(make_endpoints(gradio(self.version, self._static)) if endpoints is None else endpoints)
        super().__init__(port, tls)
        self.url += self.mount

    def close(self) -> None:
        with self._changed:
            self._closing = True  # no job starts from now on
            running = list(self._running)
        wake = self.by_name.get("wake")
        for event in running:
            event.alive = False
            event.data_ready.set()
            event.gone.set()
            if wake and wake.fn and event.function.name in ("sleep", "steps") and event.arguments:
                wake.fn(event.arguments[-1], 1000)  # functions.py: let those that wait end now
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def waiting(self) -> int:
        """How many jobs wait for a worker."""
        with self._changed:
            return sum(map(len, self._lines.values()))

    # -- the table --

    def _load(self, endpoints: Sequence[Any]) -> None:
        self._component("button", {"value": "run"})
        for name, fn, inputs, outputs, options in endpoints:
            options = dict(options)
            ins = [self._component(kind, props) for kind, props in inputs]
            states = [component for component in ins if component.kind == "state"]
            outs = [
                states.pop(0) if kind == "state" and states else self._component(kind, props) for kind, props in outputs
            ]
            cancelled = options.pop("cancels", None)
            self._function_of(name, fn, ins, outs, options)
            if cancelled is not None:  # Gradio makes a function of its own for that
                options = {"queue": False, "cancels": [self.by_name[cancelled].id]}
                self._function_of(f"cancel_{name}", None, [], [], options)

    def _function_of(self, name: str, *rest: Any) -> None:
        function = _Function(len(self.functions), name, *rest)
        self.functions.append(function)
        self.by_name[name] = function

    def _component(self, kind: str, props: dict[str, Any]) -> Component:
        props = dict(props, name=kind)
        if "choices" in props:
            pairs = [c if isinstance(c, (list, tuple)) else (c, c) for c in props["choices"]]
            props["choices"] = [list(pair) for pair in pairs]
        component = Component(len(self.components) + 1, kind, props)
        self.components.append(component)
        return component

    def _function(self, number: Json) -> _Function | None:
        known = isinstance(number, int) and 0 <= number < len(self.functions)
        return self.functions[number] if known else None

    # -- routes --

    def answer(self, request: Request) -> Answer:
        scripted = self._route(request.method, request.path) is not None
        return super().answer(request) if scripted else self.respond(request)

    def respond(self, request: Request) -> Answer:
        """The app's own answer to a request."""
        path = request.path
        if self.mount:
            if path == self.mount:
                return Reply(307, {"Location": self._origin(request) + self.mount + "/"})
            if not path.startswith(self.mount + "/"):
                return _refuse(404, "Not Found")
            path = path[len(self.mount) :]
        name = path.strip("/")
        rest = ""
        if name not in ROOT_ROUTES:
            prefix = self.api[len(self.mount) :] + "/"
            name = path[len(prefix) :] if path.startswith(prefix) else ""
            name, _, rest = name.partition("=" if name.startswith("file=") else "/")
            if name in ROOT_ROUTES:
                return _refuse(404, "Not Found")
        if name in ("queue", "upload"):
            name, rest = f"{name}_{rest}".rstrip("_/"), ""
        route = getattr(self, f"_{request.method.replace('HEAD', 'GET')}_{name}", None)
        if route is None:
            others = [method for method in ("GET", "POST") if hasattr(self, f"_{method}_{name}")]
            return _refuse(405, "Method Not Allowed") if others else _refuse(404, "Not Found")
        is_public = name in ("", "login", "app_id", "reset", "cancel", "heartbeat")
        if self.auth and not is_public and not self._user(request):
            if request.headers.get("upgrade"):
                return Reply(403, close=True)
            detail: Json = "Not authenticated"
            if self.v >= (5, 36):
                detail = {"error": detail, "auth_message": None}
            return _refuse(401, detail)
        try:
            answer: Answer = route(request, rest)
        except _BadBody as error:
            return _refuse(422, error.args[0])
        return answer

    def _GET_(self, request: Request, rest: str) -> Answer:
        config = dict(self._config(request))
        if self.auth and not self._user(request):
            config = {"auth_required": True, "auth_message": None, "version": self.version}
        script = f"<script>window.gradio_config = {json.dumps(config)};</script>"
        return Reply(200, {"Content-Type": "text/html; charset=utf-8"}, f"<html>{script}</html>")

    def _GET_config(self, request: Request, rest: str) -> Answer:
        return self._config(request)

    def _GET_info(self, request: Request, rest: str) -> Answer:
        if not self.info or self.v < (3, 26):
            return _refuse(404, "Not Found")
        return self._info(request.query.get("all_endpoints", "").lower() == "true")

    def _POST_login(self, request: Request, rest: str) -> Answer:
        form = dict(parse_qsl(request.body.decode()))
        missing = [name for name in ("username", "password") if name not in form]
        if missing:
            return _refuse(422, [_missing("body", name) for name in missing])
        if not self.auth:
            return Reply(302, {"Location": self._origin(request) + self.mount + "/"})
        if (form["username"].strip(), form["password"]) != self.auth:
            return _refuse(400, "Incorrect credentials.")
        token = os.urandom(16).hex()
        self._logins[token] = self.auth[0]
        suffix = f"-{self._app_id}" if self.v >= (3, 44, 4) else ""
        cookies = [
            f"access-token{suffix}={token}; HttpOnly; Path=/; SameSite=none; Secure",
            f"access-token-unsecure{suffix}={token}; HttpOnly; Path=/; SameSite=lax",
        ]
        return Reply.json({"success": True}, headers=[("Set-Cookie", text) for text in cookies])

    def _GET_app_id(self, request: Request, rest: str) -> Answer:
        return {"app_id": self._app_id}

    def _user(self, request: Request) -> str:
        cookies = request.cookies
        suffix = f"-{self._app_id}" if self.v >= (3, 44, 4) else ""
        names = (f"access-token{suffix}", f"access-token-unsecure{suffix}")
        return next((self._logins[t] for t in map(cookies.get, names) if t in self._logins), "")

    def _origin(self, request: Request) -> str:
        scheme = request.headers.get("x-forwarded-proto", "https" if self.tls else "http")
        return f"{scheme}://{request.headers.get('host', self.host)}"

    def _root(self, request: Request | None) -> str:
        if self.root:
            return self.root
        if self.v < (4, 18):
            return self.mount
        return (self._origin(request) if request else f"http://{self.host}") + self.mount

    # -- description --

    def _config(self, request: Request) -> dict[str, Any]:
        config: dict[str, Any] = {
            "version": self.version + ("\n" if self.v < (3, 39) else ""),
            "mode": "blocks",
            "dev_mode": False,
            "analytics_enabled": False,
            "components": [self._describe(component) for component in self.components],
            "dependencies": [self._dependency(function) for function in self.functions],
            "layout": {"id": 0, "children": [{"id": c.id} for c in self.components]},
            "css": None,
            "title": "Gradio",
            "enable_queue": True,
            "show_error": self.show_error,
            "is_colab": False,
        }
        since: list[tuple[tuple[int, ...], str, Json]] = [
            ((3, 23), "root", self._root(request)),
            ((3, 36), "space_id", None),
            ((3, 44, 4), "app_id", self._app_id),
            ((4,), "protocol", self.protocol),
            ((4, 28), "max_file_size", self.max_file_size),
            ((4, 29), "connect_heartbeat", any(c.kind == "state" for c in self.components)),
            ((4, 38), "username", self._user(request) or None),
            ((5,), "api_prefix", "/gradio_api"),
        ]
        config.update((name, value) for version, name, value in since if self.v >= version)
        if self.v < (6,):
            config["show_api"] = True
        return config

    def _describe(self, component: Component) -> dict[str, Any]:
        entry: dict[str, Any] = {"id": component.id, "type": component.kind, "props": component.props}
        if self.v >= (4,):
            entry["skip_api"] = component.skipped
        if not component.skipped and self.v >= (3, 26):
            schema, _, example = component.describe()
            entry["api_info"] = schema
            entry["example_inputs"] = example
            if self.v < (4,):
                entry["api_info"] = {"info": schema, "serialized_info": component.kind in FILES}
                entry["example_inputs"] = {"raw": example, "serialized": example}
            if self.v >= (5,):
                entry["api_info_as_input"] = entry["api_info_as_output"] = schema
        return entry

    def _dependency(self, function: _Function) -> dict[str, Any]:
        button = self.components[0].id
        has_backend = function.fn is not None or (bool(function.cancels) and self.v < (4, 35))
        queued = function.queued and function.fn is not None
        entry: dict[str, Any] = {
            "targets": [[button, "click"]] if self.v >= (3, 45) else [button],
            "inputs": [component.id for component in function.inputs],
            "outputs": [component.id for component in function.outputs],
            "backend_fn": has_backend,
            "js": function.js,
            "queue": False if not queued else True if self.v >= (4, 32) else None,
            "api_name": self._api_name(function),
            "scroll_to_output": False,
            "show_progress": "full",
            "batch": function.batch,
            "max_batch_size": 4,
            "cancels": function.cancels,
            "collects_event_data": False,
        }
        if self.v < (3, 45):
            entry["trigger"] = "click"
        if self.v >= (3, 20):
            entry["types"] = {"generator": function.is_generator, "continuous": False}
        if self.v >= (4, 35):
            cancel_only = function.fn is None and bool(function.cancels)
            entry["types"] = {"generator": function.is_generator, "cancel": cancel_only}
        if (4, 12) <= self.v < (6,):
            entry["show_api"] = function.visibility in ("public", "unnamed")
        if self.v >= (4, 32):
            entry.update(id=function.id, rendered_in=None)
        if self.v >= (5,):
            entry.update(connection="sse", time_limit=None, stream_every=0.5)
        if self.v >= (6,):
            visible = "public" if function.visibility == "unnamed" else function.visibility
            entry["api_visibility"] = visible if function.fn else "private"
        return entry

    def _api_name(self, function: _Function) -> Json:
        if function.visibility == "private" and self.v < (6,):
            return False
        if function.fn is None:
            name = "js_fn" if function.js else function.name
            return name if self.v >= (4, 12) else None
        return None if function.visibility == "unnamed" and self.v < (4,) else function.name

    def _info(self, everything: bool) -> dict[str, Any]:
        named = {}
        shown = ("public", "unnamed", "undocumented") if everything else ("public", "unnamed")
        for function in self.functions:
            name = self._api_name(function)
            if function.fn is None or not isinstance(name, str) or function.visibility not in shown:
                continue
            inputs = zip(function.inputs, function.named)
            entry: dict[str, Any] = {
                "parameters": [
                    self._parameter(component, parameter, position)
                    for position, (component, parameter) in enumerate(inputs)
                    if not component.skipped
                ],
                "returns": [self._return(c) for c in function.outputs if not c.skipped],
            }
            if (4, 31, 4) <= self.v < (6,):
                entry["show_api"] = function.visibility != "undocumented"
            if self.v >= (5, 38):
                entry["description"] = inspect.getdoc(function.fn) or ""
            if self.v >= (6,):
                entry["api_visibility"] = "undocumented" if function.visibility == "undocumented" else "public"
            named["/" + name] = entry
        return {"named_endpoints": named, "unnamed_endpoints": {}}

    def _return(self, component: Component) -> dict[str, Any]:
        schema, python_type, _ = component.describe()
        return {
            "label": component.props.get("label", f"value_{component.id}"),
            "type": schema,
            "python_type": {"type": python_type, "description": ""},
            "component": component.kind.capitalize(),
        }

    def _parameter(self, component: Component, parameter: inspect.Parameter | None, position: int) -> dict[str, Any]:
        entry = self._return(component)
        entry["label"] = component.props.get("label", f"parameter_{component.id}")
        entry["example_input"] = component.describe()[2]
        if self.v < (4,):
            entry["serializer"] = "StringSerializable"
        if self.v >= (4, 23):
            default = component.props.get("value")
            if parameter is not None and parameter.default is not parameter.empty:
                default = parameter.default if default is None else default
            entry["parameter_name"] = parameter.name if parameter else f"param_{position}"
            entry["parameter_has_default"] = default is not None
            entry["parameter_default"] = default
        return entry

    # -- files --

    def _POST_upload(self, request: Request, rest: str) -> Answer:
        if self.v < (3, 19):
            return _refuse(404, "Not Found")
        content_type = request.headers.get("content-type", "")
        if not content_type.startswith("multipart/form-data"):
            return _refuse(400 if self.v >= (4,) else 422, "Invalid content type.")
        paths = []
        for field, filename, content in parse_multipart(request.body, content_type):
            if field != "files":
                continue
            if self.max_file_size is not None and len(content) > self.max_file_size:
                limit = self.max_file_size
                text = f"File size exceeded maximum allowed size of {limit} bytes."
                return Reply(413, {"Content-Type": "text/plain"}, text)
            paths.append(self._store(filename or "blob", content))
        return paths

    def _store(self, name: str, content: bytes) -> str:
        folder = os.path.join(self.folder, hashlib.sha256(content).hexdigest())
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, re.split(r"[/\\]", name)[-1][:200])
        Path(path).write_bytes(content)
        return path

    def _GET_file(self, request: Request, rest: str) -> Answer:
        path = os.path.realpath(rest)
        if not self._is_served(path):
            return _refuse(403, f"File not allowed: {rest}.")
        if not os.path.isfile(path):
            return _refuse(403 if self.v >= (5,) else 404, f"File not found: {rest}.")
        about = os.stat(path)
        size = about.st_size
        headers = {
            "Content-Type": mimetypes.guess_type(path)[0] or "application/octet-stream",
            "Accept-Ranges": "bytes",
            "Last-Modified": formatdate(about.st_mtime, usegmt=True),
            "ETag": f'"{about.st_mtime_ns:x}-{size:x}"',
        }
        found = re.match(r"bytes=(\d+)-(\d*)$", request.headers.get("range", ""))
        start, stop = 0, size
        if found:
            start = int(found[1])
            stop = min(size, int(found[2]) + 1) if found[2] else size
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        headers["Content-Length"] = str(stop - start)
        return Reply(206 if found else 200, headers, _pieces(path, start, stop))

    def _file_data(self, path: str, kind: str = "file") -> dict[str, Any]:
        """The object that stands for a file that a function returned."""
        if not self._is_served(os.path.realpath(path)):
            path = self._store(os.path.basename(path), Path(path).read_bytes())
        size, name = os.path.getsize(path), os.path.basename(path)
        if self.v < (4,):
            return {"name": path, "data": None, "is_file": True, "orig_name": name, "size": size}
        url = None
        if self.v >= (4, 18):
            target = quote(path) if self.v >= (6, 28) else path
            url = f"{self._root(None)}{self.api[len(self.mount) :]}/file={target}"
        mime_type = mimetypes.guess_type(name)[0] if kind == "gallery" and self.v >= (5,) else None
        value = {
            "path": path,
            "url": url,
            "size": size if kind == "file" else None,
            "orig_name": name,
            "mime_type": mime_type,
        }
        more = {"is_stream": False, "meta": {"_type": "gradio.FileData"}}
        return {**value, **self._having("file", more)}

    def _is_served(self, path: str) -> bool:
        return path.startswith(tuple(folder + os.sep for folder in (self.folder, *self._static)))

    def _path(self, value: Json, kind: str) -> str:
        """The path in a file object that a client sent."""
        if self.v < (4,):
            if isinstance(value, str) and kind == "image":
                return self._inline(value, "image.png")
            if value.get("is_file"):
                return str(value["name"])
            return self._inline(str(value["data"]), str(value["name"]))
        if not isinstance(value, dict) or "path" not in value:
            raise ValueError(f"1 validation error for FileData: Input should be a file: {value!r}")
        needs_meta = self.v >= (5, 5) and kind != "image"
        if needs_meta and value.get("meta") != {"_type": "gradio.FileData"}:
            raise ValueError("The 'meta' field must be explicitly provided in the input data.")
        path: str = os.path.realpath(value["path"])
        if not path.startswith(self.folder + os.sep):
            raise ValueError(f"Cannot move {path} to the gradio cache dir: it was not uploaded.")
        return path

    def _inline(self, data: str, name: str) -> str:
        return self._store(name, base64.b64decode(data.partition(",")[2]))

    def _take(self, component: Component, value: Json) -> Json:
        """What the function gets for a value that the client sent."""
        kind = component.kind
        if value is None:
            return None
        if kind == "video" and (4,) <= self.v < (6,):
            value = value["video"]
        if kind in FILES:
            if component.many:
                return [self._path(item, kind) for item in value]
            return self._path(value, kind)
        if kind == "multimodaltextbox":
            files = [self._path(item, kind) for item in value.get("files", [])]
            return {"text": value["text"], "files": files}
        if kind == "gallery":
            return [(self._path(item["image"], "image"), item.get("caption")) for item in value]
        if kind in ("dropdown", "radio") and self.v >= (5,):
            choices = [choice[1] for choice in component.props.get("choices", [])]
            if value not in choices:
                raise Error(f"Value: {value} is not in the list of choices: {choices}")
        return str(value) if kind == "textbox" else value

    def _give(self, component: Component, value: Json) -> Json:
        """What the client gets for a value that the function returned."""
        if isinstance(value, dict) and value.get("__type__") == "update":
            if "value" in value:
                value = dict(value, value=self._give(component, value["value"]))
            return value
        kind = component.kind
        if value is None or component.skipped:
            return None
        if kind in FILES:
            if component.many:
                return [self._file_data(path) for path in value]
            if kind == "image" and self.v < (4,):
                data = base64.b64encode(Path(value).read_bytes()).decode()
                return f"data:image/png;base64,{data}"
            file = self._file_data(value, kind)
            if kind == "video" and self.v < (4,):
                return [file, None]
            return {"video": file, "subtitles": None} if kind == "video" and self.v < (6,) else file
        if kind == "gallery":
            items = [item if isinstance(item, tuple) else (item, None) for item in value]
            if self.v < (4,):
                return [[self._file_data(path), caption] for path, caption in items]
            return [{"image": self._file_data(path, kind), "caption": text} for path, text in items]
        if kind == "multimodaltextbox":
            return {"text": value["text"], "files": [self._file_data(path) for path in value["files"]]}
        if kind == "chatbot" and (5,) <= self.v < (6,):
            return [{"metadata": None, "options": None, **item} for item in value]
        if kind == "chatbot" and self.v >= (6,):
            return [
                dict(item, metadata=None, options=None, content=[{"text": item["content"], "type": "text"}])
                for item in value
            ]
        if kind in ("number", "slider") and self.v < (4, 11):
            return float(value)
        return value

    # -- calling functions --

    def _steps(
        self, function: _Function, data: list[Json], request: FunctionRequest
    ) -> Generator[list[Json], None, None]:
        """What a call gives, ready for the client: one value per output, for each step."""
        assert function.fn is not None, "a function of the browser has no backend"
        self._check_length(function, data)
        arguments = []
        for component, value in zip(function.inputs, data):
            if component.kind == "state":
                value = self._state(request.state_key, component)
            else:
                value = self._take(component, value)
            arguments.append([value] if function.batch else value)
        result = function.fn(*arguments, **function.special(request))
        if not function.is_generator:
            if function.batch:
                result = tuple(column[0] for column in result)
            yield self._outputs(function, result, request)
            return
        try:
            for step in result:
                yield self._outputs(function, step, request)
        finally:
            result.close()

    @staticmethod
    def _check_length(function: _Function, data: list[Json]) -> None:
        needed, got = len(function.inputs), len(data)
        if got < needed:
            text = "An event handler didn't receive enough input values"
            raise ValueError(f"{text} (needed: {needed}, got: {got}).")

    def _outputs(self, function: _Function, result: Json, request: FunctionRequest) -> list[Json]:
        outputs = function.outputs
        several = len(outputs) != 1 or (function.batch and isinstance(result, tuple))
        values = list(result or ()) if several else [result]
        if len(values) < len(outputs):
            raise ValueError(f"A function returned {len(values)} values for {len(outputs)} outputs")
        for component, value in zip(outputs, values):
            if component.kind == "state" and request.state_key is not None:
                with self._changed:
                    self._states[request.state_key, component.id] = value
        return [self._give(component, value) for component, value in zip(outputs, values)]

    def _state(self, session_hash: str | None, component: Component) -> Json:
        initial = copy.deepcopy(component.props.get("value"))
        if session_hash is None:
            return initial
        with self._changed:
            return self._states.setdefault((session_hash, component.id), initial)

    def _output(self, function: _Function, data: list[Json], generating: bool, start: float) -> dict[str, Any]:
        duration = time.monotonic() - start
        average = duration if function.average is None else function.average
        flag = None if function.batch else generating
        output = {"data": data, "is_generating": flag, "duration": duration, "average_duration": average}
        more: dict[str, Json] = {"render_config": None, "changed_state_ids": [], "used_cache": None}
        return {**output, **self._having("output", more)}

    def _failure(self, error: BaseException, late: bool = False) -> dict[str, Any]:
        """The output object of a call that failed."""
        if isinstance(error, Error):
            fields = dict(error.fields)
            if self.v < (5, 2):
                fields["error"] = repr(fields["error"])
                del fields["title"]
            if self.v < (4, 37, 1):
                fields = {"error": fields["error"]}
            return fields
        if self.show_error:
            shown: dict[str, Any] = {"error": str(error)}
            return {**shown, "visible": True} if self.v >= (6,) else shown
        return {"error": "None" if late and (3, 42) <= self.v < (4, 24) else None}

    def _POST_run(self, request: Request, rest: str) -> Answer:
        body: dict[str, Any] = _body(request)
        function = self._function(body.get("fn_index"))
        if function is None:
            function = self.by_name.get(rest.strip("/"))
        if function is not None and function.cancels and self.v < (4, 35):
            with self._changed:
                mailbox = self._sessions.get(body.get("session_hash", ""))
                for number in function.cancels:
                    self._stop_running(mailbox, number)
            return self._output(function, [], False, time.monotonic())
        if function is None:
            text = "Internal Server Error"
            if (5,) <= self.v < (6, 9):
                text = "Traceback (most recent call last):\n  ...\nKeyError: 'no such function'\n"
            return Reply(500, {"Content-Type": "text/plain"}, text)
        if function.queued and not self.api_open:
            return _refuse(
                404,
                "This API endpoint does not accept direct HTTP POST requests. Please join the queue to use this API.",
            )
        start = time.monotonic()
        if function.batch != body.get("batched", False):  # servers make something of it, which is never right
            return Reply.json({"error": f"batched: {body.get('batched')}"}, 500)
        taken = [column[0] for column in body["data"]] if function.batch else body["data"]
        steps = self._steps(function, taken, self._caller(request, body))
        try:
            data = next(steps, None)
        except Exception as error:
            return Reply.json(self._failure(error), 500)
        finally:
            steps.close()
        generating = function.is_generator and data is not None
        if data is None:
            data = [None] * len(function.outputs)
        data = [[value] for value in data] if function.batch else data
        return Reply.json(self._output(function, data, generating, start))

    _POST_api = _POST_run

    def _caller(self, request: Request, body: Mapping[str, Json]) -> FunctionRequest:
        caller = FunctionRequest(request.headers, body.get("session_hash"), self._user(request))
        if self.v < (4, 29):
            caller.session_hash = None  # not told to functions yet
        return caller

    # -- the queue --

    def message(self, msg: str, event_id: str | None, fields: dict[str, Any]) -> dict[str, Any]:
        """A message as this version words it."""
        named = not self.single or (msg == "send_data" and self.protocol == "sse")
        id_field = {"event_id": event_id} if named and (event_id or self.v >= (4, 39)) else {}
        return {"msg": msg, **id_field, **self._having(msg, fields)}

    def completion(self, event_id: str, output: Json, success: bool = True, title: str | None = None) -> dict[str, Any]:
        """The last message of an event. An empty output means cancelled."""
        fields: dict[str, Json] = {"output": output, "success": success, "title": title}
        fields.update(used_cache=None, cache_duration=output.get("duration"))
        fields.update(avg_time=output.get("average_duration"))
        return self.message("process_completed", event_id, fields)

    def _having(self, what: str, fields: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in fields.items() if self.v >= _SINCE.get((what, k), ())}

    def _POST_queue_join(self, request: Request, rest: str) -> Answer:
        if self.single:
            return _refuse(405, "Method Not Allowed")
        body = _body(request)
        if body.get("session_hash") is None:
            known = self.v >= (4, 20)
            return _refuse(400, "Session hash not found." if known else "No session hash provided.")
        if body.get("fn_index") is None:
            return _refuse(400, "No function index provided.")
        function = self._function(body["fn_index"])
        if function is None:
            return Reply(500, {"Content-Type": "text/plain"}, "Internal Server Error")
        invalid = self._validate(function, body["data"])
        if invalid:
            return _refuse(422, invalid)
        with self._changed:
            if self.max_size is not None and self.waiting >= self.max_size:
                if self.v < (4, 9, 1):
                    return Reply(500, {"Content-Type": "text/plain"}, "Internal Server Error")
                text = f"Queue is full. Max size is {self.max_size} and size is {self.waiting}."
                return _refuse(503, text)
            mailbox = self._sessions.get(body["session_hash"])
            if mailbox is None:
                mailbox = self._sessions[body["session_hash"]] = _Mailbox(self._lock)
            mailbox.known = True
            event = _Event(self, function, mailbox, self._caller(request, body))
            event.data = body["data"]
            event.simple = bool(body.get("simple_format")) and self.v >= (4, 20)
            event.data_ready.set()
            self._enqueue(event)
        return {"event_id": event.id}

    def _validate(self, function: _Function, data: list[Json]) -> list[Json]:
        """What a validator refuses; nothing if there is none or all is well."""
        if function.validator is None or self.v < (5, 45):
            return []
        verdicts = function.validator(*data)
        verdicts = verdicts if isinstance(verdicts, (list, tuple)) else [verdicts]
        pairs = zip(verdicts, function.named)
        found = [dict(v, parameter_name=parameter and parameter.name) for v, parameter in pairs]
        return [] if all(verdict["is_valid"] for verdict in found) else found

    def _GET_queue_data(self, request: Request, rest: str) -> Answer:
        if self.single:
            return _refuse(405, "Method Not Allowed")
        with self._changed:
            mailbox = self._sessions.get(request.query.get("session_hash", ""))
            if mailbox is None or not mailbox.known:
                mailbox = _Mailbox(self._lock)
                text = "404: Not Found" if self.v >= (5, 38) else "404: Session not found."
                fields = {"message": text, "session_not_found": True, "success": False}
                mailbox.put(self.message("unexpected_error", None, fields))
                mailbox.put(None)
            stream = Stream(request)
            self._pumped[stream] = mailbox
        return stream

    def _GET_queue_status(self, request: Request, rest: str) -> Answer:
        return self.message("estimation", None, {"rank": None, "queue_size": self.waiting, "rank_eta": None})

    def _POST_queue_data(self, request: Request, rest: str) -> Answer:
        body = _body(request)
        with self._changed:
            found = [e for e in self._running if e.id == body.get("event_id")]
        if self.protocol != "sse" or not found:
            return Reply(500, {"Content-Type": "text/plain"}, "Internal Server Error")
        found[0].data = body["data"]
        found[0].data_ready.set()
        return Reply.json(None)

    def _GET_queue_join(self, request: Request, rest: str) -> Answer:
        if self.protocol == "ws":
            return Upgrade(self._converse)
        if self.protocol != "sse":
            return _refuse(405, "Method Not Allowed")
        function = self._function(int(request.query.get("fn_index", -1)))
        if function is None:
            return Reply(500, {"Content-Type": "text/plain"}, "Internal Server Error")
        caller = self._caller(request, request.query)
        event = _Event(self, function, _Mailbox(self._lock), caller)
        if "data" in request.query:
            event.data = json.loads(request.query["data"])
            event.data_ready.set()
        stream = Stream(request)
        with self._changed:
            self._pumped[stream] = event.mailbox
            self._enqueue(event)
        return stream

    def _converse(self, web_socket: WebSocket, request: Request) -> None:
        """One job over a WebSocket (Gradio 3)."""
        web_socket.send({"msg": "send_hash"})
        hello = web_socket.receive()
        function = self._function((hello or {}).get("fn_index"))
        if function is None:
            return
        event = _Event(self, function, _Mailbox(self._lock), self._caller(request, hello))
        event.gone.clear()
        with self._changed:
            self._enqueue(event)
        self.spawn(self._pump_web_socket, event, web_socket)
        while True:
            message = web_socket.receive()
            if message is None:
                break
            event.data = message["data"]
            event.data_ready.set()
        event.gone.set()
        event.data_ready.set()
        self._drop(event.mailbox)

    def _pump_web_socket(self, event: _Event, web_socket: WebSocket) -> None:
        for messages, end in self._batches(event.mailbox, lambda: event.gone.is_set()):
            for message in messages:
                web_socket.send(message)
            if end:
                web_socket.close(1000)

    def _enqueue(self, event: _Event) -> None:
        """Call with the lock held."""
        function = event.function
        if self.single and self.max_size is not None and self.waiting >= self.max_size:
            event.mailbox.put({"msg": "queue_full"})
            event.mailbox.put(None)
            return
        event.mailbox.pending.add(event.id)
        line = self._lines.setdefault(function.line, [])
        line.append(event)
        self._estimate(line, len(line) - 1)
        self._start_next(function)

    def _estimate(self, line: list[_Event], first: int = 0) -> None:
        for rank in range(first, len(line)):
            average = line[rank].function.average
            fields: dict[str, Any] = {"rank": rank, "queue_size": len(line)}
            fields["rank_eta"] = None if average is None else average * (rank + 1)
            if self.v < (4, 11):
                fields.update(avg_event_process_time=average, queue_eta=1.0)
                fields["avg_event_concurrent_process_time"] = average
            line[rank].send("estimation", **fields)

    def _start_next(self, function: _Function) -> None:
        """Give free workers of a line to those who wait. Call with the lock held."""
        line = self._lines.get(function.line, [])
        while line and self._busy.get(function.line, 0) < function.limit and not self._closing:
            event = line.pop(0)
            event.has_worker = True
            self._busy[function.line] = self._busy.get(function.line, 0) + 1
            self._running.append(event)
            self.spawn(self._work, event)
            self._estimate(line)

    def _free_worker(self, event: _Event) -> None:
        """Call with the lock held."""
        if event.has_worker:
            event.has_worker = False
            self._busy[event.function.line] -= 1
            self._start_next(event.function)

    def _work(self, event: _Event) -> None:
        start = time.monotonic()
        _current.event = event
        try:
            if self._fetch_data(event):
                event.send("process_starts", eta=event.function.average)
                self._perform(event, start)
                if event.alive and event.function.average is None:
                    event.function.average = time.monotonic() - start
                if self.protocol == "ws":  # the worker waits for the end of the closing handshake
                    event.gone.wait(DEADLINE)
        finally:
            _current.event = None
            with self._changed:
                self._running.remove(event)
                self._free_worker(event)
            event.ended.set()

    def _fetch_data(self, event: _Event) -> bool:
        if not self.single or event.data_ready.is_set():
            return True
        event.send("send_data")
        event.data_ready.wait(5 if self.protocol == "sse" else DEADLINE)
        if event.data is None:
            event.mailbox.put(None)
        return event.data is not None

    def _perform(self, event: _Event, start: float) -> None:
        """Run the function and send what comes out of it."""
        function = event.function
        last: list[Json] | None = None
        event.arguments = event.data
        steps = self._steps(function, event.data, event.request)
        try:
            for data in steps:
                if not event.alive:
                    return
                if function.is_generator:
                    shown = self._shown(event, last, data)
                    output = self._output(function, shown, True, start)
                    event.send("process_generating", output=output, success=True, time_limit=None)
                    time.sleep(STEP)
                last = data
                event.has_yielded = function.is_generator
                self._check_length(function, event.data)  # /stream may have replaced it
        except Exception as error:
            failure = self._failure(error, late=last is not None)
            title = failure.get("title", "Error") if last is None else None
            event.complete(failure, success=False, title=title)
            return
        finally:
            steps.close()
        repeats = function.is_generator and self.protocol in ("ws", "sse", "sse_v1")
        data = [None] * len(function.outputs) if last is None else last
        output = self._output(function, data, repeats and last is not None, start)
        event.complete(output)

    def _shown(self, event: _Event, last: list[Json] | None, data: list[Json]) -> list[Json]:
        """The values, or what changed since the last ones."""
        if last is None or event.simple or self.protocol in ("ws", "sse", "sse_v1"):
            return data
        flaw = "unshifted" if self.v < (5, 29, 1) else "cut" if self.v < (5, 36) else "miscounted"
        edits = []
        for component, old, new in zip(event.function.outputs, last, data):
            wrapped = component.kind == "json" and isinstance(new, (dict, list)) and self.v >= (4, 44)
            if wrapped and old != new:  # these releases compare it as one thing
                edits.append([["replace", [], new]])
            else:
                edits.append(diff(old, new, flaw))
        return edits

    # -- streams --

    def opened(self, stream: Stream) -> None:
        mailbox = self._pumped.get(stream)
        if mailbox is not None:
            self.spawn(self._pump, stream, mailbox)
        elif isinstance(stream, _Heartbeat):
            self.spawn(self._beat, stream)
        else:
            super().opened(stream)

    def hung_up(self, stream: Stream) -> None:
        stream.mark_lost()
        with self._changed:
            mailbox = self._pumped.pop(stream, None)
            if mailbox is None:
                return
            survives = (4, 19, 2) <= self.v < (4, 24)  # these releases forgot to look
            if (stream.was_cut or not stream.ended) and not survives:
                self._drop(mailbox)
            mailbox.ready.notify_all()

    def _drop(self, mailbox: _Mailbox) -> None:
        """The client is lost: forget its waiting jobs, stop its generators."""
        with self._changed:
            for line in self._lines.values():
                for event in [event for event in line if event.mailbox is mailbox]:
                    line.remove(event)
                    event.ended.set()
                    mailbox.pending.discard(event.id)
            for event in self._running:
                if event.mailbox is mailbox:
                    event.alive = False
            # What ran stays pending for ever: later streams of this session do not end. Sic.
            mailbox.messages.clear()
            mailbox.known = False
            mailbox.ready.notify_all()

    def _batches(self, mailbox: _Mailbox, lost: Callable[[], bool]) -> Iterator[tuple[list[dict[str, Any]], bool]]:
        """Messages as they come, and whether they end the stream."""
        while True:
            with self._changed:
                mailbox.ready.wait_for(lambda: mailbox.messages or lost() or self.closed.is_set(), self.heartbeat)
                if lost() or self.closed.is_set():
                    return
                messages, end = self._collect(mailbox)
            yield messages, end
            if end:
                return

    def _collect(self, mailbox: _Mailbox) -> tuple[list[dict[str, Any]], bool]:
        """Everything that waits in the mailbox. Call with the lock held."""
        messages: list[dict[str, Any]] = []
        while mailbox.messages:
            message = mailbox.messages.popleft()
            if message is None:
                return messages, True
            messages.append(message)
            if message["msg"] != "process_completed":
                continue
            if self.single:
                return messages, True
            event_id = message["event_id"]
            if event_id not in mailbox.pending and self.v < (5, 46):
                fields = {"message": repr(event_id), "session_not_found": False, "success": False}
                messages.append(self.message("unexpected_error", None, fields))
                return messages, True
            mailbox.pending.discard(event_id)
            if not mailbox.pending:
                if self.protocol == "sse_v3":
                    messages.append(self.message("close_stream", None, {}))
                return messages, True
        if not messages and self.protocol != "ws":
            messages.append(self.message("heartbeat", None, {}))
        return messages, False

    def _pump(self, stream: Stream, mailbox: _Mailbox) -> None:
        for messages, end in self._batches(mailbox, lambda: stream.lost or stream.ended):
            with contextlib.suppress(AssertionError):  # a test cut it in this very moment
                stream.push(*messages)
            if end and messages and messages[-1]["msg"] == "unexpected_error":
                with self._changed:
                    self._pumped.pop(stream, None)  # not the client's doing: the jobs live on
                stream.cut(rst=False)  # the real one crashes here
            elif end:
                stream.end()

    def _POST_stream(self, request: Request, rest: str) -> Answer:
        """New data for a job. Only functions that take streams of input expect it, but the next
        step of any generator, and any job that waits, fails if it is too short."""
        event_id, _, close = rest.partition("/")
        with self._changed:
            waiting = [event for line in self._lines.values() for event in line]
            found = [event for event in waiting + self._running if event.id == event_id]
            if not found or self.v < (5,):
                return Reply(404)
            if not close:
                found[0].data = _body(request, "data")["data"]
        return {"msg": "success"}

    def _GET_heartbeat(self, request: Request, rest: str) -> Answer:
        if self.v < (4, 25):
            return _refuse(404, "Not Found")
        return _Heartbeat(request)

    def _beat(self, stream: Stream) -> None:
        stream.raw(b"data: ALIVE\n\n")
        while not stream.is_lost_within(self.heartbeat):
            stream.raw(b"data: ALIVE\n\n")

    # -- cancelling --

    def _POST_cancel(self, request: Request, rest: str) -> Answer:
        if self.v < (4, 31):
            return _refuse(404, "Not Found")
        body = _body(request, "session_hash", "fn_index", "event_id")
        event_id = body["event_id"]
        with self._changed:
            mailbox = self._sessions.get(body["session_hash"])
            stopped = self._stop_running(mailbox, body["fn_index"])
            if self.v >= (6, 14):  # before that release the job still runs when its turn comes
                for line in self._lines.values():
                    line[:] = [event for event in line if event.id != event_id]
            named = [event for event in self._running if event.id == event_id]
        for event in stopped:
            if event.function.is_generator:
                event.ended.wait(DEADLINE)  # of its current step
        if mailbox is not None and event_id in mailbox.pending:
            mailbox.put(self.completion(event_id, {}))
        for event in named:  # with another fn_index this waits for the generator, to no effect
            if event.function.is_generator:
                event.ended.wait(DEADLINE)
        return {"success": True}

    def _stop_running(self, mailbox: _Mailbox | None, number: Json) -> list[_Event]:
        """Silence all running jobs of a function in a session. Call with the lock held."""
        mine = [event for event in self._running if event.mailbox is mailbox]
        found = [event for event in mine if event.function.id == number]
        for event in found:
            event.alive = False
            if not event.function.is_generator:
                self._free_worker(event)  # the thread runs on, unheard
        return found

    def _POST_reset(self, request: Request, rest: str) -> Answer:
        body = _body(request)
        if self.v >= (4, 35):
            return {"success": True}
        with self._changed:
            mine = [event for event in self._running if event.id == body.get("event_id")]
            found = [event for event in mine if event.has_yielded]
            for event in found:
                event.alive = False  # it stops at its next step, without a further message
        return {"success": bool(found)}


class _BadBody(Exception):
    """A request body that fails the schema."""


def _body(request: Request, *required: str) -> dict[str, Any]:
    try:
        body = request.json()
    except ValueError:
        raise _BadBody([{"type": "json_invalid", "loc": ["body", 0]}]) from None
    if not isinstance(body, dict) or "json" not in request.headers.get("content-type", ""):
        raise _BadBody([_missing("body", value=body)])
    needs_data = request.path.endswith(("/queue/join", "/queue/data")) or "/run/" in request.path
    names = [*required, *(["data"] if needs_data else [])]
    problems = [_missing("body", name, value=body) for name in names if name not in body]
    if problems:
        raise _BadBody(problems)
    return body


def _missing(*where: str, value: Json = None) -> dict[str, Any]:
    return {"type": "missing", "loc": list(where), "msg": "Field required", "input": value}


def _refuse(status: int, detail: Json) -> Reply:
    return Reply.json({"detail": detail}, status)


def _pieces(path: str, start: int, stop: int) -> Iterator[bytes]:
    with open(path, "rb") as file:
        file.seek(start)
        while start < stop:
            data = file.read(min(1 << 18, stop - start))
            start += len(data)
            yield data


def _protocol_of(version: tuple[int, ...]) -> str:
    first = [((4, 22), "sse_v3"), ((4, 21), "sse_v2.1"), ((4, 17), "sse_v2"), ((4, 9), "sse_v1"), ((4,), "sse")]
    return next((name for known, name in first if version >= known), "ws")


def parse_arguments(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Arguments of a StandIn from those of a command line; the options are those of testing/apps/main.py."""
    parser = argparse.ArgumentParser(description="Run the stand-in for a Gradio app.")
    parser.add_argument("--port", type=int, default=0, help="0, the default: a free one")
    parser.add_argument("--protocol", choices=list(VERSIONS), default="")
    parser.add_argument("--version", default="", help="of Gradio, such as 5.50.0")
    parser.add_argument("--auth", metavar="USER:PASSWORD", type=lambda text: tuple(text.split(":", 1)))
    parser.add_argument("--mount", default="", metavar="PATH")
    parser.add_argument("--show-error", action="store_true")
    parser.add_argument("--max-size", type=int, help="of the queue")
    parser.add_argument("--max-file-size", type=int, help="of uploads, in bytes")
    return vars(parser.parse_args(arguments))


def main() -> None:
    with StandIn(**parse_arguments()) as app:
        print(f"A stand-in for Gradio {app.version} ({app.protocol}) runs on {app.url}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            app.closed.wait()


if __name__ == "__main__":
    main()
