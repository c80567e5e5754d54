"""Every process that one start brought about, and how all of them are ended.

Ray's processes and HAProxy outlive their parents: an interrupted start leaves them with the parent 1, in groups of
their own. So each start marks the environment of its children, which all descendants inherit and are found by.

    launcher --> serve run --> gcs, raylet --> replicas, HAProxy    dashboard's modules, agents
                 '---- ARGUS_LAUNCH=<id> ARGUS_LAUNCHER=<pid>@<time> ----'        :
                 '---- session ----------------------------------------------------'

Some of Ray's overwrite their environment with a title. They are found by their session, which the launcher begins for
each of its children, as long as anyone in it still shows the mark.
"""

import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
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
        return [process for process, launch in _launched_processes() if launch == self]


def find_abandoned() -> dict[Launch, list[psutil.Process]]:
    """The processes of starts whose launcher was killed or lost its machine's memory, by start."""
    found: dict[Launch, list[psutil.Process]] = {}
    for process, launch in _launched_processes():
        if launch.is_abandoned:
            found.setdefault(launch, []).append(process)
    return found


def find_launch(pid: int) -> Launch | None:
    """The start that brought about this process, if any."""
    try:
        return _read_mark(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return None


def end_processes(
    find: Callable[[], list[psutil.Process]], *, patience_s: float, known: Iterable[psutil.Process] = ()
) -> list[psutil.Process]:
    """End all that `find` finds, politely for `patience_s` seconds and then not; returns those that cannot be ended.

    It looks again until nothing is found, because a process may have been starting another when it was ended.
    known: found earlier, and to be ended though `find` may no longer recognise them.
    """
    found, asked = set(known), set[psutil.Process]()
    deadline = time.monotonic() + patience_s
    # A killed process that has not gone by then waits for a device, and no signal reaches it.
    last = deadline + 10.0
    # What was found once stays wanted: the one by which it was recognised may go first.
    while remaining := [process for process in found.union(find()) if _is_alive(process)]:
        now = time.monotonic()
        if now > last:
            return remaining
        found.update(remaining)
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


def _launched_processes() -> Iterator[tuple[psutil.Process, Launch]]:
    """Each process of a start with that start, the marked ones first."""
    lineage = (psutil.Process(), *psutil.Process().parents())
    own, own_sessions = {process.pid for process in lineage}, {0, *map(_read_session, lineage)}
    launches: dict[int, Launch] = {}
    unmarked: list[tuple[psutil.Process, int]] = []
    for process in psutil.process_iter():
        session = _read_session(process)
        if process.pid in own or session is None:
            continue
        launch = _read_mark(process)
        if launch is not None:
            # One that holds this process, or begins outside of its container, was not begun for a launcher's child.
            if session not in own_sessions:
                launches[session] = launch
            yield process, launch
        else:
            unmarked.append((process, session))
    for process, session in unmarked:
        if session in launches and _is_alive(process):
            yield process, launches[session]


def _is_alive(process: psutil.Process) -> bool:
    # A zombie is over; only its parent can remove it.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _read_session(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except OSError:
        return None  # Gone meanwhile.


def _read_mark(process: psutil.Process) -> Launch | None:
    try:
        if not _is_alive(process):
            return None
        environment = process.environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return None  # Gone meanwhile, or another user's.
    launcher, launch_id = environment.get(LAUNCHER_VARIABLE, ""), environment.get(LAUNCH_VARIABLE)
    return Launch(launcher, launch_id) if launch_id and launcher.partition("@")[0].isdigit() else None


def _identify(process: psutil.Process) -> str:
    return f"{process.pid}@{process.create_time():.2f}"
