"""Settings -> a warm `ModelRepository`: the composition root of a replica. Tests use fakes instead."""

import ctypes
import gc
import io
import logging
from collections.abc import Callable

from PIL import Image

from serve_app.artifacts import Artifact, Calibration, artifact_root, ensure_artifact
from serve_app.classifier import Classifier, ModelRepository
from serve_app.images import FORMATS, decode_image
from serve_app.runtimes import load_runtime
from serve_app.settings import ModelSettings, Settings

log = logging.getLogger(__name__)


def ensure_artifacts(settings: Settings, *, report: Callable[[str], None] = log.info) -> dict[str, Artifact]:
    """Find or export the artifact of every model; by API name, the default first. Raises SetupError."""

    def ensure(model: ModelSettings) -> Artifact:
        root = settings.artifacts_dir or artifact_root()
        images = model.calibration_images
        return ensure_artifact(
            model.weights,
            runtime=model.runtime,
            precision=model.precision,
            root=root,
            calibration=None if images is None else Calibration(images, model.min_agreement),
            report=report,
        )

    return {model.api_name: ensure(model) for model in settings.models}


def load_repository(settings: Settings) -> ModelRepository:
    """Load every model and run it once at its real shape, so that the first request is as fast as the next."""
    classifiers = {}
    for name, artifact in ensure_artifacts(settings).items():
        inference = settings.inference
        runtime = load_runtime(artifact, num_threads=inference.num_threads, max_batch_size=inference.max_batch_size)
        runtime.warm_up(sorted({1, inference.max_batch_size}))
        classifiers[name] = Classifier(runtime, settings, name=name)
    _warm_up_decoders(settings)
    _return_memory()
    return ModelRepository(classifiers, settings)


def _warm_up_decoders(settings: Settings) -> None:
    """Decode a small image of each format: Pillow imports its readers when it first meets them."""
    for name in FORMATS:
        buffer = io.BytesIO()
        Image.new("RGB", (16, 16)).save(buffer, name)
        decode_image(buffer.getvalue(), max_pixels=settings.limits.max_image_pixels, min_side=8)


def _return_memory() -> None:
    """Give the system back what was needed while loading: glibc would keep it. Other C libraries have no such call."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
