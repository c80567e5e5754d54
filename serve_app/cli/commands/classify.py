"""`argus classify`: images, whole folders of them, and where the answers go."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from serve_app.cli.options import DEFAULT_URL, ApiKey, ModelOption, Url

EXAMPLES = (
    "argus classify cat.jpg",
    "argus classify photos/ --csv out.csv                  # the same again goes on where it ended",
    "argus classify photos/ --csv out.csv --retry-failed   # and tries those again that failed",
    "argus classify 'photos/**/*.png' --top-k 1 --format csv",
    "find photos -print0 | argus classify --files-from - --null --jsonl new.jsonl",
    "argus classify - < cat.jpg",
)


def command(
    images: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[IMAGES]...", help="Files, folders, patterns; - for one image on stdin.", show_default=False
        ),
    ] = None,
    *,
    files_from: Annotated[
        str | None, typer.Option(metavar="FILE", help="A list of files, one a line; - for stdin.", show_default=False)
    ] = None,
    null: Annotated[
        bool, typer.Option("--null", "-0", metavar="", help="That list ends names with NUL, as find -print0.")
    ] = False,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Add a row for each image to this file.", show_default=False)
    ] = None,
    jsonl: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Add a line of JSON for each.", show_default=False)
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", metavar="", help="Try those again that failed in an earlier run.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", metavar="", help="Begin the output files anew instead of going on.")
    ] = False,
    format: Annotated[  # noqa: A002  # it is the option's name
        Literal["table", "csv", "jsonl"] | None,
        typer.Option(
            help="What goes to stdout. Default: table on a terminal, jsonl elsewhere, nothing with --csv or --jsonl.",
            show_default=False,
        ),
    ] = None,
    model: ModelOption = None,
    top_k: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="Most predictions of an image.")] = 5,
    min_score: Annotated[
        float, typer.Option(min=0, max=1, metavar="SCORE", help="Leave out those that score lower.")
    ] = 0.0,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    concurrency: Annotated[
        int, typer.Option(min=1, max=256, metavar="N", help="Requests under way; fewer while the service refuses some.")
    ] = 16,
    timeout: Annotated[
        float,
        typer.Option(
            min=0.1, metavar="SECONDS", help="Seconds for an answer, and to wait for a service that refuses all."
        ),
    ] = 30.0,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", metavar="", help="No bar and no summary; only what went wrong.")
    ] = False,
) -> None:
    """Classify images: files, whole folders, patterns, lists, or stdin.

    With --csv or --jsonl a run may be interrupted: the same command goes on with what is not in the file yet.
    """
    # These take a while to import, and `argus --help` needs none of them.
    from serve_app.cli.classify.job import Job
    from serve_app.cli.classify.run import RunOptions

    options = RunOptions(url, api_key, model, top_k, min_score, concurrency, timeout)
    job = Job(
        options=options,
        images=images or [],
        files_from=files_from,
        null=null,
        csv=csv,
        jsonl=jsonl,
        retry_failed=retry_failed,
        overwrite=overwrite,
        format=format,
        quiet=quiet,
    )
    raise typer.Exit(job.do())
