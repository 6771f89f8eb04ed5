"""Put the checks in the order in which an installation is made, and those of a set after them."""

from collections.abc import Iterator
from pathlib import Path

from afterall.diagnose.check import Check, unknown
from afterall.diagnose.file_systems import check_clock, check_file_system
from afterall.diagnose.hook import check_hook
from afterall.diagnose.locking import check_locking, check_mounts, no_place
from afterall.diagnose.nodes import Task, check_nodes
from afterall.diagnose.probing import place_in
from afterall.diagnose.program import check_program
from afterall.diagnose.sets import check_set
from afterall.diagnose.slurm import Config, check_accounting, check_commands, check_pyslurm, read_config
from afterall.diagnose.spool import check_spool
from afterall.diagnose.units import check_units
from afterall.observe import SlurmCommands
from afterall.settings import SiteSettings


def diagnose_site(site: SiteSettings, spool: Path, commands: SlurmCommands) -> Iterator[Check]:
    """Yield the checks of what an admin installs, as far as this user on this host can look."""
    yield from check_program()
    yield from check_commands(commands)
    config: Config | None = read_config(commands)
    yield from check_hook(config, spool)
    yield from check_spool(spool, site)
    yield from check_units(spool)
    yield from check_accounting(config, commands)
    yield from check_pyslurm(config)


def diagnose_set(set_dir: Path, also_at: Path | None = None, task: Task | None = None) -> Iterator[Check]:
    """Yield the checks of one set's directory, made as the user who asks.

    `also_at` is the set seen through another mount of this host; `task` is the first of several that srun
    started: the others wait for it, and so are asked first.
    """
    is_there = set_dir.is_dir()
    try:
        between = [] if task is None or not is_there else list(check_nodes(set_dir, task))
    except OSError as error:
        between = [unknown("locking", "nodes", f"were not asked: {(error.strerror or str(error)).lower()}")]
    yield from check_set(set_dir)
    if not is_there:
        return
    yield from check_file_system(set_dir)
    try:
        with place_in(set_dir) as place:
            yield from check_clock(place)
            yield from check_locking(place)
            if also_at is not None:
                yield from check_mounts(place, also_at)
    except OSError as error:
        yield no_place(set_dir, error)
    yield from between
