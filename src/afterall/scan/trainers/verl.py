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

from afterall.model import Evaluation, Source
from afterall.scan.curves import Rounding
from afterall.scan.logs.lines import Line
from afterall.scan.traces import Trace
from afterall.scan.trainers.line_format import PLANNED, FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.rows import step_in
from afterall.scan.trainers.trainer import Trainer
from afterall.scan.trainers.verl_config import PRINTED, VerlConfig
from afterall.scan.trainers.verl_file import METRICS_FILES
from afterall.scan.trainers.verl_rows import NAME, kept, scores, validation_of

_ROW = re.compile(r"(?:^|[\s)\]])step:(\d{1,12}) - (?=[a-z][\w-]{0,60}/)")
_NUMPY = re.compile(r"np\.(?:float|int)\d{1,3}\((.{1,40})\)")
_TOTAL = re.compile(r"(?:^|[\s)\]'\"])Total training steps: (\d{1,12}),?['\"]?$")
_RESUMED = re.compile(
    r"(?:^|[\s\]])(?:Setting global step to|Found latest checkpoint: \S{1,4096} \(step) (\d{1,12})\b"
)
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
        validated = row.get(_SCORES)
        if isinstance(validated, dict):
            self._validation = validation_of(step_in(row), validated, source)
        if told.keys() != {"step"} or not validated:
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
    row: dict[str, object] = {"step": found[1], **kept(told)}
    validated = scores(told)
    return {**row, _SCORES: validated} if validated else row


def _plain(value: str) -> str:
    number = _NUMPY.fullmatch(value)
    return number[1] if number is not None else value


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

VERL = Trainer(name=NAME, lines=(lines_of(FORMAT, VerlLines),), files=(METRICS_FILES,))
