"""Labels are found by what a person types, and asked for once."""

from collections.abc import Sequence

import pytest

from argus_client import ServiceUnreachable
from reflex_frontend.labels import MOST_LISTS, LabelLists, Match, find_labels

LABELS = ("tench", "catamaran", "tiger cat", "Egyptian cat", "bobcat", "remote control", "cattle-egret")


def ids(query: str) -> list[int]:
    return [match.class_id for match in find_labels(LABELS, query)]


def test_nothing_typed_finds_every_label_in_the_order_of_the_classes() -> None:
    """Spaces are nothing too."""
    assert ids("") == ids("  ") == list(range(len(LABELS)))


def test_whole_words_come_first_then_beginnings_then_the_rest() -> None:
    """Whatever the case."""
    assert ids("CAT") == [2, 3, 1, 6, 4]


def test_every_word_must_be_there_in_any_order() -> None:
    """Two words narrow the search."""
    assert ids("cat tiger") == [2]
    assert ids("cat tench") == []


def test_a_number_finds_its_class() -> None:
    """As the API answers with class ids."""
    assert ids("5") == [5]


def test_the_part_that_matched_is_marked_in_the_labels_own_case() -> None:
    """Before, hit and after together are the label."""
    assert find_labels(LABELS, "egypt") == [Match(3, "", "Egypt", "ian cat")]
    assert find_labels(LABELS, "cat tiger") == [Match(2, "tiger ", "cat", "")]
    assert find_labels(("Stra\N{LATIN SMALL LETTER SHARP S}e",), "strasse") == [
        Match(0, "Stra\N{LATIN SMALL LETTER SHARP S}e", "", "")
    ]


class Shelf:
    """Gives a list for a name, and counts; a name in `missing` fails."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.missing: set[str] = set()

    async def fetch(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        if name in self.missing:
            raise ServiceUnreachable("gone")
        return [f"{name} label"]


async def test_a_list_is_asked_for_once_and_again_for_another_version() -> None:
    """A model that was exported anew may have other labels."""
    shelf = Shelf()
    lists = LabelLists(shelf.fetch)
    assert await lists.of("a", "1") == await lists.of("a", "1") == ("a label",)
    await lists.of("a", "2")
    assert shelf.asked == ["a", "a"]


async def test_the_list_unused_for_longest_makes_room() -> None:
    """Memory stays bounded whatever is served."""
    shelf = Shelf()
    lists = LabelLists(shelf.fetch)
    for number in range(MOST_LISTS):
        await lists.of(str(number), "1")
    await lists.of("0", "1")
    await lists.of("new", "1")
    shelf.asked.clear()
    await lists.of("0", "1")
    await lists.of("1", "1")
    assert shelf.asked == ["1"]


async def test_a_failure_is_not_kept() -> None:
    """The next attempt asks again."""
    shelf = Shelf()
    shelf.missing.add("a")
    lists = LabelLists(shelf.fetch)
    with pytest.raises(ServiceUnreachable):
        await lists.of("a", "1")
    shelf.missing.clear()
    assert await lists.of("a", "1") == ("a label",)
