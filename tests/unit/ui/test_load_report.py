"""What the live page says of a load."""

from reflex_frontend.figures import NO_BREAK
from reflex_frontend.load import Plan, Progress
from reflex_frontend.load_report import LoadReport, report

PLAN = Plan(16, 30.0)


def test_no_load_is_nothing_to_report() -> None:
    """The strip shows its invitation."""
    assert report(Progress(), now_ms=0) == LoadReport()


def test_a_load_under_way_says_how_far_it_is() -> None:
    """A third of its time, and what came of it so far."""
    shown = report(Progress("sending", PLAN, ends_at_ms=50_000, answered=1204, refused=3), now_ms=30_000)
    assert shown.title == "Sending over 16 connections"
    assert shown.counts == "1,204 answered, 3 refused, 0 failed"
    assert (shown.ends_at_ms, shown.done) == (50_000, "33.3%")


def test_a_load_at_its_end_says_what_came_of_it() -> None:
    """The rate is over the time that it took."""
    shown = report(Progress("over", PLAN, took_s=30.0, answered=3000, failed=1), now_ms=0)
    assert shown.title == f"Sent for 30{NO_BREAK}s over 16 connections"
    assert shown.counts == "3,000 answered, 0 refused, 1 failed: 100 answers a second"


def test_a_load_that_was_stopped_says_so() -> None:
    """With the time that it had."""
    shown = report(Progress("stopped", PLAN, took_s=4.4, answered=44), now_ms=0)
    assert shown.title == f"Stopped after 4{NO_BREAK}s over 16 connections"
