"""Photos that wait to be sent stay within their memory."""

from reflex_frontend.pending import PendingPhotos


def test_the_photo_untouched_for_longest_makes_room() -> None:
    """Looking at a photo keeps it."""
    photos = PendingPhotos(30)
    for name in ("a", "b", "c"):
        photos.put(name, bytes(10))
    assert photos.get("a") is not None
    photos.put("d", bytes(10))
    assert photos.get("b") is None
    assert photos.get("a") is not None
    assert photos.held_bytes == 30


def test_a_photo_larger_than_the_room_is_not_held() -> None:
    """And throws nothing else out."""
    photos = PendingPhotos(10)
    photos.put("small", bytes(5))
    photos.put("huge", bytes(11))
    assert photos.get("huge") is None
    assert photos.get("small") == bytes(5)


def test_dropping_and_replacing_free_what_they_held() -> None:
    """The count follows; an unknown id is fine."""
    photos = PendingPhotos(100)
    photos.put("a", bytes(60))
    photos.put("a", bytes(20))
    assert photos.held_bytes == 20
    photos.drop("a")
    photos.drop("never seen")
    assert photos.held_bytes == 0
