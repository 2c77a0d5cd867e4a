# SPDX-License-Identifier: MIT
"""What an error says when the way to an app is at fault: it names the thing, and what to do, not the app.

    python3 -m unittest testing.test_proxy_errors

Each case is tried with a Client and with the command line, whose exit code is a part of the case. Texts are asserted
only by the words that a user needs to find the cause. testing/proxies.py tries the same with real proxies.
"""

from __future__ import annotations

import contextlib
import io
import os
import socket
import ssl
import sys
from typing import Any, Callable, NamedTuple, Sequence
from unittest import mock

import gradio_lite_client as glc
from testing.fake import CA_FILE, CERTS, ProxyServer, Reply, ScriptedServer, Stream
from testing.support import MS, ClientCase, config

PATIENCE = 300 * MS
SECRET = "hunter2"  # never in any text
BASIC = {"WWW-Authenticate": 'Basic realm="the app"'}
UNKNOWN = "http://app.example/"  # a host that only a proxy can know
Words = Sequence[Any]  # texts, each of which has to be there; of a tuple of texts one


class Wanted(NamedTuple):
    kinds: Any  # the classes that the error may be exactly
    code: Any  # of the command line; several, if any of them would do
    words: Words
    absent: Sequence[str] = ()  # advice that cannot help


PROXIES = ("proxy", "proxies")
DEAF = ("Is the app running",)


