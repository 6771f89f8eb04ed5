"""The report says a thing once, where it belongs, and nothing that nobody could act on."""

from typing import Any

import pytest
from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.model import (
    CheckpointKind,
    Experiment,
    Finding,
    FindingCode,
    Report,
    Scalar,
    VaryingParameter,
)
from afterall.render.documents import render
from afterall.render.figures import figures
from afterall.render.figures.grouping import looks
from afterall.render.page import Page
from afterall.settings import SetSettings
from analyse.analyse_made import checkpoint, evaluation, experiment, material, trained
from render.render_reports import (
    make_attempt,
    make_checkpoint,
    make_comparison,
    make_evaluation,
    make_experiment,
    spec_report,
    tiny_report,
)


def markdown(report: Report, **settings: Any) -> str:
    """Return RESULTS.md."""
    return render(report, SetSettings(**settings), "", {})["RESULTS.md"].decode()


def analysed(*experiments: Experiment) -> str:
    """Return RESULTS.md of experiments, without figures."""
    settings = SetSettings(figures=False)
    return markdown(analyse(material(*experiments, settings=settings)), figures=False)


def whole(name: str, loss: float, **parameters: Scalar) -> Experiment:
    """Return a finished full fine-tune."""
    saved = checkpoint(f"{name}/final", kind=CheckpointKind.FULL)
    return replace(trained(name, loss, **parameters), checkpoints=(saved,))


TUNED = (trained("low", 2.0, lora_rank=8), trained("high", 1.5, lora_rank=64), whole("full", 1.0))


def test_a_full_fine_tune_is_told_wherever_ranks_are() -> None:
    """In title, overview, table and comparisons; its rank is never 0, nor unknown."""
    told = analysed(*TUNED)
    assert "**Variants:** LoRA rank 8 vs 64 vs full fine-tune" in told
    assert "vary LoRA rank (8, 64, full fine-tune)" in told
    assert "| full         |        full |" in told
    assert "full fine-tune was 1.5× lower than rank 64 (1.0 vs 1.5, step 50)" in told


def test_a_full_fine_tune_stands_in_the_figures() -> None:
    """Behind the ranks in the panel, and with a colour of its own among many runs."""
    many = [
        replace(run, layout=replace(run.layout, name=f"{run.name}{n}")) for n in range(5) for run in TUNED
    ]
    page = Page(analyse(material(*TUNED)), SetSettings())
    assert "by LoRA rank: 8 2.0, 64 1.5, full fine-tune 1.0." in figures(page)["final_metric"].words
    found = looks(Page(analyse(material(*many)), SetSettings()), many)
    assert {look.name for look in found.values()} == {"rank 8", "rank 64", "full fine-tune"}
    assert not any(look.is_quiet for look in found.values())


def test_combinations_count_runs_without_a_parameter() -> None:
    """Two models, two ranks and full fine-tunes are six; the one that is lacking is named."""
    runs = [
        make(f"{model}_{name}", 1.0, model=model, **rank)
        for model in ("lab/a", "lab/b")
        for make, name, rank in ((trained, "r8", {"lora_rank": 8}), (trained, "r64", {"lora_rank": 64}))
    ]
    told = analysed(*runs, whole("full", 1.0, model="lab/a"))
    assert "5 of 6 combinations are there (not b with full fine-tune)" in told


def test_a_design_with_many_gaps_names_none() -> None:
    """A diagonal is no grid that somebody forgot to fill."""
    runs = [trained(f"r{n}", 1.0, lora_rank=n, learning_rate=n / 1000) for n in (2, 4, 8)]
    runs.append(trained("more", 1.0, lora_rank=2, learning_rate=0.004))
    assert "4 of 9 combinations are there." in analysed(*runs)


def test_what_a_confounder_lacks_is_not_unknown() -> None:
    """A run that leaves a parameter to its default has it not set; "—" says that nobody knows."""
    report = spec_report()
    pair = make_comparison(
        "1B_rank4", "1B_rank64", "lora_rank", "final_loss", confounders=(("packed", None, True),)
    )
    packed = VaryingParameter(name="packed", values=(True,), by_experiment={"1B_rank64": True})
    for unset, word in (((), "—"), (("1B_rank4",), "not set")):
        varying = (*report.varying, replace(packed, unset=unset))
        told = markdown(replace(report, comparisons=(pair,), varying=varying))
        assert f"but packed ({word} vs on) differs too" in told


