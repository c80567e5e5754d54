"""The photos of a measurement, and what is known of them: the answers that every system must give."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.pillow_steps import Crop, read_pixels
from serve_app.artifacts import Artifact
from serve_app.runtimes import load_runtime

_MOST_PHOTOS = 64
_KNOWN = 4


@dataclass(frozen=True, slots=True)
class KnownPhoto:
    """A photo and the class that the model is surest of."""

    image: bytes
    class_id: int


def read_photos(folder: Path) -> list[bytes]:
    """JPEG files, at most 64, taken evenly from the folder in the order of their names. Raises ValueError."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    photos = [path.read_bytes() for path in paths]
    photos = [photo for photo in photos if photo.startswith(b"\xff\xd8\xff")]
    if not photos:
        raise ValueError(f"{folder} holds no JPEG files. Name a folder of photos: make bench IMAGES=folder")
    count = min(_MOST_PHOTOS, len(photos))
    return [photos[i * len(photos) // count] for i in range(count)]


def choose_known_photos(artifact: Artifact, photos: Sequence[bytes]) -> list[KnownPhoto]:
    """The photos with the clearest answers in process, where no precision and no resizing could change the first."""
    runtime = load_runtime(artifact, num_threads=1)
    crop = Crop(artifact.card.preprocessing.resize_size, artifact.card.preprocessing.crop_size)
    judged = []
    for photo in photos:
        logits = runtime.infer(read_pixels(photo, crop)[None])[0]  # (num_classes,)
        second, first = np.sort(logits)[-2:]
        judged.append((float(first - second), KnownPhoto(photo, int(logits.argmax()))))
    judged.sort(key=lambda pair: pair[0], reverse=True)
    return [known for _, known in judged[:_KNOWN]]
