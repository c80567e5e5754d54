"""HTTP answers of errors -> gRPC statuses, and after how long a caller may try again."""

from collections.abc import Mapping

import grpc
import orjson

_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    405: grpc.StatusCode.UNIMPLEMENTED,
    408: grpc.StatusCode.DEADLINE_EXCEEDED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    501: grpc.StatusCode.UNIMPLEMENTED,
    502: grpc.StatusCode.UNAVAILABLE,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}
_UNREACHABLE = "The service behind this address does not answer. It is starting, stopping or not there. Try again."
_RETRY_AFTER_S = 1.0
# Details travel in a header, for which gRPC's clients have 8 KiB.
_MOST_DETAILS = 2048


class CallError(Exception):
    """A call that ends with this status. retry_after_s: when it is worth trying again, where that is known."""

    def __init__(self, code: grpc.StatusCode, details: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(details)
        self.code = code
        self.details = details
        self.retry_after_s = retry_after_s

    @property
    def trailing_metadata(self) -> list[tuple[str, str]]:
        """What gRPC's own retries heed, in milliseconds, and what people know from HTTP, in seconds."""
        if self.retry_after_s is None:
            return []
        milliseconds = round(self.retry_after_s * 1e3)
        return [("grpc-retry-pushback-ms", str(milliseconds)), ("retry-after", f"{self.retry_after_s:g}")]


def refuse_argument(details: str) -> CallError:
    """The error of a request that is at fault."""
    return CallError(grpc.StatusCode.INVALID_ARGUMENT, details)


def answer_unreachable() -> CallError:
    """The error of a service that cannot be reached."""
    return CallError(grpc.StatusCode.UNAVAILABLE, _UNREACHABLE, retry_after_s=_RETRY_AFTER_S)


def translate_error(status: int, headers: Mapping[str, str], body: bytes) -> CallError:
    """The status of an HTTP answer that is an error."""
    details = _read_details(body)
    if details is None and status >= 500:
        # Not the service's own words: what stands in front of it has no replica to give the request to.
        return answer_unreachable()
    code = _CODES.get(status, grpc.StatusCode.INVALID_ARGUMENT if status < 500 else grpc.StatusCode.INTERNAL)
    sent = headers.get("Retry-After", "")
    return CallError(
        code,
        (details or f"The service answered {status}.")[:_MOST_DETAILS],
        retry_after_s=float(sent) if sent.isdecimal() else None,
    )


def _read_details(body: bytes) -> str | None:
    """What an error of the protocol, or a problem of the service's own API, says."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict):
        return None
    said = document.get("error") or document.get("detail")
    return str(said) if said else None
