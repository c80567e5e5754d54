"""Every process that one start brought about, and how all of them are ended.

Ray's processes and HAProxy outlive their parents: an interrupted start leaves them with the parent 1, in groups of
their own. So each start marks the environment of its children, which all descendants inherit and are found by.

    launcher --> serve run --> gcs, raylet --> replicas, HAProxy
                 '---- ARGUS_LAUNCH=<id> ARGUS_LAUNCHER=<pid>@<time> ----'
"""

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psutil

LAUNCH_VARIABLE = "ARGUS_LAUNCH"
LAUNCHER_VARIABLE = "ARGUS_LAUNCHER"


@dataclass(frozen=True, slots=True)
class Launch:
    """One start; launcher: the process that began it, as pid@creation time, since process ids are used again."""

    launcher: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def begin(cls) -> "Launch":
        """A new launch by this process."""
        return cls(_identify(psutil.Process()))

    @property
    def environment(self) -> dict[str, str]:
        """What its children's environment must hold."""
        return {LAUNCH_VARIABLE: self.id, LAUNCHER_VARIABLE: self.launcher}

    @property
    def launcher_pid(self) -> int:
        """The process id of the launcher, which may be gone."""
        return int(self.launcher.partition("@")[0])

    @property
    def is_abandoned(self) -> bool:
        """Whether its launcher is gone, so that nobody will end its processes."""
        try:
            return _identify(psutil.Process(self.launcher_pid)) != self.launcher
        except psutil.NoSuchProcess:
            return True

    def processes(self) -> list[psutil.Process]:
        """Its processes that are alive now, this one and its parents never among them."""
        return [process for process, launch in _marked_processes() if launch == self]


def find_abandoned() -> dict[Launch, list[psutil.Process]]:
    """The processes of starts whose launcher was killed or lost its machine's memory, by start."""
    found: dict[Launch, list[psutil.Process]] = {}
    for process, launch in _marked_processes():
        if launch.is_abandoned:
            found.setdefault(launch, []).append(process)
    return found


def find_launch(pid: int) -> Launch | None:
    """The start that brought about this process, if any."""
    try:
        return _read_mark(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return None


def end_processes(find: Callable[[], list[psutil.Process]], *, patience_s: float) -> list[psutil.Process]:
    """End all that `find` finds, politely for `patience_s` seconds and then not; returns those that cannot be ended.

    It looks again until nothing is found, because a process may have been starting another when it was ended.
    """
    asked: set[psutil.Process] = set()
    deadline = time.monotonic() + patience_s
    # A killed process that has not gone by then waits for a device, and no signal reaches it.
    last = deadline + 10.0
    while remaining := find():
        now = time.monotonic()
        if now > last:
            return remaining
        for process in remaining:
            try:
                if now > deadline:
                    process.kill()
                elif process not in asked:
                    asked.add(process)
                    process.terminate()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(remaining, timeout=0.2)
    return []


def _marked_processes() -> Iterator[tuple[psutil.Process, Launch]]:
    own = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    for process in psutil.process_iter():
        if process.pid not in own:
            launch = _read_mark(process)
            if launch is not None:
                yield process, launch


def _read_mark(process: psutil.Process) -> Launch | None:
    try:
        # A zombie is over; only its parent can remove it.
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        environment = process.environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return None  # Gone meanwhile, or another user's.
    launcher, launch_id = environment.get(LAUNCHER_VARIABLE, ""), environment.get(LAUNCH_VARIABLE)
    return Launch(launcher, launch_id) if launch_id and launcher.partition("@")[0].isdigit() else None


def _identify(process: psutil.Process) -> str:
    return f"{process.pid}@{process.create_time():.2f}"
