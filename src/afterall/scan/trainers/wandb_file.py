"""Read the binary `.wandb` file of a run: history, configuration, exit, environment, samples of its GPUs.

Format: protobuf `Record` of wandb/proto/wandb_internal.proto, 0.13 to 0.31. Values are JSON texts, NaN and
Infinity as Python writes them. A killed run's file ends without an exit record. The summary counts only where
the file has no history. HF's trainers that share a run count `train/global_step` each from the beginning: the
last training counts, and no evaluation behind it at step 0.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from afterall.errors import BadInput
from afterall.model import Entry, Evidence, Fact, Source
from afterall.scan.parameters.flat import flatten
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.gpu_samples import GpuSamples
from afterall.scan.trainers.metric_names import KNOWN, STEP_FROM_ZERO, STEP_NAMES
from afterall.scan.trainers.protobuf import fields
from afterall.scan.trainers.retracing import Retracing
from afterall.scan.trainers.rows import Rows, count_in, number_in
from afterall.scan.trainers.trainer import TraceFiles, newest
from afterall.scan.trainers.wandb_environment import add_samples, of_environment, of_telemetry
from afterall.scan.trainers.wandb_framing import HEADER, records

NAME = "wandb"
_HISTORY, _SUMMARY, _CONFIG, _STATS, _TELEMETRY, _RUN, _EXIT, _ENVIRONMENT = 2, 3, 5, 7, 11, 17, 18, 26
WANTED = frozenset(
    {*KNOWN, *STEP_NAMES, STEP_FROM_ZERO, "_step", "_runtime", "total_flos", "train/total_flos"}
)
"""Names that give a curve or a step, or tell by their neighbourhood what others mean."""
_HF_STEP = "train/global_step"
_STATS_ITEM = 3
_MOST_CONFIG_ITEMS = 2000


class _Run:
    """One run's records as they come."""

    def __init__(self, file: str) -> None:
        self.rows = Rows("history record {}")
        self.config: dict[str, object] = {}
        self.exit_code: int | None = None
        self.runtime: Fact | None = None
        self.job_id: str | None = None
        self.provenance: dict[str, Fact] = {}
        self.samples = GpuSamples()
        self.summary: dict[str, float] = {}
        self._file = file
        self._count = 0
        self._retracing = Retracing()
        self._has_trained = False

    def take(self, record: bytes) -> None:
        for number, value in fields(record):
            if not isinstance(value, bytes):
                continue
            if number == _HISTORY:
                self._take_history(value)
            elif number == _SUMMARY:
                self._take_summary(value)
            elif number == _STATS:
                add_samples(_items(value, _STATS_ITEM), self.samples)
            elif number == _TELEMETRY:
                self.provenance = {
                    **of_telemetry(value, Source(self._file, "telemetry record")),
                    **self.provenance,
                }
            elif number == _CONFIG:
                self._take_config(value)
            elif number == _RUN:
                for inner, config in fields(value):
                    if inner == 4 and isinstance(config, bytes):
                        self._take_config(config)
            elif number == _EXIT:
                self.exit_code = next((v for n, v in fields(value) if n == 1 and isinstance(v, int)), 0)
            elif number == _ENVIRONMENT:
                self._take_environment(value)

    def _take_history(self, message: bytes) -> None:
        self._count += 1
        row = {name: number_in(text) for name, text in _items(message) if name in WANTED}
        counted = count_in(row.pop("_step", None))
        runtime = row.pop("_runtime", None)
        if runtime is not None:
            self.runtime = Fact(runtime, Source(self._file, f"history record {self._count}"), "s")
        if self._is_another_trainers(row):
            return
        self.rows.add(row, self._count, None if counted is None else counted + 1)

    def _is_another_trainers(self, row: Mapping[str, float | None]) -> bool:
        """Tell whether a trainer evaluated that had not trained; forget trainings before the last one."""
        step = count_in(row.get(_HF_STEP))
        if step is None:
            return False
        if "train/loss" in row:
            self._has_trained = True
            self._retracing.at_step(step, self.rows)
        return step == 0 and self._has_trained and "train/loss" not in row

    def _take_summary(self, message: bytes) -> None:
        """Take what changed in the summary; names are few, as only known ones are kept."""
        for name, text in _items(message):
            number = number_in(text) if name in WANTED else None
            if number is not None:
                self.summary[name] = number

    def _take_config(self, message: bytes) -> None:
        for name, text in _items(message):
            if name == "_wandb" or name.startswith("_wandb.") or len(self.config) >= _MOST_CONFIG_ITEMS:
                continue
            try:
                self.config[name] = json.loads(text)
            except (ValueError, RecursionError):
                continue

    def _take_environment(self, message: bytes) -> None:
        self.provenance |= of_environment(message, Source(self._file, "environment record"))
        for number, value in fields(message):
            if number == 27 and isinstance(value, bytes):
                pair = {n: v.decode("utf-8", "replace") for n, v in fields(value) if isinstance(v, bytes)}
                if pair.get(1) == "job_id" and pair.get(2, "").isdecimal():
                    self.job_id = pair[2]


def read_run(file: IO[bytes], name: str) -> Trace:
    """Return what a `.wandb` file holds; raise BadInput for a file that is none.

    wandb writes the first bytes at once and the records in blocks: a run that was killed early has none.
    """
    head = file.read(len(HEADER))
    if head != HEADER:
        problem = "is no run file of wandb, or was cut within its first bytes" if head else "is empty"
        raise BadInput(name, problem)
    file.seek(0)
    run = _Run(name)
    for record in records(file):
        run.take(record)
    ended = run.exit_code is not None
    where = f"exit record, code {run.exit_code}" if ended else "no exit record"
    facts = run.samples.facts(name)
    if run.runtime is not None and "train_seconds" not in run.rows.curves:
        facts["train_seconds"] = run.runtime
    if not run.rows.curves:
        run.rows = Rows("summary record")
        run.rows.add_last({key: value for key, value in run.summary.items() if key[0] != "_"}, 0)
    return Trace(
        trainer=NAME,
        origin=Origin.HISTORY,
        file=name,
        curves=run.rows.curves,
        facts=facts,
        provenance=run.provenance,
        parameters=flatten(run.config, name).values,
        evidence=(
            Evidence("wandb_exit" if ended else "no_wandb_exit", run.exit_code == 0, Source(name, where)),
        ),
        trains=False,
        job_id=run.job_id,
    )


def _items(message: bytes, field: int = 1) -> Iterator[tuple[str, str]]:
    """Yield the names and JSON texts in a message's items: {1, 2 key, 16 JSON}, in field 1 or another."""
    for number, item in fields(message):
        if number != field or not isinstance(item, bytes):
            continue
        keys: list[str] = []
        text = ""
        for inner, value in fields(item):
            if isinstance(value, bytes):
                if inner in (1, 2):
                    keys.append(value.decode("utf-8", "replace"))
                elif inner == 16:
                    text = value.decode("utf-8", "replace")
        yield ".".join(keys), text


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([e for e in entries if e.name.startswith("run-") and e.name.endswith(".wandb")], 3)


RUN_FILES = TraceFiles(choose=_choose, read=read_run)
