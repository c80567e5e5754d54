"""A model exported once, as a folder that every replica loads: where it lies, what it holds, how it is found again.

Layout under the root:

    <name>-<digest>/     an artifact: artifact.json (card, files, versions), labels, and the runtime's own files
    refs/<key>.json      which artifact answers a spec, and the weights file that it was made of
    locks/<key>.lock     held by whoever exports that key
    tmp/                 exports under way; a folder appears under its final name only when it is whole

Finding needs neither torch nor OpenVINO. Making one is `serve_app.export`'s work, in a process of its own, so that a
replica never imports torch.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from serve_app.catalog import parse_spec
from serve_app.errors import ArtifactInvalid
from serve_app.hardware import choose_runtime, detect_hardware
from serve_app.preprocessing import Preprocessing

SCHEMA = 1  # raise it when the exported graph or artifact.json changes; older artifacts are then made again
CARD_FILE = "artifact.json"
LIBRARIES = ("torch", "torchvision", "timm", "openvino")

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What an artifact says of itself.

    version: the first 12 hexadecimal digits of the artifact's digest.
    labels: one per class, in the order of the logits.
    """

    name: str
    weights: str
    version: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    runtime: str
    precision: str
    license: str
    source: str
    num_parameters: int

    @property
    def num_classes(self) -> int:
        """How many logits the model returns for an image."""
        return len(self.labels)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "name": self.name,
            "weights": self.weights,
            "version": self.version,
            "labels": list(self.labels),
            "preprocessing": self.preprocessing.to_dict(),
            "runtime": self.runtime,
            "precision": self.precision,
            "license": self.license,
            "source": self.source,
            "num_parameters": self.num_parameters,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelCard":
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError for anything else."""
        text = {key: str(values[key]) for key in ("name", "weights", "version", "runtime", "precision")}
        return cls(
            **text,
            labels=tuple(str(label) for label in values["labels"]),
            preprocessing=Preprocessing.from_dict(values["preprocessing"]),
            license=str(values["license"]),
            source=str(values["source"]),
            num_parameters=int(values["num_parameters"]),
        )


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact's folder and its card."""

    path: Path
    card: ModelCard


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A weights file as it was at one moment. size in bytes, mtime_ns in nanoseconds since 1970."""

    path: Path
    size: int
    mtime_ns: int

    @classmethod
    def look_at(cls, path: Path) -> "WeightsFile":
        """The file as it is now."""
        facts = path.stat()
        return cls(path=path.resolve(), size=facts.st_size, mtime_ns=facts.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is to be exported, with nothing left to choose. `lock_fd` is the key's lock, which the work keeps held."""

    spec: str
    runtime: str
    precision: str
    root: Path
    lock_fd: int

    @property
    def key(self) -> str:
        """The name of the reference that will point to the result."""
        return reference_key(self.spec, self.runtime, self.precision)


class Exporter(Protocol):
    """Makes an artifact and writes its reference."""

    def __call__(self, request: ExportRequest, report: Report) -> Artifact: ...


def artifact_root() -> Path:
    """$ARGUS_ARTIFACTS, or argus/artifacts in the user's cache folder."""
    chosen = os.environ.get("ARGUS_ARTIFACTS")
    if chosen:
        return Path(chosen)
    return _cache_home() / "argus" / "artifacts"


