"""gRPC in front of the service's own HTTP application, with models that tell colours apart: both speak of the same."""

import asyncio
import socket
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import numpy as np
import pytest
import uvicorn
from PIL import Image

from serve_app.classifier import ModelRepository
from serve_app.grpc.protocol import open_inference_pb2 as messages
from serve_app.http.app import create_app
from serve_app.settings import OverloadSettings, Settings
from tests.fakes import ColorRuntime, make_repository
from tests.grpc_client import Client, connect, finish
from tests.photos import encode

SETTINGS = Settings(overload=OverloadSettings(max_pending_images=32))
BLUE = encode(Image.new("RGB", (40, 40), (0, 0, 255)), "PNG")


@pytest.fixture
def runtime() -> ColorRuntime:
    """The model, which a test may hold."""
    return ColorRuntime()


@pytest.fixture
def repository(runtime: ColorRuntime) -> ModelRepository:
    """It alone, as the service knows it."""
    return make_repository(SETTINGS, colors=runtime)


@pytest.fixture
async def client(repository: ModelRepository) -> AsyncIterator[Client]:
    """A client of a gRPC server in front of the application, served over HTTP."""
    config = uvicorn.Config(create_app(repository, SETTINGS), log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve([listening]))
        async with connect(f"http://127.0.0.1:{listening.getsockname()[1]}") as one:
            yield one
        server.should_exit = True
        await serving
    repository.close()


def make_request(photos: list[bytes], *, classes: int = 0) -> messages.ModelInferRequest:
    """Photos for the encoded view, as values."""
    request = messages.ModelInferRequest(model_name="colors")
    request.inputs.add(name="image", datatype="BYTES", shape=[len(photos), 1]).contents.bytes_contents.extend(photos)
    if classes:
        request.outputs.add(name="scores").parameters["classification"].int64_param = classes
    return request


async def test_photos_and_tensors_are_classified(client: Client) -> None:
    """Both views give the same scores, one row for each image."""
    response = await client.call("ModelInfer", make_request([BLUE, BLUE]))
    assert list(response.outputs[0].shape) == [2, 3]
    scores = np.frombuffer(response.raw_output_contents[0], "<f4").reshape(2, 3)
    assert scores.argmax(axis=1).tolist() == [2, 2]
    planes = np.zeros((1, 3, 28, 28), np.float32)
    planes[:, 2] = 1.0
    request = messages.ModelInferRequest(model_name="colors_tensor")
    request.inputs.add(name="input", datatype="FP32", shape=planes.shape)
    request.raw_input_contents.append(planes.tobytes())
    response = await client.call("ModelInfer", request)
    assert np.frombuffer(response.raw_output_contents[0], "<f4").tolist() == scores[0].tolist()


async def test_classes_are_texts_with_their_lengths(client: Client) -> None:
    """The classification extension's answer is a BYTES tensor."""
    response = await client.call("ModelInfer", make_request([BLUE], classes=1))
    assert (response.outputs[0].datatype, list(response.outputs[0].shape)) == ("BYTES", [1, 1])
    assert response.raw_output_contents[0] == b"\x0f\x00\x00\x001.000000:2:blue"


async def test_everything_that_can_be_asked_has_its_message(client: Client) -> None:
    """Names agree between what the service says and what the messages hold."""
    assert (await client.call("ServerLive", messages.ServerLiveRequest())).live
    assert (await client.call("ServerReady", messages.ServerReadyRequest())).ready
    assert (await client.call("ModelReady", messages.ModelReadyRequest(name="colors_tensor", version="1"))).ready
    assert (await client.call("ServerMetadata", messages.ServerMetadataRequest())).name == "argus"
    metadata = await client.call("ModelMetadata", messages.ModelMetadataRequest(name="colors_tensor"))
    assert list(metadata.inputs[0].shape) == [-1, 3, 28, 28]
    config = (await client.call("ModelConfig", messages.ModelConfigRequest(name="colors"))).config
    assert (config.max_batch_size, config.WhichOneof("scheduling_choice")) == (32, "dynamic_batching")
    assert config.parameters["served_model"].string_value == "colors"
    await client.call("ModelInfer", make_request([BLUE]))
    (stats,) = (await client.call("ModelStatistics", messages.ModelStatisticsRequest(name="colors"))).model_stats
    assert (stats.inference_count, stats.inference_stats.success.count) == (1, 1)
    assert stats.inference_stats.compute_infer.ns > 0
    index = await client.call("RepositoryIndex", messages.RepositoryIndexRequest(ready=True))
    assert [model.name for model in index.models] == ["colors", "colors_tensor"]


async def test_a_full_service_says_when_to_try_again(client: Client, runtime: ColorRuntime) -> None:
    """Its 429 is RESOURCE_EXHAUSTED, with its Retry-After as a hint to wait."""
    runtime.go.clear()
    full = asyncio.ensure_future(finish(client.call("ModelInfer", make_request([BLUE] * 32))))
    await asyncio.to_thread(runtime.entered.wait, 20)
    error = await client.fail("ModelInfer", make_request([BLUE]))
    runtime.go.set()
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert int(dict(error.trailing_metadata())["grpc-retry-pushback-ms"]) >= 1000
    assert (await full).outputs


async def test_a_caller_that_leaves_frees_its_place(
    client: Client, repository: ModelRepository, runtime: ColorRuntime
) -> None:
    """What it asked for is dropped, and the model never sees the images that waited."""
    runtime.go.clear()
    first = asyncio.ensure_future(finish(client.call("ModelInfer", make_request([BLUE]))))
    await asyncio.to_thread(runtime.entered.wait, 20)
    leaving = client.call("ModelInfer", make_request([BLUE] * 31))
    waiting = asyncio.ensure_future(finish(leaving))
    while repository.queued < 31:
        await asyncio.sleep(0.001)
    assert (await client.fail("ModelInfer", make_request([BLUE]))).code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    leaving.cancel()
    await asyncio.wait([waiting])
    while repository.queued:
        await asyncio.sleep(0.001)
    runtime.go.set()
    await first
    response = await client.call("ModelInfer", make_request([BLUE]))
    assert response.outputs
    assert runtime.images < 32
