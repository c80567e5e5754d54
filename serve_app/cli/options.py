"""Options that several commands have, so that they have one name and one meaning everywhere.

A flag has an empty metavar: typer would show its type, which says nothing to a person.
"""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from serve_app.cli.completion import complete_model_names

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_CONFIG = Path("serve_config.yaml")
DEFAULT_GRPC_PORT = 8001


def read_url(text: str) -> str:
    """An address as a person writes it, with http:// where that was left out. Raises BadParameter for what is none."""
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise typer.BadParameter(f"{text!r} is not an address like http://127.0.0.1:8000.")
    return url


Url = Annotated[
    str,
    typer.Option(
        "--url",
        envvar="ARGUS_SERVICE_URL",
        metavar="URL",
        callback=read_url,
        help="Address of the running service.",
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option("--api-key", envvar="ARGUS_API_KEY", metavar="KEY", help="Key, where the service asks for one."),
]
Json = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON.")]
Plain = Annotated[
    bool,
    typer.Option("--plain", metavar="", help="Print lines with tabs and no heading, as a pipe gets them."),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        autocompletion=complete_model_names,
        help="Model to ask (default: the service's first).",
    ),
]
Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="What `serve run` reads.")]
Host = Annotated[
    str | None,
    typer.Option("--host", metavar="HOST", help="Address to listen on; 0.0.0.0 for all. (default: the file's)"),
]
GrpcPort = Annotated[int, typer.Option("--grpc-port", min=1, max=65535, metavar="PORT", help="Port for gRPC.")]
Grpc = Annotated[
    bool,
    typer.Option("--grpc/--no-grpc", metavar="", help="Offer the Open Inference Protocol over gRPC too, or not."),
]
