"""What the terminal shows while things start and stop: one row a step on a terminal, plain lines elsewhere.

Knows nothing of what the steps do.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Literal

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

State = Literal["waiting", "working", "done", "failed"]
_MARKS: dict[State, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "working": ("…", "cyan"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
}


@dataclass(slots=True)
class Step:
    """One thing that is waited for; note: what it is doing now, or how it came out; tell: is told of each change."""

    name: str
    tell: Callable[["Step"], None]
    state: State = "waiting"
    note: str = ""
    seconds: float | None = None
    began: float = 0.0
    spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="cyan"))

    def begin(self, note: str = "") -> None:
        """It works from now on."""
        self.state, self.note, self.began = "working", note, time.monotonic()
        self.tell(self)

    def come_to(self, note: str) -> None:
        """It has come this far."""
        if note and note != self.note:
            self.note = note
            self.tell(self)

    def finish(self, note: str = "") -> None:
        """It is done."""
        self._end("done", note)

    def fail(self) -> None:
        """It cannot be done; the reason is told elsewhere."""
        self._end("failed", "")

    def _end(self, state: State, note: str) -> None:
        self.state, self.note = state, note
        self.seconds = time.monotonic() - self.began if self.began else None
        self.tell(self)


class Display:
    """The steps of a start, shown as they change; use as a context manager while they run."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._steps: list[Step] = []
        self._live = Live(self, console=console, refresh_per_second=6, transient=False) if console.is_terminal else None

    def running(self) -> AbstractContextManager[object]:
        """Shows the steps, live where the console can, for as long as the context lasts."""
        return self._live or nullcontext()

    def add(self, name: str) -> Step:
        """A step that has not begun."""
        step = Step(name, self._tell)
        self._steps.append(step)
        return step

    def say(self, text: RenderableType = "") -> None:
        """A line, or anything that rich can show, below what is there."""
        self.console.print(text, highlight=False, soft_wrap=True)

    def __rich__(self) -> RenderableType:
        """The table of steps at this moment."""
        table = Table.grid(padding=(0, 2))
        table.add_column(width=1)
        table.add_column()
        table.add_column(justify="right", min_width=6)
        table.add_column(style="dim", no_wrap=True, overflow="ellipsis", ratio=1)
        for step in self._steps:
            mark, style = _MARKS[step.state]
            shown: RenderableType = step.spinner if step.state == "working" else Text(mark, style=style)
            seconds = time.monotonic() - step.began if step.state == "working" else step.seconds
            name = Text(step.name, style="dim" if step.state == "waiting" else "")
            table.add_row(shown, name, "" if seconds is None else f"{seconds:.1f} s", step.note)
        return Padding(Group(table), (0, 0, 0, 2))

    def _tell(self, step: Step) -> None:
        if self._live is None:
            seconds = "" if step.seconds is None else f" after {step.seconds:.1f} s"
            note = f": {step.note}" if step.note else ""
            self.say(Text(f"{_MARKS[step.state][0]} {step.name}{seconds}{note}"))
