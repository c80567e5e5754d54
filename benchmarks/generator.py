"""A load generator that costs little: HTTP/1.1 over raw asyncio protocols, requests encoded once.

It shares the machine with the server that it measures, so its own cost counts. Latencies of an open loop count from the
moment a request was due, not from when it could be sent.
"""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load.

    latencies_s: of answers with status 200, in seconds; statuses: how often each came, 0 for a broken connection.
    """

    seconds: float
    latencies_s: tuple[float, ...]
    statuses: dict[int, int]

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
        length = int(fields[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
        if len(body) >= length and self._waiter and not self._waiter.done():
            self._received = b""
            self._waiter.set_result(int(head[9:12]))

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
    _, connection = await asyncio.get_running_loop().create_connection(_Connection, parts.hostname, parts.port)
    return connection


async def run_closed_loop(
    url: str, images: Sequence[bytes], *, connections: int, seconds: float, warm_up_s: float = 1.0
) -> Load:
    """`connections` clients, each sending its next image as soon as it has its answer."""
    requests = [encode_request(url, image) for image in images]
    turn = itertools.cycle(requests)
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    begin = time.perf_counter() + warm_up_s
    end = begin + seconds

    async def drive() -> None:
        connection = await _connect(url)
        while (sent := time.perf_counter()) < end:
            if not connection.is_open:
                connection = await _connect(url)
            status = await connection.exchange(next(turn))
            done = time.perf_counter()
            if begin <= done < end:
                statuses[status] = statuses.get(status, 0) + 1
                if status == 200:
                    latencies.append(done - sent)
        connection.close()

    await asyncio.gather(*(drive() for _ in range(connections)))
    return Load(seconds, tuple(latencies), statuses)


async def run_open_loop(
    url: str, images: Sequence[bytes], *, rate: float, seconds: float, warm_up_s: float = 1.0, timeout_s: float = 10.0
) -> Load:
    """`rate` requests a second on a fixed schedule, whether or not earlier ones have been answered."""
    requests = [encode_request(url, image) for image in images]
    idle: list[_Connection] = []
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    begin = time.perf_counter() + warm_up_s

    async def send(request: bytes, due: float) -> None:
        connection = idle.pop() if idle else await _connect(url)
        if not connection.is_open:
            connection = await _connect(url)
        try:
            status = await asyncio.wait_for(connection.exchange(request), timeout_s)
        except TimeoutError:
            status = 0
        if status:
            idle.append(connection)
        else:
            connection.close()
        if due >= begin:
            statuses[status] = statuses.get(status, 0) + 1
            if status == 200:
                latencies.append(time.perf_counter() - due)

    first = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for i in range(int((warm_up_s + seconds) * rate)):
            due = first + i / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(send(requests[i % len(requests)], due))
    for connection in idle:
        connection.close()
    return Load(seconds, tuple(latencies), statuses)
