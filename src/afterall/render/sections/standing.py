"""Say how the set stands as a whole, in one line.

Invariant: "completed" means that training reached its own end; what Slurm calls it is added where it differs.
"""

from collections import Counter

from afterall.model import Experiment, Finding, FindingCode, Report, SetStatus, Severity, State
from afterall.render.composing import all_experiments, joined, md, plural
from afterall.render.escaping import Markdown, text
from afterall.render.words.states import DOUBT, GOOD, STATES, slurm_word

_AFTER_TRAINING = (FindingCode.EVALUATION_FAILED, FindingCode.EVALUATION_UNREADABLE)
"""Errors that take nothing from a completed training."""

_UNTOLD_ENDS = (
    FindingCode.NO_ACCOUNTING_RECORD,
    FindingCode.JOB_STATE_UNKNOWN,
    FindingCode.JOB_ID_RECYCLED,
)


def has_trained(experiment: Experiment) -> bool:
    """Tell whether training reached its end; where the files do not tell, Slurm's COMPLETED counts."""
    if experiment.completion.value is None:
        return experiment.state is State.COMPLETED
    return experiment.completion.value


def is_end_unknown(experiment: Experiment) -> bool:
    """Tell whether neither the files nor Slurm tell if training reached its end."""
    return experiment.completion.value is None and experiment.state is State.UNKNOWN


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
    lost = len(diverged(report))
    if lost:
        return md("⚠️ {} of {} experiments completed, {} of them diverged{}", trained, total, lost, rest)
    return md("⚠️ {} of {} experiments completed successfully{}", trained, total, rest)


def diverged(report: Report) -> frozenset[str]:
    """Return the names of the experiments that came to their end and had diverged by then."""
    trained = {experiment.name for experiment in report.experiments if has_trained(experiment)}
    nans = [f for f in report.findings if f.code is FindingCode.LOSS_NOT_FINITE]
    lost = {finding.experiment for finding in nans if finding.gravity is Severity.ERROR}
    return frozenset(name for name in trained if name in lost)


def provisional(report: Report) -> Markdown:
    """Return the warning that heads the report while jobs live that can still run, "" once none does."""
    running = report.set.counts.get(State.RUNNING, 0)
    stuck = [f for f in report.findings if f.code is FindingCode.DEPENDENCY_NEVER_SATISFIED]
    pending = report.set.counts.get(State.PENDING, 0) - len(stuck)
    others = _living_others(report)
    told = [
        plural(running, "experiment is still running", "experiments are still running") if running else "",
        plural(pending, "is waiting", "are waiting") if running and pending else "",
        plural(pending, "experiment is waiting", "experiments are waiting")
        if pending and not running
        else "",
        plural(
            others, "job of no known experiment has not ended", "jobs of no known experiment have not ended"
        )
        if others
        else "",
    ]
    if not any(told):
        return Markdown("")
    living = " and ".join(part for part in told if part)
    return md("**⚠️ This report is provisional:** {}; numbers below may change.", living)


def _all_completed(report: Report) -> Markdown:
    total = len(report.experiments)
    errors = [f for f in report.findings if f.gravity is Severity.ERROR and f.experiment]
    hurt = {finding.experiment for finding in errors if finding.code not in _AFTER_TRAINING}
    failed = sum(finding.code in _AFTER_TRAINING for finding in errors)
    success = "The experiment" if total == 1 else all_experiments(total).capitalize()
    if hurt:
        return md(
            "⚠️ {} completed, but {} (see [Issues and Notes](#issues-and-notes))",
            success,
            plural(len(hurt), "has errors", "have errors"),
        )
    but = [
        md("Slurm marked {}", marked) if (marked := _marked(report)) else Markdown(""),
        md("{} failed", plural(failed, "evaluation")) if failed else Markdown(""),
        _untold_ends(report),
        _lost_jobs(report),
    ]
    status = md("{} {} completed successfully", Markdown(DOUBT if _lost_jobs(report) else GOOD), success)
    if not any(but):
        return status
    return md("{}; {} (see [Issues and Notes](#issues-and-notes))", status, joined(filter(None, but)))


def _rest(report: Report) -> Markdown:
    """Return "; 1 out of memory, 1 not submitted" for those whose training did not reach its end."""
    states = Counter(e.state for e in report.experiments if not has_trained(e))
    told = [text(_told(states[state], state)) for state in STATES if states[state]]
    living = sum(e.state.is_alive and has_trained(e) for e in report.experiments) + _living_others(report)
    if living:
        told.append(text(plural(living, "job has not ended", "jobs have not ended")))
    marked, lost = _marked(report), _lost_jobs(report)
    told += [md("Slurm marked {} though training reached its end", marked)] if marked else []
    told += [lost] if lost else []
    return md("; {}", joined(told)) if told else Markdown("")


def _marked(report: Report) -> Markdown:
    """Return "2 jobs `FAILED`" of those whose training reached its end all the same, "" for none."""
    words = Counter(
        slurm_word(attempt)
        for experiment in report.experiments
        if experiment.state not in (State.COMPLETED, State.UNKNOWN)
        and not experiment.state.is_alive
        and has_trained(experiment)
        and (attempt := experiment.latest)
        and slurm_word(attempt)
    )
    return joined([md("{} {:code}", plural(n, "job"), word) for word, n in sorted(words.items())])


def _untold_ends(report: Report) -> Markdown:
    """Return how many jobs nobody can tell the end of, "" for none."""
    ends = {f.experiment for f in report.findings if f.code in _UNTOLD_ENDS and f.gravity > Severity.INFO}
    return md("how {} ended is not known", plural(len(ends), "job")) if ends else Markdown("")


def _lost_jobs(report: Report) -> Markdown:
    """Return how many jobs ended, and not well, that no experiment has; "" for none."""
    lost = sum(_amount(f) for f in _of_no_experiment(report) if not f.evidence.get("are_alive"))
    if not lost:
        return Markdown("")
    return text(plural(lost, "job is of no known experiment", "jobs are of no known experiment"))


def _living_others(report: Report) -> int:
    return sum(_amount(f) for f in _of_no_experiment(report) if f.evidence.get("are_alive"))


def _of_no_experiment(report: Report) -> list[Finding]:
    """Return the findings on jobs that may be runs which the report lacks."""
    found = [f for f in report.findings if f.code is FindingCode.JOB_WITHOUT_EXPERIMENT]
    return [finding for finding in found if finding.gravity is not Severity.INFO]


def _amount(finding: Finding) -> int:
    jobs = finding.evidence.get("jobs")
    return jobs if isinstance(jobs, int) else 1


def _told(amount: int, state: State) -> str:
    if state is State.COMPLETED:
        return f"{amount} ended without finishing its training"
    if state is State.UNKNOWN:
        return f"{amount} in unknown state"
    if state is State.NODE_FAIL:
        return f"{amount} lost to a node failure"
    return f"{amount} {STATES[state]}"
