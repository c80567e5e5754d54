"""`argus accuracy`: how often a running service is right on labelled photos."""

from pathlib import Path
from typing import Annotated

import typer

from serve_app.cli.options import DEFAULT_URL, ApiKey, Json, ModelOption, Url

EXAMPLES = (
    "argus accuracy photos/                       # photos/tabby/1.jpg, or photos/281/1.jpg",
    "argus accuracy photos/labels.csv             # columns file and class_id, or file and label",
    "argus accuracy photos/ --confusion confusion.png --csv photos.csv",
    "argus accuracy photos/ --json --fail-under 0.8 > report.json",
)


def command(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", exists=True, help="A folder for each class, named by label or class id; or a CSV file."
        ),
    ],
    *,
    model: ModelOption = None,
    concurrency: Annotated[int, typer.Option(min=1, max=256, metavar="N", help="Photos under way at a time.")] = 8,
    rows: Annotated[int, typer.Option(min=0, metavar="N", help="Classes in the table; 0 for all.")] = 20,
    confusion: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Draw the confusions into this PNG file.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write a row for each photo into this file.")
    ] = None,
    fail_under: Annotated[
        float, typer.Option(min=0, max=1, metavar="SHARE", help="Exit with 1 where top-1 is under this share.")
    ] = 0.0,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Measure how often a running service is right on labelled photos.

    Shows top-1, top-5 and the worst classes with what they are taken for. Labels fit whatever their case, and with _
    or - for a space. Photos whose label the model does not know are named and left out.
    """
    from rich.console import Console

    from serve_app.cli.accuracy_command import AccuracyOptions, measure_accuracy

    options = AccuracyOptions(
        place=folder,
        url=url,
        api_key=api_key,
        model=model,
        concurrency=concurrency,
        rows=rows,
        confusion=confusion,
        csv=csv,
        as_json=as_json,
        fail_under=fail_under,
    )
    raise typer.Exit(measure_accuracy(options, out=Console(), notes=Console(stderr=True)))
