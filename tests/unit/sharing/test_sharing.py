"""Batchers that share their work: who takes what of whom, and what becomes of it when somebody goes away."""

import asyncio
import os
import pickle
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from serve_app.batching import Batcher, Served
from serve_app.errors import DeadlineExceeded, UndecodableImage
from serve_app.sharing import join_siblings
from serve_app.sharing.parts import Alone
from tests.siblings import FakeSibling, wait_for_rest
from tests.stoppable_model import StoppableModel, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sharing is Linux's")

Make = Callable[..., Batcher[int, int]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where siblings meet."""
    return tmp_path / "siblings"


@pytest.fixture
def make(folder: Path) -> Iterator[Make]:
    """Makes batchers that are siblings, and closes them after the test."""
    batchers: list[tuple[Batcher[int, int], Any]] = []

    def make_one(model: Any, *, max_batch_size: int = 4, one_by_one: bool = False) -> Batcher[int, int]:
        batcher: Batcher[int, int] = Batcher(
            model, max_batch_size=max_batch_size, max_queue=64, one_by_one=one_by_one, siblings=folder
        )
        batchers.append((batcher, model))
        wait_for_rest(folder)
        return batcher

    yield make_one
    for _, model in batchers:
        if isinstance(model, StoppableModel):
            model.release()
    for batcher, _ in batchers:
        batcher.close()


async def occupy(batcher: Batcher[int, int], model: StoppableModel, item: int) -> "asyncio.Task[Served[int]]":
    """Give a batcher an item, and wait until its model has it."""
    task = asyncio.create_task(batcher.submit(item))
    await until(lambda: model.at_work)
    return task


async def queue(batcher: Batcher[int, int], *items: int, seconds: float = 60) -> "list[asyncio.Task[Served[int]]]":
    """Give a batcher items that have to wait."""
    before = batcher.waiting
    tasks = [asyncio.create_task(batcher.submit(item, deadline=time.monotonic() + seconds)) for item in items]
    await until(lambda: batcher.waiting == before + len(items))
    return tasks


async def test_who_has_nothing_to_do_takes_what_waits_elsewhere(make: Make) -> None:
    """An item behind a busy model is run by an idle sibling's, and answered to who asked its owner."""
    mine, theirs = StoppableModel(), StoppableModel()
    owner, helper = make(mine), make(theirs)
    first = await occupy(owner, mine, 1)
    second = asyncio.create_task(owner.submit(2))
    await until(lambda: theirs.at_work)
    assert (owner.waiting, owner.running, helper.running) == (0, 1, 1)
    theirs.step()
    served = await second
    assert (served.result, served.batch_size, first.done()) == (20, 1, False)
    assert served.queue_s >= 0
    assert (mine.calls, theirs.calls) == ([[1]], [[2]])
    assert (owner.meter.take()[2], helper.meter.take()[2]) == ((0,), (1,))
    mine.step()
    assert (await first).result == 10


async def test_a_lone_item_stays_where_it_came(make: Make) -> None:
    """Nobody takes what the owner's own model can begin at once."""
    mine, theirs = StoppableModel(), StoppableModel()
    owner, _ = make(mine), make(theirs)
    mine.release()
    for item in range(50):
        assert (await owner.submit(item)).result == item * 10
    assert theirs.calls == []


async def test_what_has_waited_longer_goes_first_wherever_it_is(make: Make) -> None:
    """A model that is free takes a sibling's older item before its own, and its own before a sibling's newer one."""
    mine, theirs = StoppableModel(), StoppableModel()
    owner, helper = make(mine), make(theirs)
    tasks = [await occupy(owner, mine, 1), await occupy(helper, theirs, 2)]
    tasks += await queue(owner, 3)
    tasks += await queue(helper, 4)
    tasks += await queue(owner, 5)
    theirs.step()
    await until(lambda: len(theirs.calls) == 2 and theirs.at_work)
    assert theirs.calls == [[2], [3, 5]], "a batch is what the owner's own model would have taken"
    theirs.step()
    await until(lambda: len(theirs.calls) == 3 and theirs.at_work)
    assert theirs.calls[2] == [4]
    theirs.step()
    mine.step()
    assert [(await task).result for task in tasks] == [10, 20, 30, 40, 50]


async def test_many_items_are_spread_over_the_node(make: Make) -> None:
    """One by one, a batch is the replica's share of half of what waits on the node."""
    mine, theirs = StoppableModel(), StoppableModel()
    owner, helper = make(mine, max_batch_size=8, one_by_one=True), make(theirs, max_batch_size=8, one_by_one=True)
    tasks = [await occupy(owner, mine, 0), await occupy(helper, theirs, 100)]
    tasks += await queue(owner, *range(1, 17))
    mine.step()
    await until(lambda: len(mine.calls) == 2 and mine.at_work)
    theirs.step()
    await until(lambda: len(theirs.calls) == 2 and theirs.at_work)
    assert (mine.calls[1], theirs.calls[1]) == ([1, 2, 3, 4], [5, 6, 7])
    mine.release()
    theirs.release()
    assert [(await task).result for task in tasks] == [0, 1000, *(item * 10 for item in range(1, 17))]


async def test_an_error_finds_its_owner(make: Make) -> None:
    """One of ours as it is; another as what it says and where it comes from, since not every one can be pickled."""

    class Unspeakable(Exception):
        def __reduce__(self) -> str:
            raise pickle.PicklingError("never")

    def run(items: Any) -> list[Any]:
        return [UndecodableImage("Send another.") if item == 2 else Unspeakable("what it says") for item in items]

    mine = StoppableModel()
    owner, _ = make(mine), make(run)
    first = await occupy(owner, mine, 1)
    with pytest.raises(UndecodableImage, match=r"Send another\."):
        await owner.submit(2)
    with pytest.raises(RuntimeError, match="Unspeakable: what it says"):
        await owner.submit(3)
    mine.step()
    assert (await first).result == 10


async def test_what_was_lent_comes_back_when_the_sibling_goes_away(make: Make, folder: Path) -> None:
    """In its old place, before what came later."""
    mine = StoppableModel()
    owner = make(mine)
    sibling = FakeSibling(folder)
    tasks = [await occupy(owner, mine, 1), *await queue(owner, 2, 3)]
    link = sibling.connect()
    assert [lent.item for lent in sibling.borrow(link)] == [2, 3]
    assert owner.waiting == 0
    tasks += await queue(owner, 4)
    link.close()
    await until(lambda: owner.waiting == 3)
    mine.release()
    assert [(await task).result for task in tasks] == [10, 20, 30, 40]
    assert mine.calls == [[1], [2, 3, 4]]
    sibling.board.close()


async def test_a_sibling_that_never_answers_costs_a_caller_no_more_than_the_deadline(make: Make, folder: Path) -> None:
    """What it was lent is refused then, and the owner goes on."""
    mine = StoppableModel()
    owner = make(mine)
    sibling = FakeSibling(folder)
    first = await occupy(owner, mine, 1)
    (late,) = await queue(owner, 2, seconds=0.05)
    link = sibling.connect()
    assert [lent.item for lent in sibling.borrow(link)] == [2]
    mine.release()
    with pytest.raises(DeadlineExceeded):
        await late
    assert (await first).result == 10
    assert mine.calls == [[1]]
    link.close()
    sibling.board.close()


async def test_outcomes_that_do_not_fit_are_not_believed(make: Make, folder: Path) -> None:
    """One too few, or what is no object at all: the items come back and their owner runs them."""
    mine = StoppableModel()
    owner = make(mine)
    sibling = FakeSibling(folder)
    tasks = [await occupy(owner, mine, 1), *await queue(owner, 2, 3)]
    link = sibling.connect()
    assert len(sibling.borrow(link)) == 2
    link.send([Served(0, 0.0, 0.0, 1)])
    await until(lambda: owner.waiting == 2)
    link.close()
    other = socket.socket(socket.AF_UNIX)
    other.connect(str(folder / "0.socket"))
    other.sendall(b"no pickle\n")
    assert other.recv(1) == b""  # hung up
    other.close()
    mine.release()
    assert [(await task).result for task in tasks] == [10, 20, 30]
    sibling.board.close()


async def test_an_owner_that_does_not_answer_is_left_alone(make: Make, folder: Path) -> None:
    """It stands on the board with the oldest item, and a model that asks it goes on with its own."""
    stuck = FakeSibling(folder)
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(folder / f"{stuck.board.slot}.socket"))
    door.listen()
    stuck.board.show(1, time.monotonic())
    model = StoppableModel()
    model.release()
    batcher = make(model)
    assert [(await batcher.submit(item)).result for item in range(20)] == [item * 10 for item in range(20)]
    door.settimeout(10)
    asked = [door.accept()[0]]
    assert not select.select([door], [], [], 0)[0], "asked once, and then left alone"
    for one in (*asked, door):
        one.close()
    stuck.board.close()


