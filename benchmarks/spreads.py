"""Medians over rounds, with the smallest and the largest value: the arithmetic of the report."""

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.records import Measurement, Run

Figure = Callable[[Measurement], float | None]


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Raises ValueError without values."""
        ordered = sorted(values)
        if not ordered:
            raise ValueError("a spread needs at least one value")
        return cls(statistics.median(ordered), ordered[0], ordered[-1])

    def show(self, digits: int = 0) -> str:
        """The median, and in brackets smallest to largest where the rounds differ."""
        median, low, high = (f"{value:.{digits}f}" for value in (self.median, self.low, self.high))
        return median if low == high else f"{median} ({low} to {high})"


def spread(measurements: Iterable[Measurement], figure: Figure) -> Spread | None:
    """The spread of a figure over the rounds that have it; None where none has."""
    values = [value for measurement in measurements if (value := figure(measurement)) is not None]
    return Spread.of(values) if values else None


def ratio(measurement: Measurement, connections: int = 16) -> float | None:
    """images/s as a share of the in-process ceiling around the measurement."""
    loop = measurement.figures.at(connections)
    return loop.images_per_s / measurement.ceiling if loop else None


def cpu_ratio(measurement: Measurement) -> float:
    """Processor time of a request against that of a photo in process."""
    return measurement.figures.cpu_ms / measurement.ceiling_cpu_ms


def above_single_ms(measurement: Measurement) -> float | None:
    """What a request adds, with one connection, to the median time of a photo in process; milliseconds."""
    loop = measurement.figures.at(1)
    return loop.p50_ms - measurement.ceiling_single_ms if loop else None


def tail(measurement: Measurement, connections: int = 64) -> float | None:
    """p99 against the time in which the ceiling would serve everybody who waits: 1 is perfect."""
    loop = measurement.figures.at(connections)
    return loop.p99_ms / (connections / measurement.ceiling * 1e3) if loop else None


def compare(run: Run, system: str, other: str, connections: int = 16) -> Spread | None:
    """How many times the throughput of `other` the system reached, ceilings considered, round by round."""
    theirs = {measurement.round: ratio(measurement, connections) for measurement in run.of(other)}
    values = []
    for measurement in run.of(system):
        mine, their = ratio(measurement, connections), theirs.get(measurement.round)
        if mine and their:
            values.append(mine / their)
    return Spread.of(values) if values else None
