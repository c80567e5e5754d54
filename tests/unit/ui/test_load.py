"""The bounded load that the live page sends."""

import asyncio
import time
from types import TracebackType
from typing import Self

import pytest

from argus_client import ArgusClientError, Classification, Internal, ModelRef, Overloaded, Timing
from reflex_frontend.load import MOST_CONNECTIONS, MOST_SECONDS, LoadSource, Plan

ANSWER = Classification(None, 1, 1, (), Timing(0, 0, 0, 0), ModelRef("m", "1"), None)


class FakeClient:
    """Counts what is under way at once, and answers or raises as told."""

    def __init__(self, *, delay_s: float = 0.001, error: ArgusClientError | None = None) -> None:
        self.delay_s = delay_s
        self.error = error
        self.sent: list[bytes] = []
        self.under_way = self.most_under_way = 0
        self.closed = False

    async def classify(self, image: bytes, *, filename: str | None = None, top_k: int = 5) -> Classification:
        self.sent.append(image)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.delay_s)
        finally:
            self.under_way -= 1
        if self.error is not None:
            raise self.error
        return ANSWER

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True


def source(client: FakeClient, *, absence_s: float = 0.02) -> LoadSource:
    return LoadSource(lambda: client, [b"cat", b"coffee", b"rocket"], absence_s=absence_s, look_s=0.005)


async def test_a_load_keeps_its_connections_busy_until_its_time_is_up() -> None:
    """Each sends one photo after the other, all the photos in turn, and the client is closed."""
    client = FakeClient()
    load = source(client)
    assert load.start(Plan(4, 0.2), lambda: True)
    assert load.progress.state == "sending"
    progress = await load.wait()
    assert progress.state == "over"
    assert client.most_under_way == 4
    assert progress.answered == len(client.sent) > 4
    assert set(client.sent) == {b"cat", b"coffee", b"rocket"}
    assert progress.took_s == 0.2
    assert client.closed


async def test_there_is_one_load_at_a_time() -> None:
    """The second is refused while the first is under way, and may begin after it."""
    load = source(FakeClient())
    assert load.start(Plan(1, 0.05), lambda: True)
    assert not load.start(Plan(1, 0.05), lambda: True)
    await load.wait()
    assert load.start(Plan(1, 0.05), lambda: True)
    assert (await load.wait()).state == "over"


@pytest.mark.parametrize("delay_s", [0.001, 30.0])
async def test_a_load_is_stopped_by_hand_at_once(delay_s: float) -> None:
    """Whether requests are quick or hang; nothing is left under way."""
    client = FakeClient(delay_s=delay_s)
    load = source(client)
    load.start(Plan(8, 60.0), lambda: True)
    while not client.sent:
        await asyncio.sleep(0.001)
    load.stop()
    progress = await load.wait()
    assert progress.state == "stopped"
    assert client.under_way == 0
    assert client.closed


async def test_a_load_that_is_stopped_before_its_first_request_is_stopped_too() -> None:
    """And another may begin."""
    load = source(FakeClient())
    load.start(Plan(1, 60.0), lambda: True)
    load.stop()
    assert (await load.wait()).state == "stopped"
    assert load.start(Plan(1, 0.01), lambda: True)
    await load.wait()


async def test_a_load_ends_when_nobody_watches_any_more() -> None:
    """But not for a moment's absence."""
    watched = True
    load = source(FakeClient(), absence_s=0.05)
    load.start(Plan(2, 60.0), lambda: watched)
    while not load.progress.answered:
        await asyncio.sleep(0.001)
    watched = False
    progress = await load.wait()
    assert progress.state == "stopped"
    assert progress.took_s < 60


async def test_a_refused_connection_pauses_for_as_long_as_it_was_told() -> None:
    """One attempt each, since the pause is longer than the load."""
    error = Overloaded(status=429, code="overloaded", title="", detail="", retry_after_s=60)
    client = FakeClient(error=error)
    load = source(client)
    load.start(Plan(3, 0.1), lambda: True)
    progress = await load.wait()
    assert (progress.state, progress.answered, progress.refused, progress.failed) == ("over", 0, 3, 0)
    assert len(client.sent) == 3


async def test_what_fails_is_counted_and_not_hammered() -> None:
    """A connection that failed pauses too."""
    client = FakeClient(error=Internal(status=500, code="internal", title="", detail=""))
    load = source(client)
    load.start(Plan(2, 0.1), lambda: True)
    assert (await load.wait()).failed == 2


async def test_the_end_is_told_as_a_time_of_the_wall_clock() -> None:
    """The page counts down to it."""
    load = source(FakeClient())
    before_ms = time.time() * 1000
    load.start(Plan(1, 30.0), lambda: True)
    assert before_ms + 29_999 <= load.progress.ends_at_ms <= time.time() * 1000 + 30_001
    load.stop()
    await load.wait()


@pytest.mark.parametrize(
    ("connections", "duration_s"), [(0, 1.0), (MOST_CONNECTIONS + 1, 1.0), (1, 0.0), (1, MOST_SECONDS + 1)]
)
def test_no_plan_goes_past_the_bounds(connections: int, duration_s: float) -> None:
    """Whoever asks."""
    with pytest.raises(ValueError, match="must be"):
        Plan(connections, duration_s)
