"""Two answers beside each other, on one scale: what both say, and how far they are apart. Knows no Reflex.

left answer  --\
                > pairs of scores, label by label --> rows
right answer --/                                  --> agreement
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reflex_frontend import figures
from reflex_frontend.photos import Answer, Label
from reflex_frontend.texts import compare as texts


@dataclass(frozen=True)
class Row:
    """One label as both sides score it; widths: of the bars, as CSS percentages; spoken: the row in words.

    left, right: "" when the label is not among the ten that the side named. first: this side's strongest label.
    """

    label: str = ""
    left: str = ""
    right: str = ""
    left_width: str = "0%"
    right_width: str = "0%"
    left_first: bool = False
    right_first: bool = False
    difference: str = ""
    spoken: str = ""


def choose_pair(names: Sequence[str], left: str, right: str) -> tuple[str, str]:
    """Two different models of those that there are, as wanted where that is possible; ("", "") if there are not two."""
    if len(names) < 2:
        return "", ""
    chosen_left = left if left in names else next(name for name in names if name != right)
    wanted = right in names and right != chosen_left
    return chosen_left, right if wanted else next(name for name in names if name != chosen_left)


def compare(left: Answer, right: Answer, top_k: int) -> list[Row]:
    """The first `top_k` labels of both sides, those with the highest score on either side first.

    A side that has no answer yet leaves its column empty; the label still has its score if only the other side has it
    among its first.
    """
    sides = (_scores(left), _scores(right))
    labels = dict.fromkeys(label.label for side in (left, right) for label in side.labels[:top_k])
    ranked = sorted(labels, key=lambda label: max(scores.get(label, 0.0) for scores in sides), reverse=True)
    return [_make_row(label, left, right) for label in ranked]


def count_shared(left: Answer, right: Answer, top_k: int) -> int:
    """How many labels are among the first `top_k` of both."""
    first = {label.label for label in left.labels[:top_k]}
    return sum(label.label in first for label in right.labels[:top_k])


def agrees(left: Answer, right: Answer) -> bool:
    """Whether both name the same label first."""
    return _first(left) == _first(right) != ""


def describe_agreement(left: Answer, right: Answer) -> str:
    """One line, "" until both sides have an answer."""
    if not left.labels or not right.labels:
        return ""
    if agrees(left, right):
        return texts.AGREE.format(label=_first(left))
    return texts.DIFFER.format(left=_first(left), right=_first(right))


def describe_shared(left: Answer, right: Answer, top_k: int) -> str:
    """How much the rest of both answers has in common, "" until both are there."""
    if not left.labels or not right.labels:
        return ""
    return texts.SHARED.format(count=count_shared(left, right, top_k), total=top_k)


def _make_row(label: str, left: Answer, right: Answer) -> Row:
    left_score, right_score = _scores(left).get(label), _scores(right).get(label)
    difference = _describe_difference(left_score, right_score) if left.labels and right.labels else ""
    spoken = [
        texts.SPOKEN_SIDE.format(side=side, score=figures.percent(score))
        for side, score in ((texts.LEFT, left_score), (texts.RIGHT, right_score))
        if score is not None
    ]
    return Row(
        label=label,
        left="" if left_score is None else figures.percent(left_score),
        right="" if right_score is None else figures.percent(right_score),
        left_width=_width(left_score),
        right_width=_width(right_score),
        left_first=label == _first(left),
        right_first=label == _first(right),
        difference=difference,
        spoken=f"{label}: {', '.join([*spoken, difference] if difference else spoken)}",
    )


def _describe_difference(left: float | None, right: float | None) -> str:
    if left is None:
        return texts.ONLY_RIGHT
    if right is None:
        return texts.ONLY_LEFT
    points = round(abs(right - left) * 100, 1)
    if points == 0:
        return texts.SAME
    more = texts.MORE_RIGHT if right > left else texts.MORE_LEFT
    return more.format(points=f"{points:.1f}")


def _scores(answer: Answer) -> dict[str, float]:
    return {label.label: label.score for label in answer.labels}


def _first(answer: Answer) -> str:
    return next(iter(answer.labels), Label()).label


def _width(score: float | None) -> str:
    return f"{(score or 0.0) * 100:.2f}%"
