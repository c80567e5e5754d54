"""`argus serve`: the service alone, as `argus up --no-ui`."""

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = (
    "argus serve",
    "argus serve --port 8100",
    "argus serve --config deploy/serve_config.split.yaml",
)


def command(
    *,
    config: Annotated[Path, typer.Option(metavar="FILE", help="What `serve run` reads.")] = Path("serve_config.yaml"),
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="Address to listen on; 0.0.0.0 for all. (default: the file's)")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, metavar="PORT", help="Port. (default: the file's)")
    ] = None,
) -> None:
    """Start the service alone, without the UI, and stop it on Ctrl-C or SIGTERM."""
    from serve_app.cli.up import UpOptions, run_up

    raise typer.Exit(run_up(UpOptions(config=config, host=host, serve_port=port, ui=False, port_option="--port")))
