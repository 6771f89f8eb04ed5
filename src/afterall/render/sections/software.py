"""Render with what the runs ran: versions of libraries, the code's commit, the GPU, and where runs differ.

Invariant: only what was recorded is told, and by how many runs; a difference names the runs.
"""

from collections.abc import Iterator, Sequence

from afterall.model import Experiment
from afterall.render.composing import joined, listing, md, plural
from afterall.render.escaping import Markdown, code, text
from afterall.render.page import Page

_AT_WORK: dict[str, tuple[str, ...]] = {
    "huggingface": ("transformers", "peft", "accelerate", "deepspeed", "bitsandbytes"),
    "trl": ("trl", "transformers", "peft", "accelerate", "deepspeed", "bitsandbytes"),
    "axolotl": ("axolotl", "transformers", "peft", "accelerate", "deepspeed", "bitsandbytes"),
    "llamafactory": ("llamafactory", "transformers", "peft", "accelerate", "deepspeed", "bitsandbytes"),
    "ms_swift": ("ms-swift", "transformers", "trl", "peft", "accelerate", "deepspeed", "bitsandbytes"),
    "peft": ("peft", "transformers"),
    "accelerate": ("accelerate", "transformers", "peft"),
    "torchtune": ("torchtune", "torchao"),
    "nemo": ("nemo-toolkit", "megatron-core", "lightning", "pytorch-lightning"),
    "lightning": ("lightning", "pytorch-lightning"),
}
"""By trainer: the libraries that are at work in it, of all that an environment lists."""
_ALWAYS = ("torch", "python")
MOST_DIFFERENCES = 4
_VERSION = "version."
_UNTOLD = frozenset({"dataset_files", "gpu_count"})
_CALLED = {
    "cuda": "CUDA",
    "deepspeed": "DeepSpeed",
    "lightning": "Lightning",
    "llamafactory": "LLaMA-Factory",
    "mlflow": "MLflow",
    "nemo-toolkit": "NeMo",
    "numpy": "NumPy",
    "peft": "PEFT",
    "python": "Python",
    "torch": "PyTorch",
    "transformers": "Transformers",
    "trl": "TRL",
}
"""Libraries whose name in an index is not how people write it."""


def software(page: Page) -> Markdown:
    """Return a sentence on what the runs share and one on what differs; "" where nothing is known."""
    recorded = [e for e in page.report.experiments if set(e.provenance) - _UNTOLD]
    names = list(dict.fromkeys(name for e in recorded for name in e.provenance if name not in _UNTOLD))
    names.sort(key=lambda name: not name.startswith(_VERSION))
    return joined(
        [*_shared(recorded, names, len(page.report.experiments)), *_differing(recorded, names)], " "
    )


def _shared(recorded: Sequence[Experiment], names: Sequence[str], total: int) -> Iterator[Markdown]:
    """Yield what every run that recorded anything recorded alike."""
    values = {name: _values(recorded, name) for name in names}
    same = [n for n in names if len(values[n]) == 1 and all(n in e.provenance for e in recorded)]
    wanted = [f"{_VERSION}{library}" for library in _libraries(recorded)]
    kept = [*(n for n in wanted if n in same), *(n for n in same if not n.startswith(_VERSION))]
    told = [_named(name, next(iter(values[name]))) for name in kept]
    if told and len(recorded) < total:
        yield md("Software, as {} of {} recorded it: {}.", len(recorded), plural(total, "run"), joined(told))
    elif told:
        yield md("Software: {}.", joined(told))


def _libraries(recorded: Sequence[Experiment]) -> list[str]:
    """Return the libraries that were at work in these runs, the trainers' own first."""
    trainers = dict.fromkeys(experiment.trainer or "" for experiment in recorded)
    own = [library for trainer in trainers for library in _AT_WORK.get(trainer, (trainer,))]
    return list(dict.fromkeys([*own, *_ALWAYS]))


def _differing(recorded: Sequence[Experiment], names: Sequence[str]) -> Iterator[Markdown]:
    """Yield what runs recorded otherwise than others: a difference besides the parameters."""
    told = [
        joined([md("{} ({})", _named(name, value), listing(runs, 4)) for value, runs in values.items()])
        for name in _in_question(recorded, names)
        if len(values := _values(recorded, name)) > 1
    ]
    if told:
        yield md("**Not the same in every run:** {}.", joined(told[:MOST_DIFFERENCES], "; "))


def _in_question(recorded: Sequence[Experiment], names: Sequence[str]) -> list[str]:
    """Return of the names those in which a difference may matter to the numbers."""
    at_work = {f"{_VERSION}{library}" for library in _libraries(recorded)}
    return [name for name in names if name in at_work or not name.startswith(_VERSION)]


def _values(recorded: Sequence[Experiment], name: str) -> dict[str, list[Markdown]]:
    """Return each value that was recorded under a name, with its runs."""
    found: dict[str, list[Markdown]] = {}
    for experiment in recorded:
        if name in experiment.provenance:
            value = str(experiment.provenance[name].value)
            found.setdefault(value, []).append(text(experiment.name))
    return found


def _named(name: str, value: str) -> Markdown:
    if name == "git_commit":
        return md("code at commit {}", code(value[:12]))
    if name == "gpu":
        return text(value)
    library = name.removeprefix(_VERSION)
    return md("{} {}", _CALLED.get(library, library), value)
