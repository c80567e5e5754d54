"""From the pulse to what the instruments of the live page show."""

import pytest

from argus_client import ServiceStatus
from reflex_frontend.figures import NO_BREAK
from reflex_frontend.pulse import Beat, Pulse
from reflex_frontend.readings import read
from tests.unit.ui.statuses import make_status

BUSY = make_status(
    running=2,
    starting=1,
    target=4,
    most=6,
    ongoing=12,
    queued=8,
    served=110.0,
    refused=3.25,
    latency=(12.0, 30.0, 1200.0),
)


def pulse(*statuses: ServiceStatus | None, state: str = "answering") -> Pulse:
    return Pulse(state, tuple(Beat(float(index), status) for index, status in enumerate(statuses)), len(statuses))


def test_replicas_are_cells_in_the_order_in_which_they_live() -> None:
    """Running, starting, wanted, then room up to the most; the words say the same."""
    shown = read(pulse(BUSY))
    (row,) = shown.rows
    assert row.cells == ("running", "running", "starting", "target", "free", "free")
    assert row.description == "2 running, 1 starting, 0 stopping, 4 wanted"
    assert (shown.running, shown.of_target, shown.changes) == ("2", "of 4 running", "1 starting · Room for 6")


def test_a_service_that_shrinks_shows_what_stops() -> None:
    """More than wanted, so nothing is outlined."""
    (row,) = read(pulse(make_status(running=1, stopping=2, target=1, most=None))).rows
    assert row.cells == ("running", "stopping", "stopping")


def test_the_gauge_tells_work_from_waiting_on_a_round_scale() -> None:
    """And marks the most of the last two minutes."""
    gauge = read(pulse(make_status(ongoing=40), BUSY)).gauge
    assert (gauge.total, gauge.working, gauge.waiting, gauge.top) == ("12", "4 in work", "8 waiting", "40")
    assert (gauge.working_width, gauge.waiting_width, gauge.peak_left) == ("10.00%", "20.00%", "100.00%")


def test_figures_have_units_and_as_many_digits_as_they_deserve() -> None:
    """Tenths where they matter, seconds for long times."""
    shown = read(pulse(BUSY))
    assert (shown.served.value, shown.served.unit) == ("110", "/s")
    assert shown.refused.value == "3.2"
    assert shown.errors.value == "0"
    assert (shown.p50.value, shown.p50.unit) == ("12", "ms")
    assert (shown.p99.value, shown.p99.unit) == ("1.2", "s")
    assert (shown.refused_total, shown.errors_total) == ("56 since it started", "7 since it started")
    assert f"The service has run for 1{NO_BREAK}min 0{NO_BREAK}s." in shown.foot


def test_the_charts_say_their_values_in_words() -> None:
    """For those who do not see them."""
    shown = read(pulse(BUSY))
    assert "offered 113, served 110, refused 3.2" in shown.requests.description
    assert f"half within 12{NO_BREAK}ms" in shown.latency.description


def test_refused_requests_and_errors_are_drawn_only_when_there_are_some() -> None:
    """And are named at the line's end while they last."""
    quiet = {stroke.kind for stroke in read(pulse(make_status(served=5.0))).requests.strokes}
    shown = read(pulse(BUSY)).requests
    assert quiet == {"offered", "served"}
    assert {stroke.kind for stroke in shown.strokes} == {"offered", "served", "refused"}
    assert [label.name for label in shown.labels] == ["Offered", "Served", "Refused"]


def test_a_line_of_refused_requests_lasts_as_long_as_there_are_any() -> None:
    """From the zero before to the zero after, and not along the bottom for two minutes."""
    refused = [0.0, 0.0, 0.0, 5.0, 0.0, 0.0]
    shown = read(pulse(*(make_status(served=95.0, refused=value) for value in refused))).requests
    (line,) = (stroke.d for stroke in shown.strokes if (stroke.kind, stroke.shape) == ("refused", "line"))
    assert line.count("L") == 2


def test_an_idle_service_has_rates_of_zero_and_no_latencies() -> None:
    """A flat line on one chart, a sentence on the other."""
    shown = read(pulse(make_status(), make_status()))
    assert shown.requests_note == ""
    assert shown.latency.strokes == ()
    assert shown.latency_note == "Nothing was asked in these two minutes"
    assert shown.p50.value == "\N{EN DASH}"


def test_a_service_that_went_away_leaves_the_past_and_takes_the_figures() -> None:
    """No value of before is shown as if it were of now."""
    shown = read(pulse(BUSY, BUSY, None, state="unreachable"))
    assert shown.state == "unreachable"
    assert shown.running == shown.served.value == shown.gauge.total == "\N{EN DASH}"
    assert shown.rows == ()
    assert shown.requests.strokes
    assert len(shown.requests.gaps) == 1
    assert "no figures" in shown.requests.description


@pytest.mark.parametrize(
    ("state", "note"),
    [
        ("unknown", "Waiting for the first figures"),
        ("starting", "Figures come when the service is ready"),
        ("unreachable", "No figures: the service does not answer"),
    ],
)
def test_a_page_without_any_figures_says_why(state: str, note: str) -> None:
    """In both charts."""
    shown = read(pulse(*([] if state == "unknown" else [None]), state=state))
    assert (shown.requests_note, shown.latency_note) == (note, note)


def test_a_status_that_is_not_complete_says_so() -> None:
    """The figures are those of some replicas."""
    assert "Not every replica" in read(pulse(make_status(complete=False))).foot
