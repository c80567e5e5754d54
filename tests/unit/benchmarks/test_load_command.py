"""The command line of a load test, and which services it agrees to load."""

import itertools
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from argus_client.results import Deployment, LatencyMs, Replicas, ServiceStatus, Totals
from benchmarks.generator import Load
from benchmarks.load import capacity
from benchmarks.load.__main__ import main, parse_options
from benchmarks.load.capacity import find_limits
from benchmarks.load.service import ServiceUnfit, check_address, read_configuration
from benchmarks.load.watching import name_process
from tests.e2e.serving import ROOT


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a scenario"),
        (["sprint"], "invalid choice"),
        (["spike", "--rate", "0"], "above 0"),
        (["spike", "--seconds", "-5"], "above 0"),
        (["spike", "--rate", "inf"], "above 0"),
        (["spike", "--driver", "wrk"], "invalid choice"),
        (["spike", "--allow-remote"], "--url"),
    ],
)
def test_wrong_options_are_explained(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is started."""
    with pytest.raises(SystemExit) as ended:
        parse_options(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_photos_are_optional() -> None:
    """`make load SCENARIO=spike` alone is enough: the examples are sent."""
    options = parse_options(["spike"])
    assert list(options.images.glob("*.jpg"))
    assert options.driver == "open"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:8000/", "http://[::1]:8000"])
def test_this_machine_may_be_loaded(url: str) -> None:
    """In each of its names."""
    assert check_address(url, allow_remote=False) == url.rstrip("/")


@pytest.mark.parametrize("url", ["http://192.0.2.7:8000", "http://example.org", "http://localhost.example.org"])
def test_other_machines_are_refused_unless_they_are_yours(url: str) -> None:
    """A typing error must not take somebody's service down."""
    with pytest.raises(ServiceUnfit, match="--allow-remote"):
        check_address(url, allow_remote=False)
    assert check_address(url, allow_remote=True) == url


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "https://127.0.0.1:8000", "http://", "http://127.0.0.1:x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """TLS among them, which the generator does not speak."""
    with pytest.raises(ServiceUnfit, match="not an address"):
        check_address(url, allow_remote=True)


def test_a_service_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do, and without a report."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        assert main(["steady", "--url", url]) == 2
    said = " ".join(capsys.readouterr().out.split())
    assert "No service is ready at" in said
    assert "make up" in said


def test_a_folder_without_photos_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is started."""
    assert main(["steady", "--images", str(tmp_path)]) == 2
    assert "holds no JPEG files" in " ".join(capsys.readouterr().out.split())


def test_the_settings_that_matter_are_read_from_the_configuration() -> None:
    """Those that decide how the service scales and when it refuses, under the names of the file."""
    document = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    (application,) = document["applications"]
    found = read_configuration(ROOT / "serve_config.yaml")
    assert found["overload.deadline_s"] == application["args"]["overload"]["deadline_s"]
    scaling = application["deployments"][0]["autoscaling_config"]
    assert found["ImageClassifier.autoscaling.max_replicas"] == scaling["max_replicas"]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["ray::ServeReplica:argus:ImageClassifier"], "ServeReplica ImageClassifier"),
        (["ray::ServeController.listen_for_change"], "ServeController.listen_for_change"),
        (["/x/bin/python3.11", "-u", "/x/ray/dashboard/dashboard.py", "--host"], "dashboard"),
        (["/x/python", "-m", "serve_app.cli", "up"], "serve_app.cli"),
        (["/x/ray/core/src/ray/raylet/raylet", "--store"], "raylet"),
        ([], "kworker"),
    ],
)
def test_processes_have_names_that_people_know(command: list[str], name: str) -> None:
    """Ray's titles, scripts, modules, programs."""
    assert name_process(command, "kworker") == name


def describe(*deployments: Deployment) -> ServiceStatus:
    """A status of these deployments, the first of which takes the requests."""
    first = deployments[0]
    return ServiceStatus(
        replicas=Replicas(first.running, first.starting, first.stopping, first.target),
        ongoing=0, queued=0, requests_per_s=0, images_per_s=0, refused_per_s=0, errors_per_s=0, offered_per_s=0,
        latency_ms=LatencyMs(None, None, None), window_s=5, totals=Totals(0, 0, 0, 0, 0), uptime_s=1, complete=True,
        deployments=deployments,
    )  # fmt: skip


def test_the_limits_are_those_of_the_deployment_that_takes_the_requests() -> None:
    """Not those of another, and the target where nobody knows any."""
    inner = Deployment(2, 0, 0, 2, name="Inference", min=2, max=9)
    assert find_limits(describe(Deployment(1, 0, 0, 1, name="Ingress", min=1, max=4), inner)) == (1, 4)
    assert find_limits(describe(Deployment(3, 0, 0, 3, name="Ingress", min=None, max=None), inner)) == (3, 3)


class _StatusClient:
    async def status(self) -> ServiceStatus:
        return describe(Deployment(2, 0, 0, 2, name="Ingress", min=1, max=2))


@pytest.mark.parametrize(("run_s", "expected"), [(10, (90.0, 1)), (125, (90.0, 1)), (960, (60.0, 12))])
async def test_a_long_run_counts_on_what_the_slowest_piece_could_do(
    monkeypatch: pytest.MonkeyPatch, run_s: float, expected: tuple[float, int]
) -> None:
    """The machine may become as slow again; a short run takes what it has now."""
    rates = itertools.chain([90, 80, 60, 95], itertools.repeat(85))

    async def load(*_arguments: object, **_options: object) -> Load:
        return Load(1.0, (0.01,) * next(rates), {200: 1})

    monkeypatch.setattr(capacity, "run_closed_loop", load)
    client: Any = _StatusClient()
    found = await capacity.measure_capacity("http://127.0.0.1:1", client, [], lambda _: None, run_s=run_s)
    assert (found.images_per_s, found.pieces) == expected
