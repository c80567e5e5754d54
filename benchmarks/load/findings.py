"""Records -> what a load test found: figures by phase, times of scaling, growth of memory, and a verdict on each claim.

Pure; `page`, `picture` and `figures.json` show what is here.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.load.effort import Steadiness, describe_steadiness
from benchmarks.load.memory import Growth, describe_growth
from benchmarks.load.records import Records, Sent
from benchmarks.load.scaling import Scaling, describe_scaling
from benchmarks.load.scenarios import Phase, Scenario
from benchmarks.load.series import Seconds, Stretch, percentile, split_seconds, sum_up
from benchmarks.load.verdicts import Verdict, judge

_LATE_MS = 50.0
_MOST_FAILURES = 100


@dataclass(frozen=True, slots=True)
class Findings:
    """All that the report shows.

    late_p99_ms: how late the generator itself came to send.
    stretches: of every phase that began, by its name, in order.
    steadiness: of the machine, in the phase that the scenario is named after; None where it is not known.
    """

    scenario: Scenario
    settings: dict[str, Any]
    whole: Stretch
    late_p99_ms: float
    stretches: dict[str, Stretch]
    seconds: Seconds
    scaling: Scaling
    growths: list[Growth]
    verdicts: list[Verdict]
    failures: list[Sent]
    steadiness: Steadiness | None = None

    @property
    def generator_was_late(self) -> bool:
        """Whether the times say more about the machine of the generator than about the service."""
        return self.late_p99_ms > _LATE_MS

    def as_document(self) -> dict[str, Any]:
        """Everything for programs: plain JSON values, None for what is not known."""
        document = {
            "settings": self.settings,
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "whole": asdict(self.whole),
            "late_p99_ms": self.late_p99_ms,
            "phases": {name: asdict(stretch) for name, stretch in self.stretches.items()},
            "steadiness": asdict(self.steadiness) if self.steadiness else None,
            "failures": [asdict(failure) for failure in self.failures[:_MOST_FAILURES]],
            "scaling": asdict(self.scaling),
            "memory": [{**asdict(growth), "is_significant": growth.is_significant} for growth in self.growths],
        }
        plain: dict[str, Any] = _without_nan(document)
        return plain


def describe_scenario(settings: dict[str, Any]) -> Scenario:
    """The scenario as it was run, from the settings of its records."""
    values = settings["scenario"]
    return Scenario(**{**values, "phases": tuple(Phase(**phase) for phase in values["phases"])})


def find_out(records: Records) -> Findings:
    """What the records say; they may be those of a run that was ended early."""
    scenario = describe_scenario(records.settings)
    ran_s = min(scenario.seconds, records.settings.get("ran_s", scenario.seconds))
    stretches = {
        phase.name: sum_up(records.sent, begin, min(end, ran_s))
        for phase, begin, end in scenario.spans()
        if begin < ran_s
    }
    whole = sum_up(records.sent, 0.0, max(ran_s, 1e-3))
    scaling = describe_scaling(records.looks, scenario)
    growths = describe_growth(records.weighings)
    verdicts = judge(scenario, records.settings, whole=whole, stretches=stretches, scaling=scaling, growths=growths)
    spans = [(begin, min(end, ran_s)) for phase, begin, end in scenario.spans() if phase.name == scenario.name]
    return Findings(
        scenario,
        records.settings,
        whole,
        percentile([one.late * 1e3 for one in records.sent], 99),
        stretches,
        split_seconds(records.sent),
        scaling,
        growths,
        verdicts,
        [one for one in records.sent if one.is_failed],
        describe_steadiness(records.efforts, records.sent, *spans[0]) if spans else None,
    )


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(one) for one in value]
    return value
