"""Argus' Batcher against Ray Serve's `@serve.batch`, interleaved in one run.

    python -m benchmarks.batching --images FOLDER [--rounds 5] [--seconds 1.2]

A model that sleeps 50 ms for a batch of up to 64 stands for a GPU: an open loop at several shares of its capacity, a
closed loop that keeps it full, and single requests when it is idle. The default model on the CPU gets closed loops. A
model that returns at once shows what a request costs the host. Writes the section of RESULTS.md and the chart.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # Ray reads it when it is imported

import ray
from ray import serve

from benchmarks.batching_cases import GPU_BATCH_SIZE, Case, Measured, Outcome, Side
from benchmarks.batching_chart import draw_chart
from benchmarks.batching_replica import Comparison
from benchmarks.batching_report import make_report, write_section
from serve_app.artifacts import artifact_root, find_artifact

_ROOT = Path(__file__).parents[1]
_CHART = _ROOT / "docs" / "images" / "batching.png"
_RESULTS = _ROOT / "benchmarks" / "RESULTS.md"

WAITS_S = (0.0, 0.01, 0.05, 0.1)
SHARES = (0.01, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9)
# What a person who knows that batches gain nothing on a CPU might still set.
_CPU_BATCH_SIZE = 8


def list_cases() -> Iterator[Case]:
    """Every case; the sides of one load follow each other."""

    def sides(max_batch_size: int) -> list[Side]:
        return [Side(None, max_batch_size), *(Side(wait_s, max_batch_size) for wait_s in WAITS_S)]

    for load, amounts in (("open", SHARES), ("closed", (4.0 * GPU_BATCH_SIZE,)), ("alone", (10.0,))):
        for amount in amounts:
            yield from (Case(side, "gpu", load, amount) for side in sides(GPU_BATCH_SIZE))
    for callers in (1.0, 16.0):
        yield Case(Side(None, 1), "cpu", "closed", callers)
        yield from (Case(side, "cpu", "closed", callers) for side in sides(_CPU_BATCH_SIZE))
    for callers in (16.0, 64.0):
        yield from (Case(side, "none", "closed", callers) for side in sides(GPU_BATCH_SIZE)[:2])


def measure(rounds: int, seconds: float, images: Path, console: Console) -> Measured:
    """Every case in every round, in a Ray of its own that ends with the run."""
    artifact = find_artifact("efficientnet_lite0", root=artifact_root())
    if artifact is None:
        raise ValueError("The default model has not been exported yet. `make up` does it.")
    cases = list(list_cases())
    measured: Measured = {case: [] for case in cases}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
    try:
        serve.start(proxy_location="Disabled")
        handle = serve.run(Comparison.bind(artifact, images.resolve()), route_prefix=None)
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("", total=rounds * len(cases))
            for number in range(rounds):
                for case in cases:
                    progress.update(task, description=f"{case.model}, {case.load} {case.amount:g}: {case.side.name}")
                    span_s = seconds if case.model == "gpu" else seconds / 2
                    outcome: Outcome = handle.measure.remote(case, span_s, number).result()
                    measured[case].append(outcome)
                    progress.advance(task)
    finally:
        ray.shutdown()
    return measured


def main() -> int:
    """Measure, print and write the section and the chart."""
    parser = argparse.ArgumentParser(description="Argus' Batcher against @serve.batch.")
    parser.add_argument("--images", type=Path, required=True, help="folder of JPEG photos")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--seconds", type=float, default=1.2, help="of each load on the 50 ms model; the others get half"
    )
    parser.add_argument("--results", type=Path, default=_RESULTS, help="Markdown file that gets the section")
    parser.add_argument("--chart", type=Path, default=_CHART, help="PNG file to write")
    options = parser.parse_args()
    console = Console()
    try:
        measured = measure(options.rounds, options.seconds, options.images, console)
    except ValueError as error:
        console.print(f"[red]{error}[/red]")
        return 2
    report = make_report(measured, rounds=options.rounds, seconds=options.seconds)
    console.print(report, markup=False, soft_wrap=True)
    write_section(options.results, report)
    draw_chart(measured, options.chart)
    console.print(f"Written: {options.results} and {options.chart}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
