"""One model's whole way, with decoding in the model's thread and with decoding beside it."""

import asyncio
import time

import pytest
from PIL import Image

from serve_app.classifier import ImageResult
from serve_app.errors import DeadlineExceeded, UnsupportedMediaType
from serve_app.fused import FusedClassifier
from serve_app.settings import InferenceSettings, Settings
from tests.fakes import ColorRuntime
from tests.photos import encode

RED = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "PNG")
BLUE = encode(Image.new("RGB", (40, 60), (10, 10, 250)), "PNG")

ways = pytest.mark.parametrize("decode_threads", [0, 2])


def make(runtime: ColorRuntime, decode_threads: int, max_batch_size: int = 1) -> FusedClassifier:
    inference = InferenceSettings(decode_threads=decode_threads, max_batch_size=max_batch_size)
    return FusedClassifier(runtime, Settings(inference=inference), name="colors")


async def classify(classifier: FusedClassifier, data: bytes, seconds: float = 60) -> ImageResult:
    return await classifier.classify(data, top_k=1, min_score=0.0, deadline=time.monotonic() + seconds)


@ways
async def test_an_image_becomes_predictions_and_its_time_is_accounted_for(decode_threads: int) -> None:
    """Size, label and the three parts of the time."""
    classifier = make(ColorRuntime(), decode_threads)
    result = await classify(classifier, RED)
    assert (result.width, result.height, result.predictions[0].label) == (60, 40, "red")
    assert result.timing.decode_ms > 0
    assert result.timing.inference_ms > 0
    assert result.timing.queue_ms >= 0
    classifier.close()


@ways
async def test_a_bad_image_in_a_batch_fails_alone(decode_threads: int) -> None:
    """The good ones around it keep their own answers."""
    runtime = ColorRuntime()
    classifier = make(runtime, decode_threads, max_batch_size=4)
    runtime.go.clear()
    first = asyncio.create_task(classify(classifier, RED))
    await asyncio.to_thread(runtime.entered.wait, 10)
    rest = [asyncio.create_task(classify(classifier, data)) for data in (BLUE, b"broken", RED, BLUE)]
    await asyncio.sleep(0)
    runtime.go.set()
    answers = await asyncio.gather(first, *rest, return_exceptions=True)
    labels = [a.predictions[0].label if isinstance(a, ImageResult) else type(a) for a in answers]
    assert labels == ["red", "blue", UnsupportedMediaType, "red", "blue"]
    classifier.close()


@ways
async def test_a_late_image_is_never_run(decode_threads: int) -> None:
    """A deadline in the past costs the model nothing."""
    runtime = ColorRuntime()
    classifier = make(runtime, decode_threads)
    with pytest.raises(DeadlineExceeded):
        await classify(classifier, RED, seconds=-1)
    assert runtime.images == 0
    classifier.close()


async def test_closing_lets_go_of_the_model() -> None:
    """The runtime is closed after the last image."""
    runtime = ColorRuntime()
    classifier = make(runtime, 2)
    await classify(classifier, RED)
    classifier.close()
    assert runtime.closed
