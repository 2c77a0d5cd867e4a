#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of gradio_lite_client, in its sections and in its order.

    python3 -m unittest                     offline: scripted servers on 127.0.0.1, nothing to install
    python3 test_gradio_lite_client.py      that, then real Gradio servers, which it installs itself

Faults, hostile servers and random input have files of their own in testing/, with the same rules: testing/support.py.
"""

from __future__ import annotations

import argparse
import array
import ast
import asyncio
import base64
import builtins
import collections
import concurrent.futures
import contextlib
import copy
import datetime
import decimal
import email
import enum
import errno
import fnmatch
import fractions
import gc
import getpass
import gzip
import hashlib
import http.client
import io
import itertools
import json
import os
import pickle
import queue
import random
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import types
import typing
import unicodedata
import unittest
import warnings
import weakref
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Sequence
from unittest import mock

import gradio_lite_client as glc
from testing.fake import (
    CA_FILE,
    CERTS,
    ProxyServer,
    RawServer,
    Reply,
    ScriptedServer,
    Stream,
    Upgrade,
    accept_key,
    reset,
)
from testing.standin import StandIn, diff, parse_multipart
from testing.support import (
    DEADLINE,
    MS,
    ClientCase,
    HttpCase,
    Running,
    TestCase,
    config,
    dependency,
    gradio_threads,
    http_reply,
    open_sockets,
    receive_head,
    wait_until,
    ways_to_cut,
)
from testing.system import as_another_user, has_other_users, has_terminals, needs, needs_module

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "testing" / "corpus"
PROTOCOLS = ("ws", "sse", "sse_v1", "sse_v2", "sse_v2.1", "sse_v3")
FLAWS = ("unshifted", "miscounted")  # how releases tell where elements leave a list, where it can be repaired


# === Errors ===========================================================================================================


class ErrorsTest(TestCase):
    BUILTINS = {
        "GradioError": (Exception,),
        "ConnectionFailed": (ConnectionError, OSError),
        "ConnectionLost": (ConnectionError, glc.ConnectionFailed),
        "TimedOut": (TimeoutError, ConnectionError, glc.ConnectionFailed),
        "HTTPError": (Exception,),
        "AuthenticationError": (ValueError, glc.HTTPError),
        "TooManyRequestsError": (glc.HTTPError,),
        "ProtocolError": (Exception,),
        "QueueError": (Exception,),
        "AppError": (ValueError,),
        "ValidationError": (ValueError, glc.AppError),
        "InvalidAPIEndpointError": (ValueError,),
        "SpaceError": (Exception,),
        "SpaceDuplicationError": (glc.SpaceError,),
    }

    def test_words_of_servers_reach_neither_terminals_nor_the_lines_of_a_log(self) -> None:
        forged = "a\x1b[2J\r\nERROR:root:forged \x9b31m\u202e" + "x" * 50_000
        for name in self.BUILTINS:
            error = getattr(glc, name)(forged)
            self.assertEqual(str(error)[:24], "a\ufffd[2J\nERROR:root:forged ", name)
            self.assertLess(len(str(error)), 20_001)
        with self.assertLogs(glc.logger, "WARNING") as logged:
            glc.logger.warning("It says %s", forged)
        self.assertTrue(
            logged.records[0].getMessage().startswith("It says a\ufffd[2J ERROR:root:forged \ufffd31m\ufffdx")
        )
        self.assertLess(len(logged.output[0]), 2100)

    def test_every_public_error_is_in_the_table(self) -> None:
        public = {name for name in glc.__all__ if isinstance(getattr(glc, name), type)}
        errors = {name for name in public if issubclass(getattr(glc, name), BaseException)}
        self.assertEqual(errors, set(self.BUILTINS))

    def test_each_is_caught_as_gradio_error_and_as_its_builtin(self) -> None:
        for name, kinds in self.BUILTINS.items():
            for kind in (glc.GradioError, *kinds):
                with self.subTest(name, caught_as=kind.__name__):
                    with self.assertRaises(kind):
                        raise getattr(glc, name)("text")

    def test_a_protocol_or_http_error_is_no_value_error(self) -> None:
        for kind in (glc.ProtocolError, glc.HTTPError, glc.QueueError, glc.SpaceError):
            self.assertFalse(issubclass(kind, (ValueError, OSError)), kind)

    def test_text_and_attributes(self) -> None:
        for name in self.BUILTINS:
            with self.subTest(name):
                error = getattr(glc, name)("what failed", url="http://x/y", status=500, endpoint="/f")
                self.assertEqual(str(error), "what failed")
                if not isinstance(error, glc.AppError):
                    self.assertEqual((error.url, error.status, error.endpoint), ("http://x/y", 500, "/f"))
                for attribute in ("event_id", "last_status", "retry_after"):
                    self.assertIsNone(getattr(error, attribute))

    def test_each_survives_pickling(self) -> None:
        seen = glc.StatusUpdate(glc.Status.PROCESSING, rank=2)
        for name in self.BUILTINS:
            for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
                with self.subTest(name, protocol=protocol):
                    error = getattr(glc, name)("what failed")
                    error.endpoint, error.last_status = "/f", seen
                    twin = pickle.loads(pickle.dumps(error, protocol))
                    self.assertIs(type(twin), type(error))
                    self.assertEqual(str(twin), "what failed")
                    self.assertEqual((twin.endpoint, twin.last_status, twin.url), ("/f", seen, None))

    def test_app_error_keeps_all_that_the_app_sent(self) -> None:
        error = glc.AppError("boom", title="T", duration=None, visible=False, print_exception=False, extra=[1])
        for twin in (error, pickle.loads(pickle.dumps(error)), copy.copy(error)):
            self.assertEqual((str(twin), twin.message, twin.title, twin.duration), ("boom", "boom", "T", None))
            self.assertEqual((twin.visible, twin.print_exception, twin.details), (False, False, {"extra": [1]}))

    def test_app_error_has_the_defaults_of_the_official_client(self) -> None:
        error = glc.AppError()
        self.assertEqual((error.title, error.duration, error.visible, error.print_exception), ("Error", 10, True, True))


# === Records ==========================================================================================================


class RecordsTest(TestCase):
    def test_status_order(self) -> None:
        names = "STARTING JOINING_QUEUE QUEUE_FULL IN_QUEUE SENDING_DATA PROCESSING PROGRESS LOG ITERATING FINISHED"
        members = [glc.Status[name] for name in [*names.split(), "CANCELLED"]]
        self.assertEqual(members, list(glc.Status))
        self.assertEqual([status.value for status in members], [status.name for status in members])
        for (i, one), (j, other) in itertools.product(enumerate(members), repeat=2):
            self.assertEqual((one < other, one > other), (i < j, i > j))
        self.assertEqual(sorted(reversed(members)), members)

    def test_status_update_defaults(self) -> None:
        update = glc.StatusUpdate(glc.Status.IN_QUEUE)
        fields = ("rank", "queue_size", "eta", "success", "time", "progress_data", "log")
        self.assertEqual(vars(update), {"code": glc.Status.IN_QUEUE, **dict.fromkeys(fields), "type": "status"})
        output = {"outputs": [1], "success": True, "type": "output", "final": False}
        self.assertEqual(vars(glc.OutputUpdate([1])), output)

    def test_records_are_shown_and_compared_by_what_they_hold(self) -> None:
        unit = glc.ProgressUnit(1, 3, "steps", desc="work")
        self.assertEqual(repr(unit), "ProgressUnit(index=1, length=3, unit='steps', progress=None, desc='work')")
        self.assertEqual(unit, glc.ProgressUnit(1, 3, "steps", None, "work"))
        self.assertNotEqual(unit, glc.ProgressUnit(2, 3, "steps", None, "work"))
        self.assertNotEqual(glc.OutputUpdate(1), vars(glc.OutputUpdate(1)))
        self.assertTrue(unit == mock.ANY)  # other types have a say

    def test_file_data_is_a_dict(self) -> None:
        item = glc.FileData({"path": "/p", "size": 3})
        self.assertEqual(item, {"path": "/p", "size": 3})
        self.assertEqual(json.loads(json.dumps(item)), {"path": "/p", "size": 3})
        self.assertIsInstance(item, dict)

    def test_file_data_reads_and_saves_through_its_client(self) -> None:
        asked: list[str | None] = []

        def download(dest: str | None, anywhere: bool = True) -> str | bytes:
            asked.append(dest)
            return b"content" if dest is None else f"{dest}/name"

        item = glc.FileData({"path": "/p"})
        vars(item)["download"] = download
        self.assertEqual(item.read(), b"content")
        self.assertEqual(item.save(Path("some") / "where"), os.path.join("some", "where") + "/name")
        self.assertEqual(asked, [None, os.path.join("some", "where")])

    def test_file_data_without_a_client_says_so(self) -> None:
        for use in (lambda: glc.FileData(path="/p").read(), lambda: glc.FileData(path="/p").save("x")):
            with self.assertRaisesRegex(ValueError, "not made by a Client"):
                use()

    def test_copies_of_file_data_are_dicts_that_fetch_nothing(self) -> None:
        item = glc.FileData({"path": "/p", "meta": {}})
        lock = threading.Lock()  # which cannot be copied
        vars(item).update(home="http://app", local="/a", download=lambda dest: b"" if lock else b"?")
        for twin in (copy.copy(item), copy.deepcopy([item])[0], pickle.loads(pickle.dumps(item))):
            self.assertEqual((type(twin), twin), (glc.FileData, item))
            self.assertEqual(vars(twin), {"home": "http://app", "local": "/a"})
        self.assertEqual(item.read(), b"")

    def test_what_describes_a_file_shows_no_secrets(self) -> None:
        for url, shown in (
            ("https://ada:s3cret@host/a.png?signature=s3cret", "https://host/a.png"),
            ("https://ada:s3#c?r/et@host/a.png", "https://…@host/a.png"),
            ("https://host:8443/a b.png#s3cret?s3cret", "https://host:8443/a b.png"),
            ("http://host/" + "x" * 5000 + "?s3cret", "http://host/" + "x" * 988),
        ):
            item = glc.FileData(path=url, url=url, size=1, meta={})
            for text in (repr(item), str([item])):
                self.assertNotIn("s3cret", text)
                self.assertIn(f"FileData({{'path': '{shown}', 'url': '{shown}', 'size': 1, 'meta': {{}}}})", text)
            try:
                marked = glc.handle_file(url)
            except ValueError as error:
                self.assertNotIn("s3cret", str(error))
            else:
                self.assertNotIn("s3cret", repr(marked))
                self.assertEqual(marked["url"], url)
        self.assertEqual(repr(glc.FileData(path="/a/b?c@d")), "FileData({'path': '/a/b?c@d'})")

    def test_a_downloaded_path_is_a_str(self) -> None:
        path = glc.DownloadedPath("/downloads/a.txt")
        path.file = glc.FileData(path="/p", url="/u")
        vars(path.file)["download"] = lambda dest: b"" if threading.Lock() else b"?"  # which cannot be copied
        self.assertEqual(
            (path, str(path), repr(path), f"{path}"), ("/downloads/a.txt",) * 2 + ("'/downloads/a.txt'", path)
        )
        self.assertEqual({path: 1}["/downloads/a.txt"], 1)
        self.assertEqual(
            (os.path.basename(path), Path(path).name, path + ".x"), ("a.txt", "a.txt", "/downloads/a.txt.x")
        )
        self.assertEqual(json.dumps([path]), '["/downloads/a.txt"]')
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            twin = pickle.loads(pickle.dumps(path, protocol))
            self.assertEqual((twin, twin.file), (path, {"path": "/p", "url": "/u"}))
            self.assertRaisesRegex(ValueError, "it is a copy", twin.file.read)
        for twin in (copy.copy(path), copy.deepcopy([path])[0]):
            self.assertEqual((twin, twin.file), (path, path.file))

    def test_a_copy_of_a_local_file_is_one(self) -> None:
        marked = glc.handle_file(b"content", "a.txt")
        for twin in (marked.copy(), copy.copy(marked), copy.deepcopy([marked])[0], pickle.loads(pickle.dumps(marked))):
            self.assertTrue(glc.is_local_file(twin))
            self.assertEqual((twin, twin.source), (marked, b"content"))
            self.assertIsNot(twin, marked)

    def test_a_dict_never_is_a_local_file(self) -> None:
        self.assertFalse(glc.is_local_file({"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}))
        self.assertFalse(glc.is_local_file(glc.FileData(path="/etc/passwd")))
        self.assertTrue(glc.is_local_file(glc.handle_file(__file__)))


# === Formats ==========================================================================================================


class EventStreamTest(TestCase):
    CASES: Sequence[tuple[str, bytes, list[str]]] = (
        ("WHATWG 1", b"data: YHOO\ndata: +2\ndata: 10\n\n", ["YHOO\n+2\n10"]),
        (
            "WHATWG 2",
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            ["first event", "second event", " third event"],
        ),
        ("WHATWG 3: the last block is incomplete", b"data\n\ndata\ndata\n\ndata:", ["", "\n"]),
        ("WHATWG 4: one space is optional", b"data:test\n\ndata: test\n\n", ["test", "test"]),
        ("CR", b"data: a\rdata: b\r\rdata: c\r\r", ["a\nb", "c"]),
        ("CRLF", b"data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", ["a\nb", "c"]),
        ("mixed line ends", b"data: a\r\ndata: b\rdata: c\n\n\r\ndata: d\r\r", ["a\nb\nc", "d"]),
        ("CR LF CR LF is two ends, not three", b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
        ("BOM", b"\xef\xbb\xbfdata: a\n\n", ["a"]),
        ("a second BOM is part of the name", b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", ["b"]),
        ("a BOM that is not at the start", b"data: a\n\n\xef\xbb\xbfdata: b\n\n", ["a"]),
        ("comments", b":\n\n: data: no\ndata: a\n:x\n\n", ["a"]),
        ("other fields", b"event: x\nid: 4\nretry: 5\ndata: a\nDATA: b\ndatax: c\n data: d\n\n", ["a"]),
        ("an event without data", b"event: x\n\n\n\ndata: a\n\n", ["a"]),
        ("colons in data", b"data: a:b: c\n\n", ["a:b: c"]),
        (
            "only CR and LF end lines",
            "data: a\u0085b\u2028c\u2029d\x0b\x0c\x1c\x1ee\n\n".encode(),
            ["a\u0085b\u2028c\u2029d\x0b\x0c\x1c\x1ee"],
        ),
        ("characters of many bytes", "data: äöü€😀漢\n\n".encode(), ["äöü€😀漢"]),
        ("bytes that are not UTF-8", b"data: a\xff\xe2\x82b\n\n", ["a\ufffd\ufffdb"]),
        ("an event that is cut short", b"data: a\n\ndata: b\n", ["a"]),
        ("nothing", b"", []),
    )

    def test_every_way_of_cutting(self) -> None:
        for name, data, events in self.CASES:
            for chunks in ways_to_cut(data):
                with self.subTest(name, chunks=chunks):
                    self.assertEqual(list(glc.iter_sse(chunks)), events)

    def test_an_event_is_there_as_soon_as_its_empty_line(self) -> None:
        for end in (b"\n\n", b"\r\r", b"\r\n\r\n", b"\r\n\r"):
            with self.subTest(end):
                pulled: list[int] = []

                def chunks(end: bytes = end, pulled: list[int] = pulled) -> Iterator[bytes]:
                    for number in range(3):
                        pulled.append(number)
                        yield b"data: %d" % number + end

                events = glc.iter_sse(chunks())
                self.assertEqual((next(events), pulled), ("0", [0]))
                self.assertEqual((next(events), pulled), ("1", [0, 1]))

    def test_random_streams_are_the_same_however_they_are_cut(self) -> None:
        choose = random.Random(1)
        for number in range(200):
            data = b"".join(
                choose.choice([b"data: ", b"data", b":", b"\r", b"\n", b"x", b"\xe2\x82\xac"]) for _ in range(40)
            )
            cuts = sorted(choose.sample(range(len(data)), 6))
            chunks = [data[i:j] for i, j in zip([0, *cuts], [*cuts, len(data)])]
            with self.subTest(number, chunks=chunks):
                self.assertEqual(list(glc.iter_sse(chunks)), list(glc.iter_sse([data])))

    def test_a_line_without_end_is_not_collected_for_ever(self) -> None:
        self.patch(glc, "MAX_EVENT_BYTES", 1000)
        taken = []

        def endless() -> Iterator[bytes]:
            yield b"data: "
            while True:
                taken.append(100)
                yield b"x" * 100

        with self.assertRaisesRegex(glc.ProtocolError, "line of more than 1000 bytes"):
            list(glc.iter_sse(endless()))
        self.assertLessEqual(sum(taken), 1100)

    def test_an_event_without_end_is_not_collected_for_ever(self) -> None:
        self.patch(glc, "MAX_EVENT_BYTES", 1000)
        with self.assertRaisesRegex(glc.ProtocolError, "event of more than 1000 bytes"):
            list(glc.iter_sse(itertools.repeat(b"data: " + b"x" * 90 + b"\n")))

    def test_large_events_within_the_limit(self) -> None:
        self.patch(glc, "MAX_EVENT_BYTES", 1000)
        event = b"data: " + b"x" * 900 + b"\n\n"
        self.assertEqual([len(text) for text in glc.iter_sse([event] * 5)], [900] * 5)
        self.assertEqual(list(glc.iter_sse([b"data: %d\n\n" % i for i in range(500)]))[-1], "499")
        comments = itertools.chain([b": " + b"c" * 90 + b"\n"] * 50, [b"data: a\n\n"])
        self.assertEqual(list(glc.iter_sse(comments)), ["a"])


class FrameTest(TestCase):
    """WebSocket frames (RFC 6455)."""

    KEY = bytes([0x37, 0xFA, 0x21, 0x3D])
    SERVER: Sequence[tuple[tuple[int, bytes, bool], bytes]] = (  # section 5.7, then the limits of each length
        ((glc.TEXT, b"Hello", True), b"\x81\x05Hello"),
        ((glc.TEXT, b"Hel", False), b"\x01\x03Hel"),
        ((glc.CONTINUATION, b"lo", True), b"\x80\x02lo"),
        ((glc.PING, b"Hello", True), b"\x89\x05Hello"),
        ((glc.PONG, b"", True), b"\x8a\x00"),
        ((glc.CLOSE, b"\x03\xe8", True), b"\x88\x02\x03\xe8"),
        ((glc.BINARY, b"x" * 125, True), b"\x82\x7d" + b"x" * 125),
        ((glc.BINARY, b"x" * 126, True), b"\x82\x7e\x00\x7e" + b"x" * 126),
        ((glc.BINARY, b"x" * 256, True), b"\x82\x7e\x01\x00" + b"x" * 256),
        ((glc.TEXT, b"x" * 65535, True), b"\x81\x7e\xff\xff" + b"x" * 65535),
        ((glc.TEXT, b"x" * 65536, True), b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + b"x" * 65536),
    )

    def test_reading(self) -> None:
        for frame, data in self.SERVER:
            with self.subTest(data[:12]):
                source = io.BytesIO(data + b"rest")
                self.assertEqual(glc.read_frame(source.read), frame)
                self.assertEqual(source.read(), b"rest")

    def test_masked_example_of_the_rfc(self) -> None:
        data = glc.encode_frame(glc.TEXT, b"Hello", self.KEY)
        self.assertEqual(data, bytes.fromhex("8185 37fa213d 7f9f4d5158"))

    def test_writing_is_reading_with_a_mask(self) -> None:
        for (opcode, content, is_last), data in self.SERVER:
            if not is_last:
                continue  # this client sends each message in one frame
            with self.subTest(data[:12]):
                sent = glc.encode_frame(opcode, content, self.KEY)
                head = len(data) - len(content)
                self.assertEqual(sent[:head], bytes([data[0], data[1] | 0x80]) + data[2:head])
                self.assertEqual(sent[head : head + 4], self.KEY)
                unmasked = bytes(byte ^ self.KEY[i % 4] for i, byte in enumerate(sent[head + 4 :]))
                self.assertEqual(unmasked, content)

    def test_masks_of_every_length(self) -> None:
        for size in range(20):
            data = bytes(range(size))
            masked = bytes(byte ^ self.KEY[i % 4] for i, byte in enumerate(data))
            self.assertEqual(glc.encode_frame(glc.TEXT, data, self.KEY)[6:], masked)

    def test_illegal_frames(self) -> None:
        for data in (
            b"\xc1\x00",  # RSV1: compression that nobody asked for
            b"\xa1\x00",
            b"\x91\x00",
            b"\x83\x00",  # reserved opcodes
            b"\x8b\x00",
            b"\x81\x85\x00\x00\x00\x00Hello",  # a server must not mask
            b"\x09\x00",  # a control frame in fragments
            b"\x08\x00",
            b"\x89\x7e\x00\x7e" + b"x" * 126,  # or too long
            b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff",  # 16 exabytes
        ):
            with self.subTest(data[:4]):
                self.raises(glc.ProtocolError, glc.read_frame, io.BytesIO(data).read)

    def test_what_the_reader_raises_passes_through(self) -> None:
        def read(size: int) -> bytes:
            raise glc.ConnectionLost("gone")

        self.raises(glc.ConnectionLost, glc.read_frame, read)

    def test_random_heads_give_a_frame_or_a_protocol_error(self) -> None:
        choose = random.Random(2)
        seen = set()
        for _ in range(500):
            data = bytes(choose.choice([0x81, 0x82, 0x88, 0x01, 0x80, 0xC1, choose.randrange(256)]) for _ in range(2))
            source = io.BytesIO(data + b"\x00" * 300)
            try:
                _, content, _ = glc.read_frame(source.read)
                seen.add("frame")
                self.assertLessEqual(len(content), 125)
            except glc.ProtocolError:
                seen.add("error")
        self.assertEqual(seen, {"frame", "error"})


class MultipartTest(TestCase):
    FILES: Sequence[tuple[str, bytes]] = (
        ("plain.txt", b"hello"),
        ("empty", b""),
        ("binary.bin", bytes(range(256)) * 3),
        ("line ends.txt", b"\r\n\n\r\r\n--\r\n--BOUNDARY-\r\n"),
        ("ünïcödé 漢字 😀.txt", "ä".encode()),
        ("semi;colon, comma = equals.txt", b"1"),
        ("back\\slash and 'quotes'.txt", b"2"),
        ("per%20cent.txt", b"3"),
    )

    def form(self, files: Iterable[tuple[str, bytes]], boundary: str = "BOUNDARY") -> glc.Multipart:
        parts = [glc.Part(name, "text/x-test", len(data), io.BytesIO(data).read) for name, data in files]
        return glc.Multipart("files", parts, boundary)

    def parse(self, form: glc.Multipart) -> list[tuple[str, str, str, bytes]]:
        """Field, file name, type and content of each part, as the standard library's parser reads them."""
        body = b"".join(form)
        self.assertEqual(len(body), form.length)
        message = email.message_from_bytes(b"Content-Type: " + form.content_type.encode() + b"\r\n\r\n" + body)
        self.assertEqual(message.defects, [])
        found = []
        for part in message.get_payload():
            headers = {key: value.encode("ascii", "surrogateescape").decode() for key, value in part.raw_items()}
            match = re.fullmatch(r'form-data; name="(.*?)"; filename="(.*)"', headers["Content-Disposition"])
            self.assertIsNotNone(match, headers)
            content = part.get_payload(decode=True)
            found.append((match[1], match[2], headers["Content-Type"], content))  # type: ignore[index]
        return found

    def test_the_standard_library_reads_each_file_back(self) -> None:
        for name, data in self.FILES:
            with self.subTest(name):
                self.assertEqual(self.parse(self.form([(name, data)])), [("files", name, "text/x-test", data)])

    def test_many_files_keep_their_order(self) -> None:
        found = self.parse(self.form(self.FILES))
        self.assertEqual([(name, data) for _, name, _, data in found], list(self.FILES))

    def test_no_files(self) -> None:
        form = self.form([])
        self.assertEqual(b"".join(form), b"--BOUNDARY--\r\n")
        self.assertEqual(form.length, 14)

    def test_a_name_cannot_end_its_header(self) -> None:
        for name, sent in (
            ('a"b', "a%22b"),
            ("a\r\nX-Evil: 1\r\n\r\nb", "a%0D%0AX-Evil: 1%0D%0A%0D%0Ab"),
            ("a\nb", "a%0Ab"),
            ('"; name="other', "%22; name=%22other"),
        ):
            with self.subTest(name):
                self.assertEqual(self.parse(self.form([(name, b"x")])), [("files", sent, "text/x-test", b"x")])

    def test_a_name_that_is_no_unicode_is_sent_all_the_same(self) -> None:
        found = self.parse(self.form([(os.fsdecode(b"a\xff.txt"), b"x")]))
        self.assertEqual(found[0][3], b"x")

    def test_large_files_are_read_in_pieces(self) -> None:
        self.patch(glc, "UPLOAD_CHUNK", 10)
        sizes = []

        def read(size: int) -> bytes:
            sizes.append(size)
            return b"x" * min(size, 7)  # a short read is no end

        form = glc.Multipart("files", [glc.Part("a", "b/c", 25, read)], "B")
        self.assertEqual(self.parse(form)[0][3], b"x" * 25)
        self.assertLessEqual(max(sizes), 10)

    def test_a_file_that_shrinks_is_an_error_and_one_that_grows_is_cut(self) -> None:
        short = glc.Multipart("files", [glc.Part("a.txt", "b/c", 10, io.BytesIO(b"12345").read)], "B")
        with self.assertRaisesRegex(ValueError, "'a.txt' became shorter"):
            list(short)
        grown = glc.Multipart("files", [glc.Part("a.txt", "b/c", 3, io.BytesIO(b"12345").read)], "B")
        self.assertEqual(self.parse(grown)[0][3], b"123")

    def test_what_reading_the_file_raises_passes_through(self) -> None:
        def read(size: int) -> bytes:
            raise PermissionError("no")

        with self.assertRaises(PermissionError):
            list(glc.Multipart("files", [glc.Part("a", "b/c", 3, read)], "B"))


class EditsTest(TestCase):
    CASES: Sequence[tuple[str, Any, list[Any], Any]] = (
        ("nothing", {"a": 1}, [], {"a": 1}),
        ("replace all", "0", [["replace", [], "1"]], "1"),
        ("replace a key", {"i": 0}, [["replace", ["i"], 1]], {"i": 1}),
        ("replace deep", [["a0"]], [["replace", [0, 0], "ab0"]], [["ab0"]]),
        ("append", "w0 ", [["append", [], "w1 "]], "w0 w1 "),
        ("append to the empty text", "", [["append", [], "x"]], "x"),
        ("append deep", {"a": [0, 0, {"k": "v"}]}, [["append", ["a", 2, "k"], "x"]], {"a": [0, 0, {"k": "vx"}]}),
        ("add a key", {"n0": 0}, [["add", ["n1"], 1]], {"n0": 0, "n1": 1}),
        ("add at the end", {"a": [1, 2, 3]}, [["add", ["a", 3], 0]], {"a": [1, 2, 3, 0]}),
        ("add in the middle", [1, 3], [["add", [1], 2]], [1, 2, 3]),
        ("delete a key", {"n0": 0, "n1": 1}, [["delete", ["n0"], None]], {"n1": 1}),
        ("delete the last", {"a": [1, 2, 3]}, [["delete", ["a", 2], None]], {"a": [1, 2]}),
        ("to null", "x", [["replace", [], None]], None),
        ("from null", None, [["replace", [], {"a": None}]], {"a": None}),
        ("null in a list", [None, 1], [["replace", [0], [None]]], [[None], 1]),
        ("an index that a dict has as its key", {"1": "a"}, [["append", ["1"], "b"]], {"1": "ab"}),
        ("one after the other", "", [["append", [], "a"], ["append", [], "b"], ["replace", [], "c"]], "c"),
        ("edits of a value that an edit brought", [], [["add", [0], {"a": []}], ["add", [0, "a", 0], 1]], [{"a": [1]}]),
    )

    def test_many_changes_of_what_is_large(self) -> None:
        """Lists are copied as a whole, as texts are."""
        for value, more in (("x" * 500_000, "y"), ([0] * 500_000, [1])):
            error = self.raises(glc.ProtocolError, glc.apply_edits, value, [["append", [], more]] * 20_000)
            self.assertIn("would take too long", str(error))

    def test_every_operation(self) -> None:
        for name, old, edits, new in self.CASES:
            with self.subTest(name):
                before = copy.deepcopy((old, edits))
                self.assertEqual(glc.apply_edits(old, edits), new)
                self.assertEqual((old, edits), before)

    def test_the_recorded_run(self) -> None:
        values = ["w0 ", {"a": [1, 2, {"k": "x"}], "s": "w0 ", "i": 0, "n0": 0}, 0]
        edits: list[Any] = [
            [["append", [], "w1 "]],
            [
                ["append", ["a", 2, "k"], "x"],
                ["add", ["a", 3], 0],
                ["append", ["s"], "w1 "],
                ["replace", ["i"], 1],
                ["add", ["n1"], 1],
            ],
            [["replace", [], 1]],
        ]
        self.assertEqual(
            [glc.apply_edits(value, edit) for value, edit in zip(values, edits)],
            ["w0 w1 ", {"a": [1, 2, {"k": "xx"}, 0], "s": "w0 w1 ", "i": 1, "n0": 0, "n1": 1}, 1],
        )

    def test_tail_deletes_of_every_server(self) -> None:
        old = ["a", "b", "c", "d", "e"]
        for name, indexes in (
            ("4.17 to 5.29.0", [1, 2, 3, 4]),
            ("5.29.1 and newer", [1, 1, 1, 1]),
            ("negative, as 5.36 to 6.31 give for nested lists", [-1, -2, -3, -4]),
            ("from the end", [4, 3, 2, 1]),
        ):
            for path in ([], ["data"], ["data", 1]):
                with self.subTest(name, path=path):
                    wrap: Callable[[Any], Any] = {
                        0: lambda x: x,
                        1: lambda x: {"data": x},
                        2: lambda x: {"data": [0, x]},
                    }[len(path)]
                    edits = [["delete", [*path, index], None] for index in indexes]
                    self.assertEqual(glc.apply_edits(wrap(old), edits), wrap(["a"]))

    def test_shares_what_no_edit_touches(self) -> None:
        old = {"same": [1], "changed": {"same": {"x": 1}, "list": [[1], ["a"]]}}
        new = glc.apply_edits(old, [["append", ["changed", "list", 1, 0], "b"]])
        self.assertEqual(new["changed"]["list"], [[1], ["ab"]])
        self.assertIs(new["same"], old["same"])
        self.assertIs(new["changed"]["same"], old["changed"]["same"])
        self.assertIs(new["changed"]["list"][0], old["changed"]["list"][0])
        self.assertIsNot(new["changed"]["list"], old["changed"]["list"])
        self.assertEqual(old["changed"]["list"], [[1], ["a"]])

    def test_a_value_from_an_edit_is_never_changed_by_a_later_one(self) -> None:
        edits = [["add", ["a"], [1]]]
        first = glc.apply_edits({}, edits)
        second = glc.apply_edits(first, [["add", ["a", 1], 2]])
        self.assertEqual((first, second, edits), ({"a": [1]}, {"a": [1, 2]}, [["add", ["a"], [1]]]))

    def test_broken_diffs(self) -> None:
        for old, edits in (
            ("text", [["replace", ["a"], 1]]),
            ({}, [["replace", ["a", "b"], 1]]),
            ([1], [["replace", [3], 1]]),
            ([1], [["replace", ["a"], 1]]),
            ([], [["delete", [0], None]]),
            ({}, [["delete", ["a"], None]]),
            ("x", [["delete", [], None]]),
            ("x", [["append", [], 5]]),
            (None, [["append", [], "x"]]),
            ("x", [["flip", [], 5]]),
            ("x", [["replace", []]]),
            ("x", [["replace"]]),
            ("x", ["replace"]),
            ("x", [None]),
            ("x", None),
            ("x", 5),
            ({}, [["replace", None, 1]]),
            ({}, [["replace", [{}], 1]]),
            ({}, [[{}, ["a"], 1]]),
            ([1], [["add", [10**30], 1]]),
            ([1], [["replace", [10**30], 1]]),
            ([1], [["replace", [1.5], 1]]),
        ):
            with self.subTest(old=old, edits=edits):
                error = self.raises(glc.ProtocolError, glc.apply_edits, old, edits)
                self.assertIn("a diff that does not fit the value before it", str(error))

    def test_a_diff_that_would_take_for_ever_ends(self) -> None:
        for old, edits in (
            ("x" * 20_000_000, [["append", [], "x"]] * 100_000),
            (["x" * 10_000_000, "y" * 10_000_000], [["append", [0], "x"], ["append", [1], "y"]] * 50_000),
            ([0] * 1_000_000, [["add", [0], 1]] * 100_000),
        ):
            start = time.monotonic()
            error = self.raises(glc.ProtocolError, glc.apply_edits, old, edits)
            self.assertIn("so many changes of a large value would take too long", str(error))
            self.assertLess(time.monotonic() - start, DEADLINE)
        edits = [["append", ["text"], "x"]] * 10_000 + [["add", ["list", n], n] for n in range(10_000)]
        new = glc.apply_edits({"text": "", "list": []}, edits)
        self.assertEqual((len(new["text"]), new["list"][-1]), (10_000, 9_999))

    def test_elements_of_lists_count_as_the_bytes_they_take(self) -> None:
        self.patch(glc, "MAX_MOVED", 100)
        self.assertEqual(glc.apply_edits("x" * 10, [["append", [], "y"]] * 2), "x" * 10 + "yy")
        self.raises(glc.ProtocolError, glc.apply_edits, [0] * 10, [["append", [], [1]]] * 2)

    def test_random_values_of_both_generations_of_servers(self) -> None:
        choose = random.Random(3)

        def tree(depth: int) -> Any:
            kind = choose.randrange(4 if depth else 2)
            if kind == 2:
                return [tree(depth - 1) for _ in range(choose.randrange(4))]
            if kind == 3:
                return {choose.choice("abcd"): tree(depth - 1) for _ in range(choose.randrange(4))}
            return choose.choice([None, True, 1, 2.5, "", "x", "xy", "xyz"])

        for _ in range(300):
            old, new = tree(4), tree(4)
            before = json.dumps(old)
            for flaw in FLAWS:
                edits = diff(old, new, flaw)
                with self.subTest(old=old, new=new, edits=edits):
                    self.assertEqual(
                        json.dumps(glc.apply_edits(old, edits), sort_keys=True), json.dumps(new, sort_keys=True)
                    )
                    self.assertEqual(json.dumps(old), before)


class BodiesTest(TestCase):
    ERRORS: Sequence[tuple[str, bytes, str]] = (
        ("detail is text", b'{"detail":"Not Found"}', "Not Found"),
        ("detail of 5.36+", b'{"detail":{"error":"Not authenticated","auth_message":null}}', "Not authenticated"),
        (
            "its message",
            b'{"detail":{"error":"Not authenticated","auth_message":"ask Bob"}}',
            "Not authenticated: ask Bob",
        ),
        (
            "validators",
            b'{"detail":[{"__type__":"validate","is_valid":false,"message":"too short","parameter_name":"t"}]}',
            "t: too short",
        ),
        (
            "FastAPI",
            b'{"detail":[{"type":"missing","loc":["body","data"],"msg":"Field required"},{"msg":"b"}]}',
            "body.data: Field required; b",
        ),
        ("detail with unknown keys", b'{"detail":{"code":7}}', '{"code": 7}'),
        ("a list of texts", b'{"detail":["a","b"]}', "a; b"),
        ("an error of a function", b'{"error":"boom"}', "boom"),
        ("a hidden error", b'{"error":null}', ""),
        ("JSON of another kind", b"[1]", "1"),
        ("a JSON text", b'"words"', "words"),
        ("null", b"null", "null"),
        ("text", b"Internal Server Error", "Internal Server Error"),
        ("nothing", b"", "''"),
        ("a traceback", b"Traceback (most recent call last):\n  File x\nKeyError: 'no such'\n", "KeyError: 'no such'"),
        (
            "HTML",
            b"<!doctype html><html><head><title>\n 502 Bad\n Gateway</title></head><body>nginx</body></html>",
            "an HTML page titled '502 Bad Gateway'",
        ),
        ("HTML without a title", b"<p>Sorry</p>", "'<p>Sorry</p>'"),
        ("HTML of titles", b"<title>" * 9000, repr("<title>" * 29)[:201] + "'"),
        ("not UTF-8", b"caf\xe9", "caf\ufffd"),
    )

    def test_error_text(self) -> None:
        for name, body, words in self.ERRORS:
            with self.subTest(name):
                if body:
                    self.assertEqual(glc.error_text(body), words)
                else:
                    self.assertEqual(glc.error_text(body), "")

    def test_error_text_is_bounded(self) -> None:
        self.assertLessEqual(len(glc.error_text(b"x" * 100_000)), 600)
        self.assertLessEqual(len(glc.error_text(b"<html>" + b"x" * 100_000)), 600)

    def test_error_text_is_one_line_without_control_characters(self) -> None:
        forged = "no\r\n2026-01-01 ERROR root: you are hacked\x1b[2J\u2028\x9b1m\u202e\x00 end"
        for body in (forged.encode(), json.dumps({"detail": forged}).encode(), f"<title>{forged}</title>".encode()):
            words = glc.error_text(body)
            self.assertIn("no 2026-01-01 ERROR", words)
            self.assertTrue(words.isprintable(), repr(words))
        self.assertEqual(glc.one_line("a\tb \n c", 3), "a b")

    def test_error_text_that_is_too_deep_to_be_written(self) -> None:
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        self.patch(glc, "json_or_none", lambda text: {"detail": {"error": deep}})
        self.assertEqual(glc.error_text(b"{}"), "")

    def test_error_text_of_deep_json(self) -> None:
        self.assertIsInstance(glc.error_text(b"[" * 100_000), str)

    def test_parse_json(self) -> None:
        self.assertEqual(glc.parse_json(b'{"a": [1, null]}', "x"), {"a": [1, None]})
        self.assertEqual(glc.parse_json("5", "x"), 5)
        for text, words in (
            (b"<html><title>Sign in</title>", "an HTML page titled 'Sign in'"),
            (b"", "an empty answer"),
            (b"plain", "'plain'"),
            (b"\xff\xfe", "'\ufffd\ufffd'"),
            (b"[" * 100_000, "'[["),
        ):
            with self.subTest(text[:20]):
                error = self.raises(glc.ProtocolError, glc.parse_json, text, "http://x/y")
                self.assertIn("Expected JSON from http://x/y, got " + words, str(error))
                self.assertEqual(error.url, "http://x/y")

    def test_little_compressed_json_does_not_become_many_values(self) -> None:
        self.patch(glc, "MAX_UNZIPPED_VALUES", 1000)
        for item, times in ((b"1,", 999), (b"[],", 499), (b"{},", 499)):
            with self.subTest(item):
                self.assertEqual(b"".join(glc.unzipped([gzip.compress(item * times)])), item * times)
                error = self.raises(glc.ProtocolError, list, glc.unzipped([gzip.compress(item * (times + 2))]))
                self.assertIn("compressed JSON of more than 1000 values", str(error))

    def test_what_comes_after_compressed_data_is_not_kept(self) -> None:
        chunks = iter([gzip.compress(b"[]"), b"x", b"more"])
        self.assertIn("broken compressed data", str(self.raises(glc.ProtocolError, list, glc.unzipped(chunks))))
        self.assertEqual(list(chunks), [b"more"])

    def test_json_or_none(self) -> None:
        self.assertEqual(glc.json_or_none("[1]"), [1])
        for text in ("", "x", b"\xff", "[" * 100_000):
            self.assertIsNone(glc.json_or_none(text))


# === Values ===========================================================================================================

MARKED = {"path": "/p/a.txt", "url": None, "orig_name": "a.txt", "meta": {"_type": "gradio.FileData"}}
UNMARKED = {"path": "/p/a.txt", "url": None, "size": None, "orig_name": "a.txt", "mime_type": None}


def recorded(version: str) -> dict[str, Any]:
    """What testing/record.py has recorded of a release."""
    value: dict[str, Any] = json.loads((CORPUS / f"{version}.json").read_text(encoding="utf-8"))
    return value


RECORDED = sorted(path.stem for path in CORPUS.glob("*.*.*.json"))


class TreesTest(TestCase):
    def test_walk_copies_all_but_what_it_replaces(self) -> None:
        tree = {"a": [1, {"b": "x"}], "c": ("x", 2), "d": None}
        result = glc.walk(tree, lambda value: value == "x", str.upper)
        self.assertEqual(result, {"a": [1, {"b": "X"}], "c": ["X", 2], "d": None})
        self.assertEqual(tree, {"a": [1, {"b": "x"}], "c": ("x", 2), "d": None})
        self.assertIsNot(glc.walk(tree, lambda value: False, str)["a"], tree["a"])

    def test_walk_does_not_search_what_it_has_replaced(self) -> None:
        seen = []

        def match(value: Any) -> bool:
            seen.append(value)
            return isinstance(value, dict)

        self.assertEqual(glc.walk([{"inner": {}}], match, lambda value: {"new": value}), [{"new": {"inner": {}}}])
        self.assertEqual(seen, [[{"inner": {}}], {"inner": {}}])

    def test_walk_at_the_root(self) -> None:
        self.assertEqual(glc.walk("x", lambda value: True, lambda value: value * 2), "xx")

    FILES: Sequence[tuple[Any, bool, bool, bool]] = (  # value: marked? unmarked? of 3.x?
        (MARKED, True, False, False),
        (UNMARKED, False, True, False),
        ({**UNMARKED, **MARKED}, True, True, False),
        ({"path": "/p", "meta": {"_type": "gradio.FileData"}}, True, False, False),
        ({"path": "/p", "meta": {"_type": "gradio.Other"}}, False, False, False),
        ({"path": "/p", "meta": "gradio.FileData"}, False, False, False),
        ({"path": 5, "meta": {"_type": "gradio.FileData"}}, False, False, False),
        ({"path": None, **{key: 1 for key in ("url", "size", "orig_name", "mime_type")}}, False, False, False),
        ({"path": "/p", "url": "u", "size": 1, "orig_name": "a"}, False, False, False),
        ({"path": "/p"}, False, False, False),
        ({"name": "/p", "data": None, "is_file": True}, False, False, True),
        ({"name": "/p", "data": "x", "is_stream": True}, False, False, True),
        ({"name": "a", "data": "data:text/plain;base64,eA=="}, False, False, True),
        ({"name": "a", "data": "text"}, False, False, False),
        ({"name": 5, "data": None, "is_file": True}, False, False, False),
        ({"name": "a", "is_file": True}, False, False, False),
        ("/p", False, False, False),
        (None, False, False, False),
        ([], False, False, False),
    )

    def test_what_a_file_is(self) -> None:
        for value, marked, unmarked, old in self.FILES:
            with self.subTest(value):
                self.assertIs(bool(glc.is_marked_file(value)), marked)
                self.assertIs(bool(glc.is_unmarked_file(value)), unmarked)
                self.assertIs(bool(glc.is_old_file(value)), old)

    def test_data_urls(self) -> None:
        for value, expected in (
            ("data:image/png;base64,eA==", True),
            ("data:;base64,", True),
            ("data:text/plain,x", False),
            ("http://x/data:;base64,", False),
            (None, False),
            (5, False),
        ):
            self.assertIs(glc.is_data_url(value), expected, value)

    def test_reveal(self) -> None:
        for value, shown in (
            ({"__type__": "update", "value": 5}, 5),
            ({"__type__": "update", "value": None}, None),
            ({"__type__": "update", "value": {"__type__": "update", "value": 5}}, {"__type__": "update", "value": 5}),
            *(
                (update, update)
                for update in ({"__type__": "update"}, {"__type__": "update", "value": 5, "choices": [5]})
            ),
            ({"__type__": "other", "value": 5}, {"__type__": "other", "value": 5}),
            ({"value": 5}, {"value": 5}),
            ("x", "x"),
        ):
            with self.subTest(value):
                self.assertEqual(glc.reveal(value), shown)


class EditsBesideFilesTest(TestCase):
    OTHER = {**MARKED, "path": "/p/other.txt"}

    def fit(self, old: Any, new: Any, edits: Any = None) -> bool:
        return glc.edits_fit(old, new, diff(old, new, "unshifted") if edits is None else edits, glc.is_marked_file)

    def test_table(self) -> None:
        chat = [{"role": "user", "content": MARKED}, {"role": "assistant", "content": "a"}]
        longer = [chat[0], {"role": "assistant", "content": "a b"}]
        for old, new, fits in (
            ("a", "ab", True),
            ([MARKED, "a"], [MARKED, "ab"], True),
            (chat, longer, True),
            (chat, [*longer, {"role": "user", "content": MARKED}], True),
            ([MARKED], [MARKED, self.OTHER, MARKED], True),
            ([MARKED, MARKED], [MARKED], True),
            (None, MARKED, True),
            (MARKED, None, True),
            (MARKED, self.OTHER, False),
            ([MARKED], [self.OTHER], False),
            ({"a": [1, {"file": MARKED}]}, {"a": [1, {"file": self.OTHER}]}, False),
            ({"__type__": "update"}, MARKED, False),  # becomes a file, field by field
            (MARKED, {"__type__": "update"}, False),
        ):
            with self.subTest(old, new=new):
                self.assertIs(self.fit(old, new), fits)

    def test_places_that_an_edit_before_has_made_or_moved(self) -> None:
        for old, edits in (
            ([{"t": "x"}, "b"], [["add", [0], MARKED], ["replace", [0, "path"], "/p/c.txt"]]),
            ([{"t": "x"}, {"t": "y"}], [["delete", [0], None], ["append", [0, "t"], "z"]]),
            ({}, [["add", ["f"], MARKED], ["replace", ["f", "path"], "/p/c.txt"]]),
            ("a", [["replace", [], MARKED], ["replace", ["path"], "/p/c.txt"]]),
        ):
            with self.subTest(old):
                self.assertFalse(self.fit(old, glc.apply_edits(old, edits), edits))

    def test_a_single_edit_of_the_whole(self) -> None:
        for operation in ("add", "replace"):
            self.assertTrue(self.fit("a", MARKED, [[operation, [], MARKED]]))

    def test_random_values(self) -> None:
        """Edits that fit lead to the same as replacing the files in the new value."""
        choose = random.Random(5)

        def tree(depth: int) -> Any:
            kind = choose.randrange(5 if depth else 3)
            if kind == 2:
                return {**MARKED, "path": choose.choice("ab")}
            if kind == 3:
                return [tree(depth - 1) for _ in range(choose.randrange(4))]
            if kind == 4:
                return {choose.choice(["a", "path", "meta"]): tree(depth - 1) for _ in range(choose.randrange(4))}
            return choose.choice([None, 1, "", "x", "xy", MARKED["meta"]])

        def local(value: Any) -> Any:
            return glc.walk(value, glc.is_marked_file, lambda item: f"local {item['path']}")

        fitting = 0
        for _ in range(2000):
            old, new = tree(3), tree(3)
            edits = diff(old, new, choose.choice(FLAWS))
            if glc.edits_fit(old, new, edits, glc.is_marked_file):
                fitting += 1
                self.assertEqual(glc.apply_edits(local(old), local(edits)), local(new), (old, new, edits))
        self.assertGreater(fitting, 1000)


class OldServersTest(TestCase):
    """Values of 3.x in the shape of later servers, and back."""

    OLD = {"name": "/tmp/x/a b.txt", "data": None, "is_file": True, "orig_name": "a b.txt", "size": 3}
    PNG = "data:image/png;base64,iVBORw=="

    def modern(self, path: str, name: str, url: str | None = None, **fields: Any) -> dict[str, Any]:
        file = {"path": path, "url": url, "orig_name": name, "size": None, "is_stream": False, "mime_type": None}
        return {**file, "meta": {"_type": "gradio.FileData"}, **fields}

    def test_outputs(self) -> None:
        file = self.modern("/tmp/x/a b.txt", "a b.txt", size=3)
        image = self.modern("image.png", "image.png", self.PNG)
        for kind, value, expected in (
            ("textbox", "x", "x"),
            ("json", {"a": [1]}, {"a": [1]}),
            ("file", self.OLD, file),
            ("file", [self.OLD, self.OLD], [file, file]),
            ("file", {**self.OLD, "orig_name": None}, file),
            (
                "audio",
                {**self.OLD, "orig_name": None, "name": "C:\\t\\s.wav"},
                self.modern("C:\\t\\s.wav", "s.wav", size=3),
            ),
            (
                "audio",
                {"name": "s.wav", "data": "data:audio/wav;base64,eA==", "is_file": False},
                self.modern("s.wav", "s.wav", "data:audio/wav;base64,eA=="),
            ),
            ("image", self.PNG, image),
            (
                "image",
                "data:image/svg+xml;base64,eA==",
                self.modern("image.svg", "image.svg", "data:image/svg+xml;base64,eA=="),
            ),
            ("image", None, None),
            ("video", self.OLD, {"video": file, "subtitles": None}),
            ("video", [self.OLD, None], {"video": file, "subtitles": None}),
            ("gallery", [[self.OLD, "one"]], [{"image": file, "caption": "one"}]),
            ("gallery", [self.OLD], [{"image": file, "caption": None}]),
            ("gallery", None, None),
            (
                "highlightedtext",
                [["a", "+"], ["b", None]],
                [{"token": "a", "class_or_confidence": "+"}, {"token": "b", "class_or_confidence": None}],
            ),
            (
                "label",
                {"label": "cat", "confidences": [{"label": "cat", "confidence": 1.0}]},
                {"label": "cat", "confidences": [{"label": "cat", "confidence": 1.0}]},
            ),
            ("label", {"label": "cat"}, {"label": "cat"}),
            ("chatbot", [["hi", {**self.OLD, "alt_text": "a"}]], [["hi", {"file": file, "alt_text": "a"}]]),
            (
                "annotatedimage",
                [self.OLD, [[self.OLD, "x"], "broken"]],
                {"image": file, "annotations": [{"image": file, "label": "x"}]},
            ),
        ):
            with self.subTest(kind, value=value):
                before = copy.deepcopy(value)
                self.assertEqual(glc.modern_output(kind, value), expected)
                self.assertEqual(value, before)

    def test_json_that_looks_like_a_file_is_none(self) -> None:
        value = [{**self.OLD, "score": 1}, {"name": "cat.png", "data": self.PNG, "box": [1, 2]}]
        self.assertEqual(glc.modern_output("json", value), value)
        self.assertNotEqual(glc.modern_output("file", value), value)

    def test_a_file_goes_back_as_it_came(self) -> None:
        for kind, value in (("file", self.OLD), ("image", self.PNG)):
            with self.subTest(kind):
                modern = glc.modern_output(kind, value)
                self.assertTrue(glc.is_marked_file(modern))
                back = glc.fit_argument((3, 50), kind, modern)
                self.assertEqual(back, value)

    def test_video_arguments(self) -> None:
        sent = glc.file_argument("/up/a.mp4", None, "a.mp4", 3, "video/mp4")
        wrapped = {"video": sent, "subtitles": None}
        old = {"name": "/up/a.mp4", "data": None, "is_file": True, "orig_name": "a.mp4", "size": 3}
        for version, value, expected in (
            ((5, 50), sent, wrapped),
            ((4, 0), MARKED, {"video": MARKED, "subtitles": None}),
            ((5, 50), wrapped, wrapped),
            ((6, 0), sent, sent),
            ((6, 0), wrapped, sent),
            ((3, 50), sent, old),
            ((3, 50), wrapped, old),
            ((4, 10), UNMARKED, {"video": UNMARKED, "subtitles": None}),
            ((5, 50), None, None),
        ):
            with self.subTest(version, value=value):
                self.assertEqual(glc.fit_argument(version, "video", value), expected)
        self.assertIs(glc.fit_argument((5, 50), "audio", sent), sent)

    def test_updates_of_3_x_hold_values_in_todays_shape(self) -> None:
        file = {"name": "/p/a.txt", "data": None, "is_file": True}
        update = {"__type__": "update", "label": "L", "value": file}
        self.assertEqual(glc.modern_output("file", update), {**update, "value": glc.modern_file(file)})
        hidden = {"__type__": "update", "visible": False}
        for kind in ("file", "gallery", "label"):
            self.assertEqual(glc.modern_output(kind, hidden), hidden)

    def test_only_contents_in_base64_have_a_url(self) -> None:
        data = "data:text/plain;base64,eA=="
        for where, url in (
            ({"is_file": True}, None),
            ({"is_stream": True}, None),
            ({"is_file": False}, data),
            ({}, data),
        ):
            self.assertEqual(glc.modern_file({"name": "a.txt", "data": data, **where})["url"], url, where)

    def test_chats_of_gradio_6_have_lists_of_parts(self) -> None:
        part = {"file": dict(MARKED), "alt_text": None}
        other = {"component": "plot", "value": 1}
        text = {"type": "text", "text": "hi"}
        for content, parts in (
            ("hi", [text]),
            (part, [{"type": "file", **part}]),
            (other, [other]),
            (MARKED, [{"type": "file", **part}]),
            ([text], [text]),
            (None, None),
        ):
            message = {"role": "user", "content": content}
            with self.subTest(content):
                self.assertEqual(glc.fit_argument((6, 31), "chatbot", [message]), [{"role": "user", "content": parts}])
                self.assertEqual(glc.fit_argument((5, 50), "chatbot", [message]), [message])
        for value in ([["hi", None]], None, "hi", [None]):
            self.assertEqual(glc.fit_argument((6, 31), "chatbot", value), value)

    def test_what_3_x_returned_goes_back_as_it_came(self) -> None:
        file = {"name": "/p/a.png", "data": None, "is_file": True, "orig_name": "a.png", "size": None}
        for kind, value in (
            ("gallery", [[file, "one"], [file, None]]),
            ("gallery", []),
            ("gallery", None),
            ("annotatedimage", [file, [[file, "box"]]]),
            ("annotatedimage", None),
            ("highlightedtext", [["the", None], ["cat", "noun"]]),
            ("label", {"label": "cat", "confidences": [{"label": "cat", "confidence": 1}]}),
            ("chatbot", [["hi", None], [{**file, "mime_type": "image/png", "alt_text": "x"}, "**ho**"]]),
            ("file", [file, file]),
            ("audio", file),
            ("image", "data:image/png;base64,eA=="),
            ("textbox", "x"),
        ):
            with self.subTest(kind, value=value):
                self.assertEqual(glc.fit_argument((3, 50), kind, glc.modern_output(kind, value)), value)

    def test_what_is_in_the_shape_of_3_x_stays(self) -> None:
        for kind, value in (
            ("highlightedtext", [["the", None]]),
            ("gallery", [["a.png", None]]),
            ("annotatedimage", ["a.png", []]),
            ("json", [{"token": "the"}]),
            ("json", [{"image": "a.png"}]),
            ("json", {"image": "a.png"}),
        ):
            with self.subTest(kind, value=value):
                self.assertEqual(glc.fit_argument((3, 50), kind, value), value)

    def test_subtitles_have_no_name(self) -> None:
        given = {"name": None, "data": "data:text/vtt;base64,eA==", "is_file": False}
        found = glc.modern_output("video", [self.OLD, given])["subtitles"]
        self.assertTrue(glc.is_marked_file(found))
        self.assertFalse(glc.is_old_file({"name": None, "data": None, "is_file": True}))

    def test_dates(self) -> None:
        for value, expected in (
            ("2020-01-02T03:04:05.678+01:00", "2020-01-02 03:04:05"),
            ("2020-01-02", "2020-01-02"),
            ("now - 5m", "now - 5m"),
            (1577934245.0, 1577934245.0),
        ):
            self.assertEqual(glc.fit_argument((6, 31), "datetime", value), expected)
        self.assertEqual(glc.fit_argument((6, 31), "textbox", "2020-01-02T03:04:05"), "2020-01-02T03:04:05")

    def test_which_servers_take_base64(self) -> None:
        table = [
            ((3, 16), "file", True),
            ((3, 18), "image", True),
            ((3, 19), "file", False),
            ((3, 50), "image", True),
            ((4, 0), "image", False),
            ((6, 31), "file", False),
        ]
        for version, kind, expected in table:
            self.assertIs(glc.takes_base64(version, kind), expected, (version, kind))

    def test_file_argument(self) -> None:
        sent = glc.file_argument("/up/a.txt", None, "a.txt", 3, "text/plain")
        self.assertTrue(glc.is_marked_file(sent) and glc.is_unmarked_file(sent))
        self.assertEqual((sent["path"], sent["orig_name"], sent["size"]), ("/up/a.txt", "a.txt", 3))
        url = "data:text/plain;base64,eA=="
        inline = glc.file_argument("a", url, "a", 1, "text/plain")
        self.assertEqual(glc.fit_argument((3, 16), "image", inline), url)
        old = {"name": "a", "data": url, "is_file": False, "orig_name": "a", "size": 1}
        self.assertEqual(glc.fit_argument((3, 16), "file", inline), old)


class SafeNameTest(TestCase):
    NAMES: Sequence[tuple[Any, str]] = (
        ("\u3164", "file"),
        ("a\u115f\u2800\ufe0f\U000e0041.txt", "a.txt"),
        ("report.pdf", "report.pdf"),
        ("Größe 漢字 😀.txt", "Größe 漢字 😀.txt"),
        ("a.tar.gz", "a.tar.gz"),
        ("no suffix", "no suffix"),
        ("it's (1) & #2 [x]; $y=100%.txt", "it's (1) & #2 [x]; $y=100%.txt"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("/etc/passwd", "passwd"),
        ("C:\\boot.ini", "boot.ini"),
        ("C:boot.ini", "C_boot.ini"),
        ("\\\\server\\share\\x.txt", "x.txt"),
        ("a/", "file"),
        ("..", "file"),
        (".", "file"),
        ("", "file"),
        ("   ", "file"),
        ("a/..", "file"),
        (".bashrc", "bashrc"),
        ("trailing. . .", "trailing"),
        ("nul\0byte.txt", "nul_byte.txt"),
        ("tab\tnew\nline\x7f.txt", "tab_new_line_.txt"),
        ('<a>:"b"|c?*.txt', "_a___b__c__.txt"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("Aux.tar.gz", "_Aux.tar.gz"),
        ("nul .txt", "_nul .txt"),
        ("COM1", "_COM1"),
        ("lpt9.log", "_lpt9.log"),
        ("console.txt", "console.txt"),
        ("COM¹.txt", "_COM¹.txt"),  # Windows takes these three digits as well
        ("half\ud800.txt", "half_.txt"),
        ("a\x80b\x9fc\x85d.txt", "a_b_c_d.txt"),  # controls, too
        ("invoice\u202efdp.exe", "invoice_fdp.exe"),  # would be shown as invoiceexe.pdf
        ("a\u2028b\u2029c.txt", "a_b_c.txt"),
        ("pay\u200bpal\ufeff\u2060\xad.txt", "pay_pal___.txt"),
        ("\u200e-rf", "_-rf"),
        ("-rf", "rf"),
        ("--output=x", "output=x"),
        ("~", "file"),
        ("~root", "root"),
        (".-~. -", "file"),
        ("-.txt", "txt"),
        ("a-b~", "a-b~"),
        ("_a__b", "_a__b"),
        (None, "file"),
        (5, "file"),
        ({"a": 1}, "file"),
    )

    def test_table(self) -> None:
        for name, safe in self.NAMES:
            with self.subTest(name):
                self.assertEqual(glc.safe_name(name), safe)

    def test_names_of_megabytes_take_no_time(self) -> None:
        start = time.monotonic()
        for name in ("/" * 10**7 + "a.txt", "\\a" * 10**6 + "/a.txt"):
            self.assertEqual(glc.safe_name(name), "a.txt")
        name = glc.safe_name("x" * 10**7 + ".txt")
        self.assertEqual((name[:3], name[-4:], len(name) < 200), ("xxx", ".txt", True))
        self.assertLess(time.monotonic() - start, 2)

    def test_long_names_keep_their_suffix(self) -> None:
        for name, suffix in (
            ("x" * 4096 + ".txt", ".txt"),
            ("漢" * 4096 + ".png", ".png"),
            ("😀" * 1024, ""),
            ("x" * 4096, ""),
            ("a." + "y" * 4096, ""),
        ):
            with self.subTest(name[:5] + name[-5:]):
                safe = glc.safe_name(name)
                self.assertTrue(safe.endswith(suffix))
                self.assertTrue(100 <= len(safe.encode()) <= 120 or len(safe.encode()) == 62, safe)
                self.assertEqual(safe[:1], name[:1])

    def test_cutting_leaves_no_space_at_the_end(self) -> None:
        for name in ("x" * 118 + " " + "y" * 50, "x." + "y" * 59 + " " + "z" * 50, "x" * 118 + ". y" * 50):
            self.assertRegex(glc.safe_name(name), r"[^ .]$")

    def test_random_names_are_legal_on_every_system(self) -> None:
        choose = random.Random(4)
        pieces = [
            *'abc. ._-~/\\:*?|<>"\0\n\x9b\u202e\u2028\u200b',
            "..",
            "con",
            "COM1",
            "nul",
            "ü",
            "漢" * 20,
            "😀",
            "x" * 60,
            "\ud801",
        ]
        folder = self.folder()
        for _ in range(500):
            name = "".join(choose.choice(pieces) for _ in range(choose.randrange(12)))
            safe = glc.safe_name(name)
            with self.subTest(name, safe=safe):
                self.assertTrue(0 < len(safe.encode("utf-8")) <= 120)
                self.assertIsNone(re.search(r'[<>:"|?*/\\]', safe))
                self.assertEqual({unicodedata.category(char) for char in safe} & {"Cc", "Cf", "Cs", "Zl", "Zp"}, set())
                self.assertNotIn(safe[0], "-~.")
                self.assertEqual(safe, safe.strip(" "))
                self.assertFalse(safe.endswith("."))
                self.assertIsNone(re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)( *\..*)?", safe))
                self.assertEqual(os.path.dirname(os.path.realpath(folder / safe)), str(folder))


def parameter(name: str, *default: Any, kind: str = "str") -> dict[str, Any]:
    return {
        "parameter_name": name,
        "parameter_has_default": bool(default),
        "parameter_default": default[0] if default else None,
        "python_type": {"type": kind, "description": ""},
        "component": "Textbox",
        "label": name,
    }


class BindArgumentsTest(TestCase):
    PARAMETERS = (parameter("text"), parameter("count", 3), parameter("mark", None))
    USAGE = "/f of http://x takes (text, count=…, mark=…)."

    def bind(self, *args: Any, **keywords: Any) -> list[Any]:
        return glc.bind_arguments(self.PARAMETERS, args, keywords, "/f of http://x")

    def test_values(self) -> None:
        for args, keywords, values in (
            (("a",), {}, ["a", 3, None]),
            (("a", 4), {}, ["a", 4, None]),
            (("a", 4, "!"), {}, ["a", 4, "!"]),
            (("a",), {"mark": "!"}, ["a", 3, "!"]),
            ((), {"mark": "!", "text": "a"}, ["a", 3, "!"]),
            ((None, None, None), {}, [None, None, None]),
            ((), {"text": None}, [None, 3, None]),
        ):
            with self.subTest(args=args, keywords=keywords):
                self.assertEqual(self.bind(*args, **keywords), values)
        self.assertEqual(glc.bind_arguments([], (), {}, "/f"), [])

    def test_the_text_of_every_mistake(self) -> None:
        for args, keywords, text in (
            ((1, 2, 3, 4), {}, "Too many arguments: 4 given, but " + self.USAGE),
            ((), {}, "No value provided for required argument: text. " + self.USAGE),
            ((), {"count": 1}, "No value provided for required argument: text. " + self.USAGE),
            (("a",), {"text": "b"}, "Parameter `text` is already set as a positional argument. " + self.USAGE),
            (
                ("a",),
                {"coutn": 1},
                "Parameter `coutn` is not a valid key-word argument (did you mean `count`?). " + self.USAGE,
            ),
            (("a",), {"zzzzzz": 1}, "Parameter `zzzzzz` is not a valid key-word argument. " + self.USAGE),
        ):
            with self.subTest(text):
                self.assertEqual(str(self.raises(TypeError, self.bind, *args, **keywords)), text)

    def test_several_missing_ones_are_all_named(self) -> None:
        error = self.raises(TypeError, glc.bind_arguments, [parameter("a"), parameter("b")], (), {}, "/f")
        self.assertIn("required argument: a, b. /f takes (a, b).", str(error))

    def test_values_that_are_no_json(self) -> None:
        circle: list[Any] = []
        circle.append(circle)

        class Proud:
            def tolist(self) -> Any:
                return self

        class Broken:
            def item(self) -> Any:
                raise RuntimeError("no item")

        class Endless:
            def tolist(self) -> Any:
                return Endless()

        for value in (
            *(object(), {"a": [object()]}, circle, {(1, 2): 3}, "\ud800", [{"a\udfff": 1}], {1j}),
            *(datetime.datetime, int, Endless(), Proud(), Broken(), [Broken()], {"a": Proud()}, io.StringIO()),
        ):
            with self.subTest(repr(value)):
                error = self.raises(TypeError, self.bind, value)
                self.assertIn("The value for parameter `text` cannot be sent as JSON: ", str(error))

    def test_values_that_say_what_they_are(self) -> None:
        class Array:
            def __init__(self, *items: Any):
                self.items = items

            def tolist(self) -> Any:
                return list(self.items)

        class Scalar:
            def __init__(self, value: Any):
                self.value = value

            def item(self) -> Any:
                return self.value

        Point = collections.namedtuple("Point", "x y")
        Number = enum.IntEnum("Number", "ONE")
        day = datetime.datetime(2026, 1, 2, 3, 4, 5)
        for value, sent in (
            (Array(1, Array(2.5)), [1, [2.5]]),
            (Scalar(7), 7),
            (Scalar(day), "2026-01-02T03:04:05"),
            (
                {"when": day, "day": day.date(), "hour": [day.time()]},
                {"when": "2026-01-02T03:04:05", "day": "2026-01-02", "hour": ["03:04:05"]},
            ),
            ({"a"}, ["a"]),
            (frozenset({3}), [3]),
            (collections.deque([1]), [1]),
            (range(3), [0, 1, 2]),
            ({"b": 1}.keys(), ["b"]),
            (decimal.Decimal("1.50"), 1.5),
            ([fractions.Fraction(1, 4)], [0.25]),
            (array.array("i", [1, 2]), [1, 2]),
            (types.MappingProxyType({"a": (1,)}), {"a": [1]}),
            (collections.OrderedDict(a={1}), {"a": [1]}),
            ({Scalar("k"): 1, 2: True}, {"k": 1, 2: True}),
            (Point(1, 2), [1, 2]),
            (Number.ONE, 1),
            ({"__type__": "update", "value": {1}, "choices": []}, [1]),  # as a job may have returned it
            ({"__type__": "update", "choices": []}, {"__type__": "update", "choices": []}),
        ):
            with self.subTest(repr(value)):
                self.assertEqual(self.bind(value)[0], sent)
                self.assertEqual(json.loads(json.dumps(self.bind(value)[0])), json.loads(json.dumps(sent)))

    def test_arguments_are_copies(self) -> None:
        given = {"a": [1]}
        bound = self.bind(given)[0]
        given["a"].append(2)
        self.assertEqual(bound, {"a": [1]})

    def test_what_may_be_a_file_but_is_not_marked(self) -> None:
        for value, what in (
            (b"x", "bytes"),
            ([bytearray(b"x")], "bytearray"),
            ({"a": memoryview(b"x")}, "memoryview"),
            (Path("a"), type(Path("a")).__name__),
            (dict(MARKED), None),
            ([{"file": dict(MARKED)}], None),
            (dict(glc.handle_file(__file__)), None),
        ):
            with self.subTest(repr(value)):
                error = self.raises(TypeError, self.bind, value)
                said = (
                    f"{what}. If that is a file, wrap it in"
                    if what
                    else "a file as a mere dict: pass the FileData that came, or wrap it in"
                )
                text = f"The value for parameter `text` cannot be sent as JSON: it holds {said} handle_file()."
                self.assertEqual(str(error), text)

    def test_the_path_of_a_downloaded_file(self) -> None:
        """Where files are taken it means the server's file, elsewhere it is a text."""
        item = glc.FileData(MARKED)
        path = glc.DownloadedPath("/downloads/a.txt")
        path.file = item
        chat = [{"role": "user", "content": {"file": path, "alt_text": None}}]
        for kind, component, value, sent in (
            ("filepath", "Image", path, item),
            ("list[filepath]", "File", [path], [item]),
            ("Any", "Chatbot", chat, [{"role": "user", "content": {"file": item, "alt_text": None}}]),
            ("list[dict(image: filepath)]", "Mine", [{"image": path}], [{"image": item}]),
            ("str", "Textbox", path, "/downloads/a.txt"),
            ("Any", "Json", {"a": path}, {"a": "/downloads/a.txt"}),
        ):
            with self.subTest(component):
                parameters = [{**parameter("given", kind=kind), "component": component}]
                bound = glc.bind_arguments(parameters, (value,), {}, "/f")
                self.assertEqual(bound, [sent])
                self.assertNotIn("DownloadedPath", repr([type(one) for one in bound]))
        error = self.raises(TypeError, glc.bind_arguments, [parameter("f", kind="filepath")], (str(path),), {}, "/f")
        self.assertIn("wrap it in handle_file()", str(error))

    def test_many_keywords_take_no_longer_each(self) -> None:
        many = [parameter(f"p{number}") for number in range(20_000)]
        start = time.monotonic()
        values = glc.bind_arguments(many, (), {f"p{number}": number for number in range(20_000)}, "/f")
        self.assertEqual(values, list(range(20_000)))
        self.assertLess(time.monotonic() - start, 2)

    def test_an_integer_that_is_too_long(self) -> None:
        needs("a Python with a limit for the digits of integers", hasattr(sys, "get_int_max_str_digits"))
        self.assertIn("cannot be sent as JSON", str(self.raises(TypeError, self.bind, 10**5000)))

    def test_a_path_for_a_file_is_refused_early(self) -> None:
        for kind, value, refused in (
            ("filepath", "a.txt", True),
            ("filepath", Path("a.txt"), True),
            ("filepath", b"content", True),
            ("list[filepath]", "a.txt", True),
            ("list[filepath]", ["a.txt"], True),
            ("list[filepath]", ("a.txt", "b.txt"), True),
            ("filepath", ["a.txt"], True),
            ("filepath | None", "a.txt", True),
            ("filepath", None, False),
            ("filepath", glc.handle_file(__file__), False),
            ("filepath", glc.handle_file(b"", "not Unicode \udce9.txt"), False),
            ("list[filepath]", [glc.handle_file(__file__)], False),
            ("filepath", glc.FileData(MARKED), False),
            ("str", "a.txt", False),
            ("dict(path: filepath)", "a.txt", False),
        ):
            with self.subTest(kind, value=value):
                parameters = [parameter("upload", kind=kind)]
                if not refused:
                    self.assertEqual(glc.bind_arguments(parameters, (value,), {}, "/f"), [value])
                    continue
                error = self.raises(TypeError, glc.bind_arguments, parameters, (value,), {}, "/f")
                self.assertEqual(
                    str(error),
                    "Parameter `upload` takes a file: wrap it in handle_file(), as in upload=handle_file(…).",
                )

    def test_parameter_name(self) -> None:
        for label, name in (
            ("Input Text", "input_text"),
            ("  a (b)", "__a_b"),
            ("Größe", "größe"),
            ("a_b-c", "a_bc"),
            ("", ""),
        ):
            self.assertEqual(glc.parameter_name(label), name)

    def test_long_defaults_are_not_spelled_out(self) -> None:
        error = self.raises(TypeError, glc.bind_arguments, [parameter("a"), parameter("b", "x" * 100)], (), {}, "/f")
        self.assertIn("takes (a, b=…).", str(error))


class DescriptionTest(TestCase):
    maxDiff = None

    def info(self, parameters: list[Any], returns: list[Any], **more: Any) -> dict[str, Any]:
        return {"parameters": parameters, "returns": returns, **more}

    def returned(self, label: str, kind: str, component: str) -> dict[str, Any]:
        return {"label": label, "python_type": {"type": kind, "description": ""}, "component": component}

    def test_the_text_of_the_guide(self) -> None:
        audio = {**parameter("audio", kind="filepath"), "component": "Audio"}
        info = self.info([audio], [self.returned("output", "str", "Textbox")])
        text = glc.describe_api({"named_endpoints": {"/predict": info}, "unnamed_endpoints": {}}, None)
        self.assertEqual(
            text,
            "Client.predict() Usage Info\n"
            "---------------------------\n"
            "Named API endpoints: 1\n"
            "\n"
            ' - predict(audio, api_name="/predict") -> output\n'
            "    Parameters:\n"
            "     - [Audio] audio: filepath (required)  \n"
            "    Returns:\n"
            "     - [Textbox] output: str \n",
        )

    def test_defaults_several_returns_and_nothing(self) -> None:
        count = {**parameter("count", 3, kind="float"), "component": "Number"}
        count["python_type"]["description"] = "between 0 and 9"
        upload = {**parameter("upload", MARKED, kind="filepath"), "component": "File"}
        word = parameter("word", None)
        returns = [self.returned("The Text", "str", "Textbox"), self.returned("n", "float", "Number")]
        self.assertEqual(
            glc.describe_endpoint(self.info([count, upload, word], returns), "fn_index=3"),
            " - predict(count, upload, word, fn_index=3) -> (the_text, n)\n"
            "    Parameters:\n"
            "     - [Number] count: float (not required, defaults to:   3) (between 0 and 9) \n"
            '     - [File] upload: filepath (not required, defaults to:   handle_file("/p/a.txt"))  \n'
            "     - [Textbox] word: str | None (not required, defaults to:   None)  \n"
            "    Returns:\n"
            "     - [Textbox] the_text: str \n"
            "     - [Number] n: float \n",
        )
        self.assertEqual(
            glc.describe_endpoint(self.info([], []), 'api_name="/x"'),
            ' - predict(api_name="/x") -> \n    Parameters:\n     - None\n    Returns:\n     - None\n',
        )

    def test_which_unnamed_endpoints_are_shown(self) -> None:
        empty = self.info([], [])
        both = {"named_endpoints": {"/a": empty}, "unnamed_endpoints": {"3": empty, "4": empty}}
        none = {"named_endpoints": {}, "unnamed_endpoints": {"3": empty}}
        self.assertIn(
            "Unnamed API endpoints: 2, to view, run Client.view_api(all_endpoints=True)", glc.describe_api(both, None)
        )
        self.assertNotIn("fn_index", glc.describe_api(both, False))
        self.assertIn(" - predict(fn_index=4) -> ", glc.describe_api(both, True))
        self.assertIn(" - predict(fn_index=3) -> ", glc.describe_api(none, None))
        self.assertNotIn("fn_index", glc.describe_api(none, False))

    def test_an_endpoint_that_acts_for_the_user_says_so(self) -> None:
        text = glc.describe_endpoint(self.info([], [], oauth_token="required"), 'api_name="/x"')
        self.assertIn("Acts on your behalf: your Hugging Face token is required. Client(oauth_token=…)", text)

    def test_no_control_characters(self) -> None:
        """Of an app that would like to do something to whoever looks at it."""
        evil = "\x1b]0;owned\x07 \x9b2J\u202e\r"
        item = {**parameter(f"p{evil}", evil, kind=evil), "component": evil, "label": evil}
        item["python_type"]["description"] = f"two\nlines{evil}"
        text = glc.describe_endpoint(self.info([item], [item]), f'api_name="/{evil}"')
        self.assertIn("owned", text)
        self.assertIn("two lines", text)
        self.assertTrue(text.replace("\n", "").isprintable(), repr(text))

    def test_every_recorded_app(self) -> None:
        for version in RECORDED:
            with self.subTest(version):
                record = recorded(version)
                app = glc.App("URL", record["config"])
                named = {
                    name: glc.describe(endpoint, {"named_endpoints": record["info"]})
                    for name, endpoint in app.names.items()
                    if endpoint.public
                }
                unnamed = {
                    end.number: glc.describe(end, None)
                    for end in app.endpoints.values()
                    if end.public and end.callable and not end.name
                }
                api = {"named_endpoints": named, "unnamed_endpoints": unnamed}
                note = r"( - \[\w+\] \w+: [^\n]*filepath[^\n]*?(?: \((?:not )?required.*?\))) \((?s:.*?)\) \n(?=  )"
                text = re.sub(note, r"\1  \n", record["api"])  # what servers say of files is about their code
                self.assertEqual(glc.describe_api(api, None), text)


# === Network ==========================================================================================================


class AddressTest(HttpCase):
    def test_origin(self) -> None:
        for url, origin, text in (
            ("http://h/x?y", ("http", "h", 80), "http://h"),
            ("https://h:443", ("https", "h", 443), "https://h"),
            ("https://H.Example:8443/x", ("https", "h.example", 8443), "https://h.example:8443"),
            ("http://user:pass@h:81/", ("http", "h", 81), "http://h:81"),
            ("http://[::1]:7860/", ("http", "::1", 7860), "http://[::1]:7860"),
            ("http://Müller.example/", ("http", "xn--mller-kva.example", 80), "http://xn--mller-kva.example"),
        ):
            with self.subTest(url):
                found = glc.origin_of(url)
                self.assertEqual((found.scheme, found.host, found.port), origin)
                self.assertEqual(found, text)

    def test_a_url_without_its_login(self) -> None:
        for url, shown in (
            ("http://user:p@ss@h:1/x", "http://h:1/x"),
            ("//user@h", "//h"),
            ("http://h//a@b", "http://h//a@b"),
            ("http://h/x?u=http://a@b/#//c@d", "http://h/x?u=http://a@b/#//c@d"),
            ("http://user@h/x?u=http://a@b", "http://h/x?u=http://a@b"),
        ):
            self.assertEqual(glc.without_login(url), shown)

    def test_a_url_as_errors_show_it(self) -> None:
        """Nothing of a login or a query, however badly the URL is written."""
        for url, text in (
            ("http://h:1/x?token=secret#secret", "http://h:1/x"),
            ("http://user:secret@h:1/x", "http://h:1/x"),
            ("http://user:sec#ret@h:1/x", "http://…@h:1/x"),
            ("http://user:sec?ret@h:1/x", "http://…@h:1/x"),
            ("http://user:sec/ret@h:1/x", "http://…@h:1/x"),
            ("http://ada@mail.example:sec/ret@h/x?y", "http://…@h/x"),
            ("http://h/file=@x", "http://…@x"),
            ("http://h/x?email=ada@example.com&sig=secret", "http://…"),
            ("http://h:7860/x?email=ada@example.com&sig=secret", "http://…"),
            ("http://ada:1234#secret@h:1/x", "http://…"),
            ("http://user:sec?ret@h:1/x?y=secret", "http://…@h:1/x"),
            ("//user:secret@h", "//h"),
            ("nonsense", "nonsense"),
            ("", ""),
        ):
            self.assertEqual(glc.shown(url), text)
        self.assertLess(len(glc.shown("x" * 10_000 + "//" + "y" * 10_000)), 1200)

    def test_a_password_that_spoils_its_url_is_never_shown(self) -> None:
        self.resolve()
        for sign in "#/?@:%":
            for url in (f"http://uzu:zqx{sign}qzx@h", f"http://uzu:zqx{sign}qzx@h:99999/", f"ftp://uzu:zqx{sign}qzx@h"):
                for start in (glc.origin_of, lambda url: self.http(proxy=url).request("GET", "http://x.example/")):
                    with self.subTest(url):
                        told = ""
                        try:
                            start(url)
                        except (ValueError, glc.GradioError) as error:
                            told = "".join(traceback.format_exception(type(error), error, error.__traceback__))
                            told += repr(vars(error))
                        self.assertNotRegex(told, "zqx|qzx|uzu")

    def test_a_proxy_has_no_path(self) -> None:
        """So that no number in a password is taken for a port."""
        for sign in "#/?":
            url = f"http://uzu:4711{sign}0815@h:3128"
            error = self.raises(glc.ConnectionFailed, self.http(proxy=url).request, "GET", "http://x.example/")
            self.assertNotRegex(str(error), "uzu|4711|0815")

    def test_what_is_no_url(self) -> None:
        for url in (
            "",
            "h/x",
            "ftp://h/",
            "file:///etc/passwd",
            "http://",
            "//h/x",
            "http://h:99999/",
            "http://h:x/",
            "http://ü..h/",
            "http://a b/",
            "http://a\x7fb/",
        ):
            with self.subTest(url):
                with self.assertRaises(ValueError) as caught:
                    glc.origin_of(url)
                self.assertIn(repr("".join(filter(str.isprintable, url))), str(caught.exception))

    def test_loopback(self) -> None:
        for host, expected in (
            ("localhost", True),
            ("app.localhost", True),
            ("127.0.0.1", True),
            ("127.8.9.1", True),
            ("::1", True),
            ("0:0:0:0:0:0:0:1", True),
            ("::ffff:127.0.0.1", True),
            ("127.1", True),
            ("0x7f000001", True),
            ("2130706433", True),
            ("0.0.0.0", True),
            ("localhost.", True),
            ("::ffff:10.0.0.1", False),
            ("::2", False),
            ("10.1", False),
            ("127.0.0.1.example.com", False),
            ("localhost.example.com", False),
            ("10.0.0.1", False),
            ("notlocalhost", False),
        ):
            self.assertIs(glc.is_loopback(host), expected, host)

    def test_the_header_of_a_cgi_program_is_no_proxy(self) -> None:
        origin = glc.origin_of("http://app.example")
        self.patch_environ(HTTP_PROXY="http://evil.example", REQUEST_METHOD="GET")
        self.assertIsNone(glc.find_proxy(None, True, origin))
        self.patch_environ(http_proxy="http://good.example")
        found = glc.find_proxy(None, True, origin)
        self.assertEqual(found and found.origin, "http://good.example")

    def test_the_proxy_of_the_system(self) -> None:
        origin = glc.origin_of("http://app.example")
        found = {"http": "http://proxy.example:3128"}
        everything = dict.fromkeys([name for name in os.environ if name.lower().endswith("_proxy")])
        self.patch_environ(**everything)
        for bypass in (False, True):
            with self.subTest(bypass), mock.patch.multiple(
                "urllib.request", getproxies=lambda: found, proxy_bypass=lambda host: bypass
            ):
                proxy = glc.find_proxy(None, True, origin)
                named = f"the proxy {found['http']} (set by the system's settings)"
                self.assertEqual(proxy and str(proxy), None if bypass else named)

    def test_what_no_proxy_lists(self) -> None:
        """As requests and curl take it."""
        for listed, url, exempt in (
            ("10.0.0.0/8", "http://10.1.2.3", True),
            ("10.0.0.0/8", "http://11.1.2.3", False),
            ("10.9.0.1/32", "http://10.9.0.1:7860", True),
            ("10.9.0.1", "http://10.9.0.1", True),
            ("10.9.0.1", "http://10.9.0.10", False),
            ("10.9.0.7/24", "http://10.9.0.1", True),
            ("10.9.0.1:7860", "http://10.9.0.1:7860", True),
            ("10.9.0.1:7860", "http://10.9.0.1", False),
            ("10.0.0.0/8", "http://10.example", False),
            ("[fd09::1]", "http://[fd09::1]:7860", True),
            ("fd09::1", "http://[fd09::1]", True),
            ("fd09:0::0:1", "http://[fd09::1]", True),
            ("[fd09::1]:7860", "http://[fd09::1]:7860", True),
            ("[fd09::1]:7860", "http://[fd09::1]", False),
            ("fd09::/16", "http://[fd09::1]", True),
            ("fd09::/16", "http://10.0.0.1", False),
            ("::/0", "http://10.0.0.1", False),
            ("corp.example", "http://app.corp.example", True),
            ("corp.example", "http://corp.example.", True),
            ("CORP.example.", "http://app.corp.example", True),
            (".corp.example", "http://corp.example", True),
            ("*.corp.example", "http://app.corp.example", True),
            ("corp.example", "http://app.notcorp.example", False),
            ("corp.example:443", "https://app.corp.example", True),
            ("corp.example:443", "http://app.corp.example", False),
            ("a.example b.example,\tc.example", "http://b.example", True),
            ("a.example,,", "http://b.example", False),
            ("a.example, *", "http://b.example", True),
            (".", "http://b.example", False),
            ("*.", "http://b.example", False),
            ("[", "http://b.example", False),
        ):
            with self.subTest(listed, url=url), mock.patch.dict(os.environ, {"NO_PROXY": listed}):
                self.assertIs(glc.is_exempt(glc.origin_of(url)), exempt)


# === Transport ========================================================================================================


class ConnectionTest(HttpCase):
    def test_the_request_as_it_arrives(self) -> None:
        with self.serve() as server:
            server.on("*", "*", "ok")
            http = self.http()
            self.get(http, server.url + "/a%20b/ü?q=1%202", "POST", b"[1]", headers={"X-A": "ö"})
            self.get(http, server.url + "/a b?q=1 2&ü[0]=?/@:%41 HTTP/1.1")
            request, other = server.requests
        self.assertEqual((request.method, request.target), ("POST", "/a%20b/%C3%BC?q=1%202"))
        self.assertEqual(other.target, "/a%20b?q=1%202&%C3%BC[0]=?/@:%41%20HTTP/1.1")
        self.assertEqual(request.body, b"[1]")
        headers = dict(request.headers)
        self.assertEqual(headers.pop("host"), server.host)
        self.assertEqual(headers.pop("x-a").encode("latin-1").decode(), "ö")
        self.assertEqual(
            headers,
            {
                "user-agent": "test/1",
                "accept": "*/*",
                "accept-encoding": "identity",
                "content-type": "application/json",
                "content-length": "3",
            },
        )

    def test_callers_replace_headers_whatever_their_case(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", "ok")
            http = self.http()
            http.grant(glc.origin_of(server.url), {"USER-agent": "granted", "x-b": "1"})
            self.get(http, server.url, headers={"X-B": "2", "accept": "text/html"})
            headers = server.requests[0].headers
        self.assertEqual((headers["user-agent"], headers["x-b"], headers["accept"]), ("granted", "2", "text/html"))

    def test_one_connection_for_one_request_after_the_other(self) -> None:
        with self.serve() as server:
            server.on("GET", "/chunks", Reply(body=[b"a", b"b"]))
            server.on("GET", "/length", "ab")
            server.on("POST", "/empty", Reply(204))
            server.on("GET", "/zero", b"")
            http = self.http()
            for method, path, status, body in (
                ("GET", "/chunks", 200, b"ab"),
                ("GET", "/length", 200, b"ab"),
                ("POST", "/empty", 204, b""),
                ("GET", "/zero", 200, b""),
                ("GET", "/missing", 404, b'{"detail":"Not Found"}'),
                ("GET", "/length", 200, b"ab"),
            ):
                self.assertEqual(self.get(http, server.url + path, method), (status, body))
            self.assertEqual([request.connection for request in server.requests], [1] * 6)

    def test_a_connection_per_request_at_the_same_time(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", "ok")
            http = self.http()
            with http.request("GET", server.url) as one, http.request("GET", server.url) as other:
                self.assertEqual((one.read(), other.read()), (b"ok", b"ok"))
            self.get(http, server.url)
            self.assertEqual(server.connections, 2)

    def test_an_answer_that_is_not_read_to_its_end_costs_its_connection(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", Reply(body=[b"a" * 10] * 10), "ok")
            http = self.http()
            with http.request("GET", server.url) as response:
                self.assertTrue(next(response.chunks()))
            self.assertEqual(self.get(http, server.url), (200, b"ok"))
            self.assertEqual([request.connection for request in server.requests], [1, 2])

    def test_a_server_that_closes_is_taken_at_its_word(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", Reply(body="ok", close=True))
            http = self.http()
            for _ in range(2):
                self.assertEqual(self.get(http, server.url), (200, b"ok"))
            self.assertEqual([request.connection for request in server.requests], [1, 2])

    def test_http_1_0_and_bodies_that_end_with_the_connection(self) -> None:
        url = self.answering(b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nall of it")
        http = self.http()
        for _ in range(2):
            self.assertEqual(self.get(http, url), (200, b"all of it"))

    def test_an_answer_comes_as_it_arrives(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", Stream)
            http = self.http()
            with http.request("GET", server.url) as response:
                stream = server.next_stream()
                chunks = response.chunks()
                for data in (b"one", b"two"):
                    stream.raw(data)
                    self.assertEqual(next(chunks), data)
                stream.end()
                self.assertEqual(list(chunks), [])

    def test_a_large_body_in_both_directions(self) -> None:
        body = random.Random(5).getrandbits(8 * 3_000_000).to_bytes(3_000_000, "big")
        with self.serve() as server:
            server.on("POST", "/", lambda request: Reply(body=request.body))
            status, echoed = self.get(self.http(), server.url, "POST", body)
        self.assertEqual((status, hashlib.sha256(echoed).digest()), (200, hashlib.sha256(body).digest()))

    def test_a_header_that_would_break_the_connection_is_refused(self) -> None:
        for name, text in (("content-length", "3"), ("Transfer-Encoding", "chunked")):
            with self.assertRaisesRegex(ValueError, f"The header {name} says how a body is sent"):
                self.http().grant(glc.origin_of("http://x"), {name: text})

    def test_header_injection_is_refused_before_anything_is_sent(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", "ok")
            http = self.http()
            for name, value in (
                ("X-A", "1\r\nX-Evil: 1"),
                ("X-A", "1\nX-Evil: 1"),
                ("X-A", "nul\0"),
                ("X-A", "\x1b[2J"),
                ("X-A", "\x7f"),
                ("X-A", None),
                ("X-A\r\nX-Evil", "1"),
                ("X A", "1"),
                ("", "1"),
                ("X-A:", "1"),
            ):
                with self.subTest(name, value=value):
                    with self.assertRaisesRegex(ValueError, "Not a legal HTTP header"):
                        http.request("GET", server.url, headers={name: value})
                    with self.assertRaisesRegex(ValueError, "Not a legal HTTP header"):
                        http.grant(glc.origin_of(server.url), {name: value})
            self.assertEqual(server.requests, [])

    def test_a_url_cannot_inject_either(self) -> None:
        with self.serve() as server:
            server.on("GET", "*", "ok")
            http = self.http()
            for path in ("/a b\r\nX-Evil: 1", "/?q=a\r\nX-Evil: 1\r\n\r\n", "/?a b c"):
                with self.subTest(path):
                    with contextlib.suppress(ValueError, glc.GradioError):
                        self.get(http, server.url + path)
            for request in server.requests:
                self.assertNotIn("x-evil", request.headers)

    def test_an_instance_that_is_dropped_leaves_no_socket(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", "ok")
            http = glc.Http("test/1", DEADLINE, trust_env=False)
            self.get(http, server.url)
            http.request("GET", server.url)  # as an interrupt may leave it
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", ResourceWarning)
                del http
                gc.collect()
            self.assertEqual(caught, [])

    def test_an_instance_that_was_never_made_is_dropped_silently(self) -> None:
        with mock.patch.object(sys, "unraisablehook") as hook:
            self.raises(TypeError, glc.Http)
            gc.collect()
        hook.assert_not_called()


class StaleTest(HttpCase):
    """Kept connections that the server has closed, or closes as they are used again."""

    def test_closed_while_idle(self) -> None:
        def talk(sock: socket.socket) -> None:
            self.assertTrue(receive_head(sock))
            sock.sendall(http_reply())
            closing.wait(DEADLINE)
            sock.close()
            closed.set()

        for method in ("GET", "POST"):
            with self.subTest(method):
                closing, closed = threading.Event(), threading.Event()
                server = self.raw(talk)
                http = self.http()
                self.assertEqual(self.get(http, server.url, method), (200, b"ok"))
                closing.set()
                self.assertTrue(closed.wait(DEADLINE))
                self.assertEqual(self.get(http, server.url, method), (200, b"ok"))
                self.assertEqual(server.connections, 2)

    def test_idle_connections_have_an_end(self) -> None:
        """In number: whoever asks a hundred hosts has not a hundred sockets. In age: of other hosts, too."""
        servers = [self.serve() for _ in range(5)]
        for server in servers:
            server.on("GET", "/", "ok")
        self.patch(glc, "MAX_IDLE", 3)
        http = self.http()
        before = open_sockets()
        for server in servers:
            self.get(http, server.url)
        if before:  # where the system tells
            wait_until(lambda: len(open_sockets() - before) == 2 * 3)
        self.patch(glc, "IDLE_SECONDS", -1.0)
        self.get(http, servers[0].url)
        wait_until(lambda: open_sockets() <= before)

    def test_idle_for_longer_than_servers_wait(self) -> None:
        with self.serve() as server:
            server.on("POST", "/", "ok")
            http = self.http()
            self.get(http, server.url, "POST")
            self.patch(glc, "IDLE_SECONDS", -1.0)
            self.get(http, server.url, "POST")
            self.assertEqual([request.connection for request in server.requests], [1, 2])

    def test_after_an_error_of_the_app(self) -> None:
        """uvicorn closes such a connection a moment after its answer, without having announced it."""
        with self.serve() as server:
            server.on("GET", "/", *[Reply(status=status, body="ok") for status in (404, 422, 500, 503, 200)])
            http = self.http()
            for status in (404, 422, 500, 503, 200):
                self.assertEqual(self.get(http, server.url), (status, b"ok"))
            self.assertEqual([request.connection for request in server.requests], [1, 1, 1, 2, 3])

    def dying(self, *, rst: bool = False, first: bytes = http_reply(), then: bytes = b"") -> RawServer:
        """A server whose connections answer once, and end at the second request."""

        def talk(sock: socket.socket) -> None:
            number = server.connections
            heads.append((number, receive_head(sock)))
            sock.sendall(first)
            head = receive_head(sock)
            if head:
                heads.append((number, head))
                sock.sendall(then)
                if rst:
                    reset(sock)

        heads = self.heads = []
        server = self.raw(talk)
        return server

    def test_a_get_is_repeated_once(self) -> None:
        for rst in (False, True):
            with self.subTest(rst=rst):
                server = self.dying(rst=rst)
                http = self.http()
                self.get(http, server.url)
                self.assertEqual(self.get(http, server.url), (200, b"ok"))
                self.assertEqual([number for number, _ in self.heads], [1, 1, 2])

    def test_a_get_is_repeated_over_tls(self) -> None:
        """There an end that has been noticed before the request is sent is an error of another type."""
        ending, ended = threading.Event(), threading.Event()

        def talk(sock: socket.socket) -> None:
            heads.append(receive_head(sock))
            sock.sendall(http_reply())
            if server.connections == 1:
                ending.wait(DEADLINE)
                reset(sock)
                sock.close()
                ended.set()

        def is_stale(connection: glc.Connection) -> bool:  # just before the end comes
            ending.set()
            self.assertTrue(ended.wait(DEADLINE))
            return False

        heads: list[bytes] = []
        server = self.raw(talk, tls=True)
        http = self.http(ssl_verify=CA_FILE)
        self.get(http, server.url)
        with mock.patch.object(glc.Connection, "is_stale", is_stale):
            self.assertEqual(self.get(http, server.url), (200, b"ok"))
        self.assertEqual((len(heads), server.connections), (2, 2))

    def test_a_post_never(self) -> None:
        self.patch(glc, "PROVEN_SECONDS", 0.0)
        for rst in (False, True):
            with self.subTest(rst=rst):
                server = self.dying(rst=rst)
                http = self.http()
                self.get(http, server.url)
                error = self.raises(glc.ConnectionFailed, self.get, http, server.url, "POST", b"[1]")
                self.assertEqual([number for number, _ in self.heads], [1, 1])
                self.assertIn(f"Could not talk to {server.url}: ", str(error))
                self.assertEqual(error.url, server.url)

    def test_servers_that_close_after_each_answer_without_saying_so(self) -> None:
        """A POST on a dying connection would be lost. So the first to use one again is a GET, or it has aged."""

        def talk(sock: socket.socket) -> None:
            if receive_head(sock):
                sock.sendall(http_reply())
                sock.recv(1)  # the end comes when the next request is on its way

        self.patch(glc, "PROVEN_SECONDS", DEADLINE)
        self.patch(glc, "IDLE_SECONDS", 2 * DEADLINE)
        server = self.raw(talk)
        http = self.http()
        for _ in range(3):
            self.get(http, server.url)
            self.assertEqual(self.get(http, server.url, "POST", b"[1]"), (200, b"ok"))

    def test_a_post_uses_what_a_get_has_proven(self) -> None:
        self.patch(glc, "PROVEN_SECONDS", DEADLINE)
        with self.serve() as server:
            server.on("*", "/", "ok")
            http = self.http()
            for method in ("GET", "POST", "GET", "POST", "POST"):
                self.get(http, server.url, method)
            self.assertEqual([request.connection for request in server.requests], [1, 2, 2, 2, 2])

    def test_a_post_uses_what_is_still_open_after_a_while(self) -> None:
        self.patch(glc, "PROVEN_SECONDS", 0.0)
        with self.serve() as server:
            server.on("POST", "/", "ok")
            http = self.http()
            for _ in range(2):
                self.get(http, server.url, "POST")
            self.assertEqual(server.connections, 1)

    def test_a_new_connection_that_dies_is_not_tried_again(self) -> None:
        heads = []

        def talk(sock: socket.socket) -> None:
            heads.append(receive_head(sock))

        server = self.raw(talk)
        self.raises(glc.ConnectionFailed, self.get, self.http(), server.url)
        self.assertEqual(len(heads), 1)


class RedirectTest(HttpCase):
    def test_within_the_origin(self) -> None:
        with self.serve() as server:
            server.on("GET", "/a", Reply(302, {"Location": "/b?x=1"}))
            server.on("GET", "/b", Reply(307, {"Location": server.url + "/c/"}))
            server.on("GET", "/c/", Reply(301, {"Location": "d"}))
            server.on("GET", "/c/d", "here")
            http = self.http()
            with http.request("GET", server.url + "/a", headers={"X-A": "1"}) as response:
                self.assertEqual((response.read(), response.url), (b"here", server.url + "/c/d"))
            self.assertEqual([request.headers.get("x-a") for request in server.requests], ["1"] * 4)
            self.assertEqual(server.connections, 1)

    def test_307_and_308_keep_method_and_body(self) -> None:
        with self.serve() as server:
            for status in (307, 308):
                server.on("POST", f"/{status}", Reply(status, {"Location": "/b"}))
            server.on("POST", "/b", lambda request: request.body)
            for status in (307, 308):
                self.assertEqual(self.get(self.http(), f"{server.url}/{status}", "POST", b"[1]"), (200, b"[1]"))

    def test_a_post_does_not_become_a_get(self) -> None:
        with self.serve() as server:
            server.on("POST", "/", Reply(302, {"Location": "/b"}))
            for status in (301, 302, 303):
                server.on("POST", "/", Reply(status, {"Location": "/b"}))
                self.assertEqual(self.get(self.http(), server.url, "POST", b"[1]")[0], status)
            self.assertNotIn("/b", [request.path for request in server.requests])

    def test_a_form_that_can_be_sent_once_is_not_sent_again(self) -> None:
        with self.serve() as server:
            server.on("POST", "/", Reply(307, {"Location": "/b"}))
            form = glc.Multipart("files", [glc.Part("a", "b/c", 1, io.BytesIO(b"x").read)], "B")
            self.assertEqual(self.get(self.http(), server.url, "POST", form)[0], 307)

    def test_another_host(self) -> None:
        with self.serve() as server, self.serve() as other:
            server.on("GET", "/", Reply(302, {"Location": other.url + "/b"}))
            other.on("GET", "/b", "there")
            http = self.http()
            error = self.raises(glc.AuthenticationError, self.get, http, server.url)
            self.assertIn(f"{server.url} redirects to '{other.url}/b': use that address, if the app is", str(error))
            self.assertEqual((error.status, error.url), (302, server.url))
            self.assertEqual(other.requests, [])
            self.assertEqual(self.get(http, server.url, anywhere=True), (200, b"there"))

    def test_nothing_secret_crosses_origins(self) -> None:
        with self.serve() as server, self.serve() as other:
            server.on("GET", "/", Reply(302, {"Location": other.url, "Set-Cookie": "secret=1"}))
            other.on("GET", "/", Reply(302, {"Location": server.url + "/back"}))
            server.on("GET", "/back", "ok")
            http = self.http()
            http.grant(glc.origin_of(server.url), {"Authorization": "granted"})
            self.get(http, server.url, anywhere=True, headers={"X-Secret": "1", "Cookie": "a=b"})
            self.raises(glc.AuthenticationError, self.get, http, other.url)
            for request in other.requests:
                self.assertFalse({"authorization", "x-secret", "cookie"} & request.headers.keys(), request.headers)
            back = server.requests[-1]
            self.assertEqual(back.path, "/back")  # chosen by the other: it is asked as by anybody
            self.assertFalse({"authorization", "x-secret", "cookie"} & back.headers.keys(), back.headers)

    def test_to_a_login_in_front(self) -> None:
        with self.serve() as server:
            for target in (
                "https://sso.example/x?state=secret",
                "https://x.example/oauth2/start",
                "/Login?next=secret",
            ):
                with self.subTest(target):
                    server.on("POST", "/x", Reply(302, {"Location": target}))
                    error = glc.http_error(self.http().request("POST", server.url + "/x"))
                    self.assertIs(type(error), glc.AuthenticationError)
                    self.assertIn(f"{server.url}/x redirects to {target.split('?')[0]!r}: use that", str(error))
                    for hint in ("cookies=", "headers="):
                        self.assertIn(hint, str(error))
                    self.assertNotIn("secret", str(error))
                    if target.startswith("https"):
                        server.on("GET", "/x", Reply(302, {"Location": target}))
                        self.raises(glc.AuthenticationError, self.http().request, "GET", server.url + "/x")

    def test_one_whose_body_does_not_come(self) -> None:
        """It is not waited for longer than for an error's, even by a request that may wait for ever."""
        with self.serve() as server:
            reply = Reply(
                307, {"Location": "/b", "Content-Length": "100"}, iter(lambda: server.closed.wait(DEADLINE), True)
            )
            server.on("GET", "/", reply)
            server.on("GET", "/b", "there")
            http = self.http(timeout=100 * MS)
            self.assertEqual(self.get(http, server.url, timeout=None), (200, b"there"))

    def test_loops_end(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", Reply(302, {"Location": "/"}))
            error = self.raises(glc.ConnectionFailed, self.get, self.http(), server.url)
            self.assertIn("more than 10 redirects", str(error))
            self.assertEqual(len(server.requests), 10)

    def test_to_what_is_no_url(self) -> None:
        with self.serve() as server:
            for target in ("file:///etc/passwd", "ftp://x/y", "javascript:alert(1)", "http://h:x/"):
                with self.subTest(target):
                    server.on("GET", "/", Reply(302, {"Location": target}))
                    error = self.raises(glc.ProtocolError, self.get, self.http(), server.url, anywhere=True)
                    self.assertIn("redirects to", str(error))

    def test_from_https_to_http(self) -> None:
        with self.serve(tls=True) as server, self.serve() as other:
            server.on("GET", "/", Reply(302, {"Location": other.url}))
            http = self.http(ssl_verify=CA_FILE)
            for anywhere in (False, True):
                error = self.raises(glc.ConnectionFailed, self.get, http, server.url, anywhere=anywhere)
                self.assertIn(f"redirects from https to {other.url}: refused.", str(error))
            self.assertEqual(other.requests, [])

    def test_from_http_to_https_on_the_usual_ports_is_the_same_server(self) -> None:
        with self.serve(tls=True) as secure, self.serve() as plain:
            hosts = {"app.hf.space:80": plain, "app.hf.space:443": secure}
            with _Ports(hosts) as proxy:
                plain.on("GET", "/x", Reply(301, {"Location": "https://app.hf.space/x"}))
                secure.on("GET", "/x", "secure")
                http = self.http(proxy=proxy.url, ssl_verify=CA_FILE)
                http.grant(glc.origin_of("http://app.hf.space"), {"Authorization": "granted"})
                self.assertEqual(self.get(http, "http://app.hf.space/x", headers={"X-A": "1"}), (200, b"secure"))
                request = secure.requests[0]
                self.assertEqual((request.headers["authorization"], request.headers["x-a"]), ("granted", "1"))

    def test_from_http_to_http_on_the_port_of_https_is_another_server(self) -> None:
        with self.serve() as other, self.serve() as plain:
            with _Ports({"app.hf.space:80": plain, "app.hf.space:443": other}) as proxy:
                plain.on("GET", "/x", Reply(301, {"Location": "http://app.hf.space:443/x"}))
                other.on("GET", "/x", "other")
                http = self.http(proxy=proxy.url)
                http.grant(glc.origin_of("http://app.hf.space"), {"Authorization": "granted"})
                self.raises(glc.AuthenticationError, self.get, http, "http://app.hf.space/x")
                self.get(http, "http://app.hf.space/x", anywhere=True, headers={"X-A": "1"})
                self.assertFalse({"authorization", "x-a"} & other.requests[0].headers.keys())


class _Ports(ProxyServer):
    """A proxy that knows where "host:port" really is."""

    def __init__(self, places: dict[str, ScriptedServer]):
        self._places = {place: server.host for place, server in places.items()}
        super().__init__()

    def serve(self, sock: socket.socket, number: int) -> None:
        head = sock.recv(1 << 16, socket.MSG_PEEK).split(b"\r\n")[0].decode()
        secure = head.startswith("CONNECT")
        host = head.split()[1] if secure else head.split()[1].split("/")[2]
        host = host if ":" in host else f"{host}:80"
        self._hosts = {host.rpartition(":")[0]: self._places[host]}
        super().serve(sock, number)


class CookieTest(HttpCase):
    def test_kept_and_sent_again(self) -> None:
        with self.serve() as server:
            cookies = [
                ("Set-Cookie", "a=1; Path=/; HttpOnly"),
                ("Set-Cookie", "b=2; Path=/sub"),
                ("Set-Cookie", "c=3; Secure"),
            ]
            server.on("POST", "/login", Reply(200, cookies, "ok"))
            server.on("GET", "*", "ok")
            http = self.http()
            self.get(http, server.url + "/login", "POST")
            self.get(http, server.url + "/x")
            self.get(http, server.url + "/sub/y", headers={"Cookie": "own=4"})
            self.assertEqual(server.requests[1].cookies, {"a": "1"})
            self.assertEqual(server.requests[2].cookies, {"own": "4", "a": "1", "b": "2"})

    def test_changed_and_deleted(self) -> None:
        with self.serve() as server:
            answers = ["a=1", "a=2", "a=; Max-Age=0", "z=1; Domain=example.com"]
            server.on("GET", "/", *(Reply(200, {"Set-Cookie": text}) for text in answers), "ok")
            http = self.http()
            for _ in range(5):
                self.get(http, server.url)
            seen = [request.cookies for request in server.requests]
            self.assertEqual(seen, [{}, {"a": "1"}, {"a": "2"}, {}, {}])

    def test_what_is_no_cookie(self) -> None:
        """Neither kept nor printed: the jar of the standard library warns on stderr, with a traceback."""
        bad = [
            "a=1; Max-Age=" + "9" * 400,
            "a=1; max-age = " + "9" * 5000,
            "a=1; Max-Age=" + "9" * 19,
            "a=1\x00",
            "a=1\x1b[2J",
            "a=1; Path=/\x7f",
            "a=" + "x" * 20_000,
            ";" * 16_000,  # in no time
            "",
            ";;;",
            "=; =",
        ]
        with self.serve() as server, mock.patch.object(sys, "stderr", io.StringIO()) as told:
            server.on("GET", "/", Reply(200, [("Set-Cookie", text) for text in [*bad, "b=2"]], "ok"), "ok")
            http = self.http()
            for _ in range(2):
                with warnings.catch_warnings():
                    warnings.simplefilter("always")
                    self.get(http, server.url)
            self.assertEqual(server.requests[1].cookies, {"b": "2"})
        self.assertEqual(told.getvalue(), "")

    def test_a_cookie_that_would_be_a_header(self) -> None:
        url = self.answering(http_reply(b"ok", "Set-Cookie: a=1\rX: y", "Set-Cookie: b=2\n X: z"))
        http = self.http()
        self.get(http, url)
        with self.serve() as server:  # the same host, but another origin: what would be sent is what the jar holds
            server.on("GET", "/", "ok")
            self.get(http, server.url)
            self.assertNotIn("x", server.requests[0].headers)

    def test_not_for_another_port(self) -> None:
        with self.serve() as server, self.serve() as other:
            server.on("GET", "/", Reply(200, {"Set-Cookie": "a=1"}))
            other.on("GET", "/", "ok")
            http = self.http()
            for place in (server, other, server):
                self.get(http, place.url)
            self.assertEqual(other.requests[0].cookies, {})
            self.assertEqual(server.requests[1].cookies, {"a": "1"})


class BodyTest(HttpCase):
    """Bodies that are compressed, cut short or broken."""

    TEXT = b"a long text " * 20_000

    def test_compressed_answers(self) -> None:
        for encoding, body in (
            ("gzip", gzip.compress(self.TEXT)),
            ("identity", self.TEXT),
            (" GZIP ", gzip.compress(self.TEXT)),
        ):
            for pieces in (body, [body[i : i + 1000] for i in range(0, len(body), 1000)]):
                with self.subTest(encoding, chunked=not isinstance(pieces, bytes)):
                    with self.serve() as server:
                        server.on("GET", "/", Reply(200, {"Content-Encoding": encoding}, pieces))
                        http = self.http()
                        self.assertEqual(self.get(http, server.url, gzip=True), (200, self.TEXT))
                        self.get(http, server.url, gzip=True)
                        self.assertEqual(server.connections, 1)
                        self.assertEqual(server.requests[0].headers["accept-encoding"], "gzip")

    def test_an_error_that_is_compressed(self) -> None:
        with self.serve() as server:
            body = gzip.compress(b'{"detail": "the server\'s words"}')
            server.on("GET", "/", Reply(500, {"Content-Encoding": "gzip"}, body))
            error = glc.http_error(self.http().request("GET", server.url, gzip=True))
            self.assertEqual(error.words, "the server's words")

    def test_what_unfolds_to_more_than_it_may(self) -> None:
        bomb = gzip.compress(bytes(20_000_000))
        with self.serve() as server:
            server.on("GET", "/", Reply(200, {"Content-Encoding": "gzip"}, bomb))
            for most, fits in ((20_000_000, True), (19_999_999, False), (1_000_000, False)):
                with self.subTest(most), self.http().request("GET", server.url, gzip=True) as response:
                    if fits:
                        self.assertEqual(len(response.read(most)), 20_000_000)
                    else:
                        error = self.raises(glc.ProtocolError, response.read, most)
                        self.assertIn(f"{server.url} sent more than {most} bytes", str(error))

    def test_answers_that_are_no_results_are_short(self) -> None:
        most = 4 * 1024 * 1024
        with self.serve() as server:
            for size in (most, most + 1):
                server.on("GET", "/", b'"' + b"x" * (size - 2) + b'"')
                with self.http().request("GET", server.url) as response:
                    if size == most:
                        self.assertEqual(len(response.json()), size - 2)
                    else:
                        error = self.raises(glc.ProtocolError, response.json)
                        self.assertIn(f"sent more than {most} bytes", str(error))
                with self.http().request("GET", server.url) as response:
                    self.assertEqual(len(response.json(glc.MAX_EVENT_BYTES)), size - 2)

    def test_broken_compression(self) -> None:
        whole = gzip.compress(self.TEXT)
        for name, body in (
            ("cut", whole[: len(whole) // 2]),
            ("no gzip", b"plain text"),
            ("a wrong sum", whole[:-8] + bytes(8)),
            ("nothing", b""),
            ("something after its end", whole + b"x"),
        ):
            with self.subTest(name), self.serve() as server:
                server.on("GET", "/", Reply(200, {"Content-Encoding": "gzip"}, body))
                error = self.raises(glc.ProtocolError, self.get, self.http(), server.url, gzip=True)
                self.assertIn("The server sent broken compressed data", str(error))

    def test_a_little_that_unzips_to_many_values(self) -> None:
        """A few KB could take gigabytes once they are JSON."""
        with self.serve() as server:
            for text, fits in ((b"[%s]" % (b"[]," * 300_000), True), (b"[%s]" % (b"[]," * 600_000), False)):
                server.on("GET", "/", Reply(200, {"Content-Encoding": "gzip"}, gzip.compress(text)))
                response = self.http().request("GET", server.url, gzip=True)
                if fits:
                    self.assertEqual(response.read(), text)
                else:
                    error = self.raises(glc.ProtocolError, response.read)
                    self.assertIn("compressed JSON of more than 1000000 values", str(error))

    def test_a_python_that_cannot_unzip_does_not_ask_for_it(self) -> None:
        with self.serve() as server, mock.patch.dict(sys.modules, {"zlib": None}):
            server.on("GET", "/", "ok")
            self.assertEqual(self.get(self.http(), server.url, gzip=True), (200, b"ok"))
            self.assertEqual(server.requests[0].headers["accept-encoding"], "identity")

    def test_callers_cannot_ask_for_what_is_not_understood(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", "ok")
            self.get(self.http(), server.url, headers={"Accept-encoding": "gzip, br"})
            self.assertEqual(server.requests[0].headers["accept-encoding"], "identity")

    def test_an_encoding_that_was_not_asked_for(self) -> None:
        with self.serve() as server:
            for encoding, asked in (("br", False), ("br", True), ("gzip", False), ("deflate", True)):
                server.on("GET", "/", Reply(200, {"Content-Encoding": encoding}, b"x"))
                for read in (glc.Response.read, lambda response: list(response.chunks())):
                    with self.http().request("GET", server.url, gzip=asked) as response:
                        error = self.raises(glc.ProtocolError, read, response)
                    self.assertIn(f"an encoding that was not asked for: {encoding}", str(error))

    def test_bodies_that_are_cut_short(self) -> None:
        for name, data in (
            ("length", http_reply(b"half", "Content-Length: 100")),
            ("no body", http_reply(b"", "Content-Length: 100")),
            ("chunk", http_reply(b"a\r\nhalf", "Transfer-Encoding: chunked")),
            ("between chunks", http_reply(b"4\r\nhalf\r\n", "Transfer-Encoding: chunked")),
            ("before the last chunk's end", http_reply(b"4\r\nhalf\r\n0\r\n", "Transfer-Encoding: chunked")[:-3]),
            ("chunk sizes that are none", http_reply(b"zz\r\nhalf\r\n", "Transfer-Encoding: chunked")),
            ("chunk sizes below zero", http_reply(b"-5\r\nhalf\r\n", "Transfer-Encoding: chunked")),
        ):
            with self.subTest(name):
                url = self.answering(data)
                error = self.raises(glc.ConnectionLost, self.get, self.http(), url)
                self.assertIn(f"{url} broke off its answer: ", str(error))

    def test_a_reset_in_the_middle(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", Stream)
            http = self.http()
            for rst in (True, False):
                with self.subTest(rst=rst), http.request("GET", server.url) as response:
                    stream = server.next_stream()
                    stream.raw(b"begin")
                    chunks = response.chunks()
                    self.assertEqual(next(chunks), b"begin")
                    stream.stall(b"half")
                    self.assertEqual(next(chunks), b"half")
                    stream.cut(rst)
                    self.raises(glc.ConnectionLost, next, chunks)

    def test_a_head_that_is_none(self) -> None:
        for name, data in (
            ("not HTTP", b"SSH-2.0-OpenSSH_9.6\r\n"),
            ("nothing", b""),
            ("half a status line", b"HTTP/1.1 20"),
            ("an endless header", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000),
            ("too many headers", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n"),
        ):
            with self.subTest(name):
                url = self.answering(data)
                error = self.raises(glc.ConnectionFailed, self.get, self.http(), url)
                self.assertIn(f"Could not talk to {url}: ", str(error))

    def twice(self, data: bytes, at_once: int = 1 << 16, ends: bool = False) -> tuple[bytes, int]:
        """The body of an answer that is these bytes, which come this many at once, and the connections two need."""

        def talk(sock: socket.socket) -> None:
            with contextlib.suppress(ConnectionError):
                while receive_head(sock):
                    sock.sendall(data)
                    if ends:
                        return

        with RawServer(talk) as server, mock.patch.object(glc, "READ_SIZE", at_once):
            http = self.http()
            body, again = (self.get(http, server.url)[1] for _ in range(2))
            self.assertEqual(body, again)
            http.close()
            return body, server.connections

    def test_heads_and_bodies(self) -> None:
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
        for data, body, reusable in (
            (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc", True),
            (b"HTTP/1.1 200\nContent-Length:3\n\nabc", b"abc", True),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 3 \r\nContent-Length: 3\r\n\r\nabc", b"abc", True),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: x, Close\r\n\r\nabc", b"abc", False),
            (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc", False),
            (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc", b"abc", True),
            (b"HTTP/1.1 200 OK\r\n\r\nabc", b"abc", False),
            (b"HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\nabc", b"abc", False),
            (b"HTTP/1.1 204 None\r\n\r\n", b"", True),
            (b"HTTP/1.1 101 Unasked\r\n\r\n", b"", False),
            (b"HTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 304 Same\r\nContent-Length: 3\r\n\r\n", b"", True),
            (b"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc", True),
            (chunked + b"3\r\nabc\r\n0\r\n\r\n", b"abc", True),
            (chunked + b"1;a=b\r\na\r\n2 \r\nbc\r\n00\r\nTrailer: x\r\nOther: y\r\n\r\n", b"abc", True),
        ):
            for at_once in (1, 2, 7, 1000):
                with self.subTest(data, at_once=at_once):
                    self.assertEqual(self.twice(data, at_once, ends=not reusable), (body, 1 if reusable else 2))

    def test_headers_of_one_name(self) -> None:
        url = self.answering(
            b"HTTP/1.1 200 OK\r\nA: 1\r\na:2\t\r\nSet-Cookie: a=1, b\r\nset-cookie: c=2\r\nE: \xe9\r\n\r\n"
        )
        with self.http().request("GET", url) as answer:
            self.assertEqual((answer.headers["a"], answer.headers.get("E")), ("1", "\xe9"))
            self.assertEqual(answer.headers.get_all("Set-Cookie"), ["a=1, b", "c=2"])

    def test_broken_heads(self) -> None:
        start = b"HTTP/1.1 200 OK\r\n"
        for data in (
            start + b"no colon\r\n\r\n",
            start + b"Content-Length: 0\r\nno colon\r\nTransfer-Encoding: chunked\r\n\r\n",
            start + b"A : 1\r\n\r\n",
            start + b"Content-Length: -1\r\n\r\n",
            start + b"Content-Length: 1_0\r\n\r\n",
            start + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
            start + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
            start + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
            start + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            start + b"Content-Length: 1",
            start + b"Content-Length: 1\r\n",
            b"HTTP/2 200 OK\r\n\r\n",
            b"HTTP/1.1 99 OK\r\n\r\n",
            b"HTTP/1.1 OK\r\n\r\n",
        ):
            with self.subTest(data[:100]):
                error = self.raises(glc.ConnectionFailed, self.get, self.http(), self.answering(data))
                self.assertLess(len(str(error)), 400)
                self.assertNotRegex(str(error), r"[\r\n]")

    def test_broken_bodies(self) -> None:
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for data in (
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            chunked + b"3\r\nab",
            chunked + b"3\r\nabcd\r\n0\r\n\r\n",
            chunked + b"-3\r\nabc\r\n0\r\n\r\n",
            chunked + b"3\r\nabc\r\n0",
            chunked + b"3\r\nabc\r\n0\r\n",
            chunked + b"3\r\nabc\r\n0\r\nTrailer: x\r\n",
            chunked + b"3\r\nabc\r\n",
            chunked + b"3\r\nabc",
            chunked + b"3" + b" " * 100_000 + b"\r\nabc\r\n",
        ):
            with self.subTest(data[:100]):
                self.raises(glc.ConnectionLost, self.get, self.http(), self.answering(data))

    def test_bytes_after_an_answer_cost_its_connection(self) -> None:
        connections = 0

        def talk(sock: socket.socket) -> None:
            nonlocal connections
            connections += 1
            with contextlib.suppress(ConnectionError):
                while receive_head(sock):
                    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 Evil\r\n\r\n")

        url = self.raw(talk).url
        http = self.http()
        for _ in range(2):
            self.assertEqual(self.get(http, url), (200, b"ok"))
        self.assertEqual(connections, 2)

    def test_json(self) -> None:
        with self.serve() as server:
            server.on("GET", "/good", [1, {"a": None}])
            server.on("GET", "/bad", "<html><title>Sign in</title>")
            server.on("GET", "/error", Reply.json({"detail": "Not Found"}, 404))
            http = self.http()
            with http.request("GET", server.url + "/good") as response:
                self.assertEqual(response.json(), [1, {"a": None}])
            with http.request("GET", server.url + "/bad") as response:
                error = self.raises(glc.ProtocolError, response.json)
                self.assertEqual(str(error), f"Expected JSON from {server.url}/bad, got an HTML page titled 'Sign in'")
            with http.request("GET", server.url + "/error") as response:
                error = self.raises(glc.HTTPError, response.json)
                self.assertEqual(str(error), f"{server.url}/error answered 404: Not Found")


class HttpErrorTest(HttpCase):
    def test_when_to_try_again(self) -> None:
        for text, seconds in (("7", 7), ("0.5", 0.5), ("0", 0), ("", None), ("soon", None), ("-1", None), ("٣", None)):
            self.assertEqual(glc.seconds_until(text), seconds, text)
        for away, seconds in ((90, 90), (-90, 0)):
            date = email.utils.formatdate(time.time() + away, usegmt=True)
            self.assertAlmostEqual(glc.seconds_until(date) or 0, seconds, delta=5, msg=date)
        self.assertIsNone(glc.seconds_until("9" * 400))
        self.assertIsNone(glc.seconds_until("Wed, 99 Foo" * 1000))
        self.assertIsNone(glc.seconds_until("Wed, 99 Oct 99999 07:28:00 GMT"))

    def error(self, reply: Reply) -> Any:
        with self.serve() as server:
            server.on("GET", "/x", reply)
            response = self.http().request("GET", server.url + "/x")
            error = glc.http_error(response)
        self.assertEqual((error.url, error.status), (server.url + "/x", reply.status))
        self.assertTrue(str(error).startswith(f"{server.url}/x "))
        return error

    def test_each_status_has_its_class(self) -> None:
        for status, kind in (
            (400, glc.HTTPError),
            (401, glc.AuthenticationError),
            (403, glc.AuthenticationError),
            (404, glc.HTTPError),
            (422, glc.HTTPError),
            (429, glc.TooManyRequestsError),
            (500, glc.HTTPError),
            (503, glc.HTTPError),
        ):
            with self.subTest(status):
                error = self.error(Reply.json({"detail": "the server's words"}, status))
                self.assertIs(type(error), kind)
                self.assertIn(f"answered {status}: the server's words", str(error))
                self.assertEqual(json.loads(error.body), {"detail": "the server's words"})

    def test_a_redirect_to_what_is_no_address(self) -> None:
        for target in ("http://[", "//[::1", "http://h:x/", "http:///", "//", "", "\u00e9"):
            with self.subTest(target), self.serve() as server:
                server.on("POST", "/x", Reply(302, {"Location": target}))
                error = glc.http_error(self.http().request("POST", server.url + "/x"))
                self.assertIsInstance(error, glc.HTTPError)
                self.assertIn(f"{server.url}/x redirects to {target!r}", str(error))

    def test_401_says_how_to_log_in(self) -> None:
        self.assertIn("auth=(user, password)", str(self.error(Reply(401))))

    def test_401_of_what_is_in_front(self) -> None:
        for challenge in ('Basic realm="x"', 'Digest a="b", basic realm="x"'):
            error = self.error(Reply(401, {"WWW-Authenticate": challenge}))
            self.assertIn("user:password@ into the URL, percent-encoded", str(error))
            self.assertNotIn("auth=", str(error))

    def test_no_query_is_shown(self) -> None:
        with self.serve() as server:
            server.on("GET", "/x", Reply(403))
            error = glc.http_error(self.http().request("GET", server.url + "/x?sig=secret#part"))
        self.assertEqual(error.url, server.url + "/x")
        self.assertEqual(str(error), f"{server.url}/x answered 403.")

    def test_429_says_when(self) -> None:
        error = self.error(Reply(429, {"Retry-After": "17"}))
        self.assertEqual(error.retry_after, 17.0)
        self.assertIn("Too many requests to the API, please try again later. Try again after 17", str(error))
        self.assertIsNone(self.error(Reply(429)).retry_after)

    def test_a_redirect_says_whereto(self) -> None:
        with self.serve() as server:
            server.on("POST", "/x", Reply(302, {"Location": "/y"}))
            error = glc.http_error(self.http().request("POST", server.url + "/x"))
        self.assertIn(f"{server.url}/x redirects to '/y': use that address, if the app is there.", str(error))

    def test_only_the_start_of_a_large_body_is_kept(self) -> None:
        error = self.error(Reply(500, (), b"x" * 300_000))
        self.assertEqual(len(error.body), glc.MAX_ERROR_BODY)
        self.assertLess(len(str(error)), 1000)

    def test_a_body_that_is_cut_short_still_is_an_error(self) -> None:
        url = self.answering(http_reply(b"Bad things", "Content-Length: 100", status="500 Oh"))
        error = glc.http_error(self.http().request("GET", url))
        self.assertEqual((type(error), error.status, error.body), (glc.HTTPError, 500, b"Bad things"))


class TroubleTest(HttpCase):
    """Servers that are not there, silent or hostile; requests that are given up."""

    def test_refused(self) -> None:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))  # bound, but nobody listens
            url = f"http://127.0.0.1:{sock.getsockname()[1]}"
            error = self.raises(glc.ConnectionFailed, self.get, self.http(), url + "/x")
        self.assertTrue(str(error).startswith(f"Could not talk to {url}: "))
        self.assertTrue(str(error).endswith("Is the app running, and is the address right?"))
        self.assertEqual(error.url, url + "/x")
        self.assertIsInstance(error.__cause__, ConnectionRefusedError)

    def test_unknown_host(self) -> None:
        self.resolve()
        error = self.raises(glc.ConnectionFailed, self.get, self.http(), "http://no.such.host/x")
        self.assertIn("The host name in http://no.such.host cannot be resolved: ", str(error))

    def test_ctrl_c_after_a_request_that_could_not_be_sent(self) -> None:
        server = self.raw(lambda sock: (sock.recv(1), reset(sock)))
        with mock.patch.object(glc.Reader, "peek", side_effect=KeyboardInterrupt):
            self.raises(KeyboardInterrupt, self.get, self.http(), server.url, "POST", bytes(30_000_000))

    def test_ctrl_c_leaves_no_socket(self) -> None:
        """Wherever it comes: the end of a test looks for sockets. And close() does not wait for one of these."""
        with self.serve() as server:
            server.on("GET", "/", "ok")
            for kind, name in (
                (glc.Http, "_take"),
                (glc.Http, "_open"),
                (glc.Connection, "ask"),
                (glc.Abort, "watch"),
                (glc.Response, "__init__"),
            ):
                with self.subTest(name):
                    http, sockets = self.http(), open_sockets()
                    with mock.patch.object(kind, name, interrupted(getattr(kind, name))):
                        self.raises(KeyboardInterrupt, http.request, "GET", server.url)
                    wait_until(lambda: open_sockets() <= sockets)
                    http.close()

    def test_close_in_a_signal_handler(self) -> None:
        """The handler runs wherever the main thread is: here, while it holds the lock."""
        with self.serve() as server:
            http, abort = self.http(), glc.Abort()

            def watch(self: glc.Abort, connection: Any, watch: Any = glc.Abort.watch) -> None:
                watch(self, connection)
                http.close()

            with mock.patch.object(glc.Abort, "watch", watch):
                self.raises(glc.ConnectionFailed, Running(http.request, "GET", server.url, abort=abort).result)

    def test_silence_before_the_answer(self) -> None:
        server = self.raw(lambda sock: server.closed.wait(DEADLINE))
        http = self.http(timeout=50 * MS)
        error = self.raises(glc.TimedOut, self.get, http, server.url)
        self.assertEqual(str(error), f"{server.url} sent nothing for the time that Client(timeout=…) allows.")
        wait_until(lambda: server.connections == 1)
        with contextlib.closing(socket.create_connection(("127.0.0.1", server.port), DEADLINE)):
            pass

    def test_silence_within_the_answer(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", Stream)
            http = self.http()
            with http.request("GET", server.url) as response:
                server.next_stream().stall()
                chunks = response.chunks()
                next(chunks)
                response.limit(50 * MS)  # not earlier: on a busy machine the answer itself takes longer
                self.raises(glc.TimedOut, next, chunks)

    def test_what_does_not_end_in_time(self) -> None:
        """The words are true: bytes flow, but not fast enough."""
        going = threading.Event()

        def talk(sock: socket.socket) -> None:
            receive_head(sock)
            sock.sendall(head)
            while not going.wait(20 * MS):
                sock.sendall(b"x")

        for head in (b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"):
            with self.subTest(head), contextlib.suppress(ConnectionError):
                server = self.raw(talk)
                error = self.raises(glc.TimedOut, self.get, self.http(timeout=600 * MS), server.url)
                text = f"{server.url} did not complete its answer in the time that Client(timeout=…) allows."
                self.assertEqual(str(error), text)
        going.set()

    def test_a_request_that_is_not_taken(self) -> None:
        server = self.raw(lambda sock: server.closed.wait(DEADLINE))
        http = self.http(timeout=50 * MS)
        error = self.raises(glc.TimedOut, self.get, http, server.url, "POST", bytes(50_000_000))
        text = f"{server.url} took nothing of what was sent for the time that Client(timeout=…) allows."
        self.assertEqual(str(error), text)

    def test_a_slow_upload_is_no_fault(self) -> None:
        """As long as the other side takes what the system still holds, it is not silent."""
        server = self.raw(lambda sock: server.closed.wait(DEADLINE))
        for size in (2, 50_000_000):  # it waits for the answer; for room for the request
            for held in ([0], [9, 9], [9, 8, 7, 7], [9, 8, 0]):
                with self.subTest(held, size=size), mock.patch.object(glc, "unsent", side_effect=held) as unsent:
                    self.raises(glc.TimedOut, self.get, self.http(timeout=20 * MS), server.url, "POST", bytes(size))
                    self.assertEqual(unsent.call_count, len(held))

    def test_what_the_system_still_holds(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            with socket.create_connection(listener.getsockname(), DEADLINE) as here, listener.accept()[0]:
                self.assertEqual(glc.unsent(here), 0)
                here.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        here.send(bytes(1 << 16))
                if sys.platform == "linux":
                    self.assertGreater(glc.unsent(here), 0)
                with mock.patch.dict(sys.modules, {"fcntl": None}):  # as on Windows
                    self.assertEqual(glc.unsent(here), 0)

    def test_a_slow_answer_is_no_fault(self) -> None:
        """On a slow link even a short answer takes long. Single bytes do not count."""
        with self.serve() as server:
            for size, fits in ((5000, True), (1, False)):

                def pieces(size: int = size) -> Iterator[bytes]:
                    while len(sent) < 8 and not server.closed.wait(100 * MS):
                        sent.append(size)
                        yield bytes(size)

                with self.subTest(size):
                    sent: list[int] = []
                    server.on("GET", "/", Reply(body=pieces()))
                    http = self.http(timeout=500 * MS)
                    if fits:
                        self.assertEqual(len(self.get(http, server.url)[1]), 8 * size)
                    else:
                        self.raises(glc.TimedOut, self.get, http, server.url)

    def test_a_timeout_for_one_request(self) -> None:
        server = self.raw(lambda sock: server.closed.wait(DEADLINE))
        self.raises(glc.TimedOut, self.get, self.http(), server.url, timeout=50 * MS)

    def test_silence_is_forgiven_where_no_limit_is_set(self) -> None:
        with self.serve() as server:
            go = threading.Event()
            server.on("GET", "/", lambda request: (go.wait(DEADLINE), "late")[1])
            http = self.http(timeout=20 * MS)
            waiting = Running(self.get, http, server.url, timeout=None)
            server.wait_for("GET", "/")
            waiting.thread.join(60 * MS)
            self.assertTrue(waiting.thread.is_alive())
            go.set()
            self.assertEqual(waiting.result(), (200, b"late"))

    def test_an_answer_during_a_large_upload_is_heard(self) -> None:
        with self.serve() as server:
            server.on("POST", "/", Reply(413, (), "File too large"), read_body=False)
            size = 30_000_000
            for body in (
                bytes(size),
                glc.Multipart("files", [glc.Part("a", "b/c", size, lambda n: bytes(n))], "B"),
            ):
                with self.subTest(type(body).__name__):
                    status, words = self.get(self.http(), server.url, "POST", body)
                    self.assertEqual((status, words), (413, b"File too large"))

    def test_a_file_that_cannot_be_read_ends_its_upload(self) -> None:
        def read(size: int) -> bytes:
            raise OSError("a broken disk")

        server = self.raw(lambda sock: server.closed.wait(DEADLINE))
        form = glc.Multipart("files", [glc.Part("a", "b/c", 100, read)], "B")
        error = self.raises(glc.ConnectionFailed, self.get, self.http(), server.url, "POST", form)
        self.assertIn("a broken disk", str(error))

    def test_abort_while_nothing_is_answered(self) -> None:
        heard = threading.Event()

        def talk(sock: socket.socket) -> None:
            receive_head(sock)
            heard.set()
            server.closed.wait(DEADLINE)

        server = self.raw(talk)
        abort = glc.Abort()
        waiting = Running(self.get, self.http(), server.url, timeout=None, abort=abort)
        self.assertTrue(heard.wait(DEADLINE))
        abort()
        self.raises(glc.ConnectionFailed, waiting.result)
        self.assertEqual(server.connections, 1)

    def test_abort_within_the_answer(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", Stream)
            abort = glc.Abort()
            waiting = Running(self.get, self.http(), server.url, timeout=None, abort=abort)
            stream = server.next_stream()
            stream.raw(b"begin")
            abort()
            stream.wait_lost()
            self.raises(glc.ConnectionLost, waiting.result)

    def test_abort_within_an_answer_that_may_end_any_time(self) -> None:
        """What it looks like is its end."""
        url = self.answering(b"HTTP/1.1 200 OK\r\n\r\nbegin")
        abort = glc.Abort()
        with self.http().request("GET", url, abort=abort) as response:
            chunks = response.chunks()
            self.assertEqual(next(chunks), b"begin")
            abort()
            self.raises(glc.ConnectionLost, next, chunks)

    def test_abort_before_the_request(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", Stream)
            abort = glc.Abort()
            abort()
            self.raises(glc.ConnectionFailed, self.get, self.http(), server.url, timeout=None, abort=abort)

    def test_abort_while_connecting(self) -> None:
        """The host does not answer: its queue of connections is full. Nor does it answer later, at no other address."""
        with contextlib.ExitStack() as stack:
            listener, *others = (stack.enter_context(socket.socket()) for _ in range(4))
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            for sock in others:
                sock.setblocking(False)
                sock.connect_ex(listener.getsockname())
            found = socket.getaddrinfo(*listener.getsockname(), type=socket.SOCK_STREAM)
            stack.enter_context(mock.patch.object(socket, "getaddrinfo", lambda *_, **__: found * 2))
            url = "http://127.0.0.1:{1}".format(*listener.getsockname())
            for timeout, aborts in itertools.product((10 * DEADLINE, None), (True, False)):
                http, abort = self.http(timeout=timeout), glc.Abort()
                waiting = Running(self.get, http, url, abort=abort)
                while waiting.thread.is_alive():  # the first may come before the system knows whereto
                    (abort if aborts else http.close)()
                    waiting.thread.join(10 * MS)
                self.assertNotIsInstance(self.raises(glc.ConnectionFailed, waiting.result), glc.TimedOut)

    def test_abort_in_the_moment_before_connecting(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", "ok")
            http, abort = self.http(), glc.Abort()
            with mock.patch.object(glc.Connection, "limit", lambda *_: abort()):
                self.raises(glc.ConnectionFailed, self.get, http, server.url, abort=abort)
            self.assertEqual(server.requests, [])

    def test_the_next_address_is_tried(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", "ok")
            here = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))
            with socket.socket() as deaf:
                deaf.bind(("127.0.0.1", 0))  # bound, but nobody listens
                bad = [(*here[:4], deaf.getsockname()), (-1, *here[1:])]
                with mock.patch.object(socket, "getaddrinfo", lambda *_, **__: [*bad, here]):
                    self.assertEqual(self.get(self.http(), server.url), (200, b"ok"))
                with mock.patch.object(socket, "getaddrinfo", lambda *_, **__: bad[:1]):
                    error = self.raises(glc.ConnectionFailed, self.get, self.http(), server.url)
                self.assertIsInstance(error.__cause__, ConnectionRefusedError)
                with mock.patch.object(socket, "getaddrinfo", lambda *_, **__: []):
                    error = self.raises(glc.ConnectionFailed, self.get, self.http(), server.url)
                self.assertIn("the host has no address", str(error))

    def unanswered(self) -> Any:
        """What getaddrinfo says of an address that does not answer: its queue of connections is full."""
        listener, *others = (self.enter(socket.socket()) for _ in range(4))
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for sock in others:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        return (socket.AF_INET, socket.SOCK_STREAM, 6, "", listener.getsockname())

    def test_an_address_that_does_not_answer_costs_little_and_once(self) -> None:
        self.patch(glc, "ADDRESS_SECONDS", 50 * MS)
        dead = self.unanswered()
        with self.serve() as server:
            server.on("GET", "/", Reply(body="ok", close=True))
            tried: list[Any] = []

            class Socket(socket.socket):
                def connect(self, address: Any) -> None:
                    tried.append(address)
                    super().connect(address)

            good = (*dead[:4], ("127.0.0.1", server.port))
            http = self.http()
            with mock.patch.object(socket, "getaddrinfo", lambda *_, **__: [dead, good]):
                with mock.patch.object(socket, "socket", Socket):
                    for _ in range(3):
                        self.assertEqual(self.get(http, server.url), (200, b"ok"))
            self.assertEqual(tried, [dead[4], good[4], good[4], good[4]])

    def test_many_addresses_that_do_not_answer_take_one_timeout_together(self) -> None:
        dead = self.unanswered()
        with mock.patch.object(socket, "getaddrinfo", lambda *_, **__: [dead] * 8):
            for limit, options in ((400 * MS, {}), (400 * MS, {"timeout": None}), (60.0, {"timeout": 400 * MS})):
                began, http = time.monotonic(), self.http(timeout=limit)
                error = self.raises(glc.TimedOut, http.request, "GET", "http://app.example/x", **options)
                self.assertLess(time.monotonic() - began, 1200 * MS)
        text = "http://app.example could not be reached in the time that Client(timeout=…) allows."
        self.assertEqual(str(error), text)

    def test_a_python_without_sockets(self) -> None:
        for platform in ("emscripten", "wasi"):
            with mock.patch.object(sys, "platform", platform):
                error = self.raises(glc.ConnectionFailed, self.get, self.http(), "http://app.example/")
            self.assertIn("has no sockets", str(error))

    def test_a_refused_connection_keeps_nothing_alive(self) -> None:
        needs("a Python that counts references", sys.implementation.name == "cpython")
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            http = glc.Http("test", DEADLINE)
            alive = weakref.ref(http)
            self.addCleanup(gc.enable)
            gc.disable()
            self.raises(glc.ConnectionFailed, http.request, "GET", f"http://127.0.0.1:{deaf.getsockname()[1]}")
            del http
            self.assertIsNone(alive())

    def test_an_abort_that_comes_too_late_harms_nobody(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", "ok")
            http = self.http()
            abort = glc.Abort()
            self.get(http, server.url, abort=abort)
            abort()
            self.get(http, server.url)
            self.assertEqual(server.connections, 1)

    def test_close_during_a_request(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", Stream)
            server.on("GET", "/silent", lambda request: server.closed.wait(DEADLINE) and None)
            http = self.http()
            reading = Running(self.get, http, server.url, timeout=None)
            waiting = Running(self.get, http, server.url + "/silent", timeout=None)
            stream = server.next_stream()
            server.wait_for("GET", "/silent")
            http.close()
            stream.wait_lost()
            error = self.raises(glc.ConnectionFailed, waiting.result)
            self.assertIn("The client was closed during a request to " + server.url, str(error))
            self.raises(glc.ConnectionLost, reading.result)

    def test_closed_for_good(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", "ok")
            http = self.http()
            with http.request("GET", server.url) as response:
                http.close()
                http.close()
                self.assertTrue(http.closed)
                with contextlib.suppress(glc.ConnectionLost):
                    response.read()
            error = self.raises(glc.ConnectionFailed, self.get, http, server.url)
            self.assertIn("has been closed", str(error))
            self.assertEqual(len(server.requests), 1)

    def test_many_threads(self) -> None:
        with self.serve() as server:
            server.on("POST", "/", lambda request: request.body)
            http = self.http()

            def work(number: int) -> None:
                for i in range(20):
                    body = b"%d.%d" % (number, i)
                    self.assertEqual(self.get(http, server.url, "POST", body), (200, body))

            self.patch(glc, "PROVEN_SECONDS", 0.0)
            for thread in [Running(work, number) for number in range(8)]:
                thread.result()
            self.assertLessEqual(server.connections, 8)


class ProxyTest(HttpCase):
    """`app.example` is a name that nobody can resolve but the proxy."""

    def proxy(self, server: ScriptedServer, **options: Any) -> ProxyServer:
        self.resolve()
        hosts = dict.fromkeys(("app.example", "app.hf.space"), server.host)
        proxy: ProxyServer = self.enter(ProxyServer(hosts=hosts, **options))
        return proxy

    def test_http(self) -> None:
        with self.serve() as server:
            server.on("POST", "/x", lambda request: request.body)
            proxy = self.proxy(server)
            http = self.http(proxy=proxy.url)
            self.assertEqual(self.get(http, "http://app.example:81/x?q=1", "POST", b"[1]"), (200, b"[1]"))
            self.assertEqual([request.target for request in proxy.requests], ["http://app.example:81/x?q=1"])
            self.assertEqual(server.requests[0].target, "/x?q=1")
            self.assertEqual(server.requests[0].headers["host"], "app.example:81")

    def test_https(self) -> None:
        with self.serve(tls=True) as server:
            server.on("GET", "/x", "ok")
            proxy = self.proxy(server)
            http = self.http(proxy=proxy.host, ssl_verify=CA_FILE)  # no scheme: http
            http.grant(glc.origin_of("https://app.hf.space"), {"Authorization": "secret"})
            for _ in range(2):
                self.assertEqual(self.get(http, "https://app.hf.space/x"), (200, b"ok"))
            self.assertEqual(proxy.tunnels, ["app.hf.space:443"])
            self.assertNotIn("authorization", proxy.requests[0].headers)
            self.assertEqual(server.requests[1].headers["authorization"], "secret")

    def test_websocket(self) -> None:
        for tls, url in ((False, "http://app.example/ws"), (True, "https://app.hf.space/ws")):
            with self.subTest(tls=tls), self.serve(tls=tls) as server:
                server.on("GET", "/ws", Upgrade(lambda peer, request: peer.send({"n": 1})))
                proxy = self.proxy(server)
                http = self.http(proxy=proxy.url, ssl_verify=CA_FILE)
                with glc.WebSocket(http, url, {}, glc.Abort()) as web_socket:
                    self.assertEqual(json.loads(next(iter(web_socket))), {"n": 1})
                self.assertEqual(len(proxy.tunnels), 1)

    def test_who_may_have_said_so(self) -> None:
        for tls, url in ((False, "http://app.example/x"), (True, "https://app.hf.space/x")):
            with self.subTest(tls=tls), self.serve(tls=tls) as server:
                http = self.http(proxy=self.proxy(server).url, ssl_verify=CA_FILE)
                for status in (500, 502, 503, 504, 404, 501, 505):
                    server.on("GET", "/x", Reply(status, (), "no"))
                    error = glc.http_error(http.request("GET", url))
                    is_doubtful = not tls and status in (500, 502, 503, 504)
                    self.assertEqual("which may have said so itself" in str(error), is_doubtful, status)

    def test_login(self) -> None:
        for tls, url in ((False, "http://app.example/x"), (True, "https://app.hf.space/x")):
            with self.subTest(tls=tls), self.serve(tls=tls) as server:
                server.on("GET", "/x", "ok")
                proxy = self.proxy(server, login=("user", "p@ss:word"))
                secret = proxy.url.replace("//", "//user:p%40ss%3Aword@")
                http = self.http(proxy=secret, ssl_verify=CA_FILE)
                self.assertEqual(self.get(http, url), (200, b"ok"))
                self.assertNotIn("proxy-authorization", server.requests[0].headers)
                http = self.http(proxy=proxy.url, ssl_verify=CA_FILE)
                if tls:
                    error = self.raises(glc.AuthenticationError, self.get, http, url)
                    self.assertIn("The tunnel to app.hf.space:443 was refused by the proxy", str(error))
                else:
                    error = glc.http_error(http.request("GET", url))
                    self.assertIs(type(error), glc.AuthenticationError)
                self.assertEqual(error.status, 407)
                self.assertIn(f"the proxy {proxy.url} (set by proxy=)", str(error))
                self.assertIn("user:password@ into the proxy's URL, percent-encoded", str(error))

    def test_a_client_without_the_login_of_a_proxy(self) -> None:
        with self.serve() as server:
            proxy = self.proxy(server, login=("user", "pass"))
            for url in ("http://app.example/", "https://app.example/"):
                error = self.raises(glc.AuthenticationError, glc.Client, url, proxy=proxy.url, timeout=DEADLINE)
                self.assertIn(f"the proxy {proxy.url} (set by proxy=)", str(error))

    def test_faults_of_a_proxy_name_it_and_where_it_was_set(self) -> None:
        self.resolve()
        silent = self.raw(lambda sock: silent.closed.wait(DEADLINE))
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            dead = f"http://127.0.0.1:{sock.getsockname()[1]}"
            for name, proxy, scheme, words in (
                ("dead", dead, "http", "Could not talk to the proxy {}: "),
                ("dead", dead, "https", "Could not talk to the proxy {}: "),
                ("unknown", "http://no.such.proxy:3128", "http", "The host name in the proxy {} cannot be resolved: "),
                ("silent", silent.url, "https", "the proxy {} sent nothing for the time that Client(timeout=…) allows"),
                ("silent", silent.url, "http", "http://app.example through the proxy {} sent nothing for the time"),
            ):
                for source in ("proxy=", f"{scheme}_proxy", "ALL_PROXY"):
                    with self.subTest(name, scheme=scheme, source=source):
                        given = {"proxy": proxy} if source == "proxy=" else {"trust_env": True}
                        with mock.patch.dict(os.environ, {} if source == "proxy=" else {source: proxy}):
                            http = self.http(timeout=100 * MS if name == "silent" else DEADLINE, **given)
                            with self.assertRaises(glc.ConnectionFailed) as caught:
                                self.get(http, f"{scheme}://app.example/")
                        self.assertIn(words.format(f"{proxy} (set by {source})"), str(caught.exception))
                        self.assertNotIn("Is the app running", str(caught.exception))

    def test_proxies_that_are_none(self) -> None:
        self.resolve()
        for url in ("http://:3128", "host:99999", "http://", "socks5://user:secret@127.0.0.1:1", "https://127.0.0.1:1"):
            for source in ("proxy=", "HTTP_PROXY", "all_proxy"):
                with self.subTest(url, source=source):
                    given: dict[str, Any] = {"proxy": url} if source == "proxy=" else {"trust_env": True}
                    with mock.patch.dict(os.environ, {} if source == "proxy=" else {source: url}):
                        error = self.raises(glc.ConnectionFailed, self.get, self.http(**given), "http://app.example/")
                    named = glc.shown(url if "://" in url else f"http://{url}")
                    self.assertIn(f"{source} names {named!r} as the proxy: ", str(error))
                    self.assertNotIn("secret", str(error))

    def test_a_proxy_that_cannot_reach_the_server(self) -> None:
        self.resolve()
        with ProxyServer(hosts={"app.example": "127.0.0.1:1"}) as proxy:
            http = self.http(proxy=proxy.url)
            error = self.raises(glc.ConnectionFailed, self.get, http, "https://app.example/")
            text = f"The tunnel to app.example:443 was refused by the proxy {proxy.url} (set by proxy=): 502"
            self.assertIn(text, str(error))
            self.assertEqual(error.status, 502)

    def test_a_proxy_that_is_none_does_not_matter_where_none_is_used(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", "ok")
            self.assertEqual(self.get(self.http(proxy="socks5://127.0.0.1:1080"), server.url), (200, b"ok"))

    def test_loopback_needs_none(self) -> None:
        self.resolve()
        with self.serve() as server:
            server.on("GET", "/", "ok")
            proxy = self.proxy(server)
            self.patch_environ(http_proxy=proxy.url, HTTP_PROXY=proxy.url, all_proxy=proxy.url)
            for options in ({"proxy": proxy.url}, {"trust_env": True}):
                for host in ("127.0.0.1", "localhost"):
                    self.assertEqual(self.get(self.http(**options), f"http://{host}:{server.port}/"), (200, b"ok"))
            self.assertEqual(proxy.requests, [])

    def test_environment(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", "ok")
            proxy = self.proxy(server)
            for name in ("http_proxy", "all_proxy"):
                with self.subTest(name), mock.patch.dict(os.environ, {"http_proxy": "", name: proxy.url}):
                    before = len(proxy.requests)
                    self.assertEqual(self.get(self.http(trust_env=True), "http://app.example/"), (200, b"ok"))
                    self.assertEqual(len(proxy.requests), before + 1)
                    error = self.raises(glc.ConnectionFailed, self.get, self.http(), "http://app.example/")
                    self.assertIn("cannot be resolved", str(error))

    def test_environment_for_https(self) -> None:
        with self.serve(tls=True) as server:
            server.on("GET", "/", "ok")
            proxy = self.proxy(server)
            for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
                with self.subTest(name), mock.patch.dict(os.environ, {name: proxy.url}):
                    before = len(proxy.tunnels)
                    http = self.http(trust_env=True, ssl_verify=CA_FILE)
                    self.assertEqual(self.get(http, "https://app.hf.space/"), (200, b"ok"))
                    self.assertEqual(proxy.tunnels[before:], ["app.hf.space:443"])
            for name, url in (("https_proxy", "http://app.example/"), ("http_proxy", "https://app.hf.space/")):
                with self.subTest(name, url=url), mock.patch.dict(os.environ, {name: proxy.url}):
                    error = self.raises(glc.ConnectionFailed, self.get, self.http(trust_env=True), url)
                    self.assertIn("cannot be resolved", str(error))

    def test_no_proxy(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", "direct")
            proxy = self.proxy(server)
            self.resolve(app_example="127.0.0.1")
            url = f"http://app.example:{server.port}/"
            for listed, direct in (
                ("app.example", True),
                (".example", True),
                ("other.example", False),
                ("*", True),
                (f"app.example:{server.port}", True),
                ("app.example:1", False),
                ("", False),
            ):
                with self.subTest(listed), mock.patch.dict(os.environ, {"http_proxy": proxy.url, "no_proxy": listed}):
                    before = len(proxy.requests)
                    self.assertEqual(self.get(self.http(trust_env=True), url), (200, b"direct"))
                    self.assertEqual(len(proxy.requests) == before, direct)


class TlsTest(HttpCase):
    def setUp(self) -> None:
        super().setUp()
        names = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        self.patch_environ(**dict.fromkeys(names))
        self.server = self.enter(ScriptedServer(tls=True))
        self.server.on("GET", "/", "ok")

    def test_ways_to_trust(self) -> None:
        ssl = needs_module("ssl")
        for verify in (CA_FILE, Path(CA_FILE), False, ssl.create_default_context(cafile=CA_FILE)):
            with self.subTest(verify):
                self.assertEqual(self.get(self.http(ssl_verify=verify), self.server.url), (200, b"ok"))

    def ca_folder(self) -> str:
        """A folder in which OpenSSL finds our CA: by the hash of its name."""
        needs("the openssl command", shutil.which("openssl"))
        command = ["openssl", "x509", "-hash", "-noout", "-in", CA_FILE]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=DEADLINE)
        folder = self.folder()
        shutil.copy(CA_FILE, folder / f"{done.stdout.decode().strip()}.0")
        return str(folder)

    def test_a_folder_of_certificates(self) -> None:
        self.assertEqual(self.get(self.http(ssl_verify=self.ca_folder()), self.server.url), (200, b"ok"))

    def test_a_folder_of_certificates_in_the_environment(self) -> None:
        folder = self.ca_folder()
        for name in ("SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            with self.subTest(name):
                self.raises(glc.ConnectionFailed, self.get, self.http(trust_env=True), self.server.url)
                with mock.patch.dict(os.environ, {name: folder}):
                    self.assertEqual(self.get(self.http(trust_env=True), self.server.url), (200, b"ok"))
                    self.raises(glc.ConnectionFailed, self.get, self.http(), self.server.url)

    def test_what_is_spoken_is_agreed_on(self) -> None:
        """Servers that could speak HTTP/2 may not wait to see what comes."""
        ssl = needs_module("ssl")
        spoken: queue.Queue[Any] = queue.Queue()
        settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        settings.load_cert_chain(str(CERTS / "server.pem"))
        settings.set_alpn_protocols(["h2", "http/1.1"])

        def talk(sock: socket.socket) -> None:
            with settings.wrap_socket(sock, server_side=True) as secure:
                spoken.put(secure.selected_alpn_protocol())

        with RawServer(talk) as server:
            self.raises(glc.ConnectionFailed, self.get, self.http(ssl_verify=CA_FILE), f"https://{server.url[7:]}")
        self.assertEqual(spoken.get(timeout=DEADLINE), "http/1.1")

    def test_a_server_that_wants_a_certificate(self) -> None:
        ssl = needs_module("ssl")
        settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        settings.load_cert_chain(str(CERTS / "server.pem"))
        settings.load_verify_locations(CA_FILE)
        settings.verify_mode = ssl.CERT_REQUIRED
        settings.maximum_version = ssl.TLSVersion.TLSv1_2  # with 1.3, it is told later, as the end of the connection

        def talk(sock: socket.socket) -> None:
            with contextlib.suppress(OSError):
                settings.wrap_socket(sock, server_side=True).close()

        with RawServer(talk) as server:
            error = self.raises(
                glc.ConnectionFailed, self.get, self.http(ssl_verify=CA_FILE), f"https://{server.url[7:]}"
            )
            self.assertIn("It may want a client certificate", str(error))

    def test_an_unknown_authority_is_refused_with_advice(self) -> None:
        error = self.raises(glc.ConnectionFailed, self.get, self.http(), self.server.url)
        self.assertIn(f"The TLS certificate of {self.server.url} was refused: ", str(error))
        self.assertIn("SSL_CERT_FILE", str(error))
        self.assertIn("ssl_verify", str(error))
        self.assertEqual(self.server.requests, [])

    def test_another_host_name_is_refused(self) -> None:
        self.resolve(app_example="127.0.0.1")
        url = f"https://app.example:{self.server.port}/"
        error = self.raises(glc.ConnectionFailed, self.get, self.http(ssl_verify=CA_FILE), url)
        self.assertIn("certificate is not valid for", str(error))
        self.assertNotIn("SSL_CERT_FILE", str(error))
        self.assertEqual(self.get(self.http(ssl_verify=False), url), (200, b"ok"))

    def test_an_expired_one_is_refused(self) -> None:
        with mock.patch("testing.fake.CERTIFICATE", str(CERTS / "expired.pem")):
            server = self.serve(tls=True)
        http = self.http(ssl_verify=str(CERTS / "expired.pem"))
        error = self.raises(glc.ConnectionFailed, self.get, http, server.url)
        self.assertIn(f"The TLS certificate of {server.url} was refused: certificate has expired. ssl_", str(error))
        self.assertNotIn("SSL_CERT_FILE", str(error))

    def test_environment(self) -> None:
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            with self.subTest(name), mock.patch.dict(os.environ, {name: CA_FILE}):
                self.assertEqual(self.get(self.http(trust_env=True), self.server.url), (200, b"ok"))
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            with self.subTest(name, trust_env=False), mock.patch.dict(os.environ, {name: CA_FILE}):
                self.raises(glc.ConnectionFailed, self.get, self.http(), self.server.url)

    def test_a_bundle_replaces_what_the_system_trusts(self) -> None:
        other = str(CERTS / "expired.pem")
        with mock.patch.dict(os.environ, {"SSL_CERT_FILE": CA_FILE, "REQUESTS_CA_BUNDLE": other}):
            self.raises(glc.ConnectionFailed, self.get, self.http(trust_env=True), self.server.url)
        with mock.patch.dict(os.environ, {"REQUESTS_CA_BUNDLE": CA_FILE, "CURL_CA_BUNDLE": other}):
            self.assertEqual(self.get(self.http(trust_env=True), self.server.url), (200, b"ok"))

    def test_without_trust_in_the_environment_no_variable_counts(self) -> None:
        """Not even where the system has no CAs of its own, and OpenSSL would ask for those of the variables."""
        import ssl

        paths = ssl.get_default_verify_paths()._replace(openssl_cafile="/no/file", openssl_capath="/no/folder")
        with mock.patch.object(ssl, "get_default_verify_paths", lambda: paths):
            for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
                with self.subTest(name), mock.patch.dict(os.environ, {name: CA_FILE}):
                    self.raises(glc.ConnectionFailed, self.get, self.http(), self.server.url)

    def test_certificates_that_cannot_be_read(self) -> None:
        """Each names itself, and where it was set."""
        empty = self.folder() / "empty.pem"
        empty.write_text("no certificate\n")
        for path in ("/no/such/file", str(empty)):
            for name in ("ssl_verify=", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
                with self.subTest(name, path=path):
                    options: dict[str, Any] = {"ssl_verify": path} if name == "ssl_verify=" else {"trust_env": True}
                    with mock.patch.dict(os.environ, {} if name == "ssl_verify=" else {name: path}):
                        error = self.raises(ValueError, self.get, self.http(**options), self.server.url)
                    self.assertIn(f"No certificates can be read from {path}, which {name} names: ", str(error))

    def test_plain_http_on_a_tls_port_and_the_reverse(self) -> None:
        plain = self.serve()

        def talk(sock: socket.socket) -> None:
            sock.recv(1 << 16)
            sock.sendall(http_reply(status="400 Bad Request"))  # as uvicorn says to what is no HTTP

        chatty = self.raw(talk).url
        for url, words in (
            (self.server.url.replace("https", "http"), "Perhaps it speaks https there, and not http."),
            (plain.url.replace("http", "https"), "Perhaps it speaks http there, and not https."),
            (chatty.replace("http", "https"), "Perhaps it speaks http there, and not https."),
        ):
            error = self.raises(glc.ConnectionFailed, self.get, self.http(ssl_verify=CA_FILE), url)
            self.assertIn(words, str(error))

    def test_a_truncated_answer(self) -> None:
        def talk(sock: socket.socket) -> None:
            receive_head(sock)
            sock.sendall(http_reply(b"half", "Content-Length: 100"))

        server = self.raw(talk, tls=True)
        self.raises(glc.ConnectionLost, self.get, self.http(ssl_verify=CA_FILE), server.url)

    def test_keep_alive(self) -> None:
        http = self.http(ssl_verify=CA_FILE)
        for _ in range(3):
            self.get(http, self.server.url)
        self.assertEqual(self.server.connections, 1)

    def test_two_connections_at_once(self) -> None:
        http = self.http(ssl_verify=CA_FILE)
        with http.request("GET", self.server.url) as one:
            self.assertEqual(self.get(http, self.server.url), (200, b"ok"))
            self.assertEqual(one.read(), b"ok")
        self.assertEqual(self.server.connections, 2)

    def test_an_answer_during_a_large_upload_is_heard(self) -> None:
        self.server.on("POST", "/", Reply(413, (), "File too large"), read_body=False)
        answer = self.get(self.http(ssl_verify=CA_FILE), self.server.url, "POST", bytes(30_000_000))
        self.assertEqual(answer, (413, b"File too large"))

    def test_abort_while_nothing_comes(self) -> None:
        self.server.on("GET", "/stream", Stream)
        abort = glc.Abort()
        with self.http(ssl_verify=CA_FILE).request("GET", self.server.url + "/stream", abort=abort) as response:
            stream = self.server.next_stream()
            stream.raw(b"begin")
            chunks = response.chunks()
            self.assertEqual(next(chunks), b"begin")
            waiting = Running(next, chunks)
            abort()
            self.raises(glc.ConnectionLost, waiting.result)

    def test_abort_does_not_end_the_encryption(self) -> None:
        """As the TLS socket's own shutdown() does: a thread that is just sending would go on in the clear."""
        with self.http(ssl_verify=CA_FILE).request("GET", self.server.url) as response:
            with mock.patch.object(socket.socket, "shutdown"):  # as if that thread were a moment faster
                response.connection.abort()
            response.connection.sendall(b"GET /sent HTTP/1.1\r\n\r\n")
            self.server.wait_for("GET", "/sent")  # which it could decrypt

    def test_a_body_that_is_cut_where_its_end_cannot_be_seen(self) -> None:
        """Without a length, its end is the end of TLS, which says so; the end of the connection below can be forged."""

        def talk(sock: Any) -> None:
            receive_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nhalf of it")
            if proper:
                sock.unwrap()

        for proper in (True, False):
            with self.subTest(proper=proper):
                server = self.raw(talk, tls=True)
                http = self.http(ssl_verify=CA_FILE)
                if proper:
                    self.assertEqual(self.get(http, server.url), (200, b"half of it"))
                else:
                    self.raises(glc.ConnectionLost, self.get, http, server.url)

    def test_a_python_without_ssl(self) -> None:
        self.patch(builtins, "__import__", without_ssl(builtins.__import__))
        plain = self.serve()
        plain.on("GET", "/", "ok")
        http = self.http()
        self.assertEqual(self.get(http, plain.url), (200, b"ok"))
        error = self.raises(glc.ConnectionFailed, self.get, http, self.server.url)
        self.assertIn("https needs Python's ssl module", str(error))

    def test_the_module_imports_and_works_without_ssl(self) -> None:
        with StandIn() as app:
            code = (
                "import sys; sys.modules['ssl'] = sys.modules['_ssl'] = None\n"
                "import gradio_lite_client as glc\n"
                f"with glc.Client({app.url!r}) as client: print(client.predict(1, 2, api_name='/add'))"
            )
            done = subprocess.run([sys.executable, "-c", code], cwd=HERE, capture_output=True, timeout=DEADLINE)
        self.assertEqual((done.stdout.decode().strip(), done.stderr.decode()), ("3", ""))


def without_ssl(known: Callable[..., Any]) -> Callable[..., Any]:
    def import_module(name: str, *args: Any, **keywords: Any) -> Any:
        if name == "ssl":
            raise ImportError("No module named 'ssl'")
        return known(name, *args, **keywords)

    return import_module


class WebSocketTest(HttpCase):
    def talk(self, script: Callable[..., object], **options: Any) -> glc.WebSocket:
        server = self.serve()
        server.on("GET", "/ws", Upgrade(script))
        web_socket: glc.WebSocket = glc.WebSocket(self.http(), server.url + "/ws", options, glc.Abort())
        return web_socket

    def test_messages_both_ways(self) -> None:
        got = []

        def script(peer: Any, request: Any) -> None:
            got.append(request.headers["x-a"])
            peer.send({"n": 1})
            got.append(peer.receive())
            peer.close(1000)
            got.append((peer.receive(), peer.close_code))

        with self.talk(script, **{"X-A": "1"}) as web_socket:
            messages = iter(web_socket)
            self.assertEqual(json.loads(next(messages)), {"n": 1})
            web_socket.send(json.dumps("answer ü"))
            self.assertEqual(list(messages), [])
        wait_until(lambda: len(got) == 3)
        self.assertEqual(got, ["1", "answer ü", (None, 1000)])

    def test_pings_fragments_and_large_messages(self) -> None:
        got = []

        def script(peer: Any, request: Any) -> None:
            peer.frame(glc.PING, b"are you there")
            got.append(peer.read_frame())
            peer.frame(glc.TEXT, "ä".encode()[:1], fin=False)
            peer.frame(glc.PONG)
            peer.frame(glc.CONTINUATION, "ä".encode()[1:] + b"b", fin=True)
            for size in (125, 126, 65535, 65536, 300_000):
                peer.frame(glc.TEXT, b"x" * size)
            got.append(peer.receive())
            peer.close()
            peer.receive()

        with self.talk(script) as web_socket:
            messages = iter(web_socket)
            self.assertEqual(next(messages), "äb")
            self.assertEqual([len(next(messages)) for _ in range(5)], [125, 126, 65535, 65536, 300_000])
            web_socket.send(json.dumps("y" * 200_000))
            self.assertEqual(list(messages), [])
        self.assertEqual(got, [(glc.PONG, True, b"are you there"), "y" * 200_000])

    def test_the_closing_handshake_ends_the_conversation(self) -> None:
        """Even if the server then keeps the connection open."""
        self.patch(glc, "CLOSING_SECONDS", 3 * DEADLINE)
        over = threading.Event()
        seen = []

        def script(peer: Any, request: Any) -> None:
            peer.receive()
            peer.close()
            seen.append(over.wait(DEADLINE))

        with self.talk(script):
            pass
        over.set()
        wait_until(lambda: seen)
        self.assertEqual(seen, [True])

    def test_an_end_without_a_close_frame(self) -> None:
        with self.talk(lambda peer, request: peer.send("last")) as web_socket:
            messages = iter(web_socket)
            self.assertEqual(next(messages), '"last"')
            error = self.raises(glc.ConnectionLost, next, messages)
            self.assertIn("broke off its answer: it closed the connection", str(error))

    def test_a_reset(self) -> None:
        def script(peer: Any, request: Any) -> None:
            peer.send("last")
            peer.receive()
            reset(peer._sock)

        with self.talk(script) as web_socket:
            messages = iter(web_socket)
            self.assertEqual(next(messages), '"last"')
            web_socket.send("1")
            error = self.raises(glc.ConnectionLost, next, messages)
            self.assertIn("broke off its answer", str(error))

    def test_half_a_frame(self) -> None:
        with self.talk(lambda peer, request: peer._sock.sendall(b"\x81\x05Hel")) as web_socket:
            self.raises(glc.ConnectionLost, list, web_socket)

    def test_rules_that_servers_break(self) -> None:
        for name, frames in (
            ("a continuation of nothing", [(glc.CONTINUATION, b"x", True)]),
            ("two beginnings", [(glc.TEXT, b"x", False), (glc.TEXT, b"y", True)]),
        ):

            def script(peer: Any, request: Any, frames: Any = frames) -> None:
                for frame in frames:
                    peer.frame(*frame)
                peer.receive()

            with self.subTest(name), self.talk(script) as web_socket:
                self.raises(glc.ProtocolError, list, web_socket)

    def test_a_message_without_end(self) -> None:
        self.patch(glc, "MAX_EVENT_BYTES", 1000)

        def script(peer: Any, request: Any) -> None:
            peer.frame(glc.TEXT, b"x" * 400, fin=False)
            for _ in range(3):
                peer.frame(glc.CONTINUATION, b"x" * 400, fin=False)
            peer.receive()

        with self.talk(script) as web_socket:
            self.raises(glc.ProtocolError, list, web_socket)

    def test_a_handshake_that_is_refused(self) -> None:
        with self.serve() as server:
            server.on("GET", "/ws", Reply(403))
            self.raises(glc.AuthenticationError, glc.WebSocket, self.http(), server.url + "/ws", {}, glc.Abort())

    def test_a_handshake_with_a_wrong_key(self) -> None:
        upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: wrong", "Content-Length: 0")
        url = self.answering(http_reply(b"", *upgrade, status="101 Switching Protocols"))
        error = self.raises(glc.ProtocolError, glc.WebSocket, self.http(), url, {}, glc.Abort())
        self.assertIn("does not speak WebSocket", str(error))

    def test_frames_in_the_packet_of_the_handshake(self) -> None:
        def talk(sock: socket.socket) -> None:
            head = receive_head(sock).decode()
            key = re.search(r"(?i)Sec-WebSocket-Key: (\S+)", head)[1]  # type: ignore[index]
            upgrade = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept_key(key)}")
            answer = "\r\n".join(["HTTP/1.1 101 Switching Protocols", *upgrade, "", ""]).encode()
            sock.sendall(answer + b"\x81\x02hi\x88\x02\x03\xe8")
            sock.recv(100)

        server = self.raw(talk)
        with glc.WebSocket(self.http(), server.url, {}, glc.Abort()) as web_socket:
            self.assertEqual(list(web_socket), ["hi"])

    def test_abort(self) -> None:
        server = self.serve()
        server.on("GET", "/ws", Upgrade(lambda peer, request: peer.receive()))
        abort = glc.Abort()
        with glc.WebSocket(self.http(), server.url + "/ws", {}, abort) as web_socket:
            waiting = Running(list, web_socket)
            abort()
            self.raises(glc.ConnectionLost, waiting.result)


# === Hub ==============================================================================================================


# Tested by a stand-in for the Hub, testing/hub.py.

from testing.hub import ANONYMOUS, OTHER, PAGE, POOR, READ, WRITE, WRONG_TOKEN, FakeHub, guard  # noqa: E402

HUB_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HOME", "XDG_CACHE_HOME", "HF_ENDPOINT")
HUB_FLAGS = ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_IMPLICIT_TOKEN")
SPACE = "gradio/calculator"
INFO = f"GET /api/spaces/{SPACE}"


class HubCase(HttpCase):
    def setUp(self) -> None:
        super().setUp()
        self.home = self.folder()
        self.patch_environ(**dict.fromkeys(HUB_VARIABLES + HUB_FLAGS))
        self.patch_environ(HF_HOME=str(self.home))
        self.patch(glc, "SPACE_POLL_SECONDS", 10 * MS)

    def app(self, *args: Any, **options: Any) -> StandIn:
        app: StandIn = self.enter(StandIn(*args, **options))
        return app

    def hub(self, app_url: str = "", **options: Any) -> FakeHub:
        """A Hub, which HF_ENDPOINT names from now on."""
        hub: FakeHub = self.enter(FakeHub(app_url, **options))
        self.patch_environ(HF_ENDPOINT=hub.url)
        return hub

    def connect(self, src: str = SPACE, *args: Any, **options: Any) -> glc.Client:
        client = glc.Client(src, *args, **{"download_files": self.home, "timeout": DEADLINE, **options})
        self.addCleanup(client.close)
        return client

    def fails(self, kind: type, src: str = SPACE, *args: Any, **options: Any) -> Any:
        """The error that connecting raises, by now without the sockets that its traceback knows."""
        return self.raises(kind, self.connect, src, *args, **options).with_traceback(None)

    def seen(self, server: ScriptedServer, start: int = 0) -> list[str]:
        """Method and path of what arrived, but for heartbeats, which come when they like."""
        seen = (request for request in server.requests[start:] if "/heartbeat/" not in request.path)
        return [f"{request.method} {request.path}" for request in seen]

    def contacted(self) -> set[tuple[str, int]]:
        """The hosts and ports that anything at all resolves or connects to, until the end of the test."""
        found: set[tuple[str, int]] = set()

        def note(event: str, args: tuple[Any, ...]) -> None:
            if event in ("socket.connect", "socket.getaddrinfo") and not ended:
                host, port = args[1][:2] if event == "socket.connect" else args[:2]
                found.add((str(host), int(port)))

        ended: list[bool] = []
        self.addCleanup(ended.append, True)  # the hook itself cannot be removed
        sys.addaudithook(note)
        return found

    def opened(self) -> list[str]:
        """The names of the files that are opened from now on."""
        found: list[str] = []
        known = builtins.open

        def spy(path: Any, *args: Any, **keywords: Any) -> Any:
            found.append(str(path))
            return known(path, *args, **keywords)

        self.patch(builtins, "open", spy)
        return found

    def tokens(self, server: ScriptedServer, start: int = 0) -> set[str | None]:
        return {request.headers.get("x-hf-authorization") for request in server.requests[start:]}

    def use_everything(self, src: str, version: str, **options: Any) -> None:
        """Connect with a login and make requests of every kind; what arrived is for the caller to see."""
        client = self.connect(src, auth=("ada", "pass"), **options)
        client.view_api(print_info=False)
        self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
        self.assertEqual(client.predict(1, b=2, api_name="/add"), 3)
        self.assertEqual(client.predict("x", api_name="/quick"), "quick x")  # not queued
        copied = client.predict(glc.handle_file(b"content", "a.txt"), api_name="/copy_file")
        self.assertEqual(Path(copied).read_bytes(), b"content")
        if not options.get("skip_queue"):
            job = client.submit(20, 10 * MS, "steps", api_name="/steps")
            next(iter(job))
            other = client.submit(0, "other", api_name="/sleep")  # waits for the same worker
            wait_until(lambda: other.done() or not other.status().code < glc.Status.IN_QUEUE)
            job.cancel()
            other.result(DEADLINE)
        client.reset_session()
        client.predict(1, 2, api_name="/add")
        client.close()


class SpaceAddressTest(HubCase):
    def test_what_names_a_space(self) -> None:
        self.patch_environ(HF_ENDPOINT="https://hub.example/")
        for src, expected in (
            ("gradio/calculator", SPACE),
            ("Some-Org/My_App.v2", "Some-Org/My_App.v2"),
            ("https://huggingface.co/spaces/gradio/calculator", SPACE),
            ("http://huggingface.co/spaces/gradio/calculator/", SPACE),
            ("https://hf.co/spaces/gradio/calculator?logs=build", SPACE),
            ("https://huggingface.co/spaces/gradio/calculator/blob/main/app.py", SPACE),
            ("https://hub.example/spaces/gradio/calculator", SPACE),
            ("http://127.0.0.1:7860", None),
            ("127.0.0.1:7860", None),
            ("127.0.0.1/app", None),
            ("localhost/app", None),
            ("http://localhost/spaces/u/n", None),
            ("https://gradio-calculator.hf.space", None),
            ("https://huggingface.co.evil.example/spaces/u/n", None),
            ("https://evil.example/https://huggingface.co/spaces/u/n", None),
            ("https://huggingface.co/u/n", None),
            ("https://huggingface.co/spaces/u", None),
            ("u/n/x", None),
            ("u", None),
            ("u/n?x", None),
            ("../n", None),
        ):
            with self.subTest(src):
                self.assertEqual(glc.space_in(src), expected)

    def test_each_way_to_name_it_is_one_question(self) -> None:
        app = self.app()
        hub = self.hub(app.url)
        hub.add(SPACE)
        for src in (SPACE, f" {SPACE} ", f"https://huggingface.co/spaces/{SPACE}", f"{hub.url}/spaces/{SPACE}"):
            for endpoint in (hub.url, hub.url + "/"):
                with self.subTest(src, endpoint=endpoint):
                    self.patch_environ(HF_ENDPOINT=endpoint)
                    hub_start, app_start = len(hub.requests), len(app.requests)
                    client = self.connect(src)
                    self.assertEqual(client.src, app.url)
                    self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
                    self.assertEqual(self.seen(hub, hub_start), [INFO])
                    self.assertEqual(self.seen(app, app_start)[0], "GET /config")

    def test_a_login_in_the_endpoint_is_not_shown(self) -> None:
        hub = self.hub()
        hub.add(SPACE, "PAUSED")
        hub.add("ada/hostless", host=None)
        with self.serve() as broken:
            for server, src, kind in (
                (hub, SPACE, glc.SpaceError),
                (hub, "ada/hostless", glc.SpaceError),
                (broken, SPACE, glc.SpaceError),
                (broken, "ada/odd", glc.ProtocolError),
            ):
                broken.on("GET", "/api/spaces/ada/odd", "no JSON")
                self.patch_environ(HF_ENDPOINT=server.url.replace("://", "://ada:s3cret@"))
                error = self.fails(kind, src)
                self.assertNotIn("s3cret", f"{error} {error.url}")
                self.assertIn(server.url.partition("://")[2], str(error.url))
            self.patch_environ(HF_HUB_OFFLINE="1")
            error = self.fails(glc.ConnectionFailed)
            self.assertNotIn("s3cret", f"{error} {error.url}")

    def test_host_with_a_slash(self) -> None:
        app = self.app()
        self.hub(app.url + "/").add(SPACE)
        self.assertEqual(self.connect().src, app.url)

    def test_renamed_and_misspelt_ones_are_followed(self) -> None:
        app = self.app()
        hub = self.hub(app.url)
        hub.add("old/name")
        hub.rename("old/name", SPACE)
        for src in ("old/name", "Gradio/Calculator"):
            start = len(hub.requests)
            self.assertEqual(self.connect(src, WRITE).src, app.url)
            self.assertEqual(self.seen(hub, start), [f"GET /api/spaces/{src}", INFO])
            self.assertEqual(hub.requests[-1].headers["authorization"], f"Bearer {WRITE}")

    def test_the_hub_is_not_followed_to_another_host(self) -> None:
        other = self.serve()
        for location in (other.url + f"/api/spaces/{SPACE}", f"//{other.host}/x"):
            hub = self.hub()
            hub.on("GET", f"/api/spaces/{SPACE}", Reply(307, {"Location": location}))
            error = self.fails(glc.AuthenticationError, SPACE, WRITE)
            self.assertIn("use that address", str(error))
        self.assertEqual(other.requests, [])

    def test_the_url_of_an_app_contacts_nothing_but_the_app(self) -> None:
        hub = self.hub()
        (self.home / "token").write_text(WRITE)
        contacted, opened = self.contacted(), self.opened()
        for version in ("3.50.2", "4.8.0", "4.44.1", "6.31.0"):
            for skip_queue in (False, True):
                with self.subTest(version, skip_queue=skip_queue):
                    app = self.app(version=version, auth=("ada", "pass"))
                    contacted.clear()
                    self.use_everything(app.url, version, skip_queue=skip_queue)
                    self.assertEqual(contacted, {("127.0.0.1", app.port)})
                    self.assertNotIn(str(self.home / "token"), opened)
                    self.assertEqual(self.tokens(app), {None})
        self.assertEqual(hub.requests, [])

    def test_a_space_contacts_nothing_but_the_hub_and_the_app(self) -> None:
        self.patch_environ(HF_TOKEN=READ)
        contacted = self.contacted()
        for version in ("3.50.2", "4.8.0", "4.44.1", "6.31.0"):
            for skip_queue in (False, True):
                with self.subTest(version, skip_queue=skip_queue):
                    app = self.app(version=version, auth=("ada", "pass"))
                    hub = self.hub(app.url)
                    hub.add(SPACE, "SLEEPING", "RUNNING")
                    contacted.clear()
                    self.use_everything(SPACE, version, skip_queue=skip_queue)
                    self.assertEqual(contacted, {("127.0.0.1", hub.port), ("127.0.0.1", app.port)})
                    self.assertEqual(set(self.seen(hub)), {INFO})

    def test_offline_is_for_the_hub_only(self) -> None:
        app = self.app()
        hub = self.hub(app.url)
        hub.add(SPACE)
        for value in ("1", "on", "Yes", "TRUE"):
            self.patch_environ(HF_HUB_OFFLINE=value)
            self.assertIn("HF_HUB_OFFLINE is set", str(self.fails(glc.ConnectionFailed)))
            error = self.raises(glc.ConnectionFailed, glc.Client.duplicate, SPACE, token=WRITE)
            self.assertIn("HF_HUB_OFFLINE is set", str(error))
            self.assertEqual(self.connect(app.url).src, app.url)
        self.assertEqual(hub.requests, [])
        self.patch_environ(HF_HUB_OFFLINE="0")
        self.assertEqual(self.connect().src, app.url)


class SpaceLifeTest(HubCase):
    def told(self, *args: Any, **options: Any) -> list[str]:
        """What the logger is told while connecting."""
        with self.assertLogs(glc.logger, "INFO") as log:
            self.connect(*args, **options)
        return [record.getMessage() for record in log.records]

    def waiting_for(self, *stages: str) -> list[str]:
        return [f"The Space {SPACE} is {stage}; waiting for it." for stage in stages]

    def test_a_sleeping_one_is_visited_once_and_waited_for(self) -> None:
        for stage in ("SLEEPING", "STOPPED"):
            with self.subTest(stage):
                app = self.app()
                reads: list[int] = []

                def state(app: StandIn = app, stage: str = stage, reads: list[int] = reads) -> str:
                    reads.append(len(app.requests))
                    return "RUNNING" if len(reads) > 4 else stage

                guard(app, awake=lambda: len(reads) > 4)
                hub = self.hub(app.url)
                hub.add(SPACE, state)
                told = self.told()
                self.assertEqual(told, [*self.waiting_for(stage.lower()), f"Loaded as API: {app.url}"])
                self.assertEqual(reads, [0, 1, 1, 1, 1])
                self.assertEqual(self.seen(app), ["GET /", "GET /config"])
                self.assertEqual(self.seen(hub), [INFO] * 5)

    def test_one_that_is_being_built_is_waited_for(self) -> None:
        app = self.app()
        hub = self.hub(app.url)
        stages = ("BUILDING", "BUILDING", "APP_STARTING", "APP_STARTING", "RUNNING")
        hub.add(SPACE, *stages)
        told = self.told()
        self.assertEqual(told[:-1], self.waiting_for("building", "app starting"))
        self.assertEqual(self.seen(hub), [INFO] * 5)
        self.assertEqual(self.seen(app), ["GET /config"])
        hub.add(SPACE, *stages)
        with mock.patch("sys.stdout", io.StringIO()) as out:
            self.connect(verbose=True)
        self.assertEqual(out.getvalue().splitlines(), told)
        hub.add(SPACE, *stages)
        with mock.patch("sys.stdout", io.StringIO()) as out:
            self.connect()
        self.assertEqual(out.getvalue(), "")

    def test_stages_that_need_no_waiting(self) -> None:
        app = self.app()
        hub = self.hub(app.url)
        for stage in ("RUNNING", "RUNNING_BUILDING", "RUNNING_APP_STARTING", "INVENTED_TOMORROW"):
            hub.add(SPACE, stage)
            self.assertEqual(self.told(), [f"Loaded as API: {app.url}"])
        for info in ({"host": app.url}, {"host": app.url, "runtime": None}, {"host": app.url, "runtime": {}}):
            hub.on("GET", f"/api/spaces/{SPACE}", {"id": SPACE, **info})
            self.assertEqual(self.told(), [f"Loaded as API: {app.url}"])

    def test_what_does_not_run_says_so_and_where_to_look(self) -> None:
        app = self.app()
        hub = self.hub(app.url)
        for before in ((), ("BUILDING",), ("SLEEPING", "BUILDING", "APP_STARTING")):
            for stage in (
                "PAUSED",
                "NO_APP_FILE",
                "CONFIG_ERROR",
                "BUILD_ERROR",
                "RUNTIME_ERROR",
                "DELETING",
            ):
                with self.subTest(stage, before=before):
                    hub.add(SPACE, *before, stage)
                    error = self.fails(glc.SpaceError)
                    text = f"The Space {SPACE} does not run ({stage}): see {hub.url}/spaces/{SPACE}."
                    self.assertEqual(str(error), text)
                    self.assertEqual(error.stage, stage)
        self.assertLessEqual(set(self.seen(app)), {"GET /"})  # never taken for a running app

    def test_no_host(self) -> None:
        hub = self.hub()
        hub.add(SPACE, host=None)
        self.assertIn("the Hub names no host for it", str(self.fails(glc.SpaceError)))
        for answer in (
            {"id": SPACE, "host": ""},
            {"id": SPACE, "host": 1},
            {"id": SPACE, "host": "x.hf.space"},
            [],
            {},
        ):
            hub.on("GET", f"/api/spaces/{SPACE}", answer)
            self.assertIn("the Hub names no host for it", str(self.fails(glc.SpaceError)))

    def test_waiting_has_a_deadline(self) -> None:
        self.patch(glc, "SPACE_START_SECONDS", 30 * MS)
        app = self.app()
        hub = self.hub(app.url)
        for stage in ("BUILDING", "SLEEPING"):
            hub.add(SPACE, stage)
            error = self.fails(glc.TimedOut)
            self.assertIn(f"The Space {SPACE} is still {stage} after", str(error))
            self.assertEqual(error.url, app.url)
        self.assertLess(len(hub.requests), 50)

    def test_ctrl_c_ends_the_wait(self) -> None:
        needs("signals for threads", hasattr(signal, "pthread_kill"))
        self.patch(glc, "SPACE_POLL_SECONDS", 2 * DEADLINE)
        self.hub("http://127.0.0.1:9").add(SPACE, "BUILDING")
        main = threading.main_thread().ident or 0

        def is_waiting() -> bool:
            frame = sys._current_frames().get(main)
            names = [entry.name for entry in traceback.extract_stack(frame)]
            return names[-2:] == ["wait", "wait"] and "start_space" in names

        def interrupt() -> None:
            wait_until(is_waiting)
            signal.pthread_kill(main, signal.SIGINT)

        other = Running(interrupt)
        with self.assertRaises(KeyboardInterrupt):
            self.connect()
        other.result()

    def test_it_may_vanish_while_it_is_waited_for(self) -> None:
        hub = self.hub("http://127.0.0.1:9")
        hub.on("GET", f"/api/spaces/{SPACE}", hub.respond, Reply.json({"error": "gone"}, 404))
        hub.add(SPACE, "BUILDING")
        self.assertEqual(self.fails(glc.SpaceError).status, 404)

    def test_missing_and_private_look_alike(self) -> None:
        hub = self.hub()
        hub.add("alice/private", private=True)
        for token, status, words in (
            (None, 401, ANONYMOUS),
            (OTHER, 404, "Repository not found"),
            ("hf_unknown", 401, WRONG_TOKEN),
        ):
            for space_id in ("alice/private", "no/such"):
                with self.subTest(space_id, token=token):
                    error = self.fails(glc.SpaceError, space_id, token)
                    self.assertIn(
                        f"Could not find Space: {space_id}. If it is a private Space, please provide", str(error)
                    )
                    self.assertIn(words, str(error))
                    self.assertEqual((error.status, error.url), (status, f"{hub.url}/api/spaces/{space_id}"))
                    self.assertNotIn("hf_", str(error))
        disabled, gated = "Access to this resource is disabled.", "Access to this Space is restricted"
        for answer, words in (
            (Reply(403, (), ""), "403"),  # without a word
            (Reply.json({"error": disabled}, 403, {"X-Error-Message": disabled}), disabled),
            (Reply.json({"error": gated}, 401, {"X-Error-Code": "GatedRepo"}), gated),
            (Reply(404, {"Content-Type": "text/html"}, "<title>Not found</title>"), "an HTML page titled 'Not found'"),
        ):
            hub.on("GET", f"/api/spaces/{SPACE}", answer)
            self.assertTrue(str(self.fails(glc.SpaceError)).endswith(f"The Hub says: {words}"), words)

    def test_private_ones_open_to_their_owner(self) -> None:
        app = self.app()
        guard(app, WRITE)
        self.hub(app.url).add(SPACE.replace("gradio", "alice"), private=True)
        client = self.connect("alice/calculator", WRITE)
        self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
        self.fails(glc.SpaceError, "alice/calculator")

    def test_troubles_of_the_hub_are_named(self) -> None:
        html = {"Content-Type": "text/html"}
        for before in ((), ({"id": SPACE, "host": "http://127.0.0.1:9", "runtime": {"stage": "BUILDING"}},)):
            for kind, status, answer in (
                (glc.ProtocolError, None, Reply(200, html, PAGE)),
                (glc.HTTPError, 503, Reply(503, html, PAGE)),
                (glc.HTTPError, 500, Reply.json({"error": "Internal Error"}, 500)),
                (glc.TooManyRequestsError, 429, Reply.json({"error": "slow down"}, 429)),
                (glc.ConnectionFailed, None, None),
            ):
                if before and status:
                    continue  # that may pass: the next test
                with self.subTest(kind.__name__, status=status, before=before):
                    hub = self.hub()
                    hub.on("GET", f"/api/spaces/{SPACE}", *before, answer)
                    error = self.fails(kind)
                    self.assertEqual(error.status, status)
                    self.assertEqual(error.url, f"{hub.url}/api/spaces/{SPACE}")

    def test_a_passing_trouble_of_the_hub_does_not_end_the_wait(self) -> None:
        hub, app = self.hub(), self.app()
        building = {"id": SPACE, "host": app.url, "runtime": {"stage": "BUILDING"}}
        running = {"id": SPACE, "host": app.url, "runtime": {"stage": "RUNNING"}}
        hub.on("GET", f"/api/spaces/{SPACE}", building, Reply(503, (), PAGE), Reply(429, (), "slow down"), running)
        self.assertEqual(self.connect().src, app.url)
        self.assertEqual(len(hub.requests), 4)

    def test_the_limit_of_requests(self) -> None:
        """How long is waited after a 429: as the Hub says, but not beyond the deadline."""
        waits: list[float] = []

        known = threading.Event.wait

        def wait(event: threading.Event, timeout: float | None = None) -> bool:
            if timeout is None:  # of somebody else
                return known(event)
            waits.append(timeout)
            return False

        hub, app = self.hub(), self.app()
        building = {"id": SPACE, "host": app.url, "runtime": {"stage": "BUILDING"}}
        running = {"id": SPACE, "host": app.url}
        self.patch(glc, "SPACE_POLL_SECONDS", 3.0)
        for headers, expected in (
            ({}, 3),
            ({"RateLimit": '"api";r=0;t=295'}, 295),
            ({"RateLimit": '"api";r=0;t=295', "Retry-After": "20"}, 20),
            ({"Retry-After": "1"}, 3),
            ({"Retry-After": "Wed, 21 Oct 2020 07:28:00 GMT"}, 3),
            ({"Retry-After": "1e9", "RateLimit": "odd"}, 3),
            ({"Retry-After": "999999999"}, 1800),
            ({"Retry-After": "9" * 400}, 3),
        ):
            with self.subTest(headers):
                waits.clear()
                hub.on("GET", f"/api/spaces/{SPACE}", building, Reply(429, headers, "slow down"), running)
                with mock.patch.object(threading.Event, "wait", wait):
                    self.connect()
                self.assertEqual([round(seconds) for seconds in waits], [3, expected])
        hub.on("GET", f"/api/spaces/{SPACE}", hub.respond)
        hub.left = 0
        error = self.fails(glc.TooManyRequestsError)  # at the first look there is nothing to wait for
        self.assertEqual(error.retry_after, 295.0)


class SpaceUrlTest(HubCase):
    """The address of a Space's app, which names the Space: the Hub is asked only if no running app answers there."""

    BY_SUBDOMAIN = "GET /api/spaces/by-subdomain/gradio-calculator"

    def setUp(self) -> None:
        super().setUp()
        self.calculator = self.app(tls=True)
        self.url = f"https://gradio-calculator.hf.space:{self.calculator.port}"
        self.resolve(**{"gradio-calculator_hf_space": ""})
        self.here = self.hub(self.url)

    def connect(self, src: str = "", *args: Any, **options: Any) -> glc.Client:
        return super().connect(src or self.url, *args, **{"ssl_verify": CA_FILE, **options})

    def fails(self, kind: type, src: str = "", *args: Any, **options: Any) -> Any:
        return super().fails(kind, src, *args, **options)

    def answer_until(self, stages: list[str], reply: Reply) -> None:
        """The Space goes through the stages, one per look at it; while there are any, its app gives this answer."""
        self.here.add(SPACE, lambda: stages.pop(0) if stages else "RUNNING")
        self.calculator.on("*", "*", lambda request: reply if stages else self.calculator.respond(request))

    def test_of_a_running_app_nobody_is_asked(self) -> None:
        self.here.add(SPACE, private=True)
        guard(self.calculator, WRITE)
        client = self.connect(self.url + "/?view=api", WRITE)
        self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
        self.assertEqual(self.here.requests, [])

    def test_one_that_does_not_run_yet_is_waited_for(self) -> None:
        for stages, reply in (
            (["SLEEPING", "SLEEPING", "APP_STARTING"], Reply(503, {"Content-Type": "text/html"}, PAGE)),
            (["BUILDING", "BUILDING"], Reply(404, {"Content-Type": "text/html"}, PAGE)),
            (["STOPPED", "APP_STARTING"], Reply(200, {"Content-Type": "text/html"}, PAGE)),
            (["BUILDING"], Reply(502)),
        ):
            with self.subTest(stages, status=reply.status):
                start, looks = len(self.here.requests), len(stages)
                self.answer_until(stages, reply)
                with self.assertLogs(glc.logger, "INFO") as log:
                    client = self.connect(token=READ)
                self.assertEqual(client.src, self.url)
                self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
                self.assertEqual(self.seen(self.here, start), [self.BY_SUBDOMAIN, *[INFO] * looks])
                self.assertEqual({r.headers["authorization"] for r in self.here.requests}, {f"Bearer {READ}"})
                self.assertEqual(f"The Space {SPACE} is " in log.output[0], looks > 1)
        self.assertEqual(self.tokens(self.calculator), {f"Bearer {READ}"})

    def test_one_that_will_not_run_says_why(self) -> None:
        for stage, reply in (("PAUSED", Reply(503, (), PAGE)), ("BUILD_ERROR", Reply(404, (), PAGE))):
            self.answer_until([stage] * 5, reply)
            error = self.fails(glc.SpaceError)
            self.assertIn(f"The Space {SPACE} does not run ({stage})", str(error))
            self.assertEqual(error.stage, stage)

    def test_one_that_the_hub_does_not_know_or_does_not_show(self) -> None:
        guard(self.calculator, WRITE)
        for private, token, status in ((True, None, 404), (True, OTHER, 404), (False, READ, 404)):
            with self.subTest(private=private, token=token):
                self.here.spaces.clear()
                if private:
                    self.here.add(SPACE, private=True)
                error = self.fails(glc.SpaceError, token=token)
                self.assertIn(f"There is no Gradio app at {self.url}: it answered 404", str(error))
                self.assertIn(
                    "Could not find Space: gradio-calculator. If it is a private Space, please provide its id "
                    "(user/name) and a Hugging Face token that may read it. The Hub says: Repository not found",
                    str(error),
                )
                self.assertEqual((error.status, error.url), (status, self.url))
                self.assertIsInstance(error.__cause__, glc.ProtocolError)

    def test_without_the_hub_the_error_is_that_of_the_app(self) -> None:
        self.calculator.on("*", "*", Reply(503, {"Content-Type": "text/html"}, PAGE))
        closed = self.serve()
        closed.close()
        self.here.on("GET", "/api/*", Reply(500), Reply(200, (), PAGE), Reply(429), None)
        for endpoint, offline in [(self.here.url, "0")] * 4 + [(closed.url, "0"), (self.here.url, "1")]:
            with self.subTest(endpoint, offline=offline):
                self.patch_environ(HF_ENDPOINT=endpoint, HF_HUB_OFFLINE=offline)
                error = self.fails(glc.HTTPError)
                self.assertEqual((error.status, error.url), (503, f"{self.url}/config"))
        self.assertEqual(self.seen(self.here), [self.BY_SUBDOMAIN] * 4)

    def test_a_running_app_that_fails_is_tried_twice(self) -> None:
        self.here.add(SPACE)
        self.calculator.on("GET", "/config", Reply(500, (), "one"), Reply(500, (), "two"))
        self.assertIn("two", str(self.fails(glc.HTTPError)))
        self.assertEqual(self.seen(self.calculator), ["GET /config"] * 2)

    def test_when_the_hub_has_no_say(self) -> None:
        """An app that refuses this caller runs; and another host is not a Space."""
        for status, kind in ((401, glc.AuthenticationError), (403, glc.AuthenticationError), (429, None)):
            self.calculator.on("*", "*", Reply(status))
            self.fails(kind or glc.TooManyRequestsError)
        plain = self.serve()
        plain.on("*", "*", Reply(503))
        self.fails(glc.HTTPError, plain.url)
        self.assertEqual(self.here.requests, [])


class TokenTest(HubCase):
    def found(self, given: Any = None, search: bool = True) -> Any:
        """The token, and whether a plain app gets it."""
        hub = glc.Hub(self.http(), given, search)
        sent = hub.token_for(glc.origin_of("http://127.0.0.1"))
        token = glc.find_token(given, search)
        self.assertIn(sent, ({}, {"x-hf-authorization": f"Bearer {token}"}))
        return (token, bool(sent)) if token else None

    def test_lookup_order(self) -> None:
        home, cache = self.folder(), self.folder()
        places = {
            "HF_TOKEN_PATH": home / "somewhere",
            "HF_HOME": home / "hf" / "token",
            "XDG_CACHE_HOME": cache / "huggingface" / "token",
            "HOME": home / ".cache" / "huggingface" / "token",
        }
        for name, path in places.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"  of {name}\r\n")
        variables: dict[str, str | None] = {
            "HF_TOKEN": " of HF_TOKEN\n",
            "HUGGING_FACE_HUB_TOKEN": "of HUGGING_FACE_HUB_TOKEN",
            "HF_TOKEN_PATH": str(places["HF_TOKEN_PATH"]),
            "HF_HOME": str(home / "hf"),
            "XDG_CACHE_HOME": str(cache),
            "HOME": str(home),
            "USERPROFILE": str(home),
        }
        self.patch_environ(**variables)
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", *places):
            with self.subTest(name):
                self.assertEqual(self.found(), (f"of {name}", False))
                self.assertEqual(self.found(True), (f"of {name}", False))
                self.assertEqual(self.found("given"), ("given", True))
                self.assertEqual(self.found(" given\n"), ("given", True))
                self.assertIsNone(self.found(False))
                self.assertIsNone(self.found(None, search=False))
                self.assertEqual(self.found("given", search=False), ("given", True))
                if name in os.environ and name not in ("HOME", "USERPROFILE"):
                    self.patch_environ(**{name: ""})  # empty is as good as not set
        places["HOME"].write_text(" \n")
        self.assertIsNone(self.found())
        places["HOME"].write_text("hf_a\nhf_b")
        for given in (None, True, "hf_a\nhf_b"):
            for src in (SPACE, "https://gradio-calculator.hf.space"):
                text = str(self.fails(ValueError, src, given))
                self.assertRegex(text, r"^Not a legal HTTP header: '(Authorization|x-hf-authorization)'\.$")
        places["HOME"].unlink()
        self.assertIsNone(self.found())

    def test_paths_may_name_the_home_folder_and_variables(self) -> None:
        home = self.folder()
        (home / "token").write_text("stored")
        self.patch_environ(HOME=str(home), USERPROFILE=str(home), SOME_PLACE=str(home))
        for variable, value in (
            ("HF_TOKEN_PATH", "~/token"),
            ("HF_TOKEN_PATH", "$SOME_PLACE/token"),
            ("HF_HOME", "~"),
            ("HF_HOME", "${SOME_PLACE}"),
        ):
            with self.subTest(variable, value=value):
                self.patch_environ(HF_TOKEN_PATH=None, HF_HOME=None)
                self.patch_environ(**{variable: value})
                self.assertEqual(self.found(), ("stored", False))

    def test_a_file_that_cannot_be_read_is_none(self) -> None:
        (self.home / "token").mkdir()
        self.assertIsNone(self.found())
        (self.home / "token").rmdir()
        (self.home / "token").write_bytes(b"\xff\xfe\x00")
        self.assertIsNone(self.found())

    def test_true_insists_on_one(self) -> None:
        hub = self.hub()
        hub.add(SPACE)
        path = str(self.home / "token")
        for variables, stored in (
            ({}, None),
            ({"HF_TOKEN": " ", "HUGGING_FACE_HUB_TOKEN": ""}, " \n"),
            ({"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}, None),
        ):
            with self.subTest(variables, stored=stored):
                self.patch_environ(**variables)
                if stored:
                    Path(path).write_text(stored)
                error = self.fails(glc.AuthenticationError, SPACE, True)
                self.assertEqual(
                    str(error),
                    f"token=True, but there is none in the variable HF_TOKEN or in the file {path}.",
                )
                self.raises(glc.AuthenticationError, glc.Client.duplicate, SPACE, token=True)
                self.raises(glc.AuthenticationError, glc.Client, "https://gradio-calculator.hf.space", True)
        self.assertEqual(hub.requests, [])
        self.patch_environ(HF_TOKEN=READ)  # found, though what is found is not used unless asked for
        self.assertEqual(self.found(True), (READ, False))

    def test_a_blank_variable_falls_through(self) -> None:
        self.patch_environ(HF_TOKEN="  ", HUGGING_FACE_HUB_TOKEN="old name")
        self.assertEqual(self.found(), ("old name", False))

    def test_nothing_is_searched_if_that_is_switched_off(self) -> None:
        (self.home / "token").write_text("stored")
        opened = self.opened()
        for value in ("1", "on", "Yes", "TRUE"):
            self.patch_environ(HF_HUB_DISABLE_IMPLICIT_TOKEN=value, HF_TOKEN="environment")
            self.assertIsNone(self.found())
            self.assertEqual(self.found("given"), ("given", True))
        self.assertEqual(opened, [])
        self.patch_environ(HF_HUB_DISABLE_IMPLICIT_TOKEN="0")
        self.assertEqual(self.found(), ("environment", False))

    def test_it_is_not_shown(self) -> None:
        app = self.app()
        shown = repr([self.connect(app.url, WRITE), glc.Hub(self.http(), WRITE)])
        self.assertNotIn("hf_", shown)

    def test_the_file_is_opened_only_for_a_space(self) -> None:
        app = self.app()
        hub = self.hub(app.url)
        hub.add(SPACE)
        stored = self.home / "token"
        stored.write_text(READ)
        opened = self.opened()
        for src, token in (
            (app.url, None),
            (app.url, True),
            (app.url, "given"),
            (app.url, False),
            (app.host, None),
            (SPACE, WRITE),
            (SPACE, False),
        ):
            self.connect(src, token)
        self.assertNotIn(str(stored), opened)
        self.connect(SPACE)
        self.assertEqual(opened.count(str(stored)), 1)
        self.assertEqual(hub.requests[-1].headers["authorization"], f"Bearer {READ}")

    def test_where_it_goes(self) -> None:
        self.patch_environ(HF_TOKEN="t")
        passed, found, none = (glc.Hub(self.http(), given) for given in ("t", None, False))
        header = {"x-hf-authorization": "Bearer t"}
        for url, for_found in (
            ("https://gradio-calculator.hf.space", header),
            ("https://GRADIO-calculator.HF.space/some/page?x=1", header),
            ("https://gradio-calculator.hf.space:8443", header),
            ("https://x.static.hf.space", header),
            ("http://gradio-calculator.hf.space", {}),
            ("https://hf.space", {}),
            ("https://evilhf.space", {}),
            ("https://x.hf.space.evil.example", {}),
            ("https://x.hf.space@evil.example", {}),
            ("https://evil.example/x.hf.space", {}),
            ("https://evil.example?.hf.space", {}),
            ("https://evil.example#.hf.space", {}),
            ("https://huggingface.co", {}),
            ("https://1234.gradio.live", {}),
            ("http://127.0.0.1:7860", {}),
            ("http://localhost:7860", {}),
            ("https://[::1]:7860", {}),
        ):
            with self.subTest(url):
                self.assertEqual(passed.token_for(glc.origin_of(url)), header)
                self.assertEqual(found.token_for(glc.origin_of(url)), for_found)
                self.assertEqual(none.token_for(glc.origin_of(url)), {})

    def test_every_request_to_the_app_has_it_or_none(self) -> None:
        """Over what the caller passes and what is found, and every kind of request."""
        kinds = set()
        for version in ("3.16.2", "3.50.2", "4.8.0", "4.44.1", "6.31.0"):
            for given, saved, expected in (
                (WRITE, None, f"Bearer {WRITE}"),
                (WRITE, READ, f"Bearer {WRITE}"),
                (None, READ, None),
                (True, READ, None),
                (False, READ, None),
                (None, None, None),
            ):
                with self.subTest(version, given=given, saved=saved):
                    self.patch_environ(HF_TOKEN=saved)
                    app = self.app(version=version, auth=("ada", "pass"))
                    self.use_everything(app.url, version, token=given)
                    self.assertEqual(self.tokens(app), {expected})
                    self.assertFalse([r for r in app.requests if "authorization" in r.headers])
                    sent = "".join(f"{request.target} {request.body!r}" for request in app.requests)
                    self.assertFalse([token for token in (WRITE, READ) if token in sent])
                    kinds |= {re.sub(r"(file=|heartbeat/|stream/).*", r"\1", request.path) for request in app.requests}
        for kind in (
            "/config",
            "/login",
            "/gradio_api/info",
            "/gradio_api/queue/join",
            "/gradio_api/queue/data",
            "/gradio_api/upload",
            "/gradio_api/file=",
            "/cancel",
            "/gradio_api/heartbeat/",
            "/gradio_api/run/quick",
            "/queue/join",
            "/queue/data",
            "/reset",
        ):
            self.assertIn(kind, kinds)

    def test_one_that_was_found_goes_to_spaces(self) -> None:
        for src in ("https://alice-calculator.hf.space", SPACE):
            for given, saved, expected in (
                (None, READ, f"Bearer {READ}"),
                (True, READ, f"Bearer {READ}"),
                (WRITE, READ, f"Bearer {WRITE}"),
                (False, READ, None),
                (None, None, None),
            ):
                with self.subTest(src, given=given, saved=saved):
                    self.patch_environ(HF_TOKEN=saved)
                    app = self.app(tls=True, auth=("ada", "pass"))
                    url = f"https://alice-calculator.hf.space:{app.port}"
                    hub = self.hub(url)
                    hub.add(SPACE)
                    self.resolve(**{"alice-calculator_hf_space": ""})
                    self.use_everything(SPACE if src == SPACE else url, "6", token=given, ssl_verify=CA_FILE)
                    self.assertEqual(self.tokens(app), {expected})
                    to_hub = {request.headers.get("authorization") for request in hub.requests}
                    self.assertEqual(to_hub, {expected} if src == SPACE else set())
                    self.assertEqual(self.tokens(hub), {None} if src == SPACE else set())

    def test_one_that_was_found_does_not_go_to_a_foreign_host_that_the_hub_names(self) -> None:
        self.patch_environ(HF_TOKEN=READ)
        for tls in (False, True):
            app = self.app(tls=tls)
            hub = self.hub(app.url)
            hub.add(SPACE, "SLEEPING", "RUNNING")
            self.connect(ssl_verify=CA_FILE).predict(1, 2, api_name="/add")
            self.assertEqual(self.tokens(app), {None})
            self.assertEqual(hub.requests[-1].headers["authorization"], f"Bearer {READ}")

    def test_redirects_do_not_carry_it_away(self) -> None:
        other = self.app()
        with self.serve() as server:
            server.on("GET", "/config", Reply(307, {"Location": other.url + "/config"}))
            self.fails(glc.AuthenticationError, server.url, WRITE)
            self.assertEqual(self.tokens(server), {f"Bearer {WRITE}"})
        self.assertEqual(other.requests, [])
        thief = self.serve()
        thief.on("*", "*", "stolen")
        for method, path in (
            ("GET", "/gradio_api/info"),
            ("POST", "/gradio_api/queue/join"),
            ("GET", "/gradio_api/queue/data"),
            ("POST", "/gradio_api/upload"),
            ("GET", "/gradio_api/file=*"),
        ):
            for status in (302, 307):
                with self.subTest(path, status=status):
                    app = self.app()
                    app.on(method, path, Reply(status, {"Location": f"{thief.url}/x"}))
                    client = self.connect(app.url, WRITE)
                    with contextlib.suppress(glc.ConnectionFailed, glc.HTTPError):
                        client.view_api(print_info=False)
                        result = client.predict(glc.handle_file(b"content", "a.txt"), api_name="/copy_file")
                        self.assertTrue("/info" in path or ("/file=" in path and isinstance(result, glc.FileData)))
                    client.close()
        self.assertEqual(thief.requests, [])

    def test_absolute_addresses_of_files_do_not_carry_it_away(self) -> None:
        thief, web = self.serve(), self.serve()
        thief.on("*", "*", "stolen")
        web.on("GET", "/a.txt", "from the web")
        app = self.app(root=thief.url)  # what it takes for its own address is in the URLs of files
        client = self.connect(app.url, WRITE)
        copied = client.predict(glc.handle_file(web.url + "/a.txt"), api_name="/copy_file")
        self.assertEqual(Path(copied).read_text(), "from the web")
        self.assertEqual(thief.requests, [])
        self.assertEqual(self.tokens(web), {None})

    def test_headers_of_the_caller_win(self) -> None:
        app = self.app()
        own = {"X-HF-Authorization": "own", "Authorization": "Bearer mine"}
        self.connect(app.url, WRITE, headers=own).predict(1, 2, api_name="/add")
        self.assertEqual(self.tokens(app), {"own"})
        self.assertEqual({request.headers["authorization"] for request in app.requests}, {"Bearer mine"})
        hub = self.hub(app.url)
        hub.add(SPACE)
        self.connect(SPACE, WRITE, headers=own)
        self.assertEqual(hub.requests[0].headers["authorization"], f"Bearer {WRITE}")

    def test_a_visitors_token_goes_with_the_requests_of_one_call(self) -> None:
        """ZeroGPU counts by x-ip-token, which an app passes on from each of its visitors: they must not be mixed."""
        for version in ("3.50.2", "4.8.0", "4.44.1", "6.31.0"):
            for skip_queue in (False, True):
                with self.subTest(version, skip_queue=skip_queue):
                    app = self.app(version=version)
                    client = self.connect(app.url, skip_queue=skip_queue, download_files=False)

                    def call(visitor: str, client: glc.Client = client) -> None:
                        headers = {"x-ip-token": visitor} if visitor != "nobody" else None
                        sent = glc.handle_file(visitor.encode(), f"{visitor}.txt")
                        copied = client.predict(sent, api_name="/copy_file", headers=headers)
                        self.assertEqual(copied.read(), visitor.encode())
                        self.assertEqual(client.predict(visitor, api_name="/echo", headers=headers), visitor)
                        self.assertEqual(
                            client.predict(visitor, api_name="/quick", headers=headers), f"quick {visitor}"
                        )
                        job = client.submit(20, 10 * MS, visitor, api_name="/steps", headers=headers)
                        next(iter(job))
                        job.cancel()

                    for running in [Running(call, visitor) for visitor in ("ann", "ben", "nobody")]:
                        running.result()
                    client.view_api(print_info=False)
                    client.close()
                    own: dict[str, set[str]] = {"ann": set(), "ben": set(), "nobody": set()}
                    shared = {"/config", "/info"}
                    if not app.single:
                        shared |= {"/queue/data", "/heartbeat/"}
                    for request in app.requests:
                        token = request.headers.get("x-ip-token", "nobody")
                        named = [who for who in own if who in request.target or who.encode() in request.body]
                        if any(path in request.path for path in shared):
                            self.assertEqual((token, named), ("nobody", []), request.path)
                        else:
                            self.assertIn(named, ([], [token]), request.path)
                            own[token].add(re.sub(r"^/gradio_api|(?<=file=).*", "", request.path))
                    for paths in own.values():
                        self.assertLessEqual({"/upload", "/queue/join", "/run/quick", "/file="}, paths)

    def test_the_oauth_token_goes_to_those_who_declare_it(self) -> None:
        for version in ("3.50.2", "4.8.0", "4.44.1", "6.31.0"):
            for skip_queue in (False, True):
                with self.subTest(version, skip_queue=skip_queue):
                    app = self.app(version=version)

                    def info(request: Any, app: StandIn = app) -> Any:
                        answer: Any = app.respond(request)
                        answer["named_endpoints"]["/echo"]["oauth_token"] = "required"
                        return answer

                    app.on("GET", app.api + "/info", info)
                    client = self.connect(app.url, oauth_token="hf_oauth", skip_queue=skip_queue)
                    self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
                    self.assertEqual(client.predict("x", api_name="/quick"), "quick x")
                    if version != "3.50.2":  # sends it over its WebSocket
                        self.assertFalse([r for r in app.requests if b"hf_oauth" in r.body])
                        self.assertEqual(client.predict("x", api_name="/echo"), "x")
                        sent = [r.json().get("oauth_token") for r in app.requests if b"hf_oauth" in r.body]
                        self.assertEqual(sent, ["hf_oauth"])
                    self.assertFalse([r for r in app.requests if "hf_oauth" in f"{r.target}{r.headers}"])


class DuplicateTest(HubCase):
    def setUp(self) -> None:
        super().setUp()
        self.calculator = self.app()
        self.here = self.hub(self.calculator.url)
        self.here.stages_of_duplicates = ["RUNNING"]
        self.patch_environ(HF_TOKEN=WRITE)

    def duplicate(self, *args: Any, **options: Any) -> glc.Client:
        client = glc.Client.duplicate(*(args or (SPACE,)), **options)
        self.addCleanup(client.close)
        return client

    def refused(self, *args: Any, kind: type = glc.SpaceDuplicationError, **options: Any) -> Any:
        return self.raises(kind, self.duplicate, *args, **options).with_traceback(None)

    def bodies(self) -> list[tuple[str, Any]]:
        """What was posted to the Hub: path below /api/spaces/, body."""
        posted = (request for request in self.here.requests if request.method == "POST")
        return [(request.path[len("/api/spaces/") :], request.json()) for request in posted]

    def test_a_new_one(self) -> None:
        self.here.add(SPACE)
        self.here.stages_of_duplicates = ["BUILDING", "APP_STARTING", "RUNNING"]
        with self.assertLogs(glc.logger, "INFO") as log:
            client = self.duplicate()
        self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
        body = {"repository": "alice/calculator", "visibility": "private", "hardware": "cpu-basic"}
        self.assertEqual(self.bodies(), [(f"{SPACE}/duplicate", body)])
        mine = "GET /api/spaces/alice/calculator"
        post = f"POST /api/spaces/{SPACE}/duplicate"
        self.assertEqual(self.seen(self.here), ["GET /api/whoami-v2", mine, INFO, post, mine, mine, mine])
        self.assertEqual({r.headers["authorization"] for r in self.here.requests}, {f"Bearer {WRITE}"})
        url = f"{self.here.url}/spaces/alice/calculator"
        self.assertEqual(log.records[0].getMessage(), f"Created {url}, a duplicate of {SPACE}.")

    def test_all_settings_are_in_one_request(self) -> None:
        self.here.add(SPACE)
        self.duplicate(
            SPACE,
            "copy",
            private=False,
            hardware="t4-small",
            secrets={"KEY": "value", "OTHER": ""},
            variables={"SIZE": "3"},
            sleep_timeout=10,
        )
        body = {
            "repository": "alice/copy",
            "visibility": "public",
            "hardware": "t4-small",
            "sleepTimeSeconds": 600,
            "secrets": [{"key": "KEY", "value": "value"}, {"key": "OTHER", "value": ""}],
            "variables": [{"key": "SIZE", "value": "3"}],
        }
        self.assertEqual(self.bodies(), [(f"{SPACE}/duplicate", body)])
        made = self.here.spaces["alice/copy"]
        self.assertEqual((made.hardware, made.sleep_seconds, made.private), ("t4-small", 600, False))
        self.assertEqual((made.secrets, made.variables), ({"KEY": "value", "OTHER": ""}, {"SIZE": "3"}))

    def test_where_it_is_made(self) -> None:
        self.here.add(SPACE)
        for to_id, expected, asks in (
            (None, "alice/calculator", True),
            ("copy", "alice/copy", True),
            ("alice/other", "alice/other", False),
            ("some-org/copy", "some-org/copy", False),
        ):
            with self.subTest(to_id):
                start = len(self.here.requests)
                self.duplicate(SPACE, to_id)
                self.assertIn(expected, self.here.spaces)
                self.assertEqual("GET /api/whoami-v2" in self.seen(self.here, start), asks)
        error = self.refused(SPACE, "bob/copy")
        self.assertIn(f"The Hub did not duplicate {SPACE} to bob/copy (403): You don't have the rights", str(error))
        self.assertIn("Nothing was changed.", str(error))
        self.assertNotIn("bob/copy", self.here.spaces)

    def test_hardware_is_that_of_the_original(self) -> None:
        for stage in ("RUNNING", "PAUSED", "SLEEPING", "BUILD_ERROR"):
            for hardware in ("cpu-basic", "t4-small", None):
                with self.subTest(stage, hardware=hardware):
                    self.here.spaces.clear()
                    self.here.add(SPACE, stage, hardware=hardware)
                    self.duplicate()
                    sent = self.bodies()[-1][1]
                    self.assertEqual(sent.get("hardware", "not named"), hardware or "not named")
                    self.assertEqual(sent.get("sleepTimeSeconds"), 300 if hardware == "t4-small" else None)
        self.here.spaces.clear()
        self.here.on("GET", f"/api/spaces/{SPACE}", {"id": SPACE})  # says nothing of its state
        self.here.add(SPACE)
        self.duplicate()
        self.assertNotIn("hardware", self.bodies()[-1][1])

    def test_an_original_under_its_old_name(self) -> None:
        self.here.add("old/name")
        self.here.rename("old/name", SPACE)
        self.duplicate("old/name", secrets={"KEY": "value"})
        self.assertEqual(self.here.spaces["alice/name"].secrets, {"KEY": "value"})

    def test_an_existing_one_is_used_as_it_is(self) -> None:
        self.here.add(SPACE, hardware="t4-small")
        existing = self.here.add("alice/calculator", hardware="a10g-small")
        with self.assertLogs(glc.logger, "INFO") as log:
            client = self.duplicate(secrets={"KEY": "value"}, variables={"SIZE": "3"})
        self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
        self.assertEqual(self.bodies(), [])
        self.assertEqual((existing.hardware, existing.secrets, existing.variables), ("a10g-small", {}, {}))
        told = [record.getMessage() for record in log.records]
        self.assertIn(f"Using your existing Space {self.here.url}/spaces/alice/calculator.", told)
        self.assertIn("alice/calculator exists already: its secrets and variables are left as they are.", told)

    def test_hardware_of_an_existing_one_is_changed_if_asked(self) -> None:
        self.here.add(SPACE)
        self.here.add("alice/calculator", hardware="t4-small")
        self.duplicate(hardware="t4-small")
        self.assertEqual(self.bodies(), [])
        self.duplicate(hardware="a10g-small", sleep_timeout=2)
        change = {"flavor": "a10g-small", "sleepTimeSeconds": 120}
        self.assertEqual(self.bodies(), [("alice/calculator/hardware", change)])
        self.assertEqual(self.here.spaces["alice/calculator"].hardware, "a10g-small")
        self.duplicate(hardware="cpu-basic")
        self.assertEqual(self.bodies()[1:], [("alice/calculator/hardware", {"flavor": "cpu-basic"})])
        for minutes, seconds in ((0, 1), (-1, -1)):
            self.here.add("alice/calculator", hardware="cpu-basic")
            self.duplicate(hardware="t4-small", sleep_timeout=minutes)
            self.assertEqual(self.bodies().pop()[1], {"flavor": "t4-small", "sleepTimeSeconds": seconds})
        self.here.add("alice/calculator", hardware=None)
        self.duplicate(hardware="cpu-basic")  # what it has if nothing is said of it
        self.assertEqual(len(self.bodies()), 4)

    def test_refusals_say_what_was_refused_and_what_exists(self) -> None:
        self.here.add(SPACE)
        for token, options, status, words in (
            (POOR, {"hardware": "t4-small"}, 402, "Payment required for t4-small"),
            (READ, {}, 403, "You don't have the required permissions to perform this action"),
            (WRITE, {"secrets": {"1 bad key": "x"}}, 400, "invalid key"),
        ):
            with self.subTest(status):
                error = self.refused(token=token, **options)
                self.assertEqual(
                    str(error),
                    f"The Hub did not duplicate {SPACE} to alice/calculator ({status}): {words}. Nothing was changed.",
                )
                self.assertEqual((error.status, error.url), (status, f"{self.here.url}/api/spaces/{SPACE}/duplicate"))
        self.assertEqual(list(self.here.spaces), [SPACE])
        self.here.add("alice/calculator")
        error = self.refused(token=POOR, hardware="t4-small")
        self.assertEqual(
            str(error),
            "The Hub did not change the hardware of alice/calculator to t4-small (402): "
            "Payment required for t4-small. Nothing was changed.",
        )

    def test_failures_that_leave_it_open_what_exists(self) -> None:
        self.here.add(SPACE)
        self.here.add("alice/other", hardware="t4-small")
        html = Reply(200, {"Content-Type": "text/html"}, PAGE)
        for to_id, path, step in (
            ("mine", f"{SPACE}/duplicate", f"duplicate {SPACE} to alice/mine"),
            ("other", "alice/other/hardware", "change the hardware of alice/other to a10g-small"),
        ):
            for answer, status in ((Reply(500, (), "sorry"), "500"), (html, "no answer"), (None, "no answer")):
                with self.subTest(path, status=status):
                    self.here.on("POST", f"/api/spaces/{path}", answer)
                    error = self.refused(SPACE, to_id, hardware="a10g-small")
                    self.assertIn(f"The Hub did not {step} ({status}): ", str(error))
                    self.assertTrue(str(error).endswith(" It may have been done nevertheless."), str(error))
                    self.assertIsInstance(error.__cause__, glc.GradioError)
            slow = {"Retry-After": "20"}
            self.here.on("POST", f"/api/spaces/{path}", Reply.json({"error": "slow down"}, 429, slow))
            error = self.refused(SPACE, to_id, hardware="a10g-small")
            self.assertIn(f"The Hub did not {step} (429): slow down. Nothing was changed.", str(error))
            self.assertEqual((error.status, error.retry_after), (429, 20.0))

    def test_what_exists_after_a_failure_is_said(self) -> None:
        self.here.add(SPACE)
        for stages, words in (
            (["BUILD_ERROR"], "does not run (BUILD_ERROR)"),
            (["BUILDING", "RUNTIME_ERROR"], "does not run (RUNTIME_ERROR)"),
        ):
            with self.subTest(words):
                self.here.spaces.pop("alice/calculator", None)
                self.here.stages_of_duplicates = list(stages)
                error = self.refused()
                self.assertIn(f"{self.here.url}/spaces/alice/calculator exists, but cannot be used yet: ", str(error))
                self.assertIn(words, str(error))
                self.assertIn("Call duplicate() again later, or delete the Space in its settings.", str(error))
                self.assertIsInstance(error.__cause__, glc.SpaceError)
                self.assertIn("alice/calculator", self.here.spaces)

    def test_options_of_the_client(self) -> None:
        self.here.add(SPACE)
        with ProxyServer() as proxy:  # loopback needs none
            client = self.duplicate(headers={"x-team": "blue"}, timeout=DEADLINE, proxy=proxy.url, trust_env=False)
            client.predict(1, 2, api_name="/add")
        self.assertEqual({r.headers.get("x-team") for r in self.calculator.requests}, {"blue"})
        self.assertEqual({r.headers.get("x-team") for r in self.here.requests}, {None})
        before = len(self.here.requests)
        error = self.raises(TypeError, self.duplicate, to_id="other", hardwear="t4-small")
        self.assertEqual(str(error), "duplicate() does not take hardwear.")
        self.assertEqual(len(self.here.requests), before)

    def test_the_hub_is_asked_as_the_options_say(self) -> None:
        with FakeHub(tls=True) as hub:
            self.patch_environ(HF_ENDPOINT=hub.url, REQUESTS_CA_BUNDLE=CA_FILE)
            self.refused("no/such", kind=glc.SpaceError)
            asked = len(hub.requests)
            self.refused("no/such", kind=glc.ConnectionFailed, trust_env=False)
            self.assertEqual(len(hub.requests), asked)

    def test_without_an_original(self) -> None:
        error = self.refused("no/such", kind=glc.SpaceError)
        self.assertIn("Could not find Space: no/such", str(error))
        self.assertEqual(self.bodies(), [])

    def test_names_that_are_none(self) -> None:
        self.here.add(SPACE)
        for from_id, to_id, words in (
            ("http://127.0.0.1:7860", None, "Not a Space: 'http://127.0.0.1:7860'. It takes user/name, or the address"),
            ("calculator", None, "Not a Space: 'calculator'."),
            (SPACE, "a b", "Not a name for a Space: to_id='a b'."),
            (SPACE, "alice/", "Not a name for a Space: to_id='alice/'."),
            (SPACE, "a/b/c", "Not a name for a Space: to_id='a/b/c'."),
        ):
            with self.subTest(from_id, to_id=to_id):
                self.assertIn(words, str(self.refused(from_id, to_id, kind=ValueError)))
        self.assertEqual(self.here.requests, [])

    def test_a_target_that_exists_but_cannot_be_seen(self) -> None:
        """It is closed, say, or somebody else was faster."""
        self.here.add(SPACE)
        self.here.add("alice/calculator")
        closed = Reply.json({"error": "Access to this resource is disabled."}, 403)
        self.here.on("GET", "/api/spaces/alice/calculator", closed)
        error = self.refused()
        self.assertIn("(409): You already created this space repo. Nothing was changed.", str(error))
        self.assertEqual(error.status, 409)

    def test_without_a_token_that_the_hub_knows(self) -> None:
        self.here.add(SPACE)
        who = "The Hub does not know who you are: pass token=…, or set HF_TOKEN. The Hub says: "
        for token, words in ((False, ANONYMOUS), ("hf_unknown", WRONG_TOKEN)):
            error = self.refused(token=token, kind=glc.AuthenticationError)
            self.assertEqual(str(error), who + words)
        self.here.on("GET", "/api/whoami-v2", {})
        self.assertEqual(str(self.refused(kind=glc.AuthenticationError)), who + "no name")
        self.assertEqual(self.bodies(), [])

    def test_both_names_of_the_token(self) -> None:
        self.here.add(SPACE)
        self.patch_environ(HF_TOKEN=None)
        self.duplicate(token=WRITE)
        self.duplicate(SPACE, "second", hf_token=WRITE)
        self.assertEqual(self.tokens(self.calculator), {f"Bearer {WRITE}"})
        self.assertEqual({r.headers["authorization"] for r in self.here.requests}, {f"Bearer {WRITE}"})


class FakeHubTest(HubCase):
    """What the client does not ask for, so that the fake can be trusted with other clients."""

    def ask(self, method: str, path: str, body: Any = None, token: str | None = WRITE) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = None if body is None else json.dumps(body).encode()
        http = self.http()
        with http.request(method, f"{self.here.url}/api/{path}", data, headers=headers) as response:
            text = response.read()
            self.last = response.headers
        http.close()
        return response.status, json.loads(text or b"null")

    def setUp(self) -> None:
        super().setUp()
        self.here = self.hub("http://127.0.0.1:9")
        self.space = self.here.add("alice/app", hardware="t4-small")

    def test_reading(self) -> None:
        self.assertEqual(self.ask("GET", "spaces/alice/app/runtime")[1]["hardware"]["current"], "t4-small")
        self.assertEqual(self.ask("GET", "spaces/alice/app/host")[1]["subdomain"], "alice-app")
        self.assertEqual(self.ask("GET", "spaces/by-subdomain/alice-app", token=None)[1]["id"], "alice/app")
        self.assertEqual(self.ask("GET", "spaces/by-subdomain/other")[0], 404)
        self.assertEqual(self.last["x-error-code"], "RepoNotFound")
        self.assertEqual(self.ask("GET", "spaces/alice/app/revision/main")[1]["id"], "alice/app")
        self.assertEqual(self.ask("GET", "spaces/alice/app/jwt", token=None)[0], 401)
        self.assertEqual(self.ask("GET", "spaces/hardware")[1][0]["name"], "cpu-basic")
        self.assertEqual(self.ask("GET", "agent-harnesses", token=None)[0], 200)
        for path in ("telemetry/py_client/initiated", "spaces/alice/app/discussions"):
            with contextlib.closing(http.client.HTTPConnection(self.here.url.partition("://")[2])) as connection:
                connection.request("HEAD", f"/api/{path}")  # which the client cannot send
                self.assertEqual(connection.getresponse().status, 200)
        self.assertEqual(self.ask("GET", "spaces/alice/app/jwt")[1]["token"], "jwt")
        self.assertEqual(self.ask("GET", "nothing")[0], 404)
        self.assertEqual(self.ask("GET", "spaces/alice/app/nothing")[0], 404)
        self.assertRegex(self.last["ratelimit"], r'^"api";r=\d+;t=295$')

    def test_an_unknown_token_is_refused_on_every_route(self) -> None:
        for method, path in (
            ("GET", "whoami-v2"),
            ("GET", "spaces/alice/app"),
            ("GET", "spaces/alice/app/runtime"),
            ("GET", "spaces/by-subdomain/alice-app"),
            ("GET", "spaces/no/such"),
            ("POST", "spaces/alice/app/duplicate"),
        ):
            status, answer = self.ask(method, path, {} if method == "POST" else None, "hf_unknown")
            self.assertEqual((status, answer), (401, {"error": WRONG_TOKEN}), path)
            self.assertEqual(self.last["x-error-message"], WRONG_TOKEN)

    def test_a_new_name_on_every_route(self) -> None:
        self.here.rename("alice/app", "alice/new")
        for path in ("", "/runtime", "/host"):
            self.assertEqual(self.ask("GET", f"spaces/alice/app{path}?expand=sdk")[0], 200)
            self.assertEqual(self.here.requests[-1].target, f"/api/spaces/alice/new{path}?expand=sdk")
        self.assertEqual(self.ask("POST", "spaces/Alice/New/sleeptime", {"seconds": 60})[0], 200)
        self.assertEqual(self.space.sleep_seconds, 60)

    def test_changing(self) -> None:
        for path, body, status in (
            ("sleeptime", {"seconds": 300}, 200),
            ("sleeptime", {"seconds": -1}, 200),
            ("sleeptime", {"seconds": 0}, 400),
            ("sleeptime", {"seconds": True}, 400),
            ("sleeptime", {}, 400),
            ("hardware", {"flavor": "cpu-basic"}, 200),
            ("hardware", {"flavor": None}, 400),
            ("secrets", {"key": "KEY", "value": "x"}, 200),
            ("secrets", {"key": "a b"}, 400),
            ("variables", {"key": "KEY", "value": "x"}, 200),
            ("pause", None, 200),
            ("duplicate", {"repository": "x"}, 400),
            ("duplicate", {"repository": "alice/b", "hardware": None}, 400),
            ("duplicate", {"repository": "alice/b", "odd": 1}, 400),
            ("duplicate", {"repository": "alice/app"}, 409),
        ):
            with self.subTest(path, body=body):
                self.assertEqual(self.ask("POST", f"spaces/alice/app/{path}", body)[0], status)
        self.assertEqual((self.space.hardware, self.space.sleep_seconds), ("cpu-basic", -1))
        paused = self.ask("GET", "spaces/alice/app/runtime")[1]
        self.assertEqual((paused["stage"], paused["hardware"]["current"]), ("PAUSED", None))
        self.assertNotIn("gcTimeout", paused)
        self.assertEqual(self.ask("GET", "spaces/alice/app/variables")[1]["KEY"]["value"], "x")
        self.assertEqual(self.ask("GET", "spaces/alice/app/secrets")[1], {"KEY": {"key": "KEY"}})
        self.assertEqual(self.ask("DELETE", "spaces/alice/app/secrets", {"key": "KEY"})[0], 200)
        self.assertEqual(self.space.secrets, {})
        self.assertEqual(self.ask("DELETE", "spaces/alice/app/variables", {"key": "KEY"}), (200, {}))
        self.assertEqual(self.ask("POST", "spaces/alice/app/restart?factory=true")[1]["stage"], "BUILDING")
        self.assertEqual(self.ask("POST", "spaces/alice/app/pause", token=OTHER)[0], 403)
        self.assertEqual(self.ask("POST", "spaces/alice/app/pause", token=READ)[0], 403)
        self.assertEqual(self.ask("POST", "spaces/alice/app/pause", token=None)[0], 401)


# === App ==============================================================================================================


class AppTest(TestCase):
    def test_what_is_no_config(self) -> None:
        for value in (None, [], "x", 5, {}, {"dependencies": None}, {"dependencies": {}}, {"detail": "Not Found"}):
            with self.subTest(value):
                error = self.raises(glc.ProtocolError, glc.App, "http://x", value)
                self.assertEqual(str(error), "http://x answered with JSON that is not the config of a Gradio app.")
                self.assertEqual(error.url, "http://x")

    def test_what_a_config_multiplies(self) -> None:
        """A default, a name or a version of a megabyte, referred to again and again."""
        large = {"id": 1, "type": "t" * 1_000_000, "props": {"label": "x", "value": "d" * 1_000_000}}
        many = [{"inputs": [1], "outputs": [1], "api_name": f"f{number}"} for number in range(300)]
        app = glc.App("http://x", {**config(*many, components=[large]), "version": "11." * 1_000_000})
        self.assertLess(len(app.version_text), 101)
        api = {"named_endpoints": {name: glc.describe(app.names[name], None) for name in app.listed}}
        text = glc.describe_api({**api, "unnamed_endpoints": {}}, None)
        self.assertLess(len(text), 2_000_000)
        for inputs in ([1] * (glc.MAX_REPEATS + 1), list(range(glc.MAX_FUNCTIONS + 1))):
            one = config({"inputs": inputs, "outputs": []}, components=[large])
            error = self.raises(glc.ProtocolError, glc.App, "http://x", one)
            self.assertIn(f"a function with {len(inputs)} inputs", str(error))

    def test_more_functions_than_any_app_has(self) -> None:
        functions: list[Any] = [{}] * glc.MAX_FUNCTIONS
        self.assertEqual(len(glc.App("http://x", config(*functions)).endpoints), glc.MAX_FUNCTIONS)
        error = self.raises(glc.ProtocolError, glc.App, "http://x", config(*functions, {}))
        self.assertIn("more than 10000 functions", str(error))
        functions = [{"inputs": [1] * 5000, "outputs": [1] * 5000}] * 10
        self.assertEqual(len(glc.App("http://x", config(*functions)).endpoints), 10)
        error = self.raises(glc.ProtocolError, glc.App, "http://x", config(*functions, {"inputs": [1]}))
        self.assertEqual(str(error), "The functions of http://x have more than 100000 values.")

    def test_versions(self) -> None:
        for text, version in (
            ("6.31.0", (6, 31, 0)),
            ("3.50.2\n", (3, 50, 2)),
            ("4.0.0-beta.1", (4, 0, 0)),
            ("5.0.0b3", (5, 0, 0)),
            ("", ()),
            (None, ()),
        ):
            with self.subTest(text):
                self.assertEqual(glc.App("http://x", config(version=text)).version, version)

    def test_protocols(self) -> None:
        for name in PROTOCOLS:
            self.assertIs(glc.App("http://x", config(protocol=name)).protocol, glc.PROTOCOLS[name])
        old = config()
        del old["protocol"]
        self.assertIs(glc.App("http://x", old).protocol, glc.PROTOCOLS["ws"])
        with self.assertLogs(glc.logger, "WARNING") as logs:
            self.assertIs(glc.App("http://x", config(protocol="sse_v4")).protocol, glc.PROTOCOLS["sse_v3"])
        self.assertIn("sse_v4, which is newer than this client", logs.output[0])
        for name in ("grpc", "", None, [], "direct"):
            with self.subTest(name):
                error = self.raises(glc.ProtocolError, glc.App, "http://x", config(protocol=name))
                self.assertIn("a protocol this client does not know", str(error))

    def test_endpoints(self) -> None:
        app = glc.App(
            "http://x",
            config(
                dependency("a", [1, 3, 6, 2], [3, 1, 6]),
                dependency("/b"),
                dependency(None),
                dependency(False),
                dependency("js", backend_fn=False),
                dependency("hidden", show_api=False),
                dependency("undocumented", api_visibility="undocumented"),
                dependency("private", api_visibility="private"),
                dependency("stream", types={"generator": True}),
                dependency("a", id=77),
                dependency("", id=78),
            ),
        )
        self.assertEqual(list(app.names), ["/a", "/b", "/hidden", "/undocumented", "/stream"])
        self.assertEqual(sorted(app.endpoints), [*range(9), 77, 78])
        a = app.endpoints[0]
        self.assertIs(app.names["/a"], a)
        self.assertEqual((a.taken, a.given, a.stateful, a.generator), ([0, 3], [1], True, False))
        self.assertEqual((str(a), str(app.endpoints[2])), ("/a", "fn_index=2"))
        public = [number for number, end in app.endpoints.items() if end.public and end.callable]
        self.assertEqual(public, [0, 1, 2, 8, 77, 78])
        self.assertEqual([number for number, end in app.endpoints.items() if end.private], [3, 7])
        self.assertTrue(app.names["/stream"].generator)
        for kind in ("generator", "continuous"):
            self.assertTrue(glc.Endpoint(0, dependency(types={kind: True}), {}).generator)

    def test_outputs_as_users_see_them(self) -> None:
        one = glc.App("http://x", config(dependency(outputs=[3, 1]))).endpoints[0]
        two = glc.App("http://x", config(dependency(outputs=[1, 6, 2]))).endpoints[0]
        none = glc.App("http://x", config(dependency(outputs=[]))).endpoints[0]
        update = {"__type__": "update", "value": "v"}
        for endpoint, values, shown in (
            (one, [None, "a"], "a"),
            (one, [None, update], "v"),
            (one, [None, ["a"]], ["a"]),
            (two, ["a", None, 2], ("a", 2)),
            (two, ["a", 2], ("a", 2)),  # as many as the app pleases
            (none, [], ()),
        ):
            self.assertEqual(endpoint.as_users_see(values), shown)

    def described(self, dependency: dict[str, Any], **given: Any) -> dict[str, Any]:
        """An endpoint called /predict, of which the server says what is given."""
        app = glc.App("http://x", config(dependency))
        return glc.describe(app.endpoints[0], {"named_endpoints": {"/predict": given}})

    def test_descriptions_are_completed(self) -> None:
        given = [{"parameter_name": "a", "python_type": None}, {"parameter_name": "a"}]
        described = self.described(dependency(inputs=[1, 1]), parameters=given, returns=5)
        self.assertEqual([item["parameter_name"] for item in described["parameters"]], ["a", "param_1"])
        self.assertEqual([item["python_type"]["type"] for item in described["parameters"]], ["str", "str"])
        self.assertEqual(len(described["returns"]), 1)
        given = [{"parameter_name": name} for name in ("param_1", "", "param_1")]
        described = self.described(dependency(inputs=[1, 1, 1]), parameters=given)
        names = [item["parameter_name"] for item in described["parameters"]]
        self.assertEqual(names, ["param_1", "param_1_", "param_2"])

    def test_returns_are_described_as_the_server_does(self) -> None:
        said = [{"label": "L", "type": {}, "python_type": {"type": "str", "description": ""}, "component": "Textbox"}]
        self.assertEqual(self.described(dependency(outputs=[1]), returns=said)["returns"], said)
        self.assertEqual(set(self.described(dependency(outputs=[1]))["returns"][0]), set(said[0]))

    def test_the_default_of_a_browser_state(self) -> None:
        given = {"parameter_name": "kept", "parameter_has_default": False, "parameter_default": None}
        for props, default in (({"default_value": {"k": 1}, "value": None}, {"k": 1}), ({}, None), (None, None)):
            item = glc.describe_component({"type": "browserstate", "props": props}, "x", given)
            self.assertEqual((item["parameter_has_default"], item["parameter_default"]), (True, default))

    def bound(self, version: str, kinds: Sequence[str], *args: Any, **keywords: Any) -> Any:
        """The data for an endpoint with these inputs, whose values are their names, and a text at the end."""
        skipped = {"button": True, "state": True}
        entries = [
            {"id": number, "type": kind, "props": {"value": f"own {kind}"}, "skip_api": skipped.get(kind, False)}
            for number, kind in enumerate([*kinds, "textbox"])
        ]
        if version < "4":
            for entry in entries:
                del entry["skip_api"]
        made = config(dependency(inputs=list(range(len(entries)))), version=version)
        made["components"] = entries
        endpoint = glc.App("http://x", made).names["/predict"]
        return endpoint.bind(glc.describe(endpoint, None), args, keywords, "/predict")

    def test_inputs_that_callers_need_not_give(self) -> None:
        """A button's own value is filled in; programs of the official client give one."""
        for kinds, args, data in (
            (["button"], ["t"], ["own button", "t"]),
            (["button"], [], ["own button", "own textbox"]),
            (["button"], ["Go", "t"], ["Go", "t"]),
            (["button", "state", "button"], ["t"], ["own button", None, "own button", "t"]),
            (["button", "state", "button"], ["Go", 2, "t"], ["Go", None, 2, "t"]),
            (["state"], ["t"], [None, "t"]),
            (["html"], ["h", "t"], ["h", "t"]),
        ):
            for version in ("4.8.0", "6.31.0"):
                with self.subTest(kinds, args=args, version=version):
                    self.assertEqual(self.bound(version, kinds, *args), data)
        self.assertEqual(self.bound("6.31.0", ["button"], param_1="t"), ["own button", "t"])
        for kinds, args, keywords in (
            (["button", "button"], ["Go", "t"], {}),
            (["button"], ["Go", "t", "more"], {}),
            (["button"], ["Go", "t"], {"param_1": "x"}),
            (["state"], ["s", "t"], {}),
        ):
            with self.subTest(kinds, args=args):
                self.raises(TypeError, self.bound, "6.31.0", kinds, *args, **keywords)
        self.assertIn("handle_file", str(self.raises(TypeError, self.bound, "6.31.0", ["button"], b"Go", "t")))

    def test_the_index_of_a_dataset(self) -> None:
        for version in ("3.16.2", "3.50.2", "4.8.0", "6.31.0"):
            self.assertEqual(self.bound(version, ["dataset"], 1, "t"), [1, "t"])
        skipped = [glc.is_skipped({"type": "dataset"}), glc.is_skipped({"type": "dataset"}, as_input=True)]
        self.assertEqual(skipped, [True, False])

    def test_long_labels_make_short_names(self) -> None:
        labels = [{"id": n, "type": "textbox", "props": {"label": "long " * 10_000}} for n in range(2000)]
        made = config(dependency(inputs=list(range(2000))))
        made["components"] = labels
        endpoint = glc.App("http://x", made).names["/predict"]
        start = time.monotonic()
        names = [item["parameter_name"] for item in glc.describe(endpoint, None)["parameters"]]
        error = self.raises(TypeError, endpoint.bind, glc.describe(endpoint, None), (), {"lon": 1}, "/predict")
        self.assertLess(time.monotonic() - start, 2)
        self.assertLess(max(map(len, names)), 120)
        self.assertEqual(len(set(names)), 2000)
        self.assertLess(len(str(error)), 3000)

    def test_types_are_those_of_the_server_but_for_files(self) -> None:
        for component, said, shown in (
            ({"type": "textbox"}, None, "Any"),
            ({"type": "textbox", "api_info": {"type": "string"}}, None, "str"),
            ({"type": "textbox", "api_info": {"info": {"type": "string"}}}, None, "str"),
            ({"type": "textbox", "api_info": {"info": "string"}}, None, "Any"),
            ({"type": "textbox"}, "str", "str"),
            ({"type": "image"}, None, "filepath"),
            ({"type": "image"}, "str", "filepath"),  # 3.x
            ({"type": "file", "props": {"file_count": "multiple"}}, "str", "list[filepath]"),
            ({"type": "image"}, "dict(path: filepath)", "dict(path: filepath)"),
        ):
            with self.subTest(component, said=said):
                given = {} if said is None else {"python_type": {"type": said, "description": "d"}}
                item = glc.describe_component(component, "x", given)
                self.assertEqual(item["python_type"]["type"], shown)

    def test_endpoints_without_a_name_are_described_by_their_number(self) -> None:
        app = glc.App("http://x", config(dependency(None), dependency("b")))
        said = {"parameters": [{"parameter_name": "x", "python_type": {"type": "str"}}], "returns": []}
        described = glc.describe(app.endpoints[0], {"unnamed_endpoints": {"0": said, "1": {}}})
        self.assertEqual(described["parameters"][0]["python_type"], {"type": "str"})
        self.assertEqual(described["parameters"][0]["parameter_name"], "x")

    def test_components_that_callers_do_not_see(self) -> None:
        for component, skipped in (
            ({"type": "state"}, True),
            ({"type": "row"}, True),
            ({"type": "tabitem"}, True),
            ({"type": "textbox"}, False),
            ({"type": "state", "skip_api": False}, False),
            ({"type": "textbox", "skip_api": True}, True),
            ({"type": "textbox", "skip_api": None}, False),
            ({}, False),
        ):
            self.assertIs(glc.is_skipped(component), skipped, component)

    WRONG: Sequence[Any] = (
        None,
        True,
        -1,
        10**30,
        1.5,
        "",
        "x",
        [],
        [[]],
        [None],
        {},
        {"a": []},
        [{}],
        [[1]],
        "9" * 5000,
    )

    def test_wrong_types_everywhere(self) -> None:
        """An app works as far as it can be understood, or is a ProtocolError; nothing else comes out."""
        whole = config(
            dependency("a", [1, 2, 3], [1], types={"generator": True}, queue=True, id=0, api_visibility="public"),
            dependency("b", [4], [4, 5]),
            api_prefix="/gradio_api",
            enable_queue=True,
            max_file_size=5,
        )
        whole["components"][0]["props"] = {"label": "Text", "value": "x", "file_count": "single", "choices": []}
        whole["components"][1]["api_info"] = {"type": "array", "items": {"$ref": "#/$defs/a"}, "$defs": {"a": {}}}
        info = {"parameters": [{"parameter_name": "x", "python_type": {"type": "str"}}], "returns": [{"label": "y"}]}

        def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
            yield path
            items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
            for key, value in items:
                yield from places(value, (*path, key))

        def changed(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
            if not path:
                return value
            tree = copy.copy(tree)
            tree[path[0]] = changed(tree[path[0]], path[1:], value)
            return tree

        both = {"config": whole, "info": info}
        found: dict[str, str] = {}
        for path in places(both):
            for wrong in self.WRONG if path and path != ("config",) else ():
                try:
                    with mock.patch.object(glc.logger, "warning"):
                        self.use(changed(both, path, wrong))
                except glc.ProtocolError:
                    pass
                except Exception as error:
                    found.setdefault(f"{error!r:.100}", f"{path} = {wrong!r:.30}")
        self.assertEqual(found, {})

    def use(self, given: dict[str, Any]) -> None:
        """Everything that a client works out from a config and an info."""
        app = glc.App("http://x", given["config"])
        named = {}
        for end in app.endpoints.values():
            named[str(end)] = glc.describe(
                end, {"named_endpoints": {"/a": given["info"]}, "unnamed_endpoints": given["info"]}
            )
            glc.choose_protocol(app, end, False)
            end.as_users_see(["v"] * len(end.outputs))
            with contextlib.suppress(TypeError):
                glc.bind_arguments(named[str(end)]["parameters"], ("a",), {"b": 1}, str(end))
        text = glc.describe_api({"named_endpoints": named, "unnamed_endpoints": {}}, True)
        self.assertTrue(text.startswith("Client.predict() Usage Info"))


class RoutesTest(TestCase):
    def test_with_and_without_prefix(self) -> None:
        for base in ("http://h:1/sub", "http://h:1/sub/"):
            for prefix, api in (("", "http://h:1/sub"), ("/gradio_api", "http://h:1/sub/gradio_api")):
                routes = glc.Routes(base, prefix)
                self.assertEqual(routes.base, "http://h:1/sub")
                self.assertEqual((routes.config, routes.login), ("http://h:1/sub/config", "http://h:1/sub/login"))
                for url, rest in (
                    (routes.info, "/info"),
                    (routes.join, "/queue/join"),
                    (routes.data, "/queue/data"),
                    (routes.cancel, "/cancel"),
                    (routes.reset, "/reset"),
                    (routes.upload, "/upload"),
                    (routes.run("/greet"), "/run/greet"),
                    (routes.run("/grüß_1.x-y"), "/run/gr%C3%BC%C3%9F_1.x-y"),
                    (routes.stream("id"), "/stream/id"),
                    (routes.heartbeat("hash"), "/heartbeat/hash"),
                    (routes.file("/tmp/a b?#%.txt"), "/file=/tmp/a%20b%3F%23%25.txt"),
                    (routes.file("C:\\x"), "/file=C%3A%5Cx"),
                    (routes.stream("a/b c.m3u8"), "/stream/a/b%20c.m3u8"),
                    (routes.heartbeat("../x?y"), "/heartbeat/..%2Fx%3Fy"),
                ):
                    self.assertEqual(url, api + rest)

    def test_names_that_are_no_plain_words(self) -> None:
        """The number of the function, which is in the request, says more than they can."""
        routes = glc.Routes("http://h")
        for name in ("/a/b", "/..", "/.", "/a b", "/a?b", "/", "", None, "/a/../b", "/%2e%2e"):
            self.assertEqual(routes.run(name), "http://h/run/predict", name)

    def test_files_do_not_lead_elsewhere(self) -> None:
        routes = glc.Routes("http://h")
        for path in ("../admin", "/tmp/../../admin", "a/./b", "..", "/tmp/..", "..\\admin", "C:\\x\\..\\y"):
            for url in (routes.file, routes.stream):
                with self.assertRaisesRegex(glc.ProtocolError, "a path that leads elsewhere"):
                    url(path)
        self.assertEqual(routes.file("/tmp/..a/b..c/x?y#z"), "http://h/file=/tmp/..a/b..c/x%3Fy%23z")

    def test_the_server_does_not_say_where_it_is(self) -> None:
        app = glc.App("http://h", config(root="http://evil", api_prefix="gradio_api/"))
        self.assertEqual(app.routes.join, "http://h/gradio_api/queue/join")

    def test_a_prefix_is_a_plain_path(self) -> None:
        for prefix in (
            "/../admin/x?y=",
            "..",
            "a//b",
            "a/../b",
            "a?b",
            "a#b",
            "a b",
            "http://evil",
            "a/.",
            "%2e%2e",
            "a\\b",
        ):
            with self.subTest(prefix), self.assertRaisesRegex(glc.ProtocolError, "an api_prefix that is no plain path"):
                glc.App("http://h", config(api_prefix=prefix))
        for prefix in ("/gradio_api", "a/b-c/d.e~f/", "/x/api/x/"):
            routes = glc.App("http://h", config(api_prefix=prefix)).routes
            self.assertEqual(routes.join, f"http://h/{prefix.strip('/')}/queue/join")

    def test_the_replica_of_a_space(self) -> None:
        space = "https://ada-app.hf.space"
        for base, root, path in (
            (space, f"{space}/--replicas/a1-b2", "/--replicas/a1-b2"),
            (space, f"{space}/--replicas/a1/", "/--replicas/a1"),
            (space, "https://ADA-app.hf.space:443/--replicas/a1", "/--replicas/a1"),
            (space, space, ""),
            (space, f"{space}/elsewhere", ""),
            (space, f"{space}/--replicas/a1/..", ""),
            (space, f"{space}/--replicas/../x", ""),
            (space, f"{space}/--replicas/a1?x", ""),
            (space, "https://bob-app.hf.space/--replicas/a1", ""),
            (space, "https://ada-app.hf.space.evil/--replicas/a1", ""),
            (space, "http://ada-app.hf.space/--replicas/a1", ""),
            ("http://ada-app.hf.space", "http://ada-app.hf.space/--replicas/a1", ""),
            ("https://app.example", "https://app.example/--replicas/a1", ""),
            (space, None, ""),
            (space, ["x"], ""),
        ):
            with self.subTest(base, root=root):
                routes = glc.App(base, config(root=root, api_prefix="/gradio_api")).routes
                self.assertEqual(routes.join, f"{base}{path}/gradio_api/queue/join")
                self.assertEqual((routes.base, routes.login), (base, f"{base}/login"))


# === Session ==========================================================================================================


class FakeStream:
    """A stream of a session, played by the test: what `chunks()` gives comes out of a queue."""

    def __init__(self, *messages: Any, status: int = 200, end: bool = False, retry_after: str = ""):
        self.limit = mock.Mock()  # is told how long it may be silent
        self.connection = mock.Mock(proxy=None)
        self.status = status
        self.url = "http://x/queue/data"
        self.headers = {"retry-after": retry_after}
        self._items: queue.Queue[Any] = queue.Queue()
        self.push(*messages)
        if end:
            self.end()

    def push(self, *messages: Any) -> None:
        for message in messages:
            text = message if isinstance(message, str) else json.dumps(message)
            self._items.put(f"data: {text}\n\n".encode())

    def end(self) -> None:
        self._items.put(None)

    def fail(self, error: Exception) -> None:
        self._items.put(error)

    def chunks(self) -> Iterator[bytes]:
        while True:
            item = self._items.get(timeout=DEADLINE)
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item

    def start(self) -> bytes:
        return b'{"detail": "no"}'

    def __enter__(self) -> FakeStream:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    close = __exit__


class FakeHttp:
    """Gives a session its streams, one after the other, and notes how they were asked for."""

    def __init__(self, *streams: FakeStream):
        self.timeout = 60.0
        self.opened: list[str] = []
        self.timeouts: list[Any] = []
        self.aborts: list[Any] = []
        self._streams = list(streams)

    def request(self, method: str, url: str, timeout: Any = None, abort: Any = None) -> FakeStream:
        self.opened.append(url)
        self.timeouts.append(timeout)
        self.aborts.append(abort)
        if not self._streams:
            raise glc.ConnectionFailed("no further stream was expected")
        return self._streams.pop(0)


@contextlib.contextmanager
def interrupted_start(name: str, begins: bool) -> Iterator[None]:
    """Ctrl-C while the thread of that name is being started: after it began, or before the system made one of it."""
    start = glc.Worker.start
    made = "_start_joinable_thread" if hasattr(threading, "_start_joinable_thread") else "_start_new_thread"

    def interrupted(worker: glc.Worker) -> None:
        if worker.name != f"gradio-{name}":
            start(worker)
        elif begins:
            start(worker)
            raise KeyboardInterrupt
        else:
            with mock.patch.object(threading, made, side_effect=KeyboardInterrupt):
                start(worker)

    with mock.patch.object(glc.Worker, "start", interrupted):
        yield
    for thread in set(threading.enumerate()):
        if not thread.is_alive():
            threading._limbo.pop(thread)  # type: ignore[attr-defined]


def interrupts(
    case: TestCase, event: str, where: Callable[[types.CodeType], bool], function: Callable[..., Any], *args: Any
) -> Iterator[None]:
    """Call the function again and again, each time with a Ctrl-C one event later, where code is as wanted; at last with
    none. `event` is "line", before each line, or "return", at the end of each function."""
    left = 0

    def trace(frame: Any, what: str, arg: Any) -> Any:
        nonlocal left
        left -= what == event and where(frame.f_code)
        if left == 0:
            left = -1
            raise KeyboardInterrupt
        return trace if where(frame.f_code) else None

    case.addCleanup(sys.settrace, sys.gettrace())
    for number in itertools.count(1):
        left = number
        sys.settrace(trace)
        try:
            with contextlib.suppress(KeyboardInterrupt):
                function(*args)
        finally:
            sys.settrace(None)
        yield
        if left > 0:
            case.assertGreater(number, 5)
            return


class SessionTest(TestCase):
    def done(self, event_id: str, value: Any = None) -> dict[str, Any]:
        return {"msg": "process_completed", "event_id": event_id, "output": {"data": [value]}, "success": True}

    def session(self, *streams: FakeStream) -> glc.Session:
        self.http = FakeHttp(*streams)
        session = glc.Session(self.http, glc.Routes("http://x"))  # type: ignore[arg-type]
        self.first_hash = session.hash
        return session

    def setUp(self) -> None:
        super().setUp()
        self.heard: dict[str, queue.Queue[str]] = {name: queue.Queue() for name in "abcdefgh"}
        self.inboxes: dict[int, glc.Inbox] = {}  # by the thread that listens

    def messages(self, session: glc.Session, join: Any, number: int = 0) -> Iterator[dict[str, Any]]:
        """What a conversation does: a message "joined" of this test, then those of the server."""
        inbox = self.inboxes[threading.get_ident()] = glc.Inbox(number)
        try:
            session.join(inbox, join)
            yield {"msg": "joined"}
            yield from inbox
        finally:
            session.leave(inbox)

    def listen(self, session: glc.Session, event_id: str, join: Any = None, number: int = 0) -> Running:
        """A job's thread: collects the kinds of its messages, and tells each as it comes."""
        heard = self.heard[event_id]

        def run() -> list[Any]:
            kinds = []
            for message in self.messages(session, join or (lambda: event_id), number):
                kinds.append(message["msg"])
                heard.put(message["msg"])
            return kinds

        return Running(run)

    def expect(self, event_id: str, *kinds: str) -> None:
        for kind in kinds:
            self.assertEqual(self.heard[event_id].get(timeout=DEADLINE), kind)

    def joined(self, session: glc.Session, names: str) -> list[Running]:
        jobs = [self.listen(session, name) for name in names]
        for name in names:
            self.expect(name, "joined")
        return jobs

    def wait_reader(self) -> None:
        wait_until(lambda: not gradio_threads(), "the end of the reader")

    def test_one_job(self) -> None:
        stream = FakeStream()
        session = self.session(stream)
        job = self.listen(session, "a")
        self.expect("a", "joined")
        self.assertEqual(gradio_threads(), ["gradio-stream"])
        stream.push({"msg": "estimation", "event_id": "a"}, {"msg": "heartbeat"}, self.done("a"))
        self.assertEqual(job.result(), ["joined", "estimation", "process_completed"])
        stream.push({"msg": "close_stream", "event_id": None})
        stream.end()
        self.wait_reader()
        self.assertEqual(self.http.opened, [f"http://x/queue/data?session_hash={session.hash}"])
        self.assertEqual(session.hash, self.first_hash)

    def test_ctrl_c_while_the_reader_is_started(self) -> None:
        for begins in (False, True):
            with self.subTest(begins=begins):
                stream = FakeStream()
                session = self.session(stream)
                with interrupted_start("stream", begins), self.assertRaises(KeyboardInterrupt):
                    next(self.messages(session, lambda: "a"))
                job = self.listen(session, "b")
                self.expect("b", "joined")
                stream.push(self.done("b"))
                self.assertEqual(job.result(), ["joined", "process_completed"])
                stream.end()
                self.wait_reader()
                self.assertEqual(len(self.http.opened), 1)
                self.expect("b", "process_completed")

    def test_ctrl_c_while_the_heartbeat_is_started(self) -> None:
        for begins in (False, True):
            with self.subTest(begins=begins):
                streams = FakeStream(), FakeStream()
                session = self.session(*streams)
                self.http.closed = False  # type: ignore[attr-defined]
                with interrupted_start("heartbeat", begins), self.assertRaises(KeyboardInterrupt):
                    session.beat()
                session.beat()
                wait_until(lambda: self.http.opened and len(gradio_threads()) == 1)
                for stream in streams:
                    stream.end()
                self.wait_reader()
                self.assertEqual(len(self.http.opened), 1)

    def test_the_stream_is_opened_after_the_join(self) -> None:
        session = self.session(FakeStream(self.done("a"), end=True))

        def join() -> str:
            self.assertEqual(self.http.opened, [])
            return "a"

        self.assertEqual(self.listen(session, "a", join).result(), ["joined", "process_completed"])
        self.wait_reader()

    def test_a_stream_may_be_silent(self) -> None:
        """From the start, as behind a proxy that holds back the head of the answer, whatever the timeout is."""
        for timeout in (60.0, 5.0, None):
            stream = FakeStream(self.done("a"), end=True)
            session = self.session(stream)
            self.http.timeout = timeout  # type: ignore[assignment]
            self.listen(session, "a").result()
            self.wait_reader()
            self.assertEqual(self.http.timeouts, [None])
            self.assertFalse([call for call in stream.limit.mock_calls if call != mock.call(None)])

    def test_several_jobs_share_one_stream(self) -> None:
        stream = FakeStream()
        session = self.session(stream)
        jobs = dict(zip("abc", self.joined(session, "abc")))
        stream.push({"msg": "process_starts", "event_id": "b"}, self.done("c"), self.done("a"), self.done("b"))
        stream.end()
        self.assertEqual(jobs["b"].result(), ["joined", "process_starts", "process_completed"])
        for name in "ac":
            self.assertEqual(jobs[name].result(), ["joined", "process_completed"])
        self.wait_reader()
        self.assertEqual(len(self.http.opened), 1)

    def test_messages_that_come_before_the_answer_to_the_join(self) -> None:
        for early in (
            [{"msg": "process_starts", "event_id": "b"}],
            [{"msg": "process_starts", "event_id": "b"}, self.done("b")],
        ):
            with self.subTest(len(early)):
                stream = FakeStream()
                session = self.session(stream)
                first = self.listen(session, "a")
                self.expect("a", "joined")

                def join(stream: FakeStream = stream, early: Any = early) -> str:
                    stream.push(*early, {"msg": "progress", "event_id": "a"})
                    self.expect("a", "progress")  # so those before it have been read, too
                    return "b"

                second = self.listen(session, "b", join)
                self.expect("b", "joined", "process_starts")
                if len(early) == 1:
                    stream.push(self.done("b"))
                self.assertEqual(second.result(), ["joined", "process_starts", "process_completed"])
                stream.push(self.done("a"))
                first.result()
                stream.end()
                self.wait_reader()
                self.expect("a", "process_completed")
                self.expect("b", "process_completed")

    def test_a_stream_that_ends_too_early_is_opened_again(self) -> None:
        one = FakeStream({"msg": "process_starts", "event_id": "a"}, {"msg": "close_stream"}, end=True)
        session = self.session(one, FakeStream(self.done("a"), end=True))
        self.assertEqual(self.listen(session, "a").result(), ["joined", "process_starts", "process_completed"])
        self.wait_reader()
        self.assertEqual(len(self.http.opened), 2)

    def test_a_job_that_joins_while_the_stream_ends_gets_a_new_one(self) -> None:
        one, two = FakeStream(), FakeStream()
        session = self.session(one, two)
        first = self.listen(session, "a")
        self.expect("a", "joined")
        one.push(self.done("a"))
        first.result()
        self.expect("a", "process_completed")
        second = self.listen(session, "b")
        self.expect("b", "joined")
        one.end()
        two.push(self.done("b"))
        two.end()
        self.assertEqual(second.result(), ["joined", "process_completed"])
        self.wait_reader()

    def test_a_stream_that_brings_nothing_is_not_opened_for_ever(self) -> None:
        session = self.session(*(FakeStream(self.BEAT, end=True) for _ in range(9)))
        error = self.raises(glc.ConnectionLost, self.listen(session, "a").result)
        self.assertIn("The stream of job a was lost: the server says nothing of it.", str(error))
        self.assertEqual(error.event_id, "a")
        self.wait_reader()
        self.assertLessEqual(len(self.http.opened), 4)

    def test_a_stream_that_brings_the_same_is_not_opened_for_ever(self) -> None:
        same = {"msg": "process_starts", "event_id": "a"}
        session = self.session(*(FakeStream(same, end=True) for _ in range(99)))
        error = self.raises(glc.ConnectionLost, self.listen(session, "a").result)
        self.assertIn("the server ended it before the job was complete", str(error))
        self.wait_reader()
        self.assertLessEqual(len(self.http.opened), glc.MAX_STREAMS_IN_VAIN + 2)
        self.assertNotEqual(session.hash, self.first_hash)

    def test_a_lost_stream_ends_every_job(self) -> None:
        for error in (glc.ConnectionLost("cut"), glc.TimedOut("silent"), RuntimeError("what is this")):
            with self.subTest(error):
                stream = FakeStream()
                session = self.session(stream)
                jobs = self.joined(session, "ab")
                stream.fail(error)
                for name, job in zip("ab", jobs):
                    lost = self.raises(glc.ConnectionLost, job.result)
                    self.assertEqual(str(lost), f"The stream of job {name} was lost: {error}")
                self.assertNotEqual(session.hash, self.first_hash)
                self.wait_reader()

    def test_a_stream_that_breaks_after_the_last_job(self) -> None:
        stream = FakeStream(self.done("a"))
        session = self.session(stream)
        self.listen(session, "a").result()
        stream.fail(glc.ConnectionLost("cut"))
        self.wait_reader()
        self.assertEqual(session.hash, self.first_hash)

    def test_a_session_that_was_left_has_no_heartbeat_under_another_hash(self) -> None:
        session = self.session()
        session.end()
        session.generator_broke = True
        session.drop(glc.Inbox(0))
        self.assertFalse(session.generator_broke)
        self.assertNotEqual(session.hash, self.first_hash)
        session.beat()
        self.assertEqual(gradio_threads(), [])

    def test_a_stream_that_cannot_be_opened(self) -> None:
        session = self.session(FakeStream(status=500))
        error = self.raises(glc.ConnectionLost, self.listen(session, "a").result)
        self.assertIn("answered 500: no", str(error))
        self.wait_reader()

    def test_errors_of_the_session(self) -> None:
        for message in (
            {"msg": "unexpected_error", "event_id": None, "message": "Server stopped unexpectedly."},
            {"msg": "unexpected_error"},
            {"msg": "unexpected_error", "event_id": None, "message": "404: Not Found", "session_not_found": True},
            self.UNKNOWN,
        ):
            with self.subTest(message):
                session = self.session(FakeStream({"msg": "estimation", "event_id": "a"}, message))
                error = self.raises(glc.ConnectionLost, self.listen(session, "a").result)
                self.assertIn(f"the server says {str(message.get('message'))!r}.", str(error))
                self.wait_reader()

    BEAT = {"msg": "heartbeat"}
    UNKNOWN = {"msg": "unexpected_error", "message": "404: Session not found.", "success": False}

    def slow_clock(self, seconds: float = 20.0) -> None:
        """Everything takes so long."""
        times = itertools.count(0.0, seconds)
        self.patch(glc, "time", mock.Mock(monotonic=lambda: next(times)))

    def test_another_replica_may_know_the_job(self) -> None:
        """As behind a load balancer: the stream has reached a server that has nothing to say of the job."""
        self.slow_clock()
        for first in ([self.BEAT], [self.UNKNOWN]):
            with self.subTest(first):
                session = self.session(FakeStream(*first), FakeStream(self.done("a"), end=True))
                self.assertEqual(self.listen(session, "a").result(), ["joined", "process_completed"])
                self.wait_reader()
                self.assertEqual((len(self.http.opened), session.hash), (2, self.first_hash))

    def test_a_job_that_no_replica_knows(self) -> None:
        self.slow_clock()
        for message, words in ((self.BEAT, "the server says nothing of it."), (self.UNKNOWN, "404: Session not found")):
            with self.subTest(words):
                session = self.session(*(FakeStream(message) for _ in range(3)))
                error = self.raises(glc.ConnectionLost, self.listen(session, "a").result)
                self.assertIn(words, str(error))
                self.assertIn("needs sticky sessions", str(error))
                self.wait_reader()
                self.assertEqual(len(self.http.opened), 2)

    def test_a_stream_that_another_job_needs_is_not_left(self) -> None:
        self.slow_clock()
        stream = FakeStream()
        session = self.session(stream)
        known, unknown = self.joined(session, "ab")
        stream.push({"msg": "process_starts", "event_id": "a"}, *[self.BEAT] * 5)
        error = self.raises(glc.ConnectionLost, unknown.result)
        self.assertEqual((error.event_id, "sticky sessions" in str(error)), ("b", True))
        stream.push(self.done("a"))
        self.assertEqual(known.result(), ["joined", "process_starts", "process_completed"])
        stream.end()
        self.wait_reader()
        self.assertEqual(len(self.http.opened), 1)

    def test_nor_one_that_a_new_job_may_need(self) -> None:
        self.slow_clock()
        stream = FakeStream()
        session = self.session(stream)
        jobs = self.joined(session, "a")
        stream.push({"msg": "x", "event_id": "nobody's"})
        wait_until(lambda: stream.limit.called)  # it is being read
        jobs += self.joined(session, "b")
        stream.push(self.BEAT, self.done("a"), self.done("b"))
        for job in jobs:
            self.assertEqual(job.result()[-1], "process_completed")
        stream.end()
        self.wait_reader()
        self.assertEqual(len(self.http.opened), 1)

    def test_nor_one_that_the_answer_to_a_join_may_need(self) -> None:
        self.slow_clock()
        stream = FakeStream()
        session = self.session(stream)
        (first,) = self.joined(session, "a")

        def join() -> str:
            stream.push(self.BEAT, {"msg": "x", "event_id": "a"})
            self.expect("a", "x")  # so the heartbeat has been read, too
            return "b"

        second = self.listen(session, "b", join)
        self.expect("b", "joined")
        stream.push(self.done("a"), self.done("b"))
        for job in (first, second):
            self.assertEqual(job.result()[-1], "process_completed")
        stream.end()
        self.wait_reader()
        self.assertEqual(len(self.http.opened), 1)

    def test_heartbeats_that_a_proxy_held_back_count_once(self) -> None:
        stream = FakeStream()
        session = self.session(stream)
        (job,) = self.joined(session, "a")
        stream.push(*[self.BEAT] * 50, {"msg": "estimation", "event_id": "a"}, self.done("a"))
        self.assertEqual(job.result(), ["joined", "estimation", "process_completed"])
        stream.end()
        self.wait_reader()
        self.assertEqual(len(self.http.opened), 1)

    def test_a_stream_that_is_refused_for_now_is_asked_for_again(self) -> None:
        refused = [FakeStream(status=status, retry_after="0") for status in glc.REFUSED_FOR_NOW]
        session = self.session(*refused, FakeStream(self.done("a"), end=True))
        self.assertEqual(self.listen(session, "a").result(), ["joined", "process_completed"])
        self.wait_reader()
        self.assertEqual((len(self.http.opened), session.hash), (5, self.first_hash))

    def test_a_stream_that_is_refused_for_good(self) -> None:
        for status, wait, times, kind in (
            (503, "0", 1 + glc.MAX_REFUSALS, glc.HTTPError),
            (429, "3600", 1, glc.TooManyRequestsError),
            (404, "0", 1, glc.ConnectionLost),
            (500, "0", 1, glc.ConnectionLost),
        ):
            with self.subTest(status):
                session = self.session(*(FakeStream(status=status, retry_after=wait) for _ in range(9)))
                error = self.raises(kind, self.listen(session, "a").result)
                self.assertIn(f"The stream of job a was lost: http://x/queue/data answered {status}", str(error))
                self.assertEqual((error.event_id, error.url), ("a", "http://x/queue/data"))
                if kind is not glc.ConnectionLost:
                    self.assertEqual((error.status, error.retry_after), (status, float(wait)))
                self.assertEqual("sticky sessions" in str(error), status == 404)
                self.wait_reader()
                self.assertEqual(len(self.http.opened), times)
                self.assertNotEqual(session.hash, self.first_hash)

    def test_refusals_that_take_their_time_have_an_end_too(self) -> None:
        self.slow_clock(5.0)
        session = self.session(*(FakeStream(status=503, retry_after="0") for _ in range(99)))
        self.raises(glc.HTTPError, self.listen(session, "a").result)
        self.wait_reader()
        self.assertEqual(len(self.http.opened), 1 + glc.MAX_REFUSALS)

    def test_refusals_between_streams_in_vain_do_not_make_these_endless(self) -> None:
        now = 0.0

        def pause(error: Exception, times: int) -> bool:
            nonlocal now
            now += 1.0
            return times <= glc.MAX_REFUSALS

        self.patch(glc, "may_ask_again", pause)
        self.patch(glc, "time", mock.Mock(monotonic=lambda: now))
        same = {"msg": "process_starts", "event_id": "a"}
        session = self.session(*[FakeStream(same, end=True) if n % 2 else FakeStream(status=503) for n in range(99)])
        self.raises(glc.HTTPError, self.listen(session, "a").result)
        self.wait_reader()
        self.assertLessEqual(len(self.http.opened), glc.MAX_STREAMS_IN_VAIN + 2)

    def test_pauses_grow(self) -> None:
        pauses: list[float] = []
        self.patch(glc.threading.Event, "wait", lambda event, seconds=None: pauses.append(seconds) or False)
        error = glc.HTTPError("x", status=503)
        done: list[Any] = []
        http: Any = FakeHttp()
        worker = glc.Worker(http, "test", lambda: done.extend(glc.may_ask_again(error, n) for n in range(1, 8)))
        worker.run()
        self.assertEqual(done, [False] * 7)  # this thread is no worker
        with mock.patch.object(glc.threading, "current_thread", lambda: worker):
            self.assertEqual([glc.may_ask_again(error, n) for n in range(1, 8)], [True] * 5 + [False] * 2)
        self.assertEqual(pauses, [1, 2, 4, 8, 16])

    def test_messages_of_unknown_jobs_are_kept_up_to_a_bound(self) -> None:
        self.patch(glc, "MAX_WAITING", 50_000)
        stream = FakeStream()
        session = self.session(stream)
        (first,) = self.joined(session, "a")

        def join() -> str:
            stream.push(*[{"msg": "progress", "event_id": "x"}] * 60)
            error = self.raises(glc.ConnectionLost, first.result)
            self.assertIn("more of unknown jobs than can be kept", str(error))
            return "b"

        second = self.listen(session, "b", join)
        self.expect("b", "joined")
        self.assertIsInstance(self.raises(glc.ConnectionLost, second.result), glc.ConnectionLost)
        self.wait_reader()

    def test_messages_that_nobody_takes_are_kept_up_to_a_bound(self) -> None:
        """As those of a job whose file does not come. Others on the stream go on."""
        self.patch(glc, "MAX_WAITING", 50_000)
        for (slowly, quickly), values, most in (  # about as in memory
            ("ab", 0, 60),
            ("cd", [0] * 100, 12),
            ("ef", [[]] * 100, 5),
            ("gh", [{}] * 100, 5),
        ):
            stream = FakeStream()
            session = self.session(stream)
            slow = self.messages(session, partial(str, slowly))
            next(slow)
            (other,) = self.joined(session, quickly)
            stream.push(*[{"msg": "progress", "event_id": slowly, "values": values}] * 100, self.done(quickly))
            self.assertEqual(other.result(), ["joined", "process_completed"])
            taken = 0
            with self.assertRaisesRegex(glc.ConnectionLost, "more of the job than can be kept"):
                for _ in slow:
                    taken += 1
            self.assertLess(taken, most)
            stream.push(self.done(slowly))
            stream.end()
            self.wait_reader()

    def test_an_interrupt_of_a_join_leaves_nothing_behind(self) -> None:
        session = self.session()
        inbox = glc.Inbox(0)
        is_join = (glc.__file__, "join").__eq__
        for _ in interrupts(
            self, "line", lambda code: is_join((code.co_filename, code.co_name)), session.join, inbox, str
        ):
            session.leave(inbox)
            self.assertEqual(session.company(glc.Inbox(0)), (True, True))

    def test_a_ghost_breaks_the_stream_but_no_job(self) -> None:
        ghost = {"msg": "unexpected_error", "event_id": None, "message": "'0123abc'", "success": False}
        session = self.session(FakeStream(self.done("0123abc"), ghost), FakeStream(self.done("a"), end=True))
        self.assertEqual(self.listen(session, "a").result(), ["joined", "process_completed"])
        self.wait_reader()

    def test_messages_for_nobody(self) -> None:
        session = self.session(
            FakeStream(
                self.done("ghost"),
                "no json",
                '"text"',
                "[]",
                {"no": "msg"},
                {"msg": 5},
                {"msg": "x", "event_id": 5},
                {"msg": "process_starts", "event_id": "ghost"},
                self.done("a"),
                end=True,
            )
        )
        with self.assertLogs(glc.logger, "WARNING") as logs:
            self.assertEqual(self.listen(session, "a").result(), ["joined", "process_completed"])
            self.wait_reader()
        self.assertEqual(len(logs.output), 5)

    def test_an_event_id_that_another_job_has(self) -> None:
        stream = FakeStream()
        session = self.session(stream)
        (first,) = self.joined(session, "a")
        self.raises(glc.ProtocolError, self.listen(session, "b", lambda: "a").result)
        stream.push(self.done("a"))
        self.assertEqual(first.result(), ["joined", "process_completed"])
        stream.end()
        self.wait_reader()

    def test_an_event_id_that_another_job_had(self) -> None:
        """The end of the first job, noticed late by its thread, does not take the messages from the second."""
        stream = FakeStream()
        session = self.session(stream)
        first = self.messages(session, lambda: "a")
        self.assertEqual(next(first)["msg"], "joined")
        stream.push(self.done("a"))
        self.assertEqual(next(first)["msg"], "process_completed")
        (second,) = self.joined(session, "a")
        self.assertEqual(list(first), [])
        stream.push(self.done("a"))
        self.assertEqual(second.result(), ["joined", "process_completed"])
        stream.end()
        self.wait_reader()

    def test_a_join_that_fails(self) -> None:
        session = self.session()

        def join() -> str:
            raise glc.QueueError("full")

        self.raises(glc.QueueError, self.listen(session, "a", join).result)
        self.assertEqual((self.http.opened, gradio_threads()), ([], []))

    def test_an_error_of_ours_ends_one_job_alone(self) -> None:
        stream = FakeStream()
        session = self.session(stream)
        a, b = self.joined(session, "ab")
        self.inboxes[a.thread.ident or 0].put(glc.Cancelled("stop"))
        self.assertEqual(str(self.raises(glc.Cancelled, a.result)), "stop")
        stream.push(self.done("a"), self.done("b"))
        self.assertEqual(b.result(), ["joined", "process_completed"])
        stream.end()
        self.wait_reader()

    def test_company(self) -> None:
        stream = FakeStream()
        session = self.session(stream, FakeStream(self.done("d"), end=True))
        inboxes = {}
        for name, number in (("a", 1), ("b", 2), ("c", 1)):
            inbox = inboxes[name] = glc.Inbox(number)
            session.join(inbox, lambda name=name: name)  # type: ignore[misc]
            if name == "a":
                self.assertEqual(session.company(inbox), (True, True))
        self.assertEqual(
            [session.company(inboxes[name]) for name in "abc"], [(False, False), (False, True), (False, False)]
        )
        session.drop(inboxes["a"])
        self.assertEqual(session.hash, self.first_hash)
        stream.push(self.done("b"), self.done("c"))
        for name in "bc":
            self.assertEqual([message["msg"] for message in inboxes[name]], ["process_completed"])
        session.stateful = True
        self.assertEqual(session.company(inboxes["a"]), (False, True))
        session.drop(inboxes["a"])
        self.assertEqual(session.hash, self.first_hash)
        session.stateful = False
        session.drop(inboxes["a"])
        self.assertNotEqual(session.hash, self.first_hash)
        self.assertEqual([abort.aborted for abort in self.http.aborts], [True])
        job = self.listen(session, "d")  # goes on over a stream of its own
        self.expect("d", "joined")
        stream.fail(glc.ConnectionLost("aborted"))
        self.assertEqual(job.result(), ["joined", "process_completed"])
        self.wait_reader()
        self.assertEqual(self.http.opened[1:], [f"http://x/queue/data?session_hash={session.hash}"])

    def test_company_of_a_job_that_still_joins(self) -> None:
        session = self.session()
        seen = []

        def join() -> str:
            seen.append(session.company(glc.Inbox(7)))
            raise glc.QueueError("full")

        self.raises(glc.QueueError, session.join, glc.Inbox(7), join)
        self.assertEqual((seen, session.company(glc.Inbox(7))), ([(False, False)], (True, True)))

    def test_hashes_cannot_be_guessed(self) -> None:
        hashes = {self.session().hash for _ in range(50)}
        self.assertEqual(len(hashes), 50)
        for text in hashes:
            self.assertRegex(text, r"^[0-9a-f]{32}$")


class SilenceTest(TestCase):
    """When the silence of a stream means that it is dead: never, unless its heartbeats come one by one (N1)."""

    BEAT = b'data: {"msg":"heartbeat"}\n\n'
    NEWS = b'data: {"msg":"progress"}\n\n'
    LARGE = b'data: {"msg":"process_generating","output":"' + b"x" * 5000 + b'"}\n\n'

    def limits(self, *reads: tuple[float, bytes], timeout: float | None = 60.0) -> list[float | None]:
        """How long the stream may be silent after each message, if these bytes come after so many seconds each."""
        now = 0.0
        limits: list[float | None] = []

        def chunks() -> Iterator[bytes]:
            nonlocal now
            for seconds, data in reads:
                now += seconds
                yield data

        response = mock.Mock(chunks=chunks)
        response.limit = limits.append
        with mock.patch.object(glc, "time", mock.Mock(monotonic=lambda: now)):
            count = len(list(glc.live_messages(response, timeout)))
        self.assertEqual(count, b"".join(data for _, data in reads).count(b"data: "))
        return limits

    def test_live_heartbeats(self) -> None:
        for timeout, silence in ((60.0, 60.0), (10.0, 45.0)):
            for start in ([(0.0, self.NEWS * 2)], [(3.0, self.NEWS)], []):
                found = self.limits(*start, (15.0, self.BEAT), (15.0, self.BEAT), timeout=timeout)
                self.assertEqual((set(found[:-1]), found[-1]), ({None}, silence))

    def test_once_seen_they_are_not_forgotten(self) -> None:
        busy = [(0.1, self.NEWS)] * 20
        found = self.limits((15.0, self.BEAT), (15.0, self.BEAT), (15.0, self.BEAT), *busy)
        self.assertEqual(found, [None, *[60.0] * 22])
        found = self.limits((15.0, self.BEAT), (7.0, self.NEWS), (8.0, self.BEAT), (5.0, self.LARGE), *busy)
        self.assertEqual(found, [None, None, *[60.0] * 22])

    def test_without_a_timeout_there_is_none(self) -> None:
        self.assertEqual(self.limits(*[(15.0, self.BEAT)] * 5, timeout=None), [])

    def test_what_was_held_back_comes_all_at_once(self) -> None:
        """As nginx does it by default: when there are 1460 bytes, or a message as large as that comes."""
        burst = self.BEAT * 34
        for reads in (
            [(510.0, burst)] * 5,
            [(510.0, burst[:1448]), (0.2, burst[1448:])] * 5,  # in two packets
            [(510.0, self.BEAT), *[(0.001, self.BEAT)] * 33] * 5,  # in the server's own chunks
            [(510.0, burst[:-5]), (0.0, burst[-5:])] * 5,
            [(20.0, self.BEAT + self.LARGE)] * 5,
            [(20.0, self.BEAT + self.LARGE[:100]), (0.4, self.LARGE[100:])] * 5,
            [(20.0, self.BEAT), (0.1, self.LARGE[:100]), (5.0, self.LARGE[100:])] * 5,  # slowly
            [(3.0, self.NEWS * 5 + self.BEAT + self.NEWS)] * 20,
            [(40.0, self.LARGE), (20.0, self.NEWS * 50 + self.BEAT)] * 5,
        ):
            with self.subTest(str(reads)[:80]):
                self.assertIsNone(self.limits(*reads)[-1])

    def test_messages_alone_prove_nothing(self) -> None:
        """Large ones pass a proxy at once that holds heartbeats back."""
        self.assertEqual(set(self.limits(*[(20.0, self.LARGE)] * 9)), {None})
        self.assertEqual(set(self.limits((15.0, self.BEAT), *[(20.0, self.LARGE)] * 9)), {None})


# === Conversation =====================================================================================================


class ChooseProtocolTest(TestCase):
    def test_table(self) -> None:
        for version, own, entry, skip, chosen in (
            ("6.31.0", "sse_v3", {}, False, "sse_v3"),
            ("6.31.0", "sse_v3", {}, True, "direct"),
            ("6.31.0", "sse_v3", {"queue": False}, False, "direct"),
            ("6.31.0", "sse_v3", {"queue": None}, False, "sse_v3"),
            ("6.31.0", "sse_v3", {"queue": False, "types": {"generator": True}}, False, "sse_v3"),
            ("6.31.0", "sse_v3", {"types": {"generator": True}}, True, "sse_v3"),
            ("6.31.0", "sse_v3", {"outputs": [5]}, True, "direct"),
            ("5.50.0", "sse_v3", {"outputs": [5]}, True, "sse_v3"),
            ("4.30.0", "sse_v3", {"outputs": [5], "queue": False}, False, "sse_v3"),
            ("4.29.0", "sse_v3", {"outputs": [5], "queue": False}, False, "direct"),
            ("4.10.0", "sse_v1", {"batch": True}, False, "direct"),
            ("4.23.0", "sse_v3", {"batch": True}, False, "direct"),
            ("4.24.0", "sse_v3", {"batch": True}, False, "sse_v3"),
            ("3.50.2", "ws", {"batch": True}, False, "ws"),
            ("3.50.2", "ws", {"queue": False}, False, "direct"),
            ("4.8.0", "sse", {}, False, "sse"),
        ):
            with self.subTest(version, entry=entry, skip=skip):
                app = glc.App("http://x", config(dependency(**entry), version=version, protocol=own))
                expected = glc.DIRECT if chosen == "direct" else glc.PROTOCOLS[chosen]
                self.assertIs(glc.choose_protocol(app, app.endpoints[0], skip), expected)

    def test_an_app_without_a_queue(self) -> None:
        app = glc.App("http://x", config(dependency(types={"generator": True}), enable_queue=False))
        self.assertIs(glc.choose_protocol(app, app.endpoints[0], False), glc.DIRECT)

    def test_releases_that_are_asked_for_whole_values(self) -> None:
        table = [("4.17", False), ("5.29.0", False), ("5.29.1", True), ("5.35.9", True), ("5.36.0", False)]
        for version, broken in table:
            app = glc.App("http://x", config(version=version))
            session = glc.Session(FakeHttp(), app.routes)  # type: ignore[arg-type]
            self.assertIs(glc.wants_whole_values(app, session), broken, version)
            session.generator_broke = True
            self.assertIs(glc.wants_whole_values(app, session), version != "4.17", version)


class TranscriptTest(TestCase):
    def transcript(self, diffs: bool = True, version: tuple[int, ...] = (6, 31, 0)) -> glc.Transcript:
        return glc.Transcript(diffs, version, "/f of http://x")

    def completed(self, output: Any, **more: Any) -> dict[str, Any]:
        return {"msg": "process_completed", "output": output, "success": True, **more}

    def generating(self, *data: Any) -> dict[str, Any]:
        return {"msg": "process_generating", "output": {"data": list(data)}, "success": True}

    def test_statuses(self) -> None:
        progress = {"index": 1, "length": 3, "unit": "steps", "progress": None, "desc": "work", "new": 1}
        for message, update in (
            ({"msg": "send_hash"}, glc.StatusUpdate(glc.Status.JOINING_QUEUE)),
            (
                {"msg": "estimation", "rank": 2, "queue_size": 5, "rank_eta": 1.5},
                glc.StatusUpdate(glc.Status.IN_QUEUE, 2, 5, 1.5),
            ),
            (
                {"msg": "estimation", "rank": 0, "queue_size": 1, "rank_eta": None, "queue_eta": 1.0},
                glc.StatusUpdate(glc.Status.IN_QUEUE, 0, 1),
            ),
            ({"msg": "estimation"}, glc.StatusUpdate(glc.Status.IN_QUEUE)),
            (
                {"msg": "estimation", "rank": "1", "queue_size": True, "rank_eta": {}},
                glc.StatusUpdate(glc.Status.IN_QUEUE),
            ),
            ({"msg": "estimation", "rank": float("nan"), "queue_size": 1e300}, glc.StatusUpdate(glc.Status.IN_QUEUE)),
            ({"msg": "send_data"}, glc.StatusUpdate(glc.Status.SENDING_DATA)),
            ({"msg": "process_starts", "eta": 0.5}, glc.StatusUpdate(glc.Status.PROCESSING, eta=0.5)),
            ({"msg": "process_starts"}, glc.StatusUpdate(glc.Status.PROCESSING)),
            (
                {"msg": "progress", "progress_data": [progress, {"progress": 0.5}, None]},
                glc.StatusUpdate(
                    glc.Status.PROGRESS,
                    progress_data=[
                        glc.ProgressUnit(1, 3, "steps", None, "work"),
                        glc.ProgressUnit(progress=0.5),
                    ],
                ),
            ),
            ({"msg": "progress", "progress_data": None}, glc.StatusUpdate(glc.Status.PROGRESS, progress_data=[])),
            (
                {"msg": "log", "log": "hello", "level": "info", "title": "T!"},
                glc.StatusUpdate(glc.Status.LOG, log=("hello", "info")),
            ),
        ):
            with self.subTest(message):
                step = self.transcript().feed(message)
                self.assertEqual(step, glc.Step(update))

    def test_messages_that_change_nothing(self) -> None:
        for kind in ("heartbeat", "close_stream", "alive?", "server_stopped", "unreadable", "of the future"):
            self.assertIsNone(self.transcript().feed({"msg": kind, "event_id": "x"}))

    def test_a_full_queue(self) -> None:
        error = self.raises(glc.QueueError, self.transcript().feed, {"msg": "queue_full"})
        self.assertEqual(str(error), "The queue of /f of http://x is full; try again later.")

    def test_values_and_diffs(self) -> None:
        transcript = self.transcript()
        first = transcript.feed(self.generating("a", [1]))
        assert first is not None
        self.assertEqual((first.values, first.edits, first.final), (["a", [1]], None, False))
        edits = [[["append", [], "b"]], []]
        second = transcript.feed(self.generating(*edits))
        self.assertEqual((second.values, second.edits), (["ab", [1]], edits))  # type: ignore[union-attr]
        last = transcript.feed(self.completed({"data": ["ab", [1]]}))
        self.assertEqual((last.values, last.final), (["ab", [1]], True))  # type: ignore[union-attr]
        self.assertEqual(last.status, glc.StatusUpdate(glc.Status.FINISHED, success=True))  # type: ignore[union-attr]

    def test_a_diff_of_what_another_job_yielded(self) -> None:
        transcript = self.transcript()
        step = transcript.feed(self.generating([["append", [], "b"]]))
        self.assertEqual((step.status.code, step.values), (glc.Status.ITERATING, None))  # type: ignore[union-attr]
        transcript = self.transcript()
        step = transcript.feed(self.generating([["replace", [], "b"]]))
        self.assertEqual(step.values, ["b"])  # type: ignore[union-attr]
        step = transcript.feed(self.generating([["append", [], "c"]]))
        self.assertEqual(step.values, ["bc"])  # type: ignore[union-attr]

    def test_whole_values(self) -> None:
        transcript = self.transcript(diffs=False)
        for value in ("a", [["append", [], "b"]]):
            self.assertEqual(transcript.feed(self.generating(value)).values, [value])  # type: ignore[union-attr]

    def test_streamed_inputs_give_whole_values(self) -> None:
        transcript = self.transcript()
        for value in ("a", "b"):
            step = transcript.feed({**self.generating(value), "msg": "process_streaming"})
            self.assertEqual((step.values, step.edits), ([value], None))  # type: ignore[union-attr]

    def test_diffs_that_do_not_fit(self) -> None:
        for edits in ([[["append", [], 5]]], [5], [[], []], []):
            with self.subTest(edits):
                transcript = self.transcript()
                transcript.feed(self.generating("a"))
                self.raises(glc.ProtocolError, transcript.feed, self.generating(*edits))

    def test_errors_of_every_version(self) -> None:
        hidden = (
            "The app raised an error on /f of http://x but does not say which: "
            "the upstream Gradio app has to set show_error=True in launch()."
        )
        for version, output, words in (
            ((3, 16, 2), {"error": None}, hidden),
            ((3, 50, 2), {"error": "None"}, hidden),
            ((4, 22, 0), {"error": "None"}, hidden),
            ((4, 24, 0), {"error": "None"}, "None"),
            ((3, 50, 2), {"error": "boom 1"}, "boom 1"),
            ((4, 29, 0), {"error": "'custom boom'"}, "custom boom"),
            ((4, 44, 1), {"error": '"it\'s"', "duration": 10, "visible": True}, "it's"),
            (
                (4, 44, 1),
                {"error": "'NoneType' object has no attribute 'foo'"},
                "'NoneType' object has no attribute 'foo'",
            ),
            ((4, 44, 1), {"error": repr("can't\nopen")}, "can't\nopen"),
            ((3, 50, 2), {"error": repr('it\'s "bad"\nline 2')}, 'it\'s "bad"\nline 2'),
            ((3, 50, 2), {"error": "'no \\xliteral'"}, "'no \\xliteral'"),
            ((3, 50, 2), {"error": "'"}, "'"),
            ((3, 50, 2), {"error": repr("x" * 15_000)}, "x" * 15_000),
            ((4, 44, 1), {"error": repr("x" * 10**7)}, "'" + "x" * 19_999),
            ((5, 50, 0), {"error": "'custom boom'", "title": "Error"}, "'custom boom'"),
            ((6, 31, 0), {"error": "boom 1", "visible": True}, "boom 1"),
            ((6, 31, 0), {"error": None}, hidden),
            ((6, 31, 0), {}, hidden),
            ((6, 31, 0), {"error": {"code": 5}}, "{'code': 5}"),
            ((6, 31, 0), {"error": ""}, "The app raised an error without a text on /f of http://x."),
        ):
            with self.subTest(version, output=output):
                message = self.completed(output, success=False, title=None)
                error = self.raises(glc.AppError, self.transcript(version=version).feed, message)
                self.assertEqual((str(error), error.message, error.title), (words, words, "Error"))

    def test_what_an_error_carries(self) -> None:
        output = {"error": "x", "duration": None, "visible": False, "title": "T", "message": "other", "self": 1}
        error = self.raises(glc.AppError, self.transcript().feed, self.completed(output, success=False))
        self.assertEqual((error.duration, error.visible, error.title, error.details), (None, False, "T", {"self": 1}))
        message = self.completed({"error": "x"}, success=False, title="Its title")
        self.assertEqual(self.raises(glc.AppError, self.transcript().feed, message).title, "Its title")

    def test_an_exceeded_gpu_quota(self) -> None:
        link = '<a style="white-space: nowrap" href="https://huggingface.co/join">Create a free account</a>'
        exceeded = "You have exceeded your"
        for text, title, *seconds in (
            (f"{exceeded} GPU quota (60s requested vs. 12s left). Try again in 0:12:34", "Error", 60, 12, 754),
            (
                f"{exceeded} Pro ZeroGPU quota (50s requested vs. 30s left). Try again in 1:32:34.",
                "Error",
                50,
                30,
                5554,
            ),
            (f"{exceeded} free GPU quota (60s requested vs. 55s left)", "ZeroGPU quota exceeded", 60, 55, None),
            (f"{exceeded} GPU quota (60s requested vs. 0s left). Try again in 1 day, 2:05:11", None, 60, 0, 93911),
            (f"{exceeded} GPU quota (60s requested vs. 9s left). Try again in -1 day, 23:59:59", None, 60, 9, 0),
            (f"{exceeded} GPU quota (46s left vs. 60s requested). Sign-up or retry in 0:09:48.", None, 60, 46, 588),
            (f"{exceeded} GPU quota (60s requested vs. 56s left). {link} to get more.", None, 60, 56, None),
            (f"{exceeded} GPU quota", None, None, None, None),
            ("Space app has reached its GPU limit.", "ZeroGPU quota exceeded", None, None, None),
        ):
            with self.subTest(text, title=title):
                output = {"error": text, **({"title": title} if title else {})}
                error = self.raises(glc.AppError, self.transcript().feed, self.completed(output, success=False))
                quota = dict(zip(("requested", "left", "retry_after"), seconds))
                self.assertEqual(error.details, {"quota": quota})
                shown = text.replace(link, "Create a free account")
                self.assertEqual(error.message, f"{shown} {glc.QUOTA_HINT}")
                self.assertEqual(str(error), error.message)
        for text in (
            "No GPU is currently available for you after 60s",
            "No GPU was available",
            "GPU task aborted",
            "The requested GPU duration (180s) is larger than the maximum allowed",
            "You exceeded your current quota, please check your plan and billing details.",
            "x" * 100_000 + " exceeded your" * 10_000,
        ):
            error = self.raises(glc.AppError, self.transcript().feed, self.completed({"error": text}, success=False))
            self.assertEqual((str(error), error.details), (text[:20_000], {}))
        hostile = f"{exceeded} GPU quota ({'9' * 5000}s requested vs. 1s left). " + "<" * 100_000
        error = self.raises(glc.AppError, self.transcript().feed, self.completed({"error": hostile}, success=False))
        self.assertEqual(error.details["quota"]["left"], 1)

    def test_an_error_without_the_flag(self) -> None:
        message = {"msg": "process_completed", "output": {"error": "x"}}
        self.raises(glc.AppError, self.transcript().feed, message)

    def test_a_job_that_the_app_stopped(self) -> None:
        error = self.raises(glc.AppError, self.transcript().feed, self.completed({}))
        self.assertEqual(str(error), "The app cancelled the job on /f of http://x before it was complete.")

    def test_messages_of_a_wrong_shape(self) -> None:
        for kind in ("process_completed", "process_generating"):
            for output in (None, [], "x", {"data": None}, {"data": "x"}, {"data": {}}):
                with self.subTest(kind, output=output):
                    message = {"msg": kind, "output": output, "success": True}
                    self.raises(glc.ProtocolError, self.transcript().feed, message)
        self.raises(glc.ProtocolError, self.transcript().feed, {"msg": "process_completed"})

    def test_every_recorded_conversation(self) -> None:
        count = 0
        for version in RECORDED:
            record = recorded(version)
            app = glc.App("URL", record["config"])
            for name, call in record["calls"].items():
                with self.subTest(version, call=name):
                    self.replay(app, name, call)
                    count += 1
        self.assertGreater(count, 200)

    def replay(self, app: glc.App, name: str, call: dict[str, Any]) -> None:
        endpoint = app.names[name]
        protocol = glc.choose_protocol(app, endpoint, False)
        diffs = protocol.diffs and not (5, 29, 1) <= app.version < (5, 36)
        transcript = glc.Transcript(diffs, app.version, f"{endpoint} of URL")
        arrivals = glc.Arrivals(lambda item, *_: (glc.file_name(item), None), app.protocol.is_file)
        outputs: list[Any] = []
        values: list[Any] = []
        error = None
        try:
            for message in call["messages"]:
                step = transcript.feed(message)
                if step is None or step.values is None:
                    continue
                if app.version < (4,):
                    step = step._replace(values=list(map(glc.modern_output, endpoint.output_types, step.values)))
                if not step.final:
                    values = arrivals.next(step).after(values)
                    outputs.append(endpoint.as_users_see(values))
                elif not outputs:
                    outputs.append(endpoint.as_users_see(arrivals.final(step.values)))
        except glc.GradioError as problem:
            error = [type(problem).__name__, str(problem)]

        def short(value: Any) -> Any:
            is_path = isinstance(value, str) and value.startswith("FOLDER/")
            return (
                glc.walk(value, lambda text: isinstance(text, str), lambda text: text.rpartition("/")[2])
                if (is_path)
                else value
            )

        recorded_outputs = glc.walk(call["outputs"], lambda value: isinstance(value, str), short)
        self.assertEqual(error, call["error"])
        self.assertEqual(json.loads(json.dumps(outputs)), recorded_outputs)


class ExhaustedTest(ClientCase):
    def talk(self, url: str, number: int = 0, name: str = "", *data: Any) -> glc.Conversation:
        http = glc.Http("test", DEADLINE)
        self.addCleanup(http.close)
        with http.request("GET", url + "/config") as response:
            app = glc.App(url, response.json())
        endpoint = app.names.get(name) or app.endpoints[number]
        talk = glc.Conversation(http, app, endpoint, glc.Session(http, app.routes), {})
        talk.data = list(data)
        return talk

    def heard(self, talk: glc.Conversation) -> list[str]:
        protocol = glc.choose_protocol(talk.app, talk.endpoint, skip_queue=False)
        return [message["msg"] for message in glc.SPEAK[protocol.shape](talk)]

    def test_every_conversation_ends_by_itself(self) -> None:
        """Callers leave at the result; whoever listens on hears nothing more."""
        for protocol, name in (("sse_v3", "/add"), ("sse", "/add"), ("ws", "/add"), ("sse_v3", "/quick")):
            with self.subTest(protocol, name=name):
                args = (1, 2) if name == "/add" else ("x",)
                talk = self.talk(self.app(protocol).url, 0, name, *args)
                messages = self.heard(talk)
                self.assertEqual(messages[-1], "process_completed")
                self.assertEqual(messages.count("process_completed"), 1)
                talk.http.close()
                wait_until(lambda: not gradio_threads())
        server = self.scripted(dependency("f", queue=False))
        server.on("POST", "/run/f", Reply.json({"error": "no"}, 500))
        self.assertEqual(self.heard(self.talk(server.url, 0, "", "x")), ["process_starts", "process_completed"])

    def test_one_that_is_cancelled_before_it_joins_sends_nothing(self) -> None:
        app = self.app("sse_v3")
        talk = self.talk(app.url, 0, "/add", 1, 2)
        talk.stop()
        with self.assertRaises(glc.Cancelled):
            self.heard(talk)
        self.assertNotIn("POST", "".join(self.paths(app)))

    def test_ctrl_c_while_the_conversation_is_left(self) -> None:
        """It is not lost, as it would be in a generator that nobody closes."""
        talk = self.talk(self.app("sse_v3").url, 0, "/add", 1, 2)
        conversation = glc.speak_shared(talk)
        next(conversation)
        with mock.patch.object(talk.session, "leave", side_effect=KeyboardInterrupt):
            self.raises(KeyboardInterrupt, conversation.close)
        talk.http.close()
        wait_until(lambda: not gradio_threads())


class WayToCancelTest(TestCase):
    GENERATOR = {"types": {"generator": True}}

    def way(self, version: str, started: bool, alone: bool, only: bool, yielded: bool = False, **entry: Any) -> str:
        app = glc.App("http://x", config(dependency(**entry), version=version))
        session: Any = mock.Mock(company=lambda inbox: (alone, only))
        talk = glc.Conversation(mock.Mock(), app, app.endpoints[0], session, {})
        talk.started, talk.yielded = started, yielded
        return talk.way_to_cancel()

    def test_none_harms_the_jobs_of_others(self) -> None:
        for version in RECORDED:
            for started, generator, yielded in itertools.product((True, False), repeat=3):
                with self.subTest(version, started=started, generator=generator):
                    way = self.way(version, started, False, False, yielded, types={"generator": generator})
                    self.assertNotIn(way, ("close", "stop"))

    def test_the_newest(self) -> None:
        for started, alone, only, entry, way in (
            (False, True, True, {}, "stop"),
            (False, False, False, {}, "remove"),
            (False, False, True, self.GENERATOR, "stop"),
            (True, True, True, self.GENERATOR, "stop"),
            (True, False, False, self.GENERATOR, "empty"),
            (True, False, True, {"inputs": [], **self.GENERATOR}, "stop"),
            (True, False, False, {"inputs": [], **self.GENERATOR}, ""),
            (False, False, False, {"inputs": [], **self.GENERATOR}, "remove"),
        ):
            with self.subTest(started=started, alone=alone, only=only, entry=entry):
                self.assertEqual(self.way("6.31.0", started, alone, only, **entry), way)

    def test_5_0_to_6_13(self) -> None:
        for version in ("5.0.2", "5.50.0", "6.0.2"):
            with self.subTest(version):
                for started, alone in itertools.product((True, False), repeat=2):
                    self.assertEqual(self.way(version, started, alone, False, **self.GENERATOR), "empty")
                    self.assertEqual(self.way(version, True, alone, True, **self.GENERATOR), "stop")
                self.assertEqual(self.way(version, False, False, True), "empty")
                for entry in ({"inputs": []}, {"batch": True}):  # there is no input to leave out
                    self.assertEqual(self.way(version, False, True, True, **entry), "close")
                    self.assertEqual(self.way(version, False, False, True, **entry), "")
                    self.assertEqual(self.way(version, True, False, False, **entry, **self.GENERATOR), "")

    def test_older_ones(self) -> None:
        for version, started, alone, only, yielded, way in (
            ("4.44.1", False, False, True, False, ""),
            ("4.44.1", False, True, True, False, "close"),
            ("4.44.1", True, True, True, False, "close"),
            ("4.44.1", True, False, True, False, "stop"),
            ("4.44.1", True, False, False, True, ""),
            ("4.31.4", True, False, True, True, "reset"),
            ("4.31.4", True, False, True, False, ""),
            ("4.24.0", False, True, True, False, "close"),
            ("4.19.2", True, True, True, True, "reset"),
            ("4.19.2", False, True, True, False, ""),
        ):
            with self.subTest(version, started=started, alone=alone, only=only, yielded=yielded):
                self.assertEqual(self.way(version, started, alone, only, yielded, **self.GENERATOR), way)


# === Job ==============================================================================================================


class Stops:
    """A canceller that counts."""

    def __init__(self, possible: bool = True) -> None:
        self.possible, self.count = possible, 0

    def may_stop(self) -> bool:
        return self.possible

    def stop(self) -> None:
        self.count += 1


class JobTest(TestCase):
    def job(self, stops: Stops | None = None) -> glc.Job:
        return glc.Job("/f", lambda values: values[0] if len(values) == 1 else tuple(values), stops or Stops())

    def publish(self, job: glc.Job, code: glc.Status, *values: Any, edits: Any = None) -> None:
        job.publish(glc.Step(glc.StatusUpdate(code), list(values) or None, edits))

    def yields(self, job: glc.Job, *values: Any) -> None:
        for value in values:
            self.publish(job, glc.Status.ITERATING, value)

    def test_a_life(self) -> None:
        job = self.job()
        self.assertEqual((job.status().code, job.done(), job.running()), (glc.Status.STARTING, False, False))
        self.assertIsNotNone(job.status().time)
        self.publish(job, glc.Status.IN_QUEUE)
        self.assertEqual((job.status().code, job.running(), job.outputs()), (glc.Status.IN_QUEUE, False, []))
        self.publish(job, glc.Status.PROCESSING)
        self.assertEqual((job.status().code, job.running()), (glc.Status.PROCESSING, True))
        job.finish(["a", 2])
        self.assertEqual((job.status().code, job.status().success), (glc.Status.FINISHED, True))
        self.assertEqual((job.done(), job.running(), job.cancelled()), (True, False, False))
        self.assertEqual((job.result(0), job.outputs(), job.exception(0)), (("a", 2), [("a", 2)], None))
        self.assertEqual(repr(job), "<Job /f FINISHED>")

    def test_a_generator_gives_its_last_value(self) -> None:
        job = self.job()
        self.yields(job, "a", "b")
        job.finish(["c"])
        self.assertEqual((job.outputs(), job.result(0), list(job)), (["a", "b"], "c", ["a", "b"]))

    def test_a_failure(self) -> None:
        job = self.job()
        self.yields(job, "a")
        error = glc.AppError("boom")
        job.fail(error)
        self.assertEqual((job.status().code, job.status().success), (glc.Status.FINISHED, False))
        self.assertIs(job.exception(0), error)
        self.assertIs(self.raises(glc.AppError, job.result, 0), error)
        values = []
        with self.assertRaises(glc.AppError):
            for value in job:
                values.append(value)
        self.assertEqual((values, job.outputs()), (["a"], ["a"]))

    def test_result_waits_no_longer_than_allowed(self) -> None:
        for ask in (self.job().result, self.job().exception):
            with self.assertRaises(concurrent.futures.TimeoutError):
                ask(5 * MS)

    def test_the_first_outcome_wins(self) -> None:
        job = self.job()
        job.finish(["a"])
        job.fail(RuntimeError("late"))
        job.finish(["b"])
        self.yields(job, "c")
        self.assertEqual((job.cancel(), job.result(0), job.outputs()), (False, "a", ["a"]))
        job = self.job()
        job.fail(RuntimeError("first"))
        job.finish(["b"])
        self.assertFalse(job.cancel())
        self.assertEqual((str(job.exception(0)), job.outputs()), ("first", []))
        job = self.job()
        self.assertTrue(job.cancel())
        job.finish(["b"])
        job.fail(RuntimeError("late"))
        self.yields(job, "c")
        self.assertEqual((job.cancelled(), job.outputs(), job.status().code), (True, [], glc.Status.CANCELLED))

    def test_outputs_from_edits(self) -> None:
        job = self.job()
        self.publish(job, glc.Status.ITERATING, "a")
        for letter in "bc":
            self.publish(job, glc.Status.ITERATING, edits=[[["append", [], letter]]])
        job.finish(["abc"])
        for _ in range(2):
            self.assertEqual((job.outputs(), list(job)), (["a", "ab", "abc"], ["a", "ab", "abc"]))

    def test_outputs_is_a_copy(self) -> None:
        job = self.job()
        self.yields(job, "a")
        job.outputs().append("b")
        self.assertEqual(job.outputs(), ["a"])

    def test_iteration_as_values_come(self) -> None:
        job = self.job()
        got: queue.Queue[Any] = queue.Queue()

        def iterate() -> None:
            for value in job:
                got.put(value)

        running = Running(iterate)
        for value in "abc":
            self.yields(job, value)
            self.assertEqual(got.get(timeout=DEADLINE), value)
        job.finish(["c"])
        self.assertIsNone(running.result())
        self.assertTrue(got.empty())

    def test_each_iterator_begins_at_the_first_value(self) -> None:
        job = self.job()
        self.yields(job, "a")
        early = iter(job)
        self.assertEqual(next(early), "a")
        waiting = [Running(list, job) for _ in range(3)]
        self.yields(job, "b")
        late = iter(job)
        self.assertEqual([next(late), next(early), next(late)], ["a", "b", "b"])
        job.finish(["b"])
        for running in waiting:
            self.assertEqual(running.result(), ["a", "b"])
        self.assertEqual((list(job), list(early), list(late)), (["a", "b"], [], []))

    def test_a_plain_function_gives_one_value(self) -> None:
        job = self.job()
        job.finish(["x"])
        self.assertEqual((list(job), list(job)), (["x"], ["x"]))

    def test_a_generator_without_values_gives_none_but_its_result(self) -> None:
        job = self.job()
        job.finish([None])
        self.assertEqual((job.result(0), list(job)), (None, [None]))

    def test_cancelling_at_every_step(self) -> None:
        for code in glc.Status:
            if code in (glc.Status.FINISHED, glc.Status.CANCELLED):
                continue
            for stoppable in (False, True):
                with self.subTest(code, stoppable=stoppable):
                    stops = Stops(stoppable)
                    job = self.job(stops)
                    self.publish(job, code, *("a" if code is glc.Status.ITERATING else ""))
                    possible = stoppable or code < glc.Status.PROCESSING
                    self.assertIs(job.cancel(), possible)
                    self.assertIs(job.cancelled(), possible)
                    self.assertEqual(stops.count, int(possible))
                    if not possible:
                        self.assertEqual((job.status().code, job.done()), (code, False))
                        job.finish(["later"])
                        self.assertEqual(job.result(0), "later")
                        continue
                    self.assertEqual((job.status().code, job.status().success), (glc.Status.CANCELLED, False))
                    with self.assertRaises(concurrent.futures.CancelledError):
                        job.result(0)
                    self.assertEqual(list(job), job.outputs())
                    self.assertTrue(job.cancel())
                    self.assertEqual(stops.count, 1)

    def test_a_generator_that_cannot_be_stopped_alone(self) -> None:
        stops = Stops(False)
        job = self.job(stops)
        self.publish(job, glc.Status.PROCESSING)
        self.assertEqual((job.cancel(), job.cancelled(), stops.count), (False, False, 0))
        stops.possible = True
        self.assertEqual((job.cancel(), job.cancelled(), stops.count), (True, True, 1))

    def test_without_a_canceller(self) -> None:
        """As in the moment before a job ends: what runs cannot be stopped, what waits need not be."""
        for code, possible in ((glc.Status.IN_QUEUE, True), (glc.Status.PROCESSING, False)):
            job = glc.Job("/f", tuple)
            self.publish(job, code)
            self.assertEqual((job.cancel(), job.cancelled()), (possible, possible))

    def test_a_job_that_has_ended_holds_nothing_of_its_call(self) -> None:
        needs("a Python that counts references", sys.implementation.name == "cpython")
        for end in (lambda job: job.finish([1]), lambda job: job.fail(OSError())):
            stops = Stops()
            job, held = self.job(stops), weakref.ref(stops)
            end(job)
            self.assertEqual((job.cancel(), stops.count), (False, 0))
            del stops
            self.assertIsNone(held())

    def test_cancel_ends_a_waiting_iterator_without_an_error(self) -> None:
        job = self.job()
        self.yields(job, "a")
        running = Running(list, job)
        self.assertTrue(job.cancel())
        self.assertEqual((running.result(), job.outputs()), (["a"], ["a"]))

    def test_wait_and_as_completed(self) -> None:
        good, bad, gone, open_ = (self.job() for _ in range(4))
        running = Running(concurrent.futures.wait, [good, bad, gone], DEADLINE)
        completed = concurrent.futures.as_completed([good, bad, gone], DEADLINE)
        good.finish([1])
        self.assertIs(next(completed), good)
        bad.fail(glc.AppError("x"))
        self.assertIs(next(completed), bad)
        gone.cancel()
        self.assertIs(next(completed), gone)
        self.assertEqual(running.result().done, {good, bad, gone})
        done, pending = concurrent.futures.wait([good, open_], 0)
        self.assertEqual((done, pending), ({good}, {open_}))

    def test_callbacks(self) -> None:
        for end in ("finish", "fail", "cancel"):
            with self.subTest(end):
                job = self.job()
                seen: list[Any] = []

                def note(job: Any, seen: list[Any] = seen) -> None:
                    seen.append((job.done(), job.status().code.value))

                job.add_done_callback(note)
                job.finish([1]) if end == "finish" else job.fail(OSError()) if end == "fail" else job.cancel()
                state = (True, "CANCELLED" if end == "cancel" else "FINISHED")
                self.assertEqual(seen, [state])
                job.add_done_callback(lambda job, seen=seen: seen.append("late"))  # type: ignore[misc]
                self.assertEqual(seen, [state, "late"])

    def test_a_callback_that_fails_harms_nobody(self) -> None:
        job = self.job()
        seen: list[Any] = []
        job.add_done_callback(lambda job: 1 / 0)
        job.add_done_callback(seen.append)
        with self.assertLogs("concurrent.futures", "ERROR"):
            job.finish([1])
        self.assertEqual((seen, job.result(0)), ([job], 1))

    def run_async(self, coroutine: Any) -> Any:
        async def limited() -> Any:
            return await asyncio.wait_for(coroutine, DEADLINE)

        return asyncio.run(limited())

    def test_cancel_is_complete_even_if_a_callback_ends_the_thread(self) -> None:
        stops = Stops()
        job = self.job(stops)
        job.add_done_callback(lambda job: sys.exit(3))
        self.raises(SystemExit, job.cancel)
        self.assertEqual(stops.count, 1)
        self.assertEqual(concurrent.futures.wait([job], DEADLINE).done, {job})

    def test_await(self) -> None:
        good, bad = self.job(), self.job()
        bad.fail(glc.AppError("boom"))

        async def main() -> Any:
            asyncio.get_running_loop().call_soon(good.finish, ["x"])
            with self.assertRaises(glc.AppError):
                await bad
            return await good

        self.assertEqual(self.run_async(main()), "x")

    def test_async_for(self) -> None:
        job = self.job()
        steps: list[Callable[[], Any]] = [
            lambda: self.publish(job, glc.Status.PROCESSING),
            lambda: self.yields(job, "a"),
            lambda: self.yields(job, "b"),
            lambda: job.finish(["b"]),
        ]

        async def main() -> list[Any]:
            seen: list[Any] = []
            async for update in job:
                seen.append(update.outputs if update.type == "output" else update.code)
                if update.type == "status" and steps:
                    Running(steps.pop(0)).result()
            return seen

        code = glc.Status
        self.assertEqual(
            self.run_async(main()),
            [code.STARTING, code.PROCESSING, "a", code.ITERATING, "b", code.ITERATING, code.FINISHED],
        )

    def test_async_for_leaves_the_event_loop_to_others(self) -> None:
        job = self.job()

        async def main() -> list[Any]:
            loop = asyncio.get_running_loop()

            def go_on() -> None:
                self.yields(job, "a")
                loop.call_soon(loop.call_soon, job.finish, ["a"])

            loop.call_soon(go_on)
            return [update.outputs async for update in job if update.type == "output"]

        self.assertEqual(Running(self.run_async, main()).result(), ["a"])

    def log(self, job: glc.Job, text: str) -> None:
        job.publish(glc.Step(glc.StatusUpdate(glc.Status.LOG, log=(text, "info"))))

    def told(self, updates: Iterable[Any]) -> list[Any]:
        """What each update says, in short."""
        return [
            update.outputs if update.type == "output" else update.log[0] if update.log else update.code
            for update in updates
        ]

    def test_updates_are_all_that_happens_in_its_order(self) -> None:
        job = self.job()
        updates = job.updates()
        for step, told in (
            (lambda: None, [glc.Status.STARTING]),
            (lambda: self.publish(job, glc.Status.PROCESSING), [glc.Status.PROCESSING]),
            (lambda: self.log(job, "hello"), ["hello"]),
            (lambda: self.yields(job, "a"), ["a", glc.Status.ITERATING]),
        ):
            step()
            self.assertEqual(self.told(itertools.islice(updates, len(told))), told)
        self.yields(job, "b")
        self.log(job, "between")
        self.yields(job, "c")
        job.finish(["c"])
        self.assertEqual(self.told(updates), ["b", "between", "c", glc.Status.FINISHED])
        late = ["hello", "a", "b", "between", "c", glc.Status.FINISHED]  # statuses that have passed are left out
        self.assertEqual(self.told(job.updates()), late)

    def test_updates_end_as_the_job_does(self) -> None:
        for end, told, raises in (
            (lambda job: job.finish(["x"]), ["x", glc.Status.FINISHED], False),
            (lambda job: job.fail(glc.AppError("boom")), [glc.Status.FINISHED], True),
            (lambda job: job.cancel(), [glc.Status.CANCELLED], False),
        ):
            job = self.job()
            seen: list[Any] = []

            def read(job: glc.Job = job, seen: list[Any] = seen) -> None:
                for update in job.updates():
                    seen.append(update)

            running = Running(read)
            wait_until(lambda seen=seen: seen)  # type: ignore[misc]
            end(job)
            with self.assertRaises(glc.AppError) if raises else contextlib.nullcontext():
                running.result()
            self.assertEqual(self.told(seen), [glc.Status.STARTING, *told])

    def test_updates_may_be_repeated_while_nothing_happens(self) -> None:
        job = self.job()
        self.publish(job, glc.Status.PROCESSING)
        updates = job.updates(timeout=1 * MS)
        self.assertEqual(self.told(itertools.islice(updates, 3)), [glc.Status.PROCESSING] * 3)
        job.finish(["x"])
        told = [update for update in self.told(updates) if update is not glc.Status.PROCESSING]
        self.assertEqual(told, ["x", glc.Status.FINISHED])

    def test_the_value_of_a_plain_function_is_the_final_one(self) -> None:
        job = self.job()
        seen: list[Any] = []
        running = Running(lambda: seen.extend(job.updates()))
        job.finish(["x"])
        running.result()
        self.assertEqual([update.final for update in seen if update.type == "output"], [True])

    def test_next_is_shared(self) -> None:
        job = self.job()
        self.yields(job, "a", "b")
        self.assertEqual((next(job), next(iter(job)), next(job)), ("a", "a", "b"))
        job.finish(["b"])
        self.raises(StopIteration, next, job)
        failed = self.job()
        failed.fail(glc.AppError("boom"))
        self.raises(glc.AppError, next, failed)

    def test_of_too_many_logs_the_oldest_go(self) -> None:
        self.patch(glc, "LOGS_KEPT", 4)
        job = self.job()
        reader = job.updates()
        for number in range(20):
            self.log(job, f"line {number}")
            if number == 9:
                self.yields(job, "output")
        job.finish(["output"])
        kept = [f"line {number}" for number in range(16, 20)]
        self.assertEqual(self.told(reader), ["output", *kept, glc.Status.FINISHED])
        self.assertEqual(job.outputs(), ["output"])

    def test_a_signal_handler_may_call_into_the_job(self) -> None:
        """Wherever it comes: here, each line that the job's own code runs is one such place."""
        job = self.job()

        def trace(frame: Any, event: str, arg: Any) -> Any:
            if frame.f_code.co_filename != glc.__file__:
                return None
            if event == "line":
                sys.settrace(None)
                job.status()
                job.outputs()
                job.publish(glc.Step(glc.StatusUpdate(glc.Status.ITERATING), ["from the handler"]))
                sys.settrace(trace)
            return trace

        self.addCleanup(sys.settrace, sys.gettrace())

        def work() -> None:
            sys.settrace(trace)
            try:
                self.yields(job, "a")
                job.outputs()
                job.cancel()
            finally:
                sys.settrace(None)

        Running(work).result()
        self.assertIn("a", job.outputs())
        self.assertTrue(job.cancelled())

    def test_async_for_leaves_out_no_output(self) -> None:
        job = self.job()
        self.yields(job, *range(50))
        job.finish([49])

        async def main() -> list[Any]:
            return [update async for update in job]

        for _ in range(2):
            updates = self.run_async(main())
            outputs = [update for update in updates if update.type == "output"]
            self.assertEqual([update.outputs for update in outputs], list(range(50)))
            self.assertEqual([update.final for update in outputs], [False] * 49 + [True])
            self.assertEqual(updates[-1].code, glc.Status.FINISHED)

    def test_async_for_leaves_out_no_log(self) -> None:
        job = self.job()
        texts = [(f"info {number}", "info") for number in range(5)]

        def log(text: tuple[str, str]) -> None:
            job.publish(glc.Step(glc.StatusUpdate(glc.Status.LOG, log=text)))

        for text in texts[:3]:
            log(text)

        async def main() -> list[Any]:
            seen = []
            async for update in job:
                seen.append(update.log if update.type == "status" and update.log else update.type)
                if update.type == "status" and update.log == texts[2]:
                    for text in texts[3:]:
                        log(text)
                    self.yields(job, "a")
                    job.finish(["a"])
            return seen

        self.assertEqual(self.run_async(main()), [*texts, "output", "status"])

    def test_an_interrupt_leaves_no_lock_behind(self) -> None:
        job = self.job()

        def trace(frame: Any, event: str, arg: Any) -> Any:
            if event == "return":
                raise KeyboardInterrupt
            return trace if frame.f_code.co_filename == threading.__file__ else None

        self.addCleanup(sys.settrace, sys.gettrace())
        sys.settrace(trace)
        try:
            with contextlib.suppress(KeyboardInterrupt):
                job.outputs()
        finally:
            sys.settrace(None)
        Running(self.publish, job, glc.Status.PROCESSING).result()

    def test_async_for_raises_what_the_job_raises(self) -> None:
        job = self.job()
        self.yields(job, "a")
        job.fail(glc.AppError("boom"))
        seen = []

        async def main() -> None:
            async for update in job:
                seen.append(update.type)

        self.raises(glc.AppError, self.run_async, main())
        self.assertEqual(seen, ["output", "status"])

    def test_async_for_ends_when_the_job_is_cancelled(self) -> None:
        job = self.job()

        async def main() -> list[Any]:
            asyncio.get_running_loop().call_soon(job.cancel)
            return [update.code async for update in job]

        self.assertEqual(self.run_async(main()), [glc.Status.STARTING, glc.Status.CANCELLED])

    def test_an_event_loop_that_has_gone_harms_nobody(self) -> None:
        job = self.job()

        async def main() -> Any:
            iterator = job.__aiter__()
            await iterator.__anext__()
            return iterator

        iterator = self.run_async(main())
        self.yields(job, "a")
        job.finish(["a"])
        self.assertEqual(job.result(0), "a")
        del iterator

    def test_many_threads_see_the_same(self) -> None:
        job = self.job()
        readers = [Running(list, job) for _ in range(8)]
        for number in range(200):
            self.yields(job, number)
        job.finish([199])
        for reader in readers:
            self.assertEqual(reader.result(), list(range(200)))


# === Call =============================================================================================================


class CallTest(ClientCase):
    def test_a_signal_handler_may_call(self) -> None:
        """Even if its signal comes while the main thread, in which it runs, joins the queue."""
        client = self.client(self.app().url)
        heard: list[Any] = []
        join = glc.join_queue

        def interrupted(talk: glc.Conversation) -> str:
            if not heard:
                heard.append("signal")
                signal.raise_signal(signal.SIGTERM)
            return join(talk)

        def handler(*_: object) -> None:
            heard.append(client.predict("predict", api_name="/echo"))
            heard.append(client.submit("submit", api_name="/echo").result(DEADLINE))

        self.addCleanup(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, handler))
        self.patch(glc, "join_queue", interrupted)
        self.assertEqual(client.predict("main", api_name="/echo"), "main")
        self.assertEqual(heard, ["signal", "predict", "submit"])

    def carried(self, error: glc.GradioError) -> tuple[Any, ...]:
        """What an error says besides its words."""
        code = error.last_status and error.last_status.code
        return error.url, error.status, error.endpoint, error.event_id, code, error.retry_after

    def test_on_every_generation(self) -> None:
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                app = self.app(protocol, show_error=True)
                client = self.client(app.url)
                self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
                self.assertEqual(client.predict("ab", 2, api_name="/several")[:2], ("AB", 4))
                self.assertEqual(client.predict("x", api_name="/nothing"), ())
                self.assertEqual(client.predict({"a": [None, "ü"]}, api_name="/echo_json"), {"a": [None, "ü"]})
                job = client.submit(3, api_name="/stream")
                values = self.values(job)
                self.assertEqual((len(values), values[-1]), (3, job.result(DEADLINE)))
                self.assertEqual([client.predict("boat", api_name="/count") for _ in range(3)], [0, 1, 2])
                client.reset_session()
                self.assertEqual(client.predict("boat", api_name="/count"), 0)
                error = self.raises(glc.AppError, client.predict, "x", api_name="/refuse")
                self.assertEqual(str(error), "custom boom x")
                expected = (None, None, "/refuse", error.event_id, glc.Status.PROCESSING, None)
                self.assertEqual(self.carried(error), expected)
                self.assertEqual(bool(error.event_id), protocol != "ws")  # there, jobs have no names
                error = self.raises(glc.AppError, client.predict, "x", api_name="/crash")
                self.assertEqual(str(error), "boom x")
                client.close()

    def test_results_are_kept_no_longer_than_their_jobs(self) -> None:
        needs("a Python that counts references", sys.implementation.name == "cpython")
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                client = self.client(self.app(protocol).url)
                gc.collect()
                gc.disable()  # what is only found by the collector stays for long in a program that makes few objects
                self.addCleanup(gc.enable)
                jobs = [client.submit(1, 2, api_name="/add"), client.submit(3, api_name="/stream")]
                self.assertEqual([len(self.values(job)) for job in jobs], [1, 3])
                left = [weakref.ref(job) for job in jobs]
                client.close()  # waits for the jobs' threads
                del jobs
                self.assertEqual([job() for job in left], [None, None])

    def test_the_body_of_a_call(self) -> None:
        server = self.scripted(dependency("f", [3, 1, 6, 2]), version="6.31.0")
        client = self.client(server.url)
        job = client.submit("x", 5)
        server.next_stream().push(self.completed("y"))
        job.result(DEADLINE)
        (join,) = server.wait_for("POST", "/queue/join")
        expected = {"data": [None, "x", None, 5], "fn_index": 0, "session_hash": client.session_hash}
        self.assertEqual(join.json(), {**expected, "event_id": None, "event_data": None, "trigger_id": None})
        self.assertEqual(join.headers["content-type"], "application/json")

    def test_the_caller_may_change_its_values_after_submit(self) -> None:
        server = self.scripted(dependency("f", [5]))
        client = self.client(server.url, max_workers=1)
        value = {"a": [1]}
        job = client.submit(value)
        value["a"].append(2)
        server.next_stream().push(self.completed("y"))
        job.result(DEADLINE)
        self.assertEqual(server.wait_for("POST", "/queue/join")[0].json()["data"], [{"a": [1]}])

    def test_direct_calls(self) -> None:
        app = self.app()
        client = self.client(app.url, skip_queue=True)
        self.assertEqual(client.predict("x", api_name="/echo"), "x")
        self.assertEqual(len(self.values(client.submit(3, api_name="/stream"))), 3)
        error = self.raises(glc.AppError, client.predict, "x", api_name="/refuse")
        self.assertEqual(str(error), "custom boom x")
        self.assertEqual(self.paths(app)[1], "POST /gradio_api/run/echo")
        closed = self.app(api_open=False)
        self.assertEqual(self.client(closed.url, skip_queue=True).predict("x", api_name="/echo"), "x")

    def test_direct_calls_that_fail(self) -> None:
        server = self.scripted(dependency("f", queue=False))
        client = self.client(server.url)
        for reply, kind, words in (
            (Reply(503, {"Retry-After": "7"}, "overloaded"), glc.HTTPError, "answered 503: overloaded"),
            (Reply(404, (), "gone"), glc.HTTPError, "answered 404: gone"),
            (Reply.json({"error": "boom"}, 500), glc.AppError, "boom"),
            (Reply.json({"error": None}, 500), glc.AppError, "show_error=True"),
            (Reply.json([1]), glc.ProtocolError, "without outputs"),
            (None, glc.ConnectionFailed, "Could not talk to"),
        ):
            with self.subTest(words):
                server.on("POST", "/run/f", reply)
                error = self.raises(kind, client.predict, "x")
                self.assertIn(words, str(error))
                self.assertEqual(self.carried(error)[2:5], ("/f", None, glc.Status.PROCESSING))
                if kind is glc.HTTPError:
                    told = (error.status, error.url, error.retry_after)
                    self.assertIn(told, ((503, server.url + "/run/f", 7.0), (404, server.url + "/run/f", None)))

    def test_a_login_that_something_in_front_of_the_app_wants_meanwhile(self) -> None:
        server = self.scripted(dependency("f", [4]), dependency("g", queue=False))
        client = self.client(server.url)
        target = "http://sso.example/start"
        for path in ("/queue/join", "/run/g", "/upload"):
            server.on("POST", path, Reply(302, {"Location": f"{target}?state=secret"}))
        for call in (
            partial(client.predict, None, api_name="/f"),
            partial(client.predict, "x", api_name="/g"),
            partial(client.predict, glc.handle_file(b"x", "a.png"), api_name="/f"),
        ):
            error = self.raises(glc.AuthenticationError, call)
            self.assertIn(f"redirects to {target!r}", str(error))
            self.assertEqual((error.status, error.location), (302, target))

    def test_event_ids_do_not_lead_elsewhere(self) -> None:
        for event_id in ("../x", "a/b", "a?b", "..", "a" * 201, "é"):
            with self.subTest(event_id):
                server = self.scripted()
                server.on("POST", "/queue/join", {"event_id": event_id})
                error = self.raises(glc.ProtocolError, self.client(server.url).predict, "x")
                self.assertIn("gave no event id but", str(error))

    def test_a_direct_call_of_a_function_whose_name_has_a_slash(self) -> None:
        server = self.scripted(dependency("a/b", queue=False))
        server.on("POST", "/run/predict", lambda request: {"data": [request.json()["fn_index"]]})
        self.assertEqual(self.client(server.url).predict("x", api_name="a/b"), 0)

    def test_a_direct_call_of_a_generator(self) -> None:
        """Of an async one until 4.7, each value answers a request of its own; what answers the last is no value."""
        for version, values in (("3.16.2", "ab"), ("3.50.2", "ab"), ("4.0.2", "ab"), ("4.8.0", "a")):
            with self.subTest(version):
                protocol = "ws" if version < "4" else "sse"
                server = self.scripted(dependency(queue=False), version=version, protocol=protocol)
                answers = ({"data": [value], "is_generating": bool(value)} for value in ("a", "b", None))
                server.on("POST", "/run/predict", lambda _, answers=answers: next(answers))
                job = self.client(server.url).submit("x")
                self.assertEqual((job.result(DEADLINE), job.outputs()), (values[-1], list(values)))
                bodies = {request.body for request in server.requests if request.method == "POST"}
                self.assertEqual(len(bodies), 1)  # with one session hash and one event id
                self.assertIs(json.loads(bodies.pop())["event_id"] is None, version == "4.8.0")

    def test_a_direct_call_of_a_batch_function(self) -> None:
        """Servers take one value for each input, and give one for each output, only if they are told of a batch."""
        server = self.scripted(dependency(inputs=(1, 2), outputs=(1, 2), batch=True), version="4.19.2")
        client = self.client(server.url)
        server.on("POST", "/run/predict", {"data": [["a"], [1]]})
        self.assertEqual(client.predict("x", "y"), ("a", 1))
        body = server.requests[-1].json()
        self.assertEqual((body["data"], body["batched"]), ([["x"], ["y"]], True))
        for odd in ({"data": [[], []]}, {"data": None}, {}, []):
            server.on("POST", "/run/predict", Reply.json(odd))
            self.raises(glc.ProtocolError, client.predict, "x", "y")
        server.on("POST", "/run/predict", Reply(401))  # which sends us to the queue
        running = Running(client.predict, "x", "y")
        server.next_stream().push(self.completed("a", 1))
        self.assertEqual(running.result(), ("a", 1))
        joined = next(request for request in server.requests if request.path == "/queue/join").json()
        self.assertEqual((joined["data"], "batched" in joined), (["x", "y"], False))

    def test_calls_of_gradio_3_have_sessions_of_their_own_unless_there_is_state(self) -> None:
        for version, inputs, count in (("3.50.2", (1,), 2), ("3.50.2", (1, 3), 1), ("4.0.2", (1,), 1)):
            with self.subTest(version, inputs=inputs):
                server = self.scripted(dependency(inputs=inputs, queue=False), version=version, protocol="ws")
                server.on("POST", "/run/predict", {"data": ["y"]})
                client = self.client(server.url)
                for _ in range(2):
                    client.predict("x")
                asked = server.wait_for("POST", "/run/predict", 2)
                self.assertEqual(len({request.json()["session_hash"] for request in asked}), count)

    def test_messages_of_the_future_are_passed_over(self) -> None:
        server = self.scripted()
        job = self.client(server.url).submit("x")
        server.next_stream().push({"msg": "of the future", "event_id": "id"}, self.completed("y"))
        self.assertEqual(job.result(DEADLINE), "y")

    def test_python_gives_up_on_a_value(self) -> None:
        app = self.app()
        client = self.client(app.url)
        with mock.patch.object(glc.Transcript, "feed", side_effect=RecursionError):
            error = self.raises(glc.ProtocolError, client.predict, "x", api_name="/echo")
        self.assertIn("sent a value that is nested too deeply", str(error))

    def test_log_and_progress(self) -> None:
        server = self.scripted()
        job = self.client(server.url).submit("x")
        stream = server.next_stream()
        for message, code in (
            ({"msg": "estimation", "rank": 1, "queue_size": 2, "rank_eta": 3.5}, glc.Status.IN_QUEUE),
            ({"msg": "process_starts", "eta": 1}, glc.Status.PROCESSING),
            ({"msg": "progress", "progress_data": [{"index": 1, "length": 2}]}, glc.Status.PROGRESS),
            ({"msg": "log", "log": "hello", "level": "info"}, glc.Status.LOG),
        ):
            stream.push({**message, "event_id": "id"})
            wait_until(lambda code=code: job.status().code is code)  # type: ignore[misc]
        self.assertEqual(job.status().log, ("hello", "info"))
        stream.push(self.completed("y"))
        self.assertEqual(job.result(DEADLINE), "y")

    def test_what_the_queue_may_answer(self) -> None:
        validator = {"__type__": "validate", "is_valid": False, "message": "too short", "parameter_name": "t"}
        for reply, kind, words in (
            (Reply.json({"detail": [validator]}, 422), glc.ValidationError, "t: too short"),
            (
                Reply.json({"detail": "Queue is full. Max size is 1."}, 503),
                glc.QueueError,
                "Queue is full. Max size is 1.",
            ),
            (Reply.json({"detail": "Queue is stopped."}, 503), glc.QueueError, "Queue is stopped."),
            (Reply(503, (), "<title>Down</title>"), glc.HTTPError, "503: an HTML page titled 'Down'"),
            (
                Reply.json({"detail": {"error": "Not authenticated"}}, 401),
                glc.AuthenticationError,
                "401: Not authenticated",
            ),
            (Reply(403, (), "no"), glc.AuthenticationError, "403: no"),
            (Reply(429, {"Retry-After": "7"}, "slow down"), glc.TooManyRequestsError, "429: slow down"),
            (Reply(500, (), "Traceback (most recent call last):\nKeyError: 5"), glc.HTTPError, "500: KeyError: 5"),
            (Reply(200, (), "<title>Sign in</title>"), glc.ProtocolError, "an HTML page titled 'Sign in'"),
            (Reply.json({"no": "id"}), glc.ProtocolError, "gave no event id but"),
            (Reply.json([1]), glc.ProtocolError, "gave no event id but"),
        ):
            with self.subTest(reply):
                server = self.scripted()
                server.on("POST", "/queue/join", reply)
                client = self.client(server.url)
                for call in (client.predict, lambda *args: client.submit(*args).result(DEADLINE)):
                    error = self.raises(kind, call, "x")
                    self.assertIn(words, str(error))
                    told = (server.url + "/queue/join", None if kind is glc.ProtocolError else reply.status)
                    retry_after = 7.0 if kind is glc.TooManyRequestsError else None
                    expected = (*told, "/predict", None, glc.Status.STARTING, retry_after)
                    self.assertEqual(self.carried(error), expected)
                self.assertEqual(server.wait_for("POST", "/queue/join", 2)[2:], [])

    def test_a_lost_stream(self) -> None:
        for rst in (True, False):
            with self.subTest(rst=rst):
                server = self.scripted()
                client = self.client(server.url)
                job = client.submit("x")
                stream = server.next_stream()
                session = client.session_hash
                stream.push({"msg": "process_starts", "event_id": "id"})
                wait_until(job.running)
                stream.cut(rst)
                error = self.raises(glc.ConnectionLost, job.result, DEADLINE)
                url = f"{server.url}/queue/data"  # without the session's hash
                self.assertEqual(self.carried(error), (url, None, "/predict", "id", glc.Status.PROCESSING, None))
                again = client.submit("x")
                server.next_stream().push(self.completed("y"))
                self.assertEqual(again.result(DEADLINE), "y")
                self.assertNotEqual(client.session_hash, session)
                self.assertEqual(len(server.wait_for("POST", "/queue/join", 2)), 2)

    def test_a_session_with_state_is_kept_after_a_lost_stream(self) -> None:
        server = self.scripted(dependency("f", [1, 3]))
        client = self.client(server.url)
        session = client.session_hash
        job = client.submit("x")
        server.next_stream().cut()
        self.raises(glc.ConnectionLost, job.result, DEADLINE)
        job = client.submit("x")
        server.next_stream().push(self.completed("y"))
        job.result(DEADLINE)
        self.assertEqual(client.session_hash, session)

    def test_a_value_that_is_nested_too_deeply(self) -> None:
        server = self.scripted()
        client = self.client(server.url)
        job = client.submit("x")
        server.wait_for("POST", "/queue/join")
        deep = "[" * 100_000 + "]" * 100_000  # 3.14 reads some thousands
        text = json.dumps(self.completed("VALUE")).replace('"VALUE"', deep)
        server.on("POST", "/queue/join", {"event_id": "other"})
        other = client.submit("x")
        server.wait_for("POST", "/queue/join", 2)
        stream = server.next_stream()
        stream.raw(f"data: {text}\n\n".encode())
        error = job.exception(DEADLINE)
        self.assertTrue(error is None or isinstance(error, glc.ProtocolError), error)
        stream.push({**self.completed("y"), "event_id": "other"})
        self.assertEqual(other.result(DEADLINE), "y")
        job = client.submit("x")
        text = json.dumps(self.completed("VALUE")).replace('"VALUE"', "9" * 5000).replace('"id"', '"other"')
        server.wait_for("POST", "/queue/join", 3)
        stream.raw(f"data: {text}\n\n".encode())
        error = job.exception(DEADLINE)
        self.assertTrue(error is None or isinstance(error, glc.ProtocolError), error)  # Python before 3.11 reads it

    def test_many_jobs_at_once(self) -> None:
        server = self.scripted(dependency("f", [2]))
        server.on("POST", "/queue/join", lambda request: {"event_id": str(request.json()["data"][0])})
        client = self.client(server.url)
        jobs = [client.submit(number) for number in range(60)]
        stream = server.next_stream()
        server.wait_for("POST", "/queue/join", 40)  # the others wait here until one of these has ended
        kinds = [re.sub(r"-\d+$", "", name) for name in gradio_threads()]
        self.assertEqual(kinds, ["gradio-job"] * 40 + ["gradio-stream"])
        for number, job in enumerate(jobs):
            server.wait_for("POST", "/queue/join", min(60, 40 + number))
            stream.push(self.completed(number + 1, event_id=str(number)))
            self.assertEqual(job.result(DEADLINE), number + 1)

    def test_max_workers(self) -> None:
        server = self.scripted()
        server.on("POST", "/queue/join", *({"event_id": f"id{number}"} for number in range(3)))
        client = self.client(server.url, max_workers=1)
        jobs = [client.submit("x") for _ in range(3)]
        stream = server.next_stream()
        for number, job in enumerate(jobs):
            self.assertEqual(len(server.wait_for("POST", "/queue/join", number + 1)), number + 1)
            stream.push(self.completed(number, event_id=f"id{number}"))
            self.assertEqual(job.result(DEADLINE), number)

    def test_no_more_jobs_run_at_a_time_than_max_workers(self) -> None:
        """Nor while the callback of an earlier one goes on, which is no part of a job."""
        server = self.scripted()
        server.on("POST", "/queue/join", *({"event_id": f"id{number}"} for number in range(4)))
        client = self.client(server.url, max_workers=2)
        go = threading.Event()
        self.addCleanup(go.set)
        jobs = [client.submit("x") for _ in range(4)]
        jobs[0].add_done_callback(lambda _: go.wait(DEADLINE))
        stream = server.next_stream()
        server.wait_for("POST", "/queue/join", 2)
        stream.push(self.completed("y", event_id="id0"))
        self.assertEqual(len(server.wait_for("POST", "/queue/join", 3)), 3)
        go.set()
        for number in (1, 2, 3):
            self.assertEqual(len(server.wait_for("POST", "/queue/join", min(4, number + 2))), min(4, number + 2))
            stream.push(self.completed("y", event_id=f"id{number}"))
        self.assertEqual([job.result(DEADLINE) for job in jobs], ["y"] * 4)

    def test_ctrl_c_while_another_thread_carries_the_call_out(self) -> None:
        """As on Windows, where the main thread looks for it now and then."""
        client = self.client(self.app().url)
        with mock.patch.object(glc, "interruptible", side_effect=KeyboardInterrupt):
            with self.assertRaises(KeyboardInterrupt):
                client.predict("x", api_name="/echo")
        self.assertEqual(client.predict("x", api_name="/echo"), "x")

    def test_a_callback_may_wait_for_another_job(self) -> None:
        app = self.app()
        client = self.client(app.url, max_workers=1)
        results: queue.Queue[Any] = queue.Queue()
        job = client.submit(
            1,
            2,
            api_name="/add",
            result_callbacks=[lambda value: results.put(client.submit(value, 1, api_name="/add").result(DEADLINE))],
        )
        job.result(DEADLINE)
        self.assertEqual(results.get(timeout=DEADLINE), 4)

    def test_callbacks_run_in_the_thread_that_ends_the_job(self) -> None:
        server = self.scripted()
        client = self.client(server.url, max_workers=1)
        seen: queue.Queue[str] = queue.Queue()

        def note(*_: Any) -> None:
            seen.put(threading.current_thread().name)

        running, waiting = (client.submit("x", result_callbacks=note) for _ in range(2))
        running.add_done_callback(note)
        waiting.add_done_callback(note)
        stream = server.next_stream()
        (thread,) = (name for name in gradio_threads() if name.startswith("gradio-job-"))
        cancelling = Running(waiting.cancel)
        self.assertTrue(cancelling.result())
        stream.push(self.completed("y"))
        self.assertEqual(running.result(DEADLINE), "y")
        names = [seen.get(timeout=DEADLINE) for _ in range(3)]
        self.assertEqual(names, [cancelling.thread.name, thread, thread])  # of a cancelled job there is no result

    def test_callbacks_get_the_outputs_one_by_one_and_only_of_success(self) -> None:
        app = self.app()
        client = self.client(app.url)
        seen: queue.Queue[Any] = queue.Queue()

        def call(name: str, *args: Any) -> glc.Job:
            return client.submit(
                *args, api_name=name, result_callbacks=[lambda *outputs: seen.put(outputs), lambda *_: seen.put(0)]
            )

        call("/several", "ab", 2).result(DEADLINE)
        self.assertEqual(seen.get(timeout=DEADLINE)[:2], ("AB", 4))
        self.assertEqual(seen.get(timeout=DEADLINE), 0)
        failed = call("/refuse", "x")
        self.raises(glc.AppError, failed.result, DEADLINE)
        client.close()
        self.assertTrue(seen.empty())

    def test_validators(self) -> None:
        server = self.scripted()
        server.on("POST", "/queue/join", Reply.json({"detail": [{"message": "no", "parameter_name": "a"}]}, 422))
        error = self.raises(glc.ValidationError, self.client(server.url).predict, "x")
        self.assertIsInstance(error, ValueError)
        self.assertEqual(error.title, "Validation failed")


def interrupted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, during whose return somebody presses Ctrl-C."""

    def run(*args: Any, **keywords: Any) -> Any:
        function(*args, **keywords)
        raise KeyboardInterrupt

    return run


class ThreadsTest(ClientCase):
    """Jobs whose threads cannot be had, or whose caller is interrupted."""

    @contextlib.contextmanager
    def no_threads(self, name: str = "") -> Iterator[None]:
        start = glc.Worker.start

        def refuse(worker: glc.Worker) -> None:
            if name in worker.name:
                raise RuntimeError("can't start new thread")
            start(worker)

        with mock.patch.object(glc.Worker, "start", refuse):
            yield

    def server(self, **entry: Any) -> ScriptedServer:
        """One whose jobs are called a, b, c, …"""
        server = self.scripted(dependency(**entry))
        names = iter("abcdef")
        server.on("POST", "/queue/join", lambda request: {"event_id": next(names)})
        return server

    def test_none(self) -> None:
        app = self.app("ws")
        client = self.client(app.url)
        with self.no_threads():
            job = client.submit("x", api_name="/echo")
            self.assertIn("can't start new thread", str(self.raises(RuntimeError, job.result, DEADLINE)))
        self.assertEqual(client.predict("x", api_name="/echo"), "x")

    def test_one_that_exists_carries_out_the_jobs_of_those_that_cannot_be_had(self) -> None:
        server = self.server()
        client = self.client(server.url)
        first = client.submit("a")
        stream = server.next_stream()
        with self.no_threads():
            second = client.submit("b")
            stream.push(self.completed("x", event_id="a"))
            server.wait_for("POST", "/queue/join", 2)
            server.next_stream() if stream.ended else stream.push(self.completed("y", event_id="b"))
        self.assertEqual([first.result(DEADLINE), second.result(DEADLINE)], ["x", "y"])

    def test_a_callback_that_ends_its_thread_holds_up_no_job(self) -> None:
        server = self.server()
        client = self.client(server.url, max_workers=1)
        first, second = client.submit("a"), client.submit("b")
        first.add_done_callback(lambda _: sys.exit(1))
        stream = server.next_stream()
        stream.push(self.completed("x", event_id="a"))
        server.wait_for("POST", "/queue/join", 2)
        stream.push(self.completed("y", event_id="b"))
        self.assertEqual([first.result(DEADLINE), second.result(DEADLINE)], ["x", "y"])
        wait_until(lambda: self._stray)
        self.assertIn("SystemExit", str(self._stray.pop()))

    def test_none_for_the_stream(self) -> None:
        """The server, which has taken the job, is told."""
        server = self.server(types={"generator": True})
        client = self.client(server.url)
        with self.no_threads("stream"):
            self.raises(RuntimeError, client.submit("x").result, DEADLINE)
        (told,) = server.wait_for("POST", "/cancel")
        self.assertEqual(told.json()["event_id"], "a")

    def test_ctrl_c_in_submit_holds_up_no_later_job(self) -> None:
        server = self.server()
        client = self.client(server.url)
        with mock.patch.object(glc.Worker, "start", side_effect=KeyboardInterrupt):
            self.raises(KeyboardInterrupt, client.submit, "interrupted")
        for text in "xyz":
            client.submit(text)
        joins = server.wait_for("POST", "/queue/join", 4)
        self.assertEqual({join.json()["data"][0] for join in joins}, {"interrupted", *"xyz"})
        client.close()

    def test_an_interrupt_of_submit_leaves_no_lock_behind(self) -> None:
        client = self.client(self.app().url, max_workers=1)
        submit = partial(client.submit, api_name="/echo")
        for _ in interrupts(self, "return", lambda code: code.co_filename == threading.__file__, submit, "x"):
            self.assertEqual(submit("y").result(DEADLINE), "y")


class CancelTest(ClientCase):
    def test_a_generator(self) -> None:
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                app = self.app(protocol)
                client = self.client(app.url)
                job = client.submit(1000, 0, f"cancel-{protocol}", api_name="/steps")
                first = self.first(job)
                self.assertTrue(job.cancel())
                self.assertTrue(job.cancelled())
                self.assertEqual(job.status().code, glc.Status.CANCELLED)
                self.assertEqual(job.outputs()[0], first)
                with self.assertRaises(concurrent.futures.CancelledError):
                    job.result(DEADLINE)
                self.assertEqual(client.predict("still alive", api_name="/echo"), "still alive")
                client.close()

    def test_a_queued_generator_of_4_44_beside_another_job(self) -> None:
        """This server cannot take it out of its queue: it runs there, and nobody waits for it."""
        server = self.scripted(dependency("f"), dependency("g", types={"generator": True}), version="4.44.1")
        server.on("POST", "/queue/join", {"event_id": "f"}, {"event_id": "g"})
        client = self.client(server.url)
        other = client.submit("x", api_name="/f")
        stream = server.next_stream()
        job = client.submit("x", api_name="/g")
        server.wait_for("POST", "/queue/join", 2)
        stream.push({"msg": "estimation", "event_id": "g", "rank": 1})
        wait_until(lambda: job.status().code is glc.Status.IN_QUEUE)
        self.assertTrue(job.cancel())
        stream.push({"msg": "process_starts", "event_id": "g"}, self.completed("y", event_id="f"))
        self.assertEqual((other.result(DEADLINE), job.cancelled()), ("y", True))
        self.assertEqual([path for path in self.paths(server)[3:] if path.startswith("POST")], ["POST /queue/join"])

    def test_a_running_generator_beside_another_job(self) -> None:
        """It is stopped; or, where that would need its next value or harm a sibling, it is not, and nothing changes."""
        generating = {"msg": "process_generating", "event_id": "g", "output": {"data": ["y"]}, "success": True}
        for version, sibling, yielded, told in (
            ("4.44.1", False, False, "/cancel"),
            ("4.44.1", True, True, ""),
            ("4.32.2", False, True, "/reset"),
            ("4.32.2", True, True, "/reset"),
            ("4.32.2", False, False, ""),
            ("6.31.0", False, True, "/cancel"),
            ("6.31.0", True, True, "/stream/g"),
        ):
            with self.subTest(version, sibling=sibling, yielded=yielded):
                types = {"generator": True}
                server = self.scripted(dependency("f"), dependency("g", types=types), version=version)
                server.on("POST", "/queue/join", {"event_id": "f"}, {"event_id": "g"})
                client = self.client(server.url)
                client.submit("x", api_name="/g" if sibling else "/f")
                stream = server.next_stream()
                job = client.submit("x", api_name="/g")
                server.wait_for("POST", "/queue/join", 2)
                stream.push({"msg": "process_starts", "event_id": "g"}, *([generating] if yielded else ()))
                code = glc.Status.ITERATING if yielded else glc.Status.PROCESSING
                wait_until(lambda job=job, code=code: job.status().code is code)  # type: ignore[misc]
                self.assertIs(job.cancel(), bool(told))
                if told:
                    (request,) = server.wait_for("POST", told)
                    self.assertIn("g", (request.json().get("event_id"), request.path.rpartition("/")[2]))
                client.close()

    def test_between_the_upload_and_the_call(self) -> None:
        for last in (glc.Transfers, "send"), (glc, "choose_protocol"):
            with self.subTest(last):
                server = self.scripted()
                client = self.client(server.url)
                job: list[glc.Job] = []
                submitted = threading.Event()
                real = getattr(*last)

                def do_and_cancel(*args: Any, job: Any = job, go: Any = submitted, real: Any = real) -> Any:
                    done = real(*args)
                    go.wait(DEADLINE)
                    self.assertTrue(job[0].cancel())
                    return done

                with mock.patch.object(*last, do_and_cancel):
                    job.append(client.submit("x"))
                    submitted.set()
                    self.raises(concurrent.futures.CancelledError, job[0].result, DEADLINE)
                    client.close()
                self.assertEqual(self.paths(server), ["GET /config"])

    def test_while_its_file_is_on_its_way(self) -> None:
        """That ends the transfer, and the next job has the place."""
        server = self.scripted(dependency("f"), dependency("g", types={"generator": True}))
        go = threading.Event()
        self.addCleanup(go.set)

        def drip() -> Iterator[bytes]:
            yield b"x"
            go.wait(DEADLINE)

        server.on("GET", "/file=*", lambda request: Reply(200, {"Content-Length": "100"}, drip()))
        server.on("POST", "/queue/join", {"event_id": "a"}, {"event_id": "b"}, {"event_id": "c"})
        client = self.client(server.url, max_workers=1)
        output = {"data": [{**MARKED, "path": "/srv/a.txt"}]}
        jobs = [client.submit("x", api_name=name) for name in ("/f", "/g", "/f")]
        stream = server.next_stream()
        stream.push({"msg": "process_starts", "event_id": "a"}, self.completed(*output["data"], event_id="a"))
        for number, job in enumerate(jobs[:2]):
            server.wait_for("GET", "/file=/srv/a.txt", number + 1)
            self.assertTrue(job.cancel())
            self.assertTrue(job.cancelled())
            server.wait_for("POST", "/queue/join", number + 2)
            if number == 0:
                generating = {"msg": "process_generating", "event_id": "b", "output": output, "success": True}
                stream.push({"msg": "process_starts", "event_id": "b"}, generating)
        stream.push(self.completed("y", event_id="c"))
        self.assertEqual(jobs[2].result(DEADLINE), "y")
        self.assertEqual(self.files(), [])

    def test_a_plain_function_that_runs(self) -> None:
        app = self.app()
        client = self.client(app.url)
        job = client.submit(300, "plain", api_name="/sleep")
        wait_until(job.running)
        self.assertFalse(job.cancel())
        client.predict("plain", 1, api_name="/wake")
        self.assertIsNotNone(job.result(DEADLINE))

    def test_before_it_is_sent(self) -> None:
        server = self.scripted()
        client = self.client(server.url, max_workers=1)
        first = client.submit("x")
        second = client.submit("y")
        stream = server.next_stream()
        self.assertTrue(second.cancel())
        stream.push(self.completed("done"))
        self.assertEqual(first.result(DEADLINE), "done")
        client.close()
        self.assertEqual(len(server.wait_for("POST", "/queue/join")), 1)

    def test_ctrl_c_cancels(self) -> None:
        real = glc.Job.publish

        def publish(job: glc.Job, *args: Any) -> None:
            real(job, *args)
            if args and args[0].status.code is glc.Status.ITERATING:
                raise KeyboardInterrupt

        for version in ("3.50.2", "4.8.0", "4.44.1", "6.31.0"):
            with self.subTest(version):
                app = self.app(version=version)
                client = self.client(app.url)
                with mock.patch.object(glc.Job, "publish", publish), self.assertRaises(KeyboardInterrupt):
                    client.predict(1000, 300, f"ctrl-c-{version}", api_name="/steps")
                client.submit(f"ctrl-c-{version}", 9, api_name="/wake").result(DEADLINE)
                self.assertEqual(client.predict("x", api_name="/echo"), "x")
                client.close()

    def test_ctrl_c_as_the_server_has_just_taken_the_job(self) -> None:
        server = self.scripted()
        client = self.client(server.url)
        with mock.patch.object(glc.Session, "join", new=interrupted(glc.Session.join)):
            with self.assertRaises(KeyboardInterrupt):
                client.predict("x")
        (request,) = server.wait_for("POST", "/cancel")
        self.assertEqual(request.json()["event_id"], "id")
        client.close()

    def test_while_it_joins(self) -> None:
        server = self.scripted()
        go = threading.Event()
        self.addCleanup(go.set)
        server.on("POST", "/queue/join", lambda request: {"event_id": "id"} if go.wait(DEADLINE) else None)
        client = self.client(server.url)
        job = client.submit("x")
        server.wait_for("POST", "/queue/join")
        self.assertTrue(job.cancel())
        go.set()
        (request,) = server.wait_for("POST", "/cancel")
        self.assertEqual(request.json()["event_id"], "id")

    def test_while_it_waits_for_its_turn_to_join(self) -> None:
        server = self.scripted()
        go = threading.Event()
        server.on("POST", "/queue/join", lambda request: {"event_id": "id"} if go.wait(DEADLINE) else None)
        client = self.client(server.url)
        first = client.submit("x")
        server.wait_for("POST", "/queue/join")
        second = client.submit("y")
        self.assertTrue(second.cancel())
        go.set()
        server.next_stream().push(self.completed("done"))
        self.assertEqual(first.result(DEADLINE), "done")
        client.close()
        self.assertEqual(len(server.wait_for("POST", "/queue/join")), 1)

    def test_a_server_that_does_not_care(self) -> None:
        server = self.scripted(version="6.31.0")
        server.on("POST", "/cancel", None)
        job = self.client(server.url).submit("x")
        stream = server.next_stream()
        stream.push({"msg": "estimation", "event_id": "id"})
        wait_until(lambda: job.status().code is glc.Status.IN_QUEUE)
        self.assertTrue(job.cancel())
        (request,) = server.wait_for("POST", "/cancel")
        self.assertEqual(request.json()["event_id"], "id")
        with self.assertRaises(concurrent.futures.CancelledError):
            job.result(DEADLINE)

    def test_a_queued_one_beside_a_sibling_leaves_the_sibling_alone(self) -> None:
        server = self.scripted(version="6.31.0")
        server.on("POST", "/queue/join", {"event_id": "a"}, {"event_id": "b"})
        client = self.client(server.url)
        first = client.submit("x")
        stream = server.next_stream()
        second = client.submit("x")
        server.wait_for("POST", "/queue/join", 2)
        stream.push({"msg": "estimation", "event_id": "b"})
        wait_until(lambda: second.status().code is glc.Status.IN_QUEUE)
        self.assertTrue(second.cancel())
        (request,) = server.wait_for("POST", "/cancel")
        self.assertEqual(request.json()["event_id"], "b")
        self.assertNotEqual(request.json()["fn_index"], 0)  # all of which would be stopped
        stream.push(self.completed("y", event_id="a"))
        self.assertEqual(first.result(DEADLINE), "y")


class ProgressOfFilesTest(ClientCase):
    """A job tells how far its files are."""

    def test_bytes_are_counted(self) -> None:
        app = self.app()
        client = self.client(app.url)
        size = 3 * glc.UPLOAD_CHUNK + 1
        told: list[Any] = []
        real = glc.Job.publish

        def publish(job: glc.Job, step: glc.Step) -> None:
            for unit in (step.status.progress_data or ()) if step.values is None else ():
                told.append((step.status.code, unit.desc, unit.index, unit.length, unit.unit))
            real(job, step)

        self.patch(glc, "TELL_SECONDS", 0)
        with mock.patch.object(glc.Job, "publish", publish):
            client.predict(glc.handle_file(b"x" * size, "big.txt"), api_name="/copy_file")
        for code, desc in (
            (glc.Status.SENDING_DATA, "uploading big.txt"),
            (glc.Status.PROGRESS, "downloading big.txt"),
        ):
            mine = [row for row in told if row[:2] == (code, desc)]
            self.assertEqual({row[3:] for row in mine}, {(size, "bytes")})
            done = [row[2] for row in mine]
            self.assertEqual((done, done[-1]), (sorted(set(done)), size))
            self.assertGreater(len(done), 3)
        told.clear()
        self.patch(glc, "TELL_SECONDS", 3600)
        with mock.patch.object(glc.Job, "publish", publish):
            client.predict(glc.handle_file(b"x" * size, "big.txt"), api_name="/copy_file")
        self.assertLessEqual(len(told), 4)  # the first and the last of each
        self.assertEqual([row[2] for row in told if row[2] == size], [size, size])

    def test_a_file_of_unknown_size(self) -> None:
        server = self.scripted()
        server.on("GET", "/file=*", Reply(200, (), [b"abc", b"de"]))
        told: list[Any] = []
        self.patch(glc.Job, "publish", lambda job, step: told.extend(step.status.progress_data or ()))
        job = self.client(server.url).submit("x")
        server.next_stream().push(self.completed({**MARKED, "path": "/srv/a.txt"}))
        job.result(DEADLINE)
        self.assertEqual((told[-1].index, told[-1].length, told[-1].desc), (5, 5, "downloading a.txt"))


class UploadTest(ClientCase):
    def test_the_request(self) -> None:
        for version in ("3.50.2", "4.44.1", "6.31.0"):
            with self.subTest(version):
                app = self.app(version=version)
                client = self.client(app.url)
                path = self.folder() / "größe & co.txt"
                path.write_bytes(b"from the disk")
                files = [
                    glc.handle_file(path),
                    glc.handle_file(str(path), name="other.txt"),
                    glc.handle_file(b"bytes", "b.bin"),
                ]
                results = client.predict(files, api_name="/copy_files")
                self.assertEqual([Path(result).read_bytes() for result in results], [b"from the disk"] * 2 + [b"bytes"])
                (request,) = app.wait_for("POST", app.api + "/upload")
                parts = parse_multipart(request.body, request.headers["content-type"])
                self.assertEqual(
                    parts,
                    [
                        ("files", "größe & co.txt", b"from the disk"),
                        ("files", "other.txt", b"from the disk"),
                        ("files", "b.bin", b"bytes"),
                    ],
                )

    def test_every_source(self) -> None:
        app = self.app()
        client = self.client(app.url)
        with self.serve() as web, tempfile.TemporaryFile() as opened:
            web.on("GET", "/dir/a%20b.txt", Reply(302, {"Location": "/c"}))
            web.on("GET", "/dir/a b.txt", Reply(302, {"Location": "/c"}))
            web.on("GET", "/c", "from the web")
            opened.write(b"skipped, opened")
            opened.seek(9)
            pipe_out, pipe_in = os.pipe()
            os.write(pipe_in, b"from a pipe")
            os.close(pipe_in)
            with os.fdopen(pipe_out, "rb") as pipe:
                for source, content in (
                    (glc.handle_file(web.url + "/dir/a%20b.txt"), b"from the web"),
                    (glc.handle_file(opened, "o.txt"), b"opened"),
                    (glc.handle_file(pipe, "p.txt"), b"from a pipe"),
                    (glc.handle_file(b"bytes", "b.txt"), b"bytes"),
                    (glc.handle_file(b"", "empty.txt"), b""),
                    (glc.file(__file__), Path(__file__).read_bytes()),
                ):
                    with self.subTest(content[:20]):
                        result = client.predict(source, api_name="/copy_file")
                        self.assertEqual(Path(result).read_bytes(), content)

    def test_a_login_in_a_url_is_sent_and_not_shown(self) -> None:
        client = self.client(self.app().url)
        with self.serve() as web:
            web.on("GET", "/a.txt", "from the web")
            address = web.url.replace("//", "//ada:p%40ss@")
            path = client.predict(glc.handle_file(address + "/a.txt"), api_name="/copy_file")
            self.assertEqual(Path(path).read_bytes(), b"from the web")
            (request,) = web.requests
            self.assertEqual(request.headers["authorization"], "Basic " + base64.b64encode(b"ada:p@ss").decode())
            web.on("GET", "/gone.txt", Reply(404))
            error = self.raises(
                glc.HTTPError, client.predict, glc.handle_file(address + "/gone.txt"), api_name="/copy_file"
            )
            self.assertNotIn("p%40ss", str(error) + str(error.url))

    def test_the_same_file_twice_is_uploaded_once(self) -> None:
        app = self.app()
        client = self.client(app.url)
        marked = glc.handle_file(b"x", "a.txt")
        client.predict([marked, marked], api_name="/copy_files")
        (request,) = app.wait_for("POST", app.api + "/upload")
        self.assertEqual(len(parse_multipart(request.body, request.headers["content-type"])), 1)

    def test_an_open_file_can_be_sent_again(self) -> None:
        client = self.client(self.app().url)
        with tempfile.TemporaryFile() as opened:
            opened.write(b"skipped, sent")
            opened.seek(9)
            marked = glc.handle_file(opened, "a.txt")
            for _ in range(2):
                self.assertEqual(Path(client.predict(marked, api_name="/copy_file")).read_bytes(), b"sent")

    def test_an_open_file_is_read_when_it_is_marked(self) -> None:
        client = self.client(self.app().url)
        with tempfile.TemporaryFile() as opened:
            opened.write(b"skipped, sent")
            opened.seek(9)
            marked = [glc.handle_file(opened, name) for name in ("a.txt", "b.txt")]
        paths = client.predict(marked, api_name="/copy_files")
        self.assertEqual([Path(path).read_bytes() for path in paths], [b"sent", b""])

    def test_a_file_that_is_deleted_before_it_is_sent(self) -> None:
        path = self.folder() / "a.txt"
        path.write_text("x")
        marked = glc.handle_file(path)
        path.unlink()
        error = self.raises(ValueError, self.client(self.app().url).predict, marked, api_name="/copy_file")
        self.assertIn("File a.txt could not be read: ", str(error))

    def test_a_named_pipe(self) -> None:
        needs("named pipes", hasattr(os, "mkfifo"))
        client = self.client(self.app().url)
        path = self.folder() / "pipe"
        os.mkfifo(path)
        writer = Running(path.write_bytes, b"from a pipe")
        marked = glc.handle_file(path)
        writer.result()
        for _ in range(2):
            self.assertEqual(Path(client.predict(marked, api_name="/copy_file")).read_bytes(), b"from a pipe")

    def test_what_handle_file_refuses(self) -> None:
        error = self.raises(ValueError, glc.handle_file, "/no/such/file")
        self.assertEqual(str(error), "File /no/such/file does not exist on local filesystem and is not a valid URL.")
        self.raises(ValueError, glc.handle_file, str(self.downloads))
        for url in (
            "HTTPS://ada:s3cret@h/x?s3cret",
            " https://ada:s3cret@h/x",
            "ftp://ada:s3cret@h/x",
            "https:/h/x?s3cret",
        ):
            error = self.raises(ValueError, glc.handle_file, url)
            self.assertNotIn("s3cret", str(error))
            self.assertIn("h/x does not exist", str(error))
        with open(__file__, encoding="utf-8") as text, open(__file__, "rb") as closed:
            closed.close()
            self.raises(ValueError, glc.handle_file, closed)
            for wrong in (text, io.StringIO(__file__), mock.Mock(["read"]), 5, {"path": __file__}):
                self.assertIn("in binary mode", str(self.raises(TypeError, glc.handle_file, wrong)))

    def test_nothing_but_handle_file_reads_the_disk(self) -> None:
        app = self.app()
        client = self.client(app.url)
        for value in (glc.FileData(MARKED, path=__file__), {"name": __file__, "is_file": True}):
            with contextlib.suppress(glc.AppError):
                client.predict(value, api_name="/copy_file")
        path = glc.DownloadedPath(__file__)
        path.file = glc.FileData(MARKED, path=__file__)
        with contextlib.suppress(glc.AppError):
            client.predict(path, api_name="/copy_file")
        for value in (__file__, dict(MARKED, path=__file__), dict(glc.handle_file(__file__)), str(path)):
            with self.assertRaisesRegex(TypeError, "wrap it in handle_file"):
                client.predict(upload=value, api_name="/copy_file")
        self.assertNotIn(f"POST {app.api}/upload", self.paths(app))

    def test_a_url_that_refuses_is_no_missing_login(self) -> None:
        """To the app, which could be helped with auth=."""
        web = self.serve()
        client = self.client(self.app().url, auth=None)
        for status in (401, 403, 404, 500):
            web.on("GET", "/a.txt", Reply(status, (), "no"))
            error = self.raises(glc.HTTPError, client.predict, glc.handle_file(f"{web.url}/a.txt"), api_name="/digest")
            self.assertEqual((type(error), error.status), (glc.HTTPError, status))
            self.assertNotIn("auth=", str(error))

    def test_the_size_limit_before_anything_is_sent(self) -> None:
        app = self.app(max_file_size=5)
        client = self.client(app.url)
        path = self.folder() / "big.txt"
        path.write_bytes(b"123456")
        for source in (path, b"123456", io.BytesIO(b"123456")):
            with self.subTest(source):
                error = self.raises(
                    ValueError, client.predict, glc.handle_file(source, "big.txt"), api_name="/copy_file"
                )
                self.assertEqual(
                    str(error), "File big.txt (6 bytes) exceeds the maximum file size of the app, 5 bytes."
                )
        self.assertNotIn(f"POST {app.api}/upload", self.paths(app))
        self.assertTrue(client.predict(glc.handle_file(b"12345", "fits.txt"), api_name="/copy_file"))

    def test_the_server_refuses(self) -> None:
        app = self.app()
        app.on("POST", app.api + "/upload", Reply(413, (), "File too large"), read_body=False)
        client = self.client(app.url)
        for size in (5, 5_000_000):
            error = self.raises(glc.HTTPError, client.predict, glc.handle_file(bytes(size), "a"), api_name="/copy_file")
            self.assertEqual(str(error), f"{app.url}/gradio_api/upload answered 413: File too large")

    def test_an_answer_that_does_not_fit(self) -> None:
        app = self.app()
        client = self.client(app.url)
        for answer in ([], ["/a", "/b"], [5], {"a": 1}, [None]):
            app.on("POST", app.api + "/upload", Reply.json(answer))
            self.raises(glc.ProtocolError, client.predict, glc.handle_file(b"x", "a"), api_name="/copy_file")

    def test_a_url_that_fails(self) -> None:
        app = self.app()
        client = self.client(app.url)
        with self.serve() as web:
            error = self.raises(glc.HTTPError, client.predict, glc.handle_file(web.url + "/x"), api_name="/copy_file")
            self.assertEqual((error.status, error.url), (404, web.url + "/x"))

    def test_a_file_that_cannot_be_read(self) -> None:
        """That ends its job, at once and no other, and is no error of the network."""
        path = self.folder() / "a.txt"
        path.write_bytes(b"x")
        client = self.client(self.app().url, max_workers=1, timeout=None)
        for kind in (OSError, ConnectionResetError):
            with self.subTest(kind):
                broken = mock.MagicMock()
                broken.__enter__.return_value = mock.Mock(
                    seek=lambda *_: 1, read=mock.Mock(side_effect=kind("no luck"))
                )
                with mock.patch.object(glc, "open", lambda *_: broken, create=True):
                    job = client.submit(glc.handle_file(path), api_name="/digest")
                    error = self.raises(ValueError, job.result, DEADLINE)
                self.assertEqual(str(error), "File a.txt could not be read: no luck")
        self.assertEqual(client.submit(1, 2, api_name="/add").result(DEADLINE), 3)

    def test_whatever_ends_the_work_on_a_job_ends_the_job(self) -> None:
        client = self.client(self.app().url, max_workers=1)
        for kind in (KeyboardInterrupt, SystemExit, RuntimeError):
            with self.subTest(kind):
                with mock.patch.object(glc.Transfers, "send", side_effect=kind("no luck")):
                    job = client.submit("x", api_name="/echo")
                    self.assertIn("no luck", str(self.raises(kind, job.result, DEADLINE)))
        self.assertEqual(client.submit(1, 2, api_name="/add").result(DEADLINE), 3)

    def test_cancel_during_an_upload(self) -> None:
        app = self.app()
        arrived = threading.Event()

        def upload(request: Any) -> Any:
            arrived.set()
            app.closed.wait(DEADLINE)

        app.on("POST", app.api + "/upload", upload)
        client = self.client(app.url)
        job = client.submit(glc.handle_file(b"x", "a"), api_name="/copy_file")
        self.assertTrue(arrived.wait(DEADLINE))
        self.assertTrue(job.cancel())
        client.close()
        self.assertNotIn(f"POST {app.api}/queue/join", self.paths(app))


class DownloadTest(ClientCase):
    def given(self, server: ScriptedServer, **fields: Any) -> Any:
        """What the client makes of a file that the server sends."""
        item = {**MARKED, "path": "/srv/a.txt", **fields}
        client = self.client(server.url)
        job = client.submit("x")
        server.next_stream().push(self.completed(item))
        try:
            return job.result(DEADLINE)
        finally:
            client.close()

    def arriving(self, server: ScriptedServer, **options: Any) -> glc.Job:
        """A job of a new client whose result, a file, the server has sent."""
        job = self.client(server.url, **options).submit("x")
        server.next_stream().push(self.completed({**MARKED, "path": "/srv/a.txt"}))
        return job

    def test_a_folder_that_may_not_be_written_to(self) -> None:
        """As the default one, if another user of the machine has made it. Tests may run as root, who may do all."""
        client = self.client(self.app().url, download_files=self.folder())
        refused = PermissionError(errno.EACCES, "Permission denied", "made")
        with mock.patch.object(glc, "save", side_effect=refused):
            self.raises(PermissionError, client.predict, "a.txt", 5, api_name="/make_file")

    def test_a_full_disk_in_a_generator(self) -> None:
        """It is broken off, so that the server might confuse the next one with it: see wants_whole_values()."""
        app = self.app()
        client = self.client(app.url)
        with mock.patch.object(glc, "save", side_effect=OSError(errno.ENOSPC, "No space left")):
            self.raises(OSError, client.predict, 3, api_name="/pages")
        client.predict(2, api_name="/pages")
        bodies = [request.json() for request in app.requests if request.path.endswith("/queue/join")]
        self.assertEqual([body.get("simple_format") for body in bodies], [None, True])

    def test_a_url_that_is_none(self) -> None:
        server = self.scripted()
        server.on("GET", "/file=/srv/a.txt", "content")
        self.assertEqual(Path(self.given(server, url=["x"])).read_text(), "content")

    def test_to_a_folder_named_by_the_contents(self) -> None:
        app = self.app()
        client = self.client(app.url)
        for _ in range(2):
            path = client.predict("a b#%&+ü.txt", 5, api_name="/make_file")
            content = Path(path).read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            self.assertEqual((path, len(content)), (str(self.downloads / digest / "a b#%&+ü.txt"), 5))
        self.assertEqual(self.files(), [os.path.join(digest, "a b#%&+ü.txt")])

    def test_a_downloaded_file_that_its_owner_has_edited_stays_so(self) -> None:
        app = self.app()
        client = self.client(app.url)
        first = Path(client.predict("a.txt", 5, api_name="/make_file"))
        first.write_bytes(b"notes")
        second = Path(client.predict("a.txt", 5, api_name="/make_file"))
        self.assertEqual((first.read_bytes(), second.read_bytes()), (b"notes", b"00000"))
        self.assertEqual(second, first.with_name("a (2).txt"))

    def test_each_file_is_fetched_once(self) -> None:
        server = self.scripted()
        server.on("GET", "/file=/srv/a.txt", "content")
        self.given(server, other=[MARKED])
        self.assertEqual(self.paths(server).count("GET /file=/srv/a.txt"), 1)

    def test_a_download_that_breaks_off_leaves_nothing(self) -> None:
        for reply, kind in (
            (Reply(200, {"Content-Length": "100"}, [b"half"], close=True), glc.ConnectionLost),
            (Reply.json({"detail": "Not authenticated"}, 401), glc.AuthenticationError),
            (None, glc.ConnectionFailed),
        ):
            with self.subTest(kind.__name__):
                server = self.scripted()
                server.on("GET", "/file=*", reply)
                with self.assertRaises(kind) as caught:
                    self.given(server)
                self.assertEqual(caught.exception.url, server.url + "/file=/srv/a.txt")
                self.assertEqual(self.files(), [])

    def mixed(self, server: ScriptedServer, *items: Any, **options: Any) -> Any:
        """What the client makes of these files, a file that can be fetched, and a text."""
        server.on("GET", "/file=/srv/good.txt", "good")
        client = self.client(server.url, **options)
        job = client.submit("x")
        server.next_stream().push(self.completed([*items, {**MARKED, "path": "/srv/good.txt"}], "text"))
        return job.result(DEADLINE)

    def test_a_file_that_is_refused_does_not_cost_the_others(self) -> None:
        there, elsewhere = self.scripted(), self.serve()
        redirect = Reply(302, {"Location": f"{elsewhere.url}/b.txt"})
        for reply, kind, words in (
            (Reply(404, (), "gone"), glc.HTTPError, "answered 404: gone"),
            (Reply.json({"detail": "File not allowed"}, 403), glc.HTTPError, "answered 403: File not allowed"),
            (Reply(500), glc.HTTPError, "answered 500"),
            (Reply(429), glc.TooManyRequestsError, "answered 429"),
            (redirect, glc.HTTPError, f"{elsewhere.url}/b.txt answered 404"),
        ):
            with self.subTest(reply.status):
                server = self.scripted(dependency(outputs=[4, 1]))
                server.on("GET", "/file=/srv/a.txt", reply)
                item = {**MARKED, "path": "/srv/a.txt", "url": f"{there.url}/never-asked"}
                with self.assertLogs(glc.logger, "WARNING") as logs:
                    (bad, good), text = self.mixed(server, item)
                self.assertIn("a.txt was not downloaded: ", logs.output[0])
                self.assertEqual((Path(good).read_text(), text), ("good", "text"))
                self.assertEqual((type(bad), bad), (glc.FileData, item))
                for use in (bad.read, partial(bad.save, self.downloads)):
                    error = self.raises(kind, use)
                    self.assertIn(words, str(error))
                self.assertFalse((self.downloads / "a.txt").exists())
        self.assertEqual(there.requests, [])

    def test_a_file_on_another_host_is_fetched_when_it_is_read(self) -> None:
        for version, download_files in itertools.product(("3.50.2", "4.8.0", "6.31.0"), (True, False)):
            with self.subTest(version, download_files=download_files):
                server, web = self.scripted(dependency(outputs=[4, 1])), self.serve()
                web.on("GET", "/r.png", "a picture")
                item = {**MARKED, "path": f"{web.url}/r.png?key=s3cret", "url": f"{web.url}/r.png"}
                options = {"headers": {"x-team": "blue"}, "cookies": {"a": "b"}, "auth": ("ada", "pass")}
                given = {} if download_files else {"download_files": False}
                (bad, _), text = self.mixed(server, item, **options, **given)
                self.assertEqual((type(bad), bad, text), (glc.FileData, item, "text"))
                self.assertEqual(web.requests, [])
                self.assertEqual(bad.read(), b"a picture")
                (asked,) = web.requests
                self.assertEqual({"x-team", "cookie", "authorization"} & set(asked.headers), set())
                self.assertNotIn("s3cret", repr(bad))
                web.on("GET", "/r.png", Reply(403), Reply(401))
                for status in (403, 401):
                    error = self.raises(glc.HTTPError, bad.read)
                    self.assertEqual((type(error), error.status), (glc.HTTPError, status))

    def test_a_file_in_broken_base64_does_not_cost_the_others(self) -> None:
        server = self.scripted(dependency(outputs=[4, 1]))
        with self.assertLogs(glc.logger, "WARNING"):
            (bad, good), text = self.mixed(server, {**MARKED, "url": "data:text/plain;base64,eA"})
        self.assertEqual((Path(good).read_text(), text), ("good", "text"))
        self.raises(glc.ProtocolError, bad.read)

    def test_what_was_downloaded_can_be_passed_back(self) -> None:
        """As the server's file: it is neither read here nor sent again."""
        for version in ("3.50.2", "4.8.0", "4.21.0", "4.44.1", "5.50.0", "6.31.0"):
            for download_files in (True, False):
                with self.subTest(version, download_files=download_files):
                    app = self.app(version=version)
                    client = self.client(app.url, **({} if download_files else {"download_files": False}))
                    made = client.predict("a.txt", 5, api_name="/make_file")
                    if download_files:
                        self.assertIsInstance(made, str)
                        Path(made).unlink()
                    digest = client.predict(made, api_name="/digest")
                    self.assertEqual(digest, client.predict(copy.deepcopy(made), api_name="/digest"))
                    self.assertNotIn("/upload", "".join(self.paths(app)))
                    if download_files:
                        self.raises(TypeError, client.predict, str(made), api_name="/digest")

    def growing(self, item: Any, size: int, steps: int) -> tuple[Any, list[Any], int]:
        """The last step and the result of a generator that appends to a text beside a file; and the memory it took."""
        server = self.scripted(dependency("f", [1], [4, 1], types={"generator": True}))
        server.on("GET", "/file=*", "content")
        client = self.client(server.url)
        job = client.submit("x")
        stream = server.next_stream()
        text = "x" * size

        def push(*outputs: Any) -> None:
            output = {"data": outputs}
            stream.push({"msg": "process_generating", "event_id": "id", "output": output, "success": True})

        tracemalloc = needs_module("tracemalloc")
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        push(item, text)
        for number in range(steps):
            push([], [["append", [], str(number % 10)]])
        text += "".join(str(number % 10) for number in range(steps))
        stream.push(self.completed(item, text))
        result = job.result(DEADLINE)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        last = collections.deque(job, 1)[0]
        self.assertEqual((last[1], result[1]), (text, text))
        return last, result, peak

    def test_memory_does_not_grow_with_the_steps_of_a_text_beside_a_file(self) -> None:
        item = {**MARKED, "path": "/srv/a.txt"}
        for steps in (10, 500):
            last, result, peak = self.growing(item, 1_000_000, steps)
            self.assertEqual([Path(path).read_text() for path in (last[0], result[0])], ["content"] * 2)
            self.assertLess(peak, 40_000_000)

    def test_changes_of_a_file_beside_a_large_list(self) -> None:
        """Each makes a copy of the list: their number has an end."""
        self.patch(glc, "MAX_COPIED", 50_000)
        server = self.scripted(dependency("f", [1], [5], types={"generator": True}))
        server.on("GET", "/file=*", "content")
        for edits in ([["replace", ["f", "size"], 2]], []):
            job = self.client(server.url).submit("x")
            stream = server.next_stream()
            for data in ([{"f": {**MARKED, "path": "/srv/a.txt"}, "l": [0] * 10_000}], *[[edits]] * 20):
                stream.push({"msg": "process_generating", "event_id": "id", "output": {"data": data}, "success": True})
            stream.push(self.completed("end"))
            error = self.raises(glc.ProtocolError, job.result, DEADLINE)
            self.assertIn("memory would run out", str(error))
            self.assertLess(len(job.outputs()), 8)

    def test_another_app_gets_the_file_itself(self) -> None:
        """Not a path, which there is another file, or none."""
        here, there = self.app(), self.app()
        for options in ({}, {"download_files": False}):
            client, other = self.client(here.url, **options), self.client(there.url, **options)
            value = client.predict(glc.handle_file(b"from here", "a.txt"), api_name="/copy_file")
            back = other.predict(value, api_name="/copy_file")
            content = Path(back).read_bytes() if isinstance(back, str) else back.read()
            self.assertEqual(content, b"from here")

    def test_what_the_server_cannot_take_back_is_sent_anew(self) -> None:
        """Streams are over; pictures of Gradio 3 are data in images, and files everywhere else."""
        inline = "data:image/png;base64,cGljdHVyZQ=="
        on_disk = {"path": "/srv/a.png", "url": None, "orig_name": "a.png", "is_stream": False}
        for version, component, item, expected in (
            ("6.31.0", "audio", {**on_disk, "is_stream": True}, "/up/a.png"),
            ("6.31.0", "image", on_disk, "/srv/a.png"),
            ("3.50.2", "image", on_disk, inline),
            ("3.50.2", "image", {**on_disk, "url": inline}, inline),
            ("3.50.2", "gallery", on_disk, "/srv/a.png"),
            ("3.50.2", "chatbot", {**on_disk, "url": inline}, "/up/a.png"),
            ("3.50.2", "chatbot", on_disk, "/srv/a.png"),
        ):
            with self.subTest(version, component=component, item=item):
                components = [{"id": 1, "type": component, "props": {}}]
                server = self.scripted(dependency("f", [1]), version=version, components=components)
                server.on("POST", "/upload", ["/up/a.png"])
                server.on("POST", "/run/f", {"data": ["ok"]})
                client = self.client(server.url, download_files=False, skip_queue=True)
                value = glc.FileData({**MARKED, **item})
                vars(value).update(home=client.src, download=lambda dest, anywhere: b"" if anywhere else b"picture")
                self.assertEqual(client.predict([value]), "ok")
                self.assertIn(expected, json.dumps(server.requests[-1].json()["data"]))

    def test_what_a_server_names_at_another_host_is_not_fetched_to_be_passed_back(self) -> None:
        with self.serve() as inside:
            inside.on("GET", "/secret", "s3cret")
            away, streamed = inside.url + "/secret", {"path": "/srv/a.wav", "is_stream": True}
            for version, component, item in (
                ("6.31.0", "audio", {"path": away, "is_stream": True}),
                ("6.31.0", "audio", streamed),  # which redirects there
                ("3.50.2", "image", {"path": away}),
            ):
                components = [{"id": 1, "type": component, "props": {}}]
                server = self.scripted(dependency("f", [1]), version=version, components=components)
                server.on("POST", "/run/f", {"data": ["ok"]})
                other = self.scripted(dependency("f", [1], [1]), version=version, components=components)
                other.on("GET", "/stream/*", Reply(302, {"Location": away}))
                other.on("POST", "/run/f", {"data": [{**MARKED, "url": None, "orig_name": "a.wav", **item}]})
                values = [self.client(one.url, download_files=False, skip_queue=True) for one in (server, other)]
                with self.subTest(version, item=item):
                    value = values[1].predict(None)
                    vars(value).setdefault("home", "")
                    for client in values:
                        if item is streamed:
                            self.raises(glc.AuthenticationError, client.predict, value)
                        else:
                            client.predict(value)
                            self.assertIn(
                                away, json.dumps((server if client is values[0] else other).requests[-1].json())
                            )
                    self.assertEqual(inside.requests, [])

    def test_a_copy_goes_to_another_app_as_itself(self) -> None:
        here, there = self.app(), self.app()
        client, other = self.client(here.url), self.client(there.url)
        value = client.predict(glc.handle_file(b"from here", "a.txt"), api_name="/copy_file")
        for twin in (copy.deepcopy(value), pickle.loads(pickle.dumps(value)), copy.copy(value.file)):
            back = other.predict(twin, api_name="/copy_file")
            self.assertEqual(Path(back).read_bytes(), b"from here")

    def test_a_copy_of_file_data_is_of_the_same_file(self) -> None:
        client = self.client(self.app().url, download_files=False)
        value = client.predict(glc.handle_file(b"x", "a.txt"), api_name="/copy_file")
        twin = value.copy()
        self.assertEqual((type(twin), twin, twin.read()), (glc.FileData, value, b"x"))
        self.assertEqual(client.predict(twin, api_name="/copy_file").read(), b"x")

    def test_a_file_that_was_edited(self) -> None:
        """Also if neither its size nor its time tells."""
        for content, expected in ((b"x", False), (b"y", True)):
            one, other = (self.temporary() / name for name in "ab")
            one.write_bytes(b"x")
            other.write_bytes(content)
            for path in (one, other):
                os.utime(path, (1, 1))
            self.assertIs(glc.is_edited(str(one), str(other)), expected)
        self.assertFalse(glc.is_edited(str(one) + "?", str(other)))

    def test_names_of_modules(self) -> None:
        """What a Python that is started in the folder could import, be it known here or not, gets another name."""
        for name, expected in (
            ("types.py", "file-types.py"),
            ("__future__.py", "file-__future__.py"),
            ("Runpy.PY", "file-Runpy.PY"),
            ("msvcrt.py", "file-msvcrt.py"),
            ("email.pyw", "file-email.pyw"),
            ("runpy.pyc", "file-runpy.pyc"),
            ("json.cpython-311-x86_64-linux-gnu.so", "file-json.cpython-311-x86_64-linux-gnu.so"),
            ("gradio_lite_client.py", "file-gradio_lite_client.py"),
            ("my_program.py", "file-my_program.py"),
            ("my-program.py", "my-program.py"),
            ("types.txt", "types.txt"),
            ("types", "types"),
        ):
            app = self.app()
            value = self.client(app.url, download_files=False).predict(
                glc.handle_file(b"x", name), api_name="/copy_file"
            )
            self.assertEqual(os.path.basename(value.save(self.temporary())), expected)

    def test_names_of_streams(self) -> None:
        for name, is_stream, expected in (("9", True, "9.wav"), ("9.mp3", True, "9.mp3"), ("9", False, "9")):
            item = {"path": f"a/b/{name}", "is_stream": is_stream, "orig_name": None}
            self.assertEqual(glc.file_name(item), expected)

    def test_what_is_neither_a_file_nor_a_folder_is_not_replaced(self) -> None:
        needs("named pipes", hasattr(os, "mkfifo"))
        client = self.client(self.app().url, download_files=False)
        value = client.predict(glc.handle_file(b"x", "a.txt"), api_name="/copy_file")
        pipe = self.temporary() / "pipe"
        os.mkfifo(pipe)
        error = self.raises(ValueError, value.save, pipe)
        self.assertIn("is neither a file nor a folder", str(error))
        self.assertFalse(pipe.is_file())

    def test_files_that_change_and_grow_in_diffs(self) -> None:
        """Each step has the files that the server had; the edits of a job fit its local paths."""
        server = self.scripted(dependency("f", [1], [4, 5], types={"generator": True}))
        for name in "abc":
            server.on("GET", f"/file=/srv/{name}", name)
        files = {name: {**MARKED, "path": f"/srv/{name}", "orig_name": f"{name}.txt"} for name in "abc"}
        steps: list[Any] = [
            [files["a"], {"t": "x", "f": []}],
            [files["a"], {"t": "xy", "f": [files["a"]]}],
            [files["b"], {"t": "xyz", "f": [files["a"], files["b"]]}],
            [files["b"], {"t": "xyz", "f": [files["c"], files["b"]]}],
            [None, {"t": "", "f": [files["b"]]}],
            [{"__type__": "update", "visible": True}, None],
            [files["c"], files["a"]],
        ]
        client = self.client(server.url)
        job = client.submit("x")
        stream = server.next_stream()
        before: Any = None
        for values in steps:
            data = values if before is None else [diff(*pair, "unshifted") for pair in zip(before, values)]
            output = {"data": data}
            stream.push({"msg": "process_generating", "event_id": "id", "output": output, "success": True})
            before = values
        stream.push(self.completed(*before))

        def contents(value: Any) -> Any:
            return glc.walk(value, lambda one: isinstance(one, glc.DownloadedPath), lambda path: Path(path).read_text())

        expected = [glc.walk(step, glc.is_marked_file, lambda item: item["path"][-1]) for step in steps]
        job.result(DEADLINE)
        self.assertEqual([contents(list(step)) for step in job.outputs()][: len(steps)], expected)

    def test_hostile_names(self) -> None:
        server = self.scripted()
        server.on("GET", "/file=*", "content")
        for name in (
            "../../evil",
            "/etc/passwd",
            "..",
            "a/../../b",
            "C:\\x",
            "\0",
            "x" * 5000,
            "nul.txt",
            None,
            5,
            ["a"],
        ):
            with self.subTest(repr(name)[:30]):
                path = Path(self.given(server, orig_name=name))
                self.assertEqual(path.parent.parent, self.downloads)
                self.assertEqual(path.read_bytes(), b"content")
        for path in self.files():
            self.assertEqual(len(Path(path).parts), 2)

    def test_a_link_in_the_way_is_replaced_not_followed(self) -> None:
        server = self.scripted()
        server.on("GET", "/file=*", "content")
        victim = self.folder() / "victim"
        victim.write_bytes(b"untouched")
        place = self.downloads / hashlib.sha256(b"content").hexdigest()
        place.mkdir()
        os.symlink(victim, place / "a.txt")
        self.assertEqual(Path(self.given(server)).read_bytes(), b"content")
        self.assertEqual(victim.read_bytes(), b"untouched")

    def test_the_servers_urls_are_not_trusted(self) -> None:
        with self.serve() as evil:
            server = self.scripted(root=evil.url)
            server.on("GET", "/file=*", "content")
            self.assertEqual(Path(self.given(server, url=evil.url + "/steal")).read_bytes(), b"content")
            self.assertEqual(evil.requests, [])

    def test_file_data_instead_of_paths(self) -> None:
        app = self.app()
        client = self.client(app.url, download_files=False)
        item = client.predict("a.txt", 5, api_name="/make_file")
        self.assertIsInstance(item, glc.FileData)
        self.assertEqual((item["orig_name"], len(item.read())), ("a.txt", 5))
        folder = self.folder()
        self.assertEqual(item.save(folder), str(folder / "a.txt"))
        self.assertEqual(item.save(folder / "sub" / "b.txt"), str(folder / "sub" / "b.txt"))
        self.assertEqual((folder / "sub" / "b.txt").read_bytes(), item.read())
        self.assertEqual(client.predict(item, api_name="/copy_file").read(), item.read())
        self.assertEqual(self.files(), [])

    def test_saving_into_a_folder_replaces_nothing(self) -> None:
        app = self.app()
        client = self.client(app.url, download_files=False)
        item = client.predict("a.txt", 5, api_name="/make_file")
        folder = self.folder()
        (folder / "a.txt").write_bytes(b"ours")
        (folder / "a (2).txt").mkdir()
        os.symlink(folder / "nowhere", folder / "a (3).txt")
        self.assertEqual(item.save(folder), str(folder / "a (4).txt"))
        self.assertEqual((folder / "a (4).txt").read_bytes(), b"00000")
        self.assertEqual((folder / "a.txt").read_bytes(), b"ours")
        self.assertEqual(os.readlink(folder / "a (3).txt"), str(folder / "nowhere"))
        self.assertEqual(item.save(folder / "a.txt"), str(folder / "a.txt"))  # the caller has named the file itself
        self.assertEqual((folder / "a.txt").read_bytes(), b"00000")

    def test_saving_at_once_into_a_folder(self) -> None:
        server = self.scripted()
        server.on("GET", "/file=*", "content")
        item, folder = self.arriving(server, download_files=False).result(DEADLINE), self.folder()
        saved = [running.result() for running in [Running(item.save, folder) for _ in range(16)]]
        self.assertEqual(len(set(saved)), 16)
        self.assertEqual({str(path) for path in folder.iterdir()}, set(saved))
        self.assertEqual({Path(path).read_bytes() for path in saved}, {b"content"})

    def test_saving_what_does_not_arrive_leaves_nothing(self) -> None:
        server = self.scripted()
        server.on("GET", "/file=*", Reply(200, {"Content-Length": "100"}, [b"half"], close=True))
        item, folder = self.arriving(server, download_files=False).result(DEADLINE), self.folder()
        self.raises(glc.ConnectionLost, item.save, folder)
        self.assertEqual(list(folder.iterdir()), [])

    def test_a_file_as_a_data_url(self) -> None:
        server = self.scripted(version="3.50.2", protocol="sse_v3")
        for old in ({"name": "a.txt", "data": "data:text/plain;base64,aGVsbG8=", "is_file": False},):
            client = self.client(server.url)
            job = client.submit("x")
            server.next_stream().push(self.completed(old))
            self.assertEqual(Path(job.result(DEADLINE)).read_bytes(), b"hello")

    def temporary(self) -> Path:
        """The system's folder for temporary files, until the end of the test, where no other is named."""
        place = self.folder()
        self.patch(tempfile, "tempdir", str(place))
        self.patch_environ(GRADIO_TEMP_DIR=None)
        return place

    def made(self, place: Path) -> list[Path]:
        """What clients have made there; the stand-in has folders there, too."""
        return list(place.glob("gradio*"))

    def download(self, client: glc.Client) -> Path:
        return Path(client.predict("a.txt", 5, api_name="/make_file"))

    def test_the_default_folder(self) -> None:
        app, place = self.app(), self.temporary()
        first, second = (self.client(app.url, download_files=True) for _ in range(2))
        first.predict(1, 2, api_name="/add")
        self.assertEqual(self.made(place), [])  # until the first file comes
        paths = [self.download(first), self.download(first)]
        (folder,) = self.made(place)
        self.assertEqual({path.parents[1] for path in paths}, {folder})
        if os.name == "posix":
            self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
        self.assertNotEqual(self.download(second).parents[1], folder)
        first.close()
        self.assertEqual(paths[0].read_bytes(), b"00000")

    def test_the_default_folder_is_made_again_if_it_was_deleted(self) -> None:
        app, place = self.app(), self.temporary()
        client = self.client(app.url, download_files=True)
        shutil.rmtree(self.download(client).parents[1])
        path = self.download(client)
        self.assertEqual(path.read_bytes(), b"00000")
        self.assertEqual(self.made(place), [path.parents[1]])
        if os.name == "posix":
            self.assertEqual(path.parents[1].stat().st_mode & 0o777, 0o700)

    def test_the_default_folder_of_files_that_come_at_once(self) -> None:
        app, place = self.app(), self.temporary()
        client = self.client(app.url, download_files=True)
        make, another = tempfile.mkdtemp, threading.Event()
        calls: list[Any] = []

        def mkdtemp(*args: Any, **keywords: Any) -> str:
            if threading.current_thread().name.startswith("gradio-"):  # else it is the stand-in
                calls.append(args)
                if len(calls) > 1:
                    another.set()
                another.wait(50 * MS)  # for a second one, which should not come
            return make(*args, **keywords)

        self.patch(tempfile, "mkdtemp", mkdtemp)
        jobs = [client.submit(f"{number}.txt", 5, api_name="/make_file") for number in range(8)]
        folders = {Path(job.result(DEADLINE)).parents[1] for job in jobs}
        self.assertEqual((folders, len(folders)), (set(self.made(place)), 1))

    def test_named_folders_are_used_as_they_are(self) -> None:
        app, place = self.app(), self.temporary()
        named = self.folder()
        named.chmod(0o755)
        self.assertEqual(self.download(self.client(app.url, download_files=named)).parents[1], named)
        self.patch_environ(GRADIO_TEMP_DIR=str(named))
        self.assertEqual(self.download(self.client(app.url, download_files=True)).parents[1], named)
        self.assertEqual(named.stat().st_mode & 0o777, 0o755)
        self.assertEqual(self.made(place), [])

    def test_no_folder_for_temporary_files(self) -> None:
        server = self.scripted()
        self.temporary()
        missing = FileNotFoundError(errno.ENOENT, "No usable temporary directory found")
        self.patch(tempfile, "mkdtemp", mock.Mock(side_effect=missing))
        self.raises(FileNotFoundError, self.arriving(server, download_files=True).result, DEADLINE)

    def test_another_user_can_neither_plant_nor_read_files(self) -> None:
        needs("root, who can act as another user", has_other_users())
        app, place = self.app(), self.temporary()
        place.chmod(0o1777)  # as /tmp
        other = as_another_user
        for name in ("gradio", "gradio-lite", "gradio_lite_client"):
            self.assertEqual(other("mkdir", "-m", "777", str(place / name)), 0)
        planted = set(self.made(place))
        client = self.client(app.url, download_files=True)
        path = self.download(client)
        readable = place / "readable"
        readable.write_bytes(b"")
        self.assertEqual(other("cat", str(readable)), 0)
        self.assertNotEqual(other("cat", str(path)), 0)
        self.assertNotEqual(other("ls", str(path.parent)), 0)
        self.assertNotEqual(other("mv", str(path.parents[1]), str(place / "away")), 0)
        self.assertFalse(planted & set(path.parents))
        shutil.rmtree(path.parents[1])  # as what cleans up old files does
        self.assertEqual(other("mkdir", "-m", "777", str(path.parents[1])), 0)
        self.assertNotEqual(self.download(client).parents[1], path.parents[1])

    def test_a_large_file(self) -> None:
        app = self.app()
        client = self.client(app.url)
        content = random.Random(6).getrandbits(8 * 5_000_000).to_bytes(5_000_000, "big")
        path = client.predict(glc.handle_file(content, "big.bin"), api_name="/copy_file")
        self.assertEqual(hashlib.sha256(Path(path).read_bytes()).digest(), hashlib.sha256(content).digest())


class FreshFilesTest(ClientCase):
    """A path whose contents change: outputs hold what was there then, the result what was there at the end (V1)."""

    FILE = {**MARKED, "path": "/srv/a.txt", "size": 1, "mime_type": None}

    def setUp(self) -> None:
        super().setUp()
        self.served: list[bytes] = []  # the contents in the answers to requests for the file, as they began
        self.answer_with(b"0")

    def answer_with(self, content: bytes, tag: str | None = None, **more: str) -> None:
        """What the file holds from now on. By default the server shows when that changes."""
        headers = {"Content-Length": str(len(content)), "ETag": repr(content) if tag is None else tag, **more}
        self.headers = {name.replace("_", "-"): value for name, value in headers.items() if value}
        self.content = content
        self.status = 200

    def start(self, outputs: int = 1, **options: Any) -> glc.Job:
        endpoint = dependency(outputs=(4, *(1,) * (outputs - 1)), types={"generator": True})
        self.server = self.scripted(
            endpoint, **{key: options.pop(key) for key in ("version", "protocol") if key in options}
        )
        self.server.on("GET", "/file=/srv/a.txt", self.file)
        job = self.client(self.server.url, **options).submit("x")
        self.stream = self.server.next_stream()
        return job

    def file(self, request: Any) -> Reply:
        self.served.append(self.content)
        return Reply(self.status, self.headers, self.content)

    def step(self, job: glc.Job, *data: Any) -> Any:
        """The output that the client makes of these values or diffs."""
        count = len(job.outputs())
        output = {"data": list(data), "is_generating": True}
        self.stream.push({"msg": "process_generating", "event_id": "id", "output": output, "success": True})
        wait_until(lambda: len(job.outputs()) > count)
        return job.outputs()[-1]

    def finish(self, job: glc.Job, *data: Any) -> Any:
        self.stream.push(self.completed(*data))
        return job.result(DEADLINE)

    def read(self, paths: Any) -> Any:
        return Path(paths).read_bytes() if isinstance(paths, str) else [self.read(path) for path in paths]

    def test_the_result_is_that_of_the_end(self) -> None:
        for content in (b"1", b"longer"):
            job = self.start()
            self.answer_with(b"0")
            self.step(job, self.FILE)
            self.answer_with(content)
            result = self.finish(job, {**self.FILE, "size": len(content)})
            self.assertEqual((self.read(result), self.read(job.outputs())), (content, [b"0"]))

    def test_each_step_has_what_was_there_then(self) -> None:
        """Whether the server says it by a diff, by one that is empty, or by the same values again."""
        for protocol, version, again in (
            ("sse_v3", "6.31.0", []),
            ("sse_v3", "4.44.1", [["replace", ["size"], 2]]),
            ("sse_v1", "4.13.0", self.FILE),
        ):
            with self.subTest(protocol, again=again):
                job = self.start(protocol=protocol, version=version)
                for content in (b"0", b"1", b"2"):
                    self.answer_with(content)
                    self.step(job, again if content != b"0" else self.FILE)
                self.assertEqual(self.read(self.finish(job, self.FILE)), b"2")
                self.assertEqual(self.read(job.outputs()), [b"0", b"1", b"2"])
                self.assertEqual(len(set(job.outputs())), 3)

    def test_what_has_not_changed_is_not_downloaded_again(self) -> None:
        """The server is asked; the contents in its answer are left where they are."""
        job = self.start()
        self.step(job, self.FILE)
        waiting = self.server.closed

        def never(request: Any) -> Reply:
            return Reply(200, self.headers, (b"" for _ in iter(lambda: waiting.wait(DEADLINE), True)))

        self.server.on("GET", "/file=/srv/a.txt", never)
        result = self.finish(job, self.FILE)
        self.assertEqual((self.read(result), job.outputs()), (b"0", [result]))
        self.assertEqual(self.files(), [str(Path(result).relative_to(self.downloads))])
        self.assertEqual(self.server.wait_for("GET", "/file=/srv/a.txt", 2)[2:], [])

    def test_what_a_server_may_say_of_a_file(self) -> None:
        """It is the same only if the server shows that: not if it says nothing, or nothing but the size."""
        date, later = "Thu, 26 Nov 2026 04:00:00 GMT", "Thu, 26 Nov 2026 04:00:01 GMT"
        for before, after, same in (
            ({"tag": '"a"'}, {"tag": '"a"'}, True),
            ({"tag": '"a"'}, {"tag": '"b"'}, False),
            ({"tag": "", "Last_Modified": date}, {"tag": "", "Last_Modified": date}, True),
            ({"tag": "", "Last_Modified": date}, {"tag": "", "Last_Modified": later}, False),
            ({"tag": '"a"', "Last_Modified": date}, {"tag": '"b"', "Last_Modified": date}, False),
            ({"tag": '"a"', "Last_Modified": date}, {"tag": '"a"', "Last_Modified": later}, False),
            ({"tag": '"a"'}, {"tag": ""}, False),
            ({"tag": ""}, {"tag": ""}, False),
            ({"tag": '"a"'}, {"tag": '"a"', "longer": True}, False),
        ):
            with self.subTest(before=before, after=after):
                job = self.start()
                self.answer_with(b"0", **before)
                self.step(job, self.FILE)
                self.answer_with(b"11" if after.pop("longer", False) else b"1", **after)  # type: ignore[arg-type]
                result = self.read(self.finish(job, self.FILE))
                self.assertEqual(result, b"0" if same else self.content)

    def test_a_text_that_grows_beside_a_file_costs_no_requests(self) -> None:
        """What the file holds is looked at again at the end."""
        for protocol, version, grown in (
            ("sse_v3", "6.31.0", lambda text: [[], [["append", [], "a"]]]),
            ("sse_v1", "4.13.0", lambda text: [self.FILE, text]),
        ):
            with self.subTest(protocol):
                self.served.clear()
                job = self.start(2, protocol=protocol, version=version)
                self.step(job, self.FILE, "a")
                for count in range(2, 20):
                    self.assertEqual(self.step(job, *grown("a" * count))[1], "a" * count)
                self.assertEqual(len(self.served), 1)
                self.assertEqual(self.finish(job, self.FILE, "a" * 19)[1], "a" * 19)
                self.assertEqual(len(self.served), 2)

    def test_a_file_twice_in_one_message_is_asked_for_once(self) -> None:
        job = self.start(3)
        self.step(job, self.FILE, [self.FILE], "x")
        self.assertEqual(self.served, [b"0"])
        self.answer_with(b"1")
        one, (other,), _ = self.finish(job, self.FILE, [self.FILE], "x")
        self.assertEqual((self.read(one), one), (b"1", other))
        self.assertEqual(self.served, [b"0", b"1"])

    def test_without_a_step_before_it_a_file_is_asked_for_once(self) -> None:
        job = self.start()
        self.assertEqual(self.read(self.finish(job, self.FILE)), b"0")
        self.assertEqual(self.served, [b"0"])

    def test_a_file_that_has_gone_by_the_end(self) -> None:
        """What came before is kept. Whatever else the server says is no file: it may have something newer."""
        for status, kind in ((404, None), (403, None), (401, glc.AuthenticationError), (500, glc.FileData)):
            with self.subTest(status):
                job = self.start()
                self.answer_with(b"0")
                self.step(job, self.FILE)
                self.status = status
                if kind is None:
                    self.assertEqual(self.read(self.finish(job, self.FILE)), b"0")
                elif kind is glc.FileData:
                    self.assertEqual(self.raises(glc.HTTPError, self.finish(job, self.FILE).read).status, status)
                else:
                    self.raises(kind, self.finish, job, self.FILE)
                self.assertEqual(self.read(job.outputs()), [b"0"])

    def test_files_that_are_not_downloaded(self) -> None:
        """Nothing is asked for before somebody reads, who gets what is there then."""
        job = self.start(download_files=False)
        self.step(job, self.FILE)
        self.step(job, [["replace", ["size"], 2]])
        result = self.finish(job, {**self.FILE, "size": 3})
        self.assertEqual([item["size"] for item in [*job.outputs(), result]], [1, 2, 3])
        self.assertEqual(self.served, [])
        self.answer_with(b"1")
        self.assertEqual([job.outputs()[0].read(), result.read()], [b"1", b"1"])

    def test_contents_that_come_with_the_object(self) -> None:
        job = self.start(protocol="sse_v1", version="3.50.2")
        old = [
            {"name": "a.txt", "data": f"data:text/plain;base64,{data}", "is_file": False} for data in ("MA==", "MQ==")
        ]
        for value in (old[0], old[0], old[1]):
            self.step(job, value)
        self.assertEqual(self.read(self.finish(job, old[1])), b"1")
        self.assertEqual(self.read(job.outputs()), [b"0", b"0", b"1"])

    def test_a_stream_is_fetched_once_at_the_end(self) -> None:
        """Servers hand out what it holds only once."""
        job = self.start()
        self.server.on("GET", "/stream/*", "sound", Reply(404))
        medium = {**self.FILE, "path": "s/1/2", "is_stream": True}
        self.assertEqual(self.step(job, medium), medium)
        self.step(job, [])
        self.assertEqual(self.read(self.finish(job, medium)), b"sound")


class OtherGenerationsTest(ClientCase):
    """What only some releases do."""

    def test_streams_of_4_0_that_fail(self) -> None:
        asked = {"msg": "send_data", "event_id": "id"}
        for join, data, pushed, kind, words in (
            (Reply(500, (), "no"), None, (), glc.HTTPError, "500: no"),
            (Stream, Reply(500, (), "bad data"), (asked,), glc.HTTPError, "500: bad data"),
            (Stream, Reply.json(None), (asked, {"msg": "process_starts"}), glc.ConnectionLost, "without a result"),
            (Stream, None, ({"msg": "queue_full"},), glc.QueueError, "is full"),
        ):
            with self.subTest(words):
                server = self.scripted(version="4.8.0", protocol="sse")
                server.on("GET", "/queue/join", join)
                server.on("POST", "/queue/data", data)
                job = self.client(server.url).submit("x")
                if join is Stream:
                    stream = server.next_stream()
                    stream.push(*pushed)
                    stream.end()
                error = self.raises(kind, job.result, DEADLINE)
                self.assertIn(words, str(error))

    def test_streams_of_4_0_are_reset_if_a_generator_may_go_on(self) -> None:
        for generator, ends, resets in ((True, False, 1), (True, True, 0), (False, False, 0)):
            with self.subTest(generator=generator, ends=ends):
                server = self.scripted(dependency("f", types={"generator": generator}), version="4.8.0", protocol="sse")
                server.on("GET", "/queue/join", Stream)
                server.on("POST", "/reset", {"success": True})
                client = self.client(server.url)
                job = client.submit("x")
                stream = server.next_stream()
                stream.push({"msg": "process_starts", "event_id": "id"}, *[self.completed("y")] * ends)
                stream.end()
                self.assertIs(type(job.exception(DEADLINE)), type(None) if ends else glc.ConnectionLost)
                client.close()
                self.assertEqual(self.paths(server).count("POST /reset"), resets)

    def test_a_proxy_that_does_not_pass_on_upgrade(self) -> None:
        for status, hint in ((404, True), (400, True), (426, True), (200, True), (403, False), (502, False)):
            with self.subTest(status):
                server = self.scripted(version="3.50.2", protocol="ws")
                server.on("GET", "/queue/join", Reply(status, (), "what"))
                kind = glc.AuthenticationError if status == 403 else glc.HTTPError
                error = self.raises(kind, self.client(server.url).predict, "x")
                self.assertEqual((error.status, "have to pass on Upgrade" in str(error)), (status, hint))

    def test_the_data_are_sent_once(self) -> None:
        asked = {"msg": "send_data", "event_id": "id"}
        server = self.scripted(version="4.8.0", protocol="sse")
        server.on("GET", "/queue/join", Stream)
        server.on("POST", "/queue/data", Reply.json(None))
        job = self.client(server.url).submit("x")
        stream = server.next_stream()
        stream.push(*[asked] * 300, self.completed("y"))
        self.assertEqual(job.result(DEADLINE), "y")
        self.assertEqual(self.paths(server).count("POST /queue/data"), 1)
        heard: list[Any] = []

        def talk(peer: Any, request: Any) -> None:
            for _ in range(50):
                peer.send({"msg": "send_hash"})
                peer.send({"msg": "send_data"})
            heard.extend(peer.receive() for _ in range(2))
            peer.send(self.completed("y"))
            heard.append(peer.receive())

        server = self.scripted(version="3.50.2", protocol="ws")
        server.on("GET", "/queue/join", Upgrade(talk))
        self.assertEqual(self.client(server.url).predict("x"), "y")
        wait_until(lambda: len(heard) == 3)
        self.assertIsNone(heard[2])  # the end of the conversation

    def test_inputs_that_are_streamed(self) -> None:
        server = self.scripted(dependency("f", connection="stream"))
        server.on("POST", "/stream/id/close", {"msg": "success"})
        job = self.client(server.url).submit("x")
        stream = server.next_stream()
        streaming = {"msg": "process_streaming", "event_id": "id", "output": {"data": ["a"]}, "success": True}
        stream.push(streaming, streaming)
        server.wait_for("POST", "/stream/id/close")
        stream.push(self.completed("a"))
        self.assertEqual(self.values(job), ["a", "a"])
        self.assertEqual(self.paths(server).count("POST /stream/id/close"), 1)

    def test_only_values_of_gradio_3_have_other_shapes(self) -> None:
        modern = [{"token": "a", "class_or_confidence": None}]
        for version, sent, expected in (("3.50.2", [["a", None]], modern), ("4.0.2", modern, modern)):
            with self.subTest(version):
                settings = config(version=version, enable_queue=False)
                settings["components"][0]["type"] = "highlightedtext"
                server = self.scripted()
                server.on("GET", "/config", settings)
                server.on("POST", "/run/predict", {"data": [sent]})
                self.assertEqual(self.client(server.url).predict("x"), expected)

    def test_files_in_the_arguments(self) -> None:
        for version, name, kind in (("3.16.2", "copy_file", "file"), ("3.50.2", "same_image", "image")):
            with self.subTest(version):
                app = self.app(version=version)
                client = self.client(app.url)
                result = client.predict(glc.handle_file(b"content", "a.png"), api_name="/" + name)
                self.assertEqual(Path(result).read_bytes(), b"content")
                self.assertNotIn("POST /upload", self.paths(app), kind)

    def test_the_login_of_3_16(self) -> None:
        server = self.scripted(enable_queue=False)
        server.on("GET", "/config", Reply(401), config(enable_queue=False))
        server.on("POST", "/login", Reply(302, {"Location": "/", "Set-Cookie": "access-token=1"}))
        server.on("POST", "/run/predict", {"data": ["ok"]})
        self.assertEqual(self.client(server.url, auth=("a", "b")).predict("x"), "ok")
        self.assertEqual(server.wait_for("POST", "/run/predict")[0].cookies, {"access-token": "1"})

    def test_an_oauth_token_goes_to_endpoints_that_ask_for_it(self) -> None:
        for declared, sent in (("required", "secret"), (None, None)):
            with self.subTest(declared):
                server = self.scripted(dependency("f"))
                entry = {"parameters": [parameter("text")], "returns": [], "oauth_token": declared}
                server.on("GET", "/info", {"named_endpoints": {"/f": entry}})
                job = self.client(server.url, oauth_token="secret").submit("x")
                server.next_stream().push(self.completed("y"))
                job.result(DEADLINE)
                self.assertEqual(server.wait_for("POST", "/queue/join")[0].json().get("oauth_token"), sent)

    def test_media_that_are_streamed_are_fetched_when_they_are_complete(self) -> None:
        server = self.scripted(dependency("f", [1], [4], types={"generator": True}))
        server.on("GET", "/stream/*", "the whole sound")
        job = self.client(server.url).submit("x")
        stream = server.next_stream()
        item = {**MARKED, "path": "h/1/2/playlist.m3u8", "is_stream": True, "orig_name": "a.mp3"}
        output = {"data": [item]}
        stream.push({"msg": "process_generating", "event_id": "id", "output": output, "success": True})
        first = self.first(job)
        self.assertIsInstance(first, glc.FileData)
        for read in (first.read, partial(first.save, self.downloads)):
            with self.assertRaisesRegex(ValueError, "was still being made when it arrived. The result of the job has"):
                read()
        stream.push(self.completed(item))
        self.assertEqual(Path(job.result(DEADLINE)).read_bytes(), b"the whole sound")
        server.wait_for("GET", "/stream/h/1/2/playlist-file")

    def test_media_that_servers_hand_out_once(self) -> None:
        """As 4.x does, without a URL or a name; 3.x is alike."""
        for download_files in (True, False):
            with self.subTest(download_files=download_files):
                version = {"version": "4.19.2", "protocol": "sse_v2"}
                server = self.scripted(dependency("f", [1], [4], types={"generator": True}), **version)
                server.on("GET", "/stream/h/1/2", "the whole sound")
                client = self.client(server.url, **({} if download_files else {"download_files": False}))
                job = client.submit("x")
                stream = server.next_stream()
                item = {"path": "h/1/2", "is_stream": True}
                output = {"data": [item]}
                stream.push({"msg": "process_generating", "event_id": "id", "output": output, "success": True})
                first = self.first(job)
                stream.push(self.completed(item))
                result = job.result(DEADLINE)
                self.assertEqual(Path(result).read_bytes() if download_files else result.read(), b"the whole sound")
                self.raises(ValueError, first.read)
                self.assertEqual(self.paths(server).count("GET /stream/h/1/2"), 1)

    def test_cancelling_one_of_two_generators(self) -> None:
        for version in ("3.50.2", "4.8.0", "4.13.0", "4.24.0", "4.31.4", "4.44.1", "5.50.0", "6.31.0"):
            with self.subTest(version):
                app = self.app(version=version)
                client = self.client(app.url)
                jobs = [client.submit(3, 300, f"{version}-a", api_name="/steps")]
                self.assertEqual(self.first(jobs[0]), f"{version}-a 0")
                jobs.append(client.submit(3, 300, f"{version}-b", api_name="/steps"))
                wait_until(lambda jobs=jobs: jobs[1].status().code is glc.Status.IN_QUEUE)  # type: ignore[misc]
                cancelled = jobs[0].cancel()
                self.assertEqual(jobs[0].cancelled(), cancelled)
                for name in "ab":
                    client.predict(f"{version}-{name}", 9, api_name="/wake")
                self.assertEqual(jobs[1].result(DEADLINE), f"{version}-b 2")
                self.assertEqual(len(self.values(jobs[1])), 3)
                if not cancelled:
                    self.assertEqual(jobs[0].result(DEADLINE), f"{version}-a 2")
                client.close()


# === Client ===========================================================================================================


class ConnectTest(ClientCase):
    def test_every_spelling_of_an_address(self) -> None:
        self.resolve()
        for mount in ("", "/sub/app"):
            app = self.app(mount=mount)
            for src in (
                app.url,
                app.url + "/",
                f"  {app.url} ",
                app.url + "/?__theme=dark&x=/y",
                app.url + "/gradio_api",
                app.url + "/gradio_api/",
                app.url + "/config",
                app.url + "/no/such/page",
                app.url.replace("http://", ""),
                app.url.replace("http://127.0.0.1", "http://localhost"),
            ):
                with self.subTest(src, mount=mount):
                    client = self.client(src)
                    self.assertEqual(
                        client.src, app.url.replace("127.0.0.1", "localhost") if "localhost" in src else app.url
                    )
                    self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
                    client.close()

    def test_timeouts(self) -> None:
        app = self.app()
        for timeout in (60, 1_000_000.5, None):
            self.client(app.url, timeout=timeout).close()
        for wrong in (0, -1, float("nan"), 1e30):
            with self.assertRaisesRegex(ValueError, r"timeout=.+: it takes seconds, "):
                glc.Client(app.url, timeout=wrong)

    def test_what_programs_pass_on_to_httpx(self) -> None:
        app = self.app()
        timeout = mock.Mock(read=7.5)
        given = {"headers": {"x-a": "1", "x-b": "1"}, "cookies": {"c": "1", "d": "1"}, "timeout": timeout}
        given.update(verify=False, trust_env=False, follow_redirects=True, proxies={"http://": "http://127.0.0.1:1"})
        client = self.client(
            app.url, httpx_kwargs=given, analytics_enabled=False, headers={"x-b": "2"}, cookies={"d": "2"}, timeout=None
        )
        self.assertEqual(client.predict("x", api_name="/echo"), "x")
        for request in app.requests:
            self.assertEqual((request.headers["x-a"], request.headers["x-b"]), ("1", "2"))
            self.assertEqual(request.cookies, {"c": "1", "d": "2"})
        options = glc.from_httpx(given)
        self.assertEqual(options["timeout"], 7.5)
        self.assertEqual((options["ssl_verify"], options["trust_env"]), (False, False))
        self.assertEqual(options["proxy"], "http://127.0.0.1:1")
        self.assertEqual(
            glc.from_httpx({"timeout": 3, "proxy": "http://p", "cookies": None}), {"timeout": 3, "proxy": "http://p"}
        )
        error = self.raises(TypeError, self.client, app.url, httpx_kwargs={"http2": True, "timeout": 3})
        self.assertIn("httpx_kwargs= cannot have http2 here", str(error))

    def test_the_id_of_a_space(self) -> None:
        self.assertIsNone(self.client(self.app().url).space_id)

    def test_async_with(self) -> None:
        app = self.app()

        async def main() -> Any:
            async with glc.Client(app.url, download_files=False) as client:
                return client, await client.submit("x", api_name="/echo")

        client, value = asyncio.run(asyncio.wait_for(main(), DEADLINE))
        self.assertEqual(value, "x")
        self.raises(glc.ConnectionFailed, client.predict, "x", api_name="/echo")

    def test_src_and_space_are_one_argument(self) -> None:
        app = self.app()
        self.assertEqual(glc.Client(src=app.url, download_files=False).__enter__().close(), None)
        with glc.Client(space=app.url) as client:
            self.assertEqual(client.src, app.url)
        for nothing in (None, ""):
            with self.assertRaisesRegex(ValueError, "needs the address of an app"):
                glc.Client(nothing)

    def test_each_name_of_src_and_of_the_token(self) -> None:
        for address in ("src", "space"):
            for token in ("token", "hf_token"):
                with self.subTest(address, token=token):
                    app = self.app()
                    with glc.Client(**{address: app.url, token: "tok"}) as client:
                        self.assertEqual(client.predict("x", api_name="/echo"), "x")
                    sent = {request.headers.get("x-hf-authorization") for request in app.requests}
                    self.assertEqual(sent, {"Bearer tok"})

    def test_connecting_is_one_request_and_a_call_needs_no_info(self) -> None:
        app = self.app()
        client = self.client(app.url)
        self.assertEqual(self.paths(app), ["GET /config"])
        client.predict(1, 2, api_name="/add")
        self.assertEqual(self.paths(app)[1:], ["POST /gradio_api/queue/join", "GET /gradio_api/queue/data"])
        for _ in range(2):
            client.predict(a=1, b=2, api_name="/add")
        client.view_api(print_info=False)
        self.assertEqual(self.paths(app).count("GET /gradio_api/info"), 1)

    def test_a_page_that_holds_its_config(self) -> None:
        with self.serve() as server:
            value = json.dumps(config(queue=False, enable_queue=False, css="x" * 100_000))
            page = f"<html><script>window.gradio_config = {value};</script><script>x</script></html>"
            server.on("GET", "/app/", page)
            server.on("POST", "/app/run/predict", {"data": ["ok"]})
            client = self.client(server.url + "/app/")
            self.assertEqual(client.predict("x"), "ok")
            server.on("GET", "/app/", page.replace("= {", "= {broken"))
            error = self.raises(glc.ProtocolError, self.client, server.url + "/app/?token=s3cret")
            self.assertEqual(error.url, server.url + "/app/")
            self.assertNotIn("s3cret", str(error))

    def test_a_redirect_leads_to_the_app(self) -> None:
        app = self.app(mount="/there")
        with self.serve() as server:
            server.on("GET", "/config", Reply(307, {"Location": app.url + "/config"}))
            client = self.client(server.url)
            self.assertEqual(client.src, app.url)
            self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
            self.assertEqual(self.paths(server), ["GET /config"])

    def test_where_there_is_no_app(self) -> None:
        with self.serve() as server:
            server.on("GET", "/page", "<html><title>My blog</title></html>")
            error = self.raises(glc.ProtocolError, self.client, server.url + "/page")
            self.assertEqual(
                str(error),
                f"There is no Gradio app at {server.url}/page: it answered 200, an HTML page titled 'My blog'.",
            )
            server.on("GET", "/config", {"some": "json"})
            error = self.raises(glc.ProtocolError, self.client, server.url)
            self.assertIn(f"There is no Gradio app at {server.url}", str(error))

    def test_a_login_page_in_front_of_the_app(self) -> None:
        self.resolve()
        page = "<html><title>Sign in</title></html>"
        with self.serve() as sso, self.serve() as server:
            sso.on("GET", "/*", page)
            for target in (sso.url.replace("127.0.0.1", "localhost") + "/x", server.url + "/oauth/authorize"):
                server.on("GET", "/config", Reply(302, {"Location": f"{target}?secret=1"}))
                server.on("GET", "/", Reply(302, {"Location": f"{target}?secret=1"}))
                server.on("GET", "/oauth/authorize", page)
                with self.subTest(target):
                    error = self.raises(glc.AuthenticationError, self.client, server.url)
                    self.assertIn(f"{server.url} redirects to {target!r}", str(error))
                    self.assertIn("cookies=", str(error))
                    self.assertNotIn("secret", str(error))
                    self.assertEqual((error.status, error.location), (200, target))
            server.on("GET", "/", Reply(302, {"Location": "/home"}))
            server.on("GET", "/home", "<title>Home</title>")
            error = self.raises(glc.ProtocolError, self.client, server.url)
            self.assertIn(f"There is no Gradio app at {server.url}: it answered 200", str(error))

    def test_json_beside_the_app_does_not_end_the_search_for_it(self) -> None:
        app = self.app()
        app.on("GET", "/gradio_api/info/config", {"some": "json"})
        client = self.client(app.url + "/gradio_api/info")
        self.assertEqual((client.src, client.predict("x", api_name="/echo")), (app.url, "x"))

    def test_what_the_server_may_answer_instead(self) -> None:
        for reply, kind, words in (
            (
                Reply.json({"detail": "Not authenticated"}, 401),
                glc.AuthenticationError,
                "401: Not authenticated. Log in with",
            ),
            (Reply(403, (), "Forbidden"), glc.AuthenticationError, "403: Forbidden"),
            (Reply(429, {"Retry-After": "7"}, "slow"), glc.TooManyRequestsError, "429: slow. Too many requests"),
            (Reply(500, (), "Internal Server Error"), glc.HTTPError, "500: Internal Server Error"),
            (Reply(502, (), "<title>Bad Gateway</title>"), glc.HTTPError, "502: an HTML page titled 'Bad Gateway'"),
        ):
            with self.subTest(reply.status), self.serve() as server:
                server.on("GET", "/config", reply)
                error = self.raises(kind, self.client, server.url)
                self.assertIn(f"{server.url}/config answered {words}", str(error))
                self.assertEqual((error.status, error.url), (reply.status, server.url + "/config"))

    def test_wrong_addresses_and_headers(self) -> None:
        for src in ("ftp://x", "http://", "file:///etc/passwd", "http:/x", "HTTPS:x"):
            with self.subTest(src), self.assertRaises(ValueError):
                self.client(src)
        with self.assertRaisesRegex(ValueError, "Not a legal HTTP header"):
            self.client("http://127.0.0.1:1", headers={"X": "a\r\nb"})

    def test_verbose_prints_and_nothing_else_does(self) -> None:
        app = self.app()
        for verbose, printed in ((True, f"Loaded as API: {app.url}\n"), (False, "")):
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                client = self.client(app.url, verbose=verbose)
                client.predict("x", api_name="/echo")
            self.assertEqual((out.getvalue(), err.getvalue()), (printed, ""))

    def test_repr_and_errors_hold_no_secret(self) -> None:
        app = self.app()
        secret = app.url.replace("//", "//user:s3cret@")
        client = self.client(secret, "s3cret", headers={"Authorization": "s3cret"})
        self.assertEqual(repr(client), f"<Client {app.url} Gradio 6.31.0 {len(client._app.listed)} named endpoints>")
        app.on("POST", app.api + "/queue/join", Reply(500))
        error = self.raises(glc.HTTPError, client.predict, "x", api_name="/echo")
        self.assertNotIn("s3cret", str(error) + repr(error) + str(error.__dict__) + client.src)

    def test_what_is_no_address_is_not_repeated_with_its_password(self) -> None:
        for src, options in (
            ("http://user:s3cret@127.0.0.1:99999", {}),
            ("ftp://user:s3cret@127.0.0.1", {}),
            ("http://app.example", {"proxy": "http://user:s3cret@127.0.0.1:99999"}),
        ):
            with self.subTest(src, **options):
                error = self.raises(glc.ConnectionFailed if options else ValueError, self.client, src, **options)
                self.assertIn("//127.0.0.1", str(error))
                self.assertNotIn("s3cret", str(error))

    def test_wrong_types_of_options(self) -> None:
        for name, value, kind in (
            ("headers", "x: s3cret", "str"),
            ("headers", [("x", "s3cret")], "list"),
            ("cookies", "x=s3cret", "str"),
            ("download_files", 5, "int"),
            ("max_workers", None, "NoneType"),
            ("max_workers", "4", "str"),
        ):
            error = self.raises(TypeError, self.client, "http://127.0.0.1:1", **{name: value})
            self.assertEqual(str(error), f"{name}= takes no {kind}.")

    def test_what_is_logged_holds_no_secret(self) -> None:
        app = self.app()
        secret = app.url.replace("//", "//user:s3cret@")
        with self.assertLogs(glc.logger, "DEBUG") as logged:
            client = self.client(secret, "s3cret", headers={"x-key": "s3cret"}, cookies={"session": "s3cret"})
            client.predict("x", api_name="/echo", headers={"x-key": "s3cret"})
            app.on("GET", app.api + "/queue/data", Reply(500))
            self.raises(glc.ConnectionLost, client.predict, "x", api_name="/echo")
        self.assertNotIn("s3cret", "\n".join(logged.output))


class LoginTest(ClientCase):
    def test_login_on_every_generation(self) -> None:
        for version in ("3.16.2", "3.50.2", "4.0.2", "4.44.1", "6.31.0"):
            with self.subTest(version):
                app = self.app(version=version, auth=("Ada", "pä ss&="))
                client = self.client(app.url, auth=("Ada", "pä ss&="))
                self.assertEqual(client.predict("x", api_name="/echo"), "x")
                error = self.raises(glc.AuthenticationError, self.client, app.url, auth=("Ada", "wrong"))
                self.assertIn(f"Could not login to {app.url} as 'Ada': Incorrect credentials.", str(error))
                self.assertNotIn("wrong", str(error))
                odd = self.raises(glc.AuthenticationError, self.client, app.url, auth=("Ada", "\udcff\ud800"))
                self.assertEqual(str(odd), str(error))
                error = self.raises(glc.AuthenticationError, self.client, app.url)
                self.assertIn("Log in with auth=(user, password)", str(error))
                asked = [request for request in app.requests if request.path == "/login"]
                types = {request.headers["content-type"] for request in asked}
                self.assertEqual(types, {"application/x-www-form-urlencoded"})
                for wrong in ("Ada:x", "Ax", ("Ada",), ("Ada", "x", "y")):
                    error = self.raises(TypeError, self.client, app.url, auth=wrong)
                    self.assertIn("auth= takes a tuple of two, (user, password).", str(error))

    def test_behind_a_redirect(self) -> None:
        with self.serve() as server:
            server.on("GET", "/config", Reply(301, {"Location": "/sub/config"}))
            server.on("GET", "/sub/config", Reply.json({"auth_required": True}, 401), config())
            server.on("POST", "/sub/login", {"success": True})
            self.assertEqual(self.client(server.url, auth=("Ada", "x")).src, server.url + "/sub")

    def test_a_login_that_ends(self) -> None:
        """As when the server is restarted: nothing has run yet, so the client logs in again, once."""
        for version in ("3.50.2", "4.0.2", "4.44.1", "6.31.0"):
            for skip_queue in (False, True):
                with self.subTest(version, skip_queue=skip_queue):
                    app = self.app(version=version, auth=("Ada", "x"))
                    client = self.client(app.url, auth=("Ada", "x"), skip_queue=skip_queue)
                    app._logins.clear()
                    self.assertEqual(client.predict("x", api_name="/echo"), "x")
                    app._logins.clear()
                    path = client.predict(glc.handle_file(b"x", "a.txt"), api_name="/copy_file")
                    self.assertEqual(Path(path).read_bytes(), b"x")

    def test_a_login_that_ends_before_a_file_is_read_or_the_app_described(self) -> None:
        app = self.app(auth=("Ada", "x"))
        client = self.client(app.url, auth=("Ada", "x"), download_files=False)
        item = client.predict("a.txt", 5, api_name="/make_file")
        app._logins.clear()
        self.assertEqual(len(item.read()), 5)
        app._logins.clear()
        self.assertIn("/make_file", str(client.view_api(print_info=False, return_format="str")))

    def test_a_login_that_ends_for_good(self) -> None:
        app = self.app(auth=("Ada", "x"))
        client = self.client(app.url, auth=("Ada", "x"))
        jar = client._http._jars[glc.origin_of(app.url)]
        without = self.client(app.url, cookies={cookie.name: str(cookie.value) for cookie in jar})
        app._logins.clear()
        app.auth = ("Ada", "changed")
        error = self.raises(glc.AuthenticationError, client.predict, "x", api_name="/echo")
        self.assertIn("Could not login", str(error))
        self.assertEqual((error.status, error.endpoint), (400, "/echo"))
        error = self.raises(glc.AuthenticationError, without.predict, "x", api_name="/echo")
        self.assertEqual((error.status, error.endpoint), (401, "/echo"))

    def test_a_pipe_is_sent_again_after_another_login(self) -> None:
        app = self.app(auth=("Ada", "x"))
        client = self.client(app.url, auth=("Ada", "x"))
        app._logins.clear()
        out, into = os.pipe()
        os.write(into, b"once")
        os.close(into)
        with os.fdopen(out, "rb") as pipe:
            path = client.predict(glc.handle_file(pipe, "a.txt"), api_name="/copy_file")
        self.assertEqual(Path(path).read_bytes(), b"once")

    def test_an_app_that_has_no_passwords(self) -> None:
        with self.serve() as server:
            server.on("GET", "/config", Reply.json({"auth_required": True}, 401))
            server.on("POST", "/login", Reply(303, {"Location": "/elsewhere"}))
            error = self.raises(glc.AuthenticationError, self.client, server.url, auth=("Ada", "x"))
            self.assertIn(f"Could not login to {server.url} as 'Ada': ", str(error))


class HomeTest(ClientCase):
    """Credentials have one home, the origin that the caller named: with any of them, the app has to be there."""

    CREDENTIALS: tuple[dict[str, Any], ...] = (
        {"auth": ("Ada", "s3cret")},
        {"token": "s3cret"},
        {"hf_token": "s3cret"},
        {"headers": {"X-Key": "s3cret"}},
        {"cookies": {"c": "s3cret"}},
        {"oauth_token": "s3cret"},
        {"login": "Ada:s3cret@"},
        {"login": "s3cret@"},
    )

    def refused(self, url: str, login: str = "", **options: Any) -> Any:
        """The error that connecting raises; it holds no secret."""
        error = self.raises(glc.AuthenticationError, self.client, url.replace("//", f"//{login}"), **options)
        self.assertNotIn("s3cret", str(error) + str(error.__dict__))
        return error

    def place(self, address: str) -> dict[str, str]:
        """What sends somebody there."""
        return {"Location": address}

    def test_with_credentials_a_redirect_to_another_origin_is_not_followed(self) -> None:
        """Not even if the app there wants no login at first, as it may want one later (S1)."""
        other = self.serve()
        server = self.serve()
        for options in self.CREDENTIALS:
            for status in (301, 302, 303, 307, 308):
                with self.subTest(status=status, **options):
                    server.on("GET", "/config", Reply(status, self.place(other.url + "/there/config?state=s3cret#x")))
                    error = self.refused(server.url, **options)
                    self.assertIn(f"{server.url}/config redirects to '{other.url}/there/config': use that", str(error))
                    self.assertEqual((error.url, error.status), (server.url + "/config", status))
                    self.assertEqual(error.location, other.url + "/there/config")
        self.assertEqual(other.requests, [])

    def test_every_way_to_another_origin(self) -> None:
        self.resolve()
        other, server = self.serve(), self.serve()
        for target, where in (
            (f"//{other.host}/config", other.url + "/config"),
            (f"http://Ada:s3cret@{other.host}/config", other.url + "/config"),
            (f"http://localhost:{server.port}/config", f"http://localhost:{server.port}/config"),  # by another name
            (f"https://{server.host}/config", f"https://{server.host}/config"),  # TLS, but not on the usual ports
            (other.url, other.url),  # the same host
        ):
            with self.subTest(target):
                server.on("GET", "/config", Reply(307, self.place(target)))
                error = self.refused(server.url, headers={"X-Key": "s3cret"})
                self.assertIn(f"{server.url}/config redirects to {where!r}: ", str(error))
        server.on("GET", "/config", Reply(307, self.place("/a")))
        server.on("GET", "/a", Reply(307, self.place(other.url + "/config")))
        other.on("GET", "/config", Reply(307, self.place(server.url + "/b")))
        server.on("GET", "/b", config())
        self.refused(server.url, headers={"X-Key": "s3cret"})  # and back again
        self.assertEqual(other.requests, [])
        self.assertEqual(self.client(server.url).src, server.url + "/b")  # without a secret it is followed

    def test_a_page_with_the_config_at_another_origin(self) -> None:
        other, server = self.serve(), self.serve()
        page = f"<script>window.gradio_config = {json.dumps(config())};</script>"
        other.on("GET", "/page", page)
        server.on("GET", "/app", Reply(302, self.place(other.url + "/page")))
        self.assertIn(
            f"{server.url}/app redirects to '{other.url}/page'", str(self.refused(server.url + "/app", token="s3cret"))
        )
        self.assertEqual(other.requests, [])
        self.assertEqual(self.client(server.url + "/app").src, other.url + "/page")

    def test_a_space_whose_app_is_elsewhere(self) -> None:
        """Whether the token was passed or found on this machine. One that was found goes to no other app anyway."""
        other = self.app()
        space = self.serve(tls=True)
        space.on("GET", "/config", Reply(302, self.place(f"https://other.example:{other.port}/config")))
        self.resolve(**{"user-app_hf_space": "", "other_example": ""})
        url = f"https://user-app.hf.space:{space.port}"
        with mock.patch.dict(os.environ, {"HF_TOKEN": "s3cret"}):
            self.refused(url, ssl_verify=CA_FILE)
        self.refused(url, token="s3cret", ssl_verify=CA_FILE)
        self.assertEqual(self.paths(space), ["GET /config"] * 2)
        self.assertEqual(other.requests, [])

    def test_a_client_without_credentials_has_its_home_where_the_app_is(self) -> None:
        """A login that the Location holds goes nowhere."""
        app, server = self.app(), self.serve()
        server.on("GET", "/config", Reply(307, self.place(app.url.replace("//", "//Ada:s3cret@") + "/config")))
        client = self.client(server.url)
        self.assertEqual(client.src, app.url)
        client.predict("x", api_name="/echo")
        self.assertFalse([request for request in app.requests if "authorization" in request.headers])
        self.assertEqual(self.paths(server), ["GET /config"])

    def test_the_headers_of_a_call_stay_there(self) -> None:
        other = self.serve()
        for method, path in (
            ("GET", "/info"),
            ("POST", "/upload"),
            ("POST", "/queue/join"),
            ("GET", "/queue/data"),
            ("GET", "/file=*"),
            ("POST", "/run/copy_file"),
        ):
            for status in (302, 307):
                with self.subTest(path, status=status):
                    app = self.app()
                    client = self.client(app.url, skip_queue=path.startswith("/run"))
                    app.on(method, app.api + path, Reply(status, self.place(other.url + "/x")))
                    given = {"upload": glc.handle_file(b"x", "a.txt")}
                    with contextlib.suppress(glc.ConnectionFailed, glc.HTTPError):
                        result = client.predict(**given, api_name="/copy_file", headers={"X-Key": "s3cret"})
                        self.assertTrue(path.startswith("/file") and isinstance(result, glc.FileData))
                    client.close()
        self.assertEqual(other.requests, [])

    def test_headers_of_a_call_do_not_follow_an_app_that_has_moved(self) -> None:
        """Without credentials the client follows the app; those that come later are not for the other address."""
        app, server = self.app(), self.serve()
        server.on("GET", "/config", Reply(302, self.place(app.url + "/config")))
        client = self.client(server.url)
        self.assertEqual(client.predict("x", api_name="/echo"), "x")
        error = self.raises(glc.AuthenticationError, client.submit, "x", api_name="/echo", headers={"X-Key": "s3cret"})
        self.assertIn(app.url.rstrip("/"), str(error))
        self.assertNotIn("x-key", {name.lower() for request in app.requests for name in request.headers})

    def test_the_upgrade_to_a_websocket_stays_there(self) -> None:
        other = self.serve()
        server = self.scripted(version="3.50.2", protocol="ws")
        server.on("GET", "/queue/join", Reply(307, self.place(other.url + "/queue/join")))
        client = self.client(server.url)
        self.raises(glc.AuthenticationError, client.predict, "x", headers={"X-Key": "s3cret"})
        self.assertEqual(other.requests, [])

    def test_the_second_login_and_the_oauth_token_go_home(self) -> None:
        """From http to https of the same server, which is the one redirect that credentials follow."""
        secure, plain = self.app(tls=True, auth=("Ada", "x")), self.serve()
        plain.on("GET", "/config", Reply(301, self.place("https://app.hf.space/config")))
        with _Ports({"app.hf.space:80": plain, "app.hf.space:443": secure}) as proxy:
            options = {"proxy": proxy.url, "ssl_verify": CA_FILE, "headers": {"X-Key": "mine"}}
            client = self.client("http://app.hf.space", auth=("Ada", "x"), **options)
            self.assertEqual(client.src, "https://app.hf.space")
            secure._logins.clear()
            self.assertEqual(client.predict("x", api_name="/echo"), "x")
            self.assertEqual({request.headers["x-key"] for request in secure.requests}, {"mine"})
            client.close()
        self.assertEqual(self.paths(secure).count("POST /login"), 2)
        self.assertEqual(self.paths(plain), ["GET /config"])

    def test_the_login_form_is_not_sent_on(self) -> None:
        other, server = self.serve(), self.serve()
        server.on("GET", "/config", Reply.json({"auth_required": True}, 401))
        for status in (302, 307):
            server.on("POST", "/login", Reply(status, self.place(other.url + "/login")))
            self.refused(server.url, auth=("Ada", "s3cret"))
        self.assertEqual(other.requests, [])

    def test_plain_http_on_port_443_is_another_origin(self) -> None:
        other, plain = self.serve(), self.serve()
        plain.on("GET", "/config", Reply(301, self.place("http://app.example:443/config")))
        with _Ports({"app.example:80": plain, "app.example:443": other}) as proxy:
            self.refused("http://app.example", proxy=proxy.url, headers={"X-Key": "s3cret"})
        self.assertEqual(other.requests, [])

    def test_from_https_to_http_never(self) -> None:
        server, other = self.serve(tls=True), self.serve()
        server.on("GET", "/config", Reply(302, self.place(other.url + "/config?state=s3cret")))
        for options in ({}, {"token": "s3cret"}):
            error = self.raises(glc.ConnectionFailed, self.client, server.url, ssl_verify=CA_FILE, **options)
            self.assertIn(f"redirects from https to {other.url}/config: refused.", str(error))
        self.assertEqual(other.requests, [])


class HeadersTest(ClientCase):
    def test_they_go_with_every_request(self) -> None:
        app = self.app()
        client = self.client(
            app.url.replace("//", "//user:p%20w@"), "tok", headers={"X-A": "1"}, cookies={"c": "2", "d": "3"}
        )
        upload = glc.handle_file(b"x", "a.txt")
        client.predict(upload, api_name="/copy_file")
        client.predict(text="x", api_name="/echo")
        kinds = {request.path.partition("=")[0] for request in app.requests}
        self.assertGreaterEqual(len(kinds), 5)
        login = base64.b64encode(b"user:p w").decode()
        for request in app.requests:
            with self.subTest(request.path):
                self.assertEqual(request.headers["x-a"], "1")
                self.assertEqual(request.headers["authorization"], f"Basic {login}")
                self.assertEqual(request.headers["x-hf-authorization"], "Bearer tok")
                self.assertEqual(request.cookies, {"c": "2", "d": "3"})

    def test_those_of_a_call_win_and_end_with_it(self) -> None:
        app = self.app()
        client = self.client(app.url, headers={"X-A": "client", "X-B": "client"})
        mine = {"x-a": "call"}
        client.predict("x", api_name="/echo", headers=mine)
        (join,) = app.wait_for("POST", app.api + "/queue/join")
        self.assertEqual((join.headers["x-a"], join.headers["x-b"]), ("call", "client"))
        client.predict("x", api_name="/echo")
        self.assertEqual(app.wait_for("POST", app.api + "/queue/join", 2)[1].headers["x-a"], "client")
        self.assertEqual(mine, {"x-a": "call"})

    def test_illegal_ones_of_a_call(self) -> None:
        app = self.app()
        client = self.client(app.url)
        for call in (client.predict, client.submit):
            with self.assertRaisesRegex(ValueError, "Not a legal HTTP header"):
                call("x", api_name="/echo", headers={"X": "a\r\nb"})
        self.assertEqual(self.paths(app), ["GET /config"])

    def test_a_token_that_was_found_stays_with_spaces(self) -> None:
        app = self.app()
        with mock.patch.dict(os.environ, {"HF_TOKEN": "found"}):
            self.client(app.url).predict("x", api_name="/echo")
        self.assertNotIn("found", str([request.headers for request in app.requests]))


class EndpointTest(ClientCase):
    def test_every_way_to_name_one(self) -> None:
        app = self.app()
        client = self.client(app.url)
        number = app.by_name["echo"].id
        for options in ({"api_name": "/echo"}, {"api_name": "echo"}, {"fn_index": number}):
            self.assertEqual(client.predict("x", **options), "x")
        self.assertEqual(self.client(app.url, api_name="/echo").predict("y"), "y")

    def test_the_only_one_needs_no_name(self) -> None:
        server = self.scripted(dependency("only"), dependency("hidden", api_visibility="private"))
        client = self.client(server.url)
        job = client.submit("x")
        server.next_stream().push(self.completed("y"))
        self.assertEqual(job.result(DEADLINE), "y")

    def test_mistakes(self) -> None:
        app = self.app()
        client = self.client(app.url)
        for call in (client.predict, client.submit):
            error = self.raises(ValueError, call, "x", api_name="/ecco")
            self.assertIn("Cannot find a function with `api_name`: /ecco (did you mean `/echo`?). ", str(error))
            self.assertIn(f"{app.url} has: /add, /echo, ", str(error))
            self.assertIn("`api_name`: 3.", str(self.raises(ValueError, call, "x", api_name=3)))
            self.assertIn("`api_name`: ['/g'].", str(self.raises(ValueError, call, "x", api_name=["/g"])))
            self.assertIn("Invalid function index: [1].", str(self.raises(ValueError, call, "x", fn_index=[1])))
            self.assertIn("takes a mapping", str(self.raises(TypeError, call, "x", api_name="/echo", headers="x")))
            error = self.raises(ValueError, call, "x")
            self.assertIn(
                "This Gradio app might have multiple endpoints. Please specify an `api_name` or `fn_index`.", str(error)
            )
            error = self.raises(ValueError, call, "x", fn_index=999)
            self.assertEqual(str(error), f"Invalid function index: 999. {app.url}: there is none.")
            number = app.by_name["browser_only"].id
            error = self.raises(ValueError, call, "x", fn_index=number)
            self.assertIn("it runs in the browser, not on the server", str(error))
            error = self.raises(glc.InvalidAPIEndpointError, call, "x", fn_index=app.by_name["secret"].id)
            self.assertIn("does not offer", str(error))
            error = self.raises(TypeError, call, "x", "y", api_name="/echo")
            self.assertIn(f"Too many arguments: 2 given, but /echo of {app.url} takes (text).", str(error))
            error = self.raises(TypeError, partial(call, **{"self": "x"}, api_name="/echo"))
            self.assertIn("Parameter `self` is not a valid key-word argument", str(error))
        for callbacks in (4, ["x"]):
            error = self.raises(TypeError, client.submit, "x", api_name="/echo", result_callbacks=callbacks)
            self.assertIn("result_callbacks= takes a function or a list of functions.", str(error))
        self.assertNotIn("POST", "".join(self.paths(app)))

    def test_mistakes_are_told_with_the_names_that_the_server_knows(self) -> None:
        """Without being asked, it has told the labels alone."""
        server = self.scripted(dependency("f", [4]))
        said = {"parameters": [{"parameter_name": "picture", "python_type": {"type": "filepath"}}], "returns": []}
        server.on("GET", "/info", {"named_endpoints": {"/f": said}})
        client = self.client(server.url)
        for _ in range(2):
            error = self.raises(TypeError, client.predict, __file__)
            self.assertIn("Parameter `picture` takes a file", str(error))
        self.assertEqual(self.paths(server), ["GET /config", "GET /info"])
        server.on("GET", "/info", Reply(503))
        with mock.patch.object(glc.logger, "warning"):
            error = self.raises(TypeError, self.client(server.url).predict, __file__)
        self.assertIn("takes a file", str(error))
        self.assertNotIn("picture", str(error))

    def test_hidden_ones_are_not_suggested(self) -> None:
        server = self.scripted(dependency("seen"), dependency("reset_1", show_api=False))
        client = self.client(server.url)
        for name in ("reset_2", "seem"):
            self.assertNotIn("reset_1", str(self.raises(ValueError, client.predict, "x", api_name=name)))
        self.assertIn("1 named endpoints", repr(client))
        job = client.submit("x", api_name="/reset_1")
        server.next_stream().push(self.completed("y"))
        self.assertEqual(job.result(DEADLINE), "y")


class CloseTest(ClientCase):
    def test_a_job_that_is_submitted_meanwhile(self) -> None:
        client = self.client(self.app().url)

        class Closes:
            def tolist(self) -> int:
                client.close()
                return 1

        job = client.submit(Closes(), 2, api_name="/add")
        self.raises(glc.ConnectionLost, job.result, DEADLINE)

    def test_messages_that_wait_are_not_worked_through(self) -> None:
        """Nor after cancel(): the place is free for the next job."""
        for end in (glc.Client.close, None):
            server = self.scripted(dependency("f", types={"generator": True}), version="6.31.0")
            client = self.client(server.url, max_workers=1)
            job = client.submit("x")
            stream = server.next_stream()
            seen, go, arrived = threading.Event(), threading.Event(), threading.Semaphore(0)
            real, put = glc.Transcript.feed, glc.Inbox.put

            def count(inbox: glc.Inbox, *item: Any, put: Any = put, arrived: Any = arrived) -> None:
                put(inbox, *item)
                arrived.release()

            def feed(transcript: glc.Transcript, message: Any, go: Any = go, seen: Any = seen, real: Any = real) -> Any:
                seen.set()
                go.wait(DEADLINE)
                fed.append(message)
                return real(transcript, message)

            fed: list[Any] = []
            with mock.patch.object(glc.Transcript, "feed", feed), mock.patch.object(glc.Inbox, "put", count):
                for number in range(20):
                    output = {"data": [str(number)] if not number else [[["replace", [], str(number)]]]}
                    stream.push({"msg": "process_generating", "event_id": "id", "output": output, "success": True})
                self.assertTrue(all(arrived.acquire(timeout=DEADLINE) for _ in range(20)) and seen.wait(DEADLINE))
                ending = Running(end, client) if end else Running(job.cancel)
                wait_until(lambda job=job, client=client: job.done() or client._http.closed)
                go.set()
                ending.result()
                wait_until(job.done)
                client.close()
            self.assertLess(len(fed), 3)

    def test_it_ends_every_job(self) -> None:
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                app = self.app(protocol)
                client = self.client(app.url, max_workers=2)
                jobs = [client.submit(300, f"close-{protocol}", api_name="/sleep") for _ in range(3)]
                wait_until(lambda: jobs[0].running() or jobs[1].running())
                client.close()
                for job in jobs:
                    self.raises(glc.ConnectionLost, job.result, DEADLINE)
                    self.assertTrue(job.done())
                self.assertEqual(gradio_threads(), [])

    def test_the_server_is_told_of_a_cancelled_job_before_its_connections_close(self) -> None:
        server = self.scripted(dependency("f", types={"generator": True}), version="5.0.0")
        heard, answer = threading.Event(), threading.Event()

        def told(_: Any) -> Any:
            heard.set()
            answer.wait(DEADLINE)
            return {}

        server.on("POST", "/cancel", told)
        client = self.client(server.url)
        job = client.submit("x")
        server.next_stream().push({"msg": "process_starts", "event_id": "id"})
        wait_until(job.running)
        self.assertTrue(job.cancel())
        with self.assertLogs(glc.logger, "DEBUG") as logs:
            closing = Running(client.close)
            self.assertTrue(heard.wait(DEADLINE))
            answer.set()
            closing.result()
            glc.logger.debug("so that there is something")
        self.assertEqual([line for line in logs.output if "Could not tell" in line], [])

    def test_ctrl_c_while_a_thread_is_started(self) -> None:
        for begins in (False, True):
            with self.subTest(begins=begins):
                client = self.client(self.app().url, max_workers=1)
                with interrupted_start("job-1", begins):
                    self.raises(KeyboardInterrupt, client.submit, 1, "a", api_name="/sleep")
                    job = client.submit("x", api_name="/echo")
                    self.assertEqual(job.result(DEADLINE), "x")
                    client.close()
                self.assertEqual(gradio_threads(), [])

    def test_ctrl_c_while_it_closes(self) -> None:
        client = self.client(self.app().url, max_workers=1)
        jobs = [client.submit(300, "close", api_name="/sleep") for _ in range(2)]
        wait_until(jobs[0].running)
        with mock.patch.object(glc.Http, "close", side_effect=KeyboardInterrupt):
            self.raises(KeyboardInterrupt, client.close)
        client.close()
        for job in jobs:
            self.raises(glc.ConnectionLost, job.result, DEADLINE)

    def test_while_a_stream_is_not_to_be_asked_for(self) -> None:
        server = self.scripted()
        server.on("GET", "/queue/data", Reply(503, {"Retry-After": "30"}))
        client = self.client(server.url)
        job = client.submit("x")
        server.wait_for("GET", "/queue/data")
        began = time.monotonic()
        client.close()
        self.raises(glc.ConnectionLost, job.result, DEADLINE)
        self.assertLess(time.monotonic() - began, 3)
        self.assertEqual(gradio_threads(), [])

    def test_in_a_signal_handler(self) -> None:
        """The handler runs wherever the main thread is: here, while submit() starts a thread."""
        client = self.client(self.app().url)
        start = glc.Worker.start

        def close_and_start(worker: glc.Worker) -> None:
            client.close()
            start(worker)

        with mock.patch.object(glc.Worker, "start", close_and_start):
            job = Running(client.submit, "x", api_name="/echo").result()
        self.raises(glc.ConnectionLost, job.result, DEADLINE)

    def test_it_may_be_called_twice_and_later_calls_fail(self) -> None:
        app = self.app()
        with self.client(app.url) as client:
            client.predict("x", api_name="/echo")
        client.close()
        for call in (client.predict, client.submit):
            with self.assertRaises(glc.ConnectionFailed) as caught:
                call("x", api_name="/echo")
            self.assertEqual(str(caught.exception), "The client has been closed.")

    def test_a_closed_client_starts_no_heartbeat(self) -> None:
        app = self.app()
        client = self.client(app.url)
        client.close()
        with mock.patch.object(glc.Session, "_beat") as heartbeat, self.assertRaises(glc.ConnectionFailed):
            client.predict("x", api_name="/echo")
        heartbeat.assert_not_called()

    def test_a_callback_that_ends_the_thread_leaves_no_job_behind(self) -> None:
        client = self.client(self.app().url, max_workers=1)
        jobs = [client.submit(300, "exit", api_name="/sleep") for _ in range(4)]
        wait_until(jobs[0].running)
        ended: list[Any] = []
        for job in jobs[1:]:
            job.add_done_callback(ended.append)
        jobs[1].add_done_callback(lambda job: sys.exit(3))
        client.close()
        for job in jobs:
            self.raises(glc.ConnectionLost, job.result, DEADLINE)
        self.assertCountEqual(ended, jobs[1:])
        wait_until(lambda: self._stray)
        self.assertIn("SystemExit", str(self._stray.pop()))

    def test_in_a_callback(self) -> None:
        app = self.app()
        client = self.client(app.url)
        closed = threading.Event()

        def close(job: Any) -> None:
            client.close()
            closed.set()

        client.submit("x", api_name="/echo").add_done_callback(close)
        self.assertTrue(closed.wait(DEADLINE))
        wait_until(lambda: not gradio_threads())

    def test_no_thread_while_nothing_runs(self) -> None:
        server = self.scripted()
        client = self.client(server.url)
        job = client.submit("x")
        stream = server.next_stream()
        stream.push(self.completed("y"), {"msg": "close_stream"})
        stream.end()
        self.assertEqual(job.result(DEADLINE), "y")
        wait_until(lambda: not gradio_threads())

    def test_the_interpreter_does_not_wait(self) -> None:
        app = self.app()
        code = (
            "import gradio_lite_client as glc\n"
            f"client = glc.Client({app.url!r})\n"
            "job = client.submit(300, 'exit', api_name='/sleep')\n"
            "while not job.running(): pass\n"
            "print('bye')"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=HERE, capture_output=True, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stdout.split(), done.stderr), (0, [b"bye"], b""))

    def test_a_client_that_is_dropped(self) -> None:
        app = self.app()
        client = glc.Client(app.url, download_files=False)
        client.predict("x", api_name="/count")
        del client
        gc.collect()
        wait_until(lambda: not gradio_threads())


class SessionOfClientTest(ClientCase):
    def news_of(self, job: glc.Job) -> Callable[[], object]:
        async def read() -> None:
            async for _ in job:
                pass

        return lambda: asyncio.run(read())

    def test_a_stream_that_the_server_does_not_end_is_closed_with_its_session(self) -> None:
        for leave in (
            glc.Client.reset_session,
            glc.Client.__del__,
            lambda client: setattr(client, "session_hash", "x"),
        ):
            server = self.scripted()
            client = self.client(server.url)
            job = client.submit("x")
            stream = server.next_stream()
            stream.push(self.completed("y"))
            job.result(DEADLINE)
            self.assertEqual(gradio_threads(), ["gradio-stream"])  # for the next job of the session
            leave(client)
            wait_until(lambda: not gradio_threads(), "the end of the stream")

    def test_a_stream_is_closed_after_the_last_job_of_a_session_that_was_left(self) -> None:
        server = self.scripted()
        client = self.client(server.url)
        job = client.submit("x")
        stream = server.next_stream()
        client.reset_session()
        stream.push({"msg": "process_starts", "event_id": "id"})
        wait_until(job.running)
        self.assertIn("gradio-stream", gradio_threads())
        stream.push(self.completed("y"))
        self.assertEqual(job.result(DEADLINE), "y")
        wait_until(lambda: not gradio_threads(), "the end of the stream")

    def test_in_another_process_it_says_what_to_do(self) -> None:
        """Here nothing is forked, but the process seems to be another; F.ForkTest forks."""
        app = self.app()
        client = self.client(app.url, download_files=False)
        item = client.predict("a.txt", 5, api_name="/make_file")
        job = client.submit(3, 300, "fork", api_name="/steps")
        self.first(job)
        before = self.paths(app)
        with mock.patch.object(os, "getpid", lambda: 1_000_000):
            for use in (
                partial(client.predict, 1, 2, api_name="/add"),
                partial(client.submit, 1, 2, api_name="/add"),
                client.view_api,
                client.reset_session,
                item.read,
            ):
                error = self.raises(glc.ConnectionFailed, use)
                self.assertIn("make a new Client", str(error))
            for wait in (
                job.result,
                job.exception,
                partial(list, job),
                partial(list, job.updates()),
                self.news_of(job),
            ):
                error = self.raises(glc.ConnectionFailed, wait)
                self.assertIn("is the parent process's", str(error))
            self.assertEqual(job.outputs(), ["fork 0"])
            self.assertTrue(job.cancel())
            client.close()  # all of which is the parent's
            client.__del__()
        self.assertEqual(self.paths(app), before)
        self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
        client.predict("fork", 9, api_name="/wake")

    def test_reset(self) -> None:
        app = self.app()
        client = self.client(app.url)
        first = client.session_hash
        client.predict("a", api_name="/count")
        client.reset_session()
        self.assertNotEqual(client.session_hash, first)
        client.predict("a", api_name="/count")
        hashes = [request.json()["session_hash"] for request in app.wait_for("POST", app.api + "/queue/join", 2)]
        self.assertEqual(hashes, [first, client.session_hash])

    def test_going_on_with_a_session(self) -> None:
        app = self.app()
        first, second = self.client(app.url), self.client(app.url)
        self.assertEqual(first.predict("boat", api_name="/count"), 0)
        second.session_hash = first.session_hash
        self.assertEqual(second.predict("boat", api_name="/count"), 1)

    def test_jobs_in_flight_go_on(self) -> None:
        app = self.app()
        client = self.client(app.url)
        job = client.submit(300, "reset", api_name="/sleep")
        wait_until(job.running)
        client.reset_session()
        client.predict("reset", 1, api_name="/wake")
        self.assertIsNotNone(job.result(DEADLINE))

    def test_heartbeat_only_where_it_is_wanted(self) -> None:
        for wanted in (True, False):
            with self.subTest(wanted):
                server = self.scripted(connect_heartbeat=wanted)
                client = self.client(server.url)
                path = f"/heartbeat/{client.session_hash}"
                server.on("GET", path, Stream)
                job = client.submit("x")
                streams = [server.next_stream() for _ in range(2 if wanted else 1)]
                (data,) = [stream for stream in streams if stream.request.path == "/queue/data"]
                data.push(self.completed("y"))
                job.result(DEADLINE)
                self.assertEqual(path in [request.path for request in server.requests], wanted)
                client.close()
                for stream in streams:
                    stream.wait_lost()

    def test_a_session_that_is_over_has_no_heartbeat(self) -> None:
        server = self.scripted(connect_heartbeat=True)
        client = self.client(server.url)
        for _ in range(3):
            server.on("GET", f"/heartbeat/{client.session_hash}", Stream)
            job = client.submit("x")
            streams = {stream.request.path: stream for stream in (server.next_stream(), server.next_stream())}
            streams["/queue/data"].push({"msg": "unexpected_error", "message": "no"})
            self.raises(glc.ConnectionLost, job.result, DEADLINE)
            del streams["/queue/data"]
            for heartbeat in streams.values():
                heartbeat.wait_lost()
        wait_until(lambda: not gradio_threads())


class ViewApiTest(ClientCase):
    def test_a_server_that_cannot_describe_itself_for_now(self) -> None:
        server = self.scripted(api_prefix="")
        described = {"parameters": [{"parameter_name": "name", "python_type": {"type": "str"}}], "returns": []}
        server.on("GET", "/info", Reply(503), {"named_endpoints": {"/predict": described}})
        client = self.client(server.url)
        names = []
        with self.assertLogs(glc.logger, "WARNING"):
            for _ in range(3):
                api = client.view_api(print_info=False, return_format="dict")
                names.append(api["named_endpoints"]["/predict"]["parameters"][0]["parameter_name"])
        self.assertEqual(names, ["param_0", "name", "name"])
        self.assertEqual(self.paths(server).count("GET /info"), 2)

    def test_servers_since_4_31_4_are_asked_for_all_endpoints(self) -> None:
        for version, query in (("4.31.3", {}), ("4.31.4", {"all_endpoints": "true"})):
            server = self.scripted(version=version)
            server.on("GET", "/info", {})
            self.client(server.url).view_api(print_info=False)
            self.assertEqual(server.wait_for("GET", "/info")[0].query, query)

    def test_text_and_data(self) -> None:
        app = self.app()
        client = self.client(app.url)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.assertIsNone(client.view_api())
        text = client.view_api(print_info=False, return_format="str")
        self.assertEqual(out.getvalue(), f"{text}\n")
        self.assertIn(' - predict(a, b, api_name="/add") -> ', str(text))
        for hidden in ("/secret", "/discreet", "browser_only"):
            self.assertNotIn(hidden, str(text))
        api: Any = client.view_api(print_info=False, return_format="dict")
        add = api["named_endpoints"]["/add"]["parameters"]
        self.assertEqual([(item["parameter_name"], item["parameter_default"]) for item in add], [("a", None), ("b", 3)])

    def test_a_server_that_does_not_describe_itself(self) -> None:
        for version in ("3.16.2", "6.31.0"):
            with self.subTest(version):
                app = self.app(version=version, info=False)
                client = self.client(app.url)
                with mock.patch.object(glc.logger, "warning") as warned:
                    self.assertEqual(client.predict(a=1, b=2, api_name="/add"), 3)
                self.assertEqual(warned.call_count, 0 if version.startswith("3") else 1)
                self.assertIn('predict(a, b, api_name="/add")', str(client.view_api(False, False, "str")))

    def test_an_info_that_needs_a_login_is_an_error(self) -> None:
        app = self.app()
        app.on("GET", app.api + "/info", Reply(401))
        self.raises(glc.AuthenticationError, self.client(app.url).view_api)


class DropInTest(TestCase):
    """What is there for programs of the official client alone; testing/programs.py runs such programs."""

    def test_the_recipe_of_the_readme(self) -> None:
        readme = (HERE / "README.md").read_text(encoding="utf-8")
        recipe = next(block for block in re.findall(r"```python\n(.*?)```", readme, re.S) if "sys.modules" in block)
        program = """
import gradio_client
import gradio_client.utils
from gradio_client import utils
from gradio_client.client import Job
from gradio_client.data_classes import FileData
from gradio_client.utils import Status
assert gradio_client.exceptions.AppError is gradio_client.AppError and utils is gradio_client.utils
assert gradio_client.client.Client is gradio_client.Client and utils.Status is Status
print(gradio_client.__file__)
"""
        command = [sys.executable, "-c", recipe + program]
        done = subprocess.run(command, cwd=HERE, capture_output=True, timeout=DEADLINE)
        self.assertEqual((done.stdout.decode().strip(), done.stderr), (os.path.abspath(glc.__file__), b""))

    def test_helpers(self) -> None:
        official: Any = glc
        for value, expected in (
            ("http://h/a", True),
            ("https://h", True),
            ("ftp://h", False),
            ("a.png", False),
            (3, False),
        ):
            self.assertIs(official.utils.is_http_url_like(value), expected, value)
        item = {"path": "a.png", "meta": {"_type": "gradio.FileData"}}
        found = official.utils.traverse({"a": [item, "b"]}, lambda it: it["path"], official.utils.is_file_obj_with_meta)
        self.assertEqual(found, {"a": ["a.png", "b"]})

    def test_the_folder_is_that_of_the_environment(self) -> None:
        official: Any = glc
        with mock.patch.dict(os.environ, GRADIO_TEMP_DIR="somewhere"):
            self.assertEqual(official.client.DEFAULT_TEMP_DIR, "somewhere")

    def test_other_names_are_unknown(self) -> None:
        with self.assertRaisesRegex(AttributeError, "gradio_lite_client.*'nothing'"):
            glc.nothing  # type: ignore[attr-defined] # noqa: B018


# === Command line =====================================================================================================


class FakeTerminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    DESCRIPTOR = -1

    def fileno(self) -> int:
        return self.DESCRIPTOR

    def isatty(self) -> bool:
        return True


class CommandLineCase(ClientCase):
    def setUp(self) -> None:
        super().setUp()
        self.patch_environ(GRADIO_TEMP_DIR=str(self.downloads), NO_COLOR=None, TERM="xterm", COLUMNS="80")
        self.columns = 0  # as pseudo-terminals have it, which means 80
        self.patch(os, "get_terminal_size", self.size_of)

    def size_of(self, descriptor: int) -> os.terminal_size:
        if descriptor != FakeTerminal.DESCRIPTOR:
            raise OSError(25, "Inappropriate ioctl for device")
        return os.terminal_size((self.columns, 24))

    def run_main(self, *argv: str, stdin: str | bytes | None = None, terminal: str = "") -> tuple[int, str, str]:
        """Exit code, stdout and stderr; `terminal` names the streams that are one. Without stdin, that is one."""
        source = FakeTerminal() if stdin is None else io.TextIOWrapper(io.BytesIO(os.fsencode(stdin)), "utf-8")
        binary = io.BytesIO()
        out = FakeTerminal() if "stdout" in terminal else io.TextIOWrapper(binary, "utf-8", write_through=True)
        err = FakeTerminal() if "stderr" in terminal else io.StringIO()
        streams = mock.patch.multiple(sys, stdin=source, stdout=out, stderr=err, argv=["/x/gradio-lite"])
        with streams:
            try:
                code = glc.main(argv)
            except SystemExit as end:
                code = int(end.code or 0)
        text = out.getvalue() if isinstance(out, io.StringIO) else binary.getvalue().decode("utf-8", "surrogateescape")
        return code, text, err.getvalue()

    def output(self, *argv: str, **options: Any) -> str:
        """What a command prints that succeeds, without the last newline."""
        code, out, err = self.run_main(*argv, **options)
        self.assertEqual((code, err), (0, ""), argv)
        return out[:-1] if out.endswith("\n") else out

    def json(self, *argv: str, **options: Any) -> Any:
        return json.loads(self.output(*argv, **options))

    def complaint(self, code: int, *argv: str, **options: Any) -> str:
        """The one line that a command prints that fails."""
        found, out, err = self.run_main(*argv, **options)
        self.assertEqual((found, out), (code, ""), (argv, err))
        self.assertRegex(err, r"\Agradio-lite: [^\n]+\n\Z")
        return err[len("gradio-lite: ") : -1]

    def joined(self, app: ScriptedServer) -> list[Any]:
        return [request.json() for request in app.requests if request.path.endswith("/queue/join")]


class InfoCommandTest(CommandLineCase):
    def test_json_when_piped_and_on_request(self) -> None:
        app = self.app()
        described = self.json("info", app.url)
        self.assertEqual(described, self.json("info", app.url, "--json", terminal="stdout"))
        with glc.Client(app.url) as client:
            self.assertEqual(described, json.loads(json.dumps(client.view_api(False, False, "dict"))))
        self.assertNotIn("/discreet", described["named_endpoints"])

    def test_one_endpoint(self) -> None:
        app = self.app()
        for name in ("/add", "add"):
            self.assertEqual(list(self.json("info", app.url, name)["named_endpoints"]), ["/add"])
        for name in ("/ad", "ad"):
            self.assertIn("lists no /ad (did you mean `/add`?)", self.complaint(2, "info", app.url, name))

    def test_lines_on_a_terminal(self) -> None:
        app = self.app()
        shown = self.output("info", app.url, terminal="stdout")
        with glc.Client(app.url) as client:
            self.assertEqual(shown, client.view_api(print_info=False, return_format="str"))
        shown = self.output("info", app.url, "/nothing", terminal="stdout")
        self.assertEqual(re.findall("api_name=.*", shown), ['api_name="/nothing") -> '])

    def test_functions_without_a_name(self) -> None:
        server = self.scripted({**dependency(), "api_name": None}, version="3.20.0", protocol="ws")
        self.assertEqual(list(self.json("info", server.url)["unnamed_endpoints"]), ["0"])
        self.assertIn("fn_index=0", self.output("info", server.url, terminal="stdout"))


class PredictCommandTest(CommandLineCase):
    def test_values_are_read_as_the_endpoint_takes_them(self) -> None:
        app = self.app()
        for argv, result in (
            (("/add", "1", "2"), "3"),
            (("add", "1", "2"), "3"),
            (("/add", "a=1", "b=2.5"), "3.5"),
            (("/add", "-1", "b:=-2"), "-3"),
            (("/add", "1"), "4"),
            (("/echo", "plain text"), "plain text"),
            (("/echo", '"quoted"'), '"quoted"'),
            (("/echo", "5"), "5"),
            (("/echo", "text=a=b"), "a=b"),
            (("/echo", "a b=c"), "a b=c"),
            (("/echo", "text="), ""),
            (("/echo", "@nobody"), "@nobody"),
            (("/echo", "--", "-x"), "-x"),
            (("/echo", 'text={"a": 1}'), '{"a": 1}'),
            (("/echo", 'text:="a\\nb"'), "a\nb"),
            (("/echo_json", "5"), "5"),
            (("/echo_json", "five"), "five"),
            (("/echo_json", "null"), "null"),
            (("/echo", "null"), "null"),
            (("/echo", '{"text": "x"}'), '{"text": "x"}'),
            (("/echo_json", 'value={"a": [null]}'), '{\n  "a": [\n    null\n  ]\n}'),
            (("/greet", "loud=True", "times=1", "mark=?"), "HELLO ADA?"),
            (("/nothing", "x"), ""),
        ):
            with self.subTest(argv):
                self.assertEqual(self.output("predict", app.url, *argv), result)

    def test_types(self) -> None:
        numbers = {"parameter_name": "p", "python_type": {"type": "Literal['1', '2']"}, "type": {"enum": [1, "2"]}}
        several = {
            "parameter_name": "p",
            "python_type": {"type": "list[Literal['1']]"},
            "type": {"items": {"enum": [1]}},
        }
        for text, parameter, value in (
            ("1", numbers, 1),
            ("2", numbers, "2"),
            ("1", several, [1]),
            ("[1]", several, [1]),
            ("2", {**several, "type": {"items": {"enum": ["2"]}}}, ["2"]),
            ("null", {"parameter_name": "p", "python_type": {"type": "float | None"}}, None),
            ("null", {"parameter_name": "p", "python_type": {"type": "list[str] | None"}}, None),
            ("x", {"parameter_name": "p", "python_type": {"type": "list[str] | None"}}, ["x"]),
            ("x", {"parameter_name": "p", "python_type": {"type": "str | None"}}, "x"),
            ("1", {"parameter_name": "p", "python_type": {"type": "str"}}, "1"),
            ("1", {"parameter_name": "p", "python_type": {}}, 1),
            ("x", {"parameter_name": "p", "python_type": {}}, "x"),
            ("null", {"parameter_name": "p", "python_type": {}}, None),
            ("TRUE", {"parameter_name": "p", "python_type": {"type": "bool | None"}}, True),
        ):
            with self.subTest(text=text, parameter=parameter):
                self.assertEqual(glc.fit(text, parameter), value)

    def test_mistakes_are_found_before_anything_is_sent(self) -> None:
        app = self.app()
        for argv, words in (
            (("/nosuch",), "Cannot find a function with `api_name`: /nosuch"),
            (("/ech", "x"), "did you mean `/echo`?"),
            (("ech", "x"), "name the ENDPOINT. "),
            (("/echo",), "No value provided for required argument: text"),
            (("/echo", "txt=1"), "did you mean `text`?"),
            (("/add", "a:=x"), "Parameter `a` takes JSON, not 'x'."),
            (("/add", "a:=" + "[" * 100_000), "`a` takes JSON, not '[["),
            (("/add", "x"), "Parameter `a` takes float, not 'x'."),
            (("/add", '{"a": 1'), "Parameter `a` takes float, not"),
            (("/add", "1", "2", "3"), "There are too many values: more than one for b."),
            (("/greet", "loud=maybe"), "takes bool, not 'maybe'."),
            (("/copy_file", "a.txt"), ": write upload=@FILE."),
            (("/copy_files", "a.txt"), ": write uploads=@FILE."),
            (("/copy_file", "@/no/such"), "File /no/such does not exist"),
            (("text=x",), "name the ENDPOINT"),
            (("/echo", "x", "--fn-index", "7"), "Too many arguments"),
            (("--fn-index", "999"), "Invalid function index"),
        ):
            with self.subTest(argv):
                self.assertIn(words, self.complaint(2, "predict", app.url, *argv, stdin=None))
        self.assertEqual([request for request in app.requests if request.method == "POST"], [])

    def test_words_that_mean_nothing(self) -> None:
        """What is wrong and what to write, in the words of a shell."""
        app = self.app()
        for words, cure in (
            (("/echo", "a=b"), "`a` is unknown; a text with = in it is written NAME=TEXT. /echo of "),
            (("/echo", "txt=b"), "Parameter `txt` is unknown; "),
            (("/echo", "txt=b"), "(did you mean `text`?)"),
            (("/add", "a=1", "a=2"), "There are too many values: more than one for a."),
            (("/add", "1", "a=2"), "There are too many values: more than one for a."),
            (("/copy_files", "uploads:=5", f"uploads=@{__file__}"), "too many values: more than one for uploads."),
            (("/copy_files", f"uploads=@{__file__}", "uploads:=5"), "too many values: more than one for uploads."),
            (("/echo", "cat", "--steps", "3"), "--steps: a value of the endpoint is written NAME=VALUE."),
            (("/echo",), "text"),
            (("/several", "a", "b"), "Parameter `number` takes float, not 'b'."),
            (("/copy_file", 'upload:="a.txt"'), "takes a file: write upload=@FILE."),
            (("/add", "1", "2", "@3"), "`b` takes float, not '@3'"),
        ):
            with self.subTest(words):
                self.assertIn(cure, self.complaint(2, "predict", app.url, *words))
        self.assertEqual([request for request in app.requests if request.method == "POST"], [])

    def test_text_of_others_is_text(self) -> None:
        """Where the endpoint takes text, no word is a file, an option or anything else."""
        app = self.app()
        for text in ("@/etc/passwd", "@-", '{"text": "x"}', "[1]", "null", "a b=c", "x:=1 ", "true", "http://x/@y"):
            self.assertEqual(self.output("predict", app.url, "/echo", f"text={text}"), text)
            self.assertEqual(self.output("predict", app.url, "/echo", "text=-", stdin=text + "\n"), text)
            self.assertEqual(self.output("predict", app.url, "/echo", "-", stdin=text), text)
        self.assertEqual([request for request in app.requests if request.path.endswith("/upload")], [])

    def test_stdin_is_read_only_where_a_word_says_so(self) -> None:
        app = self.app()

        class Unread(io.StringIO):
            def read(self, *_: Any) -> str:
                raise AssertionError("stdin is read")

        with mock.patch.object(sys, "stdin", Unread()), contextlib.redirect_stderr(io.StringIO()) as err:
            self.assertEqual(glc.main(["predict", app.url, "/echo"]), 2)
        self.assertIn("No value provided for required argument: text", err.getvalue())

    def test_the_endpoint_may_be_left_out(self) -> None:
        server = self.scripted(dependency("f"))
        for words in (["hello"], ["/f", "hello"], ["f", "hello"], ["--fn-index", "0", "hello"], ["param_0=hello"]):
            run = Running(self.run_main, "predict", server.url, *words)
            server.next_stream().push(self.completed("done"))
            self.assertEqual(run.result(), (0, "done\n", ""))
        self.assertEqual([body["data"] for body in self.joined(server)], [["hello"]] * 5)

    def test_an_endpoint_that_is_not_listed(self) -> None:
        """Nothing is known of what it takes."""
        app = self.app()
        self.assertNotIn("/discreet", self.json("info", app.url)["named_endpoints"])
        number = next(end.number for end in glc.Client(app.url)._app.endpoints.values() if end.name == "/discreet")
        for words in (["/discreet", "x"], ["--fn-index", str(number), "x"]):
            self.assertEqual(self.output("predict", app.url, *words), "discreet x")

    def test_a_file_object_of_a_server_is_not_read_here(self) -> None:
        app = self.app()
        path = self.downloads / "secret.txt"
        path.write_text("secret")
        item = {"path": str(path), "url": None, "meta": {"_type": "gradio.FileData"}}
        self.run_main("predict", app.url, "/digest", f"upload:={json.dumps(item)}")
        del item["url"]
        self.run_main("predict", app.url, "/digest", f"upload:={json.dumps({**item, 'size': 6})}")
        self.run_main("predict", app.url, "/digest", f"upload:={json.dumps(item)}")
        self.run_main("predict", app.url, "/digest", "upload:=-", stdin=json.dumps(item))
        for word in (f"@{path}", json.dumps(item)):
            for name in ("/echo", "/echo_json"):
                self.run_main("predict", app.url, name, "-", stdin=word)
                self.run_main("predict", app.url, name, word)
        self.assertEqual([request for request in app.requests if request.path.endswith("/upload")], [])

    def test_stdin(self) -> None:
        app = self.app()
        for argv, stdin, result in (
            (("/echo", "-"), "piped\n", "piped"),
            (("/echo", "-"), "two\nlines", "two\nlines"),
            (("/echo", "-"), '{"text": 1}', '{"text": 1}'),
            (("/echo", "text=-"), "text\n\n", "text\n"),
            (("/add", "-", "2"), "1\n", "3"),
            (("/echo_json", "value:=-"), '"j"', "j"),
            (("/echo", "given"), "unused", "given"),
        ):
            with self.subTest(argv=argv, stdin=stdin):
                self.assertEqual(self.output("predict", app.url, *argv, stdin=stdin), result)
        self.assertIn("takes JSON", self.complaint(2, "predict", app.url, "/echo_json", "value:=-", stdin="j"))
        self.assertIn("No value", self.complaint(2, "predict", app.url, "/echo", stdin="unused"))
        digest = self.json("predict", app.url, "/digest", "@-", stdin=b"\xff\x00")
        self.assertEqual((digest["size"], digest["sha256"]), (2, hashlib.sha256(b"\xff\x00").hexdigest()))

    def test_forms_of_the_result(self) -> None:
        app = self.app()
        call = ("predict", app.url, "/several", "ab", "2")
        outputs = ["AB", 4, {"text": "ab", "number": 2}]
        self.assertEqual(self.json(*call), outputs)
        self.assertEqual(self.json(*call, "--json"), outputs)
        self.assertEqual(self.output("predict", app.url, "/echo", "x", "--json"), '"x"')
        self.assertEqual(self.output("predict", app.url, "/nothing", "x", "--json"), "[]")
        self.assertEqual(self.output("predict", app.url, "/echo_json", "ü", terminal="stdout"), "ü")
        self.assertEqual(self.output("predict", app.url, "/echo_json", '["ü"]', terminal="stdout"), '[\n  "ü"\n]')
        self.assertEqual(self.output("predict", app.url, "/echo_json", '["ü"]'), '[\n  "\\u00fc"\n]')

    def test_values_are_printed_as_they_come(self) -> None:
        app = self.app()
        for argv, printed in (
            (("/stream", "3"), "w0 w1 w2 "),
            (("/stream", "3", "--json"), '"w0 w1 w2 "'),
            (("/pairs", "2"), '["t", 0]\n["tt", 1]'),
            (("/pairs", "2", "--json"), '[\n  "tt",\n  1\n]'),
            (("/many", "2"), "0\n1"),
            (("/once", "x"), "x"),
        ):
            with self.subTest(argv):
                self.assertEqual(self.output("predict", app.url, *argv), printed)

    def test_text_that_does_not_grow_starts_a_line(self) -> None:
        server = self.scripted(dependency("f", types={"generator": True}))
        run = Running(self.output, "predict", server.url, "x")
        stream = server.next_stream()
        for number, value in enumerate((None, "one", "one two", "other", 5, "five", None)):
            data = [[["replace", [], value]]] if number else [value]
            output = {"data": data}
            stream.push({"msg": "process_generating", "event_id": "id", "success": True, "output": output})
        stream.push(self.completed("final"))
        self.assertEqual(run.result().splitlines(), ["null", "one two", "other", "5", "five", "null", "final"])

    def events(self, text: str) -> list[Any]:
        return [json.loads(line) for line in text.splitlines()]

    def test_a_line_of_json_for_each_event(self) -> None:
        app = self.app()
        events = self.events(self.output("predict", app.url, "/talk", "x", "--stream", "--json"))
        self.assertEqual({event["event"] for event in events[:-1]}, {"status", "log", "output"})
        logs = [event for event in events if event["event"] == "log"]
        self.assertEqual(
            logs,
            [
                {"event": "log", "level": "info", "message": "info x"},
                {"event": "log", "level": "warning", "message": "warning x"},
            ],
        )
        self.assertEqual(events[-1], {"event": "complete", "output": "said x"})
        code, out, err = self.run_main("predict", app.url, "/late", "2", "--stream", "--json")
        events = self.events(out)
        self.assertEqual([event["output"] for event in events if event["event"] == "output"], ["0", "1"])
        self.assertEqual(events[-1], {"event": "error", "error": "AppError", "message": "too late", "code": 1})
        self.assertEqual((code, err), (1, "gradio-lite: too late\n"))

    def test_events_of_the_queue_and_of_progress(self) -> None:
        server = self.scripted()
        run = Running(self.output, "predict", server.url, "x", "--stream", "--json")
        stream = server.next_stream()
        stream.push({"msg": "estimation", "event_id": "id", "rank": 1, "queue_size": 3, "rank_eta": 2.5})
        stream.push({"msg": "log", "event_id": "id", "log": "a", "level": "info"})
        bar = {"index": 1, "length": 2, "unit": "steps", "progress": None, "desc": "work"}
        stream.push({"msg": "progress", "event_id": "id", "progress_data": [bar]}, self.completed("y"))
        events = self.events(run.result())
        place = {"rank": 1, "queue_size": 3, "eta": 2.5}
        for event in events:
            if event.get("status") == "IN_QUEUE":
                self.assertEqual(event, {"event": "status", "status": "IN_QUEUE", "progress": [], **place})
            elif event.get("status") == "PROGRESS":
                self.assertEqual(event["progress"], [bar])
        self.assertEqual(events[-1], {"event": "complete", "output": "y"})

    def test_each_generation(self) -> None:
        for protocol in PROTOCOLS:
            app = self.app(protocol)
            self.assertEqual(self.output("predict", app.url, "/stream", "3"), "w0 w1 w2 ")
            self.assertEqual(float(self.json("predict", app.url, "/add", "1", "b=1")), 2)

    def test_skip_queue(self) -> None:
        app = self.app()
        self.assertEqual(self.output("predict", app.url, "/add", "1", "2", "--skip-queue"), "3")
        self.assertEqual(self.joined(app), [])


class FilesCommandTest(CommandLineCase):
    def test_where_files_go(self) -> None:
        app = self.app()
        path = self.output("predict", app.url, "/make_file", "a.txt", "3")
        self.assertEqual((Path(path).read_bytes(), Path(path).parents[1]), (b"000", self.downloads))
        folder = self.folder() / "new"
        kept = self.output("predict", app.url, "/make_file", "a.txt", "2", "-o", str(folder))
        self.assertEqual((kept, Path(kept).read_bytes()), (str(folder / "a.txt"), b"00"))
        self.assertEqual(self.output("predict", app.url, "/make_file", "b", "3", "-o", "-"), "000")
        self.assertEqual(os.listdir(folder), ["a.txt"])

    def test_files_of_a_generator(self) -> None:
        app = self.app()
        folder = self.folder()
        printed = self.output("predict", app.url, "/pages", "2", "-o", str(folder))
        self.assertEqual(printed.splitlines(), [str(folder / "page0.txt"), str(folder / "page1.txt")])

    def test_a_file_that_is_written_anew(self) -> None:
        """Each is kept under a name of its own, the last one is the result, and what is the same is there once."""
        item = {**MARKED, "path": "/srv/a.txt"}
        for contents, names in (
            ([b"0", b"1", b"2"], ["a.txt", "a (2).txt", "a (3).txt"]),
            ([b"0", b"0"], ["a.txt"]),
            ([b"0", b"1", b"1"], ["a.txt", "a (2).txt"]),
            ([b"0", b"1", b"0"], ["a.txt", "a (2).txt", "a.txt"]),
        ):
            for shown in (True, False):  # by the server: whether the file is the same
                with self.subTest(contents, shown=shown):
                    server = self.scripted(dependency(outputs=(4,), types={"generator": True}))
                    folder = self.folder()
                    running = Running(self.output, "predict", server.url, "x", "-o", str(folder))
                    stream = server.next_stream()
                    for count, content in enumerate(contents):
                        tag = {"ETag": repr(content)} if shown else {}
                        server.on("GET", "/file=/srv/a.txt", Reply(200, tag, content))
                        if count == len(contents) - 1:
                            stream.push(self.completed(item))
                            break
                        output = {"data": [[] if count else item]}
                        stream.push({"msg": "process_generating", "event_id": "id", "output": output, "success": True})
                        wait_until(lambda: (folder / names[min(count, len(names) - 1)]).exists())
                    self.assertEqual(running.result().splitlines(), [str(folder / name) for name in names])
                    self.assertEqual((folder / names[-1]).read_bytes(), contents[-1])
                    self.assertEqual(sorted(os.listdir(folder)), sorted(set(names)))

    def test_a_file_of_this_name_has_the_last_contents(self) -> None:
        """Also if they are those of an earlier step again, between which there were others."""
        item = [{**MARKED, "path": "/srv/a.txt", "orig_name": "a.txt"}]
        server = self.scripted(dependency(outputs=(4,), types={"generator": True}))
        path = self.folder() / "kept.txt"
        running = Running(self.output, "predict", server.url, "x", "-o", str(path))
        stream = server.next_stream()
        for content in (b"0", b"1", b"0"):
            server.on("GET", "/file=/srv/a.txt", Reply(200, {}, content))
            output = {"data": [[] if path.exists() else item]}
            stream.push({"msg": "process_generating", "event_id": "id", "output": output, "success": True})
            wait_until(lambda: path.exists() and path.read_bytes() == content)
        stream.push(self.completed(item))
        self.assertIn(str(path), running.result().splitlines()[-1])
        self.assertEqual(path.read_bytes(), b"0")

    def test_a_name_for_the_file(self) -> None:
        """One file and a name with a suffix that is no folder: that is the file."""
        app = self.app()
        folder = self.folder()
        for size in (1, 2):  # the second replaces the first
            path = str(folder / "new" / "kept.bin")
            self.assertEqual(self.output("predict", app.url, "/make_file", "a.txt", str(size), "-o", path), path)
            self.assertEqual(Path(path).read_bytes(), b"0" * size)
        (folder / "a.d").mkdir()
        (folder / "there").touch()
        for output, count, names in (
            ("a.d", 1, ["a.d/a.txt"]),
            ("no_suffix", 1, ["no_suffix/a.txt"]),
            ("there", 1, ["there"]),
            ("several.d", 2, ["several.d/file0.txt", "several.d/file1.txt"]),
        ):
            call = ("/make_files", str(count)) if count > 1 else ("/make_file", "a.txt", "1")
            self.output("predict", app.url, *call, "-o", str(folder / output))
            kept = [str(path.relative_to(folder)) for path in (folder / output).glob("*")] or [output]
            self.assertEqual((len(kept), kept if count == 1 else names), (len(names), names))
            self.assertGreater((folder / kept[0]).stat().st_size, 0)
        self.assertIn("kept.bin", self.complaint(2, "predict", app.url, "/make_files", "2", "-o", path))

    def test_what_the_file_is_written_to_stays_what_it_is(self) -> None:
        needs("links and named pipes", hasattr(os, "mkfifo"))
        app = self.app()
        folder = self.folder()
        (folder / "link").symlink_to(folder / "target.bin")
        (folder / "target.bin").touch()
        os.mkfifo(folder / "pipe")
        reader = Running((folder / "pipe").read_bytes)
        for name in ("link", "pipe"):
            self.output("predict", app.url, "/make_file", "a.txt", "3", "-o", str(folder / name))
        self.assertEqual(((folder / "target.bin").read_bytes(), reader.result()), (b"000", b"000"))
        self.assertTrue((folder / "link").is_symlink() and (folder / "pipe").is_fifo())

    def test_nothing_is_replaced_in_a_folder(self) -> None:
        app = self.app()
        folder = self.folder()
        call = ("predict", app.url, "/make_file", "a.txt", "1", "-o", str(folder))
        self.assertEqual([Path(self.output(*call)).name for _ in range(3)], ["a.txt", "a (2).txt", "a (3).txt"])

    def test_the_files_in_json(self) -> None:
        app = self.app()
        folder = self.folder()
        paths = self.json("predict", app.url, "/make_files", "2", "-o", str(folder), "--json")
        self.assertEqual([Path(path).parent for path in paths], [folder, folder])
        lines = self.output("predict", app.url, "/make_file", "x.txt", "1", "-o", str(folder), "--json", "--stream")
        events = [json.loads(line) for line in lines.splitlines()]
        outputs = {event["output"] for event in events if "output" in event}
        self.assertEqual(outputs, {str(folder / "x.txt")})

    def test_a_file_to_a_terminal(self) -> None:
        app = self.app()
        text = self.complaint(2, "predict", app.url, "/make_file", "a", "1", "-o", "-", terminal="stdout")
        self.assertIn("stdout is a terminal: name a folder.", text)

    def test_one_file_to_stdout(self) -> None:
        app = self.app()
        for argv, count in ((("/make_files", "2"), 2), (("/echo", "x"), 0)):
            text = self.complaint(2, "predict", app.url, *argv, "-o", "-")
            self.assertEqual(text, f"-o - writes one file as it is, but there are {count}: name a folder.")

    def test_several_files_for_a_parameter(self) -> None:
        app = self.app()
        for name in ("", "uploads="):
            words = [f"{name}@{CORPUS.parent / file}" for file in ("fake.py", "hub.py", "cases.py")]
            folder = self.folder()
            paths = self.json("predict", app.url, "/copy_files", *words, "-o", str(folder))
            self.assertEqual(
                [os.path.basename(path) for path in paths], ["file-fake.py", "file-hub.py", "file-cases.py"]
            )


class HubCommandTest(CommandLineCase):
    def hub(self, **options: Any) -> tuple[FakeHub, StandIn]:
        app = self.app()
        hub: FakeHub = self.enter(FakeHub(app.url, **options))
        self.patch_environ(HF_ENDPOINT=hub.url, HF_TOKEN=WRITE)
        self.patch(glc, "SPACE_POLL_SECONDS", 10 * MS)
        return hub, app

    def test_duplicate(self) -> None:
        hub, app = self.hub()
        hub.add(SPACE)
        hub.stages_of_duplicates = ["RUNNING"]
        self.patch_environ(KEY="from the environment")
        argv = ["duplicate", SPACE, "copy", "--public", "--secret", "KEY", "--secret", "B= b=c", "--variable", "SIZE=3"]
        argv += ["--hardware", "t4-small", "--sleep-timeout", "10"]
        self.assertEqual(self.output(*argv), app.url)
        (posted,) = [request for request in hub.requests if request.method == "POST"]
        body = posted.json()
        self.assertEqual(
            [(item["key"], item["value"]) for item in body["secrets"]], [("KEY", "from the environment"), ("B", " b=c")]
        )
        self.assertEqual((body["visibility"], body["hardware"], body["sleepTimeSeconds"]), ("public", "t4-small", 600))
        self.assertEqual(self.json("duplicate", SPACE, "copy", "--json"), {"url": app.url})
        self.assertIn("Expected NAME=VALUE.", self.complaint(2, "duplicate", SPACE, "--secret", "NOSUCH"))

    def test_token(self) -> None:
        hub, _ = self.hub()
        hub.add("alice/own", private=True)
        self.patch_environ(HF_TOKEN=None)
        self.complaint(4, "info", "alice/own")
        self.json("info", "alice/own", "--token", WRITE)
        self.patch_environ(HF_TOKEN=WRITE)
        self.json("info", "alice/own")


class ConnectionOptionsTest(CommandLineCase):
    def test_auth(self) -> None:
        app = self.app(auth=("ada", "pass:word"))
        self.json("info", app.url, "--auth", "ada:pass:word")
        asked: list[str] = []
        self.patch(getpass, "getpass", lambda prompt: asked.append(prompt) or "pass:word")
        self.json("info", app.url, "--auth", "ada")
        self.assertEqual(asked, ["\rPassword of ada: "])
        self.assertIn("--auth USER:PASSWORD", self.complaint(4, "info", app.url))
        with self.serve() as server:
            server.on("GET", "/config", Reply(302, {"Location": "http://login.example/"}))
            words = self.complaint(4, "info", server.url, "-H", "x:y")
            self.assertIn("the cookies or headers that a login gives: --cookie, -H.", words)
        self.patch(getpass, "getpass", mock.Mock(side_effect=EOFError))
        self.assertIn("--auth USER:PASSWORD", self.complaint(2, "info", app.url, "--auth", "ada"))
        self.patch(getpass, "getpass", mock.Mock(side_effect=AssertionError("nobody can type")))
        self.assertIn("--auth USER:PASSWORD", self.complaint(2, "info", app.url, "--auth", "ada", stdin="secret"))
        self.assertIn("Could not login", self.complaint(4, "info", app.url, "--auth", "ada:wrong"))

    def test_headers_cookies_and_token(self) -> None:
        app = self.app()
        options = ["-H", "X-One: a:b", "-H", "x-two:2", "--cookie", "c=1=2", "--cookie", "d=3", "--token", "hf_x"]
        self.output("predict", app.url, "/add", "1", *options)
        for request in app.requests:
            sent = {name: request.headers.get(name) for name in ("x-one", "x-two", "cookie", "x-hf-authorization")}
            self.assertEqual(
                sent, {"x-one": "a:b", "x-two": "2", "cookie": "c=1=2; d=3", "x-hf-authorization": "Bearer hf_x"}
            )
        self.assertIn("NAME:VALUE.", self.complaint(2, "info", app.url, "-H", "broken"))

    def test_what_is_no_timeout(self) -> None:
        for wrong in ("0", "1e30"):
            self.assertIn("it takes seconds", self.complaint(2, "info", "localhost:1", "--timeout", wrong))

    def test_tls(self) -> None:
        app = self.app(tls=True)
        self.patch_environ(SSL_CERT_FILE=None, REQUESTS_CA_BUNDLE=None, CURL_CA_BUNDLE=None)
        self.assertIn("--cacert", self.complaint(3, "info", app.url))
        self.json("info", app.url, "--insecure")
        self.json("info", app.url, "--cacert", CA_FILE)
        said = self.complaint(2, "info", app.url, "--cacert", "/nope.pem")
        self.assertIn("No certificates can be read from /nope.pem, which --cacert names", said)

    def test_proxy(self) -> None:
        app = self.app()
        proxy = self.enter(ProxyServer())
        self.resolve(app_test="")
        port = app.url.rpartition(":")[2]
        self.json("info", f"http://app.test:{port}", "--proxy", proxy.url)
        self.assertTrue(proxy.requests)
        said = self.complaint(3, "info", "http://app.test", "--proxy", "http://:3128")
        self.assertIn("--proxy names 'http://:3128' as the proxy", said)
        said = self.complaint(3, "info", "http://app.test", "--proxy", "http://127.0.0.1:1")
        self.assertIn("Could not talk to the proxy http://127.0.0.1:1 (set by --proxy)", said)

    def test_timeout(self) -> None:
        server = self.serve()
        server.on("GET", "/config", Stream)
        self.assertIn("--timeout", self.complaint(5, "info", server.url, "--timeout", "0.05"))
        self.assertIn("--timeout", self.complaint(2, "info", server.url, "--timeout", "soon"))

    def test_logs(self) -> None:
        app = self.app()
        for option, shown in (("-q", False), ("-v", False), ("-vv", True)):
            code, _, err = self.run_main("info", app.url, option)
            self.assertEqual((code, "Connected to" in err), (0, shown))
        _, _, err = self.run_main("info", app.url, "-v")
        self.assertEqual(err, f"Loaded as API: {app.url}\n")
        self.assertEqual((glc.logger.level, len(glc.logger.handlers)), (0, 1))

    def test_debug_shows_where_an_error_comes_from(self) -> None:
        code, _, err = self.run_main("info", "http://127.0.0.1:1", "-vv")
        self.assertEqual(code, 3)
        self.assertRegex(err, r"ConnectionFailed: Traceback \(most recent call last\): File ")
        self.assertRegex(err, r"\ngradio-lite: Could not talk to http://127.0.0.1:1[^\n]*\n\Z")


class ExitCodeTest(CommandLineCase):
    def test_every_error_has_one(self) -> None:
        codes = {
            "AppError": 1,
            "AuthenticationError": 4,
            "ConnectionFailed": 3,
            "ConnectionLost": 7,
            "GradioError": 1,
            "HTTPError": 1,
            "InvalidAPIEndpointError": 2,
            "ProtocolError": 3,
            "QueueError": 6,
            "SpaceDuplicationError": 3,
            "SpaceError": 3,
            "TimedOut": 5,
            "TooManyRequestsError": 6,
            "ValidationError": 1,
        }
        errors = [name for name in glc.__all__ if isinstance(getattr(glc, name), type) and "Error" in name]
        self.assertLessEqual(set(errors), set(codes))
        for name, code in codes.items():
            self.assertEqual(glc.exit_code(getattr(glc, name)("text")), code, name)
        quota = "You have exceeded your free GPU quota (60s requested vs. 0s left)."
        for error, code in (
            (TypeError("x"), 2),
            (ValueError("x"), 2),
            (OSError("x"), 2),
            (RuntimeError("x"), 1),
            (glc.AppError(quota, quota=glc.quota_in(quota)), 6),
            (glc.SpaceError("x", status=401), 4),
        ):
            self.assertEqual(glc.exit_code(error), code, repr(error))
        self.assertEqual(set(glc.EXIT_CODES), {*codes.values(), 0, 2, 130})

    def test_failures_of_an_app(self) -> None:
        app = self.app()
        self.assertEqual(self.complaint(1, "predict", app.url, "/refuse", "x"), "custom boom x")
        self.assertEqual(
            self.complaint(3, "info", self.answering(http_reply(b"hello"))).count("There is no Gradio app"), 1
        )
        full = self.app(max_size=0)
        self.assertIn("Queue is full", self.complaint(6, "predict", full.url, "/add", "1"))
        limited = self.answering(http_reply(b"", "Retry-After: 7", status="429 Too Many Requests"))
        self.assertIn("after 7", self.complaint(6, "info", limited))
        server = self.scripted()
        run = Running(self.complaint, 7, "predict", server.url, "x")
        server.next_stream().cut()
        self.assertIn("broke off", run.result())
        self.assertIn(
            "Name or service", self.complaint(3, "info", "http://nosuch.invalid:1")
        ) if self.resolve() else None

    def test_an_error_of_many_lines_is_shown_in_one(self) -> None:
        server = self.scripted()
        run = Running(self.complaint, 1, "predict", server.url, "x")
        output = {"error": "one\ntwo\r\n  three"}
        server.next_stream().push({"msg": "process_completed", "event_id": "id", "success": False, "output": output})
        self.assertEqual(run.result(), "one two three")

    def test_ctrl_c(self) -> None:
        with mock.patch.object(glc, "Client", side_effect=KeyboardInterrupt):
            self.assertEqual(self.run_main("info", "http://x"), (130, "", "gradio-lite: interrupted\n"))

    def test_a_reader_that_goes_away(self) -> None:
        app = self.app()

        class Closed(io.StringIO):
            def write(self, text: str) -> int:
                raise BrokenPipeError(32, "Broken pipe")

        for argv in (("info", app.url), ("predict", app.url, "/many", "2000"), ("predict", app.url, "/add", "1")):
            err = io.StringIO()
            with contextlib.redirect_stdout(Closed()), contextlib.redirect_stderr(err):
                self.assertEqual((glc.main(argv), err.getvalue()), (0, ""))

    def test_nothing_is_left_in_a_stream_that_breaks(self) -> None:
        """Else the program that calls main(), or Python as it ends, would fail when it flushes."""
        for name, argv, code in (("stdout", ["--version"], 0), ("stdout", ["--help"], 0), ("stderr", ["nope"], 2)):
            reader, writer = os.pipe()
            os.close(reader)
            with open(writer, "w") as broken, mock.patch.object(sys, name, broken):
                try:
                    self.assertEqual(glc.main(argv), code)
                except SystemExit as end:
                    self.assertEqual(end.code, code)
                broken.flush()

    def test_streams_that_are_closed_or_break(self) -> None:
        """Python itself would end with 120 because of what it cannot flush."""
        needs("a POSIX shell", os.name == "posix")
        app = self.app()
        lost, done = 2, 0
        ways = {  # what the shell or we do to the streams: the code of a command that succeeds
            ">&-": lost,
            "2>&-": done,
            ">&- 2>&-": lost,
            "stdout": done,  # nobody reads it any more, as in `… | head`
            "stderr": done,
            ">/dev/full": lost,
            "2>/dev/full": done,
        }
        commands = {
            ("predict", app.url, "/add", "1", "2", "-v"): 0,
            ("--help",): 0,
            ("--version",): 0,
            ("nope",): 2,
        }
        unbuffered_too = itertools.product([next(iter(commands))], ways, ["1"])
        for argv, way, unbuffered in (*itertools.product(commands, ways, [""]), *unbuffered_too):
            code = commands[argv] or ways[way]
            if argv[0].startswith("--") and way == ">/dev/full":
                code = done  # argparse prints it
            with self.subTest(argv=argv, way=way, unbuffered=unbuffered):
                needs("/dev/full", os.path.exists("/dev/full") or "full" not in way)
                self.assertEqual(self.code_of(argv, way, unbuffered), code)

    def code_of(self, argv: Sequence[str], way: str, unbuffered: str) -> int:
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "wb") as broken:
            return subprocess.run(
                ["sh", "-c", f'exec "$@" {way if ">" in way else ""}', "sh", sys.executable, glc.__file__, *argv],
                stdout=broken if way == "stdout" else subprocess.DEVNULL,
                stderr=broken if way == "stderr" else subprocess.DEVNULL,
                env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
                timeout=DEADLINE,
            ).returncode


class UsageTest(CommandLineCase):
    def test_wrong_usage(self) -> None:
        for argv, words in (
            ((), "The first word is a command, as in: gradio-lite info SRC"),
            (("-q",), "The first word is a command"),
            (("dance",), "The first word is a command"),
            (("predit",), "a command (did you mean `predict`?)"),
            (("http://user:secret@x",), "as in: gradio-lite info SRC"),
            (("info",), "required: SRC. See gradio-lite info --help."),
            (("predict",), "required: SRC. See gradio-lite predict --help."),
            (("info", "x", "--nosuch"), "unrecognized arguments: --nosuch"),
            (("predict", "x", "/f", "--steps", "3"), "--steps: a value of the endpoint is written NAME=VALUE"),
            (("info", "x", "--js"), "--js"),
            (("--json", "info", "x"), "The first word is a command"),
        ):
            with self.subTest(argv):
                self.assertIn(words, self.complaint(2, *argv))

    def test_options_may_stand_anywhere(self) -> None:
        app = self.app()
        for words in ((app.url, "/echo", "x"), ("--json", app.url, "/echo", "x"), (app.url, "--json", "/echo", "x")):
            self.assertEqual(self.output("predict", *words), '"x"' if "--json" in words else "x")
        self.assertEqual(self.output("predict", app.url, "/echo", "--json", "x"), '"x"')

    def test_what_may_be_secret_is_not_repeated(self) -> None:
        for argv in (
            ("info", "x", "--tokn=hf_secret"),
            ("info", "x", "--tokn", "--hf_secret=1"),
            ("info", "x", "-Xhf"),
        ):
            self.assertNotIn("secret", self.complaint(2, *argv))

    def test_help(self) -> None:
        for name in ("", *glc.COMMANDS):
            text = self.output(*filter(None, [name]), "--help")
            self.assertTrue(text.isascii(), "consoles exist that show nothing else")
            self.assertRegex(text, rf"\Ausage: gradio-lite {name}")
            self.assertLessEqual(max(map(len, text.splitlines())), 88)
            if name:
                self.assertEqual(len(re.findall(rf"^  .*gradio-lite {name} ", text, re.M)), 3)
                self.assertRegex(self.output("--help"), rf"\n +{name}\s")
        for code, (meaning, _) in glc.EXIT_CODES.items():
            self.assertRegex(self.output("--help"), rf"\n  {code} +{meaning}(\n|$)")

    def test_the_examples_of_the_help_can_be_read(self) -> None:
        for name in glc.COMMANDS:
            for line in re.findall(rf"gradio-lite ({name} .*)", self.output(name, "--help"))[1:]:
                words = shlex.split(line.partition(" | ")[0])
                self.assertTrue(glc.parse(words).src)
                self.assertNotRegex(
                    "".join(words), r"[?*\[\]{}!$]", "which shells, zsh above all, take for something else"
                )

    def test_the_readme_has_the_exit_codes_of_the_help(self) -> None:
        readme = (HERE / "README.md").read_text(encoding="utf-8").partition("\nExit codes: ")[2].partition("\n\n")[0]
        codes = re.findall(r"^  (\d+) ", self.output("--help").partition("\nexit codes:\n")[2], re.M)
        self.assertEqual([part.split()[0] for part in readme.split("·")], codes)
        self.assertGreater(len(codes), 5)

    def test_version(self) -> None:
        self.assertEqual(self.output("--version"), f"gradio_lite_client {glc.__version__}")

    def test_as_a_program_under_any_name(self) -> None:
        app = self.app()
        folder = self.folder()
        vendored = folder / "pkg" / "_vendor"
        vendored.mkdir(parents=True)
        for place in (vendored, vendored.parent):
            (place / "__init__.py").touch()
        shutil.copy(glc.__file__, vendored / "gradio_copy.py")
        for program, name in (  # Python 3.14 says more of what -m runs
            (["-m", "gradio_lite_client"], r"gradio_lite_client\.py|\S+ -m gradio_lite_client"),
            ([glc.__file__], r"gradio_lite_client\.py"),
            (["-m", "pkg._vendor.gradio_copy"], r"gradio_copy\.py|\S+ -m pkg\._vendor\.gradio_copy"),
            (["-c", "import sys, gradio_lite_client as m; sys.exit(m.main())"], "-c"),
        ):
            place = folder if "pkg" in name else HERE
            run = partial(subprocess.run, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE)
            done = run([sys.executable, *program, "predict", app.url, "/add", "1", "2"])
            self.assertEqual((done.returncode, done.stdout.strip(), done.stderr), (0, b"3", b""))
            done = run([sys.executable, *program, "dance"])
            self.assertEqual((done.returncode, done.stdout), (2, b""))
            self.assertTrue(done.stderr.decode().startswith("gradio-lite: "), done.stderr)
            done = run([sys.executable, *program, "--help"])
            self.assertRegex(done.stdout.decode(), rf"\Ausage: ({name}) COMMAND")

    LAZY = (
        "argparse base64 bisect calendar copy email filecmp getpass hashlib http json string tempfile traceback".split()
    )

    def test_nothing_is_imported_from_the_current_or_the_scripts_folder(self) -> None:
        """An app may have saved a file there, called like a module."""
        app = self.app()
        folder, elsewhere = self.folder(), self.folder()
        for name in ("gradio_lite_client.py", "other.py", "pkg/__init__.py", "pkg/copied.py"):
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(glc.__file__, folder / name)
        (folder / "pkg" / "__init__.py").write_text("")
        (elsewhere / "link").symlink_to(folder)
        for name in self.LAZY:
            (folder / f"{name}.py").write_text(f"raise SystemExit('{name} of an app has been run')")
        for program, cwd, path in (
            (["-m", "gradio_lite_client"], folder, None),
            (["-m", "pkg.copied"], folder, None),
            (["gradio_lite_client.py"], folder, None),
            ([str(folder / "other.py")], elsewhere, None),
            (["-"], folder, None),
            (["-S", "-m", "gradio_lite_client"], folder, str(folder)),  # with -S, for site may import what it likes
            (["-S", str(folder / "other.py")], elsewhere, str(folder)),
            (["-S", "other.py"], folder, os.pathsep),
            (["-S", "-m", "gradio_lite_client"], folder, str(elsewhere / "link")),
        ):
            with self.subTest(program=program, path=path), open(glc.__file__, "rb") as stdin:
                done = subprocess.run(
                    [sys.executable, *program, "predict", app.url, "/add", "1", "2", "-vv"],
                    cwd=cwd,
                    env={**os.environ, **({"PYTHONPATH": path} if path else {})},
                    stdin=stdin,
                    capture_output=True,
                    timeout=DEADLINE,
                )
                self.assertEqual((done.stdout, done.returncode), (b"3\n", 0), done.stderr)

    def test_nothing_is_imported_that_has_just_been_saved(self) -> None:
        for program in (["-m", "gradio_lite_client"], ["gradio_lite_client.py"]):
            folder = self.folder()
            shutil.copyfile(glc.__file__, folder / "gradio_lite_client.py")
            server = self.scripted(dependency(outputs=(5,)))
            server.on("GET", "/file=*", "raise SystemExit('a file of an app has been run')")
            cookie = Reply(
                200, {"Set-Cookie": "a=1"}, ""
            )  # to keep it, modules are imported that were not needed before
            server.on("GET", "/file=/last", cookie)
            names = [*(f"{name}.py" for name in self.LAZY), "last"]
            items = [{**MARKED, "path": f"/{name}", "orig_name": name} for name in names]
            command = [sys.executable, *program, "predict", server.url, "x", "-o", "."]
            run = Running(subprocess.run, command, cwd=folder, capture_output=True, timeout=DEADLINE)
            server.next_stream().push(self.completed(items))
            done = run.result()
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            saved = {"last", *(f"file-{name}" for name in names[:-1])}  # where -m of the next run would find them first
            self.assertLess(saved, set(os.listdir(folder)))

    def test_the_search_path_of_a_program_that_python_keeps_as_it_is(self) -> None:
        """Isolated, with a safe path, and frozen: there is no entry too many."""
        code = (
            "import runpy, sys; {}; sys.argv[1:] = ['--version']; sys.path.insert(0, ''); known = list(sys.path)\n"
            f"try: runpy.run_path({glc.__file__!r}, run_name='__main__')\n"
            "except SystemExit: print(sys.path == known, sys.path == list(filter(None, known)))"
        )
        flags = [["-I"], ["-P"]] if sys.version_info >= (3, 11) else [["-I"]]
        for flag, setting, kept in (
            *((flag, "", True) for flag in flags),
            ([], "sys.frozen = True", True),
            ([], "", False),
        ):
            run = [sys.executable, *flag, "-c", code.format(setting or "pass")]
            done = subprocess.run(run, stdout=subprocess.PIPE, timeout=DEADLINE, check=True)
            self.assertEqual(done.stdout.split()[-2:], [str(kept).encode(), str(not kept).encode()], (flag, setting))

    def test_any_console_encoding(self) -> None:
        app = self.app()
        for encoding, result in (("ascii", b"??"), ("cp1252", b"\xfc?"), ("utf-8", "üΩ".encode())):
            environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
            run = [sys.executable, glc.__file__, "predict", app.url, "/echo", 'text:="\\u00fc\\u03a9"']
            done = subprocess.run(run, capture_output=True, env=environment, timeout=DEADLINE)
            self.assertEqual((done.returncode, done.stdout.rstrip(), done.stderr), (0, result, b""))
            run[4:] = ["/refuse", 'text:="\\u03a9"']
            done = subprocess.run(run, capture_output=True, env=environment, timeout=DEADLINE)
            self.assertEqual((done.returncode, done.stderr.count(b"\n")), (1, 1))
            self.assertIn(b"custom boom", done.stderr)

    def test_without_streams(self) -> None:
        app = self.app()
        with mock.patch.multiple(sys, stdin=None, stdout=None, stderr=None):
            self.assertEqual(glc.main(["predict", app.url, "/add", "1"]), 2)
            self.assertEqual(self.joined(app), [])  # what cannot be printed need not be run
        out = io.StringIO()
        with mock.patch.multiple(sys, stdin=None, stdout=out, stderr=None):
            self.assertEqual(glc.main(["predict", app.url, "/add", "1"]), 0)
            self.assertEqual(glc.main(["predict", app.url, "/echo"]), 2)
            self.assertEqual(glc.main(["predict", app.url, "/echo", "-"]), 2)
            self.assertEqual(glc.main(["predict", app.url, "/digest", "@-"]), 2)
        self.assertEqual(out.getvalue(), "4\n")

    def test_a_closed_pipe_for_a_file(self) -> None:
        app = self.app()
        run = [sys.executable, glc.__file__, "predict", app.url, "/make_file", "a", "1000000", "-o", "-"]
        with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout and process.stderr
            self.assertEqual(process.stdout.read(1), b"0")
            process.stdout.close()
            self.assertEqual((process.wait(DEADLINE), process.stderr.read()), (0, b""))

    def test_a_closed_pipe(self) -> None:
        app = self.app()
        run = [sys.executable, glc.__file__, "predict", app.url, "/many", "3000"]
        with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout and process.stderr
            self.assertEqual(process.stdout.readline().strip(), b"0")
            process.stdout.close()
            self.assertEqual((process.wait(DEADLINE), process.stderr.read()), (0, b""))

    def test_a_closed_pipe_stops_the_function(self) -> None:
        server = self.scripted(dependency("f", types={"generator": True}))
        server.on("POST", "/cancel", {"success": True})
        with mock.patch.object(glc, "write", side_effect=BrokenPipeError):
            running = Running(glc.main, ["predict", server.url, "x"])
            output = {"msg": "process_generating", "event_id": "id", "output": {"data": ["a"]}, "success": True}
            server.next_stream().push({"msg": "process_starts", "event_id": "id"}, output)
            self.assertEqual(running.result(), 0)
        self.assertEqual(server.wait_for("POST", "/cancel")[0].json()["event_id"], "id")

    def test_a_closed_pipe_for_everything_else(self) -> None:
        needs("pipes as POSIX has them", os.name == "posix")
        app = self.app()
        for argv, found in ((["/add", "1", "2", "-vv"], (0, b"3\n")), (["/refuse", "x", "-H", "no"], (2, b""))):
            reader, writer = os.pipe()
            os.close(reader)
            with open(writer, "wb") as broken:
                run = [sys.executable, glc.__file__, "predict", app.url, *argv]
                done = subprocess.run(run, stdout=subprocess.PIPE, stderr=broken, timeout=DEADLINE)
            self.assertEqual((done.returncode, done.stdout), found)

    def test_a_full_disk_for_everything_else(self) -> None:
        full = io.StringIO()
        full.write = mock.Mock(side_effect=OSError("No space left on device"))  # type: ignore[method-assign]
        with mock.patch.object(sys, "stderr", full):
            self.assertEqual(glc.main(["nope"]), 2)


class TerminalTest(CommandLineCase):
    def lines(self, *argv: str, **options: Any) -> list[str]:
        """What stderr, a terminal, shows one after the other."""
        code, _, err = self.run_main(*argv, **{"terminal": "stderr", **options})
        self.assertEqual(code, 0)
        self.assertNotIn("\x1b", err)
        self.assertRegex(err, r"\A$|[\r\n]\Z")  # nothing is left on the line
        return [line for line in re.split(r"[\r\n]+ *", err) if line]

    def test_where_a_call_is(self) -> None:
        server = self.scripted()
        screen = FakeTerminal()
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(screen):
            running = Running(glc.main, ["predict", server.url, "x"])
            stream = server.next_stream()
            bar = {"index": 1, "length": 2, "unit": "steps", "progress": None, "desc": "work"}
            for message, shown in (
                (
                    {"msg": "estimation", "rank": 1, "queue_size": 3, "rank_eta": 7.4},
                    "\rin queue, place 2 of 3, about 7 s",
                ),
                ({"msg": "process_starts"}, "\rprocessing"),
                ({"msg": "progress", "progress_data": [bar]}, "\r[##########..........] 50% 1/2 steps work"),
                (
                    {"msg": "progress", "progress_data": [{"progress": 1, "desc": "end"}]},
                    "\r[####################] 100% end",
                ),
                ({"msg": "log", "log": "Look\nhere.", "level": "info"}, "\rinfo: Look here.\n"),
            ):
                stream.push({**message, "event_id": "id"})
                wait_until(lambda shown=shown: shown in screen.getvalue(), shown)  # type: ignore[misc]
            stream.push(self.completed("done"))
            self.assertEqual((running.result(), out.getvalue()), (0, "done\n"))
        self.assertNotIn("\x1b", screen.getvalue())
        self.assertRegex(screen.getvalue(), r"[\r\n]\Z")  # nothing is left on the line

    def test_the_line_is_empty_when_a_file_is_written_to_stdout(self) -> None:
        code, out, err = self.run_main("predict", self.app().url, "/make_file", "b", "3", "-o", "-", terminal="stderr")
        self.assertEqual((code, out), (0, "000"))
        self.assertRegex(err, r"\r *\r\Z")

    def test_messages_of_the_app(self) -> None:
        app = self.app()
        shown = self.lines("predict", app.url, "/talk", "x")
        self.assertLess(shown.index("info: info x"), shown.index("warning: warning x"))

    def test_bytes_that_move(self) -> None:
        app = self.app()
        big = self.folder() / "big.bin"
        big.write_bytes(bytes(2_000_000))
        publish = glc.Job.publish
        for options in ((), ("-o", str(self.folder())), ("-o", str(self.folder() / "a.bin"))):
            screen = FakeTerminal()

            def published(job: glc.Job, step: Any, screen: FakeTerminal = screen) -> None:
                """Goes on when what is published has been shown: nobody looks at all of it otherwise."""
                publish(job, step)
                for bar in step.status.progress_data or ():
                    wait_until(lambda: bar.desc in screen.getvalue())

            with mock.patch.object(glc.Job, "publish", published), contextlib.redirect_stderr(screen):
                with contextlib.redirect_stdout(io.StringIO()):
                    self.assertEqual(glc.main(["predict", app.url, "/copy_file", f"@{big}", *options]), 0)
            for what in ("uploading", "downloading"):
                self.assertRegex(screen.getvalue(), rf"\r\[[#.]{{20}}\] \d\.\d/2\.0 MB .*{what} big\.bin")

    def test_seconds_pass_while_a_function_runs(self) -> None:
        server = self.scripted()
        screen = FakeTerminal()
        now = [100.0]
        self.patch(glc.time, "monotonic", lambda real=time.monotonic: real() + now[0])
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(screen):
            running = Running(glc.main, ["predict", server.url, "x"])
            stream = server.next_stream()
            stream.push({"msg": "process_starts", "event_id": "id"})
            wait_until(lambda: "\rprocessing" in screen.getvalue())
            now[0] += 60
            wait_until(lambda: re.search(r"processing, 6\d s", screen.getvalue()))
            stream.push(self.completed("done"))
            self.assertEqual(running.result(), 0)

    def test_events_have_stdout_and_nothing_has_stderr(self) -> None:
        app = self.app()
        code, out, err = self.run_main("predict", app.url, "/work", "2", "--json", "--stream", terminal="stderr")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(json.loads(out.splitlines()[-1])["event"], "complete")

    def test_numbers_that_no_line_can_show(self) -> None:
        """They come from the server: infinite, none at all, of five thousand digits."""
        for value in ("1e400", "-1e400", "NaN", "1" + "0" * 400, '"7"', "[]", "true", "-1"):
            server = self.scripted()
            running = Running(self.run_main, "predict", server.url, "x", terminal="stderr")
            stream = server.next_stream()
            bar = f'[{{"index": {value}, "length": {value}, "progress": {value}, "unit": {value}, "desc": {value}}}]'
            for message in (
                f'{{"msg": "estimation", "event_id": "id", "rank": {value}, "queue_size": 1, "rank_eta": {value}}}',
                f'{{"msg": "process_starts", "event_id": "id", "eta": {value}}}',
                f'{{"msg": "progress", "event_id": "id", "progress_data": {bar}}}',
            ):
                stream.push(message)
            stream.push(self.completed("done"))
            self.assertEqual(running.result()[:2], (0, "done\n"), value)

    def test_what_a_ctrl_c_did(self) -> None:
        """Said in one line, which is true."""
        for generator, started, said in (
            (True, True, "interrupted; the job has been cancelled"),
            (False, False, "interrupted; the job has been cancelled"),
            (False, True, "interrupted; the function cannot be stopped, and goes on"),
            (False, None, "interrupted; the job had ended"),
        ):
            server = self.scripted(dependency("f", types={"generator": generator}), version="6.31.0")
            server.on("POST", "/cancel", {"success": True})

            class Display(glc.Display):
                def update(self, update: Any, started: bool | None = started) -> None:
                    super().update(update)
                    is_status = update.type == "status" and started is not None
                    if is_status and (update.code is glc.Status.PROCESSING or not started):
                        raise KeyboardInterrupt

                def finish(self, result: Any) -> None:
                    raise KeyboardInterrupt

            with mock.patch.object(glc, "Display", Display):
                running = Running(self.run_main, "predict", server.url, "x")
                if started is not False:
                    stream = server.next_stream()
                    stream.push({"msg": "process_starts", "event_id": "id"})
                if started is None:
                    stream.push(self.completed("done"))
                code, _, err = running.result()
            self.assertEqual((code, err), (130, f"gradio-lite: {said}\n"))

    def test_verbose_tells_more(self) -> None:
        app = self.app()
        _, _, quiet = self.run_main("predict", app.url, "/talk", "x")
        _, _, said = self.run_main("predict", app.url, "/talk", "x", "-v", terminal="stderr")
        self.assertEqual(quiet, "")
        self.assertNotIn("\r", said)
        for line in (f"Loaded as API: {app.url}", "info: info x", "warning: warning x"):
            self.assertIn(line + "\n", said)

    def test_an_error_begins_a_line(self) -> None:
        server = self.scripted(dependency("f", types={"generator": True}))
        running = Running(self.run_main, "predict", server.url, "/f", "x")
        stream = server.next_stream()
        said = {"msg": "process_generating", "event_id": "id", "output": {"data": ["begin"]}, "success": True}
        stream.push(said, {"msg": "process_completed", "event_id": "id", "output": {"error": "no"}, "success": False})
        code, out, err = running.result()
        self.assertEqual((code, out, err), (1, "begin\n", "gradio-lite: no\n"))

    def test_a_terminal_that_has_gone(self) -> None:
        class Gone(FakeTerminal):
            def write(self, text: str) -> int:
                if "\r" in text:
                    raise OSError("Input/output error")
                return super().write(text)

        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(Gone()):
            self.assertEqual(glc.main(["predict", self.app().url, "/work", "1", "--json"]), 0)
        self.assertTrue(json.loads(out.getvalue()))

    def test_where_nothing_is_shown(self) -> None:
        app = self.app()
        for argv, environment, terminal in (
            (["-q"], {}, "stderr"),
            ([], {"TERM": "dumb"}, "stderr"),
            ([], {}, "stdout"),
        ):
            with mock.patch.dict(os.environ, environment):
                shown = self.run_main("predict", app.url, "/work", "1", *argv, terminal=terminal)
                self.assertEqual(shown, (0, "worked\n", ""))

    def test_text_as_it_grows_is_not_mixed_up_with_the_line(self) -> None:
        app = self.app()
        screen = FakeTerminal()
        with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
            self.assertEqual(glc.main(["predict", app.url, "/stream", "4"]), 0)
        self.assertTrue(screen.getvalue().endswith("\rw0 w1 w2 w3 \n"), screen.getvalue())

    def test_a_message_while_a_text_grows(self) -> None:
        """It has a line of its own, and the text goes on after it."""
        server = self.scripted(dependency("f", types={"generator": True}))
        screen = FakeTerminal()
        with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
            running = Running(glc.main, ["predict", server.url, "x"])
            stream = server.next_stream()
            for count, (message, shown) in enumerate(
                (
                    ({"msg": "process_generating", "output": {"data": ["Hello wor"]}, "success": True}, "Hello wor"),
                    ({"msg": "log", "log": "low memory", "level": "warning"}, "Hello wor\nwarning: low memory\n"),
                    (
                        {"msg": "process_generating", "output": {"data": [[["append", [], "ld"]]]}, "success": True},
                        "memory\nld",
                    ),
                )
            ):
                stream.push({**message, "event_id": "id"})
                wait_until(lambda shown=shown: screen.getvalue().endswith(shown), str(count))  # type: ignore[misc]
            stream.push(self.completed("Hello world"))
            self.assertEqual(running.result(), 0)
        self.assertTrue(screen.getvalue().endswith("memory\nld\n"))

    def test_an_app_cannot_control_what_is_said(self) -> None:
        """Errors and logs, which may be read on a terminal later; and no character that turns the text around."""
        app = self.app()
        _, _, err = self.run_main("predict", app.url, "/refuse", 'text:="a\\u001b[2J\\u009b\\u202e\\u2028b\\rc"')
        self.assertEqual(err, "gradio-lite: custom boom a\ufffd[2J\ufffd\ufffd\ufffdb c\n")
        _, out, _ = self.run_main("predict", app.url, "/echo_json", '["\u202e"]', terminal="stdout")
        self.assertNotIn("\u202e", out)

    def test_an_app_cannot_control_the_terminal(self) -> None:
        app = self.app()
        _, out, _ = self.run_main("predict", app.url, "/echo", 'text:="a\\u001b[2Jb\\n\\tc\\u009b"', terminal="stdout")
        self.assertEqual(out, "a\ufffd[2Jb\n\tc\ufffd\n")
        _, out, _ = self.run_main("predict", app.url, "/echo", 'text:="a\\r\\nb\\rc"', terminal="stdout")
        self.assertEqual(out, "a\nb\ufffdc\n")
        self.assertEqual(self.output("predict", app.url, "/echo", 'text:="\\u001b"'), "\x1b")

    def test_statuses_in_words(self) -> None:
        place = glc.StatusUpdate(glc.Status.IN_QUEUE, rank=2, queue_size=5, eta=12.4)
        for update, seconds, text in (
            (place, 0, "in queue, place 3 of 5, about 12 s in all"),
            (place, 3.2, "in queue, place 3 of 5, 3 s, about 12 s in all"),
            (glc.StatusUpdate(glc.Status.PROCESSING), 0.5, "processing"),
            (glc.StatusUpdate(glc.Status.PROCESSING), 61, "processing, 61 s"),
            (glc.StatusUpdate(glc.Status.PROGRESS, progress_data=[]), 0, "progress"),
        ):
            self.assertEqual(glc.describe_status(update, seconds, 79), text)

    def test_bars_in_words(self) -> None:
        sent = partial(glc.ProgressUnit, unit="bytes", desc="uploading cat.png")
        half, whole = "[##########..........]", "[####################]"
        for unit, seconds, text in (
            (glc.ProgressUnit(2, 4, "steps", None, "a"), 0, f"{half} 50% 2/4 steps a"),
            (glc.ProgressUnit(3, None, "steps"), 0, "3 steps progress"),
            (glc.ProgressUnit(1_250_000, 2_500_000), 0, f"{half} 50% 1250000/2500000 progress"),
            (glc.ProgressUnit(progress=2.0, desc="b"), 0, f"{whole} 200% b"),
            (glc.ProgressUnit(1, -1, "steps"), 0, "1/-1 steps progress"),
            (glc.ProgressUnit(), 9, "progress"),
            (sent(25_000_000, 50_000_000), 0, f"{half} 25.0/50.0 MB uploading cat.png"),
            (sent(25_000_000, 50_000_000), 5, f"{half} 25.0/50.0 MB 5.0 MB/s 5 s left uploading cat.png"),
            (sent(50_000_000, 50_000_000), 10, f"{whole} 50.0/50.0 MB 5.0 MB/s uploading cat.png"),
            (sent(8_000_000, None), 4, "8.0 MB 2.0 MB/s uploading cat.png"),
            (sent(0, 0), 4, "0.0 MB uploading cat.png"),
        ):
            with self.subTest(text):
                self.assertEqual(glc.describe_progress(unit, seconds, 79), text)
        steps = glc.ProgressUnit(2, 4, "steps", None, "a")
        for room, bar in ((18, ""), (19, "[##.] "), (60, "[###...] "), (61, f"{half} ")):
            self.assertEqual(glc.describe_progress(steps, 0, room), f"{bar}50% 2/4 steps a")

    def test_a_transfer_in_40_columns(self) -> None:
        """All that counts can be read; what goes is the bar, and the end of the description."""
        self.columns = 40
        for done, total, seconds, text in (
            (3_000_000, 50_000_000, 0, "[......] 3.0/50.0 MB uploading cat.pn"),
            (12_300_000, 50_000_000, 3, "[#...] 12.3/50.0 MB 4.1 MB/s 9 s left"),
            (100_000_000, 400_000_000, 50, "100.0/400.0 MB 2.0 MB/s 150 s left up"),
            (100_000_000, 2_000_000_000, 5, "100.0/2000.0 MB 20.0 MB/s 95 s left u"),
            (100_000_000, 2_000_000_000, 50, "100.0/2000.0 MB 2.0 MB/s 950 s left u"),
            (9_999_000_000, 10_000_000_000, 99, "9999.0/10000.0 MB 101.0 MB/s 0 s left"),
            (2_000_000_000, None, 100, "2000.0 MB 20.0 MB/s uploading cat.png"),
        ):
            unit = glc.ProgressUnit(done, total, "bytes", desc="uploading cat.png")
            update = glc.StatusUpdate(glc.Status.PROGRESS, progress_data=[unit])
            with contextlib.redirect_stderr(FakeTerminal()) as seen:
                glc.Display(glc.parse(["info", "x"])).say(glc.describe_status(update, seconds, 37))
            self.assertEqual(seen.getvalue().rpartition("\r")[2], text)

    def test_wide_characters_take_two_columns(self) -> None:
        self.columns = 11
        with contextlib.redirect_stderr(FakeTerminal()) as seen:
            display = glc.Display(glc.parse(["info", "x"]))
            display.say("処理中です。待て")
            display.say("")
        empty = "\r" + " " * 10 + "\r"
        self.assertEqual(seen.getvalue(), f"{empty}処理中で{empty}")

    def test_a_pseudo_terminal(self) -> None:
        app = self.app()
        with self.terminal("predict", app.url, "/work", "3") as program:
            text = program.read_until(b"worked")
        self.assertRegex(text, rb"connecting\r +\r")
        self.assertEqual(program.code, 0)

    def test_ctrl_c_cancels_the_job_on_the_server(self) -> None:
        for protocol in ("sse_v3", "sse", "ws"):
            app = self.app(protocol)
            with self.terminal("predict", app.url, "/steps", "100", str(DEADLINE), "tag") as program:
                program.read_until(b"tag 0")
                program.write(b"\x03")
                text = program.read_until(b"")
            self.assertEqual(program.code, 130)
            self.assertNotIn(b"Traceback", text)
            with glc.Client(app.url) as client:
                client.predict("tag", 100, api_name="/wake")
                wait_until(lambda: "closed" in client.predict("tag", api_name="/journal"), "the end of the generator")
                self.assertLess(len(client.predict("tag", api_name="/journal")), 20)

    def test_a_second_ctrl_c_leaves_at_once(self) -> None:
        server = self.scripted(dependency("f", types={"generator": True}), version="5.0.0")
        server.on("POST", "/queue/data", Stream)
        with self.terminal("predict", server.url, "x", "--json", "--stream") as program:
            stream = server.next_stream()
            stream.push({"msg": "process_starts", "event_id": "id"})
            program.read_until(b"PROCESSING")
            count = len(server.requests)
            server.on("POST", "/stream/id", Stream)  # does not answer
            program.write(b"\x03")
            wait_until(lambda: len(server.requests) > count, "the cancellation")
            program.write(b"\x03")
            text = program.read_until(b"")
        self.assertEqual(program.code, 130)
        # It may come when Python is ending: 3.9 says so, in a place that nobody else can reach.
        self.assertNotIn(b"Traceback", text.partition(b"Exception ignored in: <module 'threading'")[0])

    def test_ctrl_c_while_it_is_said_what_has_failed(self) -> None:
        for name in ("fail", "say"):
            with mock.patch.object(glc.Display, name, side_effect=KeyboardInterrupt):
                self.assertEqual(glc.main(["info", "http://127.0.0.1:1", "-q"]), 130)

    def terminal(self, *argv: str) -> PseudoTerminal:
        needs("pseudo-terminals", has_terminals())
        return PseudoTerminal(*argv)


class PseudoTerminal:
    """The command line in a terminal of its own, which a small program in between provides."""

    SPAWN = (  # which ends with the code that a shell would show, also if a signal ends the program
        "import pty, sys; status = pty.spawn([sys.executable, *sys.argv[1:]]); "
        "sys.exit(status >> 8 if status & 127 == 0 else 128 + (status & 127))"
    )

    def __init__(self, *argv: str) -> None:
        self._command = [sys.executable, "-c", self.SPAWN, glc.__file__, *argv]
        self.code: int | None = None

    def __enter__(self) -> PseudoTerminal:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "TERM": "xterm"}
        )
        return self

    def read_until(self, words: bytes) -> bytes:
        """All up to these words; up to the end, if there are none."""
        assert self._process.stdout
        text = b""
        while not words or words not in text:
            readable, _, _ = select.select([self._process.stdout], [], [], DEADLINE)
            piece = os.read(self._process.stdout.fileno(), 4096) if readable else b""
            if not piece:
                if not words and readable:
                    break
                raise AssertionError(f"{words!r} did not come, but {text!r}")
            text += piece
        return text

    def write(self, keys: bytes) -> None:
        assert self._process.stdin
        self._process.stdin.write(keys)
        self._process.stdin.flush()

    def __exit__(self, *_: object) -> None:
        try:
            self.code = self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    pipe.close()


# === The file itself ==================================================================================================


def names_outside_annotations(node: Any, section: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Name):
        yield section, node.id
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and field not in ("annotation", "returns"):
                yield from names_outside_annotations(child, section)


class FileItselfTest(TestCase):
    SECTIONS = [
        "Errors",
        "Records",
        "Formats",
        "Values",
        "Network",
        "Transport",
        "Hub",
        "App",
        "Session",
        "Conversation",
        "Job",
        "Call",
        "Client",
        "Command line",
    ]
    PURE = ("Errors", "Records", "Formats", "Values")
    IMPURE = {
        *(
            "socket",
            "ssl",
            "http",
            "threading",
            "time",
            "select",
            "concurrent",
            "tempfile",
            "subprocess",
            "urllib",
            "sys",
        ),
        *("open", "print", "input", "logger", "SimpleQueue", "WeakSet", "datetime", "io", "logging", "ExitStack"),
        *("urlsplit", "urljoin"),
    }
    OS = {"PathLike", "fspath"}  # what pure sections may use of the os module

    @classmethod
    def setUpClass(cls) -> None:
        cls.text = Path(glc.__file__).read_text(encoding="utf-8")
        cls.lines = cls.text.splitlines()
        cls.tree = ast.parse(cls.text)
        found = [(number, re.match(r"# === (.+?) =+$", line)) for number, line in enumerate(cls.lines, 1)]
        cls.banners = [(number, match[1]) for number, match in found if match]

    def section_of(self, line: int) -> str:
        return next((name for number, name in reversed(self.banners) if number <= line), "")

    def definitions(self) -> dict[str, int]:
        """Every name of the module, with the line that makes it."""
        made: dict[str, int] = {}
        for node in self.tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
                made[node.name] = node.lineno
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    for name in ast.walk(target):
                        if isinstance(name, ast.Name):
                            made.setdefault(name.id, node.lineno)
        return made

    def test_sections_are_those_of_the_docstring_and_of_these_tests(self) -> None:
        self.assertEqual([name for _, name in self.banners], self.SECTIONS)
        listed = re.findall(r"^    ([A-Z][A-Za-z ]+?) {2,}", ast.get_docstring(self.tree, clean=False) or "", re.M)
        self.assertEqual(listed, self.SECTIONS)
        tests = re.findall(r"^# === (.+?) =+$", Path(__file__).read_text(encoding="utf-8"), re.M)
        self.assertEqual(tests, [*self.SECTIONS, "The file itself", "Real servers"])

    def globals_used(self) -> Iterator[tuple[str, str]]:
        """(section, name) of each use of a name of the module; annotations are no uses."""
        for node in self.tree.body:
            here = self.section_of(node.lineno)
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
                value = getattr(node, "value", None)
                yield from ((here, name.id) for name in ast.walk(value or ast.Pass()) if isinstance(name, ast.Name))
                continue
            for base in (*node.decorator_list, *getattr(node, "bases", ())):
                yield from ((here, name.id) for name in ast.walk(base) if isinstance(name, ast.Name))
        plain = {
            name for node in self.tree.body for name in names_outside_annotations(node, self.section_of(node.lineno))
        }
        tables = list(needs_module("symtable").symtable(self.text, glc.__file__, "exec").get_children())
        while tables:
            table = tables.pop()
            tables += table.get_children()
            for symbol in table.get_symbols():
                use = (self.section_of(table.get_lineno()), symbol.get_name())
                if symbol.is_referenced() and symbol.is_global() and use in plain:
                    yield use

    def test_a_section_uses_names_of_its_own_and_of_earlier_ones(self) -> None:
        made = {name: self.section_of(line) for name, line in self.definitions().items()}
        order = {name: number for number, name in enumerate(["", *self.SECTIONS])}
        used = set(self.globals_used())
        self.assertGreater(len(used), 300)
        late = {(here, name) for here, name in used if order[made.get(name, "")] > order[here]}
        self.assertEqual(late, set())

    def test_pure_sections_are_pure(self) -> None:
        for here, name in set(self.globals_used()):
            if here in self.PURE:
                self.assertNotIn(name, self.IMPURE, here)
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Attribute) or self.section_of(node.lineno) not in self.PURE:
                continue
            if isinstance(node.value, ast.Name) and node.value.id == "os":
                self.assertIn(node.attr, self.OS, f"line {node.lineno}")

    def test_nothing_prints_but_what_says_so(self) -> None:
        places = set()
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for call in ast.walk(node):
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print":
                        places.add(node.name)
        self.assertEqual(places, {"_tell", "view_api"})

    def test_only_the_standard_library_is_imported(self) -> None:
        names = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                self.assertEqual(node.level, 0)
                names.add((node.module or "").partition(".")[0])
        known = set(
            "__future__ argparse ast asyncio base64 collections concurrent contextlib datetime difflib email "
            "enum fcntl filecmp functools getpass hashlib http importlib io ipaddress itertools json logging mimetypes "
            "os queue re shutil socket ssl sys tempfile termios textwrap threading time types typing "
            "urllib weakref zlib".split()
        )
        self.assertEqual(names, known)

    def test_it_parses_as_python_3_8(self) -> None:
        ast.parse(self.text, feature_version=(3, 8))

    def test_lines_are_not_too_long(self) -> None:
        for path in (glc.__file__, __file__):
            lines = Path(path).read_text(encoding="utf-8").splitlines()
            self.assertEqual([number for number, line in enumerate(lines, 1) if len(line) > 120], [], path)

    def test_functions_are_short(self) -> None:
        """45 lines at most, without the parameters and the docstring."""
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body:
                    self.assertLessEqual((body[-1].end_lineno or 0) - body[0].lineno + 1, 45, node.name)

    def test_sections_are_short(self) -> None:
        """A section can be read at one sitting."""
        ends = [number for number, _ in self.banners[1:]] + [len(self.lines) + 1]
        lengths = {name: end - number for (number, name), end in zip(self.banners, ends)}
        self.assertEqual({name: length for name, length in lengths.items() if length > 660}, {})

    def private_uses(self) -> Iterator[tuple[int, str, str]]:
        """(line, class or function, name) of each private attribute that is used outside of the class it belongs to."""
        classes = {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

        def own(node: ast.ClassDef) -> tuple[set[str], bool]:
            """The private names of a class, and whether it may inherit others from a class of the standard library."""
            names = {item.name for item in ast.walk(node) if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))}
            names |= {item.attr for item in ast.walk(node) if is_of_self(item) and isinstance(item.ctx, ast.Store)}
            bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
            foreign = len(bases) < len(node.bases) or any(base not in classes for base in bases)
            for base in bases:
                if base in classes:
                    inherited, further = own(classes[base])
                    names, foreign = names | inherited, foreign or further
            return names, foreign

        def is_of_self(item: Any) -> bool:
            return isinstance(item, ast.Attribute) and isinstance(item.value, ast.Name) and item.value.id == "self"

        for node in self.tree.body:
            names, foreign = own(node) if isinstance(node, ast.ClassDef) else (set(), False)
            for item in ast.walk(node):
                if not isinstance(item, ast.Attribute) or not re.match("_(?!_)", item.attr) or item.attr in names:
                    continue
                if not (foreign and is_of_self(item)):
                    yield item.lineno, getattr(node, "name", ""), item.attr

    def test_no_class_uses_private_names_of_another(self) -> None:
        self.assertEqual(list(self.private_uses()), [])

    def test_the_command_line_uses_what_everybody_can(self) -> None:
        """Public names and pure helpers: whoever writes another front end finds all that this one has."""
        made = {name: self.section_of(line) for name, line in self.definitions().items()}
        used = {name for here, name in self.globals_used() if here == "Command line" and name in made}
        allowed = {name for name, section in made.items() if section in ("", "Command line", *self.PURE)} | {"reserve"}
        self.assertEqual(used - allowed - set(glc.__all__), set())

    def test_annotations_of_what_is_passed_to_frameworks_can_be_evaluated(self) -> None:
        """Gradio, for one, does that with the functions of an app."""
        public = (glc.Client.predict, glc.Client.submit, glc.Client.view_api, glc.Client.duplicate, glc.main)
        for function in (*public, glc.Job.status, glc.Job.outputs, glc.Job.cancel):
            try:
                hints = typing.get_type_hints(function)
            except TypeError:  # for `X | Y`, as it is for all programs; Gradio goes on
                self.assertLess(sys.version_info, (3, 10))
            else:
                self.assertIn("return", hints)

    def test_public_names(self) -> None:
        self.assertEqual(len(glc.__all__), len(set(glc.__all__)))
        for name in glc.__all__:
            with self.subTest(name):
                value = getattr(glc, name)
                if name != "__version__":
                    self.assertTrue((value.__doc__ or "").strip())

    def test_public_methods_are_documented(self) -> None:
        for name in glc.__all__:
            value = getattr(glc, name)
            if isinstance(value, type):
                for key, member in vars(value).items():
                    is_method = callable(member) or isinstance(member, (property, classmethod, staticmethod))
                    if not key.startswith("_") and is_method and not isinstance(member, type):
                        with self.subTest(f"{name}.{key}"):
                            self.assertTrue((getattr(member, "__doc__", "") or "").strip())

    def test_protocol_names_and_server_paths_occur_once(self) -> None:
        texts = [
            node.value for node in ast.walk(self.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        for name in ("sse", "sse_v1", "sse_v2", "sse_v2.1", "sse_v3"):
            self.assertEqual(texts.count(name), 1, name)
        pieces = "\0".join(texts)
        for path in (
            "/queue/join",
            "/queue/data",
            "/upload",
            "/cancel",
            "/reset",
            "/login",
            "/info",
            "/heartbeat/",
            "/run/",
        ):
            self.assertEqual(len(re.findall(re.escape(path) + r"(?=\0|$)", pieces)), 1, path)

    def test_a_release_is_the_file_whose_hash_the_changelog_has(self) -> None:
        """To change the file after a release, give it a new version: 1.0.1.dev0 needs no hash."""
        changes = (HERE / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1]
        release, dev, _ = glc.__version__.partition(".dev")
        self.assertEqual(changes.partition("\n")[0], release + " (unreleased)" * bool(dev))
        if not dev:
            self.assertIn(hashlib.sha256(Path(glc.__file__).read_bytes()).hexdigest(), changes)

    def test_the_version_stands_in_one_place(self) -> None:
        """And in the title of the CHANGELOG, as above."""
        self.assertEqual(self.text.count(glc.__version__), 1)
        project = (HERE / "pyproject.toml").read_text(encoding="utf-8")
        self.assertIn('dynamic = ["version", ', project)
        self.assertNotRegex(project, r"(?m)^version\b")

    def test_its_head_names_licence_and_owner(self) -> None:
        """They go along wherever the file is copied."""
        licence = (HERE / "LICENSE").read_text(encoding="utf-8")
        owner = re.search(r"^Copyright \(c\) .+$", licence, re.M)
        self.assertEqual(self.lines[1], "# SPDX-License-Identifier: MIT")
        self.assertTrue(licence.startswith("MIT License\n"))
        self.assertTrue(owner and self.lines[2].startswith(f"# {owner[0]}. "), self.lines[2])

    def proofs(self) -> dict[str, str]:
        """The table of testing/README.md: what proves each part of the README."""
        page = (HERE / "testing" / "README.md").read_text(encoding="utf-8")
        table = page.partition("\n| part of the README | proved by |\n|---|---|\n")[2].partition("\n\n")[0]
        rows = [re.match(r"\| (.+?) \| (.+) \|$", line) for line in table.splitlines()]
        self.assertNotIn(None, rows)
        found = {row[1]: row[2] for row in rows if row}
        self.assertEqual(len(found), len(rows))
        return found

    def test_the_table_has_a_row_for_each_section_and_recipe_of_the_readme(self) -> None:
        readme = (HERE / "README.md").read_text(encoding="utf-8")
        sections = re.split(r"^## ", readme, flags=re.M)[1:]
        parts = {section.partition("\n")[0]: section for section in sections}
        for name in ("Try it", "Install", "Speed", "Contributing"):  # nothing that a test could prove
            del parts[name]
        recipes = re.findall(r"^\*\*(.+?)\.\*\*", parts.pop("Recipes"), re.M)
        self.assertGreater(min(len(parts), len(recipes)), 5)
        wanted = ["The first page", *(f"Recipes: {name}" for name in recipes), *parts]
        self.assertEqual(sorted(self.proofs()), sorted(wanted))

    def test_the_tests_that_the_table_names_exist(self) -> None:
        known: dict[str, set[str]] = {}
        testing = HERE / "testing"
        for path in (HERE / "test_gradio_lite_client.py", testing / "cases.py", *testing.glob("test_*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    methods = {method.name for method in node.body if isinstance(method, ast.FunctionDef)}
                    known.setdefault(node.name, set()).update(methods)
        for part, text in self.proofs().items():
            with self.subTest(part):
                proofs = re.findall(r"`([^`]+)`", text)
                self.assertGreater(len(proofs), 0)
                for proof in proofs:
                    name, _, test = proof.partition(".")
                    is_test = fnmatch.filter(known.get(name, ()), test or "test_*")
                    self.assertTrue(is_test or (HERE / proof).is_file(), proof)

    def test_the_offline_suite_needs_nothing_but_python(self) -> None:
        """It can be imported where no installed package can be found."""
        names = ["test_gradio_lite_client", *(f"testing.{path.stem}" for path in (HERE / "testing").glob("test_*.py"))]
        self.assertGreater(len(names), 3)
        command = [sys.executable, "-S", "-c", f"import {', '.join(names)}"]
        done = subprocess.run(command, cwd=HERE, stderr=subprocess.PIPE, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ""))

    def test_what_a_system_lacks_skips_a_test_but_fails_it_in_ci(self) -> None:
        self.patch_environ(CI=None)
        needs("a moon", True)
        self.assertEqual(str(self.raises(unittest.SkipTest, needs, "a moon", False)), "needs a moon")
        self.patch_environ(CI="1")
        needs("a moon", True)
        self.assertIn("a moon", str(self.raises(AssertionError, needs, "a moon", False)))

    def test_nothing_else_skips_a_test(self) -> None:
        """But the cases of real servers, where a release lacks something."""
        ways = ("skip", "skipIf", "skipUnless", "skipTest", "SkipTest", "expectedFailure")
        found = set()
        for path in (HERE / "test_gradio_lite_client.py", *(HERE / "testing").rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    found |= {path.name} if called in ways else set()
        self.assertEqual(found, {"system.py", "cases.py", "faults_on_servers.py"})

    def test_tests_can_be_chosen_by_their_names(self) -> None:
        """`-k` as unittest has it, with the line of counts at the end; no server is started."""
        for names, code, last in (
            (["-k", "ErrorsTest.test_each_is_", "-k", "*.SafeName*_table"], 0, "2 passed, 0 failed, 0 skipped"),
            (["-k", "no_such_test"], 2, "error: no test has that in its name"),
        ):
            command = [sys.executable, str(HERE / "test_gradio_lite_client.py"), *names]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE)
            self.assertEqual(done.returncode, code, done.stdout.decode())
            self.assertTrue(done.stdout.decode().rstrip().endswith(last), done.stdout.decode())

    def test_importing_it_is_cheap(self) -> None:
        code = (
            "import sys; import gradio_lite_client; "
            "print(*sorted({'asyncio', 'typing', "
            "'urllib.request', 'http.cookiejar', 'tempfile', 'argparse', 'hashlib', "
            "'mimetypes', 'zlib', 'inspect', 'subprocess'} & set(sys.modules)))"
        )
        run = [
            sys.executable,
            "-c",
            code.replace("import gradio_lite_client", "import concurrent.futures, logging, http.client"),
        ]
        mine = [sys.executable, "-c", code]
        base, loaded = (
            subprocess.run(command, cwd=HERE, stdout=subprocess.PIPE, check=True, timeout=DEADLINE).stdout.split()
            for command in (run, mine)
        )
        self.assertEqual(set(loaded) - set(base), set())


# === Real servers =====================================================================================================


def run_offline(names: Sequence[str] = ()) -> unittest.TestResult:
    """What `python3 -m unittest` runs, or of that what one of the names is in, as `-k` chooses."""
    loader = unittest.TestLoader()
    loader.testNamePatterns = [name if "*" in name else f"*{name}*" for name in names] or None
    return unittest.TextTestRunner().run(loader.discover(str(HERE), top_level_dir=str(HERE)))


def counts(result: unittest.TestResult) -> tuple[int, int, int]:
    """How many tests passed, failed and were skipped; one of which only a part was skipped counts as skipped."""
    failed = {test.id().partition(" ")[0] for test, _ in [*result.failures, *result.errors]}
    failed |= {test.id() for test in result.unexpectedSuccesses}
    skipped = {test.id().partition(" ")[0] for test, _ in result.skipped} - failed
    return max(0, result.testsRun - len(failed) - len(skipped)), len(failed), len(skipped)


def run_on_server(version: str) -> tuple[str, str]:
    """Run the cases on a real Gradio, in a process of their own: what they print, and their last line."""
    command = [sys.executable, "-m", "testing.cases", version]
    done = subprocess.run(
        command,
        cwd=Path(__file__).resolve().parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )
    text = done.stdout.decode("utf-8", "replace").strip()
    report, _, last = text.rpartition("\n")
    return report, last


def main(arguments: Sequence[str] | None = None) -> int:
    """The offline suite, then the cases of testing/cases.py on real Gradio servers. Ends with a line of totals."""
    from testing import versions

    parser = argparse.ArgumentParser(description="Run all tests of gradio_lite_client.")
    parser.add_argument("--require-servers", action="store_true", help="a server that cannot be installed is a failure")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--only", metavar="VERSION", action="append", choices=list(versions.RELEASES), help="of Gradio")
    choice.add_argument("-k", metavar="NAME", action="append", default=[], help="offline tests with this in their name")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    result = run_offline(options.k)
    if not result.testsRun:
        parser.error("no test has that in its name")
    passed, failed, skipped = counts(result)
    rows = [f"offline {passed:11} passed {failed:3} failed {skipped:3} skipped {time.monotonic() - began:5.0f} s"]
    rows += [f"{number:18} x {reason}" for reason, number in Counter(reason for _, reason in result.skipped).items()]
    releases = [] if options.k else options.only or versions.RELEASES
    with concurrent.futures.ThreadPoolExecutor(5) as pool:  # these wait more than they compute
        for version, (report, last) in zip(releases, pool.map(run_on_server, releases)):
            found = re.search(r"(\d+) passed +(\d+) failed +(\d+) skipped", last)
            if found:
                row = tuple(map(int, found.groups()))
            else:
                row = (0, 1, 0) if options.require_servers or "not run:" not in last else (0, 0, 1)
            passed, failed, skipped = passed + row[0], failed + row[1], skipped + row[2]
            print(report if row[1] else f"Gradio {version} is done.", flush=True)
            rows.append(last)
    print("", *rows, f"{passed} passed, {failed} failed, {skipped} skipped", sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
