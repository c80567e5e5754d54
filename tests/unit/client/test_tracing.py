"""The client in a program that is traced, and in one that is not."""

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id

from argus_client import ArgusClient, AsyncArgusClient, ProblemError
from tests.telling import KeptSpans, trace_program
from tests.unit.client.service import ITEM, Service, classified, problem


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ReadableSpan]]:
    """All spans of this program, which is traced for as long as the test runs."""
    kept = KeptSpans()
    with trace_program(kept, monkeypatch):
        yield kept.spans


def open_client(service: Service) -> ArgusClient:
    return ArgusClient("http://argus:8000/", transport=httpx.MockTransport(service))


def test_a_call_is_a_span_below_the_caller_s_and_the_service_is_told_of_it(spans: list[ReadableSpan]) -> None:
    """The service's span becomes the child of the client's."""
    service = Service(classified(ITEM))
    with trace.get_tracer("tests").start_as_current_span("caller") as caller, open_client(service) as client:
        client.classify(b"photo", model="m")
    span, _ = spans
    assert (span.name, span.kind) == ("POST /v1/models/m/classify", SpanKind.CLIENT)
    assert span.parent == caller.get_span_context()
    ids = [format_trace_id(span.context.trace_id), format_span_id(span.context.span_id)]
    assert service.requests[0].headers["traceparent"].split("-")[1:3] == ids
    assert dict(span.attributes or {}) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.full": "http://argus:8000/v1/models/m/classify",
        "server.address": "argus",
        "server.port": 8000,
        "argus.request_id": service.requests[0].headers["X-Request-ID"],
    }


async def test_the_asynchronous_client_does_the_same(spans: list[ReadableSpan]) -> None:
    """Both share every decision."""
    service = Service(classified(ITEM))
    async with AsyncArgusClient(transport=httpx.MockTransport(service)) as client:
        await client.classify(b"photo")
    (span,) = spans
    assert format_span_id(span.context.span_id) in service.requests[0].headers["traceparent"]


def test_attempts_share_their_call_s_span(spans: list[ReadableSpan]) -> None:
    """It ends with the last of them, and says how many there were."""
    service = Service(problem(503, "not_ready"), classified(ITEM))
    with open_client(service) as client:
        client.classify(b"photo")
    (span,) = spans
    assert len({request.headers["traceparent"] for request in service.requests}) == 1
    assert (span.attributes or {})["http.request.resend_count"] == 1
    assert (span.attributes or {})["http.response.status_code"] == 200


def test_a_call_that_fails_is_an_error_with_its_code(spans: list[ReadableSpan]) -> None:
    """And is raised as ever."""
    with open_client(Service(problem(415, "unsupported_media_type"))) as client, pytest.raises(ProblemError):
        client.classify(b"photo")
    (span,) = spans
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "unsupported_media_type"


def test_probes_are_no_part_of_any_trace(spans: list[ReadableSpan]) -> None:
    """Whoever asks every second whether the service is there wants no span of it."""
    service = Service(httpx.Response(200, json={"status": "live"}))
    with open_client(service) as client:
        assert client.live()
    assert spans == []
    assert "traceparent" not in service.requests[0].headers


def test_a_program_that_is_not_traced_never_loads_opentelemetry() -> None:
    """Though it is installed."""
    code = (
        "import sys, httpx, argus_client\n"
        "seen = []\n"
        "def answer(request):\n"
        "    seen.append(request.headers)\n"
        "    return httpx.Response(200, json={'models': []})\n"
        "with argus_client.ArgusClient(transport=httpx.MockTransport(answer)) as client:\n"
        "    assert client.models() == []\n"
        "assert 'traceparent' not in seen[0]\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
