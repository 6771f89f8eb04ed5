"""Scan whole experiments: a sound one of each trainer, broken ones, resubmitted ones, and none at all."""

import json
import math
import os
from pathlib import Path

import pytest

from afterall.model import (
    EntryKind,
    Experiment,
    FindingCode,
    MatchedExperiment,
    Severity,
    SlurmState,
    State,
)
from afterall.scan.checkpoints import Examination
from afterall.scan.experiment import scan_experiment
from scan.checkpoint_making import write_hf_checkpoint
from scan.run_making import attempt, experiment, fixture, lay_down, log

START = 1_795_417_355
WANDB = "1B_rank4/logs/wandb/offline-run-20261123_070252-l3t2l8qm"
TORCHTUNE = {
    "1B_rank4/slurm-1.out": fixture("torchtune/whole-0.6.out"),
    "1B_rank4/setup_finetune.yaml": fixture("configs/setup_finetune.yaml"),
    "1B_rank4/torchtune_config.yaml": fixture("configs/torchtune_config.yaml"),
    f"{WANDB}/run-l3t2l8qm.wandb": fixture("wandb/run-torchtune.wandb"),
    "1B_rank4/eval/capitalization_ep2/logs/x.eval": fixture("inspect/zstd.eval"),
}


def scanned(set_dir: Path, matched: MatchedExperiment) -> Experiment:
    """Return an experiment as scanned with default settings."""
    return scan_experiment(matched, Examination(set_dir))


def torchtune_run(tmp_path: Path, state: SlurmState = SlurmState.FAILED) -> Experiment:
    """Return the recorded torchtune run, scanned, its one job in this state."""
    entries = lay_down(tmp_path, TORCHTUNE)
    return scanned(
        tmp_path, experiment("1B_rank4", entries, [log("1B_rank4/slurm-1.out", "1")], [attempt("1", state)])
    )


def codes(found: Experiment) -> list[FindingCode]:
    """Return the codes of all findings, in their order."""
    return [finding.code for finding in found.findings]


def value(found: Experiment, metric: str) -> object:
    """Return the value of a metric."""
    return found.metrics[metric].value


def test_a_torchtune_run_is_told_in_full(tmp_path: Path) -> None:
    """The sample's numbers, each from the source that counts, and no contradiction among four sources."""
    found = torchtune_run(tmp_path)
    assert (found.trainer, found.state, found.completion.value) == ("torchtune", State.FAILED, True)
    assert value(found, "final_loss") == 5.840206623077393
    assert value(found, "final_val_loss") == 5.815873622894287
    assert (value(found, "best_loss"), value(found, "best_loss_step")) == (5.761218547821045, 133)
    assert value(found, "tokens_per_second_per_gpu") == 1296.28125
    assert value(found, "train_seconds") == 17.321241309
    assert [value(found, name) for name in ("global_step", "planned_steps", "epochs", "planned_epochs")] == [
        150,
        150,
        3.0,
        3,
    ]
    assert found.metrics["final_loss"].source.file.endswith(".wandb")
    assert found.metrics["best_loss"].source.file == "1B_rank4/slurm-1.out"
    assert found.metrics["best_loss"].source.where == "line 191, step 133"
    assert [len(found.series[key].points) for key in ("loss", "val_loss", "learning_rate")] == [150, 3, 30]
    assert FindingCode.SOURCES_DISAGREE not in codes(found)
    assert found.wandb_runs == (WANDB,)
    assert [(e.task, e.checkpoint) for e in found.evaluations] == [("capitalization", "epoch_2")]


def test_the_copy_that_spoils_the_exit_code_is_quoted(tmp_path: Path) -> None:
    """The template's last line is a finding with its quote, and no error, for training completed."""
    (found,) = [f for f in torchtune_run(tmp_path).findings if f.code is FindingCode.LINE_COPY_FAILED]
    assert found.quote.startswith("mv: 'slurm-1.out' and '")
    assert found.quote.endswith("are the same file")
    assert (found.experiment, found.gravity) == ("1B_rank4", Severity.WARNING)


def test_slurms_state_plays_no_part_in_the_judgement(tmp_path: Path) -> None:
    """The same traces are judged alike whatever Slurm calls the job."""
    for index, state in enumerate((SlurmState.FAILED, SlurmState.COMPLETED, SlurmState.TIMEOUT)):
        assert torchtune_run(tmp_path / str(index), state).completion.value is True


