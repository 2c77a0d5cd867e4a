"""A network of our own, with nginx, haproxy, squid and tinyproxy before real Gradio servers: for testing/proxies.py."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Sequence

from testing.probes import DEADLINE, Failed, Probe, describe
from testing.servers import Server
from testing.versions import RELEASES

PROGRAMS = {"nginx": "nginx-light", "haproxy": "haproxy", "squid": "squid", "tinyproxy": "tinyproxy"}
TOOLS = {"openssl": "openssl", "ip": "iproute2", "unshare": "util-linux", "mount": "mount"}
INSIDE = "TESTING_PROXIES_INSIDE"  # set in the network of our own
LOGIN = ("user", "pa:ss@w/ö")  # of proxies and of nginx's Basic authentication
LOGIN_IN_URL = "user:pa%3Ass%40w%2F%C3%B6"


# ---- before everything else ----------------------------------------------------------------------


def missing_packages() -> list[str]:
    needed = {**PROGRAMS, **TOOLS}
    return [package for program, package in needed.items() if find_program(program) is None]


def find_program(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def install_packages(packages: Sequence[str]) -> None:
    """Debian's packages of these names, if that is permitted; afterwards some may still be missing."""
    if not packages or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    print("installing %s" % " ".join(packages), flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}  # 1: do not start services
    wanted = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    for command in (wanted, ["apt-get", "update", "-q"], wanted):
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode == 0 and command is wanted:
            return
    print("\n".join(done.stdout.splitlines()[-5:]))


