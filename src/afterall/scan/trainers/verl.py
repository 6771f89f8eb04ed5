"""Read verl's lines, those of its reinforcement learning and of its fine-tuning.

Format: `step:20 - global_seqlen/min:340538 - actor/pg_loss:0.04 - … - perf/throughput:1234.5`, a row a step,
its numbers with three decimals until 0.4 (`actor/lr:0.000`), in full since, some as `np.float64(0.5)`. What
was validated stands in the row of its step, before training in one of `step:0`, as
`val-core/<source>/acc/mean@1`, once `val/test_score/<source>`. `Total training steps: 140`; `Setting global
step to 60` where it resumed, `Found latest checkpoint: … (step 60)` in fine-tuning; the last word is
`Final validation metrics: …`, quoted where it was pretty-printed. Throughput is of one GPU, prompts included;
a GB are 2^30 bytes. Source: verl 0.1 to 0.7, trainer/ppo/ray_trainer.py and metric_utils.py,
trainer/sft_trainer.py, utils/logger/aggregate_logger.py.
"""

import re
from collections.abc import Mapping

from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.curves import Rounding
from afterall.scan.logs.lines import Line
from afterall.scan.traces import Trace
from afterall.scan.trainers.huggingface_scores import TASK
from afterall.scan.trainers.line_format import PLANNED, FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.rows import number_in, step_in
from afterall.scan.trainers.trainer import Trainer
from afterall.scan.trainers.verl_config import PRINTED, VerlConfig

NAME = "verl"
_ROW = re.compile(r"(?:^|[\s)\]])step:(\d{1,12}) - (?=[a-z][\w-]{0,60}/)")
_NUMPY = re.compile(r"np\.(?:float|int)\d{1,3}\((.{1,40})\)")
_TOTAL = re.compile(r"(?:^|[\s)\]'\"])Total training steps: (\d{1,12}),?['\"]?$")
_RESUMED = re.compile(
    r"(?:^|[\s\]])(?:Setting global step to|Found latest checkpoint: \S{1,4096} \(step) (\d{1,12})\b"
)
_THREE_DECIMALS = re.compile(r"\d{1,12}\.\d{3}")
_SCORE = re.compile(r"(?:val-core|val(?!/loss$))/(.{1,200})")
_OF_SPREAD = re.compile(r"(?:^|[/_])(?:std|min|max|num_turns|count|tool_call\w*|generations)(?:/|$)")
_CURVES: Mapping[str, tuple[str, ...]] = {
    "critic/rewards/mean": (),
    "actor/pg_loss": (),
    "critic/vf_loss": (),
    "actor/entropy": ("actor/entropy_loss",),
    # KL of the policy from the reference, in the loss or in the reward
    "actor/kl_loss": ("actor/reward_kl_penalty", "critic/kl"),
    "actor/grad_norm": (),
    "response_length/mean": (),
    "perf/max_memory_allocated_gb": ("actor/perf/max_memory_allocated_gb",),
    "perf/max_memory_reserved_gb": ("actor/perf/max_memory_reserved_gb",),
    "train/loss": (),
    "val/loss": (),
    "train/grad_norm": (),
}
"""Names whose curves everybody's table knows, each with what other versions call it."""
_LEARNING_RATES = {"actor/lr": 1.0, "train/lr": 1.0, "train/lr(1e-3)": 1e-3}
_SCORES = "scores of the validation"


class VerlLines(FormatLines):
    """Reads also the configuration, the last validation's scores, and whether the run was resumed."""

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._validation: Evaluation | None = None
        self._config = VerlConfig(name)
        self.parameters = self._config.values

    @property
    def wants_next(self) -> bool:
        """True within the printed configuration."""
        return self._config.is_open

    def read(self, line: Line) -> None:
        """Take one line."""
        if not self._config.read(line):
            super().read(line)

    def tell(self, text: str, source: Source) -> None:
        """Take from which step it goes on."""
        if resumed := _RESUMED.search(text):
            self.is_resumed = int(resumed[1]) > 0

    def _take(self, row: Row, line: Line, source: Source) -> None:
        """Take a row; one that only validates is no step."""
        told = {name: value for name, value in row.items() if name != _SCORES}
        scores = row.get(_SCORES)
        if isinstance(scores, dict):
            self._validation = Evaluation(
                task=TASK,
                status=EvaluationStatus.SUCCESS,
                source=source,
                checkpoint=f"global_step_{step_in(row)}",
                metrics=scores,
                is_validation=True,
            )
        if told.keys() != {"step"} or not scores:
            super()._take(told, line, source)

    def trace(self) -> Trace | None:
        """Return the curves, with the last validation's scores."""
        trace = super().trace()
        if trace is not None:
            trace.validation = self._validation
        return trace


def _parse(text: str) -> Row | None:
    found = _ROW.search(text)
    if found is None:
        total = _TOTAL.search(text)
        return {PLANNED: total[1]} if total is not None else None
    words = (word.rpartition(":") for word in text[found.end() :].split(" - "))
    told = {name: _plain(value) for name, _, value in words if name}
    row: dict[str, object] = {"step": found[1], **_kept(told)}
    scores = _scores(told)
    return {**row, _SCORES: scores} if scores else row


def _plain(value: str) -> str:
    number = _NUMPY.fullmatch(value)
    return number[1] if number is not None else value


def _kept(told: Mapping[str, str]) -> Row:
    row: dict[str, object] = {}
    for name, others in _CURVES.items():
        key = next((each for each in (name, *others) if each in told), None)
        if key is not None:
            row[name] = told[key]
    for name, unit in _LEARNING_RATES.items():
        rate = number_in(told.get(name))
        if rate is not None and _THREE_DECIMALS.fullmatch(told[name]) is None:
            row["lr"] = rate * unit
    if "perf/throughput" in told:
        row["tokens_per_second_per_gpu"] = told["perf/throughput"]
    seconds = number_in(told.get("timing_s/step"))
    if seconds is not None and seconds > 0:
        row["train_steps_per_second"] = 1 / seconds
    return row


def _scores(told: Mapping[str, str]) -> dict[str, float]:
    """Return what was validated on; of all that verl watches only what it calls the core, where it does."""
    names = [name for name in told if name.startswith("val-core/")] or [*told]
    found = ((_SCORE.fullmatch(name), number_in(told[name])) for name in names)
    return {
        name[1]: number
        for name, number in found
        if name is not None and number is not None and _OF_SPREAD.search(name[1]) is None
    }


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(
        b" - actor/",
        b" - critic/",
        b" - val-core/",
        b" - val/",
        b" - train/loss:",
        b"Total training steps: ",
        b"Setting global step to ",
        b"Found latest checkpoint: ",
        b"Final validation metrics: ",
        PRINTED,
    ),
    parse=_parse,
    done=re.compile(r"^\(?['\"]?Final validation metrics: "),
    done_needs_rows=True,
    rounding=Rounding(decimals=3),
)

VERL = Trainer(name=NAME, lines=(lines_of(FORMAT, VerlLines),))
