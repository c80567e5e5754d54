"""What this machine can run a model on, found out without importing torch or OpenVINO.

A replica must not pay for torch to learn that it does not need it, so the facts come from the operating system.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serve_app.errors import SetupError

RUNTIMES = ("openvino", "torch")
PRECISIONS = ("bf16", "fp32", "int8")


@dataclass(frozen=True, slots=True)
class Hardware:
    """has_cuda: an NVIDIA GPU that this process may use. has_fast_bf16: the CPU is faster in bf16 than in fp32."""

    has_cuda: bool
    has_fast_bf16: bool


def detect_hardware(root: Path = Path("/"), environment: Mapping[str, str] | None = None) -> Hardware:
    """Read /dev and /proc under `root` and CUDA_VISIBLE_DEVICES from `environment` (this process's by default).

    /dev/dxg is the GPU of Windows' Linux subsystem. Where /proc does not tell, the answer is the safe one: no.
    """
    environment = os.environ if environment is None else environment
    hidden = environment.get("CUDA_VISIBLE_DEVICES", "all").strip() in (
        "",
        "-1",
        "NoDevFiles",
    )
    has_device = any((root / "dev").glob("nvidia[0-9]*")) or (root / "dev/dxg").exists()
    return Hardware(has_cuda=has_device and not hidden, has_fast_bf16=_has_fast_bf16(root / "proc/cpuinfo"))


def choose_runtime(runtime: str, precision: str, hardware: Hardware) -> tuple[str, str]:
    """Turn `auto` into a runtime and a precision that suit the hardware; anything else stays as asked.

    `auto` never means int8: it needs photos and changes answers, so it is asked for. It runs on OpenVINO alone.
    Raises SetupError for a name that is neither, and for int8 on torch.
    """
    if runtime not in ("auto", *RUNTIMES):
        raise SetupError(f"There is no runtime {runtime!r}. Use auto, openvino or torch.")
    if precision not in ("auto", *PRECISIONS):
        raise SetupError(f"There is no precision {precision!r}. Use auto, bf16, fp32 or int8.")
    if precision == "int8":
        if runtime == "torch":
            raise SetupError("int8 runs on OpenVINO alone. Set runtime: openvino, or precision: bf16.")
        return "openvino", precision
    if runtime == "auto":
        runtime = "torch" if hardware.has_cuda else "openvino"
    if precision == "auto":
        fast_bf16 = hardware.has_cuda if runtime == "torch" else hardware.has_fast_bf16
        precision = "bf16" if fast_bf16 else "fp32"
    return runtime, precision


def _has_fast_bf16(cpuinfo: Path) -> bool:
    """AMX, or AMD's AVX512-BF16. Intel's, without AMX, is slower than fp32: see docs/decisions/0022."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    first, _, _ = text.partition("\n\n")  # a machine of many cores tells the same of each
    facts = {name.strip(): value.split() for name, _, value in (line.partition(":") for line in first.splitlines())}
    flags = facts.get("flags", [])
    return "amx_bf16" in flags or ("avx512_bf16" in flags and facts.get("vendor_id") == ["AuthenticAMD"])
