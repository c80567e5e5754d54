"""Ray's own processes give way, told by their command lines; what answers requests, and what starts that, does not."""

import asyncio
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import psutil
import pytest

from serve_app.cli.giving_way import let_ray_give_way, ray_giving_way
from tests.stoppable_model import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere niceness is a process's")

# Starts a process of two threads for each title that it reads, says its id, and ends them all when its input ends.
PARENT = textwrap.dedent(
    """
    import subprocess, sys
    LEAF = "import sys, threading; threading.Thread(target=sys.stdin.read).start(); print(flush=True); sys.stdin.read()"
    children = []
    for title in sys.stdin:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        child = subprocess.Popen([title.strip(), "-c", LEAF], executable=sys.executable, **pipes)
        child.stdout.readline()
        children.append(child)
        print(child.pid, flush=True)
    for child in children:
        child.kill()
        child.wait()
    """
)


class Parent:
    """A process whose children have the titles that a test gives them."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PARENT], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.pid = self._process.pid

    def spawn(self, title: str) -> int:
        """Starts a child of that title; returns its process id."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{title}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> None:
        """Ends its children and then itself."""
        self._process.communicate(timeout=30)


@pytest.fixture
def parent() -> Iterator[Parent]:
    """See `Parent`."""
    parent = Parent()
    yield parent
    parent.end()


@pytest.fixture
def stranger() -> Iterator[Parent]:
    """Another."""
    parent = Parent()
    yield parent
    parent.end()


def read_niceness(pid: int) -> list[int]:
    """Of the main thread, then of the other."""
    return [os.getpriority(os.PRIO_PROCESS, thread.id) for thread in psutil.Process(pid).threads()]


def read_policies(pid: int) -> list[int]:
    """Of the main thread, then of the other: how the system schedules them."""
    return [os.sched_getscheduler(thread.id) for thread in psutil.Process(pid).threads()]


@pytest.mark.parametrize(
    ("title", "main", "other"),
    [
        ("/lib/ray/dashboard/dashboard.py", 19, 19),
        ("ray-dashboard-NodeHead-0", 19, 19),
        ("/lib/ray/_private/log_monitor.py", 19, 19),
        ("/lib/ray/autoscaler/_private/monitor.py", 19, 19),
        ("ray::DashboardAgent", 19, 19),
        ("/lib/ray/core/src/ray/gcs/gcs_server", 10, 10),
        ("ray::ServeController.listen_for_change", 10, 10),
        ("ray::HAProxyManager", 0, 0),
        ("ray::ProxyActor", 0, 0),
        ("ray::ServeReplica:argus:ImageClassifier", 0, 0),
        ("ray::IDLE", 0, 0),
        ("ray::RuntimeEnvAgent", 0, 0),
        ("/lib/ray/core/src/ray/raylet/raylet", 0, 0),
        ("/lib/haproxy", 0, 0),
    ],
)
def test_what_gives_way(parent: Parent, title: str, main: int, other: int) -> None:
    if os.getpriority(os.PRIO_PROCESS, 0) != 0:
        pytest.skip("these tests run at a niceness of their own")
    child = parent.spawn(title)
    let_ray_give_way(parent.pid)
    assert read_niceness(child) == [main, other]
    policy = os.SCHED_IDLE if main == 19 else os.SCHED_OTHER
    assert read_policies(child) == [policy, policy]


def test_where_idle_cores_are_refused_niceness_has_to_do(parent: Parent, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some sandboxes do."""

    def refuse(*_: object) -> None:
        raise PermissionError

    child = parent.spawn("ray::DashboardAgent")
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    let_ray_give_way(parent.pid)
    assert read_niceness(child) == [19, 19]
    assert read_policies(child) == [os.SCHED_OTHER, os.SCHED_OTHER]


def test_only_what_the_service_started_gives_way(parent: Parent, stranger: Parent) -> None:
    ours, foreign = parent.spawn("ray::DashboardAgent"), stranger.spawn("ray::DashboardAgent")
    before = read_niceness(foreign)
    let_ray_give_way(parent.pid)
    assert read_niceness(ours) == [19, 19]
    assert read_niceness(foreign) == before != [19, 19]


def test_a_service_that_is_gone_is_passed_by() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    let_ray_give_way(ended.pid)


async def test_a_process_that_comes_later_gives_way_too(parent: Parent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve_app.cli.giving_way._AGAIN_S", 0.01)
    async with ray_giving_way(parent.pid):
        child = await asyncio.to_thread(parent.spawn, "ray::DashboardAgent")
        await until(lambda: read_niceness(child) == [19, 19])
