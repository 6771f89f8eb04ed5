"""Find hyperparameters in configurations, scripts, submit lines and names, and decide whose word counts."""

import pytest

from afterall.model import Fact, FindingCode, Scalar, Source
from afterall.scan.parameters import decoding
from afterall.scan.parameters.directory_names import parse_directory_name
from afterall.scan.parameters.exclusions import is_hyperparameter
from afterall.scan.parameters.gathering import Said, gather
from afterall.scan.parameters.model_card import parse_model_card
from afterall.scan.parameters.names import ALIASES, common_name
from afterall.scan.parameters.scripts.command_lines import script_settings
from afterall.scan.parameters.scripts.given import Given
from afterall.scan.parameters.scripts.submit_lines import Submitted, parse_submit_line
from afterall.scan.parameters.short_names import shortened
from afterall.scan.parameters.standing import Standing
from afterall.scan.parameters.values import typed
from afterall.scan.parameters.yaml_text import parse_yaml
from afterall.scan.secrets import is_secret_name, mask_secrets
from scan.run_making import fixture
from scan.trace_reading import trace_by

NO_NAMES: frozenset[str] = frozenset()


def yaml(text: str) -> dict[str, Scalar]:
    """Return the flat values of a YAML text."""
    return {key: fact.value for key, fact in parse_yaml(text, "c.yaml").values.items()}


def said(standing: Standing, file: str = "f", **values: Scalar) -> Said:
    """Return what one source says; two underscores in a name stand for a dot."""
    return Said(standing, {key.replace("__", "."): Fact(v, Source(file)) for key, v in values.items()})


def gathered(*sources: Said, names: frozenset[str] = NO_NAMES) -> dict[str, Scalar]:
    """Return the values that are decided on among these sources."""
    return {name: fact.value for name, fact in gather(sources, names)[0].items()}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3e-3", 0.003),
        ("3E3", 3000.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("12", 12),
        ("-7", -7),
        ("1_000", 1000),
        ("007", "007"),
        ("True", True),
        ("null", None),
        ("1e", "1e"),
        ("1B", "1B"),
        ("12345678901234567890", "12345678901234567890"),
        ("yes", "yes"),
        ("nan", "nan"),
    ],
)
def test_unquoted_text_gets_its_type(text: str, value: Scalar) -> None:
    """Numbers are numbers as researchers write them; what would lose digits stays text."""
    assert typed(text) == value
    assert type(typed(text)) is type(value)


def test_yaml_is_flattened_and_typed() -> None:
    """Trees become dotted keys, lists of scalars one text, quoted numbers stay text."""
    assert yaml("a: {b: 3e-3, c: '4'}\nd: [x, y]\ne: []\nf:\n- g: 1\n") == {
        "a.b": 0.003,
        "a.c": "4",
        "d": "x, y",
        "f.0.g": 1,
    }


def test_yaml_anchors_and_merges_are_followed() -> None:
    """An alias repeats its anchor, and merged keys do not replace given ones."""
    assert yaml("a: &x {b: 1, c: 2}\nd:\n  c: 3\n  <<: *x\n") == {"a.b": 1, "a.c": 2, "d.c": 3, "d.b": 1}


def test_interpolations_are_looked_up() -> None:
    """OmegaConf's references take the other's value; what stays unknown is left out."""
    assert yaml(
        "dir: /m\npath: ${dir}/tiny\nlr: 3e-3\noptimizer: {lr: '${lr}'}\nx: ${oc.env:HOME}\ny: ${y}\n"
    ) == {
        "dir": "/m",
        "path": "/m/tiny",
        "lr": 0.003,
        "optimizer.lr": 0.003,
    }


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "- " * 50_000,
        "a: &a [*a, *a]\n",
        "a0: &a0 []\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40)),
        "a0: &a0 [1, 2]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, {{x: 1}}]\n" for i in range(1, 400)),
        "x: !!python/object/apply:os.system ['true']\n",
        "a: b: c",
        "\x00",
        "? [a, b]\n: c\n",
    ],
)
def test_hostile_yaml_is_read_or_refused(text: str) -> None:
    """Depth, bombs, tags and nonsense cost nothing and run nothing."""
    config = parse_yaml(text, "c.yaml")
    assert len(config.values) <= 3000


