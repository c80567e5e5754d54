"""One browser session's photos as it knows them: what the page's script reports, and what a person chose to see.

The photos themselves, their queue and their attempts are in the browser (browser/photos.js); see `answering`.
"""

from dataclasses import replace
from typing import Any

import reflex as rx

from reflex_frontend import batch, reports, service, texts
from reflex_frontend.failures import explain_refusal
from reflex_frontend.photos import Photo, Trouble
from reflex_frontend.state.batch import BatchState, draw_batch
from reflex_frontend.state.shown import ShownState

TOP_K_CHOICES = ("3", "5", "10")
MIN_SCORE_CHOICES = ("0", "1", "5", "20")
VIEW_CHOICES = ("cards", "table")
MOST_PHOTOS = 1000


class ClassifyState(ShownState, rx.State):
    """The photos on the page, the one that is shown large, and the order of the others."""

    view: str = rx.LocalStorage("cards", name="argus_view")
    sort_by: str = "added"
    descending: bool = False
    model: str = ""
    _photos: dict[str, Photo] = {}  # noqa: RUF012 - Reflex copies a var's default for every session

    @rx.event
    def open_page(self) -> None:
        """The page is shown, or its connection is back."""
        self.max_upload_bytes = service.limits().max_upload_bytes

    @rx.event
    def choose_top_k(self, choice: str) -> None:
        """How many labels to show."""
        if choice in TOP_K_CHOICES:
            self.top_k = choice

    @rx.event
    def choose_min_score(self, choice: str) -> None:
        """The lowest score to show, in per cent."""
        if choice in MIN_SCORE_CHOICES:
            self.min_score = choice

    @rx.event
    def choose_view(self, choice: str) -> None:
        """Cards or a table."""
        if choice in VIEW_CHOICES:
            self.view = choice

    @rx.event
    def choose_model(self, choice: str) -> None:
        """The model for the photos to come; "" for the service's default."""
        self.model = choice[:200]

    @rx.event
    async def choose_order(self, by: str) -> None:
        """Sort by this; again by the same, the other way round."""
        if by in batch.SORTS:
            # What is strongest or slowest is asked for first.
            self.descending = not self.descending if by == self.sort_by else by in ("score", "time")
            self.sort_by = by
            await self._draw()

    @rx.event
    def show_photo(self, photo_id: str) -> None:
        """Show this photo and its answer large."""
        if photo_id in self._photos:
            self.photo = self._photos[photo_id]

    @rx.event
    async def take_report(self, report: dict[str, Any]) -> None:
        """What became of the photos in the browser; see `flush` in browser/photos.js."""
        if report.get("cleared") is True:
            self._photos = {}
        for photo_id in _list(report.get("removed")):
            self._photos.pop(photo_id, None)
        known_before = set(self._photos)
        reported = [photo for photo in map(_read, _list(report.get("photos"))) if photo]
        for photo in reported:
            if photo.id in self._photos or len(self._photos) < MOST_PHOTOS:
                self._photos[photo.id] = photo
        if report.get("whole") is True:
            self._forget_all_but({photo.id for photo in reported})
        added = [photo.id for photo in reported if photo.id not in known_before and photo.id in self._photos]
        self._select(added)
        await self._draw()

    @rx.event
    def download_csv(self) -> rx.event.EventSpec:
        """Every photo as a row, in the order on the page."""
        content = batch.write_csv(self._sorted(), top_k=reports.MOST_LABELS)
        return rx.download(data=content.encode("utf-8-sig"), filename="argus.csv")

    @rx.event
    def download_json(self) -> rx.event.EventSpec:
        """Every photo as an object, in the order on the page."""
        return rx.download(data=batch.write_json(self._sorted(), top_k=reports.MOST_LABELS), filename="argus.json")

    def _forget_all_but(self, held: set[str]) -> None:
        """After a reload the browser holds no files any more: what was not answered by then cannot be."""
        for photo_id, photo in self._photos.items():
            if photo_id not in held and photo.status not in ("done", "failed"):
                trouble = Trouble(texts.FAIL_FORGOTTEN, texts.FAIL_FORGOTTEN_DETAIL)
                self._photos[photo_id] = replace(photo, status="failed", trouble=trouble)

    def _select(self, added: list[str]) -> None:
        """Keep the photo that is shown up to date; new photos bring the first of them forward."""
        wanted = added[0] if added else self.photo.id
        if wanted not in self._photos:
            wanted = next(iter(self._photos), "")
        shown = self._photos.get(wanted, Photo())
        if shown != self.photo:
            self.photo = shown

    def _sorted(self) -> list[Photo]:
        return batch.sort(list(self._photos.values()), self.sort_by, descending=self.descending)

    async def _draw(self) -> None:
        draw_batch(await self.get_state(BatchState), self._sorted())


def _list(value: Any) -> list[Any]:
    return value[: 2 * MOST_PHOTOS] if isinstance(value, list) else []


def _read(report: Any) -> Photo | None:
    photo = reports.read_photo(report) if isinstance(report, dict) else None
    if photo and photo.status == "failed":
        trouble = explain_refusal(photo, service.limits().max_upload_bytes)
        return replace(photo, trouble=trouble) if trouble else photo
    return photo
