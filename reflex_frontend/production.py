"""Serves the UI as built, on one port and without any JavaScript toolchain; builds the page first when that is needed.

    python -m reflex_frontend.production --host 127.0.0.1 --port 3000 --service-url http://127.0.0.1:8000

Arguments > environment > default. Arguments become environment variables, which the worker processes inherit.
"""

import argparse
import errno
import os
import signal
import socket
import sys
from collections.abc import Sequence

from reflex_frontend import building, settings

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 3000


class StartError(Exception):
    """The UI cannot start; the message says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 after a wanted end, 1 when something has to be done first."""
    options = _parse(arguments)
    try:
        _apply(options)
        if not options.build_only:
            claim_port(options.host, options.port)
        if not options.no_build:
            building.ensure_built(_say)
        elif not building.is_built():
            raise StartError("The page is not built. Run: python -m reflex_frontend.production --build-only")
        if options.build_only:
            _say(f"The page is built: {building.CLIENT}")
            return 0
    except (StartError, building.BuildError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    _say(f"Argus UI on http://{_shown(options.host)}:{options.port}, service at {settings.read().service_url}")
    serve(options.host, options.port, options.workers)
    return 0


def serve(host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT; ends the workers before it returns."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    os.chdir(building.ROOT)
    os.environ.update(
        REFLEX_ENV_MODE="prod",
        # Reflex's own names for "the page is built" and "serve it beside the backend".
        __REFLEX_SKIP_COMPILE="true",
        __REFLEX_MOUNT_FRONTEND_COMPILED_APP="true",
        REFLEX_TELEMETRY_ENABLED="false",
        # Nothing is kept there; Reflex makes the folder all the same, and in the project's root if not told.
        REFLEX_UPLOADED_FILES_DIR=str(building.WEB / "uploaded_files"),
        REFLEX_CHECK_LATEST_VERSION="false",
        PYTHONPATH=os.pathsep.join([str(building.ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    )
    server = Server(
        target="reflex_frontend.reflex_frontend:app",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        log_level=LogLevels.warning,
        log_access=False,
        websockets=True,
        # A session's connection stays open for as long as its page; what has not ended by then is cut.
        workers_kill_timeout=5,
    )
    server.serve()


def claim_port(host: str, port: int) -> None:
    """Raises StartError when the port is taken: the server below would share it silently with another."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As a server binds: an address whose last connections are still fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise StartError(
                    f"Port {port} on {host} is in use. End what listens there, or choose another: --port {port + 1}"
                ) from None
            raise StartError(
                f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --host or --port."
            ) from None


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m reflex_frontend.production", description="Serve the Argus browser UI.")
    parser.add_argument("--host", default=DEFAULT_HOST, help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen on (default: %(default)s)")
    parser.add_argument("--service-url", help="where the classifier service listens (default: http://127.0.0.1:8000)")
    parser.add_argument("--workers", type=int, default=1, help="processes; more than one needs REFLEX_REDIS_URL")
    build = parser.add_mutually_exclusive_group()
    build.add_argument("--build-only", action="store_true", help="build the page if needed, and end")
    build.add_argument("--no-build", action="store_true", help="never build; refuse to start without a built page")
    return parser.parse_args(arguments)


def _apply(options: argparse.Namespace) -> None:
    if options.workers > 1 and not os.environ.get("REFLEX_REDIS_URL"):
        raise StartError(
            "Several workers share their sessions through Redis: set REFLEX_REDIS_URL, or use --workers 1."
        )
    if options.service_url:
        os.environ["ARGUS_SERVICE_URL"] = options.service_url
    settings.read()


def _say(line: str) -> None:
    print(line, flush=True)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    # Python starts with SIGINT ignored when a shell put it in the background; the server must hear it all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
