"""How many requests of a run may be under way, and when the next may begin, learned from what the service answers.

A refusal (429, 503, no connection) halves how many are under way at a time, and none begins before the time that the
service named; each answer lets the number grow back, by one for as many answers as are under way. So a run takes what
a busy service has to give without asking in vain, as TCP shares a line. It counts and decides; who sends also waits.
"""

import time
from collections.abc import Callable

from argus_client import answers
from argus_client.answers import Answer
from argus_client.exchange import Failure, is_refusal


class Pace:
    """Use it from one event loop, or under a lock. most: requests under way at a time; clock: seconds, monotonic.

    patience_s: how long the service may go on refusing everything before an image is given up.
    """

    def __init__(self, most: int, *, patience_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        if most < 1:
            raise ValueError("concurrency must be at least 1")
        self.most = most
        self.limit = float(most)
        self.under_way = 0
        self.has_been_answered = False
        self._patience_s = patience_s
        self._clock = clock
        self._good_at: float | None = None
        self._opens_at = 0.0
        self._slowed_at = float("-inf")

    @property
    def may_begin(self) -> bool:
        """Whether a request may be sent now."""
        return self.under_way < int(self.limit) and self._clock() >= self._opens_at

    @property
    def opens_in_s(self) -> float:
        """Seconds until the service wants to be asked again; 0 when it is not that which is waited for."""
        return max(0.0, self._opens_at - self._clock())

    @property
    def is_patient(self) -> bool:
        """Whether a refused image should wait: the service is there, and has answered something not long ago."""
        return self.has_been_answered and self._clock() - (self._good_at or 0.0) < self._patience_s

    def begin(self) -> float:
        """A request is sent; gives the time, for `end`."""
        self.under_way += 1
        now = self._clock()
        if self._good_at is None:
            self._good_at = now
        return now

    def end(self, began: float, outcome: Answer | Failure | None) -> None:
        """It has come to this; None: nobody waited for it any more."""
        self.under_way -= 1
        if outcome is None:
            return
        now = self._clock()
        self.has_been_answered |= isinstance(outcome, Answer)
        if is_refusal(outcome):
            # Those that were sent before the pace was slowed know nothing of the slower one.
            if began >= self._slowed_at:
                self.limit = max(1.0, self.limit / 2)
                self._slowed_at = now
            pause_s = answers.retry_after_s(outcome) if isinstance(outcome, Answer) else None
            self._opens_at = max(self._opens_at, now + min(pause_s or 0.0, self._patience_s))
        elif isinstance(outcome, Answer):
            self._good_at = now
            self.limit = min(float(self.most), self.limit + 1 / self.limit)
