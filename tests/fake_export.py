"""An export that takes no torch and no time; run as a module, one that can be held, watched and killed."""

import sys
from collections.abc import Callable
from pathlib import Path

from serve_app.artifacts import (
    Artifact,
    ExportRequest,
    ModelCard,
    Quantisation,
    Report,
    ensure_artifact,
    open_artifact,
)
from serve_app.artifacts.calibration import fingerprint_folder
from serve_app.artifacts.folder import write_manifest
from serve_app.artifacts.references import WeightsFile, write_reference
from serve_app.artifacts.staging import publish_folder, stage_folder
from serve_app.preprocessing import Interpolation, Preprocessing

SPEC = "efficientnet_lite0"
FINAL = f"{SPEC}-0123456789ab"


class FakeExporter:
    """Writes an artifact of one small file. `half_way` runs when the folder is half written.

    quantisation: what it says of every model, for tests of int8.
    """

    def __init__(
        self,
        weights: Path,
        half_way: Callable[[], None] = lambda: None,
        quantisation: Quantisation | None = None,
    ) -> None:
        self.weights = weights
        self.quantisation = quantisation
        self.half_way = half_way
        self.exports = 0

    def __call__(self, request: ExportRequest, report: Report) -> Artifact:
        """See `serve_app.artifacts.Exporter`."""
        self.exports += 1
        card = ModelCard(
            name=SPEC,
            weights="fake",
            version="0123456789ab",
            labels=("red", "green"),
            preprocessing=Preprocessing(32, 28, Interpolation.BICUBIC, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
            runtime=request.runtime,
            precision=request.precision,
            license="CC0-1.0",
            source="tests",
            num_parameters=2,
            quantisation=self.quantisation,
        )
        with stage_folder(request.root) as folder:
            (folder / "model.bin").write_bytes(b"half")
            self.half_way()
            (folder / "model.bin").write_bytes(b"half and half")
            write_manifest(folder, card, weights_sha256="0" * 64)
            publish_folder(folder, request.root / FINAL)
        photos = None if request.calibration is None else fingerprint_folder(request.calibration.images)
        write_reference(request.root, request.key, request.root / FINAL, WeightsFile.look_at(self.weights), photos)
        return open_artifact(request.root / FINAL)


def main() -> None:
    """Ensure the artifact under argv[1], of the weights argv[2]; half-way, say so and wait for a line from stdin."""

    def half_way() -> None:
        print("half way", flush=True)
        sys.stdin.readline()

    exporter = FakeExporter(Path(sys.argv[2]), half_way)
    ensure_artifact(
        SPEC,
        runtime="openvino",
        precision="fp32",
        root=Path(sys.argv[1]),
        report=lambda text: print(text, flush=True),
        exporter=exporter,
    )
    print(f"exports: {exporter.exports}", flush=True)


if __name__ == "__main__":
    main()
