"""Gather what speaks for a training run, place by place, from the names of a set's entries.

Invariant: pure over entries and independent of their order. A place is a run's own name, the path without
containers ("runs", "out", "logs") and without what lies in checkpoints, so that `runs/a/out/epoch_0`,
`logs/a` and `ck-out-a` are all signs of place ("a",).
"""

import re
from collections.abc import Callable, Iterable

from msgspec import Struct

from afterall.discover.layout.locations import Key, Locator
from afterall.discover.names import directories, files
from afterall.discover.names.files import Grade
from afterall.discover.names.logs import is_report_output, parse_log_name
from afterall.discover.names.purposes import Purpose, purpose_of
from afterall.model import Entry, EntryKind

_HYDRAS_DEFAULT = re.compile(r"(?:^|/)outputs/\d{4}-\d\d-\d\d/\d\d-\d\d-\d\d$", re.ASCII)


class Place(Struct):
    """The signs gathered for one place."""

    key: Key
    roots: dict[str, set[str]]
    """The kinds of sign seen in each of its directories: "product", "hydra", "save", "model", and those of
    `traces`."""
    products: set[str]
    """Directories that hold what a run wrote."""
    jobs: set[str]
    """Logs by stem and job, streams together."""
    has_evaluations: bool = False
    """Evaluations of this place's model, or of a model that it only names, lie in it."""

    @property
    def traces(self) -> set[str]:
        """What was prepared or begun: a "script", "config", "log", "array_log", "checkpoint", "tracker"."""
        return self._kinds - {"product", "hydra", "save", "model"}

    @property
    def is_bare_save(self) -> bool:
        """True where nothing but a trained model was saved, and nothing of how it was trained lies here."""
        return bool(self.products) and self._kinds <= {"save", "model"}

    @property
    def is_hydras_alone(self) -> bool:
        """True where Hydra noted, as it does by default, how a program was started, and no more lies.

        What verl trains, for one, goes to `checkpoints/`, and `outputs/DATE/TIME` keeps the settings.
        """
        return self._kinds == {"hydra"} and all(map(is_hydras_default, self.roots))

    @property
    def _kinds(self) -> set[str]:
        return {kind for kinds in self.roots.values() for kind in kinds}

    @property
    def grade(self) -> Grade:
        """The strongest sign, where torchtune's copy of a configuration beside a base model is none.

        torchtune 0.2 to 0.5 wrote `torchtune_config.yaml` into the base model's directory.
        """
        has_weights = any("model" in kinds for kinds in self.roots.values())
        if self.products:
            return Grade.PRODUCT
        if self.traces - {"torchtune_config"} or (self.traces and not has_weights):
            return Grade.TRACE
        return Grade.MODEL if has_weights else Grade.NOTHING

    @property
    def has_own_trace(self) -> bool:
        """True where a script or log of the run itself lies here."""
        return not self.traces.isdisjoint({"script", "log"})

    @property
    def is_aside(self) -> bool:
        """True where only logs lie, beside evaluations or under a name that says that nothing was trained."""
        is_named_so = bool(self.key) and purpose_of(self.key[-1]) is not Purpose.TRAINING
        return (self.has_evaluations or is_named_so) and self.traces <= {"log", "array_log"}

    @property
    def ranked_roots(self) -> list[str]:
        """Its directories, the one that bears its plain name first, then those with more in them."""
        plain = "/".join(self.key)
        order = ({"script"}, {"product", "hydra", "save"}, {"config"}, {"log"})

        def rank(root: str) -> tuple[object, ...]:
            return (
                root != plain,
                *(kinds.isdisjoint(self.roots[root]) for kinds in order),
                directories.natural_key(root),
            )

        return sorted(self.roots, key=rank)


def is_hydras_default(directory: str) -> bool:
    """Tell whether a directory is called as Hydra calls a run's where nobody says otherwise."""
    return _HYDRAS_DEFAULT.search(directory) is not None


def empty_place(key: Key) -> Place:
    """Return a place without any sign."""
    return Place(key=key, roots={}, products=set(), jobs=set())


