"""How fast a replica is there: from the autoscaler's decision to its first answer, and what the time goes into.

    python -m benchmarks.replica_start [--rounds 5]

Starts the service with one replica of at most two, loads it with 16 connections (the bundled example photos) until a
second one answers, and stops it again. The decision is the controller's log line; the answer is the first 2xx that
HAProxy counts for the new replica. Inside, the same steps are timed in a fresh process each time.
"""

import argparse
import asyncio
import csv
import io
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.generator import run_closed_loop
from benchmarks.milestones import SERVICE_LOG, UPSCALING, find_time
from benchmarks.started import StartedSystem

_URL = "http://127.0.0.1:8000"
_STATS = "http://127.0.0.1:8404/stats;csv"
_EXAMPLES = Path("assets/examples")
_TIMEOUT_S = 60.0

# Each step runs after those before it, in one fresh process.
_INSIDE = (
    ("import Ray", "import ray"),
    ("import Ray Serve's replica", "import ray.serve._private.replica"),
    (
        "import Argus",
        "import serve_app.deployments; from serve_app import bootstrap as b; from serve_app.settings import Settings",
    ),
    ("import OpenVINO", "from serve_app.openvino_import import import_openvino as o; o()"),
    ("find the artifact", "a = next(iter(b.ensure_artifacts(Settings()).values()))"),
    ("check, map and compile it", "r = b.load_runtime(a)"),
    ("warm the model up", "r.warm_up([1])"),
    ("warm the decoders up", "b._warm_up_decoders(Settings())"),
    ("give memory back", "b._return_memory()"),
)


def time_inside() -> dict[str, float]:
    """Milliseconds of each step in a fresh process."""
    lines = ["import time", "t = time.perf_counter()"]
    for number, (_, code) in enumerate(_INSIDE):
        lines += [code, f"n = time.perf_counter(); print({number}, (n - t) * 1e3); t = time.perf_counter()"]
    out = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True, timeout=_TIMEOUT_S
    ).stdout
    times = dict(line.split() for line in out.splitlines())
    return {name: float(times[str(number)]) for number, (name, _) in enumerate(_INSIDE)}


def replicas_that_answered() -> int:
    """Replicas for which HAProxy has counted a 2xx."""
    rows = csv.DictReader(io.StringIO(httpx.get(_STATS, timeout=2).text.removeprefix("# ")))
    return sum("REPLICA" in row["svname"] and int(row["hrsp_2xx"] or 0) > 0 for row in rows)


def time_upscaling() -> tuple[float, float]:
    """Seconds from the step in load to the decision, and from the decision to the new replica's first answer."""
    argus = str(Path(sys.executable).with_name("argus"))
    command = [argus, "up", "--no-ui", "--no-grpc", "--config", str(Path("serve_config.yaml").resolve())]
    with (
        TemporaryDirectory() as folder,
        StartedSystem("Argus", command, os.environ, Path(folder), port=8000) as started,
    ):
        _wait_until_ready(started)
        photos = [path.read_bytes() for path in sorted(_EXAMPLES.glob("*.jpg"))]
        stop = threading.Event()

        def load() -> None:
            while not stop.is_set():
                asyncio.run(run_closed_loop(f"{_URL}/v1/classify", photos, connections=16, seconds=0.5, warm_up_s=0))

        began = time.time()
        loading = threading.Thread(target=load)
        loading.start()
        try:
            while replicas_that_answered() < 2:
                if time.time() - began > _TIMEOUT_S:
                    raise RuntimeError("No second replica answered; is max_replicas 2 or more, with a core for it?")
                time.sleep(0.02)
            answered = time.time()
        finally:
            stop.set()
            loading.join()
        decided = find_time(SERVICE_LOG.read_text("utf-8", "replace"), UPSCALING, after=began)
        if decided is None:
            raise RuntimeError(f"{SERVICE_LOG} does not say when the second replica was decided on.")
        return decided - began, answered - decided


def _wait_until_ready(started: StartedSystem) -> None:
    while started.age_s < _TIMEOUT_S:
        started.check_running()
        try:
            if httpx.get(f"{_URL}/health/ready", timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise started.fail(f"not ready after {_TIMEOUT_S:.0f} s")


def main() -> int:
    """Measure and print the medians."""
    parser = argparse.ArgumentParser(description="How fast a further replica answers.")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    console = Console()
    seen, inside = [], []
    for number in range(rounds):
        inside.append(time_inside())
        seen.append(time_upscaling())
        console.print(
            f"{number + 1}/{rounds}: decided after {seen[-1][0]:.1f} s of load, answered {seen[-1][1]:.1f} s later"
        )
    table = Table(title=f"A further replica under load, median of {rounds}")
    table.add_column("")
    table.add_column("", justify="right")
    table.add_row("step in load to decision", f"{statistics.median(one[0] for one in seen):.1f} s")
    table.add_row("decision to first answer", f"{statistics.median(one[1] for one in seen):.1f} s")
    table.add_section()
    for name, _ in _INSIDE:
        table.add_row(name, f"{statistics.median(one[name] for one in inside):.0f} ms")
    table.add_row("all of it, alone", f"{statistics.median(sum(one.values()) for one in inside):.0f} ms")
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
