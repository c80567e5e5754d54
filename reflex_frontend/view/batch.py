"""Below a photo and its answer, when there are several: how far they are, each as a card or a row, and their files."""

import reflex as rx

from reflex_frontend import texts
from reflex_frontend.batch import Card
from reflex_frontend.state.batch import BatchState
from reflex_frontend.state.classify import ClassifyState
from reflex_frontend.view.controls import choice_row
from reflex_frontend.view.icons import icon

_VIEWS = (("cards", texts.VIEW_CARDS), ("table", texts.VIEW_TABLE))
_COLUMNS = (
    ("name", texts.COLUMN_NAME),
    ("label", texts.COLUMN_LABEL),
    ("score", texts.COLUMN_SCORE),
    ("time", texts.COLUMN_TIME),
)


def batch_section() -> rx.Component:
    """Nothing until there are two photos."""
    return rx.el.section(
        rx.cond(
            BatchState.cards.length() > 0,
            rx.fragment(
                _head(),
                rx.cond(ClassifyState.view == "table", _table(), rx.el.ul(_cards(), class_name="cards")),
            ),
        ),
        rx.el.p(BatchState.announcement, role="status", class_name="sr-only"),
        class_name="batch",
        aria_label=texts.BATCH,
    )


def _head() -> rx.Component:
    is_open = BatchState.done + BatchState.failed < BatchState.known
    progress = rx.el.div(
        rx.el.div(style={"width": BatchState.progress}),
        class_name="batch-bar",
        role="progressbar",
        aria_label=texts.BATCH,
        custom_attrs={
            "aria-valuemin": 0,
            "aria-valuemax": BatchState.known,
            "aria-valuenow": BatchState.done + BatchState.failed,
            "data-open": rx.cond(is_open, "yes", "no"),
        },
    )
    actions = rx.el.div(
        rx.cond(is_open, _action(texts.STOP_ALL, "data-stop-all")),
        rx.cond(~is_open & (BatchState.failed > 0), _action(texts.RETRY_FAILED, "data-retry-all")),
        _download(texts.DOWNLOAD_CSV, ClassifyState.download_csv),
        _download(texts.DOWNLOAD_JSON, ClassifyState.download_json),
        choice_row(
            name="view",
            label=texts.VIEW,
            description=texts.VIEW,
            choices=_VIEWS,
            current=ClassifyState.view,
            on_choose=ClassifyState.choose_view,
        ),
        _action(texts.CLEAR_ALL, "data-clear-all"),
        class_name="batch-actions",
    )
    return rx.el.div(
        rx.el.h2(BatchState.summary, custom_attrs={"data-summary": ""}), actions, progress, class_name="batch-head"
    )


def _action(text: str, attribute: str) -> rx.Component:
    return rx.el.button(text, type="button", class_name="button small", custom_attrs={attribute: ""})


def _download(kind: str, event: rx.event.EventType[()]) -> rx.Component:
    return rx.el.button(
        icon("download"),
        kind,
        type="button",
        class_name="button small",
        aria_label=texts.DOWNLOAD.format(kind=kind),
        on_click=event,
        disabled=BatchState.done == 0,
    )


def _cards() -> rx.Component:
    def card(item: rx.Var[Card]) -> rx.Component:
        return rx.el.li(
            rx.el.button(
                rx.el.span(class_name="card-photo", custom_attrs={"data-thumb": item.id}),
                rx.el.span(item.title, class_name="card-title"),
                rx.el.span(_score_or_clock(item), class_name="card-score"),
                rx.el.span(
                    rx.el.span(style={"width": item.width}), class_name="bar", custom_attrs={"aria-hidden": "true"}
                ),
                rx.el.span(item.name, class_name="card-name"),
                type="button",
                class_name="card-main",
                on_click=ClassifyState.show_photo(item.id),
                # browser/photos.js marks the one that is shown large, so that none is drawn anew for that.
                custom_attrs={"data-card": item.id},
            ),
            _item_actions(item),
            key=item.id,
            class_name="card",
            custom_attrs={"data-status": item.status},
        )

    return rx.foreach(BatchState.cards, card)


def _score_or_clock(item: rx.Var[Card]) -> rx.Component:
    """The score of an answer; until a refused photo is sent again, the seconds."""
    return rx.cond(
        item.retry_at_ms > 0,
        rx.el.span(title=texts.NEXT_ATTEMPT, custom_attrs={"data-until": item.retry_at_ms}),
        item.score,
    )


def _item_actions(item: rx.Var[Card]) -> rx.Component:
    """Retry where that may help, and remove."""
    return rx.el.span(
        rx.cond(
            item.can_retry,
            rx.el.button(
                icon("again"),
                type="button",
                class_name="card-action",
                aria_label=rx.Var.create(texts.RETRY.split("{name}")[0]) + item.name + texts.RETRY.split("{name}")[1],
                custom_attrs={"data-retry": item.id},
            ),
        ),
        rx.el.button(
            icon("close"),
            type="button",
            class_name="card-action",
            aria_label=rx.Var.create(texts.REMOVE.split("{name}")[0]) + item.name,
            custom_attrs={"data-remove": item.id},
        ),
        class_name="card-actions",
    )


def _table() -> rx.Component:
    def heading(by: str, text: str) -> rx.Component:
        order = rx.cond(ClassifyState.descending, "descending", "ascending")
        return rx.el.th(
            rx.el.button(text, type="button", on_click=ClassifyState.choose_order(by)),
            scope="col",
            custom_attrs={"aria-sort": rx.cond(ClassifyState.sort_by == by, order, "none"), "data-column": by},
        )

    def row(item: rx.Var[Card]) -> rx.Component:
        return rx.el.tr(
            rx.el.th(
                rx.el.button(
                    rx.el.span(class_name="row-photo", custom_attrs={"data-thumb": item.id}),
                    rx.el.span(item.name, class_name="row-name"),
                    type="button",
                    class_name="row-main",
                    on_click=ClassifyState.show_photo(item.id),
                ),
                scope="row",
                custom_attrs={"data-column": "name"},
            ),
            rx.el.td(item.title, custom_attrs={"data-column": "label"}),
            rx.el.td(_score_or_clock(item), custom_attrs={"data-column": "score"}),
            rx.el.td(item.time, custom_attrs={"data-column": "time"}),
            rx.el.td(_item_actions(item), custom_attrs={"data-column": "actions"}),
            key=item.id,
            custom_attrs={"data-status": item.status},
        )

    return rx.el.div(
        rx.el.table(
            rx.el.caption(texts.TABLE_CAPTION, class_name="sr-only"),
            rx.el.thead(
                rx.el.tr(
                    *[heading(by, text) for by, text in _COLUMNS],
                    rx.el.th(
                        rx.el.span(texts.COLUMN_ACTIONS, class_name="sr-only"),
                        scope="col",
                        custom_attrs={"data-column": "actions"},
                    ),
                )
            ),
            rx.el.tbody(rx.foreach(BatchState.cards, row)),
            class_name="batch-table",
        ),
        class_name="batch-frame",
    )
