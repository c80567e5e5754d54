"""A GPU kept busy through the whole stack: the model alone, one replica, many, and the split topology.

    make bench-gpu IMAGES=FOLDER [ARGS="--random-weights ..."]
    python -m benchmarks.gpu --images FOLDER [--model resnet50] [--random-weights] [--seconds 4]

First the model, the decoder and both together in process (`benchmarks.gpu_model`), then the service as `argus up`
starts it, loaded over HTTP by generators in processes of their own, since one of them would be slower than a GPU.
Prints progress and Markdown tables; --output writes all findings as JSON. Exit status: 0; 1 when a measurement failed.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.environments import BENCH, ROOT
from benchmarks.gpu_arrangements import list_arrangements
from benchmarks.gpu_decoding import measure_decoding
from benchmarks.gpu_load import GpuLoad
from benchmarks.photos import read_photos
from benchmarks.started import SystemFailed
from benchmarks.topology import Outcome, interrupt, measure
from serve_app.catalog import resolve

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
                loaders = [GpuLoad(connections) for connections in options.connections]
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
