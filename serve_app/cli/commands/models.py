"""`argus models`: what a service serves, or what could be served."""

from typing import Annotated

import typer

from serve_app.cli.options import DEFAULT_URL, ApiKey, Json, Plain, Url

EXAMPLES = (
    "argus models                       # what the running service serves",
    "argus models --catalog             # what could be served",
    "argus models --catalog resnet      # of these, names that hold a text",
    "argus models --catalog 'vit_*'     # or fit a pattern",
    "argus models --json | jq '.models[0].accuracy'",
)


def command(
    *,
    pattern: Annotated[
        str | None,
        typer.Argument(
            metavar="PATTERN", show_default=False, help="Only names that hold this text, or fit it with * and ?."
        ),
    ] = None,
    catalog: Annotated[
        bool, typer.Option("--catalog", metavar="", help="List what could be served: the packaged and torchvision's.")
    ] = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    as_json: Json = False,
    plain: Plain = False,
) -> None:
    """List the models that a running service serves, or with --catalog all that could be."""
    from serve_app.cli import model_listing
    from serve_app.cli.listing import show

    listing = model_listing.list_possible(pattern) if catalog else model_listing.list_served(url, api_key, pattern)
    show(listing, as_json=as_json, plain=plain)
