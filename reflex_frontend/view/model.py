"""The model page: the card of a model on the left, its labels on the right."""

from typing import Any

import reflex as rx

from reflex_frontend.cards import Fact
from reflex_frontend.labels import Match
from reflex_frontend.state.health import HealthState
from reflex_frontend.state.model import LONGEST_QUERY, SEARCH_INPUT, ModelState
from reflex_frontend.texts import model as texts
from reflex_frontend.view.code import copy_button
from reflex_frontend.view.icons import icon
from reflex_frontend.view.selection import selection

card = ModelState.card


def model_page() -> rx.Component:
    """The content between header and end."""
    return rx.el.div(
        rx.cond(ModelState.cards.length() > 0, _known(), _waiting()),
        # Draws nothing; it appears whenever the service becomes ready, and then the models are read.
        rx.cond(HealthState.status == "ready", rx.fragment(on_mount=ModelState.load)),
        class_name="model",
    )


def _waiting() -> rx.Component:
    def note(title: str, detail: str = "") -> rx.Component:
        return rx.el.div(
            rx.el.h1(texts.HEADLINE),
            rx.el.p(title, class_name="note-title"),
            rx.el.p(detail),
            class_name="model-wait",
        )

    return rx.match(
        HealthState.status,
        ("starting", note(texts.WAIT_STARTING, texts.WAIT_STARTING_DETAIL)),
        ("unreachable", note(texts.WAIT_UNREACHABLE, texts.WAIT_UNREACHABLE_DETAIL)),
        note(texts.WAIT_ASKING),
    )


def _known() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            rx.el.div(
                rx.el.h1(card.name),
                rx.el.p(
                    rx.cond(card.is_default, rx.el.span(texts.DEFAULT, class_name="tag")),
                    rx.cond(HealthState.status == "ready", rx.el.span(card.state, class_name="tag")),
                    rx.el.span(texts.VERSION, " ", rx.el.code(card.version), title=texts.VERSION_NOTE),
                    copy_button(card.version, label=texts.COPY_VERSION),
                    class_name="model-tags",
                ),
            ),
            rx.cond(
                ModelState.cards.length() > 1,
                selection(
                    label=texts.CHOICE, options=ModelState.choices, current=card.name, on_choose=ModelState.choose
                ),
            ),
            class_name="intro model-intro",
        ),
        rx.el.div(
            rx.el.div(_figures(), _preprocessing(), _about(), class_name="model-card"),
            _labels(),
            class_name="model-columns",
        ),
    )


def _figures() -> rx.Component:
    def figure(fact: rx.Var[Fact]) -> rx.Component:
        return rx.el.div(rx.el.dt(fact.name), rx.el.dd(fact.value))

    return rx.el.section(
        rx.el.h2(texts.FIGURES, class_name="sr-only"),
        rx.el.dl(rx.foreach(card.figures, figure), class_name="big-figures"),
        rx.el.p(card.accuracy_note, class_name="fine"),
        class_name="sheet",
    )


def _preprocessing() -> rx.Component:
    drawing = rx.el.div(
        rx.el.span(card.resize, class_name="drawn-resize"),
        rx.el.div(rx.el.span(card.crop), class_name="drawn-crop", style={"height": card.crop_share}),
        class_name="drawn-photo",
        role="img",
        aria_label=texts.DRAWING,
    )
    return rx.el.section(
        rx.el.h2(texts.PREPROCESSING),
        rx.el.div(
            rx.el.ol(rx.foreach(card.steps, rx.el.li), class_name="steps"),
            rx.cond(card.crop_share != "", drawing),
            class_name="steps-row",
        ),
        _facts(card.numbers, "facts pairs"),
        class_name="sheet",
    )


def _about() -> rx.Component:
    return rx.el.section(rx.el.h2(texts.ABOUT), _facts(card.facts), class_name="sheet")


def _facts(facts: Any, class_name: str = "facts") -> rx.Component:
    def row(fact: rx.Var[Fact]) -> rx.Component:
        value = rx.cond(
            fact.link != "", rx.el.a(fact.value, href=fact.link, target="_blank", rel="noreferrer"), fact.value
        )
        return rx.el.div(
            rx.el.dt(fact.name),
            rx.el.dd(rx.el.span(value), rx.cond(fact.note != "", rx.el.span(fact.note, class_name="fine"))),
        )

    return rx.el.dl(rx.foreach(facts, row), class_name=class_name)


def _labels() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h2(texts.LABELS),
            rx.el.label(
                rx.el.span(texts.SEARCH, class_name="sr-only"),
                icon("search"),
                rx.el.input(
                    id=SEARCH_INPUT,
                    type="search",
                    placeholder=texts.SEARCH_HINT,
                    max_length=LONGEST_QUERY,
                    auto_complete="off",
                    spell_check=False,
                    on_change=ModelState.search.debounce(150),
                ),
                class_name="search",
            ),
            class_name="labels-head",
        ),
        rx.el.div(
            rx.el.p(ModelState.count_text, role="status"),
            rx.cond(
                ModelState.more_text != "",
                rx.el.button(
                    ModelState.more_text, type="button", class_name="link-button", on_click=ModelState.show_all
                ),
            ),
            class_name="labels-count",
        ),
        rx.match(
            ModelState.reading,
            ("failed", _labels_note(texts.LABELS_FAILED, "", texts.READ_AGAIN, ModelState.read_again)),
            ("labels", rx.el.p(texts.READING, class_name="labels-note")),
            rx.cond(
                ModelState.matches.length() > 0,
                rx.el.ol(
                    rx.foreach(ModelState.matches, _row),
                    class_name="label-list",
                    tab_index=0,
                    aria_label=texts.LABELS,
                ),
                rx.cond(
                    ModelState.none_title != "",
                    _labels_note(ModelState.none_title, ModelState.none_detail, texts.CLEAR, ModelState.clear_search),
                ),
            ),
        ),
        class_name="sheet labels-sheet",
    )


def _row(match: rx.Var[Match]) -> rx.Component:
    return rx.el.li(
        rx.el.span(match.class_id, class_name="class-id"),
        rx.el.span(match.before, rx.cond(match.hit != "", rx.el.mark(match.hit)), match.after),
    )


def _labels_note(title: Any, detail: Any, action: str, on_click: Any) -> rx.Component:
    return rx.el.div(
        rx.el.p(title, class_name="note-title"),
        rx.el.p(detail),
        rx.el.button(action, type="button", class_name="button", on_click=on_click),
        class_name="labels-note",
    )
