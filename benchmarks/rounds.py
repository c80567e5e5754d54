"""The measurement itself: rounds in which every system is started, checked, loaded and stopped, one after the other.

The machine drifts by tens of per cent within minutes, so the in-process ceiling is measured between any two systems,
and every ratio is to the ceilings on either side. The order differs from round to round and is recorded.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.ceiling import Ceiling, measure_ceiling
from benchmarks.environments import BENCH
from benchmarks.generator import Load, run_closed_loop, run_open_loop
from benchmarks.photos import KnownPhoto
from benchmarks.records import ClosedLoop, Failure, Figures, Measurement, OpenLoop, Recorder
from benchmarks.started import StartedSystem, SystemFailed, count_cpu_s, read_machine_cpu_s
from benchmarks.systems import HOST, Setting, System, make_environment
from serve_app.cli.ports import choose_port

_START_TIMEOUT_S = 180.0
_POLL_S = 0.05
_WARM_UP_S = 1.0
_SETTLE_S = 0.5
_PREFERRED_PORT = 8123
# A worker that did this share of an equal share of the warm-up's work takes part.
_LEAST_SHARE = 0.2
_WARM_UPS = 8
_HEADERS = {"Content-Type": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What every round has in common.

    artifact: of the ceiling and of Argus; model: of the peers; seconds: of each load; ceiling_s: of each way of the
    ceiling; seed: of the orders.
    """

    artifact: Path
    model: Path
    photos: Sequence[bytes]
    known: Sequence[KnownPhoto]
    pythons: dict[str, Path]
    seconds: float
    ceiling_s: float
    seed: int

    @property
    def workers(self) -> int:
        """Processes with a model, in every system."""
        return os.cpu_count() or 1


# Told what begins: a round, and a system's name or "in process".
Progress = Callable[[int, str], None]


def order_systems(systems: Sequence[System], round_number: int, seed: int) -> list[System]:
    """The order of a round: shuffled, the same for the same seed."""
    order = list(systems)
    random.Random(f"{seed}/{round_number}").shuffle(order)  # noqa: S311  # an order, not a secret
    return order


def run_rounds(plan: Plan, systems: Sequence[System], rounds: int, recorder: Recorder, progress: Progress) -> int:
    """Measure everything; returns how many measurements failed."""
    failed = 0
    for number in range(1, rounds + 1):
        progress(number, "in process")
        before = _measure_ceiling(plan)
        for system in order_systems(systems, number, plan.seed):
            progress(number, system.name)
            try:
                figures = measure_system(system, plan, before)
            except (SystemFailed, httpx.HTTPError, OSError, ValueError) as error:
                failed += 1
                recorder.note_failure(Failure(number, system.name, str(error)))
                figures = None
            progress(number, "in process")
            after = _measure_ceiling(plan)
            if figures is not None:
                recorder.note_measurement(Measurement(number, system.name, before, after, figures))
            before = after
    return failed


def _measure_ceiling(plan: Plan) -> Ceiling:
    return measure_ceiling(plan.artifact, plan.photos, seconds=plan.ceiling_s, workers=plan.workers)


def measure_system(system: System, plan: Plan, ceiling: Ceiling) -> Figures:
    """Start, check, load and stop one system. Raises SystemFailed when it does not start or answers wrongly."""
    scratch = BENCH / "run" / system.name
    scratch.mkdir(parents=True, exist_ok=True)
    setting = Setting(
        python=plan.pythons[system.peer] if system.peer else Path(),
        port=choose_port(HOST, _PREFERRED_PORT),
        workers=plan.workers,
        threads=1,
        model=plan.model,
        scratch=scratch,
    )
    url = f"http://{HOST}:{setting.port}{system.path}"
    environment = make_environment(system, setting, os.environ)
    with StartedSystem(system.name, system.command(setting), environment, scratch, port=setting.port) as started:
        start_s = _wait_for_answer(started, url, plan.known[0].image)
        _check_answers(started, url, plan.known)
        _warm_up(started, url, plan)
        first, *others = system.connections
        load, cost = _load_and_account(started, url, plan, first)
        weight = started.weigh(plan.workers)
        loads = {first: load} | {connections: _load(url, plan, connections, plan.seconds) for connections in others}
        open_loop = None if system.is_documented else _run_open_loop(url, plan, ceiling.images_per_s / 2)
    return Figures(
        start_s=start_s,
        closed=tuple(_describe_closed(load, connections) for connections, load in loads.items()),
        open=open_loop,
        cpu_ms=cost.cpu_ms,
        foreign_cores=cost.foreign_cores,
        pss_mb=weight.total_mb,
        worker_pss_mb=weight.worker_mb,
    )


