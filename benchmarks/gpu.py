"""A GPU kept busy through the whole stack: the model alone, one replica, many, and the split topology.

    make bench-gpu IMAGES=FOLDER [ARGS="--random-weights ..."]
    python -m benchmarks.gpu --images FOLDER [--model resnet50] [--random-weights] [--seconds 4]

First the model, the decoder and both together in process (`benchmarks.gpu_model`), then the service as `argus up`
starts it, loaded over HTTP by generators in processes of their own, since one of them would be slower than a GPU.
Prints progress and Markdown tables; --output writes all findings as JSON. Exit status: 0; 1 when a measurement failed.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.environments import BENCH, ROOT
from benchmarks.generator import Load, run_closed_loop
from benchmarks.gpu_decoding import measure_decoding
from benchmarks.photos import read_photos
from benchmarks.started import SystemFailed
from benchmarks.topology import Arrangement, Outcome, interrupt, measure
from serve_app.catalog import resolve
from serve_app.hardware import detect_hardware

_SERVED, _SPLIT = ROOT / "serve_config.yaml", ROOT / "deploy" / "serve_config.split.yaml"
_GENERATORS = 4
_BATCH_SIZE = 64
_SAMPLE_MS = 100
_COLUMNS = (
    "arrangement",
    "connections",
    "images/s",
    "p50 ms",
    "p99 ms",
    "images a batch",
    "model ms a batch",
    "GPU busy",
    "decode ms",
    "CPU ms a request",
    "of it",
)
_METRIC = re.compile(r"^(argus_\w+)(?:\{[^}]*\})? ([0-9.e+-]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class GpuArrangement(Arrangement):
    """An arrangement that uses the GPU. decode_threads: in each process that decodes."""

    model: str = "resnet50"
    decode_threads: int = 4
    environment: Mapping[str, str] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """See `Arrangement.describe`; with batches and threads that suit a GPU, which the replicas with it share."""
        document = Arrangement.describe(self)
        (application,) = document["applications"]
        arguments = application["args"]
        arguments["models"] = [{"weights": self.model, "runtime": "torch"}]
        batch_size = _BATCH_SIZE if detect_hardware().has_cuda else 1
        arguments["inference"] |= {"max_batch_size": batch_size, "decode_threads": self.decode_threads}
        arguments["overload"] |= {"max_pending_images": 1024}
        arguments["spare_process"] = False
        for deployment in application["deployments"]:
            kind = deployment["name"].partition("_")[0]
            if kind == "Inference":
                deployment["name"] = f"Inference_{self.model}"
            deployment["max_ongoing_requests"] = 4096
            if kind != "Ingress" and detect_hardware().has_cuda:
                deployment["ray_actor_options"]["num_gpus"] = 1 / self.replicas[kind]
        return document


def list_arrangements(model: str, cores: int, environment: Mapping[str, str]) -> list[GpuArrangement]:
    """What is compared on a machine with that many cores and one GPU."""
    few, many = max(1, cores // 4), max(2, cores // 2)

    def fused(replicas: int, threads: int) -> GpuArrangement:
        name = f"fused, {replicas} replica{'s' * (replicas > 1)}, {threads} decode threads each"
        return GpuArrangement(
            name, _SERVED, {"ImageClassifier": replicas}, environment, model=model, decode_threads=threads
        )

    def split(ingresses: int, threads: int) -> GpuArrangement:
        name = f"split, {ingresses} ingress, {threads} decode threads each + 1 inference"
        scale = {"Ingress": ingresses, "Inference": 1}
        return GpuArrangement(name, _SPLIT, scale, environment, model=model, decode_threads=threads)

    return [fused(many, 2), split(few, 2), fused(few, 2), split(1, 4), fused(1, 4)]


def load_by_many(url: str, photos: Sequence[bytes], connections: int, seconds: float, warm_up_s: float) -> Load:
    """A closed loop whose connections are spread over processes."""
    context = multiprocessing.get_context("spawn")
    share = connections // _GENERATORS
    with context.Pool(_GENERATORS) as pool:
        pool.map(_get_ready, range(_GENERATORS), chunksize=1)
        jobs = [(url, photos, share, seconds, warm_up_s)] * _GENERATORS
        loads = pool.starmap(_load, jobs, chunksize=1)
    statuses: dict[int, int] = {}
    for load in loads:
        for status, count in load.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    latencies = tuple(latency for load in loads for latency in load.latencies_s)
    return Load(seconds, latencies, statuses, sum(load.answered for load in loads))


def _get_ready(_number: int) -> None:
    """Nothing: a process that has done it has its imports behind it."""


def _load(url: str, photos: Sequence[bytes], connections: int, seconds: float, warm_up_s: float) -> Load:
    return asyncio.run(run_closed_loop(url, photos, connections=connections, seconds=seconds, warm_up_s=warm_up_s))


class GpuWatch:
    """How busy the GPU is meanwhile, as nvidia-smi says: the share of time in which any kernel ran."""

    def __init__(self) -> None:
        self.busy_percent: list[float] = []
        command = [
            "nvidia-smi",
            "--query-gpu=utilization.gpu,memory.used",
            "--format=csv,noheader,nounits",
            f"-lms={_SAMPLE_MS}",
        ]
        try:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        except FileNotFoundError:  # no GPU: the program is tried out
            return
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self.busy_percent.append(float(line.split(",")[0]))

    def end(self) -> float:
        """The mean of the second half, where the load was steady; nan without a GPU."""
        if hasattr(self, "_process"):
            self._process.terminate()
            self._process.wait()
        steady = self.busy_percent[len(self.busy_percent) // 2 :]
        return sum(steady) / len(steady) if steady else float("nan")


@dataclass(slots=True)
class _Loader:
    """The load of one arrangement, and what the service and the GPU say of it."""

    connections: int
    facts: dict[str, float] = field(default_factory=dict)

    def __call__(self, url: str, photos: Sequence[bytes], seconds: float) -> Load:
        before = _read_metrics(url)
        watch = GpuWatch()
        load = load_by_many(url, photos, self.connections, seconds, 1.0)
        self.facts["gpu_busy_percent"] = watch.end()
        after = _read_metrics(url)

        def grew(name: str) -> float:
            return after.get(name, 0.0) - before.get(name, 0.0)

        batches = grew("argus_batch_images_count") or float("nan")
        images = grew("argus_batch_images_sum") or float("nan")
        self.facts["images_a_batch"] = images / batches
        self.facts["model_ms_a_batch"] = grew("argus_model_busy_seconds_total") / batches * 1e3
        for step in ("decode", "queue"):
            count = grew(f"argus_{step}_duration_seconds_count") or float("nan")
            self.facts[f"{step}_ms"] = grew(f"argus_{step}_duration_seconds_sum") / count * 1e3
        return load


def _read_metrics(url: str) -> dict[str, float]:
    """The service's counters, by name."""
    answer = httpx.get(httpx.URL(url).copy_with(path="/metrics"), timeout=30, trust_env=False)
    return read_totals(answer.raise_for_status().text)


