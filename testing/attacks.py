# SPDX-License-Identifier: MIT
"""Hostile servers, other users and odd input, as small programs that try to get something out of the client.

    python3 -m testing.attacks                       # all, in the size of the suite
    python3 -m testing.attacks S8 S13-errors         # those of a number, or one
    python3 -m testing.attacks --report              # in full size, as a table
    python3 -m testing.attacks --report --module OLD.py

Each has the number of the kind of fault that it belongs to, and most kinds have several: where one place had a fault,
its siblings are tried. What version 1.0.0 let each have stands beside it. They use public names of the module only.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import unicodedata
import zlib
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence
from unittest import mock
from urllib.parse import unquote, urlsplit

from .attacked import glc
from .fake import (
    CA_FILE,
    DEADLINE,
    ProxyServer,
    RawServer,
    Reply,
    Request,
    ScriptedServer,
    Upgrade,
    read_request,
    write_reply,
)
from .ground import (
    ATTACKS,
    MB,
    QUEUED,
    SSE,
    App,
    Gained,
    Ground,
    Json,
    Thief,
    attack,
    check_request,
    done,
    failed,
    file_of,
    in_background,
    main,
    spellings,
    wait_until,
    yields,
)
from .support import open_sockets

__all__ = ["ATTACKS"]
handle_file = glc.handle_file
PASSWORD, TOKEN, COOKIE, HEADER, OAUTH = "pa55-w0rd", "hf_t0k3n", "c00k13-value", "h34d3r-value", "0auth-t0k3n"
SECRETS = (PASSWORD, TOKEN, COOKIE, HEADER, OAUTH)
CREDENTIALS: dict[
    str, dict[str, Any]
] = {  # each way to have one, as the options of a client; "call" as those of a call
    "auth": {"auth": ("ada", PASSWORD)},
    "url": {},
    "token": {"token": TOKEN},
    "headers": {"headers": {"X-Key": HEADER}},
    "cookies": {"cookies": {"session": COOKIE}},
    "oauth_token": {"oauth_token": OAUTH},
    "call": {},
}


# ---- S1, S2, S3: credentials ---------------------------------------------------------------------


def visit(ground: Ground, src: str, kind: str) -> None:
    """All that a client does with these credentials: connect, call, upload, download, both ways of a call."""
    if kind == "url":
        src = src.replace("://", f"://ada:{PASSWORD}@")
    more = {"headers": {"X-Key": HEADER}} if kind == "call" else {}
    client = ground.tries(ground.client, src, timeout=2.0, **CREDENTIALS[kind])
    if isinstance(client, glc.Client):
        ground.tries(client.view_api, print_info=False)
        for call in (("x",), (handle_file(b"data", "a.txt"),), ("y",)):
            ground.tries(client.predict, *call, **more)
        client.close()


def redirected(
    ground: Ground, kinds: Sequence[str], place: Callable[[App, Thief], None], protocol: str = "sse_v3"
) -> None:
    """With each kind of credentials: an app that sends the client elsewhere at some place."""
    schema = {"parameters": [], "returns": [], "oauth_token": "required"}
    for kind in kinds:
        said = [done(file_of("/srv/x"))]
        with Thief(*SECRETS, said=said, protocol=protocol) as thief, App(protocol, said) as app:
            for one in (thief, app):
                one.on("GET", "/info", {"named_endpoints": {"/predict": schema}})
            thief.on("POST", "/queue/join", Reply.json({"detail": "Not authenticated"}, 401), thief.join)
            place(app, thief)
            visit(ground, app.url, kind)
            thief.check()


def moved(path: str, status: int = 307) -> Callable[[App, Thief], None]:
    """The answers to this path lead elsewhere."""
    return lambda app, thief: app.both(path, lambda request: Reply(status, {"Location": thief.url + request.target}))


def embedded(app: App, thief: Thief) -> None:
    app.on("GET", "/config", Reply(404))
    app.on("GET", "/", Reply(302, {"Location": thief.url + "/page"}))
    thief.on("GET", "/config", Reply(404))
    thief.on("GET", "/page", f"<script>window.gradio_config = {json.dumps(thief.config)};</script>")


def login_moved(status: int) -> Callable[[App, Thief], None]:
    def place(app: App, thief: Thief) -> None:
        app.on("POST", "/queue/join", Reply.json({"detail": "Not authenticated"}, 401))
        app.on("POST", "/login*", lambda request: Reply(status, {"Location": thief.url + request.target}))

    return place


def wants_login(app: App, thief: Thief) -> None:
    """It leads elsewhere with its config, and from there to a login."""
    thief.on("GET", "/config", Reply.json({"detail": "Not authenticated"}, 401), thief.config)
    app.on("GET", "/config", Reply(302, {"Location": thief.url + "/config"}))


@attack("S1", "the config is redirected to where a join answers 401", "the user and the password")
def password_after_config(ground: Ground) -> None:
    for status in (301, 302, 303, 307, 308):
        redirected(ground, ["auth", "url"], moved("/config", status))


@attack("S1", "the config is redirected to where it answers 401", "")
def password_at_config(ground: Ground) -> None:
    redirected(ground, ["auth", "url"], wants_login)


@attack("S1", "a page with a config in it is redirected to where a join answers 401", "")
def password_after_page(ground: Ground) -> None:
    redirected(ground, ["auth", "url"], embedded)


@attack("S1", "the login itself is redirected", "")
def password_at_login(ground: Ground) -> None:
    for status in (302, 303, 307, 308):
        redirected(ground, ["auth", "url"], login_moved(status))


@attack("S2", "the config is redirected", "the Hugging Face token that is meant for the app, and the headers of a call")
def secrets_after_config(ground: Ground) -> None:
    for status in (302, 307):
        redirected(ground, list(CREDENTIALS), moved("/config", status))


@attack("S2", "a page with a config in it is redirected", "the Hugging Face token for the app, and headers of a call")
def secrets_after_page(ground: Ground) -> None:
    redirected(ground, list(CREDENTIALS), embedded)


@attack("S2", "a join, a stream, an upload, a download, the info, or all of them are redirected", "")
def secrets_at_each_step(ground: Ground) -> None:
    for path in ("/queue/join", "/queue/data", "/upload", "/file=*", "/info", "/heartbeat/*"):
        for status in (302, 307):
            redirected(ground, ["url", "token", "headers", "cookies", "oauth_token", "call"], moved(path, status))


@attack("S2", "a WebSocket, a stream of a call, or a direct call is redirected", "")
def secrets_in_other_protocols(ground: Ground) -> None:
    kinds = ["url", "token", "headers", "cookies", "call"]
    for protocol, paths in {
        "ws": ["/queue/join"],
        "sse": ["/queue/join", "/queue/data"],
        "http": ["/run/predict"],
    }.items():
        for path in paths:
            for status in (302, 307, 308):
                redirected(ground, kinds, moved(path, status), protocol)


@attack("S2", "a token of the environment, and hosts whose names look like those of Spaces", "")
def token_of_the_environment(ground: Ground) -> None:
    """It is for the Hub and for https://*.hf.space."""
    places = ["http://x.hf.space", "https://hf.space.evil.test", "https://evilhf.space", "https://x.hf.space.evil.test"]
    places += ["https://x.hf.space@evil.test", "https://evil.test/x.hf.space", "https://evil.test#x.hf.space"]
    with ScriptedServer(tls=True) as tls, ScriptedServer() as plain, ScriptedServer() as hub:
        for one in (tls, plain, hub):
            one.on("*", "/*", Reply(404, (), "not here"))
        for src in places:
            server = tls if src.startswith("https") else plain
            names = dict.fromkeys(("x.hf.space", "hf.space.evil.test", "evilhf.space", "evil.test"), server.host)
            with ProxyServer(hosts={**names, "x.hf.space.evil.test": server.host}) as proxy:
                variables = {
                    "HF_TOKEN": TOKEN,
                    "HF_ENDPOINT": hub.url,
                    "http_proxy": proxy.url,
                    "https_proxy": proxy.url,
                }
                with mock.patch.dict(os.environ, variables):
                    ground.tries(ground.client, src, trust_env=True, ssl_verify=False, timeout=2.0)
                for request in [*tls.requests, *plain.requests, *proxy.requests]:
                    check_request(request, [TOKEN], f"a request to {request.headers.get('host')} for {src}")


def foreign_files(base: str) -> list[Json]:
    """Outputs that are files of another host, in the shapes that servers have for them."""
    url = f"{base}/x?y=1"
    plain = {"path": url, "url": url, "size": 1, "orig_name": "x", "mime_type": None}
    return [
        file_of(url, url=url),
        file_of("/srv/x", url=url),
        file_of(url),
        file_of("x", url=url, is_stream=True),
        plain,
    ]


@attack("S2", "outputs that are files of another host: unasked, and by read() and save()", "")
def secrets_with_foreign_outputs(ground: Ground) -> None:
    for kind in CREDENTIALS:
        for number in range(5):
            with Thief(*SECRETS) as thief, App() as app:
                thief.on("GET", "/x", b"contents")
                app.said = lambda event_id, item=foreign_files(thief.url)[number]: [yields(item), done(item)]  # type: ignore[misc]
                src = app.url.replace("://", f"://ada:{PASSWORD}@") if kind == "url" else app.url
                more = {"headers": {"X-Key": HEADER}} if kind == "call" else {}
                ground.tries(ground.client(src, **CREDENTIALS[kind]).predict, "x", **more)
                if thief.requests:
                    raise Gained(f"a request that nobody asked for, to another host: {thief.requests[0].target}")
                found = ground.tries(ground.client(src, download_files=False, **CREDENTIALS[kind]).predict, "x", **more)
                if thief.requests:
                    raise Gained(f"a request that nobody asked for, to another host: {thief.requests[0].target}")
                if isinstance(found, glc.FileData):
                    ground.tries(found.read)
                    ground.tries(found.save, ground.folder())
                thief.check()


@attack("S2", "the Hub leads elsewhere: for a Space, for its start, for a duplicate", "")
def secrets_at_the_hub(ground: Ground) -> None:
    for status in (301, 302, 307, 308):
        with Thief(*SECRETS) as thief, ScriptedServer() as hub:
            thief.both("/*", {"id": "user/name", "name": "ada", "runtime": {"stage": "RUNNING"}})
            hub.on("*", "/*", lambda request, status=status: Reply(status, {"Location": thief.url + request.target}))  # type: ignore[misc]
            with mock.patch.dict(os.environ, {"HF_ENDPOINT": hub.url}):
                ground.tries(ground.client, "user/name", token=TOKEN)
                options: dict[str, Any] = {"secrets": {"KEY": PASSWORD}, "token": TOKEN, "timeout": 2.0}
                ground.tries(glc.Client.duplicate, "user/name", **options)
            thief.check()


@attack("S2", "the config is redirected there and back", "requests with the password to a path that the thief chooses")
def secrets_there_and_back(ground: Ground) -> None:
    """What comes back from elsewhere is the word of the thief: it must not choose what is asked with credentials."""

    def admin(request: Request) -> Json:
        asked.append(request)
        return {}

    def place(app: App, thief: Thief) -> None:
        app.on("GET", "/config", Reply(302, {"Location": thief.url + "/config"}))
        thief.on("GET", "/config", Reply(302, {"Location": app.url + "/admin/config"}))
        app.on("GET", "/admin*", admin)

    asked: list[Request] = []
    for kind in CREDENTIALS:
        redirected(ground, [kind], place)
        for request in asked:
            check_request(request, SECRETS, "a request that the thief has chosen")


@attack("S2", "a file that is fetched with handle_file(URL) is redirected to the app, and the app's to a stranger", "")
def secrets_with_foreign_files(ground: Ground) -> None:
    for kind in CREDENTIALS:
        with Thief(*SECRETS) as thief, App() as app:
            thief.on("GET", "/start", Reply(302, {"Location": thief.url + "/end"}))
            thief.on("GET", "/end", b"contents")
            src = app.url.replace("://", f"://ada:{PASSWORD}@") if kind == "url" else app.url
            more = {"headers": {"X-Key": HEADER}} if kind == "call" else {}
            client = ground.client(src, **CREDENTIALS[kind])
            ground.tries(client.predict, handle_file(thief.url + "/start"), **more)
            thief.check()


def through_names(ground: Ground, src: str, targets: Sequence[str], tls: bool = False) -> None:
    """Any host name leads to one server. Redirects of the config there must not take credentials along."""
    with ScriptedServer(tls=tls) as server, ScriptedServer() as plain:
        names = {name: server.host for name in ("app.test", "evil.test", "app.test.evil.test", "evil.app.test")}
        with ProxyServer(hosts=names) as proxy:
            own = urlsplit(src).netloc
            for target in targets:
                before = len(server.requests)

                def answer(request: Request, target: str = target) -> Reply:
                    first = request.headers["host"] == own and request.path == "/config"
                    return Reply(302, {"Location": target}) if first else Reply(401, (), "log in")

                for one in (server, plain):
                    one.on("*", "/*", answer)
                options = {"auth": ("ada", PASSWORD), "headers": {"X-Key": HEADER}, "cookies": {"c": COOKIE}}
                ground.tries(ground.client, src, proxy=proxy.url, ssl_verify=False, timeout=2.0, token=TOKEN, **options)
                for request in [*server.requests[before:], *(proxy.requests if tls else ())]:
                    if request.headers.get("host") != own or request.method == "CONNECT":
                        check_request(request, SECRETS, f"a request that leads to {target}")


@attack("S3", "http on a port that is not its own, other hosts that look alike", "headers and cookies, at h:443")
def ports(ground: Ground) -> None:
    there = ("app.test:443", "app.test:8080", "app.test.evil.test", "evil.app.test", "app.test@evil.test")
    targets = [f"http://{place}/elsewhere" for place in (*there, "app.test:80@evil.test", "evil.test#@app.test")]
    through_names(ground, "http://app.test", [*targets, "//evil.test/x", "http:\\\\evil.test", "http:///evil.test/x"])


@attack("S3", "https that is redirected to http of the same host", "")
def downgrade(ground: Ground) -> None:
    targets = ["http://app.test/config", "http://app.test:443/config", "http://app.test:80/", "https://app.test:80/"]
    through_names(ground, "https://app.test", targets, tls=True)


# ---- S4, S5, S6, S7: files -----------------------------------------------------------------------

MARK = "import os\nopen({mark!r}, 'a').write(__name__ + '\\n')\nos._exit(99)\n"


