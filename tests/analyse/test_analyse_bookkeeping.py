"""Tell what shapes the training from what only concerns saving, logging, evaluation and the machine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.analyse.ordering import identity, in_order, scalar_key
from afterall.analyse.parameters import find_varying
from afterall.analyse.parameters.bookkeeping import is_bookkeeping, is_result
from afterall.analyse.parameters.names import CHOSEN, FOLLOWING
from afterall.analyse.parameters.plain import plain
from afterall.model import Experiment, Scalar
from afterall.settings import SetSettings
from analyse.analyse_made import experiment, trained

BOOKKEEPING = (
    "save_steps", "save_strategy", "save_total_limit", "save_adapter_weights_only", "save_every_n_steps",
    "keep_last_n_checkpoints", "checkpoint_every_n_steps", "push_to_hub", "hub_strategy",
    "overwrite_output_dir", "logging_steps", "log_every_n_steps", "log_level", "log_peak_memory_stats",
    "report_to", "disable_tqdm", "plot_loss", "use_wandb", "eval_steps", "eval_strategy",
    "evaluation_strategy", "evals_per_epoch", "per_device_eval_batch_size", "run_val_every_n_steps",
    "check_val_every_n_epoch", "do_eval", "batch_size_val", "metric_for_best_model", "num_workers",
    "dataloader_num_workers", "preprocessing_num_workers", "dataset_num_proc", "pin_memory", "local_rank",
    "master_port", "main_process_port", "ddp_timeout", "cache_dir", "hf.cache_dir",
    "resume_from_checkpoint", "deepspeed", "dataset_val.source", "profiler.enabled",
    "trainer.logger.name", "eval.batch_size", "epochs_to_save", "pid", "device", "gpu", "node", "dist_url",
    "array_task_id", "slurm_job_id", "exp_id", "run_idx", "trial_number", "start_time", "launch_time", "uid",
    "cmd", "expname", "logdir", "created_at",
)  # fmt: skip
SHAPING = (
    "learning_rate", "lora_rank", "batch_size", "modules_to_save", "val_set_size", "val_size",
    "validation_split", "load_best_model_at_end", "gradient_checkpointing",
    "enable_activation_checkpointing", "shuffle", "neftune_noise_alpha", "early_stopping_patience",
    "beta", "loss_type", "zero_optimization.stage", "attn_implementation", "num_generations",
    "max_prompt_length", "adam_beta1", "label_smoothing_factor", "group_by_length", "dataset.split",
    "num_nodes", "devices", "n_gpu", "task", "task_id", "node_features", "time_mask", "commands_per_step",
    "logit_scale", "login_bonus", "savings", "evaluator_loss_weight", "optimizer.fused",
)  # fmt: skip


def shown(*experiments: Experiment, **settings: tuple[str, ...]) -> list[str]:
    """Return what is shown as varying."""
    found = find_varying(in_order(experiments), SetSettings(**settings))  # type: ignore[arg-type]
    return [parameter.name for parameter in found.shown]


@pytest.mark.parametrize("name", BOOKKEEPING)
def test_settings_that_train_nothing_are_known(name: str) -> None:
    """Those of saving, logging, evaluating and of the machine, under trainers' own names."""
    assert is_bookkeeping(name)
    assert is_bookkeeping(f"training.{name.replace('_', '-')}")


@pytest.mark.parametrize("name", SHAPING)
def test_settings_that_shape_the_training_stay(name: str) -> None:
    """What takes data away, chooses the model that is kept, or costs memory is told."""
    assert not is_bookkeeping(name)


@pytest.mark.parametrize(
    "name",
    ["best_acc", "final_loss", "val_loss", "model.test_macro_f1", "best_epoch", "train_runtime", "total_time",
     "elapsed", "gpu_mem", "peak_memory_gib", "samples_per_second"],
)  # fmt: skip
def test_what_a_run_came_to_is_no_setting(name: str) -> None:
    """Numbers that a script adds to the arguments it writes; words under such a key may be a choice."""
    assert is_result(name, [0.5, 3])
    assert not is_result(name, ["macro"])


