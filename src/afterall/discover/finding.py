"""Find the set that a directory belongs to, and the sets that lie below one.

Invariant: looks at a few levels and a few thousand entries at most; never climbs into a home directory, a
mount point's root, "/", or a directory of another owner.
"""

import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from afterall.discover.layout.experiments import find_experiments
from afterall.discover.layout.found import Found
from afterall.discover.layout.scripts import find_scripts
from afterall.discover.names.directories import is_checkpoint, is_container, is_evaluation, natural_key
from afterall.discover.walk import Walk, WalkLimits, walk
from afterall.errors import BadInput
from afterall.model import EntryKind
from afterall.settings import SETTINGS_NAME, SetSettings

_REPORTED = ".afterall"
"""What lies in every set that was reported on."""
_LEVELS = 4
"""How far above a job's working directory its set may lie."""
_LAYOUT_LEVELS = 3
"""The same where no afterall.toml says so: SET/runs/NAME/out."""
_SHALLOW = WalkLimits(entries=4_000, entries_of_one_directory=1_000, depth=5)
_SCRIPT_READS = 50
_HOME_FILES = frozenset({".bashrc", ".bash_profile", ".profile", ".zshrc", ".ssh", ".bash_history"})


class _Glance(Struct, frozen=True):
    """A directory looked at shallowly: its experiments, as far as they can be told so."""

    path: str
    found: tuple[Found, ...]

    def is_set_of(self, start: str) -> bool:
        """Return whether `start` is this directory, or in one of its several experiments or containers."""
        if start == self.path:
            return len(self.found) > 1
        beside = [one for one in self.found if not _home(one.roots[0])]
        in_container = all(_is_part_name(name) for name in os.path.relpath(start, self.path).split("/"))
        return len(beside) > 1 and (in_container or self._holds(start, beside))

    def is_run_of(self, start: str) -> bool:
        """Return whether `start` is or lies in the one experiment that lies here."""
        is_part = _is_part_name(os.path.basename(self.path))
        return len(self.found) == 1 and not is_part and (start == self.path or self._holds(start, self.found))

    def _holds(self, start: str, among: Iterable[Found]) -> bool:
        inside = f"{os.path.relpath(start, self.path)}/"
        return any(not root or inside.startswith(f"{root}/") for one in among for root in one.roots)


def find_set(start: Path) -> Path | None:
    """Return the set that a job which worked in `start` belongs to, or None where it is in none.

    The nearest directory with an afterall.toml decides; else the nearest in which at least two experiments
    lie, `start` in one of them; else the one experiment that `start` is in. What cannot be looked at is no
    set.
    """
    above = list(_climb(str(start)))
    for path in above:
        if _has_settings(path):
            return Path(path)
    glances = [glance for path in above[: _LAYOUT_LEVELS + 1] if (glance := _glance(path))]
    for glance in glances:
        if glance.is_set_of(above[0]) and not _is_part(glance, glances):
            return Path(glance.path)
    for glance in glances:
        if glance.is_run_of(above[0]):
            return Path(glance.path)
    return None


def sets_below(directory: Path) -> tuple[Path, ...]:
    """Return the sets in `directory` itself or at most two levels below, in natural order.

    A set is a directory with an afterall.toml, one that was reported on, or one with at least two experiments
    directly in it; unless `directory` is so marked itself, the sets below it are told rather than it. Raises
    BadInput where it cannot be listed.
    """
    walked = walk(str(directory), _SHALLOW)
    marks = ((EntryKind.FILE, SETTINGS_NAME), (EntryKind.DIRECTORY, _REPORTED))
    marked = (entry.parent for entry in walked.entries if (entry.kind, entry.name) in marks)
    sets = {path for path in marked if path.count("/") < 2}
    if "" in sets:
        return (Path(walked.path),)
    homes = [_home(one.roots[0]) for one in _experiments(walked)]
    sets.update(home for home in homes if homes.count(home) > 1 and home and not _lies_in(home, sets))
    if not sets and homes.count("") > 1:
        return (Path(walked.path),)
    sets = {path for path in sets if not _lies_in(path, sets - {path})}
    return tuple(Path(walked.path, path) for path in sorted(sets, key=natural_key))


def _climb(start: str) -> Iterator[str]:
    """Yield `start` and the directories above it that may be its set."""
    try:
        path = os.path.realpath(start)
        owner = os.stat(path).st_uid
        for _ in range(_LEVELS + 1):
            found = os.stat(path)
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or _is_no_set(path, owner):
                return
            yield path
            path = os.path.dirname(path)
    except (OSError, ValueError):
        return


def _is_no_set(path: str, uid: int) -> bool:
    """Return whether `path` is a place where a user's unrelated things lie side by side.

    Besides home directories that is a directory of the user's name, as /scratch/gpfs/LAB/USER.
    """
    if path == "/" or os.path.ismount(path):
        return True
    homes = {os.path.realpath(os.path.expanduser("~"))}
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        pass
    else:
        homes.add(os.path.realpath(user.pw_dir))
        if os.path.basename(path) == user.pw_name:
            return True
    if any(home == path or home.startswith(f"{path}/") for home in homes):
        return True
    return any(os.path.lexists(os.path.join(path, name)) for name in _HOME_FILES)


def _has_settings(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(os.path.join(path, SETTINGS_NAME)).st_mode)
    except OSError:
        return False


def _glance(path: str) -> _Glance | None:
    try:
        return _Glance(path, _experiments(walk(path, _SHALLOW)))
    except BadInput:
        return None


def _experiments(walked: Walk) -> tuple[Found, ...]:
    scripts = find_scripts(walked.path, walked.entries, _SCRIPT_READS)
    return find_experiments(walked.entries, scripts, SetSettings())


def _is_part(glance: _Glance, glances: list[_Glance]) -> bool:
    """Return whether a directory such as `runs` only holds the experiments of the set above it."""
    above = next((one for one in glances if one.path == os.path.dirname(glance.path)), None)
    return (
        _is_part_name(os.path.basename(glance.path))
        and above is not None
        and len(above.found) >= len(glance.found)
    )


def _is_part_name(name: str) -> bool:
    return is_container(name) or is_checkpoint(name) or is_evaluation(name)


def _home(root: str) -> str:
    """Return the directory that an experiment is one of several in, past containers."""
    parts = root.split("/")[:-1]
    while parts and is_container(parts[-1]):
        parts.pop()
    return "/".join(parts)


def _lies_in(path: str, directories: set[str]) -> bool:
    return any(path.startswith(f"{above}/") for above in directories)
