"""What is claimed of the service, and whether a load test bears it out. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.load.memory import Growth
from benchmarks.load.scaling import Scaling
from benchmarks.load.scenarios import Scenario
from benchmarks.load.series import Stretch

_FIRST_EXTRA_S, _BACK_S, _REVERSALS = 8.0, 60.0, 1
_UNLOADED_FACTOR = 3.0
_GROWTH_MB_PER_H = 5.0
_GOODPUT = 0.8


@dataclass(frozen=True, slots=True)
class Verdict:
    """A claim, what was found, and whether it holds."""

    claim: str
    found: str
    holds: bool


def judge(
    scenario: Scenario,
    settings: Mapping[str, Any],
    *,
    whole: Stretch,
    stretches: Mapping[str, Stretch],
    scaling: Scaling,
    growths: Sequence[Growth],
) -> list[Verdict]:
    """A verdict on every claim that this scenario can test."""
    verdicts = [Verdict("No request failed", f"{whole.failed:,} of {whole.offered:,}", not whole.failed)]
    if scenario.name in ("steady", "soak"):
        verdicts.append(Verdict("None was refused", f"{whole.refused:,} of {whole.offered:,}", not whole.refused))
    if scenario.step and scenario.step in stretches:
        verdicts += _judge_scaling(settings, scaling)
    if scenario.name == "ramp":
        verdicts.append(_judge_turns(scaling))
    unloaded, stretch = settings.get("unloaded_p99_ms"), stretches.get(scenario.name)
    if scenario.name in ("steady", "soak") and unloaded and stretch:
        # Without the warm-up, in which replicas may still be coming.
        factor = stretch.p99_ms / unloaded
        found = f"{stretch.p99_ms:.0f} ms, {factor:.1f} times {unloaded:.0f} ms"
        claim = f"p99 at most {_UNLOADED_FACTOR:.0f} times the unloaded p99"
        verdicts.append(Verdict(claim, found, factor <= _UNLOADED_FACTOR))
    if scenario.name == "overload" and stretch:
        share = stretch.served_per_s / settings["capacity"]
        found = f"{stretch.served_per_s:.0f} a second, {share:.0%} of capacity"
        verdicts.append(
            Verdict(f"Still serves {_GOODPUT:.0%} of capacity when asked for twice", found, share >= _GOODPUT)
        )
    if scenario.weighs_memory:
        verdicts.append(_judge_memory(growths))
    return verdicts


def _judge_scaling(settings: Mapping[str, Any], scaling: Scaling) -> list[Verdict]:
    most = settings["most_replicas"]
    first, back = scaling.first_extra_s, scaling.back_s
    return [
        Verdict(
            f"The first extra replica runs within {_FIRST_EXTRA_S:.0f} s of the step",
            _describe_time(first), first is not None and first <= _FIRST_EXTRA_S,
        ),
        Verdict("All replicas run", f"{scaling.most} of {most}", scaling.most >= most),
        Verdict(
            f"As few replicas as before within {_BACK_S:.0f} s of the step's end",
            _describe_time(back), back is not None and back <= _BACK_S,
        ),
        _judge_turns(scaling),
    ]  # fmt: skip


def _judge_turns(scaling: Scaling) -> Verdict:
    found = "1 turn" if scaling.reversals == 1 else f"{scaling.reversals} turns"
    return Verdict(f"No flapping: the target turns at most {_REVERSALS} time", found, scaling.reversals <= _REVERSALS)


def _judge_memory(growths: Sequence[Growth]) -> Verdict:
    claim = f"No process grows by more than {_GROWTH_MB_PER_H:.0f} MB an hour"
    known = [growth for growth in growths if not math.isnan(growth.slope_mb_per_h)]
    if not known:
        return Verdict(claim, "not measured: five minutes or more would tell", holds=False)
    growing = [growth for growth in known if growth.is_growing(_GROWTH_MB_PER_H)]
    if growing:
        return Verdict(claim, ", ".join(f"{one.name} {one.slope_mb_per_h:+.1f} MB/h" for one in growing), holds=False)
    steepest = max(known, key=lambda growth: growth.slope_mb_per_h)
    found = f"at most {steepest.slope_mb_per_h:+.1f} ± {steepest.error_mb_per_h:.1f} MB/h ({steepest.name})"
    return Verdict(claim, found, holds=True)


def _describe_time(seconds: float | None) -> str:
    return "not seen" if seconds is None else f"{seconds:.2f} s"
