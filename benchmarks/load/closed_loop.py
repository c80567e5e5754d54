"""The closed loop: Locust's users, in a process of their own, told by the scenario how many they are.

A user sends a photo a second and waits for its answer. When the service is slow they send less: that is how people
behave, and it hides how long others would have waited. Latencies count from when a user sent.
"""

import asyncio
import importlib.util
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.environments import ROOT
from benchmarks.load.open_loop import TIMEOUT_S
from benchmarks.load.records import Sent
from benchmarks.load.scenarios import Scenario

_END_S = 10.0


class LocustFailed(Exception):
    """Locust could not be run; the message says what to do or what it said."""


def check_locust() -> None:
    """Raises LocustFailed where it is not installed."""
    if importlib.util.find_spec("locust") is None:
        raise LocustFailed("Locust is not installed. Install it: .venv/bin/pip install 'locust>=2.40,<3'")


async def drive_closed_loop(
    url: str, images: Path, scenario: Scenario, capacity: float, folder: Path, *,
    began: Callable[[float], None], note: Callable[[Sent], None],
) -> None:  # fmt: skip
    """Run the scenario to its end.

    images: a folder of photos, as an absolute path. folder: for Locust's plan and log. began, note: as in `open_loop`.

    Raises LocustFailed.
    """
    check_locust()
    parts = urlsplit(url)
    plan = {
        "name": scenario.name, "phases": [asdict(phase) for phase in scenario.phases], "capacity": capacity,
        "images": str(images), "path": parts.path, "timeout_s": TIMEOUT_S,
    }  # fmt: skip
    plan_path, log_path = folder / "locust-plan.json", folder / "locust.log"
    plan_path.write_text(json.dumps(plan), "utf-8")
    reading, writing = os.pipe()
    environment = {
        **os.environ,
        "ARGUS_LOAD_PLAN": str(plan_path),
        "ARGUS_LOAD_PIPE": str(writing),
        "PYTHONPATH": str(ROOT),
    }
    command = [
        sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("users.py")), "--headless",
        "--host", f"{parts.scheme}://{parts.netloc}", "--only-summary", "--loglevel", "WARNING",
        "--stop-timeout", f"{TIMEOUT_S:.0f}", "--exit-code-on-error", "0",
    ]  # fmt: skip
    try:
        with log_path.open("wb") as log:
            # A session of its own: Ctrl-C is for this program, which ends Locust itself.
            process = await asyncio.create_subprocess_exec(
                *command, cwd=folder, env=environment, pass_fds=(writing,), stdin=asyncio.subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
    finally:
        os.close(writing)
    try:
        await _read_pipe(reading, began, note)
        if status := await process.wait():
            said = log_path.read_text("utf-8", errors="replace")[-2000:]
            raise LocustFailed(f"Locust ended with status {status}:\n{said}")
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _END_S)
            except TimeoutError:
                process.kill()
    plan_path.unlink(missing_ok=True)


async def _read_pipe(reading: int, began: Callable[[float], None], note: Callable[[Sent], None]) -> None:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb")
    )
    try:
        while line := await reader.readline():
            values = json.loads(line)
            if "begin" in values:
                began(values["begin"])
            else:
                note(Sent(**values))
    finally:
        transport.close()
