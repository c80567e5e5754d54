"""A connection between two replicas of one node: Python objects over a Unix socket, one at a time.

Who can open the socket is the user whose folder it is in, so what arrives is unpickled. That it is this user's alone is
checked where the folder is made.
"""

import pickle
import socket
from contextlib import suppress
from typing import Any

# How long the other side may take for what it only has to read or to write.
PATIENCE_S = 0.25


class LinkBroken(Exception):
    """The other side is gone, does not answer in time, or what it says is no object. The link is of no use any more."""


class Link:
    """One end, for one thread; another may hang up."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = connection.makefile("rb")

    def send(self, value: Any, *, timeout_s: float | None = None) -> None:
        """Send an object. Raises LinkBroken; what pickle raises, before anything is sent, where it cannot be."""
        packed = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        try:
            self._connection.settimeout(timeout_s)
            self._connection.sendall(packed)
        except OSError as error:
            raise LinkBroken from error

    def receive(self, *, timeout_s: float | None = None) -> Any:
        """The next object. Raises LinkBroken."""
        try:
            self._connection.settimeout(timeout_s)
            return pickle.load(self._reader)  # noqa: S301  # from the same user: see the module
        except Exception as error:  # bytes that are no pickle raise anything
            raise LinkBroken from error

    def hang_up(self) -> None:
        """End the conversation, so that the other side notices, and a thread that waits in this one."""
        with suppress(OSError):  # it has ended already
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up, and let go of it."""
        self.hang_up()
        self._reader.close()
        self._connection.close()
