"""Gather the parameters of whole experiments from the files, scripts and jobs that they have."""

import json
from pathlib import Path

from msgspec.structs import replace

from afterall.model import FindingCode, Scalar, SlurmState
from afterall.scan.parameters import read_parameters
from scan.run_making import attempt, experiment, fixture, lay_down, log

ARRAY_SCRIPT = b"""\
#!/bin/bash
#SBATCH --array=0-2
RANKS=(4 16 64)
srun python train.py --lora-rank ${RANKS[$SLURM_ARRAY_TASK_ID]} --lr 3e-4
"""


def parameters_in(tmp_path: Path, files: dict[str, bytes]) -> dict[str, Scalar]:
    """Return the values of the parameters found in a run of these files."""
    parameters, _ = read_parameters(tmp_path, experiment("r", lay_down(tmp_path, files)), [])
    return {name: fact.value for name, fact in parameters.items()}


def test_all_sources_of_a_run_come_together(tmp_path: Path) -> None:
    """A torchtune run's directory gives its parameters without its log."""
    files = {
        "1B_rank4/torchtune_config.yaml": fixture("configs/torchtune_config.yaml"),
        "1B_rank4/finetune.yaml": fixture("configs/finetune.yaml"),
        "1B_rank4/setup_finetune.yaml": fixture("configs/setup_finetune.yaml"),
        "1B_rank4/epoch_0/torchtune_config.yaml": b"seed: 99\n",
    }
    parameters, findings = read_parameters(tmp_path, experiment("1B_rank4", lay_down(tmp_path, files)), [])
    expected = {
        "model": "tiny-1B",
        "lora_rank": 4,
        "lora_alpha": 8,
        "learning_rate": 0.003,
        "epochs": 3,
        "seed": 1234,
        "batch_size": 8,
        "dataset": "words_8L_80P_10000",
        "optimizer": "AdamW",
        "warmup_steps": 10,
    }
    assert {name: parameters[name].value for name in expected} == expected
    assert findings == ()
    assert not [name for name in parameters if "dir" in name or "wandb" in name]


def test_what_lightnings_command_line_saved_counts_before_what_it_was_given(tmp_path: Path) -> None:
    """LightningCLI's `version_N/config.yaml` holds the options too, the file of `--config` does not."""
    files = {
        "lightning_logs/version_3/config.yaml": b"model:\n  hidden: 256\noptimizer:\n  lr: 0.01\n",
        "train.sbatch": b"srun python main.py fit --config configs/base.yaml --optimizer.lr $2\n",
        "configs/base.yaml": b"model:\n  hidden: 64\noptimizer:\n  lr: 0.001\n",
    }
    matched = experiment("lightning_logs/version_3", lay_down(tmp_path, files))
    layout = replace(matched.layout, scripts=("train.sbatch",), configs=("configs/base.yaml",))
    parameters, _ = read_parameters(tmp_path, replace(matched, layout=layout), [])
    assert parameters["model.hidden"].value == 256
    assert parameters["learning_rate"].value == 0.01


def test_a_hugging_face_run_comes_together(tmp_path: Path) -> None:
    """Command, adapter, model card and name agree, each adding what the others lack."""
    files = {
        "rank16_seed0/train.sbatch": fixture("configs/train.sbatch"),
        "rank16_seed0/adapter_config.json": fixture("huggingface/adapter_config.json"),
        "rank16_seed0/README.md": fixture("huggingface/README.md"),
    }
    parameters, findings = read_parameters(
        tmp_path, experiment("rank16_seed0", lay_down(tmp_path, files)), []
    )
    found = {name: (fact.value, fact.source.file.rpartition("/")[2]) for name, fact in parameters.items()}
    assert found["lora_rank"] == (16, "adapter_config.json")
    assert found["learning_rate"] == (0.003, "train.sbatch")
    assert found["seed"] == (0, "train.sbatch")
    assert found["model"] == ("tiny-1B", "adapter_config.json")
    assert findings == ()


def test_the_configuration_that_the_command_names_is_the_one(tmp_path: Path) -> None:
    """Of variants beside each other the one the script names is read."""
    files = {
        "r/a.yaml": b"seed: 1\n",
        "r/b.yaml": b"seed: 2\n",
        "r/job.sbatch": b"tune run full --config b.yaml\n",
    }
    assert parameters_in(tmp_path, files) == {"seed": 2}


