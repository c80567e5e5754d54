"""The gate before a replica's pipeline: accepts what can be answered in time and refuses the rest at once.

Knows how many images are inside and how fast they have been leaving lately, nothing of what happens to them there.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from serve_app.errors import Overloaded
from serve_app.settings import OverloadSettings

# How much of the running average of seconds an image the newest departure replaces.
_SMOOTHING = 0.05


class Admission:
    """Counts images in and out. Use it from one event loop.

    clock: seconds, monotonic.
    """

    def __init__(self, settings: OverloadSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._pending = 0
        self._image_s = 0.0
        self._last_departure = 0.0

    @property
    def pending(self) -> int:
        """Images accepted and not yet answered."""
        return self._pending

    @property
    def image_s(self) -> float:
        """Seconds between departures while there was work, lately; 0 before the first one."""
        return self._image_s

    @contextmanager
    def admit(self, images: int) -> Iterator[float]:
        """Hold places for `images` images; yields their deadline, a value of the clock.

        Raises Overloaded, with the seconds after which it is worth trying again, when there are no places left or the
        last of them would be answered after the deadline.
        """
        now = self._clock()
        settings = self._settings
        too_many = self._pending + images - settings.max_pending_images
        too_late_s = (self._pending + images) * self._image_s - settings.deadline_s
        # An empty replica takes any request: its average may be stale, and refusing would never refresh it.
        if self._pending and (too_many > 0 or too_late_s > 0):
            wait_s = max(1.0, too_many * self._image_s, too_late_s)
            raise Overloaded(
                f"The service has all the work that it can finish in {settings.deadline_s:g} s. "
                f"Try again in {math.ceil(wait_s)} s.",
                retry_after_s=wait_s,
            )
        if not self._pending:
            self._last_departure = now
        self._pending += images
        try:
            yield now + settings.deadline_s
        finally:
            self._pending -= images
            left = self._clock()
            self._learn((left - self._last_departure) / images)
            self._last_departure = left

    def _learn(self, image_s: float) -> None:
        if self._image_s == 0.0:
            self._image_s = image_s
        else:
            self._image_s += _SMOOTHING * (image_s - self._image_s)
