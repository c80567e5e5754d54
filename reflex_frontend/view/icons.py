"""The few pictures of the page: inline SVG in the text's colour, 1.5 px lines on 16 px, hidden from screen readers."""

import reflex as rx

_PATHS = {
    "upload": (
        "M8 10.5V2.5M4.75 5.5 8 2.25l3.25 3.25M2.5 10.5v1.75c0 .7.55 1.25 1.25 1.25h8.5c.7 0 1.25-.55 1.25-1.25V10.5",
    ),
    "copy": (
        "M5.75 5.75h6.5c.55 0 1 .45 1 1v6.5c0 .55-.45 1-1 1h-6.5c-.55 0-1-.45-1-1v-6.5c0-.55.45-1 1-1Z",
        "M2.75 10.25v-7c0-.55.45-1 1-1h6.5",
    ),
    "check": ("m3 8.5 3.25 3.25L13 4.75",),
    "alert": ("M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5Z", "M8 4.75v4M8 11.2v.1"),
    "clock": ("M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5Z", "M8 4.5V8l2.25 1.5"),
    "again": ("M13.5 8a5.5 5.5 0 1 1-1.7-3.98M13.5 1.75v2.75h-2.75",),
    "sun": (
        "M8 5.25a2.75 2.75 0 1 0 0 5.5 2.75 2.75 0 0 0 0-5.5Z",
        "M8 1.25v1M8 13.75v1M1.25 8h1M13.75 8h1M3.2 3.2l.7.7M12.1 12.1l.7.7M3.2 12.8l.7-.7M12.1 3.9l.7-.7",
    ),
    "moon": ("M13.5 9.6A5.75 5.75 0 0 1 6.4 2.5a5.75 5.75 0 1 0 7.1 7.1Z",),
    "system": (
        "M2.75 2.75h10.5c.55 0 1 .45 1 1v6c0 .55-.45 1-1 1H2.75c-.55 0-1-.45-1-1v-6c0-.55.45-1 1-1Z",
        "M5.5 13.75h5",
    ),
    "camera": (
        "M2.75 4.75H5L6 3h4l1 1.75h2.25c.55 0 1 .45 1 1v6.5c0 .55-.45 1-1 1H2.75c-.55 0-1-.45-1-1v-6.5c0-.55.45-1 1-1Z",
        "M8 6.5A2.25 2.25 0 1 0 8 11 2.25 2.25 0 0 0 8 6.500Z",
    ),
    "close": ("M4 4l8 8M12 4l-8 8",),
    "download": ("M8 2.5v8M4.75 7.5 8 10.75l3.25-3.25", "M2.5 12v.5c0 .55.45 1 1 1h9c.55 0 1-.45 1-1V12"),
    "search": ("M7 2.25a4.75 4.75 0 1 0 0 9.5 4.75 4.75 0 0 0 0-9.5Z", "m10.5 10.5 3.25 3.25"),
    "chevron": ("m4 6 4 4 4-4",),
    "differ": ("M3 5.75h10M3 10.25h10M10.5 2.5l-5 11",),
    "older": ("m6 3.5 4.5 4.5L6 12.5",),
    "newer": ("M10 3.5 5.5 8l4.5 4.5",),
    "file": ("M9.25 1.75h-5c-.55 0-1 .45-1 1v10.5c0 .55.45 1 1 1h7.5c.55 0 1-.45 1-1v-8Z", "M9.25 1.75v3.5h3.5"),
}


def icon(name: str, class_name: str = "icon") -> rx.Component:
    """One of the pictures above."""
    paths = [rx.el.path(d=path) for path in _PATHS[name]]
    return rx.el.svg(*paths, view_box="0 0 16 16", class_name=class_name, custom_attrs={"aria-hidden": "true"})


def mark() -> rx.Component:
    """The product's mark: an eye of Argus, as on a peacock's feather."""
    return rx.el.svg(
        rx.el.path(
            d="M12 3.5c5 0 8.6 4.2 10 8.5-1.400 4.300-5 8.500-10 8.500S3.400 16.300 2 12c1.400-4.300 5-8.500 10-8.500Z",
            class_name="mark-lid",
        ),
        rx.el.circle(cx="12", cy="12", r="5", class_name="mark-iris"),
        rx.el.circle(cx="12", cy="12", r="2", class_name="mark-pupil"),
        view_box="0 0 24 24",
        class_name="mark",
        custom_attrs={"aria-hidden": "true"},
    )
