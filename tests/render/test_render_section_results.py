"""The tables of results hold every number, and say why one is missing."""

import re

from msgspec.structs import replace

from afterall.model import (
    Completion,
    Direction,
    NextStep,
    NextStepKind,
    Ranking,
    Side,
    SlurmState,
    Source,
    StandIn,
    State,
)
from render.render_mixed import mixed_report
from render.render_reports import (
    fact,
    make_attempt,
    make_comparison,
    make_evaluation,
    make_experiment,
    make_ranking,
    spec_report,
    tiny_report,
)
from render.render_sections import markdown, section


def test_report_specs_table_is_reproduced() -> None:
    """The results table has report-spec's columns and numbers."""
    told = section(markdown(spec_report()), "Training Results Summary")
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in told.split("\n") if line.startswith("|")
    ]
    assert rows[0][:8] == [
        *("Experiment", "Model", "LoRA Rank", "Epochs", "Steps", "Final Loss", "Val Loss", "Tokens/sec/GPU")
    ]
    assert rows[2][:8] == [
        "1B_rank4",
        "Llama-3.2-1B-Instruct",
        "4",
        "3",
        "1,500",
        "0.00154",
        "0.02345",
        "1,224",
    ]
    assert rows[5][:8] == [
        "3B_rank64",
        "Llama-3.2-3B-Instruct",
        "64",
        "3",
        "3,000",
        "0.00027",
        "0.01830",
        "486",
    ]


