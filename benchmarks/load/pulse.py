"""What the terminal shows of a load test under way: what came of the requests since the last look. Pure."""

from dataclasses import dataclass

from benchmarks.load.records import Look, Records
from benchmarks.load.scenarios import Scenario
from benchmarks.load.series import percentile


@dataclass(frozen=True, slots=True)
class Pulse:
    """A moment of a load test; rates a second, latencies in milliseconds, nan where nothing was served.

    failed: requests, not a rate: each one counts. look: the last one at the service; None before the first.
    """

    at: float
    phase: str
    offered: float
    served: float
    refused: float
    failed: int
    p50_ms: float
    p99_ms: float
    look: Look | None


class PulseTaker:
    """Reads the records as they grow, each once. capacity: requests a second of the scenario's share 1."""

    def __init__(self, scenario: Scenario, capacity: float, records: Records) -> None:
        self._scenario = scenario
        self._capacity = capacity
        self._records = records
        self._seen = 0
        self._at = 0.0

    def take(self, now: float) -> Pulse:
        """The pulse since the last one; now: seconds from the begin."""
        fresh = self._records.sent[self._seen :]
        self._seen += len(fresh)
        elapsed, self._at = max(now - self._at, 1e-6), now
        served = [one.seconds * 1e3 for one in fresh if one.is_served]
        spans = self._scenario.spans()
        return Pulse(
            at=now,
            phase=next((phase.name for phase, begin, end in spans if begin <= now < end), "last answers"),
            offered=self._scenario.share_at(now) * self._capacity,
            served=len(served) / elapsed,
            refused=sum(one.is_refused for one in fresh) / elapsed,
            failed=sum(one.is_failed for one in fresh),
            p50_ms=percentile(served, 50),
            p99_ms=percentile(served, 99),
            look=self._records.looks[-1] if self._records.looks else None,
        )
