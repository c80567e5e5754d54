"""The two clients do the same things; only the waiting differs."""

import asyncio
import inspect
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from argus_client import ArgusClient, AsyncArgusClient, ServiceUnreachable
from tests.unit.client.service import ITEM, Service, classified, problem, refuse

CALLS = ["classify", "classify_batch", "models", "model", "labels", "status", "live", "ready"]


@pytest.mark.parametrize("name", ["__init__", *CALLS])
def test_both_clients_have_the_same_methods(name: str) -> None:
    """Code can move from one client to the other by adding or removing `await`."""
    mine, other = (inspect.signature(getattr(cls, name)) for cls in (ArgusClient, AsyncArgusClient))
    differ = {"transport"}
    assert [p for p in mine.parameters.values() if p.name not in differ] == [
        p for p in other.parameters.values() if p.name not in differ
    ]
    assert mine.return_annotation == other.return_annotation


async def test_the_async_client_classifies_and_retries() -> None:
    """The asynchronous client takes the same steps as the blocking one."""
    service = Service(refuse(), problem(503, "not_ready", **{"Retry-After": "0"}), classified(ITEM, ITEM))
    async with AsyncArgusClient(transport=service.transport) as client:
        results = await client.classify_batch([b"1", b"2"])
    assert len(results) == 2
    assert len(service.requests) == 3


async def test_the_async_client_reports_readiness_and_emptiness() -> None:
    """Calls that need no answer, or none at all, behave as in the blocking client."""
    async with AsyncArgusClient(transport=Service(refuse()).transport) as client:
        assert (await client.ready()).state == "unreachable"
        assert await client.classify_batch([]) == []


def test_a_client_closes_at_the_end_of_its_block() -> None:
    """After the block the connections are gone and the client refuses to work."""
    with Service(classified(ITEM)).client() as client:
        client.classify(b"x")
    with pytest.raises(RuntimeError, match="closed"):
        client.classify(b"x")


@pytest.mark.parametrize("options", [{"timeout_s": 0}, {"retries": -1}])
def test_impossible_bounds_are_refused(options: dict[str, float]) -> None:
    """A client that could never send anything is not made."""
    with pytest.raises(ValueError, match="timeout_s"):
        Service().client(**options)


def test_nobody_listening_says_where_and_what_to_check() -> None:
    """A refused connection names the address and asks the likely question."""
    with pytest.raises(ServiceUnreachable, match=r"Nothing answers at http://127\.0\.0\.1:8000.*running\?"):
        Service(refuse()).client(retries=0).classify(b"x")


def test_a_broken_answer_is_unreachable() -> None:
    """A connection that ends in the middle of an answer is reported and not tried again."""
    service = Service(httpx.RemoteProtocolError("peer closed"))
    with pytest.raises(ServiceUnreachable, match="broke"):
        service.client().classify(b"x")
    assert len(service.requests) == 1


@pytest.fixture
def dripping() -> Iterator[str]:
    """The address of a server whose answer never ends: one byte after the other."""
    stop = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            try:
                while not stop.wait(0.01):
                    connection.sendall(b" ")
            except OSError:
                pass  # The client left, as it should.

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    stop.set()
    thread.join()
    server.close()


def test_an_endless_answer_ends_at_the_deadline(dripping: str) -> None:
    """The time limit holds for the whole answer, not only for each byte of it."""
    with ArgusClient(dripping, timeout_s=0.2) as client, pytest.raises(ServiceUnreachable, match="in time"):
        client.models()


async def test_an_endless_answer_ends_at_the_deadline_async(dripping: str) -> None:
    """The asynchronous client keeps the same limit."""
    async with AsyncArgusClient(dripping, timeout_s=0.2) as client:
        with pytest.raises(ServiceUnreachable, match="in time"):
            await client.models()


async def test_a_cancelled_call_is_cancelled() -> None:
    """A task that is cancelled while it waits to try again ends there."""
    service = Service(problem(429, "overloaded", **{"Retry-After": "20"}))
    async with AsyncArgusClient(transport=service.transport) as client:
        task = asyncio.create_task(client.models())
        while not service.requests:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
