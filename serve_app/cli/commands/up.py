"""`argus up`: the service and the page."""

from typing import Annotated

import typer

from serve_app.cli.options import DEFAULT_CONFIG, DEFAULT_GRPC_PORT, Config, Grpc, GrpcPort, Host

EXAMPLES = (
    "argus up",
    "argus up --serve-port 8100 --ui-port 3100",
    "argus up --host 0.0.0.0     # reachable from other machines",
)


def command(
    *,
    config: Config = DEFAULT_CONFIG,
    host: Host = None,
    serve_port: Annotated[
        int | None, typer.Option(min=1, max=65535, metavar="PORT", help="Port of the service. (default: the file's)")
    ] = None,
    ui_port: Annotated[int, typer.Option(min=1, max=65535, metavar="PORT", help="Port of the UI.")] = 3000,
    ui: Annotated[
        bool, typer.Option("--ui/--no-ui", metavar="", help="Start the UI too, or the service alone.")
    ] = True,
    grpc_port: GrpcPort = DEFAULT_GRPC_PORT,
    grpc: Grpc = True,
) -> None:
    """Start the service and the UI, say where they are, and stop both on Ctrl-C or SIGTERM."""
    from serve_app.cli.up import UpOptions, run_up

    options = UpOptions(
        config=config, host=host, serve_port=serve_port, ui_port=ui_port, ui=ui, grpc_port=grpc_port, grpc=grpc
    )
    raise typer.Exit(run_up(options))
