"""The text that Prometheus reads, parsed back."""

import math
import re

import pytest
from prometheus_client.metrics_core import Metric

from serve_app import errors, meters
from serve_app.exposition import FAMILIES, Family, render_metrics
from serve_app.meters import BatchMeter, Meters
from serve_app.status import DeploymentScale, Status, add_up, describe_service
from serve_app.tally import Tally
from tests.fakes import make_card
from tests.scraping import parse_metrics, read_value

SCALES = (DeploymentScale("ImageClassifier", 2, 1, 0, 3, 1, 4), DeploymentScale("Unbounded", 1, 0, 0, 1))
ROUTES = ("/v1/classify",)


def describe(
    counted: Meters | None = None,
    batches: BatchMeter | None = None,
    scales: tuple[DeploymentScale, ...] | None = SCALES,
) -> Status:
    samples = (counted or Meters()).take({"colors": batches} if batches else {})
    tally = Tally()
    tally.ongoing = 3
    return describe_service(add_up([tally.take("ImageClassifier", 2, samples)]), "ImageClassifier", scales=scales)


def render(status: Status) -> str:
    return render_metrics(status, {"colors": make_card()}, version="1.2.3", routes=ROUTES).decode()


@pytest.fixture
def busy() -> str:
    """The text of a service where everything has happened."""
    counted, batches = Meters(), BatchMeter()
    counted.count_request("/v1/classify", 200, 12.0)
    counted.count_request("/v1/classify", 200, 350.0)
    counted.count_request("/v1/classify", 429, 0.4)
    counted.count_problem(429, "overloaded")
    counted.count_image("colors", 2.4, 0.1, 6.0)
    counted.count_failed_image("colors", "undecodable_image")
    batches.count(5, 0.25)
    return render(describe(counted, batches))


def test_every_metric_is_what_its_family_says(busy: str) -> None:
    """Names, types, labels and help; nothing else is there."""
    found = parse_metrics(busy)
    assert set(found) == {family.name for family in FAMILIES}
    for family in FAMILIES:
        metric = found[family.name]
        assert (metric.type, metric.documentation) == (family.kind, family.meaning)
        assert metric.samples, family.name
        for sample in metric.samples:
            assert set(sample.labels) - {"le"} == set(family.labels), sample


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_names_follow_prometheus_s_conventions(family: Family) -> None:
    """Prefix, lower case, base units, and `_total` for counters alone."""
    assert re.fullmatch(r"argus(_[a-z]+)+", family.name)
    assert family.name.endswith("_total") == (family.kind == "counter")
    assert not re.search(r"_(ms|milliseconds|bytes_total_bytes|count|sum|bucket)\b", family.name)
    if "duration" in family.name or "busy" in family.name:
        assert "_seconds" in family.name
        assert "in seconds" in family.meaning
    assert family.meaning.endswith(".")


def test_histograms_are_whole(busy: str) -> None:
    """Buckets rise to +Inf, which is the count; the sum is in seconds."""
    for metric in parse_metrics(busy).values():
        if metric.type == "histogram":
            check_histogram(metric)
    labels = {"route": "/v1/classify", "code": "200"}
    assert read_value(busy, "argus_request_duration_seconds_sum", **labels) == pytest.approx(0.362)
    for le, count in (("0.01", 0), ("0.02", 1), ("0.2", 1), ("0.35", 2), ("+Inf", 2)):
        assert read_value(busy, "argus_request_duration_seconds_bucket", le=le, **labels) == count


def check_histogram(metric: Metric) -> None:
    series: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
    for sample in metric.samples:
        if sample.name.endswith("_bucket"):
            labels = tuple(sorted((key, value) for key, value in sample.labels.items() if key != "le"))
            series.setdefault(labels, []).append((float(sample.labels["le"]), sample.value))
    assert series
    for labels, buckets in series.items():
        bounds, counts = zip(*buckets, strict=True)
        assert list(bounds) == sorted(set(bounds))
        assert bounds[-1] == math.inf
        assert list(counts) == sorted(counts)
        (count,) = (s.value for s in metric.samples if s.name.endswith("_count") and s.labels == dict(labels))
        assert count == counts[-1]


