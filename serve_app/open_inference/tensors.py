"""Tensors and their binary form: little-endian, row-major; an element of BYTES has its length before it, in 4 bytes."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from serve_app.errors import MalformedRequest

BYTES: Final = "BYTES"
FP32: Final = "FP32"

Floats = npt.NDArray[np.float32]
Values = tuple[bytes, ...] | Floats
"""A tensor's elements in row-major order: of BYTES, or of FP32."""

_LENGTH = struct.Struct("<I")
_FLOAT = np.dtype("<f4")


@dataclass(frozen=True, slots=True, eq=False)
class InputTensor:
    """A tensor as it was sent.

    data: the binary form (`bytes` or `memoryview`), or one element after the other. It is not looked into before the
    shape has been found to be what the model takes.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: bytes | memoryview | Sequence[bytes] | Sequence[float] | Floats


@dataclass(frozen=True, slots=True, eq=False)
class OutputTensor:
    """A tensor of an answer."""

    name: str
    shape: tuple[int, ...]
    values: Values

    @property
    def datatype(self) -> str:
        """BYTES or FP32."""
        return BYTES if isinstance(self.values, tuple) else FP32


def read_bytes(tensor: InputTensor) -> tuple[bytes, ...]:
    """The elements of a BYTES tensor. Raises MalformedRequest where they are not as many as its shape says."""
    data, count = tensor.data, math.prod(tensor.shape)
    if isinstance(data, bytes | memoryview):
        elements = _unpack_bytes(tensor.name, memoryview(data), count)
    else:
        elements = [element for element in data if isinstance(element, bytes)]
    if len(elements) != count:
        raise _miscounted(tensor.name, "elements", len(elements), count)
    return tuple(elements)


def read_floats(tensor: InputTensor) -> Floats:
    """The elements of an FP32 tensor, in its shape. Raises MalformedRequest where they are not as many as that says."""
    data, count = tensor.data, math.prod(tensor.shape)
    if isinstance(data, bytes | memoryview):
        size = memoryview(data).nbytes
        if size != count * _FLOAT.itemsize:
            raise _miscounted(tensor.name, "bytes", size, count * _FLOAT.itemsize)
        return np.frombuffer(data, _FLOAT).astype(np.float32, copy=False).reshape(tensor.shape)
    try:
        values = np.asarray(data)
    except (ValueError, OverflowError):  # lists of different lengths in it, or a number that no type holds
        values = np.empty(0, object)
    if values.dtype.kind not in "fiu":
        raise MalformedRequest(f"The elements of the input {tensor.name!r} are not all numbers.")
    if values.size != count:
        raise _miscounted(tensor.name, "elements", values.size, count)
    with np.errstate(over="ignore"):  # what is too large for FP32 becomes infinite, and is refused as that
        return values.astype(np.float32).reshape(tensor.shape)


def pack_values(values: Values) -> bytes:
    """The binary form of a tensor's elements."""
    if isinstance(values, tuple):
        return b"".join(part for element in values for part in (_LENGTH.pack(len(element)), element))
    return values.astype(_FLOAT, copy=False).tobytes()


def _unpack_bytes(name: str, data: memoryview, count: int) -> list[bytes]:
    elements: list[bytes] = []
    at = 0
    while at < len(data) and len(elements) < count:
        begin = at + _LENGTH.size
        end = begin + _LENGTH.unpack(data[at:begin])[0] if begin <= len(data) else begin
        if end > len(data):
            raise MalformedRequest(f"The binary data of the input {name!r} ends within an element.")
        elements.append(bytes(data[begin:end]))
        at = end
    if at < len(data):
        raise MalformedRequest(f"The binary data of the input {name!r} goes on behind its {count} elements.")
    return elements


def _miscounted(name: str, what: str, found: int, expected: int) -> MalformedRequest:
    return MalformedRequest(f"The input {name!r} has {found} {what}; its shape and datatype make {expected}.")