class ErrorCase(ClientCase):
    def setUp(self) -> None:
        super().setUp()
        names = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        self.patch_environ(**dict.fromkeys(names))
        self.patch_environ(**{name: None for name in os.environ if name.lower().endswith("_proxy")})

    def error_of(self, url: str, **options: Any) -> BaseException:
        """What connecting and calling raises."""
        try:
            with glc.Client(url, **{"download_files": self.downloads, **options}) as client:
                value = client.predict("x", fn_index=0)
        except Exception as error:
            return error
        self.fail(f"no error, but {value!r}")

    def complaint_of(self, url: str, *options: str) -> tuple[int, str]:
        """The exit code of the command line, and what it says on stderr."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch.object(
            sys, "stdin", io.StringIO()
        ):
            code = glc.main(["predict", url, "--fn-index", "0", "x", *options])
        self.assertEqual(out.getvalue(), "")
        return code, err.getvalue()

    def check_text(self, text: str, words: Words, absent: Sequence[str]) -> None:
        for word in words:
            choices = word if isinstance(word, tuple) else (word,)
            self.assertTrue([choice for choice in choices if choice.lower() in text.lower()], f"{word!r} in {text!r}")
        for word in (*absent, SECRET):
            self.assertNotIn(word.lower(), text.lower())

    def check(self, wanted: Wanted, url: str, shell: Sequence[str] = (), **options: Any) -> Any:
        """Client(url, **options) and the command line with these options in shell words."""
        error = self.error_of(url, **options)
        kinds = wanted.kinds if isinstance(wanted.kinds, tuple) else (wanted.kinds,)
        self.assertIn(type(error), kinds, error)
        self.check_text(str(error), wanted.words, wanted.absent)
        code, text = self.complaint_of(url, *shell)
        self.assertIn(code, wanted.code if isinstance(wanted.code, tuple) else (wanted.code,), text)
        spelled = [{"proxy=": "--proxy", "ssl_verify": "--cacert"}.get(word, word) for word in wanted.words]
        self.check_text(text, spelled, wanted.absent)
        return error


class ProxyErrorTest(ErrorCase):
    """N4. The proxy is at fault: its address is named, and where it was set."""

    def setUp(self) -> None:
        super().setUp()
        self.resolve()

    def both_ways(
        self, wanted: Wanted, proxy: str, name: str = "HTTP_PROXY", url: str = UNKNOWN, **options: Any
    ) -> None:
        """By the variable, which is named as it is spelled, and by the option."""
        shell = [word for key, value in options.items() for word in (f"--{key}", str(value))]
        for spelling in (name, name.lower()):
            with self.subTest(spelling), mock.patch.dict(os.environ, {spelling: proxy}):
                self.check(wanted._replace(words=[*wanted.words, spelling]), url, shell, **options)
        with self.subTest("option"):
            by_option = wanted._replace(words=[*wanted.words, "proxy="])
            self.check(by_option, url, [*shell, "--proxy", proxy], proxy=proxy, **options)

    def dead_port(self) -> str:
        sock = self.enter(socket.socket())
        sock.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{sock.getsockname()[1]}"

    def test_refused(self) -> None:
        dead = self.dead_port()
        wanted = Wanted(glc.ConnectionFailed, 3, ["proxy", dead], DEAF)
        self.both_ways(wanted, f"http://user:{SECRET}@{dead}")
        self.both_ways(wanted, dead)
        self.both_ways(wanted, f"http://{dead}", "HTTPS_PROXY", "https://app.example/")
        self.both_ways(wanted, f"http://{dead}", "ALL_PROXY")

    def test_unknown(self) -> None:
        wanted = Wanted(glc.ConnectionFailed, 3, ["proxy", "nowhere.example:3128"], DEAF)
        self.both_ways(wanted, "http://nowhere.example:3128")
        self.both_ways(wanted, "http://nowhere.example:3128", "HTTPS_PROXY", "https://app.example/")

    def test_silent(self) -> None:
        silent = self.raw(lambda sock: sock.recv(1) and silent.closed.wait())
        wanted = Wanted(glc.TimedOut, 5, ["proxy", silent.host], DEAF)
        self.both_ways(wanted, silent.url, timeout=PATIENCE)
        self.both_ways(wanted, silent.url, "HTTPS_PROXY", "https://app.example/", timeout=PATIENCE)

    def test_hangs_up(self) -> None:
        rude = self.raw(lambda sock: sock.recv(1 << 16))
        wanted = Wanted(glc.ConnectionFailed, 3, ["proxy", rude.host])
        self.both_ways(wanted, rude.url)
        self.both_ways(wanted, rude.url, "HTTPS_PROXY", "https://app.example/")

    def test_wants_a_login(self) -> None:
        with ProxyServer(login=("user", "right")) as proxy:
            words = ["proxy", "407", proxy.host, ("user:password@", "percent-encoded")]
            wanted = Wanted(glc.AuthenticationError, 4, words, ["auth="])
            for given in (proxy.url, proxy.url.replace("//", f"//user:{SECRET}@")):
                self.both_ways(wanted, given)
                self.both_ways(wanted, given, "HTTPS_PROXY", "https://app.example/")

    def test_refuses_a_tunnel(self) -> None:
        for status in (403, 502, 503):
            with self.subTest(status), ScriptedServer() as server:
                server.on("CONNECT", "", Reply(status, (), "<title>no</title>", close=True))
                kinds = (glc.ConnectionFailed, glc.HTTPError, glc.AuthenticationError)
                code = (3, 4) if status == 403 else 3
                wanted = Wanted(kinds, code, ["proxy", str(status), server.host], DEAF)
                self.both_ways(wanted, server.url, "HTTPS_PROXY", "https://app.example/")

    def test_cannot_reach_the_app(self) -> None:
        """Plain http: squid and tinyproxy answer with a page of their own, under the app's address."""
        with ProxyServer(hosts={"app.example": self.dead_port()}) as proxy:
            self.both_ways(Wanted(glc.HTTPError, 1, ["502", "proxy", proxy.host]), proxy.url)

    def test_no_address_of_a_proxy(self) -> None:
        for value, words in (
            ("http://:3128", [":3128"]),
            (f"http://user:{SECRET}@:3128", []),
            ("proxy.example:99999", ["99999"]),
            ("http://proxy.example:port", ["port"]),
            ("http://[::1", []),
            (f"socks5://user:{SECRET}@127.0.0.1:1080", ["socks5", "http://"]),
            ("https://127.0.0.1:1080", ["https", "http://"]),
        ):
            wanted = Wanted((glc.ConnectionFailed, ValueError), (2, 3), words, DEAF)
            with self.subTest(value):
                self.both_ways(wanted, value)


class BasicTest(ErrorCase):
    """N6. HTTP Basic in front of the app wants its login in the URL; an app's own login wants auth=."""

    def test_for_the_config(self) -> None:
        server = self.serve()
        server.on("*", "*", Reply(401, BASIC, "<title>401 Authorization Required</title>"))
        wanted = Wanted(glc.AuthenticationError, 4, ["user:password@", "percent-encoded"], ["auth=(", "--auth USER"])
        self.check(wanted, server.url)
        self.check(wanted, server.url.replace("//", f"//user:{SECRET}@"))
        several = [("WWW-Authenticate", "Negotiate"), ("www-authenticate", 'basic realm="x"')]
        server.on("*", "*", Reply(401, several, ""))
        self.check(wanted, server.url)

    def test_in_mid_session(self) -> None:
        server = self.scripted()
        server.on("POST", "/queue/join", Reply(401, BASIC, ""))
        self.check(Wanted(glc.AuthenticationError, 4, ["user:password@", "percent-encoded"]), server.url)

    def test_an_app_with_a_login_of_its_own(self) -> None:
        app = self.app(auth=("ada", "right"))
        error = self.error_of(app.url)
        self.assertIs(type(error), glc.AuthenticationError)
        self.check_text(str(error), ["auth=("], ["percent-encoded"])


