"""Say a file's digest from those of its blocks.

Invariant: a file of one block has that block's digest, the plain xxh3-128 of its bytes; a longer one has the
xxh3-128 of its blocks' digests, each as 16 bytes, in order. So a digest is taken by several threads, and two
manifests tell in which 64 MiB two files differ.
"""

from collections.abc import Sequence

import xxhash

EMPTY = xxhash.xxh3_128(b"").hexdigest()
"""The digest of a file without bytes."""


def file_digest(blocks: Sequence[bytes]) -> str:
    """Return a file's digest as 32 hexadecimal digits."""
    if not blocks:
        return EMPTY
    return blocks[0].hex() if len(blocks) == 1 else xxhash.xxh3_128(b"".join(blocks)).hexdigest()
