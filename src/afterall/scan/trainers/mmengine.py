"""Read the rows of MMEngine, and of mmcv before it: mmdetection and its kin, XTuner until 2025.

Format: `Epoch(train)  [1][ 50/100]  lr: 1.0590e-05  eta: 1:20:07  time: 0.8442  data_time: 0.0113  memory:
11785  grad_norm: 0.7445  loss: 2.2287  loss_cls: 0.4`, or `Iter(train) [ 10/5705]  …` of a whole run, behind
a time and a logger; mmcv's are `Epoch [1][50/100]<tab>lr: 0.02, eta: …, memory: 6836, loss: 0.489`, `Iter
[50/500]<tab>…`. Iterations are counted from 1, within an epoch in rows of one; how many make an optimizer
step the configuration tells that is printed first, `accumulative_counts = 16` (XTuner's default), one where
it does not. `time` is of one iteration, memory the most that was allocated, in MiB, `loss` all that is
trained on. `Epoch(val) [1][20/20]  coco/bbox_mAP: 0.335` tells scores at its end. Source:
mmengine/runner/log_processor.py; mmcv/runner/hooks/logger/text.py.
"""

import re
from collections.abc import Iterator, Mapping
from math import ceil

from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.curves import Rounding
from afterall.scan.traces import Trace
from afterall.scan.trainers.huggingface_scores import TASK
from afterall.scan.trainers.line_format import PLANNED, FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.trainer import Trainer

NAME = "mmengine"
_ROW = re.compile(
    r"(?:^| - )(?P<by>Epoch|Iter)(?:\((?P<mode>train|val)\))? {0,4}(?:\[\s{0,8}(?P<epoch>\d{1,9})\])?"
    r"\[\s{0,12}(?P<at>\d{1,12})(?:\s{0,2}/\s{0,2}(?P<of>\d{1,12}))?\]\s{1,8}(?=[a-zA-Z])"
)
_PAIR = re.compile(
    r"(?:^|\s)([A-Za-z][\w./-]{0,80}): ([-+]?[\d.]{1,20}(?:e[-+]\d{1,3})?|nan|-?inf)(?=,|\s|$)"
)
_ITERATIONS = re.compile(r"\baccumulative_counts ?= ?([1-9]\d{0,5})\b")
_KEPT = {"loss": "loss", "lr": "lr", "grad_norm": "grad_norm"}
_MIB_A_GIB = 1024
_NO_SCORES = frozenset({"lr", "base_lr", "time", "data_time", "memory", "loss", "grad_norm"})


class MmengineLines(FormatLines):
    """Reads also the scores of validations."""

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._validation: Evaluation | None = None
        self._iterations = 1

    def tell(self, text: str, source: Source) -> None:
        """Take how many iterations make a step, before there are any, and the scores of a validation."""
        if not self.has_trained and (configured := _ITERATIONS.search(text)) is not None:
            self._iterations = int(configured[1])
        found = _ROW.search(text)
        if found is None or found["mode"] != "val":
            return
        told = _told(text[found.end() :])
        scores = {name: value for name, value in told.items() if _is_score(name)}
        if scores:
            self._validation = Evaluation(
                task=TASK,
                status=EvaluationStatus.SUCCESS,
                source=source,
                metrics=scores,
                is_validation=True,
            )

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield the row of an iteration; of a validation its loss."""
        found = _ROW.search(text)
        if found is None or (found["epoch"] is None) is not (found["by"] == "Iter"):
            return
        told = _told(text[found.end() :])
        if found["mode"] == "val":
            if "loss" in told and found["at"] == found["of"] and self.has_trained:
                yield {"val_loss": told["loss"]}
        elif found["of"] is not None and "loss" in told and "time" in told:
            yield {**_place(found, self._iterations), **_numbers(told, self._iterations)}

    def trace(self) -> Trace | None:
        """Return the curves, with the scores of the last validation."""
        trace = super().trace()
        if trace is not None:
            trace.validation = self._validation
        return trace


def _is_score(name: str) -> bool:
    """Tell a score from times, and from mmcv's of all scores in a row: `bbox_mAP_copypaste: 0.25 0.41 …`."""
    return name not in _NO_SCORES and not name.endswith("_copypaste")


def _told(text: str) -> dict[str, float]:
    found = ((name, number_in(value)) for name, value in _PAIR.findall(text))
    return {name: number for name, number in found if number is not None}


def _place(found: re.Match[str], iterations: int) -> Row:
    """Return where a row stands in the run, each of whose steps takes so many iterations."""
    at, of = int(found["at"]), int(found["of"])
    if found["epoch"] is None:
        return {"step": ceil(at / iterations), PLANNED: ceil(of / iterations)}
    before = max(int(found["epoch"]) - 1, 0)
    return {"step": ceil((before * of + at) / iterations), "epoch": before + at / max(of, 1)}


def _numbers(told: Mapping[str, float], iterations: int) -> Row:
    row: dict[str, object] = {known: told[name] for name, known in _KEPT.items() if name in told}
    if told["time"] > 0:
        row["train_steps_per_second"] = 1 / (iterations * told["time"])
    return {**row, "peak_memory_alloc": told["memory"] / _MIB_A_GIB} if told.get("memory") else row


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"Epoch(", b"Iter(", b"Epoch [", b"Iter [", b"accumulative_counts"),
    parse=lambda _: None,
    rounding=Rounding(decimals=4),
    in_nats=False,
)

MMENGINE = Trainer(name=NAME, lines=(lines_of(FORMAT, MmengineLines),))
