"""From series of values to what a chart draws: paths, bands, gaps, ticks and places of labels, all plain values.

A series runs from SPAN_S seconds ago at the left edge to now at the right. Paths are in a box of WIDTH x HEIGHT units,
which the page stretches over the chart; places of HTML elements are CSS percentages. Knows no Reflex, no service and no
words.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

SPAN_S = 120.0
WIDTH, HEIGHT = 1200.0, 400.0
# Neighbours further apart than this are not joined: nobody looked in between.
LONGEST_STEP_S = 4.0
# Least distance between two labels at the lines' ends, in per cent of the height.
LABEL_GAP = 11.0


@dataclass(frozen=True)
class Point:
    """One value of a series; age_s: seconds before now; value: None where there was none."""

    age_s: float
    value: float | None


Series = Sequence[Point]


@dataclass(frozen=True)
class Axis:
    """From 0 at the bottom to `top`, with a tick at every `step`."""

    top: float
    step: float

    def height(self, value: float) -> float:
        """Where a value stands, from 0 at the bottom to 1 at the top."""
        return min(max(value / self.top, 0.0), 1.0)

    def ticks(self) -> list[float]:
        """Their values, from 0 up."""
        return [number * self.step for number in range(round(self.top / self.step) + 1)]


@dataclass(frozen=True)
class Tick:
    """A line across the chart with its value; top: CSS percentage from the upper edge."""

    text: str
    top: str


@dataclass(frozen=True)
class Gap:
    """A time without answers; left and width: CSS percentages."""

    left: str
    width: str


@dataclass(frozen=True)
class EndLabel:
    """A line's name at its right end; kind: as the stroke's; top: CSS percentage."""

    kind: str
    name: str
    top: str


@dataclass(frozen=True)
class Stroke:
    """One path; kind: what it stands for, which gives it its colour; shape: "line" or "area"; d: as in SVG."""

    kind: str
    shape: str
    d: str


@dataclass(frozen=True)
class Chart:
    """Everything that a chart's element needs; description: its values now, for those who do not see it."""

    strokes: tuple[Stroke, ...] = ()
    ticks: tuple[Tick, ...] = ()
    gaps: tuple[Gap, ...] = ()
    labels: tuple[EndLabel, ...] = ()
    description: str = ""


def choose_axis(highest: float, *, least_top: float) -> Axis:
    """The lowest axis with round ticks (1, 2 or 5 times a power of ten) that has room for `highest`; 2 to 5 steps."""
    wanted = max(highest, least_top)
    raw = wanted / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * (1 - 1e-9))
    return Axis(top=math.ceil(wanted / step - 1e-9) * step, step=step)


def place_ticks(axis: Axis, text: Callable[[float], str]) -> tuple[Tick, ...]:
    """The axis's ticks from the bottom up; text: a value as it is shown."""
    return tuple(Tick(text(value), _percent(100 - 100 * axis.height(value))) for value in axis.ticks())


def draw_line(series: Series, axis: Axis) -> str:
    """A path through the values, interrupted where there was none."""
    return "".join(_polyline([(_x(age_s), _y(high, axis)) for age_s, _, high in run]) for run in _runs(series))


def draw_band(lower: Series, upper: Series, axis: Axis) -> str:
    """A closed path between two series with the same times, interrupted where either has no value."""
    joined = (replace(high, value=None) if low.value is None else high for low, high in zip(lower, upper, strict=True))
    return "".join(_outline(run, axis) for run in _runs(list(joined), lower))


def draw_area(series: Series, axis: Axis) -> str:
    """A closed path between the values and zero."""
    return draw_band([replace(point, value=0.0) for point in series], series, axis)


def find_gaps(answered: Sequence[tuple[float, bool]]) -> tuple[Gap, ...]:
    """The times without answers, from the last answer before each to the first after it; answered: age_s, yes or no."""
    gaps: list[Gap] = []
    start: float | None = None
    before: float | None = None
    for age_s, good in answered:
        if not good and start is None:
            start = age_s if before is None or before - age_s > LONGEST_STEP_S else before
        elif good and start is not None:
            gaps.append(_gap(start, age_s))
            start = None
        before = age_s
    if start is not None:
        gaps.append(_gap(start, 0.0))
    return tuple(gaps)


def spread(wanted: Sequence[float], least_gap: float) -> list[float]:
    """Places from 0 to 100 near those wanted, in the same order, each `least_gap` from the next."""
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    places = list(wanted)
    lowest = 0.0
    for index in order:
        places[index] = max(places[index], lowest)
        lowest = places[index] + least_gap
    # What was pushed over the end comes back, and pushes the others.
    highest = 100.0
    for index in reversed(order):
        places[index] = min(places[index], highest)
        highest = places[index] - least_gap
    return places


def label_ends(ends: Sequence[tuple[str, str, float]], axis: Axis) -> tuple[EndLabel, ...]:
    """Names at the lines' right ends, none over another; ends: kind, name and last value, the uppermost first."""
    places = spread([100 - 100 * axis.height(value) for _, _, value in ends], LABEL_GAP)
    return tuple(EndLabel(kind, name, _percent(top)) for (kind, name, _), top in zip(ends, places, strict=True))


Step = tuple[float, float, float]  # age_s, lower value, upper value


def _runs(upper: Series, lower: Series | None = None) -> Iterator[list[Step]]:
    run: list[Step] = []
    for index, point in enumerate(upper):
        far = bool(run) and run[-1][0] - point.age_s > LONGEST_STEP_S
        if run and (far or point.value is None):
            yield run
            run = []
        if point.value is not None:
            base = lower[index].value if lower is not None else None
            run.append((point.age_s, base or 0.0, point.value))
    if run:
        yield run


def _outline(run: list[Step], axis: Axis) -> str:
    there = [(_x(age_s), _y(high, axis)) for age_s, _, high in run]
    back = [(_x(age_s), _y(low, axis)) for age_s, low, _ in reversed(run)]
    return _polyline(there + back) + "Z"


def _polyline(points: list[tuple[float, float]]) -> str:
    if len(points) == 1:
        points = points * 2  # of no length, and drawn as a dot by its round ends
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _x(age_s: float) -> float:
    return round(WIDTH * (1 - age_s / SPAN_S), 1)


def _y(value: float, axis: Axis) -> float:
    return round(HEIGHT * (1 - axis.height(value)), 1)


def _gap(start_s: float, end_s: float) -> Gap:
    left = max(0.0, 100 * (1 - start_s / SPAN_S))
    return Gap(_percent(left), _percent(100 * (1 - end_s / SPAN_S) - left))


def _percent(value: float) -> str:
    return f"{value:.2f}%"
