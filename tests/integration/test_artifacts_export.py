"""The export as a process: a torchvision model from its weights file to its logits, errors, kills, and no call home."""

import os
import signal
import subprocess
import sys
import time
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torchvision.models import SqueezeNet1_1_Weights

from serve_app.artifacts import ensure_artifact, find_artifact, open_artifact
from serve_app.errors import WeightsUnavailable
from serve_app.export import export_artifact
from serve_app.preprocessing import Interpolation, Preprocessing, preprocess
from serve_app.runtimes import load_runtime
from tests.photos import gradient

# Each export starts a process that imports torch; several seconds on an idle machine.
pytestmark = pytest.mark.timeout(300)

REPOSITORY = Path(__file__).parents[2]
WEIGHTS = SqueezeNet1_1_Weights.IMAGENET1K_V1


def make_module() -> torch.nn.Module:
    """SqueezeNet 1.1 with random weights, the same each time."""
    torch.manual_seed(0)
    module: torch.nn.Module = torchvision.models.squeezenet1_1()
    return module.eval()


@pytest.fixture(scope="module")
def torch_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A torch cache that holds the file of SqueezeNet's weights, under the name that torchvision gives it."""
    home = tmp_path_factory.mktemp("torch")
    path = home / "hub" / "checkpoints" / "squeezenet1_1-b8a52dc0.pth"
    path.parent.mkdir(parents=True)
    torch.save(OrderedDict(make_module().state_dict()), path)
    return home


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture(autouse=True)
def environment(torch_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(torch_home))
    monkeypatch.setenv("ARGUS_OFFLINE", "1")


def test_a_torchvision_model_answers_as_torchvision_does(root: Path) -> None:
    """Its own categories and preprocessing, and the logits of torchvision's own transforms and module."""
    said: list[str] = []
    artifact = ensure_artifact("squeezenet1_1", runtime="openvino", precision="fp32", root=root, report=said.append)
    assert said == ["exporting squeezenet1_1 for openvino (fp32)"]
    assert artifact.card.weights == "IMAGENET1K_V1"
    assert artifact.card.labels == tuple(WEIGHTS.meta["categories"])
    assert artifact.card.preprocessing == Preprocessing(
        256, 224, Interpolation.BILINEAR, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    )

    # A short side of 256 leaves the resize nothing to do: what is compared is crop, normalisation and the graph.
    image = gradient(256, 256)
    with torch.inference_mode():
        expected = make_module()(WEIGHTS.transforms()(image)[None]).numpy()
    pixels = preprocess(image, artifact.card.preprocessing)
    np.testing.assert_allclose(load_runtime(artifact).infer(pixels[None]), expected, atol=1e-4)

    again = ensure_artifact("squeezenet1_1", runtime="openvino", precision="fp32", root=root, report=pytest.fail)
    assert again == artifact


def test_the_torch_runtime_gives_the_same_logits(root: Path) -> None:
    """The other runtime, from its own artifact, with photos larger than the input."""
    artifacts = [export_artifact("squeezenet1_1", runtime, "fp32", root, print) for runtime in ("openvino", "torch")]
    assert artifacts[0].card.labels == artifacts[1].card.labels
    image = Image.effect_noise((500, 400), 80).convert("RGB")
    pixels = np.stack([preprocess(image, artifacts[0].card.preprocessing)] * 2)
    openvino, torched = (load_runtime(artifact).infer(pixels) for artifact in artifacts)
    np.testing.assert_allclose(openvino, torched, atol=1e-4)


def test_an_error_of_the_child_arrives_as_it_was_raised(tmp_path: Path, torch_home: Path) -> None:
    """The operator reads the cause and the remedy, not the log of a child process."""
    with pytest.raises(WeightsUnavailable) as unavailable:
        ensure_artifact("resnet18", runtime="openvino", precision="fp32", root=tmp_path)
    path = torch_home / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    assert str(unavailable.value) == (
        "The weights of resnet18 are not on this machine, and ARGUS_OFFLINE forbids to download them. "
        f"Fetch https://download.pytorch.org/models/resnet18-f37072fd.pth where there is internet and put it at {path}"
    )
    assert not list(tmp_path.glob("resnet18-*"))


def test_an_export_that_is_killed_can_be_repeated(tmp_path: Path) -> None:
    """Kill -9 while the folder is being written: nothing has the final name; the next export is whole and cleans up."""
    command = [sys.executable, "-m", "serve_app.export", "squeezenet1_1"]
    command += ["--runtime", "torch", "--precision", "fp32", "--root", str(tmp_path)]
    child = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    staged = tmp_path / "tmp"
    while not (staged.is_dir() and list(staged.iterdir())):
        assert child.poll() is None
        time.sleep(0.001)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert find_artifact("squeezenet1_1", runtime="torch", precision="fp32", root=tmp_path) is None

    artifact = export_artifact("squeezenet1_1", "torch", "fp32", tmp_path, print)
    assert open_artifact(artifact.path) == artifact
    assert load_runtime(artifact).infer(np.zeros((1, 224, 224, 3), np.uint8)).shape == (1, 1000)
    assert list(staged.iterdir()) == []


def run_guarded(code: str, folder: Path) -> tuple[str, str]:
    """Run code for a user who never said no to telemetry, outside of CI; what it printed, and whom it tried to call."""
    home = folder / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")}
    log = folder / "network.log"
    result = subprocess.run(
        [sys.executable, "-m", "tests.network_guard", code, str(log)],
        cwd=REPOSITORY,
        env={**kept, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not (home / "intel").exists(), "OpenVINO's telemetry has written its files"
    return result.stdout, log.read_text()


def test_nobody_is_called_during_export_and_loading(tmp_path: Path) -> None:
    """From the weights file to the logits: no name is looked up, nothing is connected, no identifier is written."""
    code = f"""
from pathlib import Path
import numpy as np
from serve_app.export import export_artifact
from serve_app.runtimes import load_runtime
artifact = export_artifact("squeezenet1_1", "openvino", "fp32", Path({str(tmp_path / "artifacts")!r}), print)
print(load_runtime(artifact).infer(np.zeros((1, 224, 224, 3), np.uint8)).shape)
"""
    printed, calls = run_guarded(code, tmp_path)
    assert printed.splitlines()[-1] == "(1, 1000)"
    assert calls == ""


def test_the_guard_sees_what_it_is_there_for(tmp_path: Path) -> None:
    """A look-up in the process itself and one in a process that it forks are both written down."""
    code = """
import multiprocessing, socket
def call(host):
    try:
        socket.getaddrinfo(host, 443)
    except ConnectionRefusedError:
        pass
call("parent.invalid")
child = multiprocessing.get_context("fork").Process(target=call, args=("child.invalid",))
child.start()
child.join()
"""
    _, calls = run_guarded(code, tmp_path)
    assert "parent.invalid" in calls
    assert "child.invalid" in calls
