"""Cutting a graph in two: where, where not, and that both parts give what the whole gives."""

from importlib import import_module
from typing import Any

import numpy as np

from serve_app.openvino_import import import_openvino
from serve_app.runtimes.openvino_parts import split_late

ov = import_openvino()
opset: Any = import_module("openvino.opset13")

Node = Any


def convolve(source: Node, channels: int, *, kernel: int = 1, stride: int = 1) -> Node:
    """A convolution with weights of its own, and what usually follows it."""
    inputs = list(source.output(0).get_partial_shape())[1].get_length()
    rng = np.random.default_rng(channels)
    weights = opset.constant(rng.normal(0, inputs**-0.5, (channels, inputs, kernel, kernel)).astype(np.float32))
    pad = [kernel // 2] * 2
    convolution = opset.convolution(source, weights, [stride] * 2, pad, pad, [1, 1])
    return opset.relu(opset.add(convolution, opset.constant(np.full((1, channels, 1, 1), 0.1, np.float32))))


def classify(source: Node, inputs: int) -> Node:
    """The usual end: the mean over all positions, and ten logits."""
    weights = opset.constant(np.random.default_rng(0).normal(0, 0.1, (inputs, 10)).astype(np.float32))
    mean = opset.reduce_mean(source, np.array([2, 3]))
    return opset.matmul(mean, weights, False, False)


def make_model(*, width: int, size: int = 56) -> Any:
    """56 x 56 to 7 x 7 with a shortcut around one layer there; `width` channels at the end."""
    image = opset.parameter([1, 3, size, size], np.float32)
    stem = convolve(convolve(image, 8, kernel=3, stride=2), 16, kernel=3, stride=2)
    small = convolve(stem, width, kernel=3, stride=2)
    shortcut = opset.add(convolve(small, width, kernel=3), small)
    return ov.Model([opset.result(classify(shortcut, width))], [image], "model")


def run(model: Any, value: np.ndarray) -> np.ndarray:
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    return np.array(ov.Core().compile_model(model, "CPU", options).create_infer_request().infer({0: value})[0])


def test_both_parts_give_what_the_whole_gives() -> None:
    """Bit for bit, in any company: the early part one by one, the late one all at once."""
    images = np.random.default_rng(1).random((5, 1, 3, 56, 56), np.float32)
    whole = [run(make_model(width=96), image) for image in images]
    parts = split_late(make_model(width=96))
    assert parts is not None
    early, late = parts
    features = [run(early, image) for image in images]
    assert features[0].shape == (1, 96, 7, 7)
    for count in (1, 2, 5):
        np.testing.assert_array_equal(run(late, np.concatenate(features[:count])), np.concatenate(whole[:count]))


def test_a_shortcut_is_not_cut() -> None:
    """Where a layer's input is needed again behind it, the cut is before it: one tensor is all that is handed on."""
    parts = split_late(make_model(width=96))
    assert parts is not None
    early, late = parts
    assert len(early.outputs) == len(late.inputs) == 1
    assert [op.get_type_name() for op in late.get_ordered_ops()].count("Convolution") == 1
    assert [op.get_type_name() for op in early.get_ordered_ops()].count("Convolution") == 3


def test_the_cut_is_behind_a_layer_of_few_weights_that_narrows() -> None:
    """What is handed on is copied once more, so a smaller tensor is the better one while most weights are behind it."""
    image = opset.parameter([1, 3, 56, 56], np.float32)
    wide = convolve(image, 96, kernel=9, stride=8)
    narrow = convolve(wide, 24)
    late = convolve(convolve(narrow, 96, kernel=7), 24)  # narrow again, with most weights before it
    parts = split_late(ov.Model([opset.result(classify(late, 24))], [image], "model"))
    assert parts is not None
    assert list(parts[0].output(0).get_shape()) == [1, 24, 7, 7]
    assert [op.get_type_name() for op in parts[1].get_ordered_ops()].count("Convolution") == 2


def test_few_weights_behind_the_cut_are_not_worth_it() -> None:
    image = opset.parameter([1, 3, 56, 56], np.float32)
    small = convolve(image, 200, kernel=9, stride=8)
    last = convolve(small, 20)
    assert split_late(ov.Model([opset.result(classify(last, 20))], [image], "model")) is None


def test_a_graph_without_a_small_tensor_has_no_cut() -> None:
    """The mean over all positions at the end needs no weights, so there is nothing to share."""
    image = opset.parameter([1, 3, 56, 56], np.float32)
    logits = opset.reduce_mean(convolve(image, 10, kernel=3), np.array([2, 3]))
    assert split_late(ov.Model([opset.result(logits)], [image], "model")) is None


def test_a_larger_photo_is_cut_only_where_its_positions_are_few() -> None:
    """At 14 x 14 positions a single image is work enough for its weights; only the last matrix product is left."""
    model = make_model(width=96, size=112)
    parts = split_late(model)
    assert parts is None
