"""What a replica does that shares its work: shows what it has, lends, borrows, and rests until there is something."""

import os
import select
import socket
import time
import traceback
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from serve_app.errors import HttpError
from serve_app.sharing.board import Board, Sibling
from serve_app.sharing.lending import Lending
from serve_app.sharing.link import PATIENCE_S, Link, LinkBroken
from serve_app.sharing.parts import Lender, Lent, Loan

# A sibling that does not answer is asked again after this.
_LEFT_ALONE_S = 5.0
_FOREVER = float("inf")
# So many items have to wait at a sibling to help it with nothing to do here.
_WORTH_HELPING = 2


class LinkedLoan:
    """See `parts.Loan`."""

    def __init__(self, items: Sequence[Lent], link: Link) -> None:
        self.items = items
        self._link = link

    def give_back(self, outcomes: Sequence[Any]) -> None:
        """See `parts.Loan.give_back`."""
        portable = [_make_portable(one) if isinstance(one, Exception) else one for one in outcomes]
        try:
            self._link.send(portable, timeout_s=PATIENCE_S)
        except LinkBroken:
            self._link.hang_up()  # the next use of it fails, and forgets it


class Siblings:
    """See `parts.Sharing`. Lends in threads of its own, and borrows for the thread of its model.

    folder: where the siblings meet, this user's alone. Raises BoardFull, and OSError where the folder cannot be used.
    """

    def __init__(self, folder: Path, lender: Lender) -> None:
        self._board = Board(folder)
        self._folder = os.open(folder, os.O_PATH)
        self._left_alone_until: dict[Sibling, float] = {}
        self._links: dict[Sibling, Link] = {}
        # Its own thread is woken by the bell, one idle sibling by a call: a byte that the first to come takes.
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        with suppress(FileExistsError):
            os.mkfifo(folder / "calls", 0o600)
        self._calls = os.open(folder / "calls", os.O_RDWR | os.O_NONBLOCK)
        self._wake = select.epoll()
        self._wake.register(self._bell, select.EPOLLIN)
        self._wake.register(self._calls, select.EPOLLIN | select.EPOLLEXCLUSIVE)
        self._lending = Lending(self._address(self._board.slot), lender)
        self._board.join()

    def show(self, waiting: int, oldest_at: float) -> None:
        """See `parts.Sharing.show`."""
        self._board.show(waiting, oldest_at)

    def count(self, waiting: int) -> tuple[int, int]:
        """See `parts.Sharing.count`."""
        replicas = 1
        for sibling in self._list_answering():
            waiting += self._board.read(sibling)[0]
            replicas += 1
        return waiting, replicas

    def call(self) -> None:
        """See `parts.Sharing.call`."""
        if any(map(self._board.is_idle, self._board.list_siblings())):
            with suppress(BlockingIOError):  # full of calls already
                os.write(self._calls, b"!")

    def ring(self) -> None:
        """See `parts.Sharing.ring`."""
        os.eventfd_write(self._bell, 1)

    def rest(self, *, helping: bool) -> None:
        """See `parts.Sharing.rest`."""
        if not helping:
            bell = select.poll()
            bell.register(self._bell, select.POLLIN)
            bell.poll()
        else:
            self._board.show_idle(True)
            if self._find_oldest(_FOREVER) is None:  # since the idle are called only where they are seen to be
                self._wake.poll()
                self._take_call()
            self._board.show_idle(False)
        with suppress(BlockingIOError):
            os.eventfd_read(self._bell)

    def borrow(self, older_than: float) -> Loan | None:
        """See `parts.Sharing.borrow`."""
        sibling = self._find_oldest(older_than)
        if sibling is None:
            return None
        try:
            link = self._links.get(sibling) or self._connect(sibling)
            link.send(older_than, timeout_s=PATIENCE_S)
            items = link.receive(timeout_s=PATIENCE_S)
        except (LinkBroken, OSError):
            self._leave_alone(sibling)
            return None
        return LinkedLoan(items, link) if items else None

    def close(self) -> None:
        """See `parts.Sharing.close`."""
        self._board.close()
        self._lending.close()
        for link in self._links.values():
            link.close()
        self._wake.close()
        for file in (self._bell, self._calls, self._folder):
            os.close(file)

    def _list_answering(self) -> Iterable[Sibling]:
        siblings = self._board.list_siblings()
        if not self._left_alone_until:
            return siblings
        now = time.monotonic()
        return [sibling for sibling in siblings if self._left_alone_until.get(sibling, 0.0) <= now]

    def _find_oldest(self, older_than: float) -> Sibling | None:
        # To who has nothing to do, a single item is not worth the way: its owner's model has it next.
        least = _WORTH_HELPING if older_than == _FOREVER else 1
        found = None
        for sibling in self._list_answering():
            waiting, oldest_at = self._board.read(sibling)
            if waiting >= least and oldest_at < older_than:
                found, older_than = sibling, oldest_at
        return found

    def _take_call(self) -> None:
        """Take the call that was for this thread; all of them, where nothing waits: who made those is gone."""
        nothing = self._find_oldest(_FOREVER) is None
        with suppress(BlockingIOError):  # another took it
            os.read(self._calls, 4096 if nothing else 1)

    def _connect(self, sibling: Sibling) -> Link:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(PATIENCE_S)
            connection.connect(self._address(sibling.slot))
        except OSError:
            connection.close()
            raise
        link = self._links[sibling] = Link(connection)
        return link

    def _leave_alone(self, sibling: Sibling) -> None:
        self._left_alone_until[sibling] = time.monotonic() + _LEFT_ALONE_S
        link = self._links.pop(sibling, None)
        if link is not None:
            link.close()

    def _address(self, slot: int) -> str:
        """By the folder's number here and not its path, which can be too long for a socket."""
        return f"/proc/self/fd/{self._folder}/{slot}.socket"


def _make_portable(error: Exception) -> Exception:
    """The error, as one that can be pickled: our own can; of others, what they say and where they come from."""
    return error if isinstance(error, HttpError) else RuntimeError("".join(traceback.format_exception(error)))
