"""Findings -> the report: one HTML file with everything in it, for a browser without a network."""

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.load.findings import Findings
from benchmarks.load.memory import Growth
from benchmarks.load.records import Sent
from benchmarks.load.series import Stretch

_MOST_KINDS = 12
_STYLE = Path(__file__).with_name("report.css")
_DRIVERS = {
    "open": "on a schedule, whether or not earlier requests were answered; latencies count from when each was due",
    "locust": "by Locust's users, who send a photo a second and wait for the answer; latencies count from the sending",
}
_SCALING_NOTE = (
    '<p class="muted">The service is asked once a second and looks at itself once a second: every time here is up to'
    " two seconds too long.</p>"
)


def draw_page(findings: Findings, picture: bytes) -> str:
    """The whole page. picture: PNG."""
    name = findings.scenario.name
    settings = findings.settings
    image = base64.b64encode(picture).decode("ascii")
    parts = [
        f"<h1>Load test: {escape(name)}</h1>",
        f"<p>{escape(findings.scenario.question)}</p>",
        f'<p class="muted">{escape(settings["date"].replace("T", " "))}, commit {escape(settings["commit"])}.</p>',
        f'<p class="muted">Sent {_DRIVERS[settings["driver"]]}.</p>',
        _draw_early_end(settings),
        _draw_lateness(findings),
        _draw_verdicts(findings),
        _draw_steadiness(findings),
        _draw_tiles(findings),
        f'<img alt="{escape(_describe_picture(findings))}" src="data:image/png;base64,{image}">',
        _section("Phases", _draw_phases(findings)),
        _section("Failed requests", _draw_failures(findings.failures)) if findings.failures else "",
        _section("Scaling", _draw_facts(_scaling_facts(findings)) + _SCALING_NOTE),
        _section("Memory of the service's processes", _draw_memory(findings.growths)) if findings.growths else "",
        _section("The load", _draw_facts(_load_facts(findings))),
        _section("The service", _draw_facts(settings["configuration"])) if settings.get("configuration") else "",
        _section("The machine", _draw_facts(_machine_facts(settings))),
    ]
    style = _STYLE.read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Load test: {escape(name)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{content}"


def _draw_early_end(settings: Mapping[str, Any]) -> str:
    if settings["ended"] == "as planned":
        return ""
    return f'<p class="early">Not the whole scenario: {escape(settings["ended"])} after {settings["ran_s"]:.0f} s.</p>'


def _draw_lateness(findings: Findings) -> str:
    if not findings.generator_was_late:
        return ""
    return (
        f'<p class="early">The generator was late itself: one request in a hundred by {show_ms(findings.late_p99_ms)}'
        " or more. The machine was too busy for it, and the times below include that.</p>"
    )


def _draw_steadiness(findings: Findings) -> str:
    return f'<p class="steadiness">{escape(str(findings.steadiness))}</p>' if findings.steadiness else ""


def _draw_verdicts(findings: Findings) -> str:
    rows = []
    for one in findings.verdicts:
        mark = "holds" if one.holds else "missed"
        cells = f'<span class="mark">{mark}</span><span>{escape(one.claim)}</span>'
        rows.append(f'<li class="{mark}">{cells}<span class="found">{escape(one.found)}</span></li>\n')
    return f'<ul class="verdicts">\n{"".join(rows)}</ul>'


def _draw_tiles(findings: Findings) -> str:
    whole = findings.whole
    tiles = (
        ("requests", f"{whole.offered:,}"),
        ("served", f"{whole.served:,}"),
        ("refused, 429", f"{whole.refused:,}"),
        ("failed", f"{whole.failed:,}"),
        ("reconnects", f"{whole.reconnects:,}"),
        ("p50", show_ms(whole.p50_ms)),
        ("p99", show_ms(whole.p99_ms)),
    )
    drawn = (f'<div class="tile"><b>{value}</b><span>{name}</span></div>' for name, value in tiles)
    return f'<div class="tiles">{"".join(drawn)}</div>'


def _draw_phases(findings: Findings) -> str:
    def row(name: str, stretch: Stretch) -> list[str]:
        return [
            name, f"{stretch.seconds:.0f}", f"{stretch.offered_per_s:.1f}", f"{stretch.served_per_s:.1f}",
            f"{stretch.refused:,}", f"{stretch.failed:,}", f"{stretch.reconnects:,}",
            show_ms(stretch.p50_ms), show_ms(stretch.p95_ms), show_ms(stretch.p99_ms),
        ]  # fmt: skip

    head = ("phase", "seconds", "offered/s", "served/s", "refused", "failed", "reconnects", "p50", "p95", "p99")
    rows = [row(name, stretch) for name, stretch in findings.stretches.items()]
    if len(rows) > 1:
        rows.append(row("all", findings.whole))
    note = (
        '<p class="muted">By when a request was due. Refused: 429 that says when to come back. Failed: no answer, an'
        " error, or a 429 that does not. Reconnects: sent once more on a new connection, because the server had closed"
        " an idle one before any answer, as HTTP clients do.</p>"
    )
    return _draw_table(head, rows) + note


def _draw_failures(failures: Sequence[Sent]) -> str:
    """What they were told, most frequent first, and when that happened."""
    kinds: dict[tuple[int, str], list[Sent]] = {}
    for one in failures:
        kinds.setdefault((one.status, one.said), []).append(one)
    rows = [
        [f"{status or 'none'}", f"{len(ones):,}", f"{ones[0].due:.1f} s", f"{ones[-1].due:.1f} s", said]
        for (status, said), ones in sorted(kinds.items(), key=lambda kind: -len(kind[1]))[:_MOST_KINDS]
    ]
    return f'<div class="words">{_draw_table(("status", "how many", "first", "last", "said"), rows)}</div>'


def _draw_memory(growths: Sequence[Growth]) -> str:
    head = ("process", "pid", "first MB", "last MB", "most MB", "MB an hour", "± (95 %)", "more than chance")
    rows = []
    for one in growths:
        known = not math.isnan(one.slope_mb_per_h)
        slope = (f"{one.slope_mb_per_h:+.2f}", f"{one.error_mb_per_h:.2f}") if known else ("", "")
        said = ("yes" if one.is_significant else "no") if known else "too short to say"
        sizes = (f"{size:.1f}" for size in (one.first_mb, one.last_mb, one.most_mb))
        rows.append([one.name, str(one.pid), *sizes, *slope, said])
    note = (
        '<p class="muted">PSS: memory that processes share is counted once. The slope is of the readings after the'
        " first fifth of the run; its interval allows for readings that resemble each other.</p>"
    )
    return _draw_table(head, rows) + note


def _draw_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    heads = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>\n'


def _draw_facts(facts: Mapping[str, Any]) -> str:
    rows = (f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>\n" for name, value in facts.items())
    return f'<dl class="facts">\n{"".join(rows)}</dl>'


def _scaling_facts(findings: Findings) -> dict[str, str]:
    scaling = findings.scaling
    facts = {
        "replicas seen running": f"{scaling.least} to {scaling.most}",
        "turns of the target": f"{scaling.reversals}",
    }
    if findings.scenario.step:
        facts |= {
            "first extra replica, after the step": show_s(scaling.first_extra_s),
            "all that were seen, after the step": show_s(scaling.all_s),
            "as few as before, after the step's end": show_s(scaling.back_s),
        }
    return facts


def _load_facts(findings: Findings) -> dict[str, str]:
    settings = findings.settings
    single = settings.get("single_capacity")
    how = "given" if settings["capacity_is_given"] else f"measured with {settings['capacity_replicas']} replicas"
    if (pieces := settings.get("capacity_pieces", 1)) > 1:
        how += f", the least of {pieces} times"
    return {
        "full load": f"{settings['capacity']:.0f} requests a second, {how}",
        "one replica alone": f"{single:.0f} requests a second" if single else "not measured",
        **{
            f"phase: {phase.name}": f"{phase.seconds:.0f} s, " + _describe_shares(phase.begin, phase.end)
            for phase in findings.scenario.phases
        },
        "one client alone, p50": show_ms(settings["unloaded_p50_ms"]),
        "one client alone, p99": show_ms(settings["unloaded_p99_ms"]),
        "sent late by the generator, p99": show_ms(findings.late_p99_ms),
        "at rest before the load": "yes" if settings["rested"] else "no, not within three minutes",
        "photos": f"{settings['photos']}, {settings['photo_kb']} kB on average",
        "service": "started for this test" if settings["started_here"] else "ran before",
    }  # fmt: skip


def _describe_shares(begin: float, end: float) -> str:
    return f"{begin:.0%} of full load" if begin == end else f"{begin:.0%} to {end:.0%} of full load"


def _machine_facts(settings: Mapping[str, Any]) -> dict[str, str]:
    return {
        "processor": settings["cpu"],
        "cores": settings["cores"],
        "memory": f"{settings['memory_gb']} GB",
        "Python": settings["python"],
        **settings["versions"],
    }


def _describe_picture(findings: Findings) -> str:
    return (
        f"Requests a second, replicas, time to answer and queue over {findings.scenario.seconds:.0f} s"
        f" of the scenario {findings.scenario.name}"
    )


def show_ms(value: float) -> str:
    """A latency as a person reads it."""
    if math.isnan(value):
        return "-"
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1e3:.2f} s"


def show_s(value: float | None) -> str:
    """A time of scaling as a person reads it."""
    return "not seen" if value is None else f"{value:.2f} s"
