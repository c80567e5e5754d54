"""Host name -> IP addresses, by the system's own means. Judges none of them."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from serve_app.http.remote.networks import IPAddress

# More than anybody connects to. Whoever runs a name server can answer with thousands.
_MOST_ADDRESSES = 16

Lookup = Callable[[str, int], Awaitable[Sequence[IPAddress]]]
"""(host, port) -> its addresses, the best first. Raises OSError or ValueError where there are none."""


class SystemLookup:
    """Asks the system in threads of its own: a name server that does not answer holds up nothing but lookups."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="lookup")

    async def __call__(self, host: str, port: int) -> Sequence[IPAddress]:
        """See `Lookup`."""
        found = await asyncio.get_running_loop().run_in_executor(self._pool, _look_up, host, port)
        return list(dict.fromkeys(ipaddress.ip_address(address) for address in found))


def _look_up(host: str, port: int) -> list[str]:
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(entry[4][0]) for entry in entries[:_MOST_ADDRESSES]]
