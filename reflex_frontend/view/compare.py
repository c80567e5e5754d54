"""The compare page: what is compared, the photos, and both answers on one scale.

browser/compare.js reads the data attributes of the page, takes the photos and draws them into the slots.
"""

import reflex as rx

from reflex_frontend import texts as common
from reflex_frontend.state.compare import CompareState
from reflex_frontend.texts import compare as texts
from reflex_frontend.view.browser_events import BrowserEvents
from reflex_frontend.view.compare_result import model_select, result
from reflex_frontend.view.controls import choice_row
from reflex_frontend.view.icons import icon
from reflex_frontend.view.stage import ACCEPTED, offer_examples

state = CompareState


def compare_page() -> rx.Component:
    """The content between header and end."""
    return rx.el.div(
        rx.el.div(rx.el.h1(texts.HEADLINE), rx.el.p(texts.LEAD), class_name="intro"),
        _choices(),
        rx.cond(state.lacks_model, _one_model()),
        rx.el.div(
            _slots(),
            offer_examples("data-compare-example", "examples compare-examples"),
            result(),
            class_name="compare-work",
            hidden=state.lacks_model,
        ),
        BrowserEvents.create(on_argus_compare=CompareState.take_report),
        class_name="compare",
        custom_attrs={
            "data-compare": "",
            "data-mode": rx.cond(state.mode == "photos", "photos", "models"),
            "data-left-model": state.left_model,
            "data-right-model": state.right_model,
            "data-model": state.model,
            "data-max-bytes": state.max_upload_bytes,
            "data-session": state.session,
        },
    )


def _choices() -> rx.Component:
    modes = (("models", texts.MODE_MODELS), ("photos", texts.MODE_PHOTOS))
    return rx.el.div(
        choice_row(
            name="mode",
            label="",
            description=texts.MODE,
            choices=modes,
            current=rx.cond(state.mode == "photos", "photos", "models").to(str),
            on_choose=CompareState.choose_mode,
        ),
        rx.cond(
            state.mode == "photos",
            rx.el.label(
                rx.el.span(texts.MODEL),
                model_select(state.model, CompareState.choose_model, texts.MODEL),
                class_name="compare-model",
            ),
        ),
        class_name="compare-choices",
    )


def _slots() -> rx.Component:
    return rx.el.section(
        _slot("left", texts.LEFT_PHOTO),
        _slot("right", texts.RIGHT_PHOTO),
        class_name="slots",
        aria_label=texts.PHOTOS,
    )


def _slot(name: str, title: str) -> rx.Component:
    """One place for a photo; whatever the script puts in stands in elements that are empty here."""
    two = state.mode == "photos"
    return rx.el.div(
        rx.el.input(
            type="file",
            accept=ACCEPTED,
            multiple=True,
            tab_index=-1,
            class_name="sr-only",
            aria_label=texts.FILE_INPUT.format(slot=title),
        ),
        rx.el.div(
            icon("upload", "icon drop-icon"),
            rx.el.p(rx.cond(two, title, texts.DROP_TITLE), class_name="slot-title"),
            rx.el.p(rx.cond(two, texts.SIDE_HINT, texts.DROP_HINT), class_name="slot-hint"),
            rx.el.button(texts.CHOOSE, type="button", class_name="button"),
            class_name="slot-invitation",
        ),
        rx.el.div(class_name="slot-photo", custom_attrs={"data-slot-photo": ""}),
        rx.el.div(icon("file"), rx.el.p(texts.NO_PREVIEW), class_name="slot-no-preview"),
        rx.el.div(
            rx.el.span(rx.cond(two, title, common.PHOTO), class_name="slot-kind"),
            rx.el.span(class_name="slot-name", custom_attrs={"data-slot-name": ""}),
            rx.el.button(texts.CHOOSE_ANOTHER, type="button", class_name="button quiet"),
            rx.el.button(
                icon("close"),
                type="button",
                class_name="button quiet square",
                title=texts.REMOVE,
                aria_label=texts.REMOVE,
                custom_attrs={"data-slot-remove": ""},
            ),
            class_name="slot-caption",
        ),
        class_name="slot",
        custom_attrs={"data-slot": name},
    )


def _one_model() -> rx.Component:
    """Stands in place of two models where the service has one."""
    return rx.el.section(
        rx.el.h2(texts.ONE_MODEL),
        rx.el.p(state.one_model_detail),
        rx.el.div(
            rx.el.pre(state.example_config),
            rx.el.button(
                icon("copy"),
                icon("check", "icon copied"),
                rx.el.span(texts.COPY),
                type="button",
                class_name="copy",
                custom_attrs={"data-copy": state.example_config},
            ),
            class_name="one-model-config",
        ),
        rx.el.p(texts.ONE_MODEL_NOTE, class_name="one-model-note"),
        rx.el.button(
            texts.ONE_MODEL_OTHERWISE,
            type="button",
            class_name="button primary",
            on_click=CompareState.choose_mode("photos"),
        ),
        class_name="one-model",
    )
