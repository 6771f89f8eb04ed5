"""What holds for every set, however odd."""

import math
import random
import re

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import afterall.analyse.findings
import afterall.analyse.steps
from afterall.analyse import Material, analyse
from afterall.model import Experiment, Finding, FindingCode, Report, Severity
from analyse.analyse_made import material, trained
from analyse.analyse_strategies import materials

slow = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def written(report: Report) -> bytes:
    """Return a report as bytes in which every difference shows, NaN included."""
    return msgspec.json.encode(
        msgspec.to_builtins(report, enc_hook=repr, builtin_types=(int,)), enc_hook=repr, order="deterministic"
    )


def table(docstring: str | None) -> dict[str, str]:
    """Return a docstring's table: what stands in the right column, by every word of the left one."""
    rows: list[tuple[str, str]] = []
    for left, right in re.findall(r"^\| (.*?) ?\| (.*) \|$", docstring or "", re.MULTILINE):
        if left:
            rows.append((left, right))
        else:
            rows[-1] = (rows[-1][0], f"{rows[-1][1]} {right}")
    return {word: right for left, right in rows for word in left.split(", ")}


@slow
@given(materials(), st.randoms(use_true_random=False))
def test_the_order_of_everything_does_not_matter(made: Material, shuffler: random.Random) -> None:
    """The same experiments, jobs and files in another order give the same report."""

    def mixed(items: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(shuffler.sample(items, len(items)))

    layout = replace(
        made.layout, experiments=mixed(made.layout.experiments), unreadable=mixed(made.layout.unreadable)
    )
    matched = replace(made.matched, experiments=mixed(made.matched.experiments))
    other = replace(made, layout=layout, experiments=mixed(made.experiments), matched=matched)
    assert written(analyse(made)) == written(analyse(other))


@slow
@given(materials())
def test_every_set_has_a_report(made: Material) -> None:
    """Whatever is missing or odd, each experiment stands in the report once, with counts that add up."""
    report = analyse(made)
    assert sorted(e.name for e in report.experiments) == sorted(e.name for e in made.experiments)
    assert sum(report.set.counts.values()) == len(made.experiments)
    assert all(sorted(r.order) == sorted(e.name for e in made.experiments) for r in report.rankings)


@slow
@given(materials())
def test_numbers_that_are_compared_are_finite(made: Material) -> None:
    """No comparison, mean or gap holds NaN or infinity, and no ranking is led by one."""
    report = analyse(made)
    for comparison in report.comparisons:
        assert math.isfinite(comparison.a.value)
        assert math.isfinite(comparison.b.value)
        assert comparison.p_value is None or 0 <= comparison.p_value <= 1
    for ranking in report.rankings:
        assert math.isfinite(ranking.values[ranking.order[0]])
    for group in report.replicates:
        assert all(math.isfinite(s.mean) and math.isfinite(s.sd) for s in group.metrics.values())
    assert all(math.isfinite(gap.train) and math.isfinite(gap.validation) for gap in report.gaps)


@slow
@given(materials())
def test_findings_stand_gravest_first_and_once(made: Material) -> None:
    """Gravity never rises from one finding to the next, and no two are equal."""
    found = analyse(made).findings
    gravities = [finding.gravity for finding in found]
    assert gravities == sorted(gravities, reverse=True)
    assert len({repr(finding) for finding in found}) == len(found)


@slow
@given(materials())
def test_scanning_s_errors_are_never_lost(made: Material) -> None:
    """An error that is no line of a log stands in the report as scanning told it."""
    told = {repr(f) for f in analyse(made).findings}
    for experiment in made.experiments:
        for finding in experiment.findings:
            if not finding.code.value.startswith("line_"):
                assert repr(finding) in told


@slow
@given(materials())
def test_evidence_is_what_the_table_of_codes_says(made: Material) -> None:
    """Findings of analysis hold no key that its docstring does not name, and no None."""
    rows = table(afterall.analyse.findings.__doc__)
    job = re.search(r"evidence\* is: (.*?)`subject`", afterall.analyse.findings.__doc__ or "", re.DOTALL)
    assert job is not None
    scanned = {repr(f) for f in _scanned(made)}
    for finding in analyse(made).findings:
        if repr(finding) in scanned:
            continue
        documented = rows[finding.code.value]
        documented += f" {job[1]}" if "a job's" in documented else ""
        assert finding.evidence.keys() <= set(re.findall(r"\w+", documented)), finding
        assert None not in finding.evidence.values()


@slow
@given(materials())
def test_details_are_what_the_table_of_steps_says(made: Material) -> None:
    """Next steps hold no key that the docstring of their package does not name; commands are whole lines."""
    rows = table(afterall.analyse.steps.__doc__)
    for step in analyse(made).next_steps:
        assert step.details.keys() <= set(re.findall(r"\w+", rows[step.kind.value])), step
        assert all(line and line.isprintable() for line in step.command.split("\n") if step.command)


def _scanned(made: Material) -> list[Finding]:
    found: list[Finding] = []
    for experiment in made.experiments:
        found += experiment.findings
        for checkpoint in experiment.checkpoints:
            found += [
                f if f.experiment else replace(f, experiment=experiment.name) for f in checkpoint.findings
            ]
    return found


runs = st.lists(
    st.tuples(st.sampled_from([1, 4, 16, 64]), st.sampled_from([0, 1, 2]), st.integers(1, 10**6)),
    min_size=2,
    max_size=8,
    unique_by=lambda run: run[:2],
)


def sweep(drawn: list[tuple[int, int, int]], scale: float = 1.0, prefix: str = "run") -> list[Experiment]:
    """Return a sweep over ranks and seeds with these losses."""
    return [
        trained(f"{prefix}{n}", loss / 1024 * scale, lora_rank=rank, seed=seed)
        for n, (rank, seed, loss) in enumerate(drawn)
    ]


@given(runs)
def test_scaling_a_loss_scales_the_numbers_and_keeps_the_verdicts(drawn: list[tuple[int, int, int]]) -> None:
    """Eight times the loss is eight times every number, with the same ranks, ties and pairs."""
    one = analyse(material(*sweep(drawn)))
    eight = analyse(material(*sweep(drawn, 8.0)))
    assert [r.order for r in one.rankings] == [r.order for r in eight.rankings]
    assert [r.tied_with_best for r in one.rankings] == [r.tied_with_best for r in eight.rankings]
    for before, after in zip(one.comparisons, eight.comparisons, strict=True):
        if before.metric.endswith("loss"):
            assert (after.a.value, after.b.value) == (before.a.value * 8, before.b.value * 8)
            assert after.within_noise == before.within_noise


@given(runs)
def test_renaming_runs_changes_names_only(drawn: list[tuple[int, int, int]]) -> None:
    """A report on runs of other names, in the same order, is the report with these names in it."""
    one = written(analyse(material(*sweep(drawn))))
    other = written(analyse(material(*sweep(drawn, prefix="job"))))
    assert one.replace(b"run", b"job") == other.replace(b"run", b"job")


@given(runs, st.integers(1, 10**6))
def test_an_unrelated_run_changes_no_pair(drawn: list[tuple[int, int, int]], loss: int) -> None:
    """A run of another model leaves every comparison within the first as it was, but for the correction."""
    before = analyse(material(*sweep(drawn))).comparisons
    stranger = trained("stranger", loss / 1024, model="other", lora_rank=2, seed=9)
    own = {"model": replace(stranger.parameters["model"], value="own")}
    known = [replace(run, parameters={**run.parameters, **own}) for run in sweep(drawn)]
    after = analyse(material(*known, stranger)).comparisons
    kept = {(c.metric, c.a.experiments, c.b.experiments): (c.a.value, c.b.value, c.noise_sd) for c in after}
    for c in before:
        if not c.confounders:
            assert kept[c.metric, c.a.experiments, c.b.experiments] == (c.a.value, c.b.value, c.noise_sd)


@given(st.lists(st.floats(), min_size=2, max_size=6))
def test_nan_never_wins(losses: list[float]) -> None:
    """Whoever is best has a finite loss; the diverged are told as errors."""
    report = analyse(material(*(trained(f"r{n}", loss, lora_rank=n) for n, loss in enumerate(losses))))
    for ranking in report.rankings:
        if ranking.metric == "final_val_loss":
            finite = [loss for loss in losses if math.isfinite(loss)]
            assert ranking.values[ranking.order[0]] == min(finite)
    diverged = {
        f.experiment
        for f in report.findings
        if f.code is FindingCode.LOSS_NOT_FINITE and f.gravity is Severity.ERROR
    }
    assert diverged == {f"r{n}" for n, loss in enumerate(losses) if not math.isfinite(loss)}
