"""`argus serve`: the service alone, as `argus up --no-ui`."""

from typing import Annotated

import typer

from serve_app.cli.options import DEFAULT_CONFIG, DEFAULT_GRPC_PORT, Config, Grpc, GrpcPort, Host

EXAMPLES = (
    "argus serve",
    "argus serve --port 8100",
    "argus serve --config deploy/serve_config.split.yaml",
)


def command(
    *,
    config: Config = DEFAULT_CONFIG,
    host: Host = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, metavar="PORT", help="Port. (default: the file's)")
    ] = None,
    grpc_port: GrpcPort = DEFAULT_GRPC_PORT,
    grpc: Grpc = True,
) -> None:
    """Start the service alone, without the UI, and stop it on Ctrl-C or SIGTERM."""
    from serve_app.cli.up import UpOptions, run_up

    options = UpOptions(
        config=config, host=host, serve_port=port, ui=False, grpc_port=grpc_port, grpc=grpc, port_option="--port"
    )
    raise typer.Exit(run_up(options))
