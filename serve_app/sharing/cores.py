"""Where on a node the model of a replica wakes: on no core on which a sibling's model runs, if there is another.

Linux looks for an idle core when it wakes a thread, but not on a machine that is busy, and with helpers on idle cores
(`runtimes.idle_threads`) a small machine looks busy. Two models then take turns on one core, while another has nothing
better to run than a helper (docs/decisions/0027).
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress

from serve_app.sharing.board import Board, Sibling

# With more cores there is an idle one more often, and more siblings to look at: about 10 microseconds each.
_MOST_CORES = 4
# Which field of /proc/<thread>/stat, counted behind the name, is the core on which it ran last.
_PROCESSOR = 36


class Cores:
    """Wakes one thread, the model's. Use it from one thread at a time."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._thread = 0
        self._chooses = False
        self._files: dict[int, int] = {}

    def enter(self) -> None:
        """Called by the model's thread before it sleeps: from now on it can be woken, and siblings may look for it."""
        if not self._thread:
            self._thread = threading.get_native_id()
            self._board.show_thread(self._thread)
            self._chooses = 2 <= len(os.sched_getaffinity(0)) <= _MOST_CORES

    def wake(self, ring: Callable[[], object]) -> None:
        """Call `ring`. If that wakes the thread, it wakes on a core that suits; then it may go on anywhere."""
        taken = self._find_taken() if self._chooses else set()
        allowed = self._confine(taken) if taken else set()
        try:
            ring()
        finally:
            if allowed:
                with suppress(OSError):
                    os.sched_setaffinity(self._thread, allowed)

    def _confine(self, taken: set[int]) -> set[int]:
        """Keep the thread from those cores. The cores that it had before; none: it is as it was."""
        try:
            allowed = os.sched_getaffinity(self._thread)
            free = allowed - taken
            if free in (set(), allowed):
                return set()
            os.sched_setaffinity(self._thread, free)
        except OSError:  # such systems let nothing be chosen
            return set()
        return allowed

    def close(self) -> None:
        """Look at no sibling any more."""
        while self._files:
            os.close(self._files.popitem()[1])

    def _find_taken(self) -> set[int]:
        """Where siblings' models run now."""
        board = self._board
        found = {self._find_core(sibling) for sibling in board.list_siblings() if not board.is_idle(sibling)}
        return found - {-1}

    def _find_core(self, sibling: Sibling) -> int:
        """The core of a sibling's model; -1 where that cannot be seen."""
        thread = self._board.read_thread(sibling)
        try:
            file = self._files.get(thread)
            if file is None:
                file = self._files[thread] = os.open(f"/proc/{thread}/stat", os.O_RDONLY | os.O_CLOEXEC)
            return int(os.pread(file, 1024, 0).rpartition(b")")[2].split()[_PROCESSOR])
        except OSError:  # it has ended, or is hidden from this user
            if thread in self._files:
                os.close(self._files.pop(thread))
            return -1
