"""Batchers that share their work, for tests, and a sibling that a test plays itself."""

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from serve_app.batching import Batcher, Served
from serve_app.sharing.board import Board
from serve_app.sharing.link import Link
from tests.stoppable_model import StoppableModel, until

Make = Callable[..., Batcher[int, int]]


def connect(folder: Path, slot: int) -> Link:
    """A link to the replica that has that slot."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(folder / f"{slot}.socket"))
    return Link(connection)


def wait_for_rest(folder: Path) -> None:
    """Until the replica that joined last has nothing to do: a new one looks around first, and may take what it sees."""
    watcher = Board(folder)
    newest = max(watcher.list_siblings(), key=lambda sibling: sibling.joined_at)
    deadline = time.monotonic() + 10
    while not watcher.is_idle(newest):
        assert time.monotonic() < deadline
        time.sleep(1e-3)
    watcher.close()


class FakeSibling:
    """It has a place on the board, and asks when the test says so."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.board = Board(folder)
        self.board.join()
        self._folder = folder

    def connect(self) -> Link:
        """A link to who joined first."""
        return connect(self._folder, 0)

    def borrow(self, link: Link) -> list[Any]:
        """What the other side lends."""
        link.send(float("inf"))
        items: list[Any] = link.receive(timeout_s=10)
        return items


async def occupy(batcher: Batcher[int, int], model: StoppableModel, item: int) -> "asyncio.Task[Served[int]]":
    """Give a batcher an item, and wait until its model has it."""
    task = asyncio.create_task(batcher.submit(item))
    await until(lambda: model.at_work)
    return task


async def queue(batcher: Batcher[int, int], *items: int, seconds: float = 60) -> "list[asyncio.Task[Served[int]]]":
    """Give a batcher items that have to wait."""
    before = batcher.waiting
    tasks = [asyncio.create_task(batcher.submit(item, deadline=time.monotonic() + seconds)) for item in items]
    await until(lambda: batcher.waiting == before + len(items))
    return tasks
