"""Bodies of the REST protocol: a JSON object with binary tensors behind it, read and written."""

import base64
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.classifier import Timing
from serve_app.errors import MalformedRequest, PayloadTooLarge
from serve_app.open_inference.messages import InferRequest, InferResponse, RequestedOutput
from serve_app.open_inference.rest_codec import BinaryOutputs, read_raw_request, read_request, render_response
from serve_app.open_inference.tensors import InputTensor, OutputTensor, pack_values, read_bytes, read_floats
from serve_app.open_inference.views import find_view
from tests.fakes import make_repository

IMAGES = st.lists(st.binary(max_size=30), min_size=1, max_size=4)


REPOSITORY = make_repository()
IMAGE_VIEW, TENSOR_VIEW = (find_view(REPOSITORY, name) for name in ("colors", "colors_tensor"))


def read(document: Any, binary: bytes = b"", header_length: int | None = None) -> tuple[InferRequest, BinaryOutputs]:
    header = json.dumps(document).encode()
    length = len(header) if header_length is None and binary else header_length
    return read_request(IMAGE_VIEW, "", header + binary, length, 0.0, max_images=4)


def describe(name: str = "image", datatype: str = "BYTES", **more: Any) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [1, 1], "data": ["YQ=="]} | more


@given(IMAGES)
def test_images_are_read_from_base64_and_from_data_uris(images: list[bytes]) -> None:
    """Nested as the shape has them, or flat."""
    plain = [base64.b64encode(image).decode() for image in images]
    for data in (plain, [[text] for text in plain], [f"data:image/png;base64,{text}" for text in plain]):
        request, _ = read({"inputs": [describe(shape=[len(images), 1], data=data)]})
        assert read_bytes(request.inputs[0]) == tuple(images)


@given(IMAGES, st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=4))
def test_binary_tensors_follow_the_json_in_its_order(images: list[bytes], floats: list[float]) -> None:
    """Each is as long as its `binary_data_size`; one in JSON may stand between them."""
    parts = [pack_values(tuple(images)), pack_values(np.array(floats, np.float32))]
    sizes = [{"parameters": {"binary_data_size": len(part)}, "data": None} for part in parts]
    inputs = [
        describe("a", shape=[len(images)], **sizes[0]),
        describe("b"),
        describe("c", "FP32", shape=[len(floats)], **sizes[1]),
    ]
    request, _ = read({"inputs": inputs}, b"".join(parts))
    assert read_bytes(request.inputs[0]) == tuple(images)
    assert read_bytes(InputTensor("b", "BYTES", (1,), request.inputs[1].data)) == (b"a",)
    assert read_floats(request.inputs[2]).tolist() == np.array(floats, np.float32).tolist()


def test_everything_that_a_request_may_say_is_read() -> None:
    """Its id, its timeout in microseconds, its outputs, and which of those it wants as binary."""
    document = {
        "id": "seven",
        "parameters": {"binary_data_output": True, "timeout": 1_500_000, "priority": 1},
        "inputs": [describe()],
        "outputs": [
            {"name": "scores", "parameters": {"classification": 5}},
            {"name": "logits", "parameters": {"binary_data": False}},
        ],
    }
    request, binary = read(document)
    assert (request.id, request.timeout_s) == ("seven", 1.5)
    assert request.outputs == (RequestedOutput("scores", 5), RequestedOutput("logits"))
    assert (binary.has("scores"), binary.has("logits")) == (True, False)
    request, binary = read({"inputs": [describe()]})
    assert (request.id, request.timeout_s, request.outputs, binary.has("scores")) == ("", None, (), False)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "The body should be an object"),
        ({}, "inputs should be a list"),
        ({"inputs": [1]}, r"inputs\[0\] should be an object"),
        ({"inputs": [describe(name=1)]}, r"inputs\[0\]\.name should be a string"),
        ({"inputs": [describe(datatype=None)]}, r"inputs\[0\]\.datatype should be a string"),
        ({"inputs": [describe(shape="1")]}, r"inputs\[0\]\.shape should be a list"),
        ({"inputs": [describe(shape=[True])]}, r"inputs\[0\]\.shape should be a whole number"),
        ({"inputs": [describe(data=None)]}, r"inputs\[0\]\.data should be a list"),
        ({"inputs": [describe(data=[["YQ=="], "YQ=="])]}, r"A row of inputs\[0\]\.data should be a list"),
        ({"inputs": [describe(data=[1])]}, "should be a string"),
        ({"inputs": [describe(data=["?"])]}, "not valid base64"),
        ({"inputs": [describe(data=["data:,a"])]}, "not base64"),
        ({"inputs": [describe(parameters=[])]}, "parameters should be an object"),
        ({"inputs": [describe(parameters={"binary_data_size": "9"})]}, "binary_data_size should be a whole number"),
        (
            {"inputs": [describe(parameters={"binary_data_size": 9})]},
            "ends within the binary data of the input 'image'",
        ),
        ({"inputs": [describe(parameters={"shared_memory_region": "a"})]}, "Shared memory is not offered"),
        ({"inputs": [], "outputs": {}}, "outputs should be a list"),
        ({"inputs": [], "outputs": [{}]}, r"outputs\[0\]\.name should be a string"),
        ({"inputs": [], "outputs": [{"name": "a", "parameters": {"classification": 1.5}}]}, "whole number"),
        ({"inputs": [], "outputs": [{"name": "a", "parameters": {"binary_data": 1}}]}, "true or false"),
        ({"inputs": [], "id": 7}, "id should be a string"),
        ({"inputs": [], "parameters": {"timeout": "1"}}, "timeout should be a whole number"),
    ],
)
def test_what_is_not_in_the_form_is_refused_by_its_place(document: Any, words: str) -> None:
    """The message names the place and what should stand there."""
    with pytest.raises(MalformedRequest, match=words):
        read(document)


