"""How long an item would wait: honest for a model whose batches cost the same and for one that counts images."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from serve_app.batching import Batcher
from serve_app.errors import Overloaded
from tests.stoppable_model import Clock, StoppableModel, until


class TimedModel(StoppableModel):
    """Moves the clock by what a batch of its size costs."""

    def __init__(self, clock: Clock, cost_s: Callable[[int], float]) -> None:
        super().__init__()
        self._clock, self._cost_s = clock, cost_s

    def __call__(self, items: Sequence[int]) -> list[int | Exception]:
        results = super().__call__(items)
        self._clock.now += self._cost_s(len(items))
        return results


class Bench:
    """A batcher of at most eight items a batch, before a timed model."""

    def __init__(self, cost_s: Callable[[int], float], *, one_by_one: bool = False) -> None:
        self.clock = Clock()
        self.model = TimedModel(self.clock, cost_s)
        self.batcher = Batcher(self.model, max_batch_size=8, max_queue=100, one_by_one=one_by_one, clock=self.clock)
        self.tasks: list[asyncio.Task[object]] = []

    async def queue(self, count: int) -> None:
        """One item for the model to hold, then `count` that wait."""
        await self._submit(1)
        await until(lambda: self.model.at_work)
        await self._submit(count)

    async def serve(self, size: int) -> None:
        """Batches of one and of `size` items, from start to end."""
        await self.queue(size)
        for _ in range(1 + (size > 0)):
            await until(lambda: self.model.at_work)
            self.model.step()
        await asyncio.gather(*self.tasks)

    async def _submit(self, count: int) -> None:
        inside = self.batcher.waiting + self.batcher.running + count
        self.tasks += [asyncio.create_task(self.batcher.submit(i)) for i in range(count)]
        await until(lambda: self.batcher.waiting + self.batcher.running == inside)

    async def end(self) -> None:
        """Serve all that waits."""
        self.model.release()
        await asyncio.gather(*self.tasks)
        self.batcher.close()


async def test_an_idle_batcher_promises_no_wait() -> None:
    """Before the first batch and after it."""
    bench = Bench(lambda _: 0.05)
    assert bench.batcher.estimate_wait_s() == 0.0
    await bench.serve(0)
    assert bench.batcher.estimate_wait_s() == 0.0
    await bench.end()


async def test_single_items_do_not_make_a_gpu_look_slow() -> None:
    """After batches of one only, a queue is counted in batches, not in items."""
    bench = Bench(lambda _: 0.05)
    await bench.serve(0)
    await bench.queue(20)
    assert bench.batcher.estimate_wait_s() == pytest.approx(3 * 0.05)  # the one at work, then two full batches
    await bench.end()


async def test_a_fixed_cost_a_batch_is_told_from_a_cost_an_item() -> None:
    """Two sizes are enough to learn the line: here 40 ms a batch and 1 ms an item."""
    bench = Bench(lambda size: 0.04 + 0.001 * size)
    await bench.serve(8)
    await bench.queue(17)
    assert bench.batcher.estimate_wait_s() == pytest.approx(0.041 + 2 * 0.048)
    await bench.end()


async def test_a_processor_is_counted_by_the_item() -> None:
    """Where a batch costs as much as its items one by one, so does the wait."""
    bench = Bench(lambda size: 0.005 * size)
    await bench.serve(8)
    await bench.queue(16)
    assert bench.batcher.estimate_wait_s() == pytest.approx(17 * 0.005)
    assert bench.batcher.item_s == pytest.approx(0.005)
    await bench.end()


async def test_a_model_that_runs_items_one_by_one_is_counted_by_the_item_from_the_first() -> None:
    """No two sizes are needed, and those that would not fill a batch count as well."""
    bench = Bench(lambda size: 0.005 * size, one_by_one=True)
    await bench.serve(0)
    await bench.queue(19)
    assert bench.batcher.estimate_wait_s() == pytest.approx(20 * 0.005)
    await bench.end()


async def test_a_deadline_that_cannot_be_kept_is_refused_with_the_wait() -> None:
    """The refusal comes at once, says when it is worth trying again, and a later deadline is accepted."""
    bench = Bench(lambda _: 0.05)
    await bench.serve(0)
    await bench.queue(8)
    with pytest.raises(Overloaded) as refused:
        await bench.batcher.submit(1, deadline=bench.clock.now + 0.09)
    assert refused.value.retry_after_s == pytest.approx(0.1)
    bench.tasks.append(asyncio.create_task(bench.batcher.submit(1, deadline=bench.clock.now + 0.2)))
    await until(lambda: bench.batcher.waiting == 9)
    await bench.end()
    assert bench.tasks[-1].done()
