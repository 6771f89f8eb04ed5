"""Write the report's tables as CSV, in full precision, named as RESULTS.json names things.

Invariant: no cell is a formula to a spreadsheet: text that would begin one is preceded by an apostrophe
(OWASP, "CSV Injection").
"""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from afterall.model import Attempt, Checkpoint, Experiment, Report, Scalar
from afterall.render.escaping import shown
from afterall.render.words.measures import iso
from afterall.render.words.numbers import not_finite, real
from afterall.render.words.states import slurm_word

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Row = Mapping[str, Scalar]


def experiments_csv(report: Report) -> bytes:
    """Return a row for each experiment: its latest attempt, its parameters, its metrics with their units."""
    experiments = report.experiments
    parameters = sorted({name for e in experiments for name in e.parameters})
    metrics = sorted({name for e in experiments for name in e.metrics})
    columns = [
        *("name", "path", "state", "training_completed", "attempts"),
        *(
            "job_id",
            "slurm_state",
            "exit_code",
            "signal",
            "submit",
            "start",
            "end",
            "elapsed_s",
            "nodes",
            "gpus",
        ),
        *(f"parameters.{name}" for name in parameters),
        *(f"metrics.{name}" for name in metrics),
    ]
    return csv_bytes(columns, _in_columns(columns, map(_experiment, experiments)))


def checkpoints_csv(report: Report) -> bytes:
    """Return a row for each checkpoint of each experiment."""
    columns = (
        *("experiment", "name", "path", "kind", "verdict", "tier", "epoch", "step", "is_final"),
        *("size_bytes", "files", "findings"),
    )
    rows = (_checkpoint(e.name, c) for e in report.experiments for c in e.checkpoints)
    return csv_bytes(columns, _in_columns(columns, rows))


def _experiment(experiment: Experiment) -> Row:
    return {
        "name": experiment.name,
        "path": experiment.layout.path,
        "state": experiment.state.value,
        "training_completed": experiment.completion.value,
        "attempts": len(experiment.attempts),
        **(_attempt(experiment.latest) if experiment.latest else {}),
        **{f"parameters.{name}": fact.value for name, fact in experiment.parameters.items()},
        **{f"metrics.{name}": fact.value for name, fact in experiment.metrics.items()},
    }


def _attempt(attempt: Attempt) -> Row:
    times = {"submit": attempt.submit, "start": attempt.start, "end": attempt.end}
    return {
        "job_id": attempt.display_id or attempt.job_id,
        "slurm_state": slurm_word(attempt),
        "exit_code": attempt.exit_code,
        "signal": attempt.signal,
        **{name: iso(when) for name, when in times.items() if when is not None},
        "elapsed_s": attempt.elapsed_s,
        "nodes": attempt.nodes,
        "gpus": attempt.gpus,
    }


def _checkpoint(experiment: str, checkpoint: Checkpoint) -> Row:
    return {
        "experiment": experiment,
        "name": checkpoint.name,
        "path": checkpoint.path,
        "kind": checkpoint.kind.value,
        "verdict": checkpoint.verdict.value,
        "tier": checkpoint.tier.value if checkpoint.tier else None,
        "epoch": checkpoint.epoch,
        "step": checkpoint.step,
        "is_final": checkpoint.is_final,
        "size_bytes": checkpoint.size_bytes,
        "files": len(checkpoint.files),
        "findings": " ".join(dict.fromkeys(finding.code.value for finding in checkpoint.findings)),
    }


def _in_columns(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[list[str]]:
    """Yield the cells of each row; a column that it lacks is empty."""
    for row in rows:
        yield [cell(row.get(column)) for column in columns]


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a table: its columns, then a line for each row of cells, as `cell` returns them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_text(column) for column in columns])
    writer.writerows(rows)
    return out.getvalue().encode()


def cell(value: Scalar) -> str:
    """Return a value as it stands in a table: numbers in full, text that no spreadsheet runs."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value) if abs(value) < 2**63 else cell(real(value))
        case float():
            return repr(value) if math.isfinite(value) else not_finite(value)
        case str():
            return _text(value)


def _text(value: str) -> str:
    told = shown(value)
    return f"'{told}" if told.startswith(_FORMULA) else told
