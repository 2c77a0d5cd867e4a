"""Our client behind real proxies: nginx, haproxy, squid and tinyproxy between it and real Gradio servers.

    python3 testing/proxies.py                     every row on every release: about three minutes, mostly waiting
    python3 testing/proxies.py --quick             without the rows that wait long
    python3 testing/proxies.py nginx-tls 4.44.1    only these rows, on these releases
    python3 testing/proxies.py --list              the rows, and what each is about

It needs the Debian packages nginx, haproxy, squid, tinyproxy and openssl, and installs what is missing if it may.
It works in a network and with an /etc/hosts of its own, where addresses are not loopback: our client never uses a proxy
for these. Where the system does not permit that (it takes root), rows that need it are not run.

Each row runs probes, processes that do something with a client, and says what has to come of them. Ends with a line of
counts; the exit code is 1 if a row failed, or in CI if a program is missing.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, NamedTuple, Sequence

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
from testing.networks import (  # noqa: E402
    INSIDE,
    LOGIN_IN_URL,
    NGINX_SERVERS,
    PROGRAMS,
    Program,
    Site,
    World,
    at_once,
    enter_own_network,
    find_program,
    install_packages,
    missing_packages,
    mute,
    silence,
)
from testing.probes import Failed, describe  # noqa: E402
from testing.relay import Relay  # noqa: E402
from testing.servers import NotInstalled, install  # noqa: E402
from testing.versions import RELEASES  # noqa: E402

VERSIONS = ("6.31.0", "4.44.1", "3.50.2")
SHORT, WAITS, BUSY = "short", "waits", "busy"
AT_ONCE = {SHORT: 4, WAITS: 1000, BUSY: 1}  # rows of this kind


# ---- rows ----------------------------------------------------------------------------------------


class Row(NamedTuple):
    name: str
    run: Callable[[Site], None]
    about: str
    needs: tuple[str, ...]  # programs; "network": addresses that are not loopback; "replica"
    kind: str  # SHORT, or it WAITS long, or keeps the machine BUSY for long


ROWS: list[Row] = []


def row(*needs: str, kind: str = SHORT) -> Callable[[Callable[[Site], None]], Callable[[Site], None]]:
    def add(function: Callable[[Site], None]) -> Callable[[Site], None]:
        about = " ".join((function.__doc__ or "").split())
        ROWS.append(Row(function.__name__.replace("_", "-"), function, about, needs, kind))
        return function

    return add


@row()
def no_proxy_at_all(site: Site) -> None:
    """The main job: connect, predict, stream, upload, download, cancel."""
    site.do("main_job", site.direct())


@row("nginx")
def nginx_defaults(site: Site) -> None:
    """`location / { proxy_pass … }` and no more: it buffers. Gradio 3 needs Upgrade: the error says so."""
    if site.old:
        site.fails("HTTPError ProtocolError ConnectionFailed", ["Upgrade"], "main_job", site.url("defaults"))
    else:
        site.do("main_job", site.url("defaults"))


@row("nginx", kind=WAITS)
def nginx_buffers_75_s(site: Site) -> None:
    """A function that runs for 75 s behind a proxy that holds heartbeats back."""
    site.do("long_job", site.url("upgrade" if site.old else "defaults"), seconds=75, deadline=240)


@row("nginx")
def nginx_tuned(site: Site) -> None:
    """Buffering off, Upgrade passed on: the main job, and values arrive when they are made."""
    site.do("main_job", site.url("tuned"))
    site.do("live", site.url("tuned"))


@row("nginx")
def nginx_gzip(site: Site) -> None:
    """It compresses whatever the client says it takes: the config, which is large."""
    site.do("main_job", site.url("gzip"))
    received = {}
    for name in ("tuned", "gzip"):
        with Relay(site.host, site.ports[name], speed=1e9) as relay:
            site.do("once", relay.url)
            received[name] = relay.down.bytes
    if received["gzip"] > received["tuned"] / 2:
        raise Failed("%(gzip)d bytes were received, and %(tuned)d without compression" % received)


@row("nginx")
def nginx_prefix_stripped(site: Site) -> None:
    """The app at /some/app/, and knows nothing of it."""
    site.do("main_job", site.url("stripped", "/some/app/"))
    site.do("once", site.url("stripped", "/some/app"))


@row("nginx")
def nginx_prefix_kept(site: Site) -> None:
    """The app at /kept on both sides."""
    site.do("main_job", site.url("kept", "/kept"))


@row("nginx")
def nginx_tls(site: Site) -> None:
    """An authority of its own, given as ssl_verify=, SSL_CERT_FILE or REQUESTS_CA_BUNDLE; without it an error."""
    site.do("main_job", site.url("tls"), ssl_verify=site.ca)
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        site.do("once", site.url("tls"), env={name: site.ca})
    site.do("once", site.url("tls"), ssl_verify=False)
    site.fails("ConnectionFailed", ["certificate", "ssl_verify", site.host], "once", site.url("tls"))


@row("nginx")
def nginx_client_certificate(site: Site) -> None:
    """It wants a certificate of the client, which an SSLContext has."""
    certificate = str(site.world.folder / "own.pem")
    site.do("main_job", site.url("client_certificate"), ssl_verify=site.ca, certificate=certificate)
    site.fails("HTTPError ProtocolError", ["400"], "once", site.url("client_certificate"), ssl_verify=site.ca)


@row("nginx", "network")
def nginx_http_to_https(site: Site) -> None:
    """The address is given as http://, and the proxy redirects to https:// on the usual port."""
    for host in (site.host, "app%d.test" % site.number):
        site.do("main_job", "http://%s/" % host, ssl_verify=site.ca)


