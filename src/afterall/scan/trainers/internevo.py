"""Read the steps of InternEvo, which InternLM was trained with.

Format: behind a time and `INFO … in record_current_batch_training_metrics -- ` pairs as `tflops=189.8 step=1
loss=11.61 tgs (tokens/gpu/second)=4274.45 tgs/last_tgs_1=4275.1 lr=6e-07 … grad_norm={'0_default': 65.1}
num_consumed_tokens=262144 …`, parted by commas until 2023, when `grad_norm=65.1` was one number; steps are
counted from 0. Source: internlm/train/pipeline.py, record_current_batch_training_metrics.
"""

import re

from afterall.scan.trainers.line_format import LineFormat, Row, lines_of
from afterall.scan.trainers.trainer import Trainer

NAME = "internevo"
_BEGIN = " in record_current_batch_training_metrics -- "
_SPEED = "tgs (tokens/gpu/second)"
_PAIR = re.compile(
    rf"(?:^|[ ,])(step|loss|lr|grad_norm|num_consumed_tokens|{re.escape(_SPEED)})=([-+.\w]{{1,40}})(?=[ ,]|$)"
)
_KEPT = {
    "loss": "loss",
    "lr": "lr",
    "grad_norm": "grad_norm",
    "num_consumed_tokens": "total_tokens",
    _SPEED: "tokens_per_second_per_gpu",
}


def _parse(text: str) -> Row | None:
    told = dict(_PAIR.findall(text.partition(_BEGIN)[2]))
    step = told.get("step", "")
    if not step.isdecimal() or "loss" not in told or _SPEED not in told:
        return None
    return {"step": int(step) + 1, **{known: told[name] for name, known in _KEPT.items() if name in told}}


FORMAT = LineFormat(trainer=NAME, triggers=(_BEGIN.encode(),), parse=_parse)

INTERNEVO = Trainer(name=NAME, lines=(lines_of(FORMAT),))
