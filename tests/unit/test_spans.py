"""The spans of a request: their parents, their times, their attributes, and which requests have them."""

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id

from serve_app.bootstrap import ensure_tracing
from serve_app.classifier import Timing
from serve_app.errors import SetupError
from serve_app.journal import Finished
from serve_app.settings import ObservabilitySettings, Settings
from serve_app.spans import SpanWriter, make_exporter
from tests.telling import ORIGIN, KeptSpans, make_journal

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
# Decoded in the model's thread: 5 ms of waiting, 3 of decoding, 2 for the others of the batch, 6 in the model.
TIMING = Timing(3.0, 7.5, 6.0, arrived_at=100.0, decoding_at=100.005, inferring_at=100.010, batch_size=4)


def finish(status: int = 200, seconds: float = 0.02, *, classifies: bool = True, **state: Any) -> Finished:
    return Finished(100.017, seconds, status, "POST", "/v1/classify", "/argus/v1/classify", classifies, state)


def trace(folder: Path, *several: Finished, sample_ratio: float = 1.0) -> list[ReadableSpan]:
    kept = KeptSpans()
    journal = make_journal(ObservabilitySettings(sample_ratio=sample_ratio), folder, kept)
    for one in several:
        journal.note(one)
    journal.close()
    return kept.spans


def headers(sampled: bool) -> dict[str, str]:
    return {"traceparent": f"00-{TRACE}-{PARENT}-{'01' if sampled else '00'}", "tracestate": "vendor=1"}


def test_a_request_s_span_is_the_child_of_the_client_s_and_has_the_stages_as_children(tmp_path: Path) -> None:
    """One trace, from the client's span to the model."""
    spans = {span.name: span for span in trace(tmp_path, finish(trace_headers=headers(True), slowest=TIMING))}
    server = spans.pop("POST /v1/classify")
    assert server.kind is SpanKind.SERVER
    assert server.parent is not None
    assert format_span_id(server.parent.span_id) == PARENT
    assert server.parent.is_remote
    assert format_trace_id(server.context.trace_id) == TRACE
    assert server.context.trace_state.get("vendor") == "1"
    assert set(spans) == {"decode", "queue", "inference"}
    for span in spans.values():
        assert span.parent == server.context
        assert span.context.trace_id == server.context.trace_id


def test_spans_have_the_times_that_were_measured(tmp_path: Path) -> None:
    """In the order in which it happened and inside the request's span."""
    kept = KeptSpans()
    writer = SpanWriter(kept, ORIGIN, sample_ratio=1.0)
    writer.record(finish(slowest=TIMING), clock_offset=1_000_000.0)
    writer.close()
    times = {
        span.name: tuple(round((ns or 0) / 1e6 - 1_000_100_000) for ns in (span.start_time, span.end_time))
        for span in kept.spans
    }
    assert times == {"POST /v1/classify": (-3, 17), "queue": (0, 5), "decode": (5, 8), "inference": (10, 16)}


def test_the_wait_for_the_model_is_the_queue_where_images_are_decoded_before_it(tmp_path: Path) -> None:
    """With threads for decoding, or in the split topology, it comes after decoding."""
    timing = Timing(3.0, 20.0, 6.0, arrived_at=100.0, decoding_at=100.001, inferring_at=100.023)
    spans = {span.name: span for span in trace(tmp_path, finish(slowest=timing))}
    assert spans["queue"].start_time == pytest.approx(spans["decode"].end_time, abs=1000)
    assert spans["queue"].end_time == pytest.approx(spans["inference"].start_time, abs=1000)


def test_spans_say_what_is_known_of_the_request(tmp_path: Path) -> None:
    """OpenTelemetry's names where it has them, argus.* for the rest."""
    state = {"request_id": "r-1", "model": "m", "images": 3, "bytes": 77, "client": "c", "slowest": TIMING}
    spans = {span.name: span for span in trace(tmp_path, finish(**state))}
    assert dict(spans["POST /v1/classify"].attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/v1/classify",
        "url.path": "/argus/v1/classify",
        "url.scheme": "http",
        "http.response.status_code": 200,
        "http.request.body.size": 77,
        "argus.request_id": "r-1",
        "argus.model": "m",
        "argus.images": 3,
        "argus.client": "c",
    }
    assert dict(spans["inference"].attributes or {}) == {"argus.batch_size": 4}
    assert spans["inference"].resource.attributes["service.name"] == "argus"
    assert spans["inference"].resource.attributes["service.instance.id"] == "r1"


