"""`argus up` for real: Ray, HAProxy and the UI come up, and however the start ends, no process and no port is left.

ARGUS_STARTS=10 pytest tests/e2e/test_start_stop.py      each end ten times in a row
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import grpc
import httpx
import psutil
import pytest

from serve_app.cli.ports import is_free
from serve_app.grpc.protocol import open_inference_pb2 as messages
from tests.e2e.serving import find_free_ports

pytestmark = pytest.mark.timeout(400)

ROOT = Path(__file__).parents[2]
PHOTO = next((ROOT / "assets").rglob("*.jpg"))
START_S, STOP_S = 240.0, 90.0
TIMES = range(int(os.environ.get("ARGUS_STARTS", "1")))


class Start:
    """A running `argus up` on free ports."""

    def __init__(self, folder: Path) -> None:
        config = shutil.copy(ROOT / "serve_config.yaml", folder)
        self.serve_port, self.ui_port, self.grpc_port = find_free_ports(3)
        ports = ["--serve-port", str(self.serve_port), "--ui-port", str(self.ui_port)]
        ports += ["--grpc-port", str(self.grpc_port)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "serve_app.cli", "up", "--config", str(config), *ports],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._found, self._sessions = set[psutil.Process](), set[int]()
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_for(self, pattern: str) -> None:
        """Wait until a line matches, or fail with all that was said."""

        def matches_or_ended() -> bool:
            return any(re.search(pattern, line) for line in self.lines) or not self._reader.is_alive()

        with self._changed:
            self._changed.wait_for(matches_or_ended, timeout=START_S)
        assert any(re.search(pattern, line) for line in self.lines), "\n".join(self.lines)

    def processes(self) -> list[psutil.Process]:
        """All that this start brought about, by what it left in their environment; found without its own code.

        Also what has lost that, by the sessions of those that ever showed it.
        """
        mark = f"{self.process.pid}@"
        others = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError):  # Gone meanwhile, or another user's.
                session = os.getsid(process.pid)
                if is_zombie(process):
                    continue
                if process.environ().get("ARGUS_LAUNCHER", "").startswith(mark):
                    self._found.add(process)
                    self._sessions.add(session)
                else:
                    others.append((process, session))
        self._found.update(process for process, session in others if session in self._sessions)
        return [process for process in self._found if process.is_running() and not is_zombie(process)]

    def end(self, number: signal.Signals) -> int:
        """Send the signal to the launcher alone and wait for its exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """The exit status."""
        status = self.process.wait(STOP_S)
        self._reader.join()
        return status

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                with self._changed:
                    self.lines.append(line.rstrip())
                    self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


