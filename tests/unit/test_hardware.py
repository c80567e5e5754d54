"""What `auto` chooses, from made-up machines."""

from pathlib import Path

import pytest

from serve_app.errors import SetupError
from serve_app.hardware import Hardware, choose_runtime, detect_hardware

PLAIN_CPU = Hardware(has_cuda=False, has_fast_bf16=False)
BF16_CPU = Hardware(has_cuda=False, has_fast_bf16=True)
GPU = Hardware(has_cuda=True, has_fast_bf16=False)


def make_machine(
    root: Path, flags: str = "fpu sse", devices: tuple[str, ...] = (), vendor: str = "AuthenticAMD"
) -> Path:
    (root / "proc").mkdir()
    lines = ("processor\t: 0", f"vendor_id\t: {vendor}", f"flags\t\t: {flags}", "bugs\t\t: amx_bf16", "")
    (root / "proc/cpuinfo").write_text("\n".join(lines))
    (root / "dev").mkdir()
    for device in devices:
        (root / "dev" / device).touch()
    return root


@pytest.mark.parametrize(
    ("hardware", "expected"),
    [(PLAIN_CPU, ("openvino", "fp32")), (BF16_CPU, ("openvino", "bf16")), (GPU, ("torch", "bf16"))],
)
def test_auto_suits_the_hardware(hardware: Hardware, expected: tuple[str, str]) -> None:
    """OpenVINO on CPUs, bf16 where it is fast; torch in bf16 on a GPU."""
    assert choose_runtime("auto", "auto", hardware) == expected


@pytest.mark.parametrize("hardware", [PLAIN_CPU, BF16_CPU, GPU])
def test_what_was_asked_for_is_kept(hardware: Hardware) -> None:
    """A named runtime and precision are never overruled."""
    assert choose_runtime("torch", "fp32", hardware) == ("torch", "fp32")
    assert choose_runtime("openvino", "bf16", hardware) == ("openvino", "bf16")


def test_torch_on_a_cpu_is_fp32(tmp_path: Path) -> None:
    """The CPU's bf16 counts for OpenVINO alone."""
    assert choose_runtime("torch", "auto", BF16_CPU) == ("torch", "fp32")


@pytest.mark.parametrize("hardware", [PLAIN_CPU, BF16_CPU, GPU])
def test_int8_means_openvino(hardware: Hardware) -> None:
    """Whatever the machine has, int8 is OpenVINO's; asked of torch it is refused with both ways out."""
    assert choose_runtime("auto", "int8", hardware) == ("openvino", "int8")
    assert choose_runtime("openvino", "int8", hardware) == ("openvino", "int8")
    with pytest.raises(SetupError, match="openvino, or precision: bf16"):
        choose_runtime("torch", "int8", hardware)


@pytest.mark.parametrize(("runtime", "precision"), [("onnx", "auto"), ("auto", "int4")])
def test_unknown_names_are_refused(runtime: str, precision: str) -> None:
    """The error lists what can be written."""
    with pytest.raises(SetupError, match="Use auto, "):
        choose_runtime(runtime, precision, PLAIN_CPU)


@pytest.mark.parametrize(
    ("vendor", "flags", "expected"),
    [
        ("AuthenticAMD", "avx512_bf16", True),
        ("AuthenticAMD", "avx512f", False),
        ("GenuineIntel", "avx512_bf16", False),
        ("GenuineIntel", "avx512_bf16 amx_bf16", True),
        ("SomebodyElse", "avx512_bf16", False),
    ],
)
def test_bf16_is_chosen_where_it_is_fast(tmp_path: Path, vendor: str, flags: str, expected: bool) -> None:
    """Having the instructions is not enough; and only the line of flags counts."""
    machine = make_machine(tmp_path, f"fpu {flags} sse", vendor=vendor)
    assert detect_hardware(machine, {}).has_fast_bf16 is expected


def test_a_machine_that_does_not_tell_is_a_plain_cpu(tmp_path: Path) -> None:
    """Without /proc and /dev the answer is the safe one."""
    assert detect_hardware(tmp_path, {}) == PLAIN_CPU


@pytest.mark.parametrize("devices", [("nvidia0",), ("nvidia3", "nvidiactl"), ("dxg",)])
def test_a_gpu_is_seen_by_its_device(tmp_path: Path, devices: tuple[str, ...]) -> None:
    """NVIDIA's own device files, or the one of Windows' Linux subsystem."""
    assert detect_hardware(make_machine(tmp_path, devices=devices), {}).has_cuda


def test_a_driver_without_a_gpu_is_no_gpu(tmp_path: Path) -> None:
    """The control device exists on machines whose GPU was not given to this container."""
    assert not detect_hardware(make_machine(tmp_path, devices=("nvidiactl", "nvidia-uvm")), {}).has_cuda


@pytest.mark.parametrize(("value", "expected"), [("", False), ("-1", False), ("0", True), ("GPU-8f", True)])
def test_a_hidden_gpu_does_not_count(tmp_path: Path, value: str, expected: bool) -> None:
    """CUDA_VISIBLE_DEVICES, which Ray sets for its workers, can hide a GPU that the machine has."""
    machine = make_machine(tmp_path, devices=("nvidia0",))
    assert detect_hardware(machine, {"CUDA_VISIBLE_DEVICES": value}).has_cuda is expected
