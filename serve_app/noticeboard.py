"""How replicas know of each other: a small actor where each leaves a note once a second, and any reads their sum.

Beside `deployments` and `app` the only module that knows Ray. None of it stands in the way of a request: where the
actor or Serve's controller cannot be reached, requests are served as ever, and the status says that it is not whole.

    replica --note, once a second--> Noticeboard <--reads the sum, when asked for the status-- replica --> controller

The actor's process imports this module, so it does not import Ray Serve until a replica needs it: 50 MB less.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import ray

from serve_app.meters import BatchMeter
from serve_app.spare import WorkerOrder, start_worker
from serve_app.status import Board, DeploymentScale, Figures, OwnStatus, Status, describe_service
from serve_app.tally import Note

log = logging.getLogger(__name__)

# Part of the actor's name: raise it when a note changes, so that old and new replicas do not share a board.
_SCHEMA = 3
_NAMESPACE = "argus"
_REPORT_INTERVAL_S = 1.0
# How long an answer to /v1/status is given again: many viewers ask no more than one.
_FRESH_S = 0.5
# How long somebody who asks for the status waits for the board and for the controller.
_PATIENCE_S = 1.0
# The controller's word is passed on for so long, so that it is asked once a second, however many replicas there are.
_SCALES_FRESH_S = 1.0
# A controller that has much to do may take its time: its last word holds for so long, and is waited for no longer.
_SCALES_VALID_S = 5.0
_SHORT_PATIENCE_S = 0.25
# A board that nobody has written to for so long belongs to an application that is gone.
_ABANDONED_S = 60.0

_STARTING = ("STARTING", "RECOVERING")
_STOPPING = ("STOPPING",)


class Reading(NamedTuple):
    """What the board says. scales: what the controller last said, and that so many seconds ago; None: nothing yet."""

    figures: Figures
    scales: tuple[DeploymentScale, ...] | None
    scales_age_s: float


class Noticeboard:
    """The actor: one an application, made by the first replica, gone a while after the last.

    clock: seconds, monotonic. abandoned_s: how long nobody has to write for it to leave.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, abandoned_s: float = _ABANDONED_S) -> None:
        self._clock = clock
        self._abandoned_s = abandoned_s
        self._board = Board(clock)
        self._scales: tuple[DeploymentScale, ...] | None = None
        self._scales_at = 0.0
        self._watched = False

    async def post(self, replica: str, note: Note) -> None:
        """Take a replica's note."""
        self._board.post(replica, note)

    async def exchange(self, replica: str, note: Note) -> Reading:
        """Take a replica's note and give what all notes add up to."""
        self._board.post(replica, note)
        return Reading(self._board.read(), self._scales, self._clock() - self._scales_at)

    async def post_scales(self, scales: tuple[DeploymentScale, ...]) -> None:
        """Take what the controller said to one replica, for the others."""
        self._scales, self._scales_at = scales, self._clock()

    async def start_worker(self, order: WorkerOrder) -> None:
        """Have an idle worker started for a replica's node: here, so that no replica holds what it takes to ask."""
        await start_worker(order)

    async def leave_when_abandoned(self) -> None:
        """End this actor when nobody has posted anything for a while. Every replica may ask for it."""
        if self._watched:
            return
        self._watched = True
        while self._board.silent_s < self._abandoned_s:  # noqa: ASYNC110  # nothing happens when nobody comes
            await asyncio.sleep(self._abandoned_s / 4)
        ray.actor.exit_actor()  # type: ignore[no-untyped-call]  # Ray's is not annotated


