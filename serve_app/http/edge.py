"""What Ray Serve's own HTTP layer does, corrected: the outermost middleware of every proxy and replica.

Ray finds it by `RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH=serve_app.http.edge:build_middlewares`, which `make up` and
the container set. Without it the service works; only the three things below are then Ray's.

- Ray lets any client lengthen or switch off its timeout and its cancellation by request headers: they are removed.
- Ray answers some errors itself, as plain text: they become problems, like all others.
- Ray watches for clients that leave by copying every message of a request through a queue and two tasks. Where the
  application runs on the same event loop and watches for itself, Ray is told not to.
"""

import asyncio

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve_app.errors import DeadlineExceeded, HttpError, Internal, NotFound, NotReady, Overloaded
from serve_app.http.problems import render_error

_UNWATCHED = (b"x-request-disconnect-disabled", b"?1")
_STEERING_HEADERS = frozenset({b"x-request-timeout-seconds", _UNWATCHED[0]})
_DEFAULT_RETRY_AFTER_S = 1.0


_watching_loops: set[asyncio.AbstractEventLoop] = set()


def watch_clients_here() -> None:
    """Say that the application on the running event loop notices by itself when a client leaves."""
    _watching_loops.add(asyncio.get_running_loop())


def build_middlewares() -> list[Middleware]:
    """What Ray adds around its HTTP layer."""
    return [Middleware(ServeEdge)]


class ServeEdge:
    """See the module."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = [header for header in scope["headers"] if header[0] not in _STEERING_HEADERS]
        if asyncio.get_running_loop() in _watching_loops:
            headers.append(_UNWATCHED)
        scope = {**scope, "headers": headers}
        replaced = False

        async def send_corrected(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and _is_foreign_error(message):
                replaced = True
                headers = MutableHeaders(scope=message)
                request_id = headers.get("x-request-id") or Headers(scope=scope).get("x-request-id", "")
                error = _translate(message["status"], headers.get("retry-after"))
                problem = render_error(error, scope, request_id)
                if request_id:
                    problem.headers["X-Request-ID"] = request_id
                await problem(scope, receive, send)
            elif not replaced:
                await send(message)

        await self._app(scope, receive, send_corrected)


def _is_foreign_error(message: Message) -> bool:
    """An error that did not come from the application, whose every response has Server-Timing."""
    return message["status"] >= 400 and "server-timing" not in Headers(raw=list(message.get("headers", ())))


def _translate(status: int, retry_after: str | None) -> HttpError:
    retry_after_s = float(retry_after) if retry_after and retry_after.isdecimal() else _DEFAULT_RETRY_AFTER_S
    if status == 404:
        return NotFound("There is nothing at this address. GET /docs shows every address.")
    if status in (408, 504):
        return DeadlineExceeded("The answer took too long. Try again later.")
    if status == 429:
        return Overloaded("The service is full. Try again later.", retry_after_s=retry_after_s)
    if status in (502, 503):
        return NotReady("The service is starting, stopping or full. Try again.", retry_after_s=retry_after_s)
    return Internal("The service made a mistake. Its log has the cause under this request id.")
