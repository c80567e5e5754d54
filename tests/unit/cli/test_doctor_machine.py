"""`argus doctor`, what it says of the machine itself: each check against a machine that is made up."""

import resource
from pathlib import Path

import pytest

from serve_app.cli import checks_machine as machine
from tests.unit.cli.conftest import MakeRoot


def test_an_old_python_fails() -> None:
    """The first thing that can be wrong, with what to install."""
    assert machine.check_python((3, 10, 4), optimised=True).state == "fail"
    assert machine.check_python((3, 11, 0), optimised=True).state == "ok"


def test_a_slow_python_is_told_of() -> None:
    """One that was compiled without optimisations works, and costs speed that nobody would look for there."""
    finding = machine.check_python((3, 11, 7), optimised=False)
    assert finding.state == "warn"
    assert "make install PYTHON=" in finding.advice


@pytest.mark.parametrize(
    ("prefix", "options", "optimised"),
    [
        ("/usr", "'--prefix=/usr' '--enable-shared'", True),
        ("/usr/local", "'--enable-optimizations' '--with-lto'", True),
        ("/home/me/.pyenv/versions/3.11.7", "'--enable-shared'", False),
        ("/opt/python", "", False),
    ],
)
def test_how_a_python_was_built_is_told_by_its_options(prefix: str, options: str, optimised: bool) -> None:
    """A distribution's own does not name the option, and has it."""
    assert machine.is_optimised(prefix, options) is optimised


@pytest.mark.parametrize(
    ("vendor", "flags", "state", "words"),
    [
        ("AuthenticAMD", "avx2 avx512f avx512_bf16", "ok", "computes in bf16"),
        ("GenuineIntel", "avx2 avx512f avx512_bf16", "ok", "faster in fp32 than in its bf16"),
        ("GenuineIntel", "avx2 avx512f avx512_bf16 amx_bf16", "ok", "computes in bf16"),
        ("GenuineIntel", "avx2 avx512f", "ok", "AVX-512 without bf16"),
        ("AuthenticAMD", "avx2", "ok", "no bf16"),
        ("AuthenticAMD", "sse4_2", "warn", "without AVX2"),
    ],
)
def test_the_processor_is_told_by_what_it_computes_in(
    make_root: MakeRoot, vendor: str, flags: str, state: str, words: str
) -> None:
    """bf16 is twice as fast as fp32 on some, slower on others; without AVX2 everything is slow."""
    root = make_root(proc__cpuinfo=f"vendor_id : {vendor}\nmodel name : Some CPU\nflags : fpu {flags}\n")
    finding = machine.check_processor(root)
    assert (finding.state, "Some CPU" in finding.found) == (state, True)
    assert words in finding.found


@pytest.mark.parametrize(("free_kb", "state"), [(500_000, "fail"), (1_500_000, "warn"), (8_000_000, "ok")])
def test_too_little_memory_fails(make_root: MakeRoot, free_kb: int, state: str) -> None:
    """Less than service and page need stands in the way; a little more is a warning."""
    assert machine.check_memory(make_root(proc__meminfo=f"MemAvailable: {free_kb} kB\n")).state == state


def test_a_containers_limits_count(make_root: MakeRoot) -> None:
    """It has less memory and less of the cores than the machine that it runs on."""
    root = make_root(
        proc__meminfo="MemAvailable: 8000000 kB\n",
        sys__fs__cgroup__memory_dot_max="700000000\n",
        sys__fs__cgroup__memory_dot_current="100000000\n",
        sys__fs__cgroup__cpu_dot_max="50000 100000\n",
    )
    assert machine.check_memory(root).found == "600 MB free"
    assert machine.count_cores(root) == 0.5


@pytest.mark.parametrize(
    ("soft", "hard", "state", "words"),
    [
        (65536, 65536, "ok", ""),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, "ok", ""),
        (4096, 65536, "warn", "ulimit -n 8192"),
        (512, 512, "fail", "administrator"),
    ],
)
def test_few_open_files_are_too_few_connections(soft: int, hard: int, state: str, words: str) -> None:
    """By Ray's own thresholds, and who can raise the limit."""
    finding = machine.check_open_files(soft, hard)
    assert finding.state == state
    assert words in finding.advice


def test_a_folder_that_cannot_be_written_to_fails(tmp_path: Path) -> None:
    """A place that is not there yet is judged by where it would be made."""
    assert machine.check_disk("Disk", tmp_path / "not" / "yet", "Elsewhere.").state != "fail"
    assert machine.check_disk("Disk", Path("/proc/argus"), "Elsewhere.").state == "fail"
