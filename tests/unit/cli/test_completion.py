"""What the shell offers after Tab."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from serve_app.catalog import ModelListing
from serve_app.cli import catalog_listing
from serve_app.cli.completion import complete_model_names, complete_weights
from tests.e2e.fake_service import FakeService
from tests.unit.cli.conftest import Argus


def test_models_of_the_running_service_are_offered(service: FakeService) -> None:
    """Those that begin with what was typed."""
    service.behaviour.two_models = True
    context = SimpleNamespace(params={"url": service.url})
    assert list(complete_model_names(context, "")) == ["efficientnet_lite0", "resnet50"]
    assert list(complete_model_names(context, "res")) == ["resnet50"]
    without_scheme = SimpleNamespace(params={"url": service.url.removeprefix("http://")})
    assert list(complete_model_names(without_scheme, "res")) == ["resnet50"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://[", "ftp://127.0.0.1"])
def test_a_service_that_is_not_there_offers_nothing(url: str) -> None:
    """No message in the middle of somebody's command line."""
    assert list(complete_model_names(SimpleNamespace(params={"url": url}), "")) == []


def test_weights_are_offered_from_the_known_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The packaged models always; torchvision's, and their weights after a colon, once they were listed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert list(complete_weights("eff")) == ["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"]
    catalog_listing._write((ModelListing("resnet50", ("V2", "V1")), ModelListing("vit_b_16", ("V1",))))
    assert list(complete_weights("res")) == ["resnet50"]
    assert list(complete_weights("resnet50:")) == ["resnet50:V2", "resnet50:V1"]


def test_the_shell_is_answered(argus: Argus, service: FakeService) -> None:
    """The command itself answers a shell's question with names, one a line."""
    question = {"_ARGUS_COMPLETE": "complete_bash", "COMP_WORDS": "argus labels eff", "COMP_CWORD": "2"}
    assert argus(**question).stdout.split() == ["efficientnet_lite0"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_the_command(argus: Argus, shell: str) -> None:
    """What `argus --install-completion` writes into the shell's configuration."""
    script = argus(_ARGUS_COMPLETE=f"source_{shell}").stdout
    assert "argus" in script
    assert f"complete_{shell}" in script
