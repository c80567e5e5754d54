"""Classifiers that share their work: what they exchange is images and what was found in them."""

import asyncio
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serve_app.classifier import ImageResult
from serve_app.errors import UnsupportedMediaType
from serve_app.fused import FusedClassifier
from serve_app.settings import Settings
from tests.fakes import ColorRuntime
from tests.photos import encode
from tests.siblings import wait_for_rest
from tests.stoppable_model import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sharing is Linux's")

RED = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "PNG")
BLUE = encode(Image.new("RGB", (40, 60), (10, 10, 250)), "PNG")


async def test_a_sibling_decodes_and_classifies(tmp_path: Path) -> None:
    """Photos, pixels and broken files come back with what belongs to them, and the pixels do not come along."""
    folder = tmp_path / "siblings"
    busy, free = ColorRuntime(), ColorRuntime()
    owner = FusedClassifier(busy, Settings(), name="colors", siblings=folder)
    helper = FusedClassifier(free, Settings(), name="colors", siblings=folder)
    await asyncio.to_thread(wait_for_rest, folder)
    busy.go.clear()
    deadline = time.monotonic() + 60
    first = asyncio.create_task(owner.classify(RED, top_k=1, min_score=0.0, deadline=deadline))
    await until(busy.entered.is_set)

    before = time.monotonic()
    green = np.zeros((28, 28, 3), np.uint8)
    green[..., 1] = 200
    blue, found = await asyncio.gather(
        owner.classify(BLUE, top_k=1, min_score=0.0, deadline=deadline), owner.infer(green, deadline=deadline)
    )
    broken, red = await asyncio.gather(
        *(owner.classify(data, top_k=1, min_score=0.0, deadline=deadline) for data in (b"broken", RED)),
        return_exceptions=True,
    )
    assert (blue.width, blue.height, blue.predictions[0].label) == (40, 60, "blue")
    timing = blue.timing
    assert before <= timing.decoding_at <= timing.inferring_at <= time.monotonic()
    assert min(timing.decode_ms, timing.queue_ms, timing.inference_ms) >= 0
    assert found.logits.tolist() == [0.0, 200.0, 0.0]
    assert isinstance(broken, UnsupportedMediaType)
    assert isinstance(red, ImageResult)
    assert (busy.images, free.images) == (0, 3)

    busy.go.set()
    assert (await first).predictions[0].label == "red"
    owner.close()
    helper.close()
