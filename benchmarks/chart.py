"""A run -> one picture: share of the in-process ceiling at 16 connections, and p99 at 64."""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmarks.records import Measurement, Run
from benchmarks.report import count_rounds, measured_systems, name_system
from benchmarks.spreads import Spread, ratio, spread
from benchmarks.systems import System

_INK, _MUTED, _GRID = "#1f2933", "#5f6b7a", "#dfe4ea"
_ARGUS, _SAME, _DOCUMENTED = "#0f766e", "#8fa3b8", "#cfd8e1"


def draw_chart(run: Run, path: Path) -> None:
    """Write the picture, PNG, 1800 pixels wide."""
    mpl.rcParams["font.family"] = ["DejaVu Sans"]
    systems = measured_systems(run)
    figure = Figure(figsize=(12, 0.5 * max(len(systems), 4) + 1.6), dpi=150, facecolor="white", layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    _draw_bars(left, run, systems, ratio, lambda value: f"{value:.2f}")
    left.set_ylim(len(systems) - 0.4, -0.6)
    left.axvline(1.0, color=_INK, linewidth=1, linestyle=(0, (4, 3)))
    left.set_xlim(0, max(1.12, left.get_xlim()[1]))
    _title(left, "Throughput at 16 connections", "share of the same model in process, without HTTP (dashed line)")
    _draw_bars(right, run, systems, _p99, lambda value: f"{value:,.0f} ms")
    right.set_ylim(left.get_ylim())  # so that a system is at the same height on both sides
    right.set_xlim(0, right.get_xlim()[1] * 1.2)
    _title(right, "99th percentile at 64 connections", "milliseconds, shorter is better")
    if any(system.is_documented for system in systems):
        _explain_colours(right)
    figure.supxlabel(
        f"Same weights, same photos, {run.facts['cores']} workers each; {run.facts['cpu']}. {_explain_rounds(run)}",
        fontsize=9,
        color=_MUTED,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})


def _explain_rounds(run: Run) -> str:
    rounds = count_rounds(run)
    return f"Medians of {rounds} interleaved rounds; thin lines: smallest to largest. " if rounds > 1 else ""


def _p99(measurement: Measurement) -> float | None:
    loop = measurement.figures.at(64)
    return loop.p99_ms if loop else None


def _draw_bars(
    axes: Axes,
    run: Run,
    systems: list[System],
    figure: Callable[[Measurement], float | None],
    show: Callable[[float], str],
) -> None:
    # A system without this figure keeps its place, so that the two sides can be read across.
    spreads = [(place, system, spread(run.of(system.name), figure)) for place, system in enumerate(systems)]
    rows = [(place, system, found) for place, system, found in spreads if found is not None]
    most = max((found.high for _, _, found in rows), default=1.0)
    for place, system, found in rows:
        axes.barh(place, found.median, height=0.66, color=_choose_colour(system), zorder=2)
        _draw_range(axes, place, found)
        weight = "bold" if system.name == "argus" else "normal"
        axes.text(
            max(found.high, found.median) + most * 0.015, place, show(found.median),
            va="center", ha="left", fontsize=11, color=_INK, fontweight=weight, zorder=4,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip
    names = [name_system(system) for _, system, _ in rows]
    axes.set_yticks([place for place, _, _ in rows], names, fontsize=11, color=_INK)
    for label, (_, system, _) in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if system.name == "argus" else "normal")
    axes.tick_params(length=0)
    axes.tick_params(axis="x", labelsize=9, labelcolor=_MUTED)
    axes.grid(axis="x", color=_GRID, linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)


def _explain_colours(axes: Axes) -> None:
    """A legend where the documented systems have no bar."""
    meanings = {
        "Argus, as users start it": _ARGUS,
        "the ceiling's model and steps: Pillow, OpenVINO": _SAME,
        "as documented: torchvision, eager torch": _DOCUMENTED,
    }
    keys = [Patch(facecolor=colour) for colour in meanings.values()]
    axes.legend(
        keys, list(meanings), loc="lower left", bbox_to_anchor=(0, 0.03), fontsize=10, labelcolor=_INK, framealpha=1,
        facecolor="white", edgecolor="none", handlelength=1.2, handleheight=1.2, borderpad=0.8, labelspacing=0.7,
    )  # fmt: skip


def _draw_range(axes: Axes, place: int, found: Spread) -> None:
    if found.high > found.low:
        axes.plot((found.low, found.high), (place, place), color=_INK, linewidth=1.2, zorder=3, solid_capstyle="butt")


def _choose_colour(system: System) -> str:
    if system.name == "argus":
        return _ARGUS
    return _DOCUMENTED if system.is_documented else _SAME


def _title(axes: Axes, title: str, note: str) -> None:
    axes.set_title(f"{title}\n", loc="left", fontsize=13, color=_INK, fontweight="bold", pad=8)
    axes.text(0, 1.02, note, transform=axes.transAxes, fontsize=9.5, color=_MUTED, va="bottom")
