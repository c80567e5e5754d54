"""The first layers in bands: that no bit changes, and which graphs have none."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serve_app.openvino_import import import_openvino
from serve_app.runtimes import openvino_bands
from serve_app.runtimes.openvino_bands import band_early

ov = import_openvino()
opset: Any = import_module("openvino.opset13")

Node = Any


def take_pixels(height: int, width: int) -> tuple[Node, Node]:
    """The parameter, uint8 (1, height, width, 3), and planes of float32 made from it as `export` makes them."""
    pixels = opset.parameter([1, height, width, 3], np.uint8)
    rows = opset.convert(opset.reshape(pixels, np.array([-1, 3 * width]), False), np.float32)
    halved = opset.divide(rows, opset.constant(np.full((1, 3 * width), 2, np.float32)))
    shaped = opset.reshape(halved, np.array([-1, height, width, 3]), False)
    return pixels, opset.transpose(shaped, np.array([0, 3, 1, 2]))


def convolve(
    source: Node,
    channels: int,
    *,
    kernel: int = 3,
    stride: int = 1,
    dilation: int = 1,
    pads: tuple[int, int] = (1, 1),
    grouped: bool = False,
) -> Node:
    """A convolution, one for each channel if `grouped`, with weights of its own and what usually follows it.

    pads: rows and columns before and after.
    """
    inputs = source.output(0).get_partial_shape()[1].get_length()
    rng = np.random.default_rng(channels + kernel)
    shape = (inputs, 1, 1, kernel, kernel) if grouped else (channels, inputs, kernel, kernel)
    weights = opset.constant(rng.normal(0, 0.3, shape).astype(np.float32))
    operation = opset.group_convolution if grouped else opset.convolution
    before, after = ([pad] * 2 for pad in pads)
    convolved = operation(source, weights, [stride] * 2, before, after, [dilation] * 2)
    bias = opset.constant(rng.normal(0, 1, (1, inputs if grouped else channels, 1, 1)).astype(np.float32))
    return opset.clamp(opset.add(convolved, bias), 0.0, 6.0)


def pool(source: Node, *, rounding: str = "floor") -> Node:
    return opset.relu(opset.max_pool(source, [2, 2], [1, 1], [1, 1], [1, 1], [3, 3], rounding).output(0))


def make_mobile(*, size: int = 64) -> Any:
    """The beginning of such networks: many wide rows, then few channels at a quarter of the size, and a shortcut."""
    pixels, planes = take_pixels(size, size)
    wide = convolve(convolve(planes, 16, stride=2), 96, kernel=1, pads=(0, 0))
    narrow = convolve(convolve(wide, 96, stride=2, grouped=True), 24, kernel=1, pads=(0, 0))
    return make_model(pixels, opset.add(convolve(narrow, 24), narrow))


def make_model(pixels: Node, last: Node) -> Any:
    return ov.Model([opset.result(last.output(0))], [pixels], "model")


def run(model: Any, pixels: np.ndarray) -> np.ndarray:
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    return np.array(ov.Core().compile_model(model, "CPU", options).create_infer_request().infer({0: pixels})[0])


def draw_pixels(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (1, height, width, 3), np.uint8)


def count(model: Any, kind: str) -> int:
    return [operation.get_type_name() for operation in model.get_ordered_ops()].count(kind)


@pytest.fixture
def small_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the small models of these tests are large enough."""
    monkeypatch.setattr(openvino_bands, "_MAX_MOVED", 2**15)


def test_bands_give_what_the_whole_gives(small_bands: None) -> None:
    model = make_mobile()
    assert band_early(model)
    assert count(model, "Slice") == count(model, "GroupConvolution") > 2
    pixels = draw_pixels(64, 64)
    np.testing.assert_array_equal(run(model, pixels), run(make_mobile(), pixels))


