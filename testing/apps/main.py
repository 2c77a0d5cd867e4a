"""Serve the functions of functions.py with the Gradio that is installed, 3.16 to 6.

    python main.py [--port N] [--auth user:password] [--mount /sub/path] [--show-error] ...

Prints one line of JSON when ready: the app's url, Gradio's version, and the number of every function.
Whatever Gradio prints goes to stderr. The process ends when its stdin does.
"""

import argparse
import inspect
import json
import os
import socket
import sys
import threading
from typing import Any, Callable, Dict, List, Optional

import functions
import gradio as gr

CLASSES = {"json": "JSON"}  # where the class is not the capitalized type


def fitting(function: Callable[..., Any], **options: Any) -> Dict[str, Any]:
    """Those options that this release of Gradio knows, without the ones that are None."""
    known = inspect.signature(function).parameters
    return {name: value for name, value in options.items() if name in known and value is not None}


def component(kind: str, options: Dict[str, Any]) -> Any:
    constructor = getattr(gr, CLASSES.get(kind, kind.capitalize()))
    if kind == "chatbot" and gr.__version__.startswith("5."):  # Gradio 6 has nothing but messages
        options = dict(options, type="messages")
    return constructor(**options)


def event_options(click: Any, endpoint: functions.Endpoint, events: Dict[str, Any]) -> Dict[str, Any]:
    options = endpoint.options
    visibility = options.get("visibility")
    line = options.get("line")
    chosen = fitting(
        click,
        queue=options.get("queue"),
        batch=options.get("batch"),
        max_batch_size=options.get("max_batch_size"),
        concurrency_limit=1 if line else None,
        concurrency_id=line,
        cancels=[events[options["cancels"]]] if "cancels" in options else None,
        js=options.get("js"),
        _js=options.get("js"),
        api_name=endpoint.name,
        api_visibility=visibility if visibility in ("private", "undocumented") else None,
        show_api=False if visibility == "undocumented" else None,
    )
    if visibility == "unnamed" or endpoint.fn is None:
        del chosen["api_name"]
    if visibility == "private" and "api_visibility" not in chosen:
        chosen["api_name"] = False
    return chosen


def build(endpoints: List[functions.Endpoint], numbers: Dict[str, int]) -> Any:
    """The app; numbers is filled with the number of each function."""
    events: Dict[str, Any] = {}
    with gr.Blocks() as demo:
        button = gr.Button("run")
        for endpoint in endpoints:
            inputs = [component(*given) for given in endpoint.inputs]
            states = [made for made, (kind, _) in zip(inputs, endpoint.inputs) if kind == "state"]
            outputs = [
                states.pop(0) if kind == "state" else component(kind, options) for kind, options in endpoint.outputs
            ]
            numbers[endpoint.name] = len(demo.fns)
            options = event_options(button.click, endpoint, events)
            events[endpoint.name] = button.click(endpoint.fn, inputs or None, outputs or None, **options)
    return demo


def parse_arguments(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="the address to serve on")
    parser.add_argument("--port", type=int, default=0, help="0, the default: a free one")
    parser.add_argument("--auth", metavar="USER:PASSWORD")
    parser.add_argument("--mount", metavar="PATH", help="as a part of another app, under this path")
    parser.add_argument("--show-error", action="store_true")
    parser.add_argument("--max-size", type=int, help="of the queue")
    parser.add_argument("--max-file-size", type=int, help="of uploads, in bytes")
    parser.add_argument("--workers", type=int, default=8, help="for functions without a line of their own")
    parser.add_argument("--pool", type=int, default=1, help="workers for all functions, on Gradio 3")
    return parser.parse_args(arguments)


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def serve(demo: Any, options: argparse.Namespace) -> str:
    """Serve in threads; the app's url."""
    port = options.port or free_port(options.host)
    auth = tuple(options.auth.split(":", 1)) if options.auth else None
    # Gradio 3 has one pool of workers for all functions: a single one keeps `sleep` and `steps` in line there.
    workers = fitting(demo.queue, default_concurrency_limit=options.workers)
    workers = workers or fitting(demo.queue, concurrency_count=options.pool)
    demo.queue(max_size=options.max_size, **workers)
    if options.mount:
        mount(demo, port, auth, options)
    else:
        launching = fitting(demo.launch, max_file_size=options.max_file_size, ssr_mode=False)
        demo.launch(
            server_name=options.host,
            server_port=port,
            prevent_thread_lock=True,
            quiet=True,
            show_error=options.show_error,
            auth=auth,
            **launching,
        )
    return "http://%s:%d%s" % (options.host, port, options.mount or "/")


def mount(demo: Any, port: int, auth: Any, options: argparse.Namespace) -> None:
    import fastapi
    import uvicorn

    mounting = fitting(
        gr.mount_gradio_app,
        auth=auth,
        show_error=options.show_error,
        max_file_size=options.max_file_size,
        ssr_mode=False,
    )
    app = gr.mount_gradio_app(fastapi.FastAPI(), demo, path=options.mount, **mounting)
    server = uvicorn.Server(uvicorn.Config(app, host=options.host, port=port, log_level="warning"))
    started = threading.Event()
    startup = server.startup

    async def startup_and_tell(sockets: Any = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = startup_and_tell
    threading.Thread(target=server.run, daemon=True).start()
    if not started.wait(60):
        sys.exit("the mounted app did not start")


def run_until_stdin_ends(start: Callable[[], Dict[str, Any]]) -> None:
    """Print what start returns as one line of JSON; everything else that is printed goes to stderr."""
    stdout, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps(dict(start(), version=gr.__version__.strip())), file=stdout, flush=True)
    sys.stdin.read()
    os._exit(0)  # running functions and their threads are not waited for


def start() -> Dict[str, Any]:
    numbers: Dict[str, int] = {}
    demo = build(functions.make_endpoints(gr), numbers)
    return {"url": serve(demo, parse_arguments()), "functions": numbers}


if __name__ == "__main__":
    run_until_stdin_ends(start)
