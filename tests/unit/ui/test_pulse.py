"""The pulse of the service that all live pages of a process share."""

import asyncio

import pytest

from argus_client import ArgusClientError, NotFound, NotReady, ServiceStatus, ServiceUnreachable
from reflex_frontend.pulse import KEPT_S, ServicePulse
from tests.unit.ui.statuses import make_status

OLD = NotFound(status=404, code="not_found", title="Not found", detail="")
STARTING = NotReady(status=503, code="not_ready", title="Not ready", detail="")


class FakeService:
    """Answers with its status or raises its error, and counts."""

    def __init__(self, error: ArgusClientError | None = None) -> None:
        self.error = error
        self.asked = 0

    async def status(self) -> ServiceStatus:
        self.asked += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return make_status()


class Clock:
    """Goes on by a fixed step whenever it is read for a beat."""

    def __init__(self, step_s: float) -> None:
        self.now_s = 0.0
        self._step_s = step_s

    def __call__(self) -> float:
        self.now_s += self._step_s
        return self.now_s


async def test_a_follower_gets_each_beat_once() -> None:
    """Numbers go up by one, and the beats grow with them."""
    pulse = ServicePulse(FakeService(), interval_s=0.001)
    async with pulse.following("a"):
        first = await pulse.next(0, timeout_s=5)
        second = await pulse.next(first.number, timeout_s=5)
    assert (first.number, second.number) == (1, 2)
    assert (first.state, len(second.beats)) == ("answering", 2)
    assert second.beats[-1].status == make_status()


async def test_any_number_of_followers_cost_one_question_and_none_is_asked_when_they_have_left() -> None:
    """The asking task ends by itself, and begins again with the next follower."""
    service = FakeService()
    pulse = ServicePulse(service, interval_s=0.005)
    async with pulse.following("a"), pulse.following("b"), pulse.following("b"):
        await pulse.next(0, timeout_s=5)
        assert service.asked == 1
        assert pulse.is_followed_by("b")
    assert not pulse.is_followed_by("b")
    asking = pulse._asking
    assert asking is not None
    await asking
    asked = service.asked
    async with pulse.following("c"):
        await pulse.next(pulse.pulse.number, timeout_s=5)
    assert service.asked == asked + 1


async def test_a_session_with_two_followers_is_there_until_the_second_has_left() -> None:
    """A reconnected page overlaps with itself."""
    pulse = ServicePulse(FakeService(), interval_s=0.001)
    async with pulse.following("a"):
        async with pulse.following("a"):
            pass
        assert pulse.is_followed_by("a")


@pytest.mark.parametrize(
    ("error", "state"),
    [(ServiceUnreachable("gone"), "unreachable"), (STARTING, "starting"), (OLD, "unsupported")],
)
async def test_a_question_without_an_answer_is_a_beat_without_a_status(error: ArgusClientError, state: str) -> None:
    """The past stays, and the next answer goes on from there."""
    service = FakeService()
    pulse = ServicePulse(service, interval_s=0.001)
    async with pulse.following("a"):
        seen = await pulse.next(0, timeout_s=5)
        service.error = error
        while seen.state == "answering":
            seen = await pulse.next(seen.number, timeout_s=5)
        assert seen.state == state
        assert seen.beats[0].status is not None
        assert seen.beats[-1].status is None
        service.error = None
        while seen.state != "answering":
            seen = await pulse.next(seen.number, timeout_s=5)
    assert seen.beats[-1].status is not None


async def test_two_minutes_are_kept_and_the_beat_before_them() -> None:
    """So that the line reaches the chart's left edge."""
    clock = Clock(step_s=5.0)
    pulse = ServicePulse(FakeService(), interval_s=0.0, clock=clock)
    async with pulse.following("a"):
        seen = await pulse.next(0, timeout_s=5)
        while seen.number < 60:
            seen = await pulse.next(seen.number, timeout_s=5)
    ages_s = [seen.beats[-1].at_s - beat.at_s for beat in seen.beats]
    assert ages_s[0] > KEPT_S
    assert all(age_s <= KEPT_S for age_s in ages_s[1:])


async def test_waiting_for_a_beat_ends_with_its_time() -> None:
    """A follower looks up now and then even when nothing comes."""
    pulse = ServicePulse(FakeService(), interval_s=0.001)
    assert (await pulse.next(0, timeout_s=0.01)).number == 0
