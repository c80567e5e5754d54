"""From the pulse of the service to what the live page's instruments show: texts, widths and charts, all plain values.

Everything here is computed from the pulse alone, once for all sessions that look; nothing is decided. Knows no Reflex.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache

from argus_client import Deployment, ServiceStatus
from reflex_frontend import charts, figures
from reflex_frontend.charts import Chart
from reflex_frontend.pulse import Pulse
from reflex_frontend.texts import live as texts
from reflex_frontend.traces import draw_latency, draw_requests, read_now

LEAST_IN_SERVICE = 8.0
# More cells than this say less than the number beside them.
MOST_CELLS = 96


@dataclass(frozen=True)
class Figure:
    """A number as it is shown, and its unit."""

    value: str = texts.NO_VALUE
    unit: str = ""


@dataclass(frozen=True)
class CellRow:
    """A deployment's replicas, a cell each: "running", "starting", "stopping", "target" or "free".

    name: "" where there is one deployment alone.
    """

    name: str = ""
    cells: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Gauge:
    """What is in the service; widths and peak: CSS percentages of the scale, which ends at `top`."""

    total: str = texts.NO_VALUE
    working: str = ""
    waiting: str = ""
    working_width: str = "0%"
    waiting_width: str = "0%"
    peak_left: str = "0%"
    peak: str = ""
    top: str = ""


@dataclass(frozen=True)
class Readings:
    """All instruments; state: as the pulse's; beat: "0" and "1" in turn; note: in place of charts without values."""

    state: str = "unknown"
    beat: str = "0"
    running: str = texts.NO_VALUE
    of_target: str = ""
    changes: str = ""
    rows: tuple[CellRow, ...] = ()
    gauge: Gauge = field(default_factory=Gauge)
    refused: Figure = field(default_factory=Figure)
    refused_total: str = ""
    errors: Figure = field(default_factory=Figure)
    errors_total: str = ""
    offered: Figure = field(default_factory=Figure)
    served: Figure = field(default_factory=Figure)
    images: Figure = field(default_factory=Figure)
    p50: Figure = field(default_factory=Figure)
    p95: Figure = field(default_factory=Figure)
    p99: Figure = field(default_factory=Figure)
    requests: Chart = field(default_factory=Chart)
    latency: Chart = field(default_factory=Chart)
    requests_note: str = ""
    latency_note: str = ""
    foot: str = ""


# Everybody looks at the same pulse, which is worked out once.
@lru_cache(maxsize=1)
def read(pulse: Pulse) -> Readings:
    """What to show for this pulse; figures stay away while the service does not answer, charts keep their past."""
    now = read_now(pulse)
    requests, latency = draw_requests(pulse), draw_latency(pulse)
    note = {
        "answering": texts.NOTE_IDLE,
        "starting": texts.NOTE_STARTING,
        "unreachable": texts.NOTE_UNREACHABLE,
    }.get(pulse.state, texts.NOTE_UNKNOWN)
    drawn = Readings(
        state=pulse.state,
        beat=str(pulse.number % 2),
        requests=requests,
        latency=latency,
        requests_note="" if requests.strokes else note,
        latency_note="" if latency.strokes else note,
    )
    return drawn if now is None else _with_figures(drawn, pulse, now)


def _with_figures(drawn: Readings, pulse: Pulse, now: ServiceStatus) -> Readings:
    errors = now.totals.client_errors + now.totals.server_errors
    foot = [
        texts.FOOT_WINDOW.format(window=figures.duration(now.window_s)),
        texts.FOOT_UPTIME.format(uptime=figures.duration(now.uptime_s)),
        "" if now.complete else texts.FOOT_INCOMPLETE,
    ]
    return replace(
        drawn,
        running=figures.count(now.replicas.running),
        of_target=texts.OF_TARGET.format(target=now.replicas.target),
        changes=_changes(now),
        rows=tuple(_row(scale, alone=len(now.deployments) == 1) for scale in now.deployments),
        gauge=_gauge(pulse, now),
        refused=_rate(now.refused_per_s),
        refused_total=texts.SINCE_START.format(count=figures.count(now.totals.refused)),
        errors=_rate(now.errors_per_s),
        errors_total=texts.SINCE_START.format(count=figures.count(errors)),
        offered=_rate(now.offered_per_s),
        served=_rate(now.requests_per_s),
        images=_rate(now.images_per_s),
        p50=_milliseconds(now.latency_ms.p50),
        p95=_milliseconds(now.latency_ms.p95),
        p99=_milliseconds(now.latency_ms.p99),
        foot=" ".join(filter(None, foot)),
    )


def _row(scale: Deployment, *, alone: bool) -> CellRow:
    missing = max(0, scale.target - scale.running - scale.starting)
    free = max(0, (scale.max or 0) - scale.running - scale.starting - scale.stopping - missing)
    kinds = (
        ("running", scale.running),
        ("starting", scale.starting),
        ("target", missing),
        ("stopping", scale.stopping),
        ("free", free),
    )
    cells = tuple(kind for kind, count in kinds for _ in range(count))[:MOST_CELLS]
    words = (
        texts.RUNNING.format(count=scale.running),
        texts.STARTING.format(count=scale.starting),
        texts.STOPPING.format(count=scale.stopping),
        texts.WANTED.format(count=scale.target),
    )
    return CellRow("" if alone else scale.name, cells, ", ".join(words))


def _changes(now: ServiceStatus) -> str:
    parts = [
        text.format(count=count)
        for text, count in ((texts.STARTING, now.replicas.starting), (texts.STOPPING, now.replicas.stopping))
        if count
    ]
    if len(now.deployments) == 1 and now.deployments[0].max is not None:
        parts.append(texts.AT_MOST.format(count=now.deployments[0].max))
    return " · ".join(parts)


def _gauge(pulse: Pulse, now: ServiceStatus) -> Gauge:
    highest = max(_in_service(beat.status) for beat in pulse.beats if beat.status is not None)
    axis = charts.choose_axis(highest, least_top=LEAST_IN_SERVICE)
    # What waits are images, and a request may hold several.
    working = max(0, now.ongoing - now.queued)
    return Gauge(
        total=figures.count(now.ongoing),
        working=texts.WORKING.format(count=figures.count(working)),
        waiting=texts.WAITING.format(count=figures.count(now.queued)),
        working_width=_percent(axis.height(working)),
        waiting_width=_percent(axis.height(now.queued)),
        peak_left=_percent(axis.height(highest)),
        peak=texts.PEAK.format(count=figures.count(highest)),
        top=figures.count(axis.top),
    )


def _in_service(status: ServiceStatus) -> int:
    return max(status.ongoing, status.queued)


def _rate(per_s: float) -> Figure:
    return Figure(figures.rate(per_s) if per_s else "0", texts.PER_SECOND)


def _milliseconds(ms: float | None) -> Figure:
    return Figure() if ms is None else Figure(*figures.milliseconds(ms).split(figures.NO_BREAK))


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"
