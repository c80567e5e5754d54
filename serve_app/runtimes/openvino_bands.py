"""The first layers of an OpenVINO graph in bands of rows, so that what they pass on stays in a core's cache.

The first layers of an image classifier make their largest tensors, several megabytes, from few weights: each layer
writes past the second-level cache, and the next one fetches that again. In bands a few rows go through all of these
layers before the next ones begin: the same sums in the same order, so no bit of a logit changes (docs/decisions/0025).
"""

from collections.abc import Sequence
from math import ceil, prod
from typing import Any

from serve_app.openvino_import import import_openvino

# What a layer of a band may read and write, in bytes. A second-level cache has 1 to 2 MiB on servers, but more bands
# cost two threads more than they save one (docs/decisions/0025).
_MAX_MOVED = 3 * 2**20
_ITEM_BYTES = 4
# Every band reads all weights again.
_MAX_WEIGHTS = 2**16
# The share of the largest tensor that bands may end in: they are put together by copying.
_MAX_JOINED = 1 / 8

_ROW_BY_ROW = ("Add", "Clamp", "Convert", "Divide", "HSwish", "Multiply", "Relu", "Subtract", "Swish")
_SLIDING = ("Convolution", "GroupConvolution", "MaxPool")
_TO_PLANES = [0, 3, 1, 2]  # from (N, H, W, C) to (N, C, H, W)


def band_early(model: Any) -> bool:
    """Put the first layers in bands where they are large enough for it. Otherwise nothing changes.

    model: an `openvino.Model` in fp32 with one input, (1, H, W, C). Returns whether there are bands now.
    """
    opset = import_openvino().opset13
    pixels = model.get_parameters()[0]
    chain = _find_chain(pixels)
    if not chain:
        return False
    joined = chain[-1].output(0)
    consumers = joined.get_target_inputs()
    height, count = joined.get_shape()[2], _count_bands(chain)
    edges = [round(height * band / count) for band in range(count + 1)]
    # Every band has layers and constants of its own, whose values are there once: OpenVINO joins a layer with what
    # follows it only where nobody else uses their constants.
    copies = [model.clone() for _ in range(count - 1)]
    chains = [_follow(copy.get_parameters()[0])[: len(chain)] for copy in copies]
    bands = []
    for layers, first, last in zip([*chains, chain], edges, edges[1:], strict=False):
        _narrow(layers, pixels, first, last)
        bands.append(layers[-1].output(0))
    whole = opset.concat(bands, axis=2)
    for consumer in consumers:
        consumer.replace_source_output(whole.output(0))
    model.validate_nodes_and_infer_types()
    return True


def _narrow(chain: Sequence[Any], pixels: Any, first: int, last: int) -> None:
    """Have the layers give rows [first, last) of what they gave, from the rows of the pixels that those need."""
    opset = import_openvino().opset13
    for operation in reversed(chain):
        if operation.get_type_name() in _SLIDING:
            first, last = _slide_back(operation, first, last)
    rows = opset.slice(pixels, [first], [last], [1], [1])
    for operation in chain:
        if operation.get_type_name() == "Reshape" and len(operation.get_output_shape(0)) == 4:
            _, _, *rest = operation.get_output_shape(0)
            operation.input(1).replace_source_output(opset.constant([1, last - first, *rest]).output(0))
    chain[0].input(0).replace_source_output(rows.output(0))


def _slide_back(operation: Any, first: int, last: int) -> tuple[int, int]:
    """The rows of its input that a sliding layer needs for rows [first, last), with its padding set for those alone."""
    attributes, reach = operation.get_attributes(), _reach(operation)
    height = operation.get_input_shape(0)[2]
    begin = first * attributes["strides"][0] - attributes["pads_begin"][0]
    end = (last - 1) * attributes["strides"][0] - attributes["pads_begin"][0] + reach
    operation.set_attribute("pads_begin", [max(0, -begin), attributes["pads_begin"][1]])
    operation.set_attribute("pads_end", [max(0, end - height), attributes["pads_end"][1]])
    return max(0, begin), min(height, end)


def _reach(operation: Any) -> int:
    """Over how many rows of its input a sliding layer's kernel extends."""
    attributes = operation.get_attributes()
    kernel = attributes["kernel"][0] if "kernel" in attributes else operation.get_input_shape(1)[-2]
    return int((kernel - 1) * attributes["dilations"][0] + 1)


def _find_chain(pixels: Any) -> list[Any]:
    """The layers to put in bands, in order, from the one that takes the pixels. Empty where bands would not pay."""
    chain = _follow(pixels)
    places = [place for place, operation in enumerate(chain) if operation.get_type_name() in _SLIDING]
    if not places:
        return []
    sizes = [prod(operation.get_output_shape(0)) for operation in chain]
    smallest = min(sizes[places[0] :])
    end = max(place for place, size in enumerate(sizes) if size == smallest)
    chain = chain[: end + 1]
    if smallest > max(sizes[: end + 1]) * _MAX_JOINED or _count_bands(chain) < 2:
        return []
    return chain


def _count_bands(chain: Sequence[Any]) -> int:
    moved = [
        _ITEM_BYTES * (prod(operation.get_input_shape(0)) + prod(operation.get_output_shape(0)))
        for operation in chain
        if operation.get_type_name() in _SLIDING
    ]
    return int(min(ceil(max(moved) / _MAX_MOVED), chain[-1].get_output_shape(0)[2]))


def _follow(pixels: Any) -> list[Any]:
    """Operations that take each the result of the one before and constants, as long as bands can go through them."""
    height = pixels.get_output_shape(0)[1]
    chain: list[Any] = []
    weights, in_planes = 0, False
    tensor = pixels.output(0)
    while len(consumers := tensor.get_target_inputs()) == 1:
        consumer = next(iter(consumers))
        operation = consumer.get_node()
        constants = operation.input_values()[1:]
        weights += sum(prod(value.get_partial_shape().get_min_shape()) for value in constants)
        if (
            consumer.get_index() != 0
            or any(value.get_node().get_type_name() != "Constant" for value in constants)
            or operation.get_output_partial_shape(0).is_dynamic
            or weights > _MAX_WEIGHTS
            or not _can_be_banded(operation, height, in_planes)
        ):
            break
        in_planes = in_planes or operation.get_type_name() == "Transpose"
        chain.append(operation)
        tensor = operation.output(0)
    return chain


def _can_be_banded(operation: Any, height: int, in_planes: bool) -> bool:
    kind, shape = operation.get_type_name(), list(operation.get_output_shape(0))
    constants = [value.get_node().data for value in operation.input_values()[1:]]
    if kind in _ROW_BY_ROW:
        rows = -2 if in_planes or len(shape) == 2 else -3
        return all(constant.ndim < -rows or constant.shape[rows] == 1 for constant in constants)
    if kind in _SLIDING:
        attributes = operation.get_attributes()
        plain = attributes["auto_pad"] == "explicit" and attributes.get("rounding_type", "floor") == "floor"
        # With more padding there are rows that no row of the input gives.
        touching = max(attributes["pads_begin"][0], attributes["pads_end"][0]) < _reach(operation)
        return in_planes and len(shape) == 4 and plain and touching
    if kind == "Transpose":
        return not in_planes and len(shape) == 4 and constants[0].tolist() == _TO_PLANES
    # An image's rows as they lie in memory, and back (`export`).
    if kind == "Reshape" and not in_planes and constants[0][0] == -1:
        return shape[0] == height if len(shape) == 2 else len(shape) == 4 and shape[:2] == [1, height]
    return False