def durations(document: str) -> tuple[str, list[str]]:
    """Return the heading of the durations' column, and its cells."""
    told = section(document, "Training Results Summary").partition("### ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in told.split("\n") if line[:2] == "| "]
    (place,) = [n for n, cell in enumerate(rows[0]) if cell.startswith(("Duration", "Training Time"))]
    return rows[0][place], [row[place] for row in rows[1:]]


def test_durations_are_report_specs() -> None:
    """Each stands in a column, the trainer's own beside the job's; in words the shortest and longest."""
    document = markdown(spec_report())
    heading, cells = durations(document)
    assert heading == "Duration (Training)"
    assert (cells[0], cells[2][:5]) == ("4:41 (4:16)", "22:34")
    assert section(document, "Training Duration").strip() == (
        "*Duration (Training)*: the elapsed time of each experiment's job, start-up and saving included; in "
        "brackets training alone, by the trainer's own clock. Of those that came to their end the shortest "
        "took ~4.7 minutes (1B_rank4), the longest ~22.6 minutes (3B_rank4)."
    )


def test_without_a_job_a_duration_is_the_trainers() -> None:
    """Where no Slurm source tells how long a job took, the column says by which clock its times are."""
    run = make_experiment("a", attempts=())
    document = markdown(tiny_report(run, make_experiment("b", attempts=(), metrics={})))
    assert durations(document) == ("Training Time", ["4:16", "—"])
    told = section(document, "Training Duration")
    assert "No Slurm source tells how long the jobs took. *Training Time* is by the trainer's own" in told


def test_a_duration_that_grows_says_so() -> None:
    """A running job's time is so far; runs that did not come to their end are no shortest or longest."""
    alive = make_experiment("a", attempts=(make_attempt(1, slurm_state=SlurmState.RUNNING),), metrics={})
    cut = make_experiment("b", completion=Completion(False), state=State.FAILED, metrics={})
    document = markdown(tiny_report(alive, cut))
    assert durations(document) == ("Duration", ["4:41 so far", "4:41"])
    assert "shortest" not in section(document, "Training Duration")
    both = markdown(tiny_report(make_experiment("a"), make_experiment("b", 2)))
    assert "Those that came to their end took ~4.7 minutes each." in both


def test_missing_values_have_their_reason() -> None:
    """A dash is explained, and a column nobody filled is left out with a word."""
    told = section(markdown(mixed_report()), "Training Results Summary")
    assert "Val Loss" not in told
    assert "- No run logged final validation loss or throughput.\n" in told
    assert "- **rank64_seed1** lacks everything (—): never submitted.\n" in told


def test_a_run_of_several_attempts_is_no_shortest_one() -> None:
    """Its last attempt went on where another had stopped: what all of them took is told instead."""
    legs = (make_attempt(1, 3600, slurm_state=SlurmState.TIMEOUT), make_attempt(2, 600))
    runs = (make_experiment("a", attempts=legs), make_experiment("b", 3), make_experiment("c", 4))
    told = section(markdown(tiny_report(*runs)), "Training Duration")
    assert (
        "Those that came to their end took ~4.7 minutes each. In all their attempts: a ~1.2 hours in 2"
        in told
    )
    pending = make_attempt(2, slurm_state=SlurmState.PENDING, start=None, end=None, elapsed_s=None)
    told = section(
        markdown(tiny_report(make_experiment("a", attempts=(make_attempt(), pending)))), "Training Duration"
    )
    assert "In all their attempts" not in told


def test_what_no_known_trainer_logged_may_only_not_have_been_read() -> None:
    """A program's own lines may tell a throughput that nobody here understands: it may not be missing."""
    metrics = {name: make_experiment("a").metrics[name] for name in ("final_loss", "global_step")}
    for trainer, words in ((None, "Of no run could "), ("torchtune", "No run logged ")):
        told = markdown(tiny_report(make_experiment("a", trainer=trainer, metrics=metrics)))
        assert f"- {words}final validation loss, throughput" in told


def test_wide_tables_are_split() -> None:
    """With many varying parameters the results fill two tables of bearable width."""
    document = markdown(spec_report())
    lines = [line for line in document.split("\n") if line.startswith("| 1B_rank4 ")]
    assert max(line.count("|") - 1 for line in lines) <= 11


def test_several_attempts_are_said_to_be_the_latests_time() -> None:
    """Where a run needed several jobs, durations are said to be the last one's."""
    twice = make_experiment(
        "a", attempts=(make_attempt(1, slurm_state=SlurmState.NODE_FAIL), make_attempt(2))
    )
    told = section(markdown(tiny_report(twice)), "Training Duration")
    assert "each experiment's latest attempt" in told


def test_a_mean_loss_that_agrees_is_not_repeated() -> None:
    """The mean of the last steps' losses is told only where it orders the runs otherwise than the last."""
    last = make_ranking("final_loss")
    agreeing = make_ranking("mean_last_loss")
    turned = make_ranking("mean_last_loss", order=tuple(reversed(agreeing.order)))
    assert "Mean training loss" not in section(
        markdown(spec_report(rankings=(last, agreeing))), "1. Best Run"
    )
    assert "Mean training loss" in section(markdown(spec_report(rankings=(last, turned))), "1. Best Run")


def test_scores_stand_with_their_standard_errors() -> None:
    """A score has its standard error beside it in the table and in comparisons."""
    evaluation = make_evaluation("1B_rank4")
    scored = make_experiment("1B_rank4", evaluations=(evaluation,))
    side = Side(
        experiment="1B_rank4", setting=4, value=0.925, step=1500, source=evaluation.source, stderr=0.019
    )
    other = Side(experiment="1B_rank64", setting=64, value=0.5, step=1500, source=Source("elsewhere.eval"))
    comparison = make_comparison("1B_rank4", "1B_rank64", "lora_rank", "final_loss")
    comparison = replace(
        comparison, metric="capitalization/match/accuracy", direction=Direction.UP, a=side, b=other
    )
    report = spec_report(experiments=(scored, make_experiment("1B_rank64", 2)), comparisons=(comparison,))
    document = markdown(report)
    assert "|    0.925 ± 0.019 |" in document
    assert "rank 4 was 1.9× higher than rank 64 (0.925 ± 0.019 vs 0.500, step 1,500)" in document


def test_scorers_with_the_same_scores_share_a_column() -> None:
    """What two scorers gave alike throughout stands once under both names; the log is linked at the end."""
    scores = {"match/accuracy": 0.65, "includes/accuracy": 0.65, "f1/mean": 0.5}
    evaluation = make_evaluation("a", metrics=scores, checkpoint="epoch_2", source=Source("a/x y.eval"))
    document = markdown(tiny_report(make_experiment("a", evaluations=(evaluation,))))
    assert "|   f1/mean |   includes/accuracy and match/accuracy |   Samples |" in document
    assert "; evaluations [epoch_2](a/x%20y.eval)\n" in section(document, "Experiment Files")


def test_scores_of_the_harness_are_called_as_it_calls_them() -> None:
    """The filter is named where answers went through one, as `strict/em`, not where it is "none"."""
    scores = {"none/acc": 0.625, "none/acc_stderr": 0.015, "none/acc_norm": 0.5, "strict/em": 0.25}
    runs = [make_experiment(n, evaluations=(make_evaluation(n, metrics=scores),)) for n in ("a", "b")]
    ranking = Ranking(
        metric="arc/none/acc",
        direction=Direction.UP,
        order=("b", "a"),
        values={"a": 0.5, "b": 0.625},
        checkpoint="final",
    )
    step = NextStep(
        kind=NextStepKind.COMPARE_EVALUATIONS,
        details={
            "task": "arc",
            "metric": "none/acc",
            "loss": "final_val_loss",
            "best_by_loss": "a",
            "best_by_evaluation": "b",
        },
    )
    document = markdown(tiny_report(*runs, rankings=(ranking,), next_steps=(step,)))
    assert re.search(r"\| +acc \| +acc_norm \| +strict/em \|", document)
    assert "0.625 ± 0.015" in document
    assert "`arc/acc`: **b** (0.625)" in document
    assert "the best by `acc` of `arc` b." in document
    assert "none/" not in document


def test_a_score_is_called_in_full_beside_another_of_its_name() -> None:
    """What two programs call alike is kept apart."""
    scores = {"none/acc": 0.625, "acc": 0.5}
    run = make_experiment("a", evaluations=(make_evaluation("a", metrics=scores),))
    assert "| acc |" in re.sub(" +", " ", markdown(tiny_report(run)))
    assert "| none/acc |" in re.sub(" +", " ", markdown(tiny_report(run)))


def test_scores_that_speak_for_another_checkpoint_say_on_what_grounds() -> None:
    """Below the scores: by the step or the epoch alone, or by the bytes; runs that are alike share a line."""
    runs = [make_experiment(n, evaluations=(make_evaluation(n),)) for n in ("a", "b", "c", "d")]
    alike = StandIn(experiment="a", checkpoint="final", evaluated="checkpoint-300", step=300)
    others = (
        replace(alike, experiment="b"),
        replace(alike, experiment="c", evaluated="epoch_2", step=None),
        replace(alike, experiment="d", is_compared=True),
    )
    told = markdown(tiny_report(*runs, stand_ins=(alike, *others)))
    own, end = "has no score of its own", "which has one; their weights were not compared."
    taken = "it is taken for the state that"
    assert f"`final` of a and b {own}: by its step (300) {taken} `checkpoint-300` holds, {end}" in told
    assert f"`final` of c {own}: by its epoch {taken} `epoch_2` holds, {end}" in told
    assert f"`final` of d {own}: its weights are those of `checkpoint-300`, byte for byte." in told


def test_an_evaluation_without_a_column_of_its_own_tells_its_scores() -> None:
    """Of five scores four have columns; whoever has none of these shows its own, others nothing more."""
    common = {"acc": 0.5, "f1": 0.25, "em": 0.5, "bleu": 0.75}
    odd = {"ppl": 12.5, "ppl_stderr": 0.5, "bits": 0.75}
    runs = [
        make_experiment(name, evaluations=(make_evaluation(name, metrics=scores),))
        for name, scores in (("a", common), ("b", common), ("c", odd))
    ]
    document = markdown(tiny_report(*runs))
    assert "Other Scores" in document
    assert re.search(r"\| c +\|.*\| ppl 12\.5[0-9]* ± 0\.50?, bits 0\.75 +\|", document)
    assert "Other Scores" not in markdown(tiny_report(*runs[:2]))
    assert "Scores without a column" not in document


def test_scores_that_the_table_leaves_out_are_named() -> None:
    """Of five scores of one evaluation the last has no column: where it stands is said."""
    scores = {"acc": 0.5, "f1": 0.25, "em": 0.5, "bleu": 0.75, "none/ppl": 12.5, "none/ppl_stderr": 0.5}
    run = make_experiment("a", evaluations=(make_evaluation("a", metrics=scores),))
    assert "\n\nScores without a column: `ppl`, in RESULTS.json.\n" in markdown(tiny_report(run))


def test_the_speed_of_all_gpus_together_is_told_where_nobody_knows_that_of_one() -> None:
    """As of a trainer that logs it for all, where Slurm does not say how many there were."""
    run = make_experiment("a", metrics={"tokens_per_second": fact(1234.0)})
    document = markdown(tiny_report(run))
    assert "Tokens/sec |" in document
    assert "throughput" not in document.partition("## Training Results Summary")[2].partition("## ")[0]
