"""A run -> the section of RESULTS.md, the chart beside it, a short table for the terminal. Figures, no judgement."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.table import Table

from benchmarks.environments import ROOT
from benchmarks.records import Measurement, Run
from benchmarks.spreads import Spread, above_single_ms, compare, cpu_ratio, ratio, spread, tail
from benchmarks.systems import SYSTEMS, System

RESULTS = ROOT / "benchmarks" / "RESULTS.md"
CHART = ROOT / "docs" / "images" / "benchmark.png"
BEGIN = "<!-- make bench writes from here -->"
END = "<!-- make bench writes to here -->"

# A column: its heading, and its cell for the rounds of a system.
_Column = tuple[str, Callable[[Sequence[Measurement]], str]]


def _figure(figure: Callable[[Measurement], float | None], digits: int = 0) -> Callable[[Sequence[Measurement]], str]:
    def cell(measurements: Sequence[Measurement]) -> str:
        found = spread(measurements, figure)
        return found.show(digits) if found else ""

    return cell


def _loop(connections: int, name: str) -> Callable[[Measurement], float | None]:
    def read(measurement: Measurement) -> float | None:
        loop = measurement.figures.at(connections)
        return float(getattr(loop, name)) if loop else None

    return read


def _open(name: str) -> Callable[[Measurement], float | None]:
    return lambda measurement: float(getattr(measurement.figures.open, name)) if measurement.figures.open else None


def _sum(read: Callable[[Measurement], float | None]) -> Callable[[Sequence[Measurement]], str]:
    def cell(measurements: Sequence[Measurement]) -> str:
        values = [value for measurement in measurements if (value := read(measurement)) is not None]
        return f"{sum(values):.0f}" if values else ""

    return cell


_THROUGHPUT: tuple[_Column, ...] = (
    ("images/s", _figure(_loop(16, "images_per_s"))),
    ("of the ceiling", _figure(ratio, 2)),
    ("p50 ms", _figure(_loop(16, "p50_ms"))),
    ("p99 ms", _figure(_loop(16, "p99_ms"))),
    ("CPU ms a request", _figure(lambda measurement: measurement.figures.cpu_ms, 1)),
    ("times in process", _figure(cpu_ratio, 2)),
    ("errors", _sum(_loop(16, "errors"))),
)
_CROWD: tuple[_Column, ...] = (
    ("of the ceiling", _figure(lambda measurement: ratio(measurement, 64), 2)),
    ("p50 ms", _figure(_loop(64, "p50_ms"))),
    ("p99 ms", _figure(_loop(64, "p99_ms"))),
    ("p99, times 64 photos in process", _figure(tail, 2)),
    ("errors", _sum(_loop(64, "errors"))),
)
_QUIET: tuple[_Column, ...] = (
    ("1 connection: p50 ms", _figure(_loop(1, "p50_ms"), 1)),
    ("above in process, ms", _figure(above_single_ms, 1)),
    ("half the ceiling: p50 ms", _figure(_open("p50_ms"), 1)),
    ("p99 ms", _figure(_open("p99_ms"), 1)),
    ("lost", _sum(_open("lost"))),
)
_WEIGHT: tuple[_Column, ...] = (
    ("first answer after s", _figure(lambda measurement: measurement.figures.start_s, 1)),
    ("memory MB", _figure(lambda measurement: measurement.figures.pss_mb)),
    ("one worker MB", _figure(lambda measurement: measurement.figures.worker_pss_mb)),
)


def measured_systems(run: Run) -> list[System]:
    """The systems of a run, the fastest first, those with the ceiling's runtime before the documented ones."""

    def key(system: System) -> tuple[bool, float]:
        found = spread(run.of(system.name), ratio)
        return system.is_documented, -(found.median if found else 0.0)

    return sorted((system for system in SYSTEMS if run.of(system.name)), key=key)


def name_system(system: System) -> str:
    """How the tables and the chart call it."""
    return f"{system.title}, as documented" if system.is_documented else system.title


def write_section(run: Run) -> str:
    """The section of RESULTS.md, without its markers."""
    systems = measured_systems(run)
    same = [system for system in systems if not system.is_documented]
    parts = [
        f"## Against the machine's limit and other servers ({run.facts['date'][:10]})",
        _describe_machine(run),
        _describe_ceiling(run),
        _describe_systems(run),
        f"![Share of the in-process ceiling at 16 connections, and p99 at 64](../{CHART.relative_to(ROOT).as_posix()})",
        "16 connections:",
        _draw_markdown(run, systems, _THROUGHPUT),
        "64 connections; a p99 of 1 time 64 photos in process means that nobody waits longer than the ceiling needs:",
        _draw_markdown(run, same, _CROWD),
        "One connection, and an open loop at half the ceiling:",
        _draw_markdown(run, same, _QUIET),
        "Start and memory (PSS of all processes: pages that processes share are counted once):",
        _draw_markdown(run, systems, _WEIGHT),
        *_compare_argus(run, systems),
        *_list_failures(run),
    ]
    return "\n\n".join(_wrap(part) for part in parts)


def count_rounds(run: Run) -> int:
    """Rounds in which anything was measured."""
    return len({measurement.round for measurement in run.measurements})


def _count(run: Run) -> str:
    rounds = count_rounds(run)
    return f"{rounds} round{'s' if rounds > 1 else ''}"


