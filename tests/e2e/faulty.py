"""Ray Serve applications that are at fault themselves, so that their errors can be met over the real stack."""

from ray import serve
from ray.serve import Application
from starlette.types import ASGIApp

from serve_app.http.app import create_app
from serve_app.settings import Settings
from tests.fakes import ColorRuntime, make_repository


@serve.ingress()
class FaultyClassifier:
    """The real HTTP application around a model that raises (`broken`) or one that is closed (`stopping`)."""

    def __init__(self, fault: str) -> None:
        runtime = ColorRuntime(error=RuntimeError("a secret of the model") if fault == "broken" else None)
        self._repository = make_repository(colors=runtime)
        if fault == "stopping":
            self._repository.close()

    def __serve_build_asgi_app__(self) -> ASGIApp:
        return create_app(self._repository, Settings(), echo_request_id=False)


def build(args: dict[str, str]) -> Application:
    """args: {"fault": "broken" or "stopping"}."""
    return serve.deployment(FaultyClassifier).bind(args["fault"])
