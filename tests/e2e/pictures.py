"""What a picture of the page is made from: a scene brings it into a state, a stage holds the scenes of one UI.

Knows no page; pictures_*.py have those, `screenshots` draws them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

from tests.e2e.browser import ROOT
from tests.e2e.fake_service import LABELS, FakeService

EXAMPLES = ROOT / "assets" / "examples"
CAT = EXAMPLES / "cat.jpg"
# Starts from the page, open and connected, in front of a service that is well.
Draw = Callable[[Page, FakeService], None]
_OTHER_LABELS = {
    "coffee": ("espresso", "cup", "coffee mug", "espresso maker", "soup bowl"),
    "rocket": ("missile", "projectile", "space shuttle", "beacon", "crane"),
}


@dataclass(frozen=True)
class Scene:
    """One state of a page; draw's name is the state's."""

    page: str
    draw: Draw

    @property
    def name(self) -> str:
        """As its pictures are called."""
        return f"{self.page}-{self.draw.__name__}"

    @property
    def path(self) -> str:
        """Of the page, from the UI's address."""
        return "/" if self.page == "classify" else f"/{self.page}"


def leave_as_it_is(service: FakeService) -> None:
    """A service needs no preparation."""


@dataclass(frozen=True)
class Stage:
    """Scenes in front of one UI; prepare: the service before each, elsewhere: an address in place of the service's."""

    scenes: tuple[Scene, ...]
    prepare: Callable[[FakeService], None] = leave_as_it_is
    environment: Mapping[str, str] = field(default_factory=dict)
    elsewhere: str = ""


def scenes(page: str, *draws: Draw) -> tuple[Scene, ...]:
    """All states of one page."""
    return tuple(Scene(page, draw) for draw in draws)


def tell_photos_apart(service: FakeService) -> None:
    """An answer for each example photo, as surely as its bytes are known."""
    known = {
        (EXAMPLES / f"{name}.jpg").read_bytes(): tuple(
            zip(labels, (0.8714, 0.0612, 0.0241, 0.0108, 0.0042), strict=True)
        )
        for name, labels in _OTHER_LABELS.items()
    }
    service.behaviour.labels = lambda image: known.get(image, LABELS)


def many_photos(count: int) -> list[dict[str, Any]]:
    """The example photos in turn, as a camera would name them."""
    contents = [(EXAMPLES / f"{name}.jpg").read_bytes() for name in ("cat", *_OTHER_LABELS)]
    return [
        {"name": f"IMG_{2041 + number}.jpg", "mimeType": "image/jpeg", "buffer": contents[number % len(contents)]}
        for number in range(count)
    ]
