"""Many photos: cards, counts, orders, downloads. No browser, no Reflex."""

import csv
import io
import json

import pytest

from reflex_frontend.batch import count, describe_tally, find_next_attempt, make_card, sort, write_csv, write_json
from reflex_frontend.photos import Answer, Label, Photo, Trouble


def done(name: str, label: str, score: float, total_ms: float = 10.0) -> Photo:
    answer = Answer(labels=(Label(label, score), Label("other", 0.01)), width=4, height=3, total_ms=total_ms, model="m")
    return Photo(id=name, status="done", filename=name, at_ms=1000, since_ms=3000, answer=answer)


CAT, DOG = done("b cat.jpg", "tabby", 0.6, 12.0), done("A dog.jpg", "beagle", 0.9, 8.0)
BAD = Photo(
    id="c",
    status="failed",
    filename="c.jpg",
    at_ms=1000,
    trouble=Trouble("The photo cannot be read", code="undecodable"),
)
WAITING = Photo(id="d", status="waiting", filename="d.jpg", at_ms=900, trouble=Trouble("Busy", can_retry=True))


def test_the_tally_counts_and_takes_the_time_from_the_first_photo_to_the_last_answer() -> None:
    """Photos that wait are open, failed ones are not."""
    tally = count([CAT, DOG, BAD, WAITING])
    assert (tally.total, tally.done, tally.failed, tally.waiting, tally.open) == (4, 2, 1, 1, 1)
    assert tally.seconds == pytest.approx(2.1)


def test_a_finished_batch_says_how_many_how_long_and_how_fast() -> None:
    """While it runs only how far it is."""
    assert describe_tally(count([CAT, DOG, BAD])).replace("\N{NO-BREAK SPACE}", " ") == (
        "2 of 3 answered · in 2.0 s · 1.0 a second · 1 failed"
    )
    assert describe_tally(count([CAT, WAITING])) == "1 of 2 answered"


def test_the_next_attempt_is_the_first_of_those_that_are_known() -> None:
    """A photo that waits for the service to be there again has no time, and one that failed has no attempt."""

    def waiting(retry_at_ms: int, status: str = "waiting") -> Photo:
        return Photo(id="w", status=status, trouble=Trouble("Busy", retry_at_ms=retry_at_ms))

    assert find_next_attempt([CAT, WAITING, waiting(70), waiting(50), waiting(20, "failed")]) == 50
    assert find_next_attempt([CAT, WAITING, BAD]) == 0


def test_a_card_says_the_label_or_what_is_wrong() -> None:
    """The strongest label with its score; the trouble's title and whether another attempt may help."""
    card = make_card(CAT)
    assert (card.title, card.score, card.width) == ("tabby", "60.0\N{NO-BREAK SPACE}%", "60.00%")
    assert make_card(BAD).title == "The photo cannot be read"
    assert make_card(WAITING).can_retry


@pytest.mark.parametrize(
    ("by", "descending", "names"),
    [
        ("added", False, "bAcd"),
        ("added", True, "dcAb"),
        ("name", False, "Abcd"),
        ("label", False, "Abcd"),
        ("score", True, "Abcd"),
        ("score", False, "bAcd"),
        ("time", True, "bAcd"),
        ("colour", False, "bAcd"),
    ],
)
def test_photos_are_sorted_and_those_without_an_answer_come_last(by: str, descending: bool, names: str) -> None:
    """In either direction; an order that does not exist changes nothing."""
    ordered = sort([CAT, DOG, BAD, WAITING], by, descending=descending)
    assert "".join(photo.filename[0] for photo in ordered) == names


def test_the_csv_has_a_row_a_photo_with_labels_scores_and_errors() -> None:
    """Read back with Python's own reader."""
    rows = list(csv.DictReader(io.StringIO(write_csv([CAT, BAD], top_k=3))))
    assert rows[0]["filename"] == "b cat.jpg"
    assert (rows[0]["label_1"], rows[0]["score_1"], rows[0]["label_3"]) == ("tabby", "0.600000", "")
    assert rows[0]["total_ms"] == "12.000"
    assert (rows[1]["status"], rows[1]["error"], rows[1]["label_1"]) == ("failed", "The photo cannot be read", "")


def test_the_json_has_an_object_a_photo_with_an_answer_or_an_error() -> None:
    """Labels beside their scores; the error's code for whoever looks further."""
    first, second = json.loads(write_json([CAT, BAD], top_k=1))
    assert first["labels"] == [{"label": "tabby", "score": 0.6}]
    assert second["error"]["code"] == "undecodable"
    assert "labels" not in second
