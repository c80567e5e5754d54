"""A load generator that costs little: HTTP/1.1 over raw asyncio protocols, requests encoded once.

It shares the machine with the server that it measures, so its own cost counts. Latencies of an open loop count from the
moment a request was due, not from when it could be sent.
"""

import asyncio
import itertools
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

# Before a broken connection is made anew, so that a server that is gone is not flooded with attempts.
_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load.

    latencies_s: of answers with status 200, in seconds.
    statuses: how often each came, 0 for a broken connection or no answer at all.
    answered: answers of any status in the whole run, those of the warm-up and after the end included: what the server
        spent its processor time on.
    """

    seconds: float
    latencies_s: tuple[float, ...]
    statuses: dict[int, int]
    answered: int = 0

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


def encode_request(url: str, image: bytes) -> bytes:
    """The bytes of a POST of one raw image."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: image/jpeg\r\n"
        f"Content-Length: {len(image)}\r\n\r\n"
    )
    return head.encode() + image


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[int] | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio calls it so
        self._transport = None
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(0)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        fields = head.lower()
        start = fields.find(b"content-length:")
        if start < 0:
            self._fail(ValueError("The server answered without Content-Length, which this generator needs."))
            return
        length = int(fields[start + 15 :].split(b"\r\n", 1)[0])
        if len(body) >= length and self._waiter and not self._waiter.done():
            self._received = b""
            self._waiter.set_result(int(head[9:12]))

    def _fail(self, error: Exception) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_exception(error)

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def exchange(self, request: bytes) -> int:
        """Send a request; returns the answer's status, 0 when the connection broke."""
        if self._transport is None:
            return 0
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiter

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def _connect(url: str) -> _Connection:
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    _, connection = await asyncio.get_running_loop().create_connection(_Connection, host, port)
    return connection


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
    answered = 0
    begin = time.perf_counter() + warm_up_s
    end = begin + seconds

    async def drive() -> None:
        nonlocal answered
        connection: _Connection | None = None
        try:
            while (sent := time.perf_counter()) < end:
                status = 0
                with suppress(OSError):
                    if connection is None or not connection.is_open:
                        connection = await _connect(url)
                    status = await connection.exchange(next(turn))
                done = time.perf_counter()
                answered += status > 0
                if begin <= done < end:
                    statuses[status] = statuses.get(status, 0) + 1
                    if status == 200:
                        latencies.append(done - sent)
                if not status:
                    await asyncio.sleep(_PAUSE_S)
        finally:
            if connection is not None:
                connection.close()

    drivers = [asyncio.create_task(drive()) for _ in range(connections)]
    finished, stuck = await asyncio.wait(drivers, timeout=warm_up_s + seconds + timeout_s)
    for driver in stuck:
        driver.cancel()
        statuses[0] = statuses.get(0, 0) + 1
    await asyncio.gather(*stuck, return_exceptions=True)
    for driver in finished:
        driver.result()
    return Load(seconds, tuple(latencies), statuses, answered)


def plan_open_loop(rate: float, seconds: float) -> list[float]:
    """When each request of an open loop is due, in seconds from its begin: evenly, `rate` a second."""
    return [i / rate for i in range(int(seconds * rate))]


async def run_open_loop(
    url: str, images: Sequence[bytes], *, rate: float, seconds: float, warm_up_s: float = 1.0, timeout_s: float = 10.0
) -> Load:
    """`rate` requests a second on a fixed schedule, whether or not earlier ones have been answered."""
    requests = [encode_request(url, image) for image in images]
    idle: list[_Connection] = []
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    answered = 0
    first = time.perf_counter()
    begin = first + warm_up_s

    async def send(request: bytes, due: float) -> None:
        nonlocal answered
        status = 0
        connection: _Connection | None = None
        try:
            async with asyncio.timeout(timeout_s):
                connection = idle.pop() if idle else await _connect(url)
                if not connection.is_open:
                    connection = await _connect(url)
                status = await connection.exchange(request)
        except (TimeoutError, OSError):
            status = 0
        if status and connection is not None:
            idle.append(connection)
        elif connection is not None:
            connection.close()
        answered += status > 0
        if due >= begin:
            statuses[status] = statuses.get(status, 0) + 1
            if status == 200:
                latencies.append(time.perf_counter() - due)

    async with asyncio.TaskGroup() as tasks:
        for i, offset in enumerate(plan_open_loop(rate, warm_up_s + seconds)):
            due = first + offset
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(send(requests[i % len(requests)], due))
    for connection in idle:
        connection.close()
    return Load(seconds, tuple(latencies), statuses, answered)
