"""A Hub without Hugging Face: what clients of Gradio ask it about Spaces, with its rules and its errors.

    with StandIn() as app, FakeHub(app.url) as hub:
        hub.add("gradio/calculator", "BUILDING", "RUNNING")
        os.environ["HF_ENDPOINT"] = hub.url
        Client("gradio/calculator", token=WRITE).predict(1, 2, api_name="/add")

Routes set with `on` come first; `respond(request)` is the Hub's own answer, for a test that delays or spoils it.
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Mapping, NamedTuple, Union

from .fake import Answer, Json, Reply, Request, ScriptedServer
from .standin import StandIn

WRITE, READ, POOR, OTHER = "hf_write", "hf_read", "hf_poor", "hf_other"  # tokens that every FakeHub knows
ANONYMOUS = "Invalid username or password."
WRONG_TOKEN = "Invalid credentials in Authorization header"
PAGE = "<!doctype html><html><body>Something else than JSON</body></html>"
IDLE_STAGES = ("PAUSED", "SLEEPING", "STOPPED", "BUILDING", "NO_APP_FILE", "BUILD_ERROR", "CONFIG_ERROR", "DELETING")
FREE_SLEEP_SECONDS = 172_800  # cpu-basic, and it cannot be changed
WINDOW = 300  # seconds in which so many requests are permitted:
QUOTA = 500

Stage = Union[str, Callable[[], str]]


class User(NamedTuple):
    name: str
    role: str = "write"
    orgs: tuple[str, ...] = ()
    can_pay: bool = True

    def owns(self, space_id: str) -> bool:
        return space_id.split("/")[0] in (self.name, *self.orgs)


USERS = {
    WRITE: User("alice", orgs=("some-org",)),
    READ: User("alice", "read"),
    POOR: User("alice", can_pay=False),
    OTHER: User("bob"),
}


class Refusal(Exception):
    """Ends a request; `more` goes into the body besides the message."""

    def __init__(self, status: int, text: str, code: str = "", **more: str):
        super().__init__(text)
        self.status = status
        self.headers = {"X-Error-Message": text, **({"X-Error-Code": code} if code else {})}
        self.body = {"error": text, **more}


class Space:
    """A Space as the Hub knows it. `stages` are given out one per read; the last one stays."""

    def __init__(self, space_id: str, host: str | None, stages: list[Stage], private: bool, hardware: str | None):
        self.id = space_id
        self.host = host
        self.stages = stages
        self.private = private
        self.hardware = hardware  # what it runs on when it runs; None: it says nothing of hardware, as static ones do
        self.sleep_seconds: int | None = None
        self.secrets: dict[str, str] = {}
        self.variables: dict[str, str] = {}

    @property
    def subdomain(self) -> str:
        return re.sub(r"[/_.]", "-", self.id.lower())

    def runtime(self) -> dict[str, Any]:
        """One read of its state."""
        stage = self.stages.pop(0) if len(self.stages) > 1 else self.stages[0]
        stage = stage if isinstance(stage, str) else stage()
        runtime: dict[str, Any] = {"stage": stage, "replicas": {"current": None, "requested": 1}}
        if self.hardware:
            idle = stage in IDLE_STAGES
            runtime["hardware"] = {"current": None if idle else self.hardware, "requested": self.hardware}
        if stage != "PAUSED":
            free = self.hardware == "cpu-basic"
            runtime["gcTimeout"] = FREE_SLEEP_SECONDS if free else self.sleep_seconds
        return runtime

    def info(self) -> dict[str, Any]:
        time = "2026-01-01T00:00:00.000Z"
        info: dict[str, Any] = {
            "_id": "1" * 24,
            "id": self.id,
            "author": self.id.split("/")[0],
            "sha": "a" * 40,
            "private": self.private,
            "gated": False,
            "disabled": False,
            "sdk": "gradio",
            "subdomain": self.subdomain,
            "host": self.host,
            "likes": 0,
            "tags": ["gradio", "region:us"],
            "createdAt": time,
            "lastModified": time,
            "siblings": [{"rfilename": "app.py"}],
            "runtime": self.runtime(),
        }
        if self.host is None:
            del info["host"]
        return info


class FakeHub(ScriptedServer):
    """The Hub's REST API over a few Spaces.

    app_url   where Spaces are found unless `add` says otherwise, duplicates included
    users     who the tokens belong to
    """

    def __init__(
        self, app_url: str = "", users: Mapping[str, User] | None = None, port: int = 0, tls: bool = False
    ) -> None:
        self.app_url = app_url
        self.users = dict(USERS if users is None else users)
        self.spaces: dict[str, Space] = {}
        self.renamed: dict[str, str] = {}
        self.left = QUOTA  # requests before the answer is 429
        self.stages_of_duplicates: list[Stage] = ["BUILDING", "APP_STARTING", "RUNNING"]
        super().__init__(port, tls)

    def add(
        self,
        space_id: str,
        *stages: Stage,
        host: str | None = "",
        private: bool = False,
        hardware: str | None = "cpu-basic",
    ) -> Space:
        """A Space; running unless told otherwise."""
        host = self.app_url if host == "" else host
        space = Space(space_id, host, list(stages) or ["RUNNING"], private, hardware)
        self.spaces[space_id] = space
        return space

    def rename(self, old: str, new: str) -> None:
        self.spaces[new] = self.spaces.pop(old)
        self.spaces[new].id = new
        self.renamed[old] = new

    # -- routes --

    def answer(self, request: Request) -> Answer:
        scripted = self._route(request.method, request.path) is not None
        return super().answer(request) if scripted else self.respond(request)

    def respond(self, request: Request) -> Answer:
        """The Hub's own answer to a request."""
        if not request.path.startswith("/api/"):
            return Reply(404, {"Content-Type": "text/html"}, PAGE)
        with self._changed:
            if self.left <= 0:
                text = "We had to rate limit you."
                return self._reply({"error": text}, 429, {"X-Error-Message": text})
            self.left -= 1
            try:
                return self._api(request)
            except Refusal as refusal:
                return self._reply(refusal.body, refusal.status, refusal.headers)

    def _reply(self, value: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        limits = {
            "RateLimit": f'"api";r={self.left};t=295',
            "RateLimit-Policy": f'"fixed window";"api";q={QUOTA};w={WINDOW}',
            "X-Request-Id": f"Root=1-{len(self._requests)}",
        }
        return Reply.json(value, status, {**limits, **(headers or {})})

    def _api(self, request: Request) -> Answer:
        path = request.path[len("/api/") :]
        if path in ("telemetry/py_client/initiated", "agent-harnesses"):
            return self._reply({})
        user = self._user(request)
        if path == "whoami-v2":
            if user is None:
                raise Refusal(401, ANONYMOUS)
            token = {"displayName": "test", "role": user.role}
            return self._reply(
                {
                    "type": "user",
                    "id": "2" * 24,
                    "name": user.name,
                    "canPay": user.can_pay,
                    "orgs": [{"name": name} for name in user.orgs],
                    "auth": {"type": "access_token", "accessToken": token},
                }
            )
        if path == "spaces/hardware":
            return self._reply([{"name": name, "prettyName": name} for name in ("cpu-basic", "t4-small")])
        by_subdomain = re.fullmatch(r"spaces/by-subdomain/([^/]+)", path)
        if by_subdomain:
            for space in self.spaces.values():
                if space.subdomain == by_subdomain.group(1) and not space.private:
                    return self._reply(space.info())
            raise Refusal(404, "Repository not found", "RepoNotFound")
        named = re.fullmatch(r"spaces/([^/]+/[^/]+)((?:/.*)?)", path)
        if not named:
            raise Refusal(404, "Sorry, we can't find the page you are looking for.")
        space_id, rest = named.groups()
        moved = self._moved(space_id)
        if moved:
            query = request.target.partition("?")[2]
            location = f"/api/spaces/{moved}{rest}" + (f"?{query}" if query else "")
            return self._reply({}, 307, {"Location": location})
        found = self._readable(space_id, user)
        rest = "" if rest.startswith("/revision/") else rest.strip("/")
        action = getattr(self, f"_{request.method.replace('HEAD', 'GET')}_{rest}", None)
        if action is None:
            raise Refusal(404, "Sorry, we can't find the page you are looking for.")
        if request.method in ("POST", "DELETE"):
            if user is None:
                raise Refusal(401, ANONYMOUS)
            if user.role != "write" or (rest != "duplicate" and not user.owns(found.id)):
                raise Refusal(403, "You don't have the required permissions to perform this action")
        return self._reply(action(found, user, _body(request)))

    def _user(self, request: Request) -> User | None:
        header = request.headers.get("authorization")
        if header is None:
            return None
        user = self.users.get(header[len("Bearer ") :]) if header.startswith("Bearer ") else None
        if user is None:
            raise Refusal(401, WRONG_TOKEN)
        return user

    def _moved(self, space_id: str) -> str | None:
        if space_id in self.spaces:
            return None
        if space_id in self.renamed:
            return self.renamed[space_id]
        return next((known for known in self.spaces if known.lower() == space_id.lower()), None)

    def _readable(self, space_id: str, user: User | None) -> Space:
        space = self.spaces.get(space_id)
        if space is None or (space.private and not (user and user.owns(space_id))):  # both look alike
            raise Refusal(401, ANONYMOUS) if user is None else Refusal(404, "Repository not found", "RepoNotFound")
        return space

    # -- one Space: (space, user, body) -> answer --

    def _GET_(self, space: Space, user: User | None, body: Json) -> Json:
        return space.info()

    def _GET_runtime(self, space: Space, user: User | None, body: Json) -> Json:
        return space.runtime()

    def _GET_host(self, space: Space, user: User | None, body: Json) -> Json:
        return {"subdomain": space.subdomain, "host": space.host}

    def _GET_discussions(self, space: Space, user: User | None, body: Json) -> Json:
        return {"discussions": []}

    def _GET_jwt(self, space: Space, user: User | None, body: Json) -> Json:
        if user is None:
            raise Refusal(401, ANONYMOUS)
        return {"token": "jwt", "accessToken": "jwt"}

    def _POST_duplicate(self, space: Space, user: User, body: Json) -> Json:
        known = ("repository", "visibility", "private", "hardware", "sleepTimeSeconds", "secrets", "variables")
        _check(set(body) <= {*known, "volumes", "resourceGroupId"}, f"unknown fields in {sorted(body)}")
        target = body.get("repository")
        _check(isinstance(target, str) and bool(re.fullmatch(r"[\w.-]+/[\w.-]+", target)), '"repository" is invalid')
        _check(body.get("visibility", "public") in ("public", "private", "protected"), '"visibility" is invalid')
        if "hardware" in body:
            _check(isinstance(body["hardware"], str), '"hardware" must be a string')
        if "sleepTimeSeconds" in body:
            _check_seconds(body["sleepTimeSeconds"])
        secrets, variables = (_pairs_of(body.get(name, [])) for name in ("secrets", "variables"))
        if not user.owns(target):
            raise Refusal(403, f"You don't have the rights to create a Space under {target.split('/')[0]}")
        url = f"{self.url}/spaces/{target}"
        if target in self.spaces:
            raise Refusal(409, "You already created this space repo", url=url)
        hardware = body.get("hardware", "cpu-basic")
        if hardware != "cpu-basic" and not user.can_pay:
            raise Refusal(402, f"Payment required for {hardware}")
        private = body.get("visibility") == "private" or bool(body.get("private"))
        duplicate = self.add(target, *self.stages_of_duplicates, private=private, hardware=hardware)
        duplicate.sleep_seconds = body.get("sleepTimeSeconds")
        duplicate.secrets = secrets
        duplicate.variables = {**space.variables, **variables}
        return {"url": url}

    def _POST_hardware(self, space: Space, user: User, body: Json) -> Json:
        _check(isinstance(body.get("flavor"), str), '"flavor" must be a string')
        if "sleepTimeSeconds" in body:
            _check_seconds(body["sleepTimeSeconds"])
        if body["flavor"] != "cpu-basic" and not user.can_pay:
            raise Refusal(402, f"Payment required for {body['flavor']}")
        before = space.hardware
        space.hardware = body["flavor"]
        space.sleep_seconds = body.get("sleepTimeSeconds", space.sleep_seconds)
        runtime = space.runtime()
        runtime["hardware"]["current"] = before  # changes later, when it has restarted
        return runtime

    def _POST_sleeptime(self, space: Space, user: User, body: Json) -> Json:
        _check_seconds(body.get("seconds"))
        space.sleep_seconds = body["seconds"]
        return space.runtime()

    def _POST_secrets(self, space: Space, user: User, body: Json) -> Json:
        space.secrets.update(_pairs_of([body]))
        return {}

    def _GET_secrets(self, space: Space, user: User | None, body: Json) -> Json:
        return {key: {"key": key} for key in space.secrets}

    def _DELETE_secrets(self, space: Space, user: User, body: Json) -> Json:
        space.secrets.pop(body.get("key"), None)
        return {}

    def _POST_variables(self, space: Space, user: User, body: Json) -> Json:
        space.variables.update(_pairs_of([body]))
        return self._GET_variables(space, user, body)

    def _GET_variables(self, space: Space, user: User | None, body: Json) -> Json:
        return {key: {"key": key, "value": value} for key, value in space.variables.items()}

    def _DELETE_variables(self, space: Space, user: User, body: Json) -> Json:
        space.variables.pop(body.get("key"), None)
        return self._GET_variables(space, user, body)

    def _POST_pause(self, space: Space, user: User, body: Json) -> Json:
        space.stages = ["PAUSED"]
        return space.runtime()

    def _POST_restart(self, space: Space, user: User, body: Json) -> Json:
        space.stages = list(self.stages_of_duplicates)
        return space.runtime()


def _body(request: Request) -> Json:
    if not request.body:
        return {}
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    _check(isinstance(body, dict), "the body is no JSON object")
    kind = request.headers.get("content-type", "")
    _check(kind.startswith("application/json"), f"Content-Type {kind}")
    return body


def _check(condition: bool, what: str) -> None:
    if not condition:
        raise Refusal(400, what)


def _check_seconds(value: Json) -> None:
    good = isinstance(value, int) and not isinstance(value, bool) and (value > 0 or value == -1)
    _check(good, "the sleep time must be a number of seconds, or -1")


def _pairs_of(items: Json) -> dict[str, str]:
    _check(isinstance(items, list), "secrets and variables are lists")
    for item in items:
        good = isinstance(item, dict) and set(item) <= {"key", "value", "description"}
        _check(good and bool(re.fullmatch(r"[a-zA-Z][_a-zA-Z0-9]*", str(item.get("key")))), "invalid key")
        _check(isinstance(item.get("value", ""), str), "a value must be a string")
    return {item["key"]: item.get("value", "") for item in items}


def guard(app: StandIn, *tokens: str, awake: Callable[[], bool] = lambda: True) -> None:
    """Let only bearers of these tokens (in either header) reach the app, as the proxy of a private Space does.

    A visit while the Space is not awake gets a page instead.
    """

    def enter(request: Request) -> Answer:
        given = (request.headers.get(name, "") for name in ("authorization", "x-hf-authorization"))
        if tokens and not {value.partition(" ")[2] for value in given} & set(tokens):
            return Reply(404, {"Content-Type": "text/html"}, PAGE)
        return app.respond(request) if awake() else Reply(503, {"Content-Type": "text/html"}, PAGE)

    app.on("*", "*", enter)
