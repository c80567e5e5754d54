"""From what the service says of a model to the words of the model page; knows no Reflex and asks nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from argus_client import Accuracy, Model, Quantisation
from reflex_frontend import figures
from reflex_frontend.texts import model as texts


@dataclass(frozen=True)
class Fact:
    """One line of the card; note: a sentence under the value; link: where the value leads, "" for nowhere."""

    name: str = ""
    value: str = ""
    note: str = ""
    link: str = ""


@dataclass(frozen=True)
class Card:
    """A model as its page shows it.

    figures: the few large numbers; accuracy_note: what they were measured on, or that they were not; steps:
    preprocessing in words; numbers: the same exactly; crop_share: the crop's side as a CSS percentage of the resized
    side, "" when that is not known.
    """

    name: str = ""
    version: str = ""
    is_default: bool = False
    state: str = ""
    label_count: int = 0
    figures: tuple[Fact, ...] = ()
    accuracy_note: str = ""
    steps: tuple[str, ...] = ()
    numbers: tuple[Fact, ...] = ()
    resize: str = ""
    crop: str = ""
    crop_share: str = ""
    facts: tuple[Fact, ...] = ()


def read_card(model: Model) -> Card:
    """The card of one model; what the service does not say is left out or named as unknown."""
    resize, crop = _sides(model.preprocessing)
    return Card(
        name=model.name,
        version=model.version,
        is_default=model.default,
        state=texts.STATES.get(model.state, model.state),
        label_count=model.num_classes,
        figures=_figures(model),
        accuracy_note=_describe_accuracy(model.accuracy, model.precision),
        steps=_steps(model.preprocessing),
        numbers=_numbers(model.preprocessing),
        resize=str(resize or ""),
        crop=str(crop or ""),
        crop_share=f"{100 * crop / resize:.2f}%" if resize and crop else "",
        facts=_facts(model),
    )


def _figures(model: Model) -> tuple[Fact, ...]:
    shown = []
    if model.accuracy:
        for name, share in ((texts.TOP1, model.accuracy.top1), (texts.TOP5, model.accuracy.top5)):
            if share is not None:
                shown.append(Fact(name, figures.percent(share)))
    shown.append(Fact(texts.LABEL_COUNT, f"{model.num_classes:,}"))
    if model.num_parameters:
        shown.append(Fact(texts.PARAMETERS, _count(model.num_parameters)))
    return tuple(shown)


def _count(parameters: int) -> str:
    pattern, unit = (texts.BILLION, 1e9) if parameters >= 1e9 else (texts.MILLION, 1e6)
    return pattern.format(count=f"{parameters / unit:.1f}").replace(" ", figures.NO_BREAK)


def _describe_accuracy(accuracy: Accuracy | None, served: str) -> str:
    if accuracy is None:
        return texts.NOT_MEASURED
    said = texts.MEASURED.format(
        photos=f"{accuracy.photos:,}", precision=accuracy.precision, source=accuracy.source.rstrip(".")
    )
    return said if accuracy.precision == served else f"{said} {texts.SERVED_IN.format(precision=served)}"


def _sides(preprocessing: Mapping[str, Any]) -> tuple[int, int]:
    return int(preprocessing.get("resize_size") or 0), int(preprocessing.get("crop_size") or 0)


def _steps(preprocessing: Mapping[str, Any]) -> tuple[str, ...]:
    resize, crop = _sides(preprocessing)
    steps = []
    if resize:
        steps.append(texts.STEP_RESIZE.format(resize=resize, interpolation=preprocessing.get("interpolation", "")))
    if crop:
        steps.append(texts.STEP_CROP.format(crop=crop))
    if preprocessing.get("mean") and preprocessing.get("std"):
        steps.append(texts.STEP_NORMALISE)
    return tuple(steps)


def _numbers(preprocessing: Mapping[str, Any]) -> tuple[Fact, ...]:
    resize, crop = _sides(preprocessing)
    rows = (
        Fact(texts.RESIZE_SIZE, texts.PIXELS.format(count=resize) if resize else ""),
        Fact(texts.CROP_SIZE, texts.PIXELS.format(count=crop) if crop else ""),
        Fact(texts.INTERPOLATION, str(preprocessing.get("interpolation") or "")),
        _channels(texts.MEAN, preprocessing.get("mean")),
        _channels(texts.STD, preprocessing.get("std")),
    )
    return tuple(row for row in rows if row.value)


def _channels(name: str, values: Sequence[float] | None) -> Fact:
    # The numbers as they are: rounding would make them wrong to copy.
    numbers = [repr(float(value)) for value in values or ()]
    if len(set(numbers)) == 1:
        return Fact(name, numbers[0], texts.ALL_CHANNELS)
    return Fact(name, ", ".join(numbers), texts.CHANNELS)


def _facts(model: Model) -> tuple[Fact, ...]:
    rows = [
        Fact(texts.INPUT, _input(model.input)),
        Fact(texts.RUNTIME, texts.RUNTIMES.get(model.runtime, model.runtime)),
        Fact(texts.PRECISION, model.precision, texts.PRECISIONS.get(model.precision, "")),
        _quantisation(model.quantisation),
        Fact(texts.WEIGHTS, model.weights),
        Fact(texts.LICENSE, model.license or texts.UNKNOWN),
        Fact(texts.SOURCE, model.source, link=model.source if model.source.startswith("https://") else ""),
    ]
    return tuple(row for row in rows if row.value)


def _input(sides: Mapping[str, Any]) -> str:
    if not sides.get("width") or not sides.get("height"):
        return ""
    return texts.INPUT_VALUE.format(
        width=sides["width"], height=sides["height"], channels=sides.get("channels") or "RGB"
    )


def _quantisation(made: Quantisation | None) -> Fact:
    if made is None:
        return Fact()
    return Fact(
        texts.QUANTISATION,
        texts.QUANTISATION_VALUE.format(agreement=figures.percent(made.agreement)),
        texts.QUANTISATION_NOTE.format(calibration=made.calibration_photos, checked=made.checked_photos),
    )
