"""What the service says of a model, in the words of its page."""

from dataclasses import replace

from argus_client import Accuracy, Model, Quantisation
from reflex_frontend import figures
from reflex_frontend.cards import Card, Fact, read_card
from reflex_frontend.texts import model as texts

MODEL = Model(
    name="efficientnet_lite0",
    version="9f3c1a7e42b0",
    default=True,
    num_classes=1000,
    input={"width": 224, "height": 224, "channels": "RGB"},
    preprocessing={
        "resize_size": 256,
        "crop_size": 224,
        "interpolation": "bicubic",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.5, 0.5, 0.5],
    },
    runtime="openvino",
    precision="bf16",
    license="Apache-2.0",
    state="ready",
    accuracy=Accuracy(0.886, 0.976, 1000, "bf16", "measured by us"),
    weights="weights 1.0",
    num_parameters=4_652_008,
    source="https://weights.example/w.pth",
)


def shown(facts: tuple[Fact, ...]) -> dict[str, str]:
    return {fact.name: fact.value.replace(figures.NO_BREAK, " ") for fact in facts}


def test_a_card_has_the_figures_with_their_units() -> None:
    """Accuracy, labels, parameters."""
    assert shown(read_card(MODEL).figures) == {
        "Top-1 accuracy": "88.6 %",
        "Top-5 accuracy": "97.6 %",
        "Labels": "1,000",
        "Parameters": "4.7 M",
    }


def test_an_unknown_top5_is_left_out_and_not_made_up() -> None:
    """The other figures stay."""
    card = read_card(replace(MODEL, accuracy=Accuracy(0.886, None, 1000, "bf16", "us")))
    assert list(shown(card.figures)) == ["Top-1 accuracy", "Labels", "Parameters"]


def test_an_accuracy_of_another_precision_says_so() -> None:
    """What was measured is not what is served."""
    same = read_card(MODEL).accuracy_note
    other = read_card(replace(MODEL, precision="int8")).accuracy_note
    assert "1,000 photos" in same
    assert "measured by us" in same
    assert "int8" not in same
    assert "int8" in other


def test_a_model_that_nobody_measured_says_so() -> None:
    """Instead of a figure."""
    card = read_card(replace(MODEL, accuracy=None))
    assert card.accuracy_note == texts.NOT_MEASURED
    assert "Top-1 accuracy" not in shown(card.figures)


def test_preprocessing_is_in_words_and_in_exact_numbers() -> None:
    """Numbers as they are, to be copied; one for all channels is written once."""
    card = read_card(MODEL)
    assert len(card.steps) == 3
    numbers = shown(card.numbers)
    assert numbers["Resize"] == "256 px"
    assert numbers["Mean"] == "0.485, 0.456, 0.406"
    assert numbers["Std"] == "0.5"
    assert (card.resize, card.crop, card.crop_share) == ("256", "224", "87.50%")


def test_only_an_address_becomes_a_link() -> None:
    """A package's name leads nowhere."""
    links = {fact.name: fact.link for fact in read_card(MODEL).facts}
    assert links[texts.SOURCE] == "https://weights.example/w.pth"
    for source in ("the PyPI package p", "javascript:alert(1)", "http://plain.example"):
        facts = read_card(replace(MODEL, source=source)).facts
        assert next(fact for fact in facts if fact.name == texts.SOURCE).link == ""


def test_int8_says_how_it_was_made() -> None:
    """And other precisions say nothing of it."""
    made = Quantisation(300, 700, 0.973)
    card = read_card(replace(MODEL, precision="int8", quantisation=made))
    assert shown(card.facts)[texts.QUANTISATION].startswith("97.3 %")
    assert texts.QUANTISATION not in shown(read_card(MODEL).facts)


def test_a_service_that_says_little_still_has_a_card() -> None:
    """An older service, or one that is not Argus to the last field."""
    card = read_card(Model("m", "1", False, 10, {}, {}, "", "", None, "ready"))
    assert card == Card(
        name="m",
        version="1",
        state="ready",
        label_count=10,
        figures=(Fact("Labels", "10"),),
        accuracy_note=texts.NOT_MEASURED,
        facts=(Fact(texts.LICENSE, texts.UNKNOWN),),
    )
