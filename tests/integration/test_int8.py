"""int8 for real: NNCF on the default model, from photos on disk to an artifact that answers."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from serve_app.artifacts import Artifact, Calibration, ensure_artifact
from serve_app.catalog import DEFAULT_MODEL
from serve_app.errors import SetupError
from serve_app.images import decode_image
from serve_app.preprocessing import Pixels, preprocess
from serve_app.quantisation import FEWEST_PHOTOS
from serve_app.runtimes import load_runtime
from tests.photos import encode, example

# An export imports torch and NNCF, and runs the model some hundred times.
pytestmark = pytest.mark.timeout(600)

needs_nncf = pytest.mark.skipif(
    find_spec("nncf") is None,
    reason="nncf is not installed; it is left out of the lock on purpose: pip install -e '.[int8]' runs these",
)

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many different crops of the bundled photos as an export asks for at least."""
    folder = tmp_path_factory.mktemp("photos")
    chance = np.random.default_rng(0)
    for number in range(FEWEST_PHOTOS):
        photo = decode_image(example(("cat", "coffee", "rocket")[number % 3]), max_pixels=10**7, min_side=256).pixels
        width, height = (round(side * chance.uniform(0.7, 0.9)) for side in photo.size)
        left, top = (int(chance.integers(0, room + 1)) for room in (photo.width - width, photo.height - height))
        crop = photo.crop((left, top, left + width, top + height))
        (folder / f"{number}.jpg").write_bytes(encode(crop, "JPEG", quality=90))
    return folder


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture(scope="module")
def int8(photos: Path, root: Path, said: list[str]) -> Artifact:
    calibration = Calibration(photos, 0.8)
    return ensure_artifact(DEFAULT_MODEL, precision="int8", root=root, calibration=calibration, report=said.append)


def see(name: str, artifact: Artifact) -> Pixels:
    steps = artifact.card.preprocessing
    image = decode_image(example(name), max_pixels=50_000_000, min_side=steps.resize_size)
    return preprocess(image.pixels, steps)[None]


@needs_nncf
def test_the_export_says_what_it_did(int8: Artifact, photos: Path, root: Path, said: list[str]) -> None:
    """Half of the photos calibrate, the other half check; the card keeps the figures; the second time it is found."""
    assert said[:3] == [
        f"exporting {DEFAULT_MODEL} for openvino (int8)",
        f"calibrating int8 on {FEWEST_PHOTOS // 2} photos",
        f"checking int8 on {FEWEST_PHOTOS // 2} other photos",
    ]
    facts = int8.card.quantisation
    assert facts is not None
    assert (facts.calibration_photos, facts.checked_photos) == (FEWEST_PHOTOS // 2, FEWEST_PHOTOS // 2)
    assert facts.agreement >= 0.8
    calibration = Calibration(photos, facts.agreement)
    again = ensure_artifact(DEFAULT_MODEL, precision="int8", root=root, calibration=calibration, report=pytest.fail)
    assert again == int8


@needs_nncf
def test_an_int8_model_is_small_and_sees_the_cat(int8: Artifact) -> None:
    """A quarter of fp32's 18.6 MB, with the label that a person would give."""
    assert (int8.path / "model.bin").stat().st_size < 6_000_000
    runtime = load_runtime(int8)
    labels = [int8.card.labels[int(runtime.infer(see(name, int8)).argmax())] for name in ("cat", "coffee")]
    assert labels[0] in {"tabby", "tiger cat", "Egyptian cat"}
    assert labels[1] in {"espresso", "cup"}


@needs_nncf
def test_int8_logits_follow_those_of_fp32(int8: Artifact, root: Path) -> None:
    """Not the same, but never far: the graph was calibrated with its normalisation inside."""
    fp32 = ensure_artifact(DEFAULT_MODEL, runtime="openvino", precision="fp32", root=root)
    cat = see("cat", fp32)
    one, other = load_runtime(int8).infer(cat)[0], load_runtime(fp32).infer(cat)[0]
    assert not np.array_equal(one, other)
    assert np.corrcoef(one, other)[0, 1] > 0.95


@needs_nncf
def test_nobody_is_called_while_nncf_works(photos: Path, tmp_path: Path) -> None:
    """NNCF has telemetry of its own, which would report every model: no name is looked up, nothing is written."""
    home = tmp_path / "home"
    home.mkdir()
    log = tmp_path / "network.log"
    code = f"""
from pathlib import Path
from serve_app.artifacts import Calibration
from serve_app.export import export_artifact
root, calibration = Path({str(tmp_path / "artifacts")!r}), Calibration(Path({str(photos)!r}), 0.8)
export_artifact({DEFAULT_MODEL!r}, "openvino", "int8", root, print, calibration=calibration)
import sys
print("nncf" in sys.modules, sys.modules["openvino_telemetry"])
"""
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")}
    result = subprocess.run(
        [sys.executable, "-m", "tests.network_guard", code, str(log)],
        cwd=REPOSITORY,
        env={**kept, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.splitlines()[-1] == "True None"
    assert log.read_text() == ""
    assert not (home / "intel").exists(), "OpenVINO's telemetry has written its files"


def test_an_export_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    """The child's error arrives: NNCF missing where it is not installed, photos missing where it is."""
    expected = "pip install 'nncf" if find_spec("nncf") is None else "at least 64 different photos"
    calibration = Calibration(tmp_path / "photos", 0.95)
    with pytest.raises(SetupError, match=expected):
        ensure_artifact(DEFAULT_MODEL, precision="int8", root=tmp_path / "artifacts", calibration=calibration)
