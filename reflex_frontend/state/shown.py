"""How the session's photo and answer read on the page: everything here is computed, nothing is decided."""

from dataclasses import dataclass

import reflex as rx

from reflex_frontend import figures, texts
from reflex_frontend.photos import Label, Photo
from reflex_frontend.state.health import HealthState


@dataclass(frozen=True)
class Row:
    """One label as drawn; width: the bar's, as a CSS percentage."""

    label: str = ""
    score: str = ""
    width: str = "0%"


@dataclass(frozen=True)
class Share:
    """One part of the time; grow: its width in the bar, against the others."""

    kind: str = ""
    name: str = ""
    value: str = ""
    grow: str = "0"


class ShownState(rx.State, mixin=True):
    """Mixed into the state that owns the photo and the controls."""

    photo: Photo = Photo()
    max_upload_bytes: int = 0
    top_k: str = rx.LocalStorage("5", name="argus_top_k")
    min_score: str = rx.LocalStorage("0", name="argus_min_score")

    @rx.var
    def limit_text(self) -> str:
        """The formats and the size that the page takes."""
        return texts.DROP_FORMATS.format(limit=figures.limit(self.max_upload_bytes or 10 * 1024 * 1024))

    @rx.var
    def rows(self) -> list[Row]:
        """The labels that the controls leave, the strongest first."""
        return [
            Row(label.label, figures.percent(label.score), f"{label.score * 100:.2f}%")
            for label in self._labels_shown()
        ]

    @rx.var
    def none_title(self) -> str:
        """Said instead of rows when the lowest score leaves none."""
        return texts.NONE_ABOVE.format(score=f"{self.min_score}{figures.NO_BREAK}%")

    @rx.var
    def none_detail(self) -> str:
        """The strongest label that was left out."""
        if not self.photo.answer.labels:
            return ""
        first = self.photo.answer.labels[0]
        return texts.NONE_ABOVE_DETAIL.format(label=first.label, top=figures.percent(first.score))

    @rx.var
    def shares(self) -> list[Share]:
        """Where the time went, in the order in which it passed."""
        answer = self.photo.answer
        parts = (
            ("decode", texts.DECODE, answer.decode_ms),
            ("queue", texts.QUEUE, answer.queue_ms),
            ("model", texts.MODEL, answer.model_ms),
            ("network", texts.NETWORK, answer.network_ms),
        )
        return [Share(kind, name, figures.milliseconds(ms), f"{ms:.3f}") for kind, name, ms in parts]

    @rx.var
    def total_text(self) -> str:
        """The whole round trip to the service."""
        return figures.milliseconds(self.photo.answer.total_ms)

    @rx.var
    def facts(self) -> str:
        """The photo's size in pixels and bytes, as far as it is known."""
        parts = []
        if self.photo.answer.width:
            parts.append(texts.PIXELS.format(width=self.photo.answer.width, height=self.photo.answer.height))
        if self.photo.size_bytes:
            parts.append(figures.size(self.photo.size_bytes))
        return " · ".join(parts)

    @rx.var
    async def precision(self) -> str:
        """The precision of the model that answered, "" when the service does not list it."""
        health = await self.get_state(HealthState)
        return str(health.precisions.get(self.photo.answer.model, ""))

    @rx.var
    def announcement(self) -> str:
        """What a screen reader says when the status changes."""
        photo = self.photo
        if photo.status == "done":
            return ". ".join(f"{row.label}, {row.score}" for row in self.rows) or self.none_title
        if photo.status in ("failed", "waiting"):
            return f"{photo.trouble.title}. {photo.trouble.detail}"
        return ""

    def _labels_shown(self) -> list[Label]:
        # The browser's storage can hold anything; what is not a number counts as the default.
        top_k = int(self.top_k) if self.top_k.isdecimal() else 5
        lowest = int(self.min_score) / 100 if self.min_score.isdecimal() else 0.0
        return [label for label in self.photo.answer.labels[:top_k] if label.score >= lowest]
