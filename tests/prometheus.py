"""Which Prometheus the tests start, and how it is had where there is none.

    python -m tests.prometheus      finds one or unpacks Debian's; says in a line when it cannot

A Prometheus of the system is used where there is one. Otherwise Debian's package is unpacked, not installed: its two
programs are all that is wanted, and an installation would start a server of its own.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

_UNPACKED = Path(__file__).parents[1] / ".argus" / "prometheus"
_DOWNLOAD_TIMEOUT_S = 300


class NoPrometheus(Exception):
    """There is none; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Its two programs: the server, and the tool that checks files."""

    server: Path
    tool: Path


def find_prometheus() -> Prometheus:
    """The one to start; raises NoPrometheus."""
    for path in (None, str(_UNPACKED)):
        server, tool = shutil.which("prometheus", path=path), shutil.which("promtool", path=path)
        if server and tool:
            return Prometheus(Path(server), Path(tool))
    raise NoPrometheus(
        "The tests of the metrics need prometheus and promtool. Install them with: apt-get install prometheus | "
        "or put both programs of a release of Prometheus on the PATH."
    )


def ensure_prometheus() -> Prometheus:
    """Find one, or unpack Debian's package; raises NoPrometheus."""
    try:
        return find_prometheus()
    except NoPrometheus:
        if shutil.which("apt-get") and shutil.which("dpkg-deb"):
            _say("No Prometheus is installed. Unpacking Debian's package.")
            _unpack_debian()
    return find_prometheus()


def require_prometheus() -> Prometheus:
    """For a test: the one to start. Without one the test is skipped, and fails where `CI` says that it must not be."""
    try:
        return find_prometheus()
    except NoPrometheus as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def _unpack_debian() -> None:
    root = os.geteuid() == 0
    # apt would download as a user that cannot write here, and says so in a warning before it does not.
    options = ["-q", "-o", "APT::Sandbox::User=root"] if root else ["-q"]
    with tempfile.TemporaryDirectory() as folder:
        if not _call(["apt-get", *options, "download", "prometheus"], folder):
            # A fresh machine knows no packages yet; only root may ask for them.
            if not root or not _call(["apt-get", *options, "update"], folder):
                return
            if not _call(["apt-get", *options, "download", "prometheus"], folder):
                return
        for package in Path(folder).glob("*.deb"):
            unpacked = Path(folder) / "unpacked"
            if _call(["dpkg-deb", "-x", str(package), str(unpacked)], folder):
                _UNPACKED.mkdir(parents=True, exist_ok=True)
                for name in ("prometheus", "promtool"):
                    # Moved in whole, so that an interruption leaves no half of a program.
                    shutil.copy2(unpacked / "usr" / "bin" / name, _UNPACKED / f".{name}")
                    (_UNPACKED / f".{name}").replace(_UNPACKED / name)


def _call(command: list[str], folder: str) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, timeout=_DOWNLOAD_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    try:
        _say(f"The tests of the metrics use {ensure_prometheus().server}")
    except NoPrometheus as error:
        _say(f"{error} Those tests are left out.")
