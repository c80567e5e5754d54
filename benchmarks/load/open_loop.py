"""The open loop: photos are sent on the scenario's schedule, whether or not earlier ones have been answered.

Latencies count from when a photo was due, so that a service which holds its clients up does not look quick.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from benchmarks.connections import Connections, encode_request
from benchmarks.generator import exchange_within
from benchmarks.load.records import Sent
from benchmarks.load.scenarios import Scenario, plan_requests

# Longer than the service's own deadline, so that it is the service that gives up.
TIMEOUT_S = 15.0
# A service that answers nobody must not use up this machine's connections; what is due beyond them has failed.
_MOST_UNDER_WAY = 4000


async def drive_open_loop(
    url: str, images: Sequence[bytes], scenario: Scenario, capacity: float, *,
    began: Callable[[float], None], note: Callable[[Sent], None],
) -> None:  # fmt: skip
    """Run the scenario to its end and wait for the last answers.

    began: told the moment of the begin, of time.monotonic. note: told of each request when it has its answer.
    """
    requests = [encode_request(url, image) for image in images]
    connections = Connections(url)
    begin = time.monotonic()
    began(begin)
    under_way = 0

    async def send(request: bytes, due: float) -> None:
        nonlocal under_way
        under_way += 1
        late = time.monotonic() - begin - due
        try:
            answer = await exchange_within(connections, request, TIMEOUT_S)
        finally:
            under_way -= 1
        seconds = time.monotonic() - begin - due
        sent = Sent(due, seconds, answer.status, answer.retry_after, answer.reconnects, late, answer.said)
        note(sent if sent.is_failed else replace(sent, said=""))

    try:
        async with asyncio.TaskGroup() as tasks:
            for i, due in enumerate(plan_requests(scenario, capacity)):
                await asyncio.sleep(max(0.0, begin + due - time.monotonic()))
                if under_way < _MOST_UNDER_WAY:
                    tasks.create_task(send(requests[i % len(requests)], due))
                else:
                    note(Sent(due, 0.0, 0, said="not sent: too many under way"))
            await asyncio.sleep(max(0.0, begin + scenario.seconds - time.monotonic()))
    finally:
        connections.close()
