"""The ASGI application: routes, problems and limits around a `Backend`. Tests build it with a fake one."""

import importlib.metadata
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp

from serve_app.classifier import Backend
from serve_app.http import health, metrics, status, v1
from serve_app.http.classify import ClassifyOperation, ShortWay
from serve_app.http.context import BodyBudget, BodyLimit, RequestContext
from serve_app.http.dropins import course, huggingface, torchserve
from serve_app.http.dropins.operation import PhotoOperation
from serve_app.http.open_inference import routes as open_inference
from serve_app.http.open_inference.operation import InferOperation
from serve_app.http.openapi import complete_description
from serve_app.http.problems import install_problem_handlers
from serve_app.journal import Journal
from serve_app.open_inference.inference import OpenInference
from serve_app.settings import Settings
from serve_app.status import OwnStatus, StatusSource

if TYPE_CHECKING:
    from serve_app.http.remote.images import Fetch, RemoteImages

_DESCRIPTION = """Classifies images. Send a photo to `POST /v1/classify` as the raw body, as multipart or as base64 in
JSON; the answer lists the labels with the highest scores. Errors are RFC 9457 problem details with a stable `code`.

Clients of other servers work unchanged: the Open Inference Protocol under `/v2`, Hugging Face's image classification
at `/huggingface`, TorchServe's `/predictions/{model}`, the MLOps course's `/classify/`. There an error has the same
status, in the form of that protocol."""


def create_app(
    backend: Backend,
    settings: Settings,
    *,
    status_source: StatusSource | None = None,
    journal: Journal | None = None,
    fetcher: "Fetch | None" = None,
    echo_request_id: bool = True,
) -> ASGIApp:
    """The whole HTTP service around a backend.

    status_source: counts the requests, and knows the status of the service; without one this replica's own is shown.
    journal: is told of every request; it ends with the application.
    fetcher: fetches images that requests name by address, where `remote_images` is on; the real one if none is given.
    echo_request_id: off where the server in front adds `X-Request-ID` to responses itself, as Ray Serve does.
    """
    status_source = status_source or OwnStatus(lambda: backend.queued, lambda: backend.batches)
    operation = ClassifyOperation(backend, settings, status_source.meters, _open_remote(settings, fetcher))
    budget = BodyBudget(
        max_request_bytes=settings.limits.max_request_bytes, max_pending_bytes=settings.overload.max_pending_bytes
    )
    api = create_api(backend, settings, operation, status_source, budget)
    limited = BodyLimit(ShortWay(api, operation), budget)
    tally, meters = status_source.tally, status_source.meters
    return RequestContext(limited, tally, meters, journal, echo_request_id=echo_request_id)


def create_api(
    backend: Backend,
    settings: Settings,
    operation: ClassifyOperation,
    status_source: StatusSource,
    budget: BodyBudget,
) -> FastAPI:
    """The routes and their documentation, without what surrounds them. budget: of the bytes that bodies hold."""
    limits = settings.limits
    core = OpenInference(backend, limits, status_source.meters)
    infer = InferOperation(backend, core, operation.access, budget, max_images=limits.max_images)
    photos = PhotoOperation(backend, limits, operation.access, status_source.meters)
    app: FastAPI = FastAPIOffline(
        title="Argus",
        description=_DESCRIPTION,
        version=importlib.metadata.version("argus-classifier"),
        redoc_url=None,
    )
    install_problem_handlers(app)
    app.include_router(v1.build_router(backend, operation))
    app.include_router(open_inference.build_router(backend, infer, limits, status_source))
    app.include_router(huggingface.build_router(photos))
    app.include_router(torchserve.build_router(backend, photos))
    app.include_router(course.build_router(photos))
    app.include_router(status.build_router(status_source))
    app.include_router(metrics.build_router(backend, status_source))
    app.include_router(health.build_router(backend))

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = complete_description(
                get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            )
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]  # FastAPI's documented way to change the description
    return app


def _open_remote(settings: Settings, fetcher: "Fetch | None") -> "RemoteImages | None":
    if not settings.remote_images.enabled:
        return None
    from serve_app.http.remote.images import RemoteImages, make_fetcher

    return RemoteImages(settings, fetcher or make_fetcher(settings))
