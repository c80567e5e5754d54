"""The application that `serve run` and `serve deploy` build, as named by `import_path` in serve_config.yaml."""

from ray.serve import Application

from serve_app.bootstrap import ensure_artifacts, ensure_tracing
from serve_app.deployments import bind
from serve_app.settings import Settings


def build(args: Settings) -> Application:
    """Check the settings and export what is not exported yet, then describe the deployment.

    A wrong setting or missing weights fail here, once and with their reason, and not in every replica.
    """
    ensure_tracing(args)
    ensure_artifacts(args)
    return bind(args)
