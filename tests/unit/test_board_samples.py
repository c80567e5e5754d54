"""Counters of the whole service: they add up over replicas, and none becomes smaller or leaps."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from serve_app.status import Board
from serve_app.tally import BOUNDS_S, Counts, Note
from tests.fakes import ManualClock

KEY = ("problems", "429", "overloaded")


def note(
    count: float, *, uptime_s: float = 5.0, samples: Mapping[tuple[str, ...], tuple[float, ...]] | None = None
) -> Note:
    counted = {KEY: (count,)} if samples is None else samples
    return Note("ImageClassifier", uptime_s, 0, 0, Counts(), Counts(), 5.0, (0,) * (len(BOUNDS_S) + 1), counted)


def total(board: Board) -> float:
    return sum(board.read().samples.get(KEY, (0,)))


def test_samples_of_replicas_add_up() -> None:
    """Whichever of them counted what."""
    board = Board(ManualClock())
    board.post("a", note(3))
    board.post("b", note(4))
    board.post("b", note(0, samples={KEY: (6,), ("images", "m", "classified"): (2,)}))
    assert board.read().samples == {KEY: (9,), ("images", "m", "classified"): (2,)}


def test_counters_keep_what_a_departed_replica_counted() -> None:
    """While it is silent, when it is forgotten, and ever after."""
    clock = ManualClock()
    board = Board(clock)
    board.post("a", note(3))
    board.post("b", note(4))
    for seconds in (4, 100, 1000, 10_000):
        clock.advance(seconds)
        board.post("b", note(4, uptime_s=clock() - 995))
        assert total(board) == 7


def test_a_replica_that_was_forgotten_and_is_back_counts_once() -> None:
    """What it did before is counted already."""
    clock = ManualClock()
    board = Board(clock)
    board.post("a", note(3))
    clock.advance(1000)
    assert total(board) == 3
    board.post("a", note(5, uptime_s=1005))
    assert total(board) == 3
    board.post("a", note(6, uptime_s=1006))
    assert total(board) == 4


def test_a_board_that_stands_for_a_lost_one_begins_at_zero() -> None:
    """As after any restart: otherwise all that the replicas ever counted would look like the work of one second."""
    board = Board(ManualClock())
    board.post("a", note(1_000_000, uptime_s=86_400))
    board.post("b", note(900_000, uptime_s=86_400))
    assert total(board) == 0
    board.post("a", note(1_000_003, uptime_s=86_401))
    assert total(board) == 3


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.sampled_from([0.5, 2.0, 10.0, 700.0]))))
def test_counters_never_go_backwards(steps: list[tuple[str, int, float]]) -> None:
    """Whoever posts, falls silent, is forgotten or comes back."""
    clock = ManualClock()
    board = Board(clock)
    counted = dict.fromkeys("abc", 0)
    before = 0.0
    for replica, more, seconds in steps:
        clock.advance(seconds)
        counted[replica] += more
        board.post(replica, note(counted[replica], uptime_s=clock() - 1000))
        now = total(board)
        assert before <= now <= sum(counted.values())
        before = now
