"""Hold the file that names the newest checkpoint against what is there: training resumes from what it names.

Invariant: nothing but these small files is read, at most MAX_BYTES each, and no link is followed; a name that
no layout knows is missed only where DeepSpeed or Megatron would write it so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from afterall.model import (
    Checkpoint,
    CheckpointKind,
    Entry,
    EntryKind,
    Finding,
    FindingCode,
    Scalar,
    Severity,
    Verdict,
)
from afterall.scan.checkpoints.checks.material import below, found
from afterall.scan.checkpoints.formats.resume_tag import DEEPSPEED, MAX_BYTES, MEGATRON, parse_tag
from afterall.scan.checkpoints.layouts import deepspeed, megatron
from afterall.scan.checkpoints.opening import open_path
from afterall.scan.checkpoints.promised import Account
from afterall.scan.checkpoints.verdicts import worst

_LAYOUTS = {DEEPSPEED: deepspeed.NAME, MEGATRON: megatron.NAME}
_NAMES = tuple(_LAYOUTS)
_STEP = re.compile(r"global_step\d+")
_RELEASE = "release"
_UNUSABLE = (Verdict.INCOMPLETE, Verdict.CORRUPT, Verdict.MISSING)


class _Tracker(Struct, frozen=True):
    """One such file, and the checkpoints in its directory by path."""

    entry: Entry
    tag: str | None
    beside: dict[str, Checkpoint]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.entry.name

    @property
    def names(self) -> tuple[str, ...]:
        """How the directory that it means may be called: verl writes `global_step_5` for Megatron's `5`."""
        if self.tag is None:
            return ()
        if self.name == DEEPSPEED or not self.tag.isdecimal():
            return (self.tag,)
        number = int(self.tag[:12])
        return (f"iter_{number:07}", f"global_step_{number}", f"global_step{number}", self.tag)


def resume_points(
    root: Path, checkpoints: Sequence[Checkpoint], entries: Mapping[str, Entry], has_ended: bool = True
) -> Account:
    """Return the checkpoints to resume from that are not there, and findings about these and others.

    `checkpoints` are all that are known, missing ones too; `has_ended` False: a save may still go on.
    """
    missing: list[Checkpoint] = []
    findings: list[Finding] = []
    for tracker in _trackers(root, checkpoints, entries):
        named = [below(tracker.entry.parent, name) for name in tracker.names]
        path = next((path for path in named if _is_there(path, checkpoints, entries)), None)
        if path is not None:
            findings.extend(_named(tracker, path, checkpoints))
            findings.extend(_newer(tracker, path) if has_ended else ())
        elif named and _is_due(tracker):
            missing.append(_missing(tracker, named[0]))
            findings.append(_broken(tracker, named[0], {}))
        elif tracker.tag is None and tracker.beside:
            findings.append(_broken(tracker, max(tracker.beside), {"names": "nothing"}, Severity.WARNING))
    return Account(tuple(missing), tuple(findings))


def _trackers(
    root: Path, checkpoints: Sequence[Checkpoint], entries: Mapping[str, Entry]
) -> Iterator[_Tracker]:
    """Yield those that lie in no checkpoint: the others belong to one that was judged with them."""
    named = [each for each in entries.items() if each[0].endswith(_NAMES) and each[1].name in _LAYOUTS]
    inside = {file.path for each in checkpoints for file in each.files} if named else set()
    for path, entry in sorted(named):
        if entry.kind is not EntryKind.FILE or path in inside:
            continue
        beside = {each.path: each for each in checkpoints if each.path.rpartition("/")[0] == entry.parent}
        ours = {key: each for key, each in beside.items() if each.layout == _LAYOUTS[entry.name]}
        yield _Tracker(entry, _tag(root, entry), ours)


def _tag(root: Path, entry: Entry) -> str | None:
    if entry.size_bytes > MAX_BYTES:
        return None
    try:
        with open_path(root, entry.path) as file:
            return parse_tag(file.read(0, MAX_BYTES))
    except OSError:
        return None


def _is_there(path: str, checkpoints: Sequence[Checkpoint], entries: Mapping[str, Entry]) -> bool:
    entry = entries.get(path)
    is_directory = entry is not None and entry.kind is not EntryKind.FILE
    return is_directory or any(each.path == path for each in checkpoints)


def _is_due(tracker: _Tracker) -> bool:
    """DeepSpeed takes any name: where none of its checkpoints is beside, only its own way to name counts."""
    if tracker.name == DEEPSPEED:
        return bool(tracker.beside) or _STEP.fullmatch(tracker.tag or "") is not None
    return (tracker.tag or "").isdecimal() or tracker.tag == _RELEASE


def _named(tracker: _Tracker, path: str, checkpoints: Sequence[Checkpoint]) -> Iterator[Finding]:
    judged = [each for each in checkpoints if each.path == path or each.path.startswith(f"{path}/")]
    verdict = worst(each.verdict for each in judged)
    if verdict in _UNUSABLE and judged:
        subject = max(judged, key=lambda each: each.verdict is verdict).path
        yield _broken(tracker, subject, {"verdict": verdict.value}, Severity.WARNING)


def _newer(tracker: _Tracker, path: str) -> Iterator[Finding]:
    """Both trainers write the file last: a later save did not end, or somebody edited the file."""
    named = tracker.beside.get(path)
    for each in tracker.beside.values() if named is not None else ():
        if named is not None and named.step is not None and each.step is not None and each.step > named.step:
            evidence: dict[str, Scalar] = {"marker": tracker.name, "newest": named.name}
            yield found(FindingCode.CHECKPOINT_UNFINISHED, each.path, evidence, Severity.WARNING)


def _broken(
    tracker: _Tracker, subject: str, evidence: dict[str, Scalar], severity: Severity | None = None
) -> Finding:
    whole = [each for each in tracker.beside.values() if each.verdict is Verdict.OK]
    newest = max(whole, key=lambda each: each.step or -1, default=None)
    named: dict[str, Scalar] = {"marker": tracker.name, "whole": newest.name if newest else None}
    return found(FindingCode.RESUME_POINT_BROKEN, subject, named | evidence, severity)


def _missing(tracker: _Tracker, path: str) -> Checkpoint:
    number = re.search(r"\d{1,12}$", path)
    return Checkpoint(
        name=path.rpartition("/")[2],
        path=path,
        layout=_LAYOUTS[tracker.name],
        kind=CheckpointKind.UNKNOWN,
        verdict=Verdict.MISSING,
        tier=None,
        size_bytes=0,
        step=int(number[0]) if number is not None else None,
    )
