"""`argus up`: check, start, wait, announce; and, however it ends, leave no process and no port behind.

    check ports, end what an earlier start left --+--> models --+
                                                  +--> service -+--> announce --> wait --> stop --> verify
                                                  +--> gRPC ----+
                                                  +--> page ----+

Knows the order of things and how they are interrupted; what each needs to be ready is in `starting`.
"""

import asyncio
import os
import shutil
import signal
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text

from serve_app.cli.children import Child
from serve_app.cli.configuration import (
    ConfigurationError,
    ServeConfiguration,
    address,
    is_loopback,
    make_environment,
    read_configuration,
)
from serve_app.cli.display import Display
from serve_app.cli.giving_way import ray_giving_way
from serve_app.cli.launches import Launch, end_processes, find_abandoned, find_launch
from serve_app.cli.ports import describe, find_holder, is_free
from serve_app.cli.starting import StartError, Surroundings, prepare_models, start_grpc, start_service, start_ui

# `serve run` lets requests in flight end: at most graceful_shutdown_timeout_s, and Ray's own 30 s for the controller.
_DRAIN_S = 60.0
# How each child is asked to end, and for how long that is waited for.
_ENDS = {"the service": (signal.SIGINT, _DRAIN_S), "the gRPC server": (signal.SIGTERM, _DRAIN_S)}
_END = (signal.SIGTERM, 10.0)
_SWEEP_S = 5.0


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What to start; host, serve_port: those of the configuration file where they are None.

    port_option: what the person calls the option of the service's port.
    """

    config: Path = Path("serve_config.yaml")
    host: str | None = None
    serve_port: int | None = None
    ui_port: int = 3000
    ui: bool = True
    grpc_port: int = 8001
    grpc: bool = True
    port_option: str = "--serve-port"


@dataclass(slots=True)
class Interruption:
    """Whether the person or the system has asked for the end, once or with impatience."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)

    def listen(self) -> None:
        """Take Ctrl-C, SIGTERM and a closed terminal as a request to stop; a second one as a request to hurry."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._receive)

    def _receive(self) -> None:
        (self.hurry if self.asked.is_set() else self.asked).set()


def run_up(options: UpOptions) -> int:
    """One start, told on the terminal; the exit status."""
    return asyncio.run(Up(options, Display(Console())).run())


class Up:
    """One start, from the first check to the last."""

    def __init__(self, options: UpOptions, display: Display) -> None:
        self.options = options
        self.display = display
        self.launch = Launch.begin()
        self.interruption = Interruption()
        self._children: list[Child] = []

    async def run(self) -> int:
        """Start, serve until asked to stop, stop; returns the exit status: 0 after a wanted end, otherwise 1."""
        self.interruption.listen()
        try:
            configuration = read_configuration(
                self.options.config, host=self.options.host, port=self.options.serve_port
            )
            self._end_abandoned()
            self._check_ports(configuration)
        except (ConfigurationError, StartError) as error:
            self._explain(error)
            return 1
        folder = Path(tempfile.mkdtemp(prefix="argus-"))
        try:
            status = await self._serve(configuration, folder)
        finally:
            clean = await self._stop(configuration)
            shutil.rmtree(folder, ignore_errors=True)
        return status if clean else 1

    async def _serve(self, configuration: ServeConfiguration, folder: Path) -> int:
        starting = asyncio.ensure_future(self._start(configuration, folder))
        asked = asyncio.ensure_future(self.interruption.asked.wait())
        try:
            await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return 0
            service, *_ = servers = starting.result()
            self._announce(configuration)
            ends = {asyncio.ensure_future(child.process.wait()): child for child in servers}
            async with ray_giving_way(service.pid):
                await asyncio.wait({*ends, asked}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return 0
            dead = next(child for child in servers if child.has_ended)
            raise StartError(f"{dead.title} {dead.ending}.", dead)
        except StartError as error:
            self._explain(error)
            return 1
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            asked.cancel()

    async def _start(self, configuration: ServeConfiguration, folder: Path) -> list[Child]:
        show, options = self.display, self.options
        inherited = {**os.environ, **self.launch.environment}
        around = Surroundings(inherited, configuration.path.parent, self._logs(configuration), self._children.append)
        models, service = show.add("Models"), show.add("Service")
        grpc = show.add("gRPC") if options.grpc else None
        page = show.add("Page") if options.ui else None

        environment = make_environment(inherited, configuration, folder)
        config = configuration.write(folder)
        tasks: list[asyncio.Task[Child]] = []
        failed: BaseException | None = None
        with show.running():
            try:
                async with asyncio.TaskGroup() as group:
                    # Ray starts while the models are exported; the application itself waits for them.
                    group.create_task(prepare_models(around, configuration, models))
                    tasks.append(group.create_task(start_service(around, configuration, environment, config, service)))
                    if grpc is not None:
                        front = start_grpc(around, configuration.host, options.grpc_port, configuration.url, grpc)
                        tasks.append(group.create_task(front))
                    if page is not None:
                        ui = start_ui(around, configuration.host, options.ui_port, configuration.url, page)
                        tasks.append(group.create_task(ui))
            except* StartError as errors:
                failed = errors.exceptions[0]  # Raised from here it would be in a group again, in some of Python 3.11.
                for step in (models, service, grpc, page):
                    if step is not None and step.state == "working":
                        step.fail()
        if failed is not None:
            raise failed
        return [task.result() for task in tasks]

    def _announce(self, configuration: ServeConfiguration) -> None:
        rows = [("Service", f"{configuration.url}   (API: {configuration.url}/docs)")]
        if self.options.grpc:
            rows.append(("gRPC", address(configuration.host, self.options.grpc_port).removeprefix("http://")))
        if self.options.ui:
            rows.insert(0, ("Page", address(configuration.host, self.options.ui_port)))
        rows += [("Logs", _shown(child.log)) for child in self._children if not child.has_ended]
        self.display.say()
        for name, value in rows:
            self.display.say(Text.assemble("  ", (f"{name:<9}", "bold"), value))
        if not is_loopback(configuration.host):
            self.display.say(Text("  Other machines can reach it.", style="yellow"))
        self.display.say(Text.assemble("  ", ("Stop     ", "bold"), "Ctrl-C"))
        self.display.say()

    async def _stop(self, configuration: ServeConfiguration) -> bool:
        # Whether nothing is left.
        running = [child for child in self._children if not child.has_ended]
        if running:
            self.display.say("Stopping; requests in flight are answered first. Ctrl-C again to end at once.")
        # While something still shows the mark: what a killed service leaves may soon be without anything that does.
        known = await asyncio.to_thread(self.launch.processes)
        hurry = self.interruption.hurry
        await asyncio.gather(
            *(
                child.end(first, patience_s=patience_s, hurry=hurry)
                for child in running
                for first, patience_s in (_ENDS.get(child.name, _END),)
            )
        )
        left = await asyncio.to_thread(end_processes, self.launch.processes, patience_s=_SWEEP_S, known=known)
        if left:
            names = ", ".join(f"{describe(process)} (process {process.pid})" for process in left)
            self.display.say(f"Still there, and no signal ends it: {names}")
        ports = self._ports(configuration).values()
        busy = [port for port in ports if self._children and not is_free(configuration.host, port)]
        if busy:
            self.display.say(f"Still in use: port {', '.join(map(str, busy))}")
        if self._children and not left and not busy:
            self.display.say("Stopped. No process and no port is left.")
        return not left and not busy

    def _end_abandoned(self) -> None:
        for launch, processes in find_abandoned().items():
            self.display.say(
                f"An earlier start (process {launch.launcher_pid}) was killed and left {len(processes)} processes: "
                f"{', '.join(sorted({describe(process, 30) for process in processes}))}. Ending them."
            )
            if end_processes(launch.processes, patience_s=_SWEEP_S):
                raise StartError("They cannot be ended; restart the machine.")

    def _check_ports(self, configuration: ServeConfiguration) -> None:
        seen = set()
        for option, port in self._ports(configuration).items():
            if port in seen:
                raise StartError(f"Port {port} is asked for twice. Choose another: {option} {port + 100}")
            seen.add(port)
            try:
                if is_free(configuration.host, port):
                    continue
            except OSError as error:
                raise StartError(
                    f"Cannot listen on {configuration.host}:{port}: {error.strerror}. Choose another --host."
                ) from error
            holder = find_holder(port)
            launch = find_launch(holder.pid) if holder else None
            by = f"by {holder}" if holder else "by another user's process"
            if launch:
                advice = f"It belongs to a running `argus up`: stop that first (kill {launch.launcher_pid})"
            else:
                advice = f"End it (kill {holder.pid})" if holder else "End it"
            raise StartError(f"Port {port} is in use {by}. {advice}, or choose another port: {option} {port + 100}")

    def _ports(self, configuration: ServeConfiguration) -> dict[str, int]:
        options = self.options
        grpc = {"--grpc-port": options.grpc_port} if options.grpc else {}
        ui = {"--ui-port": options.ui_port} if options.ui else {}
        return {options.port_option: configuration.port, **grpc, **ui}

    def _logs(self, configuration: ServeConfiguration) -> Path:
        return configuration.path.parent / ".argus" / "logs"

    def _explain(self, error: Exception) -> None:
        self.display.say()
        self.display.say(Text(str(error), style="red"))
        child = error.child if isinstance(error, StartError) else None
        if child is not None:
            self.display.say(Text(f"The end of {_shown(child.log)}:", style="dim"))
            for line in child.read_tail():
                self.display.say(Text(f"  {line}"))


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