@row("nginx")
def nginx_basic(site: Site) -> None:
    """A login in the URL, percent-encoded. Without it the error says so."""
    site.do("main_job", site.url("basic", login=LOGIN_IN_URL))
    site.fails("AuthenticationError", ["user:password@", "percent-encoded"], "once", site.url("basic"))


@row("nginx")
def nginx_body_size(site: Site) -> None:
    """client_max_body_size 100k: a small upload works, a large one is an error with its status and reason."""
    site.do("files", site.url("small_bodies"), size=50_000)
    for size in (300_000, 5_000_000):
        last = site.fails("HTTPError", ["413", "too large"], "files", site.url("small_bodies"), size=size)
        if last["status"] != 413:
            raise Failed("status %r" % last["status"])


@row("nginx", kind=WAITS)
def nginx_keep_alive_1_s(site: Site) -> None:
    """keepalive_timeout 1s, with calls at less and more than this distance; then with no keep-alive at all."""
    site.do(
        "calls", site.url("closes_soon"), count=20, pauses=[0.6, 1.3, 0.8, 1.2], deadline=90
    )  # a call at 1.0 s may fail
    site.do("main_job", site.url("closes_at_once"))


@row("nginx", kind=WAITS)
def nginx_busy_stream(site: Site) -> None:
    """The stream is refused once, with 429 and Retry-After or with 503: the job goes on. (Gradio 3: or an error.)"""
    for name, kind in (("busy_stream_429", "TooManyRequestsError"), ("busy_stream_503", "HTTPError")):
        clients = [site.begin("once", site.url(name)) for _ in range(2)]
        ends = [client.finish()[-1] for client in clients]
        for end in ends:
            refused = site.old and end["outcome"] == kind and (kind == "HTTPError" or wait_of(end) == 3)
            if end["outcome"] != "ok" and not refused:
                raise Failed("%s: %s" % (name, describe(end)))


def wait_of(end: dict[str, Any]) -> float:
    return float(end["retry_after"] or 0)


@row("nginx")
def nginx_retry_after(site: Site) -> None:
    """429 for a job, and 503 for everything: errors of the right class, with the seconds to wait."""
    last = site.fails("TooManyRequestsError", ["429"], "once", site.url("busy_join"))
    other = site.fails("HTTPError", ["503"], "once", site.url("maintenance"))
    found = (last["status"], wait_of(last), other["status"], wait_of(other))
    if found != (429, 3.0, 503, 7.0):
        raise Failed("status and retry_after: %s" % (found,))


@row("nginx")
def nginx_login_page(site: Site) -> None:
    """Whoever has no cookie is sent to a login page elsewhere: the error names it; also in mid-session."""
    site.do("main_job", site.url("sso"), cookies={"sso": "1"})
    words = [site.places["login_page"], "login", "cookie"]
    site.fails("AuthenticationError", words, "once", site.url("sso"))
    site.fails("AuthenticationError", words, "once", site.url("sso_later"))


@row("nginx")
def nginx_reload(site: Site) -> None:
    """`nginx -s reload` in mid-job: the job goes on."""
    end_of_job = disturb(site, "reloading", Program.reload)
    if end_of_job["job"]:
        raise Failed("%(job)s: %(text)s" % end_of_job)


