"""Read the JSON lines of verl's own file logger: what its printed rows tell, in full.

Format: `{"step":12,"data":{"actor/pg_loss":0.0123,…}}`, a row a line, at the place that VERL_FILE_LOGGER_PATH
names, else `<VERL_FILE_LOGGER_ROOT>/<project>/<experiment>.jsonl`; NaN and infinity are null, as orjson
writes them. A start writes the file anew; copies of verl that append leave twice what a resumed run trained
again.
Source: verl 0.5 to 0.7, utils/tracking.py (FileLogger).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import IO

from afterall.model import Entry, Evaluation, Fact, Source
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import json_row, whole_lines
from afterall.scan.trainers.retracing import Retracing
from afterall.scan.trainers.rows import Rows, count_in
from afterall.scan.trainers.trainer import TraceFiles, newest
from afterall.scan.trainers.verl_rows import NAME, kept, scores, validation_of

_MOST_FILES = 6
_BEGIN = re.compile(rb'\{"step": ?\d')
_OF_METRICS = re.compile(r"(?i)metric|log|train|verl")
_NEVER = re.compile(r"\d+\.jsonl|(?i:samples|test|val|data|eval)[_-].*|trainer_log\.jsonl|logging\.jsonl")
"""Rollouts, which verl names by their step, samples of evaluations, datasets, and other trainers' rows."""


def read_metrics(file: IO[bytes], name: str) -> Trace | None:
    """Return the trace in a file of verl's logger; None where its first bytes are another program's.

    Raises BadInput where the steps of its rows go back without end.
    """
    if _BEGIN.match(file.read(16)) is None:
        return None
    rows, retracing = Rows("line {}"), Retracing()
    reached: Fact | None = None
    validation: Evaluation | None = None
    for number, line in whole_lines(file, name):
        told = json_row(line) or {}
        step, data = count_in(told.get("step")), told.get("data")
        if step is None or not isinstance(data, dict):
            continue
        source = Source(name, f"line {number}")
        row = kept(data)
        if any(key != "val/loss" for key in row):
            retracing.at_step(step, rows)
            reached = Fact(step, source)
        rows.add({"step": step, **_with_nan(row)}, number)
        if found := scores(data):
            validation = validation_of(step, found, source)
    retracing.refuse_endless(name)
    if not len(rows):
        return None
    return Trace(
        trainer=NAME,
        origin=Origin.METRICS_FILE,
        file=name,
        curves=rows.curves,
        facts={} if reached is None else {"global_step": reached},
        validation=validation,
        is_resumed=retracing.is_resumed,
    )


def _with_nan(row: Mapping[str, object]) -> Mapping[str, object]:
    return {name: float("nan") if value is None else value for name, value in row.items()}


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return a few files whose first bytes tell whether they are it: first what is named after metrics.

    Of one directory's files the newest: each start may write one of its own.
    """
    mine = [each for each in entries if each.name.endswith(".jsonl") and not _NEVER.fullmatch(each.name)]
    likely = [entry for entry in mine if _OF_METRICS.search(entry.name)]
    others = [entry for entry in mine if not _OF_METRICS.search(entry.name)]
    return [*_newest_of_each(likely), *_newest_of_each(others)][:_MOST_FILES]


def _newest_of_each(entries: Sequence[Entry]) -> Iterable[Entry]:
    """Return the newest entry of each directory, the newest first."""
    found: dict[str, Entry] = {}
    for entry in newest(entries, len(entries)):
        found.setdefault(entry.parent, entry)
    return found.values()


METRICS_FILES = TraceFiles(choose=_choose, read=read_metrics, may_be_empty=True)
