"""What stands in the document around the pages: typeface, icon, colours of the browser's frame, our script."""

import reflex as rx
from reflex.utils.imports import ImportDict

from reflex_frontend.building import FONT
from reflex_frontend.first_load import SCRIPT

HEAD = [
    rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
    rx.el.meta(name="theme-color", content="#fafaf9", custom_attrs={"media": "(prefers-color-scheme: light)"}),
    rx.el.meta(name="theme-color", content="#0f1112", custom_attrs={"media": "(prefers-color-scheme: dark)"}),
    rx.el.script(src=f"/{SCRIPT}", defer=True),
]


class Typeface(rx.Fragment):
    """Brings the self-hosted typeface into the bundle; draws nothing."""

    def add_imports(self) -> ImportDict:
        """The package's stylesheet, whose font files become part of the page."""
        return {"": f"{FONT}/wght.css"}
