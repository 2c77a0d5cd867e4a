# SPDX-License-Identifier: MIT
"""The loads of testing/stress.py in small: nothing is lost, doubled or left behind."""

from __future__ import annotations

import contextlib
import io
import unittest
from typing import Any
from unittest import mock

import gradio_lite_client as glc
from testing import stress
from testing.support import ClientCase


class StressTest(ClientCase):
    def small(self, version: str, *sizes: int) -> tuple[list[str], list[str]]:
        """Problems and lines of figures. Sockets are for the base class: the stand-in's are in this process, too."""
        url = self.app(version=version).url
        with contextlib.redirect_stdout(io.StringIO()) as out, mock.patch.object(stress, "open_sockets", set):
            problems = stress.run(url, *sizes)
        return problems, out.getvalue().splitlines()

    def test_every_kind_of_conversation(self) -> None:
        for version, sizes in (("6.31.0", (50, 5, 300, 20)), ("4.8.0", (20, 5, 20, 4)), ("3.50.2", (20, 5, 20, 4))):
            with self.subTest(version):
                problems, lines = self.small(version, *sizes)
                self.assertEqual(problems, [])
                self.assertEqual([line.split()[0] for line in lines], ["jobs", "predicts", "clients"])

    def test_what_is_wrong_is_told(self) -> None:
        def doubled(self: Any, number: int = 0) -> Any:
            return [*known(self), "again"]

        known = glc.Job.outputs
        self.patch(glc.Job, "outputs", doubled)
        problems, _ = self.small("6.31.0", 5, 1, 1, 1)
        self.assertRegex(problems[0], "outputs .*again")


if __name__ == "__main__":
    unittest.main()