def names_of_modules() -> list[str]:
    """Modules of the standard library, but those that Python itself has loaded before it comes to the file."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "shown.py").write_text("import sys\nprint(' '.join(sys.modules))", "utf-8")
        loaded = subprocess.run([sys.executable, "-m", "shown"], cwd=folder, stdout=subprocess.PIPE, check=True).stdout
    some = "argparse asyncio base64 codecs concurrent datetime email hashlib html http json logging mimetypes queue re"
    more = "secrets select shutil socket ssl string struct tempfile threading traceback typing unicodedata urllib zlib"
    names: Any = getattr(sys, "stdlib_module_names", f"{some} {more} collections contextlib enum functools io".split())
    return sorted(
        set(names) - set(loaded.decode().split()) - set(sys.builtin_module_names) - {"__main__", "__future__"}
    )


def plant(ground: Ground) -> tuple[Path, Path]:
    """A folder full of files that are called like modules of the standard library, and what they would write."""
    folder, mark = ground.folder(), ground.folder() / "mark"
    for name in names_of_modules():
        (folder / f"{name}.py").write_text(MARK.format(mark=str(mark)), "utf-8")
    return folder, mark


def run_program(command: Sequence[str], folder: Path, *words: str, **variables: str) -> tuple[int, str, str]:
    """The code, stdout and stderr of the command line, started in the folder."""
    env = {**os.environ, "PYTHONPATH": str(Path(str(glc.__file__)).parent), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    ended = subprocess.run([sys.executable, *command, *words], cwd=folder, env=env, capture_output=True, timeout=20)
    return ended.returncode, ended.stdout.decode("utf-8", "replace"), ended.stderr.decode("utf-8", "replace")


def not_run(mark: Path, outcome: tuple[int, str, str]) -> None:
    if mark.exists():
        raise Gained(f"code of a planted {mark.read_text('utf-8').split()[0]}.py was run")
    if outcome[0]:
        raise Gained(f"the command line ends with {outcome}")


def module_in(folder: Path) -> None:
    (folder / "gradio_lite_client.py").write_bytes(Path(str(glc.__file__)).read_bytes())


def importable(folder: Path) -> str:
    """A folder from which the module can be imported by its name, whatever its file is called."""
    module_in(folder)
    return str(folder)


@attack("S4", "files in the current folder are called like modules, on the next run with -m", "its code is run")
def code_next_run(ground: Ground) -> None:
    folder, mark = plant(ground)
    app = ground.app(said=[done(file_of("/srv/x.txt"))])
    path = importable(ground.folder())
    for words in (["predict", app.url, "/predict", "x", "-o", "."], ["info", app.url]):
        not_run(mark, run_program(["-m", "gradio_lite_client"], folder, *words, PYTHONPATH=path))


@attack("S4", "files beside the program are called like modules, on the next run", "its code is run")
def code_beside_script(ground: Ground) -> None:
    folder, mark = plant(ground)
    app = ground.app(said=[done(file_of("/srv/x.txt"))])
    module_in(folder)
    for command in (["gradio_lite_client.py"], ["-m", "gradio_lite_client"], [str(folder / "gradio_lite_client.py")]):
        outcome = run_program(command, folder, "predict", app.url, "/predict", "x", "-o", ".", PYTHONPATH="")
        not_run(mark, outcome)


@attack("S4", "as a part of a package, run with -m", "its code is run")
def code_in_package(ground: Ground) -> None:
    folder, mark = plant(ground)
    app = ground.app()
    package = folder / "vendored" / "inner"
    package.mkdir(parents=True)
    for one in (package, package.parent):
        (one / "__init__.py").touch()
    module_in(package)
    words = ("predict", app.url, "/predict", "x")
    not_run(mark, run_program(["-m", "vendored.inner.gradio_lite_client"], folder, *words, PYTHONPATH=""))


@attack("S4", "outputs of this run are called like modules that are imported later", "its code is run")
def code_same_run(ground: Ground) -> None:
    """Also where the first output makes the client need a module that the second has brought."""
    folder, mark = ground.folder(), ground.folder() / "mark"
    code = MARK.format(mark=str(mark)).encode()
    names = ["email.py", "http.py", "hashlib.py", "tempfile.py", "ssl.py", "unicodedata.py", "difflib.py", "shutil.py"]
    app = ground.app(said=[done(*(file_of(f"/srv/{name}", orig_name=name) for name in names))], outputs=[1] * 8)
    app.on("GET", "/file=*", lambda request: Reply(headers={"Set-Cookie": f"c{request.path[-9]}=1"}, body=code))
    path = importable(ground.folder())
    for words in (["-o", "."], ["-o", ".", "--json", "--stream"]):
        outcome = run_program(
            ["-m", "gradio_lite_client"], folder, "predict", app.url, "/predict", "x", *words, PYTHONPATH=path
        )
        not_run(mark, outcome)
    for name in names:
        if not (folder / f"file-{name}").exists():
            raise AssertionError(f"{name} was not saved: {os.listdir(folder)}")


@attack(
    "S4", "an output is called __future__.py, which Python itself imports for the file's first line", "its code is run"
)
def code_of_the_future(ground: Ground) -> None:
    """No program that names __future__ can be kept from importing it: such a file must not come to be."""
    folder, mark = ground.folder(), ground.folder() / "mark"
    code = MARK.format(mark=str(mark)).encode()
    names = ["__future__.py", "/srv/__future__.py", " __future__.py", "__future__.pyc", "__FUTURE__.PY"]
    app = ground.app(said=[done(*(file_of(f"/srv/{name}", orig_name=name) for name in names))], outputs=[1] * 5)
    app.on("GET", "/file=*", code)
    path = importable(ground.folder())
    for _ in range(2):
        words = ("predict", app.url, "/predict", "x", "-o", ".")
        not_run(mark, run_program(["-m", "gradio_lite_client"], folder, *words, PYTHONPATH=path))


@attack("S5", "another user has made what used to be the default folder, with links in it", "a file in a folder of his")
def planted_links(ground: Ground) -> None:
    import hashlib

    victim, known = ground.folder(), b"known contents"
    shared = Path(tempfile.gettempdir(), "gradio")
    shared.mkdir()
    (shared / hashlib.sha256(known).hexdigest()).symlink_to(victim)
    app = ground.app(said=[done(file_of("/srv/x.txt"))])
    app.on("GET", "/file=*", known)
    path = Path(ground.client(app.url, download_files=True).predict("x"))
    if list(victim.iterdir()) or shared in path.parents:
        raise Gained(f"a file at {path}, which leads to {os.path.realpath(path)}")


@attack("S5", "another user reads or changes what came, or where it comes to", "he reads it (0755, 0644)")
def private_folder(ground: Ground) -> None:
    top = os.path.realpath(tempfile.gettempdir())
    old = os.umask(0)
    try:
        app = ground.app(said=[yields(file_of("/srv/x.txt")), done(file_of("/srv/x.txt"))])
        client = ground.client(app.url, download_files=True)
        other = ground.client(app.url, download_files=True)
        found = {Path(os.path.realpath(one.predict("x"))) for one in (client, client, other)}
        url = app.url + "/file=y"
        lazy = ground.client(app.url, download_files=False).predict(handle_file(url))
        found.add(Path(os.path.realpath(lazy.save(ground.folder()))))
    finally:
        os.umask(old)
    for path in found:
        inside = [folder for folder in path.parents if str(folder) != top and str(folder).startswith(top)]
        if not any(folder.stat().st_mode & 0o077 == 0 for folder in inside):
            raise Gained(f"{path} is open to everybody: {[oct(folder.stat().st_mode) for folder in inside]}")
        if not inside[-1].name.strip("0123456789abcdef-") or inside[-1].name == "gradio":
            raise Gained(f"the folder {inside[-1]} can be made beforehand")


@attack("S5", "two clients share a folder that can be known beforehand", "the folder is the same for all")
def guessable_folder(ground: Ground) -> None:
    app = ground.app(said=[done(file_of("/srv/x.txt"))])
    top = Path(os.path.realpath(tempfile.gettempdir()))
    seen = []
    for _ in range(2):
        path = Path(os.path.realpath(ground.client(app.url, download_files=True).predict("x")))
        seen.append(path.relative_to(top).parts[0])
    if seen[0] == seen[1]:
        raise Gained(f"both are {seen[0]}")


@attack("S5", "what the command line stores on the way can be read by others, or stays", "")
def leftovers(ground: Ground) -> None:
    app = ground.app(said=[done(file_of("/srv/x.txt"))])
    path = importable(ground.folder())
    own = ground.folder()
    words = ("predict", app.url, "/predict", "x", "-o", "-")
    code, out, err = run_program(["-m", "gradio_lite_client"], own, *words, PYTHONPATH=path, TMPDIR=str(own))
    if (code, out) != (0, "contents of a file"):
        raise AssertionError((code, out, err))
    if list(own.iterdir()):
        raise Gained(f"{list(own.iterdir())} is left behind")


def keep_theirs(ground: Ground, folder: Path, save: Callable[[], Any]) -> None:
    """Nothing that is in the folder changes."""
    (folder / "mine.txt").write_text("mine", "utf-8")
    outside = ground.folder() / "target.txt"
    (folder / "link.txt").symlink_to(outside)
    (folder / "dangling.txt").symlink_to(ground.folder() / "nowhere.txt")
    (folder / "folder.txt").mkdir()
    links = {name: os.readlink(folder / name) for name in ("link.txt", "dangling.txt")}
    save()
    if (folder / "mine.txt").read_text("utf-8") != "mine":
        raise Gained("mine.txt was replaced")
    for name, target in links.items():
        if not (folder / name).is_symlink() or os.path.exists(target):
            raise Gained(f"{name} was replaced, or what it leads to was written")
    if not (folder / "folder.txt").is_dir() or list((folder / "folder.txt").iterdir()):
        raise Gained("a file in folder.txt")


OVERWRITING = ("mine.txt", "link.txt", "dangling.txt", "folder.txt")


@attack("S6", "FileData.save(folder), with names that are there: a file, links, a folder", "mine.txt is replaced")
def save_over(ground: Ground) -> None:
    folder = ground.folder()
    app = ground.app(said=[done(*(file_of(f"/srv/{n}", orig_name=n) for n in OVERWRITING))], outputs=[1] * 4)

    def save() -> None:
        found = ground.client(app.url, download_files=False).predict("x")
        paths = [one.save(folder) for one in (*found, *found)]
        if len(set(map(str, paths))) < 8:
            raise Gained("one of two files of the same name")
        for path in paths:
            if Path(path).read_bytes() != b"contents of a file":
                raise AssertionError(path)

    keep_theirs(ground, folder, save)


@attack("S6", "-o FOLDER, with names that are there", "")
def command_line_over(ground: Ground) -> None:
    folder = ground.folder()
    app = ground.app(said=[done(*(file_of(f"/srv/{n}", orig_name=n) for n in OVERWRITING))], outputs=[1] * 4)
    keep_theirs(ground, folder, lambda: command_line("predict", app.url, "x", "-o", str(folder)))


@attack("S6", "a file in the download folder that its owner has changed comes again", "the changes are lost")
def download_over(ground: Ground) -> None:
    app = ground.app(said=[done(file_of("/srv/x.txt"))])
    client = ground.client(app.url)
    first = Path(client.predict("x"))
    first.write_text("changed by its owner", "utf-8")
    second = Path(client.predict("x"))
    if first.read_text("utf-8") != "changed by its owner":
        raise Gained("the changes of the owner are lost")
    if second.read_bytes() != b"contents of a file":
        raise Gained(f"the contents are wrong: {second.read_bytes()!r}")


@attack("S6", "many saves at once, under the same name", "all but one are lost")
def saves_at_once(ground: Ground) -> None:
    folder = ground.folder()
    app = ground.app(said=[done(file_of("/srv/x.txt", orig_name="x.txt"))])
    numbers = iter(range(1000))
    app.on("GET", "/file=*", lambda request: b"%d" % next(numbers))
    found = ground.client(app.url, download_files=False).predict("x")
    waiting = [in_background(partial(found.save, folder)) for _ in range(16)]
    paths = [one.get(timeout=10) for one in waiting]
    errors = [path for path in paths if isinstance(path, BaseException)]
    if errors:
        raise errors[0]
    if len({Path(path).read_bytes() for path in paths}) < 16 or len(list(folder.iterdir())) != 16:
        raise Gained(f"{16 - len(list(folder.iterdir()))} of 16 files are lost, or others are left")


HARMFUL = [
    *(chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))),
    *"\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2066",
    *"\u2067\u2068\u2069\u206f\ufeff\ufff9\ufffb\uffff\ufdd0\U000e0001\U000e0041\U0001d173\ud800\udfff\ue000",
]
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)")


def harm_in(name: str) -> str:
    """What is wrong with a file name, if anything."""
    bad = [hex(ord(char)) for char in name if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co")]
    if bad:
        return f"the character {bad[0]}"
    if name[:1] in "-~. " or name != name.strip() or name[-1:] in ". ":
        return f"its begin or end: {name!r}"
    if RESERVED.match(name) or set(name) & set('<>:"/\\|?*') or len(name.encode()) > 200:
        return f"a name that some systems do not take: {name!r}"
    return ""


@attack(
    "S7", "names with control characters, characters that cannot be seen, that turn text round", "U+0080, U+202E, …"
)
def harmful_characters(ground: Ground) -> None:
    names = [f"a{char}b.txt" for char in HARMFUL] + [f"{char}a.txt{char}" for char in HARMFUL]
    check_names(ground, names)


@attack("S7", "names that become harmful when something is taken out of them", "-rf, ~", seconds=8.0)
def harmful_beginnings(ground: Ground) -> None:
    hidden = (
        "",
        " ",
        ".",
        "..",
        "./",
        "\u200b",
        "\u202e",
        "\x00",
        "\x85",
        "\u00a0",
        "\u3000",
        "-",
        "~",
        " -",
        "\ud800",
    )
    words = ("-rf", "--help", "~", "~root", "~/x", "con", "nul.txt", "aux .txt", "COM1", ".bashrc", ". .", "..", "\t-x")
    ends = ("", ".", " ", "\u00a0", "\u200b", ". .", ".\u202e", "\x85")
    check_names(ground, [start + word + end for start in hidden for word in words for end in ends[:2]])
    check_names(ground, ["x" * 116 + end for end in (*ends, "é" * 20, " " * 9, ".txt ", "-.txt", "." + "y" * 99 + " ")])
    check_names(ground, [f"a{end}" for end in ends] + [f"a{end}.txt" for end in ends] + list(ends))


def check_names(ground: Ground, names: Sequence[str]) -> None:
    """As the name of a download, of FileData.save() and of -o, from `orig_name` and from the path."""
    chosen = ground.folder()
    for start in range(0, len(names), 40):
        some = names[start : start + 40]
        items = [file_of(f"/srv/{i}", orig_name=name) for i, name in enumerate(some)]
        paths = [name for name in some if not re.search("[\ud800-\udfff]|(^|[/\\\\])[.]+($|[/\\\\])", name)]
        items += [file_of(path, orig_name=None) for path in paths]
        with App(said=[done(*items)], outputs=[1] * len(items)) as app:
            saved = [Path(path) for path in ground.client(app.url).predict("x") if isinstance(path, str)]
            kept = ground.client(app.url, download_files=False).predict("x")
            saved += [Path(one.save(chosen)) for one in kept[: len(some) : 4]]
        for one in saved:
            harm = harm_in(one.name)
            if harm:
                raise Gained(f"{harm} in {one.name!r}")


# ---- S8: small answers that become large ---------------------------------------------------------


def bomb(piece: bytes, size: int, start: bytes = b"[", end: bytes = b"0]", wbits: int = 31) -> bytes:
    """`start`, the piece again and again, and `end`, compressed: `size` bytes when they are unzipped."""
    pack = zlib.compressobj(9, zlib.DEFLATED, wbits)
    block = piece * (MB // len(piece))
    parts = [pack.compress(start)]
    parts += [pack.compress(block) for _ in range(max(1, size // len(block)))]
    return b"".join([*parts, pack.compress(end), pack.flush()])


def zipped(body: bytes, kind: str = "application/json", status: int = 200, encoding: str = "gzip") -> Reply:
    return Reply(status, {"Content-Type": kind, "Content-Encoding": encoding}, body)


def refuse_login(app: App, reply: Reply) -> None:
    app.on("GET", "/config", Reply(401))
    app.on("POST", "/login*", reply)


PIECES = {"lists": b"[],", "objects": b'{"":0},', "texts": b'"a",', "numbers": b"0.5,", "letters": b" "}
ZIPPED: dict[str, Callable[[App, Callable[..., Reply]], None]] = {
    "config": lambda app, answer: app.on("GET", "/config", answer()),
    "info": lambda app, answer: app.on("GET", "/info", answer()),
    "join": lambda app, answer: app.on("POST", "/queue/join", answer()),
    "stream": lambda app, answer: app.on("GET", "/queue/data", answer(kind="text/event-stream")),
    "upload": lambda app, answer: app.on("POST", "/upload", answer()),
    "direct": lambda app, answer: app.on("POST", "/run/predict", answer()),
    "error": lambda app, answer: app.on("POST", "/queue/join", answer(status=500)),
    "refusal": lambda app, answer: app.on("POST", "/queue/join", answer(status=422)),
    "unavailable": lambda app, answer: app.on("POST", "/queue/join", answer(status=503)),
    "login": lambda app, answer: refuse_login(app, answer(status=400)),
    "file": lambda app, answer: app.on("GET", "/file=*", answer(kind="text/plain")),
    "redirect": lambda app, answer: app.on(
        "GET", "/config", answer(status=302)._replace(headers={"Location": "/x", "Content-Encoding": "gzip"})
    ),
}


def everything(ground: Ground, app: App, **options: Any) -> None:
    """All that a client asks for; an error is as good as a result."""
    client = ground.tries(ground.client, app.url, auth=("ada", PASSWORD), **options)
    if isinstance(client, glc.Client):
        ground.tries(client.view_api, print_info=False)
        ground.tries(client.predict, handle_file(b"x", "x.txt"))
        client.close()


def bombs(ground: Ground, place: str) -> None:
    size = ground.size(40, 400) * MB
    direct = place == "direct"
    start = b'data: {"msg": "x", "output": [' if place == "stream" else b"["
    end = b"0]}\n\n" if place == "stream" else b"0]"
    body = bomb(PIECES["lists"], size, start, end)
    said = [done(file_of("/srv/x"))]
    with App("http" if direct else "sse_v3", said, version="6.31.0") as app, ground.cost():
        ZIPPED[place](app, partial(zipped, body))
        everything(ground, app)


ZIPPED_BEFORE = {**dict.fromkeys(("error", "refusal", "unavailable", "login", "file"), ""), "redirect": "256 MB"}
for _place in ZIPPED:
    attack(
        "S8",
        f"a zipped answer of 40 KB to 400 KB: {_place}",
        ZIPPED_BEFORE.get(_place, "6.5 GB"),
        name=f"bomb_{_place}",
    )(partial(bombs, place=_place))


def unfold(ground: Ground, size: int, zips: bool) -> None:
    """A config and an info of so many bytes, once they are unzipped, of each kind of small value."""
    start = b'{"dependencies":['
    for kind, piece in PIECES.items():
        data = bomb(piece, size, start, b"0]}") if zips else start + piece * (size // len(piece)) + b"0]}"
        for place in ("config", "info"):
            with App() as app, ground.each(f"{len(data) >> 10} KB of {place}, {size / MB:.1f} MB of {kind}"):
                json_type = {"Content-Type": "application/json"}
                app.on("GET", f"/{place}", zipped(data) if zips else Reply(200, json_type, data))
                ground.tries(lambda: ground.client(app.url).view_api(print_info=False))


@attack("S8", "a zipped config or info, just small enough to be taken: 31 MB of small values", "1 GB", seconds=20.0)
def just_small_enough(ground: Ground) -> None:
    unfold(ground, 31 * MB, zips=True)


@attack("S8", "a zipped config or info of 7 MB of small values", "300 MB", seconds=20.0)
def smaller_still(ground: Ground) -> None:
    unfold(ground, 7 * MB, zips=True)


@attack("S8", "a config or info of 1 MB, as it is, of small values", "208 MB, just over the limit", seconds=20.0)
def plain_megabyte(ground: Ground) -> None:
    unfold(ground, MB, zips=False)


@attack("S8", "results of 1 MB of small values, in every protocol", "seconds, and hundreds of MB", seconds=20.0)
def megabyte_of_results(ground: Ground) -> None:
    for protocol, kinds in {"sse_v3": ["lists", "objects", "numbers"], "ws": ["objects"], "http": ["objects"]}.items():
        for kind in kinds:
            piece = PIECES[kind]
            value = json.loads(b"[" + piece * (MB // len(piece)) + b"0]")
            with App(protocol, [done(value)]) as app:
                app.on("POST", "/run/predict", Reply.json({"data": [value]}))
                del value
                with ground.each(f"{protocol} and {kind}"):
                    ground.tries(ground.client(app.url).predict, "x")


@attack("S8", "thousands of empty zipped parts, one after the other", "")
def many_members(ground: Ground) -> None:
    empty = zlib.compressobj(9, zlib.DEFLATED, 31)
    member = empty.compress(b"") + empty.flush()
    for place in ("config", "info", "stream"):
        with App() as app:
            ZIPPED[place](app, partial(zipped, member * (MB // len(member))))
            everything(ground, app)


@attack(
    "S8", "zipped with other words: deflate, x-gzip, gzip twice, br, an unknown one", "memory for what it unfolds to"
)
def other_encodings(ground: Ground) -> None:
    body = bomb(b"[],", 40 * MB)
    twice = bomb(b"\0", 40 * MB)
    for encoding, data in (
        *(("deflate", bomb(b"[],", 40 * MB, wbits=wbits)) for wbits in (15, -15)),
        *((name, body) for name in ("x-gzip", "GZIP", " gzip ", "gzip, gzip", "identity, gzip", "br", "zstd", "?")),
        ("gzip", twice),
    ):
        for place in ("config", "join", "stream", "file"):
            with App(said=[done(file_of("/srv/x"))]) as app, ground.each(f"{place} in {encoding}"):
                ZIPPED[place](app, partial(zipped, data, encoding=encoding))
                everything(ground, app)


@attack("S8", "a zipped page that holds a config", "memory for what it unfolds to")
def zipped_page(ground: Ground) -> None:
    body = bomb(b"[],", ground.size(40, 400) * MB, b"<script>window.gradio_config = {", b"</script>")
    with App() as app, ground.cost():
        app.on("GET", "/config", Reply(404))
        app.on("GET", "/", zipped(body, "text/html"))
        ground.tries(ground.client, app.url)


@attack("S8", "a zipped file that fills the disk", "what it unfolds to")
def zipped_file(ground: Ground) -> None:
    body = bomb(b" ", 100 * MB)
    with App(said=[done(file_of("/srv/x"))]) as app:
        app.on("GET", "/file=*", zipped(body, "text/plain"))
        folder = ground.folder()
        ground.tries(ground.client(app.url, download_files=folder).predict, "x")
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if size > 10 * MB:
            raise Gained(f"{size // MB} MB on the disk for {len(body) // 1024} KB")


# ---- S9, S10, S11: memory that grows -------------------------------------------------------------


def growing(
    ground: Ground, make: Callable[[str], list[Json]], edit: Callable[[int], list[Json]], **options: Any
) -> None:
    """A large text, then many small changes of it, read as they come and, at last, as they were kept."""
    steps, text = ground.size(200, 500), "t" * (ground.size(2, 20) * MB)
    first = make(text)
    said = [yields(*first), *(yields(*edit(step)) for step in range(steps)), done(*first)]
    with App(said=said, outputs=[1] * len(first)) as app:
        del text, first
        client = ground.client(app.url, **options)
        with ground.cost():
            job = client.submit("x")
            job.result(timeout=60)


APPEND = [["append", [], "x"]]
GROWN = 300  # MB: some copies of the first message, which has 20 MB
GROWING = 20.0  # seconds: each change of a text of 20 MB copies it once


@attack(
    "S9",
    "a file and a text of 2 MB to 20 MB that grows by a letter, 200 to 500 times",
    "10 GB",
    megabytes=GROWN,
    seconds=GROWING,
)
def file_and_text(ground: Ground) -> None:
    growing(ground, lambda text: [file_of("/srv/x"), text], lambda step: [[], APPEND])


@attack("S9", "the same, with files that are left on the server", "10 GB", megabytes=GROWN, seconds=GROWING)
def kept_file_and_text(ground: Ground) -> None:
    growing(ground, lambda text: [file_of("/srv/x"), text], lambda step: [[], APPEND], download_files=False)


@attack("S9", "the same, with the file and the text in one output", "10 GB", megabytes=GROWN, seconds=GROWING)
def file_beside_text(ground: Ground) -> None:
    growing(
        ground,
        lambda text: [{"file": file_of("/srv/x"), "text": text}],
        lambda step: [[["append", ["text"], "x"]]],
    )


@attack("S9", "the same, with a file that comes with a later change", "10 GB", megabytes=GROWN, seconds=GROWING)
def file_comes_later(ground: Ground) -> None:
    def edit(step: int) -> list[Json]:
        return [[["replace", [], file_of("/srv/x")]] if step == 3 else [], APPEND]

    growing(ground, lambda text: [None, text], edit)


@attack("S9", "the same, with a new file in each change", "10 GB", megabytes=GROWN, seconds=GROWING)
def file_in_each_change(ground: Ground) -> None:
    def edit(step: int) -> list[Json]:
        return [[["replace", [], file_of(f"/srv/{step}")]], APPEND]

    growing(ground, lambda text: [file_of("/srv/x"), text], edit, download_files=False)


@attack(
    "S9",
    "a text of 2 MB to 20 MB that grows by a letter, read by an iterator",
    "all memory",
    megabytes=GROWN,
    seconds=GROWING,
)
def growing_and_read(ground: Ground) -> None:
    steps, text = ground.size(200, 500), "t" * (ground.size(2, 20) * MB)
    said = [yields(file_of("/srv/x"), text), *(yields([], APPEND) for _ in range(steps)), done(None, text)]
    with App(said=said, outputs=[1, 1]) as app:
        del text
        client = ground.client(app.url, download_files=False)
        with ground.cost():
            for _ in client.submit("x"):
                pass


WORDS = [  # what begins, is repeated, and ends texts over which regular expressions and parsers may stumble
    *(
        ("'", "a", "'"),
        ('"', "a", '"'),
        ("'", "\\a", ""),
        ("'", "\\'", "'"),
        ("", "<", ""),
        ("", "<a", ""),
        ("", " ", ""),
    ),
    *(("", "<title>", ""), ("<title", " ", ""), ("", "\n", ""), ("", "[", ""), ("", "9", ""), ("", "in 1 days, ", "")),
    *(("", "quota (9s requested vs. ", ""), ("", "\x1b]0;owned\x07", "")),
]


def nasty_words(size: int) -> Iterator[str]:
    for start, piece, end in WORDS:
        yield start + piece * (size // len(piece)) + end


def bounded(error: Any) -> None:
    if not isinstance(error, glc.GradioError):
        raise AssertionError(f"no error but {error!r:.200}")
    for text in (str(error), repr(error), getattr(error, "body", b""), getattr(error, "words", "")):
        if len(text) > 70_000:
            raise Gained(f"an error with a text of {len(text)} letters")
    if len(str(error)) > 20_000:
        raise Gained(f"an error that says {len(str(error))} letters")


@attack("S10", "a function fails with words of 1 MB to 4 MB", "1.5 GB", megabytes=300, seconds=15.0)
def words_of_functions(ground: Ground) -> None:
    for version, protocol in (("6.31.0", "sse_v3"), ("4.44.1", "sse_v3"), ("3.50.2", "ws"), ("4.8.0", "sse")):
        for words in nasty_words(ground.size(1, 4) * MB // (1 if protocol == "sse_v3" else 4)):
            with App(protocol, [failed(words, title=words[: MB // 4])], version=version) as app:
                bounded(ground.tries(ground.client(app.url).predict, "x"))


@attack(
    "S10",
    "a direct call, a join, a page answer with an error of 1 MB to 2 MB",
    "",
    megabytes=300,
    seconds=15.0,
)
def words_of_answers(ground: Ground) -> None:
    for words in nasty_words(ground.size(1, 2) * MB):
        bodies = [words, {"error": words}, {"detail": words}, {"detail": [{"msg": words, "loc": [words]}] * 3}]
        for status, body in zip((500, 422, 503, 404), bodies):
            text = body if isinstance(body, str) else json.dumps(body)
            with App("http") as app:
                app.on("POST", "/run/predict", Reply(status, (), text))
                bounded(ground.tries(ground.client(app.url).predict, "x"))
            with App() as app:
                app.on("POST", "/queue/join", Reply(status, (), text))
                bounded(ground.tries(ground.client(app.url).predict, "x"))
        with App() as app:
            app.on("GET", "/config", Reply(404))
            app.on("GET", "/", words)
            bounded(ground.tries(ground.client, app.url))


@attack(
    "S10",
    "the stream ends with words of 1 MB to 2 MB, or holds messages that are none",
    "an error of 4 MB",
    megabytes=300,
    seconds=10.0,
)
def words_of_streams(ground: Ground) -> None:
    for words in nasty_words(ground.size(1, 2) * MB):
        for message in (
            {"msg": "unexpected_error", "message": words, "success": False},
            {"msg": "process_completed", "output": {"data": words}, "success": True},
            {"msg": "process_completed", "output": words, "success": True},
            {"msg": "process_generating", "output": {"data": [words, words]}, "success": words},
        ):
            with App(said=[yields("a"), message, done("end")]) as app:
                value = ground.tries(ground.client(app.url).predict, "x")
                if value != "end":
                    bounded(value)


class Flood:
    """Bytes without end, and how many have been taken: until all are, or nobody takes more, or the client is gone."""

    def __init__(self, message: Callable[[int], Json], total: int):
        self._message, self._total = message, total
        self.sent = 0
        self.over = False
        self._last = time.monotonic()

    def pieces(self) -> Iterator[bytes]:
        number = 0
        while self.sent < self._total:
            data = b"".join(b"data: " + json.dumps(self._message(number + i)).encode() + b"\n\n" for i in range(64))
            number += 64
            yield data
            self.sent += len(data)
            self._last = time.monotonic()
        self.over = True

    def wait(self, outcome: Callable[[], bool]) -> None:
        wait_until(lambda: self.over or outcome() or time.monotonic() - self._last > 2.0, DEADLINE)


FLOODED = 30  # MB that may stay of a flood of 48 MB or more
WAITING = 110  # MB that may wait to be taken, of more than that
FILL = "f" * 2000


@attack("S11", "messages for nobody while a join is not answered", "all of them: 50 MB/s", WAITING, 20.0)
def messages_for_nobody(ground: Ground) -> None:
    flood = Flood(lambda i: {"msg": "progress", "event_id": f"none{i}", "fill": FILL}, ground.size(130, 300) * MB)
    answered = threading.Event()
    with App() as app:

        def join(request: Request) -> Json:
            if app.joins:
                answered.wait(20)
            return app.join(request)

        app.on("POST", "/queue/join", join)
        app.said = lambda event_id: Lazy(flood)
        client = ground.client(app.url)
        with ground.cost():
            first = client.submit("x")
            wait_until(lambda: flood.sent)
            second = client.submit("y")
            flood.wait(lambda: first.done() and second.done())
        answered.set()


class Lazy:
    """The pieces of a flood, as something that an app says; then the end of the job."""

    def __init__(self, flood: Flood, *last: Any):
        self._flood, self._last = flood, last or (done("ok"),)

    def __iter__(self) -> Iterator[Any]:
        yield from self._flood.pieces()
        yield from self._last


def ends(job: Any) -> None:
    """With a result, or an error of the library."""
    with contextlib.suppress(glc.GradioError):
        job.result(timeout=15)


@attack("S11", "messages for a job while its file drips", "all of them", WAITING, 20.0)
def messages_while_a_file_drips(ground: Ground) -> None:
    flood = Flood(lambda i: {"msg": "progress", "event_id": "id", "fill": FILL}, ground.size(130, 300) * MB)
    go = threading.Event()

    def drip(request: Request) -> Reply:
        def pieces() -> Iterator[bytes]:
            for _ in range(400):
                yield b"d"
                if go.wait(0.05):
                    return

        return Reply(body=pieces())

    with App() as app:
        app.said = lambda event_id: Chain([yields(file_of("/srv/x"))], Lazy(flood))
        app.on("GET", "/file=*", drip)
        client = ground.client(app.url)
        with ground.cost():
            job = client.submit("x")
            wait_until(lambda: flood.sent)
            flood.wait(job.done)
        go.set()
        ends(job)


class Chain:
    def __init__(self, *parts: Any):
        self._parts = parts

    def __iter__(self) -> Iterator[Any]:
        for part in self._parts:
            yield from part


def flooded(ground: Ground, protocol: str, message: Callable[[int], Json], use: Callable[[Any], Any]) -> None:
    flood = Flood(message, ground.size(48, 200) * MB)
    with App(protocol) as app:
        if protocol == "ws":
            app.said = lambda event_id: Chain(Frames(flood), [done("ok")])
        else:
            app.said = lambda event_id: Lazy(flood)
        client = ground.client(app.url)
        with ground.cost():
            job = client.submit("x")
            use(job)
            flood.wait(job.done)
        ends(job)


class Frames(Lazy):
    """The flood as messages of a WebSocket, one in each frame."""

    def __iter__(self) -> Iterator[Any]:
        for data in self._flood.pieces():
            yield from (line[6:] for line in data.split(b"\n\n") if line)


def progress(number: int) -> Json:
    bar = {"index": number, "length": 100_000, "unit": "steps", "progress": None, "desc": FILL}
    return {"msg": "progress", "event_id": "id", "progress_data": [bar]}


def log_line(number: int) -> Json:
    return {"msg": "log", "event_id": "id", "log": FILL, "level": "info"}


for _protocol in ("ws", "sse", "sse_v3"):
    attack("S11", f"progress without end, {_protocol}", "", FLOODED, 20.0, f"progress_{_protocol}")(
        partial(flooded, protocol=_protocol, message=progress, use=lambda job: None)
    )
    attack("S11", f"log lines without end, {_protocol}", "all of them", FLOODED, 20.0, f"logs_{_protocol}")(
        partial(flooded, protocol=_protocol, message=log_line, use=lambda job: None)
    )


@attack("S11", "log lines and progress without end, for one who begins to read and stops", "all of them", FLOODED, 20.0)
def lazy_reader(ground: Ground) -> None:
    def message(number: int) -> Json:
        return log_line(number) if number % 2 else progress(number)

    def begin(job: Any) -> None:
        if hasattr(job, "updates"):
            reader.append(job.updates())
            next(reader[0])

    reader: list[Any] = []
    flooded(ground, "sse_v3", message, begin)


@attack("S11", "log lines without end through asyncio, read slowly", "all of them", FLOODED, 20.0)
def slow_asyncio_reader(ground: Ground) -> None:
    import asyncio

    async def read(job: Any) -> None:
        with contextlib.suppress(glc.GradioError):
            async for _ in job:
                await asyncio.sleep(0.05)

    flooded(ground, "sse_v3", log_line, lambda job: in_background(lambda: asyncio.run(read(job))))


@attack("S11", "heartbeats and messages of unknown kinds without end", "", FLOODED, 20.0)
def idle_words(ground: Ground) -> None:
    kinds = ("heartbeat", "close_stream", "nonsense", "estimation")
    flooded(
        ground,
        "sse_v3",
        lambda number: {"msg": kinds[number % 4], "fill": FILL, **({"event_id": "id"} if number % 2 else {})},
        lambda job: None,
    )


@attack("S11", "20,000 to 100,000 short messages through one job: memory stays flat", "", 25, 30.0)
def short_messages(ground: Ground) -> None:
    count = ground.size(20_000, 100_000)
    said = [{"msg": "estimation", "rank": i} for i in range(count)]
    with App(said=[*said, done("ok")]) as app:
        client = ground.client(app.url)
        with ground.cost():
            if client.predict("x") != "ok":
                raise AssertionError("no result")


@attack("S11", "20,000 to 100,000 outputs that each add a letter: what is kept is what came", "", 120, 40.0)
def short_outputs(ground: Ground) -> None:
    count = ground.size(20_000, 100_000)
    said = [yields(""), *(yields([["append", [], "x"]]) for _ in range(count)), done("x" * count)]
    with App(said=said) as app:
        client = ground.client(app.url)
        with ground.cost():
            job = client.submit("x")
            job.result(timeout=25)
            if sum(1 for _ in job) < count:
                raise AssertionError("an output is lost")


@attack("S11", "lines of an event, comments, and heads before the head, without end", "", 100, 10.0)
def endless_framing(ground: Ground) -> None:
    """What the server sends may be kept up to a limit; what is not needed is not kept."""
    total = ground.size(24, 128) * MB
    for piece in (b": comment\n", b"\n", b"event: x\n", b"id: 1\n", b"retry: 1\n"):
        block = piece * (65536 // len(piece))
        with App() as app:
            app.said = lambda event_id, block=block: Chain((block for _ in range(total // 65536 // 4)), [done("ok")])  # type: ignore[misc]
            value = ground.tries(ground.client(app.url).predict, "x")
            if value != "ok" and not isinstance(value, glc.GradioError):
                raise AssertionError(value)


@attack("S11", "interim answers, trailers, and extensions of chunks without end", "", 60, 15.0)
def endless_heads(ground: Ground) -> None:
    trailer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    for head, piece in (
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000),
        (b"", b"HTTP/1.1 102 Processing\r\nX-Fill: 0123456789\r\n\r\n" * 1000),
        (trailer, b"X-Trailer: 0123456789\r\n" * 2000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a=b;" * 10_000),
        (b"HTTP/1.1 200 OK\r\n", b"X-Field: 0123456789\r\n" * 2000),
        (b"HTTP/1.1 200 ", b"reason " * 5000),
    ):

        def talk(sock: socket.socket, head: bytes = head, piece: bytes = piece) -> None:
            with contextlib.closing(sock.makefile("rb")) as reader:
                read_request(reader)
            sock.sendall(head)
            while True:
                sock.sendall(piece)

        with RawServer(talk) as server:
            began = time.monotonic()
            value = ground.tries(ground.client, server.url, timeout=0.4)
            if not isinstance(value, glc.GradioError):
                raise AssertionError(value)
            if time.monotonic() - began > 6:
                raise Gained(f"{time.monotonic() - began:.0f} s with timeout=0.4, by {piece[:20]!r}")


@attack("S11", "sizes that are announced, huge, negative or none, of frames, chunks and bodies", "", 60, 10.0)
def announced_sizes(ground: Ground) -> None:
    head = b"HTTP/1.1 200 OK\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    with App("ws") as app:
        for size in (2**63, 2**63 - 1, 2**62, 2**40, 2**31, 255 * MB):

            def talk(web_socket: Any, request: Request, size: int = size) -> None:
                web_socket._sock.sendall(bytes([0x81, 127]) + size.to_bytes(8, "big") + b"x" * 100)

            app.on("GET", "/queue/join", Upgrade(talk))
            with ground.each(f"a frame of {size} bytes"):
                bounded(ground.tries(ground.client(app.url).predict, "x"))
    for data in (
        *(
            chunked + size + b"\r\n{}"
            for size in (b"-5", b"0x10", b"1_0", b"+5", b"f" * 15, b"f" * 400, b"", b" 5", b"5 5")
        ),
        *(
            head + b"Content-Length: " + size + b"\r\n\r\n{}"
            for size in (b"9" * 17, b"9" * 5000, b"-1", b"1_0", b"+2", b"\xb2")
        ),
        head + b"Content-Length: 2\r\nContent-Length: 9\r\n\r\n{}",
        head + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        head + b"Transfer-Encoding: chunked, gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ):

        def answer(sock: socket.socket, data: bytes = data) -> None:
            with contextlib.closing(sock.makefile("rb")) as reader:
                read_request(reader)
            sock.sendall(data)

        with RawServer(answer) as server, ground.each(f"{data[17:80]!r}"):
            bounded(ground.tries(ground.client, server.url, timeout=1.0))


@attack(
    "S11",
    "cookies without end, which would be sent with every request",
    "a head of 600 KB and more in every request",
    60,
    10.0,
)
def endless_cookies(ground: Ground) -> None:
    with App() as app:
        numbers = iter(range(10**9))

        def answer(request: Request) -> Reply:
            cookies = [("Set-Cookie", f"c{next(numbers)}={'v' * 1000}") for _ in range(40)]
            return Reply.json(["/srv/x"], headers=cookies)

        app.on("POST", "/upload", answer)
        client = ground.client(app.url)
        for _ in range(ground.size(15, 60)):
            ground.tries(client.predict, handle_file(b"x", "x"))
        largest = max(len(str(request.headers)) for request in app.requests)
        if largest > 128 * 1024:
            raise Gained(f"a request with a head of {largest} bytes")


@attack("S11", "one message of 1 MB in fragments, lines or chunks of a byte", "", seconds=12.0)
def tiny_parts(ground: Ground) -> None:
    text = json.dumps({"event_id": "id", **done("x" * (MB // 2))}).encode()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in b"data: " + text + b"\n\n")

    def talk(sock: socket.socket) -> None:
        with contextlib.closing(sock.makefile("rb")) as reader:
            while True:
                request = read_request(reader)
                if request is None:
                    return
                if request.path == "/queue/data":
                    sock.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                    )
                    sock.sendall(chunks + b"0\r\n\r\n")
                else:
                    body = app.config if request.path == "/config" else {"event_id": "id"}
                    write_reply(sock, Reply.json(body))

    with App() as app, RawServer(talk) as server:
        if len(ground.client(server.url).predict("x")) != MB // 2:
            raise AssertionError("no result")
    lines = b"data: \n" * 150_000 + b"\n"
    with App(said=[lines, done("ok")]) as app:
        if ground.client(app.url).predict("x") != "ok":
            raise AssertionError("no result")


# ---- S12: sockets --------------------------------------------------------------------------------


def hosts(ground: Ground, use: Callable[[Any, str], Any], count: int, answer: Any = b"contents") -> None:
    """Something is fetched from many hosts, one after the other; how many sockets stay open."""
    known = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        return known("127.0.0.1" if str(host).endswith(".test") else host, *rest, **more)

    with ScriptedServer() as server, App() as app, mock.patch.object(socket, "getaddrinfo", getaddrinfo):
        server.on("*", "/*", answer)
        client = ground.client(app.url)
        client.predict("x")
        before = len(open_sockets())
        for number in range(count):
            use(client, f"http://h{number}.test:{server.port}/x")
        wait_until(lambda: len(open_sockets()) - before < 40, 1.0)
        left = len(open_sockets()) - before
        if left >= 80:  # both ends of a connection are in this process
            raise Gained(f"{left // 2} sockets for {count} hosts")


def upload_of(ground: Ground) -> Callable[[Any, str], Any]:
    return lambda client, url: ground.tries(client.predict, handle_file(url))


@attack("S12", "handle_file(URL) of 150 to 1,000 hosts", "one socket for each", seconds=20.0)
def files_of_hosts(ground: Ground) -> None:
    hosts(ground, upload_of(ground), ground.size(150, 1000))


@attack(
    "S12",
    "the same, where they answer with errors, wrong lengths or redirects to one another",
    "one socket for each",
    seconds=20.0,
)
def bad_hosts(ground: Ground) -> None:
    numbers = iter(range(10**6))

    def answer(request: Request) -> Reply:
        kind = next(numbers) % 4
        port = request.headers["host"].partition(":")[2]
        if kind == 0:
            return Reply(404, (), "not here")
        if kind == 1:
            return Reply(302, {"Location": f"http://r{next(numbers)}.test:{port}/x"})
        return Reply(401 if kind == 2 else 500, {"Content-Type": "text/html"}, "<html>")

    hosts(ground, upload_of(ground), ground.size(150, 1000), answer)


@attack("S12", "150 to 1,000 clients of one app, not closed", "", seconds=20.0)
def clients_not_closed(ground: Ground) -> None:
    with App() as app:
        before = len(open_sockets())
        for _ in range(ground.size(150, 1000)):
            glc.Client(app.url, trust_env=False)
        wait_until(lambda: len(open_sockets()) - before < 40, 1.0)
        left = len(open_sockets()) - before
        if left >= 80:
            raise Gained(f"{left // 2} sockets")


@attack("S12", "150 to 500 jobs at once, all of which are over", "", seconds=20.0)
def sockets_after_jobs(ground: Ground) -> None:
    with App("ws") as app:
        client = ground.client(app.url)
        before = len(open_sockets())
        for job in [client.submit("x") for _ in range(ground.size(150, 500))]:
            job.result(timeout=20)
        wait_until(lambda: len(open_sockets()) - before < 40, 2.0)
        left = len(open_sockets()) - before
        if left >= 100:
            raise Gained(f"{left // 2} sockets")


# ---- S14: cancel ---------------------------------------------------------------------------------


def cancelled(ground: Ground, prepare: Callable[[App, threading.Event], Any], at: str, timeout: float = 20.0) -> None:
    """A job that is held up at some place is cancelled: its place is free, and the transfer has ended."""
    held = threading.Event()
    go = threading.Event()
    with App() as app:
        argument = prepare(app, held) or "x"
        client = ground.client(app.url, max_workers=1, timeout=timeout)
        job = client.submit(argument)
        if not held.wait(5):
            raise AssertionError(f"the job did not come to {at}")
        wait_until(lambda: job.status().code.value not in ("STARTING", "PROCESSING"), 0.2)
        if not job.cancel():
            raise Gained("cancel() is False")
        app.said = lambda event_id: [done("next")]
        app.on("POST", "/upload", ["/srv/x"])
        app.on("POST", "/queue/join", app.join)
        second = client.submit("y")
        outcome = in_background(lambda: second.result(timeout=8))
        try:
            value = outcome.get(timeout=10)
        finally:
            go.set()
        if value != "next":
            raise Gained(f"the place: the next job gives {value!r:.200}")
        if not job.cancelled():
            raise Gained("a job that is not cancelled")


def holding(held: threading.Event) -> Callable[[Request], Reply]:
    """An answer that drips for as long as somebody listens."""

    def answer(request: Request) -> Reply:
        def pieces() -> Iterator[bytes]:
            for _ in range(400):
                yield b"d"
                held.set()
                time.sleep(0.05)

        return Reply(body=pieces())

    return answer


def silent_answer(held: threading.Event, server: ScriptedServer) -> Callable[[Request], Any]:
    def answer(request: Request) -> Any:
        held.set()
        server.closed.wait(20)
        return None

    return answer


@attack("S14", "cancel() while a file of the result drips", "the place of the job, for as long as it drips", seconds=9)
def cancel_download(ground: Ground) -> None:
    def prepare(app: App, held: threading.Event) -> None:
        app.said = lambda event_id: [done(file_of("/srv/x"))]
        app.on("GET", "/file=*", holding(held))

    cancelled(ground, prepare, "the download")


@attack("S14", "cancel() while a file of a generator's step does not come", "the place of the job", seconds=9)
def cancel_silent_download(ground: Ground) -> None:
    def prepare(app: App, held: threading.Event) -> None:
        app.said = lambda event_id: [yields(file_of("/srv/x")), lambda: wait_until(lambda: app.joins > 1, 20)]
        app.on("GET", "/file=*", silent_answer(held, app))

    cancelled(ground, prepare, "the download")


@attack("S14", "cancel() while the app does not answer to an upload", "", seconds=9)
def cancel_upload(ground: Ground) -> None:
    def prepare(app: App, held: threading.Event) -> Any:
        app.on("POST", "/upload", silent_answer(held, app))
        return handle_file(b"x", "x")

    cancelled(ground, prepare, "the upload")


@attack("S14", "cancel() while a file of handle_file(URL) drips", "the place of the job", seconds=9)
def cancel_foreign_file(ground: Ground) -> None:
    def prepare(app: App, held: threading.Event) -> Any:
        server = ground.server()
        server.on("GET", "/slow", holding(held))
        return handle_file(server.url + "/slow")

    cancelled(ground, prepare, "the download for the upload")


@attack("S14", "cancel() while the app does not answer to a join, timeout=3", "", seconds=9)
def cancel_join(ground: Ground) -> None:
    """A join is waited for even then, so that the server can be told what has been cancelled; but not for ever."""

    def prepare(app: App, held: threading.Event) -> None:
        app.on("POST", "/queue/join", silent_answer(held, app))

    cancelled(ground, prepare, "the join", timeout=3.0)


@attack("S14", "cancel() and close() while the app sends pings and reads no pongs", "", seconds=9)
def unread_pongs(ground: Ground) -> None:
    held = threading.Event()

    def talk(web_socket: Any, request: Request) -> None:
        web_socket.send({"msg": "process_generating", "output": {"data": ["x"]}, "success": True})
        web_socket._sock.settimeout(0.5)
        with contextlib.suppress(OSError):
            while True:
                web_socket.frame(9, b"p" * 125)
        held.set()
        app.closed.wait(15)

    for end in ("cancel", "close"):
        with App("ws") as app:
            app.on("GET", "/queue/join", Upgrade(talk), Upgrade(app._talk))
            client = ground.client(app.url, max_workers=1)
            held.clear()
            job = client.submit("x")
            if not held.wait(10):
                raise AssertionError("the pings do not come to an end")
            getattr(job if end == "cancel" else client, end)()
            wait_until(job.done, 3.0)
            if not job.done():
                raise Gained(f"a job that goes on after {end}()")
            if end == "cancel" and ground.tries(client.submit("y").result, 5) != "ok":
                raise Gained("the place of the job")


@attack("S14", "close() while files drip, both ways", "", seconds=9)
def close_in_transfers(ground: Ground) -> None:
    for path in ("/file=*", "/upload", "/queue/join"):
        held = threading.Event()
        with App(said=[done(file_of("/srv/x"))]) as app:
            app.both(path, holding(held))
            client = ground.client(app.url, timeout=20.0)
            job = client.submit(handle_file(b"x", "x"))
            held.wait(5)
            began = time.monotonic()
            client.close()
            if not isinstance(ground.tries(job.result, 5), glc.GradioError) or time.monotonic() - began > 4:
                raise Gained(f"{time.monotonic() - began:.1f} s of close(), at {path}")


# ---- S15: numbers on the command line, S20 and S25 -----------------------------------------------


class Console(io.TextIOWrapper):
    """A stream that says it is a terminal, or not, and what was written to it."""

    def __init__(self, terminal: bool):
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    @property
    def text(self) -> str:
        self.flush()
        buffer: Any = self.buffer
        return str(buffer.getvalue().decode("utf-8", "replace"))


def command_line(*words: str, terminal: bool = False, stdin: str | None = None) -> tuple[int, str, str]:
    """The command line in this process."""
    out, err = Console(terminal), Console(terminal)
    given = Console(stdin is None)
    if stdin is not None:
        given.write(stdin)
        given.seek(0)
    with mock.patch.object(sys, "stdin", given), mock.patch.object(sys, "stdout", out):
        with mock.patch.object(sys, "stderr", err):
            try:
                code = glc.main(list(words))
            except SystemExit as error:
                code = int(error.code or 0)
    return code, out.text, err.text


ODD_NUMBERS = [
    "1e400",
    "-1e400",
    "NaN",
    "1" + "0" * 400,
    "1" + "0" * 4290,
    "-5",
    "0",
    "1e-400",
    "true",
    '"x"',
    "[]",
    "1.5",
]


def odd(text: str, **more: Any) -> bytes:
    """A message in which a number stands that json.dumps() would not write."""
    return f"data: {json.dumps({'event_id': 'id', **more})}\n\n".replace('"ODD"', text).encode()


@attack("S15", "numbers that are none, huge, infinite or negative, wherever the command line shows one", "exit code 1")
def odd_numbers(ground: Ground) -> None:
    for text in ODD_NUMBERS:
        said: list[Any]
        bars = [{"index": a, "length": b, "progress": c, "unit": "x", "desc": "d"} for a, b, c in BARS]
        said = [
            odd(text, msg="estimation", rank="ODD", queue_size="ODD", rank_eta="ODD"),
            odd(text, msg="process_starts", eta="ODD"),
            *(odd(text, msg="progress", progress_data=[bar]) for bar in bars),
            odd(text, msg="log", log="ODD", level="ODD", duration="ODD", title="ODD"),
            odd(text, msg="process_generating", output={"data": ["a"], "duration": "ODD", "average_duration": "ODD"}),
            done("fine", duration="ODD"),
        ]
        for words in ([], ["-v"], ["--json", "--stream"]):
            with App(said=said) as app:
                code, out, err = command_line("predict", app.url, "x", *words, terminal=not words)
            if code or "fine" not in out:
                raise Gained(f"exit code {code} for {text[:20]} with {words}: {err[-200:]}")


BARS = [("ODD", "ODD", None), ("ODD", 1, None), (1, "ODD", None), (None, None, "ODD"), (1, 0, None), (0, 0, 0)]


@attack("S15", "lengths, sizes and waits of 5,000 digits", "exit code 1")
def long_numbers(ground: Ground) -> None:
    digits = "9" * 5000
    for name, value in (("Content-Length", digits), ("Content-Length", "-1"), ("Content-Length", "1e3"), ("X", "y")):
        with App(said=[done(file_of("/srv/x", size=10**300))]) as app:
            app.on("GET", "/file=*", Reply(headers={name: value}, body=b"contents", close=True))
            code, _, err = command_line("predict", app.url, "x", terminal=True)
            if name == "X" and code:
                raise Gained(f"exit code {code}: {err[-200:]}")
            if "Traceback" in err or code not in (0, 1, 3, 7):
                raise Gained(f"exit code {code}, {err[-200:]}")
    for status in (429, 503):
        for wait in (digits, "-1", "1e400", "nan", "Wed, 99 Oct 99999 07:28:00 GMT", "Wed, 21 Oct 9999 07:28:00 GMT"):
            with App() as app:
                app.on("POST", "/queue/join", Reply(status, {"Retry-After": wait}, "no"))
                code, _, err = command_line("predict", app.url, "x")
                if "Traceback" in err or len(err) > 3000 or code not in (1, 3, 6):
                    raise Gained(f"exit code {code} and {len(err)} letters, for Retry-After {wait[:20]}")


@attack("S15", "results that are odd numbers", "")
def odd_results(ground: Ground) -> None:
    for text in ODD_NUMBERS:
        said = [odd(text, **done("ODD"))]
        for words in ([], ["--json"]):
            with App(said=said) as app:
                code, _, err = command_line("predict", app.url, "x", *words)
            if code and text != "1" + "0" * 4290:
                raise Gained(f"exit code {code} for {text[:20]} with {words}: {err[-200:]}")


# ---- S16, S19, S22: what is sent -----------------------------------------------------------------

INJECTED = ("\r\nX-Evil: 1", "\nX-Evil: 1", "\rX-Evil: 1", "\x00", "\r\n\r\nGET /admin HTTP/1.1\r\nX-Evil: 1\r\n\r\n")


def check_heads(app: ScriptedServer, what: str) -> None:
    for request in app.requests:
        text = f"{request.method} {request.target} {request.headers}"
        if "x-evil" in request.headers or any(char in text for char in "\r\n\x00") or "/admin" in request.target[:6]:
            raise Gained(f"a header of its own in {request.method} {request.target[:80]}, by {what}")
        for name, value in request.headers.items():
            if any(ord(char) < 32 or ord(char) == 127 for char in name + value):
                raise Gained(f"control characters in the header {name}: {value!r:.80}, by {what}")
        for part in request.body.split(b"\r\n\r\n")[:3] if b"form-data" in request.body else ():
            if re.search(rb"(?im)^x-evil", part.rpartition(b"form-data")[2]) or b"\rX-Evil" in part:
                raise Gained(f"a header of its own in a form: {part[-120:]!r}, by {what}")


def raw_config(app: App, head: bytes) -> RawServer:
    """An app whose heads have these lines, as they are; it sends them with every answer."""

    def talk(sock: socket.socket) -> None:
        with contextlib.closing(sock.makefile("rb")) as reader:
            while True:
                request = app._read(sock, reader, 1)
                if request is None:
                    return
                answer: Any = app._answer(request)
                data = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
                lines = b"Content-Type: text/event-stream\r\n" if request.path == "/queue/data" else b""
                sock.sendall(
                    b"HTTP/1.1 200 OK\r\n" + lines + head + b"\r\nContent-Length: %d\r\n\r\n" % len(data) + data
                )

    return RawServer(talk)


@attack("S16", "Set-Cookie with bare CR, NUL and other control characters", "a header of its own in later requests")
def cookies_with_lines(ground: Ground) -> None:
    for cookie in (
        *("a=1\rX-Evil: 1", "a\rX-Evil: 1=1", "a=\x00", "a=1\x0bX: y", "a=\x1b[2J", "a=1; Path=/\rX-Evil: 1", "a=\x7f"),
        *("a=1\r\n X-Evil: 1", "a=1\r\n\tX-Evil: 1", "a=1\n X-Evil: 1", "a\r\n =1", "a=1; Path=/\r\n X-Evil: 1"),
        *('a="1\rX-Evil: 1"', "a=1; Comment=\rX-Evil: 1; Version=1", '$Path="\rX-Evil: 1"; a=1; Version=1', "a=\x85"),
    ):
        with App() as app, raw_config(app, b"Set-Cookie: " + cookie.encode("latin-1")) as server:
            client = ground.tries(ground.client, server.url, timeout=2.0)
            if isinstance(client, glc.Client):
                ground.tries(client.predict, "x")
            check_heads(app, f"Set-Cookie: {cookie!r}")


@attack("S16", "file names from which a media type is guessed", "a header of its own in a form")
def names_in_forms(ground: Ground) -> None:
    names = [f"{start}{evil}{end}" for evil in INJECTED for start, end in (("a.txt", ""), ("data:text/x", ",x"))]
    names += [f"data:image/x{evil};base64,eA==" for evil in INJECTED] + ['a"; filename="b', "a\\", "é", "\ud800"]
    for name in names:
        with App() as app:
            client = ground.client(app.url)
            ground.tries(client.predict, handle_file(b"x", name))
            stream = io.BytesIO(b"x")
            stream.name = name
            ground.tries(client.predict, handle_file(stream))
            with App(said=[done(file_of("/srv/x", orig_name=name, mime_type=name))]) as other:
                given = ground.client(other.url, download_files=False).predict("x")
                ground.tries(client.predict, given)
                ground.tries(lambda: client.predict(handle_file(given.read(), given["orig_name"])))
            check_heads(app, f"the name {name!r}")


@attack("S16", "names in the path of handle_file(URL), and what its answers say", "")
def names_in_urls(ground: Ground) -> None:
    for evil in (*INJECTED, " HTTP/1.1", "\u2028", "\x85"):
        quoted = "".join(f"%{byte:02X}" for byte in evil.encode())
        with App() as app, ScriptedServer() as server:
            server.on("*", "/*", Reply(headers={"Content-Type": "text/x", "Content-Disposition": "x"}, body="x"))
            client = ground.client(app.url)
            for url in (f"{server.url}/a{quoted}.txt", f"{server.url}/a{evil}.txt", f"{server.url}/x?a={evil}#{evil}"):
                ground.tries(lambda url=url: client.predict(handle_file(url)))
            check_heads(app, f"the URL with {evil!r}")
            check_heads(server, f"the URL with {evil!r}")


@attack("S16", "event ids, paths, function numbers, versions and names that hold lines", "")
def ids_with_lines(ground: Ground) -> None:
    for evil in INJECTED:
        for protocol in ("sse", "sse_v3"):
            word = f"id{evil}"
            with App(protocol, entry={"id": word, "api_name": f"predict{evil}"}) as app:
                app.config["app_id"] = app.config["root"] = app.config["path"] = word
                app.said = lambda event_id, word=word: [yields("a", event_id=word), done(file_of(word))]  # type: ignore[misc]
                app.on("POST", "/queue/join", partial(app.join, event_id=word))
                app.on("POST", "/upload", [word])
                client = ground.tries(ground.client, app.url, timeout=2.0)
                if isinstance(client, glc.Client):
                    job = ground.tries(client.submit, handle_file(b"x", "x"), fn_index=0)
                    if isinstance(job, glc.Job):
                        with contextlib.suppress(Exception):
                            next(iter(job))
                            job.cancel()
                        ends_or_cancelled(job)
                    client.close()
                check_heads(app, f"the id {word!r} in {protocol}")


def ends_or_cancelled(job: Any) -> None:
    with contextlib.suppress(glc.GradioError, *cancellations()):
        job.result(timeout=5)


def cancellations() -> tuple[Any, ...]:
    import concurrent.futures

    return (concurrent.futures.CancelledError,)


@attack("S16", "what the caller gives: headers, cookies, logins, tokens, a session hash", "")
def given_with_lines(ground: Ground) -> None:
    for evil in INJECTED:
        for options in (
            *({"headers": {"X-A": f"a{evil}"}}, {"headers": {f"X-A{evil}": "a"}}, {"cookies": {"a": f"b{evil}"}}),
            *({"cookies": {f"a{evil}": "b"}}, {"token": f"hf_x{evil}y"}, {"auth": (f"a{evil}", "b")}),
            *({"oauth_token": f"a{evil}b"}, {"api_name": f"/predict{evil}"}),
        ):
            with App() as app:
                client = ground.tries(ground.client, app.url, **options)
                if isinstance(client, glc.Client):
                    with contextlib.suppress(AttributeError, ValueError, TypeError):  # has no setter, or refuses it
                        client.session_hash = f"abc{evil}"
                    ground.tries(client.predict, "x")
                    ground.tries(client.predict, "x", headers={"X-B": f"b{evil}"})
                check_heads(app, f"{options!r}")


PREFIXES: list[Json] = [
    *"/../admin/x?y= /a/../../admin //evil.test http://evil.test /x?y= /x#y /%2e%2e/admin /a\\..\\admin /.. /.".split(),
    *"/./admin @evil.test :80@evil.test /\u2025/admin /a//admin /%2fadmin /a;x=y ?x #x /\ud800 \\\\evil.test".split(),
    *("/a b", "/a\r\nX-Evil: 1", 5, ["/admin"], {"a": 1}, True, "/" + "a" * 100_000),
]


def check_targets(app: App, what: str, starts: Sequence[str] = ("/",)) -> None:
    """Every request goes to a path of the app, also as proxies see it that resolve and tidy up paths."""
    for request in app.requests:
        path, _, query = request.target.partition("?")
        steps = unquote(path).replace("\\", "/").split("/")
        tidy = "/".join(["", *filter(None, steps)])
        odd = ".." in steps or "." in steps or path.startswith("//") or tidy.startswith("/admin")
        if odd or "y=" in query.partition("session_hash=")[0] or not tidy.startswith(tuple(starts)):
            raise Gained(f"{request.method} {request.target[:100]}, by {what}")


@attack("S19", "api_prefix in every odd form", "requests to other paths of the host")
def prefixes(ground: Ground) -> None:
    for prefix in PREFIXES:
        with App() as app:
            app.config["api_prefix"] = prefix
            for method in ("GET", "POST"):
                app.on(method, "/*", {})
            client = ground.tries(ground.client, app.url, timeout=2.0)
            if isinstance(client, glc.Client):
                ground.tries(client.view_api, print_info=False)
                job = client.submit("x")
                wait_until(job.done, 0.3)
                client.close()
            check_targets(app, f"api_prefix {prefix!r:.60}")


STEERING = [*"../../admin/x x/../../admin?y= .. . x?y= x#y //admin /admin x/%2e%2e/admin ..\\admin a/./b".split(), ""]


@attack("S19", "event ids, paths of files, names of functions with .., ? and //", "requests to other paths of the host")
def steering(ground: Ground) -> None:
    for word in STEERING:
        for protocol in ("sse", "sse_v3", "http"):
            said = [done(file_of(f"/srv/{word}"), file_of(word, is_stream=True))]
            with App(protocol, said, entry={"api_name": word or "predict"}, outputs=[1, 1]) as app:
                app.on("POST", "/*", {"data": [file_of(word), file_of(word, is_stream=True)]})
                app.on("GET", "/*", b"something")
                app.on("POST", "/queue/join", partial(app.join, event_id=word))
                app.on("POST", "/upload", [f"/srv/{word}"])
                app.config["app_id"] = word
                client = ground.client(app.url, timeout=2.0)
                job = ground.tries(client.submit, handle_file(b"x", "x"), fn_index=0)
                if isinstance(job, glc.Job):
                    ends_or_cancelled(job) if word and protocol != "sse" else wait_until(job.done, 0.5)
                    job.cancel()
                client.close()
                starts = "/config /info /upload /file= /run /queue /stream /cancel /reset /heartbeat".split()
                check_targets(app, f"{word!r} in {protocol}", starts)


@attack("S19", "the session hash that a caller sets", "")
def steering_hash(ground: Ground) -> None:
    for word in ("a&fn_index=5", "a#b", "../../admin", "a b", "é", "a?y="):
        with App() as app:
            client = ground.client(app.url)
            try:
                client.session_hash = word
            except (AttributeError, ValueError, TypeError):
                continue
            ground.tries(client.predict, "x")
            for request in app.requests:
                if request.path == "/queue/data" and request.query != {"session_hash": word}:
                    raise Gained(f"GET {request.target}, by {word!r}")


@attack("S22", "send_data 300 times", "its data are sent 300 times")
def send_data_again(ground: Ground) -> None:
    for protocol in ("sse", "ws"):
        sent: list[Any] = []

        def talk(socket: Any, request: Request, sent: list[Any] = sent) -> None:
            socket.send({"msg": "send_hash"})
            sent.append(socket.receive())
            for _ in range(300):
                socket.send({"msg": "send_data"})
                socket.send({"msg": "send_hash"})
            socket.send(done("ok"))
            socket.close()
            for message in iter(socket.receive, None):
                sent.append(message)

        with App(protocol, [*({"msg": "send_data"} for _ in range(300)), done("ok")]) as app:
            if protocol == "ws":
                app.on("GET", "/queue/join", Upgrade(talk))
            ground.tries(ground.client(app.url).predict, "x")
            posts = [request for request in app.requests if request.path == "/queue/data"] if protocol == "sse" else []
        data = [message for message in sent if "data" in (message or {})]
        if max(len(posts), len(data)) > 1:
            raise Gained(f"the data {max(len(posts), len(data))} times ({protocol})")
        if len(sent) - len(data) > 2:
            raise Gained(f"the session hash {len(sent) - len(data)} times")


@attack("S22", "process_streaming, and other events that are answered, 300 times", "300 requests")
def streaming_again(ground: Ground) -> None:
    step = {"msg": "process_streaming", "output": {"data": ["a"]}, "success": True}
    with App(said=[*(step for _ in range(300)), done("ok")]) as app:
        ground.tries(ground.client(app.url).predict, "x")
        posts = [request for request in app.requests if request.path.startswith("/stream/")]
    if len(posts) > 3:
        raise Gained(f"{len(posts)} requests")


@attack("S22", "a login that never helps, redirects that go round, streams that end at once", "")
def in_circles(ground: Ground) -> None:
    with App() as app:
        app.on("POST", "/queue/join", Reply.json({"detail": "Not authenticated"}, 401))
        app.on("POST", "/login*", Reply.json({"success": True}, headers={"Set-Cookie": "a=1"}))
        ground.tries(ground.client(app.url, auth=("ada", PASSWORD)).predict, "x")
        if len(app.requests) > 20:
            raise Gained(f"{len(app.requests)} requests for a login")
    with App() as app:
        app.on("GET", "/config*", lambda request: Reply(302, {"Location": f"/config{len(app.requests)}"}))
        app.on("GET", "/", lambda request: Reply(302, {"Location": "/"}))
        ground.tries(ground.client, app.url)
        if len(app.requests) > 60:
            raise Gained(f"{len(app.requests)} requests for a config")
    for answer in (
        Reply(200, SSE, b""),
        Reply(200, SSE, b": x\n\n"),
        Reply(503),
        Reply(429, {"Retry-After": "0"}),
        None,
    ):
        with App() as app:
            app.on("GET", "/queue/data", answer)
            job = ground.client(app.url).submit("x")
            wait_until(job.done, 3.0)
            if len(app.requests) > 100:
                raise Gained(f"{len(app.requests)} requests for a stream that is {answer!r:.60}")


# ---- S17: what the standard library prints -------------------------------------------------------


@attack("S17", "cookies over which the standard library stumbles", "a warning with a traceback on stderr")
def odd_cookies(ground: Ground) -> None:
    nines = "9" * 400
    odd = f"""= ; , a a=1;Max-Age a=1;Max-Age={nines} a=1;Max-Age=-{nines * 9} a=1;Max-Age=x a=1;Max-Age=1e400
        a=1;Version={nines * 9} a=1;Version=x a=1;Port={nines * 9} a=1;Port="1,2,x" a=1;Expires=x a=1;expires={nines}
        a=1;Domain= a=1;Domain=. a=1;Domain={"." * 500} a=1;Path={"/" * 9000} \x80\xff=\xfe a=" a=1;Secure=x;HttpOnly
        a=1;Expires=Wed,_99_Oct_99999999999_07:28:00_GMT a=1;Expires=Thu,_01-Jan-0000_00:00:00_GMT {"a=1;" * 3000}
        a=1;Expires=Thu,_01_Jan_1970_00:00:00_+9999999999"""
    many = ["", *(one.replace("_", " ").replace(";", "; ") for one in odd.split())]
    for cookie in many:
        with ground.quiet(), App() as app:
            for version in ("", "2"):
                value = cookie.replace("\r", "").replace("\n", "")
                app.on("GET", "/config", Reply.json(app.config, headers=[(f"Set-Cookie{version}", value)] * 2))
                client = ground.tries(ground.client, app.url)
                if isinstance(client, glc.Client):
                    ground.tries(client.predict, "x")


@attack("S17", "answers, names and values over which the standard library stumbles", "")
def odd_answers(ground: Ground) -> None:
    kinds = ("text/x; charset=\x00", "text/event-stream; charset=utf-99", "multipart/mixed; boundary=", ";;;", "\xff")
    for kind in kinds:
        with ground.quiet(), App(said=[done(file_of("/srv/x", orig_name="data:,x", mime_type=kind))]) as app:
            app.on("GET", "/file=*", Reply(headers={"Content-Type": kind, "Content-Disposition": kind}, body=b"x"))
            ground.tries(ground.client(app.url).predict, "x")


@attack("S17", "connections, jobs and clients that are dropped at any moment", "")
def dropped(ground: Ground) -> None:
    import gc

    with ground.quiet(), App("sse_v3", [done("ok")]) as app:
        for _ in range(5):
            client = glc.Client(app.url, trust_env=False)
            ground.tries(client.submit("x").result, 5)  # a join of the one before may have taken its answer
            client.submit("y")
            del client
            gc.collect()
        time.sleep(0.1)
        gc.collect()


# ---- S18: TLS that is cut ------------------------------------------------------------------------


def tls_server(ground: Ground, answers: dict[str, bytes]) -> RawServer:
    """Answers by the beginning of the path, as they are, and ends the connection without the words of TLS for it."""

    def talk(sock: socket.socket) -> None:
        with contextlib.closing(sock.makefile("rb")) as reader:
            request = read_request(reader)
            if request is not None:
                found = [data for path, data in answers.items() if request.path.startswith(path)]
                sock.sendall(found[0] if found else b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")

    return ground.enter(RawServer(talk, tls=True))


def answer_of(value: Json, head: str = "Content-Type: application/json") -> bytes:
    data = json.dumps(value).encode()
    return f"HTTP/1.1 200 OK\r\n{head}\r\nConnection: close\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


NO_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"


@attack("S18", "a file without a length, cut by the end of the TCP connection", "half a file counts as whole")
def cut_file(ground: Ground) -> None:
    with App() as app:
        server = tls_server(ground, {"/x": NO_LENGTH + b"half of the fi"})
        client = ground.client(app.url, ssl_verify=CA_FILE)
        outcome = ground.tries(client.predict, handle_file(f"https://127.0.0.1:{server.port}/x"))
        if any(b"half of the fi" in request.body for request in app.requests):
            raise Gained("half a file is uploaded as a whole")
        if not isinstance(outcome, glc.GradioError):
            raise Gained(f"a result, {outcome!r}")


@attack("S18", "a download, a result or a config without a length, cut in the same way", "half of it counts as whole")
def cut_answers(ground: Ground) -> None:
    stream = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    with App(said=[done("x")]) as app:
        config = {**app.config}
        direct = {**config, "dependencies": [{**config["dependencies"][0], "queue": False, "types": {}}]}
    message = json.dumps({"event_id": "id", **done(file_of("/srv/x"))}).encode()
    for name, answers in {
        "file": {
            "/config": answer_of(config),
            "/queue/join": answer_of({"event_id": "id"}),
            "/queue/data": stream + b"data: " + message + b"\n\n",
            "/file": NO_LENGTH + b"half",
        },
        "result": {"/config": answer_of(direct), "/run": NO_LENGTH + b'{"data": [12]}'},
    }.items():
        server = tls_server(ground, answers)
        client = ground.client(f"https://127.0.0.1:{server.port}", ssl_verify=CA_FILE)
        outcome = ground.tries(client.predict, "x")
        if not isinstance(outcome, glc.GradioError):
            raise Gained(f"a result ({name}), {outcome!r}")


# ---- S20: words in errors, logs and on terminals -------------------------------------------------

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\rok\nERROR:root:forged\x08\x00\u2028\x85\x7f"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # not tabs and line feeds
ENDS_OF_LINES = re.compile("[\n\u2028\u2029]")  # and those above


def check_text(text: str, what: str, lines: bool = False) -> None:
    """No control characters, and, unless it may have several lines, nothing that ends one."""
    found = CONTROL.search(text) or (None if lines else ENDS_OF_LINES.search(text))
    if found:
        raise Gained(f"{found.group()!r} in {what}: {text[:200]!r}")


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@contextlib.contextmanager
def logged() -> Iterator[list[str]]:
    """All that the library logs meanwhile."""
    handler, logger = Lines(), logging.getLogger("gradio_lite_client")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield handler.texts
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def hostile_apps() -> Iterator[tuple[str, Callable[[App], None]]]:
    """Apps that send escapes at each place whose words a person may see."""
    head = "".join(char for char in ESCAPES if char not in "\r\n\u2028")

    def answers(method: str, path: str, reply: Any) -> Callable[[App], None]:
        return lambda app: app.on(method, path, reply)

    for status in (400, 401, 403, 404, 413, 422, 429, 500, 502, 503):
        for body in ({"detail": ESCAPES}, {"error": ESCAPES}, {"detail": [{"msg": ESCAPES, "loc": [ESCAPES]}]}):
            headers = {"Retry-After": head, "WWW-Authenticate": head, "Location": head, "Server": head}
            yield f"a join that answers {status}", answers("POST", "/queue/join", Reply.json(body, status, headers))
    for status in (301, 307):
        yield f"a join that answers {status}", answers("POST", "/queue/join", Reply(status, {"Location": "/" + head}))
        yield (
            f"a config that answers {status}",
            answers("GET", "/config", Reply(status, {"Location": "http://x/" + head})),
        )
    page = f"<html><title>{ESCAPES}</title>{ESCAPES}</html>"
    yield "an upload that answers with a page", answers("POST", "/upload", page)
    yield "a config that is a page", answers("GET", "/config", Reply(404, (), page))
    yield "an info that is a page", answers("GET", "/info", Reply(500, (), page))
    yield "a join without an id", answers("POST", "/queue/join", {"event": ESCAPES})
    yield "a stream that answers 500", answers("GET", "/queue/data", Reply(500, (), page))
    yield "a file that answers 404", answers("GET", "/file=*", Reply(404, (), page))
    yield "an encoding", answers("GET", "/file=*", Reply(headers={"Content-Encoding": head}, body=b"x"))
    for message in (
        failed(ESCAPES, title=ESCAPES),
        {"msg": "unexpected_error", "message": ESCAPES},
        {"msg": "process_completed", "output": ESCAPES},
        {"msg": "process_completed", "output": {"data": ESCAPES}, "success": True},
        {"msg": "log", "log": ESCAPES, "level": ESCAPES},
        {"msg": "progress", "progress_data": [{"desc": ESCAPES, "unit": ESCAPES, "index": 1, "length": 2}]},
        {"msg": ESCAPES},
    ):
        yield f"the message {message['msg']!r:.30}", lambda app, message=message: said(app, message)  # type: ignore[misc]
    yield (
        "a message that is none",
        lambda app: said(app, f"data: {ESCAPES}\n\n".replace("\n", "\x0b").encode() + b"\n\n"),
    )
    yield "a status line", lambda app: None


def said(app: App, message: Any) -> None:
    app.said = lambda event_id: [message, done("end")]


@attack("S20", "escapes and lines in all that a server says: texts of errors", "they reach the terminal")
def escapes_in_errors(ground: Ground) -> None:
    for what, prepare in hostile_apps():
        with App(said=[done(file_of("/srv/x"))]) as app, logged() as texts:
            prepare(app)
            outcome = ground.tries(lambda: ground.client(app.url, timeout=2.0).predict(handle_file(b"x", "x")))
            if isinstance(outcome, glc.GradioError):
                check_text(str(outcome), f"an error after {what}", lines=isinstance(outcome, glc.AppError))
                trace = "".join(traceback.format_exception(type(outcome), outcome, outcome.__traceback__))
                check_text(trace, f"a traceback after {what}", lines=True)
        for text in texts:
            check_text(text, f"a log line after {what}")


@attack("S20", "escapes and lines in all that a server says: the command line", "they reach the terminal")
def escapes_on_terminals(ground: Ground) -> None:
    for terminal, words in ((True, []), (True, ["-v"]), (False, ["-v"]), (True, ["--json", "--stream"])):
        for what, prepare in hostile_apps():
            with App(said=[done("fine")]) as app:
                prepare(app)
                _, out, err = command_line("predict", app.url, "x", *words, "--timeout", "2", terminal=terminal)
            for text in (out, err) if terminal else (err,):
                shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", text) if text is err and terminal else text
                if "\x1b]" in text or "\x9b" in text or "\x1b[2J" in text:
                    raise Gained(f"escapes on the terminal after {what}: {text[:100]!r}")
                check_text(shown, f"the terminal after {what}", lines=True)
                if re.search(r"(?m)^ERROR:root:forged", err):
                    raise Gained(f"a line of its own on stderr after {what}: {err[:200]!r}")


@attack("S20", "escapes in names, labels, descriptions and defaults of functions: view_api(), info", "they are printed")
def escapes_in_descriptions(ground: Ground) -> None:
    parameter = {
        **{"label": ESCAPES, "parameter_name": ESCAPES, "parameter_has_default": True, "parameter_default": ESCAPES},
        **{"type": {"type": "string", "enum": [ESCAPES]}, "python_type": {"type": ESCAPES, "description": ESCAPES}},
        **{"component": ESCAPES, "example_input": ESCAPES},
    }
    name = f"predict{ESCAPES}"
    info = {"parameters": [parameter], "returns": [parameter], "description": ESCAPES, "oauth_token": ESCAPES}
    for described in (True, False):
        with App(entry={"api_name": name, "description": ESCAPES}) as app:
            app.config["title"] = app.config["version_text"] = ESCAPES
            for component in app.config["components"]:
                component["props"] = {"label": ESCAPES, "value": ESCAPES, "choices": [[ESCAPES, ESCAPES]]}
                component["type"] = component["type"] if described else f"x{ESCAPES}"
            app.on("GET", "/info", {"named_endpoints": {f"/{name}": info}} if described else Reply(404))
            client = ground.client(app.url)
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                client.view_api()
            check_text(out.getvalue(), "what view_api() prints", lines=True)
            check_text(repr(client), "repr(client)")
            for wrong in ((), ("x", "y", "z")):
                error = ground.tries(client.predict, *wrong, nonsense=1)
                check_text(str(error), "an error about arguments", lines=isinstance(error, glc.AppError))
            check_text(str(ground.tries(client.predict, "x", api_name="/nosuch")), "an error about a name")
            for words in (["info", app.url], ["info", app.url, "--json"], ["predict", app.url, "a=b"]):
                _, shown, err = command_line(*words, terminal=True)
                check_text(shown, "what info prints", lines=True)
                check_text(err.replace("\r", ""), "what info says", lines=True)


@attack("S20", "escapes in results, and contents of files, on a terminal", "the terminal obeys them")
def escapes_in_results(ground: Ground) -> None:
    for value in (ESCAPES, [ESCAPES], {ESCAPES: ESCAPES}, {"a": [{"b": ESCAPES}]}):
        for words in ([], ["--json"], ["--stream", "--json"]):
            with App(said=[yields(value), done(value)]) as app:
                _, out, _ = command_line("predict", app.url, "x", *words, terminal=True)
                check_text(out, f"what predict {words} prints", lines=True)
    for contents in (b"\x1b]0;owned\x07text", bytes(range(256)), b"\x00\x01", "\x9b31m".encode()):
        with App(said=[done(file_of("/srv/x"))]) as app:
            app.on("GET", "/file=*", contents)
            code, out, _ = command_line("predict", app.url, "x", "-o", "-", terminal=True)
            if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd]", out):
                raise Gained(f"{contents[:20]!r} on the terminal (-o -), with code {code}")


@attack("S20", "headers, reasons and addresses of 60 KB in texts of errors", "60 KB in an error")
def long_words(ground: Ground) -> None:
    long = "w" * 60_000
    replies = [Reply(status, {name: long}, long) for status in (401, 403, 404, 429, 500, 503) for name in NAMES]
    replies += [
        Reply(status, {"Location": prefix + long}) for status in (302, 307) for prefix in ("/", "http://", "x://")
    ]
    replies += [Reply(headers={"Content-Encoding": long}, body=b"{}"), Reply(headers={"Transfer-Encoding": long})]
    for reply in replies:
        for method, path in (("POST", "/queue/join"), ("GET", "/config"), ("POST", "/upload"), ("GET", "/queue/data")):
            with App() as app, logged() as texts:
                app.on(method, path, reply)
                outcome = ground.tries(ground.client, app.url, timeout=2.0)
                if isinstance(outcome, glc.Client):
                    job = outcome.submit(handle_file(b"x", "x"))
                    wait_until(job.done, 0.3)  # a stream that is refused is asked for again, after a while
                    outcome = ground.tries(job.result, 0) if job.done() else None
                size = max([len(str(outcome)), *map(len, texts)])
                if size > 5000:
                    raise Gained(f"{size} letters in an error or log line, by {path} and {reply!r:.80}")


NAMES = ("Retry-After", "WWW-Authenticate", "Location", "Content-Type", "Server")


# ---- S21: time -----------------------------------------------------------------------------------


@attack("S21", "2,000 parameters or results with the same label", "31 s", seconds=1.0)
def equal_labels(ground: Ground) -> None:
    count = ground.size(1000, 2000)
    for label in ("same", "", "same" * 50):
        with App(said=[done(*["x"] * count)], inputs=[1] * count, outputs=[1] * count) as app:
            app.config["components"][0]["props"] = {"label": label, "value": "x"}
            client = ground.client(app.url)
            client.view_api(print_info=False)
            ground.tries(client.predict, "x")
            ground.tries(client.predict, *["x"] * count)
    item = {"label": "same", "parameter_name": "same", "type": {}, "python_type": {"type": "str"}, "component": "X"}
    with App(said=[done(*["x"] * count)], outputs=[1] * count) as app:
        described = {"parameters": [item], "returns": [item] * count}
        app.on("GET", "/info", {"named_endpoints": {"/predict": described}})
        for words in (["predict", app.url, "x", "--json"], ["info", app.url]):
            with ground.cost():
                command_line(*words)


@attack("S21", "20,000 parameters, given by name; a wrong name among them", "7 s", seconds=4.0)
def many_parameters(ground: Ground) -> None:
    count = ground.size(5000, 9_000)
    names = [f"parameter_{number}" for number in range(count)]
    described = [
        {"label": n, "parameter_name": n, "parameter_has_default": False, "type": {}, "python_type": {"type": "Any"}}
        for n in names
    ]
    with App(inputs=[1] * count) as app:
        app.on("GET", "/info", {"named_endpoints": {"/predict": {"parameters": described, "returns": [{}]}}})
        client = ground.client(app.url, timeout=60.0)
        with ground.cost():
            ground.tries(client.predict, **dict.fromkeys(names, 1))
            ground.tries(client.predict, **dict.fromkeys(names[1:], 1))
            ground.tries(client.predict, parameter_x=1)
            ground.tries(client.view_api, print_info=False)


@attack("S21", "20,000 functions with long names; a wrong one is asked for", "an error of 4 MB", seconds=4.0)
def many_functions(ground: Ground) -> None:
    count = ground.size(2000, 20_000)
    with App() as app:
        entry = app.config["dependencies"][0]
        app.config["dependencies"] = [{**entry, "id": i, "api_name": f"f{i}" + "x" * 200} for i in range(count)]
        client = ground.tries(ground.client, app.url, timeout=60.0)
        if isinstance(client, glc.ProtocolError):  # more than it takes
            return
        with ground.cost():
            for name in ("f5", "f7" + "x" * 199, "y" * 300):
                error = ground.tries(client.predict, "x", api_name=name)
                if len(str(error)) > 20_000:
                    raise Gained(f"an error of {len(str(error))} letters")


def edited(ground: Ground, value: Json, edits: list[Json], seconds: float = 15.0) -> None:
    said = [yields(value), yields(edits), done("ok")]
    with App(said=said) as app:
        client = ground.client(app.url)
        with ground.cost():
            job = client.submit("x")
            value = ground.tries(job.result, 25)
            began = time.monotonic()
            client.close()
            if time.monotonic() - began > 2:
                raise Gained(f"close() takes {time.monotonic() - began:.1f} s")
        if value != "ok":
            bounded(value)


@attack(
    "S21", "a change of 3 MB: 100,000 appends to a text", "a thread is busy for long, also after close()", seconds=1.0
)
def many_appends(ground: Ground) -> None:
    edited(ground, "t" * 2 * MB, [["append", [], "x"]] * ground.size(30_000, 100_000))


@attack("S21", "100,000 appends to a text deep in a value", "a thread is busy for long", seconds=1.0)
def deep_appends(ground: Ground) -> None:
    edited(ground, {"a": [{"b": "t" * 2 * MB}]}, [["append", ["a", 0, "b"], "x"]] * ground.size(30_000, 100_000))


@attack("S21", "100,000 entries put before the first of a list, or taken from there", "", seconds=6.0)
def many_inserts(ground: Ground) -> None:
    count = ground.size(30_000, 100_000)
    edited(ground, list(range(count)), [["add", [0], 0]] * count)
    edited(ground, list(range(count)), [["delete", [0], None]] * count)
    edited(ground, {"a": list(range(count))}, [["add", ["a", 0], 0], ["delete", ["a", 0], None]] * (count // 2))


@attack("S21", "changes with very long paths", "", seconds=4.0)
def long_paths(ground: Ground) -> None:
    value: Json = "x"
    for _ in range(400):
        value = [value]
    edited(ground, value, [["append", [0] * 400, "x"]] * ground.size(1000, 5000))
    edited(ground, "x", [["append", [0] * 100_000, "x"]] * 3)


@attack("S21", "schemas that refer to themselves and to each other", "", seconds=4.0)
def schemas(ground: Ground) -> None:
    doubling = {f"a{i}": {"type": "array", "prefixItems": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(60)}
    deep: Json = {"type": "string"}
    for _ in range(150):
        deep = {"anyOf": [deep, deep, {"type": "array", "items": deep}]} if len(str(deep)) < 50_000 else {"items": deep}
    wide = {"enum": ["x" * 100] * 20_000}
    for schema in (
        {"$defs": doubling, "$ref": "#/$defs/a0"},
        deep,
        wide,
        {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    ):
        item = {"label": "x", "parameter_name": "x", "type": schema, "python_type": {}, "component": "X"}
        with App() as app:
            app.on("GET", "/info", {"named_endpoints": {"/predict": {"parameters": [item], "returns": [item]}}})
            app.config["components"][0]["api_info"] = schema
            client = ground.client(app.url)
            ground.tries(client.view_api, print_info=False)
            ground.tries(client.predict)
            command_line("info", app.url)
            command_line("predict", app.url, "x")


@attack("S21", "a number of a million digits, a value nested 100,000 times", "", seconds=4.0)
def unreadable_values(ground: Ground) -> None:
    for text in ("9" * MB, "[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000, "-" + "9" * MB):
        message = f'data: {{"msg":"process_completed","event_id":"id","success":true,"output":{{"data":[{text}]}}}}\n\n'
        with App(said=[message.encode()]) as app:
            job = ground.client(app.url, timeout=2.0).submit("x")
            wait_until(job.done, 0.5)  # it may wait: nobody knows for which job that was
        with App() as app:
            app.on("GET", "/config", Reply(200, (), text))
            ground.tries(ground.client, app.url)


@attack("S21", "100,000 components and 100,000 steps of layout", "", seconds=6.0)
def large_config(ground: Ground) -> None:
    count = ground.size(20_000, 100_000)
    with App() as app:
        one = app.config["components"][0]
        app.config["components"] += [{**one, "id": 100 + i} for i in range(count)]
        app.config["dependencies"][0]["inputs"] = [1]
        client = ground.client(app.url, timeout=60.0)
        with ground.cost():
            other = ground.client(app.url, timeout=60.0)
            ground.tries(other.predict, "x")
            ground.tries(client.view_api, print_info=False)


# ---- S23, S24: addresses and certificates --------------------------------------------------------


@contextlib.contextmanager
def silent_listener() -> Iterator[int]:
    """A port at which nobody answers to a wish to connect: the queue of those who wait is full."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                one.connect(full.getsockname())
        time.sleep(0.05)
        yield full.getsockname()[1]


