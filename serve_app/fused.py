"""The fused topology: decoding and the model in one process, so that an image crosses no boundary on its way.

Knows nothing of HTTP or Ray.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serve_app.batching import Batcher, Served
from serve_app.classifier import ImageResult, LogitsResult, Timing
from serve_app.decoding import Decoded, ImageDecoder
from serve_app.meters import BatchMeter
from serve_app.postprocessing import Logits, rank_predictions
from serve_app.preprocessing import Pixels
from serve_app.runtimes import Runtime
from serve_app.settings import Settings


class FusedClassifier:
    """See `serve_app.classifier.Classifier`. Use it from one event loop.

    siblings: where the node's other replicas of the same model and settings are met, to share work; None: nowhere.

    With `decode_threads` at 0 an image is decoded in the thread that runs the model: one hand-over an image, which
    suits a CPU, where decoding beside the model gains nothing. Otherwise a pool decodes ahead of the model, which suits
    a GPU.
    """

    def __init__(self, runtime: Runtime, settings: Settings, *, name: str, siblings: Path | None = None) -> None:
        self.name = name
        self.card = runtime.card
        self._runtime = runtime
        self._decoder = ImageDecoder(
            self.card.preprocessing,
            max_pixels=settings.limits.max_image_pixels,
            threads=settings.inference.decode_threads,
            name=name,
        )
        self._batcher: Batcher[bytes | Decoded, _Inferred] = Batcher(
            self._run,
            max_batch_size=settings.inference.max_batch_size,
            max_queue=settings.overload.max_pending_images,
            one_by_one=runtime.one_by_one,
            siblings=siblings,
            name=f"model-{name}",
        )

    @property
    def waiting(self) -> int:
        """See `Classifier.waiting`."""
        return self._decoder.waiting + self._batcher.waiting

    @property
    def batches(self) -> BatchMeter:
        """See `Classifier.batches`."""
        return self._batcher.meter

    async def classify(self, data: bytes, *, top_k: int, min_score: float, deadline: float) -> ImageResult:
        """See `Classifier.classify`."""
        arrived = time.monotonic()
        item: bytes | Decoded = data
        if self._decoder.has_threads:
            item = await self._decoder.decode_aside(data, deadline=deadline)
        served = await self._batcher.submit(item, deadline=deadline)
        inferred, timing = served.result, _measure(served, arrived)
        predictions = rank_predictions(inferred.logits, self.card.labels, top_k=top_k, min_score=min_score)
        return ImageResult(inferred.width, inferred.height, predictions, timing)

    async def infer(self, image: bytes | Pixels, *, deadline: float) -> LogitsResult:
        """See `Classifier.infer`. Pixels wait for the model in the same queue as encoded images."""
        arrived = time.monotonic()
        item: bytes | Decoded
        if not isinstance(image, bytes):
            height, width, _ = image.shape
            item = Decoded(image, width, height, seconds=0.0, began_at=arrived)
        elif self._decoder.has_threads:
            item = await self._decoder.decode_aside(image, deadline=deadline)
        else:
            item = image
        served = await self._batcher.submit(item, deadline=deadline)
        return LogitsResult(served.result.logits, _measure(served, arrived))

    def close(self) -> None:
        """See `Classifier.close`."""
        self._decoder.close()
        self._batcher.close()
        self._runtime.close()

    def _run(self, items: Sequence[bytes | Decoded]) -> "list[_Inferred | Exception]":
        """One batch: decode what is not decoded yet, then one call of the model for all that could be."""
        decoded = [self._decode_or_fail(item) if isinstance(item, bytes) else item for item in items]
        pixels = [one.pixels for one in decoded if isinstance(one, Decoded)]
        if not pixels:
            return [one for one in decoded if isinstance(one, Exception)]
        batch = pixels[0][None] if len(pixels) == 1 else np.stack(pixels)  # (N, H, W, 3)
        started = time.monotonic()
        logits = iter(self._runtime.infer(batch))  # (N, num_classes)
        seconds = time.monotonic() - started
        return [
            one if isinstance(one, Exception) else _describe(one, next(logits), seconds, started) for one in decoded
        ]

    def _decode_or_fail(self, data: bytes) -> Decoded | Exception:
        try:
            return self._decoder.decode(data)
        except Exception as error:  # noqa: BLE001  # it is handed to its caller, and spoils no other image
            return error


@dataclass(frozen=True, slots=True)
class _Inferred:
    """An image's logits, and when and how long it was worked on. Without its pixels: it may go to another process."""

    width: int
    height: int
    decode_s: float
    decoding_at: float
    logits: Logits
    inference_s: float
    inferring_at: float


def _describe(decoded: Decoded, logits: Logits, seconds: float, began_at: float) -> _Inferred:
    width, height = decoded.width, decoded.height
    return _Inferred(width, height, decoded.seconds, decoded.began_at, logits, seconds, began_at)


def _measure(served: Served[_Inferred], arrived: float) -> Timing:
    """Where the time of an image went that arrived at that moment and has its answer now."""
    inferred = served.result
    waited_s = time.monotonic() - arrived - inferred.decode_s - inferred.inference_s
    return Timing(
        decode_ms=inferred.decode_s * 1e3,
        queue_ms=max(0.0, waited_s) * 1e3,
        inference_ms=inferred.inference_s * 1e3,
        arrived_at=arrived,
        decoding_at=inferred.decoding_at,
        inferring_at=inferred.inferring_at,
        batch_size=served.batch_size,
    )
