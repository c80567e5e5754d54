"""Where rows go: added to a file, each whole and at once, so that a run that ends anyhow can be gone on with.

An output file that is there already is continued: its rows say what is done. A last row that is cut, by a full disk or
a killed process, is taken off first.
"""

import fcntl
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from argus_client.many import Outcome
from serve_app.cli.classify.rows import Entry, Form, FormError, WholeLines


class OutputError(Exception):
    """An output file that cannot be used; says which and what to do."""


class OutputFailed(Exception):
    """A row could not be written, such as on a full disk; what was written before it is kept."""


class OutputFile:
    """A file of rows. Use as a context manager: meanwhile no other run can write to it.

    retry_failed: takes rows of failed images out, so that they are tried again; overwrite: begins anew. done: names
    that it has a row for; failed: how many of those are of failed images. Raises OutputError.
    """

    def __init__(self, path: Path, form: Form, *, model: str | None, retry_failed: bool, overwrite: bool) -> None:
        self.path = path
        self._form = form
        with ExitStack() as stack:  # What fails further down leaves nothing open.
            try:
                self._file = self._lock(path.open("a+b", buffering=0))
                stack.callback(self.close)
                if overwrite:
                    self._file.truncate(0)
                entries = self._read_entries(model)
                if retry_failed and any(entry.failed for entry in entries):
                    entries = self._leave_out_failed(entries)
            except OSError as error:
                raise OutputError(f"{path} cannot be written: {error.strerror}.") from error
            stack.pop_all()
        self.done = {entry.name for entry in entries}
        self.failed = sum(entry.failed for entry in entries)

    def write(self, name: str, outcome: Outcome) -> None:
        """Add a row, unless there is one. Raises OutputFailed, and leaves no half row."""
        if name not in self.done:
            self._append(self._form.encode(name, outcome))
            self.done.add(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others write to it."""
        self._file.close()

    def _append(self, row: bytes) -> None:
        try:
            written = self._file.write(row)
        except OSError as error:
            raise OutputFailed(f"{self.path} could not be written: {error.strerror}.") from error
        if written != len(row):
            self._file.truncate(self._file.seek(0, os.SEEK_END) - (written or 0))
            raise OutputFailed(f"{self.path} could not be written: there is no room for another row.")

    def _lock(self, file: BinaryIO) -> BinaryIO:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise OutputError(f"Another run is writing to {self.path}.") from None
        return file

    def _read_entries(self, model: str | None) -> list[Entry]:
        with self.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            header = file.read(len(self._form.header))
            if len(header) < len(self._form.header) and self._form.header.startswith(header):
                self._file.truncate(0)  # Nothing was written, or not even all of the header.
                self._append(self._form.header)
                return []
            file.seek(0)
            try:
                entries = self._form.decode(WholeLines(file))
            except FormError as error:
                raise OutputError(
                    f"{self.path} is there already and cannot be continued: {error}. "
                    "Name another file, or replace it: --overwrite."
                ) from None
        others = {entry.model for entry in entries} - {"", model}
        if model is not None and others:
            raise OutputError(f"{self.path} has answers of {', '.join(sorted(others))}; name another file for {model}.")
        end = entries[-1].end if entries else len(self._form.header)
        if end < size:
            self._file.truncate(end)
        return entries

    def _leave_out_failed(self, entries: list[Entry]) -> list[Entry]:
        # Beside it first and then in its place, so that an interruption loses nothing.
        partial = self.path.with_name(f"{self.path.name}.partial")
        kept: list[Entry] = []
        with self.path.open("rb") as old, partial.open("wb") as new:
            new.write(old.read(len(self._form.header)))
            for entry in entries:
                row = old.read(entry.end - old.tell())
                if not entry.failed:
                    new.write(row)
                    kept.append(entry)
            new.flush()
            os.fsync(new.fileno())
        partial.replace(self.path)
        self._file.close()
        self._file = self._lock(self.path.open("a+b", buffering=0))
        return kept


class OutputStream:
    """Rows on the standard output, as they come."""

    done: frozenset[str] = frozenset()
    failed = 0

    def __init__(self, form: Form, write: Callable[[bytes], object]) -> None:
        self._form = form
        self._write = write
        write(form.header)

    def write(self, name: str, outcome: Outcome) -> None:
        """Add a row."""
        self._write(self._form.encode(name, outcome))
