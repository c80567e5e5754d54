"""Looks at the service while it is loaded: its status once a second, and the memory of its processes."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

from argus_client import ArgusClientError, AsyncArgusClient
from argus_client.results import ServiceStatus
from benchmarks.load.records import Effort, Look, Weighing
from benchmarks.started import StartedSystem, read_pss_mb
from serve_app.worker_processes import read_title

_LOOK_TIMEOUT_S = 3.0
_REPLICAS_EVERY_S = 10


def open_status_client(url: str) -> AsyncArgusClient:
    """A client that gives up soon and does not try again: a status that is late is worth nothing."""
    return AsyncArgusClient(url, timeout_s=_LOOK_TIMEOUT_S, retries=0)


def describe_look(status: ServiceStatus, at: float) -> Look:
    """What is kept of a status."""
    scale = status.replicas
    return Look(at, scale.running, scale.starting, scale.stopping, scale.target, status.queued, status.ongoing)


async def watch_status(url: str, begin: float, note: Callable[[Look], None]) -> None:
    """Look every second until cancelled. begin: of time.monotonic; a look that got no answer is left out."""
    async with open_status_client(url) as client:
        for second in range(10**9):
            await asyncio.sleep(max(0.0, begin + second - time.monotonic()))
            with suppress(ArgusClientError):
                status = await client.status()
                note(describe_look(status, time.monotonic() - begin))


async def watch_processes(started: StartedSystem) -> None:
    """Look every second until cancelled. Raises SystemFailed when the service has ended."""
    while True:
        started.check_running()
        await asyncio.sleep(1.0)


async def watch_memory(
    started: StartedSystem, begin: float, *, every_s: float, note: Callable[[Weighing], None]
) -> None:
    """Weigh every process of the service once in `every_s`, until cancelled.

    One at a time, spread over that time: a process stands still while the kernel counts its pages, and all of them in a
    row kept a core busy for two thirds of a second, which requests waited for.
    """
    for turn in range(10**9):
        await _wait_until(begin + turn * every_s)
        processes = await asyncio.to_thread(started.find_processes)
        for number, process in enumerate(processes):
            await _wait_until(begin + (turn + number / len(processes)) * every_s)
            weighing = await asyncio.to_thread(_weigh, process, begin)
            if weighing is not None:
                note(weighing)


async def watch_effort(started: StartedSystem, begin: float, note: Callable[[Effort], None]) -> None:
    """Note each second what the replicas used of the processor, until cancelled.

    Which processes those are is looked up now and then: to find them costs as much as a request.
    """
    replicas: list[psutil.Process] = []
    used: dict[psutil.Process, float] = {}
    stolen_s: float | None = None
    for second in range(10**9):
        await _wait_until(begin + second)
        if second % _REPLICAS_EVERY_S == 0:
            replicas = [one for one in await asyncio.to_thread(started.find_processes) if _is_replica(one)]
        before, used = used, {one: seconds for one in replicas if (seconds := _read_used(one)) is not None}
        stolen_before_s, stolen_s = stolen_s, float(getattr(psutil.cpu_times(), "steal", 0.0))
        if stolen_before_s is not None:
            grown_s = sum(seconds - before[one] for one, seconds in used.items() if one in before)
            note(Effort(time.monotonic() - begin, grown_s, stolen_s - stolen_before_s))


def _is_replica(process: psutil.Process) -> bool:
    return read_title(str(process.pid)).startswith("ray::ServeReplica:")


def _read_used(process: psutil.Process) -> float | None:
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return None


async def _wait_until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.monotonic()))


def _weigh(process: psutil.Process, begin: float) -> Weighing | None:
    with suppress(psutil.Error):
        name = name_process(process.cmdline(), process.name())
        if size := read_pss_mb(process):
            return Weighing(time.monotonic() - begin, process.pid, name, size)
    return None


def name_process(command: list[str], name: str) -> str:
    """What a person calls it: Ray's title of an actor, or the program."""
    first = command[0] if command else name
    if first.startswith("ray::"):
        parts = first.removeprefix("ray::").split()[0].split(":")
        return parts[0] if len(parts) == 1 else f"{parts[0]} {parts[-1]}"
    if "python" in first.rsplit("/", 1)[-1] and len(command) > 1:
        if "-m" in command[1:-1]:
            return command[command.index("-m") + 1]
        script = next((part for part in command[1:] if not part.startswith("-")), first)
        return script.rsplit("/", 1)[-1].removesuffix(".py")
    return first.rsplit("/", 1)[-1]
