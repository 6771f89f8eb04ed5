"""Choose among an experiment's files those that hold its parameters, and say how much each is to be believed.

Invariant: the copies of one configuration in many checkpoints are read once, a run's own before a
checkpoint's. One that is too large takes no other's place.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from afterall.model import Entry, EntryKind
from afterall.scan.parameters import decoding
from afterall.scan.parameters.flat import Config
from afterall.scan.parameters.model_card import parse_model_card
from afterall.scan.parameters.standing import Standing

MOST_BYTES = 1 << 20
MOST_WRITTEN = 8
_CHECKPOINT = re.compile(r"(?:^|/)(?:epoch|step|checkpoint|global_step|iter)[_-]?\d+/")
_NOT_TRAINING = re.compile(
    r"(?:^|/)(?:eval\w*|inspect\w*|cell|docker-compose|afterall|pyproject|environment|conda\w*|multirun|hydra"
    r"|mkdocs|\.\w[\w.-]*)\.(?:ya?ml|toml)$|(?:^|/)(?:eval|wandb|lightning_logs|mlruns|\.git|\.hydra|node_modules)/"
)


class ConfigKind(Struct, frozen=True):
    """One kind of file; of most kinds one file is read, of hand-written ones up to `most`."""

    name: re.Pattern[str]
    parse: Callable[[bytes, str], Config]
    standing: Standing
    most: int = 1


KINDS: tuple[ConfigKind, ...] = (
    ConfigKind(
        re.compile(r"(?:^|/)wandb/(?:offline-)?run-[\w-]+/files/config\.yaml$"),
        decoding.parse_tracker_yaml,
        Standing.TRACKER,
    ),
    ConfigKind(
        re.compile(r"(?:^|/)wandb/(?:offline-)?run-[\w-]+/files/wandb-metadata\.json$"),
        decoding.parse_tracker_arguments,
        Standing.TRACKER,
    ),
    ConfigKind(re.compile(r"(?:^|/)\.hydra/overrides\.yaml$"), decoding.parse_overrides, Standing.OVERRIDES),
    ConfigKind(re.compile(r"(?:^|/)\.hydra/config\.yaml$"), decoding.parse_saved_yaml, Standing.SAVED),
    ConfigKind(re.compile(r"(?:^|/)adapter_config\.json$"), decoding.parse_adapter, Standing.ADAPTER),
    ConfigKind(
        re.compile(
            r"(?:^|/)(?:torchtune_config|hparams|hyperparameters|training_args|llamaboard_config)\.yaml$"
        ),
        decoding.parse_saved_yaml,
        Standing.SAVED,
        most=2,
    ),
    # LightningCLI saves what it ran with in its logger's directory (lightning pytorch/cli.py,
    # `SaveConfigCallback`): there the files that `--config` named and the options are one already.
    ConfigKind(re.compile(r"(?:^|/)version_\d+/config\.yaml$"), decoding.parse_saved_yaml, Standing.SAVED),
    ConfigKind(re.compile(r"(?:^|/)setup_finetune\.yaml$"), decoding.parse_yaml_file, Standing.SETUP),
    ConfigKind(
        re.compile(r"(?:^|/)(?:(?:train(?:ing)?_)?(?:args|params|config)|hparams|hyperparameters)\.json$"),
        decoding.parse_json_file,
        Standing.WRITTEN,
        most=2,
    ),
    ConfigKind(
        re.compile(r"(?:^|/)(?!setup_finetune|torchtune_config)[\w.-]+\.ya?ml$"),
        decoding.parse_yaml_file,
        Standing.WRITTEN,
        most=MOST_WRITTEN,
    ),
    ConfigKind(re.compile(r"(?:^|/)[\w.-]+\.toml$"), decoding.parse_toml_file, Standing.WRITTEN, most=2),
    ConfigKind(re.compile(r"(?:^|/)README\.md$"), parse_model_card, Standing.README),
)
"""All kinds; a file is of the first kind whose name fits."""


_OF_PROGRAMS = frozenset(
    {Standing.TRACKER, Standing.OVERRIDES, Standing.ADAPTER, Standing.SAVED, Standing.SETUP}
)
"""Whose files are named where they are too large; a person's large YAML is data unless its name says else."""
_CALLED_CONFIG = re.compile(
    r"(?:^|[-_.])(?:conf|config|cfg|args|arguments|params|parameters|hparams|hyper[-_]?param\w*|settings"
    r"|options|recipe|finetun\w*)s?(?=[-_.\d])",
    re.IGNORECASE,
)


def choose(entries: Sequence[Entry], root: str) -> Iterator[tuple[ConfigKind, Entry]]:
    """Yield the files to read of an experiment, each with its kind, those nearest its `root` first."""
    by_kind: dict[int, list[Entry]] = {}
    for entry in entries:
        if entry.kind is not EntryKind.FILE:
            continue
        index = next((i for i, kind in enumerate(KINDS) if kind.name.search(entry.path)), None)
        if index is not None and (entry.size_bytes <= MOST_BYTES or _is_config(entry, KINDS[index])):
            by_kind.setdefault(index, []).append(entry)
    for index in sorted(by_kind):
        kind = KINDS[index]
        known = [e for e in by_kind[index] if kind.standing is not Standing.WRITTEN or _is_written(e, root)]
        in_order = sorted(known, key=lambda entry: (entry.size_bytes > MOST_BYTES, _distance(entry, root)))
        for entry in in_order[: kind.most]:
            yield kind, entry


def nearest(entries: Sequence[Entry], root: str, name: re.Pattern[str]) -> list[Entry]:
    """Return an experiment's small files of a name, a run's own and those nearest its `root` first."""
    found = (e for e in entries if e.kind is EntryKind.FILE and e.size_bytes <= MOST_BYTES)
    return sorted((e for e in found if name.search(e.path)), key=lambda entry: _distance(entry, root))


def kind_beside(path: str) -> ConfigKind | None:
    """Return how to read a configuration outside an experiment's own directories; None for no such file."""
    kind = next((kind for kind in KINDS if kind.name.search(path)), None)
    is_written = kind is not None and kind.standing is Standing.WRITTEN and not _NOT_TRAINING.search(path)
    return kind if is_written else None


def _is_config(entry: Entry, kind: ConfigKind) -> bool:
    """Tell a file that is too large to be read, but is a configuration, from data."""
    return kind.standing in _OF_PROGRAMS or _CALLED_CONFIG.search(entry.name) is not None


def _is_written(entry: Entry, root: str) -> bool:
    """Tell a configuration of training, near the root, from others' and from those within checkpoints."""
    inner = entry.path.removeprefix(root).lstrip("/")
    return not _NOT_TRAINING.search(inner) and not _CHECKPOINT.search(inner) and inner.count("/") <= 1


def _distance(entry: Entry, root: str) -> tuple[bool, int, int, str]:
    """Order a run's own file before a checkpoint's, nearer before deeper, newer before older."""
    inner = entry.path.removeprefix(root).lstrip("/")
    return (_CHECKPOINT.search(inner) is not None, inner.count("/"), -entry.mtime_ns, entry.path)
