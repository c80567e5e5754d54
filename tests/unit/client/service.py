"""A pretended service for the client's tests: answers from a list, and what was asked of it."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from argus_client import ArgusClient

ITEM = {
    "filename": "sent-by-service.jpg",
    "width": 451,
    "height": 300,
    "predictions": [
        {"class_id": 281, "label": "tabby", "score": 0.61},
        {"class_id": 285, "label": "Egyptian cat", "score": 0.2},
    ],
    "timing_ms": {"decode": 2.4, "queue": 0.1, "inference": 6.0},
}


def classified(*items: dict[str, Any]) -> httpx.Response:
    """The service's answer holding these items."""
    return httpx.Response(
        200,
        json={"request_id": "r-1", "model": {"name": "efficientnet_lite0", "version": "v1"}, "results": list(items)},
    )


def problem(status: int, code: str, detail: str = "Why.", **headers: str) -> httpx.Response:
    """A problem document of the service."""
    return httpx.Response(
        status,
        content=json.dumps(
            {"type": "about:blank", "title": "T", "status": status, "detail": detail, "code": code, "request_id": "r-2"}
        ),
        headers={"Content-Type": "application/problem+json", **headers},
    )


class Service:
    """Answers each request with the next of `replies`; an exception among them is raised instead."""

    def __init__(self, *replies: httpx.Response | Exception) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def transport(self) -> httpx.MockTransport:
        """What to give to a client so that it reaches this service."""
        return httpx.MockTransport(self)

    def client(self, **options: Any) -> ArgusClient:
        """A blocking client that reaches this service."""
        return ArgusClient(transport=self.transport, **options)


def refuse(make: Callable[[str], Exception] = httpx.ConnectError) -> Exception:
    """A connection that nobody accepts."""
    return make("connection refused")
