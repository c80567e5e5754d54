"""A process kept warm on each node for the next replica: connected to Ray, its imports done.

A replica is asked for when there is too much to do, so its process starts where every core is busy: 5 s, of which
importing is most. With a process in waiting it is there in 3. That takes 97 MB a node, and 2 s of one core in a quiet
moment; `spare_process: false` in the settings turns it off. See docs/decisions/0018.

    replica (the first on its node) --asks, when there is no idle worker--> Noticeboard --PrestartWorkers--> raylet

Ray keeps the process as an idle worker of its own, and gives it to whatever actor of the job comes next on that node:
that is how its worker pool works. Asking for such a worker is an RPC of the raylet that Ray's Python API has no name
for. Where it fails, the next replica starts as it would without.
"""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Protocol

import ray

from serve_app.spare_imports import find_mark
from serve_app.status import Status
from serve_app.worker_processes import is_idle, is_replica_of, list_worker_titles

log = logging.getLogger(__name__)

_INTERVAL_S = 5.0
# After a worker was asked for it takes seconds until it is listed.
_PAUSE_S = 60.0
# Ray ends an idle worker after this, if the node has more workers than cores: what an application leaves behind goes
# soon. While there is one, it is asked for again then.
_KEEP_ALIVE_S = 3600
_TIMEOUT_S = 5.0


class WorkerOrder(NamedTuple):
    """An idle worker to be started. raylet: host:port; job_id: bytes; runtime_env: as Ray serialises it."""

    raylet: str
    job_id: bytes
    runtime_env: str


class Node(NamedTuple):
    """The node that this replica runs on. cpus: its cores; replica_cpus: those that a replica takes."""

    order: WorkerOrder
    cpus: float
    replica_cpus: float


class StatusBoard(Protocol):
    """What is needed of `noticeboard.SharedStatus`."""

    async def read(self) -> Status:
        """The status of the service."""

    async def start_worker(self, order: WorkerOrder) -> None:
        """Have the worker started."""


class SpareKeeper:
    """Sees to it that an idle worker waits on this node while the application can grow. Make it on the event loop.

    list_titles: as `list_worker_titles`; find_node blocks; leave_mark: for the worker to see that it is meant; clock:
    seconds, monotonic.
    """

    def __init__(
        self,
        application: str,
        board: StatusBoard,
        *,
        list_titles: Callable[[], Mapping[int, str]] = list_worker_titles,
        find_node: "Callable[[], Node] | None" = None,
        leave_mark: "Callable[[], None] | None" = None,
        own_pid: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._application = application
        self._board = board
        self._list_titles = list_titles
        self._find_node = find_node or find_own_node
        self._leave_mark = leave_mark or leave_mark_here
        self._own_pid = own_pid or os.getpid()
        self._clock = clock
        self._sleep = sleep
        self._not_before = 0.0
        self._keeping = asyncio.get_running_loop().create_task(self._keep_forever())

    def close(self) -> None:
        """Look no more."""
        self._keeping.cancel()

    async def look(self) -> bool:
        """Ask for an idle worker if one is missed; whether it was."""
        titles = await asyncio.to_thread(self._list_titles)
        replicas = [pid for pid, title in titles.items() if is_replica_of(title, self._application)]
        if not replicas or min(replicas) != self._own_pid:  # another replica of this node sees to it
            return False
        if any(is_idle(title) for title in titles.values()) or self._clock() < self._not_before:
            return False
        if not _can_grow(await self._board.read()):
            return False
        node = await asyncio.to_thread(self._find_node)
        if (len(replicas) + 1) * node.replica_cpus > node.cpus:
            return False
        self._not_before = self._clock() + _PAUSE_S
        self._leave_mark()
        await self._board.start_worker(node.order)
        return True

    async def _keep_forever(self) -> None:
        while True:
            await self._sleep(_INTERVAL_S)  # first: a replica that has just come has other things to do
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001  # nothing may end it, and without it replicas start all the same
                log.debug("no idle worker could be asked for: %s", error)


def _can_grow(status: Status) -> bool:
    """Whether a replica may be added to one of the deployments, and none is being added now, when cores are short."""
    scales = status.deployments
    if not status.complete or any(scale.starting or scale.running < scale.target for scale in scales):
        return False
    return any(scale.most is not None and scale.running < scale.most for scale in scales)


def leave_mark_here() -> None:
    """Have the next worker that Ray starts on this node import ahead what a replica needs."""
    find_mark().touch()


def find_own_node() -> Node:
    """The node of this process. Raises StopIteration if Ray does not list it."""
    cluster: Any = ray  # these of Ray's functions have no annotations
    context = cluster.get_runtime_context()
    node = next(one for one in cluster.nodes() if one["NodeID"] == context.get_node_id())
    order = WorkerOrder(
        f"{node['NodeManagerAddress']}:{node['NodeManagerPort']}",
        bytes.fromhex(context.get_job_id()),
        context.get_runtime_env_string(),
    )
    return Node(order, node["Resources"].get("CPU", 0.0), context.get_assigned_resources().get("CPU", 0.0))


async def start_worker(order: WorkerOrder) -> None:
    """Have a raylet start a worker and keep it idle. Imports gRPC, 10 MB. Raises grpc.RpcError."""
    from ray._private.grpc_utils import init_grpc_channel
    from ray.core.generated import common_pb2, node_manager_pb2, node_manager_pb2_grpc

    # Generated: what is in them appears at run time, without annotations.
    messages: Any = node_manager_pb2
    languages: Any = common_pb2
    services: Any = node_manager_pb2_grpc
    request = messages.PrestartWorkersRequest(
        language=languages.PYTHON, job_id=order.job_id, keep_alive_duration_secs=_KEEP_ALIVE_S, num_workers=1
    )
    request.runtime_env_info.serialized_runtime_env = order.runtime_env
    channel = init_grpc_channel(order.raylet, asynchronous=True)
    try:
        await services.NodeManagerServiceStub(channel).PrestartWorkers(request, timeout=_TIMEOUT_S)
    finally:
        await channel.close()
