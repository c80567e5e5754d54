"""`argus doctor`: every check of this machine in order, and what is shown of them.

    checks_machine         Python, processor, memory, disks, limits of the system
    checks_installation    packages, HAProxy, GPU, telemetry
    checks_service         configuration, ports, models, what earlier starts left

A check looks and changes nothing, and needs no internet. What stands in the way of a start has failed; what only costs
something is a warning.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

State = Literal["ok", "warn", "fail"]
_MARKS: dict[State, tuple[str, str]] = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; advice: one line that says what to do, empty where nothing is."""

    name: str
    state: State
    found: str
    advice: str = ""


def diagnose(config: Path, ui_port: int) -> Iterator[Finding]:
    """Every check, each as soon as it is done."""
    from serve_app.cli import checks_installation, checks_machine, checks_service

    yield from checks_machine.check_machine()
    yield from checks_installation.check_installation()
    yield from checks_service.check_service(config, ui_port)


def describe(findings: Sequence[Finding]) -> dict[str, Any]:
    """The findings for programs; ok: whether nothing failed."""
    return {"ok": not has_failed(findings), "checks": [asdict(finding) for finding in findings]}


def has_failed(findings: Sequence[Finding]) -> bool:
    """Whether something stands in the way of a start."""
    return any(finding.state == "fail" for finding in findings)


def show_finding(finding: Finding, console: Console) -> None:
    """One check: a mark, its name, what was found, and the advice below it."""
    mark, style = _MARKS[finding.state]
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=1)
    grid.add_column(width=14, style="bold")
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark, style=style), finding.name, Text(finding.found))
    if finding.advice:
        grid.add_row("", "", Text(finding.advice, style=style))
    console.print(grid)


def show_summary(findings: Sequence[Finding], console: Console) -> None:
    """The last line."""
    count = {state: sum(1 for finding in findings if finding.state == state) for state in _MARKS}
    console.print()
    if count["fail"]:
        text = f"{count['fail']} of {len(findings)} checks failed; what they say has to be mended first."
        console.print(Text(text, style="red"))
    elif count["warn"]:
        console.print(
            Text(f"Argus can run here. {count['warn']} of {len(findings)} checks have advice.", style="yellow")
        )
    else:
        console.print(Text(f"Argus can run here: {len(findings)} checks, all fine.", style="green"))
