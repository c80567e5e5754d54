"""The open loop of a load test against a server that does not classify."""

import asyncio
import time

import pytest

from benchmarks.load.open_loop import drive_open_loop
from benchmarks.load.records import Records
from benchmarks.load.scenarios import Phase, Scenario
from tests.unit.benchmarks.photo_server import answer_ok, start_server

SHORT = Scenario("short", "", (Phase("low", 0.3, 0.2, 0.2), Phase("high", 0.3, 1.0, 1.0)))
FULL = b"HTTP/1.1 429 Full\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
RUDE = b"HTTP/1.1 429 Full\r\nContent-Length: 0\r\n\r\n"


async def test_the_open_loop_sends_the_shape() -> None:
    """Every request of the schedule, as many in each phase as it promises, and the begin is told first."""
    sent = Records().sent
    begins: list[float] = []
    async with start_server(answer_ok) as url:
        await drive_open_loop(url, [b"a"], SHORT, 100.0, began=begins.append, note=sent.append)
    assert len(begins) == 1
    assert begins[0] <= time.monotonic()
    assert sum(one.due < 0.3 for one in sent) == pytest.approx(6, abs=1)
    assert sum(one.due >= 0.3 for one in sent) == pytest.approx(30, abs=1)
    assert all(one.is_served for one in sent)


async def test_a_server_that_waits_does_not_hold_the_schedule_up() -> None:
    """Requests go on being sent while none is answered, and their latencies count from when they were due."""
    release = asyncio.Event()
    sent = Records().sent
    arrived = 0

    def count(body: bytes) -> bytes:
        nonlocal arrived
        arrived += 1
        return answer_ok(body)

    async with start_server(count, release=release) as url:
        driving = asyncio.create_task(
            drive_open_loop(url, [b"a"], SHORT, 50.0, began=lambda _at: None, note=sent.append)
        )
        while arrived < 17:
            await asyncio.sleep(0.01)
        assert not sent
        release.set()
        await driving
    assert len(sent) == pytest.approx(18, abs=1)
    assert max(one.seconds for one in sent) > 0.25


@pytest.mark.parametrize(("reply", "refused"), [(FULL, True), (RUDE, False), (b"", False)])
async def test_the_open_loop_tells_refusals_from_failures(reply: bytes, refused: bool) -> None:
    """By whether a 429 says when to come back."""
    sent = Records().sent
    async with start_server(lambda _body: reply) as url:
        await drive_open_loop(url, [b"a"], SHORT, 20.0, began=lambda _at: None, note=sent.append)
    assert sent
    assert all(one.is_refused is refused and one.is_failed is not refused for one in sent)
