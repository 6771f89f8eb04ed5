"""Make two runs for which no command of Slurm answers, in a set that is deeper than anybody looks."""

from pathlib import Path

from claims.claims_making import write_run, write_state

COMMANDS = ("sacct", "squeue", "scontrol")
"""In the order in which they are asked."""
LEVELS = 14


def make_unheard(into: Path) -> tuple[Path, Path]:
    """Make the set; return it and the directory of commands that say why they fail."""
    commands = into / "commands"
    commands.mkdir()
    for name in COMMANDS:
        script = commands / name
        script.write_text(f"#!/bin/sh\necho '{complaint(name)}' >&2\nexit 1\n")
        script.chmod(0o755)
    set_dir = into / "unheard"
    for number, name in enumerate(("high", "low")):
        write_run(set_dir / name, 601 + number, "starting\n")
        write_state(set_dir / name, {10 * n: 2 + number - n / 10 for n in range(1, 11)})
    set_dir.joinpath("high", *(f"level{n}" for n in range(LEVELS))).mkdir(parents=True)
    return set_dir, commands


def complaint(command: str) -> str:
    """Return what a command says that cannot reach slurmdbd or slurmctld."""
    return f"{command}: error: Unable to contact the controller of a cluster called {command}"
