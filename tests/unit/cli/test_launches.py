"""Every process of a start is found by its mark and ended, however it was reparented."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator

import psutil
import pytest

from serve_app.cli.launches import LAUNCH_VARIABLE, Launch, end_processes, find_abandoned, find_launch

# A parent that starts a child in a session of its own, says the child's id and ends: the child becomes an orphan.
ORPHAN = textwrap.dedent(
    """
    import subprocess, sys
    command = [sys.executable, "-c", sys.argv[1]]
    child = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    child.stdout.readline()
    print(child.pid, flush=True)
    """
)
SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
# Answers SIGTERM by starting another process like itself and ending, once.
HYDRA = textwrap.dedent(
    """
    import signal, subprocess, sys, time
    def grow(number, frame):
        command = [sys.executable, "-c", sys.argv[1]]
        child = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE)
        child.stdout.readline()
        sys.exit()
    signal.signal(signal.SIGTERM, grow)
    print('up', flush=True)
    time.sleep(600)
    """
)
# Has a child in its own session that shows no mark, as a process that writes its title over its environment.
COMPANY = textwrap.dedent(
    """
    import subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], env={}, stdout=subprocess.PIPE)
    child.stdout.readline()
    print('up', flush=True)
    time.sleep(600)
    """
)

Spawn = Callable[..., int]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Starts an orphan that carries a launch's mark; returns its process id. What is left is killed at the end."""
    pids: list[int] = []

    def start(launch: Launch, code: str = SLEEPER) -> int:
        command = [sys.executable, "-c", ORPHAN, code]
        environment = {**os.environ, **launch.environment}
        pids.append(int(subprocess.run(command, env=environment, check=True, capture_output=True).stdout))
        return pids[-1]

    yield start
    for pid in pids:
        if psutil.pid_exists(pid):
            psutil.Process(pid).kill()


def is_running(pid: int) -> bool:
    """Whether the process is there and not a zombie that nobody has collected."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_an_orphan_is_found_by_its_mark(spawn: Spawn) -> None:
    """A process whose parent is gone and which left the session still belongs to its start, and to no other."""
    launch, other = Launch.begin(), Launch.begin()
    pid = spawn(launch)
    assert [process.pid for process in launch.processes()] == [pid]
    assert find_launch(pid) == launch
    assert other.processes() == []


def test_the_launcher_is_not_among_its_own_processes() -> None:
    """A start from a terminal of another start does not end itself."""
    launch = Launch.begin()
    code = f"from serve_app.cli.launches import Launch; print(Launch({launch.launcher!r}, {launch.id!r}).processes())"
    environment = {**os.environ, **launch.environment}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]"


def test_all_processes_of_a_start_are_ended_and_no_others(spawn: Spawn) -> None:
    """Ending one start leaves another start's processes alone."""
    launch, other = Launch.begin(), Launch.begin()
    mine = [spawn(launch), spawn(launch)]
    theirs = spawn(other)
    assert end_processes(launch.processes, patience_s=5.0) == []
    assert not any(is_running(pid) for pid in mine)
    assert is_running(theirs)


def test_a_process_that_will_not_end_is_killed(spawn: Spawn) -> None:
    """Past the patience, SIGTERM is followed by SIGKILL."""
    launch = Launch.begin()
    pid = spawn(launch, STUBBORN)
    assert end_processes(launch.processes, patience_s=0.2) == []
    assert not is_running(pid)


def test_a_process_started_while_ending_is_ended_too(spawn: Spawn) -> None:
    """A child that appears during the sweep does not slip through."""
    launch = Launch.begin()
    code = HYDRA.replace("sys.argv[1]", repr(SLEEPER))
    spawn(launch, code)
    assert end_processes(launch.processes, patience_s=5.0) == []
    assert launch.processes() == []


def test_a_process_that_hides_its_mark_is_found_by_its_session(spawn: Spawn) -> None:
    """It belongs to the start as long as another one of its session shows the mark."""
    launch = Launch.begin()
    marked = spawn(launch, COMPANY.replace("sys.argv[1]", repr(SLEEPER)))
    (child,) = psutil.Process(marked).children()
    assert {process.pid for process in launch.processes()} == {marked, child.pid}
    assert end_processes(launch.processes, patience_s=5.0) == []
    assert not is_running(child.pid)


def test_a_stubborn_process_is_ended_after_the_one_that_showed_the_mark(spawn: Spawn) -> None:
    """The marked one goes first and takes the recognition with it."""
    launch = Launch.begin()
    marked = spawn(launch, COMPANY.replace("sys.argv[1]", repr(STUBBORN)))
    (child,) = psutil.Process(marked).children()
    assert end_processes(launch.processes, patience_s=0.5) == []
    assert not is_running(marked)
    assert not is_running(child.pid)


def test_what_was_found_earlier_is_ended_when_nothing_marked_is_left(spawn: Spawn) -> None:
    """What was known before the marked one went is ended; without that it would not be found."""
    launch = Launch.begin()
    marked = spawn(launch, COMPANY.replace("sys.argv[1]", repr(SLEEPER)))
    (child,) = psutil.Process(marked).children()
    known = launch.processes()
    psutil.Process(marked).kill()
    psutil.wait_procs([psutil.Process(marked)] if psutil.pid_exists(marked) else [], timeout=5)
    assert launch.processes() == []
    assert end_processes(launch.processes, patience_s=5.0, known=known) == []
    assert not is_running(child.pid)


def test_the_session_of_the_one_who_asks_is_no_start() -> None:
    """A marked process that shares the session of the launcher does not make the rest of that session the start's."""
    launch = Launch.begin()
    with subprocess.Popen([sys.executable, "-c", SLEEPER], env=launch.environment, stdout=subprocess.PIPE) as marked:
        assert marked.stdout is not None
        marked.stdout.readline()
        with subprocess.Popen([sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE) as beside:
            assert [process.pid for process in launch.processes()] == [marked.pid]
            beside.kill()
        marked.kill()


def test_a_start_whose_launcher_is_gone_is_abandoned(spawn: Spawn) -> None:
    """Leftovers are recognised by a launcher that no longer exists, even when its process id is used again."""
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], check=True, capture_output=True)
    dead, reused = Launch(f"{int(gone.stdout)}@1.00"), Launch(f"{os.getpid()}@1.00")
    alive = Launch.begin()
    left = {launch: spawn(launch) for launch in (dead, reused, alive)}
    found = {launch: [process.pid for process in processes] for launch, processes in find_abandoned().items()}
    assert found[dead] == [left[dead]]
    assert found[reused] == [left[reused]]
    assert alive not in found


def test_a_process_without_a_mark_belongs_to_no_start() -> None:
    """Processes that happen to run beside a start are never its."""
    assert LAUNCH_VARIABLE not in os.environ
    assert find_launch(os.getpid()) is None
