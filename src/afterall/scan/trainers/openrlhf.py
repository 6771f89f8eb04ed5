"""Read OpenRLHF's steps of reinforcement learning, and the bars of its other trainers.

Format: `✨ Global step 12: {'policy_loss': 0.01, 'reward': 0.5, 'kl': 0.002, 'actor_lr': 5e-07, …}` behind a
logger's words, the optimizer steps counted from 1; `Evaluation completed in 0:01:02, global_step 20,
eval_metrics: {'eval_math_pass1': 0.5}`. Fine-tuning, reward models and DPO have tqdm's bars, of three digits
and without an optimizer step: `Train step of epoch 0:  5%|▌  | 1/17 [00:04<…, gpt_loss=0.793, lr=1.25e-6]`,
whose counts are of micro-batches and lag one behind the loss, `Train epoch:  50%|…| 1/2 [`, and `Eval stage
of steps 50: 100%|…| 10/10 […, eval gpt_loss=1.2]`, a mean so far. It ends with the bar of epochs, or that of
the last `Episode [1/1]:`, full. Source: openrlhf 0.2 to 0.9, trainer/ppo_trainer.py, sft_trainer.py,
rm_trainer.py, dpo_trainer.py.
"""

import re
from collections.abc import Iterator, Mapping

from afterall.model import Evaluation, EvaluationStatus, Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.logs.lines import Line
from afterall.scan.traces import Trace
from afterall.scan.trainers.huggingface_scores import TASK
from afterall.scan.trainers.line_format import FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.trainer import Trainer

NAME = "openrlhf"
_STEP = re.compile(r"(?:^|[\s\])])Global step (\d{1,12})(?: \[\w{1,20}\])?: \{")
_EVALUATED = re.compile(
    r"Evaluation completed in .{1,40}, global_step (\d{1,12}), eval_metrics: (\{[^{}]{1,4000}\})$"
)
_PAIR = re.compile(r"'([\w/.@-]{1,120})': ([-+.\w]{1,40})(?=[,}])")
_SCORE = re.compile(r"eval_(.{1,100})_pass(\d{1,6})")
_BAR = re.compile(r"\bTrain step of epoch (\d{1,9}): .{0,400}?\| (\d{1,12})/(\d{1,12}) \[")
_EPOCHS = re.compile(r"\bTrain epoch: .{0,400}?\| \d{1,9}/(\d{1,9}) \[")
_EVAL_BAR = re.compile(r"\bEval stage of (?:global_)?steps? \d{1,12}: .{0,400}?\| (\d{1,12})/(\d{1,12}) \[")
_POSTFIX = re.compile(r", ((?:eval )?\w{1,40})=(?:tensor\()?([-+.\w]{1,30})\)?(?=[,\]])")
_KEPT: Mapping[str, tuple[str, ...]] = {
    "reward": ("reward", "rollout/reward_mean"),
    "policy_loss": ("policy_loss",),
    "value_loss": ("critic_loss",),
    "kl": ("kl",),
    "completion_length": ("response_length", "rollout/response_length_mean"),
    "lr": ("actor_lr",),
    "grad_norm": ("actor_grad_norm",),
}
_OF_BARS: Mapping[str, tuple[str, ...]] = {
    "loss": ("gpt_loss", "loss", "train loss"),
    "lr": ("lr",),
    "grad_norm": ("grad_norm",),
    "rewards/accuracies": ("acc",),
}
_VALIDATION = ("eval gpt_loss", "eval_loss")


