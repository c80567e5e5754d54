"""The confusions as a picture: a row for each class that was taken for another, a column for what it was taken for.

Of hundreds of classes only those that were confused are drawn, the worst first where they are too many, and in an order
that puts classes beside each other which are taken for each other. Drawn with Pillow, which the service has anyway.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from serve_app.cli.accuracy_report import AccuracyReport, Confusion

MOST_CLASSES = 48
_CELL, _MARGIN, _FONT_SIZE, _TITLE_SIZE = 26, 24, 14, 20
_LONGEST_LABEL = 28
_PAPER, _INK, _FAINT, _LINE = (255, 255, 255), (31, 35, 40), (101, 109, 118), (225, 228, 232)
# From hardly to wholly: right answers in green, wrong ones in red.
_GREENS = ((232, 245, 233), (27, 94, 32))
_REDS = ((255, 235, 230), (183, 28, 28))

Colour = tuple[int, int, int]


def draw_confusions(report: AccuracyReport, path: Path) -> int:
    """Write the picture; its format is that of the file's name. Returns how many classes it shows.

    Raises OSError or ValueError where the file cannot be written or its name has no known ending.
    """
    chosen = choose_classes(report.confusions)
    picture = _Picture(report, order_classes(chosen, report.confusions))
    picture.draw().save(path)
    return len(chosen)


def choose_classes(confusions: Sequence[Confusion]) -> list[int]:
    """The classes of the most frequent confusions, at most MOST_CLASSES; confusions: the most frequent first."""
    chosen: dict[int, None] = {}
    for one in confusions:
        pair = {one.class_id: None, one.predicted: None}
        if len(chosen | pair) <= MOST_CLASSES:
            chosen |= pair
    return list(chosen)


def order_classes(classes: Sequence[int], confusions: Sequence[Confusion]) -> list[int]:
    """The same classes, with those beside each other that are confused most: chains joined at their ends."""
    chains = {class_id: [class_id] for class_id in classes}
    for one in sorted(confusions, key=lambda pair: -pair.photos):
        left, right = chains.get(one.class_id), chains.get(one.predicted)
        if left is None or right is None or left is right:
            continue
        if left[0] == one.class_id:
            left.reverse()
        if right[-1] == one.predicted:
            right.reverse()
        left.extend(right)
        for class_id in right:
            chains[class_id] = left
    ordered: dict[int, None] = {}
    for class_id in classes:
        ordered |= dict.fromkeys(chains[class_id])
    return list(ordered)


class _Picture:
    def __init__(self, report: AccuracyReport, classes: Sequence[int]) -> None:
        self._report, self._classes = report, classes
        self._font = ImageFont.load_default(_FONT_SIZE)
        self._title = ImageFont.load_default(_TITLE_SIZE)
        self._counts: Counter[tuple[int, int | None]] = Counter()
        self._photos: dict[int, int] = {}
        shown = set(classes)
        for result in report.classes:
            self._photos[result.class_id] = result.photos
            self._counts[result.class_id, result.class_id] += result.top1
            for one in result.confusions:
                self._counts[one.class_id, one.predicted if one.predicted in shown else None] += one.photos
        self._rows = [class_id for class_id in classes if class_id in self._photos]
        self._has_others = any(self._counts[class_id, None] for class_id in self._rows)

    def draw(self) -> Image.Image:
        rows = [f"{_shorten(self._report.labels[c])}  {self._photos[c]}" for c in self._rows]
        heads: list[int | None] = [*self._classes, *([None] if self._has_others else [])]
        columns = ["others" if c is None else _shorten(self._report.labels[c]) for c in heads]
        left = _MARGIN + max((self._width(text) for text in rows), default=0) + 10
        heading = self._heading()
        tall = max((self._width(text) for text in columns), default=0)
        top = _MARGIN + 30 + 22 * (len(heading) - 1) + 14 + tall + 10
        right = left + _CELL * len(heads)
        widest = max(self._width(text, self._title if not n else self._font) for n, text in enumerate(heading))
        size = (max(right, _MARGIN + widest) + _MARGIN, top + _CELL * len(rows) + _MARGIN)
        image = Image.new("RGB", size, _PAPER)
        draw = ImageDraw.Draw(image)
        for number, text in enumerate(heading):
            y = _MARGIN + (30 + 22 * (number - 1) if number else 0)
            draw.text((_MARGIN, y), text, fill=_FAINT if number else _INK, font=self._font if number else self._title)
        for column, text in enumerate(columns):
            self._draw_upright(image, text, left + column * _CELL, top - 8)
        for row, (class_id, text) in enumerate(zip(self._rows, rows, strict=True)):
            y = top + row * _CELL
            draw.text((left - 8, y + _CELL / 2), text, fill=_INK, font=self._font, anchor="rm")
            for column, head in enumerate(heads):
                self._draw_cell(draw, (left + column * _CELL, y), class_id, head)
        return image

    def _heading(self) -> list[str]:
        report = self._report
        every = {c for one in report.confusions for c in (one.class_id, one.predicted)}
        title = f"{report.model}: top-1 {report.top1:.1%} of {len(report.answered)} photos"
        if not self._classes:
            return [title, "No photo got a wrong first answer."]
        some = f"The {len(self._classes)} classes of the most frequent confusions, of {len(every)} that had one."
        return [
            title,
            some if len(every) > len(self._classes) else f"The {len(every)} classes that were taken for each other.",
            "Rows: what is on the photos, and how many there are. Columns: the first answer.",
        ]

    def _draw_cell(self, draw: ImageDraw.ImageDraw, corner: tuple[int, int], class_id: int, head: int | None) -> None:
        x, y = corner
        count = self._counts[class_id, head]
        share = count / self._photos[class_id]
        scale = _GREENS if class_id == head else _REDS
        fill = _mix(scale, share) if count else _PAPER
        draw.rectangle((x, y, x + _CELL, y + _CELL), fill=fill, outline=_LINE)
        if count:
            colour = _PAPER if share > 0.5 else _INK
            draw.text((x + _CELL / 2, y + _CELL / 2), str(count), fill=colour, font=self._font, anchor="mm")

    def _draw_upright(self, image: Image.Image, text: str, x: int, bottom: int) -> None:
        strip = Image.new("RGB", (self._width(text) + 2, _CELL), _PAPER)
        ImageDraw.Draw(strip).text((0, _CELL / 2), text, fill=_INK, font=self._font, anchor="lm")
        turned = strip.rotate(90, expand=True)
        image.paste(turned, (x, bottom - turned.height))

    def _width(self, text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont | None = None) -> int:
        return int((font or self._font).getlength(text)) + 1


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 3].rstrip() + "..."


def _mix(scale: tuple[Colour, Colour], share: float) -> Colour:
    light, dark = scale
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(light, dark, strict=True))
    return red, green, blue
