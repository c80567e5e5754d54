"""The model page."""

import reflex as rx

from reflex_frontend.texts import model as texts


def model_page() -> rx.Component:
    """The content between header and end."""
    return rx.el.div(rx.el.h1(texts.HEADLINE), rx.el.p(texts.LEAD), class_name="intro")
