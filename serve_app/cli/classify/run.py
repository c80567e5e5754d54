"""Names -> answers, through argus_client, to the outputs; how a run ends early, and what is kept then.

An image's own error is a row. What would befall every further image alike ends the run: no service at the address, a
key or a model that it does not know. Images that met with that have no row, so that the next run begins with them.
"""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from argus_client import (
    AsyncArgusClient,
    Classification,
    Forbidden,
    InvalidParameter,
    ModelNotFound,
    ServiceUnreachable,
    Unauthenticated,
)
from argus_client.many import Outcome
from argus_client.requests import Image
from serve_app.cli.classify.progress import Bar, Counts
from serve_app.cli.classify.rows import explain

# The name of the image that comes on stdin.
STDIN = "-"
Names = Iterable[str] | AsyncIterable[str]
# What is wrong with the whole run when it is wrong with one image.
_OF_ALL = (Unauthenticated, Forbidden, ModelNotFound, InvalidParameter)
# How long after Ctrl-C the requests that are under way may take.
_PATIENCE_S = 5.0


class Output(Protocol):
    """Where rows go; see `outputs`."""

    def write(self, name: str, outcome: Outcome) -> None:
        """Add a row for an image."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How images are classified. timeout_s: see AsyncArgusClient.classify_many."""

    url: str
    api_key: str | None
    model: str | None
    top_k: int
    min_score: float
    concurrency: int
    timeout_s: float


class ServiceUnusable(Exception):
    """No further image would be answered; the message says why and what to do."""


class Run:
    """One run. counts: what became of its images; seconds: from its first image to its last."""

    def __init__(self, options: RunOptions, outputs: Sequence[Output], *, quiet: bool) -> None:
        self.counts = Counts()
        self.seconds = 0.0
        self.interrupted_by: signal.Signals | None = None
        self._options = options
        self._outputs = outputs
        self._quiet = quiet
        self._unreached: list[tuple[str, ServiceUnreachable]] = []

    async def classify(self, names: Names, *, total: int | None, stdin: bytes | None = None) -> None:
        """Classify the images of these names; stdin: the image that is named "-".

        Returns at the end, or when it is interrupted. Raises ServiceUnusable and what the outputs raise.
        """
        options = self._options
        self._listen()
        began = time.monotonic()
        async with AsyncArgusClient(options.url, api_key=options.api_key, timeout_s=options.timeout_s) as client:
            sources = _Sources(names, stdin, self)
            results = client.classify_many(
                sources,
                concurrency=options.concurrency,
                model=options.model,
                top_k=options.top_k,
                min_score=options.min_score,
            )
            try:
                with Bar(self.counts, total, quiet=self._quiet):
                    async with aclosing(results):
                        async for source, outcome in results:
                            self._take(STDIN if isinstance(source, bytes) else str(source), outcome)
            except asyncio.CancelledError:
                if self.interrupted_by is None:
                    raise
            finally:
                self.seconds = time.monotonic() - began
        if self._unreached and self.interrupted_by is None:
            raise ServiceUnusable(str(self._unreached[-1][1]))

    def _take(self, name: str, outcome: Outcome) -> None:
        if isinstance(outcome, ServiceUnreachable):
            # Is it this image's bad luck, or is nobody there? The next ones tell.
            self._unreached.append((name, outcome))
            if len(self._unreached) >= self._options.concurrency:
                raise ServiceUnusable(str(outcome))
            return
        if isinstance(outcome, _OF_ALL):
            raise ServiceUnusable(explain(outcome))
        for lost, error in self._unreached:
            self._write(lost, error)
        self._unreached.clear()
        self._write(name, outcome)

    def _write(self, name: str, outcome: Outcome) -> None:
        for output in self._outputs:
            output.write(name, outcome)
        if isinstance(outcome, Classification):
            self.counts.answered += 1
        else:
            self.counts.fail(name, explain(outcome))

    def _listen(self) -> None:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def stop(number: signal.Signals) -> None:
            if self.interrupted_by is not None and task is not None:
                task.cancel()  # The second time: at once.
                return
            self.interrupted_by = number
            sys.stderr.write("Waiting for what is under way; Ctrl-C again does not.\n")
            if task is not None:
                loop.call_later(_PATIENCE_S, task.cancel)

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop, number)


class _Sources:
    """The images of the names, up to an interruption."""

    def __init__(self, names: Names, stdin: bytes | None, run: Run) -> None:
        self._names = names
        self._stdin = stdin
        self._run = run

    async def __aiter__(self) -> AsyncIterator[Image]:
        if isinstance(self._names, AsyncIterable):
            async for name in self._names:
                if self._run.interrupted_by:
                    return
                yield self._read(name)
        else:
            for name in self._names:
                if self._run.interrupted_by:
                    return
                yield self._read(name)

    def _read(self, name: str) -> Image:
        return self._stdin if name == STDIN and self._stdin is not None else name
