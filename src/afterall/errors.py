"""Name every failure a caller can act on; anything else is a bug.

AfterallError
├── BadInput            a path, option or record of the user's that cannot be used          exit 2
│   └── BadSettings     an afterall.toml or config.toml that is not valid: file, line, key  exit 2
├── SlurmUnavailable    no Slurm source answered; trying again later may help               exit 4
├── PublishRefused      the report could not be written: lock held, disk full, read-only    exit 5
├── BadEvent            a spool record that cannot be read; it is quarantined
└── CannotBecomeUser    privileges could not be dropped for good; nothing was touched

"Not finished yet" is a value, never an error. What one experiment's bad data causes is a finding
in the report, never an exception.
"""

from pathlib import Path


class AfterallError(Exception):
    """Root of all failures that are reported rather than traced."""


class BadInput(AfterallError):
    """A path or value of the user's cannot be used; `subject` names it, `problem` says why."""

    def __init__(self, subject: str | Path, problem: str) -> None:
        super().__init__(subject, problem)
        self.subject = str(subject)
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.subject}: {self.problem}"


class BadSettings(BadInput):
    """A settings file is not valid; `line` is 1-based or None, `key` is dotted or empty."""

    def __init__(self, path: str | Path, problem: str, *, line: int | None = None, key: str = "") -> None:
        super().__init__(path, problem)
        self.line = line
        self.key = key

    def __str__(self) -> str:
        place = self.subject if self.line is None else f"{self.subject}:{self.line}"
        return f"{place}: {self.key}: {self.problem}" if self.key else f"{place}: {self.problem}"


class SlurmUnavailable(AfterallError):
    """No Slurm source answered; `tried` holds one line for each that was asked."""

    def __init__(self, tried: tuple[str, ...]) -> None:
        super().__init__(tried)
        self.tried = tried

    def __str__(self) -> str:
        return "Slurm could not be asked: " + ("; ".join(self.tried) or "no Slurm command found")


class PublishRefused(AfterallError):
    """The report could not be put in its place; the old one is untouched."""

    def __init__(self, path: str | Path, problem: str, *, holder: str = "") -> None:
        super().__init__(path, problem)
        self.path = str(path)
        self.problem = problem
        self.holder = holder

    def __str__(self) -> str:
        held = f" (held by {self.holder})" if self.holder else ""
        return f"{self.path}: {self.problem}{held}"


class BadEvent(AfterallError):
    """A spool record is not one of ours, or damaged."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)
        self.name = name
        self.problem = problem

    def __str__(self) -> str:
        return f"event {self.name}: {self.problem}"


class CannotBecomeUser(AfterallError):
    """The process could not become the job's user for good, and so did nothing."""

    def __init__(self, uid: int, problem: str) -> None:
        super().__init__(uid, problem)
        self.uid = uid
        self.problem = problem

    def __str__(self) -> str:
        return f"uid {self.uid}: {self.problem}"