@attack("S23", "a host with 8 addresses that do not answer, timeout=1", "8 s", seconds=2.0)
def silent_addresses(ground: Ground) -> None:
    known = socket.getaddrinfo
    with silent_listener() as port:

        def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
            return [found for _ in range(8) for found in known("127.0.0.1", port, *rest[1:], **more)]

        for timeout in (1.0, 0.4):
            with mock.patch.object(socket, "getaddrinfo", getaddrinfo):
                began = time.monotonic()
                outcome = ground.tries(ground.client, "http://many.test", timeout=timeout)
                took = time.monotonic() - began
            if not isinstance(outcome, glc.GradioError):
                raise AssertionError(outcome)
            if took > 2 * timeout + 0.5:
                raise Gained(f"{took:.1f} s with timeout={timeout}")


@attack("S23", "a host whose TLS, or whose proxy, does not answer at any of its addresses, timeout=1", "", seconds=2.0)
def silent_handshakes(ground: Ground) -> None:
    known = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        return [found for _ in range(8) for found in known("127.0.0.1", *rest, **more)]

    with RawServer(lambda sock: server.closed.wait(20)) as server:
        for src, options in (
            (f"https://many.test:{server.port}", {}),
            ("http://many.test", {"proxy": f"http://proxy.test:{server.port}"}),
            ("https://many.test", {"proxy": f"http://proxy.test:{server.port}"}),
        ):
            with mock.patch.object(socket, "getaddrinfo", getaddrinfo):
                began = time.monotonic()
                outcome = ground.tries(ground.client, src, timeout=1.0, **options)
                took = time.monotonic() - began
            if not isinstance(outcome, glc.GradioError):
                raise AssertionError(outcome)
            if took > 2.5:
                raise Gained(f"{took:.1f} s with timeout=1, for {src} and {options}")


