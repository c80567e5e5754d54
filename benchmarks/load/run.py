"""One load test, from a service that answers to its records: capacity, rest, an unloaded client, then the scenario.

Knows the order of things and what is watched meanwhile; not how the service is started or what is made of the records.
"""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.load.capacity import (
    Capacity,
    NoCapacity,
    find_limits,
    measure_capacity,
    measure_unloaded,
    wait_for_rest,
    wait_for_status,
)
from benchmarks.load.closed_loop import drive_closed_loop
from benchmarks.load.open_loop import drive_open_loop
from benchmarks.load.pulse import PulseTaker
from benchmarks.load.records import Records
from benchmarks.load.scenarios import Scenario
from benchmarks.load.service import Target
from benchmarks.load.terminal import View
from benchmarks.load.watching import open_status_client, watch_effort, watch_memory, watch_processes, watch_status

# Weighed some ninety times, whatever the length, but never so often that it is a load of its own.
_WEIGHINGS, _LEAST_PAUSE_S = 90, 2.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to run. driver: open or locust; rate: capacity in requests a second, None to measure it.

    images: the folder of the photos, which Locust's process reads for itself; folder: where the report will be.
    """

    scenario: Scenario
    driver: str
    rate: float | None
    images: Path
    folder: Path


async def run_load_test(order: Order, target: Target, photos: Sequence[bytes], records: Records, view: View) -> None:
    """Fill the records; they are of use however it ends.

    Raises NoCapacity, LocustFailed, ArgusClientError, and SystemFailed when a service that was started for it ends.
    """
    settings, run_s = records.settings, order.scenario.seconds
    settings |= {"scenario": asdict(order.scenario), "driver": order.driver}
    settings["started_here"] = target.started is not None
    async with open_status_client(target.url) as client:
        status = await wait_for_status(client)
        settings["least_replicas"], settings["most_replicas"] = find_limits(status)
        if order.rate is None:
            capacity = await measure_capacity(target.classify_url, client, photos, view.tell, run_s=run_s)
        else:
            capacity = Capacity(order.rate, settings["most_replicas"], None)
        settings |= {
            "capacity": capacity.images_per_s,
            "capacity_is_given": order.rate is not None,
            "capacity_replicas": capacity.replicas,
            "capacity_pieces": capacity.pieces,
            "single_capacity": capacity.single_images_per_s,
        }
        settings["rested"] = await wait_for_rest(client, view.tell)
    unloaded = await measure_unloaded(target.classify_url, photos, view.tell, run_s=run_s)
    if math.isnan(unloaded.p50_ms):
        raise NoCapacity("The service gave no good answer to a single client.")
    settings |= {"unloaded_p50_ms": unloaded.p50_ms, "unloaded_p99_ms": unloaded.p99_ms}
    async with open_status_client(target.url) as client:
        # A single client is little, but a service that was just measured is not at rest.
        await wait_for_rest(client, view.tell)
    await _run_scenario(order, target, photos, records, view)


async def _run_scenario(order: Order, target: Target, photos: Sequence[bytes], records: Records, view: View) -> None:
    begun: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    driving = asyncio.create_task(_drive(order, target, photos, records, begun.set_result))
    watching = asyncio.create_task(_watch(order.scenario, target, records, view, begun))
    try:
        # Watching ends only by an error, such as that of a service which has ended: then there is nothing to load.
        await asyncio.wait({driving, watching}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if begun.done():
            records.settings["ran_s"] = min(order.scenario.seconds, time.monotonic() - begun.result())
        for task in (driving, watching):
            task.cancel()
        results = await asyncio.gather(driving, watching, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseExceptionGroup):
            raise result.exceptions[0]
        if isinstance(result, Exception):
            raise result


async def _drive(
    order: Order, target: Target, photos: Sequence[bytes], records: Records, began: Callable[[float], None]
) -> None:
    scenario, capacity, note = order.scenario, float(records.settings["capacity"]), records.sent.append
    url = target.classify_url
    if order.driver == "locust":
        await drive_closed_loop(url, order.images, scenario, capacity, order.folder, began=began, note=note)
    else:
        await drive_open_loop(url, photos, scenario, capacity, began=began, note=note)


async def _watch(
    scenario: Scenario, target: Target, records: Records, view: View, begun: asyncio.Future[float]
) -> None:
    begin = await asyncio.shield(begun)

    async def show() -> None:
        pulses = PulseTaker(scenario, float(records.settings["capacity"]), records)
        for second in range(1, 10**9):
            await asyncio.sleep(max(0.0, begin + second - time.monotonic()))
            view.show(pulses.take(time.monotonic() - begin))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(show())
        tasks.create_task(watch_status(target.url, begin, records.looks.append))
        if target.started is not None:
            tasks.create_task(watch_processes(target.started))
            tasks.create_task(watch_effort(target.started, begin, records.efforts.append))
            if scenario.weighs_memory:
                pause = max(_LEAST_PAUSE_S, scenario.seconds / _WEIGHINGS)
                note = records.weighings.append
                tasks.create_task(watch_memory(target.started, begin, every_s=pause, note=note))
