"""Figures of the UI -> the section of RESULTS.md and a summary for the terminal. Knows not how they were measured."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.table import Table

from benchmarks.spreads import Spread
from benchmarks.ui_figures import CLICK_EVERY_MS, FEW, Drop, FirstLoad, Measured, Round, Visited, percentile

MOST_LOAD_KB = 370.0
MOST_PAINT_MS = 500.0
MOST_ADDED_MS = 150.0
MOST_CLICK_MS = 200.0
_FLAT = 1.05
# How many of its files are named when a page is too large.
_NAMED_FILES = 8

_METHOD = """\
`make bench-ui IMAGES=<folder>`: `argus up` with the shipped configuration, {browser}, and the load's own
Python, all on the same cores. Medians (smallest to largest) over the repetitions.
"""
_DROPS = """\
One photo at a time on an idle service: from a drop event with a real file until its label stands in the page, on the
page's clock, in turn with the same photo by `argus_client` from Python. {count} photos.
"""
_ROUNDS = """\
{count} photos in one drop event, round after round on the same page, which shows {few} already. Meanwhile a card is
clicked every {every} ms, whether or not the click before has had its effect; a click's time runs from when it was due,
through the server, to the frame that shows the card's photo large. A long task keeps the page's thread for more than
50 ms. Memory: PSS of the UI's server, before and after.
"""
_SESSIONS = """\
{sessions} sessions open at once and stay open; then each classifies {each} photos one after the other, all sessions at
the same time. They say over their WebSockets what a real page said in this run when one photo was dropped on it, with
ids, photos and answers of their own. Every step waits behind the others' photos: the machine's cores run the model, the
UI and the load.
"""
_LOAD_HEAD = ["page", "first contentful paint ms", "kB", "requests", "console errors"]
_DROP_HEAD = [
    "drop to label, p50 ms",
    "p95 ms",
    "of it until the browser has the answer, p50 ms",
    "`argus_client`, p50 ms",
    "p95 ms",
    "more than the client, ms",
]
_ROUND_HEAD = [
    "round",
    "answered",
    "s",
    "photos/s",
    "click p50 ms",
    "p95 ms",
    "slowest ms",
    "clicks",
    "long tasks",
    "longest ms",
    "memory MB",
]
_STEP_HEAD = ["", "p50 ms", "p95 ms", "slowest ms"]


def make_section(measured: Measured) -> str:
    """The section's Markdown."""
    today = datetime.now(UTC).date().isoformat()
    rounds, visited = measured.rounds, measured.visited
    parts = [
        f"## The UI ({today})\n",
        _METHOD.format(browser=measured.browser),
        "First load, in a browser context that has seen nothing:\n",
        _tabulate(_LOAD_HEAD, _list_loads(measured.loads)),
        *_name_files(measured.loads),
        _DROPS.format(count=len(measured.drops)),
        _tabulate(_DROP_HEAD, [_describe_drops(measured.drops)]),
        _ROUNDS.format(count=rounds[0].photos, few=FEW, every=CLICK_EVERY_MS),
        _tabulate(_ROUND_HEAD, _list_rounds(rounds)),
        _SESSIONS.format(sessions=visited.sessions, each=visited.each),
        _tabulate(_STEP_HEAD, _list_steps(visited)),
        _describe_visited(visited),
    ]
    return "\n".join(parts)


def draw_summary(measured: Measured) -> Table:
    """What was asked for against what was seen."""
    table = Table(title="The UI", box=None, padding=(0, 1, 0, 0))
    table.add_column("")
    table.add_column("wanted", justify="right", no_wrap=True)
    table.add_column("seen", justify="right", no_wrap=True)
    table.add_column("")
    for what, wanted, seen, holds in judge(measured):
        table.add_row(what, wanted, seen, "[green]yes[/]" if holds else "[red]no[/]")
    return table


def list_faults(measured: Measured) -> list[str]:
    """What must not happen whatever the machine does: complaints, photos without an answer, lost sessions."""
    faults = [f"{load.path}: {complaint}" for load in measured.loads for complaint in load.complaints]
    for number, one in enumerate(measured.rounds, 1):
        if one.answered < one.photos:
            faults.append(f"Round {number}: {one.photos - one.answered} of {one.photos} photos have no answer")
        if one.unhandled:
            faults.append(f"Round {number}: {one.unhandled} clicks had no effect")
    return [*faults, *measured.visited.errors]


def count_added_ms(drops: Sequence[Drop]) -> float:
    """What the page's p50 is more than the client's."""
    return percentile([drop.shown_ms for drop in drops], 50) - percentile([drop.direct_ms for drop in drops], 50)


