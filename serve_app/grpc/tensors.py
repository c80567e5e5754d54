"""Inference messages <-> the body of `POST /v2/models/<name>/infer`: a JSON document, then the tensors as bytes.

Tensors travel as the bytes that they are; only values that a caller wrote one by one (`contents`) are put into bytes
here. Knows nothing of what they mean.
"""

import array
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from serve_app.grpc.protocol import open_inference_pb2 as messages
from serve_app.grpc.statuses import refuse_argument

# By datatype: the field of `contents` that holds its values, and the code of `array` for one of them.
_CONTENTS = {
    "BOOL": ("bool_contents", "b"),
    "INT8": ("int_contents", "b"),
    "INT16": ("int_contents", "h"),
    "INT32": ("int_contents", "i"),
    "INT64": ("int64_contents", "q"),
    "UINT8": ("uint_contents", "B"),
    "UINT16": ("uint_contents", "H"),
    "UINT32": ("uint_contents", "I"),
    "UINT64": ("uint64_contents", "Q"),
    "FP32": ("fp32_contents", "f"),
    "FP64": ("fp64_contents", "d"),
}


def write_request(request: messages.ModelInferRequest) -> tuple[bytes, list[bytes]]:
    """The JSON of a request, which asks for binary outputs, and the bytes of its inputs. Raises CallError."""
    _refuse_shared_memory([*request.inputs, *request.outputs])
    tensors = _collect_inputs(request)
    document: dict[str, Any] = {
        "inputs": [
            {
                "name": tensor.name,
                "shape": list(tensor.shape),
                "datatype": tensor.datatype,
                "parameters": {**_read_parameters(tensor.parameters), "binary_data_size": len(data)},
            }
            for tensor, data in zip(request.inputs, tensors, strict=True)
        ],
        "parameters": {**_read_parameters(request.parameters), "binary_data_output": True},
    }
    if request.id:
        document["id"] = request.id
    if request.outputs:
        document["outputs"] = [
            {"name": output.name, "parameters": {**_read_parameters(output.parameters), "binary_data": True}}
            for output in request.outputs
        ]
    return orjson.dumps(document), tensors


def read_answer(body: bytes, json_size: int) -> messages.ModelInferResponse:
    """The message of an answer whose first `json_size` bytes are its JSON. Raises ValueError, KeyError or TypeError."""
    document = orjson.loads(body[:json_size])
    response = messages.ModelInferResponse(
        model_name=document["model_name"], model_version=document.get("model_version", ""), id=document.get("id", "")
    )
    _write_parameters(response.parameters, document.get("parameters", {}))
    begin = json_size
    for output in document["outputs"]:
        parameters = dict(output.get("parameters", {}))
        end = begin + parameters.pop("binary_data_size")
        if end > len(body):
            raise ValueError("the answer is shorter than it says")
        tensor = response.outputs.add(name=output["name"], datatype=output["datatype"], shape=output["shape"])
        _write_parameters(tensor.parameters, parameters)
        response.raw_output_contents.append(body[begin:end])
        begin = end
    return response


def _refuse_shared_memory(
    tensors: Iterable[
        messages.ModelInferRequest.InferInputTensor | messages.ModelInferRequest.InferRequestedOutputTensor
    ],
) -> None:
    for tensor in tensors:
        if "shared_memory_region" in tensor.parameters:
            raise refuse_argument(
                f"{tensor.name}: shared memory is not offered here. Send tensors in requests, take them from answers."
            )


def _collect_inputs(request: messages.ModelInferRequest) -> list[bytes]:
    raw = request.raw_input_contents
    if not raw:
        return [_write_contents(tensor) for tensor in request.inputs]
    if len(raw) != len(request.inputs):
        raise refuse_argument(
            f"The request has {len(request.inputs)} inputs, but {len(raw)} raw_input_contents. Send one for each input."
        )
    for tensor in request.inputs:
        if tensor.HasField("contents"):
            raise refuse_argument(
                f"{tensor.name}: it has contents beside raw_input_contents. Send all inputs in one of these ways."
            )
    return list(raw)


def _write_contents(tensor: messages.ModelInferRequest.InferInputTensor) -> bytes:
    if tensor.datatype == "BYTES":
        return b"".join(
            part for value in tensor.contents.bytes_contents for part in (len(value).to_bytes(4, "little"), value)
        )
    if tensor.datatype not in _CONTENTS:
        raise refuse_argument(
            f"{tensor.name}: values of {tensor.datatype!r} cannot be sent as contents. Send them as raw_input_contents."
        )
    field, code = _CONTENTS[tensor.datatype]
    try:
        values = array.array(code, getattr(tensor.contents, field))
    except OverflowError:
        raise refuse_argument(f"{tensor.name}: a value does not fit into {tensor.datatype}.") from None
    return values.tobytes()


def _read_parameters(parameters: Mapping[str, messages.InferParameter]) -> dict[str, Any]:
    read = {}
    for name, parameter in parameters.items():
        chosen = parameter.WhichOneof("parameter_choice")
        if chosen is None:
            raise refuse_argument(f"The parameter {name!r} has no value.")
        read[name] = getattr(parameter, chosen)
    return read


def _write_parameters(message: Any, parameters: Mapping[str, Any]) -> None:
    for name, value in parameters.items():
        field = _PARAMETERS.get(type(value))
        if field is not None:
            setattr(message[name], field, value)


_PARAMETERS: dict[type, str] = {bool: "bool_param", int: "int64_param", float: "double_param", str: "string_param"}
