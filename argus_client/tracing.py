"""A client span around a call, and its `traceparent` in what is sent, where the caller's program is traced.

OpenTelemetry is optional and is never imported here first: whoever has a span to be the parent, or somewhere for spans
to go, has imported it already. Without it a call is what it is without this module.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from urllib.parse import urlsplit

from argus_client.answers import Answer
from argus_client.errors import ProblemError
from argus_client.exchange import Exchange, Outcome, Send
from argus_client.requests import Request

T = TypeVar("T")

_DEFAULT_PORTS = {"http": 80, "https": 443}


def trace_exchange(request: Request, begin: Callable[[Request], Exchange[T]], base_url: str) -> Exchange[T]:
    """The exchange that `begin` makes of the request, with a span around all its attempts where there is tracing."""
    if "opentelemetry.trace" not in sys.modules:
        return begin(request)
    return _trace(request, begin, base_url)


def _trace(request: Request, begin: Callable[[Request], Exchange[T]], base_url: str) -> Exchange[T]:
    from opentelemetry.trace import SpanKind, StatusCode, get_tracer, set_span_in_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    server = urlsplit(base_url)
    attributes: dict[str, str | int] = {
        "http.request.method": request.method,
        "url.full": base_url + request.path,
        "server.address": server.hostname or "",
        "server.port": server.port or _DEFAULT_PORTS.get(server.scheme, 0),
        "argus.request_id": request.request_id,
    }
    # Its parent is the caller's current span: this runs when the call does, in the caller's context.
    span = get_tracer("argus_client").start_span(
        f"{request.method} {request.path}", kind=SpanKind.CLIENT, attributes=attributes
    )
    headers: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(headers, set_span_in_context(span))
    steps = begin(replace(request, trace_headers=headers))
    outcome: Outcome = None
    attempts = 0
    try:
        while True:
            step = steps.send(outcome)
            if isinstance(step, Send):
                attempts += 1
            outcome = yield step
            if isinstance(outcome, Answer):
                span.set_attribute("http.response.status_code", outcome.status)
    except StopIteration as end:
        result: T = end.value
        return result
    except Exception as error:
        span.set_status(StatusCode.ERROR)
        span.set_attribute("error.type", error.code if isinstance(error, ProblemError) else type(error).__name__)
        raise
    finally:
        if attempts > 1:
            span.set_attribute("http.request.resend_count", attempts - 1)
        span.end()