HF = {
    "r/slurm-5.out": fixture("huggingface/whole-5.23.out"),
    "r/trainer_state.json": fixture("huggingface/trainer_state.json"),
    "r/all_results.json": fixture("huggingface/all_results.json"),
    "r/train.sbatch": fixture("configs/train.sbatch"),
    "r/adapter_config.json": fixture("huggingface/adapter_config.json"),
}


def test_a_hugging_face_run_is_told_in_full(tmp_path: Path) -> None:
    """State file, results, printed rows and blocks agree; the state's digits count."""
    found = scanned(tmp_path, experiment("r", lay_down(tmp_path, HF), [log("r/slurm-5.out", "5")]))
    assert (found.trainer, found.completion.value) == ("huggingface", True)
    assert (value(found, "final_loss"), value(found, "mean_loss")) == (5.624703979492187, 5.716825103759765)
    assert (value(found, "final_val_loss"), value(found, "best_val_step")) == (5.621761798858643, 50)
    assert (value(found, "tokens"), value(found, "train_seconds")) == (23200, 2.1585)
    assert found.parameters["learning_rate"].value == 0.003
    assert FindingCode.SOURCES_DISAGREE not in codes(found)


def test_what_a_run_was_to_save_depends_on_whether_it_came_to_its_end(tmp_path: Path) -> None:
    """A finished run misses its last state and any checkpoint at all; a killed one only what it came to."""
    bare = scanned(tmp_path, experiment("r", lay_down(tmp_path, HF), [log("r/slurm-5.out", "5")]))
    (none,) = [f for f in bare.findings if f.code is FindingCode.NO_CHECKPOINTS]
    assert none.gravity is Severity.ERROR
    write_hf_checkpoint(tmp_path / "r" / "checkpoint-25", 25)
    ended = scanned(tmp_path, experiment("r", lay_down(tmp_path, HF), [log("r/slurm-5.out", "5")]))
    (lost,) = [f for f in ended.findings if f.code is FindingCode.FINAL_STATE_NOT_SAVED]
    assert lost.evidence == {"last_saved_step": 25, "final_step": 50}
    killed = tmp_path / "killed"
    write_hf_checkpoint(killed / "r" / "checkpoint-15", 15)
    entries = lay_down(killed, {"r/slurm-9.out": fixture("huggingface/killed-5.23.out")})
    found = scanned(killed, experiment("r", entries, [log("r/slurm-9.out", "9")]))
    assert found.completion.value is not True
    assert FindingCode.FINAL_STATE_NOT_SAVED not in codes(found)


def test_a_killed_hugging_face_run_is_told_by_its_log(tmp_path: Path) -> None:
    """Without a state the rows are placed by bar and script, and the memory kill is the cause."""
    script = fixture("configs/train.sbatch").replace(b"--epochs 2", b"--epochs 3")
    entries = lay_down(
        tmp_path, {"r/slurm-9.out": fixture("huggingface/killed-5.23.out"), "r/train.sbatch": script}
    )
    found = scanned(
        tmp_path, experiment("r", entries, [log("r/slurm-9.out", "9")], [attempt("9", SlurmState.FAILED)])
    )
    assert [point.step for point in found.series["loss"].points] == [5, 10, 15, 20]
    assert (value(found, "final_loss"), value(found, "global_step"), value(found, "planned_steps")) == (
        5.52,
        22,
        75,
    )
    assert found.completion.value is False
    assert FindingCode.LINE_HOST_OUT_OF_MEMORY in codes(found)


def test_throughput_of_one_gpu_needs_their_number(tmp_path: Path) -> None:
    """HF tells the tokens of all GPUs together: divided only where Slurm knows how many there were."""
    entries = lay_down(tmp_path, HF)
    logs = [log("r/slurm-5.out", "5")]
    import msgspec

    two = msgspec.structs.replace(attempt("5", SlurmState.COMPLETED), gpus=2)
    with_gpus = scanned(tmp_path, experiment("r", entries, logs, [two]))
    without = scanned(tmp_path, experiment("r", entries, logs, [attempt("5", SlurmState.COMPLETED)]))
    assert value(with_gpus, "tokens_per_second_per_gpu") == pytest.approx(11613.806 / 2)
    assert "tokens_per_second_per_gpu" not in without.metrics
    assert value(without, "tokens_per_second") == 11613.806


