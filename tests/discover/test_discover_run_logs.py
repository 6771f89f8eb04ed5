"""Which logs are whose, and which runs left nothing but logs."""

from discover.discover_trees import era_c, layout_of, names

CHECKPOINT = "checkpoint-5/adapter_model.safetensors"


def test_submitits_folder_may_be_the_run() -> None:
    """A run keeps its directory where submitit's logs lie in it beside its configuration or another log."""
    submitted = ("a/12341_0_log.out", "a/12341_0_log.err", "a/12341_submitted.pkl", "a/config.yaml")
    assert names(layout_of(*submitted, "b/12342_0_log.out", "b/slurm-12345.out")) == ["a", "b"]
    tidy = layout_of("log/12341/12341_0_log.out", "log/12341/config.yaml", "log/12342/12342_0_log.out")
    assert [log.path for one in tidy.experiments for log in one.logs] == [
        "log/12341/12341_0_log.out",
        "log/12342/12342_0_log.out",
    ]


def test_a_log_that_lies_with_a_checkpoint_alone_is_an_evaluations() -> None:
    """slurm-80.out in epoch_0 is an evaluation's log, slurm-77.out there a copy of the training's."""
    logs = layout_of(*era_c()).experiments[0].logs
    assert [(log.path, log.is_evaluation) for log in logs] == [
        ("r1/artifacts/epoch_0/slurm-80.out", True), ("r1/artifacts/slurm-77.out", False),
    ]  # fmt: skip
    assert layout_of(*era_c()).experiments[0].job_ids == ("77",)


def test_a_log_of_a_longer_name_is_not_a_shorter_ones() -> None:
    """rank4_big's log ties to no rank4, and rank4_seed0's not to rank4 where both exist."""
    layout = layout_of(
        f"rank4/{CHECKPOINT}", f"rank4_seed0/{CHECKPOINT}", "logs/rank4_big-12345.out", "logs/rank4_seed0.out"
    )
    assert [[log.path for log in one.logs] for one in layout.experiments] == [[], ["logs/rank4_seed0.out"]]
    assert [log.path for log in layout.shared_logs] == ["logs/rank4_big-12345.out"]


def test_an_arrays_logs_in_a_common_directory_are_shared() -> None:
    """%x-%A_%a names no run, so those logs wait for what Slurm and their text say."""
    layout = layout_of(
        "train.sbatch",
        *(f"logs/sweep-5000_{n}.out" for n in range(2)),
        f"run_0/{CHECKPOINT}",
        f"run_1/{CHECKPOINT}",
    )
    assert names(layout) == ["run_0", "run_1"]
    assert [(log.path, log.job_id, log.task_id) for log in layout.shared_logs] == [
        ("logs/sweep-5000_0.out", "5000", "0"), ("logs/sweep-5000_1.out", "5000", "1"),
    ]  # fmt: skip


def test_a_task_that_left_only_its_log_is_an_experiment() -> None:
    """Where runs are called by their task's number, a task without a directory is not forgotten."""
    layout = layout_of(
        *(f"logs/sweep-5000_{n}.out" for n in range(3)), f"run_0/{CHECKPOINT}", f"run_1/{CHECKPOINT}"
    )
    lost = layout.experiments[2]
    assert (lost.name, lost.path, lost.roots, lost.job_ids) == ("run_2", "", (), ("5000_2",))
    assert [log.path for log in layout.shared_logs] == ["logs/sweep-5000_0.out", "logs/sweep-5000_1.out"]


def test_a_run_that_left_only_its_log_is_an_experiment() -> None:
    """rank8's log beside the directories rank4 and rank16 is a run; a preparation's is none."""
    layout = layout_of(
        f"rank4/{CHECKPOINT}", f"rank16/{CHECKPOINT}", "logs/rank8-12345.out", "logs/prepare-12346.out"
    )
    assert names(layout) == ["rank4", "rank8", "rank16"]


def test_logs_of_several_jobs_do_not_make_the_set_one_run() -> None:
    """Of two jobs submitted from the set's directory one made its own; it is the experiment."""
    layout = layout_of("train.sbatch", "slurm-5.out", "slurm-6.out", f"lr1/{CHECKPOINT}")
    assert [one.path for one in layout.experiments] == ["lr1"]


def test_runs_that_live_in_logs_alone_are_experiments() -> None:
    """An array's tasks are runs, a second submission is the same run's, and streams go together."""
    layout = layout_of(
        "train.sbatch",
        "logs/sweep-7000_0.out",
        "logs/sweep-7000_1.out",
        "logs/sweep-7000_1.err",
        "logs/sweep-7100_1.out",
    )
    assert [(one.name, one.path, one.roots, one.entries) for one in layout.experiments] == [
        ("sweep_0", "", (), ()), ("sweep_1", "", (), ()),
    ]  # fmt: skip
    assert layout.experiments[1].job_ids == ("7000_1", "7100_1")
    assert layout.experiments[1].scripts == ("train.sbatch",)


