"""How fast a replica is there: from the autoscaler's decision to its first answer, and what the time goes into.

    python -m benchmarks.replica_start [--rounds 5]

Starts the service with one replica of at most two, waits until it rests, loads it with 16 connections (the bundled
example photos) until a second one answers, and stops it again: once as it is, with a process kept warm for the next
replica, and once without. The decision is the controller's log line; the answer is the first 2xx that HAProxy counts
for the new replica. Inside, the steps are timed in a fresh process each time; a process kept warm has the imports
behind it.
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
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.generator import run_closed_loop
from benchmarks.milestones import SERVICE_LOG, UPSCALING, find_time
from benchmarks.started import StartedSystem

_URL = "http://127.0.0.1:8000"
_STATS = "http://127.0.0.1:8404/stats;csv"
_EXAMPLES = Path("assets/examples")
_CONFIGURATION = Path("serve_config.yaml")
_TIMEOUT_S = 60.0
# A replica too many is taken away after half a minute.
_REST_TIMEOUT_S = 120.0
_REST_S = 5.0

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
    ("give memory back", "b.return_memory([a.path])"),
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


def time_upscaling(*, spare: bool) -> tuple[float, float]:
    """Seconds from the step in load to the decision, and from the decision to the new replica's first answer.

    spare: whether a process is kept warm for it.
    """
    argus = str(Path(sys.executable).with_name("argus"))
    with TemporaryDirectory() as folder:
        configuration = _write_configuration(Path(folder), spare=spare)
        command = [argus, "up", "--no-ui", "--no-grpc", "--config", str(configuration)]
        with StartedSystem("Argus", command, os.environ, Path(folder), port=8000) as started:
            _wait_until_ready(started)
            _wait_until_at_rest(started, spares=int(spare))
            return _time_loaded(configuration.parent / SERVICE_LOG)


def _write_configuration(folder: Path, *, spare: bool) -> Path:
    document = yaml.safe_load(_CONFIGURATION.read_text("utf-8"))
    for application in document["applications"]:
        application["args"]["spare_process"] = spare
    path = folder / _CONFIGURATION.name
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    return path


def _time_loaded(log: Path) -> tuple[float, float]:
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
    decided = find_time(log.read_text("utf-8", "replace"), UPSCALING, after=began)
    if decided is None:
        raise RuntimeError(f"{log} does not say when the second replica was decided on.")
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


def _wait_until_at_rest(started: StartedSystem, *, spares: int) -> None:
    """Until there has been one replica, and as many processes in waiting, for a while: a start may bring two."""
    deadline, since = time.monotonic() + _REST_TIMEOUT_S, None
    while time.monotonic() < deadline:
        started.check_running()
        replicas = httpx.get(f"{_URL}/v1/status", timeout=5).json()["replicas"]
        rests = replicas == {"running": 1, "starting": 0, "stopping": 0, "target": 1}
        if not rests or len(started.find_spares()) != spares:
            since = None
        elif since is None:
            since = time.monotonic()
        elif time.monotonic() - since > _REST_S:
            return
        time.sleep(0.5)
    raise started.fail(
        f"not at rest after {_REST_TIMEOUT_S:.0f} s: {replicas}, {len(started.find_spares())} in waiting"
    )


def _describe(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"


def main() -> int:
    """Measure and print the medians."""
    parser = argparse.ArgumentParser(description="How fast a further replica answers.")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    console = Console()
    inside: list[dict[str, float]] = []
    seen: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for number in range(rounds):
        inside.append(time_inside())
        for spare, times in seen.items():
            decision_s, answer_s = time_upscaling(spare=spare)
            times.append((decision_s, answer_s))
            kind = "with a process in waiting" if spare else "without"
            console.print(
                f"{number + 1}/{rounds}, {kind}: decided after {decision_s:.1f} s, answered {answer_s:.1f} s later"
            )
    table = Table(title=f"A further replica under load, median of {rounds}")
    table.add_column("")
    table.add_column("", justify="right")
    for spare, kind in ((True, "with a process in waiting"), (False, "without")):
        decisions, answers = zip(*seen[spare], strict=True)
        table.add_row(f"{kind}: step in load to decision", _describe(decisions))
        table.add_row(f"{kind}: decision to first answer", _describe(answers))
    table.add_section()
    for name, _ in _INSIDE:
        table.add_row(name, f"{statistics.median(one[name] for one in inside):.0f} ms")
    table.add_row("all of it, alone", f"{statistics.median(sum(one.values()) for one in inside):.0f} ms")
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
