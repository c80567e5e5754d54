"""Loads for a batcher in the same process: open loop, closed loop, one request at a time. Knows no batcher.

The generator is the same whatever is measured. Requests of an open loop come at random times (Poisson) that are drawn
beforehand; the event loop wakes up at most once a millisecond and then starts all that are due. Latencies count from
the moment a request was due.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

Submit = Callable[[int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load. latencies_s: of requests due after the warm-up; unanswered: how many of them had no answer.

    cpu_s: processor seconds of the whole process, and seconds: both from the first request on, warm-up included;
    requests: all, warm-up included.
    """

    latencies_s: tuple[float, ...]
    unanswered: int
    requests: int
    seconds: float
    cpu_s: float

    def percentile_ms(self, percent: float) -> float:
        """Latency in milliseconds. With requests unanswered it is a lower bound."""
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1e3


def draw_arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """Seconds at which requests are due: `rate` a second on average, at random."""
    random = Random(seed)  # noqa: S311  # chance, not secrets
    arrivals, due = [], random.expovariate(rate)
    while due < seconds:
        arrivals.append(due)
        due += random.expovariate(rate)
    return arrivals


async def run_open_loop(
    submit: Submit, *, rate: float, seconds: float, warm_up_s: float, seed: int, grace_s: float = 0.5
) -> Load:
    """Requests come whether or not earlier ones have been answered. Raises the first error that one met.

    grace_s: how long answers may take after the last arrival; what has none by then counts with the time it has waited.
    """
    latencies: list[float] = []
    failures: list[BaseException] = []
    waiting: dict[asyncio.Task[None], float] = {}

    async def ask(number: int, due: float) -> None:
        await submit(number)
        done = time.perf_counter()
        if due >= begin:
            latencies.append(done - due)

    def finish(task: asyncio.Task[None]) -> None:
        del waiting[task]
        if not task.cancelled() and (error := task.exception()):
            failures.append(error)

    arrivals = draw_arrivals(rate, warm_up_s + seconds, seed)
    cpu, first = time.process_time(), time.perf_counter()
    begin = first + warm_up_s
    for number, offset in enumerate(arrivals):
        due = first + offset
        early_s = due - time.perf_counter()
        if early_s > 0:
            await asyncio.sleep(early_s)
        task = asyncio.create_task(ask(number, due))
        waiting[task] = due
        task.add_done_callback(finish)
    if waiting:
        await asyncio.wait(waiting, timeout=grace_s)
    end = time.perf_counter()
    left = [end - due for due in waiting.values() if due >= begin]
    await _cancel(list(waiting))
    if failures:
        raise failures[0]
    return Load((*latencies, *left), len(left), len(arrivals), end - first, time.process_time() - cpu)


async def run_closed_loop(submit: Submit, *, callers: int, seconds: float, warm_up_s: float) -> Load:
    """`callers` of them, each asking again as soon as it has its answer."""
    latencies: list[float] = []
    requests = 0
    cpu, first = time.process_time(), time.perf_counter()
    begin, end = first + warm_up_s, first + warm_up_s + seconds

    async def drive() -> None:
        nonlocal requests
        while (sent := time.perf_counter()) < end:
            await submit(requests)
            requests += 1
            done = time.perf_counter()
            if begin <= done < end:
                latencies.append(done - sent)

    await asyncio.gather(*(drive() for _ in range(callers)))
    return Load(tuple(latencies), 0, requests, time.perf_counter() - first, time.process_time() - cpu)


async def run_alone(submit: Submit, *, requests: int, pause_s: float) -> Load:
    """One request at a time, with a pause after each, so that everything is idle when the next one comes."""
    latencies = []
    cpu, first = time.process_time(), time.perf_counter()
    for number in range(requests):
        await asyncio.sleep(pause_s)
        sent = time.perf_counter()
        await submit(number)
        latencies.append(time.perf_counter() - sent)
    return Load(tuple(latencies), 0, requests, time.perf_counter() - first, time.process_time() - cpu)


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
