"""One `argus classify` from its inputs to its exit status: what is opened, run, closed, and told at the end."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from serve_app.cli.classify.destinations import Destinations
from serve_app.cli.classify.inputs import InputError, find_images, read_list
from serve_app.cli.classify.outputs import OutputError, OutputFailed
from serve_app.cli.classify.run import STDIN, Names, Run, RunOptions, ServiceUnusable
from serve_app.cli.exits import ExitCode

# A signal that ended the run is added to it.
_SIGNALLED = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The arguments of the command; see `command`."""

    options: RunOptions
    images: list[str]
    files_from: str | None
    null: bool
    csv: Path | None
    jsonl: Path | None
    retry_failed: bool
    overwrite: bool
    format: str | None
    quiet: bool

    def do(self) -> int:
        """All of it; returns the exit status."""
        with ExitStack() as stack:
            try:
                listed = self._open_list(stack)
                images = find_images(self.images)
                stdin = sys.stdin.buffer.read() if STDIN in images else None
                destinations = stack.enter_context(self._open_destinations(images))
            except (InputError, OutputError) as error:
                _say(str(error))
                return ExitCode.USAGE
            run = Run(self.options, destinations.all, quiet=self.quiet)
            if listed is not None:
                return self._run(run, destinations, _read_aside(listed, destinations), None, None)
            left = [name for name in images if not destinations.have(name)]
            before = len(images) - len(left)
            if before and not self.quiet:
                _say(f"{before:,} of {len(images):,} are in {destinations.where} already.")
            return self._run(run, destinations, left, len(left), stdin)

    def _open_list(self, stack: ExitStack) -> Iterator[str] | None:
        if bool(self.images) == (self.files_from is not None):
            raise InputError("Name images, or a list of them with --files-from; argus classify --help has examples.")
        if self.files_from is None:
            return None
        separator = b"\0" if self.null else b"\n"
        if self.files_from == "-":
            return read_list(sys.stdin.buffer, separator=separator)
        try:
            return read_list(stack.enter_context(Path(self.files_from).open("rb")), separator=separator)
        except OSError as error:
            raise InputError(f"{self.files_from} cannot be read: {error.strerror}.") from error

    def _open_destinations(self, images: list[str]) -> Destinations:
        return Destinations(
            csv=self.csv,
            jsonl=self.jsonl,
            format=self.format,
            top_k=self.options.top_k,
            order=images,
            model=self.options.model,
            retry_failed=self.retry_failed,
            overwrite=self.overwrite,
        )

    def _run(self, run: Run, destinations: Destinations, names: Names, total: int | None, stdin: bytes | None) -> int:
        reason, status = "", int(ExitCode.DONE)
        try:
            try:
                if total != 0:
                    asyncio.run(run.classify(names, total=total, stdin=stdin))
            except ServiceUnusable as error:
                reason, status = str(error), int(ExitCode.SERVICE)
            except OutputFailed as error:
                reason, status = str(error), int(ExitCode.NOT_WRITTEN)
            destinations.show()
        except BrokenPipeError:
            # Whoever read stdout has seen enough; what is still buffered for it must not raise again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.FAILED
        if run.interrupted_by is not None:
            status = _SIGNALLED + run.interrupted_by
        elif not status and (run.counts.failed or destinations.failed):
            status = ExitCode.FAILED
        self._tell(run, destinations, reason, total)
        return status

    def _tell(self, run: Run, destinations: Destinations, reason: str, total: int | None) -> None:
        counts, where = run.counts, destinations.where
        for name, why in counts.failures:
            _say(f"{name}: {why}")
        if counts.failures_left_out:
            _say(f"... and {counts.failures_left_out:,} more without an answer.")
        if reason:
            _say(reason)
        if counts.done and not self.quiet:
            rate = f", {counts.done / run.seconds:.0f} a second" if run.seconds else ""
            failed = f", {counts.failed:,} of them without an answer" if counts.failed else ""
            _say(f"{_count(counts.done)} in {run.seconds:.1f} s{rate}{failed}.{f' {where}' if where else ''}")
        if destinations.failed and not self.quiet:
            _say(f"{_count(destinations.failed)} of earlier runs have no answer; --retry-failed tries them again.")
        if run.interrupted_by is not None:
            left = f", {total - counts.done:,} are left" if total is not None else ""
            advice = "The same command goes on." if where else "With --csv or --jsonl a run can be gone on with."
            _say(f"Interrupted{left}. {advice}")
        elif reason and where:
            _say("What was answered is kept; the same command goes on with the others.")


async def _read_aside(names: Iterator[str], destinations: Destinations) -> AsyncIterator[str]:
    # Whoever writes the list may take its time.
    while (name := await asyncio.to_thread(next, names, None)) is not None:
        if not destinations.have(name):
            yield name


def _count(number: int) -> str:
    return f"{number:,} image{'' if number == 1 else 's'}"


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
