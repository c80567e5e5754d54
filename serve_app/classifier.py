"""The whole way of an image: bytes -> decoded image -> pixels -> batch -> logits -> predictions.

A `Classifier` is one model, warm and ready; a `ModelRepository` is all that a replica serves. Knows nothing of HTTP or
Ray.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from serve_app.admission import Admission
from serve_app.artifacts import ModelCard
from serve_app.batching import Batcher
from serve_app.errors import DeadlineExceeded, ModelNotFound, NotReady, RequestError
from serve_app.images import decode_image
from serve_app.postprocessing import Logits, Prediction, rank_predictions
from serve_app.preprocessing import Pixels, preprocess
from serve_app.runtimes import Runtime
from serve_app.settings import Settings


@dataclass(frozen=True, slots=True)
class Timing:
    """Where an image's time went inside the replica, in milliseconds."""

    decode_ms: float  # decoding and resizing
    queue_ms: float  # waiting, for a decoder and for the model
    inference_ms: float  # the model's batch


@dataclass(frozen=True, slots=True)
class ImageResult:
    """One image's answer. width and height are the file's, in pixels, upright."""

    width: int
    height: int
    predictions: tuple[Prediction, ...]
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
    def models(self) -> Sequence[ServedModel]:
        """What is served, the default first."""

    def find(self, name: str | None) -> ServedModel:
        """The model of that name, the default one for None. Raises ModelNotFound."""

    async def classify(
        self, images: Sequence[bytes], *, model: str | None, top_k: int, min_score: float
    ) -> list[ImageResult | RequestError]:
        """One answer an image, in order; an image at fault yields its error. Raises ServiceError, ModelNotFound."""


class Classifier:
    """One warm model. Use it from one event loop.

    With `decode_threads` at 0 an image is decoded in the thread that runs the model: one hand-over an image, which
    suits a CPU, where decoding beside the model gains nothing. Otherwise a pool decodes ahead of the model, which suits
    a GPU.
    """

    def __init__(self, runtime: Runtime, settings: Settings, *, name: str) -> None:
        self.name = name
        self.card = runtime.card
        self._runtime = runtime
        self._max_pixels = settings.limits.max_image_pixels
        threads = settings.inference.decode_threads
        self._decoders = ThreadPoolExecutor(threads, thread_name_prefix=f"decode-{name}") if threads else None
        self._batcher: Batcher[bytes | _Decoded, _Inferred] = Batcher(
            self._run,
            max_batch_size=settings.inference.max_batch_size,
            max_queue=settings.overload.max_pending_images,
            name=f"model-{name}",
        )

    async def classify(self, data: bytes, *, top_k: int, min_score: float, deadline: float) -> ImageResult:
        """data: an encoded image. deadline: a `time.monotonic` value.

        Raises RequestError for a bad image, DeadlineExceeded, Overloaded or NotReady.
        """
        arrived = time.monotonic()
        item: bytes | _Decoded = data
        if self._decoders is not None:
            loop = asyncio.get_running_loop()
            item = await loop.run_in_executor(self._decoders, self._decode_in_time, data, deadline)
        inferred = (await self._batcher.submit(item, deadline=deadline)).result
        decoded = inferred.decoded
        waited_s = time.monotonic() - arrived - decoded.seconds - inferred.seconds
        timing = Timing(
            decode_ms=decoded.seconds * 1e3, queue_ms=max(0.0, waited_s) * 1e3, inference_ms=inferred.seconds * 1e3
        )
        predictions = rank_predictions(inferred.logits, self.card.labels, top_k=top_k, min_score=min_score)
        return ImageResult(decoded.width, decoded.height, predictions, timing)

    def close(self) -> None:
        """Finish what was accepted, then free the model. Blocks until then."""
        if self._decoders is not None:
            self._decoders.shutdown(wait=True, cancel_futures=True)
        self._batcher.close()
        self._runtime.close()

    def _decode_in_time(self, data: bytes, deadline: float) -> "_Decoded":
        if time.monotonic() > deadline:
            raise DeadlineExceeded("The deadline passed while the image waited. Try again later.")
        return self._decode(data)

    def _decode(self, data: bytes) -> "_Decoded":
        started = time.monotonic()
        preprocessing = self.card.preprocessing
        image = decode_image(data, max_pixels=self._max_pixels, min_side=preprocessing.resize_size)
        pixels = preprocess(image.pixels, preprocessing)
        return _Decoded(pixels, image.width, image.height, time.monotonic() - started)

    def _run(self, items: "Sequence[bytes | _Decoded]") -> "list[_Inferred | Exception]":
        """One batch: decode what is not decoded yet, then one call of the model for all that could be."""
        decoded = [self._decode_or_fail(item) if isinstance(item, bytes) else item for item in items]
        pixels = [one.pixels for one in decoded if isinstance(one, _Decoded)]
        if not pixels:
            return [one for one in decoded if isinstance(one, Exception)]
        batch = pixels[0][None] if len(pixels) == 1 else np.stack(pixels)  # (N, H, W, 3)
        started = time.monotonic()
        logits = iter(self._runtime.infer(batch))  # (N, num_classes)
        seconds = time.monotonic() - started
        return [one if isinstance(one, Exception) else _Inferred(one, next(logits), seconds) for one in decoded]

    def _decode_or_fail(self, data: bytes) -> "_Decoded | Exception":
        try:
            return self._decode(data)
        except Exception as error:  # noqa: BLE001  # it is handed to its caller, and spoils no other image
            return error


@dataclass(frozen=True, slots=True)
class _Decoded:
    pixels: Pixels
    width: int
    height: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Inferred:
    decoded: _Decoded
    logits: Logits
    seconds: float


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
        if self._stopping:
            raise NotReady("The service is stopping. Try again.", retry_after_s=1.0)
        with self._admission.admit(len(images)) as deadline:

            async def classify_one(data: bytes) -> ImageResult | RequestError:
                try:
                    return await classifier.classify(data, top_k=top_k, min_score=min_score, deadline=deadline)
                except RequestError as error:
                    return error

            if len(images) == 1:
                return [await classify_one(images[0])]
            try:
                async with asyncio.TaskGroup() as tasks:
                    answers = [tasks.create_task(classify_one(data)) for data in images]
            except ExceptionGroup as group:  # the first failure has cancelled the rest; the group adds nothing to it
                raise group.exceptions[0] from None
            return [answer.result() for answer in answers]

    def close(self) -> None:
        """Refuse new requests, finish those that were accepted, free the models. Blocks until then."""
        self._stopping = True
        for classifier in self._classifiers.values():
            classifier.close()
