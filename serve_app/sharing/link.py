"""A connection between two replicas of one node: Python objects over a Unix socket, one at a time.

Who can open the socket is the user whose folder it is in, so what arrives is unpickled. That it is this user's alone is
checked where the folder is made.
"""

import contextlib
import pickle
import socket
from typing import Any

# What ends a link: the other side is gone, does not answer in time, or what it says is no whole object.
BROKEN = (OSError, EOFError, pickle.UnpicklingError)


class Link:
    """One end. One thread uses it; any may close it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = connection.makefile("rb")

    def send(self, value: Any, *, timeout_s: float | None = None) -> None:
        """Send an object. Raises one of BROKEN; what pickle raises, before anything is sent, where it cannot be."""
        packed = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        self._connection.settimeout(timeout_s)
        self._connection.sendall(packed)

    def receive(self, *, timeout_s: float | None = None) -> Any:
        """The next object. Raises one of BROKEN, after which the link is of no use."""
        self._connection.settimeout(timeout_s)
        return pickle.load(self._reader)  # noqa: S301  # from the same user: see the module

    def close(self) -> None:
        """End it. Wakes a thread that waits in it, and the other side."""
        with contextlib.suppress(OSError):  # it has ended already
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()
