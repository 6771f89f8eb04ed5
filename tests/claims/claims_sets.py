"""Make the sets whose reports are checked: the golden ones, the demo, and made ones for what these lack.

Invariant: a made set lies on disk as trainers and Slurm leave one, and its report is written as any other.
"""

from collections.abc import Callable
from pathlib import Path

from afterall.demo import RECORDED_ACCOUNTING, make_demo
from afterall.model import Tier
from afterall.observe import SlurmCommands
from afterall.pipeline import Reading, files_only, recorded, report, slurm
from claims.claims_reading import Told, read_told
from claims.cut_set import make_cut
from claims.damaged_set import make_damaged
from claims.ended_set import make_ended
from claims.kept_set import make_kept
from claims.leading_set import make_leading
from claims.logged_set import make_logged
from claims.scored_set import make_scored
from claims.seeded_set import make_seeded
from claims.straggling_set import make_straggling
from claims.unheard_set import make_unheard
from claims.unwell_set import make_unwell
from claims.waiting_set import make_waiting
from golden.golden_sets import CASES, GOLDEN, unpack

GOLDEN_SETS = CASES
MADE_SETS = (
    "demo",
    "seeded",
    "leading",
    "scored",
    "unwell",
    "ended",
    "waiting",
    "kept",
    "cut",
    "logged",
    "damaged",
    "straggling",
    "unheard",
)
SETS = (*GOLDEN_SETS, *MADE_SETS)
COMPARED_SETS = (*GOLDEN_SETS, "demo", "seeded", "leading")
"""Those whose runs are compared with each other by design."""


def told_of(name: str, into: Path) -> Told:
    """Make the set below `into`, write its report, and return what it says."""
    if name in GOLDEN_SETS:
        return _written(unpack(name, into), GOLDEN / name / "sacct.txt")
    if name == "unheard":
        set_dir, commands = make_unheard(into)
        report(set_dir, slurm(SlurmCommands(path=str(commands))))
        return read_told(set_dir, None)
    set_dir, accounting, reading = _MAKERS[name](into)
    return _written(set_dir, accounting, reading)


def _written(set_dir: Path, accounting: Path | None, reading: Reading | None = None) -> Told:
    report(set_dir, recorded(accounting) if accounting else files_only, reading or Reading())
    return read_told(set_dir, accounting)


def _demo(into: Path) -> tuple[Path, Path, Reading]:
    return make_demo(into / "demo"), into / "demo" / RECORDED_ACCOUNTING, Reading()


def _seeded(into: Path) -> tuple[Path, Path, Reading]:
    return *make_seeded(into), Reading()


def _leading(into: Path) -> tuple[Path, Path, Reading]:
    return *make_leading(into), Reading()


def _scored(into: Path) -> tuple[Path, Path, Reading]:
    return *make_scored(into), Reading()


def _unwell(into: Path) -> tuple[Path, Path, Reading]:
    return *make_unwell(into), Reading()


def _ended(into: Path) -> tuple[Path, Path, Reading]:
    return *make_ended(into), Reading()


def _waiting(into: Path) -> tuple[Path, Path, Reading]:
    return *make_waiting(into), Reading()


def _straggling(into: Path) -> tuple[Path, Path, Reading]:
    return *make_straggling(into), Reading()


def _kept(into: Path) -> tuple[Path, Path, Reading]:
    return *make_kept(into), Reading(depth=Tier.VALUES)


def _cut(into: Path) -> tuple[Path, Path, Reading]:
    return *make_cut(into), Reading()


def _logged(into: Path) -> tuple[Path, None, Reading]:
    return make_logged(into), None, Reading()


def _damaged(into: Path) -> tuple[Path, None, Reading]:
    return make_damaged(into), None, Reading(depth=Tier.VALUES)


_MAKERS: dict[str, Callable[[Path], tuple[Path, Path | None, Reading]]] = {
    "demo": _demo,
    "seeded": _seeded,
    "leading": _leading,
    "scored": _scored,
    "unwell": _unwell,
    "ended": _ended,
    "waiting": _waiting,
    "kept": _kept,
    "cut": _cut,
    "logged": _logged,
    "damaged": _damaged,
    "straggling": _straggling,
}
