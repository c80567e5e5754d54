"""Lending: siblings connect, ask, and send outcomes back; a thread for each of them."""

import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from serve_app.sharing.link import PATIENCE_S, Link, LinkBroken
from serve_app.sharing.parts import Lender, Lent


class Lending:
    """Listens at an address of the file system and lends to everybody who asks there. Raises OSError."""

    def __init__(self, address: str, lender: Lender) -> None:
        self._lender = lender
        self._links: set[Link] = set()
        with suppress(FileNotFoundError):
            Path(address).unlink()  # of who had the slot before, and died
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(address)
        self._door.listen()
        threading.Thread(target=self._let_in, name="lend", daemon=True).start()

    def close(self) -> None:
        """Lend no more."""
        self._door.shutdown(socket.SHUT_RDWR)  # wakes the thread at it, as closing would not
        self._door.close()
        for link in list(self._links):
            link.hang_up()

    def _let_in(self) -> None:
        while True:
            try:
                connection, _ = self._door.accept()
            except OSError:
                return  # closed
            link = Link(connection)
            self._links.add(link)
            threading.Thread(target=self._lend_to, args=(link,), name="lend", daemon=True).start()

    def _lend_to(self, link: Link) -> None:
        """Lend to one sibling until it goes away."""
        entries: Sequence[Any] = ()
        try:
            while True:
                older_than = link.receive()
                entries = self._lender.lend(older_than)
                link.send([Lent(one.item, one.deadline, one.enqueued_at) for one in entries], timeout_s=PATIENCE_S)
                if entries:
                    outcomes = link.receive(timeout_s=_find_patience(entries))
                    if len(outcomes) != len(entries):
                        break
                    self._lender.settle(entries, outcomes)
                    entries = ()
        except LinkBroken:
            pass
        finally:
            link.close()
            self._links.discard(link)
            if entries:
                self._lender.take_back(entries)


def _find_patience(entries: Sequence[Any]) -> float | None:
    """Seconds until the last of their deadlines: the sibling has not answered then, and they are refused."""
    deadlines = [one.deadline for one in entries]
    return None if None in deadlines else max(0.0, max(deadlines) - time.monotonic()) + PATIENCE_S
