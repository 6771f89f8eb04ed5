"""Say of every file of an experiment what it is for, from its path alone.

Invariant: the first rule that fits decides, in the order directory, whole name, suffix, pattern; no file is
opened. A trainer's new file name is one new line in a table.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from afterall.model import Checkpoint, EntryKind, ExperimentLayout, FileRole, StoredFile

_NAMES: dict[str, FileRole] = {
    ".metadata": FileRole.WEIGHTS_INDEX,
    ".metadata.tmp": FileRole.TEMPORARY,
    "adapter_config.json": FileRole.ADAPTER_CONFIG,
    "added_tokens.json": FileRole.TOKENIZER,
    "all_results.json": FileRole.TRAINER_STATE,
    "chat_template.jinja": FileRole.TOKENIZER,
    "common.pt": FileRole.OPTIMIZER,
    "config.json": FileRole.MODEL_CONFIG,
    "distrib_optim.pt": FileRole.OPTIMIZER,
    "eval.py": FileRole.SCRIPT,
    "eval_results.json": FileRole.TRAINER_STATE,
    "generation_config.json": FileRole.MODEL_CONFIG,
    "gpu_metrics.csv": FileRole.TRACKER,
    "latest": FileRole.TRAINER_STATE,
    "latest_checkpointed_iteration.txt": FileRole.TRAINER_STATE,
    "merges.txt": FileRole.TOKENIZER,
    "meta.pt": FileRole.OPTIMIZER,
    "metrics.csv": FileRole.TRACKER,
    "mlflow.db": FileRole.TRACKER,
    "model_config.yaml": FileRole.MODEL_CONFIG,
    "model_index.json": FileRole.MODEL_CONFIG,
    "modules.json": FileRole.MODEL_CONFIG,
    "params.json": FileRole.MODEL_CONFIG,
    "preprocessor_config.json": FileRole.TOKENIZER,
    "processor_config.json": FileRole.TOKENIZER,
    "sentencepiece.bpe.model": FileRole.TOKENIZER,
    "special_tokens_map.json": FileRole.TOKENIZER,
    "spiece.model": FileRole.TOKENIZER,
    "train_results.json": FileRole.TRAINER_STATE,
    "trainer_log.jsonl": FileRole.TRAINER_STATE,
    "trainer_state.json": FileRole.TRAINER_STATE,
    "training_args.bin": FileRole.RUN_CONFIG,
    "vocab.json": FileRole.TOKENIZER,
    "vocab.txt": FileRole.TOKENIZER,
}
_SUFFIXES: dict[str, FileRole] = {
    **dict.fromkeys(("tmp", "temp", "incomplete", "partial", "part"), FileRole.TEMPORARY),
    **dict.fromkeys(("out", "err", "log", "error", "output"), FileRole.LOG),
    **dict.fromkeys(("slurm", "sbatch", "sh", "pbs", "lsf"), FileRole.SCRIPT),
    **dict.fromkeys(("yaml", "yml", "toml", "cfg", "ini"), FileRole.RUN_CONFIG),
    "eval": FileRole.EVALUATION,
    "wandb": FileRole.TRACKER,
}
_WEIGHTS = frozenset(
    {"safetensors", "pt", "pth", "ckpt", "gguf", "distcp", "nemo", "h5", "msgpack", "npz", "lora", "adapter"}
)
_RESUME = r"recipe_state|optimizer|scheduler|lr_scheduler|scaler|rng_state|random_states?"
_MODEL = r"ft-model|model|pytorch_model|diffusion_pytorch_model|consolidated|hf_model|meta_model"
_DATA = r"train|val|valid|validation|test|dataset|data|cached?|features|tokens|labels"
_PATTERNS = tuple(
    (re.compile(pattern), role)
    for pattern, role in (
        (r".*\.index\.json|.*\.(safetensors|bin)\.index\.[\w-]+\.json", FileRole.WEIGHTS_INDEX),
        (r"tokenizer[\w.-]*", FileRole.TOKENIZER),
        (rf"({_RESUME})([_.-].*)?", FileRole.OPTIMIZER),
        (r"(optim|extra_state)_world_size_\d+_rank_\d+\.pt", FileRole.OPTIMIZER),
        (r"custom_checkpoint_\d+\.pkl|sampler[\w.]*\.(bin|pt)|.*_optim_states\.pt", FileRole.OPTIMIZER),
        (r"adapter[_.-].*\.bin|.*lora.*\.bin|mm_projector\.bin", FileRole.ADAPTER),
        (rf"({_MODEL}).*\.bin", FileRole.FULL_WEIGHTS),
        (rf"(?!.*(model|ckpt|checkpoint))({_DATA})([_.-].*)?\.(pt|pth|bin)", FileRole.OTHER),
        (r"(log|slurm|train|debug|nemo_log)[\w.-]*\.txt", FileRole.LOG),
        (r"events\.out\.tfevents\..*", FileRole.TRACKER),
        (r"\.tmp[\w-]*|tmp[\w-]{6,}|\.nfs[0-9a-f]+|.*~|.*-unfinished", FileRole.TEMPORARY),
    )
)  # fmt: skip
_NO_TAR = re.compile(r"(\.(?:pth|pt|ckpt))\.tar$")
_ADAPTER_NAME = re.compile(r"(.*[_.-])?(adapter|lora|dora)s?([_.-].*)?")
_DATA_DIRECTORIES = re.compile(
    r"(?:.*/)?(?:features?|feats|embeddings?|activations|latents|hidden[_-]?states|(?:pre)?processed|caches?|cached"
    r"|tensors|spectrograms?|mels?|datasets?|data|logits)"
)
_TENSORS = re.compile(
    r"(?!.*(?:model|ckpt|checkpoint|best|last|final|epoch|step)).*\.(?:pt|pth|bin|npz|h5|safetensors)"
)
"""Files that hold tensors, which in a directory of data are no weights unless their name says so."""
_TRACKERS = frozenset({"wandb", "mlruns", "tensorboard", "tb_logs", ".comet", ".aim"})
_OPTIMIZERS = re.compile(r"(.*/)?(optim(izer)?(_\d+)?|recipe_state)(/.*)?")
_ADAPTERS = re.compile(r"(.*/)?adapter(_model|_weights)?")
_EVALUATIONS = re.compile(r"(.*/)?(evals?|evaluations?|inspect|lm_eval)(/.*)?")
_EVALUATION_SUFFIXES = frozenset({"json", "jsonl", "csv"})


@lru_cache(maxsize=1 << 15)
def role_of(entry_path: str) -> FileRole:
    """Return what the file at `entry_path` ('/' between names) is for."""
    directory, _, name = entry_path.rpartition("/")
    # torch's example of ImageNet calls its files checkpoint.pth.tar, and they are no archives of tar.
    name = name.lower()
    if name.endswith(".tar"):
        name = _NO_TAR.sub(r"\1", name)
    suffix = name.rpartition(".")[2]
    context = _context(directory) if directory else None
    if context is FileRole.TRACKER:
        return context
    role = _role_by_name(name, suffix)
    if context in (FileRole.OPTIMIZER, FileRole.ADAPTER) and role in _MOVABLE:
        return context
    if context is FileRole.OTHER and role is FileRole.FULL_WEIGHTS and _TENSORS.fullmatch(name):
        return context
    if context is FileRole.EVALUATION and role is FileRole.OTHER and suffix in _EVALUATION_SUFFIXES:
        return context
    return role


_MOVABLE = (FileRole.FULL_WEIGHTS, FileRole.ADAPTER, FileRole.WEIGHTS_INDEX)
"""What a directory's own name can turn into something else: `optimizer_0/__0_0.distcp`."""