def _describe_machine(run: Run) -> str:
    facts = run.facts
    versions = sorted({**facts["versions"], **facts["peers"]}.items())
    return (
        f"`make bench IMAGES=<folder>`: {facts['photos']} photos of {facts['photo_kb']} kB on average, "
        f"{_count(run)}, loads of {facts['seconds']:g} s. Commit {facts['commit']}. {facts['cpu']}, "
        f"{facts['cores']} cores, {facts['memory_gb']} GB. Python {facts['python']}, "
        f"{', '.join(f'{name} {version}' for name, version in versions)}."
    )


def _describe_ceiling(run: Run) -> str:
    ceilings = [ceiling for measurement in run.measurements for ceiling in (measurement.before, measurement.after)]
    ways = [ceiling.way for ceiling in ceilings]
    rate, cpu, single, helped = (
        Spread.of(getattr(ceiling, name) for ceiling in ceilings)
        for name in ("images_per_s", "cpu_ms", "single_ms", "helped_ms")
    )
    foreign = Spread.of(measurement.figures.foreign_cores for measurement in run.measurements)
    return (
        "The ceiling is the same model in process, without HTTP: Pillow with `draft`, a boxed resize, OpenVINO in "
        f"{run.facts['precision']}, the best of threads and processes. It is measured between any two systems, and a "
        "system's share is of the ceilings on both sides of it. "
        f"In this run: {rate.show()} images/s, mostly by {max(ways, key=ways.count)}; "
        f"{cpu.show(1)} ms of processor time a photo; {single.show(1)} ms for a photo while one worker works alone, "
        f"{helped.show(1)} where a second thread of the model helps it on the idle core. "
        f"Other programs and other guests of the machine took {foreign.show(2)} cores from the loads. "
        "All figures are medians over the rounds, with the smallest and the largest in brackets."
    )


def _describe_systems(run: Run) -> str:
    return (
        f"Every system has {run.facts['cores']} workers of one thread. Argus is `argus up` with its replicas fixed to "
        "that number, and as it is by default: a core with nothing else to do helps the one that works. The others are "
        "servers of our own writing (benchmarks/peers): with the ceiling's own steps and OpenVINO, or, as documented, "
        "with eager torch and torchvision's transforms."
    )


def _draw_markdown(run: Run, systems: Sequence[System], columns: Sequence[_Column]) -> str:
    lines = ["| | " + " | ".join(heading for heading, _ in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for system in systems:
        cells = [cell(run.of(system.name)) for _, cell in columns]
        lines.append(f"| {name_system(system)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _compare_argus(run: Run, systems: Sequence[System]) -> list[str]:
    found = [(system, compare(run, "argus", system.name)) for system in systems if system.name != "argus"]
    said = [f"{name_system(system)} {times.show(2)}" for system, times in found if times]
    return [f"Argus against each, at 16 connections in the same rounds, in times: {'; '.join(said)}."] if said else []


def _list_failures(run: Run) -> list[str]:
    said = [f"{failure.system} in round {failure.round}" for failure in run.failures]
    return [f"Not measured, because it failed: {', '.join(said)}."] if said else []


def _wrap(part: str, width: int = 120) -> str:
    if part.startswith(("|", "#", "!")):
        return part
    lines = [""]
    for word in part.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def replace_section(document: str, section: str) -> str:
    """The document with the section between its markers, which are added at the end where they are missing."""
    block = f"{BEGIN}\n\n{section}\n\n{END}"
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if pattern.search(document):
        return pattern.sub(lambda _match: block, document, count=1)
    return f"{document.rstrip()}\n\n{block}\n"


def publish(run: Run) -> list[Path]:
    """Write RESULTS.md's section and the chart; returns what was written, relative to the project."""
    from benchmarks.chart import draw_chart  # matplotlib takes a second to import

    RESULTS.write_text(replace_section(RESULTS.read_text("utf-8"), write_section(run)), "utf-8")
    draw_chart(run, CHART)
    return [RESULTS.relative_to(ROOT), CHART.relative_to(ROOT)]


def draw_table(run: Run) -> Table:
    """The figures that matter most, medians only, for the terminal."""
    columns: tuple[tuple[str, Callable[[Measurement], float | None], int], ...] = (
        ("img/s\n16", _loop(16, "images_per_s"), 0),
        ("share\n16", ratio, 2),
        ("CPU x\n16", cpu_ratio, 2),
        ("share\n64", lambda measurement: ratio(measurement, 64), 2),
        ("p99\n64", _loop(64, "p99_ms"), 0),
        ("p50\n1", _loop(1, "p50_ms"), 1),
        ("p99\nhalf", _open("p99_ms"), 0),
        ("other\ncores", lambda measurement: measurement.figures.foreign_cores, 2),
        ("start\ns", lambda measurement: measurement.figures.start_s, 1),
        ("\nMB", lambda measurement: measurement.figures.pss_mb, 0),
    )
    caption = "At 16, 64 and 1 connections and in an open loop at half the ceiling; p50, p99 in ms."
    table = Table(title=f"Medians of {_count(run)}", caption=caption, box=None, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for heading, _, _ in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for system in measured_systems(run):
        found = [(spread(run.of(system.name), figure), digits) for _, figure, digits in columns]
        cells = [f"{one.median:.{digits}f}" if one else "" for one, digits in found]
        table.add_row(system.name, *cells, style="bold" if system.name == "argus" else "")
    return table
