"""Threads that run only while a core has nothing else to do: Linux's scheduling policy SCHED_IDLE.

A library that computes with several threads gains from idle cores; where other processes want those cores, its threads
only hinder them. As SCHED_IDLE, helpers take what is left over, and the thread that they help does the work itself
where nothing is.
"""

import contextlib
import itertools
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_TASKS = Path("/proc/self/task")
_numbers = itertools.count()


def count_idle_threads(wanted: int, *, num_threads: int) -> int:
    """How many of the wanted threads can help: those for which there are cores beside the `num_threads` others.

    0 where the system has no such policy, or does not let this process use it.
    """
    if sys.platform != "linux":
        return 0
    return max(0, min(wanted, len(os.sched_getaffinity(0)) - num_threads)) if wanted and _may_be_idle() else 0


def start_idle_threads(work: Callable[[], T]) -> T:
    """Run `work` and let the native threads that it starts, and those that they start, run on idle cores only.

    `work` itself runs in a thread of its own, at the priority of the caller. Its threads are known by the name that
    Linux gives them: their creator's. A thread that names itself is not found. Raises what `work` raises.
    """
    name = f"idle-{next(_numbers)}"
    done: Future[T] = Future()

    def run() -> None:
        (_TASKS / str(threading.get_native_id()) / "comm").write_text(name)
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  # the caller gets it, whatever it is
            done.set_exception(error)
        else:
            _let_idle(name)
            done.set_result(result)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    thread.join()
    return done.result()


def _let_idle(name: str) -> None:
    """Give every thread of that name the policy, but for the one that runs this."""
    own = threading.get_native_id()
    for task in _TASKS.iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            if int(task.name) != own and (task / "comm").read_text().rstrip("\n") == name:
                os.sched_setscheduler(int(task.name), os.SCHED_IDLE, os.sched_param(0))


def _may_be_idle() -> bool:
    """Whether this process may give threads the policy: tried on a thread that ends at once."""
    allowed: list[bool] = []

    def attempt() -> None:
        try:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        except OSError:
            allowed.append(False)
        else:
            allowed.append(True)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return allowed == [True]