@attack(
    "S23", "a host whose first three addresses do not answer, and whose fourth does, timeout=4", "12 s", seconds=2.0
)
def answers_at_last(ground: Ground) -> None:
    known = socket.getaddrinfo
    with silent_listener() as silent, App() as app:

        def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
            ports = (silent, silent, silent, app.port)
            return [found for one in ports for found in known("127.0.0.1", one, *rest, **more)]

        with mock.patch.object(socket, "getaddrinfo", getaddrinfo):
            began = time.monotonic()
            client = ground.client("http://many.test", timeout=4.0)
            first = time.monotonic() - began
            for _ in range(3):
                client.predict("x")
            took = time.monotonic() - began - first
        if first > 4.5 or took > 1.0:
            raise Gained(f"{first:.1f} s to connect, {took:.1f} s for three calls")


def trusting(ground: Ground, variables: dict[str, str], **options: Any) -> Any:
    with mock.patch.dict(os.environ, variables), App(tls=True) as app:
        return ground.tries(ground.client, app.url, **{"trust_env": True, **options})


@attack("S24", "a file of authorities in the environment that is missing, empty, or none", "it is ignored in silence")
def missing_authorities(ground: Ground) -> None:
    folder = ground.folder()
    (folder / "empty.pem").touch()
    (folder / "none.pem").write_text("no certificate", "utf-8")
    (folder / "folder").mkdir()
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        for name in ("missing.pem", "empty.pem", "none.pem"):
            path = str(folder / name)
            outcome = trusting(ground, {variable: path})
            if isinstance(outcome, glc.Client):
                raise Gained(f"a connection with {variable}={name}")
            if path not in str(outcome) and name == "missing.pem":
                raise Gained(f"silence about the missing {variable}: {str(outcome)[:200]}")


