"""Requests -> figures of each second and of each stretch of time. Pure."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.load.records import Sent

PERCENTS = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Requests that were due in a stretch of time, and what came of them.

    served: with predictions; refused: with 429 and Retry-After; failed: all others. reconnects: requests sent once more
    on a new connection. Latencies are of those served, from when they were due, in milliseconds; nan without any.
    """

    seconds: float
    offered: int
    served: int
    refused: int
    failed: int
    reconnects: int
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def offered_per_s(self) -> float:
        """Requests due a second."""
        return self.offered / self.seconds

    @property
    def served_per_s(self) -> float:
        """Of those, the ones that were served, a second."""
        return self.served / self.seconds


@dataclass(frozen=True, slots=True)
class Seconds:
    """One figure for each second of a load test, the first is second 0.

    offered: requests due in it. served, refused, failed, reconnects: requests that ended in it.
    p50_ms, p95_ms, p99_ms: of the requests due in it that were served; nan where there were none.
    """

    offered: tuple[int, ...]
    served: tuple[int, ...]
    refused: tuple[int, ...]
    failed: tuple[int, ...]
    reconnects: tuple[int, ...]
    p50_ms: tuple[float, ...]
    p95_ms: tuple[float, ...]
    p99_ms: tuple[float, ...]


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of the others stay below; nan without values."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def sum_up(sent: Iterable[Sent], begin: float, end: float) -> Stretch:
    """What came of the requests that were due from `begin` until before `end`."""
    due = [one for one in sent if begin <= one.due < end]
    latencies = [one.seconds * 1e3 for one in due if one.is_served]
    return Stretch(
        end - begin,
        len(due),
        len(latencies),
        sum(one.is_refused for one in due),
        sum(one.is_failed for one in due),
        sum(one.reconnects for one in due),
        *(percentile(latencies, percent) for percent in PERCENTS),
    )


def split_seconds(sent: Sequence[Sent]) -> Seconds:
    """Figures of every second from 0 to the last in which something was due or ended."""
    count = int(max((one.done for one in sent), default=-1.0)) + 1
    latencies: list[list[float]] = [[] for _ in range(count)]
    for one in sent:
        if one.is_served:
            latencies[int(one.due)].append(one.seconds * 1e3)

    def tally(moment: Callable[[Sent], float], weight: Callable[[Sent], int]) -> tuple[int, ...]:
        counts = [0] * count
        for one in sent:
            counts[int(moment(one))] += weight(one)
        return tuple(counts)

    def ended(weight: Callable[[Sent], int]) -> tuple[int, ...]:
        return tally(lambda one: one.done, weight)

    return Seconds(
        tally(lambda one: one.due, lambda _one: 1),
        ended(lambda one: one.is_served),
        ended(lambda one: one.is_refused),
        ended(lambda one: one.is_failed),
        ended(lambda one: one.reconnects),
        *(tuple(percentile(second, percent) for second in latencies) for percent in PERCENTS),
    )
