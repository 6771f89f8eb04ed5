"""Say how the set stands as a whole, in one line.

Invariant: "completed" means that training reached its own end; what Slurm calls it is added where it differs.
"""

from collections import Counter

from afterall.model import Experiment, FindingCode, Report, SetStatus, Severity, State
from afterall.render.composing import joined, md, plural
from afterall.render.escaping import Markdown
from afterall.render.words.states import STATES, slurm_word

_AFTER_TRAINING = (FindingCode.EVALUATION_FAILED, FindingCode.EVALUATION_UNREADABLE)
"""Errors that take nothing from a completed training."""


def has_trained(experiment: Experiment) -> bool:
    """Tell whether training reached its end; where the files do not tell, Slurm's COMPLETED counts."""
    if experiment.completion.value is None:
        return experiment.state is State.COMPLETED
    return experiment.completion.value


def completion_status(report: Report) -> Markdown:
    """Return the status line with its mark: "✓ All 4 experiments completed successfully"."""
    total, trained = len(report.experiments), report.set.trained
    if not total:
        return Markdown("⚠️ No experiment was found")
    rest = _rest(report)
    if report.set.status is SetStatus.INCOMPLETE:
        return md("⚠️ Incomplete: {} of {} completed{}", trained, plural(total, "experiment"), rest)
    if trained == total:
        return _all_completed(report)
    if not trained:
        what = (
            "The experiment did not complete" if total == 1 else f"None of the {total} experiments completed"
        )
        return md("✗ {}{}", what, rest)
    return md("⚠️ {} of {} experiments completed successfully{}", trained, total, rest)


def provisional(report: Report) -> Markdown:
    """Return the warning that heads the report while jobs live, "" once none does."""
    running = report.set.counts.get(State.RUNNING, 0)
    pending = report.set.counts.get(State.PENDING, 0)
    told = [
        plural(running, "experiment is still running", "experiments are still running") if running else "",
        plural(pending, "is waiting", "are waiting") if running and pending else "",
        plural(pending, "experiment is waiting", "experiments are waiting")
        if pending and not running
        else "",
    ]
    if not running + pending:
        return Markdown("")
    living = " and ".join(part for part in told if part)
    return md("**⚠️ This report is provisional:** {}; numbers below may change.", living)


def _all_completed(report: Report) -> Markdown:
    total = len(report.experiments)
    errors = [f for f in report.findings if f.gravity is Severity.ERROR and f.experiment]
    hurt = {finding.experiment for finding in errors if finding.code not in _AFTER_TRAINING}
    failed = sum(finding.code in _AFTER_TRAINING for finding in errors)
    success = "The experiment" if total == 1 else f"All {total} experiments"
    if hurt:
        return md(
            "⚠️ {} completed, but {} (see [Issues and Notes](#issues-and-notes))",
            success,
            plural(len(hurt), "has errors", "have errors"),
        )
    words = Counter(
        slurm_word(attempt)
        for experiment in report.experiments
        if experiment.state is not State.COMPLETED and (attempt := experiment.latest) and slurm_word(attempt)
    )
    marked = joined([md("{} {:code}", plural(n, "job"), word) for word, n in sorted(words.items())])
    but = [
        md("Slurm marked {}", marked) if words else Markdown(""),
        md("{} failed", plural(failed, "evaluation")) if failed else Markdown(""),
    ]
    status = md("✓ {} completed successfully", success)
    if not any(but):
        return status
    return md("{}; {} (see [Issues and Notes](#issues-and-notes))", status, joined(filter(None, but)))


def _rest(report: Report) -> Markdown:
    """Return "; 1 out of memory, 1 not submitted" for those whose training did not reach its end."""
    states = Counter(e.state for e in report.experiments if not has_trained(e))
    told = [_told(states[state], state) for state in STATES if states[state]]
    return md("; {}", ", ".join(told)) if told else Markdown("")


def _told(amount: int, state: State) -> str:
    if state is State.COMPLETED:
        return f"{amount} ended without finishing its training"
    if state is State.UNKNOWN:
        return f"{amount} in unknown state"
    return f"{amount} {STATES[state]}"