@attack("S24", "trust_env=False, and an authority in the environment", "")
def untrusted_environment(ground: Ground) -> None:
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR"):
        value = str(Path(CA_FILE).parent) if variable == "SSL_CERT_DIR" else CA_FILE
        outcome = trusting(ground, {variable: value}, trust_env=False)
        if isinstance(outcome, glc.Client):
            raise Gained(f"the authority of {variable}")


@attack("S24", "trust_env=False where the system has no store of its own", "the environment's authority is trusted")
def untrusted_without_a_store(ground: Ground) -> None:
    import ssl

    known = ssl.get_default_verify_paths()
    nowhere = known._replace(openssl_cafile="/nonexistent/x.pem", openssl_capath="/nonexistent/x")
    with mock.patch.object(ssl, "get_default_verify_paths", lambda: nowhere):
        outcome = trusting(ground, {"SSL_CERT_FILE": CA_FILE}, trust_env=False)
        if isinstance(outcome, glc.Client):
            raise Gained("the authority of SSL_CERT_FILE")


@attack("S24", "a bundle that names other authorities than the system's", "the system's are trusted besides")
def bundle_replaces(ground: Ground) -> None:
    other = Path(CA_FILE).with_name("expired.pem")
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        outcome = trusting(ground, {variable: str(other), "SSL_CERT_FILE": CA_FILE})
        if isinstance(outcome, glc.Client):
            raise Gained(f"a connection that {variable} does not allow")