@row("nginx")
def nginx_restart(site: Site) -> None:
    """Stopped and started in mid-job: the job ends with its result or ConnectionLost, and the client goes on."""

    def restart(nginx: Program) -> None:
        nginx.stop()
        nginx.start()

    end_of_job = disturb(site, "restarting", restart)
    if end_of_job["job"] not in ("", "ConnectionLost"):
        raise Failed("%(job)s: %(text)s" % end_of_job)


def disturb(site: Site, name: str, how: Callable[[Program], None]) -> dict[str, Any]:
    """Run a job through an nginx of its own, and do something to that. How the job ended."""
    NGINX_SERVERS[name] = NGINX_SERVERS["tuned"]
    nginx = site.start_nginx(name, [name])
    probe = site.begin("interrupted", site.url(name), steps=12)
    first = probe.next()
    if "running" not in first:
        raise Failed(describe(first))
    how(nginx)
    end_of_job = probe.next()
    probe.send("")
    last = probe.finish()[-1]
    if last["outcome"] != "ok":
        raise Failed(describe(last))
    return end_of_job


@row("haproxy", "replica")
def haproxy_sticky(site: Site) -> None:
    """Two replicas, and a cookie that says which: everything goes to the same."""
    for _ in range(2):
        site.do("main_job", site.url("sticky"))
    count_ends(site.do("many_clients", site.url("sticky"), clients=6, jobs=10, each=30.0), failures=False)


@row("haproxy", "replica", kind=BUSY)
def haproxy_round_robin(site: Site) -> None:
    """Two replicas in turn: 20 clients with 20 jobs each. None hangs; errors say what is wrong."""
    news = site.do("many_clients", site.url("robin"), clients=20, jobs=20, each=60.0, deadline=200)
    count_ends(news, failures=True)
    texts = [item["error"] for item in news if "error" in item]
    for text in texts:
        if not text.startswith("ConnectionLost") or "sticky session" not in text:
            raise Failed("does not say 'sticky sessions': %s" % text)


def count_ends(news: Sequence[dict[str, Any]], failures: bool) -> None:
    ends = [item for item in news if "hanging" in item]
    hanging, failed = (sum(item[key] for item in ends) for key in ("hanging", "failed"))
    if hanging or (failed and not failures):
        errors = [item["error"] for item in news if "error" in item]
        raise Failed("%d jobs hang, %d failed, such as: %s" % (hanging, failed, errors[:1]))


@row("haproxy", "replica", kind=WAITS)
def haproxy_timeouts(site: Site) -> None:
    """A function that runs longer than haproxy's timeouts of 30 s: heartbeats keep the way open."""
    site.do("long_job", site.url("sticky"), seconds=45, deadline=200)


def through(site: Site, name: str, login: str = "") -> str:
    return "http://%s%s" % (login + "@" if login else "", site.world.places[name])


@row("squid", "network")
def squid_http(site: Site) -> None:
    """A company's proxy with a login, for http (and WebSockets on Gradio 3), by variable and by proxy=."""
    site.do("main_job", site.direct(), env={"HTTP_PROXY": through(site, "squid", LOGIN_IN_URL)})
    site.do("once", site.direct(), proxy=through(site, "squid", LOGIN_IN_URL))


@row("squid", "nginx", "network")
def squid_https(site: Site) -> None:
    """The same for https."""
    env = {"https_proxy": through(site, "squid", LOGIN_IN_URL)}
    site.do("main_job", site.url("tls"), env=env, ssl_verify=site.ca)


@row("squid", "nginx", "network")
def squid_without_login(site: Site) -> None:
    """407 is an authentication error that names the proxy and where it was set; never its password."""
    words = ["407", site.world.places["squid"]]
    for url, name in ((site.direct(), "HTTP_PROXY"), (site.url("tls"), "HTTPS_PROXY")):
        for login in ("", "user:wrong-password"):
            env = {name: through(site, "squid", login)}
            last = site.fails("AuthenticationError", [*words, name], "once", url, env=env, ssl_verify=site.ca)
            if "wrong-password" in last["text"]:
                raise Failed("the password is in the text: %s" % last["text"])
        site.fails("AuthenticationError", [*words, "proxy="], "once", url, proxy=through(site, "squid"))


@row("tinyproxy", "network", kind=BUSY)
def tinyproxy_520_calls(site: Site) -> None:
    """Plain http, 520 calls, no failure."""
    env = {"http_proxy": through(site, "tinyproxy")}
    site.do("calls", site.direct(), count=520, at_once=4, env=env, deadline=200)


