"""Check the hook: named in slurm.conf, root's own, this release's, and writing where the worker reads."""

import os
import re
import shlex
import stat
from collections.abc import Iterator
from glob import glob
from pathlib import Path

from afterall.diagnose.check import Check, doubt, good, unknown, wrong
from afterall.diagnose.installing import hook_text
from afterall.diagnose.slurm import Config

AREA = "hook"
_NUMBERED = re.compile(r"^(Epilog|EpilogSlurmctld)(?:\[\d+\])?$")
_SPOOL = re.compile(r"(?m)^spool=(\S*)$")
_NAME = "afterall-epilog"
_SENT_TO = Path("/run/slurm/conf")
"""Where slurmd keeps what a configless slurmctld sends it."""
_MARK = "afterall-event 1"
"""In the hook's text, whatever its file is called."""


def check_hook(config: Config | None, spool: Path) -> Iterator[Check]:
    """Yield what is wrong with the hook that Slurm calls; without Slurm's settings, that it is not known."""
    if config is None:
        yield unknown(
            AREA, "slurm.conf", "slurmctld did not answer, so it is not known which epilog it calls"
        )
        return
    named = list(_named(config))
    hooks = [(setting, path) for setting, path in named if _is_hook(path)]
    if not hooks:
        others = ", ".join(f"{setting}={path}" for setting, path in named) or "no epilog at all"
        yield wrong(
            AREA,
            "slurm.conf",
            f"names {others}",
            "Epilog=/usr/libexec/afterall/afterall-epilog, and `scontrol reconfigure`; or call it in yours.",
        )
        return
    for setting, path in hooks:
        yield good(AREA, setting, str(path))
        yield from check_file(path, spool)


def check_file(path: Path, spool: Path) -> Iterator[Check]:
    """Yield what is wrong with one hook's file."""
    try:
        found = path.stat()
        text = path.read_text("utf-8", "replace")
    except OSError as error:
        yield unknown(AREA, str(path), (error.strerror or str(error)).lower())
        return
    if found.st_uid != 0 or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        rights = f"belongs to uid {found.st_uid}, mode {stat.S_IMODE(found.st_mode):04o}"
        fix = f"chown root:root {shlex.quote(str(path))}; chmod 755 {shlex.quote(str(path))}"
        yield wrong(AREA, str(path), f"{rights}: whoever can write it runs as root on every node", fix)
    if not os.access(path, os.X_OK):
        yield wrong(AREA, str(path), "is not executable", f"chmod 755 {shlex.quote(str(path))}")
    if _MARK not in text:
        return  # a site's own script that calls the hook
    set_to = _SPOOL.search(text)
    if set_to is None or Path(set_to[1]) != spool:
        told = "has no line spool=" if set_to is None else f"writes to {set_to[1]}"
        fix = f"Set spool={spool} in it, or spool in config.toml to the same."
        yield wrong(AREA, str(path), f"{told}, the worker reads {spool}", fix)
    if _SPOOL.sub("", text) != _SPOOL.sub("", hook_text()):
        fix = "Copy the one of this release: `afterall doctor --install-files DIR`."
        yield doubt(AREA, str(path), "is not the hook of this release", fix)


def _named(config: Config) -> Iterator[tuple[str, Path]]:
    """Yield the setting and each file that it names, patterns expanded."""
    is_script = config.get("JobCompType") == "jobcomp/script"
    for setting, value in config.items():
        if _NUMBERED.match(setting) or (setting == "JobCompLoc" and is_script):
            for pattern in value.split(","):
                if pattern and pattern != "(null)":
                    yield from ((setting, path) for path in _files(pattern, config))


def _files(pattern: str, config: Config) -> list[Path]:
    """Return what a pattern matches; one without a path lies beside slurm.conf, sent there or not [23.11]."""
    places = [Path("/")]
    if not pattern.startswith("/"):
        places = [Path(config.get("SLURM_CONF", "")).parent, _SENT_TO]
    found = (sorted(glob(str(place / pattern))) for place in places)
    return [Path(name) for name in next(filter(None, found), [pattern])]


def _is_hook(path: Path) -> bool:
    """Tell the hook, whatever it is called here, and a script of the site's that calls it."""
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return _NAME in path.name
    return _NAME in f"{path.name}\n{text}" or _MARK in text
