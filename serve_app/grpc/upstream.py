"""The service, as it is reached: HTTP requests to one address, over connections that are kept.

Knows nothing of gRPC messages. A caller that leaves takes its request with it: the connection is closed, which the
service notices.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Self

import aiohttp
from yarl import URL

from serve_app.grpc.statuses import answer_unreachable

# A body up to this is one piece, which is sent for two thirds of the processor time of several.
_JOINED_BYTES = 2**20


class Answer(NamedTuple):
    """An HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Upstream:
    """Use as an asynchronous context manager. url: of the service, a path before `/v2` included.

    timeout_s: the longest wait for an answer, whatever the caller allows.
    """

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Connections are opened when they are needed."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: Sequence[bytes] = (),
        seconds_left: float | None = None,
    ) -> Answer:
        """Send a request and read its answer, whatever its status. path: already quoted; body: in pieces.

        Raises CallError when there is no answer, and TimeoutError when there is none in time.
        """
        for last in (False, True):
            try:
                return await self._ask(method, path, headers, body, seconds_left)
            except TimeoutError:
                raise
            except (aiohttp.ClientError, OSError) as error:
                # A connection that is lost is tried once more: load balancers close one just as a request sets out,
                # and asking twice changes nothing.
                if last or isinstance(error, aiohttp.ClientConnectorError):
                    raise answer_unreachable() from None
        raise AssertionError

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str], body: Sequence[bytes], seconds_left: float | None
    ) -> Answer:
        assert self._session is not None  # noqa: S101  # for mypy: entering opens it
        timeout = self._timeout_s if seconds_left is None else min(self._timeout_s, seconds_left)
        size = sum(map(len, body))
        data = b"".join(body) if size <= _JOINED_BYTES else _give(body)
        async with self._session.request(
            method,
            URL(self._url + path, encoded=True),
            headers={**headers, "Content-Length": str(size)} if body else headers,
            data=data if body else None,
            timeout=aiohttp.ClientTimeout(total=timeout),
            allow_redirects=False,
        ) as response:
            return Answer(response.status, response.headers, await response.read())


async def _give(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