class OpenRlhfSteps(FormatLines):
    """Reads also the scores of the last evaluation that the trainer made."""

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._validation: Evaluation | None = None

    def tell(self, text: str, source: Source) -> None:
        """Take an evaluation."""
        found = _EVALUATED.search(text) if "eval_metrics: " in text else None
        scores = _scores(found[2]) if found is not None else {}
        if found is not None and scores:
            self._validation = Evaluation(
                task=TASK,
                status=EvaluationStatus.SUCCESS,
                source=source,
                checkpoint=f"global_step{int(found[1])}",
                metrics=scores,
                is_validation=True,
            )

    def trace(self) -> Trace | None:
        """Return the curves, with the last evaluation's scores."""
        trace = super().trace()
        if trace is not None:
            trace.validation = self._validation
        return trace


class OpenRlhfBars(FormatLines):
    """Reads each loss that a bar shows once; a validation counts as its bar stood last."""

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._shown = ("", "")
        self._epoch = 0.0
        self._validated: Row | None = None
        self._mark = 0

    def read(self, line: Line) -> None:
        """Take one line."""
        self._mark = line.mark
        super().read(line)

    def tell(self, text: str, source: Source) -> None:
        """Take for how many epochs it trains."""
        if found := _EPOCHS.search(text):
            self.facts["planned_epochs"] = Fact(int(found[1]), source)

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield the row of a loss that was not shown yet, after that of a validation before it."""
        told = dict(_POSTFIX.findall(text))
        if (found := _EVAL_BAR.search(text)) is not None:
            loss = next((told[name] for name in _VALIDATION if name in told), None)
            if loss is not None and found[1] == found[2]:
                self._validated = {"epoch": self._epoch, "val_loss": loss}
            return
        found = _BAR.search(text)
        row = _row_of(told, _OF_BARS)
        if found is None or "loss" not in row or (found[1], str(row["loss"])) == self._shown:
            return
        yield from self._validation_before()
        done, total = int(found[2]), max(1, int(found[3]))
        self._shown = (found[1], str(row["loss"]))
        self._epoch = int(found[1]) + min(done + 1, total) / total
        yield {"epoch": self._epoch, **row}

    def trace(self) -> Trace | None:
        """Return the curves, a validation at the end with them."""
        for row in self._validation_before():
            self._rows.add(row, self._mark)
        return super().trace()

    def _validation_before(self) -> Iterator[Row]:
        if self._validated is not None:
            yield self._validated
            self._validated = None


def _parse(text: str) -> Row | None:
    found = _STEP.search(text)
    row = _row_of(dict(_PAIR.findall(text, found.end() - 1)), _KEPT) if found is not None else {}
    return {"step": found[1], **row} if found is not None and row else None


def _row_of(told: Mapping[str, str], names: Mapping[str, tuple[str, ...]]) -> dict[str, object]:
    row: dict[str, object] = {}
    for name, others in names.items():
        key = next((each for each in others if each in told), None)
        if key is not None:
            row[name] = told[key]
    return row


def _scores(text: str) -> dict[str, float]:
    scores = {}
    for name, value in _PAIR.findall(text):
        number, found = number_in(value), _SCORE.fullmatch(name)
        if number is not None:
            scores[f"{found[1]}/pass@{found[2]}" if found is not None else name] = number
    return scores


STEPS = LineFormat(
    trainer=NAME,
    triggers=(b"'policy_loss': ", b"'actor_lr': ", b", eval_metrics: {", b"Episode ["),
    parse=_parse,
    done=re.compile(r"\bEpisode \[(\d{1,9})/\1\]:\s{1,4}100%\|.{0,400}?\| (\d{1,12})/\2 \["),
    done_needs_rows=True,
)
BARS = LineFormat(
    trainer=NAME,
    triggers=(b"Train step of epoch ", b"Train epoch: ", b"Eval stage of "),
    parse=lambda _: None,
    done=re.compile(r"\bTrain epoch:\s{1,4}100%\|.{0,400}?\| (\d{1,9})/\1 \["),
    done_needs_rows=True,
    rounding=Rounding(significant=3),
)

OPENRLHF = Trainer(name=NAME, lines=(lines_of(STEPS, OpenRlhfSteps), lines_of(BARS, OpenRlhfBars)))
