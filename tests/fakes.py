"""Stand-ins that behave like the real thing at its edge: a runtime, a model card, a clock."""

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from serve_app.artifacts import ModelCard
from serve_app.classifier import ModelRepository
from serve_app.fused import FusedClassifier
from serve_app.preprocessing import Interpolation, Preprocessing
from serve_app.settings import Settings

LABELS = ("red", "green", "blue")


def make_card(name: str = "colors", labels: tuple[str, ...] = LABELS) -> ModelCard:
    """A card for a model that tells colours apart."""
    return ModelCard(
        name=name,
        weights="none",
        version="0123456789ab",
        labels=labels,
        preprocessing=Preprocessing(32, 28, Interpolation.BILINEAR, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
        runtime="fake",
        precision="fp32",
        license="CC0-1.0",
        source="tests",
        num_parameters=0,
    )


class ColorRuntime:
    """Says which primary colour an image has most of. `go` holds every call while it is cleared."""

    one_by_one = False

    def __init__(self, card: ModelCard | None = None, error: Exception | None = None) -> None:
        self.card = card or make_card()
        self.error = error
        self.go = threading.Event()
        self.go.set()
        self.entered = threading.Event()
        self.images = 0
        self.closed = False

    def infer(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """pixels: (N, H, W, 3) -> the mean of each channel, (N, 3)."""
        self.entered.set()
        assert self.go.wait(30)
        if self.error:
            raise self.error
        self.images += len(pixels)
        return pixels.mean(axis=(1, 2)).astype(np.float32)

    def warm_up(self, batch_sizes: Sequence[int]) -> None:
        """Nothing is cold here."""

    def close(self) -> None:
        """Remember it."""
        self.closed = True


def make_repository(settings: Settings | None = None, **runtimes: ColorRuntime) -> ModelRepository:
    """A repository of fake models; one named `colors` unless others are given."""
    settings = settings or Settings()
    named = runtimes or {"colors": ColorRuntime()}
    return ModelRepository(
        {name: FusedClassifier(runtime, settings, name=name) for name, runtime in named.items()}, settings
    )


class ManualClock:
    """Time that moves when it is told to. In seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
