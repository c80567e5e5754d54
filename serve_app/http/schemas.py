"""What /docs and /openapi.json say: the shapes of requests and answers, with examples. It validates nothing."""

from typing import Any

from pydantic import BaseModel, Field

from serve_app import errors
from serve_app.http.error_docs import document_errors
from serve_app.http.problems import describe_problem

_REQUEST_ID = "5f0c7b9e2a6f4d1f8f6e0e0d7c1b2a39"


class Prediction(BaseModel):
    """One class and its softmax score."""

    class_id: int = Field(examples=[281])
    label: str = Field(examples=["tabby"])
    score: float = Field(ge=0, le=1, examples=[0.61], description="Softmax score; not a calibrated probability.")


class TimingMs(BaseModel):
    """Where the time went inside the replica, in milliseconds."""

    decode: float = Field(examples=[2.4], description="Decoding and resizing.")
    queue: float = Field(examples=[0.1], description="Waiting for a decoder and for the model.")
    inference: float = Field(examples=[6.0], description="The model's batch.")


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(examples=["urn:argus:problem:undecodable_image"])
    title: str = Field(examples=["The image could not be decoded"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["The JPEG image is damaged or cut short. Check that the whole file was sent."])
    code: str = Field(examples=["undecodable_image"])
    request_id: str = Field(examples=[_REQUEST_ID])


class Result(BaseModel):
    """One image's answer: `predictions`, or `error` where this image of several failed."""

    filename: str | None = Field(examples=["cat.jpg"], description="As sent in multipart; null otherwise.")
    width: int | None = Field(default=None, examples=[451], description="Pixels, upright.")
    height: int | None = Field(default=None, examples=[300])
    predictions: list[Prediction] | None = None
    timing_ms: TimingMs | None = None
    error: Problem | None = None


class ModelReference(BaseModel):
    """The model that answered."""

    name: str = Field(examples=["efficientnet_lite0"])
    version: str = Field(examples=["3f9c2ab14d07"])


class Classification(BaseModel):
    """The answer to a classification."""

    request_id: str = Field(examples=[_REQUEST_ID])
    model: ModelReference
    results: list[Result] = Field(description="One for each image, in order.")


class ModelInput(BaseModel):
    """What the network sees."""

    height: int = Field(examples=[224])
    width: int = Field(examples=[224])
    channels: str = Field(examples=["RGB"])


class Preprocessing(BaseModel):
    """Resize the short side, crop the centre, then (x / 255 - mean) / std."""

    resize_size: int = Field(examples=[256])
    crop_size: int = Field(examples=[224])
    interpolation: str = Field(examples=["bicubic"])
    mean: list[float] = Field(examples=[[0.498, 0.498, 0.498]])
    std: list[float] = Field(examples=[[0.502, 0.502, 0.502]])


class Quantisation(BaseModel):
    """How an int8 model was made, and how often its first label was that of fp32 on photos that had no part in it."""

    calibration_photos: int = Field(examples=[300])
    checked_photos: int = Field(examples=[700])
    agreement: float = Field(ge=0, le=1, examples=[0.973])
    photos_sha256: str


class Accuracy(BaseModel):
    """How often the model is right, and who says so."""

    top1: float = Field(ge=0, le=1, examples=[0.888], description="Share of photos whose first label is right.")
    top5: float | None = Field(ge=0, le=1, examples=[0.976], description="One of the first five; null if not known.")
    photos: int = Field(examples=[1000], description="On how many labelled photos.")
    precision: str = Field(examples=["fp32"], description="Of the measurement; it need not be the one that is served.")
    source: str = Field(examples=["measured by Argus on labelled ImageNet photos"])


class Model(BaseModel):
    """A model that is served."""

    name: str = Field(examples=["efficientnet_lite0"])
    version: str = Field(examples=["3f9c2ab14d07"], description="Changes with weights, preprocessing and precision.")
    default: bool
    weights: str = Field(examples=["IMAGENET1K_V2"])
    num_classes: int = Field(examples=[1000])
    num_parameters: int = Field(examples=[4652008])
    input: ModelInput
    preprocessing: Preprocessing
    runtime: str = Field(examples=["openvino"])
    precision: str = Field(examples=["bf16"])
    quantisation: Quantisation | None = Field(description="Of an int8 model; null otherwise.")
    accuracy: Accuracy | None = Field(description="Null where nobody measured it.")
    license: str = Field(examples=["Apache-2.0"])
    source: str
    state: str = Field(examples=["ready"])


class Models(BaseModel):
    """Every model that is served."""

    models: list[Model]


class Labels(BaseModel):
    """A model's labels."""

    model: str = Field(examples=["efficientnet_lite0"])
    labels: list[str] = Field(examples=[["tench", "goldfish"]])


class Status(BaseModel):
    """A state in one word."""

    status: str = Field(examples=["ready"])


def describe_problems(*kinds: type[errors.HttpError]) -> dict[int | str, dict[str, Any]]:
    """Response documentation of the errors that a route can answer."""
    return document_errors(kinds, Problem, lambda error: describe_problem(error, _REQUEST_ID))


_LINK = {
    "type": "object",
    "properties": {
        "url": {
            "type": "string",
            "examples": ["https://images.example.com/cat.jpg"],
            "description": "Where the service fetches the image, if its operator has switched that on.",
        }
    },
    "required": ["url"],
    "additionalProperties": False,
}
_BASE64 = {"type": "string", "description": "Base64, or a data URI of base64."}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "required": True,
    "content": {
        "image/*": _BINARY,
        "application/octet-stream": _BINARY,
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                "required": ["file"],
            }
        },
        "application/json": {
            "schema": {
                "anyOf": [
                    {
                        "type": "object",
                        "properties": {
                            "images": {"type": "array", "minItems": 1, "items": {"anyOf": [_BASE64, _LINK]}}
                        },
                        "required": ["images"],
                    },
                    _LINK,
                ]
            }
        },
    },
}

