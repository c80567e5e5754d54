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
from pathlib import Path

import httpx
import psutil
from rich.console import Console
from rich.table import Table

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


def measure_start() -> tuple[float, float, float, dict[str, float]]:
    """One start: seconds to the service, to the page, to the end after SIGTERM, and memory by kind in MB."""
    argus = str(Path(sys.executable).with_name("argus"))
    begin = time.perf_counter()
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
    return seen[SERVICE], seen[PAGE], time.perf_counter() - stopping, memory


def main() -> int:
    """Measure and print the medians."""
    parser = argparse.ArgumentParser(description="Start time and memory of `argus up`.")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    console = Console()
    starts = []
    for number in range(rounds):
        starts.append(measure_start())
        service_s, page_s, stop_s, _ = starts[-1]
        console.print(f"{number + 1}/{rounds}: service {service_s:.1f} s, page {page_s:.1f} s, stop {stop_s:.1f} s")
    table = Table(title=f"argus up, median of {rounds}")
    table.add_column("")
    table.add_column("", justify="right")
    for name, values in zip(("service answers", "page answers", "stopped"), zip(*starts, strict=True), strict=False):
        table.add_row(name, f"{statistics.median(values):.1f} s")
    table.add_row("both answer", f"{statistics.median(max(start[0], start[1]) for start in starts):.1f} s")
    for kind in sorted({kind for start in starts for kind in start[3]}):
        table.add_row(f"memory: {kind}", f"{statistics.median(start[3].get(kind, 0.0) for start in starts):.0f} MB")
    table.add_row("memory: all", f"{statistics.median(sum(start[3].values()) for start in starts):.0f} MB")
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
