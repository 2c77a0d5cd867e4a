# SPDX-License-Identifier: MIT
"""Any messages become steps of the right types or a GradioError; a job shows each value as the server meant it."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import gradio_lite_client as glc
from testing.fuzz import diffs, json_value, mutated
from testing.standin import diff

KINDS = (
    *("send_hash", "estimation", "send_data", "process_starts", "progress", "log", "queue_full", "heartbeat"),
    *("process_generating", "process_streaming", "process_completed", "close_stream", "unheard_of"),
)
SAMPLES: tuple[Any, ...] = (
    {"msg": "estimation", "rank": 0, "queue_size": 1, "rank_eta": 0.5},
    {"msg": "process_starts", "eta": 0.5},
    {"msg": "progress", "progress_data": [{"index": 0, "length": 3, "unit": "steps", "progress": None, "desc": "x"}]},
    {"msg": "log", "log": "words", "level": "info"},
    {"msg": "process_generating", "output": {"data": ["x", 1]}, "success": True},
    {"msg": "process_generating", "output": {"data": [[["append", [], "y"]], []]}, "success": True},
    {"msg": "process_completed", "output": {"data": ["x", 1]}, "success": True},
    {"msg": "process_completed", "output": {"error": "'no'", "duration": 5, "visible": True}, "success": False},
)
COMPONENTS = (
    *("image", "gallery", "video", "annotatedimage", "highlightedtext", "label", "chatbot", "file", "textbox"),
)
OLD_FILE = {"name": "/tmp/a.png", "data": None, "is_file": True, "orig_name": "a.png", "size": 3}
FILE = {"path": "/tmp/a", "url": None, "size": 1, "orig_name": "a", "mime_type": None, "meta": dict(glc.FILE_MARK)}
PROTOCOLS = (glc.is_marked_file, glc.is_unmarked_file)


def message(rng: random.Random) -> Any:
    kind = rng.randrange(4)
    if kind == 0:
        return {"msg": rng.choice(KINDS), **{key: json_value(rng) for key in ("output", "success", "title", "rank")}}
    sample = copy.deepcopy(rng.choice(SAMPLES))
    return sample if kind == 1 else mutated(rng, sample)


def fetched(item: Any) -> str:
    return f"local copy of {item['path']}"


def fetch(item: Any, *_: Any) -> tuple[str, None]:
    return fetched(item), None


def check_step(step: Any) -> None:
    status = step.status
    assert isinstance(status.code, glc.Status)
    for figure in (status.rank, status.queue_size):
        assert figure is None or type(figure) is int
    assert status.eta is None or isinstance(status.eta, (int, float))
    assert status.log is None or [type(text) for text in status.log] == [str, str]
    assert step.values is None or isinstance(step.values, list)


def check_anything(rng: random.Random) -> None:
    transcript = glc.Transcript(rng.randrange(2) == 0, rng.choice(((3, 16), (4, 20), (6, 31))), "/f of http://x")
    arrivals = glc.Arrivals(fetch, rng.choice(PROTOCOLS))
    job = glc.Job("/f", tuple)
    shown = 0
    try:
        for _ in range(rng.randrange(1, 12)):
            heard = glc.parse_message(json.dumps(message(rng)))
            step = transcript.feed(heard) if heard else None
            if step is None:
                continue
            check_step(step)
            if step.final:
                job.finish(arrivals.final(step.values or []))
                break
            job.publish(arrivals.next(step))
            shown += step.values is not None
    except glc.GradioError as error:
        assert str(error) == error.args[0]
        job.fail(error)
    outputs = job.outputs()
    assert len(outputs) == shown or (shown == 0 and job.done() and len(outputs) == 1)
    assert all(isinstance(output, tuple) for output in outputs)


def check_values(rng: random.Random) -> None:
    """A generator's values, sent as diffs, mixed with other messages, some with files in them."""
    values = [[diffs.tree(rng, 3), diffs.tree(rng, 2)]]
    for _ in range(rng.randrange(1, 6)):
        values.append([diffs.evolved(rng, value) for value in values[-1]])
    if rng.randrange(3) == 0:
        values[-1][0] = {"file": FILE, "also": [FILE, 1]}
    transcript = glc.Transcript(True, (6, 31), "/f")
    arrivals = glc.Arrivals(fetch, glc.is_marked_file)
    job = glc.Job("/f", list)
    flaw = rng.choice(diffs.FLAWS)
    sent: list[Any] = [values[0]]
    sent += [[diff(old, new, flaw) for old, new in zip(*pair)] for pair in zip(values, values[1:])]
    for data in json.loads(json.dumps(sent)):
        step = transcript.feed({"msg": "process_generating", "output": {"data": data}, "success": True})
        if step is None or step.values is None:
            return  # a first value that looks like a diff: see Transcript
        job.publish(arrivals.next(step))
    expected = [glc.walk(value, glc.is_marked_file, fetched) for value in values]
    assert job.outputs() == expected, (sent, job.outputs(), expected)
    job.finish(arrivals.final(values[-1]))
    assert list(job) == expected
    assert job.result(0) == expected[-1]


def check_old_values(rng: random.Random) -> None:
    """What components of 3.x return."""
    value = rng.choice((json_value(rng), mutated(rng, OLD_FILE), [[OLD_FILE, "caption"]], ["x", [[OLD_FILE, "y"]]]))
    kind = rng.choice(COMPONENTS)
    modern = glc.modern_output(kind, mutated(rng, value))
    json.dumps(modern)
    for found in (modern, glc.modern_file(OLD_FILE)):
        try:
            json.dumps(glc.fit_argument((3, 50), kind, found))
        except TypeError as error:
            assert kind == "image" and "handle_file" in str(error), (kind, found, error)
    glc.walk(modern, glc.is_marked_file, lambda item: glc.file_name(item))


def check(rng: random.Random) -> None:
    check_anything(rng)
    check_values(rng)
    check_old_values(rng)
