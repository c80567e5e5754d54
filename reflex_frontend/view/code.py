"""Code and its like: a block that scrolls by itself, coloured by kind, and the button that copies it."""

from typing import Any

import reflex as rx

from reflex_frontend.listings import Piece
from reflex_frontend.view.icons import icon


def code_block(pieces: Any, *, label: str) -> rx.Component:
    """pieces: a Var of a list of Piece; label: the block's name for a screen reader. It takes the focus to scroll."""

    def span(piece: rx.Var[Piece]) -> rx.Component:
        return rx.el.span(piece.text, custom_attrs={"data-kind": piece.kind})

    return rx.el.pre(
        rx.el.code(rx.foreach(pieces, span)),
        class_name="code",
        tab_index=0,
        role="region",
        aria_label=label,
    )


def copy_button(text: Any, *, label: str, words: str = "", copied: str = "") -> rx.Component:
    """text: what is copied; label: for a screen reader and as a hint; words: shown beside the icon, if any."""
    shown = [rx.el.span(words, class_name="copy-idle"), rx.el.span(copied, class_name="copy-done")] if words else []
    return rx.el.button(
        icon("copy", "icon copy-idle"),
        icon("check", "icon copy-done"),
        *shown,
        type="button",
        class_name="copy-button",
        title=label,
        aria_label=label,
        custom_attrs={"data-copy": text},
    )
