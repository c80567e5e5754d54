"""What a log line says, and where it is written: one JSON object a line, for requests and for what the service says.

`journal` calls it from its thread, Python's `logging` from wherever something is logged. Never in a line: API keys,
headers, photos and their file names. Every field is in docs/logs-and-traces.md.
"""

import logging
import logging.handlers
import re
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from serve_app.journal import Finished, Origin
from serve_app.settings import ObservabilitySettings

# Whose records become lines: the service's own, and those of what sends its traces.
_LOGGERS = ("serve_app", "opentelemetry")
# A longer text loses its beginning, which is the framework's part of a trace of calls.
_MOST_ERROR_CHARACTERS = 8000


class LineWriter:
    """Writes lines to a file that is set aside when it is full, or to stderr. See `journal.Lines`.

    folder: of the file. What is logged as a warning or worse goes to stderr as well, and so does `raise_alarm`'s line.
    """

    def __init__(self, settings: ObservabilitySettings, origin: Origin, folder: Path) -> None:
        self._origin = origin
        stderr = logging.StreamHandler(sys.stderr)
        stderr.setLevel(logging.WARNING)
        self._target: logging.Handler = stderr
        self._alarm: logging.Handler | None = None
        if settings.log_to == "file":
            folder.mkdir(parents=True, exist_ok=True)
            self._alarm = stderr
            self._target = logging.handlers.RotatingFileHandler(
                folder / name_file(origin), maxBytes=settings.log_max_bytes, backupCount=1, encoding="utf-8", delay=True
            )
        self._handlers = [handler for handler in (self._target, self._alarm) if handler is not None]
        for handler in self._handlers:
            handler.setFormatter(_JsonFormatter(origin))
        for logger in map(logging.getLogger, _LOGGERS):
            logger.propagate = False
            for handler in self._handlers:
                logger.addHandler(handler)

    def render(self, finished: Finished, clock_offset: float, trace_id: str | None) -> str:
        """See `journal.Lines`."""
        level = "ERROR" if finished.status >= 500 else "INFO"
        fields = describe_request(finished) | ({} if trace_id is None else {"trace_id": trace_id})
        return _render(finished.at + clock_offset, level, "request", fields, self._origin)

    def render_dropped(self, count: int, at: float) -> str:
        """See `journal.Lines`."""
        return _render(at, "WARNING", "requests_untold", {"count": count}, self._origin)

    def write(self, lines: Sequence[str]) -> None:
        """See `journal.Lines`."""
        self._target.handle(_wrap("\n".join(lines)))

    def raise_alarm(self, line: str) -> None:
        """See `journal.Lines`."""
        if self._alarm is not None:
            self._alarm.handle(_wrap(line))

    def close(self) -> None:
        """See `journal.Lines`."""
        for logger in map(logging.getLogger, _LOGGERS):
            logger.propagate = True
            for handler in self._handlers:
                logger.removeHandler(handler)
        for handler in self._handlers:
            handler.close()


def describe_request(finished: Finished) -> dict[str, Any]:
    """The fields of a request's line; those of which nothing is known are left out."""
    state = finished.state
    fields: dict[str, Any] = {
        "request_id": state.get("request_id"),
        "method": finished.method,
        "route": finished.route,
        "status": finished.status,
        "code": state.get("problem"),
        "model": state.get("model"),
        "images": state.get("images"),
        "bytes": state.get("bytes"),
        "client": state.get("client"),
    }
    for stage, ms in state.get("server_timing", {}).items():
        fields[f"{stage}_ms"] = round(ms, 2)
    fields["total_ms"] = round(finished.seconds * 1e3, 2)
    fields["error"] = state.get("unforeseen")
    return {name: value for name, value in fields.items() if value is not None}


def describe_error(error: BaseException) -> str:
    """The error with the calls that led to it, as text: it holds none of their values, and keeps none in memory."""
    return "".join(traceback.format_exception(error))[-_MOST_ERROR_CHARACTERS:]


def name_file(origin: Origin) -> str:
    """The file of a replica's lines."""
    return "argus_" + re.sub(r"[^A-Za-z0-9._-]", "_", "_".join(origin)) + ".jsonl"


class _JsonFormatter(logging.Formatter):
    """A record of Python's `logging` -> a line. What `LineWriter` has rendered already stays as it is."""

    def __init__(self, origin: Origin) -> None:
        super().__init__()
        self._origin = origin

    def format(self, record: logging.LogRecord) -> str:
        if hasattr(record, "rendered"):
            return str(record.rendered)
        fields: dict[str, Any] = {"logger": record.name, "message": record.getMessage()}
        if (request_id := getattr(record, "request_id", None)) is not None:
            fields["request_id"] = request_id
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = describe_error(record.exc_info[1])
        return _render(record.created, record.levelname, "log", fields, self._origin)


def _wrap(rendered: str) -> logging.LogRecord:
    return logging.makeLogRecord({"rendered": rendered, "levelno": logging.CRITICAL})


def _render(at: float, level: str, event: str, fields: dict[str, Any], origin: Origin) -> str:
    time = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    document = {"time": time, "level": level, "event": event, **fields, **origin._asdict()}
    return orjson.dumps(document, default=str).decode()
