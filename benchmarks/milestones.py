"""When a start came to what, read from the log of `serve run`: its own lines and those of Ray Serve's controller."""

import re
from datetime import datetime
from pathlib import Path

SERVICE_LOG = Path(".argus/logs/service-8000.log")

# In the order in which they come; the time up to each is what the step before it took.
START = (
    ("Python and Ray's command line are imported", "Running config file"),
    ("Ray runs: its store, raylet, agents, dashboard", "Started a local Ray instance"),
    ("Serve's controller runs", "HAProxy is enabled in ServeController"),
    ("proxies are asked for, the configuration is taken", "Submitted deploy config successfully"),
    ("the application is imported and described", "Imported and built app"),
)
UPSCALING = "Upscaling Deployment"

_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3})")


def find_time(log: str, text: str, *, after: float = 0.0) -> float | None:
    """When the first line with `text` was written after `after`, in seconds since the epoch; None without one."""
    for line in log.splitlines():
        stamp = _TIME.search(line)
        if text in line and stamp is not None:
            seconds = datetime.strptime(stamp[1], "%Y-%m-%d %H:%M:%S").astimezone().timestamp() + int(stamp[2]) / 1e3
            if seconds > after:
                return seconds
    return None


def split_start(log: str, begin: float, ready: float) -> dict[str, float]:
    """Seconds of each step of a start, in order; begin and ready: when it was asked for and when it answered."""
    spent: dict[str, float] = {}
    last = begin
    for name, text in START:
        at = find_time(log, text, after=begin)
        if at is not None:
            spent[name] = max(0.0, at - last)
            last = max(last, at)
    spent["the replica is ready, HAProxy leads to it, and it answers"] = max(0.0, ready - last)
    return spent
