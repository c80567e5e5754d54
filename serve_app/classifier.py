"""What a replica serves: models that turn an encoded image into predictions, and the gate before them.

A `Classifier` is one model, warm and ready, in one of two topologies: `fused` or `split`. A `ModelRepository` is all
that a replica serves, and what the HTTP layer sees of it is a `Backend`. Knows nothing of HTTP or Ray.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from serve_app.admission import Admission
from serve_app.artifacts import ModelCard
from serve_app.errors import ModelNotFound, NotReady, RequestError
from serve_app.meters import BatchMeter
from serve_app.postprocessing import Logits, Prediction
from serve_app.preprocessing import Pixels
from serve_app.settings import Settings

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Timing:
    """Where an image's time went inside the replica, in milliseconds, and when: `time.monotonic` values.

    batch_size: images that the model took together.
    """

    decode_ms: float  # decoding and resizing
    queue_ms: float  # waiting, for a decoder and for the model
    inference_ms: float  # the model's batch
    arrived_at: float = 0.0
    decoding_at: float = 0.0
    inferring_at: float = 0.0
    batch_size: int = 1

    @property
    def total_ms(self) -> float:
        """From arrival to the model's answer."""
        return self.decode_ms + self.queue_ms + self.inference_ms


@dataclass(frozen=True, slots=True)
class ImageResult:
    """One image's answer. width and height are the file's, in pixels, upright."""

    width: int
    height: int
    predictions: tuple[Prediction, ...]
    timing: Timing


@dataclass(frozen=True, slots=True)
class LogitsResult:
    """One image's logits, for protocols that hand out numbers and not predictions."""

    logits: Logits
    timing: Timing


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model as the API shows it."""

    name: str
    default: bool
    state: str  # "ready" or "stopping"
    card: ModelCard


class Backend(Protocol):
    """What the HTTP layer needs: the real one is `ModelRepository`, tests bring their own."""

    @property
    def ready(self) -> bool:
        """Whether requests can be answered."""

    @property
    def queued(self) -> int:
        """Images that wait here, for a decoder or for a model."""

    @property
    def batches(self) -> Mapping[str, BatchMeter]:
        """What counts the batches of the models that run in this process, by name."""

    @property
    def models(self) -> Sequence[ServedModel]:
        """What is served, the default first."""

    def find(self, name: str | None) -> ServedModel:
        """The model of that name, the default one for None. Raises ModelNotFound."""

    async def classify(
        self, images: Sequence[bytes], *, model: str | None, top_k: int, min_score: float
    ) -> list[ImageResult | RequestError]:
        """One answer an image, in order; an image at fault yields its error. Raises ServiceError, ModelNotFound."""

    async def infer(self, images: Sequence[bytes | Pixels], *, model: str | None) -> list[LogitsResult | RequestError]:
        """Likewise, with all logits. images: encoded, or pixels of the model's input size."""


class Classifier(Protocol):
    """One warm model, from an encoded image to predictions. `fused` and `split` are the ways to be one."""

    name: str
    card: ModelCard

    @property
    def waiting(self) -> int:
        """Images that wait here, for a decoder or for the model."""

    @property
    def batches(self) -> BatchMeter | None:
        """What counts the model's batches; None where the model runs in another process."""

    async def classify(self, data: bytes, *, top_k: int, min_score: float, deadline: float) -> ImageResult:
        """data: an encoded image. deadline: a `time.monotonic` value.

        Raises RequestError for a bad image, DeadlineExceeded, Overloaded or NotReady.
        """

    async def infer(self, image: bytes | Pixels, *, deadline: float) -> LogitsResult:
        """Likewise, with all logits. image: encoded, or pixels of the model's input size."""

    def close(self) -> None:
        """Finish what was accepted, then let go of what it holds. Blocks until then."""


class ModelRepository:
    """Every model of one replica, and the gate before them."""

    def __init__(self, classifiers: Mapping[str, Classifier], settings: Settings) -> None:
        self._classifiers = dict(classifiers)
        self._default = next(iter(self._classifiers))
        self._admission = Admission(settings.overload)
        self._stopping = False

    @property
    def ready(self) -> bool:
        """Whether requests can be answered."""
        return not self._stopping

    @property
    def queued(self) -> int:
        """See `Backend.queued`."""
        return sum(classifier.waiting for classifier in self._classifiers.values())

    @property
    def batches(self) -> Mapping[str, BatchMeter]:
        """See `Backend.batches`."""
        own = ((name, classifier.batches) for name, classifier in self._classifiers.items())
        return {name: meter for name, meter in own if meter is not None}

    @property
    def models(self) -> Sequence[ServedModel]:
        """What is served, the default first."""
        return [self.find(name) for name in self._classifiers]

    def find(self, name: str | None) -> ServedModel:
        """The model of that name, the default one for None. Raises ModelNotFound."""
        classifier = self._classifiers.get(name or self._default)
        if classifier is None:
            raise ModelNotFound(f"There is no model {name!r} here. GET /v1/models lists those that are.")
        state = "ready" if self.ready else "stopping"
        return ServedModel(classifier.name, classifier.name == self._default, state, classifier.card)

    async def classify(
        self, images: Sequence[bytes], *, model: str | None, top_k: int, min_score: float
    ) -> list[ImageResult | RequestError]:
        """See `Backend.classify`."""
        classifier = self._classifiers[self.find(model).name]
        return await self._answer_each(images, partial(classifier.classify, top_k=top_k, min_score=min_score))

    async def infer(self, images: Sequence[bytes | Pixels], *, model: str | None) -> list[LogitsResult | RequestError]:
        """See `Backend.infer`."""
        return await self._answer_each(images, self._classifiers[self.find(model).name].infer)

    def close(self) -> None:
        """Refuse new requests, finish those that were accepted, free the models. Blocks until then."""
        self._stopping = True
        for classifier in self._classifiers.values():
            classifier.close()

    async def _answer_each(
        self, images: Sequence[T], answer: Callable[..., Coroutine[Any, Any, R]]
    ) -> list[R | RequestError]:
        """One answer an image, or the error of an image at fault. answer: takes an image and, by name, its deadline."""
        if self._stopping:
            raise NotReady("The service is stopping. Try again.", retry_after_s=1.0)
        with self._admission.admit(len(images)) as deadline:
            if len(images) == 1:
                return [await _answer_or_error(answer, images[0], deadline)]
            try:
                async with asyncio.TaskGroup() as tasks:
                    answers = [tasks.create_task(_answer_or_error(answer, image, deadline)) for image in images]
            except ExceptionGroup as group:  # the first failure has cancelled the rest; the group adds nothing to it
                raise group.exceptions[0] from None
            return [one.result() for one in answers]


# No closure in the method above: it would be made for every request, its annotations evaluated anew.
async def _answer_or_error(
    answer: Callable[..., Coroutine[Any, Any, R]], image: T, deadline: float
) -> R | RequestError:
    try:
        return await answer(image, deadline=deadline)
    except RequestError as error:
        return error
