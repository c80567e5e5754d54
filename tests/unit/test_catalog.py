"""Specs and downloads: the parts of the catalog that need no torch."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from serve_app.catalog import DEFAULT_MODEL, ModelSpec, parse_spec
from serve_app.catalog.downloads import fetch_weights
from serve_app.errors import UnknownModel, WeightsUnavailable

BODY = bytes(range(256)) * 8192  # 2 MiB: more than one read
FILE_NAME = f"resnet50-{hashlib.sha256(BODY).hexdigest()[:8]}.pth"


class WeightsHandler(BaseHTTPRequestHandler):
    """/whole/ sends the file, /cut/ sends half of what it announces, anything else is not found."""

    def do_GET(self) -> None:
        """Answer one of the three ways."""
        way = self.path.split("/")[1]
        if way not in ("whole", "cut"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY if way == "whole" else BODY[: len(BODY) // 2])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), WeightsHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("resnet50", ModelSpec("resnet50")),
        (" ResNet50 ", ModelSpec("resnet50")),
        ("resnet50:IMAGENET1K_V2", ModelSpec("resnet50", "IMAGENET1K_V2")),
        (DEFAULT_MODEL, ModelSpec("efficientnet_lite0")),
    ],
)
def test_a_spec_is_a_name_and_perhaps_weights(text: str, expected: ModelSpec) -> None:
    """Reading gives the parts; str() gives a spec that reads the same."""
    assert parse_spec(text) == expected
    assert parse_spec(str(expected)) == expected


@pytest.mark.parametrize("text", ["", " ", "a b", "a:b:c", "../x", "a/b", "resnet50:", ":V1", "réseau", "a\nb"])
def test_a_text_of_another_form_is_refused(text: str) -> None:
    """The error shows how a spec is written; nothing that could be a path gets through."""
    with pytest.raises(UnknownModel, match="resnet50:IMAGENET1K_V2"):
        parse_spec(text)


def test_only_packaged_models_need_no_torch_cache() -> None:
    """The default model comes with its package; torchvision's live in the torch cache."""
    assert parse_spec(DEFAULT_MODEL).is_packaged
    assert not parse_spec("resnet50").is_packaged


def test_weights_are_downloaded_whole_with_progress(address: str, tmp_path: Path) -> None:
    """The file is the sent one, its folder is made, and somebody who waits sees how far it is."""
    said: list[str] = []
    folder = tmp_path / "hub" / "checkpoints"
    path = fetch_weights("resnet50", f"{address}/whole/{FILE_NAME}", folder, said.append, {})
    assert path == folder / FILE_NAME
    assert path.read_bytes() == BODY
    assert said[0] == f"downloading {address}/whole/{FILE_NAME} to {path}"
    assert said[-1] == "downloaded 100 % of 2.1 MB"


def test_a_file_that_is_there_is_taken_as_it_is(tmp_path: Path) -> None:
    """Nothing is asked of the network, whatever the file holds: putting it there is how one works offline."""
    (tmp_path / FILE_NAME).write_bytes(b"mine")
    path = fetch_weights("resnet50", f"http://127.0.0.1:9/{FILE_NAME}", tmp_path, pytest.fail, {"ARGUS_OFFLINE": "1"})
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("way", "file_name", "cause"),
    [
        ("missing", FILE_NAME, "404"),
        ("cut", FILE_NAME, "ended after|IncompleteRead"),
        ("whole", "resnet50-00000000.pth", "SHA-256"),
    ],
)
def test_a_failed_download_leaves_no_file_and_says_what_to_do(
    address: str, tmp_path: Path, way: str, file_name: str, cause: str
) -> None:
    """Not found, cut short, or another file than expected: the error names the cause, the address and the place."""
    url = f"{address}/{way}/{file_name}"
    with pytest.raises(WeightsUnavailable, match=cause) as raised:
        fetch_weights("resnet50", url, tmp_path, lambda text: None, {})
    assert f"Fetch {url}" in str(raised.value)
    assert str(raised.value).endswith(f"put it at {tmp_path / file_name}")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_gives_the_same_error(tmp_path: Path) -> None:
    """A refused connection is told like every failed download. Port 9 is discard: nothing listens there."""
    with pytest.raises(WeightsUnavailable, match="put it at"):
        fetch_weights("resnet50", f"http://127.0.0.1:9/{FILE_NAME}", tmp_path, lambda text: None, {})


def test_offline_nothing_is_downloaded(address: str, tmp_path: Path) -> None:
    """With ARGUS_OFFLINE the error comes at once, though the server would answer."""
    with pytest.raises(WeightsUnavailable, match="ARGUS_OFFLINE"):
        fetch_weights("resnet50", f"{address}/whole/{FILE_NAME}", tmp_path, pytest.fail, {"ARGUS_OFFLINE": "1"})


def test_what_a_replica_imports_brings_no_torch() -> None:
    """Catalog, artifacts and runtimes can be imported without torch, torchvision, timm or OpenVINO."""
    code = (
        "import sys, serve_app.catalog, serve_app.artifacts, serve_app.artifacts.export_process, serve_app.runtimes;"
        "print(sorted({'torch', 'torchvision', 'timm', 'openvino'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