@attack("S24", "ssl_verify names one file; the environment names others", "")
def named_authority(ground: Ground) -> None:
    other = str(Path(CA_FILE).with_name("expired.pem"))
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        outcome = trusting(ground, {variable: CA_FILE}, ssl_verify=other)
        if isinstance(outcome, glc.Client):
            raise Gained(f"the authority of {variable}")


# ---- S25: words of others on the command line ----------------------------------------------------


def foreign_text(ground: Ground, text: str, secret: Path, python_type: str) -> None:
    """A script passes the text of somebody else on, by position or by name. Nothing is read or uploaded."""
    item = {"label": "x", "parameter_name": "x", "parameter_has_default": False, "type": {}, "component": "X"}
    for words, stdin in (([text], None), ([f"x={text}"], None), (["x=-"], text), (["-"], text), ([], text)):
        with App() as app:
            described = {**item, "python_type": {"type": python_type, "description": ""}}
            app.on("GET", "/info", {"named_endpoints": {"/predict": {"parameters": [described], "returns": [{}]}}})
            _, _, err = command_line("predict", app.url, "/predict", *words, stdin=stdin)
            for request in app.requests:
                if secret.read_bytes() in request.body or request.path == "/upload":
                    raise Gained(f"a file of ours, for {python_type} by {words or 'stdin'} {text[:40]!r}")
            if "Traceback" in err:
                raise Gained(err[-300:])


