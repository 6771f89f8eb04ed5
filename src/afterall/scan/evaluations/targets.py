"""Tell which checkpoint an evaluation evaluated, from what its log says and where the log lies.

Invariant: the log's own word counts before its directory's, and file order never; where nothing tells, None.
"""

import re
from collections.abc import Iterator, Mapping

from afterall.scan.evaluations.json_values import mapping_in

_NAMED = re.compile(r"(?:^|[/_-])((?:epoch|step)[_-]?\d{1,9}|checkpoint-\d{1,12})(?=$|[/\s])", re.ASCII)
_SHORT = re.compile(r"(?:^|[/_-])ep(?:och)?[_-]?(\d{1,9})(?=$|/)", re.ASCII)
FINAL = "final"
"""The model that a trainer leaves in the run's own directory."""
_EPOCH = re.compile(r"0|[1-9][0-9]{0,8}")
_PATH_KEYS = re.compile(r"dir|path|model|checkpoint|adapter|epoch_dir", re.IGNORECASE)


def checkpoint_of(evaluation: Mapping[str, object], log_path: str, home: str = "") -> str | None:
    """Return the name of the checkpoint: "epoch_2", "checkpoint-50"; `evaluation` is the log's `eval` object.

    Asked in turn: metadata, model arguments, task arguments, the model's name, the log's directories. `home`
    is the experiment's directory below the set's own name, "set/run"; what was evaluated there itself is the
    final model.
    """
    for text in said(evaluation):
        found = _name_in(text)
        if found is not None:
            return found
    epoch = mapping_in(evaluation.get("metadata")).get("epoch")
    is_number = isinstance(epoch, int) and not isinstance(epoch, bool)
    if is_number or (isinstance(epoch, str) and _EPOCH.fullmatch(epoch)):
        return f"epoch_{epoch}" if 0 <= int(str(epoch)[:20]) < 10**9 else None
    inside = home.partition("/")[2]
    if inside and any(_is_at(text, home, inside) for text in said(evaluation)):
        return FINAL
    directory = log_path.rpartition("/")[0]
    return _name_in(directory) or _short_name_in(directory)


def _is_at(text: str, home: str, inside: str) -> bool:
    """Tell whether a path is an experiment's own directory, in the set or seen from it."""
    return f"/{text}".endswith(f"/{home}") or text.removeprefix("./") == inside


def said(evaluation: Mapping[str, object]) -> Iterator[str]:
    """Yield the paths and labels by which a log says what it evaluated, the surest first."""
    for key in ("metadata", "model_args", "task_args"):
        for name, value in mapping_in(evaluation.get(key)).items():
            if isinstance(value, str) and len(value) <= 4096 and _PATH_KEYS.search(name):
                yield value.rstrip("/")
    model = evaluation.get("model")
    if isinstance(model, str) and len(model) <= 4096:
        yield model.rstrip("/")


def _name_in(text: str) -> str | None:
    """Return the last checkpoint's name in a path or label, as its directory is called."""
    found = _NAMED.findall(text)
    if not found:
        return None
    name: str = found[-1]
    return name if name.startswith("checkpoint") else re.sub(r"[_-]?(\d+)$", r"_\1", name)


def _short_name_in(directory: str) -> str | None:
    """Return the checkpoint of `capitalization_ep2` and the like."""
    for part in reversed(directory.split("/")):
        found = _SHORT.search(part)
        if found is not None:
            return f"epoch_{int(found[1])}"
    return None
