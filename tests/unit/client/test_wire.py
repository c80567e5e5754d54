"""The asynchronous client's own connections, against a server that behaves as real ones do, and worse."""

import asyncio
import json

import httpx
import pytest
import uvloop

from argus_client import AsyncArgusClient, Classification, ServiceUnreachable
from tests.unit.client.raw_server import GOOD, Visit, answer_all, encode, serve
from tests.unit.client.service import ITEM, Service, classified


async def test_one_connection_carries_many_requests() -> None:
    """And each request says what it is, once."""
    async with serve(answer_all) as server, AsyncArgusClient(f"{server.url}/base/", api_key="k") as client:
        for number in range(3):
            assert (await client.classify(b"%d" % number, model="a b", top_k=2)).top
    assert len(server.visits) == 1
    assert server.bodies == [b"0", b"1", b"2"]
    first, *lines = server.heads[0].split("\r\n")
    assert first == "POST /base/v1/models/a%20b/classify?top_k=2&min_score=0.0 HTTP/1.1"
    names = sorted(line.partition(":")[0].lower() for line in lines if line)
    assert names == sorted(
        ["host", "user-agent", "authorization", "x-request-id", "accept", "content-type", "content-length"]
    )
    assert f"Host: {server.url.removeprefix('http://')}" in lines
    assert "Authorization: Bearer k" in lines


async def test_requests_under_way_have_connections_of_their_own() -> None:
    """And those are used again."""
    async with serve(answer_all) as server, AsyncArgusClient(server.url) as client:
        for _ in range(3):
            await asyncio.gather(*(client.classify(b"x") for _ in range(4)))
    assert len(server.visits) == 4
    assert len(server.bodies) == 12


def test_other_event_loops_carry_requests_too() -> None:
    """The page's server runs on uvloop, whose calls take less than asyncio's."""

    async def classify(size: int) -> Classification:
        async with serve(answer_all) as server, AsyncArgusClient(server.url) as client:
            await client.classify(b"x" * size)
            return await client.classify(b"x")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert all(runner.run(classify(size)).top for size in (1, 4 * 2**20))


async def test_a_connection_that_was_closed_while_idle_is_replaced() -> None:
    """Servers close idle connections; nobody notices."""

    async def answer_once(visit: Visit) -> None:
        await visit.read()
        visit.writer.write(GOOD)

    async with serve(answer_once) as server, AsyncArgusClient(server.url, retries=0) as client:
        for _ in range(5):
            await client.classify(b"x")
    assert len(server.visits) == 5


async def test_a_request_that_met_a_closing_connection_is_sent_once_more() -> None:
    """The server closed the connection just as the request came: no byte of an answer, so nothing is lost."""

    async def close_at_the_second_request(visit: Visit) -> None:
        await visit.read()
        visit.writer.write(GOOD)
        await visit.read()
        if visit.number > 0:
            visit.writer.write(GOOD)

    async with serve(close_at_the_second_request) as server, AsyncArgusClient(server.url, retries=0) as client:
        await client.classify(b"1")
        await client.classify(b"2")
    assert server.bodies == [b"1", b"2", b"2"]


@pytest.mark.parametrize("said", [b"", GOOD[:40], GOOD[:-1], b"SSH-2.0-x\r\n\r\n"])
async def test_an_answer_that_breaks_off_is_unreachable(said: bytes) -> None:
    """On a fresh connection it is not sent again, and the words say what happened."""

    async def break_off(visit: Visit) -> None:
        await visit.read()
        visit.writer.write(said)

    async with serve(break_off) as server, AsyncArgusClient(server.url) as client:
        with pytest.raises(ServiceUnreachable, match="broke before the answer was complete"):
            await client.classify(b"x")
    assert len(server.bodies) == 1


async def test_nobody_listening_is_told_with_the_address() -> None:
    """As through httpx."""
    async with serve(answer_all) as server:
        url = server.url
    async with AsyncArgusClient(url, retries=0) as client:
        with pytest.raises(ServiceUnreachable, match=rf"Nothing answers at {url} .*running\?"):
            await client.classify(b"x")


async def test_a_cancelled_request_s_answer_is_not_taken_for_another_s() -> None:
    """The connection that it was on is closed with it."""
    came, go = asyncio.Event(), asyncio.Event()

    async def answer_late(visit: Visit) -> None:
        while (body := await visit.read()) is not None:
            if body == b"late":
                came.set()
                await go.wait()
            visit.writer.write(GOOD if body == b"late" else encode(classified({**ITEM, "width": 7})))

    async with serve(answer_late) as server, AsyncArgusClient(server.url) as client:
        late = asyncio.create_task(client.classify(b"late"))
        await came.wait()
        late.cancel()
        await asyncio.gather(late, return_exceptions=True)
        go.set()
        assert (await client.classify(b"x")).width == 7


async def test_a_proxy_that_the_environment_names_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """For other machines; the way to this one has no proxy on it."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    async with serve(answer_all) as server:
        monkeypatch.setenv("http_proxy", server.url)
        async with AsyncArgusClient("http://argus.example:8000") as client:
            await client.classify(b"x")
        assert server.heads[0].startswith("POST http://argus.example:8000/v1/classify")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        async with AsyncArgusClient(server.url) as client:
            await client.classify(b"x")
    assert len(server.bodies) == 2


async def test_a_batch_goes_through_httpx_and_arrives_the_same() -> None:
    """Several files in one body are httpx's to write."""

    async def answer_two(visit: Visit) -> None:
        while await visit.read() is not None:
            visit.writer.write(encode(classified(ITEM, ITEM)))

    async with serve(answer_two) as server, AsyncArgusClient(server.url) as client:
        assert len(await client.classify_batch([b"one", b"two"])) == 2
    assert b"one" in server.bodies[0]


async def test_a_closed_client_refuses_to_work() -> None:
    """As httpx's does."""
    async with serve(answer_all) as server:
        async with AsyncArgusClient(server.url) as client:
            await client.classify(b"x")
        with pytest.raises(RuntimeError, match="closed"):
            await client.classify(b"x")


def test_both_ways_ask_for_the_same() -> None:
    """A request has the same path, query and headers whichever way it goes, but for what names the program."""

    async def run() -> tuple[str, httpx.Request]:
        service = Service(classified(ITEM))
        async with serve(answer_all) as server:
            async with AsyncArgusClient(server.url) as client:
                await client.classify(b"x", top_k=3)
            async with AsyncArgusClient(server.url, transport=service.transport) as client:
                await client.classify(b"x", top_k=3)
            return server.heads[0], service.requests[0]

    head, request = asyncio.run(run())
    first, *lines = head.rstrip().split("\r\n")
    own = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    theirs = dict(request.headers)
    for name in ("accept-encoding", "connection", "x-request-id"):
        own.pop(name, None)
        theirs.pop(name, None)
    assert first == f"POST {request.url.raw_path.decode()} HTTP/1.1"
    assert json.dumps(own, sort_keys=True) == json.dumps(theirs, sort_keys=True)
