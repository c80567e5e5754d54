"""Every place that the rows of one run go to, as its arguments say: files, and stdout."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from serve_app.cli.classify.outputs import OutputFile, OutputStream
from serve_app.cli.classify.rows import CsvForm, Form, JsonForm
from serve_app.cli.classify.table import OutputTable


class Destinations:
    """Opened ones; use as a context manager. order: the images, where they are known. Raises OutputError.

    csv, jsonl: files; format: of stdout, None for what suits it. file_options: see OutputFile.
    """

    def __init__(
        self,
        *,
        csv: Path | None,
        jsonl: Path | None,
        format: str | None,  # noqa: A002  # it is the option's name
        top_k: int,
        order: Sequence[str],
        **file_options: Any,
    ) -> None:
        self._stack = ExitStack()
        forms: dict[str, Form] = {"csv": CsvForm(top_k), "jsonl": JsonForm()}
        with self._stack:  # A second file that cannot be opened closes the first.
            self.files = [
                self._stack.enter_context(OutputFile(path, forms[name], **file_options))
                for name, path in (("csv", csv), ("jsonl", jsonl))
                if path is not None
            ]
            self._stack = self._stack.pop_all()
        if format is None and not self.files:
            format = "table" if sys.stdout.isatty() else "jsonl"  # noqa: A001  # the option's name
        self._table = OutputTable(order) if format == "table" else None
        self._stream = None if format in {None, "table"} else OutputStream(forms[str(format)], _print)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    @property
    def all(self) -> list[Any]:
        """Each of them, to write to."""
        return [*self.files, *(one for one in (self._table, self._stream) if one is not None)]

    @property
    def where(self) -> str:
        """The files' names, for a sentence; empty without files."""
        return " and ".join(str(file.path) for file in self.files)

    @property
    def failed(self) -> int:
        """Images of earlier runs that have a row that says why they failed."""
        return max((file.failed for file in self.files), default=0)

    def have(self, name: str) -> bool:
        """Whether every file has a row for this image, so that it need not be classified."""
        return bool(self.files) and all(name in file.done for file in self.files)

    def show(self) -> None:
        """Print what is printed at the end."""
        if self._table is not None:
            self._table.show()


def _print(row: bytes) -> None:
    sys.stdout.buffer.write(row)
    sys.stdout.buffer.flush()
