"""Bytes -> pixels of a model's input size: decoding and preprocessing as one step, in threads where there are any.

Both topologies begin with it. Knows one model's preprocessing and an image's limits, nothing of models or requests.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from serve_app.errors import DeadlineExceeded
from serve_app.images import decode_image
from serve_app.preprocessing import Pixels, Preprocessing, preprocess


@dataclass(frozen=True, slots=True)
class Decoded:
    """An image ready for the model.

    width, height: the file's, in pixels, upright. seconds: what decoding and resizing took; began_at: when, a
    `time.monotonic` value.
    """

    pixels: Pixels
    width: int
    height: int
    seconds: float
    began_at: float


class ImageDecoder:
    """Decodes for one model. With `threads` at 0 it decodes only where it is called; otherwise also in its own threads.

    max_pixels: width x height above this is refused before any pixel is decoded.
    """

    def __init__(self, preprocessing: Preprocessing, *, max_pixels: int, threads: int, name: str) -> None:
        self._preprocessing = preprocessing
        self._max_pixels = max_pixels
        self._threads = threads
        self._aside = 0
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"decode-{name}") if threads else None

    @property
    def has_threads(self) -> bool:
        """Whether `decode_aside` can be used."""
        return self._pool is not None

    @property
    def waiting(self) -> int:
        """Images given to the threads that none of them has begun."""
        return max(0, self._aside - self._threads)

    def decode(self, data: bytes) -> Decoded:
        """Decode in the calling thread. Raises RequestError for a bad image."""
        started = time.monotonic()
        image = decode_image(data, max_pixels=self._max_pixels, min_side=self._preprocessing.resize_size)
        pixels = preprocess(image.pixels, self._preprocessing)
        return Decoded(pixels, image.width, image.height, time.monotonic() - started, started)

    async def decode_aside(self, data: bytes, *, deadline: float) -> Decoded:
        """Decode in one of the threads, the event loop free meanwhile.

        deadline: a `time.monotonic` value; an image that is not begun by then never is.
        Raises DeadlineExceeded, and RequestError for a bad image.
        """
        self._aside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._decode_in_time, data, deadline)
        finally:
            self._aside -= 1

    def close(self) -> None:
        """Finish what has begun and end the threads. Blocks until then."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _decode_in_time(self, data: bytes, deadline: float) -> Decoded:
        if time.monotonic() > deadline:
            raise DeadlineExceeded("The deadline passed while the image waited. Try again later.")
        return self.decode(data)
