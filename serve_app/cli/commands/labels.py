"""`argus labels`: what a model can say."""

from typing import Annotated

import typer

from serve_app.cli.completion import complete_model_names
from serve_app.cli.options import DEFAULT_URL, ApiKey, Json, Plain, Url

EXAMPLES = (
    "argus labels                       # of the default model",
    "argus labels --search cat",
    "argus labels resnet50 --json",
    "argus labels | cut -f2             # the labels alone, in the order of their class ids",
)


def command(
    *,
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            show_default=False,
            autocompletion=complete_model_names,
            help="A model that is served (default: the first).",
        ),
    ] = None,
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only labels that hold this text, or have this class id.")
    ] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    as_json: Json = False,
    plain: Plain = False,
) -> None:
    """List the labels of a model of a running service, with their class ids."""
    from serve_app.cli.listing import show
    from serve_app.cli.model_listing import list_labels

    show(list_labels(url, api_key, model, search), as_json=as_json, plain=plain)
