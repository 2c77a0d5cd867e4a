"""The same calls about Spaces through the official client and through ours: what arrives at the Hub and at the app?

    python3 testing/official_hub.py [SCENARIO ...]

Both run in processes of their own, against the fake Hub of testing/hub.py with a stand-in for the Space. Every
difference has to be one of DIFFERENCES, where the reason stands. Prints a table, and ends with a line of counts.
"""

import contextlib
import json
import re
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence, Set, Tuple

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
from testing.fake import CA_FILE, Request, ScriptedServer  # noqa: E402
from testing.hub import OTHER, READ, WRITE, FakeHub, guard  # noqa: E402
from testing.servers import environment_of_server, install_official  # noqa: E402
from testing.standin import StandIn  # noqa: E402

DEADLINE = 90.0  # for one scenario with one client
SPACE = "gradio/calculator"
MINE = "alice/calculator"
APP_HOST = "gradio-calculator.hf.space"


class Scenario(NamedTuple):
    """What is done: `Client(*args, **options)` or `Client.duplicate(…)`, then a call of the app."""

    args: Sequence[Any]  # {hub} and {app} in them are URLs
    options: Dict[str, Any] = {}
    call: str = "connect"
    spaces: Dict[str, Dict[str, Any]] = {SPACE: {}}  # by id: keywords of FakeHub.add, and its "stages"
    variables: Dict[str, str] = {}
    saved: str = ""  # in the token file
    needs: str = ""  # the token that the app wants
    awake_after: int = 0  # requests to the Hub; until then the app is not there


PRIVATE: Dict[str, Any] = {MINE: {"private": True}}
SCENARIOS = {
    "id": Scenario([SPACE]),
    "page": Scenario(["{hub}/spaces/" + SPACE]),
    "app-url": Scenario(["{app}"]),
    "space-url": Scenario(["https://" + APP_HOST]),
    "space-url-asleep": Scenario(
        ["https://" + APP_HOST], spaces={SPACE: {"stages": ["SLEEPING", "RUNNING"]}}, awake_after=2
    ),
    "telemetry": Scenario([SPACE], variables={"HF_HUB_DISABLE_TELEMETRY": "", "GRADIO_ANALYTICS_ENABLED": "True"}),
    "other-case": Scenario(["Gradio/Calculator"]),
    "private": Scenario([MINE, WRITE], spaces=PRIVATE, needs=WRITE),
    "private-no-token": Scenario([MINE], spaces=PRIVATE, needs=WRITE),
    "private-wrong-token": Scenario([MINE, OTHER], spaces=PRIVATE, needs=WRITE),
    "missing": Scenario(["no/such", WRITE]),
    "paused": Scenario([SPACE], spaces={SPACE: {"stages": ["PAUSED"]}}),
    "building": Scenario([SPACE], spaces={SPACE: {"stages": ["BUILDING", "BUILDING", "RUNNING"]}}),
    "sleeping": Scenario([SPACE], spaces={SPACE: {"stages": ["SLEEPING", "RUNNING"]}}),
    "offline": Scenario([SPACE], variables={"HF_HUB_OFFLINE": "1"}),
    "token-variable": Scenario([SPACE], variables={"HF_TOKEN": READ}),
    "token-old-variable": Scenario([SPACE], variables={"HUGGING_FACE_HUB_TOKEN": READ}),
    "token-file": Scenario([SPACE], saved=READ),
    "token-false": Scenario([SPACE, False], variables={"HF_TOKEN": READ}),
    "token-true-none": Scenario([SPACE, True]),
    "token-not-implied": Scenario([SPACE], variables={"HF_TOKEN": READ, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}),
    "token-space-url": Scenario(["https://" + APP_HOST], variables={"HF_TOKEN": READ}),
    "token-app-url": Scenario(["{app}"], variables={"HF_TOKEN": READ}),
    "token-app-url-given": Scenario(["{app}", WRITE]),
    "duplicate": Scenario([SPACE], {"token": WRITE}, "duplicate"),
    "duplicate-all": Scenario(
        [SPACE, "copy"],
        {"token": WRITE, "hardware": "t4-small", "secrets": {"KEY": "x"}, "sleep_timeout": 10, "private": False},
        "duplicate",
    ),
    "duplicate-existing": Scenario(
        [SPACE], {"token": WRITE, "secrets": {"KEY": "x"}}, "duplicate", {SPACE: {}, MINE: {"hardware": "t4-small"}}
    ),
    "duplicate-namespace": Scenario([SPACE, "some-org/copy"], {"token": WRITE}, "duplicate"),
    "duplicate-paused": Scenario(
        [SPACE], {"token": WRITE}, "duplicate", {SPACE: {"stages": ["PAUSED"], "hardware": "t4-small"}}
    ),
    "duplicate-read-only": Scenario([SPACE], {"token": READ}, "duplicate"),
    "duplicate-no-token": Scenario([SPACE], call="duplicate"),
}

