"""When a node is given an idle worker for the next replica, and when it is left alone."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from serve_app.spare import Node, SpareKeeper, WorkerOrder
from serve_app.status import DeploymentScale, Figures, OwnStatus, Status
from tests.fakes import ManualClock

ORDER = WorkerOrder("127.0.0.1:1234", b"\x01", "{}")
REPLICA = "ray::ServeReplica:argus:ImageClassifier"
OWN_PID = 100
GROWING = DeploymentScale("ImageClassifier", running=1, starting=0, stopping=0, target=1, least=1, most=4)


class World:
    """A node with its processes, and a service of one deployment."""

    def __init__(self) -> None:
        self.titles: Mapping[int, str] = {OWN_PID: REPLICA, 90: "ray::Noticeboard", 91: "ray::IDLE_SpillWorker"}
        self.scales: tuple[DeploymentScale, ...] = (GROWING,)
        self.complete = True
        self.node = Node(ORDER, cpus=4.0, replica_cpus=1.0)
        self.clock = ManualClock()
        self.clock.advance(1000)
        self.ordered: list[WorkerOrder] = []
        self.marks = 0
        self.reads = 0

    async def read(self) -> Status:
        self.reads += 1
        figures: Figures = (await OwnStatus(lambda: 0).read()).figures
        return Status(self.scales[0], self.scales, figures, self.complete)

    def leave_mark(self) -> None:
        self.marks += 1

    async def start_worker(self, order: WorkerOrder) -> None:
        assert self.marks == len(self.ordered) + 1, "the worker looks for the mark as soon as it is started"
        self.ordered.append(order)

    async def look(self) -> bool:
        keeper = self.make()
        try:
            return await keeper.look()
        finally:
            keeper.close()

    def make(self) -> SpareKeeper:
        return SpareKeeper(
            "argus",
            self,
            list_titles=lambda: self.titles,
            find_node=lambda: self.node,
            leave_mark=self.leave_mark,
            own_pid=OWN_PID,
            clock=self.clock,
        )


async def test_a_node_without_an_idle_worker_gets_one() -> None:
    """While the deployment can grow and there are cores for it."""
    world = World()
    assert await world.look()
    assert world.ordered == [ORDER]


async def test_one_idle_worker_is_enough_and_costs_no_question() -> None:
    """The titles of a few processes are all that is read while one waits."""
    world = World()
    world.titles = {**world.titles, 101: "ray::IDLE"}
    assert not await world.look()
    assert world.reads == 0


async def test_of_several_replicas_on_a_node_one_asks() -> None:
    """The oldest; replicas of other applications do not count."""
    world = World()
    world.titles = {**world.titles, 50: "ray::ServeReplica:another:ImageClassifier"}
    assert await world.look()
    world.titles = {**world.titles, 60: REPLICA}
    assert not await world.look()
    assert len(world.ordered) == 1


@pytest.mark.parametrize(
    "scale",
    [
        replace(GROWING, running=4, target=4),
        replace(GROWING, most=None),
        replace(GROWING, starting=1),
        replace(GROWING, target=2),
    ],
    ids=["all there", "fixed by nobody knows what", "one is starting", "one is decided on"],
)
async def test_there_is_none_where_none_is_needed_or_cores_are_short(scale: DeploymentScale) -> None:
    """Its own start takes two seconds of a core."""
    world = World()
    world.scales = (scale,)
    assert not await world.look()
    assert world.ordered == []


async def test_any_deployment_that_can_grow_is_a_reason() -> None:
    """In the split topology the ingress may be at its most while the model is not."""
    world = World()
    world.scales = (replace(GROWING, running=4, target=4), replace(GROWING, name="Inference"))
    assert await world.look()


async def test_a_full_node_gets_none() -> None:
    """The next replica would go elsewhere."""
    world = World()
    world.node = Node(ORDER, cpus=1.0, replica_cpus=1.0)
    assert not await world.look()


async def test_what_the_controller_does_not_say_is_not_guessed() -> None:
    """An incomplete status has no limits to go by."""
    world = World()
    world.complete = False
    assert not await world.look()


async def test_it_is_not_asked_for_again_before_it_can_be_seen() -> None:
    """A worker takes seconds to appear; one that never does is asked for again."""
    world = World()
    keeper = world.make()
    assert await keeper.look()
    world.clock.advance(30)
    assert not await keeper.look()
    world.clock.advance(31)
    assert await keeper.look()
    keeper.close()


async def test_it_looks_by_itself_and_goes_on_after_a_failure() -> None:
    """Ray, the board and the system may all fail it; replicas start without it."""
    world = World()
    turns = asyncio.Semaphore(0)
    looked = 0

    async def sleep(_: float) -> None:
        await turns.acquire()

    def list_titles() -> Mapping[int, str]:
        nonlocal looked
        looked += 1
        if looked == 1:
            raise OSError("no /proc")
        return world.titles

    keeper = SpareKeeper(
        "argus",
        world,
        list_titles=list_titles,
        find_node=lambda: world.node,
        leave_mark=world.leave_mark,
        own_pid=OWN_PID,
        sleep=sleep,
    )
    turns.release()
    turns.release()
    async with asyncio.timeout(10):
        while not world.ordered:
            await asyncio.sleep(0.001)
    keeper.close()
    assert looked == 2
