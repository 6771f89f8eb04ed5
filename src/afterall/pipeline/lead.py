"""Lead one set through the stages: discover, observe, scan, analyse, render, publish.

Invariant: the report is a function of what was found and what Slurm said; running twice gives the same bytes.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from afterall.analyse import Material, analyse, left_traces
from afterall.discover import discover
from afterall.errors import BadInput
from afterall.model import Experiment, Observation, Report, SetLayout, Tier
from afterall.pipeline.drawing import prepare_drawing
from afterall.pipeline.observers import Observer, handed_over
from afterall.pipeline.survey import Survey, survey
from afterall.pipeline.telling import Progress, silent
from afterall.publish import Published
from afterall.scan.checkpoints import Examination, Memory, memory_directory, read_memory, write_memory
from afterall.scan.crew import scan_experiments
from afterall.scan.evaluations import shared_evaluations, with_shared
from afterall.scan.files import read_whole

_MAX_LOOKS = 3
_MAX_README_BYTES = 2**20


class Reading(Struct, frozen=True):
    """How a set is read and told: how deep its checkpoints are verified, who hears of it, which documents."""

    depth: Tier = Tier.QUICK
    remembers: bool = True
    """True: checkpoints that have not changed since they were verified are not looked at again."""
    progress: Progress = silent
    as_page: bool = False
    """True: the report is written as RESULTS.html too, whatever the settings say."""


QUICK = Reading()


class Outcome(Struct, frozen=True, kw_only=True):
    """The report that was written, and what became of its documents."""

    survey: Survey
    report: Report
    published: Published


def report(set_dir: Path, observer: Observer, reading: Reading = QUICK) -> Outcome:
    """Write a set's report; raises BadInput where it is no set, PublishRefused where it cannot be written."""
    return report_on(survey(set_dir, observer, reading.progress), reading)


def report_with(set_dir: Path, observation: Observation) -> Outcome:
    """Write a set's report from what somebody else has asked Slurm."""
    return report(set_dir, handed_over(observation))


def report_on(surveyed: Survey, reading: Reading = QUICK) -> Outcome:
    """Read and publish; where files changed meanwhile, do it again with the same word of Slurm's."""
    kept = ""
    directory = memory_directory(surveyed.set_dir, is_set=True)
    memory = read_memory(directory) if reading.remembers else Memory(keeps=False)
    for _ in range(_MAX_LOOKS):
        written = read(surveyed, reading, memory)
        _require_jobs(surveyed, written)
        with _frozen_heap():
            published = _write(surveyed, written, as_page=reading.as_page)
        kept = kept or published.kept
        now = discover(surveyed.set_dir, surveyed.settings)
        if now.entries == surveyed.layout.entries:
            break
        surveyed = survey(surveyed.set_dir, handed_over(surveyed.observation), reading.progress)
    if reading.remembers:
        write_memory(directory, memory)
    return Outcome(survey=surveyed, report=written, published=replace(published, kept=kept))


def read(surveyed: Survey, reading: Reading = QUICK, memory: Memory | None = None) -> Report:
    """Scan every experiment and draw the conclusions; writes nothing.

    `memory` is what is known of the set's checkpoints, and learns; None: whatever the set's own file says.
    """
    if memory is None:
        is_asked = reading.remembers
        memory = (
            read_memory(memory_directory(surveyed.set_dir, is_set=True)) if is_asked else Memory(keeps=False)
        )
    how = Examination(surveyed.set_dir, reading.depth, memory=memory)
    material = Material(
        layout=surveyed.layout,
        experiments=_scan_all(surveyed, how, reading.progress),
        matched=surveyed.matched,
        observation=surveyed.observation,
        settings=surveyed.settings,
        readme=_readme(surveyed.set_dir, surveyed.layout),
    )
    with _frozen_heap():
        return analyse(material)


@contextmanager
def _frozen_heap() -> Iterator[None]:
    """Keep the garbage collector off what is there: a large set is much to look through, again and again.

    Where one stands within another, the inner one's end gives all back, which costs no more than time.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _require_jobs(surveyed: Survey, written: Report) -> None:
    """Raise BadInput where no job of the set is known and none left a trace: there is nothing to report."""
    if surveyed.matched.unplaced or any(left_traces(e) or e.attempts for e in written.experiments):
        return
    asked = (
        "and Slurm knows of none" if surveyed.observation.accounting_answered else "and Slurm did not speak"
    )
    runs = len(written.experiments)
    raise BadInput(
        surveyed.set_dir,
        f"has no jobs: none of its {runs} experiment(s) has a log or a checkpoint, {asked}",
    )


def _write(surveyed: Survey, written: Report, *, as_page: bool) -> Published:
    if surveyed.settings.figures:
        prepare_drawing()
    from afterall.pipeline.writing import write  # noqa: PLC0415 (it imports what only a report needs)

    return write(surveyed, written, as_page=as_page)


def _scan_all(surveyed: Survey, how: Examination, progress: Progress) -> tuple[Experiment, ...]:
    def tell(name: str, done: int, total: int) -> None:
        progress(f"reading {name}", done, total)

    shared = shared_evaluations(surveyed.set_dir, surveyed.layout)
    experiments = [with_shared(one, shared) for one in surveyed.matched.experiments]
    sizes = {entry.path: entry.size_bytes for entry in surveyed.layout.entries}
    return scan_experiments(experiments, how, sizes, tell)


def _readme(set_dir: Path, layout: SetLayout) -> str | None:
    if layout.readme is None:
        return None
    try:
        return read_whole(set_dir, layout.readme, _MAX_README_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
