"""Which way a request of the asynchronous client goes: over connections of its own, or through httpx.

Its own cost a fraction of httpx's processor time (`wire`). httpx has what they lack: proxies, several files in one
body, and a transport that the caller puts in its place.
"""

import asyncio
import time
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from argus_client.answers import Answer
from argus_client.bodies import FileBody
from argus_client.calls import Calls
from argus_client.exchange import Failure
from argus_client.requests import Request
from argus_client.wire import Wire

if TYPE_CHECKING:
    import httpx


class Ways:
    """Both ways of one client; each is opened when something is to go there."""

    def __init__(self, calls: Calls, transport: "httpx.AsyncBaseTransport | None") -> None:
        self._calls = calls
        self._transport = transport
        self._http: httpx.AsyncClient | None = None
        self._wire = self._open_wire() if transport is None else None
        self._is_closed = False

    async def send(self, request: Request, timeout_s: float) -> Answer | Failure:
        """Send a request and wait at most so long for its whole answer. Raises OSError when its file cannot be read."""
        if self._is_closed:
            raise RuntimeError("The client is closed.")
        if self._wire is not None and not request.parts:
            return await self._wire.send(request, timeout_s)
        return await self._send_through_httpx(request, timeout_s)

    async def close(self) -> None:
        """Close every connection."""
        self._is_closed = True
        if self._wire is not None:
            self._wire.close()
        if self._http is not None:
            await self._http.aclose()

    def _open_wire(self) -> Wire | None:
        parts = urlsplit(self._calls.base_url)
        if not _is_direct(parts, trusts_environment=self._calls.trusts_environment):
            return None
        context = None
        if parts.scheme == "https":
            import httpx

            context = httpx.create_ssl_context()
        return Wire(self._calls.base_url, self._calls.headers, context=context)

    async def _send_through_httpx(self, request: Request, timeout_s: float) -> Answer | Failure:
        import httpx

        from argus_client import through_httpx

        calls = self._calls
        if self._http is None:
            self._http = httpx.AsyncClient(transport=self._transport, **through_httpx.options(calls))
        began = time.perf_counter()
        try:
            # httpx bounds each wait for the network; an answer that trickles in needs a bound on the whole.
            async with asyncio.timeout(timeout_s):
                arguments = through_httpx.arguments(request, timeout_s, FileBody.read_aside)
                response = await self._http.request(**arguments)
        except httpx.TransportError as error:
            return through_httpx.failure(error, calls.base_url)
        except TimeoutError:
            return through_httpx.timed_out(calls.base_url, sent=True)
        return through_httpx.answer(response, response.content, (time.perf_counter() - began) * 1000)


def _is_direct(parts: SplitResult, *, trusts_environment: bool) -> bool:
    # A proxy, a password in the address, or an address that only httpx may understand is for httpx.
    if parts.scheme not in {"http", "https"} or not parts.hostname or not parts.netloc.isascii():
        return False
    if parts.username or parts.query or parts.fragment:
        return False
    if not trusts_environment:
        return True
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    named = parts.scheme in proxies or "all" in proxies
    return not named or bool(proxy_bypass(parts.hostname))
