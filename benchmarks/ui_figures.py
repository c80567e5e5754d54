"""What was measured of the UI, as plain values, and the arithmetic on them. Knows not how the figures came about."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Of a round: the photos that are on the page already, and how often one of their cards is clicked.
FEW = 5
CLICK_EVERY_MS = 100


@dataclass(frozen=True, slots=True)
class FirstLoad:
    """A page in a browser that has never seen it.

    paint_ms: first contentful paint, from the navigation's begin. files: bytes as transferred, headers included, by
    path. complaints: what the page wrote to the console as an error or a warning, and what it threw.
    """

    path: str
    paint_ms: float
    files: Mapping[str, int]
    requests: int
    complaints: tuple[str, ...]

    @property
    def transferred_bytes(self) -> int:
        """All files together."""
        return sum(self.files.values())


@dataclass(frozen=True, slots=True)
class Drop:
    """One photo dropped on the page, and the same one sent by `argus_client`.

    shown_ms: until its label stands in the page; answered_ms: until the browser has the answer; direct_ms: the client.
    """

    shown_ms: float
    answered_ms: float
    direct_ms: float


@dataclass(frozen=True, slots=True)
class Round:
    """Many photos dropped at once.

    clicks_ms: from when a click was due to the first frame that shows what it did; unhandled: clicks without an effect.
    long_tasks_ms: what kept the page's thread for more than 50 ms. before_mb, after_mb: PSS of the UI's server.
    """

    photos: int
    answered: int
    seconds: float
    clicks_ms: tuple[float, ...]
    unhandled: int
    long_tasks_ms: tuple[float, ...]
    before_mb: float
    after_mb: float


@dataclass(frozen=True, slots=True)
class Visited:
    """What many sessions at once met; times of every session and photo in milliseconds.

    each: photos that a session was to classify; photos: those that were, by all of them.
    hydrated_ms: from the connection to the page's state. posted_ms: a photo to its answer. shown_ms: the report of that
    answer to the change of the page. dropped_ms: all of a photo. waits: how often a photo was told to wait.
    before_mb, hydrated_mb, after_mb: memory (PSS) of the UI's server before, with all sessions open, at the end.
    """

    sessions: int
    each: int
    photos: int
    seconds: float
    hydrated_ms: tuple[float, ...]
    posted_ms: tuple[float, ...]
    shown_ms: tuple[float, ...]
    dropped_ms: tuple[float, ...]
    waits: int
    errors: tuple[str, ...]
    before_mb: float
    hydrated_mb: float
    after_mb: float

    @property
    def session_mb(self) -> float:
        """Memory of one open session that has classified its photos."""
        return (self.after_mb - self.before_mb) / self.sessions


@dataclass(frozen=True, slots=True)
class Measured:
    """A whole run."""

    browser: str
    loads: tuple[FirstLoad, ...]
    drops: tuple[Drop, ...]
    rounds: tuple[Round, ...]
    visited: Visited


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many per cent of all do not exceed; nan without values."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
