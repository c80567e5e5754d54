"""Fused or split: the same photos through both topologies, and through Ray's ways to carry pixels between processes.

    python -m benchmarks.topology --images FOLDER [--rounds 3] [--seconds 4] [--transports]

Every arrangement is started as `argus up` does, loaded with 16 connections, and stopped, one after the other, in an
order that turns from round to round. Other work on the machine shifts all of them, so what counts is the ratio to the
first arrangement in the same round. Exit status: 0; 1 when an arrangement failed; 130 after Ctrl-C or SIGTERM.
"""

import argparse
import asyncio
import os
import re
import signal
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import psutil
import yaml

from benchmarks.environments import BENCH, ROOT
from benchmarks.generator import Load, run_closed_loop
from benchmarks.photos import read_photos
from benchmarks.started import StartedSystem, SystemFailed
from benchmarks.systems import HOST
from serve_app.cli.ports import choose_port
from serve_app.settings import InferenceSettings

_CONNECTIONS = 16
_PREFERRED_PORT = 8123
_START_TIMEOUT_S = 120.0
_WARM_UP_S = 2.0
_POLL_S = 0.1
_REPLICA = re.compile(r"ray::ServeReplica:[^:]+:([A-Za-z]+)")


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A topology at a scale.

    replicas: by the beginning of a deployment's name; environment: beside the usual; application: an import path.
    """

    name: str
    source: Path
    replicas: Mapping[str, int]
    environment: Mapping[str, str] = field(default_factory=dict)
    application: str = "serve_app.app:build"

    def describe(self) -> dict[str, Any]:
        """The configuration: the shipped file with this scale, and what suits a CPU."""
        document: dict[str, Any] = yaml.safe_load(self.source.read_text("utf-8"))
        (application,) = document["applications"]
        application["import_path"] = self.application
        application["args"]["inference"]["max_batch_size"] = InferenceSettings().max_batch_size
        for deployment in application["deployments"]:
            deployment.pop("autoscaling_config", None)
            deployment["num_replicas"] = self.replicas[deployment["name"].partition("_")[0]]
            # What Ray reserves, not what a replica gets: so that all of them fit on any machine.
            deployment["ray_actor_options"] = {"num_cpus": 0.25}
        return document


@dataclass(frozen=True, slots=True)
class Outcome:
    """One load. cpu_ms: processor time of a request by process, milliseconds; `Ray` is all that is no replica."""

    images_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: Mapping[str, float]
    errors: int

    @property
    def total_cpu_ms(self) -> float:
        """Processor time of a request in all processes."""
        return sum(self.cpu_ms.values())


_FUSED, _SPLIT = ROOT / "serve_config.yaml", ROOT / "deploy" / "serve_config.split.yaml"
_ONE_EACH = {"Ingress": 1, "Inference": 1}

TOPOLOGIES = (
    Arrangement("fused, 2 replicas", _FUSED, {"ImageClassifier": 2}),
    Arrangement("split, 1 ingress + 1 inference", _SPLIT, _ONE_EACH),
    Arrangement("split, 2 ingress + 1 inference", _SPLIT, {"Ingress": 2, "Inference": 1}),
)
_ACTOR_CALLS = "benchmarks.topology_by_reference:build"
TRANSPORTS = (
    Arrangement("gRPC", _SPLIT, _ONE_EACH),
    Arrangement(
        "gRPC, router on the event loop", _SPLIT, _ONE_EACH, {"RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0"}
    ),
    Arrangement("actor call, pixels in the object store", _SPLIT, _ONE_EACH, application=_ACTOR_CALLS),
    Arrangement(
        "actor call, pixels inline", _SPLIT, _ONE_EACH, {"RAY_max_direct_call_object_size": str(2**20)}, _ACTOR_CALLS
    ),
)  # fmt: skip


def turn(arrangements: Sequence[Arrangement], round_number: int) -> list[Arrangement]:
    """The order of a round: each begins with another one."""
    first = round_number % len(arrangements)
    return [*arrangements[first:], *arrangements[:first]]


LoadWay = Callable[[str, Sequence[bytes], float], Load]
"""Loads an address with photos for some seconds."""


def load_closed_loop(url: str, photos: Sequence[bytes], seconds: float) -> Load:
    """The load of a small machine: one generator, in this process."""
    return asyncio.run(run_closed_loop(url, photos, connections=_CONNECTIONS, seconds=seconds, warm_up_s=0.5))


def measure(
    arrangement: Arrangement, photos: Sequence[bytes], seconds: float, loads: Sequence[LoadWay] = (load_closed_loop,)
) -> list[Outcome]:
    """Start it, warm it up, load it in each way, stop it. Raises SystemFailed."""
    scratch = BENCH / "run" / "topology"
    scratch.mkdir(parents=True, exist_ok=True)
    configuration = scratch / "serve_config.yaml"
    configuration.write_text(yaml.safe_dump(arrangement.describe(), sort_keys=False), "utf-8")
    port = choose_port(HOST, _PREFERRED_PORT)
    argus = str(Path(sys.executable).with_name("argus"))
    command = [argus, "up", "--no-ui", "--no-grpc", "--config", str(configuration), "--serve-port", str(port)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment = {**inherited, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT), **arrangement.environment}
    url = f"http://{HOST}:{port}/v1/classify"
    with StartedSystem(arrangement.name, command, environment, scratch, port=port) as started:
        _wait_until(started, lambda: _answers(url, photos[0]), "it gave no good answer")
        replicas = sum(arrangement.replicas.values())
        _wait_until(started, lambda: len(find_replicas(started)) == replicas, f"it never had {replicas} replicas")
        asyncio.run(run_closed_loop(url, photos, connections=_CONNECTIONS, seconds=_WARM_UP_S, warm_up_s=0.0))
        return [_load(started, partial(load, url, photos, seconds)) for load in loads]


def _load(started: StartedSystem, run: Callable[[], Load]) -> Outcome:
    before = started.read_cpu()
    load = run()
    after = started.read_cpu()
    if not load.images_per_s:
        raise started.fail(f"no good answer: {load.statuses}")
    roles = find_replicas(started)
    cpu_ms: dict[str, float] = {}
    for process, used in after.items():
        role = roles.get(process, "Ray")
        cpu_ms[role] = cpu_ms.get(role, 0.0) + (used - before.get(process, 0.0)) / load.answered * 1e3
    return Outcome(load.images_per_s, load.percentile_ms(50), load.percentile_ms(99), cpu_ms, load.errors)


def find_replicas(started: StartedSystem) -> dict[psutil.Process, str]:
    """The replicas that run, each with the beginning of its deployment's name."""
    found = {}
    for process in started.find_processes():
        try:
            match = _REPLICA.match(" ".join(process.cmdline()))
        except psutil.Error:
            continue
        if match:
            found[process] = match.group(1)
    return found


