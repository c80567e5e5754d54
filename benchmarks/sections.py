"""Where a benchmark's section stands in a Markdown file: between two comments that carry its name."""

from pathlib import Path


def write_section(path: Path, name: str, section: str) -> None:
    """Put the section between its markers, or at the end of the file."""
    begin_mark, end_mark = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = path.read_text("utf-8") if path.is_file() else ""
    before, begin, rest = text.partition(begin_mark)
    _, end, after = rest.partition(end_mark)
    if not (begin and end):
        before, after = text.rstrip() + "\n\n" if text else "", "\n"
    path.write_text(f"{before}{begin_mark}\n{section}{end_mark}{after}", "utf-8")