def test_what_always_changed_along_stands_in_the_heading() -> None:
    """The effect is that of both, and the heading says so."""
    report = spec_report()
    ranks = replace(report.varying[0], moves_with=("lora_alpha",))
    told = markdown(replace(report, varying=(ranks, *report.varying[1:])))
    assert "### 2. LoRA Rank Impact (LoRA alpha changed with it)\n" in told


def test_gaps_stand_with_what_was_looked_for() -> None:
    """The validation's distance from training is what says whether a run overfits."""
    told = markdown(spec_report()).partition(" Anomalies\n")[2].partition("\n## ")[0]
    assert "<summary>Gap, validation minus training loss at the end: +0.016219 (3B_rank4) to" in told


def test_that_nothing_was_evaluated_is_said_where_runs_are_ranked() -> None:
    """A section of its own would hold nothing else; with an evaluation the sentence is gone."""
    told = markdown(spec_report())
    assert "- No evaluation was found: the order is by what training logged.\n" in told
    assert "Evaluation Results" not in told
    runs = [make_experiment("1B_rank4", evaluations=(make_evaluation("1B_rank4"),))]
    assert "No evaluation was found" not in markdown(spec_report(experiments=(*runs, make_experiment("a"))))


def test_scripts_lie_ready_until_one_was_used() -> None:
    """Who has evaluated knows the scripts; the commands name those that are due."""
    report, ready = spec_report(), "have standalone evaluation scripts ready"
    assert ready in markdown(report)
    scored = replace(report.experiments[0], evaluations=(make_evaluation("1B_rank4"),))
    assert ready not in markdown(replace(report, experiments=(scored, *report.experiments[1:])))


@pytest.mark.parametrize(("gpus", "says"), [(0, False), (1, True), (None, True)])
def test_memory_of_gpus_is_missed_where_there_may_have_been_one(gpus: int | None, says: bool) -> None:
    """A job that held no GPU could log none of its memory."""
    run = make_experiment("a", attempts=(make_attempt(gpus=gpus),))
    metrics = {name: f for name, f in run.metrics.items() if not name.startswith("peak_memory")}
    told = markdown(tiny_report(replace(run, metrics=metrics)))
    assert ("No run logged GPU memory use." in told) is says


def test_one_model_has_no_column() -> None:
    """It stands at the report's head; two of them tell the runs apart."""
    one, other = trained("a", 1.0, model="lab/a"), trained("b", 2.0, model="lab/b")
    assert "| Experiment   |   Epochs" not in analysed(one, trained("c", 2.0, model="lab/a"))
    assert "| Model" not in analysed(one, trained("c", 2.0, model="lab/a"))
    assert "| Experiment   | Model   |" in analysed(one, other)


def test_steps_a_second_stand_where_samples_are_not_known() -> None:
    """The one follows from the other."""
    both: dict[str, Scalar] = {"final_loss": 1.0, "samples_per_second": 8.0, "steps_per_second": 2.0}
    only: dict[str, Scalar] = {"final_loss": 1.0, "steps_per_second": 2.0}
    assert "Steps/sec" not in analysed(*(experiment(n, metrics=dict(both)) for n in "ab"))
    assert "Steps/sec" in analysed(*(experiment(n, metrics=dict(only)) for n in "ab"))


def test_a_single_run_tells_its_settings() -> None:
    """There is nothing that it shares with others, and they are what one looks up."""
    told = analysed(trained("a", 1.0, learning_rate=0.1, lora_rank=8))
    assert "Its settings: rank 8, learning rate 0.1." in told


def test_what_differs_in_the_runs_own_directories_alone_is_told_once() -> None:
    """Thirty weight files with one fault are one line, which names the first."""
    codes = [
        Finding(
            code=FindingCode.MODE_PRIVATE,
            experiment=name,
            subject=f"{name}/model.safetensors",
            evidence={"mode": "0600", "beside": "config.json", "beside_mode": "0644"},
        )
        for name in ("1B_rank4", "1B_rank64")
    ]
    told = markdown(spec_report(findings=tuple(codes)))
    assert told.count("has mode 0600") == 1
    assert "**1B_rank4 and 1B_rank64**: `1B_rank4/model.safetensors` has mode 0600" in told
    assert "; alike in the others.  \n" in told


