"""The gRPC server with a real channel, in front of a stand-in for the service."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest

from serve_app.grpc.calls import Calls
from serve_app.grpc.options import Options
from serve_app.grpc.protocol import health_pb2 as health
from serve_app.grpc.protocol import open_inference_pb2 as messages
from serve_app.grpc.server import build_server
from serve_app.grpc.upstream import Upstream
from tests.fake_inference import FakeInference

INFER = "/v2/models/colors/infer"
JSON_SIZE = "Inference-Header-Content-Length"


class Client:
    """Calls by their name, over one channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    def call(self, name: str, request: Any, **options: Any) -> Any:
        """Start a call; await it for its answer."""
        answer = getattr(messages, f"{name}Response")
        path = f"/inference.GRPCInferenceService/{name}"
        method = self._channel.unary_unary(
            path, request_serializer=type(request).SerializeToString, response_deserializer=answer.FromString
        )
        return method(request, **options)

    async def fail(self, name: str, request: Any, **options: Any) -> grpc.aio.AioRpcError:
        """The error of a call that has to fail."""
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await self.call(name, request, **options)
        return failed.value

    def stream(self, requests: AsyncIterator[messages.ModelInferRequest]) -> Any:
        """The answers to a stream of requests."""
        return self._channel.stream_stream(
            "/inference.GRPCInferenceService/ModelStreamInfer",
            request_serializer=messages.ModelInferRequest.SerializeToString,
            response_deserializer=messages.ModelStreamInferResponse.FromString,
        )(requests)

    async def check(self, service: str) -> health.HealthCheckResponse:
        """gRPC's own health check."""
        answer: health.HealthCheckResponse = await self._channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health.HealthCheckRequest.SerializeToString,
            response_deserializer=health.HealthCheckResponse.FromString,
        )(health.HealthCheckRequest(service=service))
        return answer


Connect = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
async def service() -> AsyncIterator[FakeInference]:
    """The stand-in."""
    fake = FakeInference()
    runner = await fake.start()
    yield fake
    fake.hold.set()
    await runner.cleanup()


@asynccontextmanager
async def connect(url: str, *, stop_grace_s: float = 0, **options: Any) -> AsyncIterator[Client]:
    """A client of a server in front of that address."""
    async with Upstream(url, timeout_s=options.get("answer_timeout_s", 30.0)) as upstream:
        server = build_server(Calls(upstream), Options(service_url=url, **options))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Client(channel)
        await server.stop(stop_grace_s)


@pytest.fixture
async def client(service: FakeInference) -> AsyncIterator[Client]:
    """A client of a server with the default options."""
    async with connect(service.url) as one:
        yield one


def make_request(data: bytes = b"photo", model: str = "colors", version: str = "") -> messages.ModelInferRequest:
    """A request with one raw tensor."""
    request = messages.ModelInferRequest(model_name=model, model_version=version, id="7")
    request.inputs.add(name="image", datatype="BYTES", shape=[1])
    request.raw_input_contents.append(data)
    return request


def make_answer(data: bytes = b"\x00\x00\x80\x3f") -> tuple[int, dict[str, str], bytes]:
    """The service's answer with one tensor."""
    document = json.dumps(
        {
            "model_name": "colors",
            "model_version": "1",
            "id": "7",
            "outputs": [
                {"name": "scores", "datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": len(data)}}
            ],
        }
    ).encode()
    return 200, {JSON_SIZE: str(len(document))}, document + data


async def test_an_inference_goes_there_and_back(service: FakeInference, client: Client) -> None:
    """The tensor's bytes reach the service behind the JSON that describes them, and the answer's come back."""
    service.answers[INFER] = make_answer()
    response = await client.call("ModelInfer", make_request(b"a photo"))
    assert (response.model_name, response.model_version, response.id) == ("colors", "1", "7")
    assert list(response.raw_output_contents) == [b"\x00\x00\x80\x3f"]
    (seen,) = service.seen
    size = int(seen.headers[JSON_SIZE])
    assert json.loads(seen.body[:size])["inputs"][0]["parameters"] == {"binary_data_size": 7}
    assert seen.body[size:] == b"a photo"
    assert int(seen.headers["Content-Length"]) == len(seen.body)