def is_zombie(process: psutil.Process) -> bool:
    """Whether it is over, and only its parent has not looked."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def starting(folder: Path) -> Iterator[Start]:
    """A start with its configuration and logs in `folder`; killed with all its processes if a test fails in between."""
    start = Start(folder)
    try:
        yield start
    finally:
        if start.process.poll() is None:
            start.process.kill()
            start.wait()
        for process in start.processes():
            process.kill()


def listening_ports(processes: Iterable[psutil.Process]) -> set[int]:
    """Every port that these processes listen on."""
    ports = set()
    for process in processes:
        with suppress(psutil.Error):  # Gone meanwhile, or another user's.
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr:
                    ports.add(connection.laddr.port)
    return ports


def wait_for_ports(start: Start) -> set[int]:
    """All ports of a start that serves, once the three that it announces are among them; HAProxy's is HAProxy's.

    Within its first seconds HAProxy may hand its port on to another process of its own.
    """
    end = time.monotonic() + START_S
    while True:
        processes = start.processes()
        proxies = [process for process in processes if is_haproxy(process)]
        ports = listening_ports(processes)
        if {start.ui_port, start.grpc_port} < ports and start.serve_port in listening_ports(proxies):
            return ports
        assert time.monotonic() < end, f"listening: {sorted(ports)}"
        time.sleep(0.1)


def is_haproxy(process: psutil.Process) -> bool:
    """Whether it is a HAProxy that has not ended."""
    with suppress(psutil.Error):
        return process.name() == "haproxy"
    return False


def assert_nothing_is_left(start: Start, ports: set[int]) -> None:
    """No process of the start is alive and nobody listens on any of its ports."""
    assert start.processes() == []
    assert ports & listening_ports(psutil.process_iter()) == set()
    assert is_free("127.0.0.1", start.serve_port)
    assert is_free("127.0.0.1", start.ui_port)
    assert is_free("127.0.0.1", start.grpc_port)


def assert_it_serves(start: Start) -> None:
    """A photo is classified over HTTP, gRPC says that the service is ready, and the page is there."""
    with grpc.insecure_channel(f"127.0.0.1:{start.grpc_port}") as channel:
        ask = channel.unary_unary(
            "/inference.GRPCInferenceService/ServerReady",
            request_serializer=messages.ServerReadyRequest.SerializeToString,
            response_deserializer=messages.ServerReadyResponse.FromString,
        )
        assert ask(messages.ServerReadyRequest(), timeout=30).ready
    with httpx.Client(trust_env=False, timeout=30) as client:
        answer = client.post(f"http://127.0.0.1:{start.serve_port}/v1/classify", content=PHOTO.read_bytes())
        assert answer.status_code == 200, answer.text
        assert answer.json()["results"][0]["predictions"]
        assert client.get(f"http://127.0.0.1:{start.ui_port}/").status_code == 200


def assert_ray_gives_way(start: Start) -> None:
    """Before those that answer requests, which keep the niceness of the start."""
    own = os.getpriority(os.PRIO_PROCESS, start.process.pid)
    titles = {process: " ".join(process.cmdline()[:1]) for process in start.processes()}
    (controller,) = (process for process, title in titles.items() if title.startswith("ray::ServeController"))
    end = time.monotonic() + START_S
    while controller.nice() == own:
        assert time.monotonic() < end, "the controller does not give way"
        time.sleep(0.1)
    replicas = [process for process, title in titles.items() if title.startswith("ray::ServeReplica")]
    assert replicas
    for replica in replicas:
        for thread in replica.threads():
            with suppress(ProcessLookupError):  # it has ended meanwhile
                assert os.getpriority(os.PRIO_PROCESS, thread.id) == own
    assert {process.nice() for process in start.processes() if is_haproxy(process)} == {own}


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_running_start_ends_clean(number: signal.Signals, time: int, tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM end everything, HAProxy included, with exit status 0."""
    with starting(tmp_path) as start:
        start.wait_for(r"Stop +Ctrl-C")
        assert_it_serves(start)
        assert_ray_gives_way(start)
        ports = wait_for_ports(start)
        assert start.end(number) == 0, "\n".join(start.lines)
        assert "Stopped. No process and no port is left." in start.lines
        assert_nothing_is_left(start, ports)


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize(
    ("moment", "number"),
    [
        (r"Models: checking", signal.SIGTERM),
        (r"Service: starting Ray", signal.SIGINT),
        (r"Service: loading the models", signal.SIGTERM),
    ],
    ids=["models", "ray", "loading"],
)
def test_a_start_that_is_interrupted_ends_clean(moment: str, number: signal.Signals, time: int, tmp_path: Path) -> None:
    """A signal in the middle of the start, at whatever stage, leaves nothing behind either."""
    with starting(tmp_path) as start:
        start.wait_for(moment)
        ports = listening_ports(start.processes()) | {start.serve_port, start.ui_port}
        assert start.end(number) == 0, "\n".join(start.lines)
        assert_nothing_is_left(start, ports)


def kill_ui(start: Start) -> None:
    """End the UI as a crash would."""
    for process in start.processes():
        with contextlib.suppress(psutil.Error):  # one of Ray's short-lived processes ended in between
            if "reflex_frontend.production" in " ".join(process.cmdline()):
                process.kill()


def kill_serve_run(start: Start) -> None:
    """End `serve run` as a crash would; Ray's other processes go on for a while."""
    for process in start.processes():
        with contextlib.suppress(psutil.Error):  # as above
            command = process.cmdline()
            if command[1:2] and command[1].endswith("/serve") and "run" in command:
                process.kill()


@pytest.mark.parametrize(
    ("kill", "name"), [(kill_ui, "The UI"), (kill_serve_run, "The service")], ids=["ui", "service"]
)
def test_a_death_of_one_ends_the_others(kill: Callable[[Start], None], name: str, tmp_path: Path) -> None:
    """When one of the servers dies, the start says which, shows its log and ends with status 1, leaving nothing."""
    with starting(tmp_path) as start:
        start.wait_for(r"Stop +Ctrl-C")
        ports = listening_ports(start.processes())
        kill(start)
        assert start.wait() == 1
        assert f"{name} ended by SIGKILL." in start.lines
        assert any(line.startswith("The end of ") for line in start.lines)
        assert_nothing_is_left(start, ports)


def test_what_a_killed_start_left_is_ended_by_the_next(tmp_path: Path) -> None:
    """After SIGKILL to the launcher everything runs on without it; the next start names that, ends it, and starts."""
    with starting(tmp_path) as killed:
        killed.wait_for(r"Stop +Ctrl-C")
        ports = listening_ports(killed.processes())
        killed.process.kill()
        killed.wait()
        assert killed.processes()
        with starting(tmp_path) as start:
            start.wait_for(r"Models: checking")
            assert any("An earlier start" in line and "was killed" in line for line in start.lines)
            assert_nothing_is_left(killed, ports)
            assert start.end(signal.SIGTERM) == 0
