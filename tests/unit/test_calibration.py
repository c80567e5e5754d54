"""Photos as part of an artifact: when an int8 artifact is found again, made again, refused. No torch."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from serve_app.artifacts import Artifact, Calibration, ModelCard, Quantisation, ensure_artifact, find_artifact
from serve_app.artifacts.calibration import fingerprint_folder
from serve_app.artifacts.references import library_versions, reference_key
from serve_app.bootstrap import ensure_artifacts
from serve_app.errors import SetupError
from serve_app.settings import Settings
from tests.fake_export import SPEC, FakeExporter

AGREEMENT = 0.96


class Darkroom:
    """A root, a folder of photos and an exporter of int8 models that agree by AGREEMENT."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "artifacts"
        self.photos = folder / "photos"
        self.photos.mkdir()
        (self.photos / "cat.jpg").write_bytes(b"a cat")
        weights = folder / "weights.pth"
        weights.write_bytes(b"weights")
        self.exporter = FakeExporter(weights, quantisation=Quantisation(50, 50, AGREEMENT, "0" * 64))

    def ensure(self, photos: Path | None = None, min_agreement: float = 0.95) -> Artifact:
        return ensure_artifact(
            SPEC,
            precision="int8",
            root=self.root,
            calibration=Calibration(photos or self.photos, min_agreement),
            exporter=self.exporter,
        )


@pytest.fixture
def darkroom(tmp_path: Path) -> Darkroom:
    return Darkroom(tmp_path)


def test_an_int8_artifact_is_made_once(darkroom: Darkroom) -> None:
    """The second start finds it; its card says how it was made."""
    made = darkroom.ensure()
    assert darkroom.ensure() == made
    assert darkroom.exporter.exports == 1
    assert (made.card.runtime, made.card.precision) == ("openvino", "int8")
    assert made.card.quantisation == Quantisation(50, 50, AGREEMENT, "0" * 64)


def test_a_changed_folder_is_calibrated_on_again(darkroom: Darkroom) -> None:
    """A photo more, a photo replaced, a photo renamed, a photo less: each leads to a new export."""
    darkroom.ensure()
    (darkroom.photos / "dog.jpg").write_bytes(b"a dog")
    darkroom.ensure()
    (darkroom.photos / "dog.jpg").write_bytes(b"another dog")
    darkroom.ensure()
    (darkroom.photos / "dog.jpg").rename(darkroom.photos / "wolf.jpg")
    darkroom.ensure()
    (darkroom.photos / "wolf.jpg").unlink()
    darkroom.ensure()
    assert darkroom.exporter.exports == 5


def test_another_folder_is_another_reference(darkroom: Darkroom, tmp_path: Path) -> None:
    """Two models of one service may be calibrated on two folders."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "cat.jpg").write_bytes(b"a cat")
    darkroom.ensure()
    darkroom.ensure(other)
    darkroom.ensure()
    assert darkroom.exporter.exports == 2


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
def test_an_artifact_outlives_its_photos(darkroom: Darkroom, left: str) -> None:
    """It can be shipped to machines that have no photos, or only the place where they would be mounted."""
    made = darkroom.ensure()
    (darkroom.photos / "cat.jpg").unlink()
    if left == "nothing":
        darkroom.photos.rmdir()
    assert darkroom.ensure() == made


def test_a_higher_floor_refuses_what_was_made_under_a_lower_one(darkroom: Darkroom) -> None:
    """The measured agreement stays with the artifact, so that the operator's floor holds at every start."""
    darkroom.ensure(min_agreement=AGREEMENT)
    with pytest.raises(SetupError, match=r"96\.0% of the 50 photos.*min_agreement is 97\.0%"):
        darkroom.ensure(min_agreement=0.97)
    assert darkroom.exporter.exports == 1


def test_the_settings_lead_to_the_artifact(darkroom: Darkroom) -> None:
    """precision, calibration_images and min_agreement of serve_config.yaml are what the artifact is looked up by."""
    made = darkroom.ensure()
    model = {"precision": "int8", "calibration_images": str(darkroom.photos), "min_agreement": AGREEMENT}
    settings = Settings.model_validate({"models": [model], "artifacts_dir": str(darkroom.root)})
    assert ensure_artifacts(settings, report=pytest.fail) == {SPEC: made}
    strict = Settings.model_validate({"models": [{**model, "min_agreement": 0.99}], "artifacts_dir": darkroom.root})
    with pytest.raises(SetupError, match=r"min_agreement is 99\.0%"):
        ensure_artifacts(strict, report=pytest.fail)


def test_int8_needs_photos_and_nothing_else_takes_them(tmp_path: Path) -> None:
    """Either half alone is an error that names the other."""
    with pytest.raises(SetupError, match="calibration_images"):
        find_artifact(SPEC, precision="int8", root=tmp_path)
    with pytest.raises(SetupError, match="calibration_images is for precision: int8; bf16"):
        find_artifact(SPEC, precision="bf16", root=tmp_path, calibration=Calibration(tmp_path, 0.9))


def test_only_int8_depends_on_nncf() -> None:
    """Installing NNCF must not make the artifacts of other precisions old."""
    assert "nncf" not in library_versions()
    assert library_versions().items() <= library_versions(quantised=True).items()


def test_the_folder_counts_as_it_is_written() -> None:
    """Two folders have two references; a model without photos keeps the one that it always had."""
    one, other = (reference_key(SPEC, "openvino", "int8", Calibration(Path(name), 0.9)) for name in ("one", "other"))
    assert len({one, other, reference_key(SPEC, "openvino", "int8")}) == 3


def test_hidden_files_do_not_count(tmp_path: Path) -> None:
    """A file manager's own files come and go."""
    (tmp_path / "cat.jpg").write_bytes(b"a cat")
    before = fingerprint_folder(tmp_path)
    (tmp_path / ".thumbnails").mkdir()
    (tmp_path / ".thumbnails" / "cat.jpg").write_bytes(b"a small cat")
    assert fingerprint_folder(tmp_path) == before


def test_a_photo_that_is_touched_counts_as_changed(tmp_path: Path) -> None:
    """Times are compared, not bytes: at worst the photos are read once more, and their hash finds the same artifact."""
    photo = tmp_path / "cat.jpg"
    photo.write_bytes(b"a cat")
    before = fingerprint_folder(tmp_path)
    os.utime(photo, ns=(1, 1))
    assert fingerprint_folder(tmp_path) != before


def test_the_home_folder_can_be_written_as_people_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """~ is the user's home."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"a cat")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert fingerprint_folder(Path("~/photos")) == fingerprint_folder(tmp_path / "photos")


def test_a_card_from_before_int8_can_still_be_read(darkroom: Darkroom) -> None:
    """Artifacts that exist stay valid: their cards lack the field."""
    card = darkroom.ensure().card
    values = card.to_dict()
    assert ModelCard.from_dict(values) == card
    del values["quantisation"]
    assert ModelCard.from_dict(values) == replace(card, quantisation=None)
