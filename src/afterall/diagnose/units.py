"""Check what starts the worker: systemd's units, or cron."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from afterall.diagnose.check import Check, doubt, good, unknown, wrong

AREA = "units"
UNITS = ("afterall-collect.path", "afterall-collect.timer", "afterall-sweep.timer")
_PLACES = (Path("/etc/systemd/system"), Path("/usr/lib/systemd/system"), Path("/lib/systemd/system"))
_CRON = Path("/etc/cron.d/afterall")
_TIMEOUT_S = 10


def check_units(spool: Path) -> Iterator[Check]:
    """Yield whether the units are there, watch the right spool and are active; else whether cron is used."""
    if _CRON.is_file():
        yield good(AREA, str(_CRON), "starts the worker")
        return
    if not Path("/run/systemd/system").is_dir():
        yield unknown(
            AREA, "systemd", "does not run here, and there is no /etc/cron.d/afterall", _cron_hint()
        )
        return
    for unit in UNITS:
        yield from _check_unit(unit)
    path_unit = _file_of("afterall-collect.path")
    if path_unit is not None:
        yield from check_watch(path_unit, spool)


def check_watch(unit: Path, spool: Path) -> Iterator[Check]:
    """Yield what is wrong with what a path unit's file watches."""
    try:
        lines = unit.read_text("utf-8", "replace").splitlines()
    except OSError as error:
        yield unknown(AREA, str(unit), (error.strerror or str(error)).lower())
        return
    if f"DirectoryNotEmpty={spool}/new" not in lines:
        yield wrong(
            AREA, str(unit), f"does not watch {spool}/new", "Set DirectoryNotEmpty to the spool's new/."
        )


def _check_unit(unit: str) -> Iterator[Check]:
    if _file_of(unit) is None:
        yield wrong(
            AREA, unit, "is not installed", "afterall doctor --install-files DIR, then copy DIR/slurm/*."
        )
        return
    state = _systemctl("is-active", unit)
    if state == "active":
        yield good(AREA, unit, "active")
    else:
        yield wrong(AREA, unit, state or "its state is not known", f"systemctl enable --now {unit}")
    if state == "active" and _systemctl("is-enabled", unit) not in ("enabled", "static"):
        yield doubt(AREA, unit, "is not enabled: it will be gone after a reboot", f"systemctl enable {unit}")


def _file_of(unit: str) -> Path | None:
    return next((place / unit for place in _PLACES if (place / unit).is_file()), None)


def _systemctl(verb: str, unit: str) -> str:
    program = shutil.which("systemctl", path="/usr/bin:/bin")
    if program is None:
        return ""
    try:
        done = subprocess.run([program, verb, unit], capture_output=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()[:80]


def _cron_hint() -> str:
    return "See the cron variant in the how-to Install as an epilog, or use afterall submit."
