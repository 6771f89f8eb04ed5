"""Read trainer_state.json and the result files that HF Trainer, TRL, Axolotl and LLaMA-Factory leave.

Format: `log_history` holds rows of a training log, a validation, or, last and only in the copy beside the
weights, the totals. `train_loss` is the mean over the run. NaN stands bare, as Python's json writes it.
Source: transformers 4.x to 5.23, trainer_callback.py and trainer_pt_utils.py.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import IO

from afterall.errors import BadInput
from afterall.model import Entry, Evidence, Fact
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers import trl
from afterall.scan.trainers.huggingface_rows import usual_name
from afterall.scan.trainers.huggingface_scores import final_scores, last_scores
from afterall.scan.trainers.huggingface_totals import is_totals, understood
from afterall.scan.trainers.line_files import MOST_JSON_BYTES, read_bounded, read_json
from afterall.scan.trainers.rows import Rows, count_in, number_in
from afterall.scan.trainers.trainer import TraceFiles, newest

NAME = "huggingface"
BESIDE_MODEL = frozenset({"training_args.bin", "trainer_state.json"})
"""One of these lies beside every model that the Trainer saved."""
_CHECKPOINT = re.compile(r"(?:^|/)checkpoint-(\d{1,12})/trainer_state\.json$")
_ITS_OWN = frozenset(
    {"epoch", "train_runtime", "eval_runtime", "train_samples", "eval_samples", "predict_samples"}
)
"""One of these stands in every file of results, in those of releases without times the epoch."""
_OF_SPLITS = re.compile(r"train_|eval_|num_input_tokens_seen$|peak_memory_alloc$|total_flos$")
_RESULTS = ("all_results.json", "train_results.json", "eval_results.json")


def read_state(file: IO[bytes], name: str) -> Trace | None:
    """Return the trace in a trainer_state.json; raise BadInput where it is damaged."""
    state = read_json(file, name)
    told = state.get("log_history")
    if not isinstance(told, list):
        return None
    history = [_usual(row) for row in told]
    rows = Rows("key log_history[{}]")
    totals: int | None = None
    is_trls = False
    for names, alike in groupby(enumerate(history), _names_of):
        if names is None:
            continue
        places, group = zip(*alike, strict=True)
        if is_totals(names):
            for place, row in zip(places, group, strict=True):
                rows.add(understood(row), place)
            totals = places[-1] if "train_runtime" in names else totals
        else:
            rows.add_alike(group, places)
        is_trls = is_trls or trl.is_trls(names)
    trainer = trl.NAME if is_trls else NAME
    trace = Trace(trainer=trainer, origin=Origin.TRAINER_STATE, file=name, curves=rows.curves)
    trace.facts = _facts(state, trace)
    trace.parameters = _parameters(state, trace)
    trace.steps_per_epoch = _steps_per_epoch(state)
    trace.validation = last_scores(history, name)
    if totals is not None:
        trace.evidence = (Evidence("done_line", True, trace.source(f"key log_history[{totals}]")),)
    return trace


def _usual(row: object) -> object:
    """Return a row of the history under the names that most trainers give; what is no row, as it is."""
    if isinstance(row, dict) and ("embedding_loss" in row or "eval_embedding_loss" in row):
        return {usual_name(name, row): value for name, value in row.items()}
    return row


def _names_of(placed: tuple[int, object]) -> tuple[str, ...] | None:
    """Return the names in a row of the history; None where it is no row."""
    row = placed[1]
    return tuple(row) if isinstance(row, dict) else None


def read_results(file: IO[bytes], name: str) -> Trace | None:
    """Return the trace in an {all,train,eval}_results.json; raise BadInput where it is damaged."""
    results = _results_in(file, name)
    rows = Rows("top level")
    rows.add_last({key: value for key, value in understood(results).items() if _OF_SPLITS.match(key)}, 0)
    scores = final_scores(results, name)
    if not len(rows) and scores is None:
        return None
    trace = Trace(trainer=NAME, origin=Origin.RESULTS, file=name, curves=rows.curves, validation=scores)
    if "train_runtime" in results:
        trace.evidence = (Evidence("done_line", True, trace.source("key train_runtime")),)
    return trace


def _results_in(file: IO[bytes], name: str) -> Mapping[str, object]:
    """Return what `save_metrics` wrote, nothing of another program's file; raise BadInput for no JSON.

    Many programs call a file of theirs all_results.json.
    """
    data = read_bounded(file, name, MOST_JSON_BYTES)
    try:
        results = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(name, "is cut short or no JSON" if data else "is empty") from error
    return results if isinstance(results, dict) and not _ITS_OWN.isdisjoint(results) else {}


def _facts(state: Mapping[str, object], trace: Trace) -> dict[str, Fact]:
    """Return what the state says of progress; `max_steps` is 0 where training was not set up."""
    facts = {}
    for key, metric in (
        ("global_step", "global_step"),
        ("max_steps", "planned_steps"),
        ("epoch", "epochs"),
        ("num_train_epochs", "planned_epochs"),
    ):
        value = number_in(state.get(key)) if metric == "epochs" else count_in(state.get(key))
        if value is None or not math.isfinite(value) or value < 0:
            continue
        if metric.startswith("planned") and value == 0:
            continue
        facts[metric] = Fact(value, trace.source(f"key {key}"))
    return facts


def _parameters(state: Mapping[str, object], trace: Trace) -> dict[str, Fact]:
    return {
        key: Fact(int(number), trace.source(f"key {key}"))
        for key in ("num_train_epochs", "train_batch_size", "logging_steps", "save_steps")
        if (number := number_in(state.get(key))) is not None and 0 < number < 1e12 and number == int(number)
    }


def _steps_per_epoch(state: Mapping[str, object]) -> float | None:
    """Return the optimizer steps of an epoch: reached steps over reached epochs."""
    step, epoch = number_in(state.get("global_step")), number_in(state.get("epoch"))
    if step is None or epoch is None or not (step > 0 and 0 < epoch < 1e9):
        return None
    return step / epoch


def _choose_state(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the newest state beside weights of a whole run, and that of the last checkpoint."""
    states = [entry for entry in entries if entry.name == "trainer_state.json"]
    saved = [(int(found[1]), entry) for entry in states if (found := _CHECKPOINT.search(entry.path))]
    whole = newest([entry for entry in states if not _CHECKPOINT.search(entry.path)])
    last = max(saved, key=lambda pair: (pair[0], pair[1].mtime_ns, pair[1].path), default=None)
    return whole if last is None else [*whole, last[1]]


def _choose_results(entries: Sequence[Entry]) -> Sequence[Entry]:
    chosen = [newest([e for e in entries if e.name == name and not _in_checkpoint(e)]) for name in _RESULTS]
    return [entry for group in chosen for entry in group]


def _in_checkpoint(entry: Entry) -> bool:
    return re.search(r"(?:^|/)checkpoint-\d+/", entry.path) is not None


STATE_FILES = TraceFiles(choose=_choose_state, read=read_state)
RESULT_FILES = TraceFiles(choose=_choose_results, read=read_results)
