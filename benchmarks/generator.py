"""A load generator that costs little: requests are encoded once and sent over `connections`.

It shares the machine with the server that it measures, so its own cost counts. Latencies of an open loop count from the
moment a request was due, not from when it could be sent.
"""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.connections import Answer, Connections, encode_request

# Before a broken connection is made anew, so that a server that is gone is not flooded with attempts.
_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load.

    latencies_s: of answers with status 200, in seconds.
    statuses: how often each came, 0 for a broken connection or no answer at all.
    answered: answers of any status in the whole run, those of the warm-up and after the end included: what the server
        spent its processor time on.
    reconnects: requests sent once more, on a new connection, because the server had closed an idle one: see
        benchmarks/connections.py.
    """

    seconds: float
    latencies_s: tuple[float, ...]
    statuses: dict[int, int]
    answered: int = 0
    reconnects: int = 0

    @property
    def errors(self) -> int:
        """Requests that got no status 200."""
        return sum(count for status, count in self.statuses.items() if status != 200)

    @property
    def images_per_s(self) -> float:
        """Good answers a second."""
        return len(self.latencies_s) / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """Latency in milliseconds; nan without a good answer."""
        if not self.latencies_s:
            return float("nan")
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1e3


async def run_closed_loop(
    url: str,
    images: Sequence[bytes],
    *,
    connections: int,
    seconds: float,
    warm_up_s: float = 1.0,
    timeout_s: float = 10.0,
) -> Load:
    """`connections` clients, each sending its next image as soon as it has its answer.

    timeout_s: how long after the end an answer may still come; what is then missing counts as status 0.
    """
    requests = [encode_request(url, image) for image in images]
    turn = itertools.cycle(requests)
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    answered = reconnects = 0
    own = Connections(url)
    begin = time.perf_counter() + warm_up_s
    end = begin + seconds

    async def drive() -> None:
        nonlocal answered, reconnects
        while (sent := time.perf_counter()) < end:
            answer = await own.exchange(next(turn))
            done = time.perf_counter()
            answered += answer.status > 0
            if begin <= done < end:
                reconnects += answer.reconnects
                statuses[answer.status] = statuses.get(answer.status, 0) + 1
                if answer.status == 200:
                    latencies.append(done - sent)
            if not answer.status:
                await asyncio.sleep(_PAUSE_S)

    drivers = [asyncio.create_task(drive()) for _ in range(connections)]
    finished, stuck = await asyncio.wait(drivers, timeout=warm_up_s + seconds + timeout_s)
    for driver in stuck:
        driver.cancel()
        statuses[0] = statuses.get(0, 0) + 1
    await asyncio.gather(*stuck, return_exceptions=True)
    own.close()
    for driver in finished:
        driver.result()
    return Load(seconds, tuple(latencies), statuses, answered, reconnects)


def plan_open_loop(rate: float, seconds: float) -> list[float]:
    """When each request of an open loop is due, in seconds from its begin: evenly, `rate` a second."""
    return [i / rate for i in range(int(seconds * rate))]


async def run_open_loop(
    url: str, images: Sequence[bytes], *, rate: float, seconds: float, warm_up_s: float = 1.0, timeout_s: float = 10.0
) -> Load:
    """`rate` requests a second on a fixed schedule, whether or not earlier ones have been answered."""
    requests = [encode_request(url, image) for image in images]
    own = Connections(url)
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    answered = reconnects = 0
    first = time.perf_counter()
    begin = first + warm_up_s

    async def send(request: bytes, due: float) -> None:
        nonlocal answered, reconnects
        answer = await exchange_within(own, request, timeout_s)
        answered += answer.status > 0
        if due >= begin:
            reconnects += answer.reconnects
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
            if answer.status == 200:
                latencies.append(time.perf_counter() - due)

    async with asyncio.TaskGroup() as tasks:
        for i, offset in enumerate(plan_open_loop(rate, warm_up_s + seconds)):
            due = first + offset
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(send(requests[i % len(requests)], due))
    own.close()
    return Load(seconds, tuple(latencies), statuses, answered, reconnects)


async def exchange_within(connections: Connections, request: bytes, timeout_s: float) -> Answer:
    """The answer to a request; status 0 where none came in time."""
    try:
        async with asyncio.timeout(timeout_s):
            return await connections.exchange(request)
    except TimeoutError:
        return Answer(0, said=f"no answer within {timeout_s:.0f} s")
