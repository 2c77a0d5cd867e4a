# SPDX-License-Identifier: MIT
"""A program that uses the whole public API. It is there for type checkers, which must accept it; nothing runs it."""

import asyncio
import concurrent.futures
from typing import Any, List, Optional

import gradio_lite_client as gradio_client
from gradio_lite_client import Client, FileData, GradioError, Job, OutputUpdate, Status, StatusUpdate, handle_file


def program() -> None:
    with Client(
        "http://127.0.0.1:7860", auth=("a", "b"), headers={"x": "y"}, download_files=False, timeout=None
    ) as client:
        result: Any = client.predict("x", api_name="/predict", headers={"a": "b"})
        job: Job = client.submit(handle_file(b"x", "y"), fn_index=0, result_callbacks=[print])
        status: StatusUpdate = job.status()
        code: bool = status.code < Status.FINISHED
        eta: Optional[float] = status.eta
        outputs: List[Any] = job.outputs()
        for value in job:
            print(value)
        done, pending = concurrent.futures.wait([job], timeout=1)
        for future in concurrent.futures.as_completed([job]):
            print(future.result())
        job.add_done_callback(lambda finished: print(finished.result()))
        try:
            job.result(timeout=1.5)
        except GradioError as error:
            print(error.url, error.status, error.endpoint, error.event_id, error.last_status)
        text = client.view_api(print_info=False, return_format="str")
        file = FileData(path="x")
        data: bytes = file.read()
        where: str = file.save("folder")

    async def main() -> None:
        async for update in job:
            if isinstance(update, OutputUpdate):
                print(update.outputs, update.final)
            else:
                print(update.progress_data, update.log)
        print(await job)

    asyncio.run(main())
    client = Client.duplicate("a/b", hardware="x", secrets={"a": "b"}, variables={"c": "d"}, sleep_timeout=5)
    raise SystemExit(gradio_client.main(["--version"]))
