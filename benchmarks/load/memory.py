"""Weighings of processes -> how much each grew, and whether that is more than chance. Pure.

The slope is that of the straight line through what was weighed after the first fifth of the run, in which processes
still settle. Readings of one process resemble each other, so its error is widened by their correlation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.load.records import Weighing

_SETTLING = 0.2
_FEWEST = 10
# In less time every process still grows or shrinks, and an hour's slope would be made of that.
_SHORTEST_H = 4 / 60
# Two-sided 95 % of a normal distribution.
_SIGMAS = 1.96


@dataclass(frozen=True, slots=True)
class Growth:
    """One process; sizes in MB (1e6 bytes). error_mb_per_h: half of the slope's 95 % interval.

    slope_mb_per_h, error_mb_per_h: nan for a process that was weighed too seldom to say.
    """

    pid: int
    name: str
    weighings: int
    first_mb: float
    last_mb: float
    most_mb: float
    slope_mb_per_h: float
    error_mb_per_h: float

    @property
    def is_significant(self) -> bool:
        """Whether the slope is more than chance, up or down."""
        return abs(self.slope_mb_per_h) > self.error_mb_per_h

    def is_growing(self, allowed_mb_per_h: float) -> bool:
        """Whether it surely grows by more than this."""
        return self.slope_mb_per_h - self.error_mb_per_h > allowed_mb_per_h


def describe_growth(weighings: Sequence[Weighing]) -> list[Growth]:
    """Every process that was weighed, the largest first."""
    if not weighings:
        return []
    end = max(one.at for one in weighings)
    by_process: dict[int, list[Weighing]] = {}
    for one in weighings:
        by_process.setdefault(one.pid, []).append(one)
    growths = [_describe(pid, series, settled_at=end * _SETTLING) for pid, series in by_process.items()]
    return sorted(growths, key=lambda growth: growth.most_mb, reverse=True)


def _describe(pid: int, series: Sequence[Weighing], *, settled_at: float) -> Growth:
    sizes = [one.pss_mb for one in series]
    settled = [one for one in series if one.at >= settled_at]
    slope, error = fit_slope([one.at / 3600 for one in settled], [one.pss_mb for one in settled])
    return Growth(pid, series[-1].name, len(series), sizes[0], sizes[-1], max(sizes), slope, error)


def fit_slope(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """The slope of the line through the points and half of its 95 % interval; nan, nan where they are too few.

    x: hours. Too few are less than ten, or less than four minutes.
    """
    if len(x) < _FEWEST or max(x) - min(x) < _SHORTEST_H:
        return math.nan, math.nan
    xs, ys = np.asarray(x) - np.mean(x), np.asarray(y) - np.mean(y)
    spread = float(xs @ xs)
    slope = float(xs @ ys) / spread
    rest = ys - slope * xs
    variance = float(rest @ rest)
    if variance < 1e-12:
        return slope, 0.0
    # Of n readings with lag-one correlation r, n (1 - r) / (1 + r) are worth independent ones.
    correlation = min(0.99, max(0.0, float(rest[1:] @ rest[:-1]) / variance))
    worth = max(3.0, len(x) * (1 - correlation) / (1 + correlation))
    return slope, _SIGMAS * math.sqrt(variance / (worth - 2) / spread * len(x) / worth) if worth > 2 else math.nan
