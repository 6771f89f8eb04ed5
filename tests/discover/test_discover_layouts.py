"""Which directories of a set are its experiments, and what in them is whose."""

import pytest

from afterall.model import JobId
from discover.discover_trees import entries, era_c, laid_out, layout_of, names

CHECKPOINT = "checkpoint-5/adapter_model.safetensors"


def test_runs_beside_each_other_are_experiments_in_natural_order() -> None:
    """Directories with checkpoints directly in the set are its experiments; rank4 stands before rank16."""
    layout = layout_of(
        f"rank16/{CHECKPOINT}", f"rank4/{CHECKPOINT}", "rank64/epoch_0/model.safetensors", "README.md"
    )
    assert names(layout) == ["rank4", "rank16", "rank64"]
    assert [one.path for one in layout.experiments] == ["rank4", "rank16", "rank64"]
    assert layout.readme == "README.md"


def test_an_experiment_is_above_its_output_directories() -> None:
    """runs/NAME/out is NAME's; the common directory is no part of the name."""
    layout = layout_of("runs/a/train.sbatch", f"runs/a/out/{CHECKPOINT}", f"runs/b/out/{CHECKPOINT}")
    assert [(one.name, one.roots) for one in layout.experiments] == [("a", ("runs/a",)), ("b", ("runs/b",))]


def test_a_base_model_with_torchtunes_configuration_is_no_run() -> None:
    """Torchtune 0.2 to 0.5 wrote each run's configuration into the base model's directory, shared by all."""
    base = ("base/torchtune_config.yaml", "base/model.safetensors", "base/config.json", "base/tokenizer.json")
    layout = layout_of(*base, "a/job.sbatch", "a/slurm-12341.out", "b/job.sbatch", "b/slurm-12342.out")
    assert names(layout) == ["a", "b"]
    assert [e.path for one in layout.experiments for e in one.entries if e.path.startswith("base/")] == []


def test_runs_two_levels_down_bear_their_groups_name() -> None:
    """A group is no experiment, though it holds the script that submits its runs."""
    layout = layout_of(
        "g1/submit.sbatch",
        "g1/a/slurm-1.out",
        f"g1/a/{CHECKPOINT}",
        "g1/b/slurm-2.out",
        "g2/a/trainer_state.json",
    )
    assert names(layout) == ["g1/a", "g1/b", "g2/a"]
    assert layout.experiments[0].scripts == ("g1/submit.sbatch",)


def test_json_lines_that_bear_a_runs_name_are_its() -> None:
    """Verl's file logger writes `project/NAME.jsonl` beside `checkpoints/project/NAME`; datasets stay out."""
    layout = layout_of(
        f"checkpoints/p/a/{CHECKPOINT}", f"checkpoints/p/b/{CHECKPOINT}", "p/a.jsonl", "p/c.jsonl",
        "data/a.jsonl", "logs/p/b.jsonl", "p/b.txt",
    )  # fmt: skip
    assert [[e.path for e in one.entries if e.name.endswith("l")] for one in layout.experiments] == [
        ["p/a.jsonl"],
        ["logs/p/b.jsonl"],
    ]


def test_what_all_names_share_is_no_part_of_them() -> None:
    """One group alone gives its runs no longer names."""
    assert names(layout_of(f"llama/a/{CHECKPOINT}", f"llama/b/{CHECKPOINT}")) == ["a", "b"]


def test_a_ck_out_directory_belongs_to_the_run_beside_it() -> None:
    """Configuration in NAME and output in ck-out-NAME, as cruijff_kit had it in 2025, are one experiment."""
    layout = layout_of(
        "rank4/finetune.slurm", "rank4/finetune.yaml", "rank4/slurm-9.out",
        "ck-out-rank4/epoch_0/adapter_model.pt",
        "ck-out-rank4/slurm-10.out", "rank8/finetune.yaml", "submit_all.sh", "runs_plan.md",
    )  # fmt: skip
    assert [(one.name, one.roots) for one in layout.experiments] == [
        ("rank4", ("rank4", "ck-out-rank4")), ("rank8", ("rank8",)),
    ]  # fmt: skip
    assert [log.path for log in layout.experiments[0].logs] == [
        "ck-out-rank4/slurm-10.out",
        "rank4/slurm-9.out",
    ]
    assert layout.experiments[0].job_ids == ("10", "9")


