"""Findings on the set as a whole, and the order of all."""

import re

from msgspec.structs import replace

import afterall.analyse.findings
from afterall.analyse import analyse
from afterall.model import (
    FindingCode,
    Observation,
    Severity,
    State,
)
from afterall.settings import SetSettings
from analyse.analyse_asking import codes, only, told
from analyse.analyse_made import (
    evaluation,
    experiment,
    failed,
    log_line,
    material,
    trained,
    unsubmitted,
)


def test_unreadable_directories_and_a_cut_walk_are_told() -> None:
    """What was not seen is said."""
    made = material(trained("a", 1.0))
    layout = replace(made.layout, unreadable=("b", "a"), truncated=True)
    found = told(trained("a", 1.0), layout=layout)
    assert [(f.code, f.subject) for f in found if f.gravity is Severity.WARNING] == [
        (FindingCode.DIRECTORY_UNREADABLE, "a"),
        (FindingCode.DIRECTORY_UNREADABLE, "b"),
        (FindingCode.WALK_TRUNCATED, ""),
    ]


def test_one_seed_for_each_setting_is_told() -> None:
    """Where no setting was repeated, the report claims nothing; the common seed is named."""
    runs = [trained(f"r{r}", 1.0, lora_rank=r, seed=1234) for r in (4, 64)]
    assert only(FindingCode.ONE_SEED, *runs).evidence == {"settings": 2, "seed": 1234}
    unknown = [trained(f"r{r}", 1.0, lora_rank=r) for r in (4, 64)]
    assert only(FindingCode.ONE_SEED, *unknown).evidence == {"settings": 2}
    assert FindingCode.ONE_SEED not in codes(runs[0])
    assert FindingCode.ONE_SEED not in codes(*runs, trained("again", 1.0, lora_rank=4, seed=1))


def test_runs_of_one_setting_without_seeds_are_not_counted_as_settings() -> None:
    """Where no seed tells that one run repeats another, settings are counted, and runs beside them."""
    runs = [trained(name, 1.0, lora_rank=rank) for name, rank in (("a", 4), ("b", 4), ("c", 64))]
    assert only(FindingCode.ONE_SEED, *runs).evidence == {"settings": 2, "runs": 3}


def test_parameters_each_of_which_changed_alone_too_are_no_finding() -> None:
    """One confounded pair by another measure does not undo what clean pairs tell of each parameter."""
    runs = [
        trained("s4", 1.0, model="small", lora_rank=4),
        trained("s64", 1.1, model="small", lora_rank=64),
        trained("l4", 1.2, model="large", lora_rank=4),
        trained("l64", 1.3, model="large", lora_rank=64),
    ]
    scored = [
        replace(run, evaluations=(evaluation(f"{run.name}/e", None, metrics={"match/accuracy": score}),))
        if score is not None
        else run
        for run, score in zip(runs, (0.5, None, None, 0.9), strict=True)
    ]
    pairs = {(c.metric, bool(c.confounders)) for c in analyse(material(*scored)).comparisons}
    assert ("capitalization/match/accuracy", True) in pairs
    assert FindingCode.CONFOUNDED not in codes(*scored)


def test_parameters_that_changed_together_are_one_finding() -> None:
    """Rate and epochs that only rank 64 changed are told with it, and which of them never changed alone."""
    runs = [
        trained("r4", 1.0, lora_rank=4, learning_rate=0.1, epochs=2),
        trained("r16", 1.0, lora_rank=16, learning_rate=0.1, epochs=2),
        trained("r64", 1.0, lora_rank=64, learning_rate=0.2, epochs=3),
    ]
    assert only(FindingCode.CONFOUNDED, *runs).subject == "lora_rank"
    assert only(FindingCode.CONFOUNDED, *runs).evidence == {
        "parameters": "lora_rank, learning_rate, epochs",
        "never_alone": "learning_rate, epochs",
        "a": "r16",
        "b": "r64",
        "comparisons": 2,
    }


def test_the_gravest_stand_first_then_codes_then_names() -> None:
    """Errors stand before warnings before notes, codes as in their table, run2 before run10."""
    runs = [failed("run10"), failed("run2"), unsubmitted("a"), replace(failed("b", State.TIMEOUT), logs=())]
    found = told(*runs, observation=Observation())
    assert [(f.code, f.experiment) for f in found] == [
        (FindingCode.JOB_FAILED, "run2"),
        (FindingCode.JOB_FAILED, "run10"),
        (FindingCode.JOB_TIMEOUT, "b"),
        (FindingCode.SUBMISSION_UNKNOWN, "a"),
        (FindingCode.LOG_MISSING, "b"),
        (FindingCode.SLURM_NOT_ASKED, None),
    ]


def test_lines_of_healthy_runs_stay() -> None:
    """What a log says beside a good end is told as it is."""
    warning = log_line(FindingCode.LINE_WANDB, "wandb: WARNING x")
    assert told(experiment(metrics={"final_loss": 1.0}, findings=(warning,))) == [warning]


def test_every_code_that_analysis_gives_is_documented() -> None:
    """The table in the package's docstring has a line for each code that its modules name as their own."""
    table = afterall.analyse.findings.__doc__ or ""
    documented = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"^\| ([a-z_, ]+) \|", table, re.MULTILINE))))
    given = {
        f.code.value
        for f in [
            *told(failed("a"), observation=Observation()),
            *told(unsubmitted("b"), experiment("c", logs=())),
        ]
    }
    assert given <= documented
    assert documented - {"code"} <= {code.value for code in FindingCode}


def test_two_parameters_that_always_change_together_are_both_never_alone() -> None:
    """With two runs that differ in rank and rate neither's effect stands alone."""
    runs = [
        trained("a", 1.0, lora_rank=4, learning_rate=0.1),
        trained("b", 2.0, lora_rank=8, learning_rate=0.2),
    ]
    assert only(FindingCode.CONFOUNDED, *runs).evidence["never_alone"] == "lora_rank, learning_rate"


def test_a_metric_that_nobody_has_is_told_with_those_like_it() -> None:
    """A slip of the pen in afterall.toml changes no ranking and does not pass in silence."""
    runs = [trained("a", 1.0), trained("b", 2.0)]
    made = analyse(material(*runs, settings=SetSettings(metrics={"final_val_los": "min"})))
    (finding,) = [f for f in made.findings if f.code is FindingCode.METRIC_NOT_FOUND]
    assert finding.subject == "final_val_los"
    assert str(finding.evidence["known"]).startswith("final_val_loss")
    assert made.rankings == analyse(material(*runs)).rankings
