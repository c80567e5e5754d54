"""The benchmark of a GPU: what it starts, and what it makes of loads and counters. What needs a GPU is not run here."""

import multiprocessing
from typing import Any, Self

import pytest

from benchmarks import gpu_arrangements
from benchmarks.generator import Load
from benchmarks.gpu import tabulate_served
from benchmarks.gpu_arrangements import GpuArrangement, list_arrangements
from benchmarks.gpu_load import load_by_many, read_totals
from benchmarks.topology import Outcome
from serve_app.hardware import Hardware
from serve_app.settings import Settings

CORES = 16
ARRANGEMENTS = list_arrangements("resnet50", CORES, {})


@pytest.fixture
def with_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_arrangements, "detect_hardware", lambda: Hardware(has_cuda=True, has_fast_bf16=False))


def describe(arrangement: GpuArrangement) -> dict[str, Any]:
    (application,) = arrangement.describe()["applications"]
    return dict(application)


@pytest.mark.usefixtures("with_gpu")
@pytest.mark.parametrize("arrangement", ARRANGEMENTS, ids=lambda arrangement: arrangement.name)
def test_replicas_share_the_one_gpu(arrangement: GpuArrangement) -> None:
    """Those with the model fill it and do not ask for more; those that only decode take none of it."""
    application = describe(arrangement)
    settings = Settings.model_validate(application["args"])
    assert settings.inference.max_batch_size == 64
    assert settings.models[0].weights == "resnet50"
    shares = {
        deployment["name"]: deployment["ray_actor_options"].get("num_gpus", 0) * deployment["num_replicas"]
        for deployment in application["deployments"]
    }
    assert sum(shares.values()) == pytest.approx(1)
    assert shares.get("Ingress", 0) == 0
    assert set(shares) <= {"ImageClassifier", "Ingress", "Inference_resnet50"}


def test_without_a_gpu_none_is_asked_for() -> None:
    """So that the program can be tried out: Ray would wait for ever for a GPU that is not there."""
    for arrangement in ARRANGEMENTS:
        for deployment in describe(arrangement)["deployments"]:
            assert "num_gpus" not in deployment["ray_actor_options"]


def test_counters_of_all_labels_are_added_up() -> None:
    """Comments, other programs' metrics and labels' values do not matter."""
    text = """# HELP argus_batch_images Images a batch.
argus_batch_images_sum{model="a"} 30.0
argus_batch_images_sum{model="b"} 1.2e+01
argus_batch_images_count{model="a"} 4
argus_ongoing_requests 3
python_gc_total 7
"""
    assert read_totals(text) == {
        "argus_batch_images_sum": 42.0,
        "argus_batch_images_count": 4.0,
        "argus_ongoing_requests": 3.0,
    }


def test_a_load_is_spread_over_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of all of them, and each status as often as it came to any."""

    class Pool:
        def __init__(self, count: int) -> None:
            self.count = count

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_error: object) -> None:
            return None

        def map(self, *_arguments: object, **_options: object) -> None:
            return None

        def starmap(self, _work: object, jobs: list[tuple[Any, ...]], **_options: object) -> list[Load]:
            assert [job[2] for job in jobs] == [32] * self.count
            return [Load(4.0, (0.1 * n, 0.2), {200: 2, 503: n}, 2 + n) for n in range(self.count)]

    monkeypatch.setattr(multiprocessing, "get_context", lambda _way: type("Context", (), {"Pool": Pool}))
    load = load_by_many("http://127.0.0.1:1/v1/classify", [b"photo"], 128, 4.0, 1.0)
    assert load.statuses == {200: 8, 503: 6}
    assert load.answered == 14
    assert load.images_per_s == 2.0
    assert sorted(load.latencies_s) == pytest.approx([0.0, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.3])


def test_the_table_has_a_line_for_each_load() -> None:
    """As many cells as columns, the processor time by role."""
    facts = {"images_a_batch": 2.849, "model_ms_a_batch": 7.08, "gpu_busy_percent": 97.7, "decode_ms": 5.2}
    outcome = Outcome(2934.0, 43.7, 66.4, {"Ray": 0.22, "ImageClassifier": 4.24}, 0)
    head, rule, line = tabulate_served([("fused, 8 replicas", 128, outcome, facts)]).splitlines()
    assert head.count("|") == rule.count("|") == line.count("|")
    assert line == (
        "| fused, 8 replicas | 128 | 2934 | 44 | 66 | 2.8 | 7.1 | 98 % | 5.2 | 4.46 | ImageClassifier 4.24, Ray 0.22 |"
    )
