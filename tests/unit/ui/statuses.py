"""Statuses of a service for tests of what the live page makes of them."""

from argus_client import Deployment, LatencyMs, Replicas, ServiceStatus, Totals


def make_status(
    *,
    running: int = 1,
    starting: int = 0,
    stopping: int = 0,
    target: int = 1,
    most: int | None = 4,
    ongoing: int = 0,
    queued: int = 0,
    served: float = 0.0,
    refused: float = 0.0,
    errors: float = 0.0,
    latency: tuple[float, float, float] | None = None,
    uptime_s: float = 60.0,
    complete: bool = True,
) -> ServiceStatus:
    """A service of one deployment, idle unless told otherwise; served, refused, errors: a second."""
    return ServiceStatus(
        replicas=Replicas(running, starting, stopping, target),
        ongoing=ongoing,
        queued=queued,
        requests_per_s=served,
        images_per_s=served,
        refused_per_s=refused,
        errors_per_s=errors,
        offered_per_s=served + refused + errors,
        latency_ms=LatencyMs(*(latency or (None, None, None))),
        window_s=5.0,
        totals=Totals(1234, 1240, 56, 3, 4),
        uptime_s=uptime_s,
        complete=complete,
        deployments=(Deployment(running, starting, stopping, target, "ImageClassifier", 1, most),),
    )
