"""What a benchmark run leaves behind: one JSON object a line, appended as soon as it is known.

A run that was interrupted is therefore a shorter run, and a report can be made of it. Knows nothing of how the figures
came about or what is made of them.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.ceiling import Ceiling


@dataclass(frozen=True, slots=True)
class ClosedLoop:
    """Clients that each send the next photo when they have their answer; latencies in milliseconds.

    reconnects: see benchmarks/generator.py.
    """

    connections: int
    images_per_s: float
    p50_ms: float
    p99_ms: float
    errors: int
    reconnects: int = 0


@dataclass(frozen=True, slots=True)
class OpenLoop:
    """`rate` photos a second on a fixed schedule; latencies in milliseconds, from when a photo was due.

    reconnects: see benchmarks/generator.py.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    sent: int
    lost: int
    reconnects: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What one start of a system gave.

    start_s: from the command to the first good answer. cpu_ms: processor time of all its processes for one request at
    16 connections. foreign_cores: what other programs and other guests of the machine took from that load, in cores.
    pss_mb, worker_pss_mb: see benchmarks/started.py.
    """

    start_s: float
    closed: tuple[ClosedLoop, ...]
    open: OpenLoop | None
    cpu_ms: float
    foreign_cores: float
    pss_mb: float
    worker_pss_mb: float

    def at(self, connections: int) -> ClosedLoop | None:
        """The closed loop with that many connections, if it was measured."""
        return next((loop for loop in self.closed if loop.connections == connections), None)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A system in a round, and the ceilings measured directly before its start and directly after its end."""

    round: int
    system: str
    before: Ceiling
    after: Ceiling
    figures: Figures

    @property
    def ceiling(self) -> float:
        """images/s in process around this measurement: the mean of before and after, since the machine drifts."""
        return (self.before.images_per_s + self.after.images_per_s) / 2

    @property
    def ceiling_cpu_ms(self) -> float:
        """Processor time of one photo in process, in milliseconds, around this measurement."""
        return (self.before.cpu_ms + self.after.cpu_ms) / 2

    @property
    def ceiling_single_ms(self) -> float:
        """Median time of one photo with one worker alone, in milliseconds, around this measurement."""
        return (self.before.single_ms + self.after.single_ms) / 2


@dataclass(frozen=True, slots=True)
class Failure:
    """A system that could not be measured in a round."""

    round: int
    system: str
    reason: str


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run as read back; facts: see benchmarks/facts.py."""

    facts: Mapping[str, Any]
    measurements: tuple[Measurement, ...]
    failures: tuple[Failure, ...]

    def of(self, system: str) -> list[Measurement]:
        """All rounds of one system."""
        return [measurement for measurement in self.measurements if measurement.system == system]


class Recorder:
    """Appends to the file of a run."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path

    def note_facts(self, facts: Mapping[str, Any]) -> None:
        """What holds for the whole run."""
        self._write("facts", dict(facts))

    def note_measurement(self, measurement: Measurement) -> None:
        """A system in a round."""
        self._write("measurement", asdict(measurement))

    def note_failure(self, failure: Failure) -> None:
        """A system that failed."""
        self._write("failure", asdict(failure))

    def _write(self, kind: str, values: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, **values}) + "\n")


def read_run(path: Path) -> Run:
    """Raises ValueError when the file is not the record of a run."""
    facts: dict[str, Any] = {}
    measurements, failures = [], []
    try:
        for line in path.read_text("utf-8").splitlines():
            values = json.loads(line)
            kind = values.pop("kind")
            if kind == "facts":
                facts = values
            elif kind == "measurement":
                measurements.append(_read_measurement(values))
            elif kind == "failure":
                failures.append(Failure(**values))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not the record of a benchmark run: {error}") from error
    if not measurements:
        raise ValueError(f"{path} holds no measurement, so there is nothing to report.")
    return Run(facts, tuple(measurements), tuple(failures))


def _read_measurement(values: dict[str, Any]) -> Measurement:
    figures = values["figures"]
    loops = tuple(ClosedLoop(**loop) for loop in figures["closed"])
    open_loop = OpenLoop(**figures["open"]) if figures["open"] else None
    return Measurement(
        round=values["round"],
        system=values["system"],
        before=Ceiling(**values["before"]),
        after=Ceiling(**values["after"]),
        figures=Figures(**{**figures, "closed": loops, "open": open_loop}),
    )