def test_a_configuration_beside_the_runs_is_read(tmp_path: Path) -> None:
    """What discovery found by the run's name, and what the command names, need not lie in the run."""
    files = {
        "configs/r.yaml": b"seed: 1\nmodel_name_or_path: base/TinyLlama\n",
        "configs/other.yaml": b"seed: 2\n",
        "configs/shared.yaml": b"seed: 3\n",
        "configs/eval.yaml": b"seed: 4\n",
        "r/job.sh": b"python prepare.py\n",
    }
    matched = experiment("r", lay_down(tmp_path, files))
    matched = replace(
        matched, layout=replace(matched.layout, configs=("configs/r.yaml", "configs/eval.yaml"))
    )
    parameters, _ = read_parameters(tmp_path, matched, [])
    assert parameters["seed"].value == 1
    assert parameters["model"].value == "TinyLlama"
    (tmp_path / "r/job.sh").write_bytes(b"python sft.py configs/shared.yaml --lr 0.1\n")
    parameters, _ = read_parameters(tmp_path, matched, [])
    assert (parameters["seed"].value, parameters["learning_rate"].value) == (3, 0.1)
    assert "model" not in parameters


def test_the_stage_of_a_deepspeed_configuration_is_a_parameter(tmp_path: Path) -> None:
    """Of the file that the command names the sharding is told; batch sizes of "auto" and buckets are not."""
    sharding = b'{"zero_optimization": {"stage": 3, "reduce_bucket_size": 5}, "train_batch_size": "auto"}'
    files = {
        "r/job.sh": b"deepspeed sft.py --deepspeed conf/z3.json --lr 0.1\n",
        "conf/z3.json": sharding,
        "conf/z2.json": b'{"zero_optimization": {"stage": 2}}',
    }
    parameters, findings = read_parameters(tmp_path, experiment("r", lay_down(tmp_path, files)), [])
    assert {name: fact.value for name, fact in parameters.items()} == {
        "learning_rate": 0.1,
        "zero_optimization.stage": 3,
    }
    assert parameters["zero_optimization.stage"].source.file == "conf/z3.json"
    assert findings == ()


def test_a_deepspeed_configuration_tells_what_its_engine_trains_with(tmp_path: Path) -> None:
    """A loop of the user's own is told there; "auto" is another's to fill in."""
    config = {
        "train_batch_size": 16,
        "train_micro_batch_size_per_gpu": 4,
        "gradient_accumulation_steps": 2,
        "gradient_clipping": "auto",
        "optimizer": {"type": "Adam", "params": {"lr": 0.001, "betas": [0.9, 0.95]}},
        "bf16": {"enabled": True},
    }
    files = {
        "r/job.sh": b"torchrun train.py --deepspeed --deepspeed_config ds.json\n",
        "r/ds.json": json.dumps(config).encode(),
    }
    parameters, _ = read_parameters(tmp_path, experiment("r", lay_down(tmp_path, files)), [])
    assert {name: fact.value for name, fact in parameters.items()} == {
        "deepspeed": True,
        "batch_size": 4,
        "gradient_accumulation_steps": 2,
        "optimizer": "Adam",
        "learning_rate": 0.001,
        "mixed_precision": "bf16",
    }
    assert parameters["learning_rate"].source.where == "key optimizer.params.lr"


def test_a_configuration_outside_the_set_is_not_read(tmp_path: Path) -> None:
    """A command may name a file anywhere; only the set's own are opened."""
    (tmp_path / "elsewhere.yaml").write_bytes(b"seed: 1\n")
    entries = lay_down(tmp_path / "set", {"r/job.sh": b"python sft.py --config ../elsewhere.yaml\n"})
    parameters, findings = read_parameters(tmp_path / "set", experiment("r", entries), [])
    assert "seed" not in parameters
    assert findings == ()


def test_others_configurations_are_not_trainings(tmp_path: Path) -> None:
    """Files of evaluations, trackers, tools, models and checkpoints hold no parameters of the run."""
    files = {
        "r/eval.yaml": b"seed: 1\n",
        "r/eval/task_epoch0/eval_config.yaml": b"seed: 1\n",
        "r/.hydra/hydra.yaml": b"seed: 1\n",
        "r/wandb/x/conf.yaml": b"seed: 1\n",
        "r/checkpoint-5/trainer.yaml": b"seed: 1\n",
        "r/config.json": b'{"architectures": ["Llama"], "seed": 1}',
        "r/trainer_state.json": b'{"seed": 1}',
    }
    assert parameters_in(tmp_path, files) == {}


