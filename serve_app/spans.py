"""The traces of requests: OpenTelemetry spans made afterwards, from what was measured. Imported where traces are on.

    <the client's span>            from `traceparent`, if it sent one
    └── POST /v1/classify          until the answer begins
        ├── decode                 of the slowest image, as are the others
        ├── queue                  the longer of its waits
        └── inference              the batch that it was in

`journal` calls it from its thread. OpenTelemetry's own context plays no part: nothing is traced while it happens, so a
request pays for its trace only with the headers that are kept of it.
"""

import importlib.metadata
import threading
from typing import Any
from urllib.parse import urlsplit

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, StatusCode, format_trace_id, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from serve_app.classifier import Timing
from serve_app.journal import Finished, Origin

_SIGNAL_PATH = "/v1/traces"
_EXPORT_INTERVAL_MS = 1000
_LAST_EXPORT_S = 2.0
_CLIENT_LEFT = 499
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
# Our names for what OpenTelemetry has none for, and where each is found in a request's state.
_OWN_ATTRIBUTES = {
    "argus.request_id": "request_id",
    "argus.model": "model",
    "argus.images": "images",
    "argus.client": "client",
    "http.request.body.size": "bytes",
}


class SpanWriter:
    """Makes spans and sends them. See `journal.Spans`.

    sample_ratio: share of traces, 0 to 1, where the client has not decided. exporter: sends the spans.
    """

    def __init__(self, exporter: SpanExporter, origin: Origin, *, sample_ratio: float) -> None:
        resource = Resource.create(
            {
                "service.name": "argus",
                "service.version": importlib.metadata.version("argus-classifier"),
                "service.instance.id": origin.replica,
                "argus.application": origin.application,
                "argus.deployment": origin.deployment,
            }
        )
        self._exporter = exporter
        # Not the process's own provider: that may be Ray's.
        self._provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(sample_ratio)), resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_EXPORT_INTERVAL_MS))
        self._tracer = self._provider.get_tracer("serve_app")
        self._propagator = TraceContextTextMapPropagator()

    def record(self, finished: Finished, clock_offset: float) -> str | None:
        """See `journal.Spans`."""
        state = finished.state
        ended = finished.at + clock_offset
        # The empty context, so that no span that happens to be current here becomes the parent.
        parent = self._propagator.extract(state.get("trace_headers", {}), context=Context())
        span = self._tracer.start_span(
            f"{finished.method} {finished.route}",
            context=parent,
            kind=SpanKind.SERVER,
            attributes=_describe(finished),
            start_time=_nanoseconds(ended - finished.seconds),
        )
        if not span.is_recording():
            return None
        if finished.status >= 500:
            span.set_status(StatusCode.ERROR)
        if state.get("slowest") is not None:
            self._record_stages(span, state["slowest"], clock_offset)
        span.end(_nanoseconds(ended))
        return format_trace_id(span.get_span_context().trace_id)

    def close(self) -> None:
        """See `journal.Spans`. Gives up soon where nobody takes them; OpenTelemetry would try for half a minute."""
        giving_up = threading.Timer(_LAST_EXPORT_S, self._exporter.shutdown)
        giving_up.start()
        self._provider.shutdown()
        giving_up.cancel()
        giving_up.join()

    def _record_stages(self, parent: Span, timing: Timing, clock_offset: float) -> None:
        decoded_at = timing.decoding_at + timing.decode_ms / 1e3
        waits = ((timing.arrived_at, timing.decoding_at), (decoded_at, timing.inferring_at))
        inferred_at = timing.inferring_at + timing.inference_ms / 1e3
        batch = {"argus.batch_size": timing.batch_size}
        context = set_span_in_context(parent, Context())
        for name, (began, ended), attributes in (
            ("decode", (timing.decoding_at, decoded_at), None),
            ("queue", max(waits, key=lambda wait: wait[1] - wait[0]), None),
            ("inference", (timing.inferring_at, inferred_at), batch),
        ):
            at = _nanoseconds(began + clock_offset)
            span = self._tracer.start_span(name, context=context, attributes=attributes, start_time=at)
            span.end(_nanoseconds(ended + clock_offset))


def make_exporter(endpoint: str) -> SpanExporter:
    """Sends spans by OTLP over HTTP. Headers, certificates: OpenTelemetry's own environment variables."""
    url = endpoint if urlsplit(endpoint).path.strip("/") else endpoint.rstrip("/") + _SIGNAL_PATH
    session = requests.Session()
    if urlsplit(url).hostname in _LOOPBACK:
        session.trust_env = False  # a proxy named in the environment cannot reach this very machine
    return OTLPSpanExporter(url, session=session)


def _describe(finished: Finished) -> dict[str, Any]:
    state = finished.state
    attributes: dict[str, Any] = {
        "http.request.method": finished.method,
        "http.route": finished.route,
        "url.path": finished.path,
        "url.scheme": "http",
    }
    if finished.status == _CLIENT_LEFT:
        attributes["error.type"] = "client_left"  # nobody was sent a status
    else:
        attributes["http.response.status_code"] = finished.status
    if finished.status >= 500 and "problem" in state:
        attributes["error.type"] = state["problem"]
    for name, key in _OWN_ATTRIBUTES.items():
        if state.get(key) is not None:
            attributes[name] = state[key]
    return attributes


def _nanoseconds(moment: float) -> int:
    return int(moment * 1e9)
