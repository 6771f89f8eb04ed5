"""Tell which of a table's columns, or a row's keys, hold losses and their places, however they are called.

Invariant: a name that writers use by agreement (`metric_names`) counts before one that is only made of words
that leave nothing open; a loss of a test is none, and one of a row or a file about validation is that.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from afterall.scan.trainers.metric_names import CURVES, STEP_NAMES

LOSSES = frozenset(name.lower() for name, curve in CURVES.items() if curve in ("loss", "val_loss"))
PLACES = frozenset({*STEP_NAMES, "epoch"})
_KNOWN = frozenset({*(name.lower() for name in CURVES), *PLACES})
_SAME = {
    "steps": "step",
    "iteration": "step",
    "iterations": "step",
    "iters": "step",
    "global_steps": "global_step",
    "epochs": "epoch",
    "lrs": "learning_rate",
    "losses": "loss",
    "train_losses": "train_loss",
    "training_losses": "train_loss",
    "val_losses": "val_loss",
    "valid_losses": "val_loss",
    "validation_losses": "val_loss",
    "eval_losses": "val_loss",
    "dev_loss": "val_loss",
    "loss_train": "train_loss",
    "loss_val": "val_loss",
}
"""Other spellings, their words joined."""
_NEUTRAL = frozenset(
    {"", "average", "avg", "mean", "batch", "running", "smoothed", "total", "epoch", "step", "iter"}
)
"""Words beside "loss" that leave open nothing of which loss it is."""
_OF = re.compile(
    r"(?i)(?:^|[_\W])(?:(?P<train>train(?:ing)?)|(?P<val>val(?:id(?:ation)?)?|eval(?:uation)?|dev)"
    r"|(?P<test>test(?:ing)?))(?![a-z])"
)
_USUAL_LENGTH = 4096
"""What is known of longer names is not kept for the next row."""
_KINDS = ("phase", "split", "mode", "stage", "subset", "event", "type")
"""Columns that tell of which data a row speaks."""


def known_names(names: tuple[str, ...]) -> Mapping[str, str]:
    """Return, by a table's columns, the names under which their numbers are known; others are left out."""
    return (_known if sum(map(len, names)) <= _USUAL_LENGTH else _known.__wrapped__)(names)


@lru_cache(256)
def _known(names: tuple[str, ...]) -> Mapping[str, str]:
    found = {name: low for name in names if (low := name.strip().lower()) in _KNOWN}
    taken = {_curve_of(name) for name in found.values()}
    for name in names:
        other = None if name in found else _other_name(name.strip().lower())
        if other is not None and _curve_of(other) not in taken:
            found[name] = other
            taken.add(_curve_of(other))
    return found


def _curve_of(name: str) -> str:
    return CURVES.get(name, "step" if name in STEP_NAMES else name)


def _other_name(low: str) -> str | None:
    words = re.split(r"[^a-z0-9]+", low)
    joined = "_".join(word for word in words if word)
    if joined in _SAME or joined in _KNOWN:
        return _SAME.get(joined, joined)
    kept = "_".join(word for word in words if word not in _NEUTRAL)
    kept = _SAME.get(kept, kept)
    return kept if kept in LOSSES else None


def has_loss_and_place(names: Iterable[str]) -> bool:
    """Tell whether known names are those of a training: a loss, and the step or epoch that it is of."""
    known = frozenset(names)
    return not LOSSES.isdisjoint(known) and not PLACES.isdisjoint(known)


def kind_of(text: str) -> str:
    """Return of which data a name speaks, "train", "val" or "test"; "" where of none or of several."""
    found = {str(match.lastgroup) for match in _OF.finditer(text)}
    return found.pop() if len(found) == 1 else ""


def unfolded(row: Mapping[str, object]) -> Mapping[str, object]:
    """Return a row with what its objects of a split hold under names such as "train/loss"."""
    parts = {name: value for name, value in row.items() if isinstance(value, dict) and kind_of(name)}
    inner = {f"{kind_of(name)}/{key}": value for name, part in parts.items() for key, value in part.items()}
    return {**{name: value for name, value in row.items() if name not in parts}, **inner} if inner else row


class Columns:
    """Gives rows of one file the names under which their numbers are known.

    Where the file has a column of an agreed name, none of a looser name counts for the same.
    """

    def __init__(self, of_file: str) -> None:
        self._of_file = of_file
        """Of which data the whole file speaks, as `kind_of` says; "" where its name does not tell."""
        self._agreed: dict[str, str] = {}
        self._last: tuple[str, ...] = ()
        self._told: list[tuple[str, str]] = []
        """The columns that count of rows of the last names, each with its known name."""

    def expect(self, names: Iterable[str]) -> None:
        """Take the names of a header, or of a row before it is told."""
        for name in names:
            low = name.strip().lower()
            if low in _KNOWN:
                self._agreed.setdefault(_curve_of(low), low)

    def told(self, row: Mapping[str, object]) -> dict[str, object]:
        """Return a row under the names that are known."""
        names = tuple(row)
        if names != self._last:
            self.expect(names)
            self._last = names
            self._told = [pair for pair in known_names(names).items() if self._counts(*pair)]
        known = {name: row[column] for column, name in self._told}
        said = next((str(row[name]) for name in _KINDS if isinstance(row.get(name), str)), "")
        kind = (kind_of(said) if said else "") or self._of_file
        if kind in ("val", "test") and "loss" in known:
            loss = known.pop("loss")
            known |= {"val_loss": loss} if kind == "val" and "val_loss" not in known else {}
        return known

    def _counts(self, column: str, name: str) -> bool:
        return column.strip().lower() == name or _curve_of(name) not in self._agreed
