"""Several processes that want one artifact, and processes that die in the middle of making it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve_app.artifacts import ensure_artifact, find_artifact
from serve_app.artifacts.staging import publish_folder, stage_folder
from tests.fake_export import FINAL, SPEC, FakeExporter

Child = subprocess.Popen[str]


class Nursery:
    """Starts processes that export the same thing, and ends those that are left."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "artifacts"
        self.weights = folder / "weights.pth"
        self.weights.write_bytes(b"weights")
        self.children: list[Child] = []

    def start(self) -> Child:
        command = [sys.executable, "-m", "tests.fake_export", str(self.root), str(self.weights)]
        child = subprocess.Popen(
            command,
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.children.append(child)
        return child

    def end(self) -> None:
        for child in self.children:
            child.kill()
            child.communicate()


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path)
    yield nursery
    nursery.end()


def read_line(child: Child) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def test_a_second_process_waits_and_reuses(nursery: Nursery) -> None:
    """While one exports, another says that it waits; then both have the artifact, which was exported once."""
    first = nursery.start()
    assert read_line(first) == "half way"
    second = nursery.start()
    assert read_line(second) == f"waiting for another process that is exporting {SPEC}"
    assert find_artifact(SPEC, runtime="openvino", precision="fp32", root=nursery.root) is None
    assert first.communicate("go\n")[0].strip() == "exports: 1"
    assert second.communicate()[0].strip() == "exports: 0"
    assert first.returncode == second.returncode == 0
    assert find_artifact(SPEC, runtime="openvino", precision="fp32", root=nursery.root) is not None


def test_a_killed_export_leaves_no_artifact_and_blocks_nobody(nursery: Nursery) -> None:
    """After kill -9 half way: nothing under the final name, the next export succeeds and sweeps the remains."""
    child = nursery.start()
    assert read_line(child) == "half way"
    child.kill()
    child.wait()
    assert not (nursery.root / FINAL).exists()
    assert len(list((nursery.root / "tmp").iterdir())) == 1

    exporter = FakeExporter(nursery.weights)
    artifact = ensure_artifact(SPEC, runtime="openvino", precision="fp32", root=nursery.root, exporter=exporter)
    assert (artifact.path / "model.bin").read_bytes() == b"half and half"
    assert list((nursery.root / "tmp").iterdir()) == []


def test_an_export_under_way_is_not_swept(nursery: Nursery) -> None:
    """Another export in the same root leaves a living process's folder alone."""
    child = nursery.start()
    assert read_line(child) == "half way"
    exporter = FakeExporter(nursery.weights)
    ensure_artifact(SPEC, runtime="openvino", precision="bf16", root=nursery.root, exporter=exporter)
    assert len(list((nursery.root / "tmp").iterdir())) == 1
    assert child.communicate("go\n")[0].strip() == "exports: 1"


def test_publishing_replaces_a_whole_folder(tmp_path: Path) -> None:
    """A damaged folder under the final name goes as one; no file of it is mixed with the new ones."""
    final = tmp_path / "final"
    final.mkdir()
    (final / "old").write_text("old")
    with stage_folder(tmp_path) as folder:
        (folder / "new").write_text("new")
        publish_folder(folder, final)
    assert [path.name for path in final.iterdir()] == ["new"]
    assert list((tmp_path / "tmp").iterdir()) == []