def test_torchtunes_saved_configuration_is_the_printed_one() -> None:
    """The unresolved file, its references looked up, holds what the banner prints."""
    printed = {
        k: f.value for k, f in trace_by("torchtune", fixture("torchtune/whole-0.6.out")).parameters.items()
    }
    saved = parse_yaml(fixture("configs/torchtune_config.yaml").decode(), "c.yaml").values
    assert {key: fact.value for key, fact in saved.items() if fact.value is not None} == {
        key: value for key, value in printed.items() if value is not None
    }


def test_hydras_overrides_are_settings() -> None:
    """A list of `key=value` gives typed values under their keys."""
    values = decoding.parse_overrides(fixture("configs/overrides.yaml"), "o.yaml").values
    assert {key: fact.value for key, fact in values.items()} == {"lr": 0.1, "model.rank": 4}
    more = decoding.parse_overrides(b"- +new=1e-4\n- ++x=a=b\n- ~gone\n", "o.yaml").values
    assert {key: fact.value for key, fact in more.items()} == {"new": 1e-4, "x": "a=b"}


def test_wandbs_configuration_is_unwrapped() -> None:
    """Each key of config.yaml holds a description and a value; wandb's own entry is no setting."""
    data = (
        b"lr:\n  desc: null\n  value: 0.1\nmodel:\n  desc: null\n  value: {r: 4}\n_wandb:\n  value: {x: 1}\n"
    )
    values = decoding.parse_tracker_yaml(data, "config.yaml").values
    assert gathered(Said(Standing.TRACKER, values)) == {"learning_rate": 0.1, "lora_rank": 4}


def test_an_adapters_configuration_gives_what_tells_adapters_apart() -> None:
    """Of PEFT's forty keys those that matter, nulls left out."""
    values = decoding.parse_adapter(fixture("huggingface/adapter_config.json"), "adapter_config.json").values
    found = gathered(Said(Standing.ADAPTER, values))
    assert found == {
        "lora_rank": 16,
        "lora_alpha": 32,
        "lora_dropout": 0.0,
        "model": "tiny-1B",
        "init_lora_weights": True,
        "peft_type": "LORA",
        "target_modules": "q_proj, v_proj",
        "use_dora": False,
        "use_rslora": False,
    }


def test_a_model_card_names_its_base() -> None:
    """The front matter's base_model is the model; text below it is not read."""
    values = parse_model_card(fixture("huggingface/README.md"), "README.md").values
    assert gathered(Said(Standing.README, values)) == {"model": "tiny-1B"}
    assert parse_model_card(b"# base_model: x\n---\n", "README.md").values == {}


def test_a_models_own_configuration_is_no_runs() -> None:
    """config.json beside weights describes an architecture."""
    assert decoding.parse_json_file(b'{"architectures": ["X"], "hidden_size": 8}', "config.json").values == {}
    assert decoding.parse_json_file(b'{"lr": 0.1}', "config.json").values != {}


def test_a_scripts_training_command_is_read() -> None:
    """The recorded batch script's options, whichever launcher is before them."""
    values = script_settings(fixture("configs/train.sbatch").decode(), "train.sbatch", Given())
    assert {k: f.value for k, f in values.items()} == {
        "out": ".",
        "lr": 0.003,
        "rank": 16,
        "seed": 0,
        "epochs": 2,
    }
    assert values["lr"].source == Source("train.sbatch", "option lr")


SCRIPT = """\
#!/bin/bash
#SBATCH --array=0-2
RANKS=(4 16 64)
RANK=${RANKS[$SLURM_ARRAY_TASK_ID]}
export LR="3e-4"  # a comment
cat > notes.txt <<END
python x.py --lr 5
END
if [ -z "$X" ]; then echo python; fi
srun --ntasks=1 torchrun --nproc_per_node=4 --master_port=29500 train.py --lora-rank $RANK \\
    --seed=${SEED:-7} --lr $LR --unknown ${UNKNOWN} --betas 0.9 0.95 --flag --shift -1 \
trainer.max_epochs=3 ++a.b=c \\
    > log.txt 2>&1 && python evaluate.py --lr 7
"""


def test_arrays_and_variables_are_looked_up() -> None:
    """One script gives each task of an array its values; options of launchers and other commands are none."""
    given = Given(values={"SLURM_ARRAY_TASK_ID": "1"}, is_whole=True)
    values = script_settings(SCRIPT, "job.sh", given)
    assert {k: f.value for k, f in values.items()} == {
        "lora_rank": 16,
        "seed": 7,
        "lr": 0.0003,
        "betas": "0.9, 0.95",
        "flag": True,
        "shift": -1,
        "trainer.max_epochs": 3,
        "a.b": "c",
    }


