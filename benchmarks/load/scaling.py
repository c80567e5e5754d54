"""Looks at the service -> how soon it grew and shrank, and how often it changed its mind. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.load.records import Look
from benchmarks.load.scenarios import Scenario


@dataclass(frozen=True, slots=True)
class Scaling:
    """Times in seconds; None for what was not seen to happen, or has no step to count from.

    least, most: replicas seen running. first_extra_s: from the step to the first look that finds one replica more
    running than before it; all_s: to the most that were seen. back_s: from the end of the step to as few as before it,
    both running and wanted. reversals: how often the wanted number turned from growing to shrinking or back.
    """

    least: int
    most: int
    first_extra_s: float | None
    all_s: float | None
    back_s: float | None
    reversals: int


def describe_scaling(looks: Sequence[Look], scenario: Scenario) -> Scaling:
    """What the looks say.

    The service is asked once a second and looks at itself once a second: every time is up to two seconds too long.
    """
    running = [look.running for look in looks]
    least, most = (min(running), max(running)) if running else (0, 0)
    step, after = scenario.find_span(scenario.step), scenario.find_span(scenario.after)
    first_extra = everything = back = None
    if step is not None:
        before = max((look.running for look in looks if look.at < step[0]), default=1)
        first_extra = _find(looks, step[0], lambda look: look.running > before)
        if most > before:
            everything = _find(looks, step[0], lambda look: look.running >= most)
        if after is not None and most > before:
            back = _find(looks, after[0], lambda look: look.running <= before and look.target <= before)
    return Scaling(least, most, first_extra, everything, back, count_reversals([look.target for look in looks]))


def count_reversals(targets: Sequence[int]) -> int:
    """How often a series turns: 1, 2, 1 turns once; 1, 2, 1, 2 turns twice."""
    steps = [after - before for before, after in pairwise(targets) if after != before]
    return sum((before > 0) != (after > 0) for before, after in pairwise(steps))


def _find(looks: Sequence[Look], since: float, condition: Callable[[Look], bool]) -> float | None:
    return next((look.at - since for look in looks if look.at >= since and condition(look)), None)
