"""Labelled photos on disk -> photos with class ids: a folder for each class, or a CSV file.

    folder/tabby/a.jpg            the folder's name is a label or a class id
    folder/labels.csv             columns file and class_id, or file and label; files beside it
    labels.csv                    the same, named itself

A label fits whatever its case, and with _ or - for a space; a WordNet id before it (n02123045_tabby) is passed over.
Folders that fit nothing are taken in the order of their names where there is one for each class, as in ImageNet's own
layout. Knows the labels that it is given and no service.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from serve_app.artifacts.calibration import list_files
from serve_app.cli.exits import CommandError, ExitCode

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"})
_WORDNET_ID = re.compile(r"^n\d{8}[ _-]+(?=.)")
_FORM = "It needs a folder for each class, or a labels.csv with the columns file and class_id, or file and label."


@dataclass(frozen=True, slots=True)
class GivenPhoto:
    """A photo and what a person says is on it; is_id: it is a class id and not a label."""

    path: Path
    given: str
    is_id: bool = False


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo on disk and the class that a person gave it."""

    path: Path
    class_id: int


@dataclass(frozen=True, slots=True)
class Unmatched:
    """What was given for some photos and is no class of the model; reason: why, in words."""

    given: str
    photos: int
    reason: str


@dataclass(frozen=True, slots=True)
class LabelledPhotos:
    """Photos with their classes, and what could not be matched; in_order: whether folders were taken in their order."""

    photos: Sequence[LabelledPhoto]
    unmatched: Sequence[Unmatched] = ()
    in_order: bool = field(default=False)


def read_labelled(place: Path) -> list[GivenPhoto]:
    """Every photo of a folder or of a CSV file. Raises CommandError, saying what it needs to look like."""
    table = place if place.is_file() else place / "labels.csv"
    photos = _read_table(table) if table.is_file() else _read_folders(place)
    if not photos:
        raise CommandError(f"{place} holds no labelled photos. {_FORM}", ExitCode.USAGE)
    missing = [photo.path for photo in photos if not photo.path.is_file()]
    if missing:
        names = ", ".join(path.name for path in missing[:3])
        raise CommandError(f"{table} names {len(missing)} photos that are not there: {names}.", ExitCode.USAGE)
    return photos


def match_labels(photos: Sequence[GivenPhoto], labels: Sequence[str]) -> LabelledPhotos:
    """The photos with class ids. labels: the model's, by class id."""
    ids = _index(labels)
    found: dict[tuple[str, bool], int | str] = {}
    for photo in photos:
        key = (photo.given, photo.is_id)
        if key not in found:
            found[key] = _find(photo, ids, len(labels))
    names = sorted({photo.given for photo in photos})
    in_order = len(names) == len(labels) and all(isinstance(one, str) for one in found.values())
    if in_order:
        found = {(photo.given, photo.is_id): names.index(photo.given) for photo in photos}
    matched, left_out = [], dict[str, int]()
    for photo in photos:
        class_id = found[photo.given, photo.is_id]
        if isinstance(class_id, int):
            matched.append(LabelledPhoto(photo.path, class_id))
        else:
            left_out[photo.given] = left_out.get(photo.given, 0) + 1
    reasons = {given: reason for (given, _), reason in found.items() if isinstance(reason, str)}
    return LabelledPhotos(
        matched, [Unmatched(given, count, reasons[given]) for given, count in left_out.items()], in_order
    )


def _read_folders(place: Path) -> list[GivenPhoto]:
    folders = sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))
    return [
        GivenPhoto(path, folder.name)
        for folder in folders
        for path in list_files(folder)
        if path.suffix.lower() in _SUFFIXES
    ]


def _read_table(table: Path) -> list[GivenPhoto]:
    with table.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        columns = set(rows.fieldnames or ())
        if "file" not in columns or not columns & {"class_id", "label"}:
            raise CommandError(f"{table} has the columns {', '.join(sorted(columns))}. {_FORM}", ExitCode.USAGE)
        column = "class_id" if "class_id" in columns else "label"
        return [
            GivenPhoto(table.parent / row["file"], (row[column] or "").strip(), is_id=column == "class_id")
            for row in rows
        ]


def _index(labels: Sequence[str]) -> dict[str, list[int]]:
    ids: dict[str, list[int]] = {}
    for class_id, label in enumerate(labels):
        ids.setdefault(_simplify(label), []).append(class_id)
    return ids


def _find(photo: GivenPhoto, ids: dict[str, list[int]], num_classes: int) -> int | str:
    # The class id, or why there is none.
    if not photo.is_id:
        found = ids.get(_simplify(photo.given)) or ids.get(_simplify(_WORDNET_ID.sub("", photo.given)))
        if found and len(found) > 1:
            return f"it is the label of the classes {' and '.join(map(str, found))}; name the class id instead"
        if found:
            return found[0]
    if photo.given.isdecimal():
        class_id = int(photo.given)
        return class_id if class_id < num_classes else f"class ids go from 0 to {num_classes - 1}"
    return "no class id" if photo.is_id else "no label and no class id of the model"


def _simplify(label: str) -> str:
    return " ".join(re.sub(r"[_-]", " ", label.casefold()).split())