@lru_cache(maxsize=4096)
def _context(directory: str) -> FileRole | None:
    """Return what a directory's name says of the files in it, None where it says nothing."""
    lower = directory.lower()
    if not _TRACKERS.isdisjoint(lower.split("/")):
        return FileRole.TRACKER
    if _OPTIMIZERS.fullmatch(lower):
        return FileRole.OPTIMIZER
    if _ADAPTERS.fullmatch(lower):
        return FileRole.ADAPTER
    if _EVALUATIONS.fullmatch(lower):
        return FileRole.EVALUATION
    return FileRole.OTHER if _DATA_DIRECTORIES.fullmatch(lower) else None


def _role_by_name(name: str, suffix: str) -> FileRole:
    known = _NAMES.get(name) or _SUFFIXES.get(suffix)
    if known is not None:
        return known
    if suffix == "safetensors":
        return _weights_role(name)
    for pattern, role in _PATTERNS:
        if pattern.fullmatch(name):
            return role
    return _weights_role(name) if suffix in _WEIGHTS else FileRole.OTHER


def _weights_role(name: str) -> FileRole:
    is_adapter = ("adapter" in name or "ora" in name) and _ADAPTER_NAME.fullmatch(name)
    return FileRole.ADAPTER if is_adapter else FileRole.FULL_WEIGHTS


def stored_files(layout: ExperimentLayout, checkpoints: Iterable[Checkpoint]) -> tuple[StoredFile, ...]:
    """Return every entry of an experiment, directories apart, with its role and checkpoint, by path."""
    belongs = {file.path: (file.role, each.path) for each in checkpoints for file in each.files}
    told = dict.fromkeys(layout.configs, FileRole.RUN_CONFIG)
    told |= dict.fromkeys((*layout.scripts, *layout.eval_scripts), FileRole.SCRIPT)
    told |= {log.path: FileRole.LOG for log in layout.logs}
    told |= dict.fromkeys(layout.evaluation_logs, FileRole.EVALUATION)
    files = []
    for entry in layout.entries:
        if entry.kind is EntryKind.DIRECTORY:
            continue
        role, checkpoint = belongs.get(entry.path, (None, None))
        if role is None:
            role = role_of(entry.path)
            if role is FileRole.OTHER or entry.path in layout.evaluation_logs:
                role = told.get(entry.path, role)
        files.append(StoredFile(entry, role, checkpoint))
    return tuple(files)
