"""Files of rows: what is written, and how a later run goes on with them."""

import csv
import json
from pathlib import Path

import pytest

from argus_client import Classification, ModelRef, Prediction, ServiceUnreachable, Timing, UndecodableImage
from serve_app.cli.classify.outputs import OutputError, OutputFile
from serve_app.cli.classify.rows import CsvForm, Form, JsonForm

ANSWER = Classification(
    filename="cat.jpg",
    width=451,
    height=300,
    predictions=(Prediction(281, "tabby, tabby cat", 0.61), Prediction(285, "Egyptian cat", 0.2)),
    timing=Timing(1.0, 1.0, 1.0, 1.0),
    model=ModelRef("m", "v1"),
    request_id="r-1",
)
PROBLEM = UndecodableImage(status=422, code="undecodable_image", title="T", detail="It is\ncut.", request_id="r-2")
FORMS: list[Form] = [CsvForm(2), JsonForm()]
NAMES = ["a.jpg", 'b "x", y.jpg', "c\nd.jpg", "caf\udce9.jpg"]


def open_output(
    path: Path, form: Form, *, model: str | None = None, retry_failed: bool = False, overwrite: bool = False
) -> OutputFile:
    return OutputFile(path, form, model=model, retry_failed=retry_failed, overwrite=overwrite)


@pytest.fixture(params=FORMS, ids=["csv", "jsonl"])
def form(request: pytest.FixtureRequest) -> Form:
    """Each form of output."""
    form: Form = request.param
    return form


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the output goes."""
    return tmp_path / "out"


def write(path: Path, form: Form, names: list[str] = NAMES) -> bytes:
    """A file with a row for each name, the second one failed; its bytes."""
    with open_output(path, form) as output:
        for number, name in enumerate(names):
            output.write(name, PROBLEM if number == 1 else ANSWER)
    return path.read_bytes()


def test_a_row_of_csv_has_the_page_s_columns(path: Path) -> None:
    """Who knows the page's download knows this file."""
    write(path, CsvForm(2))
    with path.open(newline="", errors="surrogateescape") as file:
        good, bad, *_ = csv.DictReader(file)
    assert good == {
        "filename": "a.jpg", "width": "451", "height": "300", "status": "done", "error": "",
        "label_1": "tabby, tabby cat", "score_1": "0.610000", "label_2": "Egyptian cat", "score_2": "0.200000",
        "model": "m", "version": "v1", "request_id": "r-1",
    }  # fmt: skip
    assert (bad["filename"], bad["status"], bad["error"], bad["request_id"]) == (
        NAMES[1],
        "failed",
        "It is cut.",
        "r-2",
    )


def test_a_line_of_json_has_the_answer_or_the_error(path: Path) -> None:
    """Each line stands alone."""
    write(path, JsonForm())
    good, bad, *_ = map(json.loads, path.read_bytes().splitlines())
    assert good["predictions"][0] == {"class_id": 281, "label": "tabby, tabby cat", "score": 0.61}
    assert (good["filename"], good["status"], good["model"]) == ("a.jpg", "done", {"name": "m", "version": "v1"})
    assert bad["error"] == {"code": "undecodable_image", "status": 422, "detail": "It is cut.", "request_id": "r-2"}


def test_an_error_without_an_answer_is_told_too(path: Path, form: Form) -> None:
    """A file that cannot be read and a service that is gone have their reasons in the row."""
    with open_output(path, form) as output:
        output.write("a.jpg", PermissionError(13, "Permission denied", "a.jpg"))
        output.write("b.jpg", ServiceUnreachable("Nothing answers."))
    assert b"Permission denied" in path.read_bytes()
    assert b"Nothing answers." in path.read_bytes()


def test_what_has_a_row_is_known_again(path: Path, form: Form) -> None:
    """Whatever letters a name has, quotes and line ends among them."""
    written = write(path, form)
    with open_output(path, form) as output:
        assert output.done == set(NAMES)
        assert output.failed == 1
        output.write("a.jpg", ANSWER)
    assert path.read_bytes() == written


