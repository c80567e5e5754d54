"""`POST /photos`: a photo from the page's script in, its answer out. `GET /photos/ready`: waits for the service.

    script --> this --> argus_client --> service

The browser keeps its photos and sends each as often as needed, so nothing is kept here: any worker can answer, and a
restart loses no photo. Knows ASGI and the client; knows no Reflex.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import asdict
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote

from argus_client import ArgusClientError, Classification
from reflex_frontend import failures, texts
from reflex_frontend.failures import Verdict, Wait
from reflex_frontend.photos import Trouble, read_answer
from reflex_frontend.previews import make_preview
from reflex_frontend.reports import MOST_LABELS

PATH = "/photos"
READY_PATH = "/photos/ready"
READY_WAIT_S = 20.0

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class Classifier(Protocol):
    """The part of `AsyncArgusClient` that is needed here."""

    async def classify(
        self, image: bytes, *, filename: str | None, model: str | None, top_k: int, min_score: float
    ) -> Classification:
        """Classify one encoded image; raises an ArgusClientError."""


# Waits until the service is ready, at most so many seconds; says whether it is.
Readiness = Callable[[float], Awaitable[bool]]


class PhotoAnswers:
    """Answers the two addresses above and leaves everything else to the application that it wraps.

    classifier, readiness: called for the first time within a request, when the worker's event loop runs.
    max_bytes: of one photo; max_pending_bytes: of all that are held at this moment, one more is told to wait.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        classifier: Callable[[], Classifier],
        readiness: Readiness,
        max_bytes: int,
        max_pending_bytes: int,
    ) -> None:
        self._app = app
        self._classifier = classifier
        self._readiness = readiness
        self._max_bytes = max_bytes
        self._max_pending_bytes = max_pending_bytes
        self._pending_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or connection."""
        address = (scope.get("method"), scope.get("path")) if scope["type"] == "http" else None
        if address == ("POST", PATH):
            await self._answer_photo(scope, receive, send)
        elif address == ("GET", READY_PATH):
            ready = await self._readiness(READY_WAIT_S)
            await _send_json(send, 200, {"ready": ready})
        else:
            await self._app(scope, receive, send)

    async def _answer_photo(self, scope: Scope, receive: Receive, send: Send) -> None:
        before = self._pending_bytes
        image = bytearray()
        try:
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                part = message.get("body", b"")
                image += part
                self._pending_bytes += len(part)
                more = message.get("more_body", False)
                if len(image) > self._max_bytes:
                    await _send_json(send, 413, _describe_failure(_TOO_LARGE))
                    return
                if self._pending_bytes > self._max_pending_bytes and before:
                    await _send_json(send, 200, _describe_wait(_FULL))
                    return
            outcome = await _unless_gone(self._classify(scope, bytes(image)), receive)
            if outcome is not None:
                await _send_json(send, 200, outcome)
        finally:
            self._pending_bytes -= len(image)

    async def _classify(self, scope: Scope, image: bytes) -> dict[str, Any]:
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        name = dict(scope["headers"]).get(b"x-photo-name", b"").decode("latin-1")
        try:
            found = await self._classifier().classify(
                image,
                filename=unquote(name)[:200] or texts.PHOTO,
                model=query.get("model", [""])[0] or None,
                top_k=MOST_LABELS,
                min_score=0.0,
            )
        except ArgusClientError as error:
            verdict = failures.explain(error)
            if verdict.wait is Wait.NOTHING:
                return _describe_failure(verdict.final)
            return _describe_wait(verdict)
        preview = await asyncio.to_thread(make_preview, image) if "preview" in query else ""
        return {"outcome": "done", "answer": asdict(read_answer(found)), "preview": preview}


_TOO_LARGE = Trouble(texts.FAIL_TOO_LARGE, texts.FAIL_TOO_LARGE_SERVICE_DETAIL, "payload_too_large")
_FULL = Verdict(
    Trouble(texts.WAIT_BUSY, texts.WAIT_BUSY_DETAIL, can_retry=True),
    Trouble(texts.WAIT_BUSY, texts.FAIL_BUSY_DETAIL, can_retry=True),
    Wait.TIME,
    failures.DEFAULT_PAUSE_S,
)


def _describe_failure(trouble: Trouble) -> dict[str, Any]:
    return {"outcome": "failed", "trouble": asdict(trouble)}


def _describe_wait(verdict: Verdict) -> dict[str, Any]:
    return {
        "outcome": "wait",
        "until": verdict.wait.value,
        "pause_ms": round(verdict.pause_s * 1000),
        "trouble": asdict(verdict.trouble),
        "final": asdict(verdict.final),
    }


async def _unless_gone(work: Any, receive: Receive) -> dict[str, Any] | None:
    """The work's result; None, with the work cancelled, when the browser leaves first (Cancel, or a closed page)."""
    task = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(receive())
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else None
    finally:
        task.cancel()
        leaving.cancel()


async def _send_json(send: Send, status: int, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
