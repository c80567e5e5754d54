"""Ray's worker processes of this node, as the system lists them: by the titles that Ray gives them.

Only where there is a /proc, as on Linux; elsewhere there seem to be none.
"""

import os
from pathlib import Path

_IDLE = "ray::IDLE"


def list_worker_titles() -> dict[int, str]:
    """Titles of the processes with the same parent as this one, Ray's raylet; by process id, the own one included."""
    titles = {}
    for children in Path(f"/proc/{os.getppid()}/task").glob("*/children"):
        try:
            pids = children.read_text().split()
        except OSError:  # a thread that has ended since
            continue
        for pid in pids:
            titles[int(pid)] = read_title(pid)
    return titles


def read_title(pid: str) -> str:
    """A process's title, "" if it is gone. pid: a number, or self."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0].decode(errors="replace")
    except OSError:
        return ""


def is_idle(title: str) -> bool:
    """Whether that is a worker that waits for its first work, and not one that Ray keeps for its object store."""
    return title == _IDLE


def is_replica_of(title: str, application: str) -> bool:
    """Whether that is a replica of any deployment of the application."""
    return title.startswith(f"ray::ServeReplica:{application}:")