ONE_INFO = "one answer of the Hub has both the host and the stage"
WORDS = "both fail; the error of ours says on what, and what to do"
PAGE = "the official client takes the page of a Space for an app"
FOUND = "a token that was found goes to the Hub and to *.hf.space; the official client sends it to any app"
ONE_POST = "hardware, sleep time and secrets are in the one request that makes the Space: it never runs without them"
NAMESPACE = "the official client drops the namespace of to_id"
PAUSED = "the official client wants hardware null, which fails once the Space is made; ours takes what it ran on"
DIFFERENCES: List[Tuple[str, str, str, str]] = [  # scenario, who alone has the line, what is in the line: the reason
    ("page", "", "", PAGE),
    ("space-url-asleep", "", "", "the official client waits for no Space whose app it gets the URL of"),
    ("telemetry", "official", "telemetry|agent-harnesses", "ours tells nobody"),
    ("sleeping", "ours", "^app GET /$", "a visit wakes it; the official client goes on as if it ran"),
    ("building|sleeping", "ours", "^Hub GET", "the same question until it runs; the official client asks /runtime"),
    ("token-app-url", "", "^app", FOUND),
    (
        "duplicate-existing",
        "official",
        "/hardware ",
        "hardware of an existing Space is changed only if that is asked for",
    ),
    ("duplicate-namespace", "", "/copy|/whoami", NAMESPACE),
    ("duplicate-paused", "", "^(error|result|app)|/hardware ", PAUSED),
    ("duplicate-all", "official", "^huggingface.co", "HF_ENDPOINT is for every call; here the token goes elsewhere"),
    ("duplicate.*", "", "/(duplicate|secrets|hardware) ", ONE_POST),
    ("duplicate.*", "ours", "^Hub GET /api/spaces/", ONE_INFO),
    ("duplicate-no-token", "ours", "/whoami", "whose the duplicate will be is asked before anything else"),
    (".*", "official", "^Hub GET .*/runtime", ONE_INFO),
    (".*", "official", "^app GET /gradio_api/info", "what endpoints take is asked when a call needs to know"),
    (".*", "", "^error", WORDS),
]


# --- in the processes of the clients ---


def run_client(kind: str) -> str:
    """What the call on stdin gives: the result of the app, or the error. No host but loopback is ever asked for."""
    asked = json.load(sys.stdin)
    known = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name in ("127.0.0.1", "localhost"):
            return known(host, port, *args, **options)
        return known(
            "127.0.0.1", asked["ports"]["app" if name.endswith(".hf.space") else "elsewhere"], *args, **options
        )

    socket.getaddrinfo = getaddrinfo
    if kind == "official":
        import gradio_client as module
    else:
        import gradio_lite_client as module
    call = module.Client if asked["call"] == "connect" else module.Client.duplicate
    try:
        return f"result {call(*asked['args'], verbose=False, **asked['options']).predict(1, 2, api_name='/add')}"
    except Exception as error:
        return f"error {type(error).__name__}: {' '.join(str(error).split())}"


# --- here ---


