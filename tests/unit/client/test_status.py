"""The status and the accuracy, as the client reads them."""

from typing import Any

import httpx
import pytest

from argus_client import (
    Accuracy,
    Deployment,
    LatencyMs,
    NotReady,
    Quantisation,
    Replicas,
    ServiceUnreachable,
    Totals,
)
from tests.unit.client.service import Service, problem

SCALE = {"running": 1, "starting": 1, "stopping": 0, "target": 2}
STATUS: dict[str, Any] = {
    "replicas": SCALE,
    "ongoing": 3,
    "queued": 2,
    "requests_per_s": 12.4,
    "images_per_s": 13,
    "refused_per_s": 0.5,
    "errors_per_s": 0.0,
    "offered_per_s": 12.9,
    "latency_ms": {"p50": 14.1, "p95": 22.0, "p99": 31.5},
    "window_s": 5,
    "totals": {"requests": 1234, "images": 1240, "refused": 1, "client_errors": 2, "server_errors": 0, "new": 1},
    "uptime_s": 345.2,
    "complete": True,
    "deployments": [{"name": "ImageClassifier", **SCALE, "max": 2, "min": 1, "added_later": 1}],
    "added_later": 1,
}
MODEL = {"name": "m", "version": "v", "num_classes": 2}


def test_the_status_arrives_typed() -> None:
    """Every figure of the document, under its own name; what a newer service adds is no error."""
    service = Service(httpx.Response(200, json=STATUS))
    status = service.client().status()
    assert service.requests[0].url.path == "/v1/status"
    assert status.replicas == Replicas(running=1, starting=1, stopping=0, target=2)
    assert (status.ongoing, status.queued, status.window_s, status.uptime_s) == (3, 2, 5, 345.2)
    assert (status.requests_per_s, status.images_per_s, status.offered_per_s) == (12.4, 13, 12.9)
    assert (status.refused_per_s, status.errors_per_s) == (0.5, 0)
    assert status.latency_ms == LatencyMs(14.1, 22.0, 31.5)
    assert status.totals == Totals(1234, 1240, 1, 2, 0)
    assert status.deployments == (Deployment(1, 1, 0, 2, "ImageClassifier", min=1, max=2),)
    assert status.complete


def test_a_service_at_rest_has_no_latency() -> None:
    """Null is None and not zero."""
    document = {**STATUS, "latency_ms": {"p50": None, "p95": None, "p99": None}, "complete": False}
    status = Service(httpx.Response(200, json=document)).client().status()
    assert (status.latency_ms.p50, status.complete) == (None, False)


@pytest.mark.parametrize("missing", ["replicas", "totals", "latency_ms", "offered_per_s"])
def test_a_document_that_is_not_whole_is_not_guessed_at(missing: str) -> None:
    """Something other than Argus, or another version of it, answers at that address."""
    document = {key: value for key, value in STATUS.items() if key != missing}
    with pytest.raises(ServiceUnreachable, match=missing):
        Service(httpx.Response(200, json=document)).client().status()


def test_a_service_that_is_starting_is_not_ready() -> None:
    """The service's own error, as in every other call."""
    with pytest.raises(NotReady):
        Service(problem(503, "not_ready")).client(retries=0).status()


def test_a_model_says_how_often_it_is_right() -> None:
    """The accuracy with its origin; an unknown top-5 is None."""
    accuracy = {"top1": 0.886, "top5": None, "photos": 1000, "precision": "bf16", "source": "us"}
    model = Service(httpx.Response(200, json={**MODEL, "accuracy": accuracy})).client().model("m")
    assert model.accuracy == Accuracy(0.886, None, 1000, "bf16", "us")


@pytest.mark.parametrize("document", [MODEL, {**MODEL, "accuracy": None}], ids=["an older service", "not measured"])
def test_a_model_without_an_accuracy_is_a_model(document: dict[str, Any]) -> None:
    """Neither a service that does not know the field nor a model that nobody measured is an error."""
    assert Service(httpx.Response(200, json=document)).client().model("m").accuracy is None


def test_a_model_says_where_it_comes_from_and_how_it_was_quantised() -> None:
    """Weights, parameters and source; the facts of int8 where there are any."""
    made = {"calibration_photos": 300, "checked_photos": 700, "agreement": 0.973, "photos_sha256": "00"}
    about = {"weights": "w 1.0", "num_parameters": 4_652_008, "source": "a package", "quantisation": made}
    model = Service(httpx.Response(200, json={**MODEL, **about})).client().model("m")
    assert (model.weights, model.num_parameters, model.source) == ("w 1.0", 4_652_008, "a package")
    assert model.quantisation == Quantisation(300, 700, 0.973)
