"""A spec -> an artifact: found where it lies, or exported while every other process that wants it waits."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from serve_app.artifacts.calibration import Calibration, require_agreement, require_calibration
from serve_app.artifacts.folder import Artifact, open_artifact
from serve_app.artifacts.references import cache_home, read_reference, reference_key
from serve_app.errors import ArtifactInvalid, SetupError
from serve_app.hardware import choose_runtime, detect_hardware

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is to be exported, with nothing left to choose. `lock_fd` is the key's lock, which the work keeps held."""

    spec: str
    runtime: str
    precision: str
    root: Path
    lock_fd: int
    calibration: Calibration | None = None

    @property
    def key(self) -> str:
        """The name of the reference that will point to the result."""
        return reference_key(self.spec, self.runtime, self.precision, self.calibration)


class Exporter(Protocol):
    """Makes an artifact and writes its reference."""

    def __call__(self, request: ExportRequest, report: Report) -> Artifact:
        """Raises SetupError when the artifact cannot be made."""
        ...


def artifact_root() -> Path:
    """$ARGUS_ARTIFACTS, or argus/artifacts in the user's cache folder."""
    chosen = os.environ.get("ARGUS_ARTIFACTS")
    if chosen:
        return Path(chosen)
    return cache_home() / "argus" / "artifacts"


def find_artifact(
    spec: str,
    *,
    runtime: str = "auto",
    precision: str = "auto",
    root: Path,
    calibration: Calibration | None = None,
) -> Artifact | None:
    """The artifact that answers a spec, or None when there is none that is whole and up to date.

    Up to date: made of the weights file as it is now, by the library versions that are installed now. A weights file or
    a library that is not here any more does not make an artifact old: it can be shipped without them. The same holds
    for the photos that an int8 artifact was calibrated on.
    """
    runtime, precision = choose_runtime(runtime, precision, detect_hardware())
    require_calibration(precision, calibration)
    key = reference_key(spec, runtime, precision, calibration)
    reference = read_reference(root, key, calibration)
    if reference is None:
        return None
    try:
        return open_artifact(root / reference)
    except ArtifactInvalid:
        return None


def ensure_artifact(
    spec: str,
    *,
    runtime: str = "auto",
    precision: str = "auto",
    root: Path,
    calibration: Calibration | None = None,
    report: Report = lambda _message: None,
    exporter: Exporter | None = None,
) -> Artifact:
    """Find the artifact, or export it in a process of its own; a second caller waits for the first and reuses its work.

    report: called with one plain line at each step that takes time.
    calibration: for int8 and only for it.
    Raises UnknownModel, WeightsUnavailable, WeightsInvalid or SetupError, as the export found it, and SetupError when
    an int8 artifact agrees less with the fp32 model than the calibration asks for.
    """
    runtime, precision = choose_runtime(runtime, precision, detect_hardware())

    def find() -> Artifact | None:
        found = find_artifact(spec, runtime=runtime, precision=precision, root=root, calibration=calibration)
        if found is not None:
            require_agreement(found.card.name, found.card.quantisation, calibration)
        return found

    found = find()
    if found is not None:
        return found
    if exporter is None:
        from serve_app.artifacts.export_process import export_in_subprocess

        exporter = export_in_subprocess
    key = reference_key(spec, runtime, precision, calibration)
    with _exclusive(root / "locks" / f"{key}.lock", spec, report) as lock_fd:
        found = find()
        if found is not None:
            return found
        request = ExportRequest(spec, runtime, precision, root, lock_fd, calibration)
        return exporter(request, report)


@contextmanager
def _exclusive(path: Path, spec: str, report: Report) -> Iterator[int]:
    """Hold a lock file. flock, because a child that inherits the descriptor keeps it held if the parent is killed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise SetupError(
            f"Artifacts cannot be written under {path.parent.parent} ({error}). "
            "Set ARGUS_ARTIFACTS to a folder that can be written to."
        ) from error
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"waiting for another process that is exporting {spec}")
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield fd
    finally:
        os.close(fd)
