"""`/v1/status`: what the service is doing now, over all its replicas. The UI's charts are drawn from it."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from serve_app.http import schemas
from serve_app.http.classify import render_json
from serve_app.status import DeploymentScale, Status, StatusSource
from serve_app.tally import WINDOW_S

_WINDOW = f"over the last {WINDOW_S} s"


class Replicas(BaseModel):
    """How many replicas there are, by their state, and how many there should be."""

    running: int = Field(examples=[1])
    starting: int = Field(examples=[1])
    stopping: int = Field(examples=[0])
    target: int = Field(examples=[2], description="How many the autoscaler, or the configuration, wants.")


class Deployment(Replicas):
    """One of the application's deployments. min, max: what it is scaled between; null where that is not known."""

    name: str = Field(examples=["ImageClassifier"])
    max: int | None = Field(examples=[2])
    min: int | None = Field(examples=[1])


class LatencyMs(BaseModel):
    """Of answered requests inside the service, in milliseconds, within a few percent; null where none was answered."""

    p50: float | None = Field(examples=[14.1])
    p95: float | None = Field(examples=[22.0])
    p99: float | None = Field(examples=[31.5])


class Totals(BaseModel):
    """Counted since the service started."""

    requests: int = Field(examples=[1234], description="Answered.")
    images: int = Field(examples=[1240])
    refused: int = Field(examples=[0])
    client_errors: int = Field(examples=[2])
    server_errors: int = Field(examples=[0])


class ServiceStatus(BaseModel):
    """What the service is doing now. A request here is a POST or a PUT: only those bring images."""

    replicas: Replicas = Field(description="Of the deployment that takes the requests.")
    ongoing: int = Field(examples=[3], description="Requests under way.")
    queued: int = Field(examples=[2], description="Images that wait for a decoder or for the model.")
    requests_per_s: float = Field(examples=[12.4], description=f"Answered with 2xx, {_WINDOW}.")
    images_per_s: float = Field(examples=[12.4], description=f"Classified, {_WINDOW}.")
    refused_per_s: float = Field(examples=[0.0], description=f"Answered with 429, {_WINDOW}.")
    errors_per_s: float = Field(examples=[0.0], description=f"Answered with another 4xx or with 5xx, {_WINDOW}.")
    offered_per_s: float = Field(examples=[12.4], description="Answered, refused and failed together.")
    latency_ms: LatencyMs = Field(description=f"{_WINDOW.capitalize()}.")
    window_s: int = Field(examples=[WINDOW_S])
    totals: Totals
    uptime_s: float = Field(examples=[345.2])
    complete: bool = Field(
        description="False where not everybody could be asked; the figures are then those of the replicas that were."
    )
    deployments: list[Deployment]


STATUS: dict[str, Any] = {
    "tags": ["status"],
    "response_model": None,
    "responses": {200: {"model": ServiceStatus, "description": "The status."}, **schemas.describe_problems()},
}


def build_router(status: StatusSource) -> APIRouter:
    """The route /v1/status."""
    router = APIRouter(prefix="/v1")

    @router.get("/status", **STATUS)
    async def show_status() -> Response:
        """Replicas, requests a second, latencies and queues of the whole service; ask as often as once a second."""
        return render_json(describe_status(await status.read()))

    return router


def describe_status(status: Status) -> dict[str, Any]:
    """The status as /v1/status shows it."""
    figures, rates, totals = status.figures, status.figures.rates, status.figures.totals
    return {
        "replicas": _describe_replicas(status.scale),
        "ongoing": figures.ongoing,
        "queued": figures.queued,
        "requests_per_s": round(rates.answered, 2),
        "images_per_s": round(rates.images, 2),
        "refused_per_s": round(rates.refused, 2),
        "errors_per_s": round(rates.errors, 2),
        "offered_per_s": round(rates.offered, 2),
        "latency_ms": {
            f"p{percent}": None if (ms := status.latency_ms(percent / 100)) is None else round(ms, 2)
            for percent in (50, 95, 99)
        },
        "window_s": WINDOW_S,
        "totals": {
            "requests": totals.answered,
            "images": totals.images,
            "refused": totals.refused,
            "client_errors": totals.client_errors,
            "server_errors": totals.server_errors,
        },
        "uptime_s": round(figures.uptime_s, 1),
        "complete": status.complete,
        "deployments": [
            {"name": scale.name, **_describe_replicas(scale), "max": scale.most, "min": scale.least}
            for scale in status.deployments
        ],
    }


def _describe_replicas(scale: DeploymentScale) -> dict[str, int]:
    return {
        "running": scale.running,
        "starting": scale.starting,
        "stopping": scale.stopping,
        "target": scale.target,
    }
