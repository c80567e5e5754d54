"""Code and JSON as the page prints them."""

import json

import pytest

from reflex_frontend.listings import Piece, cut_code, cut_json, lay_out
from reflex_frontend.snippets import LANGUAGES, TASKS, Target, write_sample


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", TASKS)
def test_the_pieces_of_a_sample_are_the_sample(language: str, task: str) -> None:
    """Colouring loses nothing and adds nothing."""
    text = write_sample(language, task, Target("http://127.0.0.1:8000"))
    assert "".join(piece.text for piece in cut_code(text)) == text


def test_an_address_in_a_string_is_no_comment() -> None:
    """And a comment may have quotes in it."""
    pieces = cut_code("fetch(\"http://a/b\"); // don't\nx = 'y'  # it's")
    assert [piece for piece in pieces if piece.kind] == [
        Piece("string", '"http://a/b"'),
        Piece("comment", "// don't"),
        Piece("string", "'y'"),
        Piece("comment", "# it's"),
    ]


def test_json_is_cut_into_keys_strings_and_numbers() -> None:
    """A string that looks like a key is one only before a colon."""
    text = '{"label": "a \\"b\\": c", "score": -0.5e-3, "top": null}'
    pieces = cut_json(text)
    assert "".join(piece.text for piece in pieces) == text
    assert [(piece.kind, piece.text) for piece in pieces if piece.kind] == [
        ("key", '"label"'),
        ("string", '"a \\"b\\": c"'),
        ("key", '"score"'),
        ("number", "-0.5e-3"),
        ("key", '"top"'),
        ("number", "null"),
    ]


def test_json_is_laid_out_with_short_things_on_one_line() -> None:
    """Every value is still there, and no line of a usual answer is long."""
    predictions = [{"class_id": n, "label": "Egyptian cat", "score": 0.0907} for n in range(3)]
    answer = {"request_id": "r", "model": {"name": "m"}, "results": [{"filename": None, "predictions": predictions}]}
    text = lay_out(answer)
    assert json.loads(text) == answer
    assert '        {"class_id": 0, "label": "Egyptian cat", "score": 0.0907},' in text.splitlines()
    assert max(map(len, text.splitlines())) <= 84


@pytest.mark.parametrize("value", [[], {}, 3, "text", None, [1, 2]])
def test_what_fits_into_a_line_is_plain_json(value: object) -> None:
    """Empty lists and bare values too."""
    assert lay_out(value) == json.dumps(value)
