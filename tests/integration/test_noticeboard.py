"""How replicas share their figures, with the real board behind handles that fail as they are told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from ray.exceptions import RayActorError
from ray.serve.schema import ReplicaState

from serve_app.noticeboard import BoardHandle, Noticeboard, Place, SharedStatus, read_scales
from serve_app.status import DeploymentScale
from tests.fakes import ManualClock

DETAILS: dict[str, Any] = {
    "applications": {
        "argus": {
            "deployments": {
                "ImageClassifier": {
                    "target_num_replicas": 3,
                    "deployment_config": {"autoscaling_config": {"min_replicas": 1, "max_replicas": 4}},
                    "replicas": [
                        {"state": ReplicaState.RUNNING},
                        {"state": ReplicaState.STARTING},
                        {"state": ReplicaState.RECOVERING},
                        {"state": ReplicaState.STOPPING},
                        {"state": ReplicaState.PENDING_MIGRATION},
                    ],
                },
                "Fixed": {
                    "target_num_replicas": 2,
                    "deployment_config": {"num_replicas": 2},
                    "replicas": [{"state": "RUNNING"}, {"state": "RUNNING"}],
                },
            }
        }
    }
}
SCALES = (DeploymentScale("ImageClassifier", 2, 2, 1, 3, 1, 4), DeploymentScale("Fixed", 2, 0, 0, 2, 2, 2))


class FakeMethod:
    """A method of an actor's handle: called in this process, or failing like a dead actor's."""

    def __init__(self, world: "FakeWorld", name: str) -> None:
        self._world = world
        self._name = name

    def remote(self, *arguments: object) -> "asyncio.Future[Any]":
        self._world.calls.append(self._name)
        if self._name == "leave_when_abandoned":
            future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            future.set_result(None)
            return future
        return asyncio.ensure_future(self._answer(*arguments))

    async def _answer(self, *arguments: object) -> Any:
        await self._world.open.wait()
        if self._world.dead:
            raise RayActorError
        return await getattr(self._world.board, self._name)(*arguments)


class FakeWorld:
    """One board that several replicas reach, and a controller. `open` holds every call while it is cleared."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.board = Noticeboard(self.clock)
        self.open = asyncio.Event()
        self.open.set()
        self.controller_open = asyncio.Event()
        self.controller_open.set()
        self.dead = False
        self.calls: list[str] = []
        self.connected = 0
        self.asked = 0
        self.details: Mapping[str, Any] | Exception = DETAILS

    def connect(self, application: str) -> BoardHandle:
        assert application == "argus"
        self.connected += 1
        handle = cast("Any", type("Handle", (), {}))()
        for name in ("post", "exchange", "post_scales", "start_worker", "leave_when_abandoned"):
            setattr(handle, name, FakeMethod(self, name))
        return cast("BoardHandle", handle)

    async def ask_controller(self) -> Mapping[str, Any]:
        self.asked += 1
        await self.controller_open.wait()
        if isinstance(self.details, Exception):
            raise self.details
        return self.details

    def make(self, replica: str) -> SharedStatus:
        return SharedStatus(
            Place("argus", "ImageClassifier", replica),
            lambda: 1,
            connect=self.connect,
            ask_controller=self.ask_controller,
            clock=self.clock,
        )

    @asynccontextmanager
    async def replicas(self, *names: str) -> AsyncIterator[list[SharedStatus]]:
        made = [self.make(name) for name in names]
        yield made
        for one in made:
            one.close()


def count(status: SharedStatus, requests: int) -> None:
    for _ in range(requests):
        status.tally.finish(status.tally._clock(), status=200, images=1, seconds=0.01)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():
        await asyncio.sleep(0.01)


async def test_every_replica_answers_for_all() -> None:
    """What one counted another tells, with the controller's word on how many there are."""
    world = FakeWorld()
    async with world.replicas("a", "b") as (first, second):
        count(first, 30)
        count(second, 12)
        await first.read()
        status = await second.read()
    assert status.figures.totals.answered == 42
    assert status.figures.heard == {"ImageClassifier": 2}
    assert (status.deployments, status.scale, status.complete) == (SCALES, SCALES[0], True)


