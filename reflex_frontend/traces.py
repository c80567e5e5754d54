"""The live page's two charts, from the pulse of the service: which lines there are, on which axis, under which names.

`charts` does the geometry, `readings` the figures beside them. Knows no Reflex.
"""

from collections.abc import Callable
from dataclasses import replace

from argus_client import ServiceStatus
from reflex_frontend import charts, figures
from reflex_frontend.charts import Chart, Gap, Point, Series, Stroke
from reflex_frontend.pulse import Beat, Pulse
from reflex_frontend.texts import live as texts

LEAST_RATE, LEAST_MS = 10.0, 10.0
# Between the highest line and the upper edge, so that its whole width is seen.
HEADROOM = 1.04


def draw_requests(pulse: Pulse) -> Chart:
    """Offered against served requests a second; refused ones and errors where there are any."""
    offered, served = _series(pulse, lambda s: s.offered_per_s), _series(pulse, lambda s: s.requests_per_s)
    refused, errors = _series(pulse, lambda s: s.refused_per_s), _series(pulse, lambda s: s.errors_per_s)
    axis = charts.choose_axis(_highest(offered) * HEADROOM, least_top=LEAST_RATE)
    strokes = [
        Stroke("served", "area", charts.draw_area(served, axis)),
        Stroke("offered", "line", charts.draw_line(offered, axis)),
        Stroke("served", "line", charts.draw_line(served, axis)),
    ]
    for kind, series in (("refused", _occurrences(refused)), ("errors", _occurrences(errors))):
        strokes.append(Stroke(kind, "area", charts.draw_area(series, axis)))
        strokes.append(Stroke(kind, "line", charts.draw_line(series, axis)))
    description, ends = texts.REQUESTS_CHART_NONE, []
    now = read_now(pulse)
    if now is not None:
        description = texts.REQUESTS_CHART.format(
            offered=figures.rate(now.offered_per_s),
            served=figures.rate(now.requests_per_s),
            refused=figures.rate(now.refused_per_s),
            errors=figures.rate(now.errors_per_s),
        )
        ends = [("offered", texts.OFFERED, now.offered_per_s), ("served", texts.SERVED, now.requests_per_s)]
        ends += [("refused", texts.REFUSED, now.refused_per_s)] if now.refused_per_s else []
        ends += [("errors", texts.ERRORS, now.errors_per_s)] if now.errors_per_s else []
    return Chart(
        _drawn(strokes),
        charts.place_ticks(axis, figures.count),
        _find_gaps(pulse),
        charts.label_ends(ends, axis),
        description,
    )


def draw_latency(pulse: Pulse) -> Chart:
    """Three percentiles of the time to answer, as bands on each other."""
    p50, p95, p99 = (
        _series(pulse, lambda s: s.latency_ms.p50),
        _series(pulse, lambda s: s.latency_ms.p95),
        _series(pulse, lambda s: s.latency_ms.p99),
    )
    axis = charts.choose_axis(_highest(p99) * HEADROOM, least_top=LEAST_MS)
    strokes = [
        Stroke("p99", "area", charts.draw_band(p95, p99, axis)),
        Stroke("p95", "area", charts.draw_band(p50, p95, axis)),
        Stroke("p50", "area", charts.draw_area(p50, axis)),
        Stroke("p99", "line", charts.draw_line(p99, axis)),
        Stroke("p95", "line", charts.draw_line(p95, axis)),
        Stroke("p50", "line", charts.draw_line(p50, axis)),
    ]
    description, ends = texts.LATENCY_CHART_NONE, []
    now = read_now(pulse)
    if now is not None and now.latency_ms.p50 is not None:
        last = {"p99": now.latency_ms.p99 or 0.0, "p95": now.latency_ms.p95 or 0.0, "p50": now.latency_ms.p50}
        description = texts.LATENCY_CHART.format(**{name: figures.milliseconds(ms) for name, ms in last.items()})
        names = {"p99": texts.P99, "p95": texts.P95, "p50": texts.P50}
        ends = [(kind, names[kind], ms) for kind, ms in last.items()]
    return Chart(
        _drawn(strokes),
        charts.place_ticks(axis, _milliseconds),
        _find_gaps(pulse),
        charts.label_ends(ends, axis),
        description,
    )


def read_now(pulse: Pulse) -> ServiceStatus | None:
    """What the last question brought; None when it brought no answer."""
    return pulse.beats[-1].status if pulse.beats else None


def _drawn(strokes: list[Stroke]) -> tuple[Stroke, ...]:
    return tuple(stroke for stroke in strokes if stroke.d)


def _find_gaps(pulse: Pulse) -> tuple[Gap, ...]:
    return charts.find_gaps([(_age_s(pulse, beat), beat.status is not None) for beat in pulse.beats])


def _series(pulse: Pulse, value: Callable[[ServiceStatus], float | None]) -> list[Point]:
    return [Point(_age_s(pulse, beat), None if beat.status is None else value(beat.status)) for beat in pulse.beats]


def _occurrences(series: Series) -> list[Point]:
    # Zeros only where they begin or end something: a line along the bottom would say that there is something.
    return [
        point if any(near.value for near in series[max(0, index - 1) : index + 2]) else replace(point, value=None)
        for index, point in enumerate(series)
    ]


def _age_s(pulse: Pulse, beat: Beat) -> float:
    return pulse.beats[-1].at_s - beat.at_s


def _highest(series: Series) -> float:
    return max((point.value or 0.0 for point in series), default=0.0)


def _milliseconds(ms: float) -> str:
    return f"{ms / 1000:g}{figures.NO_BREAK}s" if ms >= 1000 else f"{ms:g}{figures.NO_BREAK}ms"