async def test_a_model_and_its_version_are_quoted(service: FakeInference, client: Client) -> None:
    """A name cannot lead to another address."""
    await client.fail("ModelInfer", make_request(model="../status", version="1/2?"))
    assert service.seen[0].path == "/v2/models/..%2Fstatus/versions/1%2F2%3F/infer"


async def test_models_and_server_are_described(service: FakeInference, client: Client) -> None:
    """Metadata, configuration, statistics and index are the service's documents as messages; more in them is left out."""
    service.answers |= {
        "/v2": {"name": "argus", "version": "1.0", "extensions": ["classification"]},
        "/v2/models/colors": {
            "name": "colors",
            "versions": ["1"],
            "platform": "openvino",
            "inputs": [{"name": "image", "datatype": "BYTES", "shape": [-1]}],
            "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, 3], "parameters": {"labels": 3}}],
        },
        "/v2/models/colors/config": {
            "name": "colors",
            "max_batch_size": 8,
            "input": [{"name": "pixels", "data_type": "TYPE_FP32", "format": "FORMAT_NCHW", "dims": [3, 28, 28]}],
            "something_new": True,
        },
        "/v2/models/colors/versions/1/stats": {
            "model_stats": [{"name": "colors", "inference_stats": {"success": {"count": 2, "ns": 5}}}]
        },
        "/v2/models/stats": {"model_stats": [{"name": "colors"}, {"name": "shapes"}]},
        "/v2/repository/index": [{"name": "colors", "version": "1", "state": "READY", "reason": ""}],
    }
    server = await client.call("ServerMetadata", messages.ServerMetadataRequest())
    assert (server.name, server.version, list(server.extensions)) == ("argus", "1.0", ["classification"])
    metadata = await client.call("ModelMetadata", messages.ModelMetadataRequest(name="colors"))
    assert metadata.inputs[0].datatype == "BYTES"
    assert list(metadata.outputs[0].shape) == [-1, 3]
    config = (await client.call("ModelConfig", messages.ModelConfigRequest(name="colors"))).config
    assert config.max_batch_size == 8
    assert (config.input[0].data_type, config.input[0].format) == (messages.TYPE_FP32, messages.ModelInput.FORMAT_NCHW)
    one = await client.call("ModelStatistics", messages.ModelStatisticsRequest(name="colors", version="1"))
    assert one.model_stats[0].inference_stats.success.ns == 5
    every = await client.call("ModelStatistics", messages.ModelStatisticsRequest())
    assert [stats.name for stats in every.model_stats] == ["colors", "shapes"]
    index = await client.call("RepositoryIndex", messages.RepositoryIndexRequest(ready=True))
    assert index.models[0].state == "READY"
    assert json.loads(service.seen[-1].body) == {"ready": True}


async def test_health_is_that_of_the_service(service: FakeInference, client: Client) -> None:
    """Live, ready and the health check say what the service says, and an unknown model is not ready."""
    service.answers |= {
        "/v2/health/live": {},
        "/v2/health/ready": (503, {}, {"error": "starting"}),
        "/v2/models/colors/ready": {},
    }
    assert (await client.call("ServerLive", messages.ServerLiveRequest())).live
    assert not (await client.call("ServerReady", messages.ServerReadyRequest())).ready
    assert (await client.check("")).status == health.HealthCheckResponse.NOT_SERVING
    assert (await client.call("ModelReady", messages.ModelReadyRequest(name="colors"))).ready
    assert not (await client.call("ModelReady", messages.ModelReadyRequest(name="shapes"))).ready
    service.answers["/v2/health/ready"] = {}
    assert (await client.call("ServerReady", messages.ServerReadyRequest())).ready
    assert (await client.check("inference.GRPCInferenceService")).status == health.HealthCheckResponse.SERVING
    with pytest.raises(grpc.aio.AioRpcError, match="no service 'other'"):
        await client.check("other")


async def test_a_service_that_is_not_there_is_unavailable() -> None:
    """Live and ready are false, and everything else says that trying again is worth it, and when."""
    async with connect("http://127.0.0.1:9") as client:
        assert not (await client.call("ServerLive", messages.ServerLiveRequest())).live
        error = await client.fail("ModelInfer", make_request())
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert dict(error.trailing_metadata())["grpc-retry-pushback-ms"] == "1000"


