# SPDX-License-Identifier: MIT
"""The demo where Gradio cannot run: it says so and goes on with the tests' stand-in.

python3 -m unittest testing.test_examples
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from examples import demo
from testing.servers import NotInstalled
from testing.support import DEADLINE, ClientCase
from testing.system import needs

HERE = Path(__file__).resolve().parent
PROGRAM = """
import runpy, sys
import testing.servers
def refuse(release):
    raise PermissionError("read-only")
testing.servers.install = refuse
sys.argv = ["demo.py", *{arguments!r}]
runpy.run_path("examples/demo.py", run_name="__main__")
"""


class DemoTest(ClientCase):
    def test_a_stand_in_for_any_reason(self) -> None:
        for problem in (
            NotInstalled("no network"),
            PermissionError(13, "Permission denied"),
            OSError(28, ""),
            KeyError(),
        ):
            with self.subTest(problem), mock.patch.object(demo, "install", side_effect=problem):
                out = io.StringIO()
                with contextlib.redirect_stdout(out), demo.some_app() as (url, engine):
                    self.assertEqual(self.client(url).predict("Ada", api_name="/greet"), "Hello Ada!")
                self.assertEqual(engine, demo.STANDIN)
                self.assertIn("Gradio cannot run here: ", out.getvalue())

    def test_several_at_a_time(self) -> None:
        with demo.standin() as first, demo.standin() as second:
            self.assertNotEqual(first.url, second.url)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", PROGRAM.format(arguments=arguments)]
        process = subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_a_reader_that_goes_away(self) -> None:
        process = self.start()
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual((process.wait(DEADLINE), process.stderr.read()), (0, b""))
        process.stdout = None

    def test_an_app_that_stays(self) -> None:
        needs("signals", os.name == "posix")
        process = self.start("--serve")
        assert process.stdout and process.stderr
        lines: list[Any] = []
        while not lines or b"Ctrl-C" not in lines[-1]:
            lines.append(process.stdout.readline())
            self.assertTrue(lines[-1], lines)
        url = lines[-2].decode().split()[3]
        self.assertEqual(self.client(url).predict("Ada", api_name="/greet"), "Hello Ada!")
        process.send_signal(signal.SIGINT)
        self.assertEqual((process.wait(DEADLINE), process.stderr.read()), (0, b""))

    def test_usage(self) -> None:
        for arguments, code in ((["--help"], 0), (["--nosuch"], 2)):
            with contextlib.redirect_stdout(io.StringIO()) as out:
                self.assertEqual(demo.main(arguments), code)
            self.assertIn("--serve", out.getvalue())
