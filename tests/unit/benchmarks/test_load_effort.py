"""How steady the machine was under a load: found from processor time an image, second by second."""

import math
from collections.abc import Iterable

from benchmarks.load.effort import describe_steadiness
from benchmarks.load.records import Effort, Sent
from tests.unit.benchmarks.load_records import REFUSED, due_at, served

SECONDS, A_SECOND = 120, 10
DEAR = range(60, 64)


def send(slow: Iterable[int] = (), slow_s: float = 0.5) -> list[Sent]:
    """Ten requests in each second, of which those of some seconds take long; each ends in its own second."""
    return [
        served(second + number / 20, slow_s if second in slow else 0.02)
        for second in range(SECONDS)
        for number in range(A_SECOND)
    ]


def work(dear: Iterable[int] = (), image_ms: float = 25.0, stolen_s: float = 0.01) -> list[Effort]:
    """What those images took, half as much again in some seconds."""
    return [
        Effort(second + 1.001, A_SECOND * image_ms * (1.5 if second in dear else 1.0) / 1e3, stolen_s)
        for second in range(SECONDS)
    ]


def test_a_machine_that_keeps_its_speed_is_steady() -> None:
    """No second is dear, and p99 is that of all answers."""
    found = describe_steadiness(work(), send(), 0, SECONDS)
    assert found is not None
    assert math.isclose(found.image_ms, 25.0)
    assert (found.dear_s, found.p99_ms) == (0, found.steady_p99_ms)
    assert str(found) == "The machine was as fast all the time: 25 ms of processor time an image."


def test_slow_answers_in_slow_seconds_are_told_apart() -> None:
    """A second is judged with its neighbours, so that four dear ones are six; all of their answers are left out."""
    found = describe_steadiness(work(DEAR), send(DEAR), 0, SECONDS)
    assert found is not None
    assert math.isclose(found.image_ms, 25.0)
    assert found.dear_s == len(DEAR) + 2
    assert 30 < found.dear_image_ms < 37.5
    assert math.isclose(found.p99_ms, 500.0)
    assert math.isclose(found.steady_p99_ms, 20.0)
    assert "slower in 6 of 119 s" in str(found)
    assert "0.01 cores taken by other guests" in str(found)


def test_slow_answers_in_ordinary_seconds_stay() -> None:
    """The service's own stalls are not put down to the machine."""
    found = describe_steadiness(work(DEAR), send(range(20, 24)), 0, SECONDS)
    assert found is not None
    assert math.isclose(found.steady_p99_ms, 500.0)


def test_refusals_are_no_images_and_a_short_run_says_nothing() -> None:
    """A refused request takes next to no time; half a minute is the least."""
    refused = [due_at(REFUSED, second + 0.1) for second in range(SECONDS)]
    found = describe_steadiness(work(), [*send(), *refused], 0, SECONDS)
    assert found is not None
    assert math.isclose(found.image_ms, 25.0)
    assert describe_steadiness(work(), send(), 0, 20) is None
    assert describe_steadiness([], send(), 0, SECONDS) is None
