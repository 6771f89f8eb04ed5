"""Read every evaluation log of one experiment.

Invariant: one evaluation for each log at least; one that cannot be read is UNREADABLE and has a finding.
Whether a failed evaluation matters is for analysis to say: it knows which were repeated.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from afterall.model import (
    Checkpoint,
    EntryKind,
    Evaluation,
    EvaluationStatus,
    ExperimentLayout,
    Finding,
    FindingCode,
    Source,
)
from afterall.scan.evaluations.places import at_their_checkpoints
from afterall.scan.evaluations.programs import PROGRAMS, Program, program_of, read_evaluation_file
from afterall.scan.evaluations.sampling import with_samples
from afterall.scan.guarded import read_guarded


def read_evaluations(
    set_dir: Path, layout: ExperimentLayout, checkpoints: Sequence[Checkpoint] = ()
) -> tuple[tuple[Evaluation, ...], tuple[Finding, ...]]:
    """Return the evaluations in the order of their logs' paths, and findings on logs that cannot be read.

    `checkpoints` are the experiment's, of which an evaluation may name one by its path.
    """
    evaluations: list[Evaluation] = []
    findings: list[Finding] = []
    set_name = set_dir.resolve().name
    home = f"{set_name}/{layout.path}" if layout.path else ""
    for path, program in _files(layout):
        read = partial(read_evaluation_file, home=home)
        found, problem = read_guarded(set_dir, path, FindingCode.EVALUATION_UNREADABLE, read)
        evaluations += found or ()
        if problem is not None:
            findings.append(problem)
            told = str(problem.evidence.get("problem", ""))
            evaluations += [_unreadable(path, told)] if program.is_log else []
    placed = at_their_checkpoints(evaluations, checkpoints, layout.path, set_name)
    return with_samples(set_dir, placed), tuple(findings)


def _files(layout: ExperimentLayout) -> Iterator[tuple[str, Program]]:
    """Yield the files of evaluations with their programs, inspect-ai's logs first, so many of a program."""
    own = (entry.path for entry in layout.entries if entry.kind is EntryKind.FILE)
    paths = dict.fromkeys((*own, *layout.evaluation_logs))
    known = [(path, program) for path in paths if (program := program_of(path)) is not None]
    logs = set(layout.evaluation_logs)
    for program in PROGRAMS:
        its = [path for path, each in known if each is program and (path in logs or not program.is_log)]
        for path in (sorted(its) if program.is_log else its)[: program.most_files]:
            yield path, program


def _unreadable(path: str, problem: str) -> Evaluation:
    name = path.rpartition("/")[2].removesuffix(".eval")
    task = name.split("_")[1] if name.count("_") >= 2 else name
    return Evaluation(task=task, status=EvaluationStatus.UNREADABLE, source=Source(path), error=problem)
