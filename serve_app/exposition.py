"""What the meters counted -> Prometheus's text: names, labels and units of every metric are decided here.

They are a contract with people's dashboards and alerts, described in docs/metrics.md: a new one may come, none is
renamed. Knows nothing of HTTP, of Ray, or of how the figures came together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from prometheus_client import exposition
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from serve_app import meters
from serve_app.artifacts import ModelCard
from serve_app.errors import HttpError
from serve_app.meters import Key, Samples
from serve_app.status import Status

MEDIA_TYPE = exposition.CONTENT_TYPE_PLAIN_0_0_4

_PER_S = 1000.0  # milliseconds


@dataclass(frozen=True, slots=True)
class Family:
    """A metric. name: as it is asked for, without the `_bucket`, `_sum` and `_count` of a histogram."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class _Counted:
    """Where a family's numbers are. source: first word of the samples' keys; scale: what they are divided by."""

    family: Family
    source: str
    scale: float = 1.0
    bounds: tuple[float, ...] = ()


_DURATION = "of images that were classified, in seconds."
_COUNTED = (
    _Counted(
        Family(
            "argus_requests_total",
            "counter",
            ("route", "code"),
            "Requests by route and HTTP status; 499 where the client left before its answer.",
        ),
        meters.REQUESTS,
    ),
    _Counted(
        Family(
            "argus_request_duration_seconds",
            "histogram",
            ("route", "code"),
            "Time from a request's arrival in a replica to the begin of its answer, in seconds.",
        ),
        meters.REQUESTS,
        _PER_S,
        meters.REQUEST_BOUNDS_MS,
    ),
    _Counted(
        Family(
            "argus_problems_total",
            "counter",
            ("code", "reason"),
            "Requests answered with a problem, by HTTP status and the problem's code.",
        ),
        meters.PROBLEMS,
    ),
    _Counted(
        Family(
            "argus_images_total",
            "counter",
            ("model", "result"),
            "Images by what became of them: classified, or the code of the problem that they had.",
        ),
        meters.IMAGES,
    ),
    _Counted(
        Family("argus_decode_duration_seconds", "histogram", ("model",), f"Decoding and resizing {_DURATION}"),
        meters.DECODE,
        _PER_S,
        meters.STAGE_BOUNDS_MS,
    ),
    _Counted(
        Family(
            "argus_queue_duration_seconds",
            "histogram",
            ("model",),
            f"Waiting for a decoder and for the model {_DURATION}",
        ),
        meters.QUEUE,
        _PER_S,
        meters.STAGE_BOUNDS_MS,
    ),
    _Counted(
        Family("argus_inference_duration_seconds", "histogram", ("model",), f"The model's batch {_DURATION}"),
        meters.INFERENCE,
        _PER_S,
        meters.STAGE_BOUNDS_MS,
    ),
    _Counted(
        Family("argus_batch_images", "histogram", ("model",), "Images in a batch, as the model's thread took it."),
        meters.BATCHES,
        bounds=meters.BATCH_BOUNDS,
    ),
    _Counted(
        Family(
            "argus_model_busy_seconds_total",
            "counter",
            ("model",),
            "Time that the models' threads worked on batches, in seconds, over all replicas.",
        ),
        meters.BUSY,
    ),
    _Counted(
        Family(
            "argus_borrowed_images_total",
            "counter",
            ("model",),
            "Images that a replica's model ran for another replica of the same node.",
        ),
        meters.BORROWED,
    ),
)

# By label values; None: not known, so left out.
_Values = Mapping[tuple[str, ...], float | None]

_ONGOING = Family("argus_ongoing_requests", "gauge", (), "Requests that brought images and are under way.")
_QUEUED = Family("argus_queued_images", "gauge", (), "Images that wait for a decoder or for the model.")
_REPLICAS = Family(
    "argus_replicas", "gauge", ("deployment", "state"), "Replicas by state: running, starting, stopping."
)
_TARGET = Family("argus_replicas_target", "gauge", ("deployment",), "Replicas that there should be now.")
_LEAST = Family("argus_replicas_min", "gauge", ("deployment",), "Fewest replicas that scaling leaves.")
_MOST = Family("argus_replicas_max", "gauge", ("deployment",), "Most replicas that scaling makes.")
_MODEL = Family(
    "argus_model_info", "gauge", ("model", "version", "runtime", "precision"), "The models that are served; always 1."
)
_BUILD = Family("argus_build_info", "gauge", ("version",), "The version of Argus; always 1.")

