# SPDX-License-Identifier: MIT
"""Which places of a program testing/mutate.py changes, and how; and what it makes of the suite's answer."""

from __future__ import annotations

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

from testing import mutate
from testing.mutate import MODULE, ROOT, Campaign, Copy, is_program, mutated, mutations, sample

SOURCE = '''\
"""A docstring with numbers: 1."""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    LIMIT: int = 5
__all__ = ["é"]


# === Values ===========================================================================================================


def é(first: int = 3, *, text: str = "key") -> "list[int]":
    """Says 2."""
    if (first) < 4 and not text:
        raise ValueError(f"{first} is not {'enough'}, 7")
    logger.info("words for people %d", 9)
    found.append(first)
    while first:
        break
    return [one if one is not None else 0 for one in found if one not in (1,)]


class Shown:
    def __repr__(self) -> str:
        return "shown" if self else "hidden"
'''


class MutationsTest(unittest.TestCase):
    def changes(self, source: str) -> set[tuple[str, str, str]]:
        return {(one.kind, one.old, one.new) for one in mutations(source)}

    def test_places(self) -> None:
        expected = {
            *{("constant", "3", "4"), ("constant", '"key"', "'keyx'"), ("constant", "4", "5"), ("constant", "0", "1")},
            *{("constant", "1", "2"), ("comparison", "<", "<="), ("comparison", "is not", "is")},
            *{("comparison", "not in", "in"), ("boolean", "and", "or"), ("boolean", "not text", "(text)")},
            ("condition", "(first) < 4 and not text", "not ((first) < 4 and not text)"),
            *{("condition", "first", "False"), ("condition", "one not in (1,)", "True")},
            ("condition", "one is not None", "(not (one is not None))"),
            ("call", "found.append(first)", "pass"),
            ("raise", "raise ValueError(f\"{first} is not {'enough'}, 7\")", "pass"),
            ("return", "return [one if one is not None else 0 for one in found if one not in (1,)]", "return None"),
        }
        self.assertEqual(self.changes(SOURCE), expected)

    def test_each_changes_one_place_and_knows_its_section(self) -> None:
        for one in mutations(SOURCE):
            with self.subTest(str(one)):
                self.assertTrue(is_program(SOURCE, one))
                changed = mutated(SOURCE, one)
                self.assertEqual(
                    changed.replace(one.new, "", 1).count("\n"), SOURCE.replace(one.old, "", 1).count("\n")
                )
                self.assertEqual(one.section, "Values")

    def test_samples_of_the_module(self) -> None:
        source = (ROOT / MODULE).read_text("utf-8")
        chosen = sample(source, 8, 7)
        self.assertEqual(chosen, sample(source, 8, 7))
        self.assertNotEqual(chosen, sample(source, 8, 8))
        self.assertEqual(len({one.key for one in chosen}), 8)
        self.assertEqual(sum(one.kind == "constant" for one in chosen), 2)
        sections = {one.section for one in mutations(source)}
        for section in sections - {""}:
            self.assertTrue(mutate.classes_of(section), section)


class CampaignTest(unittest.TestCase):
    """With a suite of one test in a folder of its own."""

    TEST = "import unittest\nimport tried\n\n\nclass T(unittest.TestCase):\n    def test(self) -> None:\n"

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def noticed(self, body: str, limit: float = 20.0) -> str:
        copy = Copy.__new__(Copy)  # of nothing
        copy.folder = self.folder
        (self.folder / "test_tried.py").write_text(self.TEST.replace("tried", Path(MODULE).stem) + body, "utf-8")
        source = "def five() -> int:\n    return 5\n"
        (one,) = [one for one in mutations(source) if one.kind == "constant"]
        campaign = Campaign(source, self.folder / "state", limit)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            campaign.try_one(one, copy)
        self.assertIn("constant    5  ->  6", out.getvalue())
        again = Campaign(source, self.folder / "state", limit)
        self.assertEqual(again.outcomes, {one.key: campaign.outcomes[one.key]})
        self.assertEqual(Campaign(source + "\n", self.folder / "state", limit).outcomes, {})
        return campaign.outcomes[one.key]

    def test_outcomes(self) -> None:
        name = Path(MODULE).stem
        self.assertEqual(self.noticed(f"        self.assertEqual({name}.five(), 5)\n"), "test_tried.T.test")
        self.assertEqual(self.noticed(f"        self.assertGreater({name}.five(), 1)\n"), "")
        self.assertEqual(self.noticed("        __import__('os')._exit(4)\n"), "its end, with code 4")
        self.assertEqual(self.noticed("        while True: pass\n", 1.0), "the time")


if __name__ == "__main__":
    unittest.main()
