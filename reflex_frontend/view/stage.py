"""The left half of the classify page: where the photo is dropped and shown, and the examples beside it.

assets/argus.js forwards files dropped, pasted or taken from an example to the file input here, and draws the photo at
once in the element with `data-local-photo`; the server's preview stands in after a reload.
"""

from typing import Any

import reflex as rx

from reflex_frontend import texts
from reflex_frontend.state.classify import ClassifyState
from reflex_frontend.view.icons import icon

UPLOAD_ID = "photo"

ACCEPTED = {
    "image/jpeg": [".jpg", ".jpeg", ".jfif"],
    "image/png": [".png"],
    "image/webp": [".webp"],
    "image/gif": [".gif"],
    "image/bmp": [".bmp"],
    "image/tiff": [".tif", ".tiff"],
    "image/avif": [".avif"],
}

EXAMPLES = (
    ("/examples/cat", texts.EXAMPLE_CAT),
    ("/examples/coffee", texts.EXAMPLE_COFFEE),
    ("/examples/rocket", texts.EXAMPLE_ROCKET),
)


def stage() -> rx.Component:
    """The dropzone with the photo in it, and the examples."""
    zone = rx.upload.root(
        rx.el.div(
            icon("upload", "icon drop-icon"),
            rx.el.p(texts.DROP_TITLE, class_name="drop-title"),
            rx.el.p(texts.DROP_HINT, class_name="drop-hint"),
            rx.el.button(texts.CHOOSE, type="button", class_name="button primary"),
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
        id=UPLOAD_ID,
        class_name="zone",
        multiple=False,
        no_keyboard=True,
        max_size=rx.cond(ClassifyState.max_upload_bytes > 0, ClassifyState.max_upload_bytes, 10 * 1024 * 1024),
        accept=ACCEPTED,
        on_drop=[ClassifyState.expect_photo, ClassifyState.receive_photo(rx.upload_files(upload_id=UPLOAD_ID))],
        on_drop_rejected=_refuse,
    )
    zone.children[0].children[0].custom_attrs.update({"aria-label": texts.FILE_INPUT})
    return rx.el.section(
        rx.el.div(
            zone,
            _caption(),
            class_name="stage",
            custom_attrs={"data-status": ClassifyState.photo.status, "data-photo": ClassifyState.photo.id},
        ),
        _examples(),
        class_name="stage-column",
        aria_label=texts.PHOTO,
    )


def _refuse(refused: rx.vars.ArrayVar[list[dict[str, Any]]]) -> Any:
    """The event for a file that the dropzone refused, with what its record says."""
    file = refused[0]["file"].to(dict[str, Any])
    reason = refused[0]["errors"].to(list[dict[str, Any]])[0]
    return ClassifyState.refuse_photo(file["name"].to(str), file["size"].to(int), reason["code"].to(str))


def _caption() -> rx.Component:
    return rx.el.div(
        rx.el.span(ClassifyState.photo.filename, class_name="caption-name", title=ClassifyState.photo.filename),
        rx.el.span(ClassifyState.facts, class_name="caption-facts"),
        rx.el.button(texts.CHOOSE_ANOTHER, type="button", class_name="button quiet", custom_attrs={"data-choose": ""}),
        class_name="caption",
    )


def _examples() -> rx.Component:
    def example(address: str, name: str) -> rx.Component:
        return rx.el.button(
            rx.el.img(src=f"{address}-small.jpg", alt=name, width="96", height="64"),
            type="button",
            class_name="example",
            title=name,
            custom_attrs={"data-example": f"{address}.jpg"},
        )

    return rx.el.div(
        rx.el.p(texts.EXAMPLES),
        rx.el.div(*[example(*item) for item in EXAMPLES], class_name="example-row"),
        class_name="examples",
    )
