"""Let the tests here have a set and a Slurm."""

from cli.cli_fixtures import commons, no_slurm, nobodys_python, set_dir, slurm

__all__ = ["commons", "no_slurm", "nobodys_python", "set_dir", "slurm"]
