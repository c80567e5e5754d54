"""Batchers that share their work: who takes what of whom."""

import asyncio
import os
import pickle
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from serve_app.batching import Batcher
from serve_app.errors import UndecodableImage
from serve_app.sharing import join_siblings
from serve_app.sharing.parts import Alone
from tests.siblings import Make, occupy, queue
from tests.stoppable_model import Clock, StoppableModel, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sharing is Linux's")


async def test_who_has_nothing_to_do_takes_what_waits_elsewhere(make: Make) -> None:
    """Items behind a busy model are run by an idle sibling's, and answered to who asked their owner."""
    mine, theirs = StoppableModel(), StoppableModel()
    owner, helper = make(mine), make(theirs)
    tasks = [await occupy(owner, mine, 1), *(asyncio.create_task(owner.submit(item)) for item in (2, 3))]
    await until(lambda: theirs.at_work)
    assert (owner.waiting, owner.running, helper.running) == (0, 1, 2)
    theirs.step()
    served = [await task for task in tasks[1:]]
    assert [(one.result, one.batch_size) for one in served] == [(20, 2), (30, 2)]
    assert min(one.queue_s for one in served) >= 0
    assert not tasks[0].done()
    assert (mine.calls, theirs.calls) == ([[1]], [[2, 3]])
    assert (owner.meter.take()[2], helper.meter.take()[2]) == ((0,), (2,))
    mine.step()
    assert (await tasks[0]).result == 10


async def test_one_item_that_waits_stays_where_it_is(make: Make) -> None:
    """The owner's model has it next: no idle sibling takes it, until another comes."""
    mine, theirs = StoppableModel(), StoppableModel()
    owner, helper = make(mine), make(theirs)
    tasks = [await occupy(owner, mine, 1), *await queue(owner, 2)]
    mine.step()
    await until(lambda: len(mine.calls) == 2 and mine.at_work)
    tasks += await queue(owner, 3)
    assert (theirs.calls, owner.waiting, helper.running) == ([], 1, 0)
    tasks.append(asyncio.create_task(owner.submit(4)))
    await until(lambda: theirs.at_work)
    assert (mine.calls, theirs.calls) == ([[1], [2]], [[3, 4]])
    mine.release()
    theirs.release()
    assert [(await task).result for task in tasks] == [10, 20, 30, 40]


async def test_a_lone_item_stays_where_it_came(make: Make) -> None:
    """Nobody takes what the owner's own model can begin at once."""
    mine, theirs = StoppableModel(), StoppableModel()
    owner, _ = make(mine), make(theirs)
    mine.release()
    for item in range(50):
        assert (await owner.submit(item)).result == item * 10
    assert theirs.calls == []


async def test_what_has_waited_clearly_longer_goes_first_wherever_it_is(make: Make) -> None:
    """By the time of four items; what is only a little older is not worth the way."""
    mine, theirs, clock = StoppableModel(), StoppableModel(), Clock()
    owner, helper = make(mine, clock=clock), make(theirs, clock=clock)
    start = clock.now

    async def queue_at(seconds: float, batcher: Batcher[int, int], *items: int) -> None:
        clock.now = start + seconds
        tasks.extend(await queue(batcher, *items))

    tasks = [await occupy(owner, mine, 1), await occupy(helper, theirs, 2)]
    await queue_at(0.0, owner, 3)
    await queue_at(0.35, helper, 4, 6)
    await queue_at(0.35, owner, 5)
    clock.now = start + 0.1  # what an item takes
    theirs.step()
    await until(lambda: len(theirs.calls) == 2 and theirs.at_work)
    assert theirs.calls == [[2], [4, 6]], "3 came 0.35 s before 4"
    await queue_at(0.45, helper, 7)
    clock.now = start + 0.3  # as before
    theirs.step()
    await until(lambda: len(theirs.calls) == 3 and theirs.at_work)
    assert theirs.calls[2] == [3, 5], "3 came 0.45 s before 7, and a batch is what its owner would have taken"
    theirs.release()
    mine.release()
    assert [(await task).result for task in tasks] == [10, 20, 30, 40, 60, 50, 70]


async def test_many_items_are_spread_over_the_node(make: Make) -> None:
    """One by one, a batch is the replica's share of half of what waits on the node, if that is much."""
    mine, theirs = StoppableModel(), StoppableModel()
    owner, helper = make(mine, max_batch_size=8, one_by_one=True), make(theirs, max_batch_size=8, one_by_one=True)
    tasks = [await occupy(owner, mine, 0), await occupy(helper, theirs, 100)]
    tasks += await queue(owner, *range(1, 25))
    mine.step()
    await until(lambda: len(mine.calls) == 2 and mine.at_work)
    theirs.step()
    await until(lambda: len(theirs.calls) == 2 and theirs.at_work)
    assert (mine.calls[1], theirs.calls[1]) == ([*range(1, 7)], [*range(7, 12)])
    mine.release()
    theirs.release()
    assert [(await task).result for task in tasks] == [0, 1000, *(item * 10 for item in range(1, 25))]


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
    tasks = [asyncio.create_task(owner.submit(item)) for item in (2, 3)]
    with pytest.raises(UndecodableImage, match=r"Send another\."):
        await tasks[0]
    with pytest.raises(RuntimeError, match="Unspeakable: what it says"):
        await tasks[1]
    mine.step()
    assert (await first).result == 10


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
    while not set(threading.enumerate()) <= threads:  # those of an earlier test may end meanwhile
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert set(Path("/proc/self/fd").iterdir()) <= files
