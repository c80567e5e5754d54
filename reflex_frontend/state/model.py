"""The model page: the cards of what is served, and the labels that a person looks for.

Cards are read anew whenever the service becomes ready; what was known stays while it is away.
"""

from functools import cache

import reflex as rx

from argus_client import ArgusClientError
from reflex_frontend import service
from reflex_frontend.cards import Card, read_card
from reflex_frontend.labels import LabelLists, Match, find_labels
from reflex_frontend.texts import model as texts

# Rows that are drawn before somebody asks for all: more than anybody reads, few enough to come at once.
FIRST_ROWS = 100
LONGEST_QUERY = 60
SEARCH_INPUT = "label-search"


class ModelState(rx.State):
    """chosen: name of the model that is shown; reading: "labels", "failed" when those could not be had, or ""."""

    cards: list[Card] = []  # noqa: RUF012 - Reflex copies a var's default for every session
    chosen: str = ""
    query: str = ""
    matches: list[Match] = []  # noqa: RUF012 - as above
    found: int = 0
    reading: str = ""
    _all_rows: bool = False

    @rx.event(background=True)
    async def load(self) -> rx.event.EventSpec:
        """The page is open and the service is ready."""
        try:
            models = await service.client().models()
        except ArgusClientError:
            models = list(service.watch().health.models)  # As they were when the service became ready.
        async with self:
            if models:
                self.cards = [read_card(model) for model in models]
            if self.chosen not in {card.name for card in self.cards}:
                self.chosen = next((card.name for card in self.cards if card.is_default), "")
            query = self.query
        await self._show_labels()
        # The field is the browser's own; after a reload it is empty while the session still searches.
        return rx.set_value(SEARCH_INPUT, query)

    @rx.event(background=True)
    async def choose(self, name: str) -> None:
        """Show another model."""
        async with self:
            if name not in {card.name for card in self.cards}:
                return
            self.chosen, self._all_rows = name, False
        await self._show_labels()

    @rx.event(background=True)
    async def search(self, query: str) -> None:
        """Show the labels that match."""
        async with self:
            self.query, self._all_rows = query[:LONGEST_QUERY], False
        await self._show_labels()

    @rx.event(background=True)
    async def clear_search(self) -> rx.event.EventSpec:
        """Show all labels again."""
        async with self:
            self.query, self._all_rows = "", False
        await self._show_labels()
        return rx.set_value(SEARCH_INPUT, "")

    @rx.event(background=True)
    async def show_all(self) -> None:
        """Show every label that matches, not only the first ones."""
        async with self:
            self._all_rows = True
        await self._show_labels()

    @rx.event(background=True)
    async def read_again(self) -> None:
        """Ask for the labels once more."""
        await self._show_labels()

    @rx.var
    def card(self) -> Card:
        """The model that is shown."""
        return next((card for card in self.cards if card.name == self.chosen), Card())

    @rx.var
    def choices(self) -> list[list[str]]:
        """The models to choose from: value and text of each."""
        return [
            [card.name, texts.IS_DEFAULT.format(name=card.name) if card.is_default else card.name]
            for card in self.cards
        ]

    @rx.var
    def count_text(self) -> str:
        """How many labels are shown, of how many."""
        total, shown = self.card.label_count, len(self.matches)
        if not shown:
            return texts.FOUND_NONE if self.query.strip() else ""
        if not self.query.strip():
            pattern = texts.ALL_SHOWN if shown == self.found else texts.SOME_SHOWN
        else:
            pattern = texts.FOUND if shown == self.found else texts.FOUND_SOME
        return pattern.format(total=f"{total:,}", shown=shown, found=f"{self.found:,}")

    @rx.var
    def more_text(self) -> str:
        """The words of the button that shows the rest, "" when there is no rest."""
        return texts.SHOW_ALL.format(total=f"{self.found:,}") if self.found > len(self.matches) else ""

    @rx.var
    def none_title(self) -> str:
        """Said when nothing matches."""
        return texts.NONE_TITLE.format(query=self.query.strip()) if self.query.strip() else ""

    @rx.var
    def none_detail(self) -> str:
        """What to do then."""
        return texts.NONE_DETAIL.format(total=f"{self.card.label_count:,}")

    async def _show_labels(self) -> None:
        async with self:
            name, version = self.chosen, self.card.version
            if not name:
                return
            self.reading = "" if self.matches else "labels"
        try:
            labels = await _label_lists().of(name, version)
        except ArgusClientError:
            async with self:
                self.reading = "failed"
            return
        async with self:
            if self.chosen != name:
                return
            matches = find_labels(labels, self.query)
            self.found, self.reading = len(matches), ""
            self.matches = matches if self._all_rows else matches[:FIRST_ROWS]


@cache
def _label_lists() -> LabelLists:
    """The lists of this process, made on first use."""
    return LabelLists(service.client().labels)
