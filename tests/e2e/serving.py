"""A real service for tests: `serve run` in HAProxy mode, with its own Ray cluster, on free ports."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 240.0
STOP_TIMEOUT_S = 60.0
# So small a part of a processor that all replicas find their place on any machine.
_SMALL = {"ray_actor_options": {"num_cpus": 0.1}}

API_KEY = "a key for tests"
LIMITED_KEY = "a key for the other model"
TORCHVISION_MODEL = "squeezenet1_1"


@dataclass(frozen=True, slots=True)
class RunningService:
    """Where the service answers. Ten applications share it, so that every error can be met for real.

    url: the shipped settings and two models. keyed_url: API keys and a rate limit. hurried_url: a deadline that no
    image can keep. narrow_url: small limits and one place. split_url: the split topology. from_none_url: no replica
    that stays. traced_url, traced_split_url: what they do is told in traces and in request_logs. Those under /broken
    and /stopping are in `faulty`.
    """

    url: str
    log: Path
    request_logs: Path

    @property
    def keyed_url(self) -> str:
        """Asks for API_KEY; one request in ten seconds; LIMITED_KEY is for TORCHVISION_MODEL alone."""
        return f"{self.url}/keyed"

    @property
    def hurried_url(self) -> str:
        """Has a deadline of a microsecond, and two replicas."""
        return f"{self.url}/hurried"

    @property
    def narrow_url(self) -> str:
        """Takes one image at a time, of at most 1 MiB and a million pixels, also by address from this service."""
        return f"{self.url}/narrow"

    @property
    def split_url(self) -> str:
        """Decodes in one replica and runs the model in another."""
        return f"{self.url}/split"

    @property
    def from_none_url(self) -> str:
        """Starts a replica when somebody asks, two when many do, and takes them away after seconds of rest."""
        return f"{self.url}/from_none"

    @property
    def traced_url(self) -> str:
        """Logs every request, and traces those that clients trace."""
        return f"{self.url}/traced"

    @property
    def traced_split_url(self) -> str:
        """The same in the split topology."""
        return f"{self.url}/traced_split"


def find_free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def make_torchvision_weights(torch_home: Path) -> None:
    """Put a weights file with random values where torchvision looks for the real one."""
    code = (
        "import sys, torch, torchvision; from pathlib import Path; torch.manual_seed(0);"
        f"name = {TORCHVISION_MODEL!r}; weights = torchvision.models.get_model_weights(name).DEFAULT;"
        "path = Path(sys.argv[1]) / 'hub' / 'checkpoints' / weights.url.rsplit('/', 1)[1];"
        "path.parent.mkdir(parents=True);"
        "torch.save(torchvision.models.get_model(name).state_dict(), path)"
    )
    subprocess.run([sys.executable, "-c", code, str(torch_home)], check=True)


def make_config(port: int, request_logs: Path, otlp_url: str) -> dict[str, Any]:
    """The shipped configuration on another port, with more applications: see `RunningService`."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    config["http_options"]["port"] = port
    (main,) = config["applications"]
    shipped = main["args"]
    main["args"] = {**shipped, "models": [*shipped["models"], {"weights": TORCHVISION_MODEL}]}
    autoscaled = {**main["deployments"][0], **_SMALL}
    deployment = {**autoscaled, "num_replicas": 1}
    from_none = {"min_replicas": 0, "initial_replicas": 0, "downscale_delay_s": 3}
    autoscaled["autoscaling_config"] = deployment.pop("autoscaling_config") | from_none
    main["deployments"] = [deployment]

    def variant(name: str, **sections: Any) -> dict[str, Any]:
        args = {"models": [{"weights": "efficientnet_lite0"}], **sections}
        return {**main, "name": name, "route_prefix": f"/{name}", "args": args}

    observability = {
        "request_log": "all",
        "log_folder": str(request_logs),
        "otlp_endpoint": otlp_url,
        "sample_ratio": 0,  # no trace but those that clients ask for
    }
    keys = [
        {"client": "tests", "sha256": hashlib.sha256(API_KEY.encode()).hexdigest()},
        {
            "client": "limited",
            "sha256": hashlib.sha256(LIMITED_KEY.encode()).hexdigest(),
            "models": [TORCHVISION_MODEL],
        },
    ]
    models = main["args"]["models"]
    with_two_replicas = variant("hurried", overload={"deadline_s": 1e-6})
    with_two_replicas["deployments"] = [{**deployment, "num_replicas": 2}]
    config["applications"] += [
        variant("keyed", models=models, access={"api_keys": keys, "requests_per_s": 0.1, "burst": 1}),
        with_two_replicas,
        variant(
            "narrow",
            overload={"max_pending_images": 1},
            limits={"max_images": 1, "max_image_bytes": 2**20, "max_image_pixels": 1_000_000},
            remote_images={
                "enabled": True,
                "allow_http": True,
                "allowed_hosts": ["127.0.0.1", "localhost"],
                "allowed_networks": ["127.0.0.1/32"],
                "allowed_ports": [port],
            },
        ),
    ]
    config["applications"] += [
        {**variant("from_none", **shipped), "deployments": [autoscaled]},
        variant("traced", **shipped | {"observability": observability}),
        make_split_application("split"),
        make_split_application("traced_split", observability=observability),
    ]
    config["applications"] += [
        {
            "name": fault,
            "import_path": "tests.e2e.faulty:build",
            "route_prefix": f"/{fault}",
            "args": {"fault": fault},
            "deployments": [{"name": "FaultyClassifier", **_SMALL}],
        }
        for fault in ("broken", "stopping")
    ]
    return config