class UpgradeTest(ErrorCase):
    """N7. Gradio 3 speaks over WebSockets, and the proxy does not pass them on."""

    def test_answers_of_proxies(self) -> None:
        for reply in (
            Reply(404, (), "Not Found"),  # nginx with its defaults: Gradio gets a plain GET
            Reply(400, (), "Bad Request"),
            Reply(426, {"Upgrade": "websocket"}, ""),
            Reply(200, {"Content-Type": "text/html"}, "<title>Gradio</title>"),
        ):
            with self.subTest(reply.status), ScriptedServer() as server:
                server.on("GET", "/config", config(version="3.50.2", protocol="ws"))
                server.on("GET", "/queue/join", reply)
                kinds = (glc.HTTPError, glc.ProtocolError, glc.ConnectionFailed)
                error = self.error_of(server.url)
                self.assertIn(type(error), kinds)
                self.check_text(str(error), ["Upgrade", "WebSocket", PROXIES, str(reply.status)], [])
                code, text = self.complaint_of(server.url)
                self.assertIn(code, (1, 3))
                self.check_text(text, ["Upgrade", PROXIES], [])

    def test_a_refusal_that_has_another_reason(self) -> None:
        for status, kind in ((401, glc.AuthenticationError), (429, glc.TooManyRequestsError), (503, glc.HTTPError)):
            with self.subTest(status), ScriptedServer() as server:
                server.on("GET", "/config", config(version="3.50.2", protocol="ws"))
                server.on("GET", "/queue/join", Reply(status, (), "no"))
                error = self.error_of(server.url)
                self.assertIs(type(error), kind)
                self.assertNotIn("Upgrade", str(error))


class LoginPageTest(ErrorCase):
    """N8. Whoever is not logged in is sent to a page where people log in."""

    def setUp(self) -> None:
        super().setUp()
        self.resolve()
        self.sso = self.serve()
        self.sso.on("*", "*", Reply(200, {"Content-Type": "text/html"}, "<title>Sign in</title><form>"))
        self.page = f"http://localhost:{self.sso.port}/start"  # another host than 127.0.0.1
        self.wanted = Wanted(
            glc.AuthenticationError, 4, [self.page, ("log in", "login"), "cookie", "header"], ["next="]
        )

    def to_login(self, status: int, where: str = "") -> Reply:
        return Reply(status, {"Location": f"{where or self.page}?next={SECRET}"}, "")

    def test_for_the_config(self) -> None:
        for status in (301, 302, 303, 307):
            with self.subTest(status), ScriptedServer() as server:
                server.on("*", "*", self.to_login(status))
                self.check(self.wanted, server.url)

    def test_on_the_same_host(self) -> None:
        server = self.serve()
        server.on("*", "*", self.to_login(302, "/oauth2/start"))
        server.on("GET", "/oauth2/start", Reply(200, {"Content-Type": "text/html"}, "<title>Sign in</title>"))
        words = [f"{server.url}/oauth2/start", *self.wanted.words[1:]]
        self.check(self.wanted._replace(words=words), server.url)

    def test_in_mid_session(self) -> None:
        """The login has run out: for the join, for the stream, for a file that is sent."""
        for method, path in (("POST", "/queue/join"), ("GET", "/queue/data")):
            for status in (302, 307):
                with self.subTest(path, status=status):
                    server = self.scripted()
                    server.on(method, path, self.to_login(status))
                    self.check(self.wanted, server.url)
        server = self.scripted()
        server.on("POST", "/upload", self.to_login(302))
        file = self.folder() / "x"
        file.write_bytes(b"x")
        with glc.Client(server.url) as client:
            error = self.raises(glc.AuthenticationError, client.predict, glc.handle_file(file), fn_index=0)
        self.check_text(str(error), self.wanted.words, self.wanted.absent)

    def test_a_page_instead_of_the_stream(self) -> None:
        """Without a redirect: the error says what came, and does not speak of replicas."""
        server = self.scripted()
        server.on("GET", "/queue/data", Reply(200, {"Content-Type": "text/html"}, "<title>Sign in</title>"))
        error = self.error_of(server.url)
        self.check_text(str(error), [f"{server.url}/queue/data", "Sign in"], ["sticky"])

    def test_a_page_that_is_no_app_is_no_login(self) -> None:
        self.check(Wanted(glc.ProtocolError, 3, ["no Gradio app", "Sign in"]), self.sso.url)


