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
    weights = _exponentiate(logits)
    scores: npt.NDArray[np.float64] = weights / weights.sum()
    return scores


def rank_predictions(logits: Logits, labels: Sequence[str], *, top_k: int, min_score: float) -> tuple[Prediction, ...]:
    """The `top_k` classes of highest score, best first, without those that score under `min_score`.

    logits: (num_classes,); labels: one for each class; top_k above num_classes returns all; equal scores come in the
    order of their class ids.
    """
    weights = _exponentiate(logits)
    total = float(weights.sum())
    count = min(top_k, weights.size)
    # Only the chosen classes are sorted, divided and turned into Python objects: this runs beside every request.
    chosen = np.argpartition(weights, -count)[-count:] if count < weights.size else np.arange(weights.size)
    best = sorted(zip((-weights[chosen]).tolist(), chosen.tolist(), strict=True))
    scored = ((class_id, -weight / total) for weight, class_id in best)
    return tuple(Prediction(class_id, labels[class_id], score) for class_id, score in scored if score >= min_score)


def _exponentiate(logits: Logits) -> npt.NDArray[np.float64]:
    """The numerators of softmax, the largest of them 1, so that none overflows."""
    weights: npt.NDArray[np.float64] = np.exp(logits.astype(np.float64) - float(logits.max()))
    return weights
