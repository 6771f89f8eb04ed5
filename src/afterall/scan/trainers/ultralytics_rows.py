"""Follow the rows that YOLO prints of its epochs, and of the validation behind each.

Format: a header `Epoch GPU_mem box_loss cls_loss dfl_loss Instances Size`, and a bar below it, `1/3 6.73G
1.081 0.4706 1.084 10 640: 100%|███| 16/16 [00:05<00:00, 2.78it/s]`, that shows the losses' means since the
epoch began; since 2025 `640: 100% ━━━ 16/16 3.1it/s 5.2s`. Then `Class Images Instances Box(P R mAP50
mAP50-95): 100%|███| …` and `all 722 1444 0.989 0.99 0.993 0.681`, which stands once more, of the best
weights, at the end. Epochs are counted from 1, in YOLOv5, whose second loss is `obj_loss`, from 0 to the one
before the last. Source: ultralytics/engine/trainer.py, models/yolo/detect/val.py; yolov5/train.py.
"""

import re
from collections.abc import Mapping, Sequence

from afterall.scan.trainers.line_format import Row
from afterall.scan.trainers.rows import number_in

HEADER = "GPU_mem"
MOST_LINES = 100_000
"""How many drawings of an epoch's bars, and of its validation's, are looked at."""
_FULL = ": 100%"
"""What the last drawing of each bar holds."""
_HEADER = re.compile(
    r"\s{0,20}Epoch\s{1,12}GPU_mem((?:\s{1,12}(?:\w{1,40}_)?loss){1,12})\s{1,12}Instances\s{1,12}Size"
)
_ROW = re.compile(
    r"\s{0,20}(\d{1,9})/(\d{1,9})\s{1,12}[\d.]{1,12}G((?:\s{1,12}(?:[\d.]{1,20}(?:e[-+]\d{1,3})?|nan|inf)){1,12})"
    r"\s{1,12}\d{1,12}\s{1,12}\d{1,6}: 100%(?=[ |])"
)
_SCORES = re.compile(
    r"\s{0,40}Class\s{1,20}Images\s{1,20}Instances((?:\s{1,20}[\w().-]{1,20}){1,16}): 100%(?=[ |])"
)
_ALL = re.compile(r"\s{0,40}all\s{1,20}\d{1,12}\s{1,20}\d{1,12}((?:\s{1,20}[\d.e-]{1,12}){1,16})")
_LONG = {"P": "precision", "R": "recall"}
_NEAR = 3
"""How many lines below its header a validation's row stands at most."""


class EpochRows:
    """What the rows of one run told so far."""

    def __init__(self) -> None:
        self._losses: Sequence[str] = ()
        self._names: Sequence[str] = ()
        self._left = self._near = 0
        self._is_validating = False

    @property
    def wants_next(self) -> bool:
        """True from an epoch's header to the scores of its validation."""
        return self._left > 0

    def row_in(self, text: str) -> Row | None:
        """Return the epoch and the loss of an epoch's full bar; None for any other line."""
        if begun := _HEADER.fullmatch(text):
            self._losses, self._left, self._is_validating = begun[1].split(), MOST_LINES, False
            return None
        self._left = max(self._left - 1, 0)
        found = _ROW.match(text) if _FULL in text else None
        parts = [] if found is None else [number_in(part) for part in found[3].split()]
        if found is None or None in parts or len(parts) != len(self._losses):
            return None
        self._is_validating = True
        epoch = int(found[1]) + ("obj_loss" in self._losses)
        return {"epoch": epoch, "loss": sum(filter(None, parts))}

    def scores_in(self, text: str) -> Mapping[str, float]:
        """Return the scores of an epoch's validation; empty for any other line."""
        self._near = max(self._near - 1, 0)
        if self._is_validating and _FULL in text and (begun := _SCORES.match(text)) is not None:
            self._names, self._near = _names(begun[1].split()), _NEAR
        found = _ALL.fullmatch(text) if self._near else None
        values = [] if found is None else [number_in(value) for value in found[1].split()]
        if not values or None in values or len(values) != len(self._names):
            return {}
        self._left = self._near = 0
        self._is_validating = False
        return {
            name: value for name, value in zip(self._names, values, strict=True) if name and value is not None
        }


def _names(columns: Sequence[str]) -> list[str]:
    """Return the names that results.csv has for `Box(P R mAP50 mAP50-95)`; "" for a column in no brackets."""
    names, group = [], ""
    for column in columns:
        opened, is_first, rest = column.partition("(")
        group = opened[:1] if is_first else group
        word = (rest if is_first else opened).removesuffix(")")
        names.append(f"{_LONG.get(word, word)}({group})" if group else "")
        group = "" if column.endswith(")") else group
    return names