def line_of(where: str, request: Request) -> str:
    """A request in one line: who got it, what it asks for, with which token, and with which body, if it is the Hub."""
    names = [name for name in ("authorization", "x-hf-authorization") if name in request.headers]
    tokens = [f"{name}={request.headers[name]}" for name in names]
    body = [json.dumps(request.json(), sort_keys=True)] if where != "app" and request.body else []
    return " ".join([where, request.method, request.path, *tokens, *body]).replace("Bearer ", "")


def observe(kind: str, scenario: Scenario) -> List[str]:
    """What comes of the scenario with a client of this kind, and what arrives meanwhile."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        app, hub = stack.enter_context(StandIn(tls=True)), stack.enter_context(FakeHub(f"https://{APP_HOST}"))
        elsewhere = stack.enter_context(ScriptedServer(tls=True))
        elsewhere.on("*", "*", {})
        hub.stages_of_duplicates = ["RUNNING"]
        guard(app, *filter(None, [scenario.needs]), awake=lambda: len(hub.requests) >= scenario.awake_after)
        for space_id, options in scenario.spaces.items():
            hub.add(space_id, *options.get("stages", ()), **{key: options[key] for key in options if key != "stages"})
        places = {"hub": hub.url, "app": app.url}
        asked = {
            "call": scenario.call,
            "args": [arg.format(**places) if isinstance(arg, str) else arg for arg in scenario.args],
            "options": scenario.options,
            "ports": {"app": app.port, "elsewhere": elsewhere.port},
        }
        outcome = run_in_process(kind, asked, {"HF_ENDPOINT": hub.url, **scenario.variables}, scenario.saved, folder)
        lines = [outcome.replace(hub.url, "{hub}").replace(folder, "{folder}")]
        for where, server in (("Hub", hub), ("app", app), ("huggingface.co", elsewhere)):
            seen = [request for request in server.requests if "/heartbeat/" not in request.path]
            lines += [line_of(where, request) for request in seen]
    return lines


def run_in_process(kind: str, asked: Any, variables: Dict[str, str], saved: str, folder: str) -> str:
    environment = {**environment_of_server(folder), "HF_HUB_OFFLINE": "0", "SSL_CERT_FILE": CA_FILE, **variables}
    if saved:
        Path(environment["HF_HOME"]).mkdir()
        Path(environment["HF_HOME"], "token").write_text(saved)
    done = subprocess.run(
        [install_official("newest") if kind == "official" else sys.executable, __file__, "--client", kind],
        input=json.dumps(asked), env=environment, cwd=folder, timeout=DEADLINE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    lines = done.stdout.strip().splitlines()
    return lines[-1] if lines else f"crash {done.stderr!r}"


def reason_for(name: str, who: str, line: str) -> str:
    for scenario, kind, pattern, reason in DIFFERENCES:
        if re.fullmatch(scenario, name) and kind in ("", who) and re.search(pattern, line):
            return reason
    return ""


def compare(name: str) -> Tuple[int, Set[str], int]:
    """Print how what arrives differs: how many lines are equal, the reasons of others, how many have none."""
    ours, official = (Counter(observe(kind, SCENARIOS[name])) for kind in ("ours", "official"))
    equal, reasons, unexplained = sum((ours & official).values()), set(), 0
    print(f"{name}: {equal} equal")
    for who, lines in (("official", official - ours), ("ours", ours - official)):
        for line in lines.elements():
            reason = reason_for(name, who, line)
            reasons.add(reason)
            unexplained += not reason
            print(f"    only {who:9}{line[:200]}\n    {'':14}{reason or 'NOT EXPLAINED'}", flush=True)
    return equal, reasons, unexplained


def main(names: Sequence[str] = ()) -> int:
    rows = [compare(name) for name in names or SCENARIOS]
    unexplained = sum(row[2] for row in rows)
    idle = set() if names else {entry[3] for entry in DIFFERENCES} - set().union(*(row[1] for row in rows))
    for reason in sorted(idle):
        print(f"explains nothing any more: {reason}")
    print(
        f"{len(rows)} scenarios, {sum(row[0] for row in rows)} requests and outcomes equal, {unexplained} not explained"
    )
    return 1 if unexplained or idle else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--client"]:
        print(run_client(sys.argv[2]))
    else:
        sys.exit(main(sys.argv[1:]))
