"""What comes back, for each call: bytes of an answer to results, or to the error they mean.

No input or output. An answer that is not in the service's contract, whatever its status, is a ServiceUnreachable:
something other than Argus, or another version of it, answers at that address.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, TypeVar

from argus_client.errors import (
    PROBLEMS,
    ArgusClientError,
    ImageTooLarge,
    Overloaded,
    PayloadTooLarge,
    ProblemError,
    ServiceUnreachable,
    UndecodableImage,
    UnsupportedMediaType,
    UrlNotFetched,
)
from argus_client.requests import REQUEST_ID_HEADER
from argus_client.results import (
    Accuracy,
    Classification,
    Deployment,
    LatencyMs,
    Model,
    ModelRef,
    Prediction,
    Quantisation,
    Readiness,
    Replicas,
    ServiceStatus,
    Timing,
    Totals,
)

T = TypeVar("T")

# What can be wrong with one image alone. The service answers a request of one image with the image's error as the
# response's own; a batch of one must still give it as a value.
_ITEM_ERRORS = (UndecodableImage, ImageTooLarge, UnsupportedMediaType, PayloadTooLarge, UrlNotFetched)
# Statuses whose meaning is the same whoever answers: Ray's own text for a full queue, a gateway's for a large body.
_PLAIN_STATUSES: dict[int, type[ProblemError]] = {413: PayloadTooLarge, 429: Overloaded}
_STARTING_STATUSES = frozenset({404, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer; headers: names in lower case; total_ms: the round trip."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    total_ms: float


def read_error(answer: Answer) -> ArgusClientError:
    """The error that an answer outside 2xx means."""
    try:
        document = json.loads(answer.body)
        if isinstance(document, dict) and isinstance(document.get("code"), str):
            return _problem(document, answer)
    except ValueError:
        pass  # Not JSON, so not the service's own; it is judged by its status below.
    known = _PLAIN_STATUSES.get(answer.status)
    if known is not None and known.CODE is not None:
        return known(
            status=answer.status,
            code=known.CODE,
            title=known.CODE.replace("_", " ").capitalize(),
            detail=_excerpt(answer.body) or f"The service answered {answer.status}.",
            request_id=answer.headers.get(REQUEST_ID_HEADER.lower()),
            retry_after_s=retry_after_s(answer),
        )
    text = _excerpt(answer.body)
    return ServiceUnreachable(
        f"The answer ({answer.status}{': ' + text if text else ''}) does not come from Argus. "
        "It may still be starting; otherwise check the address."
    )


def retry_after_s(answer: Answer) -> float | None:
    """Seconds to wait as the Retry-After header says, given in seconds or as a date; None without a usable one."""
    value = answer.headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        from email.utils import parsedate_to_datetime  # slow to load, and hardly any server sends a date

        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def read_classification(filename: str | None) -> Callable[[Answer], Classification]:
    """A reader of the answer for one image; the item's error is raised."""

    def read(answer: Answer) -> Classification:
        (item,) = _read(answer, lambda document: _results(document, answer, [filename]))
        if isinstance(item, ProblemError):
            raise item
        return item

    return read


def read_batch(filenames: Sequence[str | None]) -> Callable[[Answer], list[Classification | ProblemError]]:
    """A reader of the answer for several images, in their order; an item's error is a value in the list."""

    def read(answer: Answer) -> list[Classification | ProblemError]:
        if len(filenames) == 1 and answer.status >= 400:
            error = read_error(answer)
            if isinstance(error, _ITEM_ERRORS):
                return [error]
            raise error
        return _read(answer, lambda document: _results(document, answer, filenames))

    return read


def read_models(answer: Answer) -> list[Model]:
    """Every model that the service serves."""
    return _read(answer, lambda document: [_model(item) for item in document["models"]])


def read_model(answer: Answer) -> Model:
    """One model."""
    return _read(answer, _model)


def read_labels(answer: Answer) -> list[str]:
    """The labels of a model; the index is the class id."""
    return _read(answer, lambda document: [str(label) for label in document["labels"]])


def read_status(answer: Answer) -> ServiceStatus:
    """What the service is doing."""
    return _read(answer, _status)


def read_live(answer: Answer) -> bool:
    """True when the service says that it runs."""
    return answer.status == 200


def read_readiness(answer: Answer) -> Readiness:
    """The state of the service by its own or a gateway's answer."""
    if answer.status == 200:
        return Readiness("ready", "The service is ready.")
    error = read_error(answer)
    if isinstance(error, ProblemError):
        state: Any = "starting" if answer.status in _STARTING_STATUSES else "unreachable"
        return Readiness(state, error.detail, error.retry_after_s)
    if answer.status in _STARTING_STATUSES:
        # What HAProxy and Ray answer by themselves while no replica is there yet.
        return Readiness("starting", "The service is starting.", retry_after_s(answer))
    return Readiness("unreachable", str(error))


