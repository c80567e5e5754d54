"""The classify page: a photo on the left, its answer on the right, and below them all photos when there are several."""

import reflex as rx

from reflex_frontend import texts
from reflex_frontend.view.answer import answer
from reflex_frontend.view.batch import batch_section
from reflex_frontend.view.stage import stage


def classify_page() -> rx.Component:
    """The content between header and end."""
    return rx.fragment(
        rx.el.div(
            rx.el.h1(texts.HEADLINE),
            rx.el.p(texts.LEAD),
            class_name="intro",
        ),
        rx.el.div(stage(), answer(), class_name="columns"),
        batch_section(),
        rx.el.p(texts.SCORE_NOTE, class_name="footnote"),
    )
