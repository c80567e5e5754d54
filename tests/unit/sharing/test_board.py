"""The board of a node's replicas: slots, what stands in them, and whose they are when somebody dies."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from serve_app.sharing.board import SLOTS, Board, BoardFull

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sharing is Linux's")


def test_who_joins_sees_the_others_and_what_waits_there(tmp_path: Path) -> None:
    """Each sees all but itself; a hint is what its owner wrote last."""
    first, second = Board(tmp_path), Board(tmp_path)
    assert second.list_siblings() == (), "nobody asks who is not ready"
    first.join()
    (other,) = second.list_siblings()
    assert (other.slot, second.read(other), second.is_idle(other)) == (first.slot, (0, 0.0), False)
    first.show(3, 12.5)
    first.show_idle(True)
    assert (second.read(other), second.is_idle(other)) == ((3, 12.5), True)
    first.close()
    second.close()


def test_a_slot_that_was_left_is_empty_for_the_next(tmp_path: Path) -> None:
    """Its new owner does not take over what the one before wrote, and is told from it."""
    gone, watcher = Board(tmp_path), Board(tmp_path)
    gone.join()
    (before,) = watcher.list_siblings()
    gone.show(3, 12.5)
    gone.show_idle(True)
    gone.close()
    heir = Board(tmp_path)
    heir.join()
    late = Board(tmp_path)
    after = next(sibling for sibling in late.list_siblings() if sibling.slot == before.slot)
    assert (heir.slot, after == before, late.read(after), late.is_idle(after)) == (before.slot, False, (0, 0.0), False)
    for board in (watcher, heir, late):
        board.close()


def test_there_are_so_many_slots_and_no_more(tmp_path: Path) -> None:
    """Who comes when all are taken is told."""
    boards = [Board(tmp_path) for _ in range(SLOTS)]
    with pytest.raises(BoardFull):
        Board(tmp_path)
    for board in boards:
        board.close()


def test_the_slot_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    """Its lock dies with it."""
    code = (
        "import sys, pathlib; from serve_app.sharing.board import Board\n"
        "board = Board(pathlib.Path(sys.argv[1])); board.join(); board.show(5, 1.0)\n"
        "print(board.slot, flush=True); input()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    slot = int(child.stdout.readline())
    child.kill()
    child.communicate()
    started = time.monotonic()
    board, watcher = Board(tmp_path), Board(tmp_path)
    board.join()
    (sibling,) = watcher.list_siblings()
    assert (board.slot, watcher.read(sibling)) == (slot, (0, 0.0))
    assert sibling.joined_at >= started
    board.close()
    watcher.close()