def enter_own_network() -> None:
    """Start again in a network and with mounts of our own, if the system permits it."""
    if INSIDE in os.environ or os.geteuid() != 0 or shutil.which("unshare") is None:
        return
    own = ["unshare", "--net", "--mount"]
    if subprocess.run([*own, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
        sys.stdout.flush()
        command = [*own, sys.executable, os.path.abspath(sys.argv[0]), *sys.argv[1:]]
        os.execvpe("unshare", command, {**os.environ, INSIDE: "1"})


def at_once(tasks: Sequence[Callable[[], None]]) -> None:
    """Run them side by side, in threads that nobody waits for after Ctrl-C. Raises the first error."""
    errors: list[BaseException] = []

    def run(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(task,), daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


# ---- proxies -------------------------------------------------------------------------------------


def run_tool(*command: str, stdin: str | None = None) -> str:
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    if done.returncode:
        raise Failed("%s: %s" % (" ".join(command), done.stdout.strip()[-500:]))
    return done.stdout


class Program:
    """A proxy's process. `ports` is what it listens on, as (host, port)."""

    def __init__(self, command: Sequence[str], ports: Iterable[tuple[str, int]], log: Path) -> None:
        self._command, self._ports, self._log = command, list(ports), log
        self.start()

    def start(self) -> None:
        with open(self._log, "ab") as log:
            self.process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for place in self._ports:
            deadline = time.monotonic() + 20
            while True:
                try:
                    socket.create_connection(place, 5).close()
                    break
                except OSError as error:
                    if self.process.poll() is not None or time.monotonic() > deadline:
                        self.stop()
                        raise Failed("%s: %s" % (" ".join(self._command), self._log.read_text()[-500:])) from error
                    time.sleep(0.02)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)


TO_APP = """
    proxy_pass http://{app}; proxy_http_version 1.1; proxy_buffering off; proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $upgrade;
"""
STREAM = "queue/(data|join)"  # the second is that of Gradio 3; elsewhere jobs are POSTed there, which is not limited
NGINX_SERVERS: dict[str, str] = {  # name: what stands in its server { }, with names of Site.places in it
    "defaults": "location / {{ proxy_pass http://{app}; }}",
    "upgrade": "location / {{ %s proxy_buffering on; }}" % TO_APP.replace(" proxy_buffering off;", ""),
    "tuned": "location / {{ %s }}" % TO_APP,
    "gzip": "gzip on; gzip_proxied any; gzip_types *; location / {{ %s }}" % TO_APP,
    "stripped": "location /some/app/ {{ %s }}" % TO_APP.replace("{app}", "{app}/"),
    "kept": "location /kept {{ %s }}" % TO_APP.replace("{app}", "{kept_app}"),
    "tls": "location / {{ %s }}" % TO_APP,
    "client_certificate": "ssl_client_certificate {folder}/ca.pem; ssl_verify_client on; location / {{ %s }}" % TO_APP,
    "basic": 'auth_basic "the app"; auth_basic_user_file {folder}/passwords; location / {{ %s }}' % TO_APP,
    "small_bodies": "client_max_body_size 100k; location / {{ %s }}" % TO_APP,
    "closes_soon": "keepalive_timeout 1s; location / {{ %s }}" % TO_APP,
    "closes_at_once": "keepalive_timeout 0; location / {{ %s }}" % TO_APP,
    "busy_stream_429": "location / {{ %s }} location ~ %s {{ limit_req zone=one; limit_req_status 429; "
    "error_page 429 = @later; %s }} location @later {{ add_header Retry-After 3 always; return 429; }}"
    % (TO_APP, STREAM, TO_APP),
    "busy_stream_503": "location / {{ %s }} location ~ %s {{ limit_req zone=two; %s }}" % (TO_APP, STREAM, TO_APP),
    "busy_join": "location / {{ %s }} location ~ queue/join {{ add_header Retry-After 3 always; return 429; }}"
    % TO_APP,
    "maintenance": "add_header Retry-After 7 always; location / {{ return 503; }}",
    "login": "location / {{ default_type text/html; return 200 '<title>Sign in</title><form>'; }}",
    "sso": "location / {{ if ($cookie_sso = '') {{ return 302 {login_page}?next=$uri; }} %s }}" % TO_APP,
    "sso_later": "location / {{ %s }} location ~ queue/join {{ return 302 {login_page}; }}" % TO_APP,
    "to_https": "return 301 https://$host$request_uri;",
}
TLS_SERVERS = ("tls", "client_certificate")
NGINX = """
{user} daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.log;
events {{ worker_connections 1000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    map $http_upgrade $upgrade {{ default upgrade; '' ''; }}
    map $request_method $is_get {{ default ''; GET all; }}
    limit_req_zone $is_get zone=one:1m rate=30r/m;
    limit_req_zone $is_get zone=two:1m rate=30r/m;
    {servers}
}}
"""


def start_nginx(folder: Path, name: str, servers: str, ports: Iterable[tuple[str, int]]) -> Program:
    path, log = folder / (name + ".conf"), folder / (name + ".log")
    user = "user root;" if os.geteuid() == 0 else ""  # of the folder, since nobody else may enter it
    path.write_text(NGINX.format(folder=folder, name=name, servers=servers, user=user))
    return Program([find_program("nginx") or "nginx", "-c", str(path), "-e", str(log), "-p", str(folder)], ports, log)


HAPROXY = """
global
    maxconn 1000
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout tunnel 1h
frontend sticky
    bind {host}:{sticky}
    default_backend with_cookie
frontend robin
    bind {host}:{robin}
    default_backend in_turn
backend with_cookie
    balance roundrobin
    cookie REPLICA insert indirect nocache
    server one {app} cookie one
    server two {replica} cookie two
backend in_turn
    balance roundrobin
    server one {app}
    server two {replica}
"""
SQUID = """
http_port {host}:{port}
auth_param basic program {helper} {folder}/passwords
auth_param basic children 2 startup=1
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
cache deny all
cache_mem 1 MB
access_log none
cache_log {folder}/squid/cache.log
pid_filename {folder}/squid/pid
coredump_dir {folder}/squid
pinger_enable off
shutdown_lifetime 0 seconds
visible_hostname squid.test
"""
TINYPROXY = """
Port {port}
Listen {host}
Timeout 600
MaxClients 200
LogLevel Error
LogFile "{folder}/tinyproxy.log"
"""
EXTENSIONS = "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"


def make_certificates(folder: Path, names: Sequence[str]) -> None:
    """An authority, and one certificate that it signed, for all names and for clients."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    made = {name: str(folder / name) for name in ("ca.pem", "ca.key", "key", "csr", "crt", "extensions")}
    Path(made["extensions"]).write_text(EXTENSIONS + "subjectAltName=" + ",".join(names) + "\n")
    authority = ["-subj", "/CN=an authority", *usage, "-keyout", made["ca.key"], "-out", made["ca.pem"]]
    run_tool("openssl", "req", "-x509", "-days", "9", *key, *authority)
    run_tool("openssl", "req", *key, "-subj", "/CN=an app", "-keyout", made["key"], "-out", made["csr"])
    signing = ["-CA", made["ca.pem"], "-CAkey", made["ca.key"], "-CAcreateserial", "-extfile", made["extensions"]]
    run_tool("openssl", "x509", "-req", "-days", "9", "-in", made["csr"], "-out", made["crt"], *signing)
    (folder / "own.pem").write_text(Path(made["key"]).read_text() + Path(made["crt"]).read_text())


def make_passwords(folder: Path) -> None:
    hashed = run_tool("openssl", "passwd", "-apr1", "-stdin", stdin=LOGIN[1] + "\n").strip()
    (folder / "passwords").write_text("%s:%s\n" % (LOGIN[0], hashed))


def free_ports(host: str, count: int) -> list[int]:
    """They are held until all are drawn: the system may give a port twice that was let go."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((host, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


# ---- the network ---------------------------------------------------------------------------------


class Site:
    """What the rows of one release have: servers, the proxies before them, and addresses that nobody else uses.

    In a network of our own `host` is not loopback, `host6` is an IPv6 address of it, and these names are known:
    appN.test is `host`; holeN.test has first an address that does not answer, then `host`; darkN.test has eight such.
    """

    def __init__(self, number: int, version: str, folder: Path, world: World) -> None:
        self.number, self.version, self.world = number, version, world
        self.old = version.startswith("3.")
        self.host = "10.9.%d.1" % number if world.inside else "127.0.0.1"
        self.host6 = "fd09::%d" % number
        self.login_host = "login%d.test" % number if world.inside else "localhost"
        self.holes = ["2001:db8:%d::%d" % (number, i) for i in range(1, 9)]  # the system prefers these to all others
        self.folder = folder
        self.places: dict[str, Any] = {"folder": world.folder, "host": self.host}
        self.ports: dict[str, int] = {}
        self._lock = threading.RLock()  # held while a process is started
        self._stopped = False
        self.programs: list[Program] = []
        self.probes: list[Probe] = []
        self.servers: dict[str, Server] = {}

    @property
    def names(self) -> list[str]:
        return ["IP:" + self.host, "IP:" + self.host6, "DNS:app%d.test" % self.number]

    def start_server(self, name: str) -> None:
        options = ("--host", self.host, "--workers", "40", "--pool", "40", "--show-error")
        server = self.servers[name] = Server(RELEASES[self.version], "network", *options)
        server.__enter__()
        self.places[name] = server.url.split("/")[2]
        self.places.setdefault("kept_app", server.ready["kept"].split("/")[2])

    def start_nginx(self, name: str, servers: Sequence[str]) -> Program:
        blocks, places = [], []
        for server, free in zip(servers, free_ports(self.host, len(servers))):
            ssl_or_not = " ssl" if server in TLS_SERVERS else ""
            port = self.ports[server] = 80 if server == "to_https" else free
            if server == "login":  # by another name: somewhere else
                self.places["login_page"] = "http://%s:%d/start" % (self.login_host, port)
            listen = "listen %s:%d%s;" % (self.host, port, ssl_or_not)
            if self.world.inside and server != "to_https":
                listen += " listen [%s]:%d%s;" % (self.host6, port, ssl_or_not)
                listen += " listen %s:443 ssl;" % self.host if server == "tls" else ""
            if ssl_or_not:
                listen += " ssl_certificate {folder}/own.pem; ssl_certificate_key {folder}/own.pem;"
            blocks.append("server {{ %s\n%s }}" % (listen, NGINX_SERVERS[server]))
            places.append((self.host, port))
        with self._starting():
            self.programs.append(start_nginx(self.folder, name, "\n".join(blocks).format(**self.places), places))
            return self.programs[-1]

    def start_haproxy(self) -> None:
        ports = dict(zip(("sticky", "robin"), free_ports(self.host, 2)))
        path = self.folder / "haproxy.conf"
        path.write_text(HAPROXY.format(**self.places, **ports))
        self.ports.update(ports)
        places = [(self.host, port) for port in ports.values()]
        with self._starting():
            self.programs.append(Program(["haproxy", "-db", "-f", str(path)], places, self.folder / "haproxy.log"))

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        with self._lock:
            if self._stopped:
                raise Failed("interrupted")
            yield

    def start(self, replicas: bool) -> None:
        """The servers side by side, then what stands before them."""
        names = ["app", "replica"] if replicas else ["app"]
        at_once([partial(self.start_server, name) for name in names])
        if "nginx" in self.world.available:
            self.start_nginx("nginx", [name for name in NGINX_SERVERS if name != "to_https" or self.world.inside])
        if replicas:
            self.start_haproxy()

    def stop(self) -> None:
        with self._lock:  # no row goes on
            self._stopped = True
        for probe in self.probes:
            probe.stop()
        for program in self.programs:
            program.stop()
        for server in self.servers.values():
            if server.pid:
                server.kill()  # it may be starting
                server.stop()

    # --- for rows

    def url(self, name: str, path: str = "/", login: str = "", host: str = "") -> str:
        """Of the server of this name."""
        scheme = "https" if name in TLS_SERVERS else "http"
        host = host or self.host
        host = "[%s]" % host if ":" in host else host
        at = login + "@" if login else ""
        return "%s://%s%s:%d%s" % (scheme, at, host, self.ports[name], path)

    def direct(self) -> str:
        return "http://%s/" % self.places["app"]

    @property
    def ca(self) -> str:
        return str(self.world.folder / "ca.pem")

    def begin(self, what: str, url: str, deadline: float = DEADLINE, env: Any = None, **given: Any) -> Probe:
        with self._starting():
            self.probes.append(Probe(self.folder, what, {"url": url, **given}, deadline, env or {}))
            return self.probes[-1]

    def do(self, what: str, url: str, **given: Any) -> list[dict[str, Any]]:
        """Do it, and expect that it goes well. What the process told."""
        news = self.begin(what, url, **given).finish()
        if news[-1]["outcome"] != "ok":
            raise Failed(describe(news[-1]))
        return news

    def fails(self, kinds: str, words: Sequence[str], what: str, url: str, **given: Any) -> dict[str, Any]:
        """Expect an error of one of these classes that says all these words."""
        last = self.begin(what, url, **given).finish()[-1]
        missing = [word for word in words if word.lower() not in last.get("text", "").lower()]
        if last["outcome"] not in kinds.split() or missing:
            raise Failed("wanted %s that says %s; got %s" % (kinds, list(words), describe(last)))
        return last


class World:
    """What all sites share: the network, forward proxies, a port where nobody answers."""

    def __init__(self, folder: Path, inside: bool, programs: Sequence[str]) -> None:
        self.folder, self.inside, self.available = folder, inside, programs
        self.programs: list[Program] = []
        self.places: dict[str, str] = {}  # host:port by name

    def start(self, sites: Sequence[Site]) -> None:
        names = [name for site in sites for name in site.names] + ["IP:127.0.0.1"]
        os.chmod(self.folder, 0o755)  # squid has a user of its own
        make_certificates(self.folder, names)
        make_passwords(self.folder)
        if not self.inside:
            return
        run_tool("ip", "link", "set", "lo", "up")
        run_tool("ip", "address", "add", "10.9.0.1/32", "dev", "lo")
        hosts = ["127.0.0.1 localhost", "10.9.0.1 forward.test"]
        for site in sites:
            run_tool("ip", "address", "add", site.host + "/32", "dev", "lo")
            for address in (site.host6, *site.holes):
                run_tool("ip", "-6", "address", "add", address + "/128", "dev", "lo", "nodad")
            hosts += ["%s app%d.test" % (site.host, site.number), "%s hole%d.test" % (site.host, site.number)]
            hosts += ["%s %s" % (site.host, site.login_host), "%s hole%d.test" % (site.holes[0], site.number)]
            hosts += ["%s dark%d.test" % (hole, site.number) for hole in site.holes]
        self.name_hosts(hosts)
        for name, start in (("squid", self.start_squid), ("tinyproxy", self.start_tinyproxy)):
            if name in self.available:
                start()

    def name_hosts(self, lines: Sequence[str]) -> None:
        path = self.folder / "hosts"
        path.write_text("\n".join(lines) + "\n")
        run_tool("mount", "--bind", str(path), "/etc/hosts")

    def start_squid(self) -> None:
        (port,) = free_ports("10.9.0.1", 1)
        own = self.folder / "squid"
        own.mkdir()
        own.chmod(0o777)
        helper = next(Path("/usr/lib").glob("**/basic_ncsa_auth"))
        path = self.folder / "squid.conf"
        path.write_text(SQUID.format(host="10.9.0.1", port=port, folder=self.folder, helper=helper))
        log = self.folder / "squid.log"
        self.programs.append(Program(["squid", "-N", "-f", str(path)], [("10.9.0.1", port)], log))
        self.places["squid"] = "10.9.0.1:%d" % port

    def start_tinyproxy(self) -> None:
        (port,) = free_ports("10.9.0.1", 1)
        path = self.folder / "tinyproxy.conf"
        path.write_text(TINYPROXY.format(host="10.9.0.1", port=port, folder=self.folder))
        log = self.folder / "tinyproxy.out"
        self.programs.append(Program(["tinyproxy", "-d", "-c", str(path)], [("10.9.0.1", port)], log))
        self.places["tinyproxy"] = "10.9.0.1:%d" % port

    def stop(self) -> None:
        for program in self.programs:
            program.stop()


@contextlib.contextmanager
def silence(hosts: Sequence[str], port: int) -> Iterator[None]:
    """IPv6 addresses that do not answer at all: who listens there has more connections than it takes."""
    with contextlib.ExitStack() as stack:
        for host in hosts:
            listener = stack.enter_context(socket.socket(socket.AF_INET6))
            listener.bind((host, port))
            listener.listen(0)
            for _ in range(4):
                waiting = stack.enter_context(socket.socket(socket.AF_INET6))
                waiting.setblocking(False)
                waiting.connect_ex((host, port))
        time.sleep(0.2)
        yield


@contextlib.contextmanager
def mute(host: str) -> Iterator[str]:
    """A proxy that takes connections and says nothing."""
    with socket.socket() as listener:
        listener.bind((host, 0))
        listener.listen(50)
        yield "%s:%d" % listener.getsockname()
