"""Read GPT-NeoX's iterations, validations and arguments: as Megatron-LM's, under names of its own.

Format: ` samples/sec: 51.234 | iteration       10/      50 | elapsed time per iteration (ms): 1998.6 |
learning rate: 1.234E-04 | approx flops per GPU: 150.3TFLOPS | lm_loss: 7.123456E+00 | … | number of skipped
iterations:   0 | number of nan iterations:   0 |`; a loss of zero where all iterations since the line before
were skipped; ` validation results at iteration 100 | lm_loss value: 6.9E+00 | …`. DeepSpeed, on which it
runs, prints lines of its own between. Source: EleutherAI's megatron/logging.py and training.py.
"""

import re

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import LineFormat, Row, lines_of
from afterall.scan.trainers.megatron import MegatronLines, row_of
from afterall.scan.trainers.megatron_arguments import ARGUMENTS
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.trainer import Trainer

NAME = "gpt_neox"
_ITERATION = re.compile(
    r"\bsamples/sec: ([\d.]{1,20}) \| iteration\s{1,12}(\d{1,12})/\s{0,12}(\d{1,12}) \| "
    r"elapsed time per iteration \(ms\): "
)
_VALIDATION = re.compile(
    r"\bvalidation (?:results|loss) at (?:iteration (\d{1,12})|the end of training)(?P<set>[^|]{0,100})"
    r"\|(?:[^|]{1,60}\|){0,6}? ?lm_loss value: (\S{1,30})"
)


class NeoxLines(MegatronLines):
    """Reads arguments of its own."""

    is_neox = True


def _parse(text: str) -> Row | None:
    if found := _VALIDATION.search(text):
        return None if "test" in found["set"] else {"iteration": found[1], "val_loss": found[3]}
    found = _ITERATION.search(text)
    if found is None:
        return None
    row = dict(row_of(found[2], found[3], text))
    if number_in(row.get("lm loss")) == 0:
        del row["lm loss"]
    return {**row, "train_samples_per_second": found[1]}


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"samples/sec: ", b"validation results at ", b"validation loss at ", ARGUMENTS),
    parse=_parse,
    rounding=Rounding(significant=7),
)

GPT_NEOX = Trainer(name=NAME, lines=(lines_of(FORMAT, NeoxLines),))
