"""A server for load generators: answers every POST with what a test wants."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

Answer = Callable[[bytes], bytes]


def answer_ok(_body: bytes) -> bytes:
    """A good answer."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


CUT_OFF = b"HTTP/1.1 200 OK\r\nContent-Le"


@asynccontextmanager
async def start_server(
    answer: Answer, *, answers_a_connection: int = 10**9, release: asyncio.Event | None = None
) -> AsyncIterator[str]:
    """A server on a free port; an empty answer closes the connection, and so does CUT_OFF after it was sent.

    release: answers are made at once and sent when it is set.
    """
    handling: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        handling.add(task)
        try:
            for _ in range(answers_a_connection):
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                reply = answer(await reader.readexactly(length))
                if release is not None:
                    await release.wait()
                if not reply:
                    break
                writer.write(reply)
                if reply == CUT_OFF:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            handling.discard(task)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/classify"
    finally:
        server.close()
        for task in handling:
            task.cancel()
        await asyncio.gather(*handling, return_exceptions=True)
