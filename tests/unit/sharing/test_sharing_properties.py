"""Batchers that share their work, whatever races: in one process by the hundred, and in two of which one is killed."""

import asyncio
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serve_app.batching import Batcher
from serve_app.errors import DeadlineExceeded, Overloaded, UndecodableImage
from serve_app.sharing.board import Board
from serve_app.sharing.link import LinkBroken
from tests.siblings import connect, wait_for_rest
from tests.stoppable_model import StoppableModel, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sharing is Linux's")

FATES = ("serve", "serve", "cancel", "fail", "hurry")


class Thief(threading.Thread):
    """A sibling that borrows from everybody and goes away with what it got, again and again, until it is stopped."""

    def __init__(self, folder: Path, chance: Random) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        self._chance = chance
        self._board = Board(folder)
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self._chance.random() * 2e-3):
            slot = self._chance.choice(self._board.list_siblings()).slot
            link = connect(self._folder, slot)
            try:
                link.send(float("inf"))
                if self._chance.random() < 0.5:
                    link.receive(timeout_s=10)
            except LinkBroken:
                pass
            link.close()

    def stop(self) -> None:
        self._stopped.set()
        self.join()
        self._board.close()


def is_right(fate: str, item: int, answer: object) -> bool:
    """Whether an item of that fate may have had that answer."""
    match fate:
        case "serve":
            return answer == item * 10
        case "fail":
            return isinstance(answer, UndecodableImage) and answer.detail == str(item)
        case "cancel":
            return answer == item * 10 or isinstance(answer, asyncio.CancelledError)
        case _:
            return answer == item * 10 or isinstance(answer, DeadlineExceeded | Overloaded)


def run_together(calls: Sequence[Callable[[], None]]) -> None:
    """Each in a thread of its own, until all have ended."""
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(FATES), min_size=1, max_size=90),
    st.integers(2, 4),
    st.integers(1, 8),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_every_item_gets_its_own_answer_wherever_it_is_run(
    fates: list[str], replicas: int, max_batch_size: int, one_by_one: bool, thieves: bool, seed: int
) -> None:
    """Nothing is lost, doubled or swapped, even where siblings go away with what they were lent."""
    served: list[int] = []

    def run(items: Sequence[int]) -> list[int | Exception]:
        served.extend(items)
        time.sleep(1e-4)
        return [UndecodableImage(str(item)) if fates[item] == "fail" else item * 10 for item in items]

    async def drive(batcher: Batcher[int, int], mine: Sequence[int], chance: Random) -> dict[int, object]:
        tasks = {}
        for item in mine:
            patience_s = chance.random() * 2e-3 if fates[item] == "hurry" else 60.0
            tasks[item] = asyncio.create_task(batcher.submit(item, deadline=time.monotonic() + patience_s))
            for _ in range(chance.randrange(3)):
                await asyncio.sleep(0)
            if fates[item] == "cancel":
                tasks[item].cancel()
        answers = await asyncio.wait_for(asyncio.gather(*tasks.values(), return_exceptions=True), 20)
        return dict(zip(tasks, answers, strict=True))

    answers: dict[int, Any] = {}
    random = Random(seed)  # noqa: S311  # chance, not secrets
    owners = [random.choice([0, 0, random.randrange(replicas)]) for _ in fates]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        batchers: list[Batcher[int, int]] = [
            Batcher(run, max_batch_size=max_batch_size, max_queue=200, one_by_one=one_by_one, siblings=folder)
            for _ in range(replicas)
        ]
        thief = Thief(folder, Random(seed)) if thieves else None  # noqa: S311  # chance, not secrets
        if thief is not None:
            thief.start()

        def call(number: int) -> None:
            mine = [item for item, owner in enumerate(owners) if owner == number]
            chance = Random(seed + number)  # noqa: S311  # chance, not secrets
            answers.update(asyncio.run(drive(batchers[number], mine, chance)))

        run_together([partial(call, number) for number in range(replicas)])
        if thief is not None:
            thief.stop()
        run_together([batcher.close for batcher in batchers])
    assert sorted(answers) == list(range(len(fates))), "an answer was lost"
    assert len(served) == len(set(served)), "an item ran twice"
    for item, fate in enumerate(fates):
        answer = getattr(answers[item], "result", answers[item])
        assert is_right(fate, item, answer), f"item {item}, to {fate}, got {answer!r}"


CHILD = """
import sys, time, pathlib
from serve_app.batching import Batcher

def run(items):
    print(*items, flush=True)
    time.sleep(60 if sys.argv[2] == "hangs" else 0)
    return [item * 10 for item in items]

batcher = Batcher(run, max_batch_size=4, max_queue=4, siblings=pathlib.Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
batcher.close()
"""


@pytest.mark.parametrize("way", ["works", "hangs"])
async def test_another_process_helps_and_its_death_costs_no_answer(way: str, tmp_path: Path) -> None:
    """It answers, or what it had taken when it was killed comes back to its owner."""
    folder, model = tmp_path / "siblings", StoppableModel()
    batcher: Batcher[int, int] = Batcher(model, max_batch_size=4, max_queue=4, siblings=folder)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(folder), way, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert await child.stdout.readline() == b"ready\n"
    await asyncio.to_thread(wait_for_rest, folder)
    first = asyncio.create_task(batcher.submit(1))
    await until(lambda: model.at_work)
    others = [asyncio.create_task(batcher.submit(item)) for item in (2, 3)]
    assert await child.stdout.readline() == b"2 3\n"
    if way == "hangs":
        child.kill()
        await until(lambda: batcher.waiting == 2)
        model.step()
        await until(lambda: model.at_work)
    model.release()
    assert [(await task).result for task in (first, *others)] == [10, 20, 30]
    assert model.calls == ([[1], [2, 3]] if way == "hangs" else [[1]])
    await child.communicate(b"")  # the end of its input
    assert (await batcher.submit(4)).result == 40
    batcher.close()
