"""Hold the step that a checkpoint's name gives against the one that its own files hold.

Invariant: only counters that the trainer itself writes into every checkpoint are read, and only where its
name for the directory or file is made of the same counter.
Source: transformers trainer.py (_save_checkpoint), lightning checkpoint_connector.py (dump_checkpoint),
deepspeed engine.py (save_checkpoint), Megatron-LM checkpointing.py and litgpt finetune/ (save_checkpoint).
"""

import re
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from afterall.model import FileRole, Finding, FindingCode, Scalar
from afterall.scan.checkpoints.checks.material import Material, found
from afterall.scan.checkpoints.checks.world import scalars_of
from afterall.scan.checkpoints.formats.torch_scalars import MAX_SCALARS
from afterall.scan.checkpoints.formats.torch_zip import Archive
from afterall.scan.checkpoints.inspection import Inspection
from afterall.scan.checkpoints.layouts import lightning, litgpt, megatron

_TRAINER_STATE = "trainer_state.json"
_VERSION = "pytorch-lightning_version"
_WEIGHTS = "state_dict"
_DEEPSPEED = re.compile(r"global_step(\d{1,12})")
_OLD = re.compile(r"(0|1\.[0-5])\.")


class Held(Struct, frozen=True):
    """What a checkpoint's own files say of how far training had come; None: nothing."""

    step: int | None = None
    epoch: int | None = None
    """0-based."""
    file: str = ""
    """Path of the file that says so."""


def held_progress(material: Material) -> Held:
    """Return the step and epoch that the checkpoint's files hold, whatever its name says."""
    return next((held for read in _READERS for held in read(material)), Held())


def check(material: Material) -> Iterable[Finding]:
    """Yield what contradicts the checkpoint's name, and a Lightning checkpoint that holds no weights."""
    held, step = held_progress(material), material.place.step
    if step is not None and held.step is not None and held.step != step:
        yield _differs(material.place.path, step, held.step, held.file)
    yield from _deepspeed(material)
    yield from _weightless(material)


def _of_state(material: Material) -> Iterator[Held]:
    state = material.document(FileRole.TRAINER_STATE, _TRAINER_STATE)
    if state is not None:
        yield from _held(state[1].get("global_step"), state[0])


def _of_archive(layout: str, key: str) -> Callable[[Material], Iterator[Held]]:
    def read(material: Material) -> Iterator[Held]:
        for file in material.files if material.place.layout == layout else ():
            yield from _held(scalars_of(file).get(key), file.path)

    return read


def _of_lightning(material: Material) -> Iterator[Held]:
    """Before 1.6 both counters stood one higher in the file than in its name."""
    for file in material.files if material.place.layout == lightning.NAME else ():
        scalars = scalars_of(file)
        old = 1 if _OLD.match(str(scalars.get(_VERSION, ""))) else 0
        for held in _held(scalars.get("global_step"), file.path) if _VERSION in scalars else ():
            epoch = scalars.get("epoch")
            known = type(epoch) is int and epoch >= old
            yield Held((held.step or 0) - old, int(epoch or 0) - old if known else None, file.path)


def _held(value: object, path: str) -> Iterator[Held]:
    if type(value) is int and value >= 0:
        yield Held(step=value, file=path)


_READERS = (
    _of_state,
    _of_lightning,
    _of_archive(litgpt.NAME, "step_count"),
    _of_archive(megatron.NAME, "iteration"),
)


def _deepspeed(material: Material) -> Iterator[Finding]:
    """One of a save's files is enough: all hold the same counter, under a directory named after it."""
    told: set[str] = set()
    for file in material.files:
        held = scalars_of(file).get("global_steps")
        if type(held) is not int or file.parent in told:
            continue
        named = _DEEPSPEED.fullmatch(file.parent.rpartition("/")[2])
        if named is None:
            continue
        told.add(file.parent)
        if held != int(named[1]):
            yield _differs(file.parent, int(named[1]), held, file.path)


def _differs(subject: str, named: int, held: int, path: str) -> Finding:
    evidence: dict[str, Scalar] = {"named_step": named, "held_step": held, "other": path}
    return found(FindingCode.STEP_DIFFERS, subject, evidence)


def _weightless(material: Material) -> Iterator[Finding]:
    """Lightning writes its version into every file, and `state_dict` into all that stand for themselves."""
    for file in material.files if material.place.layout == lightning.NAME else ():
        if file.path == material.place.path and _lacks_weights(file):
            yield found(FindingCode.WEIGHTS_MISSING, file.path, {"which": "model"})


def _lacks_weights(file: Inspection) -> bool:
    document = file.contents.document if file.contents is not None else None
    keys = document.keys if isinstance(document, Archive) else frozenset()
    return _VERSION in keys and _WEIGHTS not in keys and len(keys) < MAX_SCALARS
