"""Check what starts the worker: systemd's units as they count together with their drop-ins, or cron."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from afterall.diagnose.check import Check, doubt, good, unknown, wrong
from afterall.diagnose.confinement import check_service
from afterall.diagnose.unit_files import Unit, parse_unit, read_unit, unit_files

AREA = "units"
STARTING = ("afterall-collect.path", "afterall-collect.timer", "afterall-sweep.timer")
SERVICES = ("afterall-collect.service", "afterall-sweep.service")
_CRON = Path("/etc/cron.d/afterall")
_INSTALL = "afterall doctor --install-files DIR, then copy DIR/slurm/*."
_TIMEOUT_S = 10


def check_units(spool: Path, root: Path = Path("/")) -> Iterator[Check]:
    """Yield whether the units are there, active, and made for this spool; else whether cron is used."""
    if (root / _CRON.relative_to("/")).is_file():
        yield check_crontab(root / _CRON.relative_to("/"))
        return
    is_running = (root / "run/systemd/system").is_dir()
    if not is_running:
        yield unknown(
            AREA, "systemd", "does not run here, and there is no /etc/cron.d/afterall", _cron_hint()
        )
        if not unit_files(STARTING[0], root):
            return
    for name in (*STARTING, *SERVICES):
        if not unit_files(name, root):
            yield wrong(AREA, name, "is not installed", _INSTALL)
            continue
        if is_running:
            yield from _check_state(name) if name in STARTING else _check_last_run(name)
        try:
            yield from check_unit(_unit(name, root, is_running=is_running), spool)
        except OSError as error:
            yield unknown(AREA, error.filename or name, (error.strerror or str(error)).lower())


def check_unit(unit: Unit, spool: Path) -> Iterator[Check]:
    """Yield what is wrong with what a unit says, drop-ins included, where the worker has this spool."""
    if unit.name.endswith(".path"):
        yield from _check_watch(unit, spool)
    elif unit.name.endswith(".service"):
        yield from check_service(unit, spool)


def check_crontab(path: Path) -> Check:
    """Return whether cron reads a file of /etc/cron.d: it leaves alone what others than root can write."""
    found = path.stat()
    if found.st_uid != 0 or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        fix = f"chown root:root {path}; chmod 644 {path}"
        return wrong(AREA, str(path), "can be written by others than root, so cron does not read it", fix)
    return good(AREA, str(path), "starts the worker, where cron runs")


def _check_watch(unit: Unit, spool: Path) -> Iterator[Check]:
    watched = unit.values("Path.PathChanged")
    if str(spool / "new") not in map(os.path.normpath, watched):
        yield wrong(
            AREA,
            unit.name,
            f"watches {', '.join(watched) or 'nothing'}, not {spool}/new",
            f"systemctl edit {unit.name}: below [Path] an empty PathChanged=, then PathChanged={spool}/new",
        )


def _check_state(name: str) -> Iterator[Check]:
    state = _systemctl("is-active", name)
    if state == "active":
        yield good(AREA, name, "active")
    else:
        yield wrong(AREA, name, state or "its state is not known", f"systemctl enable --now {name}")
    if state == "active" and _systemctl("is-enabled", name) not in ("enabled", "static"):
        yield doubt(AREA, name, "is not enabled: it will be gone after a reboot", f"systemctl enable {name}")
    if _systemctl("show", "--property=NeedDaemonReload", "--value", name) == "yes":
        found = "was changed since systemd read it: the change does not count yet"
        yield doubt(AREA, name, found, f"systemctl daemon-reload; systemctl restart {name}")


def _check_last_run(name: str) -> Iterator[Check]:
    """Yield that a service failed: then nothing is taken out of the spool, and each ending waits."""
    text = _systemctl("show", "--property=Result,ExecMainStatus", name)
    shown = dict(line.partition("=")[::2] for line in text.splitlines())
    result = shown.get("Result", "success")
    if result != "success":
        status = f" {shown.get('ExecMainStatus')}" if result == "exit-code" else ""
        yield wrong(AREA, name, f"its last run failed: {result}{status}", f"journalctl -u {name} -n 20")


def _unit(name: str, root: Path, *, is_running: bool) -> Unit:
    """Return a unit as systemd puts it together; by our own reading where it does not run or answer."""
    text = _systemctl("cat", "--no-pager", name) if is_running else ""
    return parse_unit(name, [text]) if text else read_unit(name, root)


def _systemctl(*arguments: str) -> str:
    program = shutil.which("systemctl", path="/usr/bin:/bin")
    if program is None:
        return ""
    try:
        done = subprocess.run([program, *arguments], capture_output=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def _cron_hint() -> str:
    return "See the cron variant in the how-to Install as an epilog, or use afterall submit."
