"""`/health/live` and `/health/ready`, for load balancers, orchestrators and the browser UI."""

from fastapi import APIRouter, Response

from serve_app.classifier import Backend
from serve_app.errors import NotReady
from serve_app.http import schemas


def build_router(backend: Backend) -> APIRouter:
    """The routes under /health."""
    router = APIRouter(prefix="/health")

    @router.get("/live", **schemas.LIVE)
    async def live() -> Response:
        """Whether the process answers at all."""
        return Response(b'{"status":"live"}', media_type="application/json")

    @router.get("/ready", **schemas.READY)
    async def ready() -> Response:
        """Whether the weights are loaded and warmed up, so that images can be classified."""
        if not backend.ready:
            raise NotReady("The model is not loaded yet, or the service is stopping. Try again.", retry_after_s=1.0)
        return Response(b'{"status":"ready"}', media_type="application/json")

    return router
