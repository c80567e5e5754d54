"""Tensors as bytes: what is packed is read back, and whatever is not a tensor is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from serve_app.errors import MalformedRequest
from serve_app.open_inference.tensors import Floats, InputTensor, pack_values, read_bytes, read_floats


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_elements_of_bytes_come_back(elements: list[bytes]) -> None:
    """Any bytes, empty ones too, in their order."""
    packed = pack_values(tuple(elements))
    assert len(packed) == sum(4 + len(element) for element in elements)
    assert read_bytes(InputTensor("x", "BYTES", (len(elements), 1), packed)) == tuple(elements)


@given(arrays.arrays(np.float32, arrays.array_shapes(max_dims=4, max_side=5)))
def test_floats_come_back_bit_for_bit(values: Floats) -> None:
    """Row-major and little-endian; NaN, infinity and negative zero as well."""
    packed = pack_values(values)
    assert packed == values.astype("<f4").tobytes("C")
    read = read_floats(InputTensor("x", "FP32", values.shape, memoryview(packed)))
    assert read.shape == values.shape
    assert read.tobytes() == values.tobytes()


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=12))
def test_floats_may_come_one_by_one(values: list[float]) -> None:
    """As JSON and gRPC's typed contents bring them."""
    read = read_floats(InputTensor("x", "FP32", (len(values),), values))
    assert read.tolist() == np.array(values, np.float32).tolist()


@given(st.binary(max_size=60), st.integers(0, 5))
def test_whatever_bytes_are_sent_are_read_or_refused(data: bytes, count: int) -> None:
    """What can be read packs to the same bytes again; there is no other error."""
    tensor = InputTensor("x", "BYTES", (count,), data)
    try:
        elements = read_bytes(tensor)
    except MalformedRequest:
        return
    assert len(elements) == count
    assert pack_values(elements) == data


@pytest.mark.parametrize(
    ("data", "shape", "words"),
    [
        (b"\x02\0\0\0a", (1,), "ends within an element"),
        (b"\x01\0\0", (1,), "ends within an element"),
        (b"\x01\0\0\0ab", (1,), "goes on behind"),
        (b"\x01\0\0\0a", (2,), "has 1 elements; its shape and datatype make 2"),
        ([b"a", b"b"], (1,), "has 2 elements"),
        ([1.0], (1,), "has 0 elements"),
    ],
)
def test_bytes_that_do_not_fit_their_shape_are_refused(data: bytes, shape: tuple[int, ...], words: str) -> None:
    """The message says what is wrong with them."""
    with pytest.raises(MalformedRequest, match=words):
        read_bytes(InputTensor("x", "BYTES", shape, data))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"1234", "has 4 bytes"),
        ([1.0], "has 1 elements"),
        (["1", "2"], "numbers"),
        ([[1.0], 2.0], "numbers"),
        ([None, 2.0], "numbers"),
        ([True, False], "numbers"),
        ([10**40, 1], "numbers"),
    ],
)
def test_floats_that_do_not_fit_their_shape_are_refused(data: bytes, words: str) -> None:
    """The message says what is wrong with them."""
    with pytest.raises(MalformedRequest, match=words):
        read_floats(InputTensor("x", "FP32", (2,), data))
