"""Triton's perf_analyzer from PyPI: the program inside its wheel, unchanged, and a C library that is new enough for it.

The wheel is built for glibc 2.38 (Debian 13, Ubuntu 24.04). On Debian 12 three packages of Debian 13 are unpacked, not
installed, beside it, and their loader runs the program. Its Python entry loses the exit status, so it is not used.
"""

import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.environments import EnvironmentFailed, Report, run_quietly
from tests.clients import FOLDER

_VERSION = "2.60.0"
_GLIBC = "2.38"
_PROGRAM = Path("perf_analyzer", "bin", "perf_analyzer")
_LIBRARIES = FOLDER / "debian13"
_PACKAGES = ("libc6", "libstdc++6", "libgcc-s1")
_SUITES = ("bookworm", "trixie")  # whose packages are too old, and whose are not


class NoPerfAnalyzer(Exception):
    """It is missing or does not run here; the message says what it needs."""


def find_perf_analyzer() -> list[str]:
    """The words that start it; raises NoPerfAnalyzer."""
    for program in _list_programs():
        loaders = [None, *_LIBRARIES.glob("ld-linux*")]
        for loader in loaders:
            command = [str(program)]
            if loader:
                # What the packages lack (OpenSSL, zlib) is the system's own.
                system = f"/usr/lib/{platform.machine()}-linux-gnu"
                command = [str(loader), "--library-path", f"{_LIBRARIES}:{system}", *command]
            if _runs(command):
                return command
    raise NoPerfAnalyzer(
        f"perf_analyzer {_VERSION} does not run here: it needs Linux with glibc {_GLIBC} (Debian 13, Ubuntu 24.04), or "
        "Debian 12 and its packages. Try again with: make clients"
    )


def ensure_perf_analyzer(report: Report) -> list[str]:
    """Find it, or put it into the environment; raises NoPerfAnalyzer."""
    try:
        return find_perf_analyzer()
    except NoPerfAnalyzer:
        if sys.platform == "linux":
            report("adding perf_analyzer to them")
            try:
                _install()
            except EnvironmentFailed as error:
                raise NoPerfAnalyzer(f"perf_analyzer cannot be had here. {error}") from None
    return find_perf_analyzer()


def _list_programs() -> list[Path]:
    folders = FOLDER.glob("lib/python*/site-packages")
    return [folder / _PROGRAM for folder in folders if (folder / f"perf_analyzer-{_VERSION}.dist-info").is_dir()]


def _install() -> None:
    uv, python = Path(sys.executable).with_name("uv"), FOLDER / "bin" / "python"
    if not uv.exists():
        raise EnvironmentFailed("It is installed with uv, which is missing in .venv.")
    # Named, because the wheel is refused for the C library of an older system.
    target = f"{platform.machine()}-manylinux_{_GLIBC.replace('.', '_')}"
    install = [str(uv), "pip", "install", "--quiet", "--no-deps", "--python", str(python), "--python-platform", target]
    run_quietly([*install, f"perf-analyzer=={_VERSION}"])
    for program in _list_programs():
        program.chmod(0o755)
    name, version = platform.libc_ver()
    if name == "glibc" and _read_version(version) < _read_version(_GLIBC) and shutil.which("apt-get"):
        _unpack_libraries()


def _read_version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _unpack_libraries() -> None:
    old, new = _SUITES
    # The machine's own mirror, whichever that is, asked for the next suite.
    form = ["--no-release-info", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"]
    targets = ["apt-get", "indextargets", *form]
    said = subprocess.run(targets, capture_output=True, text=True, check=False).stdout.splitlines()
    mirrors = [words[1] for words in map(str.split, said) if len(words) == 2 and words[0] == old]
    if not mirrors:
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "lists" / "partial").mkdir(parents=True)
        (folder / "sources.list").write_text(f"deb {mirrors[0]} {new} main\n")
        options = [
            *("-o", f"Dir::Etc::sourcelist={folder / 'sources.list'}", "-o", "Dir::Etc::sourceparts=-"),
            *("-o", f"Dir::State::lists={folder / 'lists'}", "-o", f"Dir::Cache={folder}"),
            *("-o", "APT::Sandbox::User=root"),
        ]
        run_quietly(["apt-get", "-q", *options, "update"])
        run_quietly(["sh", "-c", 'cd "$0" && exec apt-get -q "$@"', str(folder), *options, "download", *_PACKAGES])
        for package in folder.glob("*.deb"):
            run_quietly(["dpkg-deb", "-x", str(package), str(folder / "unpacked")])
        (libraries,) = (folder / "unpacked" / "usr" / "lib").glob("*-linux-gnu")
        shutil.copytree(libraries, _LIBRARIES, dirs_exist_ok=True)


def _runs(command: list[str]) -> bool:
    try:
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return False
    return done.returncode == 0 and "Perf Analyzer" in done.stdout + done.stderr
