"""The protocol's core around a fake model: both views, every output, every refusal, and what is counted."""

import asyncio
from typing import Any

import numpy as np
import pytest

from serve_app.errors import (
    DeadlineExceeded,
    MalformedRequest,
    ModelNotFound,
    Overloaded,
    PayloadTooLarge,
    UnsupportedMediaType,
)
from serve_app.open_inference.messages import InferRequest, RequestedOutput
from serve_app.open_inference.statistics import find_counts
from serve_app.open_inference.tensors import InputTensor
from serve_app.settings import LimitSettings, OverloadSettings, Settings
from tests.stoppable_model import until
from tests.unit.open_inference.asking import BLUE, RED, Service, ask_with_images, ask_with_tensor, fill


async def test_both_views_answer_the_same_scores() -> None:
    """A photo of one colour and the tensor that it becomes; one row for each image."""
    service = Service()
    images = await service.ask(ask_with_images(RED, BLUE, id="seven"))
    tensor = await service.ask(ask_with_tensor(fill((250, 10, 10), (10, 10, 250))))
    assert (images.model, images.version, images.id) == ("colors", "1", "seven")
    assert tensor.model == "colors_tensor"
    (scores,), (same,) = images.outputs, tensor.outputs
    assert (scores.name, scores.datatype, scores.shape) == ("scores", "FP32", (2, 3))
    rows = np.array(scores.values).reshape(2, 3)
    assert rows.argmax(axis=1).tolist() == [0, 2]
    assert rows.sum(axis=1) == pytest.approx([1, 1])
    assert np.array_equal(scores.values, same.values)


async def test_logits_are_answered_where_they_are_asked_for() -> None:
    """They are the model's own, here the mean of each channel."""
    response = await Service().ask(ask_with_images(RED, outputs=(RequestedOutput("logits"), RequestedOutput("scores"))))
    assert [output.name for output in response.outputs] == ["logits", "scores"]
    assert np.array(response.outputs[0].values).tolist() == [250, 10, 10]


@pytest.mark.parametrize("output", ["scores", "logits"])
async def test_classification_gives_the_best_classes_as_text(output: str) -> None:
    """Value, class id and label, best first; equal values come by class id, and more than there are is all."""
    request = ask_with_images(RED, BLUE, outputs=(RequestedOutput(output, classification=7),))
    (classes,) = (await Service().ask(request)).outputs
    assert (classes.datatype, classes.shape) == ("BYTES", (2, 3))
    texts = [text.decode() for text in classes.values]
    if output == "logits":
        assert texts[:3] == ["250.000000:0:red", "10.000000:1:green", "10.000000:2:blue"]
    assert [text.split(":")[1] for text in texts] == ["0", "1", "2", "2", "0", "1"]


async def test_a_flat_list_of_images_will_do() -> None:
    """The shape [N] means the same as [N, 1]."""
    response = await Service().ask(InferRequest("colors", (InputTensor("image", "BYTES", (2,), [RED, BLUE]),)))
    assert response.images == 2


def tensor_of(**changes: Any) -> InferRequest:
    arguments: dict[str, Any] = {"name": "image", "datatype": "BYTES", "shape": (1, 1), "data": [RED]} | changes
    return InferRequest("colors", (InputTensor(**arguments),))


@pytest.mark.parametrize(
    ("request_", "kind", "words"),
    [
        (ask_with_images(RED, model="nobody"), ModelNotFound, "nobody"),
        (ask_with_images(RED, version="2"), ModelNotFound, "no version '2'"),
        (InferRequest("colors", ()), MalformedRequest, "has none"),
        (tensor_of(name="photo"), MalformedRequest, "'image'; the request has 'photo'"),
        (tensor_of(datatype="FP32"), MalformedRequest, "is BYTES"),
        (tensor_of(shape=(1, 2)), MalformedRequest, r"\[-1, 1\]"),
        (tensor_of(shape=()), MalformedRequest, "shape"),
        (tensor_of(shape=(0, 1), data=[]), MalformedRequest, "shape"),
        (tensor_of(shape=(-1, 1)), MalformedRequest, "shape"),
        (tensor_of(shape=(33, 1)), PayloadTooLarge, "at most 32"),
        (ask_with_images(RED, b"nonsense"), UnsupportedMediaType, "not an image"),
        (ask_with_images(RED, outputs=(RequestedOutput("boxes"),)), MalformedRequest, "'scores' and 'logits'"),
        (ask_with_images(RED, outputs=(RequestedOutput("scores", -1),)), MalformedRequest, "classification"),
        (ask_with_tensor(fill((0, 0, 0))[0]), MalformedRequest, r"\[-1, 3, 28, 28\]"),
        (ask_with_tensor(fill((0, 0, 0)) + 9), MalformedRequest, "Normalise"),
    ],
)
async def test_what_cannot_be_answered_is_refused(request_: InferRequest, kind: type[Exception], words: str) -> None:
    """The message says what is expected, and the next request is answered."""
    service = Service()
    with pytest.raises(kind, match=words):
        await service.ask(request_)
    assert (await service.ask(ask_with_images(RED))).images == 1


