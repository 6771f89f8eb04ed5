"""Hold what checks judge: one checkpoint's place, its files as inspected, and what the run promised.

Invariant: checks are pure; what a check needs of the file system is already here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from afterall.model import FileRole, Finding, FindingCode, Scalar, Severity, Source
from afterall.scan.checkpoints.formats import Tensor
from afterall.scan.checkpoints.inspection import Inspection
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES, Place
from afterall.scan.promises import Promises

ADAPTER_CONFIG = "adapter_config.json"


class Material(Struct, frozen=True, dict=True):
    """One checkpoint as it was found."""

    place: Place
    files: tuple[Inspection, ...]
    """By path."""
    promises: Promises = Promises()
    is_whole: bool = True
    """False where the tensors of all files together were too many to keep."""

    @cached_property
    def by_role(self) -> Mapping[FileRole, Sequence[Inspection]]:
        """The files for each role that any is for."""
        files: dict[FileRole, list[Inspection]] = {}
        for file in self.files:
            files.setdefault(file.role, []).append(file)
        return files

    def having(self, role: FileRole) -> Sequence[Inspection]:
        """Return the files that are for `role`."""
        return self.by_role.get(role, ())

    @property
    def weights(self) -> list[Inspection]:
        """The files that hold weights, full or adapter."""
        return [file for file in self.files if file.role in WEIGHT_ROLES]

    def named(self, path: str) -> Inspection | None:
        """Return the file at `path`, None where the checkpoint has none there."""
        return next((file for file in self.files if file.path == path), None)

    def adapter_configs(self) -> dict[str, tuple[str, Mapping[str, Any]]]:
        """Return path and content of each directory's configuration: PEFT saves further adapters below."""
        return {
            file.parent: (file.path, file.contents.document)
            for file in self.having(FileRole.ADAPTER_CONFIG)
            if file.name == ADAPTER_CONFIG and file.contents and isinstance(file.contents.document, dict)
        }

    def document(self, role: FileRole, name: str) -> tuple[str, Mapping[str, Any]] | None:
        """Return path and content of the first JSON object of this role and name, None without one."""
        for file in self.having(role):
            document = file.contents.document if file.contents is not None and file.name == name else None
            if isinstance(document, dict):
                return file.path, document
        return None


PATH_EVIDENCE = frozenset({"config", "copy", "original", "other", "with_checkpoint"})
"""Names of evidence that are paths, relative to the set as subjects are."""

Check = Callable[[Material], Iterable[Finding]]
"""One row of the registry: what is wrong with a checkpoint in one respect."""


def below(directory: str, name: str) -> str:
    """Return the path of `name` in `directory`."""
    return f"{directory}/{name}" if directory else name


def found(
    code: FindingCode,
    subject: str,
    evidence: dict[str, Scalar] | None = None,
    severity: Severity | None = None,
) -> Finding:
    """Build a finding about the file or checkpoint at `subject`; evidence that is None is left out."""
    known: dict[str, Scalar] = {n: value for n, value in (evidence or {}).items() if value is not None}
    return Finding(code=code, subject=subject, evidence=known, severity=severity, sources=(Source(subject),))


def tensors_of(file: Inspection) -> Mapping[str, Tensor] | None:
    """Return a file's tensors, None where they could not be read or were too many to keep."""
    return file.contents.tensors if file.contents is not None else None