def test_evaluations_and_explorations_are_no_experiments() -> None:
    """Only what trains is an experiment; logs/, exploration/ and a base model's evaluations are none."""
    layout = layout_of(*era_c())
    assert names(layout) == ["r1", "r2"]
    assert layout.experiments[0].evaluation_logs == ("r1/eval/cap_epoch0/logs/x.eval",)
    assert layout.experiments[0].eval_scripts == (
        "r1/eval/cap_epoch0/cell.slurm",
        "r1/eval/cap_epoch0/eval.yaml",
    )
    assert layout.experiments[0].scripts == ("r1/finetune.slurm",)


def test_hydras_jobs_are_experiments() -> None:
    """multirun/DATE/TIME/N are runs, named after what tells them apart."""
    sweep = "multirun/2026-11-23/07-03-58"
    layout = layout_of(
        f"{sweep}/multirun.yaml", *(f"{sweep}/{n}/.hydra/overrides.yaml" for n in (10, 9)), f"{sweep}/9/a.log"
    )
    assert names(layout) == ["9", "10"]
    assert layout.experiments[0].configs == (f"{sweep}/9/.hydra/overrides.yaml",)
    assert [log.path for log in layout.experiments[0].logs] == [f"{sweep}/9/a.log"]


def test_what_hydra_noted_of_runs_that_saved_elsewhere_is_no_run() -> None:
    """As verl saves below checkpoints/; where one works in Hydra's directories, the others are runs too."""
    saved = ("checkpoints/p/a/global_step_9/actor/model_world_size_1_rank_0.pt",
             "checkpoints/p/b/global_step_9/actor/model_world_size_1_rank_0.pt")  # fmt: skip
    noted = [f"outputs/2026-11-23/{time}/.hydra/overrides.yaml" for time in ("07-03-58", "08-00-00")]
    assert [name.rpartition("/")[2] for name in names(layout_of(*saved, *noted))] == ["a", "b"]
    assert len(layout_of(*noted).experiments) == 2
    worked = "outputs/2026-11-23/07-03-58/checkpoint-9/model.safetensors"
    assert len(layout_of(*noted, worked).experiments) == 2


def test_lightnings_versions_in_a_run_are_its_own() -> None:
    """version_N below a run is that run's; under Slurm its number is the job's id."""
    layout = layout_of(
        "a/lightning_logs/version_0/metrics.csv", "a/lightning_logs/version_112233/checkpoints/x.ckpt",
        "b/lightning_logs/version_1/metrics.csv",
    )  # fmt: skip
    assert [(one.name, one.job_ids) for one in layout.experiments] == [("a", ("112233",)), ("b", ())]


def test_several_lightning_versions_without_runs_are_experiments() -> None:
    """Where nothing else tells runs apart, lightning_logs/version_N are the runs."""
    layout = layout_of(
        "lightning_logs/version_0/metrics.csv", "lightning_logs/version_1/checkpoints/x.ckpt", "fit.py"
    )
    assert names(layout) == ["version_0", "version_1"]


def test_tensorboard_below_a_hugging_face_run_is_no_experiment() -> None:
    """runs/DATE_HOST inside a run holds events alone and stays part of the run."""
    layout = layout_of(
        f"a/{CHECKPOINT}", "a/runs/Nov23_06-49-30_vm/events.out.tfevents.1.vm.1.0", f"b/{CHECKPOINT}"
    )
    assert names(layout) == ["a", "b"]


def test_runs_in_several_containers_are_one_experiment_each() -> None:
    """Output, log, configuration and evaluations of one name in four common directories belong together."""
    layout = layout_of(
        "train.sbatch", "logs/lr1e-3.out", "logs/train_lr1e-4-12345.out", "checkpoints/lr1e-3/model.ckpt",
        "checkpoints/lr1e-4/model.ckpt", "configs/lr1e-3.yaml", "configs/lr1e-4.yaml",
        "eval/lr1e-3/logs/a.eval",
    )  # fmt: skip
    first, second = layout.experiments
    assert first.roots == ("checkpoints/lr1e-3", "eval/lr1e-3")
    assert ([log.path for log in first.logs], first.configs) == (
        ["logs/lr1e-3.out"],
        ("configs/lr1e-3.yaml",),
    )
    assert (first.evaluation_logs, first.scripts) == (("eval/lr1e-3/logs/a.eval",), ("train.sbatch",))
    assert second.job_ids == ("12345",)
    assert layout.shared_logs == ()


