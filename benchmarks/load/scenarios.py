"""The scenarios: how much load when, as shares of what the service can do at most with all its replicas.

Pure: knows nothing of requests, of the service or of what becomes of the figures.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a scenario in which the load stays, or goes evenly from `begin` to `end` (shares of capacity)."""

    name: str
    seconds: float
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is offered to the service, and what is looked at.

    question: what a person wants to know who runs it.
    weighs_memory: whether the memory of the service's processes is followed.
    step, after: the phases that the times of scaling up and down are counted from, in scenarios that have a step.
    """

    name: str
    question: str
    phases: tuple[Phase, ...]
    weighs_memory: bool = False
    step: str = ""
    after: str = ""

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return sum(phase.seconds for phase in self.phases)

    def lasting(self, seconds: float) -> "Scenario":
        """The same in so many seconds: every phase by the same factor."""
        factor = seconds / self.seconds
        phases = tuple(Phase(one.name, one.seconds * factor, one.begin, one.end) for one in self.phases)
        return Scenario(self.name, self.question, phases, self.weighs_memory, self.step, self.after)

    def spans(self) -> list[tuple[Phase, float, float]]:
        """Each phase with its first and its last second."""
        spans, begin = [], 0.0
        for phase in self.phases:
            spans.append((phase, begin, begin + phase.seconds))
            begin += phase.seconds
        return spans

    def find_span(self, name: str) -> tuple[float, float] | None:
        """The first and the last second of the phase with this name."""
        return next(((begin, end) for phase, begin, end in self.spans() if phase.name == name), None)

    def share_at(self, second: float) -> float:
        """The share of capacity offered at a moment; 0 before the begin and after the end."""
        for phase, begin, end in self.spans():
            if begin <= second < end:
                return phase.begin + (phase.end - phase.begin) * (second - begin) / phase.seconds
        return 0.0


def plan_requests(scenario: Scenario, capacity: float) -> Iterator[float]:
    """When each request of an open loop is due, in seconds from the begin. capacity: requests a second of share 1.

    The gap after a request is that of the rate at its moment, so that the schedule depends on the shape alone.
    """
    now = 0.0
    while now < scenario.seconds:
        rate = scenario.share_at(now) * capacity
        if rate <= 0:
            now += 0.1
            continue
        yield now
        now += 1 / rate


_BASE, _STEP = 0.08, 0.8

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "steady",
            "How quick are answers at half of what the service can do?",
            (Phase("warm-up", 15, 0.5, 0.5), Phase("steady", 60, 0.5, 0.5)),
        ),
        Scenario(
            "ramp",
            "What happens on the way past the limit, and back?",
            (Phase("up", 75, 0.1, 1.2), Phase("down", 45, 1.2, 0.1), Phase("rest", 30, 0.1, 0.1)),
        ),
        Scenario(
            "spike",
            "How soon do replicas come when the load grows tenfold at once, and do they leave afterwards?",
            (Phase("before", 15, _BASE, _BASE), Phase("step", 40, _STEP, _STEP), Phase("after", 70, _BASE, _BASE)),
            step="step",
            after="after",
        ),
        Scenario(
            "soak",
            "Does it stay well, and as small as it was, for a quarter of an hour?",
            (Phase("warm-up", 60, 0.2, 0.7), Phase("soak", 900, 0.7, 0.7)),
            weighs_memory=True,
        ),
        Scenario(
            "overload",
            "Does it say no properly to twice what it can do, and go on serving?",
            (Phase("before", 10, 0.5, 0.5), Phase("overload", 40, 2.0, 2.0), Phase("after", 20, 0.5, 0.5)),
        ),
    )
}
