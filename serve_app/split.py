"""The split topology: one process decodes, another runs the model, and pixels travel between them.

`SplitClassifier` is the ingress's half: bytes -> pixels. `PixelClassifier` is the inference's half: pixels -> batch ->
logits -> the best classes. How they reach each other is `PixelModel`'s secret; nothing here knows Ray or HTTP.

Only small, plain data goes back: class ids and scores. The labels are in the card, which the ingress has.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from serve_app.artifacts import ModelCard
from serve_app.batching import Batcher
from serve_app.classifier import ImageResult, Timing
from serve_app.decoding import ImageDecoder
from serve_app.meters import BatchMeter
from serve_app.postprocessing import Logits, Prediction, rank_predictions
from serve_app.preprocessing import Pixels
from serve_app.runtimes import Runtime
from serve_app.settings import Settings


class Ranking(NamedTuple):
    """The classes of highest score, best first: `class_ids[i]` has `scores[i]`.

    inference_s: the model's batch; batch_size: images in it.
    """

    class_ids: tuple[int, ...]
    scores: tuple[float, ...]
    inference_s: float
    batch_size: int = 1


class PixelModel(Protocol):
    """The inference half as the ingress sees it, wherever it runs."""

    @property
    def card(self) -> ModelCard:
        """What the model says of itself."""

    async def rank(self, pixels: Pixels, *, top_k: int, min_score: float, seconds_left: float) -> Ranking:
        """The best classes of one image.

        pixels: uint8 (H, W, 3), RGB, 0-255, of the model's input size.
        seconds_left: until the deadline. Seconds, and no moment, because two machines share no monotonic clock.
        Raises DeadlineExceeded, Overloaded, NotReady or Internal.
        """


class PixelClassifier:
    """One warm model that takes pixels. Use it from one event loop."""

    def __init__(self, runtime: Runtime, settings: Settings, *, name: str) -> None:
        self.card = runtime.card
        self._runtime = runtime
        self._batcher: Batcher[Pixels, Logits] = Batcher(
            self._run,
            max_batch_size=settings.inference.max_batch_size,
            max_queue=settings.overload.max_pending_images,
            one_by_one=runtime.one_by_one,
            name=f"model-{name}",
        )

    @property
    def waiting(self) -> int:
        """Images in the queue."""
        return self._batcher.waiting

    @property
    def batches(self) -> BatchMeter:
        """Counts the model's batches."""
        return self._batcher.meter

    async def rank(self, pixels: Pixels, *, top_k: int, min_score: float, seconds_left: float) -> Ranking:
        """See `PixelModel.rank`."""
        served = await self._batcher.submit(pixels, deadline=time.monotonic() + seconds_left)
        best = rank_predictions(served.result, self.card.labels, top_k=top_k, min_score=min_score)
        class_ids, scores = tuple(one.class_id for one in best), tuple(one.score for one in best)
        return Ranking(class_ids, scores, served.run_s, served.batch_size)

    def close(self) -> None:
        """Finish what was accepted, then free the model. Blocks until then."""
        self._batcher.close()
        self._runtime.close()

    def _run(self, items: Sequence[Pixels]) -> list[Logits]:
        batch = items[0][None] if len(items) == 1 else np.stack(items)  # (N, H, W, 3)
        return list(self._runtime.infer(batch))  # N of (num_classes,)


class SplitClassifier:
    """See `serve_app.classifier.Classifier`. Decodes here, in at least one thread; the model is elsewhere."""

    def __init__(self, model: PixelModel, settings: Settings, *, name: str) -> None:
        self.name = name
        self.card = model.card
        self._model = model
        self._decoder = ImageDecoder(
            self.card.preprocessing,
            max_pixels=settings.limits.max_image_pixels,
            threads=max(1, settings.inference.decode_threads),
            name=name,
        )

    @property
    def waiting(self) -> int:
        """See `Classifier.waiting`. What waits for the model waits where that is."""
        return self._decoder.waiting

    @property
    def batches(self) -> None:
        """See `Classifier.batches`. They are counted where the model is."""
        return None

    async def classify(self, data: bytes, *, top_k: int, min_score: float, deadline: float) -> ImageResult:
        """See `Classifier.classify`. The way to the model and back counts as waiting."""
        arrived = time.monotonic()
        decoded = await self._decoder.decode_aside(data, deadline=deadline)
        ranking = await self._model.rank(
            decoded.pixels, top_k=top_k, min_score=min_score, seconds_left=deadline - time.monotonic()
        )
        answered = time.monotonic()
        waited_s = answered - arrived - decoded.seconds - ranking.inference_s
        timing = Timing(
            decode_ms=decoded.seconds * 1e3,
            queue_ms=max(0.0, waited_s) * 1e3,
            inference_ms=ranking.inference_s * 1e3,
            arrived_at=arrived,
            decoding_at=decoded.began_at,
            # Two machines share no clock: the model is taken to have answered the moment that its answer was here.
            inferring_at=answered - ranking.inference_s,
            batch_size=ranking.batch_size,
        )
        labels = self.card.labels
        best = zip(ranking.class_ids, ranking.scores, strict=True)
        predictions = tuple(Prediction(class_id, labels[class_id], score) for class_id, score in best)
        return ImageResult(decoded.width, decoded.height, predictions, timing)

    def close(self) -> None:
        """See `Classifier.close`. The model is not this half's to free."""
        self._decoder.close()
