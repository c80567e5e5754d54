"""Weights -> artifact: the one place where torch builds a model so that replicas need not.

Runs as `python -m serve_app.export`, a process of its own that `serve_app.artifacts.export_process` starts. Writes one
JSON object a line to standard output: {"report": text}, and at last {"artifact": path} or {"error": class, "message":
text}.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serve_app.artifacts.calibration import (
    Calibration,
    fingerprint_folder,
    require_agreement,
    require_calibration,
)
from serve_app.artifacts.card import ModelCard
from serve_app.artifacts.finding import Report
from serve_app.artifacts.folder import SCHEMA, Artifact, open_artifact, write_manifest
from serve_app.artifacts.references import WeightsFile, library_versions, reference_key, write_reference
from serve_app.artifacts.staging import publish_folder, stage_folder
from serve_app.catalog import CatalogEntry, resolve
from serve_app.catalog.entry import hash_file
from serve_app.errors import ArtifactInvalid, SetupError
from serve_app.hardware import PRECISIONS, RUNTIMES
from serve_app.quantisation import Photos, read_photos, require_nncf, write_quantised

if TYPE_CHECKING:
    from torch import nn


def export_artifact(
    spec: str, runtime: str, precision: str, root: Path, report: Report, *, calibration: Calibration | None = None
) -> Artifact:
    """Export a model, unless an artifact of the same digest is there, and let its reference point to it.

    Raises UnknownModel, WeightsUnavailable, WeightsInvalid, or SetupError when int8 cannot be made or is refused.
    """
    require_calibration(precision, calibration)
    if calibration is not None:
        require_nncf()
    entry = resolve(spec)
    weights_path = entry.locate_weights(report)
    weights = WeightsFile.look_at(weights_path)
    weights_sha256 = hash_file(weights_path)
    photos, photos_fingerprint = None, None
    if calibration is not None:
        photos_fingerprint = fingerprint_folder(calibration.images)
        photos = read_photos(calibration.images, entry.preprocessing, report)
    facts: dict[str, Any] = {
        "schema": SCHEMA,
        "name": entry.name,
        "weights_sha256": weights_sha256,
        "preprocessing": entry.preprocessing.to_dict(),
        "labels": entry.labels,
        "runtime": runtime,
        "precision": precision,
        "versions": library_versions(quantised=photos is not None),
    }
    if photos is not None:
        facts["photos_sha256"] = photos.sha256
    version = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
    final = root / f"{entry.name}-{version}"
    try:
        artifact = open_artifact(final)
    except ArtifactInvalid:
        report(f"exporting {entry.name} for {runtime} ({precision})")
        module = entry.load(weights_path)
        card = ModelCard(
            name=entry.name,
            weights=entry.weights,
            version=version,
            labels=entry.labels,
            preprocessing=entry.preprocessing,
            runtime=runtime,
            precision=precision,
            license=entry.license,
            source=entry.source,
            num_parameters=sum(parameter.numel() for parameter in module.parameters()),
            published=entry.published,
        )
        with stage_folder(root) as folder:
            if runtime == "torch":
                _write_torch(module, folder)
            elif photos is None or calibration is None:
                _write_openvino(module, entry, folder)
            else:
                card = _write_int8(
                    module, entry, folder, card=card, photos=photos, calibration=calibration, report=report
                )
            write_manifest(folder, card, weights_sha256)
            publish_folder(folder, final)
        artifact = open_artifact(final)
    require_agreement(entry.name, artifact.card.quantisation, calibration)
    key = reference_key(spec, runtime, precision, calibration)
    write_reference(root, key, artifact.path, weights, photos_fingerprint)
    return artifact


def _write_openvino(module: "nn.Module", entry: CatalogEntry, folder: Path) -> None:
    """model.xml and model.bin: pixels uint8 (N, crop_size, crop_size, 3), RGB, 0-255 -> logits float32 (N, classes)."""
    import torch

    from serve_app.openvino_import import import_openvino

    ov = import_openvino()
    size = entry.preprocessing.crop_size
    example = torch.zeros(2, 3, size, size)
    with torch.inference_mode(False), torch.no_grad():
        program = torch.export.export(module, (example,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
        model = ov.convert_model(program)
    model.reshape([-1, 3, size, size])

    # fp32 on disk: the compiled model is as fast and as large either way, and fp32 answers stay those of torch.
    ov.save_model(_take_pixels(model, entry), folder / "model.xml", compress_to_fp16=False)


def _take_pixels(model: Any, entry: CatalogEntry) -> Any:
    """A graph with its normalisation inside, of one whose input is float32 (N, 3, size, size).

    Rows of pixels are normalised as they lie in memory, as rows of numbers. OpenVINO would otherwise put the pixels
    into planes first, normalise those, and have to bring them back for its convolutions: six times the time.
    """
    import numpy as np

    from serve_app.openvino_import import import_openvino

    ov = import_openvino()
    ops = ov.opset13
    size = entry.preprocessing.crop_size
    pixels = ops.parameter([-1, size, size, 3], np.uint8, name="pixels")
    row = np.array([-1, 3 * size])
    mean, std = (
        ops.constant(np.tile(255 * np.array(values), size)[None].astype(np.float32))
        for values in (entry.preprocessing.mean, entry.preprocessing.std)
    )
    rows = ops.convert(ops.reshape(pixels, row, special_zero=False), np.float32)
    normalised = ops.divide(ops.subtract(rows, mean), std)
    shape = np.array([-1, size, size, 3])
    planes = ops.transpose(ops.reshape(normalised, shape, special_zero=False), np.array([0, 3, 1, 2]))
    for consumer in model.input().get_target_inputs():
        consumer.replace_source_output(planes.output(0))
    return ov.Model(model.get_results(), [pixels], entry.name)


def _write_int8(
    module: "nn.Module",
    entry: CatalogEntry,
    folder: Path,
    *,
    card: ModelCard,
    photos: Photos,
    calibration: Calibration,
    report: Report,
) -> ModelCard:
    with tempfile.TemporaryDirectory(prefix="argus-") as plain:
        _write_openvino(module, entry, Path(plain))
        fp32 = Artifact(Path(plain), replace(card, precision="fp32"))
        return write_quantised(fp32, folder, photos, calibration, report)


def _write_torch(module: "nn.Module", folder: Path) -> None:
    from safetensors.torch import save_file

    state = {name: tensor.contiguous().clone() for name, tensor in module.state_dict().items()}
    save_file(state, folder / "weights.safetensors")


def main() -> int:
    """The child process of `serve_app.artifacts.export_process`."""
    parser = argparse.ArgumentParser(
        prog="python -m serve_app.export",
        description="Export one model to an artifact.",
    )
    parser.add_argument("spec")
    parser.add_argument("--runtime", required=True, choices=RUNTIMES)
    parser.add_argument("--precision", required=True, choices=PRECISIONS)
    parser.add_argument("--root", required=True, type=Path)
    parser.add_argument("--calibration-images", type=Path)
    parser.add_argument("--min-agreement", type=float, default=0.0)
    arguments = parser.parse_args()
    calibration = None
    if arguments.calibration_images is not None:
        calibration = Calibration(arguments.calibration_images, arguments.min_agreement)

    # Libraries print what they like; standard output carries the protocol alone.
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def say(**message: str) -> None:
        protocol.write(json.dumps(message) + "\n")

    try:
        artifact = export_artifact(
            arguments.spec,
            arguments.runtime,
            arguments.precision,
            arguments.root,
            lambda text: say(report=text),
            calibration=calibration,
        )
    except OSError as error:
        say(error="SetupError", message=f"The artifact could not be written under {arguments.root}: {error}")
        return 1
    except SetupError as error:
        say(error=type(error).__name__, message=str(error))
        return 1
    say(artifact=str(artifact.path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
