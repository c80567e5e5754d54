"""Logits -> predictions: the last step before JSON. Knows numbers and labels, nothing of models or requests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float32]  # (num_classes,), any range


@dataclass(frozen=True, slots=True)
class Prediction:
    """One class and its softmax score, 0-1. A score is not a calibrated probability."""

    class_id: int
    label: str
    score: float


def softmax(logits: Logits) -> npt.NDArray[np.float64]:
    """Scores that add up to 1. logits: (num_classes,). Returns float64 (num_classes,)."""
    shifted = np.exp(logits.astype(np.float64) - float(logits.max()))
    scores: npt.NDArray[np.float64] = shifted / shifted.sum()
    return scores


def rank_predictions(logits: Logits, labels: Sequence[str], *, top_k: int, min_score: float) -> tuple[Prediction, ...]:
    """The `top_k` classes of highest score, best first, without those that score under `min_score`.

    logits: (num_classes,); labels: one for each class; top_k above num_classes returns all; equal scores come in the
    order of their class ids.
    """
    scores = softmax(logits)
    count = min(top_k, scores.size)
    candidates = np.argpartition(scores, -count)[-count:] if count < scores.size else np.arange(scores.size)
    best = candidates[np.lexsort((candidates, -scores[candidates]))]
    return tuple(
        Prediction(class_id=int(i), label=labels[i], score=float(scores[i])) for i in best if scores[i] >= min_score
    )
