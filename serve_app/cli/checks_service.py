"""What a start would meet: the configuration, ports in use, models that are not ready, what earlier starts left."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from serve_app.artifacts import Artifact, Calibration, artifact_root, check_artifact, find_artifact
from serve_app.catalog.downloads import OFFLINE_VARIABLE
from serve_app.cli.checks_machine import count_cores
from serve_app.cli.configuration import (
    METRICS_PORT,
    STATS_PORT,
    ConfigurationError,
    ServeConfiguration,
    read_configuration,
)
from serve_app.cli.diagnosis import Finding
from serve_app.cli.launches import find_abandoned, find_launch
from serve_app.cli.ports import find_holder, is_free
from serve_app.errors import SetupError
from serve_app.settings import ModelSettings, Settings

# Says where a model's weights are, or raises; a process of its own, because it imports torch.
_LOCATE = "import sys; from serve_app.catalog import resolve; resolve(sys.argv[1]).locate_weights(lambda _: None)"
_LOCATE_S = 120.0


def check_service(path: Path, ui_port: int) -> Iterator[Finding]:
    """Every check of this module; those that need the configuration are left out where it cannot be read."""
    yield check_left_over()
    try:
        configuration = read_configuration(path, host=None, port=None)
        settings = [Settings.model_validate(arguments) for arguments in configuration.arguments]
    except ConfigurationError as error:
        yield Finding("Configuration", "fail", str(error), "The project's own is in its folder.")
        return
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors(include_url=False)]
        yield Finding("Configuration", "fail", f"{path}: {'; '.join(problems)}", "See serve_app/settings.py.")
        return
    yield Finding("Configuration", "ok", str(path))
    yield check_cores(configuration, count_cores())
    yield from check_ports(configuration, ui_port)
    for one in settings:
        for model in one.models:
            yield from check_model(model, one.artifacts_dir or artifact_root())


def check_left_over() -> Finding:
    """Processes of a start whose launcher was killed."""
    abandoned = find_abandoned()
    count = sum(map(len, abandoned.values()))
    if count:
        pids = ", ".join(str(process.pid) for processes in abandoned.values() for process in processes[:5])
        return Finding(
            "Earlier starts", "warn", f"{count} processes were left behind: {pids}.", "The next `argus up` ends them."
        )
    return Finding("Earlier starts", "ok", "nothing left behind")


def check_cores(configuration: ServeConfiguration, cores: float) -> Finding:
    """Whether the replicas and their threads fit the processor."""
    needed = most = 0.0
    for application in configuration.document["applications"]:
        threads = ((application.get("args") or {}).get("inference") or {}).get("num_threads", 1)
        for deployment in application.get("deployments") or [{}]:
            fewest, highest = _count_replicas(deployment)
            one = (deployment.get("ray_actor_options") or {}).get("num_cpus", 1)
            runs_model = deployment.get("name") != "Ingress"
            needed += fewest * one
            most += highest * (max(one, threads) if runs_model else one)
    text = f"{cores:g} for at most {most:g} of replicas and threads"
    if needed > cores:
        advice = "Ray would wait for ever: lower min_replicas or num_cpus."
        return Finding("Cores", "fail", f"{cores:g}, and {needed:g} are asked for at the start", advice)
    if most > cores:
        advice = "They would hinder each other: num_threads x max_replicas should be the number of cores."
        return Finding("Cores", "warn", text, advice)
    return Finding("Cores", "ok", text)


def check_ports(configuration: ServeConfiguration, ui_port: int) -> Iterator[Finding]:
    """Who has the ports that a start takes; where it can take another, a busy one is a warning."""
    port = configuration.port
    yield _check_port("service", configuration.host, port, "fail", f"argus up --serve-port {port + 100}")
    yield _check_port("page", configuration.host, ui_port, "fail", f"argus up --ui-port {ui_port + 100}")
    for use, number, variable in (
        ("HAProxy's statistics", STATS_PORT, "RAY_SERVE_HAPROXY_STATS_PORT"),
        ("HAProxy's metrics", METRICS_PORT, "RAY_SERVE_HAPROXY_METRICS_PORT"),
    ):
        advice = f"`argus` takes another by itself; for `serve run`, set {variable}"
        yield _check_port(use, "0.0.0.0", number, "warn", advice)  # noqa: S104  # as HAProxy binds it


def check_model(model: ModelSettings, root: Path) -> Iterator[Finding]:
    """Whether a model's artifact is there and whole, and otherwise whether it can be made without internet."""
    name, images = f"Model {model.api_name}"[:40], model.calibration_images
    calibration = None if images is None else Calibration(images, model.min_agreement)
    try:
        artifact = find_artifact(
            model.weights, runtime=model.runtime, precision=model.precision, root=root, calibration=calibration
        )
        if artifact is not None:
            yield _check_artifact(artifact)
            return
    except SetupError as error:
        yield Finding("Model", "fail", f"{name}: {error}", "Change its settings in the configuration.")
        return
    yield Finding(
        "Model", "warn", f"{model.api_name} is not exported.", f"The next start does it, or: {_command(model)}"
    )
    yield check_weights(model.weights)


