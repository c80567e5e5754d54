"""Pixels -> logits: what runs a model. OpenVINO for CPUs, torch for GPUs; each is imported only when it is used.

Knows artifacts. Knows nothing of images, requests, batching or labels' meaning.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from serve_app.artifacts import Artifact, ModelCard, check_artifact
from serve_app.errors import ArtifactInvalid

Logits = npt.NDArray[np.float32]  # (N, num_classes)


class Runtime(Protocol):
    """A loaded model. One thread at a time may call it; which thread may change between calls.

    one_by_one: whether images of one call are run one after another, so that the call takes as long as all of them.
    """

    card: ModelCard
    one_by_one: bool

    def infer(self, pixels: npt.NDArray[np.uint8]) -> Logits:
        """Run the model.

        pixels: uint8 (N, crop_size, crop_size, 3), RGB, 0-255; N is 1 or more.
        Returns logits, float32 (N, num_classes), in memory of their own: a later call does not change them.
        """
        ...

    def warm_up(self, batch_sizes: Sequence[int]) -> None:
        """Run the model once at each batch size, at its real input size: no request pays for first-time work."""
        ...

    def close(self) -> None:
        """Let go of the model's memory. The runtime cannot be used afterwards."""
        ...


def load_runtime(
    artifact: Artifact, *, num_threads: int = 1, idle_threads: int = 0, max_batch_size: int = 1
) -> Runtime:
    """Load an artifact with the runtime that it was made for.

    num_threads: how many threads one inference uses on the CPU.
    idle_threads: how many more help it, on cores with nothing else to do; OpenVINO's alone.
    max_batch_size: the most images that a GPU gets at once; more are run in parts. A CPU runs one after another.
    Raises ArtifactInvalid when the files are not what the artifact says.
    """
    check_artifact(artifact)
    if artifact.card.runtime == "openvino":
        from serve_app.runtimes.openvino import OpenVinoRuntime

        return OpenVinoRuntime(artifact, num_threads=num_threads, idle_threads=idle_threads)
    if artifact.card.runtime == "torch":
        from serve_app.runtimes.torch import TorchRuntime

        return TorchRuntime(artifact, num_threads=num_threads, max_batch_size=max_batch_size)
    raise ArtifactInvalid(f"{artifact.path} was made for the runtime {artifact.card.runtime!r}, which Argus lacks.")
