"""Errors in a batch: each belongs to one item, and none of them ends the thread that owns the model."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from serve_app.batching import Batcher
from serve_app.errors import Internal
from tests.stoppable_model import StoppableModel, until


async def answers_of(model: StoppableModel, count: int) -> list[Any]:
    """The outcomes of items 0 to count - 1, all but the first in one batch."""
    batcher = Batcher(model, max_batch_size=64, max_queue=64)
    tasks = [asyncio.create_task(batcher.submit(0))]
    await until(lambda: model.at_work)
    tasks += [asyncio.create_task(batcher.submit(i)) for i in range(1, count)]
    await until(lambda: batcher.waiting == count - 1)
    model.release()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    batcher.close()
    return [getattr(answer, "result", answer) for answer in answers]


async def test_an_error_that_the_model_returns_is_its_items_alone() -> None:
    """A run can fail some items and serve the rest, in one call."""
    model = StoppableModel(bad=[2])
    answers = await answers_of(model, 4)
    assert [answers[i] for i in (0, 1, 3)] == [0, 10, 30]
    assert isinstance(answers[2], ValueError)
    assert model.calls == [[0], [1, 2, 3]]


async def test_one_item_that_breaks_its_batch_fails_alone() -> None:
    """A batch that raises is run again in halves: eight items need at most six calls more to find the one."""
    model = StoppableModel(broken=[6])
    answers = await answers_of(model, 9)
    assert [answer for answer in answers if isinstance(answer, int)] == [0, 10, 20, 30, 40, 50, 70, 80]
    assert isinstance(answers[6], RuntimeError)
    assert answers[6].args == ([6],)
    assert model.calls[1:] == [[*range(1, 9)], [1, 2, 3, 4], [5, 6, 7, 8], [5, 6], [5], [6], [7, 8]]


@pytest.mark.parametrize("results", [[], [1, 2], None, iter([1])])
async def test_a_model_that_miscounts_is_an_error(results: Any) -> None:
    """Results are never paired with the wrong items, and nobody waits for ever."""
    batcher = Batcher[int, int](lambda _: results, max_batch_size=2, max_queue=2)
    with pytest.raises((Internal, TypeError)):
        await batcher.submit(1)
    batcher.close()


@pytest.mark.parametrize(
    "raised", [StopIteration("next"), SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError()]
)
@pytest.mark.parametrize("returned", [False, True])
async def test_what_a_future_cannot_carry_becomes_an_internal_error(raised: BaseException, returned: bool) -> None:
    """Whatever the model raises reaches its caller as an error, and the next item is served."""

    def run(items: Sequence[int]) -> list[Any]:
        if items[0] == 0 and not returned:
            raise raised
        return [raised if item == 0 else item for item in items]

    batcher = Batcher(run, max_batch_size=2, max_queue=2)
    with pytest.raises(Internal) as caught:
        await batcher.submit(0)
    assert caught.value.__cause__ is raised
    assert (await batcher.submit(7)).result == 7
    batcher.close()
