"""Compute anew what findings say of what was not heard and not seen: from commands and directories."""

from claims.claims_checking import Checker, Facts
from claims.claims_reading import Json, Told
from claims.unheard_set import COMMANDS, complaint

_LEVELS = 12
"""Directories below the set that are entered."""
_OWN = frozenset({"RESULTS.md", "RESULTS.json", "RESULTS_files", ".afterall"})


def unheard(told: Told, _: Json) -> Facts:
    """Return what every command said as it failed."""
    assert told.accounting == ()
    assert all(attempt["source"] == "log" for run in told.runs for attempt in run["attempts"])
    return {"tried": "; ".join(map(complaint, COMMANDS))}


def cut_short(told: Told, _: Json) -> Facts:
    """Return how many entries lie in the directories that were entered; there are more below."""
    places = [path.relative_to(told.set_dir).parts for path in told.set_dir.rglob("*")]
    depths = [len(place) for place in places if place[0] not in _OWN]
    assert max(depths) > _LEVELS + 1
    return {"entries": sum(depth <= _LEVELS + 1 for depth in depths)}


CHECKERS: dict[str, Checker] = {"slurm_unavailable": unheard, "walk_truncated": cut_short}
