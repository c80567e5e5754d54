"""What the service's answers become: frozen values without behaviour beyond reading them.

Knows neither HTTP nor JSON; `answers` makes these from what came back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Prediction:
    """One class and how strongly the model says it; score: softmax, 0 to 1, not calibrated."""

    class_id: int
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the time went, in milliseconds.

    decode, queue and inference are the service's own figures for this image; total is the round trip as this client
    saw it, network included. In a batch, every image has the total of the one request.
    """

    decode_ms: float
    queue_ms: float
    inference_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model answered; version names its exact weights, preprocessing and precision."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Classification:
    """The answer for one image; width, height: pixels of the image as decoded; predictions: highest score first."""

    filename: str | None
    width: int
    height: int
    predictions: tuple[Prediction, ...]
    timing: Timing
    model: ModelRef
    request_id: str | None

    @property
    def top(self) -> Prediction | None:
        """The prediction with the highest score; None when `min_score` left none."""
        return self.predictions[0] if self.predictions else None


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the service serves; input and preprocessing as the service describes them."""

    name: str
    version: str
    default: bool
    num_classes: int
    input: Mapping[str, Any]
    preprocessing: Mapping[str, Any]
    runtime: str
    precision: str
    license: str | None
    state: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the service can answer now.

    state: "ready"; "starting" (something answers at the address, Argus does not yet); "unreachable" (nothing does, or
    something that is not Argus). detail: one sentence for a person; retry_after_s: when to ask again, where known.
    """

    state: Literal["ready", "starting", "unreachable"]
    detail: str
    retry_after_s: float | None = None

    @property
    def ready(self) -> bool:
        """True when a classification sent now would be answered."""
        return self.state == "ready"
