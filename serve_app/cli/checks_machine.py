"""What the machine itself offers: Python, processor, memory, disks, limits.

`root` stands for / in tests, so that the files of another machine can be looked at.
"""

import os
import platform
import resource
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

from serve_app.artifacts import artifact_root
from serve_app.cli.diagnosis import Finding
from serve_app.cli.figures import say_bytes
from serve_app.hardware import detect_hardware

_OLDEST_PYTHON = (3, 11)
# Service and page take 1.0 GB, one replica among it (README); each further replica 0.2 GB.
_LEAST_MEMORY, _GOOD_MEMORY = 1.0e9, 2.0e9
_LEAST_DISK, _GOOD_DISK = 0.2e9, 2.0e9
# Past this share Ray stops writing to a disk.
_FULLEST_DISK = 0.95
_GOOD_SHARED_MEMORY = 0.2e9
# What Ray itself calls too few and enough.
_LEAST_FILES, _GOOD_FILES = 1024, 8192


def check_machine() -> Iterator[Finding]:
    """Every check of this module."""
    yield check_python(sys.version_info[:3], optimised=is_optimised(sys.base_prefix, _read_build_options()))
    yield check_processor()
    yield check_memory()
    yield check_disk("Disk", artifact_root(), "Set ARGUS_ARTIFACTS to a folder on another disk, or make room.")
    yield check_disk("Disk of Ray", Path(tempfile.gettempdir()), "Make room there; Ray keeps its session under it.")
    yield check_shared_memory(Path("/dev/shm"))  # noqa: S108  # where Ray keeps its objects
    yield check_open_files(*resource.getrlimit(resource.RLIMIT_NOFILE))


def check_python(version: tuple[int, ...], *, optimised: bool) -> Finding:
    """Whether this Python is new enough and was built to be fast."""
    text = ".".join(map(str, version))
    if version < _OLDEST_PYTHON:
        return Finding("Python", "fail", f"{text} is too old.", "Install Python 3.11 or newer and run `make install`.")
    if not optimised:
        return Finding(
            "Python",
            "warn",
            f"{text}, built without optimisations ({sys.base_prefix})",
            "Its own code takes half as long again. Remove .venv and run `make install PYTHON=/usr/bin/python3`, "
            "or another that a distribution built.",
        )
    return Finding("Python", "ok", f"{text} on {platform.system()} {platform.machine()}")


def is_optimised(prefix: str, build_options: str) -> bool:
    """Whether a Python was built with what it learnt of its own running (PGO); scripts/find_python.sh has this rule.

    prefix: where it is installed; a distribution's own, below /usr, always is optimised and does not say so.
    build_options: what its `configure` was given.
    """
    return prefix == "/usr" or "--enable-optimizations" in build_options


def _read_build_options() -> str:
    return str(sysconfig.get_config_var("CONFIG_ARGS") or "")


def check_processor(root: Path = Path("/")) -> Finding:
    """What the processor computes in."""
    try:
        lines = (root / "proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return Finding("Processor", "warn", "/proc/cpuinfo cannot be read.", "Models compute in fp32.")
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = set((facts.get("flags") or facts.get("Features") or "").split())
    name = facts.get("model name", platform.machine())
    if detect_hardware(root, {}).has_fast_bf16:
        return Finding("Processor", "ok", f"{name}, computes in bf16")
    if "avx512_bf16" in flags:
        return Finding("Processor", "ok", f"{name}, faster in fp32 than in its bf16: models compute in fp32")
    if "avx512f" in flags:
        return Finding("Processor", "ok", f"{name}, AVX-512 without bf16: models compute in fp32")
    if "flags" in facts and "avx2" not in flags:
        return Finding("Processor", "warn", f"{name}, without AVX2", "Models run, but several times slower.")
    return Finding("Processor", "ok", f"{name}, no bf16: models compute in fp32")


def count_cores(root: Path = Path("/")) -> float:
    """Processor cores that this process may use, a container's share counted."""
    cores = float(len(os.sched_getaffinity(0)))
    try:
        quota, period = (root / "sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else min(cores, int(quota) / int(period))


def check_memory(root: Path = Path("/")) -> Finding:
    """Memory that is free now."""
    free = _read_free_memory(root)
    if free is None:
        return Finding(
            "Memory", "warn", "/proc/meminfo cannot be read.", "Argus needs 1 GB, and 0.2 GB a replica more."
        )
    text = f"{say_bytes(free)} free"
    if free < _LEAST_MEMORY:
        return Finding(
            "Memory", "fail", text, "Service and page need 1 GB; end other programs, or `argus serve` alone."
        )
    if free < _GOOD_MEMORY:
        return Finding(
            "Memory", "warn", text, "Enough for one or two replicas, 0.2 GB each: set max_replicas to 1 or 2."
        )
    return Finding("Memory", "ok", text)


def check_disk(name: str, folder: Path, advice: str) -> Finding:
    """Room where files are written; folder: need not be there yet."""
    place = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    usage = shutil.disk_usage(place)
    text = f"{say_bytes(usage.free)} free for {folder}"
    if not os.access(place, os.W_OK):
        return Finding(name, "fail", f"{place} cannot be written to.", advice)
    if usage.free < _LEAST_DISK:
        return Finding(name, "fail", text, advice)
    if usage.free < _GOOD_DISK or usage.free < (1 - _FULLEST_DISK) * usage.total:
        return Finding(name, "warn", f"{text}, {1 - usage.free / usage.total:.0%} of the disk is full", advice)
    return Finding(name, "ok", text)


def check_shared_memory(folder: Path) -> Finding:
    """Room for the objects that Ray's processes pass to each other; containers have 64 MB unless told otherwise."""
    name = "Shared memory"
    if not folder.is_dir():
        return Finding(name, "warn", f"There is no {folder}.", "Ray uses the disk instead, which is slower.")
    free = shutil.disk_usage(folder).free
    text = f"{say_bytes(free)} free in {folder}"
    if free < _GOOD_SHARED_MEMORY:
        return Finding(name, "warn", text, "Ray would use the disk. Start the container with --shm-size=1g.")
    return Finding(name, "ok", text)


def check_open_files(soft: int, hard: int) -> Finding:
    """How many files and connections a process may have open."""
    name, text = "Open files", "no limit" if soft == resource.RLIM_INFINITY else f"{soft} a process"
    if soft == resource.RLIM_INFINITY or soft >= _GOOD_FILES:
        return Finding(name, "ok", text)
    raise_it = hard == resource.RLIM_INFINITY or hard >= _GOOD_FILES
    advice = f"Run `ulimit -n {_GOOD_FILES}` before the start" + (
        "." if raise_it else ", which needs an administrator."
    )
    return Finding(name, "warn" if soft >= _LEAST_FILES else "fail", text, advice)


def _read_free_memory(root: Path) -> float | None:
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
        free = next(1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None
    try:
        folder = root / "sys/fs/cgroup"
        limit = (folder / "memory.max").read_text().strip()
        used = int((folder / "memory.current").read_text())
    except (OSError, ValueError):
        return free
    return free if limit == "max" else min(free, float(int(limit) - used))
