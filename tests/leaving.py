"""A client that leaves as soon as the model has its photo."""

import asyncio
from typing import Any

from starlette.types import ASGIApp, Message

from tests.fakes import ColorRuntime


async def send_and_leave(app: ASGIApp, runtime: ColorRuntime, body: bytes, *, path: str = "/v1/classify") -> None:
    """Send a photo to be classified, leave while the runtime holds it, and see that no answer is tried.

    The runtime is let go in the end.
    """
    runtime.go.clear()
    messages = iter([{"type": "http.request", "body": body}])

    async def receive() -> Message:
        if (message := next(messages, None)) is not None:
            return message
        await asyncio.to_thread(runtime.entered.wait, 10)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [],
    }
    await app(scope, receive, send)
    runtime.go.set()
