"""`argus doctor`, what it says of installation and service, and the whole on this machine; see test_doctor_machine."""

import json
import shutil
import socket
from pathlib import Path

import pytest

from serve_app.artifacts import ensure_artifact
from serve_app.cli import checks_installation as installation
from serve_app.cli import checks_service as service_checks
from serve_app.cli.configuration import ServeConfiguration, read_configuration
from serve_app.cli.diagnosis import Finding, describe, has_failed
from serve_app.cli.exits import ExitCode
from serve_app.cli.launches import Launch
from serve_app.settings import ModelSettings
from tests.fake_export import FINAL, SPEC, FakeExporter
from tests.unit.cli.conftest import Argus, Listen, MakeRoot

SHIPPED = Path(__file__).parents[3] / "serve_config.yaml"


def test_missing_packages_fail_for_the_service_and_warn_for_the_page() -> None:
    """The service runs without the page's packages, not without its own."""
    here = {"ray": "2", "reflex": "1"}.get
    assert installation.check_packages(["ray", "torch"], ["reflex"], here).state == "fail"
    assert installation.check_packages(["ray"], ["reflex", "nodejs"], here).state == "warn"
    assert installation.check_packages(["ray"], ["reflex"], here).state == "ok"


def test_versions_are_held_against_the_lock(tmp_path: Path) -> None:
    """Torch for processors alone is the same version; a package that is not installed is no other version."""
    lock = tmp_path / "requirements.lock"
    lock.write_text("torch==2.1\nrich==3 ; python_version < '3.12'\nrich==4 ; python_version >= '3.12'\nabsent==1\n")
    fine = installation.check_versions(lock, {"torch": "2.1+cpu", "rich": "4"}.get)
    assert (fine.state, fine.found) == ("ok", "2 packages as locked")
    other = installation.check_versions(lock, {"torch": "2.2", "rich": "3"}.get)
    assert other.state == "warn"
    assert "torch 2.2 (locked: 2.1)" in other.found
    assert installation.check_versions(tmp_path / "none", {}.get).state == "ok"


def test_haproxy_is_run_to_see_that_it_can(tmp_path: Path) -> None:
    """A binary of another machine fails; none at all only costs speed."""
    binary = tmp_path / "haproxy"
    binary.write_text("#!/bin/sh\necho HAProxy version 2.8.25-5cf 2026\n")
    binary.chmod(0o700)
    assert installation.check_haproxy(lambda: str(binary)).found == "2.8.25-5cf"
    binary.write_text("#!/bin/sh\nexit 1\n")
    assert installation.check_haproxy(lambda: str(binary)).state == "fail"
    assert installation.check_haproxy(lambda: None).state == "warn"

    def find() -> str:
        raise FileNotFoundError("RAY_SERVE_HAPROXY_BINARY_PATH names nothing")

    assert installation.check_haproxy(find).state == "fail"


def test_a_gpu_needs_torch_for_it(make_root: MakeRoot) -> None:
    """With torch for processors alone, runtime: auto would fail on a machine with a GPU."""
    none = make_root(proc__cpuinfo="flags : avx2")
    assert "none" in installation.check_gpu(none, {}, "2.1+cpu").found
    root = make_root(dev__nvidia0="")
    assert installation.check_gpu(root, {}, "2.1+cpu").state == "fail"
    assert installation.check_gpu(root, {}, "2.1+cu130").state == "ok"
    assert "hidden" in installation.check_gpu(root, {"CUDA_VISIBLE_DEVICES": ""}, "2.1+cpu").found


def test_telemetry_is_told_for_serve_run_too(tmp_path: Path) -> None:
    """`argus` switches it off by itself; `serve run` alone follows Ray's setting."""
    assert "set RAY_USAGE_STATS_ENABLED=0" in installation.check_telemetry({}, tmp_path).found
    assert "too" in installation.check_telemetry({"RAY_USAGE_STATS_ENABLED": "0"}, tmp_path).found
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "config.json").write_text('{"usage_stats": false}')
    assert "too" in installation.check_telemetry({}, tmp_path).found


