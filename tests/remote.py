"""What stands around the fetching of images in tests: name servers, hosts, and a way to them that keeps a record.

The hosts are real servers on loopback. `Network` stands for the internet: it leads a public address to one of them.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from serve_app.http.remote.connections import dial_tcp
from serve_app.http.remote.networks import IPAddress

PUBLIC = "93.184.215.14"
"""An address that stands for any public one; no connection to it is ever made."""

Respond = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
"""(request's head, writer) -> writes the response; the connection is closed after it."""


class Names:
    """Name servers: name -> its addresses. Where a name has several lists, each look-up gives the next."""

    def __init__(self, **names: Sequence[str] | Sequence[Sequence[str]]) -> None:
        self._names = {
            name.replace("__", "."): [list(each) for each in ([answers] if isinstance(answers[0], str) else answers)]
            for name, answers in names.items()
        }
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[IPAddress]:
        """See `lookups.Lookup`."""
        self.asked.append(host)
        answers = self._names.get(host)
        if not answers:
            raise OSError("no such name")
        return [ipaddress.ip_address(text) for text in (answers.pop(0) if len(answers) > 1 else answers[0])]


class Network:
    """The way to all hosts. routes: from public addresses to ports on loopback; others are dialled as they are.

    dialled: every connection that was tried.
    """

    def __init__(self, routes: dict[str, int] | None = None) -> None:
        self._routes = routes or {}
        self.dialled: list[str] = []

    async def dial(self, address: IPAddress, port: int, timeout_s: float) -> httpcore.AsyncNetworkStream:
        """See `connections.Dial`."""
        self.dialled.append(str(address))
        if str(address) in self._routes:
            return await dial_tcp(ipaddress.ip_address("127.0.0.1"), self._routes[str(address)], timeout_s)
        if not address.is_loopback:
            raise httpcore.ConnectError("the test allows no network")
        return await dial_tcp(address, port, timeout_s)


class Host:
    """A server that was started by `open_host`. connections: that it accepted; heads: of the requests that it read."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connections = 0
        self.heads: list[str] = []


@asynccontextmanager
async def open_host(
    respond: Respond, *, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Host]:
    """A server that answers every request with `respond`, and counts whoever connects, before any TLS."""
    host = Host(port)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host.connections += 1
        try:
            if tls is not None:
                await writer.start_tls(tls)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            host.heads.append(head)
            await respond(head, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):  # the client left, which some tests are about
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, address, port)
    host.port = server.sockets[0].getsockname()[1]
    async with server:
        yield host


def answering(body: bytes, *headers: str, status: str = "200 OK") -> Respond:
    """Responds with this, its length announced unless the headers say how it is sent."""

    async def respond(head: str, writer: asyncio.StreamWriter) -> None:
        length = [] if any(one.lower().startswith("content-length") for one in headers) else [len(body)]
        lines = [f"HTTP/1.1 {status}", *(f"Content-Length: {size}" for size in length), *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)

    return respond


def redirecting(location: str, status: str = "302 Found") -> Respond:
    """Responds with a redirect."""
    return answering(b"", f"Location: {location}", status=status)


class Authority:
    """A certificate authority of one test. file: its own certificate, which a client may trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority of a test")])
        certificate = self._sign(self._name, self._key.public_key(), [], is_authority=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def certify(self, *names: str) -> ssl.SSLContext:
        """What a server needs to prove that it is each of these names or addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "host of a test")])
        certificate = self._sign(subject, key.public_key(), names, is_authority=False)
        file = self._folder / f"{'-'.join(names).replace(':', '_')}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        return context

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, names: Sequence[str], *, is_authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_name(one) for one in names]), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
