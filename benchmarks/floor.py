"""The floor: bare http.client, with the requests that a Gradio app needs and nothing else. No checks, no errors.

python3 -c "import floor; floor.main()" TASK URL OPTIONS
"""

import http.client
import json
from typing import Any, Callable, Dict, Iterator, List

BLOCK = 256 * 1024
SESSION = "0123456789abcdef"
JSON = {"Content-Type": "application/json"}


class App:
    """One kept-alive connection to an app, and its config."""

    def __init__(self, url: str) -> None:
        self.address = url.split("/")[2]
        self.connection = http.client.HTTPConnection(self.address)
        self.connection.request("GET", "/config")
        self.config = json.loads(self.connection.getresponse().read())
        self.prefix = self.config.get("api_prefix", "")
        names = {entry["api_name"]: number for number, entry in enumerate(self.config["dependencies"])}
        self.numbers = {name: self.config["dependencies"][number].get("id", number) for name, number in names.items()}

    def post(self, path: str, name: str, value: Any) -> Any:
        body = {"data": [value], "fn_index": self.numbers[name], "session_hash": SESSION}
        self.connection.request("POST", self.prefix + path, json.dumps(body).encode(), JSON)
        return json.loads(self.connection.getresponse().read())

    def messages(self, name: str, value: Any) -> Iterator[Dict[str, Any]]:
        """Queue a call, and read the stream to its end."""
        self.post("/queue/join", name, value)
        self.connection.request("GET", f"{self.prefix}/queue/data?session_hash={SESSION}")
        yield from messages(self.connection.getresponse())

    def predict(self, name: str, value: Any) -> Any:
        result = None
        for message in self.messages(name, value):
            if message["msg"] == "process_completed":
                result = message["output"]["data"][0]
        return result


def messages(response: http.client.HTTPResponse) -> Iterator[Dict[str, Any]]:
    parts: List[bytes] = []
    while True:
        chunk = response.read1(BLOCK)
        if not chunk:
            return
        first, *lines = chunk.split(b"\n")
        parts.append(first)
        if lines:
            for line in [b"".join(parts), *lines[:-1]]:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])
            parts = [lines[-1]]


def first_result(url: str) -> Any:
    return App(url).predict("noop", "x")


def main() -> None:
    import hashlib
    import os
    import tempfile
    import threading
    import time
    from queue import SimpleQueue

    from measure import Figures, Measured, median, repeat, run

    def connect(url: str, times: int) -> Figures:
        return repeat(lambda: App(url), times)

    def calls(url: str, name: str, times: int, value: Any = "x") -> Figures:
        app = App(url)
        app.predict("noop", "x")
        return repeat(lambda: app.predict(name, value), times)

    def direct(url: str, name: str, times: int) -> Figures:
        app = App(url)
        app.post(f"/run/{name}", name, "x")
        return repeat(lambda: app.post(f"/run/{name}", name, "x"), times)

    def jobs(url: str, count: int) -> Figures:
        """Joins on one connection, and all results on one stream, read in a thread of its own."""
        app, reader = App(url), App(url)
        app.predict("noop", "x")
        left = count

        def read() -> None:
            nonlocal left
            while left:
                reader.connection.request("GET", f"{app.prefix}/queue/data?session_hash={SESSION}")
                for message in messages(reader.connection.getresponse()):
                    left -= message["msg"] == "process_completed"

        with Measured() as figures:
            app.post("/queue/join", "noop", "x")
            thread = threading.Thread(target=read)
            thread.start()
            for _ in range(count - 1):
                app.post("/queue/join", "noop", "x")
            figures["threads"] = threading.active_count()
            thread.join()
        return figures

    def first_output(url: str, times: int) -> Figures:
        app = App(url)
        app.predict("noop", "x")
        seconds: List[float] = []
        for _ in range(times):
            start = time.perf_counter()
            for message in app.messages("count", 3):
                if message["msg"] == "process_generating" and start:
                    seconds.append(time.perf_counter() - start)
                    start = 0.0
        return {"seconds": median(seconds)}

    def stream(url: str, name: str, count: int) -> Figures:
        app = App(url)
        app.predict("noop", "x")
        with Measured() as figures:
            outputs = sum(message["msg"] == "process_generating" for message in app.messages(name, count))
        return {**figures, "outputs": outputs}

    def handed(url: str, name: str, count: int) -> Figures:
        """As stream(), but a thread reads, and hands each message to the one that wants it: no client can do with less
        that has one stream for all its jobs."""
        app = App(url)
        app.predict("noop", "x")
        inbox: SimpleQueue[Any] = SimpleQueue()

        def read() -> None:
            for message in app.messages(name, count):
                inbox.put(message)
            inbox.put(None)

        with Measured() as figures:
            threading.Thread(target=read).start()
            outputs = sum(message["msg"] == "process_generating" for message in iter(inbox.get, None))
        return {**figures, "outputs": outputs}

    def upload(url: str, path: str) -> Figures:
        app = App(url)
        app.predict("noop", "x")
        with Measured() as figures:
            size = os.path.getsize(path)
            head = b'--floor\r\nContent-Disposition: form-data; name="files"; filename="a.bin"\r\n\r\n'
            end = b"\r\n--floor--\r\n"
            app.connection.putrequest("POST", app.prefix + "/upload")
            app.connection.putheader("Content-Type", "multipart/form-data; boundary=floor")
            app.connection.putheader("Content-Length", str(len(head) + size + len(end)))
            app.connection.endheaders(head)
            with open(path, "rb") as source:
                while True:
                    block = source.read(BLOCK)
                    if not block:
                        break
                    app.connection.send(block)
            app.connection.send(end)
            [there] = json.loads(app.connection.getresponse().read())
            file = {"path": there, "orig_name": "a.bin", "size": size, "meta": {"_type": "gradio.FileData"}}
            assert app.predict("size", file) == size
        return figures

    def download(url: str, megabytes: int) -> Figures:
        app = App(url)
        app.predict("noop", "x")
        with Measured() as figures, tempfile.TemporaryFile() as out:
            path = app.predict("make", megabytes)["path"]
            app.connection.request("GET", f"{app.prefix}/file={path}")
            response = app.connection.getresponse()
            digest = hashlib.sha256()
            while True:
                block = response.read1(BLOCK)
                if not block:
                    break
                digest.update(block)
                out.write(block)
            assert out.tell() == megabytes * 1_000_000
        return figures

    tasks: List[Callable[..., Figures]] = [connect, calls, direct, jobs, first_output, stream, handed, upload, download]
    run({task.__name__: task for task in tasks})
