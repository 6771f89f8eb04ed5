"""Find a set's batch scripts, by name or by the `#SBATCH` in their first lines.

Invariant: at most a fixed number of small files is looked into, and of each only its first 4 KiB.
"""

import re
from collections.abc import Iterable

from afterall.discover.names.directories import is_checkpoint, is_no_experiment
from afterall.discover.names.files import is_script, may_be_script
from afterall.discover.reading import read_head
from afterall.model import Entry, EntryKind

_HEAD_BYTES = 4096
_LARGEST_SCRIPT_BYTES = 1 << 20
_DIRECTIVE = re.compile(rb"^[ \t]*#SBATCH\b", re.MULTILINE)


def find_scripts(root: str, entries: Iterable[Entry], most_reads: int = 500) -> frozenset[str]:
    """Return the paths of the batch scripts among `entries`, looking into at most `most_reads` files."""
    files = [entry for entry in entries if entry.kind is EntryKind.FILE]
    named = {entry.path for entry in files if is_script(entry.name)}
    doubtful = [entry for entry in files if entry.path not in named and _is_candidate(entry)]
    doubtful.sort(key=lambda entry: (entry.path.count("/"), entry.path))
    looked_into = (entry.path for entry in doubtful[:most_reads])
    return frozenset(
        named.union(path for path in looked_into if is_batch_script(read_head(root, path, _HEAD_BYTES)))
    )


def is_batch_script(head: bytes) -> bool:
    """Return whether the first bytes of a file say that it is for sbatch."""
    return head.startswith(b"#!") and _DIRECTIVE.search(head[:_HEAD_BYTES]) is not None


def _is_candidate(entry: Entry) -> bool:
    if not 0 < entry.size_bytes <= _LARGEST_SCRIPT_BYTES or not may_be_script(entry.name):
        return False
    return not any(is_no_experiment(name) or is_checkpoint(name) for name in entry.path.split("/")[:-1])
