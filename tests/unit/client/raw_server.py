"""A server for tests of connections: behaves as it is told to, byte by byte, and remembers what came."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx

from tests.unit.client.service import ITEM, classified

Behave = Callable[["Visit"], Awaitable[None]]


def encode(response: httpx.Response, *extra: str) -> bytes:
    """A response of the pretended service as bytes."""
    head = [f"HTTP/1.1 {response.status_code} X", f"Content-Length: {len(response.content)}", *extra]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + response.content


GOOD = encode(classified(ITEM))


class Visit:
    """One connection to the server, as its behaviour sees it."""

    def __init__(self, server: "Server", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = len(server.visits)
        self.reader = reader
        self.writer = writer
        self._server = server

    async def read(self) -> bytes | None:
        """The next request's body; None when the client has gone."""
        head = await self.read_head()
        if head is None:
            return None
        length = next((line[15:] for line in head.lower().splitlines() if line.startswith("content-length:")), "0")
        body = await self.reader.readexactly(int(length))
        self._server.bodies.append(body)
        return body

    async def read_head(self) -> str | None:
        """The next request's head."""
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            return None
        self._server.heads.append(head)
        return head


class Server:
    """visits: connections so far; heads, bodies: of the requests that came."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.url = ""


@asynccontextmanager
async def serve(behave: Behave) -> AsyncIterator[Server]:
    """A server that treats every connection so."""
    server = Server()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        this = Visit(server, reader, writer)
        server.visits.append(this)
        try:
            await behave(this)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The client left.
        finally:
            writer.close()

    listening = await asyncio.start_server(visit, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        for one in server.visits:
            one.writer.close()


async def answer_all(visit: Visit) -> None:
    """As the service does."""
    while await visit.read() is not None:
        visit.writer.write(GOOD)
