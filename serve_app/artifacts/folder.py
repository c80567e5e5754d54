"""An artifact's folder: `artifact.json` (the card, and the size and SHA-256 of every file) and the runtime's files."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serve_app.artifacts.card import ModelCard
from serve_app.artifacts.references import library_versions
from serve_app.catalog.entry import hash_file
from serve_app.errors import ArtifactInvalid

SCHEMA = 2  # raise it when the exported graph or artifact.json changes; older artifacts are then made again
MANIFEST = "artifact.json"


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact's folder and its card."""

    path: Path
    card: ModelCard


def write_manifest(folder: Path, card: ModelCard, weights_sha256: str) -> None:
    """Complete a folder that holds the runtime's files. weights_sha256: of the file that they were made of."""
    files = {path.name: {"size": path.stat().st_size, "sha256": hash_file(path)} for path in sorted(folder.iterdir())}
    manifest = {
        "schema": SCHEMA,
        "card": card.to_dict(),
        "weights_sha256": weights_sha256,
        "versions": library_versions(quantised=card.quantisation is not None),
        "files": files,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")


def open_artifact(path: Path) -> Artifact:
    """Read an artifact's folder. Quick: looks at the sizes of its files, not into them.

    Raises ArtifactInvalid when it is missing, incomplete, damaged or of another schema.
    """
    manifest = _read_manifest(path)
    try:
        for name, facts in manifest["files"].items():
            if (path / name).stat().st_size != facts["size"]:
                raise ArtifactInvalid(f"{path / name} is not as long as when it was made. {_remedy(path)}")
        return Artifact(path=path, card=ModelCard.from_dict(manifest["card"]))
    except OSError as error:
        raise ArtifactInvalid(f"{path} is incomplete ({error}). {_remedy(path)}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactInvalid(f"{path / MANIFEST} is damaged. {_remedy(path)}") from error


def check_artifact(artifact: Artifact) -> None:
    """Read every file of an artifact and compare its SHA-256: damaged weights would answer wrongly without a word.

    Raises ArtifactInvalid.
    """
    path = artifact.path
    for name, facts in _read_manifest(path)["files"].items():
        try:
            sha256 = hash_file(path / name)
        except OSError as error:
            raise ArtifactInvalid(f"{path} is incomplete ({error}). {_remedy(path)}") from error
        if sha256 != facts["sha256"]:
            raise ArtifactInvalid(f"{path / name} is damaged: its SHA-256 is not the one recorded. {_remedy(path)}")


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        schema = manifest["schema"]
    except OSError as error:
        raise ArtifactInvalid(f"{path} is incomplete ({error}). {_remedy(path)}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactInvalid(f"{path / MANIFEST} is damaged. {_remedy(path)}") from error
    if schema != SCHEMA:
        raise ArtifactInvalid(f"{path} has schema {schema}; this version of Argus reads {SCHEMA}. {_remedy(path)}")
    return manifest


def _remedy(path: Path) -> str:
    return f"Delete {path}; it will be made again at the next start."
