"""One choice of several whose number is not known beforehand: the browser's own list."""

from typing import Any

import reflex as rx

from reflex_frontend.view.icons import icon


def selection(*, label: str, options: Any, current: Any, on_choose: Any) -> rx.Component:
    """options: a Var of pairs, value and text; on_choose: gets the value."""

    def option(pair: Any) -> rx.Component:
        return rx.el.option(pair[1], value=pair[0])

    return rx.el.label(
        rx.el.span(label, class_name="choice-label"),
        rx.el.span(
            rx.el.select(rx.foreach(options, option), value=current, on_change=on_choose),
            icon("chevron"),
            class_name="native-list",
        ),
        class_name="choice",
    )
