"""Several workers of the UI that share their sessions through a real Redis. Skipped where Redis is not installed."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import ROOT, free_port, running_ui, wait_until_listening
from tests.e2e.conftest import QUICK_PROBES, open_page
from tests.e2e.fake_service import FakeService

REDIS = shutil.which("redis-server")
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(REDIS is None, reason="redis-server is not installed"),
]

CAT = ROOT / "assets" / "examples" / "cat.jpg"
SESSIONS = 6


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of the tests' own, on loopback, that keeps nothing."""
    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([REDIS or "", *options], stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until_listening(port, process, timeout_s=30)
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def workers_url(fake_service: FakeService, redis_url: str) -> Iterator[str]:
    """The production UI with three workers."""
    environment = {**QUICK_PROBES, "REFLEX_REDIS_URL": redis_url}
    with running_ui(fake_service.url, environment, options=("--workers", "3")) as address:
        yield address


def test_sessions_on_any_worker_classify_and_survive_a_reload(
    browser: Browser, workers_url: str, service: FakeService
) -> None:
    """Another worker than the session's may answer a photo, or the page after a reload."""
    pages = [open_page(browser, workers_url).page for _ in range(SESSIONS)]
    for page in pages:
        page.set_input_files('.zone input[type="file"]', CAT)
    for page in pages:
        expect(page.locator("[data-answer] li").first).to_contain_text("tabby")
        expect(page.locator(".kept-photo")).to_have_count(1)
    for page in pages:
        page.reload()
        expect(page.locator("[data-answer] li").first).to_contain_text("tabby")
        page.context.close()


def test_several_workers_without_redis_are_refused_with_what_to_do(tmp_path: Path) -> None:
    """Each would know only its own sessions."""
    from tests.e2e.test_ui_server import start

    process = start(free_port(), "--workers", "3")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "REFLEX_REDIS_URL" in errors.decode()
