"""What is installed here: packages and their versions, HAProxy, a GPU, and what might call home."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

import serve_app
from serve_app.cli.configuration import find_haproxy
from serve_app.cli.diagnosis import Finding
from serve_app.hardware import detect_hardware

_DISTRIBUTION = "argus-classifier"
_LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)", re.MULTILINE)
_REQUIRED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+).*;.*\bextra\s*==\s*['\"](?P<extra>[a-z0-9]+)['\"]")
_LOCK = Path(serve_app.__file__).parents[1] / "requirements.lock"
_NAMED = 4

Installed = Callable[[str], str | None]


def check_installation() -> Iterator[Finding]:
    """Every check of this module."""
    environment = os.environ
    yield check_packages(read_requirements("serve"), read_requirements("web"), find_version)
    yield check_versions(_LOCK, find_version)
    yield check_haproxy(find_haproxy)
    yield check_gpu(Path("/"), environment, find_version("torch"))
    yield check_telemetry(environment, Path.home())


def find_version(name: str) -> str | None:
    """The installed version of a package; None where it is not."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def read_requirements(extra: str) -> list[str]:
    """The names of the packages that an extra of this distribution needs; none where it is not installed as one."""
    try:
        every = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    found = (_REQUIRED.match(requirement) for requirement in every)
    return [match["name"] for match in found if match and match["extra"] == extra]


def check_packages(serve: list[str], web: list[str], installed: Installed) -> Finding:
    """Whether all is there that the service, and the page, import."""
    missing = [name for name in serve if installed(name) is None]
    if missing:
        advice = "Run `make install`, or pip install 'argus-classifier[serve]'."
        return Finding("Packages", "fail", f"Not installed: {_some(missing)}.", advice)
    missing = [name for name in web if installed(name) is None]
    if missing:
        advice = "The service runs alone: argus serve. For the page: pip install 'argus-classifier[web]'."
        return Finding("Packages", "warn", f"The page needs {_some(missing)}.", advice)
    return Finding("Packages", "ok", f"{len({*serve, *web})} packages, all installed")


def check_versions(lock: Path, installed: Installed) -> Finding:
    """Whether the versions are those that were tested together; lock: as `make lock` writes it."""
    try:
        text = lock.read_text("utf-8")
    except OSError:
        return Finding("Versions", "ok", "no requirements.lock here to compare with")
    locked: dict[str, set[str]] = {}
    for match in _LOCKED.finditer(text):
        locked.setdefault(match["name"], set()).add(match["version"])
    here = {name: version for name in locked if (version := installed(name)) is not None}
    # torch's build for processors alone is 2.14.1+cpu.
    other = [
        f"{name} {version} (locked: {' or '.join(sorted(locked[name]))})"
        for name, version in here.items()
        if not {version, version.partition("+")[0]} & locked[name]
    ]
    if other:
        return Finding(
            "Versions", "warn", f"Others than locked: {_some(other)}.", "Run `make install` for those tested."
        )
    return Finding("Versions", "ok", f"{len(here)} packages as locked")


def check_haproxy(find: Callable[[], str | None]) -> Finding:
    """Whether HAProxy is there and runs on this machine."""
    try:
        binary = find()
    except FileNotFoundError as error:
        return Finding("HAProxy", "fail", str(error), "Correct RAY_SERVE_HAPROXY_BINARY_PATH, or remove it.")
    if binary is None:
        advice = "Argus works, but Ray's Python proxy is slower. On Linux, pip install 'ray[serve]' brings HAProxy."
        return Finding("HAProxy", "warn", "There is none.", advice)
    try:
        answer = subprocess.run([binary, "-v"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("HAProxy", "fail", f"{binary} does not run: {error}.", "Set RAY_SERVE_ENABLE_HA_PROXY=0.")
    version = re.search(r"version (\S+)", answer.stdout)
    return Finding("HAProxy", "ok", version[1] if version else binary)


def check_gpu(root: Path, environment: Mapping[str, str], torch_version: str | None) -> Finding:
    """What models run on, and whether torch is the build for it."""
    if detect_hardware(root, environment).has_cuda:
        if torch_version and "+cpu" in torch_version:
            advice = "Install torch with CUDA (make install without ARGUS_TORCH_INDEX), or set runtime: openvino."
            return Finding("GPU", "fail", f"An NVIDIA GPU is there; torch {torch_version} cannot use it.", advice)
        return Finding("GPU", "ok", "NVIDIA, used by torch (runtime: auto)")
    if detect_hardware(root, {}).has_cuda:
        return Finding("GPU", "ok", "NVIDIA, hidden by CUDA_VISIBLE_DEVICES: OpenVINO runs on the processor")
    return Finding("GPU", "ok", "none: OpenVINO runs on the processor")


def check_telemetry(environment: Mapping[str, str], home: Path) -> Finding:
    """Whether anything calls home: not under `argus`; `serve run` alone follows Ray's own setting."""
    if environment.get("RAY_USAGE_STATS_ENABLED") == "0" or _is_ray_silent(home):
        return Finding("Telemetry", "ok", "off, under `serve run` too")
    return Finding(
        "Telemetry", "ok", "off under `argus`; for `serve run` alone, set RAY_USAGE_STATS_ENABLED=0 or Ray reports"
    )


def _is_ray_silent(home: Path) -> bool:
    try:
        return json.loads((home / ".ray/config.json").read_text())["usage_stats"] is False
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
