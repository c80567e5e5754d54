"""The left half of the classify page: where photos are dropped and the chosen one is shown, and the examples.

browser/intake.js takes photos from every way there is; browser/stage.js draws the chosen one at once in the element
with `data-local-photo`. After a reload the session's small copy stands in.
"""

import reflex as rx

from reflex_frontend import texts
from reflex_frontend.state.batch import BatchState
from reflex_frontend.state.classify import ClassifyState
from reflex_frontend.view.browser_events import BrowserEvents
from reflex_frontend.view.camera import camera_dialog
from reflex_frontend.view.icons import icon

ACCEPTED = ".jpg,.jpeg,.jfif,.png,.webp,.gif,.bmp,.tif,.tiff,.avif,image/*"

EXAMPLES = (
    ("/examples/cat", texts.EXAMPLE_CAT),
    ("/examples/coffee", texts.EXAMPLE_COFFEE),
    ("/examples/rocket", texts.EXAMPLE_ROCKET),
)


def stage() -> rx.Component:
    """The zone for dropping with the photo in it, and the examples."""
    limit = rx.cond(ClassifyState.max_upload_bytes > 0, ClassifyState.max_upload_bytes, 10 * 1024 * 1024)
    zone = rx.el.div(
        rx.el.input(
            type="file",
            accept=ACCEPTED,
            multiple=True,
            tab_index=-1,
            class_name="sr-only",
            aria_label=texts.FILE_INPUT,
        ),
        rx.el.div(
            icon("upload", "icon drop-icon"),
            rx.el.p(texts.DROP_TITLE, class_name="drop-title"),
            rx.el.p(texts.DROP_HINT, class_name="drop-hint"),
            rx.el.div(
                rx.el.button(
                    texts.CHOOSE, type="button", class_name="button primary", custom_attrs={"data-choose": ""}
                ),
                rx.el.button(
                    icon("camera"), texts.CAMERA, type="button", class_name="button", custom_attrs={"data-camera": ""}
                ),
                class_name="drop-actions",
            ),
            rx.el.p(ClassifyState.limit_text, class_name="drop-formats"),
            class_name="drop-invitation",
        ),
        rx.cond(
            ClassifyState.photo.preview != "",
            rx.el.img(src=ClassifyState.photo.preview, alt=texts.PHOTO_ALT, class_name="kept-photo"),
            rx.el.div(icon("file"), rx.el.p(texts.NO_PREVIEW), class_name="no-preview"),
        ),
        rx.el.div(class_name="local-photo", custom_attrs={"data-local-photo": ""}),
        rx.el.div(class_name="progress", custom_attrs={"aria-hidden": "true"}),
        class_name="zone",
        custom_attrs={"data-lane": "photos", "data-max-bytes": limit},
    )
    return rx.el.section(
        rx.el.div(
            zone,
            _caption(),
            class_name="stage",
            custom_attrs={"data-status": ClassifyState.photo.status, "data-photo": ClassifyState.photo.id},
        ),
        offer_examples("data-example"),
        camera_dialog(),
        BrowserEvents.create(on_argus_photos=ClassifyState.take_report),
        class_name="stage-column",
        aria_label=texts.PHOTO,
        custom_attrs={"data-known": BatchState.known},
    )


def _caption() -> rx.Component:
    return rx.el.div(
        rx.el.span(ClassifyState.photo.filename, class_name="caption-name", title=ClassifyState.photo.filename),
        rx.el.span(ClassifyState.facts, class_name="caption-facts"),
        rx.el.button(
            icon("camera"),
            type="button",
            class_name="button quiet square",
            title=texts.CAMERA,
            aria_label=texts.CAMERA,
            custom_attrs={"data-camera": ""},
        ),
        rx.el.button(texts.CHOOSE_ANOTHER, type="button", class_name="button quiet", custom_attrs={"data-choose": ""}),
        class_name="caption",
    )


def offer_examples(attribute: str, class_name: str = "examples") -> rx.Component:
    """The bundled photos. attribute: what the page's script knows a press on one by."""

    def example(address: str, name: str) -> rx.Component:
        return rx.el.button(
            rx.el.img(src=f"{address}-small.jpg", alt=name, width="96", height="64"),
            type="button",
            class_name="example",
            title=name,
            custom_attrs={attribute: f"{address}.jpg"},
        )

    return rx.el.div(
        rx.el.p(texts.EXAMPLES),
        rx.el.div(*[example(*item) for item in EXAMPLES], class_name="example-row"),
        class_name=class_name,
    )
