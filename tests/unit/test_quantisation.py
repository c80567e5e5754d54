"""int8: which photos are used, what is measured on them, and when the model is refused. No NNCF, no OpenVINO."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from serve_app.artifacts import Artifact, Calibration, ModelCard, Quantisation
from serve_app.errors import SetupError
from serve_app.preprocessing import Pixels
from serve_app.quantisation import (
    FEWEST_PHOTOS,
    Photos,
    measure_agreement,
    read_photos,
    require_nncf,
    write_quantised,
)
from tests.fakes import ColorRuntime, make_card
from tests.photos import encode, gradient

STEPS = make_card().preprocessing


def put_photos(folder: Path, count: int, first: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        (folder / f"{number}.png").write_bytes(encode(gradient(40 + number, 40), "PNG"))
    return folder


def make_photos(count: int) -> Photos:
    """Plain colours: red, green, blue and so on, each a little darker than the last."""
    pixels = []
    for number in range(count):
        one = np.zeros((STEPS.crop_size, STEPS.crop_size, 3), np.uint8)
        one[..., number % 3] = 255 - number // 3
        pixels.append(one)
    return Photos(tuple(pixels), "0" * 64)


class HeedlessRuntime(ColorRuntime):
    """Like ColorRuntime, but blind to blue."""

    def infer(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        return super().infer(pixels) * np.array([1, 1, -1], np.float32)


class Bench:
    """The quantiser and the loader of `write_quantised`; remembers what they were given."""

    def __init__(self, folder: Path, int8: type[ColorRuntime] = ColorRuntime) -> None:
        self.plain = Artifact(folder, replace(make_card(), precision="fp32"))
        self.folder = folder
        self.calibrated: Sequence[Pixels] = ()
        self.runtimes: dict[str, ColorRuntime] = {"fp32": ColorRuntime(), "int8": int8()}
        self.said: list[str] = []

    def quantise(self, source: Path, target: Path, photos: Sequence[Pixels]) -> None:
        self.calibrated = photos

    def write(self, photos: Photos, min_agreement: float) -> ModelCard:
        return write_quantised(
            self.plain,
            self.folder,
            photos,
            Calibration(Path("my photos"), min_agreement),
            self.said.append,
            quantiser=self.quantise,
            load=lambda artifact: self.runtimes[artifact.card.precision],
        )


def test_photos_are_read_as_requests_are(tmp_path: Path) -> None:
    """Decoded and preprocessed to the model's input, from subfolders too."""
    folder = put_photos(tmp_path / "photos", FEWEST_PHOTOS - 1)
    put_photos(folder / "more", 1, first=FEWEST_PHOTOS)
    photos = read_photos(folder, STEPS, pytest.fail)
    assert len(photos.pixels) == FEWEST_PHOTOS
    assert {(one.shape, one.dtype.name) for one in photos.pixels} == {((28, 28, 3), "uint8")}


def test_what_is_no_image_is_passed_over_and_said(tmp_path: Path) -> None:
    """A label file, a damaged photo and hidden files do not stop the export."""
    folder = put_photos(tmp_path, FEWEST_PHOTOS)
    expected = read_photos(folder, STEPS, pytest.fail)
    (folder / "labels.csv").write_text("file,class_id")
    (folder / "cut.png").write_bytes(encode(gradient(40, 40), "PNG")[:60])
    (folder / ".DS_Store").write_bytes(b"hidden")
    said: list[str] = []
    assert read_photos(folder, STEPS, said.append).sha256 == expected.sha256
    assert len(said) == 1
    assert said[0].startswith(f"passed over 2 files in {folder}")


def test_names_and_copies_do_not_matter(tmp_path: Path) -> None:
    """The same bytes are the same photos: renamed, in another folder, or there twice."""
    one = read_photos(put_photos(tmp_path / "one", FEWEST_PHOTOS), STEPS, pytest.fail)
    other = put_photos(tmp_path / "other", FEWEST_PHOTOS)
    (other / "0.png").rename(other / "renamed.png")
    (other / "copy.png").write_bytes((other / "1.png").read_bytes())
    again = read_photos(other, STEPS, pytest.fail)
    assert again.sha256 == one.sha256
    np.testing.assert_array_equal(np.stack(again.pixels), np.stack(one.pixels))


