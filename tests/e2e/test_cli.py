"""`argus` against the real service, in a terminal of eighty columns; and the samples of docs/cli.md as they stand."""

import csv
import json
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.serving import ROOT, TORCHVISION_MODEL, RunningService

pytestmark = pytest.mark.timeout(300)

DOCUMENT = (ROOT / "docs" / "cli.md").read_text()
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def run(service: RunningService, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """`argus` in a pipe."""
    command = [sys.executable, "-m", "serve_app.cli", *map(str, arguments)]
    environment = {**os.environ, "ARGUS_SERVICE_URL": service.url}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def type_in(service: RunningService, line: str) -> str:
    """What a terminal of eighty columns shows after this line was typed, without colours; fails unless it went well."""
    command = [sys.executable, "-m", "serve_app.cli", *shlex.split(line.removeprefix("argus "))]
    environment = {**os.environ, "ARGUS_SERVICE_URL": service.url, "COLUMNS": "80", "TERM": "xterm"}
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    finally:
        os.close(theirs)
    shown = b""
    try:
        while piece := _read(ours):
            shown += piece
    finally:
        os.close(ours)
    assert process.wait(60) == 0, shown
    return _ESCAPES.sub("", shown.decode()).replace("\r", "")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed, as Linux says it
        return b""


def sample(line: str) -> list[str]:
    """The lines that docs/cli.md shows below a command."""
    block = re.search(rf"```\n\$ {re.escape(line)}\n(.*?)```", DOCUMENT, re.DOTALL)
    assert block, f"docs/cli.md has no sample of {line}"
    return [text.rstrip() for text in block[1].splitlines()]


def lines_of(text: str) -> list[str]:
    """Without the spaces that a table ends with."""
    return [line.rstrip() for line in text.splitlines()]


def test_models_are_those_that_are_served(real_service: RunningService) -> None:
    """Both, with what the documented table shows of the first; its precision is the machine's."""
    heading, row, *_ = lines_of(type_in(real_service, "argus models"))
    shown = sample("argus models")
    assert heading == shown[0]
    assert row.split()[0] == shown[1].split()[0] == "efficientnet_lite0"
    names = [line.split("\t")[0] for line in run(real_service, "models").stdout.splitlines()]
    assert names == ["efficientnet_lite0", TORCHVISION_MODEL]


def test_the_search_in_the_labels_is_as_documented(real_service: RunningService) -> None:
    """Word for word."""
    line = "argus labels --search espresso"
    assert lines_of(type_in(real_service, line)) == sample(line)


def test_the_status_is_as_documented(real_service: RunningService) -> None:
    """The same lines, whatever their figures are."""

    def name(line: str) -> str:
        return re.split(r"\s{2,}", line)[0]

    shown = [name(line) for line in sample("argus status")][1:]
    assert [name(line) for line in lines_of(type_in(real_service, "argus status"))][1:] == shown
    document = json.loads(run(real_service, "status", "--json").stdout)
    assert document["replicas"]["running"] >= 1
    assert document["complete"] is True


def test_the_accuracy_on_the_bundled_photos_is_as_documented(real_service: RunningService) -> None:
    """The same figures and confusions; the version is the machine's, since it counts the precision."""

    def without_version(lines: list[str]) -> list[str]:
        return [re.sub(r"^(efficientnet_lite0) \w+:", r"\1:", line) for line in lines if line]

    shown = without_version(sample("argus accuracy assets/examples"))
    found = without_version(lines_of(type_in(real_service, "argus accuracy assets/examples")))
    assert found[-len(shown) :] == shown


def test_accuracy_writes_a_table_and_a_picture(real_service: RunningService, tmp_path: Path) -> None:
    """From a folder for each class, of the model that is asked for."""
    for photo, label in (("cat", "tabby"), ("coffee", "967"), ("rocket", "wrong")):
        (tmp_path / "photos" / label).mkdir(parents=True)
        (tmp_path / "photos" / label / "a.jpg").symlink_to(ROOT / "assets" / "examples" / f"{photo}.jpg")
    files = ("--csv", tmp_path / "out.csv", "--confusion", tmp_path / "out.png", "--json")
    result = run(real_service, "accuracy", tmp_path / "photos", *files)
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["photos"] == 2
    assert [one["given"] for one in document["unmatched"]] == ["wrong"]
    with (tmp_path / "out.csv").open() as file:
        rows = {row["label"]: row for row in csv.DictReader(file)}
    assert rows["espresso"]["rank"] == "1"
    with Image.open(tmp_path / "out.png") as image:
        assert image.width > 100


def test_a_missing_key_is_refused_with_where_it_goes(real_service: RunningService) -> None:
    """Once, and not for each photo."""
    refused = run(real_service, "accuracy", "assets/examples", "--url", real_service.keyed_url)
    assert refused.returncode == 3
    assert "ARGUS_API_KEY" in refused.stderr
