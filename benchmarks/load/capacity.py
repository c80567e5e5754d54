"""What is measured before a scenario, so that its figures mean something: capacity, rest, unloaded latency.

Rates of a scenario are shares of what all replicas can do together, measured with a closed loop on the same machine.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from argus_client import ArgusClientError, AsyncArgusClient
from argus_client.results import ServiceStatus
from benchmarks.generator import run_closed_loop

_CONNECTIONS = 16
_CONNECTIONS_EACH = 8
_PIECE_S = 2.0
_MEASURED_S = 5.0
# A machine's own speed may change during a run, the more so the longer it lasts: capacity is measured once for so many
# seconds of it, and the least counts.
_RUN_S_A_PIECE = 80.0
_GROW_S = 60.0
_REST_S = 180.0
_UNLOADED_S = 6.0
_UNLOADED_SHARE = 1 / 32
_WHOLE_S = 20.0

# Told what is being done.
Tell = Callable[[str], None]


class NoCapacity(Exception):
    """The service gave no good answer, so there is nothing to be a share of."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the service can do.

    images_per_s: of `replicas` replicas, the most; the least of `pieces` measurements of it.
    single_images_per_s: of one replica, None if it never was alone.
    """

    images_per_s: float
    replicas: int
    single_images_per_s: float | None
    pieces: int = 1


@dataclass(frozen=True, slots=True)
class Unloaded:
    """Latencies of one client that sends one photo after the other, in milliseconds."""

    p50_ms: float
    p99_ms: float


async def wait_for_status(client: AsyncArgusClient) -> ServiceStatus:
    """A status that knows everything: a service that has just come up takes a moment. Raises ArgusClientError."""
    deadline = time.monotonic() + _WHOLE_S
    while True:
        status = await client.status()
        if status.complete or time.monotonic() > deadline:
            return status
        await asyncio.sleep(0.5)


def find_limits(status: ServiceStatus) -> tuple[int, int]:
    """The least and the most replicas of the deployment that takes the requests."""
    scale = status.replicas
    seen = (scale.running, scale.starting, scale.stopping, scale.target)
    for one in status.deployments:
        if (one.running, one.starting, one.stopping, one.target) == seen and one.max is not None:
            return one.min or 0, one.max
    return scale.target, scale.target


async def measure_capacity(
    url: str, client: AsyncArgusClient, images: Sequence[bytes], tell: Tell, *, run_s: float
) -> Capacity:
    """Load the service until all its replicas run, then measure. run_s: how long the run lasts. Raises NoCapacity."""
    status = await wait_for_status(client)
    _, most = find_limits(status)
    connections = max(_CONNECTIONS, _CONNECTIONS_EACH * most)
    single: float | None = None
    was_alone = status.replicas.running == 1
    deadline = time.monotonic() + _GROW_S
    while True:
        running = status.replicas.running
        tell(f"measuring capacity: {running} of {most} replicas")
        if running >= most or time.monotonic() > deadline:
            break
        load = await run_closed_loop(url, images, connections=connections, seconds=_PIECE_S, warm_up_s=0.3)
        status = await _look(client) or status
        if was_alone and single is None and status.replicas.running == 1:
            single = load.images_per_s
    pieces = max(1, int(run_s / _RUN_S_A_PIECE))
    rates: list[float] = []
    for piece in range(pieces):
        if rates:
            tell(f"measuring capacity: {min(rates):.0f} to {max(rates):.0f} a second, {piece} of {pieces}")
        load = await run_closed_loop(url, images, connections=connections, seconds=_MEASURED_S, warm_up_s=1.0)
        if not load.latencies_s:
            raise NoCapacity(f"The service gave no good answer to {connections} clients, but {load.statuses}.")
        rates.append(load.images_per_s)
    if single is None and running == 1:
        single = rates[0]
    return Capacity(min(rates), running, single, pieces)


async def wait_for_rest(client: AsyncArgusClient, tell: Tell) -> bool:
    """Wait until the service is as small as it gets and nothing waits; False where it was not in three minutes."""
    deadline = time.monotonic() + _REST_S
    while time.monotonic() < deadline:
        status = await _look(client)
        if status is not None:
            scale = status.replicas
            least, _ = find_limits(status)
            if scale.running == scale.target == least and not scale.starting + scale.stopping + status.ongoing:
                return True
            tell(
                f"waiting until it rests: {scale.running} replicas run, {least} should; {scale.stopping} stopping,"
                f" {status.ongoing} requests under way"
            )
        await asyncio.sleep(0.5)
    return False


async def measure_unloaded(url: str, images: Sequence[bytes], tell: Tell, *, run_s: float) -> Unloaded:
    """How quick one client is answered. run_s: how long the run lasts."""
    tell("measuring one client alone")
    seconds = min(max(_UNLOADED_S, run_s * _UNLOADED_SHARE), run_s)
    load = await run_closed_loop(url, images, connections=1, seconds=seconds, warm_up_s=1.0)
    return Unloaded(load.percentile_ms(50), load.percentile_ms(99))


async def _look(client: AsyncArgusClient) -> ServiceStatus | None:
    try:
        return await client.status()
    except ArgusClientError:
        return None
