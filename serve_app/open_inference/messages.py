"""Requests and answers of inference, whatever they travelled in."""

import time
from dataclasses import dataclass, field

from serve_app.classifier import Timing
from serve_app.open_inference.tensors import InputTensor, OutputTensor


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """An output that is asked for. classification: so many of the best classes in its place; 0: the numbers."""

    name: str
    classification: int = 0


@dataclass(frozen=True, slots=True)
class InferRequest:
    """What a client sent.

    model, version: of a view; "" is any version. outputs: none means those of the view's metadata.
    timeout_s: how long the client waits, if it said so.
    arrived_at: when the request came, a `time.monotonic` value; reading it counts as preparing its input.
    """

    model: str
    inputs: tuple[InputTensor, ...]
    outputs: tuple[RequestedOutput, ...] = ()
    version: str = ""
    id: str = ""
    timeout_s: float | None = None
    arrived_at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class InferResponse:
    """What it is answered.

    For whoever tells of the request, not for the client: served_model, the model behind the view; images, how many;
    slowest, where the time went of the one that took longest.
    """

    model: str
    version: str
    id: str
    outputs: tuple[OutputTensor, ...]
    served_model: str
    images: int
    slowest: Timing
