"""Read and write manifests: the digests that files had when they were recorded.

Invariant: what is read back is what was written, whatever bytes the names have; a damaged manifest is refused
as a whole, with the place, and an existing file is never written over.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from afterall.errors import BadInput

ALGORITHM = "xxh3-128"
"""XXH3 with 128 bits, canonical; of 64 MiB blocks, and of their digests where a file has several."""
BLOCK_BYTES = 64 << 20
MAX_BYTES = 256 << 20
"""A manifest of a million files is shorter."""

_Digest = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
_Size = Annotated[int, Meta(ge=0)]


class Recorded(Struct, frozen=True):
    """What one file was when it was recorded."""

    size_bytes: _Size
    digest: _Digest
    blocks: tuple[_Digest, ...] = ()
    """One for each 64 MiB, where it has several."""
    mtime_ns: int | None = None
    """Nanoseconds since the epoch; None for a link's target."""


class Manifest(Struct, frozen=True, kw_only=True):
    """Files by their path relative to `root`, the directory they were recorded in."""

    root: str
    files: dict[str, Recorded]
    schema: int = 1
    algorithm: str = ALGORITHM
    block_bytes: int = BLOCK_BYTES


def read_manifest(path: Path) -> Manifest:
    """Return the manifest at `path`; raise BadInput for what is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else None
        raise BadInput(path, problem or str(error)) from error
    if len(data) > MAX_BYTES:
        raise BadInput(path, "larger than any manifest")
    return parse_manifest(data, path)


def parse_manifest(data: bytes, path: Path) -> Manifest:
    """Return the manifest that `data`, the content of `path`, holds; raise BadInput for what is none."""
    try:
        document = json.loads(data)
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}:{error.lineno}", f"not a manifest: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(path, f"not a manifest: {error}") from error
    try:
        manifest = msgspec.convert(document, Manifest)
    except msgspec.ValidationError as error:
        raise BadInput(path, f"not a manifest: {error}") from error
    if (manifest.schema, manifest.algorithm, manifest.block_bytes) != (1, ALGORITHM, BLOCK_BYTES):
        raise BadInput(path, "a manifest of another version of afterall")
    return manifest


def render_manifest(root: str, files: Mapping[str, Recorded]) -> bytes:
    """Return a manifest's bytes, the same for the same files in whatever order."""
    ordered = {name: files[name] for name in sorted(files)}
    manifest = Manifest(root=root, files=ordered)
    # json spells undecodable bytes of names as lone surrogates and reads them back; UTF-8 cannot hold them.
    return (json.dumps(msgspec.to_builtins(manifest), indent=1) + "\n").encode()


def check_writable(path: Path) -> None:
    """Raise BadInput where no new manifest can be written at `path`: before an hour of reading, not after."""
    if os.path.lexists(path):
        raise BadInput(path, "is there already, and a recorded digest is not written over")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise BadInput(path, "its directory is not there, or cannot be written to")


def write_manifest(path: Path, data: bytes) -> None:
    """Write a new file at `path`, whole or not at all; raise BadInput where it cannot be."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        give_name(temporary, path)
    except OSError as error:
        raise BadInput(path, error.strerror or str(error)) from error
    finally:
        temporary.unlink(missing_ok=True)


def give_name(temporary: Path, path: Path, link: Callable[[Path, Path], None] = os.link) -> None:
    """Let a whole file be called `path`, which nothing else is called; raises OSError.

    A rename would write over what somebody put there meanwhile, a link does not; where the file system has
    none (FAT, some FUSE), looking first must do.
    """
    try:
        link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise
        temporary.rename(path)
