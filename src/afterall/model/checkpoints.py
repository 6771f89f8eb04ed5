"""Describe saved model states and what was found of them."""

from enum import StrEnum

from msgspec import Struct

from afterall.model.findings import Finding
from afterall.model.inventory import FileRole


class Verdict(StrEnum):
    """What verification found, worst wins."""

    OK = "ok"
    INCOMPLETE = "incomplete"
    CORRUPT = "corrupt"
    MISSING = "missing"
    UNVERIFIED = "unverified"
    """Nothing wrong was seen, and not all of its weights could be checked."""


class Tier(StrEnum):
    """How deep verification looked."""

    QUICK = "quick"
    """Sizes, headers, structure and what files say of each other; no weights read."""
    VALUES = "values"
    """Every weight was read once, as numbers, and every file digested."""
    AGAINST = "against"
    """The values tier, and every file of weights was held against the digest that a manifest has of it."""


class CheckpointKind(StrEnum):
    """What a checkpoint holds."""

    FULL = "full"
    ADAPTER = "adapter"
    FULL_AND_ADAPTER = "full_and_adapter"
    RESUME_ONLY = "resume_only"
    UNKNOWN = "unknown"


class CheckpointFile(Struct, frozen=True, gc=False):
    """One file of a checkpoint; `tensors` and `parameters` (elements) are None where not read."""

    path: str
    role: FileRole
    size_bytes: int
    verdict: Verdict
    format: str = ""
    """"safetensors", "torch-zip", "json", …; empty where not recognised."""
    tensors: int | None = None
    parameters: int | None = None
    dtypes: tuple[str, ...] = ()
    digest: str = ""
    """xxh3-128 of the file, or of its blocks' digests where it has several; empty where it was not read."""
    blocks: tuple[str, ...] = ()
    """xxh3-128 of each 64 MiB of it, where it is longer than that."""


class Checkpoint(Struct, frozen=True, kw_only=True, gc=False):
    """One saved state. A checkpoint that was promised and is not there has verdict MISSING and no files."""

    name: str
    """As its directory is called: "epoch_2", "checkpoint-50"; "final": weights in the run's own directory."""
    path: str
    layout: str
    """The registry name of the layout that recognised it."""
    kind: CheckpointKind
    verdict: Verdict
    tier: Tier | None
    """None: nothing was verified."""
    size_bytes: int
    """Apparent size of its files."""
    files: tuple[CheckpointFile, ...] = ()
    epoch: int | None = None
    """0-based, as torchtune numbers its directories."""
    step: int | None = None
    is_final: bool = False
    """The last state the run promised."""
    findings: tuple[Finding, ...] = ()