def test_jobs_with_slurms_default_log_name_are_runs_of_their_own() -> None:
    """Without directories and without names each job is a run."""
    assert names(layout_of("slurm-10.out", "slurm-9.out", "train.sbatch")) == ["slurm-9", "slurm-10"]


def test_submitit_folders_are_logs_of_the_run_above_them() -> None:
    """RUN/JOBID/JOBID_0_log.out is RUN's log."""
    layout = layout_of(
        "exp/a/12254/12254_0_log.out",
        f"exp/a/{CHECKPOINT}",
        "exp/b/12255/12255_0_log.out",
        f"exp/b/{CHECKPOINT}",
    )
    assert [(one.name, one.job_ids) for one in layout.experiments] == [("a", ("12254",)), ("b", ("12255",))]


def test_a_common_submitit_folder_is_no_experiment() -> None:
    """Logs of jobs in FOLDER/JOBID beside runs are shared."""
    layout = layout_of(
        "log_sub/12254/12254_0_log.out",
        "log_sub/12254/12254_submitted.pkl",
        f"a/{CHECKPOINT}",
        f"b/{CHECKPOINT}",
    )
    assert names(layout) == ["a", "b"]
    assert [log.job_id for log in layout.shared_logs] == ["12254"]


def test_trackers_and_the_report_jobs_output_are_no_logs() -> None:
    """Wandb's output.log, torchrun's per-rank copies and results-ID.out are no logs of training."""
    layout = layout_of(
        f"a/{CHECKPOINT}", "a/slurm-1.out", "a/logs/wandb/offline-run-1/files/output.log", "results-9.out",
        "a/torchrun/attempt_0/3/stdout.log", f"b/{CHECKPOINT}", "afterall-10.out",
    )  # fmt: skip
    assert [log.path for one in layout.experiments for log in one.logs] == ["a/slurm-1.out"]
    assert layout.shared_logs == ()


def test_side_jobs_logs_are_left_out_where_training_left_one() -> None:
    """merge-ID.out is no training log, unless nothing else is there."""
    both = layout_of(
        f"a/{CHECKPOINT}", "a/slurm-12345.out", "a/merge-12346.out", f"b/{CHECKPOINT}"
    ).experiments[0]
    alone = layout_of(f"a/{CHECKPOINT}", "a/merge-12346.out", f"b/{CHECKPOINT}").experiments[0]
    assert ([log.path for log in both.logs], both.job_ids) == (["a/slurm-12345.out"], ("12345",))
    assert [log.path for log in alone.logs] == ["a/merge-12346.out"]


def test_a_jobs_directory_of_logs_is_no_run() -> None:
    """`slurm_out/%A/%a.out` holds the logs of several runs, each with its task's id."""
    logs = [f"slurm_out/5012345/{task}.{kind}" for task in (0, 1) for kind in ("out", "err")]
    layout = layout_of(*logs, "runs/seed_0/best.pt", "runs/seed_1/best.pt", "train.sbatch")
    assert names(layout) == ["seed_0", "seed_1"]
    assert {(log.job_id, log.task_id) for log in layout.shared_logs} == {("5012345", "0"), ("5012345", "1")}
    kept = layout_of("jobs/5012345/train.log", "jobs/5012345/model.pt", "jobs/5012346/model.pt")
    assert names(kept) == ["5012345", "5012346"]


def test_runs_that_left_only_their_jobs_directories_are_told_apart() -> None:
    """Logs of one name in directories of two jobs are two runs' own."""
    layout = layout_of("out/5012345/train.out", "out/5012346/train.out", "train.sbatch")
    assert names(layout) == ["train-5012345", "train-5012346"]
    assert [one.job_ids for one in layout.experiments] == [("5012345",), ("5012346",)]


def test_a_log_of_any_kind_is_the_runs_whose_name_it_bears() -> None:
    """`logs/rank4.log` is rank4's, though its name is no job's; `logs/app.log` is nobody's."""
    runs = (f"out/rank4/{CHECKPOINT}", f"out/rank8/{CHECKPOINT}")
    layout = layout_of(
        *runs, "logs/rank4.log", "logs/app.log", "notes/rank8_5012346_1.txt", "logs/rank8_5012346_1.txt"
    )
    assert [[log.path for log in one.logs] for one in layout.experiments] == [
        ["logs/rank4.log"], ["logs/rank8_5012346_1.txt", "notes/rank8_5012346_1.txt"],
    ]  # fmt: skip
    assert layout.shared_logs == ()
