"""Processor time of an image, second by second -> whether the machine was as fast all the time. Pure.

A shared machine changes its speed for seconds. When replicas need more processor time for the same images, while
nothing else runs, the machine gave them less for it, and the load was a larger share of what it could do.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.load.records import Effort, Sent
from benchmarks.load.series import percentile

# Seconds of processes and of requests do not begin at the same moment: a second is judged with its neighbours.
_AROUND = 1
_DEAR = 1.1
_FEWEST_S = 30


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How steady the machine was.

    image_ms: processor time of an image in all replicas, median over the seconds.
    dear_s: seconds, of seconds, in which it was a tenth above that or more; dear_image_ms: its mean there.
    stolen_cores, dear_stolen_cores: what other guests of the host took, as far as it says so; always, and there.
    p99_ms: of all answers; steady_p99_ms: of those that were due at other times.
    """

    image_ms: float
    seconds: int
    dear_s: int
    dear_image_ms: float
    stolen_cores: float
    dear_stolen_cores: float
    p99_ms: float
    steady_p99_ms: float

    def __str__(self) -> str:
        """A sentence or two for a person."""
        if not self.dear_s:
            return f"The machine was as fast all the time: {self.image_ms:.0f} ms of processor time an image."
        return (
            f"The machine was slower in {self.dear_s} of {self.seconds} s: {self.dear_image_ms:.0f} ms of processor "
            f"time an image instead of {self.image_ms:.0f}, with {self.dear_stolen_cores:.2f} cores taken by other "
            f"guests there and {self.stolen_cores:.2f} over all. Without them, p99 is {self.steady_p99_ms:.0f} ms."
        )


def describe_steadiness(efforts: Sequence[Effort], sent: Sequence[Sent], begin: float, end: float) -> Steadiness | None:
    """What is known of a stretch of a load test; None where it is too little."""
    ended: dict[int, int] = {}
    for one in sent:
        if one.is_served:
            ended[int(one.done)] = ended.get(int(one.done), 0) + 1
    known = {int(one.at) - 1: one for one in efforts if begin + 1 <= one.at < end}
    costs = {second: one.replicas_s * 1e3 / ended[second] for second, one in known.items() if ended.get(second)}
    if len(costs) < _FEWEST_S:
        return None
    smooth = {second: statistics.mean(costs[near] for near in _around(second) if near in costs) for second in costs}
    usual = statistics.median(smooth.values())
    dear = {second for second, cost in smooth.items() if cost >= _DEAR * usual}
    # A queue that a slow second left behind is still there in the next one.
    touched = {near for second in dear for near in (*_around(second), second + _AROUND + 1)}
    served = [one for one in sent if one.is_served and begin <= one.due < end]
    return Steadiness(
        image_ms=usual,
        seconds=len(smooth),
        dear_s=len(dear),
        dear_image_ms=statistics.mean(smooth[second] for second in dear) if dear else math.nan,
        stolen_cores=statistics.mean(known[second].stolen_s for second in costs),
        dear_stolen_cores=statistics.mean(known[second].stolen_s for second in dear) if dear else math.nan,
        p99_ms=percentile([one.seconds * 1e3 for one in served], 99),
        steady_p99_ms=percentile(
            [one.seconds * 1e3 for one in served if not touched & {int(one.due), int(one.done)}], 99
        ),
    )


def _around(second: int) -> range:
    return range(second - _AROUND, second + _AROUND + 1)
