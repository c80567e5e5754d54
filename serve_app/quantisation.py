"""fp32 model -> int8 model, calibrated on an operator's photos and checked on others of them; a step of the export.

The photos go the way of a request: `images`, then `preprocessing`. NNCF, which rewrites the graph, is imported here and
nowhere else; a replica that serves an int8 artifact does not need it. Knows nothing of weights or where artifacts lie.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from serve_app.artifacts import Artifact, Calibration, ModelCard, Quantisation, Report
from serve_app.artifacts.calibration import list_files, require_agreement
from serve_app.errors import RequestError, SetupError
from serve_app.images import decode_image
from serve_app.preprocessing import Pixels, Preprocessing, preprocess
from serve_app.runtimes import Runtime
from serve_app.settings import LimitSettings

# With 16 photos to calibrate on, the default model agreed on 91 %, with 33 on 97 %: benchmarks/RESULTS.md.
FEWEST_CALIBRATED = 32
FEWEST_PHOTOS = 2 * FEWEST_CALIBRATED
# What NNCF uses unless it is told otherwise; the time of an export grows with it.
MOST_CALIBRATED = 300
# Preprocessed photos are kept in memory, 150 kB each at 224 x 224.
MOST_PHOTOS = 1000

Quantiser = Callable[[Path, Path, Sequence[Pixels]], None]
"""(folder of model.xml in fp32, folder for model.xml in int8, photos to calibrate on)."""
Loader = Callable[[Artifact], Runtime]


@dataclass(frozen=True, slots=True)
class Photos:
    """Photos as the model sees them, in an order that has nothing to do with their names. sha256: of all their bytes.

    The first half, at most MOST_CALIBRATED, is calibrated on; the model is checked on the rest, which it has not seen.
    """

    pixels: tuple[Pixels, ...]
    sha256: str

    @property
    def to_calibrate(self) -> tuple[Pixels, ...]:
        """The photos that set the ranges of the activations."""
        return self.pixels[: min(len(self.pixels) // 2, MOST_CALIBRATED)]

    @property
    def to_check(self) -> tuple[Pixels, ...]:
        """The photos that both models are asked about."""
        return self.pixels[len(self.to_calibrate) :]


def read_photos(folder: Path, preprocessing: Preprocessing, report: Report, *, most: int = MOST_PHOTOS) -> Photos:
    """Read every photo of a folder and its subfolders, up to `most`, each once however often it lies there.

    Files that the service would not accept as an image are passed over. Raises SetupError when too few photos remain.
    """
    folder = folder.expanduser().absolute()
    by_sha256 = {}
    for path in list_files(folder):
        try:
            by_sha256[hashlib.sha256(path.read_bytes()).digest()] = path
        except OSError as error:
            raise SetupError(f"{path}, a photo to calibrate on, cannot be read: {error}") from error
    pixels: list[Pixels] = []
    digest = hashlib.sha256()
    refused: list[Path] = []
    for sha256, path in sorted(by_sha256.items()):
        if len(pixels) == most:
            break
        try:
            image = decode_image(
                path.read_bytes(), max_pixels=LimitSettings().max_image_pixels, min_side=preprocessing.resize_size
            )
        except RequestError:
            refused.append(path)
            continue
        pixels.append(preprocess(image.pixels, preprocessing))
        digest.update(sha256)
    if refused:
        report(f"passed over {len(refused)} files in {folder} that are not images, {refused[0].name} among them")
    if len(pixels) < FEWEST_PHOTOS:
        raise SetupError(
            f"int8 needs at least {FEWEST_PHOTOS} different photos, half to calibrate on and half to check; {folder} "
            f"has {len(pixels)}. Add photos like those you serve, or use precision: bf16."
        )
    return Photos(tuple(pixels), digest.hexdigest())


def require_nncf(find: Callable[[str], object] = find_spec) -> None:
    """Raise SetupError, with what to run, where NNCF is not installed."""
    if find("nncf") is None:
        raise SetupError(
            "int8 is made with the package nncf, which is not installed here. Run, where the service is installed: "
            f"{sys.executable} -m pip install 'nncf>=3.4,<4'. Replicas that load the finished model do not need it. "
            "Or use precision: bf16."
        )


def quantise_with_nncf(source: Path, target: Path, photos: Sequence[Pixels]) -> None:
    """A `Quantiser`: NNCF's post-training quantisation with its own defaults (8 bits, symmetric, bias correction)."""
    # OpenVINO's door hides the telemetry package from NNCF too, which reports to the same place.
    from serve_app.openvino_import import import_openvino

    ov = import_openvino()
    import nncf

    model = ov.Core().read_model(source / "model.xml")
    dataset = nncf.Dataset([pixels[None] for pixels in photos])
    quantised = nncf.quantize(model, dataset, subset_size=len(photos))
    ov.save_model(quantised, target / "model.xml", compress_to_fp16=False)


def load_with_all_cores(artifact: Artifact) -> Runtime:
    """A `Loader`: the runtime that will serve the model, so that what is checked is what will answer."""
    from serve_app.runtimes.openvino import OpenVinoRuntime

    return OpenVinoRuntime(artifact, num_threads=os.cpu_count() or 1)


def write_quantised(
    plain: Artifact,
    folder: Path,
    photos: Photos,
    calibration: Calibration,
    report: Report,
    *,
    quantiser: Quantiser = quantise_with_nncf,
    load: Loader = load_with_all_cores,
) -> ModelCard:
    """Write the int8 model into `folder`, and return the card of `plain`, an fp32 artifact, as that of the int8 model.

    Raises SetupError when the two agree on fewer of the photos to check than the calibration asks for.
    """
    report(f"calibrating int8 on {len(photos.to_calibrate)} photos")
    quantiser(plain.path, folder, photos.to_calibrate)
    card = replace(plain.card, precision="int8")
    report(f"checking int8 on {len(photos.to_check)} other photos")
    agreement = measure_agreement(load(plain), load(Artifact(folder, card)), photos.to_check)
    card = replace(
        card,
        quantisation=Quantisation(
            calibration_photos=len(photos.to_calibrate),
            checked_photos=len(photos.to_check),
            agreement=agreement,
            photos_sha256=photos.sha256,
        ),
    )
    require_agreement(card.name, card.quantisation, calibration)
    report(f"int8 gives the fp32 model's answer for {agreement:.1%} of them")
    return card


def measure_agreement(one: Runtime, other: Runtime, photos: Sequence[Pixels]) -> float:
    """The share (0-1) of photos whose top-1 is the same. Closes both runtimes."""
    same = [int(one.infer(pixels[None])[0].argmax()) == int(other.infer(pixels[None])[0].argmax()) for pixels in photos]
    one.close()
    other.close()
    return float(np.mean(same))