@pytest.mark.parametrize(
    ("status", "problem", "wanted", "error"),
    [
        (503, "not_ready", StatusCode.ERROR, "not_ready"),
        (415, "unsupported_media_type", StatusCode.UNSET, None),
        (499, None, StatusCode.UNSET, "client_left"),
    ],
)
def test_only_the_service_s_own_failures_are_errors(
    tmp_path: Path, status: int, problem: str | None, wanted: StatusCode, error: str | None
) -> None:
    """As OpenTelemetry has it for servers; and a client that left was sent no status."""
    (span,) = trace(tmp_path, finish(status, **({"problem": problem} if problem else {})))
    attributes = span.attributes or {}
    assert (span.status.status_code, attributes.get("error.type")) == (wanted, error)
    assert attributes.get("http.response.status_code") == (None if status == 499 else status)


def test_the_client_decides_whether_its_request_is_traced(tmp_path: Path) -> None:
    """Whatever the ratio is: half a trace would be of no use."""
    assert len(trace(tmp_path, finish(trace_headers=headers(True)), sample_ratio=0.0)) == 1
    assert trace(tmp_path, finish(trace_headers=headers(False)), sample_ratio=1.0) == []


def test_the_ratio_decides_where_the_client_has_not(tmp_path: Path) -> None:
    """None at 0, all at 1, some in between; a traceparent that is none counts as absent."""
    several = [finish() for _ in range(100)]
    assert trace(tmp_path, *several, sample_ratio=0.0) == []
    assert len(trace(tmp_path, *several, sample_ratio=1.0)) == 100
    assert 0 < len(trace(tmp_path, *several, sample_ratio=0.5)) < 100
    assert len(trace(tmp_path, finish(trace_headers={"traceparent": "nonsense"}))) == 1


def test_only_classify_requests_are_traced(tmp_path: Path) -> None:
    """What looks at the service is no work of it, even when it fails."""
    assert trace(tmp_path, finish(classifies=False), finish(503, classifies=False)) == []


def test_without_traces_nothing_that_makes_them_is_loaded() -> None:
    """FastAPI loads OpenTelemetry's interface where it is installed; what is behind it is loaded here alone."""
    code = (
        "import sys, pathlib, serve_app.bootstrap, serve_app.http.app\n"
        "from serve_app.journal import Origin\n"
        "settings = serve_app.settings.Settings()\n"
        "serve_app.bootstrap.ensure_tracing(settings)\n"
        "serve_app.bootstrap.open_journal(settings, Origin('a', 'b', 'c'), pathlib.Path(sys.argv[1])).close()\n"
        "behind = ('opentelemetry.sdk', 'opentelemetry.exporter', 'serve_app.spans', 'requests')\n"
        "print([name for name in sys.modules if name.startswith(behind)])"
    )
    done = subprocess.run([sys.executable, "-c", code, "."], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_traces_without_what_sends_them_are_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the package that is missing and the command that installs it."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    monkeypatch.delitem(sys.modules, "serve_app.spans")
    settings = Settings(observability=ObservabilitySettings(otlp_endpoint="http://127.0.0.1:4318"))
    with pytest.raises(SetupError, match=r"needs opentelemetry\..* pip install"):
        ensure_tracing(settings)


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("http://collector:4318/", "http://collector:4318/v1/traces"),
        ("https://collector/otlp/v1/traces", "https://collector/otlp/v1/traces"),
    ],
)
def test_an_endpoint_is_a_collector_s_address_or_its_whole_path(endpoint: str, address: str) -> None:
    """Collectors are named by host and port, and listen where OpenTelemetry says."""
    exporter = make_exporter(endpoint)
    assert exporter._endpoint == address
    exporter.shutdown()


def test_the_end_does_not_wait_for_a_collector_that_does_not_answer(tmp_path: Path) -> None:
    """Its exporter is told to stop while it still tries."""

    class Stubborn(KeptSpans):
        def __init__(self) -> None:
            super().__init__()
            self.stopped = threading.Event()
            self.events: list[str] = []

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            assert self.stopped.wait(60)
            self.events.append("export given up")
            return SpanExportResult.FAILURE

        def shutdown(self) -> None:
            self.events.append("stop")
            self.stopped.set()

    stubborn = Stubborn()
    writer = SpanWriter(stubborn, ORIGIN, sample_ratio=1.0)
    writer.record(finish(), clock_offset=0.0)
    writer.close()
    # The second stop is OpenTelemetry's own, which comes when the export has ended or half a minute has passed.
    assert stubborn.events == ["stop", "export given up", "stop"]