def test_a_diverged_run_completed_and_is_not_sound(tmp_path: Path) -> None:
    """NaN is the final loss, training came to its end, and the finding is an error."""
    entries = lay_down(tmp_path, {"r/slurm-1.out": fixture("torchtune/nan-0.6.out")})
    found = scanned(
        tmp_path, experiment("r", entries, [log("r/slurm-1.out", "1")], [attempt("1", SlurmState.COMPLETED)])
    )
    assert math.isnan(float(str(value(found, "final_loss"))))
    assert found.completion.value is True
    (finding,) = [f for f in found.findings if f.code is FindingCode.LOSS_NOT_FINITE]
    assert (finding.evidence["first_step"], finding.gravity) == (3, Severity.ERROR)


def test_a_policy_that_diverges_is_found(tmp_path: Path) -> None:
    """Where a run learns from a reward there is no other loss than its policy's."""
    row = "step:{} - actor/pg_loss:{} - critic/vf_loss:0.5 - critic/rewards/mean:0.25\n"
    entries = lay_down(tmp_path, {"r/slurm-1.out": (row.format(1, 0.5) + row.format(2, "nan")).encode()})
    found = scanned(tmp_path, experiment("r", entries, [log("r/slurm-1.out", "1")]))
    (finding,) = [each for each in found.findings if each.code is FindingCode.LOSS_NOT_FINITE]
    assert (finding.subject, finding.evidence["first_step"]) == ("policy_loss", 2)
    assert (finding.severity or finding.code.severity) is Severity.ERROR


def test_epochs_that_only_the_trainer_tells_are_the_runs(tmp_path: Path) -> None:
    """A default that no configuration names is a parameter too; one that is named is not replaced."""
    done = b"`Trainer.fit` stopped: `max_epochs=3` reached.\n"
    files = {"a/slurm-1.out": done, "b/slurm-2.out": done, "b/job.sh": b"python lit.py --max_epochs 9\n"}
    entries = lay_down(tmp_path, files)
    told = scanned(tmp_path, experiment("a", entries, [log("a/slurm-1.out", "1")]))
    named = scanned(tmp_path, experiment("b", entries, [log("b/slurm-2.out", "2")]))
    assert (told.parameters["epochs"].value, told.parameters["epochs"].source.where) == (3, "line 1")
    assert named.parameters["epochs"].value == 9


def test_a_run_of_no_steps_did_not_train(tmp_path: Path) -> None:
    """Exit code 0 and a final save prove nothing where no step was taken."""
    data = fixture("torchtune/whole-0.6.out")
    head = data[: data.index(b"\r  0%|")]
    end = b"\r0it [00:00, ?it/s]INFO:torchtune.utils._logging:Saving final epoch checkpoint.\n"
    entries = lay_down(tmp_path, {"r/slurm-1.out": head + end})
    found = scanned(
        tmp_path, experiment("r", entries, [log("r/slurm-1.out", "1")], [attempt("1", SlurmState.COMPLETED)])
    )
    assert (value(found, "global_step"), found.completion.value) == (0, False)
    assert FindingCode.ZERO_STEPS in codes(found)


def test_contradicting_sources_are_told(tmp_path: Path) -> None:
    """A state that says otherwise than the log is believed, and the contradiction is a finding."""
    state = json.loads(fixture("huggingface/trainer_state.json"))
    state["log_history"][3]["loss"] = 1.0
    files = {**HF, "r/trainer_state.json": json.dumps(state).encode()}
    found = scanned(tmp_path, experiment("r", lay_down(tmp_path, files), [log("r/slurm-5.out", "5")]))
    (finding,) = [f for f in found.findings if f.code is FindingCode.SOURCES_DISAGREE]
    assert (finding.evidence["step"], finding.evidence["a"], finding.evidence["b"]) == (20, 1.0, 5.738)
    assert value(found, "best_loss") == 1.0


@pytest.mark.parametrize("name", ["r/trainer_state.json", "r/all_results.json"])
def test_a_damaged_file_costs_only_its_own_facts(tmp_path: Path, name: str) -> None:
    """A cut file is named, and the other sources tell the run."""
    files = {**HF, name: HF[name][:100]}
    found = scanned(tmp_path, experiment("r", lay_down(tmp_path, files), [log("r/slurm-5.out", "5")]))
    assert [f.subject for f in found.findings if f.code is FindingCode.LOG_UNREADABLE] == [name]
    assert round(float(str(value(found, "final_loss"))), 3) == 5.625
    assert found.completion.value is True


