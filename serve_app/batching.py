"""Pixels -> batches -> logits: waits for nothing, keeps the model busy.

Work-conserving: whenever the model is free it takes what waits, up to the largest batch, and never holds an item back
to fill a batch. When idle an item starts at once; under load the queue grows while the model works, so batches fill by
themselves.

One thread owns the model. It takes its next batch straight from the queue, without a turn of the event loop in between,
and hands a whole batch of results back in one call. Knows nothing of images, models or HTTP.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from serve_app.errors import DeadlineExceeded, Internal, NotReady, Overloaded

# How much of the running average of seconds an item the newest batch replaces.
_SMOOTHING = 0.1

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Served(Generic[R]):
    """A result and where its time went, in seconds."""

    result: R
    queue_s: float
    run_s: float
    batch_size: int


class _Entry(Generic[T, R]):
    __slots__ = ("abandoned", "deadline", "enqueued_at", "future", "item", "loop")

    def __init__(self, item: T, deadline: float | None, now: float) -> None:
        self.item = item
        self.deadline = deadline
        self.enqueued_at = now
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Served[R]] = self.loop.create_future()
        self.abandoned = False


class Batcher(Generic[T, R]):
    """Runs `run` over items from many coroutines, one batch at a time, in a thread of its own.

    run: takes 1 to `max_batch_size` items and returns one result, or one exception, for each, in order. If it raises
        on a batch of several, each item is run again alone, so that one bad item fails alone.
    max_queue: items that may wait; one more is refused with Overloaded at once.
    """

    def __init__(
        self,
        run: Callable[[Sequence[T]], Sequence[R | Exception]],
        *,
        max_batch_size: int,
        max_queue: int,
        name: str = "batcher",
    ) -> None:
        if max_batch_size < 1 or max_queue < 1:
            raise ValueError("max_batch_size and max_queue start at 1")
        self._run = run
        self._max_batch_size = max_batch_size
        self._max_queue = max_queue
        self._queue: deque[_Entry[T, R]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._running = 0
        self._item_s = 0.0
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
        return self._item_s

    def estimate_wait_s(self) -> float:
        """Seconds until an item that arrives now would start."""
        return (len(self._queue) + self._running) * self._item_s

    async def submit(self, item: T, *, deadline: float | None = None) -> Served[R]:
        """Wait for the item's turn and its result.

        deadline: a `time.monotonic` value; past it the item is dropped before the model sees it.
        Raises Overloaded (full, or the deadline cannot be kept), DeadlineExceeded, NotReady (closed), or the item's own
        error. When the caller is cancelled, the item is dropped before the model sees it.
        """
        now = time.monotonic()
        if deadline is not None and now > deadline:
            raise DeadlineExceeded("The deadline has passed. Try again later.")
        wait_s = self.estimate_wait_s()
        if len(self._queue) >= self._max_queue or (deadline is not None and now + wait_s > deadline):
            raise Overloaded("The queue is full. Try again later.", retry_after_s=wait_s)
        entry: _Entry[T, R] = _Entry(item, deadline, now)
        with self._changed:
            if self._closed:
                raise NotReady("The service is stopping. Try again.", retry_after_s=1.0)
            self._queue.append(entry)
            self._changed.notify()
        try:
            return await entry.future
        finally:
            entry.abandoned = True

    def close(self) -> None:
        """Refuse new items, finish those that wait, and end the thread. Blocks until then."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closed:
                    self._changed.wait()
                if not self._queue:
                    return
                batch, late = self._take()
                self._running = len(batch)
            for entry in late:
                _deliver([(entry, DeadlineExceeded("The deadline passed while the image waited. Try again later."))])
            if batch:
                self._serve(batch)
            self._running = 0

    def _take(self) -> tuple[list[_Entry[T, R]], list[_Entry[T, R]]]:
        """The next batch, and the entries that came too late for it."""
        batch: list[_Entry[T, R]] = []
        late: list[_Entry[T, R]] = []
        now = time.monotonic()
        while self._queue and len(batch) < self._max_batch_size:
            entry = self._queue.popleft()
            if entry.abandoned:
                continue
            (late if entry.deadline is not None and entry.deadline < now else batch).append(entry)
        return batch, late

    def _serve(self, batch: list[_Entry[T, R]]) -> None:
        started = time.monotonic()
        results = self._run_apart([entry.item for entry in batch])
        run_s = time.monotonic() - started
        item_s = run_s / len(batch)
        self._item_s = item_s if self._item_s == 0.0 else self._item_s + _SMOOTHING * (item_s - self._item_s)
        _deliver(
            [
                (
                    entry,
                    result
                    if isinstance(result, Exception)
                    else Served(result, started - entry.enqueued_at, run_s, len(batch)),
                )
                for entry, result in zip(batch, results, strict=True)
            ]
        )

    def _run_apart(self, items: list[T]) -> Sequence[R | Exception]:
        try:
            results = self._run(items)
        except Exception as error:  # noqa: BLE001  # whatever the model raises is handed to its caller
            if len(items) == 1:
                return [error]
            return [result for item in items for result in self._run_apart([item])]
        if len(results) != len(items):
            return [Internal("The model returned the wrong number of results.")] * len(items)
        return results


def _deliver(outcomes: list[tuple[_Entry[T, R], Served[R] | Exception]]) -> None:
    """Hand results to the event loops that wait for them: one wake-up a loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Entry[T, R], Served[R] | Exception]]] = {}
    for entry, outcome in outcomes:
        by_loop.setdefault(entry.loop, []).append((entry, outcome))
    for loop, share in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, share)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _resolve(outcomes: list[tuple[_Entry[T, R], Served[R] | Exception]]) -> None:
    for entry, outcome in outcomes:
        if entry.future.done():
            continue
        if isinstance(outcome, Exception):
            entry.future.set_exception(outcome)
        else:
            entry.future.set_result(outcome)
