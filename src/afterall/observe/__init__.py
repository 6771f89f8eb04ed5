"""Ask Slurm about a set's jobs, whoever of Slurm can answer, and decide whether the set is over.

Invariant: every attempt names its source, every source that was asked is told with its answer, and nothing
is taken for ended that nobody said had ended.
"""

from afterall.observe.asking import combine, observe, observe_many
from afterall.observe.commands import SlurmCommands, ask, find
from afterall.observe.dialect import DOCUMENTED_COLUMNS, Dialect
from afterall.observe.from_pyslurm import parse_pyslurm
from afterall.observe.logs import from_logs
from afterall.observe.merging import latest_legs, merge
from afterall.observe.question import SUMMARY_PREFIX, Question, belonging
from afterall.observe.recorded import parse_recorded_sacct, read_recorded_sacct
from afterall.observe.sacct import parse_sacct, sacct_argv
from afterall.observe.scontrol import parse_scontrol
from afterall.observe.squeue import parse_squeue
from afterall.observe.standing import Standing, over

__all__ = [
    "DOCUMENTED_COLUMNS",
    "SUMMARY_PREFIX",
    "Dialect",
    "Question",
    "SlurmCommands",
    "Standing",
    "ask",
    "belonging",
    "combine",
    "find",
    "from_logs",
    "latest_legs",
    "merge",
    "observe",
    "observe_many",
    "over",
    "parse_pyslurm",
    "parse_recorded_sacct",
    "parse_sacct",
    "parse_scontrol",
    "parse_squeue",
    "read_recorded_sacct",
    "sacct_argv",
]
