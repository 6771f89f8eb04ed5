"""Tell numbers that no sound training gives (not finite, of no step at all), and those that are guesses."""

from collections.abc import Iterator, Mapping, Sequence

from afterall.model import Fact, Finding, FindingCode, Scalar, Severity
from afterall.scan.precedence import Told, for_curve, for_last, told
from afterall.scan.traces import Origin, Trace

_LOSSES = ("loss", "val_loss", "policy_loss", "value_loss")
"""What is a finding where it is not finite; of a policy that learns from a reward there is no other loss."""


def judge_numbers(
    traces: Sequence[Trace], metrics: Mapping[str, Fact], steps_per_epoch: float | None
) -> Iterator[Finding]:
    """Yield the findings on one run's numbers."""
    found = {name: told(traces, name, steps_per_epoch) for name in _LOSSES}
    yield from _guessed(found)
    for name, sources in found.items():
        finding = _not_finite(name, for_curve(sources)) if sources else None
        if finding is not None:
            yield finding
    hidden = _hidden_divergence(traces, steps_per_epoch)
    if hidden is not None:
        yield hidden
    reached = metrics.get("global_step")
    if reached is not None and reached.value == 0:
        planned = metrics.get("planned_steps")
        evidence: dict[str, Scalar] = {"planned_steps": planned.value} if planned and planned.value else {}
        yield Finding(code=FindingCode.ZERO_STEPS, evidence=evidence, sources=(reached.source,))


def _guessed(found: Mapping[str, Sequence[Told]]) -> Iterator[Finding]:
    """Yield the finding on a run whose loss is no more than a number behind the word."""
    used = [for_last(sources) for sources in found.values() if sources]
    guesses = [one for one in used if one.trace.origin is Origin.GUESS]
    if guesses:
        one = guesses[0]
        yield Finding(
            code=FindingCode.LOSS_GUESSED,
            subject=one.trace.file,
            evidence={"points": len(one.rows)},
            sources=(one.source(one.rows[0]), one.source(one.rows[-1])),
        )


def _not_finite(name: str, one: Told) -> Finding | None:
    bad = one.rows.not_finite
    if not bad:
        return None
    at_end = bad[-1] == len(one.rows) - 1
    evidence: dict[str, Scalar] = {
        "metric": name,
        "at_end": at_end,
        "not_finite": len(bad),
        "points": len(one.rows),
    }
    if one.is_placed:
        evidence["first_step"] = one.rows.steps[bad[0]]
    return Finding(
        code=FindingCode.LOSS_NOT_FINITE,
        subject=name,
        evidence=evidence,
        sources=(one.source(one.rows[bad[0]]), one.source(one.rows[bad[-1]])),
        severity=None if at_end else Severity.WARNING,
    )


def _hidden_divergence(traces: Sequence[Trace], steps_per_epoch: float | None) -> Finding | None:
    """Return the finding on a run whose loss looks sound and whose gradients were NaN to the end.

    HF Trainer replaces a loss that is not finite before it logs it (`logging_nan_inf_filter`, on by default).
    """
    losses = told(traces, "loss", steps_per_epoch)
    norms = told(traces, "grad_norm", steps_per_epoch)
    if not losses or not norms or for_curve(losses).rows.not_finite:
        return None
    one = for_curve(norms)
    bad = one.rows.not_finite
    if len(bad) < 2 or bad[-1] != len(one.rows) - 1:
        return None
    evidence: dict[str, Scalar] = {
        "metric": "grad_norm",
        "at_end": True,
        "not_finite": len(bad),
        "points": len(one.rows),
    }
    if one.is_placed:
        evidence["first_step"] = one.rows.steps[bad[0]]
    return Finding(
        code=FindingCode.LOSS_NOT_FINITE,
        subject="grad_norm",
        evidence=evidence,
        sources=(one.source(one.rows[bad[0]]),),
    )
