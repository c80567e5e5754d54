"""One request, followed from a program that uses the client to the model, in a real service's traces and log."""

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from opentelemetry import trace
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace.export import SpanExporter

from argus_client import ArgusClient, Classification
from serve_app.spans import make_exporter
from tests.e2e.serving import RunningService
from tests.e2e.trace_receiver import TraceReceiver
from tests.photos import example
from tests.telling import trace_program

pytestmark = pytest.mark.timeout(600)

PATIENCE_S = 60.0
ATTEMPTS = 3
T = TypeVar("T")


@pytest.fixture
def exporter(trace_receiver: TraceReceiver) -> SpanExporter:
    return make_exporter(trace_receiver.url)


def wait_for(what: str, find: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + PATIENCE_S
    for _ in itertools.count():
        if (found := find()) is not None:
            return found
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)
    raise AssertionError


def find_line(folder: Path, request_id: str | None) -> dict[str, Any] | None:
    lines = (json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_text().splitlines())
    found = [line for line in lines if line.get("request_id") == request_id]
    assert len(found) <= 1
    return found[0] if found else None


def ask_until_traced(
    ask: Callable[[], tuple[Classification, bytes]], receiver: TraceReceiver
) -> tuple[Classification, bytes, list[Span]]:
    """A request whose trace arrived whole. Exporters drop what a busy machine does not take in time; so ask again."""
    for attempts_left in reversed(range(ATTEMPTS)):
        answer, trace_id = ask()

        def find_whole(trace_id: bytes = trace_id) -> list[Span] | None:
            found = receiver.find_trace(trace_id)
            return found if len(found) >= 6 else None

        try:
            return answer, trace_id, wait_for("six spans", find_whole)
        except AssertionError:
            if not attempts_left:
                raise
    raise AssertionError


@pytest.mark.parametrize("deployment", ["ImageClassifier", "Ingress"])
def test_a_request_is_one_trace_and_one_line(
    real_service: RunningService,
    trace_receiver: TraceReceiver,
    exporter: SpanExporter,
    monkeypatch: pytest.MonkeyPatch,
    deployment: str,
) -> None:
    """From the caller's span through the client's and the server's to decode, queue and inference."""
    url = {"ImageClassifier": real_service.traced_url, "Ingress": real_service.traced_split_url}[deployment]
    with trace_program(exporter, monkeypatch), ArgusClient(url) as client:

        def ask() -> tuple[Classification, bytes]:
            with trace.get_tracer("tests").start_as_current_span("caller") as caller:
                answer = client.classify(example("coffee"))
            return answer, caller.get_span_context().trace_id.to_bytes(16)

        answer, trace_id, spans = ask_until_traced(ask, trace_receiver)
    names = {span.span_id: f"{Span.SpanKind.Name(span.kind)[10:].lower()} {span.name}" for span in spans}
    assert {names[span.span_id]: names.get(span.parent_span_id) for span in spans} == {
        "internal caller": None,
        "client POST /v1/classify": "internal caller",
        "server POST /v1/classify": "client POST /v1/classify",
        "internal decode": "server POST /v1/classify",
        "internal queue": "server POST /v1/classify",
        "internal inference": "server POST /v1/classify",
    }
    line = wait_for("the line", lambda: find_line(real_service.request_logs, answer.request_id))
    assert (line["trace_id"], line["status"], line["deployment"]) == (trace_id.hex(), 200, deployment)
    assert line["total_ms"] >= line["inference_ms"] > 0
    stages = {span.name: (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6 for span in spans}
    assert stages["decode"] == pytest.approx(line["decode_ms"], abs=0.02)
    assert stages["inference"] == pytest.approx(line["inference_ms"], abs=0.02)


def test_without_a_caller_s_span_there_is_a_line_and_no_trace(real_service: RunningService) -> None:
    """The ratio is 0 here, and the line does not name a trace that nobody has."""
    with ArgusClient(real_service.traced_url) as client:
        answer = client.classify(example("cat"))
    assert "trace_id" not in wait_for("the line", lambda: find_line(real_service.request_logs, answer.request_id))
