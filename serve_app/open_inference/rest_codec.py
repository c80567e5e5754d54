"""The body of an infer request and of its answer over REST: a JSON object, and behind it the tensors that are binary.

The JSON says by `binary_data_size` which tensors those are; they follow in its order. In JSON an element of BYTES is a
string: an encoded image as base64 or as a data URI. Knows nothing of HTTP but the length of the JSON part.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson

from serve_app.base64_images import decode_base64
from serve_app.errors import MalformedRequest, PayloadTooLarge
from serve_app.open_inference.messages import InferRequest, InferResponse, RequestedOutput
from serve_app.open_inference.tensors import BYTES, InputTensor, OutputTensor, pack_values
from serve_app.open_inference.views import View

_FLOAT_BYTES = 4
_US_PER_S = 1e6
# Commas of a request beside those between the elements of its tensor: parameters, and data URIs.
_MOST_COMMAS = 2000


@dataclass(frozen=True, slots=True)
class BinaryOutputs:
    """Which outputs are answered as binary: those named, and of the others all or none."""

    default: bool = False
    by_name: Mapping[str, bool] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether this one is."""
        return self.by_name.get(name, self.default)


def read_request(
    view: View, version: str, body: bytes, header_length: int | None, arrived_at: float, *, max_images: int
) -> tuple[InferRequest, BinaryOutputs]:
    """What a body asks of the view.

    header_length: of the JSON at its beginning, in bytes; None: it is all JSON. max_images: most in a request.
    Raises MalformedRequest, PayloadTooLarge.
    """
    length = len(body) if header_length is None else header_length
    if length > len(body):
        raise MalformedRequest(f"Inference-Header-Content-Length is {length}; the whole body has {len(body)} bytes.")
    # Each element becomes an object of Python's, many times as large as its text: counted before there are any.
    if body.count(b",", 0, length) > max_images * math.prod(view.input_dims) + _MOST_COMMAS:
        raise PayloadTooLarge(f"The JSON has more elements than {max_images} images. Send them in several requests.")
    try:
        document = orjson.loads(memoryview(body)[:length])
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(f"The body is not valid JSON: {error}.") from None
    document = _expect(document, dict, "The body")
    parameters = _read_parameters(document, "The request")
    inputs, end = _read_inputs(document, body, length)
    if end < len(body):
        raise MalformedRequest(f"The body has {len(body) - end} bytes behind the tensors that its JSON describes.")
    outputs, by_name = _read_outputs(document)
    default = _expect(parameters.get("binary_data_output", False), bool, "The parameter binary_data_output")
    request = InferRequest(
        view.name,
        inputs,
        outputs,
        version,
        id=_expect(document.get("id", ""), str, "id"),
        timeout_s=_read_timeout(parameters),
        arrived_at=arrived_at,
    )
    return request, BinaryOutputs(default, by_name)


def read_raw_request(view: View, version: str, body: bytes, arrived_at: float) -> tuple[InferRequest, BinaryOutputs]:
    """The request that a body without JSON is: the data of the view's only input, answered in binary.

    One image's bytes, or the floats of as many images as there are. Raises MalformedRequest.
    """
    if view.takes_tensor:
        count, rest = divmod(len(body), _FLOAT_BYTES * math.prod(view.input_dims))
        if rest or not count:
            raise MalformedRequest(
                f"The body has {len(body)} bytes; an image's tensor has {_FLOAT_BYTES * math.prod(view.input_dims)}."
            )
        tensor = InputTensor(view.input_name, view.input_datatype, (count, *view.input_dims), body)
    else:
        tensor = InputTensor(view.input_name, BYTES, (1, 1), [body])
    return InferRequest(view.name, (tensor,), version=version, arrived_at=arrived_at), BinaryOutputs(default=True)


