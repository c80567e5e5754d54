"""A run -> one picture: replicas on each node, what was served and failed, and latencies, on one time axis."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmarks.load.records import Sent
from benchmarks.load.scenarios import Scenario
from benchmarks.load.series import Seconds, split_seconds
from benchmarks.nodes.cluster import Replicas
from benchmarks.nodes.network import Host

_INK, _MUTED, _GRID, _BAND = "#1f2933", "#5f6b7a", "#dfe4ea", "#f4f6f8"
_NODES = ("#0f766e", "#8fa3b8", "#c9a227")
_RED = "#c0392b"
_TICKS_MS = (10, 30, 100, 300, 1000)


def draw_picture(
    scenario: Scenario, sent: Sequence[Sent], replicas: Sequence[Replicas], hosts: Sequence[Host], path: Path
) -> None:
    """Write the picture, PNG, 1800 pixels wide."""
    mpl.rcParams["font.family"] = ["DejaVu Sans"]
    figure = Figure(figsize=(12, 7), dpi=150, facecolor="white", layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(1.1, 1.4, 1.2))
    seconds = split_seconds(sent)
    whole = int(scenario.seconds)  # what ends in the second after is no second's figure
    for axes in (top, middle, bottom):
        _prepare(axes, scenario)
    _draw_replicas(top, replicas, hosts)
    _draw_requests(middle, seconds, whole)
    _draw_latencies(bottom, seconds, whole)
    for phase, begin, end in scenario.spans():
        top.annotate(
            phase.name, ((begin + end) / 2, 1), xycoords=("data", "axes fraction"), xytext=(0, -4),
            textcoords="offset points", ha="center", va="top", fontsize=9.5, color=_MUTED,
        )  # fmt: skip
    bottom.set_xlim(0, scenario.seconds)
    bottom.set_xlabel("seconds since the load began", fontsize=9.5, color=_MUTED)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})


def _prepare(axes: Axes, scenario: Scenario) -> None:
    for number, (_, begin, end) in enumerate(scenario.spans()):
        if number % 2:
            axes.axvspan(begin, end, color=_BAND, zorder=0, linewidth=0)
    axes.grid(axis="y", color=_GRID, linewidth=0.8, zorder=0.5)
    axes.tick_params(length=0, labelsize=9, labelcolor=_MUTED)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    for side in axes.spines.values():
        side.set_visible(False)


def _draw_replicas(axes: Axes, replicas: Sequence[Replicas], hosts: Sequence[Host]) -> None:
    times = [look.at for look in replicas]
    counts = [[look.by_node.get(host.address, 0) for look in replicas] for host in hosts]
    axes.stackplot(
        times, *counts, labels=[host.name for host in hosts], colors=_NODES, step="post", alpha=0.85, zorder=2
    )
    axes.set_ylim(0, len(hosts) + 0.9)
    axes.legend(loc="center right", fontsize=9, frameon=False, labelcolor=_INK, ncols=3, bbox_to_anchor=(1, 1.08))
    _title(axes, "Running replicas by node")


def _draw_requests(axes: Axes, seconds: Seconds, whole: int) -> None:
    x = [second + 0.5 for second in range(whole)]
    axes.plot(x, seconds.offered[:whole], color=_INK, linewidth=1.2, linestyle=(0, (4, 2)), label="offered", zorder=3)
    axes.plot(x, seconds.served[:whole], color=_NODES[0], linewidth=1.8, label="served", zorder=4)
    if any(seconds.failed):
        places = [at for at, count in zip(x, seconds.failed[:whole], strict=True) if count]
        axes.scatter(
            places, [count for count in seconds.failed[:whole] if count], color=_RED, s=22, label="failed", zorder=5
        )
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower right", fontsize=9, frameon=False, labelcolor=_INK, ncols=3)
    _title(axes, "Photos a second")


def _draw_latencies(axes: Axes, seconds: Seconds, whole: int) -> None:
    x = [second + 0.5 for second in range(whole)]
    axes.plot(x, seconds.p50_ms[:whole], color=_NODES[0], linewidth=1.6, label="p50", zorder=3)
    axes.plot(x, seconds.p99_ms[:whole], color=_NODES[1], linewidth=1.4, label="p99", zorder=2)
    axes.set_yscale("log")
    axes.set_yticks(_TICKS_MS, [str(tick) for tick in _TICKS_MS])
    axes.minorticks_off()
    axes.set_ylim(8, 1200)
    axes.legend(loc="upper right", fontsize=9, frameon=False, labelcolor=_INK, ncols=2)
    _title(axes, "Latency in milliseconds, from when a photo was due")


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, fontsize=11, color=_INK, loc="left", fontweight="bold", pad=8)
