"""The API page's "try it": a photo to send, and the request and the response as they were."""

import reflex as rx

from reflex_frontend import texts as shared
from reflex_frontend.attempt import Header
from reflex_frontend.state.api import EXAMPLES, ApiState
from reflex_frontend.texts import api as texts
from reflex_frontend.view.code import code_block, copy_button

_NAMES = {"cat": shared.EXAMPLE_CAT, "coffee": shared.EXAMPLE_COFFEE, "rocket": shared.EXAMPLE_ROCKET}


def attempt() -> rx.Component:
    """The section with what to send on the left and what came back on the right."""
    return rx.el.section(
        rx.el.div(rx.el.h2(texts.TRY), rx.el.p(texts.TRY_LONG), class_name="desk-head"),
        rx.el.div(
            rx.el.div(
                rx.el.fieldset(
                    rx.el.legend(texts.EXAMPLES, class_name="sr-only"),
                    *[_example(name) for name in EXAMPLES],
                    class_name="photos",
                ),
                rx.el.button(
                    rx.cond(ApiState.sending, texts.SENDING, texts.SEND),
                    type="button",
                    class_name="button primary",
                    custom_attrs={"aria-disabled": rx.cond(ApiState.sending, "true", "false")},
                    on_click=ApiState.send,
                ),
                class_name="rail try-rail",
            ),
            rx.el.div(_request(), _response(), class_name="desk-body"),
            class_name="desk-columns",
        ),
        rx.el.p(ApiState.announcement, role="status", class_name="sr-only"),
        class_name="desk try",
        custom_attrs={"data-outcome": ApiState.outcome, "data-sending": rx.cond(ApiState.sending, "yes", "no")},
    )


def _example(name: str) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="api_example",
            value=name,
            checked=ApiState.example == name,
            on_change=lambda _: ApiState.choose_example(name),
        ),
        rx.el.img(src=f"/examples/{name}-small.jpg", alt=_NAMES[name], width="96", height="64"),
        class_name="photo-choice",
        title=_NAMES[name],
    )


def _request() -> rx.Component:
    return rx.el.div(
        rx.el.h3(texts.REQUEST, class_name="sr-only"),
        rx.el.p(
            rx.el.span(texts.POST, class_name="method"),
            rx.el.code(ApiState.request_path),
            rx.el.span(ApiState.photo_fact, class_name="wire-fact"),
            class_name="wire-line",
        ),
        class_name="wire",
    )


def _response() -> rx.Component:
    empty = rx.el.div(
        rx.el.p(texts.EMPTY_TITLE, class_name="note-title"), rx.el.p(texts.EMPTY_DETAIL), class_name="wire-empty"
    )
    return rx.cond(ApiState.tried, _answer(), empty)


def _answer() -> rx.Component:
    return rx.el.div(
        rx.el.h3(texts.RESPONSE, class_name="sr-only"),
        rx.el.p(
            rx.el.span(ApiState.status_line, class_name="status"),
            rx.el.span(ApiState.time_text),
            rx.cond(ApiState.attempt.size_bytes > 0, rx.el.span(ApiState.size_text)),
            rx.cond(
                ApiState.body != "",
                copy_button(ApiState.body, label=texts.COPY_BODY, words=texts.COPY, copied=texts.COPIED),
            ),
            class_name="wire-line",
        ),
        rx.cond(ApiState.failure_text != "", rx.el.p(ApiState.failure_text, class_name="wire-failure")),
        rx.cond(ApiState.attempt.status > 0, rx.el.dl(rx.foreach(ApiState.headers, _header), class_name="headers")),
        rx.cond(ApiState.body != "", code_block(ApiState.body_pieces, label=texts.BODY)),
        class_name="wire wire-answer",
    )


def _header(header: rx.Var[Header]) -> rx.Component:
    return rx.el.div(rx.el.dt(header.name), rx.el.dd(header.value))
