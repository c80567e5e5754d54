"""What one replica counts of its own requests: a few additions a request, and a note of it all when it is asked for.

The additions stand in the request path. Knows nothing of HTTP, of other replicas or of Ray.
"""

import math
import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from serve_app.meters import Samples

WINDOW_S = 5
# Upper bounds of latencies in seconds, 0.5 ms to 128 s: eight a doubling, so that each is 9 % above the one before.
BOUNDS_S = tuple(math.exp2(step / 8) for step in range(-11 * 8, 7 * 8 + 1))

# The window, and the second that has just begun.
_KEPT_SECONDS = WINDOW_S + 1
_NO_LATENCIES = (0,) * (len(BOUNDS_S) + 1)


class Counts(NamedTuple):
    """Requests by what became of them; images: those that were classified."""

    answered: int = 0
    images: int = 0
    refused: int = 0
    client_errors: int = 0
    server_errors: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(*map(sum, zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class Note:
    """What a replica says of itself at one moment; plain values, because it travels between processes.

    ongoing: requests under way; queued: images that wait; totals: since it started; recent, latencies: of the last
    `recent_s` seconds, latencies as one count for each of BOUNDS_S and one for what is above them all; samples: what
    its `meters` have counted since it started.
    """

    deployment: str
    uptime_s: float
    ongoing: int
    queued: int
    totals: Counts
    recent: Counts
    recent_s: float
    latencies: tuple[int, ...]
    samples: Samples = field(default_factory=dict)


class Tally:
    """Counts requests, by the second. Use it from one event loop.

    ongoing: requests under way, kept by whoever serves them. clock: seconds, monotonic; that of `finish` and `take`.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.ongoing = 0
        self._clock = clock
        self._started_at = clock()
        self._settled = Counts()
        self._seconds = [_Second() for _ in range(_KEPT_SECONDS)]

    def finish(self, now: float, *, status: int, images: int, seconds: float) -> None:
        """Count a request that has its answer. images: those in it that were classified; seconds: what it took."""
        number = int(now)
        second = self._seconds[number % _KEPT_SECONDS]
        if second.number != number:
            self._settled = self._settled.plus(second.counts())
            second.clear(number)
        if status < 400:
            second.answered += 1
            second.images += images
            second.latencies[bisect_left(BOUNDS_S, seconds)] += 1
        elif status == 429:
            second.refused += 1
        elif status < 500:
            second.client_errors += 1
        else:
            second.server_errors += 1

    def take(self, deployment: str, queued: int, samples: Samples | None = None) -> Note:
        """The note of now."""
        now = self._clock()
        first = int(now) - WINDOW_S
        totals, recent, latencies = self._settled, Counts(), [0] * len(_NO_LATENCIES)
        for second in self._seconds:
            counts = second.counts()
            totals = totals.plus(counts)
            if second.number >= first:
                recent = recent.plus(counts)
                latencies = list(map(sum, zip(latencies, second.latencies, strict=True)))
        return Note(
            deployment=deployment,
            uptime_s=now - self._started_at,
            ongoing=self.ongoing,
            queued=queued,
            totals=totals,
            recent=recent,
            recent_s=now - first,
            latencies=tuple(latencies),
            samples=samples or {},
        )


class _Second:
    """What was counted in one second of the clock."""

    __slots__ = ("answered", "client_errors", "images", "latencies", "number", "refused", "server_errors")

    def __init__(self) -> None:
        self.clear(-1)

    def clear(self, number: int) -> None:
        self.number = number
        self.answered = self.images = self.refused = self.client_errors = self.server_errors = 0
        self.latencies = list(_NO_LATENCIES)

    def counts(self) -> Counts:
        return Counts(self.answered, self.images, self.refused, self.client_errors, self.server_errors)
