"""Put a report in its place: one lock, temporary files, fsync, replace.

Invariant: whoever kills this process at whatever instant finds the old report whole or the new one.
The lock saves work; correctness does not rest on it, since shared file systems break locks: documents
are a pure function of the set's inputs, so two writers replace each other with the same bytes.
"""

from afterall.publish.lock import STATE_DIRECTORY, locked
from afterall.publish.place import Place, Published

__all__ = ["STATE_DIRECTORY", "Place", "Published", "locked"]
