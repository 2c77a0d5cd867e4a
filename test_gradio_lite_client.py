#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of gradio_lite_client, in its sections and in its order.

    python3 -m unittest                     offline: scripted servers on 127.0.0.1, nothing to install
    python3 test_gradio_lite_client.py      that, then real Gradio servers, which it installs itself

Faults, hostile servers and random input have files of their own in testing/, with the same rules: testing/support.py.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import base64
import builtins
import concurrent.futures
import contextlib
import copy
import email
import errno
import fnmatch
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
import py_compile
import queue
import random
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import symtable
import sys
import tempfile
import threading
import time
import traceback
import typing
import unittest
import warnings
import weakref
import zipfile
import zlib
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Sequence
from unittest import mock

import gradio_lite_client as glc
from testing.fake import CA_FILE, ProxyServer, RawServer, Reply, ScriptedServer, Stream, Upgrade, reset
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
    receive_head,
    wait_until,
    ways_to_cut,
)

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

        def download(dest: str | None) -> str | bytes:
            asked.append(dest)
            return b"content" if dest is None else f"{dest}/name"

        item = glc.FileData({"path": "/p"})
        item.download = download
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
        item.download = lambda dest: b"" if lock else b"?"
        for twin in (copy.copy(item), copy.deepcopy([item])[0], pickle.loads(pickle.dumps(item))):
            self.assertEqual((type(twin), twin, twin.download), (glc.FileData, item, None))
        self.assertEqual(item.read(), b"")

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
    SERVER: Sequence[tuple[glc.Frame, bytes]] = (  # section 5.7, then the limits of each length
        (glc.Frame(glc.TEXT, b"Hello"), b"\x81\x05Hello"),
        (glc.Frame(glc.TEXT, b"Hel", False), b"\x01\x03Hel"),
        (glc.Frame(glc.CONTINUATION, b"lo"), b"\x80\x02lo"),
        (glc.Frame(glc.PING, b"Hello"), b"\x89\x05Hello"),
        (glc.Frame(glc.PONG, b""), b"\x8a\x00"),
        (glc.Frame(glc.CLOSE, b"\x03\xe8"), b"\x88\x02\x03\xe8"),
        (glc.Frame(glc.BINARY, b"x" * 125), b"\x82\x7d" + b"x" * 125),
        (glc.Frame(glc.BINARY, b"x" * 126), b"\x82\x7e\x00\x7e" + b"x" * 126),
        (glc.Frame(glc.BINARY, b"x" * 256), b"\x82\x7e\x01\x00" + b"x" * 256),
        (glc.Frame(glc.TEXT, b"x" * 65535), b"\x81\x7e\xff\xff" + b"x" * 65535),
        (glc.Frame(glc.TEXT, b"x" * 65536), b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + b"x" * 65536),
    )

    def test_reading(self) -> None:
        for frame, data in self.SERVER:
            with self.subTest(data[:12]):
                source = io.BytesIO(data + b"rest")
                self.assertEqual(glc.read_frame(source.read), frame)
                self.assertEqual(source.read(), b"rest")

    def test_masked_example_of_the_rfc(self) -> None:
        data = glc.encode_frame(glc.Frame(glc.TEXT, b"Hello"), self.KEY)
        self.assertEqual(data, bytes.fromhex("8185 37fa213d 7f9f4d5158"))

    def test_writing_is_reading_with_a_mask(self) -> None:
        for frame, data in self.SERVER:
            with self.subTest(data[:12]):
                sent = glc.encode_frame(frame, self.KEY)
                head = len(data) - len(frame.data)
                self.assertEqual(sent[:head], bytes([data[0], data[1] | 0x80]) + data[2:head])
                self.assertEqual(sent[head : head + 4], self.KEY)
                self.assertEqual(glc.apply_mask(self.KEY, sent[head + 4 :]), frame.data)

    def test_masking_is_its_own_inverse_at_every_length(self) -> None:
        for size in range(20):
            data = bytes(range(size))
            plain = bytes(byte ^ self.KEY[i % 4] for i, byte in enumerate(data))
            self.assertEqual(glc.apply_mask(self.KEY, data), plain)
            self.assertEqual(glc.apply_mask(self.KEY, plain), data)

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
                frame = glc.read_frame(source.read)
                seen.add("frame")
                self.assertLessEqual(len(frame.data), 125)
            except glc.ProtocolError:
                seen.add("error")
        self.assertEqual(seen, {"frame", "error"})

    def test_accept_key_of_the_rfc(self) -> None:
        self.assertEqual(glc.accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")


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
        old = {"same": [1], "changed": {"same": {"x": 1}, "list": [[1], [2]]}}
        new = glc.apply_edits(old, [["append", ["changed", "list", 1, 0], 3]])
        self.assertEqual(new["changed"]["list"], [[1], [5]])
        self.assertIs(new["same"], old["same"])
        self.assertIs(new["changed"]["same"], old["changed"]["same"])
        self.assertIs(new["changed"]["list"][0], old["changed"]["list"][0])
        self.assertIsNot(new["changed"]["list"], old["changed"]["list"])
        self.assertEqual(old["changed"]["list"], [[1], [2]])

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
        ("null", b"null", ""),
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

    def test_contains(self) -> None:
        for tree, expected in (
            (MARKED, True),
            ([[{"a": (MARKED,)}]], True),
            ({"meta": MARKED}, True),
            ([1, "x", None, {}], False),
            ({**MARKED, "meta": {}}, False),
        ):
            with self.subTest(tree):
                self.assertIs(glc.contains(tree, glc.is_marked_file), expected)

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
            ({"__type__": "update", "value": 5, "visible": False}, 5),
            ({"__type__": "update", "value": None}, None),
            ({"__type__": "update"}, {"__type__": "update"}),
            ({"__type__": "other", "value": 5}, {"__type__": "other", "value": 5}),
            ({"value": 5}, {"value": 5}),
            ("x", "x"),
        ):
            with self.subTest(value):
                self.assertEqual(glc.reveal(value), shown)


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
            ("label", {"label": "cat"}, {"label": "cat", "confidences": None}),
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

    def test_a_file_goes_back_as_it_came(self) -> None:
        for kind, value in (("file", self.OLD), ("image", self.PNG)):
            with self.subTest(kind):
                modern = glc.modern_output(kind, value)
                self.assertTrue(glc.is_marked_file(modern))
                back = glc.fit_argument((3, 50), kind, modern)
                self.assertEqual(back, value)

    def test_video_arguments(self) -> None:
        local = glc.handle_file(b"x", "a.mp4")
        wrapped = {"video": local, "subtitles": None}
        for version, value, expected in (
            ((5, 50), local, wrapped),
            ((4, 0), MARKED, {"video": MARKED, "subtitles": None}),
            ((5, 50), wrapped, wrapped),
            ((6, 0), local, local),
            ((6, 0), wrapped, local),
            ((3, 50), local, local),
            ((3, 50), wrapped, local),
            ((4, 10), UNMARKED, {"video": UNMARKED, "subtitles": None}),
            ((5, 50), None, None),
        ):
            with self.subTest(version, value=value):
                self.assertEqual(glc.fit_argument(version, "video", value), expected)
        self.assertIs(glc.fit_argument((5, 50), "audio", local), local)

    def test_an_image_on_the_disk_of_an_old_server_is_not_lost(self) -> None:
        error = self.raises(TypeError, glc.fit_argument, (3, 50), "image", MARKED)
        self.assertIn("download it, and pass handle_file(…)", str(error))

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
        url = "data:text/plain;base64,eA=="
        self.assertEqual(glc.base64_argument("image", "a", "text/plain", "eA=="), url)
        self.assertEqual(
            glc.base64_argument("file", "a", "text/plain", "eA=="), {"name": "a", "data": url, "is_file": False}
        )

    def test_file_argument(self) -> None:
        new = glc.file_argument((6, 31), "a.txt", 3, "text/plain", "/up/a.txt")
        self.assertTrue(glc.is_marked_file(new))
        self.assertEqual((new["path"], new["orig_name"], new["size"]), ("/up/a.txt", "a.txt", 3))
        old = glc.file_argument((3, 50), "a.txt", 3, "text/plain", "/up/a.txt")
        self.assertEqual(old, {"name": "/up/a.txt", "data": None, "is_file": True, "orig_name": "a.txt", "size": 3})


class SafeNameTest(TestCase):
    NAMES: Sequence[tuple[Any, str]] = (
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
        (None, "file"),
        (5, "file"),
        ({"a": 1}, "file"),
    )

    def test_table(self) -> None:
        for name, safe in self.NAMES:
            with self.subTest(name):
                self.assertEqual(glc.safe_name(name), safe)

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
        pieces = [*'abc. ._-/\\:*?|<>"\0\n', "..", "con", "COM1", "nul", "ü", "漢" * 20, "😀", "x" * 60, "\ud801"]
        folder = self.folder()
        for _ in range(500):
            name = "".join(choose.choice(pieces) for _ in range(choose.randrange(12)))
            safe = glc.safe_name(name)
            with self.subTest(name, safe=safe):
                self.assertTrue(0 < len(safe.encode("utf-8")) <= 120)
                self.assertIsNone(re.search(r'[\x00-\x1f\x7f<>:"|?*/\\]', safe))
                self.assertEqual(safe, safe.strip(" "))
                self.assertFalse(safe.endswith("."))
                self.assertIsNone(re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)( *\..*)?", safe))
                self.assertEqual(os.path.dirname(os.path.realpath(folder / safe)), str(folder))


