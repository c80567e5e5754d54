"""Settings: validated, documented, and the same in serve_config.yaml."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from serve_app.settings import RemoteImageSettings, Settings

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
GPU = yaml.safe_load((ROOT / "deploy" / "serve_config.gpu.yaml").read_text())["applications"][0]
SPLIT = yaml.safe_load((ROOT / "deploy" / "serve_config.split.yaml").read_text())["applications"][0]


def fields(model: type[BaseModel], path: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, field in model.model_fields.items():
        found.append((f"{path}{name}", field))
        for section in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(section, type) and issubclass(section, BaseModel):
                found += fields(section, f"{path}{name}.")
    return found


def test_the_shipped_configuration_is_valid_and_equals_the_defaults() -> None:
    """serve_config.yaml shows what would hold without it."""
    assert Settings.model_validate(CONFIG["applications"][0]["args"]) == Settings()


@pytest.mark.parametrize(("path", "field"), fields(Settings), ids=lambda value: value if isinstance(value, str) else "")
def test_every_setting_is_documented(path: str, field: Any) -> None:
    """A setting has a description, or is a section whose class has a docstring."""
    section = field.annotation
    sections = [
        s for s in (section, *getattr(section, "__args__", ())) if isinstance(s, type) and issubclass(s, BaseModel)
    ]
    assert field.description or any(s.__doc__ for s in sections), f"{path} has no description"


@pytest.mark.parametrize(
    "path",
    ["unknown"]
    + [f"{name}.unknown" for name in ["limits", "inference", "overload", "access", "observability", "remote_images"]],
)
def test_unknown_keys_are_refused(path: str) -> None:
    """A typing error is found at start."""
    section, _, key = path.rpartition(".")
    values = {section: {key: 1}} if section else {key: 1}
    with pytest.raises(ValidationError, match="unknown"):
        Settings.model_validate(values)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"models": []}, "at least 1"),
        ({"models": [{}, {}]}, "same name"),
        ({"models": [{"precision": "int8"}]}, "needs calibration_images"),
        ({"models": [{"calibration_images": "photos"}]}, "is for precision: int8, not for auto"),
        ({"models": [{"precision": "int8", "calibration_images": "p", "runtime": "torch"}]}, "OpenVINO alone"),
        ({"models": [{"min_agreement": 1.5}]}, "less than or equal to 1"),
        ({"limits": {"max_image_bytes": 2**30}}, "above limits.max_request_bytes"),
        ({"limits": {"max_images": 512}}, "could never be served"),
        ({"limits": {"max_request_bytes": 2**30}}, "above overload.max_pending_bytes"),
        ({"observability": {"request_log": "some"}}, "'off', 'errors' or 'all'"),
        ({"observability": {"otlp_endpoint": "collector:4318"}}, "pattern"),
        ({"observability": {"sample_ratio": 1.1}}, "less than or equal to 1"),
        ({"overload": {"deadline_s": 0}}, "greater than 0"),
        ({"overload": {"deadline_s": float("nan")}}, "finite"),
        ({"remote_images": {"enabled": True, "timeout_s": 10}}, "not below overload.deadline_s"),
        ({"remote_images": {"enabled": True, "max_pending_bytes": 1024}}, "above remote_images.max_pending_bytes"),
        ({"remote_images": {"allowed_networks": ["10.1.2.3/8"]}}, "not a valid IPv4 network"),
        ({"remote_images": {"allowed_hosts": ["https://a.example"]}}, "pattern"),
        ({"remote_images": {"allowed_ports": [0]}}, "greater than or equal to 1"),
        ({"access": {"api_keys": [{"client": "a", "sha256": "secret"}]}}, "pattern"),
        ({"access": {"api_keys": [{"client": "a", "sha256": "0" * 64, "models": ["other"]}]}}, "not served: other"),
    ],
)
def test_values_that_cannot_work_are_refused_with_the_reason(values: dict[str, Any], reason: str) -> None:
    """The error says which setting and why."""
    with pytest.raises(ValidationError, match=reason):
        Settings.model_validate(values)


def test_off_is_off_as_yaml_writes_it() -> None:
    """YAML reads a bare off as false."""
    values = yaml.safe_load("observability: {request_log: off}")
    assert Settings.model_validate(values).observability.request_log == "off"


def test_fetching_is_off_and_each_of_its_settings_is_shown_with_its_default() -> None:
    """As it would stand in serve_config.yaml; what is off needs no other setting to fit."""
    document = (ROOT / "docs" / "remote-images.md").read_text()
    shown = yaml.safe_load(document.partition("```yaml\n")[2].partition("```")[0])["remote_images"]
    assert RemoteImageSettings.model_validate(shown) == RemoteImageSettings() == Settings().remote_images
    assert shown.keys() == RemoteImageSettings.model_fields.keys()
    assert shown["enabled"] is False
    assert Settings.model_validate({"overload": {"deadline_s": 1}}).remote_images.timeout_s > 1


def test_serve_leaves_the_refusal_to_the_service() -> None:
    """Ray's own limit would answer in plain text, so the service's must come first."""
    for deployment in (CONFIG["applications"][0]["deployments"][0], *GPU["deployments"], *SPLIT["deployments"]):
        assert deployment["max_ongoing_requests"] > Settings().overload.max_pending_images


def test_the_gpu_example_differs_in_what_a_gpu_wants() -> None:
    """All replicas fit on one GPU and fill it; what concerns requests is as shipped."""
    settings, shipped = Settings.model_validate(GPU["args"]), Settings()
    assert settings.topology == "fused"
    for section in ("limits", "overload", "observability"):
        assert getattr(settings, section) == getattr(shipped, section)
    assert [model.runtime for model in settings.models] == ["torch"]
    (deployment,) = GPU["deployments"]
    assert deployment["name"] == "ImageClassifier"
    assert deployment["ray_actor_options"]["num_gpus"] * deployment["num_replicas"] == 1


def test_the_split_example_has_every_section_and_a_deployment_for_each_model() -> None:
    """It differs from the shipped configuration in what a GPU wants, and in nothing else."""
    settings, shipped = Settings.model_validate(SPLIT["args"]), Settings()
    assert settings.topology == "split"
    for section in ("models", "limits", "overload", "observability"):
        assert getattr(settings, section) == getattr(shipped, section)
    assert SPLIT["args"].keys() - {"topology"} == CONFIG["applications"][0]["args"].keys() - {"topology"}
    names = [f"Inference_{model.api_name}" for model in settings.models]
    assert [deployment["name"] for deployment in SPLIT["deployments"]] == ["Ingress", *names]
