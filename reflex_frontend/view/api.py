"""The API page."""

import reflex as rx

from reflex_frontend.texts import api as texts


def api_page() -> rx.Component:
    """The content between header and end."""
    return rx.el.div(rx.el.h1(texts.HEADLINE), rx.el.p(texts.LEAD), class_name="intro")
