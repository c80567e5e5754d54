"""What /docs and /openapi.json say of errors: every one that a route can answer, with an example of each."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from serve_app import errors
from serve_app.http.error_shapes import Shape

# One of the things that each error says.
_DETAILS: dict[type[errors.HttpError], str] = {
    errors.MalformedRequest: "The request has no body. Send the image's bytes.",
    errors.Unauthenticated: "Send an API key: Authorization: Bearer <key>.",
    errors.Forbidden: "This API key may not use the model 'resnet50'. Ask the operator for one that may.",
    errors.NotFound: "There is nothing at /v1/clasify. GET /docs shows every address.",
    errors.ModelNotFound: "There is no model 'resnet50' here. GET /v1/models lists those that are.",
    errors.MethodNotAllowed: "/v1/classify does not answer GET. GET /docs shows what it answers.",
    errors.PayloadTooLarge: "The image is larger than 10 MiB. Send a smaller version of it.",
    errors.UnsupportedMediaType: "The bytes are not an image that is accepted. Send JPEG, PNG, WebP, ...",
    errors.UndecodableImage: "The JPEG image is damaged or cut short. Check that the whole file was sent.",
    errors.ImageTooLarge: "The image has 20000 x 20000 pixels. Send a smaller version of it.",
    errors.UrlNotFetched: "The address answered 404. Check it, or send the image itself.",
    errors.InvalidParameter: "top_k: Input should be greater than or equal to 1.",
    errors.Overloaded: "The service is full. Try again in 1 s.",
    errors.RateLimited: "This client may send 10 requests a second. Slow down.",
    errors.NotReady: "The model is not loaded yet, or the service is stopping. Try again.",
    errors.DeadlineExceeded: "The answer took too long. Try again later.",
    errors.Internal: "The service made a mistake. Its log has the cause under this request id.",
}


def document_errors(
    kinds: Iterable[type[errors.HttpError]], model: type[BaseModel], shape: Shape
) -> dict[int | str, dict[str, Any]]:
    """Response documentation of these errors and of what nobody foresaw, in the form in which FastAPI takes it.

    model: describes the body; shape: makes one.
    """
    by_status: dict[int | str, dict[str, Any]] = {}
    every: tuple[type[errors.HttpError], ...] = (*kinds, errors.Internal)
    for kind in every:
        entry = by_status.setdefault(kind.status, {"model": model, "description": ""})
        entry["description"] = " or ".join(filter(None, (entry["description"], f"`{kind.code}`")))
        content = entry.setdefault("content", {"application/json": {"examples": {}}})
        body = shape(kind(_DETAILS[kind]))
        content["application/json"]["examples"][kind.code] = {"summary": kind.title, "value": body}
        if kind.status in (errors.Overloaded.status, errors.NotReady.status):
            entry["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return by_status
