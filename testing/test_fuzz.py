# SPDX-License-Identifier: MIT
"""Short fuzzing runs, always the same ones, and the inputs that longer runs have found. See testing/fuzz."""

from __future__ import annotations

import importlib
import json
import random
import unittest
from typing import Any
from unittest import mock

import gradio_lite_client as glc
from testing.fake import Reply
from testing.fuzz import SUBJECTS, FromBytes, diffs, mutated
from testing.support import ClientCase, TestCase, config, dependency

ROUNDS = 300
ROUNDS_OF_SLOW_ONES = {"config": 80, "frames": 150}


class InvariantsTest(TestCase):
    def test_each_subject_names_its_invariant(self) -> None:
        for subject in SUBJECTS:
            first, *_ = (importlib.import_module(f"testing.fuzz.{subject}").__doc__ or "").splitlines()
            with self.subTest(subject):
                self.assertTrue(first.endswith("."), first)

    def run_subject(self, subject: str) -> None:
        module = importlib.import_module(f"testing.fuzz.{subject}")
        for seed in range(ROUNDS_OF_SLOW_ONES.get(subject, ROUNDS)):
            try:
                module.check(random.Random(seed))
            except Exception as error:
                again = f"python3 -m testing.fuzz {subject} --seed {seed} --rounds 1"
                raise AssertionError(f"Again: {again}") from error

    def test_sse(self) -> None:
        self.run_subject("sse")

    def test_frames(self) -> None:
        self.run_subject("frames")

    def test_multipart(self) -> None:
        self.run_subject("multipart")

    def test_diffs(self) -> None:
        self.run_subject("diffs")

    def test_bodies(self) -> None:
        self.run_subject("bodies")

    def test_binding(self) -> None:
        self.run_subject("binding")

    def test_names(self) -> None:
        self.run_subject("names")

    def test_config(self) -> None:
        self.run_subject("config")

    def test_transcript(self) -> None:
        self.run_subject("transcript")

    def test_no_subject_is_left_out(self) -> None:
        self.assertEqual({f"test_{subject}" for subject in SUBJECTS} - set(dir(self)), set())


class ToolsTest(TestCase):
    """A fuzzer that cannot fail is worth nothing."""

    def test_a_broken_function_is_found(self) -> None:
        known = glc.apply_edits

        def broken(value: Any, edits: Any) -> Any:  # forgets one edit of many
            return known(value, edits[:3] if isinstance(edits, list) else edits)

        with mock.patch.object(glc, "apply_edits", broken), self.assertRaises(AssertionError):
            for seed in range(ROUNDS):
                diffs.check(random.Random(seed))

    def test_the_bytes_of_an_input_are_its_choices(self) -> None:
        chosen = [FromBytes(bytes([byte, 0])).choice("abcd") for byte in (0, 1, 2, 3)]
        self.assertEqual(chosen, ["a", "b", "c", "d"])
        self.assertEqual(mutated(FromBytes(b"x" * 99), [1, 2]), mutated(FromBytes(b"x" * 99), [1, 2]))
        self.assertEqual(FromBytes(b"").random(), FromBytes(b"").random())


class RecordedDiffsTest(TestCase):
    def test_what_real_releases_made_of_pairs_of_values(self) -> None:
        recorded = json.loads(diffs.CORPUS.read_text(encoding="utf-8"))
        versions = " ".join(recorded).split()
        self.assertTrue({"4.19.2", "4.44.1", "5.50.0", "6.31.0"} <= set(versions), versions)
        for names, rows in recorded.items():
            with self.subTest(names):
                self.assertGreater(len(rows), 50)
                for old, new, edits in rows:
                    diffs.assert_applies(old, new, edits)


class FindingsTest(ClientCase):
    """Inputs that longer runs have found."""

    def test_a_complaint_whose_place_is_no_list(self) -> None:
        self.assertEqual(glc.error_text(b'{"detail": [{"loc": 5, "msg": "no"}]}'), "no")

    def test_a_component_whose_type_is_no_text(self) -> None:
        odd = glc.App("http://x", config(components=[{"id": 1, "type": {}}]))
        self.assertEqual(odd.names["/predict"].taken, [0])

    def test_an_app_error_with_a_field_that_python_uses(self) -> None:
        message = {"msg": "process_completed", "output": {"error": "no", "self": 1}, "success": False}
        error = self.raises(glc.AppError, glc.Transcript(True, (6, 31), "/f").feed, message)
        self.assertEqual((error.message, error.details), ("no", {"self": 1}))

    def test_a_path_that_is_no_unicode(self) -> None:
        self.assertEqual(glc.Routes("http://x").file("a/\udcff"), "http://x/file=a/%ED%B3%BF")
        server = self.scripted(dependency("\udcff", queue=False))
        error = self.raises(glc.HTTPError, self.client(server.url).predict, "x", fn_index=0)
        self.assertEqual(error.status, 404)
        self.raises(glc.ProtocolError, glc.App, "http://x", config(api_prefix="/\udcff"))

    def test_a_host_that_is_no_name(self) -> None:
        self.raises(glc.ConnectionFailed, self.client, "http://a..b")

    def test_a_parameter_whose_python_type_is_no_text(self) -> None:
        endpoint = glc.App("http://x", config()).names["/predict"]
        odd: list[Any] = [5, {"type": {}}, {}]
        for typed in odd:
            said = {"parameters": [{"python_type": typed, "parameter_has_default": True}]}
            info = glc.describe(endpoint, {"named_endpoints": {"/predict": said}})
            self.assertIn("param_0: str", glc.describe_endpoint(info, ""))

    def test_a_server_that_ends_every_stream_without_a_word_about_the_job(self) -> None:
        others = json.dumps({"msg": "progress", "event_id": "another job"})
        stumbles = json.dumps({"msg": "unexpected_error", "message": "'id'"})  # the name of a job that was given up
        for text in (others, stumbles):
            server = self.scripted()
            server.on("GET", "/queue/data", Reply(200, {"Content-Type": "text/event-stream"}, f"data: {text}\n\n"))
            with self.subTest(text):
                self.raises(glc.ConnectionLost, self.client(server.url).predict, "x")
                self.assertLess(self.paths(server).count("GET /queue/data"), glc.MAX_STREAMS_IN_VAIN + 5)

    def test_device_names_of_windows_with_spaces_before_the_dot(self) -> None:
        for name in ("prn .tar.gz", "CON  .txt", "conin$", "ConOut$.x", "com1"):
            self.assertEqual(glc.safe_name(name), f"_{name}")


if __name__ == "__main__":
    unittest.main()
