"""`python -m serve_app.grpc`: listen until SIGINT or SIGTERM, then answer the calls that are under way and end."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence

import uvloop

from serve_app.grpc.calls import Calls
from serve_app.grpc.options import Options, read_options
from serve_app.grpc.server import build_server
from serve_app.grpc.upstream import Upstream


def main(arguments: Sequence[str] | None = None) -> int:
    """The program; returns the exit status."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    try:
        options = read_options(vars(_parse(arguments)))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        uvloop.run(serve(options))  # half of asyncio's own processor time for the service's side of a call
    except RuntimeError:
        print(
            f"Cannot listen on {options.address}: another program does, or it is not this machine's address. "
            f"End that one, or choose another: --port {options.port + 1}",
            file=sys.stderr,
        )
        return 1
    return 0


async def serve(options: Options) -> None:
    """Serve until a signal asks for the end. Raises RuntimeError when it cannot listen."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    async with Upstream(options.service_url, timeout_s=options.answer_timeout_s) as upstream:
        server = build_server(Calls(upstream), options)
        server.add_insecure_port(options.address)
        await server.start()
        print(f"Open Inference Protocol over gRPC on {options.address}, for {options.service_url}", flush=True)
        await asked.wait()
        await server.stop(options.stop_grace_s)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    default = Options()
    parser = argparse.ArgumentParser(
        "python -m serve_app.grpc",
        description="Serve the Open Inference Protocol v2 over gRPC, in front of a running Argus service.",
        epilog="More can be set in the environment: see docs/open-inference-grpc.md.",
    )
    parser.add_argument("--host", help=f"address to listen on (default: {default.host})")
    parser.add_argument("--port", type=int, help=f"port to listen on (default: {default.port})")
    parser.add_argument("--service-url", help=f"where the service listens (default: {default.service_url})")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
