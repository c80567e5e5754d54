"""Argus against the machine's own limit and against other ways to serve the same model, interleaved.

    python -m benchmarks.bench --images FOLDER [--rounds 5] [--seconds 5] [--only argus,mosec-openvino] [--quick]
    python -m benchmarks.bench --report FILE

Every figure is appended to .bench/results/<date>.jsonl as soon as it is known; an interrupted run still gives a report.
Exit status: 0; 1 when a system failed; 2 when nothing could be measured; 130 after Ctrl-C.
"""

import argparse
import random
import signal
import sys
from datetime import datetime
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from benchmarks.environments import BENCH, ROOT, EnvironmentFailed, ensure_environment
from benchmarks.facts import collect_facts
from benchmarks.model_folder import find_model, write_model_folder
from benchmarks.photos import choose_known_photos, read_photos
from benchmarks.records import Recorder, read_run
from benchmarks.report import draw_table, publish
from benchmarks.rounds import Plan, run_rounds
from benchmarks.systems import System, choose_systems
from serve_app.artifacts import open_artifact
from serve_app.errors import SetupError

_CEILING_S = 2.0


def main() -> int:
    """Measure, or only report; returns the exit status."""
    options = _parse()
    console = Console()
    if options.report:
        return _report(options.report, console, write=True)
    try:
        systems = choose_systems(options.only)
        photos = read_photos(options.images)
        plan = _prepare(systems, photos, 2.0 if options.quick else options.seconds, console)
    except (ValueError, EnvironmentFailed, SetupError) as error:
        console.print(Text(str(error), style="red"))
        return 2
    rounds = 1 if options.quick else options.rounds
    recorder = Recorder(BENCH / "results" / f"{datetime.now().astimezone():%Y-%m-%d-%H%M%S}.jsonl")
    recorder.note_facts(
        collect_facts(
            photos,
            systems,
            precision=open_artifact(plan.artifact).card.precision,
            rounds=rounds,
            seconds=plan.seconds,
            ceiling_s=plan.ceiling_s,
            seed=plan.seed,
        )
    )
    signal.signal(signal.SIGTERM, _interrupt)
    failed, interrupted = 0, False
    try:
        failed = _measure(plan, systems, rounds, recorder, console)
    except KeyboardInterrupt:
        interrupted = True
        console.print("Interrupted; what was measured so far is kept.")
    console.print(f"Figures: {recorder.path.relative_to(ROOT)}")
    # A part of the systems, or a short look, is not what RESULTS.md is for; --report writes it there all the same.
    status = _report(recorder.path, console, write=not (options.only or options.quick or interrupted))
    return 130 if interrupted else status or int(failed > 0)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Argus against the machine's limit and against its peers.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--images", type=Path, help="folder of JPEG photos")
    what.add_argument("--report", type=Path, help="make the report of an earlier run, from its .jsonl file")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each load")
    parser.add_argument("--only", help="names of systems, separated by commas")
    parser.add_argument("--quick", action="store_true", help="one round of 2 s loads, printed and not written")
    return parser.parse_args()


def _prepare(systems: list[System], photos: list[bytes], seconds: float, console: Console) -> Plan:
    artifact = find_model()
    pythons = {}
    for peer in sorted({system.peer for system in systems if system.peer}):
        pythons[peer] = ensure_environment(peer, console.print)
    return Plan(
        artifact=artifact.path,
        model=write_model_folder(artifact),
        photos=photos,
        known=choose_known_photos(artifact, photos),
        pythons=pythons,
        seconds=seconds,
        ceiling_s=min(_CEILING_S, seconds),
        seed=random.randrange(10**6),  # noqa: S311  # an order, not a secret
    )


def _measure(plan: Plan, systems: list[System], rounds: int, recorder: Recorder, console: Console) -> int:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )  # fmt: skip
    # No refresh of its own: a thread that draws would take processor time from what is measured.
    with Progress(*columns, console=console, auto_refresh=False, speed_estimate_period=3600) as progress:
        task = progress.add_task("", total=rounds * len(systems))
        seen = -1

        def show(number: int, what: str) -> None:
            nonlocal seen
            if what != "in process":
                seen += 1
            progress.update(task, completed=max(0, seen), description=f"round {number}/{rounds}: {what}", refresh=True)

        failed = run_rounds(plan, systems, rounds, recorder, show)
        progress.update(task, completed=rounds * len(systems), description="done", refresh=True)
    return failed


def _report(path: Path, console: Console, *, write: bool) -> int:
    try:
        run = read_run(path)
    except ValueError as error:
        console.print(Text(str(error), style="red"))
        return 2
    console.print(draw_table(run))
    for failure in run.failures:
        console.print(Text(f"Round {failure.round}, {failure.reason}", style="red"))
    if write:
        for written in publish(run):
            console.print(f"Wrote {written}")
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
