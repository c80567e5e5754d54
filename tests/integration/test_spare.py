"""How an idle worker is asked for: the raylet's own RPC, against a server that speaks it."""

from typing import Any

import grpc
import pytest
from ray.core.generated import common_pb2, node_manager_pb2, node_manager_pb2_grpc

from serve_app import noticeboard
from serve_app.spare import WorkerOrder, start_worker
from tests.integration.test_noticeboard import FakeWorld

# Generated: what is in them appears at run time, without annotations.
MESSAGES: Any = node_manager_pb2
LANGUAGES: Any = common_pb2
SERVICES: Any = node_manager_pb2_grpc


class FakeRaylet(node_manager_pb2_grpc.NodeManagerServiceServicer):
    """Keeps what it is asked for; refuses when it is told to."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.refuses = False

    async def PrestartWorkers(self, request: Any, context: Any) -> Any:  # noqa: N802  # the RPC's name
        self.requests.append(request)
        if self.refuses:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "stopping")
        return MESSAGES.PrestartWorkersReply()


async def test_the_raylet_is_asked_for_one_worker_like_this_replica() -> None:
    """Of the same job and runtime environment, or Ray would give it to no replica of ours; kept for an hour."""
    raylet, server = FakeRaylet(), grpc.aio.server()
    SERVICES.add_NodeManagerServiceServicer_to_server(raylet, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    order = WorkerOrder(f"127.0.0.1:{port}", b"\x02\x00\x00\x00", '{"env_vars": {"A": "1"}}')
    try:
        await start_worker(order)
        (request,) = raylet.requests
        assert (request.language, request.job_id, request.num_workers) == (LANGUAGES.PYTHON, order.job_id, 1)
        assert request.runtime_env_info.serialized_runtime_env == order.runtime_env
        assert request.keep_alive_duration_secs == 3600
        raylet.refuses = True
        with pytest.raises(grpc.RpcError):
            await start_worker(order)
    finally:
        await server.stop(grace=None)


async def test_the_board_s_process_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no replica imports gRPC for it."""
    ordered = []

    async def start(order: WorkerOrder) -> None:
        ordered.append(order)

    monkeypatch.setattr(noticeboard, "start_worker", start)
    world = FakeWorld()
    order = WorkerOrder("127.0.0.1:1", b"\x01", "{}")
    async with world.replicas("a") as (status,):
        await status.start_worker(order)
    assert ordered == [order]
    assert "start_worker" in world.calls
