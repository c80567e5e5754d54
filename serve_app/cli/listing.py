"""A list as a person, a program or a pipe wants it: a table, JSON, or lines with tabs.

Knows nothing of what is listed.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and how what stands under it is shown; wide: left out where the terminal has less than 110 columns."""

    title: str
    align: Literal["left", "right"] = "left"
    wide: bool = False
    wrap: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows under columns, with the whole as a JSON document; note: a line below the table, for people alone."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    document: Any
    note: str = field(default="")


_WIDE = 110


def show(listing: Listing, *, as_json: bool, plain: bool, console: Console | None = None) -> None:
    """JSON where it is asked for; a table on a terminal; elsewhere, or where it is asked for, plain lines."""
    console = console or Console()
    if as_json:
        print_json(listing.document)
    elif plain or not console.is_terminal:
        for row in listing.rows:
            sys.stdout.write("\t".join(" ".join(cell.split()) for cell in row) + "\n")
    else:
        console.print(make_table(listing, console.width))
        if listing.note:
            console.print(Text(listing.note, style="dim"))


def make_table(listing: Listing, width: int) -> Table:
    """The table that fits a terminal of that width."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    shown = [number for number, column in enumerate(listing.columns) if not column.wide or width >= _WIDE]
    for number in shown:
        column = listing.columns[number]
        overflow: Literal["fold", "ellipsis"] = "fold" if column.wrap else "ellipsis"
        table.add_column(column.title, justify=column.align, no_wrap=not column.wrap, overflow=overflow)
    for row in listing.rows:
        # As Text, so that a label with brackets is not taken for markup.
        table.add_row(*(Text(row[number]) for number in shown))
    return table


def print_json(document: Any) -> None:
    """The document for programs, and legible."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def show_pairs(pairs: Sequence[tuple[str, str]], console: Console) -> None:
    """Names and their values, below each other."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(name, Text(value))
    console.print()
    console.print(grid)
