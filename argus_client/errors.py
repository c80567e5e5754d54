"""Every error the client raises, as one tree.

Where each belongs on a call's way:

    caller --> connection --> gateway --> Argus
                   |             |          |
                   |             |          +-- ProblemError: Argus itself said no, and why
                   +-------------+-- ServiceUnreachable: nobody, or not Argus, answered

    ArgusClientError
    ├── ServiceUnreachable           no connection, no answer in time, or an answer that is not from Argus
    └── ProblemError                 the service's problem document; also the base of a code not known here
        ├── MalformedRequest         400 malformed_request
        ├── Unauthenticated          401 unauthenticated
        ├── Forbidden                403 forbidden
        ├── NotFound                 404 not_found
        │   └── ModelNotFound        404 model_not_found
        ├── MethodNotAllowed         405 method_not_allowed
        ├── PayloadTooLarge          413 payload_too_large
        ├── UnsupportedMediaType     415 unsupported_media_type
        ├── UndecodableImage         422 undecodable_image
        ├── ImageTooLarge            422 image_too_large
        ├── UrlNotFetched            422 url_not_fetched
        ├── InvalidParameter         422 invalid_parameter
        ├── Overloaded               429 overloaded      (retry_after_s says when to come back)
        ├── RateLimited              429 rate_limited    (retry_after_s says when to come back)
        ├── NotReady                 503 not_ready       (retry_after_s says when to come back)
        ├── DeadlineExceeded         504 deadline_exceeded
        └── Internal                 500 internal

A ProblemError is raised by a call, or stands in the list of a batch at the place of the image that failed.
"""

from collections.abc import Iterator
from typing import ClassVar


class ArgusClientError(Exception):
    """The root; catch it to catch everything that this package raises on purpose."""


class ServiceUnreachable(ArgusClientError):
    """No connection, no answer in time, or an answer that does not come from Argus (a gateway's own page)."""


class ProblemError(ArgusClientError):
    """The service's problem document (RFC 9457).

    status: HTTP status; code: stable, for programs; title and detail: for people; request_id: names the request in
    the service's log; retry_after_s: seconds after which a new attempt makes sense, where the service said so.
    """

    # The code of a subclass, by which an answer finds its class; the base has none.
    CODE: ClassVar[str | None] = None

    def __init__(
        self,
        *,
        status: int,
        code: str,
        title: str,
        detail: str,
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(detail or title)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.request_id = request_id
        self.retry_after_s = retry_after_s

    def __repr__(self) -> str:
        return f"{type(self).__name__}(status={self.status}, code={self.code!r}, detail={self.detail!r})"


class MalformedRequest(ProblemError):
    """The body is not what its content type says, or holds no image."""

    CODE = "malformed_request"


class Unauthenticated(ProblemError):
    """No API key was sent, or one that the service does not know."""

    CODE = "unauthenticated"


class Forbidden(ProblemError):
    """The API key may not use what was asked for."""

    CODE = "forbidden"


class NotFound(ProblemError):
    """The service has nothing at this path."""

    CODE = "not_found"


class ModelNotFound(NotFound):
    """The service does not serve a model of that name; `models()` lists those it does."""

    CODE = "model_not_found"


class MethodNotAllowed(ProblemError):
    """The path exists, the method does not."""

    CODE = "method_not_allowed"


class PayloadTooLarge(ProblemError):
    """More bytes than the service takes."""

    CODE = "payload_too_large"


class UnsupportedMediaType(ProblemError):
    """The bytes are not one of the image formats that the service accepts."""

    CODE = "unsupported_media_type"


class UndecodableImage(ProblemError):
    """The image is damaged or cut short."""

    CODE = "undecodable_image"


class ImageTooLarge(ProblemError):
    """More pixels than the service decodes."""

    CODE = "image_too_large"


class UrlNotFetched(ProblemError):
    """The service may not, or could not, fetch the image from the address that was given."""

    CODE = "url_not_fetched"


class InvalidParameter(ProblemError):
    """A parameter is outside its range."""

    CODE = "invalid_parameter"


class Overloaded(ProblemError):
    """The service is full."""

    CODE = "overloaded"


class RateLimited(ProblemError):
    """This client has used up its share for the moment."""

    CODE = "rate_limited"


class NotReady(ProblemError):
    """The service is starting or stopping."""

    CODE = "not_ready"


class DeadlineExceeded(ProblemError):
    """The answer would have come later than the service's deadline."""

    CODE = "deadline_exceeded"


class Internal(ProblemError):
    """Something unforeseen; the service's log has the cause under the request_id."""

    CODE = "internal"


def _descendants(cls: type[ProblemError]) -> Iterator[type[ProblemError]]:
    for child in cls.__subclasses__():
        yield child
        yield from _descendants(child)


PROBLEMS: dict[str, type[ProblemError]] = {cls.CODE: cls for cls in _descendants(ProblemError) if cls.CODE is not None}
"""The class of every code this client knows; another code becomes a plain ProblemError."""
