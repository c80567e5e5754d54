"""A system under way: started, found whole, weighed, and ended.

Every process of a start carries a mark in its environment, because Ray's daemons, replicas and HAProxy are not children
of what was started. Processes that lost the mark are found through their parents.
"""

import re
import signal
import subprocess
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from serve_app.cli.launches import end_processes
from serve_app.cli.ports import is_free
from serve_app.worker_processes import is_idle, read_title

_MARK = "ARGUS_BENCHMARK"
_STOP_S = 60.0
_TAIL_BYTES = 2000
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Only a process that has compiled or loaded a model maps these.
_MODEL_LIBRARIES = ("libopenvino_intel_cpu_plugin", "libtorch_cpu")
# What a process that is kept for the next replica imports last.
_LAST_IMPORTS = ("libopenvino.so",)


class SystemFailed(Exception):
    """A system did not start, or did not answer as it must; the message says what and shows the end of its log."""


@dataclass(frozen=True, slots=True)
class Weight:
    """Proportional set sizes in MB (1e6 bytes): pages that processes share are counted once.

    total_mb: all processes; worker_mb: the mean of the workers, which are the processes that hold a model.
    """

    total_mb: float
    worker_mb: float


class StartedSystem:
    """One start of a system. Use as a context manager: whatever happens, nothing of it is left."""

    def __init__(
        self, name: str, command: list[str], environment: Mapping[str, str], folder: Path, *, port: int
    ) -> None:
        self.name = name
        self._port = port
        self._log = folder / "output.log"
        self._mark = uuid.uuid4().hex
        self._started_at = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env={**environment, _MARK: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()

    @property
    def age_s(self) -> float:
        """Seconds since the command was given."""
        return time.perf_counter() - self._started_at

    def check_running(self) -> None:
        """Raises SystemFailed when what was started has ended."""
        if self._process.poll() is not None:
            raise self.fail(f"it ended with status {self._process.returncode}")

    def fail(self, reason: str) -> SystemFailed:
        """An error to raise, with the end of the log."""
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - _TAIL_BYTES))
            tail = _COLOURS.sub("", log.read().decode(errors="replace"))
        return SystemFailed(f"{self.name}: {reason}. The end of its output:\n{tail}")

    def find_processes(self) -> list[psutil.Process]:
        """Every process of this start that is alive."""
        found: dict[int, psutil.Process] = {}
        children: dict[int, list[psutil.Process]] = {}
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                children.setdefault(process.ppid(), []).append(process)
                if process.environ().get(_MARK) == self._mark:
                    found[process.pid] = process
        parents = list(found)
        while parents:
            for child in children.get(parents.pop(), ()):
                if child.pid not in found:
                    found[child.pid] = child
                    parents.append(child.pid)
        return list(found.values())

    def find_workers(self) -> list[psutil.Process]:
        """The processes that have a model's library in memory."""
        return [process for process in self.find_processes() if _maps(process.pid, _MODEL_LIBRARIES)]

    def find_spares(self) -> list[psutil.Process]:
        """Argus's processes that wait to become a replica, their imports done."""
        idle = [process for process in self.find_processes() if is_idle(read_title(str(process.pid)))]
        return [process for process in idle if _maps(process.pid, _LAST_IMPORTS)]

    def read_cpu(self) -> dict[psutil.Process, float]:
        """User and system seconds that each process has used so far."""
        seconds: dict[psutil.Process, float] = {}
        for process in self.find_processes():
            with suppress(psutil.Error):
                times = process.cpu_times()
                seconds[process] = times.user + times.system
        return seconds

    def weigh(self, workers: int) -> Weight:
        """The memory of all processes and of one of `workers` workers."""
        sizes = {process: read_pss_mb(process) for process in self.find_processes()}
        # A framework's own process may have torch imported without a model in it: it is the smaller one.
        holding = sorted((sizes[p] for p in sizes if _maps(p.pid, _MODEL_LIBRARIES)), reverse=True)[:workers]
        return Weight(sum(sizes.values()), sum(holding) / len(holding) if holding else float("nan"))

    def end(self) -> None:
        """Ask it to stop as its user would, then make sure; returns when its port is free again."""
        self._process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_S
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_S)
        end_processes(self.find_processes, patience_s=max(2.0, min(10.0, deadline - time.monotonic())))
        while not is_free("127.0.0.1", self._port):
            if time.monotonic() > deadline:
                raise SystemFailed(f"{self.name} is gone, but port {self._port} is still in use.")
            time.sleep(0.1)


def read_machine_cpu_s() -> float:
    """Processor seconds that all programs have used so far, with those that other guests took from this machine."""
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "steal", 0.0))


def count_cpu_s(before: Mapping[psutil.Process, float], after: Mapping[psutil.Process, float]) -> float:
    """Seconds used between two readings; a process that began meanwhile counts whole."""
    return sum(seconds - before.get(process, 0.0) for process, seconds in after.items())


def _maps(pid: int, libraries: Iterable[str]) -> bool:
    try:
        maps = Path(f"/proc/{pid}/maps").read_text("utf-8", errors="replace")
    except OSError:
        return False
    return any(library in maps for library in libraries)


def read_pss_mb(process: psutil.Process) -> float:
    """The proportional set size of a process in MB (1e6 bytes); 0 when it has ended."""
    try:
        text = Path(f"/proc/{process.pid}/smaps_rollup").read_text("ascii")
    except OSError:  # it ended meanwhile
        return 0.0
    line = next(line for line in text.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) * 1024 / 1e6
