"""A spec -> the artifact that answers it, remembered as a small file so that no torch is needed to find it again."""

import hashlib
import json
import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from serve_app.artifacts.calibration import Calibration, fingerprint_folder
from serve_app.catalog import parse_spec

LIBRARIES = ("torch", "torchvision", "timm", "openvino")


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


def reference_key(spec: str, runtime: str, precision: str, calibration: Calibration | None = None) -> str:
    """The file name, without its ending, of the reference for a spec.

    Two torch caches may hold different files of the same name, so the cache counts for models whose weights lie there.
    So does the folder of photos that int8 is calibrated on, by its path as it was written.
    Raises UnknownModel when the spec cannot be read.
    """
    parsed = parse_spec(spec)
    parts = [str(parsed), runtime, precision]
    if not parsed.is_packaged:
        parts.append(str(_torch_home()))
    if calibration is not None:
        parts.append(str(calibration.images))
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    return f"{parsed.name}-{runtime}-{precision}-{digest}"


def write_reference(
    root: Path, key: str, artifact: Path, weights: WeightsFile, photos_fingerprint: str | None = None
) -> None:
    """Let `key` point to an artifact. Atomic: readers see the old reference or the new one.

    photos_fingerprint: of the folder that an int8 artifact was calibrated on, as it was before it was read.
    """
    values: dict[str, Any] = {
        "artifact": artifact.name,
        "weights": {
            "path": str(weights.path),
            "size": weights.size,
            "mtime_ns": weights.mtime_ns,
        },
        "versions": library_versions(quantised=photos_fingerprint is not None),
    }
    if photos_fingerprint is not None:
        values["photos"] = photos_fingerprint
    path = root / "refs" / f"{key}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(values, indent=1), encoding="utf-8")
    partial.replace(path)


def library_versions(*, quantised: bool = False) -> dict[str, str]:
    """The installed versions of the libraries that shape an artifact; those that are not installed are left out.

    NNCF counts for int8 alone: installing it must not make every other artifact old.
    """
    versions = {}
    for name in (*LIBRARIES, "nncf") if quantised else LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def read_reference(root: Path, key: str, calibration: Calibration | None = None) -> str | None:
    """The name of the artifact's folder, or None when the reference is missing, damaged or out of date."""
    try:
        values = json.loads((root / "refs" / f"{key}.json").read_text(encoding="utf-8"))
        installed = library_versions(quantised=calibration is not None)
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
        if calibration is not None and fingerprint_folder(calibration.images) not in (None, values["photos"]):
            return None
        name = str(values["artifact"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return name if name == Path(name).name else None


def cache_home() -> Path:
    """$XDG_CACHE_HOME, or .cache in the user's home."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _torch_home() -> Path:
    """Where torch keeps its cache; the rule of torch.hub.get_dir, which would need torch to ask."""
    return Path(os.environ.get("TORCH_HOME") or cache_home() / "torch").expanduser()
