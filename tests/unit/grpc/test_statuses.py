"""HTTP errors as gRPC statuses."""

import json

import grpc
import pytest

from serve_app.grpc.statuses import translate_error

S = grpc.StatusCode


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, S.INVALID_ARGUMENT),
        (401, S.UNAUTHENTICATED),
        (403, S.PERMISSION_DENIED),
        (404, S.NOT_FOUND),
        (405, S.UNIMPLEMENTED),
        (413, S.INVALID_ARGUMENT),
        (415, S.INVALID_ARGUMENT),
        (422, S.INVALID_ARGUMENT),
        (429, S.RESOURCE_EXHAUSTED),
        (500, S.INTERNAL),
        (503, S.UNAVAILABLE),
        (504, S.DEADLINE_EXCEEDED),
    ],
)
def test_each_status_has_its_code(status: int, code: grpc.StatusCode) -> None:
    """What the caller can do about an error is the same over gRPC as over HTTP."""
    assert translate_error(status, {}, b'{"error": "why"}').code == code


@pytest.mark.parametrize("body", [{"error": "why"}, {"title": "No", "detail": "why"}])
def test_the_services_words_are_kept(body: dict[str, str]) -> None:
    """The protocol's errors and the service's problems both say why, and so does the status."""
    assert translate_error(400, {}, json.dumps(body).encode()).details == "why"


def test_when_to_try_again_is_told_twice() -> None:
    """In milliseconds, as gRPC's own retries read it, and in seconds."""
    error = translate_error(429, {"Retry-After": "3"}, b'{"error": "full"}')
    assert error.trailing_metadata == [("grpc-retry-pushback-ms", "3000"), ("retry-after", "3")]


def test_no_time_is_made_up() -> None:
    """Without a Retry-After there is no hint; neither is there for a date, which the service never sends."""
    assert translate_error(400, {}, b'{"error": "why"}').trailing_metadata == []
    assert translate_error(503, {"Retry-After": "Wed, 21 Oct"}, b'{"error": "why"}').trailing_metadata == []


@pytest.mark.parametrize("body", [b"", b"<html>500</html>", b"[]", b"{}"])
def test_a_load_balancers_error_is_a_service_that_is_not_there(body: bytes) -> None:
    """A 500 without the service's words comes from what stands in front of it, so the caller may try again."""
    error = translate_error(500, {}, body)
    assert error.code == S.UNAVAILABLE
    assert error.retry_after_s == 1.0


def test_long_details_are_cut() -> None:
    """Details travel in a header, which has its limits."""
    assert len(translate_error(400, {}, json.dumps({"error": "x" * 9000}).encode()).details) == 2048
