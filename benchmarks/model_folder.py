"""The model as a folder that the peers can read without the product: .bench/model/<version>/.

    model.json   labels, preprocessing, architecture, where the OpenVINO graph lies
    weights.pt   the state dict, for eager torch

Run as a program it writes the weights; that process imports torch, so that the one that measures does not.
"""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.environments import BENCH
from serve_app.artifacts import Artifact, artifact_root, ensure_artifact
from serve_app.catalog.efficientnet_lite import VARIANTS

MODEL = "efficientnet_lite0"


def find_model() -> Artifact:
    """The default model's OpenVINO artifact, exported first where it is missing. Raises SetupError."""
    return ensure_artifact(MODEL, runtime="openvino", root=artifact_root())


def write_model_folder(artifact: Artifact) -> Path:
    """The folder, written first where it is missing."""
    card = artifact.card
    folder = BENCH / "model" / card.version
    folder.mkdir(parents=True, exist_ok=True)
    steps = card.preprocessing
    values = {
        "labels": list(card.labels),
        "resize_size": steps.resize_size,
        "crop_size": steps.crop_size,
        "mean": list(steps.mean),
        "std": list(steps.std),
        "architecture": VARIANTS[MODEL].architecture,
        "openvino": str(artifact.path / "model.xml"),
        "precision": card.precision,
    }
    (folder / "model.json").write_text(json.dumps(values), "utf-8")
    if not (folder / "weights.pt").exists():
        subprocess.run([sys.executable, "-m", "benchmarks.model_folder", str(folder)], check=True)
    return folder


def main(folder: Path) -> None:
    """Write the weights as timm's architecture names them."""
    import torch

    from serve_app.catalog import resolve

    entry = resolve(MODEL)
    module = entry.load(entry.locate_weights(lambda line: print(line, file=sys.stderr)))
    unfinished = folder / "weights.tmp"
    torch.save(module.state_dict(), unfinished)
    unfinished.replace(folder / "weights.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
