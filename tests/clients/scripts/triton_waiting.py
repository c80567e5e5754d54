"""What the scripts of tritonclient share."""

import time
from collections.abc import Callable
from typing import Any

_LIMIT_S = 20.0


def wait_until_counted(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The statistics once a request that succeeded is in them, or as they are at the end of the patience.

    Replicas tell each other of their requests once a second, so another one may not know of the last yet.
    """
    end = time.monotonic() + _LIMIT_S
    while True:
        found = read()
        (counts,) = found["model_stats"]
        if int(counts["inference_stats"]["success"].get("count", 0)) > 0 or time.monotonic() > end:
            return found
        time.sleep(0.1)
