"""Pixels -> batches -> logits: waits for nothing, keeps the model busy.

Work-conserving: whenever the model is free it takes what waits, up to the largest batch, and never holds an item back
to fill a batch. When idle an item starts at once; under load the queue grows while the model works, so batches fill by
themselves. A model that runs its items one by one gains less from a batch than its first item loses, which is answered
with the last: it takes half of what waits.

One thread owns the model. It takes its next batch straight from the queue, without a turn of the event loop in between,
and hands a whole batch of results back in one call. Knows nothing of images, models or HTTP.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

from serve_app.errors import DeadlineExceeded, Internal, NotReady, Overloaded
from serve_app.meters import BatchMeter

# How much of what is known of the model's speed the newest batch replaces.
_SMOOTHING = 0.1
# Under this variance of batch sizes (images squared) there is no line to draw through them.
_LEAST_VARIANCE = 1e-6

T = TypeVar("T")
R = TypeVar("R")


class Served(NamedTuple, Generic[R]):
    """A result and where its time went, in seconds."""

    result: R
    queue_s: float
    run_s: float
    batch_size: int


class _Entry(Generic[T, R]):
    """An item that waits. `future` belongs to `loop`; `outcome` is the model thread's until it is delivered."""

    __slots__ = ("deadline", "enqueued_at", "future", "item", "loop", "outcome")

    def __init__(self, item: T, deadline: float | None, now: float) -> None:
        self.item = item
        self.deadline = deadline
        self.enqueued_at = now
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Served[R]] = self.loop.create_future()
        self.outcome: Served[R] | Exception


class _BatchCost:
    """Learns what a batch costs lately: `fixed_s + item_s * size` seconds, a line through sizes and times.

    Seconds an item alone would not do: a GPU takes hardly longer for sixty-four images than for one, a CPU sixty-four
    times as long. While every batch has had the same size, all of its time counts as fixed.
    """

    def __init__(self) -> None:
        self.fixed_s = 0.0
        self.item_s = 0.0
        self.mean_item_s = 0.0
        self._size = self._seconds = self._variance = self._covariance = 0.0

    def learn(self, size: int, seconds: float) -> None:
        """Take in one batch: moving averages, and the least-squares line through what they remember."""
        weight = _SMOOTHING if self._size else 1.0
        size_off, seconds_off = size - self._size, seconds - self._seconds
        self._size += weight * size_off
        self._seconds += weight * seconds_off
        self._variance = (1 - weight) * (self._variance + weight * size_off * size_off)
        self._covariance = (1 - weight) * (self._covariance + weight * size_off * seconds_off)
        self.mean_item_s = self._seconds / self._size
        slope = self._covariance / self._variance if self._variance > _LEAST_VARIANCE else 0.0
        self.item_s = min(max(slope, 0.0), self.mean_item_s)
        self.fixed_s = self._seconds - self.item_s * self._size


