"""`argus accuracy` against a service that says tabby to everything, and what is computed of its answers."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from argus_client import Prediction
from serve_app.cli.accuracy import Outcome
from serve_app.cli.accuracy_report import AccuracyReport, Confusion, interval
from serve_app.cli.confusion_picture import MOST_CLASSES, choose_classes, draw_confusions, order_classes
from serve_app.cli.exits import ExitCode
from serve_app.cli.labelled import LabelledPhoto, LabelledPhotos
from tests.e2e.fake_service import FakeService
from tests.unit.cli.conftest import Argus

LABELS = [f"class {number}" for number in range(200)]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three photos: of a tabby, of a tiger cat and of a warthog, which is no class."""
    for name in ("tabby/a.jpg", "tiger_cat/b.jpg", "warthog/c.jpg"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"photo")
    return tmp_path / "photos"


def make_report(*answers: tuple[int, int]) -> AccuracyReport:
    """One photo for each class and first answer; where that is wrong, the right one is second."""

    def predict(class_id: int, score: float) -> Prediction:
        return Prediction(class_id, LABELS[class_id], score)

    outcomes = [
        Outcome(LabelledPhoto(Path(f"{n}.jpg"), given), tuple(predict(c, 0.5) for c in dict.fromkeys((said, given))))
        for n, (given, said) in enumerate(answers)
    ]
    return AccuracyReport(outcomes, LabelledPhotos([]), LABELS)


def test_the_shares_and_the_worst_class_are_shown(argus: Argus, photos: Path) -> None:
    """One of two is right at once, both within five, and the class that went wrong says for what it was taken."""
    result = argus("accuracy", photos)
    assert result.exit_code == ExitCode.DONE
    assert "Top-1   50.0%" in result.stdout
    assert "Top-5  100.0%" in result.stdout
    row = next(line for line in result.stdout.splitlines() if "tiger cat" in line)
    assert row.split() == ["1", "tiger", "cat", "1", "0%", "100%", "tabby", "(1)"]


def test_what_fits_no_label_is_said_and_left_out(argus: Argus, photos: Path) -> None:
    """On standard error, by name and number, so that the figure is not taken for one of all photos."""
    result = argus("accuracy", photos)
    assert "1 photos are left out" in result.stderr
    assert "warthog (1 photos): no label and no class id of the model" in result.stderr


def test_json_has_everything(argus: Argus, photos: Path) -> None:
    """Shares, classes with confusions, and what was left out."""
    document = json.loads(argus("accuracy", photos, "--json").stdout)
    assert document["photos"] == 2
    assert document["top1"] == 0.5
    assert document["classes"][0]["label"] == "tiger cat"
    assert document["classes"][0]["confused_with"] == [{"class_id": 0, "label": "tabby", "photos": 1}]
    assert [one["given"] for one in document["unmatched"]] == ["warthog"]


def test_the_csv_has_a_row_for_each_photo(argus: Argus, photos: Path, tmp_path: Path) -> None:
    """With the first answer, and at which place the right one was."""
    assert argus("accuracy", photos, "--csv", tmp_path / "out.csv").exit_code == 0
    with (tmp_path / "out.csv").open() as file:
        rows = {Path(row["file"]).name: row for row in csv.DictReader(file)}
    assert rows["a.jpg"]["rank"] == "1"
    assert rows["b.jpg"]["rank"] == "2"
    assert rows["b.jpg"]["predicted_label"] == "tabby"


def test_the_picture_is_written(argus: Argus, photos: Path, tmp_path: Path) -> None:
    """As a PNG file that can be opened."""
    assert argus("accuracy", photos, "--confusion", tmp_path / "out.png").exit_code == 0
    with Image.open(tmp_path / "out.png") as image:
        assert image.format == "PNG"


@pytest.mark.parametrize(("share", "code"), [("0.4", ExitCode.DONE), ("0.6", ExitCode.FAILED)])
def test_too_low_a_share_is_an_exit_code(argus: Argus, photos: Path, share: str, code: ExitCode) -> None:
    """So that a pipeline stops there."""
    assert argus("accuracy", photos, "--fail-under", share).exit_code == code


def test_a_photo_that_fails_is_named_and_counts_nowhere(argus: Argus, service: FakeService, photos: Path) -> None:
    """The others are measured, the exit code says that it was not all."""
    service.behaviour.problems = [(422, "undecodable_image", None)]
    result = argus("accuracy", photos, "--json", "--concurrency", 1)
    assert result.exit_code == ExitCode.FAILED
    document = json.loads(result.stdout)
    assert document["photos"] == 1
    assert [Path(one["file"]).name for one in document["failed"]] == ["a.jpg"]
    assert "1 photos could not be classified" in result.stderr


