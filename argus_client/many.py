"""Many images, one request each: what the two ways to run them share.

`many_tasks` runs them in an event loop, `many_threads` in threads. Both take the next image when one has ended, so that
never more images are in memory than requests are under way, and never more results wait than twice as many.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from argus_client.errors import ArgusClientError
from argus_client.exchange import Exchange
from argus_client.pace import Pace
from argus_client.requests import Image
from argus_client.results import Classification

Source = TypeVar("Source", bound=Image)

Outcome = Classification | ArgusClientError | OSError
"""What became of one image of many: its answer, the error that it got, or why its file could not be read."""

# Results that may wait for their turn, or for whoever takes them, for each request under way.
WINDOW = 2


@dataclass(frozen=True, slots=True)
class Many:
    """begin: reads an image and gives the steps of classifying it; raises OSError. pace: of all of them together."""

    pace: Pace
    begin: Callable[[Image], Exchange[Classification]]
