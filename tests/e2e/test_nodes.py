"""Several machines: hosts in network namespaces of this one, a real Ray cluster across them."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import yaml

from benchmarks.environments import ROOT
from benchmarks.nodes.cluster import Cluster
from benchmarks.nodes.network import Host, explain_missing, make_hosts

pytestmark = pytest.mark.skipif(bool(explain_missing()), reason=explain_missing())
_LIMIT_S = 120.0
CAT = (ROOT / "assets" / "examples" / "cat.jpg").read_bytes()


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    """This machine and another."""
    with make_hosts(1) as made:
        yield made


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """The project's own, for one replica a node on two nodes."""
    document = yaml.safe_load((ROOT / "serve_config.yaml").read_text("utf-8"))
    document["applications"][0]["deployments"][0]["autoscaling_config"] |= {"min_replicas": 2, "max_replicas": 2}
    path = tmp_path / "serve_config.yaml"
    path.write_text(yaml.safe_dump(document), "utf-8")
    return path


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Sockets have names of at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="argus-n") as folder:
        yield Path(folder)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while True:
        with suppress(OSError, KeyError):
            if condition():
                return
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.timeout(420)
def test_a_node_that_joins_is_used_and_one_that_is_lost_is_survived(
    hosts: list[Host], configuration: Path, short_folder: Path
) -> None:
    """The second replica goes to the new node; with the node gone at once, the first goes on answering."""
    head, other = hosts
    with Cluster(head, configuration, short_folder) as cluster:

        def classify() -> int:
            return httpx.post(f"{cluster.url}/v1/classify", content=CAT, timeout=20).status_code

        wait_until(lambda: classify() == 200)
        assert cluster.count_replicas() == {head.address: 1}
        cluster.join(other)
        wait_until(lambda: cluster.count_replicas() == {head.address: 1, other.address: 1})
        assert [classify() for _ in range(20)] == [200] * 20
        assert other.kill_all() > 0
        wait_until(lambda: cluster.count_replicas() == {head.address: 1})
        wait_until(lambda: [classify() for _ in range(20)] == [200] * 20)
