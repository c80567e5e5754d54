"""`argus doctor`: what is wrong with this machine, and what to do."""

from pathlib import Path
from typing import Annotated

import typer

from serve_app.cli.options import Json

EXAMPLES = (
    "argus doctor",
    "argus doctor --config deploy/serve_config.split.yaml",
    "argus doctor --json | jq '.checks[] | select(.state != \"ok\")'",
)


def command(
    *,
    config: Annotated[Path, typer.Option(metavar="FILE", help="What `serve run` reads.")] = Path("serve_config.yaml"),
    ui_port: Annotated[int, typer.Option(min=1, max=65535, metavar="PORT", help="Port of the UI.")] = 3000,
    as_json: Json = False,
) -> None:
    """Look for what stands in the way of a start on this machine, and say what to do. Changes nothing."""
    from rich.console import Console

    from serve_app.cli import diagnosis
    from serve_app.cli.exits import ExitCode
    from serve_app.cli.listing import print_json

    console = Console()
    findings = []
    for finding in diagnosis.diagnose(config, ui_port):
        findings.append(finding)
        if not as_json:
            diagnosis.show_finding(finding, console)
    if as_json:
        print_json(diagnosis.describe(findings))
    else:
        diagnosis.show_summary(findings, console)
    raise typer.Exit(ExitCode.FAILED if diagnosis.has_failed(findings) else ExitCode.DONE)