async def test_a_refusal_says_when_to_try_again(service: FakeInference, client: Client) -> None:
    """Overload is RESOURCE_EXHAUSTED with the service's words and its Retry-After."""
    service.answers[INFER] = (429, {"Retry-After": "3"}, {"error": "The service is full."})
    error = await client.fail("ModelInfer", make_request())
    assert (error.code(), error.details()) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "The service is full.")
    trailing = dict(error.trailing_metadata())
    assert (trailing["grpc-retry-pushback-ms"], trailing["retry-after"]) == ("3000", "3")


async def test_keys_and_ids_are_passed_on(service: FakeInference, client: Client) -> None:
    """The service sees the caller's key, request id and trace, and nothing else of its metadata."""
    service.answers[INFER] = make_answer()
    metadata = (
        ("authorization", "Bearer secret"),
        ("x-api-key", "secret"),
        ("x-request-id", "mine"),
        ("traceparent", "00-1-2-01"),
        ("x-request-timeout-seconds", "999"),
        ("a-bin", b"\x00"),
    )
    call = client.call("ModelInfer", make_request(), metadata=metadata)
    await call
    assert dict(await call.trailing_metadata())["x-request-id"] == "mine"
    headers = {name.lower(): value for name, value in service.seen[0].headers.items()}
    assert headers["authorization"] == "Bearer secret"
    assert headers["x-api-key"] == "secret"
    assert headers["x-request-id"] == "mine"
    assert headers["traceparent"] == "00-1-2-01"
    assert not {"x-request-timeout-seconds", "a-bin"} & headers.keys()


async def test_a_call_without_an_id_is_given_one(service: FakeInference, client: Client) -> None:
    """The one that the service logs is the one in the answer's metadata, also of an error."""
    error = await client.fail("ModelInfer", make_request())
    assert error.code() == grpc.StatusCode.NOT_FOUND
    assert service.seen[0].headers["x-request-id"] == dict(error.trailing_metadata())["x-request-id"]


async def test_a_missing_key_is_told_of_when_readiness_is_asked(service: FakeInference, client: Client) -> None:
    """A model that may not be seen is not said to be unready."""
    service.answers["/v2/models/colors/ready"] = (401, {}, {"error": "Send an API key."})
    error = await client.fail("ModelReady", messages.ModelReadyRequest(name="colors"))
    assert (error.code(), error.details()) == (grpc.StatusCode.UNAUTHENTICATED, "Send an API key.")


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
async def test_a_message_over_the_limit_is_refused(service: FakeInference, compression: grpc.Compression) -> None:
    """Its size counts as it is after decompression, and the service never sees it."""
    async with connect(service.url, max_message_bytes=2**20) as client:
        error = await client.fail("ModelInfer", make_request(bytes(2**21)), compression=compression)
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert not service.seen


async def test_large_messages_pass_within_the_limit(service: FakeInference, client: Client) -> None:
    """gRPC's own limit of 4 MiB does not hold for what is asked; a batch of tensors is larger."""
    service.answers[INFER] = make_answer(bytes(5 * 2**20))
    channel_options = make_request(bytes(20 * 2**20))
    error = await client.fail("ModelInfer", channel_options)
    # The answer arrived; it is this client that takes no more than 4 MiB.
    assert "5242" in (error.details() or "")
    assert len(service.seen[0].body) > 20 * 2**20


async def test_more_calls_than_allowed_are_refused(service: FakeInference) -> None:
    """One too many is RESOURCE_EXHAUSTED at once, and those under way are answered."""
    service.answers[INFER] = make_answer()
    service.hold.clear()
    async with connect(service.url, max_calls=1) as client:
        first = asyncio.ensure_future(_finish(client.call("ModelInfer", make_request())))
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
        first = asyncio.ensure_future(_finish(client.call("ModelInfer", make_request(bytes(600)))))
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
    waiting = asyncio.ensure_future(_finish(call))
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
    async with connect("http://[broken") as client:
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
            under_way = asyncio.ensure_future(_finish(Client(channel).call("ModelInfer", make_request())))
            await service.arrived.wait()
            stopping = asyncio.ensure_future(server.stop(30))
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as late:
                error = await Client(late).fail("ModelInfer", make_request())
            assert error.code() == grpc.StatusCode.UNAVAILABLE
            service.hold.set()
            assert (await under_way).id == "7"
            await stopping


async def _finish(call: Any) -> Any:
    return await call
