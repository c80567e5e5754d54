"""The load generator: its schedule, what it counts, and what it does when a server misbehaves."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from benchmarks.generator import Load, plan_open_loop, run_closed_loop, run_open_loop
from tests.unit.benchmarks.photo_server import CUT_OFF, answer_ok, start_server


def test_an_open_loop_is_due_at_even_distances() -> None:
    """The schedule depends on the rate alone, not on answers."""
    assert plan_open_loop(rate=4.0, seconds=1.0) == [0.0, 0.25, 0.5, 0.75]
    assert len(plan_open_loop(rate=10.0, seconds=2.5)) == 25


def test_percentiles_and_errors_come_from_the_right_requests() -> None:
    """Latencies are of good answers; everything else is an error."""
    load = Load(2.0, (0.001, 0.002, 0.003, 0.1), {200: 4, 503: 2, 0: 1})
    assert load.images_per_s == 2.0
    assert load.percentile_ms(50) == pytest.approx(3.0)
    assert load.percentile_ms(99) == pytest.approx(100.0)
    assert load.errors == 3


async def test_a_closed_loop_counts_every_answer_for_the_processor_time() -> None:
    """Answers of the warm-up and of the tail are work too, though no latency is taken of them."""
    served = 0

    def count(_body: bytes) -> bytes:
        nonlocal served
        served += 1
        return answer_ok(_body)

    async with start_server(count) as url:
        load = await run_closed_loop(url, [b"a", b"bc"], connections=3, seconds=0.3, warm_up_s=0.05)
    assert load.answered == served
    assert 0 < len(load.latencies_s) <= load.answered
    assert load.errors == 0


@pytest.mark.parametrize("status", [429, 503])
async def test_refusals_are_errors_and_no_throughput(status: int) -> None:
    """A server that says no quickly does not look fast."""
    async with start_server(lambda _body: b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status) as url:
        load = await run_closed_loop(url, [b"a"], connections=1, seconds=0.05, warm_up_s=0.0)
    assert load.images_per_s == 0
    assert load.errors == load.statuses[status] > 0


async def test_broken_connections_are_counted_and_made_anew() -> None:
    """The load goes on after the server hung up in the middle of answers."""
    turns = iter(range(10**9))

    def break_every_other(body: bytes) -> bytes:
        return CUT_OFF if next(turns) % 2 else answer_ok(body)

    async with start_server(break_every_other) as url:
        load = await run_closed_loop(url, [b"a"], connections=1, seconds=0.3, warm_up_s=0.0)
    assert load.statuses[0] > 0
    assert load.statuses[200] > 1
    assert load.reconnects == 0


async def test_a_request_on_a_connection_that_was_closed_while_idle_is_sent_once_more() -> None:
    """What every HTTP client does by itself is no failure, but it is counted."""
    turns = iter(range(10**9))

    def hang_up_every_other_time(body: bytes) -> bytes:
        return b"" if next(turns) % 2 else answer_ok(body)

    async with start_server(hang_up_every_other_time) as url:
        load = await run_closed_loop(url, [b"a"], connections=1, seconds=0.3, warm_up_s=0.0)
    assert set(load.statuses) == {200}
    assert load.reconnects > 0


async def test_a_new_connection_that_is_closed_without_an_answer_is_a_failure() -> None:
    """It is not tried again: nothing says that the server closed it before it saw the request."""
    async with start_server(lambda _body: b"") as url:
        load = await run_closed_loop(url, [b"a"], connections=1, seconds=0.1, warm_up_s=0.0)
    assert set(load.statuses) == {0}
    assert load.reconnects == 0


async def test_a_connection_that_the_server_says_it_closes_is_not_used_again() -> None:
    """HAProxy announces so, when it reloads, that the next request needs a new connection."""
    closing = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    async with start_server(lambda _body: closing, answers_a_connection=1) as url:
        load = await run_closed_loop(url, [b"a"], connections=2, seconds=0.1, warm_up_s=0.0)
    assert set(load.statuses) == {200}
    assert load.reconnects == 0


@pytest.mark.parametrize(
    "run",
    [
        lambda url: run_closed_loop(url, [b"a"], connections=2, seconds=0.05, warm_up_s=0.0, timeout_s=0.05),
        lambda url: run_open_loop(url, [b"a"], rate=40.0, seconds=0.05, warm_up_s=0.0, timeout_s=0.05),
    ],
)
async def test_a_server_that_never_answers_ends_the_load_with_errors(run: Callable[[str], Awaitable[Load]]) -> None:
    """Both loops stop by themselves, with one lost request a connection or a turn."""

    async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(be_silent, "127.0.0.1", 0)
    async with server:
        load = await run(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert load.statuses == {0: 2}
    assert load.answered == 0


async def test_an_answer_without_a_length_is_refused_loudly() -> None:
    """The generator would otherwise take the rest of it for the next answer."""
    async with start_server(lambda _body: b"HTTP/1.1 200 OK\r\n\r\n{}") as url:
        with pytest.raises(ValueError, match="Content-Length"):
            await run_closed_loop(url, [b"a"], connections=1, seconds=0.05, warm_up_s=0.0)


async def test_an_open_loop_sends_its_whole_schedule() -> None:
    """Requests are neither skipped nor doubled; those of the warm-up are answered and not counted."""
    async with start_server(answer_ok) as url:
        load = await run_open_loop(url, [b"a"], rate=100.0, seconds=0.1, warm_up_s=0.05)
    assert load.answered == 15
    assert load.statuses == {200: 10}
