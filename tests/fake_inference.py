"""A stand-in for the service's side of the Open Inference Protocol over HTTP, scripted by tests."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived; the names of headers in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FakeInference:
    """Answers `answers[path]`, a status with headers and a body, or 200 with a document; everything else is 404.

    hold: while it is cleared, answers wait; `left` counts clients that went away meanwhile. cut: how many of the next
    requests lose their connection instead of being answered.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    seen: deque[Seen] = field(default_factory=deque)
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    cut: int = 0
    url: str = ""

    async def start(self) -> web.AppRunner:
        """Listen on a free port; whoever starts it cleans the runner up."""
        self.hold.set()
        application = web.Application(client_max_size=2**30)
        application.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(application, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return runner

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(Seen(request.method, request.raw_path, headers, body))
        self.arrived.set()
        if self.cut:
            self.cut -= 1
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        try:
            await self.hold.wait()
        except asyncio.CancelledError:
            self.left.set()
            raise
        answer = self.answers.get(request.raw_path, (404, {}, {"error": "there is no such model"}))
        status, headers, said = answer if isinstance(answer, tuple) else (200, {}, answer)
        if isinstance(said, bytes):
            return web.Response(status=status, headers=headers, body=said)
        return web.json_response(said, status=status, headers=headers)
