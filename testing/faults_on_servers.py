"""What the client promises when a real Gradio server is killed, stopped or left in the middle of a job.

    python3 -m testing.faults_on_servers                 the newest 6, 5 and 4, the last `sse`, the last `ws`
    python3 -m testing.faults_on_servers 4.19.2 4.13.0   other releases of testing/versions.py, if they are installed

Takes 10 to 70 seconds for each, since heartbeats come every 15 seconds. The same faults, and all the others, are tried
on scripted servers by test_faults.py.
"""

import concurrent.futures
import os
import queue
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path
from typing import Any, Callable, Type
from unittest import mock
from urllib.parse import urlsplit

import gradio_lite_client as glc
from testing.cases import DEADLINE, LACKS, LONG, Cases, Timed, job_threads, new_tag, report
from testing.servers import NotInstalled, Server, is_installed
from testing.system import needs
from testing.versions import Release

VERSIONS = ("6.31.0", "5.50.0", "4.44.1", "4.8.0", "3.50.2")
SOON = 3.0  # seconds, on a machine that does other things besides
PATIENCE = 1.0
PROGRAM = """
import sys, gradio_lite_client as glc
with glc.Client(sys.argv[1]) as client:
    client.predict(10 ** 6, 0.05, sys.argv[2], api_name="/steps")
"""


class FaultCases(Cases, unittest.TestCase):
    """Each case leaves a server that works; `server` is the one that runs."""

    release: Release
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        cls.features = cls.release.features
        cls.serve("0")
        cls.addClassCleanup(lambda: cls.server.stop())

    @classmethod
    def serve(cls, port: str) -> None:
        cls.server = Server(cls.release, "main", "--port", port)
        cls.server.__enter__()
        cls.url = cls.server.url

    def ends(self, kind: Type[BaseException], function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """The error, of exactly this class, that the call raises soon."""
        began = time.monotonic()
        with self.assertRaises(kind) as caught:
            function(*args, **options)
        self.assertLess(time.monotonic() - began, SOON)
        self.assertIs(type(caught.exception), kind)
        return caught.exception

    def test_killed_and_started_again(self) -> None:
        """Every job ends, and says what it was; the same client goes on with the new server."""
        direct = self.connect(skip_queue=True)
        _, job = self.start("sleep", LONG)
        unqueued = direct.submit(LONG, new_tag(), api_name="/sleep")
        waiting = self.submit("sleep", LONG, new_tag())
        self.wait_until_queued(waiting)
        self.eventually("both run", lambda: job.running() and unqueued.running())
        self.server.kill()
        try:
            self.check_killed(job, waiting, unqueued)
        finally:
            self.server.stop()
            type(self).serve(str(urlsplit(self.url).port))
        self.assertEqual(self.call("echo", "again"), "again")
        self.assertEqual(self.submit("echo", "again").result(DEADLINE), "again")

    def check_killed(self, job: glc.Job, waiting: glc.Job, unqueued: glc.Job) -> None:
        error = self.ends(glc.ConnectionLost, job.result, DEADLINE)
        self.assertEqual((error.endpoint, error.last_status.code), ("/sleep", glc.Status.PROCESSING))
        self.assertEqual(bool(error.event_id), self.release.protocol != "ws")
        self.ends(glc.ConnectionLost, waiting.result, DEADLINE)
        self.assertIsInstance(unqueued.exception(DEADLINE), glc.ConnectionFailed)
        self.ends(glc.ConnectionFailed, self.call, "echo", "x")
        self.eventually("the end of all threads", lambda: not job_threads())

    def test_silent_and_back(self) -> None:
        """A job is not lost for a silence; what has to be answered is not waited for longer than the timeout."""
        needs("SIGSTOP", hasattr(signal, "SIGSTOP"))
        tag, job = self.start("sleep", LONG)
        hasty = self.connect(timeout=PATIENCE)
        os.kill(self.server.pid, signal.SIGSTOP)
        try:
            self.assertRaises(concurrent.futures.TimeoutError, job.result, PATIENCE)
            self.ends(glc.TimedOut, hasty.predict, "x", api_name="/echo")
            self.ends(glc.TimedOut, self.connect, timeout=PATIENCE)
        finally:
            os.kill(self.server.pid, signal.SIGCONT)
        self.wake(tag)
        self.assertEqual(job.result(DEADLINE), "slept " + tag)
        self.assertEqual(hasty.predict("x", api_name="/echo"), "x")

    def test_silent_for_good(self) -> None:
        """A stream that has heartbeats is given up when these stay away. Servers send one every 15 s."""
        needs("SIGSTOP", hasattr(signal, "SIGSTOP"))
        if self.release.protocol in ("ws", "sse"):
            self.skipTest(LACKS + "heartbeats on the stream")
        beats: queue.Queue[str] = queue.Queue()
        real = glc.parse_message

        def parse_message(text: str) -> Any:
            message = real(text)
            if message and message["msg"] == "heartbeat":
                beats.put(text)
            return message

        with mock.patch.object(glc, "STREAM_SILENCE", 16.0), mock.patch.object(glc, "parse_message", parse_message):
            hasty = self.connect(timeout=PATIENCE)
            tag = new_tag()
            job = hasty.submit(LONG, tag, api_name="/sleep")
            self.wait_for(tag, "start")
            for _ in range(2):
                beats.get(timeout=DEADLINE)
            os.kill(self.server.pid, signal.SIGSTOP)
            try:
                error = job.exception(DEADLINE)
                self.assertIs(type(error), glc.ConnectionLost)
                self.assertIn("sent nothing", str(error))
            finally:
                os.kill(self.server.pid, signal.SIGCONT)
        self.wake(tag)
        self.assertEqual(hasty.predict("x", api_name="/echo"), "x")

    def test_close_in_the_middle(self) -> None:
        leaving = self.connect()
        tag = new_tag()
        jobs = [leaving.submit(LONG, tag, api_name="/sleep") for _ in range(3)]
        many = leaving.submit(300, 0.02, tag, api_name="/steps")
        self.wait_for(tag, "start")
        began = time.monotonic()
        leaving.close()
        self.assertLess(time.monotonic() - began, SOON)
        for job in [*jobs, many]:
            self.ends(glc.ConnectionLost, job.result, DEADLINE)
        self.wake(tag, 200)
        self.assertEqual(self.call("echo", "x"), "x")

    def test_ctrl_c(self) -> None:
        """The program ends at once, and the server stops the generator."""
        needs("signals", os.name == "posix")
        tag = new_tag()
        process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-W", "error", "-c", PROGRAM, self.url, tag],
            cwd=Path(glc.__file__).resolve().parent,
            stderr=subprocess.PIPE,
        )
        try:
            self.wait_for(tag, "step 3")
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=DEADLINE)
        finally:
            process.kill()
            process.communicate()
        self.assertLess(time.monotonic() - began, SOON)
        self.assertEqual(said.split()[-1:], [b"KeyboardInterrupt"])
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.wait_for(tag, "closed")
        self.assertNotIn("end", self.journal(tag))


def run_on(release: Release) -> unittest.TestResult:
    if not is_installed(release):
        raise NotInstalled("not installed")
    name = "FaultCases on %s" % release.gradio
    kind = type(name, (FaultCases,), {"release": release, "__qualname__": name})
    result = Timed(verbose=False)
    unittest.defaultTestLoader.loadTestsFromTestCase(kind)(result)
    return result


if __name__ == "__main__":
    sys.exit(report(sys.argv[1:] or VERSIONS, run_on))
