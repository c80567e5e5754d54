"""TorchServe's inference API: `/predictions/{model}` as its image_classifier handler answers, and `/ping`."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, RootModel

from serve_app.classifier import Backend, ServedModel
from serve_app.errors import ModelNotFound, NotReady
from serve_app.http.classify import render_json
from serve_app.http.dropins.documentation import OCTETS, describe_form, document_operation
from serve_app.http.dropins.operation import PhotoOperation
from serve_app.http.error_docs import document_errors
from serve_app.http.error_shapes import describe_for_torchserve, describe_ping
from serve_app.http.routes import PREDICTIONS, PREDICTIONS_WITH_VERSION
from serve_app.http.uploads import read_upload
from serve_app.postprocessing import rank_predictions

_TOP_K = 5
# A service has one version of each model. Beside its own name, it is what TorchServe's archives call the first.
_FIRST_VERSIONS = ("1", "1.0")


class TorchServeError(BaseModel):
    """What went wrong, and what to do next."""

    code: int = Field(examples=[404])
    type: str = Field(examples=["ModelNotFoundException"])
    message: str = Field(examples=["There is no model 'resnet-18' here. GET /v1/models lists those that are."])


class TorchServeScores(RootModel[dict[str, float]]):
    """Labels and their scores."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tabby": 0.61, "tiger cat": 0.2, "Egyptian cat": 0.11}]})


class TorchServeHealth(BaseModel):
    """Whether photos can be classified."""

    status: str = Field(examples=["Healthy"])


class TorchServeUnhealthy(TorchServeError):
    """That they cannot."""

    status: str = Field(examples=["Unhealthy"])


_BODY = {"image/*": OCTETS, "application/octet-stream": OCTETS, **describe_form("data")}
_PREDICT = document_operation(
    "torchserve",
    TorchServeScores,
    "The five labels of highest score, best first, each with its score.",
    body=_BODY,
    error=TorchServeError,
    shape=describe_for_torchserve,
)
_PING: dict[str, Any] = {
    "tags": ["torchserve"],
    "response_model": None,
    "responses": {
        200: {"model": TorchServeHealth, "description": "Healthy."},
        **document_errors([NotReady], TorchServeUnhealthy, describe_ping),
    },
}


def build_router(backend: Backend, operation: PhotoOperation) -> APIRouter:
    """The routes of TorchServe's inference API."""
    router = APIRouter()

    # `curl -T photo.jpg`, with which its documentation begins, is a PUT.
    @router.put(PREDICTIONS, **_PREDICT)
    @router.post(PREDICTIONS, **_PREDICT)
    async def predict(request: Request, model: str) -> Response:
        """Classify a photo with the model of that name, for TorchServe's clients."""
        return await _answer(operation, request, operation.admit(request, model))

    @router.put(PREDICTIONS_WITH_VERSION, **_PREDICT)
    @router.post(PREDICTIONS_WITH_VERSION, **_PREDICT)
    async def predict_with_version(request: Request, model: str, version: str) -> Response:
        """The same, with the model's version named: the one of /v1/models, or 1.0."""
        served = operation.admit(request, model)
        if version not in (served.card.version, *_FIRST_VERSIONS):
            raise ModelNotFound(f"The model {model!r} has the version {served.card.version} here, and no {version!r}.")
        return await _answer(operation, request, served)

    @router.get("/ping", **_PING)
    async def ping() -> Response:
        """Whether photos can be classified, for TorchServe's clients."""
        if not backend.ready:
            raise NotReady("The model is not loaded yet, or the service is stopping. Try again.", retry_after_s=1.0)
        return render_json({"status": "Healthy"})

    return router


async def _answer(operation: PhotoOperation, request: Request, model: ServedModel) -> Response:
    upload = await read_upload(request, operation.limits, field="data")
    logits = await operation.infer(request, model, upload)
    answer: dict[str, float] = {}
    for prediction in rank_predictions(logits, model.card.labels, top_k=_TOP_K, min_score=0.0):
        # Of two classes with one label, such as ImageNet's cranes, the better one is told of.
        answer.setdefault(prediction.label, round(prediction.score, 6))
    return render_json(answer)
