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
class Accuracy:
    """How often a model is right, as shares from 0 to 1, and who says so.

    top1: its first label is right; top5: one of its first five is; None where that is not known. photos: on how many;
    precision: in which it was measured, which need not be the one that is served.
    """

    top1: float
    top5: float | None
    photos: int
    precision: str
    source: str


@dataclass(frozen=True, slots=True)
class Quantisation:
    """How an int8 model was made; agreement: share, 0 to 1, of the checked photos with the first label of fp32."""

    calibration_photos: int
    checked_photos: int
    agreement: float


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the service serves; input and preprocessing as the service describes them.

    accuracy: None where nobody measured it, or the service is older than the field; quantisation: of int8 alone.
    """

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
    accuracy: Accuracy | None = None
    weights: str = ""
    num_parameters: int = 0
    source: str = ""
    quantisation: Quantisation | None = None


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many replicas there are, by their state; target: how many there should be."""

    running: int
    starting: int
    stopping: int
    target: int


@dataclass(frozen=True, slots=True)
class Deployment(Replicas):
    """The replicas of one part of the service; min, max: what it is scaled between, None where that is not known."""

    name: str
    min: int | None
    max: int | None


@dataclass(frozen=True, slots=True)
class LatencyMs:
    """Latencies in milliseconds, inside the service; None when nothing was answered in the window."""

    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Requests by what became of them, and images that were classified, since the service started."""

    requests: int
    images: int
    refused: int
    client_errors: int
    server_errors: int


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """What the service is doing now, over all its replicas; rates and latencies over the last `window_s` seconds.

    replicas: of the deployment that takes the requests. ongoing: requests under way; queued: images that wait.
    requests_per_s: answered; offered_per_s: answered, refused and failed together. complete: False where the service
    could not ask all its replicas, so that the figures are those of some.
    """

    replicas: Replicas
    ongoing: int
    queued: int
    requests_per_s: float
    images_per_s: float
    refused_per_s: float
    errors_per_s: float
    offered_per_s: float
    latency_ms: LatencyMs
    window_s: float
    totals: Totals
    uptime_s: float
    complete: bool
    deployments: tuple[Deployment, ...]


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