def test_a_busy_service_is_waited_for(argus: Argus, service: FakeService, photos: Path) -> None:
    """A photo that is refused because the service is full is sent again: leaving it out would change the figure."""
    service.behaviour.problems = [(429, "overloaded", 0)] * 3
    assert json.loads(argus("accuracy", photos, "--json").stdout)["photos"] == 2
    assert len(service.behaviour.seen) == 5


def test_what_is_wrong_with_every_photo_ends_it(argus: Argus, service: FakeService, photos: Path) -> None:
    """A missing key is said once and not for each photo."""
    service.behaviour.problems = [(401, "unauthenticated", None)] * 8
    result = argus("accuracy", photos)
    assert result.exit_code == ExitCode.SERVICE
    assert "--api-key" in result.stderr


@pytest.mark.parametrize(
    ("option", "file", "code"),
    [("--csv", "missing/out.csv", 4), ("--confusion", "missing/out.png", 4), ("--confusion", "out.zip", 2)],
)
def test_a_file_that_cannot_be_written_is_refused_first(
    argus: Argus, service: FakeService, photos: Path, tmp_path: Path, option: str, file: str, code: int
) -> None:
    """Nobody waits for a measurement whose result has no place to go."""
    result = argus("accuracy", photos, option, tmp_path / file)
    assert result.exit_code == code
    assert service.behaviour.seen == []


def test_classes_come_with_the_worst_first() -> None:
    """By share; of equally bad ones the one with more photos, since it is surer."""
    report = make_report((1, 1), (2, 3), (4, 5), (4, 5), (6, 6), (6, 7))
    assert [one.class_id for one in report.classes] == [4, 2, 6, 1]
    assert report.confusions[0] == Confusion(4, 5, 2)
    assert report.top1 == pytest.approx(2 / 6)


@pytest.mark.parametrize(
    ("hits", "photos", "low", "high"), [(0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (888, 1000, 0.867, 0.906)]
)
def test_the_interval_is_wilsons(hits: int, photos: int, low: float, high: float) -> None:
    """Published values of the score interval at 95 %."""
    assert interval(hits, photos) == pytest.approx((low, high), abs=0.001)


def test_the_most_frequent_confusions_are_drawn() -> None:
    """Of hundreds of classes as many as are legible, the strongest pairs first and side by side."""
    pairs = [Confusion(n, n + 1, 100 - n) for n in range(0, 150, 2)]
    chosen = choose_classes(pairs)
    assert chosen == list(range(MOST_CLASSES))
    ordered = order_classes([5, 0, 1, 4], [Confusion(0, 4, 9), Confusion(5, 1, 2)])
    assert abs(ordered.index(0) - ordered.index(4)) == 1
    assert abs(ordered.index(5) - ordered.index(1)) == 1
    assert sorted(ordered) == [0, 1, 4, 5]


Draw = Callable[[AccuracyReport], Image.Image]


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """Draws a report and opens the picture."""

    def run(report: AccuracyReport) -> Image.Image:
        draw_confusions(report, tmp_path / "picture.png")
        with Image.open(tmp_path / "picture.png") as image:
            return image.convert("RGB")

    return run


def test_right_answers_are_green_and_wrong_ones_red(draw: Draw) -> None:
    """Both colours are there where both kinds are; without an error there is nothing but words."""

    def colours(image: Image.Image) -> set[str]:
        found = [colour for _, colour in image.getcolors(1 << 24) or []]
        kinds = {"red": [c for c in found if c[0] > c[1] + 60], "green": [c for c in found if c[1] > c[0] + 30]}
        return {name for name, some in kinds.items() if some}

    assert colours(draw(make_report((1, 1), (1, 2), (2, 2)))) == {"red", "green"}
    assert colours(draw(make_report((1, 1)))) == set()


def test_the_picture_grows_with_the_classes_up_to_a_limit(draw: Draw) -> None:
    """A hundred confused classes make no larger picture than the most that are drawn."""
    few = draw(make_report((1, 2)))
    many = draw(make_report(*((n, n + 1) for n in range(0, 100, 2))))
    most = draw(make_report(*((n, n + 1) for n in range(0, 198, 2))))
    assert few.width < many.width
    assert many.size == most.size