FAMILIES = (
    *(counted.family for counted in _COUNTED),
    _ONGOING,
    _QUEUED,
    _REPLICAS,
    _TARGET,
    _LEAST,
    _MOST,
    _MODEL,
    _BUILD,
)


def render_metrics(status: Status, models: Mapping[str, ModelCard], *, version: str, routes: Sequence[str]) -> bytes:
    """The text of all metrics.

    status: of the whole service. models: those that are served, by name. version: of Argus. routes: of classify
    requests. What has not happened yet is shown as 0 where it is known beforehand, so that its first time is seen as a
    rise.
    """
    samples = {**make_zeros(models, routes), **status.figures.samples}
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Metrics([*_describe_counted(samples), *_describe_state(status, models, version)]))
    return exposition.generate_latest(registry)


def make_zeros(models: Iterable[str], routes: Iterable[str]) -> Samples:
    """The samples of a service in which nothing has happened."""
    requests = tuple(meters.make_histogram(meters.REQUEST_BOUNDS_MS))
    stages = tuple(meters.make_histogram(meters.STAGE_BOUNDS_MS))
    zeros: dict[Key, tuple[float, ...]] = {(meters.REQUESTS, route, "200"): requests for route in routes}
    for kind in _list_errors(HttpError):
        zeros[meters.PROBLEMS, str(kind.status), kind.code] = (0,)
    for model in models:
        zeros[meters.IMAGES, model, meters.CLASSIFIED] = (0,)
        for stage in (meters.DECODE, meters.QUEUE, meters.INFERENCE):
            zeros[stage, model] = stages
        sizes, busy, borrowed = meters.BatchMeter().take()
        zeros.update({(meters.BATCHES, model): sizes, (meters.BUSY, model): busy, (meters.BORROWED, model): borrowed})
    return zeros


class _Metrics(Collector):
    """What a registry of prometheus_client takes: metrics that are made already."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """See `Collector.collect`."""
        return self._metrics


def _describe_counted(samples: Samples) -> Iterator[Metric]:
    for counted in _COUNTED:
        family = counted.family
        found = sorted((key[1:], numbers) for key, numbers in samples.items() if key[0] == counted.source)
        if family.kind == "histogram":
            histogram = HistogramMetricFamily(family.name, family.meaning, labels=family.labels)
            bounds = [*(repr(bound / counted.scale) for bound in counted.bounds), "+Inf"]
            for labels, numbers in found:
                buckets = list(zip(bounds, accumulate(numbers[:-1]), strict=True))
                histogram.add_metric(labels, buckets, numbers[-1] / counted.scale)
            yield histogram
        else:
            counter = CounterMetricFamily(family.name, family.meaning, labels=family.labels)
            for labels, numbers in found:
                # A histogram's counts, without its sum, add up to how often it was observed.
                counter.add_metric(labels, sum(numbers[:-1]) if len(numbers) > 1 else numbers[0])
            yield counter


def _describe_state(status: Status, models: Mapping[str, ModelCard], version: str) -> Iterator[Metric]:
    yield _make_gauge(_ONGOING, {(): status.figures.ongoing})
    yield _make_gauge(_QUEUED, {(): status.figures.queued})
    replicas: dict[tuple[str, ...], float | None] = {}
    for scale in status.deployments:
        replicas[scale.name, "running"] = scale.running
        # What the controller alone knows is left out, and not guessed, where it did not say.
        replicas[scale.name, "starting"] = scale.starting if status.complete else None
        replicas[scale.name, "stopping"] = scale.stopping if status.complete else None
    yield _make_gauge(_REPLICAS, replicas)
    scales = status.deployments if status.complete else ()
    yield _make_gauge(_TARGET, {(scale.name,): scale.target for scale in scales})
    yield _make_gauge(_LEAST, {(scale.name,): scale.least for scale in scales})
    yield _make_gauge(_MOST, {(scale.name,): scale.most for scale in scales})
    yield _make_gauge(_MODEL, {(name, card.version, card.runtime, card.precision): 1 for name, card in models.items()})
    yield _make_gauge(_BUILD, {(version,): 1})


def _make_gauge(family: Family, values: _Values) -> Metric:
    gauge = GaugeMetricFamily(family.name, family.meaning, labels=family.labels)
    for labels, value in values.items():
        if value is not None:
            gauge.add_metric(labels, value)
    return gauge


def _list_errors(base: type[HttpError]) -> Iterator[type[HttpError]]:
    for kind in base.__subclasses__():
        if "code" in vars(kind):
            yield kind
        yield from _list_errors(kind)