@pytest.fixture
def configuration(tmp_path: Path) -> ServeConfiguration:
    """The shipped one on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    return read_configuration(Path(shutil.copy(SHIPPED, tmp_path)), host=None, port=free)


@pytest.mark.parametrize(("cores", "state"), [(0.5, "fail"), (1, "warn"), (2, "ok")])
def test_replicas_and_threads_are_held_against_the_cores(
    configuration: ServeConfiguration, cores: float, state: str
) -> None:
    """One replica that does not fit would never start; two that do not would hinder each other."""
    assert service_checks.check_cores(configuration, cores).state == state


def test_a_busy_port_is_named_with_its_holder(configuration: ServeConfiguration, listen: Listen) -> None:
    """Which process, how to end it, and which option takes another; a port that nobody has is fine."""
    port, pid = listen()
    service, page, *_ = service_checks.check_ports(configuration, port)
    assert service.state == "ok"
    assert page.state == "fail"
    assert f"process {pid}" in page.found
    assert f"kill {pid}" in page.advice
    assert f"--ui-port {port + 100}" in page.advice


def test_a_port_of_a_running_start_is_fine(configuration: ServeConfiguration, listen: Listen) -> None:
    """A service that runs is no reason not to run it."""
    port, _ = listen(Launch.begin().environment)
    _, page, *_ = service_checks.check_ports(configuration, port)
    assert page.state == "ok"
    assert "the running `argus`" in page.found


def test_what_a_killed_start_left_is_found(listen: Listen) -> None:
    """By the process ids, with the promise that the next start ends them."""
    _, pid = listen(Launch("999999999@1.00").environment)
    finding = service_checks.check_left_over()
    assert finding.state == "warn"
    assert str(pid) in finding.found


MODEL = ModelSettings(weights=SPEC, runtime="openvino", precision="fp32")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Artifacts with that of MODEL among them."""
    (tmp_path / "weights.pth").write_bytes(b"weights")
    exporter = FakeExporter(tmp_path / "weights.pth")
    ensure_artifact(SPEC, runtime="openvino", precision="fp32", root=tmp_path / "artifacts", exporter=exporter)
    return tmp_path / "artifacts"


def test_an_artifact_that_is_whole_needs_nothing(root: Path) -> None:
    """No weights are looked for when it is there."""
    (finding,) = service_checks.check_model(MODEL, root)
    assert finding.state == "ok"


def test_a_damaged_artifact_fails(root: Path) -> None:
    """Its bytes are read: weights that changed would answer wrongly without a word."""
    (root / FINAL / "model.bin").write_bytes(b"half and ha1f")
    (finding,) = service_checks.check_model(MODEL, root)
    assert finding.state == "fail"
    assert str(root / FINAL) in finding.advice


def test_a_wrong_configuration_fails_by_name(argus: Argus, tmp_path: Path) -> None:
    """One that is missing and one with a typing error; the exit code says that something failed."""
    config = Path(shutil.copy(SHIPPED, tmp_path))
    config.write_text(config.read_text().replace("max_images:", "max_imagse:"))
    for path, words in ((config, "limits.max_imagse"), (tmp_path / "none.yaml", "Cannot read")):
        result = argus("doctor", "--config", path, "--json")
        assert result.exit_code == ExitCode.FAILED
        document = json.loads(result.stdout)
        assert document["ok"] is False
        assert any(words in check["found"] for check in document["checks"] if check["state"] == "fail")


def test_every_finding_that_is_not_fine_has_advice(argus: Argus) -> None:
    """On this machine, whatever is wrong with it: one line says what to do."""
    checks = json.loads(argus("doctor", "--config", SHIPPED.with_name("none.yaml"), "--json").stdout)["checks"]
    assert {"Python", "Memory", "Packages", "HAProxy", "Telemetry"} <= {check["name"] for check in checks}
    assert all(check["advice"] for check in checks if check["state"] != "ok")


def test_only_failures_fail() -> None:
    """A warning is advice and not an exit code."""
    fine, advice, failed = (Finding("n", state, "f") for state in ("ok", "warn", "fail"))
    assert not has_failed([fine, advice])
    assert has_failed([fine, failed])
    assert describe([advice])["ok"] is True


@pytest.mark.parametrize(
    ("code", "state", "words"),
    [
        ("pass", "ok", "no internet is needed"),
        ("raise errors.WeightsUnavailable('The weights of x are not here.')", "warn", "The weights of x are not here."),
        ("raise errors.UnknownModel('No model x.')", "fail", "No model x."),
        ("raise MemoryError", "fail", "MemoryError"),
    ],
)
def test_weights_are_looked_for_in_another_process(code: str, state: str, words: str) -> None:
    """What it says becomes the finding: missing weights can be downloaded, an unknown model can not."""
    finding = service_checks.check_weights("x", f"from serve_app import errors; {code}")
    assert finding.state == state
    assert words in finding.found


def test_missing_weights_fail_where_downloads_are_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ARGUS_OFFLINE the start could not fetch them either."""
    monkeypatch.setenv("ARGUS_OFFLINE", "1")
    code = "from serve_app import errors; raise errors.WeightsUnavailable('Not here.')"
    assert service_checks.check_weights("x", code).state == "fail"
