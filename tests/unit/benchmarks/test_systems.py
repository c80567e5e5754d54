"""What is measured and how: names, orders, configurations, environments, photos, answers."""

from pathlib import Path

import numpy as np
import psutil
import pytest
import yaml
from PIL import Image

from benchmarks.environments import PEERS, ROOT
from benchmarks.photos import read_photos
from benchmarks.pillow_steps import Crop, read_pixels
from benchmarks.rounds import order_systems, read_class_id
from benchmarks.started import count_cpu_s
from benchmarks.systems import SYSTEMS, Setting, System, choose_systems, make_environment, write_configuration
from tests.photos import encode, gradient

GIVEN = Setting(Path("/env/bin/python"), port=8123, workers=4, threads=1, model=Path("/model"), scratch=Path())


def build_setting(scratch: Path) -> Setting:
    """A setting that may write."""
    return Setting(GIVEN.python, GIVEN.port, GIVEN.workers, GIVEN.threads, GIVEN.model, scratch)


def test_every_system_has_its_own_name_and_an_environment_that_can_be_made() -> None:
    """A typing error in the table would show only in the middle of a long run."""
    assert len({system.name for system in SYSTEMS}) == len(SYSTEMS)
    assert {system.peer for system in SYSTEMS if system.peer} == set(PEERS)
    for peer in PEERS:
        assert (ROOT / "benchmarks" / "peers" / "requirements" / f"{peer}.txt").is_file()


def test_systems_are_chosen_by_name_and_unknown_names_are_refused() -> None:
    """The error lists what there is."""
    assert [system.name for system in choose_systems("mosec-openvino, argus")] == ["mosec-openvino", "argus"]
    assert choose_systems(None) == list(SYSTEMS)
    with pytest.raises(ValueError, match=r"no system triton\. Choose from: argus"):
        choose_systems("triton")


def test_the_order_is_shuffled_by_round_and_repeats_with_the_seed() -> None:
    """Nothing is always measured after the same neighbour, and a run can be repeated."""
    orders = [order_systems(SYSTEMS, number, seed=7) for number in range(1, 6)]
    assert orders == [order_systems(SYSTEMS, number, seed=7) for number in range(1, 6)]
    assert len({tuple(system.name for system in order) for order in orders}) == 5
    assert all(set(order) == set(SYSTEMS) for order in orders)


def test_argus_is_measured_with_fixed_replicas_and_otherwise_as_configured(tmp_path: Path) -> None:
    """As many replicas as the others have workers, and no autoscaling; the rest is the product's own file."""
    written = yaml.safe_load(write_configuration(build_setting(tmp_path)).read_text())
    shipped = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    (deployment,) = written["applications"][0]["deployments"]
    assert deployment.pop("num_replicas") == 4
    (original,) = shipped["applications"][0]["deployments"]
    original.pop("autoscaling_config")
    shipped["applications"][0]["args"]["inference"]["num_threads"] = 1
    assert written == shipped


def test_a_system_inherits_nothing_that_steers_ray_and_calls_nobody() -> None:
    """The project's environment sets Ray variables; a peer has to run with Ray's defaults."""
    system = next(system for system in SYSTEMS if system.peer == "ray")
    environment = make_environment(system, GIVEN, {"RAY_SERVE_ENABLE_HA_PROXY": "1", "HOME": "/home/someone"})
    assert "RAY_SERVE_ENABLE_HA_PROXY" not in environment
    assert environment["RAY_USAGE_STATS_ENABLED"] == "0"
    assert environment["BENTOML_DO_NOT_TRACK"] == "true"
    assert environment["HOME"] == "/home/someone"
    assert environment["BENCH_WORKERS"] == "4"


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_a_command_that_names_an_address_names_the_loopback_one(system: System, tmp_path: Path) -> None:
    """The others leave it to a server of ours, or to the product, whose default it is."""
    command = system.command(build_setting(tmp_path))
    addresses = [command[i + 1] for i, word in enumerate(command) if word in ("--host", "--address")]
    assert set(addresses) <= {"127.0.0.1"}
    assert "8123" in command or system.peer in ("litserve", "ray")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"results": [{"predictions": [{"class_id": 281}, {"class_id": 1}]}]}', 281),
        (b'{"predictions": [{"class_id": 7}]}', 7),
        (b'{"results": []}', None),
        (b'{"detail": "no"}', None),
        (b"not json", None),
        (b"[]", None),
    ],
)
def test_the_best_class_is_read_from_both_forms_of_an_answer(body: bytes, expected: int | None) -> None:
    """Anything else is no answer, which fails the check."""
    assert read_class_id(body) == expected


def test_processor_time_counts_processes_that_came_later_from_their_begin() -> None:
    """One that was there before counts what it used since."""
    mine, parent = psutil.Process(), psutil.Process().parent()
    assert parent is not None
    assert count_cpu_s({mine: 5.0}, {mine: 7.0, parent: 0.5}) == pytest.approx(2.5)


def test_photos_are_jpegs_by_their_bytes_taken_evenly(tmp_path: Path) -> None:
    """At most 64, from the whole folder, in the order of their names."""
    for number in range(128):
        (tmp_path / f"{number:03}.jpg").write_bytes(b"\xff\xd8\xff" + bytes([number]))
    (tmp_path / "999.jpg").write_bytes(b"not a photo")
    photos = read_photos(tmp_path)
    assert [photo[-1] for photo in photos] == list(range(0, 128, 2))


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    """The error says what to name."""
    with pytest.raises(ValueError, match="IMAGES=folder"):
        read_photos(tmp_path)


@pytest.mark.parametrize("size", [(400, 300), (301, 517), (257, 300)])
def test_the_ceilings_crop_is_that_of_resize_then_crop(size: tuple[int, int]) -> None:
    """Where nothing is decoded at a smaller scale, the boxed resize differs by rounding only."""
    image = gradient(*size)
    short = min(size)
    resized = image.resize((256 * size[0] // short, 256 * size[1] // short), Image.Resampling.BICUBIC)
    left, top = round((resized.width - 224) / 2), round((resized.height - 224) / 2)
    expected = np.asarray(resized.crop((left, top, left + 224, top + 224)), dtype=int)
    pixels = read_pixels(encode(image, "PNG"), Crop(256, 224))
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - expected).max() <= 1


def test_a_large_jpeg_is_decoded_at_a_smaller_scale() -> None:
    """The steps of the ceiling use `draft`: a photo of 1024 x 768 looks the same without being decoded in full."""
    image = gradient(1024, 768)
    pixels = read_pixels(encode(image, "JPEG"), Crop(256, 224))
    expected = read_pixels(encode(image, "PNG"), Crop(256, 224))
    assert pixels.shape == (224, 224, 3)
    assert np.abs(pixels.astype(int) - expected.astype(int)).mean() < 4
