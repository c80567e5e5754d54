"""A model for tests of batching: it stops before each batch and goes on when the test says so."""

import asyncio
import threading
from collections.abc import Callable, Sequence


class StoppableModel:
    """Multiplies numbers by ten, one call after another. Each call needs a permit, until `release` gives all.

    calls: the items of every call, in order, failed ones too. at_work: whether a call waits for its permit.
    broken: items that make a call that holds them raise; bad: items that get an error of their own.
    """

    def __init__(self, *, broken: Sequence[int] = (), bad: Sequence[int] = ()) -> None:
        self.calls: list[list[int]] = []
        self.at_work = False
        self.broken = set(broken)
        self.bad = set(bad)
        self._permits = threading.Semaphore(0)
        self._released = False

    def step(self) -> None:
        """Let the call that waits, or the next one, go on."""
        self.at_work = False
        self._permits.release()

    def release(self) -> None:
        """Let every call go on, from now on."""
        self._released = True
        self.step()

    def __call__(self, items: Sequence[int]) -> list[int | Exception]:
        self.calls.append(list(items))
        if not self._released:
            self.at_work = True
            assert self._permits.acquire(timeout=10)
        if not self.broken.isdisjoint(items):
            raise RuntimeError(list(items))
        return [ValueError(item) if item in self.bad else item * 10 for item in items]


class Clock:
    """Stands still until it is moved, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def until(condition: Callable[[], bool]) -> None:
    """Give the event loop turns until the condition holds; a test's own timeout ends it otherwise."""
    while not condition():
        await asyncio.sleep(0)
