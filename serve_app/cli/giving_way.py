"""Ray's own processes give way to those that answer requests.

    watching    dashboard, its modules and agent, readers of logs    every thread, 19
    keeping     GCS, controller                                      every thread, 10
    listening   every other actor's process                          its main thread, 10

What answers requests keeps its niceness, and so does what starts such processes, since they inherit it: raylet, the
thread that starts HAProxy, and idle workers, of which replicas are made.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import psutil

from serve_app.niceness import GIVING_WAY, LAST, raise_niceness

# As they stand in a command line. The title of a process that runs an actor is `ray::` and the actor's class.
_WATCHING = (
    "/ray/dashboard/dashboard.py",
    "ray.dashboard.subprocesses",
    "ray-dashboard-",
    "/ray/_private/log_monitor.py",
    "/ray/autoscaler/_private/monitor.py",
    "ray::DashboardAgent",
)
_KEEPING = ("/gcs/gcs_server", "ray::ServeController")
_ACTOR = "ray::"
_UNTOUCHED = ("ray::IDLE", "ray::RuntimeEnvAgent")
# Ray starts those again that end.
_AGAIN_S = 60.0


@contextlib.asynccontextmanager
async def ray_giving_way(service: int) -> AsyncIterator[None]:
    """Within it Ray's own processes give way; those that start later do so within a minute.

    service: process id of `serve run`, which all of Ray descends from.
    """
    keeping = asyncio.create_task(_keep_giving_way(service))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def _keep_giving_way(service: int) -> None:
    while True:
        await asyncio.to_thread(let_ray_give_way, service)
        await asyncio.sleep(_AGAIN_S)


def let_ray_give_way(service: int) -> None:
    """Raise the niceness of Ray's own processes that run now. Those that end meanwhile are passed by."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in psutil.Process(service).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                _let_give_way(process)


def _let_give_way(process: psutil.Process) -> None:
    command = " ".join(process.cmdline())
    for marks, niceness in ((_WATCHING, LAST), (_KEEPING, GIVING_WAY)):
        if any(mark in command for mark in marks):
            # Threads that it starts later inherit it.
            for thread in process.threads() if process.nice() < niceness else ():
                raise_niceness(thread.id, niceness)
            return
    if command.startswith(_ACTOR) and not command.startswith(_UNTOUCHED):
        raise_niceness(process.pid, GIVING_WAY)
