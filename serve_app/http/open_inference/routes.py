"""The routes under /v2, which answer from the core's documents and from `InferOperation`."""

from typing import Any

from fastapi import APIRouter, Request, Response

from serve_app.classifier import Backend
from serve_app.errors import NotReady
from serve_app.http.classify import render_json
from serve_app.http.open_inference import schemas
from serve_app.http.open_inference.operation import InferOperation
from serve_app.http.routes import INFER, INFER_VERSION
from serve_app.meters import Samples
from serve_app.open_inference import documents
from serve_app.open_inference.views import View, find_view, list_views
from serve_app.settings import LimitSettings
from serve_app.status import StatusSource

_MODEL = "/v2/models/{model}"
_VERSION = "/v2/models/{model}/versions/{version}"


def build_router(backend: Backend, operation: InferOperation, limits: LimitSettings, source: StatusSource) -> APIRouter:
    """The routes under /v2. source: knows what all replicas have counted."""
    router = APIRouter()
    _add_server_routes(router, backend)
    _add_statistics_routes(router, backend, source)
    _add_model_routes(router, backend, limits)

    @router.post(INFER, **schemas.INFER)
    async def infer(request: Request, model: str) -> Response:
        """Scores of images or of tensors, as numbers or as the best classes; JSON and binary tensors both ways."""
        return await operation.answer(request, model, "")

    @router.post(INFER_VERSION, **schemas.INFER)
    async def infer_with_version(request: Request, model: str, version: str) -> Response:
        """The same, with the model's version named."""
        return await operation.answer(request, model, version)

    return router


def _add_server_routes(router: APIRouter, backend: Backend) -> None:
    @router.get("/v2", **schemas.SERVER)
    async def show_server() -> Response:
        """The server's name, version and extensions of the protocol."""
        return render_json(documents.describe_server())

    @router.get("/v2/health/live", **schemas.LIVE)
    async def show_liveness() -> Response:
        """Whether the process answers at all."""
        return render_json({"live": True})

    @router.get("/v2/health/ready", **schemas.READY)
    async def show_readiness() -> Response:
        """Whether every model can be asked."""
        _check_ready(ready=backend.ready)
        return render_json({"ready": True})

    @router.post("/v2/repository/index", **schemas.INDEX)
    async def list_models() -> Response:
        """Every model that can be asked, in both views."""
        return render_json(documents.describe_index(list_views(backend)))


def _add_statistics_routes(router: APIRouter, backend: Backend, source: StatusSource) -> None:
    async def describe(*views: View) -> Response:
        return render_json(documents.describe_statistics(views, await _read_samples(source)))

    # Before the routes with a model's name in the place of `stats`.
    @router.get("/v2/models/stats", **schemas.STATISTICS)
    async def show_all_statistics() -> Response:
        """Requests of every model by this protocol since the service started, and where their time went."""
        return await describe(*list_views(backend))

    @router.get(_MODEL + "/stats", **schemas.MODEL_STATISTICS)
    async def show_statistics(model: str) -> Response:
        """Requests of one model by this protocol since the service started, and where their time went."""
        return await describe(find_view(backend, model))

    @router.get(_VERSION + "/stats", **schemas.MODEL_STATISTICS)
    async def show_version_statistics(model: str, version: str) -> Response:
        """The same, with the model's version named."""
        return await describe(find_view(backend, model, version))


def _add_model_routes(router: APIRouter, backend: Backend, limits: LimitSettings) -> None:
    @router.get(_MODEL, **schemas.METADATA)
    async def show_metadata(model: str) -> Response:
        """A model's input and output: names, datatypes, shapes."""
        return render_json(documents.describe_metadata(find_view(backend, model)))

    @router.get(_VERSION, **schemas.METADATA)
    async def show_version_metadata(model: str, version: str) -> Response:
        """The same, with the model's version named."""
        return render_json(documents.describe_metadata(find_view(backend, model, version)))

    @router.get(_MODEL + "/ready", **schemas.MODEL_READY)
    async def show_model_readiness(model: str) -> Response:
        """Whether the model can be asked."""
        return _answer_ready(find_view(backend, model))

    @router.get(_VERSION + "/ready", **schemas.MODEL_READY)
    async def show_version_readiness(model: str, version: str) -> Response:
        """The same, with the model's version named."""
        return _answer_ready(find_view(backend, model, version))

    @router.get(_MODEL + "/config", **schemas.CONFIG)
    async def show_config(model: str) -> Response:
        """A model's configuration in the form of Triton's; the tensor view's says how its numbers are made."""
        return render_json(documents.describe_config(find_view(backend, model), max_images=limits.max_images))

    @router.get(_VERSION + "/config", **schemas.CONFIG)
    async def show_version_config(model: str, version: str) -> Response:
        """The same, with the model's version named."""
        view = find_view(backend, model, version)
        return render_json(documents.describe_config(view, max_images=limits.max_images))


async def _read_samples(source: StatusSource) -> Samples:
    status = await source.read()
    if status.alone:  # one replica's counts in the place of all would look as if most requests had never been
        raise NotReady("The replicas' figures could not be added up. Try again.", retry_after_s=1.0)
    return status.figures.samples


def _answer_ready(view: View) -> Response:
    _check_ready(ready=view.ready)
    answer: dict[str, Any] = {"name": view.name, "ready": True}
    return render_json(answer)


def _check_ready(*, ready: bool) -> None:
    if not ready:
        raise NotReady("The model is not loaded yet, or the service is stopping. Try again.", retry_after_s=1.0)