def judge(measured: Measured) -> list[tuple[str, str, str, bool]]:
    """What was asked for, how much of it was wanted and seen, and whether that is enough."""
    kilobytes = max(load.transferred_bytes for load in measured.loads) / 1e3
    paint = max(spread.median for spread in _spread_paints(measured.loads).values())
    clicks = percentile([ms for one in measured.rounds for ms in one.clicks_ms], 95)
    memory = [measured.rounds[0].before_mb, *(one.after_mb for one in measured.rounds)]
    # The first round brings what a working server holds; what matters is whether a further one adds to it.
    is_flat = max(memory[1:]) <= memory[1] * _FLAT
    faults = list_faults(measured)

    def below(what: str, most: float, seen: float, unit: str) -> tuple[str, str, str, bool]:
        return what, f"< {most:.0f} {unit}", f"{seen:.0f} {unit}", seen < most

    return [
        below("first load, largest page", MOST_LOAD_KB, kilobytes, "kB"),
        below("first contentful paint, slowest page", MOST_PAINT_MS, paint, "ms"),
        below("drop to label, more than the client", MOST_ADDED_MS, count_added_ms(measured.drops), "ms"),
        below("a click while many are answered, p95", MOST_CLICK_MS, clicks, "ms"),
        ("memory before and after the rounds, MB", "flat", " ".join(f"{mb:.0f}" for mb in memory), is_flat),
        ("errors", "0", str(len(faults)), not faults),
    ]


def _list_loads(loads: Sequence[FirstLoad]) -> Iterable[list[str]]:
    for path, paint in _spread_paints(loads).items():
        same = [load for load in loads if load.path == path]
        sizes = Spread.of(load.transferred_bytes / 1e3 for load in same)
        requests = Spread.of(load.requests for load in same)
        complaints = sum(len(load.complaints) for load in same)
        yield [f"`{path}`", paint.show(), sizes.show(), requests.show(), str(complaints)]


def _spread_paints(loads: Sequence[FirstLoad]) -> dict[str, Spread]:
    paths = dict.fromkeys(load.path for load in loads)
    return {path: Spread.of(load.paint_ms for load in loads if load.path == path) for path in paths}


def _name_files(loads: Sequence[FirstLoad]) -> list[str]:
    largest = max(loads, key=lambda load: load.transferred_bytes)
    if largest.transferred_bytes / 1e3 < MOST_LOAD_KB:
        return []
    files = sorted(largest.files.items(), key=lambda item: item[1], reverse=True)[:_NAMED_FILES]
    named = ", ".join(f"{path} {size / 1e3:.1f} kB" for path, size in files)
    return [f"The largest files of `{largest.path}`: {named}.\n"]


def _describe_drops(drops: Sequence[Drop]) -> list[str]:
    shown, answered, direct = zip(*((drop.shown_ms, drop.answered_ms, drop.direct_ms) for drop in drops), strict=True)
    figures = [(shown, 50), (shown, 95), (answered, 50), (direct, 50), (direct, 95)]
    return [*(f"{percentile(values, percent):.1f}" for values, percent in figures), f"{count_added_ms(drops):.1f}"]


def _list_rounds(rounds: Sequence[Round]) -> Iterable[list[str]]:
    for number, one in enumerate(rounds, 1):
        counted = str(len(one.clicks_ms)) + (f", {one.unhandled} without effect" if one.unhandled else "")
        answered = [f"{one.answered} of {one.photos}", f"{one.seconds:.2f}", f"{one.answered / one.seconds:.0f}"]
        tasks = [str(len(one.long_tasks_ms)), f"{max(one.long_tasks_ms, default=0):.0f}"]
        memory = f"{one.before_mb:.0f}, {one.after_mb:.0f}"
        yield [str(number), *answered, *_show_percentiles(one.clicks_ms), counted, *tasks, memory]
    clicks = [ms for one in rounds for ms in one.clicks_ms]
    yield ["all", "", "", "", *_show_percentiles(clicks), str(len(clicks)), "", "", ""]


def _list_steps(visited: Visited) -> Iterable[list[str]]:
    steps = (
        ("connection to the page's state", visited.hydrated_ms),
        ("photo to its answer (`POST /photos`)", visited.posted_ms),
        ("report of the answer to the page's change", visited.shown_ms),
        ("drop to the page's change", visited.dropped_ms),
    )
    for name, values in steps:
        yield [name, *_show_percentiles(values)]


def _describe_visited(visited: Visited) -> str:
    rate = visited.photos / visited.seconds if visited.seconds else math.nan
    return (
        f"{visited.photos} photos in {visited.seconds:.1f} s ({rate:.0f} photos/s), {len(visited.errors)} errors, "
        f"{visited.waits} told to wait.\nMemory of the UI's server: {visited.before_mb:.0f} MB before, "
        f"{visited.hydrated_mb:.0f} MB with all sessions open, {visited.after_mb:.0f} MB at the end: "
        f"{visited.session_mb:.2f} MB a session.\n"
    )


def _show_percentiles(values: Sequence[float]) -> list[str]:
    return [f"{percentile(values, percent):.0f}" for percent in (50, 95, 100)]


def _tabulate(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
