"""The parts of a url -> the bytes of one image, through as many redirects as are allowed.

Asks with GET and sends nothing of the client's: no header, no cookie, no key. What comes back is bytes that nobody has
looked at; the domain's `images` tells whether they are an image. Time is bounded by whoever calls.
"""

from collections.abc import Callable

import httpcore

from serve_app.errors import UrlNotFetched
from serve_app.http.remote.connections import Connector
from serve_app.http.remote.pacing import PacedStream
from serve_app.http.remote.urls import RemoteUrl, follow_redirect, parse_url
from serve_app.http.uploads import refuse_size
from serve_app.settings import RemoteImageSettings

Take = Callable[[int], None]
"""Called with the size of each piece that arrives; raises when it is one too many for the request or the service."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Nothing that is compressed once more is asked for or taken: unpacked it could have any size.
_HEADERS = (
    (b"User-Agent", b"argus"),
    (b"Accept", b"image/*"),
    (b"Accept-Encoding", b"identity"),
    (b"Connection", b"close"),
)


class Fetcher:
    """Fetches images, and keeps nothing between one and the next. max_bytes: of one image."""

    def __init__(self, settings: RemoteImageSettings, connector: Connector, *, max_bytes: int) -> None:
        self._settings = settings
        self._connector = connector
        self._max_bytes = max_bytes

    async def fetch(self, text: str, take: Take) -> bytes:
        """The bytes at a url. Raises UrlNotFetched, PayloadTooLarge, and what `take` raises."""
        url = parse_url(text, self._settings)
        for _ in range(self._settings.max_redirects + 1):
            try:
                answer = await self._ask(url, take)
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, ValueError):
                # ValueError: h11 reads a length of thousands of digits as Python does
                raise UrlNotFetched("The address gave no whole answer. Try again, or send the image itself.") from None
            if isinstance(answer, bytes):
                return answer
            url = answer
        raise UrlNotFetched(f"The address redirects more than {self._settings.max_redirects} times.")

    async def _ask(self, url: RemoteUrl, take: Take) -> bytes | RemoteUrl:
        """One request: its bytes, or where it is redirected to."""
        scheme, host = url.scheme.encode(), url.host.encode()
        request = httpcore.Request(
            "GET",
            httpcore.URL(scheme=scheme, host=host, port=url.port, target=url.target.encode()),
            headers=[(b"Host", url.host_header.encode()), *_HEADERS],
        )
        async with self._connector.connect(url) as connected:
            stream = PacedStream(connected)
            connection = httpcore.AsyncHTTP11Connection(httpcore.Origin(scheme, host, url.port), stream)
            response = await connection.handle_async_request(request)
            stream.end_head()
            try:
                headers = {name.lower(): value for name, value in response.headers}
                if response.status in _REDIRECTS:
                    return follow_redirect(url, headers.get(b"location", b""), self._settings)
                return await self._read(response, headers, stream, take)
            finally:
                await response.aclose()

    async def _read(
        self, response: httpcore.Response, headers: dict[bytes, bytes], stream: PacedStream, take: Take
    ) -> bytes:
        if response.status != 200:
            raise UrlNotFetched(f"The address answered {response.status}. Check it, or send the image itself.")
        if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
            raise UrlNotFetched("The address sends the image compressed once more, though it was asked not to.")
        announced = headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self._max_bytes:
            raise refuse_size(self._max_bytes)
        data = bytearray()
        async for chunk in response.aiter_stream():
            if len(data) + len(chunk) > self._max_bytes:
                raise refuse_size(self._max_bytes)
            take(len(chunk))
            data += chunk
            await stream.count_piece(len(chunk))
        return bytes(data)
