"""The comparison of batchers measures what it says: latencies from when requests were due, and none left out."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.batching_cases import Case, Outcome, Side
from benchmarks.batching_loads import Load, draw_arrivals, run_closed_loop, run_open_loop
from benchmarks.batching_report import is_overrun, write_section


async def answer(_: int) -> None:
    await asyncio.sleep(0)


def test_arrivals_are_the_same_for_every_side_and_come_at_the_rate() -> None:
    """One seed gives one schedule, in order, within the load's time."""
    arrivals = draw_arrivals(1000.0, 5.0, seed=3)
    assert arrivals == draw_arrivals(1000.0, 5.0, seed=3)
    assert arrivals != draw_arrivals(1000.0, 5.0, seed=4)
    assert arrivals == sorted(arrivals)
    assert arrivals[-1] < 5.0
    assert len(arrivals) == pytest.approx(5000, rel=0.1)


async def test_every_request_of_an_open_loop_is_counted() -> None:
    """Answered requests have a latency each; none is unanswered."""
    load = await run_open_loop(answer, rate=2000.0, seconds=0.05, warm_up_s=0.0, seed=1)
    assert load.requests == len(draw_arrivals(2000.0, 0.05, seed=1))
    assert (len(load.latencies_s), load.unanswered) == (load.requests, 0)
    assert min(load.latencies_s) > 0


async def test_requests_without_an_answer_are_not_left_out() -> None:
    """They count with the time that they have waited, so an overrun side looks no better than it is."""

    async def never(_: int) -> None:
        await asyncio.Event().wait()

    load = await run_open_loop(never, rate=2000.0, seconds=0.05, warm_up_s=0.0, seed=1, grace_s=0.01)
    assert load.unanswered == load.requests == len(load.latencies_s)
    assert is_overrun([Outcome(load, 1.0, 0.0)])


async def test_an_error_ends_the_measurement() -> None:
    """A side that refuses is not measured as if it had answered."""

    async def refuse(_: int) -> None:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await run_open_loop(refuse, rate=2000.0, seconds=0.02, warm_up_s=0.0, seed=1)


async def test_a_closed_loop_asks_again_after_each_answer() -> None:
    """So many callers, never more requests under way than callers."""
    inside = most = 0

    async def watch(_: int) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1

    load = await run_closed_loop(watch, callers=4, seconds=0.02, warm_up_s=0.0)
    assert most == 4
    assert load.requests >= len(load.latencies_s) > 4


def test_a_percentile_is_of_the_ordered_latencies() -> None:
    """In milliseconds."""
    load = Load((0.4, 0.1, 0.3, 0.2), 0, 4, 1.0, 1.0)
    assert (load.percentile_ms(50), load.percentile_ms(99)) == (300.0, 400.0)


def test_the_section_is_replaced_in_place_and_nothing_else_is_touched(tmp_path: Path) -> None:
    """The first time it is appended; afterwards it stays where it is."""
    results = tmp_path / "RESULTS.md"
    results.write_text("# Results\n")
    write_section(results, "old\n")
    results.write_text(results.read_text() + "\n## Later\n")
    write_section(results, "new\n")
    text = results.read_text()
    assert text == "# Results\n\n<!-- batching -->\nnew\n<!-- /batching -->\n\n## Later\n"


def test_a_side_says_who_it_is() -> None:
    """Cases are keys: equal when they measure the same."""
    assert Side(0.01, 64).name == "@serve.batch, 10 ms"
    assert Side(None, 64).name == "Batcher"
    assert Case(Side(None, 64), "gpu", "open", 0.8) == Case(Side(None, 64), "gpu", "open", 0.8)
