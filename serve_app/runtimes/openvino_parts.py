"""An OpenVINO graph in two parts: the early one for one image, the late one for all that wait.

The first layers of an image classifier compute much with few weights: in batches, their activations only push each
other out of the caches. In the last ones it is the other way round. A few dozen positions an image are too little work
for megabytes of weights that have to be fetched, and several images share that fetch (docs/decisions/0024).
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from serve_app.openvino_import import import_openvino

# Of one image, in the tensor between the parts. The 7 x 7 of a photo of 224 pixels gain, its 14 x 14 do not.
_MAX_POSITIONS = 64
_WEIGHED = ("Convolution", "GroupConvolution", "MatMul")
_MIN_SHARE = 0.25  # of all weights, in the late part: with fewer there was nothing to gain
_NEARLY = 0.95  # of the weights behind the first place to cut


def split_late(model: Any) -> tuple[Any, Any] | None:
    """Cut where the late layers begin, or None where the graph has no such place. What is cut can no longer be used.

    model: an `openvino.Model` for one image. Returns a part with the same input, and one that takes any number of the
    first one's outputs, float32 (N, ...), and gives the whole graph's output for each.
    """
    ov = import_openvino()
    cut = _find_cut(model)
    if cut is None:
        return None
    features = ov.opset13.parameter([-1, *list(cut.get_shape())[1:]], cut.get_element_type())
    for consumer in cut.get_target_inputs():
        consumer.replace_source_output(features.output(0))
    early = ov.Model([ov.opset13.result(cut)], model.get_parameters(), "early")
    late = ov.Model(model.get_results(), [features], "late")
    return early, late


def _find_cut(model: Any) -> Any | None:
    """A small tensor that is all that later layers need, and that goes into a layer with weights.

    The first of them, or a smaller one with nearly as many weights behind it: less to hand on.
    """
    operations = model.get_ordered_ops()
    best, least_share = None, _MIN_SHARE
    for place, output in _find_necks(operations):
        if not _is_small(output) or not _feeds_weights(output):
            continue
        share = _weights_share(operations, place)
        if share < least_share:
            break
        if best is None:
            least_share = max(_MIN_SHARE, _NEARLY * share)
        if best is None or prod(output.get_shape()) < prod(best.get_shape()):
            best = output
    return best


def _find_necks(operations: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """Where a tensor is all that later operations need of the image: the place behind which it is, and the tensor."""
    places = {operation.get_name(): place for place, operation in enumerate(operations)}
    needed_until: dict[tuple[str, int], int] = {}  # tensors that depend on the image, by the place of their last use
    for place, operation in enumerate(operations):
        sources = {(source.get_node().get_name(), source.get_index()) for source in operation.input_values()}
        if operation.get_type_name() != "Parameter" and not sources & needed_until.keys():
            continue
        for output in operation.outputs():
            uses = [places[consumer.get_node().get_name()] for consumer in output.get_target_inputs()]
            needed_until[(operation.get_name(), output.get_index())] = max(uses, default=place)
        needed = [tensor for tensor, until in needed_until.items() if until > place]
        if len(needed) == 1 and needed[0][0] == operation.get_name():
            yield place, operation.output(needed[0][1])


def _weights_share(operations: Sequence[Any], cut: int) -> float:
    """The share of all weights that the operations behind that place use. 0 to 1."""
    behind = {operation.get_name() for operation in operations[cut + 1 :]}
    early, late = 0, 0
    for constant in operations:
        if constant.get_type_name() == "Constant":
            users = {consumer.get_node().get_name() for consumer in constant.output(0).get_target_inputs()}
            size = prod(constant.get_output_shape(0))
            early, late = (early, late + size) if users & behind else (early + size, late)
    return late / max(1, early + late)


def _is_small(output: Any) -> bool:
    if output.get_element_type().get_type_name() != "f32" or output.get_partial_shape().is_dynamic:
        return False
    shape = list(output.get_shape())
    return len(shape) > 1 and shape[0] == 1 and prod(shape) <= _MAX_POSITIONS * max(shape)


def _feeds_weights(output: Any) -> bool:
    return any(consumer.get_node().get_type_name() in _WEIGHED for consumer in output.get_target_inputs())