def test_what_only_a_shell_could_know_is_left_out() -> None:
    """Without the task's number the array's value is unknown, not its first."""
    values = script_settings(SCRIPT, "job.sh", Given())
    assert "lora_rank" not in values
    assert values["lr"].value == 0.0003


AXOLOTL = "accelerate launch --num_processes 4 -m axolotl.cli.train c.yml --learning_rate 1e-4"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            "tune run --nproc_per_node 2 lora_finetune --config a.yaml lr=1e-4",
            {"config": "a.yaml", "lr": 1e-4},
        ),
        (AXOLOTL, {"config": "c.yml", "learning_rate": 1e-4}),
        ("llamafactory-cli train conf.yaml", {"config": "conf.yaml"}),
        ("deepspeed --num_gpus 8 src/train.py --lr 3", {"lr": 3}),
        ("python -m torch.distributed.run --nproc_per_node 2 train.py --lr 3", {"lr": 3}),
        ("deepspeed --module openrlhf.cli.train_sft --lr 3", {"lr": 3}),
        ("python -u -m mypkg.train --lr 3", {"lr": 3}),
        ("inspect eval task.py --model x", {}),
        ("python eval_model.py --lr 3", {}),
        ("python eval_finetuned.py --lr 3", {}),
        ("python run_eval.py --lr 3", {}),
        ("python pretrained_export.py --lr 3", {}),
        ("python train_and_eval.py --lr 3", {"lr": 3}),
        ("swift sft --learning_rate 3", {"learning_rate": 3}),
        ("cp a.py b.txt", {}),
        ("mkdir -p out", {}),
    ],
)
def test_each_launchers_command_is_understood(command: str, expected: dict[str, Scalar]) -> None:
    """A program's words begin after script, module or recipe; evaluations and copies are no training."""
    assert {k: f.value for k, f in script_settings(command, "s", Given()).items()} == expected


def test_a_submit_line_gives_a_script_its_words() -> None:
    """Positional words and exported variables of sbatch reach the script."""
    line = "sbatch -p gpu --export=ALL,RANK=16 train.sbatch 8 3e-4"
    known = parse_submit_line(line, ["a/train.sbatch"])
    assert known == Submitted({"RANK": "16"}, ("8", "3e-4"), is_whole=False)
    given = Given(values=known.values, arguments=known.arguments)
    values = script_settings("python t.py --r $RANK --bs $1 --lr $2 --seed ${3:-4}", "s", given)
    assert {k: f.value for k, f in values.items()} == {"r": 16, "bs": 8, "lr": 3e-4, "seed": 4}
    assert parse_submit_line("sbatch --export RANK=16 b.sbatch", ["train.sbatch"]).arguments is None


@pytest.mark.parametrize(
    ("export", "is_whole"), [("NONE", True), ("LR=3", True), ("ALL", False), ("ALL,LR=3", False)]
)
def test_a_submit_line_tells_whether_the_environment_is_handed_on(export: str, is_whole: bool) -> None:
    """Sbatch hands a script its whole environment unless --export names what it is to have."""
    assert parse_submit_line(f"sbatch --export={export} t.sbatch", ["t.sbatch"]).is_whole is is_whole


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("1B_rank4", {"lora_rank": 4, "model": "1B"}),
        ("rank16_seed0", {"lora_rank": 16, "seed": 0}),
        ("rank64_seed1_never", {"lora_rank": 64, "seed": 1}),
        ("rank8_lr1e-5", {"lora_rank": 8, "learning_rate": 1e-5}),
        ("Llama-3.2-1B-Instruct_5L_rank4", {"lora_rank": 4, "model": "Llama-3.2-1B-Instruct"}),
        ("runs/lr=0.1,model.rank=4", {"lr": 0.1, "model.rank": 4}),
        ("r16-a32-lr3e-4", {"lora_rank": 16, "lora_alpha": 32, "learning_rate": 3e-4}),
        ("qwen2.5-7b-r16", {"lora_rank": 16, "model": "qwen2.5-7b"}),
        ("1B_rank4_a100", {"lora_rank": 4, "model": "1B"}),
        ("r8_n2", {"lora_rank": 8}),
        ("r8_n1000", {"lora_rank": 8, "samples": 1000}),
        ("deepseek-r1-lr2e4", {}),
        ("exp_12", {}),
        ("r1", {}),
        ("runs/s2", {}),
        ("2026-11-23", {}),
        ("frank4", {}),
    ],
)
def test_directory_names_tell_parameters(name: str, expected: dict[str, Scalar]) -> None:
    """What people put into directories' names is read, and nothing else out of them."""
    assert {k: f.value for k, f in parse_directory_name(name).items()} == expected


