"""The arguments of the `argus` command. Arguments > configuration file > default."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from serve_app.cli.classify import command
from serve_app.cli.display import Display
from serve_app.cli.up import Up, UpOptions

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def argus() -> None:
    """Argus: an image classification service and its browser UI."""


@app.command()
def up(
    config: Annotated[Path, typer.Option(help="What `serve run` reads.")] = Path("serve_config.yaml"),
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; 0.0.0.0 for all. Default: the file's.")
    ] = None,
    serve_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the service. Default: the file's.")
    ] = None,
    ui_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the UI.")] = 3000,
    ui: Annotated[bool, typer.Option("--ui/--no-ui", help="Start the UI too, or the service alone.")] = True,
) -> None:
    """Start the service and the UI, say where they are, and stop both on Ctrl-C or SIGTERM."""
    options = UpOptions(config=config, host=host, serve_port=serve_port, ui_port=ui_port, ui=ui)
    raise typer.Exit(asyncio.run(Up(options, Display(Console())).run()))


app.command(epilog=command.EPILOG)(command.classify)


def main() -> None:
    """The console script."""
    sys.exit(app())


if __name__ == "__main__":
    main()
