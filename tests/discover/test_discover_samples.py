from pathlib import Path

import pytest

from afterall.discover import discover, match
from afterall.model import SetLayout
from discover.discover_trees import NO_SETTINGS, at, grow_listing, job, seen

TORCHTUNE = "cap_8L_llama_lora_comparison_2026-11-23"
HUGGING_FACE = "tinyllama_rank_sweep"
USERS = "/scratch/gpfs/LAB/researcher"


def laid_out_listing(root: Path, name: str) -> SetLayout:
    """Return the layout of a listing's tree."""
    return discover(grow_listing(root / name, f"{name}.listing.tsv"), NO_SETTINGS)


def test_the_torchtune_sets_runs_are_found_whole(tmp_path: Path) -> None:
    """Four runs, each with log, configurations, script, evaluation task and evaluations' results."""
    layout = laid_out_listing(tmp_path, TORCHTUNE)
    assert [(one.name, one.roots, one.job_ids) for one in layout.experiments] == [
        ("1B_rank4", ("1B_rank4",), ("1",)),
        ("1B_rank64", ("1B_rank64",), ("2",)),
        ("3B_rank4", ("3B_rank4",), ("3",)),
        ("3B_rank64", ("3B_rank64",), ("4",)),
    ]
    first = layout.experiments[0]
    assert [log.path for log in first.logs] == ["1B_rank4/slurm-1.out"]
    assert first.configs == (
        "1B_rank4/finetune.yaml",
        "1B_rank4/setup_finetune.yaml",
        "1B_rank4/torchtune_config.yaml",
        "1B_rank4/epoch_2/adapter_config.json",
    )
    assert (first.scripts, first.eval_scripts) == (("1B_rank4/finetune.slurm",), ("1B_rank4/eval.py",))
    assert [len(one.evaluation_logs) for one in layout.experiments] == [2, 2, 2, 1]
    assert [len(one.entries) for one in layout.experiments] == [65, 65, 65, 62]
    assert (layout.readme, layout.shared_logs, layout.name) == ("README.md", (), TORCHTUNE)


def test_the_hugging_face_sets_runs_are_found_whole(tmp_path: Path) -> None:
    """Six runs in natural order: the killed one by its log, the never submitted one by its script alone."""
    layout = laid_out_listing(tmp_path, HUGGING_FACE)
    assert [(one.name, one.job_ids, len(one.entries)) for one in layout.experiments] == [
        ("rank4_seed0", ("7",), 34),
        ("rank4_seed1", ("8",), 34),
        ("rank16_seed0", ("5",), 34),
        ("rank16_seed1", ("6",), 34),
        ("rank64_seed0", ("9",), 2),
        ("rank64_seed1_never", (), 1),
    ]
    assert layout.experiments[5].scripts == ("rank64_seed1_never/train.sbatch",)
    assert layout.readme is None


def test_the_torchtune_sets_jobs_are_matched_after_it_was_moved(tmp_path: Path) -> None:
    """Records of jobs that ran in /scratch/gpfs/… fit the set wherever it lies and whoever owns it."""
    layout = laid_out_listing(tmp_path, TORCHTUNE)
    ids = {"1B_rank4": "1", "1B_rank64": "2", "3B_rank4": "3", "3B_rank64": "4"}
    jobs = [
        job(i, f"{USERS}/{TORCHTUNE}/{name}", name=name, submit=at(1e6), start=None)
        for name, i in ids.items()
    ]
    matched = match(layout, seen(*reversed(jobs)), NO_SETTINGS)
    assert [(one.layout.name, [a.job_id for a in one.attempts]) for one in matched.experiments] == [
        (name, [i]) for name, i in ids.items()
    ]
    assert (matched.others, [one.rejected for one in matched.experiments]) == ((), [()] * 4)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.6.1", ["out", "out_adapter", "out_disk", "out_fail", "out_nan", "out_stdout", "out_tb"]),
        ("main_bd2a0fc", ["out", "out_dist", "out_full", "out_step"]),
    ],
)
def test_torchtunes_outputs_are_experiments_and_their_base_model_is_none(
    tmp_path: Path, version: str, expected: list[str]
) -> None:
    """Each output directory of a version is a run; `tiny`, the model that they start from, is not."""
    assert [one.name for one in laid_out_listing(tmp_path, f"torchtune_{version}").experiments] == expected


def test_one_flat_output_of_torchtune_is_one_run(tmp_path: Path) -> None:
    """Torchtune 0.4 wrote all epochs into one directory; beside its base model it makes a set of one."""
    layout = laid_out_listing(tmp_path, "torchtune_0.4.0")
    assert [(one.name, one.path) for one in layout.experiments] == [("torchtune_0.4.0", "")]


def test_hydra_lightning_and_submitit_can_lie_side_by_side(tmp_path: Path) -> None:
    """The multirun's jobs and Lightning's run are experiments; submitit's logs and a stray one are shared."""
    layout = laid_out_listing(tmp_path, "lightning_hydra_submitit")
    sweep = "2026-11-23/07-03-58"
    assert [one.name for one in layout.experiments] == [f"{sweep}/{n}" for n in range(4)] + ["version_0"]
    assert [log.path for log in layout.shared_logs] == [
        "log_sub/12254/12254_0_log.err",
        "log_sub/12254/12254_0_log.out",
        "slurm-csv.out",
    ]
