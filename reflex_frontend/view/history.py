"""The history page: a search, an empty list and the patterns of what stands in it.

browser/history-page.js draws here, from what the browser keeps: it finds an element by `data-part`, writes a text into
one with `data-text`, and copies one with `data-pattern`. So the history reaches no server, not even this one, and this
page has no state.
"""

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink

from reflex_frontend import texts as common
from reflex_frontend.texts import history as texts
from reflex_frontend.view.browser_events import BrowserEvents
from reflex_frontend.view.history_dialogs import clear_dialog, details_dialog
from reflex_frontend.view.history_parts import part_button, part_of, text_of
from reflex_frontend.view.icons import icon


def history_page() -> rx.Component:
    """The content between header and end."""
    return rx.el.div(
        rx.el.div(rx.el.h1(texts.HEADLINE), rx.el.p(texts.LEAD), class_name="intro"),
        _toolbar(),
        part_of("fleeting", rx.el.p(icon("alert"), texts.FLEETING, class_name="history-fleeting", hidden=True)),
        part_of("days", rx.el.div(class_name="history-days")),
        part_button("more", texts.SHOW_MORE, class_name="button history-more", hidden=True),
        _empty(),
        _no_match(),
        _toast(),
        details_dialog(),
        clear_dialog(),
        rx.el.div(_day(), _entry(), _label(), hidden=True),
        BrowserEvents.create(),
        class_name="history",
        custom_attrs={
            "data-history": "",
            "data-state": "reading",
            "data-today": texts.TODAY,
            "data-yesterday": texts.YESTERDAY,
            "data-one": texts.COUNT_ONE,
            "data-many": texts.COUNT_MANY,
            "data-some": texts.COUNT_SOME,
            "data-none": texts.NO_MATCH,
            "data-removed": texts.REMOVED,
            "data-clear-one": texts.CLEAR_ONE,
            "data-clear-many": texts.CLEAR_MANY,
        },
    )


def _toolbar() -> rx.Component:
    def download(kind: str, name: str) -> rx.Component:
        title = texts.DOWNLOAD.format(kind=name)
        return part_button(kind, icon("download"), name, class_name="button quiet small", title=title, aria_label=title)

    return rx.el.div(
        rx.el.label(
            icon("search"),
            part_of(
                "query",
                rx.el.input(type="search", placeholder=texts.SEARCH, aria_label=texts.SEARCH, auto_complete="off"),
            ),
            class_name="history-search",
        ),
        rx.el.p(custom_attrs={"data-text": "count"}, role="status", class_name="history-count"),
        rx.el.div(
            download("csv", common.DOWNLOAD_CSV),
            download("json", common.DOWNLOAD_JSON),
            part_button("ask-clear", texts.CLEAR_ALL, class_name="button quiet small"),
            class_name="history-actions",
        ),
        class_name="history-toolbar",
    )


def _empty() -> rx.Component:
    frames = [rx.el.span(rx.el.span()) for _ in range(3)]
    return rx.el.div(
        rx.el.div(*frames, class_name="history-frames", custom_attrs={"aria-hidden": "true"}),
        rx.el.h2(texts.EMPTY),
        rx.el.p(texts.EMPTY_DETAIL),
        ReactRouterLink.create(texts.START, to="/", class_name="button primary", custom_attrs={"data-part": "start"}),
        class_name="history-note history-empty",
    )


def _no_match() -> rx.Component:
    return rx.el.div(
        rx.el.h2(custom_attrs={"data-text": "none"}),
        rx.el.p(texts.NO_MATCH_DETAIL),
        part_button("clear-search", texts.CLEAR_SEARCH),
        class_name="history-note history-none",
    )


def _toast() -> rx.Component:
    return rx.el.div(
        part_of(
            "toast",
            rx.el.div(
                text_of("removed", rx.el.span()), part_button("undo", texts.UNDO), class_name="toast", hidden=True
            ),
        ),
        role="status",
        class_name="toasts",
    )


def _day() -> rx.Component:
    return _pattern(
        "day",
        rx.el.section(
            text_of("day", rx.el.h2()),
            part_of("rows", rx.el.ol(class_name="history-rows")),
        ),
    )


def _entry() -> rx.Component:
    return _pattern(
        "entry",
        rx.el.li(
            part_button(
                "open",
                part_of("thumb", rx.el.span(class_name="entry-thumb")),
                rx.el.span(
                    text_of("label", rx.el.span(class_name="entry-label")),
                    text_of("name", rx.el.span(class_name="entry-name")),
                    class_name="entry-words",
                ),
                rx.el.span(
                    text_of("score", rx.el.span(class_name="entry-score")),
                    rx.el.span(part_of("bar", rx.el.span()), class_name="entry-bar"),
                    class_name="entry-found",
                ),
                text_of("others", rx.el.span(class_name="entry-others")),
                text_of("model", rx.el.span(class_name="entry-model")),
                text_of("time", rx.el.span(class_name="entry-time")),
                class_name="entry-open",
            ),
            part_button("remove", icon("close"), class_name="entry-remove", title=texts.REMOVE),
            class_name="entry",
        ),
    )


def _label() -> rx.Component:
    return _pattern(
        "label",
        rx.el.li(
            text_of("label", rx.el.span(class_name="label")),
            text_of("score", rx.el.span(class_name="score")),
            rx.el.span(part_of("bar", rx.el.span()), class_name="bar"),
        ),
    )


def _pattern(name: str, element: rx.Component) -> rx.Component:
    element.custom_attrs["data-pattern"] = name
    return element