def render_response(response: InferResponse, binary: BinaryOutputs) -> tuple[bytes, int | None]:
    """The body of an answer, and the length of its JSON where something binary follows that."""
    outputs: list[dict[str, Any]] = []
    parts: list[bytes] = []
    for output in response.outputs:
        described = {"name": output.name, "datatype": output.datatype, "shape": output.shape}
        if binary.has(output.name):
            parts.append(pack_values(output.values))
            outputs.append({**described, "parameters": {"binary_data_size": len(parts[-1])}})
        else:
            outputs.append({**described, "data": _list_values(output)})
    document = {"model_name": response.model, "model_version": response.version}
    if response.id:
        document["id"] = response.id
    header = orjson.dumps({**document, "outputs": outputs}, option=orjson.OPT_SERIALIZE_NUMPY)
    return b"".join((header, *parts)), len(header) if parts else None


def _list_values(output: OutputTensor) -> Any:
    if isinstance(output.values, tuple):
        return [element.decode() for element in output.values]
    return np.ascontiguousarray(output.values)


def _read_inputs(document: dict[str, Any], body: bytes, begin: int) -> tuple[tuple[InputTensor, ...], int]:
    """The tensors, and where the last binary one ends."""
    inputs = []
    for place, entry in enumerate(_expect(document.get("inputs"), list, "inputs")):
        where = f"inputs[{place}]"
        described = _expect(entry, dict, where)
        size = _read_parameters(described, where).get("binary_data_size")
        name, datatype = (_expect(described.get(key), str, f"{where}.{key}") for key in ("name", "datatype"))
        shape = tuple(
            _expect(dim, int, f"{where}.shape") for dim in _expect(described.get("shape"), list, f"{where}.shape")
        )
        data: Any
        if size is not None:
            end = begin + max(0, _expect(size, int, f"{where}.parameters.binary_data_size"))
            if end > len(body):
                raise MalformedRequest(f"The body ends within the binary data of the input {name!r}.")
            data, begin = memoryview(body)[begin:end], end
        else:
            data = _flatten(_expect(described.get("data"), list, f"{where}.data"), where)
            if datatype == BYTES:
                data = [decode_base64(_expect(text, str, f"An element of {where}.data")) for text in data]
        inputs.append(InputTensor(name, datatype, shape, data))
    return tuple(inputs), begin


def _read_outputs(document: dict[str, Any]) -> tuple[tuple[RequestedOutput, ...], dict[str, bool]]:
    outputs, by_name = [], {}
    for place, entry in enumerate(_expect(document.get("outputs", []), list, "outputs")):
        where = f"outputs[{place}]"
        described = _expect(entry, dict, where)
        parameters = _read_parameters(described, where)
        name = _expect(described.get("name"), str, f"{where}.name")
        if "binary_data" in parameters:
            by_name[name] = _expect(parameters["binary_data"], bool, f"{where}.parameters.binary_data")
        count = _expect(parameters.get("classification", 0), int, f"{where}.parameters.classification")
        outputs.append(RequestedOutput(name, count))
    return tuple(outputs), by_name


def _read_parameters(described: dict[str, Any], where: str) -> dict[str, Any]:
    parameters: dict[str, Any] = _expect(described.get("parameters", {}), dict, f"{where}.parameters")
    if "shared_memory_region" in parameters:
        raise MalformedRequest("Shared memory is not offered here. Send tensors in the request and take them from it.")
    return parameters


def _read_timeout(parameters: dict[str, Any]) -> float | None:
    """Seconds, of the protocol's microseconds; 0 stands for none."""
    timeout = _expect(parameters.get("timeout", 0), int, "The parameter timeout")
    return timeout / _US_PER_S if timeout > 0 else None


def _flatten(data: list[Any], where: str) -> list[Any]:
    """The elements in row-major order, however deep they lie."""
    while data and isinstance(data[0], list):
        data = [element for inner in data for element in _expect(inner, list, f"A row of {where}.data")]
    return data


_WORDS = {dict: "an object", list: "a list", str: "a string", int: "a whole number", bool: "true or false"}


def _expect(value: Any, kind: type[Any], what: str) -> Any:
    """The value, if it is of that kind; Python takes a bool for an int, JSON does not."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise MalformedRequest(f"{what} should be {_WORDS[kind]}.")
    return value
