"""`argus export`: an artifact made ahead of time."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from serve_app.cli.completion import complete_weights
from serve_app.cli.options import Json

EXAMPLES = (
    "argus export efficientnet_lite0",
    "argus export resnet50:IMAGENET1K_V2 --precision fp32",
    "argus export efficientnet_lite0 --precision int8 --calibration-images photos/",
    'rsync -a "$(argus export resnet50)" other-machine:artifacts/   # a pipe gets the folder alone',
)


class Precision(StrEnum):
    """What the model computes in."""

    AUTO = "auto"
    BF16 = "bf16"
    FP32 = "fp32"
    INT8 = "int8"


class Runtime(StrEnum):
    """What computes it."""

    AUTO = "auto"
    OPENVINO = "openvino"
    TORCH = "torch"


def command(
    *,
    weights: Annotated[
        str,
        typer.Argument(
            metavar="WEIGHTS",
            autocompletion=complete_weights,
            help="A model of the catalog, as resnet50 or resnet50:IMAGENET1K_V2.",
        ),
    ],
    precision: Annotated[
        Precision, typer.Option(help="auto: bf16 where the processor is faster in it, fp32 elsewhere.")
    ] = Precision.AUTO,
    runtime: Annotated[
        Runtime, typer.Option(help="auto: torch where CUDA is there, openvino elsewhere.")
    ] = Runtime.AUTO,
    calibration_images: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", exists=True, file_okay=False, help="At least 64 photos like those served, for int8."
        ),
    ] = None,
    min_agreement: Annotated[
        float, typer.Option(min=0, max=1, metavar="SHARE", help="Least share of answers that int8 must keep.")
    ] = 0.95,
    artifacts: Annotated[
        Path | None,
        typer.Option(
            envvar="ARGUS_ARTIFACTS", metavar="FOLDER", help="Where artifacts are kept (default: the user's cache)."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the artifact that a service loads, ahead of its start, and show what is in it.

    Weights that are not here are downloaded once, unless ARGUS_OFFLINE=1 forbids it.
    """
    from rich.console import Console

    from serve_app.cli.display import Display
    from serve_app.cli.exporting import ExportOptions, describe, export
    from serve_app.cli.listing import print_json, show_pairs

    options = ExportOptions(weights, runtime, precision, calibration_images, min_agreement, artifacts)
    exported = export(options, Display(Console(stderr=True)))
    console = Console()
    if as_json:
        print_json(exported.document)
    elif console.is_terminal:
        show_pairs(describe(exported), console)
    else:
        sys.stdout.write(f"{exported.artifact.path}\n")
