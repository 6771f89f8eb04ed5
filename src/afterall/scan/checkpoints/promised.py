"""Hold what a run promised to save against what is there: missing, pruned on purpose, never due.

Invariant: nothing is called missing that was not promised for work that was done: an epoch or step by the
trainer's own naming, or a path that the log says was saved.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from afterall.model import Checkpoint, CheckpointKind, Finding, FindingCode, Scalar, Severity, Verdict
from afterall.scan.checkpoints.checks.material import below, found
from afterall.scan.checkpoints.due import UNTOLD, Due, Savings
from afterall.scan.checkpoints.layouts import LAYOUTS, Layout, layout_named
from afterall.scan.checkpoints.promised_steps import due_steps
from afterall.scan.promises import Promises


class Account(Struct, frozen=True):
    """What became of the promises: checkpoints that are missing, and findings about the run."""

    missing: tuple[Checkpoint, ...] = ()
    findings: tuple[Finding, ...] = ()


def account(
    there: Sequence[Checkpoint], promises: Promises, run_path: str, savings: Savings = UNTOLD
) -> Account:
    """Return what was promised and is not among the checkpoints `there`; `run_path` is where the run lies."""
    layout = layout_of(there, promises)
    due = list(_due(layout, there, promises, savings)) if layout is not None else []
    named = {each.name for each in there}
    absent = [each for each in due if each.name not in named]
    pruned = [
        each for each in absent if layout is not None and _is_pruned(each, due, (layout, there, promises))
    ]
    lost = [each for each in absent if each not in pruned]
    home = _home(there, run_path)
    missing = tuple(_missing(each, layout, home) for each in lost) if layout is not None else ()
    findings = [
        *(_is_missing(each, home) for each in lost),
        *_pruned(pruned, promises, run_path, savings),
        *_files(due, there),
        *_about_run((*there, *missing), promises, run_path),
    ]
    return Account(missing, tuple(findings))


def layout_of(there: Sequence[Checkpoint], promises: Promises) -> Layout | None:
    """Return the layout most of the checkpoints have, the trainer's own where there are none."""
    if there:
        counted = Counter(each.layout for each in there)
        return layout_named(max(sorted(counted), key=counted.__getitem__))
    return next((layout for layout in LAYOUTS if layout.trainer and layout.trainer == promises.trainer), None)


def _due(layout: Layout, there: Sequence[Checkpoint], promises: Promises, savings: Savings) -> Iterator[Due]:
    by_log = _saved(layout, promises)
    by_steps = any(each.step is not None for each in there) and not any(e.epoch is not None for e in there)
    epochs = _epochs(promises) if layout.epoch_name is not None and not by_steps else range(0)
    for epoch in epochs:
        name = (layout.epoch_name or "").format(epoch=epoch)
        yield Due(name, "epochs", epoch, files=by_log.pop(name, ()))
    for each in due_steps(layout, there, promises, savings):
        by_log.pop(each.name, None)
        yield each
    for name, files in by_log.items():
        yield Due(name, "log", files=files)


def _epochs(promises: Promises) -> range:
    """Return the epochs after which a save was due, judging by the work that the traces show as done."""
    done = promises.epochs_done
    if promises.training_completed and promises.epochs is not None:
        done = promises.epochs if done is None else max(done, promises.epochs)
    if done is None or (promises.save_every_epoch is False and not promises.training_completed):
        return range(0)
    last = done if promises.has_ended else done - 1
    first = done - 1 if promises.save_every_epoch is False else 0
    return range(max(first, 0), max(last, 0))


def _saved(layout: Layout, promises: Promises) -> dict[str, tuple[str, ...]]:
    """Return the checkpoints that the log says were saved, in its order, with the files it names."""
    named: dict[str, tuple[str, ...]] = {}
    for path in promises.saved:
        parts = [part for part in path.split("/") if part]
        for index in range(len(parts) - 1, -1, -1):
            name = layout.saved_name(parts[index])
            if name is not None:
                named[name] = named.get(name, ()) + tuple(parts[index + 1 :][-1:])
                break
    return named


