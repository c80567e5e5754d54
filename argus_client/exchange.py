"""One call from first attempt to result: when to send, how long to wait, when to give up.

A generator that yields what is to be done (`Send`, `Wait`) and is sent what came of it, so that the synchronous and
the asynchronous client share every decision and differ only in how they do it. It knows neither sockets nor clocks
other than the one it is given.

Tried again, with full jitter and never past the deadline: a failure before anything was sent, 429, and 503. Nothing
else, because anything else may have been worked on already or would fail again.
"""

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from argus_client import answers
from argus_client.answers import Answer
from argus_client.errors import ArgusClientError, ServiceUnreachable
from argus_client.requests import Request
from argus_client.results import Readiness

FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 5.0
_RETRIED_STATUSES = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Send:
    """Send this request and wait at most so long for its whole answer."""

    request: Request
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer came; sent: whether any of the request may have reached the service; late: time ran out."""

    reason: str
    sent: bool
    late: bool = False


T = TypeVar("T")
Step = Send | Wait
Outcome = Answer | Failure | None
Exchange = Generator[Step, Outcome, T]


def exchange(
    request: Request,
    read: Callable[[Answer], T],
    *,
    timeout_s: float,
    retries: int,
    clock: Callable[[], float] = time.monotonic,
    jitter: Callable[[], float] = random.random,
) -> Exchange[T]:
    """Send the request until `read` can make a result of its answer.

    timeout_s: for all attempts and waits together; retries: attempts after the first; clock: seconds, only ever
    forward; jitter: a number from 0 to 1. Raises the ArgusClientError of the last attempt.
    """
    deadline = clock() + timeout_s
    attempt = 0
    while True:
        outcome = yield Send(request, max(0.001, deadline - clock()))
        if isinstance(outcome, Answer) and outcome.status not in _RETRIED_STATUSES:
            return read(outcome)
        error, again, pause_s = _judge(outcome)
        pause_s += jitter() * min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2**attempt)
        if not again or attempt >= retries or clock() + pause_s >= deadline:
            raise error
        attempt += 1
        yield Wait(pause_s)


def persist(
    request: Request,
    read: Callable[[Answer], T],
    *,
    may_wait: Callable[[], bool],
    timeout_s: float,
    retries: int,
    jitter: Callable[[], float] = random.random,
) -> Exchange[T]:
    """The same for one image of many: a refusal is waited out for as long as `may_wait` says, and counts as no attempt.

    When to send again after a refusal is for the pace of the whole run to say (`pace`), here is only the jitter.
    timeout_s: for each attempt. What came to nothing after it was sent, because the connection broke or the service's
    own deadline passed (504), is tried `retries` times more: to classify an image twice changes nothing.
    """
    refused = failed = 0
    while True:
        outcome = yield Send(request, timeout_s)
        if isinstance(outcome, Answer) and outcome.status not in _RETRIED_STATUSES | {504}:
            return read(outcome)
        error, _, _ = _judge(outcome)
        if is_refusal(outcome):
            refused += 1
            if not may_wait() and refused > retries:
                raise error
        else:
            failed += 1
            if failed > retries or (isinstance(outcome, Failure) and outcome.late):
                raise error
        yield Wait(jitter() * min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(refused + failed - 1, 10)))


def is_refusal(outcome: Outcome) -> bool:
    """Whether the service has not begun with it and may take it later."""
    if isinstance(outcome, Failure):
        return not outcome.sent
    return outcome is not None and outcome.status in _RETRIED_STATUSES


def probe_live(request: Request, *, timeout_s: float) -> Exchange[bool]:
    """Ask once; no answer is an answer too."""
    outcome = yield Send(request, timeout_s)
    return isinstance(outcome, Answer) and answers.read_live(outcome)


def probe_ready(request: Request, *, timeout_s: float) -> Exchange[Readiness]:
    """Ask once; no answer is a state, not an error."""
    outcome = yield Send(request, timeout_s)
    if isinstance(outcome, Answer):
        return answers.read_readiness(outcome)
    return Readiness("unreachable", str(_judge(outcome)[0]))


def _judge(outcome: Outcome) -> tuple[ArgusClientError, bool, float]:
    # The error, whether another attempt may follow, and the least pause before it in seconds.
    if isinstance(outcome, Answer):
        return answers.read_error(outcome), True, answers.retry_after_s(outcome) or 0.0
    if outcome is None:
        raise TypeError("a Send must be answered with an Answer or a Failure")
    return ServiceUnreachable(outcome.reason), not outcome.sent, 0.0
