"""The releases of Gradio that the tests run on, and what each can do.

A test asks for a capability by name and never compares versions; this file knows which release has it.
"""

from typing import Dict, FrozenSet, NamedTuple, Optional, Tuple

Version = Tuple[int, ...]


class Release(NamedTuple):
    gradio: str
    protocol: str  # as in its config; "ws" where that says nothing
    python: Tuple[str, ...]  # interpreters that it installs on, best first
    exclude_newer: Optional[str]  # no package younger than this day; None: the newest of everything
    extra: Tuple[str, ...]  # further requirements
    features: FrozenSet[str]


FEATURES: Dict[str, Tuple[str, str]] = {  # capability: first release with it, first release without it again
    "upload": ("3.19", ""),  # before: files travel as base64, inside of the arguments
    "generators_declared": ("3.20", ""),  # before: a client learns it from the messages
    "info": ("3.26", ""),  # before: what /info says must be worked out from the config
    "headers": ("3.28", ""),  # of the gr.Request, as a mapping
    "log": ("3.36", ""),  # gr.Info, gr.Warning
    "named_functions": ("4.0", ""),  # functions without api_name are named after the function
    "chat_pairs": ("3.16", "5.0"),  # chats are pairs; afterwards messages
    "pool": ("4.0", ""),  # several functions at once while the line of `sleep` is busy
    "siblings_at_once": ("4.8", ""),  # several calls of one function at once
    "integers": ("4.11", ""),  # a Number keeps its Python type
    "undocumented": ("4.12", ""),  # show_api, api_visibility
    "private_names": ("3.16", ""),  # api_name=False
    "diffs": ("4.17", ""),
    "file_meta": ("4.21", ""),
    "parameter_names": ("4.23", ""),  # arguments by the names that the function has
    "max_file_size": ("4.28", ""),
    "session_in_request": ("4.29", ""),
    "cancel_route": ("4.31", ""),  # POST /cancel
    "dropdown_checked": ("5.0", ""),  # a value that is no choice is refused
    # What cancel() can do on the server. It always frees the client.
    "drops_with_stream": ("4.24", ""),  # see also below: closing the stream takes a waiting job off the queue
    "never_runs": ("5.0", ""),  # a waiting job that is cancelled, while other jobs of its session are pending
    "leaves_queue_at_once": ("6.14", ""),  # so that the queue's size shows it; elsewhere when its turn comes
    "stops_beside_sibling": ("5.0", ""),  # a running generator stops while other calls of its function are pending
    "plain_paths": ("5.0", ""),  # JSON with a "path" in it is not taken for a file by the server
}
ALSO: Dict[str, Tuple[str, str]] = {  # a second range of the same capability
    "drops_with_stream": ("3.16", "4.19.2"),
    "never_runs": ("3.16", "4.9"),
    "leaves_queue_at_once": ("4.8", "4.9"),
    "stops_beside_sibling": ("3.16", "4.35"),
    "plain_paths": ("3.16", "4.0"),
}


def parse(version: str) -> Version:
    return tuple(int(part) for part in version.split("."))


def features_of(gradio: str) -> FrozenSet[str]:
    version = parse(gradio)
    return frozenset(
        name
        for table in (FEATURES, ALSO)
        for name, (first, end) in table.items()
        if parse(first) <= version and (not end or version < parse(end))
    )


def row(
    gradio: str, protocol: str, python: str, exclude_newer: Optional[str] = None, *extra: str
) -> Tuple[str, Release]:
    return gradio, Release(gradio, protocol, tuple(python.split()), exclude_newer, extra, features_of(gradio))


NEWEST = "3.14 3.13 3.12 3.11 3.10"
NEW = "3.13 3.12 3.11 3.10"
MIDDLE = "3.12 3.11 3.10"
OLD = "3.10 3.11 3.9 3.8"
RELEASES: Dict[str, Release] = dict(  # newest first: both ends of every protocol, and where behaviour changed
    [
        row("6.31.0", "sse_v3", NEWEST, None, "matplotlib"),
        row("6.0.2", "sse_v3", NEW, "2025-12-10"),
        row("5.50.0", "sse_v3", MIDDLE, "2025-12-01"),
        row("5.0.2", "sse_v3", MIDDLE, "2024-10-20"),
        row("4.44.1", "sse_v3", MIDDLE, "2024-10-08"),
        row("4.31.4", "sse_v3", OLD, "2024-05-25"),
        row("4.29.0", "sse_v3", OLD, "2024-05-15"),
        row("4.24.0", "sse_v3", OLD, "2024-04-05"),
        row("4.21.0", "sse_v2.1", OLD, "2024-03-20"),
        row("4.19.2", "sse_v2", OLD, "2024-03-01"),
        row("4.13.0", "sse_v1", OLD, "2024-01-15"),
        row("4.8.0", "sse", OLD, "2023-12-15"),
        row("4.0.2", "sse", OLD, "2023-11-10"),
        row("3.50.2", "ws", OLD, "2023-11-01"),
        row("3.41.2", "ws", OLD, "2023-09-01"),
        row("3.36.1", "ws", OLD, "2023-07-10", "setuptools"),
        row("3.28.3", "ws", OLD, "2023-05-10", "setuptools"),
        row("3.16.2", "ws", OLD, "2023-01-25", "setuptools"),
    ]
)
ENDS = ("6.31.0", "5.50.0", "4.44.1", "4.19.2", "4.13.0", "4.8.0", "3.50.2", "3.16.2")  # for a quick look
