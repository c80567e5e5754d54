"""`argus accuracy`: labelled photos -> a running service -> shares, the worst classes, a picture of the confusions."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from argus_client import ArgusClient
from serve_app.cli.accuracy import Outcome, classify_photos
from serve_app.cli.accuracy_report import AccuracyReport, interval
from serve_app.cli.exits import CommandError, ExitCode
from serve_app.cli.labelled import LabelledPhotos, match_labels, read_labelled
from serve_app.cli.listing import Column, Listing, make_table, print_json
from serve_app.cli.model_listing import find_default

_NAMED = 10


@dataclass(frozen=True, slots=True)
class AccuracyOptions:
    """What is measured and what becomes of it; rows: of the table of classes, 0 for all."""

    place: Path
    url: str
    api_key: str | None = None
    model: str | None = None
    concurrency: int = 8
    rows: int = 20
    confusion: Path | None = None
    csv: Path | None = None
    as_json: bool = False
    fail_under: float = 0.0


def measure_accuracy(options: AccuracyOptions, *, out: Console, notes: Console) -> ExitCode:
    """Classify every photo, show what was found; notes: for progress and warnings.

    FAILED where a photo could not be classified or the share is under what was asked for. Raises CommandError for
    photos that cannot be used, ArgusClientError for a service that cannot.
    """
    _check_files(options)
    given = read_labelled(options.place)
    with ArgusClient(options.url, api_key=options.api_key) as client:
        name = options.model or find_default(client.models())
        labels = client.labels(name)
    labelled = match_labels(given, labels)
    _warn_of_labels(labelled, name, notes)
    if not labelled.photos:
        raise CommandError("No photo has a label that the model knows, so there is nothing to measure.", ExitCode.USAGE)
    report = AccuracyReport(_classify(options, labelled, name, notes), labelled, labels)
    _warn_of_failures(report, notes)
    if not report.answered:
        raise CommandError("No photo could be classified.")
    _write_files(report, options, notes)
    if options.as_json:
        print_json(report.document)
    else:
        _show(report, options.rows, out)
    if report.top1 < options.fail_under:
        _warn(notes, f"Top-1 is under {options.fail_under:.1%}.")
        return ExitCode.FAILED
    return ExitCode.FAILED if report.failed else ExitCode.DONE


def _check_files(options: AccuracyOptions) -> None:
    # Before the photos are classified, which may take long.
    for path in (options.csv, options.confusion):
        if path is not None and not path.parent.is_dir():
            raise CommandError(f"{path} cannot be written: there is no folder {path.parent}.", ExitCode.NOT_WRITTEN)
    if options.confusion is not None and options.confusion.suffix.lower() not in (".png", ".webp", ".jpg"):
        raise CommandError(f"{options.confusion}: the picture's name ends with .png, .webp or .jpg.", ExitCode.USAGE)


def _classify(options: AccuracyOptions, labelled: LabelledPhotos, model: str, notes: Console) -> list[Outcome]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as progress:
        task = progress.add_task(f"Classifying with {model}", total=len(labelled.photos))
        return asyncio.run(
            classify_photos(
                options.url,
                labelled.photos,
                api_key=options.api_key,
                model=model,
                concurrency=options.concurrency,
                advance=lambda: progress.advance(task),
            )
        )


def _write_files(report: AccuracyReport, options: AccuracyOptions, notes: Console) -> None:
    try:
        _write_each(report, options, notes)
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be written: {error.strerror}.", ExitCode.NOT_WRITTEN) from error


def _write_each(report: AccuracyReport, options: AccuracyOptions, notes: Console) -> None:
    if options.csv is not None:
        report.write_csv(options.csv)
        notes.print(f"A row for each photo: {options.csv}", highlight=False, soft_wrap=True)
    if options.confusion is not None:
        from serve_app.cli.confusion_picture import draw_confusions

        shown = draw_confusions(report, options.confusion)
        notes.print(f"The confusions of {shown} classes: {options.confusion}", highlight=False, soft_wrap=True)


def _show(report: AccuracyReport, rows: int, out: Console) -> None:
    photos = len(report.answered)
    low, high = interval(report.count(1), photos)
    out.print(Text(f"{report.model}: {photos} photos of {len(report.classes)} classes", style="bold"))
    out.print(Text(f"Top-1  {report.top1:6.1%}   ({low:.1%} to {high:.1%} with 95 % certainty)"))
    out.print(Text(f"Top-5  {report.top5:6.1%}"))
    wrong = [one for one in report.classes if one.top1 < one.photos]
    if not wrong:
        out.print(Text("\nThe first answer is right on every photo."))
        return
    shown = wrong[:rows] if rows else wrong
    table = Listing(
        (
            Column("Class", "right"),
            Column("Label"),
            Column("Photos", "right"),
            Column("Top-1", "right"),
            Column("Top-5", "right"),
            Column("Taken for", wrap=True),
        ),
        [
            (
                str(one.class_id),
                one.label,
                str(one.photos),
                f"{one.top1 / one.photos:.0%}",
                f"{one.top5 / one.photos:.0%}",
                ", ".join(f"{report.labels[c.predicted]} ({c.photos})" for c in one.confusions[:3]),
            )
            for one in shown
        ],
        None,
    )
    out.print()
    out.print(make_table(table, out.width))
    right = len(report.classes) - len(wrong)
    more = f" {len(wrong) - len(shown)} more have errors: --rows 0 shows all." if len(shown) < len(wrong) else ""
    out.print(Text(f"The worst classes first.{more} Classes without an error: {right}.", style="dim"))


def _warn_of_labels(labelled: LabelledPhotos, model: str, notes: Console) -> None:
    if labelled.in_order:
        _warn(
            notes,
            f"No folder is named by a label or a class id of {model}. There are as many as it has classes, so they",
        )
        _warn(notes, "are taken for these in the order of their names.")
    if not labelled.unmatched:
        return
    photos = sum(one.photos for one in labelled.unmatched)
    _warn(notes, f"{photos} photos are left out: {model} has no class of the name that they are given.")
    for one in labelled.unmatched[:_NAMED]:
        notes.print(Text(f"  {one.given or '(nothing)'} ({one.photos} photos): {one.reason}"), soft_wrap=True)
    if len(labelled.unmatched) > _NAMED:
        notes.print(f"  and {len(labelled.unmatched) - _NAMED} other names; --json lists all", highlight=False)
    notes.print(Text("  `argus labels --search TEXT` finds the model's own.", style="dim"))


def _warn_of_failures(report: AccuracyReport, notes: Console) -> None:
    if report.failed:
        _warn(notes, f"{len(report.failed)} photos could not be classified and count in no share.")
        for one in report.failed[:_NAMED]:
            notes.print(Text(f"  {one.photo.path}: {one.error}"), soft_wrap=True)
        if len(report.failed) > _NAMED:
            notes.print(f"  and {len(report.failed) - _NAMED} others; --json and --csv list all", highlight=False)


def _warn(notes: Console, text: str) -> None:
    notes.print(Text(text, style="yellow"), soft_wrap=True)
