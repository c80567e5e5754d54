"""From the browser's own scripts to the state: events that browser/*.js send to the window.

A script says `window.dispatchEvent(new CustomEvent("argusphotos", { detail }))`; a page that has
`BrowserEvents.create(on_argus_photos=SomeState.take)` hands the detail on. When a page begins to listen it says
"arguslistening", so that a script can repeat what was missed; `window.argusListens` is for a script that comes later.
"""

from typing import Any

import reflex as rx
from reflex.vars.base import Var
from reflex_components_core.core.window_events import WindowEventListener

_SAY_LISTENING: Var[Any] = Var(
    "useEffect(() => { window.argusListens = true; "
    'window.dispatchEvent(new CustomEvent("arguslistening")); return () => { window.argusListens = false; }; }, []);'
)


def _read_detail(event: rx.vars.ObjectVar[dict[str, Any]]) -> tuple[Var[dict[str, Any]]]:
    return (event["detail"].to(dict[str, Any]),)


class BrowserEvents(WindowEventListener):
    """Draws nothing. A trigger's event has its name without "on_" and underscores; its handler gets the detail."""

    on_argus_photos: rx.EventHandler[_read_detail]  # type: ignore[type-arg]  # Reflex's own form
    on_argus_compare: rx.EventHandler[_read_detail]  # type: ignore[type-arg]  # Reflex's own form

    def add_hooks(self) -> list[str | Var[Any]]:
        """The listeners, then the word that they are there."""
        return [*super().add_hooks(), _SAY_LISTENING]
