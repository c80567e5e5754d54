"""The strip that sends load: how much and for how long, a button, and what came of it."""

import reflex as rx

from reflex_frontend import figures
from reflex_frontend.state.live import CONNECTION_CHOICES, SECONDS_CHOICES, LiveState
from reflex_frontend.texts import live as texts
from reflex_frontend.view.controls import choice_row

load = LiveState.load


def load_strip() -> rx.Component:
    """The strip, or why there is none."""
    return rx.el.section(
        rx.cond(LiveState.load_is_off, _off(), rx.fragment(_words(), _controls(), _line())),
        class_name="load",
        aria_label=texts.LOAD,
        custom_attrs={"data-state": load.state},
    )


def _words() -> rx.Component:
    left = rx.el.span(rx.el.span(custom_attrs={"data-until": load.ends_at_ms}), " ", texts.LOAD_LEFT, class_name="left")
    return rx.el.div(
        rx.match(
            load.state,
            ("sending", rx.fragment(rx.el.h2(load.title, left), rx.el.p(load.counts))),
            ("none", rx.fragment(rx.el.h2(texts.LOAD), rx.el.p(texts.LOAD_DETAIL))),
            rx.fragment(rx.el.h2(load.title), rx.el.p(load.counts)),
        ),
        class_name="load-words",
    )


def _controls() -> rx.Component:
    sending = load.state == "sending"
    return rx.el.div(
        rx.cond(
            sending,
            rx.fragment(),
            rx.el.div(
                choice_row(
                    name="connections",
                    label=texts.LOAD_CONNECTIONS,
                    description=texts.LOAD_CONNECTIONS_LONG,
                    choices=[(value, value) for value in CONNECTION_CHOICES],
                    current=LiveState.connections,
                    on_choose=LiveState.choose_connections,
                ),
                choice_row(
                    name="seconds",
                    label=texts.LOAD_SECONDS,
                    description=texts.LOAD_SECONDS_LONG,
                    choices=[(value, f"{value}{figures.NO_BREAK}s") for value in SECONDS_CHOICES],
                    current=LiveState.seconds,
                    on_choose=LiveState.choose_seconds,
                ),
                class_name="controls",
            ),
        ),
        # One button in both roles, so that the keyboard's place stays where it is.
        rx.el.button(
            rx.cond(sending, texts.LOAD_STOP, texts.LOAD_START),
            type="button",
            class_name=rx.cond(sending, "button load-button", "button primary load-button"),
            on_click=LiveState.switch_load(load.state),
        ),
        class_name="load-controls",
    )


def _line() -> rx.Component:
    return rx.el.div(
        rx.el.span(style={"width": load.done}), class_name="load-line", custom_attrs={"aria-hidden": "true"}
    )


def _off() -> rx.Component:
    before, after = texts.LOAD_OFF_DETAIL.split("{setting}")
    return rx.el.div(
        rx.el.h2(texts.LOAD_OFF),
        rx.el.p(before, rx.el.code(texts.LOAD_OFF_SETTING), after),
        class_name="load-words",
    )