def test_a_never_submitted_run_is_an_experiment() -> None:
    """A directory that holds only a batch script counts."""
    layout = layout_of("a/train.sbatch", f"b/{CHECKPOINT}")
    assert [(one.name, one.scripts) for one in layout.experiments] == [("a", ("a/train.sbatch",)), ("b", ())]


def test_a_run_whose_output_lies_deeper_is_one_experiment() -> None:
    """With script and log above and weights in a directory below, the upper one is the run."""
    layout = layout_of("a/train.sbatch", "a/slurm-1.out", f"a/my_model/{CHECKPOINT}", f"b/{CHECKPOINT}")
    assert [one.roots for one in layout.experiments] == [("a",), ("b",)]


def test_checkpoints_inside_an_experiment_are_not_experiments() -> None:
    """What lies below an experiment, DeepSpeed's nested directories included, belongs to it."""
    layout = layout_of(
        "a/checkpoint-5/global_step5/mp_rank_00_model_states.pt",
        "a/checkpoint-5/trainer_state.json",
        f"b/{CHECKPOINT}",
    )
    assert names(layout) == ["a", "b"]


def test_runs_named_like_checkpoints_are_runs_when_they_hold_scripts() -> None:
    """A sweep over epochs may call its runs epoch_1 and epoch_3."""
    layout = layout_of(
        "epoch_1/train.sbatch", f"epoch_1/{CHECKPOINT}", "epoch_3/train.sbatch", "epoch_3/slurm-1.out"
    )
    assert names(layout) == ["epoch_1", "epoch_3"]
    assert [log.is_evaluation for log in layout.experiments[1].logs] == [False]


def test_a_base_model_in_the_set_is_no_experiment() -> None:
    """Bare weights are what runs start from, even with the configuration that torchtune 0.5 left there."""
    base = ("tiny/model.safetensors", "tiny/config.json", "tiny/torchtune_config.yaml")
    assert names(layout_of(*base, f"a/{CHECKPOINT}", "b/adapter_0.pt", "b/hf_model_0001_0.pt")) == ["a", "b"]


def test_where_nothing_but_weights_was_kept_their_directories_are_experiments() -> None:
    """A set cleaned down to its final weights still has its runs."""
    assert names(layout_of("a/model.safetensors", "b/model.safetensors", "b/sub/model.safetensors")) == [
        "a",
        "b",
    ]


def test_weights_in_run_directories_are_experiments_beside_common_logs() -> None:
    """Where runs kept only a final model and their logs lie together, the directories are the runs."""
    model = ("model.safetensors", "config.json", "tokenizer.json")
    layout = layout_of(
        "train.sbatch", "logs/s-5000_1.out", *(f"out/{n}/{part}" for n in ("x", "y") for part in model)
    )
    assert names(layout) == ["x", "y"]


def test_weights_of_a_training_loop_of_ones_own_are_a_runs() -> None:
    """best.pth and ckpt.pt are products, data in a file of that format is none."""
    layout = layout_of(
        "a/best.pth", "b/ckpt.pt", "tiny/model.safetensors", "tiny/config.json", "prep/train.bin", "base.pt"
    )
    assert names(layout) == ["a", "b"]


def test_a_preparations_directory_is_no_experiment() -> None:
    """A directory called after what it prepares, with that job's script and log, trains nothing."""
    prepared = ("preprocess/preprocess.sbatch", "preprocess/slurm-7.out")
    assert names(layout_of(*prepared, f"a/{CHECKPOINT}", f"b/{CHECKPOINT}")) == ["a", "b"]
    assert names(layout_of("preprocess/train.sbatch", "preprocess/slurm-7.out", f"a/{CHECKPOINT}")) == [
        "a",
        "preprocess",
    ]


