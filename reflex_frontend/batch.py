"""Many photos as a person sees them: cards, counts, an order, and files to take away. Knows no Reflex.

photos --> cards (sorted) --> the page
       --> tally          --> the progress bar
       --> CSV, JSON      --> downloads
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from reflex_frontend import figures, texts
from reflex_frontend.photos import Photo

SORTS = ("added", "name", "label", "score", "time")


@dataclass(frozen=True)
class Card:
    """One photo in a few words; width: the score's bar as a CSS percentage; retry_at_ms: 0 when it is not known."""

    id: str = ""
    status: str = ""
    name: str = ""
    title: str = ""
    detail: str = ""
    score: str = ""
    width: str = "0%"
    time: str = ""
    retry_at_ms: int = 0
    can_retry: bool = False


@dataclass(frozen=True)
class Tally:
    """How far a batch is. seconds: from the first photo to the last answer, 0 before the first."""

    total: int = 0
    done: int = 0
    failed: int = 0
    waiting: int = 0
    seconds: float = 0.0

    @property
    def open(self) -> int:
        """Photos that are neither answered nor failed."""
        return self.total - self.done - self.failed


def count(photos: Iterable[Photo]) -> Tally:
    """How far these photos are."""
    total = done = failed = waiting = 0
    begin = end = 0
    for photo in photos:
        total += 1
        done += photo.status == "done"
        failed += photo.status == "failed"
        waiting += photo.status == "waiting"
        begin = min(begin or photo.at_ms, photo.at_ms)
        if photo.status == "done":
            end = max(end, photo.since_ms)
    return Tally(total, done, failed, waiting, max(0, end - begin) / 1000)


def find_next_attempt(photos: Iterable[Photo]) -> int:
    """When the first of the photos that the service refused for now is sent again, Unix time in ms; 0: none was."""
    return min((p.trouble.retry_at_ms for p in photos if p.status == "waiting" and p.trouble.retry_at_ms), default=0)


def describe_tally(tally: Tally) -> str:
    """One line on a batch, while it runs and afterwards."""
    if tally.open:
        parts = [texts.BATCH_RUNNING.format(done=tally.done, total=tally.total)]
    else:
        parts = [texts.BATCH_DONE.format(done=tally.done, total=tally.total)]
        if tally.seconds and tally.done:
            parts.append(texts.BATCH_TIME.format(time=figures.milliseconds(tally.seconds * 1000)))
            parts.append(texts.BATCH_RATE.format(rate=figures.rate(tally.done / tally.seconds)))
    if tally.failed:
        parts.append(texts.BATCH_FAILED.format(count=tally.failed))
    return " · ".join(parts)


def make_card(photo: Photo) -> Card:
    """The photo in a few words."""
    card = Card(id=photo.id, status=photo.status, name=photo.filename)
    if photo.status == "done" and photo.answer.labels:
        first = photo.answer.labels[0]
        return replace(
            card,
            title=first.label,
            score=figures.percent(first.score),
            width=f"{first.score * 100:.2f}%",
            time=figures.milliseconds(photo.answer.total_ms),
        )
    if photo.status in ("failed", "waiting"):
        trouble = photo.trouble
        return replace(
            card,
            title=trouble.title,
            detail=trouble.detail,
            retry_at_ms=trouble.retry_at_ms,
            can_retry=trouble.can_retry,
        )
    return replace(card, title=texts.QUEUED if photo.status == "queued" else texts.WORKING_SHORT)


def sort(photos: Sequence[Photo], by: str, *, descending: bool = False) -> list[Photo]:
    """The photos in an order of SORTS; those without an answer come last where an answer decides."""
    if by not in SORTS or by == "added":
        return list(reversed(photos)) if descending else list(photos)
    if by == "name":
        return sorted(photos, key=lambda photo: photo.filename.casefold(), reverse=descending)
    answered = [photo for photo in photos if photo.status == "done" and photo.answer.labels]
    others = [photo for photo in photos if not (photo.status == "done" and photo.answer.labels)]
    keys = {
        "label": lambda photo: photo.answer.labels[0].label.casefold(),
        "score": lambda photo: photo.answer.labels[0].score,
        "time": lambda photo: photo.answer.total_ms,
    }
    return [*sorted(answered, key=keys[by], reverse=descending), *others]


def write_csv(photos: Iterable[Photo], *, top_k: int) -> str:
    """One row a photo: file, size, status, the strongest labels with their scores, times in milliseconds, origin."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    labels = [name for n in range(1, top_k + 1) for name in (f"label_{n}", f"score_{n}")]
    times = ["decode_ms", "queue_ms", "model_ms", "network_ms", "total_ms"]
    writer.writerow(
        ["filename", "width", "height", "status", "error", *labels, *times, "model", "version", "request_id"]
    )
    for photo in photos:
        answer = photo.answer
        found: list[str] = []
        for label in answer.labels[:top_k]:
            found += [label.label, f"{label.score:.6f}"]
        found += [""] * (2 * top_k - len(found))
        measured = [f"{getattr(answer, name):.3f}" if photo.status == "done" else "" for name in times]
        size = [answer.width or "", answer.height or ""]
        origin = [answer.model, answer.version, answer.request_id or photo.trouble.request_id]
        writer.writerow([photo.filename, *size, photo.status, photo.trouble.title, *found, *measured, *origin])
    return out.getvalue()


def write_json(photos: Iterable[Photo], *, top_k: int) -> str:
    """The same as JSON: a list with one object a photo, `error` instead of an answer where it failed."""
    return json.dumps([_describe(photo, top_k) for photo in photos], indent=2, ensure_ascii=False) + "\n"


def _describe(photo: Photo, top_k: int) -> dict[str, Any]:
    described: dict[str, Any] = {"filename": photo.filename, "size_bytes": photo.size_bytes, "status": photo.status}
    if photo.status == "done":
        answer = asdict(photo.answer)
        answer["labels"] = answer["labels"][:top_k]
        return described | answer
    if photo.status == "failed":
        trouble = photo.trouble
        described["error"] = {
            "title": trouble.title,
            "detail": trouble.detail,
            "code": trouble.code,
            "request_id": trouble.request_id,
        }
    return described