@pytest.mark.parametrize("name", sorted(ALIASES))
def test_every_alias_is_found_under_its_common_name(name: str) -> None:
    """Each row of the table means what it says, and the first alias is the most telling."""
    for rank, alias in enumerate(ALIASES[name]):
        assert common_name(alias) == (name, rank)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("optim.lr", "learning_rate"),
        ("model.lora_rank", "lora_rank"),
        ("peft.r", "lora_rank"),
        ("peft_config.default.r", "lora_rank"),
        ("train.batch_size", "batch_size"),
        ("eval.batch_size", None),
        ("dataset_val.data_files", None),
        ("val_batch_size", None),
        ("distributed.rank", None),
        ("model._component_", None),
        ("layers.0.alpha", None),
        ("max-steps", "max_steps"),
        ("actor_rollout_ref.actor.optim.lr", "learning_rate"),
        ("critic.optim.lr", None),
        ("actor_rollout_ref.rollout.dtype", None),
    ],
)
def test_dotted_keys_are_taken_for_common_names_with_care(key: str, name: str | None) -> None:
    """The last word counts where it means only one thing, and never within validation's settings."""
    found = common_name(key)
    assert (found[0] if found else None) == name


@pytest.mark.parametrize(
    ("name", "value", "short"),
    [
        ("model", "/scratch/models/tiny-1B/", "tiny-1B"),
        ("model", "meta-llama/Llama-3.2-1B-Instruct", "Llama-3.2-1B-Instruct"),
        ("model", "/c/models--meta-llama--Llama-3.2-1B/snapshots/0a1b", "Llama-3.2-1B"),
        ("model", "/runs/sft_rank4/checkpoint-500", "sft_rank4/checkpoint-500"),
        ("dataset", "/data/words/train.json", "train.json"),
        ("dataset", "tatsu-lab/alpaca", "tatsu-lab/alpaca"),
        ("optimizer", "torch.optim.AdamW", "AdamW"),
        ("dtype", "torch.bfloat16", "bf16"),
        ("max_steps", -1, None),
        ("lora_rank", 0, None),
        ("batch_size", "auto", None),
        ("learning_rate", "3e-4", 3e-4),
        ("seed", 0, 0),
        ("packed", True, True),
        ("model", True, None),
    ],
)
def test_values_are_shortened_to_what_people_call_them(name: str, value: Scalar, short: Scalar) -> None:
    """Models without their directories, optimizers without their modules, no values that say nothing."""
    assert shortened(name, value) == short


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("output_dir", "out"),
        ("checkpointer.output_dir", "x"),
        ("metric_logger.name", "run"),
        ("my_wandb_run_name", "x"),
        ("data.path", "x"),
        ("time", "00:15:00"),
        ("x", "/scratch/gpfs/x"),
        ("x", "model.safetensors"),
        ("x", "run_2026-11-23"),
        ("x", "https://host/x"),
        ("display_name", "1B_rank4"),
        ("trial", "1B_rank4"),
        ("master_port", 29500),
        ("local_rank", 0),
        ("model/num_parameters", 12),
        ("job_id", 12),
        ("x", None),
        ("x", ""),
    ],
)
def test_machine_paths_and_run_names_are_no_hyperparameters(key: str, value: Scalar) -> None:
    """What tells a machine, a run or a moment apart says nothing of the training."""
    assert not is_hyperparameter(key, value, frozenset({"1B_rank4"}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model.embed_dim", 64),
        ("shuffle", True),
        ("loss._component_", "torch.CE"),
        ("hog", 1),
        ("init_lora_weights", "pissa"),
    ],
)
def test_other_settings_are_hyperparameters(key: str, value: Scalar) -> None:
    """What shapes the training stays, under its own key, also where a run is called after it."""
    assert is_hyperparameter(key, value, frozenset({"pissa"}))


@pytest.mark.parametrize(
    "name",
    [
        "hf_token",
        "HF_TOKEN",
        "wandb.api_key",
        "x.secret",
        "db_password",
        "use_auth_token",
        "aws.secret_access_key",
    ],
)
def test_secrets_are_known_by_name(name: str) -> None:
    """Names that hold secrets, dotted or not."""
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["max_tokens", "tokenizer.path", "pad_token", "eos_token", "num_tokens", "pad_token_id", "author"]
)
def test_names_that_only_sound_like_secrets_are_not(name: str) -> None:
    """Tokens of the vocabulary and counts of them are settings."""
    assert not is_secret_name(name)


