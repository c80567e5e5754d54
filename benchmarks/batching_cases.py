"""What the comparison of batchers measures, case by case, and what comes of a case. Imports neither Ray nor a model."""

from dataclasses import dataclass

from benchmarks.batching_loads import Load

GPU_BATCH_S = 0.05
GPU_BATCH_SIZE = 64
GPU_CAPACITY = GPU_BATCH_SIZE / GPU_BATCH_S  # requests/s


@dataclass(frozen=True, slots=True)
class Side:
    """Who makes the batches: Argus' Batcher where `wait_s` is None, else `@serve.batch` with that wait."""

    wait_s: float | None
    max_batch_size: int

    @property
    def name(self) -> str:
        """As tables and the chart show it."""
        return "Batcher" if self.wait_s is None else f"@serve.batch, {self.wait_s * 1e3:g} ms"


@dataclass(frozen=True, slots=True)
class Case:
    """One measurement.

    model: gpu (sleeps 50 ms a batch), cpu (the default model on photos), none (returns at once).
    load: open (amount: share of the gpu model's capacity), closed (amount: callers), alone (amount: requests).
    """

    side: Side
    model: str
    load: str
    amount: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """A load and what the model saw of it: the mean batch, and the mean seconds of a run."""

    load: Load
    batch_size: float
    run_s: float


Measured = dict[Case, list[Outcome]]
