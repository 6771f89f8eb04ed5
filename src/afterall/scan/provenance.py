"""Say with what a run ran: versions of its libraries, its code's commit, its GPU, its data.

| name | value |
|---|---|
| version.NAME | the version of a library or program that was at work: "version.torch", "version.python" |
| git_commit | the commit of the training code |
| gpu | the GPU's model, as its driver calls it |
| gpu_count | GPUs that the program saw on its machine |
| dataset_files | files or names of the training data, as the configuration has them, comma-separated |

Invariant: each fact is one source's; of several sources the most trustworthy one's (`Origin`) counts. Secrets
in a value are masked.
"""

import re
from collections.abc import Mapping, Sequence

from afterall.model import Fact, Source
from afterall.scan.secrets import mask_secrets
from afterall.scan.traces import Trace

LIBRARIES: tuple[str, ...] = (
    "torchtune",
    "transformers",
    "trl",
    "peft",
    "axolotl",
    "llamafactory",
    "litgpt",
    "nemo-toolkit",
    "megatron-core",
    "torchtitan",
    "lightning",
    "pytorch-lightning",
    "accelerate",
    "deepspeed",
    "unsloth",
    "ms-swift",
    "sentence-transformers",
    "setfit",
    "torch",
    "torchao",
    "datasets",
    "tokenizers",
    "safetensors",
    "bitsandbytes",
    "flash-attn",
    "xformers",
    "triton",
    "numpy",
    "hydra-core",
    "wandb",
    "mlflow",
    "inspect-ai",
    "lm-eval",
    "python",
    "cuda",
)
"""Whose versions are kept, of all that an environment lists; those that decide numbers first."""

_SPELLINGS = {"pytorch": "torch", "nemo": "nemo-toolkit", "llama-factory": "llamafactory"}
_VERSION = re.compile(r"v?(\d[A-Za-z0-9]{0,39}(?:[.+_-][A-Za-z0-9]{1,40}){0,8})")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_DATA = (
    "dataset.data_files",
    "dataset.source",
    "data_files",
    "train_file",
    "train_files",
    "dataset.path",
    "dataset_path",
    "datasets.0.path",
    "dataset_name",
    "dataset",
)
"""Keys under which configurations name their training data, the most exact first."""


def version_of(name: str, version: str, source: Source) -> dict[str, Fact]:
    """Return one library's version under its common name; empty where it is none whose version is kept."""
    spelled = name.strip().lower().replace("_", "-")
    known = _SPELLINGS.get(spelled, spelled)
    found = _VERSION.fullmatch(version.strip())
    return {f"version.{known}": Fact(found[1], source)} if found and known in LIBRARIES else {}


def commit_of(commit: object, source: Source) -> dict[str, Fact]:
    """Return a commit of the training code; empty where it is no hash."""
    is_hash = isinstance(commit, str) and _COMMIT.fullmatch(commit.strip()) is not None
    return {"git_commit": Fact(str(commit).strip(), source)} if is_hash else {}


def find_provenance(traces: Sequence[Trace], parameters: Mapping[str, Fact]) -> dict[str, Fact]:
    """Return with what a run ran, versions in the order of `LIBRARIES` and last.

    `parameters` name the data where no trace does.
    """
    by_trust = sorted(traces, key=lambda trace: trace.origin)
    told = [{**_data(trace.parameters), **trace.provenance} for trace in by_trust]
    found = {"dataset_files": parameters["dataset"]} if "dataset" in parameters else {}
    found |= {name: fact for facts in reversed(told) for name, fact in facts.items()}
    return {name: _masked(found[name]) for name in sorted(found, key=_place)}


def _data(parameters: Mapping[str, Fact]) -> dict[str, Fact]:
    named = (parameters[key] for key in _DATA if key in parameters)
    return next(({"dataset_files": fact} for fact in named if isinstance(fact.value, str) and fact.value), {})


def _place(name: str) -> tuple[int, str]:
    library = name.removeprefix("version.")
    return (LIBRARIES.index(library) + 1 if library in LIBRARIES else 0, name)


def _masked(fact: Fact) -> Fact:
    value = mask_secrets(fact.value) if isinstance(fact.value, str) else fact.value
    return Fact(value, fact.source, fact.unit)
