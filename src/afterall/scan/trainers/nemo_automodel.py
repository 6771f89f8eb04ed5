"""Read the steps of NeMo AutoModel, NVIDIA's fine-tuning of Hugging Face models.

Format: `step 13 | epoch 0 | loss 0.6407 | grad_norm 1.1754 | lr 1.00e-05 | mem 31.55 GiB | tps
6574.51(821.81/gpu) | num_label_tokens 26779` behind a time and a logger, and of a validation `[val] name
"default" | step 13 | epoch 0 | loss 0.9505 | lr 1.00e-05 | num_label_tokens 512`, without a name until 2025.
Steps are counted from 0, and so are epochs, whose last one says not how many there were; memory is the most
allocated since the line before. Source: nemo_automodel/recipes/llm/train_ft.py, vlm/finetune.py,
components/training/step_scheduler.py.
"""

import re
from collections.abc import Iterator

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.trainer import Trainer

NAME = "nemo_automodel"
_STEP = re.compile(
    r"(?:^|\| )(?P<val>\[val\] (?:name \"(?P<name>[^\"]{0,100})\" \| )?)?step (?P<step>\d{1,12})"
    r" \| epoch \d{1,9} \| loss (?P<loss>[-+.\w]{1,30}) \| "
)
_PAIR = re.compile(r"(?:^|\| )(grad_norm|lr) ([-+.\w]{1,30})(?= \||$)")
_SPEED = re.compile(
    r"(?:^|\| )mem (?P<memory>[\d.]{1,12}) GiB \| tps [\d.]{1,20}(?:\((?P<speed>[\d.]{1,20})/gpu\))?(?= \||$)"
)
_OF_VALIDATION = "| num_label_tokens "


class AutomodelLines(FormatLines):
    """Reads of several sets for validation the first one."""

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._validated: str | None = None

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield the row of a step or of a validation."""
        found = _STEP.search(text)
        if found is None:
            return
        place: Row = {"step": int(found["step"]) + 1}
        rest = text[found.end() :]
        speed = _SPEED.search(rest)
        if found["val"] and _OF_VALIDATION in text:
            self._validated = found["name"] if self._validated is None else self._validated
            if found["name"] == self._validated:
                yield {**place, "val_loss": found["loss"]}
        elif not found["val"] and speed is not None:
            row: dict[str, object] = {**place, "loss": found["loss"], **dict(_PAIR.findall(rest))}
            row["peak_memory_alloc"] = speed["memory"]
            yield row | ({"tokens_per_second_per_gpu": speed["speed"]} if speed["speed"] else {})


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b" GiB | tps ", b"[val] "),
    parse=lambda _: None,
    rounding=Rounding(decimals=4),
)

NEMO_AUTOMODEL = Trainer(name=NAME, lines=(lines_of(FORMAT, AutomodelLines),))
