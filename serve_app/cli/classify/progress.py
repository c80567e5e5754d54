"""What a run shows of itself, on stderr, so that answers on stdout stay clean: a bar on a terminal, nothing elsewhere.

It is drawn twice a second and not for every image: beside a model on the same cores a drawing costs several images.
"""

import asyncio
import sys
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

_REDRAW_S = 0.5
_MOST_FAILURES = 5


class Counts:
    """What became of the images so far."""

    def __init__(self) -> None:
        self.answered = 0
        self.failed = 0
        self.failures: list[tuple[str, str]] = []  # the first few, for the end

    @property
    def done(self) -> int:
        """Images that have come to an end."""
        return self.answered + self.failed

    def fail(self, name: str, reason: str) -> None:
        """One more without an answer."""
        self.failed += 1
        if len(self.failures) < _MOST_FAILURES:
            self.failures.append((name, reason))

    @property
    def failures_left_out(self) -> int:
        """Those that there was no room for."""
        return self.failed - len(self.failures)


class Bar:
    """A bar with rate and remaining time; total: None where it is not known. Use as a context manager."""

    def __init__(self, counts: Counts, total: int | None, *, quiet: bool) -> None:
        self._counts = counts
        self._shown = not quiet and sys.stderr.isatty()
        self._total = total
        self._redrawing: asyncio.Task[None] | None = None
        self._bar: Any = None

    def __enter__(self) -> Self:
        if self._shown:
            self._redrawing = asyncio.get_running_loop().create_task(self._redraw())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._redrawing is not None:
            self._redrawing.cancel()
        if self._bar is not None:
            self._draw()
            self._bar.stop()

    async def _redraw(self) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(_REDRAW_S)
            # What draws it takes longer to load than a few images take to be answered, so those do without.
            self._bar = _make_bar()
            self._task = self._bar.add_task("", total=self._total)
            self._bar.start()
            while True:
                self._draw()
                await asyncio.sleep(_REDRAW_S)

    def _draw(self) -> None:
        failed = f"{self._counts.failed:,} failed" if self._counts.failed else ""
        self._bar.update(self._task, completed=self._counts.done, description=failed, refresh=True)


def _make_bar() -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class RateColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.0f}/s" if task.speed else "")

    failed = TextColumn("{task.description}", style="red")
    columns = (BarColumn(), MofNCompleteColumn(), RateColumn(), TimeRemainingColumn(), failed)
    # No refresh of its own: a thread that draws would take processor time from the service on the same machine.
    return Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)
