"""The shapes of load tests: what is offered when, and when each request is due."""

import pytest

from benchmarks.load.scenarios import SCENARIOS, Phase, Scenario, plan_requests

RAMP = Scenario("ramp", "", (Phase("up", 10, 0.0, 1.0), Phase("rest", 10, 0.5, 0.5)))


def test_the_share_follows_the_phases() -> None:
    """Even changes within a phase, jumps between phases, nothing outside."""
    assert [RAMP.share_at(second) for second in (-1, 0, 5, 10, 19.9, 20)] == [0.0, 0.0, 0.5, 0.5, 0.5, 0.0]


def test_a_scenario_in_other_seconds_keeps_its_shape() -> None:
    """Every phase is longer or shorter by the same factor."""
    short = RAMP.lasting(4)
    assert short.seconds == pytest.approx(4)
    assert [short.share_at(second / 5) for second in (0, 5, 15)] == [RAMP.share_at(second) for second in (0, 5, 15)]
    assert SCENARIOS["spike"].lasting(10).step == "step"


def test_a_steady_schedule_is_even() -> None:
    """As many requests a second as the share of capacity, at even distances."""
    steady = Scenario("steady", "", (Phase("steady", 2, 0.5, 0.5),))
    assert list(plan_requests(steady, 8.0)) == pytest.approx([i / 4 for i in range(8)])


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_schedule_offers_what_its_shape_promises(name: str) -> None:
    """The number of requests is the area under the shape, whatever the shape."""
    scenario, capacity = SCENARIOS[name], 50.0
    area = sum(phase.seconds * (phase.begin + phase.end) / 2 for phase in scenario.phases)
    due = list(plan_requests(scenario, capacity))
    assert len(due) == pytest.approx(area * capacity, rel=0.02)
    assert due == sorted(due)
    assert due[0] >= 0
    assert due[-1] < scenario.seconds


def test_a_ramp_from_nothing_begins() -> None:
    """A rate of zero is waited out instead of never being left."""
    due = list(plan_requests(RAMP, 10.0))
    assert due[0] < 2.0
    assert len([second for second in due if second >= 10]) == pytest.approx(50, abs=2)


def test_the_spike_is_a_tenfold_step_with_a_minute_of_rest() -> None:
    """What the scenario is named for, and enough time after it to see the service shrink."""
    before, step, after = SCENARIOS["spike"].phases
    assert step.begin == pytest.approx(10 * before.end)
    assert after.begin == before.begin
    assert after.seconds >= 60
    assert SCENARIOS["spike"].find_span("step") == (before.seconds, before.seconds + step.seconds)
    assert SCENARIOS["steady"].find_span("step") is None