def _is_pruned(each: Due, due: Sequence[Due], known: tuple[Layout, Sequence[Checkpoint], Promises]) -> bool:
    """Return True for what the trainer deletes by itself: all but the last few."""
    layout, there, promises = known
    if each.step is not None:
        return each.is_pruned
    names = [other.name for other in due]
    newer = set(names[names.index(each.name) + 1 :])
    if promises.keep_last is not None:
        return len(newer) >= promises.keep_last
    return layout.prunes and any(other.name in newer or other.is_final for other in there)


def _home(there: Sequence[Checkpoint], run_path: str) -> str:
    """Return the directory that a missing checkpoint would lie in."""
    homes = Counter(each.path.rpartition("/")[0] for each in there if not each.is_final)
    return max(sorted(homes), key=homes.__getitem__) if homes else run_path


def _is_missing(each: Due, home: str) -> Finding:
    evidence: dict[str, Scalar] = {"told_by": each.told_by, "every_steps": each.every_steps}
    return found(FindingCode.CHECKPOINT_MISSING, _path(each, home), evidence)


def _path(each: Due, home: str) -> str:
    return below(home if each.home is None else each.home, each.name)


def _missing(each: Due, layout: Layout, home: str) -> Checkpoint:
    return Checkpoint(
        name=each.name,
        path=_path(each, home),
        layout=layout.name,
        kind=CheckpointKind.UNKNOWN,
        verdict=Verdict.MISSING,
        tier=None,
        size_bytes=0,
        epoch=each.epoch,
        step=each.step,
    )


def _pruned(pruned: Sequence[Due], promises: Promises, run_path: str, savings: Savings) -> Iterator[Finding]:
    told = savings.last.keeps if savings.last is not None else None
    if pruned:
        names = ", ".join(each.name for each in pruned[:20])
        yield found(
            FindingCode.CHECKPOINT_PRUNED,
            run_path,
            {"pruned": len(pruned), "names": names, "keep_last": promises.keep_last or told},
        )


def _files(due: Sequence[Due], there: Sequence[Checkpoint]) -> Iterator[Finding]:
    """Yield the files that the log says were saved and that their checkpoint does not hold."""
    by_name = {each.name: each for each in there}
    for each in due:
        checkpoint = by_name.get(each.name)
        if checkpoint is None:
            continue
        held = {file.path.rpartition("/")[2] for file in checkpoint.files}
        known = {finding.subject for finding in checkpoint.findings}
        for name in dict.fromkeys(each.files):
            subject = below(checkpoint.path, name)
            if name not in held and subject not in known and held:
                yield found(
                    FindingCode.CHECKPOINT_FILE_MISSING, subject, {"which": "saved", "told_by": "log"}
                )


def _about_run(all_of_them: Sequence[Checkpoint], promises: Promises, run_path: str) -> Iterator[Finding]:
    if not all_of_them:
        worked = bool(promises.epochs_done or promises.steps_done)
        if promises.saves_nothing:
            return
        if promises.training_completed or (worked and promises.has_ended):
            severity = None if promises.training_completed else Severity.WARNING
            yield found(
                FindingCode.NO_CHECKPOINTS, run_path, {"steps_done": promises.steps_done or None}, severity
            )
        return
    steps = [each.step for each in all_of_them if each.step is not None]
    # A run that stopped early by its own rule never came to its planned end.
    final = min((n for n in (promises.steps, promises.steps_done) if n is not None), default=None)
    named = any(each.is_final or each.epoch is not None for each in all_of_them)
    if promises.training_completed and final is not None and steps and not named and max(steps) < final:
        yield found(
            FindingCode.FINAL_STATE_NOT_SAVED, run_path, {"last_saved_step": max(steps), "final_step": final}
        )
