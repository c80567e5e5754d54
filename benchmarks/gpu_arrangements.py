"""What `benchmarks.gpu` starts: fused replicas that share a GPU, and the split topology."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.environments import ROOT
from benchmarks.topology import Arrangement
from serve_app.hardware import detect_hardware

_SERVED, _SPLIT = ROOT / "serve_config.yaml", ROOT / "deploy" / "serve_config.split.yaml"
_BATCH_SIZE = 64


@dataclass(frozen=True, slots=True)
class GpuArrangement(Arrangement):
    """An arrangement that uses the GPU. decode_threads: in each process that decodes."""

    model: str = "resnet50"
    decode_threads: int = 4
    environment: Mapping[str, str] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """See `Arrangement.describe`; with batches and threads that suit a GPU, which the replicas with it share."""
        document = Arrangement.describe(self)
        (application,) = document["applications"]
        arguments = application["args"]
        arguments["models"] = [{"weights": self.model, "runtime": "torch"}]
        batch_size = _BATCH_SIZE if detect_hardware().has_cuda else 1
        arguments["inference"] |= {"max_batch_size": batch_size, "decode_threads": self.decode_threads}
        arguments["overload"] |= {"max_pending_images": 1024}
        arguments["spare_process"] = False
        for deployment in application["deployments"]:
            kind = deployment["name"].partition("_")[0]
            if kind == "Inference":
                deployment["name"] = f"Inference_{self.model}"
            deployment["max_ongoing_requests"] = 4096
            if kind != "Ingress" and detect_hardware().has_cuda:
                deployment["ray_actor_options"]["num_gpus"] = 1 / self.replicas[kind]
        return document


def list_arrangements(model: str, cores: int, environment: Mapping[str, str]) -> list[GpuArrangement]:
    """What is compared on a machine with that many cores and one GPU."""
    few, many = max(1, cores // 4), max(2, cores // 2)

    def fused(replicas: int, threads: int) -> GpuArrangement:
        name = f"fused, {replicas} replica{'s' * (replicas > 1)}, {threads} decode threads each"
        return GpuArrangement(
            name, _SERVED, {"ImageClassifier": replicas}, environment, model=model, decode_threads=threads
        )

    def split(ingresses: int, threads: int) -> GpuArrangement:
        name = f"split, {ingresses} ingress, {threads} decode threads each + 1 inference"
        scale = {"Ingress": ingresses, "Inference": 1}
        return GpuArrangement(name, _SPLIT, scale, environment, model=model, decode_threads=threads)

    return [fused(many, 2), split(few, 2), fused(few, 2), split(1, 4), fused(1, 4)]
