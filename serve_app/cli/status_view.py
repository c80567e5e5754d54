"""What `argus status` shows: one screen of what the service is doing, or why it cannot be told.

Asks nobody; `watching` brings the readings.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from argus_client import Deployment, ServiceStatus
from serve_app.cli.figures import say_duration, say_ms

_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of asking: a status, or the trouble in words and since when it lasts.

    status: the last one there was, None where there was none yet. trouble: empty while the service answers;
    trouble_s: seconds since it last did. requests_per_s, p95_ms: of the readings so far, the oldest first.
    """

    url: str
    status: ServiceStatus | None = None
    trouble: str = ""
    trouble_s: float = 0.0
    requests_per_s: Sequence[float] = ()
    p95_ms: Sequence[float] = ()

    @property
    def document(self) -> dict[str, Any]:
        """For programs; without figures while there is trouble, since old ones would be taken for new."""
        if self.trouble or self.status is None:
            return {"url": self.url, "reachable": False, "error": self.trouble}
        return {"url": self.url, "reachable": True, **asdict(self.status)}


def draw(reading: Reading) -> RenderableType:
    """The screen."""
    parts: list[RenderableType] = [_draw_heading(reading), Text()]
    status = reading.status
    if status is not None:
        style = "dim" if reading.trouble else ""
        parts += [_draw_deployments(status.deployments, style), Text(), _draw_figures(reading, status, style)]
        if not status.complete and not reading.trouble:
            parts.append(Text("Not every replica could be asked; the figures are those of the others.", style="yellow"))
    return Group(*parts)


def say_line(reading: Reading) -> str:
    """One line, for a log."""
    status = reading.status
    if reading.trouble or status is None:
        return f"unreachable for {say_duration(reading.trouble_s)}: {reading.trouble}"
    latency = status.latency_ms
    return (
        f"{status.replicas.running}/{status.replicas.target} replicas, {status.requests_per_s:.1f} requests/s, "
        f"{status.refused_per_s:.1f} refused/s, {status.errors_per_s:.1f} failed/s, p50 {say_ms(latency.p50)}, "
        f"p95 {say_ms(latency.p95)}, p99 {say_ms(latency.p99)}, {status.ongoing} under way, {status.queued} queued"
    )


def draw_bars(values: Sequence[float]) -> str:
    """The values as a row of bars, the highest of them full."""
    most = max(values, default=0.0)
    return "".join(_BARS[min(7, int(8 * value / most))] if most > 0 else _BARS[0] for value in values)


def _draw_heading(reading: Reading) -> Text:
    heading = Text.assemble(("Argus ", "bold"), reading.url, "  ")
    if reading.trouble:
        heading.append("unreachable, asking again", style="bold yellow")
        heading.append(f"\n{reading.trouble}", style="yellow")
        if reading.status is not None:
            heading.append(f"\nThe figures are {say_duration(reading.trouble_s)} old.", style="yellow")
    elif reading.status is not None:
        heading.append("answers", style="bold green")
        heading.append(f", up for {say_duration(reading.status.uptime_s)}")
    return heading


def _draw_deployments(deployments: Sequence[Deployment], style: str) -> Table:
    table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False, header_style="bold", style=style)
    table.add_column("Replicas of", no_wrap=True)
    for title in ("running", "starting", "stopping", "wanted", "between"):
        table.add_column(title, justify="right", no_wrap=True)
    for one in deployments:
        between = "" if one.min is None or one.max is None else f"{one.min} and {one.max}"
        counts = (one.running, one.starting, one.stopping, one.target)
        table.add_row(Text(one.name), *map(str, counts), between, style=style)
    return table


def _draw_figures(reading: Reading, status: ServiceStatus, style: str) -> Table:
    latency, totals = status.latency_ms, status.totals
    times = f"p50 {say_ms(latency.p50)}   p95 {say_ms(latency.p95)}   p99 {say_ms(latency.p99)}"
    refused = Text(f"{status.refused_per_s:.1f} refused", style="yellow" if status.refused_per_s else "")
    failed = Text(f"{status.errors_per_s:.1f} failed", style="red" if status.errors_per_s else "")
    rows: list[tuple[str, Text | str]] = [
        ("Requests/s", Text.assemble(f"{status.requests_per_s:.1f} answered   ", refused, "   ", failed)),
        ("", draw_bars(reading.requests_per_s)),
        ("Images/s", f"{status.images_per_s:.1f}"),
        ("Times", times),
        ("", draw_bars(reading.p95_ms)),
        ("Now", f"{status.ongoing} requests under way, {status.queued} images waiting"),
        ("Since start", f"{totals.requests:,} requests with {totals.images:,} images, {totals.refused:,} refused"),
        ("", f"{totals.client_errors:,} failed by the client's fault, {totals.server_errors:,} by the service's"),
    ]
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    for name, value in rows:
        if name or value:
            grid.add_row(name, value, style=style)
    grid.add_row("", Text(f"Rates and times are of the last {status.window_s:.0f} s.", style="dim"))
    return grid
