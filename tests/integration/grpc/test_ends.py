"""How calls end that do not end well, by limits, deadlines, callers that leave or a failing service; and the server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest

from serve_app.cli.ports import is_free
from serve_app.grpc.calls import Caller, Calls
from serve_app.grpc.options import Options
from serve_app.grpc.protocol import open_inference_pb2 as messages
from serve_app.grpc.server import build_server
from serve_app.grpc.upstream import Upstream
from tests.fake_inference import FakeInference
from tests.grpc_client import INFER, Client, connect, finish, make_answer, make_request


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
async def test_a_message_over_the_limit_is_refused(service: FakeInference, compression: grpc.Compression) -> None:
    """Its size counts as it is after decompression, and the service never sees it."""
    async with connect(service.url, max_message_bytes=2**20) as client:
        error = await client.fail("ModelInfer", make_request(bytes(2**21)), compression=compression)
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert not service.seen


async def test_large_messages_pass_within_the_limit(service: FakeInference, client: Client) -> None:
    """The 4 MiB that gRPC allows by itself do not hold for what is asked; a batch of tensors is larger."""
    service.answers[INFER] = make_answer(bytes(5 * 2**20))
    error = await client.fail("ModelInfer", make_request(bytes(20 * 2**20)))
    # The answer arrived; it is this client that takes no more than 4 MiB.
    assert "5242" in (error.details() or "")
    assert len(service.seen[0].body) > 20 * 2**20


async def test_more_calls_than_allowed_are_refused(service: FakeInference) -> None:
    """One too many is RESOURCE_EXHAUSTED at once, and those under way are answered."""
    service.answers[INFER] = make_answer()
    service.hold.clear()
    async with connect(service.url, max_calls=1) as client:
        first = asyncio.ensure_future(finish(client.call("ModelInfer", make_request())))
        await service.arrived.wait()
        error = await client.fail("ModelInfer", make_request())
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        service.hold.set()
        assert (await first).id == "7"


async def test_more_bytes_than_allowed_are_refused(service: FakeInference) -> None:
    """Messages under way are counted together, and forgotten when their calls end."""
    service.answers[INFER] = make_answer()
    service.hold.clear()
    async with connect(service.url, max_message_bytes=1000, max_pending_bytes=1000) as client:
        first = asyncio.ensure_future(finish(client.call("ModelInfer", make_request(bytes(600)))))
        await service.arrived.wait()
        error = await client.fail("ModelInfer", make_request(bytes(600)))
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert dict(error.trailing_metadata())["grpc-retry-pushback-ms"] == "1000"
        service.hold.set()
        await first
        await client.call("ModelInfer", make_request(bytes(600)))


async def test_a_deadline_that_passes_ends_the_services_work(service: FakeInference, client: Client) -> None:
    """The caller hears DEADLINE_EXCEEDED, and the service that nobody waits any more."""
    service.hold.clear()
    error = await client.fail("ModelInfer", make_request(), timeout=0.3)
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    await asyncio.wait_for(service.left.wait(), 20)


async def test_a_caller_that_leaves_takes_its_work_along(service: FakeInference, client: Client) -> None:
    """A call that is cancelled closes its request to the service."""
    service.hold.clear()
    call = client.call("ModelInfer", make_request())
    waiting = asyncio.ensure_future(finish(call))
    await service.arrived.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(service.left.wait(), 20)


async def test_a_service_that_hangs_is_not_waited_for_forever(service: FakeInference) -> None:
    """A caller without a deadline is answered after the server's own."""
    service.hold.clear()
    async with connect(service.url, answer_timeout_s=0.2) as client:
        error = await client.fail("ModelInfer", make_request())
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    await asyncio.wait_for(service.left.wait(), 20)


async def test_a_connection_that_is_lost_is_tried_once_more(service: FakeInference, client: Client) -> None:
    """Load balancers close connections just as a request sets out; a second loss is told to the caller."""
    service.answers[INFER] = make_answer()
    service.cut = 1
    assert (await client.call("ModelInfer", make_request())).id == "7"
    service.cut = 2
    error = await client.fail("ModelInfer", make_request())
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert len(service.seen) == 4


@pytest.mark.parametrize(
    "answer",
    [b"not JSON", {"model_name": "colors"}, {"model_name": "colors", "outputs": [{"name": "a", "data": [1]}]}, [1]],
)
async def test_an_answer_that_makes_no_sense_is_an_internal_error(
    service: FakeInference, client: Client, answer: Any
) -> None:
    """Nothing of it reaches the caller."""
    service.answers[INFER] = (200, {}, answer)
    error = await client.fail("ModelInfer", make_request())
    assert (error.code(), error.details()) == (
        grpc.StatusCode.INTERNAL,
        "The service's answer could not be read. Both need to be of one version.",
    )


async def test_an_unforeseen_error_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    """The log has the cause under the call's id; the caller gets the id."""

    class BrokenCalls(Calls):
        async def model_infer(self, request: messages.ModelInferRequest, caller: Caller) -> messages.ModelInferResponse:
            raise RuntimeError("broken")

    async with connect("http://127.0.0.1:9", make_calls=BrokenCalls) as client:
        error = await client.fail("ModelInfer", make_request(), metadata=(("x-request-id", "find-me"),))
    assert error.code() == grpc.StatusCode.INTERNAL
    assert "broken" not in (error.details() or "")
    assert "find-me" in caplog.text
    assert "broken" in caplog.text


async def test_a_stream_survives_a_request_that_fails(service: FakeInference, client: Client) -> None:
    """Each request has its answer in order, the failed one an error in its place."""
    service.answers[INFER] = make_answer()

    async def ask() -> AsyncIterator[messages.ModelInferRequest]:
        yield make_request()
        yield make_request(model="shapes")
        yield make_request()

    answers = [answer async for answer in client.stream(ask())]
    assert [answer.error_message for answer in answers] == ["", "there is no such model", ""]
    assert answers[2].infer_response.id == "7"


async def test_stopping_waits_for_calls_under_way(service: FakeInference) -> None:
    """A call that has begun is answered, while new ones find nobody."""
    service.answers[INFER] = make_answer()
    service.hold.clear()
    async with Upstream(service.url, timeout_s=30) as upstream:
        server = build_server(Calls(upstream), Options())
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            under_way = asyncio.ensure_future(finish(Client(channel).call("ModelInfer", make_request())))
            await service.arrived.wait()
            stopping = asyncio.ensure_future(server.stop(30))
            while not is_free("127.0.0.1", port):
                await asyncio.sleep(0.01)
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as late:
                error = await Client(late).fail("ModelInfer", make_request())
            assert error.code() == grpc.StatusCode.UNAVAILABLE
            service.hold.set()
            assert (await under_way).id == "7"
            await stopping
