"""What the client promises, tried on real Gradio servers: the same cases for every release, public names only.

    python3 -m testing.cases 6.31.0 5.50.0      run them by hand; without versions, on every release
    python3 -m testing.cases 6.31.0 -k cancel   only the cases whose name contains the word

A class of cases is a mixin that says which app it wants; `run_on(release)` gives each a server of its own,
starts that when its first case runs, and ends it after the last. A case asks for a capability of the server
with `self.need("name")`; versions.py knows which release has it. No case sleeps and hopes: it waits, with a
deadline, for what the server's journal or the job says.
"""

import argparse
import ast
import asyncio
import concurrent.futures
import contextlib
import hashlib
import http.server
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, FrozenSet, Iterable, Iterator, List, Optional, Set, Tuple, Type
from unittest import mock

import gradio_lite_client as glc
from testing.apps import functions
from testing.hub import WRITE, FakeHub
from testing.servers import NotInstalled, Server, install
from testing.versions import RELEASES, Release

DEADLINE = 30.0  # for anything that a healthy server does at once
LONG = 300  # seconds that a function waits for the test to let it on
BRIEF = 4  # the same, where its client goes away: 3.16 does nothing else until the function returns
MODULE = glc.__file__

if TYPE_CHECKING:
    Base = unittest.TestCase
else:
    Base = object


LACKS = "the server lacks: "


