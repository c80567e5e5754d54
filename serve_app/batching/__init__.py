"""Pixels -> batches -> logits: waits for nothing, keeps the model busy.

Work-conserving: whenever the model is free it takes what waits, up to the largest batch, and never holds an item back
to fill a batch. When idle an item starts at once; under load the queue grows while the model works, so batches fill by
themselves. A model that runs its items one by one gains less from a large batch than its first item loses, which is
answered with the last: of more than a few items it takes half.

One thread owns the model. It takes its next batch straight from the queue, without a turn of the event loop in between,
and hands a whole batch of results back in one call. Where other processes of the node do the same work, it takes theirs
when that has waited longer, and they take from this queue: see `sharing`. Knows nothing of images, models or HTTP.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from serve_app.batching.cost import BatchCost
from serve_app.batching.entries import Entry, Served, deliver
from serve_app.batching.running import make_deliverable, run_apart
from serve_app.errors import DeadlineExceeded, NotReady, Overloaded
from serve_app.meters import BatchMeter
from serve_app.sharing import Alone, Loan, Sharing, join_siblings

__all__ = ["Batcher", "Served"]

# How many items' time a sibling's first item has to be ahead of the own one to be worth the way between processes.
_WORTH_ITEMS = 4

# Items that a model takes together even if it runs them one by one: what they share is worth it (docs/decisions/0024).
_FEW = 4

T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Runs `run` over items from many coroutines, one batch at a time, in a thread of its own.

    run: takes 1 to `max_batch_size` items and returns one result, or one exception, for each, in order. If it raises
        on a batch of several, each half is run again by itself, and so on, so that one bad item fails alone.
    max_queue: items that may wait; one more is refused with Overloaded at once.
    one_by_one: whether a batch takes the model as long as its items one after another; see the module.
    siblings: a folder where the batchers meet that share their work, each in a process of its own, with the same `run`;
        then items and results are pickled, and the clock is the system's.
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
        siblings: Path | None = None,
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
        self._queue: deque[Entry[T, R]] = deque()
        self._lock = threading.Lock()
        self._closed = False
        self._idle = False
        self._running = 0
        self._lent = 0
        self._cost = BatchCost()
        self.meter = BatchMeter()
        self._sharing: Sharing = join_siblings(siblings, self)
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
        with self._lock:
            if self._closed:
                raise NotReady("The service is stopping. Try again.", retry_after_s=1.0)
            wait_s = self.estimate_wait_s()
            if len(self._queue) >= self._max_queue or (deadline is not None and now + wait_s > deadline):
                raise Overloaded("The queue is full. Try again later.", retry_after_s=wait_s)
            entry: Entry[T, R] = Entry(item, deadline, now)
            self._queue.append(entry)
            self._show()
            if self._idle:
                self._idle = False
                self._sharing.ring()
            elif len(self._queue) > 1:
                self._sharing.call()
        try:
            return await entry.future
        except asyncio.CancelledError:
            self._withdraw(entry)
            raise

    def close(self) -> None:
        """Refuse new items, finish those that wait, and end the thread. Blocks until then."""
        with self._lock:
            self._closed = True
            self._sharing.ring()
        self._thread.join()
        with self._lock:  # once, however often it is closed
            sharing, self._sharing = self._sharing, Alone()
        sharing.close()

    def lend(self, older_than: float) -> list[Entry[T, R]]:
        """See `sharing.Lender`: as much as the own thread would take."""
        with self._lock:
            if not self._queue or self._queue[0].enqueued_at >= older_than:
                return []
            batch, late = self._take()
            self._lent += len(batch)
        if late:
            deliver(late)
        return batch

    def settle(self, entries: Sequence[Entry[T, R]], outcomes: Sequence[Served[R] | Exception]) -> None:
        """See `sharing.Lender`."""
        for entry, outcome in zip(entries, outcomes, strict=True):
            entry.outcome = outcome
        deliver(entries)
        self._return(entries, ())

    def take_back(self, entries: Sequence[Entry[T, R]]) -> None:
        """See `sharing.Lender`."""
        self._return(entries, entries)

    def _return(self, lent: Sequence[Entry[T, R]], unanswered: Sequence[Entry[T, R]]) -> None:
        with self._lock:
            self._lent -= len(lent)
            self._queue.extendleft(reversed(unanswered))
            self._show()
            self._idle = False
            self._sharing.ring()

    def _withdraw(self, entry: Entry[T, R]) -> None:
        """Free the place of a caller that left, so that it keeps nobody out."""
        with self._lock, suppress(ValueError):  # the model may have it already
            self._queue.remove(entry)
            self._show()

    def _show(self) -> None:
        queue = self._queue
        self._sharing.show(len(queue), queue[0].enqueued_at if queue else 0.0)

    def _work(self) -> None:
        while self._serve_next():
            pass

    def _serve_next(self) -> bool:
        """Wait for items and serve one batch; false when there will be no more. Keeps nothing of it when it returns."""
        loan = self._borrow()
        if loan is not None:
            self._serve_loan(loan)
            return True
        with self._lock:
            batch, late = self._take()
            self._running = len(batch)
            self._idle = not batch and not late
            if self._idle and self._closed and not self._lent:
                return False
            idle = self._idle
        if late:
            deliver(late)
        if batch:
            self._serve(batch)
        if idle:
            self._sharing.rest(helping=not self._closed)
        return True

    def _borrow(self) -> Loan | None:
        """What waits at a sibling, if it has waited clearly longer than what waits here, or if nothing does."""
        with self._lock:
            if self._closed:
                return None
            self._idle = False
            older_than = float("inf")
            if self._queue:
                older_than = self._queue[0].enqueued_at - _WORTH_ITEMS * self._cost.mean_item_s
        return self._sharing.borrow(older_than)

    def _take(self) -> tuple[list[Entry[T, R]], list[Entry[T, R]]]:
        """The next batch, and the entries that came too late for it."""
        batch: list[Entry[T, R]] = []
        late: list[Entry[T, R]] = []
        now = self._clock()
        waiting = len(self._queue)
        if self._one_by_one:
            on_node, replicas = self._sharing.count(waiting)
            share = -(-on_node // replicas)
            waiting = max(min(share, _FEW), -(-share // 2))
        most = min(self._max_batch_size, waiting)
        while self._queue and len(batch) < most:
            entry = self._queue.popleft()
            if entry.future.cancelled():  # its caller has not had its turn to withdraw it
                continue
            if entry.deadline is not None and entry.deadline < now:
                entry.outcome = DeadlineExceeded("The deadline passed while the image waited. Try again later.")
                late.append(entry)
            else:
                batch.append(entry)
        self._show()
        return batch, late

    def _serve(self, batch: list[Entry[T, R]]) -> None:
        outcomes = self._find_outcomes([(entry.item, entry.enqueued_at) for entry in batch])
        for entry, outcome in zip(batch, outcomes, strict=True):
            entry.outcome = outcome
        deliver(batch)

    def _serve_loan(self, loan: Loan) -> None:
        self._running = len(loan.items)
        loan.give_back(self._find_outcomes([(lent.item, lent.enqueued_at) for lent in loan.items], borrowed=True))

    def _find_outcomes(self, batch: list[tuple[T, float]], *, borrowed: bool = False) -> list[Served[R] | Exception]:
        """Run items, each with the time at which it was enqueued, and learn from it."""
        size = len(batch)
        started = self._clock()
        results = run_apart(self._run, [item for item, _ in batch])
        run_s = self._clock() - started
        self._cost.learn(size, run_s)
        self.meter.count(size, run_s, borrowed=borrowed)
        self._running = 0  # before anybody hears of it: who asks again at once finds the model free
        return [
            make_deliverable(result)
            if isinstance(result, BaseException)
            else Served(result, started - enqueued_at, run_s, size)
            for result, (_, enqueued_at) in zip(results, batch, strict=True)
        ]
