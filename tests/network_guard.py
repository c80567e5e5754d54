"""Runs a piece of Python and reports every attempt to reach a network: `python -m tests.network_guard CODE LOG`.

An audit hook sees the attempts of this process and of the processes that it forks, and stops them.
"""

import os
import sys
from typing import Any

EVENTS = {"socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request"}


def main() -> None:
    """Execute argv[1]; append a line to argv[2] for each attempt."""
    code = sys.argv[1]
    log = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def guard(event: str, arguments: tuple[Any, ...]) -> None:
        if event in EVENTS:
            os.write(log, f"{event} {arguments[:2]!r}\n".encode())
            raise ConnectionRefusedError("the test allows no network")

    sys.addaudithook(guard)
    sys.argv = ["guarded"]
    exec(compile(code, "guarded", "exec"), {"__name__": "__main__"})  # noqa: S102  # what the test wrote


if __name__ == "__main__":
    main()