class Cases(Base):
    """What every class of cases has. `url` and `features` come from whoever mixes it with a TestCase."""

    app = "main"
    arguments: Tuple[str, ...] = ()
    url = ""
    urls: Dict[str, str] = {}  # of an app that is several
    features: FrozenSet[str] = frozenset()
    client: glc.Client
    folder: Path

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.prepare()

    def prepare(self) -> None:
        self.client = self.connect()

    def connect(self, src: str = "", **options: Any) -> glc.Client:
        """A client that is closed after the case."""
        client = glc.Client(src or self.url, **{"download_files": self.folder / "downloads", **options})
        self.addCleanup(client.close)
        return client

    def call(self, name: str, /, *args: Any, **options: Any) -> Any:
        return self.client.predict(*args, api_name="/" + name, **options)

    def submit(self, name: str, /, *args: Any, **options: Any) -> glc.Job:
        return self.client.submit(*args, api_name="/" + name, **options)

    def values(self, job: glc.Job) -> List[Any]:
        """Everything that the job yields."""
        done, _ = concurrent.futures.wait([job], DEADLINE)
        self.assertTrue(done, "no end of %s" % job)
        return list(job)

    def need(self, *features: str) -> None:
        for feature in features:
            if feature not in self.features:
                self.skipTest(LACKS + feature)

    def eventually(self, what: str, condition: Callable[[], Any]) -> None:
        """Wait until the condition holds."""
        deadline = time.monotonic() + DEADLINE
        while not condition():
            if time.monotonic() > deadline:
                self.fail("waited %d s in vain: %s" % (DEADLINE, what))
            time.sleep(0.02)

    def journal(self, tag: str) -> List[str]:
        """What the function called with this tag did so far, as the server wrote it down."""
        return list(self.call("journal", tag))

    def wait_for(self, tag: str, event: str) -> None:
        self.eventually("%s in the journal of %s" % (event, tag), lambda: event in self.journal(tag))

    def start(self, name: str, /, *args: Any, **options: Any) -> Tuple[str, glc.Job]:
        """Submit `sleep` or `steps` and wait until the server runs it. Its tag, which lets it on, and the job."""
        tag = new_tag()
        job = self.submit(name, *args, tag, **options)
        self.addCleanup(self.call, "wake", tag, 200)
        self.wait_for(tag, "step 0" if name == "steps" else "start")
        return tag, job

    def let_on_until(self, tag: str, following: glc.Job) -> None:
        """Let a cancelled generator finish its step, or another if the server learnt of it late, so that `following`
        gets its turn."""

        def has_ended() -> bool:
            self.wake(tag)
            return following.done()

        self.eventually("the end of %s" % following, has_ended)

    def wake(self, tag: str, permits: int = 1) -> None:
        self.call("wake", tag, permits)

    def wait_until_queued(self, job: glc.Job) -> None:
        self.eventually("the job is in the queue", lambda: job.status().rank is not None)

    def write(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def number_after(self, name: str, distance: int) -> int:
        """The number of the function that stands so many rows behind this one in functions.py."""
        dependencies = self.client.config["dependencies"]
        names = [dependency["api_name"] for dependency in dependencies]
        index = names.index(name) + distance
        return int(dependencies[index].get("id", index))


def new_tag() -> str:
    return uuid.uuid4().hex


def read(path: Any) -> bytes:
    return Path(path).read_bytes()


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    environment = dict(os.environ, PYTHONIOENCODING="utf-8")
    return subprocess.run(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        encoding="utf-8",
        timeout=DEADLINE,
    )


@contextlib.contextmanager
def file_server(content: bytes) -> Iterator[str]:
    """Address of a plain web server that has one file at every path."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield "http://127.0.0.1:%d" % server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def open_sockets() -> Optional[int]:
    """How many sockets this process has; None where the system does not tell."""
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:
        return None
    count = 0
    for name in names:
        with contextlib.suppress(OSError):
            count += os.readlink("/proc/self/fd/" + name).startswith("socket:")
    return count


def job_threads() -> Set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("gradio-")}


class MainCases(Cases):
    """The app as it is."""

    # --- values ---

    def test_numbers(self) -> None:
        self.assertEqual(self.call("add", 1, 2), 3)
        self.assertEqual(self.call("add", 0.5, -2), -1.5)

    def test_a_number_keeps_its_type(self) -> None:
        self.need("integers")
        self.assertIsInstance(self.call("add", 1, 2), int)
        self.assertIsInstance(self.call("add", 1, 0.5), float)

    def test_text_of_every_kind(self) -> None:
        for text in ("", "plain", "a\u2028b\u2029c\u0085d", "one\r\ntwo\rthree\n\n", "\U0001f600 \u00e9 \u4e16", '"\\'):
            with self.subTest(text=text):
                self.assertEqual(self.call("echo", text), text)

    def test_json(self) -> None:
        for value in (None, True, [], {}, [1, "a", None, {"k": [1.5, {}]}], {"\u2028": "\x00\x1f"}):
            with self.subTest(value=value):
                self.assertEqual(self.call("echo_json", value), value)

    def test_an_output_of_3_megabytes(self) -> None:
        self.assertEqual(self.call("blob", 3_000_000), functions.make_text(3_000_000))

    def test_several_outputs_are_a_tuple(self) -> None:
        self.assertEqual(self.call("several", "ab", 2), ("AB", 4, {"text": "ab", "number": 2}))

    def test_no_output_is_an_empty_tuple(self) -> None:
        self.assertEqual(self.call("nothing", "x"), ())

    def test_an_update_shows_its_value(self) -> None:
        self.assertEqual(self.call("refresh", "x"), "fresh x")

    def test_layout_components_are_no_outputs(self) -> None:
        self.assertEqual(self.call("panel", "x"), "shown x")

    def test_a_batch_function_takes_single_samples(self) -> None:
        for client in (self.client, self.connect(skip_queue=True)):
            jobs = [client.submit("a%d" % i, "!", api_name="/shout") for i in range(6)]
            self.assertEqual([job.result(DEADLINE) for job in jobs], [("A%d!" % i, 2) for i in range(6)])

    # --- generators ---

    def test_a_generator_of_text(self) -> None:
        job = self.submit("stream", 4)
        self.assertEqual(self.values(job), ["w0 ", "w0 w1 ", "w0 w1 w2 ", "w0 w1 w2 w3 "])
        self.assertEqual(job.outputs(), list(job))
        self.assertEqual(job.result(), "w0 w1 w2 w3 ")

    def test_predict_of_a_generator_gives_the_last_value(self) -> None:
        self.assertEqual(self.call("stream", 3), "w0 w1 w2 ")

    def test_a_generator_of_nested_json(self) -> None:
        self.assertEqual(self.values(self.submit("nested")), functions.NESTED)

    def test_a_generator_of_shrinking_lists(self) -> None:
        self.assertEqual(self.values(self.submit("shrinking")), functions.SHRINKING)

    def test_a_generator_of_tuples(self) -> None:
        self.assertEqual(self.values(self.submit("pairs", 3)), [("t", 0), ("tt", 1), ("ttt", 2)])

    def test_a_chat(self) -> None:
        answers = self.values(self.submit("chat", "one two"))
        self.assertEqual(len(answers), 2)
        self.assertRegex(json.dumps(answers[0]), r'"(<p>)?one ?(</p>\\n)?"')  # old releases strip it or make it HTML
        self.assertRegex(json.dumps(answers[1]), r"(one two.*){2}")

    def test_a_generator_of_one_value_and_of_none(self) -> None:
        self.assertEqual(self.values(self.submit("once", "x")), ["x"])
        self.assertIsNone(self.call("never"))

    def test_a_generator_of_many_values_loses_none(self) -> None:
        self.assertEqual(self.values(self.submit("many", 300)), list(range(300)))

    def test_values_arrive_while_the_generator_runs(self) -> None:
        tag, job = self.start("steps", 3, LONG)
        values = iter(job)
        self.assertEqual(next(values), tag + " 0")
        self.assertFalse(job.done())
        self.assertTrue(job.running())
        self.wake(tag, 2)
        job.result(DEADLINE)
        self.assertEqual(list(values), [tag + " 1", tag + " 2"])

    def test_a_generator_that_fails_late_keeps_its_values(self) -> None:
        for name in ("late", "late_crash"):
            with self.subTest(name=name):
                job = self.submit(name, 2)
                seen = []
                with self.assertRaises(glc.AppError):
                    for value in job:
                        seen.append(value)
                self.assertEqual(seen, ["0", "1"])
                self.assertEqual(job.outputs(), ["0", "1"])
                self.assertFalse(job.status().success)

    # --- state, progress, messages, errors ---

    def test_state_lasts_for_the_session(self) -> None:
        self.assertEqual([self.call("count", word) for word in ("a", "b", "a", "a")], [0, 0, 1, 2])
        self.assertEqual(self.connect().predict("a", api_name="/count"), 0)

    def test_reset_session_forgets_the_state(self) -> None:
        before = self.client.session_hash
        self.call("count", "a")
        self.client.reset_session()
        self.assertEqual(self.call("count", "a"), 0)
        self.assertNotEqual(self.client.session_hash, before)

    def test_state_of_a_generator(self) -> None:
        self.assertEqual(self.values(self.submit("remember", "ab")), ["a", "ab"])
        self.assertEqual(self.call("remember", "c"), "abc")

    def test_progress(self) -> None:
        seen: List[Any] = []
        self.follow(self.submit("work", 2), seen.append)
        units = [unit for update in seen if update.type == "status" for unit in update.progress_data or []]
        self.assertIn((2, 2, "steps"), [(unit.index, unit.length, unit.unit) for unit in units])
        self.assertIn("work", [unit.desc for unit in units])
        self.assertIn(glc.Status.PROGRESS, [update.code for update in seen if update.type == "status"])

    def follow(self, job: glc.Job, see: Callable[[Any], Any]) -> None:
        async def watch() -> None:
            async for update in job:
                see(update)

        asyncio.run(asyncio.wait_for(watch(), DEADLINE))

    def test_log_messages(self) -> None:
        self.need("log")
        seen: Set[Any] = set()

        def both() -> bool:  # a status that nobody looked at in time is left out: several calls may be needed
            self.follow(self.submit("talk", "x"), lambda update: seen.add(getattr(update, "log", None)))
            return {("info x", "info"), ("warning x", "warning")} <= seen

        self.eventually("both messages", both)

    def test_an_error_of_the_app(self) -> None:
        with self.assertRaises(glc.AppError) as caught:
            self.call("refuse", "x")
        self.assertIn("custom boom x", str(caught.exception))
        self.assertEqual(caught.exception.endpoint, "/refuse")

    def test_a_crash_of_the_app_tells_nothing_but_is_an_error(self) -> None:
        job = self.submit("crash", "x")
        self.assertIsInstance(job.exception(DEADLINE), glc.AppError)
        self.assertNotIn("boom", str(job.exception()))
        self.assertEqual((job.status().code, job.status().success), (glc.Status.FINISHED, False))

    def test_callbacks(self) -> None:
        results: List[Any] = []
        ended = threading.Event()
        job = self.submit("several", "a", 1, result_callbacks=[lambda *values: results.append(values)])
        job.add_done_callback(lambda done: ended.set())
        self.assertTrue(ended.wait(DEADLINE))
        self.assertEqual(results, [("A", 2, {"text": "a", "number": 1})])

    # --- queue and cancel ---

    def test_rank_in_the_queue(self) -> None:
        tag, running = self.start("sleep", LONG)
        first = self.submit("sleep", 0, new_tag())
        self.wait_until_queued(first)
        second = self.submit("sleep", 0, new_tag())
        self.eventually("ranks 0 and 1", lambda: (first.status().rank, second.status().rank) == (0, 1))
        self.assertEqual(second.status().code, glc.Status.IN_QUEUE)
        self.assertEqual(second.status().queue_size, 2)
        self.assertFalse(second.running())
        self.assertTrue(running.running())
        self.wake(tag)
        for job in (running, first, second):
            job.result(DEADLINE)

    def test_cancel_a_waiting_job(self) -> None:
        tag, running = self.start("sleep", LONG)
        waiting_tag, next_tag = new_tag(), new_tag()
        following = self.cancel_in_company(next_tag, "sleep", 0, waiting_tag)
        if "leaves_queue_at_once" in self.features:
            self.eventually("it has left the queue", lambda: following.status().rank == 0 or self.queue_size() == 1)
        self.wake(tag)
        self.assertEqual(running.result(DEADLINE), "slept " + tag)
        self.assertEqual(following.result(DEADLINE), "slept " + next_tag)
        self.assertEqual(self.journal(waiting_tag), [] if "never_runs" in self.features else ["start", "end"])

    def test_cancel_a_waiting_generator(self) -> None:
        tag, running = self.start("sleep", LONG)
        waiting_tag, next_tag = new_tag(), new_tag()
        self.addCleanup(self.call, "wake", waiting_tag, 200)
        following = self.cancel_in_company(next_tag, "steps", 100, LONG, waiting_tag)
        self.wake(tag)
        self.assertEqual(running.result(DEADLINE), "slept " + tag)
        self.let_on_until(waiting_tag, following)
        self.assertEqual("step 0" not in self.journal(waiting_tag), "never_runs" in self.features)

    def cancel_in_company(self, next_tag: str, *call: Any) -> glc.Job:
        """Cancel a call that waits in the queue. Returns a job that waits behind it."""
        threads = job_threads()
        waiting = self.submit(*call)
        self.wait_until_queued(waiting)
        threads = job_threads() - threads
        following = self.connect().submit(0, next_tag, api_name="/sleep")  # not in one of these threads
        self.assertTrue(waiting.cancel())
        self.assert_cancelled(waiting)
        if "never_runs" in self.features:  # its thread ends when the server knows
            self.eventually("the server has been told", lambda: not any(thread.is_alive() for thread in threads))
        return following

    def assert_cancelled(self, job: glc.Job) -> None:
        self.assertTrue(job.cancelled())
        self.assertTrue(job.done())
        self.assertTrue(job.cancel())
        self.assertEqual(job.status().code, glc.Status.CANCELLED)
        with self.assertRaises(concurrent.futures.CancelledError):
            job.result(DEADLINE)

    def queue_size(self) -> int:
        prefix = self.client.config.get("api_prefix") or ""
        with urllib.request.urlopen(self.url.rstrip("/") + prefix + "/queue/status", timeout=DEADLINE) as answer:
            return int(json.load(answer)["queue_size"])

    def test_cancel_the_only_job_of_a_client(self) -> None:
        tag, running = self.start("sleep", LONG)
        waiting_tag = new_tag()
        waiting = self.connect().submit(0, waiting_tag, api_name="/sleep")
        self.wait_until_queued(waiting)
        self.assertTrue(waiting.cancel())
        if "leaves_queue_at_once" in self.features:
            self.eventually("it has left the queue", lambda: self.queue_size() == 0)
        following = self.submit("sleep", 0, new_tag())
        self.wait_until_queued(following)
        self.wake(tag)
        running.result(DEADLINE)
        following.result(DEADLINE)
        self.assertEqual(self.journal(waiting_tag), [] if "drops_with_stream" in self.features else ["start", "end"])

    def test_cancel_a_running_function_changes_nothing(self) -> None:
        tag, job = self.start("sleep", LONG)
        self.eventually("the client knows that it runs", job.running)
        self.assertFalse(job.cancel())
        self.assertFalse(job.cancelled())
        self.wake(tag)
        self.assertEqual(job.result(DEADLINE), "slept " + tag)
        self.assertEqual(self.journal(tag), ["start", "end"])
        self.assertFalse(job.cancel())

    def test_cancel_a_running_generator_stops_it(self) -> None:
        tag, job = self.start("steps", 100, LONG)
        self.eventually("the first value", job.outputs)
        self.assertTrue(job.cancel())
        self.assert_cancelled(job)
        self.assertEqual(list(job), [tag + " 0"])
        self.assertEqual(job.outputs(), [tag + " 0"])
        following = self.submit("sleep", 0, new_tag())
        self.let_on_until(tag, following)
        self.assertIn("slept", following.result(0))
        self.assertNotIn("end", self.journal(tag))

    def test_cancel_leaves_a_running_sibling_alone(self) -> None:
        self.need("siblings_at_once", "stops_beside_sibling")
        sibling = self.submit("many", 1500)
        cancelled = self.submit("many", 100000)
        self.eventually("both run", lambda: cancelled.outputs() and sibling.running())
        self.assertTrue(cancelled.cancel())
        self.assertEqual(self.values(sibling), list(range(1500)))

    def test_cancel_leaves_a_waiting_sibling_alone(self) -> None:
        tag, job = self.start("steps", 100, LONG)
        self.eventually("the first value", job.outputs)
        sibling_tag = new_tag()
        sibling = self.submit("steps", 2, 0, sibling_tag)
        self.wait_until_queued(sibling)
        self.assertEqual(job.cancel(), "stops_beside_sibling" in self.features)
        self.let_on_until(tag, sibling)
        self.assertEqual(self.values(sibling), [sibling_tag + " 0", sibling_tag + " 1"])
        self.assertIn("end", self.journal(sibling_tag))
        self.assertEqual("end" in self.journal(tag), not job.cancelled())

    def test_cancel_after_the_end_is_false(self) -> None:
        job = self.submit("echo", "x")
        job.result(DEADLINE)
        self.assertFalse(job.cancel())
        self.assertEqual(job.status().code, glc.Status.FINISHED)

    # --- many at once ---

    def test_50_threads_on_one_client(self) -> None:
        def work(number: int) -> List[Any]:
            return [self.call("echo", "%d.%d" % (number, i)) for i in range(3)]

        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            results = list(pool.map(work, range(50)))
        self.assertEqual(results, [["%d.%d" % (number, i) for i in range(3)] for number in range(50)])

    def test_200_jobs_at_once(self) -> None:
        jobs = [self.submit("add", i, 0) for i in range(200)]
        self.assertEqual([job.result(2 * DEADLINE) for job in jobs], list(range(200)))

    def test_wait_and_as_completed(self) -> None:
        tag, running = self.start("sleep", LONG)
        jobs = [self.submit("sleep", 0, new_tag()), running]
        self.wait_until_queued(jobs[0])
        done, waiting = concurrent.futures.wait(jobs, timeout=0)
        self.assertEqual((done, waiting), (set(), set(jobs)))
        self.assertTrue(jobs[0].cancel())
        done, waiting = concurrent.futures.wait(jobs, DEADLINE, concurrent.futures.FIRST_COMPLETED)
        self.assertEqual((done, waiting), ({jobs[0]}, {running}))
        self.wake(tag)
        self.assertEqual(set(concurrent.futures.as_completed(jobs, DEADLINE)), set(jobs))

    def test_result_with_a_timeout(self) -> None:
        tag, job = self.start("sleep", LONG)
        with self.assertRaises(concurrent.futures.TimeoutError):
            job.result(timeout=0.01)
        self.wake(tag)
        self.assertEqual(job.result(DEADLINE), "slept " + tag)

    def test_await(self) -> None:
        async def both() -> Any:
            return await asyncio.gather(self.submit("echo", "x"), self.submit("stream", 2))

        self.assertEqual(asyncio.run(asyncio.wait_for(both(), DEADLINE)), ["x", "w0 w1 "])

    def test_async_for(self) -> None:
        seen: List[Any] = []
        self.follow(self.submit("stream", 3), seen.append)
        outputs = [update for update in seen if update.type == "output"]
        self.assertEqual([update.outputs for update in outputs], ["w0 ", "w0 w1 ", "w0 w1 w2 "])
        self.assertEqual(seen[-1].code, glc.Status.FINISHED)

    # --- files ---

    def test_a_file_goes_and_comes_back(self) -> None:
        for name, content in (("a.txt", b"abc"), ("empty.txt", b""), ("zeros.bin", bytes(range(256)) * 4)):
            with self.subTest(name=name):
                result = self.call("copy_file", glc.handle_file(self.write(name, content)))
                self.assertIsInstance(result, str)
                self.assertEqual(read(result), content)
                self.assertTrue(result.startswith(str(self.folder / "downloads")))

    def test_a_file_of_12_megabytes(self) -> None:
        content = os.urandom(12_000_000)
        digest = self.call("digest", glc.handle_file(self.write("big.bin", content)))
        self.assertEqual((digest["size"], digest["sha256"]), (len(content), hashlib.sha256(content).hexdigest()))

    def test_a_big_file_comes_back(self) -> None:
        self.assertEqual(read(self.call("make_file", "big.txt", 12_000_000)), functions.make_text(12_000_000).encode())

    def test_odd_file_names(self) -> None:
        for name in (
            "with space.txt",
            "\u00e9t\u00e9 \U0001f600.txt",
            "a'b;c&d+e=f,g%20h#i.txt",
            "no_suffix",
            "two.dots.tar.gz",
            "x" * 150 + ".txt",
        ):
            with self.subTest(name=name):
                result = self.call("copy_file", glc.handle_file(self.write(name, name.encode())))
                self.assertEqual(read(result), name.encode())
                if Path(name).suffix or "upload" in self.features:  # in base64, it becomes .bin
                    self.assertEqual(Path(result).suffix, Path(name).suffix)

    def test_several_files(self) -> None:
        files = [glc.handle_file(self.write("f%d.txt" % i, b"%d" % i)) for i in range(3)]
        results = self.call("copy_files", files)
        self.assertEqual([read(result) for result in results], [b"0", b"1", b"2"])
        self.assertEqual([read(result) for result in self.call("make_files", 2)], [b"0", b"1"])

    def test_no_file(self) -> None:
        self.assertIsNone(self.call("copy_file", None))
        self.assertIsNone(self.call("digest", None))

    def test_an_image(self) -> None:
        picture = functions.make_png(5, 3)
        result = self.call("same_image", glc.handle_file(self.write("in.png", picture)))
        self.assertIsInstance(result, str)
        self.assertIn(read(result)[:4], (b"\x89PNG", b"RIFF"))  # some releases encode it anew, as WebP
        self.assertEqual(read(self.call("new_image", 6, 2))[:4], b"\x89PNG")

    def test_a_sound(self) -> None:
        path = functions.make_wav(str(self.folder / "in.wav"))
        result = self.call("same_audio", glc.handle_file(path))
        self.assertEqual(read(result)[:4], b"RIFF")

    def test_a_gallery(self) -> None:
        files: List[str] = []
        captions: List[str] = []
        for item in self.call("gallery"):
            path, caption = item.values() if isinstance(item, dict) else item
            files.append(path)
            captions.append(caption)
        self.assertEqual(captions, ["caption 0", "caption 1"])
        self.assertEqual([read(path)[:4] for path in files], [b"\x89PNG"] * 2)

    def test_a_generator_of_files(self) -> None:
        self.assertEqual([read(path) for path in self.values(self.submit("pages", 3))], [b"0", b"1", b"2"])

    def test_a_file_that_is_written_anew(self) -> None:
        """Each output holds what was there then, and the result what was there at the end."""
        tag = new_tag()
        job = self.submit("rewrite", 3, tag)
        for count in (1, 2, 3):
            self.eventually("output %d" % count, lambda count=count: len(job.outputs()) == count)  # type: ignore[misc]
            self.wake(tag)
        self.assertEqual(read(job.result(DEADLINE)), b"2")
        self.assertEqual([read(path) for path in job.outputs()], [b"0", b"1", b"2"])

    def test_a_file_from_a_url(self) -> None:
        with file_server(b"from the web") as address:
            digest = self.call("digest", glc.handle_file(address + "/some/page.txt?x=1"))
        self.assertEqual(digest["sha256"], hashlib.sha256(b"from the web").hexdigest())

    def test_a_file_from_bytes_and_from_an_open_file(self) -> None:
        given = glc.handle_file(b"in memory", name="memory.txt")
        self.assertEqual(read(self.call("copy_file", given)), b"in memory")
        with open(self.write("open.txt", b"opened"), "rb") as opened:
            self.assertEqual(read(self.call("copy_file", glc.handle_file(opened))), b"opened")
        self.assertEqual(read(self.call("copy_file", glc.handle_file(io.BytesIO(b"stream"), "s.txt"))), b"stream")

    def test_the_old_name_of_handle_file(self) -> None:
        self.assertEqual(read(self.call("copy_file", glc.file(self.write("a.txt", b"abc")))), b"abc")

    def test_files_that_are_not_downloaded(self) -> None:
        client = self.connect(download_files=False)
        given = client.predict("page.txt", 1000, api_name="/make_file")
        self.assertIsInstance(given, glc.FileData)
        self.assertEqual(given.read(), functions.make_text(1000).encode())
        saved = given.save(str(self.folder))
        self.assertEqual((Path(saved).parent, read(saved)), (self.folder, given.read()))
        self.assertEqual(read(given.save(self.folder / "chosen.txt")), given.read())
        self.assertFalse((self.folder / "downloads").exists())

    def test_a_file_from_the_server_can_be_passed_on(self) -> None:
        client = self.connect(download_files=False)
        given = client.predict("page.txt", 1000, api_name="/make_file")
        self.assertEqual(client.predict(given, api_name="/digest")["size"], 1000)

    def test_json_with_a_path_is_no_file(self) -> None:
        self.need("plain_paths")
        self.assertEqual(self.call("pathlike"), functions.NOT_A_FILE)
        self.assertEqual(self.call("echo_json", functions.NOT_A_FILE), functions.NOT_A_FILE)
        self.assertFalse((self.folder / "downloads").exists())

    # --- endpoints ---

    def test_an_endpoint_without_queue(self) -> None:
        self.assertEqual(self.call("quick", "x"), "quick x")
        with self.assertRaisesRegex(glc.AppError, "custom boom x"):
            self.call("quick_refuse", "x")
        self.need("generators_declared")  # before, a direct call was one step of them
        self.assertEqual(self.values(self.submit("quick_stream", 2)), ["w0 ", "w0 w1 "])

    def test_a_private_endpoint(self) -> None:
        with self.assertRaises(glc.InvalidAPIEndpointError):
            self.client.predict("x", fn_index=self.number_after("discreet", -1))
        with self.assertRaisesRegex(ValueError, "Cannot find a function with `api_name`"):
            self.call("secret", "x")

    def test_an_undocumented_endpoint_can_be_called(self) -> None:
        self.assertEqual(self.call("discreet", "x"), "discreet x")

    def test_an_undocumented_endpoint_is_not_listed(self) -> None:
        self.need("undocumented")
        self.assertNotIn("/discreet", str(self.client.view_api(print_info=False, return_format="str")))

    def test_an_unnamed_endpoint_is_called_by_number(self) -> None:
        self.assertEqual(self.client.predict("x", fn_index=self.number_after("discreet", 1)), "nameless x")

    def test_an_unnamed_endpoint_is_named_after_its_function(self) -> None:
        self.need("named_functions")
        self.assertEqual(self.call("nameless", "x"), "nameless x")

    def test_a_function_of_the_browser_cannot_be_called(self) -> None:
        with self.assertRaises(ValueError):
            self.client.predict("x", fn_index=self.number_after("discreet", 2))
        with self.assertRaises(ValueError):
            self.client.predict(fn_index=9999)

    def test_the_endpoint_of_the_client(self) -> None:
        client = self.connect(api_name="/echo")
        self.assertEqual(client.predict("x"), "x")
        self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
        with self.assertRaises(ValueError):
            self.client.predict("x")

    def test_defaults_and_keywords(self) -> None:
        self.assertEqual(self.call("greet"), "Hello Ada!!")
        self.assertEqual(self.call("greet", "Bo", times=1), "Hello Bo!")
        self.assertEqual(self.call("greet", loud=True, mark="?", name="Bo", times=3), "HELLO BO???")
        self.assertEqual(self.call("add", a=1), 4)

    def test_mistakes_in_arguments(self) -> None:
        path = self.write("a.txt", b"abc")
        for name, args, keywords, error, text in (
            ("echo", [], {}, TypeError, "No value provided for required argument: text"),
            ("add", [1, 2, 3], {}, TypeError, "Too many arguments"),
            ("add", [1], {"a": 1}, TypeError, "a"),
            ("echo", [], {"txet": 1}, TypeError, "txet"),
            ("copy_file", [path], {}, TypeError, "handle_file"),
            ("echo", [object()], {}, TypeError, "JSON"),
            ("no_such_name", [1], {}, ValueError, "Cannot find a function with `api_name`"),
        ):  # type: Tuple[str, List[Any], Dict[str, Any], Type[Exception], str]
            with self.subTest(text=text), self.assertRaisesRegex(error, text):
                self.call(name, *args, **keywords)

    def test_a_missing_file(self) -> None:
        with self.assertRaises(ValueError):
            glc.handle_file(str(self.folder / "nowhere.txt"))

    def test_view_api(self) -> None:
        text = str(self.client.view_api(print_info=False, return_format="str"))
        self.assertIn('predict(name, mark, times, loud, api_name="/greet")', text)
        self.assertNotIn("secret", text)
        api = self.client.view_api(print_info=False, return_format="dict")
        assert isinstance(api, dict)
        parameters = api["named_endpoints"]["/count"]["parameters"]
        self.assertEqual(len(parameters), 1)  # and no state
        if "parameter_names" in self.features:
            self.assertEqual(parameters[0]["parameter_name"], "word")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            self.assertIsNone(self.client.view_api())
        self.assertEqual(printed.getvalue().strip(), text.strip())

    # --- the request ---

    def test_headers(self) -> None:
        self.need("headers")
        self.assertEqual(self.call("whoami")[0] or "", "")
        client = self.connect(headers={"X-Test": "of the client"})
        self.assertEqual(client.predict(api_name="/whoami")[0], "of the client")
        self.assertEqual(client.predict(api_name="/whoami", headers={"x-test": "of the call"})[0], "of the call")
        self.assertEqual(client.submit(api_name="/whoami").result(DEADLINE)[0], "of the client")

    def test_the_session_in_the_request(self) -> None:
        self.need("session_in_request")
        self.assertEqual(self.call("whoami")[1], self.client.session_hash)

    def test_skip_queue(self) -> None:
        tag, running = self.start("sleep", LONG)
        client = self.connect(skip_queue=True)
        self.assertEqual(client.predict("x", api_name="/echo"), "x")
        self.assertEqual([client.predict("a", api_name="/count") for _ in range(2)], [0, 1])
        self.wake(tag)
        running.result(DEADLINE)
        self.need("generators_declared")  # before, a direct call was one step of them
        self.assertEqual(client.predict(3, api_name="/stream"), "w0 w1 w2 ")

    def test_addresses_of_the_app(self) -> None:
        bare = self.url.rstrip("/")
        for src in (bare, bare + "/", bare[len("http://") :], bare + "/?x=1&__theme=dark", bare + "/gradio_api"):
            with self.subTest(src=src):
                self.assertEqual(self.connect(src).predict("x", api_name="/echo"), "x")

    def test_an_address_without_an_app(self) -> None:
        with file_server(b"<html>hello</html>") as address, self.assertRaises(glc.ProtocolError):
            self.connect(address)

    # --- Spaces ---

    def hub(self) -> FakeHub:
        """A Hub on which this server is the app of every Space."""
        hub = FakeHub(self.url)
        self.addCleanup(hub.close)
        variables = {"HF_ENDPOINT": hub.url, "HF_HOME": str(self.folder), "HF_TOKEN": "", "HF_HUB_OFFLINE": ""}
        for patch in (mock.patch.dict(os.environ, variables), mock.patch.object(glc, "SPACE_POLL_SECONDS", 0.05)):
            patch.start()
            self.addCleanup(patch.stop)
        return hub

    def test_a_space_that_is_built_and_then_runs(self) -> None:
        hub = self.hub()
        hub.add("gradio/app", "BUILDING", "BUILDING", "APP_STARTING", "RUNNING")
        with self.assertLogs(glc.logger, "INFO") as log:
            client = self.connect("gradio/app")
        told = [record.getMessage() for record in log.records]
        waits = ["The Space gradio/app is %s; waiting for it." % stage for stage in ("building", "app starting")]
        self.assertEqual(told, [*waits, "Loaded as API: " + client.src])
        self.assertEqual(client.predict("x", api_name="/echo"), "x")
        copied = client.predict(glc.handle_file(b"text", "a.txt"), api_name="/copy_file")
        self.assertEqual(Path(copied).read_bytes(), b"text")
        self.assertEqual(len(hub.requests), 4)

    def test_a_duplicate_of_a_space(self) -> None:
        hub = self.hub()
        hub.add("gradio/app", "PAUSED", hardware="t4-small")
        for _ in range(2):  # made, then found
            with glc.Client.duplicate("gradio/app", token=WRITE, secrets={"KEY": "value"}) as client:
                self.assertEqual(client.predict("x", api_name="/echo"), "x")
        posted = [request.path for request in hub.requests if request.method == "POST"]
        self.assertEqual(posted, ["/api/spaces/gradio/app/duplicate"])
        self.assertEqual(hub.spaces["alice/app"].secrets, {"KEY": "value"})

    # --- the end ---

    def test_close_leaves_no_thread_and_no_socket(self) -> None:
        tag = new_tag()
        self.client.close()
        threads, sockets = job_threads(), open_sockets()
        client = self.connect()
        jobs = [client.submit("x", api_name="/echo") for _ in range(5)]
        concurrent.futures.wait(jobs, DEADLINE)
        running = client.submit(BRIEF, tag, api_name="/sleep")
        self.eventually("it runs", running.running)
        client.close()
        self.assertIsInstance(running.exception(DEADLINE), glc.ConnectionLost)
        with self.assertRaises(glc.GradioError):
            client.predict("x", api_name="/echo")
        self.assertEqual(job_threads() - threads, set())
        self.eventually("no socket is left", lambda: (open_sockets() or 0) <= (sockets or 0))

    def test_an_interpreter_exits_with_a_job_in_flight(self) -> None:
        tag = new_tag()
        program = (
            "import sys, time, gradio_lite_client as glc\n"
            "client = glc.Client(sys.argv[1])\n"
            "job = client.submit(%d, sys.argv[2], api_name='/sleep')\n"
            "while not job.running(): time.sleep(0.01)\n"
            "print(time.time())\n"
        ) % BRIEF
        code = "import sys; sys.path.insert(0, %r)\n%s" % (os.path.dirname(os.path.abspath(MODULE)), program)
        done = run("-c", code, self.url, tag)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertLess(time.time() - float(done.stdout), 2.0)

    # --- the command line ---

    def cli(self, command: str, *words: str, code: int = 0, stdin: str = "") -> str:
        """What the command line prints about this app; what it complains, if it is to fail."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        source = io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch.object(sys, "stdin", source):
            ended = glc.main([command, self.url, *words])
        printed, complaint = (stream.buffer.getvalue().decode() for stream in (out, err))
        self.assertEqual(ended, code, complaint)
        self.assertEqual(printed if code else complaint, "")
        return str(complaint if code else printed).rstrip("\n")

    def test_command_line_info(self) -> None:
        info = json.loads(self.cli("info"))["named_endpoints"]
        named = {parameter["parameter_name"]: parameter for parameter in info["/greet"]["parameters"]}
        self.assertEqual(list(named), ["name", "mark", "times", "loud"])
        default = named["name"]["parameter_default"], named["name"]["parameter_has_default"]
        self.assertEqual(default, ("Ada", True))
        self.assertEqual(info["/copy_file"]["parameters"][0]["python_type"]["type"], "filepath")
        self.assertEqual(info["/copy_files"]["returns"][0]["python_type"]["type"].lower(), "list[filepath]")

    def test_command_line_predict(self) -> None:
        for words, result in (
            (("/echo", "5"), "5"),
            (("/add", "a=1"), 4),
            (("/add", "1", "b=2"), 3),
            (("/greet", "loud=true", "times=1", "mark=?"), "HELLO ADA?"),
            (("/several", "ab", "2"), ["AB", 4, {"text": "ab", "number": 2}]),
            (("/echo_json", 'value:={"a": [null]}' if "parameter_names" in self.features else '["b"]'), None),
            (("/quick", "x"), "quick x"),
            (("/nothing", "x"), []),
            (("/shout", "--skip-queue", "x", "!"), ["X!", 1]),
        ):
            with self.subTest(words=words):
                printed = json.loads(self.cli("predict", *words, "--json"))
                if result is not None:
                    self.assertEqual(printed, result)
        self.assertEqual(self.cli("predict", "/echo", "\u00fc text"), "\u00fc text")
        self.assertEqual(self.cli("predict", "/echo", "-", stdin="piped\n"), "piped")

    def test_command_line_files(self) -> None:
        path = self.write("a.txt", b"abc")
        self.assertEqual(json.loads(self.cli("predict", "/digest", "@" + path))["size"], 3)
        self.assertEqual(json.loads(self.cli("predict", "/digest", "@-", stdin="four"))["size"], 4)
        kept = self.cli("predict", "/copy_file", "@" + path, "-o", str(self.folder / "kept"))
        self.assertEqual((os.path.dirname(kept), read(kept)), (str(self.folder / "kept"), b"abc"))
        self.assertEqual(self.cli("predict", "/make_file", "b.txt", "3", "-o", "-"), "000")

    def test_command_line_streams(self) -> None:
        self.assertEqual(self.cli("predict", "/stream", "4"), "w0 w1 w2 w3 ")
        lines = [json.loads(line) for line in self.cli("predict", "/pairs", "2", "--json", "--stream").splitlines()]
        self.assertEqual([line["output"] for line in lines if line["event"] == "output"], [["t", 0], ["tt", 1]])
        self.assertEqual((lines[-1]["event"], lines[-1]["output"]), ("complete", ["tt", 1]))

    def test_command_line_mistakes(self) -> None:
        self.assertIn("too many values", self.cli("predict", "/add", "1", "2", "3", code=2))
        self.assertIn("did you mean `/echo`", self.cli("predict", "/ech", "x", code=2))
        self.assertIn("custom boom x", self.cli("predict", "/refuse", "x", code=1))

    def test_command_line_is_interrupted(self) -> None:
        tag = new_tag()
        arguments = [sys.executable, MODULE, "predict", self.url, "/steps", "100", str(LONG), tag]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            self.addCleanup(self.call, "wake", tag, 200)
            self.wait_for(tag, "step 0")
            assert process.stdout and process.stderr
            self.assertEqual(process.stdout.read(1), tag[:1].encode())  # it is ready for Ctrl-C
            process.send_signal(signal.SIGINT)
            self.assertEqual((process.wait(DEADLINE), process.stderr.read().count(b"interrupted; ")), (130, 1))
        following = self.submit("sleep", 0, new_tag())
        self.let_on_until(tag, following)
        self.assertIn("slept", following.result(0))
        self.assertNotIn("end", self.journal(tag))


class ShownErrorCases(Cases):
    """An app that shows its errors, and runs several functions at a time also in Gradio 3."""

    arguments = ("--show-error", "--pool", "4")

    def test_a_crash_is_explained(self) -> None:
        for name in ("refuse", "crash"):
            with self.subTest(name=name), self.assertRaisesRegex(glc.AppError, "boom x"):
                self.call(name, "x")

    def test_a_late_crash_is_explained(self) -> None:
        job = self.submit("late_crash", 1)
        with self.assertRaisesRegex(glc.AppError, "crashed late"):
            job.result(DEADLINE)
        self.assertEqual(job.outputs(), ["0"])

    def test_generators_at_once_keep_to_themselves(self) -> None:
        jobs = [(count, self.submit("pairs", count)) for count in (9, 7, 8, 6)]
        for count, job in jobs:
            self.assertEqual(self.values(job), [("t" * (i + 1), i) for i in range(count)])


class LoginCases(Cases):
    """An app with a login."""

    arguments = ("--auth", "ada:p\u00e4ss w:rd&+%")
    auth = ("ada", "p\u00e4ss w:rd&+%")

    def prepare(self) -> None:
        pass

    def test_the_right_password(self) -> None:
        self.client = self.connect(auth=self.auth)
        self.assertEqual(self.call("echo", "x"), "x")
        self.assertEqual(self.values(self.submit("stream", 2)), ["w0 ", "w0 w1 "])
        self.assertEqual(self.call("quick", "x"), "quick x")
        self.assertEqual(read(self.call("copy_file", glc.handle_file(b"abc", "a.txt"))), b"abc")
        self.assertIn("/echo", str(self.client.view_api(print_info=False, return_format="str")))

    def test_a_wrong_password(self) -> None:
        with self.assertRaises(glc.AuthenticationError) as caught:
            self.connect(auth=("ada", "hunter2"))
        self.assertNotIn("hunter2", str(caught.exception))

    def test_no_password(self) -> None:
        with self.assertRaises(glc.AuthenticationError):
            self.connect()


class MountedCases(Cases):
    """A part of another app, under a path."""

    arguments = ("--mount", "/some/path")

    def test_calls(self) -> None:
        self.assertEqual(self.call("echo", "x"), "x")
        self.assertEqual(self.values(self.submit("stream", 2)), ["w0 ", "w0 w1 "])
        self.assertEqual(self.call("quick", "x"), "quick x")
        self.assertIn("/echo", str(self.client.view_api(print_info=False, return_format="str")))

    def test_files(self) -> None:
        self.assertEqual(read(self.call("copy_file", glc.handle_file(b"abc", "a b.txt"))), b"abc")

    def test_addresses_of_the_app(self) -> None:
        bare = self.url[len("http://") :]
        for src in (self.url + "/", self.url + "/gradio_api", self.url + "/?x=1", self.url + "?x=1", bare, bare + "/"):
            with self.subTest(src=src):
                self.assertEqual(self.connect(src).predict("x", api_name="/echo"), "x")

    def test_the_other_app_is_no_gradio_app(self) -> None:
        with self.assertRaises(glc.GradioError):
            self.connect(self.url.replace("/some/path", ""))


class FullQueueCases(Cases):
    """An app whose queue takes a single waiting job."""

    arguments = ("--max-size", "1")

    def test_a_full_queue_is_an_error(self) -> None:
        tag = new_tag()
        running = self.submit("sleep", LONG, tag)
        self.addCleanup(self.wake, tag)
        self.eventually("it runs", running.running)  # the journal may need the queue, too
        waiting = self.submit("sleep", 0, new_tag())
        self.wait_until_queued(waiting)
        refused = self.submit("sleep", 0, new_tag())
        self.assertIsInstance(refused.exception(DEADLINE), glc.QueueError)
        self.wake(tag)
        self.assertEqual(running.result(DEADLINE), "slept " + tag)
        waiting.result(DEADLINE)


class SmallFileCases(Cases):
    """An app that takes files up to a size."""

    arguments = ("--max-file-size", "1000")

    def prepare(self) -> None:
        self.need("max_file_size")
        super().prepare()

    def test_a_file_that_is_too_big_is_refused_before_it_is_sent(self) -> None:
        self.assertEqual(self.call("digest", glc.handle_file(b"x" * 1000, "fits.txt"))["size"], 1000)
        for source in (b"x" * 1001, self.write("big.txt", b"x" * 1001)):
            with self.assertRaisesRegex(ValueError, "exceeds the maximum file size"):
                self.submit("digest", glc.handle_file(source, "big.txt")).result(DEADLINE)


class GuideCases(Cases):
    """The samples of Gradio's client guide, as they stand there but for the import and the address.

    Where a sample shows what a line prints without the line, it is here as in the guide's earlier editions.
    """

    app = "guide"

    def prepare(self) -> None:
        for name in ("audio_sample.wav", "audio_sample1.wav", "audio_sample2.wav"):
            functions.make_wav(str(self.folder / name))

    def sample(self, text: str, **names: Any) -> Dict[str, Any]:
        """Run a sample in the folder of its sound files: its variables, and as "_" the value of its last line."""
        text = text.replace("from gradio_client import", "from gradio_lite_client import")
        text = text.replace('Client("")', 'Client("gradio/calculator")')
        for name, url in self.urls.items():
            for owner in ("abidlabs/", "gradio/"):
                text = text.replace('"%s%s"' % (owner, name), repr(url))
        tree = ast.parse("\n".join(line for line in text.splitlines() if not line.startswith(">>")))
        last = tree.body[-1]
        if isinstance(last, ast.Expr):
            tree.body[-1] = ast.Assign([ast.Name("_", ast.Store())], last.value)
        names["__name__"] = "sample"
        before = os.getcwd()
        os.chdir(self.folder)
        try:
            exec(compile(ast.fix_missing_locations(tree), "sample", "exec"), names)
        finally:
            os.chdir(before)
        self.addCleanup(names["client"].close)
        return names

    def test_transcribe(self) -> None:
        names = self.sample(
            """
from gradio_client import Client, file

client = Client("abidlabs/whisper")

client.predict(
    audio=file("audio_sample.wav")
)
"""
        )
        self.assertEqual(names["_"], "This is a test of the whisper speech recognition model.")

    def test_translate(self) -> None:
        names = self.sample(
            """
from gradio_client import Client

client = Client("abidlabs/en2fr", api_name='/predict')
client.predict("Hello")
"""
        )
        self.assertEqual(names["_"], "Bonjour")

    def test_any_app_by_its_url(self) -> None:
        names = self.sample('from gradio_client import Client\n\nclient = Client("")\n')
        self.assertIsInstance(names["client"], glc.Client)

    def test_token(self) -> None:
        names = self.sample(
            """
from gradio_client import Client

client = Client("abidlabs/en2fr", hf_token="...")
client.predict("Hello", api_name="/predict")
"""
        )
        self.assertEqual(names["_"], "Bonjour")

    def test_view_api(self) -> None:
        client = self.connect(self.urls["whisper"])
        text = str(client.view_api(print_info=False, return_format="str"))
        self.assertIn("Client.predict() Usage Info", text)
        self.assertIn("Named API endpoints: 1", text)
        self.assertIn(' - predict(audio, api_name="/predict") -> output', text)
        self.assertIn("     - [Audio] audio: filepath (required)", text)
        self.assertRegex(text, r"     - \[Textbox\] output: (str|Any)")  # the latter where the server does not say

    def test_several_parameters(self) -> None:
        names = self.sample(
            """
from gradio_client import Client

client = Client("gradio/calculator")
client.predict(4, "add", 5)

>> 9.0
"""
        )
        self.assertEqual(names["_"], 9.0)

    def test_keyword_arguments(self) -> None:
        names = self.sample(
            """
from gradio_client import Client

client = Client("gradio/calculator")
client.predict(num1=4, operation="add", num2=5)

>> 9.0
"""
        )
        self.assertEqual(names["_"], 9.0)

    def test_default_arguments(self) -> None:
        for arguments, width in (("", 10), (", steps=25", 25)):
            names = self.sample(
                """
from gradio_client import Client

client = Client("abidlabs/image_generator")
client.predict(text="an astronaut riding a camel"%s)
"""
                % arguments
            )
            self.assertEqual(read(names["_"]), functions.make_png(width, len("an astronaut riding a camel")))

    def test_jobs(self) -> None:
        names = self.sample(
            """
from gradio_client import Client

client = Client(space="abidlabs/en2fr")
job = client.submit("Hello", api_name="/predict")  # This is not blocking

# Do something else

job.result()  # This is blocking

>> Bonjour
"""
        )
        self.assertEqual(names["_"], "Bonjour")

    def test_callbacks(self) -> None:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            names = self.sample(
                """
from gradio_client import Client

def print_result(x):
    print(f"The translated result is: {x}")

client = Client(space="abidlabs/en2fr")

job = client.submit("Hello", api_name="/predict", result_callbacks=[print_result])

# Do something else
"""
            )
            names["job"].result(DEADLINE)
            self.eventually("the callback", printed.getvalue)
        self.assertEqual(printed.getvalue(), "The translated result is: Bonjour\n")

    def test_status(self) -> None:
        names = self.sample(
            """
from gradio_client import Client

client = Client(src="gradio/calculator")
job = client.submit(5, "add", 4, api_name="/predict")
job.status()
"""
        )
        self.assertIsInstance(names["_"], glc.StatusUpdate)
        self.assertIsInstance(names["_"].code, glc.Status)
        self.assertEqual(names["job"].result(DEADLINE), 9.0)
        self.assertTrue(names["job"].status().success)

    def test_cancel(self) -> None:
        names = self.sample(
            """
client = Client("abidlabs/whisper")
job1 = client.submit(file("audio_sample1.wav"))
started(job1)
job2 = client.submit(file("audio_sample2.wav"))
first = job1.cancel()  # will return False, assuming the job has started
second = job2.cancel()  # will return True, indicating that the job has been canceled
""",
            Client=glc.Client,
            file=glc.file,
            started=lambda job: self.eventually("the job has started", job.running),
        )
        self.assertEqual((names["first"], names["second"]), (False, True))
        self.assertIn("whisper", names["job1"].result(DEADLINE))

    def test_outputs_of_a_generator(self) -> None:
        names = self.sample(
            """
import time
from gradio_client import Client

client = Client(src="gradio/count_generator")
job = client.submit(3, api_name="/count")
while not job.done():
    time.sleep(0.1)
job.outputs()

>> ['0', '1', '2']
"""
        )
        self.assertEqual(names["_"], ["0", "1", "2"])

    def test_iterate(self) -> None:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            self.sample(
                """
from gradio_client import Client

client = Client(src="gradio/count_generator")
job = client.submit(3, api_name="/count")

for o in job:
    print(o)

>> 0
>> 1
>> 2
"""
            )
        self.assertEqual(printed.getvalue(), "0\n1\n2\n")

    def test_cancel_a_generator(self) -> None:
        names = self.sample(
            """
from gradio_client import Client
import time

client = Client("abidlabs/test-yield")
job = client.submit("abcdef")
two_values(job)
job.cancel()  # job cancels after 2 iterations
""",
            two_values=lambda job: self.eventually("two values", lambda: len(job.outputs()) >= 2),
        )
        self.assertTrue(names["_"])
        self.assertTrue(names["job"].cancelled())
        self.assertIn(names["job"].outputs(), (["a", "b"], ["a", "b", "c"]))

    def test_session_state(self) -> None:
        client = self.connect(self.urls["count"])
        number = 0
        self.assertEqual([client.predict(word, fn_index=number) for word in ("a", "b", "a")], [0, 0, 1])
        client.reset_session()
        self.assertEqual(client.predict("a", fn_index=number), 0)


ALL: Tuple[Type[Cases], ...] = (
    MainCases,
    ShownErrorCases,
    LoginCases,
    MountedCases,
    FullQueueCases,
    SmallFileCases,
    GuideCases,
)


# --- running them ---


class Served(unittest.TestCase):
    """Gives a class of cases its server."""

    release: Release
    server: Server
    app = ""
    arguments: Tuple[str, ...] = ()

    @classmethod
    def setUpClass(cls) -> None:
        if cls.arguments[:1] == ("--max-file-size",) and "max_file_size" not in cls.release.features:
            return  # all its cases skip
        server = Server(cls.release, cls.app, *cls.arguments)
        server.__enter__()
        cls.addClassCleanup(server.stop)
        cls.server = server
        cls.url = server.ready.get("url", "")  # type: ignore[attr-defined]
        cls.urls = server.ready.get("urls", {})  # type: ignore[attr-defined]
        cls.features = cls.release.features  # type: ignore[attr-defined]


def cases_for(release: Release, word: str = "") -> unittest.TestSuite:
    """All cases, for one release. Each class of them starts its server when its first case runs."""
    suite = unittest.TestSuite()
    for cases in ALL:
        name = "%s on %s" % (cases.__name__, release.gradio)
        served = type(name, (cases, Served), {"release": release, "__module__": __name__, "__qualname__": name})
        names = unittest.defaultTestLoader.getTestCaseNames(served)
        suite.addTests(served(test) for test in names if word in name + "." + test)
    return suite


def run_on(release: Release, result: Optional[unittest.TestResult] = None, word: str = "") -> unittest.TestResult:
    """Run all cases on one release, and return their result. NotInstalled if this machine cannot have it."""
    install(release)
    result = result or unittest.TestResult()
    cases_for(release, word)(result)
    return result


class Timed(unittest.TestResult):
    """Knows how long each case took, and prints that if wanted."""

    def __init__(self, verbose: bool) -> None:
        super().__init__()
        self.verbose = verbose

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.started = time.monotonic()
        if self.verbose:
            print(test.id().partition(" on ")[2], end=" ", flush=True)

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        if self.verbose:
            print("%.1f s" % (time.monotonic() - self.started), flush=True)


def problems(result: unittest.TestResult) -> Iterable[str]:
    for test, trace in result.failures + result.errors:
        yield "%s\n%s\n%s" % ("-" * 70, test, trace)


def line(release: Release, result: unittest.TestResult, seconds: float) -> str:
    failed = len({str(test) for test, _ in result.failures + result.errors})
    lacking = sum(reason.startswith(LACKS) for _, reason in result.skipped)  # what a release cannot do is not its test
    skipped = len(result.skipped) - lacking
    passed = result.testsRun - failed - skipped - lacking
    row = (release.gradio, release.protocol, passed, failed, skipped, seconds, lacking)
    return "%-8s %-9s %3d passed %3d failed %3d skipped %5.0f s  (%d are about what it lacks)" % row


def report(versions: Iterable[str], run: Callable[[Release], unittest.TestResult]) -> int:
    """Run tests on each release, say what failed, and end with a line for each. The exit code."""
    lines, failed = [], False
    for version in versions:
        release = RELEASES[version]
        began = time.monotonic()
        try:
            result = run(release)
        except NotInstalled as problem:
            lines.append("%-8s not run: %s" % (version, problem))
            failed = True
            continue
        for text in problems(result):
            print(text, flush=True)
        lines.append(line(release, result, time.monotonic() - began))
        print(lines[-1], flush=True)
        failed = failed or not result.wasSuccessful()
    print("\n".join(["", *lines]))
    return 1 if failed else 0


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="all, if none is given")
    parser.add_argument("-v", dest="verbose", action="store_true", help="print every case and how long it took")
    parser.add_argument("-k", dest="word", default="", help="only cases whose name contains this")
    options = parser.parse_args(arguments)
    return report(options.versions or RELEASES, lambda release: run_on(release, Timed(options.verbose), options.word))


if __name__ == "__main__":
    sys.exit(main())
