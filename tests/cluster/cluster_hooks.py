"""Put the real hook, or any script, where a test cluster's slurm.conf names one."""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from cluster.cluster_config import HOOKS, Place

HOOK = Path(__file__).parents[2] / "hooks" / "afterall-epilog"
_NOTHING = "#!/bin/sh\nexit 0\n"


def put_script(place: Place, kind: str, text: str) -> None:
    """Make Slurm run `text` as `kind` from the next job's end on; nothing needs to be reconfigured."""
    beside = place.hooks / f".{kind}"
    beside.write_text(text)
    beside.chmod(0o755)
    os.replace(beside, place.hooks / kind)


def put_hook(place: Place, kinds: tuple[str, ...], spool: Path, shell: str = "/bin/sh") -> None:
    """Make Slurm run the hook as each of `kinds`, and nothing as the others."""
    assert set(kinds) <= set(HOOKS), f"{kinds} are not all among {HOOKS}"
    for kind in HOOKS:
        put_script(place, kind, _hook_for(spool, shell) if kind in kinds else _NOTHING)


def put_hook_by_node(place: Place, spools: Mapping[str, Path]) -> None:
    """Make Slurm run the hook as Epilog, on each node with a spool of the node's own."""
    for node, spool in spools.items():
        put_script(place, f"epilog-{node}", _hook_for(spool))
    put_script(place, "epilog", f'#!/bin/sh\nexec {place.hooks}/epilog-"$SLURMD_NODENAME"\n')


def put_slow_hook(place: Place, kind: str, spool: Path, seconds: int) -> None:
    """Make Slurm run the hook as `kind` in a script that goes on for a while after it, as a site's may."""
    put_script(place, "hook", _hook_for(spool))
    put_script(place, kind, f"#!/bin/sh\n{place.hooks}/hook\nexec /bin/sleep {seconds}\n")


def _hook_for(spool: Path, shell: str = "/bin/sh") -> str:
    """Return the hook with its spool line edited, as at installation, and its first line's shell replaced."""
    text, edited = re.subn(r"(?m)^spool=.*$", f"spool={spool}", HOOK.read_text())
    assert edited == 1
    return text.replace("#!/bin/sh", f"#!{shell}", 1)


def clear_hooks(place: Place) -> None:
    """Make Slurm run what does nothing wherever slurm.conf names a hook."""
    for kind in HOOKS:
        put_script(place, kind, _NOTHING)


def make_spool(path: Path, owner: str) -> Path:
    """Make an empty spool as `slurm/afterall.conf` does, in place of what was there; return it."""
    shutil.rmtree(path, ignore_errors=True)
    for directory in (path, path / "new", path / "tmp"):
        directory.mkdir(mode=0o700)
        shutil.chown(directory, owner)
    return path
