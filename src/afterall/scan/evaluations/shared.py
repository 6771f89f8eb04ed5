"""Tell which experiment an evaluation outside all of them is of: in `logs/`, `evals/`, `lm_eval_results/`.

Invariant: what the log says it evaluated decides, then the directory it lies in, never its place among other
files; where that fits no experiment of this set, or several, it is nobody's.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from afterall.model import Entry, EntryKind, FindingCode, MatchedExperiment, SetLayout
from afterall.scan.evaluations.programs import program_of
from afterall.scan.guarded import read_guarded

MOST_LOGS = 5000
_STATE = re.compile(r"[._-](?:epoch|ep|step|checkpoint)[_-]?\d{1,12}$", re.ASCII)


class _Homes:
    """Where the experiments of a set live, and what they are called."""

    def __init__(self, layout: SetLayout) -> None:
        self.of_set = {layout.name, layout.path.rstrip("/").rpartition("/")[2]} - {""}
        self.by_first: dict[str, list[tuple[list[str], str]]] = defaultdict(list)
        """By the first part of an experiment's directory, all its parts and the experiment's name."""
        self.by_label: dict[str, set[str]] = defaultdict(set)
        for each in layout.experiments:
            self.by_label[each.name].add(each.name)
            for root in {each.path, *each.roots} - {""}:
                parts = root.split("/")
                self.by_first[parts[0]].append((parts, each.name))
                self.by_label[parts[-1]].add(each.name)


def shared_evaluations(set_dir: Path, layout: SetLayout) -> dict[str, tuple[str, ...]]:
    """Return, by experiments' names, the evaluations of theirs that lie outside all experiments."""
    homes = _Homes(layout)
    found: dict[str, list[str]] = defaultdict(list)
    for path in _outside(layout):
        owner = _owner(_said(set_dir, path), path, homes)
        if owner is not None:
            found[owner].append(path)
    return {name: tuple(paths) for name, paths in found.items()}


def with_shared(matched: MatchedExperiment, shared: Mapping[str, tuple[str, ...]]) -> MatchedExperiment:
    """Return an experiment with the evaluations of its own that lie outside of it."""
    logs = shared.get(matched.layout.name, ())
    if not logs:
        return matched
    layout = replace(matched.layout, evaluation_logs=(*matched.layout.evaluation_logs, *logs))
    return replace(matched, layout=layout)


def _outside(layout: SetLayout) -> Iterator[str]:
    """Yield the logs that are in no experiment, by path; an experiment in the set's own directory has all."""
    homes = {root for each in layout.experiments for root in each.roots}
    known = {path for each in layout.experiments for path in each.evaluation_logs}
    logs = (entry for entry in layout.entries if _is_evaluation(entry) and entry.path not in known)
    for entry, _ in zip(logs, range(MOST_LOGS), strict=False):
        if homes.isdisjoint(_above(entry.path)):
            yield entry.path


def _is_evaluation(entry: Entry) -> bool:
    program = program_of(entry.path)
    return entry.kind is EntryKind.FILE and program is not None and program.read_target is not None


def _above(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition("/")[0]
        yield path


def _said(set_dir: Path, path: str) -> tuple[str, ...]:
    program = program_of(path)
    if program is None or program.read_target is None:
        return ()
    told, _ = read_guarded(set_dir, path, FindingCode.EVALUATION_UNREADABLE, program.read_target)
    return told or ()


def _owner(said: Sequence[str], path: str, homes: _Homes) -> str | None:
    for text in said:
        owners = set(_by_path(text, homes)) or _by_label(text, homes)
        if owners or text.startswith("/"):
            return owners.pop() if len(owners) == 1 else None
    owners = {owner for part in path.split("/")[:-1] for owner in _by_label(part, homes)}
    return owners.pop() if len(owners) == 1 else None


def _by_path(text: str, homes: _Homes) -> Iterator[str]:
    """Yield the experiment in whose directory a path lies: below the set's name, or relative to the set."""
    parts = [part for part in text.split("/") if part not in ("", ".")]
    for at, part in enumerate(parts):
        is_below = parts[at - 1] in homes.of_set if at else not text.startswith("/")
        held = homes.by_first.get(part, ()) if is_below else ()
        fitting = [(len(root), name) for root, name in held if parts[at : at + len(root)] == root]
        if fitting:
            yield max(fitting)[1]


def _by_label(text: str, homes: _Homes) -> set[str]:
    """Return the experiments that a label is made of: `hf/1B_rank4_epoch_0`; none of a path's."""
    label = "" if text.startswith("/") else text.rpartition("/")[2]
    return homes.by_label.get(label, set()) | homes.by_label.get(_STATE.sub("", label), set())
