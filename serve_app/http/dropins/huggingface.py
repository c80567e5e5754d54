"""Hugging Face's image classification, as `huggingface_hub.InferenceClient(model="http://host/huggingface")` speaks it.

A request is one raw photo, or JSON with the photo in base64 and parameters; an answer is a list of labels and scores.
"""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serve_app.errors import HttpError, MalformedRequest
from serve_app.http.classify import render_json
from serve_app.http.dropins.documentation import OCTETS, document_operation
from serve_app.http.dropins.operation import PhotoOperation
from serve_app.http.error_shapes import describe_as_error
from serve_app.http.problems import refuse_parameter
from serve_app.http.routes import HUGGING_FACE, HUGGING_FACE_WITH_MODEL
from serve_app.http.uploads import Upload, read_base64, read_content_type, read_upload
from serve_app.postprocessing import Logits, softmax

_FORM = '{"inputs": "<base64>", "parameters": {"top_k": 5}}'


class HuggingFaceParameters(BaseModel):
    """What may be asked of an answer. Others that a client sends are passed over."""

    model_config = ConfigDict(strict=True)

    top_k: int | None = Field(default=None, ge=1, le=10_000, description="Most labels; 5 where it is left out.")
    function_to_apply: Literal["softmax", "sigmoid", "none"] | None = Field(
        default=None, description="What makes scores of logits: softmax where it is left out; none leaves the logits."
    )


class HuggingFaceInputs(BaseModel):
    """A photo and parameters."""

    model_config = ConfigDict(strict=True)

    inputs: str = Field(description="The photo in base64, or a data URI of base64.")
    parameters: HuggingFaceParameters | None = None


class HuggingFaceElement(BaseModel):
    """A label and its score."""

    label: str = Field(examples=["tabby"])
    score: float = Field(examples=[0.61], description="Softmax score unless another function was asked for.")


class HuggingFaceError(BaseModel):
    """What went wrong, and what to do next."""

    error: str = Field(examples=["The JPEG image is damaged or cut short. Check that the whole file was sent."])


_BODY = {
    "image/*": OCTETS,
    "application/octet-stream": OCTETS,
    "application/json": {
        "schema": HuggingFaceInputs.model_json_schema(),
        "example": {"inputs": "<a photo in base64>", "parameters": {"top_k": 5}},
    },
}
_CLASSIFY = document_operation(
    "hugging face",
    list[HuggingFaceElement],
    "The labels of highest score, best first.",
    body=_BODY,
    error=HuggingFaceError,
    shape=describe_as_error,
)


def build_router(operation: PhotoOperation) -> APIRouter:
    """The routes under /huggingface."""
    router = APIRouter()

    @router.post(HUGGING_FACE, **_CLASSIFY)
    async def classify_for_hugging_face(request: Request) -> Response:
        """Classify a photo with the default model, for Hugging Face's clients."""
        return await _answer(operation, request, None)

    @router.post(HUGGING_FACE_WITH_MODEL, **_CLASSIFY)
    async def classify_for_hugging_face_with_model(request: Request, model: str) -> Response:
        """Classify a photo with the model of that name, for Hugging Face's clients."""
        return await _answer(operation, request, model)

    return router


async def _answer(operation: PhotoOperation, request: Request, name: str | None) -> Response:
    model = operation.admit(request, name)
    upload, parameters = await _read(request, operation)
    logits = await operation.infer(request, model, upload)
    scores = _apply(parameters.function_to_apply, logits)
    best = np.argsort(-scores, kind="stable")[: parameters.top_k or 5].tolist()
    labels = model.card.labels
    return render_json([{"label": labels[class_id], "score": round(float(scores[class_id]), 6)} for class_id in best])


async def _read(request: Request, operation: PhotoOperation) -> tuple[Upload, HuggingFaceParameters]:
    if read_content_type(request) != "application/json":
        return await read_upload(request, operation.limits, field="inputs"), HuggingFaceParameters()
    try:
        inputs = HuggingFaceInputs.model_validate(orjson.loads(await request.body()))
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(f"The body is not valid JSON: {error}.") from None
    except ValidationError as error:
        raise _refuse(error) from None
    return read_base64(inputs.inputs, operation.limits), inputs.parameters or HuggingFaceParameters()


def _refuse(error: ValidationError) -> HttpError:
    first = error.errors()[0]
    place: tuple[Any, ...] = first["loc"]
    if len(place) > 1:
        return refuse_parameter(str(place[1]), first["msg"])
    return MalformedRequest(f"The JSON needs the form {_FORM}, or send the photo's bytes as the body.")


def _apply(function: str | None, logits: Logits) -> npt.NDArray[np.float64]:
    """logits: (num_classes,) -> scores, likewise."""
    if function == "none":
        return logits.astype(np.float64)
    if function == "sigmoid":
        # Written so that no exponential overflows.
        return np.exp(-np.logaddexp(0.0, -logits.astype(np.float64)))
    return softmax(logits)