@dataclass(frozen=True, slots=True)
class _Cost:
    cpu_ms: float
    foreign_cores: float


def _load_and_account(started: StartedSystem, url: str, plan: Plan, connections: int) -> tuple[Load, _Cost]:
    """A closed loop, what a request of it cost, and what took processor time and was neither system nor generator."""
    before, clock = started.read_cpu(), time.perf_counter()
    own, machine = time.process_time(), read_machine_cpu_s()
    load = _load(url, plan, connections, plan.seconds)
    own, machine = time.process_time() - own, read_machine_cpu_s() - machine
    elapsed, used = time.perf_counter() - clock, count_cpu_s(before, started.read_cpu())
    if not load.latencies_s:
        raise started.fail(f"no good answer with {connections} connections, but {load.statuses}")
    return load, _Cost(used / load.answered * 1e3, max(0.0, machine - own - used) / elapsed)


def _wait_for_answer(started: StartedSystem, url: str, photo: bytes) -> float:
    with httpx.Client(timeout=30, trust_env=False) as client:
        while started.age_s < _START_TIMEOUT_S:
            started.check_running()
            try:
                if client.post(url, content=photo, headers=_HEADERS).status_code == httpx.codes.OK:
                    return started.age_s
            except httpx.TransportError:
                pass
            time.sleep(_POLL_S)
    raise started.fail(f"it gave no good answer within {_START_TIMEOUT_S:.0f} s")


def _check_answers(started: StartedSystem, url: str, known: Sequence[KnownPhoto]) -> None:
    """Every system must name the class that the same model names in process."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        for photo in known:
            response = client.post(url, content=photo.image, headers=_HEADERS)
            seen = read_class_id(response.content) if response.status_code == httpx.codes.OK else None
            if seen != photo.class_id:
                raise started.fail(
                    f"it answered class {seen} (status {response.status_code}) where the model says {photo.class_id}"
                )


def read_class_id(body: bytes) -> int | None:
    """The best class of an answer, in Argus's form or the peers'; None when it has neither."""
    try:
        document = json.loads(body)
        first = document["results"][0] if "results" in document else document
        return int(first["predictions"][0]["class_id"])
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _warm_up(started: StartedSystem, url: str, plan: Plan) -> None:
    """Load it until every worker is there and takes its part."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while len(workers := started.find_workers()) < plan.workers:
        if time.monotonic() > deadline:
            raise started.fail(f"{len(workers)} of {plan.workers} workers loaded a model")
        time.sleep(_POLL_S)
    for _ in range(_WARM_UPS):
        before = started.read_cpu()
        _load(url, plan, connections=16, seconds=_WARM_UP_S)
        after = started.read_cpu()
        used = sorted((after[w] - before.get(w, 0.0) for w in started.find_workers() if w in after), reverse=True)
        if len(used) >= plan.workers and used[plan.workers - 1] > _LEAST_SHARE * sum(used) / plan.workers:
            return
    raise started.fail(f"not all of its {plan.workers} workers take part")


def _load(url: str, plan: Plan, connections: int, seconds: float) -> Load:
    return asyncio.run(run_closed_loop(url, plan.photos, connections=connections, seconds=seconds, warm_up_s=_SETTLE_S))


def _run_open_loop(url: str, plan: Plan, rate: float) -> OpenLoop:
    load = asyncio.run(run_open_loop(url, plan.photos, rate=rate, seconds=plan.seconds, warm_up_s=_SETTLE_S))
    sent = sum(load.statuses.values())
    return OpenLoop(rate, load.percentile_ms(50), load.percentile_ms(99), sent, load.errors, load.reconnects)


def _describe_closed(load: Load, connections: int) -> ClosedLoop:
    latencies_ms = load.percentile_ms(50), load.percentile_ms(99)
    return ClosedLoop(connections, load.images_per_s, *latencies_ms, load.errors, load.reconnects)
