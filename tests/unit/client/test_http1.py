"""Responses as bytes: however they are cut on their way, they are read whole, and nonsense is no answer."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argus_client.http1 import NotHttp, Response, ResponseReader, encode_head

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nX-Two: a\r\nx-two: b\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n, all!\r\n0\r\nTrailer: 1\r\n\r\n"
)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"


def read(data: bytes) -> Response | None:
    """The response that the bytes are, all at once."""
    return ResponseReader().feed(data)


@pytest.mark.parametrize("before", [b"", INTERIM])
@pytest.mark.parametrize(("final", "body"), [(PLAIN, b"hello"), (CHUNKED, b"hello, all!")])
def test_a_response_is_complete_with_its_last_byte(before: bytes, final: bytes, body: bytes) -> None:
    """Byte by byte, as slow as a network can be; interim answers are passed over."""
    data = before + final
    reader = ResponseReader()
    for byte in data[:-1]:
        assert reader.feed(bytes([byte])) is None
    response = reader.feed(data[-1:])
    assert response is not None
    assert (response.status, response.body, response.keeps) == (200, body, True)


@given(st.lists(st.integers(0, len(CHUNKED)), max_size=6), st.sampled_from([PLAIN, CHUNKED, INTERIM + PLAIN]))
def test_where_it_is_cut_does_not_matter(cuts: list[int], data: bytes) -> None:
    """The same bytes give the same response, whatever pieces they come in."""
    places = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
    reader = ResponseReader()
    found = [reader.feed(data[a:b]) for a, b in pairwise(places)]
    assert found[-1] == read(data)
    assert not any(found[:-1])


def test_headers_are_found_by_their_names_in_lower_case() -> None:
    """Repeated ones are one, as RFC 9110 says."""
    response = read(PLAIN)
    assert response is not None
    assert response.headers == {"content-type": "text/plain", "content-length": "5", "x-two": "a, b"}


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    """As old servers answer; the connection is not used again."""
    reader = ResponseReader()
    assert reader.feed(b"HTTP/1.0 200 OK\r\n\r\nhel") is None
    assert reader.feed(b"lo") is None
    response = reader.end()
    assert response is not None
    assert (response.body, response.keeps) == (b"hello", False)


@pytest.mark.parametrize("data", [PLAIN[:-1], CHUNKED[:-1], b"HTTP/1.1 200 OK\r\nContent-", b""])
def test_a_body_that_is_cut_is_no_answer(data: bytes) -> None:
    """What was promised and did not come makes no response."""
    reader = ResponseReader()
    if data:
        reader.feed(data)
    assert reader.end() is None


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        ("HTTP/1.1 200 OK", True),
        ("HTTP/1.1 200 OK\r\nConnection: Close", False),
        ("HTTP/1.0 200 OK", False),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive", True),
        ("HTTP/1.1 503", True),
    ],
)
def test_a_connection_is_kept_as_the_server_says(head: str, keeps: bool) -> None:
    """By version and Connection header."""
    response = read(f"{head}\r\nContent-Length: 0\r\n\r\n".encode())
    assert response is not None
    assert response.keeps is keeps


def test_bytes_after_the_answer_end_the_connection() -> None:
    """A second answer that nobody asked for must not become that of the next request."""
    response = read(PLAIN + b"HTTP/1.1 200")
    assert response is not None
    assert not response.keeps


def test_an_answer_without_a_body_has_none() -> None:
    """204 and 304 end with their head."""
    response = read(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert response is not None
    assert response.body == b""


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 2000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X" * 70_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    ],
)
def test_what_is_no_response_is_an_error(data: bytes) -> None:
    """Never a guess, and never without an end."""
    with pytest.raises(NotHttp):
        read(data)


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    """Whatever arrives, reading it ends, in a response or in NotHttp."""
    reader = ResponseReader()
    try:
        reader.feed(b"HTTP/1.1 200 OK\r\n" + data)
    except NotHttp:
        return
    reader.end()


def test_a_request_s_head_is_what_the_standard_says() -> None:
    """Line by line."""
    head = encode_head("POST", "/v1/classify?top_k=5", {"Host": "argus:8000", "Content-Length": "3"})
    assert head == b"POST /v1/classify?top_k=5 HTTP/1.1\r\nHost: argus:8000\r\nContent-Length: 3\r\n\r\n"


@pytest.mark.parametrize("value", ["key\r\nX-Other: 1", "key\nX-Other: 1", "key\0"])
def test_a_header_cannot_bring_another(value: str) -> None:
    """A key with a line's end in it is refused, not sent."""
    with pytest.raises(ValueError, match="line's end"):
        encode_head("GET", "/", {"Authorization": value})
