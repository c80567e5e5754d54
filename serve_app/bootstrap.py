"""Settings -> a warm `ModelRepository`: the composition root of a replica. Tests build repositories of fakes instead."""

import logging
from collections.abc import Callable

from serve_app.artifacts import Artifact, artifact_root, ensure_artifact
from serve_app.classifier import Classifier, ModelRepository
from serve_app.runtimes import load_runtime
from serve_app.settings import ModelSettings, Settings

log = logging.getLogger(__name__)


def ensure_artifacts(settings: Settings, *, report: Callable[[str], None] = log.info) -> dict[str, Artifact]:
    """Find or export the artifact of every model; by API name, the default first. Raises SetupError."""

    def ensure(model: ModelSettings) -> Artifact:
        root = settings.artifacts_dir or artifact_root()
        return ensure_artifact(model.weights, runtime=model.runtime, precision=model.precision, root=root, report=report)

    return {model.api_name: ensure(model) for model in settings.models}


def load_repository(settings: Settings) -> ModelRepository:
    """Load every model and run it once at its real shape, so that the first request is as fast as the next."""
    classifiers = {}
    for name, artifact in ensure_artifacts(settings).items():
        inference = settings.inference
        runtime = load_runtime(artifact, num_threads=inference.num_threads, max_batch_size=inference.max_batch_size)
        runtime.warm_up(sorted({1, inference.max_batch_size}))
        classifiers[name] = Classifier(runtime, settings, name=name)
    return ModelRepository(classifiers, settings)
