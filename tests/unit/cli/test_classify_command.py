"""`argus classify` from its arguments to its exit status, against a service on a real socket."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from serve_app.cli.main import app
from tests.answering import AnsweringService, run_answering_service


@pytest.fixture
def service() -> Iterator[AnsweringService]:
    """A service that answers."""
    with run_answering_service() as service:
        yield service


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three images, where the tests stand."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.jpg").write_bytes(name.encode())
    return folder


def run(service: AnsweringService, *arguments: str, stdin: bytes = b"") -> Result:
    """The command's result."""
    return CliRunner().invoke(app, ["classify", *arguments], input=stdin, env={"ARGUS_SERVICE_URL": service.url})


def read_csv(path: str) -> dict[str, dict[str, str]]:
    """Rows of an output file by name."""
    with Path(path).open(newline="") as file:
        return {row["filename"]: row for row in csv.DictReader(file)}


def test_a_folder_becomes_a_file_of_rows(service: AnsweringService, photos: Path) -> None:
    """Every image has a row, and a sentence says how it went."""
    result = run(service, "photos", "--csv", "out.csv")
    assert result.exit_code == 0, result.output
    rows = read_csv("out.csv")
    assert set(rows) == {"photos/a.jpg", "photos/b.jpg", "photos/c.jpg"}
    assert {row["label_1"] for row in rows.values()} == {"tabby"}
    assert result.stdout == ""
    assert "3 images in" in result.stderr
    assert "out.csv" in result.stderr


def test_the_same_command_classifies_only_what_is_new(service: AnsweringService, photos: Path) -> None:
    """A second run asks the service for nothing that the file has."""
    run(service, "photos", "--csv", "out.csv")
    (photos / "d.jpg").write_bytes(b"d")
    result = run(service, "photos", "--csv", "out.csv")
    assert result.exit_code == 0
    assert service.images[3:] == [b"d"]
    assert "3 of 4 are in out.csv already" in result.stderr
    assert len(read_csv("out.csv")) == 4


def test_a_bad_image_is_a_row_and_a_status(service: AnsweringService, photos: Path) -> None:
    """The others have their answers, the status says that not all have, and the reason is named with the file."""
    (photos / "b.jpg").write_bytes(b"damaged")
    result = run(service, "photos", "--csv", "out.csv")
    assert result.exit_code == 1
    assert read_csv("out.csv")["photos/b.jpg"]["error"] == "It is damaged."
    assert "photos/b.jpg: It is damaged." in result.stderr


def test_failed_ones_are_tried_again_only_when_asked(service: AnsweringService, photos: Path) -> None:
    """A later run leaves them, says so, and takes them with --retry-failed."""
    (photos / "b.jpg").write_bytes(b"damaged")
    run(service, "photos", "--jsonl", "out.jsonl")
    (photos / "b.jpg").write_bytes(b"mended")
    again = run(service, "photos", "--jsonl", "out.jsonl")
    assert again.exit_code == 1
    assert "--retry-failed" in again.stderr
    assert len(service.images) == 3
    last = run(service, "photos", "--jsonl", "out.jsonl", "--retry-failed")
    assert last.exit_code == 0
    assert service.images[3:] == [b"mended"]
    assert {json.loads(line)["status"] for line in Path("out.jsonl").read_text().splitlines()} == {"done"}


def test_two_files_are_filled_alike(service: AnsweringService, photos: Path) -> None:
    """An image that one of them lacks is classified once more, and the other gets no second row."""
    run(service, "photos/a.jpg", "--csv", "out.csv")
    run(service, "photos", "--csv", "out.csv", "--jsonl", "out.jsonl")
    assert len(read_csv("out.csv")) == 3
    assert len(Path("out.csv").read_text().splitlines()) == 4
    assert len(Path("out.jsonl").read_text().splitlines()) == 3


def test_one_image_on_stdin(service: AnsweringService) -> None:
    """What another program wrote is classified without a file."""
    result = run(service, "-", "--format", "jsonl", stdin=b"bytes")
    assert service.images == [b"bytes"]
    assert json.loads(result.stdout)["filename"] == "-"


