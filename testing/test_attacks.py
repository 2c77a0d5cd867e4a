# SPDX-License-Identifier: MIT
"""Every attack of testing/attacks.py fails, in the size of the suite; and those that do not are told.

python3 -m unittest testing.test_attacks
"""

from __future__ import annotations

import unittest

from testing.attacks import ATTACKS
from testing.ground import CONTROLS, Helper, Verdict, run_all
from testing.support import MS


class AttackTest(unittest.TestCase):
    def test_each_fails(self) -> None:
        for one, verdict in run_all(list(ATTACKS), full=False, module=None):
            with self.subTest(one.name):
                self.assertEqual(verdict.gained, "")

    def test_each_kind_has_some(self) -> None:
        numbers = {one.number for one in ATTACKS.values()}
        self.assertEqual(numbers, {f"S{number}" for number in range(1, 26)})


class GroundTest(unittest.TestCase):
    """What succeeds is seen to succeed."""

    def tried(self, name: str) -> Verdict:
        with Helper(patience=3000 * MS) as helper:
            return helper.run(CONTROLS[f"control-{name}"])

    def test_what_is_gained_is_told(self) -> None:
        self.assertEqual(self.tried("gain").gained, "something")

    def test_memory_is_measured(self) -> None:
        verdict = self.tried("memory")
        self.assertRegex(verdict.gained, r"^\d+ MB of memory$")
        self.assertGreater(verdict.megabytes, 280)

    def test_time_is_measured(self) -> None:
        verdict = self.tried("time")
        self.assertRegex(verdict.gained, r"^\d+\.\d s of the processor$")
        self.assertGreater(verdict.cpu, 0.3 * MS * 1000)

    def test_what_hangs_is_ended_and_where_it_hangs_is_told(self) -> None:
        self.assertRegex(self.tried("hang").gained, r"^it does not end within .* s: ground\.py:\d+")

    def test_crashes_and_words_on_stderr(self) -> None:
        self.assertRegex(self.tried("crash").gained, "^ZeroDivisionError")
        self.assertRegex(self.tried("words").gained, "^words on stderr: .*hello")
        self.assertRegex(self.tried("death").gained, "^the process: code 3")

    def test_what_fails_is_told_as_well(self) -> None:
        self.assertEqual(self.tried("nothing").gained, "")


if __name__ == "__main__":
    unittest.main()
