"""The split topology's two halves, joined in one process: what travels between them, and what becomes of errors."""

import asyncio
import pickle
import time

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from serve_app.classifier import ImageResult, ModelRepository
from serve_app.errors import DeadlineExceeded, HttpError, Overloaded, UndecodableImage, UnsupportedMediaType
from serve_app.fused import FusedClassifier
from serve_app.preprocessing import Pixels
from serve_app.settings import InferenceSettings, LimitSettings, OverloadSettings, Settings
from serve_app.split import PixelClassifier, Ranking, SplitClassifier
from tests.fakes import ColorRuntime
from tests.photos import encode
from tests.stoppable_model import until

RED = encode(Image.new("RGB", (60, 40), (250, 10, 10)), "PNG")
BLUE = encode(Image.new("RGB", (40, 60), (10, 10, 250)), "PNG")


RED_PIXELS = np.full((28, 28, 3), (250, 10, 10), np.uint8)


class CountingRuntime(ColorRuntime):
    """Remembers how many images each call had."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def infer(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        self.batches.append(len(pixels))
        return super().infer(pixels)


class Halves:
    """Both halves around one fake model, as the two deployments hold them."""

    def __init__(self, settings: Settings | None = None) -> None:
        settings = settings or Settings(topology="split")
        self.runtime = CountingRuntime()
        self.model = PixelClassifier(self.runtime, settings, name="colors")
        self.ingress = SplitClassifier(self.model, settings, name="colors")

    async def classify(self, data: bytes, seconds: float = 60) -> ImageResult:
        return await self.ingress.classify(data, top_k=2, min_score=0.0, deadline=time.monotonic() + seconds)

    def close(self) -> None:
        self.runtime.go.set()
        self.ingress.close()
        self.model.close()


async def test_the_answer_is_the_fused_topology_s() -> None:
    """Size and predictions do not depend on where the model runs; the time is accounted for."""
    halves, fused = Halves(), FusedClassifier(ColorRuntime(), Settings(), name="colors")
    split_answer = await halves.classify(BLUE)
    fused_answer = await fused.classify(BLUE, top_k=2, min_score=0.0, deadline=time.monotonic() + 60)
    assert split_answer.predictions == fused_answer.predictions
    assert (split_answer.width, split_answer.height) == (fused_answer.width, fused_answer.height) == (40, 60)
    assert split_answer.timing.decode_ms > 0
    assert split_answer.timing.inference_ms > 0
    assert split_answer.timing.queue_ms >= 0
    halves.close()
    fused.close()


@pytest.mark.parametrize("image", [BLUE, RED_PIXELS], ids=["encoded", "pixels"])
async def test_logits_are_the_fused_topology_s_as_well(image: bytes | Pixels) -> None:
    """Of an encoded image, and of pixels that somebody else has decoded."""
    halves, fused = Halves(), FusedClassifier(ColorRuntime(), Settings(), name="colors")
    deadline = time.monotonic() + 60
    split_answer = await halves.ingress.infer(image, deadline=deadline)
    fused_answer = await fused.infer(image, deadline=deadline)
    assert split_answer.logits.tolist() == fused_answer.logits.tolist()
    assert split_answer.logits.shape == (3,)
    for timing in (split_answer.timing, fused_answer.timing):
        assert (timing.decode_ms > 0) == isinstance(image, bytes)
        assert timing.inference_ms > 0
    halves.close()
    fused.close()


async def test_a_bad_image_never_reaches_the_model() -> None:
    """Decoding is the ingress's: what fails there costs the model nothing."""
    halves = Halves()
    with pytest.raises(UndecodableImage):
        await halves.classify(RED[:60])
    assert halves.runtime.images == 0
    halves.close()