async def test_every_replica_shows_what_all_have_metered() -> None:
    """Samples of all replicas, and those of the models that run in them, travel with the notes."""
    world = FakeWorld()
    async with world.replicas("a", "b") as (first, second):
        first.meters.count_problem(429, "overloaded")
        second.meters.count_problem(429, "overloaded")
        await first.read()
        status = await second.read()
    assert status.figures.samples == {("problems", "429", "overloaded"): (2,)}


async def test_a_replica_reports_without_being_asked() -> None:
    """Nobody has to reach it for its figures to be known."""
    world = FakeWorld()
    async with world.replicas("a", "b") as (silent, asked):
        count(silent, 5)

        async def is_known() -> bool:
            world.clock.advance(0.6)  # so that the answer is not the one before
            return (await asked.read()).figures.totals.answered == 5

        await until(is_known)


async def test_many_who_ask_at_once_ask_once() -> None:
    """The board is asked once at a time, and its answer holds for a moment."""
    world = FakeWorld()
    async with world.replicas("a") as (status,):
        await asyncio.gather(*(status.read() for _ in range(50)))
        await status.read()
        assert world.calls.count("exchange") == 1
        world.clock.advance(0.6)
        await status.read()
        assert world.calls.count("exchange") == 2


async def test_replicas_ask_the_controller_in_turn_and_not_each() -> None:
    """What it said to one is good for the others, for a second."""
    world = FakeWorld()
    names = [f"replica {number}" for number in range(10)]
    async with world.replicas(*names) as made:
        for one in made:
            assert (await one.read()).deployments == SCALES
        assert world.asked == 1
        world.clock.advance(1.5)
        await made[0].read()
        assert world.asked == 2


async def test_a_viewer_that_leaves_takes_nobody_s_answer_with_it() -> None:
    """Cancelling one request for the status leaves the question under way."""
    world = FakeWorld()
    world.open.clear()
    async with world.replicas("a") as (status,):
        leaving = asyncio.create_task(status.read())
        staying = asyncio.create_task(status.read())
        while "exchange" not in world.calls:
            await asyncio.sleep(0)
        leaving.cancel()
        world.open.set()
        assert (await staying).complete


async def test_a_board_that_died_is_replaced() -> None:
    """The replica says what it knows of itself, and finds the next board by itself."""
    world = FakeWorld()
    async with world.replicas("a") as (status,):
        count(status, 3)
        world.dead = True
        alone = await status.read()
        assert (alone.complete, alone.figures.totals.answered, alone.scale.running) == (False, 3, 1)
        assert alone.alone
        world.dead = False
        world.board = Noticeboard(world.clock)
        world.clock.advance(0.6)
        whole = await status.read()
        assert (whole.complete, whole.alone, whole.figures.totals.answered) == (True, False, 3)
        assert world.connected == 2


@pytest.mark.parametrize("error", [RayActorError(), KeyError("argus"), TimeoutError()], ids=repr)
async def test_a_controller_that_cannot_be_asked_costs_the_counts_alone(error: Exception) -> None:
    """The figures are those of all replicas; how many there are is what was heard."""
    world = FakeWorld()
    world.details = error
    async with world.replicas("a", "b") as (first, second):
        await first.read()
        status = await second.read()
    assert (status.scale.running, status.scale.target, status.complete) == (2, 2, False)


async def test_a_controller_that_takes_its_time_is_not_waited_for_while_its_last_word_holds() -> None:
    """What it said a moment ago is shown, and it is not asked again while it has a question to answer."""
    world = FakeWorld()
    async with world.replicas("a") as (status,):
        await status.read()
        world.controller_open.clear()
        for _ in range(2):
            world.clock.advance(1.5)
            late = await status.read()
            assert (late.deployments, late.complete) == (SCALES, True)
        assert world.asked == 2
        world.clock.advance(10)
        assert not (await status.read()).complete
        world.controller_open.set()
        world.clock.advance(1)
        assert (await status.read()).complete


def test_scales_are_read_from_the_controller_s_details() -> None:
    """Replicas by state, how many there should be, and between what they are scaled."""
    assert read_scales(DETAILS, "argus") == SCALES


def test_an_application_that_the_controller_does_not_list_has_no_scales() -> None:
    """Another application's replicas are not taken for ours."""
    with pytest.raises(KeyError):
        read_scales(DETAILS, "another")