# Whatever can happen to a request that brings images.
CLASSIFY_ERRORS: tuple[type[errors.HttpError], ...] = (
    errors.MalformedRequest,
    errors.Unauthenticated,
    errors.Forbidden,
    errors.ModelNotFound,
    errors.PayloadTooLarge,
    errors.UnsupportedMediaType,
    errors.UndecodableImage,
    errors.ImageTooLarge,
    errors.InvalidParameter,
    errors.Overloaded,
    errors.RateLimited,
    errors.NotReady,
    errors.DeadlineExceeded,
)
# None at all, or one in either header.
KEYS: list[dict[str, list[str]]] = [{}, {"bearer": []}, {"header": []}]

CLASSIFY: dict[str, Any] = {
    "tags": ["classify"],
    "response_model": None,
    "responses": {
        200: {"model": Classification, "description": "One result for each image."},
        **describe_problems(*CLASSIFY_ERRORS, errors.UrlNotFetched),
    },
    "openapi_extra": {"requestBody": _BODY, "security": KEYS},
}
MODELS: dict[str, Any] = {
    "tags": ["models"],
    "response_model": None,
    "responses": {200: {"model": Models, "description": "The models."}, **describe_problems()},
}
MODEL: dict[str, Any] = {
    "tags": ["models"],
    "response_model": None,
    "responses": {
        200: {"model": Model, "description": "The model."},
        **describe_problems(errors.ModelNotFound, errors.InvalidParameter),
    },
}
LABELS: dict[str, Any] = {
    "tags": ["models"],
    "response_model": None,
    "responses": {
        200: {"model": Labels, "description": "The labels."},
        **describe_problems(errors.ModelNotFound, errors.InvalidParameter),
    },
}
LIVE: dict[str, Any] = {
    "tags": ["health"],
    "response_model": None,
    "responses": {200: {"model": Status, "description": "Live."}, **describe_problems()},
}
READY: dict[str, Any] = {
    "tags": ["health"],
    "response_model": None,
    "responses": {200: {"model": Status, "description": "Ready."}, **describe_problems(errors.NotReady)},
}
