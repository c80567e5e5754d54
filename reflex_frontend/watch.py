"""Keeps an eye on the service's health for every session of this process at once; knows no Reflex.

One probe every few seconds however many people look, and none when nobody does. A follower hears of changes only, so
an idle page costs nothing.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from argus_client import ArgusClientError, Model, Readiness


class Service(Protocol):
    """The part of `AsyncArgusClient` that is needed here."""

    async def ready(self) -> Readiness:
        """Whether the service can answer now."""

    async def models(self) -> list[Model]:
        """What it serves."""


@dataclass(frozen=True)
class Health:
    """What is known of the service; state: "unknown", "ready", "starting", "unreachable"; since_ms: Unix time of it."""

    state: str = "unknown"
    since_ms: int = 0
    models: tuple[Model, ...] = ()


class ServiceWatch:
    """Shared by the sessions of one process and one event loop."""

    def __init__(self, service: Service, interval_s: float) -> None:
        self._service = service
        self._interval_s = interval_s
        self._changed = asyncio.Condition()
        self._followers = 0
        self._probing: asyncio.Task[None] | None = None
        self._begun = 0  # probes begun, and the number of the last one answered
        self._answered = 0
        self.health = Health()

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """While at least one follower is inside, the service is probed."""
        self._followers += 1
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._probe_while_followed())
        try:
            yield
        finally:
            self._followers -= 1

    async def next(self, seen: Health, timeout_s: float) -> Health:
        """The health as soon as it differs from `seen`, or what it is after `timeout_s`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: self.health != seen)
        return self.health

    async def until_ready(self, timeout_s: float) -> bool:
        """Waits until the service is ready, as seen by a probe that starts after this call; False when time is up."""
        begun_before = self._begun

        def ready() -> bool:
            return self._answered > begun_before and self.health.state == "ready"

        with contextlib.suppress(TimeoutError):
            async with self.following(), asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(ready)
        return ready()

    async def _probe_while_followed(self) -> None:
        while self._followers:
            await self._probe()
            await asyncio.sleep(self._interval_s)

    async def _probe(self) -> None:
        self._begun += 1
        try:
            state = (await self._service.ready()).state
        except ArgusClientError:
            state = "unreachable"
        before = self.health
        models = before.models
        if state == "ready" and (before.state != "ready" or not models):
            with contextlib.suppress(ArgusClientError):
                models = tuple(await self._service.models())
        since_ms = before.since_ms if state == before.state else round(time.time() * 1000)
        async with self._changed:
            self.health = Health(state, since_ms, models)
            self._answered = self._begun
            self._changed.notify_all()
