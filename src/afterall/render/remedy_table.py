"""Give the shell command that a finding of a checkpoint asks for, with its real paths.

Invariant: pure; a command is right as it is printed or is not given, and nothing here runs one. What deletes
or moves a file is only given where the words beside it say when that is safe.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from afterall.model import (
    Checkpoint,
    CheckpointFile,
    FileRole,
    Finding,
    FindingCode,
    Severity,
    Verdict,
)
from afterall.model.shell import relative, shell_word

MOST_FILES = 8
"""Files that one command names; more are found by their ending."""
_WEIGHTS = frozenset({FileRole.FULL_WEIGHTS, FileRole.ADAPTER})
_SAME_FOR_A_RUN = frozenset({FileRole.ADAPTER_CONFIG, FileRole.MODEL_CONFIG, FileRole.TOKENIZER})
_LFS_POINTER = "git-lfs-pointer"
_PATTERN = frozenset("*?[]!\\,#\"' ")
"""What Git LFS takes for more than a name."""


class Case(Struct, frozen=True):
    """A finding with what its remedy may need; paths are as in the finding, below `root` if there is one."""

    finding: Finding
    checkpoint: Checkpoint | None
    """None where it belongs to no checkpoint that is known."""
    siblings: Sequence[Checkpoint]
    """Other states that the same run saved."""
    is_deep: bool
    """True where the weights were read already, or somebody tried to."""
    root: str

    def place(self, path: str) -> str:
        """Return where a path lies for the shell, quoted."""
        return shell_word(relative(f"{self.root}/{path}" if self.root else path))


def _let_group_read(case: Case) -> Iterable[str]:
    """One finding stands for all such files of a checkpoint, and names the first."""
    files, first = case.finding.evidence.get("files", 1), case.finding.subject
    if files == 1:
        yield f"chmod g+r -- {case.place(first)}"
    elif case.checkpoint is not None:
        weights = [file.path for file in case.checkpoint.files if file.role in _WEIGHTS]
        if len(weights) <= MOST_FILES:
            yield f"chmod g+r -- {' '.join(map(case.place, weights))}"
        else:
            ending = shell_word(f"*.{first.rpartition('.')[2]}")
            directory = case.place(_no_expression(case.checkpoint.path, case.root))
            yield f"find {directory} -type f -name {ending} ! -perm /077 -exec chmod g+r -- {{}} +"


def _no_expression(path: str, root: str) -> str:
    """Return a path that find cannot take for a test or a bracket."""
    return path if root or path.startswith("/") else f"./{path}"


def _delete(case: Case) -> Iterable[str]:
    yield f"rm -- {case.place(case.finding.subject)}"


def _set_aside(case: Case) -> Iterable[str]:
    subject = case.finding.subject
    yield f"mv -n -- {case.place(subject)} {case.place(f'{subject}.not-in-index')}"


def _fetch(case: Case) -> Iterable[str]:
    if case.finding.evidence.get("is") != _LFS_POINTER:
        return
    directory, _, name = case.finding.subject.rpartition("/")
    # A pattern without a slash matches at any depth, an empty one undoes lfs.fetchexclude: git-lfs-fetch(1).
    is_name = name.isprintable() and not _PATTERN & set(name)
    only = f" --include={shell_word(name)} --exclude=" if is_name else ""
    yield f"git -C {case.place(directory or '.')} lfs pull{only}"


def _read_weights(case: Case) -> Iterable[str]:
    if not case.is_deep:
        yield f"afterall verify --deep -- {_whole(case)}"


def _verify_again(case: Case) -> Iterable[str]:
    yield f"afterall verify {'--deep ' if case.is_deep else ''}-- {_whole(case)}"


def _verify_target(case: Case) -> Iterable[str]:
    """A link that is named on the command line is followed."""
    yield f"afterall verify {'--deep ' if case.is_deep else ''}-- {case.place(case.finding.subject)}"


def _whole(case: Case) -> str:
    return case.place(case.checkpoint.path if case.checkpoint is not None else case.finding.subject)


def _copy_from_sibling(case: Case) -> Iterable[str]:
    """What is the same in every checkpoint of a run is taken from one where it is whole."""
    owner, subject = case.checkpoint, case.finding.subject
    if owner is None or not subject.startswith(f"{owner.path}/"):
        return
    inner = subject[len(owner.path) :]
    for sibling in case.siblings:
        source = next((file for file in sibling.files if file.path == sibling.path + inner), None)
        if source is not None and source.role in _SAME_FOR_A_RUN and _is_whole(source, sibling):
            yield f"cp -- {case.place(source.path)} {case.place(subject)}"
            return


def _is_whole(file: CheckpointFile, checkpoint: Checkpoint) -> bool:
    is_blamed = any(
        finding.subject == file.path and finding.gravity is not Severity.INFO
        for finding in checkpoint.findings
    )
    return file.verdict is Verdict.OK and not is_blamed


def _show_way(case: Case) -> Iterable[str]:
    """Type, owner and mode of the file and of each directory above it; a link's target too."""
    yield f"namei -l -- {case.place(case.finding.subject)}"


def _show_directory(case: Case) -> Iterable[str]:
    yield f"ls -ld -- {case.place(case.finding.subject)}"


def _show_change(case: Case) -> Iterable[str]:
    yield f"ls -l --time-style=full-iso -- {case.place(case.finding.subject)}"


def _test_archive(case: Case) -> Iterable[str]:
    yield f"python3 -m zipfile -t {case.place(case.finding.subject)}"


def _show_base(case: Case) -> Iterable[str]:
    base = case.finding.evidence.get("base")
    if isinstance(base, str) and base.startswith("/"):
        yield f"namei -l -- {shell_word(base)}"


def _link_copy(case: Case) -> Iterable[str]:
    """Of many copies the finding names one pair, and only where nothing is known to write to either."""
    original, copy = case.finding.evidence.get("original"), case.finding.evidence.get("copy")
    if isinstance(original, str) and isinstance(copy, str) and original.startswith(case.finding.subject):
        yield f"ln -f -- {case.place(original)} {case.place(copy)}"


Remedy = Callable[[Case], Iterable[str]]
REMEDIES: Mapping[FindingCode, Remedy] = {
    FindingCode.MODE_PRIVATE: _let_group_read,
    FindingCode.TEMPORARY_FILE: _delete,
    FindingCode.SHARD_EXTRA: _set_aside,
    FindingCode.FILE_NOT_ITS_FORMAT: _fetch,
    FindingCode.FILE_SPARSE: _read_weights,
    FindingCode.FILE_ZERO_TAIL: _read_weights,
    FindingCode.FILE_STILL_CHANGING: _verify_again,
    FindingCode.FILE_LINKED_OUTSIDE: _verify_target,
    FindingCode.ADAPTER_CONFIG_MISSING: _copy_from_sibling,
    FindingCode.CONFIG_MISSING: _copy_from_sibling,
    FindingCode.CONFIG_INVALID: _copy_from_sibling,
    FindingCode.CHECKPOINT_FILE_MISSING: _copy_from_sibling,
    FindingCode.FILE_UNREADABLE: _show_way,
    FindingCode.DIRECTORY_UNREADABLE: _show_directory,
    FindingCode.FILE_NEWER_THAN_JOB: _show_change,
    FindingCode.RECORD_CHECKSUM_WRONG: _test_archive,
    FindingCode.ADAPTER_BASE_MISSING: _show_base,
    FindingCode.FILES_REPEATED: _link_copy,
}
"""A code without a row has no command that is right for any case of it."""
