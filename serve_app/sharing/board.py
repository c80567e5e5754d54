"""What the replicas of one node let each other know without asking: how much waits at each, since when, who is idle.

A mapped file with a slot for each. A replica writes its own slot and reads the others', without locks: what is read may
be old, so who acts on it asks the sibling itself. A slot belongs to who holds the lock on its file; locks die with
their process.
"""

import fcntl
import mmap
import os
import time
from pathlib import Path
from typing import NamedTuple

SLOTS = 64
# Of a slot, 8 bytes each: a cache line, so that no replica's writing slows another's.
_CELLS = 8
_JOINED_AT, _WAITING, _OLDEST_AT, _IDLE = range(4)
# Behind the last slot: when somebody joined or left last, so that the others need not look at every slot each time.
_CHANGED_AT = SLOTS * _CELLS


class Sibling(NamedTuple):
    """Another replica. joined_at tells it from who had the slot before, a `time.monotonic` value."""

    slot: int
    joined_at: float


class BoardFull(Exception):
    """There is no slot left."""


class Board:
    """The board in a folder, and a slot there, which nobody sees before `join`.

    Times are `time.monotonic` values, which a node's processes share. Raises BoardFull, and OSError where the folder
    cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.slot, self._lock = _claim_slot(folder)
        size = (SLOTS + 1) * _CELLS * 8
        file = os.open(folder / "board", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(file, size)  # to zeros, where it is new; as it is, where it is not
            self._map = mmap.mmap(file, size)
        finally:
            os.close(file)
        self._cells = memoryview(self._map).cast("d")
        self._start = self.slot * _CELLS
        self._siblings: tuple[Sibling, ...] = ()
        self._listed_at = -1.0
        self._write(0.0, _JOINED_AT, _WAITING, _OLDEST_AT, _IDLE)

    def join(self) -> None:
        """Let siblings see the slot: from now on they ask there."""
        self._tell_change(joined_at=time.monotonic())

    def show(self, waiting: int, oldest_at: float) -> None:
        """Let siblings know how many items wait here, and when the first of them came."""
        cells, start = self._cells, self._start
        cells[start + _OLDEST_AT] = oldest_at
        cells[start + _WAITING] = waiting

    def show_idle(self, idle: bool) -> None:
        """Let siblings know whether this replica has nothing to do."""
        self._cells[self._start + _IDLE] = idle

    def list_siblings(self) -> tuple[Sibling, ...]:
        """Every other replica that joined and did not leave. Some may have died."""
        changed_at = self._cells[_CHANGED_AT]
        if changed_at != self._listed_at:
            joined = enumerate(self._cells[_JOINED_AT:_CHANGED_AT:_CELLS].tolist())
            self._siblings = tuple(Sibling(slot, at) for slot, at in joined if at and slot != self.slot)
            self._listed_at = changed_at
        return self._siblings

    def read(self, sibling: Sibling) -> tuple[int, float]:
        """How many items wait there, and when the first of them came."""
        start = sibling.slot * _CELLS
        return int(self._cells[start + _WAITING]), self._cells[start + _OLDEST_AT]

    def is_idle(self, sibling: Sibling) -> bool:
        """Whether a sibling has nothing to do."""
        return self._cells[sibling.slot * _CELLS + _IDLE] != 0.0

    def close(self) -> None:
        """Leave the board, and the slot to the next."""
        self._write(0.0, _WAITING, _IDLE)
        self._tell_change(joined_at=0.0)
        os.close(self._lock)

    def _tell_change(self, *, joined_at: float) -> None:
        self._write(joined_at, _JOINED_AT)
        self._cells[_CHANGED_AT] = time.monotonic()

    def _write(self, value: float, *cells: int) -> None:
        for cell in cells:
            self._cells[self._start + cell] = value


def _claim_slot(folder: Path) -> tuple[int, int]:
    """The number of a free slot, and its file, locked."""
    for slot in range(SLOTS):
        lock = os.open(folder / f"{slot}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return slot, lock
    raise BoardFull(f"all {SLOTS} slots in {folder} are taken")
