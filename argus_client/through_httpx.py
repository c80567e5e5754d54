"""What either client gives to httpx and takes from it; imported where it is used alone, because httpx loads slowly."""

from collections.abc import Callable
from typing import Any

import httpx

from argus_client.answers import Answer
from argus_client.bodies import FileBody
from argus_client.calls import Calls
from argus_client.exchange import Failure
from argus_client.requests import Request

# Connections are kept for as many requests as a run may have under way.
_LIMITS = httpx.Limits(max_connections=256, max_keepalive_connections=256)
# Failures that can only come before the first byte of the request has left.
_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def options(calls: Calls) -> dict[str, Any]:
    """Arguments of either httpx client."""
    return {
        "base_url": calls.base_url,
        "headers": calls.headers,
        "limits": _LIMITS,
        "trust_env": calls.trusts_environment,
    }


def arguments(request: Request, timeout_s: float, read: Callable[[FileBody], Any]) -> dict[str, Any]:
    """Arguments of `request` and `stream` of either httpx client; read: how it reads a file that it sends."""
    result: dict[str, Any] = {
        "method": request.method,
        "url": request.path,
        "params": request.params,
        "headers": request.headers,
        "timeout": timeout_s,
    }
    if request.content is not None:
        result["content"] = read(request.content) if isinstance(request.content, FileBody) else request.content
    if request.parts:
        # A part without a filename would be read as a form field, so every part gets one.
        result["files"] = [
            ("file", (part.filename or f"image-{number}", part.content, "application/octet-stream"))
            for number, part in enumerate(request.parts, start=1)
        ]
    return result


def answer(response: httpx.Response, body: bytes, total_ms: float) -> Answer:
    """The parts of an answer that a reader needs; total_ms: the round trip."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, body, total_ms)


def failure(error: httpx.TransportError, base_url: str) -> Failure:
    """What a failure to get an answer means, in words for a person."""
    sent = not isinstance(error, _BEFORE_SENDING)
    if isinstance(error, httpx.TimeoutException):
        return timed_out(base_url, sent=sent)
    if not sent:
        return Failure(f"Nothing answers at {base_url} ({error}). Is the service running?", sent)
    return Failure(f"The connection to {base_url} broke before the answer was complete ({error}).", sent)


def timed_out(base_url: str, *, sent: bool) -> Failure:
    """No complete answer within the time that the call had left."""
    return Failure(f"{base_url} did not answer in time.", sent, late=True)
