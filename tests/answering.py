"""A service on a real socket for tests of command and client: answers by what an image's bytes say, and remembers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.unit.client.service import ITEM

_PROBLEMS = {
    b"damaged": (422, "undecodable_image"),
    b"wrong key": (401, "unauthenticated"),
    b"full": (429, "overloaded"),
}


class AnsweringService:
    """images: bodies that came, in their order. hold: answers wait while it is set; wait_for: until so many came."""

    def __init__(self) -> None:
        self.images: list[bytes] = []
        self.queries: list[str] = []
        self.keys: list[str | None] = []
        self.url = ""
        self._came = threading.Condition()
        self._open = threading.Event()
        self._open.set()
        self._answered = 0
        self._hold_after: int | None = None

    def hold_after(self, answers: int) -> None:
        """Give so many answers, and keep further requests waiting until `release`."""
        self._hold_after = answers
        self._open.clear()

    def release(self) -> None:
        """Answer what waits, and all that comes."""
        self._open.set()

    def wait_for(self, images: int) -> None:
        """Return when so many images have come. Raises AssertionError when they do not."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.images) >= images, 30), self.images

    def answer(self, path: str, key: str | None, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to an image."""
        with self._came:
            self.images.append(body)
            self.queries.append(path)
            self.keys.append(key)
            self._answered += 1
            free = self._hold_after is None or self._answered <= self._hold_after
            self._came.notify_all()
        if not free:
            self._open.wait(30)
        if body in _PROBLEMS:
            status, code = _PROBLEMS[body]
            return status, json.dumps({"code": code, "status": status, "detail": f"It is {body.decode()}."}).encode()
        model = {"name": "fake", "version": "v1"}
        results = [ITEM] * max(1, body.count(b"Content-Disposition"))  # one a part, where there are parts
        return 200, json.dumps({"request_id": "r-1", "model": model, "results": results}).encode()


@contextmanager
def run_answering_service() -> Iterator[AnsweringService]:
    """The service, listening for as long as the context lasts."""
    service = AnsweringService()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:  # http.server calls it so
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = service.answer(self.path, self.headers.get("Authorization"), body)
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                self.close_connection = True  # The client has gone.

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            service.release()
            server.shutdown()
            thread.join()
