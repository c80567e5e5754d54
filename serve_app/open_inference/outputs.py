"""Logits -> the tensors that were asked for: scores, logits, or the best classes as text."""

from collections.abc import Sequence

import numpy as np

from serve_app.errors import MalformedRequest
from serve_app.open_inference.messages import RequestedOutput
from serve_app.open_inference.tensors import Floats, OutputTensor
from serve_app.open_inference.views import OUTPUTS, SCORES
from serve_app.postprocessing import softmax

DEFAULT = (RequestedOutput(SCORES),)


def check_outputs(requested: Sequence[RequestedOutput]) -> Sequence[RequestedOutput]:
    """Those that are asked for, or the view's own where none are. Raises MalformedRequest."""
    for output in requested:
        if output.name not in OUTPUTS:
            known = " and ".join(repr(name) for name in OUTPUTS)
            raise MalformedRequest(f"There is no output {output.name!r} here, only {known}.")
        if output.classification < 0:
            raise MalformedRequest("The parameter classification is a number of classes, 1 or more.")
    return requested or DEFAULT


def make_outputs(
    logits: Sequence[Floats], labels: Sequence[str], requested: Sequence[RequestedOutput]
) -> tuple[OutputTensor, ...]:
    """logits: (num_classes,) for each image."""
    return tuple(_make_output(logits, labels, output) for output in requested)


def _make_output(logits: Sequence[Floats], labels: Sequence[str], output: RequestedOutput) -> OutputTensor:
    values = np.stack([softmax(one) if output.name == SCORES else one for one in logits]).astype(np.float32)
    if not output.classification:
        return OutputTensor(output.name, values.shape, values.reshape(-1))
    count = min(output.classification, len(labels))
    texts: list[bytes] = []
    for one, row in zip(logits, values, strict=True):
        # By logits, of which no two become one by rounding; stable, so that equal ones come by class id.
        best = np.argsort(-one, kind="stable")[:count].tolist()
        texts += [f"{row[class_id]:.6f}:{class_id}:{labels[class_id]}".encode() for class_id in best]
    return OutputTensor(output.name, (len(logits), count), tuple(texts))
