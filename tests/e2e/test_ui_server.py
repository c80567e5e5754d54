"""The UI's own server, over plain HTTP: headers, limits, origins, and how it starts and ends."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.e2e.browser import ROOT, free_port, wait_until_answering

pytestmark = pytest.mark.timeout(300)


def test_the_page_comes_compressed_with_security_headers(ui_url: str) -> None:
    """What a browser gets for the address alone."""
    answer = httpx.get(ui_url, headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "'unsafe-eval'" not in policy
    assert "'unsafe-inline'" not in policy.split("style-src")[0]


def test_hashed_files_are_kept_by_the_browser_forever(ui_url: str) -> None:
    """Their name changes with their content."""
    script = re.search(r'/assets/[^"]+\.js', httpx.get(ui_url).text)
    assert script is not None
    assert "immutable" in httpx.get(ui_url + script.group()).headers["cache-control"]


def test_the_built_page_names_no_address_of_a_server(ui_url: str) -> None:
    """It talks to where it came from, so the port may be chosen at every start."""
    scripts = list((ROOT / ".web" / "build" / "client").rglob("*.js"))
    assert scripts
    assert not [path.name for path in scripts if "argus.invalid" in path.read_text("utf-8")]


def test_an_unknown_address_is_a_404(ui_url: str) -> None:
    """And not the page with status 200."""
    assert httpx.get(f"{ui_url}/nowhere").status_code == 404


def test_an_upload_past_the_limit_is_refused(ui_url: str) -> None:
    """By its declared length already; bytes that nobody declared are counted, as the unit tests show."""
    for path in ("/photos", "/_upload"):
        assert httpx.post(f"{ui_url}{path}", content=bytes(12_000_000)).status_code == 413


def test_another_pages_requests_are_refused(ui_url: str) -> None:
    """Neither an upload nor a session from another origin; nobody is invited by CORS."""
    foreign = {"origin": "http://elsewhere.example"}
    assert httpx.post(f"{ui_url}/photos", headers=foreign).status_code == 403
    assert httpx.post(f"{ui_url}/_upload", headers=foreign).status_code == 403
    upgrade = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    session = httpx.get(f"{ui_url}/_event/?EIO=4&transport=websocket", headers=foreign | upgrade)
    assert session.status_code == 403
    assert "access-control-allow-origin" not in httpx.get(f"{ui_url}/ping", headers=foreign).headers


def start(port: int, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "reflex_frontend.production", "--port", str(port), *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_on_a_signal_and_leaves_neither_process_nor_port(ui_url: str, ending: signal.Signals) -> None:
    """Quickly, with status 0, the workers included."""
    port = free_port()
    process = start(port)
    wait_until_answering(f"http://127.0.0.1:{port}", process, timeout_s=60)
    workers = children(process.pid)
    process.send_signal(ending)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert b"Traceback" not in errors
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))


def test_a_busy_port_is_named_with_what_to_do(ui_url: str) -> None:
    """Status 1, no traceback, no second server on the same port."""
    port = int(ui_url.rsplit(":", 1)[1])
    process = start(port)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use." in errors.decode()
    assert b"Traceback" not in errors
