"""A virtual environment for each peer, under .bench/, with what benchmarks/peers/requirements pins.

    python -m benchmarks.environments          make what is missing
    python -m benchmarks.environments --lock   pin the requirements anew: model libraries as in requirements.lock

A peer's environment is made again only when its pins, the interpreter or the torch index change. ARGUS_TORCH_INDEX
means what it means to scripts/install.sh: take torch from there and leave CUDA's packages out.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / ".bench"
PEERS = ("fastapi", "litserve", "bentoml", "mosec", "ray")

_REQUIREMENTS = Path(__file__).with_name("peers") / "requirements"
_TORCH = re.compile(r"torch(vision)?==")
_CUDA = re.compile(r"(nvidia-|cuda-|triton==)")
# What must be the same everywhere for the comparison to be one of servers.
_SHARED = re.compile(r"(numpy|pillow|openvino|torch|torchvision|timm|fastapi|uvicorn|ray|nvidia-[a-z0-9-]+|triton)==")

Report = Callable[[str], None]


class EnvironmentFailed(Exception):
    """A peer's environment cannot be made; the message says why."""


def ensure_environment(peer: str, report: Report = lambda _line: None) -> Path:
    """The interpreter of the peer's environment, made first where it is missing or old."""
    return make_environment(BENCH / peer, _REQUIREMENTS / f"{peer}.txt", f"the environment of {peer}", report)


def make_environment(folder: Path, requirements: Path, name: str, report: Report = lambda _line: None) -> Path:
    """The interpreter of an environment with exactly those requirements, made first where it is missing or old.

    name: what the report calls it. Raises EnvironmentFailed.
    """
    python = folder / "bin" / "python"
    stamp = folder / ".installed"
    fingerprint = fingerprint_environment(requirements)
    if python.exists() and stamp.exists() and stamp.read_text("utf-8") == fingerprint:
        return python
    report(f"making {name}")
    uv = Path(sys.executable).with_name("uv")
    if uv.exists():
        run_quietly([str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)])
        install = [str(uv), "pip", "install", "--quiet", "--no-deps", "--compile-bytecode", "--python", str(python)]
    else:
        run_quietly([sys.executable, "-m", "venv", "--clear", str(folder)])
        install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]
    # --no-deps: the pins are complete, and what they leave out (telemetry, CUDA) is left out on purpose.
    lines = requirements.read_text("utf-8").splitlines()
    if index := _find_torch_index(lines):
        torch = [line.split(" ")[0] for line in lines if _TORCH.match(line)]
        run_quietly([*install, "--index-url", index, *torch])
        lines = [line for line in lines if not _TORCH.match(line) and not _CUDA.match(line)]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(lines))
        file.flush()
        run_quietly([*install, "-r", file.name])
    stamp.write_text(fingerprint, "utf-8")
    return python


def fingerprint_environment(requirements: Path) -> str:
    """What an environment's `.installed` holds while it is the one that the requirements ask for."""
    pins = requirements.read_text("utf-8")
    parts = (pins, sys.version, _find_torch_index(pins.splitlines()))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _find_torch_index(lines: list[str]) -> str:
    return os.environ.get("ARGUS_TORCH_INDEX", "") if any(map(_TORCH.match, lines)) else ""


def lock_requirements(report: Report) -> None:
    """Resolve every peer's requirements into pins; needs uv."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        pins = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
        constraints.write("\n".join(line for line in pins if _SHARED.match(line)))
        constraints.flush()
        for peer in PEERS:
            report(f"pinning the requirements of {peer}")
            pin(_REQUIREMENTS / f"{peer}.in", "--constraint", constraints.name)


def pin(source: Path, *options: str) -> None:
    """Resolve a `.in` file into the `.txt` beside it; needs uv."""
    uv = str(Path(sys.executable).with_name("uv"))
    usual = ["--quiet", "--universal", "--python-version", "3.11", "--no-emit-index-url", "--no-annotate"]
    usual += ["--no-header", "--no-emit-package", "openvino-telemetry"]
    result = str(source.with_suffix(".txt"))
    run_quietly([uv, "pip", "compile", *usual, *options, str(source), "--output-file", result])


def run_quietly(command: list[str]) -> None:
    """Run a command that is expected to work; raises EnvironmentFailed with what it said."""
    # A slow line needs longer than uv's 30 s for torch.
    environment = {"UV_HTTP_TIMEOUT": "300", **os.environ}
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip()
        raise EnvironmentFailed(f"This failed: {' '.join(command)}\n{words}")


def main() -> int:
    """Make, or pin; returns the exit status."""
    parser = argparse.ArgumentParser(description="The peers' virtual environments.")
    parser.add_argument("--lock", action="store_true", help="pin the requirements anew")
    options = parser.parse_args()
    try:
        if options.lock:
            lock_requirements(print)
        else:
            for peer in PEERS:
                ensure_environment(peer, print)
    except EnvironmentFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
