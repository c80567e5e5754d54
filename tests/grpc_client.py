"""A gRPC server in this process, and a client of it over a real channel."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
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
        """The health check that gRPC has itself."""
        answer: health.HealthCheckResponse = await self._channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health.HealthCheckRequest.SerializeToString,
            response_deserializer=health.HealthCheckResponse.FromString,
        )(health.HealthCheckRequest(service=service))
        return answer


@asynccontextmanager
async def connect(
    url: str, *, make_calls: Callable[[Upstream], Calls] = Calls, **options: Any
) -> AsyncIterator[Client]:
    """A client of a server in front of that address."""
    async with Upstream(url, timeout_s=options.get("answer_timeout_s", 30.0)) as upstream:
        server = build_server(make_calls(upstream), Options(service_url=url, **options))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Client(channel)
        await server.stop(0)


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


async def finish(call: Any) -> Any:
    """A coroutine of a call, to wait for it in a task."""
    return await call
