"""Findings and looks -> one picture: rates, replicas, latencies, queue and memory, stacked on one time axis."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from benchmarks.load.findings import Findings
from benchmarks.load.records import Look, Records, Weighing
from benchmarks.load.series import Seconds

_INK, _MUTED, _GRID, _BAND = "#1f2933", "#5f6b7a", "#dfe4ea", "#f4f6f8"
_TEAL, _TEAL_LIGHT, _STEEL, _AMBER, _RED = "#0f766e", "#99cfc9", "#8fa3b8", "#c47f17", "#c0392b"
_WIDTH_IN, _DPI = 12.0, 150


def draw_picture(findings: Findings, records: Records, path: Path) -> None:
    """Write the picture, PNG, 1800 pixels wide."""
    mpl.rcParams["font.family"] = ["DejaVu Sans"]
    panels: list[tuple[float, Callable[[Axes], None]]] = [
        (2.3, lambda axes: _draw_rates(axes, findings)),
        (1.1, lambda axes: _draw_replicas(axes, records.looks)),
        (1.9, lambda axes: _draw_latencies(axes, findings)),
        (1.1, lambda axes: _draw_queue(axes, records.looks)),
    ]
    if records.weighings:
        panels.append((1.4, lambda axes: _draw_memory(axes, records)))
    heights = [height for height, _ in panels]
    figure = Figure(
        figsize=(_WIDTH_IN, sum(heights) + 0.65 * len(panels) + 0.4), dpi=_DPI, facecolor="white", layout="constrained"
    )
    figure.get_layout_engine().set(hspace=0.04, h_pad=0.06)  # type: ignore[union-attr,call-arg]  # set just above
    rows = figure.subplots(len(panels), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    for axes, (_, draw) in zip(rows, panels, strict=True):
        _prepare(axes, findings)
        draw(axes)
    _name_phases(rows[0], findings)
    rows[-1].set_xlabel("seconds since the load began", fontsize=9.5, color=_MUTED)
    rows[-1].set_xlim(0, findings.scenario.seconds)
    figure.savefig(path, metadata={"Software": None})


def _prepare(axes: Axes, findings: Findings) -> None:
    for number, (_, begin, end) in enumerate(findings.scenario.spans()):
        if number % 2:
            axes.axvspan(begin, end, color=_BAND, zorder=0, linewidth=0)
    axes.grid(axis="y", color=_GRID, linewidth=0.8, zorder=0.5)
    axes.tick_params(length=0, labelsize=9, labelcolor=_MUTED)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    for side in axes.spines.values():
        side.set_visible(False)


def _name_phases(axes: Axes, findings: Findings) -> None:
    if len(findings.scenario.phases) < 2:
        return
    for phase, begin, end in findings.scenario.spans():
        axes.annotate(
            phase.name, ((begin + end) / 2, 1), xycoords=("data", "axes fraction"), xytext=(0, -4),
            textcoords="offset points", ha="center", va="top", fontsize=9, color=_MUTED, zorder=6,
        )  # fmt: skip


def _draw_rates(axes: Axes, findings: Findings) -> None:
    seconds = findings.seconds
    x = _middles(seconds)
    axes.fill_between(x, seconds.served, color=_TEAL, alpha=0.16, linewidth=0, zorder=1)
    axes.plot(x, seconds.offered, color=_INK, linewidth=1.2, linestyle=(0, (4, 2)), zorder=3, label="offered")
    axes.plot(x, seconds.served, color=_TEAL, linewidth=1.8, zorder=4, label="served")
    if any(seconds.refused):
        axes.plot(x, seconds.refused, color=_AMBER, linewidth=1.5, zorder=3, label="refused (429)")
    if any(seconds.failed):
        places = [at for at, count in zip(x, seconds.failed, strict=True) if count]
        counts = [count for count in seconds.failed if count]
        # One failure among thousands of answers must not go unseen.
        across = axes.get_xaxis_transform()
        axes.vlines(places, 0, 1, transform=across, color=_RED, alpha=0.3, linewidth=1.2, zorder=1.5)
        axes.scatter(places, counts, color=_RED, s=18, zorder=5, label="failed")
    capacity = float(findings.settings["capacity"])
    axes.axhline(capacity, color=_STEEL, linewidth=1, zorder=2, label=f"capacity, {capacity:.0f} a second")
    axes.set_ylim(0, max([capacity, *seconds.offered, *seconds.served, *seconds.refused, *seconds.failed]) * 1.16)
    _title(axes, "Requests a second", f"{findings.whole.failed:,} failed, {findings.whole.refused:,} refused")


def _draw_replicas(axes: Axes, looks: Sequence[Look]) -> None:
    x = [look.at for look in looks]
    running = [look.running for look in looks]
    coming = [look.running + look.starting for look in looks]
    axes.fill_between(x, coming, step="post", color=_TEAL_LIGHT, alpha=0.45, linewidth=0, zorder=1, label="starting")
    axes.fill_between(x, running, step="post", color=_TEAL, alpha=0.75, linewidth=0, zorder=2, label="running")
    targets = [look.target for look in looks]
    axes.step(x, targets, where="post", color=_INK, linewidth=1.4, linestyle=(0, (4, 2)), zorder=3, label="target")
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_ylim(0, max([1, *coming, *targets]) * 1.12)
    _title(axes, "Replicas", "as /v1/status says")


def _draw_latencies(axes: Axes, findings: Findings) -> None:
    seconds = findings.seconds
    x = _middles(seconds)
    axes.fill_between(x, seconds.p50_ms, seconds.p99_ms, color=_TEAL, alpha=0.10, linewidth=0, zorder=1)
    axes.plot(x, seconds.p99_ms, color=_TEAL, linewidth=1.8, zorder=4, label="p99")
    axes.plot(x, seconds.p95_ms, color=_STEEL, linewidth=1.2, zorder=3, label="p95")
    axes.plot(x, seconds.p50_ms, color=_INK, linewidth=1.2, zorder=3, label="p50")
    if unloaded := findings.settings.get("unloaded_p99_ms"):
        axes.axhline(
            unloaded, color=_MUTED, linewidth=1, linestyle=(0, (1, 2)), label=f"p99 unloaded, {unloaded:.0f} ms"
        )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(_show_ms))
    axes.yaxis.set_minor_formatter(FuncFormatter(_show_two_and_five))
    axes.tick_params(which="both", length=0, labelsize=9, labelcolor=_MUTED)
    since = "were due" if findings.settings["driver"] == "open" else "were sent"
    _title(axes, "Time to answer", f"of requests served, from when they {since}")


def _draw_queue(axes: Axes, looks: Sequence[Look]) -> None:
    x = [look.at for look in looks]
    axes.fill_between(x, [look.ongoing for look in looks], color=_STEEL, alpha=0.35, linewidth=0, label="under way")
    axes.plot(x, [look.queued for look in looks], color=_TEAL, linewidth=1.6, zorder=3, label="waiting for the model")
    axes.set_ylim(0, max([1, *(look.ongoing for look in looks), *(look.queued for look in looks)]) * 1.1)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    _title(axes, "Queue", "as /v1/status says")


def _draw_memory(axes: Axes, records: Records) -> None:
    series: dict[int, list[Weighing]] = {}
    for one in records.weighings:
        series.setdefault(one.pid, []).append(one)
    largest = {pid: max(one.pss_mb for one in of_process) for pid, of_process in series.items()}
    named = sorted(largest, key=lambda pid: largest[pid], reverse=True)
    for pid, colour in zip(named, (_TEAL, _INK, _STEEL, _AMBER), strict=False):
        x, y = [one.at for one in series[pid]], [one.pss_mb for one in series[pid]]
        axes.plot(x, y, color=colour, linewidth=1.4, label=series[pid][-1].name)
    axes.set_ylim(0, max(largest.values()) * 1.15)
    _title(axes, "Memory", "PSS of the four largest processes, MB")


def _middles(seconds: Seconds) -> list[float]:
    return [second + 0.5 for second in range(len(seconds.offered))]


def _show_ms(value: float, _place: int | None) -> str:
    return f"{value:g} ms" if value < 1000 else f"{value / 1000:g} s"


def _show_two_and_five(value: float, place: int | None) -> str:
    leading = round(value / 10 ** math.floor(math.log10(value)))
    return _show_ms(value, place) if leading in (2, 5) else ""


def _title(axes: Axes, title: str, note: str) -> None:
    axes.set_title(f"{title}\n", loc="left", fontsize=12, color=_INK, fontweight="bold", pad=7)
    axes.annotate(
        note, (0, 1), xycoords="axes fraction", xytext=(0, 6), textcoords="offset points", fontsize=9, color=_MUTED
    )
    axes.legend(
        loc="lower right", bbox_to_anchor=(1, 1.0), ncols=6, fontsize=9, labelcolor=_INK, frameon=False,
        handlelength=1.6, borderpad=0.2, columnspacing=1.4, borderaxespad=0.2,
    )  # fmt: skip
