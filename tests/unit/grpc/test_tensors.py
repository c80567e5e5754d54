"""Inference messages and the body that carries them over HTTP."""

import json
import struct
from collections.abc import Callable

import grpc
import pytest

from serve_app.grpc.protocol import open_inference_pb2 as messages
from serve_app.grpc.statuses import CallError
from serve_app.grpc.tensors import read_answer, write_request


def make_request(datatype: str = "BYTES", **contents: list[object]) -> messages.ModelInferRequest:
    """A request of one input of two values, sent as contents if there are any."""
    request = messages.ModelInferRequest(model_name="colors", id="7")
    tensor = request.inputs.add(name="in", datatype=datatype, shape=[2])
    for field, values in contents.items():
        getattr(tensor.contents, field).extend(values)
    return request


def test_a_raw_tensor_travels_as_it_is() -> None:
    """The bytes of raw_input_contents are the body's, announced by their size, and outputs are asked for as bytes."""
    request = make_request("FP32")
    request.raw_input_contents.append(b"\x00\x01\x02\x03\x04\x05\x06\x07")
    document, tensors = write_request(request)
    assert json.loads(document) == {
        "id": "7",
        "parameters": {"binary_data_output": True},
        "inputs": [{"name": "in", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}}],
    }
    assert tensors == [b"\x00\x01\x02\x03\x04\x05\x06\x07"]


def test_parameters_keep_their_types() -> None:
    """Each kind of parameter, of the request, an input and an output, becomes the JSON value that it is."""
    request = make_request()
    request.parameters["timeout"].int64_param = 5
    request.parameters["share"].double_param = 0.5
    request.inputs[0].parameters["kind"].string_param = "photo"
    output = request.outputs.add(name="scores")
    output.parameters["classification"].int64_param = 3
    output.parameters["exact"].bool_param = True
    output.parameters["large"].uint64_param = 2**63
    document = json.loads(write_request(request)[0])
    assert document["parameters"] == {"timeout": 5, "share": 0.5, "binary_data_output": True}
    assert document["inputs"][0]["parameters"] == {"kind": "photo", "binary_data_size": 0}
    assert document["outputs"] == [
        {
            "name": "scores",
            "parameters": {"classification": 3, "exact": True, "large": 2**63, "binary_data": True},
        }
    ]


@pytest.mark.parametrize(
    ("datatype", "field", "values", "form"),
    [
        ("BOOL", "bool_contents", [True, False], "<??"),
        ("INT8", "int_contents", [-128, 127], "<bb"),
        ("INT16", "int_contents", [-2, 2], "<hh"),
        ("INT32", "int_contents", [-2, 2], "<ii"),
        ("INT64", "int64_contents", [-2, 2**40], "<qq"),
        ("UINT8", "uint_contents", [0, 255], "<BB"),
        ("UINT16", "uint_contents", [0, 65535], "<HH"),
        ("UINT32", "uint_contents", [0, 2**32 - 1], "<II"),
        ("UINT64", "uint64_contents", [0, 2**64 - 1], "<QQ"),
        ("FP32", "fp32_contents", [0.5, -1.0], "<ff"),
        ("FP64", "fp64_contents", [0.1, -1.0], "<dd"),
    ],
)
def test_contents_become_bytes(datatype: str, field: str, values: list[object], form: str) -> None:
    """Values that were sent one by one are put together little-endian, each in the width of the datatype."""
    _, (tensor,) = write_request(make_request(datatype, **{field: values}))
    assert tensor == struct.pack(form, *values)


def test_byte_contents_carry_their_lengths() -> None:
    """Each element of a BYTES tensor is preceded by its length in four bytes."""
    _, (tensor,) = write_request(make_request("BYTES", bytes_contents=[b"ab", b""]))
    assert tensor == b"\x02\x00\x00\x00ab\x00\x00\x00\x00"


def give_too_few(request: messages.ModelInferRequest) -> None:
    request.inputs.add(name="second")
    request.raw_input_contents.append(b"")


def give_both_ways(request: messages.ModelInferRequest) -> None:
    request.inputs[0].contents.bytes_contents.append(b"")
    request.raw_input_contents.append(b"")


def give_too_large(request: messages.ModelInferRequest) -> None:
    request.inputs[0].datatype = "UINT8"
    request.inputs[0].contents.uint_contents.append(256)


def give_half_floats(request: messages.ModelInferRequest) -> None:
    request.inputs[0].datatype = "FP16"


def share_memory(request: messages.ModelInferRequest) -> None:
    request.inputs[0].parameters["shared_memory_region"].string_param = "mine"


def share_memory_for_the_output(request: messages.ModelInferRequest) -> None:
    request.outputs.add(name="scores").parameters["shared_memory_region"].string_param = "mine"


def give_no_value(request: messages.ModelInferRequest) -> None:
    request.parameters["empty"].SetInParent()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (give_too_few, "2 inputs, but 1 raw_input_contents"),
        (give_both_ways, "in one of these ways"),
        (give_too_large, "does not fit into UINT8"),
        (give_half_floats, "'FP16' cannot be sent as contents"),
        (share_memory, "shared memory is not offered"),
        (share_memory_for_the_output, "shared memory is not offered"),
        (give_no_value, "'empty' has no value"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_reason(
    spoil: Callable[[messages.ModelInferRequest], None], said: str
) -> None:
    """A request at fault is the caller's to correct, and the message says how."""
    request = make_request()
    spoil(request)
    with pytest.raises(CallError, match=said) as refused:
        write_request(request)
    assert refused.value.code == grpc.StatusCode.INVALID_ARGUMENT


def test_an_answer_is_cut_into_its_tensors() -> None:
    """What follows the JSON is handed out by the sizes in it, in order; the sizes themselves are not passed on."""
    document = json.dumps(
        {
            "model_name": "colors",
            "model_version": "1",
            "id": "7",
            "parameters": {"cached": False, "nothing": None},
            "outputs": [
                {"name": "a", "datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": 4, "note": "x"}},
                {"name": "b", "datatype": "INT8", "shape": [1, 2], "parameters": {"binary_data_size": 2}},
            ],
        }
    ).encode()
    response = read_answer(document + b"aaaabb", len(document))
    assert (response.model_name, response.model_version, response.id) == ("colors", "1", "7")
    assert list(response.raw_output_contents) == [b"aaaa", b"bb"]
    first, second = response.outputs
    assert (first.name, first.datatype, list(first.shape)) == ("a", "FP32", [1])
    assert {name: value.string_param for name, value in first.parameters.items()} == {"note": "x"}
    assert (second.name, list(second.shape), len(second.parameters)) == ("b", [1, 2], 0)
    assert response.parameters["cached"].WhichOneof("parameter_choice") == "bool_param"
    assert "nothing" not in response.parameters


def test_an_answer_that_is_cut_short_is_not_believed() -> None:
    """A tensor that is said to be longer than what came is an error, and not a shorter tensor."""
    document = json.dumps(
        {
            "model_name": "colors",
            "outputs": [{"name": "a", "datatype": "INT8", "shape": [2], "parameters": {"binary_data_size": 2}}],
        }
    ).encode()
    with pytest.raises(ValueError, match="shorter"):
        read_answer(document + b"a", len(document))
