"""The `argus` command: a table of its commands. Arguments > environment > configuration file > default."""

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Annotated

import typer

from serve_app.cli.commands import accuracy, classify, doctor, export, labels, models, serve, status, up
from serve_app.cli.exits import MEANINGS, Commands

# In the order of --help.
COMMANDS: tuple[ModuleType, ...] = (
    up,
    serve,
    classify,
    models,
    labels,
    export,
    accuracy,
    status,
    doctor,
)


def _list_lines(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"[bold]{title}[/bold]", *(f"  {line}" for line in lines)])


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"argus {version('argus-classifier')}")
        raise typer.Exit


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog=_list_lines("Exit codes", [f"{code:<4} {meaning}" for code, meaning in MEANINGS.items()]),
)


@app.callback()
def argus(
    version: Annotated[
        bool,
        typer.Option("--version", metavar="", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Argus: an image classification service and its browser UI."""


for _module in COMMANDS:
    _epilog = _list_lines("Examples", _module.EXAMPLES) + "\n\n[dim]Exit codes: argus --help[/dim]"
    app.command(_module.__name__.rpartition(".")[2], epilog=_epilog)(_module.command)


def main() -> None:
    """The console script."""
    sys.exit(app(prog_name="argus"))


if __name__ == "__main__":
    main()
