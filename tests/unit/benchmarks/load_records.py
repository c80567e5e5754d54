"""Records of load tests that never were."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from benchmarks.load.records import Look, Records, Sent, Weighing
from benchmarks.load.scenarios import SCENARIOS, Scenario

REFUSED = Sent(0.0, 0.002, 429, retry_after=True)
RUDE = Sent(0.0, 0.002, 429)
BROKEN = Sent(0.0, 0.5, 0)


def served(due: float, seconds: float = 0.02) -> Sent:
    return Sent(due, seconds, 200)


def due_at(one: Sent, due: float) -> Sent:
    return replace(one, due=due)


def looks(*numbers: tuple[float, int, int]) -> list[Look]:
    """Looks at (second, running, target)."""
    return [Look(at, running, max(0, target - running), 0, target, 0, 0) for at, running, target in numbers]


def make_settings(scenario: Scenario, **others: Any) -> dict[str, Any]:
    return {
        "date": "2026-01-02T03:04+00:00", "commit": "abcdef1", "cpu": "A <fast> processor", "cores": 2, "memory_gb": 8,
        "python": "3.11", "versions": {"ray": "2"}, "photos": 6, "photo_kb": 100, "ended": "as planned",
        "scenario": asdict(scenario), "driver": "open", "started_here": True, "least_replicas": 1, "most_replicas": 2,
        "capacity": 10.0, "capacity_is_given": False, "capacity_replicas": 2, "single_capacity": 6.0, "rested": True,
        "unloaded_p50_ms": 10.0, "unloaded_p99_ms": 15.0, "ran_s": scenario.seconds,
        "configuration": {"overload.deadline_s": 10},
        **others,
    }  # fmt: skip


def make_records(
    scenario: str,
    sent: Iterable[Sent],
    seen: Iterable[Look] = (),
    weighings: Iterable[Weighing] = (),
    **settings: Any,
) -> Records:
    return Records(make_settings(SCENARIOS[scenario], **settings), list(sent), list(seen), list(weighings))


def weigh(pid: int, sizes: Iterable[float], *, every_s: float = 10.0, name: str = "replica") -> list[Weighing]:
    return [Weighing(turn * every_s, pid, name, size) for turn, size in enumerate(sizes)]
