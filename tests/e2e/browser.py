"""The browser and the UI server of the end-to-end tests and of the screenshots: how they are started and ended."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser import CHROMIUM_FLAGS, find_chromium

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def chromium(flags: Sequence[str] = CHROMIUM_FLAGS) -> Iterator[Browser]:
    """A running browser, ended with the block."""
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(flags))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def running_ui(
    service_url: str, environment: Mapping[str, str] | None = None, port: int = 0, options: Sequence[str] = ()
) -> Iterator[str]:
    """The production UI, on a free port if none is named, built when needed; yields its address, ends it by SIGTERM."""
    port = port or free_port()
    addresses = ["--port", str(port), "--service-url", service_url]
    command = [sys.executable, "-m", "reflex_frontend.production", *addresses, *options]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(environment or {})})
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_answering(address, process, timeout_s=240)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def wait_until_answering(address: str, process: subprocess.Popen[bytes], timeout_s: float) -> None:
    """Returns once the address answers; raises when the process ends before it does."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"The UI ended with status {process.returncode} before it answered.")
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"The UI did not answer at {address} within {timeout_s} s.")


def wait_until_listening(port: int, process: subprocess.Popen[bytes], timeout_s: float) -> None:
    """Returns once the port takes connections; raises when the process ends before it does."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"Nothing listens on port {port}.")
