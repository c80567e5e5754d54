"""The parts of a url -> a connection to an address that was checked.

A name is looked up once for each connection, its addresses are checked, and the connection is made to one of these and
not to the name: what a name server says a moment later changes nothing. TLS still asks for the certificate of the name.
Nothing comes from the environment: no proxy, no other certificates.
"""

import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpcore
import httpx

from serve_app.errors import SetupError, UrlNotFetched
from serve_app.http.remote.lookups import Lookup
from serve_app.http.remote.networks import AddressPolicy, IPAddress
from serve_app.http.remote.urls import REFUSED, RemoteUrl

Dial = Callable[[IPAddress, int, float], Awaitable[httpcore.AsyncNetworkStream]]
"""(address, port, timeout in seconds) -> a connection. Raises httpcore.NetworkError, httpcore.TimeoutException."""

# Of a name's addresses, so many are tried.
_MOST_ATTEMPTS = 3


async def dial_tcp(address: IPAddress, port: int, timeout_s: float) -> httpcore.AsyncNetworkStream:
    """Connect to exactly that address. See `Dial`."""
    return await httpcore.AnyIOBackend().connect_tcp(str(address), port, timeout=timeout_s)


def trust_certificates(ca_file: Path | None) -> ssl.SSLContext:
    """What a server's certificate is checked against: the public authorities, and those in the file.

    Raises SetupError where the file cannot be read.
    """
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise SetupError(f"remote_images.ca_file: {ca_file} has no certificates in PEM ({error})") from error
    context.set_alpn_protocols(["http/1.1"])
    return context


class Connector:
    """Connects to hosts that may be reached, and to no others. timeout_s: of all attempts at one host together."""

    def __init__(
        self, policy: AddressPolicy, tls: ssl.SSLContext, *, lookup: Lookup, dial: Dial, timeout_s: float
    ) -> None:
        self._policy = policy
        self._tls = tls
        self._lookup = lookup
        self._dial = dial
        self._timeout_s = timeout_s

    @asynccontextmanager
    async def connect(self, url: RemoteUrl) -> AsyncIterator[httpcore.AsyncNetworkStream]:
        """A connection to the url's host, through TLS where it says so; closed at the end of the block.

        Raises UrlNotFetched when the host may not be reached, does not answer or has no valid certificate.
        """
        connection = await self._dial_first(await self._find_addresses(url), url.port)
        try:
            if url.scheme == "https":
                yield await self._start_tls(connection, url.host)
            else:
                yield connection
        finally:
            await connection.aclose()

    async def _find_addresses(self, url: RemoteUrl) -> Sequence[IPAddress]:
        try:
            addresses: Sequence[IPAddress] = [ipaddress.ip_address(url.host)]
        except ValueError:
            try:
                addresses = await self._lookup(url.host, url.port)
            except (OSError, ValueError):
                addresses = []
        addresses = addresses[:_MOST_ATTEMPTS]
        # One address that may not be reached is enough: a public name has no such address by accident.
        if not addresses or not all(map(self._policy.permits, addresses)):
            raise UrlNotFetched(REFUSED)
        return addresses

    async def _dial_first(self, addresses: Sequence[IPAddress], port: int) -> httpcore.AsyncNetworkStream:
        for address in addresses:
            try:
                return await self._dial(address, port, self._timeout_s / len(addresses))
            except (httpcore.NetworkError, httpcore.TimeoutException):
                continue
        raise UrlNotFetched(REFUSED)

    async def _start_tls(self, connection: httpcore.AsyncNetworkStream, host: str) -> httpcore.AsyncNetworkStream:
        try:
            return await connection.start_tls(self._tls, server_hostname=host, timeout=self._timeout_s)
        except httpcore.TimeoutException:
            raise UrlNotFetched(REFUSED) from None
        except httpcore.NetworkError:
            raise UrlNotFetched("The address has no certificate that can be trusted. Send the image itself.") from None
