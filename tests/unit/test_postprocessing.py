"""Logits to ranked predictions."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from serve_app.postprocessing import rank_predictions, softmax

LABELS = [f"class {i}" for i in range(1000)]


def test_the_best_classes_come_first() -> None:
    """Predictions are sorted by score and carry their labels."""
    logits = np.array([0.0, 3.0, 1.0, 2.0], np.float32)
    ranked = rank_predictions(logits, LABELS, top_k=3, min_score=0.0)
    assert [(p.class_id, p.label) for p in ranked] == [(1, "class 1"), (3, "class 3"), (2, "class 2")]


def test_low_scores_are_left_out() -> None:
    """min_score applies to the softmax score."""
    logits = np.log(np.array([0.7, 0.2, 0.1], np.float32))
    assert [p.class_id for p in rank_predictions(logits, LABELS, top_k=3, min_score=0.15)] == [0, 1]


def test_top_k_above_the_number_of_classes_gives_all() -> None:
    """Asking for more than there is is not an error."""
    assert len(rank_predictions(np.zeros(3, np.float32), LABELS, top_k=10, min_score=0.0)) == 3


def test_equal_scores_come_in_class_order() -> None:
    """The answer to a tie does not depend on the sort."""
    ranked = rank_predictions(np.zeros(6, np.float32), LABELS, top_k=6, min_score=0.0)
    assert [p.class_id for p in ranked] == [0, 1, 2, 3, 4, 5]


def test_large_logits_do_not_overflow() -> None:
    """A confident model gives a score of one, not of nan."""
    assert rank_predictions(np.array([1e4, 0.0], np.float32), LABELS, top_k=1, min_score=0.0)[0].score == pytest.approx(
        1
    )


@given(arrays(np.float32, st.integers(1, 1000), elements=st.floats(-50, 50, width=32)), st.integers(1, 20))
def test_ranking_agrees_with_a_full_sort(logits: npt.NDArray[np.float32], top_k: int) -> None:
    """Whatever the logits, the scores are the highest of the softmax, in order."""
    scores = softmax(logits)
    ranked = [p.score for p in rank_predictions(logits, LABELS, top_k=top_k, min_score=0.0)]
    assert ranked == sorted(scores, reverse=True)[:top_k]
    assert scores.sum() == pytest.approx(1)