@pytest.mark.parametrize(
    "name",
    ["loss_weight", "label_smoothing", "score_threshold", "f1_weight", "time_steps", "epochs", "memory_size"],
)
def test_settings_that_sound_like_results_stay(name: str) -> None:
    """Weights of losses, sizes and thresholds are chosen."""
    assert not is_result(name, [0.5, 3])


@pytest.mark.parametrize("name", [*CHOSEN, *FOLLOWING, "seed", "data_seed", "random_seed"])
def test_no_common_parameter_is_mere_bookkeeping(name: str) -> None:
    """What people choose is never hidden."""
    assert not is_bookkeeping(name)


def test_runs_that_only_log_otherwise_do_not_differ() -> None:
    """Two ranks compare although the second run saved and logged less often."""
    runs = [
        trained("a", 1.0, lora_rank=4, save_steps=50, logging_steps=1, num_workers=4),
        trained("b", 1.0, lora_rank=8, save_steps=100, logging_steps=10, num_workers=8),
        trained("c", 1.0, lora_rank=8, save_steps=500, logging_steps=10, num_workers=4),
    ]
    assert shown(*runs) == ["lora_rank"]
    assert shown(*runs, parameters=("save_steps", "lora_rank")) == ["save_steps", "lora_rank"]


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("lora_rank", ["8", 8]),
        ("use_thing", ["True", True, "true"]),
        ("learning_rate", ["1e-5", 0.00001, "0.00001"]),
        ("warmup_steps", [10, 10.0, " 10"]),
    ],
)
def test_a_value_is_the_same_however_it_is_quoted(key: str, values: list[Scalar]) -> None:
    """What a command line gives as text is what a configuration gives as a number."""
    assert shown(*(trained(f"r{n}", 1.0, **{key: value}) for n, value in enumerate(values))) == []


@pytest.mark.parametrize("value", ["007", "1e", "1B", "nan", "", "yes", "12345678901234567890123", "0x10"])
def test_text_that_is_no_plain_number_stays_text(value: str) -> None:
    """What would lose digits, and what people call things, is left alone."""
    assert plain(value) == value


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=60)))
def test_typing_is_total_and_final(value: Scalar) -> None:
    """Any value is typed without an error, and a typed one stays as it is."""
    once = plain(value)
    assert identity(plain(once)) == identity(once)


def test_models_ascend_by_their_size() -> None:
    """Whatever their versions: 0.5B before 1B before 1.5B before 70B, experts counted."""
    models = [
        "Llama-3.1-70B",
        "Qwen2.5-1.5B",
        "Llama-3.2-1B",
        "Mixtral-8x7B",
        "Llama-3.2-3B",
        "Qwen2.5-0.5B",
        "opt-350m",
    ]
    assert sorted(models, key=scalar_key) == [
        "opt-350m",
        "Qwen2.5-0.5B",
        "Llama-3.2-1B",
        "Qwen2.5-1.5B",
        "Llama-3.2-3B",
        "Mixtral-8x7B",
        "Llama-3.1-70B",
    ]


def test_a_setting_that_runs_are_called_after_varies() -> None:
    """Runs called by their initialisation differ in it; a key that means a name does not."""
    runs = [
        experiment(n, parameters={"init_lora_weights": n, "trial_name": n, "sub.suffix": n})
        for n in ("pissa", "gaussian")
    ]
    assert shown(*runs) == ["init_lora_weights"]


def test_more_text_around_a_runs_name_marks_the_run() -> None:
    """A label made of a run's whole name is no choice; a longer value of a plain word is one."""
    labelled = [experiment(n, parameters={"x": f"sweep_{n}_v2"}) for n in ("1B_rank4", "1B_rank8")]
    assert shown(*labelled) == []
    chosen = [experiment(n, parameters={"init": f"{n}_niter"}) for n in ("pissa", "olora")]
    assert shown(*chosen) == ["init"]


def test_what_is_off_is_what_is_not_set() -> None:
    """A run that turns DoRA off is like one that does not name it; one that turns it on is not."""
    off = trained("a", 1.0, use_dora=False, lora_rank=4)
    on = trained("b", 1.0, use_dora=True, lora_rank=4)
    silent = trained("c", 1.0, lora_rank=4)
    assert shown(off, silent) == []
    assert shown(on, silent) == ["use_dora"]
    assert shown(on, off) == ["use_dora"]
