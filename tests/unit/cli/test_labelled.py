"""Labelled photos: which folders and files are read, and which class each name means."""

from pathlib import Path

import pytest

from serve_app.cli.exits import CommandError, ExitCode
from serve_app.cli.labelled import GivenPhoto, LabelledPhotos, match_labels, read_labelled

LABELS = ("tench", "great white shark", "T-shirt", "crane", "crane", "7")


def photo(folder: Path, name: str) -> Path:
    """A file that looks like a photo by its name."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def match(*given: str, is_id: bool = False) -> LabelledPhotos:
    """One photo of each name, against LABELS."""
    return match_labels([GivenPhoto(Path(f"{name}.jpg"), name, is_id) for name in given], LABELS)


def test_folders_name_the_classes(tmp_path: Path) -> None:
    """Photos in subfolders count, hidden files and those that are no images do not."""
    for name in ("tench/a.JPG", "tench/more/b.png", "shark/c.webp", "tench/.d.jpg", "tench/notes.txt", ".git/e.jpg"):
        photo(tmp_path, name)
    found = {(one.path.name, one.given) for one in read_labelled(tmp_path)}
    assert found == {("a.JPG", "tench"), ("b.png", "tench"), ("c.webp", "shark")}


@pytest.mark.parametrize("named", ["", "labels.csv"])
def test_a_table_names_photos_beside_it(tmp_path: Path, named: str) -> None:
    """Whether the file is named or the folder it is in; class_id goes before label."""
    photo(tmp_path, "a.jpg")
    (tmp_path / "labels.csv").write_text("file,class_id,label\na.jpg,3,crane\n")
    assert read_labelled(tmp_path / named) == [GivenPhoto(tmp_path / "a.jpg", "3", is_id=True)]


def test_a_table_of_labels_is_read(tmp_path: Path) -> None:
    """As spreadsheets write it, with a byte order mark and spaces."""
    photo(tmp_path, "a.jpg")
    (tmp_path / "mine.csv").write_text("\ufefffile,label\na.jpg, tench \n")
    assert read_labelled(tmp_path / "mine.csv") == [GivenPhoto(tmp_path / "a.jpg", "tench")]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("name,label\na.jpg,tench\n", "columns label, name"),
        ("file,label\nb.jpg,tench\n", "1 photos that are not there: b.jpg"),
        ("file,label\n", "holds no labelled photos"),
    ],
)
def test_a_table_of_another_form_is_refused(tmp_path: Path, table: str, reason: str) -> None:
    """The person learns what it needs to look like, before anything is classified."""
    (tmp_path / "labels.csv").write_text(table)
    with pytest.raises(CommandError, match=reason) as caught:
        read_labelled(tmp_path)
    assert caught.value.code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("name", "class_id"),
    [
        ("tench", 0),
        ("TENCH", 0),
        ("great_white_shark", 1),
        ("Great-White  Shark", 1),
        ("n01484850_great_white_shark", 1),
        ("t shirt", 2),
        ("4", 4),
        ("7", 5),
    ],
)
def test_names_fit_labels_in_any_spelling_and_ids(name: str, class_id: int) -> None:
    """Case, _ and - do not matter; a WordNet id before a label is passed over; a label goes before an id."""
    matched = match(name)
    assert [one.class_id for one in matched.photos] == [class_id]
    assert not matched.unmatched


@pytest.mark.parametrize(
    ("name", "reason"),
    [("warthog", "no label and no class id"), ("6", "from 0 to 5"), ("crane", "classes 3 and 4"), ("", "no label")],
)
def test_what_fits_nothing_is_named_with_the_reason(name: str, reason: str) -> None:
    """It is left out and counted, and two classes of one label are not guessed between."""
    matched = match("tench", name, name)
    assert len(matched.photos) == 1
    (left_out,) = matched.unmatched
    assert (left_out.given, left_out.photos) == (name, 2)
    assert reason in left_out.reason


def test_a_column_of_ids_holds_no_labels() -> None:
    """In it, 7 is the class of that id, which is not there, and not the class that is labelled 7."""
    assert [one.class_id for one in match("3", "7", is_id=True).photos] == [3]


def test_as_many_foreign_names_as_classes_are_taken_in_order() -> None:
    """ImageNet's own layout: a folder for each WordNet id, in the order of the class ids."""
    matched = match("n05", "n01", "n02", "n03", "n04", "n06")
    assert matched.in_order
    assert [one.class_id for one in matched.photos] == [4, 0, 1, 2, 3, 5]
    assert not match("n01", "n02").in_order
