"""Follows what the service does, once a second, for every session of this process at once; knows no Reflex.

One question each second however many people look, and none when nobody does. The last two minutes are kept, with what
came of every question, so that a page that opens later has a past to show.
"""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from argus_client import ArgusClientError, NotFound, NotReady, ServiceStatus

KEPT_S = 120.0
# A service that does not know the question is asked again after this many pauses: it may be replaced by a newer one.
PATIENCE = 10


class Service(Protocol):
    """The part of `AsyncArgusClient` that is needed here."""

    async def status(self) -> ServiceStatus:
        """What the service does now."""


@dataclass(frozen=True)
class Beat:
    """What came of one question; at_s: on the pulse's clock; status: None when there was no answer."""

    at_s: float
    status: ServiceStatus | None


@dataclass(frozen=True, eq=False)
class Pulse:
    """What is known, a new one after each question.

    state: "unknown", "answering", "starting", "unreachable" or "unsupported"; number: of the last question, 0 before
    there was one; beats: the last KEPT_S seconds, the oldest first.
    """

    state: str = "unknown"
    beats: tuple[Beat, ...] = ()
    number: int = 0


class ServicePulse:
    """Shared by the sessions of one process and one event loop; clock: seconds, only ever forward."""

    def __init__(self, service: Service, interval_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._interval_s = interval_s
        self._clock = clock
        self._changed = asyncio.Condition()
        self._followers: Counter[str] = Counter()
        self._asking: asyncio.Task[None] | None = None
        self._beats: deque[Beat] = deque()
        self.pulse = Pulse()

    @contextlib.asynccontextmanager
    async def following(self, who: str) -> AsyncIterator[None]:
        """While at least one follower is inside, the service is asked."""
        self._followers[who] += 1
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_while_followed())
        try:
            yield
        finally:
            self._followers[who] -= 1
            self._followers += Counter()  # drops those that have left

    def is_followed_by(self, who: str) -> bool:
        """Whether this follower is inside."""
        return who in self._followers

    async def next(self, seen: int, timeout_s: float) -> Pulse:
        """The pulse as soon as its number differs from `seen`, or what it is after `timeout_s`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: self.pulse.number != seen)
        return self.pulse

    async def _ask_while_followed(self) -> None:
        due_s = self._clock()
        while self._followers:
            await self._ask()
            # A slow answer makes the next question late; it does not make two of them follow at once.
            pause_s = self._interval_s * (PATIENCE if self.pulse.state == "unsupported" else 1)
            due_s = max(due_s + pause_s, self._clock())
            await asyncio.sleep(due_s - self._clock())

    async def _ask(self) -> None:
        status: ServiceStatus | None = None
        try:
            status, state = await self._service.status(), "answering"
        except NotFound:
            state = "unsupported"
        except NotReady:
            state = "starting"
        except ArgusClientError:
            state = "unreachable"
        now_s = self._clock()
        self._beats.append(Beat(now_s, status))
        # One more than fits is kept, for the line to the left edge.
        while len(self._beats) > 1 and self._beats[1].at_s < now_s - KEPT_S:
            self._beats.popleft()
        async with self._changed:
            self.pulse = Pulse(state, tuple(self._beats), self.pulse.number + 1)
            self._changed.notify_all()
