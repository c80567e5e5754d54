"""Notes of replicas -> the status of the service: what is kept of each, how they add up, what percentiles are.

Pure: `noticeboard` carries the notes between processes, `http/status` shows the result.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from serve_app.meters import BatchMeter, Meters, Samples, add_samples, subtract_samples
from serve_app.tally import BOUNDS_S, Counts, Note, Tally

# A replica reports once a second. One that misses three is taken for gone; it is back with its next report.
_SILENT_S = 3.5
# After so long without a word a replica will not come back, and only its totals are kept.
_FORGOTTEN_S = 600.0
# A replica makes itself known in its first seconds.
_NEW_S = 30.0
_NOTHING = Counts()


@dataclass(frozen=True, slots=True)
class DeploymentScale:
    """How many replicas a deployment has; least and most: between which it is scaled, None where that is unknown."""

    name: str
    running: int
    starting: int
    stopping: int
    target: int
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests a second, as `Counts`, in the window."""

    answered: float = 0.0
    images: float = 0.0
    refused: float = 0.0
    errors: float = 0.0

    @property
    def offered(self) -> float:
        """What arrived, whatever became of it."""
        return self.answered + self.refused + self.errors


@dataclass(frozen=True, slots=True)
class Figures:
    """What the replicas' notes add up to. heard: how many replicas of each deployment were heard lately.

    latencies: one count for each of BOUNDS_S and one for what is above them all, of the answers in the window.
    samples: what the meters of all replicas that ever were have counted; no number in it becomes smaller.
    """

    heard: Mapping[str, int]
    uptime_s: float
    ongoing: int
    queued: int
    totals: Counts
    rates: Rates
    latencies: tuple[int, ...]
    samples: Samples


@dataclass(frozen=True, slots=True)
class Status:
    """What the service is doing now.

    scale: of the deployment that takes the requests; deployments: of all, that one included.
    complete: whether everybody could be asked; otherwise the figures are those of the replicas that were heard.
    alone: whether the other replicas could not be asked, so that the figures are those of one.
    """

    scale: DeploymentScale
    deployments: tuple[DeploymentScale, ...]
    figures: Figures
    complete: bool
    alone: bool = False

    def latency_ms(self, share: float) -> float | None:
        """The latency in milliseconds that this share of the answers stayed under; None where none were given."""
        return find_percentile_ms(self.figures.latencies, share)


class StatusSource(Protocol):
    """Where a replica counts its requests, and whom it asks for the status of the service."""

    tally: Tally
    meters: Meters

    async def read(self) -> Status:
        """The status of now, or of less than a second ago. Raises nothing: it is what can be known."""


class OwnStatus:
    """A `StatusSource` that knows of one replica: itself.

    count_queued: images that wait in it. list_batches: what counts the batches of each model that runs in it.
    """

    def __init__(
        self,
        count_queued: Callable[[], int],
        list_batches: Callable[[], Mapping[str, BatchMeter]] = dict,
        *,
        deployment: str = "own",
    ) -> None:
        self.tally = Tally()
        self.meters = Meters()
        self._count_queued = count_queued
        self._list_batches = list_batches
        self._deployment = deployment

    def take_note(self) -> Note:
        """What this replica says of itself now."""
        samples = self.meters.take(self._list_batches())
        return self.tally.take(self._deployment, self._count_queued(), samples)

    async def read(self) -> Status:
        """See `StatusSource.read`."""
        return describe_service(add_up([self.take_note()]), self._deployment, scales=None)


