"""What a queue and its part in sharing know of each other, and that part where there is nobody to share with."""

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol


class Lent(NamedTuple):
    """An item on its way to a sibling. deadline, enqueued_at: `time.monotonic` values."""

    item: Any
    deadline: float | None
    enqueued_at: float


class Loan(Protocol):
    """Items of a sibling, to be run here."""

    items: Sequence[Lent]

    def give_back(self, outcomes: Sequence[Any]) -> None:
        """Send the items' outcomes, in order. Where the sibling is gone nobody waits for them."""


class Lender(Protocol):
    """A queue whose entries have what `Lent` has. Many threads call it, one for each sibling."""

    def lend(self, older_than: float) -> Sequence[Any]:
        """Take the first entries out of the queue, if the first of them came before that moment."""

    def settle(self, entries: Sequence[Any], outcomes: Sequence[Any]) -> None:
        """Give lent entries their outcomes, in order."""

    def take_back(self, entries: Sequence[Any]) -> None:
        """Put lent entries back to where they were."""


class Sharing(Protocol):
    """A queue's part in it; `Alone` where there is nobody to share with."""

    def show(self, waiting: int, oldest_at: float) -> None:
        """Let siblings know what waits here, and when the first of it came, a `time.monotonic` value."""

    def count(self, waiting: int) -> tuple[int, int]:
        """How many items wait on this node, with the `waiting` here, and how many replicas there are for them."""

    def call(self) -> None:
        """Wake one sibling that has nothing to do, if there is any: there is more here than one item."""

    def ring(self) -> None:
        """Wake the own model's thread from its rest, or from the next one."""

    def rest(self, *, helping: bool) -> None:
        """Wait until the bell is rung; when helping, also until there is something to do at a sibling."""

    def borrow(self, older_than: float) -> Loan | None:
        """The first items of the sibling whose first is the oldest, where that came before that moment.

        infinity: nothing waits here. Then a sibling is helped where more than one item waits.
        """

    def close(self) -> None:
        """Leave the others. What they were lent is back by then, and the model's thread has ended."""


class Alone:
    """See `Sharing`."""

    def __init__(self) -> None:
        self._bell = threading.Event()

    def show(self, waiting: int, oldest_at: float) -> None:
        """See `Sharing.show`."""

    def count(self, waiting: int) -> tuple[int, int]:
        """See `Sharing.count`."""
        return waiting, 1

    def call(self) -> None:
        """See `Sharing.call`."""

    def ring(self) -> None:
        """See `Sharing.ring`."""
        self._bell.set()

    def rest(self, *, helping: bool) -> None:  # noqa: ARG002  # there is nobody to help
        """See `Sharing.rest`."""
        self._bell.wait()
        self._bell.clear()

    def borrow(self, older_than: float) -> Loan | None:  # noqa: ARG002  # from nobody
        """See `Sharing.borrow`."""
        return None

    def close(self) -> None:
        """See `Sharing.close`."""