def test_a_log_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A log replaced by a pipe is refused at once, and the trace files still count."""
    entries = lay_down(tmp_path, HF)
    (tmp_path / "r" / "slurm-5.out").unlink()
    os.mkfifo(tmp_path / "r" / "slurm-5.out")
    found = scanned(tmp_path, experiment("r", entries, [log("r/slurm-5.out", "5")]))
    assert [f.subject for f in found.findings if f.code is FindingCode.LOG_UNREADABLE] == ["r/slurm-5.out"]
    assert value(found, "final_loss") == 5.624703979492187


def test_a_log_of_several_jobs_is_told_and_cut(tmp_path: Path) -> None:
    """The last job's part counts, and the finding says how many there are."""
    shared = fixture("torchtune/whole-0.6.out") + fixture("torchtune/whole-0.4.out")
    found = scanned(
        tmp_path, experiment("r", lay_down(tmp_path, {"r/train.out": shared}), [log("r/train.out")])
    )
    (finding,) = [f for f in found.findings if f.code is FindingCode.LOG_SHARED_BY_JOBS]
    assert finding.evidence == {"jobs": 2}
    assert value(found, "global_step") == 20
    assert FindingCode.LINE_COPY_FAILED not in codes(found)


def test_a_resumed_job_in_one_log_has_its_whole_curve(tmp_path: Path) -> None:
    """What a requeued job logged before it was preempted belongs to the run's curve."""
    bar = "\r1|{}|Loss: {}:  50%|#| 1/9 [00:01<00:01, 1.0it/s]"
    first = "".join(bar.format(step, 9.0 - step) for step in range(1, 6)) + "\n"
    again = "".join(bar.format(step, 19.0 - step) for step in range(4, 9)) + "\n"
    end = "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO PREEMPTION ***\n"
    text = f"Job ID: 7\n{first}{end}Job ID: 7\n{again}"
    found = scanned(tmp_path, experiment("r", lay_down(tmp_path, {"r/o": text.encode()}), [log("r/o", "7")]))
    assert [(p.step, p.value) for p in found.series["loss"].points] == [
        *((step, 9.0 - step) for step in (1, 2, 3)),
        *((step, 19.0 - step) for step in (4, 5, 6, 7, 8)),
    ]
    assert FindingCode.LINE_PREEMPTED not in codes(found)


def resubmitted(tmp_path: Path, second: bytes) -> Experiment:
    """Return a run whose first job went well and whose second one wrote `second`."""
    entries = lay_down(tmp_path, {**HF, "r/slurm-6.out": second}, mtime_s=START + 60)
    logs = [log("r/slurm-5.out", "5"), log("r/slurm-6.out", "6")]
    attempts = [attempt("5", SlurmState.COMPLETED, START), attempt("6", SlurmState.FAILED, START + 100_000)]
    return scanned(tmp_path, experiment("r", entries, logs, attempts))


def test_an_earlier_jobs_numbers_stand_in_and_are_told_as_such(tmp_path: Path) -> None:
    """Where the job that counts never trained, older numbers are shown, not their end; a finding says so."""
    found = resubmitted(tmp_path, b"ModuleNotFoundError: No module named 'torch'\n")
    assert value(found, "final_loss") == 5.624703979492187
    assert found.completion.value is False
    assert codes(found)[0] is FindingCode.LINE_MODULE_MISSING
    (finding,) = [f for f in found.findings if f.code is FindingCode.TRACES_OF_EARLIER_ATTEMPT]
    assert "r/trainer_state.json" in [source.file for source in finding.sources]


def test_older_files_do_not_speak_for_a_job_that_trained(tmp_path: Path) -> None:
    """The job that counts has its own numbers: a state written before it began is not believed."""
    found = resubmitted(tmp_path, fixture("huggingface/killed-5.23.out"))
    assert (value(found, "final_loss"), value(found, "global_step")) == (5.52, 22)
    assert found.completion.value is False
    assert FindingCode.TRACES_OF_EARLIER_ATTEMPT not in codes(found)


def test_a_trackers_job_id_tells_whose_run_it_is(tmp_path: Path) -> None:
    """Wandb records the job: another job's history is not this one's, whatever the file's time."""
    entries = lay_down(tmp_path, TORCHTUNE)
    logs = [log("1B_rank4/slurm-1.out", "1")]
    found = scanned(tmp_path, experiment("1B_rank4", entries, logs, [attempt("77", SlurmState.FAILED)]))
    assert FindingCode.TRACES_OF_EARLIER_ATTEMPT in codes(found)


