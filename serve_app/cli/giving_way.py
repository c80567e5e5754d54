"""Ray's own processes give way to those that answer requests.

    watching    dashboard, its modules and agent, readers of logs    niceness 19, on idle cores (SCHED_IDLE)
    keeping     GCS, controller                                      niceness 10

Where one of niceness 0 wants the same core, a process of niceness 10 gets a tenth of it, one of SCHED_IDLE less than a
hundredth. And to Linux a core that runs only SCHED_IDLE is free: who wakes goes there and has it at once. Beside one of
niceness 19 it can wait behind another for as long as that one runs. What answers requests keeps its niceness, and so
does what starts such processes, since they inherit it, as from raylet.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator

import psutil

_WATCHING = 19
_KEEPING = 10
# What can wait as long as all cores are wanted, and what must go on then; as they stand in a command line.
_NICENESS = {
    "/ray/dashboard/dashboard.py": _WATCHING,
    "ray.dashboard.subprocesses": _WATCHING,
    "ray-dashboard-": _WATCHING,
    "/ray/_private/log_monitor.py": _WATCHING,
    "/ray/autoscaler/_private/monitor.py": _WATCHING,
    "ray::DashboardAgent": _WATCHING,
    "/gcs/gcs_server": _KEEPING,
    "ray::ServeController": _KEEPING,
}
# Ray starts those again that end.
_AGAIN_S = 60.0


@contextlib.asynccontextmanager
async def ray_giving_way(service: int) -> AsyncIterator[None]:
    """Within it Ray's own processes give way; those that start later do so within a minute. On Linux only.

    service: process id of `serve run`, which all of Ray descends from.
    """
    keeping = asyncio.create_task(_keep_giving_way(service))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def _keep_giving_way(service: int) -> None:
    # Elsewhere niceness is a process's, and the ids of threads are no process ids.
    while sys.platform == "linux":
        await asyncio.to_thread(let_ray_give_way, service)
        await asyncio.sleep(_AGAIN_S)


def let_ray_give_way(service: int) -> None:
    """Raise the niceness of Ray's own processes that run now. Those that end meanwhile are passed by."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in psutil.Process(service).children(recursive=True):
            with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
                _let_give_way(process)


def _let_give_way(process: psutil.Process) -> None:
    command = " ".join(process.cmdline())
    niceness = next((niceness for mark, niceness in _NICENESS.items() if mark in command), 0)
    # Each thread has its own, which those that it starts inherit.
    if process.nice() < niceness:
        for thread in process.threads():
            with contextlib.suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, thread.id, niceness)
                if niceness == _WATCHING:
                    _let_idle(thread.id)


def _let_idle(thread: int) -> None:
    with contextlib.suppress(PermissionError):  # then its niceness has to do
        os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
