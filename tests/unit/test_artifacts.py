"""Artifacts: what their folder says, when they are found again, when they are made again. No torch."""

import json
from pathlib import Path
from typing import Any

import pytest

from serve_app.artifacts import (
    Artifact,
    ExportRequest,
    ModelCard,
    artifact_root,
    ensure_artifact,
    find_artifact,
    open_artifact,
)
from serve_app.artifacts.export_process import export_in_subprocess
from serve_app.artifacts.folder import MANIFEST, check_artifact
from serve_app.artifacts.references import reference_key
from serve_app.errors import ArtifactInvalid, SetupError, WeightsUnavailable
from tests.fake_export import SPEC, FakeExporter


class Workshop:
    """A root, a weights file and an exporter that counts."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "artifacts"
        self.weights = folder / "weights.pth"
        self.weights.write_bytes(b"weights")
        self.exporter = FakeExporter(self.weights)

    def ensure(self, **options: Any) -> Artifact:
        return ensure_artifact(
            SPEC, runtime="openvino", precision="fp32", root=self.root, exporter=self.exporter, **options
        )

    def find(self) -> Artifact | None:
        return find_artifact(SPEC, runtime="openvino", precision="fp32", root=self.root)

    @property
    def reference(self) -> Path:
        return self.root / "refs" / f"{reference_key(SPEC, 'openvino', 'fp32')}.json"


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_a_card_survives_json(workshop: Workshop) -> None:
    """What is written to artifact.json is what is read, types included."""
    card = workshop.ensure().card
    assert ModelCard.from_dict(json.loads(json.dumps(card.to_dict()))) == card
    assert card.num_classes == 2


def test_nothing_is_found_before_it_is_made(workshop: Workshop) -> None:
    """An empty root has no artifacts, and looking does not create it."""
    assert workshop.find() is None
    assert not workshop.root.exists()


def test_an_artifact_is_exported_once(workshop: Workshop) -> None:
    """The second call finds what the first made."""
    made = workshop.ensure()
    assert workshop.ensure() == made
    assert workshop.find() == made
    assert workshop.exporter.exports == 1


def test_changed_weights_are_exported_again(workshop: Workshop) -> None:
    """An artifact belongs to the weights file that it was made of."""
    workshop.ensure()
    workshop.weights.write_bytes(b"other weights")
    assert workshop.find() is None
    workshop.ensure()
    assert workshop.exporter.exports == 2


def test_an_artifact_outlives_its_weights_file(workshop: Workshop) -> None:
    """Artifacts can be shipped without the weights that they were made of."""
    made = workshop.ensure()
    workshop.weights.unlink()
    assert workshop.find() == made


def test_another_library_version_is_exported_again(workshop: Workshop) -> None:
    """An upgrade of torch or OpenVINO must not serve a graph that the older one made."""
    workshop.ensure()
    values = json.loads(workshop.reference.read_text())
    values["versions"]["openvino"] = "2020.1"
    workshop.reference.write_text(json.dumps(values))
    assert workshop.find() is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"artifact": "../elsewhere"}', '{"versions": 3}'])
def test_a_damaged_reference_is_no_reference(workshop: Workshop, text: str) -> None:
    """A reference that cannot be read leads to a new export, never to an error or out of the root."""
    workshop.ensure()
    workshop.reference.write_text(text)
    assert workshop.find() is None
    workshop.ensure()
    assert workshop.exporter.exports == 2


def _remove_model(folder: Path) -> None:
    (folder / "model.bin").unlink()


def _cut_model(folder: Path) -> None:
    (folder / "model.bin").write_bytes(b"ha")


def _remove_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def _cut_manifest(folder: Path) -> None:
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text[: len(text) // 2])


def _make_manifest_a_list(folder: Path) -> None:
    (folder / MANIFEST).write_text("[1, 2]")


def _take_the_labels(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    del manifest["card"]["labels"]
    (folder / MANIFEST).write_text(json.dumps(manifest))


def _age_the_schema(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "schema": 0}))


@pytest.mark.parametrize(
    "damage",
    [
        _remove_model,
        _cut_model,
        _remove_manifest,
        _cut_manifest,
        _make_manifest_a_list,
        _take_the_labels,
        _age_the_schema,
    ],
)
def test_a_damaged_artifact_is_refused_and_made_again(workshop: Workshop, damage: Any) -> None:
    """Opening says what is wrong and what to delete; ensuring heals it without being told."""
    path = workshop.ensure().path
    damage(path)
    with pytest.raises(ArtifactInvalid, match=str(path)):
        open_artifact(path)
    assert workshop.find() is None
    assert workshop.ensure() == open_artifact(path)
    assert workshop.exporter.exports == 2


def test_changed_bytes_of_the_same_length_are_seen_before_they_are_used(workshop: Workshop) -> None:
    """Sizes do not show flipped bits; the check that runs before loading does."""
    artifact = workshop.ensure()
    check_artifact(artifact)
    (artifact.path / "model.bin").write_bytes(b"half and HALF")
    with pytest.raises(ArtifactInvalid, match="SHA-256"):
        check_artifact(artifact)


def test_an_error_of_the_export_leaves_nothing_behind(workshop: Workshop) -> None:
    """The error passes through, no folder stays, and the next call can succeed."""

    def fail() -> None:
        raise WeightsUnavailable("no weights today")

    workshop.exporter.half_way = fail
    with pytest.raises(WeightsUnavailable, match="no weights today"):
        workshop.ensure()
    assert list((workshop.root / "tmp").iterdir()) == []
    workshop.exporter.half_way = lambda: None
    assert workshop.ensure() == workshop.find()


def test_specs_runtimes_and_precisions_have_references_of_their_own(tmp_path: Path) -> None:
    """Nothing that changes the artifact shares a reference."""
    keys = [
        reference_key(spec, runtime, precision)
        for spec in ("resnet50", "resnet50:IMAGENET1K_V1", "resnet50:IMAGENET1K_V2", "resnet18")
        for runtime in ("openvino", "torch")
        for precision in ("fp32", "bf16")
    ]
    assert len(set(keys)) == len(keys)


def test_two_torch_caches_have_references_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A weights file of the same name in another TORCH_HOME is another file; packaged weights do not lie there."""
    keys = []
    for name in ("one", "two"):
        monkeypatch.setenv("TORCH_HOME", str(tmp_path / name))
        keys.append((reference_key("resnet50", "torch", "fp32"), reference_key(SPEC, "torch", "fp32")))
    assert keys[0][0] != keys[1][0]
    assert keys[0][1] == keys[1][1]