@attack("S25", "text that begins with @ or { for a parameter that is text or unknown", "a file of ours")
def at_signs(ground: Ground) -> None:
    secret = ground.folder() / "secret.txt"
    secret.write_text("the contents of a file of ours", "utf-8")
    marked = {"path": str(secret), "meta": {"_type": "gradio.FileData"}}
    for python_type in ("str", "Any", "float", "dict(str, Any)", "list[str]", "Literal['a']", "bool", "str | None"):
        for text in (f"@{secret}", json.dumps(marked), json.dumps({"x": marked}), json.dumps([marked]), f"@{secret}@"):
            foreign_text(ground, text, secret, python_type)


@attack("S25", "text from stdin for a parameter that is a file", "")
def at_signs_from_stdin(ground: Ground) -> None:
    secret = ground.folder() / "secret.txt"
    secret.write_text("the contents of a file of ours", "utf-8")
    item = {"label": "x", "parameter_name": "x", "parameter_has_default": False, "type": {}, "component": "File"}
    marked = {"path": str(secret), "meta": {"_type": "gradio.FileData"}}
    for text in (f"@{secret}", json.dumps(marked), json.dumps({"x": marked}), json.dumps([marked])):
        for words in (["x=-"], ["-"], [], ["x:=-"]):
            with App() as app:
                described = {**item, "python_type": {"type": "filepath", "description": ""}}
                app.on("GET", "/info", {"named_endpoints": {"/predict": {"parameters": [described], "returns": [{}]}}})
                command_line("predict", app.url, "/predict", *words, stdin=text)
                if any(secret.read_bytes() in request.body for request in app.requests):
                    raise Gained(f"a file of ours, by {words or 'stdin'} {text[:40]!r}")


