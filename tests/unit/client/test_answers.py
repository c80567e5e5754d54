"""What the client makes of the service's answers."""

import httpx
import pytest

import argus_client
from argus_client import (
    Classification,
    Internal,
    InvalidParameter,
    ModelNotFound,
    ModelRef,
    Overloaded,
    PayloadTooLarge,
    Prediction,
    ProblemError,
    ServiceUnreachable,
    UndecodableImage,
)
from argus_client.errors import PROBLEMS
from serve_app import errors as service_errors
from tests.unit.client.service import ITEM, Service, classified, problem, refuse

MODEL = {"name": "efficientnet_lite0", "version": "v1", "default": True, "num_classes": 1000, "state": "ready",
         "input": {"height": 224}, "preprocessing": {"resize_size": 256}, "runtime": "openvino", "precision": "bf16",
         "license": "Apache-2.0", "added_later": 1}  # fmt: skip


def test_a_classification_carries_all_that_the_service_said() -> None:
    """Every field of the contract arrives typed, with the client's own wall time beside the service's timings."""
    result = Service(classified(ITEM)).client().classify(b"x")
    assert (result.filename, result.width, result.height) == ("sent-by-service.jpg", 451, 300)
    assert result.top == Prediction(281, "tabby", 0.61)
    assert result.predictions[1] == Prediction(285, "Egyptian cat", 0.2)
    assert (result.timing.decode_ms, result.timing.queue_ms, result.timing.inference_ms) == (2.4, 0.1, 6.0)
    assert result.timing.total_ms > 0
    assert (result.model, result.request_id) == (ModelRef("efficientnet_lite0", "v1"), "r-1")


def test_no_prediction_above_min_score_is_no_top() -> None:
    """An answer without predictions is a result, not an error."""
    assert Service(classified({**ITEM, "predictions": []})).client().classify(b"x").top is None


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_every_code_has_its_own_error(code: str) -> None:
    """A problem becomes the class of its code with every field of the document."""
    status = 429 if code in {"overloaded", "rate_limited"} else 422
    with pytest.raises(PROBLEMS[code]) as caught:
        Service(problem(status, code, "Do this.")).client(retries=0).classify(b"x")
    error = caught.value
    assert type(error) is PROBLEMS[code]
    assert (error.status, error.code, error.title, error.detail) == (status, code, "T", "Do this.")
    assert (error.request_id, str(error)) == ("r-2", "Do this.")


def test_the_client_knows_every_code_of_the_service() -> None:
    """The client's tree mirrors the service's: the same codes under the same names."""
    classes = [cls for cls in vars(service_errors).values() if isinstance(cls, type) and hasattr(cls, "code")]
    assert {cls.code: cls.__name__ for cls in classes} == {code: cls.__name__ for code, cls in PROBLEMS.items()}
    assert {cls.__name__ for cls in classes} <= set(argus_client.__all__)


def test_an_unknown_code_is_still_a_problem() -> None:
    """A newer service's code does not break an older client."""
    with pytest.raises(ProblemError) as caught:
        Service(problem(418, "teapot")).client().classify(b"x")
    assert type(caught.value) is ProblemError
    assert caught.value.code == "teapot"


def test_a_failed_image_of_a_batch_is_a_value_at_its_place() -> None:
    """One broken image neither raises nor moves the others."""
    broken = {"filename": "b.jpg", "error": {"status": 422, "code": "undecodable_image", "title": "T", "detail": "D"}}
    results = Service(classified(ITEM, broken, ITEM)).client().classify_batch([b"1", b"2", b"3"])
    assert [type(result) for result in results] == [Classification, UndecodableImage, Classification]
    error = results[1]
    assert isinstance(error, ProblemError)
    assert (error.status, error.detail, error.request_id) == (422, "D", "r-1")


def test_a_batch_of_one_gives_its_error_as_a_value_too() -> None:
    """The service answers a single bad image with a status; in a batch that is still the image's own error."""
    (error,) = Service(problem(422, "undecodable_image")).client().classify_batch([b"x"])
    assert isinstance(error, UndecodableImage)