class SharedStatus:
    """A `StatusSource` for one of several replicas: it leaves its notes on the board, and reads there.

    Make it on the replica's event loop. count_queued, list_batches: as `OwnStatus` has them. connect: finds or makes
    the board; blocks. ask_controller: the details of every application, as Serve's own REST API gives them.
    """

    def __init__(
        self,
        place: "Place",
        count_queued: Callable[[], int],
        list_batches: Callable[[], Mapping[str, BatchMeter]] = dict,
        *,
        connect: "Callable[[str], BoardHandle] | None" = None,
        ask_controller: Callable[[], Awaitable[Mapping[str, Any]]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place = place
        self._own = OwnStatus(count_queued, list_batches, deployment=place.deployment)
        self.tally, self.meters = self._own.tally, self._own.meters
        self._connect = connect or find_board
        self._ask_controller = ask_controller or ask_controller_for_details
        self._clock = clock
        self._board: BoardHandle | None = None
        self._connecting = asyncio.Lock()
        self._reading: asyncio.Task[Status] | None = None
        self._asking: asyncio.Task[tuple[DeploymentScale, ...] | None] | None = None
        self._read_at = 0.0
        self._reporting = asyncio.get_running_loop().create_task(self._report_forever())

    async def read(self) -> Status:
        """See `StatusSource.read`. However many ask, the board is asked once at a time."""
        reading = self._reading
        if reading is None or (reading.done() and self._clock() - self._read_at > _FRESH_S):
            reading = self._reading = asyncio.create_task(self._read())
        return await asyncio.shield(reading)

    async def start_worker(self, order: WorkerOrder) -> None:
        """Have an idle worker started, from the board's process. Raises whatever kept it from that."""
        board = await self._find_board()
        await board.start_worker.remote(order)

    def close(self) -> None:
        """Report no more."""
        self._reporting.cancel()

    async def _read(self) -> Status:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                board = await self._find_board()
                reading = await board.exchange.remote(self._place.replica, self._own.take_note())
        except Exception as error:  # noqa: BLE001  # whatever keeps it from the board, its own figures are known
            self._lose_board(error)
            status = replace(await self._own.read(), alone=True)
        else:
            scales = await self._find_scales(board, reading)
            status = describe_service(reading.figures, self._place.deployment, scales=scales)
        self._read_at = self._clock()
        return status

    async def _find_scales(self, board: "BoardHandle", reading: Reading) -> tuple[DeploymentScale, ...] | None:
        valid = reading.scales if reading.scales_age_s < _SCALES_VALID_S else None
        if valid is not None and reading.scales_age_s < _SCALES_FRESH_S:
            return valid
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_for_scales(board))
        await asyncio.wait([self._asking], timeout=_PATIENCE_S if valid is None else _SHORT_PATIENCE_S)
        return (self._asking.result() if self._asking.done() else None) or valid

    async def _ask_for_scales(self, board: "BoardHandle") -> tuple[DeploymentScale, ...] | None:
        try:
            async with asyncio.timeout(_SCALES_VALID_S):
                scales = read_scales(await self._ask_controller(), self._place.application)
        except Exception as error:  # noqa: BLE001  # whatever keeps it from the controller, the figures stand
            log.debug("Serve's controller did not say how many replicas there are: %s", error)
            return None
        board.post_scales.remote(scales)
        return scales

    async def _report_forever(self) -> None:
        while True:
            await asyncio.sleep(_REPORT_INTERVAL_S)  # first, so that the board is made when the replica is up
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    board = await self._find_board()
                    await board.post.remote(self._place.replica, self._own.take_note())
            except Exception as error:  # noqa: BLE001  # nothing may end the reports; the next one tries again
                self._lose_board(error)

    async def _find_board(self) -> "BoardHandle":
        async with self._connecting:
            if self._board is None:
                # In a thread: Ray blocks while it asks where the actor is.
                self._board = await asyncio.to_thread(self._connect, self._place.application)
                self._board.leave_when_abandoned.remote()
            return self._board

    def _lose_board(self, error: Exception) -> None:
        if not isinstance(error, TimeoutError):
            self._board = None
        log.debug("the board for the status could not be reached: %s", error)


class Place(NamedTuple):
    """Who a replica is. replica: a name that no other has."""

    application: str
    deployment: str
    replica: str


class BoardHandle(Protocol):
    """A handle of the actor: each method is called with `.remote(...)`, and what that gives is awaited."""

    post: Any
    exchange: Any
    post_scales: Any
    start_worker: Any
    leave_when_abandoned: Any


def share_status(count_queued: Callable[[], int], list_batches: Callable[[], Mapping[str, BatchMeter]]) -> SharedStatus:
    """The status of the replica that this is. count_queued, list_batches: as `OwnStatus` has them."""
    from ray import serve

    context = serve.get_replica_context()
    return SharedStatus(Place(context.app_name, context.deployment, context.replica_tag), count_queued, list_batches)


def find_board(application: str) -> BoardHandle:
    """The application's board, made if there is none."""
    actor: Any = ray.remote(Noticeboard)
    board: BoardHandle = actor.options(
        name=f"status-{_SCHEMA}-{application}",
        namespace=_NAMESPACE,
        get_if_exists=True,
        lifetime="detached",  # it outlives the replica that made it
        num_cpus=0,
    ).remote()
    return board


async def ask_controller_for_details() -> Mapping[str, Any]:
    """Everything that Serve's controller says of itself: what GET /api/serve/applications/ of its REST API shows."""
    from ray.serve.context import _get_global_client

    # The public `serve.status()` leaves out how many replicas there should be.
    client: Any = _get_global_client()
    controller = client._controller  # noqa: SLF001  # there is no public way to ask without blocking
    details: Mapping[str, Any] = await controller.get_serve_instance_details.remote()
    return details


def read_scales(details: Mapping[str, Any], application: str) -> tuple[DeploymentScale, ...]:
    """The scale of each deployment of an application, from Serve's details. Raises KeyError if they are not whole."""
    return tuple(
        _read_scale(name, deployment)
        for name, deployment in details["applications"][application]["deployments"].items()
    )


def _read_scale(name: str, deployment: Mapping[str, Any]) -> DeploymentScale:
    states = Counter(str(getattr(replica["state"], "value", replica["state"])) for replica in deployment["replicas"])
    starting = sum(states[state] for state in _STARTING)
    stopping = sum(states[state] for state in _STOPPING)
    config = deployment.get("deployment_config", {})
    scaled, fixed = config.get("autoscaling_config"), config.get("num_replicas")
    return DeploymentScale(
        name=name,
        running=states.total() - starting - stopping,
        starting=starting,
        stopping=stopping,
        target=deployment["target_num_replicas"],
        least=scaled["min_replicas"] if scaled else fixed,
        most=scaled["max_replicas"] if scaled else fixed,
    )
