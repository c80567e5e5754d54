"""Many images in threads, for programs without an event loop: a pool with a thread for each request under way.

The sources are taken in the caller's own thread, whenever it asks for the next result.
"""

import contextvars
import queue
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Generic

from argus_client.answers import Answer
from argus_client.errors import ArgusClientError
from argus_client.exchange import Failure, Send, Wait
from argus_client.many import WINDOW, Many, Outcome, Source
from argus_client.requests import Request


class Threads(Generic[Source]):
    """One run. send: sends a request and waits at most so many seconds for its answer."""

    def __init__(self, many: Many, send: Callable[[Request, float], Answer | Failure]) -> None:
        self._many = many
        self._pace = many.pace
        self._send = send
        self._changed = threading.Condition()
        self._is_over = False
        self._done: queue.SimpleQueue[tuple[int, Source, Outcome | Exception]] = queue.SimpleQueue()

    def run(self, sources: Iterable[Source], *, ordered: bool) -> Generator[tuple[Source, Outcome], None, None]:
        """Each source with what became of it. Raises what iterating over the sources raised."""
        numbered = enumerate(sources)
        early: dict[int, tuple[Source, Outcome]] = {}
        begun = given = 0
        room = self._pace.most * WINDOW
        pool = ThreadPoolExecutor(self._pace.most, "argus-client")
        try:
            while True:
                while begun - given < room and (item := next(numbered, None)) is not None:
                    # A span that is made in a thread belongs below the caller's.
                    pool.submit(partial(contextvars.copy_context().run, self._work, *item))
                    begun += 1
                if begun == given:
                    return
                if given in early:
                    number, source, outcome = given, *early.pop(given)
                else:
                    number, source, result = self._done.get()
                    if not isinstance(result, Outcome):
                        raise result
                    outcome = result
                if ordered and number != given:
                    early[number] = source, outcome
                    continue
                given += 1
                yield source, outcome
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()
            pool.shutdown(cancel_futures=True)

    def _work(self, number: int, source: Source) -> None:
        try:
            result: Outcome | Exception = self._classify(source)
        except Exception as error:  # noqa: BLE001  # It is raised where the results are taken.
            result = error
        self._done.put((number, source, result))

    def _classify(self, source: Source) -> Outcome:
        try:
            steps = self._many.begin(source)
            outcome: Answer | Failure | None = None
            while True:
                match steps.send(outcome):
                    case Send(request, timeout_s):
                        outcome = self._send_in_turn(request, timeout_s)
                    case Wait(seconds):
                        self._pause(seconds)
                        outcome = None
        except StopIteration as end:
            result: Outcome = end.value
            return result
        except (ArgusClientError, OSError) as error:
            return error

    def _send_in_turn(self, request: Request, timeout_s: float) -> Answer | Failure:
        with self._changed:
            while not self._pace.may_begin and not self._is_over:
                self._changed.wait(self._pace.opens_in_s or None)
            if self._is_over:
                raise _Over
            began = self._pace.begin()
        outcome: Answer | Failure | None = None
        try:
            outcome = self._send(request, timeout_s)
        finally:
            with self._changed:
                self._pace.end(began, outcome)
                self._changed.notify_all()
        return outcome

    def _pause(self, seconds: float) -> None:
        with self._changed:
            if self._changed.wait_for(lambda: self._is_over, seconds):
                raise _Over


class _Over(Exception):
    """Nobody takes the results any more."""