class Board:
    """The last note of each replica. clock: seconds, monotonic.

    Samples count from when a replica was first heard of, if it had been up for long by then: either it was here before
    and what it did then is counted already, or this board stands for one that was lost, and everything begins at zero,
    as the counters of any program do that starts again. So no rate over them leaps.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started_at = self._posted_at = clock()
        self._entries: dict[str, _Entry] = {}
        self._departed = _NOTHING
        self._departed_samples: Samples = {}

    @property
    def silent_s(self) -> float:
        """How long nobody has posted anything."""
        return self._clock() - self._posted_at

    def post(self, replica: str, note: Note) -> None:
        """Replace the replica's note."""
        self._posted_at = self._clock()
        if (known := self._entries.get(replica)) is not None:
            earlier = known.earlier
        elif note.uptime_s > _NEW_S:
            earlier = note.samples
        else:
            earlier = {}
        self._entries[replica] = _Entry(self._posted_at, note, earlier)

    def read(self) -> Figures:
        """What the notes add up to: what replicas are doing of those heard lately, totals of all that ever were."""
        now = self._clock()
        for replica, entry in list(self._entries.items()):
            if now - entry.heard_at > _FORGOTTEN_S:
                self._departed = self._departed.plus(entry.note.totals)
                self._departed_samples = add_samples([self._departed_samples, entry.count_samples()])
                del self._entries[replica]
        lately, totals = [], self._departed
        for entry in self._entries.values():
            if now - entry.heard_at <= _SILENT_S:
                lately.append(entry.note)
            else:
                totals = totals.plus(entry.note.totals)
        samples = add_samples([self._departed_samples, *(entry.count_samples() for entry in self._entries.values())])
        return add_up(lately, departed=totals, uptime_s=now - self._started_at, samples=samples)


class _Entry(NamedTuple):
    """A replica's last note. earlier: what of its samples counts no more."""

    heard_at: float
    note: Note
    earlier: Samples

    def count_samples(self) -> Samples:
        """Those that count."""
        return subtract_samples(self.note.samples, self.earlier) if self.earlier else self.note.samples


def add_up(
    notes: Sequence[Note], *, departed: Counts = _NOTHING, uptime_s: float = 0.0, samples: Samples | None = None
) -> Figures:
    """Sum notes.

    departed: totals of replicas that are gone. uptime_s: of the service, if none of these is as old. samples: of all
    replicas that ever were; None: of these.
    """
    totals, latencies = departed, [0] * (len(BOUNDS_S) + 1)
    answered = images = refused = errors = 0.0
    for note in notes:
        totals = totals.plus(note.totals)
        latencies = list(map(sum, zip(latencies, note.latencies, strict=True)))
        recent = note.recent
        answered += recent.answered / note.recent_s
        images += recent.images / note.recent_s
        refused += recent.refused / note.recent_s
        errors += (recent.client_errors + recent.server_errors) / note.recent_s
    return Figures(
        heard=Counter(note.deployment for note in notes),
        uptime_s=max([uptime_s, *(note.uptime_s for note in notes)]),
        ongoing=sum(note.ongoing for note in notes),
        queued=sum(note.queued for note in notes),
        totals=totals,
        rates=Rates(answered, images, refused, errors),
        latencies=tuple(latencies),
        samples=add_samples(note.samples for note in notes) if samples is None else samples,
    )


def describe_service(figures: Figures, deployment: str, *, scales: Sequence[DeploymentScale] | None) -> Status:
    """The status that figures and scales make; deployment: the one that takes the requests.

    scales: None where nobody could say them; then the replicas that were heard are all that is known.
    """
    if scales is None:
        known = tuple(DeploymentScale(name, count, 0, 0, count) for name, count in sorted(figures.heard.items()))
    else:
        known = tuple(scales)
    own = next((scale for scale in known if scale.name == deployment), DeploymentScale(deployment, 0, 0, 0, 0))
    return Status(own, known, figures, complete=scales is not None)


def find_percentile_ms(latencies: Sequence[int], share: float) -> float | None:
    """The latency in milliseconds that `share` (0 to 1) of the answers stayed under; None where there were none.

    latencies: as in `Figures`. Within a bound's reach answers are taken to be spread evenly on the logarithmic scale.
    """
    wanted = share * sum(latencies)
    if not wanted:
        return None
    below = 0
    for index, count in enumerate(latencies):
        if below + count >= wanted:
            upper = BOUNDS_S[min(index, len(BOUNDS_S) - 1)]
            lower = BOUNDS_S[index - 1] if index else upper / 2
            return 1e3 * lower * math.pow(upper / lower, (wanted - below) / count)
        below += count
    return 1e3 * BOUNDS_S[-1]