def test_adapters_beside_whole_models_are_no_full_model() -> None:
    """The column of what was saved holds both."""
    adapter = make_checkpoint("b/epoch_0", 0, {}, kind=CheckpointKind.ADAPTER)
    full = make_checkpoint("a/epoch_0", 0, {}, kind=CheckpointKind.FULL)
    runs = (make_experiment("a", checkpoints=(full,)), make_experiment("b", checkpoints=(adapter,)))
    assert "1 Epoch (As Saved)" in markdown(tiny_report(*runs))
    assert "1 Epoch (Full Model)" in markdown(tiny_report(*runs[:1]))


def test_throughput_that_is_the_same_is_not_repeated() -> None:
    """The training time says that nothing differs, and the table has both numbers."""
    time = make_comparison("1B_rank4", "1B_rank64", "lora_rank", "train_seconds")
    rate = make_comparison("1B_rank4", "1B_rank64", "lora_rank", "tokens_per_second_per_gpu")
    same = tuple(replace(c, b=replace(c.b, value=c.a.value)) for c in (time, rate))
    told = markdown(spec_report(comparisons=same))
    assert "- **Training time:** within 1 % of each other in 1 pair." in told
    assert "<summary>Throughput" not in told


def test_losses_that_measure_different_things_are_said_to() -> None:
    """It stands above the findings."""
    report = spec_report()
    beta = VaryingParameter(name="beta", values=(0.1, 0.5), by_experiment={}, shapes_loss=True)
    told = markdown(replace(report, varying=(*report.varying, beta)))
    form = "*Beta is part of the loss itself: losses of runs that differ in it measure different things.*"
    assert told.index("## Key Findings") < told.index(form) < told.index("### 1. Best Run")


def test_losses_on_different_data_are_said_to_be() -> None:
    """Who is best by such a loss may only have had the easier data."""
    runs = [trained(name, 2.0, dataset=f"data/{name}") for name in ("a", "b")]
    form = "*The dataset differs: training losses of such runs were measured on different data, and so were"
    told = analysed(*runs)
    assert told.index("## Key Findings") < told.index(form) < told.index("### 1. Best Run")
    assert "The dataset differs" not in analysed(*[trained(n, 2.0, dataset="data") for n in ("a", "b")])


def test_a_run_ties_with_other_settings_not_with_its_own_repeats() -> None:
    """Replicates of the best run say nothing of another choice."""
    near = [trained(f"near{n}", 2.0 + n / 100, lora_rank=8, seed=n) for n in range(3)]
    far = [trained(f"far{n}", 3.0 + n / 100, lora_rank=4, seed=n) for n in range(3)]
    assert "tied with the best" not in analysed(*near, *far)
    close = [trained(f"close{n}", 2.001 + n / 100, lora_rank=4, seed=n) for n in range(3)]
    told = analysed(*near, *close)
    tied = "runs of other settings tied with the best within the noise of replicates"
    assert f"; {tied}: close0, close1, and close2;" in told
    assert "6 runs tie for the best within the noise of their seeds (0, 1, 2 so far)" in " ".join(
        told.split()
    )


def test_repeats_have_the_mean_of_their_scores_too() -> None:
    """Behind the validation loss: the first two scores that two repeats have."""
    runs = [
        replace(
            trained(f"r{rank}s{seed}", 2.0 - rank / 10 + seed / 100, lora_rank=rank, seed=seed),
            evaluations=(evaluation("e", metrics={"match/accuracy": 0.5 + seed / 10, "odd/number": 3.0}),),
        )
        for rank in (4, 8)
        for seed in (0, 1)
    ]
    told = " ".join(analysed(*runs).partition("### 3. Repeated Runs")[2].partition("### 4.")[0].split())
    assert "| Setting | Seeds | Val Loss | capitalization/match/accuracy | Final Loss |" in told
    assert "| 0.55 ± 0.07 (2) |" in told
    assert "odd/number" not in told
