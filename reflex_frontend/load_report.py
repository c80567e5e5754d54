"""From the progress of a load to what the live page says of it; knows no Reflex."""

from dataclasses import dataclass

from reflex_frontend import figures
from reflex_frontend.load import Progress
from reflex_frontend.texts import live as texts


@dataclass(frozen=True)
class LoadReport:
    """A load as shown; state: as the progress's; ends_at_ms: Unix time; done: of its time, as CSS percentage."""

    state: str = "none"
    title: str = ""
    counts: str = ""
    ends_at_ms: int = 0
    done: str = "0%"


def report(progress: Progress, now_ms: int) -> LoadReport:
    """What to show for this progress; now_ms: Unix time."""
    if progress.state == "none":
        return LoadReport()
    plan = progress.plan
    counts = texts.LOAD_COUNTS.format(
        answered=figures.count(progress.answered),
        refused=figures.count(progress.refused),
        failed=figures.count(progress.failed),
    )
    if progress.state == "sending":
        title = texts.LOAD_SENDING.format(connections=plan.connections)
        left = max(0.0, (progress.ends_at_ms - now_ms) / 1000 / plan.duration_s)
        return LoadReport("sending", title, counts, progress.ends_at_ms, f"{100 * (1 - left):.1f}%")
    words = texts.LOAD_OVER if progress.state == "over" else texts.LOAD_STOPPED
    seconds = f"{max(1.0, progress.took_s):.0f}{figures.NO_BREAK}s"
    rate = texts.LOAD_RATE.format(rate=figures.rate(progress.answered / max(progress.took_s, 1.0)))
    title = words.format(seconds=seconds, connections=plan.connections)
    return LoadReport(progress.state, title, f"{counts}: {rate}")