def test_a_list_on_stdin(service: AnsweringService, photos: Path) -> None:
    """Names separated as `find -print0` does, those in the file left out."""
    run(service, "photos/a.jpg", "--csv", "out.csv")
    listed = b"photos/a.jpg\0photos/b.jpg\0"
    result = run(service, "--files-from", "-", "--null", "--csv", "out.csv", stdin=listed)
    assert result.exit_code == 0, result.output
    assert service.images == [b"a", b"b"]


def test_a_list_in_a_file(service: AnsweringService, photos: Path) -> None:
    """One name a line."""
    Path("list.txt").write_text("photos/c.jpg\nphotos/none.jpg\n")
    result = run(service, "--files-from", "list.txt", "--format", "csv")
    assert result.exit_code == 1
    assert service.images == [b"c"]
    assert "No such file" in result.stdout


def test_rows_go_to_stdout_where_it_is_no_terminal(service: AnsweringService, photos: Path) -> None:
    """JSON lines, so that another program can read them as they come."""
    result = run(service, "photos")
    assert {json.loads(line)["filename"] for line in result.stdout.splitlines()} == {
        "photos/a.jpg",
        "photos/b.jpg",
        "photos/c.jpg",
    }


def test_a_table_for_people(service: AnsweringService, photos: Path) -> None:
    """In the order of the names, with what failed among them."""
    (photos / "b.jpg").write_bytes(b"damaged")
    result = run(service, "photos", "--format", "table")
    lines = [line.split() for line in result.stdout.splitlines()[1:]]
    assert [line[0] for line in lines] == ["photos/a.jpg", "photos/b.jpg", "photos/c.jpg"]
    assert lines[0][1:3] == ["tabby", "0.610"]
    assert lines[1][1:4] == ["It", "is", "damaged."]


def test_options_reach_the_service(service: AnsweringService, photos: Path) -> None:
    """Model, number of predictions, least score and key."""
    result = run(
        service,
        "photos/a.jpg",
        *("--model", "resnet50", "--top-k", "2", "--min-score", "0.5", "--api-key", "secret"),
    )
    assert result.exit_code == 0, result.output
    assert service.queries == ["/v1/models/resnet50/classify?top_k=2&min_score=0.5"]
    assert service.keys == ["Bearer secret"]
    assert "secret" not in result.output


def test_a_key_that_is_refused_ends_the_run(service: AnsweringService, photos: Path) -> None:
    """It would be refused for every image; no image gets a row for that."""
    for photo in photos.iterdir():
        photo.write_bytes(b"wrong key")
    result = run(service, "photos", "--csv", "out.csv")
    assert result.exit_code == 3
    assert "It is wrong key." in result.stderr
    assert read_csv("out.csv") == {}


def test_no_service_is_told_at_once(photos: Path) -> None:
    """With the address, and without a row for images that nobody saw."""
    result = CliRunner().invoke(app, ["classify", "photos", "--csv", "out.csv", "--url", "http://127.0.0.1:9"])
    assert result.exit_code == 3
    assert "Nothing answers at http://127.0.0.1:9" in result.stderr
    assert read_csv("out.csv") == {}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Name images"),
        (["photos", "--files-from", "list.txt"], "Name images"),
        (["none.jpg"], "no file or folder none.jpg"),
        (["--files-from", "none.txt"], "none.txt cannot be read"),
        (["photos", "--csv", "none/out.csv"], "none/out.csv cannot be written"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_sent(
    service: AnsweringService, photos: Path, arguments: list[str], says: str
) -> None:
    """Status 2 and what is wrong."""
    result = run(service, *arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert service.images == []


def test_quiet_says_nothing_where_all_went_well(service: AnsweringService, photos: Path) -> None:
    """For scripts whose mail a person reads."""
    result = run(service, "photos", "--csv", "out.csv", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_the_help_has_examples_and_says_where_exit_codes_are(service: AnsweringService) -> None:
    """What a newcomer looks for first."""
    text = run(service, "--help").stdout
    assert "argus classify photos/ --csv out.csv" in text
    assert "Exit codes: argus --help" in text
