"""The README's examples, run as they stand against the real service (on the port of the tests)."""

import contextlib
import io
import json
import re
import shlex
import subprocess

import pytest

from tests.e2e.serving import ROOT, RunningService

pytestmark = pytest.mark.timeout(300)

README = (ROOT / "README.md").read_text()


def test_the_first_call_gives_the_answer_that_it_shows(real_service: RunningService) -> None:
    """The curl line of the first screen, and the JSON below it, but for ids and times."""
    block = re.search(r"```\n\$ (curl .*?)\n(.*?)```", README, re.DOTALL)
    assert block
    command = shlex.split(block[1].replace("http://127.0.0.1:8000", real_service.url))
    answer = json.loads(subprocess.run([*command, "-sf"], cwd=ROOT, check=True, capture_output=True).stdout)
    shown = json.loads(block[2])
    assert answer.keys() == shown.keys()
    (result,), (expected,) = answer["results"], shown["results"]
    assert result.keys() == expected.keys()
    assert [p["label"] for p in result["predictions"]] == [p["label"] for p in expected["predictions"]]
    assert {p: result[p] for p in ("filename", "width", "height")} == {
        p: expected[p] for p in ("filename", "width", "height")
    }


def test_the_python_example_runs(real_service: RunningService, monkeypatch: pytest.MonkeyPatch) -> None:
    """It prints a label and a score."""
    block = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert block
    monkeypatch.chdir(ROOT)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(block[1].replace("http://127.0.0.1:8000", real_service.url), {})  # noqa: S102  # the example is ours
    line = re.fullmatch(r"(.+) ([0-9.]+)\n", printed.getvalue())
    assert line
    label, score = line.groups()
    assert "cat" in label or label == "tabby"
    assert 0 < float(score) <= 1
