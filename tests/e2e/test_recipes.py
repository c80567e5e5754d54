"""The samples of docs/recipes.md, run as they stand against the real service (on the port of the tests)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.environment import Clients
from tests.e2e.serving import ROOT, RunningService

pytestmark = pytest.mark.timeout(300)

DOCUMENT = (ROOT / "docs" / "recipes.md").read_text()
SAMPLES = re.findall(r"```(sh|python)\n(.*?)```", DOCUMENT, re.DOTALL)
# What a sample says of the photo that it names; what sends no photo is told that there is none.
LABELS = {
    "cat.jpg": r"tabby|Egyptian cat|tiger cat",
    "coffee.jpg": "espresso",
    "rocket.jpg": "missile|projectile",
    "not a cat": "415 The bytes are not an image",
    "glob(": "coffee.jpg espresso",
}


def name_sample(sample: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", sample.lower())[:50]


def expect_labels(sample: str, said: str) -> None:
    expected = [labels for mark, labels in LABELS.items() if mark in sample]
    assert expected, sample
    for labels in expected:
        assert re.search(labels, said), said


@pytest.mark.parametrize("sample", [code for language, code in SAMPLES if language == "sh"], ids=name_sample)
def test_a_call_of_the_shell_runs(real_service: RunningService, sample: str) -> None:
    """It ends well and answers with the photo's label."""
    code = sample.replace("http://127.0.0.1:8000", real_service.url)
    command = ["/bin/bash", "-euo", "pipefail", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    expect_labels(sample, done.stdout)


@pytest.mark.parametrize("sample", [code for language, code in SAMPLES if language == "python"], ids=name_sample)
def test_a_script_runs(real_service: RunningService, clients: Clients, tmp_path: Path, sample: str) -> None:
    """In the environment that has its client; without a warning."""
    script = tmp_path / "sample.py"
    script.write_text(sample.replace("http://127.0.0.1:8000", real_service.url))
    python = str(clients.python) if "huggingface_hub" in sample else sys.executable
    command = [python, "-W", "error::DeprecationWarning:__main__", str(script)]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT) if "argus_client" in sample else ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    expect_labels(sample, done.stdout)


def test_every_client_has_its_section_and_its_sample() -> None:
    """The table at the top leads to something that runs."""
    for heading in re.findall(r"\]\(#([a-z_-]+)\)", DOCUMENT):
        title = heading.replace("-", " ")
        section = re.search(rf"^## {title}$(.*?)(?=^## |\Z)", DOCUMENT, re.DOTALL | re.MULTILINE | re.IGNORECASE)
        assert section, heading
        assert re.search(r"```(sh|python)\n", section[1]), heading
