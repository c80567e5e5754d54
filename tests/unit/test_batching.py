"""The work-conserving batcher: no lost, doubled or swapped answers, whatever happens around it."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serve_app.batching import Batcher
from serve_app.errors import DeadlineExceeded, Internal, NotReady, Overloaded


class StoppableModel:
    """Doubles numbers; holds its first call until `go` is set, so that a queue can build up."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.entered = threading.Event()
        self.batches: list[list[int]] = []

    def __call__(self, items: Sequence[int]) -> list[int | Exception]:
        self.entered.set()
        assert self.go.wait(10)
        self.batches.append(list(items))
        return [item * 2 for item in items]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


async def test_an_idle_batcher_runs_an_item_at_once_and_alone() -> None:
    """Nothing waits for a batch to fill."""
    batcher = Batcher[int, int](lambda items: [item * 2 for item in items], max_batch_size=8, max_queue=8)
    served = await batcher.submit(21)
    assert (served.result, served.batch_size) == (42, 1)
    batcher.close()


async def test_what_waits_while_the_model_works_becomes_the_next_batch() -> None:
    """Batches fill by themselves under load, up to the largest."""
    model = StoppableModel()
    batcher = Batcher(model, max_batch_size=4, max_queue=16)
    first = asyncio.create_task(batcher.submit(0))
    await until(model.entered.is_set)
    rest = [asyncio.create_task(batcher.submit(i)) for i in range(1, 7)]
    await until(lambda: batcher.waiting == 6)
    model.go.set()
    assert [(await task).result for task in [first, *rest]] == [0, 2, 4, 6, 8, 10, 12]
    assert model.batches == [[0], [1, 2, 3, 4], [5, 6]]
    batcher.close()


async def test_a_full_queue_refuses_at_once() -> None:
    """The bound holds and the refusal is immediate."""
    model = StoppableModel()
    batcher = Batcher(model, max_batch_size=1, max_queue=2)
    tasks = [asyncio.create_task(batcher.submit(0))]
    await until(model.entered.is_set)
    tasks += [asyncio.create_task(batcher.submit(i)) for i in (1, 2)]
    await until(lambda: batcher.waiting == 2)
    with pytest.raises(Overloaded):
        await batcher.submit(3)
    model.go.set()
    assert [(await task).result for task in tasks] == [0, 2, 4]
    batcher.close()


async def test_an_item_whose_caller_left_never_reaches_the_model() -> None:
    """Cancelling the await drops the item from the queue."""
    model = StoppableModel()
    batcher = Batcher(model, max_batch_size=4, max_queue=16)
    first = asyncio.create_task(batcher.submit(0))
    await until(model.entered.is_set)
    gone, stays = asyncio.create_task(batcher.submit(1)), asyncio.create_task(batcher.submit(2))
    await until(lambda: batcher.waiting == 2)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    model.go.set()
    assert (await first).result == 0
    assert (await stays).result == 4
    assert model.batches == [[0], [2]]
    batcher.close()


async def test_an_item_past_its_deadline_never_reaches_the_model() -> None:
    """Late items fail with DeadlineExceeded, and those beside them are served."""
    model = StoppableModel()
    batcher = Batcher(model, max_batch_size=4, max_queue=16)
    first = asyncio.create_task(batcher.submit(0))
    await until(model.entered.is_set)
    deadline = time.monotonic() + 0.05
    late = asyncio.create_task(batcher.submit(1, deadline=deadline))
    fine = asyncio.create_task(batcher.submit(2, deadline=time.monotonic() + 60))
    await until(lambda: batcher.waiting == 2 and time.monotonic() > deadline)
    model.go.set()
    with pytest.raises(DeadlineExceeded):
        await late
    assert (await first).result == 0
    assert (await fine).result == 4
    assert model.batches == [[0], [2]]
    batcher.close()


async def test_one_bad_item_fails_alone() -> None:
    """A batch that raises is run again item by item."""

    def run(items: Sequence[int]) -> list[int | Exception]:
        if 3 in items:
            raise ArithmeticError("three")
        return list(items)

    model_free = threading.Event()

    def hold_then_run(items: Sequence[int]) -> list[int | Exception]:
        model_free.wait(10)
        return run(items)

    batcher = Batcher(hold_then_run, max_batch_size=8, max_queue=8)
    tasks = [asyncio.create_task(batcher.submit(i)) for i in range(5)]
    await until(lambda: batcher.waiting + batcher.running == 5)
    model_free.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [getattr(answer, "result", type(answer)) for answer in answers] == [0, 1, 2, ArithmeticError, 4]
    batcher.close()


async def test_a_model_that_miscounts_is_an_internal_error() -> None:
    """Results are never paired with the wrong items."""
    batcher = Batcher[int, int](lambda _: [], max_batch_size=2, max_queue=2)
    with pytest.raises(Internal):
        await batcher.submit(1)
    batcher.close()


async def test_closing_serves_what_waits_and_refuses_the_rest() -> None:
    """No accepted item is left without an answer."""
    model = StoppableModel()
    batcher = Batcher(model, max_batch_size=1, max_queue=8)
    tasks = [asyncio.create_task(batcher.submit(i)) for i in range(3)]
    await until(lambda: batcher.waiting + batcher.running == 3)
    closing = asyncio.create_task(asyncio.to_thread(batcher.close))
    model.go.set()
    await closing
    assert [(await task).result for task in tasks] == [0, 2, 4]
    with pytest.raises(NotReady):
        await batcher.submit(1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["serve", "cancel", "fail", "late"]), min_size=1, max_size=40),
    st.integers(1, 8),
    st.integers(0, 2**32),
)
def test_every_item_gets_exactly_its_own_answer(fates: list[str], max_batch_size: int, seed: int) -> None:
    """Under random cancellation, errors, deadlines and batch sizes nothing is lost, doubled or swapped."""
    seen: list[int] = []
    random = Random(seed)  # noqa: S311  # chance, not secrets

    def run(items: Sequence[int]) -> list[int | Exception]:
        if len(items) > 1 and any(fates[item] == "fail" for item in items) and random.random() < 0.5:
            raise RuntimeError("the whole batch")
        seen.extend(items)
        return [ValueError(item) if fates[item] == "fail" else item * 10 for item in items]

    async def drive() -> list[object]:
        batcher = Batcher(run, max_batch_size=max_batch_size, max_queue=len(fates))
        tasks = []
        for i, fate in enumerate(fates):
            deadline = time.monotonic() - 1 if fate == "late" else None
            tasks.append(asyncio.create_task(batcher.submit(i, deadline=deadline)))
            if random.random() < 0.5:
                await asyncio.sleep(0)
            if fate == "cancel":
                tasks[-1].cancel()
        answers = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        batcher.close()
        return list(answers)

    answers = asyncio.run(drive())
    assert len(seen) == len(set(seen)), "an item ran twice"
    for i, (fate, answer) in enumerate(zip(fates, answers, strict=True)):
        match fate:
            case "serve":
                assert getattr(answer, "result", answer) == i * 10
            case "fail":
                assert isinstance(answer, ValueError)
                assert answer.args == (i,)
            case "late":
                assert isinstance(answer, DeadlineExceeded)
                assert i not in seen
            case _:
                assert isinstance(answer, asyncio.CancelledError) or getattr(answer, "result", None) == i * 10
