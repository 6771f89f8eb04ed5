"""Tell what a directory's name means in a set: a run's own name, a container, a checkpoint, or no run at all.

Invariant: pure tables over one path component; nothing here looks at a file. Sources of the conventions:
torchtune (`epoch_N`, `step_N`), Hugging Face (`checkpoint-N`), accelerate (`epoch_N`, `checkpoint_N`),
DeepSpeed (`global_stepN`), Megatron (`iter_0000500`), NeMo (`name--val_loss=1.2-step=9`), Lightning
(`lightning_logs/version_N`), litgpt (`step-000200`, `final`), Hydra (`multirun`), cruijff_kit (`artifacts`,
`ck-out-NAME`).
"""

import re


def _one_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE | re.ASCII)


_LOG_CONTAINER = _one_of(
    r"(slurm|job|train(ing)?|batch|std|array|submitit|console)?[_-]?(logs?|outs?|outputs?|errs?|errors?)([_-](slurm|jobs?|train(ing)?|out|err))?",
    r"slurm|stdout|stderr|\.submitit|slurm[_-]files",
)

_CONTAINER = _one_of(
    r"outs?|outputs?|results?|artifacts?|checkpoints?|ckpts?|weights|models?|saves?|saved[_-]models?|trained[_-]models?",
    r"runs?|exps?|experiments?|jobs?|multirun|sweeps?|train|training|lightning_logs|tb_logs|tensorboard|nemo_experiments",
    r"version_\d+|adapters?|adapter[_-](model|weights)|lora[_-]adapters?|scripts?|configs?|conf|sbatch|batch",
    r"(slurm|sbatch|bash|shell|sh|run|launch|train(ing)?|job|experiments?|finetun\w*)[-_]?scripts?|launch(ers?)?|shell|bash|bin",
    _LOG_CONTAINER.pattern,
)

_CHECKPOINT = _one_of(
    r"(tmp-)?(checkpoint|ckpt|chkpt)[-_]?(\d+|best|last|final|latest)([-_.].*)?",
    r"epoch[-_=]?\d+([-_,](global[-_]?)?(step|iter|batch)s?[-_=]?\d+.*)?",
    r"epoch=\d+.*|.+--.+=.+",
    r"(global[-_]?)?step[-_=]?\d+|iter(ation)?[-_]?\d+|mp_rank_\d+(_\d+)?",
    r"(final|best|last|latest)([-_](model|checkpoint|ckpt|adapter|weights|epoch|step))?",
    r"(model|adapter)[-_](final|best|last|latest)",
    r"pytorch_model_fsdp_\d+|optimizer_\d+|recipe_state|.+\.(ckpt|nemo)",
)

_STATE = _one_of(r"resume(d|[-_](state|from))?|ema|swa|current|newest")
_CHECKPOINTS = _one_of(r"checkpoints?|ckpts?")
_NUMBERED_CHECKPOINT = _one_of(
    r"(tmp-)?(checkpoint|ckpt|chkpt)[-_]?\d+",
    r"epoch[-_=]?\d+.*",
    r"(global[-_]?)?step[-_=]?\d+",
    r"iter(ation)?[-_]?\d+",
)

_EVALUATION = _one_of(
    r"evals?|evaluations?|eval[-_]?(results?|logs?|outs?|outputs?|runs?)",
    r"inspect([-_](logs?|evals?))?|lm[-_]?eval.*",
)

_NO_EXPERIMENT = _one_of(
    r"third[-_]?party|3rd[-_]?party|externals?|vendor(ed)?|submodules|build|dist|assets|site-packages",
    r"exploration|analys[ei]s|plots?|figures?|figs?|notebooks?|data|datasets?|src|code|docs?|tests|cache|hf_cache",
    r"papers?|manuscripts?|latex|tex|thesis|slides|poster|overleaf",
    r"huggingface|base[_-]?models?|pretrained.*|tokenizers?|trash|wandb|mlruns|mlartifacts|lost\+found",
    r"\.(?!submitit$).*",
    _EVALUATION.pattern,
)

_LOG_WORDS = frozenset({"log", "logs", "submitit"})
_VERSION = re.compile(r"version_(\d{1,18})", re.ASCII)
_OUTPUT_PREFIX = re.compile(r"ck-out-(?=.)")
_PARTS = re.compile(r"(\d+)", re.ASCII)

NaturalKey = tuple[tuple[tuple[int, int, str], ...], str]


def is_container(name: str) -> bool:
    """Return whether `name` only says that runs, or parts of one run, lie in it: "runs", "out", "logs"."""
    return _CONTAINER.fullmatch(name) is not None


def is_called_logs(name: str) -> bool:
    """Return whether a directory's name has the word "logs" in it."""
    return not _LOG_WORDS.isdisjoint(words_of(name))


def is_checkpoint(name: str) -> bool:
    """Return whether `name` is what a trainer calls the directory of one saved state."""
    return _CHECKPOINT.fullmatch(name) is not None


def is_state_in(name: str, container: str) -> bool:
    """Return whether `name` is a saved state in one called `container`, as `checkpoints/resume` is."""
    return _CHECKPOINTS.fullmatch(container) is not None and _STATE.fullmatch(name) is not None


def is_numbered_checkpoint(name: str) -> bool:
    """Return whether `name` counts epochs or steps, which no container's name does."""
    return _NUMBERED_CHECKPOINT.fullmatch(name) is not None


def is_evaluation(name: str) -> bool:
    """Return whether evaluations lie in a directory called `name`."""
    return _EVALUATION.fullmatch(name) is not None


def is_no_experiment(name: str) -> bool:
    """Return whether nothing in a directory called `name` can be a training run."""
    return _NO_EXPERIMENT.fullmatch(name) is not None


def lightning_version(name: str) -> int | None:
    """Return N of Lightning's `version_N`; under Slurm Lightning takes the job id for it."""
    found = _VERSION.fullmatch(name)
    return int(found[1]) if found else None


def without_output_prefix(name: str) -> str:
    """Return the run's name in cruijff_kit's `ck-out-NAME`, and any other name as it is."""
    return _OUTPUT_PREFIX.sub("", name, count=1)


def natural_key(path: str) -> NaturalKey:
    """Return a sorting key in which rank4 < rank16 < rank64, part by part of a path."""
    parts: list[tuple[int, int, str]] = []
    for component in path.split("/"):
        for index, piece in enumerate(_PARTS.split(component)):
            digits = piece.lstrip("0")
            parts.append((1, len(digits), digits) if index % 2 else (2, 0, piece.casefold()))
        parts.append((0, 0, ""))
    return tuple(parts), path


def trailing_number(name: str) -> int | None:
    """Return the number a run's name ends with: 3 for "run_3" and "run_03", None for "rank4_a"."""
    found = re.search(r"(?<!\d)(\d{1,9})$", name, re.ASCII)
    return int(found[1]) if found else None


def words_of(name: str) -> frozenset[str]:
    """Return the lower-case words of a name, cut at everything that is no ASCII letter."""
    return frozenset(re.findall(r"[a-z]+", name.lower()))
