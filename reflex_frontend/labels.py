"""The labels of a model, found by what a person types; and kept, so that a search asks the service once. No Reflex."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

MOST_LISTS = 16


@dataclass(frozen=True)
class Match:
    """A label as found; hit: the part that was looked for, between what comes before and after it."""

    class_id: int = 0
    before: str = ""
    hit: str = ""
    after: str = ""


def find_labels(labels: Sequence[str], query: str) -> list[Match]:
    """The labels that hold every word of the query, or the class with that number; labels[i] belongs to class i.

    Whole words come first, then beginnings of words, then the rest; within each in the order of the classes.
    """
    query = " ".join(query.casefold().split())
    if not query:
        return [Match(class_id, label) for class_id, label in enumerate(labels)]
    words = query.split()
    found = []
    for class_id, label in enumerate(labels):
        folded = label.casefold()
        if str(class_id) == query:
            found.append((0, class_id, label))
        elif all(word in folded for word in words):
            found.append((_distance(folded, words), class_id, label))
    return [_mark(class_id, label, query, words[0]) for _, class_id, label in sorted(found)]


class LabelLists:
    """The lists of the models that were looked at last, by name and version; one instance a process."""

    def __init__(self, fetch: Callable[[str], Awaitable[Sequence[str]]]) -> None:
        self._fetch = fetch
        self._lists: OrderedDict[tuple[str, str], tuple[str, ...]] = OrderedDict()

    async def of(self, name: str, version: str) -> tuple[str, ...]:
        """The labels of that model; raises what `fetch` raises."""
        key = (name, version)
        if key not in self._lists:
            self._lists[key] = tuple(await self._fetch(name))
            while len(self._lists) > MOST_LISTS:
                self._lists.popitem(last=False)
        self._lists.move_to_end(key)
        return self._lists[key]


def _distance(folded: str, words: Sequence[str]) -> int:
    own = folded.replace(",", " ").replace("-", " ").split()
    if all(word in own for word in words):
        return 1
    return 2 if all(any(one.startswith(word) for one in own) for word in words) else 3


def _mark(class_id: int, label: str, query: str, word: str) -> Match:
    # Folding may change a label's length ("ß"); then nothing is marked rather than the wrong letters.
    folded = label.casefold()
    for part in (query, word):
        at = folded.find(part)
        if at >= 0 and len(folded) == len(label):
            return Match(class_id, label[:at], label[at : at + len(part)], label[at + len(part) :])
    return Match(class_id, label)
