"""Everything that a load test leaves in its folder: records, figures for programs, the picture, the page."""

import json
from pathlib import Path

from benchmarks.load.findings import Findings
from benchmarks.load.page import draw_page
from benchmarks.load.picture import draw_picture
from benchmarks.load.records import Records, write_records


def write_report(findings: Findings, records: Records, folder: Path) -> Path:
    """Write records.jsonl, figures.json, load.png and report.html; returns where the last is."""
    write_records(records, folder / "records.jsonl")
    (folder / "figures.json").write_text(json.dumps(findings.as_document(), indent=2) + "\n", "utf-8")
    picture = folder / "load.png"
    draw_picture(findings, records, picture)
    page = folder / "report.html"
    page.write_text(draw_page(findings, picture.read_bytes()), "utf-8")
    return page
