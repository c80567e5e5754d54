"""What the build does for the first load: styles into the documents, scripts into one file."""

from reflex_frontend import first_load
from reflex_frontend.first_load import PARTS, inline_styles, join_scripts

DOCUMENT = (
    '<head><link rel="icon" href="/i.svg"/><link as="style" href="/a.css" rel="preload"/>'
    '<link href="/a.css" rel="stylesheet" type="text/css"/></head>'
)


def test_a_stylesheet_stands_in_the_document_and_nothing_waits_for_its_link() -> None:
    """The link stays as it was, for a medium that no screen has; so does the hint to fetch it early."""
    changed = inline_styles(DOCUMENT, {"/a.css": "p{color:red}"}.__getitem__)
    assert changed == (
        '<head><link rel="icon" href="/i.svg"/><link media="print" as="style" href="/a.css" rel="preload"/>'
        '<style>p{color:red}</style><link media="print" href="/a.css" rel="stylesheet" type="text/css"/></head>'
    )


def test_every_script_is_part_of_the_one_that_is_served() -> None:
    """Whole, each once, and no file is forgotten."""
    assert sorted(PARTS) == sorted(path.stem for path in first_load._FOLDER.glob("*.js"))
    joined = join_scripts()
    for name in PARTS:
        assert joined.count((first_load._FOLDER / f"{name}.js").read_text("utf-8")) == 1