def _answers(url: str, photo: bytes) -> bool:
    try:
        return httpx.post(url, content=photo, timeout=30, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _wait_until(started: StartedSystem, holds: Callable[[], bool], failure: str) -> None:
    while not holds():
        started.check_running()
        if started.age_s > _START_TIMEOUT_S:
            raise started.fail(f"{failure} within {_START_TIMEOUT_S:.0f} s")
        time.sleep(_POLL_S)


def tabulate(outcomes: Mapping[str, Sequence[Outcome]]) -> str:
    """A Markdown table: medians over the rounds, and in brackets those of the rounds' ratios to the first arrangement.

    Each arrangement has an outcome of every round, in the rounds' order.
    """
    first = next(iter(outcomes.values()))
    figures: list[tuple[Callable[[Outcome], float], int]] = [
        (lambda one: one.images_per_s, 0),
        (lambda one: one.p50_ms, 0),
        (lambda one: one.p99_ms, 0),
        (lambda one: one.total_cpu_ms, 1),
    ]
    lines = ["| arrangement | images/s | p50 ms | p99 ms | CPU ms a request | of it |", "|---|---|---|---|---|---|"]
    for name, rounds in outcomes.items():
        cells = [name]
        for figure, digits in figures:
            values = [figure(one) for one in rounds]
            ratios = [value / figure(base) for value, base in zip(values, first, strict=True)]
            cells.append(f"{statistics.median(values):.{digits}f} ({statistics.median(ratios):.2f})")
        roles = sorted({role for one in rounds for role in one.cpu_ms})
        parts = [(role, statistics.median(one.cpu_ms.get(role, 0.0) for one in rounds)) for role in roles]
        cells.append(", ".join(f"{role} {ms:.1f}" for role, ms in parts))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Measure and print; returns the exit status."""
    parser = argparse.ArgumentParser(description="Fused or split, on this machine.")
    parser.add_argument("--images", type=Path, required=True, help="folder of JPEG photos")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each load")
    parser.add_argument("--transports", action="store_true", help="Ray's ways to carry pixels instead of topologies")
    options = parser.parse_args()
    photos = read_photos(options.images)
    arrangements = TRANSPORTS if options.transports else TOPOLOGIES
    signal.signal(signal.SIGTERM, interrupt)
    outcomes: dict[str, list[Outcome]] = {arrangement.name: [] for arrangement in arrangements}
    for number in range(options.rounds):
        for arrangement in turn(arrangements, number):
            try:
                (outcome,) = measure(arrangement, photos, options.seconds)
            except SystemFailed as error:
                print(error, file=sys.stderr)
                return 1
            except KeyboardInterrupt:  # what was started has been stopped on the way here
                return 130
            outcomes[arrangement.name].append(outcome)
            said = f"{outcome.images_per_s:.0f} images/s, {outcome.errors} errors"
            print(f"round {number + 1}/{options.rounds}: {arrangement.name}: {said}", flush=True)
    print(tabulate(outcomes))
    return 0


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """For SIGTERM: end as Ctrl-C does, so that what was started is stopped."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
