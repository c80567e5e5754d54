"""What clients see while nodes join a running cluster and one is lost.

    python -m benchmarks.nodes --images FOLDER [--rate 60] [--out FOLDER]

Hosts are network namespaces on this machine, so this needs root and iproute2. They share its processor: what is shown
is that replicas spread, that a new node is used and a lost one is survived, not that more nodes are faster.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import yaml

from benchmarks.environments import BENCH, ROOT
from benchmarks.load.open_loop import drive_open_loop
from benchmarks.load.records import Sent
from benchmarks.load.scenarios import Phase, Scenario
from benchmarks.load.series import sum_up
from benchmarks.nodes.cluster import Cluster, ClusterFailed, Replicas
from benchmarks.nodes.network import Host, explain_missing, make_hosts
from benchmarks.nodes.picture import draw_picture
from benchmarks.photos import read_photos

_PHASES = (
    Phase("one node", 15, 1, 1),
    Phase("node 1 joins", 20, 1, 1),
    Phase("node 2 joins", 25, 1, 1),
    Phase("node 2 is lost", 40, 1, 1),
)
_LOOK_EVERY_S = 0.5


@dataclass(slots=True)
class Observed:
    """All that was seen."""

    scenario: Scenario
    sent: list[Sent]
    replicas: list[Replicas]
    hosts: list[Host]


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser("python -m benchmarks.nodes", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=Path, required=True, help="folder of JPEG photos")
    parser.add_argument("--rate", type=float, default=60.0, help="photos a second, on a fixed schedule")
    parser.add_argument("--out", type=Path, default=BENCH / "nodes", help="folder of the picture and the figures")
    options = parser.parse_args(arguments)
    if missing := explain_missing():
        print(missing, file=sys.stderr)
        return 2
    images = read_photos(options.images)
    with tempfile.TemporaryDirectory(prefix="argus-n") as name, make_hosts(2) as hosts:
        folder = Path(name)
        try:
            with Cluster(hosts[0], _write_configuration(folder), folder) as cluster:
                print(f"One node serves at {cluster.url}; {options.rate:g} photos a second from here on", flush=True)
                observed = asyncio.run(_observe(cluster, hosts, images, options.rate))
        except ClusterFailed as error:
            print(error, file=sys.stderr)
            return 1
    options.out.mkdir(parents=True, exist_ok=True)
    draw_picture(observed.scenario, observed.sent, observed.replicas, observed.hosts, options.out / "nodes.png")
    _write_figures(observed, options.rate, options.out / "nodes.json")
    print(f"{options.out / 'nodes.png'}\n{options.out / 'nodes.json'}")
    return 0


def _write_configuration(folder: Path) -> Path:
    """The project's, with as many replicas as there will be cores, whether or not there is load for them."""
    document = yaml.safe_load((ROOT / "serve_config.yaml").read_text("utf-8"))
    deployment = document["applications"][0]["deployments"][0]
    deployment["autoscaling_config"] |= {"min_replicas": 3, "max_replicas": 3}
    path = folder / "nodes.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    return path


async def _observe(cluster: Cluster, hosts: list[Host], images: Sequence[bytes], rate: float) -> Observed:
    scenario = Scenario("nodes", "What do clients see while nodes come and go?", _PHASES)
    observed = Observed(scenario, [], [], hosts)
    begun: list[float] = []
    load = asyncio.create_task(
        drive_open_loop(
            f"{cluster.url}/v1/classify", images, scenario, rate, began=begun.append, note=observed.sent.append
        )
    )
    while not begun:  # noqa: ASYNC110  # it says so within milliseconds
        await asyncio.sleep(0.001)
    looks = asyncio.create_task(_look(cluster, begun[0], observed.replicas))
    begins = [begin for _, begin, _ in scenario.spans()]
    deeds = (
        (begins[1], lambda: cluster.join(hosts[1])),
        (begins[2], lambda: cluster.join(hosts[2])),
        (begins[3], hosts[2].kill_all),
    )
    for (at, do), phase in zip(deeds, scenario.phases[1:], strict=True):
        await asyncio.sleep(max(0.0, begun[0] + at - time.monotonic()))
        print(f"{at:4.0f} s  {phase.name}", flush=True)
        await asyncio.to_thread(do)
    await load
    looks.cancel()
    return observed


async def _look(cluster: Cluster, begin: float, replicas: list[Replicas]) -> None:
    while True:
        with suppress(OSError, KeyError):
            by_node = await asyncio.to_thread(cluster.count_replicas)
            replicas.append(Replicas(time.monotonic() - begin, by_node))
        await asyncio.sleep(_LOOK_EVERY_S)


def _write_figures(observed: Observed, rate: float, path: Path) -> None:
    """By phase: what was offered and served, and how many replicas each node had at its end."""
    phases = []
    for phase, begin, end in observed.scenario.spans():
        seen = [look for look in observed.replicas if begin <= look.at < end]
        phases.append(
            {
                "phase": phase.name,
                **asdict(sum_up(observed.sent, begin, end)),
                "replicas_at_end": {h.name: seen[-1].by_node.get(h.address, 0) for h in observed.hosts} if seen else {},
                "first_change_s": next(
                    (round(look.at - begin, 1) for look in seen if look.by_node != seen[0].by_node), None
                ),
            }
        )
    figures = {"date": datetime.now().astimezone().isoformat(timespec="minutes"), "rate": rate, "phases": phases}
    path.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    for one in phases:
        print(
            f"{one['phase']:16} served {one['served']}/{one['offered']}, failed {one['failed']}, "
            f"p99 {one['p99_ms']:.0f} ms, replicas {one['replicas_at_end']}"
        )


if __name__ == "__main__":
    sys.exit(main())
