"""The ASGI layer around the Reflex application: who may come in, how much they may send, and the headers that go out.

    request --> origin --> size --> photos, or Reflex --> headers --> browser

Knows ASGI and the built page's files; knows nothing of states or pages.
"""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from reflex_frontend import service, settings
from reflex_frontend.answering import PhotoAnswers
from reflex_frontend.building import CLIENT

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

# Beyond the largest photo, so that whoever answers it can say in full why one is refused.
FORM_BYTES = 64 * 1024

_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
_FOREVER = b"public, max-age=31536000, immutable"
_CHECK_AGAIN = b"no-cache"


def guard(app: ASGIApp) -> ASGIApp:
    """Reflex's application with this layer around it; called once a worker."""
    limits = settings.read()
    answers = PhotoAnswers(
        app,
        classifier=service.client,
        readiness=lambda wait_s: service.watch().until_ready(wait_s),
        max_bytes=limits.max_upload_bytes,
        max_pending_bytes=limits.pending_bytes,
    )
    return Edge(
        answers,
        max_body_bytes=limits.max_upload_bytes + FORM_BYTES,
        allowed_origins=limits.allowed_origins,
        content_policy=content_policy(page.read_text("utf-8") for page in sorted(CLIENT.rglob("*.html"))),
    )


def content_policy(pages: Iterable[str]) -> str:
    """The Content-Security-Policy for these pages: own files only, and the inline scripts by their hashes."""
    hashes = {
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for page in pages
        for script in _INLINE_SCRIPT.findall(page)
    }
    scripts = " ".join(["'self'", *(f"'sha256-{value}'" for value in sorted(hashes))])
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",  # the bars' widths are style attributes
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class _TooLarge(Exception):
    """The body went past the limit while it was being read."""


class Edge:
    """Wraps an ASGI application; max_body_bytes: counted as received, whatever Content-Length says."""

    def __init__(
        self, app: ASGIApp, *, max_body_bytes: int, allowed_origins: tuple[str, ...] = (), content_policy: str = ""
    ) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._allowed_origins = allowed_origins
        self._headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"x-frame-options", b"DENY"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
        ]
        self._content_policy = content_policy.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif not self._may_come_in(scope):
            await _refuse(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    def _may_come_in(self, scope: Scope) -> bool:
        """Browsers name the page that asks; only the UI's own page may open a session or send a photo."""
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            return True
        headers: dict[bytes, bytes] = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1").rstrip("/")
        if not origin or origin in self._allowed_origins:
            return True
        host: str = headers.get(b"host", b"").decode("latin-1")
        return urlsplit(origin).netloc == host

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = 0
        started = too_large = False

        async def count() -> Message:
            nonlocal received, too_large
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self._max_body_bytes:
                    too_large = True
                    raise _TooLarge
            return message

        async def finish(message: Message) -> None:
            nonlocal started
            if too_large:
                return  # the application's own error page for the broken body
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": self._with_headers(scope["path"], message)}
            await send(message)

        declared = dict(scope["headers"]).get(b"content-length", b"")
        if declared.isdigit() and int(declared) > self._max_body_bytes:
            await _answer(send, 413, "The photo is too large.")
            return
        try:
            await self._app(scope, count, finish)
        except Exception:
            if not too_large:
                raise
        if too_large and not started:
            await _answer(send, 413, "The photo is too large.")

    def _with_headers(self, path: str, message: Message) -> list[tuple[bytes, bytes]]:
        # Reflex opens its endpoints to every origin; this page needs none of that.
        kept = [(k, v) for k, v in message.get("headers", []) if not k.lower().startswith(b"access-control-")]
        headers = [*kept, *self._headers]
        if self._content_policy:
            headers.append((b"content-security-policy", self._content_policy))
        if message["status"] in (200, 304) and not any(k.lower() == b"cache-control" for k, _ in kept):
            hashed = path.startswith("/assets/") and message["status"] == 200
            headers.append((b"cache-control", _FOREVER if hashed else _CHECK_AGAIN))
        return headers


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "another origin"})
    else:
        await _answer(send, 403, "This address takes requests from its own page only.")


async def _answer(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
