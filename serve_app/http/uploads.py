"""Request body -> uploads: the first step of a request's way.

Three forms of body carry images: one raw image, multipart/form-data with files, and JSON with base64 strings. JSON may
also name images by address; those are links here, and `remote` fetches them.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from serve_app.base64_images import decode_base64
from serve_app.errors import MalformedRequest, PayloadTooLarge, RequestError
from serve_app.http.context import describe_bytes
from serve_app.settings import LimitSettings

_FORM = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Upload:
    """One image as it was sent: its bytes, or why there are none. filename: what the client said, never a path."""

    filename: str | None
    data: bytes = b""
    error: RequestError | None = None


@dataclass(frozen=True, slots=True)
class ImageLink:
    """One image that is to be fetched. url: as it was sent."""

    url: str


class LinkedImages(list[Upload | ImageLink]):
    """The images of a request that names one or more of them by address."""


class _InMemoryParser(MultiPartParser):
    # Starlette writes parts of more than 1 MiB to disk. BodyLimit already bounds them, so they stay in memory.
    spool_max_size = 2**40


async def read_uploads(request: Request, limits: LimitSettings) -> list[Upload] | LinkedImages:
    """The images of a request, at least one, in the order they were sent; LinkedImages where some are to be fetched.

    An image over `max_image_bytes` raises PayloadTooLarge when it is the only one, and is that item's error when there
    are several. Raises MalformedRequest, PayloadTooLarge.
    """
    uploads: list[Upload] | LinkedImages
    content_type = read_content_type(request)
    if content_type == _FORM:
        uploads = await _read_multipart(request, limits)
    elif content_type == "application/json":
        uploads = _read_json(await request.body(), limits)
    else:
        uploads = [Upload(None, await _read_raw(request, limits.max_image_bytes))]
    if not uploads:
        raise MalformedRequest("The request has no image. Send at least one file.")
    if len(uploads) > limits.max_images:
        raise _refuse_count(len(uploads), limits)
    return uploads


async def read_upload(request: Request, limits: LimitSettings, *, field: str) -> Upload:
    """The one image of a request: its body, whatever the content type says, or a part of a form.

    field: what the part is called; a form's only file may have any name. A part that is no file is base64. Raises
    MalformedRequest, PayloadTooLarge.
    """
    if read_content_type(request) != _FORM:
        return Upload(None, await _read_raw(request, limits.max_image_bytes))
    async with _open_form(request, limits) as form:
        named = form.getlist(field)
        parts = named or [part for part in form.values() if isinstance(part, UploadFile)]
        if len(parts) != 1:
            raise MalformedRequest(f"The form needs one photo, as a file with the name {field!r}.")
        (part,) = parts
        if isinstance(part, str):
            return read_base64(part, limits)
        return _check_size(part.filename, part.file.read(), limits)


def read_content_type(request: Request) -> str:
    """Its media type in lower case, without parameters; empty where there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read_raw(request: Request, max_image_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_image_bytes:
            raise refuse_size(max_image_bytes)
        chunks.append(chunk)
    if not size:
        raise MalformedRequest("The request has no body. Send the image's bytes.")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _read_multipart(request: Request, limits: LimitSettings) -> list[Upload]:
    async with _open_form(request, limits) as form:
        files = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
        return [_check_size(file.filename, file.file.read(), limits) for file in files]


@asynccontextmanager
async def _open_form(request: Request, limits: LimitSettings) -> AsyncIterator[FormData]:
    try:
        form = await _InMemoryParser(
            request.headers, request.stream(), max_files=limits.max_images + 1, max_fields=64
        ).parse()
    except MultiPartException as error:
        if "Too many files" in error.message:
            raise PayloadTooLarge(
                f"The request has more than {limits.max_images} images. Send them in several requests."
            ) from None
        raise MalformedRequest(f"The multipart body could not be read: {error.message.rstrip('.')}.") from None
    except (KeyError, ValueError):
        raise MalformedRequest("The multipart body could not be read. Its Content-Type needs a boundary.") from None
    try:
        yield form
    finally:
        await form.close()


def _read_json(body: bytes, limits: LimitSettings) -> list[Upload] | LinkedImages:
    try:
        document: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(f"The body is not valid JSON: {error}.") from None
    images = document.get("images") if isinstance(document, dict) else None
    if isinstance(images, list) and len(images) > limits.max_images:
        raise _refuse_count(len(images), limits)  # before any of them is decoded
    if isinstance(images, list) and all(isinstance(image, str) for image in images):
        return [read_base64(image, limits) for image in images]
    if _is_link(document):
        images = [document]
    if not isinstance(images, list) or not all(isinstance(image, str) or _is_link(image) for image in images):
        raise MalformedRequest(
            'The JSON needs the form {"images": ["<base64 or data URI>", {"url": "https://..."}, ...]}.'
        )
    return LinkedImages(
        read_base64(image, limits) if isinstance(image, str) else ImageLink(image["url"]) for image in images
    )


def _is_link(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"url"} and isinstance(value["url"], str)


def read_base64(text: str, limits: LimitSettings) -> Upload:
    """One image in base64, or in a data URI of base64."""
    try:
        return _check_size(None, decode_base64(text), limits)
    except MalformedRequest as error:
        return Upload(None, error=error)


def _check_size(filename: str | None, data: bytes, limits: LimitSettings) -> Upload:
    if len(data) > limits.max_image_bytes:
        return Upload(filename, error=refuse_size(limits.max_image_bytes))
    return Upload(filename, data)


def _refuse_count(count: int, limits: LimitSettings) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The request has {count} images; at most {limits.max_images} are accepted. Send them in several requests."
    )


def refuse_size(max_image_bytes: int) -> PayloadTooLarge:
    """The error of an image that has more bytes than one may have."""
    return PayloadTooLarge(f"The image is larger than {describe_bytes(max_image_bytes)}. Send a smaller version of it.")