def make_split_application(name: str, **sections: Any) -> dict[str, Any]:
    """The shipped example of the split topology, one replica each and without a GPU."""
    config = yaml.safe_load((ROOT / "deploy" / "serve_config.split.yaml").read_text())
    (application,) = config["applications"]
    for deployment in application["deployments"]:
        deployment.pop("autoscaling_config", None)
        deployment |= {"num_replicas": 1, **_SMALL}
    args = application["args"] | sections
    return {**application, "name": name, "route_prefix": f"/{name}", "args": args}


@contextmanager
def run_service(folder: Path, artifacts: Path, otlp_url: str) -> Iterator[RunningService]:
    """Start `serve run`, wait until every application answers, and stop it with Ctrl-C afterwards.

    folder: of its files. artifacts: where exported models are found and put. otlp_url: where its traces go.
    """
    make_torchvision_weights(folder / "torch")
    port, stats_port, metrics_port = find_free_ports(3)
    request_logs = folder / "requests"
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(make_config(port, request_logs, otlp_url)))
    log = folder / "serve.log"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),  # for tests.e2e.faulty
        "RAY_ADDRESS": "local",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_HAPROXY_STATS_PORT": str(stats_port),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(metrics_port),
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
        "RAY_preload_python_modules": "serve_app.spare_imports",
        "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": "serve_app.http.edge:build_middlewares",
        "TORCH_HOME": str(folder / "torch"),
        "ARGUS_ARTIFACTS": str(artifacts),
        "ARGUS_OFFLINE": "1",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("serve")), "run", str(file)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    service = RunningService(f"http://127.0.0.1:{port}", log, request_logs)
    try:
        for name in ("keyed", "hurried", "narrow", "split", "from_none", "traced", "traced_split", "broken"):
            _wait_until_answering(f"{service.url}/{name}/health/ready", process, log)
        _wait_until_answering(f"{service.url}/stopping/health/live", process, log)
        _wait_until_answering(f"{service.url}/health/ready", process, log)
        yield service
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_TIMEOUT_S)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _wait_until_answering(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} did not answer:\n{log.read_text()[-4000:]}")
