"""A load test from the command line to its report, against services that run."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.load.records import read_records
from tests.e2e.fake_service import FakeService
from tests.e2e.serving import ROOT, RunningService

pytestmark = pytest.mark.timeout(300)
PATIENCE_S = 240.0


def start_load(url: str, folder: Path, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.load", "steady", "--url", url, "--out", str(folder), *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_a_short_steady_load_leaves_a_whole_report(real_service: RunningService, tmp_path: Path) -> None:
    """The real service answers each photo, and the files say so."""
    with start_load(real_service.url, tmp_path, "--seconds", "3", "--rate", "10") as load:
        said, _ = load.communicate(timeout=PATIENCE_S)
    assert load.returncode == 0, said
    assert said.splitlines()[-1] == f"Report: {tmp_path / 'report.html'}"
    records = read_records(tmp_path / "records.jsonl")
    assert len(records.sent) == 15
    assert all(one.is_served for one in records.sent)
    assert {look.running for look in records.looks} == {1}
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["whole"]["failed"] == 0
    assert 0 < figures["whole"]["p50_ms"] <= figures["whole"]["p99_ms"]
    assert figures["settings"]["unloaded_p99_ms"] > 0
    with Image.open(tmp_path / "load.png") as picture:
        assert min(picture.size) > 1000
    page = (tmp_path / "report.html").read_text()
    assert re.search(r'class="holds">.{1,40}holds</span><span>No request failed', page)
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_ctrl_c_ends_the_load_and_leaves_a_report(fake_service: FakeService, tmp_path: Path) -> None:
    """Of what was seen until then, and with the exit status of an interruption."""
    fake_service.reset()
    with start_load(fake_service.url, tmp_path, "--seconds", "600", "--rate", "40", "--limit-s", "900") as load:
        assert load.stdout is not None
        deadline = time.monotonic() + PATIENCE_S
        while "served/s" not in (line := load.stdout.readline()):
            assert line, "it ended before the load began"
            assert time.monotonic() < deadline
        load.send_signal(signal.SIGINT)
        said = load.stdout.read()
    assert load.returncode == 130
    assert "Not the whole scenario: interrupted." in said
    assert read_records(tmp_path / "records.jsonl").settings["ran_s"] < 600
    assert "Not the whole scenario: interrupted" in (tmp_path / "report.html").read_text()
