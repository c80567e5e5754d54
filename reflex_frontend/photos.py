"""A photo on its way from the browser to its answer, as plain values; knows no Reflex and no HTTP.

queued --> working --> done
             |  ^
             v  |
           waiting      (busy, starting or unreachable: goes on by itself)
             v
           failed
"""

from dataclasses import dataclass, field

from argus_client import Classification


@dataclass(frozen=True)
class Label:
    """One row of an answer; score: 0 to 1."""

    label: str = ""
    score: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What the service said about a photo; times in milliseconds, version shortened for reading."""

    labels: tuple[Label, ...] = ()
    width: int = 0
    height: int = 0
    decode_ms: float = 0.0
    queue_ms: float = 0.0
    model_ms: float = 0.0
    network_ms: float = 0.0
    total_ms: float = 0.0
    model: str = ""
    version: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class Trouble:
    """Why a photo waits or failed, in words for a person.

    retry_at_ms: Unix time of the next attempt, 0 when it depends on the service's health or when there is none.
    can_retry: sending the same bytes again may help.
    """

    title: str = ""
    detail: str = ""
    code: str = ""
    request_id: str = ""
    retry_at_ms: int = 0
    can_retry: bool = False


@dataclass(frozen=True)
class Photo:
    """One photo; status: as drawn above, "" before there is one; preview: data URI.

    at_ms, since_ms: Unix time when it was added, and when its status began.
    refusal: why the browser's script did not send it: "too_large", "not_image", "stopped" or "".
    """

    id: str = ""
    status: str = ""
    filename: str = ""
    size_bytes: int = 0
    preview: str = ""
    at_ms: int = 0
    since_ms: int = 0
    trouble: Trouble = field(default_factory=Trouble)
    answer: Answer = field(default_factory=Answer)
    refusal: str = ""


def read_answer(found: Classification) -> Answer:
    """The service's answer as the page needs it; the network's share is what the service's own figures leave over."""
    timing = found.timing
    known = timing.decode_ms + timing.queue_ms + timing.inference_ms
    return Answer(
        labels=tuple(Label(p.label, p.score) for p in found.predictions),
        width=found.width,
        height=found.height,
        decode_ms=timing.decode_ms,
        queue_ms=timing.queue_ms,
        model_ms=timing.inference_ms,
        network_ms=max(0.0, timing.total_ms - known),
        total_ms=timing.total_ms,
        model=found.model.name,
        version=found.model.version,
        request_id=found.request_id or "",
    )