def read_totals(exposition: str) -> dict[str, float]:
    """Argus's metrics in the text format of Prometheus, those of all labels of a name added up."""
    totals: dict[str, float] = {}
    for name, value in _METRIC.findall(exposition):
        totals[name] = totals.get(name, 0.0) + float(value)
    return totals


def tabulate_served(rows: Sequence[tuple[str, int, Outcome, Mapping[str, float]]]) -> str:
    """A Markdown table of arrangements: name, connections, outcome, facts."""
    lines = [
        f"| {' | '.join(_COLUMNS)} |",
        f"|{'---|' * len(_COLUMNS)}",
    ]
    for name, connections, outcome, facts in rows:
        roles = ", ".join(f"{role} {ms:.2f}" for role, ms in sorted(outcome.cpu_ms.items()))
        lines.append(
            f"| {name} | {connections} | {outcome.images_per_s:.0f} | {outcome.p50_ms:.0f} | {outcome.p99_ms:.0f} | "
            f"{facts['images_a_batch']:.1f} | {facts['model_ms_a_batch']:.1f} | {facts['gpu_busy_percent']:.0f} % | "
            f"{facts['decode_ms']:.1f} | {outcome.total_cpu_ms:.2f} | {roles} |"
        )
    return "\n".join(lines)


def run_in_process(options: argparse.Namespace, environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """What `benchmarks.gpu_model` finds; each is printed as it comes. Raises SystemFailed."""
    command = [sys.executable, "-m", "benchmarks.gpu_model", "--images", str(options.images), "--model", options.model]
    command += ["--seconds", str(options.seconds / 2), "--compile", "--compare", options.model, *options.compare]
    found = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as process:
        for line in process.stdout or ():
            print(line.rstrip(), flush=True)
            if line.startswith("{"):  # libraries print as well
                found.append(json.loads(line))
    if process.returncode:
        raise SystemFailed(f"the measurement in process ended with status {process.returncode}")
    return found


def write_random_weights(model: str, folder: Path) -> None:
    """A file of weights as torchvision's cache has it, untrained: speed does not depend on what is in it."""
    program = (
        "import sys, torch, torchvision\n"
        "torch.manual_seed(0)\n"
        "name, path = sys.argv[1:]\n"
        "torch.save(torchvision.models.get_model(name, weights=None).state_dict(), path)\n"
    )
    checkpoints = folder / "hub" / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    path = checkpoints / Path(resolve(model).source).name
    subprocess.run([sys.executable, "-c", program, model, str(path)], check=True)


def main() -> int:
    """Measure and print; returns the exit status."""
    parser = argparse.ArgumentParser(description="A GPU kept busy through the whole stack.")
    parser.add_argument("--images", type=Path, required=True, help="folder of JPEG photos")
    parser.add_argument("--model", default="resnet50", help="a torchvision model")
    parser.add_argument("--random-weights", action="store_true", help="do not download the model's weights")
    parser.add_argument("--compare", nargs="*", default=[], help="more models whose answers are compared with float32")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each load")
    parser.add_argument("--connections", type=int, nargs="*", default=[64, 256])
    parser.add_argument("--skip", choices=("in-process", "served"), help="leave one half out")
    parser.add_argument("--output", type=Path, help="where all findings go, as JSON")
    options = parser.parse_args()
    folder = BENCH / "gpu"
    environment = {**os.environ, "ARGUS_ARTIFACTS": str(folder / "artifacts")}
    if options.random_weights:
        environment["TORCH_HOME"] = str(folder / "torch")
        write_random_weights(options.model, folder / "torch")
    photos = read_photos(options.images)
    signal.signal(signal.SIGTERM, interrupt)
    findings: dict[str, Any] = {"in_process": [], "served": []}
    rows = []
    try:
        if options.skip != "in-process":
            findings["in_process"] = run_in_process(options, environment)
            for way, workers, rate in measure_decoding(
                photos, resolve(options.model).preprocessing, options.seconds / 2
            ):
                found = {"what": "decode", "way": way, "workers": workers, "images_per_s": rate}
                findings["in_process"].append(found)
                print(json.dumps(found), flush=True)
        if options.skip != "served":
            visible = {"CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", "0")}
            added = {name: environment[name] for name in ("ARGUS_ARTIFACTS", "TORCH_HOME") if name in environment}
            for arrangement in list_arrangements(options.model, os.cpu_count() or 1, added | visible):
                loaders = [_Loader(connections) for connections in options.connections]
                outcomes = measure(arrangement, photos, options.seconds, loads=loaders)
                for loader, outcome in zip(loaders, outcomes, strict=True):
                    rows.append((arrangement.name, loader.connections, outcome, loader.facts))
                    findings["served"].append(
                        {
                            "name": arrangement.name,
                            "connections": loader.connections,
                            "images_per_s": outcome.images_per_s,
                            "p50_ms": outcome.p50_ms,
                            "p99_ms": outcome.p99_ms,
                            "cpu_ms": dict(outcome.cpu_ms),
                            "errors": outcome.errors,
                            **loader.facts,
                        }
                    )
                    print(json.dumps(findings["served"][-1]), flush=True)
    except (SystemFailed, KeyboardInterrupt) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if options.output:
            options.output.write_text(json.dumps(findings, indent=1), "utf-8")
        if rows:
            print(tabulate_served(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