async def test_an_owner_that_died_is_left_alone(make: Make, folder: Path) -> None:
    """It stands on the board, and nobody listens."""
    dead = FakeSibling(folder)
    dead.board.show(1, time.monotonic())
    dead.board.show_idle(True)
    model = StoppableModel()
    model.release()
    batcher = make(model)
    assert [(await batcher.submit(item)).result for item in range(20)] == [item * 10 for item in range(20)]
    tasks = [asyncio.create_task(batcher.submit(item)) for item in range(20)]  # calls for the idle that is none
    assert [(await task).result for task in tasks] == [item * 10 for item in range(20)]
    dead.board.close()


async def test_a_caller_that_leaves_while_its_item_is_lent_harms_nobody(make: Make) -> None:
    """The answer is dropped, and the next is right."""
    mine, theirs = StoppableModel(), StoppableModel()
    owner, _ = make(mine), make(theirs)
    first = await occupy(owner, mine, 1)
    gone = asyncio.create_task(owner.submit(2))
    await until(lambda: theirs.at_work)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    theirs.step()
    stays = asyncio.create_task(owner.submit(3))
    await until(lambda: len(theirs.calls) == 2 and theirs.at_work)
    theirs.step()
    assert (await stays).result == 30
    mine.step()
    assert (await first).result == 10