def test_a_pending_job_has_no_numbers_of_its_own(tmp_path: Path) -> None:
    """What lies there while a resubmitted job waits is the earlier job's."""
    entries = lay_down(tmp_path, HF)
    attempts = [attempt("5", SlurmState.COMPLETED), attempt("6", SlurmState.PENDING, None)]
    found = scanned(tmp_path, experiment("r", entries, [log("r/slurm-5.out", "5")], attempts))
    assert (found.state, found.completion.value) == (State.PENDING, None)
    assert FindingCode.TRACES_OF_EARLIER_ATTEMPT in codes(found)


def test_an_experiment_with_only_a_script_was_not_submitted(tmp_path: Path) -> None:
    """Nothing but a batch script: its parameters are known, and nothing else."""
    entries = lay_down(tmp_path, {"rank64_seed1/train.sbatch": fixture("configs/train.sbatch")})
    found = scanned(tmp_path, experiment("rank64_seed1", entries))
    assert (found.state, found.trainer, found.metrics, found.completion.value) == (
        State.NOT_SUBMITTED,
        None,
        {},
        None,
    )
    assert found.parameters["learning_rate"].value == 0.003


@pytest.mark.parametrize(
    "files", [{"r/o": b"words\n"}, {"r/trainer_state.json": fixture("huggingface/trainer_state.json")}]
)
def test_an_experiment_nobody_in_slurm_knows_is_unknown(tmp_path: Path, files: dict[str, bytes]) -> None:
    """A log or a trainer's file shows that it ran; how it ended, no source says."""
    logs = [log("r/o")] if "r/o" in files else []
    assert scanned(tmp_path, experiment("r", lay_down(tmp_path, files), logs)).state is State.UNKNOWN


def test_an_evaluations_output_is_no_training_log(tmp_path: Path) -> None:
    """A log that discovery calls an evaluation's is not read for training."""
    import msgspec

    entries = lay_down(tmp_path, {"r/eval.out": fixture("torchtune/whole-0.6.out")})
    evaluation = msgspec.structs.replace(log("r/eval.out", "3"), is_evaluation=True)
    assert scanned(tmp_path, experiment("r", entries, [evaluation])).metrics == {}


def test_output_and_error_of_one_job_are_read_together(tmp_path: Path) -> None:
    """Rows in the one file and bars in the other make one run."""
    whole = fixture("huggingface/killed-5.23.out").split(b"\n")
    rows = b"\n".join(line for line in whole if line.startswith(b"{")) + b"\n"
    rest = b"\n".join(line for line in whole if not line.startswith(b"{"))
    entries = lay_down(
        tmp_path, {"r/9.out": rows, "r/9.err": rest, "r/train.sbatch": b"python t.py --epochs 3\n"}
    )
    found = scanned(tmp_path, experiment("r", entries, [log("r/9.err", "9"), log("r/9.out", "9")]))
    assert [point.step for point in found.series["loss"].points] == [5, 10, 15, 20]
    assert (value(found, "global_step"), value(found, "planned_steps")) == (22, 75)


def test_scanning_twice_tells_the_same(tmp_path: Path) -> None:
    """Nothing in a scan depends on anything but the files."""
    entries = lay_down(tmp_path, TORCHTUNE)
    matched = experiment(
        "1B_rank4", entries, [log("1B_rank4/slurm-1.out", "1")], [attempt("1", SlurmState.FAILED)]
    )
    assert scanned(tmp_path, matched) == scanned(tmp_path, matched)


def test_nothing_is_opened_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each trace, log and configuration is opened once in a scan."""
    from afterall.scan import files

    opened: list[str] = []
    original = files._descend

    def recording(set_dir: Path, parts: list[str]) -> int:
        opened.append("/".join(parts))
        return original(set_dir, parts)

    monkeypatch.setattr(files, "_descend", recording)
    entries = lay_down(tmp_path, HF)
    scanned(tmp_path, experiment("r", entries, [log("r/slurm-5.out", "5")]))
    traces = [path for path in opened if not path.endswith("adapter_config.json")]
    assert sorted(traces) == sorted(set(traces))
    assert {e.path for e in entries if e.kind is EntryKind.FILE} <= set(opened)
