"""What load tests find: times of scaling, turns of the target, growth of memory, verdicts."""

import json
import math
import random

import pytest

from benchmarks.load.findings import Findings, find_out
from benchmarks.load.memory import describe_growth, fit_slope
from benchmarks.load.records import Look
from benchmarks.load.scaling import count_reversals, describe_scaling
from benchmarks.load.scenarios import SCENARIOS
from tests.unit.benchmarks.load_records import BROKEN, REFUSED, due_at, looks, make_records, served, weigh

SPIKE = SCENARIOS["spike"]
(STEP, STEP_END), AFTER = SPIKE.find_span("step") or (0.0, 0.0), SPIKE.seconds


def scale_well() -> list[Look]:
    """One replica, two from 4 s after the step until 32 s after its end."""
    return looks((0, 1, 1), (STEP + 1, 1, 2), (STEP + 4, 2, 2), (STEP_END + 30, 2, 1), (STEP_END + 32, 1, 1))


def holds(findings: Findings, words: str) -> bool:
    (verdict,) = [verdict for verdict in findings.verdicts if words in verdict.claim]
    return verdict.holds


@pytest.mark.parametrize(
    ("targets", "turns"), [([], 0), ([1, 1, 2, 2], 0), ([1, 2, 2, 1], 1), ([1, 2, 3, 2, 3, 1], 3), ([2, 1, 1], 0)]
)
def test_reversals_are_changes_of_direction(targets: list[int], turns: int) -> None:
    """To grow and then to shrink is one; every further change of mind is one more."""
    assert count_reversals(targets) == turns


def test_times_of_scaling_count_from_the_step_and_from_its_end() -> None:
    """Not from the begin of the test."""
    scaling = describe_scaling(scale_well(), SPIKE)
    assert (scaling.least, scaling.most, scaling.reversals) == (1, 2, 1)
    assert (scaling.first_extra_s, scaling.all_s, scaling.back_s) == pytest.approx((4, 4, 32))


def test_a_service_that_never_grew_never_came_back() -> None:
    """What did not happen has no time, and the verdicts say that it was missed."""
    records = make_records("spike", [served(1.0)], looks((0, 1, 1), (STEP + 5, 1, 1), (STEP_END + 5, 1, 1)))
    findings = find_out(records)
    assert (findings.scaling.first_extra_s, findings.scaling.back_s) == (None, None)
    assert not holds(findings, "first extra replica")
    assert not holds(findings, "All replicas run")
    assert not holds(findings, "As few replicas")


def test_a_spike_that_is_met_holds_every_claim() -> None:
    """The verdicts of a service that did as it should."""
    findings = find_out(make_records("spike", [served(1.0), due_at(REFUSED, STEP)], scale_well()))
    assert all(verdict.holds for verdict in findings.verdicts)
    assert list(findings.stretches) == ["before", "step", "after"]
    assert findings.stretches["step"].refused == 1


def test_one_failed_request_is_one_too_many() -> None:
    """Among any number of good ones."""
    findings = find_out(make_records("ramp", [*(served(second) for second in range(60)), due_at(BROKEN, 30)]))
    assert not holds(findings, "No request failed")


@pytest.mark.parametrize(("seconds", "expected"), [(0.040, True), (0.050, False)])
def test_a_soak_is_compared_with_the_unloaded_service(seconds: float, expected: bool) -> None:
    """Three times 15 ms is the limit."""
    sent = [served(second, seconds) for second in range(900)]
    assert holds(find_out(make_records("soak", sent)), "unloaded p99") is expected


@pytest.mark.parametrize(("each_second", "expected"), [(8, True), (7, False)])
def test_an_overloaded_service_must_go_on_serving(each_second: int, expected: bool) -> None:
    """At least 80 % of its capacity of ten a second."""
    sent = [served(10 + second + i / 20) for second in range(40) for i in range(each_second)]
    assert holds(find_out(make_records("overload", sent)), "Still serves") is expected


def test_a_test_that_ended_early_counts_only_what_it_ran() -> None:
    """Phases that never began have no figures; rates are those of the seconds that were."""
    records = make_records("spike", [served(STEP + i / 4) for i in range(20)], ran_s=STEP + 5)
    findings = find_out(records)
    assert list(findings.stretches) == ["before", "step"]
    assert findings.stretches["step"].offered_per_s == pytest.approx(4)


def test_figures_for_programs_hold_no_nan() -> None:
    """JSON has none; what is not known is null."""
    document = find_out(make_records("soak", [])).as_document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["whole"]["p99_ms"] is None


def test_a_leak_is_found_through_the_noise() -> None:
    """36 MB an hour, hidden in steps of several MB from reading to reading."""
    noise = random.Random(1)  # noqa: S311  # noise, not a secret
    leaking = weigh(1, [200 + turn * 0.1 + noise.uniform(-3, 3) for turn in range(180)], every_s=10.0)
    (growth,) = describe_growth(leaking)
    assert growth.slope_mb_per_h == pytest.approx(36, abs=growth.error_mb_per_h)
    assert growth.is_significant
    assert growth.is_growing(5.0)


def test_a_process_that_only_wavers_does_not_grow() -> None:
    """Slow waves are no growth: neighbouring readings are alike, which the interval allows for."""
    wavering = weigh(1, [200 + 4 * math.sin(turn / 9) for turn in range(180)], every_s=5.0)
    (growth,) = describe_growth(wavering)
    assert not growth.is_growing(5.0)


def test_growth_while_a_process_settles_is_left_out() -> None:
    """What it takes in the first fifth of the run it may take."""
    settling = weigh(1, [100 + min(turn, 30) * 2 for turn in range(180)])
    (growth,) = describe_growth(settling)
    assert growth.slope_mb_per_h == pytest.approx(0, abs=1e-9)
    assert not growth.is_significant


def test_a_process_that_came_late_is_not_judged() -> None:
    """A few readings give no slope, and a test without any slope proves nothing about memory."""
    minute = [second / 3600 for second in range(60)]
    for x in ([1.0, 2.0, 3.0], minute):
        assert all(math.isnan(value) for value in fit_slope(x, x))
    findings = find_out(make_records("soak", [served(1.0)], weighings=weigh(1, [100, 200, 300])))
    assert not holds(findings, "No process grows")


def test_the_process_that_grows_is_named() -> None:
    """Among others that do not."""
    weighings = weigh(1, [100 + turn for turn in range(90)], name="leaky") + weigh(2, [300] * 90, name="good")
    (verdict,) = [one for one in find_out(make_records("soak", [served(1.0)], weighings=weighings)).verdicts
                  if "No process grows" in one.claim]  # fmt: skip
    assert not verdict.holds
    assert "leaky" in verdict.found
    assert "good" not in verdict.found