async def test_closing_waits_for_what_is_lent(make: Make) -> None:
    """What was accepted is answered, by whomever has it."""
    mine, theirs = StoppableModel(), StoppableModel()
    owner, _ = make(mine), make(theirs)
    first = await occupy(owner, mine, 1)
    second = asyncio.create_task(owner.submit(2))
    await until(lambda: theirs.at_work)
    mine.step()
    closing = threading.Thread(target=owner.close)
    closing.start()
    assert (await first).result == 10
    assert closing.is_alive()
    theirs.step()
    assert (await second).result == 20
    await until(lambda: not closing.is_alive())


async def test_what_is_lent_to_one_that_goes_away_is_run_by_an_owner_that_is_closing(make: Make, folder: Path) -> None:
    """Its thread has not ended yet."""
    mine = StoppableModel()
    owner = make(mine)
    sibling = FakeSibling(folder)
    tasks = [await occupy(owner, mine, 1), *await queue(owner, 2)]
    link = sibling.connect()
    assert len(sibling.borrow(link)) == 1
    mine.release()
    closing = threading.Thread(target=owner.close)
    closing.start()
    assert (await tasks[0]).result == 10
    link.close()
    assert (await tasks[1]).result == 20
    await until(lambda: not closing.is_alive())
    sibling.board.close()


async def test_a_batcher_that_closes_no_longer_helps(make: Make) -> None:
    """Its threads end although there is work elsewhere."""
    mine, theirs = StoppableModel(), StoppableModel()
    owner, helper = make(mine), make(theirs)
    tasks = [await occupy(owner, mine, 1), await occupy(helper, theirs, 2)]
    tasks += await queue(owner, 3)
    closing = threading.Thread(target=helper.close)
    closing.start()
    theirs.release()
    await until(lambda: not closing.is_alive())
    assert theirs.calls == [[2]]
    mine.release()
    assert [(await task).result for task in tasks] == [10, 20, 30]


def test_nobody_shares_where_others_could_listen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What arrives there is unpickled, so the folder has to be this user's alone."""
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o755)
    sharing = join_siblings(folder, None)  # type: ignore[arg-type]  # nothing is lent
    assert isinstance(sharing, Alone)
    assert f"does not share its work with others of its node: {folder} is not this user's alone" in caplog.text


@pytest.mark.parametrize("what", ["eventfd", "mkfifo"])
def test_nobody_shares_where_the_system_has_no_means(folder: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batcher works as ever there."""
    monkeypatch.delattr(os, what)
    assert isinstance(join_siblings(folder, None), Alone)  # type: ignore[arg-type]  # nothing is lent


def test_a_path_of_any_length_will_do(tmp_path: Path) -> None:
    """A socket's address has 108 bytes; folders have more."""
    folder = tmp_path / ("long" * 30)
    sharing = join_siblings(folder, None)  # type: ignore[arg-type]  # nothing is lent
    assert not isinstance(sharing, Alone)
    sharing.close()


def test_closing_leaves_nothing_open(folder: Path) -> None:
    """Neither files nor threads."""
    files, threads = set(Path("/proc/self/fd").iterdir()), set(threading.enumerate())
    model = StoppableModel()
    model.release()
    batchers: list[Batcher[int, int]] = [
        Batcher(model, max_batch_size=1, max_queue=64, siblings=folder) for _ in range(2)
    ]

    async def use() -> None:
        await asyncio.gather(*(batchers[0].submit(item) for item in range(50)))

    asyncio.run(use())
    for batcher in batchers:
        batcher.close()
    deadline = time.monotonic() + 10
    while set(threading.enumerate()) != threads:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert set(Path("/proc/self/fd").iterdir()) <= files
