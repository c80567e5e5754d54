"""Live progress: a table that is drawn anew each second on a terminal, plain lines every few seconds elsewhere."""

import math
from collections import deque
from typing import Protocol

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from benchmarks.load.findings import Findings
from benchmarks.load.pulse import Pulse
from benchmarks.load.scenarios import Scenario

_ROWS = 12
_PLAIN_EVERY_S = 5.0
_NAMES = ("s", "phase", "offered/s", "served/s", "refused/s", "failed", "p50 ms", "p99 ms", "replicas", "queued")
_MARKS = {True: ("holds ", "green"), False: ("missed", "red")}


class View(Protocol):
    """Where progress is shown."""

    def tell(self, text: str) -> None:
        """What is being done before the scenario."""

    def show(self, pulse: Pulse) -> None:
        """A second of the scenario."""

    def close(self) -> None:
        """Leave what was shown last."""


def choose_view(console: Console, scenario: Scenario) -> View:
    """A table where there is a terminal, lines where there is none."""
    return TableView(console, scenario) if console.is_terminal else LineView(console)


class LineView:
    """One line now and then."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told = ""
        self._shown_at = -math.inf

    def tell(self, text: str) -> None:
        """See `View.tell`; each text once."""
        if text != self._told:
            self._told = text
            self._console.print(Text(text), soft_wrap=True)

    def show(self, pulse: Pulse) -> None:
        """See `View.show`; failures at once."""
        if pulse.at - self._shown_at < _PLAIN_EVERY_S and not pulse.failed:
            return
        self._shown_at = pulse.at
        cells = "  ".join(f"{name} {value}" for name, value in zip(_NAMES[2:], _cells(pulse)[2:], strict=True))
        self._console.print(Text(f"{pulse.at:4.0f} s  {pulse.phase:<12}  {cells}"), soft_wrap=True)

    def close(self) -> None:
        """See `View.close`."""


class TableView:
    """The last seconds as a table, the latest at the bottom."""

    def __init__(self, console: Console, scenario: Scenario) -> None:
        self._scenario = scenario
        self._pulses: deque[Pulse] = deque(maxlen=_ROWS)
        # No refresh of its own: a thread that draws would take processor time from what is measured.
        self._live = Live(console=console, auto_refresh=False)
        self._live.start()

    def tell(self, text: str) -> None:
        """See `View.tell`."""
        self._live.update(Text(f"{self._scenario.name}: {text}", style="dim"), refresh=True)

    def show(self, pulse: Pulse) -> None:
        """See `View.show`."""
        self._pulses.append(pulse)
        total = self._scenario.seconds
        head = Text.assemble(
            (self._scenario.name, "bold"), f"  {min(pulse.at, total):.0f} of {total:.0f} s  {pulse.phase}"
        )
        bar = ProgressBar(total=total, completed=min(pulse.at, total), width=72)
        self._live.update(Group(head, bar, self._draw_table()), refresh=True)

    def close(self) -> None:
        """See `View.close`."""
        self._live.stop()

    def _draw_table(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in (
            "s",
            "phase",
            "offered/s",
            "served/s",
            "refused/s",
            "failed",
            "p50 ms",
            "p99 ms",
            "replicas",
            "queued",
        ):
            table.add_column(name, justify="left" if name == "phase" else "right")
        for pulse in self._pulses:
            table.add_row(*_cells(pulse), style="red" if pulse.failed else "")
        return table


def _cells(pulse: Pulse) -> tuple[str, ...]:
    look = pulse.look
    replicas = "?"
    if look is not None:
        replicas = f"{look.running} of {look.target}" + (f" +{look.starting}" if look.starting else "")
    return (
        f"{pulse.at:.0f}",
        pulse.phase,
        f"{pulse.offered:.0f}",
        f"{pulse.served:.0f}",
        f"{pulse.refused:.0f}",
        f"{pulse.failed}",
        _milliseconds(pulse.p50_ms),
        _milliseconds(pulse.p99_ms),
        replicas,
        f"{look.queued}" if look else "?",
    )


def _milliseconds(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0f}"


def print_verdicts(console: Console, findings: Findings) -> None:
    """The verdicts, one a line, and how steady the machine was."""
    for verdict in findings.verdicts:
        word, style = _MARKS[verdict.holds]
        console.print(Text.assemble((word, style), f"  {verdict.claim}: {verdict.found}"), soft_wrap=True)
    if findings.steadiness:
        console.print(str(findings.steadiness), soft_wrap=True)
