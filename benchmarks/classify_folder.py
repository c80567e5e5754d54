"""`argus classify` on a folder against the service's own throughput, which a generator that costs little measures.

    python -m benchmarks.classify_folder --images FOLDER [--rounds 5] [--photos 2000] [--seconds 6] [--write]

The service is started as `argus up` does, with a replica for each core. A round is the generator with 16 connections,
the command on a folder of `--photos` copies, and the command on the folder as it is; each as a whole process, the way a
person waits for it. The generator runs again after the last round, so that each command stands between two of its loads
and is compared with their mean. At last the service is started as it is shipped, with one replica of at most two, and
the command has to bring the second one about. Exit status: 0; 1 when something failed; 130 after Ctrl-C or SIGTERM.
"""

import argparse
import asyncio
import csv
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

import httpx
import psutil

from benchmarks.classify_folder_report import Command, Round, Scaling, describe
from benchmarks.environments import BENCH, ROOT
from benchmarks.facts import collect_machine_facts
from benchmarks.generator import run_closed_loop
from benchmarks.sections import write_section
from benchmarks.started import StartedSystem, SystemFailed
from benchmarks.systems import HOST, SYSTEMS, Setting, make_environment
from serve_app.cli.ports import choose_port

_PREFERRED_PORT = 8123
_START_TIMEOUT_S = 180.0
_POLL_S = 0.05
_CONNECTIONS = 16
_SUFFIXES = (".jpg", ".jpeg")
_SAID = re.compile(r"([\d,]+) images? in ([\d.]+) s")


def run_generator(url: str, photos: Sequence[bytes], seconds: float) -> tuple[float, float]:
    """Images a second, and the generator's own processor milliseconds for each."""
    own = time.process_time()
    load = asyncio.run(
        run_closed_loop(f"{url}/v1/classify", photos, connections=_CONNECTIONS, seconds=seconds, warm_up_s=0.5)
    )
    if load.errors or not load.latencies_s:
        raise SystemFailed(f"the generator met errors: {load.statuses}")
    return load.images_per_s, (time.process_time() - own) / load.answered * 1e3


def run_command(url: str, folder: Path, count: int, scratch: Path) -> Command:
    """The command on a folder, from its start to its end. Raises SystemFailed unless every image has its answer."""
    out = scratch / "out.csv"
    out.unlink(missing_ok=True)
    argus = str(Path(sys.executable).with_name("argus"))
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ended = subprocess.run(
        [argus, "classify", str(folder), "--csv", str(out), "--url", url],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    said = _SAID.search(ended.stderr)
    with out.open(newline="") as rows:
        answered = sum(row["status"] == "done" for row in csv.DictReader(rows))
    if ended.returncode or answered != count or said is None:
        raise SystemFailed(f"argus classify: status {ended.returncode}, {answered} of {count} answers\n{ended.stderr}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Command(count / seconds, count / float(said[2]), seconds - float(said[2]), cpu_s / count * 1e3)


def find_least_share(started: StartedSystem, before: Mapping[psutil.Process, float]) -> float:
    """Processor time since then of the replica that did least, over an equal share: 1 where all did as much."""
    after = started.read_cpu()
    used = [after[worker] - before.get(worker, 0.0) for worker in started.find_workers() if worker in after]
    return min(used) / (sum(used) / len(used))


def measure_scaling(options: argparse.Namespace, copies: Path) -> Scaling:
    """The command on the large folder, on a service that has one replica when it begins. Raises SystemFailed."""
    scratch = _make_scratch()
    port = choose_port(HOST, _PREFERRED_PORT)
    argus = str(Path(sys.executable).with_name("argus"))
    command = [argus, "up", "--no-ui", "--config", str(ROOT / "serve_config.yaml"), "--serve-port", str(port)]
    environment = make_environment(SYSTEMS[0], Setting(Path(), port, 1, 1, Path(), scratch), os.environ)
    url = f"http://{HOST}:{port}"
    with StartedSystem("Argus", command, environment, scratch, port=port) as started:
        _wait_until_ready(started, url, workers=1)
        before = started.read_cpu()
        done = run_command(url, copies, options.photos, scratch)
        return Scaling(done.images_per_s, len(started.find_workers()), find_least_share(started, before))


def copy_photos(photos: Sequence[Path], count: int, folder: Path) -> None:
    """So many copies, in folders of a thousand."""
    for number in range(count):
        to = folder / f"{number // 1000:03}" / f"{number:06}.jpg"
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photos[number % len(photos)], to)


def measure(
    options: argparse.Namespace, photos: Sequence[Path], copies: Path, say: Callable[[str], None]
) -> list[Round]:
    """Every round, with the service started before and stopped after them. Raises SystemFailed."""
    scratch = _make_scratch()
    workers = os.cpu_count() or 1
    setting = Setting(Path(), choose_port(HOST, _PREFERRED_PORT), workers, 1, Path(), scratch)
    argus = SYSTEMS[0]
    url = f"http://{HOST}:{setting.port}"
    environment = make_environment(argus, setting, os.environ)
    data = [photo.read_bytes() for photo in photos]
    with StartedSystem("Argus", argus.command(setting), environment, scratch, port=setting.port) as started:
        _wait_until_ready(started, url, workers=workers)
        run_generator(url, data, 3.0)
        run_command(url, options.images, len(photos), scratch)
        rounds: list[Round] = []
        before = run_generator(url, data, options.seconds)
        for number in range(1, options.rounds + 1):
            cpu = started.read_cpu()
            copied = run_command(url, copies, options.photos, scratch)
            share = find_least_share(started, cpu)
            between = run_generator(url, data, options.seconds)
            plain = run_command(url, options.images, len(photos), scratch)
            after = run_generator(url, data, options.seconds)
            rounds.append(Round(before, copied, between, plain, after, share))
            before = after
            say(f"round {number}/{options.rounds}: {rounds[-1].summary}")
    return rounds


def _make_scratch() -> Path:
    scratch = BENCH / "run" / "classify-folder"
    scratch.mkdir(parents=True, exist_ok=True)
    return scratch


def _wait_until_ready(started: StartedSystem, url: str, *, workers: int) -> None:
    while len(started.find_workers()) < workers or not _is_ready(url):
        started.check_running()
        if started.age_s > _START_TIMEOUT_S:
            raise started.fail(f"not ready within {_START_TIMEOUT_S:.0f} s")
        time.sleep(_POLL_S)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=5, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def main() -> int:
    """Measure, print, and with --write put the section into RESULTS.md; returns the exit status."""
    parser = argparse.ArgumentParser(description="argus classify against the service's own throughput.")
    parser.add_argument("--images", type=Path, required=True, help="folder of JPEG photos")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--photos", type=int, default=2000, help="copies in the large folder")
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each of the generator's loads")
    parser.add_argument("--write", action="store_true", help="into benchmarks/RESULTS.md")
    options = parser.parse_args()
    photos = sorted(path for path in options.images.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not photos:
        print(f"{options.images} holds no JPEG files.", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    with tempfile.TemporaryDirectory() as folder:
        copy_photos(photos, options.photos, Path(folder))
        try:
            rounds = measure(options, photos, Path(folder), lambda line: print(line, flush=True))
            scaling = measure_scaling(options, Path(folder))
        except SystemFailed as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:  # what was started has been stopped on the way here
            return 130
    facts = collect_machine_facts([photo.read_bytes() for photo in photos])
    section = describe(rounds, scaling, facts, photos=options.photos, seconds=options.seconds)
    print(section)
    if options.write:
        write_section(ROOT / "benchmarks" / "RESULTS.md", "classify", section)
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
