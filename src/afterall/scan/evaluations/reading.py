"""Read every evaluation log of one experiment.

Invariant: one evaluation for each log at least; one that cannot be read is UNREADABLE and has a finding.
Whether a failed evaluation matters is for analysis to say: it knows which were repeated.
"""

from pathlib import Path

from afterall.model import (
    EntryKind,
    Evaluation,
    EvaluationStatus,
    ExperimentLayout,
    Finding,
    FindingCode,
    Source,
)
from afterall.scan.evaluations.harness import FILE_NAME, read_harness_results
from afterall.scan.evaluations.inspect_ai import read_inspect_log
from afterall.scan.guarded import read_guarded

MOST_LOGS = 2000


def read_evaluations(
    set_dir: Path, layout: ExperimentLayout
) -> tuple[tuple[Evaluation, ...], tuple[Finding, ...]]:
    """Return the evaluations in the order of their logs' paths, and findings on logs that cannot be read."""
    evaluations: list[Evaluation] = []
    findings: list[Finding] = []
    for path in sorted(layout.evaluation_logs)[:MOST_LOGS]:
        found, problem = read_guarded(set_dir, path, FindingCode.EVALUATION_UNREADABLE, read_inspect_log)
        if found is not None:
            evaluations.append(found)
        if problem is not None:
            findings.append(problem)
            evaluations.append(_unreadable(path, str(problem.evidence.get("problem", ""))))
    for path in _harness_files(layout):
        tasks, problem = read_guarded(set_dir, path, FindingCode.EVALUATION_UNREADABLE, read_harness_results)
        evaluations += tasks or ()
        findings += [problem] if problem is not None else []
    return tuple(evaluations), tuple(findings)


def _harness_files(layout: ExperimentLayout) -> list[str]:
    files = (entry for entry in layout.entries if entry.kind is EntryKind.FILE)
    return [entry.path for entry in files if FILE_NAME.search(entry.path)][:MOST_LOGS]


def _unreadable(path: str, problem: str) -> Evaluation:
    name = path.rpartition("/")[2].removesuffix(".eval")
    task = name.split("_")[1] if name.count("_") >= 2 else name
    return Evaluation(task=task, status=EvaluationStatus.UNREADABLE, source=Source(path), error=problem)
