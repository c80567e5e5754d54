"""The split topology with Ray's actor calls in place of gRPC: what benchmarks.topology compares it with."""

from ray.serve import Application

from serve_app.bootstrap import ensure_artifacts
from serve_app.deployments import bind
from serve_app.settings import Settings


def build(args: Settings) -> Application:
    """As `serve_app.app.build`."""
    ensure_artifacts(args)
    return bind(args, by_reference=True)
