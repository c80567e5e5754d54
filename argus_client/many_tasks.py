"""Many images in an event loop: as many tasks as there may be requests, each with one image at a time."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Generic

from argus_client.answers import Answer
from argus_client.errors import ArgusClientError
from argus_client.exchange import Exchange, Failure, Send, Wait
from argus_client.many import WINDOW, Many, Outcome, Source
from argus_client.requests import Request
from argus_client.results import Classification

_SLOW_READ_S = 0.005
_Numbered = tuple[int, Source, Outcome]


class Tasks(Generic[Source]):
    """One run. send: sends a request and waits at most so many seconds for its answer; clock: seconds."""

    def __init__(
        self,
        many: Many,
        send: Callable[[Request, float], Awaitable[Answer | Failure]],
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._many = many
        self._pace = many.pace
        self._send = send
        self._clock = clock
        self._reads_aside = False
        self._ended = asyncio.Event()
        self._room = asyncio.Semaphore(many.pace.most * WINDOW)
        self._done: asyncio.Queue[_Numbered[Source] | None] = asyncio.Queue()

    async def run(
        self, sources: Iterable[Source] | AsyncIterable[Source], *, ordered: bool
    ) -> AsyncGenerator[tuple[Source, Outcome], None]:
        """Each source with what became of it. Raises what iterating over the sources raised."""
        numbered = _number(sources)
        taking = asyncio.Lock()
        workers = [asyncio.create_task(self._work(numbered, taking)) for _ in range(self._pace.most)]
        finished = asyncio.gather(*workers)
        finished.add_done_callback(lambda _: self._done.put_nowait(None))
        early: dict[int, tuple[Source, Outcome]] = {}
        turn = 0
        try:
            while (item := await self._done.get()) is not None:
                number, source, outcome = item
                if not ordered:
                    self._room.release()
                    yield source, outcome
                    continue
                early[number] = source, outcome
                while turn in early:
                    self._room.release()
                    yield early.pop(turn)
                    turn += 1
            await finished
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            await numbered.aclose()
            if finished.done() and not finished.cancelled():
                finished.exception()  # It was raised above, or nobody is there to hear it.

    async def _work(self, numbered: AsyncGenerator[tuple[int, Source], None], taking: asyncio.Lock) -> None:
        while True:
            await self._room.acquire()
            async with taking:
                try:
                    number, source = await anext(numbered)
                except StopAsyncIteration:
                    return
            self._done.put_nowait((number, source, await self._classify(source)))

    async def _classify(self, source: Source) -> Outcome:
        try:
            steps = await self._begin(source)
            outcome: Answer | Failure | None = None
            while True:
                match steps.send(outcome):
                    case Send(request, timeout_s):
                        outcome = await self._send_in_turn(request, timeout_s)
                    case Wait(seconds):
                        await asyncio.sleep(seconds)
                        outcome = None
        except StopIteration as end:
            result: Outcome = end.value
            return result
        except (ArgusClientError, OSError) as error:
            return error

    async def _begin(self, source: Source) -> Exchange[Classification]:
        # A file that the system has in memory is read sooner than a thread is asked to. One that comes from a slow disk
        # holds everything up, so the next one is read aside; and the next one is again where that was quick.
        if self._reads_aside:
            return await asyncio.to_thread(self._read, source)
        return self._read(source)

    def _read(self, source: Source) -> Exchange[Classification]:
        began = self._clock()
        try:
            return self._many.begin(source)
        finally:
            self._reads_aside = self._clock() - began > _SLOW_READ_S

    async def _send_in_turn(self, request: Request, timeout_s: float) -> Answer | Failure:
        pace = self._pace
        while not pace.may_begin:
            with suppress(TimeoutError):
                async with asyncio.timeout(pace.opens_in_s or None):
                    await self._ended.wait()
        began = pace.begin()
        outcome: Answer | Failure | None = None
        try:
            outcome = await self._send(request, timeout_s)
        finally:
            pace.end(began, outcome)
            self._ended.set()  # Wakes all that wait now, and nobody who comes later.
            self._ended.clear()
        return outcome


async def _number(sources: Iterable[Source] | AsyncIterable[Source]) -> AsyncGenerator[tuple[int, Source], None]:
    number = 0
    if isinstance(sources, AsyncIterable):
        async for source in sources:
            yield number, source
            number += 1
    else:
        for source in sources:
            yield number, source
            number += 1
