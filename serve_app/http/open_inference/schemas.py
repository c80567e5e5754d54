"""What /docs and /openapi.json say of the routes under /v2. It validates nothing."""

from typing import Any

from pydantic import BaseModel, Field

from serve_app import errors
from serve_app.http.error_docs import document_errors
from serve_app.http.error_shapes import describe_as_error
from serve_app.http.schemas import CLASSIFY_ERRORS, KEYS

_TAG = "open inference protocol v2"


class ErrorAnswer(BaseModel):
    """What went wrong, and what to do next."""

    error: str = Field(examples=["There is no model 'resnet50' here. POST /v2/repository/index lists those that are."])


class Server(BaseModel):
    """The server."""

    name: str = Field(examples=["argus"])
    version: str = Field(examples=["0.1.0"])
    extensions: list[str] = Field(
        examples=[["binary_tensor_data", "classification", "model_configuration", "statistics"]]
    )


class Live(BaseModel):
    """That the process answers."""

    live: bool = Field(examples=[True])


class Ready(BaseModel):
    """That every model can be asked."""

    ready: bool = Field(examples=[True])


class ModelReady(BaseModel):
    """That the model can be asked."""

    name: str = Field(examples=["efficientnet_lite0"])
    ready: bool = Field(examples=[True])


class TensorDescription(BaseModel):
    """A tensor of a model. In the shape -1 stands for the number of images."""

    name: str = Field(examples=["image"])
    datatype: str = Field(examples=["BYTES"])
    shape: list[int] = Field(examples=[[-1, 1]])


class Metadata(BaseModel):
    """A model's input and output."""

    name: str = Field(examples=["efficientnet_lite0"])
    versions: list[str] = Field(examples=[["1"]])
    platform: str = Field(examples=["openvino"])
    inputs: list[TensorDescription]
    outputs: list[TensorDescription] = Field(examples=[[{"name": "scores", "datatype": "FP32", "shape": [-1, 1000]}]])


class ConfigTensor(BaseModel):
    """A tensor of a model, without the dimension of the images."""

    name: str = Field(examples=["input"])
    data_type: str = Field(examples=["TYPE_FP32"])
    format: str | None = Field(default=None, examples=["FORMAT_NCHW"])
    dims: list[int] = Field(examples=[[3, 224, 224]])
    label_filename: str | None = Field(default=None, description="Of outputs whose values belong to labels.")


class ConfigParameter(BaseModel):
    """A value of the configuration that has no field of its own."""

    string_value: str = Field(examples=["(x / 255 - mean) / std, RGB"])


class Config(BaseModel):
    """A model's configuration in the form of Triton's."""

    name: str = Field(examples=["efficientnet_lite0_tensor"])
    platform: str = Field(examples=["openvino"])
    backend: str = Field(examples=["argus"])
    version_policy: dict[str, Any] = Field(examples=[{"latest": {"num_versions": 1}}])
    max_batch_size: int = Field(examples=[32], description="Most images in one request.")
    input: list[ConfigTensor]
    output: list[ConfigTensor]
    dynamic_batching: dict[str, Any] = Field(description="Empty: requests that wait together are run together.")
    model_transaction_policy: dict[str, bool] = Field(examples=[{"decoupled": False}])
    parameters: dict[str, ConfigParameter]


class Duration(BaseModel):
    """How often something happened, and how long it took in all."""

    count: int = Field(examples=[20])
    ns: int = Field(examples=[294000000], description="Nanoseconds.")


class InferenceStatistics(BaseModel):
    """Of whole requests; the times of a request with several images are those of its slowest. There is no cache."""

    success: Duration
    fail: Duration
    queue: Duration
    compute_input: Duration = Field(description="Reading the request, decoding and resizing.")
    compute_infer: Duration = Field(description="The model's batch.")
    compute_output: Duration
    cache_hit: Duration
    cache_miss: Duration


class ModelStatistics(BaseModel):
    """What one model was asked by this protocol, over all replicas that ever were."""

    name: str = Field(examples=["efficientnet_lite0"])
    version: str = Field(examples=["1"])
    inference_count: int = Field(examples=[24], description="Images.")
    execution_count: int = Field(examples=[20], description="Batches; of one that was shared, the share.")
    inference_stats: InferenceStatistics
    batch_stats: list[dict[str, Any]] = Field(description="Empty: not counted by size.")


class Statistics(BaseModel):
    """What the models were asked."""

    model_stats: list[ModelStatistics]