def test_an_error_of_the_whole_batch_is_raised() -> None:
    """What is wrong with the request rather than with an image cannot be one image's result."""
    with pytest.raises(InvalidParameter):
        Service(problem(422, "invalid_parameter")).client().classify_batch([b"x"])


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, text="<html>Bad Gateway</html>"),
        httpx.Response(404, text="Path '/v1/classify' not found."),
        httpx.Response(200, text="<html>a router's login page</html>"),
        httpx.Response(200, json={"hello": "world"}),
        httpx.Response(200, json=["hello"]),
        httpx.Response(302, headers={"Location": "http://elsewhere.invalid"}),
    ],
    ids=["gateway", "ray", "web page", "another service", "a list", "redirect"],
)
def test_an_answer_that_is_not_from_argus_says_so(answer: httpx.Response) -> None:
    """A stranger's answer is told apart from the service's own, whatever its status."""
    with pytest.raises(ServiceUnreachable, match=r"not .*Argus"):
        Service(answer).client().classify(b"x")


def test_a_result_for_every_image_or_none() -> None:
    """Results that cannot be matched with the images are not guessed at."""
    with pytest.raises(ServiceUnreachable, match="2 images were sent and 1 results came back"):
        Service(classified(ITEM)).client().classify_batch([b"1", b"2"])


@pytest.mark.parametrize(("status", "kind"), [(413, PayloadTooLarge), (429, Overloaded)])
def test_a_gateway_answer_with_one_meaning_is_that_problem(status: int, kind: type[ProblemError]) -> None:
    """Ray's own text for a full queue and a gateway's for a large body mean what the service's documents mean."""
    with pytest.raises(kind, match="dropped") as caught:
        Service(httpx.Response(status, text="Request dropped")).client(retries=0).classify(b"x")
    assert caught.value.status == status


def test_models_tolerate_what_was_added_later() -> None:
    """A field that this client does not know is no error."""
    service = Service(httpx.Response(200, json={"models": [MODEL]}), httpx.Response(200, json=MODEL))
    client = service.client()
    (model,) = client.models()
    assert model == client.model("efficientnet_lite0")
    assert (model.name, model.default, model.num_classes, model.license) == (
        "efficientnet_lite0", True, 1000, "Apache-2.0",
    )  # fmt: skip
    assert [request.url.path for request in service.requests] == ["/v1/models", "/v1/models/efficientnet_lite0"]


def test_labels_are_in_the_order_of_their_class_ids() -> None:
    """The list can be indexed by class id."""
    assert Service(httpx.Response(200, json={"labels": ["tench", "goldfish"]})).client().labels("m") == [
        "tench",
        "goldfish",
    ]


def test_a_model_that_is_not_served_is_named_so() -> None:
    """Asking for an unknown model raises the error of exactly that."""
    with pytest.raises(ModelNotFound):
        Service(problem(404, "model_not_found")).client().model("nope")


@pytest.mark.parametrize(
    ("reply", "state", "retry_after_s"),
    [
        (httpx.Response(200, json={}), "ready", None),
        (problem(503, "not_ready", **{"Retry-After": "2"}), "starting", 2.0),
        (httpx.Response(503, text="No server is available"), "starting", None),
        (httpx.Response(404, text="Path '/health/ready' not found."), "starting", None),
        (httpx.Response(403, text="Forbidden by the proxy"), "unreachable", None),
        (refuse(), "unreachable", None),
        (httpx.ReadTimeout("slow"), "unreachable", None),
    ],
    ids=["ready", "not ready", "haproxy", "ray", "stranger", "refused", "timeout"],
)
def test_readiness_is_a_state_and_never_an_error(
    reply: httpx.Response | Exception, state: str, retry_after_s: float | None
) -> None:
    """Whatever answers, or nothing, the caller gets a state and a sentence for a person."""
    readiness = Service(reply).client().ready()
    assert (readiness.state, readiness.retry_after_s) == (state, retry_after_s)
    assert readiness.ready == (state == "ready")
    assert readiness.detail


@pytest.mark.parametrize(
    ("reply", "live"), [(httpx.Response(200), True), (httpx.Response(503), False), (refuse(), False)]
)
def test_live_is_a_plain_yes_or_no(reply: httpx.Response | Exception, live: bool) -> None:
    """No answer is a no."""
    assert Service(reply).client().live() is live


def test_an_internal_error_is_not_tried_again() -> None:
    """A 500 may have been worked on already, so it is reported at once."""
    service = Service(problem(500, "internal"))
    with pytest.raises(Internal):
        service.client().classify(b"x")
    assert len(service.requests) == 1
