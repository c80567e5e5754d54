"""How an error looks in JSON under the paths of each other protocol, whose clients read a form of their own.

Elsewhere an error is a problem (`problems`). Status and headers are the same everywhere. What fails is not always a
route of that protocol, so the path decides, and Ray's own errors and those of the framework have the form too.
"""

import re
from collections.abc import Callable
from typing import Any

from serve_app import errors

Shape = Callable[[errors.HttpError], dict[str, Any]]

# What TorchServe's own exceptions are called; whatever is not here is the request's fault.
_TORCHSERVE_TYPES: dict[str, str] = {
    errors.Unauthenticated.code: "InvalidKeyException",
    errors.Forbidden.code: "InvalidKeyException",
    errors.NotFound.code: "ResourceNotFoundException",
    errors.ModelNotFound.code: "ModelNotFoundException",
    errors.MethodNotAllowed.code: "MethodNotAllowedException",
    errors.Overloaded.code: "ServiceUnavailableException",
    errors.RateLimited.code: "ServiceUnavailableException",
    errors.NotReady.code: "ServiceUnavailableException",
    errors.DeadlineExceeded.code: "RequestTimeoutException",
    errors.Internal.code: "InternalServerException",
}


def describe_as_error(error: errors.HttpError) -> dict[str, Any]:
    """As the Open Inference Protocol and Hugging Face's clients have it."""
    return {"error": error.detail}


def describe_for_torchserve(error: errors.HttpError) -> dict[str, Any]:
    """As TorchServe has it."""
    return {
        "code": error.status,
        "type": _TORCHSERVE_TYPES.get(error.code, "BadRequestException"),
        "message": error.detail,
    }


def describe_ping(error: errors.HttpError) -> dict[str, Any]:
    """The same, for who reads no more than the status of a ping."""
    return {"status": "Unhealthy", **describe_for_torchserve(error)}


def describe_for_fastapi(error: errors.HttpError) -> dict[str, Any]:
    """As an application of FastAPI has it: the course's backend is one."""
    return {"detail": error.detail}


# Paths behind an application's route prefix, or without one; `/v1/classify` is no other protocol's.
_SHAPES: tuple[tuple[re.Pattern[str], Shape], ...] = (
    (re.compile(r"(/[^/]+)?/huggingface(/|$)"), describe_as_error),
    (re.compile(r"(/[^/]+)?/predictions(/|$)"), describe_for_torchserve),
    (re.compile(r"(/[^/]+)?/v2(/|$)"), describe_as_error),
    (re.compile(r"(/[^/]+)?/ping$"), describe_ping),
    (re.compile(r"(?!/v1/)(/[^/]+)?/(classify|predict)/?$"), describe_for_fastapi),
)


def find_shape(path: str) -> Shape | None:
    """The form of an error at this path; None where it is a problem."""
    return next((shape for paths, shape in _SHAPES if paths.match(path)), None)
