"""Settings -> what a replica holds, warm: the composition root. Tests use fakes instead.

A fused replica holds a whole `ModelRepository`. In the split topology an inference replica holds one `PixelClassifier`,
and an ingress replica a repository whose models are elsewhere.
"""

import hashlib
import io
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image

from serve_app.artifacts import Artifact, Calibration, artifact_root, ensure_artifact
from serve_app.classifier import ModelRepository
from serve_app.errors import SetupError
from serve_app.fused import FusedClassifier
from serve_app.images import FORMATS, decode_image
from serve_app.journal import Journal, Origin
from serve_app.log_lines import LineWriter
from serve_app.memory import return_memory
from serve_app.runtimes import Runtime, load_runtime
from serve_app.settings import ModelSettings, Settings
from serve_app.split import PixelClassifier, PixelModel, SplitClassifier

log = logging.getLogger(__name__)

# Raise it when what replicas exchange changes: of an application that is being updated, old and new ones do not.
_EXCHANGE = "1"


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


def load_repository(settings: Settings, meeting: Path | None = None) -> ModelRepository:
    """Load every model and run it once at its real shape, so that the first request is as fast as the next.

    meeting: a folder of the application, on this node, where replicas meet to share work; None: they do not.
    """
    artifacts = ensure_artifacts(settings)
    classifiers = {
        name: _make_classifier(_load_warm(artifact, settings), settings, name, meeting)
        for name, artifact in artifacts.items()
    }
    _warm_up_decoders(settings)
    return_memory([artifact.path for artifact in artifacts.values()])
    return ModelRepository(classifiers, settings)


def load_pixel_classifier(settings: Settings, name: str) -> PixelClassifier:
    """Load the model of that API name and run it once, for an inference replica of the split topology."""
    (model,) = (model for model in settings.models if model.api_name == name)
    (artifact,) = ensure_artifacts(settings.model_copy(update={"models": (model,)})).values()
    classifier = PixelClassifier(_load_warm(artifact, settings), settings, name=name)
    return_memory([artifact.path])
    return classifier


def connect_repository(settings: Settings, models: Mapping[str, PixelModel]) -> ModelRepository:
    """A repository for an ingress replica of the split topology. models: by API name, the default first."""
    classifiers = {name: SplitClassifier(model, settings, name=name) for name, model in models.items()}
    _warm_up_decoders(settings)
    return_memory()
    return ModelRepository(classifiers, settings)


def ensure_tracing(settings: Settings) -> None:
    """Check that traces can be made where they are asked for. Raises SetupError."""
    if settings.observability.otlp_endpoint is None:
        return
    try:
        import serve_app.spans  # noqa: F401  # only to see that it can be
    except ModuleNotFoundError as error:
        raise SetupError(
            f"observability.otlp_endpoint needs {error.name}: pip install 'opentelemetry-exporter-otlp-proto-http'"
        ) from error


def open_journal(settings: Settings, origin: Origin, folder: Path) -> Journal:
    """What a replica that takes requests tells of them. folder: of log files, where the settings name none."""
    observability, spans = settings.observability, None
    if observability.otlp_endpoint is not None:
        from serve_app.spans import SpanWriter, make_exporter

        exporter = make_exporter(observability.otlp_endpoint)
        spans = SpanWriter(exporter, origin, sample_ratio=observability.sample_ratio)
    return Journal(observability, open_lines(settings, origin, folder), spans)


def open_lines(settings: Settings, origin: Origin, folder: Path) -> LineWriter:
    """Where a replica's log lines go from now on. folder: as `open_journal` has it."""
    observability = settings.observability
    return LineWriter(observability, origin, observability.log_folder or folder)


def _make_classifier(runtime: Runtime, settings: Settings, name: str, meeting: Path | None) -> FusedClassifier:
    siblings = None
    if meeting is not None and settings.inference.share_work and runtime.one_by_one:
        # Only those share that would answer alike, know each other's objects, and are on one machine, whose clock they
        # have in common: Ray's folder may be on a file system of several.
        alike = f"{_EXCHANGE}\n{_read_boot_id()}\n{settings.model_dump_json()}\n{name}\n{runtime.card.version}"
        siblings = meeting / hashlib.sha256(alike.encode()).hexdigest()[:16]
    return FusedClassifier(runtime, settings, name=name, siblings=siblings)


def _read_boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""  # not on Linux, where nobody shares


def _load_warm(artifact: Artifact, settings: Settings) -> Runtime:
    inference = settings.inference
    runtime = load_runtime(
        artifact,
        num_threads=inference.num_threads,
        idle_threads=inference.idle_threads,
        max_batch_size=inference.max_batch_size,
    )
    runtime.warm_up(sorted({1, inference.max_batch_size}))
    return runtime


def _warm_up_decoders(settings: Settings) -> None:
    """Decode a small image of each format: Pillow imports its readers when it first meets them."""
    for name in FORMATS:
        buffer = io.BytesIO()
        Image.new("RGB", (16, 16)).save(buffer, name)
        decode_image(buffer.getvalue(), max_pixels=settings.limits.max_image_pixels, min_side=8)
