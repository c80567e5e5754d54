"""Errors as RFC 9457 problem details: one shape for everything that can go wrong, framework errors included."""

import http
import math
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from serve_app.errors import (
    HttpError,
    Internal,
    InvalidParameter,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
)
from serve_app.log_lines import describe_error

MEDIA_TYPE = "application/problem+json"


def describe_problem(error: HttpError, request_id: str) -> dict[str, Any]:
    """The problem object of an error: `type, title, status, detail` of RFC 9457 and our `code, request_id`."""
    return {
        "type": f"urn:argus:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
    }


class ProblemResponse(Response):
    """An answer that leaves its problem's `code` in `scope["state"]["problem"]`, for whoever counts problems."""

    media_type = MEDIA_TYPE

    def __init__(self, code: str, body: bytes, status: int, headers: dict[str, str]) -> None:
        super().__init__(body, status, headers)
        self._code = code

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        scope.setdefault("state", {})["problem"] = self._code
        await super().__call__(scope, receive, send)


def render_problem(error: HttpError, request_id: str) -> Response:
    """The whole HTTP answer to an error, headers included."""
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    if error.status == http.HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="argus"'
    body = orjson.dumps(describe_problem(error, request_id))
    return ProblemResponse(error.code, body, error.status, headers)


def refuse_parameter(name: str, message: str) -> InvalidParameter:
    """The error of a parameter that is not as documented; message: what is wrong with it, without a full stop."""
    return InvalidParameter(f"{name}: {message}. GET /openapi.json describes every parameter.")


def answer_unforeseen(error: Exception, request: Request) -> Response:
    """Leave an error that nobody foresaw in the request's state, for the log, and answer nothing of it."""
    request.state.unforeseen = describe_error(error)
    return render_problem(
        Internal("The service made a mistake. Its log has the cause under this request id."), request.state.request_id
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Make `app` answer every error, its framework's own included, as a problem."""

    @app.exception_handler(HttpError)
    async def answer_our_error(request: Request, error: HttpError) -> Response:
        return render_problem(error, request.state.request_id)

    @app.exception_handler(RequestValidationError)
    async def answer_validation_error(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return render_problem(refuse_parameter(name, first["msg"]), request.state.request_id)

    @app.exception_handler(HTTPException)
    async def answer_framework_error(request: Request, error: HTTPException) -> Response:
        response = render_problem(_translate(request, error), request.state.request_id)
        response.headers.update({k: v for k, v in (error.headers or {}).items() if k.lower() == "allow"})
        return response

    @app.exception_handler(Exception)
    async def answer_unforeseen_error(request: Request, error: Exception) -> Response:
        return answer_unforeseen(error, request)


def _translate(request: Request, error: HTTPException) -> HttpError:
    if error.status_code == http.HTTPStatus.NOT_FOUND:
        return NotFound(f"There is nothing at {request.url.path}. GET /docs shows every address.")
    if error.status_code == http.HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodNotAllowed(
            f"{request.url.path} does not answer {request.method}. GET /docs shows what it answers."
        )
    if error.status_code < http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return MalformedRequest("The request could not be read. Check its headers and body.")
    return Internal("The service made a mistake. Its log has the cause under this request id.")
