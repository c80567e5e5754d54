"""Code and JSON as the page prints them: laid out, and cut into pieces that the stylesheet colours; knows no Reflex."""

import json
import re
from dataclasses import dataclass
from typing import Any

_STRING = r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`"""
# A comment starts a line or follows a space: the "//" of an address is inside a string, which is found first.
_CODE = re.compile(rf"(?P<comment>(?:^|(?<=\s))(?:#|//).*$)|(?P<string>{_STRING})", re.MULTILINE)
_JSON = re.compile(
    r"""(?P<key>"(?:\\.|[^"\\])*")(?=\s*:)|(?P<string>"(?:\\.|[^"\\])*")|(?P<number>-?\d[\d.eE+-]*|\b(?:true|false|null)\b)"""
)


@dataclass(frozen=True)
class Piece:
    """A run of text; kind: "comment", "string", "key", "number", or "" for everything else."""

    kind: str = ""
    text: str = ""


def cut_code(text: str) -> list[Piece]:
    """The pieces of a sample in any of the page's languages; together they are the text."""
    return _cut(_CODE, text)


def cut_json(text: str) -> list[Piece]:
    """The pieces of a JSON document; together they are the text."""
    return _cut(_JSON, text)


def lay_out(value: Any, width: int = 84, indent: str = "") -> str:
    """JSON for reading: what fits into a line stays on one."""
    flat = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, dict | list) or len(indent) + len(flat) <= width:
        return flat
    deeper = indent + "  "
    if isinstance(value, dict):
        items = [
            f"{json.dumps(key, ensure_ascii=False)}: {lay_out(item, width, deeper)}" for key, item in value.items()
        ]
        return "{\n" + ",\n".join(deeper + item for item in items) + f"\n{indent}}}"
    return "[\n" + ",\n".join(deeper + lay_out(item, width, deeper) for item in value) + f"\n{indent}]"


def _cut(pattern: re.Pattern[str], text: str) -> list[Piece]:
    pieces = []
    end = 0
    for found in pattern.finditer(text):
        if found.start() > end:
            pieces.append(Piece("", text[end : found.start()]))
        pieces.append(Piece(found.lastgroup or "", found.group()))
        end = found.end()
    if end < len(text):
        pieces.append(Piece("", text[end:]))
    return pieces
