"""What is told of single requests: a log line, a trace. Both are made by a thread, off the requests' way.

    request --note--> a bounded queue --twice a second--> thread --> log lines, and spans where they are wanted

A request that is told of leaves one plain record in the queue, which holds nothing of its body or its headers. Knows
nothing of HTTP's machinery, of files or of OpenTelemetry: lines are written by `log_lines`, spans are made by `spans`.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from serve_app.settings import ObservabilitySettings

log = logging.getLogger(__name__)

_INTERVAL_S = 0.5
# Requests that wait to be told of: a few seconds of the fastest machine. One more is counted and not told.
_MOST_WAITING = 10_000
# A write for so many lines: as one piece they would be in memory twice, and make no other thread wait the less.
_LINES_A_WRITE = 200


class Origin(NamedTuple):
    """Who tells: the names of a replica, of its deployment and of its application."""

    application: str
    deployment: str
    replica: str


class Finished(NamedTuple):
    """A request that has its answer.

    at: a `time.monotonic` value; seconds: what it took; route: the template of its path; classifies: whether it is a
    classify request; state: what was learned of it on its way, see `http.context`.
    """

    at: float
    seconds: float
    status: int
    method: str
    route: str
    path: str
    classifies: bool
    state: Mapping[str, Any]


class Lines(Protocol):
    """Where log lines go: `log_lines.LineWriter`. clock_offset: from a `time.monotonic` value to seconds since 1970."""

    def render(self, finished: Finished, clock_offset: float, trace_id: str | None) -> str:
        """The line of a request."""

    def render_dropped(self, count: int, at: float) -> str:
        """The line that says how many requests had none. at: seconds since 1970."""

    def write(self, lines: Sequence[str]) -> None:
        """Write them in one piece."""

    def raise_alarm(self, line: str) -> None:
        """Show a line to whoever watches the service, where they do not see what is written."""

    def close(self) -> None:
        """Close what is open."""


class Spans(Protocol):
    """What makes traces: `spans.SpanWriter`. clock_offset: as `Lines` has it."""

    def record(self, finished: Finished, clock_offset: float) -> str | None:
        """Make the spans of a request; gives the trace's id, or None where it was not sampled."""

    def close(self) -> None:
        """Send what waits, and end."""


class Journal:
    """Takes note of requests on one event loop; tells of them in a thread of its own.

    most_waiting: notes in the queue; interval_s: between two looks at it.
    """

    def __init__(
        self,
        settings: ObservabilitySettings,
        lines: Lines,
        spans: Spans | None = None,
        *,
        most_waiting: int = _MOST_WAITING,
        interval_s: float = _INTERVAL_S,
    ) -> None:
        self.traces = spans is not None
        self._log_failures = settings.request_log != "off"
        self._log_all = settings.request_log == "all"
        self._lines = lines
        self._spans = spans
        self._most_waiting = most_waiting
        self._waiting: deque[Finished] = deque()
        self._dropped = self._dropped_told = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(interval_s,), name="journal", daemon=True)
        self._thread.start()

    def note(self, finished: Finished) -> None:
        """Take a request that has its answer; most are not told of, and cost a look."""
        if not (finished.classifies and (self._log_all or self.traces)) and not self._has_line(finished):
            return
        if len(self._waiting) >= self._most_waiting:
            self._dropped += 1
        else:
            self._waiting.append(finished)

    def close(self) -> None:
        """Tell what waits, and end. Blocks until then; may be called again."""
        self._stopping.set()
        self._thread.join()

    def _has_line(self, finished: Finished) -> bool:
        if finished.status >= 500:
            return self._log_failures or "unforeseen" in finished.state
        return self._log_all and finished.classifies

    def _work(self, interval_s: float) -> None:
        while not self._stopping.wait(interval_s):
            self._tell()
        self._tell()
        if self._spans is not None:
            self._spans.close()
        self._lines.close()

    def _tell(self) -> None:
        try:
            while self._waiting:
                self._tell_some()
            if (dropped := self._dropped) > self._dropped_told:
                self._lines.write([self._lines.render_dropped(dropped - self._dropped_told, time.time())])
                self._dropped_told = dropped
        except Exception:
            log.exception("some requests could not be told of")

    def _tell_some(self) -> None:
        clock_offset = time.time() - time.monotonic()  # anew for each batch: clocks are set
        lines: list[str] = []
        for _ in range(min(len(self._waiting), _LINES_A_WRITE)):
            finished = self._waiting.popleft()
            trace_id = None
            if self._spans is not None and finished.classifies:
                trace_id = self._spans.record(finished, clock_offset)
            if self._has_line(finished):
                lines.append(self._lines.render(finished, clock_offset, trace_id))
                if "unforeseen" in finished.state:
                    self._lines.raise_alarm(lines[-1])
            time.sleep(0)  # requests go first: they would wait for Python's lock until the whole batch is told
        if lines:
            self._lines.write(lines)
