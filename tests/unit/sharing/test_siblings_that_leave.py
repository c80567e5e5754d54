"""Batchers that share their work: what becomes of it when somebody goes away, hangs, or says what cannot be."""

import asyncio
import select
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from serve_app.batching import Served
from serve_app.errors import DeadlineExceeded
from tests.siblings import FakeSibling, Make, occupy, queue
from tests.stoppable_model import StoppableModel, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sharing is Linux's")


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
    stuck.board.show(2, time.monotonic())
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
    dead.board.show(2, time.monotonic())
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
    gone, stays = (asyncio.create_task(owner.submit(item)) for item in (2, 3))
    await until(lambda: theirs.at_work)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    theirs.step()
    assert (await stays).result == 30
    later = [asyncio.create_task(owner.submit(item)) for item in (4, 5)]
    await until(lambda: len(theirs.calls) == 2 and theirs.at_work)
    theirs.step()
    assert [(await task).result for task in later] == [40, 50]
    mine.step()
    assert (await first).result == 10


async def test_closing_waits_for_what_is_lent(make: Make) -> None:
    """What was accepted is answered, by whomever has it."""
    mine, theirs = StoppableModel(), StoppableModel()
    owner, _ = make(mine), make(theirs)
    first = await occupy(owner, mine, 1)
    lent = [asyncio.create_task(owner.submit(item)) for item in (2, 3)]
    await until(lambda: theirs.at_work)
    mine.step()
    closing = threading.Thread(target=owner.close)
    closing.start()
    assert (await first).result == 10
    assert closing.is_alive()
    theirs.step()
    assert [(await task).result for task in lent] == [20, 30]
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
    tasks += await queue(owner, 3, 4)
    closing = threading.Thread(target=helper.close)
    closing.start()
    theirs.release()
    await until(lambda: not closing.is_alive())
    assert theirs.calls == [[2]]
    mine.release()
    assert [(await task).result for task in tasks] == [10, 20, 30, 40]
