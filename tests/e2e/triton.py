"""Triton's own clients against the real service: what the tests over HTTP and over gRPC have in common."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from tests.clients.environment import Clients
from tests.e2e.normalising import MODEL, normalise_photos
from tests.e2e.serving import ROOT, RunningService
from tests.photos import EXAMPLES, example

PHOTOS = ("cat", "coffee", "rocket")
# Few requests are enough to see that it finishes.
_SHORT = "--measurement-mode count_windows --measurement-request-count 20 --stability-percentage 999 --max-trials 3"


def describe_photos(service: RunningService, folder: Path) -> dict[str, Any]:
    """What a script of the clients is told: the model, photos, and the same photos as FP32 tensors."""
    tensors = folder / "planes.npy"
    np.save(tensors, np.ascontiguousarray(normalise_photos(service.url, PHOTOS)))
    photos = [str(EXAMPLES / f"{name}.jpg") for name in PHOTOS]
    return {"model": MODEL, "photos": photos, "tensors": str(tensors)}


def expect_same_classes(service: RunningService, forms: dict[str, list[list[str]]]) -> None:
    """In each form, each photo has the five best classes that /v1/classify gives it."""
    expected = [_classify(service, name) for name in PHOTOS]
    for form, rows in forms.items():
        classes = [[text.split(":", 2) for text in row] for row in rows]
        assert [[(int(class_id), label) for _, class_id, label in row] for row in classes] == expected, form


def _classify(service: RunningService, photo: str) -> list[tuple[int, str]]:
    answer = httpx.post(f"{service.url}/v1/classify", content=example(photo), timeout=30).json()
    return [(one["class_id"], one["label"]) for one in answer["results"][0]["predictions"]]


def run_sample(code: str, folder: Path) -> str:
    """A document's lines for a shell in a folder of their own; what they printed."""
    (folder / "assets").symlink_to(ROOT / "assets")
    command = ["/bin/bash", "-euo", "pipefail", "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_perf_analyzer(clients: Clients, code: str, folder: Path) -> str:
    """A document's call of it, in small windows: it found the model, was answered, and read the statistics."""
    said = run_sample(f'perf_analyzer() {{ {shlex.join(clients.perf_analyzer)} "$@" {_SHORT}; }}\n{code}', folder)
    throughputs = re.findall(r"Throughput: ([0-9.]+) infer/sec", said)
    assert throughputs, said
    assert all(float(throughput) > 0 for throughput in throughputs)
    assert re.search(r"Server:\s+Inference count: [1-9]", said), said
    return said


def run_script(clients: Clients, code: str) -> str:
    """A document's program, with the clients and nothing of ours; what it printed."""
    command = [str(clients.python), "-W", "error::DeprecationWarning:__main__", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
