"""Read the rollouts, steps and evaluations that slime, and miles after it, print: reinforcement learning.

Format: `rollout 3: {'rollout/raw_reward': 0.31, 'rollout/response_lengths': 812.5, …}`, below it the
optimizer steps that learn from it, `step 3: {'train/loss': 0.01, 'train/pg_loss': 0.01,
'train/grad_norm': 0.13, 'train/lr-pg_0': 1e-06, 'train/step': 3}`, and `eval 3: {'eval/aime': 0.2}`, each
behind its process, a time and its file, all counted from 0; of fine-tuning there is no `train/pg_loss`.
Below a rollout's steps stands `perf 3: {'perf/actor_train_tok_per_s': 2355.6, …}`: the tokens of the whole
rollout over the time that all GPUs of the policy trained on it, without what it waited. Checkpoints are
Megatron's, by rollout. Source: slime/backends/megatron_utils/model.py and data.py, slime/ray/rollout.py,
slime/utils/train_metric_utils.py, data.py.
"""

import re
from collections.abc import Iterator, Mapping

from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.traces import Trace
from afterall.scan.trainers.huggingface_scores import TASK
from afterall.scan.trainers.line_format import FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.trainer import Trainer

NAME = "slime"
_BEGIN = re.compile(r"(?:^|\s)(rollout|step|eval|perf) (\d{1,12}): (?=\{'(?:rollout|train|eval|perf)/)")
_PAIR = re.compile(r"'([\w/.@-]{1,120})': (?:tensor\()?([-+.\w]{1,40})(?=[,})])")
_OF_ROLLOUTS = {"rollout/raw_reward": "reward", "rollout/response_lengths": "completion_length"}
_OF_STEPS = {
    "train/pg_loss": "policy_loss",
    "train/value_loss": "value_loss",
    "train/entropy_loss": "entropy",
    "train/kl_loss": "kl",
    "train/grad_norm": "grad_norm",
    "train/lr-pg_0": "lr",
}
_OF_TIMES = {"perf/actor_train_tok_per_s": "train_tokens_per_second"}
_SCORE = re.compile(r"eval/(?!.*(?:truncated|response_len|repetition|zero_std))(.{1,100})")


class SlimeLines(FormatLines):
    """Tells a rollout's reward at the first step that learns from it, and the last evaluation."""

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._rollout: Row = {}
        self._step = 0
        self._validation: Evaluation | None = None

    def tell(self, text: str, source: Source) -> None:
        """Take an evaluation."""
        found = _BEGIN.search(text)
        scores = _scores(_pairs(text)) if found is not None and found[1] == "eval" else {}
        if found is not None and scores:
            self._validation = Evaluation(
                task=TASK,
                status=EvaluationStatus.SUCCESS,
                source=source,
                checkpoint=f"iter_{int(found[2]):07}",
                metrics=scores,
                is_validation=True,
            )

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield the row of a step, with the rollout above it, or of the speed below the last one."""
        found = _BEGIN.search(text)
        if found is None or found[1] == "eval":
            return
        told = _pairs(text)
        if found[1] == "perf":
            if self._step and (speed := _kept(told, _OF_TIMES)):
                yield {"step": self._step, **speed}
            return
        if found[1] == "rollout":
            self._rollout = _kept(told, _OF_ROLLOUTS)
            return
        self._step = int(found[2]) + 1
        rollout, self._rollout = self._rollout, {}
        loss = {} if "train/pg_loss" in told else _kept(told, {"train/loss": "loss"})
        yield {"step": self._step, **rollout, **_kept(told, _OF_STEPS), **loss}

    def trace(self) -> Trace | None:
        """Return the curves, with the last evaluation's scores."""
        trace = super().trace()
        if trace is not None:
            trace.validation = self._validation
        return trace


def _pairs(text: str) -> Mapping[str, str]:
    return dict(_PAIR.findall(text))


def _kept(told: Mapping[str, str], names: Mapping[str, str]) -> Row:
    return {known: told[name] for name, known in names.items() if name in told}


def _scores(told: Mapping[str, str]) -> dict[str, float]:
    found = ((_SCORE.fullmatch(name), number_in(value)) for name, value in told.items())
    return {name[1]: value for name, value in found if name is not None and value is not None}


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b": {'train/", b": {'rollout/", b": {'eval/", b": {'perf/"),
    parse=lambda _: None,
)

SLIME = Trainer(name=NAME, lines=(lines_of(FORMAT, SlimeLines),))
