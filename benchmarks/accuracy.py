"""Accuracy over HTTP on labelled photos, as `argus accuracy` measures it, and agreement with torch float32 in process.

    python -m benchmarks.accuracy --images FOLDER [--url http://127.0.0.1:8000] [--fail-under 0.97]

Exit status: 0; 1 when the agreement is under --fail-under; 2 when it could not be measured.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from argus_client import ArgusClient, ArgusClientError
from serve_app.cli.accuracy import Outcome, classify_photos
from serve_app.cli.exits import CommandError
from serve_app.cli.labelled import LabelledPhoto, match_labels, read_labelled
from serve_app.cli.model_listing import find_default


def read_photos(place: Path, url: str) -> list[LabelledPhoto]:
    """The photos with the class ids of the service's default model. Raises CommandError or ArgusClientError."""
    with ArgusClient(url) as client:
        labels = client.labels(find_default(client.models()))
    labelled = match_labels(read_labelled(place), labels)
    if labelled.unmatched:
        names = ", ".join(one.given for one in labelled.unmatched[:3])
        raise CommandError(f"{len(labelled.unmatched)} names of classes are not the model's: {names}.")
    return list(labelled.photos)


def ask_service(url: str, photos: Sequence[LabelledPhoto], progress: Progress) -> list[Outcome]:
    """Every photo through the service, in order. Raises CommandError for one without an answer."""
    task = progress.add_task("over HTTP", total=len(photos))
    outcomes = asyncio.run(classify_photos(url, photos, advance=lambda: progress.advance(task)))
    for outcome in outcomes:
        if outcome.error:
            raise CommandError(f"{outcome.photo.path}: {outcome.error}")
    return outcomes


def run_reference(spec: str, photos: Sequence[LabelledPhoto], progress: Progress) -> list[list[int]]:
    """The five best class ids of each photo, by torch in float32."""
    from benchmarks.reference import TorchReference  # torch takes seconds to import

    task = progress.add_task("torch fp32 in process", total=len(photos))
    reference = TorchReference(spec, num_threads=os.cpu_count() or 1)
    answers = []
    for photo in photos:
        answers.append(reference.classify(photo.path)[:5])
        progress.advance(task)
    return answers


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Accuracy over HTTP, and agreement with torch fp32 in process.")
    parser.add_argument(
        "--images", type=Path, required=True, help="labels.csv, a folder with it, or one folder a class"
    )
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="address of the running service")
    parser.add_argument("--fail-under", type=float, default=0.97, help="least share of equal top-1 answers")
    options = parser.parse_args()
    console = Console()
    try:
        photos = read_photos(options.images, options.url)
        with Progress(console=console) as progress:
            answers = ask_service(options.url, photos, progress)
            model = answers[0].model
            if model is None:
                raise CommandError("The service does not say which model answered.")
            expected = run_reference(model.name, photos, progress)
    except (ArgusClientError, CommandError) as error:
        console.print(f"[red]{error}[/red]")
        return 2
    served = [[prediction.class_id for prediction in answer.predictions] for answer in answers]
    truth = [photo.class_id for photo in photos]
    agreement = share(a[0] == b[0] for a, b in zip(served, expected, strict=True))
    table = Table(title=f"{model.name}, version {model.version}, {len(photos)} photos")
    for column in ("", "Argus over HTTP", "torch fp32"):
        table.add_column(column, justify="left" if not column else "right")
    for name, k in (("top-1", 1), ("top-5", 5)):
        hits = [share(t in a[:k] for t, a in zip(truth, side, strict=True)) for side in (served, expected)]
        table.add_row(name, *(f"{hit:.1%}" for hit in hits))
    table.add_row("same top-1", f"{agreement:.1%}", "")
    console.print(table)
    for photo, ours, theirs in zip(photos, served, expected, strict=True):
        if ours[0] != theirs[0]:
            console.print(f"differs: {photo.path.name}: served {ours[0]}, torch {theirs[0]}, labelled {photo.class_id}")
    if agreement < options.fail_under:
        console.print(f"[red]The agreement is under {options.fail_under:.0%}.[/red]")
        return 1
    return 0


def share(hits: Iterable[bool]) -> float:
    """The share of true values."""
    values = list(hits)
    return sum(values) / len(values)


if __name__ == "__main__":
    sys.exit(main())
