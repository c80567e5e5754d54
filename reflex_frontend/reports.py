"""What the page's script reports of its photos, read into plain values; trusts nothing of it and knows no Reflex.

The script sits in the visitor's browser, so a report can hold anything. What cannot be read becomes the field's
default, and texts and lists are cut, so that no session grows beyond what its photos need.
"""

import math
from collections.abc import Mapping
from typing import Any

from reflex_frontend.photos import Answer, Label, Photo, Trouble

STATUSES = ("queued", "working", "waiting", "done", "failed")
MOST_LABELS = 10
MOST_PREVIEW_CHARACTERS = 400_000
_MOST_CHARACTERS = 200
_PREVIEW_START = "data:image/"


def read_photo(report: Mapping[str, Any]) -> Photo | None:
    """A photo as reported, or None without an id or with a status that does not exist."""
    photo_id, status = _text(report.get("id")), _text(report.get("status"))
    if not photo_id or status not in STATUSES:
        return None
    return Photo(
        id=photo_id,
        status=status,
        filename=_text(report.get("name")),
        size_bytes=int(_number(report.get("size_bytes"))),
        preview=_preview(report.get("preview")),
        at_ms=int(_number(report.get("at_ms"))),
        since_ms=int(_number(report.get("since_ms"))),
        trouble=read_trouble(_mapping(report.get("trouble")), retry_at_ms=int(_number(report.get("retry_at_ms")))),
        answer=read_answer(_mapping(report.get("answer"))),
        refusal=_text(report.get("refusal")),
    )


def read_trouble(report: Mapping[str, Any], *, retry_at_ms: int = 0) -> Trouble:
    """Why a photo waits or failed."""
    return Trouble(
        title=_text(report.get("title")),
        detail=_text(report.get("detail"), most=600),
        code=_text(report.get("code")),
        request_id=_text(report.get("request_id")),
        retry_at_ms=retry_at_ms,
        can_retry=report.get("can_retry") is True,
    )


def read_answer(report: Mapping[str, Any]) -> Answer:
    """An answer as `/photos` gave it to the script."""
    labels = report.get("labels")
    rows = [_mapping(row) for row in labels[:MOST_LABELS]] if isinstance(labels, list | tuple) else []
    return Answer(
        labels=tuple(Label(_text(row.get("label")), min(1.0, _number(row.get("score")))) for row in rows),
        width=int(_number(report.get("width"))),
        height=int(_number(report.get("height"))),
        decode_ms=_number(report.get("decode_ms")),
        queue_ms=_number(report.get("queue_ms")),
        model_ms=_number(report.get("model_ms")),
        network_ms=_number(report.get("network_ms")),
        total_ms=_number(report.get("total_ms")),
        model=_text(report.get("model")),
        version=_text(report.get("version")),
        request_id=_text(report.get("request_id")),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any, most: int = _MOST_CHARACTERS) -> str:
    return value[:most] if isinstance(value, str) else ""


def _number(value: Any) -> float:
    """A finite number from 0 to 1e15, or 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0.0
    return min(max(0.0, float(value)), 1e15)


def _preview(value: Any) -> str:
    fits = isinstance(value, str) and value.startswith(_PREVIEW_START) and len(value) <= MOST_PREVIEW_CHARACTERS
    return str(value) if fits else ""
