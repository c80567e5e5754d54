"""`argus export`: what it says of an artifact that is made or found. The export itself is a fake."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from serve_app.artifacts import Quantisation
from serve_app.cli.display import Display
from serve_app.cli.exits import ExitCode
from serve_app.cli.exporting import Exported, ExportOptions, describe, export
from serve_app.errors import SetupError
from tests.fake_export import FINAL, SPEC, FakeExporter
from tests.unit.cli.conftest import Argus


class Bench:
    """Exports with a fake exporter into a folder of its own; output: what the terminal shows."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "artifacts"
        weights = folder / "weights.pth"
        weights.write_bytes(b"weights")
        self.exporter = FakeExporter(weights)
        self.output = io.StringIO()

    def export(self, precision: str = "fp32", images: Path | None = None) -> Exported:
        options = ExportOptions(SPEC, "openvino", precision, images, 0.95, self.root)
        return export(options, Display(Console(file=self.output, width=100)), self.exporter)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_an_artifact_is_made_once(bench: Bench) -> None:
    """The first call exports and says so, the second finds it."""
    assert bench.export().is_new
    assert not bench.export().is_new
    assert bench.exporter.exports == 1
    said = bench.output.getvalue()
    assert "exported" in said
    assert "was there already" in said


def test_a_person_learns_where_it_is_and_what_is_in_it(bench: Bench) -> None:
    """Folder, files with sizes, precision, input, classes, license."""
    facts = dict(describe(bench.export()))
    assert facts["Folder"] == str(bench.root / FINAL)
    assert "model.bin (13 bytes)" in facts["Files"]
    assert facts["Runs in"] == "openvino, fp32"
    assert facts["Input"] == "short side to 32 px (bicubic), centre 28 x 28 px, RGB"
    assert facts["Classes"] == "2, from red to green"
    assert facts["License"] == "CC0-1.0"
    assert "Agreement" not in facts


def test_int8_says_how_far_it_agrees(bench: Bench, tmp_path: Path) -> None:
    """With the share, and on how many photos it was checked."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"photo")
    bench.exporter.quantisation = Quantisation(300, 700, 0.973, "0" * 64)
    facts = dict(describe(bench.export("int8", tmp_path / "photos")))
    assert facts["Agreement"] == "97.3% with fp32 on 700 photos; calibrated on 300"


def test_an_export_that_fails_leaves_a_failed_step(bench: Bench) -> None:
    """The reason goes on to the caller, who tells it once."""

    def fail() -> None:
        raise SetupError("No room.")

    bench.exporter.half_way = fail
    with pytest.raises(SetupError, match=r"No room\."):
        bench.export()
    assert "✗" in bench.output.getvalue()


@pytest.fixture
def made(bench: Bench) -> Bench:
    """With the artifact already there."""
    bench.export()
    return bench


def test_a_pipe_gets_the_folder_alone(argus: Argus, made: Bench) -> None:
    """So that it can be copied: rsync "$(argus export ...)"; what else is told goes to standard error."""
    result = argus("export", SPEC, "--precision", "fp32", "--runtime", "openvino", "--artifacts", made.root)
    assert result.exit_code == ExitCode.DONE
    assert result.stdout == f"{made.root / FINAL}\n"
    assert "was there already" in result.stderr


def test_json_has_the_whole_card(argus: Argus, made: Bench) -> None:
    """Where it is, whether it was made now, its files and what it says of itself."""
    arguments = ("--precision", "fp32", "--runtime", "openvino", "--artifacts", made.root, "--json")
    document = json.loads(argus("export", SPEC, *arguments).stdout)
    assert document["folder"] == str(made.root / FINAL)
    assert document["new"] is False
    assert document["card"]["labels"] == ["red", "green"]
    assert document["files"]["model.bin"] == 13


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["what is this"], "is not a model's name"),
        ([SPEC, "--precision", "int8"], "int8 is calibrated on photos"),
        ([SPEC, "--precision", "int8", "--runtime", "torch"], "int8 runs on OpenVINO alone"),
    ],
)
def test_what_cannot_be_exported_is_said_with_what_to_do(
    argus: Argus, tmp_path: Path, arguments: list[str], reason: str
) -> None:
    """An exit code of its own, and no traceback."""
    result = argus("export", *arguments, "--artifacts", tmp_path)
    assert result.exit_code == ExitCode.SETUP
    assert reason in result.stderr
    assert "Traceback" not in result.output