async def test_a_bad_image_among_others_fails_alone() -> None:
    """The repository of the ingress answers the others."""
    settings = Settings(topology="split")
    halves = Halves(settings)
    repository = ModelRepository({"colors": halves.ingress}, settings)
    answers = await repository.classify([RED, b"broken", BLUE], model=None, top_k=1, min_score=0.0)
    labels = [a.predictions[0].label if isinstance(a, ImageResult) else type(a) for a in answers]
    assert labels == ["red", UnsupportedMediaType, "blue"]
    halves.close()


@pytest.mark.parametrize("seconds_left", [-1.0, 0.0])
async def test_pixels_that_arrive_too_late_are_never_run(seconds_left: float) -> None:
    """The deadline travels as seconds that are left, and holds where the model is."""
    halves = Halves()
    with pytest.raises(DeadlineExceeded):
        await halves.model.rank(RED_PIXELS, top_k=1, min_score=0.0, seconds_left=seconds_left)
    assert halves.runtime.images == 0
    halves.close()


async def test_a_full_model_refuses_and_a_caller_that_leaves_makes_room() -> None:
    """The inference half's own queue is bounded, whatever the ingresses let in."""
    overload = OverloadSettings(max_pending_images=1)
    halves = Halves(Settings(topology="split", overload=overload, limits=LimitSettings(max_images=1)))
    halves.runtime.go.clear()
    running = asyncio.create_task(halves.classify(RED))
    await asyncio.to_thread(halves.runtime.entered.wait, 10)
    waiting = asyncio.create_task(halves.classify(RED))
    await until(lambda: halves.model.waiting == 1)
    with pytest.raises(Overloaded):
        await halves.classify(BLUE)
    waiting.cancel()
    await asyncio.wait([waiting])
    next_one = asyncio.create_task(halves.classify(BLUE))
    await until(lambda: halves.model.waiting == 1)
    halves.runtime.go.set()
    assert (await running).predictions[0].label == "red"
    assert (await next_one).predictions[0].label == "blue"
    assert halves.runtime.images == 2
    halves.close()


async def test_what_waits_at_the_model_shares_a_batch() -> None:
    """Pixels of many requests, from however many ingresses, go to the model together."""
    halves = Halves(Settings(topology="split", inference=InferenceSettings(max_batch_size=4, decode_threads=2)))
    halves.runtime.go.clear()
    tasks = [asyncio.create_task(halves.classify(RED))]
    await asyncio.to_thread(halves.runtime.entered.wait, 10)
    tasks += [asyncio.create_task(halves.classify(data)) for data in (BLUE, RED, BLUE)]
    await until(lambda: halves.model.waiting == 3)
    halves.runtime.go.set()
    answers = await asyncio.gather(*tasks)
    assert [answer.predictions[0].label for answer in answers] == ["red", "blue", "red", "blue"]
    assert halves.runtime.batches == [1, 3]
    halves.close()


def every_http_error() -> list[type[HttpError]]:
    found, left = [], [HttpError]
    while left:
        subclasses = left.pop().__subclasses__()
        found += [one for one in subclasses if hasattr(one, "status")]
        left += subclasses
    return found


@pytest.mark.parametrize("kind", every_http_error())
def test_errors_survive_the_way_between_processes(kind: type[HttpError]) -> None:
    """Class, message and the seconds after which to try again."""
    error = pickle.loads(pickle.dumps(kind("Try later.", retry_after_s=2.5)))  # noqa: S301  # written one call before
    assert type(error) is kind
    assert (error.detail, error.retry_after_s, str(error)) == ("Try later.", 2.5, "Try later.")


async def test_the_model_s_answer_is_plain_numbers() -> None:
    """What goes back is class ids and scores as Python's own numbers: no array, no labels."""
    halves = Halves()
    ranking = await halves.model.rank(RED_PIXELS, top_k=2, min_score=0.0, seconds_left=60)
    assert {type(number) for number in (*ranking.class_ids, *ranking.scores)} == {int, float}
    assert ranking.class_ids[0] == 0
    assert isinstance(ranking, Ranking)
    halves.close()
