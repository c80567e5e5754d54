"""Answer -> a row of CSV or a line of JSON; and back, as far as it takes to know what is done.

The columns are those of the page's CSV. A row is complete with its line's end, and only then.
"""

import csv
import io
import json
from dataclasses import asdict
from typing import Any, BinaryIO, NamedTuple, Protocol

from argus_client import Classification, ProblemError
from argus_client.many import Outcome


class Entry(NamedTuple):
    """What a file says of one image; end: bytes of the file up to the end of its row."""

    name: str
    failed: bool
    model: str
    end: int


class FormError(Exception):
    """A file that is not of this form, or was made with other options; says what is wrong with it."""


class Form(Protocol):
    """How rows are written and read; header: what a file begins with."""

    header: bytes

    def encode(self, name: str, outcome: Outcome) -> bytes:
        """A whole row."""

    def decode(self, file: "WholeLines") -> "list[Entry]":
        """Every whole row after the header. Raises FormError."""


def explain(error: Exception) -> str:
    """Why an image has no answer, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"The file cannot be read: {error.strerror}."
    return " ".join(str(error).split())


class WholeLines:
    """The lines of a file, one after the other, without a last one that is cut; end: bytes up to the last one given."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.end = 0

    def __iter__(self) -> "WholeLines":
        return self

    def __next__(self) -> str:
        line = self._file.readline()
        if not line.endswith(b"\n"):
            raise StopIteration
        self.end += len(line)
        return line.decode("utf-8", "surrogateescape")


class CsvForm:
    """A row for each image: file, size, status, error, labels with scores, origin."""

    def __init__(self, top_k: int) -> None:
        self._top_k = top_k
        labels = [name for n in range(1, top_k + 1) for name in (f"label_{n}", f"score_{n}")]
        self._columns = ["filename", "width", "height", "status", "error", *labels, "model", "version", "request_id"]
        self._buffer = io.StringIO()
        self._writer = csv.writer(self._buffer, lineterminator="\n")
        self.header = self._line(self._columns)

    def encode(self, name: str, outcome: Outcome) -> bytes:
        """See Form."""
        if not isinstance(outcome, Classification):
            request_id = outcome.request_id if isinstance(outcome, ProblemError) else None
            labels = [""] * (2 * self._top_k + 2)
            return self._line([name, "", "", "failed", explain(outcome), *labels, request_id or ""])
        labels = [part for one in outcome.predictions for part in (one.label, f"{one.score:.6f}")]
        labels += [""] * (2 * self._top_k - len(labels))
        origin = [outcome.model.name, outcome.model.version, outcome.request_id or ""]
        return self._line([name, outcome.width, outcome.height, "done", "", *labels, *origin])

    def decode(self, file: WholeLines) -> list[Entry]:
        """See Form."""
        entries: list[Entry] = []
        rows = csv.reader(file, strict=True)
        if next(rows, None) != self._columns:
            raise FormError(f"its columns are not those of --top-k {self._top_k}")
        try:
            for row in rows:
                if len(row) != len(self._columns) or row[3] not in {"done", "failed"}:
                    raise FormError(f"line {rows.line_num} is not a row of it")
                entries.append(Entry(row[0], row[3] == "failed", row[-3], file.end))
        except csv.Error as error:
            if "unexpected end" not in str(error):  # A name with a line's end in it may be cut there.
                raise FormError(f"line {rows.line_num}: {error}") from error
        return entries

    def _line(self, row: list[Any]) -> bytes:
        self._writer.writerow(row)
        line = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return line.encode("utf-8", "surrogateescape")


class JsonForm:
    """A line of JSON for each image."""

    header = b""

    def encode(self, name: str, outcome: Outcome) -> bytes:
        """See Form."""
        if isinstance(outcome, Classification):
            line: dict[str, Any] = {
                "filename": name,
                "status": "done",
                "width": outcome.width,
                "height": outcome.height,
                "predictions": [asdict(one) for one in outcome.predictions],
                "model": asdict(outcome.model),
                "request_id": outcome.request_id,
            }
        else:
            error: dict[str, Any] = {"detail": explain(outcome)}
            if isinstance(outcome, ProblemError):
                error = {"code": outcome.code, "status": outcome.status, **error, "request_id": outcome.request_id}
            line = {"filename": name, "status": "failed", "error": error}
        try:
            return json.dumps(line, ensure_ascii=False).encode() + b"\n"
        except UnicodeEncodeError:  # a name that is not UTF-8
            return json.dumps(line).encode() + b"\n"

    def decode(self, file: WholeLines) -> list[Entry]:
        """See Form."""
        entries: list[Entry] = []
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
                model = (row.get("model") or {}).get("name", "")
                entries.append(Entry(str(row["filename"]), row["status"] == "failed", model, file.end))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise FormError(f"line {number} is not one of its lines") from error
        return entries
