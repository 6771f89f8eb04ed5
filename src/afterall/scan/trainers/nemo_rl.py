"""Read the blocks that NeMo RL prints of each step: GRPO, fine-tuning, DPO.

Format: `======= Epoch 1/10 =======`, `======= Step 2/40 =======`, counted from 1 within the epoch, up to its
end or the run's; below `Training Results:` lines as `• Loss: 0.0123`, of GRPO followed by `• Generation KL
Error: 0.0010` and `• Avg Reward: 0.5000`, in DPO `• loss: 0.6931`; then `• Total step time: 35.70s` and
`- E2E (Tokens/sec/gpu): 1073.59`. Above them, where it validated, `Validation Results:` with `• Accuracy:
0.5000` or `• Validation loss: 0.6645`. `Max number of steps has been reached, …` is the last word. Source:
nemo_rl/algorithms/grpo.py, sft.py, dpo.py.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.curves import Rounding
from afterall.scan.logs.lines import Line
from afterall.scan.traces import Trace
from afterall.scan.trainers.huggingface_scores import TASK
from afterall.scan.trainers.line_format import PLANNED, LineFormat, Row, lines_of
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.stepped_blocks import BlockLines, Names
from afterall.scan.trainers.trainer import Trainer

NAME = "nemo_rl"
_EPOCH = re.compile(r"={10,40} Epoch (\d{1,9})/(\d{1,9}) ={10,40}$")
_RESULTS = re.compile(r"(Training|Validation) Results(?: for `.{1,100}` set)?:$")
_LOSSES = ("Loss", "loss")
_OF_POLICIES = ("Generation KL Error", "Avg Reward", "Avg Total Reward")


class NemoRlLines(BlockLines):
    """Tells the loss of a policy from one that falls by what stands below it."""

    step = re.compile(r"={10,40} Step (?P<step>\d{1,12})/(?P<planned>\d{1,12}) ={10,40}$")
    number = re.compile(r"\s{0,8}[•-] (?P<name>[\w /()]{3,60}): (?P<value>[-+\w.]{1,30}?)(?:s| tokens)?$")
    names: ClassVar[Names] = {
        "Avg Reward": ("reward", 1),
        "Avg Total Reward": ("reward", 1),
        "Mean Generation Length": ("completion_length", 1),
        "E2E (Tokens/sec/gpu)": ("tokens_per_second_per_gpu", 1),
        "Validation loss": ("val_loss", 1),
        "Total step time": ("train_steps_per_second", 1),
        "Generation KL Error": ("", 1),
        "Accuracy": ("", 1),
        **dict.fromkeys(_LOSSES, ("loss", 1)),
    }

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._epoch, self._epochs = 1, 1
        self._loss: Row | None = None
        self._is_validating = False
        self._validation: Evaluation | None = None
        self._mark = 0

    def read(self, line: Line) -> None:
        """Take one line."""
        self._mark = line.mark
        super().read(line)

    def tell(self, text: str, source: Source) -> None:
        """Take the epoch, which results follow, and how often a validation's answers were right."""
        if epoch := _EPOCH.search(text):
            self._epoch, self._epochs = int(epoch[1]), int(epoch[2])
        elif results := _RESULTS.search(text):
            self._is_validating = results[1] == "Validation"
        elif self._is_validating and "Accuracy: " in text and (found := self.number.match(text)) is not None:
            score = number_in(found["value"])
            if score is not None and found["name"] == "Accuracy":
                self._validation = Evaluation(
                    task=TASK,
                    status=EvaluationStatus.SUCCESS,
                    source=source,
                    checkpoint=f"step_{self._step or 0}",
                    metrics={"accuracy": score},
                    is_validation=True,
                )

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield the rows; a plan only where no further epoch may follow."""
        for row in super().rows_in(text):
            yield {**row, PLANNED: None} if PLANNED in row and self._epochs > 1 else row

    def step_of(self, begun: re.Match[str]) -> int:
        """Return the steps so far, those of the epochs before with them."""
        return (max(self._epoch, 1) - 1) * int(begun["planned"]) + int(begun["step"])

    def row_of(self, name: str, value: str) -> Iterator[Row]:
        """Yield a number's row, and that of the loss above it."""
        number = number_in(value)
        if name in _LOSSES:
            self._loss = {"step": self._step, "loss": value}
        elif self._loss is not None:
            told, self._loss = self._loss, None
            yield {"step": told["step"], "policy_loss": told["loss"]} if name in _OF_POLICIES else told
        if name == "Total step time":
            if number is not None and number > 0:
                yield {"step": self._step, "train_steps_per_second": 1 / number}
        elif name not in _LOSSES and self.names[name][0]:
            yield from super().row_of(name, value)

    def trace(self) -> Trace | None:
        """Return the curves, with how the last validation went."""
        trace = super().trace()
        if trace is not None:
            trace.validation = self._validation
        return trace


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(
        b"== Step ",
        b"== Epoch ",
        b"Training Results:",
        b"Validation Results",
        b"Max number of ",
        b"- E2E (Tokens/sec/gpu): ",
        *(f"• {name}: ".encode() for name in NemoRlLines.names),
    ),
    parse=lambda _: None,
    done=re.compile(r"(?:^|\s)Max number of (?:steps|epochs) has been reached"),
    done_needs_rows=True,
    rounding=Rounding(decimals=4),
)

NEMO_RL = Trainer(name=NAME, lines=(lines_of(FORMAT, NemoRlLines),))
