"""What a host answers, byte by byte: an image or a documented error, whatever it is."""

import asyncio

import httpcore
from hypothesis import given
from hypothesis import strategies as st

from serve_app.errors import PayloadTooLarge, UrlNotFetched
from serve_app.http.remote.connections import Connector, trust_certificates
from serve_app.http.remote.fetching import Fetcher
from serve_app.http.remote.networks import AddressPolicy, IPAddress
from serve_app.settings import RemoteImageSettings
from tests.remote import PUBLIC, Names

SETTINGS = RemoteImageSettings(enabled=True, allow_http=True, max_redirects=1)
TLS = trust_certificates(None)
LINES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 302 Found",
        b"HTTP/1.1 103 Early",
        b"HTTP/1.0 200",
        b"HTTP/2 200",
        b"HTTP/1.1 101 Switching",
        b"Content-Length: 3",
        b"Content-Length: -1",
        b"Content-Length: " + b"9" * 5000,
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Content-Encoding: br",
        b"Location: /a",
        b"Location: \xff\t[",
        b" folded: line",
        b"Upgrade: h2c",
        b"3\r\nabc",
        b"ffffffffffffffffffff",
        b"0",
        b"abc",
        b"",
    ]
)
ANSWERS = st.lists(st.one_of(LINES, st.binary(max_size=8)), max_size=12).map(b"\r\n".join)


def fetch(*answers: bytes) -> bytes | str:
    """The bytes that one connection after the other gives, in pieces, or the code of the error."""
    left = list(answers)

    async def dial(address: IPAddress, port: int, timeout_s: float) -> httpcore.AsyncNetworkStream:
        answer = left.pop(0)
        return httpcore.AsyncMockStream([answer[start : start + 7] for start in range(0, len(answer), 7)])

    connector = Connector(
        AddressPolicy(SETTINGS, own_addresses=frozenset),
        TLS,
        lookup=Names(images__example=[PUBLIC]),
        dial=dial,
        timeout_s=1.0,
    )
    fetcher = Fetcher(SETTINGS, connector, max_bytes=1024)
    try:
        return asyncio.run(fetcher.fetch("http://images.example/", lambda count: None))
    except (UrlNotFetched, PayloadTooLarge) as error:
        return error.code


def test_a_whole_answer_is_its_bytes() -> None:
    """After an interim one and a redirect, too."""
    interim = b"HTTP/1.1 103 Early\r\n\r\n"
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
    assert fetch(interim + whole) == b"abc"
    assert fetch(b"HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 9\r\n\r\n", whole) == b"abc"


@given(ANSWERS, ANSWERS)
def test_any_answer_is_bytes_or_an_error(first: bytes, second: bytes) -> None:
    """No answer brings out an error that nobody foresaw, and none brings more than is allowed."""
    result = fetch(first, second)
    assert result in ("url_not_fetched", "payload_too_large") or len(result) <= 1024
