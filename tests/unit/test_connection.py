"""Work is worth doing only while somebody waits for it."""

import asyncio

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from serve_app.http.connection import work_while_connected


class Client:
    """A client that stays until it is told to leave."""

    def __init__(self) -> None:
        self.leave = asyncio.Event()

    async def receive(self) -> Message:
        """The next message of its connection: the disconnection."""
        await self.leave.wait()
        return {"type": "http.disconnect"}


async def test_a_client_that_stays_gets_the_result() -> None:
    """Nothing is cancelled, and nobody goes on watching."""

    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    before = len(asyncio.all_tasks())
    assert await work_while_connected(Client().receive, work()) == 7
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before


async def test_the_work_of_a_client_that_leaves_is_cancelled() -> None:
    """The work sees its cancellation, the caller sees that the client is gone, and the caller itself lives on."""
    client, started, cancelled = Client(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def leave() -> None:
        await started.wait()
        client.leave.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(leave())
        with pytest.raises(ClientDisconnect):
            await work_while_connected(client.receive, work())
        await asyncio.sleep(0)
    assert cancelled.is_set()


async def test_a_cancellation_from_elsewhere_stays_one() -> None:
    """A server that stops cancels its requests: that is not taken for a client that left."""
    started = asyncio.Event()

    async def work() -> None:
        started.set()
        await asyncio.Event().wait()

    request = asyncio.create_task(work_while_connected(Client().receive, work()))
    await started.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request


async def test_errors_of_the_work_come_through() -> None:
    """What the work raises is what the caller gets."""

    async def work() -> None:
        raise LookupError("from the work")

    with pytest.raises(LookupError, match="from the work"):
        await work_while_connected(Client().receive, work())