class TlsErrorTest(ErrorCase):
    """N12 and N14. Each trouble has its own sentence, and advice that helps."""

    HINT = ("SSL_CERT_FILE", "CA that signed")

    def test_unknown_authority(self) -> None:
        with self.serve(tls=True) as server:
            wanted = Wanted(glc.ConnectionFailed, 3, [server.host, "certificate", "SSL_CERT_FILE", "ssl_verify"], DEAF)
            self.check(wanted, server.url)

    def test_expired(self) -> None:
        with mock.patch("testing.fake.CERTIFICATE", str(CERTS / "expired.pem")):
            server = self.serve(tls=True)
        ca = str(CERTS / "expired.pem")
        wanted = Wanted(glc.ConnectionFailed, 3, [server.host, "expired"], (*self.HINT, *DEAF))
        self.check(wanted, server.url, ["--cacert", ca], ssl_verify=ca)

    def test_another_host(self) -> None:
        self.resolve(app_example="127.0.0.1")
        with self.serve(tls=True) as server:
            url = f"https://app.example:{server.port}/"
            wanted = Wanted(glc.ConnectionFailed, 3, ["app.example", "name"], (*self.HINT, *DEAF))
            self.check(wanted, url, ["--cacert", CA_FILE], ssl_verify=CA_FILE)

    def test_a_ca_file_that_is_missing_or_none(self) -> None:
        folder = self.folder()
        (folder / "empty.pem").write_bytes(b"")
        (folder / "text.pem").write_bytes(b"no certificate\n")
        (folder / "binary.pem").write_bytes(bytes(range(256)))
        with self.serve(tls=True) as server:
            for name in ("nope.pem", "no/such/folder/ca.pem", "empty.pem", "text.pem", "binary.pem"):
                path = str(folder / name)
                with self.subTest(name):
                    kinds = (ValueError, FileNotFoundError, ssl.SSLError, OSError, glc.ConnectionFailed)
                    wanted = Wanted(kinds, 2, [path], DEAF)
                    self.check(wanted, server.url, ["--cacert", path], ssl_verify=path)
                for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
                    with self.subTest(name, variable=variable), mock.patch.dict(os.environ, {variable: path}):
                        error = self.error_of(server.url)
                        self.check_text(str(error), [path, variable], DEAF)
                        code, text = self.complaint_of(server.url)
                        self.assertIn(code, (2, 3))
                        self.check_text(text, [path, variable], DEAF)

    def test_https_to_a_port_that_speaks_http(self) -> None:
        server = self.scripted()
        wanted = Wanted(glc.ConnectionFailed, 3, [server.host, "speaks http"], DEAF)
        self.check(wanted, server.url.replace("http:", "https:"))

    def test_https_to_a_port_that_speaks_http_through_a_proxy(self) -> None:
        server = self.scripted()
        self.resolve()
        with ProxyServer(hosts={"app.example": server.host}) as proxy:
            wanted = Wanted(glc.ConnectionFailed, 3, ["app.example", "speaks http"], DEAF)
            self.check(wanted, "https://app.example/", ["--proxy", proxy.url], proxy=proxy.url)

    def test_http_to_a_port_that_speaks_https(self) -> None:
        with self.serve(tls=True) as server:
            wanted = Wanted((glc.ConnectionFailed, glc.ConnectionLost), 3, [server.host, "https"], ())
            self.check(wanted, server.url.replace("https:", "http:"))


class BusyTest(ErrorCase):
    """N9. An intermediary refuses the stream, once or for good: then it is an error with the status of its answer."""

    def test_the_stream_is_refused_for_good(self) -> None:
        cases: list[tuple[int, Callable[..., Any]]] = [(429, glc.TooManyRequestsError), (502, glc.HTTPError)]
        for status, kind in [*cases, (503, glc.HTTPError), (504, glc.HTTPError)]:
            with self.subTest(status):
                server = self.scripted()
                server.on("GET", "/queue/data", Reply(status, {"Retry-After": "0"}, "<title>Busy</title>"))
                error: Any = self.error_of(server.url)
                self.assertIs(type(error), kind)
                self.assertEqual((error.status, float(error.retry_after)), (status, 0.0))
                self.assertGreater(len([request for request in server.requests if request.method == "GET"]), 2)
                self.assertEqual(len([request for request in server.requests if request.method == "POST"]), 1)

    def test_the_stream_is_refused_once(self) -> None:
        for status in (429, 502, 503, 504):
            with self.subTest(status):
                server = self.scripted()
                server.on("GET", "/queue/data", Reply(status, {"Retry-After": "0"}, ""), self.finished_stream(server))
                with glc.Client(server.url) as client:
                    self.assertEqual(client.predict("x", fn_index=0), "done")
                self.assertEqual(len([request for request in server.requests if request.path == "/queue/join"]), 1)

    def finished_stream(self, server: ScriptedServer) -> Any:
        def answer(request: Any) -> Any:
            stream = Stream(request)
            server.spawn(lambda: server.next_stream().push(self.completed("done")))
            return stream

        return answer
