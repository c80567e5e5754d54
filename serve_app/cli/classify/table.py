"""Answers as a table for people, at the end of a run: one row an image, in the order of the images."""

from collections.abc import Sequence

from argus_client import Classification
from argus_client.many import Outcome
from serve_app.cli.classify.rows import explain


class OutputTable:
    """Keeps what is to be shown, and shows it once."""

    def __init__(self, order: Sequence[str]) -> None:
        self._places = {name: place for place, name in enumerate(order)}
        self._rows: list[tuple[str, Outcome]] = []

    def write(self, name: str, outcome: Outcome) -> None:
        """Add a row."""
        self._rows.append((name, outcome))

    def show(self) -> None:
        """Print it."""
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("image", overflow="fold")
        table.add_column("label")
        table.add_column("score", justify="right")
        table.add_column("or", style="dim", overflow="ellipsis", no_wrap=True)
        for name, outcome in sorted(self._rows, key=lambda row: self._places.get(row[0], len(self._places))):
            if not isinstance(outcome, Classification):
                table.add_row(Text(name), Text(explain(outcome), style="red"))
            elif outcome.top is None:
                table.add_row(Text(name), Text("nothing scores so high", style="dim"))
            else:
                others = ", ".join(f"{one.label} {one.score:.3f}" for one in outcome.predictions[1:])
                table.add_row(Text(name), Text(outcome.top.label), f"{outcome.top.score:.3f}", Text(others))
        if self._rows:
            Console().print(table)