async def test_an_image_over_the_limit_is_refused_before_it_is_decoded() -> None:
    """413 is its status."""
    service = Service(Settings(limits=LimitSettings(max_image_bytes=1024)))
    with pytest.raises(PayloadTooLarge):
        await service.ask(ask_with_images(b"x" * 1025))
    assert service.runtime.images == 0


async def test_a_request_has_its_time_counted_in_parts() -> None:
    """The parts are within the whole, and each request counts once, however many images it has."""
    service = Service()
    await service.ask(ask_with_images(RED, BLUE))
    await service.ask(ask_with_images(RED))
    with pytest.raises(MalformedRequest):
        await service.ask(tensor_of(name="photo"))
    counts = find_counts("colors", service.samples)
    assert (counts.succeeded, counts.failed, counts.images) == (2, 1, 3)
    assert 1 <= counts.executions <= 3
    assert counts.failed_ns > 0
    parts = counts.queue_ns + counts.input_ns + counts.infer_ns + counts.output_ns
    assert 0 < parts <= counts.succeeded_ns
    assert find_counts("colors_tensor", service.samples).succeeded == 0
    assert service.samples["images", "colors", "classified"] == (3,)


async def test_each_image_at_fault_is_counted_by_its_reason() -> None:
    """As for a classify request; the good one beside it was classified."""
    service = Service()
    with pytest.raises(UnsupportedMediaType):
        await service.ask(ask_with_images(RED, b"nonsense"))
    assert service.samples["images", "colors", "unsupported_media_type"] == (1,)
    assert service.samples["images", "colors", "classified"] == (1,)


async def test_a_full_service_refuses() -> None:
    """Admission is the backend's, for every protocol."""
    overload = OverloadSettings(max_pending_images=1)
    service = Service(Settings(overload=overload, limits=LimitSettings(max_images=1)))
    service.runtime.go.clear()
    running = asyncio.create_task(service.ask(ask_with_images(RED)))
    await asyncio.to_thread(service.runtime.entered.wait, 10)
    with pytest.raises(Overloaded):
        await service.ask(ask_with_tensor(fill((1, 1, 1))))
    service.runtime.go.set()
    assert (await running).images == 1


async def test_a_client_s_own_timeout_ends_its_request() -> None:
    """What waits for the model leaves the queue, and the request counts as failed."""
    service = Service()
    service.runtime.go.clear()
    running = asyncio.create_task(service.ask(ask_with_images(RED)))
    await asyncio.to_thread(service.runtime.entered.wait, 10)
    with pytest.raises(DeadlineExceeded, match=r"0\.01 s"):
        await service.ask(ask_with_images(BLUE, timeout_s=0.01))
    assert service.repository.queued == 0
    service.runtime.go.set()
    await running
    assert find_counts("colors", service.samples).failed == 1


async def test_pixels_and_photos_share_a_batch() -> None:
    """Requests of both views that wait together go to the model together."""
    service = Service()
    service.runtime.go.clear()
    first = asyncio.create_task(service.ask(ask_with_images(RED)))
    await asyncio.to_thread(service.runtime.entered.wait, 10)
    rest = [
        asyncio.create_task(service.ask(ask_with_images(BLUE))),
        asyncio.create_task(service.ask(ask_with_tensor(fill((250, 10, 10))))),
    ]
    await until(lambda: service.repository.queued == 2)
    service.runtime.go.set()
    await first
    assert [response.slowest.batch_size for response in await asyncio.gather(*rest)] == [2, 2]
