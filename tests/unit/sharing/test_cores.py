"""Where a model wakes: not on a core that a sibling's model has."""

import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serve_app.sharing import cores as module
from serve_app.sharing.board import Board
from serve_app.sharing.cores import Cores

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="there is no core to choose"
)


class Replica:
    """A place on the board, and a thread for its model."""

    def __init__(self, folder: Path) -> None:
        self.board = Board(folder)
        self.board.join()
        self.cores = Cores(self.board)
        self._work: queue.Queue[Callable[[], object] | None] = queue.Queue()
        self._runner = threading.Thread(target=self._run, daemon=True)
        self._runner.start()
        self.thread = self._runner.native_id or 0
        self._do(self.cores.enter)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()

    def _do(self, work: Callable[[], object]) -> None:
        done = threading.Event()
        self._work.put(work)
        self._work.put(done.set)
        assert done.wait(10)

    def sit_on(self, core: int) -> None:
        """Let the thread run on that core, and be free to run on any."""
        allowed = os.sched_getaffinity(self.thread)
        self._do(lambda: os.sched_setaffinity(0, {core}))
        os.sched_setaffinity(self.thread, allowed)

    def find_seat(self) -> set[int]:
        """The cores on which the thread can wake."""
        found: set[int] = set()
        self.cores.wake(lambda: found.update(os.sched_getaffinity(self.thread)))
        return found

    def end(self) -> None:
        """End the thread, which stays on the board."""
        self._work.put(None)
        self._runner.join()


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Replica]]:
    """Makes replicas on a machine of any size, and ends them after the test."""
    monkeypatch.setattr(module, "_MOST_CORES", 1024)
    replicas: list[Replica] = []

    def make_one() -> Replica:
        replicas.append(Replica(tmp_path))
        return replicas[-1]

    yield make_one
    for replica in replicas:
        replica.end()
        replica.cores.close()
        replica.board.close()


@pytest.fixture
def allowed() -> Iterator[set[int]]:
    """The cores of this process; what the test's thread may use is put right afterwards."""
    cores = os.sched_getaffinity(0)
    yield cores
    os.sched_setaffinity(0, cores)


def test_it_wakes_where_no_siblings_model_runs(make: Callable[[], Replica], allowed: set[int]) -> None:
    """Wherever that is, again and again; once awake it may run anywhere."""
    mine, theirs = make(), make()
    for core in [*sorted(allowed), *sorted(allowed)]:
        theirs.sit_on(core)
        assert mine.find_seat() == allowed - {core}
        assert os.sched_getaffinity(mine.thread) == allowed


def test_the_core_of_an_idle_sibling_is_free(make: Callable[[], Replica], allowed: set[int]) -> None:
    """With no other at work, the system chooses among all."""
    mine, idle = make(), make()
    idle.board.show_idle(True)
    idle.sit_on(min(allowed))
    assert mine.find_seat() == allowed
    busy = make()
    busy.sit_on(max(allowed))
    assert mine.find_seat() == allowed - {max(allowed)}


def test_with_all_cores_taken_the_system_chooses(make: Callable[[], Replica], allowed: set[int]) -> None:
    """It knows more of them."""
    mine = make()
    for core in sorted(allowed):
        make().sit_on(core)
    assert mine.find_seat() == allowed


def test_on_a_large_machine_the_system_chooses(
    make: Callable[[], Replica], allowed: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It finds idle cores there."""
    monkeypatch.setattr(module, "_MOST_CORES", 1)
    mine, theirs = make(), make()
    theirs.sit_on(min(allowed))
    assert mine.find_seat() == allowed


def test_it_keeps_to_the_cores_that_it_was_given(make: Callable[[], Replica], allowed: set[int]) -> None:
    """By an administrator, meanwhile."""
    mine, only = make(), min(allowed)
    os.sched_setaffinity(mine.thread, {only})
    assert mine.find_seat() == os.sched_getaffinity(mine.thread) == {only}


def test_a_sibling_whose_model_ended_is_passed_by(make: Callable[[], Replica], allowed: set[int]) -> None:
    """Killed, and not yet gone from the board; seen before, or never."""
    mine, seen = make(), make()
    seen.sit_on(min(allowed))
    assert mine.find_seat() == allowed - {min(allowed)}
    seen.end()
    assert mine.find_seat() == allowed
    make().end()
    assert mine.find_seat() == allowed


def test_it_is_woken_where_the_system_lets_nothing_be_chosen(
    make: Callable[[], Replica], allowed: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some sandboxes refuse it."""
    mine, theirs = make(), make()
    theirs.sit_on(min(allowed))

    def refuse(thread: int, cores: set[int]) -> None:
        raise PermissionError(thread, cores)

    with monkeypatch.context() as patched:
        patched.setattr(os, "sched_setaffinity", refuse)
        assert mine.find_seat() == allowed


def test_it_may_run_anywhere_again_whatever_happens(make: Callable[[], Replica], allowed: set[int]) -> None:
    """Also if waking fails."""
    mine, theirs = make(), make()
    theirs.sit_on(min(allowed))

    def fail() -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        mine.cores.wake(fail)
    assert os.sched_getaffinity(mine.thread) == allowed


def test_before_its_thread_is_known_it_just_wakes(tmp_path: Path) -> None:
    """A replica that starts."""
    board = Board(tmp_path)
    rung: list[bool] = []
    Cores(board).wake(lambda: rung.append(True))
    board.close()
    assert rung == [True]
