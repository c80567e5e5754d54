"""What each call asks of the service and answers, over a real channel, in front of a stand-in for the service."""

import json

import grpc
import grpc.aio
import pytest

from serve_app.grpc.protocol import health_pb2 as health
from serve_app.grpc.protocol import open_inference_pb2 as messages
from tests.fake_inference import FakeInference
from tests.grpc_client import INFER, JSON_SIZE, Client, connect, make_answer, make_request


async def test_an_inference_goes_there_and_back(service: FakeInference, client: Client) -> None:
    """The tensor's bytes reach the service behind the JSON that describes them, and the answer's come back."""
    service.answers[INFER] = make_answer()
    response = await client.call("ModelInfer", make_request(b"a photo"))
    assert (response.model_name, response.model_version, response.id) == ("colors", "1", "7")
    assert list(response.raw_output_contents) == [b"\x00\x00\x80\x3f"]
    (seen,) = service.seen
    size = int(seen.headers[JSON_SIZE.lower()])
    assert json.loads(seen.body[:size])["inputs"][0]["parameters"] == {"binary_data_size": 7}
    assert seen.body[size:] == b"a photo"
    assert int(seen.headers["content-length"]) == len(seen.body)


async def test_a_model_and_its_version_are_quoted(service: FakeInference, client: Client) -> None:
    """A name cannot lead to another address."""
    await client.fail("ModelInfer", make_request(model="../status", version="1/2?"))
    assert service.seen[0].path == "/v2/models/..%2Fstatus/versions/1%2F2%3F/infer"


async def test_models_and_server_are_described(service: FakeInference, client: Client) -> None:
    """Metadata, configuration, statistics and index are the service's documents; what no message has is left out."""
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
        "/v2/repository/index": [
            {"name": "colors", "version": "1", "state": "READY", "reason": ""},
            {"name": "shapes", "version": "1", "state": "UNAVAILABLE", "reason": "stopping"},
        ],
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
    index = await client.call("RepositoryIndex", messages.RepositoryIndexRequest())
    assert [(model.name, model.state) for model in index.models] == [("colors", "READY"), ("shapes", "UNAVAILABLE")]
    ready = await client.call("RepositoryIndex", messages.RepositoryIndexRequest(ready=True))
    assert [model.name for model in ready.models] == ["colors"]


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
    headers = service.seen[0].headers
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
