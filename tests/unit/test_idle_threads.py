"""Threads on idle cores: which ones get the policy, and when there can be none."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serve_app.runtimes import idle_threads
from serve_app.runtimes.idle_threads import count_idle_threads, start_idle_threads

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the policy is Linux's")


class Sleeper:
    """A thread that does nothing until it is told to end, as a pool's thread does between its tasks."""

    def __init__(self) -> None:
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._end.wait, daemon=True)
        self._thread.start()
        assert self._thread.native_id is not None
        self.id = self._thread.native_id

    def stop(self) -> None:
        self._end.set()
        self._thread.join()


@pytest.fixture
def start() -> Iterator[Callable[[], Sleeper]]:
    """Starts sleepers and ends them after the test."""
    sleepers: list[Sleeper] = []

    def start_one() -> Sleeper:
        sleepers.append(Sleeper())
        return sleepers[-1]

    yield start_one
    for sleeper in sleepers:
        sleeper.stop()


def test_only_the_threads_that_the_work_starts_are_idle(start: Callable[[], Sleeper]) -> None:
    """Not those that are there already, not one that somebody starts meanwhile, not the caller."""
    before = start()
    beside: list[Sleeper] = []
    working, started = threading.Event(), threading.Event()

    def somebody_else() -> None:
        working.wait()
        beside.append(start())
        started.set()

    other = threading.Thread(target=somebody_else)
    other.start()

    def work() -> Sleeper:
        working.set()
        started.wait()
        return start()

    helper = start_idle_threads(work)
    other.join()
    assert os.sched_getscheduler(helper.id) == os.SCHED_IDLE
    for usual in (before.id, beside[0].id, 0):
        assert os.sched_getscheduler(usual) == os.SCHED_OTHER


def test_what_a_helper_starts_later_is_idle_too(start: Callable[[], Sleeper]) -> None:
    """A pool may grow by itself: Linux hands the policy down."""
    grown: list[Sleeper] = []
    grow, has_grown = threading.Event(), threading.Event()

    def help_and_grow() -> None:
        grow.wait()
        grown.append(start())
        has_grown.set()

    start_idle_threads(lambda: threading.Thread(target=help_and_grow, daemon=True).start())
    grow.set()
    has_grown.wait()
    assert os.sched_getscheduler(grown[0].id) == os.SCHED_IDLE


def test_the_work_has_the_callers_priority() -> None:
    """Whoever loads a model while others are busy must not wait until they rest."""
    assert start_idle_threads(lambda: os.sched_getscheduler(0)) == os.SCHED_OTHER


def test_the_callers_thread_keeps_its_name() -> None:
    comm = Path(f"/proc/self/task/{threading.get_native_id()}/comm")
    name = comm.read_text()
    start_idle_threads(lambda: None)
    assert comm.read_text() == name


def test_what_the_work_raises_is_raised() -> None:
    def fail() -> None:
        raise FileNotFoundError("no such model")

    with pytest.raises(FileNotFoundError, match="no such model"):
        start_idle_threads(fail)


@pytest.mark.parametrize(
    ("wanted", "num_threads", "cores", "count"),
    [(1, 1, 2, 1), (0, 1, 2, 0), (1, 2, 2, 0), (3, 1, 2, 1), (1, 4, 2, 0), (2, 2, 16, 2)],
)
def test_there_are_no_more_helpers_than_cores_for_them(
    monkeypatch: pytest.MonkeyPatch, wanted: int, num_threads: int, cores: int, count: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert count_idle_threads(wanted, num_threads=num_threads) == count


def test_a_system_that_forbids_the_policy_has_no_helpers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Helpers of usual priority would hinder the others: better none."""

    def forbid(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(os, "sched_setscheduler", forbid)
    assert count_idle_threads(1, num_threads=1) == 0


def test_a_system_without_the_policy_has_no_helpers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle_threads.sys, "platform", "darwin")
    assert count_idle_threads(1, num_threads=1) == 0
