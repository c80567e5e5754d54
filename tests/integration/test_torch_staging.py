"""Batches on a device, with a CPU in its place: padding, staging, recordings, and what happens without them."""

import logging
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from serve_app.preprocessing import Interpolation, Preprocessing
from serve_app.runtimes.torch_model import PixelModel
from serve_app.runtimes.torch_staging import StagedModel
from tests.fake_device import FakeDevice

SIZE = 8
CLASSES = 5
STEPS = Preprocessing(8, 8, Interpolation.BILINEAR, (0.4, 0.5, 0.6), (0.2, 0.3, 0.4))


def make_model(dtype: torch.dtype = torch.float32) -> PixelModel:
    torch.manual_seed(0)
    layers: tuple[Any, ...] = (
        nn.Conv2d(3, 6, 3),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, CLASSES),
    )
    return PixelModel(nn.Sequential(*layers), STEPS, dtype)


def stage(calls: FakeDevice, max_batch_size: int = 8) -> StagedModel:
    return StagedModel(make_model(), calls, size=SIZE, num_classes=CLASSES, max_batch_size=max_batch_size)


def make_pixels(count: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, SIZE, SIZE, 3), np.uint8)


def expect(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """The same module, normalised and called by hand, one image at a time."""
    module = make_model()._module
    images = torch.from_numpy(pixels.copy()).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (STEPS.mean, STEPS.std))
    with torch.inference_mode():
        logits = torch.cat([module(((image - mean) / std)[None]) for image in images])
    return np.asarray(logits.numpy(), np.float32)


def test_warming_up_records_every_size_the_largest_first() -> None:
    """The smaller recordings then fit into the largest one's memory."""
    calls = FakeDevice()
    stage(calls, 6).warm_up()
    assert calls.recorded == [6, 4, 2, 1]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("warm", [True, False])
def test_a_batch_of_any_size_gives_its_own_logits(count: int, warm: bool) -> None:
    """Padded to a prepared size, recorded or not, each image has the logits that it has alone."""
    calls = FakeDevice()
    model = stage(calls)
    if warm:
        model.warm_up()
    np.testing.assert_allclose(model.infer(make_pixels(count)), expect(make_pixels(count)), atol=1e-5)
    assert calls.repeated == ([{3: 4, 5: 8}.get(count, count)] if warm else [])


def test_only_the_images_themselves_are_uploaded() -> None:
    """Padding stays what the last batch left there, and no logits of it come back."""
    calls = FakeDevice()
    model = stage(calls)
    model.warm_up()
    model.infer(make_pixels(8))
    logits = model.infer(make_pixels(3))
    assert calls.uploads == [8, 3]
    assert logits.shape == (3, CLASSES)
    np.testing.assert_allclose(logits, expect(make_pixels(3)), atol=1e-5)


def test_a_batch_that_is_too_large_runs_in_parts() -> None:
    """The parts share staging memory and recordings; neither harms the one before."""
    calls = FakeDevice()
    model = stage(calls, 4)
    model.warm_up()
    np.testing.assert_allclose(model.infer(make_pixels(11)), expect(make_pixels(11)), atol=1e-5)
    assert calls.uploads == [4, 4, 3]
    assert calls.repeated == [4, 4, 4]


def test_logits_outlive_the_next_batch() -> None:
    """A recording writes to the same place each time; what was returned is a copy."""
    model = stage(FakeDevice())
    model.warm_up()
    first = model.infer(make_pixels(2))
    kept = first.copy()
    model.infer(make_pixels(2)[::-1])
    np.testing.assert_array_equal(first, kept)


def test_any_layout_of_the_callers_memory_can_be_staged() -> None:
    """Read-only, reversed and strided arrays are read as what they show."""
    model = stage(FakeDevice())
    pixels = make_pixels(4)
    expected = model.infer(pixels)
    read_only = pixels.copy()
    read_only.setflags(write=False)
    np.testing.assert_array_equal(model.infer(read_only), expected)
    np.testing.assert_allclose(model.infer(pixels[::-1]), expected[::-1], atol=1e-6)
    planar = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(model.infer(planar), expected)


def test_what_cannot_be_recorded_runs_without(caplog: pytest.LogCaptureFixture) -> None:
    """The reason is in the log, once, and every size is still answered."""
    calls = FakeDevice(refuses=1)
    model = stage(calls)
    with caplog.at_level(logging.WARNING):
        model.warm_up()
    assert [record.getMessage() for record in caplog.records] == [
        "batches of 8 and less run without a CUDA graph: operation not permitted when stream is capturing"
    ]
    np.testing.assert_allclose(model.infer(make_pixels(5)), expect(make_pixels(5)), atol=1e-5)
    assert calls.repeated == []


def test_closing_gives_the_memory_back() -> None:
    """Weights and buffers are let go of before the device is asked to release what is free."""
    calls = FakeDevice()
    model = stage(calls)
    model.warm_up()
    held = [weakref.ref(model._model), weakref.ref(model._pixels), weakref.ref(model._staging)]
    calls.before_release = lambda: [reference() for reference in held]
    model.close()
    assert calls.still_held == [None, None, None]


def test_bf16_keeps_batch_norms_in_float32() -> None:
    """Weights are bf16 once and for all; variances keep their digits; logits come out as float32."""
    model = make_model(torch.bfloat16)
    convolution, norm = model._module[0], model._module[1]
    assert convolution.weight.dtype == torch.bfloat16
    assert {norm.weight.dtype, norm.running_var.dtype} == {torch.float32}
    with torch.inference_mode():
        logits = model(torch.from_numpy(make_pixels(4)))
    assert logits.dtype == torch.float32
    np.testing.assert_allclose(logits.numpy(), expect(make_pixels(4)), atol=0.02)
