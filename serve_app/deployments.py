"""The Ray Serve deployments. With `app`, the only modules that know Ray."""

from ray import serve
from ray.serve import Application
from starlette.types import ASGIApp

from serve_app.bootstrap import load_repository
from serve_app.http.app import create_app
from serve_app.http.edge import watch_clients_here
from serve_app.settings import Settings


@serve.ingress()
class ImageClassifier:
    """One replica: HTTP, decoding and the model in one process.

    Nothing else runs between the load balancer and the model, so a request crosses no process boundary inside the
    application. How many replicas there are, and what each may use, is set in serve_config.yaml.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._repository = load_repository(settings)

    async def __serve_build_asgi_app__(self) -> ASGIApp:
        watch_clients_here()
        return create_app(self._repository, self._settings, echo_request_id=False)


def bind(settings: Settings) -> Application:
    """Describe the deployment of an application with these settings; its scale comes from serve_config.yaml."""
    return serve.deployment(ImageClassifier).bind(settings)
