"""How a run of many images slows down and speeds up again, decided without clocks or sockets."""

import json

import pytest

from argus_client.answers import Answer
from argus_client.exchange import Failure
from argus_client.pace import Pace

GOOD = Answer(200, {}, b"{}", 1.0)
REFUSED = Failure("Nothing answers.", sent=False)


def full(retry_after: str) -> Answer:
    """The service's answer when its queue is full."""
    return Answer(429, {"retry-after": retry_after}, json.dumps({"code": "overloaded", "status": 429}).encode(), 1.0)


class Clock:
    """Time that passes only when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time that the pace knows."""
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    """Of at most eight requests, patient for ten seconds."""
    return Pace(8, patience_s=10.0, clock=clock)


def fill(pace: Pace) -> list[float]:
    """Begin as many requests as the pace allows."""
    begun = []
    while pace.may_begin:
        begun.append(pace.begin())
    return begun


def test_no_more_are_under_way_than_allowed(pace: Pace) -> None:
    """The bound that the caller named holds, and one that ends makes room for one."""
    begun = fill(pace)
    assert len(begun) == 8
    pace.end(begun[0], GOOD)
    assert len(fill(pace)) == 1


def test_a_refusal_halves_the_pace_once_for_all_that_were_sent_before_it(pace: Pace, clock: Clock) -> None:
    """Eight refusals of one moment are one piece of news, not eight."""
    begun = fill(pace)
    clock.now += 0.1
    for one in begun:
        pace.end(one, full("1"))
    clock.now += 1.0
    assert len(fill(pace)) == 4


def test_nothing_begins_before_the_time_that_the_service_named(pace: Pace, clock: Clock) -> None:
    """One Retry-After holds for the whole run."""
    pace.end(pace.begin(), full("3"))
    assert not pace.may_begin
    assert pace.opens_in_s == pytest.approx(3.0)
    clock.now += 3.0
    assert pace.may_begin


def test_the_pace_comes_back_with_answers(pace: Pace, clock: Clock) -> None:
    """A service that answers again gets, in time, as much as in the beginning, and never more."""
    pace.end(pace.begin(), full("0"))
    clock.now += 0.1
    begun = fill(pace)
    assert len(begun) == 4
    for one in begun:
        pace.end(one, GOOD)
    for _ in range(50):
        pace.end(pace.begin(), GOOD)
    assert len(fill(pace)) == 8


def test_the_slowest_pace_is_one_at_a_time(pace: Pace, clock: Clock) -> None:
    """However often the service refuses, the run goes on asking."""
    for _ in range(10):
        clock.now += 1.0
        pace.end(pace.begin(), full("0"))
    assert len(fill(pace)) == 1


def test_patience_begins_with_an_answer_and_ends_without_good_ones(pace: Pace, clock: Clock) -> None:
    """Where nobody ever answered there is nothing to wait for; a service that only refuses is given up in the end."""
    pace.end(pace.begin(), REFUSED)
    assert not pace.is_patient
    pace.end(pace.begin(), GOOD)
    clock.now += 9.0
    pace.end(pace.begin(), REFUSED)
    assert pace.is_patient
    clock.now += 1.0
    assert not pace.is_patient


def test_a_request_that_nobody_waits_for_only_makes_room(pace: Pace) -> None:
    """A cancelled request says nothing of the service."""
    for begun in fill(pace):
        pace.end(begun, None)
    assert len(fill(pace)) == 8


def test_a_run_of_no_requests_is_refused() -> None:
    """A pace at which nothing could ever be sent is a mistake."""
    with pytest.raises(ValueError, match="concurrency"):
        Pace(0, patience_s=1.0)
