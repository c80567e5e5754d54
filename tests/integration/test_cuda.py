"""The GPU runtime on a real GPU; skipped where there is none. What a CPU can stand for is in test_torch_staging.py."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from serve_app.preprocessing import Interpolation, Preprocessing
from serve_app.runtimes.torch_model import PixelModel
from serve_app.runtimes.torch_staging import CudaCalls, StagedModel

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here"),
    pytest.mark.timeout(300),
]

SIZE, NUM_CLASSES, MAX_BATCH_SIZE = 64, 10, 6
STEPS = Preprocessing(
    resize_size=SIZE,
    crop_size=SIZE,
    interpolation=Interpolation.BICUBIC,
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
)


def make_module(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(512, NUM_CLASSES),
    ).eval()


def make_staged(seed: int, dtype: torch.dtype = torch.float32) -> StagedModel:
    model = PixelModel(make_module(seed), STEPS, dtype)
    return StagedModel(model, CudaCalls(), size=SIZE, num_classes=NUM_CLASSES, max_batch_size=MAX_BATCH_SIZE)


def make_pixels(count: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, SIZE, SIZE, 3), np.uint8)


def infer_on_cpu(seed: int, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    with torch.inference_mode():
        return np.asarray(PixelModel(make_module(seed), STEPS, torch.float32)(torch.from_numpy(pixels)).numpy())


def check_close(given: npt.NDArray[np.float32], expected: npt.NDArray[np.float32], tolerance: float = 5e-3) -> None:
    """5e-3: convolutions on a GPU round their operands to TF32's 10 bits."""
    assert given.dtype == np.float32
    assert given.shape == expected.shape
    assert np.linalg.norm(given - expected) / np.linalg.norm(expected) < tolerance


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "eager"])
def test_every_number_of_images_gives_the_processors_logits(*, recorded: bool) -> None:
    """Padded, full and cut batches, image by image in their order."""
    staged = make_staged(1)
    if recorded:
        staged.warm_up()
    for count in range(1, 2 * MAX_BATCH_SIZE + 2):
        pixels = make_pixels(count, seed=count)
        check_close(staged.infer(pixels), infer_on_cpu(1, pixels))
    staged.close()


def test_every_size_is_recorded(caplog: pytest.LogCaptureFixture) -> None:
    """No size falls back to launching every kernel by itself."""
    staged = make_staged(1)
    staged.warm_up()
    assert sorted(staged.recorded_sizes) == [1, 2, 4, 6]
    assert not caplog.records
    staged.close()


def test_bf16_moves_the_logits_a_little() -> None:
    """Weights and images have 8 bits of precision each."""
    staged = make_staged(1, torch.bfloat16)
    staged.warm_up()
    pixels = make_pixels(MAX_BATCH_SIZE)
    check_close(staged.infer(pixels), infer_on_cpu(1, pixels), tolerance=3e-2)
    staged.close()


def test_logits_can_be_kept() -> None:
    """A later batch writes to the same place on the device and not to what an earlier one returned."""
    staged = make_staged(1)
    staged.warm_up()
    first = staged.infer(make_pixels(2, seed=1))
    copy = first.copy()
    staged.infer(make_pixels(2, seed=2))
    np.testing.assert_array_equal(first, copy)
    staged.close()


def test_models_work_beside_each_other_in_any_thread() -> None:
    """Two models, each called by threads that change, one recorded while the other one runs."""
    seeds = (1, 2)
    models = {seed: make_staged(seed) for seed in seeds}
    models[1].warm_up()

    def run(seed: int) -> None:
        if seed == 2:
            models[2].warm_up()
        for number in range(40):
            pixels = make_pixels(1 + number % (MAX_BATCH_SIZE + 2), seed=number)
            with ThreadPoolExecutor(1) as another:
                check_close(another.submit(models[seed].infer, pixels).result(), infer_on_cpu(seed, pixels))

    with ThreadPoolExecutor(len(seeds)) as threads:
        list(threads.map(run, seeds))
    assert len(models[2].recorded_sizes) == 4
    for model in models.values():
        model.close()


def test_what_is_closed_gives_its_memory_back() -> None:
    """Weights, recordings and staging memory; torch keeps cuBLAS's workspace for the stream, 32 MiB."""
    ballast = 2**28
    module = make_module(1)
    module.register_buffer("ballast", torch.zeros(ballast, dtype=torch.uint8))
    before = torch.cuda.memory_allocated()
    staged = StagedModel(
        PixelModel(module, STEPS, torch.float32),
        CudaCalls(),
        size=SIZE,
        num_classes=NUM_CLASSES,
        max_batch_size=MAX_BATCH_SIZE,
    )
    del module
    staged.warm_up()
    staged.infer(make_pixels(3))
    assert torch.cuda.memory_allocated() > before + ballast
    staged.close()
    assert torch.cuda.memory_allocated() < before + ballast / 4
