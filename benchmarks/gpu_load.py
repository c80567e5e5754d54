"""The load of `benchmarks.gpu`, by several processes, and what the service and the GPU say of it meanwhile."""

import asyncio
import multiprocessing
import re
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from benchmarks.generator import Load, run_closed_loop

_GENERATORS = 4
_SAMPLE_MS = 100
_METRIC = re.compile(r"^(argus_\w+)(?:\{[^}]*\})? ([0-9.e+-]+)$", re.MULTILINE)


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
class GpuLoad:
    """The load of one arrangement, and what the service and the GPU say of it."""

    connections: int
    facts: dict[str, float] = field(default_factory=dict)

    def __call__(self, url: str, photos: Sequence[bytes], seconds: float) -> Load:
        """See `benchmarks.topology.LoadWay`."""
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
