"""What is sent, for each call: plain values, no input or output except reading the caller's image.

Both clients build their requests here; neither knows a path or a parameter by itself.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from argus_client.bodies import FileBody, read_file
from argus_client.urls import Url, name_one, name_several

Image = bytes | str | Path | BinaryIO | Url
"""An encoded image: its bytes, the path of its file, an open binary file (read from where it stands), or its Url."""

REQUEST_ID_HEADER = "X-Request-ID"


@dataclass(frozen=True, slots=True)
class Part:
    """One image of a body; filename: None when the caller gave none."""

    filename: str | None
    content: bytes | FileBody | Url


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; `content` is a raw body, `parts` a multipart one, never both.

    trace_headers: of W3C Trace Context, where the caller's program is traced; see `tracing`.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    content: bytes | FileBody | None = None
    # Of the content. The service goes by the bytes of an image, so naming a format here could only be wrong.
    content_type: str = "application/octet-stream"
    parts: tuple[Part, ...] = ()
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    trace_headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that belong to this request alone."""
        headers = {REQUEST_ID_HEADER: self.request_id, "Accept": "application/json, application/problem+json"}
        headers |= self.trace_headers
        if self.content is not None:
            headers["Content-Type"] = self.content_type
        if isinstance(self.content, FileBody):
            headers["Content-Length"] = str(self.content.size)
        return headers


@dataclass(frozen=True, slots=True)
class Options:
    """How images are to be classified; model: the service's default one for None."""

    model: str | None
    top_k: int
    min_score: float

    @property
    def path(self) -> str:
        """Where images are posted."""
        return "/v1/classify" if self.model is None else f"{_model_path(self.model)}/classify"

    @property
    def params(self) -> dict[str, str]:
        """The query."""
        return {"top_k": str(self.top_k), "min_score": str(self.min_score)}


def read_part(image: Image, filename: str | None = None, *, streamed: bool = False) -> Part:
    """The bytes and the name of an image; OSError when its file cannot be read.

    streamed: leaves a large file where it is, to be read while it is sent.
    """
    if isinstance(image, bytes | Url):
        return Part(filename, image)
    if isinstance(image, str | Path):
        return Part(filename or Path(image).name, read_file(image, streamed=streamed))
    name = getattr(image, "name", None)
    # An open file's name is a path; one made from a file descriptor has a number there.
    return Part(filename or (Path(name).name if isinstance(name, str) else None), image.read())


def classify_one(part: Part, options: Options) -> Request:
    """Post one image as the raw body, or its address as JSON."""
    if isinstance(part.content, Url):
        return _post_json(name_one(part.content), options)
    return Request("POST", options.path, options.params, content=part.content)


def classify_batch(parts: Sequence[Part], options: Options) -> Request:
    """Post several images in one multipart body, in the order given; as JSON where addresses are among them."""
    if any(isinstance(part.content, Url) for part in parts):
        return _post_json(name_several([part.content for part in parts]), options)
    return Request("POST", options.path, options.params, parts=tuple(parts))


def _post_json(content: bytes, options: Options) -> Request:
    return Request("POST", options.path, options.params, content=content, content_type="application/json")


def list_models() -> Request:
    """Ask for every model."""
    return Request("GET", "/v1/models")


def describe_model(name: str) -> Request:
    """Ask for one model."""
    return Request("GET", _model_path(name))


def list_labels(name: str) -> Request:
    """Ask for the labels of one model, in the order of its class ids."""
    return Request("GET", f"{_model_path(name)}/labels")


def ask_status() -> Request:
    """Ask what the service is doing."""
    return Request("GET", "/v1/status")


def ask_live() -> Request:
    """Ask whether the service runs."""
    return Request("GET", "/health/live")


def ask_ready() -> Request:
    """Ask whether the service can classify now."""
    return Request("GET", "/health/ready")


def _model_path(name: str) -> str:
    # ":" separates a model from its weights and is legal in a path; "/" and the rest must not become path syntax.
    return f"/v1/models/{quote(name, safe=':')}"
