"""What becomes of notes: told in a thread, batched, bounded, and never at a request's expense."""

import itertools
import json
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from serve_app.journal import Finished, Journal
from serve_app.log_lines import LineWriter
from serve_app.settings import ObservabilitySettings
from tests.telling import ORIGIN, Told, make_journal

ALL = ObservabilitySettings(request_log="all")


def finished(number: int = 0, **state: Any) -> Finished:
    return Finished(0.0, 0.01, 200, "POST", "/v1/classify", "/v1/classify", True, {"request_id": str(number), **state})


class KeptLines:
    """Keeps what it is given to write, and in which thread."""

    def __init__(self) -> None:
        self.writes: list[list[str]] = []
        self.threads: set[int] = set()
        self.failing = False
        self.written = threading.Event()

    def render(self, finished: Finished, clock_offset: float, trace_id: str | None) -> str:
        if self.failing:
            raise OSError("no space left")
        return str(finished.state["request_id"])

    def render_dropped(self, count: int, at: float) -> str:
        return f"dropped {count}"

    def write(self, lines: Sequence[str]) -> None:
        self.writes.append(list(lines))
        self.threads.add(threading.get_ident())
        self.written.set()

    def raise_alarm(self, line: str) -> None:
        raise AssertionError

    def close(self) -> None:
        pass


def test_lines_are_written_together_and_in_another_thread() -> None:
    """One write for what came since the last one, in its order."""
    lines = KeptLines()
    journal = Journal(ALL, lines, interval_s=3600)
    for number in range(150):
        journal.note(finished(number))
    assert lines.writes == []
    journal.close()
    assert lines.writes == [[str(number) for number in range(150)]]
    assert threading.get_ident() not in lines.threads


def test_a_flood_is_written_in_pieces() -> None:
    """No write is so large that it needs much memory."""
    lines = KeptLines()
    journal = Journal(ALL, lines, interval_s=3600)
    for number in range(1000):
        journal.note(finished(number))
    journal.close()
    assert max(map(len, lines.writes)) <= 200
    assert list(itertools.chain(*lines.writes)) == [str(number) for number in range(1000)]


def test_notes_are_told_without_being_asked_for() -> None:
    """The thread looks at the queue by itself."""
    lines = KeptLines()
    journal = Journal(ALL, lines, interval_s=0.001)
    journal.note(finished(7))
    assert lines.written.wait(60)
    assert lines.writes == [["7"]]
    journal.close()


def test_what_the_queue_cannot_hold_is_counted_and_the_count_is_told() -> None:
    """Memory is bounded, and nobody takes the log for complete."""
    lines = KeptLines()
    journal = Journal(ALL, lines, most_waiting=2, interval_s=3600)
    for number in range(5):
        journal.note(finished(number))
    journal.close()
    assert lines.writes == [["0", "1"], ["dropped 3"]]


def test_a_line_that_cannot_be_made_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The thread says so and goes on."""
    lines = KeptLines()
    lines.failing = True
    failed = threading.Event()
    log = logging.getLogger("serve_app.journal")

    def notice(record: logging.LogRecord) -> bool:
        failed.set()
        return True

    log.addFilter(notice)
    journal = Journal(ALL, lines, interval_s=0.001)
    journal.note(finished(1))
    assert failed.wait(60)
    log.removeFilter(notice)
    lines.failing = False
    journal.note(finished(2))
    assert lines.written.wait(60)
    journal.close()
    assert lines.writes == [["2"]]
    assert "could not be told" in caplog.text


def test_a_dropped_count_is_a_line_of_its_own(tmp_path: Path) -> None:
    """In the file, with its own event, so that a program finds it."""
    journal = make_journal(ALL, tmp_path, most_waiting=1)
    for number in range(3):
        journal.note(finished(number))
    journal.close()
    first, second = Told(tmp_path).lines
    assert (first["event"], first["request_id"]) == ("request", "0")
    assert (second["event"], second["level"], second["count"]) == ("requests_untold", "WARNING", 2)


def test_what_the_service_logs_has_the_same_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the request's id where it was given, the error where there is one, and on stderr too."""
    journal = make_journal(ALL, tmp_path)
    log = logging.getLogger("serve_app.somewhere")
    try:
        raise ValueError("why")
    except ValueError:
        log.exception("the %s failed", "model", extra={"request_id": "r-1"})
    log.debug("nobody wants this")
    journal.close()
    log.warning("not ours any more")
    (line,) = Told(tmp_path).lines
    assert (line["event"], line["level"], line["logger"]) == ("log", "ERROR", "serve_app.somewhere")
    assert (line["message"], line["request_id"], line["replica"]) == ("the model failed", "r-1", "r1")
    assert line["error"].endswith("ValueError: why\n")
    assert json.loads(capsys.readouterr().err.splitlines()[0]) == line


def test_a_full_file_is_set_aside(tmp_path: Path) -> None:
    """A replica keeps two files of the size that is set, and not more, however long it runs."""
    settings = ObservabilitySettings(request_log="all", log_max_bytes=4096)
    writer = LineWriter(settings, ORIGIN, tmp_path)
    for number in range(300):
        writer.write([writer.render(finished(number), 0.0, None)])
    writer.close()
    assert len(list(tmp_path.iterdir())) == 2
    assert all(path.stat().st_size <= 4096 for path in tmp_path.iterdir())
    assert Told(tmp_path).text.count('"request_id":"299"') == 1


def test_lines_can_go_to_stderr_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Once each, the alarming ones too."""
    journal = make_journal(ObservabilitySettings(request_log="all", log_to="stderr"), tmp_path / "none")
    journal.note(finished(1))
    journal.note(finished(2, unforeseen="Traceback"))
    logging.getLogger("serve_app.somewhere").warning("hot")
    journal.close()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert sorted(line.get("request_id", line.get("message")) for line in lines) == ["1", "2", "hot"]
    assert not (tmp_path / "none").exists()


def test_a_replica_s_name_makes_no_path(tmp_path: Path) -> None:
    """Names of applications are free; those of files are not."""
    writer = LineWriter(ALL, ORIGIN._replace(application="../a b/c"), tmp_path)
    writer.write(["{}"])
    writer.close()
    assert [path.name for path in tmp_path.iterdir()] == ["argus_.._a_b_c_ImageClassifier_r1.jsonl"]
