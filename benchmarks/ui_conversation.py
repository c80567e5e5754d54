"""What a real page says to its server while one photo is dropped on it, for sessions without a browser to say it too.

    page --> frames --> Conversation --> repeat, once for each session and photo

Knows the frames of Socket.IO as far as the page uses them; what is in them is the page's own.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, WebSocket

from benchmarks.ui_pages import open_page

# Engine.IO's message, then Socket.IO's connect (0) or event (2), the namespace, and JSON.
_FRAME = re.compile(r"4([02])(/[^,]*),(.*)", re.DOTALL)
# The page reports at most this often, and draws a small copy of its photo after the answer.
_LAST_WORDS_MS = 1500


@dataclass(frozen=True, slots=True)
class Conversation:
    """path, namespace: where the page connects; greeting: what it connects with; reports: its events for one photo."""

    path: str
    namespace: str
    greeting: Mapping[str, Any]
    reports: tuple[Mapping[str, Any], ...]

    @property
    def photo(self) -> str:
        """The photo's id in the reports."""
        return str(_list_photos(self.reports[-1])[0]["id"])

    def repeat(self, photo: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The events for another photo: those before its answer is there, and those that are to carry the answer."""
        text = json.dumps(self.reports).replace(self.photo, photo)
        events: list[dict[str, Any]] = json.loads(text)
        answered = [_list_photos(event)[0]["status"] == "done" for event in events]
        first = answered.index(True)
        return events[:first], events[first:]


def fill_in(event: dict[str, Any], answer: Mapping[str, Any]) -> None:
    """Put an answer into an event of `Conversation.repeat`."""
    _list_photos(event)[0]["answer"] = answer


def record_conversation(browser: Browser, address: str, photo: Path) -> Conversation:
    """Drop one photo on a fresh page and listen. Raises ValueError when the page speaks otherwise than expected."""
    sockets: list[WebSocket] = []
    frames: list[str | bytes] = []

    def listen(socket: WebSocket) -> None:
        sockets.append(socket)
        socket.on("framesent", lambda frame: frames.append(frame))  # noqa: PLW0108 - Playwright marks what it is given

    with open_page(browser, address, [photo], listen) as page:
        page.evaluate("probe.dropOne(0, 20000)")
        page.wait_for_timeout(_LAST_WORDS_MS)
    return read_conversation(sockets[0].url, frames)


def read_conversation(url: str, frames: Sequence[str | bytes]) -> Conversation:
    """url: of the socket; frames: all that were sent. Raises ValueError where something is missing."""
    found = [_FRAME.fullmatch(frame) for frame in frames if isinstance(frame, str)]
    greetings = [match for match in found if match and match[1] == "0"]
    events = [json.loads(match[3])[1] for match in found if match and match[1] == "2"]
    reports = tuple(event for event in events if _list_photos(event))
    if not greetings or not any(_list_photos(report)[0].get("status") == "done" for report in reports):
        raise ValueError("The page did not say what was expected: no connection, or no report of an answered photo.")
    path = "/" + url.partition("://")[2].partition("/")[2].partition("?")[0].strip("/")
    return Conversation(path, greetings[0][2], json.loads(greetings[0][3]), reports)


def _list_photos(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    payload = event.get("payload", {}).values()
    reports = [value for value in payload if isinstance(value, dict)]
    return [photo for report in reports for photo in report.get("photos", [])]