@st.composite
def draw_layer(draw: st.DrawFn) -> dict[str, Any]:
    """What `convolve` takes. OpenVINO itself gives wrong shapes for some with more padding than kernel."""
    kernel, dilation = draw(st.integers(1, 5)), draw(st.integers(1, 2))
    pads = st.integers(0, (kernel - 1) * dilation)
    return {
        "channels": draw(st.integers(1, 6)),
        "kernel": kernel,
        "stride": draw(st.integers(1, 3)),
        "dilation": dilation,
        "pads": (draw(pads), draw(pads)),
        "grouped": draw(st.booleans()),
    }


@given(st.lists(draw_layer() | st.just("pool"), min_size=1, max_size=4), st.integers(30, 90), st.integers(2**13, 2**17))
@settings(max_examples=40, deadline=None)
def test_any_chain_of_layers_gives_what_it_gave(layers: list[Any], height: int, max_moved: int) -> None:
    """Kernels, strides, dilations and paddings of all sizes, some larger than a band or reaching past both its ends."""

    def make() -> Any:
        pixels, last = take_pixels(height, 40)
        for layer in layers:
            last = pool(last) if layer == "pool" else convolve(last, **layer)
        return make_model(pixels, last)

    try:
        whole = make()
    except RuntimeError:  # the kernel is larger than what is left of the image
        return
    model = make()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openvino_bands, "_MAX_MOVED", max_moved)
        patch.setattr(openvino_bands, "_MAX_JOINED", 100)
        banded = band_early(model)
    assert banded == (count(model, "Concat") == 1)
    pixels = draw_pixels(height, 40)
    np.testing.assert_array_equal(run(model, pixels), run(whole, pixels))


def test_small_layers_stay_whole() -> None:
    model = make_mobile()
    assert not band_early(model)
    assert count(model, "Concat") == 0


@pytest.mark.usefixtures("small_bands")
class TestWholeBecause:
    """Each of these ends the chain of layers where nothing small has come yet."""

    def assert_whole(self, pixels: Node, last: Node) -> None:
        narrow = convolve(convolve(last, 32, stride=4), 4, stride=2)
        model = make_model(pixels, narrow)
        assert not band_early(model)
        assert count(model, "Concat") == 0

    def test_the_same_layers_in_bands(self) -> None:
        """What the others are measured against."""
        pixels, planes = take_pixels(64, 64)
        assert band_early(make_model(pixels, convolve(convolve(convolve(planes, 32), 32, stride=4), 4, stride=2)))

    def test_two_layers_want_the_same(self) -> None:
        pixels, planes = take_pixels(64, 64)
        wide = convolve(planes, 32)
        self.assert_whole(pixels, opset.add(convolve(wide, 32), wide))

    def test_rows_differ(self) -> None:
        pixels, planes = take_pixels(64, 64)
        ramp = opset.constant(np.arange(64, dtype=np.float32).reshape(1, 1, 64, 1))
        self.assert_whole(pixels, opset.add(convolve(planes, 32), ramp))

    def test_pooling_rounds_up(self) -> None:
        pixels, planes = take_pixels(64, 64)
        self.assert_whole(pixels, pool(convolve(planes, 32), rounding="ceil"))

    def test_rows_of_nothing_but_padding(self) -> None:
        """No row of the pixels would be needed for them."""
        pixels, planes = take_pixels(64, 64)
        self.assert_whole(pixels, convolve(convolve(planes, 32), 32, kernel=1))

    def test_every_row_depends_on_all(self) -> None:
        pixels, planes = take_pixels(64, 64)
        self.assert_whole(pixels, opset.softmax(convolve(planes, 32), 2))

    def test_many_weights(self) -> None:
        """Each band would read them again."""
        pixels, planes = take_pixels(64, 64)
        self.assert_whole(pixels, convolve(convolve(planes, 128, kernel=5, pads=(2, 2)), 32, kernel=5, pads=(2, 2)))

    def test_nothing_narrows(self) -> None:
        pixels, planes = take_pixels(64, 64)
        model = make_model(pixels, convolve(convolve(planes, 32), 32))
        assert not band_early(model)
