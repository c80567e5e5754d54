"""What a host can send that is refused: too much, too slowly, in too many parts, after too many redirects."""

import asyncio
import base64
import gzip

import pytest

from tests.integration.fetching import ask, fetching_from, open_fetching
from tests.integration.test_http_classify import BLUE, RED, labels
from tests.integration.test_http_errors import assert_problem
from tests.remote import PUBLIC, Network, Respond, answering, redirecting


@pytest.mark.parametrize("most", [0, 1, 3])
async def test_endless_redirects_end(most: int) -> None:
    """After as many as are allowed."""
    async with fetching_from(redirecting("/again"), max_redirects=most) as (client, host):
        answer = await ask(client, {"url": "http://images.example/"})
        await assert_problem(client, answer, 422, "url_not_fetched")
        assert f"redirects more than {most} times" in answer.json()["detail"]
    assert host.connections == most + 1


async def test_an_image_over_the_limit_is_not_read_to_its_end() -> None:
    """Announced, in pieces, or until the connection closes."""
    closed = asyncio.Event()

    async def flood(head: str, writer: asyncio.StreamWriter) -> None:
        chunked = b"Transfer-Encoding: chunked\r\n" if "/chunked" in head else b""
        writer.write(b"HTTP/1.1 200 OK\r\n" + chunked + b"\r\n")
        try:
            while True:
                writer.write(b"400\r\n" + bytes(1024) + b"\r\n" if chunked else bytes(1024))
                await writer.drain()
        except OSError:
            closed.set()

    async with fetching_from(flood, limits={"max_image_bytes": 4096}) as (client, _):
        for path in ("chunked", "until-the-end"):
            answer = await ask(client, {"url": f"http://images.example/{path}"})
            await assert_problem(client, answer, 413, "payload_too_large")
            assert "larger than 4 KiB" in answer.json()["detail"]
            await asyncio.wait_for(closed.wait(), 10)
            closed.clear()
    announced = answering(b"", "Content-Length: 99999999999")
    async with fetching_from(announced, limits={"max_image_bytes": 4096}) as (client, _):
        answer = await ask(client, {"url": "http://images.example/"})
        await assert_problem(client, answer, 413, "payload_too_large")
        assert "larger than 4 KiB" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("respond", "reason"),
    [
        (answering(b"", status="404 Not Found"), "answered 404"),
        (answering(b"", status="500 Oh"), "answered 500"),
        (answering(RED, status="206 Partial Content"), "answered 206"),
        (answering(b"", status="304 Not Modified"), "answered 304"),
        (answering(gzip.compress(RED), "Content-Encoding: gzip"), "compressed once more"),
        (answering(gzip.compress(RED), "content-encoding: identity, gzip"), "compressed once more"),
        (answering(RED, f"Content-Length: {len(RED) + 1}"), "no whole answer"),
        (answering(RED, "Content-Length: 5, 6"), "no whole answer"),
        (answering(RED, "Content-Length: " + "9" * 5000), "no whole answer"),
        (answering(RED, "Transfer-Encoding: gzip"), "no whole answer"),
        (answering(RED, "X: " + "a" * 200_000), "no whole answer"),
        (answering(b"", status="abc"), "no whole answer"),
        (answering(b"", status="302 Found"), "redirects more than"),
    ],
)
async def test_an_answer_that_is_no_whole_image_is_told_of(respond: Respond, reason: str) -> None:
    """In a sentence, with the service's own error and not the host's."""
    async with fetching_from(respond) as (client, _):
        answer = await ask(client, {"url": "http://images.example/"})
        await assert_problem(client, answer, 422, "url_not_fetched")
        assert reason in answer.json()["detail"]


@pytest.mark.parametrize(
    "flood",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 5000 + b"0\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5000 + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 15_000 + b"Content-Length: 0\r\n\r\n",
    ],
    ids=["chunks of a byte", "interim answers", "headers"],
)
async def test_an_answer_in_a_flood_of_parts_is_refused(flood: bytes) -> None:
    """Few bytes, and work for seconds: it would hold up those who send their photos."""

    async def respond(head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(flood)

    async with fetching_from(respond) as (client, _):
        answer = await ask(client, {"url": "http://images.example/"})
        await assert_problem(client, answer, 422, "url_not_fetched")
        assert "no whole answer" in answer.json()["detail"]


@pytest.mark.parametrize("size", [4, 400, 10_000])
async def test_an_image_in_many_pieces_is_whole(size: int) -> None:
    """Small chunks, within reason, are an honest host's."""

    async def respond(head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for start in range(0, len(BLUE), size):
            piece = BLUE[start : start + size]
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        writer.write(b"0\r\n\r\n")

    async with fetching_from(respond) as (client, _):
        assert labels(await ask(client, {"url": "http://images.example/"})) == ["blue"]


async def silent(head: str, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def dripping(head: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("respond", [silent, dripping])
async def test_a_host_that_takes_its_time_is_given_up(respond: Respond) -> None:
    """Whether it says nothing, or a little again and again; what came with it is answered."""
    async with fetching_from(respond, timeout_s=0.2) as (client, host):
        answer = await ask(client, {"url": "http://images.example/"}, base64.b64encode(RED).decode())
        assert labels(answer) == ["url_not_fetched", "red"]
        assert "not there after 0.2 s" in answer.json()["results"][0]["error"]["detail"]
    assert host.connections == 1


async def test_a_host_that_never_shakes_hands_is_given_up() -> None:
    """TCP answers, TLS does not; the connection is closed."""
    ended = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        ended.set()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server:
        network = Network({PUBLIC: server.sockets[0].getsockname()[1]})
        async with open_fetching(network, timeout_s=0.2) as client:
            answer = await ask(client, {"url": "https://images.example/"})
            await assert_problem(client, answer, 422, "url_not_fetched")
            await asyncio.wait_for(ended.wait(), 10)