def test_counters_count(busy: str) -> None:
    """What was counted is what is read, in seconds where it is time."""
    assert read_value(busy, "argus_requests_total", route="/v1/classify", code="200") == 2
    assert read_value(busy, "argus_requests_total", route="/v1/classify", code="429") == 1
    assert read_value(busy, "argus_problems_total", code="429", reason="overloaded") == 1
    assert read_value(busy, "argus_images_total", model="colors", result="classified") == 1
    assert read_value(busy, "argus_images_total", model="colors", result="undecodable_image") == 1
    assert read_value(busy, "argus_model_busy_seconds_total", model="colors") == 0.25
    assert read_value(busy, "argus_batch_images_bucket", model="colors", le="4.0") == 0
    assert read_value(busy, "argus_batch_images_bucket", model="colors", le="8.0") == 1
    assert read_value(busy, "argus_decode_duration_seconds_sum", model="colors") == pytest.approx(0.0024)


def test_the_state_of_the_service_is_shown(busy: str) -> None:
    """Replicas as the controller counts them, work under way, the model and the version."""
    values = [
        read_value(busy, "argus_replicas", deployment="ImageClassifier", state=state)
        for state in ("running", "starting", "stopping")
    ]
    assert values == [2, 1, 0]
    limits = [
        read_value(busy, f"argus_replicas_{one}", deployment="ImageClassifier") for one in ("target", "min", "max")
    ]
    assert limits == [3, 1, 4]
    assert (read_value(busy, "argus_ongoing_requests"), read_value(busy, "argus_queued_images")) == (3, 2)
    model = {"model": "colors", "version": "0123456789ab", "runtime": "fake", "precision": "fp32"}
    assert read_value(busy, "argus_model_info", **model) == 1
    assert read_value(busy, "argus_build_info", version="1.2.3") == 1


def test_what_has_not_happened_yet_is_there_as_nothing() -> None:
    """Every reason of the error tree, the classify route and the model's stages begin at 0, so a rise can be seen."""
    found = parse_metrics(render(describe()))
    reasons = {(one.labels["code"], one.labels["reason"]) for one in found["argus_problems_total"].samples}
    kinds = [*errors.RequestError.__subclasses__(), *errors.ServiceError.__subclasses__(), errors.ModelNotFound]
    assert reasons == {(str(kind.status), kind.code) for kind in kinds}
    for family in FAMILIES:
        if family.kind != "gauge":
            assert found[family.name].samples
            assert all(sample.value == 0 for sample in found[family.name].samples)


def test_without_the_controller_nothing_is_guessed() -> None:
    """How many replicas were heard is known; how many there should be is not."""
    found = parse_metrics(render(describe(scales=None)))
    assert [sample.labels["state"] for sample in found["argus_replicas"].samples] == ["running"]
    assert not found["argus_replicas_target"].samples
    assert not found["argus_replicas_max"].samples


def test_an_unknown_bound_of_scaling_is_left_out(busy: str) -> None:
    """A deployment whose configuration names none has no series."""
    found = parse_metrics(busy)["argus_replicas_max"].samples
    assert [sample.labels["deployment"] for sample in found] == ["ImageClassifier"]


def test_labels_take_any_text() -> None:
    """A name with quotes or line breaks comes back as it was."""
    counted = Meters()
    counted.count_request('a "route"\nof \\ two lines', 200, 1.0)
    text = render(describe(counted))
    assert read_value(text, "argus_requests_total", route='a "route"\nof \\ two lines', code="200") == 1


def test_bounds_rise_and_are_few() -> None:
    """Each costs a line in every series."""
    for bounds in (meters.REQUEST_BOUNDS_MS, meters.STAGE_BOUNDS_MS, meters.BATCH_BOUNDS):
        assert list(bounds) == sorted(set(bounds))
        assert len(bounds) <= 14
