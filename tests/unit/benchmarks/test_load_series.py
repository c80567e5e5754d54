"""Requests of a load test, counted by second and by stretch."""

import math

import pytest

from benchmarks.load.series import percentile, split_seconds, sum_up
from tests.unit.benchmarks.load_records import BROKEN, REFUSED, RUDE, due_at, served


def test_a_refusal_that_says_when_to_come_back_is_no_failure() -> None:
    """429 with Retry-After is refused; without it, or without an answer, a request has failed."""
    stretch = sum_up([served(0.1), REFUSED, RUDE, BROKEN], 0.0, 1.0)
    assert (stretch.offered, stretch.served, stretch.refused, stretch.failed) == (4, 1, 1, 2)
    assert stretch.served_per_s == 1.0


def test_latencies_are_of_served_requests_by_when_they_were_due() -> None:
    """A quick refusal makes nothing look quick, and a slow answer counts where it was asked for."""
    sent = [served(0.5, 0.010), REFUSED, served(0.9, 2.0), served(1.5, 0.030)]
    assert sum_up(sent, 0.0, 1.0).p99_ms == pytest.approx(2000)
    assert sum_up(sent, 1.0, 2.0).p99_ms == pytest.approx(30)


def test_seconds_count_offers_by_due_time_and_answers_by_their_end() -> None:
    """A request that waits is offered in one second and served in another."""
    seconds = split_seconds([served(0.2, 0.1), served(0.9, 1.5), due_at(REFUSED, 1.0), due_at(BROKEN, 1.9)])
    assert seconds.offered == (2, 2, 0)
    assert seconds.served == (1, 0, 1)
    assert seconds.refused == (0, 1, 0)
    assert seconds.failed == (0, 0, 1)
    assert seconds.p99_ms[0] == pytest.approx(1500)
    assert math.isnan(seconds.p99_ms[1])


def test_nothing_sent_gives_no_seconds_and_no_percentile() -> None:
    """An interrupted test has a report as well."""
    assert split_seconds([]).offered == ()
    assert math.isnan(percentile([], 99))
    assert math.isnan(sum_up([], 0.0, 1.0).p50_ms)


def test_a_percentile_is_a_value_that_occurred() -> None:
    """The same rule as that of the benchmark's generator."""
    values = [float(value) for value in range(100)]
    assert [percentile(values, percent) for percent in (50, 95, 99)] == [50, 95, 99]
