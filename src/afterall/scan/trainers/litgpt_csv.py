"""Read the metrics.csv that LitGPT logs: its `step` counts iterations, of which several make a step.

Invariant: iterations are never taken for optimizer steps: the curve keeps them as its rows' order, from which
`iterations` makes steps where a log tells how many are one.
Format: columns epoch, iter, iter_time, learning_rate, loss, step, tokens, total_tokens, val_loss, val_ppl;
`step` is `iter` in finetuning and one less in pretraining. Source: litgpt/finetune/*.py, pretrain.py.
"""

from collections.abc import Mapping
from typing import IO

from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.metrics_csv import choose, metrics_rows
from afterall.scan.trainers.rows import Rows, count_in, number_in
from afterall.scan.trainers.trainer import TraceFiles

NAME = "litgpt"
_OWN = frozenset({"iter", "iter_time"})
_COUNTS = frozenset({"iter", "step", "epoch", "tokens"})


def is_litgpt(header: Mapping[str, str]) -> bool:
    """Tell LitGPT's columns from those of other programs."""
    return header.keys() >= _OWN


def read_metrics(file: IO[bytes], name: str) -> Trace | None:
    """Return the trace in a metrics.csv of LitGPT; None for any other."""
    found = metrics_rows(file, name)
    if not is_litgpt(next(found, (0, {}))[1]):
        return None
    rows = Rows("line {}")
    behind = 0
    for number, row in found:
        step, iteration = count_in(row.get("step")), number_in(row.get("iter"))
        if step is None:
            continue
        if iteration is not None and 0 <= iteration - step <= 1:
            behind = int(iteration - step)
        rows.add({key: value for key, value in row.items() if key not in _COUNTS}, number, step + behind)
    if not len(rows):
        return None
    return Trace(trainer=NAME, origin=Origin.METRICS_FILE, file=name, curves=rows.curves)


METRICS_FILES = TraceFiles(choose=choose, read=read_metrics)