@row("tinyproxy", "nginx", "network")
def tinyproxy_main_job(site: Site) -> None:
    """The main job for http and https."""
    site.do("main_job", site.direct(), proxy=through(site, "tinyproxy"))
    site.do("main_job", site.url("tls"), proxy=through(site, "tinyproxy"), ssl_verify=site.ca)


@row("network")
def dead_proxy(site: Site) -> None:
    """Refused, unknown, silent: the error names the proxy and where it was set, not the app."""
    dead = "%s:9" % site.host
    site.fails("ConnectionFailed", [dead, "HTTP_PROXY", "proxy"], "once", site.direct(), env={"HTTP_PROXY": dead})
    site.fails("ConnectionFailed", [dead, "proxy="], "once", site.direct(), proxy="http://" + dead)
    env = {"ALL_PROXY": "http://nowhere.test:3128"}
    site.fails("ConnectionFailed", ["nowhere.test", "ALL_PROXY"], "once", site.direct(), env=env)
    with mute(site.host) as place:
        env = {"http_proxy": "http://" + place}
        site.fails("TimedOut", [place, "http_proxy"], "once", site.direct(), env=env, timeout=1)


@row("nginx", "network")
def no_proxy(site: Site) -> None:
    """Networks, addresses and names in NO_PROXY, beside a proxy that is dead."""
    proxies = {"HTTP_PROXY": "http://%s:9" % site.host}
    name, port = "app%d.test" % site.number, site.ports["tuned"]
    cases = {
        site.host: ("10.9.0.0/16", "10.0.0.0/8", site.host + "/32", site.host, "localhost, 10.9.0.0/16"),
        site.host6: ("[%s]" % site.host6, site.host6, "fd09::/16", site.host6 + "/128", "*"),
        name: (".test", "test", name, "%s:%d" % (name, port)),
    }
    wrong = []
    for host, forms in cases.items():
        for form in forms:
            url = site.url("tuned", host=host)
            last = site.begin("once", url, env={**proxies, "NO_PROXY": form}).finish()[-1]
            wrong += [] if last["outcome"] == "ok" else ["%s for %s" % (form, host)]
    for form in ("10.8.0.0/16", "192.168.0.0/16", "other.test", "%s:1" % name):
        last = site.begin("once", site.url("tuned", host=name), env={**proxies, "no_proxy": form}).finish()[-1]
        wrong += ["%s is not this host" % form] if last["outcome"] == "ok" else []
    if wrong:
        raise Failed("not as it should be: " + "; ".join(wrong))


@row("nginx", "network")
def silent_address(site: Site) -> None:
    """A name with an address that does not answer, and one that does: a few seconds once, then none."""
    with silence(site.holes[:1], site.ports["tuned"]):
        url = site.url("tuned", host="hole%d.test" % site.number)
        site.do("new_connections", url, first=8.0, later=2.5, hole=site.holes[0], deadline=200)


@row("nginx", "network")
def silent_addresses(site: Site) -> None:
    """A name with eight addresses of which none answers: the timeout is not for each."""
    with silence(site.holes, 9):
        url = "http://dark%d.test:9/" % site.number
        last = site.fails("TimedOut", ["dark%d.test" % site.number], "once", url, timeout=1)
        if last["seconds"] > 4:
            raise Failed("it took %s s with timeout=1" % last["seconds"])


@row(kind=WAITS)
def slow_line(site: Site) -> None:
    """15 KB/s each way with timeout=12: nothing is given up while bytes flow."""
    host, port = site.places["app"].split(":")
    with Relay(host, int(port)) as relay:
        site.do("main_job", relay.url, size=300_000, timeout=12, deadline=180)


@row(kind=WAITS)
def line_falls_silent(site: Site) -> None:
    """Heartbeats have arrived, and then stop: the job ends. (Gradio 3 has none, and waits.)"""
    if site.old:
        return
    host, port = site.places["app"].split(":")
    with Relay(host, int(port), speed=1e9) as relay:
        probe = site.begin("silenced", relay.url, before=50, seconds=160, deadline=240)
        news = probe.next()
        relay.frozen.set()
        if "running" in news:
            news = probe.next()
        if news.get("job") not in ("ConnectionLost", "TimedOut"):
            raise Failed(str(news))
        probe.finish()


# ---- the run -------------------------------------------------------------------------------------


class Result(NamedTuple):
    row: Row
    site: Site
    failure: str  # empty if there is none
    seconds: float


