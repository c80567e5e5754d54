"""A replica's sibling, played by a test."""

import socket
import time
from pathlib import Path
from typing import Any

from serve_app.sharing.board import Board
from serve_app.sharing.link import Link


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
        self._folder = folder

    def connect(self) -> Link:
        """A link to who joined first."""
        return connect(self._folder, 0)

    def borrow(self, link: Link) -> list[Any]:
        """What the other side lends."""
        link.send(float("inf"))
        items: list[Any] = link.receive(timeout_s=10)
        return items
