"""Check that a service of the worker's can start for the spool, and may write where it has to.

Source: systemd.unit(5) on conditions, systemd.exec(5) on ProtectSystem, ProtectHome and paths.
"""

import os
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from afterall.diagnose.check import Check, doubt, wrong
from afterall.diagnose.unit_files import Unit
from afterall.events.spool import CLAIMED, NEW, SETS, TMP, WAITS

AREA = "units"
_ROOMS = (NEW, TMP, CLAIMED, SETS, WAITS)
"""Where something waits for the worker."""
_CONDITION = "Unit.ConditionDirectoryNotEmpty"
_YES = ("yes", "true", "on", "1")
_PROGRAMS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
"""Where systemd looks for a program that is named without a path."""
_SYSTEM = ("/usr", "/boot", "/efi")
_HOMES = ("/home", "/root", "/run/user")


def check_service(unit: Unit, spool: Path) -> Iterator[Check]:
    """Yield what keeps a service from starting, from the spool, or from the users' directories."""
    yield from _check_program(unit)
    yield from _check_conditions(unit, spool)
    yield from _check_paths(unit, spool)
    yield from _check_owner(unit, spool)


def _check_program(unit: Unit) -> Iterator[Check]:
    command = re.sub(r"^[-@:+!|]+", "", unit.value("Service.ExecStart"))
    try:
        program = (shlex.split(command) or [""])[0]
    except ValueError:
        program = command
    if shutil.which(program, path=_PROGRAMS) is None:
        fix = f"systemctl edit {unit.name}: below [Service] an empty ExecStart=, then one with its path."
        yield wrong(AREA, unit.name, f"starts {program or 'nothing'}, which is no program here", fix)


def _check_conditions(unit: Unit, spool: Path) -> Iterator[Check]:
    """Yield that a service with such conditions is not started for some of the spool's rooms.

    Of conditions with "|" one is enough; those without must hold all at once.
    """
    conditions = unit.values(_CONDITION)
    enough = {os.path.normpath(one.removeprefix("|").strip()) for one in conditions if one.startswith("|")}
    missing = [room for room in _ROOMS if str(spool / room) not in enough]
    if conditions and missing:
        fix = (
            f"systemctl edit {unit.name}: below [Unit] an empty ConditionDirectoryNotEmpty=, then "
            f"ConditionDirectoryNotEmpty=|{spool}/… for each of {', '.join(_ROOMS)}"
        )
        found = f"is not started for what waits in {spool}: {', '.join(missing)}"
        yield wrong(AREA, unit.name, found, fix)


def _check_paths(unit: Unit, spool: Path) -> Iterator[Check]:
    closed, opened = _closed(unit), _paths(unit.words("Service.ReadWritePaths"))
    bar = _longest(spool, closed)
    if bar and len(bar) > len(_longest(spool, opened)):
        fix = f"systemctl edit {unit.name}: below [Service] ReadWritePaths={spool}"
        yield wrong(AREA, unit.name, f"may not write into {spool}: {bar} is closed to it", fix)
    barred = [path for path in ("/", *_HOMES[:1]) if path in closed]
    if barred:
        allowed = ", ".join(opened) or "nowhere"
        found = f"may not write below {barred[0]}; reports can be written: {allowed}"
        fix = "ReadWritePaths= must name every place where users keep their sets, or take the protection out."
        yield doubt(AREA, unit.name, found, fix)


def _check_owner(unit: Unit, spool: Path) -> Iterator[Check]:
    """Yield that root without its right to pass over file modes cannot enter another's spool."""
    try:
        owner = spool.stat().st_uid
    except OSError:
        return  # told by the check of the spool
    capabilities = unit.words("Service.CapabilityBoundingSet")
    if owner != 0 and capabilities and "CAP_DAC_OVERRIDE" not in capabilities:
        fix = f"systemctl edit {unit.name}: below [Service] CapabilityBoundingSet=CAP_DAC_OVERRIDE"
        yield wrong(
            AREA, unit.name, f"cannot enter {spool}, which belongs to uid {owner}: no CAP_DAC_OVERRIDE", fix
        )


def _closed(unit: Unit) -> list[str]:
    """Return what the service may not write below."""
    system, home = (unit.value(f"Service.{key}").lower() for key in ("ProtectSystem", "ProtectHome"))
    closed = [
        *(["/"] if system == "strict" else []),
        *(_SYSTEM if system in (*_YES, "full", "strict") else ()),
        *(["/etc"] if system in ("full", "strict") else []),
        *(_HOMES if home in (*_YES, "read-only", "tmpfs") else ()),
    ]
    keys = ("ReadOnlyPaths", "InaccessiblePaths")
    return closed + _paths(word for key in keys for word in unit.words(f"Service.{key}"))


def _paths(words: Iterable[str]) -> list[str]:
    return [os.path.normpath(word.lstrip("-+")) for word in words]


def _longest(path: Path, above: list[str]) -> str:
    """Return the deepest of some directories that holds a path, "" where none does."""
    return max((one for one in above if path.is_relative_to(one)), key=len, default="")