def gather_places(
    entries: Iterable[Entry], scripts: frozenset[str], ignore: Callable[[str], bool] = lambda _: False
) -> dict[Key, Place]:
    """Return every place with a sign of a run, the set's own root as ()."""
    entries = tuple(entries)
    locator = Locator(entries, scripts, ignore)
    shown = _for_people(entries)
    described = {entry.parent for entry in entries if files.describes_model(entry.name)}
    places: dict[Key, Place] = {}
    for entry in entries:
        sign = _sign_of(entry, scripts) if entry.path not in shown else None
        location = locator.locate(sign.directory) if sign else None
        if sign is None or location is None:
            continue
        kind = sign.kind
        if location.in_checkpoint:
            # Weights in a checkpoint were trained; a log in one is a copy or an evaluation's.
            kind = {"model": "product", "save": "product", "log": "", "array_log": ""}.get(kind, kind)
        elif kind == "model" and location.key and sign.directory not in described:
            kind = "product" if files.is_trained_weights(entry.name) else "model"
        if kind:
            place = places.setdefault(location.key, empty_place(location.key))
            _note(place, location.root, _Sign(sign.directory, kind, sign.job))
    for entry in entries:
        if entry.kind is EntryKind.DIRECTORY and directories.is_evaluation(entry.name):
            location = locator.locate(entry.parent)
            if location and location.key in places:
                places[location.key].has_evaluations = True
    return places


def _note(place: Place, root: str, sign: "_Sign") -> None:
    place.roots.setdefault(root, set()).add(sign.kind)
    if sign.kind in ("product", "hydra", "save"):
        place.products.add(sign.directory)
    if sign.job:
        place.jobs.add(sign.job)


class _Sign(Struct, frozen=True):
    """What one entry says: a kind of sign, for which directory, and of which job where it is a log."""

    directory: str
    kind: str
    job: str = ""


def _sign_of(entry: Entry, scripts: frozenset[str]) -> _Sign | None:
    name, parent = entry.name, entry.parent
    if entry.kind is EntryKind.DIRECTORY:
        if directories.is_numbered_checkpoint(name):
            return _Sign(parent, "checkpoint")
        if name == ".hydra":
            return _Sign(parent, "hydra")
        if re.match(r"(offline-)?run-", name) and _name(parent) == "wandb":
            return _Sign(parent.rpartition("/")[0], "tracker")
        return None
    if entry.kind is not EntryKind.FILE:
        return None
    if files.is_product(name) or _is_lightnings(name, parent):
        return _Sign(parent, "save" if files.is_final_save(name) else "product")
    if files.is_weights(name):
        return _Sign(parent, "model")
    return _trace_of(entry, scripts)


def _trace_of(entry: Entry, scripts: frozenset[str]) -> _Sign | None:
    name, parent = entry.name, entry.parent
    purpose = purpose_of(name)
    if purpose in (Purpose.EVALUATION, Purpose.REPORT) or is_report_output(name):
        return None
    if entry.path in scripts:
        return _Sign(parent, "script") if purpose is Purpose.TRAINING else None
    if files.is_run_config(name):
        return _Sign(parent, "torchtune_config" if name.startswith("torchtune_config") else "config")
    log = parse_log_name(name)
    if log is None or not log.is_evidence:
        return None
    return _Sign(parent, "log" if log.task_id is None else "array_log", f"{log.stem}/{log.job_id}")


def _for_people(entries: tuple[Entry, ...]) -> frozenset[str]:
    """Return directories that hold nothing but pictures and texts: samples of a step are no checkpoint."""
    seen: dict[str, bool] = {}
    for entry in entries:
        is_shown = entry.kind is EntryKind.FILE and files.is_shown(entry.name)
        seen[entry.parent] = seen.get(entry.parent, True) and is_shown
    return frozenset(directory for directory, is_shown in seen.items() if is_shown)


def _is_lightnings(name: str, parent: str) -> bool:
    """Return whether one of Lightning's loggers wrote a file into a version's directory while it trained."""
    is_logged = name == "metrics.csv" or name.startswith("events.out.tfevents.")
    return is_logged and directories.lightning_version(_name(parent)) is not None


def _name(path: str) -> str:
    return path.rpartition("/")[2]
