"""The arguments of `argus classify`: arguments > environment > default."""

from pathlib import Path
from typing import Annotated, Literal

import typer

EPILOG = """\
[bold]Examples[/bold]

[cyan]argus classify cat.jpg[/cyan]

The folder and all below it, a row of CSV each; the same again goes on where it ended:
[cyan]argus classify photos/ --csv out.csv[/cyan]

And try those again that failed:
[cyan]argus classify photos/ --csv out.csv --retry-failed[/cyan]

[cyan]argus classify 'photos/**/*.png' --top-k 1 --format csv[/cyan]

[cyan]find photos -mtime -1 -print0 | argus classify --files-from - --null --jsonl new.jsonl[/cyan]

[cyan]argus classify - < cat.jpg[/cyan]

[bold]Exit status[/bold]

0: every image was answered.

1: some were not, and their rows say why.

2: wrong usage: an option, a file that is not there, an output file that does not fit.

3: the service cannot be reached, or takes no image of this run (API key, model).

4: an output could not be written.

130, 143: interrupted by Ctrl-C, by SIGTERM; what was done is kept.
"""


def classify(  # noqa: PLR0917  # options of a command are arguments of its function
    images: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders, patterns; - for one image on stdin.", show_default=False),
    ] = None,
    files_from: Annotated[
        str | None, typer.Option(metavar="FILE", help="A list of files, one a line; - for stdin.", show_default=False)
    ] = None,
    null: Annotated[bool, typer.Option("--null", "-0", help="That list ends names with NUL, as find -print0.")] = False,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Add a row for each image to this file.", show_default=False)
    ] = None,
    jsonl: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Add a line of JSON for each.", show_default=False)
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try those again that failed in an earlier run.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Begin the output files anew instead of going on.")
    ] = False,
    format: Annotated[  # noqa: A002  # it is the option's name
        Literal["table", "csv", "jsonl"] | None,
        typer.Option(
            help="What goes to stdout. Default: table on a terminal, jsonl elsewhere, nothing with --csv or --jsonl.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Default: the service's first.", show_default=False)] = None,
    top_k: Annotated[int, typer.Option(min=1, max=10_000, help="Most predictions of an image.")] = 5,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="Leave out those that score lower.")] = 0.0,
    url: Annotated[str, typer.Option(envvar="ARGUS_URL", help="Where the service is.")] = "http://127.0.0.1:8000",
    api_key: Annotated[
        str | None,
        typer.Option(envvar="ARGUS_API_KEY", help="Where the service asks for one.", show_default=False),
    ] = None,
    concurrency: Annotated[
        int, typer.Option(min=1, max=256, help="Requests under way; fewer while the service refuses some.")
    ] = 16,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds for an answer, and to wait for a service that refuses all.")
    ] = 30.0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No bar and no summary; only what went wrong.")] = False,
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
