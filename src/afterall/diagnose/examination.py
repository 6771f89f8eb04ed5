"""Put the checks in the order in which an installation is made, and those of a set after them."""

from collections.abc import Iterator
from pathlib import Path

from afterall.diagnose.check import Check
from afterall.diagnose.file_systems import check_file_system
from afterall.diagnose.hook import check_hook
from afterall.diagnose.locking import check_locking
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


def diagnose_set(set_dir: Path) -> Iterator[Check]:
    """Yield the checks of one set's directory, made as the user who asks."""
    yield from check_set(set_dir)
    if not set_dir.is_dir():
        return
    yield from check_file_system(set_dir)
    yield from check_locking(set_dir)
