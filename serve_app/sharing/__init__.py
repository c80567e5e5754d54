"""Replicas of one node share their work: who has nothing to do, or only newer work, takes a sibling's oldest items.

    caller -> the owner's queue --lend--> a sibling's model thread --outcomes--> the owner -> caller

The owner's queue stays the only truth: it gives each item to one model thread, its own or a sibling's, and takes it
back when that sibling goes away or does not answer in time. Knows nothing of images, models or HTTP. Linux only.

    parts      what a queue has to be for it, and what it then has
    siblings   a replica's part: showing, borrowing, resting until there is something
    lending    the other side of borrowing
    board      what waits where, for everybody to see
    link       how items and outcomes travel
"""

import logging
import os
import stat
from pathlib import Path

from serve_app.sharing.board import BoardFull
from serve_app.sharing.parts import Alone, Lender, Loan, Sharing
from serve_app.sharing.siblings import Siblings

__all__ = ["Alone", "Lender", "Loan", "Sharing", "join_siblings"]

log = logging.getLogger(__name__)


def join_siblings(folder: Path | None, lender: Lender) -> Sharing:
    """Share work with those who meet in that folder; with nobody for None, nor, with a warning, where that fails."""
    if folder is None:
        return Alone()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise PermissionError(f"{folder} is not this user's alone")
        return Siblings(folder, lender)
    except (OSError, AttributeError, BoardFull) as error:  # AttributeError: eventfd and epoll are Linux's
        log.warning("this replica does not share its work with others of its node: %s", error)
        return Alone()
