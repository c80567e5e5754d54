"""What surrounds every request: its id, timing and count, what is told of it, the cap on its body.

Plain ASGI: nothing is buffered. On its way a request leaves what is to be known of it in `scope["state"]`:

    request_id, server_timing (milliseconds by stage), trace_headers       here
    bytes (of the body)                                                    here
    model, client (whose key it is)                                        the operations, access
    images (classified), slowest (the Timing of the slowest)               the operations
    problem (a code), unforeseen (an error that nobody foresaw, as text)   problems
"""

import asyncio
import contextlib
import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve_app.errors import HttpError, Overloaded, PayloadTooLarge
from serve_app.http.problems import render_error
from serve_app.http.routes import CLASSIFY_ROUTES, METRICS, name_route
from serve_app.journal import Finished, Journal
from serve_app.meters import Meters
from serve_app.tally import Tally

log = logging.getLogger(__name__)

# The code of a request whose client left before its answer; nobody was sent it.
CLIENT_LEFT = 499
_LINGER_S = 2.0
_TRACE_HEADERS = ("traceparent", "tracestate")
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")


class RequestContext:
    """Gives every request an id (`scope["state"]["request_id"]`) and every response `Server-Timing`.

    An `X-Request-ID` that the client, or a proxy before us, sent is kept. The response header is added here unless
    `echo_request_id` is off, for servers in front that add it themselves (Ray Serve does).

    tally: counts every POST and PUT, the only requests that bring images; the rest looks at the service and is no work
    of it.
    meters: counts every request by route and code, but for those that read the metrics.
    journal: is told of every request, and closed with the application; without one, unforeseen errors are logged here.
    """

    def __init__(
        self, app: ASGIApp, tally: Tally, meters: Meters, journal: Journal | None = None, *, echo_request_id: bool
    ) -> None:
        self._app = app
        self._tally = tally
        self._meters = meters
        self._journal = journal
        self._echo_request_id = echo_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send if self._journal is None else self._close_before(send, self._journal))
            return
        started = time.perf_counter()
        sent = Headers(scope=scope)
        sent_id = sent.get("x-request-id", "")
        request_id = sent_id if _REQUEST_ID.fullmatch(sent_id) else uuid.uuid4().hex
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        state["server_timing"] = {}
        if self._journal is not None and self._journal.traces:
            state["trace_headers"] = {name: sent[name] for name in _TRACE_HEADERS if name in sent}
        counted = scope["method"] in ("POST", "PUT")
        answered = False

        async def send_with_headers(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if self._echo_request_id:
                    headers["X-Request-ID"] = request_id
                answered = True
                now = time.perf_counter()
                self._finish(scope, message["status"], now - started)
                stages = {**state["server_timing"], "total": (now - started) * 1e3}
                if counted:
                    images = state.get("images", 0)
                    self._tally.finish(now, status=message["status"], images=images, seconds=now - started)
                headers["Server-Timing"] = ", ".join(f"{name};dur={ms:.2f}" for name, ms in stages.items())
            await send(message)

        self._tally.ongoing += counted
        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            self._tally.ongoing -= counted
            if not answered:
                self._finish(scope, CLIENT_LEFT, time.perf_counter() - started)

    def _close_before(self, send: Send, journal: Journal) -> Send:
        """A `send` that says that the application has ended when the journal has."""

        async def send_last(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown."):
                await asyncio.to_thread(journal.close)
            await send(message)

        return send_last

    def _finish(self, scope: Scope, status: int, seconds: float) -> None:
        route, state = name_route(scope), scope["state"]
        if self._journal is not None:
            classifies = route in CLASSIFY_ROUTES
            now = time.monotonic()  # the clock of the stages in it
            self._journal.note(Finished(now, seconds, status, scope["method"], route, scope["path"], classifies, state))
        elif "unforeseen" in state:
            log.error("unforeseen error in request %s\n%s", state["request_id"], state["unforeseen"])
        if route == METRICS:
            return
        self._meters.count_request(route, status, seconds * 1e3)
        if status >= 400 and "problem" in state:
            self._meters.count_problem(status, state["problem"])


class BodyBudget:
    """How many bytes of bodies a replica holds: who takes some adds them to `pending_bytes`, and takes them off again.

    max_request_bytes: of one request; one more is answered 413.
    max_pending_bytes: of all requests that are being read or worked on; one more is answered 429.
    """

    def __init__(self, *, max_request_bytes: int, max_pending_bytes: int) -> None:
        self.pending_bytes = 0
        self._max_request_bytes = max_request_bytes
        self._max_pending_bytes = max_pending_bytes

    def check(self, request_bytes: int) -> None:
        """request_bytes: of one request so far. Raises PayloadTooLarge, Overloaded."""
        if request_bytes > self._max_request_bytes:
            raise PayloadTooLarge(
                f"The request is larger than {describe_bytes(self._max_request_bytes)}. Send fewer or smaller images."
            )
        if self.pending_bytes > self._max_pending_bytes:
            raise Overloaded("The service holds all the uploads that it can. Try again in 1 s.", retry_after_s=1.0)


class BodyLimit:
    """Counts a request's bytes as they arrive, chunked ones too, and keeps none beyond the budget.

    A client that is still sending when its request is refused would see a broken connection instead of the answer, so
    the rest is read, for at most _LINGER_S, and thrown away first.
    """

    def __init__(self, app: ASGIApp, budget: BodyBudget) -> None:
        self._app = app
        self._budget = budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        held = 0
        complete = started = False

        async def receive_next() -> Message:
            nonlocal complete
            message = await receive()
            complete = not message.get("more_body", False)
            return message

        async def receive_counted() -> Message:
            nonlocal held
            message = await receive_next()
            count = len(message.get("body", b""))
            held += count
            scope["state"]["bytes"] = held
            self._budget.pending_bytes += count
            self._budget.check(held)
            return message

        async def send_after_the_body(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if not complete:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_LINGER_S):
                            while not complete:
                                await receive_next()
            await send(message)

        try:
            announced = Headers(scope=scope).get("content-length", "")
            self._budget.check(int(announced) if announced.isdecimal() else 0)
            await self._app(scope, receive_counted, send_after_the_body)
        except HttpError as error:
            if started:
                raise
            answer = render_error(error, scope, scope["state"]["request_id"])
            await answer(scope, receive_next, send_after_the_body)
        finally:
            self._budget.pending_bytes -= held


def describe_bytes(count: int) -> str:
    """A byte count as a person reads it: 10 MiB, 512 KiB, 77 bytes."""
    for unit, size in (("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"
