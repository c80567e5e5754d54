"""Every error Argus raises on purpose, as one tree.

Where each belongs on a request's way through the service:

    bytes --> decoded image --> pixels --> batch --> logits --> predictions --> JSON
      |           |                          |          |
      |           |                          |          +-- DeadlineExceeded, Internal
      |           |                          +-- Overloaded, NotReady, DeadlineExceeded
      |           +-- UndecodableImage, ImageTooLarge, UnsupportedMediaType
      +-- MalformedRequest, PayloadTooLarge, UrlNotFetched, InvalidParameter, NotFound, ...

    ArgusError
    ├── RequestError                 the request is at fault; sending it again unchanged fails again
    │   ├── MalformedRequest         400 malformed_request
    │   ├── Unauthenticated          401 unauthenticated
    │   ├── Forbidden                403 forbidden
    │   ├── NotFound                 404 not_found
    │   │   └── ModelNotFound        404 model_not_found
    │   ├── MethodNotAllowed         405 method_not_allowed
    │   ├── PayloadTooLarge          413 payload_too_large
    │   ├── UnsupportedMediaType     415 unsupported_media_type
    │   ├── UndecodableImage         422 undecodable_image
    │   ├── ImageTooLarge            422 image_too_large
    │   ├── UrlNotFetched            422 url_not_fetched
    │   └── InvalidParameter         422 invalid_parameter
    ├── ServiceError                 the service cannot answer now
    │   ├── Overloaded               429 overloaded      (with Retry-After)
    │   ├── RateLimited              429 rate_limited    (with Retry-After)
    │   ├── NotReady                 503 not_ready       (with Retry-After)
    │   ├── DeadlineExceeded         504 deadline_exceeded
    │   └── Internal                 500 internal        (nothing internal in the text)
    └── SetupError                   the operator has something to do; never an HTTP answer
        ├── UnknownModel             no such name in the catalog
        ├── WeightsUnavailable       weights are not on disk and cannot be fetched
        ├── WeightsInvalid           a weights file that does not fit its architecture
        └── ArtifactInvalid          an artifact folder that is incomplete or of another version

The message of a RequestError or a ServiceError is shown to the client as the problem's `detail`: it says what to do and
holds nothing internal.
"""

from typing import ClassVar


class ArgusError(Exception):
    """The root; catch it to catch everything that Argus raises on purpose."""


class HttpError(ArgusError):
    """An error that has an HTTP answer: the base of RequestError and ServiceError."""

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = retry_after_s


class RequestError(HttpError):
    """The request is at fault; sending it again unchanged fails again."""


class MalformedRequest(RequestError):
    """The body is not what its content type says, or holds no image."""

    status, code, title = 400, "malformed_request", "The request could not be read"


class Unauthenticated(RequestError):
    """No API key, or one that is not known."""

    status, code, title = 401, "unauthenticated", "An API key is needed"


class Forbidden(RequestError):
    """A known API key that may not use what it asked for."""

    status, code, title = 403, "forbidden", "This API key may not do that"


class NotFound(RequestError):
    """No such path."""

    status, code, title = 404, "not_found", "There is nothing at this address"


class ModelNotFound(NotFound):
    """The service does not serve a model of that name."""

    status, code, title = 404, "model_not_found", "There is no model of that name"


class MethodNotAllowed(RequestError):
    """The path exists, the method does not."""

    status, code, title = 405, "method_not_allowed", "This address does not answer that method"


class PayloadTooLarge(RequestError):
    """More bytes than the service takes, counted as they arrive."""

    status, code, title = 413, "payload_too_large", "The upload is too large"


class UnsupportedMediaType(RequestError):
    """Bytes that are not one of the accepted image formats, whatever the header says."""

    status, code, title = 415, "unsupported_media_type", "This is not an image format that is accepted"


class UndecodableImage(RequestError):
    """The format is accepted, but the image is damaged or cut short."""

    status, code, title = 422, "undecodable_image", "The image could not be decoded"


class ImageTooLarge(RequestError):
    """More pixels than the service decodes."""

    status, code, title = 422, "image_too_large", "The image has too many pixels"


class UrlNotFetched(RequestError):
    """An image that was named by address: the address may not be fetched, or gave no image in time."""

    status, code, title = 422, "url_not_fetched", "The image could not be fetched from its address"


class InvalidParameter(RequestError):
    """A query parameter or field outside its range."""

    status, code, title = 422, "invalid_parameter", "A parameter is not valid"


class ServiceError(HttpError):
    """The service cannot answer now; the request itself may be fine."""


class Overloaded(ServiceError):
    """The queue holds all that can be served within the deadline."""

    status, code, title = 429, "overloaded", "The service is full"


class RateLimited(ServiceError):
    """This client has used up its share for the moment."""

    status, code, title = 429, "rate_limited", "Too many requests from this client"


class NotReady(ServiceError):
    """The model is not loaded and warmed up yet, or the replica is stopping."""

    status, code, title = 503, "not_ready", "The service is not ready"


class DeadlineExceeded(ServiceError):
    """The answer would have come later than the service's deadline."""

    status, code, title = 504, "deadline_exceeded", "The answer took too long"


class Internal(ServiceError):
    """Anything unforeseen; the log has the cause under the request's id."""

    status, code, title = 500, "internal", "Something went wrong in the service"


class SetupError(ArgusError):
    """The operator has something to do before the service can run."""


class UnknownModel(SetupError):
    """The catalog has no model, or no weights, of that name."""


class WeightsUnavailable(SetupError):
    """A weights file is not on disk and could not be fetched: says which, where from and where to put it."""


class WeightsInvalid(SetupError):
    """A weights file is damaged or does not fit its architecture."""


class ArtifactInvalid(SetupError):
    """An artifact folder is incomplete, damaged or of another version."""
