"""The batcher under chance: no answer is lost, doubled or swapped, whatever happens around it.

Two ways to look for faults. One drives the batcher step by step and compares every call of the model and every answer
with a plain reading of the rules; nothing in it depends on timing. The other lets threads and loops race freely and
checks what must hold in any order.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from serve_app.batching import Batcher
from serve_app.errors import DeadlineExceeded, Overloaded
from tests.stoppable_model import Clock, StoppableModel, until

FATES = ("good", "good", "bad", "broken")  # bad: an error of its own; broken: every call that holds it raises


@dataclass(frozen=True)
class Submit:
    """A new item, with the seconds until its deadline."""

    fate: str
    patience_s: float | None


@dataclass(frozen=True)
class Cancel:
    """The caller of that item leaves, if there is such an item."""

    item: int


@dataclass(frozen=True)
class Step:
    """The model finishes the call that it works on, seconds later."""

    seconds: float


ACTIONS = st.one_of(
    st.builds(Submit, st.sampled_from(FATES), st.none() | st.sampled_from([-1.0, 0.0, 0.5, 2.0, 8.0])),
    st.builds(Submit, st.sampled_from(FATES), st.none()),
    st.builds(Cancel, st.integers(0, 25)),
    st.builds(Step, st.sampled_from([0.0, 0.25, 1.0])),
)


@dataclass
class Rules:
    """What must happen, by a plain reading of the rules: one thread, no futures, no locks."""

    max_batch_size: int
    max_queue: int
    one_by_one: bool = False
    fates: list[str] = field(default_factory=list)
    deadlines: list[float | None] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    at_work: list[int] = field(default_factory=list)
    to_call: list[list[int]] = field(default_factory=list)  # what the batch at work has to call yet, in order
    calls: list[list[int]] = field(default_factory=list)
    answers: dict[int, object] = field(default_factory=dict)

    def submit(self, action: Submit, now: float, wait_s: float) -> float | None:
        """Into the queue, or straight to its refusal; returns the deadline."""
        item = len(self.fates)
        deadline = None if action.patience_s is None else now + action.patience_s
        self.fates.append(action.fate)
        self.deadlines.append(deadline)
        if deadline is not None and deadline < now:
            self.answers[item] = DeadlineExceeded
        elif len(self.waiting) >= self.max_queue or (deadline is not None and now + wait_s > deadline):
            self.answers[item] = Overloaded
        else:
            self.waiting.append(item)
            self._go_on(now)
        return deadline

    def cancel(self, item: int) -> None:
        """Who has no answer yet gets none any more; who waits leaves the queue."""
        self.answers.setdefault(item, asyncio.CancelledError)
        if item in self.waiting:
            self.waiting.remove(item)

    def step(self, now: float) -> None:
        """The call at work ends: halves of it follow where it broke, and the next batch where all of it has run."""
        call = self.to_call.pop(0)
        if len(call) > 1 and any(self.fates[item] == "broken" for item in call):
            self.to_call[:0] = [call[: len(call) // 2], call[len(call) // 2 :]]
        if self.to_call:
            self.calls.append(self.to_call[0])
            return
        for item in self.at_work:
            outcome = {"good": item * 10, "bad": ValueError, "broken": RuntimeError}[self.fates[item]]
            self.answers.setdefault(item, outcome)
        self.at_work = []
        self._go_on(now)

    def _go_on(self, now: float) -> None:
        """A free model takes what waits, or half if many, if not late, up to the largest batch, in order of arrival."""
        if self.at_work:
            return
        waiting = len(self.waiting)
        most = min(self.max_batch_size, max(min(waiting, 4), (waiting + 1) // 2) if self.one_by_one else waiting)
        while self.waiting and len(self.at_work) < most:
            item = self.waiting.pop(0)
            deadline = self.deadlines[item]
            if deadline is not None and deadline < now:
                self.answers[item] = DeadlineExceeded
            else:
                self.at_work.append(item)
        if self.at_work:
            self.to_call = [self.at_work]
            self.calls.append(self.at_work)


async def follow(actions: list[Submit | Cancel | Step], rules: Rules) -> None:
    """Drive a batcher and the rules side by side; they have to agree after every action."""
    model, clock = StoppableModel(), Clock()
    batcher = Batcher(
        model,
        max_batch_size=rules.max_batch_size,
        max_queue=rules.max_queue,
        one_by_one=rules.one_by_one,
        clock=clock,
    )
    tasks: list[asyncio.Task[Any]] = []

    async def settle() -> None:
        """Until the model stops at a call or has nothing to do, and all who should have an answer have it."""
        await asyncio.sleep(0)
        await until(lambda: model.at_work == bool(rules.at_work) and sum(t.done() for t in tasks) == len(rules.answers))
        assert (model.calls, batcher.waiting) == (rules.calls, len(rules.waiting))

    def step(seconds: float) -> None:
        clock.now += seconds
        rules.step(clock.now)
        model.step()

    for action in actions:
        match action:
            case Submit(fate):
                item = len(tasks)
                {"bad": model.bad, "broken": model.broken}.get(fate, set()).add(item)
                deadline = rules.submit(action, clock.now, batcher.estimate_wait_s())
                tasks.append(asyncio.create_task(batcher.submit(item, deadline=deadline)))
            case Cancel(item) if item < len(tasks):
                rules.cancel(item)
                tasks[item].cancel()
            case Step(seconds) if rules.at_work:
                step(seconds)
        await settle()
    while rules.at_work:
        step(0.0)
        await settle()
    batcher.close()
    for item, answer in enumerate(await asyncio.gather(*tasks, return_exceptions=True)):
        expected = rules.answers[item]
        if isinstance(answer, RuntimeError | ValueError):
            assert (type(answer), answer.args) == (expected, ([item] if isinstance(answer, RuntimeError) else item,))
        else:
            assert getattr(answer, "result", type(answer)) == expected


@settings(max_examples=200)
@given(st.lists(ACTIONS, max_size=60), st.integers(1, 8), st.integers(1, 12), st.booleans())
@example([Submit("good", None)] * 4 + [Cancel(2), Step(1.0), Step(1.0)], 2, 4, False)
@example([Submit("good", None), Submit("good", 0.5), Submit("broken", None), Submit("good", None)], 8, 8, False)
@example([Submit("good", None)] * 6 + [Step(1.0)] * 4, 8, 8, True)
def test_every_call_and_every_answer_is_what_the_rules_say(
    actions: list[Submit | Cancel | Step], max_batch_size: int, max_queue: int, one_by_one: bool
) -> None:
    """Under any order of arrivals, deadlines, cancellations and errors the model is called with exactly what is due."""
    asyncio.run(asyncio.wait_for(follow(actions, Rules(max_batch_size, max_queue, one_by_one)), 10))


def is_right(fate: str, item: int, answer: object, *, ran: bool) -> bool:
    """Whether an item of that fate may have had that answer."""
    own = answer == item * 10 and ran
    match fate:
        case _ if isinstance(answer, Overloaded):
            return not ran
        case "serve":
            return own
        case "fail":
            return isinstance(answer, ValueError) and answer.args == (item,)
        case "late":
            return isinstance(answer, DeadlineExceeded) and not ran
        case "hurry":
            return own or (isinstance(answer, DeadlineExceeded) and not ran)
        case _:
            return own or isinstance(answer, asyncio.CancelledError)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(["serve", "cancel", "fail", "late", "hurry"]), min_size=1, max_size=60),
    st.integers(1, 8),
    st.integers(1, 40),
    st.integers(0, 2**32),
)
def test_every_item_gets_its_own_answer_whatever_races(
    fates: list[str], max_batch_size: int, max_queue: int, seed: int
) -> None:
    """With a model that never stops and callers in two event loops nothing is lost, doubled or swapped."""
    served: list[int] = []
    sizes: list[int] = []
    random = Random(seed)  # noqa: S311  # chance, not secrets

    def run(items: Sequence[int]) -> list[int | Exception]:
        sizes.append(len(items))
        assert batcher.waiting <= max_queue
        if len(items) > 1 and any(fates[item] == "fail" for item in items) and random.random() < 0.5:
            raise RuntimeError("the whole batch")
        served.extend(items)
        return [ValueError(item) if fates[item] == "fail" else item * 10 for item in items]

    batcher = Batcher(run, max_batch_size=max_batch_size, max_queue=max_queue)

    async def drive(mine: range, chance: Random) -> dict[int, object]:
        tasks = {}
        for i in mine:
            patience_s = {"late": -1.0, "hurry": chance.random() * 1e-3}.get(fates[i], 60.0)
            tasks[i] = asyncio.create_task(batcher.submit(i, deadline=time.monotonic() + patience_s))
            for _ in range(chance.randrange(3)):
                await asyncio.sleep(0)
            if fates[i] == "cancel":
                tasks[i].cancel()
        answers = await asyncio.wait_for(asyncio.gather(*tasks.values(), return_exceptions=True), 10)
        return dict(zip(tasks, answers, strict=True))

    answers: dict[int, Any] = {}

    def call(mine: range) -> None:
        answers.update(asyncio.run(drive(mine, Random(seed + len(mine)))))  # noqa: S311  # chance, not secrets

    callers = [threading.Thread(target=call, args=(range(start, len(fates), 2),)) for start in (0, 1)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    batcher.close()
    assert sorted(answers) == list(range(len(fates))), "an answer was lost"
    assert len(served) == len(set(served)), "an item ran twice"
    assert max(sizes, default=0) <= max_batch_size
    for i, fate in enumerate(fates):
        answer = getattr(answers[i], "result", answers[i])
        assert is_right(fate, i, answer, ran=i in served), f"item {i}, to {fate}, got {answer!r}"
