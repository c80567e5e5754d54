"""Two answers beside each other: rows on one scale, and whether they agree."""

import pytest

from reflex_frontend import comparison
from reflex_frontend.figures import NO_BREAK
from reflex_frontend.photos import Answer, Label


def answer(**scores: float) -> Answer:
    return Answer(labels=tuple(Label(name.replace("_", " "), score) for name, score in scores.items()))


CAT = answer(tabby=0.6, tiger_cat=0.2, lynx=0.05)
LYNX = answer(lynx=0.5, tabby=0.3, cougar=0.1)


def test_the_rows_are_the_first_labels_of_both_sides_strongest_first() -> None:
    """Each label once, by the higher of its two scores."""
    rows = comparison.compare(CAT, LYNX, top_k=2)
    assert [row.label for row in rows] == ["tabby", "lynx", "tiger cat"]


def test_a_label_has_the_score_of_the_side_that_ranks_it_lower_too() -> None:
    """Lynx is not among the left side's first two, but among what it named."""
    lynx = comparison.compare(CAT, LYNX, top_k=2)[1]
    assert lynx.left == f"5.0{NO_BREAK}%"
    assert lynx.left_width == "5.00%"
    assert (lynx.left_first, lynx.right_first) == (False, True)


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        (answer(tabby=0.6), answer(tabby=0.3), "30.0 points more on the left"),
        (answer(tabby=0.25), answer(tabby=0.3), "5.0 points more on the right"),
        (answer(tabby=0.3), answer(tabby=0.3), "the same on both sides"),
        (answer(tabby=0.3), answer(lynx=0.3), "only on the left"),
        (answer(lynx=0.1), answer(tabby=0.3), "only on the right"),
    ],
)
def test_each_row_says_how_far_the_sides_are_apart(left: Answer, right: Answer, words: str) -> None:
    """In points, with the side that has more; or which side has it at all."""
    row = next(row for row in comparison.compare(left, right, top_k=5) if row.label == "tabby")
    assert row.difference == words
    assert words in row.spoken


def test_one_answer_alone_is_shown_without_a_difference() -> None:
    """While the other side is on its way, or when it failed."""
    (row,) = comparison.compare(answer(tabby=0.6), Answer(), top_k=5)
    assert (row.left, row.right, row.difference) == (f"60.0{NO_BREAK}%", "", "")
    assert row.spoken == f"tabby: left 60.0{NO_BREAK}%"
    assert comparison.describe_agreement(answer(tabby=0.6), Answer()) == ""


def test_no_answer_is_no_rows() -> None:
    """The page shows what to do instead."""
    assert comparison.compare(Answer(), Answer(), top_k=5) == []
    assert not comparison.agrees(Answer(), Answer())


def test_the_same_first_label_is_agreement() -> None:
    """Whatever the scores are."""
    assert comparison.agrees(CAT, answer(tabby=0.1))
    assert comparison.describe_agreement(CAT, answer(tabby=0.1)) == "Both say tabby"


def test_different_first_labels_are_named_both() -> None:
    """Left, then right."""
    assert comparison.describe_agreement(CAT, LYNX) == "They differ: tabby against lynx"


def test_what_the_first_labels_have_in_common_is_counted() -> None:
    """Tabby is among the first two of both; lynx only among three."""
    assert comparison.count_shared(CAT, LYNX, top_k=2) == 1
    assert comparison.count_shared(CAT, LYNX, top_k=3) == 2
    assert comparison.describe_shared(CAT, LYNX, top_k=3) == "2 of the first 3 labels are on both sides."


@pytest.mark.parametrize(
    ("left", "right", "pair"),
    [
        ("", "", ("a", "b")),
        ("b", "", ("b", "a")),
        ("", "a", ("b", "a")),
        ("c", "b", ("c", "b")),
        ("b", "b", ("b", "a")),
        ("gone", "b", ("a", "b")),
        ("a", "gone", ("a", "b")),
    ],
)
def test_two_different_models_are_chosen_as_wanted_where_that_is_possible(
    left: str, right: str, pair: tuple[str, str]
) -> None:
    """A model that is no longer served, or is wanted on both sides, is replaced by the first other one."""
    assert comparison.choose_pair(["a", "b", "c"], left, right) == pair


def test_one_model_is_no_pair() -> None:
    """Nor is none, while the service has not said what it has."""
    assert comparison.choose_pair(["a"], "a", "") == ("", "")
    assert comparison.choose_pair([], "", "") == ("", "")
