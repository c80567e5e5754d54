"""Outcomes -> the chart of docs/decisions/0004: latency against load, for each side."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # no window

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.batching_cases import GPU_BATCH_S, Measured, Outcome, Side
from benchmarks.batching_report import is_overrun, median

_INK, _FAINT = "#26323d", "#8894a0"
_OWN = "#0b7a5c"
_OTHERS = ("#f0a868", "#d96b27", "#8fa3dd", "#4a5fc1")
_TOP_MS = 250.0  # what lies above is not a latency: the queue only grew
_BAND_MS = 60.0


def draw_chart(measured: Measured, path: Path) -> None:
    """p50 and p99 in ms over the share of capacity. Loads at which the queue only grows lie in a band at the top."""
    cases = [case for case in measured if case.load == "open"]
    sides = list(dict.fromkeys(case.side for case in cases))
    with plt.rc_context({"font.family": "DejaVu Sans", "font.size": 10, "text.color": _INK, "axes.labelcolor": _INK}):
        figure, panels = plt.subplots(1, 2, figsize=(10.4, 4.8), sharey=True, layout="constrained")
        for panel, percent in zip(panels, (50, 99), strict=True):
            _prepare(panel, f"p{percent}", sorted({case.amount * 100 for case in cases}))
            for number, side in enumerate(sides):
                points = sorted((case.amount * 100, measured[case]) for case in cases if case.side == side)
                height = _TOP_MS + _BAND_MS * 0.7 * (number + 0.5) / len(sides)
                _draw_side(panel, side, number, [(share, _place(o, percent, height)) for share, o in points])
        panels[0].set_ylabel("ms from when the request was due")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(sides), frameon=False)
        figure.suptitle("A model that takes 50 ms for a batch of up to 64, requests at random times", fontsize=12)
        figure.savefig(path, dpi=150)
        plt.close(figure)


def _place(outcomes: Sequence[Outcome], percent: int, above_ms: float) -> float:
    return above_ms if is_overrun(outcomes) else median(outcomes, lambda o: o.load.percentile_ms(percent))


def _prepare(panel: Axes, title: str, shares: Sequence[float]) -> None:
    panel.set_title(title, loc="left", fontweight="bold")
    panel.set_xlabel("offered load, % of capacity")
    panel.set(xlim=(-3, 95), ylim=(0, _TOP_MS + _BAND_MS), xticks=list(shares), yticks=range(0, int(_TOP_MS), 50))
    panel.set_xticklabels([f"{share:g}" for share in shares])
    panel.tick_params(color=_FAINT, labelcolor=_INK)
    for name, spine in panel.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(_FAINT)
    panel.grid(axis="y", color="#e4e8ec", linewidth=0.8)
    panel.axhspan(_TOP_MS, _TOP_MS + _BAND_MS, color="#f3f4f6", zorder=0)
    top = _TOP_MS + _BAND_MS - 5
    panel.text(46, top, "the queue grew as long as the load lasted", va="top", ha="center", color=_FAINT)
    panel.axhline(GPU_BATCH_S * 1e3, color=_FAINT, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    panel.text(94, GPU_BATCH_S * 1e3 - 4, "the model alone", va="top", ha="right", color=_FAINT)


def _draw_side(panel: Axes, side: Side, number: int, points: Sequence[tuple[float, float]]) -> None:
    own = side.wait_s is None
    panel.plot(
        [share for share, _ in points],
        [value for _, value in points],
        color=_OWN if own else _OTHERS[(number - 1) % len(_OTHERS)],
        linewidth=3 if own else 1.8,
        marker="o",
        markersize=7 if own else 5,
        label=side.name,
        zorder=4 if own else 3,
    )