@pytest.mark.parametrize(
    "paths",
    [
        ("train.sbatch", "slurm-5.out", f"{CHECKPOINT}", "trainer_state.json", "foo/x.log"),
        ("train.sbatch", "slurm-5.out", f"out/{CHECKPOINT}"),
        ("train.sbatch", "slurm-5.out", f"my_model/{CHECKPOINT}"),
        ("slurm-5.out", "slurm-5.err", f"out_sft_lora/{CHECKPOINT}"),
        ("train.sbatch", "slurm-5.out"),
        ("train.sbatch",),
        ("finetune.yaml", "slurm-5.out", "slurm-6.out"),
        ("model.safetensors",),
        ("lightning_logs/version_0/metrics.csv", "slurm-5.out"),
    ],
)
def test_a_run_given_as_the_set_is_its_one_experiment(paths: tuple[str, ...]) -> None:
    """A single run's directory is a set of one, whose path is the set's own and which owns every entry."""
    layout = layout_of(*paths)
    assert [(one.name, one.path, one.roots) for one in layout.experiments] == [("sweep", "", ("",))]
    assert layout.experiments[0].entries == layout.entries


def test_the_set_itself_is_no_experiment_beside_others() -> None:
    """Stray checkpoints in the set's own directory do not swallow its runs."""
    layout = layout_of(
        "trainer_state.json", *(f"{n}/{part}" for n in "ab" for part in ("slurm-1.out", CHECKPOINT))
    )
    assert names(layout) == ["a", "b"]


def test_an_output_directory_beside_named_runs_is_a_run_too() -> None:
    """`out` beside `out_adapter` is where the first run went."""
    assert names(layout_of(f"out/{CHECKPOINT}", f"out_adapter/{CHECKPOINT}", f"out_full/{CHECKPOINT}")) == [
        "out", "out_adapter", "out_full",
    ]  # fmt: skip


def test_configurations_come_nearest_first_and_from_the_last_checkpoint_alone() -> None:
    """Tokenizer, index and result files are no configurations; adapter_config.json counts once."""
    layout = layout_of(
        "a/finetune.yaml", "a/conf/extra.toml", "a/epoch_2/adapter_config.json",
        "a/epoch_10/adapter_config.json",
        "a/epoch_10/config.json", "a/tokenizer.json", "a/model.safetensors.index.json", "a/all_results.json",
        "a/eval.yaml", "a/wandb/run-1/files/config.yaml", "b/finetune.yaml",
    )  # fmt: skip
    assert layout.experiments[0].configs == (
        "a/finetune.yaml",
        "a/conf/extra.toml",
        "a/epoch_10/adapter_config.json",
    )


def test_what_lies_in_the_set_can_evaluate_all_experiments() -> None:
    """A shared eval.py stands behind each experiment's own."""
    layout = layout_of("eval.py", "a/eval.py", f"a/{CHECKPOINT}", f"b/{CHECKPOINT}", "train_and_eval.sbatch")
    assert [one.eval_scripts for one in layout.experiments] == [("a/eval.py", "eval.py"), ("eval.py",)]
    assert layout.experiments[1].scripts == ("train_and_eval.sbatch",)


def test_ids_that_submitters_wrote_down_are_known() -> None:
    """Records of runs give job ids to the experiments of that name, behind a group's name too."""
    listed = entries("g/a/train.sbatch", "g/b/train.sbatch")
    layout = laid_out(listed, recorded={"a": (JobId("5"), JobId("6")), "z": (JobId("7"),)})
    assert [one.job_ids for one in layout.experiments] == [("5", "6"), ()]


def test_a_model_card_is_not_the_sets_readme() -> None:
    """README.md beside an adapter was written by PEFT."""
    assert layout_of("README.md", "adapter_config.json", CHECKPOINT).readme is None
    assert layout_of("Readme.md", f"a/{CHECKPOINT}", "a/README.md").readme == "Readme.md"


def test_a_set_without_any_sign_of_a_run_has_no_experiment() -> None:
    """Notes, data and plots make no experiment."""
    assert layout_of("notes.txt", "data/train.json", "plots/a.png", "code/model.py").experiments == ()