# ---- S13: secrets --------------------------------------------------------------------------------
# Each scenario goes wrong, or is logged, while secrets are about. Whatever a person may come to see is looked through.

PLANTED = {  # the word that must not be seen, and what it is
    "pw-9f31": "a password",
    "us-9f32": "the user name of a login",
    "tk-9f33": "a token",
    "ck-9f34": "a cookie",
    "hd-9f35": "a header",
    "qs-9f36": "a query",
    "px-9f37": "the login of a proxy",
    "oa-9f38": "an oauth token",
    "fr-9f39": "a fragment",
    "sv-9f3a": "a secret variable",
}
PW, USER, TK, CK, HD, QS, PX, OA, FR, SV = PLANTED


def look(thing: Any, what: str, more: Sequence[str] = ()) -> None:
    """Fails if a secret can be seen in any text that the thing shows or holds."""
    for text in texts_in(thing, 0):
        for secret in (*PLANTED, *more):
            if any(spelled in text for spelled in spellings(secret)):
                kind = PLANTED.get(secret, "the session hash")
                at = text.find(secret)
                raise Gained(f"{kind} in {what}: …{text[max(0, at - 60) : at + 40]!r}…")


def texts_in(thing: Any, depth: int) -> Iterator[str]:
    if isinstance(thing, bytes):
        yield thing.decode("latin-1")
    elif isinstance(thing, str) or depth > 3:
        yield str(thing)
    elif isinstance(thing, BaseException):
        yield from (
            str(thing),
            repr(thing),
            "".join(traceback.format_exception(type(thing), thing, thing.__traceback__)),
        )
        for name, value in vars(thing).items():
            if not name.startswith("__"):
                yield from texts_in(value, depth + 1)
        shown = thing.__cause__ or (None if thing.__suppress_context__ else thing.__context__)
        for part in (*thing.args, shown):
            if part is not None:
                yield from texts_in(part, depth + 1)
    elif isinstance(thing, (list, tuple)):
        for part in thing:
            yield from texts_in(part, depth + 1)
    else:
        yield from (str(thing), repr(thing))


class Seen:
    """Runs things, and looks through what they raise, return as text and log."""

    def __init__(self, ground: Ground, what: str):
        self._ground, self.what, self.hashes = ground, what, []  # type: tuple[Ground, str, list[str]]

    def __call__(self, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        with logged() as texts:
            try:
                value = function(*args, **keywords)
            except Exception as error:
                value = error
        look([*texts], f"the log of {self.what}", self.hashes)
        if isinstance(value, BaseException):
            look(value, f"an error of {self.what}", self.hashes)
        else:
            look(repr(value)[:100_000] if isinstance(value, (glc.Client, glc.Job)) else "", f"a repr of {self.what}")
        if isinstance(value, glc.Client):
            self.hashes.append(value.session_hash)
        return value


def logins() -> list[str]:
    """The part of a URL before the host, with characters that parsers stumble over."""
    odd = ("", *"#/?@:%[]\\é\n\t\u2028\u2100\uff0f ", "%zz", "#/?@", "//", "@@")
    found = [f"{USER}:{PW}{char}{PW}@" for char in odd]
    return [*found, *(f"ada{char}:{PW}@" for char in "#/?@[\u2100"), f":{PW}@", f"{PW}@", f"{USER}:{PW}:{PW}@"]


WRONG: dict[str, list[Any]] = {  # values of options that are not what these take
    "auth": [f"{USER}:{PW}", (PW,), [USER, PW, PW], {USER: PW}, (USER, PW.encode()), ((PW,), 1)],
    "headers": [[(HD, HD)], {"X": None, "Y": HD}, {"X": HD.encode()}, {"X": [HD]}, f"X: {HD}", {5: HD}],
    "cookies": [f"s={CK}", [("s", CK)], {"s": [CK]}, {"s": CK.encode()}, {"s;": f"{CK}\n"}],
    "token": [TK.encode(), [TK], f"{TK}\n{TK}", f"{TK}é", {"token": TK}],
    "oauth_token": [OA.encode(), [OA]],
    "proxy": [[PX], {"http": PX}, PX.encode()],
    "httpx_kwargs": [{"auth": (USER, PW)}, {"headers": HD}],
    "unknown": [SV],
}


@attack("S13", "credentials in wrong shapes", "")
def secrets_in_wrong_shapes(ground: Ground) -> None:
    with App() as app:
        for name, values in WRONG.items():
            for value in values:
                seen = Seen(ground, f"{name}={value!r}")
                client = seen(ground.client, app.url, **{name: value})
                if isinstance(client, glc.Client):
                    look(repr(client), f"repr(client) with {name}={value!r}")
                    seen(client.predict, "x")
        client = ground.client(app.url)
        for headers in ([(HD, HD)], {"X": HD.encode()}, {"X": None, "Y": HD}, f"X: {HD}", {"X": f"{HD}\x7f\x00"}):
            Seen(ground, f"a call with {headers!r}")(client.predict, "x", headers=headers)


@attack(
    "S13", "a login in the URL of an app, also in one that cannot be parsed", "a password with # / or ?", seconds=6.0
)
def secrets_in_urls(ground: Ground) -> None:
    with App() as app:
        places = [
            app.host,
            "127.0.0.1:1",
            "nowhere.invalid",
            "127.0.0.1:99999",
            "127.0.0.1:x",
            "[::1",
            "",
            "a b",
            "-",
            "é" * 70,
        ]
        for place in places:
            for login in logins():
                for scheme in ("http://", "https://", "", "ftp://", "HTTP://", "http:/", "http:", "//"):
                    url = f"{scheme}{login}{place}/?key={QS}#{FR}"
                    if place == app.host and scheme != "http://":
                        continue
                    seen = Seen(ground, f"Client({url!r})")
                    client = seen(ground.client, url, timeout=1.0)
                    if isinstance(client, glc.Client):
                        look([client.src, repr(client)], f"the src of {url}")
                        seen(client.predict, "x", nonsense=1)


@attack("S13", "a login in the URL of a proxy, also from the environment", "a password with # / or ?", seconds=6.0)
def secrets_in_proxies(ground: Ground) -> None:
    for login in logins():
        login = login.replace(PW, PX).replace(USER, PX)
        for scheme in ("http://", "https://", "socks5://", "", "HTTP://"):
            for place in ("127.0.0.1:1", "127.0.0.1:99999", "nowhere.invalid:1", "", ":3128", "[::1"):
                url = f"{scheme}{login}{place}"
                seen = Seen(ground, f"proxy={url!r}")
                seen(ground.client, "http://app.test", proxy=url, timeout=1.0)
                if scheme == "http://" and "\n" not in url:
                    with mock.patch.dict(os.environ, {"http_proxy": url, "HTTPS_PROXY": url}):
                        seen(ground.client, "http://app.test", trust_env=True, timeout=1.0)
    with ProxyServer(login=("a", "b")) as proxy:
        url = proxy.url.replace("://", f"://{PX}:{PX}@")
        for src in ("http://app.test", "https://app.test"):
            Seen(ground, "a proxy that refuses the login")(ground.client, src, proxy=url)


@attack("S13", "handle_file(URL) with a login and a signed query: its repr and its errors", "both", seconds=4.0)
def secrets_in_files(ground: Ground) -> None:
    with App() as app, ScriptedServer() as server:
        server.on("GET", "/404", Reply(404, (), "no"))
        server.on("GET", "/302", Reply(302, {"Location": f"http://{USER}:{PW}@127.0.0.1:1/x?key={QS}"}))
        server.on("GET", "/bad", Reply(302, {"Location": f"http://{USER}:{PW}@[::1/x?key={QS}"}))
        server.on("GET", "/ftp", Reply(302, {"Location": f"ftp://{USER}:{PW}@x/x?key={QS}"}))
        client = ground.client(app.url)
        for path in ("/404", "/302", "/bad", "/ftp", "/none"):
            for login in logins():
                url = f"http://{login}{server.host}{path}?signature={QS}#{FR}"
                seen = Seen(ground, f"handle_file({url!r})")
                marked = seen(handle_file, url)
                look(marked if isinstance(marked, BaseException) else repr(marked), f"repr(handle_file({url!r}))")
                if not isinstance(marked, BaseException):
                    seen(client.predict, marked)
                    look([repr(client.submit(marked))], "repr(job)")


@attack("S13", "all credentials at once, and everything that can go wrong: errors, logs, reprs", "the session hash, …")
def secrets_in_errors(ground: Ground) -> None:
    credentials: dict[str, Any] = {
        **{"token": TK, "auth": ("ada", PW), "headers": {"X-Key": HD, "Authorization": HD}, "cookies": {"s": CK}},
        "oauth_token": OA,
    }
    schema = {"parameters": [{"label": "x", "parameter_name": "x"}], "returns": [{}], "oauth_token": "required"}
    for what, prepare in [*hostile_apps(), *troubles()]:
        with App(said=[done(file_of("/srv/x"))]) as app:
            app.on("GET", "/info", {"named_endpoints": {"/predict": schema}})
            app.on("POST", "/login*", Reply.json({"success": True}, headers={"Set-Cookie": f"access-token={CK}"}))
            prepare(app)
            url = app.url.replace("://", f"://{USER}:{PW}@") + f"/?key={QS}"
            seen = Seen(ground, what)
            client = seen(ground.client, url, timeout=2.0, **credentials)
            if not isinstance(client, glc.Client):
                continue
            look([repr(client), str(client), client.src], "repr(client)", seen.hashes)
            job = seen(client.submit, handle_file(b"x", "x"), headers={"X-Call": HD})
            if isinstance(job, glc.Job):
                seen(job.result, 5)
                look([repr(job), job.status(), getattr(job, "event_id", "")], "the job", seen.hashes)
            seen(client.predict, "x", nonsense=1)
            seen(client.predict, "x", headers={"X-Call": f"{HD}\r\n"})
            lazy = seen(ground.client, url, timeout=2.0, **{**credentials, "download_files": False})
            if isinstance(lazy, glc.Client):
                found = seen(lazy.predict, "x")
                look(repr(found), "repr(FileData)", seen.hashes)
                if isinstance(found, glc.FileData):
                    seen(found.read)
            seen(client.close)


def troubles() -> Iterator[tuple[str, Callable[[App], None]]]:
    """Ways in which a connection fails."""
    secret = f"http://{USER}:{PW}@127.0.0.1:1/config?key={QS}#{FR}"
    for path in ("/config", "/info", "/queue/join", "/queue/data", "/upload", "/file=*", "/login*"):
        for name, reply in (
            ("ends the connection", None),
            ("is no HTTP", Reply(200, {"Content-Length": "x"}, "")),
            ("is redirected to a login", Reply(302, {"Location": secret})),
            ("is redirected for good", Reply(307, {"Location": secret})),
            ("is redirected to no address", Reply(302, {"Location": secret.replace("127.0.0.1", "[::1")})),
            ("is in an unknown encoding", Reply(200, {"Content-Encoding": "x"}, "")),
            ("is broken JSON", "{"),
            ("is forbidden", Reply(403, {"Content-Type": "text/html"}, "<title>no</title>")),
        ):
            yield f"{path} {name}", lambda app, path=path, reply=reply: app.both(path, reply)  # type: ignore[misc]
    yield "a stream that ends", lambda app: app.on("GET", "/queue/data", Reply(200, SSE, b""))
    yield "a join for each of which the stream is gone", lambda app: app.on("GET", "/queue/data", Reply(404))


@attack("S13", "wrong options and words of the command line are echoed", "--token=x misspelt")
def secrets_on_command_lines(ground: Ground) -> None:
    with App() as app:
        url = app.url.replace("://", f"://{USER}:{PW}@") + f"/?key={QS}"
        lines = f"""
            predict {app.url} x --tokne={TK}
            predict {app.url} x --tokens={TK}
            predict {app.url} x -tokne={TK}
            predict {app.url} x -- y --token={TK}
            predict --tokne={TK} {app.url}
            --tokne={TK}
            --token={TK} x
            predict {app.url} x --auht={USER}:{PW}
            predict {app.url} x --cookies=a={CK}
            predict {app.url} x --cookie {CK}
            predict {app.url} x -H {HD}
            -H{HD} predict
            info {app.url} -HX:{HD} --nosuch={SV}
            duplicate a/b --secret -{SV}
            duplicate a/b --secrets=KEY={SV}
            duplicate a/b --secret={SV}
            {url}
            predict{url}
            predictt {url}
            info {url}
            info {url} --x
            predict {url} x -v
            predict {url} /nosuch x
            predict {url} a=b
            predict {url.replace("127.0.0.1", "nowhere.invalid")} x
            predict {url.replace("http:", "ftp:")} x
            predict http://127.0.0.1:1 x --proxy http://{PX}:{PX}#@:1
            info http://{USER}:{PW}#x@h:p"""
        for words in map(str.split, lines.strip().splitlines()):
            for more in ([], ["-v"], ["--debug"]):
                _, out, err = command_line(*words, *more)
                look([out, err], f"what {words + more} prints")


@attack(
    "S13",
    "what is found in the environment: tokens, proxies, a Hub",
    "the query in the address of a Space",
    seconds=4.0,
)
def secrets_in_the_environment(ground: Ground) -> None:
    hub = ground.server()
    hub.on("*", "/*", Reply.json({"error": "no"}, 404), Reply.json({"error": "no"}, 401), Reply(500))
    for endpoint in (
        hub.url,
        hub.url.replace("://", f"://{USER}:{PW}@"),
        f"http://{USER}:{PW}#x@127.0.0.1:1",
        f"{USER}:{PW}@x",
    ):
        with mock.patch.dict(os.environ, {"HF_TOKEN": TK, "HF_ENDPOINT": endpoint}):
            seen = Seen(ground, f"HF_ENDPOINT={endpoint}")
            for _ in range(3):
                seen(ground.client, "user/name", trust_env=True, timeout=1.0)
                secrets = {"secrets": {"KEY": SV}, "variables": {"A": SV}}
                seen(glc.Client.duplicate, "user/name", **secrets)
                seen(glc.Client.duplicate, "user/name", token=f"{TK}\n{TK}", **secrets)
                seen(glc.Client.duplicate, f"user/name?{QS}", **secrets)


@attack("S13", "the session hash in what is logged or raised when a stream is lost, or in a repr", "it is in both")
def session_hash(ground: Ground) -> None:
    for protocol in QUEUED:
        for lost in (b"", b"data: x\n\n", b"\xff"):
            with App(protocol) as app:
                if protocol not in ("ws", "sse"):
                    app.on("GET", "/queue/data", Reply(200, SSE, lost), Reply(500, (), "no"), None)
                else:
                    app.on("GET", "/queue/join", Reply(500, (), "no"), None)
                app.config["connect_heartbeat"] = True
                seen = Seen(ground, f"a stream that is lost, {protocol}")
                client = seen(ground.client, app.url, timeout=1.0)
                for _ in range(2):
                    job = seen(client.submit, "x")
                    wait_until(job.done, 2.0)
                    seen(job.result, 0.1)
                    look([repr(job), repr(client)], "a repr", seen.hashes)


if __name__ == "__main__":
    sys.exit(main())
