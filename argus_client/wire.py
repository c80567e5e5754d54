"""Requests over connections that are kept, for the asynchronous client: plain asyncio, because it costs little.

An image costs a service on a CPU some ten milliseconds, and a client on the same machine takes its time from the same
cores: httpx needs two for a request, this a fraction of that (docs/decisions/0015). It does what this client needs and
nothing more; whatever else there is (a proxy, a transport of the caller's, multipart) goes through httpx.

A server may close a connection that it keeps at any moment. Where that happens before a byte of the answer came, the
request is sent once more on a new connection, as browsers do (RFC 9112, 9.3.1): none of this client changes anything.
"""

import asyncio
import socket
import ssl
import time
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from argus_client.answers import Answer
from argus_client.bodies import FileBody
from argus_client.exchange import Failure
from argus_client.http1 import NotHttp, Response, ResponseReader, encode_head
from argus_client.requests import Request

# On loopback a photo fits, so that one call hands it over; elsewhere the kernel finds the size that suits the way.
_LOOPBACK_BUFFER_BYTES = 2**19


class Broken(Exception):
    """The connection broke; unanswered: before the first byte of an answer."""

    def __init__(self, reason: str, *, unanswered: bool) -> None:
        super().__init__(reason)
        self.unanswered = unanswered


class Wire:
    """Connections to one service, as many as requests are under way, used again when idle. For one event loop.

    headers: of every request; context: for https.
    """

    def __init__(self, base_url: str, headers: dict[str, str], *, context: ssl.SSLContext | None) -> None:
        parts = urlsplit(base_url)
        self._base_url = base_url
        self._prefix = parts.path
        self._headers = {"Host": parts.netloc.rpartition("@")[2], **headers}
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._context = context
        self._idle: list[_Connection] = []
        self._is_closed = False

    async def send(self, request: Request, timeout_s: float) -> Answer | Failure:
        """Send a request and wait at most so long for its whole answer. Raises OSError when its file cannot be read."""
        began = time.perf_counter()
        sent = False
        try:
            async with asyncio.timeout(timeout_s):
                connection = self._take_idle()
                if connection is not None:
                    sent = True
                    try:
                        return _answer(await self._exchange(connection, request), began)
                    except Broken as broken:
                        if not broken.unanswered:
                            raise
                    sent = False
                try:
                    connection = await self._connect()
                except OSError as error:
                    if isinstance(error, TimeoutError):
                        raise
                    return Failure(
                        f"Nothing answers at {self._base_url} ({error}). Is the service running?", sent=False
                    )
                sent = True
                return _answer(await self._exchange(connection, request), began)
        except TimeoutError:
            return Failure(f"{self._base_url} did not answer in time.", sent, late=True)
        except (Broken, NotHttp) as error:
            return Failure(f"The connection to {self._base_url} broke before the answer was complete ({error}).", True)

    def close(self) -> None:
        """Close those that are idle now, and the others when they would be."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def _take_idle(self) -> "_Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    async def _connect(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        # Of a host's addresses the next is tried beside one that is slow; uvloop tries one after another.
        options: dict[str, Any] = {"happy_eyeballs_delay": 0.25} if isinstance(loop, asyncio.BaseEventLoop) else {}
        _, connection = await loop.create_connection(_Connection, self._host, self._port, ssl=self._context, **options)
        return connection

    async def _exchange(self, connection: "_Connection", request: Request) -> Response:
        head = self._encode(request)
        kept = False
        try:
            response = await connection.exchange(head, request.content)
            kept = response.keeps
        finally:
            # Whoever was cancelled left an answer on its way, which the next request must not take for its own.
            if kept and connection.is_open and not self._is_closed:
                self._idle.append(connection)
            else:
                connection.close()
        return response

    def _encode(self, request: Request) -> bytes:
        target = _encode_target(self._prefix + request.path, tuple(request.params.items()))
        headers = self._headers | request.headers
        if isinstance(request.content, bytes):
            headers["Content-Length"] = str(len(request.content))
        return encode_head(request.method, target, headers)


class _Connection(asyncio.Protocol):
    """One connection with at most one request under way."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._reader = ResponseReader()
        self._response: asyncio.Future[Response] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def exchange(self, head: bytes, body: bytes | FileBody | None) -> Response:
        """Send a request and read its response. Raises Broken, NotHttp, OSError of the body's file."""
        if self._transport is None:
            raise Broken("it was closed", unanswered=True)
        self._reader = ResponseReader()
        self._response = response = asyncio.get_running_loop().create_future()
        try:
            if isinstance(body, FileBody):
                if not await self._write_file(self._transport, head, body, response):
                    # The service has seen enough of it; what it has not read stands in the way of another request.
                    refused: Response = (await response)._replace(keeps=False)
                    return refused
            else:
                self._transport.write(head + body if body else head)
            answered: Response = await response
            return answered
        finally:
            self._response = None
            if response.done() and not response.cancelled():
                response.exception()  # It was raised, or the file's error was.

    async def _write_file(
        self, transport: asyncio.Transport, head: bytes, body: FileBody, response: "asyncio.Future[Response]"
    ) -> bool:
        transport.write(head)
        async for piece in body.read_aside():
            await self._writable.wait()
            if response.done():
                return False
            transport.write(piece)
        return True

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        if peer and peer[0] in {"127.0.0.1", "::1"}:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LOOPBACK_BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        if self._response is None or self._response.done():
            self.close()  # Nobody asked for it.
            return
        try:
            response = self._reader.feed(data)
        except NotHttp as error:
            self._response.set_exception(error)
            return
        if response is not None:
            self._response.set_result(response)

    def eof_received(self) -> None:
        response = self._reader.end() if self._response is not None else None
        if response is not None and self._response is not None and not self._response.done():
            self._response.set_result(response)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._writable.set()
        if self._response is not None and not self._response.done():
            reason = str(exc) if exc else "it was closed"
            self._response.set_exception(Broken(reason, unanswered=not self._reader.has_begun))

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()


@lru_cache(maxsize=64)  # The images of a run all go to the same place.
def _encode_target(path: str, params: tuple[tuple[str, str], ...]) -> str:
    return f"{path}?{urlencode(params)}" if params else path


def _answer(response: Response, began: float) -> Answer:
    return Answer(response.status, response.headers, response.body, (time.perf_counter() - began) * 1000)
