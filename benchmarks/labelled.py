"""Folders of labelled photos: a `labels.csv` with `file` and `class_id`, or one folder a class, in label order."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo on disk and the class that a person gave it."""

    path: Path
    class_id: int


def read_labelled_photos(folder: Path) -> list[LabelledPhoto]:
    """Every photo of the folder. Raises ValueError, saying what the folder needs to look like."""
    table = folder / "labels.csv"
    if table.is_file():
        with table.open(newline="") as file:
            photos = [LabelledPhoto(folder / row["file"], int(row["class_id"])) for row in csv.DictReader(file)]
    else:
        classes = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
        photos = [LabelledPhoto(path, i) for i, name in enumerate(classes) for path in sorted(name.iterdir())]
    if not photos:
        raise ValueError(f"{folder} needs a labels.csv with the columns file and class_id, or a folder for each class.")
    missing = [photo.path.name for photo in photos if not photo.path.is_file()]
    if missing:
        raise ValueError(f"labels.csv names photos that are not in {folder}: {', '.join(missing[:3])}.")
    return photos