def test_the_root_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """ARGUS_ARTIFACTS first, then the user's cache folder; asked at each call."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("ARGUS_ARTIFACTS", raising=False)
    assert artifact_root() == tmp_path / "argus" / "artifacts"
    monkeypatch.setenv("ARGUS_ARTIFACTS", str(tmp_path / "elsewhere"))
    assert artifact_root() == tmp_path / "elsewhere"


def test_a_root_that_cannot_be_written_is_named(workshop: Workshop) -> None:
    """A file where the folder should be: the error names the place and the variable that moves it."""
    workshop.root.write_text("a file")
    with pytest.raises(SetupError, match=r"artifacts.*ARGUS_ARTIFACTS"):
        workshop.ensure()


@pytest.mark.parametrize("option", [{"runtime": "onnx"}, {"precision": "int4"}])
def test_a_runtime_or_precision_that_does_not_exist_is_refused(tmp_path: Path, option: dict[str, str]) -> None:
    """The error names the ones that do."""
    with pytest.raises(SetupError, match="Use auto, "):
        find_artifact(SPEC, root=tmp_path, **option)


def test_a_read_only_root_still_serves(workshop: Workshop) -> None:
    """An artifact baked into an image is found without a lock, a reference or anything else being written."""
    made = workshop.ensure()
    before = sorted((str(path), path.stat().st_mtime_ns) for path in workshop.root.rglob("*"))
    workshop.root.chmod(0o500)
    try:
        assert workshop.ensure() == made
    finally:
        workshop.root.chmod(0o700)
    assert sorted((str(path), path.stat().st_mtime_ns) for path in workshop.root.rglob("*")) == before


def test_a_crashed_export_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """A child that dies without an answer: the operator sees its code and its last words."""
    request = ExportRequest(spec=SPEC, runtime="onnx", precision="fp32", root=tmp_path, lock_fd=0)
    with pytest.raises(SetupError, match=r"(?s)ended with code 2.*invalid choice: 'onnx'"):
        export_in_subprocess(request, pytest.fail)
