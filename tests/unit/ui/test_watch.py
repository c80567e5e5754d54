"""The eye on the service's health that all sessions of a process share."""

import asyncio

from argus_client import Model, Readiness, ServiceUnreachable
from reflex_frontend.watch import Health, ServiceWatch

MODEL = Model("m", "1", True, 1000, {}, {}, "openvino", "bf16", None, "ready")


class FakeService:
    """Says what it is told to say, and counts."""

    def __init__(self, state: str = "ready") -> None:
        self.state = state
        self.asked = 0

    async def ready(self) -> Readiness:
        self.asked += 1
        await asyncio.sleep(0)
        if self.state == "broken":
            raise ServiceUnreachable("gone")
        return Readiness(self.state, "")  # type: ignore[arg-type]  # any of the three, by the test

    async def models(self) -> list[Model]:
        return [MODEL]


async def test_a_follower_hears_of_a_change_and_of_the_models() -> None:
    """Unknown, then what the first probe finds."""
    watch = ServiceWatch(FakeService(), interval_s=0.001)
    async with watch.following():
        health = await watch.next(Health(), timeout_s=5)
    assert (health.state, health.models) == ("ready", (MODEL,))


async def test_the_time_of_a_state_is_that_of_its_beginning() -> None:
    """The seconds on the page count from the first probe that saw it."""
    service = FakeService("starting")
    watch = ServiceWatch(service, interval_s=0.001)
    async with watch.following():
        first = await watch.next(Health(), timeout_s=5)
        while service.asked < 5:
            await asyncio.sleep(0.001)
        assert watch.health.since_ms == first.since_ms
        service.state = "ready"
        assert (await watch.next(first, timeout_s=5)).state == "ready"


async def test_any_number_of_followers_cost_one_probe() -> None:
    """And none is sent when the last one has left."""
    service = FakeService()
    watch = ServiceWatch(service, interval_s=0.005)
    async with watch.following(), watch.following(), watch.following():
        await watch.next(Health(), timeout_s=5)
        assert service.asked == 1
    probing = watch._probing
    assert probing is not None
    await probing
    assert watch._probing is probing


async def test_a_client_that_fails_is_a_service_that_is_not_there() -> None:
    """Nothing escapes into the sessions."""
    watch = ServiceWatch(FakeService("broken"), interval_s=0.001)
    async with watch.following():
        assert (await watch.next(Health(), timeout_s=5)).state == "unreachable"


async def test_waiting_for_readiness_trusts_only_a_probe_of_its_own_time() -> None:
    """The last known state may be the one before the failure that made somebody wait."""
    service = FakeService()
    watch = ServiceWatch(service, interval_s=0.001)
    async with watch.following():
        await watch.next(Health(), timeout_s=5)
        service.state = "unreachable"
        assert not await watch.until_ready(timeout_s=0.05)
        service.state = "ready"
        assert await watch.until_ready(timeout_s=5)
