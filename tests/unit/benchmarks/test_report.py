"""What the benchmark makes of its figures: medians, ratios to the ceilings on both sides, tables, a section."""

import json
from pathlib import Path

import pytest

from benchmarks.ceiling import Ceiling
from benchmarks.records import ClosedLoop, Failure, Figures, Measurement, OpenLoop, Recorder, Run, read_run
from benchmarks.report import BEGIN, END, measured_systems, replace_section, write_section
from benchmarks.spreads import Spread, above_single_ms, compare, cpu_ratio, ratio, spread, tail

FACTS = {
    "date": "2026-01-02T03:04+00:00", "commit": "abc1234", "cpu": "A processor", "cores": 2, "memory_gb": 16,
    "python": "3.11.7", "versions": {"openvino": "1"}, "peers": {"mosec": "2"}, "photos": 64, "photo_kb": 107,
    "precision": "fp32", "rounds": 2, "seconds": 5.0, "ceiling_s": 2.0, "seed": 1,
}  # fmt: skip


def build_measurement(
    system: str = "argus", *, number: int = 1, images_per_s: float = 190.0, before: float = 180.0, after: float = 220.0
) -> Measurement:
    """Figures of one start, the same at every load."""
    return Measurement(
        round=number,
        system=system,
        before=Ceiling(before, "threads", cpu_ms=9.0, single_ms=8.0, helped_ms=5.0),
        after=Ceiling(after, "processes", cpu_ms=11.0, single_ms=10.0, helped_ms=6.0),
        figures=Figures(
            start_s=12.5,
            closed=tuple(
                ClosedLoop(connections, images_per_s, p50_ms=10.5, p99_ms=400.0, errors=connections)
                for connections in (16, 64, 1)
            ),
            open=OpenLoop(rate=100.0, p50_ms=10.0, p99_ms=20.0, sent=500, lost=3),
            cpu_ms=11.0,
            foreign_cores=0.25,
            pss_mb=900.0,
            worker_pss_mb=150.0,
        ),
    )


def test_a_ratio_is_to_the_mean_of_the_ceilings_before_and_after() -> None:
    """A drifting machine changes both sides of the ratio alike."""
    assert ratio(build_measurement(images_per_s=190, before=180, after=220)) == pytest.approx(0.95)


def test_processor_time_and_latency_are_compared_with_the_ceiling_on_both_sides() -> None:
    """CPU is a quotient, the latency of one connection a difference."""
    measurement = build_measurement()
    assert cpu_ratio(measurement) == pytest.approx(1.1)
    assert above_single_ms(measurement) == pytest.approx(1.5)


def test_a_tail_of_one_is_the_time_that_the_ceiling_needs_for_all_who_wait() -> None:
    """64 photos at 200 images/s take 320 ms, so a p99 of 400 ms is 1.25 of it."""
    assert tail(build_measurement()) == pytest.approx(1.25)


def test_a_load_that_was_not_run_gives_no_figure() -> None:
    """Documented peers have one level; their other cells stay empty instead of zero."""
    assert ratio(build_measurement(), connections=32) is None
    assert spread([build_measurement()], lambda measurement: ratio(measurement, 32)) is None


def test_a_spread_is_the_median_with_the_extremes() -> None:
    """One outlier moves an extreme and not the median."""
    found = Spread.of([0.9, 9.0, 0.8])
    assert (found.median, found.low, found.high) == (0.9, 0.8, 9.0)
    assert found.show(1) == "0.9 (0.8 to 9.0)"
    assert Spread.of([1.0]).show() == "1"


def test_systems_are_compared_within_their_round() -> None:
    """Rounds that only one of the two has do not count."""
    run = Run(
        FACTS,
        (
            build_measurement("argus", number=1, images_per_s=200),
            build_measurement("mosec-openvino", number=1, images_per_s=100),
            build_measurement("argus", number=2, images_per_s=200),
        ),
        (),
    )
    found = compare(run, "argus", "mosec-openvino")
    assert found == Spread(2.0, 2.0, 2.0)
    assert compare(run, "argus", "ray-documented") is None


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    """Facts, measurements and failures survive the file."""
    recorder = Recorder(tmp_path / "results" / "run.jsonl")
    recorder.note_facts(FACTS)
    recorder.note_measurement(build_measurement())
    recorder.note_failure(Failure(1, "mosec-openvino", "it did not start"))
    run = read_run(recorder.path)
    assert run == Run(FACTS, (build_measurement(),), (Failure(1, "mosec-openvino", "it did not start"),))


@pytest.mark.parametrize(
    "text", ["", "not json", json.dumps({"kind": "facts"}), json.dumps({"kind": "measurement", "round": 1})]
)
def test_a_file_without_measurements_is_refused(tmp_path: Path, text: str) -> None:
    """The error is a ValueError that names the file."""
    path = tmp_path / "run.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"run\.jsonl"):
        read_run(path)


def test_the_fastest_system_comes_first_and_documented_ones_last() -> None:
    """A documented system stays below those with the ceiling's runtime, whatever it reached."""
    rates = {"ray-documented": 210, "argus": 190, "mosec-openvino": 200}
    run = Run(FACTS, tuple(build_measurement(name, images_per_s=rate) for name, rate in rates.items()), ())
    assert [system.name for system in measured_systems(run)] == ["mosec-openvino", "argus", "ray-documented"]


def test_the_section_names_the_machine_and_every_measured_system_and_failure() -> None:
    """A reader can repeat the run and sees what is missing from it."""
    run = Run(
        FACTS,
        (build_measurement("argus"), build_measurement("mosec-openvino", images_per_s=100)),
        (Failure(1, "bentoml-openvino", "it did not start"),),
    )
    section = write_section(run)
    words = " ".join(section.split())
    assert "make bench IMAGES=<folder>" in section
    assert "other guests of the machine took 0.25 cores" in words
    assert "OpenVINO in fp32, the best of threads and processes" in words
    assert "A processor, 2 cores, 16 GB" in words
    assert "| Argus | 190 | 0.95 | 10 | 400 | 11.0 | 1.10 | 16 |" in section
    assert "| Argus | 12.5 | 900 | 150 |" in section
    assert "mosec 1.90" in words
    assert "bentoml-openvino in round 1" in words


def test_a_new_section_replaces_the_old_one_and_nothing_else() -> None:
    """Sections that other measurements wrote stay as they are."""
    document = f"# Results\n\n{BEGIN}\n\nold\n\n{END}\n\n## Other\n\nfigures\n"
    assert replace_section(document, "new") == f"# Results\n\n{BEGIN}\n\nnew\n\n{END}\n\n## Other\n\nfigures\n"


def test_a_document_without_markers_gets_the_section_at_its_end() -> None:
    """The first run needs no preparation."""
    document = replace_section("# Results\n\ntext\n", "new")
    assert document == f"# Results\n\ntext\n\n{BEGIN}\n\nnew\n\n{END}\n"
    assert replace_section(document, "newer").count(BEGIN) == 1
