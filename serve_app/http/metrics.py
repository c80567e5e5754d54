"""`/metrics`: what all replicas have counted, for Prometheus. Any replica answers for the whole service."""

import importlib.metadata
from typing import Any

from fastapi import APIRouter, Response

from serve_app.classifier import Backend
from serve_app.errors import NotReady
from serve_app.http import schemas
from serve_app.http.routes import CLASSIFY, CLASSIFY_WITH_MODEL, METRICS
from serve_app.status import Status, StatusSource

_EXAMPLE = """# TYPE argus_requests_total counter
argus_requests_total{code="200",route="/v1/classify"} 1234.0
"""
DOCUMENTATION: dict[str, Any] = {
    "tags": ["status"],
    "response_class": Response,
    "responses": {
        200: {
            "description": "The metrics.",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        },
        **schemas.describe_problems(NotReady),
    },
}


def build_router(backend: Backend, source: StatusSource) -> APIRouter:
    """The route /metrics."""
    router = APIRouter()
    version = importlib.metadata.version("argus-classifier")
    rendered: tuple[Status, bytes] | None = None

    @router.get(METRICS, **DOCUMENTATION)
    async def show_metrics() -> Response:
        """Metrics of the whole service in Prometheus's text format; docs/metrics.md describes each."""
        from serve_app.exposition import MEDIA_TYPE, render_metrics  # at the first scrape, not at a replica's start

        nonlocal rendered
        status = await source.read()
        if status.alone:
            # One replica's counts in the place of all would look like a restart, and the next answer like a flood.
            raise NotReady("The replicas' figures could not be added up. Try again.", retry_after_s=1.0)
        if rendered is None or rendered[0] is not status:
            models = {model.name: model.card for model in backend.models}
            routes = (CLASSIFY, CLASSIFY_WITH_MODEL)
            rendered = status, render_metrics(status, models, version=version, routes=routes)
        return Response(rendered[1], media_type=MEDIA_TYPE)

    return router
