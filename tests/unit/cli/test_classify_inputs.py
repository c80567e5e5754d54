"""What `argus classify` takes for images."""

import io
from pathlib import Path

import pytest

from serve_app.cli.classify.inputs import InputError, find_images, read_list


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of photos and other things; the tests stand beside it."""
    monkeypatch.chdir(tmp_path)
    for name in ("b.JPG", "a.png", "notes.txt", ".hidden.jpg", "inner/c.webp", "inner/deep/d.jpeg", ".git/e.jpg"):
        file = tmp_path / "photos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return tmp_path / "photos"


def test_a_folder_means_every_image_below_it(photos: Path) -> None:
    """In the order of their names, without hidden ones and without files that are no images."""
    assert find_images(["photos"]) == [
        "photos/a.png",
        "photos/b.JPG",
        "photos/inner/c.webp",
        "photos/inner/deep/d.jpeg",
    ]


def test_a_file_is_taken_whatever_it_is_called(photos: Path) -> None:
    """Who names a file means it; the service will say whether it is an image."""
    assert find_images(["photos/notes.txt", "photos/.hidden.jpg"]) == ["photos/notes.txt", "photos/.hidden.jpg"]


def test_names_stay_as_they_were_written(photos: Path) -> None:
    """Rows are found again by name, so none is made absolute or tidied."""
    assert find_images(["./photos/a.png", f"{photos}/b.JPG"]) == ["./photos/a.png", f"{photos}/b.JPG"]


def test_a_pattern_means_what_it_matches(photos: Path) -> None:
    """For shells that do not expand it, and for more files than fit on a command line."""
    assert find_images(["photos/*.png"]) == ["photos/a.png"]
    assert find_images(["photos/**/*.jpeg"]) == ["photos/inner/deep/d.jpeg"]
    assert find_images(["photos/inn*"]) == ["photos/inner/c.webp", "photos/inner/deep/d.jpeg"]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(photos: Path) -> None:
    """A bracket in a name is a bracket."""
    (photos / "x[1].jpg").write_bytes(b"x")
    assert find_images(["photos/x[1].jpg"]) == ["photos/x[1].jpg"]


def test_an_image_that_is_named_twice_is_classified_once(photos: Path) -> None:
    """A folder and a file in it overlap without harm."""
    assert find_images(["photos/inner", "photos/inner/c.webp"]) == ["photos/inner/c.webp", "photos/inner/deep/d.jpeg"]


@pytest.mark.parametrize(
    ("argument", "says"),
    [("photos/none.jpg", "no file or folder photos/none.jpg"), ("photos/.git/refs*", "holds no images")],
)
def test_an_argument_that_means_nothing_is_an_error(photos: Path, argument: str, says: str) -> None:
    """A typing error is told before anything is sent."""
    with pytest.raises(InputError, match=says):
        find_images([argument])


def test_a_folder_without_images_is_an_error(photos: Path) -> None:
    """And the error says what would have counted as one."""
    (photos / "empty").mkdir()
    with pytest.raises(InputError, match=r"photos/empty holds no images \(.jpg"):
        find_images(["photos/empty"])


@pytest.mark.parametrize(
    ("text", "separator", "names"),
    [
        (b"a.jpg\nb c.jpg\n", b"\n", ["a.jpg", "b c.jpg"]),
        (b"a.jpg\r\n\nb.jpg", b"\n", ["a.jpg", "b.jpg"]),
        (b"a\nb.jpg\0c.jpg\0", b"\0", ["a\nb.jpg", "c.jpg"]),
        (b"", b"\n", []),
    ],
)
def test_a_list_is_read_by_lines_or_by_nul(text: bytes, separator: bytes, names: list[str]) -> None:
    """Lists come from editors, from Windows, and from `find -print0`."""
    assert list(read_list(io.BytesIO(text), separator=separator)) == names


def test_a_name_that_is_no_utf_8_is_kept() -> None:
    """Old archives have names in other encodings; they lead to their files all the same."""
    (name,) = read_list(io.BytesIO(b"caf\xe9.jpg\n"))
    assert name.encode("utf-8", "surrogateescape") == b"caf\xe9.jpg"
