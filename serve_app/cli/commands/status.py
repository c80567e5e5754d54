"""`argus status`: what a service is doing."""

from typing import Annotated

import typer

from serve_app.cli.options import DEFAULT_URL, ApiKey, Json, Url

EXAMPLES = (
    "argus status",
    "argus status --watch               # every second, until Ctrl-C",
    "argus status --json | jq .requests_per_s",
    "argus status --watch --json >> status.jsonl",
)


def command(
    *,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", metavar="", help="Ask every second, until Ctrl-C; a line each in a pipe.")
    ] = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Show what a running service is doing: replicas, rates, times to answer, queue."""
    from serve_app.cli import watching

    if watch:
        watching.watch(url, api_key, as_json=as_json)
    else:
        watching.show_once(url, api_key, as_json=as_json)
