"""`argus classify` as a process that is interrupted, and run again."""

import csv
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.answering import AnsweringService, run_answering_service

ROOT = Path(__file__).parents[3]
COUNT = 40


@pytest.fixture
def service() -> Iterator[AnsweringService]:
    """A service that answers."""
    with run_answering_service() as service:
        yield service


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of images, each with its number in it."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(COUNT):
        (folder / f"{number:03}.jpg").write_bytes(b"%d" % number)
    return folder


def start(
    service: AnsweringService, folder: Path, *arguments: str, stderr: int = subprocess.PIPE
) -> "subprocess.Popen[str]":
    """The command, beside the folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "serve_app.cli", "classify", folder.name, "--url", service.url, *arguments],
        cwd=folder.parent,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def names(file: Path) -> list[str]:
    """The images that have a row."""
    with file.open(newline="") as rows:
        return [row["filename"] for row in csv.DictReader(rows)]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_keeps_what_was_done_and_goes_on(
    service: AnsweringService, photos: Path, number: signal.Signals, status: int
) -> None:
    """What was under way is answered, no further image is sent, and the next run sends each of the others once."""
    out = photos.parent / "out.csv"
    service.hold_after(10)
    command = start(service, photos, "--csv", "out.csv", "--concurrency", "4")
    service.wait_for(14)
    command.send_signal(number)
    service.release()
    _, errors = command.communicate(timeout=30)
    assert command.returncode == status, errors
    assert "Interrupted" in errors
    assert "goes on" in errors
    first = names(out)
    assert len(first) == len(service.images)
    assert 14 <= len(first) < COUNT
    again = start(service, photos, "--csv", "out.csv")
    _, errors = again.communicate(timeout=30)
    assert again.returncode == 0, errors
    assert sorted(names(out)) == [f"photos/{n:03}.jpg" for n in range(COUNT)]
    assert sorted(service.images) == sorted(b"%d" % n for n in range(COUNT))


def test_a_second_ctrl_c_ends_at_once(service: AnsweringService, photos: Path) -> None:
    """Nobody has to wait for a service that does not answer; the rows that were written stay."""
    service.hold_after(3)
    command = start(service, photos, "--csv", "out.csv", "--concurrency", "2")
    service.wait_for(5)
    out = photos.parent / "out.csv"
    while len(names(out)) < 3:
        pass
    command.send_signal(signal.SIGINT)
    assert command.stderr is not None
    assert "Ctrl-C again" in command.stderr.readline()
    command.send_signal(signal.SIGINT)
    command.communicate(timeout=30)
    assert command.returncode == 130
    assert len(names(out)) == 3


def test_a_killed_run_is_gone_on_with(service: AnsweringService, photos: Path) -> None:
    """Even without a chance to say good-bye, every row that was written is whole and counts."""
    service.hold_after(10)
    command = start(service, photos, "--csv", "out.csv", "--concurrency", "4")
    service.wait_for(14)
    command.kill()
    command.communicate(timeout=30)
    service.release()
    kept = set(names(photos.parent / "out.csv"))
    again = start(service, photos, "--csv", "out.csv")
    _, errors = again.communicate(timeout=30)
    assert again.returncode == 0, errors
    assert f"{len(kept)} of {COUNT} are in out.csv already" in errors
    assert sorted(names(photos.parent / "out.csv")) == [f"photos/{n:03}.jpg" for n in range(COUNT)]


def test_a_reader_that_has_seen_enough_ends_the_run(service: AnsweringService, photos: Path) -> None:
    """`argus classify photos | head -1` ends without a traceback."""
    command = start(service, photos, "--format", "jsonl")
    assert command.stdout is not None
    command.stdout.readline()
    command.stdout.close()
    assert command.stderr is not None
    errors = command.stderr.read()
    command.stderr.close()
    assert command.wait(30) == 1
    assert "Traceback" not in errors


def test_a_terminal_shows_how_far_it_is(service: AnsweringService, photos: Path) -> None:
    """A bar with the count, while the run is under way; stdout has none of it."""
    service.hold_after(3)
    ours, theirs = pty.openpty()
    command = start(service, photos, "--format", "jsonl", "--concurrency", "2", stderr=theirs)
    os.close(theirs)
    shown = ""
    while "3/40" not in shown:
        shown += os.read(ours, 4096).decode()
    service.release()
    drain = threading.Thread(target=read_to_the_end, args=(ours,))
    drain.start()
    output, _ = command.communicate(timeout=30)
    drain.join()
    assert command.returncode == 0
    assert len(output.splitlines()) == COUNT
    assert "3/40" not in output


def read_to_the_end(terminal: int) -> None:
    """Take what the command still shows, so that it need not wait."""
    with suppress(OSError):  # which is how a terminal says that the other side has gone
        while os.read(terminal, 4096):
            pass
    os.close(terminal)
