"""What int8 needs beside the weights: a folder of photos, and how far the answers may move.

Looks at the folder as files only: whether it is the one that an artifact was made with can be told without decoding a
photo. What is done with the photos is `serve_app.quantisation`'s work. Knows nothing of models.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serve_app.errors import SetupError


@dataclass(frozen=True, slots=True)
class Calibration:
    """What an operator says of int8.

    images: a folder of photos, read with its subfolders; as it was written, relative to where the export runs.
    min_agreement: the share (0-1) of checked photos whose top-1 must be that of the fp32 model.
    """

    images: Path
    min_agreement: float


@dataclass(frozen=True, slots=True)
class Quantisation:
    """How an int8 model was made, and how far it agrees with the fp32 model.

    calibration_photos: photos whose activations set the ranges.
    checked_photos: other photos, on which both models were asked.
    agreement: share (0-1) of the checked photos whose top-1 is the same.
    photos_sha256: of all these photos' bytes.
    """

    calibration_photos: int
    checked_photos: int
    agreement: float
    photos_sha256: str

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Quantisation":
        """The inverse of `dataclasses.asdict`. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            calibration_photos=int(values["calibration_photos"]),
            checked_photos=int(values["checked_photos"]),
            agreement=float(values["agreement"]),
            photos_sha256=str(values["photos_sha256"]),
        )


def require_calibration(precision: str, calibration: Calibration | None) -> None:
    """Raise SetupError for int8 without photos, and for photos without int8."""
    if precision == "int8" and calibration is None:
        raise SetupError(
            "int8 is calibrated on photos. Set calibration_images to a folder of photos like those you serve."
        )
    if precision != "int8" and calibration is not None:
        raise SetupError(f"calibration_images is for precision: int8; {precision} needs no photos. Remove it.")


def require_agreement(name: str, quantisation: Quantisation | None, calibration: Calibration | None) -> None:
    """Raise SetupError, with the figure and what to do, when an int8 model agrees less than the operator asks for."""
    if quantisation is None or calibration is None or quantisation.agreement >= calibration.min_agreement:
        return
    raise SetupError(
        f"int8 {name} gives the fp32 model's answer for {quantisation.agreement:.1%} of the "
        f"{quantisation.checked_photos} photos it was checked on; min_agreement is {calibration.min_agreement:.1%}. "
        f"It was calibrated on {quantisation.calibration_photos}. Put more photos like those you serve into "
        f"{calibration.images}, or use precision: bf16."
    )


def list_files(folder: Path) -> list[Path]:
    """Every file of the folder and its subfolders, in order of path; hidden ones are left out. Empty without it."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def fingerprint_folder(folder: Path) -> str | None:
    """Changes when a file is added, removed, renamed or written; None when the folder is not here or holds nothing.

    Reads no file: names, sizes and times of change, as for weights.
    """
    folder = folder.expanduser()
    digest = hashlib.sha256()
    files = list_files(folder)
    for path in files:
        facts = path.stat()
        digest.update(f"{path.relative_to(folder)}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode("utf-8", "replace"))
    return digest.hexdigest() if files else None
