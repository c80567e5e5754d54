"""`argus export`: an artifact made ahead of time, and what it says of itself.

The export itself runs in a process of its own; this one imports no torch.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serve_app.artifacts import Artifact, Calibration, Exporter, artifact_root, ensure_artifact, find_artifact
from serve_app.artifacts.card import ModelCard
from serve_app.catalog.accuracy import find_measured
from serve_app.cli.display import Display
from serve_app.cli.figures import say_bytes


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to export; root: where artifacts are kept, the user's where it is None."""

    weights: str
    runtime: str = "auto"
    precision: str = "auto"
    calibration_images: Path | None = None
    min_agreement: float = 0.95
    root: Path | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """An artifact, and whether it was made now."""

    artifact: Artifact
    is_new: bool

    @property
    def files(self) -> dict[str, int]:
        """Its files with their sizes in bytes, the largest first."""
        sizes = {path.name: path.stat().st_size for path in self.artifact.path.iterdir() if path.is_file()}
        return dict(sorted(sizes.items(), key=lambda item: -item[1]))

    @property
    def document(self) -> dict[str, Any]:
        """Everything for programs; the card as the artifact has it."""
        return {
            "folder": str(self.artifact.path),
            "new": self.is_new,
            "files": self.files,
            "card": self.artifact.card.to_dict(),
        }


def export(options: ExportOptions, display: Display, exporter: Exporter | None = None) -> Exported:
    """Find the artifact or make it, and show what is going on. Raises SetupError with what to do."""
    root = options.root or artifact_root()
    images = options.calibration_images
    wanted: dict[str, Any] = {
        "runtime": options.runtime,
        "precision": options.precision,
        "root": root,
        "calibration": None if images is None else Calibration(images, options.min_agreement),
    }
    step = display.add(options.weights)
    with display.running():
        step.begin("looking for it")
        try:
            is_new = find_artifact(options.weights, **wanted) is None
            artifact = ensure_artifact(options.weights, report=step.come_to, exporter=exporter, **wanted)
        except BaseException:
            step.fail()
            raise
        step.finish("exported" if is_new else "was there already")
    return Exported(artifact, is_new)


def describe(exported: Exported) -> list[tuple[str, str]]:
    """What is in the artifact, as names and values for a person."""
    card = exported.artifact.card
    steps = card.preprocessing
    crop = f"{steps.crop_size} x {steps.crop_size}"
    return [
        ("Folder", str(exported.artifact.path)),
        ("Files", ", ".join(f"{name} ({say_bytes(size)})" for name, size in exported.files.items())),
        ("Runs in", f"{card.runtime}, {card.precision}"),
        ("Version", card.version),
        ("Input", f"short side to {steps.resize_size} px ({steps.interpolation.value}), centre {crop} px, RGB"),
        ("Classes", f"{card.num_classes}, from {card.labels[0]} to {card.labels[-1]}"),
        ("Parameters", f"{card.num_parameters / 1e6:.1f} million"),
        *_describe_accuracy(card),
        ("Weights", f"{card.weights}, from {card.source}"),
        ("License", card.license),
    ]


def _describe_accuracy(card: ModelCard) -> list[tuple[str, str]]:
    lines = []
    accuracy = find_measured(card.weights, card.precision) or card.published
    if accuracy is not None:
        top5 = "" if accuracy.top5 is None else f", top-5 {accuracy.top5:.1%}"
        lines.append(("Accuracy", f"top-1 {accuracy.top1:.1%}{top5}, {accuracy.source} ({accuracy.precision})"))
    if card.quantisation is not None:
        made = card.quantisation
        text = (
            f"{made.agreement:.1%} with fp32 on {made.checked_photos} photos; calibrated on {made.calibration_photos}"
        )
        lines.append(("Agreement", text))
    return lines