def test_lengths_that_do_not_fit_are_refused() -> None:
    """JSON that is longer than the body, bytes that no tensor claims, JSON that is cut."""
    with pytest.raises(MalformedRequest, match="the whole body has"):
        read({"inputs": []}, header_length=1000)
    with pytest.raises(MalformedRequest, match="3 bytes behind"):
        read({"inputs": [describe()]}, b"abc")
    with pytest.raises(MalformedRequest, match="not valid JSON"):
        read({"inputs": []}, header_length=5)


def test_json_of_more_elements_than_images_can_have_is_refused_unread() -> None:
    """Small text would become large objects: the limit is a view's, so a tensor's numbers pass."""
    numbers = {"inputs": [describe("input", "FP32", shape=[4, 3, 28, 28], data=[0.5] * 4 * 3 * 28 * 28)]}
    body = json.dumps(numbers).encode()
    request, _ = read_request(TENSOR_VIEW, "", body, None, 0.0, max_images=4)
    assert read_floats(request.inputs[0]).shape == (4, 3, 28, 28)
    for view, most in ((IMAGE_VIEW, 4), (TENSOR_VIEW, 2)):
        with pytest.raises(PayloadTooLarge, match=f"more elements than {most} images"):
            read_request(view, "", body, None, 0.0, max_images=most)


@given(st.binary(max_size=200), st.none() | st.integers(1, 200))
def test_no_body_does_more_than_be_refused(body: bytes, header_length: int | None) -> None:
    """There is no other error for what anybody may send."""
    try:
        request, _ = read_request(IMAGE_VIEW, "", body, header_length, 0.0, max_images=4)
    except MalformedRequest:
        return
    assert isinstance(request, InferRequest)


def test_a_raw_body_is_the_only_input() -> None:
    """One image's bytes, or the floats of as many images as there are; answered in binary."""
    request, binary = read_raw_request(IMAGE_VIEW, "", b"photo", 0.0)
    assert read_bytes(request.inputs[0]) == (b"photo",)
    assert binary.has("scores")
    planes = np.zeros((2, 3, 28, 28), np.float32)
    request, _ = read_raw_request(TENSOR_VIEW, "", planes.tobytes(), 0.0)
    assert request.inputs[0].shape == (2, 3, 28, 28)
    for wrong in (b"", planes.tobytes()[:-1]):
        with pytest.raises(MalformedRequest, match="an image's tensor has 9408"):
            read_raw_request(TENSOR_VIEW, "", wrong, 0.0)


def respond(*outputs: OutputTensor, id: str = "") -> InferResponse:
    return InferResponse("colors", "1", id, outputs, "colors", 1, Timing(1.0, 0.0, 1.0))


def test_an_answer_in_json_has_no_second_part() -> None:
    """Flat data; the id only where the request had one."""
    scores = OutputTensor("scores", (1, 2), np.array([0.25, 0.75], np.float32))
    classes = OutputTensor("scores", (1, 1), (b"0.750000:1:caf\xc3\xa9",))
    body, header_length = render_response(respond(scores, classes, id="seven"), BinaryOutputs())
    assert header_length is None
    assert json.loads(body) == {
        "model_name": "colors",
        "model_version": "1",
        "id": "seven",
        "outputs": [
            {"name": "scores", "datatype": "FP32", "shape": [1, 2], "data": [0.25, 0.75]},
            {"name": "scores", "datatype": "BYTES", "shape": [1, 1], "data": ["0.750000:1:café"]},
        ],
    }
    assert "id" not in json.loads(render_response(respond(scores), BinaryOutputs())[0])


@given(IMAGES, st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=4))
def test_binary_outputs_come_back(texts: list[bytes], floats: list[float]) -> None:
    """They follow the JSON in its order, each as long as it says there."""
    values = np.array(floats, np.float32)
    outputs = OutputTensor("a", (len(texts),), tuple(texts)), OutputTensor("b", values.shape, values)
    body, header_length = render_response(respond(*outputs), BinaryOutputs(default=True))
    assert header_length is not None
    described, at = json.loads(body[:header_length])["outputs"], header_length
    for output, entry in zip(outputs, described, strict=True):
        assert "data" not in entry
        size = entry["parameters"]["binary_data_size"]
        assert body[at : at + size] == pack_values(output.values)
        at += size
    assert at == len(body)
