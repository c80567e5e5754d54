"""From series to what a chart draws."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflex_frontend.charts import (
    HEIGHT,
    WIDTH,
    Axis,
    Point,
    choose_axis,
    draw_area,
    draw_band,
    draw_line,
    find_gaps,
    label_ends,
    place_ticks,
    spread,
)

AXIS = Axis(top=100.0, step=50.0)


def series(*values: float | None) -> list[Point]:
    """One value a second, the last one now."""
    return [Point(float(len(values) - 1 - index), value) for index, value in enumerate(values)]


@pytest.mark.parametrize(
    ("highest", "top", "step"),
    [
        (0, 10, 5),
        (10, 10, 5),
        (11, 15, 5),
        (37, 40, 10),
        (99, 100, 50),
        (101, 150, 50),
        (230, 300, 100),
        (5200, 6000, 2000),
    ],
)
def test_an_axis_ends_at_the_first_round_tick_with_room(highest: float, top: float, step: float) -> None:
    """Ticks are 1, 2 or 5 times a power of ten."""
    assert choose_axis(highest, least_top=10.0) == Axis(top, step)


@given(st.floats(min_value=0.0, max_value=1e9))
def test_an_axis_always_holds_its_values_in_two_to_five_steps(highest: float) -> None:
    """Whatever the service reports."""
    axis = choose_axis(highest, least_top=1.0)
    assert axis.top >= highest * (1 - 1e-6)
    assert 3 <= len(axis.ticks()) <= 6


def test_ticks_stand_at_their_values() -> None:
    """Zero at the bottom, the last at the upper edge."""
    assert [(tick.text, tick.top) for tick in place_ticks(AXIS, "{:.0f}".format)] == [
        ("0", "100.00%"),
        ("50", "50.00%"),
        ("100", "0.00%"),
    ]


def test_a_line_runs_from_two_minutes_ago_at_the_left_to_now_at_the_right() -> None:
    """And from zero at the bottom to the axis's end at the top."""
    line = draw_line([Point(2.0, 0.0), Point(0.0, 100.0)], AXIS)
    assert line == f"M1180 {HEIGHT:g}L{WIDTH:g} 0"
    assert draw_line([Point(120.0, 50.0), Point(118.0, 50.0)], AXIS) == "M0 200L20 200"


def test_a_line_is_interrupted_where_there_was_no_value() -> None:
    """Two pieces, not a bridge."""
    assert draw_line(series(1.0, 1.0, None, 2.0, 2.0), AXIS).count("M") == 2


def test_a_line_is_interrupted_where_nobody_looked() -> None:
    """A page that was closed for half a minute shows that it knows nothing of it."""
    assert draw_line([Point(40.0, 1.0), Point(39.0, 1.0), Point(1.0, 1.0), Point(0.0, 1.0)], AXIS).count("M") == 2


def test_a_single_value_is_a_dot() -> None:
    """A path of no length, which its round ends make visible."""
    assert draw_line(series(None, 100.0), AXIS) == "M1200 0L1200 0"


def test_no_values_make_no_path() -> None:
    """Neither line nor area."""
    assert draw_line(series(None, None), AXIS) == draw_area(series(None), AXIS) == draw_line([], AXIS) == ""


def test_an_area_reaches_down_to_zero_and_is_closed() -> None:
    """There along the values, back along the bottom."""
    assert draw_area(series(50.0, 100.0), AXIS) == "M1190 200L1200 0L1200 400L1190 400Z"


def test_a_band_lies_between_two_series_where_both_have_values() -> None:
    """Interrupted where either has none."""
    band = draw_band(series(25.0, None, 25.0), series(50.0, 50.0, 50.0), AXIS)
    assert band == "M1180 200L1180 300ZM1200 200L1200 300Z"


def test_a_time_without_answers_reaches_from_the_last_one_to_the_next() -> None:
    """Or to now, when there is none yet."""
    healed = find_gaps([(60.0, True), (48.0 + 10, False), (49.0, False), (48.0, True)])
    assert [(gap.left, gap.width) for gap in healed] == [("50.00%", "10.00%")]
    lasting = find_gaps([(13.0, True), (12.0, False), (0.0, False)])
    assert [(gap.left, gap.width) for gap in lasting] == [("89.17%", "10.83%")]
    assert find_gaps([(2.0, True), (1.0, True)]) == ()


def test_labels_keep_their_order_and_their_distance() -> None:
    """Three lines on each other have three names one above the other."""
    labels = label_ends([("p99", "p99", 0.0), ("p95", "p95", 0.0), ("p50", "p50", 0.0)], AXIS)
    assert [(label.name, label.top) for label in labels] == [("p99", "78.00%"), ("p95", "89.00%"), ("p50", "100.00%")]


@given(st.lists(st.floats(min_value=0, max_value=100), max_size=5))
def test_spread_places_stay_inside_and_apart(wanted: list[float]) -> None:
    """For any values, and as wanted where there is room."""
    places = spread(wanted, 11.0)
    ordered = sorted(places)
    assert all(-1e-9 <= place <= 100 for place in places)
    assert all(upper - lower >= 11.0 - 1e-9 for lower, upper in itertools.pairwise(ordered))
    assert [places[index] for index in sorted(range(len(wanted)), key=wanted.__getitem__)] == ordered