class TypeNameTest(TestCase):
    SCHEMAS: Sequence[tuple[Any, str]] = (
        ({"type": "string"}, "str"),
        ({"type": "number"}, "float"),
        ({"type": "integer"}, "int"),
        ({"type": "boolean"}, "bool"),
        ({"type": "null"}, "None"),
        ({"type": {}}, "Any"),
        ({}, "Any"),
        (None, "Any"),
        (True, "Any"),
        ("string", "Any"),
        ({"type": "nonsense"}, "Any"),
        ({"const": "x"}, "Literal['x']"),
        ({"enum": ["a", 1, None], "type": "string"}, "Literal['a', 1, None]"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "str | None"),
        ({"oneOf": [{"type": "string"}, {"type": "string"}]}, "str"),
        ({"allOf": [{"type": "integer"}]}, "int"),
        ({"type": ["string", "null"]}, "str | None"),
        ({"type": "array"}, "list[Any]"),
        ({"type": "array", "items": {"type": "string"}}, "list[str]"),
        ({"type": "array", "items": True}, "list[Any]"),
        ({"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}]}, "tuple[str, float]"),
        ({"type": "array", "items": {"prefixItems": [{"type": "string"}]}}, "tuple[str]"),
        ({"type": "array", "items": [{"type": "string"}, {"type": "number"}]}, "tuple[str, float]"),  # older drafts
        ({"type": "object"}, "dict()"),
        (
            {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "array", "items": {}}}},
            "dict(a: str, b: list[Any])",
        ),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "dict(str, float)"),
        ({"type": "object", "properties": {"path": {}, "orig_name": {}}}, "filepath"),
        ({"type": "object", "properties": {"path": {}, "mime_type": {}}}, "filepath"),
        ({"type": "object", "properties": {"path": {"type": "string"}}}, "dict(path: str)"),
        ({"type": "array", "items": {"type": "object", "properties": {"path": {}, "orig_name": {}}}}, "list[filepath]"),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"type": "integer"}}}, "int"),
        (
            {
                "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"type": "string"}},
                "type": "array",
                "items": {"$ref": "#/$defs/A"},
            },
            "list[str]",
        ),
        ({"$ref": "#/$defs/Missing"}, "Any"),
        ({"$ref": 5}, "Any"),
        ({"$defs": 5, "$ref": "#/$defs/A"}, "Any"),
        ({"anyOf": 5}, "Any"),
        ({"enum": 5, "type": "string"}, "str"),
        ({"type": "object", "properties": 5}, "dict()"),
        ({"type": "array", "prefixItems": 5}, "list[Any]"),
    )

    def test_table(self) -> None:
        for schema, name in self.SCHEMAS:
            with self.subTest(schema):
                self.assertEqual(glc.type_name(schema), name)

    def test_a_schema_that_refers_to_itself_has_an_end(self) -> None:
        schema = {"$defs": {"A": {"type": "array", "items": {"$ref": "#/$defs/A"}}}, "$ref": "#/$defs/A"}
        self.assertEqual(glc.type_name(schema), "list[Any]")
        reference = {"$ref": "#/$defs/A"}
        many = {"anyOf": [reference, {"type": "array", "items": reference}, *[reference] * 20]}
        self.assertEqual(glc.type_name({"$defs": {"A": many}, **reference}), "Any | list[Any]")
        self.assertEqual(glc.type_name({"$defs": {"A": {"$ref": "#/$defs/A"}}, "$ref": "#/$defs/A"}), "Any")

    def test_parameter_name(self) -> None:
        for label, name in (
            ("Input Text", "input_text"),
            ("  a (b)", "__a_b"),
            ("Größe", "größe"),
            ("a_b-c", "a_bc"),
            ("", ""),
        ):
            self.assertEqual(glc.parameter_name(label), name)


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
    USAGE = "/f of http://x takes (text, count=3, mark=None)."

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
        for value in (object(), {1, 2}, b"bytes", {"a": [object()]}, circle, {(1, 2): 3}, "\ud800", [{"a\udfff": 1}]):
            with self.subTest(repr(value)):
                error = self.raises(TypeError, self.bind, value)
                self.assertIn("The value for parameter `text` cannot be sent as JSON: ", str(error))

    @unittest.skipUnless(hasattr(sys, "get_int_max_str_digits"), "all integers have a text here")
    def test_an_integer_that_is_too_long(self) -> None:
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
            ("filepath", dict(MARKED), False),
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

    def test_every_recorded_app(self) -> None:
        for version in RECORDED:
            with self.subTest(version):
                record = recorded(version)
                app = glc.App("URL", record["config"])
                named = {
                    name: glc.describe(endpoint, record["info"].get(name))
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


# === Transport ========================================================================================================


class AddressTest(TestCase):
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
        ):
            with self.subTest(url):
                with self.assertRaises(ValueError) as caught:
                    glc.origin_of(url)
                self.assertIn(repr(url), str(caught.exception))

    def test_loopback(self) -> None:
        for host, expected in (
            ("localhost", True),
            ("app.localhost", True),
            ("127.0.0.1", True),
            ("127.8.9.1", True),
            ("::1", True),
            ("127.0.0.1.example.com", False),
            ("localhost.example.com", False),
            ("10.0.0.1", False),
            ("notlocalhost", False),
        ):
            self.assertIs(glc.is_loopback(host), expected, host)


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

    def wait_readable(self, http: glc.Http) -> None:
        (connections,) = http._idle.values()
        self.assertTrue(select.select([connections[-1].sock], [], [], DEADLINE)[0])

    def test_closed_while_idle(self) -> None:
        closing = threading.Event()

        def talk(sock: socket.socket) -> None:
            self.assertTrue(receive_head(sock))
            sock.sendall(http_reply())
            closing.wait(DEADLINE)

        for method in ("GET", "POST"):
            with self.subTest(method):
                closing.clear()
                server = self.raw(talk)
                http = self.http()
                self.assertEqual(self.get(http, server.url, method), (200, b"ok"))
                closing.set()
                self.wait_readable(http)
                self.assertEqual(self.get(http, server.url, method), (200, b"ok"))
                self.assertEqual(server.connections, 2)

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

    def test_where_the_system_has_no_poll(self) -> None:
        self.enter(mock.patch.object(select, "poll", create=True))
        del select.poll
        with self.serve() as server:
            server.on("GET", "/", "ok", Reply(body="ok", close=True))
            http = self.http()
            for _ in range(2):
                self.assertEqual(self.get(http, server.url), (200, b"ok"))
            self.assertEqual(server.connections, 1)
            self.get(http, server.url)
            self.assertEqual(server.connections, 2)

    def test_a_connection_of_another_process_is_left_alone(self) -> None:
        here, there = socket.socketpair()
        with here, there:
            connection = glc.Connection(here, glc.origin_of("http://x"))
            connection.idle_since = time.monotonic()
            self.assertFalse(connection.is_stale())
            connection.pid += 1
            self.assertTrue(connection.is_stale())
            connection.abort()
            here.sendall(b"still there")
            self.assertEqual(there.recv(99), b"still there")

    def test_a_socket_that_is_closed_is_stale(self) -> None:
        with socket.socket() as sock:
            connection = glc.Connection(sock, glc.origin_of("http://x"))
            connection.idle_since = time.monotonic()
            connection.close()
            self.assertTrue(connection.is_stale())

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
            self.assertTrue(select.select([connection.sock], [], [], DEADLINE)[0])
            return False

        heads: list[bytes] = []
        server = self.raw(talk, tls=True)
        http = self.http(ssl_verify=CA_FILE)
        self.get(http, server.url)
        with mock.patch.object(glc.Connection, "is_stale", is_stale):
            self.assertEqual(self.get(http, server.url), (200, b"ok"))
        self.assertEqual((len(heads), server.connections), (2, 2))

    def test_a_post_never(self) -> None:
        for rst in (False, True):
            with self.subTest(rst=rst):
                server = self.dying(rst=rst)
                http = self.http()
                self.get(http, server.url)
                error = self.raises(glc.ConnectionFailed, self.get, http, server.url, "POST", b"[1]")
                self.assertEqual([number for number, _ in self.heads], [1, 1])
                self.assertIn(f"Could not talk to {server.url}: ", str(error))
                self.assertEqual(error.url, server.url)

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

    def test_none_are_followed_if_so_wanted(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", Reply(302, {"Location": "/b"}))
            self.assertEqual(self.get(self.http(), server.url, redirects="none")[0], 302)

    def test_another_host(self) -> None:
        with self.serve() as server, self.serve() as other:
            server.on("GET", "/", Reply(302, {"Location": other.url + "/b"}))
            other.on("GET", "/b", "there")
            http = self.http()
            error = self.raises(glc.ConnectionFailed, self.get, http, server.url)
            self.assertIn(f"{server.url} redirects to another host, {other.url}/b: refused.", str(error))
            self.assertEqual(other.requests, [])
            self.assertEqual(self.get(http, server.url, redirects="any"), (200, b"there"))

    def test_nothing_secret_crosses_origins(self) -> None:
        with self.serve() as server, self.serve() as other:
            server.on("GET", "/", Reply(302, {"Location": other.url, "Set-Cookie": "secret=1"}))
            other.on("GET", "/", Reply(302, {"Location": server.url + "/back"}))
            server.on("GET", "/back", "ok")
            http = self.http()
            http.grant(glc.origin_of(server.url), {"Authorization": "granted"})
            self.get(http, server.url, redirects="any", headers={"X-Secret": "1", "Cookie": "a=b"})
            self.get(http, other.url, redirects="none")
            for request in other.requests:
                self.assertFalse({"authorization", "x-secret", "cookie"} & request.headers.keys(), request.headers)
            back = server.requests[-1]
            self.assertEqual((back.path, back.headers["authorization"]), ("/back", "granted"))
            self.assertNotIn("x-secret", back.headers)

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
                    error = self.raises(glc.ProtocolError, self.get, self.http(), server.url, redirects="any")
                    self.assertIn("redirects to", str(error))

    def test_from_https_to_http(self) -> None:
        with self.serve(tls=True) as server, self.serve() as other:
            server.on("GET", "/", Reply(302, {"Location": other.url}))
            http = self.http(ssl_verify=CA_FILE)
            for redirects in ("same origin", "any"):
                error = self.raises(glc.ConnectionFailed, self.get, http, server.url, redirects=redirects)
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


class _Ports(ProxyServer):
    """A proxy that knows where "host:port" really is."""

    def __init__(self, places: dict[str, ScriptedServer]):
        self._places = {place: server.host for place, server in places.items()}
        super().__init__()

    def serve(self, sock: socket.socket, number: int) -> None:
        head = sock.recv(1 << 16, socket.MSG_PEEK).split(b"\r\n")[0].decode()
        secure = head.startswith("CONNECT")
        host = head.split()[1] if secure else head.split()[1].split("/")[2] + ":80"
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
            ("x-gzip", gzip.compress(self.TEXT)),
            ("deflate", zlib.compress(self.TEXT)),
            ("identity", self.TEXT),
            (" GZIP ", gzip.compress(self.TEXT)),
            ("gzip", gzip.compress(self.TEXT[:100_000]) + gzip.compress(self.TEXT[100_000:])),
        ):
            for pieces in (body, [body[i : i + 1000] for i in range(0, len(body), 1000)]):
                with self.subTest(encoding, chunked=not isinstance(pieces, bytes)):
                    with self.serve() as server:
                        server.on("GET", "/", Reply(200, {"Content-Encoding": encoding}, pieces))
                        http = self.http()
                        self.assertEqual(self.get(http, server.url), (200, self.TEXT))
                        self.get(http, server.url)
                        self.assertEqual(server.connections, 1)

    def test_a_zip_bomb_comes_in_small_pieces(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", Reply(200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(50_000_000))))
            with self.http().request("GET", server.url) as response:
                sizes = [len(piece) for piece, _ in zip(response.chunks(), range(100))]
            self.assertLessEqual(max(sizes), glc.READ_SIZE)

    def test_a_compressed_event_stream_arrives_at_once(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", Stream)
            with self.http().request("GET", server.url) as response:
                stream = server.next_stream()
                response.headers["content-encoding"] = "gzip"
                squeeze = zlib.compressobj(wbits=31)
                stream.raw(squeeze.compress(b"data: 1\n\n") + squeeze.flush(zlib.Z_SYNC_FLUSH))
                events = glc.iter_sse(response.chunks())
                self.assertEqual(next(events), "1")
                stream.raw(squeeze.flush())
                stream.end()
                self.assertEqual(list(events), [])

    def test_broken_compression(self) -> None:
        whole = gzip.compress(self.TEXT)
        for name, body, kind in (
            ("cut", whole[: len(whole) // 2], glc.ConnectionLost),
            ("no gzip", b"plain text", glc.ProtocolError),
            ("a wrong sum", whole[:-8] + bytes(8), glc.ProtocolError),
            ("nothing", b"", glc.ConnectionLost),
        ):
            with self.subTest(name), self.serve() as server:
                server.on("GET", "/", Reply(200, {"Content-Encoding": "gzip"}, body))
                error = self.raises(kind, self.get, self.http(), server.url)
                self.assertIn(server.url, str(error))
                self.assertEqual(error.url, server.url)

    def test_an_encoding_that_was_not_asked_for(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", Reply(200, {"Content-Encoding": "br"}, b"x"))
            error = self.raises(glc.ProtocolError, self.get, self.http(), server.url)
            self.assertIn("an encoding that was not asked for: br", str(error))

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

    def answer(self, data: bytes, at_once: int = 1 << 20) -> Any:
        """The answer that these bytes are, when they come this many at once."""

        class Socket:
            def recv(self, size: int) -> bytes:
                nonlocal data
                piece, data = data[:at_once], data[at_once:]
                return piece

        connection = glc.Connection(Socket(), glc.origin_of("http://x"))  # type: ignore[arg-type]
        return glc.Response(self.http(), connection, "http://x")

    def test_heads_and_bodies(self) -> None:
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
        for data, body, reusable in (
            (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc", True),
            (b"HTTP/1.1 200\nContent-Length:3\n\nabc", b"abc", True),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: x, Close\r\n\r\nabc", b"abc", False),
            (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc", False),
            (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc", b"abc", True),
            (b"HTTP/1.1 200 OK\r\n\r\nabc", b"abc", False),
            (b"HTTP/1.1 204 None\r\n\r\n", b"", True),
            (b"HTTP/1.1 101 Unasked\r\n\r\n", b"", False),
            (b"HTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 304 Same\r\nContent-Length: 3\r\n\r\n", b"", True),
            (chunked + b"3\r\nabc\r\n0\r\n\r\n", b"abc", True),
            (chunked + b"1;a=b\r\na\r\n2 \r\nbc\r\n00\r\nTrailer: x\r\nOther: y\r\n\r\n", b"abc", True),
        ):
            for at_once in (1, 2, 7, 1000):
                with self.subTest(data, at_once=at_once):
                    answer = self.answer(data, at_once)
                    self.assertEqual(b"".join(answer._received()), body)
                    self.assertEqual((answer.ended, answer.reusable), (True, reusable))

    def test_headers_of_one_name(self) -> None:
        answer = self.answer(
            b"HTTP/1.1 200 OK\r\nA: 1\r\na:2\t\r\nSet-Cookie: a=1, b\r\nset-cookie: c=2\r\nE: \xe9\r\n\r\n"
        )
        self.assertEqual((answer.headers["a"], answer.headers["e"]), ("1, 2", "\xe9"))
        self.assertEqual(answer.cookies, ["a=1, b", "c=2"])

    def test_broken_heads(self) -> None:
        start = b"HTTP/1.1 200 OK\r\n"
        for rest in (
            b"no colon\r\n\r\n",
            b"A: 1\r\n folded\r\n\r\n",
            b"A : 1\r\n\r\n",
            b"Content-Length: -1\r\n\r\n",
            b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"Transfer-Encoding: gzip, chunked\r\n\r\n",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"Content-Length: 1",
        ):
            with self.subTest(rest):
                self.raises(glc.NotHTTP, self.answer, start + rest)
        self.raises(glc.NotHTTP, self.answer, b"HTTP/2 200 OK\r\n\r\n")

    def test_broken_bodies(self) -> None:
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for data, error in (
            (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", EOFError),
            (chunked + b"3\r\nab", EOFError),
            (chunked + b"3\r\nabcd\r\n0\r\n\r\n", glc.NotHTTP),
            (chunked + b"-3\r\nabc\r\n0\r\n\r\n", glc.NotHTTP),
            (chunked + b"0x3\r\nabc\r\n0\r\n\r\n", glc.NotHTTP),
            (chunked + b"3\r\nabc\r\n0", glc.NotHTTP),
            (chunked + b"3\r\nabc\r\n", glc.NotHTTP),
        ):
            with self.subTest(data):
                answer = self.answer(data)
                self.raises(error, list, answer._received())
                self.assertFalse(answer.ended)

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

    def test_401_says_how_to_log_in(self) -> None:
        self.assertIn("auth=(user, password)", str(self.error(Reply(401))))

    def test_429_says_when(self) -> None:
        error = self.error(Reply(429, {"Retry-After": "17"}))
        self.assertEqual(error.retry_after, "17")
        self.assertIn("Too many requests to the API, please try again later. Try again after 17", str(error))
        self.assertIsNone(self.error(Reply(429)).retry_after)

    def test_a_redirect_says_whereto(self) -> None:
        with self.serve() as server:
            server.on("POST", "/x", Reply(302, {"Location": "/y"}))
            error = glc.http_error(self.http().request("POST", server.url + "/x"))
        self.assertEqual(str(error), f"{server.url}/x redirects to '/y'; use that address instead.")

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
        here, there = socket.socketpair()
        with here:
            there.close()
            connection = glc.Connection(here, glc.origin_of("http://x"))
            with mock.patch.object(connection.incoming, "wait", side_effect=KeyboardInterrupt):
                with self.assertRaises(KeyboardInterrupt):
                    connection.ask(b"GET / HTTP/1.1\r\n\r\n", None, None)

    def test_close_ends_what_an_interrupt_has_left_busy(self) -> None:
        with self.serve() as server:
            http = self.http()
            with mock.patch.object(glc.Http, "_take", interrupted(glc.Http._take)):
                self.raises(KeyboardInterrupt, http.request, "GET", server.url)
            (left,) = http._busy
            http.close()
            self.assertEqual((http._busy, left.sock.fileno()), ({}, -1))

    def test_close_in_a_signal_handler(self) -> None:
        """The handler runs wherever the main thread is: here, while it holds the lock."""
        with self.serve() as server:
            http, abort = self.http(), glc.Abort()

            def watch(self: glc.Abort, connection: Any, watch: Any = glc.Abort.watch) -> None:
                watch(self, connection)
                http.close()

            with mock.patch.object(glc.Abort, "watch", watch):
                self.raises(glc.ConnectionFailed, Running(http.request, "GET", server.url, abort=abort).result)
            self.assertEqual(http._busy, {})

    def test_ctrl_c_before_a_connection_is_used(self) -> None:
        with self.serve() as server:
            http = self.http()
            with warnings.catch_warnings(), mock.patch.object(glc.Abort, "watch", interrupted(glc.Abort.watch)):
                warnings.simplefilter("ignore", ResourceWarning)  # nobody has closed its socket, but it is gone
                with self.assertRaises(KeyboardInterrupt):
                    http.request("GET", server.url)
                gc.collect()
            self.assertEqual(http._busy, {})

    def test_silence_before_the_answer(self) -> None:
        server = self.raw(lambda sock: server.closed.wait(DEADLINE))
        http = self.http(timeout=50 * MS)
        error = self.raises(glc.TimedOut, self.get, http, server.url)
        self.assertIn("sent nothing for the time that Client(timeout=…) allows", str(error))
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
                sock = response.connection.sock
                self.assertEqual(sock.gettimeout(), http.timeout)
                sock.settimeout(50 * MS)  # not earlier: on a busy machine the answer itself takes longer
                self.raises(glc.TimedOut, next, chunks)

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
                wait_until(lambda http=http: http._busy)
                (abort if aborts else http.close)()
                self.assertNotIsInstance(self.raises(glc.ConnectionFailed, waiting.result), glc.TimedOut)
                self.assertEqual(http._busy, {})

    def test_abort_in_the_moment_before_connecting(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", "ok")
            http, abort = self.http(), glc.Abort()
            with mock.patch.object(glc.Connection, "limit", lambda *_: abort()):
                self.raises(glc.ConnectionFailed, self.get, http, server.url, abort=abort)
            self.assertEqual((server.requests, http._busy), ([], {}))

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

    def test_a_refused_connection_keeps_nothing_alive(self) -> None:
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

    def test_an_answer_that_is_open_during_a_fork_belongs_to_the_parent(self) -> None:
        with self.serve() as server:
            server.on("GET", "/", "ok")
            http = self.http()
            with http.request("GET", server.url):
                http.after_fork()
            self.assertEqual(self.get(http, server.url), (200, b"ok"))
            self.assertEqual(server.connections, 2)

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
                    error = self.raises(glc.ConnectionFailed, self.get, http, url)
                    self.assertIn("The proxy refused a tunnel to app.hf.space:443: 407", str(error))
                    self.assertEqual(error.status, 407)
                else:
                    self.assertEqual(self.get(http, url)[0], 407)

    def test_a_dead_proxy(self) -> None:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            http = self.http(proxy=f"http://127.0.0.1:{sock.getsockname()[1]}")
            self.raises(glc.ConnectionFailed, self.get, http, "http://app.example/")

    def test_a_proxy_that_cannot_reach_the_server(self) -> None:
        self.resolve()
        with ProxyServer(hosts={"app.example": "127.0.0.1:1"}) as proxy:
            http = self.http(proxy=proxy.url)
            error = self.raises(glc.ConnectionFailed, self.get, http, "https://app.example/")
            self.assertIn("The proxy refused a tunnel to app.example:443: 502", str(error))

    def test_other_schemes_are_an_error_only_when_they_are_used(self) -> None:
        self.resolve()
        with self.serve() as server:
            server.on("GET", "/", "ok")
            for url in ("socks5://user:secret@127.0.0.1:1080", "https://127.0.0.1:1080"):
                with self.subTest(url):
                    http = self.http(proxy=url)
                    self.assertEqual(self.get(http, server.url), (200, b"ok"))
                    error = self.raises(glc.ConnectionFailed, self.get, http, "http://app.example/")
                    self.assertIn(f"is a {url.split(':')[0]!r} proxy; only http:// proxies are supported", str(error))
                    self.assertIn("NO_PROXY", str(error))
                    self.assertNotIn("secret", str(error))

    def test_loopback_needs_none(self) -> None:
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

    def test_where_no_proxy_can_be_set_none_is_looked_for(self) -> None:
        origin = glc.origin_of("http://app.example")
        found = {"http": "http://proxy.example:3128"}
        everything = dict.fromkeys([name for name in os.environ if name.lower().endswith("_proxy")])
        self.patch_environ(**everything)
        for system, asked in (("linux", False), ("darwin", True), ("win32", True)):
            with self.subTest(system), mock.patch.object(sys, "platform", system), mock.patch.multiple(
                "urllib.request", getproxies=lambda: found, proxy_bypass=lambda host: False
            ):
                url = glc.system_proxy(origin)
                self.assertEqual(url, found["http"] if asked else "")

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
        import ssl

        for verify in (CA_FILE, Path(CA_FILE), False, ssl.create_default_context(cafile=CA_FILE)):
            with self.subTest(verify):
                self.assertEqual(self.get(self.http(ssl_verify=verify), self.server.url), (200, b"ok"))

    def ca_folder(self) -> str:
        """A folder in which OpenSSL finds our CA: by the hash of its name."""
        command = ["openssl", "x509", "-hash", "-noout", "-in", CA_FILE]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=DEADLINE)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest("needs the openssl command")
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

    def test_an_unknown_authority_is_refused_with_advice(self) -> None:
        error = self.raises(glc.ConnectionFailed, self.get, self.http(), self.server.url)
        self.assertIn(f"The TLS certificate of {self.server.url} is not trusted: ", str(error))
        self.assertIn("SSL_CERT_FILE", str(error))
        self.assertIn("ssl_verify", str(error))
        self.assertEqual(self.server.requests, [])

    def test_another_host_name_is_refused(self) -> None:
        self.resolve(app_example="127.0.0.1")
        url = f"https://app.example:{self.server.port}/"
        error = self.raises(glc.ConnectionFailed, self.get, self.http(ssl_verify=CA_FILE), url)
        self.assertIn("is not trusted: ", str(error))
        self.assertEqual(self.get(self.http(ssl_verify=False), url), (200, b"ok"))

    def test_environment(self) -> None:
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            with self.subTest(name), mock.patch.dict(os.environ, {name: CA_FILE}):
                self.assertEqual(self.get(self.http(trust_env=True), self.server.url), (200, b"ok"))
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            with self.subTest(name, trust_env=False), mock.patch.dict(os.environ, {name: CA_FILE}):
                self.raises(glc.ConnectionFailed, self.get, self.http(), self.server.url)

    def test_a_bundle_that_does_not_exist_is_no_reason_to_trust(self) -> None:
        with mock.patch.dict(os.environ, {"REQUESTS_CA_BUNDLE": "/no/such/file"}):
            self.raises(glc.ConnectionFailed, self.get, self.http(trust_env=True), self.server.url)

    def test_a_ca_file_that_does_not_exist(self) -> None:
        with self.assertRaises((OSError, ValueError)):
            self.get(self.http(ssl_verify="/no/such/file"), self.server.url)

    def test_plain_http_on_a_tls_port_and_the_reverse(self) -> None:
        plain = self.serve()
        for url in (self.server.url.replace("https", "http"), plain.url.replace("http", "https")):
            self.raises(glc.ConnectionFailed, self.get, self.http(ssl_verify=CA_FILE), url)

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
            response.connection.abort()
            sock: Any = response.connection.sock
            self.assertIsNotNone(sock.version())
            with self.assertRaises(OSError):
                sock.sendall(b"x")

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

    def test_an_end_without_a_close_frame(self) -> None:
        with self.talk(lambda peer, request: peer.send("last")) as web_socket:
            messages = iter(web_socket)
            self.assertEqual(next(messages), '"last"')
            error = self.raises(glc.ConnectionLost, next, messages)
            self.assertIn("closed the WebSocket without saying so", str(error))

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
            key = re.search(r"Sec-WebSocket-Key: (\S+)", head)[1]  # type: ignore[index]
            upgrade = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {glc.accept_key(key)}")
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
            error = self.fails(glc.ConnectionFailed, SPACE, WRITE)
            self.assertIn("redirects to another host", str(error))
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

    def test_what_does_not_run_says_who_has_to_do_what(self) -> None:
        app = self.app()
        hub = self.hub(app.url)
        for before in ((), ("BUILDING",), ("SLEEPING", "BUILDING", "APP_STARTING")):
            for stage, words in (
                ("PAUSED", "its owner has paused it, and has to restart it"),
                ("NO_APP_FILE", "it has no app file; its owner has to add one"),
                ("CONFIG_ERROR", "its owner has to correct it"),
                ("BUILD_ERROR", "its owner finds out why in the build log"),
                ("RUNTIME_ERROR", "its owner finds out why in the container log"),
                ("DELETING", "it is being deleted"),
            ):
                with self.subTest(stage, before=before):
                    hub.add(SPACE, *before, stage)
                    error = self.fails(glc.SpaceError)
                    self.assertIn(f"The Space {SPACE} does not run ({stage}): ", str(error))
                    self.assertIn(words, str(error))
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

    @unittest.skipUnless(hasattr(signal, "pthread_kill"), "no way to send a signal to a thread")
    def test_ctrl_c_ends_the_wait(self) -> None:
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
            ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 3),
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
        self.assertEqual(error.retry_after, "295")


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
        token = glc.find_token(given, search)
        return None if token is None else (token.value, token.passed)

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
        self.assertIn("in the saved file has a line break", str(self.raises(ValueError, self.found)))
        self.assertIn("was passed has a line break", str(self.raises(ValueError, self.found, "hf_a\nhf_b")))
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
                    f"token=True, but there is none in HF_TOKEN, in HUGGING_FACE_HUB_TOKEN or in the file {path}.",
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
        self.assertNotIn("secret", repr([glc.Token("secret", True)]))
        app = self.app()
        self.assertNotIn("hf_", repr(self.connect(app.url, WRITE)))

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
        passed, found = glc.Token("t", passed=True), glc.Token("t", passed=False)
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
                self.assertEqual(glc.token_headers(passed, glc.origin_of(url)), header)
                self.assertEqual(glc.token_headers(found, glc.origin_of(url)), for_found)
                self.assertEqual(glc.token_headers(None, glc.origin_of(url)), {})

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
            "/gradio_api/stream/",
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
        app, other = self.app(), self.app()
        with self.serve() as server:
            server.on("GET", "/config", Reply(307, {"Location": other.url + "/config"}))
            client = self.connect(server.url, WRITE)
            self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
            self.assertEqual(self.tokens(server), {f"Bearer {WRITE}"})
            self.assertEqual(self.tokens(other), {None})
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
                    with self.assertRaises((glc.ConnectionFailed, glc.HTTPError)):
                        client.view_api(print_info=False)
                        client.predict(glc.handle_file(b"content", "a.txt"), api_name="/copy_file")
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
        self.assertIn(f"The Hub refused duplicating {SPACE} to bob/copy (403): You don't have the rights", str(error))
        self.assertIn("nothing has been created", str(error))
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
        self.here.add("alice/calculator", hardware=None)
        self.duplicate(hardware="cpu-basic")  # what it has if nothing is said of it
        self.assertEqual(len(self.bodies()), 2)

    def test_somebody_else_was_faster(self) -> None:
        for says_url in (True, False):
            for hardware in (None, "t4-small"):
                with self.subTest(says_url=says_url, hardware=hardware):
                    self.here.spaces.clear()
                    self.here.add(SPACE)
                    self.here.says_url_of_existing = says_url

                    def meanwhile(request: Any) -> Any:
                        self.here.add("alice/calculator")
                        return self.here.respond(request)

                    self.here.on("POST", f"/api/spaces/{SPACE}/duplicate", meanwhile)
                    client = self.duplicate(hardware=hardware)
                    self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
                    changed = self.here.spaces["alice/calculator"].hardware
                    self.assertEqual(changed, hardware or "cpu-basic")

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
                    f"The Hub refused duplicating {SPACE} to alice/calculator ({status}): {words}. "
                    "As it stands, nothing has been created.",
                )
                self.assertEqual((error.status, error.url), (status, f"{self.here.url}/api/spaces/{SPACE}/duplicate"))
        self.assertEqual(list(self.here.spaces), [SPACE])
        self.here.add("alice/calculator")
        error = self.refused(token=POOR, hardware="t4-small")
        self.assertEqual(
            str(error),
            "The Hub refused changing the hardware of alice/calculator to t4-small (402): "
            "Payment required for t4-small. As it stands, alice/calculator exists, unchanged.",
        )

    def test_failures_that_leave_it_open_what_exists(self) -> None:
        self.here.add(SPACE)
        self.here.add("alice/other", hardware="t4-small")
        html = Reply(200, {"Content-Type": "text/html"}, PAGE)
        for to_id, path, step, left in (
            (
                "mine",
                f"{SPACE}/duplicate",
                f"duplicating {SPACE} to alice/mine",
                f"alice/mine may exist or not; if so, delete it at {self.here.url}/spaces/alice/mine/settings.",
            ),
            (
                "other",
                "alice/other/hardware",
                "changing the hardware of alice/other to a10g-small",
                f"alice/other exists, and may have been changed: see {self.here.url}/spaces/alice/other/settings.",
            ),
        ):
            for answer, status in ((Reply(500, (), "sorry"), "500"), (html, "no answer"), (None, "no answer")):
                with self.subTest(path, status=status):
                    self.here.on("POST", f"/api/spaces/{path}", answer)
                    error = self.refused(SPACE, to_id, hardware="a10g-small")
                    self.assertIn(f"The Hub failed at {step} ({status}): ", str(error))
                    self.assertTrue(str(error).endswith(f" As it stands, {left}"), str(error))
                    self.assertIsInstance(error.__cause__, glc.GradioError)
            slow = {"Retry-After": "20"}
            self.here.on("POST", f"/api/spaces/{path}", Reply.json({"error": "slow down"}, 429, slow))
            error = self.refused(SPACE, to_id, hardware="a10g-small")
            self.assertIn(f"The Hub refused {step} (429): slow down. As it stands, ", str(error))
            self.assertEqual((error.status, error.retry_after), (429, "20"))

    def test_what_exists_after_a_failure_is_said(self) -> None:
        self.here.add(SPACE)
        for stages, words in (
            (["BUILD_ERROR"], "it cannot be built"),
            (["BUILDING", "RUNTIME_ERROR"], "its app has crashed"),
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

    def test_a_target_that_is_closed_to_us(self) -> None:
        self.here.add(SPACE)
        closed = Reply.json({"error": "Access to this resource is disabled."}, 403)
        self.here.on("GET", "/api/spaces/alice/calculator", closed)
        self.assertIn("is disabled", str(self.refused(kind=glc.SpaceError)))
        self.assertEqual(self.bodies(), [])

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


# === Conversation =====================================================================================================


class AppTest(TestCase):
    def test_what_is_no_config(self) -> None:
        for value in (None, [], "x", 5, {}, {"dependencies": None}, {"dependencies": {}}, {"detail": "Not Found"}):
            with self.subTest(value):
                error = self.raises(glc.ProtocolError, glc.App, "http://x", value)
                self.assertEqual(str(error), "http://x answered with JSON that is not the config of a Gradio app.")
                self.assertEqual(error.url, "http://x")

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
            self.assertEqual(glc.App("http://x", config(protocol=name)).protocol, name)
        old = config()
        del old["protocol"]
        self.assertEqual(glc.App("http://x", old).protocol, "ws")
        with self.assertLogs(glc.logger, "WARNING") as logs:
            self.assertEqual(glc.App("http://x", config(protocol="sse_v4")).protocol, "sse_v3")
        self.assertIn("sse_v4, which is newer than this client", logs.output[0])
        for name in ("grpc", "", None, [], "http"):
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

    def test_show(self) -> None:
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
            self.assertEqual(glc.show(endpoint, values), shown)

    def test_descriptions_are_completed(self) -> None:
        app = glc.App("http://x", config(dependency(inputs=[1, 1])))
        given = {"parameters": [{"parameter_name": "a", "python_type": None}, {"parameter_name": "a"}], "returns": 5}
        described = glc.describe(app.endpoints[0], given)
        self.assertEqual([item["parameter_name"] for item in described["parameters"]], ["a", "param_1"])
        app = glc.App("http://x", config(dependency(inputs=[1, 1, 1])))
        given = {"parameters": [{"parameter_name": name} for name in ("param_1", "", "param_1")]}
        names = [item["parameter_name"] for item in glc.describe(app.endpoints[0], given)["parameters"]]
        self.assertEqual(names, ["param_1", "param_1_", "param_2"])
        self.assertEqual([item["python_type"]["type"] for item in described["parameters"]], ["Any", "str"])
        self.assertEqual(len(described["returns"]), 1)

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
            named[str(end)] = glc.describe(end, given["info"])
            glc.choose_protocol(app, end, False)
            glc.show(end, ["v"] * len(end.outputs))
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
                    (routes.status, "/queue/status"),
                    (routes.run("/a b/ü"), "/run/a%20b%2F%C3%BC"),
                    (routes.call("/a b/ü"), "/call/a%20b%2F%C3%BC"),
                    (routes.stream("id"), "/stream/id"),
                    (routes.heartbeat("hash"), "/heartbeat/hash"),
                    (routes.file("/tmp/a b?#%.txt"), "/file=/tmp/a%20b%3F%23%25.txt"),
                    (routes.file("C:\\x"), "/file=C%3A%5Cx"),
                    (routes.stream("a/b c.m3u8"), "/stream/a/b%20c.m3u8"),
                ):
                    self.assertEqual(url, api + rest)

    def test_the_server_does_not_say_where_it_is(self) -> None:
        app = glc.App("http://h", config(root="http://evil", api_prefix="gradio_api/"))
        self.assertEqual(app.routes.join, "http://h/gradio_api/queue/join")


class ChooseProtocolTest(TestCase):
    def test_table(self) -> None:
        for version, own, entry, skip, chosen in (
            ("6.31.0", "sse_v3", {}, False, "sse_v3"),
            ("6.31.0", "sse_v3", {}, True, "http"),
            ("6.31.0", "sse_v3", {"queue": False}, False, "http"),
            ("6.31.0", "sse_v3", {"queue": None}, False, "sse_v3"),
            ("6.31.0", "sse_v3", {"queue": False, "types": {"generator": True}}, False, "sse_v3"),
            ("6.31.0", "sse_v3", {"types": {"generator": True}}, True, "sse_v3"),
            ("6.31.0", "sse_v3", {"outputs": [5]}, True, "http"),
            ("5.50.0", "sse_v3", {"outputs": [5]}, True, "sse_v3"),
            ("4.30.0", "sse_v3", {"outputs": [5], "queue": False}, False, "sse_v3"),
            ("4.29.0", "sse_v3", {"outputs": [5], "queue": False}, False, "http"),
            ("4.10.0", "sse_v1", {"batch": True}, False, "http"),
            ("4.23.0", "sse_v3", {"batch": True}, False, "http"),
            ("4.24.0", "sse_v3", {"batch": True}, False, "sse_v3"),
            ("3.50.2", "ws", {"batch": True}, False, "ws"),
            ("3.50.2", "ws", {"queue": False}, False, "http"),
            ("4.8.0", "sse", {}, False, "sse"),
        ):
            with self.subTest(version, entry=entry, skip=skip):
                app = glc.App("http://x", config(dependency(**entry), version=version, protocol=own))
                self.assertEqual(glc.choose_protocol(app, app.endpoints[0], skip), chosen)

    def test_an_app_without_a_queue(self) -> None:
        app = glc.App("http://x", config(dependency(types={"generator": True}), enable_queue=False))
        self.assertEqual(glc.choose_protocol(app, app.endpoints[0], False), "http")

    def test_releases_that_are_asked_for_whole_values(self) -> None:
        table = [("4.17", False), ("5.29.0", False), ("5.29.1", True), ("5.35.9", True), ("5.36.0", False)]
        for version, broken in table:
            app = glc.App("http://x", config(version=version))
            session = glc.Session(FakeHttp(), app.routes)  # type: ignore[arg-type]
            self.assertIs(glc.wants_whole_values(app, session), broken, version)
            session.disturbed = True
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
            self.assertEqual((str(error), error.details), (text, {}))
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
        protocol = glc.PROTOCOLS[glc.choose_protocol(app, endpoint, False)]
        diffs = protocol.diffs and not (5, 29, 1) <= app.version < (5, 36)
        transcript = glc.Transcript(diffs, app.version, f"{endpoint} of URL")
        arrivals = glc.Arrivals(glc.file_name, glc.PROTOCOLS[app.protocol].is_file)
        outputs: list[Any] = []
        values: list[Any] = []
        error = None
        try:
            for message in call["messages"]:
                step = transcript.feed(message)
                if step is None or step.values is None:
                    continue
                if app.version < (4,):
                    step.values = glc.modern_outputs(endpoint, step.values)
                if not step.final:
                    values = arrivals.next(step).after(values)
                    outputs.append(glc.show(endpoint, values))
                elif not outputs:
                    outputs.append(glc.show(endpoint, arrivals.final(step.values)))
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


class FakeStream:
    """A stream of a session, played by the test: what `chunks()` gives comes out of a queue."""

    def __init__(self, *messages: Any, status: int = 200, end: bool = False):
        self.status = status
        self.url = "http://x/queue/data"
        self.headers: dict[str, str] = {}
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


class SessionTest(TestCase):
    def done(self, event_id: str, value: Any = None) -> dict[str, Any]:
        return {"msg": "process_completed", "event_id": event_id, "output": {"data": [value]}, "success": True}

    def session(self, *streams: FakeStream) -> glc.Session:
        self.http = FakeHttp(*streams)
        return glc.Session(self.http, glc.Routes("http://x"))  # type: ignore[arg-type]

    def setUp(self) -> None:
        super().setUp()
        self.heard: dict[str, queue.Queue[str]] = {name: queue.Queue() for name in "abcd"}

    def listen(self, session: glc.Session, event_id: str, join: Any = None, number: int = 0) -> Running:
        """A job's thread: collects the kinds of its messages, and tells each as it comes."""
        heard = self.heard[event_id]

        def run() -> list[Any]:
            kinds = []
            for message in session.messages(join or (lambda: event_id), number):
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
        self.assertFalse(session.lost)

    def test_ctrl_c_while_the_reader_is_started(self) -> None:
        for begins in (False, True):
            with self.subTest(begins=begins):
                stream = FakeStream()
                session = self.session(stream)
                with interrupted_start("stream", begins), self.assertRaises(KeyboardInterrupt):
                    next(session.messages(lambda: "a", 0))
                job = self.listen(session, "b")
                self.expect("b", "joined")
                stream.push(self.done("b"))
                self.assertEqual(job.result(), ["joined", "process_completed"])
                stream.end()
                self.wait_reader()
                self.assertEqual(len(self.http.opened), 1)
                self.expect("b", "process_completed")

    def test_ctrl_c_while_the_conversation_is_left(self) -> None:
        """It is not lost, as it would be in a generator that nobody closes."""
        session = self.session()
        call = mock.Mock(session=session)

        def messages(join: Any, number: int) -> Iterator[Any]:
            try:
                yield {"msg": "process_completed"}
            finally:
                raise KeyboardInterrupt

        with mock.patch.object(session, "messages", messages):
            conversation = glc.speak_shared(call)
            next(conversation)
            self.raises(KeyboardInterrupt, conversation.close)

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

    def test_silence_is_allowed_for_longer_than_heartbeats_are_apart(self) -> None:
        for timeout, silence in ((60.0, 60.0), (5.0, 45.0), (None, None)):
            session = self.session(FakeStream(self.done("a"), end=True))
            self.http.timeout = timeout  # type: ignore[assignment]
            self.listen(session, "a").result()
            self.wait_reader()
            self.assertEqual(self.http.timeouts, [silence])

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
        session = self.session(*(FakeStream({"msg": "heartbeat"}, end=True) for _ in range(5)))
        error = self.raises(glc.ConnectionLost, self.listen(session, "a").result)
        self.assertIn(
            "The stream of job a was lost: the server ended the stream before the job was complete", str(error)
        )
        self.assertEqual(error.event_id, "a")
        self.wait_reader()
        self.assertLessEqual(len(self.http.opened), 2)
        self.assertTrue(session.lost)

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
                self.assertTrue(session.lost)
                self.wait_reader()

    def test_a_stream_that_cannot_be_opened(self) -> None:
        session = self.session(FakeStream(status=500))
        error = self.raises(glc.ConnectionLost, self.listen(session, "a").result)
        self.assertIn("answered 500: no", str(error))
        self.wait_reader()

    def test_errors_of_the_session(self) -> None:
        for message in (
            {"msg": "unexpected_error", "event_id": None, "message": "404: Not Found", "session_not_found": True},
            {"msg": "unexpected_error", "message": "404: Session not found.", "success": False},
            {"msg": "unexpected_error", "event_id": None, "message": "Server stopped unexpectedly."},
            {"msg": "unexpected_error"},
        ):
            with self.subTest(message):
                session = self.session(FakeStream(message))
                error = self.raises(glc.ConnectionLost, self.listen(session, "a").result)
                self.assertIn(f"the server says {str(message.get('message'))!r}.", str(error))
                self.wait_reader()

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
        first = session.messages(lambda: "a", 0)
        self.assertEqual(next(first)["msg"], "joined")
        stream.push(self.done("a"))
        self.assertEqual(next(first)["msg"], "process_completed")
        (second,) = self.joined(session, "a")
        self.assertEqual(list(first), [])
        stream.push(self.done("a"))
        self.assertEqual(second.result(), ["joined", "process_completed"])
        stream.end()
        self.wait_reader()

    def test_what_only_this_side_says(self) -> None:
        ours = [{"msg": kind, "event_id": "a", "steps": 5} for kind in ("joined", "cancelled")]
        session = self.session(FakeStream(*ours, self.done("a"), end=True))
        self.assertEqual(self.listen(session, "a").result(), ["joined", "process_completed"])
        self.wait_reader()

    def test_a_join_that_fails(self) -> None:
        session = self.session()

        def join() -> str:
            raise glc.QueueError("full")

        self.raises(glc.QueueError, self.listen(session, "a", join).result)
        self.assertEqual((self.http.opened, gradio_threads()), ([], []))

    def test_a_word_to_one_job(self) -> None:
        stream = FakeStream()
        session = self.session(stream)
        jobs = dict(zip("ab", self.joined(session, "ab")))
        session.tell("a", {"msg": "cancelled"})
        session.tell("unknown", {"msg": "cancelled"})
        self.expect("a", "cancelled")
        stream.push(self.done("b"), self.done("a"))
        self.assertEqual(jobs["b"].result(), ["joined", "process_completed"])
        self.assertEqual(jobs["a"].result(), ["joined", "cancelled", "process_completed"])
        stream.end()
        self.wait_reader()

    def test_company(self) -> None:
        stream = FakeStream()
        session = self.session(stream)
        self.listen(session, "a", number=1)
        self.expect("a", "joined")
        self.assertEqual(session.company("a"), (True, True))
        self.listen(session, "b", number=2)
        self.expect("b", "joined")
        self.assertEqual(session.company("a"), (False, True))
        self.listen(session, "c", number=1)
        self.expect("c", "joined")
        self.assertEqual((session.company("a"), session.company("b")), ((False, False), (False, True)))
        session.retire("a")
        self.assertFalse(session.over)
        stream.push(self.done("b"), self.done("c"))
        self.expect("b", "process_completed")
        self.expect("c", "process_completed")
        wait_until(lambda: len(session._waiting) == 1)
        session.stateful = True
        self.assertEqual(session.company("a"), (False, True))
        session.stateful = False
        session.retire("a")
        self.assertTrue(session.over)
        self.assertTrue(self.http.aborts[0].aborted)
        self.raises(glc._Retired, self.listen(session, "d").result)
        stream.fail(glc.ConnectionLost("aborted"))
        self.wait_reader()

    def test_hashes_cannot_be_guessed(self) -> None:
        hashes = {self.session().hash for _ in range(50)}
        self.assertEqual(len(hashes), 50)
        for text in hashes:
            self.assertRegex(text, r"^[0-9a-f]{32}$")


class ExhaustedTest(ClientCase):
    def test_every_conversation_ends_by_itself(self) -> None:
        """Callers leave at the result; whoever listens on hears nothing more."""
        for protocol, name in (("sse_v3", "/add"), ("sse", "/add"), ("ws", "/add"), ("sse_v3", "/quick")):
            with self.subTest(protocol, name=name):
                client = self.client(self.app(protocol).url)
                args = (1, 2) if name == "/add" else ("x",)
                call = client._call(args, name, None, None, {})
                chosen = glc.choose_protocol(client._app, call.endpoint, skip_queue=False)
                messages = [message["msg"] for message in glc.PROTOCOLS[chosen].speak(call)]
                self.assertEqual(messages[-1], "process_completed")
                self.assertEqual(messages.count("process_completed"), 1)
                client.close()
        server = self.scripted(dependency("f", queue=False))
        server.on("POST", "/run/f", Reply.json({"error": "no"}, 500))
        call = self.client(server.url)._call(("x",), "/f", None, None, {})
        messages = [message["msg"] for message in glc.PROTOCOLS["http"].speak(call)]
        self.assertEqual(messages, ["process_starts", "process_completed"])


class CancelStepsTest(TestCase):
    def steps(self, version: str, started: bool, alone: bool, only: bool, **entry: Any) -> tuple[str, ...]:
        app = glc.App("http://x", config(dependency(**entry), version=version))
        return glc.cancel_steps(app, app.endpoints[0], started, alone, only)

    def test_no_step_stops_the_jobs_of_others(self) -> None:
        for version in RECORDED:
            for started, generator in itertools.product((True, False), repeat=2):
                types = {"generator": generator}
                with self.subTest(version, started=started, generator=generator):
                    steps = self.steps(version, started, False, False, types=types)
                    self.assertFalse({"close", "stop"} & set(steps))

    def test_the_newest(self) -> None:
        generator = {"types": {"generator": True}}
        self.assertEqual(self.steps("6.31.0", False, True, True), ("remove",))
        self.assertEqual(self.steps("6.31.0", False, True, True, **generator), ("empty", "remove"))
        self.assertEqual(self.steps("6.31.0", True, True, True, **generator), ("empty",))
        self.assertEqual(self.steps("6.31.0", True, False, True, inputs=[], **generator), ("stop",))
        self.assertEqual(self.steps("6.31.0", True, True, True, inputs=[], **generator), ("close",))
        self.assertEqual(self.steps("6.31.0", False, False, False, inputs=[], **generator), ("remove",))

    def test_5_0_to_6_13(self) -> None:
        generator = {"types": {"generator": True}}
        for version in ("5.0.2", "5.50.0", "6.0.2"):
            with self.subTest(version):
                for started, alone, only in itertools.product((True, False), repeat=3):
                    self.assertEqual(self.steps(version, started, alone, only, **generator), ("empty",))
                self.assertEqual(self.steps(version, False, False, True), ("empty",))
                for entry in ({"inputs": []}, {"batch": True}):  # there is no input to leave out
                    self.assertEqual(self.steps(version, False, True, True, **entry), ("close",))
                    self.assertEqual(self.steps(version, False, False, True, **entry), ())
                self.assertEqual(self.steps(version, False, False, True, inputs=[], **generator), ("later",))

    def test_a_generator_without_inputs_is_not_stopped_beside_a_sibling(self) -> None:
        generator = {"types": {"generator": True}}
        for version in ("5.0.2", "5.50.0", "6.0.2", "6.31.0"):
            with self.subTest(version):
                self.assertEqual(self.steps(version, True, True, True, inputs=[], **generator), ("close",))
                self.assertEqual(self.steps(version, True, False, True, inputs=[], **generator), ("stop",))
                self.assertEqual(self.steps(version, True, False, False, inputs=[], **generator), ())

    def test_older_ones(self) -> None:
        generator = {"types": {"generator": True}}
        self.assertEqual(self.steps("4.44.1", False, False, True, **generator), ("later",))
        self.assertEqual(self.steps("4.44.1", True, False, True, **generator), ("stop",))
        self.assertEqual(self.steps("4.44.1", True, False, False, **generator), ())
        self.assertEqual(self.steps("4.31.4", True, False, True, **generator), ("reset", "remove"))
        self.assertEqual(self.steps("4.24.0", True, False, True, **generator), ("reset",))
        self.assertEqual(self.steps("4.24.0", False, True, True), ("close",))
        self.assertEqual(self.steps("4.19.2", False, True, True), ())


# === Job ==============================================================================================================


class JobTest(TestCase):
    def job(self, stoppable: bool = False) -> glc.Job:
        return glc.Job("/f", stoppable, lambda values: values[0] if len(values) == 1 else tuple(values))

    def publish(self, job: glc.Job, code: glc.Status, *values: Any, edits: Any = None) -> None:
        job._publish(glc.Step(glc.StatusUpdate(code), list(values) or None, edits))

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
        job._finish(["a", 2])
        self.assertEqual((job.status().code, job.status().success), (glc.Status.FINISHED, True))
        self.assertEqual((job.done(), job.running(), job.cancelled()), (True, False, False))
        self.assertEqual((job.result(0), job.outputs(), job.exception(0)), (("a", 2), [("a", 2)], None))
        self.assertEqual(repr(job), "<Job /f FINISHED>")

    def test_a_generator_gives_its_last_value(self) -> None:
        job = self.job(True)
        self.yields(job, "a", "b")
        job._finish(["c"])
        self.assertEqual((job.outputs(), job.result(0), list(job)), (["a", "b"], "c", ["a", "b"]))

    def test_a_failure(self) -> None:
        job = self.job(True)
        self.yields(job, "a")
        error = glc.AppError("boom")
        job._fail(error)
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
        job._finish(["a"])
        job._fail(RuntimeError("late"))
        job._finish(["b"])
        self.yields(job, "c")
        self.assertEqual((job.cancel(), job.result(0), job.outputs()), (False, "a", ["a"]))
        job = self.job()
        job._fail(RuntimeError("first"))
        job._finish(["b"])
        self.assertFalse(job.cancel())
        self.assertEqual((str(job.exception(0)), job.outputs()), ("first", []))
        job = self.job()
        self.assertTrue(job.cancel())
        job._finish(["b"])
        job._fail(RuntimeError("late"))
        self.yields(job, "c")
        self.assertEqual((job.cancelled(), job.outputs(), job.status().code), (True, [], glc.Status.CANCELLED))

    def test_outputs_from_edits(self) -> None:
        job = self.job(True)
        self.publish(job, glc.Status.ITERATING, "a")
        for letter in "bc":
            self.publish(job, glc.Status.ITERATING, edits=[[["append", [], letter]]])
        job._finish(["abc"])
        for _ in range(2):
            self.assertEqual((job.outputs(), list(job)), (["a", "ab", "abc"], ["a", "ab", "abc"]))

    def test_outputs_is_a_copy(self) -> None:
        job = self.job(True)
        self.yields(job, "a")
        job.outputs().append("b")
        self.assertEqual(job.outputs(), ["a"])

    def test_iteration_as_values_come(self) -> None:
        job = self.job(True)
        got: queue.Queue[Any] = queue.Queue()

        def iterate() -> None:
            for value in job:
                got.put(value)

        running = Running(iterate)
        for value in "abc":
            self.yields(job, value)
            self.assertEqual(got.get(timeout=DEADLINE), value)
        job._finish(["c"])
        self.assertIsNone(running.result())
        self.assertTrue(got.empty())

    def test_each_iterator_begins_at_the_first_value(self) -> None:
        job = self.job(True)
        self.yields(job, "a")
        early = iter(job)
        self.assertEqual(next(early), "a")
        waiting = [Running(list, job) for _ in range(3)]
        self.yields(job, "b")
        late = iter(job)
        self.assertEqual([next(late), next(early), next(late)], ["a", "b", "b"])
        job._finish(["b"])
        for running in waiting:
            self.assertEqual(running.result(), ["a", "b"])
        self.assertEqual((list(job), list(early), list(late)), (["a", "b"], [], []))

    def test_a_plain_function_gives_one_value(self) -> None:
        job = self.job()
        job._finish(["x"])
        self.assertEqual((list(job), list(job)), (["x"], ["x"]))

    def test_a_generator_without_values_gives_none_but_its_result(self) -> None:
        job = self.job(True)
        job._finish([None])
        self.assertEqual((job.result(0), list(job)), (None, [None]))

    def test_cancelling_at_every_step(self) -> None:
        for code in glc.Status:
            if code in (glc.Status.FINISHED, glc.Status.CANCELLED):
                continue
            for stoppable in (False, True):
                with self.subTest(code, stoppable=stoppable):
                    job = self.job(stoppable)
                    ended: list[int] = []
                    job._on_cancel(lambda ended=ended: ended.append(1))  # type: ignore[misc]
                    self.publish(job, code, *("a" if code is glc.Status.ITERATING else ""))
                    running = not code < glc.Status.PROCESSING
                    possible = stoppable or not running or code is glc.Status.ITERATING
                    self.assertIs(job.cancel(), possible)
                    self.assertIs(job.cancelled(), possible)
                    self.assertEqual(ended, [1] if possible else [])
                    if not possible:
                        self.assertEqual((job.status().code, job.done()), (code, False))
                        job._finish(["later"])
                        self.assertEqual(job.result(0), "later")
                        continue
                    self.assertEqual((job.status().code, job.status().success), (glc.Status.CANCELLED, False))
                    with self.assertRaises(concurrent.futures.CancelledError):
                        job.result(0)
                    self.assertEqual(list(job), job.outputs())
                    self.assertTrue(job.cancel())
                    self.assertEqual(ended, [1])

    def test_a_generator_that_cannot_be_stopped_alone(self) -> None:
        job = self.job(True)
        ended: list[int] = []
        job._on_cancel(lambda: ended.append(1), lambda: False)
        self.publish(job, glc.Status.PROCESSING)
        self.assertEqual((job.cancel(), job.cancelled(), ended), (False, False, []))
        job._on_cancel(lambda: ended.append(1), lambda: True)
        self.assertEqual((job.cancel(), job.cancelled(), ended), (True, True, [1]))

    def test_cancel_ends_a_waiting_iterator_without_an_error(self) -> None:
        job = self.job(True)
        self.yields(job, "a")
        running = Running(list, job)
        self.assertTrue(job.cancel())
        self.assertEqual((running.result(), job.outputs()), (["a"], ["a"]))

    def test_what_ends_the_conversation_is_called_even_if_it_comes_after_cancel(self) -> None:
        job = self.job()
        job.cancel()
        ended: list[int] = []
        job._on_cancel(lambda: ended.append(1))
        self.assertEqual(ended, [1])

    def test_wait_and_as_completed(self) -> None:
        good, bad, gone, open_ = (self.job() for _ in range(4))
        running = Running(concurrent.futures.wait, [good, bad, gone], DEADLINE)
        completed = concurrent.futures.as_completed([good, bad, gone], DEADLINE)
        good._finish([1])
        self.assertIs(next(completed), good)
        bad._fail(glc.AppError("x"))
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
                job._finish([1]) if end == "finish" else job._fail(OSError()) if end == "fail" else job.cancel()
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
            job._finish([1])
        self.assertEqual((seen, job.result(0)), ([job], 1))

    def run_async(self, coroutine: Any) -> Any:
        async def limited() -> Any:
            return await asyncio.wait_for(coroutine, DEADLINE)

        return asyncio.run(limited())

    def test_cancel_is_complete_even_if_a_callback_ends_the_thread(self) -> None:
        job = self.job()
        ended = []
        job._on_cancel(lambda: ended.append(1))
        job.add_done_callback(lambda job: sys.exit(3))
        self.raises(SystemExit, job.cancel)
        self.assertEqual(ended, [1])
        self.assertEqual(concurrent.futures.wait([job], DEADLINE).done, {job})

    def test_await(self) -> None:
        good, bad = self.job(), self.job()
        bad._fail(glc.AppError("boom"))

        async def main() -> Any:
            asyncio.get_running_loop().call_soon(good._finish, ["x"])
            with self.assertRaises(glc.AppError):
                await bad
            return await good

        self.assertEqual(self.run_async(main()), "x")

    def test_async_for(self) -> None:
        job = self.job(True)
        steps: list[Callable[[], Any]] = [
            lambda: self.publish(job, glc.Status.PROCESSING),
            lambda: self.yields(job, "a"),
            lambda: self.yields(job, "b"),
            lambda: job._finish(["b"]),
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
        self.assertEqual(job._wakers, [])

    def test_async_for_leaves_out_no_output(self) -> None:
        job = self.job(True)
        self.yields(job, *range(50))
        job._finish([49])

        async def main() -> list[Any]:
            return [update async for update in job]

        for _ in range(2):
            updates = self.run_async(main())
            outputs = [update for update in updates if update.type == "output"]
            self.assertEqual([update.outputs for update in outputs], list(range(50)))
            self.assertEqual([update.final for update in outputs], [False] * 49 + [True])
            self.assertEqual(updates[-1].code, glc.Status.FINISHED)

    def test_async_for_leaves_out_no_log(self) -> None:
        job = self.job(True)
        texts = [(f"info {number}", "info") for number in range(5)]

        def log(text: tuple[str, str]) -> None:
            job._publish(glc.Step(glc.StatusUpdate(glc.Status.LOG, log=text)))

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
                    job._finish(["a"])
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
        job = self.job(True)
        self.yields(job, "a")
        job._fail(glc.AppError("boom"))
        seen = []

        async def main() -> None:
            async for update in job:
                seen.append(update.type)

        self.raises(glc.AppError, self.run_async, main())
        self.assertEqual(seen, ["output", "status"])

    def test_async_for_ends_when_the_job_is_cancelled(self) -> None:
        job = self.job(True)

        async def main() -> list[Any]:
            asyncio.get_running_loop().call_soon(job.cancel)
            return [update.code async for update in job]

        self.assertEqual(self.run_async(main()), [glc.Status.STARTING, glc.Status.CANCELLED])

    def test_async_for_tells_each_status_once(self) -> None:
        job = self.job()

        async def main() -> None:
            updates = job.__aiter__()
            self.assertEqual((await updates.__anext__()).code, glc.Status.STARTING)
            following = asyncio.ensure_future(updates.__anext__())
            for _ in range(10):
                job._publish()  # wakes it, with nothing new
                await asyncio.sleep(0)
            self.assertFalse(following.done())
            job._fail(glc.AppError("end"))
            self.assertEqual((await following).code, glc.Status.FINISHED)
            await updates.__anext__()

        self.raises(glc.AppError, self.run_async, main())

    def test_an_event_loop_that_has_gone_harms_nobody(self) -> None:
        job = self.job(True)

        async def main() -> Any:
            iterator = job.__aiter__()
            await iterator.__anext__()
            return iterator

        iterator = self.run_async(main())
        self.yields(job, "a")
        job._finish(["a"])
        self.assertEqual(job.result(0), "a")
        del iterator

    def test_many_threads_see_the_same(self) -> None:
        job = self.job(True)
        readers = [Running(list, job) for _ in range(8)]
        for number in range(200):
            self.yields(job, number)
        job._finish([199])
        for reader in readers:
            self.assertEqual(reader.result(), list(range(200)))


# === Client ===========================================================================================================


class ConnectTest(ClientCase):
    def test_every_spelling_of_an_address(self) -> None:
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

    def test_a_redirect_leads_to_the_app_and_takes_no_credentials_along(self) -> None:
        app = self.app(mount="/there")
        with self.serve() as server:
            server.on("GET", "/config", Reply(307, {"Location": app.url + "/config"}))
            client = self.client(server.url, "secret-token", headers={"X-Secret": "1"}, cookies={"c": "1"})
            self.assertEqual(client.src, app.url)
            self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
            self.assertEqual(len(server.requests), 1)
            self.assertEqual(server.requests[0].headers["x-secret"], "1")
            for request in app.requests:
                self.assertFalse({"x-secret", "x-hf-authorization", "cookie"} & request.headers.keys())

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
        for src in ("ftp://x", "http://", "file:///etc/passwd"):
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
                error = self.raises(ValueError, self.client, src, **options)
                self.assertIn("//127.0.0.1", str(error))
                self.assertNotIn("s3cret", str(error))

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
                error = self.raises(glc.AuthenticationError, self.client, app.url)
                self.assertIn("Log in with auth=(user, password)", str(error))
                error = self.raises(TypeError, self.client, app.url, auth="Ada:x")
                self.assertIn("auth= takes a tuple of two, (user, password).", str(error))

    def test_behind_a_redirect(self) -> None:
        """A password goes to the host of the URL, or not at all."""
        app = self.app(auth=("Ada", "x"))
        with self.serve() as server:
            server.on("GET", "/config", Reply(301, {"Location": app.url + "/config"}))
            error = self.raises(glc.AuthenticationError, self.client, server.url, auth=("Ada", "x"))
            self.assertIn(f"{server.url} redirects to {app.url}, which wants a login.", str(error))
            self.assertEqual(self.paths(server) + self.paths(app), ["GET /config"] * 2)
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

    def test_a_pipe_that_has_been_read_is_not_sent_empty(self) -> None:
        app = self.app(auth=("Ada", "x"))
        client = self.client(app.url, auth=("Ada", "x"))
        app._logins.clear()
        out, into = os.pipe()
        os.write(into, b"once")
        os.close(into)
        with os.fdopen(out, "rb") as pipe:
            marked = glc.handle_file(pipe, "a.txt")
            self.raises(glc.AuthenticationError, client.predict, marked, api_name="/copy_file")
        self.assertEqual(glc.is_spent(glc.handle_file(__file__)), False)
        self.assertEqual(client.predict("x", api_name="/echo"), "x")

    def test_an_app_that_has_no_passwords(self) -> None:
        with self.serve() as server:
            server.on("GET", "/config", Reply.json({"auth_required": True}, 401))
            server.on("POST", "/login", Reply(307, {"Location": "/elsewhere"}))
            error = self.raises(glc.AuthenticationError, self.client, server.url, auth=("Ada", "x"))
            self.assertIn("has no login by password: pass headers= or cookies= instead of auth=.", str(error))


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

    def test_hidden_ones_are_not_suggested(self) -> None:
        server = self.scripted(dependency("seen"), dependency("reset_1", show_api=False))
        client = self.client(server.url)
        for name in ("reset_2", "seem"):
            self.assertNotIn("reset_1", str(self.raises(ValueError, client.predict, "x", api_name=name)))
        self.assertIn("1 named endpoints", repr(client))
        job = client.submit("x", api_name="/reset_1")
        server.next_stream().push(self.completed("y"))
        self.assertEqual(job.result(DEADLINE), "y")


class CallTest(ClientCase):
    def test_a_signal_handler_may_call(self) -> None:
        """Even if its signal comes while the main thread, in which it runs, joins the queue."""
        client = self.client(self.app().url)
        heard: list[Any] = []
        join = glc.join_queue

        def interrupted(call: glc.Call) -> str:
            if not heard:
                heard.append("signal")
                signal.raise_signal(signal.SIGTERM)
            return join(call)

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
            (Reply.json([1]), glc.ProtocolError, "without an output"),
            (None, glc.ConnectionFailed, "Could not talk to"),
        ):
            with self.subTest(words):
                server.on("POST", "/run/f", reply)
                error = self.raises(kind, client.predict, "x")
                self.assertIn(words, str(error))
                self.assertEqual(self.carried(error)[2:5], ("/f", None, glc.Status.PROCESSING))
                if kind is glc.HTTPError:
                    told = (error.status, error.url, error.retry_after)
                    self.assertIn(told, ((503, server.url + "/run/f", "7"), (404, server.url + "/run/f", None)))

    def test_messages_of_the_future_are_passed_over(self) -> None:
        server = self.scripted()
        job = self.client(server.url).submit("x")
        server.next_stream().push({"msg": "of the future", "event_id": "id"}, self.completed("y"))
        self.assertEqual(job.result(DEADLINE), "y")

    def test_a_session_that_ends_before_the_join(self) -> None:
        app = self.app()
        real = glc.Session._join
        for endpoint in ("/echo", "/count"):  # the latter has State
            client = self.client(app.url)
            first = client._session

            def join(session: glc.Session, *args: Any, first: glc.Session = first) -> str:
                if session is first:
                    session._abort()
                return real(session, *args)

            with self.subTest(endpoint), mock.patch.object(glc.Session, "_join", join):
                client.submit("x", api_name=endpoint).result(DEADLINE)
                self.assertNotEqual(client.session_hash, first.hash)

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
        seen: queue.Queue[glc.StatusUpdate] = queue.Queue()
        job._wakers.append(lambda: seen.put(job.status()))
        for message, code in (
            ({"msg": "estimation", "rank": 1, "queue_size": 2, "rank_eta": 3.5}, glc.Status.IN_QUEUE),
            ({"msg": "process_starts", "eta": 1}, glc.Status.PROCESSING),
            ({"msg": "progress", "progress_data": [{"index": 1, "length": 2}]}, glc.Status.PROGRESS),
            ({"msg": "log", "log": "hello", "level": "info"}, glc.Status.LOG),
        ):
            stream.push({**message, "event_id": "id"})
            self.assertEqual(seen.get(timeout=DEADLINE).code, code)
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
                    retry_after = "7" if kind is glc.TooManyRequestsError else None
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
                url = f"{server.url}/queue/data?session_hash={session}"
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
        job = self.client(server.url).submit("x")
        deep = "[" * 3000 + "]" * 3000
        text = json.dumps(self.completed("VALUE")).replace('"VALUE"', deep)
        stream = server.next_stream()
        stream.raw(f"data: {text}\n\n".encode())
        stream.end()
        error = job.exception(DEADLINE)
        self.assertTrue(error is None or isinstance(error, glc.GradioError), error)

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
            if number < 2:
                wait_until(lambda n=number: len(server.requests) >= n + 4)  # type: ignore[misc]

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

    def test_jobs_that_have_one_are_not_concerned(self) -> None:
        client = self.client(self.app().url)
        go, work = threading.Event(), glc.Client._work

        def late(client: glc.Client) -> None:
            go.wait(DEADLINE)
            work(client)

        with mock.patch.object(glc.Client, "_work", late):
            jobs = [client.submit(text, api_name="/echo") for text in "ab"]
            with self.no_threads():
                last = client.submit("c", api_name="/echo")
            go.set()
        self.raises(RuntimeError, last.result, DEADLINE)
        self.assertEqual([job.result(DEADLINE) for job in jobs], ["a", "b"])

    def test_the_outcome_of_a_job_comes_before_the_callbacks_of_others(self) -> None:
        for exits in (False, True):
            with self.subTest(exits=exits):
                server = self.server()
                client = self.client(server.url, max_workers=1)
                first, second = client.submit("a"), client.submit("b")
                seen: list[Any] = []
                second.add_done_callback(lambda _, first=first, seen=seen: seen.append(first.result(DEADLINE)))
                if exits:
                    second.add_done_callback(lambda _: sys.exit(1))
                stream = server.next_stream()
                with self.no_threads():
                    stream.push(self.completed("x", event_id="a"))
                    self.raises(RuntimeError, second.result, DEADLINE)
                    wait_until(lambda client=client: not client._running and seen)
                self.assertEqual(seen, ["x"])
                client.close()
                if exits:
                    wait_until(lambda: self._stray)
                    self.assertIn("SystemExit", str(self._stray.pop()))

    def test_none_for_the_stream(self) -> None:
        """The server, which has taken the job, is told."""
        server = self.server(types={"generator": True})
        client = self.client(server.url)
        with self.no_threads("stream"):
            self.raises(RuntimeError, client.submit("x").result, DEADLINE)
        (told,) = server.wait_for("POST", "/stream/a")
        self.assertEqual(told.json()["data"], [])

    def test_ctrl_c_in_submit_holds_up_no_later_job(self) -> None:
        server = self.server()
        client = self.client(server.url)
        with mock.patch.object(glc.Client, "_start_waiting", side_effect=KeyboardInterrupt):
            self.raises(KeyboardInterrupt, client.submit, "interrupted")
        for text in "xyz":
            client.submit(text)
        joins = server.wait_for("POST", "/queue/join", 4)
        self.assertEqual({join.json()["data"][0] for join in joins}, {"interrupted", *"xyz"})
        client.close()


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

    def test_a_generator_of_3_16_without_a_queue(self) -> None:
        server = self.scripted(dependency("f", queue=False), version="3.16.2", protocol="ws")
        go = threading.Event()

        def step(request: Any) -> Any:
            if len([path for path in self.paths(server) if path == "POST /run/f"]) > 1:
                go.wait(DEADLINE)
            return {"data": ["x"], "is_generating": True}

        server.on("POST", "/run/f", step)
        job = self.client(server.url).submit("x")
        self.assertEqual(self.first(job), "x")
        server.wait_for("POST", "/run/f", 2)
        self.assertTrue(job.cancel())
        go.set()
        wait_until(lambda: not gradio_threads())
        self.assertEqual(self.paths(server).count("POST /run/f"), 2)

    def test_a_queued_generator_of_4_44_is_stopped_as_it_starts(self) -> None:
        """This server can only stop what runs, and another job needs the stream."""
        types = {"generator": True}
        server = self.scripted(dependency("f", types=types), dependency("g", types=types), version="4.44.1")
        server.on("POST", "/queue/join", {"event_id": "f"}, {"event_id": "g"})
        server.on("POST", "/cancel", {"success": True})
        client = self.client(server.url)
        other = client.submit("x", api_name="/f")
        stream = server.next_stream()
        job = client.submit("x", api_name="/g")
        server.wait_for("POST", "/queue/join", 2)
        stream.push({"msg": "estimation", "event_id": "g", "rank": 1})
        wait_until(lambda: job.status().code is glc.Status.IN_QUEUE)
        self.assertTrue(job.cancel())
        self.assertEqual(self.paths(server).count("POST /cancel"), 0)
        stream.push({"msg": "process_starts", "event_id": "g"})
        (cancel,) = server.wait_for("POST", "/cancel")
        self.assertEqual((cancel.json()["event_id"], cancel.json()["fn_index"]), ("g", 1))
        stream.push(self.completed("y", event_id="f"))
        self.assertEqual(other.result(DEADLINE), "y")

    def test_a_generator_of_4_44_that_starts_while_another_call_of_it_waits(self) -> None:
        """Nothing can be done until that one has ended; then it is stopped."""
        server = self.scripted(dependency("f", types={"generator": True}), dependency("g"), version="4.44.1")
        server.on("POST", "/queue/join", {"event_id": "g"}, {"event_id": "a"}, {"event_id": "b"})
        server.on("POST", "/cancel", {"success": True})
        client = self.client(server.url)
        client.submit("x", api_name="/g")
        stream = server.next_stream()
        jobs = [client.submit("x", api_name="/f") for _ in range(2)]
        server.wait_for("POST", "/queue/join", 3)
        stream.push(
            {"msg": "estimation", "event_id": "a", "rank": 0}, {"msg": "estimation", "event_id": "b", "rank": 1}
        )
        wait_until(lambda: {job.status().rank for job in jobs} == {0, 1})
        first, second = sorted(jobs, key=lambda job: job.status().rank or 0)
        self.assertTrue(first.cancel())
        planned: list[Any] = []
        steps = glc.cancel_steps
        self.patch(glc, "cancel_steps", lambda *args: planned.append(steps(*args)) or planned[-1])
        stream.push({"msg": "process_starts", "event_id": "a"})
        wait_until(lambda: planned == [()])
        self.assertEqual(self.paths(server).count("POST /cancel"), 0)
        stream.push(self.completed("y", event_id="b"))
        self.assertEqual(second.result(DEADLINE), "y")
        stream.push({"msg": "process_generating", "event_id": "a", "output": {"data": ["z"]}, "success": True})
        (cancel,) = server.wait_for("POST", "/cancel")
        self.assertEqual((cancel.json()["event_id"], cancel.json()["fn_index"]), ("a", 0))

    def test_a_generator_of_4_32_that_had_not_yielded_when_it_was_to_be_reset(self) -> None:
        """The server says so, and is told again after the next message."""
        types = {"generator": True}
        server = self.scripted(dependency("f", types=types), dependency("g", types=types), version="4.32.2")
        server.on("POST", "/queue/join", {"event_id": "f"}, {"event_id": "g"})
        server.on("POST", "/reset", {"success": False}, {"success": True})
        server.on("POST", "/cancel", {"success": True})
        client = self.client(server.url)
        client.submit("x", api_name="/f")
        stream = server.next_stream()
        job = client.submit("x", api_name="/g")
        server.wait_for("POST", "/queue/join", 2)
        stream.push({"msg": "process_starts", "event_id": "g"})
        wait_until(lambda: job.status().code is glc.Status.PROCESSING)
        self.assertTrue(job.cancel())
        server.wait_for("POST", "/reset")
        stream.push({"msg": "process_generating", "event_id": "g", "output": {"data": ["y"]}, "success": True})
        server.wait_for("POST", "/cancel")
        ends = [path for path in self.paths(server) if path in ("POST /reset", "POST /cancel")]
        self.assertEqual(ends, ["POST /reset", "POST /reset", "POST /cancel"])

    def test_between_the_upload_and_the_call(self) -> None:
        for last in ("_send_files", "_complete"):
            with self.subTest(last):
                server = self.scripted()
                client = self.client(server.url)

                def do_and_cancel(do: Any, call: Any) -> Any:
                    done = do(call)
                    self.assertTrue(call.job.cancel())
                    return done

                self.patch(client, last, partial(do_and_cancel, getattr(client, last)))
                self.raises(concurrent.futures.CancelledError, client.submit("x").result, DEADLINE)
                self.assertEqual(self.paths(server), ["GET /config"])
                client.close()

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
        real = glc.Job._publish

        def publish(job: glc.Job, *args: Any) -> None:
            real(job, *args)
            if args and args[0].status.code is glc.Status.ITERATING:
                raise KeyboardInterrupt

        for version in ("3.50.2", "4.8.0", "4.44.1", "6.31.0"):
            with self.subTest(version):
                app = self.app(version=version)
                client = self.client(app.url)
                with mock.patch.object(glc.Job, "_publish", publish), self.assertRaises(KeyboardInterrupt):
                    client.predict(1000, 300, f"ctrl-c-{version}", api_name="/steps")
                client.submit(f"ctrl-c-{version}", 9, api_name="/wake").result(DEADLINE)
                self.assertEqual(client.predict("x", api_name="/echo"), "x")
                client.close()

    def test_ctrl_c_as_the_server_has_just_taken_the_job(self) -> None:
        server = self.scripted()
        client = self.client(server.url)
        with mock.patch.object(glc.Session, "_join", new=interrupted(glc.Session._join)):
            with self.assertRaises(KeyboardInterrupt):
                client.predict("x")
        (request,) = server.wait_for("POST", "/cancel")
        self.assertEqual(request.json()["event_id"], "id")
        self.assertEqual(client._session._waiting, {})
        client.close()

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
        self.assertNotEqual(request.json()["fn_index"], 0)
        with self.assertRaises(concurrent.futures.CancelledError):
            job.result(DEADLINE)

    def test_one_in_the_queue_of_a_server_that_cannot_take_it_out(self) -> None:
        app = self.app(version="4.24.0")
        client = self.client(app.url)
        running = client.submit(300, "later-a", api_name="/sleep")
        wait_until(running.running)
        waiting = client.submit(3, 300, "later-b", api_name="/steps")
        wait_until(lambda: waiting.status().code is glc.Status.IN_QUEUE)
        self.assertTrue(waiting.cancel())
        client.submit("later-a", 9, api_name="/wake").result(DEADLINE)
        self.assertEqual(running.result(DEADLINE), "slept later-a")
        wait_until(lambda: app._running and not app._running[0].alive, "the end of the generator", DEADLINE / 4)
        client.submit("later-b", 9, api_name="/wake").result(DEADLINE)
        self.assertTrue(waiting.cancelled())
        self.assertEqual(client.predict("x", api_name="/echo"), "x")


class CloseTest(ClientCase):
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
        self.raises(SystemExit, client.close)
        for job in jobs:
            self.raises(glc.ConnectionLost, job.result, DEADLINE)
        self.assertEqual(ended, jobs[1:])

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
    def test_two_threads_of_another_process_begin_anew_once(self) -> None:
        client = self.client(self.app("sse_v2").url)
        entered, go = threading.Event(), threading.Event()
        times = []

        def after_fork() -> None:
            times.append(1)
            entered.set()
            go.wait(DEADLINE)

        self.patch(client._http, "after_fork", after_fork)
        self.patch(os, "getpid", lambda: 1_000_000)
        first = Running(lambda: client.session_hash)
        self.assertTrue(entered.wait(DEADLINE))
        second = Running(lambda: client.session_hash)
        wait_until(lambda: client._forked.locked() and second.thread.is_alive())
        go.set()
        self.assertEqual(first.result(), second.result())
        self.assertEqual(times, [1])
        client.close()

    def test_in_another_process_it_begins_anew(self) -> None:
        """Here nothing is forked, but the process seems to be another; F.ForkTest forks."""
        app = self.app("sse_v2", auth=("ada", "pass"))
        client = self.client(app.url, auth=("ada", "pass"))
        self.assertEqual(client.predict(1, 2, api_name="/add"), 3)
        session, http = client.session_hash, client._http
        parents = [connection for idle in http._idle.values() for connection in idle]
        self.patch(os, "getpid", lambda: 1_000_000)
        self.assertNotEqual(client.session_hash, session)
        self.assertLessEqual({connection.sock.fileno() for connection in parents}, {-1})
        self.assertEqual(client.predict(3, 4, api_name="/add"), 7)  # with the cookie of the login
        client.close()

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
            client._current_session()
            del streams["/queue/data"]
            for heartbeat in streams.values():
                heartbeat.wait_lost()
        wait_until(lambda: not gradio_threads())


class WatchTest(ClientCase):
    """What the command line looks on with."""

    def test_every_message_is_shown_in_the_thread_of_the_call(self) -> None:
        app = self.app()
        client = self.client(app.url)
        seen: list[Any] = []

        def result(name: str, value: Any) -> Any:
            call = client._call([value], name, None, None, {})
            job = call.job
            job._wakers.append(lambda: seen.append((threading.current_thread(), job.status(), job.outputs())))
            return client._result(call)

        self.assertEqual(result("/talk", "x"), "said x")
        self.assertEqual({thread for thread, _, _ in seen}, {threading.current_thread()})
        logs = [status.log for _, status, _ in seen if status.log]
        self.assertEqual(logs, [("info x", "info"), ("warning x", "warning")])
        seen.clear()
        result("/stream", 3)
        self.assertEqual([len(outputs) for _, status, outputs in seen if status.code.value == "ITERATING"], [1, 2, 3])

    def test_bytes_of_files_are_counted(self) -> None:
        app = self.app()
        client = self.client(app.url)
        seen: list[Any] = []
        client._moved = lambda *told: seen.append(told)
        size = 3 * glc.UPLOAD_CHUNK + 1
        client.predict(glc.handle_file(b"x" * size, "big.txt"), api_name="/copy_file")
        for what in ("uploading", "downloading"):
            told = [told for told in seen if told[0] == what]
            self.assertEqual({told[1:3] for told in told}, {("big.txt", size)})
            done = [told[3] for told in told]
            self.assertEqual((done, done[-1]), (sorted(set(done)), size))
            self.assertGreater(len(told), 3)


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
                    (glc.handle_file(bytearray(b"array"), "a.txt"), b"array"),
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

    def test_an_open_file_in_several_jobs(self) -> None:
        client = self.client(self.app().url)
        with tempfile.TemporaryFile() as opened, contextlib.ExitStack() as stack:
            opened.write(b"skipped, sent")
            opened.seek(9)
            marked = [glc.handle_file(opened, name) for name in ("a.txt", "b.txt")]
            one, two = (client._open(item, stack) for item in marked)
            self.assertEqual([one.read(2), two.read(3), one.read(2), two.read(1)], [b"se", b"sen", b"nt", b"t"])
            for path in client.predict(marked, api_name="/copy_files"):
                self.assertEqual(Path(path).read_bytes(), b"sent")

    def test_a_file_that_is_deleted_before_it_is_sent(self) -> None:
        path = self.folder() / "a.txt"
        path.write_text("x")
        marked = glc.handle_file(path)
        path.unlink()
        error = self.raises(ValueError, self.client(self.app().url).predict, marked, api_name="/copy_file")
        self.assertIn("File a.txt could not be read: ", str(error))

    @unittest.skipUnless(hasattr(os, "mkfifo"), "needs named pipes")
    def test_a_named_pipe(self) -> None:
        client = self.client(self.app().url)
        path = self.folder() / "pipe"
        os.mkfifo(path)
        writer = Running(path.write_bytes, b"from a pipe")
        self.assertEqual(
            Path(client.predict(glc.handle_file(path), api_name="/copy_file")).read_bytes(), b"from a pipe"
        )
        writer.result()

    def test_what_handle_file_refuses(self) -> None:
        error = self.raises(ValueError, glc.handle_file, "/no/such/file")
        self.assertEqual(str(error), "File /no/such/file does not exist on local filesystem and is not a valid URL.")
        self.assertIn("is a folder", str(self.raises(ValueError, glc.handle_file, str(self.downloads))))
        with open(__file__, encoding="utf-8") as text, open(__file__, "rb") as closed:
            closed.close()
            for wrong in (text, closed, io.StringIO("x")):
                self.assertIn("in binary mode", str(self.raises(ValueError, glc.handle_file, wrong)))
        self.raises(TypeError, glc.handle_file, 5)
        self.raises(TypeError, glc.handle_file, {"path": __file__})

    def test_nothing_but_handle_file_reads_the_disk(self) -> None:
        app = self.app()
        client = self.client(app.url)
        for value in (
            dict(MARKED, path=__file__),
            glc.FileData(MARKED, path=__file__),
            {"name": __file__, "is_file": True},
        ):
            with contextlib.suppress(glc.AppError):
                client.predict(value, api_name="/copy_file")
        self.assertNotIn(f"POST {app.api}/upload", self.paths(app))
        with self.assertRaisesRegex(TypeError, "wrap it in handle_file"):
            client.predict(upload=__file__, api_name="/copy_file")

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
                    str(error), "File big.txt has 6 bytes, which exceeds the maximum file size of the app, 5 bytes."
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
        """Whatever its read() raises ends the job, at once, and no other; what looks like the network's is not."""

        class Broken(io.BytesIO):
            error: BaseException = OSError()

            def read(self, *_: Any) -> bytes:
                raise self.error

        client = self.client(self.app().url, max_workers=1, timeout=None)
        for kind in (KeyboardInterrupt, SystemExit, OSError, ConnectionResetError, RuntimeError):
            with self.subTest(kind):
                source = Broken(b"abc")
                source.error = kind("no luck")
                job = client.submit(glc.handle_file(source, "a.txt"), api_name="/digest")
                error = self.raises(ValueError if issubclass(kind, OSError) else kind, job.result, DEADLINE)
                self.assertIn("no luck", str(error))
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

    def test_a_folder_that_may_not_be_written_to(self) -> None:
        """As the default one, if another user of the machine has made it. Tests may run as root, who may do all."""
        client = self.client(self.app().url, download_files=self.folder())
        refused = PermissionError(errno.EACCES, "Permission denied", "made")
        with mock.patch.object(glc, "save", side_effect=refused):
            error = self.raises(PermissionError, client.predict, "a.txt", 5, api_name="/make_file")
        self.assertIn("choose another folder with Client(download_files=…)", str(error))

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

    def test_each_file_is_fetched_once(self) -> None:
        server = self.scripted()
        server.on("GET", "/file=/srv/a.txt", "content")
        self.given(server, other=[MARKED])
        self.assertEqual(self.paths(server).count("GET /file=/srv/a.txt"), 1)

    def test_a_download_that_fails_leaves_nothing(self) -> None:
        for reply, kind in (
            (Reply(200, {"Content-Length": "100"}, [b"half"], close=True), glc.ConnectionLost),
            (Reply(404, (), "gone"), glc.HTTPError),
            (Reply.json({"detail": "File not allowed"}, 403), glc.AuthenticationError),
            (None, glc.ConnectionFailed),
        ):
            with self.subTest(kind.__name__):
                server = self.scripted()
                server.on("GET", "/file=*", reply)
                with self.assertRaises(kind) as caught:
                    self.given(server)
                self.assertEqual(caught.exception.url, server.url + "/file=/srv/a.txt")
                self.assertEqual(self.files(), [])

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

    def test_a_file_as_a_data_url(self) -> None:
        server = self.scripted(version="3.50.2", protocol="sse_v3")
        for old in ({"name": "a.txt", "data": "data:text/plain;base64,aGVsbG8=", "is_file": False},):
            client = self.client(server.url)
            job = client.submit("x")
            server.next_stream().push(self.completed(old))
            self.assertEqual(Path(job.result(DEADLINE)).read_bytes(), b"hello")

    def test_the_default_folder(self) -> None:
        with mock.patch.dict(os.environ, {"GRADIO_TEMP_DIR": "/some/where"}):
            self.assertEqual(glc.default_folder(), "/some/where")
        with mock.patch.dict(os.environ, {"GRADIO_TEMP_DIR": ""}):
            self.assertEqual(glc.default_folder(), os.path.join(tempfile.gettempdir(), "gradio"))

    def test_a_large_file(self) -> None:
        app = self.app()
        client = self.client(app.url)
        content = random.Random(6).getrandbits(8 * 5_000_000).to_bytes(5_000_000, "big")
        path = client.predict(glc.handle_file(content, "big.bin"), api_name="/copy_file")
        self.assertEqual(hashlib.sha256(Path(path).read_bytes()).digest(), hashlib.sha256(content).digest())


class OtherGenerationsTest(ClientCase):
    """What only some releases do."""

    def test_unqueued_generators_of_3_16(self) -> None:
        server = self.scripted(dependency("f", queue=False), version="3.16.2", protocol="ws")
        steps = [{"data": [value], "is_generating": True} for value in "ab"]
        server.on("POST", "/run/f", *steps, {"data": [{"__type__": "update"}], "is_generating": False})
        job = self.client(server.url).submit("x")
        self.assertEqual((self.values(job), job.result(DEADLINE)), (["a", "b"], "b"))
        requests = server.wait_for("POST", "/run/f", 3)
        self.assertEqual(len({request.json()["session_hash"] for request in requests}), 1)

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

    def test_inputs_that_are_streamed(self) -> None:
        server = self.scripted(dependency("f", connection="stream"))
        server.on("POST", "/stream/id/close", {"msg": "success"})
        job = self.client(server.url).submit("x")
        stream = server.next_stream()
        stream.push({"msg": "process_streaming", "event_id": "id", "output": {"data": ["a"]}, "success": True})
        server.wait_for("POST", "/stream/id/close")
        stream.push(self.completed("a"))
        self.assertEqual(self.values(job), ["a"])

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
        stream.push(self.completed(item))
        self.assertEqual(Path(job.result(DEADLINE)).read_bytes(), b"the whole sound")
        server.wait_for("GET", "/stream/h/1/2/playlist-file")

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

    def test_what_the_server_says_is_known_to_all_threads_at_once(self) -> None:
        app = self.app()
        said = {"parameters": [{"parameter_name": "x"}, {"parameter_name": "y"}]}
        app.on("GET", app.api + "/info", Reply.json({"named_endpoints": {"/add": said}}))
        client = self.client(app.url)
        add = client._endpoint("/add", None)

        def names() -> list[str]:
            return [item["parameter_name"] for item in client._describe(add)["parameters"]]

        found = [names()]

        class Watched(glc.Client):
            def __setattr__(self, name: str, value: Any) -> None:
                super().__setattr__(name, value)
                if self._info is not None:  # another thread that sees this does not ask the server
                    found.append(names())

        client.__class__ = Watched
        client._load_info()
        self.assertEqual(found, [["a", "b"], ["x", "y"]])

    def test_an_info_that_needs_a_login_is_an_error(self) -> None:
        app = self.app()
        app.on("GET", app.api + "/info", Reply(401))
        self.raises(glc.AuthenticationError, self.client(app.url).view_api)


# === Command line =====================================================================================================


class FakeTerminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


class CommandLineCase(ClientCase):
    def setUp(self) -> None:
        super().setUp()
        self.patch_environ(GRADIO_TEMP_DIR=str(self.downloads), NO_COLOR=None, TERM="xterm", COLUMNS="80")

    def run_main(self, *argv: str, stdin: str | bytes | None = None, terminal: str = "") -> tuple[int, str, str]:
        """Exit code, stdout and stderr; `terminal` names the streams that are one. Without stdin, that is one."""
        source = FakeTerminal() if stdin is None else io.TextIOWrapper(io.BytesIO(os.fsencode(stdin)), "utf-8")
        binary = io.BytesIO()
        out = FakeTerminal() if "stdout" in terminal else io.TextIOWrapper(binary, "utf-8", write_through=True)
        err = FakeTerminal() if "stderr" in terminal else io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch.object(sys, "stdin", source):
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
        self.assertEqual(
            described["/add"],
            {
                "parameters": [
                    {"name": "a", "required": True, "default": None, "type": {"type": "number"}},
                    {"name": "b", "required": False, "default": 3, "type": {"type": "number"}},
                ],
                "returns": [{"name": "value_4", "type": {"type": "number"}}],
                "description": "",
            },
        )
        self.assertNotIn("/discreet", described)
        self.assertEqual(list(self.json("info", app.url, "/discreet")), ["/discreet"])

    def test_files_are_of_type_filepath(self) -> None:
        for version in ("6.31.0", "4.8.0", "3.50.2"):
            described = self.json("info", self.app(version=version).url)
            (given,), (returned,) = described["/copy_files"]["parameters"], described["/copy_files"]["returns"]
            self.assertEqual(given["type"]["items"], {"type": "filepath", "description": glc.NOTES["parameters"]})
            self.assertEqual(returned["type"]["items"], {"type": "filepath", "description": glc.NOTES["returns"]})
            (given,), (returned,) = described["/copy_file"]["parameters"], described["/copy_file"]["returns"]
            self.assertEqual((given["type"]["type"], returned["type"]["type"]), ("filepath", "filepath"))

    def test_references_are_resolved(self) -> None:
        part = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Part"}, "n": {"$ref": "#/$defs/N"}}}
        schema = {"$defs": {"Part": part, "N": {"type": "number"}}, "type": "array", "items": {"$ref": "#/$defs/Part"}}
        flat = glc.flat_schema({"type": schema, "python_type": {"type": "Any"}}, "")
        inner = {"type": "object", "properties": {"next": {}, "n": {"type": "number"}}}
        self.assertEqual(flat, {"type": "array", "items": inner})

    def test_references_that_double_with_each_step(self) -> None:
        twice = {str(level): {"items": [{"$ref": f"#/$defs/{level + 1}"}] * 2} for level in range(50)}
        flat = glc.flat_schema({"type": {"$defs": twice, "$ref": "#/$defs/0"}, "python_type": {"type": "Any"}}, "")
        self.assertLess(len(json.dumps(flat)), 100_000)

    def test_a_table_on_a_terminal(self) -> None:
        app = self.app()
        table = self.output("info", app.url, terminal="stdout")
        self.assertIn(
            "/add\n    a           float  required\n    b           float  default 3\n    -> value_4  float\n", table
        )
        self.assertEqual(
            self.output("info", app.url, "/nothing", terminal="stdout"), "/nothing\n    text  str  required\n"
        )

    def test_functions_without_a_name(self) -> None:
        server = self.scripted({**dependency(), "api_name": None}, version="3.20.0", protocol="ws")
        self.assertEqual(list(self.json("info", server.url)), ["--fn-index 0"])

    def test_snippets_run(self) -> None:
        app = self.app()
        code = self.output("info", app.url, "/greet", "--snippet", "python")
        done = subprocess.run([sys.executable, "-c", code], cwd=HERE, stdout=subprocess.PIPE, timeout=DEADLINE)
        self.assertEqual(done.stdout, b"Hello Ada!!\n" if os.name != "nt" else b"Hello Ada!!\r\n")
        command = shlex.split(self.output("info", app.url, "/greet", "--snippet", "cli"))
        self.assertEqual(command[0], "gradio-lite")
        self.assertEqual(self.output(*command[1:]), "Hello Ada!!")

    def test_a_default_that_is_a_file_of_the_server(self) -> None:
        there = {**MARKED, "path": "/srv/a.png", "url": "http://h/a.png"}
        shown = glc.example({"parameter_has_default": True, "parameter_default": there, "python_type": {}})
        self.assertEqual(glc.as_code(shown, repr), "handle_file('http://h/a.png')")

    def test_snippets_say_all_there_is_to_say(self) -> None:
        app = self.app()
        for argv, lines in (
            (("/add", "python"), ["from gradio_lite_client import Client, handle_file", "a=3, b=3, api_name='/add'))"]),
            (("/copy_file", "python"), ["upload=handle_file('https://example.com/sample.bin'), api_name="]),
            (
                ("/add", "javascript"),
                ['from "@gradio/client"', "await Client.connect(", 'client.predict("/add", {"a": 3, "b": 3})'],
            ),
            (("/copy_file", "javascript"), ['{"upload": handle_file("https://example.com/sample.bin")}']),
            (("/copy_files", "javascript"), ['{"uploads": [handle_file("https://example.com/sample.bin")']),
            (
                ("/count", "curl"),
                ["""-d '{"data": ["Hello!!", null]}' """, "/gradio_api/call/count", "/call/count/EVENT"],
            ),
            (("/copy_file", "cli"), ["predict", "upload=@https://example.com/sample.bin"]),
        ):
            text = self.output("info", app.url, argv[0], "--snippet", argv[1])
            for line in lines:
                self.assertIn(line, text)
        old = self.app(version="3.50.2")
        self.assertIn("/run/add", self.output("info", old.url, "/add", "--snippet", "curl"))
        self.assertIn("multiple endpoints", self.complaint(2, "info", app.url, "--snippet", "curl"))

    def test_examples_fit_the_type(self) -> None:
        for kind, given, shown in (
            ("int", "...", 1),
            ("int", 7, 7),
            ("str", "Hi", "Hi"),
            ("str", None, "Hello!"),
            ("filepath", "...", {"path": "file.txt", "meta": MARKED["meta"]}),
            ("list[str]", ["a"], ["a"]),
        ):
            parameter = {"parameter_name": "a", "python_type": {"type": kind}, "example_input": given}
            self.assertEqual(glc.example(parameter), shown)

    def test_names_that_are_no_python_names(self) -> None:
        server = self.scripted(dependency("f"))
        server.on("GET", "/info", {"named_endpoints": {"/f": {"parameters": [{"parameter_name": "class"}]}}})
        self.assertIn("client.predict('Hello!', api_name='/f')", self.output("info", server.url, "--snippet", "python"))


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
            ("null", {"parameter_name": "p", "python_type": {"type": "float | None"}}, None),
            ("null", {"parameter_name": "p", "python_type": {"type": "list[str] | None"}}, None),
            ("null", {"parameter_name": "p", "python_type": {"type": "list[str]"}}, ["null"]),
            ("x", {"parameter_name": "p", "python_type": {"type": "list[str] | None"}}, ["x"]),
            ("x", {"parameter_name": "p", "python_type": {"type": "str | None"}}, "x"),
            ("1", {"parameter_name": "p", "python_type": {"type": "str"}}, "1"),
            ("1", {"parameter_name": "p", "python_type": {}}, 1),
        ):
            with self.subTest(text=text, parameter=parameter):
                self.assertEqual(glc.fit(text, parameter), value)

    def test_mistakes_are_found_before_anything_is_sent(self) -> None:
        app = self.app()
        for argv, words in (
            (("/nosuch",), "Cannot find a function with `api_name`: /nosuch"),
            (("/ech", "x"), "did you mean `/echo`?"),
            (("/echo",), "No value provided for required argument: text"),
            (("/echo", "txt=1"), "did you mean `text`?"),
            (("/echo", '{"txt": 1}'), "did you mean `text`?"),
            (("/echo", '{"text'), "Not JSON"),
            (("/add", "a:=x"), "Not JSON: x"),
            (("/add", "a:=" + "[" * 100_000), "Not JSON: [["),
            (("/add", "x"), "Parameter `a` takes a number, not 'x'."),
            (("/add", "true"), "takes a number"),
            (("/add", "1", "2", "3"), "Too many arguments"),
            (("/greet", "loud=maybe"), "takes true or false, not 'maybe'"),
            (("/copy_file", "a.txt"), "takes a file: write upload=@a.txt"),
            (("/copy_files", "a.txt"), "takes a file: write uploads=@a.txt"),
            (("/copy_file", "@/no/such"), "File /no/such does not exist"),
            (("text=x",), "name the ENDPOINT"),
            (("/echo", "x", "--fn-index", "7"), "Too many arguments"),
            (("--fn-index", "999"), "Invalid function index"),
        ):
            with self.subTest(argv):
                self.assertIn(words, self.complaint(2, "predict", app.url, *argv, stdin=None))
        self.assertEqual([request for request in app.requests if request.method == "POST"], [])

    def test_the_endpoint_may_be_left_out(self) -> None:
        server = self.scripted(dependency("f"))
        for words in (["hello"], ["/f", "hello"], ["f", "hello"], ["--fn-index", "0", "hello"], ["param_0=hello"]):
            run = Running(self.run_main, "predict", server.url, *words)
            server.next_stream().push(self.completed("done"))
            self.assertEqual(run.result(), (0, "done\n", ""))
        self.assertEqual([body["data"] for body in self.joined(server)], [["hello"]] * 5)

    def test_the_official_form(self) -> None:
        app = self.app()
        self.assertEqual(self.output("predict", app.url, "/add", '{"a": 1}'), '{\n  "value_4": 4\n}')
        self.assertEqual(self.output("predict", app.url, "/nothing", '{"text": "x"}'), "{}")
        path = self.downloads / "up.txt"
        path.write_text("content")
        payload = json.dumps({"upload": {"path": str(path), "meta": {"_type": "gradio.FileData"}}})
        (kept,) = self.json("predict", app.url, "/copy_file", payload).values()
        self.assertEqual((Path(kept).name, Path(kept).read_text()), ("up.txt", "content"))
        (item,) = self.json("predict", app.url, "/copy_file", payload, "--download-files", "False").values()
        self.assertTrue(item["url"].startswith(app.url))

    def test_a_file_object_of_a_server_is_not_read_here(self) -> None:
        app = self.app()
        path = self.downloads / "secret.txt"
        path.write_text("secret")
        item = {"path": str(path), "url": None, "meta": {"_type": "gradio.FileData"}}
        self.run_main("predict", app.url, "/digest", json.dumps({"upload": item}))
        del item["url"]
        self.run_main("predict", app.url, "/digest", json.dumps({"upload": {**item, "size": 6}}))
        self.run_main("predict", app.url, "/digest", "-", stdin=json.dumps({"upload": item}))
        self.run_main("predict", app.url, "/digest", "upload:=-", stdin=json.dumps(item))
        self.run_main("predict", app.url, "/echo_json", "-", stdin=f"@{path}")
        self.assertEqual([request for request in app.requests if request.path.endswith("/upload")], [])

    def test_stdin(self) -> None:
        app = self.app()
        for argv, stdin, result in (
            (("/echo",), "piped\n", "piped"),
            (("/echo",), "two\nlines", "two\nlines"),
            (("/echo", "-"), '{"text": "by name"}', "by name"),
            (("/echo", "-"), '{"other": 1}', '{"other": 1}'),
            (("/echo", "text=-"), "text\n\n", "text\n"),
            (("/add", "-", "2"), "1\n", "3"),
            (("/echo_json", "value:=-"), '"j"', "j"),
            (("/echo", "given"), "unused", "given"),
        ):
            with self.subTest(argv=argv, stdin=stdin):
                self.assertEqual(self.output("predict", app.url, *argv, stdin=stdin), result)
        self.assertIn("Not JSON: j", self.complaint(2, "predict", app.url, "/echo_json", "value:=-", stdin="j"))
        self.assertIn("No value", self.complaint(2, "predict", app.url, "/echo"))  # a terminal is not waited for
        digest = self.json("predict", app.url, "/digest", "@-", stdin=b"\xff\x00")
        self.assertEqual((digest["size"], digest["sha256"]), (2, hashlib.sha256(b"\xff\x00").hexdigest()))

    def test_forms_of_the_result(self) -> None:
        app = self.app()
        call = ("predict", app.url, "/several", "ab", "2")
        outputs = ["AB", 4, {"text": "ab", "number": 2}]
        self.assertEqual(self.json(*call), outputs)
        self.assertEqual(self.json(*call, "--raw"), outputs)
        self.assertEqual(self.json(*call, "--json"), dict(zip(("value_13", "value_14", "value_15"), outputs)))
        self.assertEqual(self.json("predict", app.url, "/echo", "x", "--raw"), ["x"])
        self.assertEqual(self.output("predict", app.url, "/echo_json", "ü", terminal="stdout"), "ü")
        self.assertEqual(self.output("predict", app.url, "/echo_json", '["ü"]', terminal="stdout"), '[\n  "ü"\n]')
        self.assertEqual(self.output("predict", app.url, "/echo_json", '["ü"]'), '[\n  "\\u00fc"\n]')

    def test_a_name_that_is_free(self) -> None:
        for taken, name in (
            ([], "a.txt"),
            (["a.txt"], "a (2).txt"),
            (["a.txt", "a (2).txt", "a (4).txt"], "a (3).txt"),
        ):
            self.assertEqual(glc.free_name("a", ".txt", taken.__contains__), name)

    def test_outputs_of_one_name_are_all_there(self) -> None:
        labelled = config(dependency("f", [1], [2, 3, 2, 1, 2]))
        labelled["components"][1]["props"] = {"label": "Same"}
        server = self.scripted()
        server.on("GET", "/config", labelled)
        run = Running(self.json, "predict", server.url, "x", "--json")
        server.next_stream().push(self.completed(1, None, 2, "t", 3))
        self.assertEqual(run.result(), {"Same": 1, "Same (2)": 2, "value_3": "t", "Same (3)": 3})

    def test_values_are_printed_as_they_come(self) -> None:
        app = self.app()
        for argv, printed in (
            (("/stream", "3"), "w0 w1 w2 "),
            (("/stream", "3", "--no-stream"), "w0 w1 w2 "),
            (("/pairs", "2"), '["t", 0]\n["tt", 1]'),
            (("/pairs", "2", "--no-stream", "--raw"), '[\n  "tt",\n  1\n]'),
            (("/pairs", "2", "--raw", "--stream"), '["t", 0]\n["tt", 1]'),
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

    def test_a_line_of_json_for_each_event(self) -> None:
        app = self.app()
        events = [
            json.loads(line)
            for line in self.output("predict", app.url, "/talk", "x", "--stream", "--json").splitlines()
        ]
        kinds = [event.pop("event") for event in events]
        self.assertEqual(kinds, ["status", "status", "log", "log", "complete"])
        self.assertEqual(events[0], {"status": "IN_QUEUE", "rank": 0, "queue_size": 1, "eta": None})
        self.assertEqual(events[2], {"level": "info", "message": "info x"})
        self.assertEqual(events[4]["output"], {"value_57": "said x"})
        lines = self.output("predict", app.url, "/work", "1", "--stream", "--json").splitlines()
        self.assertEqual(json.loads(lines[3])["progress"][0]["desc"], "work")
        code, out, err = self.run_main("predict", app.url, "/late", "2", "--stream", "--json")
        events = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(
            [event["output"] for event in events if event["event"] == "output"], [{"value_40": "0"}, {"value_40": "1"}]
        )
        self.assertEqual(events[-1], {"event": "error", "error": "AppError", "message": "too late", "code": 1})
        self.assertEqual((code, err), (1, "gradio-lite: too late\n"))
        with mock.patch.object(glc, "save", side_effect=OSError("disk full")):
            code, out, err = self.run_main("predict", app.url, "/make_file", "b", "3", "--stream", "--json")
        failed = {"event": "error", "error": "OSError", "message": "disk full", "code": 2}
        self.assertEqual((code, json.loads(out.splitlines()[-1])), (2, failed))

    def test_each_generation(self) -> None:
        for protocol in PROTOCOLS:
            app = self.app(protocol)
            self.assertEqual(self.output("predict", app.url, "/stream", "3"), "w0 w1 w2 ")
            self.assertEqual(float(self.json("predict", app.url, "/add", '{"a": 1, "b": 1}')["value_4"]), 2)

    def test_skip_queue(self) -> None:
        app = self.app()
        self.assertEqual(self.output("predict", app.url, "/add", "1", "2", "--skip-queue"), "3")
        self.assertEqual(self.joined(app), [])

    def test_dry_run(self) -> None:
        for protocol, method, path in (
            ("sse_v3", "POST", "/gradio_api/queue/join"),
            ("sse", "POST", "/queue/data"),
            ("ws", "WEBSOCKET", "/queue/join"),
        ):
            app = self.app(protocol)
            sent = self.json("predict", app.url, "/add", "a=1", "--dry-run")
            self.assertEqual((sent["method"], sent["url"]), (method, app.url + path))
            self.assertEqual((sent["body"]["data"], sent["body"]["fn_index"]), ([1, 3], 0))
            sent = self.json("predict", app.url, "/quick", "x", "--dry-run")
            self.assertEqual((sent["method"], sent["url"]), ("POST", f"{app.url}{app.api[len(app.mount) :]}/run/quick"))
            lines = self.output("predict", app.url, "/digest", "@" + __file__, "--dry-run").splitlines()
            upload, call = map(json.loads, lines)
            self.assertEqual(
                upload, {"method": "POST", "url": app.url + app.api + "/upload", "files": [Path(__file__).name]}
            )
            self.assertIn(f"(uploaded {Path(__file__).name})", json.dumps(call["body"]["data"]))
            self.assertEqual({request.method for request in app.requests}, {"GET"})
            self.assertEqual(self.joined(app), [])

    def test_a_dry_run_shows_the_body_that_would_be_sent(self) -> None:
        for version in ("5.30.0", "6.31.0"):
            app = self.app(version=version)
            shown = self.json("predict", app.url, "/add", "a=1", "--dry-run")["body"]
            self.output("predict", app.url, "/add", "a=1")
            (sent,) = self.joined(app)
            self.assertNotEqual(shown.pop("session_hash"), sent.pop("session_hash"))
            self.assertEqual((shown, shown.get("simple_format", False)), (sent, version == "5.30.0"))


class FilesCommandTest(CommandLineCase):
    def test_where_files_go(self) -> None:
        app = self.app()
        path = self.output("predict", app.url, "/make_file", "a.txt", "3")
        self.assertEqual((Path(path).read_bytes(), Path(path).parents[1]), (b"000", self.downloads))
        folder = self.folder() / "new"
        kept = [self.output("predict", app.url, "/make_file", "a.txt", str(size), "-o", str(folder)) for size in (1, 2)]
        self.assertEqual(kept, [str(folder / "a.txt"), str(folder / "a (2).txt")])
        self.assertEqual([Path(path).read_bytes() for path in kept], [b"0", b"00"])
        with mock.patch.object(os.path, "exists", side_effect=lambda path: path == "-" or Path(path).exists()):
            self.assertEqual(self.output("predict", app.url, "/make_file", "b", "3", "-o", "-"), "000")
        self.assertEqual(sorted(os.listdir(folder)), ["a (2).txt", "a.txt"])
        item = self.json("predict", app.url, "/make_file", "b", "3", "--no-download")
        self.assertEqual((item["orig_name"], item["size"]), ("b", 3))

    def test_files_of_a_generator(self) -> None:
        app = self.app()
        folder = self.folder()
        printed = self.output("predict", app.url, "/pages", "2", "-o", str(folder))
        self.assertEqual(printed.splitlines(), [str(folder / "page0.txt"), str(folder / "page1.txt")])

    def test_the_folder_is_none(self) -> None:
        app = self.app()
        for command in (("predict", app.url, "/make_file", "b", "3"), ("download", app.url, "/x")):
            text = self.complaint(2, *command, "-o", __file__)
            self.assertEqual(text, f"-o takes a folder, but {__file__} is a file.")
        self.assertEqual(app.requests, [])

    def test_one_file_to_stdout(self) -> None:
        app = self.app()
        with glc.Client(app.url, download_files=False) as client:
            outputs = client.predict("b", 3, api_name="/make_file")
            terminal = glc.Terminal(glc.parse(["predict", app.url]))
            with mock.patch.object(sys, "stdout", None), self.assertRaisesRegex(ValueError, "There is no stdout"):
                glc.pour(outputs, terminal)
        for argv, count in ((("/make_files", "2"), 2), (("/echo", "x"), 0)):
            text = self.complaint(2, "predict", app.url, *argv, "-o", "-")
            self.assertEqual(text, f"-o - writes one file to stdout, but there are {count}.")

    def test_several_files_for_a_parameter(self) -> None:
        app = self.app()
        names = ["uploads=@" + str(CORPUS.parent / name) for name in ("fake.py", "hub.py")]
        folder = self.folder()
        paths = self.json("predict", app.url, "/copy_files", *names, "-o", str(folder))
        self.assertEqual(paths, [str(folder / "fake.py"), str(folder / "hub.py")])
        (path,) = self.json("predict", app.url, "/copy_files", names[0][len("uploads=") :], "-o", str(folder))
        self.assertEqual(path, str(folder / "fake (2).py"))

    def test_upload_and_download(self) -> None:
        app = self.app()
        local = self.folder() / "größe #.txt"
        local.write_bytes(b"content")
        paths = self.output("upload", app.url, str(local), "@-"[1:], stdin=b"piped").splitlines()
        self.assertEqual([Path(path).name for path in paths], ["größe #.txt", "stdin"])
        (item,) = self.json("upload", app.url, str(local), "--json")
        self.assertEqual((item["orig_name"], item["meta"]), ("größe #.txt", {"_type": "gradio.FileData"}))
        digest = self.json("predict", app.url, "/digest", f"upload:={json.dumps(item)}")
        self.assertEqual(digest["size"], 7)
        folder = self.folder()
        url = glc.Routes(app.url + "/gradio_api").file(paths[0])
        saved = self.output("download", app.url, paths[0], url, "-o", str(folder)).splitlines()
        self.assertEqual(saved, [str(folder / "größe #.txt"), str(folder / "größe # (2).txt")])
        self.assertEqual({Path(path).read_bytes() for path in saved}, {b"content"})
        self.assertEqual(self.json("download", app.url, paths[1], "--json", "-o", str(folder)), [str(folder / "stdin")])
        self.assertEqual(self.output("download", app.url, paths[1], "-o", "-"), "piped")
        self.assertIn("answered 403", self.complaint(4, "download", app.url, "/etc/nosuch", "-o", str(folder)))

    def test_dry_run(self) -> None:
        app = self.app()
        sent = self.json("upload", app.url, __file__, "--dry-run")
        self.assertEqual((sent["url"], sent["files"]), (app.url + "/gradio_api/upload", [Path(__file__).name]))
        for path, url in (
            ("/a b", "/a%20b"),
            ("/100%25 file=a", "/100%2525%20file%3Da"),
            ("http://x/file=/a%20b", "/a%20b"),
        ):
            sent = self.json("download", app.url, path, "--dry-run")
            self.assertEqual(sent, {"method": "GET", "url": app.url + "/gradio_api/file=" + url})
        self.assertEqual(self.paths(app), ["GET /config"] * 4)


class HubCommandTest(CommandLineCase):
    def hub(self, **options: Any) -> tuple[FakeHub, StandIn]:
        app = self.app()
        hub: FakeHub = self.enter(FakeHub(app.url, **options))
        self.patch_environ(HF_ENDPOINT=hub.url, HF_TOKEN=WRITE)
        self.patch(glc, "SPACE_POLL_SECONDS", 10 * MS)
        return hub, app

    def test_status_of_an_app(self) -> None:
        app = self.app()
        expected = {"url": app.url, "version": "6.31.0", "protocol": "sse_v3", "queue": True, "queue_size": 0}
        report = self.json("status", app.url)
        self.assertEqual({name: report[name] for name in expected}, expected)
        self.assertIn("version     6.31.0\n", self.output("status", app.url, terminal="stdout"))
        server = self.scripted()
        self.assertNotIn("queue_size", self.json("status", server.url))

    def test_status_of_a_space(self) -> None:
        hub, app = self.hub()
        hub.add(SPACE)
        report = self.json("status", SPACE)
        self.assertEqual((report["space"], report["stage"], report["version"]), (SPACE, "RUNNING", "6.31.0"))
        hub.add("alice/asleep", "SLEEPING")
        count = len(app.requests)
        report = self.json("status", "alice/asleep")
        self.assertEqual((report["space"], report["stage"]), ("alice/asleep", "SLEEPING"))
        self.assertEqual(app.requests[count:], [])  # to look does not wake it
        self.assertIn("Could not find Space", self.complaint(3, "status", "alice/nosuch"))

    def test_duplicate(self) -> None:
        hub, app = self.hub()
        hub.add(SPACE)
        hub.stages_of_duplicates = ["RUNNING"]
        self.patch_environ(KEY="from the environment")
        argv = ["duplicate", SPACE, "copy", "--public", "--secret", "KEY", "--secret", "B= b=c", "--variable", "SIZE=3"]
        argv += ["--hardware", "t4-small", "--sleep-timeout", "10"]
        sent = self.json(*argv, "--dry-run")
        self.assertEqual({request.method for request in hub.requests}, {"GET"})
        self.assertEqual(self.output(*argv), app.url)
        (posted,) = [request for request in hub.requests if request.method == "POST"]
        body = posted.json()
        self.assertEqual(
            [(item["key"], item["value"]) for item in body["secrets"]], [("KEY", "from the environment"), ("B", " b=c")]
        )
        self.assertEqual((body["visibility"], body["hardware"], body["sleepTimeSeconds"]), ("public", "t4-small", 600))
        never = self.json("duplicate", SPACE, "other", "--hardware", "t4-small", "--sleep-timeout=-1", "--dry-run")
        self.assertEqual(never["body"]["sleepTimeSeconds"], -1)
        hidden = [{**item, "value": "***"} for item in body["secrets"]]
        self.assertEqual(sent, {"method": "POST", "url": hub.url + posted.path, "body": {**body, "secrets": hidden}})
        self.assertEqual(self.json("duplicate", SPACE, "copy", "--json"), {"url": app.url})
        self.assertIn(
            "NAME=VALUE, or the name of a variable.", self.complaint(2, "duplicate", SPACE, "--secret", "NOSUCH")
        )

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
        self.assertEqual(asked, ["Password of ada: "])
        self.assertIn("--auth USER:PASSWORD", self.complaint(4, "info", app.url))
        self.patch(getpass, "getpass", mock.Mock(side_effect=EOFError))
        self.assertIn("--auth USER:PASSWORD", self.complaint(2, "info", app.url, "--auth", "ada"))
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

    def test_proxy(self) -> None:
        app = self.app()
        proxy = self.enter(ProxyServer())
        self.resolve(app_test="")
        port = app.url.rpartition(":")[2]
        self.json("info", f"http://app.test:{port}", "--proxy", proxy.url)
        self.assertTrue(proxy.requests)

    def test_timeout(self) -> None:
        server = self.serve()
        server.on("GET", "/config", Stream)
        self.assertIn("--timeout", self.complaint(5, "info", server.url, "--timeout", "0.05"))
        self.assertIn("--timeout", self.complaint(2, "info", server.url, "--timeout", "soon"))

    def test_logs(self) -> None:
        app = self.app()
        for option, shown in (("-q", False), ("-v", False), ("--debug", True)):
            code, _, err = self.run_main("info", app.url, option)
            self.assertEqual((code, "Connected to" in err), (0, shown))
        _, _, err = self.run_main("info", app.url, "-v")
        self.assertEqual(err, f"Loaded as API: {app.url}\n")
        self.assertEqual((glc.logger.level, len(glc.logger.handlers)), (0, 1))

    def test_debug_shows_the_traceback(self) -> None:
        code, _, err = self.run_main("info", "http://127.0.0.1:1", "--debug")
        self.assertEqual(code, 3)
        self.assertIn("Traceback (most recent call last)", err)
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
        documented = {int(code) for code in re.findall(r"^  (\d+) ", glc.EXIT_CODES, re.M)}
        self.assertEqual(documented, {*codes.values(), 0, 2, 130})

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
            self.assertEqual(self.run_main("info", "http://x"), (130, "", ""))

    def test_a_reader_that_goes_away(self) -> None:
        app = self.app()

        class Closed(io.StringIO):
            def write(self, text: str) -> int:
                raise BrokenPipeError(32, "Broken pipe")

        for argv in (("info", app.url), ("predict", app.url, "/many", "2000"), ("predict", app.url, "/add", "1")):
            err = io.StringIO()
            with contextlib.redirect_stdout(Closed()), contextlib.redirect_stderr(err):
                self.assertEqual((glc.main(argv), err.getvalue()), (0, ""))


class UsageTest(CommandLineCase):
    def test_what_it_is_called(self) -> None:
        self.assertEqual((glc.program(), glc.module_name()), ("gradio-lite", "gradio_lite_client"))
        self.patch(glc, "__name__", "__main__")
        self.assertEqual((glc.program(), glc.module_name()), ("python -m gradio_lite_client", "gradio_lite_client"))
        self.patch(glc, "__spec__", None)
        for path, name, module in (("/x/copy.py", "copy.py", "copy"), ("-", "-", "gradio_lite_client")):
            self.patch(sys, "argv", [path])
            self.assertEqual((glc.program(), glc.module_name()), (name, module))

    def test_wrong_usage(self) -> None:
        for argv, words in (
            ((), "A command is needed: info, predict"),
            (("-q",), "A command is needed"),
            (("dance",), "There is no command 'dance'. See gradio-lite --help."),
            (("predit",), "did you mean `predict`?"),
            (("info",), "src"),
            (("info", "x", "--snippet", "cobol"), "cobol"),
            (("info", "x", "--nosuch"), "unrecognized arguments: --nosuch. See gradio-lite info --help."),
            (("info", "x", "--js"), "--js"),
            (("upload", "x"), "files"),
            (("completion", "tcsh"), "tcsh"),
            (("--json", "info", "x"), "The command comes first"),
        ):
            with self.subTest(argv):
                self.assertIn(words, self.complaint(2, *argv))

    def test_options_may_stand_anywhere(self) -> None:
        app = self.app()
        for argv in (("--raw", app.url, "/add", "1"), (app.url, "--raw", "/add", "1"), (app.url, "/add", "--raw", "1")):
            self.assertEqual(self.json("predict", *argv), [4])

    def test_help(self) -> None:
        for name in ("", *glc.COMMANDS):
            text = self.output(*filter(None, [name]), "--help")
            self.assertTrue(text.isascii(), "consoles exist that show nothing else")
            self.assertRegex(text, rf"\Ausage: gradio-lite {name}")
            self.assertIn(glc.EXIT_CODES, text)
            self.assertLessEqual(max(map(len, text.splitlines())), 82)
        for name in glc.COMMANDS:
            self.assertIn(f"\n  {name} ", self.output("--help"))

    def test_the_readme_shows_the_help(self) -> None:
        readme = (HERE / "README.md").read_text(encoding="utf-8")
        self.assertIn(f"```text\n{self.output('--help')}\n```", readme)

    def test_version(self) -> None:
        self.assertEqual(self.output("--version"), f"gradio_lite_client {glc.__version__}")
        lines = self.output("--version", "-v").splitlines()
        self.assertEqual(lines[1], "sha256 " + hashlib.sha256(Path(glc.__file__).read_bytes()).hexdigest())
        self.assertRegex(lines[2], r"Python 3\.\d+.*SSL")

    def test_version_says_what_is_unknown(self) -> None:
        with mock.patch.object(glc, "__file__", None), mock.patch.dict(sys.modules, ssl=None):
            self.assertEqual(self.output("--version", "-v").count("unknown"), 1)
        source = Path(glc.__file__).read_bytes()
        folder = self.folder()
        with zipfile.ZipFile(folder / "all.zip", "w") as archive:
            archive.writestr("zipped.py", source)
        py_compile.compile(glc.__file__, str(folder / "compiled.pyc"))
        unknown = "sha256 unknown: this does not run from its source file"
        known = f"sha256 {hashlib.sha256(source).hexdigest()}"
        start = "import sys; sys.path.insert(0, 'all.zip'); sys.modules['ssl'] = None; import {0}; {0}.main({1})"
        for program, expected in (
            (["-"], unknown),
            (["-c", start.format("zipped", ["--version", "-v"])], unknown),
            (["compiled.pyc"], unknown),
            ([glc.__file__], known),
        ):
            run = [sys.executable, *program, *(["--version", "-v"] if program[0] != "-c" else [])]
            done = subprocess.run(run, input=source, cwd=folder, capture_output=True, timeout=DEADLINE)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            lines = done.stdout.decode().splitlines()
            self.assertEqual(lines[:2], [f"gradio_lite_client {glc.__version__}", expected])
            self.assertRegex(lines[2], "no TLS" if program[0] == "-c" else "SSL")
        app = self.app()
        run = [sys.executable, "-", "info", app.url, "/add", "--snippet", "python"]
        done = subprocess.run(run, input=source, cwd=folder, capture_output=True, timeout=DEADLINE)
        self.assertIn(b"from gradio_lite_client import", done.stdout)

    def test_completion(self) -> None:
        self.assertIn("__fish_seen_subcommand_from info' -a '--snippet", self.output("completion", "fish"))
        self.assertTrue(self.output("completion", "zsh").startswith("autoload"))
        script = self.output("completion", "bash")
        if not shutil.which("bash"):
            self.skipTest("no bash here")
        for words, wanted in (
            (["pre"], {"predict"}),
            (["info", "--sn"], {"--snippet"}),
            (["predict", "--no-"], {"--no-stream", "--no-download"}),
            (["upload", "--no-"], set()),
        ):
            line = " ".join(["gradio-lite", *words])
            ask = f'{script}\nCOMP_WORDS=({line}) COMP_CWORD={len(words)}\n_gradio_lite\necho "${{COMPREPLY[@]}}"'
            done = subprocess.run(["bash", "-c", ask], stdout=subprocess.PIPE, timeout=DEADLINE, check=True)
            self.assertEqual(set(done.stdout.decode().split()), wanted)

    def test_as_a_program_under_any_name(self) -> None:
        app = self.app()
        folder = self.folder()
        vendored = folder / "pkg" / "_vendor"
        vendored.mkdir(parents=True)
        for place in (vendored, vendored.parent):
            (place / "__init__.py").touch()
        shutil.copy(glc.__file__, vendored / "gradio_copy.py")
        for program, name in (
            (["-m", "gradio_lite_client"], "python -m gradio_lite_client"),
            ([glc.__file__], "gradio_lite_client.py"),
            (["-m", "pkg._vendor.gradio_copy"], "python -m pkg._vendor.gradio_copy"),
            (["-c", "import sys, gradio_lite_client as m; sys.exit(m.main())"], "gradio-lite"),
        ):
            place = folder if "pkg" in name else HERE
            run = partial(subprocess.run, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE)
            done = run([sys.executable, *program, "predict", app.url, "/add", "1", "2"])
            self.assertEqual((done.returncode, done.stdout.strip(), done.stderr), (0, b"3", b""))
            done = run([sys.executable, *program, "dance"])
            self.assertEqual((done.returncode, done.stdout), (2, b""))
            self.assertTrue(done.stderr.decode().startswith(f"{name}: There is no command"), done.stderr)
            done = run([sys.executable, *program, "--help"])
            self.assertTrue(done.stdout.decode().startswith(f"usage: {name} COMMAND"), done.stdout)
        snippet = run(
            [sys.executable, "-m", "pkg._vendor.gradio_copy", "info", app.url, "/add", "--snippet", "python"],
            cwd=folder,
        )
        self.assertIn(b"from pkg._vendor.gradio_copy import", snippet.stdout)

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
            self.assertEqual(glc.main(["predict", app.url, "/add", "1"]), 0)
            self.assertEqual(glc.main(["predict", app.url, "/echo"]), 2)
            self.assertEqual(glc.main(["predict", app.url, "/echo", "-"]), 2)
            self.assertEqual(glc.main(["predict", app.url, "/digest", "@-"]), 2)
            self.assertEqual(glc.main(["upload", app.url, "-"]), 2)
            self.assertIsNone(sys.stdout)

    def test_a_closed_pipe(self) -> None:
        app = self.app()
        run = [sys.executable, glc.__file__, "predict", app.url, "/many", "3000"]
        with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout and process.stderr
            self.assertEqual(process.stdout.readline().strip(), b"0")
            process.stdout.close()
            self.assertEqual((process.wait(DEADLINE), process.stderr.read()), (0, b""))

    @unittest.skipUnless(os.name == "posix", "Windows has other pipes")
    def test_a_closed_pipe_for_everything_else(self) -> None:
        app = self.app()
        for argv, found in ((["/add", "1", "2", "--debug"], (0, b"3\n")), (["/refuse", "x", "-H", "no"], (2, b""))):
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

    def test_progress(self) -> None:
        app = self.app()
        shown = self.lines("predict", app.url, "/work", "2")
        self.assertIn("in queue, place 1 of 1", shown)
        self.assertIn("processing", shown)
        self.assertIn("begin [....................] 0% ", [line + " " * line.endswith("%") for line in shown])
        self.assertIn("work [##########..........] 50% 1/2 steps", shown)

    def test_messages_of_the_app(self) -> None:
        app = self.app()
        shown = self.lines("predict", app.url, "/talk", "x")
        self.assertIn("info: info x", shown)
        self.assertIn("warning: warning x", shown)
        self.assertNotIn("iterating", self.lines("predict", app.url, "/stream", "2"))

    def test_bytes(self) -> None:
        app = self.app()
        big = self.folder() / "big.bin"
        big.write_bytes(bytes(2_000_000))
        shown = self.lines("predict", app.url, "/copy_file", f"@{big}", "-o", str(self.folder()))
        for what in ("uploading", "downloading"):
            self.assertIn(f"{what} big.bin [####################] 100% 2.0 MB", shown)

    def test_a_file_to_a_terminal(self) -> None:
        app = self.app()
        path = self.output("upload", app.url, __file__)
        seen = FakeTerminal()
        seen.buffer = mock.Mock(write=lambda data: seen.write(data.decode()))  # type: ignore[misc]
        with contextlib.redirect_stdout(seen), contextlib.redirect_stderr(seen):
            self.assertEqual(glc.main(["download", app.url, path, "-o", "-"]), 0)
        shown, _, content = seen.getvalue().rpartition("\r")
        self.assertRegex(shown, r"MB\r +\Z")  # nothing of the line is left when the file begins
        self.assertEqual(content, Path(__file__).read_text(encoding="utf-8"))

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

    def test_an_app_cannot_control_the_terminal(self) -> None:
        app = self.app()
        _, out, _ = self.run_main("predict", app.url, "/echo", 'text:="a\\u001b[2Jb\\n\\tc\\u009b"', terminal="stdout")
        self.assertEqual(out, "a\ufffd[2Jb\n\tc\ufffd\n")
        _, out, _ = self.run_main("predict", app.url, "/echo", 'text:="a\\r\\nb\\rc"', terminal="stdout")
        self.assertEqual(out, "a\nb\ufffdc\n")
        self.assertEqual(self.output("predict", app.url, "/echo", 'text:="\\u001b"'), "\x1b")

    def test_statuses_in_words(self) -> None:
        for update, text in (
            (
                glc.StatusUpdate(glc.Status.IN_QUEUE, rank=2, queue_size=5, eta=12.4),
                "in queue, place 3 of 5, about 12 s",
            ),
            (glc.StatusUpdate(glc.Status.PROCESSING), "processing"),
            (glc.StatusUpdate(glc.Status.PROGRESS, progress_data=[]), "progress"),
        ):
            self.assertEqual(glc.describe_status(update), text)
        for unit, text in (
            (glc.ProgressUnit(1, 4, "steps", None, "a"), "a [#####...............] 25% 1/4 steps"),
            (glc.ProgressUnit(3, None, "steps"), "progress 3 steps"),
            (glc.ProgressUnit(1_500_000, 2_345_678), "progress [#############.......] 64% 1500000/2345678 "),
            (glc.ProgressUnit(progress=2.0, desc="b"), "b [####################] 200% "),
            (glc.ProgressUnit(), "progress "),
            (glc.ProgressUnit("x", [], progress={}, desc="a\nb"), "a\nb "),  # type: ignore[arg-type]
            (glc.ProgressUnit(1, float("nan"), "steps"), "progress [....................] nan% 1/nan steps"),
        ):
            self.assertEqual(glc.describe_progress(unit), text)

    def test_wide_characters_take_two_columns(self) -> None:
        self.patch_environ(COLUMNS="10")
        with contextlib.redirect_stderr(FakeTerminal()) as seen:
            with glc.Terminal(glc.parse(["info", "x"])) as terminal:
                terminal.show("処理中です。待て")
        self.assertEqual(seen.getvalue(), "処理中で\r" + " " * 8 + "\r")

    def test_a_pseudo_terminal(self) -> None:
        app = self.app()
        with self.terminal("predict", app.url, "/work", "3") as program:
            text = program.read_until(b"worked")
        self.assertRegex(text, rb"processing")
        self.assertRegex(text, rb"work \[#{13}\.{7}\] 67% 2/3 steps")
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

    def terminal(self, *argv: str) -> PseudoTerminal:
        try:
            import pty  # noqa: F401
        except ImportError:
            self.skipTest("no pseudo-terminals here")
        return PseudoTerminal(*argv)


class PseudoTerminal:
    """The command line in a terminal of its own, which a small program in between provides."""

    SPAWN = "import os, pty, sys; sys.exit(pty.spawn([sys.executable, *sys.argv[1:]]) >> 8)"

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
        "Transport",
        "Hub",
        "Conversation",
        "Job",
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
        tables = list(symtable.symtable(self.text, glc.__file__, "exec").get_children())
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
            "__future__ argparse ast asyncio base64 collections concurrent contextlib datetime difflib email enum "
            "functools getpass hashlib http io itertools json keyword logging mimetypes os queue re select shlex "
            "shutil socket ssl sys tempfile threading time traceback typing unicodedata urllib zlib".split()
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
        self.assertEqual(glc.__all__, sorted(glc.__all__, key=lambda name: (not name[0].isupper(), name)))
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
        self.assertIn(f"# gradio_lite_client {glc.__version__}, ", self.text[:300])
        if "dev" not in glc.__version__:
            changes = (HERE / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1]
            self.assertTrue(changes.startswith(glc.__version__ + "\n"))
            self.assertIn(hashlib.sha256(Path(glc.__file__).read_bytes()).hexdigest(), changes)

    def proofs_in(self, text: str) -> set[tuple[str, str]]:
        """The tests that the comments of a part of the README name: (class, method, perhaps with a wildcard)."""
        comments = " ".join(re.findall(r"<!--(.*?)-->", text, re.S))
        return set(re.findall(r"\b([A-Z]\w+(?:Test|Cases))\b(?:\.(test_\w+\*?))?", comments))

    def test_the_tests_that_the_readme_names_exist(self) -> None:
        """Every claim of the README names what proves it."""
        readme = (HERE / "README.md").read_text(encoding="utf-8")
        named = self.proofs_in(readme)
        self.assertGreater(len(named), 30)
        known: dict[str, set[str]] = {}
        testing = HERE / "testing"
        for path in (HERE / "test_gradio_lite_client.py", testing / "cases.py", *testing.glob("test_*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    methods = {method.name for method in node.body if isinstance(method, ast.FunctionDef)}
                    known.setdefault(node.name, set()).update(methods)
        missing = {(name, test) for name, test in named if not fnmatch.filter(known.get(name, ()), test or "test_*")}
        self.assertEqual(missing, set())
        comments = " ".join(re.findall(r"<!--(.*?)-->", readme, re.S))
        files = set(re.findall(r"[\w./-]+\.(?:py|md)\b", comments))
        self.assertGreater(len(files), 3)
        self.assertEqual([name for name in sorted(files) if not (HERE / name).is_file()], [])

    def test_each_section_and_recipe_of_the_readme_names_a_test(self) -> None:
        readme = (HERE / "README.md").read_text(encoding="utf-8")
        parts = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", readme, re.M | re.S))
        for name in ("Install", "Speed", "Contributing"):  # nothing that a test could prove
            del parts[name]
        recipes = dict(re.findall(r"^\*\*(.+?)\.\*\*(.*?)(?=^\*\*|\Z)", parts.pop("Recipes"), re.M | re.S))
        self.assertGreater(min(len(parts), len(recipes)), 5)
        parts.update((f"Recipes: {name}", text) for name, text in recipes.items())
        self.assertEqual([name for name, text in parts.items() if not self.proofs_in(text)], [])

    def test_the_offline_suite_needs_nothing_but_python(self) -> None:
        """It can be imported where no installed package can be found."""
        names = ["test_gradio_lite_client", *(f"testing.{path.stem}" for path in (HERE / "testing").glob("test_*.py"))]
        self.assertGreater(len(names), 3)
        command = [sys.executable, "-S", "-c", f"import {', '.join(names)}"]
        done = subprocess.run(command, cwd=HERE, stderr=subprocess.PIPE, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ""))

    def test_importing_it_is_cheap(self) -> None:
        code = (
            "import sys; import gradio_lite_client; "
            "print(*sorted({'ssl', 'http.client', 'email', 'asyncio', 'typing', "
            "'urllib.request', 'http.cookiejar', 'tempfile', 'argparse', 'hashlib', "
            "'mimetypes', 'zlib', 'inspect', 'subprocess'} & set(sys.modules)))"
        )
        run = [
            sys.executable,
            "-c",
            code.replace("import gradio_lite_client", "import concurrent.futures, logging, socket"),
        ]
        mine = [sys.executable, "-c", code]
        base, loaded = (
            subprocess.run(command, cwd=HERE, stdout=subprocess.PIPE, check=True, timeout=DEADLINE).stdout.split()
            for command in (run, mine)
        )
        self.assertEqual(set(loaded) - set(base), set())


# === Real servers =====================================================================================================


def run_offline() -> unittest.TestResult:
    """What `python3 -m unittest` runs."""
    return unittest.TextTestRunner().run(unittest.defaultTestLoader.discover(str(HERE), top_level_dir=str(HERE)))


def counts(result: unittest.TestResult) -> tuple[int, int, int]:
    """How many tests passed, failed and were skipped."""
    failed = len({test.id().partition(" ")[0] for test, _ in [*result.failures, *result.errors]})
    failed += len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    return max(0, result.testsRun - failed - skipped), failed, skipped


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
    parser.add_argument("--only", metavar="VERSION", action="append", choices=list(versions.RELEASES), help="of Gradio")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    passed, failed, skipped = counts(run_offline())
    rows = [f"offline {passed:11} passed {failed:3} failed {skipped:3} skipped {time.monotonic() - began:5.0f} s"]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:  # these wait more than they compute
        for version, (report, last) in zip(
            options.only or versions.RELEASES, pool.map(run_on_server, options.only or versions.RELEASES)
        ):
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
