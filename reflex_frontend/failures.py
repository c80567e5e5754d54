"""From failures to words for a person: what happened, what to do, and whether to wait; knows no Reflex."""

from dataclasses import dataclass
from enum import Enum

from argus_client import (
    ArgusClientError,
    DeadlineExceeded,
    Forbidden,
    ImageTooLarge,
    MalformedRequest,
    NotReady,
    Overloaded,
    PayloadTooLarge,
    ProblemError,
    RateLimited,
    ServiceUnreachable,
    Unauthenticated,
    UndecodableImage,
    UnsupportedMediaType,
)
from reflex_frontend import figures, texts
from reflex_frontend.photos import Photo, Trouble

DEFAULT_PAUSE_S = 1.0


class Wait(Enum):
    """What must happen before the same photo is sent again without being asked."""

    NOTHING = "nothing"  # it would fail again; a person decides
    TIME = "time"  # the service said when to come back
    READINESS = "readiness"  # the service is not there; its health says when it is


@dataclass(frozen=True)
class Verdict:
    """What to show now (`trouble`), what to show when waiting did not help (`final`), and how to wait."""

    trouble: Trouble
    final: Trouble
    wait: Wait
    pause_s: float = 0.0


_FINAL: tuple[tuple[type[ArgusClientError], str, str, bool], ...] = (
    (PayloadTooLarge, texts.FAIL_TOO_LARGE, texts.FAIL_TOO_LARGE_SERVICE_DETAIL, False),
    (UnsupportedMediaType, texts.FAIL_NOT_IMAGE, texts.FAIL_NOT_IMAGE_DETAIL, False),
    (UndecodableImage, texts.FAIL_UNDECODABLE, texts.FAIL_UNDECODABLE_DETAIL, False),
    (MalformedRequest, texts.FAIL_UNDECODABLE, texts.FAIL_UNDECODABLE_DETAIL, False),
    (ImageTooLarge, texts.FAIL_PIXELS, texts.FAIL_PIXELS_DETAIL, False),
    (Unauthenticated, texts.FAIL_REFUSED, texts.FAIL_REFUSED_DETAIL, True),
    (Forbidden, texts.FAIL_REFUSED, texts.FAIL_REFUSED_DETAIL, True),
    (DeadlineExceeded, texts.FAIL_DEADLINE, texts.FAIL_DEADLINE_DETAIL, True),
)


def explain(error: ArgusClientError) -> Verdict:
    """What a failed attempt means for the photo."""
    code, request_id = _names(error)
    if isinstance(error, ServiceUnreachable | NotReady):
        title = texts.WAIT_STARTING if isinstance(error, NotReady) else texts.WAIT_UNREACHABLE
        final = Trouble(title, texts.FAIL_UNREACHABLE_DETAIL, code, request_id, can_retry=True)
        return Verdict(Trouble(title, texts.KEPT, can_retry=True), final, Wait.READINESS, DEFAULT_PAUSE_S)
    if isinstance(error, Overloaded | RateLimited):
        final = Trouble(texts.WAIT_BUSY, texts.FAIL_BUSY_DETAIL, code, request_id, can_retry=True)
        pause_s = max(error.retry_after_s or DEFAULT_PAUSE_S, DEFAULT_PAUSE_S)
        return Verdict(Trouble(texts.WAIT_BUSY, texts.WAIT_BUSY_DETAIL, can_retry=True), final, Wait.TIME, pause_s)
    title, detail, can_retry = texts.FAIL_INTERNAL, texts.FAIL_INTERNAL_DETAIL, True
    for kind, kind_title, kind_detail, kind_retry in _FINAL:
        if isinstance(error, kind):
            title, detail, can_retry = kind_title, kind_detail, kind_retry
            break
    trouble = Trouble(title, detail, code, request_id, can_retry=can_retry)
    return Verdict(trouble, trouble, Wait.NOTHING)


def explain_refusal(photo: Photo, max_upload_bytes: int) -> Trouble | None:
    """Words for what the browser's script itself refused or stopped; None when it did neither."""
    if photo.refusal == "too_large":
        limit = figures.limit(max_upload_bytes)
        detail = texts.FAIL_TOO_LARGE_DETAIL.format(size=figures.size(photo.size_bytes), limit=limit)
        return Trouble(texts.FAIL_TOO_LARGE, detail)
    if photo.refusal == "not_image":
        return Trouble(texts.FAIL_NOT_IMAGE, texts.FAIL_NOT_IMAGE_DETAIL)
    if photo.refusal == "stopped":
        return Trouble(texts.FAIL_STOPPED, texts.FAIL_STOPPED_DETAIL, can_retry=True)
    return None


def _names(error: ArgusClientError) -> tuple[str, str]:
    return (error.code, error.request_id or "") if isinstance(error, ProblemError) else ("", "")
