"""Read the rows that timm's training script prints.

Format: `Train: 0 [  50/1251 (  4%)]  Loss: 6.91 (6.92)  Time: 0.325s,  393.97/s  (0.425s,  300.97/s)  LR:
1.000e-05  Data: 0.019 (0.119)`: the epoch and the update within it, both counted from 0, the loss, samples a
second of all GPUs, and in brackets the means of the epoch so far. `Test: [  48/48]  Time: …  Loss:   6.4000
( 6.4500)  Acc@1:  61.0000 ( 60.5000)` validates, `Test (EMA): …` averaged weights. `Scheduled epochs: 300.`
is the plan. Its summary.csv is read with other tables. Source: train.py.
"""

import re
from collections.abc import Iterator

from afterall.model import Evaluation, EvaluationStatus, Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.traces import Trace
from afterall.scan.trainers.huggingface_scores import TASK
from afterall.scan.trainers.line_format import FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.trainer import Trainer

NAME = "timm"
_TRAIN = re.compile(
    r"(?:^|\s)Train: (?P<epoch>\d{1,9}) \[\s{0,8}(?P<at>\d{1,12})/(?P<of>\d{1,12}) \(\s{0,3}\d{1,3}%\)\]"
    r"\s{1,4}Loss: {1,8}(?P<loss>[-+.\w]{1,30}) \([^)]{1,30}\)\s{1,4}Time: [^\n(]{1,60}"
    r"\([\d.]{1,20}s, {1,12}(?P<speed>[\d.]{1,20})/s\)\s{1,4}LR: (?P<lr>[-+.\w]{1,30})(?=\s|$)"
)
_TEST = re.compile(
    r"(?:^|\s)Test: \[\s{0,8}(?P<at>\d{1,12})/(?P<of>\d{1,12})\]\s{1,4}Time: [^\n]{1,60}?  "
    r"Loss: {1,12}[-+.\w]{1,30} \( {0,12}(?P<loss>[-+.\w]{1,30})\)"
)
_SCORE = re.compile(r" (Acc@\d): {1,12}[\d.]{1,20} \( {0,12}([\d.]{1,20})\)")
_PLAN = re.compile(r"(?:^|\s)Scheduled epochs: (\d{1,9})\.")


class TimmLines(FormatLines):
    """Places a validation at the end of the epoch above it."""

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._end: Row = {}
        self._validation: Evaluation | None = None

    def tell(self, text: str, source: Source) -> None:
        """Take the plan, and the scores at a validation's end."""
        if plan := _PLAN.search(text):
            self.facts["planned_epochs"] = Fact(int(plan[1]), source)
        found = _TEST.search(text) if self._end else None
        if found is not None and found["at"] == found["of"]:
            told = {name: number_in(value) for name, value in _SCORE.findall(text)}
            scores = {name: value for name, value in told.items() if value is not None}
            self._validation = Evaluation(
                task=TASK, status=EvaluationStatus.SUCCESS, source=source, metrics=scores, is_validation=True
            )

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield the row of an update, or of a validation's end."""
        if (found := _TRAIN.search(text)) is not None:
            epoch, at, of = (int(found[name]) for name in ("epoch", "at", "of"))
            self._end = {"step": (epoch + 1) * of, "epoch": epoch + 1}
            yield {
                "step": epoch * of + at + 1,
                "epoch": epoch + (at + 1) / max(of, 1),
                "loss": found["loss"],
                "lr": found["lr"],
                "train_samples_per_second": found["speed"],
            }
        elif self._end and (found := _TEST.search(text)) is not None and found["at"] == found["of"]:
            yield {**self._end, "val_loss": found["loss"]}

    def trace(self) -> Trace | None:
        """Return the curves, with the scores of the last validation."""
        trace = super().trace()
        if trace is not None:
            trace.validation = self._validation
        return trace


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"Train: ", b"Test: [", b"Scheduled epochs: "),
    parse=lambda _: None,
    rounding=Rounding(significant=3),
)

TIMM = Trainer(name=NAME, lines=(lines_of(FORMAT, TimmLines),))