@pytest.mark.parametrize("form", FORMS)
def test_a_file_cut_anywhere_is_repaired(tmp_path: Path, form: Form) -> None:
    """Whole rows stay, the cut one goes, and writing all of it again gives the same file."""
    whole = write(tmp_path / "whole", form)
    ends = [place for place, byte in enumerate(whole) if byte == ord("\n")]
    for length in sorted({*range(0, len(whole), 7), *(end + n for end in ends for n in (0, 1))} - {len(whole)}):
        path = tmp_path / "cut"
        path.write_bytes(whole[:length])
        with open_output(path, form) as output:
            kept = len(output.done)
            assert whole.startswith(path.read_bytes())
            assert output.done == set(NAMES[:kept])
            for number, name in enumerate(NAMES):
                output.write(name, PROBLEM if number == 1 else ANSWER)
        assert path.read_bytes() == whole


def test_failed_ones_are_taken_out_to_be_tried_again(path: Path, form: Form) -> None:
    """The other rows stay as they were, byte by byte."""
    written = write(path, form)
    with open_output(path, form, retry_failed=True) as output:
        assert output.done == set(NAMES) - {NAMES[1]}
        assert output.failed == 0
        left = path.read_bytes()
        output.write(NAMES[1], ANSWER)
    assert len(left) < len(written)
    assert all(row in written for row in left.splitlines())
    assert list(path.parent.iterdir()) == [path]
    with open_output(path, form) as output:
        assert output.done == set(NAMES)


def test_a_file_of_something_else_is_left_alone(path: Path, form: Form) -> None:
    """Someone's own file of that name is not touched, and the error says what to do."""
    path.write_text("id,label\n1,cat\n")
    with pytest.raises(OutputError, match="--overwrite"):
        open_output(path, form)
    assert path.read_text() == "id,label\n1,cat\n"


def test_a_damaged_row_in_the_middle_is_an_error(path: Path, form: Form) -> None:
    """A file that was edited badly is not made worse."""
    lines = write(path, form, ["a.jpg", "b.jpg", "c.jpg"]).splitlines(keepends=True)
    lines.insert(2, b"damage\n")
    path.write_bytes(b"".join(lines))
    with pytest.raises(OutputError, match="line 3"):
        open_output(path, form)
    assert path.read_bytes() == b"".join(lines)


def test_a_file_can_be_begun_anew(path: Path, form: Form) -> None:
    """Only where that was asked for."""
    path.write_text("something else\n")
    with open_output(path, form, overwrite=True) as output:
        assert output.done == set()
    assert path.read_bytes() == form.header


def test_other_columns_are_not_mixed_in(path: Path) -> None:
    """A file with two labels a row cannot take three."""
    write(path, CsvForm(2))
    with pytest.raises(OutputError, match="--top-k 3"):
        open_output(path, CsvForm(3))


def test_another_model_s_answers_are_not_mixed_in(path: Path, form: Form) -> None:
    """One file, one model, where the person names one."""
    write(path, form)
    with open_output(path, form, model="m") as output:
        assert output.done
    with pytest.raises(OutputError, match="has answers of m"):
        open_output(path, form, model="other")


def test_two_runs_do_not_write_to_one_file(path: Path, form: Form) -> None:
    """The second one is told; the first one's rows stay whole."""
    with open_output(path, form), pytest.raises(OutputError, match="Another run"):
        open_output(path, form)
    open_output(path, form).__exit__(None, None, None)


def test_a_folder_that_is_not_there_is_an_error(path: Path, form: Form) -> None:
    """The name of the file and the reason are in the sentence."""
    with pytest.raises(OutputError, match=r"out/none cannot be written: No such file"):
        open_output(path / "none", form)
