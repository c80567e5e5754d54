"""One browser session's photo and its answer: the events that take it from the file to the labels."""

import asyncio
import random
from dataclasses import replace
from uuid import uuid4

import reflex as rx

from argus_client import ArgusClientError
from reflex_frontend import failures, figures, service, texts
from reflex_frontend.failures import Verdict, Wait
from reflex_frontend.photos import Answer, Photo, Trouble, read_answer
from reflex_frontend.previews import make_preview
from reflex_frontend.state.health import now_ms
from reflex_frontend.state.shown import ShownState

# As many labels as the page can show: a change of the controls then needs no new request.
MOST_LABELS = 10
TOP_K_CHOICES = ("3", "5", "10")
MIN_SCORE_CHOICES = ("0", "1", "5", "20")

MOST_ATTEMPTS = 6
SENDING_TIMEOUT_S = 120.0
READINESS_TIMEOUT_S = 600.0


class ClassifyState(ShownState, rx.State):
    """The photo on the page, and what has to happen to it."""

    # Names the attempt in charge; an older one that wakes up later sees that it is not, and ends.
    _run: str = ""

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
    def expect_photo(self) -> rx.event.EventSpec | None:
        """A file was chosen; it is on its way to this server."""
        self._run = uuid4().hex
        self.photo = Photo(id=uuid4().hex, status="sending", since_ms=now_ms())
        # Reflex makes events of handlers when the class is made, which mypy cannot see.
        return ClassifyState.stop_expecting(self.photo.id)  # type: ignore[no-any-return,operator]

    @rx.event(background=True)
    async def stop_expecting(self, photo_id: str) -> None:
        """Ends the wait for a file whose upload broke."""
        await asyncio.sleep(SENDING_TIMEOUT_S)
        async with self:
            if self.photo.id == photo_id and self.photo.status == "sending":
                self._fail(Trouble(texts.FAIL_SENDING, texts.FAIL_SENDING_DETAIL))

    @rx.event
    async def receive_photo(self, files: list[rx.UploadFile]) -> rx.event.EventSpec | None:
        """The file has arrived; Reflex also calls this with no file when the browser refused it."""
        if not files:
            return None
        file = files[0]
        image = await file.read(service.limits().max_upload_bytes + 1)
        photo_id = self.photo.id if self.photo.status == "sending" else uuid4().hex
        name = (file.name or texts.PHOTO)[:200]
        self.photo = Photo(id=photo_id, status="working", filename=name, size_bytes=len(image), since_ms=now_ms())
        if len(image) > service.limits().max_upload_bytes:
            self._fail(_too_large(file.size or len(image)))
            return None
        service.pending().put(photo_id, image)
        return self._start()

    @rx.event
    def refuse_photo(self, filename: str, size_bytes: int, code: str) -> None:
        """The browser refused the file before sending it; code: the dropzone's reason."""
        self._run = uuid4().hex
        self.photo = Photo(id=uuid4().hex, filename=filename[:200], size_bytes=max(0, size_bytes))
        if code == "file-too-large":
            self._fail(_too_large(size_bytes))
        else:
            self._fail(Trouble(texts.FAIL_NOT_IMAGE, texts.FAIL_NOT_IMAGE_DETAIL))

    @rx.event
    def try_again(self) -> rx.event.EventSpec | None:
        """Send the same photo now, whether it failed or waits."""
        if self.photo.status not in ("failed", "waiting"):
            return None
        return self._start()

    @rx.event
    def clear(self) -> None:
        """Back to the empty page."""
        service.pending().drop(self.photo.id)
        self._run = uuid4().hex
        self.photo = Photo()

    @rx.event(background=True)
    async def classify(self, photo_id: str, run: str) -> None:
        """Sends the photo until it is answered, fails for good, or another attempt takes over."""
        for attempt in range(1, MOST_ATTEMPTS + 1):
            image = service.pending().get(photo_id)
            async with self:
                if self._run != run or self.photo.id != photo_id:
                    return
                if image is None:
                    self._fail(Trouble(texts.FAIL_FORGOTTEN, texts.FAIL_FORGOTTEN_DETAIL))
                    return
                self.photo = replace(self.photo, status="working", since_ms=now_ms(), trouble=Trouble())
                filename = self.photo.filename
            try:
                found = await service.client().classify(image, filename=filename, top_k=MOST_LABELS, min_score=0.0)
            except ArgusClientError as error:
                verdict = failures.explain(error)
                goes_on = verdict.wait is not Wait.NOTHING and attempt < MOST_ATTEMPTS
                pause_s = verdict.pause_s * random.uniform(1.0, 1.25)  # noqa: S311 - spreads the attempts, no secret
                async with self:
                    if self._run != run:
                        return
                    if not goes_on:
                        self._fail(verdict.final)
                        return
                    self._wait(verdict, pause_s)
                await _pause(verdict, pause_s)
                continue
            async with self:
                if self._run != run:
                    return
                self.photo = replace(self.photo, status="done", since_ms=now_ms(), answer=read_answer(found))
            preview = await asyncio.to_thread(make_preview, image)
            async with self:
                if self._run == run and self.photo.id == photo_id:
                    self.photo = replace(self.photo, preview=preview)
            return

    def _start(self) -> rx.event.EventSpec:
        self._run = uuid4().hex
        self.photo = replace(self.photo, status="working", since_ms=now_ms(), trouble=Trouble(), answer=Answer())
        # An event, as above.
        return ClassifyState.classify(self.photo.id, self._run)  # type: ignore[no-any-return,operator]

    def _wait(self, verdict: Verdict, pause_s: float) -> None:
        retry_at_ms = now_ms() + round(pause_s * 1000) if verdict.wait is Wait.TIME else 0
        trouble = replace(verdict.trouble, retry_at_ms=retry_at_ms)
        self.photo = replace(self.photo, status="waiting", since_ms=now_ms(), trouble=trouble)

    def _fail(self, trouble: Trouble) -> None:
        self.photo = replace(self.photo, status="failed", since_ms=now_ms(), trouble=trouble)


def _too_large(size_bytes: int) -> Trouble:
    limit = figures.limit(service.limits().max_upload_bytes)
    detail = texts.FAIL_TOO_LARGE_DETAIL.format(size=figures.size(size_bytes), limit=limit)
    return Trouble(texts.FAIL_TOO_LARGE, detail)


async def _pause(verdict: Verdict, pause_s: float) -> None:
    await asyncio.sleep(pause_s)
    if verdict.wait is Wait.READINESS:
        await service.watch().until_ready(READINESS_TIMEOUT_S)
