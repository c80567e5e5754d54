"""Options that several commands have, so that they have one name and one meaning everywhere.

A flag has an empty metavar: typer would show its type, which says nothing to a person.
"""

from typing import Annotated

import typer

from serve_app.cli.completion import complete_model_names

DEFAULT_URL = "http://127.0.0.1:8000"


def _add_scheme(url: str) -> str:
    return url if "://" in url else f"http://{url}"


Url = Annotated[
    str,
    typer.Option(
        "--url",
        envvar="ARGUS_SERVICE_URL",
        metavar="URL",
        callback=_add_scheme,
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