class Batcher(Generic[T, R]):
    """Runs `run` over items from many coroutines, one batch at a time, in a thread of its own.

    run: takes 1 to `max_batch_size` items and returns one result, or one exception, for each, in order. If it raises
        on a batch of several, each half is run again by itself, and so on, so that one bad item fails alone.
    max_queue: items that may wait; one more is refused with Overloaded at once.
    one_by_one: whether a batch takes the model as long as its items one after another; see the module.
    clock: seconds, monotonic.

    `meter` counts the batches.
    """

    def __init__(
        self,
        run: Callable[[Sequence[T]], Sequence[R | Exception]],
        *,
        max_batch_size: int,
        max_queue: int,
        one_by_one: bool = False,
        name: str = "batcher",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_batch_size < 1 or max_queue < 1:
            raise ValueError("max_batch_size and max_queue start at 1")
        self._run = run
        self._max_batch_size = max_batch_size
        self._max_queue = max_queue
        self._one_by_one = one_by_one
        self._clock = clock
        self._queue: deque[_Entry[T, R]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._running = 0
        self._cost = _BatchCost()
        self.meter = BatchMeter()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Items in the queue."""
        return len(self._queue)

    @property
    def running(self) -> int:
        """Items in the batch that the model works on."""
        return self._running

    @property
    def item_s(self) -> float:
        """Seconds of model time an item costs lately; 0 before the first batch."""
        return self._cost.mean_item_s

    def estimate_wait_s(self) -> float:
        """Seconds until an item that arrives now would start, at most: after this batch and the full ones that wait."""
        if self._one_by_one:
            return (len(self._queue) + self._running) * self._cost.mean_item_s
        full, running = len(self._queue) // self._max_batch_size, self._running
        items = full * self._max_batch_size + running
        return (full + (running > 0)) * self._cost.fixed_s + items * self._cost.item_s

    async def submit(self, item: T, *, deadline: float | None = None) -> Served[R]:
        """Wait for the item's turn and its result.

        deadline: a value of the clock; past it the item is dropped before the model sees it.
        Raises Overloaded (full, or the deadline cannot be kept), DeadlineExceeded, NotReady (closed), or the item's own
        error. When the caller is cancelled, the item leaves the queue at once and the model never sees it.
        """
        now = self._clock()
        if deadline is not None and now > deadline:
            raise DeadlineExceeded("The deadline has passed. Try again later.")
        with self._changed:
            if self._closed:
                raise NotReady("The service is stopping. Try again.", retry_after_s=1.0)
            wait_s = self.estimate_wait_s()
            if len(self._queue) >= self._max_queue or (deadline is not None and now + wait_s > deadline):
                raise Overloaded("The queue is full. Try again later.", retry_after_s=wait_s)
            entry: _Entry[T, R] = _Entry(item, deadline, now)
            self._queue.append(entry)
            self._changed.notify()
        try:
            return await entry.future
        except asyncio.CancelledError:
            self._withdraw(entry)
            raise

    def close(self) -> None:
        """Refuse new items, finish those that wait, and end the thread. Blocks until then."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _withdraw(self, entry: _Entry[T, R]) -> None:
        """Free the place of a caller that left, so that it keeps nobody out."""
        with self._changed, suppress(ValueError):  # the model may have it already
            self._queue.remove(entry)

    def _work(self) -> None:
        while self._serve_next():
            pass

    def _serve_next(self) -> bool:
        """Wait for items and serve one batch; false when there will be no more. Keeps nothing of it when it returns."""
        with self._changed:
            while not self._queue and not self._closed:
                self._changed.wait()
            if not self._queue:
                return False
            batch, late = self._take()
            self._running = len(batch)
        if late:
            _deliver(late)
        if batch:
            self._serve(batch)
        return True

    def _take(self) -> tuple[list[_Entry[T, R]], list[_Entry[T, R]]]:
        """The next batch, and the entries that came too late for it."""
        batch: list[_Entry[T, R]] = []
        late: list[_Entry[T, R]] = []
        now = self._clock()
        waiting = len(self._queue)
        most = min(self._max_batch_size, -(-waiting // 2) if self._one_by_one else waiting)
        while self._queue and len(batch) < most:
            entry = self._queue.popleft()
            if entry.future.cancelled():  # its caller has not had its turn to withdraw it
                continue
            if entry.deadline is not None and entry.deadline < now:
                entry.outcome = DeadlineExceeded("The deadline passed while the image waited. Try again later.")
                late.append(entry)
            else:
                batch.append(entry)
        return batch, late

    def _serve(self, batch: list[_Entry[T, R]]) -> None:
        size = len(batch)
        started = self._clock()
        results = self._run_apart([entry.item for entry in batch])
        run_s = self._clock() - started
        self._cost.learn(size, run_s)
        self.meter.count(size, run_s)
        self._running = 0  # before anybody hears of it: who asks again at once finds the model free
        for entry, result in zip(batch, results, strict=True):
            if isinstance(result, BaseException):
                entry.outcome = _make_deliverable(result)
            else:
                entry.outcome = Served(result, started - entry.enqueued_at, run_s, size)
        _deliver(batch)

    def _run_apart(self, items: list[T]) -> Sequence[R | Exception]:
        """One result or exception for each item, whatever the model does."""
        try:
            results = self._run(items)
            count = len(results)
        except BaseException as error:  # noqa: BLE001  # whatever the model raises is its callers'; the thread lives on
            if len(items) == 1:
                return [_make_deliverable(error)]
            half = len(items) // 2
            return [*self._run_apart(items[:half]), *self._run_apart(items[half:])]
        if count != len(items):
            return [Internal("The model returned the wrong number of results.") for _ in items]
        return results


def _make_deliverable(error: BaseException) -> Exception:
    """The error as one that a future takes: it refuses StopIteration, and what is no Exception would end the loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    internal = Internal("The model stopped without an answer.")
    internal.__cause__ = error
    return internal


def _deliver(entries: list[_Entry[T, R]]) -> None:
    """Hand outcomes to the event loops that wait for them: one wake-up a loop."""
    loops = {entry.loop for entry in entries}
    for loop in loops:
        share = entries if len(loops) == 1 else [entry for entry in entries if entry.loop is loop]
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, share)


def _resolve(entries: list[_Entry[T, R]]) -> None:
    for entry in entries:
        if entry.future.done():
            continue
        if isinstance(entry.outcome, Exception):
            entry.future.set_exception(entry.outcome)
        else:
            entry.future.set_result(entry.outcome)
