"""A model exported once, as a folder that every replica loads: where it lies, what it holds, how it is found again.

Layout under the root:

    <name>-<digest>/     an artifact: artifact.json (card with labels, files, versions) and the runtime's own files
    refs/<key>.json      which artifact answers a spec, and the weights file that it was made of
    locks/<key>.lock     held by whoever exports that key
    tmp/                 exports under way; a folder appears under its final name only when it is whole

Finding needs neither torch nor OpenVINO. Making one is `serve_app.export`'s work, in a process of its own, so that a
replica never imports torch.
"""

from serve_app.artifacts.calibration import Calibration, Quantisation
from serve_app.artifacts.card import ModelCard
from serve_app.artifacts.finding import (
    Exporter,
    ExportRequest,
    Report,
    artifact_root,
    ensure_artifact,
    find_artifact,
)
from serve_app.artifacts.folder import Artifact, check_artifact, open_artifact

__all__ = [
    "Artifact",
    "Calibration",
    "ExportRequest",
    "Exporter",
    "ModelCard",
    "Quantisation",
    "Report",
    "artifact_root",
    "check_artifact",
    "ensure_artifact",
    "find_artifact",
    "open_artifact",
]
