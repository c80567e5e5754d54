"""Many sessions at once, without browsers: each connects, classifies photos and reports them as a real page did.

    connect --> hydrated --+--> report --> POST /photos --> report --> the page's change --+
                           '---------------------- once for each photo --------------------'

Knows the protocol through `ui_conversation`, and of the state only the two variables that say that it is there.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import socketio

from benchmarks.ui_conversation import Conversation, fill_in
from benchmarks.ui_figures import Visited

_LIMIT_S = 60.0
_MOST_ATTEMPTS = 6
_HYDRATED, _PHOTO = "is_hydrated_rx_state_", "photo_rx_state_"


class SessionFailed(Exception):
    """A session was refused, lost, or told something else than an answer."""


@dataclass
class Times:
    """What a session met, in milliseconds; see `Visited`."""

    hydrated_ms: float = 0.0
    posted_ms: list[float] = field(default_factory=list)
    shown_ms: list[float] = field(default_factory=list)
    dropped_ms: list[float] = field(default_factory=list)
    waits: int = 0


class Session:
    """One page's connection to the UI's server."""

    def __init__(self, http: aiohttp.ClientSession, address: str, conversation: Conversation) -> None:
        self.times = Times()
        self._http = http
        self._address = address
        self._conversation = conversation
        self._hydrated = asyncio.Event()
        self._shown: dict[str, asyncio.Event] = {}
        self._socket = socketio.AsyncClient(reconnection=False, handle_sigint=False, http_session=http)
        self._socket.on("event", self._take, namespace=conversation.namespace)

    async def open(self) -> None:
        """Connect as a new visitor and wait for the page's state."""
        began = time.perf_counter()
        await self._socket.connect(
            f"{self._address}/?token={uuid.uuid4()}",
            auth=self._conversation.greeting,
            transports=["websocket"],
            namespaces=[self._conversation.namespace],
            socketio_path=self._conversation.path.strip("/"),
            wait_timeout=_LIMIT_S,
        )
        await self._hydrated.wait()
        self.times.hydrated_ms = _since_ms(began)

    async def classify(self, image: bytes) -> None:
        """Drop a photo: until the session shows its answer."""
        photo = uuid.uuid4().hex[:16]
        before, after = self._conversation.repeat(photo)
        self._shown[photo] = asyncio.Event()
        began = time.perf_counter()
        for event in before:
            await self._say(event)
        answer = await self._post(image)
        answered = time.perf_counter()
        self.times.posted_ms.append((answered - began) * 1e3)
        for event in after:
            fill_in(event, answer)
        await self._say(after[0])
        await self._shown[photo].wait()
        del self._shown[photo]
        self.times.shown_ms.append(_since_ms(answered))
        self.times.dropped_ms.append(_since_ms(began))
        for event in after[1:]:
            await self._say(event)

    async def close(self) -> None:
        """Leave."""
        await self._socket.disconnect()

    async def _say(self, event: Mapping[str, Any]) -> None:
        if not self._socket.connected:
            raise SessionFailed("the connection was lost")
        await self._socket.emit("event", event, namespace=self._conversation.namespace)

    async def _post(self, image: bytes) -> dict[str, Any]:
        headers = {"Content-Type": "application/octet-stream", "X-Photo-Name": "photo.jpg"}
        for _ in range(_MOST_ATTEMPTS):
            async with self._http.post(f"{self._address}/photos", data=image, headers=headers) as response:
                outcome: dict[str, Any] = await response.json()
            if outcome["outcome"] == "done":
                return dict(outcome["answer"])
            if outcome["outcome"] == "failed":
                raise SessionFailed(f"a photo failed: {outcome['trouble']['title']}")
            self.times.waits += 1
            await asyncio.sleep(outcome["pause_ms"] / 1e3)
        raise SessionFailed(f"a photo was told to wait {_MOST_ATTEMPTS} times")

    def _take(self, update: Mapping[str, Any]) -> None:
        for variables in (update.get("delta") or {}).values():
            if variables.get(_HYDRATED):
                self._hydrated.set()
            photo = variables.get(_PHOTO) or {}
            if photo.get("status") == "done" and photo.get("id") in self._shown:
                self._shown[photo["id"]].set()


async def visit(
    address: str,
    conversation: Conversation,
    images: Sequence[bytes],
    *,
    sessions: int,
    photos: int,
    weigh: Callable[[], float],
) -> Visited:
    """All sessions open at once, then all classify `photos` photos each, one after the other."""
    before_mb = weigh()
    limits = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=limits, timeout=aiohttp.ClientTimeout(_LIMIT_S)) as http:
        visitors = [Session(http, address, conversation) for _ in range(sessions)]
        errors = await _attempt_all([_within(visitor.open()) for visitor in visitors])
        hydrated_mb = weigh()

        async def classify(number: int, visitor: Session) -> None:
            for turn in range(photos):
                await _within(visitor.classify(images[(number + turn * sessions) % len(images)]))

        began = time.perf_counter()
        opened = [visitor for visitor in visitors if visitor.times.hydrated_ms]
        errors += await _attempt_all([classify(number, visitor) for number, visitor in enumerate(opened)])
        seconds = time.perf_counter() - began
        after_mb = weigh()
        errors += await _attempt_all([_within(visitor.close()) for visitor in visitors])
    times = [visitor.times for visitor in visitors]
    return Visited(
        sessions=sessions,
        each=photos,
        photos=sum(len(one.dropped_ms) for one in times),
        seconds=seconds,
        hydrated_ms=tuple(one.hydrated_ms for one in times if one.hydrated_ms),
        posted_ms=tuple(ms for one in times for ms in one.posted_ms),
        shown_ms=tuple(ms for one in times for ms in one.shown_ms),
        dropped_ms=tuple(ms for one in times for ms in one.dropped_ms),
        waits=sum(one.waits for one in times),
        errors=tuple(errors),
        before_mb=before_mb,
        hydrated_mb=hydrated_mb,
        after_mb=after_mb,
    )


async def _attempt_all(work: Sequence[Any]) -> list[str]:
    """Do all of it at once; what went wrong, in words."""
    results = await asyncio.gather(*work, return_exceptions=True)
    return [f"{type(error).__name__}: {error}" for error in results if isinstance(error, Exception)]


async def _within(work: Any) -> None:
    try:
        async with asyncio.timeout(_LIMIT_S):
            await work
    except TimeoutError:
        raise SessionFailed(f"a step took more than {_LIMIT_S:.0f} s") from None


def _since_ms(began: float) -> float:
    return (time.perf_counter() - began) * 1e3
