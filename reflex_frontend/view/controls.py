"""Small choices drawn as a row of radio buttons: native inputs, so keys and screen readers work as everywhere."""

from collections.abc import Sequence
from typing import Any

import reflex as rx


def choice_row(
    *, name: str, label: str, description: str, choices: Sequence[tuple[str, str]], current: rx.Var[str], on_choose: Any
) -> rx.Component:
    """label: shown; description: for a screen reader; choices: value and text of each; on_choose: gets the value."""

    def option(value: str, text: str) -> rx.Component:
        return rx.el.label(
            rx.el.input(
                type="radio", name=name, value=value, checked=current == value, on_change=lambda _: on_choose(value)
            ),
            rx.el.span(text),
        )

    return rx.el.fieldset(
        rx.el.legend(description, class_name="sr-only"),
        rx.el.span(label, class_name="choice-label", custom_attrs={"aria-hidden": "true"}),
        rx.el.div(*[option(value, text) for value, text in choices], class_name="choice-options"),
        class_name="choice",
    )
