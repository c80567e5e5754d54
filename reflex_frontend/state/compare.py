"""What is compared in one browser session, and what became of both sides.

The photos are in the browser: browser/compare.js sends them and reports each side; this draws. A report holds all there
is to know, so a session that began anew has everything after the next one.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import reflex as rx

from reflex_frontend import comparison, figures, reports, service, texts
from reflex_frontend.comparison import Row
from reflex_frontend.failures import explain_refusal
from reflex_frontend.photos import Photo
from reflex_frontend.state.health import HealthState
from reflex_frontend.texts import compare as words

MODE_CHOICES = ("models", "photos")
TOP_K_CHOICES = ("3", "5", "10")


@dataclass(frozen=True)
class Times:
    """Where one side's time went; width: of its whole bar against the slower side, grow: of each part in it."""

    total: str = ""
    width: str = "0%"
    decode: str = "0"
    queue: str = "0"
    model: str = "0"
    network: str = "0"
    facts: str = ""


class CompareState(rx.State):
    """Both sides, and how they are drawn. session: changes when the script should report anew."""

    mode: str = rx.LocalStorage("models", name="argus_compare_mode")
    top_k: str = rx.LocalStorage("5", name="argus_compare_top_k")
    wanted_left: str = rx.LocalStorage("", name="argus_compare_left_model")
    wanted_right: str = rx.LocalStorage("", name="argus_compare_right_model")
    wanted: str = rx.LocalStorage("", name="argus_compare_model")
    left: Photo = Photo()
    right: Photo = Photo()
    max_upload_bytes: int = 0
    session: str = ""

    @rx.event
    def open_page(self) -> None:
        """The page is shown, or its connection is back."""
        self.max_upload_bytes = service.limits().max_upload_bytes
        self.session = uuid4().hex

    @rx.event
    def choose_mode(self, choice: str) -> None:
        """Two models or two photos."""
        if choice in MODE_CHOICES:
            self.mode = choice

    @rx.event
    def choose_top_k(self, choice: str) -> None:
        """How many labels of each side."""
        if choice in TOP_K_CHOICES:
            self.top_k = choice

    @rx.event
    async def choose_left(self, model: str) -> None:
        """The left side's model; if the right side has it, they change places."""
        left, right = comparison.choose_pair(await self._names(), self.wanted_left, self.wanted_right)
        self.wanted_left, self.wanted_right = model[:200], left if model == right else right

    @rx.event
    async def choose_right(self, model: str) -> None:
        """The right side's model; if the left side has it, they change places."""
        left, right = comparison.choose_pair(await self._names(), self.wanted_left, self.wanted_right)
        self.wanted_left, self.wanted_right = right if model == left else left, model[:200]

    @rx.event
    def choose_model(self, model: str) -> None:
        """The model that reads both photos."""
        self.wanted = model[:200]

    @rx.event
    def take_report(self, report: dict[str, Any]) -> None:
        """What became of both sides; see `describe` in browser/compare.js."""
        self.left, self.right = _read_side(report.get("left")), _read_side(report.get("right"))

    @rx.var
    async def models(self) -> list[str]:
        """What the service has, its default first; empty while that is not known."""
        return await self._names()

    @rx.var
    async def left_model(self) -> str:
        """The left side's model, "" while there are not two."""
        return comparison.choose_pair(await self._names(), self.wanted_left, self.wanted_right)[0]

    @rx.var
    async def right_model(self) -> str:
        """The right side's model, "" while there are not two."""
        return comparison.choose_pair(await self._names(), self.wanted_left, self.wanted_right)[1]

    @rx.var
    async def model(self) -> str:
        """The model for two photos, "" while it is not known."""
        names = await self._names()
        return self.wanted if self.wanted in names else next(iter(names), "")

    @rx.var
    async def lacks_model(self) -> bool:
        """Whether two models are asked for and the service has one."""
        return self.mode != "photos" and len(await self._names()) == 1

    @rx.var
    async def example_config(self) -> str:
        """How a second model is added."""
        return words.ONE_MODEL_CONFIG.format(model=next(iter(await self._names()), ""))

    @rx.var
    async def one_model_detail(self) -> str:
        """Why there is nothing to compare."""
        return words.ONE_MODEL_DETAIL.format(model=next(iter(await self._names()), ""))

    @rx.var
    def rows(self) -> list[Row]:
        """The labels of both sides."""
        return comparison.compare(self.left.answer, self.right.answer, self._top_k())

    @rx.var
    def agrees(self) -> bool:
        """Whether both name the same label first."""
        return comparison.agrees(self.left.answer, self.right.answer)

    @rx.var
    def verdict(self) -> str:
        """Whether both sides say the same, "" until both are there."""
        return comparison.describe_agreement(self.left.answer, self.right.answer)

    @rx.var
    def shared(self) -> str:
        """How much the first labels of both have in common."""
        return comparison.describe_shared(self.left.answer, self.right.answer, self._top_k())

    @rx.var
    def left_times(self) -> Times:
        """Where the left side's time went."""
        return _describe_times(self.left, self.right)

    @rx.var
    def right_times(self) -> Times:
        """Where the right side's time went."""
        return _describe_times(self.right, self.left)

    @rx.var
    def announcement(self) -> str:
        """What a screen reader says: trouble as it comes, the verdict when both are there."""
        troubles = [
            f"{side}: {photo.trouble.title}. {photo.trouble.detail}"
            for side, photo in ((words.LEFT, self.left), (words.RIGHT, self.right))
            if photo.status in ("failed", "waiting")
        ]
        return " ".join(troubles) or self.verdict

    async def _names(self) -> list[str]:
        health = await self.get_state(HealthState)
        return list(health.model_names)

    def _top_k(self) -> int:
        # The browser's storage can hold anything; what is not a number counts as the default.
        return int(self.top_k) if self.top_k in TOP_K_CHOICES else 5


def _read_side(report: Any) -> Photo:
    photo = reports.read_photo(report) if isinstance(report, dict) else None
    if photo is None:
        return Photo()
    trouble = explain_refusal(photo, service.limits().max_upload_bytes) if photo.status == "failed" else None
    return replace(photo, trouble=trouble) if trouble else photo


def _describe_times(photo: Photo, other: Photo) -> Times:
    answer = photo.answer
    if not answer.labels:
        return Times()
    slower = max(answer.total_ms, other.answer.total_ms) or 1.0
    return Times(
        total=figures.milliseconds(answer.total_ms),
        width=f"{100 * answer.total_ms / slower:.2f}%",
        decode=f"{answer.decode_ms:.3f}",
        queue=f"{answer.queue_ms:.3f}",
        model=f"{answer.model_ms:.3f}",
        network=f"{answer.network_ms:.3f}",
        facts=f"{texts.MODEL} {figures.milliseconds(answer.model_ms)}",
    )
