"""Photos that may still have to be sent, by id, within a fixed amount of memory; knows no Reflex.

Bytes cannot travel in a session's state (it goes to the browser on every change), so they wait here for the background
event that sends them, and stay for another attempt until newer photos need the room.
"""

from collections import OrderedDict


class PendingPhotos:
    """Keeps at most `max_bytes`; the photo untouched for longest goes first. One instance a process."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._photos: OrderedDict[str, bytes] = OrderedDict()
        self._held_bytes = 0

    @property
    def held_bytes(self) -> int:
        """Bytes held now."""
        return self._held_bytes

    def put(self, photo_id: str, image: bytes) -> None:
        """Hold a photo, letting go of older ones for it; one that is larger than the whole room is not held."""
        self.drop(photo_id)
        if len(image) > self._max_bytes:
            return
        while self._held_bytes + len(image) > self._max_bytes:
            self.drop(next(iter(self._photos)))
        self._photos[photo_id] = image
        self._held_bytes += len(image)

    def get(self, photo_id: str) -> bytes | None:
        """The photo's bytes, or None when it was let go."""
        image = self._photos.get(photo_id)
        if image is not None:
            self._photos.move_to_end(photo_id)
        return image

    def drop(self, photo_id: str) -> None:
        """Let a photo go; an unknown id is fine."""
        self._held_bytes -= len(self._photos.pop(photo_id, b""))
