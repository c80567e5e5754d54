"""Outcomes -> the section of RESULTS.md. Knows how figures are shown, not how they were measured."""

import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import sections
from benchmarks.batching_cases import GPU_BATCH_S, GPU_BATCH_SIZE, GPU_CAPACITY, Case, Measured, Outcome, Side

_METHOD = f"""\
`make bench-batching IMAGES=<folder>`: the work-conserving `Batcher` against the real `@serve.batch`, in one Ray Serve
replica that makes its own load, so HTTP is no part of it. Medians of {{rounds}} interleaved rounds of {{seconds}} s,
half as long for the two models that do not sleep.

A model that sleeps {GPU_BATCH_S * 1e3:.0f} ms for a batch of up to {GPU_BATCH_SIZE}, as a GPU looks to its host.
Open loop at a share of its {GPU_CAPACITY:.0f} requests/s: p50 / p99 in ms from when a request was due. Requests come at
random times, the same for every side, and are started within a millisecond or so. A `>` marks loads at which the queue
only grew: requests had no answer half a second after the last one came, and under a longer load they wait longer.
"""


def median(outcomes: Sequence[Outcome], figure: Callable[[Outcome], float]) -> float:
    """The median of one figure over the rounds."""
    return statistics.median(figure(outcome) for outcome in outcomes)


def is_overrun(outcomes: Sequence[Outcome]) -> bool:
    """Whether requests were left without an answer in most rounds: the queue grows as long as the load lasts."""
    return median(outcomes, lambda outcome: outcome.load.unanswered) > 0


def make_report(measured: Measured, *, rounds: int, seconds: float) -> str:
    """The section's Markdown."""
    today = datetime.now(UTC).date().isoformat()
    return "\n".join(
        [
            f"## Batching ({today})",
            "",
            _METHOD.format(rounds=rounds, seconds=f"{seconds:g}"),
            *_tabulate_open_loop(measured),
            "",
            "The same model with one request at a time, when idle, and kept full by 256 callers:",
            "",
            *_tabulate_ends(measured),
            "",
            "`efficientnet_lite0` (OpenVINO, one thread) on the pixels of photos, closed loop:",
            "",
            *_tabulate_cpu(measured),
            "",
            "What a request costs the host, with a model that returns at once (CPU microseconds of the whole process):",
            "",
            *_tabulate_cost(measured),
            "",
        ]
    )


def write_section(path: Path, section: str) -> None:
    """Put the section between its markers, or at the end of the file."""
    sections.write_section(path, "batching", section)


def _tabulate_open_loop(measured: Measured) -> list[str]:
    cases = [case for case in measured if case.load == "open"]
    shares = sorted({case.amount for case in cases})

    def cell(outcomes: Sequence[Outcome]) -> str:
        p50, p99 = (median(outcomes, lambda o, p=percent: o.load.percentile_ms(p)) for percent in (50, 99))
        return ("> " if is_overrun(outcomes) else "") + f"{p50:.0f} / {p99:.0f}"

    rows = {side.name: [cell(measured[Case(side, "gpu", "open", share)]) for share in shares] for side in _sides(cases)}
    return _tabulate(["", *(f"{share:.0%}" for share in shares)], rows)


def _tabulate_ends(measured: Measured) -> list[str]:
    rows = {}
    for side in _sides([case for case in measured if case.model == "gpu"]):
        alone, full = (
            next(measured[case] for case in measured if (case.side, case.model, case.load) == (side, "gpu", load))
            for load in ("alone", "closed")
        )
        full_rate = median(full, lambda o: o.load.requests / o.load.seconds)
        rows[side.name] = [
            f"{median(alone, lambda o: o.load.percentile_ms(50)):.1f}",
            f"{median(alone, lambda o: statistics.mean(o.load.latencies_s) - o.run_s) * 1e3:.2f}",
            f"{full_rate:.0f} ({full_rate / GPU_CAPACITY:.0%})",
            f"{median(full, lambda o: o.batch_size):.1f}",
        ]
    return _tabulate(["", "idle, p50 ms", "of it not the model, mean ms", "full, requests/s", "full, mean batch"], rows)


def _tabulate_cpu(measured: Measured) -> list[str]:
    cases = [case for case in measured if case.model == "cpu"]
    rows = {}
    for side in _sides(cases):
        row = rows[f"{side.name}, batches of {side.max_batch_size}"] = []
        for callers in (1, 16):
            outcomes = measured[Case(side, "cpu", "closed", callers)]
            row.append(f"{median(outcomes, lambda o: o.load.requests / o.load.seconds):.0f}")
            row.append(" / ".join(f"{median(outcomes, lambda o, p=p: o.load.percentile_ms(p)):.1f}" for p in (50, 99)))
    columns = [f"{callers}: {what}" for callers in ("1 caller", "16 callers") for what in ("images/s", "p50 / p99 ms")]
    return _tabulate(["", *columns], rows)


def _tabulate_cost(measured: Measured) -> list[str]:
    cases = [case for case in measured if case.model == "none"]
    callers = sorted({case.amount for case in cases})
    rows = {
        side.name: [
            f"{median(measured[Case(side, 'none', 'closed', n)], lambda o: o.load.cpu_s / o.load.requests * 1e6):.1f}"
            for n in callers
        ]
        for side in _sides(cases)
    }
    return _tabulate(["", *(f"{n:g} callers" for n in callers)], rows)


def _sides(cases: Sequence[Case]) -> list[Side]:
    return list(dict.fromkeys(case.side for case in cases))


def _tabulate(head: Sequence[str], rows: dict[str, list[str]]) -> list[str]:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *([name, *cells] for name, cells in rows.items())]
    return [f"| {' | '.join(line)} |" for line in lines]