class IndexEntry(BaseModel):
    """A model of the repository."""

    name: str = Field(examples=["efficientnet_lite0"])
    version: str = Field(examples=["1"])
    state: str = Field(examples=["READY"])
    reason: str = Field(examples=[""])


class InputTensor(BaseModel):
    """An input. The tensor is in `data`, or binary behind the JSON, with its size in the parameters."""

    name: str = Field(examples=["image"], description="`image` of the image view, `input` of the tensor view.")
    datatype: str = Field(examples=["BYTES"])
    shape: list[int] = Field(examples=[[1, 1]])
    parameters: dict[str, Any] | None = Field(default=None, description="`binary_data_size`, in bytes.")
    data: list[Any] | None = Field(
        default=None, description="Elements in row-major order, nested or flat. Images: base64, or data URIs of base64."
    )


class RequestedOutput(BaseModel):
    """An output that is asked for."""

    name: str = Field(examples=["scores"], description="`scores` or `logits`.")
    parameters: dict[str, Any] | None = Field(
        default=None,
        examples=[{"classification": 5}],
        description="`classification`: so many of the best classes; `binary_data`: as binary.",
    )


class InferRequest(BaseModel):
    """A request of inference."""

    id: str | None = Field(default=None, description="Comes back in the answer.")
    parameters: dict[str, Any] | None = Field(
        default=None, description="`binary_data_output`: all outputs as binary; `timeout`: microseconds."
    )
    inputs: list[InputTensor]
    outputs: list[RequestedOutput] | None = Field(default=None, description="`scores` where it is left out.")


class OutputTensor(BaseModel):
    """An output. The tensor is in `data`, or binary behind the JSON, with its size in the parameters."""

    name: str = Field(examples=["scores"])
    datatype: str = Field(examples=["BYTES"])
    shape: list[int] = Field(examples=[[1, 2]])
    parameters: dict[str, Any] | None = None
    data: list[Any] | None = Field(default=None, examples=[["0.611735:281:tabby", "0.203417:282:tiger cat"]])


class InferAnswer(BaseModel):
    """The answer of inference."""

    model_name: str = Field(examples=["efficientnet_lite0"])
    model_version: str = Field(examples=["1"])
    id: str | None = Field(default=None, description="The request's, if it had one.")
    outputs: list[OutputTensor]


def _describe(answer: Any, meaning: str, *kinds: type[errors.HttpError]) -> dict[str, Any]:
    """What FastAPI is told of a route. kinds: the errors that it can answer, beside what nobody foresaw."""
    responses = {
        200: {"model": answer, "description": meaning},
        **document_errors(kinds, ErrorAnswer, describe_as_error),
    }
    return {"tags": [_TAG], "response_model": None, "responses": responses}


_OCTETS = {"schema": {"type": "string", "format": "binary"}}
_LENGTH = {
    "name": "Inference-Header-Content-Length",
    "in": "header",
    "required": False,
    "description": "Bytes of the JSON before binary tensors; 0 where the body is one raw tensor without JSON.",
    "schema": {"type": "integer", "minimum": 0},
}
_EXAMPLE = {
    "inputs": [{"name": "image", "datatype": "BYTES", "shape": [1, 1], "data": ["<an image in base64>"]}],
    "outputs": [{"name": "scores", "parameters": {"classification": 5}}],
}

SERVER = _describe(Server, "The server.")
LIVE = _describe(Live, "Live.")
READY = _describe(Ready, "Ready.", errors.NotReady)
INDEX = _describe(list[IndexEntry], "The models.", errors.PayloadTooLarge, errors.Overloaded)
STATISTICS = _describe(Statistics, "The statistics.", errors.NotReady)
MODEL_STATISTICS = _describe(Statistics, "The statistics.", errors.ModelNotFound, errors.NotReady)
METADATA = _describe(Metadata, "The metadata.", errors.ModelNotFound)
MODEL_READY = _describe(ModelReady, "Ready.", errors.ModelNotFound, errors.NotReady)
CONFIG = _describe(Config, "The configuration.", errors.ModelNotFound)
INFER = _describe(InferAnswer, "The answer: JSON, or JSON and binary tensors behind it.", *CLASSIFY_ERRORS)
INFER["responses"][200]["content"] = {"application/octet-stream": _OCTETS}
INFER["openapi_extra"] = {
    "security": KEYS,
    "parameters": [_LENGTH],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": InferRequest.model_json_schema(), "example": _EXAMPLE},
            "application/octet-stream": _OCTETS,
        },
    },
}
