"""Describe files by what one walk of a set saw of them, so that no stage needs to look twice."""

from enum import StrEnum

from msgspec import Struct


class EntryKind(StrEnum):
    """What a directory entry is, without following links."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    OTHER = "other"
    """A socket, FIFO or device: never opened."""


class Entry(Struct, frozen=True, gc=False):
    """One entry below a set; sizes in bytes, times since the epoch, `path` relative, with '/'."""

    path: str
    kind: EntryKind
    size_bytes: int
    allocated_bytes: int
    mtime_ns: int
    mode: int
    inode: int
    device: int
    links: int
    ctime_ns: int = 0
    """When content, mode or links last changed; no program can set it."""

    @property
    def name(self) -> str:
        """The last component of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def parent(self) -> str:
        """The directory it lies in, "" for the set itself."""
        return self.path.rpartition("/")[0]

    @property
    def identity(self) -> tuple[int, int]:
        """What hard links to one file have in common: device and inode."""
        return (self.device, self.inode)


class FileRole(StrEnum):
    """What a file is for."""

    FULL_WEIGHTS = "full_weights"
    ADAPTER = "adapter"
    WEIGHTS_INDEX = "weights_index"
    ADAPTER_CONFIG = "adapter_config"
    MODEL_CONFIG = "model_config"
    TOKENIZER = "tokenizer"
    OPTIMIZER = "optimizer"
    """Optimizer, scheduler, RNG and recipe state: needed to resume, not to use the model."""
    TRAINER_STATE = "trainer_state"
    RUN_CONFIG = "run_config"
    SCRIPT = "script"
    LOG = "log"
    TRACKER = "tracker"
    """wandb, TensorBoard, MLflow files."""
    EVALUATION = "evaluation"
    TEMPORARY = "temporary"
    OTHER = "other"


class StoredFile(Struct, frozen=True):
    """An entry with its role, and the checkpoint (path relative to the set) that it belongs to."""

    entry: Entry
    role: FileRole
    checkpoint: str | None = None
