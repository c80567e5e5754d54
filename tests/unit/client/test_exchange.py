"""When the client tries again, how long it waits and when it stops: decided without clocks or sockets."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from argus_client import Overloaded, ServiceUnreachable
from argus_client.answers import Answer, retry_after_s
from argus_client.exchange import FIRST_BACKOFF_S, LONGEST_BACKOFF_S, Failure, Send, Wait, exchange
from argus_client.requests import Request

REQUEST = Request("GET", "/v1/models")
REFUSED = Failure("Nothing answers.", sent=False)
GOOD = Answer(200, {}, b"good", 1.0)


def full(retry_after: str | None = None) -> Answer:
    """The service's answer when its queue is full."""
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return Answer(429, headers, json.dumps({"code": "overloaded", "status": 429}).encode(), 1.0)


class Clock:
    """Time that passes only when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def play(
    outcomes: list[Answer | Failure],
    *,
    retries: int = 2,
    timeout_s: float = 30.0,
    jitter: Callable[[], float] = lambda: 1.0,
    attempt_s: float = 0.0,
) -> tuple[bytes, list[Send | Wait]]:
    """Play an exchange against these outcomes; the result and the steps it took."""
    clock = Clock()
    steps: list[Send | Wait] = []
    run = exchange(
        REQUEST, lambda answer: answer.body, timeout_s=timeout_s, retries=retries, clock=clock, jitter=jitter
    )
    outcome: Answer | Failure | None = None
    while True:
        try:
            step = run.send(outcome)
        except StopIteration as end:
            return end.value, steps
        steps.append(step)
        if isinstance(step, Wait):
            clock.now += step.seconds
            outcome = None
        else:
            clock.now += attempt_s
            outcome = outcomes.pop(0)


def waits(steps: list[Send | Wait]) -> list[float]:
    """The waits among the steps, in seconds."""
    return [step.seconds for step in steps if isinstance(step, Wait)]


def test_a_refused_connection_is_tried_again() -> None:
    """Nothing was sent, so nothing can happen twice."""
    result, steps = play([REFUSED, full(), GOOD])
    assert result == b"good"
    assert [type(step) for step in steps] == [Send, Wait, Send, Wait, Send]


def test_a_broken_connection_is_not_tried_again() -> None:
    """Once some of the request has left, the service may have done the work."""
    with pytest.raises(ServiceUnreachable, match="broke"):
        play([Failure("The connection broke.", sent=True), GOOD])


def test_the_last_attempt_decides_the_error() -> None:
    """After the retries are used up, the caller learns what the service said last."""
    with pytest.raises(Overloaded):
        play([REFUSED, REFUSED, full()])


def test_backoff_doubles_under_full_jitter() -> None:
    """Waits grow up to a limit, and are a random share of it so that clients do not come back together."""
    _, steps = play([REFUSED] * 8 + [GOOD], retries=8)
    expected = [min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2**n) for n in range(8)]
    assert waits(steps) == pytest.approx(expected)
    _, steps = play([REFUSED, GOOD], jitter=lambda: 0.0)
    assert waits(steps) == [0.0]


def test_retry_after_is_the_least_wait() -> None:
    """A client never comes back before the time that the service named."""
    _, steps = play([full("3"), GOOD], jitter=lambda: 0.0)
    assert waits(steps) == [3.0]
    _, steps = play([full("3"), GOOD], jitter=lambda: 0.5)
    assert waits(steps) == pytest.approx([3.0 + FIRST_BACKOFF_S / 2])


def test_a_wait_past_the_deadline_is_not_begun() -> None:
    """A caller with two seconds left is told at once that the service asks for ten."""
    with pytest.raises(Overloaded) as caught:
        play([full("10"), GOOD], timeout_s=2.0)
    assert caught.value.retry_after_s == 10.0


def test_each_attempt_gets_what_is_left_of_the_deadline() -> None:
    """All attempts and waits together stay within the one time limit."""
    _, steps = play([full("2"), GOOD], timeout_s=10.0, attempt_s=1.0, jitter=lambda: 0.0)
    assert [step.timeout_s for step in steps if isinstance(step, Send)] == [10.0, 7.0]


@pytest.mark.parametrize(
    ("value", "expected"), [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("", None), ("soon", None), ("nan", None)]
)
def test_retry_after_in_seconds(value: str, expected: float | None) -> None:
    """Numbers are seconds, the past is now, and nonsense is as if there were no header."""
    assert retry_after_s(full(value)) == expected


def test_retry_after_as_a_date() -> None:
    """The header's other form is understood too."""
    seconds = retry_after_s(full(format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)))
    assert seconds is not None
    assert 3500 < seconds <= 3600
