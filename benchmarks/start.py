"""How long `argus up` takes until both addresses answer, and what the whole then holds in memory.

    python -m benchmarks.start [--rounds 5]

Seconds count from the command to the first 200 of `/health/ready` and of the page. Memory is PSS: pages that processes
share are counted once.
"""

import argparse
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.milestones import SERVICE_LOG, split_start
from serve_app.cli.launches import LAUNCHER_VARIABLE

SERVICE = "http://127.0.0.1:8000/health/ready"
PAGE = "http://127.0.0.1:3000/"
_TIMEOUT_S = 300.0


def find_processes(launcher: int) -> list[psutil.Process]:
    """The launcher and everything that it started, by the mark in their environment."""
    found = [psutil.Process(launcher)]
    for process in psutil.process_iter():
        try:
            if process.environ().get(LAUNCHER_VARIABLE, "").startswith(f"{launcher}"):
                found.append(process)
        except psutil.Error:
            continue
    return found


def measure_memory_mb(processes: list[psutil.Process]) -> dict[str, float]:
    """PSS in MB, by what a process is."""
    memory: dict[str, float] = {}
    for process in processes:
        try:
            command, pss = " ".join(process.cmdline()), process.memory_full_info().pss / 1e6
        except psutil.Error:
            continue
        if "ServeReplica" in command:
            kind = "one replica" if "one replica" not in memory else "further replicas"
        elif "reflex" in command or "granian" in command:
            kind = "page"
        elif process.name() == "haproxy":
            kind = "HAProxy"
        else:
            kind = "Ray and the launcher"
        memory[kind] = memory.get(kind, 0.0) + pss
    return memory


def answers(url: str) -> bool:
    """Whether the address gives a 200 now."""
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@dataclass(frozen=True, slots=True)
class Start:
    """One start. Seconds to the service, to the page, and to the end after SIGTERM; of each step of the service; MB."""

    service_s: float
    page_s: float
    stop_s: float
    steps_s: dict[str, float]
    memory_mb: dict[str, float]


def measure_start() -> Start:
    """Start, wait for both answers, stop."""
    argus = str(Path(sys.executable).with_name("argus"))
    asked, begin = time.time(), time.perf_counter()
    process = subprocess.Popen([argus, "up"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen: dict[str, float] = {}
    while len(seen) < 2 and time.perf_counter() - begin < _TIMEOUT_S and process.poll() is None:
        for url in (SERVICE, PAGE):
            if url not in seen and answers(url):
                seen[url] = time.perf_counter() - begin
        time.sleep(0.05)
    if len(seen) < 2:
        process.send_signal(signal.SIGTERM)
        raise RuntimeError("`argus up` did not get both addresses to answer; run it to see why.")
    for _ in range(20):  # a few answers, so that the memory is that of a working service
        httpx.get(SERVICE)
    memory = measure_memory_mb(find_processes(process.pid))
    stopping = time.perf_counter()
    process.send_signal(signal.SIGTERM)
    process.wait(_TIMEOUT_S)
    stop_s = time.perf_counter() - stopping
    steps = split_start(SERVICE_LOG.read_text("utf-8", "replace"), asked, asked + seen[SERVICE])
    return Start(seen[SERVICE], seen[PAGE], stop_s, steps, memory)


def main() -> int:
    """Measure and print the medians."""
    parser = argparse.ArgumentParser(description="Start time and memory of `argus up`.")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    console = Console()
    starts = []
    for number in range(rounds):
        starts.append(one := measure_start())
        console.print(
            f"{number + 1}/{rounds}: service {one.service_s:.1f} s, page {one.page_s:.1f} s, stop {one.stop_s:.1f} s"
        )
    table = Table(title=f"argus up, median of {rounds}")
    table.add_column("")
    table.add_column("", justify="right")
    for name, values in (
        ("service answers", [one.service_s for one in starts]),
        ("page answers", [one.page_s for one in starts]),
        ("both answer", [max(one.service_s, one.page_s) for one in starts]),
        ("stopped", [one.stop_s for one in starts]),
    ):
        table.add_row(name, f"{statistics.median(values):.1f} s ({min(values):.1f} to {max(values):.1f})")
    table.add_section()
    for name in starts[0].steps_s:
        table.add_row(name, f"{statistics.median(one.steps_s.get(name, 0.0) for one in starts):.1f} s")
    table.add_section()
    for kind in sorted({kind for one in starts for kind in one.memory_mb}):
        table.add_row(f"memory: {kind}", f"{statistics.median(one.memory_mb.get(kind, 0.0) for one in starts):.0f} MB")
    table.add_row("memory: all", f"{statistics.median(sum(one.memory_mb.values()) for one in starts):.0f} MB")
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