def why_not(row: Row, world: World, quick: bool) -> str:
    """Why a row is not run; empty if it is."""
    missing = [name for name in row.needs if name in PROGRAMS and name not in world.available]
    if row.kind != SHORT and quick:
        return "takes long"
    if missing:
        return "no " + ", ".join(missing)
    if "network" in row.needs and not world.inside:
        return "needs a network of its own, which takes root"
    return ""


def run_row(row: Row, site: Site, turns: dict[str, threading.Semaphore]) -> Result:
    with turns[row.kind]:
        began = time.monotonic()
        failure = ""
        try:
            row.run(site)
        except Failed as problem:
            failure = str(problem)
        except Exception as problem:
            failure = "%s: %s" % (type(problem).__name__, problem)
        return Result(row, site, failure, time.monotonic() - began)


def run_all(rows: Sequence[Row], sites: Sequence[Site], world: World) -> list[Result]:
    """Start everything; then run rows that wait all at once, the others a few or one at a time."""
    turns = {kind: threading.Semaphore(number) for kind, number in AT_ONCE.items()}
    replicas = any("replica" in row.needs for row in rows)
    world.start(sites)
    results: list[Result] = []

    started: list[Site] = []

    def start(site: Site) -> None:
        try:
            site.start(replicas)
            started.append(site)
        except (Failed, NotInstalled, OSError) as problem:
            row = Row("start", start, "", (), SHORT)
            results.append(Result(row, site, "%s: %s" % (type(problem).__name__, problem), 0.0))

    def run(row: Row, site: Site) -> None:
        results.append(run_row(row, site, turns))

    at_once([partial(start, site) for site in sites])
    ordered = sorted(rows, key=lambda row: row.kind == SHORT)
    at_once([partial(run, row, site) for row in ordered for site in started])
    return results


def show(results: Sequence[Result], sites: Sequence[Site], skipped: dict[str, str]) -> int:
    """Print the table, what went wrong, and the counts. How many failed."""
    names = list(dict.fromkeys(result.row.name for result in results))
    ordered = [row.name for row in ROWS if row.name in names or row.name in skipped] + [
        name for name in names if name not in [row.name for row in ROWS]
    ]
    found = {(result.row.name, result.site.version): result for result in results}
    print("%-26s" % "" + "".join("%-16s" % site.version for site in sites))
    for name in ordered:
        cells = [skipped.get(name, "")] if name in skipped else []
        for site in sites:
            result = found.get((name, site.version))
            if name not in skipped:
                shown = "%s %5.1f s" % ("FAILED" if result.failure else "ok    ", result.seconds) if result else "-"
                cells.append("%-16s" % shown)
        print("%-26s" % name + "".join(cells))
    failures = [result for result in results if result.failure]
    for result in failures:
        print("\n%s on %s: %s" % (result.row.name, result.site.version, result.failure))
    counts = (len(results), len(results) - len(failures), len(failures), len(skipped))
    print("\n%d rows run: %d ok, %d failed; %d not run on any release" % counts)
    return len(failures)


def main(words: Sequence[str]) -> int:
    known = {row.name: row for row in ROWS}
    if "--list" in words:
        for row in ROWS:
            print("%-26s%s%s" % (row.name, "" if row.kind == SHORT else "(long) ", row.about))
        return 0
    versions = [word for word in words if word in RELEASES] or list(VERSIONS)
    named = [word for word in words if word not in RELEASES and word != "--quick"]
    if set(named) - set(known):
        print(__doc__)
        return 2
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    install_packages(missing_packages())
    try:
        for version in versions:
            install(RELEASES[version])
    except NotInstalled as problem:
        print(problem)
        return 1
    enter_own_network()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="proxies-"))
    available = [name for name in PROGRAMS if find_program(name)]
    world = World(folder, INSIDE in os.environ, available)
    rows = [row for row in ROWS if not named or row.name in named]
    reasons = {row.name: why_not(row, world, "--quick" in words) for row in rows}
    skipped = {name: "not run: " + reason for name, reason in reasons.items() if reason}
    rows = [row for row in rows if row.name not in skipped]
    sites = [Site(number, version, folder / version, world) for number, version in enumerate(versions, 1)]
    for site in sites:
        site.folder.mkdir()
    try:
        results = run_all(rows, sites, world) if rows else []
    finally:
        for site in sites:
            site.stop()
        world.stop()
        shutil.rmtree(folder, ignore_errors=True)
    failed = show(results, sites, skipped)
    absent = [reason for reason in reasons.values() if reason.startswith("no ")]  # a program
    return 1 if failed or (absent and os.environ.get("CI")) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