def find_artifact(spec: str, *, runtime: str = "auto", precision: str = "auto", root: Path) -> Artifact | None:
    """The artifact that answers a spec, or None when there is none that is whole and up to date.

    Up to date: made of the weights file as it is now, by the library versions that are installed now. A weights file or
    a library that is not here any more does not make an artifact old: it can be shipped without them.
    """
    runtime, precision = choose_runtime(runtime, precision, detect_hardware())
    reference = _read_reference(root, reference_key(spec, runtime, precision))
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
    report: Report = lambda message: None,
    exporter: Exporter | None = None,
) -> Artifact:
    """Find the artifact, or export it in a process of its own; a second caller waits for the first and reuses its work.

    report: called with one plain line at each step that takes time.
    Raises UnknownModel, WeightsUnavailable, WeightsInvalid or SetupError, as the export found it.
    """
    runtime, precision = choose_runtime(runtime, precision, detect_hardware())
    found = find_artifact(spec, runtime=runtime, precision=precision, root=root)
    if found is not None:
        return found
    if exporter is None:
        from serve_app.export_process import export_in_subprocess

        exporter = export_in_subprocess
    with _exclusive(root / "locks" / f"{reference_key(spec, runtime, precision)}.lock", spec, report) as lock_fd:
        found = find_artifact(spec, runtime=runtime, precision=precision, root=root)
        if found is not None:
            return found
        request = ExportRequest(spec=spec, runtime=runtime, precision=precision, root=root, lock_fd=lock_fd)
        return exporter(request, report)


def open_artifact(path: Path) -> Artifact:
    """Read an artifact's folder.

    Raises ArtifactInvalid when it is missing, incomplete, damaged or of another schema.
    """
    try:
        manifest = json.loads((path / CARD_FILE).read_text(encoding="utf-8"))
        if manifest["schema"] != SCHEMA:
            raise ArtifactInvalid(f"{path} has schema {manifest['schema']}; this version of Argus reads {SCHEMA}.")
        for name, size in manifest["files"].items():
            if (path / name).stat().st_size != size:
                raise ArtifactInvalid(f"{path / name} is not as long as when it was made. Delete {path}.")
        return Artifact(path=path, card=ModelCard.from_dict(manifest["card"]))
    except OSError as error:
        raise ArtifactInvalid(f"{path} is incomplete ({error}). Delete it; it will be made again.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactInvalid(f"{path / CARD_FILE} is damaged. Delete {path}; it will be made again.") from error


def reference_key(spec: str, runtime: str, precision: str) -> str:
    """The file name, without its ending, of the reference for a spec. The torch cache counts where weights lie in it."""
    parsed = parse_spec(spec)
    parts = [str(parsed), runtime, precision]
    if not parsed.is_packaged:
        parts.append(str(_torch_home()))
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    return f"{parsed.name}-{runtime}-{precision}-{digest}"


def write_reference(root: Path, key: str, artifact: Path, weights: WeightsFile) -> None:
    """Let `key` point to an artifact. Atomic: readers see the old reference or the new one."""
    values = {
        "artifact": artifact.name,
        "weights": {
            "path": str(weights.path),
            "size": weights.size,
            "mtime_ns": weights.mtime_ns,
        },
        "versions": library_versions(),
    }
    path = root / "refs" / f"{key}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(values, indent=1), encoding="utf-8")
    partial.replace(path)


def library_versions() -> dict[str, str]:
    """The installed versions of the libraries that shape an artifact; those that are not installed are left out."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _read_reference(root: Path, key: str) -> str | None:
    """The name of the artifact's folder, or None when the reference is missing, damaged or out of date."""
    try:
        values = json.loads((root / "refs" / f"{key}.json").read_text(encoding="utf-8"))
        installed = library_versions()
        made_with: dict[str, str] = values["versions"]
        if any(made_with.get(name) != version for name, version in installed.items()):
            return None
        weights = WeightsFile(
            Path(values["weights"]["path"]),
            values["weights"]["size"],
            values["weights"]["mtime_ns"],
        )
        if weights.path.exists() and WeightsFile.look_at(weights.path) != weights:
            return None
        name = str(values["artifact"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return name if name == Path(name).name else None


@contextmanager
def _exclusive(path: Path, spec: str, report: Report) -> Iterator[int]:
    """Hold a lock file. flock, because a child that inherits the descriptor keeps it held if the parent is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"waiting for another process that is exporting {spec}")
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield fd
    finally:
        os.close(fd)


def _cache_home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _torch_home() -> Path:
    """Where torch keeps its cache; the rule of torch.hub.get_dir, which would need torch to ask."""
    return Path(os.environ.get("TORCH_HOME") or _cache_home() / "torch").expanduser()
