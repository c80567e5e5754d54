"""What the history page is made of: elements that its script finds by name. See browser/history-page.js."""

from typing import Any

import reflex as rx


def part_of(name: str, element: rx.Component) -> rx.Component:
    """An element that the script works with."""
    element.custom_attrs["data-part"] = name
    return element


def text_of(name: str, element: rx.Component) -> rx.Component:
    """An element whose text the script writes; it must have no content of its own."""
    element.custom_attrs["data-text"] = name
    return element


def part_button(
    action: str, *content: rx.Component | str, class_name: str = "button", **attributes: Any
) -> rx.Component:
    """A button whose click the script answers; action: one of its ACTIONS."""
    return part_of(action, rx.el.button(*content, type="button", class_name=class_name, **attributes))
