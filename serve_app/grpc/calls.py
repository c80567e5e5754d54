"""What each call of the protocol asks of the service, and the message that it makes of the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import grpc
import orjson
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message

from serve_app.grpc.protocol import health_pb2 as health
from serve_app.grpc.protocol import open_inference_pb2 as messages
from serve_app.grpc.statuses import CallError, translate_error
from serve_app.grpc.tensors import read_answer, write_request
from serve_app.grpc.upstream import Answer, Upstream

M = TypeVar("M", bound=Message)

JSON_SIZE_HEADER = "Inference-Header-Content-Length"
SERVICE = messages.DESCRIPTOR.services_by_name["GRPCInferenceService"].full_name


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. headers: what of the call's metadata goes to the service; seconds_left: until its deadline."""

    headers: Mapping[str, str]
    seconds_left: float | None = None


class Calls:
    """One method a call. Each raises CallError, or TimeoutError when the service takes too long."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def server_live(self, _request: messages.ServerLiveRequest, caller: Caller) -> messages.ServerLiveResponse:
        """Whether a replica answers."""
        return messages.ServerLiveResponse(live=await self._is_well("/v2/health/live", caller))

    async def server_ready(self, _request: messages.ServerReadyRequest, caller: Caller) -> messages.ServerReadyResponse:
        """Whether the models are loaded and warm."""
        return messages.ServerReadyResponse(ready=await self._is_well("/v2/health/ready", caller))

    async def model_ready(self, request: messages.ModelReadyRequest, caller: Caller) -> messages.ModelReadyResponse:
        """Whether one model is; false for one that is not served."""
        path = f"{_name_model(request.name, request.version)}/ready"
        return messages.ModelReadyResponse(ready=await self._is_well(path, caller))

    async def server_metadata(
        self, _request: messages.ServerMetadataRequest, caller: Caller
    ) -> messages.ServerMetadataResponse:
        """Name, version and extensions."""
        return _fill(messages.ServerMetadataResponse(), await self._read("/v2", caller))

    async def model_metadata(
        self, request: messages.ModelMetadataRequest, caller: Caller
    ) -> messages.ModelMetadataResponse:
        """A model's inputs and outputs."""
        path = _name_model(request.name, request.version)
        return _fill(messages.ModelMetadataResponse(), await self._read(path, caller))

    async def model_config(self, request: messages.ModelConfigRequest, caller: Caller) -> messages.ModelConfigResponse:
        """A model's configuration."""
        config = await self._read(f"{_name_model(request.name, request.version)}/config", caller)
        return messages.ModelConfigResponse(config=_fill(messages.ModelConfig(), config))

    async def model_statistics(
        self, request: messages.ModelStatisticsRequest, caller: Caller
    ) -> messages.ModelStatisticsResponse:
        """What was counted of one model, or of all where none is named."""
        path = f"{_name_model(request.name, request.version)}/stats" if request.name else "/v2/models/stats"
        return _fill(messages.ModelStatisticsResponse(), await self._read(path, caller))

    async def repository_index(
        self, request: messages.RepositoryIndexRequest, caller: Caller
    ) -> messages.RepositoryIndexResponse:
        """Every model, or only those that are ready."""
        index = _read_json(await self._ask("POST", "/v2/repository/index", caller))
        response = _fill(messages.RepositoryIndexResponse(), {"models": index})
        models = [model for model in response.models if model.state == "READY" or not request.ready]
        return messages.RepositoryIndexResponse(models=models)

    async def model_infer(self, request: messages.ModelInferRequest, caller: Caller) -> messages.ModelInferResponse:
        """Run a model."""
        document, tensors = write_request(request)
        headers = {"Content-Type": "application/octet-stream", JSON_SIZE_HEADER: str(len(document))}
        path = f"{_name_model(request.model_name, request.model_version)}/infer"
        answer = await self._ask("POST", path, caller, [document, *tensors], headers)
        try:
            return read_answer(answer.body, int(answer.headers.get(JSON_SIZE_HEADER, len(answer.body))))
        except (ValueError, KeyError, TypeError):
            raise _unreadable() from None

    async def check_health(self, request: health.HealthCheckRequest, caller: Caller) -> health.HealthCheckResponse:
        """Whether the service is ready, as gRPC's own health checks ask."""
        if request.service not in ("", SERVICE):
            raise CallError(grpc.StatusCode.NOT_FOUND, f"There is no service {request.service!r} here.")
        ready = await self._is_well("/v2/health/ready", caller)
        status = health.HealthCheckResponse.SERVING if ready else health.HealthCheckResponse.NOT_SERVING
        return health.HealthCheckResponse(status=status)

    async def _is_well(self, path: str, caller: Caller) -> bool:
        try:
            await self._ask("GET", path, caller)
        except CallError as error:
            if error.code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
                raise
            return False
        return True

    async def _read(self, path: str, caller: Caller) -> Any:
        return _read_json(await self._ask("GET", path, caller))

    async def _ask(
        self, method: str, path: str, caller: Caller, body: list[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        answer = await self._upstream.ask(
            method,
            path,
            headers={**caller.headers, **(headers or {})},
            body=body or (),
            seconds_left=caller.seconds_left,
        )
        if answer.status >= 300:
            raise translate_error(answer.status, answer.headers, answer.body)
        return answer


def _name_model(name: str, version: str) -> str:
    path = f"/v2/models/{quote(name, safe='')}"
    return f"{path}/versions/{quote(version, safe='')}" if version else path


def _read_json(answer: Answer) -> Any:
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise _unreadable() from None


def _fill(message: M, document: Any) -> M:
    # The protocol's JSON has the names of its messages. What the service says beyond them stays with HTTP.
    try:
        ParseDict(document, message, ignore_unknown_fields=True)
    except (ParseError, AttributeError, TypeError):
        raise _unreadable() from None
    return message


def _unreadable() -> CallError:
    return CallError(
        grpc.StatusCode.INTERNAL, "The service's answer could not be read. Both need to be of one version."
    )
