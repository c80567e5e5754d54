"""Errors as RFC 9457 problem details: one shape for everything that can go wrong, framework errors included.

Under the paths of another protocol the shape is that protocol's (`render_error`); status and headers stay the same.
"""

import http
import math
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from serve_app.errors import (
    HttpError,
    Internal,
    InvalidParameter,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
)
from serve_app.http.connection import NoAnswer
from serve_app.http.error_shapes import find_shape
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

    def __init__(
        self, code: str, body: bytes, status: int, headers: dict[str, str], media_type: str = MEDIA_TYPE
    ) -> None:
        super().__init__(body, status, headers, media_type)
        self._code = code

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        scope.setdefault("state", {})["problem"] = self._code
        await super().__call__(scope, receive, send)


def render_problem(error: HttpError, request_id: str) -> Response:
    """The whole HTTP answer to an error as a problem, headers included."""
    body = orjson.dumps(describe_problem(error, request_id))
    return ProblemResponse(error.code, body, error.status, _make_headers(error))


def render_error(error: HttpError, scope: Scope, request_id: str) -> Response:
    """The whole HTTP answer to an error in the shape of the protocol that the request's path belongs to."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    describe = find_shape(path)
    if describe is None:
        return render_problem(error, request_id)
    return ProblemResponse(
        error.code, orjson.dumps(describe(error)), error.status, _make_headers(error), "application/json"
    )


def _make_headers(error: HttpError) -> dict[str, str]:
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    if error.status == http.HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="argus"'
    return headers


def refuse_parameter(name: str, message: str) -> InvalidParameter:
    """The error of a parameter that is not as documented; message: what is wrong with it, without a full stop."""
    return InvalidParameter(f"{name}: {message}. GET /openapi.json describes every parameter.")


def answer_unforeseen(error: Exception, request: Request) -> Response:
    """Leave an error that nobody foresaw in the request's state, for the log, and answer nothing of it."""
    request.state.unforeseen = describe_error(error)
    internal = Internal("The service made a mistake. Its log has the cause under this request id.")
    return render_error(internal, request.scope, request.state.request_id)


def install_problem_handlers(app: FastAPI) -> None:
    """Make `app` answer every error, its framework's own included, and send nothing to a client that has left."""
    app.add_exception_handler(ClientDisconnect, _answer_nobody)

    @app.exception_handler(HttpError)
    async def answer_our_error(request: Request, error: HttpError) -> Response:
        return render_error(error, request.scope, request.state.request_id)

    @app.exception_handler(RequestValidationError)
    async def answer_validation_error(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return render_error(refuse_parameter(name, first["msg"]), request.scope, request.state.request_id)

    @app.exception_handler(HTTPException)
    async def answer_framework_error(request: Request, error: HTTPException) -> Response:
        response = render_error(_translate(request, error), request.scope, request.state.request_id)
        if error.status_code == http.HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["Allow"] = ", ".join(sorted(_list_methods(app, request.scope)))
        return response

    @app.exception_handler(Exception)
    async def answer_unforeseen_error(request: Request, error: Exception) -> Response:
        return answer_unforeseen(error, request)


async def _answer_nobody(*_: object) -> Response:
    return NoAnswer()


def _list_methods(app: FastAPI, scope: Scope) -> set[str]:
    """What an address answers. The framework names the methods of one route alone, and an address may have several."""
    # FastAPI keeps the routes of a router that was included inside the router.
    routers = [getattr(route, "original_router", None) or [route] for route in app.routes]
    routes = [route for router in routers for route in getattr(router, "routes", router)]
    matching = (route for route in routes if route.matches(scope)[0] is not Match.NONE)
    return {method for route in matching for method in getattr(route, "methods", None) or ()}


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
