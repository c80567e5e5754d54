"""What a reader must know of a run to compare it with another: machine, versions, commit, date.

Names no host and no folder.
"""

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.environments import PEERS, ROOT
from benchmarks.systems import System

_LIBRARIES = ("openvino", "torch", "pillow", "ray")
_PACKAGES = {"fastapi": "fastapi", "litserve": "litserve", "bentoml": "bentoml", "mosec": "mosec", "ray": "ray"}


def collect_facts(
    photos: Sequence[bytes],
    systems: Sequence[System],
    *,
    precision: str,
    rounds: int,
    seconds: float,
    ceiling_s: float,
    seed: int,
) -> dict[str, Any]:
    """The facts of a benchmark that begins now. precision: that of the ceiling and of what shares its runtime."""
    return {
        **collect_machine_facts(photos),
        "peers": {peer: _read_pin(peer) for peer in PEERS if any(system.peer == peer for system in systems)},
        "precision": precision,
        "rounds": rounds,
        "seconds": seconds,
        "ceiling_s": ceiling_s,
        "seed": seed,
    }


def collect_machine_facts(photos: Sequence[bytes]) -> dict[str, Any]:
    """What holds for any measurement that begins now: the machine, the versions, and the photos that are sent."""
    return {
        "date": datetime.now().astimezone().isoformat(timespec="minutes"),
        "commit": _read_commit(),
        "cpu": _read_cpu(),
        "cores": os.cpu_count() or 1,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in _LIBRARIES},
        "photos": len(photos),
        "photo_kb": round(sum(map(len, photos)) / len(photos) / 1e3),
    }


def _read_commit() -> str:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    commit = git("rev-parse", "--short", "HEAD")
    if not commit:
        return "unknown"
    return f"{commit}, with changes" if git("status", "--porcelain", "--", "serve_app", "benchmarks/*.py") else commit


def _read_cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    name = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    flags = re.search(r"^flags\s*:\s*(.+)$", text, re.MULTILINE)
    known = set(flags.group(1).split()) if flags else set()
    features = [label for flag, label in (("amx_bf16", "AMX-BF16"), ("avx512_bf16", "AVX512-BF16")) if flag in known]
    return " with ".join([name.group(1).strip() if name else platform.machine(), *features[:1]])


def _read_pin(peer: str) -> str:
    pins = (ROOT / "benchmarks" / "peers" / "requirements" / f"{peer}.txt").read_text("utf-8")
    found = re.search(rf"^{_PACKAGES[peer]}==(\S+)", pins, re.MULTILINE)
    return found.group(1) if found else "unknown"