def test_other_photos_are_other_photos(tmp_path: Path) -> None:
    """One photo more changes the hash that names the artifact."""
    folder = put_photos(tmp_path, FEWEST_PHOTOS)
    before = read_photos(folder, STEPS, pytest.fail).sha256
    put_photos(folder, 1, first=FEWEST_PHOTOS)
    assert read_photos(folder, STEPS, pytest.fail).sha256 != before


@pytest.mark.parametrize("count", [0, FEWEST_PHOTOS - 1])
def test_too_few_photos_are_refused(tmp_path: Path, count: int) -> None:
    """The error says how many there are, how many it takes, and the other way out. A folder that is not there has 0."""
    if count:
        put_photos(tmp_path / "photos", count)
    with pytest.raises(SetupError, match=rf"at least {FEWEST_PHOTOS} different photos.*has {count}\..*bf16"):
        read_photos(tmp_path / "photos", STEPS, pytest.fail)


def test_no_photo_is_both_calibrated_on_and_checked() -> None:
    """Half and half, with nothing left out; of very many, a fixed number is enough to calibrate on."""
    photos = make_photos(101)
    assert (len(photos.to_calibrate), len(photos.to_check)) == (50, 51)
    assert (*photos.to_calibrate, *photos.to_check) == photos.pixels
    many = Photos(photos.pixels[:1] * 1000, "")
    assert (len(many.to_calibrate), len(many.to_check)) == (300, 700)


def test_no_more_photos_than_fit_in_memory(tmp_path: Path) -> None:
    """A huge folder is read up to a fixed number."""
    folder = put_photos(tmp_path, FEWEST_PHOTOS + 5)
    assert len(read_photos(folder, STEPS, pytest.fail, most=FEWEST_PHOTOS).pixels) == FEWEST_PHOTOS


def test_an_int8_model_that_agrees_gets_a_card_that_says_so(tmp_path: Path) -> None:
    """Calibrated on one half, checked on the other, all of it in the card."""
    bench, photos = Bench(tmp_path), make_photos(99)
    card = bench.write(photos, min_agreement=1.0)
    assert bench.calibrated == photos.to_calibrate
    assert card == replace(bench.plain.card, precision="int8", quantisation=card.quantisation)
    assert card.quantisation == Quantisation(49, 50, 1.0, "0" * 64)
    assert bench.said[-1] == "int8 gives the fp32 model's answer for 100.0% of them"
    assert all(runtime.images == 50 and runtime.closed for runtime in bench.runtimes.values())


def test_an_int8_model_that_disagrees_is_refused_with_the_figure(tmp_path: Path) -> None:
    """A third of the answers change: the error gives both shares, the photos and what can be done."""
    bench, photos = Bench(tmp_path, int8=HeedlessRuntime), make_photos(96)
    expected = r"66\.7% of the 48 photos.*min_agreement is 70\.0%.*calibrated on 48.*more photos.*my photos.*bf16"
    with pytest.raises(SetupError, match=expected):
        bench.write(photos, min_agreement=0.7)
    card = bench.write(photos, min_agreement=0.6)
    assert card.quantisation is not None
    assert card.quantisation.agreement == pytest.approx(2 / 3)


def test_agreement_is_about_the_first_label_alone() -> None:
    """Scores may move; what counts is which class comes first."""
    assert measure_agreement(ColorRuntime(), ColorRuntime(), make_photos(9).pixels) == 1.0
    assert measure_agreement(ColorRuntime(), HeedlessRuntime(), make_photos(9).pixels) == pytest.approx(2 / 3)


def test_without_nncf_the_error_says_how_to_get_it() -> None:
    """The command for this very environment, and the way without."""
    with pytest.raises(SetupError, match=r"pip install 'nncf.*bf16"):
        require_nncf(lambda name: None)
    require_nncf(lambda name: object())
