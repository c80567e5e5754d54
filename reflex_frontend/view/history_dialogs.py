"""The two dialogs of the history page: one photo's details, and the question before everything goes."""

import reflex as rx

from reflex_frontend import texts as common
from reflex_frontend.texts import history as texts
from reflex_frontend.view.history_parts import part_button, part_of, text_of
from reflex_frontend.view.icons import icon

_TIMES = (
    ("decode", common.DECODE),
    ("queue", common.QUEUE),
    ("model", common.MODEL),
    ("network", common.NETWORK),
)


def details_dialog() -> rx.Component:
    """Everything that is kept of one photo."""
    return part_of(
        "details",
        rx.el.dialog(
            rx.el.div(
                rx.el.header(
                    part_of("photo", rx.el.div(class_name="details-photo")),
                    rx.el.div(
                        text_of("name", rx.el.h2()),
                        text_of("when", rx.el.p()),
                        text_of("facts", rx.el.p()),
                        class_name="details-words",
                    ),
                    part_button(
                        "close",
                        icon("close"),
                        class_name="button quiet square details-close",
                        title=texts.CLOSE,
                        aria_label=texts.CLOSE,
                    ),
                    class_name="details-head",
                ),
                part_of("labels", rx.el.ol(class_name="labels", aria_label=texts.LABELS)),
                rx.el.div(_timing(), _origin(), class_name="panel-foot"),
                rx.el.footer(
                    part_button("newer", icon("newer"), texts.NEWER, class_name="button small"),
                    part_button("older", texts.OLDER, icon("older"), class_name="button small"),
                    part_button("remove-shown", texts.REMOVE_ONE, class_name="button quiet small details-remove"),
                    class_name="details-foot",
                ),
                class_name="dialog-content",
            ),
            class_name="dialog details",
            aria_label=texts.DETAILS,
        ),
    )


def clear_dialog() -> rx.Component:
    """Asks before the whole history goes."""
    return part_of(
        "clear-dialog",
        rx.el.dialog(
            rx.el.div(
                rx.el.h2(texts.CLEAR_TITLE),
                text_of("clear-detail", rx.el.p()),
                rx.el.div(
                    part_button("close", texts.CANCEL, auto_focus=True),
                    part_button("clear-all", texts.CLEAR_ALL, class_name="button danger"),
                    class_name="dialog-actions",
                ),
                class_name="dialog-content",
            ),
            class_name="dialog question",
            aria_label=texts.CLEAR_TITLE,
        ),
    )


def _timing() -> rx.Component:
    shares = [part_of(f"{kind}-share", rx.el.span(custom_attrs={"data-kind": kind})) for kind, _ in _TIMES]
    figures = [
        rx.el.div(rx.el.dt(name), text_of(f"{kind}-time", rx.el.dd()), custom_attrs={"data-kind": kind})
        for kind, name in _TIMES
    ]
    return rx.el.div(
        rx.el.dl(rx.el.div(rx.el.dt(common.ROUND_TRIP), text_of("total", rx.el.dd()), class_name="round-trip")),
        rx.el.div(*shares, class_name="time-bar", custom_attrs={"aria-hidden": "true"}),
        rx.el.dl(*figures, class_name="times"),
    )


def _origin() -> rx.Component:
    return rx.el.dl(
        rx.el.div(rx.el.dt(common.MODEL_LINE), text_of("model", rx.el.dd())),
        rx.el.div(rx.el.dt(common.VERSION), rx.el.dd(text_of("version", rx.el.span(class_name="cut")))),
        rx.el.div(
            rx.el.dt(common.REQUEST_ID),
            rx.el.dd(
                part_of(
                    "copy-request",
                    rx.el.button(
                        text_of("request", rx.el.span(class_name="cut")),
                        icon("copy"),
                        icon("check", "icon copied"),
                        type="button",
                        class_name="copy",
                        title=common.COPY_REQUEST_ID,
                        aria_label=common.COPY_REQUEST_ID,
                    ),
                ),
            ),
        ),
        class_name="origin",
    )
