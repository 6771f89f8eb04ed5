"""Read the rows that ms-swift prints while it trains by Megatron.

Format: `{'loss': 1.25, 'grad_norm': 0.5, 'learning_rate': 1e-05, 'iteration': '10/100', 'elapsed_time': '1m
2s', 'remaining_time': '9m 18s', 'memory(GiB)': 56.74, 'train_speed(s/it)': 6.2}`, and of a validation
`{'eval_loss': 1.5, 'iteration': '10/100', …}`, without an epoch, so that they are none of HF Trainer's. Speed
is that since the run began, memory what torch reserved at most. Source: swift/megatron/callbacks/print.py.
"""

import re

from afterall.scan.curves import Rounding
from afterall.scan.trainers.huggingface_series import PAIR
from afterall.scan.trainers.line_format import PLANNED, LineFormat, Row
from afterall.scan.trainers.rows import number_in

_ROW = re.compile(r"\{'[\w/. ()@-]{1,80}': [^\n]{1,10000}\}$")
_PLACE = re.compile(r"(\d{1,12})/(\d{1,12})")
_SPEED = "train_speed(s/it)"
_MEMORY = "memory(GiB)"


def _parse(text: str) -> Row | None:
    found = _ROW.search(text)
    told = {} if found is None else {name: quoted or bare for name, quoted, bare in PAIR.findall(found[0])}
    place = _PLACE.fullmatch(told.pop("iteration", ""))
    seconds = number_in(told.pop(_SPEED, None))
    if place is None or seconds is None or "epoch" in told:
        return None
    row: dict[str, object] = {**told, "step": int(place[1]), PLANNED: place[2]}
    if _MEMORY in told:
        row["peak_memory_reserved"] = told[_MEMORY]
    return {**row, "train_steps_per_second": 1 / seconds} if seconds > 0 else row


def format_of(trainer: str) -> LineFormat:
    """Return the format of these rows, which `trainer` prints."""
    return LineFormat(
        trainer=trainer,
        triggers=(f"'{_SPEED}': ".encode(),),
        parse=_parse,
        rounding=Rounding(decimals=8),
    )
