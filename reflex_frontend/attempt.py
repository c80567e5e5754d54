"""One request to the service exactly as it went over the wire and came back: the API page's "try it".

    photo --> httpx --> Attempt (status, headers, body, time)

Plain httpx, because `argus_client` turns answers into values, and here the answer itself is the point. The client's
own rules for an address (no proxy on the way to this machine) hold here too. Knows no Reflex.
"""

import asyncio
import time
from dataclasses import dataclass

import httpx

from argus_client import through_httpx
from argus_client.calls import Calls

# Of the headers of an answer, those that a caller does something with.
SHOWN_HEADERS = ("Content-Type", "Retry-After", "Server-Timing", "X-Request-ID")
# What is shown of a body; an answer of ten labels has one kilobyte.
MOST_BODY_BYTES = 64 * 1024


@dataclass(frozen=True)
class Header:
    """One header of an answer."""

    name: str = ""
    value: str = ""


@dataclass(frozen=True)
class Attempt:
    """What came of a request.

    status: 0 when no answer came, and then failure is "unreachable" or "late"; reason: the status in words; total_ms:
    from the first byte sent to the last received; size_bytes: of the body as it came.
    """

    status: int = 0
    reason: str = ""
    headers: tuple[Header, ...] = ()
    body: str = ""
    size_bytes: int = 0
    total_ms: float = 0.0
    failure: str = ""


def open_line(service_url: str, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A client for `send_photo`; transport: replaces the network, for tests."""
    calls = Calls(service_url, api_key=None, timeout_s=1.0, retries=0)
    return httpx.AsyncClient(transport=transport, **through_httpx.options(calls))


async def send_photo(line: httpx.AsyncClient, path: str, photo: bytes, *, timeout_s: float) -> Attempt:
    """Post a JPEG once; path: with its query. Whatever happens is the result: nothing is raised, nothing repeated."""
    began = time.perf_counter()
    try:
        async with (
            asyncio.timeout(timeout_s),
            line.stream(
                "POST", path, content=photo, headers={"Content-Type": "image/jpeg"}, timeout=timeout_s
            ) as response,
        ):
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MOST_BODY_BYTES:
                    break
    except (httpx.TimeoutException, TimeoutError):
        return Attempt(failure="late", total_ms=_since(began))
    except httpx.HTTPError:
        return Attempt(failure="unreachable", total_ms=_since(began))
    return Attempt(
        status=response.status_code,
        reason=response.reason_phrase,
        headers=tuple(Header(name, response.headers[name]) for name in SHOWN_HEADERS if name in response.headers),
        body=bytes(body[:MOST_BODY_BYTES]).decode("utf-8", "replace"),
        size_bytes=len(body),
        total_ms=_since(began),
    )


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
