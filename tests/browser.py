"""Which Chromium the end-to-end tests drive, and how it is had where there is none.

    python -m tests.browser      finds one or installs one; says in a line what to do when it cannot

Playwright's own where it is installed, otherwise a Chromium or Chrome of the system.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Nothing is fetched from outside, and a container without user namespaces can start it.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Playwright tries each of its mirrors; a machine without internet should know soon.
_DOWNLOAD_TIMEOUT_S = 300
_CONNECT_TIMEOUT_MS = 10_000


class NoChromium(Exception):
    """There is none; the message says what to install."""


def find_chromium() -> Path:
    """The browser to start; raises NoChromium."""
    own = _playwright_chromium()
    if own is not None:
        return own
    for name in _SYSTEM_NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    raise NoChromium(
        "The browser tests need Chromium. Install it with one of: .venv/bin/playwright install --with-deps chromium | "
        "apt-get install chromium"
    )


def ensure_chromium() -> Path:
    """Find one, or install Playwright's own, or Debian's package; raises NoChromium."""
    try:
        return find_chromium()
    except NoChromium:
        _say("No Chromium is installed. Downloading Playwright's own.")
    if not _download_own() and _may_install():
        _say("That did not work. Installing Debian's package chromium.")
        _install_debian()
    return find_chromium()


def _playwright_chromium() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def _download_own() -> bool:
    environment = {**os.environ, "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": str(_CONNECT_TIMEOUT_MS)}
    playwright = [sys.executable, "-m", "playwright"]
    try:
        command = [*playwright, "install", "chromium"]
        if subprocess.run(command, env=environment, timeout=_DOWNLOAD_TIMEOUT_S, check=False).returncode:
            return False
    except subprocess.TimeoutExpired:
        return False
    if _may_install():
        # The libraries that it is linked with; a desktop has them already.
        subprocess.run([*playwright, "install-deps", "chromium"], check=False)
    return True


def _install_debian() -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    packages = ["chromium", "fonts-liberation"]
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-yq", "--no-install-recommends", *packages]):
        if subprocess.run(command, env=environment, check=False).returncode:
            return


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    try:
        _say(f"Browser tests use {ensure_chromium()}")
    except NoChromium as error:
        sys.exit(str(error))
