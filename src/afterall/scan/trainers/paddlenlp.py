"""Read the rows of PaddleNLP's trainer.

Format: `[2026-01-01 10:00:00,060] [    INFO] - loss: 1.31152, learning_rate: 3e-05, global_step: 10, …,
interval_runtime: 1.1518, interval_samples_per_second: 0.8682, interval_tokens_per_second_per_device: 889.0,
…, interval_steps_per_second: 0.8682, progress_or_epoch: 0.0107`, and of a validation, which follows the row
of its step, `eval_loss: 1.11152, eval_accuracy: 0.7, eval_runtime: 3.2, …, epoch: 0.02`; the banner's plan is
HF Trainer's, `Total optimization steps = 1,500`. Until 2022 its rows were HF Trainer's, too. Source:
paddlenlp/trainer/trainer.py, trainer_callback.py.
"""

import re
from collections.abc import Iterator

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import PLANNED, FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.trainer import Trainer

NAME = "paddlenlp"
_ROW = re.compile(
    r"(?:^|\] - )(?=loss: [-+.\w]{1,30}, learning_rate: [-+.\w]{1,30}, global_step: \d{1,12}, )"
)
_EVALUATED = re.compile(r"(?:^|\] - )(?=eval_loss: [-+.\w]{1,30}, [^\n]{0,2000}\beval_runtime: )")
_PLAN = re.compile(r"\] -\s{1,8}Total optimization steps = ([\d,]{1,16})$")
_PAIR = re.compile(r"(\w{2,60}): ([-+.\w]{1,40})(?=, |$)")
_KEPT = {
    "loss": "loss",
    "learning_rate": "learning_rate",
    "interval_samples_per_second": "train_samples_per_second",
    "interval_tokens_per_second_per_device": "tokens_per_second_per_gpu",
    "interval_steps_per_second": "train_steps_per_second",
}


class PaddleLines(FormatLines):
    """Places a validation at the step above it."""

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._step: str | None = None

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield the row of a step or a validation, or the plan."""
        if (found := _ROW.search(text)) is not None:
            told = dict(_PAIR.findall(text[found.end() :]))
            self._step = told["global_step"]
            yield {"step": self._step, **{known: told[name] for name, known in _KEPT.items() if name in told}}
        elif self._step is not None and (found := _EVALUATED.search(text)) is not None:
            told = dict(_PAIR.findall(text[found.end() :]))
            yield {"step": self._step, "eval_loss": told["eval_loss"]}
        elif (plan := _PLAN.search(text)) is not None:
            yield {PLANNED: plan[1].replace(",", "")}


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b", global_step: ", b"eval_loss: ", b"Total optimization steps = "),
    parse=lambda _: None,
    rounding=Rounding(decimals=8),
)

PADDLENLP = Trainer(name=NAME, lines=(lines_of(FORMAT, PaddleLines),))
