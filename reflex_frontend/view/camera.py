"""The camera's dialog; browser/intake.js opens the camera, says by `data-state` how that went, and takes the photo."""

import reflex as rx

from reflex_frontend import texts
from reflex_frontend.view.icons import icon


def camera_dialog() -> rx.Component:
    """Closed until the script opens it; data-state: "starting", "on", "denied" or "none"."""

    def note(state: str, text: str) -> rx.Component:
        return rx.el.p(text, class_name="camera-note", custom_attrs={"data-for": state})

    return rx.el.dialog(
        rx.el.h2(texts.CAMERA_TITLE, class_name="sr-only", id="camera-title"),
        rx.el.div(
            rx.el.video(custom_attrs={"playsinline": "", "muted": "", "aria-label": texts.CAMERA_TITLE}),
            note("starting", texts.CAMERA_STARTING),
            note("denied", texts.CAMERA_DENIED),
            note("none", texts.CAMERA_NONE),
            class_name="camera-picture",
            role="status",
        ),
        rx.el.div(
            rx.el.button(
                icon("camera"),
                texts.CAMERA_TAKE,
                type="button",
                class_name="button primary",
                custom_attrs={"data-camera-take": ""},
            ),
            rx.el.button(
                texts.CAMERA_CLOSE, type="button", class_name="button", custom_attrs={"data-camera-close": ""}
            ),
            class_name="camera-actions",
        ),
        class_name="camera",
        custom_attrs={"data-camera-dialog": "", "aria-labelledby": "camera-title"},
    )
