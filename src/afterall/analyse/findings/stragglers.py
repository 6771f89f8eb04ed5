"""Find runs that were markedly slower than others which ought to be as fast.

Of a group of equals the slow ones are those that took more than SHARE longer than the slowest of the others,
and by more than SPREADS times what the others lie apart; the others are at least FEWEST, and at least twice
as many. Invariant: nothing is said of why; where they ran is told as far as accounting names it.
"""

import re
import statistics
from collections.abc import Callable, Sequence

from msgspec import Struct

from afterall.analyse.equals import equals
from afterall.analyse.findings.evidence import finding, known
from afterall.analyse.groundwork import Groundwork
from afterall.analyse.nodes import nodes_in
from afterall.analyse.ordering import natural_key
from afterall.analyse.readings import finite_metric, has_trained
from afterall.model import Experiment, Finding, FindingCode, Scalar

SHARE = 0.15
SPREADS = 3.0
FEWEST = 3
LEAST_ELAPSED_S = 600
"""Of a job that took less, starting up is too large a part."""

THROUGHPUT = "tokens_per_second_per_gpu_median"
TRAINING = "train_seconds"
ELAPSED = "elapsed_s"


class Pace(Struct, frozen=True):
    """How fast a run was: `value` as it was read, `time` growing with the time for the same work."""

    run: Experiment
    measure: str
    value: float
    time: float
    work: tuple[object, ...] = ()
    """What two of them must share to be of the same work, and read in the same way."""


def judge_stragglers(ground: Groundwork) -> list[Finding]:
    """Return a finding on each run that was slower than its equals."""
    return [found for group in equals(ground) for found in _slower(group)]


def _slower(group: Sequence[Experiment]) -> list[Finding]:
    """Return the findings by the first measure that enough runs of the group have."""
    for read in _MEASURES:
        alike: dict[tuple[object, ...], list[Pace]] = {}
        for pace in filter(None, map(read, group)):
            alike.setdefault(pace.work, []).append(pace)
        enough = [paces for paces in alike.values() if len(paces) > FEWEST]
        if enough:
            return [found for paces in enough for found in _findings(*part(paces))]
    return []


def part(paces: Sequence[Pace]) -> tuple[list[Pace], list[Pace]]:
    """Return the slow ones and their equals, both from fast to slow; no slow ones where none stands apart."""
    ordered = sorted(paces, key=lambda pace: pace.time)
    for many in range(FEWEST, len(ordered)):
        fast, slow = ordered[:many], ordered[many:]
        gap, spread = slow[0].time - fast[-1].time, fast[-1].time - fast[0].time
        if many >= 2 * len(slow) and gap > SHARE * fast[-1].time and gap > SPREADS * spread:
            return slow, fast
    return [], ordered


def _findings(slow: Sequence[Pace], fast: Sequence[Pace]) -> list[Finding]:
    return [
        finding(FindingCode.STRAGGLER, pace.run, known({**_numbers(pace, fast), **_place(pace, slow, fast)}))
        for pace in slow
    ]


def _numbers(pace: Pace, fast: Sequence[Pace]) -> dict[str, Scalar]:
    unit = "" if pace.measure == THROUGHPUT else "_s"
    gpu = pace.run.provenance.get("gpu")
    return {
        "measure": pace.measure,
        f"value{unit}": pace.value,
        f"usual{unit}": statistics.median(each.value for each in fast),
        f"slowest{unit}": fast[-1].value,
        "longer": pace.time / statistics.median(each.time for each in fast) - 1,
        "equals": len(fast),
        "gpu": None if gpu is None else str(gpu.value),
    }


def _place(pace: Pace, slow: Sequence[Pace], fast: Sequence[Pace]) -> dict[str, Scalar]:
    """Return where the run ran, and who else did, as far as it is known of all of them."""
    latest, own, others = pace.run.latest, _nodes(pace), [_nodes(each) for each in fast]
    evidence: dict[str, Scalar] = {"nodes": latest.node_list if latest is not None else ""}
    if not own or not all(others):
        return evidence
    shared = sorted(frozenset.intersection(*map(_nodes, slow)) - frozenset.union(*others), key=natural_key)
    if len(slow) > 1 and shared:
        name = "shared_node" if len(shared) == 1 else "shared_nodes"
        return {name: ", ".join(shared), "slow_runs": len(slow)}
    there = sum(bool(own & each) for each in others)
    return {**evidence, "equals_there": there or None, "none_there": None if there else True}


def _nodes(pace: Pace) -> frozenset[str]:
    latest = pace.run.latest
    return frozenset() if latest is None else nodes_in(latest.node_list)


def _throughput(run: Experiment) -> Pace | None:
    rate = finite_metric(run, THROUGHPUT)
    if rate is None or rate <= 0:
        return None
    return Pace(run, THROUGHPUT, rate, 1 / rate, (_kind(run, THROUGHPUT),))


def _training(run: Experiment) -> Pace | None:
    seconds, steps = finite_metric(run, TRAINING), finite_metric(run, "global_step")
    if seconds is None or seconds <= 0 or not steps or not has_trained(run):
        return None
    return Pace(run, TRAINING, seconds, seconds, (steps, _kind(run, TRAINING)))


def _elapsed(run: Experiment) -> Pace | None:
    seconds = run.latest.elapsed_s if run.latest is not None else None
    steps = finite_metric(run, "global_step")
    if seconds is None or seconds < LEAST_ELAPSED_S or not steps or not has_trained(run):
        return None
    return Pace(run, ELAPSED, seconds, float(seconds), (steps,))


def _kind(run: Experiment, metric: str) -> str:
    """Return what kind of file a metric was read from: clocks of different programs are not compared."""
    return re.sub(r"[0-9]+", "", run.metrics[metric].source.file.rpartition("/")[2])


_MEASURES: tuple[Callable[[Experiment], Pace | None], ...] = (_throughput, _training, _elapsed)
"""The best first: what a monitor of the training loop says, then a whole training, then a whole job."""
