"""What `benchmarks.classify_folder` measured, as a section of RESULTS.md."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.spreads import Spread


@dataclass(frozen=True, slots=True)
class Command:
    """One run of the command.

    images_per_s: over the whole process; sending_per_s: from its first request to its last answer, as it says itself;
    around_s: the rest, which is its start and its end; cpu_ms: its processor time for an image, start included.
    """

    images_per_s: float
    sending_per_s: float
    around_s: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Scaling:
    """The command on a service that scales.

    replicas: at its end; least_share: as in a round, where one that came late did less.
    """

    images_per_s: float
    replicas: int
    least_share: float


@dataclass(frozen=True, slots=True)
class Round:
    """The generator (images a second, its processor ms an image) around both commands.

    least_share: of the replica that did least for the large folder, 1 where all did as much.
    """

    before: tuple[float, float]
    copies: Command
    between: tuple[float, float]
    plain: Command
    after: tuple[float, float]
    least_share: float

    @property
    def around_copies(self) -> float:
        """The generator's images a second, around the large folder."""
        return (self.before[0] + self.between[0]) / 2

    @property
    def around_plain(self) -> float:
        """The generator's images a second, around the small folder."""
        return (self.between[0] + self.after[0]) / 2

    @property
    def summary(self) -> str:
        """For the terminal."""
        return (
            f"generator {self.around_copies:.0f}, many {self.copies.images_per_s:.0f}/s "
            f"({self.copies.images_per_s / self.around_copies:.2f}; sending "
            f"{self.copies.sending_per_s / self.around_copies:.2f}; {self.copies.cpu_ms:.2f} ms), few "
            f"{self.plain.images_per_s:.0f}/s ({self.plain.images_per_s / self.around_plain:.2f}; sending "
            f"{self.plain.sending_per_s / self.around_plain:.2f}; around {self.plain.around_s:.2f} s)"
        )


def describe(
    rounds: Sequence[Round], scaling: Scaling, facts: Mapping[str, Any], *, photos: int, seconds: float
) -> str:
    """The section."""

    def show(figure: Callable[[Round], float], digits: int) -> str:
        return Spread.of(figure(one) for one in rounds).show(digits)

    rows = [
        ("generator, 16 connections", show(lambda one: one.before[0], 0), "1", "1", show(lambda one: one.before[1], 2)),
        (
            f"`argus classify`, {photos:,} photos",
            show(lambda one: one.copies.images_per_s, 0),
            show(lambda one: one.copies.images_per_s / one.around_copies, 2),
            show(lambda one: one.copies.sending_per_s / one.around_copies, 2),
            show(lambda one: one.copies.cpu_ms, 2),
        ),
        (
            f"`argus classify`, {facts['photos']} photos",
            show(lambda one: one.plain.images_per_s, 0),
            show(lambda one: one.plain.images_per_s / one.around_plain, 2),
            show(lambda one: one.plain.sending_per_s / one.around_plain, 2),
            show(lambda one: one.plain.cpu_ms, 2),
        ),
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"""
## A folder from the command line ({facts["date"][:10]})

`python -m benchmarks.classify_folder --images <folder>`: {facts["photos"]} photos of {facts["photo_kb"]} kB on average,
{len(rounds)} rounds, the generator for {seconds:g} s at a time. Commit {facts["commit"]}. {facts["cpu"]},
{facts["cores"]} cores, shared by service and client.

| | images/s, whole process | of the generator | without start and end | client's CPU ms an image |
|---|---|---|---|---|
{table}

The large folder is of copies. Start and end of the command's process take {show(lambda one: one.plain.around_s, 2)} s.
The replica that did least for it did {show(lambda one: one.least_share, 2)} of an equal share. On the service as it is
shipped, which has one replica when nobody asks, the large folder went at {scaling.images_per_s:.0f} images/s from start
to end, with {scaling.replicas} replicas at the end.
"""
