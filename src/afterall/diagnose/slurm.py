"""Check that Slurm's commands are where the worker looks, and that accounting answers.

Source: slurm.conf(5), scontrol(1) `show config`, whose lines are `Key = value`.
"""

import re
from collections.abc import Iterator, Mapping
from importlib import metadata

from afterall.diagnose.check import Check, doubt, good, unknown, wrong
from afterall.observe import SlurmCommands, ask, find

AREA = "slurm"
Config = Mapping[str, str]
_LINE = re.compile(r"([\w\[\]]+)\s*= (.*)")
_NONE = ("", "(null)", "accounting_storage/none")
_TOO_SHORT_S = 10


def parse_config(text: str) -> Config:
    """Return slurmctld's settings by name, as `scontrol show config` prints them."""
    return {found[1]: found[2].strip() for line in text.splitlines() if (found := _LINE.match(line))}


def read_config(commands: SlurmCommands) -> Config | None:
    """Return slurmctld's settings, None where it does not answer."""
    answer = ask(["scontrol", "show", "config"], commands)
    return None if answer.problem else parse_config(answer.stdout.decode("utf-8", "replace"))


def check_commands(commands: SlurmCommands) -> Iterator[Check]:
    """Yield whether sacct, squeue and scontrol are found."""
    for program in ("sacct", "squeue", "scontrol"):
        path = find(program, commands)
        if path is None:
            fix = "Add its directory to slurm_path in config.toml (by hand: to PATH)."
            yield wrong(AREA, program, f"is not in {commands.path}", fix)
        else:
            yield good(AREA, program, path)


def check_accounting(config: Config | None, commands: SlurmCommands) -> Iterator[Check]:
    """Yield whether slurmctld and accounting answer, and what they are set to."""
    if config is None:
        yield wrong(
            AREA,
            "slurmctld",
            "does not answer `scontrol show config`",
            "See `scontrol ping`; set slurm_conf in config.toml where slurm.conf has another place.",
        )
    else:
        yield good(AREA, "slurmctld", f"answers, Slurm {config.get('SLURM_VERSION', 'of unknown version')}")
        yield from _settings(config)
    answer = ask(["sacct", "-n", "-X", "-P", "-S", "now-1minute", "-o", "JobID"], commands)
    if answer.problem:
        yield wrong(
            AREA,
            "accounting",
            answer.problem,
            "See slurmdbd's log. Until it answers, states come from the queue alone, as the report says.",
        )
    else:
        yield good(AREA, "accounting", "answers sacct")


def check_pyslurm(config: Config | None) -> Iterator[Check]:
    """Yield whether pyslurm, where it is installed, is of Slurm's own release, as it has to be."""
    try:
        own = metadata.version("pyslurm")
    except metadata.PackageNotFoundError:
        return
    theirs = "" if config is None else config.get("SLURM_VERSION", "")
    if theirs and own.split(".")[:2] != theirs.split(".")[:2]:
        fix = "Install the pyslurm of that release, or none: sacct is asked instead."
        yield doubt(AREA, "pyslurm", f"{own} cannot speak with Slurm {theirs}", fix)
    else:
        yield good(AREA, "pyslurm", own)


def _settings(config: Config) -> Iterator[Check]:
    if config.get("AccountingStorageType", "") in _NONE:
        yield doubt(
            AREA,
            "AccountingStorageType",
            "is not set: states of jobs that slurmctld has forgotten stay unknown",
            "Use accounting_storage/slurmdbd.",
        )
    if "job_comment" not in config.get("AccountingStoreFlags", "job_comment"):
        yield unknown(
            AREA,
            "AccountingStoreFlags",
            "lacks job_comment: jobs that opt in by `--comment=afterall` are known by their event alone",
            "Add job_comment.",
        )
    limit = re.match(r"\d+", config.get("EpilogTimeout", config.get("PrologEpilogTimeout", "")))
    if limit is None or int(limit[0]) in (0, 65534):
        yield doubt(
            AREA,
            "PrologEpilogTimeout",
            "is not set: any epilog that hangs holds its job COMPLETING",
            "PrologEpilogTimeout=120 in slurm.conf.",
        )
    elif int(limit[0]) < _TOO_SHORT_S:
        yield doubt(
            AREA,
            "PrologEpilogTimeout",
            f"is {limit[0]} s: a slow disk could drain nodes",
            "PrologEpilogTimeout=120 in slurm.conf.",
        )