def test_secrets_are_masked_in_values_and_text() -> None:
    """By the name of the setting, by the look of the value, and within a sentence."""
    found = gathered(said(Standing.WRITTEN, hf_token="token_here", note="hf_abcdefghijklmnopqrst", lr=0.1))
    assert found == {"learning_rate": 0.1, "hf_token": "***", "note": "***"}
    assert mask_secrets("wandb login 0123456789abcdef0123 now") == "wandb login *** now"
    assert mask_secrets("api_key='abcdefgh1' x") == "api_key='***' x"
    assert mask_secrets("https://user:passw0rd@host/x") == "https://user:***@host/x"


def test_what_ran_counts_more_than_what_was_planned() -> None:
    """Of several sources the one of the highest standing decides, and the fact names it."""
    sources = [
        said(Standing.DIRECTORY, "d", lora_rank=8),
        said(Standing.COMMAND, "c", rank=16),
        said(Standing.RESOLVED, "l", model__lora_rank=4),
    ]
    parameters, _ = gather(sources, NO_NAMES)
    assert (parameters["lora_rank"].value, parameters["lora_rank"].source.file) == (4, "l")


def test_a_label_names_the_dataset_before_its_path() -> None:
    """What people call their data says more than the file's name."""
    found = gathered(
        said(Standing.RESOLVED, dataset__data_files="/x/train.json"),
        said(Standing.SETUP, dataset_label="words_8L"),
    )
    assert found == {"dataset": "words_8L"}


def test_a_source_keeps_its_second_setting_of_a_kind() -> None:
    """Two settings that would share a common name are both kept where they differ."""
    differing = gathered(said(Standing.RESOLVED, tokenizer__max_seq_len=256, model__max_seq_len=512))
    equal = gathered(said(Standing.RESOLVED, tokenizer__max_seq_len=256, model__max_seq_len=256))
    assert differing == {"max_seq_len": 256, "model.max_seq_len": 512}
    assert equal == {"max_seq_len": 256}


def test_a_directory_that_lies_about_its_rank_is_told() -> None:
    """Contradictions on what experiments are named by are a finding with both sources."""
    sources = [said(Standing.DIRECTORY, "1B_rank64", lora_rank=64), said(Standing.ADAPTER, "a.json", r=4)]
    (finding,) = gather(sources, NO_NAMES)[1]
    assert finding.code is FindingCode.SOURCES_DISAGREE
    assert finding.evidence == {
        "metric": "lora_rank",
        "a": 4,
        "a_file": "a.json",
        "b": 64,
        "b_file": "1B_rank64",
    }


def test_of_two_configurations_as_near_nobody_knows_which_was_used() -> None:
    """`sft.yaml` and `dpo.yaml` beside a run say what they agree on; one nearer to it counts more."""

    def written(file: str, **values: Scalar) -> Said:
        return Said(Standing.WRITTEN, {k: Fact(v, Source(file, f"key {k}")) for k, v in values.items()})

    said = [
        written("r/sft.yaml", lr=1e-5, seed=1, beta=2, x=3),
        written("r/dpo.yaml", learning_rate=5e-7, seed=1, x=4),
    ]
    parameters, findings = gather(said, frozenset())
    assert {key: fact.value for key, fact in parameters.items()} == {"seed": 1, "beta": 2}
    assert findings == ()
    nearer = [
        written("r/config.yaml", lr=1e-4, x=5),
        *[written("r/conf/a.yaml", lr=1e-5), written("r/conf/b.yaml", x=6)],
    ]
    told = {key: fact.value for key, fact in gather(nearer, frozenset())[0].items()}
    assert told == {"learning_rate": 1e-4, "x": 5}
    named = [Said(Standing.DIRECTORY, {"learning_rate": Fact(1e-5, Source("r", "directory name"))}), *said]
    assert gather(named, frozenset())[0]["learning_rate"].value == 1e-5


def test_configurations_that_only_lie_beside_a_run_contradict_nothing() -> None:
    """A directory may hold variants that were never used."""
    assert gather([said(Standing.WRITTEN, lr=0.1), said(Standing.COMMAND, lr=0.2)], NO_NAMES)[1] == ()
