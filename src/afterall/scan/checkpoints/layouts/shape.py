"""Say what a layout is: how a trainer's checkpoints lie on disk, and what it promises to save.

Invariant: every module beside this one holds one LAYOUT of this shape, and nothing else knows its names.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from afterall.model import Entry, FileRole, Scalar
from afterall.scan.checkpoints.entries import Directory, Left
from afterall.scan.roles import role_of


class Needs(Struct, frozen=True):
    """What belongs in a checkpoint of a layout, beyond the weights that every one has."""

    config: bool = False
    """`config.json` beside full weights."""
    tokenizer: bool = False
    trainer_state: bool = False
    """`trainer_state.json`, without which training cannot be resumed."""
    random_states: bool = False
    """`random_states_0.pkl`, without which training cannot be resumed."""
    adapter_twin: bool = False
    """An adapter both as torch file and in the form that PEFT loads."""
    peft_config: bool = False
    """`adapter_config.json` beside an adapter, because nothing loads it otherwise."""


NOTHING = Needs()


class Place(Struct, frozen=True, kw_only=True, gc=False):
    """One checkpoint's place: its files, and what its name says of it."""

    name: str
    path: str
    """Its directory, or its first file where several checkpoints share a directory."""
    directory: str
    """The directory that its files lie in or below."""
    layout: str
    entries: tuple[Entry, ...]
    epoch: int | None = None
    """0-based."""
    step: int | None = None
    is_final: bool = False
    """True where the name or place says so: weights in the run's own directory, `final`."""
    needs: Needs = NOTHING
    is_alone: bool = False
    """True for a file that was named by itself: nothing can be missing beside it."""
    unfinished: str = ""
    """Name of what says that the save was not finished: a directory still called tmp-…, a marker file."""

    @property
    def is_lone(self) -> bool:
        """True for one safetensors file of full weights, no part of more: nothing can contradict it."""
        if len(self.entries) != 1 or self.unfinished or self.needs != NOTHING:
            return False
        path = self.entries[0].path
        is_whole = path.endswith(".safetensors") and "-of-" not in path.rpartition("/")[2]
        return is_whole and role_of(path) is FileRole.FULL_WEIGHTS


class Saving(Struct, frozen=True, kw_only=True):
    """When a run saves a checkpoint, and which it deletes again by itself."""

    every_steps: int | float | None = None
    """Optimizer steps between two saves; below 1 a part of all planned steps."""
    every_epoch: bool = False
    """True: after each epoch, under the step that it ends with."""
    at_end: bool = False
    """True: once more after the last planned step."""
    keeps: int | None = None
    """How many of the newest stay; None: all."""
    keeps_best: bool = False
    """True where the best stays too, in the place of a newer one."""


class Layout(Struct, frozen=True, kw_only=True):
    """One row of the registry."""

    name: str
    find: Callable[[Left], Iterator[Place]]
    """Take the checkpoints of this layout from what is left."""
    epoch_name: str | None = None
    """How the directory of an epoch is called, as "epoch_{epoch}"; None: epochs are not promised by name."""
    step_name: str | None = None
    """How the directory of a step is called, as "checkpoint-{step}"; None: steps are not promised."""
    arguments_name: str = ""
    """The torch archive, in each checkpoint or beside them, that holds what the run was told."""
    saving: Callable[[Mapping[str, Scalar]], Saving | None] = lambda _: None
    """What the plain values of that archive say of saving, None where they do not say enough."""
    saved_name: Callable[[str], str | None] = lambda _: None
    """The checkpoint's name that a component of a saved path is, None where it is none."""
    trainer: str | None = None
    """Registry name of the trainer whose runs save in this layout."""
    prunes: bool = False
    """True where older checkpoints are deleted by default or by a common option."""


WEIGHT_ROLES = frozenset({FileRole.FULL_WEIGHTS, FileRole.ADAPTER})
MODEL_ROLES = WEIGHT_ROLES | {
    FileRole.WEIGHTS_INDEX,
    FileRole.ADAPTER_CONFIG,
    FileRole.MODEL_CONFIG,
    FileRole.TOKENIZER,
    FileRole.OPTIMIZER,
    FileRole.TEMPORARY,
}
_SIGNS = frozenset(
    {*WEIGHT_ROLES, FileRole.WEIGHTS_INDEX, FileRole.ADAPTER_CONFIG, FileRole.OPTIMIZER, FileRole.TEMPORARY}
)


def model_files(directory: Directory) -> list[str]:
    """Return the names of a directory's own files that a saved model consists of."""
    return directory.named(MODEL_ROLES)


def has_weights(directory: Directory) -> bool:
    """Return True where weights lie directly in the directory."""
    return bool(directory.named(WEIGHT_ROLES))


def looks_saved(left: Left, directory: Directory) -> bool:
    """Return True where a directory or one below it holds what only a save writes."""
    waiting = [directory]
    while waiting:
        at = waiting.pop()
        if at.named(_SIGNS):
            return True
        waiting.extend(left.inside(at))
    return False


def whole(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    """Return a `saved_name` that takes a component as it is where all of it fits `pattern`."""
    return lambda part: part if pattern.fullmatch(part) else None


def first_number(pattern: re.Pattern[str], name: str) -> int | None:
    """Return the number that `pattern`'s first group finds in a name, None where it finds none."""
    return number(pattern.search(name), 1)


def number(found: re.Match[str] | None, group: str | int) -> int | None:
    """Return a group of digits as a number, None where there is none or it is beyond any count of steps."""
    text = found[group] if found is not None else None
    return int(text) if text and len(text) <= 12 else None