def test_runs_may_share_all_their_directories() -> None:
    """`checkpoints/a.pth` and `logs/a.log` are a's, those of b are b's, whatever state a name tells of."""
    files = (
        "checkpoints/vit_lr1e-3_s0.pth", "checkpoints/vit_lr1e-3_s1_best.pth",
        "checkpoints/vit_lr1e-3_s1_epoch_3.pth", "checkpoints/vit_lr1e-4_s0.pth.tar",
        "logs/vit_lr1e-3_s0.log", "logs/vit_lr1e-3_s1-5012346.out",
        "configs/vit_lr1e-3_s1.yaml", "configs/base.yaml", "train.sbatch", "logs/app.log",
    )  # fmt: skip
    layout = layout_of(*files)
    assert {one.name: ([entry.path for entry in one.entries], one.job_ids) for one in layout.experiments} == {
        "vit_lr1e-3_s0": (["checkpoints/vit_lr1e-3_s0.pth", "logs/vit_lr1e-3_s0.log"], ()),
        "vit_lr1e-3_s1": (
            [
                "checkpoints/vit_lr1e-3_s1_best.pth", "checkpoints/vit_lr1e-3_s1_epoch_3.pth",
                "configs/vit_lr1e-3_s1.yaml", "logs/vit_lr1e-3_s1-5012346.out",
            ],
            ("5012346",),
        ),
        "vit_lr1e-4_s0": (["checkpoints/vit_lr1e-4_s0.pth.tar"], ()),
    }  # fmt: skip
    assert {one.scripts for one in layout.experiments} == {("train.sbatch",)}


def test_parts_of_one_model_are_one_run() -> None:
    """Files that no logs of their own tell apart are one run's, and so are the epochs of one."""
    parts = ("models/generator.pth", "models/critic.pth", "configs/generator.yaml", "configs/critic.yaml")
    assert names(layout_of(*parts, "logs/train.log")) == ["sweep"]
    assert names(layout_of("ckpt/net_epoch_1.pth", "ckpt/net_epoch_2.pth", "logs/net.log")) == ["sweep"]
    two = ("ckpt/a.pth", "logs/a.log", "ckpt/b.pth", "logs/b.log")
    assert names(layout_of(*two, "alpha/trainer_state.json")) == ["alpha"]


def test_a_number_counts_steps_or_tells_a_run() -> None:
    """`a_steps_5.pth` is a state of a; of `net_bs_8.pt` the number is the run's."""
    steps = [
        f"ckpt/{run}_{steps}_{count}.pth"
        for run in "ab"
        for steps in ("steps", "epochs")
        for count in (5, 10)
    ]
    assert names(layout_of(*steps, "logs/a.log", "logs/b.log")) == ["a", "b"]
    sizes = [
        f"{where}/net_bs_{size}.{kind}"
        for size in (8, 16)
        for where, kind in (("ckpt", "pt"), ("logs", "log"))
    ]
    assert names(layout_of(*sizes)) == ["net_bs_8", "net_bs_16"]


def test_code_of_others_is_no_run() -> None:
    """Weights that came with somebody else's code were not trained here."""
    others = (
        "third_party/llama/model.pt",
        "build/lib/x/best.pt",
        "external/net/checkpoint-5/trainer_state.json",
    )
    assert names(layout_of(*others, f"a/{CHECKPOINT}", f"b/{CHECKPOINT}")) == ["a", "b"]


def test_a_sets_scripts_directory_holds_its_runs_scripts() -> None:
    """`scripts/slurm/train.sbatch` is the script of the runs below the set, as one beside them is."""
    layout = layout_of(
        "scripts/slurm/train.sbatch", "slurm/eval.sbatch", f"out/a/{CHECKPOINT}", f"out/b/{CHECKPOINT}"
    )
    assert {one.scripts for one in layout.experiments} == {("scripts/slurm/train.sbatch",)}
    nearer = layout_of("train.sbatch", "g/bash_scripts/run.sbatch", f"g/a/{CHECKPOINT}", f"h/b/{CHECKPOINT}")
    assert [one.scripts for one in nearer.experiments] == [("g/bash_scripts/run.sbatch",), ("train.sbatch",)]
