"""Read the steps of DeepSpeed-Chat's third stage, reinforcement learning by PPO.

Format: `epoch: 0|step: 12|ppo_ep: 1|act_loss: 0.02|cri_loss: 0.21|unsuper_loss: 0.0`, below it `average
reward score: -1.5`; later `Epoch: 0 | Step: 12 | PPO Epoch: 1 | Actor Loss: 0.02 | Critic Loss: 0.21 | …` and
`Average reward score: -1.5 | EMA reward score: -1.25`. Steps are counted from 0 in each epoch. Source:
DeepSpeedExamples/applications/DeepSpeed-Chat/training/step3_rlhf_finetuning/main.py.
"""

import re
from collections.abc import Iterator

from afterall.scan.trainers.line_format import FormatLines, LineFormat, Row, lines_of

_STEP = re.compile(
    r"(?i)\bepoch: (?P<epoch>\d{1,9}) ?\| ?step: (?P<step>\d{1,12}) ?\| ?ppo[ _]ep(?:och)?: \d{1,9} ?\| ?"
    r"act(?:or)?[ _]loss: (?P<actor>[-+\w.]{1,30}) ?\| ?cri(?:tic)?[ _]loss: (?P<critic>[-+\w.]{1,30})"
)
_REWARD = re.compile(r"(?i)\baverage reward score: ([-+\w.]{1,30})")


class ChatLines(FormatLines):
    """Counts the steps of epochs on, and gives a reward the step above it."""

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._epoch, self._before, self._step = 0, 0, 0

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield the row of a step, or of a reward."""
        if found := _STEP.search(text):
            if int(found["epoch"]) > self._epoch:
                self._before = self._step
            elif int(found["epoch"]) < self._epoch:
                self._before = 0
            self._epoch = int(found["epoch"])
            self._step = self._before + int(found["step"]) + 1
            yield {"step": self._step, "policy_loss": found["actor"], "value_loss": found["critic"]}
        elif self._step and (found := _REWARD.search(text)):
            yield {"step": self._step, "reward": found[1]}


FORMAT = LineFormat(
    trainer="deepspeed",
    triggers=(b"|act_loss: ", b"| Actor Loss: ", b"verage reward score: "),
    parse=lambda _: None,
)

CHAT_LINES = lines_of(FORMAT, ChatLines)
