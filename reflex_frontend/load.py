"""A bounded load on the service, so that people can watch it grow: a few connections, each sending photo after photo.

    start --> sending --> over            (time is up)
                 |
                 +------> stopped         (by hand, or because nobody watches any more)

At most one load at a time, bounded in connections and in seconds whatever is asked for. Knows no Reflex.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from types import TracebackType
from typing import Protocol, Self

from argus_client import ArgusClientError, Classification, Overloaded, RateLimited

MOST_CONNECTIONS = 64
MOST_SECONDS = 60.0
# What was sent before the end may still be answered for so long.
LAST_ANSWERS_S = 3.0
# A page that loses its connection is back within this time, or gone.
ABSENCE_S = 3.0
DEFAULT_PAUSE_S = 1.0


class Client(Protocol):
    """The part of `AsyncArgusClient` that is needed here."""

    async def classify(self, image: bytes, *, filename: str | None = None, top_k: int = 5) -> Classification:
        """Classify one encoded image."""

    async def __aenter__(self) -> Self:
        """Open."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""


@dataclass(frozen=True)
class Plan:
    """How much, for how long; raises ValueError past the bounds."""

    connections: int
    duration_s: float

    def __post_init__(self) -> None:
        if not 1 <= self.connections <= MOST_CONNECTIONS:
            raise ValueError(f"connections must be from 1 to {MOST_CONNECTIONS}, not {self.connections}")
        if not 0 < self.duration_s <= MOST_SECONDS:
            raise ValueError(f"duration_s must be above 0 and at most {MOST_SECONDS:g}, not {self.duration_s}")


@dataclass(frozen=True)
class Progress:
    """How far the latest load has come; state: "none", "sending", "over" or "stopped".

    ends_at_ms: Unix time; took_s: seconds of sending, once it is at its end; refused: the service was full and said
    so; failed: anything else that is not an answer.
    """

    state: str = "none"
    plan: Plan = Plan(1, 1.0)
    ends_at_ms: int = 0
    took_s: float = 0.0
    answered: int = 0
    refused: int = 0
    failed: int = 0


class LoadSource:
    """One instance a process. make_client: a client without retries; photos: sent one after the other."""

    def __init__(
        self,
        make_client: Callable[[], Client],
        photos: Sequence[bytes],
        *,
        absence_s: float = ABSENCE_S,
        look_s: float = 0.25,
    ) -> None:
        if not photos:
            raise ValueError("a load needs at least one photo")
        self._make_client = make_client
        self._photos = tuple(photos)
        self._absence_s = absence_s
        self._look_s = look_s
        self._sending: asyncio.Task[bool] | None = None
        self._began_s = 0.0
        self.progress = Progress()

    def start(self, plan: Plan, is_watched: Callable[[], bool]) -> bool:
        """Begin; False while another load is under way. It stops when `is_watched` stays False."""
        if self.progress.state == "sending":
            return False
        self.progress = Progress("sending", plan, round((time.time() + plan.duration_s) * 1000))
        self._began_s = time.monotonic()
        self._sending = asyncio.create_task(self._send(plan, is_watched))
        self._sending.add_done_callback(self._finish)
        return True

    def stop(self) -> None:
        """End the load now; its open requests are dropped."""
        if self._sending is not None:
            self._sending.cancel()

    async def wait(self) -> Progress:
        """The progress once no load is under way."""
        while self._sending is not None and self.progress.state == "sending":
            await asyncio.wait([self._sending])
            await asyncio.sleep(0)  # for `_finish`
        return self.progress

    def _finish(self, sending: "asyncio.Task[bool]") -> None:
        whole = not sending.cancelled() and sending.exception() is None and sending.result()
        took_s = min(time.monotonic() - self._began_s, self.progress.plan.duration_s)
        self.progress = replace(self.progress, state="over" if whole else "stopped", took_s=took_s)
        if not sending.cancelled():
            sending.result()  # raises what nobody foresaw, for the log

    async def _send(self, plan: Plan, is_watched: Callable[[], bool]) -> bool:
        # Whether the load ran to its end.
        until_s = self._began_s + plan.duration_s
        async with self._make_client() as client:
            connections = [
                asyncio.create_task(self._send_one_by_one(client, number, until_s))
                for number in range(plan.connections)
            ]
            try:
                if not await self._stays_watched(until_s, is_watched):
                    return False
                await asyncio.wait(connections, timeout=LAST_ANSWERS_S)
                return True
            finally:
                for connection in connections:
                    connection.cancel()
                ends = await asyncio.gather(*connections, return_exceptions=True)
                for end in ends:
                    if isinstance(end, Exception):
                        raise end

    async def _stays_watched(self, until_s: float, is_watched: Callable[[], bool]) -> bool:
        seen_s = time.monotonic()
        while (now_s := time.monotonic()) < until_s:
            if is_watched():
                seen_s = now_s
            elif now_s - seen_s >= self._absence_s:
                return False
            await asyncio.sleep(min(self._look_s, until_s - now_s))
        return True

    async def _send_one_by_one(self, client: Client, number: int, until_s: float) -> None:
        photos = cycle(self._photos[number % len(self._photos) :] + self._photos[: number % len(self._photos)])
        while time.monotonic() < until_s:
            pause_s = await self._send_photo(client, next(photos))
            if pause_s:
                await asyncio.sleep(min(pause_s, max(0.0, until_s - time.monotonic())))

    async def _send_photo(self, client: Client, photo: bytes) -> float:
        # Gives the pause in seconds before this connection sends the next one.
        try:
            await client.classify(photo, top_k=1)
        except (Overloaded, RateLimited) as error:
            self.progress = replace(self.progress, refused=self.progress.refused + 1)
            return error.retry_after_s or DEFAULT_PAUSE_S
        except ArgusClientError:
            self.progress = replace(self.progress, failed=self.progress.failed + 1)
            return DEFAULT_PAUSE_S
        self.progress = replace(self.progress, answered=self.progress.answered + 1)
        return 0.0
