"""Keep-alive connections of a load generator: HTTP/1.1 over raw asyncio protocols, which costs little.

A server may close a connection that it keeps alive at any moment. It says so with its last answer (`Connection: close`,
RFC 9112, 9.6), and then the connection is not used again. Where it closes one without a word while a request is on its
way, that request is sent once more on a new connection if no byte of an answer came, as browsers and HTTP clients do
(RFC 9112, 9.3.1; to classify a photo twice changes nothing). Such repetitions are counted as reconnects.
"""

import asyncio
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

_SAID_BYTES = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request got.

    status: 0 for a connection that broke; retry_after: whether it says when to come back; said: the begin of an error's
    body, or why there is no answer.
    """

    status: int
    retry_after: bool = False
    reconnects: int = 0
    said: str = ""


@dataclass(frozen=True, slots=True)
class _Head:
    status: int
    retry_after: bool
    closes: bool
    said: str


class _ConnectionLost(Exception):
    """The connection broke during an exchange; unanswered: before the first byte of the answer."""

    def __init__(self, *, unanswered: bool) -> None:
        self.unanswered = unanswered


def encode_request(url: str, image: bytes) -> bytes:
    """The bytes of a POST of one raw image."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: image/jpeg\r\n"
        f"Content-Length: {len(image)}\r\n\r\n"
    )
    return head.encode() + image


class Connections:
    """Connections to the server of a URL; as many as requests are under way at a time, used again when idle."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._idle: list[_Connection] = []

    async def exchange(self, request: bytes) -> Answer:
        """Send a request and read its answer. Raises ValueError for an answer that this generator cannot read."""
        try:
            connection = self._take_idle()
            if connection is not None:
                try:
                    return _answer(await self._send(connection, request))
                except _ConnectionLost as lost:
                    if not lost.unanswered:
                        raise
            head = await self._send(await self._connect(), request)
            return _answer(head, reconnects=int(connection is not None))
        except _ConnectionLost as lost:
            return Answer(
                0, said="closed without an answer" if lost.unanswered else "closed in the middle of an answer"
            )
        except OSError as error:
            return Answer(0, said=f"not connected: {error.strerror or error}")

    def close(self) -> None:
        """Close those that are idle."""
        while self._idle:
            self._idle.pop().close()

    def _take_idle(self) -> "_Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    async def _connect(self) -> "_Connection":
        _, connection = await asyncio.get_running_loop().create_connection(_Connection, *self._address)
        return connection

    async def _send(self, connection: "_Connection", request: bytes) -> _Head:
        kept = False
        try:
            head = await connection.exchange(request)
            kept = not head.closes
        finally:
            # Whoever was cancelled left an answer on its way, which the next request must not take for its own.
            if kept:
                self._idle.append(connection)
            else:
                connection.close()
        return head


def _answer(head: _Head, reconnects: int = 0) -> Answer:
    return Answer(head.status, head.retry_after, reconnects, head.said)


class _Connection(asyncio.Protocol):
    """One connection with at most one request under way."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[_Head] | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio calls it so
        self._transport = None
        self._fail(_ConnectionLost(unanswered=not self._received))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        fields = head.lower()
        start = fields.find(b"\r\ncontent-length:")
        if start < 0:
            self._fail(ValueError("The server answered without Content-Length, which this generator needs."))
            return
        length = int(fields[start + 17 :].split(b"\r\n", 1)[0])
        if len(body) >= length and self._waiter and not self._waiter.done():
            self._received = b""
            status = int(head[9:12])
            closes = b"\r\nconnection: close" in fields
            said = body[:_SAID_BYTES].decode("utf-8", "replace") if status >= 400 else ""
            self._waiter.set_result(_Head(status, b"\r\nretry-after:" in fields, closes, said))

    def _fail(self, error: Exception) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_exception(error)

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def exchange(self, request: bytes) -> _Head:
        if self._transport is None:
            raise _ConnectionLost(unanswered=True)
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiter

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
