"""Tell how many GPUs take turns in a monitor's rows, by the pauses between its rounds.

Invariant: one GPU unless every round is told from the next by its pause; a row that is missing in one round
does not go unnoticed.
"""

from collections.abc import Sequence
from itertools import pairwise

MOST_GPUS = 16


def gpus_in_rounds(times_s: Sequence[float | None]) -> int:
    """Return how many rows make a round: the least for which the pauses between rounds are longest."""
    known = [time for time in times_s if time is not None]
    if len(known) != len(times_s):
        return 1
    gaps = [later - earlier for earlier, later in pairwise(known)]
    for gpus in range(2, min(MOST_GPUS, len(known) // 2) + 1):
        between = [gap for at, gap in enumerate(gaps, start=1) if at % gpus == 0]
        within = [gap for at, gap in enumerate(gaps, start=1) if at % gpus != 0]
        if between and min(between) > 2 * max(0.0, *within):
            return gpus
    return 1
