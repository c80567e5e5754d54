"""What makes the first load of the built page quick: the looks inside each document, and our scripts in one file.

    browser/*.js --> one script, in the order below
    built documents --> their stylesheets written into them, so that the first answer is enough to paint

Part of the build, as a plugin of Reflex; a running UI needs none of this.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from reflex.plugins import Plugin

SCRIPT = "argus.js"
# In this order: the later ones use the earlier ones.
PARTS = (
    "argus",
    "thumbnails",
    "stage",
    "sending",
    "photos",
    "intake",
    "figures",
    "history",
    "history-files",
    "history-page",
    "compare",
    "tabs",
)

_FOLDER = Path(__file__).with_name("browser")
# What Reflex serves as it stands, within the folder of its build.
_PUBLIC = Path("public")
_LINK = re.compile(r"<link\b[^>]*>")
_ADDRESS = re.compile(r'\bhref="([^"]+)"')


class FirstLoad(Plugin):
    """Called by Reflex while it builds."""

    def get_static_assets(self, **context: Any) -> Sequence[tuple[Path, str | bytes]]:  # noqa: ARG002  # the signature is Reflex's
        """Our scripts as one file."""
        return [(_PUBLIC / SCRIPT, join_scripts())]

    def post_build(self, **context: Any) -> None:
        """Write the stylesheets into every document of `static_dir`, before Reflex compresses the files."""
        root = Path(context["static_dir"])
        for document in root.rglob("*.html"):
            text = document.read_text("utf-8")
            document.write_text(inline_styles(text, lambda address: _read_style(root, address)), "utf-8")


def join_scripts() -> str:
    """The parts in their order."""
    return "\n".join((_FOLDER / f"{name}.js").read_text("utf-8") for name in PARTS)


def inline_styles(document: str, read: Callable[[str], str]) -> str:
    """The document with its stylesheets in it; read: address -> CSS.

    The links stay, because React wants to find what it has drawn, and get a medium that no screen has: nothing waits
    for them.
    """

    def replace(match: re.Match[str]) -> str:
        link = match[0]
        address = _ADDRESS.search(link)
        is_sheet = 'rel="stylesheet"' in link
        is_hint = 'rel="preload"' in link and 'as="style"' in link
        if address is None or not (is_sheet or is_hint):
            return link
        aside = link.replace("<link", '<link media="print"', 1)
        return f"<style>{read(address[1])}</style>{aside}" if is_sheet else aside

    return _LINK.sub(replace, document)


def _read_style(root: Path, address: str) -> str:
    css = (root / address.lstrip("/")).read_text("utf-8")
    if "</style" in css:
        raise ValueError(f"{address} would end the element that it is written into")
    return css
