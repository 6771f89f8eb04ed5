"""Tell which pairs of bytes a text holds, so that words it cannot hold need not be looked for.

Invariant: a text holds each pair of any word in it.
"""

import numpy as np


def pairs_in(text: bytes) -> frozenset[int]:
    """Return each pair of bytes that follow each other as a number, the second the higher byte."""
    signs = np.frombuffer(text, np.uint8)
    found = np.zeros(1 << 16, np.bool_)
    found[signs[:-1] | signs[1:].astype(np.uint16) << np.uint16(8)] = True
    return frozenset(np.flatnonzero(found).tolist())