def test_hydras_overrides_count_before_its_configuration(tmp_path: Path) -> None:
    """What was swept is an override; the whole configuration fills in the rest."""
    files = {"r/.hydra/overrides.yaml": b"- lr=0.2\n", "r/.hydra/config.yaml": b"lr: 0.1\nmodel: {rank: 4}\n"}
    assert parameters_in(tmp_path, files) == {"learning_rate": 0.2, "lora_rank": 4}


def test_an_array_tasks_script_gives_it_its_own_values(tmp_path: Path) -> None:
    """The task's number comes from its attempt, or from its log's name."""
    entries = lay_down(tmp_path, {"r/job.sh": ARRAY_SCRIPT})
    by_attempt = experiment("r", entries, attempts=[attempt("12", SlurmState.COMPLETED, display_id="8_2")])
    by_log = experiment("r", entries, logs=[log("r/8_0.out", "8", "0")])
    assert read_parameters(tmp_path, by_attempt, [])[0]["lora_rank"].value == 64
    assert read_parameters(tmp_path, by_log, [])[0]["lora_rank"].value == 4


def test_a_wrapped_command_is_read_off_the_submit_line(tmp_path: Path) -> None:
    """`sbatch --wrap` leaves no script; the line itself tells."""
    line = "sbatch -c 2 --wrap 'python train.py --lr 1e-4 --seed 3'"
    attempts = [attempt("1", SlurmState.COMPLETED, submit_line=line)]
    matched = experiment("r", lay_down(tmp_path, {"r/x": b""}), attempts=attempts)
    parameters, _ = read_parameters(tmp_path, matched, [])
    assert (parameters["learning_rate"].value, parameters["seed"].value) == (1e-4, 3)
    assert parameters["seed"].source.file == "sacct"


def test_a_wrapped_command_looks_into_the_sets_files(tmp_path: Path) -> None:
    """As a script does."""
    line = "sbatch --wrap 'python train.py --lr $(sed -n 2p lr.txt)'"
    attempts = [attempt("1", SlurmState.COMPLETED, submit_line=line)]
    files = {"r/x": b"", "lr.txt": b"1e-4\n2e-4\n"}
    parameters, _ = read_parameters(
        tmp_path, experiment("r", lay_down(tmp_path, files), attempts=attempts), []
    )
    assert parameters["learning_rate"].value == 2e-4


def test_a_broken_configuration_is_a_finding(tmp_path: Path) -> None:
    """What cannot be read is named with its problem, and costs nothing else."""
    entries = lay_down(tmp_path, {"r/a.yaml": b"a: b: c\n", "r/b.yaml": b"seed: 3\n"})
    parameters, findings = read_parameters(tmp_path, experiment("r", entries), [])
    assert parameters["seed"].value == 3
    assert [(f.code, f.subject) for f in findings] == [(FindingCode.CONFIG_UNREADABLE, "r/a.yaml")]
    assert "line 1" in str(findings[0].evidence["problem"])


def test_a_file_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    """A configuration replaced by a link out of the set after the walk is a finding, and not read."""
    entries = lay_down(tmp_path / "set", {"r/a.yaml": b"seed: 3\n"})
    (tmp_path / "secret.yaml").write_bytes(b"seed: 666\n")
    (tmp_path / "set" / "r" / "a.yaml").unlink()
    (tmp_path / "set" / "r" / "a.yaml").symlink_to(tmp_path / "secret.yaml")
    parameters, findings = read_parameters(tmp_path / "set", experiment("r", entries), [])
    assert "seed" not in parameters
    assert [f.code for f in findings] == [FindingCode.CONFIG_UNREADABLE]


def test_a_large_configuration_is_named_and_large_data_is_not(tmp_path: Path) -> None:
    """Beyond a MiB the name tells which it is; none takes the place of one that can be read."""
    large = b"a: 1\n" * 300_000
    names = [*(f"r/config_{at}.yaml" for at in range(9)), "r/corpus.yaml"]
    entries = lay_down(tmp_path, {**dict.fromkeys(names, large), "r/z/train.yaml": b"lr: 0.5\n"})
    parameters, findings = read_parameters(tmp_path, experiment("r", entries), [])
    assert parameters["learning_rate"].value == 0.5
    assert [finding.subject for finding in findings] == names[:7]
    assert {finding.evidence["problem"] for finding in findings} == {"larger than 1048576 bytes"}
