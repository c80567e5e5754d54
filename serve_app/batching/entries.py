"""What waits in a batcher's queue, and how its outcome reaches who waits for it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Served(NamedTuple, Generic[R]):
    """A result and where its time went, in seconds."""

    result: R
    queue_s: float
    run_s: float
    batch_size: int


class Entry(Generic[T, R]):
    """An item that waits. `future` belongs to `loop`; `outcome` is the model thread's until it is delivered."""

    __slots__ = ("deadline", "enqueued_at", "future", "item", "loop", "outcome")

    def __init__(self, item: T, deadline: float | None, now: float) -> None:
        self.item = item
        self.deadline = deadline
        self.enqueued_at = now
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Served[R]] = self.loop.create_future()
        self.outcome: Served[R] | Exception


def deliver(entries: Sequence[Entry[T, R]]) -> None:
    """Hand outcomes to the event loops that wait for them: one wake-up a loop."""
    loops = {entry.loop for entry in entries}
    for loop in loops:
        share = entries if len(loops) == 1 else [entry for entry in entries if entry.loop is loop]
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, share)


def _resolve(entries: Sequence[Entry[T, R]]) -> None:
    for entry in entries:
        if entry.future.done():
            continue
        if isinstance(entry.outcome, Exception):
            entry.future.set_exception(entry.outcome)
        else:
            entry.future.set_result(entry.outcome)
