"""What is measured: Argus and its peers, how each is started, and what is asked of it.

Knows commands and addresses; not how processes are watched, nor what is made of the figures.
"""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.environments import ROOT

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and with what a system is started.

    python: the interpreter of its environment; workers: processes that hold a model, each with `threads` threads;
    model: see benchmarks/model_folder.py; scratch: a folder of its own, where it runs.
    """

    python: Path
    port: int
    workers: int
    threads: int
    model: Path
    scratch: Path


@dataclass(frozen=True, slots=True)
class System:
    """Something to measure.

    peer: whose environment it runs in (benchmarks.environments.PEERS); None for the project's own.
    is_documented: eager torch, as the framework's documentation sets it up, for which one load level is enough.
    path: where it takes a photo.
    """

    name: str
    title: str
    peer: str | None
    is_documented: bool
    command: Callable[[Setting], list[str]]
    path: str = "/classify"

    @property
    def connections(self) -> tuple[int, ...]:
        """The closed loops, in this order; the first one follows the ceiling most closely."""
        return (16,) if self.is_documented else (16, 64, 1)


def write_configuration(setting: Setting, source: Path = ROOT / "serve_config.yaml") -> Path:
    """The product's configuration with as many replicas as everything else has workers, from the first second on."""
    document: dict[str, Any] = yaml.safe_load(source.read_text("utf-8"))
    for application in document["applications"]:
        application["args"]["inference"]["num_threads"] = setting.threads
        for deployment in application["deployments"]:
            deployment.pop("autoscaling_config", None)
            deployment["num_replicas"] = setting.workers
    path = setting.scratch / "serve_config.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    return path


def make_environment(system: System, setting: Setting, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of a system: no telemetry, no GPU, and for a peer what it must know.

    Nothing that steers Ray is inherited: the project's own environment sets some of it, which is not Ray's default.
    """
    environment = {
        **{name: value for name, value in inherited.items() if not name.startswith("RAY_")},
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONUNBUFFERED": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ADDRESS": "local",
        "BENTOML_DO_NOT_TRACK": "true",
        "BENTOML_HOME": str(setting.scratch / "bentoml"),
    }
    if system.peer is not None:
        environment |= {
            # Whatever the frameworks start must find benchmarks.peers and the environment's own commands.
            "PYTHONPATH": str(ROOT),
            "PATH": f"{setting.python.parent}{os.pathsep}{inherited.get('PATH', os.defpath)}",
            "BENCH_PORT": str(setting.port),
            "BENCH_WORKERS": str(setting.workers),
            "BENCH_THREADS": str(setting.threads),
            "BENCH_MODEL": str(setting.model),
        }
    return environment


def _start_argus(setting: Setting) -> list[str]:
    argus = str(Path(sys.executable).with_name("argus"))
    configuration = str(write_configuration(setting))
    return [argus, "up", "--no-ui", "--no-grpc", "--config", configuration, "--serve-port", str(setting.port)]


def _uvicorn(module: str, *options: str) -> Callable[[Setting], list[str]]:
    def command(setting: Setting) -> list[str]:
        address = ["--host", HOST, "--port", str(setting.port), "--workers", str(setting.workers)]
        return [str(setting.python), "-m", "uvicorn", f"benchmarks.peers.{module}:app", *address, *options]

    return command


def _bentoml(module: str) -> Callable[[Setting], list[str]]:
    def command(setting: Setting) -> list[str]:
        address = ["--host", HOST, "--port", str(setting.port)]
        service = f"benchmarks.peers.{module}:Classifier"
        return [str(setting.python.with_name("bentoml")), "serve", service, *address]

    return command


def _module(module: str, *arguments: str) -> Callable[[Setting], list[str]]:
    return lambda setting: [str(setting.python), "-m", f"benchmarks.peers.{module}", *arguments]


def _mosec(variant: str) -> Callable[[Setting], list[str]]:
    start = _module("mosec_server", variant, "--address", HOST, "--log-level", "warning", "--port")
    return lambda setting: [*start(setting), str(setting.port)]


SYSTEMS: tuple[System, ...] = (
    System("argus", "Argus", None, False, _start_argus, "/v1/classify"),
    System("fastapi-openvino", "FastAPI", "fastapi", False, _uvicorn("fastapi_lean", "--no-access-log")),
    System("mosec-openvino", "mosec", "mosec", False, _mosec("openvino"), "/inference"),
    System("litserve-openvino", "LitServe", "litserve", False, _module("litserve_server", "openvino"), "/predict"),
    System("bentoml-openvino", "BentoML", "bentoml", False, _bentoml("bentoml_openvino")),
    System("fastapi-documented", "FastAPI", "fastapi", True, _uvicorn("fastapi_documented")),
    System("mosec-documented", "mosec", "mosec", True, _mosec("documented"), "/inference"),
    System("litserve-documented", "LitServe", "litserve", True, _module("litserve_server", "documented"), "/predict"),
    System("bentoml-documented", "BentoML", "bentoml", True, _bentoml("bentoml_documented")),
    System("ray-documented", "Ray Serve", "ray", True, _module("ray_documented")),
)


def choose_systems(names: str | None) -> list[System]:
    """The systems with these names, separated by commas; all where None. Raises ValueError."""
    if not names:
        return list(SYSTEMS)
    by_name = {system.name: system for system in SYSTEMS}
    wanted = [name.strip() for name in names.split(",")]
    unknown = [name for name in wanted if name not in by_name]
    if unknown:
        raise ValueError(f"There is no system {', '.join(unknown)}. Choose from: {', '.join(by_name)}.")
    return [by_name[name] for name in wanted]