def _read(answer: Answer, convert: Callable[[Any], T]) -> T:
    if not 200 <= answer.status < 300:
        raise read_error(answer)
    try:
        return convert(json.loads(answer.body))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServiceUnreachable(
            "What answers at this address is not Argus, or a version that this client does not know: "
            f"{type(error).__name__}: {error}."
        ) from error


def _results(document: Any, answer: Answer, filenames: Sequence[str | None]) -> list[Classification | ProblemError]:
    items = document["results"]
    if len(items) != len(filenames):
        raise ValueError(f"{len(filenames)} images were sent and {len(items)} results came back")
    model = ModelRef(document["model"]["name"], str(document["model"]["version"]))
    request_id = document.get("request_id") or answer.headers.get(REQUEST_ID_HEADER.lower())
    return [_result(item, answer, name, model, request_id) for item, name in zip(items, filenames, strict=True)]


def _result(
    item: Any, answer: Answer, filename: str | None, model: ModelRef, request_id: str | None
) -> Classification | ProblemError:
    if item.get("error") is not None:
        return _problem({"request_id": request_id, **item["error"]}, answer)
    timing = item["timing_ms"]
    return Classification(
        filename=filename or item.get("filename"),
        width=int(item["width"]),
        height=int(item["height"]),
        predictions=tuple(
            Prediction(int(one["class_id"]), str(one["label"]), float(one["score"])) for one in item["predictions"]
        ),
        timing=Timing(
            float(timing["decode"]), float(timing["queue"]), float(timing["inference"]), total_ms=answer.total_ms
        ),
        model=model,
        request_id=request_id,
    )


def _problem(document: Mapping[str, Any], answer: Answer) -> ProblemError:
    code = str(document["code"])
    return PROBLEMS.get(code, ProblemError)(
        status=int(document.get("status", answer.status)),
        code=code,
        title=str(document.get("title", "")),
        detail=str(document.get("detail", "")),
        request_id=document.get("request_id") or answer.headers.get(REQUEST_ID_HEADER.lower()),
        retry_after_s=retry_after_s(answer),
    )


def _model(item: Any) -> Model:
    return Model(
        name=str(item["name"]),
        version=str(item["version"]),
        default=bool(item.get("default", False)),
        num_classes=int(item["num_classes"]),
        input=item.get("input") or {},
        preprocessing=item.get("preprocessing") or {},
        runtime=str(item.get("runtime", "")),
        precision=str(item.get("precision", "")),
        license=item.get("license"),
        state=str(item.get("state", "")),
        accuracy=None if item.get("accuracy") is None else _accuracy(item["accuracy"]),
        weights=str(item.get("weights") or ""),
        num_parameters=int(item.get("num_parameters") or 0),
        source=str(item.get("source") or ""),
        quantisation=None if item.get("quantisation") is None else _quantisation(item["quantisation"]),
    )


def _quantisation(item: Any) -> Quantisation:
    return Quantisation(
        calibration_photos=int(item["calibration_photos"]),
        checked_photos=int(item["checked_photos"]),
        agreement=float(item["agreement"]),
    )


def _accuracy(item: Any) -> Accuracy:
    top5 = item.get("top5")
    return Accuracy(
        top1=float(item["top1"]),
        top5=None if top5 is None else float(top5),
        photos=int(item["photos"]),
        precision=str(item["precision"]),
        source=str(item["source"]),
    )


def _status(document: Any) -> ServiceStatus:
    latency, totals = document["latency_ms"], document["totals"]
    rates = ("requests_per_s", "images_per_s", "refused_per_s", "errors_per_s", "offered_per_s")
    return ServiceStatus(
        replicas=Replicas(**_replicas(document["replicas"])),
        ongoing=int(document["ongoing"]),
        queued=int(document["queued"]),
        **{name: float(document[name]) for name in rates},
        latency_ms=LatencyMs(
            **{name: None if latency[name] is None else float(latency[name]) for name in ("p50", "p95", "p99")}
        ),
        window_s=float(document["window_s"]),
        totals=Totals(**{field.name: int(totals[field.name]) for field in fields(Totals)}),
        uptime_s=float(document["uptime_s"]),
        complete=bool(document.get("complete", True)),
        deployments=tuple(
            Deployment(**_replicas(item), name=str(item["name"]), min=item.get("min"), max=item.get("max"))
            for item in document["deployments"]
        ),
    )


def _replicas(item: Any) -> dict[str, int]:
    return {name: int(item[name]) for name in ("running", "starting", "stopping", "target")}


def _excerpt(body: bytes, limit: int = 120) -> str:
    text = " ".join(body[:1000].decode("utf-8", "replace").split())
    return text if len(text) <= limit else text[:limit] + " ..."