def check_weights(spec: str, code: str = _LOCATE) -> Finding:
    """Whether the weights are on this machine; code: Python that raises where they are not."""
    child = subprocess.run(
        [sys.executable, "-c", code, spec],
        env={**os.environ, OFFLINE_VARIABLE: "1"},
        capture_output=True,
        text=True,
        timeout=_LOCATE_S,
        check=False,
    )
    if child.returncode == 0:
        return Finding("Weights", "ok", f"{spec}: on this machine, no internet is needed")
    last = (child.stderr.strip().splitlines() or ["It cannot be found out."])[-1]
    reason = last.partition("serve_app.errors.")[2].partition(": ")[2] or last
    offline = os.environ.get(OFFLINE_VARIABLE, "") not in ("", "0")
    return Finding(
        "Weights",
        "fail" if offline or "WeightsUnavailable" not in last else "warn",
        reason,
        f"{OFFLINE_VARIABLE} is set: put the file there by hand." if offline else "A start downloads them once.",
    )


def _check_artifact(artifact: Artifact) -> Finding:
    card = artifact.card
    try:
        check_artifact(artifact)
    except SetupError as error:
        return Finding("Model", "fail", str(error), f"rm -r {artifact.path}")
    text = f"{card.name} ({card.runtime}, {card.precision}) is exported and whole; no internet is needed"
    return Finding("Model", "ok", text)


def _check_port(use: str, host: str, port: int, state: Any, advice: str) -> Finding:
    name = f"Port {port}"
    try:
        if is_free(host, port):
            return Finding(name, "ok", f"free, for the {use}" if "HAProxy" not in use else f"free, for {use}")
    except OSError as error:
        return Finding(name, "fail", f"{host}:{port}: {error.strerror}.", "Set http_options.host to 127.0.0.1.")
    holder = find_holder(port)
    launch = find_launch(holder.pid) if holder else None
    if launch is not None and not launch.is_abandoned:
        return Finding(name, "ok", f"in use by the running `argus` (process {launch.launcher_pid})")
    end = f", or end it: kill {holder.pid}" if holder else ""
    return Finding(name, state, f"in use by {holder or 'another user'}", f"Another one: {advice}{end}.")


def _count_replicas(deployment: dict[str, Any]) -> tuple[float, float]:
    scaling = deployment.get("autoscaling_config")
    if scaling:
        fewest = scaling.get("min_replicas", 1)
        return max(fewest, scaling.get("initial_replicas") or 0), scaling.get("max_replicas", 1)
    count = deployment.get("num_replicas", 1)
    return (count, count) if isinstance(count, int) else (1, 1)


def _command(model: ModelSettings) -> str:
    words: Sequence[str] = (
        "argus export",
        model.weights,
        *(() if model.precision == "auto" else ("--precision", model.precision)),
        *(() if model.runtime == "auto" else ("--runtime", model.runtime)),
        *(() if model.calibration_images is None else ("--calibration-images", str(model.calibration_images))),
    )
    return " ".join(words)
