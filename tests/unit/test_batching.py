"""The work-conserving batcher: what waits, what runs, what is refused, and what is dropped."""

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from serve_app.batching import Batcher
from serve_app.errors import DeadlineExceeded, NotReady, Overloaded
from tests.stoppable_model import Clock, StoppableModel, until


class Photo:
    """An item that can be watched for being forgotten."""


class WatchedFuture(asyncio.Future[Any]):
    """Remembers the threads that set a result and were not the one that made the future."""

    strangers: ClassVar[list[str]] = []

    def __init__(self, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._owner = threading.get_ident()

    def set_result(self, result: Any) -> None:
        if threading.get_ident() != self._owner:
            self.strangers.append(threading.current_thread().name)
        super().set_result(result)


class WatchedLoop(asyncio.SelectorEventLoop):
    """An event loop of watched futures."""

    def create_future(self) -> asyncio.Future[Any]:
        return WatchedFuture(loop=self)


async def test_an_idle_batcher_runs_an_item_at_once_and_alone() -> None:
    """Nothing waits for a batch to fill: the model has the item while the clock stands still."""
    model, clock = StoppableModel(), Clock()
    batcher = Batcher(model, max_batch_size=8, max_queue=8, clock=clock)
    task = asyncio.create_task(batcher.submit(4))
    await until(lambda: model.at_work)
    assert (batcher.waiting, batcher.running) == (0, 1)
    clock.now += 0.05
    model.step()
    assert await task == (40, 0.0, pytest.approx(0.05), 1)
    batcher.close()


async def test_what_waits_while_the_model_works_becomes_the_next_batch() -> None:
    """Batches fill by themselves under load, up to the largest, in the order of arrival."""
    model, clock = StoppableModel(), Clock()
    batcher = Batcher(model, max_batch_size=4, max_queue=16, clock=clock)
    tasks = [asyncio.create_task(batcher.submit(0))]
    await until(lambda: model.at_work)
    tasks += [asyncio.create_task(batcher.submit(i)) for i in range(1, 7)]
    await until(lambda: batcher.waiting == 6)
    clock.now += 0.02
    model.release()
    served = await asyncio.gather(*tasks)
    assert [one.result for one in served] == [0, 10, 20, 30, 40, 50, 60]
    assert [one.batch_size for one in served] == [1, 4, 4, 4, 4, 2, 2]
    assert [one.queue_s for one in served] == [0.0, *[pytest.approx(0.02)] * 6]
    assert model.calls == [[0], [1, 2, 3, 4], [5, 6]]
    batcher.close()


async def test_a_model_that_runs_items_one_by_one_takes_half_of_many_and_all_of_few() -> None:
    """The first of many are answered while the rest still wait; a full batch is taken where twice as many do."""
    model = StoppableModel()
    batcher = Batcher(model, max_batch_size=8, max_queue=20, one_by_one=True)
    tasks = [asyncio.create_task(batcher.submit(0))]
    await until(lambda: model.at_work)
    tasks += [asyncio.create_task(batcher.submit(i)) for i in range(1, 21)]
    await until(lambda: batcher.waiting == 20)
    model.release()
    assert [one.result for one in await asyncio.gather(*tasks)] == [i * 10 for i in range(21)]
    assert model.calls == [[0], [*range(1, 9)], [*range(9, 15)], [*range(15, 19)], [19, 20]]
    batcher.close()


async def test_a_full_queue_refuses_at_once() -> None:
    """The bound holds, the refusal is immediate, and what was refused never runs."""
    model = StoppableModel()
    batcher = Batcher(model, max_batch_size=1, max_queue=2)
    tasks = [asyncio.create_task(batcher.submit(0))]
    await until(lambda: model.at_work)
    tasks += [asyncio.create_task(batcher.submit(i)) for i in (1, 2)]
    await until(lambda: batcher.waiting == 2)
    with pytest.raises(Overloaded):
        await batcher.submit(3)
    model.release()
    assert [(await task).result for task in tasks] == [0, 10, 20]
    assert model.calls == [[0], [1], [2]]
    batcher.close()


async def test_an_item_whose_caller_left_never_reaches_the_model() -> None:
    """Cancelling the await drops the item from the queue."""
    model = StoppableModel()
    batcher = Batcher(model, max_batch_size=4, max_queue=16)
    first = asyncio.create_task(batcher.submit(0))
    await until(lambda: model.at_work)
    gone, stays = asyncio.create_task(batcher.submit(1)), asyncio.create_task(batcher.submit(2))
    await until(lambda: batcher.waiting == 2)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    model.release()
    assert (await first).result == 0
    assert (await stays).result == 20
    assert model.calls == [[0], [2]]
    batcher.close()


async def test_a_caller_that_leaves_frees_its_place_at_once() -> None:
    """While the model is busy, those who gave up keep nobody out."""
    model = StoppableModel()
    batcher = Batcher(model, max_batch_size=1, max_queue=1)
    first = asyncio.create_task(batcher.submit(0))
    await until(lambda: model.at_work)
    gone = asyncio.create_task(batcher.submit(1))
    await until(lambda: batcher.waiting == 1)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert batcher.waiting == 0
    stays = asyncio.create_task(batcher.submit(2))
    await until(lambda: batcher.waiting == 1)
    model.release()
    assert [(await first).result, (await stays).result] == [0, 20]
    batcher.close()


async def test_leaving_counts_from_the_moment_it_is_asked_for() -> None:
    """A caller that is cancelled, but has not had its turn of the event loop yet, is not served either."""
    model = StoppableModel()
    batcher = Batcher(model, max_batch_size=4, max_queue=16)
    first = asyncio.create_task(batcher.submit(0))
    await until(lambda: model.at_work)
    gone, stays = asyncio.create_task(batcher.submit(1)), asyncio.create_task(batcher.submit(2))
    await until(lambda: batcher.waiting == 2)
    gone.cancel()
    model.release()
    while batcher.waiting:  # the event loop has no turn until the model has taken its batch
        time.sleep(0)  # noqa: ASYNC251  # blocking the event loop is the point
    assert [(await first).result, (await stays).result] == [0, 20]
    assert gone.cancelled() or gone.cancelling()
    assert model.calls == [[0], [2]]
    batcher.close()


async def test_leaving_while_the_model_works_harms_nobody_in_the_batch() -> None:
    """The result of a caller that left is thrown away; those beside it get theirs."""
    model = StoppableModel()
    batcher = Batcher(model, max_batch_size=2, max_queue=4)
    first = asyncio.create_task(batcher.submit(0))
    await until(lambda: model.at_work)
    gone, stays = asyncio.create_task(batcher.submit(1)), asyncio.create_task(batcher.submit(2))
    await until(lambda: batcher.waiting == 2)
    model.step()
    await until(lambda: model.at_work)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    model.release()
    assert [(await first).result, (await stays).result] == [0, 20]
    assert model.calls == [[0], [1, 2]]
    batcher.close()


async def test_an_item_past_its_deadline_never_reaches_the_model() -> None:
    """Late items fail with DeadlineExceeded, leave no hole in the batch, and those beside them are served."""
    model, clock = StoppableModel(), Clock()
    batcher = Batcher(model, max_batch_size=2, max_queue=16, clock=clock)
    first = asyncio.create_task(batcher.submit(0))
    await until(lambda: model.at_work)
    late = asyncio.create_task(batcher.submit(1, deadline=clock.now + 1))
    fine = [asyncio.create_task(batcher.submit(i, deadline=clock.now + 3)) for i in (2, 3)]
    await until(lambda: batcher.waiting == 3)
    clock.now += 2
    model.release()
    with pytest.raises(DeadlineExceeded):
        await late
    assert [(await task).result for task in (first, *fine)] == [0, 20, 30]
    assert model.calls == [[0], [2, 3]]
    batcher.close()


async def test_an_item_that_arrives_late_is_not_even_queued() -> None:
    """A deadline in the past is answered without the model."""
    model, clock = StoppableModel(), Clock()
    batcher = Batcher(model, max_batch_size=2, max_queue=16, clock=clock)
    with pytest.raises(DeadlineExceeded):
        await batcher.submit(1, deadline=clock.now - 0.001)
    batcher.close()
    assert model.calls == []


async def test_closing_serves_what_waits_and_refuses_the_rest() -> None:
    """No accepted item is left without an answer."""
    model = StoppableModel()
    batcher = Batcher(model, max_batch_size=1, max_queue=8)
    tasks = [asyncio.create_task(batcher.submit(i)) for i in range(3)]
    await until(lambda: batcher.waiting + batcher.running == 3)
    closing = asyncio.create_task(asyncio.to_thread(batcher.close))
    await until(lambda: batcher._closed)
    model.release()
    await closing
    assert [(await task).result for task in tasks] == [0, 10, 20]
    with pytest.raises(NotReady):
        await batcher.submit(1)


async def test_nothing_of_an_answered_item_is_kept() -> None:
    """An idle batcher holds no image of the last batch in memory."""

    def run(items: Sequence[Photo]) -> list[int | Exception]:
        return [1 for _ in items]

    batcher = Batcher(run, max_batch_size=8, max_queue=8)
    photo = Photo()
    watch = weakref.ref(photo)
    task = asyncio.create_task(batcher.submit(photo))
    del photo
    await task
    del task
    gc.collect()
    await until(lambda: watch() is None)
    batcher.close()


def test_a_batch_can_serve_two_event_loops() -> None:
    """Each result is set in the loop that waits for it: a future may not be touched from another thread."""
    model = StoppableModel()
    batcher = Batcher(model, max_batch_size=8, max_queue=8)

    def submit_elsewhere(item: int) -> int:
        with asyncio.Runner(loop_factory=WatchedLoop) as runner:
            return runner.run(batcher.submit(item)).result

    async def drive() -> None:
        first = asyncio.create_task(batcher.submit(0))
        await until(lambda: model.at_work)
        here = asyncio.create_task(batcher.submit(1))
        elsewhere = asyncio.create_task(asyncio.to_thread(submit_elsewhere, 2))
        await until(lambda: batcher.waiting == 2)
        model.release()
        assert [(await first).result, (await here).result, await elsewhere] == [0, 10, 20]
        assert sorted(model.calls[1]) == [1, 2]

    WatchedFuture.strangers.clear()
    with asyncio.Runner(loop_factory=WatchedLoop) as runner:
        runner.run(drive())
    batcher.close()
    assert WatchedFuture.strangers == []


def test_a_loop_that_ended_takes_nobody_with_it() -> None:
    """Results for a closed event loop are dropped; the model goes on for the next one."""
    model = StoppableModel()
    batcher = Batcher(model, max_batch_size=1, max_queue=8)

    async def leave() -> None:
        task = asyncio.create_task(batcher.submit(1))
        await until(lambda: model.at_work)
        task.cancel()

    asyncio.run(leave())
    model.release()
    assert asyncio.run(batcher.submit(2)).result == 20
    batcher.close()


@pytest.mark.parametrize(("max_batch_size", "max_queue"), [(0, 1), (1, 0)])
def test_sizes_start_at_one(max_batch_size: int, max_queue: int) -> None:
    """A batcher that could never run anything is refused."""
    with pytest.raises(ValueError, match="start at 1"):
        Batcher[int, int](list, max_batch_size=max_batch_size, max_queue=max_queue)
