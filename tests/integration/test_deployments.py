"""What becomes of a call to the inference deployment, with Ray's own errors and a handle that answers as it is told."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from copy import copy
from typing import Any, cast

import numpy as np
import pytest
from ray.exceptions import RayActorError
from ray.serve.exceptions import BackPressureError

from serve_app.deployments import HandledModel
from serve_app.errors import DeadlineExceeded, HttpError, NotReady, Overloaded
from serve_app.split import ModelLogits, Ranking
from tests.fakes import make_card

PIXELS = np.zeros((28, 28, 3), np.uint8)
RANKING = Ranking((2, 0), (0.7, 0.3), 0.006)

Outcome = Ranking | ModelLogits | HttpError
Answer = Callable[[], Awaitable[Outcome]]


class FakeResponse:
    """A call under way, as a handle returns it."""

    def __init__(self, answer: Awaitable[Outcome]) -> None:
        self._answer = answer
        self.cancelled = False

    def __await__(self) -> Generator[Any, None, Outcome]:
        return self._answer.__await__()

    def cancel(self) -> None:
        self.cancelled = True


class FakeHandle:
    """Answers every call with `answer()`, and keeps what it was called with. method: the one that is called."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._method = ""
        self.calls: list[tuple[object, ...]] = []
        self.responses: list[FakeResponse] = []

    def options(self, *, method_name: str, _by_reference: bool) -> "FakeHandle":
        assert not _by_reference
        bound = copy(self)
        bound._method = method_name
        return bound

    def remote(self, *arguments: object) -> FakeResponse:
        self.calls.append((self._method, *arguments))
        self.responses.append(FakeResponse(self._answer()))
        return self.responses[-1]


def answering(outcome: Ranking | ModelLogits | Exception) -> FakeHandle:
    async def answer() -> Outcome:
        if isinstance(outcome, Exception) and not isinstance(outcome, HttpError):
            raise outcome
        return outcome

    return FakeHandle(answer)


def silent() -> FakeHandle:
    async def answer() -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError

    return FakeHandle(answer)


async def rank(handle: FakeHandle, seconds_left: float = 60.0) -> Ranking:
    model = HandledModel(cast("Any", handle), make_card(), by_reference=False)
    return await model.rank(PIXELS, top_k=2, min_score=0.1, seconds_left=seconds_left)


async def test_a_call_takes_the_pixels_and_the_seconds_left_and_brings_the_ranking() -> None:
    """Everything that the model needs travels with the call."""
    handle = answering(RANKING)
    assert await rank(handle) == RANKING
    assert handle.calls == [("rank", PIXELS, 2, 0.1, 60.0)]


async def test_logits_are_asked_for_and_fail_in_the_same_way() -> None:
    """The other method of the same handle, with the same care."""
    logits = ModelLogits(np.zeros(3, np.float32), 0.006)
    handle = answering(logits)
    model = HandledModel(cast("Any", handle), make_card(), by_reference=False)
    assert await model.infer(PIXELS, seconds_left=60.0) is logits
    assert handle.calls == [("infer", PIXELS, 60.0)]
    busy = answering(Overloaded("The queue is full."))
    with pytest.raises(Overloaded):
        await HandledModel(cast("Any", busy), make_card(), by_reference=False).infer(PIXELS, seconds_left=60.0)


@pytest.mark.parametrize(
    ("outcome", "kind", "retry_after_s"),
    [
        (Overloaded("The queue is full.", retry_after_s=3.0), Overloaded, 3.0),
        (DeadlineExceeded("Too late."), DeadlineExceeded, None),
        (NotReady("Stopping.", retry_after_s=1.0), NotReady, 1.0),
        (BackPressureError(5, 4), Overloaded, 1.0),
        (BackPressureError(5, 4, retry_after_s=7.0), Overloaded, 7.0),
        (RayActorError(), NotReady, 1.0),
    ],
    ids=repr,
)
async def test_what_fails_at_the_model_fails_the_same_way_here(
    outcome: Exception, kind: type[HttpError], retry_after_s: float | None
) -> None:
    """An error that the inference half returned is raised; Ray's own become ours."""
    with pytest.raises(kind) as caught:
        await rank(answering(outcome))
    assert caught.value.retry_after_s == retry_after_s


async def test_a_model_s_own_fault_is_nobody_s_foreseen_error() -> None:
    """What is not foreseen stays what it is, so that it is logged and answered as internal."""
    with pytest.raises(ZeroDivisionError):
        await rank(answering(ZeroDivisionError()))


async def test_a_call_that_outlasts_the_deadline_is_given_up() -> None:
    """The caller hears of it at its deadline, and the call is cancelled."""
    handle = silent()
    with pytest.raises(DeadlineExceeded):
        await rank(handle, seconds_left=0.01)
    assert handle.responses[0].cancelled


async def test_a_caller_that_leaves_takes_its_call_with_it() -> None:
    """Cancelling the request cancels the call to the model."""
    handle = silent()
    task = asyncio.create_task(rank(handle))
    while not handle.responses:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert handle.responses[0].cancelled


async def test_a_call_that_ray_cancels_is_an_error_and_no_cancellation() -> None:
    """A stopping inference replica does not look as if the client had left."""

    async def answer() -> Outcome:
        raise asyncio.CancelledError

    with pytest.raises(NotReady):
        await rank(FakeHandle(answer))
